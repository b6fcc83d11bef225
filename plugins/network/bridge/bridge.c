/*
 * bridge.c: the driver "bridge": a Linux bridge per network and a veth pair per container.
 *
 * The daemon never enters a namespace. The container's end of the pair is made in its network
 * namespace at once, with name and MAC; addresses and routes are set through a netlink socket
 * that was opened in there. The requests of one join are few messages with many requests, run by
 * one worker, in about two milliseconds of which the kernel needs most to make the pair.
 *
 * A pair is never deleted while a container ends: its namespace goes with its last process and
 * the kernel takes the pair along, which costs nobody a wait. Nothing is remembered here: what
 * a network needs is asserted again whenever the daemon starts.
 *
 * The bridge has no IPv6 unless the network has (and never believes router advertisements), no
 * learning delay, and a MAC of its own. With icc off its ports are isolated from each other by
 * the bridge itself, so that no packet filter on bridged frames is needed. Neither does one keep
 * containers from taking a neighbour's place: the bridge learns no MAC from its ports, and host and
 * container know each other's without asking. One that has CAP_NET_ADMIN may change its MAC: it is
 * learned and asked for, and the firewall alone says which addresses are its own.
 */
#include "link.h"

#include "netbridge.h"
#include "netgone.h"
#include "netjoin.h"

#include <fcntl.h>
#include <hull/hull.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int about(struct hull_call *call, const struct netdriver_about_request *request,
                 struct netdriver_about_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct netdriver_about_reply){.scope = "local"};
    return 0;
}

/* --- networks -------------------------------------------------------------------------------- */

static int make_bridge(struct hull_work *work, void *arg)
{
    return brg_bridge_make(work, arg);
}

static int create(struct hull_call *call, const struct netdriver_network *request,
                  struct hull_empty *ret_reply)
{
    (void)ret_reply;
    const struct network *network = &request->network;
    struct netbridge options;
    struct brg_bridge bridge = {0};
    int rc = netbridge_read(call, network, &options);
    if (rc == 0)
        rc = netjoin_mtu(call, network, &bridge.mtu);
    if (rc < 0)
        return rc;
    bridge.name = options.bridge;
    struct ip_net *nets = hull_alloc(call, (network->ipam.config.n + 1) * sizeof(*nets));
    for (size_t i = 0; i < network->ipam.config.n; i++) {
        const struct ipam_config *config = &network->ipam.config.v[i];
        struct ip_net *net = &nets[bridge.net_count];
        if (!ip_net_parse(config->subnet, net) || !ip_parse(config->gateway, &net->addr))
            continue;
        bridge.ipv6 = bridge.ipv6 || net->addr.family == AF_INET6;
        bridge.net_count += netbridge_has_gateway(&options, net->addr.family == AF_INET6);
    }
    bridge.nets = nets;
    return hull_work(call, make_bridge, &bridge);
}

static int remove_network(struct hull_call *call, const struct netdriver_network *request,
                          struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct netbridge options;
    int rc = netbridge_read(call, &request->network, &options);
    if (rc < 0)
        return rc;
    return netgone_delete(call, options.bridge, true, "failed to delete bridge");
}

/* --- containers ------------------------------------------------------------------------------ */

/* A name that no other pair has: the old one of this container may not be gone yet. */
static int host_name(struct hull_call *call, const struct netdriver_join_request *request,
                     const char **ret_name)
{
    uint32_t bits;
    *ret_name = request->host_interface;
    if (*ret_name != NULL)
        return 0;
    if (getentropy(&bits, sizeof(bits)) < 0)
        return hull_fail(call, HULL_INTERNAL, "no random numbers");
    *ret_name = hull_printf(call, "veth%07x", bits & 0xfffffff);
    return 0;
}

/* The MAC asked for, or one that follows from the address; without IPv4, a random one. */
static int choose_mac(struct hull_call *call, const struct endpoint_settings *endpoint,
                      const struct ip_addr *addr, uint8_t mac[6])
{
    if (endpoint->mac_address != NULL && *endpoint->mac_address != '\0') {
        if (mac_parse(endpoint->mac_address, mac))
            return 0;
        return hull_fail(call, HULL_INVALID, "invalid MAC address: %s", endpoint->mac_address);
    }
    netjoin_mac(addr, mac);
    if (addr->family != AF_INET && getentropy(mac + 2, 4) < 0)
        return hull_fail(call, HULL_INTERNAL, "no random numbers");
    return 0;
}

