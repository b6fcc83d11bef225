/*
 * firewall.c: the service "firewall": one nftables table, "inet hull" (a daemon with a root of
 * its own has one of its own), which says what may reach containers and what leaves for them, and
 * "bridge hull", for frames between containers.
 *
 * What is wanted is kept in memory and comes again from the network engine after a restart. The
 * table is written whole, in one transaction by libnftables, when it is needed first, after a
 * restart, and when another program has removed it or rules of it (a watch hears of that, so a
 * flush by the host's own firewall costs milliseconds of protection). A published port is one
 * element of a map and is added by netlink alone, at the same cost with ten thousand of them.
 *
 * The rules stay when the daemon ends, because containers live on. Administrators put rules of
 * their own into the chain "admin", which comes first and is never flushed:
 *
 *     nft add rule inet hull admin ip saddr 203.0.113.0/24 drop
 *
 * Other tables are never touched: where another engine or the host has set a policy of drop for
 * forwarded packets, its own rules have to let containers through.
 */
#include "ask.h"
#include "fw.h"

#include "instance.h"
#include "netif.h"
#include "nft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One network, the ports of one container, or what it has at one bridge. */
struct entry {
    struct entry *next;
    struct hull_arena *arena;
    struct firewall_network network;
    struct firewall_ports ports;
    struct firewall_guard guard;
    int *fds; /* of each port, -1: none */
};

static struct entry *networks;
static struct entry *holders; /* of ports */
static struct entry *guards;
static struct hull_arena *barriers_arena;
static struct firewall_barriers barriers; /* there */
static bool ready;                        /* the table is there */
static bool loop6;                        /* and sends what is for ::1 to containers */
static bool frames = true;                /* the kernel can look at frames, as far as is known */
static char *table;
static struct hull_lock lock; /* over changes of the table */
static struct fw_watch watch;
static struct fwmark mark; /* of packets that pass towards containers */

/* --- memory ---------------------------------------------------------------------------------- */

static struct entry *new_entry(struct entry **list)
{
    struct hull_arena *arena = hull_arena_new();
    struct entry *entry = HULL_NEW(arena, struct entry);
    entry->arena = arena;
    entry->next = *list;
    *list = entry;
    return entry;
}

static void free_entry(struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    for (size_t i = 0; i < entry->ports.ports.n && entry->fds != NULL; i++)
        hull_fd_cleanup(&entry->fds[i]);
    hull_arena_free(entry->arena);
}

static struct entry **find_network(const char *bridge)
{
    struct entry **link = &networks;
    while (*link != NULL && !hull_streq((*link)->network.bridge, bridge))
        link = &(*link)->next;
    return link;
}

/* Out of the list, or NULL. */
static struct entry *take_network(const char *bridge)
{
    struct entry **link = find_network(bridge);
    struct entry *entry = *link;
    if (entry != NULL)
        *link = entry->next;
    return entry;
}

static struct entry **find_holder(const char *container_id)
{
    struct entry **link = &holders;
    while (*link != NULL && !hull_streq((*link)->ports.container_id, container_id))
        link = &(*link)->next;
    return link;
}

static struct entry *remember_network(const struct firewall_network *network)
{
    struct entry *old = take_network(network->bridge);
    if (old != NULL)
        free_entry(&old);
    struct entry *entry = new_entry(&networks);
    struct firewall_network copy = *network;
    hull_message_copy(entry->arena, &firewall_network_message, &copy, &entry->network);
    return entry;
}

static struct entry *remember_guard(const struct firewall_guard *guard)
{
    struct entry *entry = new_entry(&guards);
    struct firewall_guard copy = *guard;
    hull_message_copy(entry->arena, &firewall_guard_message, &copy, &entry->guard);
    return entry;
}

/* Those that GUARD names out of the list, into a list of their own. */
static struct entry *take_guards(const struct firewall_guard *guard)
{
    struct entry *taken = NULL;
    for (struct entry **link = &guards; *link != NULL;) {
        struct entry *entry = *link;
        if (!hull_streq(entry->guard.container_id, guard->container_id) ||
            (guard->bridge != NULL && !hull_streq(entry->guard.bridge, guard->bridge))) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        entry->next = taken;
        taken = entry;
    }
    return taken;
}

