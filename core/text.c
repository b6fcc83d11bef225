/*
 * Text and lists that grow in an arena.
 */
#include "core/arena.h"

#include <stdio.h>
#include <string.h>

#include <hull/error.h>

static void text_reserve(struct hull_text *text, size_t more)
{
    size_t wanted = text->length + more + 1;
    if (wanted <= text->capacity)
        return;
    size_t capacity = text->capacity < 64 ? 128 : text->capacity * 2;
    if (capacity < wanted)
        capacity = wanted;
    text->data = arena_resize(text->arena, text->data, text->capacity, capacity);
    text->capacity = capacity;
}

void hull_text_add(struct hull_text *text, const char *data, size_t length)
{
    HULL_ASSERT(length < SIZE_MAX / 4);
    text_reserve(text, length);
    if (length > 0)
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void hull_text_puts(struct hull_text *text, const char *string)
{
    hull_text_add(text, string, strlen(string));
}

static void text_vprintf(struct hull_text *text, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    text_reserve(text, 64);
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->data + text->length, room, fmt, args);
    HULL_ASSERT(length >= 0);
    if ((size_t)length >= room) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, text->capacity - text->length, fmt, again);
    }
    va_end(again);
    text->length += (size_t)length;
}

void hull_text_printf(struct hull_text *text, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    text_vprintf(text, fmt, args);
    va_end(args);
}

char *hull_arena_vprintf(struct hull_arena *arena, const char *fmt, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, sizeof(small), fmt, args);
    HULL_ASSERT(length >= 0);
    char *text = hull_arena_alloc(arena, (size_t)length + 1);
    if ((size_t)length < sizeof(small))
        memcpy(text, small, (size_t)length + 1);
    else
        vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    return text;
}

char *hull_arena_printf(struct hull_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = hull_arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

/*
 * What stands before an array that grows. A list has no field for its capacity, and an array
 * may come from anywhere (a decoder, a constant), so the head is believed only when it lies in
 * the arena and its seal fits the address. USED tells apart two lists that share one array
 * after a struct was copied: only the one that added last goes on in place.
 */
struct array_head {
    uint32_t used;
    uint32_t capacity;
    uint64_t seal;
};
#define ARRAY_SEAL 0x68756c6c61727261u

/* May read what is no head; the seal says so. */
__attribute__((no_sanitize("address"))) static struct array_head *array_head(
    const struct hull_arena *arena, void *array)
{
    if (array == NULL || (uintptr_t)array % sizeof(struct array_head) != 0)
        return NULL;
    struct array_head *head = (struct array_head *)array - 1;
    if (!arena_owns(arena, head, sizeof(*head)))
        return NULL;
    return head->seal == (ARRAY_SEAL ^ (uintptr_t)array) ? head : NULL;
}

/* ARRAY, which has N elements of SIZE bytes, with room for one more. */
static void *array_grow(struct hull_arena *arena, void *array, size_t n, size_t size)
{
    struct array_head *head = array_head(arena, array);
    if (head != NULL && head->used == n && head->used < head->capacity) {
        head->used++;
        return array;
    }
    HULL_ASSERT(n < UINT32_MAX / 2);
    size_t capacity = n < 2 ? 4 : n * 2, bytes;
    HULL_ASSERT(!__builtin_mul_overflow(capacity, size, &bytes));
    struct array_head *copy = hull_arena_alloc(arena, sizeof(*copy) + bytes);
    *copy = (struct array_head){(uint32_t)n + 1, (uint32_t)capacity,
                                ARRAY_SEAL ^ (uintptr_t)(copy + 1)};
    if (n > 0)
        memcpy(copy + 1, array, n * size);
    return copy + 1;
}

void hull_strv_add(struct hull_arena *arena, struct hull_strv *list, const char *value)
{
    list->v = array_grow(arena, list->v, list->n, sizeof(*list->v));
    list->v[list->n++] = value;
}

void hull_map_set(struct hull_arena *arena, struct hull_map *map, const char *key,
                  const char *value)
{
    for (size_t i = 0; i < map->n; i++) {
        if (hull_streq(map->v[i].key, key)) {
            map->v[i].value = value;
            return;
        }
    }
    map->v = array_grow(arena, map->v, map->n, sizeof(*map->v));
    map->v[map->n++] = (struct hull_pair){key, value};
}

void *hull_list_add(struct hull_arena *arena, struct hull_list *list, size_t size)
{
    list->v = array_grow(arena, list->v, list->n, size);
    return memset((char *)list->v + list->n++ * size, 0, size);
}

void *hull_msgmap_add(struct hull_arena *arena, struct hull_msgmap *map, const char *key,
                      size_t size)
{
    map->keys = array_grow(arena, map->keys, map->n, sizeof(*map->keys));
    map->v = array_grow(arena, map->v, map->n, size);
    map->keys[map->n] = key;
    return memset((char *)map->v + map->n++ * size, 0, size);
}

ssize_t hull_msgmap_index(const struct hull_msgmap *map, const char *key)
{
    for (size_t i = 0; i < map->n; i++) {
        if (hull_streq(map->keys[i], key))
            return (ssize_t)i;
    }
    return -1;
}
