/*
 * hull/stream.h: bulk bytes.
 *
 * Bytes never sit in a message: a stream does. It is a descriptor (socket,
 * pipe, file) or a bounded buffer between two fibers, and has one owner. It
 * may be duplex. Its writer waits when the reader is slow.
 */
#ifndef HULL_STREAM_H
#define HULL_STREAM_H

#include <hull/call.h>

/* Takes FD, which becomes non-blocking; closed with the stream. */
HULL_PUBLIC struct hull_stream *hull_stream_from_fd(int fd);
/* A buffer of CAPACITY bytes: what is written to *ret_writer is read from *ret_reader. A writer
 * that is closed without a shutdown has failed: the reader gets HULL_IO instead of the end, so
 * that half an archive is never taken for a whole one. */
HULL_PUBLIC void hull_stream_pair(size_t capacity, struct hull_stream **ret_reader,
                                  struct hull_stream **ret_writer);

/*
 * What a stream of another kind (a TLS connection, a chunked body) has to do. CTX is the stream's
 * own. Any may be NULL. All but close and fd may yield, and return a negative kind with the slot
 * filled when they fail.
 */
struct hull_stream_ops {
    /* Up to SIZE bytes into BUFFER: how many, 0 at the end. */
    ssize_t (*read)(struct hull_call *call, void *ctx, void *buffer, size_t size);
    /* At most SIZE bytes of DATA: how many were taken, at least 1. */
    ssize_t (*write)(struct hull_call *call, void *ctx, const void *data, size_t size);
    /* No more writes: the reader sees the end. */
    int (*shutdown)(struct hull_call *call, void *ctx);
    /* Free CTX. */
    void (*close)(void *ctx);
    /* The plain descriptor below, or -1. */
    int (*fd)(void *ctx);
};
/* A stream that works by OPS. The caller owns it, and it owns CTX. */
HULL_PUBLIC struct hull_stream *hull_stream_new(const struct hull_stream_ops *ops, void *ctx);

/* Up to SIZE bytes; 0 is the end. Yields. */
HULL_PUBLIC ssize_t hull_stream_read(struct hull_call *call, struct hull_stream *stream,
                                     void *buffer, size_t size) HULL_CHECKED;
/* Exactly SIZE bytes; -HULL_IO with "unexpected end" when there are fewer. Yields. */
HULL_PUBLIC int hull_stream_read_full(struct hull_call *call, struct hull_stream *stream,
                                      void *buffer, size_t size) HULL_CHECKED;
/* All of DATA. -HULL_IO when the reader has gone. Yields. */
HULL_PUBLIC int hull_stream_write(struct hull_call *call, struct hull_stream *stream,
                                  const void *data, size_t size) HULL_CHECKED;
/* Half close: the reader sees the end; reading goes on. Yields. */
HULL_PUBLIC int hull_stream_shutdown(struct hull_call *call, struct hull_stream *stream)
    HULL_CHECKED;
/* All bytes from FROM to TO until the end of FROM; spliced where both are descriptors.
 * *ret_bytes (may be NULL) counts them. Yields. */
HULL_PUBLIC int hull_stream_copy(struct hull_call *call, struct hull_stream *from,
                                 struct hull_stream *to, uint64_t *ret_bytes) HULL_CHECKED;
/* Close and free; NULL is allowed. Returns NULL. A reader or writer at the other end sees it. */
HULL_PUBLIC struct hull_stream *hull_stream_close(struct hull_stream *stream);
/* For hull_defer(): ARG is the stream. */
HULL_PUBLIC void hull_stream_close_cleanup(struct hull_call *call, void *stream);
/* The descriptor below, still owned by the stream, or -1. */
HULL_PUBLIC int hull_stream_fd(struct hull_stream *stream);
/*
 * A descriptor that a worker or a helper process can read with blocking calls: the stream's own,
 * made blocking, or one end of a pipe that a task below CALL fills. Takes STREAM. The caller owns
 * the descriptor. The task ends with CALL.
 */
HULL_PUBLIC int hull_stream_to_fd(struct hull_call *call, struct hull_stream *stream, int *ret_fd)
    HULL_CHECKED;

#endif
