/*
 * changes.c: comparing two whole trees: once through the new one for what is new or differs, and
 * once through the old one for what is gone.
 */
#include <errno.h>
#include <string.h>

#include "layers_changes.h"
#include "vfs.h"

static int enter_new(void *ctx, const struct root_entry *entry)
{
    bool both;
    return comparison_enter(ctx, entry, &both);
}

/* When a folder is gone or no folder any more, that says all about what was in it. */
static int enter_old(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct stat now;
    int rc = root_stat(comparison->other_fd, entry->path, false, &now);
    if (rc == 0)
        return S_ISDIR(now.st_mode) ? 0 : 1;
    if (rc != -ENOENT)
        return rc;
    comparison_add(comparison, entry->path, CHANGE_DELETED);
    return 1;
}

int vfs_changes(struct hull_arena *arena, int new_fd, int old_fd,
                struct filesystem_change_list *ret, struct hull_problem *problem)
{
    struct comparison forward = {
        .arena = arena, .other_fd = old_fd, .list = ret, .given = layers_is_init_path};
    struct comparison backward = {.arena = arena, .other_fd = new_fd, .list = ret};
    int rc = root_walk(new_fd, enter_new, comparison_leave, &forward);
    if (rc == 0 && old_fd >= 0)
        rc = root_walk(old_fd, enter_old, NULL, &backward);
    if (rc < 0)
        return hull_problem_set(problem, hull_kind_of_errno(-rc), "comparing the layers: %s",
                                strerror(-rc));
    layers_sort_changes(ret);
    return 0;
}
