/*
 * The inside of an arena, so that a fiber can hold one without an allocation.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <hull/arena.h>

struct arena_block;

struct hull_arena {
    struct arena_block *first; /* survives a reset */
    struct arena_block *last;  /* the one that is being filled; a list backwards */
    char *next;                /* free memory of it */
    char *end;
    size_t size; /* bytes taken from the system */
};

/* Zeroed memory is an empty arena. */
void arena_done(struct hull_arena *arena);
/*
 * Make the SIZE bytes at DATA, taken from ARENA, WANTED bytes long: in place when nothing was
 * taken after them, else in a copy. The new bytes are zero.
 */
void *arena_resize(struct hull_arena *arena, void *data, size_t size, size_t wanted);
/* True when SIZE bytes at DATA were taken from ARENA. */
bool arena_owns(const struct hull_arena *arena, const void *data, size_t size);

#endif
