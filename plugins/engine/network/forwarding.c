/*
 * forwarding.c: whether the kernel forwards packets, which it must for what goes beyond a bridge.
 *
 * Where it does not, it is turned on when the first network needs it, for each family alone. The
 * host did not forward before, and nobody wants it to be a router now: the firewall drops what
 * passes between other interfaces ("barrier"). So that this is known after a crash, it is recorded
 * before anything is changed, with the boot and the network namespace it is true for: after a
 * reboot the kernel has forgotten, and what is on then was turned on by somebody else.
 *
 * A host that learned its IPv6 routes from router advertisements would drop them when it begins to
 * forward: interfaces with such a route are told to go on listening (accept_ra 2), which is
 * recorded too.
 */
#include "net.h"

#include "api/config.h"
#include "failpoint.h"
#include "json.h"
#include "netif.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is recorded of a family. */
#define FORWARDING_FIELDS(F, T)                                          \
    F(T, STRING, _, boot, "Boot", 0, "Id of the boot it is true for")    \
    F(T, INT, _, netns, "Netns", 0, "Number of the network namespace")   \
    F(T, STRV, _, bridges, "Bridges", 0, "Those that were there before") \
    F(T, STRV, _, uplinks, "Uplinks", 0, "Interfaces told to go on hearing routers")
HULL_MESSAGE_DECLARE(forwarding, FORWARDING_FIELDS)
HULL_MESSAGE_DEFINE(forwarding, FORWARDING_FIELDS)

static struct family {
    const char *key;
    const char *path;
    const char *name;
    struct hull_arena *arena; /* of the record; NULL: not turned on here */
    struct forwarding record;
} families[] = {
    {.key = "ipv4", .path = "/proc/sys/net/ipv4/ip_forward", .name = "IPv4"},
    {.key = "ipv6", .path = "/proc/sys/net/ipv6/conf/all/forwarding", .name = "IPv6"},
};

static bool is_ipv6(const struct family *family)
{
    return family == &families[1];
}

/* --- where we are ----------------------------------------------------------------------------- */

static const char *boot_id(struct hull_call *call)
{
    char text[40];
    HULL_AUTO_FD fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
    return size < 36 ? "" : hull_arena_strndup(hull_call_arena(call), text, 36);
}

static int64_t own_netns(void)
{
    struct stat info;
    return stat("/proc/self/ns/net", &info) < 0 ? 0 : (int64_t)info.st_ino;
}

/* '0', '1', or 0 for a kernel that does not have the family. */
static char forwarding_now(const struct family *family)
{
    char now = 0;
    HULL_AUTO_FD fd = open(family->path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &now, 1) == 1 ? now : 0;
}

/* --- what the host has (worker) --------------------------------------------------------------- */

#define NAMES_MAX 1024

struct survey {
    bool ipv6;
    char (*bridges)[IF_NAMESIZE]; /* malloc'ed */
    size_t bridge_count;
    char (*uplinks)[IF_NAMESIZE];
    size_t uplink_count;
};

static void free_survey(struct hull_call *call, void *arg)
{
    struct survey *survey = arg;
    (void)call;
    free(survey->bridges);
    free(survey->uplinks);
}

static void add_name(char (*names)[IF_NAMESIZE], size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(names[i], name) == 0)
            return;
    }
    if (*count < NAMES_MAX)
        snprintf(names[(*count)++], IF_NAMESIZE, "%s", name);
}

static void take_bridge(const struct nlmsghdr *message, void *ctx)
{
    struct survey *survey = ctx;
    size_t skip = NLMSG_ALIGN(sizeof(struct ifinfomsg));
    const char *body = (const char *)NLMSG_DATA(message) + skip;
    size_t length = NLMSG_PAYLOAD(message, skip);
    const struct nlattr *info = nl_find(body, length, IFLA_LINKINFO);
    const struct nlattr *name = nl_find(body, length, IFLA_IFNAME);
    const struct nlattr *kind =
        info == NULL ? NULL : nl_find(nl_data(info), nl_size(info), IFLA_INFO_KIND);
    if (kind == NULL || name == NULL || nl_size(kind) != sizeof("bridge") ||
        memcmp(nl_data(kind), "bridge", sizeof("bridge")) != 0)
        return;
    const char *text = nl_data(name);
    if (nl_size(name) <= IF_NAMESIZE && strpbrk(text, "\"\\*") == NULL)
        add_name(survey->bridges, &survey->bridge_count, text);
}

/* The interface of a route that a router advertised, if the kernel hears routers there. */
static void take_route(const struct nlmsghdr *message, void *ctx)
{
    struct survey *survey = ctx;
    const struct rtmsg *head = NLMSG_DATA(message);
    size_t skip = NLMSG_ALIGN(sizeof(*head));
    const struct nlattr *out =
        nl_find((const char *)head + skip, NLMSG_PAYLOAD(message, skip), RTA_OIF);
    char name[IF_NAMESIZE];
    char value[8] = "";
    if (message->nlmsg_type != RTM_NEWROUTE || head->rtm_protocol != RTPROT_RA || out == NULL ||
        if_indextoname(nl_u32(out), name) == NULL)
        return;
    if (nif_sysctl_read("ipv6", name, "accept_ra", value, sizeof(value)) == 0 && value[0] == '1')
        add_name(survey->uplinks, &survey->uplink_count, name);
}

