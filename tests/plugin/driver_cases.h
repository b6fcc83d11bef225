/*
 * netdriver.h: what the conformance suite of the class netdriver needs to know of each driver: how
 * a network of it is made ready in the test's own host, and what it can't do by its nature.
 */
#ifndef NETDRIVER_TEST_H
#define NETDRIVER_TEST_H

#include "net.h"

#include "netdriver.h"

#define PORT "network/" DRIVER

static char root[] = "/tmp/hull-test-drv-XXXXXX"; /* a folder that goes with the test */

struct driver_case {
    const char *name;
    /* Make what the driver needs on the host, and fill in the network's options. */
    void (*set_up)(struct hull_call *call, struct network *network);
    void (*tear_down)(struct hull_call *call); /* may be NULL */
    bool no_interface;                         /* a container gets none: host, none */
    bool no_namespace;                         /* a container must have none: host */
    bool takes_any_option;                     /* somebody else's plugin judges them */
};

static void set_nothing(struct hull_call *call, struct network *network)
{
    (void)call;
    (void)network;
}

static void set_bridge(struct hull_call *call, struct network *network)
{
    hull_map_set(hull_call_arena(call), &network->options, "com.docker.network.bridge.name",
                 "conf0");
}

static void set_macvlan(struct hull_call *call, struct network *network)
{
    run(call,
        "ip link add par0 type veth peer name par1 && ip link set par0 up && ip link set par1 up");
    hull_map_set(hull_call_arena(call), &network->options, "parent", "par0");
}

/* A plugin in Python that bridges by itself; see netplugin.py. */
static void set_remote(struct hull_call *call, struct network *network)
{
    const char *source = getenv("srcdir");
    network->driver = "toy";
    hull_plugin_option_set("network/remote", "plugin-sockets", root);
    run(call,
        hull_printf(call, "%s/tests/plugin/netplugin.py %s", source == NULL ? "." : source, root));
}

static void end_remote(struct hull_call *call)
{
    run(call, hull_printf(call, "kill $(cat %s/toy.pid)", root));
}

/* Debian's CNI plugins: a bridge, which is there already, for CNI never deletes one. */
static void set_cni(struct hull_call *call, struct network *network)
{
    static const char conf[] =
        "{\"cniVersion\":\"1.0.0\",\"name\":\"conf\",\"plugins\":[{\"type\":\"bridge\",\"bridge\":"
        "\"cni0\",\"isGateway\":true,\"ipMasq\":true,\"ipam\":{\"type\":\"host-local\",\"dataDir\":"
        "\"%s/ipam\",\"ranges\":[[{\"subnet\":\"10.99.0.0/24\"}]]}}]}";
    const char *path = hull_printf(call, "%s/conf.conflist", root);
    if (access("/usr/lib/cni/bridge", X_OK) < 0)
        SKIP("containernetworking-plugins is not installed");
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    fprintf(file, conf, root);
    fclose(file);
    run(call, "ip link add cni0 type bridge");
    network->ipam.config.n = 0;
    hull_map_set(hull_call_arena(call), &network->options, "conf", path);
}

static const struct driver_case cases[] = {
    {.name = "bridge", .set_up = set_bridge},
    {.name = "macvlan", .set_up = set_macvlan},
    {.name = "remote", .set_up = set_remote, .tear_down = end_remote, .takes_any_option = true},
    {.name = "cni", .set_up = set_cni},
    {.name = "wire", .set_up = set_nothing},
    {.name = "none", .set_up = set_nothing, .no_interface = true},
    {.name = "host", .set_up = set_nothing, .no_interface = true, .no_namespace = true},
};

static const struct driver_case *the_case(void)
{
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        if (strcmp(cases[i].name, DRIVER) == 0)
            return &cases[i];
    }
    FAIL("no case for the driver " DRIVER);
}

#endif
