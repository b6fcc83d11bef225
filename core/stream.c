#include "core/stream.h"

#include <stdlib.h>

#include "core/core.h"

struct hull_stream *hull_stream_new(const struct hull_stream_ops *ops, void *ctx)
{
    struct hull_stream *stream = calloc(1, sizeof(*stream));
    HULL_ASSERT(stream != NULL);
    stream->magic = STREAM_MAGIC;
    stream->ops = ops;
    stream->ctx = ctx;
    return stream;
}

/* The begin of every operation. */
static int enter(struct hull_call *call, struct hull_stream *stream, bool can, const char *what)
{
    HULL_ASSERT(stream != NULL && stream->magic == STREAM_MAGIC);
    int rc = call_pause(call);
    if (rc < 0)
        return rc;
    if (!can)
        return hull_fail(call, HULL_NOT_SUPPORTED, "this stream can't be %s", what);
    stream->busy++;
    return 0;
}

ssize_t hull_stream_read(struct hull_call *call, struct hull_stream *stream, void *buffer,
                         size_t size)
{
    int rc = enter(call, stream, stream->ops->read != NULL, "read");
    if (rc < 0)
        return rc;
    ssize_t got = stream->ops->read(call, stream->ctx, buffer, size);
    stream->busy--;
    HULL_ASSERT(got <= (ssize_t)size);
    return got;
}

int hull_stream_read_full(struct hull_call *call, struct hull_stream *stream, void *buffer,
                          size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = hull_stream_read(call, stream, (char *)buffer + done, size - done);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return hull_fail(call, HULL_IO, "unexpected end");
        done += (size_t)got;
    }
    return 0;
}

int hull_stream_write(struct hull_call *call, struct hull_stream *stream, const void *data,
                      size_t size)
{
    for (size_t done = 0; done < size;) {
        int rc = enter(call, stream, stream->ops->write != NULL, "written");
        if (rc < 0)
            return rc;
        ssize_t put = stream->ops->write(call, stream->ctx, (const char *)data + done, size - done);
        stream->busy--;
        if (put < 0)
            return (int)put;
        done += (size_t)put;
    }
    return 0;
}

int hull_stream_shutdown(struct hull_call *call, struct hull_stream *stream)
{
    int rc = enter(call, stream, true, NULL);
    if (rc < 0)
        return rc;
    if (stream->ops->shutdown != NULL)
        rc = stream->ops->shutdown(call, stream->ctx);
    stream->busy--;
    return rc;
}

struct hull_stream *hull_stream_close(struct hull_stream *stream)
{
    if (stream == NULL)
        return NULL;
    HULL_ASSERT(stream->magic == STREAM_MAGIC);
    /* Cancel and join who reads or writes, then close. */
    HULL_ASSERT(stream->busy == 0);
    if (stream->ops->close != NULL)
        stream->ops->close(stream->ctx);
    stream->magic = 0;
    free(stream);
    return NULL;
}

void hull_stream_close_cleanup(struct hull_call *call, void *stream)
{
    (void)call;
    hull_stream_close(stream);
}

int hull_stream_fd(struct hull_stream *stream)
{
    HULL_ASSERT(stream->magic == STREAM_MAGIC);
    return stream->ops->fd == NULL ? -1 : stream->ops->fd(stream->ctx);
}
