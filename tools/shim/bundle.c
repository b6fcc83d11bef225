/*
 * bundle.c: from the plan to what an OCI runtime reads.
 *
 * The root file system and what is bound by more than a plain path are detached mounts; they are
 * attached to the bundle in a mount namespace of the shim's own, which nothing gets out of, and
 * which goes with the shim. Names and files of users are looked up here, since a runtime takes
 * numbers only.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/common/json.h"
#include "plugins/common/plain.h"

#define OCI_VERSION "1.0.2"

static struct hull_arena *arena;
static const char *bundle; /* its path */

/* --- the process ----------------------------------------------------------------------------- */

/* Numbers for names, and nothing that the specification does not have. */
static int plain_process(struct oci_process *process)
{
    struct identity identity;
    int rc = identity_find(arena, &process->user, &identity);
    if (rc < 0)
        return rc;
    if (env_find(&process->env, "HOME") == NULL)
        hull_strv_add(arena, &process->env, hull_arena_printf(arena, "HOME=%s", identity.home));
    int64_t *groups = HULL_NEW_ARRAY(arena, int64_t, identity.group_count + 1);
    for (size_t i = 0; i < identity.group_count; i++)
        groups[i] = identity.groups[i];
    process->user = (struct oci_user){.uid = identity.uid,
                                      .gid = identity.gid,
                                      .additional_gids = {identity.group_count, groups}};
    if (hull_streq(process->apparmor_profile, "unconfined"))
        process->apparmor_profile = NULL;
    return 0;
}

static int write_json(int dir_fd, const char *name, const struct hull_message *message,
                      const void *value)
{
    struct hull_text text = HULL_TEXT(arena);
    json_encode(&text, message, value);
    HULL_AUTO_FD fd = plain_create(dir_fd, name, 0600);
    if (fd < 0)
        return shim_fail(hull_kind_of_errno(-fd), "write %s: %s", name, plain_why(-fd));
    return write_all(fd, text.data, text.length) < 0 ? shim_fail_errno("write %s", name) : 0;
}

/* The container's root, by the process whose descriptor the plan came with. */
static int open_target_root(void)
{
    char path[64];
    long pid = target_pid();
    if (pid <= 0)
        return shim_fail(HULL_CONFLICT, "the container is not running");
    snprintf(path, sizeof(path), "/proc/%ld/root", pid);
    root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* Alive still, so that the number was its own. */
    if (root_fd < 0 || syscall(SYS_pidfd_send_signal, SHIM_FD_TARGET, 0, NULL, 0) < 0)
        return shim_fail_errno("open the container's root");
    return 0;
}

int bundle_process(void)
{
    char name[128];
    arena = hull_arena_new();
    int rc = open_target_root();
    if (rc == 0)
        rc = plain_process(&shim.plan.spec.process);
    if (rc == 0)
        rc = bundle_place_again();
    close(root_fd);
    snprintf(name, sizeof(name), "oci/%s.json", shim.plan.name);
    return rc < 0 ? rc
                  : write_json(SHIM_FD_DIR, name, &oci_process_message, &shim.plan.spec.process);
}

/* --- mounts ---------------------------------------------------------------------------------- */

/* Attach TREE at a new place NAME of the bundle, which is this process's view alone. */
static int attach(int tree, const char *name, const char **ret_path)
{
    struct stat st;
    const char *path = hull_arena_printf(arena, "%s/%s", bundle, name);
    if (fstat(tree, &st) < 0)
        return shim_fail_errno("%s", path);
    if (S_ISDIR(st.st_mode)) {
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return shim_fail_errno("create %s", path);
    } else {
        HULL_AUTO_FD file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file < 0)
            return shim_fail_errno("create %s", path);
    }
    if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return shim_fail_errno("mount on %s", path);
    *ret_path = path;
    return 0;
}

/* What a runtime can't open by a path, or not safely, or not from a namespace that is a slave. */
static bool needs_tree(const struct oci_mount *mount, const struct mount_options *options)
{
    return shim.userns || mount->subpath != NULL || options->propagation == MS_SHARED ||
           (mount->source != NULL && strncmp(mount->source, "/proc/", 6) == 0);
}

