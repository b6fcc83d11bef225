/*
 * The standard descriptors of the program. They are shared with whoever started it, so they are
 * never made non-blocking: each read or write happens when poll says that it won't wait.
 */
#include "plugins/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* A pipe that poll calls writable takes at least this without waiting. */
#define SAFE_WRITE 4096

bool tty_is(int fd)
{
    return isatty(fd) == 1;
}

void tty_size(int64_t *ret_rows, int64_t *ret_columns)
{
    struct winsize size;
    *ret_rows = *ret_columns = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        *ret_rows = size.ws_row;
        *ret_columns = size.ws_col;
    }
}

static struct termios before;
static bool is_raw;

void tty_raw(void)
{
    if (is_raw || tcgetattr(STDIN_FILENO, &before) < 0)
        return;
    struct termios raw = before;
    cfmakeraw(&raw);
    is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void tty_restore(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    is_raw = false;
}

/* Files and devices like /dev/null can't be waited for, and need not be. */
static bool waits(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return false;
    return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || (S_ISCHR(st.st_mode) && tty_is(fd));
}

static int wait_ready(struct hull_call *call, int fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    if (!waits(fd) || poll(&poll_fd, 1, 0) > 0)
        return hull_check(call);
    int rc = hull_wait_fd(call, fd, events);
    return rc < 0 ? rc : 0;
}

int io_write(struct hull_call *call, int fd, const void *data, size_t size)
{
    const char *at = data;
    bool careful = waits(fd);
    while (size > 0) {
        int rc = careful ? wait_ready(call, fd, POLLOUT) : 0;
        if (rc < 0)
            return rc;
        ssize_t n = write(fd, at, careful && size > SAFE_WRITE ? SAFE_WRITE : size);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0 && errno == EPIPE && fd <= STDERR_FILENO) {
            /* Nobody reads any more: end as a program does that knows nothing of pipes. */
            tty_restore();
            signal(SIGPIPE, SIG_DFL);
            raise(SIGPIPE);
        }
        if (n < 0)
            return hull_fail_errno(call, errno, "write");
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

ssize_t io_read(struct hull_call *call, int fd, void *data, size_t size)
{
    for (;;) {
        int rc = wait_ready(call, fd, POLLIN);
        if (rc < 0)
            return rc;
        ssize_t n = read(fd, data, size);
        if (n >= 0)
            return n;
        if (errno == EIO) /* the terminal went away */
            return 0;
        if (errno != EAGAIN && errno != EINTR)
            return hull_fail_errno(call, errno, "read");
    }
}

int io_copy_out(struct hull_call *call, struct hull_stream *stream, int fd)
{
    char buffer[32 * 1024];
    for (;;) {
        ssize_t n = hull_stream_read(call, stream, buffer, sizeof(buffer));
        if (n <= 0)
            return (int)n;
        int rc = io_write(call, fd, buffer, (size_t)n);
        if (rc < 0)
            return rc;
    }
}

/* SIZE bytes of a frame to FD. */
static int copy_frame(struct hull_call *call, struct hull_stream *stream, int fd, size_t size)
{
    char buffer[32 * 1024];
    while (size > 0) {
        ssize_t n =
            hull_stream_read(call, stream, buffer, size < sizeof(buffer) ? size : sizeof(buffer));
        if (n == 0)
            return hull_fail(call, HULL_IO, "the connection ended in the middle of the output");
        int rc = n < 0 ? (int)n : fd < 0 ? 0 : io_write(call, fd, buffer, (size_t)n);
        if (rc < 0)
            return rc;
        size -= (size_t)n;
    }
    return 0;
}

int io_demultiplex(struct hull_call *call, struct hull_stream *stream)
{
    for (;;) {
        unsigned char head[8];
        ssize_t n = hull_stream_read(call, stream, head, sizeof(head));
        if (n <= 0)
            return (int)n;
        int rc = hull_stream_read_full(call, stream, head + n, sizeof(head) - (size_t)n);
        if (rc < 0)
            return rc;
        size_t size =
            (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | (size_t)head[7];
        if (head[0] > 3)
            return hull_fail(call, HULL_IO, "Unrecognized input header: %d", head[0]);
        if (head[0] == 3) { /* an error of the daemon's, in the stream */
            char *text = hull_alloc(call, 4096);
            if (size > 4095)
                size = 4095;
            rc = hull_stream_read_full(call, stream, text, size);
            return rc < 0 ? rc : hull_fail(call, HULL_IO, "error from daemon in stream: %s", text);
        }
        rc = copy_frame(call, stream, head[0] == 2 ? STDERR_FILENO : STDOUT_FILENO, size);
        if (rc < 0)
            return rc;
    }
}
