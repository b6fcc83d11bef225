/*
 * replay.c: the IPAM of plugins after a restart of the daemon. One that requires replay keeps
 * nothing itself: it is asked again for each pool and each address that it gave. Pools of networks
 * that do not exist, because a crash cut off their making or removing, go back.
 *
 * This is done beside all else, for a plugin may be slow or away; who needs a pool waits for it.
 */
#include "remote.h"

#include "json.h"
#include "plugin_client.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

struct replay {
    char *key;
    bool known; /* the network exists */
    struct replay *next;
};
static struct replay *replays;
static struct hull_cond replays_changed;

int rmt_replayed(struct hull_call *call, const char *key)
{
    const struct replay *at = replays;
    int rc = 0;
    while (rc == 0 && at != NULL) {
        if (strcmp(at->key, key) != 0) {
            at = at->next;
            continue;
        }
        rc = hull_cond_wait(call, &replays_changed);
        at = replays;
    }
    return rc;
}

/* --- asking again ----------------------------------------------------------------------------- */

/* One that fails is no obstacle to the others. */
static void ask_again(struct hull_call *call, const struct rmt_pool *pool, const char *address,
                      const char *option, const char *value)
{
    const char *ignored;
    if (rmt_request_address(call, pool, address, option, value, &ignored) < 0)
        hull_log(call, HULL_LOG_WARN, "an IPAM plugin does not give an address again", "address",
                 address, "error", hull_error(call), NULL);
    hull_error_clear(call);
}

struct leases {
    size_t n;
    struct rmt_lease *v;
};

static int note_lease(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    const char *text = hull_strdup(call, document->value);
    return json_decode_call(call, &rmt_lease_message, text, strlen(text), 0,
                            HULL_LIST_ADD(hull_call_arena(call), (struct leases *)ctx));
}

static int ask_for_leases(struct hull_call *call, const struct rmt_pool *pool, const char *key)
{
    struct state_key all = {.bucket = RMT_ADDRESSES, .key = hull_printf(call, "%s/", key)};
    struct leases leases = {0};
    struct state_document last;
    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last,
                            &(struct hull_sink){.reply = note_lease, .ctx = &leases});
    for (size_t i = 0; rc == 0 && i < leases.n; i++)
        ask_again(call, pool, leases.v[i].address, leases.v[i].mac == NULL ? NULL : RMT_MAC,
                  leases.v[i].mac);
    return rc;
}

static int replay_pool(struct hull_call *call, struct rmt_pool *pool, const char *key)
{
    static const char method[] = "IpamDriver.RequestPool";
    struct rmt_request_pool wanted = {.address_space = pool->address_space,
                                      .pool = pool->pool,
                                      .sub_pool = pool->sub_pool,
                                      .options = pool->options,
                                      .v6 = key[strlen(key) - 1] == '6'};
    struct rmt_request_pool_reply reply;
    int rc = rmt_call(call, pool->driver, method, &rmt_request_pool_message, &wanted,
                      &rmt_request_pool_reply_message, &reply);
    if (rc == 0 && (!hull_streq(reply.pool, pool->pool) || hull_streq(reply.pool_id, NULL)))
        rc = plugin_lie(call, pool->driver, method, "it gave \"%s\" when asked for %s again",
                        reply.pool == NULL ? "" : reply.pool, pool->pool);
    if (rc < 0)
        return rc;
    pool->pool_id = reply.pool_id;
    rc = rmt_store(call, RMT_POOLS, key, &rmt_pool_message, pool);
    for (size_t i = 0; rc == 0 && i < pool->requested.n; i++) {
        const char *address = pool->requested.v[i];
        bool gateway = hull_streq(address, pool->gateway);
        ask_again(call, pool, address, gateway ? "RequestAddressType" : NULL, RMT_GATEWAY);
    }
    return rc < 0 ? rc : ask_for_leases(call, pool, key);
}

/* --- after a restart -------------------------------------------------------------------------- */

static void end(struct replay *replay)
{
    struct replay **at = &replays;
    while (*at != replay)
        at = &(*at)->next;
    *at = replay->next;
    free(replay->key);
    free(replay);
    hull_cond_broadcast(&replays_changed);
}

static int run(struct hull_call *call, void *arg)
{
    struct replay *replay = arg;
    struct rmt_pool pool;
    bool found;
    int rc = rmt_load(call, RMT_POOLS, replay->key, &rmt_pool_message, &pool, &found);
    if (rc == 0 && found)
        rc = replay->known ? replay_pool(call, &pool, replay->key)
                           : rmt_pool_give_back(call, replay->key, &pool);
    if (rc < 0 && hull_check(call) == 0)
        hull_log(call, HULL_LOG_WARN, "an IPAM plugin was not told of a pool", "pool", replay->key,
                 "error", hull_error(call), NULL);
    hull_error_clear(call);
    end(replay);
    return 0;
}

struct sweeping {
    struct hull_call *call;
    const struct hull_strv *networks;
};

static int note_pool(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    const struct sweeping *sweeping = ctx;
    const char *text = hull_strdup(call, document->value);
    const char *slash = strchr(document->key, '/');
    struct rmt_pool pool;
    int rc = json_decode_call(call, &rmt_pool_message, text, strlen(text), 0, &pool);
    if (rc < 0 || slash == NULL)
        return rc;
    bool known = hull_strv_contains(
        sweeping->networks, hull_printf(call, "%.*s", (int)(slash - document->key), document->key));
    if (known && !pool.replay)
        return 0;
    struct replay *replay = calloc(1, sizeof(*replay));
    HULL_ASSERT(replay != NULL && (replay->key = strdup(document->key)) != NULL);
    replay->known = known;
    replay->next = replays;
    replays = replay;
    return 0;
}

/* Only what is on record now: a network may be made while the plugins are asked. */
int rmt_sweep(struct hull_call *call, const struct ipam_sweep_request *request,
              struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct sweeping sweeping = {call, &request->networks};
    struct state_key all = {.bucket = RMT_POOLS};
    struct state_document last;
    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last,
                            &(struct hull_sink){.reply = note_pool, .ctx = &sweeping});
    for (struct replay *replay = replays; replay != NULL; replay = replay->next)
        hull_spawn("ipam replay", run, replay);
    return rc < 0 ? rc : rmt_settle_all(call);
}
