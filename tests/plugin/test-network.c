/* The network engine with the driver bridge, ipam, firewall and the state store, end to end. */
#include "net.h"

#include "api/config.h"
#include "firewall.h"
#include "netdriver.h"
#include "network.h"

#include <ftw.h>

static char root[] = "/tmp/hull-test-net-XXXXXX";
static struct daemon_config config;

static void begin_engine(void)
{
    HULL_ASSERT(mkdtemp(root) != NULL);
    config.data_root = root;
    config.bridge = "testbr0";
    hull_config_set(&daemon_config_message, &config);
    hull_plugin_alias("state", "state/sqlite");
}

static int delete_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void end_engine(struct place *lan)
{
    place_end(lan);
    nftw(root, delete_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *id_of(struct hull_call *call, char digit)
{
    char *id = hull_printf(call, "%064d", 0);
    memset(id, digit, 64);
    return id;
}

/* A join of container ID with one published port. */
static struct network_join_request request_of(struct hull_call *call, const char *id,
                                              const struct place *place, const char *host_ip,
                                              const char *host_port, const char *port)
{
    struct network_join_request request = {
        .container_id = id, .name = "web", .network_mode = "default"};
    request.netns_fd = fcntl(place->netns_fd, F_DUPFD_CLOEXEC, 0); /* the engine closes it */
    if (port != NULL) {
        struct port_binding_list *list =
            HULL_MSGMAP_ADD(hull_call_arena(call), &request.port_bindings, port);
        struct port_binding *binding = HULL_LIST_ADD(hull_call_arena(call), list);
        binding->host_ip = host_ip;
        binding->host_port = host_port;
    }
    return request;
}

static int leave(struct hull_call *call, const char *id)
{
    struct network_leave_request request = {.container_id = id};
    struct hull_empty done;
    return network_leave(call, NULL, &request, &done);
}

FIBER_TEST(a_container_on_the_default_bridge)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(80);
    const char *id = id_of(call, 'a');
    struct network_join_request request = request_of(call, id, &box, NULL, "18080", "80/tcp");
    struct network_settings settings;
    char text[64];
    CHECK_OK(network_join(call, NULL, &request, &settings));
    const char *address = settings.ip_address;
    CHECK_STR(settings.bridge, "testbr0");
    CHECK_INT(settings.networks.n, 1);
    CHECK_STR(settings.networks.keys[0], "bridge");
    CHECK_INT(settings.ports.n, 1);
    CHECK_STR(settings.ports.keys[0], "80/tcp");
    CHECK_INT(settings.ports.v[0].n, 1);
    CHECK_STR(settings.ports.v[0].v[0].host_ip, "0.0.0.0");
    CHECK_STR(settings.ports.v[0].v[0].host_port, "18080");
    /* No IPv6 where the network has none, neither inside nor outside. */
    CHECK(
        holds(call, hull_printf(call, "! nsenter -t %d -n ip -6 addr show dev eth0 | grep -q inet6",
                                (int)box.pid)));
    CHECK(holds(call, "! ip -6 addr show dev testbr0 | grep -q inet6"));

    /* From the host, by every address it has, and from the neighbour with its own address. */
    CHECK_STR(ask(call, NULL, SOCK_STREAM, address, 80, text), settings.gateway);
    CHECK_STR(ask(call, NULL, SOCK_STREAM, "127.0.0.1", 18080, text), settings.gateway);
    CHECK(reaches(call, NULL, SOCK_STREAM, "203.0.113.1", 18080));
    CHECK_STR(ask(call, &lan, SOCK_STREAM, "203.0.113.1", 18080, text), "203.0.113.2");
    /* From itself, through the host. */
    CHECK(reaches(call, &box, SOCK_STREAM, "203.0.113.1", 18080));
    /* From outside neither straight nor to a port that is not published. */
    run(call, hull_printf(call, "nsenter -t %d -n ip route add %s/32 via 203.0.113.1", (int)lan.pid,
                          address));
    CHECK(!reaches(call, &lan, SOCK_STREAM, address, 80));
    CHECK(!reaches(call, &lan, SOCK_STREAM, "203.0.113.1", 80));
    /* Outwards, masqueraded. */
    CHECK_STR(ask(call, &box, SOCK_STREAM, "203.0.113.2", 8080, text), "203.0.113.1");
    /* A program of the host can't take the port. */
    CHECK(!holds(call, "timeout 1 socat TCP-LISTEN:18080,reuseaddr - 2>/dev/null"));

    CHECK_OK(leave(call, id));
    CHECK(!reaches(call, NULL, SOCK_STREAM, "127.0.0.1", 18080));
    CHECK_OK(leave(call, id));
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(a_port_on_loopback_is_for_the_host_alone)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(80);
    const char *id = id_of(call, 'b');
    struct network_join_request request =
        request_of(call, id, &box, "127.0.0.1", "18081", "80/tcp");
    struct network_settings settings;
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK(reaches(call, NULL, SOCK_STREAM, "127.0.0.1", 18081));
    CHECK(!reaches(call, &lan, SOCK_STREAM, "203.0.113.1", 18081));
    /* A neighbour that sends to 127.0.0.1 over the wire. */
    run(call, hull_printf(call,
                          "nsenter -t %d -n sh -c 'ip addr del 127.0.0.1/8 dev lo; "
                          "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet; "
                          "ip route add 127.0.0.1/32 via 203.0.113.1 src 203.0.113.2'",
                          (int)lan.pid));
    CHECK(!reaches(call, &lan, SOCK_STREAM, "127.0.0.1", 18081));
    CHECK_OK(leave(call, id));
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(datagrams_and_chosen_ports)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(53);
    const char *id = id_of(call, 'c');
    struct network_join_request request = request_of(call, id, &box, "", "", "53/udp");
    struct network_settings settings;
    char text[64];
    CHECK_OK(network_join(call, NULL, &request, &settings));
    int port = (int)strtol(settings.ports.v[0].v[0].host_port, NULL, 10);
    CHECK(port > 1024);
    CHECK_STR(ask(call, &lan, SOCK_DGRAM, "203.0.113.1", port, text), "203.0.113.2");
    CHECK(reaches(call, NULL, SOCK_DGRAM, "127.0.0.1", port));
    CHECK_OK(leave(call, id));
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(datagrams_follow_a_port_to_its_next_container)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place one = place_new(53);
    struct place two = place_new(53);
    const char *a = id_of(call, 'a');
    const char *b = id_of(call, 'b');
    struct network_settings settings;
    char text[64] = "";
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(18053)};
    struct timeval limit = {1, 0};
    inet_pton(AF_INET, "203.0.113.1", &name.sin_addr);
    /* One peer that goes on sending from one port; the answer is a peer's address as it is seen,
     * which is the same, so the second container is told by its being there at all. */
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    CHECK(connect(fd, (void *)&name, sizeof(name)) == 0);
    struct network_join_request request = request_of(call, a, &one, "", "18053", "53/udp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK(send(fd, "?", 1, 0) == 1 && recv(fd, text, sizeof(text), 0) > 0);
    CHECK_OK(leave(call, a));
    place_end(&one);
    request = request_of(call, b, &two, "", "18053", "53/udp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK(send(fd, "?", 1, 0) == 1 && recv(fd, text, sizeof(text), 0) > 0);
    close(fd);
    CHECK_OK(leave(call, b));
    place_end(&two);
    end_engine(&lan);
}

FIBER_TEST(a_taken_port_fails_and_leaves_nothing)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place one = place_new(80);
    struct place two = place_new(80);
    const char *a = id_of(call, 'a');
    const char *b = id_of(call, 'b');
    struct network_settings settings;
    struct network_join_request request = request_of(call, a, &one, "", "18090", "80/tcp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    const char *first = settings.ip_address;
    request = request_of(call, b, &two, "", "18090", "80/tcp");
    CHECK_KIND(network_join(call, NULL, &request, &settings), HULL_INTERNAL);
    CHECK_HAS(hull_error(call),
              "driver failed programming external connectivity on endpoint web (");
    CHECK_HAS(hull_error(call), "): Bind for 0.0.0.0:18090 failed: port is already allocated");
    struct network_ref ref = {.id = "bridge"};
    struct network network;
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    CHECK_INT(network.containers.n, 1);
    /* A range takes the next one. */
    request = request_of(call, b, &two, "", "18090-18095", "80/tcp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_STR(settings.ports.v[0].v[0].host_port, "18091");
    CHECK(strcmp(settings.ip_address, first) != 0);
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    CHECK_INT(network.containers.n, 2);
    CHECK_OK(leave(call, a));
    CHECK_OK(leave(call, b));
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    CHECK_INT(network.containers.n, 0);
    place_end(&one);
    place_end(&two);
    end_engine(&lan);
}

/* A socket of the host at PORT, or -1 when that is taken. */
static int host_socket(uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (void *)&name, sizeof(name)) == 0)
        return fd;
    close(fd);
    return -1;
}

FIBER_TEST(a_restart_with_a_taken_port_holds_the_others_once)
{
    struct place lan = host_new(call);
    begin_engine();
    int taken = host_socket(18093);
    CHECK(taken >= 0);
    struct firewall_port ports[] = {
        {.protocol = "tcp",
         .host_ip = "0.0.0.0",
         .address = "10.9.0.2",
         .port = 80,
         .unbound = true},
        {.protocol = "tcp", .host_ip = "0.0.0.0", .address = "10.9.0.2", .port = 80},
        {.protocol = "tcp", .host_ip = "0.0.0.0", .address = "10.9.0.2", .port = 81},
        {.protocol = "tcp", .host_ip = "0.0.0.0", .address = "10.9.0.2", .port = 82},
    };
    ports[1].host_port = 18092;
    ports[2].host_port = 18093;
    ports[3].host_port = 18094;
    struct firewall_ports container = {.container_id = id_of(call, 'e'),
                                       .ports = {HULL_COUNT(ports), ports}};
    const struct firewall_state state = {.containers = {1, &container}};
    struct hull_empty done;
    CHECK_OK(firewall_restore(call, "support/firewall", &state, &done));
    CHECK(host_socket(18092) < 0);
    CHECK(host_socket(18094) < 0);
    CHECK_OK(firewall_unpublish(call, "support/firewall", &container, &done));
    int first = host_socket(18092);
    int last = host_socket(18094);
    CHECK(first >= 0 && last >= 0);
    close(first);
    close(last);
    close(taken);
    end_engine(&lan);
}

FIBER_TEST(rules_that_another_program_flushed_come_back)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(80);
    const char *id = id_of(call, 'd');
    struct network_join_request request = request_of(call, id, &box, "", "18084", "80/tcp");
    struct network_settings settings;
    char text[64];
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK(reaches(call, &lan, SOCK_STREAM, "203.0.113.1", 18084));
    run(call, "nft flush ruleset");
    for (int i = 0; i < 100 && !reaches(call, NULL, SOCK_STREAM, "127.0.0.1", 18084); i++)
        CHECK_OK(hull_sleep(call, 20));
    CHECK_STR(ask(call, &lan, SOCK_STREAM, "203.0.113.1", 18084, text), "203.0.113.2");
    CHECK_OK(leave(call, id));
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(restore_keeps_the_living_and_releases_the_dead)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place one = place_new(80);
    struct place two = place_new(80);
    const char *a = id_of(call, 'a');
    const char *b = id_of(call, 'b');
    struct network_settings settings;
    struct network_join_request request = request_of(call, a, &one, "", "18085", "80/tcp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    request = request_of(call, b, &two, "", "18086", "80/tcp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    run(call, "nft delete table inet $(nft list tables | sed -n 's/table inet //p')");
    struct network_restore_request restore = {0};
    struct hull_empty done;
    hull_strv_add(hull_call_arena(call), &restore.live, a);
    CHECK_OK(network_restore(call, NULL, &restore, &done));
    CHECK(reaches(call, &lan, SOCK_STREAM, "203.0.113.1", 18085));
    CHECK(!reaches(call, &lan, SOCK_STREAM, "203.0.113.1", 18086));
    CHECK_OK(leave(call, a));
    /* Nothing lives: the table goes. */
    CHECK_OK(network_restore(call, NULL, &(struct network_restore_request){0}, &done));
    CHECK(!holds(call, "nft list tables | grep -q hull"));
    place_end(&one);
    place_end(&two);
    end_engine(&lan);
}

FIBER_TEST(networks_are_listed_made_and_removed)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(80);
    const char *id = id_of(call, 'e');
    struct network_list_reply list;
    CHECK_OK(network_list(call, NULL, &(struct network_list_request){0}, &list));
    CHECK_INT(list.networks.n, 3);
    struct network_create_request create = {.name = "mine"};
    struct network_create_reply made;
    CHECK_OK(network_create(call, NULL, &create, &made));
    CHECK_KIND(network_create(call, NULL, &create, &made), HULL_CONFLICT);
    CHECK_STR(hull_error(call), "network with name mine already exists");
    create.name = "bridge";
    CHECK_KIND(network_create(call, NULL, &create, &made), HULL_FORBIDDEN);

    struct network_join_request request = request_of(call, id, &box, NULL, NULL, NULL);
    struct network_settings settings;
    struct hull_empty done;
    request.network_mode = "mine";
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_STR(settings.networks.keys[0], "mine");
    CHECK(settings.networks.v[0].dns_names.n == 2);
    CHECK(reaches(call, NULL, SOCK_STREAM, settings.networks.v[0].ip_address, 80));
    struct network_ref ref = {.id = "mine"};
    CHECK_KIND(network_remove(call, NULL, &ref, &done), HULL_FORBIDDEN);
    CHECK_HAS(hull_error(call), "network mine has active endpoints (name:\"web\" id:\"");
    CHECK_OK(leave(call, id));
    CHECK_OK(network_remove(call, NULL, &ref, &done));
    CHECK_KIND(network_remove(call, NULL, &ref, &done), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "network mine not found");
    ref.id = "bridge";
    CHECK_KIND(network_remove(call, NULL, &ref, &done), HULL_FORBIDDEN);
    CHECK_STR(hull_error(call), "bridge is a pre-defined network and cannot be removed");
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(none_and_host)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(80);
    const char *id = id_of(call, 'f');
    struct network_join_request request = request_of(call, id, &box, NULL, NULL, NULL);
    struct network_settings settings;
    char text[64];
    request.network_mode = "none";
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_STR(settings.networks.keys[0], "none");
    CHECK_STR(ask(call, &box, SOCK_STREAM, "127.0.0.1", 80, text), "127.0.0.1");
    CHECK(!holds(call, "ip link show testbr0 2>/dev/null"));
    CHECK_OK(leave(call, id));
    request.network_mode = "host";
    request.netns_fd = -1;
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_STR(settings.networks.keys[0], "host");
    CHECK_OK(leave(call, id));
    request.network_mode = "nope";
    CHECK_KIND(network_join(call, NULL, &request, &settings), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "network nope not found");
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(addresses_that_the_host_took_meanwhile)
{
    struct place lan = host_new(call);
    begin_engine();
    struct place box = place_new(80);
    struct network_ref ref = {.id = "bridge"};
    struct network network;
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    CHECK_STR(network.ipam.config.v[0].subnet, "10.201.0.0/20");
    run(call, "ip link add other0 type bridge && ip addr add 10.201.0.77/16 dev other0");
    const char *id = id_of(call, 'a');
    struct network_join_request request = request_of(call, id, &box, NULL, NULL, NULL);
    struct network_settings settings;
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_STR(settings.gateway, "10.88.0.1");
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    CHECK_STR(network.ipam.config.v[0].subnet, "10.88.0.0/20");
    CHECK(reaches(call, NULL, SOCK_STREAM, settings.ip_address, 80));
    CHECK_OK(leave(call, id));
    place_end(&box);
    end_engine(&lan);
}

FIBER_TEST(addresses_stay_where_a_default_gateway_was_named)
{
    struct place lan = host_new(call);
    begin_engine();
    config.default_gateway = "10.201.0.254";
    struct place box = place_new(80);
    run(call, "ip link add other0 type bridge");
    struct network_ref ref = {.id = "bridge"};
    struct network network;
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    run(call, "ip addr add 10.201.0.77/16 dev other0");
    struct network_join_request request =
        request_of(call, id_of(call, 'a'), &box, NULL, NULL, NULL);
    struct network_settings settings;
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_STR(settings.gateway, "10.201.0.254");
    CHECK_OK(network_inspect(call, NULL, &ref, &network));
    CHECK_STR(network.ipam.config.v[0].subnet, "10.201.0.0/20");
    CHECK_STR(hull_map_find(&network.ipam.config.v[0].auxiliary_addresses, "DefaultGatewayIPv4"),
              "10.201.0.254");
    CHECK_OK(leave(call, request.container_id));
    place_end(&box);
    end_engine(&lan);
}

/* --- a driver that leaves ports alone --------------------------------------------------------- */

static int plain_about(struct hull_call *call, const struct netdriver_about_request *request,
                       struct netdriver_about_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct netdriver_about_reply){.scope = "local"};
    return 0;
}

