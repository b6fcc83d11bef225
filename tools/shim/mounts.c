/*
 * mounts.c: from the host's mounts to the container's.
 *
 * What comes from outside is opened first, as detached trees. Each mount point is then opened
 * below the container's root, and the tree is moved onto that descriptor: nobody who rearranges
 * the container's files meanwhile can make it land elsewhere.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int *sources; /* of the bind mounts, by number */
static int dev_fd = -1, devpts_fd = -1;

int mounts_prepare(void)
{
    const struct oci_spec *spec = &shim.plan.spec;
    int rc = 0;
    sources = calloc(spec->mounts.n + 1, sizeof(int));
    if (sources == NULL)
        return shim_fail_errno("mounts");
    for (size_t i = 0; i < spec->mounts.n && rc == 0; i++) {
        const struct oci_mount *mount = &spec->mounts.v[i];
        int fd;
        rc = source_detached(mount, &fd);
        if (rc == 0 && fd >= 0)
            sources[i] = fd;
        if (rc == 0)
            rc = userns_prepare_mount(mount, &sources[i]);
    }
    return rc < 0 ? rc : devices_prepare();
}

void mounts_prepared(void)
{
    for (size_t i = 0; i < shim.plan.spec.mounts.n; i++) {
        if (sources[i] > 0)
            close(sources[i]);
    }
    free(sources);
    devices_prepared();
}

