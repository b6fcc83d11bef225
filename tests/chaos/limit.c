/*
 * limit.c: stands in a helper's place for test_memory.py: becomes PROGRAM, with no more memory than
 * the file LIMIT says, a number of eight bytes; 0 is as much as there is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int64_t bytes = 0;
    int fd = open(LIMIT, O_RDONLY | O_CLOEXEC);
    struct rlimit limit;

    (void)argc;
    if (fd < 0 || read(fd, &bytes, sizeof(bytes)) != sizeof(bytes))
        return 99;
    close(fd);
    limit.rlim_cur = limit.rlim_max = (rlim_t)bytes;
    if (bytes > 0 && setrlimit(RLIMIT_AS, &limit) < 0)
        return 98;
    execv(PROGRAM, argv);
    return 97;
}
