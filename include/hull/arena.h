/*
 * hull/arena.h: memory that goes all at once.
 *
 * A call has one arena (hull_call_arena) and everything a request needs is
 * taken from it. An arena is not locked: it belongs to one thread at a time,
 * and a worker may use one that it was given. Memory is zeroed. When the
 * system has no memory left the program aborts: containers live on in their
 * shims, and every size that comes from outside is checked before it gets
 * here.
 */
#ifndef HULL_ARENA_H
#define HULL_ARENA_H

#include <hull/base.h>

/* A new, empty arena. The caller owns it. Worker-safe. */
HULL_PUBLIC struct hull_arena *hull_arena_new(void);
/* Free ARENA and all that was taken from it; NULL is allowed. Returns NULL. */
HULL_PUBLIC struct hull_arena *hull_arena_free(struct hull_arena *arena);
/* Give back all memory but the first block, to use the arena again. */
HULL_PUBLIC void hull_arena_reset(struct hull_arena *arena);
/* Bytes taken from the system for ARENA. */
HULL_PUBLIC size_t hull_arena_size(const struct hull_arena *arena);

/* hull_arena_free(*arena); for __attribute__((cleanup)). */
HULL_PUBLIC void hull_arena_cleanup(struct hull_arena **arena);
/* A local that frees its arena when it goes: HULL_AUTO_ARENA *arena = hull_arena_new(); */
#define HULL_AUTO_ARENA __attribute__((cleanup(hull_arena_cleanup))) struct hull_arena

/* SIZE zeroed bytes, aligned for any type. Never NULL. */
HULL_PUBLIC void *hull_arena_alloc(struct hull_arena *arena, size_t size)
    __attribute__((malloc, returns_nonnull));
/* COUNT zeroed elements of SIZE bytes; an overflow is a bug. */
HULL_PUBLIC void *hull_arena_array(struct hull_arena *arena, size_t count, size_t size)
    __attribute__((returns_nonnull));
#define HULL_NEW(arena, type) ((type *)hull_arena_alloc(arena, sizeof(type)))
#define HULL_NEW_ARRAY(arena, type, count) ((type *)hull_arena_array(arena, count, sizeof(type)))

/* A copy of TEXT; NULL gives NULL. */
HULL_PUBLIC char *hull_arena_strdup(struct hull_arena *arena, const char *text);
/* A copy of LENGTH bytes with a NUL behind them. */
HULL_PUBLIC char *hull_arena_strndup(struct hull_arena *arena, const char *text, size_t length);
/* A formatted string, as printf(3) has it. */
HULL_PUBLIC char *hull_arena_printf(struct hull_arena *arena, const char *fmt, ...)
    HULL_PRINTF(2, 3) __attribute__((returns_nonnull));
HULL_PUBLIC char *hull_arena_vprintf(struct hull_arena *arena, const char *fmt, va_list args)
    HULL_PRINTF(2, 0) __attribute__((returns_nonnull));

/* Add VALUE (not copied) at the end of LIST; amortised constant time. */
HULL_PUBLIC void hull_strv_add(struct hull_arena *arena, struct hull_strv *list, const char *value);
/* Set KEY to VALUE (neither copied), replacing what KEY had. */
HULL_PUBLIC void hull_map_set(struct hull_arena *arena, struct hull_map *map, const char *key,
                              const char *value);
/*
 * Room for one more element of SIZE bytes at the end of a typed list: returns the new,
 * zeroed element. Use through HULL_LIST_ADD(arena, &message->list).
 */
HULL_PUBLIC void *hull_list_add(struct hull_arena *arena, struct hull_list *list, size_t size)
    __attribute__((returns_nonnull));
#define HULL_LIST_ADD(arena, list)                                                   \
    ((__typeof__((list)->v))hull_list_add(arena, (struct hull_list *)(void *)(list), \
                                          sizeof(*(list)->v)))
/* The same for a typed map: KEY is not copied, and is not looked for. */
HULL_PUBLIC void *hull_msgmap_add(struct hull_arena *arena, struct hull_msgmap *map,
                                  const char *key, size_t size) __attribute__((returns_nonnull));
#define HULL_MSGMAP_ADD(arena, map, key)                                                    \
    ((__typeof__((map)->v))hull_msgmap_add(arena, (struct hull_msgmap *)(void *)(map), key, \
                                           sizeof(*(map)->v)))
/* Index of KEY in a typed map, or -1. */
HULL_PUBLIC ssize_t hull_msgmap_index(const struct hull_msgmap *map, const char *key);
#define HULL_MSGMAP_FIND(map, key)                                                             \
    ({                                                                                         \
        ssize_t at_ = hull_msgmap_index((const struct hull_msgmap *)(const void *)(map), key); \
        at_ < 0 ? NULL : &(map)->v[at_];                                                       \
    })

/* Text that grows, for building output: NUL-terminated at all times once written to. */
struct hull_text {
    struct hull_arena *arena;
    char *data;
    size_t length;
    size_t capacity;
};
/* An empty text that takes its memory from ARENA. */
#define HULL_TEXT(from) ((struct hull_text){.arena = (from)})
/* Add LENGTH bytes, a string, a formatted string. Amortised constant time per byte. */
HULL_PUBLIC void hull_text_add(struct hull_text *text, const char *data, size_t length);
HULL_PUBLIC void hull_text_puts(struct hull_text *text, const char *string);
HULL_PUBLIC void hull_text_printf(struct hull_text *text, const char *fmt, ...) HULL_PRINTF(2, 3);

#endif
