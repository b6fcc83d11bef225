/*
 * tar_write.c: writing archives (tar.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tar.h"

#define BUFFER_SIZE (128 * 1024)

struct tar_writer {
    int fd;
    size_t used;
    int64_t written;
    int64_t left; /* data that still has to come */
    struct hull_arena *arena;
    char buffer[BUFFER_SIZE];
};

struct tar_writer *tar_writer_new(int fd)
{
    struct tar_writer *writer = calloc(1, sizeof(*writer));
    HULL_ASSERT(writer != NULL);
    writer->fd = fd;
    writer->arena = hull_arena_new();
    return writer;
}

struct tar_writer *tar_writer_free(struct tar_writer *writer)
{
    if (writer != NULL)
        hull_arena_free(writer->arena);
    free(writer);
    return NULL;
}

int64_t tar_written(const struct tar_writer *writer)
{
    return writer->written;
}

static int flush(struct tar_writer *writer, struct hull_problem *problem)
{
    size_t at = 0;
    while (at < writer->used) {
        ssize_t n = write(writer->fd, writer->buffer + at, writer->used - at);
        if (n < 0 && errno != EINTR)
            return hull_problem_set(problem, errno == EPIPE ? HULL_CANCELED : HULL_IO,
                                    "writing the archive: %s", strerror(errno));
        at += n > 0 ? (size_t)n : 0;
    }
    writer->used = 0;
    return 0;
}

