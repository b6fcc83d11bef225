/*
 * network_types.h: the Engine API's objects that describe a network, field for field.
 */
#ifndef HULL_API_NETWORK_TYPES_H
#define HULL_API_NETWORK_TYPES_H

#include "container_types.h"

#define NETWORKING_CONFIG_FIELDS(F, T) \
    F(T, MSGMAP, endpoint_settings, endpoints_config, "EndpointsConfig", 0, "")
HULL_MESSAGE(networking_config, NETWORKING_CONFIG_FIELDS)

#define IPAM_CONFIG_FIELDS(F, T)                        \
    F(T, STRING, _, subnet, "Subnet", 0, "")            \
    F(T, STRING, _, ip_range, "IPRange", HULL_OMIT, "") \
    F(T, STRING, _, gateway, "Gateway", HULL_OMIT, "")  \
    F(T, MAP, _, auxiliary_addresses, "AuxiliaryAddresses", HULL_OMIT, "")
HULL_MESSAGE(ipam_config, IPAM_CONFIG_FIELDS)

#define IPAM_FIELDS(F, T)                           \
    F(T, STRING, _, driver, "Driver", 0, "")        \
    F(T, MAP, _, options, "Options", HULL_NULL, "") \
    F(T, LIST, ipam_config, config, "Config", HULL_NULL, "")
HULL_MESSAGE(ipam, IPAM_FIELDS)

#define CONFIG_REFERENCE_FIELDS(F, T) F(T, STRING, _, network, "Network", 0, "")
HULL_MESSAGE(config_reference, CONFIG_REFERENCE_FIELDS)

#define NETWORK_CONTAINER_FIELDS(F, T)                  \
    F(T, STRING, _, name, "Name", 0, "")                \
    F(T, STRING, _, endpoint_id, "EndpointID", 0, "")   \
    F(T, STRING, _, mac_address, "MacAddress", 0, "")   \
    F(T, STRING, _, ipv4_address, "IPv4Address", 0, "") \
    F(T, STRING, _, ipv6_address, "IPv6Address", 0, "")
HULL_MESSAGE(network_container, NETWORK_CONTAINER_FIELDS)

#define PEER_INFO_FIELDS(F, T)           \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, STRING, _, ip, "IP", 0, "")
HULL_MESSAGE(peer_info, PEER_INFO_FIELDS)

#define NETWORK_FIELDS(F, T)                                          \
    F(T, STRING, _, name, "Name", 0, "")                              \
    F(T, STRING, _, id, "Id", 0, "")                                  \
    F(T, STRING, _, created, "Created", 0, "")                        \
    F(T, STRING, _, scope, "Scope", 0, "")                            \
    F(T, STRING, _, driver, "Driver", 0, "")                          \
    F(T, BOOL, _, enable_ipv4, "EnableIPv4", 0, "")                   \
    F(T, BOOL, _, enable_ipv6, "EnableIPv6", 0, "")                   \
    F(T, MESSAGE, ipam, ipam, "IPAM", 0, "")                          \
    F(T, BOOL, _, internal, "Internal", 0, "")                        \
    F(T, BOOL, _, attachable, "Attachable", 0, "")                    \
    F(T, BOOL, _, ingress, "Ingress", 0, "")                          \
    F(T, MESSAGE, config_reference, config_from, "ConfigFrom", 0, "") \
    F(T, BOOL, _, config_only, "ConfigOnly", 0, "")                   \
    F(T, MSGMAP, network_container, containers, "Containers", 0, "")  \
    F(T, MAP, _, options, "Options", 0, "")                           \
    F(T, MAP, _, labels, "Labels", 0, "")                             \
    F(T, LIST, peer_info, peers, "Peers", HULL_OMIT, "")
HULL_MESSAGE(network, NETWORK_FIELDS)

#endif