/* Before the host's mounts are left: a tree that is shared with them stays shared. */
static int open_trees(int *trees)
{
    struct oci_spec *spec = &shim.plan.spec;
    for (size_t i = 0; i < spec->mounts.n; i++) {
        struct mount_options options;
        const struct oci_mount *mount = &spec->mounts.v[i];
        if (trees[i] >= 0) /* a device */
            continue;
        int rc = mount_options_parse(mount, &options);
        if (rc < 0)
            return rc;
        rc = source_detached(mount, &trees[i]);
        if (rc < 0)
            return rc;
        if (trees[i] < 0 && options.bind && needs_tree(mount, &options))
            rc = source_open(mount, options.recursive, &trees[i]);
        if (rc == 0 && shim.userns && trees[i] >= 0)
            rc = bundle_tree(arena, &spec->mounts.v[i], trees[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool is_any(const struct oci_device *device)
{
    return device->path != NULL;
}

/* Device nodes are the host's to make: they become mounts. */
static int open_nodes(int **trees)
{
    static const char *const bind[] = {"bind", "rprivate"};
    struct oci_spec *spec = &shim.plan.spec;
    size_t count = spec->mounts.n + spec->linux_.devices.n;
    int *all = HULL_NEW_ARRAY(arena, int, count + 1);
    *trees = all;
    memset(all, -1, (count + 1) * sizeof(*all));
    if (!shim.userns)
        return 0;
    int rc = userns_nodes(is_any, all + spec->mounts.n);
    for (size_t i = 0; rc == 0 && i < spec->linux_.devices.n; i++) {
        struct oci_mount *mount = HULL_LIST_ADD(arena, &spec->mounts);
        const char *path = spec->linux_.devices.v[i].path;
        *mount = (struct oci_mount){.destination = path, .source = path, .type = "bind"};
        for (size_t j = 0; j < HULL_COUNT(bind); j++)
            hull_strv_add(arena, &mount->options, bind[j]);
    }
    spec->linux_.devices.n = 0;
    return rc;
}

static int attach_trees(const int *trees)
{
    struct oci_spec *spec = &shim.plan.spec;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < spec->mounts.n; i++) {
        char name[32];
        if (trees[i] < 0)
            continue;
        snprintf(name, sizeof(name), "%zu", i);
        rc = attach(trees[i], name, &spec->mounts.v[i].source);
        spec->mounts.v[i].subpath = NULL;
        close(trees[i]);
    }
    return rc;
}

static int attach_root(void)
{
    struct oci_spec *spec = &shim.plan.spec;
    if (shim.plan.has_rootfs) {
        root_fd = SHIM_FD_ROOTFS;
        return attach(SHIM_FD_ROOTFS, "rootfs", &spec->root.path);
    }
    root_fd =
        open(spec->root.path == NULL ? "" : spec->root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root_fd < 0 ? shim_fail_errno("root file system \"%s\"", spec->root.path) : 0;
}

static int attach_init(void)
{
    /* The mount is read-only already, which is all that a user namespace's root may have it be. */
    const char *const options[] = {"bind", shim.userns ? "rprivate" : "ro"};
    struct oci_mount *mount;
    if (!shim.plan.has_init)
        return 0;
    mount = HULL_LIST_ADD(arena, &shim.plan.spec.mounts);
    *mount = (struct oci_mount){.destination = "/sbin/docker-init", .type = "bind"};
    for (size_t i = 0; i < HULL_COUNT(options); i++)
        hull_strv_add(arena, &mount->options, options[i]);
    return attach(SHIM_FD_INIT, "init", &mount->source);
}

static int own_namespace(void)
{
    bundle = hull_arena_printf(arena, "%s/oci/bundle", shim.plan.dir);
    if (mkdirat(SHIM_FD_DIR, "oci/bundle", 0700) < 0 && errno != EEXIST)
        return shim_fail_errno("create %s/oci/bundle", shim.plan.dir);
    return unshare(CLONE_NEWNS) < 0 ? shim_fail_errno("unshare mount namespace") : 0;
}

static int attach_all(const int *trees)
{
    int rc = leave_host();
    if (rc == 0 && shim.userns)
        rc = bundle_place(arena, &bundle);
    if (rc == 0)
        rc = attach_root();
    if (rc == 0)
        rc = attach_trees(trees);
    return rc < 0 ? rc : attach_init();
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool binds_file(const struct oci_mount *mount)
{
    struct mount_options options;
    struct stat st;
    return mount_options_parse(mount, &options) == 0 && options.bind && mount->source != NULL &&
           stat(mount->source, &st) == 0 && !S_ISDIR(st.st_mode);
}

/*
 * A root that is read-only takes no new mount points: those that are missing are made before. What
 * can't be made here, below another mount perhaps, is left to the runtime. A tmpfs gets the mode of
 * what it covers: that of any tmpfs, where there was nothing.
 */
static void make_target(const struct oci_mount *mount, bool file)
{
    HULL_AUTO_FD there = root_open(mount->destination, O_PATH);
    if (there >= 0)
        return;
    mode_t before = umask(0);
    HULL_AUTO_FD made = root_make(mount->destination, !file);
    umask(before);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
    if (made >= 0 && hull_streq(mount->type, "tmpfs") && chmod(path, 01777) < 0)
        return; /* the runtime makes of it what it can */
}

/* Whoever is root in there. */
static void make_target_as_root(const struct oci_mount *mount, bool file)
{
    if (!shim.userns) {
        make_target(mount, file);
        return;
    }
    setfsgid(shim.gid);
    setfsuid(shim.uid);
    make_target(mount, file);
    setfsuid(0);
    setfsgid(0);
}

/* Not all runtimes refuse to mount on /proc. Nothing is below a file, and crun can't make it
 * read-only with what is. */
static int plain_mounts(struct oci_spec *spec)
{
    for (size_t i = 0; i < spec->mounts.n; i++) {
        struct oci_mount *mount = &spec->mounts.v[i];
        bool file = binds_file(mount);
        int rc = target_check_early(mount);
        if (rc < 0)
            return rc;
        if (spec->root.readonly)
            make_target_as_root(mount, file);
        for (size_t j = 0; file && j < mount->options.n; j++) {
            if (strcmp(mount->options.v[j], "rro") == 0)
                mount->options.v[j] = "ro";
        }
    }
    return 0;
}

/* Everybody may make nodes, which the rules then don't let use: runtimes say so themselves, and
 * trip over being told. */
static bool is_implied(const struct oci_device_rule *rule)
{
    return rule->allow && !rule->major.set && !rule->minor.set && hull_streq(rule->access, "m");
}

static void plain_rules(struct oci_resources *resources)
{
    size_t kept = 0;
    for (size_t i = 0; resources != NULL && i < resources->devices.n; i++) {
        if (!is_implied(&resources->devices.v[i]))
            resources->devices.v[kept++] = resources->devices.v[i];
    }
    if (resources != NULL)
        resources->devices.n = kept;
}

/* The domain's name has no place of its own in the versions that runtimes understand, and is no
 * parameter that root of a user namespace may set. */
static void plain_spec(struct oci_spec *spec)
{
    spec->oci_version = OCI_VERSION;
    if (!shim.userns && spec->domainname != NULL && spec->domainname[0] != '\0')
        hull_map_set(arena, &spec->linux_.sysctl, "kernel.domainname", spec->domainname);
    spec->domainname = NULL;
}

static int write_config(const struct oci_spec *spec)
{
    struct oci_spec plain = *spec;
    HULL_AUTO_FD dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return shim_fail_errno("open %s", bundle);
    plain_rules(plain.linux_.resources);
    plain_spec(&plain);
    return write_json(dir, "config.json", &oci_spec_message, &plain);
}

int bundle_make(const char **ret_path)
{
    struct oci_spec *spec = &shim.plan.spec;
    arena = hull_arena_new();
    int *trees;
    int rc = open_nodes(&trees);
    if (rc == 0)
        rc = open_trees(trees);
    if (rc == 0)
        rc = own_namespace();
    if (rc == 0)
        rc = attach_all(trees);
    if (rc == 0)
        rc = plain_process(&spec->process);
    if (rc == 0)
        rc = plain_mounts(spec);
    *ret_path = bundle;
    return rc < 0 ? rc : write_config(spec);
}
