/*
 * live.c: a container that runs joins one network more, or leaves one.
 *
 * The record says which network is pending before anything is done, so that a daemon killed in
 * between takes that one away when it starts: a connect is undone by it, a disconnect finished.
 */
#include "join.h"

#include "failpoint.h"
#include "netif.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* --- what there is ---------------------------------------------------------------------------- */

/* The container as it is now, in the call's arena. */
static int begin(struct hull_call *call, struct join *join)
{
    const char *id = join->request->container_id;
    struct net_sandbox_record *record = net_sandbox_find(id);
    if (record == NULL)
        return hull_fail(call, HULL_CONFLICT, "container %.12s is in no network: start it first",
                         id);
    struct net_sandbox source = record->sandbox;
    hull_message_copy(hull_call_arena(call), &net_sandbox_message, &source, &join->sandbox);
    size_t count = join->sandbox.settings.networks.n;
    size_t room = count + 2; /* a new one, and a way out */
    join->networks = hull_alloc(call, room * sizeof(*join->networks));
    join->wanted = hull_alloc(call, room * sizeof(*join->wanted));
    for (size_t i = 0; i < count; i++) {
        const char *network_id = join->sandbox.settings.networks.v[i].network_id;
        join->networks[i] = join_record(network_id);
        if (join->networks[i] == NULL)
            return hull_fail(call, HULL_INTERNAL, "network %s of container %.12s is gone",
                             network_id, id);
        join->wanted[i] = NULL;
    }
    join->count = count;
    return 0;
}

static void keep_published(struct join *join)
{
    join->kept.ports.n = join->sandbox.ports.n;
    join->kept.ports.v = join->sandbox.ports.v;
}

/* --- the default route ------------------------------------------------------------------------ */

struct routing {
    const char *ifname;
    struct ip_addr gateway[2];
    int netns_fd;
};

static int change_route(struct hull_work *work, void *arg)
{
    const struct routing *routing = arg;
    struct nl_failure failure = {0};
    HULL_AUTO_FD fd = nl_open_in(routing->netns_fd, NL_IPV6_AS_IS);
    int rc = fd < 0 ? fd : nif_default_routes(fd, routing->ifname, routing->gateway, &failure);
    return rc == 0 ? 0 : nif_fail(work, rc, &failure, "default route by", routing->ifname);
}

/* Through network VIA: IPv4 where it has that gateway, IPv6 where it has one. */
static int route_by(struct hull_call *call, const struct join *join, size_t via)
{
    const struct endpoint_settings *endpoint = &join->sandbox.settings.networks.v[via];
    struct routing routing = {.ifname = hull_map_find(&join->sandbox.inside, endpoint->network_id),
                              .netns_fd = join->request->netns_fd};
    if (via == join_gateway(join))
        (void)ip_parse(endpoint->gateway, &routing.gateway[0]);
    (void)ip_parse(endpoint->ipv6_gateway, &routing.gateway[1]);
    return routing.ifname == NULL ? 0 : hull_work(call, change_route, &routing);
}

static int route(struct hull_call *call, const struct join *join)
{
    size_t via = join_gateway(join), via6 = join_gateway6(join);
    int rc = via < join->count ? route_by(call, join, via) : 0;
    return rc < 0 || via6 == via || via6 == join->count ? rc : route_by(call, join, via6);
}

static void warn(struct hull_call *call, const struct join *join, const char *what)
{
    hull_log(call, HULL_LOG_WARN, what, "container", join->request->container_id, "error",
             hull_error(call), NULL);
    hull_error_clear(call);
}

/* --- undo of a connect ------------------------------------------------------------------------ */

struct change {
    const struct join *old, *join;
};

/* Records and names as they were. */
static void put_back(struct hull_call *call, void *arg)
{
    const struct change *change = arg;
    const struct join *old = change->old;
    if (net_sandbox_put(call, &old->sandbox) < 0 ||
        net_names_change(call, &change->join->sandbox, &old->sandbox) < 0)
        warn(call, old, "networks not recorded as before");
}

