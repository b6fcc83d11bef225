/*
 * Sockets in a container's network namespace, and the rules that lead to them.
 *
 * A program in the container may want port 53 of all addresses for itself, and the kernel would
 * not give it that while we hold 127.0.0.11:53. So we listen elsewhere, and a table in the
 * namespace changes the port of what goes to 127.0.0.11:53, and of what comes from us, as it
 * leaves; both ways on the loopback interface. That is done packet by packet, so that the
 * container does not pay for connection tracking, as it would with NAT. What has rules of its own
 * there sees port 53: the change is the last of all hooks on the way out, and the first on the
 * way back.
 */
#include "server.h"

#include "netlink.h"
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

#define TABLE "hull-dns"
#define DNS_PORT 53
#define BACKLOG 16
#define ANSWER_SECONDS 10
/* Where ports are in the heads of UDP and TCP, and checksums. */
#define SOURCE_PORT 0
#define DEST_PORT 2
#define UDP_CHECKSUM 6
#define TCP_CHECKSUM 16
/* Where addresses are in the head of IPv4. */
#define SOURCE_ADDRESS 12
#define DEST_ADDRESS 16

/* --- sockets --------------------------------------------------------------------------------- */

struct opening {
    int udp_fd;
    int tcp_fd;
    int netlink_fd;
    int error;
};

/* In the child: a socket of TYPE at our address, any port. */
static int open_bound(struct opening *opening, int type)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(DNS_ADDRESS_NUMBER)};
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        (type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
        opening->error = errno;
    return fd;
}

static void open_there(void *arg)
{
    struct opening *opening = arg;
    opening->udp_fd = open_bound(opening, SOCK_DGRAM);
    if (opening->error == 0)
        opening->tcp_fd = open_bound(opening, SOCK_STREAM);
    if (opening->error != 0)
        return;
    opening->netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (opening->netlink_fd < 0)
        opening->error = errno;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &size) < 0 ? 0 : address.sin_port;
}

/* --- rules ----------------------------------------------------------------------------------- */

static void begin(struct nl_batch *batch, uint16_t type, uint16_t flags, uint8_t family, int res)
{
    struct nfgenmsg head = {
        .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons((uint16_t)res)};
    nl_begin(batch, type, flags, &head, sizeof(head));
}

static void begin_table(struct nl_batch *batch, int message, uint16_t flags)
{
    begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), (uint16_t)(NLM_F_ACK | flags),
          NFPROTO_IPV4, 0);
}

static void put_be32(struct nl_batch *batch, uint16_t type, uint32_t value)
{
    nl_put_u32(batch, type, htonl(value));
}

struct expression {
    size_t element;
    size_t data;
};

static struct expression begin_expression(struct nl_batch *batch, const char *name)
{
    struct expression expression = {.element = nl_nest(batch, NFTA_LIST_ELEM)};
    nl_put_text(batch, NFTA_EXPR_NAME, name);
    expression.data = nl_nest(batch, NFTA_EXPR_DATA);
    return expression;
}

static void end_expression(struct nl_batch *batch, const struct expression *expression)
{
    nl_nest_end(batch, expression->data);
    nl_nest_end(batch, expression->element);
}

static void put_value(struct nl_batch *batch, uint16_t type, const void *data, size_t size)
{
    size_t nest = nl_nest(batch, type);
    nl_put(batch, NFTA_DATA_VALUE, data, size);
    nl_nest_end(batch, nest);
}

static void put_compare(struct nl_batch *batch, const void *data, size_t size)
{
    struct expression expression = begin_expression(batch, "cmp");
    put_be32(batch, NFTA_CMP_SREG, NFT_REG_1);
    put_be32(batch, NFTA_CMP_OP, NFT_CMP_EQ);
    put_value(batch, NFTA_CMP_DATA, data, size);
    end_expression(batch, &expression);
}

