/*
 * The way of a packet through the table, told: the same sets and the same order of rules as in
 * table.c, each decision with its reason.
 */
#include "explain.h"

#include "netif.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

struct answer {
    struct hull_call *call;
    const struct firewall_state *state;
    const struct fw_facts *facts;
    const struct firewall_explain_request *request;
    struct firewall_explain_reply *reply;
    struct fw_flow flow;
    bool to_host;                        /* to whatever address the host has */
    const struct firewall_network *from; /* of the container that sends */
    const struct firewall_network *to;   /* the destination is in it */
    const struct firewall_subnet *subnet;
};

/* --- what is told ---------------------------------------------------------------------------- */

static void add_step(struct answer *a, const char *where, const char *result, const char *why)
{
    struct firewall_step *step = HULL_LIST_ADD(hull_call_arena(a->call), &a->reply->steps);
    *step = (struct firewall_step){where, result, why};
}

HULL_PRINTF(4, 5)
static void tell(struct answer *a, const char *where, const char *result, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_step(a, where, result, hull_arena_vprintf(hull_call_arena(a->call), fmt, args));
    va_end(args);
}

/* The last step. Returns true: there is nothing more to say. */
HULL_PRINTF(4, 5)
static bool decide(struct answer *a, const char *verdict, const char *where, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    a->reply->why = hull_arena_vprintf(hull_call_arena(a->call), fmt, args);
    va_end(args);
    a->reply->verdict = verdict;
    a->reply->decides = where;
    add_step(a, where, verdict, a->reply->why);
    return true;
}

static const char *text_of(struct answer *a, const struct ip_addr *addr)
{
    char text[IP_TEXT_SIZE];
    return hull_strdup(a->call, ip_text(addr, text));
}

/* "80/tcp" */
static const char *port_of(struct answer *a)
{
    return hull_printf(a->call, "%d/%s", a->flow.port, a->request->protocol);
}

/* --- what there is --------------------------------------------------------------------------- */

static bool is_kind(const struct answer *a, const char *kind)
{
    return hull_streq(a->request->kind, kind);
}

static const struct firewall_network *network_of(const struct answer *a, const char *bridge)
{
    for (size_t i = 0; i < a->state->networks.n; i++) {
        if (hull_streq(a->state->networks.v[i].bridge, bridge))
            return &a->state->networks.v[i];
    }
    return NULL;
}

/* The network with a subnet that has ADDR, or NULL. */
static const struct firewall_network *find_subnet(const struct answer *a,
                                                  const struct ip_addr *addr,
                                                  const struct firewall_subnet **ret_subnet)
{
    for (size_t i = 0; i < a->state->networks.n; i++) {
        const struct firewall_network *network = &a->state->networks.v[i];
        for (size_t k = 0; k < network->subnets.n; k++) {
            struct ip_net net;
            if (addr->family != 0 && ip_net_parse(network->subnets.v[k].subnet, &net) &&
                net.addr.family == addr->family && ip_net_has(&net, addr)) {
                *ret_subnet = &network->subnets.v[k];
                return network;
            }
        }
    }
    return NULL;
}

static void find_destination(struct answer *a)
{
    a->to = find_subnet(a, &a->flow.dst, &a->subnet);
    a->flow.oif = a->to != NULL ? a->to->bridge : a->facts->oif;
}

static bool is_trusted(const struct answer *a)
{
    return a->flow.iif != NULL && hull_strv_contains(&a->to->trusted, a->flow.iif);
}

/* Whether the port is published so that those may reach it who reach the address itself. */
static bool is_open(const struct answer *a)
{
    for (size_t i = 0; i < a->state->containers.n; i++) {
        const struct firewall_ports *ports = &a->state->containers.v[i];
        for (size_t k = 0; k < ports->ports.n; k++) {
            const struct firewall_port *port = &ports->ports.v[k];
            struct ip_addr addr;
            if (port->open && port->port == a->flow.port &&
                hull_streq(port->protocol, a->request->protocol) &&
                ip_parse(port->address, &addr) && addr.family == a->flow.dst.family &&
                ip_compare(&addr, &a->flow.dst) == 0)
                return true;
        }
    }
    return false;
}

/* --- ports of the host ----------------------------------------------------------------------- */

