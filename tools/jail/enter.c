/*
 * enter.c: leaving everything behind but the tree (main.c has the story).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail-int.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

static int fail(struct hull_problem *problem, const char *what)
{
    return hull_problem_set(problem, HULL_INTERNAL, "hull-jail: %s: %s", what, strerror(errno));
}

/*
 * A mount of the tree that can be moved: a clone of the folder, or the tree's own mount when it
 * is a detached one, which older kernels do not clone.
 */
static int tree_mount(const struct options *options)
{
    int fd = (int)syscall(SYS_open_tree, FD_TREE, "",
                          AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return errno == EINVAL ? fcntl(FD_TREE, F_DUPFD_CLOEXEC, 10) : -1;
    struct mount_attr attr = {
        .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
                    (options->pack ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME : 0),
        .attr_clr = options->pack ? MOUNT_ATTR__ATIME : 0,
        .propagation = MS_PRIVATE,
    };
    syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)); /* a wish only */
    return fd;
}

/* Somewhere to mount the tree before it becomes the root; only this namespace sees it. */
static int attach(int tree_fd)
{
    static const char *const places[] = {"/proc", "/tmp", "/dev", "/mnt"};
    for (size_t i = 0; i < HULL_COUNT(places); i++) {
        if (syscall(SYS_move_mount, tree_fd, "", AT_FDCWD, places[i], MOVE_MOUNT_F_EMPTY_PATH) == 0)
            return 0;
        if (errno != ENOENT && errno != ENOTDIR)
            return -1;
    }
    return -1;
}

static int pivot(int tree_fd, struct hull_problem *problem)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        /* EINVAL: the root is no mount, as in a chroot, and can't be left by pivot_root either. */
        return fail(problem, errno == EINVAL
                                 ? "hulld can't work in a chroot: pivot_root into it, or "
                                   "start it outside; making mounts private"
                                 : "making mounts private");
    if (attach(tree_fd) < 0)
        return fail(problem, "mounting the tree");
    if (fchdir(tree_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0)
        return fail(problem, "changing the root");
    return 0;
}

static int enter_tree(const struct options *options, struct hull_problem *problem)
{
    int tree_fd = tree_mount(options);
    if (tree_fd < 0)
        return fail(problem, "the tree");
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
        return fail(problem, "unshare");
    int rc = pivot(tree_fd, problem);
    close(tree_fd);
    return rc;
}

/* One more mount at PATH; a part of MOUNT_FD, which is attached, has to be cloned first. */
static int mount_at(int top_fd, int mount_fd, const struct mount_place *place)
{
    int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    HULL_AUTO_FD target = root_open(top_fd, place->path, O_PATH, 0);
    if (target < 0)
        return target;
    if (syscall(SYS_move_mount, mount_fd, "", target, "", flags) < 0)
        return -errno;
    if (place->subpath == NULL)
        return 0;
    HULL_AUTO_FD inside = root_open(mount_fd, place->subpath, O_PATH, 0);
    HULL_AUTO_FD over = root_open(top_fd, place->path, O_PATH, 0);
    if (inside < 0 || over < 0)
        return inside < 0 ? inside : over;
    HULL_AUTO_FD clone =
        (int)syscall(SYS_open_tree, inside, "",
                     AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (clone < 0 || syscall(SYS_move_mount, clone, "", over, "", flags) < 0)
        return -errno;
    return 0;
}

/* Something to mount MOUNT_FD on, of its own kind. */
static int make_place(int top_fd, int mount_fd, const char *path)
{
    struct stat st;
    char *folder, *slash;
    int fd = root_stat(top_fd, path, true, &st);
    if (fd != -ENOENT)
        return fd;
    if (fstat(mount_fd, &st) < 0)
        return -errno;
    folder = strdup(path);
    if (folder == NULL)
        return -ENOMEM;
    slash = strrchr(folder, '/');
    if (!S_ISDIR(st.st_mode) && slash != NULL)
        *slash = '\0';
    fd = root_mkdir_all(top_fd, folder, 0755, 0, 0);
    free(folder);
    if (fd >= 0 && !S_ISDIR(st.st_mode)) {
        close(fd);
        fd = root_open(top_fd, path, O_WRONLY | O_CREAT, 0644);
    }
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int jail_run_mount(const struct options *options, struct hull_problem *problem)
{
    umask(0);
    int rc = enter_tree(options, problem);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD top_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top_fd < 0)
        return fail(problem, "the tree's top");
    for (size_t i = 0; i < options->mount_count; i++) {
        const struct mount_place *place = &options->mounts[i];
        int err = make_place(top_fd, FD_MOUNTS + (int)i, place->path);
        if (err == 0)
            err = mount_at(top_fd, FD_MOUNTS + (int)i, place);
        if (err < 0)
            return jail_errno(problem, -err, place->path, "mounting");
    }
    return 0;
}

/* Files of a container with a user namespace are written down as its own users have them: by one of
 * them. The namespace that owns its mounts is that one. */
static int enter_userns(struct hull_problem *problem)
{
    struct stat own, other;
    int fd = ioctl(FD_MNTNS, NS_GET_USERNS);
    if (fd < 0 || fstat(fd, &other) < 0 || stat("/proc/self/ns/user", &own) < 0)
        return fail(problem, "the container's user namespace");
    bool same = own.st_ino == other.st_ino;
    if (!same && (setns(fd, CLONE_NEWUSER) < 0 || setgroups(0, NULL) < 0 ||
                  setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return fail(problem, "entering the container's user namespace");
    close(fd);
    return 0;
}

/* The container's own view with its volumes: no mount is made or moved. */
static int enter_mntns(struct hull_problem *problem)
{
    int rc = enter_userns(problem);
    if (rc < 0)
        return rc;
    if (setns(FD_MNTNS, CLONE_NEWNS) < 0)
        return fail(problem, "entering the container's mounts");
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
        return fail(problem, "unshare");
    return 0;
}

/* The capabilities left: to own, mark and make files; trusted xattrs need SYS_ADMIN, with which
 * nothing else can be done once system calls are cut down. */
static int drop_capabilities(const struct options *options, struct hull_problem *problem)
{
    uint64_t keep = 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_FOWNER;
    if (!options->pack)
        keep |= 1ull << CAP_CHOWN | 1ull << CAP_FSETID | 1ull << CAP_MKNOD | 1ull << CAP_SETFCAP;
    if (options->whiteouts == WHITEOUTS_OVERLAY || options->layer)
        keep |= 1ull << CAP_SYS_ADMIN;
    for (int cap = 0; cap < 64; cap++) {
        if (!(keep & 1ull << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
            return fail(problem, "dropping capabilities");
    }
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
        {.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
    };
    if (syscall(SYS_capset, &head, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(problem, "dropping capabilities");
    return 0;
}

static void set_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error like others */
    umask(0);
}

int jail_enter(const struct options *options, int *ret_fd, struct hull_problem *problem)
{
    set_limits();
    int rc = options->mntns ? enter_mntns(problem) : enter_tree(options, problem);
    if (rc < 0)
        return rc;
    close(FD_TREE);
    close(FD_MNTNS);
    if (chdir("/") < 0)
        return fail(problem, "chdir");
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(problem, "the tree's top");
    rc = drop_capabilities(options, problem);
    if (rc == 0)
        rc = jail_seccomp(problem);
    *ret_fd = fd;
    return rc;
}
