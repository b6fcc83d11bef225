/* Networks that users make: create, remove, prune. */
#include "net.h"

#include "address.h"
#include "api/config.h"
#include "events.h"
#include "failpoint.h"
#include "filters.h"
#include "ids.h"
#include "names.h"
#include "timefmt.h"

#include <ctype.h>
#include <string.h>

/* --- create ---------------------------------------------------------------------------------- */

static int check_name(struct hull_call *call, const char *name)
{
    if (name == NULL || *name == '\0')
        return hull_fail(call, HULL_INVALID, "invalid name: name is empty");
    if (hull_streq(name, "bridge") || hull_streq(name, "host") || hull_streq(name, "none") ||
        hull_streq(name, "default"))
        return hull_fail(call, HULL_FORBIDDEN,
                         "operation is not permitted on predefined %s network ", name);
    /* One letter is enough, other than for a container. */
    if (!name_valid(name) && !(isalnum((unsigned char)name[0]) && name[1] == '\0'))
        return hull_fail(call, HULL_INVALID,
                         "invalid name: \"%s\": letters, digits, '_', '.' and '-' are allowed",
                         name);
    if (net_find_name(name) != NULL)
        return hull_fail(call, HULL_CONFLICT, "network with name %s already exists", name);
    return 0;
}

/* What swarm and other drivers have, and this engine has not. */
static int check_supported(struct hull_call *call, const struct network_create_request *request)
{
    const struct {
        bool wanted;
        const char *what;
    } refused[] = {
        {request->ingress, "Ingress networks need swarm, which"},
        {request->scope != NULL && *request->scope != '\0' && !hull_streq(request->scope, "local"),
         "A Scope other than local"},
    };
    for (size_t i = 0; i < HULL_COUNT(refused); i++) {
        if (refused[i].wanted)
            return hull_fail(call, HULL_NOT_SUPPORTED, "%s is not supported", refused[i].what);
    }
    const char *driver = request->config_only ? NULL : request->driver;
    if (hull_streq(driver, "host") || hull_streq(driver, "null"))
        return hull_fail(call, HULL_FORBIDDEN, "only one instance of \"%s\" network is allowed",
                         driver);
    return 0;
}

/* Without IPv4 there must be IPv6, and nothing that is about IPv4. */
static int check_families(struct hull_call *call, const struct network_create_request *request,
                          const struct network *network)
{
    if (network->enable_ipv4)
        return 0;
    if (!network->enable_ipv6)
        return hull_fail(call, HULL_INVALID, "IPv4 or IPv6 must be enabled");
    if (!hull_streq(network->driver, "bridge") && !hull_streq(network->driver, "macvlan"))
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "EnableIPv4=false is not supported with driver %s", network->driver);
    for (size_t i = 0; request->ipam != NULL && i < request->ipam->config.n; i++) {
        const char *subnet = request->ipam->config.v[i].subnet;
        if (subnet == NULL || strchr(subnet, ':') == NULL)
            return hull_fail(
                call, HULL_INVALID,
                "invalid network config:\ninvalid subnet %s: IPv4 has not been enabled "
                "for this network",
                subnet == NULL ? "" : subnet);
    }
    return 0;
}

struct pool_owner {
    const char *ipam; /* port */
    const char *network_id;
    bool ipv6;
};

static void release_pool(struct hull_call *call, void *arg)
{
    const struct pool_owner *owner = arg;
    struct ipam_pool request = {.network_id = owner->network_id, .ipv6 = owner->ipv6};
    struct hull_empty done;
    int rc = ipam_pool_release(call, owner->ipam, &request, &done);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "pool not released", "network", owner->network_id, "error",
                 hull_error(call), NULL);
}

/* The configuration of the family among those asked for, or NULL. */
static int find_config(struct hull_call *call, const struct ipam *ipam, bool ipv6,
                       const struct ipam_config **ret_config)
{
    *ret_config = NULL;
    for (size_t i = 0; ipam != NULL && i < ipam->config.n; i++) {
        const struct ipam_config *config = &ipam->config.v[i];
        bool is6 = config->subnet != NULL && strchr(config->subnet, ':') != NULL;
        if (is6 != ipv6)
            continue;
        if (*ret_config != NULL)
            return hull_fail(call, HULL_NOT_SUPPORTED,
                             "more than one IPv%c subnet in a network is not supported",
                             ipv6 ? '6' : '4');
        *ret_config = config;
    }
    return 0;
}