/* Go on only when the SIZE bytes at OFFSET of a head are DATA. */
static void put_match(struct nl_batch *batch, uint32_t base, uint32_t offset, const void *data,
                      size_t size)
{
    struct expression expression = begin_expression(batch, "payload");
    put_be32(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
    put_be32(batch, NFTA_PAYLOAD_BASE, base);
    put_be32(batch, NFTA_PAYLOAD_OFFSET, offset);
    put_be32(batch, NFTA_PAYLOAD_LEN, (uint32_t)size);
    end_expression(batch, &expression);
    put_compare(batch, data, size);
}

static void put_protocol(struct nl_batch *batch, uint8_t protocol)
{
    struct expression expression = begin_expression(batch, "meta");
    put_be32(batch, NFTA_META_DREG, NFT_REG_1);
    put_be32(batch, NFTA_META_KEY, NFT_META_L4PROTO);
    end_expression(batch, &expression);
    put_compare(batch, &protocol, sizeof(protocol));
}

/* Write PORT (in network order) at OFFSET of the transport head. */
static void put_port(struct nl_batch *batch, uint32_t offset, uint16_t port, uint8_t protocol)
{
    struct expression expression = begin_expression(batch, "immediate");
    put_be32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_1);
    put_value(batch, NFTA_IMMEDIATE_DATA, &port, sizeof(port));
    end_expression(batch, &expression);
    expression = begin_expression(batch, "payload");
    put_be32(batch, NFTA_PAYLOAD_SREG, NFT_REG_1);
    put_be32(batch, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    put_be32(batch, NFTA_PAYLOAD_OFFSET, offset);
    put_be32(batch, NFTA_PAYLOAD_LEN, sizeof(port));
    put_be32(batch, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
    put_be32(batch, NFTA_PAYLOAD_CSUM_OFFSET,
             protocol == IPPROTO_UDP ? UDP_CHECKSUM : TCP_CHECKSUM);
    end_expression(batch, &expression);
}

struct change {
    const char *chain;
    uint32_t address; /* offset of the address that is ours */
    uint32_t port;    /* offset of the port that is changed */
    uint16_t from;
    uint16_t to;
    uint8_t protocol;
};

static void put_rule(struct nl_batch *batch, const struct change *change)
{
    static const uint8_t ours[] = {127, 0, 0, 11};
    begin_table(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    nl_put_text(batch, NFTA_RULE_TABLE, TABLE);
    nl_put_text(batch, NFTA_RULE_CHAIN, change->chain);
    size_t expressions = nl_nest(batch, NFTA_RULE_EXPRESSIONS);
    put_match(batch, NFT_PAYLOAD_NETWORK_HEADER, change->address, ours, sizeof(ours));
    put_protocol(batch, change->protocol);
    put_match(batch, NFT_PAYLOAD_TRANSPORT_HEADER, change->port, &change->from,
              sizeof(change->from));
    put_port(batch, change->port, change->to, change->protocol);
    nl_nest_end(batch, expressions);
}

static void put_chain(struct nl_batch *batch, const char *name, int32_t priority)
{
    begin_table(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    nl_put_text(batch, NFTA_CHAIN_TABLE, TABLE);
    nl_put_text(batch, NFTA_CHAIN_NAME, name);
    size_t hook = nl_nest(batch, NFTA_CHAIN_HOOK);
    put_be32(batch, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
    put_be32(batch, NFTA_HOOK_PRIORITY, (uint32_t)priority);
    nl_nest_end(batch, hook);
    nl_put_text(batch, NFTA_CHAIN_TYPE, "filter");
}

static void put_table_message(struct nl_batch *batch, int message, uint16_t flags)
{
    begin_table(batch, message, flags);
    nl_put_text(batch, NFTA_TABLE_NAME, TABLE);
}

/* The table; -EEXIST when there is one, unless AGAIN, which puts this one in its place. */
static int put_table(int fd, uint16_t udp_port, uint16_t tcp_port, bool again)
{
    const uint16_t dns_port = htons(DNS_PORT);
    const struct change changes[] = {
        {"ask", DEST_ADDRESS, DEST_PORT, dns_port, udp_port, IPPROTO_UDP},
        {"ask", DEST_ADDRESS, DEST_PORT, dns_port, tcp_port, IPPROTO_TCP},
        {"answer", SOURCE_ADDRESS, SOURCE_PORT, udp_port, dns_port, IPPROTO_UDP},
        {"answer", SOURCE_ADDRESS, SOURCE_PORT, tcp_port, dns_port, IPPROTO_TCP},
    };
    struct nl_batch batch = {0};
    begin(&batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    if (again) {
        put_table_message(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
        put_table_message(&batch, NFT_MSG_DELTABLE, 0);
    }
    put_table_message(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
    put_chain(&batch, "ask", 300);
    put_chain(&batch, "answer", -300);
    for (size_t i = 0; i < HULL_COUNT(changes); i++)
        put_rule(&batch, &changes[i]);
    begin(&batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    int rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    return rc;
}

/* --- both ------------------------------------------------------------------------------------ */

static int fail(struct hull_work *work, int err, const char *what)
{
    return hull_problem_set(&work->problem, hull_kind_of_errno(err),
                            "the name server at " DNS_ADDRESS ": %s: %s", what, strerror(err));
}

int dns_sockets_open(struct hull_work *work, struct dns_sockets *sockets)
{
    struct opening opening = {-1, -1, -1, 0};
    struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    int rc = netns_visit(sockets->netns_fd, open_there, &opening);
    HULL_AUTO_FD udp_fd = opening.udp_fd;
    HULL_AUTO_FD tcp_fd = opening.tcp_fd;
    HULL_AUTO_FD netlink_fd = opening.netlink_fd;
    if (rc < 0)
        return fail(work, -rc, "entering the network namespace");
    if (opening.error != 0)
        return fail(work, opening.error, "opening sockets");
    (void)setsockopt(netlink_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    /* Closing a socket through which something was deleted takes some 5 ms: only if need be. */
    rc = put_table(netlink_fd, port_of(udp_fd), port_of(tcp_fd), false);
    if (rc == -EEXIST)
        rc = put_table(netlink_fd, port_of(udp_fd), port_of(tcp_fd), true);
    if (rc < 0)
        return fail(work, -rc, "writing rules");
    sockets->udp_fd = HULL_TAKE_FD(udp_fd);
    sockets->tcp_fd = HULL_TAKE_FD(tcp_fd);
    return 0;
}

static void open_more(void *arg)
{
    struct dns_more *more = arg;
    for (size_t i = 0; i < more->count; i++)
        more->fds[i] = socket(more->family, more->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int dns_sockets_more(struct hull_work *work, struct dns_more *more)
{
    for (size_t i = 0; i < more->count; i++)
        more->fds[i] = -1;
    HULL_AUTO_FD netns_fd = ioctl(more->fd, SIOCGSKNS);
    if (netns_fd < 0)
        return fail(work, errno, "finding the network namespace");
    int rc = netns_visit(netns_fd, open_more, more);
    if (rc < 0)
        return fail(work, -rc, "entering the network namespace");
    return more->fds[0] < 0 ? fail(work, EMFILE, "opening sockets") : 0;
}
