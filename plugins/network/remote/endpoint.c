/*
 * Endpoints: the plugin makes an interface, this puts it into the container's namespace.
 *
 * CreateEndpoint, Join, ProgramExternalConnectivity. What is under way is recorded before, so that
 * the way back (leave.c) is gone after a crash as well.
 */
#include "remote.h"

#include "address.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- options ---------------------------------------------------------------------------------- */

/* Those of CreateEndpoint: ports, unless the network has no way out, and the endpoint's own. */
static const char *options_of(struct hull_call *call, const struct netdriver_join_request *request,
                              const char *ports)
{
    const struct hull_map *own = &request->endpoint.driver_opts;
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&out, "{");
    if (!request->network.internal)
        hull_text_add(&out, ports + 1, strlen(ports) - 2); /* without its braces */
    for (size_t i = 0; i < own->n; i++) {
        hull_text_puts(&out, out.length > 1 ? "," : "");
        json_quote_pair(&out, &own->v[i]);
    }
    hull_text_puts(&out, "}");
    return out.data;
}

/* --- CreateEndpoint --------------------------------------------------------------------------- */

static const char *cidr(struct hull_call *call, const char *address, int64_t length)
{
    return hull_streq(address, NULL) ? "" : hull_printf(call, "%s/%d", address, (int)length);
}

/* GIVEN is the plugin's for what was WANTED by us: it may only fill in what was left open. */
static int take_choice(struct hull_call *call, const struct rmt_endpoint_state *e, const char *what,
                       const char *wanted, const char **given)
{
    if (hull_streq(*given, NULL)) {
        *given = wanted;
        return 0;
    }
    if (hull_streq(wanted, NULL) || strcmp(wanted, *given) == 0)
        return 0;
    return plugin_lie(call, e->joined.driver, "NetworkDriver.CreateEndpoint",
                      "it changed the %s %s to %s", what, wanted, *given);
}

static int create_endpoint(struct hull_call *call, const struct netdriver_join_request *request,
                           const struct rmt_endpoint_state *e, const char *options,
                           struct rmt_interface *ret)
{
    static const char method[] = "NetworkDriver.CreateEndpoint";
    const struct endpoint_settings *endpoint = &request->endpoint;
    struct rmt_create_endpoint message = {
        .network_id = e->network_id, .endpoint_id = e->joined.endpoint_id, .options = options};
    struct rmt_create_endpoint_reply reply;
    const struct rmt_interface *sent = &message.iface;
    message.iface.address = cidr(call, endpoint->ip_address, endpoint->ip_prefix_len);
    message.iface.address6 =
        cidr(call, endpoint->global_ipv6_address, endpoint->global_ipv6_prefix_len);
    message.iface.mac_address = endpoint->mac_address == NULL ? "" : endpoint->mac_address;
    int rc = rmt_call(call, e->joined.driver, method, &rmt_create_endpoint_message, &message,
                      &rmt_create_endpoint_reply_message, &reply);
    *ret = reply.iface;
    if (rc == 0)
        rc = take_choice(call, e, "address", sent->address, &ret->address);
    if (rc == 0)
        rc = take_choice(call, e, "address", sent->address6, &ret->address6);
    if (rc == 0)
        rc = take_choice(call, e, "MAC address", sent->mac_address, &ret->mac_address);
    return rc;
}

/* --- Join ------------------------------------------------------------------------------------- */

static int bad_join(struct hull_call *call, const struct rmt_endpoint_state *e, const char *what,
                    const char *value)
{
    return plugin_lie(call, e->joined.driver, "NetworkDriver.Join", "%s \"%s\" makes no sense",
                      what, value == NULL ? "" : value);
}

static bool is_ifname(const char *name, size_t max)
{
    return !hull_streq(name, NULL) && strlen(name) <= max && strpbrk(name, "/ \t\r\n:%") == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "lo") != 0;
}

static int take_names(struct hull_call *call, const struct netdriver_join_request *request,
                      const struct rmt_endpoint_state *e, const struct rmt_join_reply *reply,
                      struct rmt_link *link)
{
    const struct rmt_interface_name *names = &reply->iface;
    const char *name = hull_streq(names->dst_name, NULL) ? NULL : names->dst_name;
    const char *prefix = hull_streq(names->dst_prefix, NULL) ? "eth" : names->dst_prefix;
    if (!is_ifname(names->src_name, 15))
        return bad_join(call, e, "SrcName", names->src_name);
    if (name != NULL && !is_ifname(name, 15))
        return bad_join(call, e, "DstName", name);
    if (!is_ifname(prefix, 12))
        return bad_join(call, e, "DstPrefix", prefix);
    if (name == NULL && strcmp(prefix, "eth") == 0)
        name = request->ifname; /* the network engine counts these */
    link->host_name = names->src_name;
    link->prefix = prefix;
    if (name != NULL)
        memcpy(link->name, name, strlen(name) + 1);
    return 0;
}

