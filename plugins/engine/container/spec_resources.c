/*
 * spec_resources.c: limits of the cgroup, device nodes, and which devices may be used.
 */
#include "spec.h"

#include "tokens.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void set_positive(struct hull_opt_int *field, int64_t value)
{
    if (value != 0)
        *field = (struct hull_opt_int){true, value};
}

static void make_memory(struct hull_arena *arena, const struct resources *r,
                        struct oci_resources *ret)
{
    struct oci_memory *memory = ret->memory = HULL_NEW(arena, struct oci_memory);

    set_positive(&memory->limit, r->memory);
    set_positive(&memory->reservation, r->memory_reservation);
    set_positive(&memory->swap, r->memory_swap);
    memory->swappiness = r->memory_swappiness;
    if (r->oom_kill_disable)
        memory->disable_oom_killer = (struct hull_opt_bool){true, true};
}

static void make_cpu(struct hull_arena *arena, const struct resources *r, struct oci_resources *ret)
{
    struct oci_cpu *cpu = ret->cpu = HULL_NEW(arena, struct oci_cpu);

    set_positive(&cpu->shares, r->cpu_shares);
    set_positive(&cpu->quota, r->cpu_quota);
    set_positive(&cpu->period, r->cpu_period);
    set_positive(&cpu->realtime_runtime, r->cpu_realtime_runtime);
    set_positive(&cpu->realtime_period, r->cpu_realtime_period);
    if (r->nano_cpus > 0) {
        cpu->period = (struct hull_opt_int){true, 100000};
        cpu->quota = (struct hull_opt_int){true, r->nano_cpus / 10000};
    }
    cpu->cpus = r->cpuset_cpus && *r->cpuset_cpus ? r->cpuset_cpus : NULL;
    cpu->mems = r->cpuset_mems && *r->cpuset_mems ? r->cpuset_mems : NULL;
}

static int device_of(struct hull_call *call, const char *path, struct stat *st)
{
    if (!path || stat(path, st) < 0)
        return hull_fail_errno(call, path ? errno : EINVAL, "block device %s",
                               path ? path : "without a path");
    if (!S_ISBLK(st->st_mode))
        return hull_fail(call, HULL_INVALID, "%s is no block device", path);
    return 0;
}

static int make_block_io(struct hull_call *call, const struct resources *r,
                         struct oci_resources *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct oci_block_io *io = ret->block_io = HULL_NEW(arena, struct oci_block_io);
    const struct {
        const struct throttle_device *from;
        size_t n;
        void *to;
    } lists[] = {
        {r->blkio_device_read_bps.v, r->blkio_device_read_bps.n, &io->read_bps},
        {r->blkio_device_write_bps.v, r->blkio_device_write_bps.n, &io->write_bps},
        {r->blkio_device_read_iops.v, r->blkio_device_read_iops.n, &io->read_iops},
        {r->blkio_device_write_iops.v, r->blkio_device_write_iops.n, &io->write_iops},
    };
    struct stat st;
    int rc;

    set_positive(&io->weight, r->blkio_weight);
    for (size_t i = 0; i < r->blkio_weight_device.n; i++) {
        rc = device_of(call, r->blkio_weight_device.v[i].path, &st);
        if (rc < 0)
            return rc;
        *HULL_LIST_ADD(arena, &io->weight_device) =
            (struct oci_weight_device){.major = major(st.st_rdev),
                                       .minor = minor(st.st_rdev),
                                       .weight = r->blkio_weight_device.v[i].weight};
    }
    for (size_t l = 0; l < HULL_COUNT(lists); l++) {
        for (size_t i = 0; i < lists[l].n; i++) {
            struct oci_throttle *throttle;

            rc = device_of(call, lists[l].from[i].path, &st);
            if (rc < 0)
                return rc;
            throttle = hull_list_add(arena, lists[l].to, sizeof(*throttle));
            *throttle = (struct oci_throttle){.major = major(st.st_rdev),
                                              .minor = minor(st.st_rdev),
                                              .rate = lists[l].from[i].rate};
        }
    }
    return 0;
}

int spec_limits(struct hull_call *call, const struct resources *resources,
                struct oci_resources *ret)
{
    struct hull_arena *arena = hull_call_arena(call);

    make_memory(arena, resources, ret);
    make_cpu(arena, resources, ret);
    if (resources->pids_limit.set) {
        ret->pids = HULL_NEW(arena, struct oci_pids);
        ret->pids->limit = resources->pids_limit.value;
    }
    return make_block_io(call, resources, ret);
}

/* --- devices ---------------------------------------------------------------------------------- */

static void add_rule(struct hull_arena *arena, struct oci_resources *ret, bool allow,
                     const char *type, int64_t maj, int64_t min, const char *access)
{
    struct oci_device_rule *rule = HULL_LIST_ADD(arena, &ret->devices);

    *rule = (struct oci_device_rule){.allow = allow, .type = type, .access = access};
    if (maj >= 0)
        rule->major = (struct hull_opt_int){true, maj};
    if (min >= 0)
        rule->minor = (struct hull_opt_int){true, min};
}

