/*
 * cni.c: the driver "cni": networks that CNI plugins make, by a configuration list of theirs.
 *
 * `-o conf=` names the configuration: a file, or the name that one in /etc/cni/net.d has; without
 * it the network's own name is looked for. It is read once, when the network is made, and kept:
 * what was added by it can be deleted by it, whatever becomes of the file.
 *
 * The plugins hand out addresses and publish ports (the capability portMappings), so that neither
 * ipam nor the firewall is asked. What is about to be added is recorded before, its result after:
 * after a crash, or when DEL failed, it is deleted later, at the latest with the network.
 *
 * A container's namespace is gone when it has ended, and some plugins then skip most of DEL, for
 * they find out from the interface what they had set up. They are given a stand-in: an empty
 * namespace with an interface of the same name and addresses.
 */
#include "cni.h"

#include "address.h"
#include "json.h"
#include "netif.h"
#include "netjoin.h"
#include "netns.h"
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION_CONF "conf"

HULL_MESSAGE_DEFINE(cni_options, CNI_OPTIONS_FIELDS)

/* Offers are JSON text as it goes to the plugins. */
#define CNI_RECORD_FIELDS(F, T)                                      \
    F(T, STRING, _, ifname, "IfName", 0, "")                         \
    F(T, JSON, _, port_mappings, "portMappings", HULL_OMIT, "")      \
    F(T, JSON, _, ips, "ips", HULL_OMIT, "")                         \
    F(T, JSON, _, mac, "mac", HULL_OMIT, "")                         \
    F(T, JSON, _, bandwidth, "bandwidth", HULL_OMIT, "")             \
    F(T, JSON, _, aliases, "aliases", HULL_OMIT, "")                 \
    F(T, JSON, _, dns, "dns", HULL_OMIT, "")                         \
    F(T, JSON, _, ip_ranges, "ipRanges", HULL_OMIT, "")              \
    F(T, JSON, _, guid, "infinibandGUID", HULL_OMIT, "")             \
    F(T, JSON, _, device, "deviceID", HULL_OMIT, "")                 \
    F(T, STRING, _, daemon, "Daemon", HULL_OMIT, "Whose ADD it was") \
    F(T, JSON, _, result, "Result", HULL_OMIT, "Of ADD, when it was done")
HULL_MESSAGE_DECLARE(cni_record, CNI_RECORD_FIELDS)
HULL_MESSAGE_DEFINE(cni_record, CNI_RECORD_FIELDS)

const struct cni_options *cni_options(void)
{
    return hull_plugin_options("network/cni");
}

/* --- networks --------------------------------------------------------------------------------- */

static int about(struct hull_call *call, const struct netdriver_about_request *request,
                 struct netdriver_about_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct netdriver_about_reply){.scope = "local",
                                                .own_addresses = true,
                                                .own_ports = true,
                                                .restores = true,
                                                .takes_pools = true};
    return 0;
}

static int check_options(struct hull_call *call, const struct hull_map *options)
{
    for (size_t i = 0; i < options->n; i++) {
        const char *key = options->v[i].key, *value = options->v[i].value;
        if (strcmp(key, OPTION_CONF) != 0 && strcmp(key, CNI_OPTION_CHECK) != 0)
            return hull_fail(call, HULL_INVALID, "network driver cni: option %s is not known", key);
        if (strcmp(key, CNI_OPTION_CHECK) == 0 && !hull_streq(value, "true") &&
            !hull_streq(value, "false"))
            return hull_fail(call, HULL_INVALID, "check: \"%s\" is neither true nor false", value);
    }
    return 0;
}

static int parse_conf(struct hull_call *call, const char *text, struct cni_conf *ret)
{
    struct hull_problem problem;
    if (cni_conf_parse(hull_call_arena(call), text, strlen(text), ret, &problem) < 0)
        return hull_fail(call, problem.kind, "conf: %s", problem.text);
    return 0;
}

int cni_load_conf(struct hull_call *call, const struct network *network, struct cni_conf *ret,
                  bool *ret_found)
{
    struct state_document document;
    int rc = state_find(call, NULL, CNI_NETWORKS, network->id, &document, ret_found);
    return rc < 0 || !*ret_found ? rc : parse_conf(call, document.value, ret);
}

