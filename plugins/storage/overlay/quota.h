/* quota.h: how much a container may write (--storage-opt size): a project quota of the filesystem
 * below, which counts whatever lies in the container's folder. */
#ifndef HULL_STORAGE_OVERLAY_QUOTA_H
#define HULL_STORAGE_OVERLAY_QUOTA_H

#include "layers.h"

/*
 * Give the folder DIR_FD of a container, which is still empty, a project of its own with a limit
 * of SIZE bytes. -HULL_NOT_SUPPORTED where the filesystem enforces none. Worker-safe.
 */
int ovl_quota_set(const struct layers *layers, int dir_fd, int64_t size,
                  struct hull_problem *problem) HULL_CHECKED;

#endif