static bool is_loopback6(const struct ip_addr *addr)
{
    return addr->family == AF_INET6 && ip_is_loopback(addr);
}

/* How well PORT fits what is asked for: 0 not at all; 1: it does, but for the host alone. */
static int fits(const struct answer *a, const struct firewall_port *port)
{
    struct ip_addr host;
    if (port->unbound || port->host_port != a->flow.port ||
        !hull_streq(port->protocol, a->request->protocol) || !ip_parse(port->host_ip, &host) ||
        (is_loopback6(&host) && !a->facts->loop6))
        return 0;
    bool local = ip_is_loopback(&host);
    if (a->to_host)
        return ip_is_any(&host) ? 3 : local && !is_kind(a, "host") ? 1 : 2;
    if (host.family != a->flow.dst.family)
        return 0;
    if (ip_is_any(&host))
        return 2;
    if (ip_compare(&host, &a->flow.dst) == 0)
        return 3;
    return local ? 1 : 0;
}

static const struct firewall_port *find_port(const struct answer *a, int *ret_fit,
                                             const char **ret_container)
{
    const struct firewall_port *best = NULL;
    *ret_fit = 0;
    for (size_t i = 0; i < a->state->containers.n; i++) {
        const struct firewall_ports *ports = &a->state->containers.v[i];
        for (size_t k = 0; k < ports->ports.n; k++) {
            int fit = fits(a, &ports->ports.v[k]);
            if (fit > *ret_fit) {
                *ret_fit = fit;
                *ret_container = ports->container_id;
                best = &ports->ports.v[k];
            }
        }
    }
    return best;
}

/* To an address of the host: to a container, or to the host itself. True when that decides. */
static bool publish(struct answer *a)
{
    int fit;
    const char *container = "";
    const struct firewall_port *port = find_port(a, &fit, &container);
    if (!a->to_host && !a->facts->loop6 && is_loopback6(&a->flow.dst))
        return decide(a, "host", "output",
                      "::1 leads to no container while " NIF_BRIDGED6 " is on: what listens there "
                      "on the host answers, and nothing does where only a container's port is "
                      "published");
    if (port == NULL)
        return decide(a, "host", "publish",
                      "no container publishes port %s there: a program of the host may listen on "
                      "it, and the host's own rules decide who reaches that",
                      port_of(a));
    if (fit == 1)
        return decide(a, "host", "publish",
                      "port %s is published on %s alone, for the host itself: a packet that comes "
                      "in from elsewhere finds nothing",
                      port_of(a), port->host_ip);
    tell(a, "publish", "rewritten",
         "port %s is published on %s: it leads to %s:%d in container %.12s", port_of(a),
         port->host_ip, port->address, (int)port->port, container);
    (void)ip_parse(port->address, &a->flow.dst);
    a->flow.port = (uint16_t)port->port;
    a->flow.dnat = true;
    a->reply->destination = port->address;
    a->reply->destination_port = port->port;
    return false;
}

/* --- stages ---------------------------------------------------------------------------------- */

/* Between two containers of one bridge nothing is routed. */
static bool switched(struct answer *a)
{
    if (!a->request->on_link || a->from == NULL || a->to != a->from)
        return false;
    if (a->flow.src.family == a->flow.dst.family && ip_compare(&a->flow.src, &a->flow.dst) == 0)
        return decide(a, "passes", "loopback", "it is the container's own address");
    if (a->from->icc)
        return decide(
            a, "passes", "bridge",
            "both are in network %s, whose containers reach each other at every port: the "
            "frame does not leave the bridge",
            a->from->name);
    return decide(a, "dropped", "bridge",
                  "containers of network %s do not reach each other (enable_icc is false): the "
                  "ports of the bridge are isolated",
                  a->from->name);
}

