/*
 * update.c: new limits and another restart policy for a container, also while it runs.
 */
#include "ct.h"

#include "runtime.h"
#include "spec.h"

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

/* What contradicts that which CT has already. */
static int check_present(struct hull_call *call, const struct ct *ct,
                         const struct container_update_request *request)
{
    const struct resources *own = &ct->doc.host_config.resources, *new = &request->resources;
    const char *policy = request->restart_policy.name;
    const struct {
        bool conflict;
        const char *text;
    } rows[] = {
        {own->nano_cpus > 0 && new->cpu_period > 0,
         "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set"},
        {own->nano_cpus > 0 && new->cpu_quota > 0,
         "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set"},
        {own->cpu_quota > 0 && new->nano_cpus > 0,
         "Conflicting options: NanoCPUs cannot be updated as CPU Quota has already been set"},
        {own->cpu_period > 0 && new->nano_cpus > 0,
         "Conflicting options: NanoCPUs cannot be updated as CPU Period has already been set"},
        {new->memory > own->memory_swap &&new->memory_swap == 0 && own->memory_swap > 0,
         "Memory limit should be smaller than already set memoryswap limit, update the memoryswap "
         "at the same time"},
        {ct->doc.host_config.auto_remove && policy && *policy && strcmp(policy, "no") != 0,
         "Restart policy cannot be updated because AutoRemove is enabled for the container"},
    };

    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        if (rows[i].conflict)
            return hull_fail(call, HULL_CONFLICT, "Cannot update container %s: %s", ct->doc.id,
                             rows[i].text);
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

    (void)ret; /* nothing that can be updated is left out with a warning */
    if (rc == 0)
        rc = check_update(call, request);
    if (rc == 0 && request->restart_policy.name && *request->restart_policy.name)
        rc = ct_validate_restart(call, &request->restart_policy, false);
    if (rc == 0)
        rc = check_present(call, ct, request);
    if (rc < 0)
        return rc;
    host = &ct->doc.host_config;
    merged = host->resources;
    merge(&merged, &request->resources);
    if (merged.memory > 0 && merged.memory_swap == 0)
        merged.memory_swap = 2 * merged.memory;
    rc = ct_validate_resources(call, &merged);
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
