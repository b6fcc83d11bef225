/* The predefined networks, and what a network needs on the host. */
#include "net.h"

#include "address.h"
#include "api/config.h"
#include "ids.h"
#include "instance.h"
#include "json.h"
#include "state.h"
#include "timefmt.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define RAISED "bridges" /* in NETWORK_HOST_BUCKET */

static struct hull_lock assert_lock;
static bool raised; /* it is recorded that there may be bridges and rules of ours */

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

/* What the configuration says of one family of the default bridge. */
struct bridge_family {
    bool ipv6;
    const char *bip, *fixed, *gateway;
    const char *bip_name, *fixed_name, *gateway_name; /* names of options, and in IPAM's list */
};

static struct bridge_family bridge_family(const struct daemon_config *config, bool ipv6)
{
    static const struct daemon_config none;
    if (config == NULL)
        config = &none;
    if (ipv6)
        return (struct bridge_family){
            true,   config->bip6,    config->fixed_cidr_v6, config->default_gateway_v6,
            "bip6", "fixed-cidr-v6", "DefaultGatewayIPv6"};
    return (struct bridge_family){false, config->bip,  config->fixed_cidr,  config->default_gateway,
                                  "bip", "fixed-cidr", "DefaultGatewayIPv4"};
}

/* TEXT, the option NAME: the network it is in, and RET_ADDRESS (may be NULL) itself. */
static int read_cidr(struct hull_call *call, const struct bridge_family *family, const char *name,
                     const char *text, const char **ret_subnet, const char **ret_address)
{
    struct ip_net net;
    char buffer[IP_TEXT_SIZE];
    if (!ip_net_parse(text, &net) || (net.addr.family == AF_INET6) != family->ipv6)
        return hull_fail(call, HULL_INVALID, "%s: invalid CIDR address: %s", name, text);
    struct ip_net base = ip_net_base(&net);
    *ret_subnet = hull_strdup(call, ip_net_text(&base, buffer));
    if (ret_address != NULL)
        *ret_address = hull_strdup(call, ip_text(&net.addr, buffer));
    return 0;
}

/* What is wanted of IPAM. IPv6 may name its subnet alone; for IPv4 that is docker's range. */
static int wanted_pool(struct hull_call *call, const struct bridge_family *family,
                       struct ipam_pool *wanted)
{
    int rc = 0;
    if (net_given(family->bip)) {
        rc = read_cidr(call, family, family->bip_name, family->bip, &wanted->subnet,
                       &wanted->gateway);
        wanted->ip_range = family->fixed;
    } else if (net_given(family->fixed) && family->ipv6) {
        rc = read_cidr(call, family, family->fixed_name, family->fixed, &wanted->subnet, NULL);
    } else if (net_given(family->fixed)) {
        return hull_fail(call, HULL_INVALID, "fixed-cidr needs bip: it is a part of its subnet");
    }
    if (net_given(family->gateway))
        hull_map_set(hull_call_arena(call), &wanted->auxiliary, family->gateway_name,
                     family->gateway);
    return rc;
}

static int bridge_pool(struct hull_call *call, const struct bridge_family *family,
                       struct network *network)
{
    struct ipam_pool wanted = {.network_id = network->id, .ipv6 = family->ipv6, .wide = true};
    struct ipam_pool pool;
    int rc = wanted_pool(call, family, &wanted);
    if (rc == 0)
        rc = ipam_pool_reserve(call, NET_IPAM, &wanted, &pool);
    if (rc == 0 && wanted.subnet != NULL && !hull_streq(pool.subnet, wanted.subnet)) {
        /* The configuration has changed since the pool was chosen. */
        struct hull_empty done;
        rc = ipam_pool_release(call, NET_IPAM, &wanted, &done);
        if (rc == 0)
            rc = ipam_pool_reserve(call, NET_IPAM, &wanted, &pool);
    }
    if (rc < 0)
        return hull_wrap(call, rc, "the default bridge");
    struct ipam_config *entry = HULL_LIST_ADD(hull_call_arena(call), &network->ipam.config);
    entry->subnet = pool.subnet;
    entry->gateway = pool.gateway;
    entry->ip_range = pool.ip_range;
    entry->auxiliary_addresses = pool.auxiliary;
    return 0;
}

static int bridge_pool6(struct hull_call *call, const struct daemon_config *config,
                        struct network *network)
{
    struct bridge_family family = bridge_family(config, true);
    struct ipam_pool unused = {.network_id = network->id, .ipv6 = true};
    struct hull_empty done;
    network->enable_ipv6 = config != NULL && config->ipv6;
    if (network->enable_ipv6)
        return bridge_pool(call, &family, network);
    if (net_given(family.bip) || net_given(family.fixed) || net_given(family.gateway))
        return hull_fail(call, HULL_INVALID,
                         "bip6, fixed-cidr-v6 and default-gateway-v6 are for a default bridge with "
                         "IPv6: set ipv6, too");
    return ipam_pool_release(call, NET_IPAM, &unused, &done);
}

