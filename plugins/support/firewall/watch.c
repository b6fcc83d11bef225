/* Hears what other programs do to the rules of this host, and calls when it concerns the table. */
#include "fw.h"

#include "netlink.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* True when MESSAGE says that something of TABLE was removed. */
static bool is_removal(const struct nlmsghdr *message, const char *table)
{
    if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
        return false;
    uint8_t type = message->nlmsg_type & 0xff;
    if (type != NFT_MSG_DELTABLE && type != NFT_MSG_DELCHAIN && type != NFT_MSG_DELRULE &&
        type != NFT_MSG_DELSET)
        return false;
    size_t skip = NLMSG_ALIGN(sizeof(struct nfgenmsg));
    /* The name of the table is the first attribute of all four. */
    const struct nlattr *name =
        nl_find((const char *)NLMSG_DATA(message) + skip, NLMSG_PAYLOAD(message, skip), 1);
    return name != NULL && nl_size(name) == strlen(table) + 1 &&
           memcmp(nl_data(name), table, nl_size(name)) == 0;
}

/* Read all that is there. True when the table may have lost something. */
static bool drain(int fd, const char *table)
{
    char buffer[16384] __attribute__((aligned(8)));
    bool lost = false;
    for (;;) {
        ssize_t size = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        if (size < 0 && errno == ENOBUFS)
            lost = true; /* more happened than we were told: look */
        else if (size <= 0 && errno != EINTR)
            return lost;
        int left = (int)size;
        for (const struct nlmsghdr *at = (const void *)buffer; size > 0 && NLMSG_OK(at, left);
             at = NLMSG_NEXT(at, left))
            lost = is_removal(at, table) || lost;
    }
}

int fw_watch_run(struct hull_call *call, void *arg)
{
    const struct fw_watch *watch = arg;
    int group = NFNLGRP_NFTABLES;
    HULL_AUTO_FD fd = nl_open(NETLINK_NETFILTER);
    if (fd < 0)
        return hull_fail_errno(call, -fd, "netlink");
    /* What has no number of its own hears nothing. */
    struct sockaddr_nl name = {.nl_family = AF_NETLINK};
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return hull_fail_errno(call, errno, "can't watch the rules of this host");
    int rc = 0;
    while (rc >= 0) {
        rc = hull_wait_fd(call, fd, POLLIN);
        if (rc < 0 || !drain(fd, watch->table))
            continue;
        rc = watch->fn(call);
        if (rc < 0 && hull_check(call) == 0) {
            hull_log(call, HULL_LOG_ERROR, "rules not put back", "error", hull_error(call), NULL);
            hull_error_clear(call);
            rc = 0;
        }
    }
    if (rc == -HULL_CANCELED)
        hull_error_clear(call);
    return rc == -HULL_CANCELED ? 0 : rc;
}
