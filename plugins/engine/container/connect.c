/*
 * connect.c: networks of a container that exists. Its document says what the next start joins; for
 * one that runs the network engine is told first and knows best: a daemon that starts takes over
 * from it (ct_adopt_networks).
 */
#include "ct.h"

#include "events.h"
#include "files.h"
#include "ids.h"
#include "links.h"
#include "network.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char shared_text[] =
    "container sharing network namespace with another container or host cannot be connected to any "
    "other network";
static const char host_text[] =
    "container cannot be disconnected from host network or connected to host network";
static const char none_text[] =
    "container cannot be connected to multiple networks with one of the networks in private (none) "
    "mode";

static bool is_shared(const struct ct *ct)
{
    return ct_mode_other(ct->doc.host_config.network_mode) != NULL;
}

/* --- the document ----------------------------------------------------------------------------- */

/* KEY is the beginning of NETWORK's id, and the name of no other: one may be called "f". */
static bool is_id_of(struct hull_call *call, const char *key, const struct network *network)
{
    const struct network_ref ref = {.id = key};
    struct network found;

    if (!id_prefix_valid(key) || strncmp(network->id, key, strlen(key)) != 0)
        return false;
    if (network_inspect(call, NULL, &ref, &found) == 0)
        return strcmp(found.id, network->id) == 0;
    hull_error_clear(call);
    return false;
}

/* The key under which DOC has NETWORK, or NULL: a name, an id or the beginning of one. */
static const char *key_of(struct hull_call *call, const struct ct_doc *doc,
                          const struct network *network)
{
    for (size_t i = 0; i < doc->networks.n; i++)
        if (strcmp(doc->networks.keys[i], network->name) == 0)
            return doc->networks.keys[i];
    for (size_t i = 0; i < doc->networks.n; i++)
        if (is_id_of(call, doc->networks.keys[i], network))
            return doc->networks.keys[i];
    return NULL;
}

/* What is changed is built in the arena of a call; save() keeps it, or takes it back. */
static void copy_networks(struct hull_arena *arena, struct ct *ct, const char *without)
{
    struct ct_doc old = ct->doc;

    ct->doc.networks.n = 0;
    ct->doc.networks.keys = HULL_NEW_ARRAY(arena, const char *, 1);
    ct->doc.networks.v = HULL_NEW(arena, struct endpoint_settings);
    for (size_t i = 0; i < old.networks.n; i++)
        if (!without || strcmp(old.networks.keys[i], without) != 0)
            *HULL_MSGMAP_ADD(arena, &ct->doc.networks, old.networks.keys[i]) = old.networks.v[i];
}

static void set_network(struct hull_call *call, struct ct *ct, const char *key,
                        const struct endpoint_settings *settings)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct endpoint_settings copy = {0}, *entry;

    copy_networks(arena, ct, NULL);
    entry = HULL_MSGMAP_FIND(&ct->doc.networks, key);
    if (settings)
        copy = *settings;
    if (!entry)
        entry = HULL_MSGMAP_ADD(arena, &ct->doc.networks, hull_arena_strdup(arena, key));
    hull_message_copy(arena, &endpoint_settings_message, &copy, entry);
}

/* An arena of their own, renewed each time: a container may change its networks all its life. */
static void keep_networks(struct ct *ct)
{
    struct hull_arena *arena = hull_arena_new();

    copy_networks(arena, ct, NULL);
    for (size_t i = 0; i < ct->doc.networks.n; i++) {
        struct endpoint_settings source = ct->doc.networks.v[i];

        ct->doc.networks.keys[i] = hull_arena_strdup(arena, ct->doc.networks.keys[i]);
        hull_message_copy(arena, &endpoint_settings_message, &source, &ct->doc.networks.v[i]);
    }
    hull_arena_free(ct->net_arena);
    ct->net_arena = arena;
}