static int predefine_bridge(struct hull_call *call, const struct net_record *existing,
                            struct network *ret_network)
{
    const struct daemon_config *config = daemon_config();
    struct bridge_family family = bridge_family(config, false);
    *ret_network = new_network(call, "bridge", "bridge", existing);
    bridge_options(call, config, &ret_network->options);
    int rc = bridge_pool(call, &family, ret_network);
    return rc < 0 ? rc : bridge_pool6(call, config, ret_network);
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
    bool direct = daemon_config() != NULL && daemon_config()->allow_direct_routing;
    struct firewall_subnet result = {.subnet = subnet};
    result.masquerade = nat && options->masquerade && !network->internal;
    result.source = result.masquerade ? options->source[ipv6] : NULL;
    result.guarded = mode == NETBRIDGE_NAT && options->masquerade && !network->internal && !direct;
    result.routed = mode == NETBRIDGE_ROUTED;
    result.direct = result.routed || (mode == NETBRIDGE_NAT && direct && !network->internal);
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
        const struct ipam_config *config = &network->ipam.config.v[i];
        if (config->subnet == NULL)
            continue;
        struct firewall_subnet *subnet = HULL_LIST_ADD(hull_call_arena(call), &ret->subnets);
        *subnet = subnet_of(network, &options, config->subnet);
        subnet->gateway = subnet->home ? config->gateway : NULL;
    }
    return true;
}

/*
 * The default bridge is about to be made, maybe long after its pool was chosen: when another
 * program uses these addresses by now, others are chosen.
 */
static int renew_pools(struct hull_call *call, struct net_record *record)
{
    bool changed = false;
    for (size_t i = 0; record->predefined && i < record->network.ipam.config.n; i++) {
        struct ipam_config *ours = &record->network.ipam.config.v[i];
        bool ipv6 = strchr(ours->subnet, ':') != NULL;
        struct bridge_family family = bridge_family(daemon_config(), ipv6);
        struct ipam_pool request = {
            .network_id = record->network.id, .ipv6 = ipv6, .prefer = true, .wide = true};
        struct ipam_pool pool;
        /* Whoever names the default gateway knows where the network is, too. */
        if (net_given(family.bip) || net_given(family.gateway) || (ipv6 && net_given(family.fixed)))
            continue;
        int rc = ipam_pool_reserve(call, NET_IPAM, &request, &pool);
        if (rc < 0)
            return rc;
        if (hull_streq(pool.subnet, ours->subnet))
            continue;
        ours->subnet = hull_arena_strdup(record->arena, pool.subnet);
        ours->gateway = hull_arena_strdup(record->arena, pool.gateway);
        changed = true;
    }
    return changed ? net_update(call, record) : 0;
}

int net_raised_load(struct hull_call *call)
{
    struct state_document document;
    return state_find(call, NULL, NETWORK_HOST_BUCKET, RAISED, &document, &raised);
}

/* A reboot takes all of it away, so this need not wait for the disk. */
int net_raised_note(struct hull_call *call)
{
    int rc = raised ? 0 : state_put(call, NULL, NETWORK_HOST_BUCKET, RAISED, "{}", false);
    raised = raised || rc == 0;
    return rc;
}

int net_raised_end(struct hull_call *call)
{
    int rc = raised ? state_put(call, NULL, NETWORK_HOST_BUCKET, RAISED, NULL, false) : 0;
    raised = raised && rc < 0;
    return rc;
}

static int assert_bridge(struct hull_call *call, struct net_record *record,
                         struct firewall_network *rules)
{
    if (if_nametoindex(rules->bridge) == 0) {
        int rc = renew_pools(call, record);
        if (rc < 0)
            return rc;
        (void)net_firewall(call, record, rules);
    }
    struct netdriver_network request = {.network = record->network};
    struct hull_empty done;
    int rc = net_raised_note(call);
    if (rc == 0)
        rc = netdriver_create(call, net_driver(call, record), &request, &done);
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

/* LOCK over what is asserted is taken after that over pools. */
static int assert_locked(struct hull_call *call, struct net_record *record,
                         struct firewall_network *rules)
{
    int rc = hull_lock(call, &assert_lock);
    if (rc < 0)
        return rc;
    if (!record->asserted || if_nametoindex(rules->bridge) == 0) {
        rc = assert_bridge(call, record, rules);
        record->asserted = rc == 0;
    }
    hull_unlock(&assert_lock);
    return rc;
}

int net_assert(struct hull_call *call, struct net_record *record)
{
    struct firewall_network rules;
    if (!net_firewall(call, record, &rules))
        return record->predefined || record->asserted ? 0 : assert_other(call, record);
    /* Somebody may have deleted the bridge; to ask costs microseconds. */
    if (record->asserted && if_nametoindex(rules.bridge) != 0)
        return 0;
    bool choosing = record->predefined && if_nametoindex(rules.bridge) == 0;
    int rc = choosing ? net_pools_lock(call) : 0;
    if (rc < 0)
        return rc;
    rc = assert_locked(call, record, &rules);
    if (choosing)
        net_pools_unlock(call, NULL);
    return hull_wrap(call, rc, "network %s", record->network.name);
}
