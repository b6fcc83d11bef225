/*
 * list.c: the list of containers, its filters, and who uses an image, a network or a volume.
 */
#include "summary.h"

#include "filters.h"
#include "image.h"
#include "storage.h"
#include "tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct selection {
    const struct filters *filters;
    bool all;
    const struct ct *before, *since;
    struct hull_strv ancestors; /* image ids */
};

static const char *const allowed[] = {
    "ancestor", "before", "expose",  "exited",  "health", "id",     "isolation", "is-task",
    "label",    "name",   "network", "publish", "since",  "status", "volume",    NULL};

static int check_values(struct hull_call *call, struct selection *selection)
{
    const struct hull_strv *statuses = filters_get(selection->filters, "status");
    const struct hull_strv *health = filters_get(selection->filters, "health");
    const struct hull_strv *exited = filters_get(selection->filters, "exited");
    enum ct_state state;

    for (size_t i = 0; statuses && i < statuses->n; i++)
        if (!ct_state_parse(statuses->v[i], &state))
            return hull_fail(call, HULL_INVALID,
                             "invalid filter 'status=%s': invalid value for state (%s): must be "
                             "one of created, running, paused, restarting, removing, exited, dead",
                             statuses->v[i], statuses->v[i]);
    for (size_t i = 0; health && i < health->n; i++)
        if (strcmp(health->v[i], "none") != 0 && strcmp(health->v[i], "starting") != 0 &&
            strcmp(health->v[i], "healthy") != 0 && strcmp(health->v[i], "unhealthy") != 0)
            return hull_fail(call, HULL_INVALID,
                             "invalid filter 'health=%s': invalid value for health (%s): must be "
                             "one of none, starting, healthy, unhealthy",
                             health->v[i], health->v[i]);
    for (size_t i = 0; exited && i < exited->n; i++)
        if (exited->v[i][strspn(exited->v[i], "0123456789")] != '\0' || !*exited->v[i])
            return hull_fail(call, HULL_INVALID, "invalid filter 'exited=%s'", exited->v[i]);
    selection->all |= statuses != NULL || exited != NULL;
    return 0;
}

static int find_bounds(struct hull_call *call, struct selection *selection)
{
    const struct hull_strv *before = filters_get(selection->filters, "before");
    const struct hull_strv *since = filters_get(selection->filters, "since");
    struct ct *ct;
    int rc = 0;

    if (before) {
        rc = ct_find(call, before->v[0], &ct);
        selection->before = rc == 0 ? ct : NULL;
    }
    if (rc == 0 && since) {
        rc = ct_find(call, since->v[0], &ct);
        selection->since = rc == 0 ? ct : NULL;
    }
    return rc;
}

/* Names of images to ids; one that does not exist is nobody's ancestor. */
static int find_ancestors(struct hull_call *call, struct selection *selection)
{
    const struct hull_strv *names = filters_get(selection->filters, "ancestor");

    for (size_t i = 0; names && i < names->n; i++) {
        const struct image_ref request = {.name = names->v[i]};
        struct image_resolve_reply reply;
        int rc = image_resolve(call, NULL, &request, &reply);

        if (rc == -HULL_NOT_FOUND || rc == -HULL_INVALID)
            hull_error_clear(call);
        else if (rc < 0)
            return rc;
        else
            hull_strv_add(hull_call_arena(call), &selection->ancestors, reply.id);
    }
    return 0;
}

static bool has_volume(const struct ct *ct, const struct filters *filters)
{
    if (!filters_get(filters, "volume"))
        return true;
    for (size_t i = 0; i < ct->doc.mounts.n; i++)
        if (filters_exact(filters, "volume", ct->doc.mounts.v[i].point.name) ||
            filters_exact(filters, "volume", ct->doc.mounts.v[i].point.destination))
            return true;
    return false;
}

static bool has_network(const struct ct *ct, const struct filters *filters)
{
    struct network_settings network;

    if (!filters_get(filters, "network"))
        return true;
    summary_networks(ct, &network);
    for (size_t i = 0; i < network.networks.n; i++)
        if (filters_exact(filters, "network", network.networks.keys[i]) ||
            (network.networks.v[i].network_id && *network.networks.v[i].network_id &&
             filters_prefix(filters, "network", network.networks.v[i].network_id)))
            return true;
    return false;
}

