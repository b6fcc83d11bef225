/*
 * dns.h: the service "dns": names inside user-defined networks (port support/dns).
 *
 * A container that is attached has a name server at 127.0.0.11, port 53, UDP and TCP. It answers
 * for the containers of the networks that it is in, and passes on what it does not know, unless
 * all of these networks are internal.
 */
#ifndef HULL_API_DNS_H
#define HULL_API_DNS_H

#include <hull/hull.h>

/* What a container is called in one of its networks. */
#define DNS_ENDPOINT_FIELDS(F, T)                                                           \
    F(T, STRING, _, network_id, "NetworkID", HULL_REQUIRED, "Full id")                      \
    F(T, STRING, _, network, "Network", HULL_REQUIRED, "Name: name.network is found, too")  \
    F(T, BOOL, _, internal, "Internal", 0, "No way out: nothing is passed on")              \
    F(T, STRV, _, names, "Names", 0, "Its names; the first is what its address is called")  \
    F(T, STRV, _, links, "Links", 0, "target:alias, names that this container alone knows") \
    F(T, STRING, _, ip_address, "IPAddress", 0, "IPv4, or absent")                          \
    F(T, STRING, _, global_ipv6_address, "GlobalIPv6Address", 0, "IPv6, or absent")
HULL_MESSAGE(dns_endpoint, DNS_ENDPOINT_FIELDS)

/*
 * All that the service knows of a container, in place of what it knew: at a start, and when it is
 * connected, disconnected or renamed. Once it returns, the names are found. Without endpoints the
 * container's own server still answers.
 */
#define DNS_CONTAINER_FIELDS(F, T)                                                          \
    F(T, STRING, _, container_id, "ContainerID", HULL_REQUIRED, "Full id")                  \
    F(T, LIST, dns_endpoint, endpoints, "Endpoints", 0, "In the order of their interfaces") \
    F(T, STRV, _, servers, "Servers", 0,                                                    \
      "Addresses of the servers to ask, from inside the container; absent: those of the host")
HULL_MESSAGE(dns_container, DNS_CONTAINER_FIELDS)
HULL_METHOD(dns, set, dns_container, hull_empty, 0)

/* Begin to serve the container: on the sockets it was adopted with, or on new ones in its network
 * namespace. Nothing when it is served. Best after what is set for all containers there are. */
#define DNS_ATTACH_REQUEST_FIELDS(F, T)                                    \
    F(T, STRING, _, container_id, "ContainerID", HULL_REQUIRED, "Full id") \
    F(T, FD, _, netns_fd, "netns", HULL_LENT, "Its network namespace, whose loopback is up")
HULL_MESSAGE(dns_attach_request, DNS_ATTACH_REQUEST_FIELDS)
HULL_METHOD(dns, attach, dns_attach_request, hull_empty, 0)

/*
 * The sockets of the container's server: copies, or -1 when it has none. Whoever keeps them over a
 * restart gives them to adopt, before attach: questions that came meanwhile are answered then.
 */
#define DNS_SOCKETS_REQUEST_FIELDS(F, T) \
    F(T, STRING, _, container_id, "ContainerID", HULL_REQUIRED, "Full id")
HULL_MESSAGE(dns_sockets_request, DNS_SOCKETS_REQUEST_FIELDS)
#define DNS_SOCKETS_REPLY_FIELDS(F, T)   \
    F(T, FD, _, udp_fd, "udp", 0, "UDP") \
    F(T, FD, _, tcp_fd, "tcp", 0, "TCP, listening")
HULL_MESSAGE(dns_sockets_reply, DNS_SOCKETS_REPLY_FIELDS)
HULL_METHOD(dns, sockets, dns_sockets_request, dns_sockets_reply, 0)
#define DNS_ADOPT_REQUEST_FIELDS(F, T)                                     \
    F(T, STRING, _, container_id, "ContainerID", HULL_REQUIRED, "Full id") \
    F(T, FD, _, udp_fd, "udp", 0, "UDP")                                   \
    F(T, FD, _, tcp_fd, "tcp", 0, "TCP, listening")
HULL_MESSAGE(dns_adopt_request, DNS_ADOPT_REQUEST_FIELDS)
HULL_METHOD(dns, adopt, dns_adopt_request, hull_empty, 0)

/* Forget the container: its names are gone when it returns, its server is closed. Idempotent. */
#define DNS_DROP_REQUEST_FIELDS(F, T) \
    F(T, STRING, _, container_id, "ContainerID", HULL_REQUIRED, "Full id")
HULL_MESSAGE(dns_drop_request, DNS_DROP_REQUEST_FIELDS)
HULL_METHOD(dns, drop, dns_drop_request, hull_empty, 0)

/* What goes on, for benchmarks and for those who look for a fault. */
#define DNS_STATUS_FIELDS(F, T)                                               \
    F(T, INT, _, containers, "Containers", 0, "With a server of their own")   \
    F(T, INT, _, names, "Names", 0, "Names and addresses that are found")     \
    F(T, INT, _, queries, "Queries", 0, "Read so far")                        \
    F(T, INT, _, malformed, "Malformed", 0, "Of these, not understood")       \
    F(T, INT, _, forwarded, "Forwarded", 0, "Of these, passed on to servers") \
    F(T, INT, _, cached, "Cached", 0, "Of these, answered from the cache")    \
    F(T, INT, _, refused, "Refused", 0, "Not passed on: too many at a time, or no way out")
HULL_MESSAGE(dns_status, DNS_STATUS_FIELDS)
HULL_METHOD(dns, status, hull_empty, dns_status, 0)

#endif