static int take_route(struct hull_call *call, const struct rmt_endpoint_state *e,
                      const struct rmt_route *route, struct nif_to *to)
{
    if (!ip_net_parse(route->destination, &to->net))
        return bad_join(call, e, "the destination of a route", route->destination);
    if (route->type != 0 && route->type != 1)
        return bad_join(call, e, "RouteType", hull_printf(call, "%lld", (long long)route->type));
    if (route->type == 0 &&
        (!ip_parse(route->next_hop, &to->via) || to->via.family != to->net.addr.family))
        return bad_join(call, e, "NextHop", route->next_hop);
    return 0;
}

static int take_routes(struct hull_call *call, const struct netdriver_join_request *request,
                       const struct rmt_endpoint_state *e, const struct rmt_join_reply *reply,
                       struct nif_inside *inside)
{
    const char *gateways[] = {reply->gateway, reply->gateway6};
    struct nif_to *routes = hull_alloc(call, (reply->routes.n + 1) * sizeof(*routes));
    for (size_t i = 0; i < reply->routes.n; i++) {
        int rc = take_route(call, e, &reply->routes.v[i], &routes[i]);
        if (rc < 0)
            return rc;
    }
    inside->routes = routes;
    inside->route_count = reply->routes.n;
    for (size_t i = 0; i < HULL_COUNT(gateways); i++) {
        struct ip_addr gateway = {0};
        if (hull_streq(gateways[i], NULL))
            continue;
        if (!ip_parse(gateways[i], &gateway))
            return bad_join(call, e, "Gateway", gateways[i]);
        if (request->default_route)
            inside->gateway[i] = gateway;
    }
    return 0;
}

static int take_addresses(struct hull_call *call, const struct rmt_endpoint_state *e,
                          const struct rmt_interface *iface, struct rmt_link *link)
{
    if (!hull_streq(iface->address, NULL) && !ip_net_parse(iface->address, &link->inside.nets[0]))
        return bad_join(call, e, "Address", iface->address);
    if (!hull_streq(iface->address6, NULL) && !ip_net_parse(iface->address6, &link->inside.nets[1]))
        return bad_join(call, e, "AddressIPv6", iface->address6);
    link->has_mac = !hull_streq(iface->mac_address, NULL);
    if (link->has_mac && !mac_parse(iface->mac_address, link->mac))
        return bad_join(call, e, "MacAddress", iface->mac_address);
    return 0;
}

static int move_link(struct hull_work *work, void *arg)
{
    return rmt_link_move(work, arg);
}

static int ask_to_join(struct hull_call *call, const struct netdriver_join_request *request,
                       struct rmt_endpoint_state *e, const char *options,
                       struct rmt_join_reply *reply)
{
    struct rmt_endpoint message = {
        .network_id = e->network_id,
        .endpoint_id = e->joined.endpoint_id,
        .sandbox_key = hull_printf(call, "/proc/%d/fd/%d", (int)getpid(), request->netns_fd),
        .options = options};
    e->joined.joined = true;
    int rc = rmt_endpoint_save(call, e);
    return rc < 0 ? rc
                  : rmt_call(call, e->joined.driver, "NetworkDriver.Join", &rmt_endpoint_message,
                             &message, &rmt_join_reply_message, reply);
}

/* --- the way back ----------------------------------------------------------------------------- */

static void undo_endpoint(struct hull_call *call, void *arg)
{
    if (rmt_go_back(call, arg) < 0)
        hull_log(call, HULL_LOG_WARN, "endpoint not taken back by the plugin", "error",
                 hull_error(call), NULL);
}

static void undo_link(struct hull_call *call, void *arg)
{
    if (hull_work(call, rmt_link_return, arg) < 0)
        hull_log(call, HULL_LOG_WARN, "interface not taken back", "error", hull_error(call), NULL);
}

/* --- handlers --------------------------------------------------------------------------------- */

static int publish(struct hull_call *call, struct rmt_endpoint_state *e, const char *options)
{
    struct rmt_endpoint message = {
        .network_id = e->network_id, .endpoint_id = e->joined.endpoint_id, .options = options};
    e->joined.external = true;
    int rc = rmt_endpoint_save(call, e);
    if (rc == 0)
        rc = rmt_call(call, e->joined.driver, "NetworkDriver.ProgramExternalConnectivity",
                      &rmt_endpoint_message, &message, NULL, NULL);
    return rmt_optional(call, rc);
}

