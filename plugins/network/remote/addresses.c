/*
 * The IPAM of plugins. The network engine knows networks and containers, a plugin knows pools by
 * ids of its own: what it gave for whom is recorded.
 */
#include "remote.h"

#include "address.h"
#include "json.h"

#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

HULL_MESSAGE_DEFINE(rmt_pool, RMT_POOL_FIELDS)
HULL_MESSAGE_DEFINE(rmt_lease, RMT_LEASE_FIELDS)

const char *rmt_pool_key(struct hull_call *call, const char *network_id, bool ipv6)
{
    return hull_printf(call, "%s/%c", network_id, ipv6 ? '6' : '4');
}

static int load_pool(struct hull_call *call, const char *network_id, bool ipv6,
                     struct rmt_pool *ret, bool *ret_found)
{
    return rmt_load(call, RMT_POOLS, rmt_pool_key(call, network_id, ipv6), &rmt_pool_message, ret,
                    ret_found);
}

int rmt_address_space(struct hull_call *call, const char *network_id, bool ipv6, const char **ret)
{
    struct rmt_pool pool;
    bool found;
    int rc = load_pool(call, network_id, ipv6, &pool, &found);
    *ret = rc == 0 && found ? pool.address_space : "LocalDefault";
    return rc;
}

/* --- asking the plugin ------------------------------------------------------------------------ */

/* An address of the net that an interface can have. */
static bool is_usable(const struct ip_net *net, const struct ip_addr *addr)
{
    struct ip_addr first = ip_net_first(net), last = ip_net_last(net);
    if (!ip_net_has(net, addr))
        return false;
    return addr->family != AF_INET || net->length == 0 || net->length >= 31 ||
           (ip_compare(addr, &first) != 0 && ip_compare(addr, &last) != 0);
}

int rmt_request_address(struct hull_call *call, const struct rmt_pool *pool, const char *wanted,
                        const char *option, const char *value, const char **ret)
{
    static const char method[] = "IpamDriver.RequestAddress";
    struct rmt_request_address request = {.pool_id = pool->pool_id,
                                          .address = wanted == NULL ? "" : wanted};
    struct rmt_address_reply reply;
    struct ip_net net, inside;
    struct ip_addr asked;
    char text[IP_TEXT_SIZE];
    if (option != NULL)
        hull_map_set(hull_call_arena(call), &request.options, option, value);
    int rc = rmt_call(call, pool->driver, method, &rmt_request_address_message, &request,
                      &rmt_address_reply_message, &reply);
    if (rc < 0)
        return rc;
    if (!ip_net_parse(reply.address, &net) || !ip_net_parse(pool->pool, &inside) ||
        !is_usable(&inside, &net.addr))
        return plugin_lie(call, pool->driver, method, "\"%.64s\" is no address in %s",
                          reply.address == NULL ? "" : reply.address, pool->pool);
    if (ip_parse(request.address, &asked) && ip_compare(&asked, &net.addr) != 0)
        return plugin_lie(call, pool->driver, method, "it gave %s when asked for %s", reply.address,
                          request.address);
    *ret = hull_strdup(call, ip_text(&net.addr, text));
    return rmt_forgive(call, pool->driver, pool->pool_id, *ret);
}

static const char *release_method(const char *address)
{
    return address == NULL ? "IpamDriver.ReleasePool" : "IpamDriver.ReleaseAddress";
}

static int release(struct hull_call *call, const struct rmt_pool *pool, const char *address)
{
    struct rmt_release request = {.pool_id = pool->pool_id, .address = address};
    return rmt_call_brief(call, pool->driver, release_method(address), &rmt_release_message,
                          &request);
}

