/*
 * fuzz-resolv.c: a resolv.conf: what is read from it can be written as one again, without adding a
 * line or a word of its own.
 */
#include <stdint.h>
#include <string.h>

#include "resolv.h"
#include <hull/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const struct hull_strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        HULL_ASSERT(list->v[i][0] && list->v[i][strcspn(list->v[i], " \t\r\n")] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct resolv found = {0};
    struct hull_strv reachable;

    resolv_parse(arena, hull_arena_strndup(arena, (const char *)data, size), &found);
    check_words(&found.servers);
    check_words(&found.search);
    check_words(&found.options);
    reachable = resolv_reachable(arena, &found.servers);
    HULL_ASSERT(reachable.n <= found.servers.n);
    for (size_t i = 0; i < reachable.n; i++)
        HULL_ASSERT(!resolv_is_loopback(reachable.v[i]));
    return 0;
}
