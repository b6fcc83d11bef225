/*
 * root.c: opening, making and reading names in a tree (root.h).
 *
 * openat2(2) does the work. Where the kernel has none, or a sandbox answers ENOSYS, the path is
 * walked part by part with O_PATH descriptors, and links are read and put in front of what is
 * left of the path. The walk keeps the stack of folders it went through, so that ".." never
 * asks the kernel, which would follow a folder that was moved out meanwhile.
 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LINKS 40
#define WALK_DEPTH_MAX 256

static int open_once(int root_fd, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    /* EAGAIN: something was renamed while ".." was looked up; it is not known to be safe. */
    for (int tries = 0; tries < 128; tries++) {
        long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

/* --- the walk ------------------------------------------------------------------------------ */

struct walk {
    int root_fd;
    int stack[WALK_DEPTH_MAX];
    size_t depth;
    unsigned links;
    char *rest; /* from malloc: what is left of the path */
};

static int walk_top(const struct walk *walk)
{
    return walk->depth > 0 ? walk->stack[walk->depth - 1] : walk->root_fd;
}

static void walk_up(struct walk *walk, size_t depth)
{
    while (walk->depth > depth)
        close(walk->stack[--walk->depth]);
}

/* Cut the first part off walk->rest into NAME; false at the end. *ret_last: nothing follows. */
static int walk_next(struct walk *walk, char *name, bool *ret_last)
{
    char *from = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(from, "/");
    if (length == 0)
        return 0;
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, from, length);
    name[length] = '\0';
    char *after = from + length;
    *ret_last = after[strspn(after, "/")] == '\0' && *after == '\0';
    memmove(walk->rest, after, strlen(after) + 1);
    return 1;
}

/* Put the target of the link FD in front of the rest. */
static int walk_link(struct walk *walk, int fd)
{
    char target[PATH_MAX];
    if (++walk->links > MAX_LINKS)
        return -ELOOP;
    ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);
    if (length < 0)
        return -errno;
    size_t rest = strlen(walk->rest);
    if ((size_t)length + 1 + rest > ROOT_PATH_MAX)
        return -ENAMETOOLONG;
    target[length] = '\0';
    char *joined = malloc((size_t)length + rest + 2);
    if (joined == NULL)
        return -ENOMEM;
    memcpy(joined, target, (size_t)length);
    joined[length] = '/';
    memcpy(joined + length + (rest > 0 ? 1 : 0), walk->rest, rest + 1);
    free(walk->rest);
    walk->rest = joined;
    if (target[0] == '/')
        walk_up(walk, 0);
    return 0;
}

