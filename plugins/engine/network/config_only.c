/*
 * config_only.c: networks that are a configuration and nothing else, and networks made from one.
 * Such a configuration has no interfaces, addresses or containers: it is a record alone, under the
 * driver null as with docker.
 */
#include "net.h"

#include "address.h"

static const char *source_of(const struct network_create_request *request)
{
    const struct config_reference *from = request->config_from;
    return from == NULL || !net_given(from->network) ? NULL : from->network;
}

/* --- what can't be asked for together -------------------------------------------------------- */

/* What a configuration says, a network made from it can't say otherwise. */
static bool says_more(const struct network_create_request *request)
{
    const struct ipam *ipam = request->ipam;
    if (ipam != NULL && (ipam->config.n > 0 || ipam->options.n > 0 ||
                         (net_given(ipam->driver) && !hull_streq(ipam->driver, "default"))))
        return true;
    return request->labels.n > 0 || (request->enable_ipv6.set && request->enable_ipv6.value) ||
           (request->enable_ipv4.set && !request->enable_ipv4.value);
}

static int check_subnets(struct hull_call *call, const struct ipam *ipam)
{
    for (size_t i = 0; ipam != NULL && i < ipam->config.n; i++) {
        const char *subnet = ipam->config.v[i].subnet;
        struct ip_net net;
        if (net_given(subnet) && !ip_net_parse(subnet, &net))
            return hull_fail(call, HULL_INVALID,
                             "invalid network config:\ninvalid subnet %s: invalid CIDR block "
                             "notation",
                             subnet);
    }
    return 0;
}

static int check_configuration(struct hull_call *call, const struct network_create_request *request)
{
    if (request->ingress || request->internal || request->attachable || net_given(request->scope))
        return hull_fail(call, HULL_FORBIDDEN,
                         "configuration network can only contain network specific fields. Network "
                         "operator fields like [ ingress | internal | attachable | scope ] are not "
                         "supported.");
    if (source_of(request) != NULL)
        return hull_fail(call, HULL_FORBIDDEN,
                         "a configuration network cannot depend on another configuration network");
    return check_subnets(call, request->ipam);
}

/* The configuration NAME, which nobody removes now; NULL and an error: there is none. */
static const struct net_record *find_configuration(struct hull_call *call, const char *name,
                                                   int *ret_rc)
{
    const struct net_record *record = net_find_name(name);
    *ret_rc = 0;
    if (record != NULL && record->network.config_only && !record->removing)
        return record;
    *ret_rc = hull_fail(call, HULL_NOT_FOUND, "configuration network \"%s\" does not exist", name);
    return NULL;
}

/* --- create ---------------------------------------------------------------------------------- */

int net_config_check(struct hull_call *call, const struct network_create_request *request)
{
    int rc = 0;
    if (request->config_only)
        return check_configuration(call, request);
    if (source_of(request) == NULL)
        return 0;
    if (says_more(request))
        return hull_fail(call, HULL_FORBIDDEN,
                         "user specified configurations are not supported if the network depends "
                         "on a configuration network");
    if (request->options.n > 0)
        return hull_fail(call, HULL_FORBIDDEN,
                         "network driver options are not supported if the network depends on a "
                         "configuration network");
    (void)find_configuration(call, source_of(request), &rc);
    return rc;
}

int net_config_still(struct hull_call *call, const struct network_create_request *request)
{
    int rc = 0;
    if (source_of(request) != NULL)
        (void)find_configuration(call, source_of(request), &rc);
    return rc;
}

int net_config_take(struct hull_call *call, struct network_create_request *request)
{
    int rc;
    if (source_of(request) == NULL)
        return 0;
    const struct net_record *record = find_configuration(call, source_of(request), &rc);
    if (record == NULL)
        return rc;
    struct network source = record->network;
    struct network *copy = hull_alloc(call, sizeof(*copy));
    hull_message_copy(hull_call_arena(call), &network_message, &source, copy);
    request->ipam = &copy->ipam;
    request->options = copy->options;
    request->labels = copy->labels;
    request->enable_ipv4.set = request->enable_ipv6.set = true;
    request->enable_ipv4.value = copy->enable_ipv4;
    request->enable_ipv6.value = copy->enable_ipv6;
    return 0;
}

void net_config_describe(struct hull_call *call, const struct network_create_request *request,
                         struct network *network)
{
    const char *source = source_of(request);
    network->config_from.network = source;
    network->config_only = request->config_only;
    if (!request->config_only)
        return;
    network->driver = "null";
    network->scope = "local";
    if (request->ipam != NULL) {
        network->ipam.config.n = request->ipam->config.n;
        network->ipam.config.v = request->ipam->config.v;
    }
    if (network->ipam.config.v == NULL) /* empty, which is not absent */
        network->ipam.config.v = hull_alloc(call, sizeof(*network->ipam.config.v));
}

/* --- remove ---------------------------------------------------------------------------------- */

int net_config_unused(struct hull_call *call, const struct net_record *record)
{
    const struct net_record *other = net_records;
    if (!record->network.config_only)
        return 0;
    while (other != NULL && !hull_streq(other->network.config_from.network, record->network.name))
        other = other->next;
    return other == NULL
               ? 0
               : hull_fail(call, HULL_FORBIDDEN,
                           "error while removing network: configuration network \"%s\" is in use",
                           record->network.name);
}
