/*
 * netdriver.h: the class "netdriver": what a network driver does (ports network/bridge,
 * network/host, network/none, network/macvlan, network/cni; network/remote stands for all that
 * have no port of their own). A driver does only its own part: addresses come from ipam, published
 * ports from firewall, names from dns, unless it says that it sees to them itself.
 */
#ifndef HULL_API_NETDRIVER_H
#define HULL_API_NETDRIVER_H

#include "firewall.h"
#include "network_types.h"

/* What the network engine has to know of a driver. Check: also whether it can do its work here: a
 * plugin written by somebody else is asked, a kernel that lacks what it needs is an error. */
#define NETDRIVER_ABOUT_REQUEST_FIELDS(F, T)                                        \
    F(T, STRING, _, driver, "Driver", 0, "Name of the driver, as a network has it") \
    F(T, BOOL, _, check, "Check", 0, "Find out whether it works")
HULL_MESSAGE(netdriver_about_request, NETDRIVER_ABOUT_REQUEST_FIELDS)
#define NETDRIVER_ABOUT_REPLY_FIELDS(F, T)                                                         \
    F(T, STRING, _, scope, "Scope", 0, "local or global")                                          \
    F(T, BOOL, _, own_addresses, "OwnAddresses", 0, "It hands out addresses, ipam is not asked")   \
    F(T, BOOL, _, own_ports, "OwnPorts", 0, "It publishes ports, firewall is not asked")           \
    F(T, BOOL, _, restores, "Restores", 0, "It wants to hear of restarts of the daemon")           \
    F(T, BOOL, _, open_ports, "OpenPorts", 0,                                                      \
      "Its containers are hosts on a wire, all their ports are open: there is nothing to publish") \
    F(T, BOOL, _, takes_pools, "TakesPools", 0,                                                    \
      "With OwnAddresses: subnets may be wished for; create says which it can't have")
HULL_MESSAGE(netdriver_about_reply, NETDRIVER_ABOUT_REPLY_FIELDS)
HULL_METHOD(netdriver, about, netdriver_about_request, netdriver_about_reply, 0)

/* Make ready what the network needs on the host (a bridge). Idempotent: also called on restart.
 * Options of the network are checked here: an unknown one is -HULL_INVALID that names it. */
#define NETDRIVER_NETWORK_FIELDS(F, T) \
    F(T, MESSAGE, network, network, "Network", 0, "The network, its addresses chosen")
HULL_MESSAGE(netdriver_network, NETDRIVER_NETWORK_FIELDS)
HULL_METHOD(netdriver, create, netdriver_network, hull_empty, 0)
HULL_METHOD(netdriver, remove, netdriver_network, hull_empty, 0)

#define NETDRIVER_JOIN_REQUEST_FIELDS(F, T)                                                      \
    F(T, MESSAGE, network, network, "Network", 0, "The network")                                 \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id")                                   \
    F(T, MESSAGE, endpoint_settings, endpoint, "Endpoint", 0, "Addresses, chosen by ipam")       \
    F(T, STRING, _, ifname, "Interface", 0, "Name inside: eth0")                                 \
    F(T, STRING, _, host_interface, "HostInterface", 0, "Name of the other end, of a bridge")    \
    F(T, BOOL, _, net_admin, "NetAdmin", 0, "It has CAP_NET_ADMIN, may change what it is given") \
    F(T, LIST, firewall_port, ports, "Ports", 0, "To publish, for a driver that does it")        \
    F(T, SET, _, exposed, "ExposedPorts", 0, "80/tcp")                                           \
    F(T, BOOL, _, default_route, "DefaultRoute", 0, "Its gateway is the default route")          \
    F(T, FD, _, netns_fd, "netns", HULL_LENT,                                                    \
      "The network namespace; the sender closes it, for several drivers share it")               \
    F(T, STRV, _, dns, "Dns", 0, "Name servers that the container is to ask")                    \
    F(T, STRV, _, dns_search, "DnsSearch", 0, "Domains that it searches")                        \
    F(T, STRV, _, dns_options, "DnsOptions", 0, "Options of its resolver")
