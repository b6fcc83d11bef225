/* A container joins its networks, and leaves them. */
#include "join.h"

#include "address.h"
#include "api/config.h"
#include "events.h"
#include "failpoint.h"
#include "ids.h"

#include <stdlib.h>
#include <string.h>

/* --- which networks -------------------------------------------------------------------------- */

static const char *plain_name(const char *name)
{
    return name == NULL || *name == '\0' || strcmp(name, "default") == 0 ? "bridge" : name;
}

static void release_record(struct hull_call *call, void *arg)
{
    (void)call;
    ((struct net_record *)arg)->users--;
}

int join_add(struct hull_call *call, struct join *join, const char *name,
             const struct endpoint_settings *wanted)
{
    struct net_record *record;
    int rc = net_find(call, plain_name(name), &record);
    if (rc == 0 && record->removing)
        rc = hull_fail(call, HULL_NOT_FOUND, "network %s not found", name);
    if (rc == 0 && record->network.config_only)
        rc =
            hull_fail(call, HULL_FORBIDDEN, "cannot create endpoint on configuration-only network");
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < join->count; i++) {
        if (join->networks[i] == record) {
            if (wanted != NULL)
                join->wanted[i] = wanted;
            return 0;
        }
    }
    record->users++; /* it can't be removed under our feet */
    hull_undo(call, release_record, record);
    join->networks[join->count] = record;
    join->wanted[join->count++] = wanted;
    return 0;
}

/* The network of network_mode is joined first. Without one: those that are asked for, or none. */
static int list_networks(struct hull_call *call, struct join *join)
{
    const struct network_join_request *request = join->request;
    size_t room = request->networks.n + 2; /* network_mode, and a way out */
    join->networks = hull_alloc(call, room * sizeof(*join->networks));
    join->wanted = hull_alloc(call, room * sizeof(*join->wanted));
    int rc = request->network_mode == NULL ? 0 : join_add(call, join, request->network_mode, NULL);
    for (size_t i = 0; i < request->networks.n && rc == 0; i++)
        rc = join_add(call, join, request->networks.keys[i], &request->networks.v[i]);
    for (size_t i = 0; i < join->count && rc == 0; i++) {
        const char *driver = join->networks[i]->network.driver;
        if (join->count > 1 && (hull_streq(driver, "host") || hull_streq(driver, "null")))
            rc = hull_fail(call, HULL_INVALID,
                           "container cannot be connected to network %s and to others",
                           join->networks[i]->network.name);
    }
    return rc;
}

/* --- endpoints ----------------------------------------------------------------------------- */

static bool is_named(const struct join *join, const char *name)
{
    for (size_t i = 0; i < join->sandbox.inside.n; i++) {
        if (strcmp(join->sandbox.inside.v[i].value, name) == 0)
            return true;
    }
    return false;
}

/* Numbers are not used again, so that nobody takes a new interface for one that has gone. */
static const char *number_interface(struct hull_call *call, struct join *join, const char *prefix)
{
    bool plain = strcmp(prefix, "eth") == 0;
    int64_t number = 0;
    const char *name;
    do {
        name = hull_printf(call, "%s%d", prefix, (int)(plain ? join->sandbox.next++ : number++));
    } while (is_named(join, name));
    return name;
}

/* As the container wants it, or a number behind what the network has as prefix. */
static int name_interface(struct hull_call *call, struct join *join, size_t i)
{
    const struct network *network = &join->networks[i]->network;
    bool bridge = hull_streq(network->driver, "bridge");
    const char *name =
        bridge && join->wanted[i] != NULL ? net_endpoint_ifname(join->wanted[i]) : NULL;
    struct netbridge options = {.prefix = "eth"};
    int rc = bridge ? netbridge_read(call, network, &options) : 0;
    if (rc < 0)
        return rc;
    if (name != NULL && is_named(join, name))
        return hull_fail(call, HULL_CONFLICT,
                         "invalid config for network %s: the container has an interface %s already",
                         network->name, name);
    if (name == NULL)
        name = number_interface(call, join, options.prefix);
    hull_map_set(hull_call_arena(call), &join->sandbox.inside, network->id, name);
    return 0;
}

