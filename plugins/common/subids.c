#include "subids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX (1 << 20)
#define RANGES_MAX 4096

static bool number(const char *text, size_t length, uint32_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || length > 10)
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *ret = (uint32_t)value;
    return length > 0 && value <= UINT32_MAX;
}

/* One line without its end: name:first:count. */
static bool parse_line(const char *line, size_t length, const char *user, struct subid_range *ret)
{
    const char *end = line + length;
    const char *first = memchr(line, ':', length);
    const char *count = first == NULL ? NULL : memchr(first + 1, ':', (size_t)(end - first - 1));
    if (count == NULL)
        return false;
    size_t name = (size_t)(first - line);
    if (user != NULL && (strlen(user) != name || memcmp(user, line, name) != 0))
        return false;
    return number(first + 1, (size_t)(count - first - 1), &ret->first) &&
           number(count + 1, (size_t)(end - count - 1), &ret->count) && ret->first > 0 &&
           ret->count > 0 && ret->count <= UINT32_MAX - ret->first;
}

void subids_parse(struct hull_arena *arena, const char *text, const char *user,
                  struct subid_list *ret)
{
    *ret = (struct subid_list){};
    while (*text != '\0' && ret->n < RANGES_MAX) {
        size_t length = strcspn(text, "\n");
        struct subid_range range;
        if (parse_line(text, length, user, &range))
            *HULL_LIST_ADD(arena, ret) = range;
        text += length + (text[length] == '\n');
    }
}

int subids_read(struct hull_arena *arena, const char *path, const char *user,
                struct subid_list *ret, struct hull_problem *problem)
{
    struct stat st;
    *ret = (struct subid_list){};
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno), "%s: %s", path,
                                strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size > BYTES_MAX)
        return hull_problem_set(problem, HULL_INVALID, "%s: not a regular file of at most 1 MB",
                                path);
    char *text = hull_arena_alloc(arena, (size_t)st.st_size + 1);
    ssize_t got = read(fd, text, (size_t)st.st_size);
    if (got < 0)
        return hull_problem_set(problem, HULL_IO, "%s: %s", path, strerror(errno));
    text[got] = '\0';
    subids_parse(arena, text, user, ret);
    return 0;
}

const char *subids_user(struct hull_arena *arena, const char *remap)
{
    if (remap == NULL || remap[0] == '\0' || strcmp(remap, "auto") == 0)
        return NULL;
    if (strcmp(remap, "default") == 0)
        return "dockremap";
    return hull_arena_strndup(arena, remap, strcspn(remap, ":"));
}
