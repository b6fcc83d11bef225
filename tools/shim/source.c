/*
 * source.c: what a bind mount brings in, as a detached tree.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is below SOURCE belongs to containers, which may exchange it for links at any time. */
static int open_subpath(const struct oci_mount *mount, unsigned flags)
{
    HULL_AUTO_FD top = open(mount->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD inside = top < 0 ? -1 : below_open(top, mount->subpath, O_PATH);
    return inside < 0 ? -1 : open_tree(inside, "", flags | AT_EMPTY_PATH);
}

int source_open(const struct oci_mount *mount, bool recursive, int *ret_fd)
{
    const char *source = mount->source == NULL ? "" : mount->source;
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
    int fd =
        mount->subpath != NULL ? open_subpath(mount, flags) : open_tree(AT_FDCWD, source, flags);
    if (fd < 0 && errno == EINVAL && mount->subpath == NULL)
        fd = foreign_tree(source);
    *ret_fd = fd;
    return fd < 0 ? shim_fail_errno("error mounting \"%s\" to rootfs at \"%s\"", source,
                                    mount->destination)
                  : 0;
}

/*
 * /proc/PID/fd/N is a mount that is attached nowhere: the daemon's, of an image. Only a process in
 * the daemon's namespaces finds it and clones from it.
 */
static int take_detached(const struct oci_mount *mount, int pid, int number, int *ret_fd)
{
    HULL_AUTO_FD process = (int)syscall(SYS_pidfd_open, pid, 0);
    HULL_AUTO_FD top = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, number, 0);
    if (top < 0)
        return shim_fail_errno("mount for \"%s\"", mount->destination);
    if (mount->subpath == NULL) {
        *ret_fd = HULL_TAKE_FD(top);
        return 0;
    }
    HULL_AUTO_FD inside = below_open(top, mount->subpath, O_PATH);
    *ret_fd = inside < 0
                  ? -1
                  : open_tree(inside, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (*ret_fd < 0 && errno == EINVAL)
        return shim_fail(HULL_NOT_SUPPORTED,
                         "mount for \"%s\": a part of an image needs Linux 6.15",
                         mount->destination);
    return *ret_fd < 0 ? shim_fail_errno("mount for \"%s\": %s", mount->destination, mount->subpath)
                       : 0;
}

int source_detached(const struct oci_mount *mount, int *ret_fd)
{
    int pid, number, length = 0;
    *ret_fd = -1;
    if (mount->source == NULL ||
        sscanf(mount->source, "/proc/%d/fd/%d%n", &pid, &number, &length) != 2 || length == 0 ||
        mount->source[length] != '\0')
        return 0;
    return take_detached(mount, pid, number, ret_fd);
}

int source_protect(int fd, const struct mount_options *options)
{
    struct mount_attr attr = {.attr_set = options->set, .attr_clr = options->clear};
    if ((attr.attr_set | attr.attr_clr) != 0 &&
        mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return -1;
    attr = (struct mount_attr){.attr_set = options->recursive_set};
    if (attr.attr_set != 0 &&
        mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        return -1;
    if (options->propagation == MS_SHARED)
        return 0; /* it is what the clone has already: one of the source's peers */
    attr = (struct mount_attr){.propagation = options->propagation};
    if (attr.propagation == 0)
        attr.propagation = MS_PRIVATE;
    return mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
}