static struct entry *remember_ports(const struct firewall_ports *ports)
{
    struct entry *entry = new_entry(&holders);
    struct firewall_ports copy = *ports;
    hull_message_copy(entry->arena, &firewall_ports_message, &copy, &entry->ports);
    entry->fds = HULL_NEW_ARRAY(entry->arena, int, ports->ports.n + 1);
    for (size_t i = 0; i < ports->ports.n; i++)
        entry->fds[i] = -1;
    return entry;
}

/* What memory holds, as a message in the arena of CALL that points into memory: not to be used
 * after a yield. */
static void gather(struct hull_call *call, struct firewall_state *state)
{
    *state = (struct firewall_state){0};
    for (struct entry *entry = networks; entry != NULL; entry = entry->next)
        *(HULL_LIST_ADD(hull_call_arena(call), &state->networks)) = entry->network;
    for (struct entry *entry = holders; entry != NULL; entry = entry->next)
        *(HULL_LIST_ADD(hull_call_arena(call), &state->containers)) = entry->ports;
    for (struct entry *entry = guards; entry != NULL; entry = entry->next)
        *(HULL_LIST_ADD(hull_call_arena(call), &state->guards)) = entry->guard;
    state->barriers.n = barriers.barriers.n;
    state->barriers.v = barriers.barriers.v;
}

static void remember_barriers(const struct firewall_barriers *wanted)
{
    struct firewall_barriers copy = *wanted;
    if (barriers_arena != NULL)
        hull_arena_free(barriers_arena);
    barriers_arena = hull_arena_new();
    hull_message_copy(barriers_arena, &firewall_barriers_message, &copy, &barriers);
}

/* Nothing needs the table. */
static bool is_idle(void)
{
    return networks == NULL && holders == NULL && barriers.barriers.n == 0;
}

/* --- the table ------------------------------------------------------------------------------- */

static int run_text(struct hull_work *work, void *arg)
{
    return nft_run_text(arg, &work->problem);
}

static int run_table(struct hull_call *call)
{
    struct firewall_state state;
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    gather(call, &state);
    fw_table_text(&text, table, &state, &mark, loop6, frames);
    return hull_work(call, run_text, text.data);
}

/* Write all of the table, and that of frames where the kernel has such. LOCK is held. */
static int write_table(struct hull_call *call)
{
    loop6 = nif_loopback6();
    ready = false;
    int rc = run_table(call);
    if (rc == -HULL_INTERNAL && frames) {
        const char *why = hull_strdup(call, hull_error(call));
        hull_error_clear(call);
        frames = false;
        rc = run_table(call);
        frames = rc < 0;
        if (rc == 0)
            hull_log(call, HULL_LOG_WARN,
                     "containers of one network can claim each other's addresses by ARP: this "
                     "kernel does not filter frames",
                     "error", why, NULL);
    }
    ready = rc == 0;
    return rc;
}

/* Write the sets of networks, or all when the table is not there. LOCK is held. */
static int write_networks(struct hull_call *call)
{
    struct firewall_state state;
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    if (!ready)
        return write_table(call);
    gather(call, &state);
    fw_networks_text(&text, table, state.networks.v, state.networks.n, frames);
    if (hull_work(call, run_text, text.data) == 0)
        return 0;
    hull_error_clear(call); /* somebody has changed the table: begin anew */
    return write_table(call);
}

struct network_work {
    const struct firewall_network *network;
    bool add;
    int result;
};

static int run_network(struct hull_work *work, void *arg)
{
    (void)work;
    struct network_work *change = arg;
    change->result = fw_network_elements(table, change->network, frames, change->add);
    return 0;
}

/* Add or remove what NETWORK alone is in. LOCK is held; memory is as it shall be after. */
static int write_network(struct hull_call *call, const struct firewall_network *network, bool add)
{
    if (!ready)
        return write_table(call);
    struct network_work work = {network, add, 0};
    int rc = hull_work(call, run_network, &work);
    if (rc < 0 || work.result == 0)
        return rc;
    return write_table(call); /* the table or an element is gone */
}

struct element_work {
    const struct fw_port *ports;
    size_t count;
    bool add;
    int result;
};

static int run_elements(struct hull_work *work, void *arg)
{
    (void)work;
    struct element_work *elements = arg;
    elements->result = fw_elements(table, elements->ports, elements->count, elements->add);
    fw_forget_peers(elements->ports, elements->count);
    return 0;
}

