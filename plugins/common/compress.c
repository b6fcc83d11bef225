/*
 * compress.c: the decompressing reader.
 *
 * Each format has a codec: it consumes input and produces output until either runs out.
 * What all share (refilling, limits, what may follow the last member) is here once.
 */
#include "compress_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#elif defined(HAVE_ZLIB)
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define INPUT_SIZE (128 << 10)
#define MAGIC_SIZE 10
#define RATIO_FROM (16 << 20)

static const struct {
    const char *name;
    size_t size;
    const char *bytes;
} magics[] = {
    [COMPRESS_NONE] = {"uncompressed", 0, ""},
    [COMPRESS_GZIP] = {"gzip", 3, "\x1f\x8b\x08"},
    [COMPRESS_ZSTD] = {"zstd", 4, "\x28\xb5\x2f\xfd"},
    [COMPRESS_BZIP2] = {"bzip2", 3, "BZh"},
    [COMPRESS_XZ] = {"xz", 6, "\xfd\x37zXZ\x00"},
    [COMPRESS_LZ4] = {"lz4", 4, "\x04\x22\x4d\x18"},
};

enum compress_format compress_detect(const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 1; i < HULL_COUNT(magics); i++) {
        if (size >= magics[i].size && memcmp(data, magics[i].bytes, magics[i].size) == 0)
            return (enum compress_format)i;
    }
    /* A zstd file may begin with a skippable frame: 0x184D2A50 to 5F, little-endian. */
    if (size >= 4 && (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
        return COMPRESS_ZSTD;
    return COMPRESS_NONE;
}

const char *compress_name(enum compress_format format)
{
    return magics[format].name;
}

ssize_t compress_read_fd(void *ctx, void *buffer, size_t size, struct hull_problem *problem)
{
    const int *fd = ctx;
    ssize_t got;

    do
        got = read(*fd, buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno), "read: %s", strerror(errno));
    return got;
}

int compress_damaged(struct decompress *stream, struct hull_problem *problem, const char *how)
{
    return hull_problem_set(problem, HULL_INVALID, "%s data: %s", compress_name(stream->format),
                            how);
}

/* Get more input when there is none; 0 with none left means the source ended. */
static int refill(struct decompress *stream, struct hull_problem *problem)
{
    ssize_t got;

    if (stream->at < stream->filled || stream->source_ended)
        return 0;
    got = stream->source(stream->ctx, stream->input, INPUT_SIZE, problem);
    if (got < 0)
        return (int)got;
    stream->at = 0;
    stream->filled = (size_t)got;
    stream->bytes_in += (uint64_t)got;
    stream->source_ended = got == 0;
    return 0;
}

/* --- no compression ------------------------------------------------------------------------ */

static ssize_t plain_step(struct decompress *stream, void *buffer, size_t size,
                          struct hull_problem *problem)
{
    size_t left = stream->filled - stream->at;

    (void)problem;
    stream->between = true;
    if (size > left)
        size = left;
    memcpy(buffer, stream->input + stream->at, size);
    stream->at += size;
    return (ssize_t)size;
}

/* --- gzip ---------------------------------------------------------------------------------- */

/* Behind the last member tar and tape pad with zeros; anything else is another member. */
static int next_member(struct decompress *stream, struct hull_problem *problem)
{
    if (!stream->bytes_out && stream->at == 0)
        return 1;
    while (stream->at < stream->filled && stream->input[stream->at] == 0)
        stream->at++;
    if (stream->at == stream->filled)
        return 0;
    if (stream->input[stream->at] != 0x1f)
        return compress_damaged(stream, problem, "trailing garbage");
    return 1;
}

#ifdef HAVE_ISAL
static int gzip_start(struct decompress *stream, struct hull_problem *problem)
{
    struct inflate_state *state = malloc(sizeof(*state));

    (void)problem;
    HULL_ASSERT(state);
    isal_inflate_init(state);
    stream->state = state;
    stream->between = true;
    return 0;
}

