/*
 * parent.h: the interface of the host below a macvlan network, and interfaces on it. All of it
 * runs on a worker.
 */
#ifndef HULL_MACVLAN_PARENT_H
#define HULL_MACVLAN_PARENT_H

#include "netif.h"

#include <hull/fiber.h>

/* NAME is an interface, or IFACE.VLAN for one that is made when it is missing. Without a network
 * of the host below it, OTHER_END is the name of the other end of a pair that stands for it. */
struct mvl_parent {
    const char *name;
    const char *other_end; /* NULL: a real interface */
};
/* Find the parent, or make it. */
int mvl_parent_make(struct hull_work *work, const struct mvl_parent *parent) HULL_CHECKED;
/* Delete it, if it was made here; one that is gone is fine. */
int mvl_parent_delete(struct hull_work *work, const struct mvl_parent *parent) HULL_CHECKED;
/* Whether the kernel has interfaces of KIND; *RET_HAS is left as it was when it fails. */
int mvl_kernel_has(struct hull_work *work, const char *kind, bool *ret_has) HULL_CHECKED;

struct mvl_link {
    const char *parent;
    uint32_t mode; /* MACVLAN_MODE_… */
    int netns_fd;
    int mtu;      /* 0: the parent's */
    bool has_mac; /* else the kernel chooses */
    uint8_t mac[6];
    struct nif_inside inside;
    bool taken; /* after a failure: another interface has the MAC, or the parent itself */
};
/* Make an interface in the network namespace, up and with addresses. LINK's mac is what it has
 * after. Nothing is left behind when it fails. */
int mvl_link_make(struct hull_work *work, struct mvl_link *link) HULL_CHECKED;

#endif