static void fill_reply(struct hull_call *call, const struct rmt_link *link,
                       const struct rmt_join_reply *join, struct netdriver_join_reply *ret)
{
    char text[IP_TEXT_SIZE];
    ret->mac_address = hull_strdup(call, mac_text(link->mac, text));
    ret->gateway = join->gateway == NULL ? "" : join->gateway;
    ret->ipv6_gateway = join->gateway6 == NULL ? "" : join->gateway6;
    ret->no_way_out = join->no_gateway;
    if (link->inside.nets[0].addr.family != 0) {
        ret->ip_address = hull_strdup(call, ip_text(&link->inside.nets[0].addr, text));
        ret->ip_prefix_len = link->inside.nets[0].length;
    }
    if (link->inside.nets[1].addr.family != 0) {
        ret->global_ipv6_address = hull_strdup(call, ip_text(&link->inside.nets[1].addr, text));
        ret->global_ipv6_prefix_len = link->inside.nets[1].length;
    }
}

/* The plugin's interface, inside. */
static int plug_in(struct hull_call *call, const struct netdriver_join_request *request,
                   struct rmt_endpoint_state *e, const struct rmt_interface *iface,
                   const struct rmt_join_reply *join, struct rmt_link *link)
{
    link->netns_fd = request->netns_fd;
    int rc = take_names(call, request, e, join, link);
    if (rc == 0)
        rc = take_addresses(call, e, iface, link);
    if (rc == 0)
        rc = take_routes(call, request, e, join, &link->inside);
    if (rc == 0)
        rc = hull_work(call, move_link, link);
    if (rc < 0)
        return hull_wrap(call, rc, "network driver %s", e->joined.driver);
    hull_undo(call, undo_link, link);
    e->joined.host_name = link->host_name;
    e->joined.name = link->name;
    return rmt_endpoint_save(call, e);
}

/* A gateway, or a route that is as good. */
static bool has_way_out(const struct rmt_join_reply *join)
{
    struct ip_net net;
    if (!hull_streq(join->gateway, NULL) || !hull_streq(join->gateway6, NULL))
        return true;
    for (size_t i = 0; i < join->routes.n; i++) {
        if (ip_net_parse(join->routes.v[i].destination, &net) && net.length == 0 &&
            ip_is_any(&net.addr))
            return true;
    }
    return false;
}

/* Ports are published through the network with the gateway, as docker does it. */
static int go_out(struct hull_call *call, const struct netdriver_join_request *request,
                  struct rmt_endpoint_state *e, const struct rmt_join_reply *join,
                  const char *ports, struct netdriver_join_reply *ret_reply)
{
    bool gateway = !hull_streq(join->gateway, NULL) || !hull_streq(join->gateway6, NULL);
    ret_reply->way_out = !request->network.internal && !has_way_out(join);
    ret_reply->ports_left = !gateway || !request->default_route;
    if (ret_reply->ports_left)
        return 0;
    int rc = publish(call, e, ports);
    return rc < 0 ? rc : rmt_port_info(call, request, e, ret_reply);
}

int rmt_join(struct hull_call *call, const struct netdriver_join_request *request,
             struct netdriver_join_reply *ret_reply)
{
    struct rmt_endpoint_state *e = hull_alloc(call, sizeof(*e));
    struct rmt_link *link = hull_alloc(call, sizeof(*link));
    struct rmt_interface iface;
    struct rmt_join_reply join;
    const char *ports = rmt_port_options(call, request);
    e->network_id = hull_strdup(call, request->network.id);
    e->key = rmt_endpoint_key(call, e->network_id, request->container_id);
    e->joined.driver = hull_strdup(call, request->network.driver);
    e->joined.endpoint_id = hull_strdup(call, request->endpoint.endpoint_id);
    if (request->netns_fd < 0)
        return hull_fail(call, HULL_CONFLICT, "container %.12s has no network namespace",
                         request->container_id);
    int rc = rmt_tell_late(call, e->network_id, false);
    if (rc == 0)
        rc = rmt_endpoint_save(call, e);
    if (rc < 0)
        return rc;
    hull_undo(call, undo_endpoint, e);
    rc = create_endpoint(call, request, e, options_of(call, request, ports), &iface);
    if (rc == 0)
        rc = ask_to_join(call, request, e, ports, &join);
    if (rc == 0)
        rc = plug_in(call, request, e, &iface, &join, link);
    if (rc == 0)
        rc = go_out(call, request, e, &join, ports, ret_reply);
    if (rc == 0)
        fill_reply(call, link, &join, ret_reply);
    return rc;
}