/* Add or remove the elements of PORTS. LOCK is held; memory is as it shall be after. */
static int write_ports(struct hull_call *call, const struct firewall_ports *ports, bool add)
{
    if (!ready)
        return add || !is_idle() ? write_table(call) : 0;
    if (loop6 != nif_loopback6()) /* somebody has turned it on or off */
        return write_table(call);
    struct fw_port *numbers = hull_alloc(call, (ports->ports.n + 1) * sizeof(*numbers));
    struct element_work work = {.ports = numbers, .count = ports->ports.n, .add = add};
    for (size_t i = 0; i < ports->ports.n; i++) {
        int rc = fw_port_read(call, &ports->ports.v[i], &numbers[i]);
        if (rc < 0)
            return rc;
    }
    int rc = hull_work(call, run_elements, &work);
    if (rc < 0 || work.result == 0)
        return rc;
    return write_table(call); /* the table or an element is gone */
}

struct counting {
    int total;
    int admin;
    int frames;
};

static int run_count(struct hull_work *work, void *arg)
{
    (void)work;
    struct counting *count = arg;
    count->total = fw_count_rules(table, NULL, false);
    count->admin = fw_count_rules(table, "admin", false);
    count->frames = frames ? fw_count_rules(table, NULL, true) : 0;
    return 0;
}

/* Delete the table, unless the administrator has rules in it. LOCK is held. */
static int delete_table(struct hull_call *call)
{
    struct counting count;
    int rc = hull_work(call, run_count, &count);
    if (rc < 0 || (count.total == 0 && count.frames <= 0))
        return rc;
    if (count.admin > 0)
        return write_table(call);
    ready = false;
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    hull_text_printf(&text, "add table inet %s\ndelete table inet %s\n", table, table);
    if (count.frames > 0)
        hull_text_printf(&text, "add table bridge %s\ndelete table bridge %s\n", table, table);
    return hull_work(call, run_text, text.data);
}

static int take_lock(struct hull_call *call)
{
    int rc = hull_lock(call, &lock);
    if (rc == 0)
        hull_defer(call, hull_unlock_cleanup, &lock);
    return rc;
}

/* --- networks -------------------------------------------------------------------------------- */

static int network_add(struct hull_call *call, const struct firewall_network *request,
                       struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = fw_network_check(call, request);
    if (rc == 0)
        rc = take_lock(call);
    if (rc < 0)
        return rc;
    struct entry *old = take_network(request->bridge);
    struct entry *entry = remember_network(request);
    rc = old != NULL ? write_networks(call) : write_network(call, &entry->network, true);
    struct entry *gone = rc < 0 ? take_network(request->bridge) : old;
    if (rc < 0 && old != NULL) { /* as it was */
        old->next = networks;
        networks = old;
    }
    if (gone != NULL)
        free_entry(&gone);
    return rc;
}

/* Whether another network has an element of NETWORK: the same trusted interface or subnet. */
static bool shares(const struct firewall_network *network)
{
    for (const struct entry *entry = networks; entry != NULL; entry = entry->next) {
        const struct firewall_network *other = &entry->network;
        for (size_t i = 0; i < network->trusted.n; i++) {
            if (hull_strv_contains(&other->trusted, network->trusted.v[i]))
                return true;
        }
        for (size_t i = 0; i < network->subnets.n * other->subnets.n; i++) {
            if (hull_streq(network->subnets.v[i / other->subnets.n].subnet,
                           other->subnets.v[i % other->subnets.n].subnet))
                return true;
        }
    }
    return false;
}

static void free_removed(struct hull_call *call, void *arg)
{
    struct entry *entry = arg;
    (void)call;
    entry->next = NULL;
    free_entry(&entry);
}

static int network_remove(struct hull_call *call, const struct firewall_network *request,
                          struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = take_lock(call);
    if (rc < 0)
        return rc;
    struct entry *gone = take_network(request->bridge);
    if (gone == NULL)
        return 0;
    hull_defer(call, free_removed, gone);
    if (is_idle())
        return delete_table(call);
    return shares(&gone->network) ? write_networks(call)
                                  : write_network(call, &gone->network, false);
}

