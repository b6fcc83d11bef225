/*
 * copy.c: copying a tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "vfs.h"

#define XATTR_NAMES_MAX (64 * 1024)
#define XATTR_VALUE_MAX (64 * 1024)
#define SYS_FCHMODAT2 452
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Where the first name of a file with several went. */
struct link {
    ino_t ino;
    char *path;
};

struct copy {
    int to_fd;
    const volatile bool *canceled;
    struct hull_problem *problem;
    struct link *links;
    size_t link_count, link_capacity;
    char *buffer; /* for names and values of xattrs */
};

static int fail(struct copy *copy, int err, const char *path, const char *what)
{
    hull_problem_set(copy->problem, hull_kind_of_errno(err), "copying %s: %s: %s", path, what,
                     strerror(err));
    return -ECANCELED;
}

/* --- hard links ------------------------------------------------------------------------------ */

static struct link *link_slot(struct link *links, size_t capacity, ino_t ino)
{
    size_t at = (size_t)(ino * 0x9e3779b97f4a7c15u >> 20) & (capacity - 1);
    while (links[at].path != NULL && links[at].ino != ino)
        at = (at + 1) & (capacity - 1);
    return &links[at];
}

static int links_grow(struct copy *copy)
{
    size_t capacity = copy->link_capacity > 0 ? copy->link_capacity * 2 : 256;
    struct link *links = calloc(capacity, sizeof(*links));
    if (links == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < copy->link_capacity; i++) {
        if (copy->links[i].path != NULL)
            *link_slot(links, capacity, copy->links[i].ino) = copy->links[i];
    }
    free(copy->links);
    copy->links = links;
    copy->link_capacity = capacity;
    return 0;
}

/* The path at which the file is already, or NULL, and then PATH is noted. */
static int find_link(struct copy *copy, const struct root_entry *entry, const char **ret)
{
    *ret = NULL;
    if (entry->stat.st_nlink < 2)
        return 0;
    if ((copy->link_count + 1) * 2 > copy->link_capacity && links_grow(copy) < 0)
        return fail(copy, ENOMEM, entry->path, "hard links");
    struct link *slot = link_slot(copy->links, copy->link_capacity, entry->stat.st_ino);
    *ret = slot->path;
    if (slot->path == NULL) {
        *slot = (struct link){entry->stat.st_ino, strdup(entry->path)};
        if (slot->path == NULL)
            return fail(copy, ENOMEM, entry->path, "hard links");
        copy->link_count++;
    }
    return 0;
}

/* --- content --------------------------------------------------------------------------------- */

