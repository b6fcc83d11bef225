/*
 * protect.c: files of /proc and /sys that a container must not read (masked) or write (read-only).
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int null_fd = -1;
static int empty_fd = -1; /* a read-only tmpfs with nothing in it, shared by all masked folders */

int protect_open(void)
{
    struct stat st;
    null_fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (null_fd < 0 || fstat(null_fd, &st) < 0)
        return shim_fail_errno("open /dev/null");
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return shim_fail(HULL_INTERNAL, "the host's /dev/null is not the null device");
    return 0;
}

static int empty_folder(void)
{
    static const char *data[] = {"mode=755", "size=0", "nr_inodes=1"};
    struct mount_options options = {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                           MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                    .data = {1, data}};
    if (empty_fd < 0)
        return empty_fd = filesystem_new("tmpfs", "tmpfs", &options);
    return open_tree(empty_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static int mask(const char *path)
{
    struct stat st;
    HULL_AUTO_FD target = root_open(path, O_PATH);
    if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (target < 0 || fstat(target, &st) < 0)
        return shim_fail_errno("mask %s", path);
    int cover = S_ISDIR(st.st_mode)
                    ? empty_folder()
                    : open_tree(null_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (cover < 0)
        return shim_fail_errno("mask %s", path);
    struct mount_attr attr = {.propagation = MS_PRIVATE};
    int rc = mount_setattr(cover, "", AT_EMPTY_PATH, &attr, sizeof(attr));
    rc = rc < 0 ? shim_fail_errno("mask %s", path) : attach_mount(cover, target, path);
    if (cover != empty_fd)
        close(cover);
    return rc;
}

static int make_readonly(const char *path)
{
    HULL_AUTO_FD target = root_open(path, O_PATH);
    if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (target < 0)
        return shim_fail_errno("make %s read-only", path);
    HULL_AUTO_FD tree =
        open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        return shim_fail_errno("make %s read-only", path);
    return attach_mount(tree, target, path);
}

int protect_paths(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    int rc = 0;
    for (size_t i = 0; i < linux_->readonly_paths.n && rc == 0; i++)
        rc = make_readonly(linux_->readonly_paths.v[i]);
    for (size_t i = 0; i < linux_->masked_paths.n && rc == 0; i++)
        rc = mask(linux_->masked_paths.v[i]);
    return rc;
}
