/*
 * populate.h: the content of volumes: what the image has at the place where an empty volume will
 * be mounted, and folders inside of them.
 */
#ifndef HULL_CONTAINER_POPULATE_H
#define HULL_CONTAINER_POPULATE_H

#include <hull/call.h>

/*
 * Copy what ROOTFS_FD has at PATH into the folder VOLUME, or SUBPATH (may be NULL) in there, when
 * that is empty, with owner, mode, times and extended attributes. Nothing when the image has no
 * folder at PATH, or the volume none at SUBPATH. Yields.
 */
int populate_volume(struct hull_call *call, int rootfs_fd, const char *path, const char *volume,
                    const char *subpath) HULL_CHECKED;
/* SUBPATH is in the folder VOLUME, for a good error: the runtime opens it again, inside. */
int populate_check_subpath(struct hull_call *call, const char *volume, const char *subpath)
    HULL_CHECKED;

#endif
