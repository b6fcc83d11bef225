/*
 * mount.c: making overlay mounts that nobody sees: the result is a descriptor.
 *
 * Layers are named to the kernel as /proc/self/fd/N, so that their number and the length of the
 * data root do not matter. With "lowerdir+" the kernel looks each up at once, and one descriptor
 * after the other is enough.
 */
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

/* The upper directory must be complete by itself: commit and changes read nothing else. */
static const char *const options[][2] = {
    {"redirect_dir", "off"},
    {"metacopy", "off"},
    {"index", "off"},
};

/* Everything that is open while a mount is made. */
struct parts {
    int lower[OVL_LAYERS_MAX + 1]; /* highest first */
    size_t lower_count;
    int upper, work;
    int shown; /* what these are in, when it is shown with other ids */
};

static void parts_close(struct parts *parts)
{
    for (size_t i = 0; i < parts->lower_count; i++)
        hull_fd_cleanup(&parts->lower[i]);
    hull_fd_cleanup(&parts->upper);
    hull_fd_cleanup(&parts->work);
    hull_fd_cleanup(&parts->shown);
}

static int set_errno(struct hull_problem *problem, int err, const char *what, const char *name)
{
    return hull_problem_set(problem, hull_kind_of_errno(err), "%s %s: %s", what, name,
                            strerror(err));
}

static size_t lower_total(const struct ovl_mount *mount)
{
    return mount->chain_count + mount->init;
}

static int open_layer(const struct ovl_mount *mount, size_t n, struct hull_problem *problem)
{
    if (n == mount->chain_count) {
        int fd = layers_open_init(mount->layers);
        return fd < 0 ? set_errno(problem, -fd, "opening the folder", "init") : fd;
    }
    return layers_get_diff(problem, mount->layers, mount->chain[mount->chain_count - 1 - n]);
}

/* The N-th of the layers below, highest first. */
static int open_lower(const struct ovl_mount *mount, size_t n, struct hull_problem *problem)
{
    HULL_AUTO_FD fd = open_layer(mount, n, problem);
    int rc = fd < 0 ? fd : ovl_show_by(mount, &fd, problem);
    return rc < 0 ? rc : HULL_TAKE_FD(fd);
}

/* All at once, for the ways that need that. */
static int open_lowers(const struct ovl_mount *mount, struct parts *parts,
                       struct hull_problem *problem)
{
    while (parts->lower_count < lower_total(mount)) {
        int fd = open_lower(mount, parts->lower_count, problem);
        if (fd < 0)
            return fd;
        parts->lower[parts->lower_count++] = fd;
    }
    return 0;
}

static int open_parts(const struct ovl_mount *mount, struct parts *parts,
                      struct hull_problem *problem)
{
    *parts = (struct parts){.upper = -1, .work = -1, .shown = -1};
    if (mount->chain_count > OVL_LAYERS_MAX)
        return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                "the image has %zu layers; overlay stacks at most %d",
                                mount->chain_count, OVL_LAYERS_MAX);
    /* A mount that is nowhere attached lives as long as its descriptor. */
    bool one_by_one = mount->api == OVL_APPEND && mount->uid == 0 &&
                      (mount->id != NULL || lower_total(mount) > 1);
    int rc = one_by_one ? 0 : open_lowers(mount, parts, problem);
    if (rc < 0 || mount->id == NULL)
        return rc;
    parts->upper = layers_open_container(mount->layers, mount->id, "upper");
    parts->work = layers_open_container(mount->layers, mount->id, "work");
    int err = parts->upper < 0 ? -parts->upper : parts->work < 0 ? -parts->work : 0;
    if (err == ENOENT)
        return hull_problem_set(problem, HULL_NOT_FOUND,
                                "the writable layer of container %s does not exist", mount->id);
    return err != 0 ? set_errno(problem, err, "opening the writable layer of", mount->id)
                    : ovl_show_upper(mount, &parts->upper, &parts->work, &parts->shown, problem);
}

/* --- fsopen ---------------------------------------------------------------------------------- */

/* What the kernel wrote about the failure is better than errno. */
static int fail_context(int fs_fd, struct hull_problem *problem, const char *what)
{
    int err = errno;
    char text[256];
    ssize_t n = read(fs_fd, text, sizeof(text) - 1);
    if (n <= 0)
        return hull_problem_set(problem, hull_kind_of_errno(err), "overlay: %s: %s", what,
                                strerror(err));
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return hull_problem_set(problem, hull_kind_of_errno(err), "overlay: %s: %s", what,
                            n > 2 && text[1] == ' ' ? text + 2 : text);
}

static int set_string(int fs_fd, const char *key, const char *value)
{
    return (int)syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, key, value, 0);
}

static int set_fd(int fs_fd, const char *key, int fd)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return set_string(fs_fd, key, path);
}