int join_plan(struct hull_call *call, struct join *join, size_t i)
{
    const struct net_record *record = join->networks[i];
    struct endpoint_settings *endpoint = HULL_MSGMAP_ADD(
        hull_call_arena(call), &join->sandbox.settings.networks, record->network.name);
    int rc = net_endpoint_plan(call, record, join->request, join->wanted[i], endpoint);
    return rc < 0 ? rc : name_interface(call, join, i);
}

/* --- interfaces ------------------------------------------------------------------------------ */

static bool is_usable(const struct join *join, size_t i, bool ipv6)
{
    const struct endpoint_settings *endpoint = &join->sandbox.settings.networks.v[i];
    return net_given(ipv6 ? endpoint->ipv6_gateway : endpoint->gateway);
}

/* The network with the highest GwPriority, then the first, among those with a gateway. The one that
 * is a way out and no more only when there is no other. */
static size_t best_gateway(const struct join *join, bool ipv6)
{
    const struct endpoint_settings *all = join->sandbox.settings.networks.v;
    size_t best = join->count;
    size_t way_out = join->count;
    for (size_t i = 0; i < join->count; i++) {
        if (!is_usable(join, i, ipv6))
            continue;
        if (hull_streq(join->networks[i]->network.id, join->sandbox.way_out))
            way_out = i;
        else if (best == join->count || all[i].gw_priority > all[best].gw_priority)
            best = i;
    }
    return best < join->count ? best : way_out;
}

/* Which network has the default route. One without IPv4 only where all are. */
size_t join_gateway(const struct join *join)
{
    size_t best = best_gateway(join, false);
    return best < join->count ? best : best_gateway(join, true);
}

size_t join_gateway6(const struct join *join)
{
    size_t via = join_gateway(join);
    if (via == join->count || net_given(join->sandbox.settings.networks.v[via].ipv6_gateway))
        return via;
    return best_gateway(join, true);
}

bool join_routes(const struct join *join, size_t i)
{
    return i == join_gateway(join) || i == join_gateway6(join);
}

struct plug {
    struct net_record *record;
    const char *container_id;
    const struct endpoint_settings *endpoint;
    const char *ifname;
    const char *host_interface;
    int netns_fd;
};

/* The namespace may live on when a join fails: the interface is taken out of it. */
static void unplug(struct hull_call *call, void *arg)
{
    const struct plug *plug = arg;
    struct netdriver_leave_request request = {.network = plug->record->network,
                                              .container_id = plug->container_id,
                                              .endpoint = *plug->endpoint,
                                              .ifname = plug->ifname,
                                              .host_interface = plug->host_interface,
                                              .netns_fd = plug->netns_fd};
    struct hull_empty done;
    int rc = netdriver_leave(call, net_driver(call, plug->record), &request, &done);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "interface not taken back", "interface", plug->host_interface,
                 "error", hull_error(call), NULL);
}

/* What the driver chose itself. */
static void take_reply(const struct netdriver_join_reply *reply, struct endpoint_settings *endpoint)
{
    if (reply->mac_address != NULL)
        endpoint->mac_address = reply->mac_address;
    if (reply->ip_address != NULL) {
        endpoint->ip_address = reply->ip_address;
        endpoint->ip_prefix_len = reply->ip_prefix_len;
    }
    if (reply->gateway != NULL)
        endpoint->gateway = reply->gateway;
    if (reply->global_ipv6_address != NULL) {
        endpoint->global_ipv6_address = reply->global_ipv6_address;
        endpoint->global_ipv6_prefix_len = reply->global_ipv6_prefix_len;
    }
    if (reply->ipv6_gateway != NULL)
        endpoint->ipv6_gateway = reply->ipv6_gateway;
    endpoint->dns_servers = reply->dns_servers;
    endpoint->dns_search = reply->dns_search;
    endpoint->dns_options = reply->dns_options;
}

/* Whether network I is, or may turn out to be, the one with the gateway: its driver is asked to
 * publish the ports. One that hands out addresses itself tells of its gateway afterwards. */
static bool may_publish(const struct join *join, size_t i,
                        const struct netdriver_about_reply *about)
{
    size_t via = join_gateway(join);
    return via == i || via == join->count || (about->own_addresses && via > i);
}

