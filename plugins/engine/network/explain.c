/*
 * explain.c: why a packet from here reaches a port there, or does not. Names become addresses and
 * interfaces here; the rules are the firewall's to tell.
 */
#include "net.h"

#include "address.h"

#include <stdlib.h>
#include <string.h>

struct question {
    struct hull_call *call;
    struct firewall_explain_request *ask;
    struct firewall_explain_reply *reply;
    const struct net_sandbox *from; /* a container, in the call's arena */
    const struct network *from_network;
    const struct net_sandbox *to;
    bool decided;
};

static void decide(struct question *q, const char *verdict, const char *where, const char *why)
{
    struct firewall_step *step = HULL_LIST_ADD(hull_call_arena(q->call), &q->reply->steps);
    *step = (struct firewall_step){where, verdict, why};
    q->reply->verdict = verdict;
    q->reply->decides = where;
    q->reply->why = why;
    q->decided = true;
}

/* --- names ----------------------------------------------------------------------------------- */

struct search {
    const char *name;
    const struct net_sandbox *found;
    bool exact;
    size_t matches;
};

static bool has_address(const struct net_sandbox *sandbox, const char *address)
{
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        const struct endpoint_settings *endpoint = &sandbox->settings.networks.v[i];
        if (hull_streq(endpoint->ip_address, address) ||
            hull_streq(endpoint->global_ipv6_address, address))
            return true;
    }
    return false;
}

static void look_at(const struct net_sandbox *sandbox, void *ctx)
{
    struct search *search = ctx;
    bool exact = hull_streq(sandbox->name, search->name) ||
                 hull_streq(sandbox->container_id, search->name) ||
                 has_address(sandbox, search->name);
    bool begins = strncmp(sandbox->container_id, search->name, strlen(search->name)) == 0;
    if (search->exact || (!exact && !begins))
        return;
    search->matches = exact ? 1 : search->matches + 1;
    search->exact = exact;
    search->found = sandbox;
}

/* The container of this name, id or address, copied; NULL when there is none that runs. */
static const struct net_sandbox *find_container(struct hull_call *call, const char *name)
{
    struct search search = {.name = name};
    net_sandbox_each(look_at, &search);
    if (search.matches != 1)
        return NULL;
    struct net_sandbox source = *search.found;
    struct net_sandbox *copy = hull_alloc(call, sizeof(*copy));
    hull_message_copy(hull_call_arena(call), &net_sandbox_message, &source, copy);
    return copy;
}

static const struct net_record *record_of(const struct endpoint_settings *endpoint)
{
    const struct net_record *record = net_records;
    while (record != NULL && !hull_streq(record->network.id, endpoint->network_id))
        record = record->next;
    return record;
}

static bool is_in(const struct net_sandbox *sandbox, const char *driver)
{
    for (size_t i = 0; sandbox != NULL && i < sandbox->settings.networks.n; i++) {
        const struct net_record *record = record_of(&sandbox->settings.networks.v[i]);
        if (record != NULL && hull_streq(record->network.driver, driver))
            return true;
    }
    return false;
}

static int not_found(struct hull_call *call, const char *name)
{
    return hull_fail(call, HULL_NOT_FOUND,
                     "%s is no running container, no network and no address: say CONTAINER, "
                     "NETWORK, ADDRESS, lan, lan:INTERFACE or host",
                     name);
}

/* --- where from ------------------------------------------------------------------------------ */

static int from_network(struct question *q, const char *name)
{
    struct net_record *record;
    int rc = net_find(q->call, name, &record);
    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(q->call);
        return not_found(q->call, name);
    }
    if (rc < 0)
        return rc;
    q->ask->kind = "container";
    q->from_network = &record->network;
    return 0;
}

