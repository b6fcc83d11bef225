/*
 * base64.h: bytes as text, for headers and for JSON. Worker-safe.
 */
#ifndef HULL_COMMON_BASE64_H
#define HULL_COMMON_BASE64_H

#include <hull/base.h>

/* LENGTH bytes at DATA with the usual alphabet and padding, in ARENA. */
char *base64_encode(struct hull_arena *arena, const void *data, size_t length);

#endif
