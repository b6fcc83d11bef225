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
 * A chain that accepts ends only this table's own say: what the host's other tables drop stays
 * dropped.
 */
#include "fw.h"

#include <string.h>

static const char *const sets[] = {
    "set bridges { type ifname; }",
    "set internal { type ifname; }",
    "set same { type ifname . ifname; }",
    "set nets4 { type ipv4_addr; flags interval; }",
    "set nets6 { type ipv6_addr; flags interval; }",
    "set masq4 { type ipv4_addr; flags interval; }",
    "set masq6 { type ipv6_addr; flags interval; }",
    "set before4 { type ifname; }",
    "set before6 { type ifname; }",
};
static const char *const set_names[] = {"bridges", "internal", "same", "nets4",
                                        "nets6",   "masq4",    "masq6"};

static const char *const maps[] = {
    "map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }",
    "map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }",
    "map host4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }",
    "map host6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }",
};
static const char *const map_names[] = {"any4", "any6", "host4", "host6"};

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

static const struct {
    const char *chain;
    const char *rule;
} rules[] = {
    /* Bridges route loopback addresses for the host's own sake, not for containers. */
    {"guard", "iifname @bridges ip daddr 127.0.0.0/8 drop"},
    {"guard", "iifname @bridges ip saddr 127.0.0.0/8 drop"},
    /* A neighbour that sends straight to a container goes around what is published. What comes
     * from a bridge is left to "inward": it may be a frame within a network of another daemon. */
    {"guard",
     "ip daddr @masq4 iifname != \"lo\" meta iifkind != \"bridge\" fib daddr type != local drop"},
    {"guard",
     "ip6 daddr @masq6 iifname != \"lo\" meta iifkind != \"bridge\" fib daddr type != local drop"},

    {"publish", "meta nfproto ipv4 meta l4proto { tcp, udp, sctp } dnat ip to "
                "meta l4proto . ip daddr . th dport map @host4"},
    {"publish", "meta nfproto ipv4 meta l4proto { tcp, udp, sctp } fib daddr type local dnat ip "
                "to meta l4proto . th dport map @any4"},
    {"publish", "meta nfproto ipv6 meta l4proto { tcp, udp, sctp } dnat ip6 to "
                "meta l4proto . ip6 daddr . th dport map @host6"},
    {"publish", "meta nfproto ipv6 meta l4proto { tcp, udp, sctp } fib daddr type local dnat ip6 "
                "to meta l4proto . th dport map @any6"},
    /* A port on 127.0.0.1 is for the host alone; what comes from a wire with such an address
     * must not be turned into something that passes. */
    {"prerouting", "ip daddr 127.0.0.0/8 return"},
    {"prerouting", "ip6 daddr ::1 return"},
    {"prerouting", "jump publish"},
    {"output", "jump publish"},

    /* The host reaches a container by 127.0.0.1: the answer has to come back to the bridge. */
    {"postrouting", "oifname @bridges ip saddr 127.0.0.0/8 masquerade"},
    /* A container reaches a published port: without this the answer goes around the NAT. */
    {"postrouting", "ct status dnat ip saddr @nets4 ip daddr @nets4 masquerade"},
    {"postrouting", "ct status dnat ip6 saddr @nets6 ip6 daddr @nets6 masquerade"},
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
    {"inward", "drop"},
    {"outward", "iifname @internal drop"},
    {"outward", "accept"},
};

/* Of "forward", for each family with a barrier. */
#define BARRIER_RULES 3

int fw_table_rules(const struct firewall_barriers *barriers)
{
    return (int)(HULL_COUNT(rules) + barriers->barriers.n * BARRIER_RULES);
}

/* --- networks -------------------------------------------------------------------------------- */

int fw_network_check(struct hull_call *call, const struct firewall_network *network)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    const char *bridge = network->bridge;
    if (bridge == NULL || *bridge == '\0' || bridge[strspn(bridge, letters)] != '\0')
        return hull_fail(call, HULL_INVALID,
                         "\"%s\" can't be the name of a bridge: letters, digits, '_', '.' and '-' "
                         "are allowed",
                         bridge == NULL ? "" : bridge);
    for (size_t i = 0; i < network->subnets.n; i++) {
        struct ip_net net;
        if (!ip_net_parse(network->subnets.v[i], &net))
            return hull_fail(call, HULL_INVALID, "\"%s\" is not a network", network->subnets.v[i]);
    }
    return 0;
}

static void add_subnets(struct hull_text *out, const char *table,
                        const struct firewall_network *network)
{
    for (size_t i = 0; i < network->subnets.n; i++) {
        struct ip_net net;
        char text[IP_TEXT_SIZE];
        if (!ip_net_parse(network->subnets.v[i], &net))
            continue;
        struct ip_net base = ip_net_base(&net);
        char family = strchr(network->subnets.v[i], ':') != NULL ? '6' : '4';
        ip_net_text(&base, text);
        hull_text_printf(out, "add element inet %s nets%c { %s }\n", table, family, text);
        if (network->masquerade && !network->internal)
            hull_text_printf(out, "add element inet %s masq%c { %s }\n", table, family, text);
    }
}

void fw_networks_text(struct hull_text *out, const char *table,
                      const struct firewall_network *networks, size_t count)
{
    for (size_t i = 0; i < HULL_COUNT(set_names); i++)
        hull_text_printf(out, "flush set inet %s %s\n", table, set_names[i]);
    for (size_t i = 0; i < count; i++) {
        const char *bridge = networks[i].bridge;
        hull_text_printf(out, "add element inet %s bridges { \"%s\" }\n", table, bridge);
        if (networks[i].internal)
            hull_text_printf(out, "add element inet %s internal { \"%s\" }\n", table, bridge);
        if (networks[i].icc)
            hull_text_printf(out, "add element inet %s same { \"%s\" . \"%s\" }\n", table, bridge,
                             bridge);
        add_subnets(out, table, &networks[i]);
    }
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

/* The end of "forward": what neither comes from nor goes to a network of containers. */
static void barrier_text(struct hull_text *out, const char *table, char family)
{
    static const char *const sides[] = {"iif", "oif"};
    for (size_t i = 0; i < HULL_COUNT(sides); i++)
        hull_text_printf(out,
                         "add rule inet %s forward meta nfproto ipv%c meta %skind \"bridge\" "
                         "%sname != @before%c accept\n",
                         table, family, sides[i], sides[i], family);
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

void fw_table_text(struct hull_text *out, const char *table, const struct firewall_state *state)
{
    hull_text_printf(out, "add table inet %s\n", table);
    for (size_t i = 0; i < HULL_COUNT(sets) + HULL_COUNT(maps); i++) {
        const char *line = i < HULL_COUNT(sets) ? sets[i] : maps[i - HULL_COUNT(sets)];
        /* "set NAME {…}" to "add set inet TABLE NAME {…}" */
        hull_text_printf(out, "add %.3s inet %s %s\n", line, table, line + 4);
    }
    chains_text(out, table);
    fw_networks_text(out, table, state->networks.v, state->networks.n);
    ports_text(out, table, state);
    barriers_text(out, table, state);
}
