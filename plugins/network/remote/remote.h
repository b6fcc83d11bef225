/*
 * remote.h: what the files of network/remote share.
 */
#ifndef HULL_NETREMOTE_REMOTE_H
#define HULL_NETREMOTE_REMOTE_H

#include "ipam.h"
#include "netdriver.h"
#include "netif.h"
#include "plugin_client.h"
#include "protocol.h"
#include "state.h"

#include <hull/hull.h>

/* Networks that a plugin was told of; endpoints that it may have; pools and addresses it gave. */
#define RMT_NETWORKS "remote-network"
#define RMT_ENDPOINTS "remote-endpoint"
#define RMT_POOLS IPAM_POOLS_BUCKET
#define RMT_ADDRESSES "remote-address"

/* --- remote.c --------------------------------------------------------------------------------- */

/* Call METHOD of the plugin NAME; messages may be NULL. Errors as plugin_call() has. Yields. */
int rmt_call(struct hull_call *call, const char *name, const char *method,
             const struct hull_message *request, const void *value,
             const struct hull_message *reply, void *ret_reply) HULL_CHECKED;
/* The same for what is asked when something ends: a plugin that does not listen is waited for a
 * second only, for it is told later. */
int rmt_call_brief(struct hull_call *call, const char *name, const char *method,
                   const struct hull_message *request, const void *value) HULL_CHECKED;
/* Drop the failure RC of a call that the protocol does not ask every plugin to have. */
int rmt_optional(struct hull_call *call, int rc) HULL_CHECKED;
/* True when there is a plugin of the name, listening or not. Never yields. */
bool rmt_exists(struct hull_call *call, const char *name);
/* The record KEY of BUCKET; *RET_FOUND is false when there is none. Yields. */
int rmt_load(struct hull_call *call, const char *bucket, const char *key,
             const struct hull_message *message, void *ret_value, bool *ret_found) HULL_CHECKED;
/* Write it, or remove it when VALUE is NULL. Yields. */
int rmt_store(struct hull_call *call, const char *bucket, const char *key,
              const struct hull_message *message, const void *value) HULL_CHECKED;

/* --- owed.c: what a plugin did not listen to -------------------------------------------------- */

/* True when DRIVER, whose call failed with RC, has not heard what it was told. */
bool rmt_is_silent(struct hull_call *call, const char *driver, int rc);
/* What it is told again: a pool to release, an address of it, or a network to delete. */
struct rmt_owed {
    const char *pool_id, *address, *network_id;
};
/* The plugin DRIVER will be told METHOD later, once COMMIT is committed. */
void rmt_owe(struct hull_call *call, const char *driver, const char *method,
             const struct rmt_owed *what, struct state_commit_request *commit);
/* Commit, whatever becomes of CALL meanwhile. Yields. */
int rmt_commit(struct hull_call *call, const struct state_commit_request *commit) HULL_CHECKED;
/* Tell it now, before it is asked for anything new. One that still does not listen is in the log.
 * Yields. */
int rmt_settle(struct hull_call *call, const char *driver) HULL_CHECKED;
/* It gave ADDRESS of the pool anew, or (NULL) the pool: that is not owed any more. Yields. */
int rmt_forgive(struct hull_call *call, const char *driver, const char *pool_id,
                const char *address) HULL_CHECKED;
/* All plugins that have to be told something, beside all else. Yields. */
int rmt_settle_all(struct hull_call *call) HULL_CHECKED;

/* --- addresses.c: the IPAM of plugins --------------------------------------------------------- */

#define RMT_GATEWAY "com.docker.network.gateway"
#define RMT_MAC "com.docker.network.endpoint.macaddress"

#define RMT_POOL_FIELDS(F, T)                                                          \
    F(T, STRING, _, driver, "Driver", 0, "The plugin")                                 \
    F(T, STRING, _, address_space, "AddressSpace", 0, "")                              \
    F(T, STRING, _, pool_id, "PoolID", 0, "")                                          \
    F(T, STRING, _, pool, "Pool", 0, "CIDR")                                           \
    F(T, STRING, _, sub_pool, "SubPool", HULL_OMIT, "CIDR")                            \
    F(T, MAP, _, options, "Options", HULL_OMIT, "As it was asked for")                 \
    F(T, STRING, _, gateway, "Gateway", 0, "Address")                                  \
    F(T, STRV, _, requested, "Requested", 0, "Addresses given for the network itself") \
    F(T, BOOL, _, requires_mac, "RequiresMAC", 0, "")                                  \
    F(T, BOOL, _, replay, "RequiresReplay", HULL_OMIT, "Tell it again after a restart")
HULL_MESSAGE_DECLARE(rmt_pool, RMT_POOL_FIELDS)
#define RMT_LEASE_FIELDS(F, T)                 \
    F(T, STRING, _, address, "Address", 0, "") \
    F(T, STRING, _, mac, "Mac", HULL_OMIT, "If it was told")
HULL_MESSAGE_DECLARE(rmt_lease, RMT_LEASE_FIELDS)

/* Where the pool of a network is recorded; its leases are below that, by container. */
const char *rmt_pool_key(struct hull_call *call, const char *network_id, bool ipv6);
/* An address of the pool: the one at WANTED, or any when that is NULL, with an OPTION (may be NULL)
 * of the protocol. *RET is without length. Yields. */
int rmt_request_address(struct hull_call *call, const struct rmt_pool *pool, const char *wanted,
                        const char *option, const char *value, const char **ret) HULL_CHECKED;
