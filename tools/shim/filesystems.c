/*
 * filesystems.c: new mounts that are not binds: any file system by the mount API, and the view of
 * the cgroups that version 1 has to put together by hand.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* "size=64k" or "noswap". */
static int set_option(int context, const char *type, const char *option)
{
    char key[64];
    const char *value = strchr(option, '=');
    size_t length = value == NULL ? strlen(option) : (size_t)(value - option);
    if (length >= sizeof(key))
        return shim_fail(HULL_INVALID, "mount: option \"%s\" is too long", option);
    memcpy(key, option, length);
    key[length] = '\0';
    int rc = value == NULL ? fsconfig(context, FSCONFIG_SET_FLAG, key, NULL, 0)
                           : fsconfig(context, FSCONFIG_SET_STRING, key, value + 1, 0);
    return rc < 0 ? shim_fail_errno("mount %s: option \"%s\"", type, option) : 0;
}

int filesystem_new(const char *type, const char *source, const struct mount_options *options)
{
    HULL_AUTO_FD context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) {
        (void)!shim_fail_errno("mount: file system \"%s\"", type);
        return -1;
    }
    if (source != NULL && fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0) {
        (void)!shim_fail_errno("mount %s: source \"%s\"", type, source);
        return -1;
    }
    for (size_t i = 0; i < options->data.n; i++) {
        if (set_option(context, type, options->data.v[i]) < 0)
            return -1;
    }
    int fd = -1;
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)(options->set | options->recursive_set));
    if (fd < 0)
        (void)!shim_fail_errno("mount %s", type);
    return fd;
}

int attach_mount(int mount_fd, int target_fd, const char *path)
{
    int rc =
        move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    return rc < 0 ? shim_fail_errno("mount on %s", path) : 0;
}

/* --- cgroups -------------------------------------------------------------------------------- */

/* The container's own folder in each hierarchy, cloned before the root changes. */
#define MOST_HIERARCHIES 32
static int trees[MOST_HIERARCHIES];

int cgroup_trees_open(void)
{
    const struct hull_strv *dirs = &shim.plan.cgroup_dirs;
    if (dirs->n > MOST_HIERARCHIES)
        return shim_fail(HULL_INTERNAL, "too many cgroup hierarchies");
    for (size_t i = 0; i < dirs->n; i++) {
        trees[i] = open_tree(AT_FDCWD, dirs->v[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (trees[i] < 0)
            return shim_fail_errno("open cgroup %s", dirs->v[i]);
    }
    return 0;
}

static int protect_tree(int fd, const struct mount_options *options)
{
    struct mount_attr attr = {.attr_set = options->set, .propagation = MS_PRIVATE};
    return mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/* "cpu,cpuacct" is also found as cpu and as cpuacct. */
static int link_names(int dir_fd, const char *names)
{
    for (const char *part = names; strchr(names, ',') != NULL && *part != '\0';) {
        char link[64];
        size_t length = strcspn(part, ",");
        snprintf(link, sizeof(link), "%.*s", (int)length, part);
        if (symlinkat(names, dir_fd, link) < 0)
            return -1;
        part += length + (part[length] == ',');
    }
    return 0;
}

static int mount_hierarchy(int dir_fd, size_t i, const struct mount_options *options)
{
    const char *name = shim.plan.cgroup_names.v[i];
    if (mkdirat(dir_fd, name, 0755) < 0 || link_names(dir_fd, name) < 0)
        return -1;
    HULL_AUTO_FD target = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0 || protect_tree(trees[i], options) < 0)
        return -1;
    return move_mount(trees[i], "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* A small tmpfs with a folder per hierarchy, which becomes read-only when it is filled. */
static int mount_v1(int target_fd, const struct oci_mount *mount,
                    const struct mount_options *options)
{
    struct mount_options plain = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    static const char *mode[] = {"mode=755"};
    plain.data = (struct hull_strv){1, mode};
    HULL_AUTO_FD dir_fd = filesystem_new("tmpfs", "tmpfs", &plain);
    if (dir_fd < 0)
        return -(int)shim_problem.kind;
    int rc = attach_mount(dir_fd, target_fd, mount->destination);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < shim.plan.cgroup_names.n; i++) {
        if (mount_hierarchy(dir_fd, i, options) < 0)
            return shim_fail_errno("mount cgroup %s", shim.plan.cgroup_names.v[i]);
    }
    return protect_tree(dir_fd, options) < 0 ? shim_fail_errno("mount cgroup") : 0;
}

int cgroup_mount(int target_fd, const struct oci_mount *mount, const struct mount_options *options)
{
    const struct hull_strv *names = &shim.plan.cgroup_names;
    if (names->n == 0)
        return 0; /* the host has none */
    if (names->v[0][0] != '\0')
        return mount_v1(target_fd, mount, options);
    if (protect_tree(trees[0], options) < 0)
        return shim_fail_errno("mount cgroup2");
    return attach_mount(trees[0], target_fd, mount->destination);
}
