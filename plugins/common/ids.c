/*
 * ids.c: random identifiers.
 */
#include "ids.h"

#include <string.h>
#include <sys/random.h>

char *id_new(struct hull_arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[ID_LENGTH / 2];
    char *id = hull_arena_alloc(arena, ID_LENGTH + 1);
    size_t have = 0;

    while (have < sizeof(random)) {
        ssize_t got = getrandom(random + have, sizeof(random) - have, 0);

        if (got > 0)
            have += (size_t)got;
    }
    for (size_t i = 0; i < sizeof(random); i++) {
        id[2 * i] = digits[random[i] >> 4];
        id[2 * i + 1] = digits[random[i] & 15];
    }
    return id;
}

bool id_prefix_valid(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    return length > 0 && length <= ID_LENGTH && strspn(text, "0123456789abcdef") == length;
}

bool id_valid(const char *text)
{
    return id_prefix_valid(text) && strlen(text) == ID_LENGTH;
}

char *id_short(struct hull_arena *arena, const char *id)
{
    if (!id)
        return hull_arena_strdup(arena, "");
    if (strncmp(id, "sha256:", 7) == 0)
        id += 7;
    return hull_arena_strndup(arena, id, strnlen(id, ID_SHORT));
}
