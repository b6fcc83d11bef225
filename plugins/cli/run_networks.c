/*
 * The networks of run and create: --network as a name or as name=…,alias=…, and the older flags,
 * which are about the first one.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/run.h"

static struct endpoint_settings *endpoint(struct cli *cli, struct run_options *options,
                                          const char *network)
{
    if (options->create.networking_config == NULL)
        options->create.networking_config = HULL_NEW(cli->arena, struct networking_config);
    struct endpoint_settings *found =
        HULL_MSGMAP_FIND(&options->create.networking_config->endpoints_config, network);
    if (found == NULL)
        found = HULL_MSGMAP_ADD(cli->arena, &options->create.networking_config->endpoints_config,
                                network);
    return found;
}

static struct endpoint_ipam_config *addresses(struct cli *cli, struct endpoint_settings *settings)
{
    if (settings->ipam_config == NULL)
        settings->ipam_config = HULL_NEW(cli->arena, struct endpoint_ipam_config);
    return settings->ipam_config;
}

/* --- one --network ---------------------------------------------------------------------------- */

struct attachment {
    const char *name;
    struct endpoint_settings settings;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* "key=value" somewhere, and not just the name of a network. */
static bool is_long(const char *text)
{
    for (const char *at = strchr(text, '='); at != NULL; at = strchr(at + 1, '='))
        if (at > text && is_word(at[-1]) && is_word(at[1]))
            return true;
    return false;
}

static bool take_priority(struct cli *cli, const char *value, struct attachment *to)
{
    char *end;
    errno = 0;
    to->settings.gw_priority = strtoll(value, &end, 10);
    if (end == value || *end != '\0' || isspace((unsigned char)*value))
        return cli_problem(cli, "invalid gw-priority (%s): invalid syntax", value);
    return errno == 0 || cli_problem(cli, "invalid gw-priority (%s): value out of range", value);
}

static bool take_driver_opt(struct cli *cli, const char *value, struct attachment *to)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return cli_problem(cli, "invalid key value pair format in driver options");
    hull_map_set(cli->arena, &to->settings.driver_opts,
                 hull_arena_strndup(cli->arena, value, (size_t)(equals - value)), equals + 1);
    return true;
}

static bool take_field(struct cli *cli, const char *key, const char *value, struct attachment *to)
{
    struct endpoint_settings *settings = &to->settings;
    if (strcmp(key, "gw-priority") == 0)
        return take_priority(cli, value, to);
    if (strcmp(key, "driver-opt") == 0)
        return take_driver_opt(cli, value, to);
    if (strcmp(key, "name") == 0)
        to->name = value;
    else if (strcmp(key, "alias") == 0)
        hull_strv_add(cli->arena, &settings->aliases, value);
    else if (strcmp(key, "ip") == 0)
        addresses(cli, settings)->ipv4_address = value;
    else if (strcmp(key, "ip6") == 0)
        addresses(cli, settings)->ipv6_address = value;
    else if (strcmp(key, "link-local-ip") == 0)
        hull_strv_add(cli->arena, &addresses(cli, settings)->linklocal_ips, value);
    else if (strcmp(key, "mac-address") == 0)
        settings->mac_address = value;
    else
        return cli_problem(cli, "invalid field key %s", key);
    return true;
}

/* "name", or "name=n,alias=a,ip=1.2.3.4,…" */
static bool parse_network(struct cli *cli, const char *text, struct attachment *ret)
{
    struct hull_strv parts;
    *ret = (struct attachment){.name = text};
    if (!is_long(text))
        return true;
    if (!run_csv(cli, text, &parts))
        return false;
    ret->name = NULL;
    for (size_t i = 0; i < parts.n; i++) {
        const char *equals = strchr(parts.v[i], '=');
        if (equals == NULL || equals == parts.v[i])
            return cli_problem(cli, "invalid field %s", parts.v[i]);
        const char *start = parts.v[i] + strspn(parts.v[i], " ");
        char *key = hull_arena_strndup(cli->arena, start, (size_t)(equals - start));
        for (char *at = key; *at != '\0'; at++)
            *at = (char)tolower((unsigned char)*at);
        if (!take_field(cli, key, equals + 1, ret))
            return false;
    }
    return (ret->name != NULL && *ret->name != '\0') ||
           cli_problem(cli, "network name/id is not specified");
}

bool check_network(struct cli *cli, const char *value)
{
    struct attachment attachment;
    return parse_network(cli, value, &attachment);
}

/* True for 6, 8 or 20 bytes as 01:23:…, 01-23-… or 0123.45…, which are all that Go reads. */
static bool is_hardware_address(const char *text)
{
    size_t length = strlen(text);
    size_t group = length > 4 && text[4] == '.' ? 4 : 2;
    size_t bytes = (length + 1) / (group + 1) * group / 2;
    if ((length + 1) % (group + 1) != 0 || (bytes != 6 && bytes != 8 && bytes != 20))
        return false;
    for (size_t i = 0; i < length; i++) {
        bool separator = i % (group + 1) == group;
        bool fits = separator ? text[i] == text[group] && strchr(":-.", text[i]) != NULL
                              : isxdigit((unsigned char)text[i]) != 0;
        if (!fits)
            return false;
    }
    return (group == 4) == (text[group] == '.');
}