static int reserve_pool(struct hull_call *call, const struct network_create_request *request,
                        bool ipv6, struct network *network)
{
    const struct ipam_config *config;
    struct ipam_pool wanted = {.network_id = network->id,
                               .ipv6 = ipv6,
                               .driver = network->ipam.driver,
                               .options = network->ipam.options};
    struct ipam_pool pool;
    int rc = find_config(call, request->ipam, ipv6, &config);
    if (rc < 0)
        return rc;
    if (config != NULL) {
        wanted.subnet = config->subnet;
        wanted.ip_range = config->ip_range;
        wanted.gateway = config->gateway;
        wanted.auxiliary = config->auxiliary_addresses;
    }
    rc = ipam_pool_reserve(call, net_ipam(network), &wanted, &pool);
    if (rc < 0)
        return rc;
    struct pool_owner *owner = hull_alloc(call, sizeof(*owner));
    *owner = (struct pool_owner){net_ipam(network), network->id, ipv6};
    hull_undo(call, release_pool, owner);
    struct ipam_config *entry = HULL_LIST_ADD(hull_call_arena(call), &network->ipam.config);
    entry->subnet = pool.subnet;
    entry->gateway = pool.gateway;
    entry->ip_range = pool.ip_range;
    entry->auxiliary_addresses = pool.auxiliary;
    return 0;
}

static const char *driver_of(const struct network_create_request *request)
{
    return request->driver == NULL || *request->driver == '\0' ? "bridge" : request->driver;
}

/* What the daemon's configuration says of networks of this driver, but for what the request
 * says. */
static void add_defaults(struct hull_call *call, struct network *network)
{
    const struct daemon_config *config = daemon_config();
    const struct config_plugin_opts *defaults =
        config == NULL ? NULL : HULL_MSGMAP_FIND(&config->default_network_opts, network->driver);
    struct hull_map options = {0};
    for (size_t i = 0; defaults != NULL && i < defaults->options.n; i++)
        hull_map_set(hull_call_arena(call), &options, defaults->options.v[i].key,
                     defaults->options.v[i].value);
    for (size_t i = 0; i < network->options.n; i++)
        hull_map_set(hull_call_arena(call), &options, network->options.v[i].key,
                     network->options.v[i].value);
    network->options = options;
}

static void describe(struct hull_call *call, const struct network_create_request *request,
                     const struct netdriver_about_reply *about, struct network *network)
{
    struct hull_arena *arena = hull_call_arena(call);
    *network =
        (struct network){.name = request->name,
                         .id = id_new(arena),
                         .created = time_format(arena, hull_time_ns()),
                         .scope = about->scope,
                         .driver = driver_of(request),
                         .enable_ipv4 = !request->enable_ipv4.set || request->enable_ipv4.value,
                         .internal = request->internal,
                         .attachable = request->attachable,
                         .options = request->options,
                         .labels = request->labels};
    network->enable_ipv6 = request->enable_ipv6.set && request->enable_ipv6.value;
    network->ipam.driver = "default";
    if (request->ipam != NULL) {
        network->ipam.options = request->ipam->options;
        if (request->ipam->driver != NULL && *request->ipam->driver != '\0')
            network->ipam.driver = request->ipam->driver;
    }
    if (request->config_from == NULL || !net_given(request->config_from->network))
        add_defaults(call, network);
    net_config_describe(call, request, network);
    /* Empty, which is not absent. */
    if (network->options.v == NULL)
        network->options.v = hull_alloc(call, sizeof(*network->options.v));
    if (network->labels.v == NULL)
        network->labels.v = hull_alloc(call, sizeof(*network->labels.v));
    network->containers.keys = hull_alloc(call, sizeof(char *));
    network->containers.v = hull_alloc(call, sizeof(*network->containers.v));
}

/* Before anything is made of them. */
static int check_options(struct hull_call *call, const struct network *network)
{
    struct netbridge options;
    return hull_streq(network->driver, "bridge") ? netbridge_read(call, network, &options) : 0;
}

/* Whether a pool is to be found that no route of this host has. */
static bool is_choosing(struct hull_call *call, const struct network_create_request *request,
                        const struct network *network)
{
    const bool families[] = {network->enable_ipv4, network->enable_ipv6};
    if (!hull_streq(network->driver, "bridge") || !hull_streq(net_ipam(network), NET_IPAM))
        return false;
    for (size_t i = 0; i < HULL_COUNT(families); i++) {
        const struct ipam_config *config;
        if (families[i] && find_config(call, request->ipam, i == 1, &config) == 0 &&
            (config == NULL || hull_streq(config->subnet, NULL) || *config->subnet == '\0'))
            return true;
    }
    hull_error_clear(call); /* it will be said again */
    return false;
}

static int lock_pools(struct hull_call *call)
{
    int rc = net_pools_lock(call);
    if (rc == 0)
        hull_defer(call, net_pools_unlock, NULL);
    return rc;
}

