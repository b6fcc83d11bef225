/*
 * host.c: the driver "host": a container that lives in the host's own network namespace. There
 * is nothing to make and nothing to take back.
 */
#include "netdriver.h"

#include <hull/hull.h>

static int about(struct hull_call *call, const struct netdriver_about_request *request,
                 struct netdriver_about_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct netdriver_about_reply){.scope = "local"};
    return 0;
}

static int check_network(struct hull_call *call, const struct netdriver_network *request,
                         struct hull_empty *ret_reply)
{
    (void)ret_reply;
    if (request->network.options.n > 0)
        return hull_fail(call, HULL_INVALID, "network driver host: option %s is not known",
                         request->network.options.v[0].key);
    return 0;
}

static int join(struct hull_call *call, const struct netdriver_join_request *request,
                struct netdriver_join_reply *ret_reply)
{
    (void)ret_reply;
    if (request->netns_fd >= 0)
        return hull_fail(call, HULL_CONFLICT,
                         "container %.12s has a network namespace: it can't join the network host",
                         request->container_id);
    return 0;
}

static int leave(struct hull_call *call, const struct netdriver_leave_request *request,
                 struct hull_empty *ret_reply)
{
    (void)call;
    (void)request;
    (void)ret_reply;
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(netdriver, about, about),          HULL_HANDLE(netdriver, create, check_network),
    HULL_HANDLE(netdriver, remove, check_network), HULL_HANDLE(netdriver, join, join),
    HULL_HANDLE(netdriver, leave, leave),          {},
};
HULL_PLUGIN(network_host, .port = "network/host", .version = "1", .handlers = handlers);
