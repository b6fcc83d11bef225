#include "link.h"

#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ACK NLM_F_ACK
/* Marks a bridge that was made here; one of the administrator's is used and never deleted. */
#define OWN_ALIAS "made by hull"

/* --- small parts ----------------------------------------------------------------------------- */

static int fail(struct hull_work *work, int rc, const struct nl_failure *failure, const char *what,
                const char *name)
{
    const char *text = failure == NULL ? "" : failure->text;
    return hull_problem_set(&work->problem, hull_kind_of_errno(-rc), "%s %s: %s%s%s", what, name,
                            strerror(-rc), *text == '\0' ? "" : ": ", text);
}

/* Write VALUE to net/FAMILY/conf/NAME/KEY. A kernel without the family has no such file. */
static int set_sysctl(const char *family, const char *name, const char *key, const char *value)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
    HULL_AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static void begin_link(struct nl_batch *batch, uint16_t flags, int index, bool up, const char *name)
{
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC,
                             .ifi_index = index,
                             .ifi_flags = up ? IFF_UP : 0,
                             .ifi_change = up ? IFF_UP : 0};
    nl_begin(batch, RTM_NEWLINK, ACK | flags, &head, sizeof(head));
    if (name != NULL)
        nl_put_text(batch, IFLA_IFNAME, name);
}

/*
 * Ask for the interface. Besides an answer this makes the kernel deal at once with a carrier that
 * has just come; otherwise it does so some milliseconds later, and until then drops what is sent:
 * the first packet of a container would be lost and repeated a second later.
 */
