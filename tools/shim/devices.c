/*
 * devices.c: the nodes and links of /dev, and the terminal.
 *
 * /dev is filled by descriptor while it is not attached anywhere yet, so that no image or volume
 * can put anything in the way.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned major, minor;
} nodes[] = {
    {"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
    {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};
static const struct {
    const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"},
};
static const struct {
    const char *type;
    mode_t mode;
} types[] = {{"c", S_IFCHR}, {"u", S_IFCHR}, {"b", S_IFBLK}, {"p", S_IFIFO}};

int device_make(int dir_fd, const char *name, const struct oci_device *device)
{
    mode_t mode = 0;
    for (size_t i = 0; i < HULL_COUNT(types); i++) {
        if (hull_streq(types[i].type, device->type))
            mode = types[i].mode;
    }
    if (mode == 0)
        return shim_fail(HULL_INVALID, "device %s: unknown type \"%s\"", device->path,
                         device->type == NULL ? "" : device->type);
    HULL_AUTO_FD parent = below_parent(dir_fd, name, &name);
    if (parent < 0)
        return shim_fail_errno("device %s", device->path);
    mode |= (mode_t)(device->file_mode.set ? device->file_mode.value & 07777 : 0666);
    if (mknodat(parent, name, mode, makedev((unsigned)device->major, (unsigned)device->minor)) < 0)
        return errno == EEXIST ? 0 : shim_fail_errno("make device %s", device->path);
    uid_t uid = device->uid.set ? (uid_t)device->uid.value : 0;
    gid_t gid = device->gid.set ? (gid_t)device->gid.value : 0;
    if ((uid != 0 || gid != 0) && fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return shim_fail_errno("make device %s", device->path);
    return 0;
}

static bool in_dev(const struct oci_device *device)
{
    return device->path != NULL && strncmp(device->path, "/dev/", 5) == 0;
}

int devices_fill(int dev_fd)
{
    int rc = 0;
    for (size_t i = 0; i < HULL_COUNT(nodes) && rc == 0; i++) {
        if (mknodat(dev_fd, nodes[i].name, S_IFCHR | 0666,
                    makedev(nodes[i].major, nodes[i].minor)) < 0)
            rc = shim_fail_errno("make device /dev/%s", nodes[i].name);
    }
    for (size_t i = 0; i < HULL_COUNT(links) && rc == 0; i++) {
        if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
            rc = shim_fail_errno("make link /dev/%s", links[i].name);
    }
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->devices.n && rc == 0; i++) {
        if (in_dev(&linux_->devices.v[i]))
            rc = device_make(dev_fd, linux_->devices.v[i].path + 5, &linux_->devices.v[i]);
    }
    if (rc == 0 && shim.tty) {
        HULL_AUTO_FD fd = openat(dev_fd, "console", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0620);
        if (fd < 0)
            rc = shim_fail_errno("make /dev/console");
    }
    return rc;
}

static bool is_elsewhere(const struct oci_device *device)
{
    return device->path != NULL && !in_dev(device);
}

static int *prepared; /* mounts of nodes, by number; 0 where there is none */

int devices_prepare(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    prepared = calloc(linux_->devices.n + 1, sizeof(int));
    if (prepared == NULL)
        return shim_fail_errno("devices");
    return shim.userns ? userns_nodes(is_elsewhere, prepared) : 0;
}

void devices_prepared(void)
{
    for (size_t i = 0; i < shim.plan.spec.linux_.devices.n; i++) {
        if (prepared[i] > 0)
            close(prepared[i]);
    }
    free(prepared);
}

/* A mount point is made where there is none; what the image has there is covered. */
static int attach_node(const struct oci_device *device, int node)
{
    const struct oci_mount mount = {.destination = device->path, .source = device->path};
    HULL_AUTO_FD target = root_make(device->path, false);
    if (target < 0)
        return shim_fail_errno("make device %s", device->path);
    int rc = target_check(&mount, target);
    return rc < 0 ? rc : attach_mount(node, target, device->path);
}

int devices_elsewhere(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    int rc = 0;
    for (size_t i = 0; i < linux_->devices.n && rc == 0; i++) {
        const struct oci_device *device = &linux_->devices.v[i];
        if (device->path == NULL || device->path[0] != '/')
            rc = shim_fail(HULL_INVALID, "device \"%s\": the path has to be absolute",
                           device->path == NULL ? "" : device->path);
        else if (prepared[i] > 0)
            rc = attach_node(device, prepared[i]);
        else if (!in_dev(device))
            rc = device_make(root_fd, device->path, device);
    }
    return rc;
}

/* --- the terminal --------------------------------------------------------------------------- */

static int set_size(int fd)
{
    const struct oci_box *box = shim.plan.spec.process.console_size;
    struct winsize size = {};
    if (box == NULL || box->height <= 0 || box->width <= 0)
        return 0;
    size.ws_row = (unsigned short)box->height;
    size.ws_col = (unsigned short)box->width;
    return ioctl(fd, TIOCSWINSZ, &size);
}

int terminal_open(int pts_fd, int *ret_master)
{
    HULL_AUTO_FD pts = pts_fd >= 0 ? fcntl(pts_fd, F_DUPFD_CLOEXEC, 3)
                                   : root_open("/dev/pts", O_PATH | O_DIRECTORY);
    struct statfs fs;
    if (pts < 0 || fstatfs(pts, &fs) < 0)
        return shim_fail_errno("open terminal: /dev/pts");
    if (fs.f_type != DEVPTS_SUPER_MAGIC)
        return shim_fail(HULL_INVALID, "open terminal: /dev/pts is not a devpts file system");
    struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    HULL_AUTO_FD master = (int)syscall(SYS_openat2, pts, "ptmx", &how, sizeof(how));
    int unlock = 0;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || set_size(master) < 0)
        return shim_fail_errno("open terminal");
    *ret_master = HULL_TAKE_FD(master);
    return 0;
}

int terminal_use(int master)
{
    HULL_AUTO_FD fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
        return shim_fail_errno("open the other end of the terminal");
    for (int i = 0; i < 3; i++) {
        if (dup2(fd, i) < 0)
            return shim_fail_errno("dup2");
    }
    return 0;
}
