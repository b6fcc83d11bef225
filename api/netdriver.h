/*
 * netdriver.h: the class "netdriver": what a network driver does (ports network/bridge,
 * network/host, network/none, …). A driver does only its own part: addresses come from ipam,
 * published ports from firewall, names from dns.
 */
#ifndef HULL_API_NETDRIVER_H
#define HULL_API_NETDRIVER_H

#include "network_types.h"

/* Make ready what the network needs on the host (a bridge). Idempotent: also called on restart.
 * Options of the network are checked here: an unknown one is -HULL_INVALID that names it. */
#define NETDRIVER_NETWORK_FIELDS(F, T) \
    F(T, MESSAGE, network, network, "Network", 0, "The network, its addresses chosen")
HULL_MESSAGE(netdriver_network, NETDRIVER_NETWORK_FIELDS)
HULL_METHOD(netdriver, create, netdriver_network, hull_empty, 0)
HULL_METHOD(netdriver, remove, netdriver_network, hull_empty, 0)

#define NETDRIVER_JOIN_REQUEST_FIELDS(F, T)                                                \
    F(T, MESSAGE, network, network, "Network", 0, "The network")                           \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id")                             \
    F(T, MESSAGE, endpoint_settings, endpoint, "Endpoint", 0, "Addresses, chosen by ipam") \
    F(T, STRING, _, ifname, "Interface", 0, "Name inside: eth0")                           \
    F(T, BOOL, _, default_route, "DefaultRoute", 0, "Its gateway is the default route")    \
    F(T, FD, _, netns_fd, "netns", HULL_LENT,                                              \
      "The network namespace; the sender closes it, for several drivers share it")
HULL_MESSAGE(netdriver_join_request, NETDRIVER_JOIN_REQUEST_FIELDS)
#define NETDRIVER_JOIN_REPLY_FIELDS(F, T)                             \
    F(T, STRING, _, mac_address, "MacAddress", 0, "Of the interface") \
    F(T, STRING, _, host_interface, "HostInterface", 0, "The other end, when there is one")
HULL_MESSAGE(netdriver_join_reply, NETDRIVER_JOIN_REPLY_FIELDS)
HULL_METHOD(netdriver, join, netdriver_join_request, netdriver_join_reply, 0)

/* HostInterface: delete this end, for the namespace lives on; absent: the interface goes with the
 * container's namespace, and nobody waits for it. */
#define NETDRIVER_LEAVE_REQUEST_FIELDS(F, T)                     \
    F(T, MESSAGE, network, network, "Network", 0, "The network") \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id")   \
    F(T, STRING, _, host_interface, "HostInterface", 0, "From join, or absent")
HULL_MESSAGE(netdriver_leave_request, NETDRIVER_LEAVE_REQUEST_FIELDS)
HULL_METHOD(netdriver, leave, netdriver_leave_request, hull_empty, 0)

#endif
