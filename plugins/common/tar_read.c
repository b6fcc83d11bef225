/*
 * tar_read.c: the reader's headers and data (tar.h).
 */
#include "tar_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE (128 * 1024)
#define SIZE_LIMIT ((int64_t)1 << 60)

/* Where the fields of a header are. */
enum {
    AT_NAME = 0,
    AT_MODE = 100,
    AT_UID = 108,
    AT_GID = 116,
    AT_SIZE = 124,
    AT_MTIME = 136,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_LINK = 157,
    AT_MAGIC = 257,
    AT_MAJOR = 329,
    AT_MINOR = 337,
    AT_PREFIX = 345,
};

struct tar_reader *tar_reader_new(tar_source_fn *source, void *ctx)
{
    struct tar_reader *reader = calloc(1, sizeof(*reader));
    char *buffer = malloc(BUFFER_SIZE);
    HULL_ASSERT(reader != NULL && buffer != NULL);
    reader->source = source;
    reader->ctx = ctx;
    reader->buffer = buffer;
    reader->arena = hull_arena_new();
    return reader;
}

struct tar_reader *tar_reader_free(struct tar_reader *reader)
{
    if (reader != NULL) {
        hull_arena_free(reader->arena);
        free(reader->buffer);
        free(reader);
    }
    return NULL;
}

/* --- bytes --------------------------------------------------------------------------------- */

/* Have at least SIZE bytes in the buffer unless the source ends before; how many there are. */
static ssize_t fill(struct tar_reader *reader, size_t size, struct hull_problem *problem)
{
    if (reader->start > 0 && reader->end - reader->start < size) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    while (reader->end - reader->start < size && !reader->exhausted) {
        ssize_t n =
            reader->source(reader->ctx, reader->buffer + reader->end, BUFFER_SIZE - reader->end);
        if (n < 0)
            return hull_problem_set(problem, HULL_IO, "reading the archive: %s", strerror((int)-n));
        reader->exhausted = n == 0;
        reader->end += (size_t)n;
    }
    return (ssize_t)(reader->end - reader->start);
}

const char *tar_take(struct tar_reader *reader, size_t size, struct hull_problem *problem)
{
    ssize_t have = fill(reader, size, problem);
    if (have < 0)
        return NULL;
    if ((size_t)have < size) {
        hull_problem_set(problem, HULL_INVALID, "unexpected EOF: the archive is cut off");
        return NULL;
    }
    const char *data = reader->buffer + reader->start;
    reader->start += size;
    return data;
}

/* Up to LIMIT bytes of the entry's data, as they lie in the buffer. */
static ssize_t take_some(struct tar_reader *reader, int64_t limit, const char **ret_data,
                         struct hull_problem *problem)
{
    ssize_t have = fill(reader, 1, problem);
    if (have <= 0)
        return have < 0 ? have
                        : hull_problem_set(problem, HULL_INVALID,
                                           "unexpected EOF: the archive is cut off");
    if (have > limit)
        have = (ssize_t)limit;
    *ret_data = reader->buffer + reader->start;
    reader->start += (size_t)have;
    return have;
}

static int skip_data(struct tar_reader *reader, struct hull_problem *problem)
{
    const char *data;
    while (reader->left + reader->pad > 0) {
        ssize_t n = take_some(reader, reader->left + reader->pad, &data, problem);
        if (n < 0)
            return (int)n;
        int64_t of_data = n < reader->left ? n : reader->left;
        reader->left -= of_data;
        reader->pad -= n - of_data;
    }
    return 0;
}

/* --- header -------------------------------------------------------------------------------- */