static void settle_link(struct nl_batch *batch, int index, const char *name)
{
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    nl_begin(batch, RTM_GETLINK, ACK, &head, sizeof(head));
    if (name != NULL)
        nl_put_text(batch, IFLA_IFNAME, name);
    nl_put_u32(batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

static void add_address(struct nl_batch *batch, unsigned index, const struct ip_net *net)
{
    struct ifaddrmsg head = {.ifa_family = (uint8_t)net->addr.family,
                             .ifa_prefixlen = (uint8_t)net->length,
                             .ifa_index = index};
    if (net->addr.family == AF_INET6)
        head.ifa_flags = IFA_F_NODAD; /* chosen by us: nobody else has it */
    nl_begin(batch, RTM_NEWADDR, ACK | NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    nl_put(batch, IFA_LOCAL, net->addr.bytes, ip_size(net->addr.family));
    nl_put(batch, IFA_ADDRESS, net->addr.bytes, ip_size(net->addr.family));
    if (net->addr.family == AF_INET && net->length < 31) {
        struct ip_addr last = ip_net_last(net);
        nl_put(batch, IFA_BROADCAST, last.bytes, 4);
    }
}

static void add_default_route(struct nl_batch *batch, unsigned index, const struct ip_addr *gateway)
{
    struct rtmsg head = {.rtm_family = (uint8_t)gateway->family,
                         .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_BOOT,
                         .rtm_scope = RT_SCOPE_UNIVERSE,
                         .rtm_type = RTN_UNICAST};
    nl_begin(batch, RTM_NEWROUTE, ACK | NLM_F_CREATE, &head, sizeof(head));
    nl_put(batch, RTA_GATEWAY, gateway->bytes, ip_size(gateway->family));
    nl_put_u32(batch, RTA_OIF, index);
}

/* --- bridges --------------------------------------------------------------------------------- */

static int create_bridge(int fd, const struct brg_bridge *bridge, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    /* A fixed MAC: otherwise it is that of a port and changes as containers come and go. */
    uint8_t mac[6];
    if (getrandom(mac, sizeof(mac), 0) != (ssize_t)sizeof(mac))
        return -EIO;
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
    begin_link(&batch, NLM_F_CREATE | NLM_F_EXCL, 0, false, bridge->name);
    nl_put(&batch, IFLA_ADDRESS, mac, sizeof(mac));
    if (bridge->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)bridge->mtu);
    size_t info = nl_nest(&batch, IFLA_LINKINFO);
    nl_put_text(&batch, IFLA_INFO_KIND, "bridge");
    size_t data = nl_nest(&batch, IFLA_INFO_DATA);
    nl_put_u32(&batch, IFLA_BR_FORWARD_DELAY, 0);
    nl_put_u32(&batch, IFLA_BR_STP_STATE, 0);
    nl_nest_end(&batch, data);
    nl_nest_end(&batch, info);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc == -EEXIST ? 0 : rc;
}

/* What containers could use against the host is off before the bridge is up. */
static int guard_bridge(const struct brg_bridge *bridge)
{
    bool v6 = false;
    for (size_t i = 0; i < bridge->net_count; i++)
        v6 = v6 || bridge->nets[i].addr.family == AF_INET6;
    int rc = set_sysctl("ipv6", bridge->name, "accept_ra", "0");
    if (rc == 0)
        rc = set_sysctl("ipv6", bridge->name, "disable_ipv6", v6 ? "0" : "1");
    /* Lets the host reach ports published on 127.0.0.1; firewall drops what abuses it. */
    if (rc == 0)
        rc = set_sysctl("ipv4", bridge->name, "route_localnet", "1");
    return rc;
}

static int raise_bridge(int fd, const struct brg_bridge *bridge, bool own,
                        struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    unsigned index = if_nametoindex(bridge->name);
    if (index == 0)
        return -errno;
    for (size_t i = 0; i < bridge->net_count; i++)
        add_address(&batch, index, &bridge->nets[i]);
    begin_link(&batch, 0, (int)index, true, NULL);
    if (own)
        nl_put_text(&batch, IFLA_IFALIAS, OWN_ALIAS);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

static void take_alias(const struct nlmsghdr *message, void *ctx)
{
    size_t skip = NLMSG_ALIGN(sizeof(struct ifinfomsg));
    const struct nlattr *alias = nl_find((const char *)NLMSG_DATA(message) + skip,
                                         NLMSG_PAYLOAD(message, skip), IFLA_IFALIAS);
    *(bool *)ctx = alias != NULL && nl_size(alias) == sizeof(OWN_ALIAS) &&
                   memcmp(nl_data(alias), OWN_ALIAS, sizeof(OWN_ALIAS)) == 0;
}

/* True when NAME is a bridge that was made here. */
static int is_own(int fd, const char *name, bool *ret_own)
{
    struct nl_batch batch = {0};
    settle_link(&batch, 0, name);
    int rc = nl_transact(fd, &batch, take_alias, ret_own, NULL);
    nl_done(&batch);
    return rc;
}

/* Addresses of a bridge that are not wanted any more. */
struct stale {
    const struct brg_bridge *bridge;
    unsigned index;
    struct nl_batch batch; /* their removal */
};

static void take_address(const struct nlmsghdr *message, void *ctx)
{
    struct stale *stale = ctx;
    const struct ifaddrmsg *head = NLMSG_DATA(message);
    size_t skip = NLMSG_ALIGN(sizeof(*head));
    const struct nlattr *local =
        nl_find((const char *)head + skip, NLMSG_PAYLOAD(message, skip), IFA_ADDRESS);
    if (message->nlmsg_type != RTM_NEWADDR || head->ifa_index != stale->index || local == NULL ||
        head->ifa_scope != RT_SCOPE_UNIVERSE || nl_size(local) < ip_size(head->ifa_family))
        return;
    for (size_t i = 0; i < stale->bridge->net_count; i++) {
        const struct ip_net *net = &stale->bridge->nets[i];
        if (net->addr.family == head->ifa_family && net->length == head->ifa_prefixlen &&
            memcmp(net->addr.bytes, nl_data(local), ip_size(head->ifa_family)) == 0)
            return;
    }
    struct ifaddrmsg removal = {.ifa_family = head->ifa_family,
                                .ifa_prefixlen = head->ifa_prefixlen,
                                .ifa_index = head->ifa_index};
    nl_begin(&stale->batch, RTM_DELADDR, ACK, &removal, sizeof(removal));
    nl_put(&stale->batch, IFA_LOCAL, nl_data(local), ip_size(head->ifa_family));
}

/* A bridge made here, for a daemon whose data is gone or whose configuration has changed. */
static int drop_addresses(int fd, const struct brg_bridge *bridge, struct nl_failure *failure)
{
    struct stale stale = {bridge, if_nametoindex(bridge->name), {0}};
    struct nl_batch batch = {0};
    struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};
    nl_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
    int rc = nl_transact(fd, &batch, take_address, &stale, failure);
    nl_done(&batch);
    if (rc == 0 && stale.batch.length > 0)
        rc = nl_transact(fd, &stale.batch, NULL, NULL, failure);
    nl_done(&stale.batch);
    return rc;
}

static void take_kind(const struct nlmsghdr *message, void *ctx)
{
    size_t skip = NLMSG_ALIGN(sizeof(struct ifinfomsg));
    const struct nlattr *info = nl_find((const char *)NLMSG_DATA(message) + skip,
                                        NLMSG_PAYLOAD(message, skip), IFLA_LINKINFO);
    const struct nlattr *kind =
        info == NULL ? NULL : nl_find(nl_data(info), nl_size(info), IFLA_INFO_KIND);
    *(bool *)ctx = kind != NULL && nl_size(kind) == sizeof("bridge") &&
                   memcmp(nl_data(kind), "bridge", sizeof("bridge")) == 0;
}

static int is_bridge(int fd, const char *name, bool *ret_is)
{
    struct nl_batch batch = {0};
    settle_link(&batch, 0, name);
    int rc = nl_transact(fd, &batch, take_kind, ret_is, NULL);
    nl_done(&batch);
    return rc;
}

int brg_bridge_make(struct hull_work *work, const struct brg_bridge *bridge)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return fail(work, fd, NULL, "bridge", bridge->name);
    struct nl_failure failure = {0};
    bool there = if_nametoindex(bridge->name) != 0;
    bool is = false;
    int rc = there ? is_bridge(fd, bridge->name, &is) : 0;
    if (rc == 0 && there && !is)
        return hull_problem_set(&work->problem, HULL_CONFLICT,
                                "%s is an interface of this host, and no bridge: choose another "
                                "name with --bridge",
                                bridge->name);
    bool own = false;
    if (rc == 0 && !there)
        rc = create_bridge(fd, bridge, &failure);
    if (rc == 0 && there)
        rc = is_own(fd, bridge->name, &own);
    if (rc == 0 && own)
        rc = drop_addresses(fd, bridge, &failure);
    if (rc == 0)
        rc = guard_bridge(bridge);
    if (rc == 0)
        rc = raise_bridge(fd, bridge, !there, &failure);
    return rc == 0 ? 0 : fail(work, rc, &failure, "bridge", bridge->name);
}

static int delete_link(int fd, const char *name)
{
    struct nl_batch batch = {0};
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
    nl_begin(&batch, RTM_DELLINK, ACK, &head, sizeof(head));
    nl_put_text(&batch, IFLA_IFNAME, name);
    int rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    return rc == -ENODEV ? 0 : rc;
}

int brg_bridge_delete(struct hull_work *work, const char *name)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    bool own = false;
    int rc = fd < 0 ? fd : is_own(fd, name, &own);
    if (rc == -ENODEV || (rc == 0 && !own))
        return 0;
    if (rc == 0)
        rc = delete_link(fd, name);
    return rc == 0 ? 0 : fail(work, rc, NULL, "failed to delete bridge", name);
}

