/* Networks: telling the plugin of them, once. */
#include "remote.h"

#include "json.h"

#include <string.h>

/* MADE is false while the plugin is being told. */
#define RMT_TOLD_FIELDS(F, T)                          \
    F(T, STRING, _, driver, "Driver", 0, "The plugin") \
    F(T, BOOL, _, made, "Made", 0, "It said yes")
HULL_MESSAGE_DECLARE(rmt_told, RMT_TOLD_FIELDS)
HULL_MESSAGE_DEFINE(rmt_told, RMT_TOLD_FIELDS)

int rmt_about(struct hull_call *call, const struct netdriver_about_request *request,
              struct netdriver_about_reply *ret_reply)
{
    static const char method[] = "NetworkDriver.GetCapabilities";
    struct rmt_capabilities capabilities = {.scope = NULL};
    *ret_reply =
        (struct netdriver_about_reply){.scope = "local", .own_ports = true, .restores = true};
    if (!request->check)
        return 0;
    int rc = rmt_call(call, request->driver, method, NULL, NULL, &rmt_capabilities_message,
                      &capabilities);
    if (rc < 0)
        return rc;
    const char *scope = capabilities.scope;
    if (!hull_streq(scope, NULL) && strcmp(scope, "local") != 0 && strcmp(scope, "global") != 0)
        return plugin_lie(call, request->driver, method, "unknown scope \"%s\"", scope);
    if (!hull_streq(scope, NULL))
        ret_reply->scope = scope;
    return 0;
}

static void put_bool(struct hull_text *out, const char *key, bool value)
{
    hull_text_printf(out, "\"com.docker.network.%s\":%s,", key, value ? "true" : "false");
}

static const char *options_of(struct hull_call *call, const struct network *network)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&out, "{");
    put_bool(&out, "enable_ipv4", network->enable_ipv4);
    put_bool(&out, "enable_ipv6", network->enable_ipv6);
    if (network->internal)
        put_bool(&out, "internal", true);
    hull_text_puts(&out, "\"com.docker.network.generic\":{");
    for (size_t i = 0; i < network->options.n; i++) {
        hull_text_puts(&out, i > 0 ? "," : "");
        json_quote_pair(&out, &network->options.v[i]);
    }
    hull_text_puts(&out, "}}");
    return out.data;
}

/* "10.1.0.1" in "10.1.0.0/24" is "10.1.0.1/24" in the protocol. */
static const char *with_length(struct hull_call *call, const char *address, const char *pool)
{
    const char *slash = strchr(pool, '/');
    if (hull_streq(address, NULL) || slash == NULL)
        return NULL;
    return hull_printf(call, "%s%s", address, slash);
}

static int put_pool(struct hull_call *call, const struct network *network,
                    const struct ipam_config *config, struct rmt_create_network *request)
{
    struct hull_arena *arena = hull_call_arena(call);
    bool ipv6 = config->subnet != NULL && strchr(config->subnet, ':') != NULL;
    struct rmt_pool_data *data =
        ipv6 ? HULL_LIST_ADD(arena, &request->ipv6) : HULL_LIST_ADD(arena, &request->ipv4);
    *data = (struct rmt_pool_data){.pool = config->subnet,
                                   .gateway = with_length(call, config->gateway, config->subnet)};
    for (size_t i = 0; i < config->auxiliary_addresses.n; i++) {
        const struct hull_pair *aux = &config->auxiliary_addresses.v[i];
        hull_map_set(arena, &data->auxiliary, aux->key,
                     with_length(call, aux->value, config->subnet));
    }
    return rmt_address_space(call, network->id, ipv6, &data->address_space);
}

static int tell(struct hull_call *call, const struct network *network)
{
    struct rmt_create_network request = {.network_id = network->id,
                                         .options = options_of(call, network)};
    for (size_t i = 0; i < network->ipam.config.n; i++) {
        int rc = put_pool(call, network, &network->ipam.config.v[i], &request);
        if (rc < 0)
            return rc;
    }
    return rmt_call(call, network->driver, "NetworkDriver.CreateNetwork",
                    &rmt_create_network_message, &request, NULL, NULL);
}

static int untell(struct hull_call *call, const char *driver, const char *network_id)
{
    struct rmt_network request = {.network_id = network_id};
    return rmt_call_brief(call, driver, "NetworkDriver.DeleteNetwork", &rmt_network_message,
                          &request);
}

/* The plugin is told to delete the network, or will be; no record of it stays. */
static int end(struct hull_call *call, const char *driver, const char *network_id)
{
    const struct rmt_owed what = {.network_id = network_id};
    struct state_commit_request commit = {0};
    int rc = untell(call, driver, network_id);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "the plugin did not delete the network", "network",
                 network_id, "error", hull_error(call), NULL);
    if (rmt_is_silent(call, driver, rc))
        rmt_owe(call, driver, "NetworkDriver.DeleteNetwork", &what, &commit);
    hull_error_clear(call);
    *(HULL_LIST_ADD(hull_call_arena(call), &commit.operations)) =
        (struct state_document){.bucket = RMT_NETWORKS, .key = network_id};
    return rmt_commit(call, &commit);
}

struct making {
    const char *driver, *network_id;
    bool unclear; /* it may have made the network, though it did not say so */
};

/* What failed is not recorded; what is cut off here stays, as not made. */
static void undo_making(struct hull_call *call, void *arg)
{
    const struct making *making = arg;
    int rc = making->unclear ? end(call, making->driver, making->network_id)
                             : rmt_store(call, RMT_NETWORKS, making->network_id, NULL, NULL);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "network not forgotten", "network", making->network_id,
                 "error", hull_error(call), NULL);
}

int rmt_create(struct hull_call *call, const struct netdriver_network *request,
               struct hull_empty *ret_reply)
{
    (void)ret_reply;
    const struct network *network = &request->network;
    struct making *making = hull_alloc(call, sizeof(*making));
    struct rmt_told told;
    bool found;
    int rc = rmt_load(call, RMT_NETWORKS, network->id, &rmt_told_message, &told, &found);
    if (rc < 0 || (found && told.made))
        return rc;
    if (found && untell(call, network->driver, network->id) < 0)
        hull_error_clear(call); /* it may never have heard of it */
    rc = rmt_settle(call, network->driver);
    if (rc < 0)
        return rc;
    *making =
        (struct making){hull_strdup(call, network->driver), hull_strdup(call, network->id), false};
    told = (struct rmt_told){.driver = network->driver};
    hull_undo(call, undo_making, making);
    rc = rmt_store(call, RMT_NETWORKS, network->id, &rmt_told_message, &told);
    if (rc == 0)
        rc = tell(call, network);
    making->unclear = rc == 0 || rmt_is_silent(call, network->driver, rc);
    told.made = true;
    return rc < 0 ? rc : rmt_store(call, RMT_NETWORKS, network->id, &rmt_told_message, &told);
}

/* As docker does, a network goes though its plugin is not there, or says that it failed. */
int rmt_remove(struct hull_call *call, const struct netdriver_network *request,
               struct hull_empty *ret_reply)
{
    (void)ret_reply;
    const struct network *network = &request->network;
    struct rmt_told told;
    bool found;
    int rc = rmt_load(call, RMT_NETWORKS, network->id, &rmt_told_message, &told, &found);
    if (rc == 0)
        rc = rmt_tell_late(call, network->id, true);
    if (rc < 0 || !found)
        return rc;
    rc = end(call, network->driver, network->id);
    return rc < 0 ? rc : hull_check(call);
}
