/*
 * network.h: the service "network": networks, and containers joining them.
 */
#ifndef HULL_API_NETWORK_H
#define HULL_API_NETWORK_H

#include "container.h"
#include "firewall.h"

#define NETWORK_LIST_REQUEST_FIELDS(F, T) \
    F(T, STRVMAP, _, filters, "filters", HULL_QUERY, "Filters: key to values")
HULL_MESSAGE(network_list_request, NETWORK_LIST_REQUEST_FIELDS)
#define NETWORK_LIST_REPLY_FIELDS(F, T) F(T, LIST, network, networks, "networks", HULL_TOP, "All")
HULL_MESSAGE(network_list_reply, NETWORK_LIST_REPLY_FIELDS)
HULL_METHOD(network, list, network_list_request, network_list_reply, 0)

#define NETWORK_REF_FIELDS(F, T)                                                          \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Network id, name or id prefix") \
    F(T, BOOL, _, verbose, "verbose", HULL_QUERY, "With details")                         \
    F(T, STRING, _, scope, "scope", HULL_QUERY, "local, global or swarm")
HULL_MESSAGE(network_ref, NETWORK_REF_FIELDS)
HULL_METHOD(network, inspect, network_ref, network, 0)
HULL_METHOD(network, remove, network_ref, hull_empty, 0)

#define NETWORK_CREATE_REQUEST_FIELDS(F, T)                                                  \
    F(T, STRING, _, name, "Name", HULL_REQUIRED, "Name")                                     \
    F(T, BOOL, _, check_duplicate, "CheckDuplicate", 0, "For API 1.43: no second of a name") \
    F(T, STRING, _, driver, "Driver", 0, "bridge by default")                                \
    F(T, STRING, _, scope, "Scope", 0, "local")                                              \
    F(T, BOOL, _, internal, "Internal", 0, "No way out")                                     \
    F(T, BOOL, _, attachable, "Attachable", 0, "For swarm")                                  \
    F(T, BOOL, _, ingress, "Ingress", 0, "For swarm")                                        \
    F(T, BOOL, _, config_only, "ConfigOnly", 0, "Only a configuration")                      \
    F(T, POINTER, config_reference, config_from, "ConfigFrom", 0, "Configuration to copy")   \
    F(T, POINTER, ipam, ipam, "IPAM", 0, "Addresses")                                        \
    F(T, OPT_BOOL, _, enable_ipv4, "EnableIPv4", 0, "With IPv4")                             \
    F(T, OPT_BOOL, _, enable_ipv6, "EnableIPv6", 0, "With IPv6")                             \
    F(T, MAP, _, options, "Options", 0, "Options of the driver")                             \
    F(T, MAP, _, labels, "Labels", 0, "Labels")
HULL_MESSAGE(network_create_request, NETWORK_CREATE_REQUEST_FIELDS)
#define NETWORK_CREATE_REPLY_FIELDS(F, T) \
    F(T, STRING, _, id, "Id", 0, "Id")    \
    F(T, STRING, _, warning, "Warning", 0, "What was ignored")
HULL_MESSAGE(network_create_reply, NETWORK_CREATE_REPLY_FIELDS)
HULL_METHOD(network, create, network_create_request, network_create_reply, 0)

#define NETWORK_PRUNE_REPLY_FIELDS(F, T) \
    F(T, STRV, _, networks_deleted, "NetworksDeleted", HULL_NULL, "Names")
HULL_MESSAGE(network_prune_reply, NETWORK_PRUNE_REPLY_FIELDS)
HULL_METHOD(network, prune, prune_request, network_prune_reply, 0)

/*
 * Hull's own: which rule decides about a connection, and why. From: the name or id of a running
 * container or of a network, an address, host, lan or lan:INTERFACE (the default is lan). To:
 * CONTAINER:PORT, ADDRESS:PORT, [ADDRESS]:PORT or host:PORT, and /udp or /sctp. -HULL_NOT_FOUND.
 */
#define NETWORK_EXPLAIN_REQUEST_FIELDS(F, T)               \
    F(T, STRING, _, from, "from", HULL_QUERY, "Who sends") \
    F(T, STRING, _, to, "to", HULL_QUERY | HULL_REQUIRED, "Where to")
HULL_MESSAGE(network_explain_request, NETWORK_EXPLAIN_REQUEST_FIELDS)
#define NETWORK_EXPLAIN_REPLY_FIELDS(F, T)       \
    F(T, STRING, _, from, "From", 0, "As asked") \
    F(T, STRING, _, to, "To", 0, "As asked")     \
    F(T, EMBED, firewall_explain_reply, answer, "Answer", 0, "")
HULL_MESSAGE(network_explain_reply, NETWORK_EXPLAIN_REPLY_FIELDS)
HULL_METHOD(network, explain, network_explain_request, network_explain_reply, 0)

