/*
 * Streams over a descriptor. Pipes, sockets and terminals are waited for; a file is always
 * "ready", so that it is read and written without waiting for the disk, or by a worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/core.h"
#include "core/stream.h"

struct fd_stream {
    int fd;
    mode_t type;
};

/* --- files ----------------------------------------------------------------------------------- */

struct file_io {
    int fd;
    struct iovec iov;
    bool write;
    ssize_t done;
};

static ssize_t transfer(const struct file_io *io, int flags)
{
    ssize_t n;
    do {
        n = io->write ? pwritev2(io->fd, &io->iov, 1, -1, flags)
                      : preadv2(io->fd, &io->iov, 1, -1, flags);
    } while (n < 0 && errno == EINTR);
    return n;
}

static int transfer_work(struct hull_work *work, void *arg)
{
    struct file_io *io = arg;
    io->done = transfer(io, 0);
    if (io->done < 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(errno), "%s a file: %m",
                                io->write ? "write" : "read");
    return 0;
}

static ssize_t file_io(struct hull_call *call, struct file_io *io)
{
    ssize_t n = transfer(io, RWF_NOWAIT);
    if (n >= 0)
        return n;
    if (errno != EAGAIN && errno != EOPNOTSUPP)
        return hull_fail_errno(call, errno, "%s a file", io->write ? "write" : "read");
    int rc = hull_work(call, transfer_work, io);
    return rc < 0 ? rc : io->done;
}

/* --- pipes, sockets, terminals --------------------------------------------------------------- */

static ssize_t fd_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct fd_stream *s = ctx;
    if (S_ISREG(s->type))
        return file_io(call, &(struct file_io){.fd = s->fd, .iov = {buffer, size}});
    for (;;) {
        ssize_t n = read(s->fd, buffer, size);
        if (n >= 0)
            return n;
        if (errno == EIO && S_ISCHR(s->type))
            return 0; /* the other side of a terminal has gone */
        if (errno != EAGAIN && errno != EINTR)
            return hull_fail_errno(call, errno, "read");
        int rc = errno == EINTR ? 0 : wait_fd(call, s->fd, POLLIN, "stream to read");
        if (rc < 0)
            return rc;
    }
}

static ssize_t fd_write(struct hull_call *call, void *ctx, const void *data, size_t size)
{
    struct fd_stream *s = ctx;
    if (S_ISREG(s->type))
        return file_io(call,
                       &(struct file_io){.fd = s->fd, .iov = {(void *)data, size}, .write = true});
    for (;;) {
        ssize_t n = write(s->fd, data, size);
        if (n >= 0)
            return n;
        if (errno == EPIPE || errno == ECONNRESET)
            return hull_fail(call, HULL_IO, "write: the reader has gone");
        if (errno != EAGAIN && errno != EINTR)
            return hull_fail_errno(call, errno, "write");
        int rc = errno == EINTR ? 0 : wait_fd(call, s->fd, POLLOUT, "stream to write");
        if (rc < 0)
            return rc;
    }
}

static int fd_shutdown(struct hull_call *call, void *ctx)
{
    struct fd_stream *s = ctx;
    if (S_ISSOCK(s->type)) {
        if (shutdown(s->fd, SHUT_WR) < 0 && errno != ENOTCONN)
            return hull_fail_errno(call, errno, "shut a stream down");
    } else if (S_ISFIFO(s->type)) {
        hull_fd_cleanup(&s->fd);
        s->fd = -1;
    }
    return 0;
}

static void fd_close(void *ctx)
{
    struct fd_stream *s = ctx;
    hull_fd_cleanup(&s->fd);
    free(s);
}

static int fd_plain(void *ctx)
{
    return ((struct fd_stream *)ctx)->fd;
}

static const struct hull_stream_ops fd_ops = {fd_read, fd_write, fd_shutdown, fd_close, fd_plain};

static void set_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL);
    int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    if (flags >= 0 && flags != wanted)
        fcntl(fd, F_SETFL, wanted);
}

struct hull_stream *hull_stream_from_fd(int fd)
{
    struct fd_stream *s = calloc(1, sizeof(*s));
    struct stat info;
    HULL_ASSERT(s != NULL && fd >= 0);
    s->fd = fd;
    s->type = fstat(fd, &info) == 0 ? info.st_mode : 0;
    set_blocking(fd, false);
    return hull_stream_new(&fd_ops, s);
}

bool stream_is_fd(const struct hull_stream *stream)
{
    return stream->ops == &fd_ops;
}

int stream_take_fd(struct hull_stream *stream)
{
    struct fd_stream *s = stream->ctx;
    int fd = HULL_TAKE_FD(s->fd);
    hull_stream_close(stream);
    set_blocking(fd, true);
    return fd;
}
