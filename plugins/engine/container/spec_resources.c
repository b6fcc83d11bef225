/*
 * spec_resources.c: limits of the cgroup.
 */
#include "spec.h"

#include "bind_source.h"

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
    int rc = path ? bind_source_await(call, path) : 0;

    if (rc < 0)
        return rc;
    if (!path || stat(path, st) < 0)
        return hull_fail(call, HULL_INVALID, "stat %s: %s", path ? path : "a device without a path",
                         spec_cause(path ? errno : EINVAL));
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

int spec_resources(struct hull_call *call, const struct ct_doc *doc, struct oci_linux *ret)
{
    int rc;

    ret->resources = HULL_NEW(hull_call_arena(call), struct oci_resources);
    rc = spec_devices(call, doc, ret);
    return rc < 0 ? rc : spec_limits(call, &doc->host_config.resources, ret->resources);
}