/*
 * For container, not on HTTP. Check: whether a container could join with these settings, as far as
 * that can be known before; a network that is not there yet is no error. -HULL_INVALID.
 */
#define NETWORK_CHECK_REQUEST_FIELDS(F, T) \
    F(T, MSGMAP, endpoint_settings, networks, "Networks", 0, "Network name to settings")
HULL_MESSAGE(network_check_request, NETWORK_CHECK_REQUEST_FIELDS)
HULL_METHOD(network, check, network_check_request, hull_empty, 0)

/*
 * For container, not on HTTP. Join: give the network namespace of a container that does not run
 * yet its interfaces, addresses, routes and published ports, for every network it asked for
 * (host_config.network_mode and networking_config). Undone when the call fails.
 */
#define NETWORK_JOIN_REQUEST_FIELDS(F, T)                                                     \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id")                                \
    F(T, STRING, _, name, "Name", 0, "Name without the slash")                                \
    F(T, STRING, _, hostname, "Hostname", 0, "Its host name")                                 \
    F(T, STRING, _, network_mode, "NetworkMode", 0, "bridge, a network's name, host, none")   \
    F(T, MSGMAP, endpoint_settings, networks, "Networks", 0, "Network name to settings")      \
    F(T, LISTMAP, port_binding, port_bindings, "PortBindings", 0, "80/tcp to host ports")     \
    F(T, SET, _, exposed_ports, "ExposedPorts", 0, "80/tcp")                                  \
    F(T, BOOL, _, publish_all, "PublishAllPorts", 0, "Publish each exposed port")             \
    F(T, STRV, _, dns, "Dns", 0, "Name servers to ask; absent: those of the host")            \
    F(T, FD, _, netns_fd, "netns", 0, "The network namespace; -1 for host")                   \
    F(T, STRV, _, dns_search, "DnsSearch", 0, "Domains to search, for drivers that use them") \
    F(T, STRV, _, dns_options, "DnsOptions", 0, "Options of the resolver, likewise")          \
    F(T, BOOL, _, net_admin, "NetAdmin", 0, "It has CAP_NET_ADMIN")
HULL_MESSAGE(network_join_request, NETWORK_JOIN_REQUEST_FIELDS)
/* What inspect shows: Networks and Ports filled in; also GET-able again after a restart. */
HULL_METHOD(network, join, network_join_request, network_settings, 0)

/*
 * The same for a container that runs: join the one network in Networks besides those that it is
 * in, or leave it. The default route and the published ports move when another network has the
 * gateway then. A name server that the container needs now is started, one that it needs no longer
 * stops. Reply: as the container is now. -HULL_FORBIDDEN "endpoint with name X already exists in
 * network Y"; -HULL_INTERNAL "container ID is not connected to network Y".
 */
HULL_METHOD(network, attach, network_join_request, network_settings, 0)
HULL_METHOD(network, detach, network_join_request, network_settings, 0)

#define NETWORK_LEAVE_REQUEST_FIELDS(F, T) \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id")
HULL_MESSAGE(network_leave_request, NETWORK_LEAVE_REQUEST_FIELDS)
/* Take back ports, addresses and interfaces. Idempotent; never waits for the kernel's cleanup. */
HULL_METHOD(network, leave, network_leave_request, hull_empty, 0)
/* What a container has joined, as attach and detach reply; nothing for one that does not run. */
HULL_METHOD(network, settings, network_leave_request, network_settings, 0)
/* In the state store while something of the host is changed for networks, such as bridges: a
 * restart asks the service to go on from there, also without containers. */
#define NETWORK_HOST_BUCKET "forwarding"
/* After a restart: put back what the kernel may have lost (ports, tables). LIVE containers. */
#define NETWORK_RESTORE_REQUEST_FIELDS(F, T)                                           \
    F(T, STRV, _, live, "Live", 0, "Ids of the containers that run; all others leave") \
    F(T, INTS, _, pids, "Pids", 0, "Process 1 of each, on the host, of as many as are known")
HULL_MESSAGE(network_restore_request, NETWORK_RESTORE_REQUEST_FIELDS)
HULL_METHOD(network, restore, network_restore_request, hull_empty, 0)
/* The container, which may be in networks or not, has another name. */
#define NETWORK_RENAME_REQUEST_FIELDS(F, T)                    \
    F(T, STRING, _, container_id, "ContainerID", 0, "Full id") \
    F(T, STRING, _, name, "Name", 0, "Name without the slash")
HULL_MESSAGE(network_rename_request, NETWORK_RENAME_REQUEST_FIELDS)
HULL_METHOD(network, rename, network_rename_request, hull_empty, 0)

#endif
