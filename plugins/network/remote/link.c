#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define NUMBERS 1000

/* Interfaces must be down to be renamed; a move takes them down anyway. */
static int move(int fd, const char *name, int netns_fd, struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_change = IFF_UP};
    nl_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &head, sizeof(head));
    nl_put_text(&batch, IFLA_IFNAME, name);
    nl_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

static void take_index(const struct nlmsghdr *message, void *ctx)
{
    const struct ifinfomsg *head = NLMSG_DATA(message);
    if (message->nlmsg_type == RTM_NEWLINK)
        *(int *)ctx = head->ifi_index;
}

static int set_name(int fd, int index, const struct rmt_link *link, const char *name,
                    struct nl_failure *failure)
{
    struct nl_batch batch = {0};
    nif_begin(&batch, 0, index, false, name);
    if (link->has_mac)
        nl_put(&batch, IFLA_ADDRESS, link->mac, sizeof(link->mac));
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

/* Its name inside: the one wanted, or the prefix with the first number that is free. */
static int rename_inside(int fd, struct rmt_link *link, struct nl_failure *failure)
{
    int index = 0;
    int rc = nif_look(fd, link->host_name, take_index, &index, NULL);
    if (rc < 0 || link->name[0] != '\0')
        return rc < 0 ? rc : set_name(fd, index, link, link->name, failure);
    rc = -EEXIST;
    for (int i = 0; rc == -EEXIST && i < NUMBERS; i++) {
        if (snprintf(link->name, sizeof(link->name), "%s%d", link->prefix, i) >=
            (int)sizeof(link->name))
            return -ENAMETOOLONG;
        rc = set_name(fd, index, link, link->name, failure);
    }
    return rc;
}

/* Down, out, and called as it was. */
static int put_back(int inner_fd, const struct rmt_link *link, const char *name)
{
    HULL_AUTO_FD host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct rmt_link plain = {.has_mac = false};
    struct nl_batch batch = {0};
    int index = 0;
    int rc = host < 0 ? -errno : nif_look(inner_fd, name, take_index, &index, NULL);
    if (rc < 0)
        return rc;
    struct ifinfomsg down = {.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_change = IFF_UP};
    nl_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &down, sizeof(down));
    rc = nl_transact(inner_fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    if (rc == 0 && strcmp(name, link->host_name) != 0)
        rc = set_name(inner_fd, index, &plain, link->host_name, NULL);
    return rc < 0 ? rc : move(inner_fd, link->host_name, host, NULL);
}

int rmt_link_move(struct hull_work *work, struct rmt_link *link)
{
    struct nl_failure failure = {0};
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return nif_fail(work, fd, NULL, "interface", link->host_name);
    HULL_AUTO_FD inner_fd = nif_open_inside(link->netns_fd, &link->inside);
    if (inner_fd < 0)
        return nif_fail(work, inner_fd, NULL, "network namespace of interface", link->host_name);
    int rc = move(fd, link->host_name, link->netns_fd, &failure);
    if (rc < 0)
        return nif_fail(work, rc, &failure, "failed to move interface", link->host_name);
    rc = rename_inside(inner_fd, link, &failure);
    const char *name = rc == 0 ? link->name : link->host_name;
    if (rc < 0) {
        rc = nif_fail(work, rc, &failure, "failed to rename interface", link->host_name);
    } else {
        link->inside.name = link->name;
        rc = nif_configure(inner_fd, &link->inside, link->mac, &failure);
        if (rc < 0)
            rc = nif_fail(work, rc, &failure, "failed to configure interface", link->name);
    }
    if (rc < 0)
        (void)!put_back(inner_fd, link, name);
    return rc;
}

int rmt_link_return(struct hull_work *work, void *arg)
{
    const struct rmt_link *link = arg;
    HULL_AUTO_FD inner_fd = nl_open_in(link->netns_fd, NL_IPV6_AS_IS);
    int rc = inner_fd < 0 ? inner_fd : put_back(inner_fd, link, link->name);
    return rc == 0 || rc == -ENODEV
               ? 0
               : nif_fail(work, rc, NULL, "failed to move interface back", link->name);
}