static int create(struct hull_call *call, const struct netdriver_network *request,
                  struct hull_empty *ret_reply)
{
    (void)ret_reply;
    const struct network *network = &request->network;
    const char *reference = hull_map_find(&network->options, OPTION_CONF);
    const char *text, *program;
    struct cni_conf conf;
    bool found = false;
    int rc = check_options(call, &network->options);
    if (rc == 0)
        rc = cni_load_conf(call, network, &conf, &found);
    if (rc < 0 || found)
        return rc;
    if (network->internal)
        return hull_fail(call, HULL_INVALID,
                         "network driver cni: whether a network is internal is up to its "
                         "configuration");
    rc = cni_find_conf(call, hull_streq(reference, NULL) ? network->name : reference, &text);
    if (rc == 0)
        rc = parse_conf(call, text, &conf);
    if (rc == 0)
        rc = cni_check_pools(call, network, &conf);
    for (size_t i = 0; rc == 0 && i < conf.count; i++)
        rc = cni_find_plugin(call, conf.plugins[i].type, &program);
    if (rc == 0)
        rc = cni_status(call, &conf);
    return rc < 0 ? rc : state_put(call, NULL, CNI_NETWORKS, network->id, text, true);
}

/* --- containers: what is recorded ------------------------------------------------------------- */

static const char *key_of(struct hull_call *call, const char *network_id, const char *container_id)
{
    return hull_printf(call, "%s/%s", network_id, container_id);
}

static int save(struct hull_call *call, const char *network_id, const struct cni_attachment *a)
{
    const char *const *v = a->offers.v;
    struct cni_record record = {.ifname = a->ifname,
                                .port_mappings = v[CNI_PORT_MAPPINGS],
                                .ips = v[CNI_IPS],
                                .mac = v[CNI_MAC],
                                .bandwidth = v[CNI_BANDWIDTH],
                                .aliases = v[CNI_ALIASES],
                                .dns = v[CNI_DNS],
                                .ip_ranges = v[CNI_IP_RANGES],
                                .guid = v[CNI_GUID],
                                .device = v[CNI_DEVICE],
                                .daemon = cni_daemon(),
                                .result = a->result};
    return state_put(call, NULL, CNI_ENDPOINTS, key_of(call, network_id, a->container_id),
                     json_string(hull_call_arena(call), &cni_record_message, &record), false);
}

int cni_read_record(struct hull_call *call, const char *text, struct cni_attachment *a)
{
    struct cni_record record;
    int rc = json_decode_call(call, &cni_record_message, text, strlen(text), 0, &record);
    if (rc < 0)
        return rc;
    a->ifname = record.ifname;
    a->offers = (struct cni_offers){.v = {[CNI_PORT_MAPPINGS] = record.port_mappings,
                                          [CNI_IPS] = record.ips,
                                          [CNI_MAC] = record.mac,
                                          [CNI_BANDWIDTH] = record.bandwidth,
                                          [CNI_ALIASES] = record.aliases,
                                          [CNI_DNS] = record.dns,
                                          [CNI_IP_RANGES] = record.ip_ranges,
                                          [CNI_GUID] = record.guid,
                                          [CNI_DEVICE] = record.device}};
    a->daemon = record.daemon;
    a->result = record.result;
    return 0;
}

/* --- a stand-in for a namespace that is gone -------------------------------------------------- */

struct stand_in {
    const struct cni_attachment *attachment;
    int fd; /* or -errno */
};

static int furnish(int netns_fd, const char *ifname, const struct cni_result *result)
{
    struct nif_inside inside = {.name = ifname};
    struct nl_batch batch = {0};
    HULL_AUTO_FD fd = nl_open_in(netns_fd, NL_IPV6_AS_IS);
    if (fd < 0)
        return fd;
    for (size_t i = 0; i < HULL_COUNT(inside.nets); i++) {
        if (ip_parse(result->address[i], &inside.nets[i].addr))
            inside.nets[i].length = (unsigned)result->length[i];
    }
    nif_begin(&batch, NLM_F_CREATE | NLM_F_EXCL, 0, false, ifname);
    nif_kind_end(&batch, nif_kind(&batch, "bridge"));
    int rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    return rc < 0 ? rc : nif_configure(fd, &inside, NULL, NULL);
}

