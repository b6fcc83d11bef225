/*
 * changes.c: what an upper directory changes in the layers below it.
 *
 * Only the upper directory is walked. What was there before is asked of a mount of the layers
 * without it, in which whiteouts between the layers are resolved already.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "overlay.h"

enum { MODIFIED = 0, ADDED = 1, DELETED = 2 };

struct comparison {
    struct hull_arena *arena;
    int lower_fd;
    struct filesystem_change_list *list;
};

static void add(struct comparison *comparison, const char *path, int kind)
{
    struct filesystem_change *change = HULL_LIST_ADD(comparison->arena, comparison->list);
    change->path = hull_arena_printf(comparison->arena, "/%s", path);
    change->kind = kind;
}

/* Was it there before, and of what kind? */
static int look_below(const struct comparison *comparison, const char *path, struct stat *ret)
{
    int rc = root_stat(comparison->lower_fd, path, false, ret);
    /* ENOTDIR, ELOOP: a folder replaced what was a file or a link. */
    return rc == -ENOTDIR || rc == -ELOOP ? -ENOENT : rc;
}

/* A new folder in place of an old one hides what the old one had. */
struct hidden {
    struct comparison *comparison;
    int upper_fd;
    const char *path;
};

static int add_hidden(void *ctx, const struct root_entry *entry)
{
    struct hidden *hidden = ctx;
    struct stat st;
    if (fstatat(hidden->upper_fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        add(hidden->comparison,
            hull_arena_printf(hidden->comparison->arena, "%s/%s", hidden->path, entry->name),
            DELETED);
    return 1;
}

static int opaque_dir(struct comparison *comparison, const struct root_entry *entry)
{
    char value;
    HULL_AUTO_FD fd =
        openat(entry->dir_fd, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fgetxattr(fd, "trusted.overlay.opaque", &value, 1) != 1 || value != 'y')
        return 0;
    HULL_AUTO_FD below =
        root_open(comparison->lower_fd, entry->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    struct hidden hidden = {comparison, fd, entry->path};
    return below < 0 ? 0 : root_walk(below, add_hidden, NULL, &hidden);
}

static bool same_attributes(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int enter(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct stat below;
    if (S_ISCHR(entry->stat.st_mode) && entry->stat.st_rdev == 0) {
        add(comparison, entry->path, DELETED);
        return 0;
    }
    int rc = look_below(comparison, entry->path, &below);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    add(comparison, entry->path, rc < 0 ? ADDED : MODIFIED);
    return rc == 0 && S_ISDIR(entry->stat.st_mode) && S_ISDIR(below.st_mode)
               ? opaque_dir(comparison, entry)
               : 0;
}

/* A folder that was only copied up on the way to something counts when that something does. */
static int leave(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct filesystem_change_list *list = comparison->list;
    const struct filesystem_change *last = list->n > 0 ? &list->v[list->n - 1] : NULL;
    struct stat below;
    if (last != NULL && last->kind == MODIFIED && strcmp(last->path + 1, entry->path) == 0 &&
        look_below(comparison, entry->path, &below) == 0 && same_attributes(&entry->stat, &below))
        list->n--;
    return 0;
}

int ovl_changes(struct hull_arena *arena, int upper_fd, int lower_fd,
                struct filesystem_change_list *ret, struct hull_problem *problem)
{
    struct comparison comparison = {.arena = arena, .lower_fd = lower_fd, .list = ret};
    int rc = root_walk(upper_fd, enter, leave, &comparison);
    if (rc < 0)
        return hull_problem_set(problem, hull_kind_of_errno(-rc), "comparing the layers: %s",
                                strerror(-rc));
    layers_sort_changes(ret);
    return 0;
}