static int read_from(struct question *q, const char *text)
{
    struct ip_addr addr;
    const char *lan = "lan:";
    q->ask->kind = "lan";
    if (text == NULL || *text == '\0' || strcmp(text, "lan") == 0)
        return 0;
    if (strncmp(text, lan, strlen(lan)) == 0) {
        q->ask->interface = text + strlen(lan);
        return 0;
    }
    q->from = find_container(q->call, text);
    if (strcmp(text, "host") == 0 || is_in(q->from, "host")) {
        q->ask->kind = "host";
        q->from = NULL;
        return 0;
    }
    if (q->from != NULL) {
        q->ask->kind = "container";
        return 0;
    }
    if (!ip_parse(text, &addr))
        return from_network(q, text);
    q->ask->source = text;
    if (ip_is_loopback(&addr))
        q->ask->kind = "host";
    return 0;
}

/* --- where to -------------------------------------------------------------------------------- */

/* "web:80/tcp", "[fd00::2]:80" to name, port and protocol. */
static int split(struct hull_call *call, const char *text, const char **ret_name,
                 struct firewall_explain_request *ask)
{
    size_t length = strcspn(text, "/");
    const char *protocol = text[length] == '/' ? text + length + 1 : "tcp";
    char *target = hull_arena_strndup(hull_call_arena(call), text, length);
    char *colon = strrchr(target, ':');
    const char *whole = colon == NULL ? "" : hull_printf(call, "%s/%s", colon + 1, protocol);
    if (colon == NULL || colon == target)
        return hull_fail(call, HULL_INVALID,
                         "\"%s\" is no destination: it is CONTAINER:PORT, ADDRESS:PORT or "
                         "host:PORT, with /udp or /sctp if it is not tcp",
                         text);
    int rc = net_port_parse(call, whole, &ask->port, &ask->protocol);
    *colon = '\0';
    if (*target == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        target++;
    }
    *ret_name = target;
    return rc;
}

static int read_to(struct question *q, const char *text)
{
    struct ip_addr addr;
    const char *name = "";
    int rc = split(q->call, text, &name, q->ask);
    if (rc < 0)
        return rc;
    if (strcmp(name, "host") == 0)
        return 0;
    if (strcmp(name, "localhost") == 0)
        name = "127.0.0.1";
    if (ip_parse(name, &addr)) {
        q->ask->destination = name;
        return 0;
    }
    q->to = find_container(q->call, name);
    if (q->to == NULL)
        return not_found(q->call, name);
    if (q->to->settings.networks.n == 0 || is_in(q->to, "null"))
        decide(q, "dropped", "network",
               hull_printf(q->call, "container %s is in no network", q->to->name));
    return 0;
}

/* --- which way ------------------------------------------------------------------------------- */

static bool is_on_link(const struct network *network, const char *address)
{
    struct ip_addr addr;
    for (size_t i = 0; ip_parse(address, &addr) && i < network->ipam.config.n; i++) {
        struct ip_net net;
        if (ip_net_parse(network->ipam.config.v[i].subnet, &net) &&
            net.addr.family == addr.family && ip_net_has(&net, &addr))
            return true;
    }
    return false;
}

static bool shares(const struct question *q, const char *network_id)
{
    if (q->from_network != NULL)
        return hull_streq(q->from_network->id, network_id);
    for (size_t i = 0; q->from != NULL && i < q->from->settings.networks.n; i++) {
        if (hull_streq(q->from->settings.networks.v[i].network_id, network_id))
            return true;
    }
    return false;
}

/* The network of SANDBOX with the default route. */
static const struct endpoint_settings *gateway_of(const struct net_sandbox *sandbox)
{
    const struct endpoint_settings *best = NULL;
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        const struct endpoint_settings *endpoint = &sandbox->settings.networks.v[i];
        if (endpoint->gateway != NULL && *endpoint->gateway != '\0' &&
            (best == NULL || endpoint->gw_priority > best->gw_priority))
            best = endpoint;
    }
    return best;
}

