#include "pool.h"

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

static struct pool_lease *find_lease(const struct pool *pool, const struct ip_addr *addr)
{
    for (size_t i = 0; i < pool->lease_count; i++) {
        if (ip_compare(&pool->leases[i].addr, addr) == 0)
            return &pool->leases[i];
    }
    return NULL;
}

static void add_lease(struct pool *pool, const struct ip_addr *addr, const char *owner)
{
    if (pool->lease_count == pool->lease_room) {
        pool->lease_room = pool->lease_room * 2 + 8;
        pool->leases = realloc(pool->leases, pool->lease_room * sizeof(*pool->leases));
        HULL_ASSERT(pool->leases != NULL);
    }
    char *copy = strdup(owner);
    HULL_ASSERT(copy != NULL);
    pool->leases[pool->lease_count++] = (struct pool_lease){*addr, copy};
    set_bit(pool, addr, true);
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
    keep_edges(pool);
}

void pool_done(struct pool *pool)
{
    for (size_t i = 0; i < pool->lease_count; i++)
        free(pool->leases[i].owner);
    free(pool->leases);
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
    free(lease->owner);
    *lease = pool->leases[--pool->lease_count];
}

const char *pool_owner(const struct pool *pool, const struct ip_addr *addr)
{
    const struct pool_lease *lease = find_lease(pool, addr);
    return lease == NULL ? NULL : lease->owner;
}

/* --- choosing a network ---------------------------------------------------------------------- */

bool pool_find_net(const struct ip_net *base, unsigned length, const struct ip_net *used,
                   size_t count, struct ip_net *ret_net)
{
    struct ip_net net = {ip_net_first(base), length};
    for (uint64_t tries = 0; tries < POOL_CHOICE_MAX && ip_net_within(base, &net); tries++) {
        size_t i = 0;
        while (i < count && !ip_net_overlap(&net, &used[i]))
            i++;
        if (i == count) {
            *ret_net = net;
            return true;
        }
        /* Go on behind whichever of the two ends later. */
        struct ip_addr mine = ip_net_last(&net);
        struct ip_addr theirs = ip_net_last(&used[i]);
        struct ip_addr before = net.addr;
        net.addr = ip_add(ip_compare(&mine, &theirs) > 0 ? &mine : &theirs, 1);
        if (ip_compare(&net.addr, &before) <= 0)
            return false; /* around the end of all addresses */
    }
    return false;
}