/* For filesystems that can't copy by themselves. */
static int copy_bytes(int from, int to, int64_t offset, int64_t size)
{
    char buffer[32768];
    while (size > 0) {
        size_t want = size < (int64_t)sizeof(buffer) ? (size_t)size : sizeof(buffer);
        ssize_t n = pread(from, buffer, want, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? 0 : -errno;
        if (lseek(to, offset, SEEK_SET) < 0)
            return -errno;
        int rc = root_write_full(to, buffer, (size_t)n);
        if (rc < 0)
            return rc;
        offset += n;
        size -= n;
    }
    return 0;
}

static int copy_range(int from, int to, int64_t offset, int64_t size)
{
    loff_t in = offset, out = offset;
    while (size > 0) {
        ssize_t n = copy_file_range(from, &in, to, &out, (size_t)size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EXDEV || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
            return copy_bytes(from, to, in, size);
        if (n <= 0)
            return n == 0 ? 0 : -errno;
        size -= n;
    }
    return 0;
}

/* Pieces with data only: the rest stays a hole. */
static int copy_content(int from, int to, int64_t size)
{
    if (size == 0 || ioctl(to, FICLONE, from) == 0)
        return 0;
    if (ftruncate(to, size) < 0)
        return -errno;
    for (int64_t at = 0; at < size;) {
        int64_t data = lseek(from, at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? 0 : -errno;
        int64_t hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0)
            return -errno;
        int rc = copy_range(from, to, data, hole - data);
        if (rc < 0)
            return rc;
        at = hole;
    }
    return 0;
}

static int copy_xattrs(struct copy *copy, int from, int to)
{
    char *names = copy->buffer, *value = copy->buffer + XATTR_NAMES_MAX;
    ssize_t size = flistxattr(from, names, XATTR_NAMES_MAX);
    if (size < 0)
        return errno == EOPNOTSUPP ? 0 : -errno;
    for (const char *at = names; at < names + size; at += strlen(at) + 1) {
        ssize_t length = fgetxattr(from, at, value, XATTR_VALUE_MAX);
        if (length < 0 && errno == ENODATA)
            continue;
        if (length < 0 || fsetxattr(to, at, value, (size_t)length, 0) < 0)
            return -errno;
    }
    return 0;
}

static int copy_attributes(struct copy *copy, int from, int to, const struct stat *st)
{
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
        return -errno;
    int rc = copy_xattrs(copy, from, to);
    if (rc == 0 && futimens(to, times) < 0)
        rc = -errno;
    return rc;
}

/* --- entries --------------------------------------------------------------------------------- */

static int copy_file(struct copy *copy, const struct root_entry *entry, int dir_fd)
{
    HULL_AUTO_FD from = openat(entry->dir_fd, entry->name,
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME);
    if (from < 0)
        return fail(copy, errno, entry->path, "opening");
    HULL_AUTO_FD to = openat(dir_fd, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return fail(copy, errno, entry->path, "creating");
    int rc = copy_content(from, to, entry->stat.st_size);
    if (rc == 0)
        rc = copy_attributes(copy, from, to, &entry->stat);
    return rc < 0 ? fail(copy, -rc, entry->path, "copying") : 0;
}

static int copy_other(struct copy *copy, const struct root_entry *entry, int dir_fd)
{
    const struct stat *st = &entry->stat;
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    char target[ROOT_PATH_MAX + 1];
    int rc;
    if (S_ISLNK(st->st_mode)) {
        ssize_t length = readlinkat(entry->dir_fd, entry->name, target, sizeof(target) - 1);
        target[length < 0 ? 0 : length] = '\0';
        rc = length < 0 ? -1 : symlinkat(target, dir_fd, entry->name);
    } else {
        rc = mknodat(dir_fd, entry->name, st->st_mode, st->st_rdev);
    }
    if (rc < 0 || fchownat(dir_fd, entry->name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(copy, errno, entry->path, "creating");
    if (!S_ISLNK(st->st_mode)) { /* mknod minded the umask, and chown cleared some bits */
        rc = (int)syscall(SYS_FCHMODAT2, dir_fd, entry->name, st->st_mode & 07777,
                          AT_SYMLINK_NOFOLLOW);
        if (rc < 0 && errno == ENOSYS) /* nobody else sees this tree yet: it is still the node */
            rc = fchmodat(dir_fd, entry->name, st->st_mode & 07777, 0);
        if (rc < 0)
            return fail(copy, errno, entry->path, "setting the mode");
    }
    if (utimensat(dir_fd, entry->name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(copy, errno, entry->path, "setting the time");
    return 0;
}

static int copy_link(struct copy *copy, const struct root_entry *entry, int dir_fd,
                     const char *first)
{
    char name[NAME_MAX + 1];
    HULL_AUTO_FD first_fd = root_open_parent(copy->to_fd, first, name);
    if (first_fd < 0 || linkat(first_fd, name, dir_fd, entry->name, 0) < 0)
        return fail(copy, first_fd < 0 ? -first_fd : errno, entry->path, "linking");
    return 0;
}

/* What is there of another kind goes; a folder stays for a folder. */
static int make_room(struct copy *copy, const struct root_entry *entry, int dir_fd)
{
    struct stat st;
    if (fstatat(dir_fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail(copy, errno, entry->path, "looking");
    if (S_ISDIR(st.st_mode) && S_ISDIR(entry->stat.st_mode))
        return 0;
    int rc = root_remove_tree(dir_fd, entry->name);
    return rc < 0 ? fail(copy, -rc, entry->path, "replacing") : 0;
}

static int enter(void *ctx, const struct root_entry *entry)
{
    struct copy *copy = ctx;
    char name[NAME_MAX + 1];
    const char *first = NULL;
    if (*copy->canceled) {
        hull_problem_set(copy->problem, HULL_CANCELED, "canceled");
        return -ECANCELED;
    }
    HULL_AUTO_FD dir_fd = root_open_parent(copy->to_fd, entry->path, name);
    if (dir_fd < 0)
        return fail(copy, -dir_fd, entry->path, "opening its folder");
    int rc = make_room(copy, entry, dir_fd);
    if (rc < 0)
        return rc;
    if (S_ISDIR(entry->stat.st_mode))
        return mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST
                   ? fail(copy, errno, entry->path, "creating")
                   : 0;
    if (S_ISSOCK(entry->stat.st_mode))
        return 0;
    rc = find_link(copy, entry, &first);
    if (rc < 0)
        return rc;
    if (first != NULL)
        return copy_link(copy, entry, dir_fd, first);
    return S_ISREG(entry->stat.st_mode) ? copy_file(copy, entry, dir_fd)
                                        : copy_other(copy, entry, dir_fd);
}

/* A folder's time is right when nothing is put into it any more. */
static int leave(void *ctx, const struct root_entry *entry)
{
    struct copy *copy = ctx;
    HULL_AUTO_FD from = openat(entry->dir_fd, entry->name, DIR_FLAGS);
    HULL_AUTO_FD to = root_open(copy->to_fd, entry->path, DIR_FLAGS, 0);
    int rc = from < 0 ? -errno : to;
    if (rc >= 0)
        rc = copy_attributes(copy, from, to, &entry->stat);
    return rc < 0 ? fail(copy, -rc, entry->path, "copying") : 0;
}

int vfs_copy(int from_fd, int to_fd, const volatile bool *canceled, struct hull_problem *problem)
{
    struct copy copy = {.to_fd = to_fd, .canceled = canceled, .problem = problem};
    struct stat st;
    copy.buffer = malloc(XATTR_NAMES_MAX + XATTR_VALUE_MAX);
    HULL_ASSERT(copy.buffer != NULL);
    int rc = root_walk(from_fd, enter, leave, &copy);
    if (rc == 0)
        rc = fstat(from_fd, &st) < 0 ? -errno : copy_attributes(&copy, from_fd, to_fd, &st);
    for (size_t i = 0; i < copy.link_capacity; i++)
        free(copy.links[i].path);
    free(copy.links);
    free(copy.buffer);
    if (rc == -ECANCELED)
        return -(int)problem->kind;
    return rc < 0 ? hull_problem_set(problem, hull_kind_of_errno(-rc), "copying a layer: %s",
                                     strerror(-rc))
                  : 0;
}