/* "80", "80/tcp" or "80-90/tcp" covers KEY, "80/tcp". */
static bool covers(const char *wanted, const char *key)
{
    long port = strtol(key, NULL, 10), first, last;
    const char *protocol = strchr(key, '/');
    const char *slash = strchr(wanted, '/');
    char *end;

    first = last = strtol(wanted, &end, 10);
    if (*end == '-')
        last = strtol(end + 1, NULL, 10);
    return port >= first && port <= last &&
           strcmp(slash ? slash : "/tcp", protocol ? protocol : "/tcp") == 0;
}

static bool exposes(const struct ct *ct, const struct hull_strv *wanted)
{
    for (size_t w = 0; wanted && w < wanted->n; w++) {
        for (size_t i = 0; i < ct->doc.host_config.port_bindings.n; i++)
            if (covers(wanted->v[w], ct->doc.host_config.port_bindings.keys[i]))
                return true;
        for (size_t i = 0; i < ct->doc.config.exposed_ports.n; i++)
            if (covers(wanted->v[w], ct->doc.config.exposed_ports.v[i]))
                return true;
    }
    return !wanted;
}

/* By the ports of the host. */
static bool publishes(const struct ct *ct, const struct hull_strv *wanted)
{
    const struct network_settings *network = ct_is_running(ct) ? ct->doc.network : NULL;

    for (size_t i = 0; wanted && network && i < network->ports.n; i++) {
        const char *protocol = strchr(network->ports.keys[i], '/');

        for (size_t b = 0; b < network->ports.v[i].n; b++) {
            const char *port = network->ports.v[i].v[b].host_port;
            char key[32];

            snprintf(key, sizeof(key), "%.8s%.8s", port ? port : "", protocol ? protocol : "");
            for (size_t w = 0; w < wanted->n; w++)
                if (covers(wanted->v[w], key))
                    return true;
        }
    }
    return !wanted;
}

/* "80", "80/tcp" and "80-90/udp" are ports. */
static int check_port_filters(struct hull_call *call, const struct filters *filters)
{
    static const char *const names[] = {"expose", "publish"};

    for (size_t n = 0; n < HULL_COUNT(names); n++) {
        const struct hull_strv *values = filters_get(filters, names[n]);

        for (size_t i = 0; values && i < values->n; i++) {
            const char *value = values->v[i];
            size_t length = strcspn(value, "/");
            char *range = hull_arena_strndup(hull_call_arena(call), value, length);

            if (!token_port_range(range))
                return hull_fail(call, HULL_INVALID, "invalid filter '%s=%s': it is no port",
                                 names[n], value);
        }
    }
    return 0;
}

static bool exited_with(const struct ct *ct, const struct filters *filters)
{
    const struct hull_strv *codes = filters_get(filters, "exited");

    for (size_t i = 0; codes && i < codes->n; i++)
        if (strtol(codes->v[i], NULL, 10) == ct->doc.exit_code &&
            ct->doc.finished_ns != TIME_NEVER && !ct_is_running(ct))
            return true;
    return !codes;
}

static bool has_name(const struct ct *ct, const struct filters *filters)
{
    char name[260];

    if (!filters_get(filters, "name"))
        return true;
    name[0] = '/';
    memcpy(name + 1, ct->doc.name, strnlen(ct->doc.name, 255) + 1);
    return filters_match(filters, "name", name) || filters_match(filters, "name", name + 1);
}

static bool selected(const struct ct *ct, const struct selection *selection)
{
    const struct filters *filters = selection->filters;
    const char *health = ct_health_status(ct);

    if (ct->state == CT_CREATING ||
        (!selection->all && !ct_is_running(ct) && ct->state != CT_RESTARTING))
        return false;
    if (selection->before && ct->doc.created_ns >= selection->before->doc.created_ns)
        return false;
    if (selection->since && ct->doc.created_ns <= selection->since->doc.created_ns)
        return false;
    if (filters_get(filters, "ancestor") &&
        !hull_strv_contains(&selection->ancestors, ct->doc.image_id))
        return false;
    return filters_exact(filters, "status", ct_state_name(ct->state)) &&
           filters_exact(filters, "health", *health ? health : "none") &&
           filters_exact(filters, "is-task", "false") &&
           filters_exact(filters, "isolation", "default") &&
           filters_labels(filters, &ct->doc.config.labels) &&
           filters_prefix(filters, "id", ct->doc.id) && has_name(ct, filters) &&
           has_volume(ct, filters) && has_network(ct, filters) && exited_with(ct, filters) &&
           exposes(ct, filters_get(filters, "expose")) &&
           publishes(ct, filters_get(filters, "publish"));
}

