/*
 * storage/overlay: layers as folders, a container as an overlay mount of them with an upper
 * directory of its own. docker calls it overlay2.
 *
 * plugins/common/layers.h says where things are. A container adds containers/ID/upper and
 * containers/ID/work. Mounting makes a detached mount and hands out its descriptor: the mount
 * lives where it is attached, in the container's own namespace, and goes with it; the host's
 * mount table never has it. Nothing is written down about a container, since the engine brings
 * the chain with each request.
 *
 * Below the image lies one folder shared by all containers that has what must exist to be
 * mounted upon. Being lowest it only fills in what an image lacks, and being lower than the
 * upper directory it is no change of the container.
 *
 * A new writable layer is not synced by itself: the state store's own sync comes after it, and
 * on the filesystems with a journal that is good here that takes along what came before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "failpoint.h"
#include "overlay.h"
#include "quota.h"

#define NAME "overlay2"

static enum ovl_api api = OVL_APPEND;
static bool api_known;

#define OVL_OPTIONS_FIELDS(F, T)               \
    F(T, STRING, _, mount_api, "mount-api", 0, \
      "Mount with lowerdir+, lowerdir or mount; found out when absent")
HULL_MESSAGE_DECLARE(ovl_options, OVL_OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(ovl_options, OVL_OPTIONS_FIELDS)

/* --- probe ----------------------------------------------------------------------------------- */

struct probe {
    const struct layers *layers;
    enum ovl_api wanted, found;
    struct statfs fs;
};

/* Names as docker gives them; overlay can't have its upper directory on the last ones. */
static const struct {
    long magic;
    const char *name;
    bool refused;
} filesystems[] = {
    {EXT4_SUPER_MAGIC, "extfs", false},
    {XFS_SUPER_MAGIC, "xfs", false},
    {BTRFS_SUPER_MAGIC, "btrfs", false},
    {TMPFS_MAGIC, "tmpfs", false},
    {F2FS_SUPER_MAGIC, "f2fs", false},
    {0x2fc12fc1, "zfs", false},
    {OVERLAYFS_SUPER_MAGIC, "overlayfs", true},
    {NFS_SUPER_MAGIC, "nfs", true},
    {0x65735546, "fuse", true},
    {ECRYPTFS_SUPER_MAGIC, "ecryptfs", true},
};

static const char *filesystem_name(long magic, bool *ret_refused)
{
    for (size_t i = 0; i < HULL_COUNT(filesystems); i++) {
        if (filesystems[i].magic == magic) {
            *ret_refused = filesystems[i].refused;
            return filesystems[i].name;
        }
    }
    *ret_refused = false;
    return "<unknown>";
}

