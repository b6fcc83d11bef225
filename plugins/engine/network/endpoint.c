/* What a container gets in one network: names and addresses. */
#include "net.h"

#include "ids.h"

#include <string.h>

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

int net_endpoint_plan(struct hull_call *call, const struct net_record *record,
                      const struct network_join_request *request,
                      const struct endpoint_settings *wanted, struct endpoint_settings *endpoint)
{
    if (wanted != NULL) {
        int rc = net_endpoint_check(call, record->network.name, record, wanted);
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