int tar_number(const char *field, size_t size, int64_t *ret, struct hull_problem *problem)
{
    const unsigned char *in = (const unsigned char *)field;
    uint64_t value = 0;
    if (in[0] & 0x80) {
        bool negative = in[0] & 0x40;
        uint64_t high = negative ? UINT64_MAX : 0;
        value = negative ? (high << 7) | (in[0] & 0x7f) : in[0] & 0x3f;
        for (size_t i = 1; i < size; i++) {
            if (value >> 55 != (negative ? UINT64_MAX >> 55 : 0))
                return hull_problem_set(problem, HULL_INVALID, "a number in the header is too big");
            value = value << 8 | in[i];
        }
        *ret = (int64_t)value;
        return 0;
    }
    size_t at = 0;
    while (at < size && (in[at] == ' ' || in[at] == '\0'))
        at++;
    for (; at < size && in[at] >= '0' && in[at] <= '7'; at++)
        value = value << 3 | (uint64_t)(in[at] - '0');
    if (at < size && in[at] != ' ' && in[at] != '\0')
        return hull_problem_set(problem, HULL_INVALID, "a number in the header is malformed");
    *ret = (int64_t)value;
    return 0;
}

static bool checksum_fits(const char *block, struct hull_problem *problem)
{
    int64_t wanted, plain = 0, with_sign = 0;
    if (tar_number(block + AT_SUM, 8, &wanted, problem) < 0)
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bool sum = i >= AT_SUM && i < AT_SUM + 8;
        plain += sum ? ' ' : (unsigned char)block[i];
        with_sign += sum ? ' ' : (signed char)block[i];
    }
    return wanted == plain || wanted == with_sign;
}