int brg_link_delete(struct hull_work *work, const char *host_name)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    int rc = fd < 0 ? fd : delete_link(fd, host_name);
    return rc == 0 ? 0 : fail(work, rc, NULL, "failed to delete interface", host_name);
}

/* --- veth pairs ------------------------------------------------------------------------------ */

/* The pair, its inner end born in the container's namespace with its name and MAC. */
static int create_pair(int fd, const struct brg_link *link, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    begin_link(&batch, NLM_F_CREATE | NLM_F_EXCL, 0, false, link->host_name);
    if (link->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)link->mtu);
    size_t info = nl_nest(&batch, IFLA_LINKINFO);
    nl_put_text(&batch, IFLA_INFO_KIND, "veth");
    size_t data = nl_nest(&batch, IFLA_INFO_DATA);
    size_t peer = nl_nest(&batch, VETH_INFO_PEER);
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
    nl_put_raw(&batch, &head, sizeof(head));
    nl_put_text(&batch, IFLA_IFNAME, link->name);
    nl_put(&batch, IFLA_ADDRESS, link->mac, sizeof(link->mac));
    if (link->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)link->mtu);
    nl_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)link->netns_fd);
    nl_nest_end(&batch, peer);
    nl_nest_end(&batch, data);
    nl_nest_end(&batch, info);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