/* --- barriers -------------------------------------------------------------------------------- */

static int check_barriers(struct hull_call *call, const struct firewall_barrier *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < list[i].bridges.n; k++) {
            const struct firewall_network named = {.bridge = list[i].bridges.v[k]};
            int rc = fw_network_check(call, &named);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int bar(struct hull_call *call, const struct firewall_barriers *request,
               struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = check_barriers(call, request->barriers.v, request->barriers.n);
    if (rc == 0)
        rc = take_lock(call);
    if (rc < 0)
        return rc;
    remember_barriers(request);
    return is_idle() ? delete_table(call) : write_table(call);
}

/* --- ports ----------------------------------------------------------------------------------- */

static void drop_holder(const char *container_id)
{
    struct entry **link = find_holder(container_id);
    if (*link != NULL)
        free_entry(link);
}

struct claim_work {
    struct fw_claim *claims;
    size_t count;
};

static int run_claim(struct hull_work *work, void *arg)
{
    struct claim_work *claims = arg;
    return fw_claim(claims->claims, claims->count, &work->problem);
}

/* Hold the ports of ENTRY from FIRST on; what was chosen is filled in. *RET_FAILED is the one that
 * failed. LOCK is held. */
static int claim_ports(struct hull_call *call, struct entry *entry, size_t first,
                       size_t *ret_failed)
{
    size_t count = entry->ports.ports.n - first;
    struct claim_work work = {hull_alloc(call, (count + 1) * sizeof(*work.claims)), count};
    *ret_failed = first;
    for (size_t i = 0; i < count; i++) {
        const struct firewall_port *port = &entry->ports.ports.v[first + i];
        int rc = fw_port_read(call, port, &work.claims[i].port);
        if (rc < 0)
            return rc;
        work.claims[i].last = (uint16_t)port->host_port_end;
        work.claims[i].twin = port->twin;
        work.claims[i].done = false;
        work.claims[i].fd = -1;
    }
    int rc = hull_work(call, run_claim, &work);
    for (size_t i = 0; i < count; i++) {
        struct firewall_port *port = &entry->ports.ports.v[first + i];
        entry->fds[first + i] = work.claims[i].fd;
        port->host_port = work.claims[i].port.host_port;
        port->host_port_end = rc == 0 ? 0 : port->host_port_end;
        *ret_failed += work.claims[i].done;
    }
    return rc;
}

static int publish(struct hull_call *call, const struct firewall_ports *request,
                   struct firewall_ports *ret_reply)
{
    int rc = take_lock(call);
    if (rc < 0)
        return rc;
    if (*find_holder(request->container_id) != NULL)
        return hull_fail(call, HULL_CONFLICT, "container %.12s has published ports already",
                         request->container_id);
    struct entry *entry = remember_ports(request);
    const char *id = hull_strdup(call, request->container_id);
    size_t failed;
    rc = claim_ports(call, entry, 0, &failed);
    if (rc == 0)
        rc = write_ports(call, &entry->ports, true);
    if (rc < 0) {
        drop_holder(id);
        return rc;
    }
    struct firewall_ports source = entry->ports;
    hull_message_copy(hull_call_arena(call), &firewall_ports_message, &source, ret_reply);
    return 0;
}

/* Thousands of sockets take long to close. */
static int run_free(struct hull_work *work, void *arg)
{
    (void)work;
    struct entry *alone = arg;
    struct entry *list = alone;
    alone->next = NULL;
    free_entry(&list);
    return 0;
}

static int unpublish(struct hull_call *call, const struct firewall_ports *request,
                     struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = take_lock(call);
    if (rc < 0)
        return rc;
    struct entry **link = find_holder(request->container_id);
    struct entry *gone = *link;
    if (gone == NULL)
        return 0;
    /* Taken out of memory first, so that a table that is written anew is without them. */
    *link = gone->next;
    rc = write_ports(call, &gone->ports, false);
    hull_shield(call);
    int closed = hull_work(call, run_free, gone);
    hull_unshield(call);
    return rc < 0 ? rc : closed;
}

/* --- ports of bridges ------------------------------------------------------------------------ */

struct guard_work {
    const struct firewall_guard *guards;
    size_t count;
    bool add;
    int result;
};

static int run_guards(struct hull_work *work, void *arg)
{
    (void)work;
    struct guard_work *change = arg;
    change->result = fw_guard_elements(table, change->guards, change->count, change->add);
    return 0;
}

/* LOCK is held; memory is as it shall be after. */
static int write_guards(struct hull_call *call, const struct firewall_guard *list, size_t count,
                        bool add)
{
    if (!ready)
        return add || !is_idle() ? write_table(call) : 0;
    if (!frames || count == 0)
        return 0;
    struct guard_work work = {list, count, add, 0};
    int rc = hull_work(call, run_guards, &work);
    if (rc < 0 || work.result == 0)
        return rc;
    return write_table(call); /* the table or an element is gone */
}

static void free_entries(struct entry *list)
{
    while (list != NULL)
        free_entry(&list);
}

/* Out of memory, and out of the table. LOCK is held. */
static int drop_guards(struct hull_call *call, const struct firewall_guard *gone)
{
    struct firewall_state list = {0};
    struct entry *taken = take_guards(gone);
    for (struct entry *entry = taken; entry != NULL; entry = entry->next)
        *(HULL_LIST_ADD(hull_call_arena(call), &list.guards)) = entry->guard;
    hull_shield(call);
    int rc = taken == NULL ? 0 : write_guards(call, list.guards.v, list.guards.n, false);
    hull_unshield(call);
    free_entries(taken);
    return rc;
}

static int guard(struct hull_call *call, const struct firewall_guard *request,
                 struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = fw_guard_check(call, request);
    if (rc == 0)
        rc = take_lock(call);
    if (rc == 0)
        rc = drop_guards(call, request);
    if (rc < 0)
        return rc;
    remember_guard(request);
    rc = write_guards(call, request, 1, true);
    if (rc < 0)
        free_entries(take_guards(request));
    return rc;
}

static int unguard(struct hull_call *call, const struct firewall_guard *request,
                   struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = take_lock(call);
    return rc < 0 ? rc : drop_guards(call, request);
}

/* --- restart --------------------------------------------------------------------------------- */

/* Hold again what can be held; containers keep their ports in any case. */
static void claim_again(struct hull_call *call, struct entry *entry)
{
    size_t failed;
    for (size_t first = 0; first < entry->ports.ports.n; first = failed + 1) {
        if (claim_ports(call, entry, first, &failed) == 0)
            return;
        hull_log(call, HULL_LOG_WARN, "host port not held", "container", entry->ports.container_id,
                 "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
}

static int restore(struct hull_call *call, const struct firewall_state *request,
                   struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = take_lock(call);
    for (size_t i = 0; i < request->networks.n && rc == 0; i++)
        rc = fw_network_check(call, &request->networks.v[i]);
    for (size_t i = 0; i < request->guards.n && rc == 0; i++)
        rc = fw_guard_check(call, &request->guards.v[i]);
    if (rc == 0)
        rc = check_barriers(call, request->barriers.v, request->barriers.n);
    if (rc < 0)
        return rc;
    free_entries(guards);
    guards = NULL;
    while (networks != NULL)
        free_entry(&networks);
    while (holders != NULL)
        free_entry(&holders);
    const struct firewall_barriers wanted = {{request->barriers.n, request->barriers.v}};
    remember_barriers(&wanted);
    for (size_t i = 0; i < request->networks.n; i++)
        remember_network(&request->networks.v[i]);
    for (size_t i = 0; i < request->guards.n; i++)
        remember_guard(&request->guards.v[i]);
    for (size_t i = 0; i < request->containers.n; i++)
        claim_again(call, remember_ports(&request->containers.v[i]));
    return is_idle() ? delete_table(call) : write_table(call);
}

/* Called by the watch: write the table again when rules are missing. */
static int look(struct hull_call *call)
{
    struct counting count;
    int rc = take_lock(call);
    if (rc < 0 || !ready)
        return rc;
    rc = hull_work(call, run_count, &count);
    if (rc < 0 || (count.total - count.admin == fw_table_rules(&barriers, &mark) &&
                   count.frames == (frames ? fw_guard_rules() : 0)))
        return rc;
    hull_log(call, HULL_LOG_WARN, "rules were removed by another program, they are put back",
             "table", table, NULL);
    return write_table(call);
}

/* A request of its own, so that the lock is given back when it ends. */
static int look_task(struct hull_call *call, void *arg)
{
    (void)arg;
    return look(call);
}

static int look_again(struct hull_call *call)
{
    return hull_task_join(call, hull_task_start(call, "firewall-look", look_task, NULL));
}

/* --- questions ------------------------------------------------------------------------------- */

struct asking {
    struct fw_asked asked;  /* about the way there */
    struct fw_asked sender; /* and to who sends */
    struct ip_addr source, destination;
};

/* LOCK is held: the library is for one at a time. */
static int run_asking(struct hull_work *work, void *arg)
{
    struct asking *asking = arg;
    (void)work;
    if (asking->destination.family != 0)
        fw_ask_route(&asking->asked, &asking->destination);
    if (asking->source.family != 0)
        fw_ask_route(&asking->sender, &asking->source);
    struct nft nft;
    struct hull_problem ignored = {0};
    if (nft_open(&nft, &ignored) == 0)
        fw_ask_rules(&asking->asked, &nft, table);
    nft_close(&nft);
    return 0;
}

static void free_asking(struct hull_call *call, void *arg)
{
    struct asking *asking = arg;
    (void)call;
    fw_asked_done(&asking->asked);
    fw_asked_done(&asking->sender);
}

static int explain(struct hull_call *call, const struct firewall_explain_request *request,
                   struct firewall_explain_reply *ret_reply)
{
    struct asking *asking = hull_alloc(call, sizeof(*asking));
    struct firewall_explain_request question = *request;
    struct firewall_state state;
    struct fw_facts facts;
    int rc = take_lock(call);
    if (rc < 0)
        return rc;
    (void)ip_parse(request->destination, &asking->destination);
    if (hull_streq(request->kind, "lan"))
        (void)ip_parse(request->source, &asking->source);
    hull_defer(call, free_asking, asking);
    rc = hull_work(call, run_asking, asking);
    if (rc < 0)
        return rc;
    fw_facts_read(call, &asking->asked, table, &facts);
    facts.loop6 = loop6 && nif_loopback6();
    if (asking->sender.local)
        question.kind = "host";
    if (asking->sender.oif[0] != '\0' && question.interface == NULL)
        question.interface = asking->sender.oif;
    gather(call, &state);
    rc = fw_explain(call, &state, &facts, &question, ret_reply);
    if (rc == 0) { /* what it says points into memory that others change */
        struct firewall_explain_reply said = *ret_reply;
        hull_message_copy(hull_call_arena(call), &firewall_explain_reply_message, &said, ret_reply);
    }
    return rc;
}

/* --- the plugin ------------------------------------------------------------------------------ */

static int init(struct hull_call *call)
{
    const char *suffix = instance_suffix();
    size_t size = strlen(suffix) + sizeof("hull-");
    table = calloc(1, size);
    HULL_ASSERT(table != NULL);
    snprintf(table, size, "hull%s%s", *suffix == '\0' ? "" : "-", suffix);
    if (fw_mark_read(call, &mark) < 0)
        return -HULL_INVALID;
    nft_keep_low_fds();
    watch = (struct fw_watch){table, look_again};
    hull_spawn("firewall-watch", fw_watch_run, &watch);
    return 0;
}

static void fini(void)
{
    while (networks != NULL)
        free_entry(&networks);
    while (holders != NULL)
        free_entry(&holders);
    free_entries(guards);
    guards = NULL;
    if (barriers_arena != NULL)
        hull_arena_free(barriers_arena);
    barriers_arena = NULL;
    barriers = (struct firewall_barriers){0};
    fw_elements_done();
    nft_drop_low_fds();
    free(table);
    table = NULL;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(firewall, network_add, network_add),
    HULL_HANDLE(firewall, network_remove, network_remove),
    HULL_HANDLE(firewall, publish, publish),
    HULL_HANDLE(firewall, unpublish, unpublish),
    HULL_HANDLE(firewall, guard, guard),
    HULL_HANDLE(firewall, unguard, unguard),
    HULL_HANDLE(firewall, bar, bar),
    HULL_HANDLE(firewall, explain, explain),
    HULL_HANDLE(firewall, restore, restore),
    {},
};
HULL_PLUGIN(support_firewall, .port = "support/firewall", .version = "1", .handlers = handlers,
            .init = init, .fini = fini);