/* The ports for a driver that publishes them itself: as asked for, it knows the address. */
static int own_ports(struct hull_call *call, struct join *join, size_t i,
                     struct netdriver_join_request *request)
{
    static const char unknown[] = "?";
    struct netdriver_about_reply about;
    struct firewall_ports ports = {0};
    int rc = net_about(call, join->networks[i], &about);
    if (rc < 0 || !about.own_ports || join->no_ports || join->ports_done ||
        !may_publish(join, i, &about))
        return rc;
    const struct net_publish to = {unknown, unknown, "0.0.0.0", {false, false}, false};
    rc = net_ports_expand(call, join->request, &to, &ports);
    for (size_t p = 0; p < ports.ports.n; p++)
        ports.ports.v[p].address = NULL;
    request->ports.n = ports.ports.n;
    request->ports.v = ports.ports.v;
    request->exposed = join->request->exposed_ports;
    join->ports_done = true;
    join->sandbox_ports = ports;
    return rc;
}

/* What its driver says of ports, when it was asked for some, and of the way out. */
static void take_more(struct hull_call *call, struct join *join, size_t i, bool asked,
                      const struct netdriver_join_reply *reply)
{
    if (reply->way_out)
        hull_strv_add(hull_call_arena(call), &join->sandbox.stranded,
                      join->networks[i]->network.id);
    join->way_out = join->way_out || reply->way_out;
    join->no_way_out = join->no_way_out || reply->no_way_out;
    if (!asked)
        return;
    if (reply->ports_left) {
        join->ports_done = false;
        join->sandbox_ports = (struct firewall_ports){0};
    } else {
        join->sandbox_ports.ports.n = reply->ports.n;
        join->sandbox_ports.ports.v = reply->ports.v;
    }
}

static const char *interface_of(const struct join *join, size_t i)
{
    return hull_map_find(&join->sandbox.inside, join->networks[i]->network.id);
}

int join_driver(struct hull_call *call, struct join *join, size_t i, bool default_route)
{
    struct endpoint_settings *endpoint = &join->sandbox.settings.networks.v[i];
    struct netdriver_join_request request = {.network = join->networks[i]->network,
                                             .container_id = join->request->container_id,
                                             .endpoint = *endpoint,
                                             .ifname = interface_of(join, i),
                                             .default_route = default_route,
                                             .net_admin = join->sandbox.net_admin,
                                             .netns_fd = join->request->netns_fd,
                                             .dns = join->request->dns,
                                             .dns_search = join->request->dns_search,
                                             .dns_options = join->request->dns_options};
    struct netdriver_join_reply reply;
    bool done = join->ports_done;
    size_t via = join_gateway(join);
    if (via < join->count && i != via)
        request.endpoint.gateway = ""; /* at most that of IPv6 */
    int rc = own_ports(call, join, i, &request);
    if (rc == 0)
        rc = join_guard(call, join, i, &request.host_interface);
    if (rc == 0)
        rc = netdriver_join(call, net_driver(call, join->networks[i]), &request, &reply);
    int guarded = join_guarded(call, join);
    if (rc < 0)
        return hull_wrap(call, rc, "failed to create endpoint %s on network %s",
                         join->request->name, join->networks[i]->network.name);
    struct plug *plug = hull_alloc(call, sizeof(*plug));
    *plug = (struct plug){join->networks[i], join->request->container_id, endpoint,
                          request.ifname,    reply.host_interface,        request.netns_fd};
    hull_undo(call, unplug, plug);
    if (guarded < 0)
        return guarded;
    take_reply(&reply, endpoint);
    take_more(call, join, i, !done && join->ports_done, &reply);
    if (hull_streq(request.network.driver, "bridge"))
        rc = net_endpoint_settings_apply(call, endpoint, request.ifname, request.netns_fd);
    if (reply.host_interface != NULL)
        hull_map_set(hull_call_arena(call), &join->sandbox.outside, request.network.id,
                     reply.host_interface);
    return rc;
}

static void show_endpoint(struct network_settings *settings, const char *bridge,
                          const struct endpoint_settings *endpoint)
{
    settings->bridge = bridge;
    settings->endpoint_id = endpoint->endpoint_id;
    settings->gateway = endpoint->gateway;
    settings->ip_address = endpoint->ip_address;
    settings->ip_prefix_len = endpoint->ip_prefix_len;
    settings->mac_address = endpoint->mac_address;
    settings->global_ipv6_address = endpoint->global_ipv6_address;
    settings->global_ipv6_prefix_len = endpoint->global_ipv6_prefix_len;
    settings->ipv6_gateway = endpoint->ipv6_gateway;
}

