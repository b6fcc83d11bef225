/*
 * cgroup_limits.c: OCI resources to cgroup files, of either version.
 */
#include "native.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEAST_SHARES 2
#define MOST_SHARES 262144

struct limiter {
    struct hull_arena *arena;
    const struct cgroup *cgroup;
    struct hull_strv *warnings;
    struct hull_problem *problem;
};

/* What is missing on the host is a warning in docker's words at create, an error later. */
static int missing(struct limiter *l, const char *what)
{
    if (l->warnings == NULL)
        return hull_problem_set(l->problem, HULL_NOT_SUPPORTED, "Your kernel does not support %s",
                                what);
    hull_strv_add(l->arena, l->warnings,
                  hull_arena_printf(l->arena,
                                    "Your kernel does not support %s or the cgroup is not mounted. "
                                    "Limitation discarded.",
                                    what));
    return 0;
}

static int put(struct limiter *l, enum cg_controller controller, const char *file,
               const char *value, const char *what)
{
    int err = cg_write(cg_dir(l->cgroup, controller), file, value);
    if (err == -ENOENT || err == -EOPNOTSUPP)
        return missing(l, what);
    return err < 0 ? hull_problem_set(l->problem, hull_kind_of_errno(-err), "write %s to %s: %s",
                                      value, file, strerror(-err))
                   : 0;
}

static int put_int(struct limiter *l, enum cg_controller controller, const char *file,
                   const struct hull_opt_int *value, const char *what)
{
    if (!value->set)
        return 0;
    const char *text = cg_version() == 2 && value->value < 0
                           ? "max"
                           : hull_arena_printf(l->arena, "%lld", (long long)value->value);
    return put(l, controller, file, text, what);
}

/* --- memory --------------------------------------------------------------------------------- */

static int memory_v1(struct limiter *l, const struct oci_memory *m)
{
    struct hull_opt_int limit = m->limit, swap = m->swap;
    const char *dir = cg_dir(l->cgroup, CG_MEMORY);
    struct hull_opt_int *first = &limit;
    if (limit.set && limit.value == 0)
        limit.set = false;
    if (swap.set && swap.value == 0)
        swap.set = false;
    /* Each has to fit the other at every moment: raise the sum first when it grows. */
    int64_t sum = cg_read_int(l->arena, dir, "memory.memsw.limit_in_bytes");
    if (limit.set && swap.set && sum >= 0 && limit.value > 0 &&
        (swap.value < 0 || swap.value > sum || limit.value > sum))
        first = &swap;
    for (int i = 0; i < 2; i++) {
        bool is_limit = (first == &limit) == (i == 0);
        int rc = is_limit ? put_int(l, CG_MEMORY, "memory.limit_in_bytes", &limit,
                                    "memory limit capabilities")
                          : put_int(l, CG_MEMORY, "memory.memsw.limit_in_bytes", &swap,
                                    "swap limit capabilities");
        if (rc < 0)
            return rc;
    }
    int rc = put_int(l, CG_MEMORY, "memory.soft_limit_in_bytes", &m->reservation,
                     "memory soft limit capabilities");
    if (rc == 0 && m->swappiness.set && m->swappiness.value >= 0)
        rc = put_int(l, CG_MEMORY, "memory.swappiness", &m->swappiness,
                     "memory swappiness capabilities");
    if (rc == 0 && m->disable_oom_killer.set && m->disable_oom_killer.value)
        rc = put(l, CG_MEMORY, "memory.oom_control", "1", "OomKillDisable");
    return rc;
}

