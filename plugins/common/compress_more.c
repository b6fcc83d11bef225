/*
 * compress_more.c: bzip2 and xz, which docker takes where people hand archives in.
 */
#include "compress_int.h"

#include <stdlib.h>

#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

/* `xz -9` needs 65 MB to be read; a file may ask for up to 4 GB. */
#define XZ_MEMORY_MAX (128 << 20)

#ifdef HAVE_BZIP2
static int bzip2_start(struct decompress *stream, struct hull_problem *problem)
{
    bz_stream *state = calloc(1, sizeof(*state));

    HULL_ASSERT(state);
    stream->state = state;
    if (BZ2_bzDecompressInit(state, 0, 0) != BZ_OK)
        return hull_problem_set(problem, HULL_INTERNAL, "bzip2: cannot start");
    return 0;
}

/* Several files may follow each other: pbzip2 writes them so. */
static int bzip2_next(struct decompress *stream, struct hull_problem *problem)
{
    if (stream->at == stream->filled)
        return 0;
    BZ2_bzDecompressEnd(stream->state);
    free(stream->state);
    stream->state = NULL;
    stream->between = false;
    return bzip2_start(stream, problem);
}

static ssize_t bzip2_step(struct decompress *stream, void *buffer, size_t size,
                          struct hull_problem *problem)
{
    bz_stream *state;
    int rc = stream->between ? bzip2_next(stream, problem) : 0;

    if (rc < 0 || stream->between)
        return rc;
    state = stream->state;
    state->next_in = (char *)stream->input + stream->at;
    state->avail_in = (unsigned)(stream->filled - stream->at);
    state->next_out = buffer;
    state->avail_out = (unsigned)size;
    rc = BZ2_bzDecompress(state);
    stream->at = stream->filled - state->avail_in;
    if (rc != BZ_OK && rc != BZ_STREAM_END)
        return compress_damaged(stream, problem, "damaged");
    stream->between = rc == BZ_STREAM_END;
    return (ssize_t)(size - state->avail_out);
}

static void bzip2_free(void *state)
{
    BZ2_bzDecompressEnd(state);
    free(state);
}

const struct codec compress_bzip2 = {bzip2_start, bzip2_step, bzip2_free};
#else
const struct codec compress_bzip2 = {NULL, NULL, NULL};
#endif

#ifdef HAVE_LZMA
static int xz_start(struct decompress *stream, struct hull_problem *problem)
{
    lzma_stream *state = calloc(1, sizeof(*state));

    HULL_ASSERT(state);
    stream->state = state;
    if (lzma_stream_decoder(state, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
        return hull_problem_set(problem, HULL_INTERNAL, "xz: cannot start");
    return 0;
}

static ssize_t xz_step(struct decompress *stream, void *buffer, size_t size,
                       struct hull_problem *problem)
{
    lzma_stream *state = stream->state;
    bool ended = stream->source_ended && stream->at == stream->filled;
    lzma_ret rc;

    state->next_in = stream->input + stream->at;
    state->avail_in = stream->filled - stream->at;
    state->next_out = buffer;
    state->avail_out = size;
    rc = lzma_code(state, ended ? LZMA_FINISH : LZMA_RUN);
    stream->at = stream->filled - state->avail_in;
    if (rc == LZMA_MEMLIMIT_ERROR)
        return hull_problem_set(problem, HULL_TOO_LARGE,
                                "xz data: needs more than %d MB of memory to be decompressed",
                                XZ_MEMORY_MAX >> 20);
    if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
        return compress_damaged(stream, problem, "damaged");
    stream->between = rc == LZMA_STREAM_END;
    return (ssize_t)(size - state->avail_out);
}

static void xz_free(void *state)
{
    lzma_end(state);
    free(state);
}

const struct codec compress_xz = {xz_start, xz_step, xz_free};
#else
const struct codec compress_xz = {NULL, NULL, NULL};
#endif