static void route_back(struct hull_call *call, void *arg)
{
    struct join *old = arg;
    if (route(call, old) < 0)
        warn(call, old, "default route not put back");
}

static void publish_back(struct hull_call *call, void *arg)
{
    struct join *old = arg;
    struct firewall_ports ports = {.container_id = old->sandbox.container_id};
    struct firewall_ports done;
    ports.ports.n = old->sandbox.ports.n;
    ports.ports.v = old->sandbox.ports.v;
    if (firewall_publish(call, NET_FIREWALL, &ports, &done) < 0)
        warn(call, old, "ports not published again");
}

/* --- connect ---------------------------------------------------------------------------------- */

/* The new network has the gateway now, in place of OLD's. */
static int move_gateway(struct hull_call *call, struct join *join, struct join *old)
{
    if (join_gateway(old) < old->count) {
        hull_undo(call, route_back, old);
        int rc = route(call, join);
        if (rc < 0)
            return rc;
    }
    keep_published(join);
    if (join->sandbox.ports.n > 0) {
        hull_undo(call, publish_back, old);
        join_unpublish(call, hull_strdup(call, join->sandbox.container_id));
    }
    return join_publish(call, join);
}

static int check_new(struct hull_call *call, struct join *join)
{
    struct net_record *record;
    int rc = net_find(call, join->request->networks.keys[0], &record);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < join->count; i++) {
        if (join->networks[i] == record)
            return hull_fail(call, HULL_FORBIDDEN,
                             "endpoint with name %s already exists in network %s",
                             join->sandbox.name, record->network.name);
    }
    return join_add(call, join, record->network.name, &join->request->networks.v[0]);
}

static int plan(struct hull_call *call, struct join *join, struct join *old)
{
    int rc = check_new(call, join);
    if (rc == 0)
        rc = net_assert(call, join->networks[join->count - 1]);
    if (rc == 0)
        rc = join_plan(call, join, join->count - 1);
    if (rc < 0)
        return rc;
    join->sandbox.pending = join->networks[join->count - 1]->network.id;
    struct change *change = hull_alloc(call, sizeof(*change));
    *change = (struct change){old, join};
    hull_undo(call, put_back, change);
    return net_sandbox_put(call, &join->sandbox);
}

static int finish(struct hull_call *call, struct join *join)
{
    join->sandbox.pending = NULL;
    join_show_default(join);
    return net_sandbox_put(call, &join->sandbox);
}

int net_attach(struct hull_call *call, const struct network_join_request *request,
               struct network_settings *ret_reply)
{
    /* Both are looked at by what undoes a failure. */
    struct join *join = hull_alloc(call, sizeof(*join));
    struct join *old = hull_alloc(call, sizeof(*old));
    join_take_netns(call, request);
    if (request->networks.n != 1)
        return hull_fail(call, HULL_INVALID, "one network at a time is attached");
    *old = *join = (struct join){.request = request, .live = true};
    int rc = begin(call, old);
    if (rc == 0)
        rc = begin(call, join);
    if (rc == 0)
        rc = plan(call, join, old);
    if (rc < 0)
        return rc;
    size_t at = join->count - 1;
    bool first = join_gateway(old) == old->count;
    join->no_ports = !first && join_gateway(join) != at; /* they are published already */
    FAILPOINT(network_attach_plan);
    /* One that takes the place of another's route gets its own when it is there. */
    bool routes = join_gateway(join) == at
                      ? first
                      : join_routes(join, at) && join_gateway6(old) == old->count;
    rc = join_driver(call, join, at, routes);
    FAILPOINT(network_attach_driver);
    if (rc == 0)
        rc = join_way_out(call, join);
    if (rc == 0 && (join_routes(join, at) || join->count > at + 1))
        rc = move_gateway(call, join, old);
    if (rc == 0)
        rc = net_names_update(call, &join->sandbox);
    if (rc == 0)
        rc = net_names_attach(call, &join->sandbox, request->netns_fd);
    if (rc == 0)
        rc = finish(call, join);
    FAILPOINT(network_attach_commit);
    if (rc < 0)
        return rc;
    for (size_t i = at; i < join->count; i++)
        join_tell(call, join->networks[i], "connect", request->container_id);
    join_show(call, &join->sandbox, ret_reply);
    return 0;
}

