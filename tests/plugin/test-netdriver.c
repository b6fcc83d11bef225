/*
 * What each driver of the class netdriver promises, whatever it does: one suite, built once for
 * each driver (DRIVER).
 */
#include "driver_cases.h"

#include "api/config.h"

#include <ftw.h>

static struct daemon_config config;
static struct network network;
static struct place lan;
static char *links_before;

/* --- the host --------------------------------------------------------------------------------- */

/* The interfaces of PLACE (NULL: the host) a line each. */
static char *links(struct hull_call *call, const struct place *place)
{
    const char *inside =
        place == NULL ? "" : hull_printf(call, "nsenter -t %d -n", (int)place->pid);
    const char *file = hull_printf(call, "%s/links", root);
    char text[4096];
    run(call, hull_printf(call, "%s ip -o link | sed 's/^[0-9]*: *\\([^:@]*\\).*/\\1/' | sort >%s",
                          inside, file));
    FILE *f = fopen(file, "re");
    CHECK(f != NULL);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    return hull_strdup(call, text);
}

static void begin(struct hull_call *call)
{
    lan = host_new(call);
    HULL_ASSERT(mkdtemp(root) != NULL);
    config.data_root = root;
    config.bridge = "testbr0";
    hull_config_set(&daemon_config_message, &config);
    hull_plugin_alias("state", "state/sqlite");
    network = (struct network){.name = "conf",
                               .id = "c0ffee00c0ffee00c0ffee00c0ffee00"
                                     "c0ffee00c0ffee00c0ffee00c0ffee00",
                               .driver = DRIVER,
                               .scope = "local",
                               .enable_ipv4 = true};
    struct ipam_config *pool = HULL_LIST_ADD(hull_call_arena(call), &network.ipam.config);
    *pool = (struct ipam_config){.subnet = "10.99.0.0/24", .gateway = "10.99.0.1"};
    the_case()->set_up(call, &network);
    links_before = links(call, NULL);
}

