/*
 * The tars of cp. What comes out of a container, or from whoever says to be the daemon, is not
 * believed: names have no "..", and no link is followed, or the tar could first bring a link to
 * a neighbour of what is copied and then write through it.
 */
#include "plugins/cli/cp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plugins/common/root.h"
#include "plugins/common/tar.h"

static int failed(struct hull_work *work, int err, const char *what)
{
    return hull_problem_set(&work->problem, HULL_IO, "%s: %s", what, strerror(err));
}

/* --- out of a container ---------------------------------------------------------------------- */

struct unpacking {
    struct hull_work *work;
    struct cp_unpack *cp;
    struct hull_arena *arena;
    struct tar_reader *reader;
};

static ssize_t read_tar(void *ctx, void *buffer, size_t size)
{
    ssize_t n;
    do
        n = read(*(int *)ctx, buffer, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* True when a part of PATH is "..". */
static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

/* Open the folder that holds the last part of PATH, which goes to RET_NAME; no link is followed.
 * Returns a descriptor or -errno. */
static int open_parent(int dir_fd, const char *path, char *ret_name)
{
    int fd = openat(dir_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (;;) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (fd < 0 || length > NAME_MAX) {
            hull_fd_cleanup(&fd);
            return fd < 0 && length <= NAME_MAX ? -errno : -ENAMETOOLONG;
        }
        memcpy(ret_name, path, length);
        ret_name[length] = '\0';
        path += length;
        if (path[strspn(path, "/")] == '\0')
            return fd;
        int next = openat(fd, ret_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int err = errno;
        close(fd);
        fd = next;
        errno = err;
    }
}

/* The name of an entry in the folder; NULL when it is none of what was asked for. */
static char *place(struct unpacking *u, const char *path)
{
    const char *rest = path + strspn(path, "/");
    while (strncmp(rest, "./", 2) == 0)
        rest += 2;
    size_t base = strlen(u->cp->base);
    if (base > 0) {
        if (strncmp(rest, u->cp->base, base) != 0 || (rest[base] != '/' && rest[base] != '\0'))
            return NULL;
        rest += base + (rest[base] == '/');
    }
    if (climbs(rest))
        return NULL;
    char *name = hull_arena_printf(u->arena, "%s%s%s", u->cp->name,
                                   u->cp->name[0] != '\0' && rest[0] != '\0' ? "/" : "", rest);
    for (size_t length = strlen(name); length > 0 && name[length - 1] == '/';)
        name[--length] = '\0';
    return name;
}

static int unpack_file(struct unpacking *u, const struct tar_entry *entry, int parent,
                       const char *name)
{
    const char *data;
    size_t size;
    int64_t offset;
    int rc;
    HULL_AUTO_FD fd =
        openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(u->work, errno, name);
    while ((rc = tar_data(u->reader, &data, &size, &offset, &u->work->problem)) > 0) {
        if (*u->work->canceled)
            return hull_problem_set(&u->work->problem, HULL_CANCELED, "canceled");
        for (size_t done = 0; done < size;) {
            ssize_t n = pwrite(fd, data + done, size - done, offset + (int64_t)done);
            if (n < 0 && errno != EINTR)
                return failed(u->work, errno, name);
            done += n > 0 ? (size_t)n : 0;
        }
        u->cp->bytes += size;
    }
    if (rc < 0)
        return rc;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry->mtime};
    if (ftruncate(fd, entry->size) < 0 ||
        (u->cp->owners && fchown(fd, (uid_t)entry->uid, (gid_t)entry->gid) < 0) ||
        fchmod(fd, entry->mode & 07777) < 0 || futimens(fd, times) < 0)
        return failed(u->work, errno, name);
    return 0;
}

static int unpack_link(struct unpacking *u, const struct tar_entry *entry, int parent,
                       const char *name)
{
    char old_name[NAME_MAX + 1];
    char *old = place(u, entry->link);
    if (old == NULL)
        return hull_problem_set(&u->work->problem, HULL_IO, "%s: a link to what was not copied",
                                entry->path);
    HULL_AUTO_FD old_parent = open_parent(u->cp->dir_fd, old, old_name);
    if (old_parent < 0)
        return failed(u->work, -old_parent, entry->path);
    return linkat(old_parent, old_name, parent, name, 0) < 0 ? failed(u->work, errno, entry->path)
                                                             : 0;
}

static int unpack_special(struct unpacking *u, const struct tar_entry *entry, int parent,
                          const char *name)
{
    mode_t kind = entry->type == TAR_FIFO ? S_IFIFO : entry->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
    dev_t device = makedev((unsigned)entry->dev_major, (unsigned)entry->dev_minor);
    if (mknodat(parent, name, kind | (entry->mode & 0777), device) < 0 ||
        fchmodat(parent, name, entry->mode & 07777, 0) < 0) /* whatever the umask is */
        return failed(u->work, errno, entry->path);
    return 0;
}

static int unpack_dir(struct unpacking *u, const struct tar_entry *entry, int parent,
                      const char *name)
{
    bool made = mkdirat(parent, name, 0700) == 0;
    if (!made && errno != EEXIST)
        return failed(u->work, errno, entry->path);
    HULL_AUTO_FD fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return failed(u->work, errno, entry->path);
    if (made && ((u->cp->owners && fchown(fd, (uid_t)entry->uid, (gid_t)entry->gid) < 0) ||
                 fchmod(fd, entry->mode & 07777) < 0))
        return failed(u->work, errno, entry->path);
    return 0;
}

static int unpack_entry(struct unpacking *u, const struct tar_entry *entry)
{
    char name[NAME_MAX + 1];
    if (climbs(entry->path))
        return hull_problem_set(&u->work->problem, HULL_IO,
                                "%s: refused, the name leads out of what is copied", entry->path);
    char *path = place(u, entry->path);
    if (path == NULL || (path[0] == '\0' && entry->type == TAR_DIR))
        return 0;
    HULL_AUTO_FD parent = open_parent(u->cp->dir_fd, path, name);
    if (parent < 0 || name[0] == '\0')
        return failed(u->work, parent < 0 ? -parent : EISDIR, entry->path);
    if (entry->type == TAR_DIR)
        return unpack_dir(u, entry, parent, name);
    if (unlinkat(parent, name, 0) < 0 && errno != ENOENT)
        return failed(u->work, errno, entry->path);
    switch (entry->type) {
    case TAR_FILE:
        return unpack_file(u, entry, parent, name);
    case TAR_LINK:
        return unpack_link(u, entry, parent, name);
    case TAR_SYMLINK:
        return symlinkat(entry->link, parent, name) < 0 ? failed(u->work, errno, entry->path) : 0;
    case TAR_CHAR:
    case TAR_BLOCKDEV:
    case TAR_FIFO:
        return unpack_special(u, entry, parent, name);
    case TAR_DIR:
    default:
        return 0;
    }
}

int cp_unpack_work(struct hull_work *work, void *arg)
{
    struct cp_unpack *cp = arg;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct unpacking u = {.work = work, .cp = cp, .arena = arena};
    struct tar_entry entry;
    int rc;
    u.reader = tar_reader_new(read_tar, &cp->tar_fd);
    while ((rc = tar_next(u.reader, &entry, &work->problem)) > 0) {
        rc = unpack_entry(&u, &entry);
        hull_arena_reset(arena);
        if (rc < 0)
            break;
    }
    if (rc == 0)
        rc = tar_drain(u.reader, 1 << 20, &work->problem);
    tar_reader_free(u.reader);
    return rc;
}

/* --- into a container ------------------------------------------------------------------------ */

struct packing {
    struct hull_work *work;
    struct cp_pack *cp;
    struct tar_writer *writer;
};

static int pack_content(struct packing *p, int fd, int64_t size)
{
    char buffer[64 * 1024];
    while (size > 0) {
        if (*p->work->canceled)
            return hull_problem_set(&p->work->problem, HULL_CANCELED, "canceled");
        size_t want = size < (int64_t)sizeof(buffer) ? (size_t)size : sizeof(buffer);
        ssize_t n = read(fd, buffer, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(p->work, errno, p->cp->path);
        /* A file that became shorter meanwhile is filled up: the tar has said how long it is. */
        if (n == 0) {
            memset(buffer, 0, want);
            n = (ssize_t)want;
        }
        int rc = tar_write(p->writer, buffer, (size_t)n, &p->work->problem);
        if (rc < 0)
            return rc;
        p->cp->bytes += (uint64_t)n;
        size -= n;
    }
    return 0;
}

static bool type_of(mode_t mode, enum tar_type *ret)
{
    static const struct {
        mode_t mode;
        enum tar_type type;
    } rows[] = {{S_IFREG, TAR_FILE}, {S_IFDIR, TAR_DIR},      {S_IFLNK, TAR_SYMLINK},
                {S_IFCHR, TAR_CHAR}, {S_IFBLK, TAR_BLOCKDEV}, {S_IFIFO, TAR_FIFO}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        if ((mode & S_IFMT) == rows[i].mode) {
            *ret = rows[i].type;
            return true;
        }
    }
    return false;
}

/* NAME in DIR_FD as the entry PATH. Sockets are left out. */
static int pack_one(struct packing *p, int dir_fd, const char *name, const char *path, bool follow)
{
    char target[PATH_MAX];
    struct stat st;
    HULL_AUTO_FD fd = -1;
    struct tar_entry entry = {.path = path, .link = ""};
    if (fstatat(dir_fd, name, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
        return failed(p->work, errno, name);
    if (!type_of(st.st_mode, &entry.type))
        return 0;
    if (entry.type == TAR_FILE) {
        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
        if (fd < 0 || fstat(fd, &st) < 0)
            return failed(p->work, errno, name);
        entry.size = st.st_size;
    } else if (entry.type == TAR_SYMLINK) {
        ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);
        if (n < 0)
            return failed(p->work, errno, name);
        target[n] = '\0';
        entry.link = target;
    }
    entry.mode = st.st_mode & 07777;
    entry.uid = st.st_uid;
    entry.gid = st.st_gid;
    entry.mtime = st.st_mtim;
    entry.dev_major = major(st.st_rdev);
    entry.dev_minor = minor(st.st_rdev);
    int rc = tar_put(p->writer, &entry, &p->work->problem);
    return rc == 0 && entry.type == TAR_FILE ? pack_content(p, fd, entry.size) : rc;
}

static int pack_below(void *ctx, const struct root_entry *entry)
{
    struct packing *p = ctx;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *path = hull_arena_printf(arena, "%s/%s", p->cp->name, entry->path);
    return pack_one(p, entry->dir_fd, entry->name, path, false) < 0 ? -ECANCELED : 0;
}

int cp_pack_work(struct hull_work *work, void *arg)
{
    struct cp_pack *cp = arg;
    struct packing p = {.work = work, .cp = cp, .writer = tar_writer_new(cp->tar_fd)};
    struct stat st;
    int rc = pack_one(&p, AT_FDCWD, cp->path, cp->name, cp->follow);
    if (rc == 0 && fstatat(AT_FDCWD, cp->path, &st, cp->follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode)) {
        HULL_AUTO_FD dir = open(cp->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int err = dir < 0 ? -errno : root_walk(dir, pack_below, NULL, &p);
        if (err < 0)
            rc = work->problem.kind != HULL_OK ? -(int)work->problem.kind
                                               : failed(work, -err, cp->path);
    }
    if (rc == 0)
        rc = tar_finish(p.writer, &work->problem);
    tar_writer_free(p.writer);
    close(cp->tar_fd);
    return rc;
}