/* Go through one part that is not the last; 1 when it is a link that was resolved. */
static int walk_into(struct walk *walk, const char *name)
{
    HULL_AUTO_FD fd = openat(walk_top(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return walk_link(walk, fd);
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    if (walk->depth == WALK_DEPTH_MAX)
        return -ENAMETOOLONG;
    walk->stack[walk->depth++] = HULL_TAKE_FD(fd);
    return 0;
}

/* The last part: open it, unless it is a link that has to be followed. */
static int walk_last(struct walk *walk, const char *name, int flags, mode_t mode, bool *ret_again)
{
    if (!(flags & O_NOFOLLOW)) {
        HULL_AUTO_FD fd = openat(walk_top(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
            *ret_again = true;
            return (flags & O_EXCL) ? -EEXIST : walk_link(walk, fd);
        }
    }
    int fd = openat(walk_top(walk), name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    return fd < 0 ? -errno : fd;
}

static int walk_path(struct walk *walk, int flags, mode_t mode)
{
    char name[NAME_MAX + 1];
    bool last = false;
    for (;;) {
        int rc = walk_next(walk, name, &last);
        if (rc < 0)
            return rc;
        if (rc == 0) {
            int fd = openat(walk_top(walk), ".", flags | O_CLOEXEC, mode);
            return fd < 0 ? -errno : fd;
        }
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            walk_up(walk, walk->depth > 0 ? walk->depth - 1 : 0);
            continue;
        }
        bool again = !last;
        rc = last ? walk_last(walk, name, flags, mode, &again) : walk_into(walk, name);
        if (rc < 0 || !again)
            return rc;
    }
}

static int open_by_walk(int root_fd, const char *path, int flags, mode_t mode)
{
    struct walk walk = {.root_fd = root_fd, .rest = strdup(path)};
    if (walk.rest == NULL)
        return -ENOMEM;
    int rc = walk_path(&walk, flags, mode);
    walk_up(&walk, 0);
    free(walk.rest);
    return rc;
}

/* --- the functions of the header ------------------------------------------------------------ */

int root_open(int root_fd, const char *path, int flags, mode_t mode)
{
    if (strlen(path) > ROOT_PATH_MAX)
        return -ENAMETOOLONG;
    const char *inside = path[0] == '\0' ? "/" : path;
    int fd = open_once(root_fd, inside, flags, mode);
    if (fd == -ENOSYS)
        fd = open_by_walk(root_fd, inside, flags, mode);
    return fd;
}

int root_open_parent(int root_fd, const char *path, char *ret_name)
{
    size_t end = strlen(path);
    if (end > ROOT_PATH_MAX)
        return -ENAMETOOLONG;
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    size_t length = end - start;
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    if ((length == 1 && path[start] == '.') || (length == 2 && memcmp(path + start, "..", 2) == 0))
        return -EINVAL;
    char *parent = strndup(path, start);
    if (parent == NULL)
        return -ENOMEM;
    int fd = root_open(root_fd, parent, O_PATH | O_DIRECTORY, 0);
    free(parent);
    if (fd >= 0) {
        memcpy(ret_name, path + start, length);
        ret_name[length] = '\0';
    }
    return fd;
}

int root_stat(int root_fd, const char *path, bool follow, struct stat *ret_stat)
{
    HULL_AUTO_FD fd = root_open(root_fd, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
    if (fd < 0)
        return fd;
    return fstat(fd, ret_stat) < 0 ? -errno : 0;
}

/* Make NAME in DIR_FD, a new folder whose mode and owner are as asked for. */
static int make_dir(int dir_fd, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
    if (mkdirat(dir_fd, name, 0700) < 0)
        return errno == EEXIST ? 0 : -errno;
    HULL_AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode & 07777) < 0)
        return -errno;
    return 0;
}

/* A link that dangles is followed as far as it goes, and the rest is made there. */
static int make_one(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    char name[NAME_MAX + 1];
    HULL_AUTO_FD parent = root_open_parent(root_fd, path, name);
    if (parent < 0 || name[0] == '\0')
        return parent < 0 ? parent : 0;
    return make_dir(parent, name, mode, uid, gid);
}

int root_mkdir_all(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    if (strlen(path) > ROOT_PATH_MAX)
        return -ENAMETOOLONG;
    char part[ROOT_PATH_MAX + 1];
    size_t at = 0;
    for (;;) {
        at += strspn(path + at, "/");
        size_t length = strcspn(path + at, "/");
        if (length == 0)
            return root_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
        at += length;
        memcpy(part, path, at);
        part[at] = '\0';
        HULL_AUTO_FD there = root_open(root_fd, part, O_PATH | O_DIRECTORY, 0);
        if (there == -ENOENT) {
            int rc = make_one(root_fd, part, mode, uid, gid);
            if (rc < 0)
                return rc;
        } else if (there < 0) {
            return there;
        }
    }
}

static int read_all(int fd, size_t limit, char **ret_data, size_t *ret_size)
{
    size_t size = 0, capacity = 4096;
    HULL_AUTO_FREE char *data = malloc(capacity + 1);
    while (data != NULL) {
        ssize_t n = read(fd, data + size, capacity - size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0) {
            data[size] = '\0';
            *ret_size = size;
            *ret_data = HULL_TAKE(data);
            return 0;
        }
        size += n > 0 ? (size_t)n : 0;
        if (size > limit)
            return -EFBIG;
        if (size == capacity) {
            char *bigger = realloc(data, capacity * 2 + 1);
            if (bigger == NULL)
                return -ENOMEM;
            data = bigger;
            capacity *= 2;
        }
    }
    return -ENOMEM;
}

int root_read_file(int root_fd, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    HULL_AUTO_FD fd = root_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;
    if (fd < 0)
        return fd == -ENXIO ? -EINVAL : fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    return read_all(fd, limit, ret_data, ret_size);
}

int root_write_full(int fd, const void *data, size_t size)
{
    const char *from = data;
    while (size > 0) {
        ssize_t n = write(fd, from, size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            from += n;
            size -= (size_t)n;
        }
    }
    return 0;
}
