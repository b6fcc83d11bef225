#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct hull_problem shim_problem;

int shim_fail(enum hull_kind kind, const char *fmt, ...)
{
    char text[sizeof(shim_problem.text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return hull_problem_set(&shim_problem, kind, "%s", text);
}

int shim_fail_errno(const char *fmt, ...)
{
    int err = errno;
    char text[sizeof(shim_problem.text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return hull_problem_set(&shim_problem, hull_kind_of_errno(err), "%s: %s", text, strerror(err));
}

int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1);
            continue;
        }
        if (n < 0)
            return -1;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int write_file(int dirfd, const char *name, const char *text)
{
    HULL_AUTO_FD fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, strlen(text));
    return n < 0 ? -1 : 0;
}

long target_pid(void)
{
    char path[64];
    char text[512];
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", SHIM_FD_TARGET);
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    text[n < 0 ? 0 : n] = '\0';
    const char *at = strstr(text, "Pid:");
    return at == NULL ? -1 : strtol(at + 4, NULL, 10);
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
