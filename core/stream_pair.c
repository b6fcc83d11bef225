/*
 * A bounded buffer between two fibers: a ring that both ends hold.
 */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/stream.h"

struct ring {
    struct hull_cond readable, writable;
    bool reader_gone, writer_gone;
    bool complete; /* the writer said that it was all */
    unsigned ends; /* not closed */
    size_t capacity, first, count;
    char data[];
};

/* Copy SIZE bytes, at most what one stretch of the ring holds, and return how many. */
static size_t take(struct ring *ring, char *to, size_t size)
{
    size_t stretch = ring->capacity - ring->first;
    size_t n = ring->count < stretch ? ring->count : stretch;
    n = n < size ? n : size;
    memcpy(to, ring->data + ring->first, n);
    ring->first = (ring->first + n) % ring->capacity;
    ring->count -= n;
    return n;
}

static size_t put(struct ring *ring, const char *from, size_t size)
{
    size_t at = (ring->first + ring->count) % ring->capacity;
    size_t room = ring->capacity - ring->count, stretch = ring->capacity - at;
    size_t n = room < stretch ? room : stretch;
    n = n < size ? n : size;
    memcpy(ring->data + at, from, n);
    ring->count += n;
    return n;
}

static ssize_t ring_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct ring *ring = ctx;
    while (ring->count == 0) {
        if (ring->writer_gone && !ring->complete)
            return hull_fail(call, HULL_IO, "unexpected end");
        if (ring->writer_gone)
            return 0;
        int rc = cond_wait(call, &ring->readable, "stream to read", (intptr_t)ring);
        if (rc < 0)
            return rc;
    }
    size_t n = take(ring, buffer, size);
    if (n < size)
        n += take(ring, (char *)buffer + n, size - n);
    hull_cond_broadcast(&ring->writable);
    return (ssize_t)n;
}

static ssize_t ring_write(struct hull_call *call, void *ctx, const void *data, size_t size)
{
    struct ring *ring = ctx;
    while (ring->count == ring->capacity && !ring->reader_gone && !ring->writer_gone) {
        int rc = cond_wait(call, &ring->writable, "stream to write", (intptr_t)ring);
        if (rc < 0)
            return rc;
    }
    if (ring->reader_gone || ring->writer_gone)
        return hull_fail(call, HULL_IO, "write: the reader has gone");
    size_t n = put(ring, data, size);
    if (n < size)
        n += put(ring, (const char *)data + n, size - n);
    hull_cond_broadcast(&ring->readable);
    return (ssize_t)n;
}

static int ring_shutdown(struct hull_call *call, void *ctx)
{
    struct ring *ring = ctx;
    (void)call;
    ring->writer_gone = ring->complete = true;
    hull_cond_broadcast(&ring->readable);
    return 0;
}

static void end(struct ring *ring)
{
    hull_cond_broadcast(&ring->readable);
    hull_cond_broadcast(&ring->writable);
    if (--ring->ends == 0)
        free(ring);
}

static void close_reader(void *ctx)
{
    struct ring *ring = ctx;
    ring->reader_gone = true;
    end(ring);
}

static void close_writer(void *ctx)
{
    struct ring *ring = ctx;
    ring->writer_gone = true;
    end(ring);
}

static const struct hull_stream_ops reader_ops = {.read = ring_read, .close = close_reader};
static const struct hull_stream_ops writer_ops = {
    .write = ring_write, .shutdown = ring_shutdown, .close = close_writer};

void hull_stream_pair(size_t capacity, struct hull_stream **ret_reader,
                      struct hull_stream **ret_writer)
{
    HULL_ASSERT(capacity > 0 && capacity < SIZE_MAX / 2);
    struct ring *ring = calloc(1, sizeof(*ring) + capacity);
    HULL_ASSERT(ring != NULL);
    ring->capacity = capacity;
    ring->ends = 2;
    *ret_reader = hull_stream_new(&reader_ops, ring);
    *ret_writer = hull_stream_new(&writer_ops, ring);
}
