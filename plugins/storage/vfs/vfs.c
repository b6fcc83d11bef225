/*
 * storage/vfs: each layer and each container is a whole copy of what is below it.
 *
 * It works on any filesystem, and costs time and space unless the filesystem shares blocks
 * (btrfs, xfs: FICLONE). It is the fallback, and a second opinion for tests: overlay and vfs
 * pass the same suite.
 *
 * plugins/common/layers.h says where things are. A container adds containers/ID/diff and a note
 * of the layer that it is a copy of, containers/ID/top. Whiteouts are carried out while a layer
 * is unpacked onto the copy of its parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vfs.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

#define TOP "top" /* file beside diff */

struct job {
    const struct layers *layers;
    const struct storage_container *request;
    struct hull_arena *arena;
    struct filesystem_change_list *changes;
    int64_t size;
    int fd, list_fd;
};

static int fail(struct hull_work *work, int rc, const struct job *job)
{
    return hull_problem_set(&work->problem, hull_kind_of_errno(-rc), "the tree of container %s: %s",
                            job->request->id, strerror(-rc));
}

/* Which layer the copy was made of: usage and changes are asked for with the id alone. */
static int write_top(const struct job *job, int dir_fd)
{
    const struct hull_strv *chain = &job->request->chain;
    if (chain->n == 0)
        return 0;
    const char *top = chain->v[chain->n - 1];
    HULL_AUTO_FD fd = openat(dir_fd, TOP, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : root_write_full(fd, top, strlen(top));
}

static int read_top(struct hull_work *work, const struct job *job, char **ret_chain)
{
    size_t size;
    HULL_AUTO_FD dir_fd = layers_open_container(job->layers, job->request->id, ".");
    int rc = dir_fd < 0 ? dir_fd : root_read_file(dir_fd, TOP, 128, ret_chain, &size);
    if (rc == -ENOENT)
        return 0;
    if (rc == 0 && layers_hex(*ret_chain) == NULL)
        rc = -EINVAL;
    return rc < 0 ? fail(work, rc, job) : 0;
}

/* The highest layer holds everything. 0 and -1 when there is none. */
static int open_top(struct hull_work *work, const struct job *job, int *ret_fd)
{
    const struct hull_strv *chain = &job->request->chain;
    HULL_AUTO_FREE char *noted = NULL;
    *ret_fd = -1;
    int rc = chain->n > 0 ? 0 : read_top(work, job, &noted);
    const char *top = chain->n > 0 ? chain->v[chain->n - 1] : noted;
    if (rc < 0 || top == NULL)
        return rc;
    int fd = layers_get_diff(&work->problem, job->layers, top);
    *ret_fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

static int fill_layer(struct hull_work *work, int parent_fd, int diff_fd)
{
    return parent_fd < 0 ? 0 : vfs_copy(parent_fd, diff_fd, work->canceled, &work->problem);
}

static int vfs_probe(struct hull_call *call, const struct hull_empty *request,
                     struct storage_probe_reply *ret)
{
    const struct layers *layers;
    (void)request;
    int rc = layers_get(call, &layers);
    *ret = (struct storage_probe_reply){.name = "vfs", .rank = 10, .supported = rc == 0};
    if (rc == -HULL_CANCELED || rc == -HULL_TIMEOUT)
        return rc;
    if (rc < 0) {
        ret->reason = hull_strdup(call, hull_error(call));
        hull_error_clear(call);
    }
    return 0;
}

/* --- containers ------------------------------------------------------------------------------ */

/* What must exist to be mounted upon first, so that the image replaces it. */
static int fill_container(struct hull_work *work, const struct job *job, int dir_fd)
{
    HULL_AUTO_FD top = -1;
    HULL_AUTO_FD diff = layers_make_dir(dir_fd, "diff", 0755);
    HULL_AUTO_FD init = diff < 0 ? diff : layers_open_init(job->layers);
    if (init < 0)
        return fail(work, init, job);
    int rc = open_top(work, job, &top);
    if (rc == 0)
        rc = vfs_copy(init, diff, work->canceled, &work->problem);
    if (rc == 0) {
        int noted = write_top(job, dir_fd);
        rc = noted < 0 ? fail(work, noted, job) : 0;
    }
    if (rc == 0 && top >= 0)
        rc = vfs_copy(top, diff, work->canceled, &work->problem);
    return rc;
}

static int create_work(struct hull_work *work, void *arg)
{
    const struct job *job = arg;
    HULL_AUTO_FD dir_fd = layers_make_container(&work->problem, job->layers, job->request->id);
    if (dir_fd < 0)
        return dir_fd;
    int rc = fill_container(work, job, dir_fd);
    if (rc < 0)
        layers_drop_container(job->layers, job->request->id);
    return rc;
}

static int vfs_create(struct hull_call *call, const struct storage_container *request,
                      struct hull_empty *ret)
{
    struct job job = {.request = request};
    (void)ret;
    int rc = layers_check_request(call, request, &job.layers);
    if (rc == 0 && request->size > 0)
        rc = hull_fail(call, HULL_NOT_SUPPORTED, "--storage-opt is not supported for vfs");
    return rc < 0 ? rc : hull_work(call, create_work, &job);
}

static int open_tree_of(struct hull_work *work, struct job *job)
{
    if (!job->request->readonly)
        return layers_get_container(&work->problem, job->layers, job->request->id, "diff");
    int fd;
    int rc = open_top(work, job, &fd);
    if (rc == 0 && fd < 0)
        return hull_problem_set(&work->problem, HULL_INVALID, "a mount without a layer");
    return rc < 0 ? rc : fd;
}

static int mount_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD dir_fd = open_tree_of(work, job);
    if (dir_fd < 0)
        return dir_fd;
    HULL_AUTO_FD fd = (int)syscall(SYS_open_tree, dir_fd, "",
                                   AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    /* A clone of a shared mount would be a peer of the host's. */
    struct mount_attr attr = {
        .attr_set = job->request->readonly ? MOUNT_ATTR_RDONLY : 0,
        .propagation = MS_PRIVATE,
    };
    if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return fail(work, -errno, job);
    attr = (struct mount_attr){.attr_set = MOUNT_ATTR_IDMAP,
                               .userns_fd = (uint64_t)job->request->userns_fd};
    if (job->request->uid != 0 &&
        syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return hull_problem_set(&work->problem, HULL_NOT_SUPPORTED,
                                "user namespace: the file system of the data root can't show files "
                                "with other ids (an idmapped mount): %s; use --userns host",
                                strerror(errno));
    job->fd = HULL_TAKE_FD(fd);
    return 0;
}

static int vfs_mount(struct hull_call *call, const struct storage_container *request,
                     struct storage_mount_reply *ret)
{
    struct job job = {.request = request};
    int rc = layers_check_request(call, request, &job.layers);
    if (rc == 0)
        rc = hull_work(call, mount_work, &job);
    if (rc == 0)
        *ret = (struct storage_mount_reply){.mount_fd = job.fd};
    return rc;
}

/* docker has nothing to say about this driver either. */
static int vfs_describe(struct hull_call *call, const struct storage_container *request,
                        struct storage_mount_reply *ret)
{
    struct job job;
    *ret = (struct storage_mount_reply){.mount_fd = -1};
    return layers_check_request(call, request, &job.layers);
}

/* --- what a container changed ----------------------------------------------------------------- */

static int changes_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD top = -1;
    HULL_AUTO_FD diff = layers_get_container(&work->problem, job->layers, job->request->id, "diff");
    if (diff < 0)
        return diff;
    int rc = open_top(work, job, &top);
    return rc < 0 ? rc : vfs_changes(job->arena, diff, top, job->changes, &work->problem);
}

static int find_changes(struct hull_call *call, struct job *job)
{
    job->arena = hull_call_arena(call);
    int rc = layers_check_request(call, job->request, &job->layers);
    return rc < 0 ? rc : hull_work(call, changes_work, job);
}

static int vfs_changes_handler(struct hull_call *call, const struct storage_container *request,
                               struct storage_changes_reply *ret)
{
    struct filesystem_change_list changes = {};
    struct job job = {.request = request, .changes = &changes};
    int rc = find_changes(call, &job);
    if (rc < 0)
        return rc;
    ret->changes.n = changes.n;
    ret->changes.v = changes.v;
    return 0;
}

/* Sizes of what was added or changed: what an upper directory would hold. */
static int usage_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD diff = layers_get_container(&work->problem, job->layers, job->request->id, "diff");
    if (diff < 0)
        return diff;
    for (size_t i = 0; i < job->changes->n; i++) {
        struct stat st;
        if (root_stat(diff, job->changes->v[i].path, false, &st) == 0 && !S_ISDIR(st.st_mode))
            job->size += st.st_size;
    }
    return 0;
}

static int vfs_usage(struct hull_call *call, const struct storage_container *request,
                     struct storage_usage_reply *ret)
{
    struct filesystem_change_list changes = {};
    struct job job = {.request = request, .changes = &changes};
    int rc = find_changes(call, &job);
    if (rc == 0)
        rc = hull_work(call, usage_work, &job);
    if (rc == 0)
        ret->size = job.size;
    return rc;
}

/* The changes as the list that the jail packs. */
static int diff_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    HULL_AUTO_FD diff = layers_get_container(&work->problem, job->layers, job->request->id, "diff");
    if (diff < 0)
        return diff;
    HULL_AUTO_FD list = memfd_create("hull-diff", MFD_CLOEXEC);
    int rc = list < 0 ? -errno : 0;
    for (size_t i = 0; rc == 0 && i < job->changes->n; i++) {
        const struct filesystem_change *change = &job->changes->v[i];
        rc = root_write_full(list, change->kind == 2 ? "-" : "+", 1);
        if (rc == 0)
            rc = root_write_full(list, change->path + 1, strlen(change->path));
    }
    if (rc == 0 && lseek(list, 0, SEEK_SET) < 0)
        rc = -errno;
    if (rc < 0)
        return fail(work, rc, job);
    job->fd = HULL_TAKE_FD(diff);
    job->list_fd = HULL_TAKE_FD(list);
    return 0;
}

