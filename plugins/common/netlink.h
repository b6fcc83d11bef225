/*
 * netlink.h: requests to the kernel, many in one message, on a socket with blocking calls.
 *
 * The kernel answers each request before send(2) returns, so that a batch costs one system call
 * to send and one or two to read the answers. Everything here is Worker-safe; a socket belongs
 * to one thread at a time.
 */
#ifndef HULL_COMMON_NETLINK_H
#define HULL_COMMON_NETLINK_H

#include "address.h"

#include <hull/error.h>
#include <linux/netlink.h>

/* Requests that are being built. Zeroed memory is an empty batch; nl_done() frees it. */
struct nl_batch {
    char *data;
    size_t length;
    size_t capacity;
    size_t last;    /* where the newest request begins */
    uint32_t seq;   /* of the newest request */
    uint32_t first; /* of the first one */
};

/* A socket for PROTOCOL (NETLINK_ROUTE, NETLINK_NETFILTER), or -errno. The caller owns it. */
int nl_open(int protocol);
/* An earlier network may have turned it off for the namespace. */
enum nl_ipv6 {
    NL_IPV6_AS_IS,
    NL_IPV6_OFF,
    NL_IPV6_ON,
    NL_IPV6_DEAF, /* on; it neither believes routers nor asks for its addresses first */
};
/*
 * The same, NETLINK_ROUTE, in the network namespace NETNS_FD. The calling thread stays where it
 * is: a child that shares memory and descriptors (as posix_spawn's does) enters the namespace,
 * opens the socket and ends. IPV6 is about interfaces that will be made there. About 0.1 ms.
 */
int nl_open_in(int netns_fd, enum nl_ipv6 ipv6);

/* Begin a request of TYPE with FLAGS (NLM_F_REQUEST is added) and HEAD_SIZE bytes of HEAD. */
void nl_begin(struct nl_batch *batch, uint16_t type, uint16_t flags, const void *head,
              size_t head_size);
/* Add an attribute to the newest request. */
void nl_put(struct nl_batch *batch, uint16_t type, const void *data, size_t size);
void nl_put_u8(struct nl_batch *batch, uint16_t type, uint8_t value);
void nl_put_u32(struct nl_batch *batch, uint16_t type, uint32_t value);
void nl_put_text(struct nl_batch *batch, uint16_t type, const char *value);
/* Bytes without an attribute around them, padded to four. */
void nl_put_raw(struct nl_batch *batch, const void *data, size_t size);
/* Open an attribute that holds others; returns what nl_nest_end() takes. */
size_t nl_nest(struct nl_batch *batch, uint16_t type);
void nl_nest_end(struct nl_batch *batch, size_t nest);
/* Free BATCH; it is empty after and can be used again. */
void nl_done(struct nl_batch *batch);

/* What is called for each message of an answer that is no acknowledgement. */
typedef void nl_reply_fn(const struct nlmsghdr *message, void *ctx);
/* Why a request failed. */
struct nl_failure {
    unsigned index; /* which request of the batch, from 0 */
    char text[160]; /* what the kernel says about it, often empty */
};
/*
 * Send BATCH and wait for the answer to each request that had NLM_F_ACK or NLM_F_DUMP. Returns 0
 * or the -errno of the first that failed, with RET_FAILURE (may be NULL) filled. REPLY may be
 * NULL. The batch is left as it was.
 */
int nl_transact(int fd, struct nl_batch *batch, nl_reply_fn *reply, void *ctx,
                struct nl_failure *ret_failure) HULL_CHECKED;
/*
 * The list of TYPE (RTM_GETLINK) with the header HEAD of SIZE bytes. When something changes while
 * the kernel lists, an entry may be missing: it is asked again, some times, and REPLY sees what is
 * there more than once. 0 or a negative errno.
 */
int nl_list(int fd, uint16_t type, const void *head, size_t size, nl_reply_fn *reply, void *ctx);

/* The attribute TYPE in LENGTH bytes at DATA, or NULL. */
const struct nlattr *nl_find(const void *data, size_t length, uint16_t type);
/* What an attribute holds. */
const void *nl_data(const struct nlattr *attribute);
size_t nl_size(const struct nlattr *attribute);
uint32_t nl_u32(const struct nlattr *attribute);

/*
 * The networks that this host has a route to or an address in (default routes aside), malloc'ed
 * into *ret_nets. 0 or -errno.
 */
int nl_host_networks(int fd, struct ip_net **ret_nets, size_t *ret_count) HULL_CHECKED;

#endif
