/*
 * names.h: who has which name in which network. Pure: no system calls, no waiting.
 *
 * A view is what one container is in: its networks, its names and addresses in each, and the
 * names that it alone knows others by. It is replaced as a whole. Names are in lower case.
 */
#ifndef HULL_DNS_NAMES_H
#define HULL_DNS_NAMES_H

#include "dns.h"
#include "packet.h"

/* Addresses of one answer, at most. */
#define DNS_ADDRESSES_MAX 1024

struct dns_net;
struct dns_view;

/* A view of CONTAINER_ID with ENDPOINTS, whose names can be found from now on. Never NULL. */
struct dns_view *dns_view_new(const char *container_id, const struct dns_endpoint *endpoints,
                              size_t count);
/* Its names are gone with it. NULL is allowed. Returns NULL. */
struct dns_view *dns_view_free(struct dns_view *view);
/* True when one of its networks has a way out. */
bool dns_view_forwards(const struct dns_view *view);

struct dns_found {
    bool known; /* the name is one of ours, perhaps without an address of this family */
    size_t count;
    struct ip_addr addresses[DNS_ADDRESSES_MAX];
};
/*
 * The addresses of FAMILY under NAME, as VIEW sees it: its links, the names in its networks in
 * their order, "name.network". Another one comes first each time.
 */
void dns_find_name(struct dns_view *view, const char *name, int family, struct dns_found *ret);
/* "name.network" of the one that has ADDR in a network of VIEW. */
bool dns_find_address(const struct dns_view *view, const struct ip_addr *addr,
                      struct dns_name *ret_name);

/* How many names and networks there are, for tests. */
size_t dns_name_count(void);
size_t dns_net_count(void);

#endif