static int request_pool(struct hull_call *call, const struct ipam_pool *request,
                        struct rmt_pool *pool, struct hull_map *ret_data)
{
    static const char method[] = "IpamDriver.RequestPool";
    struct rmt_capabilities capabilities = {.requires_mac = false};
    struct rmt_spaces spaces;
    struct ip_net net;
    int rc = rmt_settle(call, pool->driver);
    if (rc == 0)
        rc = rmt_call(call, pool->driver, "IpamDriver.GetCapabilities", NULL, NULL,
                      &rmt_capabilities_message, &capabilities);
    rc = rmt_optional(call, rc);
    if (rc == 0)
        rc = rmt_call(call, pool->driver, "IpamDriver.GetDefaultAddressSpaces", NULL, NULL,
                      &rmt_spaces_message, &spaces);
    if (rc < 0)
        return rc;
    struct rmt_request_pool wanted = {.address_space = spaces.local,
                                      .pool = request->subnet,
                                      .sub_pool = request->ip_range,
                                      .options = request->options,
                                      .v6 = request->ipv6};
    struct rmt_request_pool_reply reply;
    rc = rmt_call(call, pool->driver, method, &rmt_request_pool_message, &wanted,
                  &rmt_request_pool_reply_message, &reply);
    if (rc < 0)
        return rc;
    if (!hull_streq(reply.pool_id, NULL))
        rc = rmt_forgive(call, pool->driver, reply.pool_id, NULL);
    pool->address_space = spaces.local;
    pool->pool_id = reply.pool_id;
    pool->pool = reply.pool;
    pool->sub_pool = request->ip_range;
    pool->options = request->options;
    pool->requires_mac = capabilities.requires_mac;
    pool->replay = capabilities.replay;
    *ret_data = reply.data;
    if (!ip_net_parse(reply.pool, &net) || (net.addr.family == AF_INET6) != request->ipv6)
        return plugin_lie(call, pool->driver, method, "\"%s\" is no IPv%c subnet",
                          reply.pool == NULL ? "" : reply.pool, request->ipv6 ? '6' : '4');
    return rc;
}

/* --- pools ------------------------------------------------------------------------------------ */

struct held {
    const char *key;
    struct rmt_pool pool;
};

/* Release ADDRESS of the pool, or without one the pool itself; what is not heard is in COMMIT then.
 * SILENT: it did not listen before, and is not asked now. */
static int release_or_owe(struct hull_call *call, const struct rmt_pool *pool, const char *address,
                          bool *silent, struct state_commit_request *commit)
{
    const struct rmt_owed what = {.pool_id = pool->pool_id, .address = address};
    int rc = *silent ? 0 : release(call, pool, address);
    *silent = *silent || rmt_is_silent(call, pool->driver, rc);
    if (*silent)
        rmt_owe(call, pool->driver, release_method(address), &what, commit);
    return rc;
}

static void add_removal(struct hull_call *call, const char *bucket, const char *key,
                        struct state_commit_request *commit)
{
    *(HULL_LIST_ADD(hull_call_arena(call), &commit->operations)) =
        (struct state_document){.bucket = bucket, .key = key};
}

/* Tell of the failure RC, once what is to be kept of it is. */
static int keep(struct hull_call *call, int rc, const struct state_commit_request *commit)
{
    const char *error = rc < 0 ? hull_strdup(call, hull_error(call)) : NULL;
    int stored = rmt_commit(call, commit);
    if (stored < 0)
        return stored;
    return rc < 0 ? hull_fail(call, (enum hull_kind) - rc, "%s", error) : 0;
}

int rmt_pool_give_back(struct hull_call *call, const char *key, const struct rmt_pool *pool)
{
    struct state_commit_request commit = {0};
    bool silent = false;
    int first = 0;
    for (size_t i = 0; i <= pool->requested.n; i++) {
        const char *address = i < pool->requested.n ? pool->requested.v[i] : NULL;
        int rc = release_or_owe(call, pool, address, &silent, &commit);
        first = first < 0 ? first : rc;
    }
    add_removal(call, RMT_POOLS, key, &commit);
    return keep(call, first, &commit);
}

static void undo_pool(struct hull_call *call, void *arg)
{
    const struct held *held = arg;
    if (rmt_pool_give_back(call, held->key, &held->pool) < 0)
        hull_log(call, HULL_LOG_WARN, "pool not given back to the plugin", "error",
                 hull_error(call), NULL);
}

