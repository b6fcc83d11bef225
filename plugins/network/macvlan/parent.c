#include "parent.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define ACK NLM_F_ACK
#define CREATE (NLM_F_CREATE | NLM_F_EXCL)

/* --- parents ---------------------------------------------------------------------------------- */

/* "eth0.50" to "eth0" and 50. */
static bool split_vlan(const char *name, char below[IFNAMSIZ], uint16_t *ret_id)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name || (size_t)(dot - name) >= IFNAMSIZ || dot[1] == '\0' ||
        dot[1 + strspn(dot + 1, "0123456789")] != '\0')
        return false;
    long id = strtol(dot + 1, NULL, 10);
    if (id < 1 || id > 4094)
        return false;
    memcpy(below, name, (size_t)(dot - name));
    below[dot - name] = '\0';
    *ret_id = (uint16_t)id;
    return true;
}

/* Made and marked in one call of the kernel, so that none is left without its mark. */
static int make_vlan(struct hull_work *work, int fd, const char *name)
{
    struct nl_failure failure = {0};
    char below[IFNAMSIZ];
    uint16_t id;
    if (!split_vlan(name, below, &id))
        return hull_problem_set(&work->problem, HULL_NOT_FOUND,
                                "parent: there is no interface %s (IFACE.VLAN, like eth0.10, would "
                                "be made)",
                                name);
    unsigned index = if_nametoindex(below);
    if (index == 0)
        return hull_problem_set(&work->problem, HULL_NOT_FOUND,
                                "parent: there is no interface %s to make %s on", below, name);
    struct nl_batch batch = {0};
    nif_begin(&batch, CREATE, 0, false, name);
    nl_put_u32(&batch, IFLA_LINK, index);
    struct nif_kind kind = nif_kind(&batch, "vlan");
    nl_put(&batch, IFLA_VLAN_ID, &id, sizeof(id));
    nif_kind_end(&batch, kind);
    nif_begin(&batch, 0, 0, true, name);
    nif_mark_own(&batch);
    int rc = nl_transact(fd, &batch, NULL, NULL, &failure);
    nl_done(&batch);
    if (rc == -EOPNOTSUPP)
        return hull_problem_set(&work->problem, HULL_NOT_SUPPORTED,
                                "parent %s: this kernel has no VLANs (CONFIG_VLAN_8021Q)", name);
    return rc == 0 ? 0 : nif_fail(work, rc, &failure, "parent: failed to make", name);
}

/* A network that ends here has a pair of interfaces for a parent, because that has a carrier. */
static int make_pair(struct hull_work *work, int fd, const struct mvl_parent *parent)
{
    struct nl_failure failure = {0};
    struct nl_batch batch = {0};
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
    nif_begin(&batch, CREATE, 0, false, parent->name);
    struct nif_kind kind = nif_kind(&batch, "veth");
    size_t peer = nl_nest(&batch, VETH_INFO_PEER);
    nl_put_raw(&batch, &head, sizeof(head));
    nl_put_text(&batch, IFLA_IFNAME, parent->other_end);
    nl_nest_end(&batch, peer);
    nif_kind_end(&batch, kind);
    nif_begin(&batch, 0, 0, false, parent->name);
    nif_mark_own(&batch);
    int rc = nl_transact(fd, &batch, NULL, NULL, &failure);
    nl_done(&batch);
    if (rc == 0)
        rc = nif_sysctl("ipv6", parent->name, "disable_ipv6", "1");
    if (rc == 0)
        rc = nif_sysctl("ipv6", parent->other_end, "disable_ipv6", "1");
    if (rc == 0) {
        nif_begin(&batch, 0, 0, true, parent->other_end);
        nif_begin(&batch, 0, 0, true, parent->name);
        rc = nl_transact(fd, &batch, NULL, NULL, &failure);
        nl_done(&batch);
    }
    if (rc < 0)
        nif_delete(fd, parent->name);
    return rc == 0 ? 0 : nif_fail(work, rc, &failure, "failed to make", parent->name);
}

int mvl_parent_make(struct hull_work *work, const struct mvl_parent *parent)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return nif_fail(work, fd, NULL, "parent", parent->name);
    if (if_nametoindex(parent->name) != 0)
        return 0;
    return parent->other_end != NULL ? make_pair(work, fd, parent)
                                     : make_vlan(work, fd, parent->name);
}

