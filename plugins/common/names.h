/*
 * names.h: names that people give, and the ones made up for those who gave none.
 */
#ifndef HULL_COMMON_NAMES_H
#define HULL_COMMON_NAMES_H

#include <hull/arena.h>

/* True for [a-zA-Z0-9][a-zA-Z0-9_.-]+, as docker demands of containers and volumes; at most 255
 * bytes. Worker-safe. */
bool name_valid(const char *name);
/* A random "adjective_surname" in ARENA; from the fourth ATTEMPT on with a digit or more behind
 * it, so that a free name is found soon. Worker-safe. */
char *name_random(struct hull_arena *arena, unsigned attempt);

#endif
