/*
 * quota.h: how much may be written into a folder: a project quota of the file system, which counts
 * whatever lies in the folder.
 */
#ifndef HULL_COMMON_QUOTA_H
#define HULL_COMMON_QUOTA_H

#include <pthread.h>

#include <hull/error.h>

/*
 * The numbers of projects from FIRST on, for the folders of one kind in a data root, which lie side
 * by side. Those of removed folders are not used again before the plugin is loaded anew, when the
 * highest one in use is looked for; a limit that was left behind is overwritten then.
 */
struct quota_space {
    uint32_t first, next;
    pthread_mutex_t lock;
};
/* Docker counts from one up: stay out of its way, and of what people have in /etc/projects. */
#define QUOTA_CONTAINERS 0x40000000u
#define QUOTA_VOLUMES 0x50000000u
#define QUOTA_SPACE(from)                                  \
    {                                                      \
        .first = (from), .lock = PTHREAD_MUTEX_INITIALIZER \
    }

/*
 * Give the folder DIR_FD, which is still empty and in the folder ALL_FD with all of its kind, a
 * project of its own with a limit of SIZE bytes. -HULL_NOT_SUPPORTED with a reason where the file
 * system enforces none. Worker-safe.
 */
int quota_set(struct quota_space *space, int all_fd, int dir_fd, int64_t size,
              struct hull_problem *problem) HULL_CHECKED;

#endif
