/*
 * From one stream to another, and from a stream to a descriptor for who can't read streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"
#include "core/stream.h"

#define BUFFER_SIZE ((size_t)64 * 1024)
/* So often both ends may be "ready" while nothing moves, before we copy by hand. */
#define FALSE_STARTS 4

static int copy_by_hand(struct hull_call *call, struct hull_stream *from, struct hull_stream *to,
                        uint64_t *bytes)
{
    HULL_AUTO_FREE char *buffer = malloc(BUFFER_SIZE);
    HULL_ASSERT(buffer != NULL);
    for (;;) {
        ssize_t n = hull_stream_read(call, from, buffer, BUFFER_SIZE);
        if (n <= 0)
            return (int)n;
        int rc = hull_stream_write(call, to, buffer, (size_t)n);
        if (rc < 0)
            return rc;
        *bytes += (uint64_t)n;
    }
}

/* --- splice ---------------------------------------------------------------------------------- */

static mode_t type_of(int fd)
{
    struct stat info;
    return fd >= 0 && fstat(fd, &info) == 0 ? info.st_mode & S_IFMT : 0;
}

/* One end must be a pipe, and a file might wait for the disk. */
static bool can_splice(int from, int to)
{
    mode_t a = type_of(from), b = type_of(to);
    if (a == 0 || b == 0 || a == S_IFREG || b == S_IFREG)
        return false;
    return a == S_IFIFO || b == S_IFIFO;
}

static int wait_both(struct hull_call *call, int from, int to)
{
    int rc = wait_fd(call, from, POLLIN, "stream to read");
    return rc < 0 ? rc : wait_fd(call, to, POLLOUT, "stream to write");
}

/* 0 at the end, WAIT_EXPIRED when the rest has to be copied by hand. */
static int copy_by_splice(struct hull_call *call, int from, int to, uint64_t *bytes)
{
    for (unsigned tries = 0; tries < FALSE_STARTS;) {
        int rc = call_pause(call);
        if (rc < 0)
            return rc;
        ssize_t n = splice(from, NULL, to, NULL, BUFFER_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n == 0)
            return 0;
        if (n > 0) {
            *bytes += (uint64_t)n;
            tries = 0;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET)
            return hull_fail(call, HULL_IO, "write: the reader has gone");
        if (errno != EAGAIN && errno != EINTR)
            return WAIT_EXPIRED;
        tries++;
        rc = errno == EINTR ? 0 : wait_both(call, from, to);
        if (rc < 0)
            return rc;
    }
    return WAIT_EXPIRED;
}

int hull_stream_copy(struct hull_call *call, struct hull_stream *from, struct hull_stream *to,
                     uint64_t *ret_bytes)
{
    uint64_t bytes = 0;
    int rc = WAIT_EXPIRED;
    int from_fd = hull_stream_fd(from), to_fd = hull_stream_fd(to);
    if (can_splice(from_fd, to_fd)) {
        from->busy++;
        to->busy++;
        rc = copy_by_splice(call, from_fd, to_fd, &bytes);
        from->busy--;
        to->busy--;
    }
    if (rc == WAIT_EXPIRED)
        rc = copy_by_hand(call, from, to, &bytes);
    if (ret_bytes != NULL)
        *ret_bytes = bytes;
    return rc;
}

/* --- pumps ----------------------------------------------------------------------------------- */

struct pump {
    struct hull_stream *from, *to;
};

static int pump_bytes(struct hull_call *call, void *arg)
{
    struct pump *pump = arg;
    int rc = hull_stream_copy(call, pump->from, pump->to, NULL);
    hull_stream_close(pump->to);
    hull_stream_close(pump->from);
    return rc;
}

int hull_stream_to_fd(struct hull_call *call, struct hull_stream *stream, int *ret_fd)
{
    HULL_ASSERT(stream->magic == STREAM_MAGIC);
    *ret_fd = -1;
    if (stream_is_fd(stream)) {
        *ret_fd = stream_take_fd(stream);
        return 0;
    }
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) {
        hull_stream_close(stream);
        return hull_fail_errno(call, errno, "pipe");
    }
    struct pump *pump = HULL_NEW(call->scope->arena, struct pump);
    *pump = (struct pump){stream, hull_stream_from_fd(fds[1])};
    hull_task_start(call, "pump from stream", pump_bytes, pump);
    *ret_fd = fds[0];
    return 0;
}
