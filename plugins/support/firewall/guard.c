/*
 * The table of frames (family bridge, the same name): nobody says by ARP or neighbour discovery
 * that an address of another container, or the host's own one, is at its MAC.
 *
 * Only who claims an address that was given to somebody is asked at which port it sits. Others are
 * left alone: a container may take an address that nobody has, with any MAC. Beyond that, a
 * container without CAP_NET_ADMIN is no router and no DHCP server.
 *
 * Fields are read by their place, for what nft makes of "arp saddr ip" asks for a hardware type
 * that receivers do not insist on.
 */
#include "fw.h"

#include <string.h>
#include <sys/socket.h>

/* The address that is claimed: of the sender (ARP), of the target (advertisements); who solicits
 * claims what it sends from. */
#define ARP_SENDER "@nh,112,32"
#define ND_TARGET "@th,64,128"
#define IP6_SOURCE "@nh,64,128"

static const char *const sets[] = {
    "ports { type ifname; }",
    "plain { type ifname; }",
    "gates4 { typeof " ARP_SENDER "; }",
    "gates6 { typeof " ND_TARGET "; }",
    "given4 { typeof " ARP_SENDER "; }",
    "given6 { typeof " ND_TARGET "; }",
    "owners4 { typeof iifname . " ARP_SENDER "; }",
    "owners6 { typeof iifname . " ND_TARGET "; }",
};
static const char *const set_names[] = {"ports",  "plain",  "gates4",  "gates6",
                                        "given4", "given6", "owners4", "owners6"};

/* Each is there before another one jumps to it. */
static const struct {
    const char *name;
    const char *hook; /* NULL: jumped to */
} chains[] = {
    {"arp4", NULL},
    {"solicit", NULL},
    {"advertise", NULL},
    {"ipv6", NULL},
    {"frames", "type filter hook prerouting priority -200"},
};

static const struct {
    const char *chain;
    const char *rule;
} rules[] = {
    {"arp4", ARP_SENDER " @gates4 iifname @ports drop"},
    {"arp4", ARP_SENDER " @given4 iifname @ports iifname . " ARP_SENDER " != @owners4 drop"},
    {"solicit", IP6_SOURCE " @gates6 iifname @ports drop"},
    {"solicit", IP6_SOURCE " @given6 iifname @ports iifname . " IP6_SOURCE " != @owners6 drop"},
    {"advertise", ND_TARGET " @gates6 iifname @ports drop"},
    {"advertise", ND_TARGET " @given6 iifname @ports iifname . " ND_TARGET " != @owners6 drop"},
    {"ipv6", "icmpv6 type { nd-neighbor-solicit, nd-router-solicit } jump solicit"},
    {"ipv6", "icmpv6 type nd-neighbor-advert jump advertise"},
    {"ipv6", "icmpv6 type { nd-router-advert, nd-redirect } iifname @plain drop"},
    /* What most frames are goes first. */
    {"frames", "ip protocol tcp accept"},
    {"frames", "ip6 nexthdr tcp accept"},
    {"frames", "meta protocol arp jump arp4"},
    {"frames", "meta protocol ip6 jump ipv6"},
    {"frames", "icmp type redirect iifname @plain drop"},
    {"frames", "udp sport { 67, 547 } udp dport { 68, 546 } iifname @plain drop"},
    /* A tag below a tag hides what the receiver finds all the same. */
    {"frames", "meta protocol { 0x8100, 0x88a8 } iifname @plain drop"},
};

int fw_guard_rules(void)
{
    return HULL_COUNT(rules);
}

int fw_guard_check(struct hull_call *call, const struct firewall_guard *guard)
{
    struct ip_addr addr;
    if (!fw_name_valid(guard->interface))
        return hull_fail(call, HULL_INVALID, "\"%s\" can't be a guarded interface",
                         guard->interface == NULL ? "" : guard->interface);
    for (size_t i = 0; i < guard->addresses.n; i++) {
        if (!ip_parse(guard->addresses.v[i], &addr))
            return hull_fail(call, HULL_INVALID, "\"%s\" is not an address", guard->addresses.v[i]);
    }
    return 0;
}

void fw_guard_members(const struct firewall_guard *guard, fw_member_fn *each, void *ctx)
{
    const char *port = guard->interface;
    each(&(struct fw_member){"ports", {port}, .frames = true}, ctx);
    if (!guard->admin)
        each(&(struct fw_member){"plain", {port}, .frames = true}, ctx);
    for (size_t i = 0; i < guard->addresses.n; i++) {
        struct ip_addr addr;
        if (!ip_parse(guard->addresses.v[i], &addr))
            continue;
        bool v6 = addr.family == AF_INET6;
        each(&(struct fw_member){v6 ? "given6" : "given4", .addr = &addr, .frames = true}, ctx);
        each(&(struct fw_member){v6 ? "owners6" : "owners4", {port}, .addr = &addr, .frames = true},
             ctx);
    }
}

void fw_guard_text(struct hull_text *out, const char *table, const struct firewall_state *state)
{
    hull_text_printf(out, "add table bridge %s\n", table);
    for (size_t i = 0; i < HULL_COUNT(sets); i++)
        hull_text_printf(out, "add set bridge %s %s\nflush set bridge %s %s\n", table, sets[i],
                         table, set_names[i]);
    for (size_t i = 0; i < HULL_COUNT(chains); i++) {
        hull_text_printf(out, "add chain bridge %s %s", table, chains[i].name);
        if (chains[i].hook != NULL)
            hull_text_printf(out, " { %s; policy accept; }", chains[i].hook);
        hull_text_printf(out, "\nflush chain bridge %s %s\n", table, chains[i].name);
    }
    for (size_t i = 0; i < HULL_COUNT(rules); i++)
        hull_text_printf(out, "add rule bridge %s %s %s\n", table, rules[i].chain, rules[i].rule);
    struct fw_writing writing = {out, table, true};
    for (size_t i = 0; i < state->guards.n; i++)
        fw_guard_members(&state->guards.v[i], fw_member_write, &writing);
}