/* The host's end: no IPv6 of its own, a port of the bridge, up. */
static int attach_port(int fd, const struct brg_link *link, struct nl_failure *failure)
{
    unsigned bridge = if_nametoindex(link->bridge);
    if (bridge == 0)
        return -ENODEV;
    int rc = set_sysctl("ipv6", link->host_name, "disable_ipv6", "1");
    if (rc < 0)
        return rc;
    struct nl_batch batch = {0};
    begin_link(&batch, 0, 0, true, link->host_name);
    nl_put_u32(&batch, IFLA_MASTER, bridge);
    begin_link(&batch, 0, 0, false, link->host_name);
    size_t info = nl_nest(&batch, IFLA_LINKINFO);
    nl_put_text(&batch, IFLA_INFO_SLAVE_KIND, "bridge");
    size_t data = nl_nest(&batch, IFLA_INFO_SLAVE_DATA);
    /* A container reaches its own published port through the host's address. */
    nl_put_u8(&batch, IFLA_BRPORT_MODE, 1);
    nl_put_u8(&batch, IFLA_BRPORT_ISOLATED, link->isolated);
    nl_nest_end(&batch, data);
    nl_nest_end(&batch, info);
    rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

static void take_index(const struct nlmsghdr *message, void *ctx)
{
    const struct ifinfomsg *head = NLMSG_DATA(message);
    if (message->nlmsg_type == RTM_NEWLINK)
        *(int *)ctx = head->ifi_index;
}

static int inner_index(int fd, const char *name, int *ret_index, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    settle_link(&batch, 0, name);
    int rc = nl_transact(fd, &batch, take_index, ret_index, failure);
    nl_done(&batch);
    return rc;
}

/* Inside: loopback and the interface up, addresses, default routes. */
static int configure_inside(int fd, const struct brg_link *link, struct nl_failure *failure)
{
    int index = 0;
    int rc = inner_index(fd, link->name, &index, failure);
    if (rc < 0)
        return rc;
    struct nl_batch batch = {0};
    begin_link(&batch, 0, 1, true, NULL);
    for (size_t i = 0; i < HULL_COUNT(link->nets); i++) {
        if (link->nets[i].addr.family != 0)
            add_address(&batch, (unsigned)index, &link->nets[i]);
    }
    begin_link(&batch, 0, index, true, NULL);
    for (size_t i = 0; i < HULL_COUNT(link->gateway); i++) {
        if (link->gateway[i].family != 0)
            add_default_route(&batch, (unsigned)index, &link->gateway[i]);
    }
    settle_link(&batch, index, NULL);
    rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

/* Both ends are up: the port forwards and the bridge has a carrier before anybody sends. */
static int settle_outside(int fd, const struct brg_link *link, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    settle_link(&batch, 0, link->host_name);
    settle_link(&batch, 0, link->bridge);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

/* Connect the pair that was made. */
static int connect_pair(struct hull_work *work, int fd, int inner_fd, const struct brg_link *link)
{
    struct nl_failure failure = {0};
    int rc = attach_port(fd, link, &failure);
    if (rc < 0)
        return fail(work, rc, &failure, "failed to attach to bridge", link->bridge);
    rc = configure_inside(inner_fd, link, &failure);
    if (rc == 0)
        rc = settle_outside(fd, link, &failure);
    return rc == 0 ? 0 : fail(work, rc, &failure, "failed to configure interface", link->name);
}

int brg_link_make(struct hull_work *work, const struct brg_link *link)
{
    struct nl_failure failure = {0};
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return fail(work, fd, NULL, "interface", link->name);
    /* First, for it turns IPv6 off for what is made there. */
    HULL_AUTO_FD inner_fd = nl_open_in(link->netns_fd, link->nets[1].addr.family == 0);
    if (inner_fd < 0)
        return fail(work, inner_fd, NULL, "network namespace of interface", link->name);
    int rc = create_pair(fd, link, &failure);
    if (rc < 0)
        return fail(work, rc, &failure, "failed to create interface", link->host_name);
    rc = connect_pair(work, fd, inner_fd, link);
    if (rc < 0)
        (void)delete_link(fd, link->host_name);
    return rc;
}
