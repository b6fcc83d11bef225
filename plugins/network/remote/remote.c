/*
 * remote.c: network and IPAM drivers that are plugins written by somebody else, by the protocol
 * that Docker has for them.
 *
 * The plugin makes an interface on the host; this driver moves it into the container's namespace,
 * names it and gives it addresses and routes. What the plugin was told is recorded before, so that
 * it is told the rest after a crash: an endpoint that it may know is left and deleted, a network
 * whose making was cut off is deleted and made again. A plugin that does not answer fails the call
 * that needs it; a network or a container is removed without it, as docker does, with a warning,
 * and it is told of the containers when it is back.
 *
 * The SandboxKey is a path below /proc to a descriptor of this process: good while Join lasts.
 */
#include "remote.h"

#include "json.h"
#include "plugin_client.h"
#include "state.h"

#include <string.h>

#define TIMEOUT_MS 30000
#define TIMEOUT_BRIEF_MS 10000
#define RETRY_BRIEF_MS 1000

#define RMT_OPTIONS_FIELDS(F, T) \
    PLUGIN_DIRS_FIELDS(F, T)     \
    F(T, INT, _, timeout_ms, "plugin-timeout-ms", 0, "How long a call may take, 30 s else")
HULL_MESSAGE_DECLARE(rmt_options, RMT_OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(rmt_options, RMT_OPTIONS_FIELDS)

static const struct rmt_options *options(void)
{
    return hull_plugin_options("network/remote");
}

static int call_for(struct hull_call *call, const struct plugin_call *wanted, int64_t retry_ms,
                    int64_t timeout_ms, void *ret_reply)
{
    const struct rmt_options *o = options();
    struct plugin_dirs dirs = {o->sockets, o->specs, o->retry_ms};
    struct plugin_call what = *wanted;
    if (retry_ms > 0 && (dirs.retry_ms <= 0 || dirs.retry_ms > retry_ms))
        dirs.retry_ms = retry_ms;
    what.dirs = &dirs;
    what.timeout_ms = o->timeout_ms > 0 && o->timeout_ms < timeout_ms ? o->timeout_ms : timeout_ms;
    return plugin_call(call, &what, ret_reply);
}

int rmt_call(struct hull_call *call, const char *name, const char *method,
             const struct hull_message *request, const void *value,
             const struct hull_message *reply, void *ret_reply)
{
    struct plugin_call what = {
        .name = name, .method = method, .request = request, .value = value, .reply = reply};
    int64_t limit = options()->timeout_ms;
    return call_for(call, &what, 0, limit > 0 ? limit : TIMEOUT_MS, ret_reply);
}

int rmt_call_brief(struct hull_call *call, const char *name, const char *method,
                   const struct hull_message *request, const void *value)
{
    struct plugin_call what = {.name = name, .method = method, .request = request, .value = value};
    return call_for(call, &what, RETRY_BRIEF_MS, TIMEOUT_BRIEF_MS, NULL);
}

bool rmt_exists(struct hull_call *call, const char *name)
{
    const struct rmt_options *o = options();
    const struct plugin_dirs dirs = {o->sockets, o->specs, o->retry_ms};
    return plugin_exists(call, &dirs, name);
}

int rmt_optional(struct hull_call *call, int rc)
{
    if (rc != -HULL_NOT_FOUND)
        return rc;
    hull_error_clear(call);
    return 0;
}

int rmt_load(struct hull_call *call, const char *bucket, const char *key,
             const struct hull_message *message, void *ret_value, bool *ret_found)
{
    struct state_document document;
    int rc = state_find(call, NULL, bucket, key, &document, ret_found);
    return rc < 0 || !*ret_found ? rc
                                 : json_decode_call(call, message, document.value,
                                                    strlen(document.value), 0, ret_value);
}

int rmt_store(struct hull_call *call, const char *bucket, const char *key,
              const struct hull_message *message, const void *value)
{
    const char *text = value == NULL ? NULL : json_string(hull_call_arena(call), message, value);
    return state_put(call, NULL, bucket, key, text, false);
}

static const char *const needs[] = {"state", NULL};
static const char *const uses[] = {"support/tls", NULL};
static const struct hull_handler handlers[] = {
    HULL_HANDLE(netdriver, about, rmt_about),
    HULL_HANDLE(netdriver, create, rmt_create),
    HULL_HANDLE(netdriver, remove, rmt_remove),
    HULL_HANDLE(netdriver, join, rmt_join),
    HULL_HANDLE(netdriver, leave, rmt_leave),
    HULL_HANDLE(netdriver, restore, rmt_restore),
    HULL_HANDLE(ipam, sweep, rmt_sweep),
    HULL_HANDLE(ipam, pool_reserve, rmt_pool_reserve),
    HULL_HANDLE(ipam, pool_release, rmt_pool_release),
    HULL_HANDLE(ipam, address_reserve, rmt_address_reserve),
    HULL_HANDLE(ipam, address_release, rmt_address_release),
    {},
};
HULL_PLUGIN(network_remote, .port = "network/remote", .version = "1", .needs = needs, .uses = uses,
            .handlers = handlers, .options = &rmt_options_message, .fini = plugin_client_done);
