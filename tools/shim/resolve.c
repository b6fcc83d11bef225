/*
 * resolve.c: the only way to a file of the container. A path is resolved by the kernel with the
 * container's root as the root and without magic links, and what comes of it is used by
 * descriptor, never by name again.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int root_fd = -1;
int proc_fd = -1;

/* A path is never longer than the kernel takes, so that pieces of it fit here. */
#define PATH_SIZE 4096

int below_open(int dirfd, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    long fd;
    do {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
    } while (fd < 0 && (errno == EAGAIN || errno == EINTR)); /* EAGAIN: something was renamed */
    return (int)fd;
}

int root_open(const char *path, int flags)
{
    return below_open(root_fd, path, flags);
}

/* Open the folder PATH, which may have been made just now by somebody else too. */
static int make_folder(int dirfd, int parent_fd, const char *path, const char *name)
{
    int fd = below_open(dirfd, path, O_PATH | O_DIRECTORY);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
        return -1;
    return below_open(dirfd, path, O_PATH | O_DIRECTORY);
}

int below_parent(int dirfd, const char *path, const char **ret_name)
{
    char so_far[PATH_SIZE];
    size_t length = 0;
    HULL_AUTO_FD parent = below_open(dirfd, ".", O_PATH | O_DIRECTORY);
    *ret_name = "";
    while (parent >= 0) {
        path += strspn(path, "/");
        size_t name = strcspn(path, "/");
        if (name == 0)
            break;
        *ret_name = path;
        if (path[name + strspn(path + name, "/")] == '\0')
            break;
        if (length + name + 2 > sizeof(so_far)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        so_far[length] = '/';
        memcpy(so_far + length + 1, path, name);
        size_t at = length + 1;
        length += name + 1;
        so_far[length] = '\0';
        int next = make_folder(dirfd, parent, so_far, so_far + at);
        close(parent);
        parent = next;
        path += name;
    }
    return HULL_TAKE_FD(parent);
}

int root_make(const char *path, bool directory)
{
    int fd = root_open(path, O_PATH);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    const char *rest;
    HULL_AUTO_FD parent = below_parent(root_fd, path, &rest);
    if (parent < 0)
        return -1;
    char name[256];
    size_t length = strcspn(rest, "/");
    if (length >= sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, rest, length);
    name[length] = '\0';
    if (directory) {
        if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
            return -1;
    } else {
        HULL_AUTO_FD made =
            openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (made < 0 && errno != EEXIST)
            return -1;
    }
    return root_open(path, O_PATH);
}

int proc_open_private(void)
{
    if (proc_fd >= 0)
        return 0;
    HULL_AUTO_FD context = fsopen("proc", FSOPEN_CLOEXEC);
    if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return shim_fail_errno("open procfs");
    proc_fd =
        fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return proc_fd < 0 ? shim_fail_errno("mount procfs") : 0;
}
