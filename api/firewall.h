/*
 * firewall.h: the service "firewall": the daemon's one nftables table, changed by transactions.
 * The table's name is derived from the daemon's root, so that daemons do not touch each other.
 */
#ifndef HULL_API_FIREWALL_H
#define HULL_API_FIREWALL_H

#include "network_types.h"

/* A subnet of a bridge network. */
#define FIREWALL_SUBNET_FIELDS(F, T)                                                             \
    F(T, STRING, _, subnet, "Subnet", 0, "10.1.2.0/24")                                          \
    F(T, BOOL, _, masquerade, "Masquerade", 0, "Hide behind the host outside")                   \
    F(T, STRING, _, source, "Source", 0, "As this address; absent: as the host chooses")         \
    F(T, BOOL, _, guarded, "Guarded", 0, "Neighbours never reach its addresses straight")        \
    F(T, BOOL, _, direct, "Direct", 0, "They reach ports that are open there, and no others")    \
    F(T, BOOL, _, routed, "Routed", 0, "The same, and they may ping")                            \
    F(T, BOOL, _, unprotected, "Unprotected", 0, "They reach all ports")                         \
    F(T, BOOL, _, home, "Home", 0, "The host has an address in it: its packets come from there") \
    F(T, STRING, _, gateway, "Gateway", 0, "That address, which no container may claim")
HULL_MESSAGE(firewall_subnet, FIREWALL_SUBNET_FIELDS)

/* A bridge network: masquerade, isolation from other networks, hairpin. Idempotent. */
#define FIREWALL_NETWORK_FIELDS(F, T)                                          \
    F(T, STRING, _, name, "Name", 0, "Of the network, for people")             \
    F(T, STRING, _, bridge, "Bridge", 0, "Interface")                          \
    F(T, LIST, firewall_subnet, subnets, "Subnets", 0, "Its subnets")          \
    F(T, BOOL, _, internal, "Internal", 0, "No way out or in")                 \
    F(T, BOOL, _, icc, "ICC", 0, "Containers of the network reach each other") \
    F(T, STRV, _, trusted, "Trusted", 0, "Interfaces of the host that reach open ports straight")
HULL_MESSAGE(firewall_network, FIREWALL_NETWORK_FIELDS)
HULL_METHOD(firewall, network_add, firewall_network, hull_empty, 0)
HULL_METHOD(firewall, network_remove, firewall_network, hull_empty, 0)

/* Published ports of one container, all or none. HostPort 0: a free one is chosen from the
 * ephemeral range. A taken port: -HULL_INTERNAL "Bind for 0.0.0.0:80 failed: port is already
 * allocated". The reply has the ports as they are now. */
#define FIREWALL_PORT_FIELDS(F, T)                                                              \
    F(T, STRING, _, protocol, "Protocol", 0, "tcp, udp or sctp")                                \
    F(T, STRING, _, host_ip, "HostIp", 0, "0.0.0.0, ::, or an address")                         \
    F(T, INT, _, host_port, "HostPort", 0, "0: choose")                                         \
    F(T, INT, _, host_port_end, "HostPortEnd", 0, "Choose up to this one; 0: exactly HostPort") \
    F(T, BOOL, _, twin, "Twin", 0, "The host port is that of the one before")                   \
    F(T, STRING, _, address, "Address", 0, "Of the container")                                  \
    F(T, INT, _, port, "Port", 0, "Of the container")                                           \
    F(T, BOOL, _, open, "Open", 0, "Also for those who may reach the address straight")         \
    F(T, BOOL, _, unbound, "Unbound", 0, "For those alone: no port of the host")
HULL_MESSAGE(firewall_port, FIREWALL_PORT_FIELDS)
#define FIREWALL_PORTS_FIELDS(F, T)                                   \
    F(T, STRING, _, container_id, "ContainerID", 0, "Whose they are") \
    F(T, LIST, firewall_port, ports, "Ports", 0, "Ports")
HULL_MESSAGE(firewall_ports, FIREWALL_PORTS_FIELDS)
HULL_METHOD(firewall, publish, firewall_ports, firewall_ports, 0)
/* All ports of the container. Idempotent. */
HULL_METHOD(firewall, unpublish, firewall_ports, hull_empty, 0)
/*
 * What a container has at its port of a bridge: nobody else there says by ARP or neighbour
 * discovery that it has these addresses. Where the kernel can't look at frames, nothing is done.
 * Idempotent. Unguard: Interface does not count, and without Bridge all ports of the container.
 */
