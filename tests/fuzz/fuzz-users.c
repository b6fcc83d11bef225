/*
 * fuzz-users.c: an image's passwd and group. Whatever they say, nobody becomes a user who is not
 * in range, and a group is joined once.
 */
#include <stdint.h>
#include <string.h>

#include "tools/shim/shim.h"

struct shim shim; /* what the tested file does not need */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut TEXT at LINE; what follows, or "". */
static char *cut(char *text, const char *line)
{
    char *at = strstr(text, line);
    if (at == NULL)
        return text + strlen(text);
    *at = '\0';
    return at + strlen(line);
}

/* The user and one more group, then passwd, then group. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *name = hull_arena_strndup(arena, (const char *)data, size);
    char *passwd = cut(name, "\n");
    char *group = cut(passwd, "\n--\n");
    const char *more = cut(name, " ");
    struct oci_user user = {.username = name};
    struct identity identity = {0};

    if (*more != '\0')
        hull_strv_add(arena, &user.groups, more);
    if (users_lookup(arena, &user, passwd, group, &identity) < 0) {
        HULL_ASSERT(shim_problem.text[0]);
        return 0;
    }
    HULL_ASSERT(identity.uid <= INT32_MAX && identity.gid <= INT32_MAX && identity.home[0]);
    HULL_ASSERT(identity.group_count > 0);
    for (size_t i = 0; i < identity.group_count; i++) {
        HULL_ASSERT(identity.groups[i] <= INT32_MAX);
        for (size_t before = 0; before < i; before++)
            HULL_ASSERT(identity.groups[before] != identity.groups[i]);
    }
    return 0;
}
