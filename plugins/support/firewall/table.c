/*
 * The table. Its rules never change: what comes and goes is in sets and maps, so that a packet
 * takes the same few look-ups with one published port and with ten thousand.
 *
 *   guard        before anything else: what may not come in from other interfaces
 *   publish      destination NAT of published ports, for packets from outside and from the host
 *   postrouting  masquerading
 *   forward      what may pass: first "admin", where the host's administrator adds rules, which
 *                are kept; then towards containers (inward) and from containers (outward)
 *
 * A second table, of the family bridge, is for frames between containers (guard.c).
 *
 * A chain that accepts ends only this table's own say: what the host's other tables drop stays
 * dropped.
 */
#include "fw.h"

#include "api/config.h"
#include "netif.h"

#include <string.h>
#include <sys/socket.h>

static const char *const sets[] = {
    "set bridges { type ifname; }",
    "set internal { type ifname; }",
    "set same { type ifname . ifname; }",
    "set nets4 { type ipv4_addr; flags interval; }",
    "set nets6 { type ipv6_addr; flags interval; }",
    "set masq4 { type ipv4_addr; flags interval; }",
    "set masq6 { type ipv6_addr; flags interval; }",
    "set guarded4 { type ipv4_addr; flags interval; }",
    "set guarded6 { type ipv6_addr; flags interval; }",
    "set direct4 { type ipv4_addr; flags interval; }",
    "set direct6 { type ipv6_addr; flags interval; }",
    "set routed4 { type ipv4_addr; flags interval; }",
    "set routed6 { type ipv6_addr; flags interval; }",
    "set unprotected4 { type ipv4_addr; flags interval; }",
    "set unprotected6 { type ipv6_addr; flags interval; }",
    "set home4 { type ipv4_addr; flags interval; }",
    "set home6 { type ipv6_addr; flags interval; }",
    "set homes4 { type ifname . ipv4_addr; flags interval; }",
    "set homes6 { type ifname . ipv6_addr; flags interval; }",
    "set origins4 { type ifname; }",
    "set origins6 { type ifname; }",
    "set trusted { type ifname . ifname; }",
    "set trusting { type ifname; }",
    "set open4 { type ipv4_addr . inet_proto . inet_service; }",
    "set open6 { type ipv6_addr . inet_proto . inet_service; }",
    "set before4 { type ifname; }",
    "set before6 { type ifname; }",
    "set loop6 { type ifname; }",
};
/* Those that say what networks there are. */
static const char *const set_names[] = {
    "bridges", "internal",     "same",         "nets4",   "nets6",    "masq4",
    "masq6",   "guarded4",     "guarded6",     "direct4", "direct6",  "routed4",
    "routed6", "unprotected4", "unprotected6", "home4",   "home6",    "homes4",
    "homes6",  "origins4",     "origins6",     "trusted", "trusting",
};

static const char *const maps[] = {
    "map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }",
    "map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }",
    "map host4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }",
    "map host6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }",
    "map source4 { type ipv4_addr : ipv4_addr; flags interval; }",
    "map source6 { type ipv6_addr : ipv6_addr; flags interval; }",
};
/* Those of ports, and those of networks. */
static const char *const map_names[] = {"any4", "any6", "host4", "host6"};
static const char *const source_names[] = {"source4", "source6"};

/* Chains in an order in which each is there before another one jumps to it. */
static const struct {
    const char *name;
    const char *hook; /* NULL: jumped to */
} chains[] = {
    {"admin", NULL},
    {"publish", NULL},
    {"inward", NULL},
    {"outward", NULL},
    {"guard", "type filter hook prerouting priority raw"},
    {"prerouting", "type nat hook prerouting priority dstnat"},
    {"output", "type nat hook output priority -100"},
    {"postrouting", "type nat hook postrouting priority srcnat"},
    {"forward", "type filter hook forward priority filter"},
};