#define FIREWALL_GUARD_FIELDS(F, T)                                        \
    F(T, STRING, _, container_id, "ContainerID", 0, "Whose it is")         \
    F(T, STRING, _, bridge, "Bridge", 0, "Of the network")                 \
    F(T, STRING, _, interface, "Interface", 0, "The host's end, the port") \
    F(T, STRV, _, addresses, "Addresses", 0, "Of the container there")     \
    F(T, BOOL, _, admin, "Admin", 0, "It has CAP_NET_ADMIN: may be a router or a DHCP server")
HULL_MESSAGE(firewall_guard, FIREWALL_GUARD_FIELDS)
HULL_METHOD(firewall, guard, firewall_guard, hull_empty, 0)
HULL_METHOD(firewall, unguard, firewall_guard, hull_empty, 0)
/*
 * Of a family whose forwarding in the kernel was turned on for containers: packets between other
 * interfaces of this host are dropped, after the administrator's chain, unless one of the two is a
 * bridge that came later, which is another engine's with rules of its own.
 */
#define FIREWALL_BARRIER_FIELDS(F, T)              \
    F(T, BOOL, _, ipv6, "IPv6", 0, "Which family") \
    F(T, STRV, _, bridges, "Bridges", 0, "Those that were there before")
HULL_MESSAGE(firewall_barrier, FIREWALL_BARRIER_FIELDS)
#define FIREWALL_BARRIERS_FIELDS(F, T) \
    F(T, LIST, firewall_barrier, barriers, "Barriers", 0, "At most one of each family")
HULL_MESSAGE(firewall_barriers, FIREWALL_BARRIERS_FIELDS)
/* These and no others. Idempotent. */
HULL_METHOD(firewall, bar, firewall_barriers, hull_empty, 0)
/*
 * What happens to the first packet of a connection, and why: read from what the table is made of,
 * and from the administrator's chain as it is. Verdict: passes, dropped, host (no rule of the
 * table: the host itself decides) or unknown.
 */
#define FIREWALL_EXPLAIN_REQUEST_FIELDS(F, T)                                                   \
    F(T, STRING, _, kind, "Kind", 0, "Who sends: host, lan or container")                       \
    F(T, STRING, _, interface, "Interface", 0, "Where it comes in: a bridge; lan: if known")    \
    F(T, STRING, _, source, "Source", 0, "Address of the sender, if known")                     \
    F(T, STRING, _, destination, "Destination", 0, "Address; absent: any of this host")         \
    F(T, BOOL, _, on_link, "OnLink", 0, "The sender has an address in the network of that one") \
    F(T, STRING, _, protocol, "Protocol", 0, "tcp, udp or sctp")                                \
    F(T, INT, _, port, "Port", 0, "Of the destination")
HULL_MESSAGE(firewall_explain_request, FIREWALL_EXPLAIN_REQUEST_FIELDS)
#define FIREWALL_STEP_FIELDS(F, T)                                                     \
    F(T, STRING, _, where, "Where", 0, "Chain of the table, or what else decides")     \
    F(T, STRING, _, result, "Result", 0, "continues, rewritten, unknown or a verdict") \
    F(T, STRING, _, why, "Why", 0, "For people")
HULL_MESSAGE(firewall_step, FIREWALL_STEP_FIELDS)
#define FIREWALL_EXPLAIN_REPLY_FIELDS(F, T)                                              \
    F(T, STRING, _, verdict, "Verdict", 0, "passes, dropped, host or unknown")           \
    F(T, STRING, _, decides, "Decides", 0, "Where that is decided")                      \
    F(T, STRING, _, why, "Why", 0, "For people")                                         \
    F(T, BOOL, _, uncertain, "Uncertain", 0, "Rules that can't be told may decide else") \
    F(T, STRING, _, destination, "Destination", HULL_OMIT, "Address it ends at")         \
    F(T, INT, _, destination_port, "DestinationPort", HULL_OMIT, "Port there")           \
    F(T, LIST, firewall_step, steps, "Steps", 0, "All that was looked at, in order")
HULL_MESSAGE(firewall_explain_reply, FIREWALL_EXPLAIN_REPLY_FIELDS)
HULL_METHOD(firewall, explain, firewall_explain_request, firewall_explain_reply, 0)
/* The whole wanted state, after a restart: one transaction. */
#define FIREWALL_STATE_FIELDS(F, T)                                \
    F(T, LIST, firewall_network, networks, "Networks", 0, "All")   \
    F(T, LIST, firewall_barrier, barriers, "Barriers", 0, "All")   \
    F(T, LIST, firewall_ports, containers, "Containers", 0, "All") \
    F(T, LIST, firewall_guard, guards, "Guards", 0, "All")
HULL_MESSAGE(firewall_state, FIREWALL_STATE_FIELDS)
HULL_METHOD(firewall, restore, firewall_state, hull_empty, 0)

#endif
