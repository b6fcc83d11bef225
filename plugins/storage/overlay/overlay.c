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

#include "overlay.h"

#define NAME "overlay2"

static struct layers layers = {.root_fd = -1};
static enum ovl_api api = OVL_APPEND;
static bool api_known;

#define OVL_OPTIONS_FIELDS(F, T)               \
    F(T, STRING, _, mount_api, "mount-api", 0, \
      "Mount with lowerdir+, lowerdir or mount; found out when absent")
HULL_MESSAGE_DECLARE(ovl_options, OVL_OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(ovl_options, OVL_OPTIONS_FIELDS)

static int open_layers(struct hull_call *call)
{
    return layers_open(call, &layers, NAME);
}

/* --- probe ----------------------------------------------------------------------------------- */

struct probe {
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

static int check_trusted(struct hull_problem *problem)
{
    char name[64];
    int rc = layers_make_tmp(&layers, "xattr", name);
    HULL_AUTO_FD fd = rc < 0 ? rc : openat(layers.root_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hull_problem_set(problem, HULL_IO, "the data root can't be written to");
    rc = fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0
             ? hull_problem_set(problem, HULL_NOT_SUPPORTED, "trusted xattrs do not work: %s",
                                strerror(errno))
             : 0;
    unlinkat(layers.root_fd, name, AT_REMOVEDIR);
    return rc;
}

/* The kernel mounts nothing whose folders do not say what kind each entry is: trying includes
 * that check. */
static int probe_work(struct hull_work *work, void *arg)
{
    struct probe *probe = arg;
    bool refused;
    if (fstatfs(layers.root_fd, &probe->fs) < 0)
        return hull_problem_set(&work->problem, HULL_IO, "statfs: %s", strerror(errno));
    const char *name = filesystem_name((long)probe->fs.f_type, &refused);
    if (refused)
        return hull_problem_set(&work->problem, HULL_NOT_SUPPORTED,
                                "%s can't hold the upper directory of an overlay", name);
    int rc = check_trusted(&work->problem);
    return rc < 0 ? rc : ovl_api_find(&layers, probe->wanted, &probe->found, &work->problem);
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
    int rc = open_layers(call);
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

/* --- layers ---------------------------------------------------------------------------------- */

static int ovl_layer_begin(struct hull_call *call, const struct storage_layer *request,
                           struct storage_begin_reply *ret)
{
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_begin(call, &layers, request, NULL, "overlay", ret);
}

static int ovl_layer_commit(struct hull_call *call, const struct storage_layer *request,
                            struct hull_empty *ret)
{
    (void)ret;
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_commit(call, &layers, request);
}

static int ovl_layer_abort(struct hull_call *call, const struct storage_layer *request,
                           struct hull_empty *ret)
{
    (void)ret;
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_abort(call, &layers, request);
}

static int ovl_layer_remove(struct hull_call *call, const struct storage_layer *request,
                            struct hull_empty *ret)
{
    (void)ret;
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_remove(call, &layers, request);
}

static int ovl_layer_stat(struct hull_call *call, const struct storage_layer *request,
                          struct storage_layer *ret)
{
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_stat(call, &layers, request, ret);
}

static int ovl_sweep(struct hull_call *call, const struct storage_sweep_request *request,
                     struct hull_empty *ret)
{
    (void)ret;
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_sweep(call, &layers, request);
}

/* --- containers ------------------------------------------------------------------------------ */

static int check_request(struct hull_call *call, const struct storage_container *request)
{
    int rc = layers_check_id(call, request->id);
    for (size_t i = 0; rc == 0 && i < request->chain.n; i++)
        rc = layers_check_chain(call, request->chain.v[i]);
    return rc < 0 ? rc : open_layers(call);
}

static int set_errno(struct hull_work *work, int rc, const char *id)
{
    return hull_problem_set(&work->problem, hull_kind_of_errno(-rc),
                            "the writable layer of container %s: %s", id, strerror(-rc));
}

/* The top of the tree is as the image's highest layer has it. */
static int fill_container(struct hull_work *work, const struct storage_container *request,
                          int dir_fd)
{
    HULL_AUTO_FD work_fd = layers_make_dir(dir_fd, "work", 0700);
    HULL_AUTO_FD upper = layers_make_dir(dir_fd, "upper", 0755);
    int rc = upper < 0 ? upper : work_fd < 0 ? work_fd : 0;
    for (size_t i = 0; rc == 0 && i < request->chain.n; i++) {
        const char *chain = request->chain.v[i];
        HULL_AUTO_FD fd = layers_open_diff(&layers, layers_hex(chain));
        if (fd == -ENOENT)
            return hull_problem_set(&work->problem, HULL_NOT_FOUND,
                                    "layer %s does not exist; pull the image again", chain);
        if (fd >= 0 && i == request->chain.n - 1)
            rc = layers_copy_dir_attributes(fd, upper);
        rc = fd < 0 ? fd : rc;
    }
    return rc < 0 ? set_errno(work, rc, request->id) : 0;
}

static int create_work(struct hull_work *work, void *arg)
{
    const struct storage_container *request = arg;
    HULL_AUTO_FD containers =
        openat(layers.root_fd, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (containers < 0)
        return set_errno(work, -errno, request->id);
    if (mkdirat(containers, request->id, 0700) < 0)
        return errno == EEXIST
                   ? hull_problem_set(&work->problem, HULL_CONFLICT,
                                      "container %s has a writable layer already", request->id)
                   : set_errno(work, -errno, request->id);
    HULL_AUTO_FD dir_fd = openat(containers, request->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc =
        dir_fd < 0 ? set_errno(work, -errno, request->id) : fill_container(work, request, dir_fd);
    if (rc < 0)
        (void)!root_remove_tree(containers, request->id);
    return rc;
}

static int ovl_create(struct hull_call *call, const struct storage_container *request,
                      struct hull_empty *ret)
{
    (void)ret;
    int rc = check_request(call, request);
    if (rc == 0 && request->chain.n > OVL_LAYERS_MAX)
        rc = hull_fail(call, HULL_NOT_SUPPORTED,
                       "the image has %zu layers; overlay stacks at most %d", request->chain.n,
                       OVL_LAYERS_MAX);
    return rc < 0 ? rc : hull_work(call, create_work, (void *)request);
}

static int ovl_remove(struct hull_call *call, const struct storage_container *request,
                      struct hull_empty *ret)
{
    (void)ret;
    int rc = open_layers(call);
    return rc < 0 ? rc : layers_remove_container(call, &layers, request->id);
}

static void add_data(struct hull_call *call, struct hull_map *data, const char *key, const char *id,
                     const char *sub)
{
    hull_map_set(hull_call_arena(call), data, key,
                 hull_printf(call, "%s/containers/%s/%s", layers.root, id, sub));
}

/* What docker shows, in its order: the lowest last. MergedDir is where docker would mount. */
static void describe(struct hull_call *call, const struct storage_container *request,
                     struct hull_map *data)
{
    struct hull_text lower = HULL_TEXT(hull_call_arena(call));
    for (size_t i = request->chain.n; i > 0; i--)
        hull_text_printf(&lower, "%s/%s/diff:", layers.root, layers_hex(request->chain.v[i - 1]));
    hull_text_printf(&lower, "%s/init/diff", layers.root);
    hull_map_set(hull_call_arena(call), data, "ID", hull_strdup(call, request->id));
    hull_map_set(hull_call_arena(call), data, "LowerDir", lower.data);
    add_data(call, data, "MergedDir", request->id, "merged");
    add_data(call, data, "UpperDir", request->id, "upper");
    add_data(call, data, "WorkDir", request->id, "work");
}

static int ovl_describe(struct hull_call *call, const struct storage_container *request,
                        struct storage_mount_reply *ret)
{
    int rc = check_request(call, request);
    if (rc < 0)
        return rc;
    *ret = (struct storage_mount_reply){.mount_fd = -1};
    describe(call, request, &ret->data);
    return 0;
}

static int mount_work(struct hull_work *work, void *arg)
{
    return ovl_mount_make(arg, &work->problem);
}

static struct ovl_mount mount_of(const struct storage_container *request, bool writable, bool init)
{
    return (struct ovl_mount){
        .layers = &layers,
        .chain = request->chain.v,
        .chain_count = request->chain.n,
        .id = writable ? request->id : NULL,
        .init = init,
        .api = api,
        .ret_fd = -1,
    };
}

static int ovl_mount(struct hull_call *call, const struct storage_container *request,
                     struct storage_mount_reply *ret)
{
    struct probe probe = {};
    int rc = check_request(call, request);
    if (rc == 0 && !api_known)
        rc = find_api(call, &probe);
    if (rc < 0)
        return rc;
    struct ovl_mount mount = mount_of(request, !request->readonly, !request->readonly);
    rc = hull_work(call, mount_work, &mount);
    if (rc < 0)
        return rc;
    *ret = (struct storage_mount_reply){.mount_fd = mount.ret_fd};
    describe(call, request, &ret->data);
    return 0;
}

/* --- what a container changed ----------------------------------------------------------------- */

struct look {
    const char *id;
    struct hull_arena *arena;
    struct ovl_mount below;
    int64_t size;
    int upper_fd;
    struct filesystem_change_list *changes;
};

static int open_upper(struct hull_work *work, struct look *look)
{
    look->upper_fd = layers_open_container(&layers, look->id, "upper");
    if (look->upper_fd == -ENOENT)
        return hull_problem_set(&work->problem, HULL_NOT_FOUND,
                                "the writable layer of container %s does not exist", look->id);
    return look->upper_fd < 0 ? set_errno(work, look->upper_fd, look->id) : 0;
}

static int usage_work(struct hull_work *work, void *arg)
{
    struct look *look = arg;
    int rc = open_upper(work, look);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = look->upper_fd;
    look->size = layers_usage(fd);
    return look->size < 0 ? set_errno(work, (int)look->size, look->id) : 0;
}

static int ovl_usage(struct hull_call *call, const struct storage_container *request,
                     struct storage_usage_reply *ret)
{
    struct look look = {.id = request->id};
    int rc = check_request(call, request);
    if (rc == 0)
        rc = hull_work(call, usage_work, &look);
    ret->size = rc == 0 ? look.size : 0;
    return rc;
}

static int changes_work(struct hull_work *work, void *arg)
{
    struct look *look = arg;
    int rc = open_upper(work, look);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD upper_fd = look->upper_fd;
    rc = ovl_mount_make(&look->below, &work->problem);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD below_fd = look->below.ret_fd;
    return ovl_changes(look->arena, upper_fd, below_fd, look->changes, &work->problem);
}

static int ovl_changes_method(struct hull_call *call, const struct storage_container *request,
                              struct storage_changes_reply *ret)
{
    struct probe probe = {};
    int rc = check_request(call, request);
    if (rc == 0 && !api_known)
        rc = find_api(call, &probe);
    if (rc < 0)
        return rc;
    struct filesystem_change_list changes = {};
    struct look look = {
        .id = request->id,
        .arena = hull_call_arena(call),
        .below = mount_of(request, false, true),
        .changes = &changes,
    };
    rc = hull_work(call, changes_work, &look);
    ret->changes.n = changes.n;
    ret->changes.v = changes.v;
    return rc;
}

static int diff_work(struct hull_work *work, void *arg)
{
    return open_upper(work, arg);
}

static int ovl_diff(struct hull_call *call, const struct storage_container *request,
                    struct storage_diff_reply *ret)
{
    struct look look = {.id = request->id};
    int rc = check_request(call, request);
    if (rc == 0)
        rc = hull_work(call, diff_work, &look);
    if (rc < 0)
        return rc;
    *ret = (struct storage_diff_reply){.dir_fd = look.upper_fd, .layer = true, .list_fd = -1};
    return 0;
}

static void ovl_fini(void)
{
    layers_close(&layers);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(storage, probe, ovl_probe),
    HULL_HANDLE(storage, layer_begin, ovl_layer_begin),
    HULL_HANDLE(storage, layer_commit, ovl_layer_commit),
    HULL_HANDLE(storage, layer_abort, ovl_layer_abort),
    HULL_HANDLE(storage, layer_remove, ovl_layer_remove),
    HULL_HANDLE(storage, layer_stat, ovl_layer_stat),
    HULL_HANDLE(storage, create, ovl_create),
    HULL_HANDLE(storage, remove, ovl_remove),
    HULL_HANDLE(storage, mount, ovl_mount),
    HULL_HANDLE(storage, describe, ovl_describe),
    HULL_HANDLE(storage, usage, ovl_usage),
    HULL_HANDLE(storage, changes, ovl_changes_method),
    HULL_HANDLE(storage, diff, ovl_diff),
    HULL_HANDLE(storage, sweep, ovl_sweep),
    {},
};

HULL_PLUGIN(storage_overlay, .port = "storage/overlay", .version = "1.0", .handlers = handlers,
            .options = &ovl_options_message, .fini = ovl_fini);
