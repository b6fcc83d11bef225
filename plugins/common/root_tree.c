/*
 * root_tree.c: walking and removing whole trees (root.h).
 *
 * Neither uses the C stack or one descriptor per level without a limit: a container can make
 * folders a million levels deep.
 */
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below this, a folder is moved up beside the top before it is emptied. */
#define REMOVE_DEPTH 40

/* --- names of one folder ------------------------------------------------------------------- */

struct names {
    char **v;
    size_t n, capacity;
};

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->v[i]);
    free(names->v);
}

static int names_add(struct names *names, const char *name)
{
    if (names->n == names->capacity) {
        size_t capacity = names->capacity > 0 ? names->capacity * 2 : 32;
        char **bigger = reallocarray(names->v, capacity, sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        names->v = bigger;
        names->capacity = capacity;
    }
    names->v[names->n] = strdup(name);
    return names->v[names->n] == NULL ? -ENOMEM : (names->n++, 0);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in DIR_FD, which keeps its offset, in byte order. */
static int names_read(int dir_fd, struct names *names)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int rc = -errno;
        if (fd >= 0)
            close(fd);
        return rc;
    }
    int rc = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            rc = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        rc = names_add(names, entry->d_name);
        if (rc < 0)
            break;
    }
    closedir(dir);
    if (names->n > 1)
        qsort(names->v, names->n, sizeof(*names->v), by_bytes);
    return rc;
}

/* --- walking ------------------------------------------------------------------------------- */

struct level {
    int fd;
    struct names names;
    size_t next;
    size_t path_length; /* of the folder itself */
};

struct walker {
    struct level *levels;
    size_t depth, capacity;
    char *path;
    size_t path_capacity;
};

/* Takes FD. */
static int push(struct walker *walker, int fd, size_t path_length)
{
    if (walker->depth > ROOT_DEPTH_MAX) {
        close(fd);
        return -ENAMETOOLONG;
    }
    if (walker->depth == walker->capacity) {
        size_t capacity = walker->capacity > 0 ? walker->capacity * 2 : 16;
        struct level *bigger = reallocarray(walker->levels, capacity, sizeof(*bigger));
        if (bigger == NULL) {
            close(fd);
            return -ENOMEM;
        }
        walker->levels = bigger;
        walker->capacity = capacity;
    }
    struct level *level = &walker->levels[walker->depth++];
    *level = (struct level){.fd = fd, .path_length = path_length};
    return names_read(fd, &level->names);
}

static void pop(struct walker *walker)
{
    struct level *level = &walker->levels[--walker->depth];
    names_done(&level->names);
    close(level->fd);
}

/* Set the path to the first LENGTH bytes of what it is, and NAME. */
static int set_path(struct walker *walker, size_t length, const char *name)
{
    size_t need = length + strlen(name) + 2;
    if (need > walker->path_capacity) {
        char *bigger = realloc(walker->path, need * 2);
        if (bigger == NULL)
            return -ENOMEM;
        walker->path = bigger;
        walker->path_capacity = need * 2;
    }
    if (length > 0)
        walker->path[length++] = '/';
    memcpy(walker->path + length, name, strlen(name) + 1);
    return 0;
}

static int visit(struct walker *walker, root_walk_fn *fn, void *ctx, size_t at, const char *name,
                 struct root_entry *entry)
{
    struct level *level = &walker->levels[at];
    int rc = set_path(walker, level->path_length, name);
    if (rc < 0)
        return rc;
    *entry =
        (struct root_entry){.dir_fd = level->fd, .name = name, .path = walker->path, .depth = at};
    if (fstatat(level->fd, name, &entry->stat, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 1 : -errno; /* it went away meanwhile */
    return fn == NULL ? 0 : fn(ctx, entry);
}

/* The next entry of the innermost folder, or out of it. */
static int step(struct walker *walker, root_walk_fn *enter, root_walk_fn *leave, void *ctx)
{
    struct root_entry entry;
    struct level *level = &walker->levels[walker->depth - 1];
    if (level->next == level->names.n) {
        pop(walker);
        if (walker->depth == 0)
            return 0;
        level = &walker->levels[walker->depth - 1];
        int rc =
            visit(walker, leave, ctx, walker->depth - 1, level->names.v[level->next - 1], &entry);
        return rc < 0 ? rc : 0;
    }
    const char *name = level->names.v[level->next++];
    int rc = visit(walker, enter, ctx, walker->depth - 1, name, &entry);
    if (rc != 0 || !S_ISDIR(entry.stat.st_mode))
        return rc < 0 ? rc : 0;
    int fd = openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    return push(walker, fd, strlen(walker->path));
}

int root_walk(int dir_fd, root_walk_fn *enter, root_walk_fn *leave, void *ctx)
{
    struct walker walker = {};
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : push(&walker, fd, 0);
    while (rc == 0 && walker.depth > 0)
        rc = step(&walker, enter, leave, ctx);
    while (walker.depth > 0)
        pop(&walker);
    free(walker.levels);
    free(walker.path);
    return rc;
}

/* --- removing ------------------------------------------------------------------------------ */

struct remover {
    int top_fd;       /* where deep folders are moved to */
    const char *name; /* of the tree; moved folders are NAME.0, NAME.1 … */
    size_t moved;     /* how many were made */
};

static int remove_content(struct remover *remover, int fd, size_t depth);

/* Move a folder that lies too deep beside the top, from where it is removed later. */
static int move_up(struct remover *remover, int dir_fd, const char *name)
{
    char beside[NAME_MAX + 32];
    for (;;) {
        snprintf(beside, sizeof(beside), "%.200s.%zu", remover->name, remover->moved++);
        struct stat st;
        if (fstatat(remover->top_fd, beside, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
            break;
    }
    return renameat(dir_fd, name, remover->top_fd, beside) < 0 ? -errno : 0;
}

/* A folder that is not empty. */
static int remove_folder(struct remover *remover, int dir_fd, const char *name, size_t depth)
{
    if (depth >= REMOVE_DEPTH)
        return move_up(remover, dir_fd, name);
    HULL_AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    int rc = remove_content(remover, fd, depth + 1);
    if (rc < 0)
        return rc;
    return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_entry(struct remover *remover, int dir_fd, const char *name, size_t depth)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    int err = errno;
    if (err != EISDIR && err != EPERM)
        return -err;
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno == ENOTDIR) /* a file that must not be removed: immutable */
        return -err;
    return errno == ENOTEMPTY || errno == EEXIST ? remove_folder(remover, dir_fd, name, depth)
                                                 : -errno;
}

static int remove_content(struct remover *remover, int fd, size_t depth)
{
    struct names names = {};
    int rc = names_read(fd, &names);
    for (size_t i = 0; rc == 0 && i < names.n; i++)
        rc = remove_entry(remover, fd, names.v[i], depth);
    names_done(&names);
    return rc;
}

int root_remove_tree(int dir_fd, const char *name)
{
    struct remover remover = {.top_fd = dir_fd, .name = name};
    int rc = remove_entry(&remover, dir_fd, name, 0);
    char beside[NAME_MAX + 32];
    for (size_t i = 0; rc == 0 && i < remover.moved; i++) {
        snprintf(beside, sizeof(beside), "%.200s.%zu", name, i);
        rc = remove_entry(&remover, dir_fd, beside, 0);
    }
    return rc;
}
