/* The ports of bridges: the firewall knows whose they are before the first frame comes. */
#include "join.h"

#include <sys/random.h>
#include <unistd.h>

/* A name that no other pair has: the old one of this container may not be gone yet. */
static int name_port(struct hull_call *call, const char **ret_name)
{
    uint32_t bits;
    if (getentropy(&bits, sizeof(bits)) < 0)
        return hull_fail(call, HULL_INTERNAL, "no random numbers");
    *ret_name = hull_printf(call, "veth%07x", bits & 0xfffffff);
    return 0;
}

bool net_guard_of(struct hull_call *call, const struct net_sandbox *sandbox, size_t i,
                  const char *port, struct firewall_guard *ret)
{
    const struct endpoint_settings *endpoint = &sandbox->settings.networks.v[i];
    const struct net_record *record = join_record(endpoint->network_id);
    struct netbridge options;
    if (record == NULL || port == NULL || !hull_streq(record->network.driver, "bridge"))
        return false;
    if (netbridge_read(call, &record->network, &options) < 0) {
        hull_error_clear(call); /* the driver says so */
        return false;
    }
    *ret = (struct firewall_guard){.container_id = sandbox->container_id,
                                   .bridge = options.bridge,
                                   .interface = port,
                                   .admin = sandbox->net_admin};
    const char *addresses[] = {endpoint->ip_address, endpoint->global_ipv6_address};
    for (size_t k = 0; k < HULL_COUNT(addresses); k++) {
        if (net_given(addresses[k]))
            hull_strv_add(hull_call_arena(call), &ret->addresses, addresses[k]);
    }
    return true;
}

static void take_back(struct hull_call *call, void *arg)
{
    join_unguard(call, arg);
}

static int tell(struct hull_call *call, void *guard)
{
    struct hull_empty done;
    return firewall_guard(call, NET_FIREWALL, guard, &done);
}

int join_guard(struct hull_call *call, struct join *join, size_t i, const char **ret_port)
{
    struct firewall_guard *guard = hull_alloc(call, sizeof(*guard));
    if (!hull_streq(join->networks[i]->network.driver, "bridge"))
        return 0;
    int rc = name_port(call, ret_port);
    if (rc < 0 || !net_guard_of(call, &join->sandbox, i, *ret_port, guard))
        return rc;
    hull_undo(call, take_back, guard);
    if (join->live)
        return tell(call, guard);
    join->guarding = hull_task_start(call, "guard", tell, guard);
    return 0;
}

int join_guarded(struct hull_call *call, struct join *join)
{
    struct hull_task *task = join->guarding;
    join->guarding = NULL;
    return task == NULL ? 0 : hull_task_join(call, task);
}

void join_unguard(struct hull_call *call, const struct firewall_guard *guard)
{
    struct firewall_guard request = *guard;
    struct hull_empty done;
    if (firewall_unguard(call, NET_FIREWALL, &request, &done) == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "port of a bridge not forgotten", "container",
             guard->container_id, "error", hull_error(call), NULL);
    hull_error_clear(call);
}