int mvl_parent_delete(struct hull_work *work, const struct mvl_parent *parent)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    bool own = false;
    int rc = fd < 0 ? fd : nif_is_own(fd, parent->name, &own);
    if (rc == -ENODEV || (rc == 0 && !own))
        return 0;
    if (rc == 0)
        rc = nif_delete(fd, parent->name);
    return rc == 0 ? 0 : nif_fail(work, rc, NULL, "failed to delete", parent->name);
}

/* An interface of the kind that lacks what it needs: a kernel that has it says so. */
int mvl_kernel_has(struct hull_work *work, const char *kind, bool *ret_has)
{
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return nif_fail(work, fd, NULL, "interfaces of the kind", kind);
    struct nl_batch batch = {0};
    nif_begin(&batch, CREATE, 0, false, "hull-probe");
    struct nif_kind nests = nif_kind(&batch, kind);
    nif_kind_end(&batch, nests);
    int rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    if (rc == 0)
        nif_delete(fd, "hull-probe");
    if (rc == -EPERM)
        return nif_fail(work, rc, NULL, "interfaces of the kind", kind);
    *ret_has = rc != -EOPNOTSUPP;
    return 0;
}

/* --- interfaces on a parent ------------------------------------------------------------------- */

static int create(int fd, const struct mvl_link *link, struct nl_failure *failure)
{
    unsigned index = if_nametoindex(link->parent);
    if (index == 0)
        return -ENODEV;
    struct nl_batch batch = {0};
    nif_begin(&batch, CREATE, 0, false, link->inside.name);
    nl_put_u32(&batch, IFLA_LINK, index);
    nl_put_u32(&batch, IFLA_NET_NS_FD, (uint32_t)link->netns_fd);
    if (link->has_mac)
        nl_put(&batch, IFLA_ADDRESS, link->mac, sizeof(link->mac));
    if (link->mtu > 0)
        nl_put_u32(&batch, IFLA_MTU, (uint32_t)link->mtu);
    struct nif_kind kind = nif_kind(&batch, "macvlan");
    nl_put_u32(&batch, IFLA_MACVLAN_MODE, link->mode);
    nif_kind_end(&batch, kind);
    int rc = nl_transact(fd, &batch, NULL, NULL, failure);
    nl_done(&batch);
    return rc;
}

static int explain(struct hull_work *work, int rc, const struct nl_failure *failure,
                   struct mvl_link *link)
{
    if (rc == -ENODEV)
        return hull_problem_set(&work->problem, HULL_NOT_FOUND,
                                "parent: there is no interface %s any more", link->parent);
    if (rc == -ENETDOWN)
        return hull_problem_set(&work->problem, HULL_CONFLICT,
                                "parent %s is down: bring it up (ip link set %s up)", link->parent,
                                link->parent);
    if (rc == -EADDRINUSE) {
        char text[18];
        link->taken = true;
        return hull_problem_set(&work->problem, HULL_CONFLICT,
                                "MAC address %s is in use on the parent %s",
                                mac_text(link->mac, text), link->parent);
    }
    link->taken = rc == -EBUSY || (rc == -EINVAL && link->mode == MACVLAN_MODE_PASSTHRU);
    if (link->taken)
        return hull_problem_set(&work->problem, HULL_CONFLICT,
                                "parent %s is in use: by a bridge, or in the mode passthru by "
                                "another container",
                                link->parent);
    return nif_fail(work, rc, failure, "failed to create an interface on", link->parent);
}

int mvl_link_make(struct hull_work *work, struct mvl_link *link)
{
    struct nl_failure failure = {0};
    link->taken = false;
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return nif_fail(work, fd, NULL, "interface", link->inside.name);
    /* First, for it turns IPv6 off for what is made there. */
    HULL_AUTO_FD inner_fd = nif_open_inside(link->netns_fd, &link->inside);
    if (inner_fd < 0)
        return nif_fail(work, inner_fd, NULL, "network namespace of interface", link->inside.name);
    int rc = create(fd, link, &failure);
    if (rc < 0)
        return explain(work, rc, &failure, link);
    rc = nif_configure(inner_fd, &link->inside, link->mac, &failure);
    if (rc < 0)
        nif_delete(inner_fd, link->inside.name);
    return rc == 0 ? 0 : explain(work, rc, &failure, link);
}