/* Names joined by ':' for options of one string; from malloc. */
static char *joined_lowers(const struct parts *parts)
{
    size_t size = parts->lower_count * 32 + 1, used = 0;
    char *text = malloc(size);
    HULL_ASSERT(text != NULL);
    for (size_t i = 0; i < parts->lower_count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s/proc/self/fd/%d", i > 0 ? ":" : "",
                                 parts->lower[i]);
    return text;
}

static int set_joined(int fs_fd, const struct parts *parts, struct hull_problem *problem)
{
    HULL_AUTO_FREE char *text = joined_lowers(parts);
    if (strlen(text) > 255)
        return hull_problem_set(problem, HULL_NOT_SUPPORTED, "overlay: too many layers at once");
    return set_string(fs_fd, "lowerdir", text) < 0 ? fail_context(fs_fd, problem, "lowerdir") : 0;
}

/* The kernel looks at the layer now: its descriptor is not needed any longer. */
static int append_lowers(int fs_fd, const struct ovl_mount *mount, const struct parts *parts,
                         struct hull_problem *problem)
{
    size_t count = parts->lower_count > 0 ? parts->lower_count : lower_total(mount);
    for (size_t i = 0; i < count; i++) {
        bool opened = parts->lower_count == 0;
        HULL_AUTO_FD own = opened ? open_lower(mount, i, problem) : -1;
        if (opened && own < 0)
            return own;
        if (set_fd(fs_fd, "lowerdir+", opened ? own : parts->lower[i]) < 0)
            return fail_context(fs_fd, problem, "lowerdir");
    }
    return 0;
}

static int use_context(const struct ovl_mount *mount, const struct parts *parts, enum ovl_api api,
                       int *ret_fd, struct hull_problem *problem)
{
    HULL_AUTO_FD fs_fd = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
    if (fs_fd < 0)
        return set_errno(problem, errno, "fsopen", "overlay");
    if (set_string(fs_fd, "source", "overlay") < 0)
        return fail_context(fs_fd, problem, "source");
    int rc = api == OVL_STRING ? set_joined(fs_fd, parts, problem)
                               : append_lowers(fs_fd, mount, parts, problem);
    if (rc < 0)
        return rc;
    if (parts->upper >= 0 &&
        (set_fd(fs_fd, "upperdir", parts->upper) < 0 || set_fd(fs_fd, "workdir", parts->work) < 0))
        return fail_context(fs_fd, problem, "upperdir");
    for (size_t i = 0; i < HULL_COUNT(options); i++) {
        if (set_string(fs_fd, options[i][0], options[i][1]) < 0)
            return fail_context(fs_fd, problem, options[i][0]);
    }
    if (syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return fail_context(fs_fd, problem, "mounting");
    int fd = (int)syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, 0);
    if (fd < 0)
        return fail_context(fs_fd, problem, "fsmount");
    *ret_fd = fd;
    return 0;
}

static int make_by_context(const struct ovl_mount *mount, const struct parts *parts,
                           enum ovl_api api, int *ret_fd, struct hull_problem *problem)
{
    ovl_become_mounter(mount);
    int rc = use_context(mount, parts, api, ret_fd, problem);
    ovl_become_daemon(mount);
    return rc;
}

/* --- mount(2) -------------------------------------------------------------------------------- */

static int mount_at(const struct parts *parts, const char *target, struct hull_problem *problem)
{
    HULL_AUTO_FREE char *lowers = joined_lowers(parts);
    HULL_AUTO_FREE char *data = NULL;
    char upper[96] = "";
    if (parts->upper >= 0)
        snprintf(upper, sizeof(upper), ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d",
                 parts->upper, parts->work);
    HULL_ASSERT(asprintf(&data, "lowerdir=%s%s,redirect_dir=off,metacopy=off,index=off", lowers,
                         upper) > 0);
    if (strlen(data) >= (size_t)sysconf(_SC_PAGESIZE))
        return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                "the image has %zu layers; this kernel stacks about 200",
                                parts->lower_count);
    if (mount("overlay", target, "overlay", 0, data) < 0)
        return set_errno(problem, errno, "mounting", "overlay");
    return 0;
}

/* A detached copy of the mount at FD with ATTRIBUTES. A plain copy would be a peer of the host's
 * mount: what is mounted in a container would turn up there. */
