/*
 * net.h: what the files of the network engine share.
 */
#ifndef HULL_NETWORK_NET_H
#define HULL_NETWORK_NET_H

#include "firewall.h"
#include "ipam.h"
#include "netbridge.h"
#include "netdriver.h"
#include "network.h"

#include <hull/hull.h>

#define NET_IPAM "support/ipam"
#define NET_IPAM_OTHERS "network/remote"
#define NET_FIREWALL "support/firewall"
#define NET_DNS "support/dns"
#define NET_BUCKET "network"
#define NET_SANDBOX_BUCKET "endpoint"

/* --- networks (store.c) -------------------------------------------------------------------- */

struct net_record {
    struct net_record *next;
    struct hull_arena *arena; /* of what NETWORK points at */
    struct network network;   /* as inspect shows it, without containers */
    bool predefined;
    bool asserted;         /* bridge and rules are there since this daemon runs */
    bool removing;         /* being removed: nobody joins any more */
    size_t users;          /* containers that are joining or in it */
    struct hull_lock lock; /* of making what it needs */
};

extern struct net_record *net_records; /* predefined ones first */

/* The network REFERENCE: name, id, or the beginning of one id. -HULL_NOT_FOUND. */
int net_find(struct hull_call *call, const char *reference, struct net_record **ret) HULL_CHECKED;
struct net_record *net_find_name(const char *name);
/* Put a copy of NETWORK in the list and in the state store. Yields. */
int net_add(struct hull_call *call, const struct network *network, bool predefined,
            struct net_record **ret) HULL_CHECKED;
/* Write RECORD, which was changed, to the state store. Yields. */
int net_update(struct hull_call *call, const struct net_record *record) HULL_CHECKED;
/* Take RECORD out of both. Yields. */
int net_drop(struct hull_call *call, struct net_record *record) HULL_CHECKED;
/* Read the bucket; *RET_UNREADABLE gets the keys of what can't be read. Yields. */
int net_load(struct hull_call *call, struct hull_strv *ret_unreadable) HULL_CHECKED;
void net_unload(void);

/* The bridge network that is a way out for containers of networks without one: made when it is
 * needed, or by hand, with options of one's own, under docker's name for it. */
#define NET_WAY_OUT "docker_gwbridge"
/* True for that one. */
static inline bool net_is_way_out(const struct network *network)
{
    return hull_streq(network->name, NET_WAY_OUT);
}

/* A text that is there and not empty. */
static inline bool net_given(const char *text)
{
    return text != NULL && *text != '\0';
}

/* --- containers in networks (sandbox.c) ---------------------------------------------------- */

/* What is recorded of a container's networking, before it has effects. */
#define NET_SANDBOX_FIELDS(F, T)                                                                 \
    F(T, STRING, _, container_id, "ContainerID", 0, "")                                          \
    F(T, STRING, _, name, "Name", 0, "")                                                         \
    F(T, MESSAGE, network_settings, settings, "NetworkSettings", 0, "")                          \
    F(T, LIST, firewall_port, ports, "PublishedPorts", HULL_OMIT, "")                            \
    F(T, STRV, _, dns, "Dns", HULL_OMIT, "")                                                     \
    F(T, MAP, _, inside, "Inside", HULL_OMIT, "Network id to interface")                         \
    F(T, MAP, _, outside, "Outside", HULL_OMIT, "To its other end")                              \
    F(T, INT, _, next, "Next", HULL_OMIT, "Number of the next interface")                        \
    F(T, STRING, _, way_out, "WayOut", HULL_OMIT, "Id of the network that was joined as such")   \
    F(T, STRV, _, stranded, "WayOutFor", HULL_OMIT, "Ids of the networks that want one")         \
    F(T, STRING, _, pending, "Pending", HULL_OMIT, "Id of the network it is joining or leaving") \
    F(T, BOOL, _, net_admin, "NetAdmin", HULL_OMIT, "It has CAP_NET_ADMIN")
HULL_MESSAGE_DECLARE(net_sandbox, NET_SANDBOX_FIELDS)

struct net_sandbox_record {
    struct net_sandbox_record *next;
    struct hull_arena *arena;
    struct net_sandbox sandbox;
};

struct net_sandbox_record *net_sandbox_find(const char *container_id);
/* Record SANDBOX in the state store and in memory, in place of what was there. Yields. */
int net_sandbox_put(struct hull_call *call, const struct net_sandbox *sandbox) HULL_CHECKED;
/* Forget it in both. Idempotent. Yields. */
int net_sandbox_drop(struct hull_call *call, const char *container_id) HULL_CHECKED;
/* Call FN for each; FN must not yield. */
void net_sandbox_each(void (*fn)(const struct net_sandbox *sandbox, void *ctx), void *ctx);
int net_sandbox_load(struct hull_call *call) HULL_CHECKED;
void net_sandbox_unload(void);

