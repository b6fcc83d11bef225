/*
 * spec_mounts.c: what is mounted in a container: the kernel's file systems, the engine's files,
 * and what the client asked for, folders before what lies in them.
 */
#include "spec.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct {
    const char *destination, *type, *source;
    const char *const *options;
    bool ro_unless_privileged;
} defaults[] = {
    {"/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"), false},
    {"/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k"), false},
    {"/dev/pts", "devpts", "devpts",
     OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"), false},
    {"/sys", "sysfs", "sysfs", OPTIONS("nosuid", "noexec", "nodev"), true},
    {"/sys/fs/cgroup", "cgroup", "cgroup", OPTIONS("nosuid", "noexec", "nodev"), true},
    {"/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"), false},
};

static struct oci_mount *add(struct hull_arena *arena, struct oci_spec *spec,
                             const char *destination, const char *type, const char *source)
{
    struct oci_mount *mount = HULL_LIST_ADD(arena, &spec->mounts);

    *mount = (struct oci_mount){.destination = destination, .type = type, .source = source};
    return mount;
}

static bool asked_for(const struct ct_doc *doc, const char *destination)
{
    for (size_t i = 0; i < doc->mounts.n; i++)
        if (strcmp(doc->mounts.v[i].point.destination, destination) == 0)
            return true;
    return hull_map_find(&doc->host_config.tmpfs, destination) != NULL;
}

/* /sys and the cgroups are the host's too: only a container that has all rights writes to them. */
static bool is_readonly(const struct host_config *host, size_t i)
{
    if (!defaults[i].ro_unless_privileged || host->privileged)
        return false;
    return strcmp(defaults[i].type, "cgroup") != 0 ||
           !security_flag(host, "writable-cgroups", false);
}

static void add_defaults(struct hull_arena *arena, const struct ct_doc *doc, struct oci_spec *spec)
{
    for (size_t i = 0; i < HULL_COUNT(defaults); i++) {
        struct oci_mount *mount;

        if (asked_for(doc, defaults[i].destination))
            continue;
        mount = add(arena, spec, defaults[i].destination, defaults[i].type, defaults[i].source);
        for (const char *const *option = defaults[i].options; *option; option++)
            hull_strv_add(arena, &mount->options, *option);
        if (is_readonly(&doc->host_config, i))
            hull_strv_add(arena, &mount->options, "ro");
    }
}

static void add_shm(struct hull_arena *arena, const struct spec_input *input, struct oci_spec *spec)
{
    static const char *const options[] = {"nosuid", "noexec", "nodev", "mode=1777"};
    const struct host_config *host = &input->doc->host_config;
    const char *shared = hull_streq(host->ipc_mode, "host") ? "/dev/shm" : input->shm;
    struct oci_mount *mount;

    if (hull_streq(host->ipc_mode, "none") || asked_for(input->doc, "/dev/shm"))
        return;
    mount = add(arena, spec, "/dev/shm", shared ? "bind" : "tmpfs", shared ? shared : "shm");
    if (shared) {
        hull_strv_add(arena, &mount->options, "rbind");
        hull_strv_add(arena, &mount->options, "rprivate");
        return;
    }
    for (size_t i = 0; i < HULL_COUNT(options); i++)
        hull_strv_add(arena, &mount->options, options[i]);
    hull_strv_add(arena, &mount->options,
                  hull_arena_printf(arena, "size=%lld", (long long)host->shm_size));
}

/* What lies in the data root belongs to the container's users, not to the host's. */
static void show_ids(struct hull_arena *arena, const struct ct_doc *doc, struct oci_mount *mount)
{
    if (doc->userns)
        hull_strv_add(arena, &mount->options, "idmap");
}

static void add_files(struct hull_arena *arena, const struct spec_input *input,
                      struct oci_spec *spec)
{
    static const char *const names[] = {"resolv.conf", "hostname", "hosts"};

    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        char *destination = hull_arena_printf(arena, "/etc/%s", names[i]);
        struct oci_mount *mount;