static int clone_mount(int fd, uint64_t attributes, int *ret_fd, struct hull_problem *problem)
{
    HULL_AUTO_FD clone =
        (int)syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (clone < 0)
        return set_errno(problem, errno, "open_tree", "layer");
    if (syscall(SYS_mount_setattr, clone, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return set_errno(problem, errno, "mount_setattr", "layer");
    *ret_fd = HULL_TAKE_FD(clone);
    return 0;
}

/* The mount on the folder NAME, taken off the host's mount table. */
static int take_mount(const struct layers *layers, const char *name, int *ret_fd,
                      struct hull_problem *problem)
{
    HULL_AUTO_FREE char *path = NULL;
    HULL_AUTO_FD top = openat(layers->root_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc =
        top < 0 ? set_errno(problem, errno, "opening", name) : clone_mount(top, 0, ret_fd, problem);
    HULL_ASSERT(asprintf(&path, "%s/%s", layers->root, name) > 0);
    umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    return rc;
}

static int make_by_mount(const struct ovl_mount *mount, const struct parts *parts, int *ret_fd,
                         struct hull_problem *problem)
{
    char name[64], target[48];
    int rc = layers_make_tmp(mount->layers, "mount", name);
    if (rc < 0)
        return set_errno(problem, -rc, "making", "a mount point");
    HULL_AUTO_FD dir_fd = openat(mount->layers->root_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(target, sizeof(target), "/proc/self/fd/%d", dir_fd);
    rc = dir_fd < 0 ? set_errno(problem, errno, "opening", name) : mount_at(parts, target, problem);
    if (rc == 0)
        rc = take_mount(mount->layers, name, ret_fd, problem);
    unlinkat(mount->layers->root_fd, name, AT_REMOVEDIR);
    return rc;
}

/* --- choosing --------------------------------------------------------------------------------- */

/* The only layer is the whole. */
static int take_lower(struct ovl_mount *mount, struct parts *parts, struct hull_problem *problem)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount->uid == 0)
        return clone_mount(parts->lower[0], MOUNT_ATTR_RDONLY, &mount->ret_fd, problem);
    if (syscall(SYS_mount_setattr, parts->lower[0], "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return set_errno(problem, errno, "mount_setattr", "layer");
    mount->ret_fd = HULL_TAKE_FD(parts->lower[0]);
    return 0;
}

int ovl_mount_make(struct ovl_mount *mount, struct hull_problem *problem)
{
    struct parts parts;
    int rc = open_parts(mount, &parts, problem);
    mount->ret_fd = -1;
    if (rc == 0 && lower_total(mount) == 0)
        rc = hull_problem_set(problem, HULL_INVALID, "a mount without a layer");
    else if (rc == 0 && parts.upper < 0 && lower_total(mount) == 1) /* overlay wants two */
        rc = take_lower(mount, &parts, problem);
    else if (rc == 0 && mount->uid != 0 && mount->api != OVL_APPEND)
        rc = hull_problem_set(problem, HULL_NOT_SUPPORTED,
                              "user namespace: overlay can't have layers that are shown with other "
                              "ids: that needs Linux 6.15; use --userns host");
    else if (rc == 0 && mount->api == OVL_MOUNT)
        rc = make_by_mount(mount, &parts, &mount->ret_fd, problem);
    else if (rc == 0) {
        rc = make_by_context(mount, &parts, mount->api, &mount->ret_fd, problem);
        if (rc < 0 && mount->api == OVL_STRING)
            rc = make_by_mount(mount, &parts, &mount->ret_fd, problem);
    }
    parts_close(&parts);
    return rc;
}

const char *ovl_api_name(enum ovl_api api)
{
    static const char *const names[] = {"lowerdir+", "lowerdir", "mount"};
    return names[api];
}

int ovl_api_find(const struct layers *layers, enum ovl_api wanted, enum ovl_api *ret,
                 struct hull_problem *problem)
{
    char name[64], sub[80];
    static const char *const subs[] = {"l1", "l2", "upper", "work"};
    struct parts parts = {
        .lower_count = 2, .upper = -1, .work = -1, .shown = -1, .lower = {-1, -1}};
    int *const into[] = {&parts.lower[0], &parts.lower[1], &parts.upper, &parts.work};
    int rc = layers_make_tmp(layers, "probe", name);
    if (rc < 0)
        return set_errno(problem, -rc, "making", "a folder to try in");
    for (size_t i = 0; i < HULL_COUNT(subs); i++) {
        snprintf(sub, sizeof(sub), "%s/%s", name, subs[i]);
        *into[i] = layers_make_dir(layers->root_fd, sub, 0700);
        if (*into[i] < 0)
            rc = set_errno(problem, -*into[i], "making", sub);
    }
    struct ovl_mount mount = {.layers = layers};
    for (enum ovl_api api = wanted; rc >= 0 && api <= OVL_MOUNT; api++) {
        int fd = -1;
        rc = api == OVL_MOUNT ? make_by_mount(&mount, &parts, &fd, problem)
                              : make_by_context(&mount, &parts, api, &fd, problem);
        if (fd >= 0)
            close(fd);
        *ret = api;
        if (rc == 0)
            break;
        rc = api == OVL_MOUNT ? rc : 0; /* the next one */
    }
    parts_close(&parts);
    (void)!root_remove_tree(layers->root_fd, name);
    return rc;
}
