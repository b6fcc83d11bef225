#include "pool.h"

#include "hash.h"

#include <hull/error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* --- the bitmap ------------------------------------------------------------------------------ */

/* The bit of ADDR; false when it is outside of what can be chosen. */
static bool bit_of(const struct pool *pool, const struct ip_addr *addr, uint64_t *ret_bit)
{
    if (!ip_net_has(&pool->range, addr))
        return false;
    *ret_bit = ip_distance(&pool->range.addr, addr);
    return *ret_bit < pool->choices;
}

static void set_bit(struct pool *pool, const struct ip_addr *addr, bool set)
{
    uint64_t bit;
    if (!bit_of(pool, addr, &bit))
        return;
    uint64_t mask = (uint64_t)1 << (bit % 64);
    if (set)
        pool->bitmap[bit / 64] |= mask;
    else
        pool->bitmap[bit / 64] &= ~mask;
}

/* The first free bit in [FROM, TO); false when there is none. Skips full words. */
static bool find_free(const struct pool *pool, uint64_t from, uint64_t to, uint64_t *ret_bit)
{
    for (uint64_t bit = from; bit < to; bit = (bit / 64 + 1) * 64) {
        uint64_t free_bits = ~pool->bitmap[bit / 64] & (UINT64_MAX << (bit % 64));
        if (free_bits == 0)
            continue;
        *ret_bit = bit / 64 * 64 + (uint64_t)__builtin_ctzll(free_bits);
        return *ret_bit < to;
    }
    return false;
}

/* --- leases ---------------------------------------------------------------------------------- */

#define CHAINS_AT_FIRST 16

static uint64_t steps;

static size_t chain_of(const struct pool *pool, const void *data, size_t size)
{
    uint32_t hash = hash_bytes(data, size);
    return (hash ^ hash >> 15) & (pool->chains - 1);
}

static struct pool_leases *addr_chain(const struct pool *pool, const struct ip_addr *addr)
{
    return &pool->by_addr[chain_of(pool, addr->bytes, ip_size(addr->family))];
}

static struct pool_leases *owner_chain(const struct pool *pool, const char *owner)
{
    return &pool->by_owner[chain_of(pool, owner, strlen(owner))];
}

static struct pool_lease *find_lease(const struct pool *pool, const struct ip_addr *addr)
{
    struct pool_lease *lease = LIST_FIRST(addr_chain(pool, addr));
    for (; lease != NULL; lease = LIST_NEXT(lease, same_addr)) {
        steps++;
        if (ip_compare(&lease->addr, addr) == 0)
            return lease;
    }
    return NULL;
}

static void put_in_chains(struct pool *pool, struct pool_lease *lease)
{
    LIST_INSERT_HEAD(addr_chain(pool, &lease->addr), lease, same_addr);
    LIST_INSERT_HEAD(owner_chain(pool, lease->owner), lease, same_owner);
}

static void set_chains(struct pool *pool, size_t chains)
{
    free(pool->by_addr);
    free(pool->by_owner);
    pool->chains = chains;
    pool->by_addr = calloc(chains, sizeof(*pool->by_addr));
    pool->by_owner = calloc(chains, sizeof(*pool->by_owner));
    HULL_ASSERT(pool->by_addr != NULL && pool->by_owner != NULL);
    struct pool_lease *lease = LIST_FIRST(&pool->leases);
    for (; lease != NULL; lease = LIST_NEXT(lease, all)) {
        steps++;
        put_in_chains(pool, lease);
    }
}

static void add_lease(struct pool *pool, const struct ip_addr *addr, const char *owner)
{
    struct pool_lease *lease = calloc(1, sizeof(*lease));
    HULL_ASSERT(lease != NULL);
    lease->addr = *addr;
    lease->owner = strdup(owner);
    HULL_ASSERT(lease->owner != NULL);
    LIST_INSERT_HEAD(&pool->leases, lease, all);
    pool->owned_count += *owner != '\0';
    if (++pool->lease_count > pool->chains)
        set_chains(pool, pool->chains * 2);
    else
        put_in_chains(pool, lease);
    set_bit(pool, addr, true);
}

static void free_lease(struct pool *pool, struct pool_lease *lease)
{
    LIST_REMOVE(lease, all);
    LIST_REMOVE(lease, same_addr);
    LIST_REMOVE(lease, same_owner);
    pool->lease_count--;
    pool->owned_count -= *lease->owner != '\0';
    free(lease->owner);
    free(lease);
}

const struct pool_lease *pool_find(const struct pool *pool, const struct ip_addr *addr)
{
    return find_lease(pool, addr);
}

/* The next one of OWNER from LEASE on, in its chain. */
static const struct pool_lease *match_owner(const struct pool_lease *lease, const char *owner)
{
    for (; lease != NULL; lease = LIST_NEXT(lease, same_owner)) {
        steps++;
        if (strcmp(lease->owner, owner) == 0)
            return lease;
    }
    return NULL;
}

