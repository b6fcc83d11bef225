/*
 * layers_tree.c: what is done with whole trees of layers (layers.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layers.h"
#include "root.h"

#define XATTR_NAMES_MAX (64 * 1024) /* the kernel's limits */
#define XATTR_VALUE_MAX (64 * 1024)

/* --- sizes ---------------------------------------------------------------------------------- */

struct usage {
    int64_t bytes;
    ino_t *seen; /* of files with several names */
    size_t count, capacity;
};

static int by_inode(const void *a, const void *b)
{
    ino_t left = *(const ino_t *)a, right = *(const ino_t *)b;
    return left < right ? -1 : left > right;
}

static int add_entry(void *ctx, const struct root_entry *entry)
{
    struct usage *usage = ctx;
    const struct stat *st = &entry->stat;
    if (S_ISDIR(st->st_mode))
        return 0;
    if (st->st_nlink == 1) {
        usage->bytes += st->st_size;
        return 0;
    }
    if (usage->count == usage->capacity) {
        size_t capacity = usage->capacity > 0 ? usage->capacity * 2 : 64;
        ino_t *bigger = reallocarray(usage->seen, capacity, sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        usage->seen = bigger;
        usage->capacity = capacity;
    }
    /* All names are noted with the size's share added later, once per inode. */
    usage->seen[usage->count++] = st->st_ino;
    return 0;
}

/* The second pass adds each file with several names when its first one comes along. */
static int add_linked(void *ctx, const struct root_entry *entry)
{
    struct usage *usage = ctx;
    const struct stat *st = &entry->stat;
    if (S_ISDIR(st->st_mode) || st->st_nlink == 1)
        return 0;
    ino_t *found = bsearch(&st->st_ino, usage->seen, usage->count, sizeof(*usage->seen), by_inode);
    if (found == NULL)
        return 0;
    usage->bytes += st->st_size;
    memmove(found, found + 1, (size_t)(usage->seen + usage->count - (found + 1)) * sizeof(*found));
    usage->count--;
    return 0;
}

static void drop_twins(struct usage *usage)
{
    size_t kept = 0;
    qsort(usage->seen, usage->count, sizeof(*usage->seen), by_inode);
    for (size_t i = 0; i < usage->count; i++) {
        if (i == 0 || usage->seen[i] != usage->seen[i - 1])
            usage->seen[kept++] = usage->seen[i];
    }
    usage->count = kept;
}

int64_t layers_usage(int dir_fd)
{
    struct usage usage = {};
    int rc = root_walk(dir_fd, add_entry, NULL, &usage);
    if (rc == 0 && usage.count > 0) {
        drop_twins(&usage);
        rc = root_walk(dir_fd, add_linked, NULL, &usage);
    }
    free(usage.seen);
    return rc < 0 ? rc : usage.bytes;
}

/* --- attributes ------------------------------------------------------------------------------ */

static int copy_xattr(int from_fd, int to_fd, const char *name, char *value)
{
    ssize_t size = fgetxattr(from_fd, name, value, XATTR_VALUE_MAX);
    if (size < 0)
        return errno == ENODATA ? 0 : -errno;
    return fsetxattr(to_fd, name, value, (size_t)size, 0) < 0 ? -errno : 0;
}

int layers_copy_dir_attributes(int from_fd, int to_fd)
{
    struct stat st;
    if (fstat(from_fd, &st) < 0 || fchown(to_fd, st.st_uid, st.st_gid) < 0 ||
        fchmod(to_fd, st.st_mode & 07777) < 0)
        return -errno;
    HULL_AUTO_FREE char *names = malloc(XATTR_NAMES_MAX + XATTR_VALUE_MAX);
    if (names == NULL)
        return -ENOMEM;
    char *value = names + XATTR_NAMES_MAX;
    ssize_t size = flistxattr(from_fd, names, XATTR_NAMES_MAX);
    if (size < 0 && errno != EOPNOTSUPP)
        return -errno;
    for (const char *at = names; size > 0 && at < names + size; at += strlen(at) + 1) {
        int rc = strncmp(at, "user.", 5) == 0 ? copy_xattr(from_fd, to_fd, at, value) : 0;
        if (rc < 0 && rc != -EOPNOTSUPP)
            return rc;
    }
    return 0;
}

/* --- the init layer -------------------------------------------------------------------------- */

/* Target of a link; "" makes a file, NULL a folder. Folders before what is in them. */
static const struct {
    const char *path, *link;
} init_paths[] = {
    {"dev", NULL},           {"dev/pts", NULL},    {"dev/shm", NULL}, {"dev/console", ""},
    {"etc", NULL},           {"etc/hostname", ""}, {"etc/hosts", ""}, {"etc/mtab", "/proc/mounts"},
    {"etc/resolv.conf", ""}, {"proc", NULL},       {"sys", NULL},     {".dockerenv", ""},
};

bool layers_is_init_path(const char *path)
{
    for (size_t i = 0; i < HULL_COUNT(init_paths); i++) {
        if (strcmp(init_paths[i].path, path) == 0)
            return true;
    }
    return false;
}

static int make_init_path(int dir_fd, const char *path, const char *link)
{
    HULL_AUTO_FD fd = -1;
    if (link == NULL) {
        fd = layers_make_dir(dir_fd, path, 0755);
        return fd < 0 ? fd : 0;
    }
    if (link[0] != '\0')
        return symlinkat(link, dir_fd, path) < 0 ? -errno : 0;
    fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    return fd < 0 || fchmod(fd, 0755) < 0 ? -errno : 0;
}

static int make_init(const struct layers *layers)
{
    char tmp[64], diff[80];
    int rc = layers_make_tmp(layers, "init", tmp);
    if (rc < 0)
        return rc;
    snprintf(diff, sizeof(diff), "%s/diff", tmp);
    HULL_AUTO_FD fd = layers_make_dir(layers->root_fd, diff, 0755);
    rc = fd < 0 ? fd : 0;
    for (size_t i = 0; rc == 0 && i < HULL_COUNT(init_paths); i++)
        rc = make_init_path(fd, init_paths[i].path, init_paths[i].link);
    if (rc == 0 && syncfs(fd) < 0)
        rc = -errno;
    if (rc == 0 && renameat2(layers->root_fd, tmp, layers->root_fd, "init", RENAME_NOREPLACE) < 0)
        rc = errno == EEXIST ? 0 : -errno;
    int removed = root_remove_tree(layers->root_fd, tmp);
    return rc < 0 ? rc : removed;
}

int layers_open_init(const struct layers *layers)
{
    int fd = layers_open_diff(layers, "init");
    if (fd != -ENOENT)
        return fd;
    int rc = make_init(layers);
    return rc < 0 ? rc : layers_open_diff(layers, "init");
}
