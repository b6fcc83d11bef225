/*
 * offers.c: what was asked for, for the plugins that take it. What no plugin takes is an error,
 * with its value and the name of the capability that a configuration would have to have.
 */
#include "cni.h"

#include "address.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BANDWIDTH "bandwidth."
#define TEXT_LENGTH_MAX 256

static bool is_taken(const struct cni_conf *conf, enum cni_capability which)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (conf->plugins[i].takes[which])
            return true;
    }
    return false;
}

static int offer_ports(struct hull_call *call, const struct netdriver_join_request *request,
                       bool taken, const char **ret)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    if (request->ports.n > 0 && !taken)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "can't publish ports: no plugin in the configuration of network %s "
                         "has the capability portMappings",
                         request->network.name);
    for (size_t i = 0; i < request->ports.n; i++) {
        const struct firewall_port *port = &request->ports.v[i];
        bool any = hull_streq(port->host_ip, "0.0.0.0");
        if (port->host_port == 0)
            return hull_fail(call, HULL_INVALID,
                             "port %d/%s: CNI can't choose a port of the host, name one: -p "
                             "8080:%d",
                             (int)port->port, port->protocol, (int)port->port);
        hull_text_printf(&out,
                         "%s{\"hostPort\":%d,\"containerPort\":%d,\"protocol\":\"%s\",\"hostIP\":",
                         i > 0 ? "," : "[", (int)port->host_port, (int)port->port, port->protocol);
        json_quote(&out, any ? "" : port->host_ip, any ? 0 : strlen(port->host_ip));
        hull_text_puts(&out, "}");
    }
    if (out.length > 0)
        hull_text_puts(&out, "]");
    *ret = out.length > 0 ? out.data : NULL;
    return 0;
}

static int refuse(struct hull_call *call, const struct network *network, const char *what,
                  const char *value, const char *capability)
{
    return hull_fail(call, HULL_NOT_SUPPORTED,
                     "can't give the %s %s: no plugin in the configuration of the network %s has "
                     "the capability %s",
                     what, value, network->name, capability);
}

static int offer_ips(struct hull_call *call, const struct netdriver_join_request *request,
                     bool taken, const char **ret)
{
    const struct endpoint_ipam_config *wanted = request->endpoint.ipam_config;
    const char *all[] = {wanted == NULL ? NULL : wanted->ipv4_address,
                         wanted == NULL ? NULL : wanted->ipv6_address};
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; i < HULL_COUNT(all); i++) {
        struct ip_addr addr;
        if (hull_streq(all[i], NULL))
            continue;
        if (!ip_parse(all[i], &addr))
            return hull_fail(call, HULL_INVALID, "invalid IP address: %s", all[i]);
        if (!taken)
            return refuse(call, &request->network, "address", all[i], "ips");
        hull_text_printf(&out, "%s\"%s\"", out.length > 0 ? "," : "[", all[i]);
    }
    if (out.length > 0)
        hull_text_puts(&out, "]");
    *ret = out.length > 0 ? out.data : NULL;
    return 0;
}

static int offer_mac(struct hull_call *call, const struct netdriver_join_request *request,
                     bool taken, const char **ret)
{
    const char *mac = request->endpoint.mac_address;
    uint8_t bytes[6];
    if (hull_streq(mac, NULL))
        return 0;
    if (!mac_parse(mac, bytes))
        return hull_fail(call, HULL_INVALID, "invalid MAC address: %s", mac);
    if (!taken)
        return refuse(call, &request->network, "MAC address", mac, "mac");
    char text[18];
    *ret = hull_printf(call, "\"%s\"", mac_text(bytes, text));
    return 0;
}

/* Texts of the endpoint, --driver-opt infinibandGUID=… */
static const struct {
    const char *name;
    enum cni_capability which;
} texts[] = {{"infinibandGUID", CNI_GUID}, {"deviceID", CNI_DEVICE}};

