/* Elements of maps and sets by netlink, without libnftables, which reads the whole rule set
 * before each change. */
#include "fw.h"

#include "failpoint.h"
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

uint8_t fw_protocol(const char *name)
{
    static const struct {
        const char *name;
        uint8_t number;
    } protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};
    for (size_t i = 0; i < HULL_COUNT(protocols); i++) {
        if (hull_streq(name, protocols[i].name))
            return protocols[i].number;
    }
    return 0;
}

int fw_port_read(struct hull_call *call, const struct firewall_port *port, struct fw_port *ret)
{
    *ret = (struct fw_port){.protocol = fw_protocol(port->protocol),
                            .host_port = (uint16_t)port->host_port,
                            .port = (uint16_t)port->port,
                            .open = port->open,
                            .unbound = port->unbound};
    if (ret->protocol == 0)
        return hull_fail(call, HULL_INVALID, "invalid protocol: %s (tcp, udp and sctp are known)",
                         port->protocol == NULL ? "" : port->protocol);
    if (!ip_parse(port->host_ip, &ret->host))
        return hull_fail(call, HULL_INVALID, "invalid HostIp: \"%s\"",
                         port->host_ip == NULL ? "" : port->host_ip);
    if (!ip_parse(port->address, &ret->address) || ret->address.family != ret->host.family)
        return hull_fail(call, HULL_INVALID, "can't publish %s on %s: not the same kind of address",
                         port->address == NULL ? "" : port->address, port->host_ip);
    if (port->port <= 0 || port->port > 65535 || port->host_port < 0 || port->host_port > 65535)
        return hull_fail(call, HULL_INVALID, "invalid port specification: \"%d:%d\"",
                         (int)port->host_port, (int)port->port);
    return 0;
}

/* Elements of one message: an attribute has at most 64 KB, and the biggest element 100 bytes. */
#define ELEMENTS_MAX 500

/* --- messages -------------------------------------------------------------------------------- */

static void begin(struct nl_batch *batch, uint16_t type, uint16_t flags, uint8_t family,
                  uint16_t resource)
{
    struct nfgenmsg head = {family, NFNETLINK_V0, htons(resource)};
    nl_begin(batch, type, flags, &head, sizeof(head));
}

static uint16_t table_type(uint16_t message)
{
    return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message);
}

/* A concatenation: each part padded to four bytes. */
struct parts {
    uint8_t bytes[2 * IFNAMSIZ];
    size_t length;
};

static void add_part(struct parts *parts, const void *data, size_t size)
{
    memcpy(parts->bytes + parts->length, data, size);
    parts->length += NLMSG_ALIGN(size);
}

static void add_port_part(struct parts *parts, uint16_t port)
{
    uint16_t wire = htons(port);
    add_part(parts, &wire, sizeof(wire));
}

static void put_parts(struct nl_batch *batch, uint16_t type, const struct parts *parts)
{
    size_t nest = nl_nest(batch, type);
    nl_put(batch, NFTA_DATA_VALUE, parts->bytes, parts->length);
    nl_nest_end(batch, nest);
}

/* A message about elements of SET; ends with nl_nest_end() of what it returns. */
static size_t begin_elements(struct nl_batch *batch, const char *table, const char *set,
                             bool frames, bool add)
{
    begin(batch, table_type(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM),
          (uint16_t)(NLM_F_ACK | (add ? NLM_F_CREATE : 0)), frames ? NFPROTO_BRIDGE : NFPROTO_INET,
          0);
    nl_put_text(batch, NFTA_SET_ELEM_LIST_TABLE, table);
    nl_put_text(batch, NFTA_SET_ELEM_LIST_SET, set);
    return nl_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
}

/* --- ports ----------------------------------------------------------------------------------- */

/* What a port is an element of: a map of the host's ports, and a set of open ones. */
enum place { BOUND, OPEN, PLACES };

static bool is_in(const struct fw_port *port, enum place place)
{
    return place == BOUND ? !port->unbound : port->open;
}

