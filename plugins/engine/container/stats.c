/*
 * stats.c: resource use, once or each second; and new limits.
 */
#include "ct.h"

#include "runtime.h"
#include "spec.h"
#include "timefmt.h"

#define NEVER "0001-01-01T00:00:00Z"

static void fill_name(struct hull_arena *arena, const struct ct *ct,
                      struct container_stats_reply *r)
{
    r->name = hull_arena_printf(arena, "/%s", ct->doc.name);
    r->id = hull_arena_strdup(arena, ct->doc.id);
}

static struct container_cpu_stats *no_cpu(struct hull_arena *arena)
{
    struct container_cpu_stats *cpu = HULL_NEW(arena, struct container_cpu_stats);

    cpu->cpu_usage = HULL_NEW(arena, struct container_cpu_usage);
    cpu->throttling_data = HULL_NEW(arena, struct container_throttling_data);
    return cpu;
}

/* What a container that does not run shows. */
static void no_stats(struct hull_arena *arena, struct container_stats_reply *ret)
{
    ret->read = ret->preread = NEVER;
    ret->pids_stats = HULL_NEW(arena, struct container_pids_stats);
    ret->blkio_stats = HULL_NEW(arena, struct container_blkio_stats);
    ret->storage_stats = HULL_NEW(arena, struct container_storage_stats);
    ret->cpu_stats = no_cpu(arena);
    ret->precpu_stats = no_cpu(arena);
}

static int take(struct hull_call *call, struct ct *ct, struct container_stats_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    int rc;

    if (!ct_is_running(ct)) {
        *ret = (struct container_stats_reply){0};
        no_stats(arena, ret);
        fill_name(arena, ct, ret);
        return 0;
    }
    rc = runtime_stats(call, ct->doc.runtime, &(struct runtime_process_ref){.id = ct->doc.id}, ret);
    if (rc < 0)
        return rc;
    fill_name(arena, ct, ret);
    if (!ret->read || !*ret->read)
        ret->read = time_format(arena, hull_time_ns());
    if (!ret->storage_stats)
        ret->storage_stats = HULL_NEW(arena, struct container_storage_stats);
    if (!ret->cpu_stats)
        ret->cpu_stats = no_cpu(arena);
    ret->preread = NEVER;
    ret->precpu_stats = no_cpu(arena);
    return 0;
}

struct reading {
    struct ct *ct;
    bool have_before;
    const char *read_before;
    struct container_cpu_stats cpu_before;
    struct hull_arena *before; /* of read_before and cpu_before */
};

/* One answer, in a request of its own, so that an endless stream does not gather memory. */
static int answer(struct hull_call *call, void *arg)
{
    struct reading *reading = arg;
    struct container_stats_reply reply;
    struct hull_arena *next = hull_arena_new();
    int rc = take(call, reading->ct, &reply);

    if (rc < 0) {
        hull_arena_free(next);
        return rc;
    }
    if (reading->have_before) {
        reply.preread = reading->read_before;
        *reply.precpu_stats = reading->cpu_before;
    }
    rc = hull_emit(call, &reply);
    reading->have_before = true;
    reading->read_before = hull_arena_strdup(next, reply.read);
    hull_message_copy(next, &container_cpu_stats_message, reply.cpu_stats, &reading->cpu_before);
    hull_arena_free(reading->before);
    reading->before = next;
    return rc;
}

static int stream(struct hull_call *call, struct ct *ct)
{
    struct reading reading = {.ct = ct};
    int rc = 0;

    while (rc == 0 && ct->state != CT_GONE) {
        struct hull_task *task = hull_task_start(call, "stats", answer, &reading);

        rc = hull_task_join(call, task);
        if (rc == 0)
            rc = hull_sleep(call, 1000);
    }
    hull_arena_free(reading.before);
    return rc;
}

int ct_handle_stats(struct hull_call *call, const struct container_stats_request *request,
                    struct container_stats_reply *ret)
{
    struct container_stats_reply first;
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (!request->stream.set || request->stream.value)
        return stream(call, ct);
    rc = take(call, ct, ret);
    if (rc == 0 && !request->one_shot && ct_is_running(ct)) {
        first = *ret;
        rc = hull_sleep(call, 1000);
        if (rc == 0)
            rc = take(call, ct, ret);
        ret->preread = first.read;
        ret->precpu_stats = first.cpu_stats;
    }
    return rc < 0 ? rc : hull_emit(call, ret);
}

