/*
 * netbridge.h: the options of a bridge network, read in one place for the driver, which checks
 * them, and for the network engine, which tells the firewall.
 */
#ifndef HULL_COMMON_NETBRIDGE_H
#define HULL_COMMON_NETBRIDGE_H

#include "network_types.h"

#define NETBRIDGE_OPTION "com.docker.network."
#define NETBRIDGE_NAME NETBRIDGE_OPTION "bridge.name"
#define NETBRIDGE_DEFAULT NETBRIDGE_OPTION "bridge.default_bridge"
#define NETBRIDGE_ICC NETBRIDGE_OPTION "bridge.enable_icc"
#define NETBRIDGE_MASQUERADE NETBRIDGE_OPTION "bridge.enable_ip_masquerade"
#define NETBRIDGE_HOST_IP NETBRIDGE_OPTION "bridge.host_binding_ipv4"
#define NETBRIDGE_MODE4 NETBRIDGE_OPTION "bridge.gateway_mode_ipv4"
#define NETBRIDGE_MODE6 NETBRIDGE_OPTION "bridge.gateway_mode_ipv6"
#define NETBRIDGE_INHIBIT4 NETBRIDGE_OPTION "bridge.inhibit_ipv4"
#define NETBRIDGE_TRUSTED NETBRIDGE_OPTION "bridge.trusted_host_interfaces"
#define NETBRIDGE_SOURCE4 NETBRIDGE_OPTION "host_ipv4"
#define NETBRIDGE_SOURCE6 NETBRIDGE_OPTION "host_ipv6"
#define NETBRIDGE_PREFIX NETBRIDGE_OPTION "container_iface_prefix"
#define NETBRIDGE_MTU NETBRIDGE_OPTION "driver.mtu"

/* How containers are reached from outside. */
enum netbridge_mode {
    NETBRIDGE_NAT,         /* by ports of the host */
    NETBRIDGE_UNPROTECTED, /* the same, and straight at every port */
    NETBRIDGE_ROUTED,      /* straight at published ports; their own addresses outside */
    NETBRIDGE_ISOLATED,    /* not; the host has no address in the network */
};

struct netbridge {
    const char *bridge;          /* the name of the interface */
    enum netbridge_mode mode[2]; /* of IPv4, of IPv6 */
    bool icc;
    bool masquerade;
    bool inhibit_ipv4;        /* the bridge gets no IPv4 address */
    const char *host_ip;      /* for ports that name none; NULL: every address */
    const char *source[2];    /* IPv4, IPv6: what masqueraded packets come from; NULL: choose */
    const char *prefix;       /* of interfaces inside: "eth" */
    struct hull_strv trusted; /* interfaces of the host */
};

/* The options of NETWORK, in the arena of CALL. -HULL_INVALID names the option and its value. */
int netbridge_read(struct hull_call *call, const struct network *network, struct netbridge *ret)
    HULL_CHECKED;
/* Whether the bridge has an address in the network's subnet of the family. */
bool netbridge_has_gateway(const struct netbridge *options, bool ipv6);
/* The mode as an option has it: "nat". */
const char *netbridge_mode_name(enum netbridge_mode mode);

#endif
