/*
 * From the flags of run and create to the request: networks and the addresses in them.
 */
#include <ctype.h>
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

/* "name", or "name=n,alias=a,ip=1.2.3.4,…" */
static bool parse_network(struct cli *cli, struct run_options *options, const char *text,
                          const char **ret_name)
{
    *ret_name = text;
    if (strchr(text, '=') == NULL)
        return true;
    struct hull_strv parts;
    if (!run_csv(cli, text, &parts))
        return false;
    struct endpoint_settings settings = {};
    *ret_name = NULL;
    for (size_t i = 0; i < parts.n; i++) {
        const char *value = strchr(parts.v[i], '=');
        if (value == NULL)
            return cli_problem(cli, "invalid field %s", parts.v[i]);
        const char *key =
            hull_arena_strndup(cli->arena, parts.v[i], (size_t)(value++ - parts.v[i]));
        if (strcmp(key, "name") == 0)
            *ret_name = value;
        else if (strcmp(key, "alias") == 0)
            hull_strv_add(cli->arena, &settings.aliases, value);
        else if (strcmp(key, "ip") == 0)
            addresses(cli, &settings)->ipv4_address = value;
        else if (strcmp(key, "ip6") == 0)
            addresses(cli, &settings)->ipv6_address = value;
        else if (strcmp(key, "mac-address") == 0)
            settings.mac_address = value;
        else if (strcmp(key, "gw-priority") == 0 && run_number(value, &settings.gw_priority))
            continue;
        else if (strcmp(key, "driver-opt") == 0 && strchr(value, '=') != NULL)
            hull_map_set(cli->arena, &settings.driver_opts,
                         hull_arena_strndup(cli->arena, value, strcspn(value, "=")),
                         strchr(value, '=') + 1);
        else
            return cli_problem(cli, "invalid field key %s", key);
    }
    if (*ret_name == NULL)
        return cli_problem(cli, "network name/id is not specified");
    *endpoint(cli, options, *ret_name) = settings;
    return true;
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

bool run_networks(struct cli *cli, struct run_options *options)
{
    const char *first = NULL;
    if (!hull_streq(options->mac, "") && !is_hardware_address(options->mac))
        return cli_problem(cli, "%s is not a valid mac address", options->mac);
    for (size_t i = 0; i < options->networks.n; i++) {
        const char *name;
        if (!parse_network(cli, options, options->networks.v[i], &name))
            return false;
        if (options->networks.n > 1)
            endpoint(cli, options, name);
        if (first == NULL)
            first = name;
    }
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
