/*
 * ipam.c: the service "ipam": pools of addresses, and who has which.
 *
 * The state store holds one document per pool (bucket "ipam-pool", key NETWORK/4 or NETWORK/6)
 * and one per address (bucket "ipam-address", key NETWORK/4/ADDRESS), so that taking one among
 * ten thousand writes one small row. All of it is read once, when the plugin is loaded, and kept
 * as bitmaps; an address is marked in memory before the commit that records it and freed again
 * when that fails, so that two requests never get the same one.
 *
 * A pool that nobody named comes from default-address-pools, or from ranges of /24 networks (the
 * default bridge: /20) that other engines leave alone; it overlaps no pool, and no route or address
 * of this host.
 */
#include "ipam.h"

#include "api/config.h"
#include "failpoint.h"
#include "json.h"
#include "netlink.h"
#include "pool.h"
#include "state.h"

#include <hull/hull.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOL_BUCKET "ipam-pool"
#define ADDRESS_BUCKET "ipam-address"

struct entry {
    struct entry *next;
    char *key; /* NETWORK/4 */
    char *gateway;
    struct pool pool;
};

static struct entry *entries;
static struct hull_lock lock; /* over the choice of a pool, which yields */

static const struct config_pool default_pools[] = {
    {"10.201.0.0/16", 24}, {"10.88.0.0/16", 24}, {"172.31.0.0/16", 24}, {"192.168.128.0/17", 24}};
/* For a network that nobody gave a subnet and that everybody joins: 4093 containers. */
#define WIDE_LENGTH 20
static const struct config_pool default_pools6[] = {{"fd68:756c:6c00::/48", 64}};

/* --- state ----------------------------------------------------------------------------------- */

static char *pool_key(struct hull_call *call, const char *network_id, bool ipv6)
{
    return hull_printf(call, "%s/%c", network_id, ipv6 ? '6' : '4');
}