        if (asked_for(input->doc, destination))
            continue;
        mount = add(arena, spec, destination, "bind",
                    hull_arena_printf(arena, "%s/%s", input->dir, names[i]));
        hull_strv_add(arena, &mount->options, "rbind");
        show_ids(arena, input->doc, mount);
        if (input->doc->host_config.readonly_rootfs)
            hull_strv_add(arena, &mount->options, "rro");
        hull_strv_add(arena, &mount->options, "rprivate");
    }
}

static void tmpfs_options(struct hull_arena *arena, struct oci_mount *mount)
{
    static const char *const options[] = {"noexec", "nosuid", "nodev", "rprivate"};

    for (size_t i = 0; i < HULL_COUNT(options); i++)
        hull_strv_add(arena, &mount->options, options[i]);
}

/* HostConfig.Tmpfs: its own options come last and win ("exec" over "noexec"). */
static void add_tmpfs(struct hull_arena *arena, const struct ct_doc *doc, struct oci_spec *spec)
{
    for (size_t i = 0; i < doc->host_config.tmpfs.n; i++) {
        const struct hull_pair *pair = &doc->host_config.tmpfs.v[i];
        struct oci_mount *mount = add(arena, spec, pair->key, "tmpfs", "tmpfs");
        char *rest = hull_arena_strdup(arena, pair->value ? pair->value : ""), *option;

        tmpfs_options(arena, mount);
        while ((option = strsep(&rest, ",")))
            if (*option)
                hull_strv_add(arena, &mount->options, option);
    }
}

static void add_own(struct hull_arena *arena, const struct ct_doc *doc, const struct ct_mount *own,
                    const char *source, struct oci_spec *spec)
{
    bool tmpfs = strcmp(own->point.type, "tmpfs") == 0;
    struct oci_mount *mount = add(arena, spec, own->point.destination, tmpfs ? "tmpfs" : "bind",
                                  tmpfs ? "tmpfs" : source);

    if (tmpfs)
        tmpfs_options(arena, mount);
    else
        hull_strv_add(arena, &mount->options, own->non_recursive ? "bind" : "rbind");
    mount->subpath = own->subpath;
    if (strcmp(own->point.type, "volume") == 0)
        show_ids(arena, doc, mount);
    if (strcmp(own->point.type, "image") == 0)
        hull_strv_add(arena, &mount->options, "rprivate");
    if (!own->point.rw)
        hull_strv_add(arena, &mount->options, tmpfs || own->ro_non_recursive ? "ro" : "rro");
    if (!tmpfs && own->point.propagation && *own->point.propagation)
        hull_strv_add(arena, &mount->options, own->point.propagation);
    for (size_t i = 0; i < own->options.n; i++)
        hull_strv_add(arena, &mount->options, own->options.v[i]);
}

static int depth(const char *path)
{
    int parts = 0;

    for (; *path; path++)
        parts += *path == '/' && path[1] != '\0' && path[1] != '/';
    return parts;
}

static int compare(const void *a, const void *b)
{
    const char *left = ((const struct oci_mount *)a)->destination;
    const char *right = ((const struct oci_mount *)b)->destination;
    int difference = depth(left) - depth(right);

    return difference != 0 ? difference : strcmp(left, right);
}

void spec_mounts(struct hull_arena *arena, const struct spec_input *input, struct oci_spec *spec)
{
    size_t fixed;

    add_defaults(arena, input->doc, spec);
    add_shm(arena, input, spec);
    add_files(arena, input, spec);
    fixed = spec->mounts.n;
    add_tmpfs(arena, input->doc, spec);
    for (size_t i = 0; i < input->doc->mounts.n; i++)
        add_own(arena, input->doc, &input->doc->mounts.v[i], input->sources[i], spec);
    qsort(spec->mounts.v + fixed, spec->mounts.n - fixed, sizeof(*spec->mounts.v), compare);
}
