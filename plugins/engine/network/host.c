/* The predefined networks, and what a network needs on the host. */
#include "net.h"

#include "address.h"
#include "api/config.h"
#include "ids.h"
#include "instance.h"
#include "json.h"
#include "timefmt.h"

#include <net/if.h>
#include <string.h>

static struct hull_lock assert_lock;

/* --- the predefined networks ----------------------------------------------------------------- */

static bool is_on(struct hull_opt_bool option)
{
    return !option.set || option.value;
}

/* NAME with what all three have; id and time of creation are those of EXISTING, if any. */
static struct network new_network(struct hull_call *call, const char *name, const char *driver,
                                  const struct net_record *existing)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct network network = {
        .name = name, .scope = "local", .driver = driver, .enable_ipv4 = true};
    network.id = existing ? hull_strdup(call, existing->network.id) : id_new(arena);
    network.created = existing ? hull_strdup(call, existing->network.created)
                               : time_format(arena, hull_time_ns());
    network.ipam.driver = "default";
    /* Empty, which is not absent. */
    network.options.v = hull_alloc(call, 8 * sizeof(*network.options.v));
    network.labels.v = hull_alloc(call, sizeof(*network.labels.v));
    network.containers.keys = hull_alloc(call, sizeof(char *));
    network.containers.v = hull_alloc(call, sizeof(*network.containers.v));
    return network;
}

/* The bridge: the one configured, or hull0; a daemon with a root of its own has its own. */
static const char *default_bridge(struct hull_call *call, const struct daemon_config *config)
{
    if (config->bridge != NULL && *config->bridge != '\0')
        return config->bridge;
    const char *suffix = instance_suffix();
    return *suffix == '\0' ? "hull0" : hull_printf(call, "hull%s", suffix);
}

static void bridge_options(struct hull_call *call, const struct daemon_config *config,
                           struct hull_map *options)
{
    struct hull_arena *arena = hull_call_arena(call);
    static const struct daemon_config none;
    if (config == NULL)
        config = &none;
    const char *host_ip = config->ip != NULL && *config->ip != '\0' ? config->ip : "0.0.0.0";
    int mtu = config->mtu > 0 ? (int)config->mtu : 1500;
    hull_map_set(arena, options, NETBRIDGE_DEFAULT, "true");
    hull_map_set(arena, options, NETBRIDGE_ICC, is_on(config->icc) ? "true" : "false");
    hull_map_set(arena, options, NETBRIDGE_MASQUERADE, is_on(config->ip_masq) ? "true" : "false");
    hull_map_set(arena, options, NETBRIDGE_HOST_IP, host_ip);
    hull_map_set(arena, options, NETBRIDGE_NAME, default_bridge(call, config));
    hull_map_set(arena, options, NETBRIDGE_MTU, hull_printf(call, "%d", mtu));
}

static int bridge_pool(struct hull_call *call, const struct daemon_config *config,
                       const struct network *network, struct ipam_pool *ret_pool)
{
    struct ipam_pool wanted = {.network_id = network->id};
    if (config != NULL && config->bip != NULL && *config->bip != '\0') {
        struct ip_net net;
        char text[IP_TEXT_SIZE];
        if (!ip_net_parse(config->bip, &net))
            return hull_fail(call, HULL_INVALID, "bip: invalid CIDR address: %s", config->bip);
        struct ip_net base = ip_net_base(&net);
        wanted.subnet = hull_strdup(call, ip_net_text(&base, text));
        wanted.gateway = hull_strdup(call, ip_text(&net.addr, text));
        wanted.ip_range = config->fixed_cidr;
    } else if (config != NULL && config->fixed_cidr != NULL && *config->fixed_cidr != '\0') {
        return hull_fail(call, HULL_INVALID, "fixed-cidr needs bip: it is a part of its subnet");
    }
    if (config != NULL && config->default_gateway != NULL && *config->default_gateway != '\0')
        hull_map_set(hull_call_arena(call), &wanted.auxiliary, "DefaultGatewayIPv4",
                     config->default_gateway);
    int rc = ipam_pool_reserve(call, NET_IPAM, &wanted, ret_pool);
    if (rc < 0 || wanted.subnet == NULL || hull_streq(ret_pool->subnet, wanted.subnet))
        return rc;
    /* The configuration has changed since the pool was chosen. */
    struct hull_empty done;
    rc = ipam_pool_release(call, NET_IPAM, &wanted, &done);
    return rc < 0 ? rc : ipam_pool_reserve(call, NET_IPAM, &wanted, ret_pool);
}

static int predefine_bridge(struct hull_call *call, const struct net_record *existing,
                            struct network *ret_network)
{
    const struct daemon_config *config = daemon_config();
    struct ipam_pool pool;
    *ret_network = new_network(call, "bridge", "bridge", existing);
    bridge_options(call, config, &ret_network->options);
    int rc = bridge_pool(call, config, ret_network, &pool);
    if (rc < 0)
        return hull_wrap(call, rc, "the default bridge");
    struct ipam_config *entry = HULL_LIST_ADD(hull_call_arena(call), &ret_network->ipam.config);
    entry->subnet = pool.subnet;
    entry->gateway = pool.gateway;
    entry->ip_range = pool.ip_range;
    entry->auxiliary_addresses = pool.auxiliary;
    return 0;
}

/* Put NETWORK in place of EXISTING, when it is any different. */
static int settle(struct hull_call *call, struct net_record *existing,
                  const struct network *network)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct net_record *record;
    if (existing != NULL) {
        const char *old = json_string(arena, &network_message, &existing->network);
        if (hull_streq(old, json_string(arena, &network_message, network)))
            return 0;
        int rc = net_drop(call, existing);
        if (rc < 0)
            return rc;
    }
    return net_add(call, network, true, &record);
}

