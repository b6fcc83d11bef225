/*
 * ids.h: the identifiers of containers, networks, execs and anonymous volumes: 64 lowercase hex
 * digits, of which the first twelve are shown to people.
 */
#ifndef HULL_COMMON_IDS_H
#define HULL_COMMON_IDS_H

#include <hull/arena.h>

#define ID_LENGTH 64
#define ID_SHORT 12

/* A new random id in ARENA. Worker-safe. */
char *id_new(struct hull_arena *arena);
/* True when TEXT is a full id. Worker-safe. */
bool id_valid(const char *text);
/* True when TEXT could be the beginning of an id: 1 to 64 lowercase hex digits. Worker-safe. */
bool id_prefix_valid(const char *text);
/* The first twelve characters of ID, in ARENA; a leading "sha256:" is left out. Worker-safe. */
char *id_short(struct hull_arena *arena, const char *id);

#endif