/* Addresses of both families, from whoever hands them out. */
static int reserve_pools(struct hull_call *call, const struct network_create_request *request,
                         const struct netdriver_about_reply *about, struct network *network)
{
    bool asked = request->ipam != NULL && request->ipam->config.n > 0;
    if (network->config_only)
        return 0;
    if (about->own_addresses) {
        if ((asked && !about->takes_pools) || !hull_streq(network->ipam.driver, "default"))
            return hull_fail(call, HULL_INVALID,
                             "network driver %s hands out addresses itself: IPAM can't be set here",
                             network->driver);
        network->ipam.driver = "null";
        if (asked) {
            network->ipam.config.n = request->ipam->config.n;
            network->ipam.config.v = request->ipam->config.v;
        }
    }
    if (net_ipam(network) == NULL && hull_streq(network->driver, "bridge"))
        return hull_fail(call, HULL_INVALID,
                         "ipv4 pool is empty: a bridge network needs addresses, which the IPAM "
                         "driver null has not");
    if (net_ipam(network) == NULL)
        return asked && !about->own_addresses
                   ? hull_fail(call, HULL_INVALID, "the IPAM driver null has no subnets")
                   : 0;
    int rc = network->enable_ipv4 ? reserve_pool(call, request, false, network) : 0;
    if (rc == 0 && network->enable_ipv6)
        rc = reserve_pool(call, request, true, network);
    return rc;
}

static void drop_record(struct hull_call *call, void *arg)
{
    int rc = net_drop(call, arg);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "network not forgotten", "error", hull_error(call), NULL);
}

static int take_down(struct hull_call *call, struct net_record *record)
{
    struct firewall_network rules;
    struct netdriver_network request = {.network = record->network};
    struct hull_empty done;
    int rc = 0;
    if (record->network.config_only)
        return 0; /* nothing was made of it */
    if (net_firewall(call, record, &rules))
        rc = firewall_network_remove(call, NET_FIREWALL, &rules, &done);
    if (rc == 0)
        rc = netdriver_remove(call, net_driver(call, record), &request, &done);
    record->asserted = false;
    return rc;
}

/* What was made of a network whose making failed. One step that fails keeps no other from it. */
static void unmake(struct hull_call *call, void *arg)
{
    struct net_record *record = arg;
    struct netdriver_network request = {.network = record->network};
    struct hull_empty done;
    int rc = take_down(call, record);
    if (rc < 0) {
        hull_error_clear(call);
        rc = netdriver_remove(call, net_driver(call, record), &request, &done);
    }
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "network not taken down", "network", record->network.name,
                 "error", hull_error(call), NULL);
}

/* What can be known before anything is made. */
static int plan(struct hull_call *call, struct network_create_request *request,
                struct netdriver_about_reply *about, struct network *network)
{
    int rc = check_name(call, request->name);
    if (rc == 0)
        rc = net_config_check(call, request);
    if (rc == 0)
        rc = check_supported(call, request);
    if (rc == 0 && !request->config_only)
        rc = net_driver_check(call, driver_of(request), about);
    if (rc == 0)
        rc = net_config_take(call, request);
    if (rc < 0)
        return rc;
    describe(call, request, about, network);
    if (network->config_only)
        return 0;
    rc = check_families(call, request, network);
    return rc < 0 ? rc : check_options(call, network);
}

int net_create(struct hull_call *call, const struct network_create_request *asked,
               struct network_create_reply *ret_reply)
{
    struct network_create_request own = *asked, *request = &own;
    struct network network;
    struct netdriver_about_reply about = {0};
    struct net_record *record;
    int rc = plan(call, request, &about, &network);
    if (rc == 0 && is_choosing(call, request, &network))
        rc = lock_pools(call);
    if (rc == 0)
        rc = reserve_pools(call, request, &about, &network);
    FAILPOINT(network_create_pools);
    if (rc == 0)
        rc = net_config_still(call, request);
    /* Somebody may have made one of that name while this one waited. */
    if (rc == 0 && net_find_name(network.name) != NULL)
        rc = hull_fail(call, HULL_CONFLICT, "network with name %s already exists", network.name);
    if (rc == 0)
        rc = net_add(call, &network, false, &record);
    if (rc < 0)
        return rc;
    hull_undo(call, drop_record, record);
    hull_undo(call, unmake, record);
    FAILPOINT(network_create_commit);
    if (!network.config_only)
        rc = net_assert(call, record);
    FAILPOINT(network_create_driver);
    if (rc < 0)
        return rc;
    event_publish(call, "network", "create", network.id, "name", network.name, "type",
                  network.driver, NULL);
    *ret_reply = (struct network_create_reply){.id = network.id, .warning = ""};
    return 0;
}

/* --- remove ---------------------------------------------------------------------------------- */

struct members {
    struct hull_call *call;
    const char *network_id;
    struct hull_text text;
};

