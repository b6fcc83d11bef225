/*
 * userns_ids.c: whether a container has a user namespace, and who is its root on the host.
 */
#include "tools/shim/shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct oci_namespace *find_namespace(const char *type)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        if (hull_streq(linux_->namespaces.v[i].type, type))
            return &linux_->namespaces.v[i];
    }
    return NULL;
}

const char *userns_path_of(const char *type)
{
    const struct oci_namespace *ns = find_namespace(type);
    return ns != NULL && ns->path != NULL && ns->path[0] != '\0' ? ns->path : NULL;
}

bool namespace_is_new(const char *type)
{
    return find_namespace(type) != NULL && userns_path_of(type) == NULL;
}

bool userns_is_joined(void)
{
    return shim.userns && !shim.plan.exec && userns_path_of("user") != NULL;
}

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

/* The ends of pipes belong to who will open them as /dev/stdout. */
int userns_own_stdio(const int stdio[3])
{
    for (int i = 0; i < 3 && shim.userns; i++) {
        if (stdio[i] > 2 && fchown(stdio[i], shim.uid, shim.gid) < 0)
            return shim_fail_errno("give the streams to the container");
    }
    return 0;
}