static ssize_t gzip_step(struct decompress *stream, void *buffer, size_t size,
                         struct hull_problem *problem)
{
    struct inflate_state *state = stream->state;
    int rc;

    if (stream->between) {
        rc = next_member(stream, problem);
        if (rc <= 0)
            return rc;
        isal_inflate_reset(state);
        state->crc_flag = ISAL_GZIP;
        stream->between = false;
    }
    state->next_in = stream->input + stream->at;
    state->avail_in = (uint32_t)(stream->filled - stream->at);
    state->next_out = buffer;
    state->avail_out = (uint32_t)size;
    rc = isal_inflate(state);
    stream->at = stream->filled - state->avail_in;
    if (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT)
        return compress_damaged(stream, problem,
                                rc == ISAL_INCORRECT_CHECKSUM ? "wrong checksum" : "damaged");
    stream->between = state->block_state == ISAL_BLOCK_FINISH;
    return (ssize_t)(size - state->avail_out);
}

static void gzip_free(void *state)
{
    free(state);
}
#elif defined(HAVE_ZLIB)
static int gzip_start(struct decompress *stream, struct hull_problem *problem)
{
    z_stream *state = calloc(1, sizeof(*state));

    HULL_ASSERT(state);
    stream->state = state;
    stream->between = true;
    if (inflateInit2(state, 15 + 16) != Z_OK)
        return hull_problem_set(problem, HULL_INTERNAL, "zlib: cannot start");
    return 0;
}

static ssize_t gzip_step(struct decompress *stream, void *buffer, size_t size,
                         struct hull_problem *problem)
{
    z_stream *state = stream->state;
    int rc;

    if (stream->between) {
        rc = next_member(stream, problem);
        if (rc <= 0)
            return rc;
        inflateReset(state);
        stream->between = false;
    }
    state->next_in = stream->input + stream->at;
    state->avail_in = (uInt)(stream->filled - stream->at);
    state->next_out = buffer;
    state->avail_out = (uInt)size;
    rc = inflate(state, Z_NO_FLUSH);
    stream->at = stream->filled - state->avail_in;
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return compress_damaged(stream, problem, state->msg ? state->msg : "damaged");
    stream->between = rc == Z_STREAM_END;
    return (ssize_t)(size - state->avail_out);
}

static void gzip_free(void *state)
{
    inflateEnd(state);
    free(state);
}
#endif

/* --- zstd ---------------------------------------------------------------------------------- */

#ifdef HAVE_ZSTD
static int zstd_start(struct decompress *stream, struct hull_problem *problem)
{
    (void)problem;
    stream->state = ZSTD_createDStream();
    HULL_ASSERT(stream->state);
    stream->between = true;
    return 0;
}

static ssize_t zstd_step(struct decompress *stream, void *buffer, size_t size,
                         struct hull_problem *problem)
{
    ZSTD_inBuffer in = {stream->input, stream->filled, stream->at};
    ZSTD_outBuffer out = {buffer, size, 0};
    size_t rc = ZSTD_decompressStream(stream->state, &out, &in);

    stream->at = in.pos;
    if (ZSTD_isError(rc))
        return compress_damaged(stream, problem, ZSTD_getErrorName(rc));
    stream->between = rc == 0;
    return (ssize_t)out.pos;
}

static void zstd_free(void *state)
{
    ZSTD_freeDStream(state);
}
#endif

static const struct codec plain = {NULL, plain_step, NULL};
#if defined(HAVE_ISAL) || defined(HAVE_ZLIB)
static const struct codec gzip = {gzip_start, gzip_step, gzip_free};
#else
static const struct codec gzip = {NULL, NULL, NULL};
#endif
#ifdef HAVE_ZSTD
static const struct codec zstd = {zstd_start, zstd_step, zstd_free};
#else
static const struct codec zstd = {NULL, NULL, NULL};
#endif
static const struct codec lz4 = {NULL, NULL, NULL};