static void add_member(const struct net_sandbox *sandbox, void *ctx)
{
    struct members *members = ctx;
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        const struct endpoint_settings *endpoint = &sandbox->settings.networks.v[i];
        if (hull_streq(endpoint->network_id, members->network_id))
            hull_text_printf(&members->text, "%sname:\"%s\" id:\"%.12s\"",
                             members->text.length > 0 ? ", " : "", sandbox->name,
                             endpoint->endpoint_id);
    }
}

static int check_unused(struct hull_call *call, const struct net_record *record)
{
    struct members members = {call, record->network.id, HULL_TEXT(hull_call_arena(call))};
    net_sandbox_each(add_member, &members);
    if (members.text.length == 0 && record->users == 0)
        return 0;
    return hull_fail(
        call, HULL_FORBIDDEN, "error while removing network: network %s has active endpoints (%s)",
        record->network.name, members.text.length > 0 ? members.text.data : "one is being made");
}

static int remove_record(struct hull_call *call, struct net_record *record)
{
    int rc = net_config_unused(call, record);
    if (rc == 0)
        rc = check_unused(call, record);
    if (rc < 0)
        return rc;
    struct pool_owner owner = {net_ipam(&record->network), hull_strdup(call, record->network.id),
                               false};
    const char *name = hull_strdup(call, record->network.name);
    const char *driver = hull_strdup(call, record->network.driver);
    bool ipv4 = record->network.enable_ipv4;
    bool ipv6 = record->network.enable_ipv6;
    record->removing = true;
    rc = take_down(call, record);
    FAILPOINT(network_remove_driver);
    if (rc == 0)
        rc = net_drop(call, record);
    FAILPOINT(network_remove_commit);
    if (rc < 0) {
        record->removing = false;
        return rc;
    }
    if (owner.ipam != NULL && ipv4)
        release_pool(call, &owner);
    owner.ipv6 = true;
    if (owner.ipam != NULL && ipv6)
        release_pool(call, &owner);
    event_publish(call, "network", "destroy", owner.network_id, "name", name, "type", driver, NULL);
    return 0;
}

int net_remove(struct hull_call *call, const struct network_ref *request,
               struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct net_record *record;
    int rc = net_find(call, request->id, &record);
    if (rc < 0)
        return rc;
    if (record->removing)
        return hull_fail(call, HULL_NOT_FOUND, "network %s not found", request->id);
    if (record->predefined)
        return hull_fail(call, HULL_FORBIDDEN, "%s is a pre-defined network and cannot be removed",
                         record->network.name);
    return remove_record(call, record);
}

/* --- prune ----------------------------------------------------------------------------------- */

/* A network that UNTIL and labels select, nobody is in and that did not fail to go. A configuration
 * stays. */
static struct net_record *next_unused(struct hull_call *call, const struct filters *filters,
                                      int64_t until, const struct hull_strv *failed)
{
    for (struct net_record *record = net_records; record != NULL; record = record->next) {
        int64_t created = 0;
        if (record->predefined || record->removing || record->network.config_only ||
            hull_strv_contains(failed, record->network.id) ||
            !filters_labels(filters, &record->network.labels) ||
            (time_parse(record->network.created, &created) && created > until))
            continue;
        if (check_unused(call, record) == 0)
            return record;
        hull_error_clear(call);
    }
    return NULL;
}

int net_prune(struct hull_call *call, const struct prune_request *request,
              struct network_prune_reply *ret_reply)
{
    static const char *const allowed[] = {"until", "label", "label!", NULL};
    const struct filters *filters = filters_of(request->filters);
    const struct hull_strv *limits = filters_get(filters, "until");
    int64_t until = INT64_MAX;
    int rc = filters_check(call, filters, allowed);
    if (rc < 0)
        return rc;
    if (limits != NULL && !time_parse_any(limits->v[0], hull_time_ns(), &until))
        return hull_fail(call, HULL_INVALID, "invalid filter 'until=[%s]'", limits->v[0]);
    struct net_record *record;
    struct hull_strv failed = {0};
    while ((record = next_unused(call, filters, until, &failed)) != NULL) {
        const char *name = hull_strdup(call, record->network.name);
        const char *id = hull_strdup(call, record->network.id);
        rc = remove_record(call, record);
        if (rc < 0 && hull_check(call) < 0)
            return rc;
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "network not pruned", "network", name, "error",
                     hull_error(call), NULL);
        hull_error_clear(call);
        hull_strv_add(hull_call_arena(call), rc < 0 ? &failed : &ret_reply->networks_deleted,
                      rc < 0 ? id : name);
    }
    event_publish(call, "network", "prune", "", "reclaimed", "0", NULL);
    return 0;
}
