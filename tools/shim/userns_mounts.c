/*
 * userns_mounts.c: what a container with a user namespace gets mounted that is not its own to make
 * or to open: the files of its users, shown by the ids that they have in there, device nodes, and
 * the kernel's file systems of namespaces that are not its own.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int userns_show_ids(const struct oci_mount *mount, int fd, bool recursive)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = SHIM_FD_USERNS};
    if (!shim.plan.has_userns)
        return shim_fail(HULL_INTERNAL, "no user namespace came with the plan");
    if (mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
                      sizeof(attr)) == 0)
        return 0;
    if (errno == EINVAL)
        return shim_fail(HULL_NOT_SUPPORTED,
                         "mount on %s: the file system of %s can't show files with other ids (an "
                         "idmapped mount); use --userns host",
                         mount->destination, mount->source);
    return shim_fail_errno("mount on %s: idmap", mount->destination);
}

/* Device nodes are the host's to make. */
static int new_dev(const struct oci_mount *mount, const struct mount_options *options, int *ret_fd)
{
    HULL_AUTO_FD fd = filesystem_new(mount->type, mount->source, options);
    mode_t before = umask(0);
    int rc = fd < 0 ? -(int)shim_problem.kind : devices_fill(fd);
    umask(before);
    if (rc == 0)
        rc = userns_show_ids(mount, fd, false);
    if (rc == 0)
        *ret_fd = HULL_TAKE_FD(fd);
    return rc;
}

static int new_shared(const struct oci_mount *mount, const struct mount_options *options,
                      int *ret_fd)
{
    *ret_fd = filesystem_new(mount->type, mount->source, options);
    return *ret_fd < 0 ? -(int)shim_problem.kind : 0;
}

int userns_prepare_mount(const struct oci_mount *mount, int *ret_fd)
{
    struct mount_options options;
    int rc = shim.userns ? mount_options_parse(mount, &options) : 0;
    if (rc < 0 || !shim.userns)
        return rc;
    if (options.bind) {
        if (*ret_fd <= 0)
            rc = source_open(mount, options.recursive, ret_fd);
        return rc == 0 && options.idmap ? userns_show_ids(mount, *ret_fd, options.recursive) : rc;
    }
    if (hull_streq(mount->destination, "/dev") && hull_streq(mount->type, "tmpfs"))
        return new_dev(mount, &options, ret_fd);
    bool shared = (hull_streq(mount->type, "mqueue") && !namespace_is_new("ipc")) ||
                  (hull_streq(mount->type, "sysfs") && !namespace_is_new("network"));
    return shared ? new_shared(mount, &options, ret_fd) : 0;
}

/* --- device nodes that are not in the container's own /dev: a small file system of their own -- */

static int open_node(int nodes_fd, const struct oci_device *device, const char *name, int *ret_fd)
{
    *ret_fd = open_tree(nodes_fd, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (*ret_fd < 0 && errno == EINVAL)
        return shim_fail(HULL_NOT_SUPPORTED,
                         "device \"%s\": outside of /dev, with a user namespace, this needs Linux "
                         "6.15; use --userns host",
                         device->path);
    return *ret_fd < 0 ? shim_fail_errno("device %s", device->path) : 0;
}

static int make_nodes(int *ret_fd)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    static const char *options[] = {"size=1m", "mode=755"};
    struct mount_options plain = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
    const struct oci_mount mount = {.destination = "device nodes", .source = "tmpfs"};
    plain.data = (struct hull_strv){HULL_COUNT(options), options};
    HULL_AUTO_FD fd = filesystem_new("tmpfs", "devices", &plain);
    int rc = fd < 0 ? -(int)shim_problem.kind : 0;
    mode_t before = umask(0);
    for (size_t i = 0; i < linux_->devices.n && rc == 0; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%zu", i);
        rc = device_make(fd, name, &linux_->devices.v[i]);
    }
    umask(before);
    if (rc == 0)
        rc = userns_show_ids(&mount, fd, false);
    if (rc == 0)
        *ret_fd = HULL_TAKE_FD(fd);
    return rc;
}

int userns_nodes(bool (*wanted)(const struct oci_device *), int *ret_fds)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    HULL_AUTO_FD nodes = -1;
    int rc = 0;
    for (size_t i = 0; i < linux_->devices.n && rc == 0; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%zu", i);
        if (!wanted(&linux_->devices.v[i]))
            continue;
        if (nodes < 0)
            rc = make_nodes(&nodes);
        if (rc == 0)
            rc = open_node(nodes, &linux_->devices.v[i], name, &ret_fds[i]);
    }
    return rc;
}