/* A comparison with a constant comes before what is looked up: nearly no packet gets further. */
static const struct {
    const char *chain;
    const char *rule;
} rules[] = {
    /* Bridges route loopback addresses for the host's own sake, not for containers. */
    {"guard", "ip daddr 127.0.0.0/8 iifname @bridges drop"},
    {"guard", "ip saddr 127.0.0.0/8 iifname @bridges drop"},
    /* A neighbour that sends straight to a container goes around what is published. What comes
     * from a bridge is left to "inward": it may be a frame within a network of another daemon. */
    {"guard", "ip daddr @guarded4 iifname != \"lo\" iifname != @trusting "
              "meta iifkind != \"bridge\" fib daddr type != local drop"},
    {"guard", "ip6 daddr @guarded6 iifname != \"lo\" iifname != @trusting "
              "meta iifkind != \"bridge\" fib daddr type != local drop"},

    {"publish", "meta nfproto ipv4 meta l4proto { tcp, udp, sctp } dnat ip to "
                "meta l4proto . ip daddr . th dport map @host4"},
    {"publish", "meta nfproto ipv4 meta l4proto { tcp, udp, sctp } fib daddr type local dnat ip "
                "to meta l4proto . th dport map @any4"},
    {"publish", "meta nfproto ipv6 meta l4proto { tcp, udp, sctp } dnat ip6 to "
                "meta l4proto . ip6 daddr . th dport map @host6"},
    {"publish", "meta nfproto ipv6 meta l4proto { tcp, udp, sctp } fib daddr type local dnat ip6 "
                "to meta l4proto . th dport map @any6"},
    /* With bridge-nf-call-iptables on, frames within the bridge of another engine, whose subnet may
     * be the same. */
    {"prerouting", "meta iifkind \"bridge\" iifname != @bridges ip saddr @home4 ip daddr @nets4 "
                   "fib daddr type != local return"},
    {"prerouting", "meta iifkind \"bridge\" iifname != @bridges ip6 saddr @home6 ip6 daddr @nets6 "
                   "fib daddr type != local return"},
    /* Nobody else has the addresses of containers, and they have no others: seen for the first
     * packet of each connection. Their own subnet is asked for first, for the host may have an
     * older route to the same one. */
    {"prerouting", "ip saddr @home4 iifname != \"lo\" iifname . ip saddr != @homes4 "
                   "fib saddr . iif oif missing drop"},
    {"prerouting", "ip6 saddr @home6 iifname != \"lo\" iifname . ip6 saddr != @homes6 "
                   "fib saddr . iif oif missing drop"},
    {"prerouting", "ip saddr != 0.0.0.0 iifname @origins4 iifname . ip saddr != @homes4 "
                   "fib saddr . iif oif missing drop"},
    {"prerouting", "meta nfproto ipv6 iifname @origins6 ip6 saddr != { ::, fe80::/10 } "
                   "iifname . ip6 saddr != @homes6 fib saddr . iif oif missing drop"},
    /* A port on 127.0.0.1 is for the host alone; what comes from a wire with such an address
     * must not be turned into something that passes. */
    {"prerouting", "ip daddr 127.0.0.0/8 return"},
    {"prerouting", "ip6 daddr ::1 return"},
    {"prerouting", "jump publish"},
    /* Where there is no way back from a bridge to ::1: better a refusal. */
    {"output", "ip6 daddr ::1 oifname != @loop6 return"},
    {"output", "jump publish"},

    /* The host reaches a container by its loopback: the answer has to come back to the bridge. */
    {"postrouting", "ip saddr 127.0.0.0/8 oifname @bridges masquerade"},
    {"postrouting", "ip6 saddr ::1 oifname @bridges masquerade"},
    /* A container reaches a published port: without this the answer goes around the NAT. */
    {"postrouting", "ct status dnat ip saddr @nets4 ip daddr @nets4 masquerade"},
    {"postrouting", "ct status dnat ip6 saddr @nets6 ip6 daddr @nets6 masquerade"},
    /* Frames within another engine's bridge, again. */
    {"postrouting", "meta oifkind \"bridge\" oifname != @bridges ip saddr @nets4 ip daddr @nets4 "
                    "return"},
    {"postrouting", "meta oifkind \"bridge\" oifname != @bridges ip6 saddr @nets6 ip6 daddr @nets6 "
                    "return"},
    {"postrouting", "oifname != @bridges snat ip to ip saddr map @source4"},
    {"postrouting", "oifname != @bridges snat ip6 to ip6 saddr map @source6"},
    {"postrouting", "oifname != @bridges ip saddr @masq4 masquerade"},
    {"postrouting", "oifname != @bridges ip6 saddr @masq6 masquerade"},

    {"forward", "jump admin"},
    {"forward", "oifname @bridges jump inward"},
    {"forward", "iifname @bridges jump outward"},
    {"inward", "iifname . oifname @same accept"},
    {"inward", "oifname @internal drop"},
    {"inward", "iifname @internal drop"},
    {"inward", "ct state established,related accept"},
    {"inward", "ct status dnat accept"},
    /* Networks that are reached without NAT. */
    {"inward", "ip daddr @unprotected4 iifname != @bridges accept"},
    {"inward", "ip6 daddr @unprotected6 iifname != @bridges accept"},
    {"inward", "ip daddr @direct4 ip daddr . meta l4proto . th dport @open4 accept"},
    {"inward", "ip6 daddr @direct6 ip6 daddr . meta l4proto . th dport @open6 accept"},
    {"inward", "ip daddr @routed4 meta l4proto icmp accept"},
    {"inward", "ip6 daddr @routed6 meta l4proto icmpv6 accept"},
    {"inward", "iifname . oifname @trusted ip daddr . meta l4proto . th dport @open4 accept"},
    {"inward", "iifname . oifname @trusted ip6 daddr . meta l4proto . th dport @open6 accept"},
    {"inward", "drop"},
    {"outward", "iifname @internal drop"},
    {"outward", "accept"},
};