/* Save what was changed since OLD, or take it back. */
static int save(struct hull_call *call, struct ct *ct, const struct ct_doc *old)
{
    int rc = ct_save(call, ct, NULL, true);

    if (rc < 0)
        memcpy(&ct->doc.networks, &old->networks, sizeof(old->networks));
    else
        keep_networks(ct);
    return rc;
}

static int check_alive(struct hull_call *call, const struct ct *ct)
{
    if (ct->state == CT_REMOVING || ct->state == CT_DEAD)
        return hull_fail(call, HULL_CONFLICT,
                         "container %s is marked for removal and cannot be connected or "
                         "disconnected to the network",
                         ct->doc.id);
    return 0;
}

/* --- one that runs ---------------------------------------------------------------------------- */

static int open_netns(struct hull_call *call, const struct ct *ct, int *ret_fd)
{
    HULL_AUTO_FD process_fd = -1;
    int rc = ct_open_process(call, ct, &process_fd);

    if (rc < 0)
        return rc;
    *ret_fd = openat(process_fd, "ns/net", O_RDONLY | O_CLOEXEC);
    return *ret_fd < 0 ? hull_fail(call, HULL_CONFLICT, "container %s has just ended: try again",
                                   ct->doc.name)
                       : 0;
}

static int make_request(struct hull_call *call, const struct ct *ct, const char *network,
                        const struct endpoint_settings *settings, struct network_join_request *ret)
{
    struct endpoint_settings *entry;
    struct resolv resolv;

    *ret = (struct network_join_request){
        .container_id = ct->doc.id,
        .name = ct->doc.name,
        .hostname = ct->doc.config.hostname,
        .exposed_ports = ct->doc.config.exposed_ports,
        .publish_all = ct->doc.host_config.publish_all_ports,
        .netns_fd = -1,
    };
    files_dns(&ct->doc, &resolv);
    ret->dns = resolv.servers;
    ret->dns_search = resolv.search;
    ret->dns_options = resolv.options;
    memcpy(&ret->port_bindings, &ct->doc.host_config.port_bindings, sizeof(ret->port_bindings));
    entry = HULL_MSGMAP_ADD(hull_call_arena(call), &ret->networks, network);
    if (settings)
        *entry = *settings;
    return open_netns(call, ct, &ret->netns_fd);
}

void ct_note_networks(struct ct *ct)
{
    for (size_t i = 0; i < ct->doc.networks.n; i++) {
        struct endpoint_settings *own = &ct->doc.networks.v[i];
        const struct endpoint_settings *joined =
            HULL_MSGMAP_FIND(&ct->doc.network->networks, ct->doc.networks.keys[i]);

        if (joined && !hull_streq(own->network_id, joined->network_id))
            own->network_id = hull_arena_strdup(ct->arena, joined->network_id);
    }
}

/* SETTINGS is what it has joined now: its files say so, too. */
static int take_settings(struct hull_call *call, struct ct *ct,
                         const struct network_settings *settings)
{
    struct hull_arena *arena = hull_arena_new();
    struct network_settings source = *settings;
    struct network_settings *copy = HULL_NEW(arena, struct network_settings);

    hull_message_copy(arena, &network_settings_message, &source, copy);
    if (ct->doc.error)
        ct->doc.error = hull_arena_strdup(arena, ct->doc.error);
    hull_arena_free(ct->run_arena);
    ct->run_arena = arena;
    ct->doc.network = copy;
    ct_note_networks(ct);
    ct_keep_sockets(call, ct);
    return files_write_network(call, &ct->doc, copy);
}

static void files_failed(struct hull_call *call, const struct ct *ct)
{
    hull_log(call, HULL_LOG_WARN, "hosts and resolv.conf not renewed", "container", ct->doc.id,
             "error", hull_error(call), NULL);
    hull_error_clear(call);
}

