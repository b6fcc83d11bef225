/*
 * network.c: the service "network": which networks there are, and which container is in which.
 *
 * The engine holds names, ids and records; a driver (network/bridge, …) makes interfaces,
 * support/ipam gives addresses, support/firewall publishes ports. What a container has of
 * networks is one document in the state store, written before anything is made and again when
 * all of it is known. After a restart those of live containers are asserted anew and those of
 * dead ones taken back.
 *
 * Bridges and rules are made when the first container needs them, not when the daemon starts, and
 * a daemon that ends while no container is in a network leaves none behind.
 */
#include "net.h"

#include "state.h"

#include "events.h"
#include "filters.h"

#include <string.h>

/* --- list and inspect ------------------------------------------------------------------------ */

struct view {
    struct hull_call *call;
    struct network *network;
    bool in_use;
};

static const char *with_length(struct hull_call *call, const char *address, int64_t length)
{
    if (address == NULL || *address == '\0')
        return "";
    return hull_printf(call, "%s/%d", address, (int)length);
}

static void add_container(const struct net_sandbox *sandbox, void *ctx)
{
    struct view *view = ctx;
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        const struct endpoint_settings *endpoint = &sandbox->settings.networks.v[i];
        if (!hull_streq(endpoint->network_id, view->network->id))
            continue;
        view->in_use = true;
        struct network_container *entry =
            HULL_MSGMAP_ADD(hull_call_arena(view->call), &view->network->containers,
                            hull_strdup(view->call, sandbox->container_id));
        entry->name = hull_strdup(view->call, sandbox->name);
        entry->endpoint_id = hull_strdup(view->call, endpoint->endpoint_id);
        entry->mac_address = hull_strdup(view->call, endpoint->mac_address);
        entry->ipv4_address =
            with_length(view->call, endpoint->ip_address, endpoint->ip_prefix_len);
        entry->ipv6_address = with_length(view->call, endpoint->global_ipv6_address,
                                          endpoint->global_ipv6_prefix_len);
    }
}

static void copy_network(struct hull_call *call, const struct net_record *record,
                         struct network *ret)
{
    struct network source = record->network;
    hull_message_copy(hull_call_arena(call), &network_message, &source, ret);
}

static int inspect(struct hull_call *call, const struct network_ref *request,
                   struct network *ret_reply)
{
    struct net_record *record;
    int rc = net_find(call, request->id, &record);
    if (rc < 0)
        return rc;
    if (request->scope != NULL && *request->scope != '\0' &&
        !hull_streq(request->scope, record->network.scope))
        return hull_fail(call, HULL_NOT_FOUND, "network %s not found", request->id);
    copy_network(call, record, ret_reply);
    net_sandbox_each(add_container, &(struct view){.call = call, .network = ret_reply});
    return 0;
}

static bool is_in_use(struct hull_call *call, const struct net_record *record)
{
    struct network probe = {.id = record->network.id};
    struct view view = {.call = call, .network = &probe};
    net_sandbox_each(add_container, &view);
    return view.in_use;
}

static bool listed(struct hull_call *call, const struct filters *filters,
                   const struct net_record *record, const bool *dangling)
{
    const struct network *network = &record->network;
    return filters_exact(filters, "driver", network->driver) &&
           filters_prefix(filters, "id", network->id) &&
           filters_match(filters, "name", network->name) &&
           filters_exact(filters, "scope", network->scope) &&
           filters_exact(filters, "type", record->predefined ? "builtin" : "custom") &&
           filters_labels(filters, &network->labels) &&
           (filters_get(filters, "dangling") == NULL ||
            *dangling == (!record->predefined && !is_in_use(call, record)));
}

static int check_type(struct hull_call *call, const struct filters *filters)
{
    const struct hull_strv *types = filters_get(filters, "type");
    for (size_t i = 0; types != NULL && i < types->n; i++) {
        if (!hull_streq(types->v[i], "builtin") && !hull_streq(types->v[i], "custom"))
            return hull_fail(call, HULL_INVALID, "invalid filter: 'type'='%s'", types->v[i]);
    }
    return 0;
}