/* The gateway that the plugin chose, or one of its addresses. */
static int choose_gateway(struct hull_call *call, const struct ipam_pool *request,
                          const struct hull_map *data, struct rmt_pool *pool)
{
    const char *given = hull_map_find(data, RMT_GATEWAY);
    struct ip_net net, inside;
    char text[IP_TEXT_SIZE];
    if (hull_streq(request->gateway, NULL) && !hull_streq(given, NULL)) {
        if (!ip_net_parse(given, &net) || !ip_net_parse(pool->pool, &inside) ||
            !is_usable(&inside, &net.addr))
            return plugin_lie(call, pool->driver, "IpamDriver.RequestPool",
                              "the gateway \"%.64s\" is no address in %s", given, pool->pool);
        pool->gateway = hull_strdup(call, ip_text(&net.addr, text));
        return 0;
    }
    int rc = rmt_request_address(call, pool, request->gateway, "RequestAddressType", RMT_GATEWAY,
                                 &pool->gateway);
    if (rc == 0)
        hull_strv_add(hull_call_arena(call), &pool->requested, pool->gateway);
    return rc;
}

static int request_others(struct hull_call *call, const struct ipam_pool *request,
                          struct rmt_pool *pool)
{
    for (size_t i = 0; i < request->auxiliary.n; i++) {
        const char *address;
        int rc =
            rmt_request_address(call, pool, request->auxiliary.v[i].value, NULL, NULL, &address);
        if (rc < 0)
            return rc;
        hull_strv_add(hull_call_arena(call), &pool->requested, address);
    }
    return 0;
}

int rmt_pool_reserve(struct hull_call *call, const struct ipam_pool *request,
                     struct ipam_pool *ret_reply)
{
    struct held *held = hull_alloc(call, sizeof(*held));
    struct hull_map data = {0};
    *held = (struct held){.key = rmt_pool_key(call, request->network_id, request->ipv6),
                          .pool = {.driver = request->driver}};
    int rc = request_pool(call, request, &held->pool, &data);
    if (held->pool.pool_id == NULL)
        return rc < 0 ? rc
                      : plugin_lie(call, request->driver, "IpamDriver.RequestPool",
                                   "it has no PoolID");
    hull_undo(call, undo_pool, held);
    if (rc == 0)
        rc = rmt_store(call, RMT_POOLS, held->key, &rmt_pool_message, &held->pool);
    if (rc == 0)
        rc = choose_gateway(call, request, &data, &held->pool);
    if (rc == 0)
        rc = request_others(call, request, &held->pool);
    if (rc == 0)
        rc = rmt_store(call, RMT_POOLS, held->key, &rmt_pool_message, &held->pool);
    *ret_reply = *request;
    ret_reply->subnet = held->pool.pool;
    ret_reply->gateway = held->pool.gateway;
    return rc;
}

int rmt_pool_release(struct hull_call *call, const struct ipam_pool *request,
                     struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct held held = {.key = rmt_pool_key(call, request->network_id, request->ipv6)};
    bool found = false;
    int rc = rmt_replayed(call, held.key);
    if (rc == 0)
        rc = load_pool(call, request->network_id, request->ipv6, &held.pool, &found);
    return rc < 0 || !found ? rc : rmt_pool_give_back(call, held.key, &held.pool);
}

/* --- addresses -------------------------------------------------------------------------------- */

static const char *lease_key(struct hull_call *call, const struct ipam_address *request)
{
    return hull_printf(call, "%s/%c/%s", request->network_id, request->ipv6 ? '6' : '4',
                       request->owner);
}

static int new_mac(struct hull_call *call, const char **ret)
{
    uint8_t mac[6];
    char text[18];
    if (getrandom(mac, sizeof(mac), 0) != (ssize_t)sizeof(mac))
        return hull_fail(call, HULL_INTERNAL, "no random numbers");
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
    *ret = hull_strdup(call, mac_text(mac, text));
    return 0;
}

struct taken {
    struct rmt_pool pool;
    const char *address;
    const char *key;
};

static void undo_address(struct hull_call *call, void *arg)
{
    const struct taken *taken = arg;
    struct state_commit_request commit = {0};
    bool silent = false;
    int rc = release_or_owe(call, &taken->pool, taken->address, &silent, &commit);
    add_removal(call, RMT_ADDRESSES, taken->key, &commit);
    if (keep(call, rc, &commit) < 0)
        hull_log(call, HULL_LOG_WARN, "address not given back to the plugin", "error",
                 hull_error(call), NULL);
}

/* Who has ADDRESS already, besides the lease KEY. */
struct rivals {
    const char *key, *address;
    const char *found;
};