static bool all_zero(const char *block)
{
    return block[0] == '\0' && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

/* 1 with a header in BLOCK, 0 at the end. */
static int read_block(struct tar_reader *reader, char *block, struct hull_problem *problem)
{
    ssize_t have = fill(reader, TAR_BLOCK, problem);
    if (have <= 0)
        return (int)have;
    const char *data = tar_take(reader, TAR_BLOCK, problem);
    if (data == NULL)
        return -(int)problem->kind;
    memcpy(block, data, TAR_BLOCK);
    if (!all_zero(block)) {
        if (checksum_fits(block, problem))
            return 1;
        return hull_problem_set(problem, HULL_INVALID, "invalid tar header: the checksum is wrong");
    }
    have = fill(reader, TAR_BLOCK, problem);
    if (have < 0)
        return (int)have;
    if (have >= TAR_BLOCK && !all_zero(reader->buffer + reader->start))
        return hull_problem_set(problem, HULL_INVALID,
                                "invalid tar header: an empty block in the middle");
    return 0;
}

/* The data of a header that describes the next one, in the arena, NUL-terminated. */
static int read_extra(struct tar_reader *reader, int64_t size, char **ret_data,
                      struct hull_problem *problem)
{
    if (size < 0 || size > TAR_PAX_MAX)
        return hull_problem_set(problem, HULL_TOO_LARGE,
                                "an extended header has %lld bytes, at most %d are taken",
                                (long long)size, TAR_PAX_MAX);
    char *data = hull_arena_alloc(reader->arena, (size_t)size + 1);
    reader->left = size;
    reader->pad = -size & (TAR_BLOCK - 1);
    for (int64_t at = 0; at < size;) {
        const char *piece = NULL;
        ssize_t n = take_some(reader, size - at, &piece, problem);
        if (n < 0)
            return (int)n;
        memcpy(data + at, piece, (size_t)n);
        at += n;
    }
    reader->left = 0;
    *ret_data = data;
    return skip_data(reader, problem);
}

static const char *fixed_text(struct tar_reader *reader, const char *field, size_t size)
{
    return hull_arena_strndup(reader->arena, field, strnlen(field, size));
}

static const char *header_path(struct tar_reader *reader, const char *block)
{
    const char *name = fixed_text(reader, block + AT_NAME, 100);
    if (memcmp(block + AT_MAGIC, "ustar\0", 6) != 0 || block[AT_PREFIX] == '\0')
        return name;
    /* Some writers of the star format keep times where the prefix ends. */
    bool star = memcmp(block + 508, "tar\0", 4) == 0;
    const char *prefix = fixed_text(reader, block + AT_PREFIX, star ? 131 : 155);
    return hull_arena_printf(reader->arena, "%s/%s", prefix, name);
}

/* The numbers of the header, which pax records replace. */
static int read_numbers(const char *block, const struct tar_extra *extra, struct tar_entry *entry,
                        struct hull_problem *problem)
{
    int64_t mode, mtime;
    const struct {
        size_t at, size;
        int64_t *into;
    } fields[] = {
        {AT_MODE, 8, &mode},
        {AT_UID, 8, &entry->uid},
        {AT_GID, 8, &entry->gid},
        {AT_SIZE, 12, &entry->size},
        {AT_MTIME, 12, &mtime},
        {AT_MAJOR, 8, &entry->dev_major},
        {AT_MINOR, 8, &entry->dev_minor},
    };
    bool device = entry->type == TAR_CHAR || entry->type == TAR_BLOCKDEV;
    for (size_t i = 0; i < HULL_COUNT(fields) - (device ? 0 : 2); i++) {
        int rc = tar_number(block + fields[i].at, fields[i].size, fields[i].into, problem);
        if (rc < 0)
            return rc;
    }
    entry->mode = (unsigned)mode & 07777;
    entry->mtime = extra->has_mtime ? extra->mtime : (struct timespec){.tv_sec = mtime};
    entry->uid = extra->has_uid ? extra->uid : entry->uid;
    entry->gid = extra->has_gid ? extra->gid : entry->gid;
    entry->size = extra->has_size ? extra->size : entry->size;
    return 0;
}

/* The type, and whether data follows; V7 archives mark a folder by its name only. */
static int read_type(char flag, const char *path, struct tar_entry *entry,
                     struct hull_problem *problem)
{
    size_t length = strlen(path);
    switch (flag) {
    case '\0':
    case '0':
    case '7':
    case 'S':
        entry->type = length > 0 && path[length - 1] == '/' ? TAR_DIR : TAR_FILE;
        return 0;
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
        entry->type = (enum tar_type)flag;
        return 0;
    default:
        return hull_problem_set(problem, HULL_INVALID,
                                "%.300s: entries of type '%c' are not supported", path,
                                flag >= ' ' && flag < 127 ? flag : '?');
    }
}

static int check_entry(const struct tar_entry *entry, struct hull_problem *problem)
{
    if (strlen(entry->path) > TAR_PATH_MAX || strlen(entry->link) > TAR_PATH_MAX)
        return hull_problem_set(problem, HULL_INVALID, "%.100s…: the name is longer than %d bytes",
                                entry->path, TAR_PATH_MAX);
    if (entry->size < 0 || entry->size > SIZE_LIMIT)
        return hull_problem_set(problem, HULL_INVALID, "%.300s: the size %lld is not possible",
                                entry->path, (long long)entry->size);
    return 0;
}

static int read_sparse(struct tar_reader *reader, const char *block, struct tar_extra *extra,
                       struct tar_entry *entry, struct hull_problem *problem)
{
    int rc = 0;
    if (block[AT_TYPE] == 'S')
        rc = tar_sparse_old(reader, block, extra, problem);
    else if (extra->sparse_major == 1)
        rc = tar_sparse_map(reader, extra, problem);
    if (rc < 0 || !extra->sparse)
        return rc;
    entry->sparse = true;
    entry->extents = extra->extents;
    entry->extent_count = extra->extent_count;
    entry->size = extra->real_size;
    rc = check_entry(entry, problem);
    return rc < 0 ? rc : tar_sparse_check(reader, entry, problem);
}

/* An entry proper: header and what was said about it before. */
static int read_entry(struct tar_reader *reader, const char *block, struct tar_extra *extra,
                      struct hull_problem *problem)
{
    struct tar_entry *entry = &reader->entry;
    *entry = (struct tar_entry){.xattrs = extra->xattrs, .xattr_count = extra->xattr_count};
    entry->path = extra->path != NULL ? extra->path : header_path(reader, block);
    if (extra->sparse_name != NULL)
        entry->path = extra->sparse_name;
    entry->link = extra->link != NULL ? extra->link : fixed_text(reader, block + AT_LINK, 100);
    int rc = read_type(block[AT_TYPE], entry->path, entry, problem);
    if (rc == 0)
        rc = read_numbers(block, extra, entry, problem);
    if (rc == 0)
        rc = check_entry(entry, problem);
    if (rc < 0)
        return rc;
    /* A name with '/' behind it or a link may come with a size, and then without data. */
    if (entry->type != TAR_FILE)
        entry->size = 0;
    reader->left = entry->size;
    reader->pad = -entry->size & (TAR_BLOCK - 1);
    reader->offset = reader->into = 0;
    reader->extent = 0;
    return entry->type == TAR_FILE ? read_sparse(reader, block, extra, entry, problem) : 0;
}

/* A header that speaks of the next one: 1 when it was one. */
static int read_meta(struct tar_reader *reader, const char *block, struct tar_extra *extra,
                     struct hull_problem *problem)
{
    char flag = block[AT_TYPE];
    if (flag != 'x' && flag != 'X' && flag != 'g' && flag != 'L' && flag != 'K' && flag != 'V')
        return 0;
    int64_t size;
    char *data = NULL;
    int rc = tar_number(block + AT_SIZE, 12, &size, problem);
    if (rc == 0)
        rc = read_extra(reader, size, &data, problem);
    if (rc < 0)
        return rc;
    if (flag == 'L')
        extra->path = data;
    else if (flag == 'K')
        extra->link = data;
    else if (flag == 'x' || flag == 'X')
        rc = tar_pax_parse(reader, data, (size_t)size, extra, problem);
    return rc < 0 ? rc : 1;
}

int tar_next(struct tar_reader *reader, struct tar_entry *ret_entry, struct hull_problem *problem)
{
    int rc = skip_data(reader, problem);
    if (rc < 0 || reader->ended)
        return rc;
    hull_arena_reset(reader->arena);
    struct tar_extra extra = {};
    char block[TAR_BLOCK];
    /* Headers that follow one another without an entry use up memory: they are counted. */
    for (int headers = 0; headers < 16; headers++) {
        rc = read_block(reader, block, problem);
        if (rc <= 0) {
            reader->ended = rc == 0;
            return rc;
        }
        rc = read_meta(reader, block, &extra, problem);
        if (rc < 0)
            return rc;
        if (rc == 0) {
            rc = read_entry(reader, block, &extra, problem);
            *ret_entry = reader->entry;
            return rc < 0 ? rc : 1;
        }
    }
    return hull_problem_set(problem, HULL_INVALID, "too many extended headers in a row");
}

/* --- data ---------------------------------------------------------------------------------- */

int tar_data(struct tar_reader *reader, const char **ret_data, size_t *ret_size,
             int64_t *ret_offset, struct hull_problem *problem)
{
    struct tar_entry *entry = &reader->entry;
    int64_t limit = reader->left, offset = reader->offset;
    if (limit == 0)
        return 0;
    if (entry->sparse) {
        while (reader->into == entry->extents[reader->extent].size) {
            reader->extent++;
            reader->into = 0;
        }
        const struct tar_extent *extent = &entry->extents[reader->extent];
        offset = extent->offset + reader->into;
        limit = extent->size - reader->into;
    }
    ssize_t n = take_some(reader, limit, ret_data, problem);
    if (n < 0)
        return (int)n;
    reader->left -= n;
    reader->into += n;
    reader->offset += n;
    *ret_size = (size_t)n;
    *ret_offset = offset;
    return 1;
}

int tar_drain(struct tar_reader *reader, int64_t limit, struct hull_problem *problem)
{
    for (;;) {
        ssize_t have = fill(reader, 1, problem);
        if (have <= 0)
            return (int)have;
        reader->start = reader->end = 0;
        limit -= have;
        if (limit < 0)
            return hull_problem_set(problem, HULL_TOO_LARGE, "too much data behind the archive");
    }
}