static int list(struct hull_call *call, const struct network_list_request *request,
                struct network_list_reply *ret_reply)
{
    static const char *const allowed[] = {"dangling", "driver", "id",   "label",
                                          "name",     "scope",  "type", NULL};
    const struct filters *filters = filters_of(request->filters);
    bool dangling = false;
    int rc = filters_check(call, filters, allowed);
    if (rc == 0)
        rc = filters_bool(call, filters, "dangling", &dangling);
    if (rc == 0)
        rc = check_type(call, filters);
    if (rc < 0)
        return rc;
    ret_reply->networks.v = hull_alloc(call, sizeof(*ret_reply->networks.v));
    for (const struct net_record *record = net_records; record != NULL; record = record->next) {
        if (listed(call, filters, record, &dangling))
            copy_network(call, record, HULL_LIST_ADD(hull_call_arena(call), &ret_reply->networks));
    }
    return 0;
}

/* --- the plugin ------------------------------------------------------------------------------ */

static void count_users(const struct net_sandbox *sandbox, void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        for (struct net_record *record = net_records; record != NULL; record = record->next)
            record->users +=
                hull_streq(record->network.id, sandbox->settings.networks.v[i].network_id);
    }
}

static int note_document(struct hull_call *call, void *ctx, const void *reply)
{
    (void)call;
    (void)reply;
    *(bool *)ctx = true;
    return 0;
}

/* Whether IPAM drivers of others gave anything, or are to be told of something. */
static int has_others(struct hull_call *call, bool *ret)
{
    static const struct state_key buckets[] = {{.bucket = IPAM_POOLS_BUCKET},
                                               {.bucket = IPAM_OWED_BUCKET}};
    struct state_document last;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < HULL_COUNT(buckets); i++)
        rc = hull_send_many(call, NULL, &state_list_method, &buckets[i], &last,
                            &(struct hull_sink){.reply = note_document, .ctx = ret});
    return rc;
}

/* A create or a remove that a crash ended may have left its address pools. Those of UNREADABLE
 * networks stay. */
static void sweep_pools(struct hull_call *call, const struct hull_strv *unreadable)
{
    struct ipam_sweep_request known = {.networks = *unreadable};
    struct hull_empty done;
    bool others = false;
    for (const struct net_record *record = net_records; record != NULL; record = record->next)
        hull_strv_add(hull_call_arena(call), &known.networks,
                      hull_strdup(call, record->network.id));
    int rc = ipam_sweep(call, NET_IPAM, &known, &done);
    if (rc == 0)
        rc = has_others(call, &others);
    if (rc == 0 && others)
        rc = ipam_sweep(call, NET_IPAM_OTHERS, &known, &done);
    if (rc == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "sweeping address pools", "error", hull_error(call), NULL);
    hull_error_clear(call);
}

static int init(struct hull_call *call)
{
    struct hull_strv unreadable = {0};
    int rc = net_load(call, &unreadable);
    if (rc == 0)
        rc = net_sandbox_load(call);
    if (rc == 0)
        rc = net_forwarding_load(call);
    if (rc == 0)
        rc = net_raised_load(call);
    if (rc == 0)
        rc = net_predefine(call);
    if (rc < 0)
        return rc;
    sweep_pools(call, &unreadable);
    net_sandbox_each(count_users, NULL);
    return 0;
}

static void fini(void)
{
    net_forwarding_unload();
    net_sandbox_unload();
    net_unload();
}

/* The firewall and the bridges are needed to the end: see net_clear(). */
static const char *const needs[] = {"state", NET_IPAM, NET_FIREWALL, "network/bridge", NULL};
static const char *const uses[] = {"network/host",
                                   "network/none",
                                   "network/macvlan",
                                   "network/remote",
                                   "network/cni",
                                   NET_DNS,
                                   NULL};
static const struct hull_topic *const topics[] = {&event_topic, NULL};
static const struct hull_handler handlers[] = {
    HULL_HANDLE(network, list, list),
    HULL_HANDLE(network, inspect, inspect),
    HULL_HANDLE(network, create, net_create),
    HULL_HANDLE(network, remove, net_remove),
    HULL_HANDLE(network, prune, net_prune),
    HULL_HANDLE(network, explain, net_explain),
    HULL_HANDLE(network, check, net_check),
    HULL_HANDLE(network, join, net_join),
    HULL_HANDLE(network, attach, net_attach),
    HULL_HANDLE(network, detach, net_detach),
    HULL_HANDLE(network, leave, net_leave),
    HULL_HANDLE(network, settings, net_settings),
    HULL_HANDLE(network, restore, net_restore),
    HULL_HANDLE(network, rename, net_rename),
    {},
};
HULL_PLUGIN(network, .port = "network", .version = "1", .needs = needs, .uses = uses,
            .topics = topics, .handlers = handlers, .init = init, .drain = net_clear, .fini = fini);
