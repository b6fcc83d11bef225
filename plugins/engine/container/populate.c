/*
 * populate.c: copying a folder of an image into a volume, by descriptors on both sides and
 * following no link, on a worker.
 */
#include "populate.h"

#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hull/fiber.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XATTR_MAX ((size_t)64 * 1024)

struct copy {
    int from_fd, to_fd;
    struct hull_work *work;
};

static int set_times(int dir_fd, const char *name, const struct stat *st)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};

    return utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static void copy_xattrs(int from, int to)
{
    char names[4096], *value = malloc(XATTR_MAX);
    ssize_t length = flistxattr(from, names, sizeof(names));

    HULL_ASSERT(value != NULL);
    for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        ssize_t size;

        if (strncmp(name, "trusted.", 8) == 0)
            continue;
        size = fgetxattr(from, name, value, XATTR_MAX);
        /* A file system without them is no reason to fail. */
        if (size >= 0)
            (void)!fsetxattr(to, name, value, (size_t)size, 0);
    }
    free(value);
}

static int copy_data(int from, int to)
{
    char buffer[64 * 1024];
    ssize_t got;

    while ((got = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
        ;
    if (got == 0)
        return 0;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP)
        return -errno;
    while ((got = read(from, buffer, sizeof(buffer))) > 0) {
        int err = root_write_full(to, buffer, (size_t)got);

        if (err < 0)
            return err;
    }
    return got < 0 ? -errno : 0;
}

static int copy_owner(int fd, const struct stat *st)
{
    if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0)
        return -errno;
    return 0;
}

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st)
{
    HULL_AUTO_FD from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    HULL_AUTO_FD to =
        openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int err;

    if (from < 0 || to < 0)
        return -errno;
    err = copy_data(from, to);
    if (err == 0)
        err = copy_owner(to, st);
    if (err == 0)
        copy_xattrs(from, to);
    return err < 0 ? err : set_times(to_dir, name, st);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *st)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(from_dir, name, target, sizeof(target) - 1);

    if (length < 0)
        return -errno;
    target[length] = '\0';
    if (symlinkat(target, to_dir, name) < 0 ||
        fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return set_times(to_dir, name, st);
}

static int copy_node(int to_dir, const char *name, const struct stat *st)
{
    if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0 ||
        fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return set_times(to_dir, name, st);
}

static int copy_tree(struct copy *copy, int from_dir, int to_dir, int depth);

static int copy_folder(struct copy *copy, int from_dir, int to_dir, const char *name,
                       const struct stat *st, int depth)
{
    HULL_AUTO_FD from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    HULL_AUTO_FD to = -1;
    int err;

    if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
        return -errno;
    to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0)
        return -errno;
    err = copy_tree(copy, from, to, depth + 1);
    if (err == 0)
        err = copy_owner(to, st);
    if (err == 0)
        copy_xattrs(from, to);
    return err < 0 ? err : set_times(to_dir, name, st);
}

static int copy_entry(struct copy *copy, int from_dir, int to_dir, const char *name, int depth)
{
    struct stat st;

    if (*copy->work->canceled)
        return -ECANCELED;
    if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return copy_folder(copy, from_dir, to_dir, name, &st, depth);
    if (S_ISREG(st.st_mode))
        return copy_file(from_dir, to_dir, name, &st);
    if (S_ISLNK(st.st_mode))
        return copy_link(from_dir, to_dir, name, &st);
    return copy_node(to_dir, name, &st);
}

static int copy_tree(struct copy *copy, int from_dir, int to_dir, int depth)
{
    int fd = fcntl(from_dir, F_DUPFD_CLOEXEC, 3);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int err = 0;

    if (!stream) {
        hull_fd_cleanup(&fd);
        return -EMFILE;
    }
    if (depth > 200)
        err = -ELOOP;
    while (err == 0 && (entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = copy_entry(copy, from_dir, to_dir, entry->d_name, depth);
    closedir(stream);
    return err;
}

static int copy_work(struct hull_work *work, void *arg)
{
    struct copy *copy = arg;
    struct stat st;
    int err;

    copy->work = work;
    err = fstat(copy->from_fd, &st) < 0 ? -errno : 0;
    if (err == 0)
        err = copy_tree(copy, copy->from_fd, copy->to_fd, 0);
    if (err == 0)
        err = copy_owner(copy->to_fd, &st);
    if (err < 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(-err),
                                "copying the image's files into the volume: %s", strerror(-err));
    return 0;
}

static bool is_empty(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int names = 0;

    if (!stream) {
        hull_fd_cleanup(&fd);
        return false;
    }
    while (names == 0 && (entry = readdir(stream)))
        names += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return names == 0;
}

/* A volume may be on another host that does not answer: even opening it is a worker's business. */
struct population {
    struct copy copy;
    int rootfs_fd;
    const char *path, *volume, *subpath;
};

/* A folder of the volume that is not there yet can't be filled: the start says what is wrong. */
static int open_volume(struct hull_work *work, const struct population *job)
{
    HULL_AUTO_FD top = open(job->volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (top < 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(errno),
                                "opening volume folder %s: %s", job->volume, strerror(errno));
    if (!job->subpath)
        return HULL_TAKE_FD(top);
    int inside = root_open(top, job->subpath, O_RDONLY | O_DIRECTORY, 0);
    return inside < 0 ? -HULL_NOT_FOUND : inside;
}

static int populate_work(struct hull_work *work, void *arg)
{
    struct population *job = arg;
    HULL_AUTO_FD from = root_open(job->rootfs_fd, job->path, O_RDONLY | O_DIRECTORY, 0);
    HULL_AUTO_FD to = open_volume(work, job);

    if (to < 0)
        return job->subpath && to == -HULL_NOT_FOUND ? 0 : to;
    if (from < 0 || !is_empty(to))
        return 0;
    job->copy = (struct copy){.from_fd = from, .to_fd = to};
    return copy_work(work, &job->copy);
}

int populate_volume(struct hull_call *call, int rootfs_fd, const char *path, const char *volume,
                    const char *subpath)
{
    struct population job = {
        .rootfs_fd = rootfs_fd, .path = path, .volume = volume, .subpath = subpath};

    return hull_work(call, populate_work, &job);
}

struct subpath {
    const char *volume, *path;
};

static int subpath_work(struct hull_work *work, void *arg)
{
    const struct subpath *job = arg;
    HULL_AUTO_FD top = open(job->volume, O_PATH | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD inside = top < 0 ? -errno : root_open(top, job->path, O_PATH, 0);

    if (inside < 0)
        return hull_problem_set(&work->problem, HULL_INVALID, "cannot access path %s/%s: %s",
                                job->volume, job->path, strerror(-inside));
    return 0;
}

int populate_check_subpath(struct hull_call *call, const char *volume, const char *subpath)
{
    struct subpath job = {volume, subpath};

    return hull_work(call, subpath_work, &job);
}
