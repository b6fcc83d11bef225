/*
 * fuzz-mount-options.c: options of a mount in the plan of a container: what is not known goes to
 * the file system as it is or, for a bind mount, is refused; nothing is set and cleared at once.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include "tools/shim/shim.h"

struct shim shim; /* what the tested file does not need */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool among(const struct hull_strv *list, const char *word)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i], word) == 0)
            return true;
    return false;
}

/* The type, then the options. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *rest = hull_arena_strndup(arena, (const char *)data, size), *word;
    struct oci_mount mount = {.type = strsep(&rest, ","), .destination = "/there"};
    struct mount_options found;

    while ((word = strsep(&rest, ",")) != NULL)
        hull_strv_add(arena, &mount.options, word);
    if (mount_options_parse(&mount, &found) < 0) {
        HULL_ASSERT(shim_problem.text[0] && found.bind);
        return 0;
    }
    HULL_ASSERT(!found.bind || found.data.n == 0);
    HULL_ASSERT((found.set & found.clear & ~(uint64_t)MOUNT_ATTR__ATIME) == 0);
    for (size_t i = 0; i < found.data.n; i++)
        HULL_ASSERT(among(&mount.options, found.data.v[i]));
    return 0;
}
