/*
 * leave.c: out of the host's mounts, in a mount namespace of our own.
 *
 * The daemon may live in a chroot. What is above that is in the new namespace as well, though no
 * path leads there: a container that has its root below it would keep all of it, and whoever joins
 * its namespace, as exec does, stands at the very top: on the host. So a chroot's root becomes the
 * root of the namespace first, and what was above it goes.
 */
#include "tools/shim/shim.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_root(int fd)
{
    struct statx own, top;
    unsigned mask = STATX_INO | STATX_MNT_ID;
    return statx(fd, "", AT_EMPTY_PATH, mask, &own) == 0 &&
           statx(AT_FDCWD, "/", 0, mask, &top) == 0 && own.stx_mnt_id == top.stx_mnt_id &&
           own.stx_ino == top.stx_ino;
}

/* A chroot's root need not be a mount point: a copy of it is. */
static int make_root(int fd)
{
    HULL_AUTO_FD tree =
        open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC);
    if (tree < 0 ||
        move_mount(tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ||
        fchdir(tree) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        return shim_fail_errno("make the daemon's root that of the mounts");
    return 0;
}

int leave_host(void)
{
    HULL_AUTO_FD root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (root < 0 || own < 0 || setns(own, CLONE_NEWNS) < 0)
        return shim_fail_errno("find the root of the mounts");
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return shim_fail_errno("detach from the host's mounts");
    return is_root(root) ? 0 : make_root(root);
}
