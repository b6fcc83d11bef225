/*
 * compress_int.h: what the files of the decompressing reader share: compress.c, which has the
 * reader and the formats of layers, and compress_more.c, which has those that only archives of
 * people have.
 */
#ifndef HULL_COMMON_COMPRESS_INT_H
#define HULL_COMMON_COMPRESS_INT_H

#include "compress.h"

/* hull-jail is static, and has the libraries of which there is a static form: no ISA-L. */
#ifdef COMPRESS_STATIC
#undef HAVE_ISAL
#ifndef HAVE_STATIC_ZLIB
#undef HAVE_ZLIB
#endif
#ifndef HAVE_STATIC_ZSTD
#undef HAVE_ZSTD
#endif
#ifndef HAVE_STATIC_BZIP2
#undef HAVE_BZIP2
#endif
#ifndef HAVE_STATIC_LZMA
#undef HAVE_LZMA
#endif
#endif

struct decompress {
    compress_source *source;
    void *ctx;
    struct compress_limits limits;
    enum compress_format format;
    const struct codec *codec;
    unsigned char *input;
    size_t at, filled; /* the unread part of input */
    bool source_ended;
    bool between; /* at the border of two members, where the stream may end */
    uint64_t bytes_in, bytes_out;
    void *state; /* of the codec */
};

/* One step: take from the input, write at most SIZE bytes. Returns how many, or -KIND. */
struct codec {
    int (*start)(struct decompress *stream, struct hull_problem *problem);
    ssize_t (*step)(struct decompress *stream, void *buffer, size_t size,
                    struct hull_problem *problem);
    void (*free)(void *state);
};

/* Without functions when the library is missing. */
extern const struct codec compress_bzip2, compress_xz;

int compress_damaged(struct decompress *stream, struct hull_problem *problem, const char *how);

#endif
