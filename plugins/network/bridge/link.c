#include "link.h"

#include "failpoint.h"
#include "netif.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ACK NLM_F_ACK

/* --- bridges --------------------------------------------------------------------------------- */

static int create_bridge(int fd, const struct brg_bridge *bridge, struct nl_failure *failure,
                         bool *ret_made)
{
    struct nl_batch batch = {0};
    /* A fixed MAC: otherwise it is that of a port and changes as containers come and go. */
    uint8_t mac[6];
    if (getrandom(mac, sizeof(mac), 0) != (ssize_t)sizeof(mac))
        return -EIO;
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
    nif_begin(&batch, NLM_F_CREATE | NLM_F_EXCL, 0, false, bridge->name);
    nl_put(&batch, IFLA_ADDRESS, mac, sizeof(mac));
    if (bridge->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)bridge->mtu);
    struct nif_kind kind = nif_kind(&batch, "bridge");
    nl_put_u32(&batch, IFLA_BR_FORWARD_DELAY, 0);
    nl_put_u32(&batch, IFLA_BR_STP_STATE, 0);
    nif_kind_end(&batch, kind);
    /* Marked at once, so that it goes whatever comes next: the kernel does not do it in one. */
    nif_begin(&batch, 0, 0, false, bridge->name);
    nif_mark_own(&batch);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    *ret_made = rc != -EEXIST;
    return rc == -EEXIST ? 0 : rc;
}

static bool has_ipv6(const struct brg_bridge *bridge)
{
    for (size_t i = 0; i < bridge->net_count; i++) {
        if (bridge->nets[i].addr.family == AF_INET6)
            return true;
    }
    return false;
}

/* What containers could use against the host is off before the bridge is up. */
static int guard_bridge(const struct brg_bridge *bridge)
{
    int rc = nif_sysctl("ipv6", bridge->name, "accept_ra", "0");
    /* Its MAC is its own, nobody has to be asked: the first packet finds an address to ask from. */
    if (rc == 0)
        rc = nif_sysctl("ipv6", bridge->name, "accept_dad", "0");
    if (rc == 0)
        rc = nif_sysctl("ipv6", bridge->name, "disable_ipv6",
                        bridge->ipv6 && bridge->net_count > 0 ? "0" : "1");
    /* Lets the host reach ports published on 127.0.0.1; firewall drops what abuses it. */
    if (rc == 0)
        rc = nif_sysctl("ipv4", bridge->name, "route_localnet", "1");
    return rc;
}

static int raise_bridge(int fd, const struct brg_bridge *bridge, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    unsigned index = if_nametoindex(bridge->name);
    if (index == 0)
        return -errno;
    for (size_t i = 0; i < bridge->net_count; i++)
        nif_address(&batch, index, &bridge->nets[i]);
    nif_begin(&batch, 0, (int)index, true, NULL);
    if (has_ipv6(bridge))
        nif_route_loopback6(&batch, index);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
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

int brg_bridge_make(struct hull_work *work, const struct brg_bridge *bridge)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return nif_fail(work, fd, NULL, "bridge", bridge->name);
    struct nl_failure failure = {0};
    bool is = false, made = false;
    int rc = nif_look(fd, bridge->name, take_kind, &is, NULL);
    bool there = rc == 0;
    if (rc == -ENODEV)
        rc = 0;
    if (rc == 0 && there && !is)
        return hull_problem_set(&work->problem, HULL_CONFLICT,
                                "%s is an interface of this host, and no bridge: choose another "
                                "name with --bridge",
                                bridge->name);
    bool own = false;
    if (rc == 0 && !there)
        rc = create_bridge(fd, bridge, &failure, &made);
    FAILPOINT(bridge_make_created);
    if (rc == 0 && there)
        rc = nif_is_own(fd, bridge->name, &own);
    if (rc == 0 && own)
        rc = drop_addresses(fd, bridge, &failure);
    if (rc == 0)
        rc = guard_bridge(bridge);
    if (rc == 0)
        rc = raise_bridge(fd, bridge, &failure);
    FAILPOINT(bridge_make_after);
    if (rc < 0 && made) /* by what is open already: there may be no other descriptor */
        nif_delete(fd, bridge->name);
    return rc == 0 ? 0 : nif_fail(work, rc, &failure, "bridge", bridge->name);
}

/* --- veth pairs ------------------------------------------------------------------------------ */

/* The pair, its inner end born in the container's namespace with its name and MAC. */
static int create_pair(int fd, const struct brg_link *link, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    nif_begin(&batch, NLM_F_CREATE | NLM_F_EXCL, 0, false, link->host_name);
    if (link->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)link->mtu);
    struct nif_kind kind = nif_kind(&batch, "veth");
    size_t peer = nl_nest(&batch, VETH_INFO_PEER);
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
    nl_put_raw(&batch, &head, sizeof(head));
    nl_put_text(&batch, IFLA_IFNAME, link->inside.name);
    nl_put(&batch, IFLA_ADDRESS, link->mac, sizeof(link->mac));
    if (link->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)link->mtu);
    nl_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)link->netns_fd);
    nl_nest_end(&batch, peer);
    nif_kind_end(&batch, kind);
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
    int rc = nif_sysctl("ipv6", link->host_name, "disable_ipv6", "1");
    if (rc < 0)
        return rc;
    struct nl_batch batch = {0};
    nif_begin(&batch, 0, 0, true, link->host_name);
    nl_put_u32(&batch, IFLA_MASTER, bridge);
    nif_begin(&batch, 0, 0, false, link->host_name);
    size_t info = nl_nest(&batch, IFLA_LINKINFO);
    nl_put_text(&batch, IFLA_INFO_SLAVE_KIND, "bridge");
    size_t data = nl_nest(&batch, IFLA_INFO_SLAVE_DATA);
    /* A container reaches its own published port through the host's address. */
    nl_put_u8(&batch, IFLA_BRPORT_MODE, 1);
    nl_put_u8(&batch, IFLA_BRPORT_ISOLATED, link->isolated);
    /* Who is behind a port is known (see pin()): nobody else's frames are drawn to it. */
    nl_put_u8(&batch, IFLA_BRPORT_LEARNING, link->unpinned);
    nl_nest_end(&batch, data);
    nl_nest_end(&batch, info);
    rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

