/*
 * hull/base.h: what every other header builds on: visibility and attribute
 * macros, and the plain value types that messages are made of.
 *
 * The values are shared by every plugin and keep one rule of ownership: what
 * a message points at lives in the arena of the call that carries it, and is
 * never freed on its own.
 */
#ifndef HULL_BASE_H
#define HULL_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HULL_PUBLIC __attribute__((visibility("default")))
#define HULL_CHECKED __attribute__((warn_unused_result))
#define HULL_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define HULL_NORETURN __attribute__((noreturn))
#define HULL_UNUSED __attribute__((unused))
/* Read through another struct type of the same layout, as the codecs do. */
#define HULL_MAY_ALIAS __attribute__((may_alias))

#define HULL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Hand over what a local with a cleanup attribute owns: the local becomes NULL. */
#define HULL_TAKE(pointer)            \
    ({                                \
        __auto_type taken_ = pointer; \
        (pointer) = NULL;             \
        taken_;                       \
    })

/* The same for a descriptor: the local becomes -1. */
#define HULL_TAKE_FD(fd)    \
    ({                      \
        int taken_fd_ = fd; \
        (fd) = -1;          \
        taken_fd_;          \
    })

/* Closes *fd unless it is negative; for __attribute__((cleanup)). Keeps errno. */
HULL_PUBLIC void hull_fd_cleanup(int *fd);
#define HULL_AUTO_FD __attribute__((cleanup(hull_fd_cleanup))) int

/* free() for __attribute__((cleanup)): the address of a char *. */
HULL_PUBLIC void hull_free_cleanup(void *pointer);
#define HULL_AUTO_FREE __attribute__((cleanup(hull_free_cleanup)))

/* A list of strings. */
struct HULL_MAY_ALIAS hull_strv {
    size_t n;
    const char **v;
};

/* An ordered map of strings; keys are unique. */
struct hull_pair {
    const char *key;
    const char *value;
};
struct HULL_MAY_ALIAS hull_map {
    size_t n;
    struct hull_pair *v;
};

/* A list of integers. */
struct HULL_MAY_ALIAS hull_ints {
    size_t n;
    int64_t *v;
};

/* Scalars that may be absent ("null" on the wire), where 0 and absent differ. */
struct HULL_MAY_ALIAS hull_opt_bool {
    bool set;
    bool value;
};
struct HULL_MAY_ALIAS hull_opt_int {
    bool set;
    int64_t value;
};

/*
 * How the codecs see a typed list { size_t n; struct foo *v; } and a typed map
 * { size_t n; const char **keys; struct foo *v; }: v is an array of n values,
 * not of pointers.
 */
struct HULL_MAY_ALIAS hull_list {
    size_t n;
    void *v;
};
struct HULL_MAY_ALIAS hull_msgmap {
    size_t n;
    const char **keys;
    void *v;
};

struct hull_arena;
struct hull_call;
struct hull_message;
struct hull_method;
struct hull_stream;
struct hull_task;

/* The value under KEY, or NULL. */
HULL_PUBLIC const char *hull_map_find(const struct hull_map *map, const char *key);
/* True when LIST holds VALUE. */
HULL_PUBLIC bool hull_strv_contains(const struct hull_strv *list, const char *value);
/* True when A and B are equal, NULL counting as "". */
HULL_PUBLIC bool hull_streq(const char *a, const char *b);

#endif
