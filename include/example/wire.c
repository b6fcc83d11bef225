/*
 * network/wire: a network driver outside of hull's tree, to start your own from.
 *
 * A network is a bridge with the gateway's address, a container has one end of a pair of virtual
 * interfaces. The work is done by ip(8), each command with arguments of its own, never by a shell.
 * Nothing is recorded: names are made from ids, so that what is there is found again after a crash.
 */
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hull/hull.h>
#include <netdriver.h>

/* --- ip(8) ----------------------------------------------------------------------------------- */

/* What blocks runs on a worker: plain data in, an error out. */
static int run_words(struct hull_work *work, void *words)
{
    char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    char **argv = words;
    pid_t pid;
    int status = 0;
    int err = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environment);
    if (err != 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return hull_problem_set(&work->problem, HULL_IO, "%s", err ? strerror(err) : "it failed");
    return 0;
}

/* Run the words, up to NULL. Yields. */
static int run(struct hull_call *call, const char *const *words)
{
    struct hull_text line = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; words[i] != NULL; i++)
        hull_text_printf(&line, "%s%s", i > 0 ? " " : "", words[i]);
    return hull_wrap(call, hull_work(call, run_words, (void *)(uintptr_t)words),
                     "network driver wire: %s", line.data);
}
#define IP(call, ...) run(call, (const char *const[]){"ip", __VA_ARGS__, NULL})
/* In the namespace at the path NETNS. */
#define IP_IN(call, netns, ...) \
    run(call, (const char *const[]){"nsenter", netns, "ip", __VA_ARGS__, NULL})

/* The end of an id, as long as the name of an interface may be. */
static const char *name_of(struct hull_call *call, const char *prefix, const char *id)
{
    size_t length = strlen(id);
    return hull_printf(call, "%s%s", prefix, id + (length > 12 ? length - 12 : 0));
}

/* Interfaces are gone when their name is. */
static bool is_there(struct hull_call *call, const char *name)
{
    return access(hull_printf(call, "/sys/class/net/%s", name), F_OK) == 0;
}

static int drop(struct hull_call *call, const char *name)
{
    return is_there(call, name) ? IP(call, "link", "del", name) : 0;
}

static void undo_link(struct hull_call *call, void *name)
{
    if (drop(call, name) < 0)
        hull_log(call, HULL_LOG_WARN, "interface not removed", "error", hull_error(call), NULL);
}

/* --- the handlers ---------------------------------------------------------------------------- */

static int about(struct hull_call *call, const struct netdriver_about_request *request,
                 struct netdriver_about_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct netdriver_about_reply){.scope = "local"};
    return 0;
}

/* Also called for a network that is there already. */
static int create(struct hull_call *call, const struct netdriver_network *request,
                  struct hull_empty *ret_reply)
{
    const struct network *network = &request->network;
    const char *bridge = name_of(call, "wb-", network->id);
    (void)ret_reply;
    if (network->options.n > 0)
        return hull_fail(call, HULL_INVALID, "network driver wire: option %s is not known",
                         network->options.v[0].key);
    if (is_there(call, bridge))
        return 0;
    hull_undo(call, undo_link, hull_strdup(call, bridge));
    int rc = IP(call, "link", "add", bridge, "type", "bridge");
    for (size_t i = 0; rc == 0 && i < network->ipam.config.n; i++) {
        const struct ipam_config *pool = &network->ipam.config.v[i];
        const char *length = strchr(pool->subnet, '/');
        if (pool->gateway != NULL && length != NULL)
            rc = IP(call, "addr", "add", hull_printf(call, "%s%s", pool->gateway, length), "dev",
                    bridge);
    }
    return rc < 0 ? rc : IP(call, "link", "set", bridge, "up");
}

static int remove_network(struct hull_call *call, const struct netdriver_network *request,
                          struct hull_empty *ret_reply)
{
    (void)ret_reply;
    return drop(call, name_of(call, "wb-", request->network.id));
}

/* Addresses are chosen already; what the reply leaves out stays as it was in the request. */
static int join(struct hull_call *call, const struct netdriver_join_request *request,
                struct netdriver_join_reply *ret_reply)
{
    const struct endpoint_settings *endpoint = &request->endpoint;
    const char *netns = hull_printf(call, "--net=/proc/%d/fd/%d", (int)getpid(), request->netns_fd);
    const char *outside = name_of(call, "wv-", endpoint->endpoint_id);
    const char *address =
        hull_printf(call, "%s/%d", endpoint->ip_address, (int)endpoint->ip_prefix_len);
    int rc = drop(call, outside);
    if (rc < 0)
        return rc;
    /* From here on a failure takes it back, whichever step it was. */
    hull_undo(call, undo_link, hull_strdup(call, outside));
    rc = IP_IN(call, netns, "link", "add", request->ifname, "type", "veth", "peer", "name", outside,
               "netns", hull_printf(call, "%d", (int)getpid()));
    if (rc == 0)
        rc = IP(call, "link", "set", outside, "master", name_of(call, "wb-", request->network.id),
                "up");
    if (rc == 0)
        rc = IP_IN(call, netns, "link", "set", "lo", "up");
    if (rc == 0)
        rc = IP_IN(call, netns, "addr", "add", address, "dev", request->ifname);
    if (rc == 0)
        rc = IP_IN(call, netns, "link", "set", request->ifname, "up");
    if (rc == 0 && request->default_route && !request->network.internal)
        rc = IP_IN(call, netns, "route", "add", "default", "via", endpoint->gateway);
    ret_reply->host_interface = outside;
    return rc;
}

/* The pair goes with the container's namespace; one that lives on is freed of it. */
static int leave(struct hull_call *call, const struct netdriver_leave_request *request,
                 struct hull_empty *ret_reply)
{
    (void)ret_reply;
    return request->host_interface == NULL ? 0 : drop(call, request->host_interface);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(netdriver, about, about),           HULL_HANDLE(netdriver, create, create),
    HULL_HANDLE(netdriver, remove, remove_network), HULL_HANDLE(netdriver, join, join),
    HULL_HANDLE(netdriver, leave, leave),           {},
};
HULL_PLUGIN(network_wire, .port = "network/wire", .version = "1.0", .handlers = handlers);
