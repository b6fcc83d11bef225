/*
 * tar_pax.c: records of pax headers, "LENGTH KEY=VALUE\n".
 */
#include <limits.h>
#include <string.h>

#include "tar_read.h"

bool tar_decimal(const char *text, int64_t *ret)
{
    int64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *at - '0', &value))
            return false;
    }
    *ret = value;
    return at != text && *at == '\0';
}

/* Seconds with a fraction, perhaps negative. */
static bool parse_time(const char *text, struct timespec *ret)
{
    bool negative = *text == '-';
    const char *at = text + negative;
    int64_t seconds = 0;
    long nanos = 0, unit = 100000000;
    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        seconds = seconds * 10 + (*at - '0');
        if (seconds > (int64_t)1 << 40)
            return false;
    }
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
            nanos += unit * (*at - '0');
    }
    if (negative) {
        seconds = -seconds - (nanos > 0);
        nanos = nanos > 0 ? 1000000000 - nanos : 0;
    }
    *ret = (struct timespec){.tv_sec = seconds, .tv_nsec = nanos};
    return *at == '\0';
}

int tar_add_extent(struct tar_reader *reader, struct tar_extent **list, size_t *count,
                   struct tar_extent extent, struct hull_problem *problem)
{
    if (*count == TAR_EXTENT_MAX)
        return hull_problem_set(problem, HULL_TOO_LARGE, "a sparse file has more than %d pieces",
                                TAR_EXTENT_MAX);
    struct hull_list as_list = {.n = *count, .v = *list};
    struct tar_extent *added = hull_list_add(reader->arena, &as_list, sizeof(extent));
    *added = extent;
    *list = as_list.v;
    *count = as_list.n;
    return 0;
}

/* "offset,size,offset,size", or one number of it at a time (format 0.0). */
static int sparse_numbers(struct tar_reader *reader, char *text, struct tar_extra *extra,
                          struct hull_problem *problem)
{
    char *number;
    while ((number = strsep(&text, ",")) != NULL) {
        int64_t value;
        if (!tar_decimal(number, &value))
            return hull_problem_set(problem, HULL_INVALID, "the map of a sparse file is malformed");
        if (extra->half_extent) {
            extra->extents[extra->extent_count - 1].size = value;
            extra->half_extent = false;
            continue;
        }
        int rc = tar_add_extent(reader, &extra->extents, &extra->extent_count,
                                (struct tar_extent){.offset = value}, problem);
        if (rc < 0)
            return rc;
        extra->half_extent = true;
    }
    extra->sparse = true;
    return 0;
}

static int add_xattr(struct tar_reader *reader, const char *name, const char *value, size_t size,
                     struct tar_extra *extra, struct hull_problem *problem)
{
    if (extra->xattr_count == TAR_XATTR_MAX)
        return hull_problem_set(problem, HULL_TOO_LARGE, "an entry has more than %d xattrs",
                                TAR_XATTR_MAX);
    struct hull_list list = {.n = extra->xattr_count, .v = extra->xattrs};
    struct tar_xattr *added = hull_list_add(reader->arena, &list, sizeof(*added));
    *added = (struct tar_xattr){.name = name, .value = value, .size = size};
    extra->xattrs = list.v;
    extra->xattr_count = list.n;
    return 0;
}

static int set_text(const char **field, const char *key, const char *value, size_t size,
                    struct hull_problem *problem)
{
    if (strlen(value) != size)
        return hull_problem_set(problem, HULL_INVALID, "pax record %s has a NUL in it", key);
    *field = size > 0 ? value : NULL;
    return 0;
}

static int set_number(bool *has, int64_t *field, const char *key, const char *value, size_t size,
                      struct hull_problem *problem)
{
    if (size == 0) {
        *has = false;
        return 0;
    }
    *has = tar_decimal(value, field) && strlen(value) == size;
    return *has ? 0
                : hull_problem_set(problem, HULL_INVALID, "pax record %s: \"%.40s\" is no number",
                                   key, value);
}

static int sparse_record(struct tar_reader *reader, const char *key, char *value, size_t size,
                         struct tar_extra *extra, struct hull_problem *problem)
{
    bool has;
    if (strcmp(key, "name") == 0)
        return set_text(&extra->sparse_name, key, value, size, problem);
    if (strcmp(key, "map") == 0 || strcmp(key, "offset") == 0 || strcmp(key, "numbytes") == 0)
        return sparse_numbers(reader, value, extra, problem);
    if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0) {
        extra->sparse = true;
        return set_number(&has, &extra->real_size, key, value, size, problem);
    }
    if (strcmp(key, "major") == 0)
        return set_number(&has, &extra->sparse_major, key, value, size, problem);
    if (strcmp(key, "minor") == 0)
        return set_number(&has, &extra->sparse_minor, key, value, size, problem);
    return 0;
}

/* Unknown keys say nothing about what we make. */
static int one_record(struct tar_reader *reader, char *key, char *value, size_t size,
                      struct tar_extra *extra, struct hull_problem *problem)
{
    static const char xattr[] = "SCHILY.xattr.", sparse[] = "GNU.sparse.";
    if (strcmp(key, "path") == 0)
        return set_text(&extra->path, key, value, size, problem);
    if (strcmp(key, "linkpath") == 0)
        return set_text(&extra->link, key, value, size, problem);
    if (strcmp(key, "size") == 0)
        return set_number(&extra->has_size, &extra->size, key, value, size, problem);
    if (strcmp(key, "uid") == 0)
        return set_number(&extra->has_uid, &extra->uid, key, value, size, problem);
    if (strcmp(key, "gid") == 0)
        return set_number(&extra->has_gid, &extra->gid, key, value, size, problem);
    if (strncmp(key, xattr, strlen(xattr)) == 0)
        return add_xattr(reader, key + strlen(xattr), value, size, extra, problem);
    if (strncmp(key, sparse, strlen(sparse)) == 0)
        return sparse_record(reader, key + strlen(sparse), value, size, extra, problem);
    if (strcmp(key, "mtime") == 0 && size > 0) {
        extra->has_mtime = parse_time(value, &extra->mtime);
        if (!extra->has_mtime)
            return hull_problem_set(problem, HULL_INVALID, "pax record mtime: \"%.40s\" is no time",
                                    value);
    }
    return 0;
}

int tar_pax_parse(struct tar_reader *reader, char *data, size_t size, struct tar_extra *extra,
                  struct hull_problem *problem)
{
    char *at = data, *end = data + size;
    while (at < end) {
        size_t length = 0;
        char *digits = at;
        while (at < end && *at >= '0' && *at <= '9' && length <= TAR_PAX_MAX)
            length = length * 10 + (size_t)(*at++ - '0');
        char *stop = digits + length;
        if (at == digits || at >= end || *at != ' ' || length > (size_t)(end - digits) ||
            stop <= at + 1 || stop[-1] != '\n')
            return hull_problem_set(problem, HULL_INVALID, "a pax record is malformed");
        char *key = at + 1;
        char *equals = memchr(key, '=', (size_t)(stop - key));
        if (equals == NULL || equals == key || memchr(key, '\0', (size_t)(equals - key)) != NULL)
            return hull_problem_set(problem, HULL_INVALID, "a pax record is malformed");
        *equals = stop[-1] = '\0';
        int rc =
            one_record(reader, key, equals + 1, (size_t)(stop - 1 - (equals + 1)), extra, problem);
        if (rc < 0)
            return rc;
        at = stop;
    }
    return 0;
}