static struct entry *find_entry(const char *key)
{
    struct entry *entry = entries;
    while (entry != NULL && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

static void free_entry(struct entry *entry)
{
    struct entry **link = &entries;
    while (*link != NULL && *link != entry)
        link = &(*link)->next;
    if (*link != NULL)
        *link = entry->next;
    pool_done(&entry->pool);
    free(entry->key);
    free(entry->gateway);
    free(entry);
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    HULL_ASSERT(copy != NULL);
    return copy;
}

/* --- a pool from its description ------------------------------------------------------------- */

static int read_net(struct hull_call *call, const char *what, const char *text,
                    struct ip_net *ret_net)
{
    if (ip_net_parse(text, ret_net))
        return 0;
    return hull_fail(call, HULL_INVALID,
                     "invalid network config:\ninvalid %s %s: invalid CIDR block notation", what,
                     text);
}

/* TEXT is called WHAT when it can't be in the subnet, and TAKEN when somebody has it. */
static int take_own(struct hull_call *call, struct pool *pool, const char *what, const char *taken,
                    const char *text)
{
    struct ip_addr addr;
    char net[IP_TEXT_SIZE];
    if (!ip_parse(text, &addr))
        return hull_fail(call, HULL_INVALID, "invalid network config:\ninvalid %s: invalid address",
                         what);
    if (addr.family != pool->net.addr.family)
        return hull_fail(call, HULL_INVALID,
                         "invalid network config:\ninvalid %s: parent subnet is an IPv%c block",
                         what, pool->net.addr.family == AF_INET6 ? '6' : '4');
    switch (pool_take(pool, &addr, "")) {
    case POOL_OUTSIDE:
        return hull_fail(call, HULL_INVALID,
                         "invalid network config:\ninvalid %s: parent subnet %s doesn't contain "
                         "this address",
                         what, ip_net_text(&pool->net, net));
    case POOL_TAKEN:
        return hull_fail(call, HULL_FORBIDDEN, "failed to allocate %s: Address already in use",
                         taken);
    case POOL_OK:
    case POOL_FULL:
        break;
    }
    return 0;
}

/* The gateway: the one named, or the first address; and the addresses to keep free. */
static int reserve_own(struct hull_call *call, struct pool *pool, const struct ipam_pool *spec,
                       const char **ret_gateway)
{
    const char *gateway = spec->gateway;
    if (gateway == NULL || *gateway == '\0') {
        struct ip_addr first = ip_add(&pool->net.addr, 1);
        char text[IP_TEXT_SIZE];
        gateway = hull_strdup(call, ip_text(&first, text));
    }
    int rc = take_own(call, pool, hull_printf(call, "gateway %s", gateway),
                      hull_printf(call, "gateway (%s)", gateway), gateway);
    for (size_t i = 0; i < spec->auxiliary.n && rc == 0; i++) {
        const char *name = spec->auxiliary.v[i].key, *text = spec->auxiliary.v[i].value;
        rc = take_own(call, pool, hull_printf(call, "auxiliary address %s", name),
                      hull_printf(call, "secondary ip address (%s:%s)", name, text), text);
    }
    *ret_gateway = gateway;
    return rc;
}

static int check_range(struct hull_call *call, const struct ip_net *net, const struct ip_net *range,
                       const char *text)
{
    char subnet[IP_TEXT_SIZE];
    if (ip_net_within(net, range))
        return 0;
    ip_net_text(net, subnet);
    if (range->addr.family != net->addr.family)
        return hull_fail(call, HULL_INVALID,
                         "invalid network config:\ninvalid ip-range %s: parent subnet is an IPv%c "
                         "block",
                         text, net->addr.family == AF_INET6 ? '6' : '4');
    return range->length < net->length
               ? hull_fail(call, HULL_INVALID,
                           "invalid network config:\ninvalid ip-range %s: CIDR block is bigger "
                           "than its parent subnet %s",
                           text, subnet)
               : hull_fail(call, HULL_INVALID,
                           "invalid network config:\ninvalid ip-range %s: parent subnet %s "
                           "doesn't contain ip-range",
                           text, subnet);
}

/* Make the entry for SPEC, whose subnet is known, and put it in the list. */
static int make_entry(struct hull_call *call, const char *key, const struct ipam_pool *spec,
                      struct entry **ret_entry)
{
    struct ip_net net;
    struct ip_net range;
    int rc = read_net(call, "subnet", spec->subnet, &net);
    if (rc < 0)
        return rc;
    bool ranged = spec->ip_range != NULL && *spec->ip_range != '\0';
    if (ranged) {
        rc = read_net(call, "ip-range", spec->ip_range, &range);
        if (rc == 0)
            rc = check_range(call, &net, &range, spec->ip_range);
        if (rc < 0)
            return rc;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    HULL_ASSERT(entry != NULL);
    const char *gateway;
    pool_init(&entry->pool, &net, ranged ? &range : NULL);
    entry->key = copy_text(key);
    rc = reserve_own(call, &entry->pool, spec, &gateway);
    if (rc < 0) {
        free_entry(entry);
        return rc;
    }
    entry->gateway = copy_text(gateway);
    entry->next = entries;
    entries = entry;
    *ret_entry = entry;
    return 0;
}

/* --- choosing a pool ------------------------------------------------------------------------- */

struct host_work {
    struct ip_net *nets;
    size_t count;
};

static int read_host(struct hull_work *work, void *arg)
{
    struct host_work *host = arg;
    int fd = nl_open(NETLINK_ROUTE);
    int rc = fd < 0 ? fd : nl_host_networks(fd, &host->nets, &host->count);
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(-rc),
                                "can't read the routes of this host: %s", strerror(-rc));
    return 0;
}

/* What a new pool must not overlap, sorted: pools, and with HOST what the host uses. In the
 * arena. */
static int used_networks(struct hull_call *call, bool host, struct ip_net **ret_nets,
                         size_t *ret_count)
{
    struct host_work work = {0};
    int rc = host ? hull_work(call, read_host, &work) : 0;
    if (rc < 0)
        return rc;
    size_t count = work.count;
    for (struct entry *entry = entries; entry != NULL; entry = entry->next)
        count++;
    struct ip_net *nets = hull_alloc(call, (count + 1) * sizeof(*nets));
    if (work.count > 0)
        memcpy(nets, work.nets, work.count * sizeof(*nets));
    free(work.nets);
    size_t at = work.count;
    for (struct entry *entry = entries; entry != NULL; entry = entry->next)
        nets[at++] = entry->pool.net;
    pool_sort_nets(nets, count);
    *ret_nets = nets;
    *ret_count = count;
    return 0;
}

static int choose_from(struct hull_call *call, const struct config_pool *pools, size_t pool_count,
                       int family, char **ret_subnet)
{
    struct ip_net *used;
    size_t count;
    int rc = used_networks(call, true, &used, &count);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < pool_count; i++) {
        struct ip_net base;
        struct ip_net net;
        if (!ip_net_parse(pools[i].base, &base))
            return hull_fail(call, HULL_INVALID, "default-address-pools: %s is not a network",
                             pools[i].base);
        if (pools[i].size < base.length || pools[i].size > (int)ip_size(base.addr.family) * 8)
            return hull_fail(call, HULL_INVALID,
                             "default-address-pools: a size of %d does not fit in %s",
                             (int)pools[i].size, pools[i].base);
        if (base.addr.family == family &&
            pool_find_net(&base, (unsigned)pools[i].size, used, count, &net)) {
            char text[IP_TEXT_SIZE];
            *ret_subnet = hull_strdup(call, ip_net_text(&net, text));
            return 0;
        }
    }
    return hull_fail(call, HULL_UNAVAILABLE,
                     "all predefined address pools have been fully subnetted: name a --subnet, or "
                     "add to default-address-pools");
}

/* Whether the configuration has pools of FAMILY: one that has none for it leaves it to us. */
static bool has_pools(const struct daemon_config *config, int family)
{
    struct ip_net base;
    for (size_t i = 0; config != NULL && i < config->default_address_pools.n; i++)
        if (!ip_net_parse(config->default_address_pools.v[i].base, &base) ||
            base.addr.family == family)
            return true; /* what can't be read is complained of */
    return false;
}

static int choose_subnet(struct hull_call *call, const struct ipam_pool *spec, char **ret_subnet)
{
    const struct daemon_config *config = daemon_config();
    bool ipv6 = spec->ipv6;
    int family = ipv6 ? AF_INET6 : AF_INET;
    if (has_pools(config, family))
        return choose_from(call, config->default_address_pools.v, config->default_address_pools.n,
                           family, ret_subnet);
    if (spec->wide && !ipv6) {
        struct config_pool wide[HULL_COUNT(default_pools)];
        for (size_t i = 0; i < HULL_COUNT(wide); i++)
            wide[i] = (struct config_pool){.base = default_pools[i].base, .size = WIDE_LENGTH};
        int rc = choose_from(call, wide, HULL_COUNT(wide), family, ret_subnet);
        if (rc != -HULL_UNAVAILABLE)
            return rc;
        hull_error_clear(call);
    }
    return choose_from(call, ipv6 ? default_pools6 : default_pools,
                       ipv6 ? HULL_COUNT(default_pools6) : HULL_COUNT(default_pools), family,
                       ret_subnet);
}

static int check_overlap(struct hull_call *call, const char *subnet)
{
    struct ip_net net;
    int rc = read_net(call, "subnet", subnet, &net);
    for (struct entry *entry = entries; entry != NULL && rc == 0; entry = entry->next) {
        if (ip_net_overlap(&net, &entry->pool.net))
            rc = hull_fail(call, HULL_FORBIDDEN,
                           "invalid pool request: Pool overlaps with other one on this address "
                           "space");
    }
    return rc;
}

static void tell_pool(struct hull_call *call, const struct entry *entry,
                      const struct ipam_pool *request, struct ipam_pool *ret_reply)
{
    char text[IP_TEXT_SIZE];
    *ret_reply = *request;
    ret_reply->subnet = hull_strdup(call, ip_net_text(&entry->pool.net, text));
    ret_reply->gateway = hull_strdup(call, entry->gateway);
}

static int new_pool(struct hull_call *call, const char *key, const struct ipam_pool *request,
                    struct ipam_pool *ret_reply)
{
    struct ipam_pool spec = *request;
    char *chosen;
    int rc;
    if (spec.subnet == NULL || *spec.subnet == '\0') {
        rc = choose_subnet(call, &spec, &chosen);
        spec.subnet = rc == 0 ? chosen : NULL;
    } else {
        rc = check_overlap(call, spec.subnet);
    }
    if (rc < 0)
        return rc;
    struct entry *entry;
    rc = make_entry(call, key, &spec, &entry);
    if (rc < 0)
        return rc;
    tell_pool(call, entry, &spec, ret_reply);
    rc = state_put(call, NULL, POOL_BUCKET, key,
                   json_string(hull_call_arena(call), &ipam_pool_message, ret_reply), false);
    FAILPOINT(ipam_pool_commit);
    if (rc < 0)
        free_entry(entry);
    return rc;
}

/* --- handlers -------------------------------------------------------------------------------- */

/* Give up ENTRY's pool when the host uses it now, and choose another one. LOCK is held. */
static int choose_again(struct hull_call *call, struct entry *entry,
                        const struct ipam_pool *request, struct ipam_pool *ret_reply)
{
    struct host_work host = {0};
    struct ip_net net = entry->pool.net;
    int rc = hull_work(call, read_host, &host);
    bool used = false;
    for (size_t i = 0; i < host.count; i++)
        used = used || ip_net_overlap(&net, &host.nets[i]);
    free(host.nets);
    if (rc < 0 || !used || entry->pool.owned_count > 0) {
        tell_pool(call, entry, request, ret_reply);
        return rc;
    }
    struct ipam_pool spec = *request;
    spec.subnet = NULL;
    spec.prefer = false;
    const char *key = hull_strdup(call, entry->key);
    free_entry(entry);
    return new_pool(call, key, &spec, ret_reply);
}

static int pool_reserve(struct hull_call *call, const struct ipam_pool *request,
                        struct ipam_pool *ret_reply)
{
    char *key = pool_key(call, request->network_id, request->ipv6);
    int rc = hull_lock(call, &lock);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &lock);
    struct entry *entry = find_entry(key);
    if (entry == NULL)
        return new_pool(call, key, request, ret_reply);
    if (request->prefer)
        return choose_again(call, entry, request, ret_reply);
    tell_pool(call, entry, request, ret_reply);
    return 0;
}

