/*
 * protocol.h: the messages of Docker's remote driver and IPAM protocols, and how they are sent.
 */
#ifndef HULL_NETREMOTE_PROTOCOL_H
#define HULL_NETREMOTE_PROTOCOL_H

#include <hull/hull.h>

/* --- NetworkDriver ---------------------------------------------------------------------------- */

#define RMT_CAPABILITIES_FIELDS(F, T)                                                    \
    F(T, STRING, _, scope, "Scope", 0, "local or global")                                \
    F(T, BOOL, _, requires_mac, "RequiresMACAddress", 0, "IPAM: the MAC with a request") \
    F(T, BOOL, _, replay, "RequiresRequestReplay", 0, "IPAM: it forgets what it gave")
HULL_MESSAGE_DECLARE(rmt_capabilities, RMT_CAPABILITIES_FIELDS)

#define RMT_POOL_DATA_FIELDS(F, T)                         \
    F(T, STRING, _, address_space, "AddressSpace", 0, "")  \
    F(T, STRING, _, gateway, "Gateway", HULL_OMIT, "CIDR") \
    F(T, STRING, _, pool, "Pool", 0, "CIDR")               \
    F(T, MAP, _, auxiliary, "AuxAddresses", HULL_OMIT, "CIDR")
HULL_MESSAGE_DECLARE(rmt_pool_data, RMT_POOL_DATA_FIELDS)
#define RMT_CREATE_NETWORK_FIELDS(F, T)                \
    F(T, STRING, _, network_id, "NetworkID", 0, "")    \
    F(T, JSON, _, options, "Options", 0, "")           \
    F(T, LIST, rmt_pool_data, ipv4, "IPv4Data", 0, "") \
    F(T, LIST, rmt_pool_data, ipv6, "IPv6Data", 0, "")
HULL_MESSAGE_DECLARE(rmt_create_network, RMT_CREATE_NETWORK_FIELDS)
#define RMT_NETWORK_FIELDS(F, T) F(T, STRING, _, network_id, "NetworkID", 0, "")
HULL_MESSAGE_DECLARE(rmt_network, RMT_NETWORK_FIELDS)

#define RMT_INTERFACE_FIELDS(F, T)                      \
    F(T, STRING, _, address, "Address", 0, "CIDR")      \
    F(T, STRING, _, address6, "AddressIPv6", 0, "CIDR") \
    F(T, STRING, _, mac_address, "MacAddress", 0, "")
HULL_MESSAGE_DECLARE(rmt_interface, RMT_INTERFACE_FIELDS)
#define RMT_CREATE_ENDPOINT_FIELDS(F, T)                    \
    F(T, STRING, _, network_id, "NetworkID", 0, "")         \
    F(T, STRING, _, endpoint_id, "EndpointID", 0, "")       \
    F(T, MESSAGE, rmt_interface, iface, "Interface", 0, "") \
    F(T, JSON, _, options, "Options", 0, "")
HULL_MESSAGE_DECLARE(rmt_create_endpoint, RMT_CREATE_ENDPOINT_FIELDS)
#define RMT_CREATE_ENDPOINT_REPLY_FIELDS(F, T) \
    F(T, MESSAGE, rmt_interface, iface, "Interface", 0, "Only what the request left open")
HULL_MESSAGE_DECLARE(rmt_create_endpoint_reply, RMT_CREATE_ENDPOINT_REPLY_FIELDS)