/* Of "forward", for each family with a barrier. */
#define BARRIER_RULES 5

/* Where packets with the mark of the administrator pass: they override what drops others. */
static const char *const mark_chains[] = {"guard", "inward"};

int fw_table_rules(const struct firewall_barriers *barriers, const struct fwmark *mark)
{
    return (int)(HULL_COUNT(rules) + barriers->barriers.n * BARRIER_RULES +
                 (mark->set ? HULL_COUNT(mark_chains) : 0));
}

int fw_mark_read(struct hull_call *call, struct fwmark *ret)
{
    const struct daemon_config *config = daemon_config();
    if (config == NULL || fwmark_parse(config->bridge_accept_fwmark, ret))
        return 0;
    return hull_fail(call, HULL_INVALID, "bridge-accept-fwmark: \"%s\": expected MARK or MARK/MASK",
                     config->bridge_accept_fwmark);
}

/* --- networks -------------------------------------------------------------------------------- */

bool fw_name_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    return name != NULL && *name != '\0' && name[strspn(name, letters)] == '\0';
}

int fw_network_check(struct hull_call *call, const struct firewall_network *network)
{
    const char *bridge = network->bridge;
    if (!fw_name_valid(bridge))
        return hull_fail(call, HULL_INVALID,
                         "\"%s\" can't be the name of a bridge: letters, digits, '_', '.' and '-' "
                         "are allowed",
                         bridge == NULL ? "" : bridge);
    for (size_t i = 0; i < network->trusted.n; i++) {
        if (!fw_name_valid(network->trusted.v[i]))
            return hull_fail(call, HULL_INVALID, "\"%s\" can't be a trusted interface",
                             network->trusted.v[i]);
    }
    for (size_t i = 0; i < network->subnets.n; i++) {
        struct ip_net net;
        const char *subnet = network->subnets.v[i].subnet;
        if (!ip_net_parse(subnet, &net))
            return hull_fail(call, HULL_INVALID, "\"%s\" is not a network",
                             subnet == NULL ? "" : subnet);
    }
    return 0;
}

/* The sets that a subnet of BRIDGE is in. */
static void subnet_members(const char *bridge, const struct firewall_subnet *subnet,
                           fw_member_fn *each, void *ctx)
{
    struct ip_net net;
    if (!ip_net_parse(subnet->subnet, &net))
        return;
    struct ip_net base = ip_net_base(&net);
    bool v6 = net.addr.family == AF_INET6;
    const struct {
        bool in;
        const char *sets[2];
    } places[] = {
        {true, {"nets4", "nets6"}},
        {subnet->masquerade, {"masq4", "masq6"}},
        {subnet->guarded, {"guarded4", "guarded6"}},
        {subnet->direct, {"direct4", "direct6"}},
        {subnet->routed, {"routed4", "routed6"}},
        {subnet->unprotected, {"unprotected4", "unprotected6"}},
        {subnet->home, {"home4", "home6"}},
    };
    for (size_t i = 0; i < HULL_COUNT(places); i++) {
        if (places[i].in)
            each(&(struct fw_member){places[i].sets[v6], .net = &base}, ctx);
    }
    struct ip_addr source;
    if (ip_parse(subnet->source, &source) && source.family == base.addr.family)
        each(&(struct fw_member){v6 ? "source6" : "source4", .net = &base, .value = &source}, ctx);
    struct ip_addr gateway;
    if (ip_parse(subnet->gateway, &gateway) && gateway.family == base.addr.family)
        each(&(struct fw_member){v6 ? "gates6" : "gates4", .addr = &gateway, .frames = true}, ctx);
    if (!subnet->home)
        return;
    each(&(struct fw_member){.set = v6 ? "homes6" : "homes4", .names = {bridge}, .net = &base},
         ctx);
    each(&(struct fw_member){.set = v6 ? "origins6" : "origins4", .names = {bridge}}, ctx);
}