static int note_rival(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    const char *text = hull_strdup(call, document->value);
    struct rivals *rivals = ctx;
    struct rmt_lease lease;
    int rc = json_decode_call(call, &rmt_lease_message, text, strlen(text), 0, &lease);
    if (rc == 0 && hull_streq(lease.address, rivals->address) &&
        strcmp(document->key, rivals->key) != 0)
        rivals->found = hull_strdup(call, strrchr(document->key, '/') + 1);
    return rc;
}

/* A plugin that gives somebody's address to somebody else is told so; it stays who has it. */
static int check_rivals(struct hull_call *call, const struct rmt_pool *pool, const char *key,
                        const char *address)
{
    const char *prefix = hull_printf(call, "%.*s", (int)(strrchr(key, '/') + 1 - key), key);
    struct state_key all = {.bucket = RMT_ADDRESSES, .key = prefix};
    struct rivals rivals = {key, address, NULL};
    struct state_document last;
    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last,
                            &(struct hull_sink){.reply = note_rival, .ctx = &rivals});
    if (rc == 0 && hull_streq(address, pool->gateway))
        rivals.found = "the gateway";
    if (rc < 0 || rivals.found == NULL)
        return rc;
    return plugin_lie(call, pool->driver, "IpamDriver.RequestAddress",
                      "it gave %s, which %.12s has", address, rivals.found);
}

int rmt_address_reserve(struct hull_call *call, const struct ipam_address *request,
                        struct ipam_address *ret_reply)
{
    struct rmt_pool pool = {.requires_mac = false};
    struct rmt_lease lease;
    struct ip_net net;
    bool found = false;
    const char *mac = hull_streq(request->mac_address, NULL) ? NULL : request->mac_address;
    int rc = rmt_replayed(call, rmt_pool_key(call, request->network_id, request->ipv6));
    if (rc == 0)
        rc = load_pool(call, request->network_id, request->ipv6, &pool, &found);
    if (rc == 0 && !found)
        rc = hull_fail(call, HULL_NOT_FOUND, "network %.12s has no pool of a plugin",
                       request->network_id);
    if (rc == 0)
        rc = rmt_settle(call, pool.driver);
    if (rc == 0 && pool.requires_mac && mac == NULL)
        rc = new_mac(call, &mac);
    if (rc < 0)
        return rc;
    const char *wanted = hull_streq(request->address, NULL) ? NULL : request->address;
    rc = rmt_request_address(call, &pool, wanted, pool.requires_mac ? RMT_MAC : NULL, mac,
                             &lease.address);
    if (rc == 0)
        rc = check_rivals(call, &pool, lease_key(call, request), lease.address);
    if (rc < 0)
        return rc;
    struct taken *taken = hull_alloc(call, sizeof(*taken));
    *taken = (struct taken){pool, lease.address, lease_key(call, request)};
    hull_undo(call, undo_address, taken);
    lease.mac = pool.requires_mac ? mac : NULL;
    rc = rmt_store(call, RMT_ADDRESSES, lease_key(call, request), &rmt_lease_message, &lease);
    if (rc < 0)
        return rc;
    *ret_reply = *request;
    ret_reply->address = lease.address;
    ret_reply->prefix_len = ip_net_parse(pool.pool, &net) ? net.length : 0;
    ret_reply->gateway = pool.gateway;
    ret_reply->mac_address = mac;
    return 0;
}

int rmt_address_release(struct hull_call *call, const struct ipam_address *request,
                        struct hull_empty *ret_reply)
{
    (void)ret_reply;
    const char *key = lease_key(call, request);
    struct rmt_pool pool;
    struct rmt_lease lease;
    bool found = false;
    bool has_pool = false;
    int rc = rmt_replayed(call, rmt_pool_key(call, request->network_id, request->ipv6));
    if (rc == 0)
        rc = rmt_load(call, RMT_ADDRESSES, key, &rmt_lease_message, &lease, &found);
    if (rc == 0 && found)
        rc = load_pool(call, request->network_id, request->ipv6, &pool, &has_pool);
    if (rc < 0 || !found)
        return rc;
    struct state_commit_request commit = {0};
    bool silent = false;
    rc = has_pool ? release_or_owe(call, &pool, lease.address, &silent, &commit) : 0;
    add_removal(call, RMT_ADDRESSES, key, &commit);
    return keep(call, rc, &commit);
}
