/*
 * remove.c: removing containers, one by one and all that are stopped.
 */
#include "ct.h"

#include "links.h"

#include "api/config.h"
#include "events.h"
#include "exec.h"
#include "failpoint.h"
#include "files.h"
#include "filters.h"
#include "gate.h"
#include "network.h"
#include "runtime.h"
#include "storage.h"
#include "timefmt.h"

#include <string.h>
#include <unistd.h>

/* What lies outside: each of it may be gone already. */
static int remove_outside(struct hull_call *call, struct ct *ct)
{
    const struct storage_container storage = {.id = ct->doc.id};
    const struct runtime_process_ref process = {.id = ct->doc.id};
    const struct network_leave_request leave = {.container_id = ct->doc.id};
    struct hull_empty reply;
    int rc = 0;

    if (ct->doc.started_ns != TIME_NEVER) {
        rc = runtime_delete(call, ct->doc.runtime, &process, &reply);
        if (rc == 0)
            rc = network_leave(call, NULL, &leave, &reply);
        files_remove_run(call, ct->doc.id);
    }
    FAILPOINT(container_remove_process);
    if (rc == 0)
        rc = storage_remove(call, ct->doc.storage, &storage, &reply);
    FAILPOINT(container_remove_storage);
    if (rc == 0)
        rc = files_remove(call, ct->doc.id);
    FAILPOINT(container_remove_files);
    return rc;
}

static int remove_all(struct hull_call *call, struct ct *ct, bool volumes)
{
    int rc = ct_save(call, ct, volumes ? "remove-volumes" : "remove", false);

    FAILPOINT(container_remove_intent);
    if (rc == 0)
        rc = remove_outside(call, ct);
    if (rc == 0 && volumes)
        ct_remove_volumes(call, ct);
    FAILPOINT(container_remove_volumes);
    if (rc == 0)
        rc = ct_forget(call, ct);
    FAILPOINT(container_remove_commit);
    return rc;
}

int ct_remove(struct hull_call *call, struct ct *ct, bool volumes)
{
    struct gate_place place;
    int rc;

    hull_shield(call);
    ct_set_state(ct, CT_REMOVING);
    ct->removed_code = ct->doc.exit_code;
    ct_log_stop(call, ct);
    rc = gate_enter(call, &place);
    if (rc == 0) {
        rc = remove_all(call, ct, volumes);
        gate_leave(&place);
    }
    if (rc < 0) {
        ct->doc.error = hull_arena_strdup(ct->run_arena, hull_error(call));
        ct_set_state(ct, CT_DEAD);
        hull_unshield(call);
        return hull_wrap(call, rc, "removing container %s", ct->doc.name);
    }
    ct_drop_attachments(ct);
    ct_log_ended(ct);
    ct_ref(ct);
    ct_unregister(ct);
    ct_event(call, ct, "destroy", NULL);
    ct_unref(ct);
    hull_unshield(call);
    return 0;
}

int ct_handle_remove(struct hull_call *call, const struct container_remove_request *request,
                     struct hull_empty *ret)
{
    struct ct *ct;
    int rc;

    (void)ret;
    if (request->link)
        return links_remove(call, request->id);
    rc = ct_find(call, request->id, &ct);
    if (rc < 0)
        return rc;
    if (ct->state == CT_REMOVING)
        return hull_fail(call, HULL_CONFLICT, "removal of container %s is already in progress",
                         request->id);
    rc = ct_find_locked(call, request->id, &ct);
    if (rc < 0)
        return rc;
    if (ct_is_running(ct) && !request->force)
        return hull_fail(call, HULL_CONFLICT,
                         "cannot remove container \"%s\": container is %s: %s or force remove",
                         request->id, ct_state_name(ct->state),
                         ct->state == CT_PAUSED ? "unpause and stop the container before removing"
                                                : "stop the container before removing");
    if (ct->state == CT_RESTARTING && !request->force)
        return hull_fail(call, HULL_CONFLICT,
                         "cannot remove container \"%s\": container is restarting: stop the "
                         "container before removing or force remove",
                         request->id);
    hull_shield(call);
    rc = 0;
    /* While it is killed its lock is free: somebody may start it again, --rm may remove it. */
    while (rc == 0 && ct_is_running(ct))
        rc = ct_kill_and_wait(call, ct);
    if (rc == 0 && ct->state != CT_GONE)
        rc = ct_remove(call, ct, request->volumes);
    hull_unshield(call);
    return rc;
}

/* --- prune ------------------------------------------------------------------------------------ */

static int prune_one(struct hull_call *call, struct ct *ct, struct container_prune_reply *ret)
{
    const struct storage_container storage = {.id = ct->doc.id};
    struct storage_usage_reply usage = {0};
    int rc;

    if (ct_is_running(ct) || ct->state == CT_RESTARTING || ct->state == CT_GONE)
        return 0;
    if (storage_usage(call, ct->doc.storage, &storage, &usage) < 0)
        hull_error_clear(call);
    rc = ct_remove(call, ct, false);
    if (rc < 0)
        return rc;
    hull_strv_add(hull_call_arena(call), &ret->containers_deleted, hull_strdup(call, ct->doc.id));
    ret->space_reclaimed += usage.size;
    return 0;
}

static bool is_pruned(const struct ct *ct, const struct filters *filters, int64_t until_ns)
{
    return (ct->state == CT_CREATED || ct->state == CT_EXITED || ct->state == CT_DEAD) &&
           ct->doc.created_ns < until_ns && filters_labels(filters, &ct->doc.config.labels);
}

static int prune_until(struct hull_call *call, const struct filters *filters, int64_t *ret_ns)
{
    const struct hull_strv *until = filters_get(filters, "until");

    *ret_ns = INT64_MAX;
    if (until && (until->n != 1 || !time_parse_any(until->v[0], hull_time_ns(), ret_ns)))
        return hull_fail(call, HULL_INVALID, "invalid filter 'until=%s'", until->v[0]);
    return 0;
}

int ct_handle_prune(struct hull_call *call, const struct prune_request *request,
                    struct container_prune_reply *ret)
{
    static const char *const allowed[] = {"until", "label", "label!", NULL};
    const struct filters *filters = filters_of(request->filters);
    struct hull_arena *arena = hull_call_arena(call);
    struct ct *const *all;
    struct ct **chosen;
    size_t count, n = 0;
    int64_t until_ns;
    int rc = filters_check(call, filters, allowed);

    if (rc == 0)
        rc = prune_until(call, filters, &until_ns);
    if (rc < 0)
        return rc;
    count = ct_all(&all);
    chosen = HULL_NEW_ARRAY(arena, struct ct *, count + 1);
    for (size_t i = count; i-- > 0;)
        if (is_pruned(all[i], filters, until_ns))
            chosen[n++] = ct_ref(all[i]);
    for (size_t i = 0; i < n; i++)
        hull_defer(call, ct_unref_cleanup, chosen[i]);
    for (size_t i = 0; i < n; i++) {
        rc = hull_lock(call, &chosen[i]->lock);
        if (rc < 0)
            return rc;
        rc = prune_one(call, chosen[i], ret);
        hull_unlock(&chosen[i]->lock);
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "prune", "error", hull_error(call), NULL);
    }
    event_publish(call, "container", "prune", "", "reclaimed",
                  hull_printf(call, "%lld", (long long)ret->space_reclaimed), NULL);
    return 0;
}