static int add_sizes(struct hull_call *call, struct container_summary *summary,
                     const char *storage_port)
{
    const struct storage_container request = {.id = summary->id};
    struct storage_usage_reply usage;
    int64_t below = 0;
    struct ct *ct;
    int rc = storage_usage(call, storage_port, &request, &usage);

    if (rc == 0)
        rc = ct_find(call, summary->id, &ct);
    if (rc == 0)
        rc = ct_image_size(call, ct, &below);
    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call); /* removed while we looked */
        return 0;
    }
    if (rc < 0)
        return rc;
    summary->size_rw = (struct hull_opt_int){usage.size > 0, usage.size};
    summary->size_rootfs = (struct hull_opt_int){true, usage.size + below};
    return 0;
}

int ct_handle_list(struct hull_call *call, const struct container_list_request *request,
                   struct container_list_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct selection selection = {.filters = filters_of(request->filters),
                                  .all = request->all || request->limit > 0};
    struct ct *const *all;
    const char *port = NULL;
    int64_t now_ns = hull_time_ns();
    int rc = filters_check(call, selection.filters, allowed);

    if (rc == 0)
        rc = check_values(call, &selection);
    if (rc == 0)
        rc = check_port_filters(call, selection.filters);
    if (rc == 0)
        rc = find_bounds(call, &selection);
    if (rc == 0)
        rc = find_ancestors(call, &selection);
    if (rc < 0)
        return rc;
    ret->containers.v = HULL_NEW(arena, struct container_summary);
    for (size_t i = ct_all(&all); i-- > 0;) {
        if (request->limit > 0 && ret->containers.n == (size_t)request->limit)
            break;
        if (!selected(all[i], &selection))
            continue;
        summary_make(arena, all[i], now_ns, HULL_LIST_ADD(arena, &ret->containers));
        port = all[i]->doc.storage;
    }
    port = hull_arena_strdup(arena, port);
    for (size_t i = 0; request->size && i < ret->containers.n; i++) {
        rc = add_sizes(call, &ret->containers.v[i], port);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- for other services ----------------------------------------------------------------------- */

static bool uses_network(const struct ct *ct, const char *id)
{
    for (size_t i = 0; ct->doc.network && i < ct->doc.network->networks.n; i++)
        if (hull_streq(ct->doc.network->networks.v[i].network_id, id))
            return true;
    return false;
}

static bool uses_volume(const struct ct *ct, const char *name)
{
    if (ct->lets_go)
        return false;
    for (size_t i = 0; i < ct->doc.mounts.n; i++)
        if (hull_streq(ct->doc.mounts.v[i].point.type, "volume") &&
            hull_streq(ct->doc.mounts.v[i].point.name, name))
            return true;
    return false;
}

bool ct_volume_used(const char *name)
{
    struct ct *const *all;
    size_t count = ct_all(&all);

    for (size_t i = 0; i < count; i++)
        if (uses_volume(all[i], name))
            return true;
    return false;
}

static void add_user(struct hull_arena *arena, const struct ct *ct, const char *image_id,
                     const char *image_ref, struct container_users_reply *ret)
{
    struct container_user *user = HULL_LIST_ADD(arena, &ret->users);

    user->id = hull_arena_strdup(arena, ct->doc.id);
    user->name = hull_arena_strdup(arena, ct->doc.name);
    user->image_ref = hull_arena_strdup(arena, image_ref);
    user->image_id = hull_arena_strdup(arena, image_id);
    user->running = ct_is_running(ct);
}

/* The container once for its own image, and once for each that is mounted in it. */
static void add_image_users(struct hull_arena *arena, const struct ct *ct, const char *image_id,
                            struct container_users_reply *ret)
{
    if (!image_id || hull_streq(ct->doc.image_id, image_id))
        add_user(arena, ct, ct->doc.image_id, ct->doc.config.image, ret);
    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        const struct mount_point *point = &ct->doc.mounts.v[i].point;

        if (strcmp(point->type, "image") == 0 && !hull_streq(point->name, ct->doc.image_id) &&
            (!image_id || hull_streq(point->name, image_id)))
            add_user(arena, ct, point->name, point->source, ret);
    }
}

int ct_handle_users(struct hull_call *call, const struct container_users_request *request,
                    struct container_users_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct ct *const *all;
    size_t count = ct_all(&all);

    for (size_t i = 0; i < count; i++) {
        const struct ct *ct = all[i];

        if ((request->network_id && !uses_network(ct, request->network_id)) ||
            (request->volume && !uses_volume(ct, request->volume)))
            continue;
        if (request->network_id || request->volume)
            add_user(arena, ct, ct->doc.image_id, ct->doc.config.image, ret);
        else
            add_image_users(arena, ct, request->image_id, ret);
    }
    return 0;
}
