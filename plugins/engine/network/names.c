/* What the name service knows of containers. */
#include "net.h"

#include "dns.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const struct net_record *record_of(const char *network_id)
{
    const struct net_record *record = net_records;
    while (record != NULL && !hull_streq(record->network.id, network_id))
        record = record->next;
    return record;
}

/* Only networks of one's own making give names. */
static bool has_names(const struct net_sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        if (sandbox->settings.networks.v[i].dns_names.n > 0)
            return true;
    }
    return false;
}

static void add_endpoint(struct hull_call *call, const struct endpoint_settings *endpoint,
                         struct dns_container *container)
{
    const struct net_record *record = record_of(endpoint->network_id);
    if (record == NULL)
        return;
    struct dns_endpoint *entry = HULL_LIST_ADD(hull_call_arena(call), &container->endpoints);
    *entry = (struct dns_endpoint){.network_id = record->network.id,
                                   .network = record->network.name,
                                   .internal = record->network.internal};
    if (endpoint->dns_names.n == 0)
        return; /* it is a way out, no more */
    entry->names = endpoint->dns_names;
    entry->links = endpoint->links;
    entry->ip_address = endpoint->ip_address;
    entry->global_ipv6_address = endpoint->global_ipv6_address;
}

int net_names_update(struct hull_call *call, const struct net_sandbox *sandbox)
{
    struct dns_container container = {.container_id = sandbox->container_id,
                                      .servers = sandbox->dns};
    struct hull_empty done;
    if (!has_names(sandbox))
        return 0;
    for (size_t i = 0; i < sandbox->settings.networks.n; i++) {
        add_endpoint(call, &sandbox->settings.networks.v[i], &container);
        /* Those of the first network whose driver names some, where the container has none. */
        if (container.servers.n == 0)
            container.servers = sandbox->settings.networks.v[i].dns_servers;
    }
    return dns_set(call, NET_DNS, &container, &done);
}

int net_names_change(struct hull_call *call, const struct net_sandbox *old,
                     const struct net_sandbox *sandbox)
{
    if (!has_names(sandbox))
        net_names_leave(call, old);
    return net_names_update(call, sandbox);
}

int net_names_attach(struct hull_call *call, const struct net_sandbox *sandbox, int netns_fd)
{
    const struct dns_attach_request request = {sandbox->container_id, netns_fd};
    struct hull_empty done;
    return has_names(sandbox) ? dns_attach(call, NET_DNS, &request, &done) : 0;
}

void net_names_leave(struct hull_call *call, const struct net_sandbox *sandbox)
{
    if (has_names(sandbox))
        net_names_drop(call, hull_strdup(call, sandbox->container_id));
}

void net_names_drop(struct hull_call *call, void *container_id)
{
    const struct dns_drop_request request = {container_id};
    struct hull_empty done;
    int rc = dns_drop(call, NET_DNS, &request, &done);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "names not forgotten", "container", container_id, "error",
                 hull_error(call), NULL);
}

static int reattach(struct hull_call *call, const struct net_sandbox *sandbox, int64_t pid)
{
    char *path = hull_printf(call, "/proc/%lld/ns/net", (long long)pid);
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hull_fail_errno(call, errno, "opening %s", path);
    return net_names_attach(call, sandbox, fd);
}

/* One that gets no names still runs on: its failure is not that of the others. */
static void restore_one(struct hull_call *call, const char *container_id, int64_t pid)
{
    const struct net_sandbox_record *record = net_sandbox_find(container_id);
    struct net_sandbox sandbox;
    if (record == NULL)
        return;
    struct net_sandbox source = record->sandbox;
    hull_message_copy(hull_call_arena(call), &net_sandbox_message, &source, &sandbox);
    if (!has_names(&sandbox))
        return;
    int rc = pid == 0 ? net_names_update(call, &sandbox) : reattach(call, &sandbox, pid);
    if (rc == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "names not put back", "container", container_id, "error",
             hull_error(call), NULL);
    hull_error_clear(call);
}

void net_names_restore(struct hull_call *call, const struct network_restore_request *request)
{
    /* All names are known before the first question is read. */
    for (size_t i = 0; i < request->live.n; i++)
        restore_one(call, request->live.v[i], 0);
    for (size_t i = 0; i < request->live.n && i < request->pids.n; i++)
        restore_one(call, request->live.v[i], request->pids.v[i]);
}

/* --- another name ---------------------------------------------------------------------------- */

/* NAMES with TO in place of FROM. */
static struct hull_strv renamed(struct hull_call *call, const struct hull_strv *names,
                                const char *from, const char *to)
{
    struct hull_strv list = {0};
    hull_strv_add(hull_call_arena(call), &list, to);
    for (size_t i = 0; i < names->n; i++) {
        if (!hull_streq(names->v[i], from) && !hull_strv_contains(&list, names->v[i]))
            hull_strv_add(hull_call_arena(call), &list, names->v[i]);
    }
    return list;
}

int net_rename(struct hull_call *call, const struct network_rename_request *request,
               struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct net_sandbox_record *record = net_sandbox_find(request->container_id);
    if (record == NULL)
        return 0; /* it is in no network now */
    struct net_sandbox source = record->sandbox;
    struct net_sandbox sandbox;
    hull_message_copy(hull_call_arena(call), &net_sandbox_message, &source, &sandbox);
    for (size_t i = 0; i < sandbox.settings.networks.n; i++) {
        struct endpoint_settings *endpoint = &sandbox.settings.networks.v[i];
        if (endpoint->dns_names.n > 0)
            endpoint->dns_names = renamed(call, &endpoint->dns_names, sandbox.name, request->name);
    }
    sandbox.name = request->name;
    int rc = net_sandbox_put(call, &sandbox);
    return rc < 0 ? rc : net_names_update(call, &sandbox);
}
