/*
 * fuzz-volume-options.c: the option "o" of a volume: nothing that was given is lost or made up, and
 * no password is shown.
 */
#include <stdint.h>
#include <string.h>

#include "plugins/volume/local/local.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each word of DATA is one of O, in the same order. */
static void check_words(struct hull_arena *arena, const char *data, const char *o)
{
    char *rest = hull_arena_strdup(arena, data), *word;
    const char *at = o;

    while ((word = strsep(&rest, ",")) != NULL) {
        if (*word == '\0') {
            HULL_ASSERT(*data == '\0');
            continue;
        }
        size_t length = strlen(word);
        while (strncmp(at, word, length) != 0 || (at[length] != ',' && at[length] != '\0')) {
            at = strchr(at, ',');
            HULL_ASSERT(at != NULL);
            at++;
        }
    }
}

static void check_shown(struct hull_arena *arena, const char *shown)
{
    char *rest = hull_arena_strdup(arena, shown), *word;

    while ((word = strsep(&rest, ",")) != NULL)
        if (strncmp(word, "password=", 9) == 0)
            HULL_ASSERT(strcmp(word + 9, "********") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *o = hull_arena_strndup(arena, (const char *)data, size);
    struct lv_flags flags = lv_flags_parse(arena, o);
    struct lv_flags again = lv_flags_parse(arena, flags.data);

    HULL_ASSERT(again.flags == 0 && again.propagation == 0);
    HULL_ASSERT(strcmp(again.data, flags.data) == 0);
    check_words(arena, flags.data, o);
    check_shown(arena, lv_data_shown(arena, flags.data));
    return 0;
}
