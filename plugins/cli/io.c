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

/* --- frames ---------------------------------------------------------------------------------- */

#define FRAME_ERROR 3
#define ERROR_MAX 4096

/* What has been taken apart: payload that goes to the same descriptor is written together. */
struct frames {
    unsigned char head[8];
    size_t head_size, left; /* bytes of the head that are here; of the payload that are not */
    char in[64 * 1024], out[64 * 1024];
    size_t out_size;
    int out_fd;
    char error[ERROR_MAX]; /* an error of the daemon's, in the stream */
    size_t error_size;
};

static int flush_frames(struct hull_call *call, struct frames *frames)
{
    size_t size = frames->out_size;
    frames->out_size = 0;
    return size == 0 ? 0 : io_write(call, frames->out_fd, frames->out, size);
}

static void keep_error(struct frames *frames, const char *data, size_t size)
{
    size_t room = sizeof(frames->error) - 1 - frames->error_size;
    memcpy(frames->error + frames->error_size, data, size < room ? size : room);
    frames->error_size += size < room ? size : room;
}

static int put_frame(struct hull_call *call, struct frames *frames, const char *data, size_t size)
{
    int fd = frames->head[0] == 2 ? STDERR_FILENO : STDOUT_FILENO, rc = 0;
    if (frames->head[0] == FRAME_ERROR) {
        keep_error(frames, data, size);
        return 0;
    }
    if (fd != frames->out_fd || size > sizeof(frames->out) - frames->out_size)
        rc = flush_frames(call, frames);
    memcpy(frames->out + frames->out_size, data, size);
    frames->out_fd = fd;
    frames->out_size += size;
    return rc;
}

/* The next byte of a head; when it is complete it says what follows. */
static int take_head(struct hull_call *call, struct frames *frames, unsigned char byte)
{
    unsigned char *head = frames->head;
    head[frames->head_size++] = byte;
    if (frames->head_size < sizeof(frames->head))
        return 0;
    frames->left =
        (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | (size_t)head[7];
    if (head[0] > FRAME_ERROR)
        return hull_fail(call, HULL_IO, "Unrecognized input header: %d", head[0]);
    return 0;
}

static int end_frame(struct hull_call *call, struct frames *frames)
{
    frames->head_size = 0;
    if (frames->head[0] != FRAME_ERROR)
        return 0;
    int rc = flush_frames(call, frames);
    return rc < 0 ? rc : hull_fail(call, HULL_IO, "error from daemon in stream: %s", frames->error);
}

static int take_apart(struct hull_call *call, struct frames *frames, const char *data, size_t size)
{
    int rc = 0;
    for (size_t at = 0; at < size && rc == 0;) {
        if (frames->head_size < sizeof(frames->head)) {
            rc = take_head(call, frames, (unsigned char)data[at++]);
        } else {
            size_t n = size - at < frames->left ? size - at : frames->left;
            rc = put_frame(call, frames, data + at, n);
            at += n;
            frames->left -= n;
        }
        if (rc == 0 && frames->head_size == sizeof(frames->head) && frames->left == 0)
            rc = end_frame(call, frames);
    }
    return rc < 0 ? rc : flush_frames(call, frames);
}

int io_demultiplex(struct hull_call *call, struct hull_stream *stream)
{
    struct frames *frames = hull_alloc(call, sizeof(*frames));
    frames->head_size = frames->left = frames->out_size = frames->error_size = 0;
    memset(frames->error, 0, sizeof(frames->error));
    for (;;) {
        ssize_t n = hull_stream_read(call, stream, frames->in, sizeof(frames->in));
        if (n == 0 && frames->head_size > 0)
            return hull_fail(call, HULL_IO, "the connection ended in the middle of the output");
        int rc = n <= 0 ? (int)n : take_apart(call, frames, frames->in, (size_t)n);
        if (n <= 0 || rc < 0)
            return rc;
    }
}