void join_show_default(struct join *join)
{
    static const struct endpoint_settings none;
    struct network_settings *settings = &join->sandbox.settings;
    show_endpoint(settings, NULL, &none);
    for (size_t i = 0; i < join->count; i++) {
        const struct net_record *record = join->networks[i];
        const struct endpoint_settings *endpoint = &settings->networks.v[i];
        if (!record->predefined || !hull_streq(record->network.driver, "bridge"))
            continue;
        show_endpoint(settings, hull_map_find(&record->network.options, NETBRIDGE_NAME), endpoint);
    }
}

/* --- ports ----------------------------------------------------------------------------------- */

void join_unpublish(struct hull_call *call, void *arg)
{
    struct firewall_ports request = {.container_id = arg};
    struct hull_empty done;
    int rc = firewall_unpublish(call, NET_FIREWALL, &request, &done);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "ports not taken back", "container", arg, "error",
                 hull_error(call), NULL);
}

/* A port of the host that was chosen before stays. */
static void keep_ports(const struct firewall_ports *kept, struct firewall_ports *wanted)
{
    for (size_t i = 0; i < wanted->ports.n; i++) {
        struct firewall_port *port = &wanted->ports.v[i];
        for (size_t k = 0; k < kept->ports.n; k++) {
            const struct firewall_port *old = &kept->ports.v[k];
            if (old->port == port->port && hull_streq(old->protocol, port->protocol) &&
                hull_streq(old->host_ip, port->host_ip) &&
                (port->host_port == 0 || port->host_port_end > port->host_port)) {
                port->host_port = old->host_port;
                port->host_port_end = 0;
            }
        }
    }
}

/* Through the firewall, to the container's address in the bridge network VIA. */
/* Ports of IPv6 lead where its default route is, which need not be where that of IPv4 is. */
static int publish_by_bridge(struct hull_call *call, struct join *join, size_t via,
                             struct firewall_ports *ret_ports)
{
    struct firewall_ports wanted = {.container_id = join->request->container_id};
    const struct endpoint_settings *endpoint = &join->sandbox.settings.networks.v[via];
    struct netbridge options, options6;
    size_t via6 = join_gateway6(join);
    if (via6 == join->count || net_given(endpoint->global_ipv6_address) ||
        !hull_streq(join->networks[via6]->network.driver, "bridge"))
        via6 = via;
    int rc = netbridge_read(call, &join->networks[via]->network, &options);
    if (rc == 0)
        rc = netbridge_read(call, &join->networks[via6]->network, &options6);
    if (rc < 0)
        return rc;
    const struct net_publish to = {
        endpoint->ip_address,
        join->sandbox.settings.networks.v[via6].global_ipv6_address,
        options.host_ip,
        {options.mode[0] == NETBRIDGE_ROUTED, options6.mode[1] == NETBRIDGE_ROUTED},
        options.trusted.n > 0 || daemon_config()->allow_direct_routing};
    if (rc == 0)
        rc = net_ports_expand(call, join->request, &to, &wanted);
    keep_ports(&join->kept, &wanted);
    if (rc == 0 && wanted.ports.n > 0) {
        hull_undo(call, join_unpublish, hull_strdup(call, wanted.container_id));
        rc = firewall_publish(call, NET_FIREWALL, &wanted, ret_ports);
    }
    return hull_wrap(call, rc,
                     "driver failed programming external connectivity on endpoint %s (%s)",
                     join->request->name, endpoint->endpoint_id);
}

/* A container that is a peer of the host's neighbours has all its ports there already; others that
 * nobody publishes for are told. */