/* What comes in from a wire, before anything is rewritten. */
static bool guard(struct answer *a)
{
    const struct firewall_subnet *subnet = NULL;
    const struct firewall_network *owner = find_subnet(a, &a->flow.src, &subnet);
    if (!a->to_host && ip_is_loopback(&a->flow.dst))
        return is_kind(a, "container")
                   ? decide(a, "passes", "loopback", "it is the container's own loopback")
                   : decide(a, "dropped", "kernel",
                            "%s never comes in by a wire: the kernel takes it for a forgery",
                            text_of(a, &a->flow.dst));
    if (is_kind(a, "lan") && owner != NULL && subnet->home)
        return decide(a, "dropped", "prerouting",
                      "%s is an address of network %s: from elsewhere than %s it is a forgery",
                      text_of(a, &a->flow.src), owner->name, owner->bridge);
    if (!is_kind(a, "lan") || a->to == NULL || !a->subnet->guarded || a->facts->local)
        return false;
    if (a->flow.iif == NULL && a->to->trusted.n > 0)
        tell(a, "guard", "unknown", "network %s trusts some interfaces: ask for lan:INTERFACE",
             a->to->name);
    if (!is_trusted(a))
        return decide(a, "dropped", "guard",
                      "neighbours reach containers of network %s by published ports of the host "
                      "alone, not straight (gateway mode nat)",
                      a->to->name);
    return false;
}

/* The text of the rule with HANDLE. */
static const char *rule_text(struct answer *a, int64_t handle)
{
    const char *end = hull_printf(a->call, " # handle %lld", (long long)handle);
    for (const char *line = a->facts->admin_text; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        size_t skip = strspn(line, " \t");
        size_t tail = strlen(end);
        if (length > skip + tail && strncmp(line + length - tail, end, tail) == 0)
            return hull_arena_strndup(hull_call_arena(a->call), line + skip, length - skip - tail);
        line += length + (line[length] == '\n');
    }
    return hull_printf(a->call, "the one with handle %lld", (long long)handle);
}

static bool admin(struct answer *a)
{
    if (a->facts->admin == NULL) {
        a->reply->uncertain = true;
        tell(a, "admin", "unknown", "the administrator's chain could not be read");
        return false;
    }
    struct fw_admin says = fw_admin_ask(a->facts->admin, &a->flow);
    if (says.maybe != 0) {
        a->reply->uncertain = true;
        tell(a, "admin", "unknown",
             "a rule of the administrator may decide, for %s can't be told: %s", says.maybe_why,
             rule_text(a, says.maybe));
    }
    if (says.say == FW_ACCEPTS)
        return decide(a, "passes", "admin", "a rule of the administrator: %s",
                      rule_text(a, says.handle));
    if (says.say == FW_DROPS)
        return decide(a, "dropped", "admin", "a rule of the administrator: %s",
                      rule_text(a, says.handle));
    if (says.maybe == 0)
        tell(a, "admin", "continues", "no rule of the administrator is about it");
    return false;
}

/* Towards a container that is reached without NAT. */
static bool straight(struct answer *a)
{
    if (a->subnet->unprotected && a->from == NULL)
        return decide(a, "passes", "inward",
                      "network %s is reached straight at every port (gateway mode nat-unprotected)",
                      a->to->name);
    if (a->subnet->direct && is_open(a))
        return decide(a, "passes", "inward",
                      "port %s is published in network %s, which is reached straight (%s)",
                      port_of(a), a->to->name,
                      a->subnet->routed ? "gateway mode routed" : "allow-direct-routing");
    if (is_trusted(a) && is_open(a))
        return decide(a, "passes", "inward",
                      "port %s is published, and %s is a trusted interface of network %s",
                      port_of(a), a->flow.iif, a->to->name);
    return false;
}

/* Towards a container. */
static bool inward(struct answer *a)
{
    if (a->from == a->to && a->to->icc)
        return decide(a, "passes", "inward", "it comes from network %s and goes there",
                      a->to->name);
    if (a->to->internal)
        return decide(a, "dropped", "inward",
                      "network %s is internal: nothing comes in from outside", a->to->name);
    if (a->from != NULL && a->from->internal)
        return decide(a, "dropped", "inward", "network %s is internal: nothing goes out of it",
                      a->from->name);
    if (a->flow.dnat)
        return decide(a, "passes", "inward", "the port is published");
    if (straight(a))
        return true;
    if (a->from != NULL)
        return decide(a, "dropped", "inward",
                      "networks %s and %s are apart: a container of the other one is reached by a "
                      "published port at an address of the host",
                      a->from->name, a->to->name);
    return decide(a, "dropped", "inward", "port %s is not published in network %s", port_of(a),
                  a->to->name);
}