static int open_sources(void)
{
    const struct oci_spec *spec = &shim.plan.spec;
    for (size_t i = 0; i < spec->mounts.n; i++) {
        struct mount_options options;
        const struct oci_mount *mount = &spec->mounts.v[i];
        int rc = mount_options_parse(mount, &options);
        if (rc < 0)
            return rc;
        if (!options.bind || sources[i] > 0)
            continue;
        rc = source_open(mount, options.recursive, &sources[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static uint64_t propagation_of(const char *name)
{
    if (name != NULL && strstr(name, "shared") != NULL)
        return MS_SHARED;
    return name != NULL && strstr(name, "slave") != NULL ? MS_SLAVE : MS_PRIVATE;
}

static int open_root(void)
{
    const struct oci_spec *spec = &shim.plan.spec;
    if (shim.plan.has_rootfs)
        root_fd = SHIM_FD_ROOTFS;
    else
        root_fd = open_tree(AT_FDCWD, spec->root.path == NULL ? "" : spec->root.path,
                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (root_fd < 0)
        return shim_fail_errno("root file system \"%s\"", spec->root.path);
    struct mount_attr attr = {.propagation = propagation_of(spec->linux_.rootfs_propagation)};
    if (mount_setattr(root_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        return shim_fail_errno("root file system: propagation");
    return 0;
}

/* Into our copy of the host's mounts, of which only a slave is left; no mount gets out. */
static int attach_root(void)
{
    /* Root alone may enter that folder. */
    const char *path = shim.userns ? "/" : shim.plan.dir;
    HULL_AUTO_FD place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        return shim_fail_errno("open %s", path);
    return attach_mount(root_fd, place, path);
}

/* /proc and /sys: a directory of the image itself, not a link to where masks do not hold. */
static int open_plain(const struct oci_mount *mount)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, root_fd, mount->destination, &how, sizeof(how));
    if (fd < 0 && errno == ENOENT)
        return root_make(mount->destination, true);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        (void)!shim_fail(HULL_INVALID, "filesystem \"%s\" must be mounted on ordinary directory",
                         mount->destination);
    else if (fd < 0)
        (void)!shim_fail_errno("mount on %s", mount->destination);
    return fd;
}

static int open_target(const struct oci_mount *mount, bool directory)
{
    shim_problem.kind = 0;
    bool plain = hull_streq(mount->type, "proc") || hull_streq(mount->type, "sysfs");
    int fd = plain ? open_plain(mount) : root_make(mount->destination, directory);
    if (fd < 0 && shim_problem.kind == 0)
        (void)!shim_fail_errno("mount on %s", mount->destination);
    return fd;
}

static int mount_bind(const struct oci_mount *mount, const struct mount_options *options,
                      int source)
{
    struct stat st;
    if (fstat(source, &st) < 0 || source_protect(source, options) < 0)
        return shim_fail_errno("error mounting \"%s\" to rootfs at \"%s\"", mount->source,
                               mount->destination);
    HULL_AUTO_FD target = open_target(mount, S_ISDIR(st.st_mode));
    if (target < 0)
        return -(int)shim_problem.kind;
    int rc = target_check(mount, target);
    return rc < 0 ? rc : attach_mount(source, target, mount->destination);
}

/* A tmpfs that says nothing of its mode takes that of what it covers. */
static void keep_mode(const struct oci_mount *mount, struct mount_options *options, int target)
{
    static char mode[32];
    static const char *data[64];
    struct stat st;
    if (!hull_streq(mount->type, "tmpfs") || fstat(target, &st) < 0)
        return;
    for (size_t i = 0; i < options->data.n; i++) {
        if (strncmp(options->data.v[i], "mode=", 5) == 0)
            return;
    }
    if (options->data.n >= HULL_COUNT(data))
        return;
    for (size_t i = 0; i < options->data.n; i++)
        data[i] = options->data.v[i];
    snprintf(mode, sizeof(mode), "mode=%o", (unsigned)st.st_mode & 07777);
    data[options->data.n] = mode;
    options->data = (struct hull_strv){options->data.n + 1, data};
}

/* A new file system, unless the parent has made it: PREPARED is 0 or its. */
static int new_mount(const struct oci_mount *mount, struct mount_options *options, int prepared,
                     bool dev, int *ret_fd)
{
    if (prepared > 0) {
        *ret_fd = prepared;
        return 0;
    }
    *ret_fd = filesystem_new(mount->type, mount->source, options);
    if (*ret_fd < 0)
        return -(int)shim_problem.kind;
    return dev ? devices_fill(*ret_fd) : 0;
}

static int mount_new(const struct oci_mount *mount, struct mount_options *options, int prepared)
{
    HULL_AUTO_FD there = root_open(mount->destination, O_PATH);
    HULL_AUTO_FD target = open_target(mount, true);
    if (target < 0)
        return -(int)shim_problem.kind;
    int rc = target_check(mount, target);
    if (rc < 0)
        return rc;
    if (hull_streq(mount->type, "cgroup") || hull_streq(mount->type, "cgroup2"))
        return cgroup_mount(target, mount, options);
    if (there >= 0)
        keep_mode(mount, options, target);
    HULL_AUTO_FD fd = -1;
    bool dev = hull_streq(mount->destination, "/dev") && hull_streq(mount->type, "tmpfs");
    rc = new_mount(mount, options, prepared, dev, &fd);
    if (rc == 0)
        rc = attach_mount(fd, target, mount->destination);
    if (rc == 0 && dev)
        dev_fd = HULL_TAKE_FD(fd);
    else if (rc == 0 && hull_streq(mount->type, "devpts"))
        devpts_fd = HULL_TAKE_FD(fd);
    return rc;
}

static int mount_all(void)
{
    const struct oci_spec *spec = &shim.plan.spec;
    for (size_t i = 0; i < spec->mounts.n; i++) {
        const struct oci_mount *mount = &spec->mounts.v[i];
        struct mount_options options;
        if (mount->destination == NULL || mount->destination[0] != '/')
            return shim_fail(HULL_INVALID, "mount destination \"%s\" is not an absolute path",
                             mount->destination == NULL ? "" : mount->destination);
        int rc = mount_options_parse(mount, &options);
        if (rc == 0 && options.bind)
            rc = mount_bind(mount, &options, sources[i]);
        else if (rc == 0 && mount->type == NULL)
            rc = shim_fail(HULL_INVALID, "mount %s: no type", mount->destination);
        else if (rc == 0)
            rc = mount_new(mount, &options, sources[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int mount_init(void)
{
    static const struct oci_mount mount = {.destination = "/sbin/docker-init",
                                           .source = "hull-init"};
    HULL_AUTO_FD target = open_target(&mount, false);
    return target < 0 ? -(int)shim_problem.kind
                      : attach_mount(SHIM_FD_INIT, target, mount.destination);
}

/* /dev/console is the other end of the terminal, found in the container's own devpts. */
static int mount_console(int master)
{
    int number = 0;
    char name[16];
    struct stat st;
    if (dev_fd < 0 || devpts_fd < 0)
        return 0;
    if (ioctl(master, TIOCGPTN, &number) < 0)
        return shim_fail_errno("terminal");
    snprintf(name, sizeof(name), "%d", number);
    HULL_AUTO_FD slave = openat(devpts_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    HULL_AUTO_FD target = openat(dev_fd, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (slave < 0 || target < 0 || fstat(slave, &st) < 0 || !S_ISCHR(st.st_mode))
        return shim_fail_errno("/dev/console");
    HULL_AUTO_FD tree = open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return tree < 0 ? shim_fail_errno("/dev/console") : attach_mount(tree, target, "/dev/console");
}

static int change_root(void)
{
    if (shim.plan.spec.root.readonly) {
        struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
        if (mount_setattr(root_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
            return shim_fail_errno("make the root file system read-only");
    }
    /* The new root on top of the old one at the same place: nothing has to be made for it. */
    if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return shim_fail_errno("pivot_root");
    return 0;
}

int mounts_setup(int *ret_tty_fd)
{
    int rc = cgroup_trees_open();
    if (rc == 0)
        rc = open_sources();
    if (rc == 0)
        rc = open_root();
    if (rc == 0)
        rc = leave_host();
    if (rc == 0)
        rc = protect_open();
    if (rc == 0)
        rc = attach_root();
    if (rc == 0)
        rc = mount_all();
    if (rc == 0 && shim.plan.has_init)
        rc = mount_init();
    if (rc == 0)
        rc = devices_elsewhere();
    if (rc == 0)
        rc = protect_paths();
    if (rc == 0 && shim.tty)
        rc = terminal_open(devpts_fd, ret_tty_fd);
    if (rc == 0 && shim.tty)
        rc = mount_console(*ret_tty_fd);
    return rc < 0 ? rc : change_root();
}