static int refuse_ports(struct hull_call *call, const struct join *join, size_t via)
{
    static const char unknown[] = "?";
    const struct net_publish to = {unknown, unknown, "0.0.0.0", {false, false}, false};
    const struct network *network = &join->networks[via]->network;
    struct netdriver_about_reply about;
    struct firewall_ports ports = {0};
    if (join->networks[via]->predefined)
        return 0; /* host, none */
    int rc = net_about(call, join->networks[via], &about);
    if (rc < 0 || about.open_ports)
        return rc;
    rc = net_ports_expand(call, join->request, &to, &ports);
    if (rc < 0 || ports.ports.n == 0)
        return rc;
    return hull_fail(call, HULL_NOT_SUPPORTED,
                     "can't publish port %d/%s: driver %s of network %s, which is the container's "
                     "way out, publishes no ports",
                     (int)ports.ports.v[0].port, ports.ports.v[0].protocol, network->driver,
                     network->name);
}

int join_publish(struct hull_call *call, struct join *join)
{
    size_t via = join_gateway(join);
    struct firewall_ports ports = join->sandbox_ports;
    struct hull_strv exposed = join->request->exposed_ports;
    int rc = 0;
    if (via < join->count && !join->ports_done) {
        bool bridge = hull_streq(join->networks[via]->network.driver, "bridge");
        rc = bridge ? publish_by_bridge(call, join, via, &ports) : refuse_ports(call, join, via);
    }
    if (rc < 0)
        return rc;
    if (via == join->count)
        exposed = (struct hull_strv){0};
    net_ports_show(call, &exposed, &ports, &join->sandbox.settings);
    if (!join->ports_done) {
        join->sandbox.ports.n = ports.ports.n;
        join->sandbox.ports.v = ports.ports.v;
    }
    return 0;
}

/* --- names ----------------------------------------------------------------------------------- */

/* Last of all: who finds the name finds the container's addresses at work. */
static int name(struct hull_call *call, struct join *join)
{
    hull_undo(call, net_names_drop, hull_strdup(call, join->sandbox.container_id));
    int rc = net_names_update(call, &join->sandbox);
    return rc < 0 ? rc : net_names_attach(call, &join->sandbox, join->request->netns_fd);
}

/* --- joining --------------------------------------------------------------------------------- */

static void drop_sandbox(struct hull_call *call, void *arg)
{
    int rc = net_sandbox_drop(call, arg);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "endpoint not forgotten", "container", arg, "error",
                 hull_error(call), NULL);
}

void join_tell(struct hull_call *call, const struct net_record *record, const char *action,
               const char *container_id)
{
    event_publish(call, "network", action, record->network.id, "container", container_id, "name",
                  record->network.name, "type", record->network.driver, NULL);
}

static int plan(struct hull_call *call, struct join *join)
{
    int rc = list_networks(call, join);
    for (size_t i = 0; i < join->count && rc == 0; i++)
        rc = net_assert(call, join->networks[i]);
    for (size_t i = 0; i < join->count && rc == 0; i++)
        rc = join_plan(call, join, i);
    if (rc < 0)
        return rc;
    /* What is about to be made is recorded first: a crash then leaves nothing unknown. */
    hull_undo(call, drop_sandbox, hull_strdup(call, join->request->container_id));
    return net_sandbox_put(call, &join->sandbox);
}

static void close_netns(struct hull_call *call, void *arg)
{
    int fd = *(int *)arg;

    (void)call;
    hull_fd_cleanup(&fd);
}

/* The descriptor came with the message: it is ours now. The drivers only borrow it. */
void join_take_netns(struct hull_call *call, const struct network_join_request *request)
{
    int *netns = hull_alloc(call, sizeof(*netns));
    *netns = request->netns_fd;
    hull_defer(call, close_netns, netns);
}

/* In no network at all there still is a loopback. */
static int join_none(struct hull_call *call, const struct network_join_request *request)
{
    struct netdriver_join_request none = {.container_id = request->container_id,
                                          .netns_fd = request->netns_fd};
    struct netdriver_join_reply reply;
    return netdriver_join(call, "network/none", &none, &reply);
}