/* LEASE of the pool KEY, as a removal for the store. */
static void add_removal(struct hull_call *call, const char *key, const struct pool_lease *lease,
                        struct state_commit_request *ret)
{
    char text[IP_TEXT_SIZE];
    struct state_document *operation = HULL_LIST_ADD(hull_call_arena(call), &ret->operations);
    operation->bucket = ADDRESS_BUCKET;
    operation->key = hull_printf(call, "%s/%s", key, ip_text(&lease->addr, text));
}

static int pool_release(struct hull_call *call, const struct ipam_pool *request,
                        struct hull_empty *ret_reply)
{
    (void)ret_reply;
    char *key = pool_key(call, request->network_id, request->ipv6);
    struct entry *entry = find_entry(key);
    if (entry == NULL)
        return 0;
    struct hull_arena *arena = hull_call_arena(call);
    struct state_commit_request commit = {0};
    struct state_document *operation = HULL_LIST_ADD(arena, &commit.operations);
    *operation = (struct state_document){.bucket = POOL_BUCKET, .key = key};
    const struct pool_lease *lease;
    LIST_FOREACH(lease, &entry->pool.leases, all)
    add_removal(call, key, lease, &commit);
    struct state_commit_reply reply;
    int rc = state_commit(call, NULL, &commit, &reply);
    entry = rc < 0 ? NULL : find_entry(key);
    if (entry != NULL)
        free_entry(entry);
    return rc;
}