const struct pool_lease *pool_first_of(const struct pool *pool, const char *owner)
{
    return match_owner(LIST_FIRST(owner_chain(pool, owner)), owner);
}

const struct pool_lease *pool_next_of(const struct pool_lease *lease)
{
    return match_owner(LIST_NEXT(lease, same_owner), lease->owner);
}

uint64_t pool_steps(void)
{
    return steps;
}

/* --- the pool -------------------------------------------------------------------------------- */

/* A network address and a broadcast address can't be an interface's. /31 and /32 have none. */
static void keep_edges(struct pool *pool)
{
    if (pool->net.length + 1 >= ip_size(pool->net.addr.family) * 8)
        return;
    struct ip_addr first = ip_net_first(&pool->net);
    struct ip_addr last = ip_net_last(&pool->net);
    add_lease(pool, &first, "");
    if (pool->net.addr.family == AF_INET)
        add_lease(pool, &last, "");
}

void pool_init(struct pool *pool, const struct ip_net *net, const struct ip_net *range)
{
    *pool = (struct pool){.net = ip_net_base(net)};
    pool->range = range == NULL ? pool->net : ip_net_base(range);
    uint64_t size = ip_net_size(&pool->range);
    pool->choices = size < POOL_CHOICE_MAX ? size : POOL_CHOICE_MAX;
    pool->bitmap = calloc((size_t)(pool->choices + 63) / 64, sizeof(*pool->bitmap));
    HULL_ASSERT(pool->bitmap != NULL);
    LIST_INIT(&pool->leases);
    set_chains(pool, CHAINS_AT_FIRST);
    keep_edges(pool);
}

void pool_done(struct pool *pool)
{
    while (!LIST_EMPTY(&pool->leases))
        free_lease(pool, LIST_FIRST(&pool->leases));
    free(pool->by_addr);
    free(pool->by_owner);
    free(pool->bitmap);
    *pool = (struct pool){0};
}

enum pool_result pool_take(struct pool *pool, const struct ip_addr *addr, const char *owner)
{
    if (!ip_net_has(&pool->net, addr))
        return POOL_OUTSIDE;
    if (find_lease(pool, addr) != NULL)
        return POOL_TAKEN;
    add_lease(pool, addr, owner);
    return POOL_OK;
}

enum pool_result pool_choose(struct pool *pool, const char *owner, struct ip_addr *ret_addr)
{
    uint64_t bit;
    if (!find_free(pool, pool->next, pool->choices, &bit) && !find_free(pool, 0, pool->next, &bit))
        return POOL_FULL;
    *ret_addr = ip_add(&pool->range.addr, bit);
    add_lease(pool, ret_addr, owner);
    pool->next = bit + 1 < pool->choices ? bit + 1 : 0;
    return POOL_OK;
}

void pool_free(struct pool *pool, const struct ip_addr *addr)
{
    struct pool_lease *lease = find_lease(pool, addr);
    if (lease == NULL)
        return;
    set_bit(pool, addr, false);
    free_lease(pool, lease);
}

const char *pool_owner(const struct pool *pool, const struct ip_addr *addr)
{
    const struct pool_lease *lease = find_lease(pool, addr);
    return lease == NULL ? NULL : lease->owner;
}

/* --- choosing a network ---------------------------------------------------------------------- */

static int by_first(const void *a, const void *b)
{
    const struct ip_net *const nets[] = {a, b};
    struct ip_addr first = ip_net_first(nets[0]);
    struct ip_addr other = ip_net_first(nets[1]);
    return ip_compare(&first, &other);
}

void pool_sort_nets(struct ip_net *nets, size_t count)
{
    if (count > 0)
        qsort(nets, count, sizeof(*nets), by_first);
}

bool pool_find_net(const struct ip_net *base, unsigned length, const struct ip_net *used,
                   size_t count, struct ip_net *ret_net)
{
    struct ip_net net = {ip_net_first(base), length};
    for (size_t i = 0; i < count; i++) {
        steps++;
        /* In their order: one that did not overlap NET overlaps none that comes later. */
        if (!ip_net_overlap(&net, &used[i]))
            continue;
        struct ip_addr mine = ip_net_last(&net);
        struct ip_addr theirs = ip_net_last(&used[i]);
        struct ip_addr before = net.addr;
        /* Go on behind whichever of the two ends later. */
        net.addr = ip_add(ip_compare(&mine, &theirs) > 0 ? &mine : &theirs, 1);
        if (ip_compare(&net.addr, &before) <= 0)
            return false; /* around the end of all addresses */
    }
    if (!ip_net_within(base, &net))
        return false;
    *ret_net = net;
    return true;
}