static int vfs_diff(struct hull_call *call, const struct storage_container *request,
                    struct storage_diff_reply *ret)
{
    struct filesystem_change_list changes = {};
    struct job job = {.request = request, .changes = &changes};
    int rc = find_changes(call, &job);
    if (rc == 0)
        rc = hull_work(call, diff_work, &job);
    if (rc == 0)
        *ret = (struct storage_diff_reply){.dir_fd = job.fd, .list_fd = job.list_fd};
    return rc;
}

static const struct layers_driver driver = {
    .name = "vfs",
    .whiteouts = "apply",
    .fill = fill_layer,
};

static int vfs_init(struct hull_call *call)
{
    (void)call;
    layers_init(&driver);
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(storage, probe, vfs_probe),
    HULL_HANDLE(storage, layer_begin, layers_begin),
    HULL_HANDLE(storage, layer_commit, layers_commit),
    HULL_HANDLE(storage, layer_abort, layers_abort),
    HULL_HANDLE(storage, layer_remove, layers_remove),
    HULL_HANDLE(storage, layer_stat, layers_stat),
    HULL_HANDLE(storage, create, vfs_create),
    HULL_HANDLE(storage, remove, layers_remove_container),
    HULL_HANDLE(storage, mount, vfs_mount),
    HULL_HANDLE(storage, describe, vfs_describe),
    HULL_HANDLE(storage, usage, vfs_usage),
    HULL_HANDLE(storage, changes, vfs_changes_handler),
    HULL_HANDLE(storage, diff, vfs_diff),
    HULL_HANDLE(storage, sweep, layers_sweep),
    {},
};

HULL_PLUGIN(storage_vfs, .port = "storage/vfs", .version = "1.0", .handlers = handlers,
            .init = vfs_init, .fini = layers_fini);