static int make_stand_in(struct hull_work *work, void *arg)
{
    struct stand_in *s = arg;
    const struct cni_attachment *a = s->attachment;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct cni_result result;
    if (cni_result_parse(arena, a->result, strlen(a->result), a->ifname, &result, &work->problem) <
        0)
        return -(int)work->problem.kind;
    HULL_AUTO_FD fd = netns_new();
    int rc = fd < 0 ? fd : furnish(fd, a->ifname, &result);
    if (rc < 0)
        return nif_fail(work, rc, NULL, "namespace to delete in", a->ifname);
    s->fd = HULL_TAKE_FD(fd);
    return 0;
}

static const char *netns_path(struct hull_call *call, int fd)
{
    return hull_printf(call, "/proc/%d/fd/%d", (int)getpid(), fd);
}

int cni_detach(struct hull_call *call, struct cni_attachment *a, int netns_fd)
{
    struct stand_in stand_in = {a, -1};
    a->netns = netns_fd < 0 ? "" : netns_path(call, netns_fd);
    if (netns_fd < 0 && a->result != NULL) {
        if (hull_work(call, make_stand_in, &stand_in) < 0)
            hull_log(call, HULL_LOG_WARN, "CNI plugins have to delete without a namespace", "error",
                     hull_error(call), NULL);
        else
            a->netns = netns_path(call, stand_in.fd);
    }
    int rc = cni_del(call, a);
    hull_fd_cleanup(&stand_in.fd);
    return rc;
}

/* --- containers ------------------------------------------------------------------------------- */

struct undo {
    const char *network_id;
    struct cni_attachment attachment;
    int netns_fd;
};

/* DEL and forget; what could not be deleted stays on record. */
static int take_back(struct hull_call *call, const char *network_id, struct cni_attachment *a,
                     int netns_fd)
{
    int rc = cni_detach(call, a, netns_fd);
    return rc < 0 ? rc
                  : state_put(call, NULL, CNI_ENDPOINTS, key_of(call, network_id, a->container_id),
                              NULL, false);
}

static void undo_add(struct hull_call *call, void *arg)
{
    struct undo *undo = arg;
    if (take_back(call, undo->network_id, &undo->attachment, undo->netns_fd) < 0)
        hull_log(call, HULL_LOG_WARN, "CNI plugins did not take back what they added", "error",
                 hull_error(call), NULL);
}

struct room {
    int netns_fd;
    const char *ifname;
};

/*
 * Loopback up, and no interface of the name: plugins go by it, and DEL after a failed ADD would
 * delete that of somebody else.
 */
static int make_room(struct hull_work *work, void *arg)
{
    const struct room *room = arg;
    HULL_AUTO_FD fd = nl_open_in(room->netns_fd, NL_IPV6_AS_IS);
    struct nl_batch batch = {0};
    bool own = false;
    if (fd < 0)
        return nif_fail(work, fd, NULL, "network namespace of interface", room->ifname);
    if (nif_is_own(fd, room->ifname, &own) != -ENODEV)
        return hull_problem_set(&work->problem, HULL_CONFLICT,
                                "the container has an interface %s already", room->ifname);
    nif_begin(&batch, 0, 1, true, NULL);
    int rc = nl_transact(fd, &batch, NULL, NULL, NULL);
    nl_done(&batch);
    return rc < 0 ? nif_fail(work, rc, NULL, "interface", "lo") : 0;
}

/* The host may forward what comes from and goes to the other ends of what a plugin made, also
 * where it forwards for nobody else. */
static int mark_outside(struct hull_work *work, void *arg)
{
    const struct hull_strv *names = arg;
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    int rc = fd < 0 ? fd : 0;
    for (size_t i = 0; i < names->n && rc == 0; i++)
        rc = netjoin_name_valid(names->v[i]) ? nif_mark_guest(fd, names->v[i]) : 0;
    return rc == 0 ? 0 : nif_fail(work, rc, NULL, "group of interfaces of", "CNI");
}

static int fill_reply(struct hull_call *call, const struct cni_attachment *a,
                      struct netdriver_join_reply *ret)
{
    struct cni_result result;
    struct hull_problem problem = {.kind = HULL_OK};
    if (cni_result_parse(hull_call_arena(call), a->result, strlen(a->result), a->ifname, &result,
                         &problem) < 0)
        return hull_fail_problem(call, &problem);
    ret->mac_address = result.mac;
    ret->ip_address = result.address[0];
    ret->ip_prefix_len = result.length[0];
    ret->gateway = result.gateway[0];
    ret->global_ipv6_address = result.address[1];
    ret->global_ipv6_prefix_len = result.length[1];
    ret->ipv6_gateway = result.gateway[1];
    ret->dns_servers = result.dns_servers;
    ret->dns_search = result.dns_search;
    ret->dns_options = result.dns_options;
    return result.outside.n > 0 ? hull_work(call, mark_outside, &result.outside) : 0;
}

