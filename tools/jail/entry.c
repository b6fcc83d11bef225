/*
 * entry.c: making one entry of a tar. Everything is new: what has the name already is removed
 * first, and files are made with O_EXCL, so that no link of the tree is ever written through.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "jail-int.h"

#define SYS_FCHMODAT2 452
/* Zeros at least this long are left out of the file. */
#define HOLE_SIZE 4096

bool jail_xattr_wanted(const char *name)
{
    return strcmp(name, "security.capability") == 0 ||
           (strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0);
}

static int fail(const struct unpack *unpack, int err, const char *what)
{
    return jail_errno(unpack->problem, err, unpack->entry->path, what);
}

static uid_t owner_of(const struct unpack *unpack)
{
    return (uid_t)(unpack->options->set_owner ? unpack->options->uid : unpack->entry->uid);
}

static gid_t group_of(const struct unpack *unpack)
{
    return (gid_t)(unpack->options->set_owner ? unpack->options->gid : unpack->entry->gid);
}

/* --- attributes ----------------------------------------------------------------------------- */

static int set_xattrs(const struct unpack *unpack, int fd)
{
    const struct tar_entry *entry = unpack->entry;
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *xattr = &entry->xattrs[i];
        if (!jail_xattr_wanted(xattr->name))
            continue;
        if (fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) < 0 && errno != EOPNOTSUPP)
            return fail(unpack, errno, "setting an xattr");
    }
    return 0;
}

/* Of a file or folder by its descriptor. The owner first: changing it clears modes and caps. */
static int set_by_fd(const struct unpack *unpack, int fd)
{
    const struct tar_entry *entry = unpack->entry;
    struct timespec times[2] = {entry->mtime, entry->mtime};
    if (fchown(fd, owner_of(unpack), group_of(unpack)) < 0)
        return fail(unpack, errno, "setting the owner");
    if (fchmod(fd, entry->mode) < 0)
        return fail(unpack, errno, "setting the mode");
    int rc = set_xattrs(unpack, fd);
    if (rc == 0 && futimens(fd, times) < 0)
        return fail(unpack, errno, "setting the time");
    return rc;
}

