/*
 * gzip.c: compressed files of a log. The head of such a file says in a field of its own ("HL")
 * which inode the uncompressed file had: a reader that has that one open, or remembers it, knows
 * it again.
 */
#include "gzip.h"

#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hull/error.h>

#ifdef HAVE_ZLIB
#include <zlib.h>

#define BUFFER_SIZE (128 * 1024)
#define WINDOW_GZIP (15 + 16) /* the largest, with the head of gzip */
#define MEMORY_LEVEL 8
#define HEAD_SIZE 12 /* of gzip, up to the length of its fields */
#define FIELD_SIZE 12
#define HAS_FIELDS 4

bool log_can_compress(void)
{
    return true;
}

uint64_t log_gzip_inode(int fd)
{
    unsigned char head[HEAD_SIZE + FIELD_SIZE];
    uint64_t inode = 0;

    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) || !(head[3] & HAS_FIELDS) ||
        memcmp(head + HEAD_SIZE, "HL\x08\x00", 4) != 0)
        return 0;
    for (int i = 7; i >= 0; i--)
        inode = inode << 8 | head[HEAD_SIZE + 4 + i];
    return inode;
}

void *log_gzip_open(int fd)
{
    gzFile gz = gzdopen(fd, "rb");

    if (gz)
        gzbuffer(gz, BUFFER_SIZE);
    return gz;
}

ssize_t log_gzip_read(void *gz, void *buffer, size_t size)
{
    int got = gzread(gz, buffer, (unsigned)size), error = Z_OK;

    if (got >= 0) /* the end of a file that was cut off is only told by the error */
        gzerror(gz, &error);
    return got < 0 || error == Z_BUF_ERROR ? -EIO : got;
}

int log_gzip_seek(void *gz, off_t offset)
{
    return gzseek(gz, offset, SEEK_SET) < 0 ? -EIO : 0;
}

void log_gzip_close(void *gz)
{
    gzclose(gz);
}

struct compressor {
    z_stream stream;
    gz_header head;
    unsigned char field[FIELD_SIZE];
    unsigned char in[BUFFER_SIZE], out[BUFFER_SIZE];
};

static int write_out(struct compressor *made, int target)
{
    size_t size = BUFFER_SIZE - made->stream.avail_out;
    const unsigned char *at = made->out;

    while (size > 0) {
        ssize_t put = write(target, at, size);

        if (put < 0 && errno != EINTR)
            return -errno;
        if (put > 0) {
            at += put;
            size -= (size_t)put;
        }
    }
    made->stream.next_out = made->out;
    made->stream.avail_out = BUFFER_SIZE;
    return 0;
}

static int copy(struct compressor *made, int source, int target, const struct log_stop *stop)
{
    int rc = Z_OK;

    while (rc != Z_STREAM_END) {
        ssize_t got = read(source, made->in, BUFFER_SIZE);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || *stop->canceled || *stop->removed)
            return got < 0 ? -errno : -ECANCELED;
        made->stream.next_in = made->in;
        made->stream.avail_in = (unsigned)got;
        do {
            rc = deflate(&made->stream, got == 0 ? Z_FINISH : Z_NO_FLUSH);
            int err = write_out(made, target);

            if (err < 0)
                return err;
        } while (made->stream.avail_in > 0 || (got == 0 && rc == Z_OK));
    }
    return 0;
}

int log_compress(int source, uint64_t inode, int target, const struct log_stop *stop)
{
    HULL_AUTO_FREE struct compressor *made = calloc(1, sizeof(*made));
    int rc;

    HULL_ASSERT(made);
    memcpy(made->field, "HL\x08", 4);
    for (int i = 0; i < 8; i++)
        made->field[4 + i] = (unsigned char)(inode >> 8 * i);
    made->head = (gz_header){.extra = made->field, .extra_len = FIELD_SIZE, .os = 3 /* a Unix */};
    made->stream.next_out = made->out;
    made->stream.avail_out = BUFFER_SIZE;
    HULL_ASSERT(deflateInit2(&made->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL,
                             Z_DEFAULT_STRATEGY) == Z_OK);
    HULL_ASSERT(deflateSetHeader(&made->stream, &made->head) == Z_OK);
    rc = copy(made, source, target, stop);
    deflateEnd(&made->stream);
    return rc;
}

#else

bool log_can_compress(void)
{
    return false;
}

uint64_t log_gzip_inode(int fd)
{
    (void)fd;
    return 0;
}

void *log_gzip_open(int fd)
{
    (void)fd;
    errno = ENOTSUP;
    return NULL;
}

ssize_t log_gzip_read(void *gz, void *buffer, size_t size)
{
    (void)gz, (void)buffer, (void)size;
    return -ENOTSUP;
}

int log_gzip_seek(void *gz, off_t offset)
{
    (void)gz, (void)offset;
    return -ENOTSUP;
}

void log_gzip_close(void *gz)
{
    (void)gz;
}

int log_compress(int source, uint64_t inode, int target, const struct log_stop *stop)
{
    (void)source, (void)inode, (void)target, (void)stop;
    return -ENOTSUP;
}

#endif
