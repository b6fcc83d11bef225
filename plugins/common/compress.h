/*
 * compress.h: reading what may be compressed, as a stream, in this process.
 *
 * The format is told by the first bytes: gzip, zstd, bzip2 and xz (of several members, frames or
 * streams too), or none of them, which is passed on as it is. A program that uses this links
 * $(COMPRESS_LIBS).
 */
#ifndef HULL_COMMON_COMPRESS_H
#define HULL_COMMON_COMPRESS_H

#include <hull/error.h>

enum compress_format {
    COMPRESS_NONE,
    COMPRESS_GZIP,
    COMPRESS_ZSTD,
    COMPRESS_BZIP2,
    COMPRESS_XZ,
    /* Known, and refused with an error that names it; as the others are without their library. */
    COMPRESS_LZ4,
};

/* The format that the first SIZE bytes of DATA tell; ten bytes are enough. Worker-safe. */
enum compress_format compress_detect(const void *data, size_t size);
/* "gzip"; "uncompressed" for COMPRESS_NONE. */
const char *compress_name(enum compress_format format);

/* Where compressed bytes come from: up to SIZE of them, 0 at the end, or -KIND with PROBLEM set. */
typedef ssize_t compress_source(void *ctx, void *buffer, size_t size, struct hull_problem *problem);
/* A source that reads a descriptor; CTX points at the int. Blocks. */
ssize_t compress_read_fd(void *ctx, void *buffer, size_t size, struct hull_problem *problem);

struct compress_limits {
    uint64_t bytes; /* refuse to give more than this; 0: no limit */
    uint64_t ratio; /* refuse more than this many times what was read, beyond 16 MB; 0: no limit */
};

/* A stream being read. Worker-safe, one thread at a time. */
struct decompress;
/* A reader of SOURCE (with CTX), which has to outlive it; LIMITS may be NULL. Reads nothing yet. */
struct decompress *decompress_new(compress_source *source, void *ctx,
                                  const struct compress_limits *limits);
/*
 * Up to SIZE bytes; 0 at the end; -HULL_INVALID for damaged or truncated data, -HULL_TOO_LARGE
 * above a limit, -HULL_NOT_SUPPORTED, naming it, for a format that is not read.
 */
ssize_t decompress_read(struct decompress *stream, void *buffer, size_t size,
                        struct hull_problem *problem) HULL_CHECKED;
/* Known after the first read. */
enum compress_format decompress_format(const struct decompress *stream);
/* NULL is allowed. Returns NULL. */
struct decompress *decompress_free(struct decompress *stream);
void decompress_cleanup(struct decompress **stream);
#define DECOMPRESS_AUTO __attribute__((cleanup(decompress_cleanup))) struct decompress

#endif