static int plain_network(struct hull_call *call, const struct netdriver_network *request,
                         struct hull_empty *ret_reply)
{
    (void)call;
    (void)request;
    (void)ret_reply;
    return 0;
}

static int plain_joins, plain_leaves;

static int plain_join(struct hull_call *call, const struct netdriver_join_request *request,
                      struct netdriver_join_reply *ret_reply)
{
    (void)call;
    (void)ret_reply;
    plain_joins++;
    CHECK_INT(request->ports.n, 0);
    return 0;
}

static int plain_leave(struct hull_call *call, const struct netdriver_leave_request *request,
                       struct hull_empty *ret_reply)
{
    (void)call;
    (void)request;
    (void)ret_reply;
    plain_leaves++;
    return 0;
}

static const struct hull_handler plain_handlers[] = {
    HULL_HANDLE(netdriver, about, plain_about),    HULL_HANDLE(netdriver, create, plain_network),
    HULL_HANDLE(netdriver, remove, plain_network), HULL_HANDLE(netdriver, join, plain_join),
    HULL_HANDLE(netdriver, leave, plain_leave),    {},
};
HULL_PLUGIN(network_plain, .port = "network/plain", .version = "1", .handlers = plain_handlers);

FIBER_TEST(ports_that_a_driver_can_not_publish_are_refused)
{
    struct place lan = host_new(call);
    hull_plugin_register(&hull_plugin_network_plain);
    begin_engine();
    struct place box = place_new(80);
    const char *id = id_of(call, 'a');
    struct network_create_request create = {.name = "plain", .driver = "plain"};
    struct network_create_reply made;
    struct network_settings settings;
    CHECK_OK(network_create(call, NULL, &create, &made));
    struct network_join_request request = request_of(call, id, &box, NULL, "18088", "80/tcp");
    request.network_mode = "plain";
    CHECK_KIND(network_join(call, NULL, &request, &settings), HULL_NOT_SUPPORTED);
    CHECK_STR(hull_error(call),
              "can't publish port 80/tcp: driver plain of network plain, which is the container's "
              "way out, publishes no ports");
    CHECK_INT(plain_joins, 1);
    CHECK_INT(plain_leaves, 1);
    request = request_of(call, id, &box, NULL, NULL, NULL);
    request.network_mode = "plain";
    hull_strv_add(hull_call_arena(call), &request.exposed_ports, "80/tcp");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK_OK(leave(call, id));
    /* Beside a bridge that is the way out they are published there. */
    create = (struct network_create_request){.name = "bridged"};
    CHECK_OK(network_create(call, NULL, &create, &made));
    request = request_of(call, id, &box, NULL, "18088", "80/tcp");
    request.network_mode = "bridged";
    HULL_MSGMAP_ADD(hull_call_arena(call), &request.networks, "plain");
    CHECK_OK(network_join(call, NULL, &request, &settings));
    CHECK(reaches(call, NULL, SOCK_STREAM, "127.0.0.1", 18088));
    CHECK_OK(leave(call, id));
    CHECK(!reaches(call, NULL, SOCK_STREAM, "127.0.0.1", 18088));
    place_end(&box);
    end_engine(&lan);
}

static int join_and_leave(struct hull_call *call, void *arg)
{
    struct place *box = arg;
    const char *id = id_of(call, 'a');
    struct network_join_request request = request_of(call, id, box, "", "18087", "80/tcp");
    struct network_settings settings;
    int rc = network_join(call, NULL, &request, &settings);
    return rc < 0 ? rc : leave(call, id);
}

TEST(nothing_is_left_when_the_daemon_ends)
{
    struct place lan = host_new(NULL);
    begin_engine();
    struct place box = place_new(80);
    CHECK_INT(tap_core(join_and_leave, &box), 0);
    CHECK(!holds(NULL, "ip link show testbr0 2>/dev/null"));
    CHECK(!holds(NULL, "nft list tables | grep -q hull"));
    place_end(&box);
    end_engine(&lan);
}

TAP_MAIN