static int check_trusted(const struct layers *layers, struct hull_problem *problem)
{
    char name[64];
    int rc = layers_make_tmp(layers, "xattr", name);
    if (rc < 0)
        return hull_problem_set(problem, HULL_IO, "the data root can't be written to: %s",
                                strerror(-rc));
    HULL_AUTO_FD fd = openat(layers->root_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        rc = hull_problem_set(problem, HULL_NOT_SUPPORTED, "trusted xattrs do not work: %s",
                              strerror(errno));
    unlinkat(layers->root_fd, name, AT_REMOVEDIR);
    return rc;
}

/* The kernel mounts nothing whose folders do not say what kind each entry is: trying includes
 * that check. */
static int probe_work(struct hull_work *work, void *arg)
{
    struct probe *probe = arg;
    bool refused;
    if (fstatfs(probe->layers->root_fd, &probe->fs) < 0)
        return hull_problem_set(&work->problem, HULL_IO, "statfs: %s", strerror(errno));
    const char *name = filesystem_name((long)probe->fs.f_type, &refused);
    if (refused)
        return hull_problem_set(&work->problem, HULL_NOT_SUPPORTED,
                                "%s can't hold the upper directory of an overlay", name);
    int rc = check_trusted(probe->layers, &work->problem);
    return rc < 0 ? rc : ovl_api_find(probe->layers, probe->wanted, &probe->found, &work->problem);
}

static int wanted_api(struct hull_call *call, enum ovl_api *ret)
{
    const struct ovl_options *options = hull_plugin_options("storage/overlay");
    *ret = OVL_APPEND;
    if (options == NULL || options->mount_api == NULL)
        return 0;
    for (enum ovl_api i = OVL_APPEND; i <= OVL_MOUNT; i++) {
        if (strcmp(ovl_api_name(i), options->mount_api) == 0) {
            *ret = i;
            return 0;
        }
    }
    return hull_fail(call, HULL_INVALID,
                     "storage/overlay: mount-api \"%s\" is none of lowerdir+, lowerdir, mount",
                     options->mount_api);
}

static int find_api(struct hull_call *call, struct probe *probe)
{
    int rc = layers_get(call, &probe->layers);
    if (rc == 0)
        rc = wanted_api(call, &probe->wanted);
    if (rc == 0)
        rc = hull_work(call, probe_work, probe);
    if (rc < 0)
        return rc;
    api = probe->found;
    api_known = true;
    return 0;
}

static int ovl_probe(struct hull_call *call, const struct hull_empty *request,
                     struct storage_probe_reply *ret)
{
    (void)request;
    struct probe probe = {};
    bool refused;
    struct hull_arena *arena = hull_call_arena(call);
    int rc = find_api(call, &probe);
    *ret = (struct storage_probe_reply){.name = NAME, .rank = 100, .supported = rc == 0};
    hull_map_set(arena, &ret->status, "Backing Filesystem",
                 filesystem_name((long)probe.fs.f_type, &refused));
    hull_map_set(arena, &ret->status, "Supports d_type", "true");
    hull_map_set(arena, &ret->status, "Using metacopy", "false");
    hull_map_set(arena, &ret->status, "Native Overlay Diff", "true");
    hull_map_set(arena, &ret->status, "userxattr", "false");
    if (rc < 0 && rc != -HULL_CANCELED && rc != -HULL_TIMEOUT) {
        ret->reason = hull_strdup(call, hull_error(call));
        hull_error_clear(call);
        return 0;
    }
    if (rc == 0 && api != OVL_APPEND)
        ret->reason = api == OVL_MOUNT
                          ? "the kernel has no mount by descriptors for overlay: mount(2) in a "
                            "folder of its own is used, for about 200 layers"
                          : "the kernel takes no single layers (lowerdir+): images with more than "
                            "about 14 layers are mounted by mount(2) in a folder of its own";
    return rc;
}

/* --- containers ------------------------------------------------------------------------------ */

/* A request with the open layers, for a worker. */
struct job {
    const struct layers *layers;
    const struct storage_container *request;
    struct hull_arena *arena;
    struct ovl_mount below;
    int64_t size;
    int upper_fd;
    struct filesystem_change_list *changes;
};

static int fail(struct hull_work *work, int rc, const struct job *job)
{
    return hull_problem_set(&work->problem, hull_kind_of_errno(-rc),
                            "the writable layer of container %s: %s", job->request->id,
                            strerror(-rc));
}

/* The top of the tree is as the image's highest layer has it. */
static int fill_container(struct hull_work *work, const struct job *job, int dir_fd)
{
    const struct hull_strv *chain = &job->request->chain;
    HULL_AUTO_FD work_fd = layers_make_dir(dir_fd, "work", 0700);
    HULL_AUTO_FD upper = layers_make_dir(dir_fd, "upper", 0755);
    int rc = upper < 0 ? upper : work_fd < 0 ? work_fd : 0;
    for (size_t i = 0; rc == 0 && i < chain->n; i++) {
        HULL_AUTO_FD fd = layers_get_diff(&work->problem, job->layers, chain->v[i]);
        if (fd < 0)
            return fd;
        if (i == chain->n - 1)
            rc = layers_copy_dir_attributes(fd, upper);
    }
    return rc < 0 ? fail(work, rc, job) : 0;
}

static struct quota_space quotas = QUOTA_SPACE(QUOTA_CONTAINERS);

static int limit(const struct layers *layers, int dir_fd, int64_t size,
                 struct hull_problem *problem)
{
    HULL_AUTO_FD all = openat(layers->root_fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hull_problem why;

    if (all < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno), "opening containers: %s",
                                strerror(errno));
    int rc = quota_set(&quotas, all, dir_fd, size, &why);
    if (rc == -HULL_NOT_SUPPORTED)
        return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                "--storage-opt is supported only for overlay over xfs or ext4 with "
                                "the mount option 'prjquota': %s",
                                why.text);
    return rc < 0 ? hull_problem_set(problem, why.kind, "%s", why.text) : 0;
}