static int attach(struct hull_call *call, struct ct *ct, const struct network *network,
                  const struct endpoint_settings *settings)
{
    struct ct_doc old = ct->doc;
    struct network_join_request request;
    struct network_settings reply;
    int rc = make_request(call, ct, network->name, settings, &request);

    if (rc == 0)
        rc = network_attach(call, NULL, &request, &reply);
    if (rc < 0)
        return rc;
    set_network(call, ct, network->name, settings);
    if (take_settings(call, ct, &reply) < 0)
        files_failed(call, ct);
    links_refresh(call, ct);
    return save(call, ct, &old);
}

static int detach(struct hull_call *call, struct ct *ct, const struct network *network)
{
    struct ct_doc old = ct->doc;
    struct network_join_request request;
    struct network_settings reply;
    const char *key = key_of(call, &ct->doc, network);
    int rc = make_request(call, ct, network->name, NULL, &request);

    if (rc == 0)
        rc = network_detach(call, NULL, &request, &reply);
    if (rc < 0)
        return rc;
    if (key)
        copy_networks(hull_call_arena(call), ct, key);
    if (take_settings(call, ct, &reply) < 0)
        files_failed(call, ct);
    return save(call, ct, &old);
}

/* --- handlers --------------------------------------------------------------------------------- */

/* A request without a body names nobody. */
static int check_named(struct hull_call *call, const char *container)
{
    return container && *container ? 0
                                   : hull_fail(call, HULL_INVALID,
                                               "invalid name or ID supplied: \"\": Container is "
                                               "missing");
}

/* What the next start would refuse. */
static int check_settings(struct hull_call *call, const struct network *network,
                          const struct endpoint_settings *settings)
{
    struct network_check_request request = {};
    struct hull_empty done;

    if (!settings)
        return 0;
    *HULL_MSGMAP_ADD(hull_call_arena(call), &request.networks, network->name) = *settings;
    return network_check(call, NULL, &request, &done);
}

static int check_modes(struct hull_call *call, const struct ct *ct, const struct network *network)
{
    const char *mode = ct->doc.host_config.network_mode;

    if (is_shared(ct))
        return hull_fail(call, HULL_INVALID, "%s", shared_text);
    if (strcmp(network->name, "host") == 0 && strcmp(mode, "host") != 0)
        return hull_fail(call, HULL_INVALID, "%s", host_text);
    for (size_t i = 0; i < ct->doc.networks.n; i++) {
        const char *key = ct->doc.networks.keys[i];

        if (strcmp(key, network->name) == 0)
            continue;
        if (strcmp(key, "host") == 0)
            return hull_fail(call, HULL_INVALID, "%s", shared_text);
        if (strcmp(key, "none") == 0 || strcmp(network->name, "none") == 0)
            return hull_fail(call, HULL_INVALID, "%s", none_text);
    }
    return 0;
}

int ct_handle_connect(struct hull_call *call, const struct container_connect_request *request,
                      struct hull_empty *ret)
{
    const struct network_ref ref = {.id = request->id};
    struct network network;
    struct ct *ct;
    struct ct_doc old;
    const char *key;
    int rc = check_named(call, request->container);

    if (rc == 0)
        rc = ct_find_locked(call, request->container, &ct);

    (void)ret;
    if (rc == 0)
        rc = check_alive(call, ct);
    if (rc == 0)
        rc = network_inspect(call, NULL, &ref, &network);
    if (rc == 0)
        rc = check_modes(call, ct, &network);
    if (rc == 0)
        rc = ct_check_endpoint(call, request->endpoint_config);
    if (rc < 0)
        return rc;
    if (ct_is_running(ct))
        return attach(call, ct, &network, request->endpoint_config);
    rc = check_settings(call, &network, request->endpoint_config);
    if (rc < 0)
        return rc;
    old = ct->doc;
    key = key_of(call, &ct->doc, &network);
    set_network(call, ct, key ? key : network.name, request->endpoint_config);
    return save(call, ct, &old);
}

