/*
 * fuzz-runtime-error.c: the log of a runtime, which holds what images and clients named.
 */
#include <stdint.h>
#include <string.h>

#include <hull/arena.h>
#include <hull/error.h>

#include "tools/shim/runtime_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *text = runtime_error(arena, hull_arena_strndup(arena, (const char *)data, size));

    HULL_ASSERT(text != NULL && strlen(text) <= 4 * size + 256);
    return 0;
}