int net_predefine(struct hull_call *call)
{
    static const char *const plain[][2] = {{"host", "host"}, {"none", "null"}};
    const struct daemon_config *config = daemon_config();
    struct net_record *existing = net_find_name("bridge");
    struct network network;
    int rc = 0;
    if (config != NULL && hull_streq(config->bridge, "none")) {
        rc = existing == NULL ? 0 : net_drop(call, existing);
    } else {
        rc = predefine_bridge(call, existing, &network);
        if (rc == 0)
            rc = settle(call, existing, &network);
    }
    for (size_t i = 0; i < HULL_COUNT(plain) && rc == 0; i++) {
        existing = net_find_name(plain[i][0]);
        if (existing != NULL)
            continue;
        network = new_network(call, plain[i][0], plain[i][1], NULL);
        rc = settle(call, NULL, &network);
    }
    return rc;
}

/* --- what a network needs -------------------------------------------------------------------- */

static struct firewall_subnet subnet_of(const struct network *network,
                                        const struct netbridge *options, const char *subnet)
{
    bool ipv6 = strchr(subnet, ':') != NULL;
    enum netbridge_mode mode = options->mode[ipv6];
    bool nat = mode == NETBRIDGE_NAT || mode == NETBRIDGE_UNPROTECTED;
    struct firewall_subnet result = {.subnet = subnet};
    result.masquerade = nat && options->masquerade && !network->internal;
    result.guarded = mode == NETBRIDGE_NAT && options->masquerade && !network->internal;
    result.routed = mode == NETBRIDGE_ROUTED;
    result.unprotected = mode == NETBRIDGE_UNPROTECTED;
    result.home = netbridge_has_gateway(options, ipv6);
    return result;
}

bool net_firewall(struct hull_call *call, const struct net_record *record,
                  struct firewall_network *ret)
{
    const struct network *network = &record->network;
    struct netbridge options;
    if (!hull_streq(network->driver, "bridge"))
        return false;
    if (netbridge_read(call, network, &options) < 0) {
        hull_error_clear(call); /* the driver says so */
        return false;
    }
    *ret = (struct firewall_network){.name = network->name,
                                     .bridge = options.bridge,
                                     .internal = network->internal,
                                     .icc = options.icc,
                                     .trusted = options.trusted};
    for (size_t i = 0; i < network->ipam.config.n; i++) {
        if (network->ipam.config.v[i].subnet != NULL)
            *(HULL_LIST_ADD(hull_call_arena(call), &ret->subnets)) =
                subnet_of(network, &options, network->ipam.config.v[i].subnet);
    }
    return true;
}

/*
 * The default bridge is about to be made, maybe long after its pool was chosen: when another
 * program uses these addresses by now, others are chosen.
 */
static int renew_pool(struct hull_call *call, struct net_record *record)
{
    const struct daemon_config *config = daemon_config();
    struct ipam_config *ours = record->network.ipam.config.v;
    if (!record->predefined || record->network.ipam.config.n != 1 ||
        (config != NULL && config->bip != NULL && *config->bip != '\0'))
        return 0;
    struct ipam_pool request = {.network_id = record->network.id, .prefer = true};
    struct ipam_pool pool;
    int rc = ipam_pool_reserve(call, NET_IPAM, &request, &pool);
    if (rc < 0 || hull_streq(pool.subnet, ours->subnet))
        return rc;
    ours->subnet = hull_arena_strdup(record->arena, pool.subnet);
    ours->gateway = hull_arena_strdup(record->arena, pool.gateway);
    return net_update(call, record);
}

static int assert_bridge(struct hull_call *call, struct net_record *record,
                         struct firewall_network *rules)
{
    if (if_nametoindex(rules->bridge) == 0) {
        int rc = renew_pool(call, record);
        if (rc < 0)
            return rc;
        (void)net_firewall(call, record, rules);
    }
    struct netdriver_network request = {.network = record->network};
    struct hull_empty done;
    int rc = netdriver_create(call, net_driver(call, record), &request, &done);
    if (rc == 0 && !rules->internal)
        rc = net_forwarding_need(call, &record->network);
    return rc < 0 ? rc : firewall_network_add(call, NET_FIREWALL, rules, &done);
}

/* Once in the life of the daemon: what other drivers made stays, or they look themselves. Each
 * network waits for its own driver only, which may be somebody else's and hang. */
static int assert_other(struct hull_call *call, struct net_record *record)
{
    struct netdriver_network request = {.network = record->network};
    struct hull_empty done;
    int rc = hull_lock(call, &record->lock);
    if (rc < 0)
        return rc;
    if (!record->asserted)
        rc = netdriver_create(call, net_driver(call, record), &request, &done);
    record->asserted = rc == 0;
    hull_unlock(&record->lock);
    return hull_wrap(call, rc, "network %s", record->network.name);
}

int net_assert(struct hull_call *call, struct net_record *record)
{
    struct firewall_network rules;
    if (!net_firewall(call, record, &rules))
        return record->predefined || record->asserted ? 0 : assert_other(call, record);
    /* Somebody may have deleted the bridge; to ask costs microseconds. */
    if (record->asserted && if_nametoindex(rules.bridge) != 0)
        return 0;
    int rc = hull_lock(call, &assert_lock);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &assert_lock);
    if (record->asserted && if_nametoindex(rules.bridge) != 0)
        return 0;
    rc = assert_bridge(call, record, &rules);
    record->asserted = rc == 0;
    return hull_wrap(call, rc, "network %s", record->network.name);
}