static int sweep(struct hull_call *call, const struct ipam_sweep_request *request,
                 struct hull_empty *ret_reply)
{
    struct hull_strv stale = {0};
    int rc = 0;
    for (const struct entry *entry = entries; entry != NULL; entry = entry->next) {
        char *id = hull_strdup(call, entry->key);
        id[strcspn(id, "/")] = '\0';
        if (!hull_strv_contains(&request->networks, id))
            hull_strv_add(hull_call_arena(call), &stale, hull_strdup(call, entry->key));
    }
    for (size_t i = 0; i < stale.n && rc == 0; i++) {
        char *id = hull_strdup(call, stale.v[i]);
        size_t length = strcspn(id, "/");
        struct ipam_pool pool = {.ipv6 = hull_streq(id + length, "/6")};
        id[length] = '\0';
        pool.network_id = id;
        rc = pool_release(call, &pool, ret_reply);
    }
    return rc;
}

/* Pools are not many, and what they own is looked at once, at a start. */
static void list_stale(struct hull_call *call, const struct ipam_owners *request,
                       const struct entry *entry, struct state_commit_request *ret)
{
    const struct pool_lease *lease;
    LIST_FOREACH(lease, &entry->pool.leases, all)
    {
        if (*lease->owner != '\0' && !hull_strv_contains(&request->owners, lease->owner))
            add_removal(call, entry->key, lease, ret);
    }
}

