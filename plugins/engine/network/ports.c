#include "net.h"

#include "address.h"
#include "netif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* --- reading --------------------------------------------------------------------------------- */

static bool parse_number(const char *text, size_t length, int64_t *ret_port)
{
    int64_t port = 0;
    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (text[i] - '0');
    }
    *ret_port = port;
    return port <= 65535;
}

int net_port_parse(struct hull_call *call, const char *text, int64_t *ret_port,
                   const char **ret_protocol)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    size_t length = strcspn(text, "/");
    const char *protocol = text[length] == '/' ? text + length + 1 : "tcp";
    if (!parse_number(text, length, ret_port) || *ret_port == 0)
        return hull_fail(call, HULL_INVALID, "invalid port specification: \"%s\"", text);
    for (size_t i = 0; i < HULL_COUNT(protocols); i++) {
        if (strcasecmp(protocol, protocols[i]) == 0) {
            *ret_protocol = protocols[i];
            return 0;
        }
    }
    return hull_fail(call, HULL_INVALID, "invalid protocol: %s (tcp, udp and sctp are known)",
                     protocol);
}

/* "", "8080" or "8000-8010" to the first and the last host port; "" and "0" are 0: choose. */
static int parse_host_port(struct hull_call *call, const char *text, int64_t *ret_first,
                           int64_t *ret_last)
{
    *ret_first = 0;
    *ret_last = 0;
    if (text == NULL || *text == '\0')
        return 0;
    size_t length = strcspn(text, "-");
    bool ok = parse_number(text, length, ret_first);
    if (ok && text[length] == '-')
        ok = parse_number(text + length + 1, strlen(text + length + 1), ret_last) &&
             *ret_first > 0 && *ret_last >= *ret_first;
    if (!ok)
        return hull_fail(call, HULL_INVALID, "invalid HostPort: \"%s\"", text);
    return 0;
}

/* --- what is published ----------------------------------------------------------------------- */

struct expansion {
    const struct net_publish *to;
    struct firewall_ports *ports;
};

/* ENTRY, whose host address is known: its family decides to which address of the container. */
static int add_entry(struct hull_call *call, const struct expansion *expansion,
                     struct firewall_port *entry)
{
    const struct net_publish *to = expansion->to;
    struct ip_addr host;
    if (!ip_parse(entry->host_ip, &host))
        return hull_fail(call, HULL_INVALID, "invalid HostIp: \"%s\"", entry->host_ip);
    bool ipv6 = host.family == AF_INET6;
    entry->address = ipv6 ? to->address6 : to->address;
    if (!net_given(entry->address))
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "can't publish port %d/%s on %s: the container has no IPv%c address",
                         (int)entry->port, entry->protocol, entry->host_ip, ipv6 ? '6' : '4');
    if (ipv6 && ip_is_loopback(&host) && !to->routed[1] && !nif_loopback6())
        return hull_fail(
            call, HULL_NOT_SUPPORTED,
            "can't publish port %d/%s on ::1: while " NIF_BRIDGED6 " is on, the "
            "kernel drops what a container answers; turn it off (sysctl -w " NIF_BRIDGED6
            "=0), or use 127.0.0.1",
            (int)entry->port, entry->protocol);
    entry->open = to->open || to->routed[ipv6];
    entry->unbound = to->routed[ipv6];
    if (entry->unbound && (entry->host_port > 0 || !ip_is_any(&host)))
        hull_log(call, HULL_LOG_WARN,
                 "address and port of the host have no meaning in a network "
                 "with gateway mode routed",
                 "host_ip", entry->host_ip, NULL);
    if (entry->unbound)
        entry->host_port = entry->host_port_end = 0;
    *(HULL_LIST_ADD(hull_call_arena(call), &expansion->ports->ports)) = *entry;
    return 0;
}

/* BINDING of the container's PORT. One that names no host address is on all addresses of both
 * families, as far as the container has them, with the same port. */
