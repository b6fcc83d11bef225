/*
 * populate.h: the content of volumes: what the image has at the place where an empty volume is
 * mounted for the first time, and folders inside of them.
 */
#ifndef HULL_CONTAINER_POPULATE_H
#define HULL_CONTAINER_POPULATE_H

#include <hull/call.h>

/*
 * Copy what ROOTFS_FD has at PATH into the folder VOLUME when that is empty, with owner, mode,
 * times and extended attributes. Nothing when the image has no folder there. Yields.
 */
int populate_volume(struct hull_call *call, int rootfs_fd, const char *path, const char *volume)
    HULL_CHECKED;
/* The path of SUBPATH in the folder VOLUME; it must be there, and inside. */
int populate_subpath(struct hull_call *call, const char *volume, const char *subpath,
                     const char **ret_path) HULL_CHECKED;

#endif