/* --- all of them ------------------------------------------------------------------------------ */

/* What is made by users, other than the networks that are there from the beginning. */
static bool is_user_defined(const char *name)
{
    static const char *const own[] = {"default", "bridge", "host", "none"};
    for (size_t i = 0; i < HULL_COUNT(own); i++)
        if (strcmp(name, own[i]) == 0)
            return false;
    return strncmp(name, "container:", strlen("container:")) != 0;
}

/* The older flags and the fields of the first --network may say a thing once. */
static bool check_twice(struct cli *cli, const struct run_options *options,
                        const struct endpoint_settings *first)
{
    const struct endpoint_ipam_config none = {};
    const struct endpoint_ipam_config *ipam = first->ipam_config ? first->ipam_config : &none;
    const struct {
        bool twice;
        const char *flag, *field;
    } rules[] = {
        {first->aliases.n > 0 && options->network_aliases.n > 0, "--network-alias",
         "per-network alias"},
        {ipam->ipv4_address != NULL && options->ip != NULL, "--ip", "per-network IPv4 address"},
        {ipam->ipv6_address != NULL && options->ip6 != NULL, "--ip6", "per-network IPv6 address"},
        {first->mac_address != NULL && options->mac != NULL, "--mac-address",
         "per-network MAC address"},
        {ipam->linklocal_ips.n > 0 && options->linklocal_ips.n > 0, "--link-local-ip",
         "per-network link-local IP addresses"},
    };
    for (size_t i = 0; i < HULL_COUNT(rules); i++)
        if (rules[i].twice)
            return cli_problem(cli, "conflicting options: cannot specify both %s and %s",
                               rules[i].flag, rules[i].field);
    return true;
}

/* A --network with the aliases that the first one gets from --network-alias. */
static bool check_attachment(struct cli *cli, const struct attachment *one, size_t more_aliases)
{
    const char *mac = one->settings.mac_address;
    if (one->name[strspn(one->name, " \t")] == '\0')
        return cli_problem(cli, "no name set for network");
    if (!is_user_defined(one->name) && one->settings.aliases.n + more_aliases > 0)
        return cli_problem(cli,
                           "network-scoped aliases are only supported for user-defined networks");
    return mac == NULL || is_hardware_address(mac) ||
           cli_problem(cli, "%s is not a valid mac address", mac);
}

/* Those of --network, in their order; RET_NAMES gets what they are called. */
static bool add_networks(struct cli *cli, struct run_options *options, struct hull_strv *ret_names)
{
    bool user = false, other = false;
    for (size_t i = 0; i < options->networks.n; i++) {
        struct attachment one;
        if (!parse_network(cli, options->networks.v[i], &one) ||
            (i == 0 && !check_twice(cli, options, &one.settings)) ||
            !check_attachment(cli, &one, i == 0 ? options->network_aliases.n : 0))
            return false;
        if (hull_strv_contains(ret_names, one.name))
            return cli_problem(cli, "network \"%s\" is specified multiple times", one.name);
        hull_strv_add(cli->arena, ret_names, one.name);
        *(is_user_defined(one.name) ? &user : &other) = true;
        if (options->networks.n > 1 || is_long(options->networks.v[i]))
            *endpoint(cli, options, one.name) = one.settings;
    }
    if (user && other)
        return cli_problem(cli, "conflicting options: cannot attach both user-defined and "
                                "non-user-defined network-modes");
    return true;
}

bool run_networks(struct cli *cli, struct run_options *options)
{
    struct hull_strv names = {};
    if (!hull_streq(options->mac, "") && !is_hardware_address(options->mac))
        return cli_problem(cli, "%s is not a valid mac address", options->mac);
    if (!add_networks(cli, options, &names))
        return false;
    const char *first = names.n > 0 ? names.v[0] : NULL;
    if (first == NULL && options->network_aliases.n > 0)
        return cli_problem(cli,
                           "network-scoped aliases are only supported for user-defined networks");
    options->create.host_config.network_mode = first == NULL ? "default" : first;
    bool settings = options->network_aliases.n + options->linklocal_ips.n > 0 ||
                    options->ip != NULL || options->ip6 != NULL || options->mac != NULL;
    if (!settings)
        return true;
    /* Daemons before 1.44 know one address for the container. */
    const char *version;
    int old = options->mac == NULL ? 0 : cli_daemon_before(cli, 44, &version);
    if (old < 0)
        return cli_problem(cli, "%s", cli_error_text(cli, old));
    if (old > 0)
        options->create.config.mac_address = options->mac;
    struct endpoint_settings *at = endpoint(cli, options, first == NULL ? "default" : first);
    for (size_t i = 0; i < options->network_aliases.n; i++)
        hull_strv_add(cli->arena, &at->aliases, options->network_aliases.v[i]);
    if (options->mac != NULL)
        at->mac_address = options->mac;
    if (options->ip != NULL)
        addresses(cli, at)->ipv4_address = options->ip;
    if (options->ip6 != NULL)
        addresses(cli, at)->ipv6_address = options->ip6;
    if (options->linklocal_ips.n > 0)
        addresses(cli, at)->linklocal_ips = options->linklocal_ips;
    return true;
}