static int disconnect_stopped(struct hull_call *call, struct ct *ct, const char *wanted,
                              const struct network *network)
{
    struct ct_doc old = ct->doc;
    const char *key = key_of(call, &ct->doc, network);
    int rc;

    if (!key)
        return hull_fail(call, HULL_INTERNAL, "container %s is not connected to the network %s",
                         ct->doc.id, wanted);
    copy_networks(hull_call_arena(call), ct, key);
    rc = save(call, ct, &old);
    /* Of one that has gone there is nothing to tell. */
    if (rc == 0 && *network->id != '\0')
        event_publish(call, "network", "disconnect", network->id, "container", ct->doc.id, "name",
                      network->name, "type", network->driver, NULL);
    return rc;
}

int ct_handle_disconnect(struct hull_call *call, const struct container_connect_request *request,
                         struct hull_empty *ret)
{
    const struct network_ref ref = {.id = request->id};
    struct network network;
    struct ct *ct;
    int rc = check_named(call, request->container), found;

    if (rc == 0)
        rc = ct_find_locked(call, request->container, &ct);

    (void)ret;
    if (rc == 0)
        rc = check_alive(call, ct);
    if (rc < 0)
        return rc;
    found = network_inspect(call, NULL, &ref, &network);
    if (found == -HULL_NOT_FOUND && (request->force || !ct_is_running(ct))) {
        hull_error_clear(call);
        network = (struct network){.name = request->id, .id = ""};
        found = 0;
    }
    if (found < 0)
        return found;
    if (!ct_is_running(ct))
        return disconnect_stopped(call, ct, request->id, &network);
    if (strcmp(ct->doc.host_config.network_mode, "host") == 0 && strcmp(network.name, "host") == 0)
        return hull_fail(call, HULL_INVALID, "%s", host_text);
    if (*network.id == '\0' || is_shared(ct))
        return hull_fail(call, HULL_INTERNAL, "container %s is not connected to network %s",
                         ct->doc.id, network.name);
    return detach(call, ct, &network);
}

/* --- after a restart -------------------------------------------------------------------------- */

/* Those that the document has and the engine has not, or the other way round. */
static bool follow(struct hull_call *call, struct ct *ct, const struct network_settings *settings)
{
    struct ct_doc old = ct->doc;
    bool changed = false;

    for (size_t i = 0; i < old.networks.n; i++) {
        bool joined = false;

        for (size_t k = 0; k < settings->networks.n; k++) {
            const struct network network = {.name = settings->networks.keys[k],
                                            .id = settings->networks.v[k].network_id};
            const char *key = key_of(call, &old, &network);

            joined = joined || (key && strcmp(key, old.networks.keys[i]) == 0);
        }
        if (!joined)
            copy_networks(hull_call_arena(call), ct, old.networks.keys[i]);
        changed = changed || !joined;
    }
    for (size_t k = 0; k < settings->networks.n; k++) {
        const struct endpoint_settings *endpoint = &settings->networks.v[k];
        const struct network network = {.name = settings->networks.keys[k],
                                        .id = endpoint->network_id};
        const struct endpoint_settings wanted = {.ipam_config = endpoint->ipam_config,
                                                 .links = endpoint->links,
                                                 .aliases = endpoint->aliases,
                                                 .driver_opts = endpoint->driver_opts,
                                                 .gw_priority = endpoint->gw_priority};

        if (key_of(call, &ct->doc, &network))
            continue;
        set_network(call, ct, network.name, &wanted);
        changed = true;
    }
    if (changed)
        keep_networks(ct);
    return changed;
}

int ct_adopt_networks(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    const struct network_leave_request request = {.container_id = ct->doc.id};
    struct network_settings settings = {0};
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &ct->lock);
    if (!ct_is_running(ct) || is_shared(ct))
        return 0;
    rc = network_settings(call, NULL, &request, &settings);
    if (rc < 0 || !settings.sandbox_id)
        return rc;
    /* The document of a start that was cut off has no addresses yet. */
    if (!follow(call, ct, &settings) && ct->doc.network)
        return 0;
    if (take_settings(call, ct, &settings) < 0)
        files_failed(call, ct);
    return ct_save(call, ct, NULL, false);
}
