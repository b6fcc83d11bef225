/*
 * macvlan.c: the driver "macvlan": a container is a peer of the host's neighbours, with a MAC
 * address of its own on an interface of the host, the parent.
 *
 * The interface is born in the container's network namespace with its name and goes with it, so
 * that there is nothing to take back. A parent that does not exist is made when its name says how
 * (eth0.50: VLAN 50 of eth0), marked, and deleted with its network. A network without a parent
 * ends in a pair of interfaces that leads nowhere: its containers reach each other and nobody
 * else. As everywhere with macvlan, the host itself can't reach the containers.
 */
#include "parent.h"

#include "netjoin.h"
#include "network.h"

#include <hull/hull.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define OPTION_PARENT "parent"
#define OPTION_MODE "macvlan_mode"
/* Pauses of 15 ms, doubled, that add up to almost two seconds. */
#define RETRY_FIRST_MS 15
#define RETRY_MS 1000

static const struct {
    const char *name;
    uint32_t mode;
} modes[] = {{"bridge", MACVLAN_MODE_BRIDGE},
             {"private", MACVLAN_MODE_PRIVATE},
             {"vepa", MACVLAN_MODE_VEPA},
             {"passthru", MACVLAN_MODE_PASSTHRU}};

/* --- what a network says ---------------------------------------------------------------------- */

static int check_options(struct hull_call *call, const struct hull_map *options)
{
    static const char *const known[] = {OPTION_PARENT, OPTION_MODE, NETJOIN_OPTION_MTU};
    for (size_t i = 0; i < options->n; i++) {
        bool found = false;
        for (size_t k = 0; k < HULL_COUNT(known); k++)
            found = found || strcmp(options->v[i].key, known[k]) == 0;
        if (!found)
            return hull_fail(call, HULL_INVALID, "network driver macvlan: option %s is not known",
                             options->v[i].key);
    }
    return 0;
}

static int read_mode(struct hull_call *call, const struct network *network, uint32_t *ret_mode)
{
    const char *text = hull_map_find(&network->options, OPTION_MODE);
    *ret_mode = MACVLAN_MODE_BRIDGE;
    if (hull_streq(text, NULL))
        return 0;
    for (size_t i = 0; i < HULL_COUNT(modes); i++) {
        if (strcmp(modes[i].name, text) == 0) {
            *ret_mode = modes[i].mode;
            return 0;
        }
    }
    return hull_fail(call, HULL_INVALID,
                     "requested macvlan mode '%s' is not valid: use bridge, private, vepa or "
                     "passthru",
                     text);
}

/* The parent's name, or those of the pair that stands for it. */
static struct mvl_parent parent_of(struct hull_call *call, const struct network *network)
{
    const char *name = hull_map_find(&network->options, OPTION_PARENT);
    if (!hull_streq(name, NULL))
        return (struct mvl_parent){.name = name};
    return (struct mvl_parent){.name = hull_printf(call, "hm-%.10s", network->id),
                               .other_end = hull_printf(call, "hp-%.10s", network->id)};
}

/* --- who else uses the parent ----------------------------------------------------------------- */

/* The macvlan networks but NETWORK that have its parent: one of them, or NULL. */
static int find_other(struct hull_call *call, const struct network *network, const char *parent,
                      const struct network **ret)
{
    struct network_list_request all = {.filters = {.n = 0}};
    struct network_list_reply *list = hull_alloc(call, sizeof(*list));
    *ret = NULL;
    int rc = network_list(call, NULL, &all, list);
    for (size_t i = 0; rc == 0 && i < list->networks.n; i++) {
        const struct network *other = &list->networks.v[i];
        if (hull_streq(other->driver, "macvlan") && !hull_streq(other->id, network->id) &&
            hull_streq(hull_map_find(&other->options, OPTION_PARENT), parent))
            *ret = other;
    }
    return rc;
}