HULL_MESSAGE(netdriver_join_request, NETDRIVER_JOIN_REQUEST_FIELDS)
/* What the driver chose itself; what is absent is as in the request. */
#define NETDRIVER_JOIN_REPLY_FIELDS(F, T)                                                     \
    F(T, STRING, _, mac_address, "MacAddress", 0, "Of the interface")                         \
    F(T, STRING, _, host_interface, "HostInterface", 0, "The other end, when there is one")   \
    F(T, STRING, _, ip_address, "IPAddress", 0, "")                                           \
    F(T, INT, _, ip_prefix_len, "IPPrefixLen", 0, "")                                         \
    F(T, STRING, _, gateway, "Gateway", 0, "")                                                \
    F(T, STRING, _, global_ipv6_address, "GlobalIPv6Address", 0, "")                          \
    F(T, INT, _, global_ipv6_prefix_len, "GlobalIPv6PrefixLen", 0, "")                        \
    F(T, STRING, _, ipv6_gateway, "IPv6Gateway", 0, "")                                       \
    F(T, LIST, firewall_port, ports, "Ports", 0,                                              \
      "Of one with OwnPorts: those it published, HostPort as it chose")                       \
    F(T, BOOL, _, ports_left, "PortsLeft", 0, "The same: it published none, others have to")  \
    F(T, BOOL, _, way_out, "WayOut", 0, "It has no gateway, and wants to be given one")       \
    F(T, BOOL, _, no_way_out, "NoWayOut", 0, "The container must not be given one")           \
    F(T, STRV, _, dns_servers, "DNSServers", 0,                                               \
      "For resolv.conf, where nobody says otherwise; these three were checked by the driver") \
    F(T, STRV, _, dns_search, "DNSSearch", 0, "")                                             \
    F(T, STRV, _, dns_options, "DNSOptions", 0, "")
HULL_MESSAGE(netdriver_join_reply, NETDRIVER_JOIN_REPLY_FIELDS)
HULL_METHOD(netdriver, join, netdriver_join_request, netdriver_join_reply, 0)

/*
 * HostInterface: delete this end, for the namespace lives on; absent: the interface goes with the
 * container's namespace, and nobody waits for it. The same with netns, for drivers whose interface
 * has no other end: -1 when the namespace is gone or about to go. Idempotent: also sent for a join
 * that was cut off before it began.
 */
#define NETDRIVER_LEAVE_REQUEST_FIELDS(F, T)                                    \
    F(T, MESSAGE, network, network, "Network", 0, "The network")                \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id")                  \
    F(T, MESSAGE, endpoint_settings, endpoint, "Endpoint", 0, "As join had it") \
    F(T, STRING, _, ifname, "Interface", 0, "Name inside, or absent")           \
    F(T, STRING, _, host_interface, "HostInterface", 0, "From join, or absent") \
    F(T, FD, _, netns_fd, "netns", HULL_LENT, "The network namespace, if it lives on")
HULL_MESSAGE(netdriver_leave_request, NETDRIVER_LEAVE_REQUEST_FIELDS)
HULL_METHOD(netdriver, leave, netdriver_leave_request, hull_empty, 0)

/*
 * After a restart of the daemon, to a driver that says that it restores: the containers that run;
 * all others have left the network. Sent once for each network while the daemon serves
 * already, so that joins may run beside it, and nobody waits for the answer.
 */
#define NETDRIVER_RESTORE_REQUEST_FIELDS(F, T)                   \
    F(T, MESSAGE, network, network, "Network", 0, "The network") \
    F(T, STRV, _, live, "Live", 0, "Full ids of those that run") \
    F(T, INTS, _, pids, "Pids", 0, "The process 1 of each, on the host")
HULL_MESSAGE(netdriver_restore_request, NETDRIVER_RESTORE_REQUEST_FIELDS)
HULL_METHOD(netdriver, restore, netdriver_restore_request, hull_empty, 0)

#endif
