/*
 * none.c: the driver "none": a network namespace with a loopback interface and nothing else.
 */
#include "netlink.h"

#include "netdriver.h"

#include <hull/hull.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

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
        return hull_fail(call, HULL_INVALID, "network driver none: option %s is not known",
                         request->network.options.v[0].key);
    return 0;
}

/* Loopback up, in the namespace of the descriptor at ARG. */
static int raise_loopback(struct hull_work *work, void *arg)
{
    HULL_AUTO_FD fd = nl_open_in(*(int *)arg, NL_IPV6_AS_IS);
    int rc = fd;
    if (fd >= 0) {
        struct nl_batch batch = {0};
        struct ifinfomsg head = {.ifi_family = AF_UNSPEC,
                                 .ifi_index = 1, /* loopback in every namespace */
                                 .ifi_flags = IFF_UP,
                                 .ifi_change = IFF_UP};
        nl_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
        rc = nl_transact(fd, &batch, NULL, NULL, NULL);
        nl_done(&batch);
    }
    if (rc < 0)
        return hull_problem_set(&work->problem, hull_kind_of_errno(-rc), "loopback interface: %s",
                                strerror(-rc));
    return 0;
}

static int join(struct hull_call *call, const struct netdriver_join_request *request,
                struct netdriver_join_reply *ret_reply)
{
    (void)ret_reply;
    int fd = request->netns_fd;
    return hull_work(call, raise_loopback, &fd);
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
HULL_PLUGIN(network_none, .port = "network/none", .version = "1", .handlers = handlers);