static int put_bytes(struct tar_writer *writer, const char *data, size_t size,
                     struct hull_problem *problem)
{
    writer->written += (int64_t)size;
    while (size > 0) {
        size_t room = BUFFER_SIZE - writer->used;
        size_t part = size < room ? size : room;
        memcpy(writer->buffer + writer->used, data, part);
        writer->used += part;
        data += part;
        size -= part;
        if (writer->used == BUFFER_SIZE) {
            int rc = flush(writer, problem);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int put_padding(struct tar_writer *writer, int64_t size, struct hull_problem *problem)
{
    static const char zeros[TAR_BLOCK];
    return put_bytes(writer, zeros, (size_t)(-size & (TAR_BLOCK - 1)), problem);
}

/* --- header -------------------------------------------------------------------------------- */

/* An octal number that fills all but the last byte of the field; false when it does not fit. */
static bool put_octal(char *field, size_t size, int64_t value)
{
    if (value < 0 || value >> (3 * (size - 1)) != 0) {
        memset(field, '0', size - 1);
        return false;
    }
    for (size_t i = size - 1; i > 0; i--, value >>= 3)
        field[i - 1] = (char)('0' + (value & 7));
    return true;
}

static void put_checksum(char *block)
{
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)block[i];
    put_octal(block + 148, 7, sum);
    block[154] = '\0';
}

/* Record "LENGTH KEY=VALUE\n", whose length counts its own digits. */
static void add_record(struct hull_text *text, const char *key, const char *value, size_t size)
{
    size_t rest = strlen(key) + size + 3, digits = 1;
    for (size_t limit = 10; rest + digits >= limit; limit *= 10)
        digits++;
    hull_text_printf(text, "%zu %s=", rest + digits, key);
    hull_text_add(text, value, size);
    hull_text_add(text, "\n", 1);
}

static void add_text(struct hull_text *text, const char *key, const char *value)
{
    add_record(text, key, value, strlen(value));
}

static void add_number(struct hull_text *text, const char *key, int64_t value)
{
    add_text(text, key, hull_arena_printf(text->arena, "%lld", (long long)value));
}

/* The name as it is, split at a '/' for the prefix, or as a pax record. */
static void put_path(char *block, const char *path, struct hull_text *pax)
{
    size_t length = strlen(path);
    if (length <= 100) {
        memcpy(block, path, length);
        return;
    }
    for (size_t at = length <= 256 ? length - 100 - 1 : length; at < length - 1; at++) {
        if (path[at] == '/' && at > 0 && at <= 155) {
            memcpy(block + 345, path, at);
            memcpy(block, path + at + 1, length - at - 1);
            return;
        }
    }
    memcpy(block, path, 100);
    add_text(pax, "path", path);
}

static void put_link(char *block, const char *link, struct hull_text *pax)
{
    size_t length = strlen(link);
    memcpy(block + 157, link, length < 100 ? length : 100);
    if (length > 100)
        add_text(pax, "linkpath", link);
}

static void put_mtime(char *block, const struct timespec *mtime, struct hull_text *pax)
{
    bool fits = put_octal(block + 136, 12, mtime->tv_sec);
    if (fits && mtime->tv_nsec == 0)
        return;
    int64_t seconds = mtime->tv_sec;
    long nanos = mtime->tv_nsec;
    bool negative = seconds < 0;
    if (negative && nanos > 0) {
        seconds++;
        nanos = 1000000000 - nanos;
    }
    add_text(pax, "mtime",
             hull_arena_printf(pax->arena, "%s%lld.%09ld", negative ? "-" : "",
                               (long long)(negative ? -seconds : seconds), nanos));
}

static void put_numbers(char *block, const struct tar_entry *entry, struct hull_text *pax)
{
    put_octal(block + 100, 8, entry->mode & 07777);
    if (!put_octal(block + 108, 8, entry->uid))
        add_number(pax, "uid", entry->uid);
    if (!put_octal(block + 116, 8, entry->gid))
        add_number(pax, "gid", entry->gid);
    int64_t size = entry->type == TAR_FILE ? entry->size : 0;
    if (!put_octal(block + 124, 12, size))
        add_number(pax, "size", size);
    put_mtime(block, &entry->mtime, pax);
    bool device = entry->type == TAR_CHAR || entry->type == TAR_BLOCKDEV;
    put_octal(block + 329, 8, device ? entry->dev_major : 0);
    put_octal(block + 337, 8, device ? entry->dev_minor : 0);
}

static int put_pax(struct tar_writer *writer, const struct hull_text *pax,
                   struct hull_problem *problem)
{
    struct tar_entry head = {.type = TAR_FILE, .size = (int64_t)pax->length, .mode = 0644};
    struct hull_text none = HULL_TEXT(writer->arena);
    char block[TAR_BLOCK] = "PaxHeader";
    put_numbers(block, &head, &none);
    block[156] = 'x';
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    put_checksum(block);
    int rc = put_bytes(writer, block, TAR_BLOCK, problem);
    if (rc == 0)
        rc = put_bytes(writer, pax->data, pax->length, problem);
    return rc < 0 ? rc : put_padding(writer, (int64_t)pax->length, problem);
}

int tar_put(struct tar_writer *writer, const struct tar_entry *entry, struct hull_problem *problem)
{
    HULL_ASSERT(writer->left == 0);
    hull_arena_reset(writer->arena);
    struct hull_text pax = HULL_TEXT(writer->arena);
    char block[TAR_BLOCK] = "";
    put_path(block, entry->path, &pax);
    put_numbers(block, entry, &pax);
    if (entry->type == TAR_LINK || entry->type == TAR_SYMLINK)
        put_link(block, entry->link, &pax);
    block[156] = (char)entry->type;
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    put_checksum(block);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *xattr = &entry->xattrs[i];
        add_record(&pax, hull_arena_printf(writer->arena, "SCHILY.xattr.%s", xattr->name),
                   xattr->value, xattr->size);
    }
    int rc = pax.length > 0 ? put_pax(writer, &pax, problem) : 0;
    if (rc == 0)
        rc = put_bytes(writer, block, TAR_BLOCK, problem);
    writer->left = entry->type == TAR_FILE ? entry->size : 0;
    return rc;
}

int tar_write(struct tar_writer *writer, const void *data, size_t size,
              struct hull_problem *problem)
{
    HULL_ASSERT((int64_t)size <= writer->left);
    writer->left -= (int64_t)size;
    int rc = put_bytes(writer, data, size, problem);
    if (rc == 0 && writer->left == 0)
        rc = put_padding(writer, writer->written, problem);
    return rc;
}

int tar_finish(struct tar_writer *writer, struct hull_problem *problem)
{
    static const char zeros[2 * TAR_BLOCK];
    HULL_ASSERT(writer->left == 0);
    int rc = put_bytes(writer, zeros, sizeof(zeros), problem);
    return rc < 0 ? rc : flush(writer, problem);
}
