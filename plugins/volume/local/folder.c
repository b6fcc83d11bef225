/*
 * folder.c: the folders of volumes, DATA-ROOT/volumes/NAME/_data. A folder is renamed before its
 * content goes, so that a half-removed one is never taken for a volume. File trees are a worker's
 * business.
 */
#include "local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "failpoint.h"
#include "quota.h"
#include "root.h"

#define REMOVED ".removed-"
#define REMOVED_NAME_MAX (NAME_MAX - ((int)sizeof(REMOVED) - 1)) /* what fits behind it */

struct job {
    const char *data_root;
    const char *name;
    const struct hull_strv *keep;
    int64_t bytes, made_s, limit;
    struct hull_arena *arena; /* of found; nobody else uses it while the worker runs */
    struct hull_strv found;
    struct linked {
        ino_t inode;
        int64_t bytes;
    } * linked; /* names of files that have several; from malloc */
    size_t linked_count;
};

static int failed(struct hull_work *work, const struct job *job, int err)
{
    return hull_problem_set(&work->problem, hull_kind_of_errno(err), "volume %s: %s", job->name,
                            strerror(err));
}

/* <data root>/volumes, made when missing. */
int lv_open_all(struct hull_work *work, const char *data_root)
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

int lv_open_data(struct hull_work *work, const char *data_root, const char *name)
{
    const struct job job = {.name = name};
    HULL_AUTO_FD volumes = lv_open_all(work, data_root);

    if (volumes < 0)
        return volumes;
    HULL_AUTO_FD folder = openat(volumes, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd =
        folder < 0 ? -1 : openat(folder, "_data", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? failed(work, &job, errno) : fd;
}

/* --- one -------------------------------------------------------------------------------------- */

static struct quota_space quotas = QUOTA_SPACE(QUOTA_VOLUMES);

static int limit(struct hull_work *work, const struct job *job, int volumes, int folder)
{
    struct hull_problem why;
    int rc = job->limit > 0 ? quota_set(&quotas, volumes, folder, job->limit, &why) : 0;

    if (rc == -HULL_NOT_SUPPORTED)
        return hull_problem_set(&work->problem, HULL_INVALID,
                                "quota size requested but no quota support: volumes have to lie on "
                                "xfs or ext4 with the mount option 'prjquota' (%s); else a size is "
                                "possible with type=tmpfs and o=size=",
                                why.text);
    return rc < 0 ? hull_problem_set(&work->problem, why.kind, "%s", why.text) : 0;
}

static int make(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD volumes = lv_open_all(work, job->data_root);

    if (volumes < 0)
        return volumes;
    if (mkdirat(volumes, job->name, 0701) < 0 && errno != EEXIST)
        return failed(work, job, errno);
    HULL_AUTO_FD folder =
        openat(volumes, job->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return failed(work, job, errno);
    /* What is made in it is counted. */
    int rc = limit(work, job, volumes, folder);
    if (rc < 0)
        return rc;
    if ((mkdirat(folder, "_data", 0755) < 0 && errno != EEXIST) || fsync(folder) < 0 ||
        fsync(volumes) < 0)
        return failed(work, job, errno);
    return 0;
}

/* What is mounted there belongs to somebody else: it goes first, and nothing below is touched
 * while it is there. */
static int remove_one(struct hull_work *work, const struct job *job, int volumes)
{
    char aside[NAME_MAX + 1];

    int rc = lv_detach(work, job->data_root, job->name);
    if (rc < 0)
        return rc;
    snprintf(aside, sizeof(aside), REMOVED "%.*s", REMOVED_NAME_MAX, job->name);
    int err = -root_remove_tree(volumes, aside); /* of an earlier attempt */
    if (err == 0 && renameat(volumes, job->name, volumes, aside) < 0 && errno != ENOENT)
        err = errno;
    FAILPOINT(volume_remove_rename);
    if (err == 0)
        err = -root_remove_tree(volumes, aside);
    return err == 0 ? 0 : failed(work, job, err);
}

static int remove_folder(struct hull_work *work, void *arg)
{
    const struct job *job = arg;
    HULL_AUTO_FD volumes = lv_open_all(work, job->data_root);

    return volumes < 0 ? volumes : remove_one(work, job, volumes);
}

static int look(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    struct stat st;
    HULL_AUTO_FD volumes = lv_open_all(work, job->data_root);

    if (volumes < 0)
        return volumes;
    if (fstatat(volumes, job->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
        return hull_problem_set(&work->problem, HULL_NOT_FOUND, "get %s: no such volume",
                                job->name);
    job->made_s = st.st_mtim.tv_sec; /* _data is made at once, and nothing else later */
    return 0;
}

static int add_size(void *ctx, const struct root_entry *entry)
{
    struct job *job = ctx;
    int64_t bytes = (int64_t)entry->stat.st_blocks * 512;
    size_t n = job->linked_count;

    if (S_ISDIR(entry->stat.st_mode) || entry->stat.st_nlink == 1) {
        job->bytes += bytes;
        return 0;
    }
    if ((n & (n - 1)) == 0) { /* full: at 0 and at powers of two */
        struct linked *bigger = reallocarray(job->linked, 2 * n + 1, sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        job->linked = bigger;
    }
    job->linked[job->linked_count++] = (struct linked){entry->stat.st_ino, bytes};
    return 0;
}

static int by_inode(const void *a, const void *b)
{
    ino_t left = ((const struct linked *)a)->inode, right = ((const struct linked *)b)->inode;

    return left < right ? -1 : left > right;
}

/* A file counts once, however many names it has. */
static void add_linked(struct job *job)
{
    if (job->linked_count > 0)
        qsort(job->linked, job->linked_count, sizeof(*job->linked), by_inode);
    for (size_t i = 0; i < job->linked_count; i++)
        if (i == 0 || job->linked[i].inode != job->linked[i - 1].inode)
            job->bytes += job->linked[i].bytes;
    free(job->linked);
    job->linked = NULL;
}

static int measure(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD volumes = lv_open_all(work, job->data_root);

    if (volumes < 0)
        return volumes;
    HULL_AUTO_FD folder =
        openat(volumes, job->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 && errno == ENOENT)
        return 0; /* its removal was begun, and can be gone on with */
    int err = folder < 0 ? errno : -root_walk(folder, add_size, NULL, job);
    add_linked(job);
    return err == 0 ? 0 : failed(work, job, err);
}

/* --- all -------------------------------------------------------------------------------------- */

static int list(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    struct dirent *entry;
    int fd = lv_open_all(work, job->data_root);

    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    HULL_ASSERT(dir != NULL);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            hull_strv_add(job->arena, &job->found, hull_arena_strdup(job->arena, entry->d_name));
    closedir(dir);
    return 0;
}

static int sweep(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int fd = lv_open_all(work, job->data_root);
    struct dirent *entry;

    if (fd < 0)
        return fd;
    DIR *dir = fdopendir(fd);
    HULL_ASSERT(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        const struct job one = {.data_root = job->data_root, .name = entry->d_name};
        struct hull_work quiet = {.canceled = work->canceled};
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            hull_strv_contains(job->keep, entry->d_name))
            continue;
        if (strncmp(entry->d_name, REMOVED, strlen(REMOVED)) == 0)
            (void)!root_remove_tree(fd, entry->d_name); /* else the next start tries again */
        else
            (void)!remove_one(&quiet, &one, fd);
    }
    closedir(dir);
    return 0;
}

/* --- for the driver --------------------------------------------------------------------------- */

static struct job job_of(const char *name)
{
    return (struct job){.data_root = daemon_config()->data_root, .name = name};
}

const char *lv_path(struct hull_call *call, const char *name)
{
    return hull_printf(call, "%s/volumes/%s/_data", daemon_config()->data_root, name);
}

int lv_folder_make(struct hull_call *call, const char *name, int64_t size)
{
    struct job job = job_of(name);

    job.limit = size;

    return hull_work(call, make, &job);
}

int lv_folder_remove(struct hull_call *call, const char *name)
{
    struct job job = job_of(name);

    return hull_work(call, remove_folder, &job);
}

int lv_folder_stat(struct hull_call *call, const char *name, int64_t *ret_made_s)
{
    struct job job = job_of(name);

    int rc = hull_work_brief(call, look, &job);
    *ret_made_s = job.made_s;
    return rc;
}

int lv_folder_size(struct hull_call *call, const char *name, int64_t *ret_bytes)
{
    struct job job = job_of(name);

    int rc = hull_work(call, measure, &job);
    *ret_bytes = job.bytes;
    return rc;
}

int lv_folders_list(struct hull_call *call, struct hull_strv *ret_names)
{
    struct job job = job_of(NULL);

    job.arena = hull_call_arena(call);
    int rc = hull_work(call, list, &job);
    *ret_names = job.found;
    return rc;
}

int lv_folders_sweep(struct hull_call *call, const struct hull_strv *names)
{
    struct job job = job_of(NULL);

    job.keep = names;
    return hull_work(call, sweep, &job);
}
