/*
 * What stands in the place of a file: neither waited for, nor followed, nor taken for one.
 */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "plain.h"

static int top(void)
{
    char path[] = "/tmp/hull-plain-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(fchdir(fd), 0);
    CHECK_INT(mkfifo("fifo", 0600), 0);
    CHECK_INT(mkdir("folder", 0700), 0);
    CHECK_INT(symlink("canary", "link"), 0);
    int canary = open("canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_INT(write(canary, "outside", 7), 7);
    close(canary);
    struct sockaddr_un address = {AF_UNIX, "socket"};
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
    close(sock);
    return fd;
}

static void clean(int fd)
{
    static const char *const names[] = {"fifo", "link", "canary", "socket", "file", NULL};
    char path[64];
    for (size_t i = 0; names[i] != NULL; i++)
        (void)unlinkat(fd, names[i], 0);
    (void)unlinkat(fd, "folder", AT_REMOVEDIR);
    CHECK(getcwd(path, sizeof(path)) != NULL);
    CHECK_INT(rmdir(path), 0);
    close(fd);
}

static int open_and_close(int dir, const char *name, int flags)
{
    int fd = plain_open(dir, name, flags, 0600);
    if (fd < 0)
        return fd;
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    return 0;
}

TEST(only_files_are_opened)
{
    static const char *const others[] = {"fifo", "folder", "link", "socket"};
    static const int ways[] = {O_RDONLY, O_RDWR, O_WRONLY | O_CREAT,
                               O_WRONLY | O_CREAT | O_TRUNC | O_APPEND};
    struct stat st;
    int dir = top();
    for (size_t i = 0; i < HULL_COUNT(others); i++)
        for (size_t way = 0; way < HULL_COUNT(ways); way++)
            CHECK_INT(open_and_close(dir, others[i], ways[way]), -EINVAL);
    CHECK_INT(open_and_close(dir, "file", O_RDONLY), -ENOENT);
    CHECK_INT(open_and_close(dir, "file", O_WRONLY | O_CREAT), 0);
    CHECK_INT(open_and_close(dir, "file", O_RDONLY), 0);
    CHECK_INT(open_and_close(dir, "file/x", O_RDONLY), -ENOTDIR);
    CHECK_INT(stat("canary", &st), 0);
    CHECK_INT(st.st_size, 7);
    CHECK_STR(plain_why(EINVAL), "not a regular file");
    CHECK_STR(plain_why(ENOSPC), "No space left on device");
    clean(dir);
}

TEST(what_is_written_anew_takes_their_places)
{
    static const char *const names[] = {"fifo", "link", "socket", "canary", "file"};
    struct stat st;
    int dir = top();
    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        int fd = plain_create(dir, names[i], 0600);
        CHECK(fd >= 0);
        close(fd);
        CHECK_INT(lstat(names[i], &st), 0);
        CHECK(S_ISREG(st.st_mode));
        CHECK_INT(st.st_size, 0);
        /* The link was taken away, not followed. */
        if (strcmp(names[i], "link") == 0) {
            CHECK_INT(stat("canary", &st), 0);
            CHECK_INT(st.st_size, 7);
        }
    }
    CHECK_INT(plain_create(dir, "folder", 0600), -EINVAL);
    CHECK_INT(lstat("folder", &st), 0);
    CHECK(S_ISDIR(st.st_mode));
    clean(dir);
}

TAP_MAIN