/* In the mode passthru the parent is the container's alone. */
static int check_sharing(struct hull_call *call, const struct network *network, const char *parent,
                         uint32_t mode)
{
    const struct network *other;
    uint32_t others_mode;
    int rc = find_other(call, network, parent, &other);
    if (rc < 0 || other == NULL)
        return rc;
    rc = read_mode(call, other, &others_mode);
    if (rc < 0)
        return rc;
    if (mode != MACVLAN_MODE_PASSTHRU && others_mode != MACVLAN_MODE_PASSTHRU)
        return 0;
    return hull_fail(call, HULL_CONFLICT,
                     "parent interface %s is in use by the network %s: with the mode passthru it "
                     "can't be shared",
                     parent, other->name);
}

/* --- networks --------------------------------------------------------------------------------- */

struct probe {
    const char *kind;
    bool has;
};

static int probe_kernel(struct hull_work *work, void *arg)
{
    struct probe *probe = arg;
    return mvl_kernel_has(work, probe->kind, &probe->has);
}

static int about(struct hull_call *call, const struct netdriver_about_request *request,
                 struct netdriver_about_reply *ret_reply)
{
    bool ipvlan = hull_streq(request->driver, "ipvlan");
    struct probe probe = {.kind = ipvlan ? "ipvlan" : "macvlan"};
    *ret_reply = (struct netdriver_about_reply){.scope = "local", .open_ports = true};
    if (!request->check)
        return 0;
    int rc = hull_work(call, probe_kernel, &probe);
    if (rc < 0)
        return rc;
    if (!probe.has)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "network driver %s: this kernel has no %s (CONFIG_%s)", probe.kind,
                         probe.kind, ipvlan ? "IPVLAN" : "MACVLAN");
    if (ipvlan)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "network driver ipvlan is not supported: use macvlan");
    return 0;
}

static int make_parent(struct hull_work *work, void *arg)
{
    return mvl_parent_make(work, arg);
}

static int delete_parent(struct hull_work *work, void *arg)
{
    return mvl_parent_delete(work, arg);
}

static int create(struct hull_call *call, const struct netdriver_network *request,
                  struct hull_empty *ret_reply)
{
    (void)ret_reply;
    const struct network *network = &request->network;
    struct mvl_parent parent = parent_of(call, network);
    uint32_t mode;
    int mtu;
    int rc = check_options(call, &network->options);
    if (rc == 0)
        rc = read_mode(call, network, &mode);
    if (rc == 0)
        rc = netjoin_mtu(call, network, &mtu);
    if (rc < 0)
        return rc;
    if (!netjoin_name_valid(parent.name))
        return hull_fail(call, HULL_INVALID, "parent: \"%s\" can't be the name of an interface",
                         parent.name);
    if (strcmp(parent.name, "lo") == 0)
        return hull_fail(call, HULL_INVALID,
                         "loopback interface is not a valid macvlan parent link");
    rc = parent.other_end != NULL ? 0 : check_sharing(call, network, parent.name, mode);
    return rc < 0 ? rc : hull_work(call, make_parent, &parent);
}

static int remove_network(struct hull_call *call, const struct netdriver_network *request,
                          struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct mvl_parent parent = parent_of(call, &request->network);
    const struct network *other = NULL;
    int rc =
        parent.other_end != NULL ? 0 : find_other(call, &request->network, parent.name, &other);
    return rc < 0 || other != NULL ? rc : hull_work(call, delete_parent, &parent);
}

/* --- containers ------------------------------------------------------------------------------- */

/* The MAC asked for, or one that follows from the address. In the mode passthru it is the
 * parent's. */