/* The address of the container that is asked for: in a network of both, or where its ports are. */
static void choose_destination(struct question *q)
{
    const struct net_sandbox *to = q->to;
    const struct endpoint_settings *best = gateway_of(to);
    if (is_in(to, "host"))
        return;
    if (best == NULL)
        best = &to->settings.networks.v[0];
    for (size_t i = 0; i < to->settings.networks.n; i++) {
        if (shares(q, to->settings.networks.v[i].network_id)) {
            best = &to->settings.networks.v[i];
            break;
        }
    }
    q->ask->destination = best->ip_address != NULL && *best->ip_address != '\0'
                              ? best->ip_address
                              : best->global_ipv6_address;
}

/* A driver whose packets go past the rules of this host. */
static bool is_elsewhere(struct question *q, const struct network *network)
{
    if (network == NULL || hull_streq(network->driver, "bridge"))
        return false;
    decide(q, "unknown", "driver",
           hull_printf(q->call,
                       "network %s is made by the driver %s: what passes there is not up to the "
                       "rules of hull",
                       network->name, network->driver));
    return true;
}

/* Which of its networks the container sends by. */
static const struct network *choose_way(struct question *q,
                                        const struct endpoint_settings **ret_endpoint)
{
    const struct endpoint_settings *via = gateway_of(q->from);
    for (size_t i = 0; i < q->from->settings.networks.n; i++) {
        const struct endpoint_settings *endpoint = &q->from->settings.networks.v[i];
        const struct net_record *record = record_of(endpoint);
        if (record != NULL && q->ask->destination != NULL &&
            is_on_link(&record->network, q->ask->destination)) {
            q->ask->on_link = true;
            via = endpoint;
            break;
        }
    }
    const struct net_record *record = via == NULL ? NULL : record_of(via);
    *ret_endpoint = via;
    return record == NULL ? NULL : &record->network;
}

static void use_way(struct question *q)
{
    const struct endpoint_settings *endpoint = NULL;
    const struct network *network = q->from_network;
    struct netbridge options;
    if (q->from != NULL)
        network = choose_way(q, &endpoint);
    else
        q->ask->on_link = q->ask->destination != NULL && is_on_link(network, q->ask->destination);
    if (network == NULL) {
        decide(q, "dropped", "route",
               hull_printf(q->call, "container %s has no way there: its networks have no gateway",
                           q->from->name));
        return;
    }
    if (is_elsewhere(q, network))
        return;
    if (netbridge_read(q->call, network, &options) == 0)
        q->ask->interface = options.bridge;
    if (endpoint != NULL &&
        (q->ask->destination == NULL || strchr(q->ask->destination, ':') == NULL))
        q->ask->source = endpoint->ip_address;
    else if (endpoint != NULL)
        q->ask->source = endpoint->global_ipv6_address;
}

/* The network that the destination is in, when it is a container's. */
static const struct network *destination_network(const struct question *q)
{
    for (size_t i = 0; q->to != NULL && i < q->to->settings.networks.n; i++) {
        const struct endpoint_settings *endpoint = &q->to->settings.networks.v[i];
        const struct net_record *record = record_of(endpoint);
        if (record != NULL && q->ask->destination != NULL &&
            (hull_streq(endpoint->ip_address, q->ask->destination) ||
             hull_streq(endpoint->global_ipv6_address, q->ask->destination)))
            return &record->network;
    }
    return NULL;
}

int net_explain(struct hull_call *call, const struct network_explain_request *request,
                struct network_explain_reply *ret_reply)
{
    struct firewall_explain_request ask = {0};
    struct question q = {.call = call, .ask = &ask, .reply = &ret_reply->answer};
    ret_reply->from = request->from != NULL && *request->from != '\0' ? request->from : "lan";
    ret_reply->to = request->to;
    int rc = read_from(&q, request->from);
    if (rc == 0)
        rc = read_to(&q, request->to);
    if (rc < 0 || q.decided)
        return rc;
    if (q.to != NULL)
        choose_destination(&q);
    if (!is_elsewhere(&q, destination_network(&q)) && hull_streq(ask.kind, "container"))
        use_way(&q);
    if (q.decided)
        return 0;
    return firewall_explain(call, NET_FIREWALL, &ask, &ret_reply->answer);
}