/* What the firewall is to know of the endpoint I of SANDBOX at PORT; false: nothing. RET points
 * into SANDBOX and the records. */
bool net_guard_of(struct hull_call *call, const struct net_sandbox *sandbox, size_t i,
                  const char *port, struct firewall_guard *ret);

/* --- one container in one network (endpoint.c) --------------------------------------------- */

/* Fill ENDPOINT from what was asked for (WANTED, may be NULL), with addresses reserved until CALL
 * fails. Yields. */
int net_endpoint_plan(struct hull_call *call, const struct net_record *record,
                      const struct network_join_request *request,
                      const struct endpoint_settings *wanted, struct endpoint_settings *endpoint)
    HULL_CHECKED;
/* Whether WANTED can be in RECORD, which is called NETWORK and may not be there yet (NULL)
 * (endpoint_check.c). -HULL_INVALID, -HULL_NOT_SUPPORTED. */
int net_endpoint_check(struct hull_call *call, const char *network, const struct net_record *record,
                       const struct endpoint_settings *wanted) HULL_CHECKED;
/* The options of an endpoint in a bridge network (endpoint_opts.c). -HULL_INVALID. */
int net_endpoint_opts_check(struct hull_call *call, const struct hull_map *options) HULL_CHECKED;
/* The name of its interface that is asked for, or NULL. */
const char *net_endpoint_ifname(const struct endpoint_settings *endpoint);
/* Set in NETNS_FD what its options say of the interface IFNAME. Yields. */
int net_endpoint_settings_apply(struct hull_call *call, const struct endpoint_settings *endpoint,
                                const char *ifname, int netns_fd) HULL_CHECKED;
/* Give back to IPAM (a port) what the container has of the network; a failure is logged. Yields. */
void net_addresses_release(struct hull_call *call, const char *ipam, const char *network_id,
                           const char *container_id);

/* --- configurations (config_only.c) -------------------------------------------------------- */

/* Whether REQUEST, one of a configuration or of a network made from one, is sound. -HULL_FORBIDDEN,
 * -HULL_NOT_FOUND, -HULL_INVALID. */
int net_config_check(struct hull_call *call, const struct network_create_request *request)
    HULL_CHECKED;
/* Take what the configuration that REQUEST names says into it, in the call's arena. */
int net_config_take(struct hull_call *call, struct network_create_request *request) HULL_CHECKED;
/* -HULL_NOT_FOUND: it was removed meanwhile. */
int net_config_still(struct hull_call *call, const struct network_create_request *request)
    HULL_CHECKED;
/* What inspect says of it. */
void net_config_describe(struct hull_call *call, const struct network_create_request *request,
                         struct network *network);
/* -HULL_FORBIDDEN when RECORD is a configuration that networks were made from. */
int net_config_unused(struct hull_call *call, const struct net_record *record) HULL_CHECKED;

/* --- who does what (driver.c) -------------------------------------------------------------- */

/* "network/bridge" for RECORD. */
const char *net_driver(struct hull_call *call, const struct net_record *record);
/* Whether there is a driver of this name that works; what it is goes to RET. Yields. */
int net_driver_check(struct hull_call *call, const char *driver, struct netdriver_about_reply *ret)
    HULL_CHECKED;
/* What RECORD's driver sees to itself. Yields, but asks nobody outside. */
int net_about(struct hull_call *call, const struct net_record *record,
              struct netdriver_about_reply *ret) HULL_CHECKED;
/* The port of who hands out NETWORK's addresses; NULL when nobody does. */
const char *net_ipam(const struct network *network);

/* --- names (names.c) ----------------------------------------------------------------------- */

/* Tell the name service of SANDBOX as it is now: at a start, and whenever its networks or names
 * have changed. Yields. */
int net_names_update(struct hull_call *call, const struct net_sandbox *sandbox) HULL_CHECKED;
/* The same for one that was OLD: what has no names any more has no name server. Yields. */
int net_names_change(struct hull_call *call, const struct net_sandbox *old,
                     const struct net_sandbox *sandbox) HULL_CHECKED;
/* Give it a name server in NETNS_FD, which stays the caller's; nothing for one without names.
 * Yields. */
int net_names_attach(struct hull_call *call, const struct net_sandbox *sandbox, int netns_fd)
    HULL_CHECKED;
/* Both, after a restart, for all that run. Yields. */
void net_names_restore(struct hull_call *call, const struct network_restore_request *request);
/* Forget it. A failure is logged. Yields. */
void net_names_leave(struct hull_call *call, const struct net_sandbox *sandbox);
/* The same, for hull_undo(). */
void net_names_drop(struct hull_call *call, void *container_id);

/* --- networks on the host (host.c) --------------------------------------------------------- */