/* Of what is not opened: links, devices. A node is new and has its mode from mknod. */
static int set_by_name(const struct unpack *unpack, const struct place *place)
{
    const struct tar_entry *entry = unpack->entry;
    struct timespec times[2] = {entry->mtime, entry->mtime};
    if (fchownat(place->parent_fd, place->name, owner_of(unpack), group_of(unpack),
                 AT_SYMLINK_NOFOLLOW) < 0)
        return fail(unpack, errno, "setting the owner");
    if (entry->type != TAR_SYMLINK && entry->mode & 07000)
        syscall(SYS_FCHMODAT2, place->parent_fd, place->name, entry->mode, AT_SYMLINK_NOFOLLOW);
    if (utimensat(place->parent_fd, place->name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(unpack, errno, "setting the time");
    return 0;
}

/* --- kinds ---------------------------------------------------------------------------------- */

static bool all_zero(const char *data, size_t size)
{
    return data[0] == '\0' && memcmp(data, data + 1, size - 1) == 0;
}

static int write_at(struct unpack *unpack, int fd, const char *data, size_t size, int64_t offset)
{
    if (size >= HOLE_SIZE && all_zero(data, size))
        return 0;
    while (size > 0) {
        ssize_t n = pwrite(fd, data, size, offset);
        if (n < 0 && errno != EINTR)
            return fail(unpack, errno, "writing");
        if (n > 0) {
            data += n;
            offset += n;
            size -= (size_t)n;
            unpack->counts->written += n;
        }
    }
    return 0;
}

static int write_data(struct unpack *unpack, int fd)
{
    const char *data;
    size_t size;
    int64_t offset;
    for (;;) {
        int rc = tar_data(unpack->reader, &data, &size, &offset, unpack->problem);
        if (rc < 0)
            return hull_problem_set(unpack->problem, (enum hull_kind) - rc, "%.300s: %s",
                                    unpack->entry->path,
                                    strdupa(unpack->problem->text)); /* at most 512 bytes */
        if (rc == 0)
            break;
        rc = write_at(unpack, fd, data, size, offset);
        if (rc < 0)
            return rc;
    }
    return ftruncate(fd, unpack->entry->size) < 0 ? fail(unpack, errno, "setting the size") : 0;
}

static int make_file(struct unpack *unpack, const struct place *place)
{
    HULL_AUTO_FD fd = openat(place->parent_fd, place->name,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(unpack, errno, "creating");
    int rc = write_data(unpack, fd);
    return rc < 0 ? rc : set_by_fd(unpack, fd);
}

static int remember_time(struct unpack *unpack, const struct place *place)
{
    if (unpack->time_count == unpack->time_capacity) {
        size_t capacity = unpack->time_capacity > 0 ? unpack->time_capacity * 2 : 64;
        struct dir_time *bigger = reallocarray(unpack->times, capacity, sizeof(*bigger));
        HULL_ASSERT(bigger != NULL);
        unpack->times = bigger;
        unpack->time_capacity = capacity;
    }
    char *path = strdup(place->path);
    HULL_ASSERT(path != NULL);
    unpack->times[unpack->time_count++] = (struct dir_time){path, unpack->entry->mtime};
    return 0;
}

/* HIDDEN: it takes the place of a whiteout, and must not show what the whiteout hid. */
static int make_dir(struct unpack *unpack, const struct place *place, bool exists, bool hidden)
{
    if (!exists && mkdirat(place->parent_fd, place->name, 0700) < 0)
        return fail(unpack, errno, "creating");
    const char *name = place->name[0] != '\0' ? place->name : ".";
    HULL_AUTO_FD fd =
        openat(place->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(unpack, errno, "opening");
    int rc = hidden ? whiteout_opaque(unpack, place->parent_fd, name) : 0;
    if (rc == 0)
        rc = set_by_fd(unpack, fd);
    return rc < 0 ? rc : remember_time(unpack, place);
}

static int make_symlink(struct unpack *unpack, const struct place *place)
{
    if (unpack->entry->link[0] == '\0')
        return hull_problem_set(unpack->problem, HULL_INVALID, "%.300s: a link without a target",
                                unpack->entry->path);
    if (symlinkat(unpack->entry->link, place->parent_fd, place->name) < 0)
        return fail(unpack, errno, "creating");
    return set_by_name(unpack, place);
}

static int make_node(struct unpack *unpack, const struct place *place)
{
    const struct tar_entry *entry = unpack->entry;
    mode_t type = entry->type == TAR_CHAR ? S_IFCHR : entry->type == TAR_FIFO ? S_IFIFO : S_IFBLK;
    dev_t device = 0;
    if (type != S_IFIFO) {
        if (entry->dev_major < 0 || entry->dev_major > 4095 || entry->dev_minor < 0 ||
            entry->dev_minor > 0xfffff)
            return hull_problem_set(unpack->problem, HULL_INVALID,
                                    "%.300s: the device number %lld:%lld is not possible",
                                    entry->path, (long long)entry->dev_major,
                                    (long long)entry->dev_minor);
        device = makedev((unsigned)entry->dev_major, (unsigned)entry->dev_minor);
    }
    if (type == S_IFCHR && device == 0)
        return hull_problem_set(
            unpack->problem, HULL_INVALID,
            "%.300s: the character device 0:0 is a whiteout of overlay and can't "
            "be in an archive",
            entry->path);
    if (mknodat(place->parent_fd, place->name, type | entry->mode, device) < 0)
        return fail(unpack, errno, "creating");
    return set_by_name(unpack, place);
}

/* A name for a file that is in the tree already, itself found without following links. */
static int make_hard_link(struct unpack *unpack, const char *path)
{
    char clean[ROOT_PATH_MAX + 1];
    struct place target, place;
    int rc = place_clean(unpack, unpack->entry->link, clean);
    if (rc < 0)
        return rc;
    struct stat st;
    rc = clean[0] == '\0' ? -HULL_NOT_FOUND : place_find(unpack, clean, false, &target);
    if (rc < 0 && rc != -HULL_NOT_FOUND)
        return rc;
    if (rc < 0 || fstatat(target.parent_fd, target.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return hull_problem_set(unpack->problem, HULL_INVALID,
                                "%.300s: hard link to \"%.100s\", which is not in the archive",
                                unpack->entry->path, unpack->entry->link);
    if (S_ISDIR(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == 0))
        return hull_problem_set(unpack->problem, HULL_INVALID,
                                "%.300s: hard link to \"%.100s\", which is not a file",
                                unpack->entry->path, unpack->entry->link);
    HULL_AUTO_FD target_fd = fcntl(target.parent_fd, F_DUPFD_CLOEXEC, 3);
    rc = place_find(unpack, path, true, &place);
    if (rc < 0)
        return rc;
    if (linkat(target_fd, target.name, place.parent_fd, place.name, 0) < 0)
        return fail(unpack, errno, "making the hard link");
    return 0;
}

/* --- what is there already ------------------------------------------------------------------ */

static int refuse_type(const struct unpack *unpack, bool is_dir)
{
    return hull_problem_set(unpack->problem, HULL_INVALID,
                            is_dir ? "%.300s: cannot overwrite directory with non-directory"
                                   : "%.300s: cannot overwrite non-directory with directory",
                            unpack->entry->path);
}

/* The same file twice: a hard link onto itself needs nothing done. */
static bool links_to_itself(struct unpack *unpack, const char *path)
{
    char clean[ROOT_PATH_MAX + 1];
    return unpack->entry->type == TAR_LINK &&
           place_clean(unpack, unpack->entry->link, clean) == 0 && strcmp(clean, path) == 0;
}

/* Make room for the entry: *ret_exists when a folder stays, *ret_hidden for a whiteout. */
static int clear(struct unpack *unpack, const struct place *place, bool *ret_exists,
                 bool *ret_hidden)
{
    struct stat st;
    bool new_dir = unpack->entry->type == TAR_DIR;
    *ret_exists = *ret_hidden = false;
    if (fstatat(place->parent_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail(unpack, errno, "looking");
    bool old_dir = S_ISDIR(st.st_mode);
    if (old_dir && new_dir) {
        *ret_exists = true;
        return 0;
    }
    *ret_hidden =
        unpack->options->whiteouts == WHITEOUTS_OVERLAY && S_ISCHR(st.st_mode) && st.st_rdev == 0;
    if (unpack->options->keep_type && old_dir != new_dir)
        return refuse_type(unpack, old_dir);
    int rc = root_remove_tree(place->parent_fd, place->name);
    return rc < 0 ? fail(unpack, -rc, "replacing what is there") : 0;
}

static int make_top(struct unpack *unpack, const struct place *place)
{
    if (unpack->entry->type != TAR_DIR)
        return hull_problem_set(unpack->problem, HULL_INVALID,
                                "%.300s: the top of the tree can only be a directory",
                                unpack->entry->path);
    unpack->counts->top = true;
    /* The top of a container's tree, or where a cp goes, keeps what it has. */
    return unpack->options->whiteouts == WHITEOUTS_NONE ? 0 : make_dir(unpack, place, true, false);
}

int entry_make(struct unpack *unpack, const struct place *place)
{
    bool exists, hidden;
    if (place->name[0] == '\0')
        return make_top(unpack, place);
    if (links_to_itself(unpack, place->path))
        return hull_problem_set(unpack->problem, HULL_INVALID, "%.300s: a hard link to itself",
                                unpack->entry->path);
    int rc = clear(unpack, place, &exists, &hidden);
    if (rc < 0)
        return rc;
    switch (unpack->entry->type) {
    case TAR_FILE:
        return make_file(unpack, place);
    case TAR_DIR:
        return make_dir(unpack, place, exists, hidden);
    case TAR_SYMLINK:
        return make_symlink(unpack, place);
    case TAR_LINK:
        return make_hard_link(unpack, place->path);
    case TAR_CHAR:
    case TAR_BLOCKDEV:
    case TAR_FIFO:
        return make_node(unpack, place);
    }
    return hull_problem_set(unpack->problem, HULL_INTERNAL, "unknown type of entry");
}

int entry_dir_times(struct unpack *unpack)
{
    static struct tar_entry entry = {.path = "", .link = ""};
    unpack->entry = &entry;
    for (size_t i = unpack->time_count; i > 0; i--) {
        const struct dir_time *dir = &unpack->times[i - 1];
        struct timespec times[2] = {dir->mtime, dir->mtime};
        struct place place;
        struct stat st;
        entry.path = dir->path;
        /* It may have been replaced by a later entry. */
        if (place_find(unpack, dir->path, false, &place) < 0)
            continue;
        const char *name = place.name[0] != '\0' ? place.name : ".";
        if (fstatat(place.parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
            utimensat(place.parent_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
            return fail(unpack, errno, "setting the time");
    }
    return 0;
}