static int address_sweep(struct hull_call *call, const struct ipam_owners *request,
                         struct hull_empty *ret_reply)
{
    struct state_commit_request commit = {0};
    struct state_commit_reply reply;
    (void)ret_reply;
    for (const struct entry *entry = entries; entry != NULL; entry = entry->next)
        list_stale(call, request, entry, &commit);
    int rc = commit.operations.n == 0 ? 0 : state_commit(call, NULL, &commit, &reply);
    for (size_t i = 0; rc == 0 && i < commit.operations.n; i++) {
        struct ip_addr addr;
        const char *key = commit.operations.v[i].key, *slash = strrchr(key, '/');
        struct entry *entry = find_entry(hull_printf(call, "%.*s", (int)(slash - key), key));
        if (entry != NULL && ip_parse(slash + 1, &addr))
            pool_free(&entry->pool, &addr);
    }
    return rc;
}

/* Mark the address that REQUEST wants in memory. */
static int pick(struct hull_call *call, struct pool *pool, const struct ipam_address *request,
                struct ip_addr *ret_addr)
{
    enum pool_result result;
    const char *wanted = request->address;
    if (wanted == NULL || *wanted == '\0') {
        result = pool_choose(pool, request->owner, ret_addr);
    } else {
        if (!ip_parse(wanted, ret_addr))
            return hull_fail(call, HULL_INVALID, "invalid IP address: %s", wanted);
        result = pool_take(pool, ret_addr, request->owner);
    }
    switch (result) {
    case POOL_TAKEN:
        return hull_fail(call, HULL_FORBIDDEN, "Address already in use");
    case POOL_FULL:
        return hull_fail(call, HULL_UNAVAILABLE,
                         "no available IPv%c addresses on this network's "
                         "address pools",
                         request->ipv6 ? '6' : '4');
    case POOL_OUTSIDE:
        return hull_fail(call, HULL_INVALID,
                         "invalid address %s: it does not belong to any of this network's subnets",
                         wanted);
    case POOL_OK:
        break;
    }
    return 0;
}

static int address_reserve(struct hull_call *call, const struct ipam_address *request,
                           struct ipam_address *ret_reply)
{
    char *key = pool_key(call, request->network_id, request->ipv6);
    struct entry *entry = find_entry(key);
    if (entry == NULL)
        return hull_fail(call, HULL_NOT_FOUND, "network %s has no address pool",
                         request->network_id);
    if (request->owner == NULL || *request->owner == '\0')
        return hull_fail(call, HULL_INVALID, "an address needs an owner");
    struct ip_addr addr;
    int rc = pick(call, &entry->pool, request, &addr);
    if (rc < 0)
        return rc;
    char text[IP_TEXT_SIZE];
    *ret_reply = *request;
    ret_reply->address = hull_strdup(call, ip_text(&addr, text));
    ret_reply->prefix_len = entry->pool.net.length;
    ret_reply->gateway = hull_strdup(call, entry->gateway);
    rc = state_put(call, NULL, ADDRESS_BUCKET, hull_printf(call, "%s/%s", key, ret_reply->address),
                   json_string(hull_call_arena(call), &ipam_address_message, request), false);
    FAILPOINT(ipam_address_commit);
    entry = rc < 0 ? find_entry(key) : NULL;
    if (entry != NULL)
        pool_free(&entry->pool, &addr);
    return rc;
}

