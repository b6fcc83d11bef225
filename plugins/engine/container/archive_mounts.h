/*
 * archive_mounts.h: files in the volumes and binds of a container that does not run.
 */
#ifndef HULL_CONTAINER_ARCHIVE_MOUNTS_H
#define HULL_CONTAINER_ARCHIVE_MOUNTS_H

#include "ct.h"

/* The mount that PATH is in; NULL for the container's own files. */
const struct ct_mount *archive_find_mount(const struct ct *ct, const char *path);

/*
 * When PATH, which is absolute and clean, lies in a bind or a volume: the folder of the host to
 * RET_FD, and what PATH is called there to RET_PATH. Otherwise both stay as they are.
 * -HULL_NOT_SUPPORTED for volumes that have to be mounted first. Yields.
 */
int archive_open_mounted(struct hull_call *call, const struct ct *ct, const char *path, int *ret_fd,
                         const char **ret_path) HULL_CHECKED;

#endif
