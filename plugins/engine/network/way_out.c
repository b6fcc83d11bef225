/*
 * way_out.c: containers whose networks are of somebody else's driver and have no gateway get out
 * through a bridge network beside them, as with docker: a plugin that only connects containers of
 * several hosts counts on it. Ports are published through it, too. It is joined with the first
 * network that wants it, at the start or later, and left with the last; a network with a gateway
 * that is connected meanwhile has the default route and the ports from then on. Containers do not
 * find each other there, by name or otherwise.
 */
#include "join.h"

#include <string.h>

static int make(struct hull_call *call)
{
    struct network_create_request request = {.name = NET_WAY_OUT, .driver = "bridge"};
    struct network_create_reply reply;
    hull_map_set(hull_call_arena(call), &request.options, NETBRIDGE_ICC, "false");
    int rc = network_create(call, NULL, &request, &reply);
    if (rc != -HULL_CONFLICT)
        return rc;
    hull_error_clear(call); /* somebody else was faster */
    return 0;
}

int join_way_out(struct hull_call *call, struct join *join)
{
    int rc = 0;
    if (!join->way_out || join->no_way_out || join_gateway(join) < join->count)
        return 0;
    if (net_find_name(NET_WAY_OUT) == NULL)
        rc = make(call);
    if (rc == 0)
        rc = join_add(call, join, NET_WAY_OUT, NULL);
    if (rc < 0)
        return rc;
    size_t at = join->count - 1;
    rc = net_assert(call, join->networks[at]);
    if (rc == 0)
        rc = join_plan(call, join, at);
    if (rc < 0)
        return rc;
    join->sandbox.way_out = join->networks[at]->network.id;
    rc = net_sandbox_put(call, &join->sandbox);
    return rc < 0 ? rc : join_driver(call, join, at, true);
}

void join_show(struct hull_call *call, const struct net_sandbox *sandbox,
               struct network_settings *ret)
{
    const struct network_settings all = sandbox->settings;
    *ret = all;
    if (sandbox->way_out == NULL)
        return;
    memset(&ret->networks, 0, sizeof(ret->networks));
    for (size_t i = 0; i < all.networks.n; i++) {
        if (!hull_streq(all.networks.v[i].network_id, sandbox->way_out))
            *HULL_MSGMAP_ADD(hull_call_arena(call), &ret->networks, all.networks.keys[i]) =
                all.networks.v[i];
    }
}