static int offer_texts(struct hull_call *call, const struct netdriver_join_request *request,
                       const struct cni_conf *conf, struct cni_offers *ret)
{
    for (size_t i = 0; i < HULL_COUNT(texts); i++) {
        const char *value = hull_map_find(&request->endpoint.driver_opts, texts[i].name);
        struct hull_text out = HULL_TEXT(hull_call_arena(call));
        if (value == NULL)
            continue;
        if (*value == '\0' || strlen(value) > TEXT_LENGTH_MAX)
            return hull_fail(call, HULL_INVALID, "%s: \"%.64s\" has no length that makes sense",
                             texts[i].name, value);
        if (!is_taken(conf, texts[i].which))
            return refuse(call, &request->network, texts[i].name, value, texts[i].name);
        json_quote(&out, value, strlen(value));
        ret->v[texts[i].which] = out.data;
    }
    return 0;
}

static bool is_text(const char *key)
{
    for (size_t i = 0; i < HULL_COUNT(texts); i++) {
        if (strcmp(key, texts[i].name) == 0)
            return true;
    }
    return false;
}

/* Rates and bursts of the endpoint, --driver-opt bandwidth.ingressRate=1000000. */
static int offer_bandwidth(struct hull_call *call, const struct netdriver_join_request *request,
                           bool taken, const char **ret)
{
    static const char *const known[] = {"ingressRate", "ingressBurst", "egressRate", "egressBurst"};
    const struct hull_map *opts = &request->endpoint.driver_opts;
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; i < opts->n; i++) {
        const char *key = opts->v[i].key, *value = opts->v[i].value;
        const char *name = NULL;
        if (is_text(key))
            continue;
        for (size_t k = 0; strncmp(key, BANDWIDTH, strlen(BANDWIDTH)) == 0 && k < HULL_COUNT(known);
             k++)
            name = strcmp(key + strlen(BANDWIDTH), known[k]) == 0 ? known[k] : name;
        if (name == NULL)
            return hull_fail(call, HULL_INVALID, "network driver cni: option %s is not known", key);
        if (value == NULL || *value == '\0' || strlen(value) > 18 ||
            value[strspn(value, "0123456789")] != '\0')
            return hull_fail(call, HULL_INVALID, "%s: \"%s\" is no number of bits", key,
                             value == NULL ? "" : value);
        if (!taken)
            return refuse(call, &request->network, key, value, "bandwidth");
        hull_text_printf(&out, "%s\"%s\":%lld", out.length > 0 ? "," : "{", name,
                         strtoll(value, NULL, 10));
    }
    if (out.length > 0)
        hull_text_puts(&out, "}");
    *ret = out.length > 0 ? out.data : NULL;
    return 0;
}

/* Names are ours to serve; a plugin that serves them too is told. */
static const char *offer_aliases(struct hull_call *call,
                                 const struct netdriver_join_request *request)
{
    const struct hull_strv *names = &request->endpoint.dns_names;
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; i < names->n; i++) {
        hull_text_puts(&out, i > 0 ? "," : "[");
        json_quote(&out, names->v[i], strlen(names->v[i]));
    }
    if (out.length > 0)
        hull_text_puts(&out, "]");
    return out.length > 0 ? out.data : NULL;
}

/* --- names of others: what the container asks, and where -------------------------------------- */

static void put_list(struct hull_text *out, const char *key, const struct hull_strv *list)
{
    if (list->n == 0)
        return;
    hull_text_printf(out, "%s\"%s\":[", out->length > 1 ? "," : "", key);
    for (size_t i = 0; i < list->n; i++) {
        hull_text_puts(out, i > 0 ? "," : "");
        json_quote(out, list->v[i], strlen(list->v[i]));
    }
    hull_text_puts(out, "]");
}

/* What stands in resolv.conf is ours to write; a plugin that wants it too is told. */
static const char *offer_dns(struct hull_call *call, const struct netdriver_join_request *request)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&out, "{");
    put_list(&out, "servers", &request->dns);
    put_list(&out, "searches", &request->dns_search);
    put_list(&out, "options", &request->dns_options);
    hull_text_puts(&out, "}");
    return out.length > 2 ? out.data : NULL;
}

/* --- subnets of the network ------------------------------------------------------------------- */

/* The first and the last address of RANGE that a host can have. */
static void put_range(struct hull_call *call, struct hull_text *out, const struct ip_net *range,
                      const struct ip_net *subnet)
{
    struct ip_addr first = ip_net_first(range), last = ip_net_last(range);
    struct ip_addr net = ip_net_first(subnet), broadcast = ip_net_last(subnet);
    char text[IP_TEXT_SIZE];
    if (ip_compare(&first, &net) == 0)
        first = ip_add(&first, 1);
    hull_text_printf(out, ",\"rangeStart\":\"%s\"", hull_strdup(call, ip_text(&first, text)));
    /* Without an address that is one less, the plugin is left to find out. */
    if (ip_compare(&last, &broadcast) != 0)
        hull_text_printf(out, ",\"rangeEnd\":\"%s\"", hull_strdup(call, ip_text(&last, text)));
}

