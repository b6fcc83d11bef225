/* What a container gets in one network: names and addresses. */
#include "net.h"

#include "ids.h"

#include <string.h>

/* Of a name in the DNS, and of what is between its dots. */
#define NAME_MAX_LENGTH 253
#define LABEL_MAX_LENGTH 63

/* --- addresses ------------------------------------------------------------------------------- */

struct lease {
    const char *ipam; /* port */
    const char *network_id;
    const char *owner;
};

static void release_lease(struct hull_call *call, void *arg)
{
    const struct lease *lease = arg;
    struct hull_empty done;
    struct ipam_address request = {.network_id = lease->network_id, .owner = lease->owner};
    for (int v6 = 0; v6 <= 1; v6++) {
        request.ipv6 = v6 != 0;
        int rc = ipam_address_release(call, lease->ipam, &request, &done);
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "address not released", "container", lease->owner,
                     "error", hull_error(call), NULL);
    }
}

static int reserve(struct hull_call *call, const char *owner, const struct network *network,
                   bool ipv6, const char *wanted, struct endpoint_settings *endpoint,
                   struct ipam_address *ret_address)
{
    struct ipam_address request = {.network_id = network->id,
                                   .ipv6 = ipv6,
                                   .owner = owner,
                                   .address = wanted,
                                   .mac_address = endpoint->mac_address};
    int rc = ipam_address_reserve(call, net_ipam(network), &request, ret_address);
    if (rc == 0 && ret_address->mac_address != NULL)
        endpoint->mac_address = ret_address->mac_address;
    return rc;
}

/* The network's own one, unless another is configured under the name OTHER. */
static const char *gateway_of(const struct network *network, const char *other, const char *own)
{
    for (size_t i = 0; i < network->ipam.config.n && !network->internal; i++) {
        const char *found = hull_map_find(&network->ipam.config.v[i].auxiliary_addresses, other);
        if (found != NULL)
            return found;
    }
    return network->internal ? "" : own;
}

static int reserve_ipv4(struct hull_call *call, const char *owner, const struct network *network,
                        struct endpoint_settings *endpoint)
{
    const struct endpoint_ipam_config *wanted = endpoint->ipam_config;
    struct ipam_address address;
    int rc = reserve(call, owner, network, false, wanted ? wanted->ipv4_address : NULL, endpoint,
                     &address);
    if (rc < 0)
        return rc;
    endpoint->ip_address = address.address;
    endpoint->ip_prefix_len = address.prefix_len;
    endpoint->gateway = gateway_of(network, "DefaultGatewayIPv4", address.gateway);
    return 0;
}

static int reserve_ipv6(struct hull_call *call, const char *owner, const struct network *network,
                        struct endpoint_settings *endpoint)
{
    const struct endpoint_ipam_config *wanted = endpoint->ipam_config;
    struct ipam_address address;
    int rc = reserve(call, owner, network, true, wanted ? wanted->ipv6_address : NULL, endpoint,
                     &address);
    if (rc < 0)
        return rc;
    endpoint->global_ipv6_address = address.address;
    endpoint->global_ipv6_prefix_len = address.prefix_len;
    endpoint->ipv6_gateway = gateway_of(network, "DefaultGatewayIPv6", address.gateway);
    return 0;
}

static int reserve_addresses(struct hull_call *call, const char *owner,
                             const struct network *network, struct endpoint_settings *endpoint)
{
    const struct endpoint_ipam_config *wanted = endpoint->ipam_config;
    if (!network->enable_ipv4 && wanted != NULL && wanted->ipv4_address != NULL &&
        *wanted->ipv4_address != '\0')
        return hull_fail(
            call, HULL_INVALID,
            "invalid config for network %s: invalid endpoint settings:\nno address %s: "
            "IPv4 has not been enabled for this network",
            network->name, wanted->ipv4_address);
    struct lease *lease = hull_alloc(call, sizeof(*lease));
    *lease = (struct lease){net_ipam(network), network->id, owner};
    hull_undo(call, release_lease, lease);
    int rc = network->enable_ipv4 ? reserve_ipv4(call, owner, network, endpoint) : 0;
    if (rc == 0 && network->enable_ipv6)
        rc = reserve_ipv6(call, owner, network, endpoint);
    return rc;
}

/* Names under which others in a user-defined network find the container. */
static void add_dns_names(struct hull_call *call, const struct network_join_request *request,
                          struct endpoint_settings *endpoint)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv names = {0};
    const char *own[] = {id_short(arena, request->container_id), request->hostname};
    hull_strv_add(arena, &names, request->name);
    for (size_t i = 0; i < endpoint->aliases.n; i++) {
        if (!hull_strv_contains(&names, endpoint->aliases.v[i]))
            hull_strv_add(arena, &names, endpoint->aliases.v[i]);
    }
    for (size_t i = 0; i < HULL_COUNT(own); i++) {
        if (own[i] != NULL && *own[i] != '\0' && !hull_strv_contains(&names, own[i]))
            hull_strv_add(arena, &names, own[i]);
    }
    endpoint->dns_names = names;
}