/* Also of DeleteEndpoint, Leave and the like, which have no SandboxKey and no Options. */
#define RMT_ENDPOINT_FIELDS(F, T)                                 \
    F(T, STRING, _, network_id, "NetworkID", 0, "")               \
    F(T, STRING, _, endpoint_id, "EndpointID", 0, "")             \
    F(T, STRING, _, sandbox_key, "SandboxKey", HULL_OMIT, "Path") \
    F(T, JSON, _, options, "Options", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(rmt_endpoint, RMT_ENDPOINT_FIELDS)
#define RMT_INTERFACE_NAME_FIELDS(F, T)                    \
    F(T, STRING, _, src_name, "SrcName", 0, "On the host") \
    F(T, STRING, _, dst_name, "DstName", 0, "Inside, or")  \
    F(T, STRING, _, dst_prefix, "DstPrefix", 0, "and a number")
HULL_MESSAGE_DECLARE(rmt_interface_name, RMT_INTERFACE_NAME_FIELDS)
#define RMT_ROUTE_FIELDS(F, T)                                  \
    F(T, STRING, _, destination, "Destination", 0, "CIDR")      \
    F(T, INT, _, type, "RouteType", 0, "0 next hop, 1 on link") \
    F(T, STRING, _, next_hop, "NextHop", 0, "")
HULL_MESSAGE_DECLARE(rmt_route, RMT_ROUTE_FIELDS)
#define RMT_JOIN_REPLY_FIELDS(F, T)                                  \
    F(T, MESSAGE, rmt_interface_name, iface, "InterfaceName", 0, "") \
    F(T, STRING, _, gateway, "Gateway", 0, "")                       \
    F(T, STRING, _, gateway6, "GatewayIPv6", 0, "")                  \
    F(T, LIST, rmt_route, routes, "StaticRoutes", 0, "")             \
    F(T, BOOL, _, no_gateway, "DisableGatewayService", 0, "It wants no other way out")
HULL_MESSAGE_DECLARE(rmt_join_reply, RMT_JOIN_REPLY_FIELDS)

/* EndpointOperInfo: what is of interest in its Value, which may have anything. */
#define RMT_INFO_REPLY_FIELDS(F, T) F(T, JSON, _, value, "Value", 0, "Free in form")
HULL_MESSAGE_DECLARE(rmt_info_reply, RMT_INFO_REPLY_FIELDS)
#define RMT_PORT_FIELDS(F, T)                            \
    F(T, INT, _, protocol, "Proto", 0, "6, 17 or 132")   \
    F(T, INT, _, port, "Port", 0, "Of the container")    \
    F(T, STRING, _, host_ip, "HostIP", 0, "\"\" is any") \
    F(T, INT, _, host_port, "HostPort", 0, "As it was chosen")
HULL_MESSAGE_DECLARE(rmt_port, RMT_PORT_FIELDS)
#define RMT_INFO_FIELDS(F, T) F(T, LIST, rmt_port, ports, "com.docker.network.portmap", 0, "")
HULL_MESSAGE_DECLARE(rmt_info, RMT_INFO_FIELDS)

/* --- IpamDriver ------------------------------------------------------------------------------- */

#define RMT_SPACES_FIELDS(F, T)                               \
    F(T, STRING, _, local, "LocalDefaultAddressSpace", 0, "") \
    F(T, STRING, _, global, "GlobalDefaultAddressSpace", 0, "")
HULL_MESSAGE_DECLARE(rmt_spaces, RMT_SPACES_FIELDS)
#define RMT_REQUEST_POOL_FIELDS(F, T)                     \
    F(T, STRING, _, address_space, "AddressSpace", 0, "") \
    F(T, STRING, _, pool, "Pool", 0, "CIDR")              \
    F(T, STRING, _, sub_pool, "SubPool", 0, "CIDR")       \
    F(T, MAP, _, options, "Options", 0, "")               \
    F(T, BOOL, _, v6, "V6", 0, "")
HULL_MESSAGE_DECLARE(rmt_request_pool, RMT_REQUEST_POOL_FIELDS)
#define RMT_REQUEST_POOL_REPLY_FIELDS(F, T)   \
    F(T, STRING, _, pool_id, "PoolID", 0, "") \
    F(T, STRING, _, pool, "Pool", 0, "CIDR")  \
    F(T, MAP, _, data, "Data", 0, "")
HULL_MESSAGE_DECLARE(rmt_request_pool_reply, RMT_REQUEST_POOL_REPLY_FIELDS)
#define RMT_REQUEST_ADDRESS_FIELDS(F, T)       \
    F(T, STRING, _, pool_id, "PoolID", 0, "")  \
    F(T, STRING, _, address, "Address", 0, "") \
    F(T, MAP, _, options, "Options", HULL_NULL, "")
HULL_MESSAGE_DECLARE(rmt_request_address, RMT_REQUEST_ADDRESS_FIELDS)
#define RMT_ADDRESS_REPLY_FIELDS(F, T) F(T, STRING, _, address, "Address", 0, "CIDR")
HULL_MESSAGE_DECLARE(rmt_address_reply, RMT_ADDRESS_REPLY_FIELDS)
/* Also of ReleasePool, which has no Address. */
#define RMT_RELEASE_FIELDS(F, T)              \
    F(T, STRING, _, pool_id, "PoolID", 0, "") \
    F(T, STRING, _, address, "Address", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(rmt_release, RMT_RELEASE_FIELDS)

#endif
