/*
 * Digests, and reading what is compressed: formats, cuts, damage, limits.
 */
#include "tap.h"

#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#include <zlib.h>
#include <zstd.h>

#include "compress.h"
#include "digest.h"

/* Bytes given out at most CUT at a time. */
struct input {
    const unsigned char *data;
    size_t size, at, cut;
};

static ssize_t source(void *ctx, void *buffer, size_t size, struct hull_problem *problem)
{
    struct input *in = ctx;
    size_t left = in->size - in->at;

    (void)problem;
    if (size > in->cut)
        size = in->cut;
    if (size > left)
        size = left;
    memcpy(buffer, in->data + in->at, size);
    in->at += size;
    return (ssize_t)size;
}

static unsigned char plain[300000];
static unsigned char packed[700000];

static void fill(void)
{
    unsigned seed = 1;

    for (size_t i = 0; i < sizeof(plain); i++) {
        seed = seed * 1103515245u + 12345u;
        plain[i] = (unsigned char)(i % 512 < 300 ? 'a' : seed >> 16);
    }
}

static size_t gzip(unsigned char *to, size_t room, const void *from, size_t size)
{
    z_stream z = {0};

    CHECK_INT(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)from;
    z.avail_in = (uInt)size;
    z.next_out = to;
    z.avail_out = (uInt)room;
    CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* All of it, into a digest; -KIND on failure. */
static ssize_t read_all(const unsigned char *data, size_t size, size_t cut, size_t step,
                        const struct compress_limits *limits, char ret[DIGEST_SIZE],
                        struct hull_problem *problem)
{
    struct input in = {data, size, 0, cut};
    DECOMPRESS_AUTO *stream = decompress_new(source, &in, limits);
    DIGEST_AUTO *digest = digest_new();
    char buffer[65536];
    ssize_t got, total = 0;

    while ((got = decompress_read(stream, buffer, step, problem)) > 0) {
        digest_update(digest, buffer, (size_t)got);
        total += got;
    }
    digest_final(digest, ret);
    return got < 0 ? got : total;
}

static void check_same(const unsigned char *data, size_t size, size_t expected)
{
    static const size_t cuts[] = {1, 7, 512, 65536, 1 << 20};
    char wanted[DIGEST_SIZE], is[DIGEST_SIZE];

    digest_bytes(plain, expected, wanted);
    for (size_t i = 0; i < HULL_COUNT(cuts); i++) {
        struct hull_problem problem = {0};
        ssize_t total = read_all(data, size, cuts[i], i % 2 ? 65536 : 1000, NULL, is, &problem);
        if (total != (ssize_t)expected)
            FAIL("cut %zu: %zd: %s", cuts[i], total, problem.text);
        CHECK_STR(is, wanted);
    }
}

TEST(digests)
{
    char digest[DIGEST_SIZE];

    digest_bytes("", 0, digest);
    CHECK_STR(digest, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_bytes("abc", 3, digest);
    CHECK_STR(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest_valid(digest));
    CHECK(digest_valid(digest) && strlen(digest_hex(digest)) == DIGEST_HEX_SIZE);
    CHECK(!digest_valid(NULL));
    CHECK(!digest_valid(""));
    CHECK(!digest_valid("sha256:"));
    CHECK(!digest_valid("sha256:../../../../../../../../../../../../../../../../../../etc/passwd"));
    CHECK(!digest_valid("sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
    CHECK(!digest_valid("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    CHECK(
        !digest_valid("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"));
}

TEST(uncompressed)
{
    fill();
    check_same(plain, sizeof(plain), sizeof(plain));
    check_same(plain, 3, 3);
    check_same(plain, 0, 0);
}

TEST(gzip_members)
{
    size_t size;

    fill();
    size = gzip(packed, sizeof(packed), plain, sizeof(plain));
    check_same(packed, size, sizeof(plain));
    /* Two members, an empty one between them, zeros behind. */
    size = gzip(packed, sizeof(packed), plain, 100000);
    size += gzip(packed + size, sizeof(packed) - size, plain, 0);
    size += gzip(packed + size, sizeof(packed) - size, plain + 100000, sizeof(plain) - 100000);
    memset(packed + size, 0, 5000);
    check_same(packed, size + 5000, sizeof(plain));
}

TEST(zstd_frames)
{
    size_t size, more;

    fill();
    size = ZSTD_compress(packed, sizeof(packed), plain, 100000, 3);
    CHECK(!ZSTD_isError(size));
    more = ZSTD_compress(packed + size, sizeof(packed) - size, plain + 100000,
                         sizeof(plain) - 100000, 3);
    CHECK(!ZSTD_isError(more));
    check_same(packed, size + more, sizeof(plain));
}

static void check_fails(const unsigned char *data, size_t size, const char *part)
{
    struct hull_problem problem = {0};
    char digest[DIGEST_SIZE];

    CHECK(read_all(data, size, 4096, 65536, NULL, digest, &problem) < 0);
    CHECK_HAS(problem.text, part);
}

TEST(damage)
{
    ZSTD_CCtx *context;
    size_t size;

    fill();
    size = gzip(packed, sizeof(packed), plain, sizeof(plain));
    check_fails(packed, size / 2, "gzip data: unexpected end");
    check_fails(packed, size - 1, "gzip data: unexpected end");
    check_fails(packed, 3, "gzip data: unexpected end");
    memcpy(packed + size, "garbage", 7);
    check_fails(packed, size + 7, "trailing garbage");
    packed[size - 6] ^= 1;
    check_fails(packed, size, "gzip data");
    context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size = ZSTD_compress2(context, packed, sizeof(packed), plain, sizeof(plain));
    ZSTD_freeCCtx(context);
    check_fails(packed, size / 2, "zstd data: unexpected end");
    packed[size / 2] ^= 0x55;
    packed[size / 2 + 1] ^= 0x55;
    check_fails(packed, size, "zstd data");
}

TEST(bzip2_streams)
{
#ifdef HAVE_BZIP2
    unsigned size = sizeof(packed), more = sizeof(packed);

    fill();
    CHECK_INT(BZ2_bzBuffToBuffCompress((char *)packed, &size, (char *)plain, 100000, 9, 0, 0),
              BZ_OK);
    more -= size;
    CHECK_INT(BZ2_bzBuffToBuffCompress((char *)packed + size, &more, (char *)plain + 100000,
                                       sizeof(plain) - 100000, 1, 0, 0),
              BZ_OK);
    check_same(packed, size + more, sizeof(plain));
    check_fails(packed, size + more / 2, "bzip2 data: unexpected end");
    packed[size + more] = 'x';
    check_fails(packed, size + more + 1, "bzip2 data");
    packed[size / 2] ^= 0x55;
    check_fails(packed, size, "bzip2 data: damaged");
#else
    check_fails((const unsigned char *)"BZh91AY&SY12345", 15, "bzip2 is not supported");
#endif
}

TEST(xz_streams)
{
#ifdef HAVE_LZMA
    size_t size = 0, first;
    lzma_options_lzma options;
    const lzma_filter large[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};

    fill();
    CHECK_INT(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, plain, 100000, packed, &size,
                                      sizeof(packed)),
              LZMA_OK);
    first = size;
    CHECK_INT(lzma_easy_buffer_encode(1, LZMA_CHECK_SHA256, NULL, plain + 100000,
                                      sizeof(plain) - 100000, packed, &size, sizeof(packed)),
              LZMA_OK);
    check_same(packed, size, sizeof(plain));
    check_fails(packed, size - 20, "xz data: unexpected end");
    packed[size] = packed[size + 1] = 'x';
    check_fails(packed, size + 2, "xz data");
    packed[first / 2] ^= 0x55;
    check_fails(packed, first, "xz data: damaged");
    /* A head that asks for 1 GB of dictionary, which nothing of 100 KB needs. */
    CHECK(!lzma_lzma_preset(&options, 0));
    options.dict_size = 1 << 30;
    size = 0;
    CHECK_INT(lzma_stream_buffer_encode((lzma_filter *)(uintptr_t)large, LZMA_CHECK_CRC32, NULL,
                                        plain, 100000, packed, &size, sizeof(packed)),
              LZMA_OK);
    check_fails(packed, size, "more than 128 MB of memory");
#else
    check_fails((const unsigned char *)"\xfd"
                                       "7zXZ\0\0\4abcde",
                13, "xz is not supported");
#endif
}

TEST(other_formats)
{
    check_fails((const unsigned char *)"\x04\x22\x4d\x18"
                                       "abcdefgh",
                12, "lz4 is not supported");
    CHECK_STR(compress_name(compress_detect("\x1f\x8b\x08", 3)), "gzip");
    CHECK_STR(compress_name(compress_detect("\x1f\x8b", 2)), "uncompressed");
}

TEST(limits)
{
    struct compress_limits small = {.bytes = 1000}, ratio = {.ratio = 100};
    struct hull_problem problem = {0};
    char digest[DIGEST_SIZE];
    size_t size;
    unsigned char *zeros = calloc(1, 64 << 20);

    CHECK(zeros != NULL);
    fill();
    CHECK_INT(read_all(plain, 1000, 512, 512, &small, digest, &problem), 1000);
    CHECK_INT(read_all(plain, 1001, 512, 512, &small, digest, &problem), -HULL_TOO_LARGE);
    CHECK_HAS(problem.text, "1000 bytes");
    size = gzip(packed, sizeof(packed), zeros, 64 << 20);
    CHECK_INT(read_all(packed, size, 65536, 65536, &ratio, digest, &problem), -HULL_TOO_LARGE);
    CHECK_HAS(problem.text, "bomb");
    free(zeros);
}

TAP_MAIN
