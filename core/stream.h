/*
 * What the files on streams share.
 */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include <hull/stream.h>

#define STREAM_MAGIC 0x7374726du

struct hull_stream {
    uint32_t magic;
    uint32_t busy; /* fibers in it, which must not be when it is closed */
    const struct hull_stream_ops *ops;
    void *ctx;
};

/* As much of DATA as goes at once. */
ssize_t stream_write_some(struct hull_call *call, struct hull_stream *stream, const void *data,
                          size_t size);
/* True for a stream of hull_stream_from_fd(). */
bool stream_is_fd(const struct hull_stream *stream);
/* Take the descriptor out of such a stream, and close the stream. */
int stream_take_fd(struct hull_stream *stream);

#endif