/* The addresses that REQUEST names by owner or by themselves, as removals for the store. */
static void list_released(struct hull_call *call, const char *key, const struct pool *pool,
                          const struct ipam_address *request, struct state_commit_request *ret)
{
    struct ip_addr addr;
    bool by_owner = request->owner != NULL && *request->owner != '\0';
    if (ip_parse(request->address, &addr)) {
        const struct pool_lease *lease = pool_find(pool, &addr);
        if (lease != NULL && *lease->owner != '\0' &&
            (!by_owner || strcmp(lease->owner, request->owner) == 0))
            add_removal(call, key, lease, ret);
        return;
    }
    if (!by_owner)
        return;
    for (const struct pool_lease *lease = pool_first_of(pool, request->owner); lease != NULL;
         lease = pool_next_of(lease))
        add_removal(call, key, lease, ret);
}

static int address_release(struct hull_call *call, const struct ipam_address *request,
                           struct hull_empty *ret_reply)
{
    (void)ret_reply;
    char *key = pool_key(call, request->network_id, request->ipv6);
    struct entry *entry = find_entry(key);
    if (entry == NULL)
        return 0;
    struct state_commit_request commit = {0};
    struct state_commit_reply reply;
    list_released(call, key, &entry->pool, request, &commit);
    if (commit.operations.n == 0)
        return 0;
    /* Recorded as free before it is free, or a crash between would give it out twice. */
    int rc = state_commit(call, NULL, &commit, &reply);
    FAILPOINT(ipam_release_commit);
    entry = rc < 0 ? NULL : find_entry(key);
    for (size_t i = 0; entry != NULL && i < commit.operations.n; i++) {
        struct ip_addr addr;
        if (ip_parse(commit.operations.v[i].key + strlen(key) + 1, &addr))
            pool_free(&entry->pool, &addr);
    }
    return rc;
}

/* --- loading --------------------------------------------------------------------------------- */

static int load_pool(struct hull_call *call, void *ctx, const void *reply)
{
    (void)ctx;
    const struct state_document *document = reply;
    struct ipam_pool spec;
    struct entry *entry;
    int rc = json_decode_call(call, &ipam_pool_message, document->value, strlen(document->value), 0,
                              &spec);
    if (rc == 0)
        rc = make_entry(call, document->key, &spec, &entry);
    if (rc < 0)
        state_leave(call, document);
    return 0;
}

static int load_address(struct hull_call *call, void *ctx, const void *reply)
{
    (void)ctx;
    const struct state_document *document = reply;
    const char *slash = strrchr(document->key, '/');
    struct ipam_address lease;
    struct ip_addr addr;
    int rc = json_decode_call(call, &ipam_address_message, document->value, strlen(document->value),
                              0, &lease);
    if (rc < 0 || slash == NULL || !ip_parse(slash + 1, &addr)) {
        state_leave(call, document);
        return 0;
    }
    struct entry *entry =
        find_entry(hull_printf(call, "%.*s", (int)(slash - document->key), document->key));
    if (entry != NULL && lease.owner != NULL)
        (void)pool_take(&entry->pool, &addr, lease.owner);
    return 0;
}

static int init(struct hull_call *call)
{
    static const struct state_key pools = {.bucket = POOL_BUCKET};
    static const struct state_key addresses = {.bucket = ADDRESS_BUCKET};
    struct state_document last;
    int rc = hull_send_many(call, NULL, &state_list_method, &pools, &last,
                            &(struct hull_sink){.reply = load_pool});
    if (rc == 0)
        rc = hull_send_many(call, NULL, &state_list_method, &addresses, &last,
                            &(struct hull_sink){.reply = load_address});
    return rc;
}

static void fini(void)
{
    while (entries != NULL)
        free_entry(entries);
}

static const char *const needs[] = {"state", NULL};
static const struct hull_handler handlers[] = {
    HULL_HANDLE(ipam, pool_reserve, pool_reserve),
    HULL_HANDLE(ipam, pool_release, pool_release),
    HULL_HANDLE(ipam, sweep, sweep),
    HULL_HANDLE(ipam, address_reserve, address_reserve),
    HULL_HANDLE(ipam, address_release, address_release),
    HULL_HANDLE(ipam, address_sweep, address_sweep),
    {},
};
HULL_PLUGIN(support_ipam, .port = "support/ipam", .version = "1", .needs = needs,
            .handlers = handlers, .init = init, .fini = fini);
