/*
 * idmap.h: ids of containers with a user namespace: the namespace that says which id of the host
 * stands for which, and mounts whose files are shown that way. Nothing is chowned: on the disk, the
 * files have the ids that the container sees.
 */
#ifndef HULL_COMMON_IDMAP_H
#define HULL_COMMON_IDMAP_H

#include <hull/error.h>

/* 0 to SIZE-1 inside are UID… and GID… on the host. */
struct idmap {
    uint32_t uid, gid, size;
};

/* A new user namespace with MAP, in which no process is: its descriptor, or -errno. About 0.2 ms.
 * Worker-safe. */
int idmap_userns(const struct idmap *map);
/* The folder or mount at DIR_FD as a detached, private mount whose ids are shown by USERNS_FD, with
 * ATTRIBUTES (MOUNT_ATTR_…): its descriptor, or -errno; -EINVAL when its file system can't do that.
 * Worker-safe. */
int idmap_mount(int dir_fd, int userns_fd, uint64_t attributes);

#endif
