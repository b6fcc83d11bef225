#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int plain_open(int dir_fd, const char *name, int flags, mode_t mode)
{
    struct stat st;
    HULL_AUTO_FD fd =
        openat(dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);

    /* A link, a FIFO or socket that nobody reads, a folder. */
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO || errno == EISDIR ? -EINVAL : -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? HULL_TAKE_FD(fd) : -EINVAL;
}

int plain_create(int dir_fd, const char *name, mode_t mode)
{
    int fd = plain_open(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

    if (fd == -EINVAL && unlinkat(dir_fd, name, 0) == 0)
        fd = plain_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
    return fd;
}

const char *plain_why(int err)
{
    return err == EINVAL ? "not a regular file" : strerror(err);
}
