/*
 * leave.c: the way back of an endpoint: Revoke…, Leave, DeleteEndpoint.
 *
 * A container ends whether its plugin answers or not. One that does not is told when it is back:
 * when the next container joins the network, when the daemon starts again, at the latest when the
 * network is removed.
 */
#include "remote.h"

#include "json.h"
#include "state.h"

#include <string.h>

HULL_MESSAGE_DEFINE(rmt_joined, RMT_JOINED_FIELDS)

int rmt_endpoint_save(struct hull_call *call, const struct rmt_endpoint_state *e)
{
    return rmt_store(call, RMT_ENDPOINTS, e->key, &rmt_joined_message, &e->joined);
}

const char *rmt_endpoint_key(struct hull_call *call, const char *network_id,
                             const char *container_id)
{
    return hull_printf(call, "%s/%s", network_id, container_id);
}

static int tell(struct hull_call *call, const struct rmt_endpoint_state *e, const char *method)
{
    struct rmt_endpoint request = {.network_id = e->network_id,
                                   .endpoint_id = e->joined.endpoint_id};
    return rmt_call_brief(call, e->joined.driver, method, &rmt_endpoint_message, &request);
}

/* The container may join again: its record makes room for the one of then. */
static int owe(struct hull_call *call, struct rmt_endpoint_state *e)
{
    const char *key = rmt_endpoint_key(call, e->network_id, e->joined.endpoint_id);
    if (strcmp(key, e->key) == 0)
        return 0;
    const char *before = e->key;
    e->joined.left = true;
    e->key = key;
    int rc = rmt_endpoint_save(call, e);
    return rc < 0 ? rc : rmt_store(call, RMT_ENDPOINTS, before, NULL, NULL);
}

int rmt_go_back(struct hull_call *call, struct rmt_endpoint_state *e)
{
    const struct {
        bool wanted;
        const char *method;
    } steps[] = {{e->joined.external, "NetworkDriver.RevokeExternalConnectivity"},
                 {e->joined.joined, "NetworkDriver.Leave"},
                 {true, "NetworkDriver.DeleteEndpoint"}};
    int first = 0;
    const char *error = NULL;
    bool silent = false;
    for (size_t i = 0; i < HULL_COUNT(steps) && !silent; i++) {
        int rc = steps[i].wanted ? tell(call, e, steps[i].method) : 0;
        if (i == 0)
            rc = rmt_optional(call, rc);
        silent = rmt_is_silent(call, e->joined.driver, rc);
        if (rc < 0 && first == 0) {
            first = rc;
            error = hull_strdup(call, hull_error(call));
        }
    }
    hull_shield(call);
    int rc = silent ? owe(call, e) : rmt_store(call, RMT_ENDPOINTS, e->key, NULL, NULL);
    hull_unshield(call);
    if (rc == 0 && first < 0)
        rc = hull_fail(call, (enum hull_kind) - first, "%s", error);
    return rc;
}

/* --- later ------------------------------------------------------------------------------------ */

struct owed {
    size_t n;
    struct rmt_endpoint_state *v;
    const char *network_id;
};

static int note_owed(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    const char *text = hull_strdup(call, document->value);
    struct owed *owed = ctx;
    struct rmt_joined joined;
    int rc = json_decode_call(call, &rmt_joined_message, text, strlen(text), 0, &joined);
    if (rc == 0 && joined.left)
        *(HULL_LIST_ADD(hull_call_arena(call), owed)) =
            (struct rmt_endpoint_state){owed->network_id, hull_strdup(call, document->key), joined};
    return rc;
}

int rmt_tell_late(struct hull_call *call, const char *network_id, bool forget)
{
    struct state_key all = {.bucket = RMT_ENDPOINTS, .key = hull_printf(call, "%s/", network_id)};
    struct owed owed = {.network_id = network_id};
    struct state_document last;
    bool silent = false;
    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last,
                            &(struct hull_sink){.reply = note_owed, .ctx = &owed});
    for (size_t i = 0; rc == 0 && i < owed.n && (forget || !silent); i++) {
        rc = silent ? 0 : rmt_go_back(call, &owed.v[i]);
        silent = silent || rc < 0;
        if (rc < 0 && hull_check(call) < 0)
            return rc;
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "the plugin was not told of an endpoint's end", "error",
                     hull_error(call), NULL);
        hull_error_clear(call);
        rc = forget ? rmt_store(call, RMT_ENDPOINTS, owed.v[i].key, NULL, NULL) : 0;
    }
    return rc;
}

int rmt_restore(struct hull_call *call, const struct netdriver_restore_request *request,
                struct hull_empty *ret_reply)
{
    (void)ret_reply;
    return rmt_tell_late(call, request->network.id, false);
}

/* --- leaving ---------------------------------------------------------------------------------- */

int rmt_leave(struct hull_call *call, const struct netdriver_leave_request *request,
              struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct rmt_endpoint_state e = {
        .network_id = request->network.id,
        .key = rmt_endpoint_key(call, request->network.id, request->container_id)};
    bool found;
    int rc = rmt_load(call, RMT_ENDPOINTS, e.key, &rmt_joined_message, &e.joined, &found);
    if (rc < 0 || !found)
        return rc;
    if (request->netns_fd >= 0 && e.joined.name != NULL) {
        struct rmt_link link = {.host_name = e.joined.host_name, .netns_fd = request->netns_fd};
        memcpy(link.name, e.joined.name, strnlen(e.joined.name, sizeof(link.name) - 1));
        rc = hull_work(call, rmt_link_return, &link);
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "interface not moved back", "error", hull_error(call),
                     NULL);
    }
    return rmt_go_back(call, &e);
}
