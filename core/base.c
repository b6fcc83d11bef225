/*
 * What needs neither a call nor an arena; linked into programs without the core, too.
 */
#include <hull/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hull/call.h>
#include <hull/error.h>

void hull_fd_cleanup(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

void hull_free_cleanup(void *pointer)
{
    void *owned;
    memcpy(&owned, pointer, sizeof(owned));
    free(owned);
}

bool hull_streq(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

const char *hull_map_find(const struct hull_map *map, const char *key)
{
    for (size_t i = 0; i < map->n; i++) {
        if (hull_streq(map->v[i].key, key))
            return map->v[i].value;
    }
    return NULL;
}

bool hull_strv_contains(const struct hull_strv *list, const char *value)
{
    for (size_t i = 0; i < list->n; i++) {
        if (hull_streq(list->v[i], value))
            return true;
    }
    return false;
}

int64_t hull_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t hull_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void hull_bug(const char *file, int line, const char *what)
{
    const char *kind = errno == ENOMEM ? "no memory" : "BUG";
    fprintf(stderr, "hull: %s at %s:%d: %s\n", kind, file, line, what);
    abort();
}