void fw_network_members(const struct firewall_network *network, fw_member_fn *each, void *ctx)
{
    const char *bridge = network->bridge;
    each(&(struct fw_member){.set = "bridges", .names = {bridge}}, ctx);
    if (network->internal)
        each(&(struct fw_member){.set = "internal", .names = {bridge}}, ctx);
    if (network->icc)
        each(&(struct fw_member){.set = "same", .names = {bridge, bridge}}, ctx);
    for (size_t i = 0; i < network->trusted.n; i++) {
        const char *trusted = network->trusted.v[i];
        each(&(struct fw_member){.set = "trusted", .names = {trusted, bridge}}, ctx);
        each(&(struct fw_member){.set = "trusting", .names = {trusted}}, ctx);
    }
    for (size_t i = 0; i < network->subnets.n; i++)
        subnet_members(bridge, &network->subnets.v[i], each, ctx);
}

/* As nft wants what has no type but a length. */
static void write_number(struct hull_text *out, const char *between, const struct ip_addr *addr)
{
    hull_text_printf(out, "%s0x", between);
    for (size_t i = 0; i < ip_size(addr->family); i++)
        hull_text_printf(out, "%02x", addr->bytes[i]);
}

void fw_member_write(const struct fw_member *member, void *ctx)
{
    const struct fw_writing *writing = ctx;
    char text[IP_TEXT_SIZE];
    const char *between = "";
    if (member->frames && !writing->frames)
        return;
    hull_text_printf(writing->out, "add element %s %s %s { ", member->frames ? "bridge" : "inet",
                     writing->table, member->set);
    for (size_t i = 0; i < HULL_COUNT(member->names) && member->names[i] != NULL; i++) {
        hull_text_printf(writing->out, "%s\"%s\"", between, member->names[i]);
        between = " . ";
    }
    if (member->net != NULL)
        hull_text_printf(writing->out, "%s%s", between, ip_net_text(member->net, text));
    if (member->addr != NULL)
        write_number(writing->out, between, member->addr);
    if (member->value != NULL)
        hull_text_printf(writing->out, " : %s", ip_text(member->value, text));
    hull_text_printf(writing->out, " }\n");
}

void fw_networks_text(struct hull_text *out, const char *table,
                      const struct firewall_network *networks, size_t count, bool frames)
{
    struct fw_writing writing = {out, table, frames};
    for (size_t i = 0; i < HULL_COUNT(set_names); i++)
        hull_text_printf(out, "flush set inet %s %s\n", table, set_names[i]);
    for (size_t i = 0; i < HULL_COUNT(source_names); i++)
        hull_text_printf(out, "flush map inet %s %s\n", table, source_names[i]);
    if (frames)
        hull_text_printf(out, "flush set bridge %s gates4\nflush set bridge %s gates6\n", table,
                         table);
    for (size_t i = 0; i < count; i++)
        fw_network_members(&networks[i], fw_member_write, &writing);
}

/* --- ports ----------------------------------------------------------------------------------- */

static void add_port(struct hull_text *out, const char *table, const struct firewall_port *port)
{
    struct ip_addr host;
    struct ip_addr address;
    char host_text[IP_TEXT_SIZE];
    char text[IP_TEXT_SIZE];
    if (!ip_parse(port->host_ip, &host) || !ip_parse(port->address, &address) ||
        fw_protocol(port->protocol) == 0)
        return;
    ip_text(&host, host_text);
    ip_text(&address, text);
    char family = strchr(host_text, ':') != NULL ? '6' : '4';
    if (port->open)
        hull_text_printf(out, "add element inet %s open%c { %s . %s . %d }\n", table, family, text,
                         port->protocol, (int)port->port);
    if (port->unbound)
        return;
    if (ip_is_any(&host))
        hull_text_printf(out, "add element inet %s any%c { %s . %d : %s . %d }\n", table, family,
                         port->protocol, (int)port->host_port, text, (int)port->port);
    else
        hull_text_printf(out, "add element inet %s host%c { %s . %s . %d : %s . %d }\n", table,
                         family, port->protocol, host_text, (int)port->host_port, text,
                         (int)port->port);
}

