/*
 * ipam.h: the service "ipam": pools and addresses. Reservations are durable and atomic. Ours is at
 * port support/ipam; network/remote stands for the IPAM drivers of others.
 */
#ifndef HULL_API_IPAM_H
#define HULL_API_IPAM_H

#include "network_types.h"

/* What network/remote has of pools of others, and has to tell them still: while there is a document
 * in one of these buckets, it is to be swept at a start. */
#define IPAM_POOLS_BUCKET "remote-pool"
#define IPAM_OWED_BUCKET "remote-owed"

/*
 * Reserve a pool. Without a subnet one is chosen from the default pools that overlaps neither
 * another pool nor a route or address of the host. Reserves the gateway too. Prefer: a pool that
 * nobody has an address of is given up for another one when the host has come to use it (another
 * daemon was faster).
 */
#define IPAM_POOL_FIELDS(F, T)                                                           \
    F(T, STRING, _, network_id, "NetworkID", 0, "Who holds it")                          \
    F(T, BOOL, _, ipv6, "IPv6", 0, "Choose an IPv6 pool")                                \
    F(T, STRING, _, subnet, "Subnet", 0, "10.1.2.0/24, or absent")                       \
    F(T, STRING, _, ip_range, "IPRange", 0, "Allocate from this part only")              \
    F(T, STRING, _, gateway, "Gateway", 0, "Or the first address")                       \
    F(T, BOOL, _, prefer, "Prefer", HULL_OMIT, "What was chosen before is only a wish")  \
    F(T, BOOL, _, wide, "Wide", HULL_OMIT, "Choose one for thousands of addresses")      \
    F(T, MAP, _, auxiliary, "AuxiliaryAddresses", 0, "Names to addresses kept free")     \
    F(T, STRING, _, driver, "Driver", HULL_OMIT, "Of the network's IPAM, when not ours") \
    F(T, MAP, _, options, "Options", HULL_OMIT, "For that driver")
HULL_MESSAGE(ipam_pool, IPAM_POOL_FIELDS)
HULL_METHOD(ipam, pool_reserve, ipam_pool, ipam_pool, 0)
HULL_METHOD(ipam, pool_release, ipam_pool, hull_empty, 0)

/* After a restart, before all else: give up the pools of networks that are not in the list. What
 * made or removed such a network had no time to do so. IPAM drivers of others that need it are told
 * again what they gave for those in the list. */
#define IPAM_SWEEP_FIELDS(F, T) F(T, STRV, _, networks, "Networks", 0, "Ids of those that exist")
HULL_MESSAGE(ipam_sweep_request, IPAM_SWEEP_FIELDS)
HULL_METHOD(ipam, sweep, ipam_sweep_request, hull_empty, 0)

/* Reserve an address, the lowest that was not used lately, or the one asked for:
 * -HULL_FORBIDDEN "Address already in use", -HULL_UNAVAILABLE "no available addresses". */
#define IPAM_ADDRESS_FIELDS(F, T)                                       \
    F(T, STRING, _, network_id, "NetworkID", 0, "Pool of this network") \
    F(T, BOOL, _, ipv6, "IPv6", 0, "From its IPv6 pool")                \
    F(T, STRING, _, owner, "Owner", 0, "Container id")                  \
    F(T, STRING, _, address, "Address", 0, "Without prefix, or absent") \
    F(T, INT, _, prefix_len, "PrefixLen", 0, "Reply: of the pool")      \
    F(T, STRING, _, gateway, "Gateway", 0, "Reply: of the pool")        \
    F(T, STRING, _, mac_address, "MacAddress", HULL_OMIT, "Of the interface, when it is known")
HULL_MESSAGE(ipam_address, IPAM_ADDRESS_FIELDS)
HULL_METHOD(ipam, address_reserve, ipam_address, ipam_address, 0)
/* Owner set: all its addresses in the network. Idempotent. */
HULL_METHOD(ipam, address_release, ipam_address, hull_empty, 0)

/* After a restart: release the addresses whose owner is not in the list. Whoever had one could not
 * give it back: the store had no memory or no room for it. */
#define IPAM_OWNERS_FIELDS(F, T) F(T, STRV, _, owners, "Owners", 0, "Containers that run")
HULL_MESSAGE(ipam_owners, IPAM_OWNERS_FIELDS)
HULL_METHOD(ipam, address_sweep, ipam_owners, hull_empty, 0)

#endif