static int expand_binding(struct hull_call *call, const struct expansion *expansion, int64_t port,
                          const char *protocol, const struct port_binding *binding)
{
    const struct net_publish *to = expansion->to;
    struct firewall_port entry = {.protocol = protocol, .port = port};
    int rc = parse_host_port(call, binding->host_port, &entry.host_port, &entry.host_port_end);
    if (rc < 0)
        return rc;
    entry.host_ip = net_given(binding->host_ip) ? binding->host_ip : to->host_ip;
    if (net_given(entry.host_ip) &&
        (net_given(binding->host_ip) || !hull_streq(entry.host_ip, "0.0.0.0")))
        return add_entry(call, expansion, &entry);
    struct firewall_port twin = entry;
    entry.host_ip = net_given(to->address) ? "0.0.0.0" : "::";
    rc = add_entry(call, expansion, &entry);
    if (rc < 0 || !net_given(to->address) || !net_given(to->address6) ||
        hull_streq(to->address6, to->address))
        return rc;
    twin.host_ip = "::";
    twin.twin = !entry.unbound && !to->routed[1];
    return add_entry(call, expansion, &twin);
}

static int expand_bindings(struct hull_call *call, const struct expansion *expansion,
                           const char *key, const struct port_binding *bindings, size_t count)
{
    int64_t port;
    const char *protocol;
    int rc = net_port_parse(call, key, &port, &protocol);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = expand_binding(call, expansion, port, protocol, &bindings[i]);
    return rc;
}

static bool is_bound(const struct network_join_request *request, const char *key)
{
    for (size_t i = 0; i < request->port_bindings.n; i++) {
        if (strcmp(request->port_bindings.keys[i], key) == 0)
            return request->port_bindings.v[i].n > 0;
    }
    return false;
}

int net_ports_expand(struct hull_call *call, const struct network_join_request *request,
                     const struct net_publish *to, struct firewall_ports *ret_ports)
{
    static const struct port_binding any = {.host_ip = NULL};
    struct expansion expansion = {to, ret_ports};
    int rc = 0;
    for (size_t i = 0; i < request->port_bindings.n && rc == 0; i++) {
        const struct port_binding_list *list = &request->port_bindings.v[i];
        rc = expand_bindings(call, &expansion, request->port_bindings.keys[i], list->v, list->n);
    }
    for (size_t i = 0; request->publish_all && i < request->exposed_ports.n && rc == 0; i++) {
        const char *key = request->exposed_ports.v[i];
        if (!is_bound(request, key))
            rc = expand_bindings(call, &expansion, key, &any, 1);
    }
    return rc;
}

/* --- what inspect shows ---------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *port_key(struct hull_call *call, const struct firewall_port *port)
{
    return hull_printf(call, "%d/%s", (int)port->port, port->protocol);
}

/* The keys of all ports, each once, in order. */
static void list_keys(struct hull_call *call, const struct hull_strv *exposed,
                      const struct firewall_ports *ports, struct hull_strv *ret_keys)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv all = {0};
    for (size_t i = 0; i < ports->ports.n; i++)
        hull_strv_add(arena, &all, port_key(call, &ports->ports.v[i]));
    for (size_t i = 0; i < exposed->n; i++) {
        const char *key = exposed->v[i];
        hull_strv_add(arena, &all, strchr(key, '/') ? key : hull_printf(call, "%s/tcp", key));
    }
    if (all.n > 0)
        qsort(all.v, all.n, sizeof(*all.v), by_text);
    for (size_t i = 0; i < all.n; i++) {
        if (ret_keys->n == 0 || strcmp(ret_keys->v[ret_keys->n - 1], all.v[i]) != 0)
            hull_strv_add(arena, ret_keys, all.v[i]);
    }
}

void net_ports_show(struct hull_call *call, const struct hull_strv *exposed,
                    const struct firewall_ports *ports, struct network_settings *settings)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv keys = {0};
    list_keys(call, exposed, ports, &keys);
    settings->ports.n = keys.n;
    settings->ports.keys = hull_alloc(call, (keys.n + 1) * sizeof(*keys.v));
    settings->ports.v = hull_alloc(call, (keys.n + 1) * sizeof(*settings->ports.v));
    if (keys.n > 0)
        memcpy(settings->ports.keys, keys.v, keys.n * sizeof(*keys.v));
    for (size_t i = 0; i < ports->ports.n; i++) {
        const struct firewall_port *port = &ports->ports.v[i];
        const char *key = port_key(call, port);
        const char **place = bsearch(&key, keys.v, keys.n, sizeof(*keys.v), by_text);
        struct port_binding *binding = HULL_LIST_ADD(arena, &settings->ports.v[place - keys.v]);
        binding->host_ip = port->host_ip;
        binding->host_port = port->unbound ? "" : hull_printf(call, "%d", (int)port->host_port);
    }
}
