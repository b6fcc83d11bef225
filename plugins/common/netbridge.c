#include "netbridge.h"

#include "address.h"
#include "netjoin.h"
#include "truth.h"

#include <hull/hull.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A number follows the prefix. */
#define PREFIX_MAX 11

static const char *const mode_names[] = {
    [NETBRIDGE_NAT] = "nat",
    [NETBRIDGE_UNPROTECTED] = "nat-unprotected",
    [NETBRIDGE_ROUTED] = "routed",
    [NETBRIDGE_ISOLATED] = "isolated",
};

const char *netbridge_mode_name(enum netbridge_mode mode)
{
    return mode_names[mode];
}

bool netbridge_has_gateway(const struct netbridge *options, bool ipv6)
{
    return options->mode[ipv6] != NETBRIDGE_ISOLATED && (ipv6 || !options->inhibit_ipv4);
}

static int fail(struct hull_call *call, const char *name, const char *value, const char *why)
{
    return hull_fail(call, HULL_INVALID, "failed to parse %s value: %s (%s)", name, value, why);
}

/* --- one option each: VALUE, to where its row says ------------------------------------------- */

struct option {
    const char *name;
    int (*read)(struct hull_call *call, const struct option *option, const char *value, void *to);
    size_t offset; /* in struct netbridge */
};

static int read_truth(struct hull_call *call, const struct option *option, const char *value,
                      void *to)
{
    if (truth_parse(value, to))
        return 0;
    return fail(call, option->name, value, "it is true or false");
}

static int read_mode(struct hull_call *call, const struct option *option, const char *value,
                     void *to)
{
    for (size_t i = 0; i < HULL_COUNT(mode_names); i++) {
        if (strcmp(value, mode_names[i]) == 0) {
            *(enum netbridge_mode *)to = (enum netbridge_mode)i;
            return 0;
        }
    }
    return fail(call, option->name, value,
                hull_printf(call,
                            "unknown gateway mode %s: it is nat, nat-unprotected, routed or "
                            "isolated",
                            value));
}

static int read_address(struct hull_call *call, const struct option *option, const char *value,
                        void *to)
{
    struct ip_addr addr;
    if (!ip_parse(value, &addr))
        return fail(call, option->name, value, "it is an IP address");
    *(const char **)to = value;
    return 0;
}

/* TO is one of the two of "source"; an unset one is empty, as docker has it. */
static int read_source(struct hull_call *call, const struct option *option, const char *value,
                       void *to)
{
    bool ipv6 = strcmp(option->name, NETBRIDGE_SOURCE6) == 0;
    struct ip_addr addr;
    if (*value == '\0')
        return 0;
    if (!ip_parse(value, &addr) || (addr.family == AF_INET6) != ipv6 || ip_is_any(&addr) ||
        ip_is_loopback(&addr))
        return fail(call, option->name, value,
                    hull_printf(call, "it is an IPv%c address of this host", ipv6 ? '6' : '4'));
    *(const char **)to = value;
    return 0;
}

static int read_name(struct hull_call *call, const struct option *option, const char *value,
                     void *to)
{
    if (*value != '\0' && !netjoin_name_valid(value))
        return fail(call, option->name, value, "it can't be the name of an interface");
    if (*value != '\0')
        *(const char **)to = value;
    return 0;
}

static int read_prefix(struct hull_call *call, const struct option *option, const char *value,
                       void *to)
{
    int rc = read_name(call, option, value, to);
    if (rc == 0 && strlen(value) > PREFIX_MAX)
        rc = fail(call, option->name, value, "a number has to fit behind it: at most 11 letters");
    return rc;
}

/* Names with colons between them. */
static int read_names(struct hull_call *call, const struct option *option, const char *value,
                      void *to)
{
    for (const char *at = value; *at != '\0';) {
        size_t length = strcspn(at, ":");
        const char *name = hull_arena_strndup(hull_call_arena(call), at, length);
        if (length > 0 && (!netjoin_name_valid(name) || strpbrk(name, "\"\\*") != NULL))
            return fail(call, option->name, value,
                        "they are names of interfaces, with ':' between");
        if (length > 0)
            hull_strv_add(hull_call_arena(call), to, name);
        at += length + (at[length] == ':');
    }
    return 0;
}

/* Read by others. */
static int read_nothing(struct hull_call *call, const struct option *option, const char *value,
                        void *to)
{
    (void)call;
    (void)option;
    (void)value;
    (void)to;
    return 0;
}

static const struct option known[] = {
    {NETBRIDGE_NAME, read_name, offsetof(struct netbridge, bridge)},
    {NETBRIDGE_MODE4, read_mode, offsetof(struct netbridge, mode[0])},
    {NETBRIDGE_MODE6, read_mode, offsetof(struct netbridge, mode[1])},
    {NETBRIDGE_ICC, read_truth, offsetof(struct netbridge, icc)},
    {NETBRIDGE_MASQUERADE, read_truth, offsetof(struct netbridge, masquerade)},
    {NETBRIDGE_INHIBIT4, read_truth, offsetof(struct netbridge, inhibit_ipv4)},
    {NETBRIDGE_HOST_IP, read_address, offsetof(struct netbridge, host_ip)},
    {NETBRIDGE_SOURCE4, read_source, offsetof(struct netbridge, source[0])},
    {NETBRIDGE_SOURCE6, read_source, offsetof(struct netbridge, source[1])},
    {NETBRIDGE_PREFIX, read_prefix, offsetof(struct netbridge, prefix)},
    {NETBRIDGE_TRUSTED, read_names, offsetof(struct netbridge, trusted)},
    {NETBRIDGE_DEFAULT, read_nothing, 0},
    {NETBRIDGE_MTU, read_nothing, 0}, /* netjoin_mtu() */
};

/* --- all of them ----------------------------------------------------------------------------- */

static int read_option(struct hull_call *call, const struct hull_pair *pair, struct netbridge *ret)
{
    for (size_t i = 0; i < HULL_COUNT(known); i++) {
        if (strcmp(pair->key, known[i].name) == 0)
            return known[i].read(call, &known[i], pair->value, (char *)ret + known[i].offset);
    }
    return hull_fail(call, HULL_INVALID, "network driver bridge: option %s is not known",
                     pair->key);
}

int netbridge_read(struct hull_call *call, const struct network *network, struct netbridge *ret)
{
    *ret = (struct netbridge){.icc = true, .masquerade = true, .prefix = "eth"};
    for (size_t i = 0; i < network->options.n; i++) {
        int rc = read_option(call, &network->options.v[i], ret);
        if (rc < 0)
            return rc;
    }
    if (ret->bridge == NULL)
        ret->bridge = hull_printf(call, "hull-%.10s", network->id);
    for (size_t i = 0; i < HULL_COUNT(ret->mode); i++) {
        if (ret->mode[i] == NETBRIDGE_ISOLATED && !network->internal)
            return hull_fail(call, HULL_INVALID,
                             "gateway mode 'isolated' can only be used for an internal network: "
                             "add --internal");
    }
    return 0;
}