static int run_survey(struct hull_work *work, void *arg)
{
    struct survey *survey = arg;
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct rtmsg route = {.rtm_family = AF_INET6};
    survey->bridges = calloc(NAMES_MAX, IF_NAMESIZE);
    survey->uplinks = calloc(NAMES_MAX, IF_NAMESIZE);
    HULL_ASSERT(survey->bridges != NULL && survey->uplinks != NULL);
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    int rc = fd < 0 ? fd : nl_list(fd, RTM_GETLINK, &link, sizeof(link), take_bridge, survey);
    if (rc == 0 && survey->ipv6)
        rc = nl_list(fd, RTM_GETROUTE, &route, sizeof(route), take_route, survey);
    return rc == 0 ? 0 : nif_fail(work, rc, NULL, "can't look at the interfaces of", "this host");
}

static int look_around(struct hull_call *call, bool ipv6, struct survey **ret_survey)
{
    struct survey *survey = hull_alloc(call, sizeof(*survey));
    *survey = (struct survey){.ipv6 = ipv6};
    hull_defer(call, free_survey, survey);
    *ret_survey = survey;
    return hull_work(call, run_survey, survey);
}

/* --- the kernel's switch (worker) ------------------------------------------------------------- */

struct change {
    const struct family *family;
    const struct hull_strv *uplinks;
    bool on;
};

/* Those that hear routers only while they do not forward, or, turned off, what was changed. */
static int change_uplinks(const struct change *change)
{
    int rc = 0;
    for (size_t i = 0; i < change->uplinks->n && rc == 0; i++) {
        const char *name = change->uplinks->v[i];
        char value[8] = "";
        if (nif_sysctl_read("ipv6", name, "accept_ra", value, sizeof(value)) == 0 &&
            value[0] == (change->on ? '1' : '2'))
            rc = nif_sysctl("ipv6", name, "accept_ra", change->on ? "2" : "1");
    }
    return rc;
}

static int run_change(struct hull_work *work, void *arg)
{
    const struct change *change = arg;
    const char *path = change->family->path;
    int rc = change->on ? change_uplinks(change) : 0;
    HULL_AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (rc == 0 && (fd < 0 || write(fd, change->on ? "1" : "0", 1) != 1))
        rc = -errno;
    if (rc == 0 && !change->on)
        rc = change_uplinks(change);
    if (rc == 0)
        return 0;
    return hull_problem_set(&work->problem, hull_kind_of_errno(-rc),
                            "can't turn %s %s forwarding (%s): %s; set it yourself and use "
                            "--ip-forward=false",
                            change->on ? "on" : "off", change->family->name, path, strerror(-rc));
}

/* --- records ---------------------------------------------------------------------------------- */

static void forget(struct family *family)
{
    if (family->arena != NULL)
        hull_arena_free(family->arena);
    family->arena = NULL;
    family->record = (struct forwarding){0};
}

static void remember(struct family *family, const struct forwarding *record)
{
    struct forwarding copy = *record;
    forget(family);
    family->arena = hull_arena_new();
    hull_message_copy(family->arena, &forwarding_message, &copy, &family->record);
}

static int drop_record(struct hull_call *call, struct family *family)
{
    forget(family);
    return state_put(call, NULL, NETWORK_HOST_BUCKET, family->key, NULL, true);
}

int net_forwarding_load(struct hull_call *call)
{
    const char *boot = boot_id(call);
    int64_t netns = own_netns();
    for (size_t i = 0; i < HULL_COUNT(families); i++) {
        struct state_document document;
        struct forwarding record;
        bool found;
        int rc = state_find(call, NULL, NETWORK_HOST_BUCKET, families[i].key, &document, &found);
        if (rc < 0)
            return rc;
        if (!found)
            continue;
        if (json_decode_call(call, &forwarding_message, document.value, strlen(document.value), 0,
                             &record) < 0) {
            state_leave(call, &document);
            continue;
        }
        if (hull_streq(record.boot, boot) && record.netns == netns)
            remember(&families[i], &record);
        else if ((rc = drop_record(call, &families[i])) < 0)
            return rc;
    }
    return 0;
}

void net_forwarding_unload(void)
{
    for (size_t i = 0; i < HULL_COUNT(families); i++)
        forget(&families[i]);
}

void net_forwarding_barriers(struct hull_call *call, struct firewall_barriers *ret)
{
    const struct daemon_config *config = daemon_config();
    *ret = (struct firewall_barriers){0};
    if (config != NULL && config->ip_forward_no_drop)
        return;
    for (size_t i = 0; i < HULL_COUNT(families); i++) {
        if (families[i].arena == NULL)
            continue;
        struct firewall_barrier *barrier = HULL_LIST_ADD(hull_call_arena(call), &ret->barriers);
        barrier->ipv6 = is_ipv6(&families[i]);
        for (size_t k = 0; k < families[i].record.bridges.n; k++)
            hull_strv_add(hull_call_arena(call), &barrier->bridges,
                          hull_strdup(call, families[i].record.bridges.v[k]));
    }
}