static int add(struct hull_call *call, const struct netdriver_join_request *request,
               struct undo *undo)
{
    struct cni_attachment *a = &undo->attachment;
    struct room room = {request->netns_fd, a->ifname};
    int rc = hull_work(call, make_room, &room);
    if (rc == 0)
        rc = save(call, undo->network_id, a);
    if (rc < 0)
        return rc;
    hull_undo(call, undo_add, undo);
    rc = cni_add(call, a);
    if (rc == 0)
        rc = save(call, undo->network_id, a);
    if (rc == 0 && hull_streq(hull_map_find(&request->network.options, CNI_OPTION_CHECK), "true"))
        rc = cni_check(call, a);
    return rc;
}

static int join(struct hull_call *call, const struct netdriver_join_request *request,
                struct netdriver_join_reply *ret_reply)
{
    struct undo *undo = hull_alloc(call, sizeof(*undo));
    struct cni_conf *conf = hull_alloc(call, sizeof(*conf));
    struct cni_attachment *a = &undo->attachment;
    bool found = false;
    if (request->netns_fd < 0)
        return hull_fail(call, HULL_CONFLICT, "container %.12s has no network namespace",
                         request->container_id);
    int rc = cni_enter(call, request->network.id);
    if (rc == 0)
        rc = cni_load_conf(call, &request->network, conf, &found);
    if (rc == 0 && !found)
        rc = hull_fail(call, HULL_INTERNAL, "network %s: its configuration is lost: make it again",
                       request->network.name);
    if (rc == 0)
        rc = cni_make_offers(call, request, conf, &a->offers);
    if (rc < 0)
        return rc;
    undo->network_id = hull_strdup(call, request->network.id);
    undo->netns_fd = request->netns_fd;
    a->conf = conf;
    a->container_id = hull_strdup(call, request->container_id);
    a->ifname = hull_strdup(call, request->ifname);
    a->netns = netns_path(call, request->netns_fd);
    rc = add(call, request, undo);
    ret_reply->ports.n = request->ports.n;
    ret_reply->ports.v = request->ports.v;
    return rc < 0 ? rc : fill_reply(call, a, ret_reply);
}

static int leave(struct hull_call *call, const struct netdriver_leave_request *request,
                 struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct cni_attachment a = {.container_id = request->container_id};
    const char *key = key_of(call, request->network.id, request->container_id);
    struct state_document document;
    struct cni_conf conf;
    bool found = false;
    int rc = cni_enter(call, request->network.id);
    if (rc == 0)
        rc = state_find(call, NULL, CNI_ENDPOINTS, key, &document, &found);
    if (rc == 0 && !found)
        return 0;
    if (rc == 0)
        rc = cni_read_record(call, document.value, &a);
    if (rc == 0)
        rc = cni_load_conf(call, &request->network, &conf, &found);
    if (rc < 0 || !found)
        return rc;
    a.conf = &conf;
    return take_back(call, request->network.id, &a, request->netns_fd);
}

/* --- removing a network ----------------------------------------------------------------------- */

static int remove_network(struct hull_call *call, const struct netdriver_network *request,
                          struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct cni_conf conf;
    bool found = false;
    int rc = cni_enter(call, request->network.id);
    if (rc == 0)
        rc = cni_load_conf(call, &request->network, &conf, &found);
    if (rc < 0 || !found)
        return rc;
    rc = cni_remove_rests(call, request->network.id, &conf);
    return rc < 0 ? rc : state_put(call, NULL, CNI_NETWORKS, request->network.id, NULL, false);
}

static const char *const needs[] = {"state", NULL};
static const struct hull_handler handlers[] = {
    HULL_HANDLE(netdriver, about, about),
    HULL_HANDLE(netdriver, create, create),
    HULL_HANDLE(netdriver, remove, remove_network),
    HULL_HANDLE(netdriver, join, join),
    HULL_HANDLE(netdriver, leave, leave),
    HULL_HANDLE(netdriver, restore, cni_restore),
    {},
};
HULL_PLUGIN(network_cni, .port = "network/cni", .version = "1", .needs = needs,
            .handlers = handlers, .options = &cni_options_message);