static int memory_v2(struct limiter *l, const struct oci_memory *m)
{
    struct hull_opt_int limit = m->limit, swap = m->swap;
    if (limit.set && limit.value == 0)
        limit.set = false;
    if (swap.set && swap.value == 0)
        swap.set = false;
    if (swap.set && swap.value > 0 && limit.set && limit.value > 0)
        swap.value -= limit.value;
    int rc = put_int(l, CG_MEMORY, "memory.max", &limit, "memory limit capabilities");
    if (rc == 0)
        rc = put_int(l, CG_MEMORY, "memory.swap.max", &swap, "swap limit capabilities");
    if (rc == 0)
        rc = put_int(l, CG_MEMORY, "memory.low", &m->reservation, "memory soft limit capabilities");
    if (rc == 0 && m->swappiness.set && m->swappiness.value >= 0)
        rc = missing(l, "memory swappiness capabilities");
    if (rc == 0 && m->disable_oom_killer.set && m->disable_oom_killer.value)
        rc = missing(l, "OomKillDisable");
    return rc;
}

/* --- cpu ------------------------------------------------------------------------------------ */

static int cpu_time_v1(struct limiter *l, const struct oci_cpu *c)
{
    int rc = put_int(l, CG_CPU, "cpu.shares", &c->shares, "cpu shares");
    if (rc == 0 && c->period.set && c->period.value > 0)
        rc = put_int(l, CG_CPU, "cpu.cfs_period_us", &c->period, "CPU CFS scheduler");
    if (rc == 0 && c->quota.set && c->quota.value != 0)
        rc = put_int(l, CG_CPU, "cpu.cfs_quota_us", &c->quota, "CPU CFS scheduler");
    if (rc == 0 && c->realtime_period.set && c->realtime_period.value > 0)
        rc = put_int(l, CG_CPU, "cpu.rt_period_us", &c->realtime_period, "CPU real-time scheduler");
    if (rc == 0 && c->realtime_runtime.set && c->realtime_runtime.value > 0)
        rc = put_int(l, CG_CPU, "cpu.rt_runtime_us", &c->realtime_runtime,
                     "CPU real-time scheduler");
    return rc;
}

static int cpu_time_v2(struct limiter *l, const struct oci_cpu *c)
{
    int rc = 0;
    if (c->shares.set && c->shares.value > 0) {
        struct hull_opt_int weight = {true, 1 + (c->shares.value - 2) * 9999 / 262142};
        rc = put_int(l, CG_CPU, "cpu.weight", &weight, "cpu shares");
    }
    bool quota = c->quota.set && c->quota.value != 0, period = c->period.set && c->period.value > 0;
    if (rc == 0 && (quota || period)) {
        const char *most = quota && c->quota.value > 0
                               ? hull_arena_printf(l->arena, "%lld", (long long)c->quota.value)
                               : "max";
        long long p = period ? (long long)c->period.value : 100000;
        rc = put(l, CG_CPU, "cpu.max", hull_arena_printf(l->arena, "%s %lld", most, p),
                 "CPU CFS scheduler");
    }
    if (rc == 0 && ((c->realtime_period.set && c->realtime_period.value > 0) ||
                    (c->realtime_runtime.set && c->realtime_runtime.value > 0)))
        rc = missing(l, "CPU real-time scheduler");
    return rc;
}

static int limit_cpu(struct limiter *l, const struct oci_cpu *c)
{
    /* The kernel would take the nearest it can do, in silence. */
    if (c->shares.set && c->shares.value > 0 && c->shares.value < LEAST_SHARES)
        return hull_problem_set(l->problem, HULL_INVALID, "the minimum allowed cpu-shares is %d",
                                LEAST_SHARES);
    if (c->shares.set && c->shares.value > MOST_SHARES)
        return hull_problem_set(l->problem, HULL_INVALID, "the maximum allowed cpu-shares is %d",
                                MOST_SHARES);
    int rc = cg_version() == 2 ? cpu_time_v2(l, c) : cpu_time_v1(l, c);
    if (rc == 0 && c->cpus != NULL && c->cpus[0] != '\0')
        rc = put(l, CG_CPUSET, "cpuset.cpus", c->cpus, "cpuset");
    if (rc == 0 && c->mems != NULL && c->mems[0] != '\0')
        rc = put(l, CG_CPUSET, "cpuset.mems", c->mems, "cpuset");
    return rc;
}

/* --- block devices -------------------------------------------------------------------------- */

