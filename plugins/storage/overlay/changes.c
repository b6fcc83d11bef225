/*
 * changes.c: what an upper directory changes in the layers below it.
 *
 * Only the upper directory is walked. What was there before is asked of a mount of the layers
 * without it, in which whiteouts between the layers are resolved already.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "layers_changes.h"
#include "overlay.h"

/* A walk through an upper directory. */
struct upper {
    struct comparison comparison;
    const char *opaque; /* the outermost folder that hides what is below it, in the arena */
};

/* A folder of the upper directory that hides what the one below it has. */
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
        comparison_add(
            hidden->comparison,
            hull_arena_printf(hidden->comparison->arena, "%s/%s", hidden->path, entry->name),
            CHANGE_DELETED);
    return 1;
}

static bool is_opaque(int fd)
{
    char value;
    return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* The kernel marks the outermost one only: what is in it lies beside nothing. */
static int look_for_hidden(struct upper *upper, const struct root_entry *entry)
{
    struct comparison *comparison = &upper->comparison;
    HULL_AUTO_FD fd =
        openat(entry->dir_fd, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    if (upper->opaque == NULL && !is_opaque(fd))
        return 0;
    if (upper->opaque == NULL)
        upper->opaque = hull_arena_strdup(comparison->arena, entry->path);
    HULL_AUTO_FD below =
        root_open(comparison->other_fd, entry->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    struct hidden hidden = {comparison, fd, entry->path};
    return below < 0 ? below : root_walk(below, add_hidden, NULL, &hidden);
}

static int enter(void *ctx, const struct root_entry *entry)
{
    struct upper *upper = ctx;
    bool both;
    if (S_ISCHR(entry->stat.st_mode) && entry->stat.st_rdev == 0) {
        comparison_add(&upper->comparison, entry->path, CHANGE_DELETED);
        return 0;
    }
    int rc = comparison_enter(&upper->comparison, entry, &both);
    return rc == 0 && both ? look_for_hidden(upper, entry) : rc;
}

static int leave(void *ctx, const struct root_entry *entry)
{
    struct upper *upper = ctx;
    if (upper->opaque != NULL && strcmp(upper->opaque, entry->path) == 0)
        upper->opaque = NULL;
    return comparison_leave(&upper->comparison, entry);
}

int ovl_changes(struct hull_arena *arena, int upper_fd, int lower_fd,
                struct filesystem_change_list *ret, struct hull_problem *problem)
{
    struct upper upper = {.comparison = {.arena = arena, .other_fd = lower_fd, .list = ret}};
    int rc = root_walk(upper_fd, enter, leave, &upper);
    if (rc < 0)
        return hull_problem_set(problem, hull_kind_of_errno(-rc), "comparing the layers: %s",
                                strerror(-rc));
    layers_sort_changes(ret);
    return 0;
}