static int put_pool(struct hull_call *call, const struct ipam_config *config, struct hull_text *out)
{
    struct ip_net subnet, range;
    struct ip_addr gateway;
    char text[IP_TEXT_SIZE];
    if (!ip_net_parse(config->subnet, &subnet))
        return hull_fail(call, HULL_INVALID, "invalid subnet %s: invalid CIDR block notation",
                         config->subnet == NULL ? "" : config->subnet);
    hull_text_printf(out, "%s[{\"subnet\":\"%s\"", out->length > 1 ? "," : "",
                     ip_net_text(&subnet, text));
    if (!hull_streq(config->ip_range, NULL) && *config->ip_range != '\0') {
        if (!ip_net_parse(config->ip_range, &range) || !ip_net_within(&subnet, &range))
            return hull_fail(call, HULL_INVALID, "no matching subnet for range %s",
                             config->ip_range);
        put_range(call, out, &range, &subnet);
    }
    if (!hull_streq(config->gateway, NULL) && *config->gateway != '\0') {
        if (!ip_parse(config->gateway, &gateway) || !ip_net_has(&subnet, &gateway))
            return hull_fail(call, HULL_INVALID, "no matching subnet for gateway %s",
                             config->gateway);
        hull_text_printf(out, ",\"gateway\":\"%s\"", ip_text(&gateway, text));
    }
    if (config->auxiliary_addresses.n > 0)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "network driver cni: auxiliary address %s=%s: ipRanges has no place "
                         "for it",
                         config->auxiliary_addresses.v[0].key,
                         config->auxiliary_addresses.v[0].value);
    hull_text_puts(out, "}]");
    return 0;
}

static int offer_pools(struct hull_call *call, const struct network *network, const char **ret)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    int rc = 0;
    hull_text_puts(&out, "[");
    for (size_t i = 0; rc == 0 && i < network->ipam.config.n; i++)
        rc = put_pool(call, &network->ipam.config.v[i], &out);
    hull_text_puts(&out, "]");
    *ret = out.length > 2 ? out.data : NULL;
    return rc;
}

int cni_check_pools(struct hull_call *call, const struct network *network,
                    const struct cni_conf *conf)
{
    const char *offer;
    const struct ipam_config *first = network->ipam.config.v;
    if (network->ipam.config.n > 0 && !is_taken(conf, CNI_IP_RANGES))
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "network driver cni hands out addresses itself: no plugin in the "
                         "configuration has the capability ipRanges, for subnet %s",
                         first->subnet == NULL ? "" : first->subnet);
    return offer_pools(call, network, &offer);
}

/* --- all of it -------------------------------------------------------------------------------- */

int cni_make_offers(struct hull_call *call, const struct netdriver_join_request *request,
                    const struct cni_conf *conf, struct cni_offers *ret)
{
    int rc =
        offer_ports(call, request, is_taken(conf, CNI_PORT_MAPPINGS), &ret->v[CNI_PORT_MAPPINGS]);
    if (rc == 0)
        rc = offer_ips(call, request, is_taken(conf, CNI_IPS), &ret->v[CNI_IPS]);
    if (rc == 0)
        rc = offer_mac(call, request, is_taken(conf, CNI_MAC), &ret->v[CNI_MAC]);
    if (rc == 0)
        rc = offer_bandwidth(call, request, is_taken(conf, CNI_BANDWIDTH), &ret->v[CNI_BANDWIDTH]);
    if (rc == 0)
        rc = offer_texts(call, request, conf, ret);
    if (rc == 0)
        rc = offer_pools(call, &request->network, &ret->v[CNI_IP_RANGES]);
    if (rc == 0 && is_taken(conf, CNI_ALIASES))
        ret->v[CNI_ALIASES] = offer_aliases(call, request);
    if (rc == 0 && is_taken(conf, CNI_DNS))
        ret->v[CNI_DNS] = offer_dns(call, request);
    return rc;
}