static bool outward(struct answer *a)
{
    const struct firewall_subnet *subnet = NULL;
    if (a->from->internal)
        return decide(a, "dropped", "outward", "network %s is internal: nothing goes out of it",
                      a->from->name);
    if (a->facts->unroutable)
        return decide(a, "dropped", "route", "the host has no route to %s",
                      text_of(a, &a->flow.dst));
    if (find_subnet(a, &a->flow.src, &subnet) != NULL && subnet->source != NULL &&
        *subnet->source != '\0')
        return decide(a, "passes", "outward",
                      "containers may go out; seen from there it comes from %s (%s)",
                      subnet->source, strchr(subnet->subnet, ':') ? "host_ipv6" : "host_ipv4");
    if (subnet != NULL && subnet->masquerade)
        return decide(a, "passes", "outward",
                      "containers may go out; seen from there it comes from the host");
    return decide(a, "passes", "outward", "containers may go out, with their own address");
}

/* Neither from nor to a container. */
static bool through(struct answer *a)
{
    for (size_t i = 0; i < a->state->barriers.n; i++) {
        if (a->state->barriers.v[i].ipv6 == (a->flow.dst.family == AF_INET6))
            return decide(a, "dropped", "forward",
                          "this host forwards for containers alone (IPv%c forwarding was turned on "
                          "for them); a rule in the chain admin may let it pass",
                          a->flow.dst.family == AF_INET6 ? '6' : '4');
    }
    return decide(a, "host", "forward",
                  "no network of containers is concerned: the host's own "
                  "rules and routes decide");
}

static bool from_host(struct answer *a)
{
    if (a->to == NULL)
        return decide(a, "host", "route", "%s is no container of a bridge network",
                      text_of(a, &a->flow.dst));
    if (!a->subnet->home)
        return decide(a, "dropped", "route",
                      "the host has no address in network %s, and so no way there", a->to->name);
    return decide(a, "passes", "output", "the host reaches its containers at every port");
}

/* Other tables may drop what passes here. */
static void others(struct answer *a)
{
    for (size_t i = 0; i < a->facts->others.n; i++) {
        a->reply->uncertain = true;
        tell(a, "others", "unknown",
             "%s drops what its own rules do not accept: they decide as well",
             a->facts->others.v[i]);
    }
}

static void walk(struct answer *a)
{
    if (!a->to_host)
        find_destination(a);
    if (!a->facts->local && switched(a))
        return;
    if (!is_kind(a, "host") && guard(a))
        return;
    if (a->to_host || a->facts->local) {
        if (publish(a))
            return;
        find_destination(a);
    }
    if (is_kind(a, "host")) {
        from_host(a);
        return;
    }
    if (admin(a))
        return;
    if (a->to != NULL)
        inward(a);
    else if (a->from != NULL)
        outward(a);
    else
        through(a);
    if (hull_streq(a->reply->verdict, "passes"))
        others(a);
}

int fw_explain(struct hull_call *call, const struct firewall_state *state,
               const struct fw_facts *facts, const struct firewall_explain_request *request,
               struct firewall_explain_reply *ret)
{
    struct answer a = {
        .call = call,
        .state = state,
        .facts = facts,
        .request = request,
        .reply = ret,
        .flow = {.port = (uint16_t)request->port, .protocol = fw_protocol(request->protocol)}};
    *ret = (struct firewall_explain_reply){.destination = request->destination,
                                           .destination_port = request->port};
    a.to_host = request->destination == NULL || *request->destination == '\0';
    if (a.flow.protocol == 0 || request->port <= 0 || request->port > 65535)
        return hull_fail(call, HULL_INVALID, "invalid port: %d/%s (tcp, udp and sctp are known)",
                         (int)request->port, request->protocol == NULL ? "" : request->protocol);
    if (!a.to_host && !ip_parse(request->destination, &a.flow.dst))
        return hull_fail(call, HULL_INVALID, "invalid address: %s", request->destination);
    (void)ip_parse(request->source, &a.flow.src);
    if (request->interface != NULL && *request->interface != '\0')
        a.flow.iif = request->interface;
    a.from = is_kind(&a, "container") ? network_of(&a, a.flow.iif) : NULL;
    walk(&a);
    return 0;
}
