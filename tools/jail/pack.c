/*
 * pack.c: from a tree to a tar. The same tree gives the same bytes: names are in byte order.
 *
 * Sockets are left out, as nothing can be made of them again. A file that shrinks while it is
 * read is filled up with zeros; the container may be running.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "jail-int.h"

#define READ_SIZE (64 * 1024)
#define XATTR_NAMES_MAX (64 * 1024)

/* The first name of a file that has several. */
struct inode {
    dev_t dev;
    ino_t ino;
    char *path;
};

struct pack {
    const struct options *options;
    struct counts *counts;
    struct hull_problem *problem;
    struct tar_writer *writer;
    struct hull_arena *arena; /* of one entry */
    const char *prefix;       /* in front of the names found by the walk */
    struct inode *inodes;
    size_t inode_count, inode_capacity;
};

static int fail(const struct pack *pack, int err, const char *path, const char *what)
{
    return jail_errno(pack->problem, err, path, what);
}

/* --- hard links ----------------------------------------------------------------------------- */

static struct inode *inode_slot(struct inode *slots, size_t capacity, const struct stat *st)
{
    size_t at = (size_t)(st->st_ino * 0x9e3779b97f4a7c15u >> 20) & (capacity - 1);
    while (slots[at].path != NULL && (slots[at].ino != st->st_ino || slots[at].dev != st->st_dev))
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static void inodes_grow(struct pack *pack)
{
    size_t capacity = pack->inode_capacity > 0 ? pack->inode_capacity * 2 : 256;
    struct inode *slots = calloc(capacity, sizeof(*slots));
    HULL_ASSERT(slots != NULL);
    for (size_t i = 0; i < pack->inode_capacity; i++) {
        const struct inode *old = &pack->inodes[i];
        struct stat st = {.st_dev = old->dev, .st_ino = old->ino};
        if (old->path != NULL)
            *inode_slot(slots, capacity, &st) = *old;
    }
    free(pack->inodes);
    pack->inodes = slots;
    pack->inode_capacity = capacity;
}

/* The name under which the file is in the tar already, or NULL, and then PATH is that name. */
static const char *first_name(struct pack *pack, const struct stat *st, const char *path)
{
    if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
        return NULL;
    if ((pack->inode_count + 1) * 2 > pack->inode_capacity)
        inodes_grow(pack);
    struct inode *slot = inode_slot(pack->inodes, pack->inode_capacity, st);
    if (slot->path != NULL)
        return slot->path;
    *slot = (struct inode){.dev = st->st_dev, .ino = st->st_ino, .path = strdup(path)};
    HULL_ASSERT(slot->path != NULL);
    pack->inode_count++;
    return NULL;
}

/* --- xattrs --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

static int add_xattr(struct pack *pack, int fd, const char *name, struct tar_entry *entry)
{
    ssize_t size = fgetxattr(fd, name, NULL, 0);
    char *value = hull_arena_alloc(pack->arena, size > 0 ? (size_t)size : 1);
    size = size < 0 ? size : fgetxattr(fd, name, value, (size_t)size);
    if (size < 0)
        return errno == ENODATA || errno == ERANGE ? 0 : fail(pack, errno, entry->path, name);
    struct hull_list list = {.n = entry->xattr_count, .v = entry->xattrs};
    struct tar_xattr *added = hull_list_add(pack->arena, &list, sizeof(*added));
    *added = (struct tar_xattr){name, value, (size_t)size};
    entry->xattrs = list.v;
    entry->xattr_count = list.n;
    return 0;
}

static int add_xattrs(struct pack *pack, int fd, struct tar_entry *entry)
{
    char *names = hull_arena_alloc(pack->arena, XATTR_NAMES_MAX + 1);
    ssize_t size = flistxattr(fd, names, XATTR_NAMES_MAX);
    if (size < 0)
        return errno == EOPNOTSUPP ? 0 : fail(pack, errno, entry->path, "listing its xattrs");
    int rc = 0;
    for (const char *at = names; rc == 0 && at < names + size; at += strlen(at) + 1) {
        if (jail_xattr_wanted(at))
            rc = add_xattr(pack, fd, at, entry);
    }
    if (entry->xattr_count > 1)
        qsort(entry->xattrs, entry->xattr_count, sizeof(*entry->xattrs), by_name);
    return rc;
}

/* --- entries -------------------------------------------------------------------------------- */

static int put(struct pack *pack, const struct tar_entry *entry)
{
    pack->counts->entries++;
    return tar_put(pack->writer, entry, pack->problem);
}

static int put_content(struct pack *pack, int fd, const struct tar_entry *entry)
{
    static char buffer[READ_SIZE];
    int64_t left = entry->size;
    pack->counts->bytes += left;
    while (left > 0) {
        size_t want = left < READ_SIZE ? (size_t)left : READ_SIZE;
        ssize_t n = read(fd, buffer, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(pack, errno, entry->path, "reading");
        if (n == 0) {
            memset(buffer, 0, want);
            n = (ssize_t)want;
        }
        int rc = tar_write(pack->writer, buffer, (size_t)n, pack->problem);
        if (rc < 0)
            return rc;
        left -= n;
    }
    return 0;
}

/* Opened without waiting: it could have become a FIFO since it was looked at. */
static int put_file(struct pack *pack, int dir_fd, const char *name, struct tar_entry *entry)
{
    HULL_AUTO_FD fd =
        openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return errno == ENOENT ? 0 : fail(pack, errno, entry->path, "opening");
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    entry->size = st.st_size;
    int rc = add_xattrs(pack, fd, entry);
    if (rc == 0)
        rc = put(pack, entry);
    return rc < 0 ? rc : put_content(pack, fd, entry);
}

static int put_opaque(struct pack *pack, const struct tar_entry *dir)
{
    struct tar_entry mark = *dir;
    mark.type = TAR_FILE;
    mark.path = hull_arena_printf(pack->arena, "%s.wh..wh..opq", dir->path);
    mark.xattr_count = 0;
    return put(pack, &mark);
}

static int put_dir(struct pack *pack, int dir_fd, const char *name, struct tar_entry *entry)
{
    char value[1];
    HULL_AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail(pack, errno, entry->path, "opening");
    entry->path = hull_arena_printf(pack->arena, "%s/", entry->path);
    int rc = add_xattrs(pack, fd, entry);
    if (rc == 0)
        rc = put(pack, entry);
    bool opaque = rc == 0 && pack->options->layer &&
                  fgetxattr(fd, "trusted.overlay.opaque", value, 1) == 1 && value[0] == 'y';
    return opaque ? put_opaque(pack, entry) : rc;
}

static int put_symlink(struct pack *pack, int dir_fd, const char *name, struct tar_entry *entry)
{
    char *target = hull_arena_alloc(pack->arena, PATH_MAX);
    ssize_t length = readlinkat(dir_fd, name, target, PATH_MAX - 1);
    if (length < 0)
        return errno == ENOENT ? 0 : fail(pack, errno, entry->path, "reading the link");
    entry->link = target;
    return put(pack, entry);
}

/* A device 0:0 of an upper directory: a name that is deleted. */
static int put_whiteout(struct pack *pack, const char *path, const struct stat *st)
{
    const char *slash = strrchr(path, '/');
    int length = slash != NULL ? (int)(slash + 1 - path) : 0;
    struct tar_entry entry = {
        .type = TAR_FILE,
        .path = hull_arena_printf(pack->arena, "%.*s.wh.%s", length, path, path + length),
        .link = "",
        .mode = 0600,
    };
    if (st != NULL)
        entry.mtime.tv_sec = st->st_mtim.tv_sec;
    return put(pack, &entry);
}

static enum tar_type type_of(mode_t mode)
{
    static const struct {
        mode_t mode;
        enum tar_type type;
    } table[] = {{S_IFREG, TAR_FILE}, {S_IFDIR, TAR_DIR},      {S_IFLNK, TAR_SYMLINK},
                 {S_IFCHR, TAR_CHAR}, {S_IFBLK, TAR_BLOCKDEV}, {S_IFIFO, TAR_FIFO}};
    for (size_t i = 0; i < HULL_COUNT(table); i++) {
        if ((mode & S_IFMT) == table[i].mode)
            return table[i].type;
    }
    return (enum tar_type)0;
}

/* NAME in DIR_FD becomes PATH in the tar. */
static int put_entry(struct pack *pack, int dir_fd, const char *name, const char *path,
                     const struct stat *st)
{
    hull_arena_reset(pack->arena);
    if (pack->options->layer && S_ISCHR(st->st_mode) && st->st_rdev == 0)
        return put_whiteout(pack, path, st);
    struct tar_entry entry = {
        .type = type_of(st->st_mode),
        .path = path,
        .link = "",
        .mode = st->st_mode & 07777,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .mtime = st->st_mtim,
        .dev_major = major(st->st_rdev),
        .dev_minor = minor(st->st_rdev),
    };
    if (entry.type == (enum tar_type)0)
        return 0;
    const char *first = first_name(pack, st, path);
    if (first != NULL) {
        entry.type = TAR_LINK;
        entry.link = first;
        return put(pack, &entry);
    }
    if (entry.type == TAR_FILE)
        return put_file(pack, dir_fd, name, &entry);
    if (entry.type == TAR_DIR)
        return put_dir(pack, dir_fd, name, &entry);
    return entry.type == TAR_SYMLINK ? put_symlink(pack, dir_fd, name, &entry) : put(pack, &entry);
}

/* --- what to pack --------------------------------------------------------------------------- */

static int walk_entry(void *ctx, const struct root_entry *entry)
{
    struct pack *pack = ctx;
    char path[3 * ROOT_PATH_MAX];
    bool apart = pack->prefix[0] != '\0' && strcmp(pack->prefix, "/") != 0;
    snprintf(path, sizeof(path), "%s%s%s", pack->prefix, apart ? "/" : "", entry->path);
    if (strlen(path) > TAR_PATH_MAX) {
        hull_problem_set(pack->problem, HULL_INVALID, "%.100s…: the path is too long", path);
        return -ECANCELED;
    }
    return put_entry(pack, entry->dir_fd, entry->name, path, &entry->stat) < 0 ? -ECANCELED : 0;
}

static int pack_tree(struct pack *pack, int dir_fd, const char *prefix)
{
    pack->prefix = prefix;
    int rc = root_walk(dir_fd, walk_entry, NULL, pack);
    if (rc == -ECANCELED)
        return -(int)pack->problem->kind;
    return rc < 0 ? fail(pack, -rc, prefix[0] != '\0' ? prefix : "/", "reading the folder") : 0;
}

/* One file or folder, under the name that was asked for. */
static int pack_path(struct pack *pack, int top_fd, const char *path)
{
    char name[NAME_MAX + 1];
    struct stat st;
    HULL_AUTO_FD parent = root_open_parent(top_fd, path, name);
    if (parent < 0)
        return fail(pack, -parent, path, "opening");
    if (name[0] == '\0') {
        name[0] = '.';
        name[1] = '\0';
    }
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(pack, errno, path, "opening");
    char *as = strdup(pack->options->rename != NULL ? pack->options->rename : name);
    HULL_ASSERT(as != NULL);
    int rc = put_entry(pack, parent, name, strcmp(as, "/") == 0 ? "" : as, &st);
    if (rc < 0 || !S_ISDIR(st.st_mode))
        return rc;
    HULL_AUTO_FD dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return dir < 0 ? fail(pack, errno, path, "opening") : pack_tree(pack, dir, as);
}

static int pack_listed(struct pack *pack, int top_fd, char sign, const char *path)
{
    char name[NAME_MAX + 1];
    struct stat st;
    if (sign == '-') {
        hull_arena_reset(pack->arena);
        return put_whiteout(pack, path, NULL);
    }
    HULL_AUTO_FD parent = root_open_parent(top_fd, path, name);
    if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(pack, parent < 0 ? -parent : errno, path, "opening");
    return put_entry(pack, parent, name, path, &st);
}

static int pack_list(struct pack *pack, int top_fd)
{
    FILE *list = fdopen(FD_LIST, "re");
    char *line = NULL;
    size_t capacity = 0;
    int rc = 0;
    while (rc == 0 && list != NULL) {
        ssize_t length = getdelim(&line, &capacity, '\0', list);
        if (length <= 0)
            break;
        rc = length > 2 ? pack_listed(pack, top_fd, line[0], line + 1)
                        : hull_problem_set(pack->problem, HULL_INVALID, "the list is malformed");
    }
    free(line);
    return list == NULL ? fail(pack, errno, "list", "opening") : rc;
}

int jail_run_pack(const struct options *options, int top_fd, struct counts *counts,
                  struct hull_problem *problem)
{
    struct pack pack = {
        .options = options,
        .counts = counts,
        .problem = problem,
        .writer = tar_writer_new(FD_OUT),
        .arena = hull_arena_new(),
    };
    int rc;
    if (options->list)
        rc = pack_list(&pack, top_fd);
    else if (options->path != NULL)
        rc = pack_path(&pack, top_fd, options->path);
    else
        rc = pack_tree(&pack, top_fd, options->rename != NULL ? options->rename : "");
    if (rc == 0)
        rc = tar_finish(pack.writer, problem);
    counts->written = tar_written(pack.writer);
    return rc;
}
