/* Ports, in the words of the protocol: what a plugin is told of them, and what it made of them. */
#include "remote.h"

#include "address.h"
#include "json.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define EXPOSED "com.docker.network.endpoint.exposedports"
#define PORTMAP "com.docker.network.portmap"

static const struct {
    const char *name;
    int number;
} protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};

static int protocol_number(const char *name)
{
    for (size_t i = 0; i < HULL_COUNT(protocols); i++) {
        if (hull_streq(name, protocols[i].name))
            return protocols[i].number;
    }
    return IPPROTO_TCP;
}

/* --- what it is told -------------------------------------------------------------------------- */

static void put_port(struct hull_text *out, const struct firewall_port *port)
{
    bool any = hull_streq(port->host_ip, "0.0.0.0");
    int64_t last = port->host_port_end > 0 ? port->host_port_end : port->host_port;
    hull_text_printf(out, "{\"Proto\":%d,\"IP\":\"\",\"Port\":%d,\"HostIP\":",
                     protocol_number(port->protocol), (int)port->port);
    json_quote(out, any ? "" : port->host_ip, any ? 0 : strlen(port->host_ip));
    hull_text_printf(out, ",\"HostPort\":%d,\"HostPortEnd\":%d}", (int)port->host_port, (int)last);
}

static void put_exposed(struct hull_text *out, int protocol, int64_t port)
{
    hull_text_printf(out, "{\"Proto\":%d,\"Port\":%d}", protocol, (int)port);
}

static bool is_exposed(const struct hull_strv *exposed, const struct firewall_port *port)
{
    for (size_t i = 0; i < exposed->n; i++) {
        const char *slash = strchr(exposed->v[i], '/');
        if (strtol(exposed->v[i], NULL, 10) == port->port &&
            hull_streq(slash == NULL ? "tcp" : slash + 1, port->protocol))
            return true;
    }
    return false;
}

/* What is published is exposed, whoever said so. */
static void put_all_exposed(struct hull_text *out, const struct netdriver_join_request *request)
{
    const struct hull_strv *exposed = &request->exposed;
    const char *before = "";
    for (size_t i = 0; i < exposed->n; i++, before = ",") {
        const char *slash = strchr(exposed->v[i], '/');
        hull_text_puts(out, before);
        put_exposed(out, protocol_number(slash != NULL ? slash + 1 : "tcp"),
                    strtol(exposed->v[i], NULL, 10));
    }
    for (size_t i = 0; i < request->ports.n; i++) {
        const struct firewall_port *port = &request->ports.v[i];
        if (is_exposed(exposed, port))
            continue;
        hull_text_puts(out, before);
        put_exposed(out, protocol_number(port->protocol), port->port);
        before = ",";
    }
}

const char *rmt_port_options(struct hull_call *call, const struct netdriver_join_request *request)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&out, "{\"" EXPOSED "\":[");
    put_all_exposed(&out, request);
    hull_text_puts(&out, "],\"" PORTMAP "\":[");
    for (size_t i = 0; i < request->ports.n; i++) {
        hull_text_puts(&out, i > 0 ? "," : "");
        put_port(&out, &request->ports.v[i]);
    }
    hull_text_puts(&out, "]}");
    return out.data;
}

/* --- what it made of them --------------------------------------------------------------------- */

/* The one of INFO for what was asked for as PORT, or NULL. */
static const struct rmt_port *find_told(const struct rmt_info *info,
                                        const struct firewall_port *port)
{
    for (size_t i = 0; i < info->ports.n; i++) {
        const struct rmt_port *told = &info->ports.v[i];
        if (told->protocol == protocol_number(port->protocol) && told->port == port->port &&
            told->host_port > 0 && told->host_port <= UINT16_MAX &&
            (port->host_port == 0 || told->host_port >= port->host_port))
            return told;
    }
    return NULL;
}

/* A plugin need not know what it is asked for; what it says that makes no sense is in the log. */
static int ask_info(struct hull_call *call, const struct rmt_endpoint_state *e,
                    struct rmt_info *ret_info)
{
    struct rmt_endpoint message = {.network_id = e->network_id,
                                   .endpoint_id = e->joined.endpoint_id};
    struct rmt_info_reply reply = {.value = NULL};
    int rc = rmt_call(call, e->joined.driver, "NetworkDriver.EndpointOperInfo",
                      &rmt_endpoint_message, &message, &rmt_info_reply_message, &reply);
    rc = rmt_optional(call, rc);
    if (rc == 0 && reply.value != NULL)
        rc = json_decode_call(call, &rmt_info_message, reply.value, strlen(reply.value),
                              JSON_ANY_CASE, ret_info);
    if (rc == 0 || hull_check(call) < 0)
        return rc;
    hull_log(call, HULL_LOG_WARN, "a plugin's information about an endpoint is of no use", "driver",
             e->joined.driver, "error", hull_error(call), NULL);
    hull_error_clear(call);
    *ret_info = (struct rmt_info){.ports = {.n = 0}};
    return 0;
}

int rmt_port_info(struct hull_call *call, const struct netdriver_join_request *request,
                  const struct rmt_endpoint_state *e, struct netdriver_join_reply *ret_reply)
{
    struct rmt_info info = {.ports = {.n = 0}};
    int rc = ask_info(call, e, &info);
    for (size_t i = 0; rc == 0 && i < request->ports.n; i++) {
        struct firewall_port port = request->ports.v[i];
        const struct rmt_port *told = find_told(&info, &port);
        struct ip_addr addr;
        if (told != NULL)
            port.host_port = told->host_port;
        if (told != NULL && ip_parse(told->host_ip, &addr))
            port.host_ip = told->host_ip;
        port.host_port_end = 0;
        /* One that nobody names is known to the plugin alone. */
        if (port.host_port > 0)
            *(HULL_LIST_ADD(hull_call_arena(call), &ret_reply->ports)) = port;
    }
    return rc;
}
