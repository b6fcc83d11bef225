/*
 * fuzz-subids.c: /etc/subuid: whatever it says, nobody gets the host's root, or more numbers than
 * there are, and one user's ranges are among everybody's.
 */
#include <stdint.h>
#include <string.h>

#include "subids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *text = hull_arena_strndup(arena, (const char *)data, size);
    const char *user = hull_arena_strndup(arena, text, strcspn(text, ":\n"));
    struct subid_list all;
    struct subid_list own;
    size_t at = 0;

    subids_parse(arena, text, NULL, &all);
    subids_parse(arena, text, user, &own);
    for (size_t i = 0; i < all.n; i++)
        HULL_ASSERT(all.v[i].first > 0 && all.v[i].count > 0 &&
                    (uint64_t)all.v[i].first + all.v[i].count <= UINT32_MAX);
    for (size_t i = 0; i < own.n; i++, at++) {
        while (at < all.n && memcmp(&own.v[i], &all.v[at], sizeof(own.v[i])) != 0)
            at++;
        HULL_ASSERT(at < all.n || all.n == 4096);
    }
    return 0;
}