static int choose_mac(struct hull_call *call, const struct endpoint_settings *endpoint,
                      struct mvl_link *link)
{
    const struct ip_addr *addr = &link->inside.nets[0].addr;
    bool asked = !hull_streq(endpoint->mac_address, NULL);
    if (asked && link->mode == MACVLAN_MODE_PASSTHRU)
        return hull_fail(call, HULL_INVALID,
                         "MAC address %s: in the macvlan mode passthru it is that of the parent",
                         endpoint->mac_address);
    if (asked && !mac_parse(endpoint->mac_address, link->mac))
        return hull_fail(call, HULL_INVALID, "invalid MAC address: %s", endpoint->mac_address);
    link->has_mac = asked;
    if (asked || addr->family != AF_INET || link->mode == MACVLAN_MODE_PASSTHRU)
        return 0;
    netjoin_mac(addr, link->mac);
    link->has_mac = true;
    return 0;
}

static int make_link(struct hull_work *work, void *arg)
{
    return mvl_link_make(work, arg);
}

/*
 * The interface of the container that had the address, or the parent, before may not be gone yet:
 * the kernel takes a dead namespace apart in its own time and tells nobody when it has. A MAC that
 * was not asked for is then another one; else it is tried again, for two seconds.
 */
static int make_link_in_time(struct hull_call *call, struct mvl_link *link, bool mac_asked)
{
    int rc = hull_work(call, make_link, link);
    if (rc < 0 && link->taken && link->has_mac && !mac_asked) {
        if (getrandom(link->mac + 2, 4, 0) != 4)
            return hull_fail(call, HULL_INTERNAL, "no random numbers");
        rc = hull_work(call, make_link, link);
    }
    for (int64_t pause = RETRY_FIRST_MS; rc < 0 && link->taken && pause < RETRY_MS; pause *= 2) {
        int slept = hull_sleep(call, pause);
        if (slept < 0)
            return slept;
        rc = hull_work(call, make_link, link);
    }
    return rc;
}

static int join(struct hull_call *call, const struct netdriver_join_request *request,
                struct netdriver_join_reply *ret_reply)
{
    const struct network *network = &request->network;
    struct mvl_link link = {.parent = parent_of(call, network).name,
                            .netns_fd = request->netns_fd,
                            .inside = {.name = request->ifname, .hears_routers = true}};
    if (request->endpoint.driver_opts.n > 0)
        return hull_fail(call, HULL_INVALID, "network driver macvlan: option %s is not known",
                         request->endpoint.driver_opts.v[0].key);
    int rc = read_mode(call, network, &link.mode);
    if (rc == 0)
        rc = netjoin_mtu(call, network, &link.mtu);
    /* A network whose IPAM is null has none: the container asks a DHCP server itself. */
    netjoin_addresses(request, &link.inside);
    if (rc == 0)
        rc = choose_mac(call, &request->endpoint, &link);
    if (rc == 0)
        rc = make_link_in_time(call, &link, !hull_streq(request->endpoint.mac_address, NULL));
    if (rc < 0)
        return rc;
    char text[18];
    ret_reply->mac_address = hull_strdup(call, mac_text(link.mac, text));
    return 0;
}

struct removal {
    int netns_fd;
    const char *name;
};

static int delete_link(struct hull_work *work, void *arg)
{
    const struct removal *removal = arg;
    return nif_delete_in(work, removal->netns_fd, removal->name);
}

/* The interface goes with the container's network namespace, unless that lives on. */
static int leave(struct hull_call *call, const struct netdriver_leave_request *request,
                 struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct removal removal = {request->netns_fd, request->ifname};
    if (removal.netns_fd < 0 || hull_streq(removal.name, NULL))
        return 0;
    return hull_work(call, delete_link, &removal);
}

static const char *const uses[] = {"network", NULL};
static const struct hull_handler handlers[] = {
    HULL_HANDLE(netdriver, about, about),           HULL_HANDLE(netdriver, create, create),
    HULL_HANDLE(netdriver, remove, remove_network), HULL_HANDLE(netdriver, join, join),
    HULL_HANDLE(netdriver, leave, leave),           {},
};
HULL_PLUGIN(network_macvlan, .port = "network/macvlan", .version = "1", .uses = uses,
            .handlers = handlers);
