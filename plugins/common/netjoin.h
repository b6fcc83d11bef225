/*
 * netjoin.h: what drivers that make interfaces themselves read out of their requests.
 */
#ifndef HULL_COMMON_NETJOIN_H
#define HULL_COMMON_NETJOIN_H

#include "netdriver.h"
#include "netif.h"

#define NETJOIN_OPTION_MTU "com.docker.network.driver.mtu"

/* The network's option for the MTU; 0 when it has none. -HULL_INVALID names option and value. */
int netjoin_mtu(struct hull_call *call, const struct network *network, int *ret_mtu) HULL_CHECKED;
/* Whether the kernel takes NAME for an interface. */
bool netjoin_name_valid(const char *name);
/* The addresses that were chosen for the endpoint and, if it is to have it, its default route. */
void netjoin_addresses(const struct netdriver_join_request *request, struct nif_inside *inside);
/* The MAC of an endpoint with this IPv4 address when none was asked for, 02:42 and the address: an
 * address that comes back to another container keeps its MAC, and no neighbour holds a stale
 * entry. */
void netjoin_mac(const struct ip_addr *addr, uint8_t ret_mac[6]);

#endif
