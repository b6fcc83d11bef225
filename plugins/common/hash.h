/*
 * hash.h: FNV-1a, for tables and names: quick and well spread, and no protection against who makes
 * collisions on purpose.
 */
#ifndef HULL_COMMON_HASH_H
#define HULL_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 2166136261u

/* HASH, which begins with HASH_START, with DATA added. */
static inline uint32_t hash_add(uint32_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static inline uint32_t hash_bytes(const void *data, size_t size)
{
    return hash_add(HASH_START, data, size);
}

#endif
