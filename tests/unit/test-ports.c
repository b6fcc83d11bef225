/* What is published: from port bindings to host ports. */
#include "tap.h"

#include "plugins/engine/network/net.h"

static const struct net_publish plain = {.address = "10.1.2.3", .host_ip = "0.0.0.0"};

static struct network_join_request binding(struct hull_call *call, const char *key,
                                           const char *host_ip, const char *host_port)
{
    struct network_join_request request = {0};
    struct port_binding_list *list =
        HULL_MSGMAP_ADD(hull_call_arena(call), &request.port_bindings, key);
    struct port_binding *entry = HULL_LIST_ADD(hull_call_arena(call), list);
    *entry = (struct port_binding){host_ip, host_port};
    return request;
}

FIBER_TEST(bindings_are_read)
{
    static const struct {
        const char *key, *ip, *port;
        const char *protocol, *host_ip;
        int first, last, inside;
    } cases[] = {
        {"80/tcp", "", "8080", "tcp", "0.0.0.0", 8080, 0, 80},
        {"53/udp", NULL, "", "udp", "0.0.0.0", 0, 0, 53},
        {"53/UDP", NULL, "0", "udp", "0.0.0.0", 0, 0, 53},
        {"80", "127.0.0.1", "8000-8010", "tcp", "127.0.0.1", 8000, 8010, 80},
        {"9/sctp", "", "9", "sctp", "0.0.0.0", 9, 0, 9},
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct network_join_request request =
            binding(call, cases[i].key, cases[i].ip, cases[i].port);
        struct firewall_ports ports = {0};
        CHECK_OK(net_ports_expand(call, &request, &plain, &ports));
        CHECK_INT(ports.ports.n, 1);
        const struct firewall_port *port = &ports.ports.v[0];
        CHECK_STR(port->protocol, cases[i].protocol);
        CHECK_STR(port->host_ip, cases[i].host_ip);
        CHECK_STR(port->address, "10.1.2.3");
        CHECK_INT(port->host_port, cases[i].first);
        CHECK_INT(port->host_port_end, cases[i].last);
        CHECK_INT(port->port, cases[i].inside);
    }
}

FIBER_TEST(bad_bindings_are_refused_by_name)
{
    static const struct {
        const char *key, *ip, *port, *says;
        int kind;
    } cases[] = {
        {"x/tcp", "", "1", "invalid port specification: \"x/tcp\"", HULL_INVALID},
        {"0/tcp", "", "1", "invalid port specification: \"0/tcp\"", HULL_INVALID},
        {"65536/tcp", "", "1", "invalid port specification", HULL_INVALID},
        {"80/icmp", "", "1", "invalid protocol: icmp", HULL_INVALID},
        {"80/tcp", "", "70000", "invalid HostPort: \"70000\"", HULL_INVALID},
        {"80/tcp", "", "9-8", "invalid HostPort: \"9-8\"", HULL_INVALID},
        {"80/tcp", "", "8-", "invalid HostPort: \"8-\"", HULL_INVALID},
        {"80/tcp", "host", "1", "invalid HostIp: \"host\"", HULL_INVALID},
        {"80/tcp", "::", "1", "the container has no IPv6 address", HULL_NOT_SUPPORTED},
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct network_join_request request =
            binding(call, cases[i].key, cases[i].ip, cases[i].port);
        struct firewall_ports ports = {0};
        CHECK_INT(net_ports_expand(call, &request, &plain, &ports), -cases[i].kind);
        CHECK_HAS(hull_error(call), cases[i].says);
    }
}

FIBER_TEST(both_families_get_the_same_port)
{
    static const struct net_publish both = {.address = "10.1.2.3", .address6 = "fd00::3"};
    static const struct net_publish six = {"10.1.2.3", "fd00::3", "::", {false, false}, false};
    struct network_join_request request = binding(call, "80/tcp", "", "8000-8010");
    struct firewall_ports ports = {0};
    CHECK_OK(net_ports_expand(call, &request, &both, &ports));
    CHECK_INT(ports.ports.n, 2);
    CHECK_STR(ports.ports.v[0].host_ip, "0.0.0.0");
    CHECK(!ports.ports.v[0].twin && !ports.ports.v[0].open);
    CHECK_STR(ports.ports.v[1].host_ip, "::");
    CHECK_STR(ports.ports.v[1].address, "fd00::3");
    CHECK(ports.ports.v[1].twin);
    CHECK_INT(ports.ports.v[1].host_port, 8000);
    /* A default of the network, and an address that is named, are for their own family. */
    ports = (struct firewall_ports){0};
    CHECK_OK(net_ports_expand(call, &request, &six, &ports));
    CHECK_INT(ports.ports.n, 1);
    CHECK_STR(ports.ports.v[0].host_ip, "::");
    request = binding(call, "80/tcp", "0.0.0.0", "80");
    ports = (struct firewall_ports){0};
    CHECK_OK(net_ports_expand(call, &request, &both, &ports));
    CHECK_INT(ports.ports.n, 1);
    request = binding(call, "80/tcp", "::1", "80");
    CHECK_INT(net_ports_expand(call, &request, &both, &ports), -HULL_NOT_SUPPORTED);
    CHECK_HAS(hull_error(call), "can't publish port 80/tcp on ::1");
}

FIBER_TEST(routed_families_have_no_port_of_the_host)
{
    static const struct net_publish routed = {"10.1.2.3", "fd00::3", NULL, {false, true}, false};
    struct network_join_request request = binding(call, "80/tcp", "", "8080");
    struct network_settings settings = {0};
    struct firewall_ports ports = {0};
    CHECK_OK(net_ports_expand(call, &request, &routed, &ports));
    CHECK_INT(ports.ports.n, 2);
    CHECK(!ports.ports.v[0].unbound && !ports.ports.v[0].open);
    CHECK(ports.ports.v[1].unbound && ports.ports.v[1].open && !ports.ports.v[1].twin);
    CHECK_INT(ports.ports.v[1].host_port, 0);
    net_ports_show(call, &(struct hull_strv){0}, &ports, &settings);
    CHECK_STR(settings.ports.v[0].v[0].host_port, "8080");
    CHECK_STR(settings.ports.v[0].v[1].host_port, "");
}

FIBER_TEST(publish_all_and_what_inspect_shows)
{
    struct network_join_request request = binding(call, "80/tcp", "", "8080");
    const char *exposed[] = {"9000/tcp", "80/tcp", "53/udp"};
    struct firewall_ports ports = {0};
    struct network_settings settings = {0};
    request.exposed_ports = (struct hull_strv){3, exposed};
    CHECK_OK(net_ports_expand(call, &request, &plain, &ports));
    CHECK_INT(ports.ports.n, 1);
    net_ports_show(call, &request.exposed_ports, &ports, &settings);
    CHECK_INT(settings.ports.n, 3);
    CHECK_STR(settings.ports.keys[0], "53/udp");
    CHECK_STR(settings.ports.keys[1], "80/tcp");
    CHECK(settings.ports.v[0].v == NULL && settings.ports.v[1].n == 1);
    CHECK_STR(settings.ports.v[1].v[0].host_port, "8080");
    ports = (struct firewall_ports){0};
    request.publish_all = true;
    CHECK_OK(net_ports_expand(call, &request, &plain, &ports));
    CHECK_INT(ports.ports.n, 3);
    CHECK_INT(ports.ports.v[1].host_port, 0);
}

TAP_MAIN