/* All that the plugin gave for the network goes back to it, later if it does not listen; the first
 * failure is told, nothing is kept. Yields. */
int rmt_pool_give_back(struct hull_call *call, const char *key, const struct rmt_pool *pool)
    HULL_CHECKED;
/* The address space that the network's pool came from. Yields. */
int rmt_address_space(struct hull_call *call, const char *network_id, bool ipv6, const char **ret)
    HULL_CHECKED;
int rmt_pool_reserve(struct hull_call *call, const struct ipam_pool *request,
                     struct ipam_pool *ret_reply) HULL_CHECKED;
int rmt_pool_release(struct hull_call *call, const struct ipam_pool *request,
                     struct hull_empty *ret_reply) HULL_CHECKED;
int rmt_address_reserve(struct hull_call *call, const struct ipam_address *request,
                        struct ipam_address *ret_reply) HULL_CHECKED;
int rmt_address_release(struct hull_call *call, const struct ipam_address *request,
                        struct hull_empty *ret_reply) HULL_CHECKED;

/* --- replay.c: the IPAM of plugins after a restart -------------------------------------------- */

/* Wait until the plugin of the pool KEY was told again of what it gave. Yields. */
int rmt_replayed(struct hull_call *call, const char *key) HULL_CHECKED;
int rmt_sweep(struct hull_call *call, const struct ipam_sweep_request *request,
              struct hull_empty *ret_reply) HULL_CHECKED;

/* --- network.c, endpoint.c: the driver -------------------------------------------------------- */

int rmt_about(struct hull_call *call, const struct netdriver_about_request *request,
              struct netdriver_about_reply *ret_reply) HULL_CHECKED;
int rmt_create(struct hull_call *call, const struct netdriver_network *request,
               struct hull_empty *ret_reply) HULL_CHECKED;
int rmt_remove(struct hull_call *call, const struct netdriver_network *request,
               struct hull_empty *ret_reply) HULL_CHECKED;
int rmt_join(struct hull_call *call, const struct netdriver_join_request *request,
             struct netdriver_join_reply *ret_reply) HULL_CHECKED;
int rmt_leave(struct hull_call *call, const struct netdriver_leave_request *request,
              struct hull_empty *ret_reply) HULL_CHECKED;

/* --- leave.c: the way back of an endpoint ----------------------------------------------------- */

#define RMT_JOINED_FIELDS(F, T)                                             \
    F(T, STRING, _, driver, "Driver", 0, "The plugin")                      \
    F(T, STRING, _, endpoint_id, "EndpointID", 0, "")                       \
    F(T, BOOL, _, joined, "Joined", 0, "It was asked to join")              \
    F(T, BOOL, _, external, "External", 0, "Its ports were published")      \
    F(T, STRING, _, host_name, "SrcName", 0, "Interface, as it was called") \
    F(T, STRING, _, name, "Name", 0, "As it is called inside")              \
    F(T, BOOL, _, left, "Left", HULL_OMIT, "The plugin is still to be told of the end")
HULL_MESSAGE_DECLARE(rmt_joined, RMT_JOINED_FIELDS)

/* One endpoint on its way in or out. */
struct rmt_endpoint_state {
    const char *network_id;
    const char *key;
    struct rmt_joined joined;
};
/* Where the endpoint of a container is recorded. */
const char *rmt_endpoint_key(struct hull_call *call, const char *network_id,
                             const char *container_id);
int rmt_endpoint_save(struct hull_call *call, const struct rmt_endpoint_state *e) HULL_CHECKED;
/* All that the plugin may have is taken back; the first failure is told. One that does not answer
 * is not asked a second time now: it is noted that it has to be told. Yields. */
int rmt_go_back(struct hull_call *call, struct rmt_endpoint_state *e) HULL_CHECKED;
/* Tell the plugin of endpoints that ended while it did not answer, until it fails again; with
 * FORGET none is left on record. Failures are logged. Yields. */
int rmt_tell_late(struct hull_call *call, const char *network_id, bool forget) HULL_CHECKED;
int rmt_restore(struct hull_call *call, const struct netdriver_restore_request *request,
                struct hull_empty *ret_reply) HULL_CHECKED;

/* --- ports.c ---------------------------------------------------------------------------------- */

/* The options that tell a plugin of the ports of REQUEST, a JSON object. */
const char *rmt_port_options(struct hull_call *call, const struct netdriver_join_request *request);
/* What the plugin published of them, as it says itself, for the reply. Yields. */
int rmt_port_info(struct hull_call *call, const struct netdriver_join_request *request,
                  const struct rmt_endpoint_state *e, struct netdriver_join_reply *ret_reply)
    HULL_CHECKED;

/* --- link.c: the plugin's interface in the namespace; all of it runs on a worker -------------- */

struct rmt_link {
    const char *host_name;
    const char *prefix; /* inside: with the first free number behind it, or */
    char name[16];      /* this one; what it is called then */
    int netns_fd;
    bool has_mac;
    uint8_t mac[6]; /* wanted, and then what it is */
    struct nif_inside inside;
};
/* Move the interface into the namespace, up and with addresses; it is back when this fails. */
int rmt_link_move(struct hull_work *work, struct rmt_link *link) HULL_CHECKED;
/* The way back of a struct rmt_link, to its old name; an interface that is gone is fine. */
int rmt_link_return(struct hull_work *work, void *link) HULL_CHECKED;

#endif
