/*
 * folder.c: the folders of volumes. A folder is renamed before its content goes, so that a
 * half-removed one is never taken for a volume. File trees are a worker's business.
 */
#include "volume_plugin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "failpoint.h"
#include "root.h"

#define REMOVED ".removed-"

struct job {
    const char *data_root;
    const char *name;
    const struct hull_strv *keep;
    int64_t bytes;
};

/* <data root>/volumes, made when missing. */
static int open_volumes(struct hull_work *work, const char *data_root)
{
    HULL_AUTO_FD root = open(data_root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0)
        return hull_problem_set(&work->problem, HULL_IO, "%s: %s", data_root, strerror(errno));
    if (mkdirat(root, "volumes", 0700) < 0 && errno != EEXIST)
        return hull_problem_set(&work->problem, hull_kind_of_errno(errno), "%s/volumes: %s",
                                data_root, strerror(errno));
    int fd = openat(root, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return hull_problem_set(&work->problem, HULL_IO, "%s/volumes: %s", data_root,
                                strerror(errno));
    return fd;
}

static int make(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD volumes = open_volumes(work, job->data_root);

    if (volumes < 0)
        return volumes;
    if (mkdirat(volumes, job->name, 0701) < 0 && errno != EEXIST)
        goto failed;
    HULL_AUTO_FD folder =
        openat(volumes, job->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || (mkdirat(folder, "_data", 0755) < 0 && errno != EEXIST) ||
        fsync(folder) < 0 || fsync(volumes) < 0)
        goto failed;
    return 0;
failed:
    return hull_problem_set(&work->problem, hull_kind_of_errno(errno), "volume %s: %s", job->name,
                            strerror(errno));
}

static int remove_folder(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    char aside[300];
    HULL_AUTO_FD volumes = open_volumes(work, job->data_root);

    if (volumes < 0)
        return volumes;
    snprintf(aside, sizeof(aside), REMOVED "%s", job->name);
    if (renameat(volumes, job->name, volumes, aside) < 0 && errno != ENOENT)
        snprintf(aside, sizeof(aside), "%s", job->name); /* the aside one is in the way */
    FAILPOINT(volume_remove_rename);
    int err = -root_remove_tree(volumes, aside);
    if (err != 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(err), "volume %s: %s", job->name,
                                strerror(err));
    return 0;
}

static int add_size(void *ctx, const struct root_entry *entry)
{
    ((struct job *)ctx)->bytes += (int64_t)entry->stat.st_blocks * 512;
    return 0;
}

static int measure(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD volumes = open_volumes(work, job->data_root);

    if (volumes < 0)
        return volumes;
    HULL_AUTO_FD folder =
        openat(volumes, job->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int err = folder < 0 ? errno : -root_walk(folder, add_size, NULL, job);
    if (err != 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(err), "volume %s: %s", job->name,
                                strerror(err));
    return 0;
}

static int sweep(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int fd = open_volumes(work, job->data_root);
    struct dirent *entry;

    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    HULL_ASSERT(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            hull_strv_contains(job->keep, entry->d_name))
            continue;
        if (root_remove_tree(fd, entry->d_name) < 0)
            continue; /* the next start tries again */
    }
    closedir(dir);
    return 0;
}

int volume_folder_make(struct hull_call *call, const char *name, const char **ret_path)
{
    struct job job = {.data_root = daemon_config()->data_root, .name = name};

    *ret_path = hull_printf(call, "%s/volumes/%s/_data", job.data_root, name);
    return hull_work(call, make, &job);
}

int volume_folder_remove(struct hull_call *call, const char *name)
{
    struct job job = {.data_root = daemon_config()->data_root, .name = name};

    return hull_work(call, remove_folder, &job);
}

int volume_folder_size(struct hull_call *call, const char *name, int64_t *ret_bytes)
{
    struct job job = {.data_root = daemon_config()->data_root, .name = name};

    int rc = hull_work(call, measure, &job);
    *ret_bytes = job.bytes;
    return rc;
}

int volume_folders_sweep(struct hull_call *call, const struct hull_strv *names)
{
    struct job job = {.data_root = daemon_config()->data_root, .keep = names};

    return hull_work(call, sweep, &job);
}
