/*
 * archive_mounts.h: the files of a container that does not run, with its volumes and binds.
 */
#ifndef HULL_CONTAINER_ARCHIVE_MOUNTS_H
#define HULL_CONTAINER_ARCHIVE_MOUNTS_H

#include "ct.h"

/* The mount that PATH is in; NULL for the container's own files. */
const struct ct_mount *archive_find_mount(const struct ct *ct, const char *path);

/* Whether there is something that is mounted when CT starts, or was when it ran. */
bool archive_has_mounts(struct hull_call *call, const struct ct *ct);

/*
 * CT, which is locked and does not run, as it would see itself, in a mount namespace that nobody
 * else has: its top to RET_DIR_FD. What it uses of volumes is in use until archive_end_mounted(),
 * which comes after a failure, too. As with docker a tmpfs is not there, and what is missing of
 * paths to mount on is made. Yields.
 */
int archive_open_mounted(struct hull_call *call, struct ct *ct, int *ret_dir_fd, int *ret_mntns_fd)
    HULL_CHECKED;
/* CT is not locked. Yields. */
void archive_end_mounted(struct hull_call *call, struct ct *ct);
/* The copies of CT, which is locked and does not run, have ended, or the daemon that made them has:
 * nothing of its volumes is in use. Yields. */
void archive_end_copy(struct hull_call *call, struct ct *ct);

#endif
