/*
 * cache.h: answers of other servers, kept for as long as they say. One cache for each container:
 * what one was told (perhaps by a server of its own making) is never told to another one. Answers
 * that say "no such name" are not kept.
 */
#ifndef HULL_DNS_CACHE_H
#define HULL_DNS_CACHE_H

#include "packet.h"

/* Answers that all containers have together; the oldest one makes room. */
#define DNS_CACHE_MAX 8192
/* Of one container. */
#define DNS_CACHE_SLOTS 128
/* Larger ones are not kept, nor are any kept for longer. */
#define DNS_CACHE_BYTES DNS_UDP_ASKED
#define DNS_CACHE_SECONDS 3600

struct dns_cached;
/* Zeroed memory is an empty cache. */
struct dns_cache {
    struct dns_cached **slots;
};

/* Copy the answer to QUERY of at most SIZE bytes to OUT. Returns its size, 0 when there is none. */
size_t dns_cache_get(struct dns_cache *cache, const struct dns_query *query, int64_t now_ms,
                     uint8_t *out, size_t size);
/* Keep the checked answer DATA, of which REPLY is known, when it is worth it. */
void dns_cache_put(struct dns_cache *cache, const struct dns_query *query, int64_t now_ms,
                   const uint8_t *data, size_t size, const struct dns_reply *reply);
void dns_cache_done(struct dns_cache *cache);
/* Answers in all caches. */
size_t dns_cache_count(void);

#endif