static int set_barriers(struct hull_call *call)
{
    struct firewall_barriers barriers;
    struct hull_empty done;
    net_forwarding_barriers(call, &barriers);
    return firewall_bar(call, NET_FIREWALL, &barriers, &done);
}

/* --- on --------------------------------------------------------------------------------------- */

/* Whether the bridge NAME is of one of our networks. */
static bool is_ours(struct hull_call *call, const char *name)
{
    struct firewall_network rules;
    for (struct net_record *record = net_records; record != NULL; record = record->next) {
        if (net_firewall(call, record, &rules) && hull_streq(rules.bridge, name))
            return true;
    }
    return false;
}

static int describe(struct hull_call *call, const struct family *family, struct forwarding *ret)
{
    struct survey *survey;
    int rc = look_around(call, is_ipv6(family), &survey);
    if (rc < 0)
        return rc;
    *ret = (struct forwarding){.boot = boot_id(call), .netns = own_netns()};
    for (size_t i = 0; i < survey->bridge_count; i++) {
        if (!is_ours(call, survey->bridges[i]))
            hull_strv_add(hull_call_arena(call), &ret->bridges,
                          hull_strdup(call, survey->bridges[i]));
    }
    for (size_t i = 0; i < survey->uplink_count; i++)
        hull_strv_add(hull_call_arena(call), &ret->uplinks, hull_strdup(call, survey->uplinks[i]));
    return 0;
}

/* The turning on has failed, maybe half way. */
static void take_back(struct hull_call *call, void *arg)
{
    struct family *family = arg;
    struct change change = {family, &family->record.uplinks, false};
    if (hull_work(call, run_change, &change) < 0 || drop_record(call, family) < 0 ||
        set_barriers(call) < 0)
        hull_log(call, HULL_LOG_WARN, "forwarding not forgotten", "error", hull_error(call), NULL);
}

static int turn_on(struct hull_call *call, struct family *family)
{
    struct forwarding record;
    int rc = describe(call, family, &record);
    if (rc < 0)
        return rc;
    rc = state_put(call, NULL, NETWORK_HOST_BUCKET, family->key,
                   json_string(hull_call_arena(call), &forwarding_message, &record), true);
    if (rc < 0)
        return rc;
    remember(family, &record);
    FAILPOINT(network_forwarding_recorded);
    rc = set_barriers(call);
    if (rc == 0)
        rc = hull_work(call, run_change, &(struct change){family, &record.uplinks, true});
    FAILPOINT(network_forwarding_on);
    if (rc < 0) {
        hull_undo(call, take_back, family);
        return rc;
    }
    hull_log(call, HULL_LOG_WARN, "forwarding turned on for containers", "family", family->name,
             "note",
             "what passes between other interfaces is dropped; use --ip-forward-no-drop to let it",
             NULL);
    return 0;
}

int net_forwarding_need(struct hull_call *call, const struct network *network)
{
    const struct daemon_config *config = daemon_config();
    const bool wanted[] = {network->enable_ipv4, network->enable_ipv6};
    bool allowed = config == NULL || !config->ip_forward.set || config->ip_forward.value;
    for (size_t i = 0; i < HULL_COUNT(families); i++) {
        if (!wanted[i] || forwarding_now(&families[i]) != '0')
            continue;
        if (!allowed) {
            hull_log(call, HULL_LOG_WARN, "forwarding is disabled: networking will not work",
                     "family", families[i].name, "network", network->name, NULL);
            continue;
        }
        int rc = turn_on(call, &families[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- off -------------------------------------------------------------------------------------- */

/* Somebody made a bridge since, and may count on what was turned on. */
static bool is_used(struct hull_call *call, const struct family *family,
                    const struct survey *survey)
{
    for (size_t i = 0; i < survey->bridge_count; i++) {
        if (!hull_strv_contains(&family->record.bridges, survey->bridges[i]) &&
            !is_ours(call, survey->bridges[i]))
            return true;
    }
    return false;
}

int net_forwarding_end(struct hull_call *call)
{
    for (size_t i = 0; i < HULL_COUNT(families); i++) {
        struct family *family = &families[i];
        struct survey *survey;
        if (family->arena == NULL)
            continue;
        int rc = look_around(call, false, &survey);
        if (rc < 0)
            return rc;
        if (is_used(call, family, survey)) {
            hull_log(call, HULL_LOG_INFO, "forwarding stays on: there are bridges of others",
                     "family", family->name, NULL);
            continue;
        }
        rc = hull_work(call, run_change, &(struct change){family, &family->record.uplinks, false});
        if (rc == 0)
            rc = drop_record(call, family);
        if (rc < 0)
            return rc;
    }
    return 0;
}