struct throttle {
    const char *v1, *v2;
    size_t offset;
};
static const struct throttle throttles[] = {
    {"blkio.throttle.read_bps_device", "rbps", offsetof(struct oci_block_io, read_bps)},
    {"blkio.throttle.write_bps_device", "wbps", offsetof(struct oci_block_io, write_bps)},
    {"blkio.throttle.read_iops_device", "riops", offsetof(struct oci_block_io, read_iops)},
    {"blkio.throttle.write_iops_device", "wiops", offsetof(struct oci_block_io, write_iops)},
};

static int limit_rates(struct limiter *l, const struct oci_block_io *io)
{
    int rc = 0;
    for (size_t i = 0; i < HULL_COUNT(throttles); i++) {
        const struct oci_throttle_list *list =
            (const void *)((const char *)io + throttles[i].offset);
        for (size_t k = 0; k < list->n && rc == 0; k++) {
            const struct oci_throttle *t = &list->v[k];
            const char *text =
                cg_version() == 2
                    ? hull_arena_printf(l->arena, "%lld:%lld %s=%lld", (long long)t->major,
                                        (long long)t->minor, throttles[i].v2, (long long)t->rate)
                    : hull_arena_printf(l->arena, "%lld:%lld %lld", (long long)t->major,
                                        (long long)t->minor, (long long)t->rate);
            rc = put(l, CG_BLKIO, cg_version() == 2 ? "io.max" : throttles[i].v1, text,
                     "Block I/O throttling");
        }
    }
    return rc;
}

/* The scheduler decides which file there is. */
static const char *weight_file(struct limiter *l, bool device)
{
    static const char *const names[2][2] = {{"blkio.bfq.weight", "blkio.weight"},
                                            {"io.bfq.weight", "io.weight"}};
    const char *const *pair = names[cg_version() == 2];
    const char *dir = cg_dir(l->cgroup, CG_BLKIO);
    if (cg_read(l->arena, dir, pair[0]) != NULL)
        return pair[0];
    return device && cg_version() == 1 ? "blkio.weight_device" : pair[1];
}

static int limit_block_io(struct limiter *l, const struct oci_block_io *io)
{
    int rc = 0;
    if (io->weight.set && io->weight.value > 0) {
        const char *file = weight_file(l, false);
        struct hull_opt_int weight = io->weight;
        if (strcmp(file, "io.weight") == 0)
            weight.value = 1 + (weight.value - 10) * 9999 / 990;
        rc = put_int(l, CG_BLKIO, file, &weight, "Block I/O weight");
    }
    for (size_t i = 0; i < io->weight_device.n && rc == 0; i++) {
        const struct oci_weight_device *w = &io->weight_device.v[i];
        rc = put(l, CG_BLKIO, weight_file(l, true),
                 hull_arena_printf(l->arena, "%lld:%lld %lld", (long long)w->major,
                                   (long long)w->minor, (long long)w->weight),
                 "Block I/O weight_device");
    }
    return rc < 0 ? rc : limit_rates(l, io);
}

static int limit_pids(struct limiter *l, const struct oci_pids *pids)
{
    const char *text =
        pids->limit <= 0 ? "max" : hull_arena_printf(l->arena, "%lld", (long long)pids->limit);
    return put(l, CG_PIDS, "pids.max", text, "PIDs limit capabilities");
}

int cg_limit(struct hull_arena *arena, const struct cgroup *cgroup,
             const struct oci_resources *resources, struct hull_strv *warnings,
             struct hull_problem *problem)
{
    struct limiter l = {arena, cgroup, warnings, problem};
    int rc = 0;
    if (resources == NULL)
        return 0;
    if (resources->memory != NULL)
        rc =
            cg_version() == 2 ? memory_v2(&l, resources->memory) : memory_v1(&l, resources->memory);
    if (rc == 0 && resources->cpu != NULL)
        rc = limit_cpu(&l, resources->cpu);
    if (rc == 0 && resources->pids != NULL)
        rc = limit_pids(&l, resources->pids);
    if (rc == 0 && resources->block_io != NULL)
        rc = limit_block_io(&l, resources->block_io);
    return rc;
}
