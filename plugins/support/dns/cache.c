#include "cache.h"

#include <hull/error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct dns_cached {
    TAILQ_ENTRY(dns_cached) all;
    struct dns_cached **slot;
    struct dns_query query;
    int64_t since_ms;
    int64_t until_ms;
    size_t size;
    uint8_t data[];
};

/* Oldest first. */
static TAILQ_HEAD(dns_cached_list, dns_cached) cached = TAILQ_HEAD_INITIALIZER(cached);
static size_t count;

static void drop(struct dns_cached *entry)
{
    if (entry == NULL)
        return;
    TAILQ_REMOVE(&cached, entry, all);
    *entry->slot = NULL;
    free(entry);
    count--;
}

/* The slot for what QUERY asks. */
static size_t slot_of(const struct dns_query *query)
{
    uint32_t hash = 2166136261u ^ (uint32_t)(query->type << 1 | query->edns);
    for (size_t i = 0; i < query->name.length; i++)
        hash = (hash ^ (query->name.wire[i] | 0x20)) * 16777619u;
    return (hash ^ hash >> 16) % DNS_CACHE_SLOTS;
}

/* All that can make the answer another one. */
static bool same(const struct dns_query *a, const struct dns_query *b)
{
    return a->type == b->type && a->class == b->class && a->recursion == b->recursion &&
           a->checking_disabled == b->checking_disabled && a->edns == b->edns &&
           a->dnssec == b->dnssec && dns_name_equal(&a->name, &b->name);
}

size_t dns_cache_get(struct dns_cache *cache, const struct dns_query *query, int64_t now_ms,
                     uint8_t *out, size_t size)
{
    struct dns_cached *entry = cache->slots == NULL ? NULL : cache->slots[slot_of(query)];
    if (entry == NULL || entry->until_ms <= now_ms || entry->size > size ||
        !same(&entry->query, query))
        return 0;
    memcpy(out, entry->data, entry->size);
    dns_reply_adapt(out, entry->size, query, (uint32_t)((now_ms - entry->since_ms) / 1000));
    return entry->size;
}

void dns_cache_put(struct dns_cache *cache, const struct dns_query *query, int64_t now_ms,
                   const uint8_t *data, size_t size, const struct dns_reply *reply)
{
    if (reply->rcode != DNS_NOERROR || reply->truncated || reply->answers == 0 || reply->ttl == 0 ||
        size > DNS_CACHE_BYTES)
        return;
    if (cache->slots == NULL)
        cache->slots = calloc(DNS_CACHE_SLOTS, sizeof(struct dns_cached *));
    HULL_ASSERT(cache->slots != NULL);
    struct dns_cached **slot = &cache->slots[slot_of(query)];
    drop(*slot);
    if (count >= DNS_CACHE_MAX)
        drop(TAILQ_FIRST(&cached));
    struct dns_cached *entry = malloc(sizeof(*entry) + size);
    HULL_ASSERT(entry != NULL);
    uint32_t ttl = reply->ttl < DNS_CACHE_SECONDS ? reply->ttl : DNS_CACHE_SECONDS;
    entry->slot = slot;
    entry->query = *query;
    entry->since_ms = now_ms;
    entry->until_ms = now_ms + (int64_t)ttl * 1000;
    entry->size = size;
    memcpy(entry->data, data, size);
    *slot = entry;
    TAILQ_INSERT_TAIL(&cached, entry, all);
    count++;
}

void dns_cache_done(struct dns_cache *cache)
{
    for (size_t i = 0; cache->slots != NULL && i < DNS_CACHE_SLOTS; i++)
        drop(cache->slots[i]);
    free(cache->slots);
    cache->slots = NULL;
}

size_t dns_cache_count(void)
{
    return count;
}
