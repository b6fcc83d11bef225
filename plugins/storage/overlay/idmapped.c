/*
 * idmapped.c: an overlay whose files have other ids than on the disk. The layers are mounts that
 * show them so; overlay itself can't, but passes on what its layers show.
 *
 * What overlay does in the upper directory by itself, it does as whoever mounted it. The host's
 * root is nobody in a container's range, so that the kernel would refuse: the mounting thread takes
 * the range's 0 for file systems, and keeps its rights.
 */
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "idmap.h"

int ovl_show_by(const struct ovl_mount *mount, int *fd, struct hull_problem *problem)
{
    if (mount->uid == 0)
        return 0;
    int shown = idmap_mount(*fd, mount->userns_fd, 0);
    if (shown < 0)
        return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                "user namespace: the file system of the data root can't show files "
                                "with other ids (an idmapped mount): %s; use --userns host",
                                strerror(-shown));
    close(*fd);
    *fd = shown;
    return 0;
}

/* Both are to be on one mount. */
int ovl_show_upper(const struct ovl_mount *mount, int *upper, int *work, int *ret_top,
                   struct hull_problem *problem)
{
    if (mount->uid == 0)
        return 0;
    HULL_AUTO_FD top = openat(*upper, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = top < 0 ? hull_problem_set(problem, hull_kind_of_errno(errno),
                                        "opening the writable layer of %s: %s", mount->id,
                                        strerror(errno))
                     : ovl_show_by(mount, &top, problem);
    if (rc < 0)
        return rc;
    close(*upper);
    close(*work);
    *ret_top = HULL_TAKE_FD(top);
    *upper = openat(*ret_top, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    *work = openat(*ret_top, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *upper < 0 || *work < 0 ? hull_problem_set(problem, hull_kind_of_errno(errno),
                                                      "opening the writable layer of %s: %s",
                                                      mount->id, strerror(errno))
                                   : 0;
}

/* Of this thread alone: glibc's functions would change all. */
static void become(uid_t uid, gid_t gid)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    HULL_ASSERT(syscall(SYS_capget, &head, data) == 0);
    setfsgid(gid);
    setfsuid(uid);
    /* With root's id go its rights over files. */
    HULL_ASSERT(syscall(SYS_capset, &head, data) == 0);
}

void ovl_become_mounter(const struct ovl_mount *mount)
{
    if (mount->uid != 0)
        become(mount->uid, mount->gid);
}

void ovl_become_daemon(const struct ovl_mount *mount)
{
    if (mount->uid != 0)
        become(geteuid(), getegid());
}