static void ports_text(struct hull_text *out, const char *table, const struct firewall_state *state)
{
    hull_text_printf(out, "flush set inet %s open4\nflush set inet %s open6\n", table, table);
    for (size_t i = 0; i < HULL_COUNT(map_names); i++)
        hull_text_printf(out, "flush map inet %s %s\n", table, map_names[i]);
    for (size_t i = 0; i < state->containers.n; i++) {
        const struct firewall_ports *ports = &state->containers.v[i];
        for (size_t k = 0; k < ports->ports.n; k++)
            add_port(out, table, &ports->ports.v[k]);
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

static void chains_text(struct hull_text *out, const char *table)
{
    for (size_t i = 0; i < HULL_COUNT(chains); i++) {
        const char *name = chains[i].name;
        if (chains[i].hook == NULL)
            hull_text_printf(out, "add chain inet %s %s\n", table, name);
        else
            hull_text_printf(out, "add chain inet %s %s { %s; policy accept; }\n", table, name,
                             chains[i].hook);
        if (strcmp(name, "admin") != 0)
            hull_text_printf(out, "flush chain inet %s %s\n", table, name);
    }
    for (size_t i = 0; i < HULL_COUNT(rules); i++)
        hull_text_printf(out, "add rule inet %s %s %s\n", table, rules[i].chain, rules[i].rule);
}

/* Ahead of all rules of those chains; what a container sends is for "guard" to look at all the
 * same. */
static void mark_text(struct hull_text *out, const char *table, const struct fwmark *mark)
{
    static const char *const but[] = {"iifname != @bridges fib daddr type != local", ""};
    for (size_t i = 0; mark->set && i < HULL_COUNT(mark_chains); i++)
        hull_text_printf(out, "insert rule inet %s %s meta mark & 0x%x == 0x%x %s accept\n", table,
                         mark_chains[i], mark->mask, mark->mark, but[i]);
}

/* The end of "forward": what neither comes from nor goes to a network of containers. */
static void barrier_text(struct hull_text *out, const char *table, char family)
{
    static const char *const sides[] = {"iif", "oif"};
    for (size_t i = 0; i < HULL_COUNT(sides); i++)
        hull_text_printf(out,
                         "add rule inet %s forward meta nfproto ipv%c meta %skind \"bridge\" "
                         "%sname != @before%c accept\n"
                         "add rule inet %s forward meta nfproto ipv%c meta %sgroup %d accept\n",
                         table, family, sides[i], sides[i], family, table, family, sides[i],
                         NIF_GUESTS);
    hull_text_printf(out, "add rule inet %s forward meta nfproto ipv%c drop\n", table, family);
}

static void barriers_text(struct hull_text *out, const char *table,
                          const struct firewall_state *state)
{
    hull_text_printf(out, "flush set inet %s before4\nflush set inet %s before6\n", table, table);
    for (size_t i = 0; i < state->barriers.n; i++) {
        const struct firewall_barrier *barrier = &state->barriers.v[i];
        const char family = barrier->ipv6 ? '6' : '4';
        for (size_t k = 0; k < barrier->bridges.n; k++)
            hull_text_printf(out, "add element inet %s before%c { \"%s\" }\n", table, family,
                             barrier->bridges.v[k]);
        barrier_text(out, table, family);
    }
}

void fw_table_text(struct hull_text *out, const char *table, const struct firewall_state *state,
                   const struct fwmark *mark, bool loop6, bool frames)
{
    hull_text_printf(out, "add table inet %s\n", table);
    for (size_t i = 0; i < HULL_COUNT(sets) + HULL_COUNT(maps); i++) {
        const char *line = i < HULL_COUNT(sets) ? sets[i] : maps[i - HULL_COUNT(sets)];
        /* "set NAME {…}" to "add set inet TABLE NAME {…}" */
        hull_text_printf(out, "add %.3s inet %s %s\n", line, table, line + 4);
    }
    hull_text_printf(out, "flush set inet %s loop6\n", table);
    if (loop6)
        hull_text_printf(out, "add element inet %s loop6 { \"lo\" }\n", table);
    chains_text(out, table);
    mark_text(out, table, mark);
    if (frames)
        fw_guard_text(out, table, state);
    fw_networks_text(out, table, state->networks.v, state->networks.n, frames);
    ports_text(out, table, state);
    barriers_text(out, table, state);
}
