/*
 * cgroup_parents.c: the groups of a daemon's containers. They are named after its root, so nobody
 * else's, and go with the last daemon that has no container in them: those of one that was killed
 * are known to the next one by their name.
 */
#include "shimmed.h"

#include "instance.h"

#include <string.h>
#include <unistd.h>

static struct hull_arena *arena;
static struct hull_strv parents;

static void remember(const char *dir)
{
    const char *end = strrchr(dir, '/');
    size_t length = (size_t)(end - dir), at = 0;
    while (at < parents.n &&
           (strncmp(parents.v[at], dir, length) != 0 || parents.v[at][length] != '\0'))
        at++;
    const char *name = memrchr(dir, '/', length);
    if (at < parents.n || name == NULL || strncmp(name, "/hull", 5) != 0)
        return;
    if (arena == NULL)
        arena = hull_arena_new();
    hull_strv_add(arena, &parents, hull_arena_strndup(arena, dir, length));
}

void cg_remember_parents(const struct cgroup *cgroup)
{
    for (size_t i = 0; i < cgroup->dirs.n; i++)
        remember(cgroup->dirs.v[i]);
    if (cgroup->unified != NULL)
        remember(cgroup->unified);
}

int cg_find_parents(struct hull_call *call)
{
    const char *suffix = instance_suffix();
    const char *path = hull_printf(call, *suffix ? "/hull-%s/any" : "/hull%s/any", suffix);
    struct cgroup cgroup;
    return cg_open(call, hull_call_arena(call), path, &cgroup);
}

void cg_remove_parents(void)
{
    for (size_t i = 0; i < parents.n; i++)
        (void)rmdir(parents.v[i]); /* there are containers in it: it stays */
    arena = hull_arena_free(arena);
    parents = (struct hull_strv){0};
}
