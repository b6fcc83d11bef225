/*
 * fuzz-wire.c: messages as bytes, which plugins in other processes and helpers send. What decodes
 * encodes to bytes that mean the same; no part of a message is taken for all of it.
 */
#include <stdint.h>
#include <string.h>

#include "api/container.h"
#include "json.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hull_message *const message = &container_create_request_message;

static void there_and_back(struct hull_arena *arena, const void *value, void **ret_data,
                           size_t *ret_size)
{
    struct hull_problem problem = {0};
    struct hull_ints fds = {0};
    void *copy = hull_arena_alloc(arena, message->size);
    void *again;
    size_t again_size;

    HULL_ASSERT(wire_encode(arena, message, value, ret_data, ret_size, &fds, &problem) == 0);
    HULL_ASSERT(wire_decode(arena, message, *ret_data, *ret_size, NULL, 0, copy, &problem) == 0);
    HULL_ASSERT(wire_encode(arena, message, copy, &again, &again_size, &fds, &problem) == 0);
    HULL_ASSERT(again_size == *ret_size && memcmp(again, *ret_data, again_size) == 0);
}

/* Bytes as they come. */
static void read_bytes(struct hull_arena *arena, const uint8_t *data, size_t size)
{
    struct hull_problem problem = {0};
    void *value = hull_arena_alloc(arena, message->size);
    void *encoded;

    if (wire_decode(arena, message, data, size, NULL, 0, value, &problem) < 0)
        HULL_ASSERT(problem.kind != 0 && problem.text[0]);
    else
        there_and_back(arena, value, &encoded, &size);
}

/* A message in JSON, so that there is much of one: its bytes cut, and with a byte changed. */
static void read_json(struct hull_arena *arena, const char *text, size_t length)
{
    struct hull_problem problem = {0};
    void *value = hull_arena_alloc(arena, message->size);
    void *encoded;
    size_t size;

    if (json_decode(arena, message, text, length, JSON_ANY_CASE, value, &problem) < 0)
        return;
    there_and_back(arena, value, &encoded, &size);
    size_t at = length * 7919 % size;
    HULL_ASSERT(wire_decode(arena, message, encoded, at, NULL, 0, value, &problem) < 0);
    ((uint8_t *)encoded)[at] ^= (uint8_t)(1 + text[length - 1]);
    read_bytes(arena, encoded, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    if (size > 0 && data[0] == '{')
        read_json(arena, (const char *)data, size);
    else
        read_bytes(arena, data, size);
    return 0;
}
