/*
 * link.h: bridges and veth pairs by netlink. All of it runs on a worker.
 */
#ifndef HULL_BRIDGE_LINK_H
#define HULL_BRIDGE_LINK_H

#include "netif.h"

#include <hull/fiber.h>

struct brg_bridge {
    const char *name;
    int mtu;                   /* 0: the kernel's */
    const struct ip_net *nets; /* its addresses */
    size_t net_count;
    bool ipv6; /* the network has it, whether the bridge has an address or not */
};

/* Make the bridge with its addresses, or complete the one that is there. */
int brg_bridge_make(struct hull_work *work, const struct brg_bridge *bridge) HULL_CHECKED;

struct brg_link {
    const char *bridge;
    const char *host_name; /* of the end in the bridge */
    uint8_t mac[6];
    int mtu;
    bool isolated; /* reaches no other isolated port of the bridge */
    bool unpinned; /* its MAC may change */
    int netns_fd;
    struct ip_addr gateway[2]; /* of the bridge itself; family 0: none */
    struct nif_inside inside;  /* the end in the container */
};

/* Make the pair, one end in the bridge and one in the network namespace, up and with addresses.
 * Nothing is left behind when it fails. */
int brg_link_make(struct hull_work *work, const struct brg_link *link) HULL_CHECKED;

/* What the host knows of those who had ADDRS (family 0: none) in the bridge. */
struct brg_unpin {
    const char *bridge;
    struct ip_addr addrs[2];
};
/* Forget it. That there is nothing is fine. */
int brg_unpin(struct hull_work *work, const struct brg_unpin *unpin) HULL_CHECKED;

#endif