/* --- disconnect ------------------------------------------------------------------------------- */

/* From now on the container is not in network I, whatever happens. */
static void take_out(struct hull_call *call, struct join *join, size_t i)
{
    struct net_sandbox *sandbox = &join->sandbox;
    struct net_sandbox old = *sandbox;
    struct net_record **networks = join->networks;
    size_t count = join->count;
    memset(&sandbox->settings.networks, 0, sizeof(sandbox->settings.networks));
    sandbox->inside = (struct hull_map){0};
    sandbox->outside = (struct hull_map){0};
    join->networks = hull_alloc(call, (count + 1) * sizeof(*networks));
    join->count = 0;
    for (size_t k = 0; k < count; k++) {
        const char *id = networks[k]->network.id;
        const char *inside = hull_map_find(&old.inside, id);
        const char *outside = hull_map_find(&old.outside, id);
        if (k == i)
            continue;
        *HULL_MSGMAP_ADD(hull_call_arena(call), &sandbox->settings.networks,
                         old.settings.networks.keys[k]) = old.settings.networks.v[k];
        if (inside != NULL)
            hull_map_set(hull_call_arena(call), &sandbox->inside, id, inside);
        if (outside != NULL)
            hull_map_set(hull_call_arena(call), &sandbox->outside, id, outside);
        join->networks[join->count++] = networks[k];
    }
    sandbox->stranded = (struct hull_strv){0};
    for (size_t k = 0; k < old.stranded.n; k++) {
        if (!hull_streq(old.stranded.v[k], networks[i]->network.id))
            hull_strv_add(hull_call_arena(call), &sandbox->stranded, old.stranded.v[k]);
    }
    if (hull_streq(sandbox->way_out, networks[i]->network.id))
        sandbox->way_out = NULL;
}

/* The network that is a way out, when the last one that wanted it is the one that was left since
 * BEFORE; else the count. */
static size_t useless_way_out(const struct join *before, const struct join *join)
{
    size_t i = 0;
    if (join->sandbox.way_out == NULL || before->sandbox.stranded.n == 0 ||
        join->sandbox.stranded.n > 0)
        return join->count;
    while (i < join->count && !hull_streq(join->networks[i]->network.id, join->sandbox.way_out))
        i++;
    return i;
}

static int leave_driver(struct hull_call *call, const struct join *join, size_t i)
{
    struct net_record *record = join->networks[i];
    struct netdriver_leave_request request = {
        .network = record->network,
        .container_id = join->sandbox.container_id,
        .endpoint = join->sandbox.settings.networks.v[i],
        .ifname = hull_map_find(&join->sandbox.inside, record->network.id),
        .host_interface = hull_map_find(&join->sandbox.outside, record->network.id),
        .netns_fd = join->request->netns_fd};
    struct hull_empty done;
    return netdriver_leave(call, net_driver(call, record), &request, &done);
}

/* Another network has the gateway, or none has. The container is out of the old one already: what
 * fails now is told in the log. */
static void renew_gateway(struct hull_call *call, struct join *join)
{
    keep_published(join);
    join->sandbox.ports.n = 0;
    if (route(call, join) < 0)
        warn(call, join, "no default route after a disconnect");
    if (join_publish(call, join) < 0)
        warn(call, join, "ports not published after a disconnect");
}

