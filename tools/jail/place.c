/*
 * place.c: from a name in a tar to an open folder and a plain name in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jail-int.h"

int place_clean(struct unpack *unpack, const char *name, char *ret_path)
{
    size_t used = 0;
    for (const char *at = name; *at != '\0';) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");
        const char *part = at;
        at += length;
        if (length == 0 || (length == 1 && part[0] == '.'))
            continue;
        if (length == 2 && memcmp(part, "..", 2) == 0)
            return hull_problem_set(unpack->problem, HULL_INVALID,
                                    "%.300s: the name leaves the tree by \"..\"", name);
        if (length > NAME_MAX || used + length + 1 > ROOT_PATH_MAX)
            return hull_problem_set(unpack->problem, HULL_INVALID, "%.200s: the name is too long",
                                    name);
        if (used > 0)
            ret_path[used++] = '/';
        memcpy(ret_path + used, part, length);
        used += length;
    }
    ret_path[used] = '\0';
    return 0;
}

void place_forget(struct unpack *unpack)
{
    if (unpack->parent_fd >= 0)
        close(unpack->parent_fd);
    unpack->parent_fd = -1;
}

/* Open the folder NAME; a link is followed only in a container's tree. */
static int open_part(const struct unpack *unpack, int dir_fd, const char *name)
{
    int flags = O_PATH | O_DIRECTORY | O_CLOEXEC | (unpack->follow ? 0 : O_NOFOLLOW);
    int fd = openat(dir_fd, name, flags);
    return fd < 0 ? -errno : fd;
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* A folder that the tar has no entry for. */
static int make_part(struct unpack *unpack, int dir_fd, const char *name)
{
    struct stat st;
    bool hidden = false;
    if (!unpack->follow && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(&st))
        hidden = unlinkat(dir_fd, name, 0) == 0;
    if (mkdirat(dir_fd, name, 0755) < 0)
        return -errno;
    if (hidden && whiteout_opaque(unpack, dir_fd, name) < 0)
        return -EIO;
    const struct options *options = unpack->options;
    if (options->set_owner &&
        fchownat(dir_fd, name, (uid_t)options->uid, (gid_t)options->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return open_part(unpack, dir_fd, name);
}

static int refuse_part(struct unpack *unpack, int dir_fd, const char *part, int err)
{
    struct stat st;
    const char *path = unpack->entry->path;
    if (fstatat(dir_fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
        !unpack->follow)
        return hull_problem_set(
            unpack->problem, HULL_INVALID,
            "%.300s: \"%.100s\" on the way is a symbolic link, which is not followed", path, part);
    if (err == ENOTDIR)
        return hull_problem_set(unpack->problem, HULL_INVALID,
                                "%.300s: \"%.100s\" on the way is not a directory", path, part);
    return jail_errno(unpack->problem, err, path, "opening its folder");
}

/* Go down from the base along PARENT; a step at a time. */
static int descend(struct unpack *unpack, const char *parent, bool make)
{
    char part[NAME_MAX + 1];
    int dir_fd = fcntl(unpack->base_fd, F_DUPFD_CLOEXEC, 3);
    while (dir_fd >= 0 && *parent != '\0') {
        size_t length = strcspn(parent, "/");
        memcpy(part, parent, length);
        part[length] = '\0';
        parent += length + (parent[length] == '/');
        int fd = open_part(unpack, dir_fd, part);
        /* A whiteout is no folder yet, but what is behind it may be put in place of it. */
        if (make && (fd == -ENOENT || fd == -ENOTDIR)) {
            int made = make_part(unpack, dir_fd, part);
            fd = made == -EEXIST ? fd : made;
        }
        bool missing = fd == -ENOENT && !make;
        if (fd < 0)
            fd = missing ? -HULL_NOT_FOUND : refuse_part(unpack, dir_fd, part, -fd);
        close(dir_fd);
        if (fd < 0)
            return fd;
        dir_fd = fd;
    }
    if (dir_fd < 0)
        return jail_errno(unpack->problem, errno, unpack->entry->path, "opening its folder");
    return dir_fd;
}

int place_find(struct unpack *unpack, const char *path, bool make, struct place *ret)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) : 0;
    bool known = unpack->parent_fd >= 0 && strlen(unpack->parent) == length &&
                 memcmp(unpack->parent, path, length) == 0;
    if (!known) {
        place_forget(unpack);
        memcpy(unpack->parent, path, length);
        unpack->parent[length] = '\0';
        int fd = descend(unpack, unpack->parent, make);
        if (fd < 0)
            return fd;
        unpack->parent_fd = fd;
    }
    *ret = (struct place){
        .parent_fd = unpack->parent_fd,
        .name = slash != NULL ? slash + 1 : path,
        .path = path,
    };
    return 0;
}

/* --- a set of paths ------------------------------------------------------------------------- */

static size_t hash(const char *text)
{
    uint64_t value = 14695981039346656037u;
    for (; *text != '\0'; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(value ^ value >> 29);
}

static char **slot_of(const struct paths *paths, const char *path)
{
    size_t at = hash(path) & (paths->capacity - 1);
    while (paths->slots[at] != NULL && strcmp(paths->slots[at], path) != 0)
        at = (at + 1) & (paths->capacity - 1);
    return &paths->slots[at];
}

bool paths_have(const struct paths *paths, const char *path)
{
    return paths->capacity > 0 && *slot_of(paths, path) != NULL;
}

static void grow(struct paths *paths)
{
    struct paths bigger = {.capacity = paths->capacity > 0 ? paths->capacity * 2 : 1024};
    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    HULL_ASSERT(bigger.slots != NULL);
    for (size_t i = 0; i < paths->capacity; i++) {
        if (paths->slots[i] != NULL)
            *slot_of(&bigger, paths->slots[i]) = paths->slots[i];
    }
    bigger.used = paths->used;
    free(paths->slots);
    *paths = bigger;
}

void paths_add(struct paths *paths, const char *path)
{
    if ((paths->used + 1) * 2 > paths->capacity)
        grow(paths);
    char **slot = slot_of(paths, path);
    if (*slot == NULL) {
        *slot = strdup(path);
        HULL_ASSERT(*slot != NULL);
        paths->used++;
    }
}
