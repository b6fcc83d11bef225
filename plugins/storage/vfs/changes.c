/*
 * changes.c: comparing two whole trees. Files count as changed by kind, mode, owner, size and
 * time, as docker compares them; nothing is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "vfs.h"

enum { MODIFIED = 0, ADDED = 1, DELETED = 2 };

struct comparison {
    struct hull_arena *arena;
    int other_fd; /* the tree that is not walked, or -1 */
    struct filesystem_change_list *list;
};

static void add(struct comparison *comparison, const char *path, int kind)
{
    struct filesystem_change *change = HULL_LIST_ADD(comparison->arena, comparison->list);
    change->path = hull_arena_printf(comparison->arena, "/%s", path);
    change->kind = kind;
}

static int look(const struct comparison *comparison, const char *path, struct stat *ret)
{
    if (comparison->other_fd < 0)
        return -ENOENT;
    int rc = root_stat(comparison->other_fd, path, false, ret);
    return rc == -ENOTDIR || rc == -ELOOP ? -ENOENT : rc;
}

static bool differs(const struct stat *a, const struct stat *b)
{
    if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid ||
        a->st_rdev != b->st_rdev || a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
        a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
        return true;
    return !S_ISDIR(a->st_mode) && a->st_size != b->st_size;
}

static int enter_new(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct stat old;
    int rc = look(comparison, entry->path, &old);
    if (rc == -ENOENT && !layers_is_init_path(entry->path))
        add(comparison, entry->path, ADDED);
    else if (rc == 0 && (S_ISDIR(entry->stat.st_mode) || differs(&entry->stat, &old)))
        add(comparison, entry->path, MODIFIED);
    return rc == -ENOENT ? 0 : rc;
}

/* A folder counts when it differs itself or something in it does. */
static int leave_new(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct filesystem_change_list *list = comparison->list;
    const struct filesystem_change *last = list->n > 0 ? &list->v[list->n - 1] : NULL;
    struct stat old;
    if (last != NULL && last->kind == MODIFIED && strcmp(last->path + 1, entry->path) == 0 &&
        look(comparison, entry->path, &old) == 0 && !differs(&entry->stat, &old))
        list->n--;
    return 0;
}

static int enter_old(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct stat now;
    int rc = look(comparison, entry->path, &now);
    if (rc != -ENOENT)
        return rc;
    add(comparison, entry->path, DELETED);
    return 1;
}

int vfs_changes(struct hull_arena *arena, int new_fd, int old_fd,
                struct filesystem_change_list *ret, struct hull_problem *problem)
{
    struct comparison forward = {.arena = arena, .other_fd = old_fd, .list = ret};
    struct comparison backward = {.arena = arena, .other_fd = new_fd, .list = ret};
    int rc = root_walk(new_fd, enter_new, leave_new, &forward);
    if (rc == 0 && old_fd >= 0)
        rc = root_walk(old_fd, enter_old, NULL, &backward);
    if (rc < 0)
        return hull_problem_set(problem, hull_kind_of_errno(-rc), "comparing the layers: %s",
                                strerror(-rc));
    layers_sort_changes(ret);
    return 0;
}