static void default_rules(struct hull_arena *arena, struct oci_resources *ret)
{
    /* zero, null, urandom, random, tty, console; all pseudo-terminals and ptmx. */
    static const struct {
        int major, minor;
    } allowed[] = {{1, 5}, {1, 3}, {1, 9}, {1, 8}, {1, 7}, {5, 0}, {5, 1}, {136, -1}, {5, 2}};

    add_rule(arena, ret, false, "a", -1, -1, "rwm");
    for (size_t i = 0; i < HULL_COUNT(allowed); i++)
        add_rule(arena, ret, true, "c", allowed[i].major, allowed[i].minor, "rwm");
    add_rule(arena, ret, true, "c", -1, -1, "m");
    add_rule(arena, ret, true, "b", -1, -1, "m");
    add_rule(arena, ret, false, "c", 10, 229, "rwm");
}

static void add_node(struct hull_arena *arena, struct oci_linux *linux_, const char *path,
                     const struct stat *st)
{
    struct oci_device *device = HULL_LIST_ADD(arena, &linux_->devices);

    *device = (struct oci_device){
        .type = S_ISBLK(st->st_mode) ? "b" : "c",
        .path = hull_arena_strdup(arena, path),
        .major = major(st->st_rdev),
        .minor = minor(st->st_rdev),
        .file_mode = {true, st->st_mode & 07777},
        .uid = {true, st->st_uid},
        .gid = {true, st->st_gid},
    };
}

/* Every device of the host, for privileged ones. What the container has of its own stays out. */
static void add_host_nodes(struct hull_arena *arena, const char *dir, int depth,
                           struct oci_linux *linux_)
{
    static const char *const own[] = {"pts", "shm", "fd", "mqueue", "console", "ptmx"};
    DIR *stream = opendir(dir);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream))) {
        char *path = hull_arena_printf(arena, "%s/%s", dir, entry->d_name);
        bool skip = entry->d_name[0] == '.';
        struct stat st;

        for (size_t i = 0; depth == 0 && i < HULL_COUNT(own); i++)
            skip = skip || strcmp(entry->d_name, own[i]) == 0;
        if (skip || lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < 8)
            add_host_nodes(arena, path, depth + 1, linux_);
        else if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
            add_node(arena, linux_, path, &st);
    }
    if (stream)
        closedir(stream);
}

static int add_devices(struct hull_call *call, const struct resources *r, struct oci_linux *linux_)
{
    struct hull_arena *arena = hull_call_arena(call);

    for (size_t i = 0; i < r->devices.n; i++) {
        const struct device_mapping *mapping = &r->devices.v[i];
        const char *inside = mapping->path_in_container;
        const char *access = mapping->cgroup_permissions;
        struct stat st;

        if (stat(mapping->path_on_host, &st) < 0)
            return hull_fail(call, HULL_INVALID,
                             "error gathering device information while adding custom device "
                             "\"%s\": %s",
                             mapping->path_on_host, strerror(errno));
        if (S_ISDIR(st.st_mode))
            return hull_fail(call, HULL_NOT_SUPPORTED,
                             "HostConfig.Devices: \"%s\" is a folder: not supported yet; name "
                             "each device in it",
                             mapping->path_on_host);
        if (!S_ISBLK(st.st_mode) && !S_ISCHR(st.st_mode))
            return hull_fail(call, HULL_INVALID,
                             "error gathering device information while adding custom device "
                             "\"%s\": not a device node",
                             mapping->path_on_host);
        add_node(arena, linux_, inside && *inside ? inside : mapping->path_on_host, &st);
        add_rule(arena, linux_->resources, true, S_ISBLK(st.st_mode) ? "b" : "c", major(st.st_rdev),
                 minor(st.st_rdev), access && *access ? access : "rwm");
    }
    for (size_t i = 0; i < r->device_cgroup_rules.n; i++)
        (void)!token_device_rule(r->device_cgroup_rules.v[i],
                                 HULL_LIST_ADD(arena, &linux_->resources->devices));
    return 0;
}

int spec_resources(struct hull_call *call, const struct ct_doc *doc, struct oci_linux *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct resources *resources = &doc->host_config.resources;
    int rc;

    ret->resources = HULL_NEW(arena, struct oci_resources);
    if (doc->host_config.privileged) {
        add_rule(arena, ret->resources, true, "a", -1, -1, "rwm");
        add_host_nodes(arena, "/dev", 0, ret);
    } else {
        default_rules(arena, ret->resources);
    }
    rc = add_devices(call, resources, ret);
    return rc < 0 ? rc : spec_limits(call, resources, ret->resources);
}