static int create_work(struct hull_work *work, void *arg)
{
    const struct job *job = arg;
    HULL_AUTO_FD dir_fd = layers_make_container(&work->problem, job->layers, job->request->id);
    if (dir_fd < 0)
        return dir_fd;
    int64_t size = job->request->size;
    int rc = size > 0 ? limit(job->layers, dir_fd, size, &work->problem) : 0;
    if (rc == 0)
        rc = fill_container(work, job, dir_fd);
    if (rc < 0)
        layers_drop_container(job->layers, job->request->id);
    FAILPOINT(overlay_create_after);
    return rc;
}

static int ovl_create(struct hull_call *call, const struct storage_container *request,
                      struct hull_empty *ret)
{
    struct job job = {.request = request};
    (void)ret;
    int rc = layers_check_request(call, request, &job.layers);
    if (rc == 0 && request->chain.n > OVL_LAYERS_MAX)
        rc = hull_fail(call, HULL_NOT_SUPPORTED,
                       "the image has %zu layers; overlay stacks at most %d", request->chain.n,
                       OVL_LAYERS_MAX);
    return rc < 0 ? rc : hull_work(call, create_work, &job);
}

/* What docker shows, in its order: the lowest last. MergedDir is where docker would mount. */
static void describe(struct hull_call *call, const struct job *job, struct hull_map *data)
{
    static const char *const subs[][2] = {
        {"MergedDir", "merged"}, {"UpperDir", "upper"}, {"WorkDir", "work"}};
    struct hull_arena *arena = hull_call_arena(call);
    const struct storage_container *request = job->request;
    const char *root = job->layers->root;
    struct hull_text lower = HULL_TEXT(arena);
    for (size_t i = request->chain.n; i > 0; i--)
        hull_text_printf(&lower, "%s/%s/diff:", root, layers_hex(request->chain.v[i - 1]));
    hull_text_printf(&lower, "%s/init/diff", root);
    hull_map_set(arena, data, "ID", hull_strdup(call, request->id));
    hull_map_set(arena, data, "LowerDir", lower.data);
    for (size_t i = 0; i < HULL_COUNT(subs); i++)
        hull_map_set(arena, data, subs[i][0],
                     hull_printf(call, "%s/containers/%s/%s", root, request->id, subs[i][1]));
}

static int ovl_describe(struct hull_call *call, const struct storage_container *request,
                        struct storage_mount_reply *ret)
{
    struct job job = {.request = request};
    int rc = layers_check_request(call, request, &job.layers);
    if (rc < 0)
        return rc;
    *ret = (struct storage_mount_reply){.mount_fd = -1};
    describe(call, &job, &ret->data);
    return 0;
}

/* --- mounting -------------------------------------------------------------------------------- */

static int mount_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    FAILPOINT(overlay_mount_before);
    int rc = ovl_mount_make(&job->below, &work->problem);
    FAILPOINT(overlay_mount_after);
    return rc;
}

/* Fill job->below: the layers, and with WRITABLE the container's own on top. */
static int prepare_mount(struct hull_call *call, struct job *job, bool writable, bool init)
{
    const struct storage_container *request = job->request;
    struct probe probe = {};
    int rc = layers_check_request(call, request, &job->layers);
    if (rc == 0 && !api_known)
        rc = find_api(call, &probe);
    job->below = (struct ovl_mount){
        .layers = job->layers,
        .chain = request->chain.v,
        .chain_count = request->chain.n,
        .id = writable ? request->id : NULL,
        .init = init,
        .api = api,
        .ret_fd = -1,
    };
    return rc;
}

