/*
 * userns.c: a container with a user namespace: who is who in it, and what only the host's root, the
 * parent, can do for the child, which has rights in its own namespaces alone.
 *
 * The parent maps the ids, moves the child to its cgroups, sets its limits, and opens what lies in
 * folders that are root's alone.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* "0 1879048192 65536": who stands for 0 in the file NAME of process PID. */
static int read_map(long pid, const char *name, uint32_t *ret)
{
    char path[64];
    char text[256];
    char *end;
    snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return shim_fail_errno("read %s", path);
    text[n] = '\0';
    unsigned long inside = strtoul(text, &end, 10);
    if (n == 0 || inside != 0)
        return shim_fail(HULL_INTERNAL, "%s does not say who root is", path);
    *ret = (uint32_t)strtoul(end, NULL, 10);
    return 0;
}

/* The process an exec joins may be in a user namespace of its own. */
static int find_of_target(void)
{
    char path[64];
    struct stat own;
    struct stat other;
    long pid = target_pid();
    snprintf(path, sizeof(path), "/proc/%ld/ns/user", pid);
    if (pid <= 0 || stat(path, &other) < 0 || stat("/proc/self/ns/user", &own) < 0)
        return shim_fail(HULL_CONFLICT, "the container is not running");
    if (own.st_ino == other.st_ino)
        return 0;
    shim.userns = true;
    int rc = read_map(pid, "uid_map", &shim.uid);
    return rc < 0 ? rc : read_map(pid, "gid_map", &shim.gid);
}

int userns_find(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    const struct oci_id_mapping *uid = linux_->uid_mappings.v;
    const struct oci_id_mapping *gid = linux_->gid_mappings.v;
    if (shim.plan.exec)
        return find_of_target();
    if (linux_->uid_mappings.n == 0 && linux_->gid_mappings.n == 0)
        return 0;
    if (linux_->uid_mappings.n != 1 || linux_->gid_mappings.n != 1 || uid->container_id != 0 ||
        gid->container_id != 0)
        return shim_fail(HULL_NOT_SUPPORTED,
                         "uidMappings and gidMappings: one range each, from 0, is supported");
    shim.userns = true;
    shim.uid = (uint32_t)uid->host_id;
    shim.gid = (uint32_t)gid->host_id;
    return 0;
}

static int write_map(const char *name, const struct oci_id_mapping *mapping)
{
    char path[64];
    char text[96];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)shim.pid, name);
    snprintf(text, sizeof(text), "0 %lld %lld", (long long)mapping->host_id,
             (long long)mapping->size);
    return write_file(AT_FDCWD, path, text) < 0 ? shim_fail_errno("user namespace: write %s", name)
                                                : 0;
}

int userns_admit(void)
{
    const struct hull_strv *dirs = &shim.plan.cgroup_dirs;
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    char pid[32];
    if (!shim.userns || shim.plan.exec)
        return 0; /* an exec moves before it enters, and joins a namespace that is mapped */
    int rc = write_map("gid_map", linux_->gid_mappings.v);
    if (rc == 0)
        rc = write_map("uid_map", linux_->uid_mappings.v);
    snprintf(pid, sizeof(pid), "%d", (int)shim.pid);
    for (size_t i = 0; i < dirs->n && rc == 0; i++)
        rc = cgroup_join(dirs->v[i], pid);
    return rc;
}

int userns_become_root(void)
{
    if (shim.userns && (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return shim_fail_errno("become root of the user namespace");
    return 0;
}

/* The ends of pipes belong to who will open them as /dev/stdout. */
int userns_own_stdio(const int stdio[3])
{
    for (int i = 0; i < 3 && shim.userns; i++) {
        if (stdio[i] > 2 && fchown(stdio[i], shim.uid, shim.gid) < 0)
            return shim_fail_errno("give the streams to the container");
    }
    return 0;
}

/* --- namespaces of others, which are not the child's to join or to make mounts of ------------- */

static const struct {
    const char *type;
    int flag;
} joined[] = {{"network", CLONE_NEWNET}, {"ipc", CLONE_NEWIPC}};

int userns_join_others(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->namespaces.n && shim.userns; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        if (ns->path == NULL || ns->path[0] == '\0')
            continue;
        if (hull_streq(ns->type, "pid"))
            return shim_fail(HULL_NOT_SUPPORTED, "a container with a user namespace of its own "
                                                 "can't share the processes of another; use "
                                                 "--userns host for both");
        for (size_t j = 0; j < HULL_COUNT(joined); j++) {
            HULL_AUTO_FD fd = -1;
            if (!hull_streq(ns->type, joined[j].type))
                continue;
            fd = open(ns->path, O_RDONLY | O_CLOEXEC);
            if (fd < 0 || setns(fd, joined[j].flag) < 0)
                return shim_fail_errno("join namespace %s", ns->path);
        }
    }
    return 0;
}

static bool is_new(const char *type)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        if (hull_streq(ns->type, type))
            return ns->path == NULL || ns->path[0] == '\0';
    }
    return false;
}

/* --- mounts ---------------------------------------------------------------------------------- */

static int show_ids(const struct oci_mount *mount, int fd, bool recursive)
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
        rc = show_ids(mount, fd, false);
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
        return rc == 0 && options.idmap ? show_ids(mount, *ret_fd, options.recursive) : rc;
    }
    if (hull_streq(mount->destination, "/dev") && hull_streq(mount->type, "tmpfs"))
        return new_dev(mount, &options, ret_fd);
    bool shared = (hull_streq(mount->type, "mqueue") && !is_new("ipc")) ||
                  (hull_streq(mount->type, "sysfs") && !is_new("network"));
    return shared ? new_shared(mount, &options, ret_fd) : 0;
}