static int leave_one(struct hull_call *call, struct join *join, size_t i)
{
    struct net_record *record = join->networks[i];
    struct endpoint_settings endpoint = join->sandbox.settings.networks.v[i];
    bool had_gateway = join_routes(join, i);
    struct join before = *join;
    join->sandbox.pending = record->network.id;
    int rc = net_sandbox_put(call, &join->sandbox);
    if (rc < 0)
        return rc;
    FAILPOINT(network_detach_plan);
    take_out(call, join, i);
    rc = net_names_change(call, &before.sandbox, &join->sandbox);
    if (rc == 0 && had_gateway && before.sandbox.ports.n > 0)
        join_unpublish(call, hull_strdup(call, before.sandbox.container_id));
    if (rc == 0)
        rc = leave_driver(call, &before, i);
    struct firewall_guard guard;
    if (rc == 0 && net_guard_of(call, &before.sandbox, i, "-", &guard))
        join_unguard(call, &guard);
    FAILPOINT(network_detach_driver);
    if (rc < 0)
        return rc; /* still pending: the next disconnect or start goes on from here */
    join_release(call, before.sandbox.container_id, &endpoint, record);
    if (had_gateway)
        renew_gateway(call, join);
    return 0;
}

static int leave(struct hull_call *call, struct join *join, size_t i)
{
    struct join before = *join;
    int rc = leave_one(call, join, i);
    size_t way_out = rc == 0 ? useless_way_out(&before, join) : join->count;
    /* Pending in place of the other one: a crash in between leaves neither. */
    if (rc == 0 && way_out < join->count)
        rc = leave_one(call, join, way_out);
    if (rc == 0)
        rc = finish(call, join);
    FAILPOINT(network_detach_commit);
    return rc;
}

int net_detach(struct hull_call *call, const struct network_join_request *request,
               struct network_settings *ret_reply)
{
    struct join join = {.request = request};
    struct net_record *record;
    size_t at = 0;
    join_take_netns(call, request);
    if (request->networks.n != 1)
        return hull_fail(call, HULL_INVALID, "one network at a time is detached");
    int rc = net_find(call, request->networks.keys[0], &record);
    if (rc == 0)
        rc = begin(call, &join);
    if (rc < 0)
        return rc;
    while (at < join.count && join.networks[at] != record)
        at++;
    if (at == join.count)
        return hull_fail(call, HULL_INTERNAL, "container %s is not connected to network %s",
                         request->container_id, record->network.name);
    rc = leave(call, &join, at);
    if (rc == 0)
        join_show(call, &join.sandbox, ret_reply);
    return rc;
}

int net_settings(struct hull_call *call, const struct network_leave_request *request,
                 struct network_settings *ret_reply)
{
    struct net_sandbox_record *record = net_sandbox_find(request->container_id);
    if (record == NULL)
        return 0;
    struct network_settings source;
    join_show(call, &record->sandbox, &source);
    hull_message_copy(hull_call_arena(call), &network_settings_message, &source, ret_reply);
    return 0;
}

/* --- after a restart -------------------------------------------------------------------------- */

static int settle(struct hull_call *call, const char *container_id, int64_t pid)
{
    struct network_join_request request = {.container_id = container_id, .netns_fd = -1};
    struct join join = {.request = &request};
    HULL_AUTO_FD fd =
        open(hull_printf(call, "/proc/%lld/ns/net", (long long)pid), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hull_fail_errno(call, errno, "opening the network namespace");
    request.netns_fd = fd;
    int rc = begin(call, &join);
    if (rc < 0)
        return rc;
    memcpy(&request.port_bindings, &join.sandbox.settings.ports, sizeof(request.port_bindings));
    for (size_t i = 0; i < join.count; i++) {
        if (hull_streq(join.networks[i]->network.id, join.sandbox.pending))
            return leave(call, &join, i);
    }
    return finish(call, &join);
}

void net_settle(struct hull_call *call, const struct network_restore_request *request)
{
    for (size_t i = 0; i < request->live.n && i < request->pids.n; i++) {
        const struct net_sandbox_record *record = net_sandbox_find(request->live.v[i]);
        if (record == NULL || hull_streq(record->sandbox.pending, NULL) ||
            *record->sandbox.pending == '\0')
            continue;
        if (settle(call, request->live.v[i], request->pids.v[i]) < 0)
            warn(call,
                 &(struct join){
                     .request = &(struct network_join_request){.container_id = request->live.v[i]}},
                 "a network stays half joined");
    }
}