static int ovl_mount(struct hull_call *call, const struct storage_container *request,
                     struct storage_mount_reply *ret)
{
    struct job job = {.request = request};
    int rc = prepare_mount(call, &job, !request->readonly, !request->readonly);
    job.below.userns_fd = request->userns_fd;
    job.below.uid = (uint32_t)request->uid;
    job.below.gid = (uint32_t)request->gid;
    if (rc == 0)
        rc = hull_work(call, mount_work, &job);
    if (rc < 0)
        return rc;
    *ret = (struct storage_mount_reply){.mount_fd = job.below.ret_fd};
    describe(call, &job, &ret->data);
    return 0;
}

/* --- what a container changed ----------------------------------------------------------------- */

static int upper_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    job->upper_fd = layers_get_container(&work->problem, job->layers, job->request->id, "upper");
    return job->upper_fd < 0 ? job->upper_fd : 0;
}

static int usage_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int rc = upper_work(work, job);
    HULL_AUTO_FD fd = job->upper_fd;
    if (rc < 0)
        return rc;
    job->size = layers_usage(fd);
    return job->size < 0 ? fail(work, (int)job->size, job) : 0;
}

static int ovl_usage(struct hull_call *call, const struct storage_container *request,
                     struct storage_usage_reply *ret)
{
    struct job job = {.request = request};
    int rc = layers_check_request(call, request, &job.layers);
    if (rc == 0)
        rc = hull_work(call, usage_work, &job);
    if (rc == 0)
        ret->size = job.size;
    return rc;
}

static int changes_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    int rc = upper_work(work, job);
    HULL_AUTO_FD upper_fd = job->upper_fd;
    if (rc == 0)
        rc = ovl_mount_make(&job->below, &work->problem);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD below_fd = job->below.ret_fd;
    return ovl_changes(job->arena, upper_fd, below_fd, job->changes, &work->problem);
}

static int ovl_changes_handler(struct hull_call *call, const struct storage_container *request,
                               struct storage_changes_reply *ret)
{
    struct filesystem_change_list changes = {};
    struct job job = {.request = request, .arena = hull_call_arena(call), .changes = &changes};
    int rc = prepare_mount(call, &job, false, true);
    if (rc == 0)
        rc = hull_work(call, changes_work, &job);
    if (rc < 0)
        return rc;
    ret->changes.n = changes.n;
    ret->changes.v = changes.v;
    return 0;
}

static int ovl_diff(struct hull_call *call, const struct storage_container *request,
                    struct storage_diff_reply *ret)
{
    struct job job = {.request = request};
    int rc = layers_check_request(call, request, &job.layers);
    if (rc == 0)
        rc = hull_work(call, upper_work, &job);
    if (rc < 0)
        return rc;
    *ret = (struct storage_diff_reply){.dir_fd = job.upper_fd, .layer = true, .list_fd = -1};
    return 0;
}

static const struct layers_driver driver = {.name = NAME, .whiteouts = "overlay"};

static int ovl_init(struct hull_call *call)
{
    (void)call;
    layers_init(&driver);
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(storage, probe, ovl_probe),
    HULL_HANDLE(storage, layer_begin, layers_begin),
    HULL_HANDLE(storage, layer_commit, layers_commit),
    HULL_HANDLE(storage, layer_abort, layers_abort),
    HULL_HANDLE(storage, layer_remove, layers_remove),
    HULL_HANDLE(storage, layer_stat, layers_stat),
    HULL_HANDLE(storage, create, ovl_create),
    HULL_HANDLE(storage, remove, layers_remove_container),
    HULL_HANDLE(storage, mount, ovl_mount),
    HULL_HANDLE(storage, describe, ovl_describe),
    HULL_HANDLE(storage, usage, ovl_usage),
    HULL_HANDLE(storage, changes, ovl_changes_handler),
    HULL_HANDLE(storage, diff, ovl_diff),
    HULL_HANDLE(storage, sweep, layers_sweep),
    {},
};

HULL_PLUGIN(storage_overlay, .port = "storage/overlay", .version = "1.0", .handlers = handlers,
            .options = &ovl_options_message, .init = ovl_init, .fini = layers_fini);