/* The same pointer for the same map or set. */
static const char *name_of(const struct fw_port *port, enum place place)
{
    bool v6 = port->host.family == AF_INET6;
    if (place == OPEN)
        return v6 ? "open6" : "open4";
    if (v6)
        return ip_is_any(&port->host) ? "any6" : "host6";
    return ip_is_any(&port->host) ? "any4" : "host4";
}

static void put_element(struct nl_batch *batch, const struct fw_port *port, enum place place,
                        bool add)
{
    struct parts key = {.length = 0};
    struct parts value = {.length = 0};
    size_t size = ip_size(port->host.family);
    if (place == OPEN)
        add_part(&key, port->address.bytes, size);
    add_part(&key, &port->protocol, 1);
    if (place == BOUND && !ip_is_any(&port->host))
        add_part(&key, port->host.bytes, size);
    add_port_part(&key, place == OPEN ? port->port : port->host_port);
    add_part(&value, port->address.bytes, size);
    add_port_part(&value, port->port);
    size_t element = nl_nest(batch, NFTA_LIST_ELEM);
    put_parts(batch, NFTA_SET_ELEM_KEY, &key);
    if (add && place == BOUND)
        put_parts(batch, NFTA_SET_ELEM_DATA, &value);
    nl_nest_end(batch, element);
}

/* One message with the elements from PORTS on that have the same PLACE, as many as fit; none when
 * the first has no such place. Returns how many ports it is about. */
static size_t put_elements(struct nl_batch *batch, const char *table, const struct fw_port *ports,
                           size_t count, enum place place, bool add)
{
    size_t n = 0;
    if (!is_in(&ports[0], place))
        return 1;
    const char *name = name_of(&ports[0], place);
    size_t elements = begin_elements(batch, table, name, false, add);
    while (n < count && n < ELEMENTS_MAX && is_in(&ports[n], place) &&
           name_of(&ports[n], place) == name)
        put_element(batch, &ports[n++], place, add);
    nl_nest_end(batch, elements);
    return n;
}

/* --- networks -------------------------------------------------------------------------------- */

/* VALUE NULL: of a set. */
static void put_key(struct nl_batch *batch, const struct parts *key, uint32_t flags,
                    const struct ip_addr *value)
{
    struct parts data = {.length = 0};
    size_t element = nl_nest(batch, NFTA_LIST_ELEM);
    put_parts(batch, NFTA_SET_ELEM_KEY, key);
    if (value != NULL) {
        add_part(&data, value->bytes, ip_size(value->family));
        put_parts(batch, NFTA_SET_ELEM_DATA, &data);
    }
    if (flags != 0)
        nl_put_u32(batch, NFTA_SET_ELEM_FLAGS, htonl(flags));
    nl_nest_end(batch, element);
}

/* An interval: where it begins, and the first address after it, if there is one. */
static void put_interval(struct nl_batch *batch, const struct ip_net *net,
                         const struct ip_addr *value)
{
    struct ip_addr last = ip_net_last(net);
    struct ip_addr next = ip_add(&last, 1);
    struct parts from = {.length = 0};
    struct parts to = {.length = 0};
    add_part(&from, net->addr.bytes, ip_size(net->addr.family));
    add_part(&to, next.bytes, ip_size(next.family));
    put_key(batch, &from, 0, value);
    if (ip_compare(&next, &last) > 0)
        put_key(batch, &to, NFT_SET_ELEM_INTERVAL_END, NULL);
}

/* An interval in a set of concatenations, where both its ends belong to one element. */
static void put_range(struct nl_batch *batch, const struct parts *names, const struct ip_net *net)
{
    struct ip_addr last = ip_net_last(net);
    struct parts from = *names;
    struct parts to = *names;
    add_part(&from, net->addr.bytes, ip_size(net->addr.family));
    add_part(&to, last.bytes, ip_size(last.family));
    size_t element = nl_nest(batch, NFTA_LIST_ELEM);
    put_parts(batch, NFTA_SET_ELEM_KEY, &from);
    put_parts(batch, NFTA_SET_ELEM_KEY_END, &to);
    nl_nest_end(batch, element);
}

