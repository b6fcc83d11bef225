/*
 * layers_changes.c: comparing entries of two trees (layers_changes.h). Kind, mode, owner,
 * device and file capabilities count, and of what is no folder its size and time; no content is
 * read. docker looks at the same.
 */
#include "layers_changes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include <hull/arena.h>

#define CAPABILITY_MAX 64 /* of the kernel's struct vfs_ns_cap_data: 24 */

void comparison_add(struct comparison *comparison, const char *path, enum change_kind kind)
{
    struct filesystem_change *change = HULL_LIST_ADD(comparison->arena, comparison->list);
    change->path = hull_arena_printf(comparison->arena, "/%s", path);
    change->kind = kind;
}

/* stat of PATH in the other tree, or -ENOENT. What is around PATH is a folder there. */
static int look(const struct comparison *comparison, const char *path, struct stat *ret)
{
    if (comparison->other_fd < 0 || comparison->alone != NULL)
        return -ENOENT;
    return root_stat(comparison->other_fd, path, false, ret);
}

static ssize_t capability(int fd, char *ret)
{
    ssize_t size = fd < 0 ? -1 : fgetxattr(fd, "security.capability", ret, CAPABILITY_MAX);
    return size < 0 ? 0 : size;
}

static bool same_capability(const struct comparison *comparison, const struct root_entry *entry)
{
    static const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    char here[CAPABILITY_MAX], there[CAPABILITY_MAX];
    HULL_AUTO_FD here_fd = openat(entry->dir_fd, entry->name, flags);
    HULL_AUTO_FD there_fd = root_open(comparison->other_fd, entry->path, flags, 0);
    ssize_t size = capability(here_fd, here);
    return size == capability(there_fd, there) && memcmp(here, there, (size_t)size) == 0;
}

static bool differs(const struct comparison *comparison, const struct root_entry *entry,
                    const struct stat *there)
{
    const struct stat *here = &entry->stat;
    if (here->st_mode != there->st_mode || here->st_uid != there->st_uid ||
        here->st_gid != there->st_gid || here->st_rdev != there->st_rdev)
        return true;
    if (S_ISDIR(here->st_mode)) /* its time says only that a name came or went */
        return false;
    return here->st_size != there->st_size || here->st_mtim.tv_sec != there->st_mtim.tv_sec ||
           here->st_mtim.tv_nsec != there->st_mtim.tv_nsec ||
           (S_ISREG(here->st_mode) && !same_capability(comparison, entry));
}

int comparison_enter(struct comparison *comparison, const struct root_entry *entry, bool *ret_both)
{
    struct stat there;
    bool folder = S_ISDIR(entry->stat.st_mode);
    int rc = look(comparison, entry->path, &there);
    *ret_both = rc == 0 && folder && S_ISDIR(there.st_mode);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    bool given = comparison->given != NULL && comparison->given(entry->path);
    if (rc < 0 && !given)
        comparison_add(comparison, entry->path, CHANGE_ADDED);
    else if (rc == 0 && (folder || differs(comparison, entry, &there)))
        comparison_add(comparison, entry->path, CHANGE_MODIFIED);
    if (folder && !*ret_both && comparison->alone == NULL)
        comparison->alone = hull_arena_strdup(comparison->arena, entry->path);
    return 0;
}

int comparison_leave(void *ctx, const struct root_entry *entry)
{
    struct comparison *comparison = ctx;
    struct filesystem_change_list *list = comparison->list;
    const struct filesystem_change *last = list->n > 0 ? &list->v[list->n - 1] : NULL;
    struct stat there;
    if (comparison->alone != NULL) {
        if (strcmp(comparison->alone, entry->path) == 0)
            comparison->alone = NULL;
        return 0;
    }
    if (last != NULL && last->kind == CHANGE_MODIFIED && strcmp(last->path + 1, entry->path) == 0 &&
        look(comparison, entry->path, &there) == 0 && !differs(comparison, entry, &there))
        list->n--;
    return 0;
}