static int read_addresses(struct hull_call *call, const struct netdriver_join_request *request,
                          struct nif_inside *inside)
{
    netjoin_addresses(request, inside);
    if (inside->nets[0].addr.family == 0 && inside->nets[1].addr.family == 0)
        return hull_fail(call, HULL_INVALID, "network %s: no address was chosen",
                         request->network.name);
    return 0;
}

/* The bridge's own addresses in the network. */
static void read_gateways(const struct network *network, const struct netbridge *options,
                          struct ip_addr ret[2])
{
    for (size_t i = 0; i < network->ipam.config.n; i++) {
        struct ip_addr addr;
        if (ip_parse(network->ipam.config.v[i].gateway, &addr) &&
            netbridge_has_gateway(options, addr.family == AF_INET6))
            ret[addr.family == AF_INET6] = addr;
    }
}

static int make_link(struct hull_work *work, void *arg)
{
    return brg_link_make(work, arg);
}

static int join(struct hull_call *call, const struct netdriver_join_request *request,
                struct netdriver_join_reply *ret_reply)
{
    const struct network *network = &request->network;
    struct netbridge options;
    struct brg_link link = {.inside = {.name = request->ifname}, .netns_fd = request->netns_fd};
    int rc = netbridge_read(call, network, &options);
    if (rc == 0)
        rc = netjoin_mtu(call, network, &link.mtu);
    link.bridge = options.bridge;
    link.isolated = !options.icc;
    if (rc == 0)
        read_gateways(network, &options, link.gateway);
    if (rc == 0)
        rc = host_name(call, request, &link.host_name);
    link.unpinned = request->net_admin;
    if (rc == 0)
        rc = read_addresses(call, request, &link.inside);
    if (rc == 0)
        rc = choose_mac(call, &request->endpoint, &link.inside.nets[0].addr, link.mac);
    if (rc == 0)
        rc = hull_work(call, make_link, &link);
    if (rc < 0)
        return rc;
    char text[18];
    ret_reply->mac_address = hull_strdup(call, mac_text(link.mac, text));
    ret_reply->host_interface = link.host_name;
    return 0;
}

static int delete_inner(struct hull_work *work, void *arg)
{
    const struct netdriver_leave_request *request = arg;
    return nif_delete_in(work, request->netns_fd, request->ifname);
}

static int unpin(struct hull_work *work, void *arg)
{
    return brg_unpin(work, arg);
}

static int forget_neighbour(struct hull_call *call, const struct netdriver_leave_request *request)
{
    struct netbridge options;
    struct brg_unpin gone = {0};
    int rc = netbridge_read(call, &request->network, &options);
    if (rc < 0)
        return rc;
    gone.bridge = options.bridge;
    (void)ip_parse(request->endpoint.ip_address, &gone.addrs[0]);
    (void)ip_parse(request->endpoint.global_ipv6_address, &gone.addrs[1]);
    return gone.addrs[0].family == 0 && gone.addrs[1].family == 0 ? 0
                                                                  : hull_work(call, unpin, &gone);
}

/* The pair goes with the container's network namespace, unless that lives on. A join that was cut
 * off left no name of the outer end. */
static int leave(struct hull_call *call, const struct netdriver_leave_request *request,
                 struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = forget_neighbour(call, request);
    if (rc < 0)
        return rc;
    if (request->host_interface != NULL && *request->host_interface != '\0')
        return netgone_delete(call, request->host_interface, false, "failed to delete interface");
    if (request->ifname == NULL || *request->ifname == '\0' || request->netns_fd < 0)
        return 0;
    struct netdriver_leave_request inner = *request;
    return hull_work(call, delete_inner, &inner);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(netdriver, about, about),           HULL_HANDLE(netdriver, create, create),
    HULL_HANDLE(netdriver, remove, remove_network), HULL_HANDLE(netdriver, join, join),
    HULL_HANDLE(netdriver, leave, leave),           {},
};
HULL_PLUGIN(network_bridge, .port = "network/bridge", .version = "1", .handlers = handlers);