/* --- update ----------------------------------------------------------------------------------- */

/* What the client set replaces what there was. */
static void merge(struct resources *to, const struct resources *from)
{
    int64_t *const into[] = {
        &to->cpu_shares, &to->memory,      &to->memory_reservation,  &to->memory_swap,
        &to->cpu_period, &to->cpu_quota,   &to->cpu_realtime_period, &to->cpu_realtime_runtime,
        &to->nano_cpus,  &to->blkio_weight};
    const int64_t values[] = {
        from->cpu_shares, from->memory,      from->memory_reservation,  from->memory_swap,
        from->cpu_period, from->cpu_quota,   from->cpu_realtime_period, from->cpu_realtime_runtime,
        from->nano_cpus,  from->blkio_weight};

    for (size_t i = 0; i < HULL_COUNT(into); i++)
        if (values[i] != 0)
            *into[i] = values[i];
    if (from->cpuset_cpus && *from->cpuset_cpus)
        to->cpuset_cpus = from->cpuset_cpus;
    if (from->cpuset_mems && *from->cpuset_mems)
        to->cpuset_mems = from->cpuset_mems;
    if (from->pids_limit.set && from->pids_limit.value != 0)
        to->pids_limit = from->pids_limit;
}

static int check_update(struct hull_call *call, const struct container_update_request *request)
{
    const struct resources *r = &request->resources;
    const struct {
        const char *field;
        bool set;
    } fields[] = {
        {"Devices", r->devices.n > 0},
        {"Ulimits", r->ulimits.n > 0},
        {"DeviceCgroupRules", r->device_cgroup_rules.n > 0},
        {"DeviceRequests", r->device_requests.n > 0},
        {"CgroupParent", r->cgroup_parent && *r->cgroup_parent},
        {"Init", r->init.set},
    };

    for (size_t i = 0; i < HULL_COUNT(fields); i++)
        if (fields[i].set)
            return hull_fail(call, HULL_NOT_SUPPORTED,
                             "%s: can't be changed by update; create the container anew",
                             fields[i].field);
    return 0;
}

static int apply(struct hull_call *call, struct ct *ct, const struct resources *resources)
{
    struct runtime_update_request request = {.id = ct->doc.id};
    struct hull_empty reply;
    int rc;

    if (!ct_is_running(ct))
        return 0;
    rc = spec_limits(call, resources, &request.resources);
    return rc < 0 ? rc : runtime_update(call, ct->doc.runtime, &request, &reply);
}

int ct_handle_update(struct hull_call *call, const struct container_update_request *request,
                     struct container_update_reply *ret)
{
    struct host_config *host;
    struct resources merged;
    struct ct *ct;
    int rc = ct_find_locked(call, request->id, &ct);

    if (rc == 0)
        rc = check_update(call, request);
    if (rc < 0)
        return rc;
    host = &ct->doc.host_config;
    merged = host->resources;
    merge(&merged, &request->resources);
    if (merged.memory > 0 && merged.memory_swap == 0)
        merged.memory_swap = 2 * merged.memory;
    rc = ct_validate_resources(call, &merged, &ret->warnings);
    if (rc == 0 && request->restart_policy.name && *request->restart_policy.name)
        rc = ct_validate_restart(call, &request->restart_policy, host->auto_remove);
    if (rc == 0)
        rc = apply(call, ct, &merged);
    if (rc < 0)
        return rc;
    hull_message_copy(ct->arena, &resources_message, &merged, &host->resources);
    if (request->restart_policy.name && *request->restart_policy.name) {
        host->restart_policy.name = hull_arena_strdup(ct->arena, request->restart_policy.name);
        host->restart_policy.maximum_retry_count = request->restart_policy.maximum_retry_count;
    }
    rc = ct_save(call, ct, NULL, false);
    if (rc == 0)
        ct_event(call, ct, "update", NULL);
    return rc;
}
