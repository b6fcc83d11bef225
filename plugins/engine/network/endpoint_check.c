/* What a container may ask for in one network, known before it is created or started. */
#include "net.h"

#include "address.h"

#include <string.h>
#include <sys/socket.h>

/* Of a name in the DNS, and of what is between its dots. */
#define NAME_MAX_LENGTH 253
#define LABEL_MAX_LENGTH 63

/* --- names ----------------------------------------------------------------------------------- */

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

static int check_names(struct hull_call *call, const char *network,
                       const struct endpoint_settings *wanted)
{
    for (size_t i = 0; i < wanted->aliases.n; i++) {
        if (!is_name(wanted->aliases.v[i], strlen(wanted->aliases.v[i])))
            return hull_fail(call, HULL_INVALID,
                             "invalid config for network %s: invalid alias \"%s\": names have "
                             "letters, digits, '_', '-' and '.'",
                             network, wanted->aliases.v[i]);
    }
    for (size_t i = 0; i < wanted->links.n; i++) {
        const char *link = wanted->links.v[i];
        size_t target = strcspn(link, ":");
        const char *alias = link[target] == ':' ? link + target + 1 : link;
        if (!is_name(link, target) || !is_name(alias, strlen(alias)))
            return hull_fail(call, HULL_INVALID,
                             "invalid config for network %s: invalid link \"%s\": it is "
                             "CONTAINER:ALIAS",
                             network, link);
    }
    return 0;
}

/* --- addresses ------------------------------------------------------------------------------- */

/* TEXT is an address of FAMILY, in a subnet of NETWORK where that has subnets. */
static bool is_address(const struct network *network, int family, const char *text, bool *ret_fits)
{
    struct ip_addr addr;
    struct ip_net subnet;
    if (!ip_parse(text, &addr) || addr.family != family || ip_is_any(&addr))
        return false;
    *ret_fits = network == NULL || network->ipam.config.n == 0;
    for (size_t i = 0; !*ret_fits && i < network->ipam.config.n; i++)
        *ret_fits = ip_net_parse(network->ipam.config.v[i].subnet, &subnet) &&
                    subnet.addr.family == family && ip_net_has(&subnet, &addr);
    return true;
}

static int check_address(struct hull_call *call, const struct network *network, int family,
                         const char *text)
{
    bool fits;
    if (!net_given(text))
        return 0;
    if (!is_address(network, family, text, &fits))
        return hull_fail(call, HULL_INVALID, "invalid IPv%c address: %s",
                         family == AF_INET6 ? '6' : '4', text);
    return fits
               ? 0
               : hull_fail(call, HULL_INVALID, "no configured subnet contains IP address %s", text);
}

/* --- all of it ------------------------------------------------------------------------------- */

/* What the networks that are there from the beginning do not have. */
static int check_predefined(struct hull_call *call, const struct endpoint_settings *wanted)
{
    const struct endpoint_ipam_config *ipam = wanted->ipam_config;
    if (ipam != NULL && (net_given(ipam->ipv4_address) || net_given(ipam->ipv6_address)))
        return hull_fail(call, HULL_INVALID,
                         "user specified IP address is supported on user defined networks only");
    if (wanted->aliases.n > 0)
        return hull_fail(
            call, HULL_INVALID,
            "network-scoped alias is supported only for containers in user defined networks");
    if (wanted->links.n > 0)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "Links on the default networks are not supported: use a network of your "
                         "own and the names of its containers");
    return 0;
}

static int check_settings(struct hull_call *call, const struct net_record *record,
                          const struct endpoint_settings *wanted)
{
    const struct endpoint_ipam_config *ipam = wanted->ipam_config;
    const struct network *network = record == NULL ? NULL : &record->network;
    int rc = record != NULL && record->predefined ? check_predefined(call, wanted) : 0;
    if (rc == 0 && ipam != NULL && ipam->linklocal_ips.n > 0)
        rc = hull_fail(call, HULL_NOT_SUPPORTED, "LinkLocalIPs are not supported");
    if (rc == 0 && ipam != NULL)
        rc = check_address(call, network, AF_INET, ipam->ipv4_address);
    if (rc == 0 && ipam != NULL)
        rc = check_address(call, network, AF_INET6, ipam->ipv6_address);
    if (rc == 0 && network != NULL && hull_streq(network->driver, "bridge"))
        rc = net_endpoint_opts_check(call, &wanted->driver_opts);
    return rc;
}

int net_endpoint_check(struct hull_call *call, const char *network, const struct net_record *record,
                       const struct endpoint_settings *wanted)
{
    int rc = check_settings(call, record, wanted);
    if (rc == 0)
        return check_names(call, network, wanted);
    const char *text = hull_strdup(call, hull_error(call));
    hull_error_clear(call);
    return hull_fail(call, (enum hull_kind)(-rc),
                     "invalid config for network %s: invalid endpoint settings:\n%s", network,
                     text);
}

int net_check(struct hull_call *call, const struct network_check_request *request,
              struct hull_empty *ret_reply)
{
    int rc = 0;

    (void)ret_reply;
    for (size_t i = 0; i < request->networks.n && rc == 0; i++) {
        struct net_record *record;
        if (net_find(call, request->networks.keys[i], &record) < 0) {
            hull_error_clear(call); /* it may be there at the start */
            record = NULL;
        }
        rc = net_endpoint_check(call, request->networks.keys[i], record, &request->networks.v[i]);
    }
    return rc;
}
