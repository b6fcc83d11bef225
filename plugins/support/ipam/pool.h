/*
 * pool.h: one pool of addresses in memory: which are taken, and which is next. Pure logic.
 */
#ifndef HULL_IPAM_POOL_H
#define HULL_IPAM_POOL_H

#include "address.h"

#include <sys/queue.h>

/* Automatic choice is among the first this many addresses of a range; any can be asked for. */
#define POOL_CHOICE_MAX ((uint64_t)1 << 20)

enum pool_result { POOL_OK, POOL_TAKEN, POOL_FULL, POOL_OUTSIDE };

/* One address that is taken, and by whom; the pool's own have the owner "". */
struct pool_lease {
    LIST_ENTRY(pool_lease) all;
    LIST_ENTRY(pool_lease) same_addr; /* in a chain of the table, with others */
    LIST_ENTRY(pool_lease) same_owner;
    struct ip_addr addr;
    char *owner;
};

LIST_HEAD(pool_leases, pool_lease);

struct pool {
    struct ip_net net;         /* without host part */
    struct ip_net range;       /* where addresses are chosen */
    uint64_t next;             /* offset in the range at which the next search begins */
    uint64_t choices;          /* addresses of the range that can be chosen */
    uint64_t *bitmap;          /* taken ones of these */
    struct pool_leases leases; /* the newest first; so the pool stays where it is */
    size_t lease_count;
    size_t owned_count; /* of these, not the pool's own */
    struct pool_leases *by_addr;
    struct pool_leases *by_owner;
    size_t chains; /* of each of the two; a power of two */
};

/* An empty pool; RANGE NULL is the whole of NET. The first address of an IPv4 network and its
 * last are never given out, nor is the first of an IPv6 one. */
void pool_init(struct pool *pool, const struct ip_net *net, const struct ip_net *range);
/* Free what is in POOL. */
void pool_done(struct pool *pool);
/* Take ADDR for OWNER. */
enum pool_result pool_take(struct pool *pool, const struct ip_addr *addr, const char *owner);
/* Take the next free one for OWNER, so that one just given back rests for a round. */
enum pool_result pool_choose(struct pool *pool, const char *owner, struct ip_addr *ret_addr);
/* Give ADDR back. Nothing happens when it is free. */
void pool_free(struct pool *pool, const struct ip_addr *addr);
/* Who has ADDR, or NULL. */
const char *pool_owner(const struct pool *pool, const struct ip_addr *addr);
/* The lease of ADDR, or NULL. */
const struct pool_lease *pool_find(const struct pool *pool, const struct ip_addr *addr);
/* The first lease of OWNER, and the next one. NULL when there is none. */
const struct pool_lease *pool_first_of(const struct pool *pool, const char *owner);
const struct pool_lease *pool_next_of(const struct pool_lease *lease);
/* How many leases were looked at since the start, for tests. */
uint64_t pool_steps(void);
/* Put networks in the order that pool_find_net() wants. */
void pool_sort_nets(struct ip_net *nets, size_t count);
/*
 * The first network of LENGTH in BASE that overlaps none of COUNT sorted networks at USED, each of
 * which is looked at once. False when there is none.
 */
bool pool_find_net(const struct ip_net *base, unsigned length, const struct ip_net *used,
                   size_t count, struct ip_net *ret_net);

#endif