static void add_name(struct parts *parts, const char *name)
{
    char padded[IFNAMSIZ] = "";
    memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
    add_part(parts, padded, sizeof(padded));
}

struct members {
    struct nl_batch *batch;
    const char *table;
    bool frames; /* that table is there */
    bool add;
};

static void put_member(const struct fw_member *member, void *ctx)
{
    const struct members *members = ctx;
    struct parts key = {.length = 0};
    if (member->frames && !members->frames)
        return;
    size_t nest =
        begin_elements(members->batch, members->table, member->set, member->frames, members->add);
    for (size_t i = 0; i < HULL_COUNT(member->names) && member->names[i] != NULL; i++)
        add_name(&key, member->names[i]);
    if (member->addr != NULL)
        add_part(&key, member->addr->bytes, ip_size(member->addr->family));
    if (member->net != NULL && key.length > 0)
        put_range(members->batch, &key, member->net);
    else if (member->net != NULL)
        put_interval(members->batch, member->net, members->add ? member->value : NULL);
    else
        put_key(members->batch, &key, 0, NULL);
    nl_nest_end(members->batch, nest);
}

/* --- transactions ---------------------------------------------------------------------------- */

/*
 * Kept open: the kernel holds up who closes such a socket until what was deleted through it is
 * gone, which takes 5 ms and more.
 */
static int elements_fd = -1;

void fw_elements_done(void)
{
    hull_fd_cleanup(&elements_fd);
    elements_fd = -1;
}

static void begin_transaction(struct nl_batch *batch)
{
    begin(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

static int commit(struct nl_batch *batch)
{
    if (elements_fd < 0)
        elements_fd = nl_open(NETLINK_NETFILTER);
    int rc = elements_fd;
    begin(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    if (rc >= 0)
        rc = nl_transact(elements_fd, batch, NULL, NULL, NULL);
    nl_done(batch);
    if (rc < 0) /* answers that nobody read may be left in it */
        fw_elements_done();
    return rc;
}

int fw_elements(const char *table, const struct fw_port *ports, size_t count, bool add)
{
    struct nl_batch batch = {0};
    begin_transaction(&batch);
    for (enum place place = BOUND; place < PLACES; place++) {
        for (size_t done = 0; done < count;)
            done += put_elements(&batch, table, ports + done, count - done, place, add);
    }
    FAILPOINT(firewall_elements_before);
    int rc = commit(&batch);
    FAILPOINT(firewall_elements_after);
    return rc;
}

int fw_network_elements(const char *table, const struct firewall_network *network, bool frames,
                        bool add)
{
    struct nl_batch batch = {0};
    begin_transaction(&batch);
    fw_network_members(network, put_member, &(struct members){&batch, table, frames, add});
    FAILPOINT(firewall_network_before);
    int rc = commit(&batch);
    FAILPOINT(firewall_network_after);
    return rc;
}

int fw_guard_elements(const char *table, const struct firewall_guard *guards, size_t count,
                      bool add)
{
    struct nl_batch batch = {0};
    begin_transaction(&batch);
    for (size_t i = 0; i < count; i++)
        fw_guard_members(&guards[i], put_member, &(struct members){&batch, table, true, add});
    return commit(&batch);
}

/* --- looking --------------------------------------------------------------------------------- */

static void count_rule(const struct nlmsghdr *message, void *ctx)
{
    *(int *)ctx += message->nlmsg_type == table_type(NFT_MSG_NEWRULE);
}

int fw_count_rules(const char *table, const char *chain, bool frames)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_NETFILTER);
    if (fd < 0)
        return fd;
    struct nl_batch batch = {0};
    int count = 0;
    begin(&batch, table_type(NFT_MSG_GETRULE), NLM_F_DUMP, frames ? NFPROTO_BRIDGE : NFPROTO_INET,
          0);
    nl_put_text(&batch, NFTA_RULE_TABLE, table);
    if (chain != NULL)
        nl_put_text(&batch, NFTA_RULE_CHAIN, chain);
    int rc = nl_transact(fd, &batch, count_rule, &count, NULL);
    nl_done(&batch);
    return rc < 0 && rc != -ENOENT ? rc : count;
}
