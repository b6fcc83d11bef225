/*
 * join.h: what joining before the start (join.c) and joining while a container runs (live.c) share.
 */
#ifndef HULL_NETWORK_JOIN_H
#define HULL_NETWORK_JOIN_H

#include "net.h"

/* One join, or one change, that goes on. */
struct join {
    const struct network_join_request *request;
    struct net_sandbox sandbox;
    struct net_record **networks;            /* in the order of their interfaces */
    const struct endpoint_settings **wanted; /* what was asked of each, or NULL */
    size_t count;
    bool live;                           /* the container runs */
    struct hull_task *guarding;          /* see join_guard() */
    bool no_ports;                       /* no driver is to publish any itself */
    bool ports_done;                     /* a driver publishes them itself */
    struct firewall_ports sandbox_ports; /* those */
    bool way_out, no_way_out;            /* a driver wants it for the container, or forbids it */
    struct firewall_ports kept;          /* published before: they keep their ports of the host */
};

/* Add the network NAME, which can't be removed until CALL fails or the container leaves it. */
int join_add(struct hull_call *call, struct join *join, const char *name,
             const struct endpoint_settings *wanted) HULL_CHECKED;
/* Reserve what the endpoint in network I gets. Yields. */
int join_plan(struct hull_call *call, struct join *join, size_t i) HULL_CHECKED;
/* Let the driver of network I make the interface; DEFAULT_ROUTE: with its gateway. Yields. */
int join_driver(struct hull_call *call, struct join *join, size_t i, bool default_route)
    HULL_CHECKED;
/* Which network has the default route: the highest GwPriority, then the first; count: none. */
size_t join_gateway(const struct join *join);
/* The same for IPv6, when the one of IPv4 has none. */
size_t join_gateway6(const struct join *join);
/* Whether network I brings a default route: of the gateway, or that of IPv6 alone, when the gateway
 * is one without IPv6. */
bool join_routes(const struct join *join, size_t i);
/* Join the network that is a way out for containers whose own ones have none, if a driver wants
 * that. Yields. */
int join_way_out(struct hull_call *call, struct join *join) HULL_CHECKED;
/* Tell the firewall what the endpoint in network I has, at the port *RET_PORT that is chosen here;
 * nothing is done for drivers other than bridge. Taken back when CALL fails. Of a container that
 * does not run yet it is told beside what follows, up to join_guarded(). Yields. */
int join_guard(struct hull_call *call, struct join *join, size_t i, const char **ret_port)
    HULL_CHECKED;
int join_guarded(struct hull_call *call, struct join *join) HULL_CHECKED;
/* Forget what GUARD names. Yields. */
void join_unguard(struct hull_call *call, const struct firewall_guard *guard);
/* What others see of the container's networks: without that one, which nobody asked for. */
void join_show(struct hull_call *call, const struct net_sandbox *sandbox,
               struct network_settings *ret);
/* Publish the ports through that network. Yields. */
int join_publish(struct hull_call *call, struct join *join) HULL_CHECKED;
/* Take all ports of the container ARG back, for hull_undo(). Yields. */
void join_unpublish(struct hull_call *call, void *arg);
/* The old fields of inspect, which are those of the default bridge. */
void join_show_default(struct join *join);
/* Give back the addresses of ENDPOINT, once its driver has left; RECORD NULL: the network is
 * gone. Yields. */
void join_release(struct hull_call *call, const char *container_id,
                  const struct endpoint_settings *endpoint, struct net_record *record);
/* The network of an endpoint, or NULL when it is gone. */
struct net_record *join_record(const char *network_id);
/* The event of RECORD. */
void join_tell(struct hull_call *call, const struct net_record *record, const char *action,
               const char *container_id);
/* Close the namespace that came with REQUEST when the handler returns. */
void join_take_netns(struct hull_call *call, const struct network_join_request *request);

#endif
