#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

#include <hull/error.h>

#include "core/sanitizer.h"

/*
 * Blocks double in size, so that even an arena of a gigabyte has few of them; what does not fit
 * in the next one gets a block of its own size.
 */
#define FIRST_BLOCK 1024
#define LARGEST_STEP ((size_t)1 << 20)
#define ALIGNMENT 16
/* Between two pieces, so that the address sanitizer sees who writes too far. */
#define RED_ZONE (CORE_ASAN ? ALIGNMENT : 0)

struct arena_block {
    struct arena_block *before;
    size_t size; /* with this head */
} __attribute__((aligned(ALIGNMENT)));

struct hull_arena *hull_arena_new(void)
{
    struct hull_arena *arena = calloc(1, sizeof(*arena));
    HULL_ASSERT(arena != NULL);
    return arena;
}

static void free_block(struct arena_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block, block->size);
    free(block);
}

void arena_done(struct hull_arena *arena)
{
    while (arena->last != NULL) {
        struct arena_block *block = arena->last;
        arena->last = block->before;
        free_block(block);
    }
    *arena = (struct hull_arena){};
}

struct hull_arena *hull_arena_free(struct hull_arena *arena)
{
    if (arena != NULL) {
        arena_done(arena);
        free(arena);
    }
    return NULL;
}

void hull_arena_cleanup(struct hull_arena **arena)
{
    *arena = hull_arena_free(*arena);
}

static void fill_from(struct hull_arena *arena, struct arena_block *block)
{
    arena->next = (char *)(block + 1);
    arena->end = (char *)block + block->size;
    ASAN_POISON_MEMORY_REGION(arena->next, block->size - sizeof(*block));
}

void hull_arena_reset(struct hull_arena *arena)
{
    if (arena->first == NULL)
        return;
    while (arena->last != arena->first) {
        struct arena_block *block = arena->last;
        arena->last = block->before;
        free_block(block);
    }
    arena->size = arena->first->size;
    fill_from(arena, arena->first);
}

size_t hull_arena_size(const struct hull_arena *arena)
{
    return arena->size;
}

static void add_block(struct hull_arena *arena, size_t room)
{
    size_t size = arena->last == NULL ? FIRST_BLOCK : arena->last->size * 2;
    if (size > LARGEST_STEP)
        size = LARGEST_STEP;
    if (size < room + sizeof(struct arena_block))
        size = room + sizeof(struct arena_block);
    struct arena_block *block = malloc(size);
    HULL_ASSERT(block != NULL);
    block->before = arena->last;
    block->size = size;
    arena->last = block;
    if (arena->first == NULL)
        arena->first = block;
    arena->size += size;
    fill_from(arena, block);
}

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/*
 * Zero all of the ROOM that a piece of SIZE takes. What fills it up counts, too: what an earlier
 * arena left there could be taken for the head of an array that comes next (array_head()).
 */
static void clear(char *data, size_t size, size_t room)
{
    ASAN_UNPOISON_MEMORY_REGION(data, room);
    memset(data, 0, room);
    ASAN_POISON_MEMORY_REGION(data + size, room - size);
}

void *hull_arena_alloc(struct hull_arena *arena, size_t size)
{
    HULL_ASSERT(size < SIZE_MAX / 4);
    size_t room = round_up(size > 0 ? size : 1) + RED_ZONE;
    if ((size_t)(arena->end - arena->next) < room)
        add_block(arena, room);
    char *data = arena->next;
    arena->next += room;
    clear(data, size, room);
    return data;
}

void *hull_arena_array(struct hull_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    HULL_ASSERT(!__builtin_mul_overflow(count, size, &bytes));
    return hull_arena_alloc(arena, bytes);
}

void *arena_resize(struct hull_arena *arena, void *data, size_t size, size_t wanted)
{
    uintptr_t end = (uintptr_t)data + round_up(size) + RED_ZONE;
    size_t more = round_up(wanted) - round_up(size);
    if (data != NULL && end == (uintptr_t)arena->next &&
        (size_t)(arena->end - arena->next) >= more) {
        arena->next += more;
        clear((char *)data + size, wanted - size, (size_t)(arena->next - (char *)data) - size);
        return data;
    }
    void *copy = hull_arena_alloc(arena, wanted);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

bool arena_owns(const struct hull_arena *arena, const void *data, size_t size)
{
    for (const struct arena_block *block = arena->last; block != NULL; block = block->before) {
        uintptr_t from = (uintptr_t)(block + 1), to = (uintptr_t)block + block->size;
        if ((uintptr_t)data >= from && (uintptr_t)data <= to && size <= to - (uintptr_t)data)
            return true;
    }
    return false;
}

char *hull_arena_strndup(struct hull_arena *arena, const char *text, size_t length)
{
    char *copy = hull_arena_alloc(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *hull_arena_strdup(struct hull_arena *arena, const char *text)
{
    return text == NULL ? NULL : hull_arena_strndup(arena, text, strlen(text));
}
