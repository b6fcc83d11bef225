/* vfs.h: what the files of storage/vfs share. vfs.c tells the story. */
#ifndef HULL_STORAGE_VFS_H
#define HULL_STORAGE_VFS_H

#include "layers.h"
#include "root.h"

/*
 * Copy what is in FROM_FD into TO_FD with owners, modes, times, xattrs, holes and hard links.
 * Files share their blocks where the filesystem can do that. What TO_FD has already stays where
 * nothing of the same name comes. Ends early when *CANCELED. In a worker.
 */
int vfs_copy(int from_fd, int to_fd, const volatile bool *canceled, struct hull_problem *problem);

/* How the tree NEW_FD differs from OLD_FD (-1: from nothing). In a worker; the list is in ARENA. */
int vfs_changes(struct hull_arena *arena, int new_fd, int old_fd,
                struct filesystem_change_list *ret, struct hull_problem *problem);

#endif