static int delete_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void end(struct hull_call *call)
{
    if (the_case()->tear_down != NULL)
        the_case()->tear_down(call);
    place_end(&lan);
    nftw(root, delete_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- calls ------------------------------------------------------------------------------------ */

static int create(struct hull_call *call)
{
    struct netdriver_network request = {.network = network};
    struct hull_empty done;
    return netdriver_create(call, PORT, &request, &done);
}

static int remove_it(struct hull_call *call)
{
    struct netdriver_network request = {.network = network};
    struct hull_empty done;
    return netdriver_remove(call, PORT, &request, &done);
}

static struct endpoint_settings endpoint_of(struct hull_call *call, int n)
{
    return (struct endpoint_settings){.network_id = network.id,
                                      .endpoint_id = hull_printf(call, "%064d", n),
                                      .ip_address = hull_printf(call, "10.99.0.%d", n),
                                      .ip_prefix_len = 24,
                                      .gateway = "10.99.0.1"};
}

/* Container number N joins from PLACE; RET_ADDRESS is where it is then. */
static int join(struct hull_call *call, int n, const struct place *place, const char **ret_address)
{
    struct netdriver_join_request request = {.network = network,
                                             .container_id = hull_printf(call, "%064d", n),
                                             .endpoint = endpoint_of(call, n),
                                             .ifname = "eth0",
                                             .default_route = true,
                                             .netns_fd = place == NULL ? -1 : place->netns_fd};
    struct netdriver_join_reply reply;
    int rc = netdriver_join(call, PORT, &request, &reply);
    *ret_address =
        rc == 0 && reply.ip_address != NULL ? reply.ip_address : request.endpoint.ip_address;
    return rc;
}

static int leave(struct hull_call *call, int n, const struct place *place)
{
    struct netdriver_leave_request request = {.network = network,
                                              .container_id = hull_printf(call, "%064d", n),
                                              .endpoint = endpoint_of(call, n),
                                              .ifname = "eth0",
                                              .netns_fd = place == NULL ? -1 : place->netns_fd};
    struct hull_empty done;
    return netdriver_leave(call, PORT, &request, &done);
}

/* --- promises --------------------------------------------------------------------------------- */

FIBER_TEST(it_says_what_it_is)
{
    struct netdriver_about_request request;
    struct netdriver_about_reply reply;
    begin(call);
    request = (struct netdriver_about_request){.driver = network.driver};
    CHECK_OK(netdriver_about(call, PORT, &request, &reply));
    CHECK_STR(reply.scope, "local");
    request.check = true;
    CHECK_OK(netdriver_about(call, PORT, &request, &reply));
    end(call);
}

FIBER_TEST(a_network_is_made_and_removed_twice_and_leaves_nothing)
{
    begin(call);
    CHECK_OK(create(call));
    CHECK_OK(create(call));
    CHECK_OK(remove_it(call));
    CHECK_OK(remove_it(call));
    CHECK_STR(links(call, NULL), links_before);
    end(call);
}

FIBER_TEST(an_option_that_it_does_not_know_is_named)
{
    if (the_case()->takes_any_option)
        SKIP("a plugin of somebody else judges the options");
    begin(call);
    hull_map_set(hull_call_arena(call), &network.options, "colour", "red");
    CHECK_KIND(create(call), HULL_INVALID);
    CHECK_HAS(hull_error(call), "colour");
    CHECK_STR(links(call, NULL), links_before);
    end(call);
}

FIBER_TEST(containers_of_a_network_reach_each_other)
{
    const char *one_at, *two_at;
    char text[64];
    if (the_case()->no_interface)
        SKIP("its containers get no interface");
    begin(call);
    struct place one = place_new(80), two = place_new(80);
    CHECK_OK(create(call));
    CHECK_OK(join(call, 2, &one, &one_at));
    CHECK_OK(join(call, 3, &two, &two_at));
    CHECK_STR(ask(call, &one, SOCK_STREAM, two_at, 80, text), one_at);
    CHECK_STR(ask(call, &two, SOCK_STREAM, one_at, 80, text), two_at);
    CHECK_STR(ask(call, &one, SOCK_STREAM, "127.0.0.1", 80, text), "127.0.0.1");
    CHECK_OK(leave(call, 2, NULL));
    CHECK_OK(leave(call, 3, NULL));
    place_end(&one);
    place_end(&two);
    CHECK_OK(remove_it(call));
    end(call);
}

FIBER_TEST(one_that_leaves_alive_can_join_again)
{
    const char *address;
    if (the_case()->no_interface)
        SKIP("its containers get no interface");
    begin(call);
    struct place box = place_new(80);
    CHECK_OK(create(call));
    for (int i = 0; i < 2; i++) {
        struct netdriver_join_reply reply;
        struct netdriver_join_request request = {.network = network,
                                                 .container_id = hull_printf(call, "%064d", 2),
                                                 .endpoint = endpoint_of(call, 2),
                                                 .ifname = "eth0",
                                                 .netns_fd = box.netns_fd};
        CHECK_OK(netdriver_join(call, PORT, &request, &reply));
        CHECK(strstr(links(call, &box), "eth0\n") != NULL);
        struct netdriver_leave_request going = {.network = network,
                                                .container_id = request.container_id,
                                                .endpoint = request.endpoint,
                                                .ifname = "eth0",
                                                .host_interface = reply.host_interface,
                                                .netns_fd = box.netns_fd};
        struct hull_empty done;
        CHECK_OK(netdriver_leave(call, PORT, &going, &done));
        CHECK(strstr(links(call, &box), "eth0\n") == NULL);
    }
    CHECK_OK(join(call, 2, &box, &address));
    CHECK_OK(leave(call, 2, NULL));
    place_end(&box);
    CHECK_OK(remove_it(call));
    end(call);
}

FIBER_TEST(leaving_twice_or_without_having_joined_is_fine)
{
    const char *address;
    begin(call);
    struct place box = place_new(0);
    CHECK_OK(create(call));
    CHECK_OK(leave(call, 7, NULL));
    CHECK_OK(join(call, 2, the_case()->no_namespace ? NULL : &box, &address));
    CHECK_OK(leave(call, 2, NULL));
    place_end(&box);
    CHECK_OK(leave(call, 2, NULL));
    CHECK_OK(remove_it(call));
    end(call);
}

FIBER_TEST(a_join_that_fails_leaves_nothing)
{
    const char *address;
    if (the_case()->no_interface)
        SKIP("its containers get no interface");
    begin(call);
    struct place box = place_new(0);
    CHECK_OK(create(call));
    const char *host_before = links(call, NULL);
    /* Somebody has the name already. */
    run(call, hull_printf(call, "nsenter -t %d -n ip link add eth0 type bridge", (int)box.pid));
    const char *before = links(call, &box);
    CHECK(join(call, 2, &box, &address) < 0);
    CHECK(hull_error(call)[0] != '\0');
    CHECK_STR(links(call, &box), before);
    CHECK_STR(links(call, NULL), host_before);
    run(call, hull_printf(call, "nsenter -t %d -n ip link del eth0", (int)box.pid));
    CHECK_OK(join(call, 2, &box, &address));
    CHECK_OK(leave(call, 2, NULL));
    place_end(&box);
    CHECK_OK(remove_it(call));
    end(call);
}

TAP_MAIN