int net_join(struct hull_call *call, const struct network_join_request *request,
             struct network_settings *ret_reply)
{
    struct join join = {.request = request};
    join_take_netns(call, request);
    if (request->container_id == NULL || *request->container_id == '\0')
        return hull_fail(call, HULL_INVALID, "a join needs the id of a container");
    if (net_sandbox_find(request->container_id) != NULL)
        return hull_fail(call, HULL_CONFLICT, "container %.12s has joined its networks already",
                         request->container_id);
    join.sandbox.container_id = request->container_id;
    join.sandbox.name = request->name;
    join.sandbox.dns = request->dns;
    join.sandbox.net_admin = request->net_admin;
    join.sandbox.settings.sandbox_id = id_new(hull_call_arena(call));
    int rc = plan(call, &join);
    FAILPOINT(network_join_plan);
    if (rc == 0 && join.count == 0)
        rc = join_none(call, request);
    for (size_t i = 0; i < join.count && rc == 0; i++)
        rc = join_driver(call, &join, i, join_routes(&join, i));
    FAILPOINT(network_join_driver);
    if (rc == 0)
        rc = join_way_out(call, &join);
    if (rc == 0)
        rc = join_publish(call, &join);
    FAILPOINT(network_join_publish);
    if (rc == 0)
        rc = name(call, &join);
    if (rc < 0)
        return rc;
    join_show_default(&join);
    rc = net_sandbox_put(call, &join.sandbox);
    if (rc < 0)
        return rc;
    FAILPOINT(network_join_commit);
    for (size_t i = 0; i < join.count; i++)
        join_tell(call, join.networks[i], "connect", request->container_id);
    join_show(call, &join.sandbox, ret_reply);
    return 0;
}

/* --- leaving --------------------------------------------------------------------------------- */

/* The driver first: an address is free when nobody has it any more. */
static void leave_driver(struct hull_call *call, const char *container_id,
                         struct net_record *record, const struct endpoint_settings *endpoint)
{
    struct netdriver_leave_request request = {.network = record->network,
                                              .container_id = container_id,
                                              .endpoint = *endpoint,
                                              .netns_fd = -1};
    struct hull_empty done;
    int rc = netdriver_leave(call, net_driver(call, record), &request, &done);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "driver can't leave the network", "network",
                 request.network.name, "error", hull_error(call), NULL);
}

struct net_record *join_record(const char *network_id)
{
    struct net_record *record = net_records;
    while (record != NULL && !hull_streq(record->network.id, network_id))
        record = record->next;
    return record;
}

void join_release(struct hull_call *call, const char *container_id,
                  const struct endpoint_settings *endpoint, struct net_record *record)
{
    const char *ipam = record == NULL ? NET_IPAM : net_ipam(&record->network);
    if ((net_given(endpoint->ip_address) || net_given(endpoint->global_ipv6_address)) &&
        ipam != NULL)
        net_addresses_release(call, ipam, endpoint->network_id, container_id);
    if (record == NULL)
        return;
    record->users -= record->users > 0;
    join_tell(call, record, "disconnect", container_id);
}

/* Leave the network of ENDPOINT, which may be gone from the list. */
static void leave_network(struct hull_call *call, const char *container_id,
                          const struct endpoint_settings *endpoint)
{
    struct net_record *record = join_record(endpoint->network_id);
    if (record != NULL)
        leave_driver(call, container_id, record, endpoint);
    join_release(call, container_id, endpoint, record);
}

/* Beside the drivers, which have work of their own. */
static int unguard_task(struct hull_call *call, void *arg)
{
    join_unguard(call, arg);
    return 0;
}

int net_leave(struct hull_call *call, const struct network_leave_request *request,
              struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct net_sandbox_record *record = net_sandbox_find(request->container_id);
    if (record == NULL)
        return 0;
    struct net_sandbox sandbox;
    struct net_sandbox source = record->sandbox;
    hull_message_copy(hull_call_arena(call), &net_sandbox_message, &source, &sandbox);
    net_names_leave(call, &sandbox);
    if (sandbox.ports.n > 0)
        join_unpublish(call, hull_strdup(call, sandbox.container_id));
    FAILPOINT(network_leave_publish);
    struct firewall_guard guards = {.container_id = sandbox.container_id};
    struct hull_task *task = hull_task_start(call, "unguard", unguard_task, &guards);
    for (size_t i = 0; i < sandbox.settings.networks.n; i++)
        leave_network(call, sandbox.container_id, &sandbox.settings.networks.v[i]);
    int rc = hull_task_join(call, task);
    FAILPOINT(network_leave_driver);
    return rc < 0 ? rc : net_sandbox_drop(call, sandbox.container_id);
}