/* The predefined networks, made or brought up to date with the configuration. Yields. */
int net_predefine(struct hull_call *call) HULL_CHECKED;
/* From the choice of a pool until its bridge is there: one daemon at a time. Yields. */
int net_pools_lock(struct hull_call *call) HULL_CHECKED;
/* For hull_defer(), too: who took it. */
void net_pools_unlock(struct hull_call *call, void *unused);
/* Make sure that RECORD's bridge and rules are there. Yields. */
int net_assert(struct hull_call *call, struct net_record *record) HULL_CHECKED;
/* How the firewall sees RECORD; false when it is no bridge network, or has options that nobody
 * understands. */
bool net_firewall(struct hull_call *call, const struct net_record *record,
                  struct firewall_network *ret);

/* Record that there may be bridges and rules of ours from now on: a daemon that finds no container
 * after a crash takes them down at its end all the same. Yields. */
int net_raised_note(struct hull_call *call) HULL_CHECKED;
int net_raised_load(struct hull_call *call) HULL_CHECKED;
/* They are taken down. Yields. */
int net_raised_end(struct hull_call *call) HULL_CHECKED;

/* When the daemon ends and no container is in a network: take bridges and rules down. Yields. */
int net_clear(struct hull_call *call) HULL_CHECKED;

/* --- forwarding in the kernel (forwarding.c) ----------------------------------------------- */

/* Turn it on for the families of NETWORK, if it is off and the configuration allows it. Yields. */
int net_forwarding_need(struct hull_call *call, const struct network *network) HULL_CHECKED;
/* Turn off again what was turned on here, unless somebody else may count on it by now. Yields. */
int net_forwarding_end(struct hull_call *call) HULL_CHECKED;
/* What the firewall has to drop because of it; in the call's arena. */
void net_forwarding_barriers(struct hull_call *call, struct firewall_barriers *ret);
/* Read what was recorded. Yields. */
int net_forwarding_load(struct hull_call *call) HULL_CHECKED;
void net_forwarding_unload(void);

/* --- handlers ------------------------------------------------------------------------------ */

int net_check(struct hull_call *call, const struct network_check_request *request,
              struct hull_empty *ret_reply) HULL_CHECKED;
int net_join(struct hull_call *call, const struct network_join_request *request,
             struct network_settings *ret_reply) HULL_CHECKED;
int net_attach(struct hull_call *call, const struct network_join_request *request,
               struct network_settings *ret_reply) HULL_CHECKED;
int net_detach(struct hull_call *call, const struct network_join_request *request,
               struct network_settings *ret_reply) HULL_CHECKED;
/* After a restart: take those out of a network that were cut off joining or leaving it. Yields. */
void net_settle(struct hull_call *call, const struct network_restore_request *request);
int net_settings(struct hull_call *call, const struct network_leave_request *request,
                 struct network_settings *ret_reply) HULL_CHECKED;
int net_leave(struct hull_call *call, const struct network_leave_request *request,
              struct hull_empty *ret_reply) HULL_CHECKED;
int net_restore(struct hull_call *call, const struct network_restore_request *request,
                struct hull_empty *ret_reply) HULL_CHECKED;
int net_rename(struct hull_call *call, const struct network_rename_request *request,
               struct hull_empty *ret_reply) HULL_CHECKED;
int net_create(struct hull_call *call, const struct network_create_request *request,
               struct network_create_reply *ret_reply) HULL_CHECKED;
int net_remove(struct hull_call *call, const struct network_ref *request,
               struct hull_empty *ret_reply) HULL_CHECKED;
/* Which rule decides about a packet (explain.c). */
int net_explain(struct hull_call *call, const struct network_explain_request *request,
                struct network_explain_reply *ret_reply) HULL_CHECKED;
int net_prune(struct hull_call *call, const struct prune_request *request,
              struct network_prune_reply *ret_reply) HULL_CHECKED;

/* --- ports (ports.c, pure) ----------------------------------------------------------------- */

/* "80/tcp" to 80 and "tcp" (in the call's arena). -HULL_INVALID. */
int net_port_parse(struct hull_call *call, const char *text, int64_t *ret_port,
                   const char **ret_protocol) HULL_CHECKED;
/* Where a container's ports are published. */
struct net_publish {
    const char *address;  /* of the container */
    const char *address6; /* NULL: it has no IPv6 */
    const char *host_ip;  /* of bindings that name none; NULL: all addresses of both families */
    bool routed[2];       /* IPv4, IPv6: at the container's address alone */
    bool open;            /* there, too */
};
/* What REQUEST publishes. */
int net_ports_expand(struct hull_call *call, const struct network_join_request *request,
                     const struct net_publish *to, struct firewall_ports *ret_ports) HULL_CHECKED;
/* The Ports of inspect: what is published, and null for what is only exposed. */
void net_ports_show(struct hull_call *call, const struct hull_strv *exposed,
                    const struct firewall_ports *ports, struct network_settings *settings);

#endif
