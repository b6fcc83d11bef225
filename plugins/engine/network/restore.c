/* After a restart of the daemon: containers that run keep what they have, others leave. */
#include "net.h"

#include <string.h>

struct gathering {
    struct hull_call *call;
    const struct network_restore_request *request;
    struct hull_strv dead;
    struct hull_strv networks; /* ids of those that live containers are in */
    struct firewall_state state;
};

static void gather_guards(struct gathering *all, const struct net_sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        const char *id = sandbox->settings.networks.v[i].network_id;
        struct firewall_guard guard;
        if (net_guard_of(all->call, sandbox, i, hull_map_find(&sandbox->outside, id), &guard))
            *(HULL_LIST_ADD(hull_call_arena(all->call), &all->state.guards)) = guard;
    }
}

static void gather(const struct net_sandbox *sandbox, void *ctx)
{
    struct gathering *all = ctx;
    struct hull_arena *arena = hull_call_arena(all->call);
    if (!hull_strv_contains(&all->request->live, sandbox->container_id)) {
        hull_strv_add(arena, &all->dead, hull_strdup(all->call, sandbox->container_id));
        return;
    }
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        const char *id = sandbox->settings.networks.v[i].network_id;
        if (!hull_strv_contains(&all->networks, id))
            hull_strv_add(arena, &all->networks, hull_strdup(all->call, id));
    }
    struct net_sandbox source = *sandbox;
    struct net_sandbox copy;
    hull_message_copy(arena, &net_sandbox_message, &source, &copy);
    gather_guards(all, &copy);
    if (sandbox->ports.n == 0)
        return;
    struct firewall_ports *ports = HULL_LIST_ADD(arena, &all->state.containers);
    ports->container_id = copy.container_id;
    ports->ports.n = copy.ports.n;
    ports->ports.v = copy.ports.v;
}

/* The bridges of networks in use; their rules come with the ports, all at once. */
static int raise_networks(struct hull_call *call, struct gathering *all)
{
    for (size_t i = 0; i < all->networks.n; i++) {
        struct net_record *record;
        struct firewall_network rules;
        int rc = net_find(call, all->networks.v[i], &record);
        if (rc == -HULL_NOT_FOUND) {
            hull_error_clear(call);
            continue;
        }
        if (rc < 0)
            return rc;
        if (!net_firewall(call, record, &rules))
            continue;
        struct netdriver_network request = {.network = record->network};
        struct hull_empty done;
        rc = net_raised_note(call);
        if (rc == 0)
            rc = netdriver_create(call, net_driver(call, record), &request, &done);
        if (rc < 0)
            return hull_wrap(call, rc, "network %s", record->network.name);
        *(HULL_LIST_ADD(hull_call_arena(call), &all->state.networks)) = rules;
        record->asserted = true;
    }
    return 0;
}

/* --- drivers that want to know ---------------------------------------------------------------- */

/* A network whose driver is told; it has its own arena, for it outlasts the call. */
struct telling {
    struct hull_arena *arena;
    const char *network_id;
    struct network_restore_request request;
};

static int tell(struct hull_call *call, const struct telling *telling)
{
    struct net_record *record;
    struct netdriver_about_reply about;
    struct hull_empty done;
    int rc = net_find(call, telling->network_id, &record);
    if (rc < 0)
        return rc == -HULL_NOT_FOUND ? 0 : rc;
    const char *port = net_driver(call, record);
    struct network network = record->network;
    struct netdriver_restore_request request = {.live = telling->request.live};
    request.pids.n = telling->request.pids.n;
    request.pids.v = telling->request.pids.v;
    hull_message_copy(hull_call_arena(call), &network_message, &network, &request.network);
    rc = net_about(call, record, &about);
    return rc < 0 || !about.restores ? rc : netdriver_restore(call, port, &request, &done);
}

static int tell_driver(struct hull_call *call, void *arg)
{
    struct telling *telling = arg;
    if (tell(call, telling) < 0 && hull_check(call) == 0)
        hull_log(call, HULL_LOG_WARN, "network not restored by its driver", "network",
                 telling->network_id, "error", hull_error(call), NULL);
    hull_error_clear(call);
    hull_arena_free(telling->arena);
    return 0;
}

/* Programs of others may be slow: each is told beside all else. */
static void tell_drivers(const struct network_restore_request *request)
{
    struct network_restore_request source = *request;
    for (const struct net_record *record = net_records; record != NULL; record = record->next) {
        if (record->predefined || hull_streq(record->network.driver, "bridge"))
            continue;
        struct hull_arena *arena = hull_arena_new();
        struct telling *telling = HULL_NEW(arena, struct telling);
        telling->arena = arena;
        telling->network_id = hull_arena_strdup(arena, record->network.id);
        hull_message_copy(arena, &network_restore_request_message, &source, &telling->request);
        hull_spawn("network restore", tell_driver, telling);
    }
}

/* One that nobody gave back is no reason to stop: it is missing in its pool, that is all. */
static void sweep_addresses(struct hull_call *call, const struct network_restore_request *request)
{
    const struct ipam_owners owners = {.owners = request->live};
    struct hull_empty done;
    if (ipam_address_sweep(call, NET_IPAM, &owners, &done) < 0)
        hull_log(call, HULL_LOG_WARN, "sweeping addresses", "error", hull_error(call), NULL);
    hull_error_clear(call);
}

int net_restore(struct hull_call *call, const struct network_restore_request *request,
                struct hull_empty *ret_reply)
{
    struct gathering all = {.call = call, .request = request};
    net_sandbox_each(gather, &all);
    for (size_t i = 0; i < all.dead.n; i++) {
        struct network_leave_request leave = {.container_id = all.dead.v[i]};
        int rc = net_leave(call, &leave, ret_reply);
        if (rc < 0)
            return rc;
    }
    sweep_addresses(call, request);
    int rc = raise_networks(call, &all);
    net_names_restore(call, request);
    struct firewall_barriers barriers;
    net_forwarding_barriers(call, &barriers);
    all.state.barriers.n = barriers.barriers.n;
    all.state.barriers.v = barriers.barriers.v;
    if (rc == 0)
        rc = firewall_restore(call, NET_FIREWALL, &all.state, ret_reply);
    if (rc == 0)
        net_settle(call, request);
    if (rc == 0)
        tell_drivers(request);
    return rc;
}

static void note_use(const struct net_sandbox *sandbox, void *ctx)
{
    (void)sandbox;
    *(bool *)ctx = true;
}

int net_clear(struct hull_call *call)
{
    struct firewall_state nothing = {0};
    struct firewall_barriers barriers;
    struct hull_empty done;
    bool in_use = false;
    net_sandbox_each(note_use, &in_use);
    if (in_use)
        return 0; /* containers live on, and so does what they need */
    int rc = net_forwarding_end(call);
    net_forwarding_barriers(call, &barriers);
    nothing.barriers.n = barriers.barriers.n;
    nothing.barriers.v = barriers.barriers.v;
    if (rc == 0)
        rc = firewall_restore(call, NET_FIREWALL, &nothing, &done);
    for (struct net_record *record = net_records; record != NULL && rc == 0;
         record = record->next) {
        struct netdriver_network request = {.network = record->network};
        if (!hull_streq(record->network.driver, "bridge"))
            continue;
        rc = netdriver_remove(call, net_driver(call, record), &request, &done);
        record->asserted = false;
    }
    return rc < 0 ? rc : net_raised_end(call);
}
