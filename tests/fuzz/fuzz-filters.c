/*
 * fuzz-filters.c: expressions of filters, which run in the daemon: each is matched in no time, is
 * found in what has it as a part, and labels that were asked for are not also asked away.
 */
#include <stdint.h>
#include <string.h>

#include "filters.h"
#include <hull/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct filters one(struct hull_arena *arena, const char *key, const char *value)
{
    struct filters filters = {.n = 1};
    filters.keys = HULL_NEW_ARRAY(arena, const char *, 1);
    filters.v = HULL_NEW_ARRAY(arena, struct hull_strv, 1);
    filters.keys[0] = key;
    hull_strv_add(arena, &filters.v[0], value);
    return filters;
}

static void check_labels(struct hull_arena *arena, const char *value)
{
    struct filters with = one(arena, "label", value), without = one(arena, "label!", value);
    struct hull_map labels = {0};
    size_t length = strcspn(value, "=");

    HULL_ASSERT(!filters_labels(&with, &labels) && filters_labels(&without, &labels));
    hull_map_set(arena, &labels, hull_arena_strndup(arena, value, length),
                 value[length] == '=' ? value + length + 1 : "any");
    HULL_ASSERT(filters_labels(&with, &labels) && !filters_labels(&without, &labels));
}

/* The value of the filter, then what it is compared with. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *value = hull_arena_strndup(arena, (const char *)data, size);
    char *text = value + strcspn(value, "\n");

    if (*text == '\n')
        *text++ = '\0';
    struct filters filters = one(arena, "name", value);
    bool same = filters_match(&filters, "name", text);
    HULL_ASSERT(same == filters_match(&filters, "name", text));
    HULL_ASSERT(same || strstr(text, value) == NULL);
    HULL_ASSERT(filters_match(&filters, "other", text));
    HULL_ASSERT(filters_exact(&filters, "name", text) == (strcmp(value, text) == 0));
    HULL_ASSERT(!filters_prefix(&filters, "name", text) || filters_match(&filters, "name", text));
    check_labels(arena, value);
    return 0;
}