static const struct codec *const codecs[] = {
    [COMPRESS_NONE] = &plain,           [COMPRESS_GZIP] = &gzip,      [COMPRESS_ZSTD] = &zstd,
    [COMPRESS_BZIP2] = &compress_bzip2, [COMPRESS_XZ] = &compress_xz, [COMPRESS_LZ4] = &lz4,
};

/* --- the reader ---------------------------------------------------------------------------- */

/* Enough of the input to tell its format, however the source cuts it. */
static int read_magic(struct decompress *stream, struct hull_problem *problem)
{
    while (stream->filled < MAGIC_SIZE && !stream->source_ended) {
        ssize_t got = stream->source(stream->ctx, stream->input + stream->filled,
                                     INPUT_SIZE - stream->filled, problem);
        if (got < 0)
            return (int)got;
        stream->source_ended = got == 0;
        stream->filled += (size_t)got;
        stream->bytes_in += (uint64_t)got;
    }
    return 0;
}

struct decompress *decompress_new(compress_source *source, void *ctx,
                                  const struct compress_limits *limits)
{
    struct decompress *stream = calloc(1, sizeof(*stream));

    HULL_ASSERT(stream);
    stream->source = source;
    stream->ctx = ctx;
    if (limits)
        stream->limits = *limits;
    stream->input = malloc(INPUT_SIZE);
    HULL_ASSERT(stream->input);
    return stream;
}

/* The format is known, or the reason why not. */
static int begin(struct decompress *stream, struct hull_problem *problem)
{
    int rc = read_magic(stream, problem);

    if (rc < 0)
        return rc;
    stream->format = compress_detect(stream->input, stream->filled);
    stream->codec = codecs[stream->format];
    if (!stream->codec->step)
        return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                "compression with %s is not supported: use gzip or none",
                                compress_name(stream->format));
    return stream->codec->start ? stream->codec->start(stream, problem) : 0;
}

static int check_limits(const struct decompress *stream, struct hull_problem *problem)
{
    const struct compress_limits *limits = &stream->limits;

    if (limits->bytes && stream->bytes_out > limits->bytes)
        return hull_problem_set(problem, HULL_TOO_LARGE, "more than the limit of %llu bytes",
                                (unsigned long long)limits->bytes);
    if (limits->ratio && stream->bytes_out > RATIO_FROM &&
        stream->bytes_out / limits->ratio > stream->bytes_in)
        return hull_problem_set(problem, HULL_TOO_LARGE,
                                "%s data expands more than %llu times, which looks like a bomb",
                                compress_name(stream->format), (unsigned long long)limits->ratio);
    return 0;
}

ssize_t decompress_read(struct decompress *stream, void *buffer, size_t size,
                        struct hull_problem *problem)
{
    ssize_t made = 0;
    bool ended = false;

    if (!stream->codec) {
        int rc = begin(stream, problem);
        if (rc < 0)
            return rc;
    }
    if (size > INT32_MAX)
        size = INT32_MAX;
    while (made == 0 && size) {
        int rc = refill(stream, problem);
        if (rc < 0)
            return rc;
        ended = stream->at == stream->filled && stream->source_ended;
        if (ended && stream->between)
            return 0;
        made = stream->codec->step(stream, buffer, size, problem);
        if (made < 0)
            return made;
        /* The codec may still have had output; if it has none without input, the rest is missing.
         */
        if (made == 0 && ended && !stream->between)
            return compress_damaged(stream, problem, "unexpected end");
    }
    stream->bytes_out += (uint64_t)made;
    if (check_limits(stream, problem) < 0)
        return -(ssize_t)problem->kind;
    return made;
}

enum compress_format decompress_format(const struct decompress *stream)
{
    return stream->format;
}

struct decompress *decompress_free(struct decompress *stream)
{
    if (!stream)
        return NULL;
    if (stream->state)
        stream->codec->free(stream->state);
    free(stream->input);
    free(stream);
    return NULL;
}

void decompress_cleanup(struct decompress **stream)
{
    decompress_free(*stream);
}
