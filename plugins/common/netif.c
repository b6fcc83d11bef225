#include "netif.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ACK NLM_F_ACK

/* --- requests --------------------------------------------------------------------------------- */

void nif_begin(struct nl_batch *batch, uint16_t flags, int index, bool up, const char *name)
{
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC,
                             .ifi_index = index,
                             .ifi_flags = up ? IFF_UP : 0,
                             .ifi_change = up ? IFF_UP : 0};
    nl_begin(batch, RTM_NEWLINK, ACK | flags, &head, sizeof(head));
    if (name != NULL)
        nl_put_text(batch, IFLA_IFNAME, name);
}

struct nif_kind nif_kind(struct nl_batch *batch, const char *kind)
{
    struct nif_kind nests = {.info = nl_nest(batch, IFLA_LINKINFO)};
    nl_put_text(batch, IFLA_INFO_KIND, kind);
    nests.data = nl_nest(batch, IFLA_INFO_DATA);
    return nests;
}

void nif_kind_end(struct nl_batch *batch, struct nif_kind kind)
{
    nl_nest_end(batch, kind.data);
    nl_nest_end(batch, kind.info);
}

void nif_settle(struct nl_batch *batch, int index, const char *name)
{
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    nl_begin(batch, RTM_GETLINK, ACK, &head, sizeof(head));
    if (name != NULL)
        nl_put_text(batch, IFLA_IFNAME, name);
    nl_put_u32(batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int nif_look(int fd, const char *name, nl_reply_fn *reply, void *ctx, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    nif_settle(&batch, 0, name);
    int rc = nl_transact(fd, &batch, reply, ctx, failure);
    nl_done(&batch);
    return rc;
}

void nif_address(struct nl_batch *batch, unsigned index, const struct ip_net *net)
{
    struct ifaddrmsg head = {.ifa_family = (uint8_t)net->addr.family,
                             .ifa_prefixlen = (uint8_t)net->length,
                             .ifa_index = index};
    if (net->addr.family == AF_INET6)
        head.ifa_flags = IFA_F_NODAD;
    nl_begin(batch, RTM_NEWADDR, ACK | NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    nl_put(batch, IFA_LOCAL, net->addr.bytes, ip_size(net->addr.family));
    nl_put(batch, IFA_ADDRESS, net->addr.bytes, ip_size(net->addr.family));
    if (net->addr.family == AF_INET && net->length < 31) {
        struct ip_addr last = ip_net_last(net);
        nl_put(batch, IFA_BROADCAST, last.bytes, 4);
    }
}

static void put_route(struct nl_batch *batch, uint16_t flags, unsigned index, int family,
                      const struct ip_net *to, const struct ip_addr *via)
{
    struct rtmsg head = {.rtm_family = (uint8_t)family,
                         .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_BOOT,
                         .rtm_scope = via != NULL ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                         .rtm_type = RTN_UNICAST,
                         .rtm_dst_len = (uint8_t)(to != NULL ? to->length : 0)};
    nl_begin(batch, RTM_NEWROUTE, (uint16_t)(ACK | NLM_F_CREATE | flags), &head, sizeof(head));
    if (to != NULL) {
        struct ip_net base = ip_net_base(to);
        nl_put(batch, RTA_DST, base.addr.bytes, ip_size(family));
    }
    if (via != NULL)
        nl_put(batch, RTA_GATEWAY, via->bytes, ip_size(family));
    nl_put_u32(batch, RTA_OIF, index);
}

void nif_route(struct nl_batch *batch, unsigned index, int family, const struct ip_net *to,
               const struct ip_addr *via)
{
    put_route(batch, 0, index, family, to, via);
}

/* Behind the loopback interface's own one. */
#define LOOPBACK6_METRIC 2048

void nif_route_loopback6(struct nl_batch *batch, unsigned index)
{
    struct rtmsg head = {.rtm_family = AF_INET6,
                         .rtm_table = RT_TABLE_LOCAL,
                         .rtm_protocol = RTPROT_BOOT,
                         .rtm_scope = RT_SCOPE_HOST,
                         .rtm_type = RTN_LOCAL,
                         .rtm_dst_len = 128};
    nl_begin(batch, RTM_NEWROUTE, ACK | NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    nl_put(batch, RTA_DST, &in6addr_loopback, sizeof(in6addr_loopback));
    nl_put_u32(batch, RTA_OIF, index);
    nl_put_u32(batch, RTA_PRIORITY, LOOPBACK6_METRIC);
}

void nif_neighbour(struct nl_batch *batch, unsigned index, const struct ip_addr *addr,
                   const uint8_t *mac)
{
    struct ndmsg head = {
        .ndm_family = (uint8_t)addr->family, .ndm_ifindex = (int)index, .ndm_state = NUD_PERMANENT};
    if (mac != NULL)
        nl_begin(batch, RTM_NEWNEIGH, ACK | NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
    else
        nl_begin(batch, RTM_DELNEIGH, ACK, &head, sizeof(head));
    nl_put(batch, NDA_DST, addr->bytes, ip_size(addr->family));
    if (mac != NULL)
        nl_put(batch, NDA_LLADDR, mac, 6);
}

/* --- whole steps ------------------------------------------------------------------------------ */

bool nif_loopback6(void)
{
    HULL_AUTO_FD fd = open("/proc/sys/net/bridge/bridge-nf-call-ip6tables", O_RDONLY | O_CLOEXEC);
    char on = '0'; /* there is no such file where nothing shows frames to the filter */
    return fd < 0 || (read(fd, &on, 1) == 1 && on == '0');
}

int nif_fail(struct hull_work *work, int rc, const struct nl_failure *failure, const char *what,
             const char *name)
{
    const char *text = failure == NULL ? "" : failure->text;
    return hull_problem_set(&work->problem, hull_kind_of_errno(-rc), "%s %s: %s%s%s", what, name,
                            strerror(-rc), *text == '\0' ? "" : ": ", text);
}

static int open_sysctl(const char *family, const char *name, const char *key, int flags)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
    return open(path, flags | O_CLOEXEC);
}

int nif_sysctl_read(const char *family, const char *name, const char *key, char *value, size_t size)
{
    HULL_AUTO_FD fd = open_sysctl(family, name, key, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, value, size - 1);
    if (got < 0)
        return -errno;
    value[got] = '\0';
    return 0;
}

int nif_sysctl(const char *family, const char *name, const char *key, const char *value)
{
    HULL_AUTO_FD fd = open_sysctl(family, name, key, O_WRONLY);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

void nif_mark_own(struct nl_batch *batch)
{
    nl_put_text(batch, IFLA_IFALIAS, NIF_OWN_ALIAS);
}

static const struct nlattr *link_attribute(const struct nlmsghdr *message, uint16_t type)
{
    size_t skip = NLMSG_ALIGN(sizeof(struct ifinfomsg));
    return nl_find((const char *)NLMSG_DATA(message) + skip, NLMSG_PAYLOAD(message, skip), type);
}

static void take_alias(const struct nlmsghdr *message, void *ctx)
{
    const struct nlattr *alias = link_attribute(message, IFLA_IFALIAS);
    *(bool *)ctx = alias != NULL && nl_size(alias) == sizeof(NIF_OWN_ALIAS) &&
                   memcmp(nl_data(alias), NIF_OWN_ALIAS, sizeof(NIF_OWN_ALIAS)) == 0;
}

int nif_is_own(int fd, const char *name, bool *ret_own)
{
    return nif_look(fd, name, take_alias, ret_own, NULL);
}

static void take_veth(const struct nlmsghdr *message, void *ctx)
{
    const struct nlattr *info = link_attribute(message, IFLA_LINKINFO);
    const struct nlattr *kind =
        info == NULL ? NULL : nl_find(nl_data(info), nl_size(info), IFLA_INFO_KIND);
    *(bool *)ctx = kind != NULL && nl_size(kind) == sizeof("veth") &&
                   memcmp(nl_data(kind), "veth", sizeof("veth")) == 0;
}

int nif_mark_guest(int fd, const char *name)
{
    struct nl_batch batch = {0};
    bool veth = false;
    int rc = nif_look(fd, name, take_veth, &veth, NULL);
    if (rc < 0 || !veth)
        return rc == -ENODEV ? 0 : rc;
    nif_begin(&batch, 0, 0, false, name);
    nl_put_u32(&batch, IFLA_GROUP, NIF_GUESTS);
    rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    return rc == -ENODEV ? 0 : rc;
}

int nif_delete(int fd, const char *name)
{
    struct nl_batch batch = {0};
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
    nl_begin(&batch, RTM_DELLINK, ACK, &head, sizeof(head));
    nl_put_text(&batch, IFLA_IFNAME, name);
    int rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    return rc == -ENODEV ? 0 : rc;
}

int nif_delete_in(struct hull_work *work, int netns_fd, const char *name)
{
    HULL_AUTO_FD fd = netns_fd < 0 ? nl_open(NETLINK_ROUTE) : nl_open_in(netns_fd, NL_IPV6_AS_IS);
    int rc = fd < 0 ? fd : nif_delete(fd, name);
    return rc == 0 ? 0 : nif_fail(work, rc, NULL, "failed to delete interface", name);
}

int nif_open_inside(int netns_fd, const struct nif_inside *inside)
{
    enum nl_ipv6 on = inside->hears_routers ? NL_IPV6_ON : NL_IPV6_DEAF;
    return nl_open_in(netns_fd, inside->nets[1].addr.family == 0 ? NL_IPV6_OFF : on);
}

struct found {
    int index;
    uint8_t mac[6];
};

static void take_link(const struct nlmsghdr *message, void *ctx)
{
    struct found *found = ctx;
    const struct ifinfomsg *head = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWLINK)
        return;
    const struct nlattr *mac = link_attribute(message, IFLA_ADDRESS);
    found->index = head->ifi_index;
    if (mac != NULL && nl_size(mac) == sizeof(found->mac))
        memcpy(found->mac, nl_data(mac), sizeof(found->mac));
}

static void put_routes(struct nl_batch *batch, unsigned index, const struct nif_inside *inside)
{
    for (size_t i = 0; i < inside->route_count; i++) {
        const struct nif_to *to = &inside->routes[i];
        nif_route(batch, index, to->net.addr.family, &to->net,
                  to->via.family != 0 ? &to->via : NULL);
    }
    for (size_t i = 0; i < HULL_COUNT(inside->gateway); i++) {
        if (inside->gateway[i].family != 0)
            nif_route(batch, index, inside->gateway[i].family, NULL, &inside->gateway[i]);
    }
    for (size_t i = 0; i < HULL_COUNT(inside->pinned); i++) {
        if (inside->pinned[i].family != 0)
            nif_neighbour(batch, index, &inside->pinned[i], inside->pinned_mac);
    }
}

int nif_configure(int fd, const struct nif_inside *inside, uint8_t ret_mac[6],
                  struct nl_failure *failure)
{
    struct found found = {0};
    struct nl_batch batch = {0};
    int rc = nif_look(fd, inside->name, take_link, &found, failure);
    if (rc < 0)
        return rc;
    nif_begin(&batch, 0, 1, true, NULL); /* loopback */
    for (size_t i = 0; i < HULL_COUNT(inside->nets); i++) {
        if (inside->nets[i].addr.family != 0)
            nif_address(&batch, (unsigned)found.index, &inside->nets[i]);
    }
    nif_begin(&batch, 0, found.index, true, NULL);
    put_routes(&batch, (unsigned)found.index, inside);
    nif_settle(&batch, found.index, NULL);
    rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    if (rc == 0 && ret_mac != NULL)
        memcpy(ret_mac, found.mac, sizeof(found.mac));
    return rc;
}

int nif_default_routes(int fd, const char *name, const struct ip_addr gateway[2],
                       struct nl_failure *failure)
{
    struct found found = {0};
    struct nl_batch batch = {0};
    int rc = nif_look(fd, name, take_link, &found, failure);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < 2; i++) {
        if (gateway[i].family != 0)
            put_route(&batch, NLM_F_REPLACE, (unsigned)found.index, gateway[i].family, NULL,
                      &gateway[i]);
    }
    rc = batch.length > 0 ? nl_transact(fd, &batch, NULL, NULL, failure) : 0;
    nl_done(&batch);
    return rc;
}