/* --- what was asked for ---------------------------------------------------------------------- */

/* A name that gets into answers and files: labels of letters, digits, '-' and '_'. */
static bool is_name(const char *text, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    size_t at = 0;
    if (length == 0 || length > NAME_MAX_LENGTH || text[0] == '-')
        return false;
    while (at < length) {
        size_t label = strspn(text + at, letters);
        if (label == 0 || label > LABEL_MAX_LENGTH)
            return false;
        at += label;
        if (at < length && (text[at++] != '.' || at == length))
            return false;
    }
    return at == length;
}

static int check_names(struct hull_call *call, const struct net_record *record,
                       const struct endpoint_settings *wanted)
{
    for (size_t i = 0; i < wanted->aliases.n; i++) {
        if (!is_name(wanted->aliases.v[i], strlen(wanted->aliases.v[i])))
            return hull_fail(call, HULL_INVALID,
                             "invalid config for network %s: invalid alias \"%s\": names have "
                             "letters, digits, '_', '-' and '.'",
                             record->network.name, wanted->aliases.v[i]);
    }
    for (size_t i = 0; i < wanted->links.n; i++) {
        const char *link = wanted->links.v[i];
        size_t target = strcspn(link, ":");
        const char *alias = link[target] == ':' ? link + target + 1 : link;
        if (!is_name(link, target) || !is_name(alias, strlen(alias)))
            return hull_fail(call, HULL_INVALID,
                             "invalid config for network %s: invalid link \"%s\": it is "
                             "CONTAINER:ALIAS",
                             record->network.name, link);
    }
    return 0;
}

static int check_wanted(struct hull_call *call, const struct net_record *record,
                        const struct endpoint_settings *wanted)
{
    const struct endpoint_ipam_config *ipam = wanted->ipam_config;
    bool address = ipam != NULL && ((ipam->ipv4_address != NULL && *ipam->ipv4_address != '\0') ||
                                    (ipam->ipv6_address != NULL && *ipam->ipv6_address != '\0'));
    const struct {
        bool wanted;
        enum hull_kind kind;
        const char *what;
    } refused[] = {
        {address && record->predefined, HULL_INVALID,
         "user specified IP address is supported on user defined networks only"},
        {wanted->aliases.n > 0 && record->predefined, HULL_INVALID,
         "network-scoped alias is supported only for containers in user defined networks"},
        {ipam != NULL && ipam->linklocal_ips.n > 0, HULL_NOT_SUPPORTED,
         "LinkLocalIPs are not supported"},
        {wanted->links.n > 0 && record->predefined, HULL_NOT_SUPPORTED,
         "Links on the default networks are not supported: use a network of your own and the names "
         "of its containers"},
    };
    for (size_t i = 0; i < HULL_COUNT(refused); i++) {
        if (refused[i].wanted)
            return hull_fail(call, refused[i].kind,
                             "invalid config for network %s: invalid endpoint settings:\n%s",
                             record->network.name, refused[i].what);
    }
    int rc = 0;
    if (hull_streq(record->network.driver, "bridge"))
        rc = hull_wrap(call, net_endpoint_opts_check(call, &wanted->driver_opts),
                       "invalid config for network %s: invalid endpoint settings",
                       record->network.name);
    return rc < 0 ? rc : check_names(call, record, wanted);
}

int net_endpoint_plan(struct hull_call *call, const struct net_record *record,
                      const struct network_join_request *request,
                      const struct endpoint_settings *wanted, struct endpoint_settings *endpoint)
{
    if (wanted != NULL) {
        int rc = check_wanted(call, record, wanted);
        if (rc < 0)
            return rc;
        *endpoint = *wanted;
    }
    endpoint->network_id = record->network.id;
    endpoint->endpoint_id = id_new(hull_call_arena(call));
    /* Not anybody's to say. */
    endpoint->dns_names = (struct hull_strv){0};
    endpoint->dns_servers = endpoint->dns_search = endpoint->dns_options = (struct hull_strv){0};
    if (record->predefined && !hull_streq(record->network.driver, "bridge"))
        return 0;
    if (!record->predefined && !net_is_way_out(&record->network))
        add_dns_names(call, request, endpoint);
    if (net_ipam(&record->network) == NULL)
        return 0;
    return reserve_addresses(call, request->container_id, &record->network, endpoint);
}

void net_addresses_release(struct hull_call *call, const char *ipam, const char *network_id,
                           const char *container_id)
{
    release_lease(call, &(struct lease){ipam, network_id, container_id});
}
