/*
 * Datagrams have no connection whose end would show: the kernel sends those of a known peer where
 * it sent the last ones for as long as they come. So when a UDP port is published or taken back,
 * what the kernel remembers of it is deleted.
 */
#include "fw.h"

#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

/* Of the kernel's filter for dumps, which knows these bits by number only. */
#define FILTER_PROTO_NUM (1u << 3)
#define FILTER_DST_PORT (1u << 5)

/* The entries found for one port, as requests to delete them. */
struct search {
    uint8_t family;
    uint16_t port; /* network byte order */
    struct nl_batch removals;
};

static uint16_t conntrack_type(uint16_t message)
{
    return (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

static bool matches(const struct search *search, const struct nlattr *tuple)
{
    const struct nlattr *proto = nl_find(nl_data(tuple), nl_size(tuple), CTA_TUPLE_PROTO);
    if (proto == NULL)
        return false;
    const struct nlattr *number = nl_find(nl_data(proto), nl_size(proto), CTA_PROTO_NUM);
    const struct nlattr *port = nl_find(nl_data(proto), nl_size(proto), CTA_PROTO_DST_PORT);
    return number != NULL && port != NULL && nl_size(port) >= sizeof(search->port) &&
           *(const uint8_t *)nl_data(number) == IPPROTO_UDP &&
           memcmp(nl_data(port), &search->port, sizeof(search->port)) == 0;
}

static void take_entry(const struct nlmsghdr *message, void *ctx)
{
    struct search *search = ctx;
    size_t skip = NLMSG_ALIGN(sizeof(struct nfgenmsg));
    const char *body = NLMSG_DATA(message);
    size_t length = NLMSG_PAYLOAD(message, skip);
    const struct nlattr *tuple = nl_find(body + skip, length, CTA_TUPLE_ORIG);
    const struct nlattr *zone = nl_find(body + skip, length, CTA_ZONE);
    if (tuple == NULL || !matches(search, tuple))
        return;
    struct nfgenmsg head = {search->family, NFNETLINK_V0, 0};
    nl_begin(&search->removals, conntrack_type(IPCTNL_MSG_CT_DELETE), NLM_F_ACK, &head,
             sizeof(head));
    nl_put(&search->removals, CTA_TUPLE_ORIG | NLA_F_NESTED, nl_data(tuple), nl_size(tuple));
    if (zone != NULL)
        nl_put(&search->removals, CTA_ZONE, nl_data(zone), nl_size(zone));
}

static void put_search(struct nl_batch *batch, const struct search *search)
{
    struct nfgenmsg head = {search->family, NFNETLINK_V0, 0};
    nl_begin(batch, conntrack_type(IPCTNL_MSG_CT_GET), NLM_F_DUMP, &head, sizeof(head));
    size_t tuple = nl_nest(batch, CTA_TUPLE_ORIG);
    size_t proto = nl_nest(batch, CTA_TUPLE_PROTO);
    nl_put_u8(batch, CTA_PROTO_NUM, IPPROTO_UDP);
    nl_put(batch, CTA_PROTO_DST_PORT, &search->port, sizeof(search->port));
    nl_nest_end(batch, proto);
    nl_nest_end(batch, tuple);
    size_t filter = nl_nest(batch, CTA_FILTER);
    nl_put_u32(batch, CTA_FILTER_ORIG_FLAGS, FILTER_PROTO_NUM | FILTER_DST_PORT);
    nl_nest_end(batch, filter);
}

static void forget_port(int fd, const struct fw_port *port)
{
    struct search search = {.family = (uint8_t)port->host.family, .port = htons(port->host_port)};
    struct nl_batch batch = {0};
    put_search(&batch, &search);
    int rc = nl_transact(fd, &batch, take_entry, &search, NULL);
    nl_done(&batch);
    /* An entry that ended meanwhile is as good as deleted. */
    if (rc == 0 && search.removals.length > 0)
        rc = nl_transact(fd, &search.removals, NULL, NULL, NULL);
    (void)rc;
    nl_done(&search.removals);
}

void fw_forget_peers(const struct fw_port *ports, size_t count)
{
    HULL_AUTO_FD fd = -1;
    for (size_t i = 0; i < count; i++) {
        if (ports[i].protocol != IPPROTO_UDP || ports[i].unbound)
            continue;
        if (fd < 0)
            fd = nl_open(NETLINK_NETFILTER);
        if (fd < 0)
            return;
        forget_port(fd, &ports[i]);
    }
}
