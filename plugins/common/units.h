/*
 * units.h: sizes and counts for people, as docker writes and reads them. Worker-safe.
 */
#ifndef HULL_COMMON_UNITS_H
#define HULL_COMMON_UNITS_H

#include <hull/arena.h>

/* "1.98MB": decimal units, DIGITS significant digits (docker uses 3 for images, 4 elsewhere). */
char *units_size(struct hull_arena *arena, double bytes, int digits);
/* "980KiB": binary units, four significant digits. */
char *units_binary(struct hull_arena *arena, double bytes);
/* "64m", "1.5GiB", "512": bytes with a binary suffix. False when TEXT is no size. */
bool units_parse_bytes(const char *text, int64_t *ret_bytes);
/* TEXT cut to MAX characters (of UTF-8), the last of which is then "…". */
const char *units_ellipsis(struct hull_arena *arena, const char *text, size_t max);

#endif