/*
 * Where the container's MAC is, and whose its addresses are: as they were given, whatever it or
 * another one says by ARP, neighbour discovery or the source of its frames.
 */
static void pin(struct nl_batch *batch, const struct brg_link *link)
{
    struct ndmsg head = {.ndm_family = PF_BRIDGE,
                         .ndm_ifindex = (int)if_nametoindex(link->host_name),
                         .ndm_state = NUD_NOARP,
                         .ndm_flags = NTF_MASTER | NTF_STICKY};
    nl_begin(batch, RTM_NEWNEIGH, ACK | NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    nl_put(batch, NDA_LLADDR, link->mac, sizeof(link->mac));
    for (size_t i = 0; i < HULL_COUNT(link->gateway); i++) {
        if (link->gateway[i].family != 0 && link->inside.nets[i].addr.family != 0)
            nif_neighbour(batch, if_nametoindex(link->bridge), &link->inside.nets[i].addr,
                          link->mac);
    }
}

int brg_unpin(struct hull_work *work, const struct brg_unpin *unpin)
{
    struct nl_batch batch = {0};
    unsigned index = if_nametoindex(unpin->bridge);
    HULL_AUTO_FD fd = index == 0 ? -ENODEV : nl_open(NETLINK_ROUTE);
    if (index == 0)
        return 0;
    if (fd < 0)
        return nif_fail(work, fd, NULL, "bridge", unpin->bridge);
    for (size_t i = 0; i < HULL_COUNT(unpin->addrs); i++) {
        if (unpin->addrs[i].family != 0)
            nif_neighbour(&batch, index, &unpin->addrs[i], NULL);
    }
    int rc = batch.length > 0 ? nl_transact(fd, &batch, NULL, NULL, NULL) : 0;
    nl_done(&batch);
    return rc == 0 || rc == -ENOENT || rc == -ENODEV
               ? 0
               : nif_fail(work, rc, NULL, "neighbours on bridge", unpin->bridge);
}

static void take_mac(const struct nlmsghdr *message, void *ctx)
{
    size_t skip = NLMSG_ALIGN(sizeof(struct ifinfomsg));
    const struct nlattr *mac = nl_find((const char *)NLMSG_DATA(message) + skip,
                                       NLMSG_PAYLOAD(message, skip), IFLA_ADDRESS);
    if (mac != NULL && nl_size(mac) == 6)
        memcpy(ctx, nl_data(mac), 6);
}

/* The container does not ask for the bridge's address either; where the bridge is somebody else's,
 * its MAC may change with its ports. */
static int pin_gateway(int fd, const struct brg_link *link, struct nif_inside *inside)
{
    bool own = false;
    int rc = nif_is_own(fd, link->bridge, &own);
    if (rc == 0 && own)
        rc = nif_look(fd, link->bridge, take_mac, inside->pinned_mac, NULL);
    for (size_t i = 0; rc == 0 && own && i < HULL_COUNT(inside->pinned); i++) {
        if (inside->nets[i].addr.family != 0)
            inside->pinned[i] = link->gateway[i];
    }
    return rc;
}

/* Both ends are up: the port forwards and the bridge has a carrier before anybody sends. */
static int settle_outside(int fd, const struct brg_link *link, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    if (!link->unpinned)
        pin(&batch, link);
    nif_settle(&batch, 0, link->host_name);
    nif_settle(&batch, 0, link->bridge);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

/* Connect the pair that was made. */
static int connect_pair(struct hull_work *work, int fd, int inner_fd, const struct brg_link *link)
{
    struct nl_failure failure = {0};
    struct nif_inside inside = link->inside;
    int rc = attach_port(fd, link, &failure);
    if (rc < 0)
        return nif_fail(work, rc, &failure, "failed to attach to bridge", link->bridge);
    rc = pin_gateway(fd, link, &inside);
    if (rc == 0)
        rc = nif_configure(inner_fd, &inside, NULL, &failure);
    if (rc == 0)
        rc = settle_outside(fd, link, &failure);
    return rc == 0
               ? 0
               : nif_fail(work, rc, &failure, "failed to configure interface", link->inside.name);
}

int brg_link_make(struct hull_work *work, const struct brg_link *link)
{
    struct nl_failure failure = {0};
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return nif_fail(work, fd, NULL, "interface", link->inside.name);
    /* First, for it turns IPv6 off for what is made there. */
    HULL_AUTO_FD inner_fd = nif_open_inside(link->netns_fd, &link->inside);
    if (inner_fd < 0)
        return nif_fail(work, inner_fd, NULL, "network namespace of interface", link->inside.name);
    int rc = create_pair(fd, link, &failure);
    if (rc < 0)
        return nif_fail(work, rc, &failure, "failed to create interface", link->host_name);
    FAILPOINT(bridge_pair_made);
    rc = connect_pair(work, fd, inner_fd, link);
    FAILPOINT(bridge_pair_connected);
    if (rc < 0)
        nif_delete(fd, link->host_name);
    return rc;
}
