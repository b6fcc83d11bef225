/*
 * Commands on networks and volumes but for their lists.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/common/address.h"

void add_labels(struct cli *cli, const struct hull_strv *from, struct hull_map *to)
{
    for (size_t i = 0; i < from->n; i++)
        cli_set_pair(cli, to, from->v[i]);
}

/* Whether TEXT, an address or a network, is in SUBNET. False: what can't be read is in
 * CLI->problem. */
static bool subnet_has(struct cli *cli, const char *subnet, const char *text, bool *ret)
{
    struct ip_net outer, inner = {};
    if (!ip_net_parse(subnet, &outer))
        return cli_problem(cli, "invalid subnet: invalid CIDR address: %s", subnet);
    if (strchr(text, '/') != NULL && !ip_net_parse(text, &inner))
        return cli_problem(cli, "invalid CIDR address: %s", text);
    *ret =
        (inner.addr.family != 0 || ip_parse(text, &inner.addr)) && ip_net_has(&outer, &inner.addr);
    return true;
}

/* The configuration whose subnet has TEXT, to RET; false with CLI->problem when there is none. */
static bool find_subnet(struct cli *cli, const struct ipam *ipam, const char *what,
                        const char *text, struct ipam_config **ret)
{
    for (size_t i = 0; i < ipam->config.n; i++) {
        bool has;
        if (!subnet_has(cli, ipam->config.v[i].subnet, text, &has))
            return false;
        *ret = &ipam->config.v[i];
        if (has)
            return true;
    }
    return cli_problem(cli, "no matching subnet for %s %s", what, text);
}

static bool add_subnet(struct cli *cli, struct ipam *ipam, const char *subnet)
{
    for (size_t i = 0; i < ipam->config.n; i++) {
        bool within, around;
        if (!subnet_has(cli, subnet, ipam->config.v[i].subnet, &around) ||
            !subnet_has(cli, ipam->config.v[i].subnet, subnet, &within))
            return false;
        if (within || around)
            return cli_problem(cli, "multiple overlapping subnet configuration is not supported");
    }
    HULL_LIST_ADD(cli->arena, &ipam->config)->subnet = subnet;
    return true;
}

static bool add_range(struct cli *cli, struct ipam *ipam, const char *range)
{
    struct ipam_config *config;
    struct ip_net net;
    if (!ip_net_parse(range, &net))
        return cli_problem(cli, "invalid CIDR address: %s", range);
    if (!find_subnet(cli, ipam, "range", range, &config))
        return false;
    if (config->ip_range != NULL)
        return cli_problem(cli, "cannot configure multiple ranges (%s, %s) on the same subnet (%s)",
                           range, config->ip_range, config->subnet);
    config->ip_range = range;
    return true;
}

static bool add_gateway(struct cli *cli, struct ipam *ipam, const char *gateway)
{
    struct ipam_config *config;
    if (!find_subnet(cli, ipam, "gateway", gateway, &config))
        return false;
    if (config->gateway != NULL)
        return cli_problem(cli,
                           "cannot configure multiple gateways (%s, %s) for the same subnet (%s)",
                           gateway, config->gateway, config->subnet);
    config->gateway = gateway;
    return true;
}

/* Ranges, gateways and reserved addresses go to the subnet that has them, whatever their order. */
static bool make_ipam(struct cli *cli, struct network_options *o)
{
    struct ipam *ipam = HULL_NEW(cli->arena, struct ipam);
    bool fine = true;
    o->create.ipam = ipam;
    ipam->driver = o->ipam_driver;
    ipam->options = o->ipam_opts;
    if (ipam->options.v == NULL) /* empty, as docker sends it, which is not absent */
        ipam->options.v = HULL_NEW(cli->arena, struct hull_pair);
    if (o->gateways.n > o->subnets.n || o->ranges.n > o->subnets.n)
        return cli_problem(cli, "every ip-range or gateway must have a corresponding subnet");
    for (size_t i = 0; fine && i < o->subnets.n; i++)
        fine = add_subnet(cli, ipam, o->subnets.v[i]);
    for (size_t i = 0; fine && i < o->ranges.n; i++)
        fine = add_range(cli, ipam, o->ranges.v[i]);
    for (size_t i = 0; fine && i < o->gateways.n; i++)
        fine = add_gateway(cli, ipam, o->gateways.v[i]);
    for (size_t i = 0; fine && i < o->aux.n; i++) {
        const struct hull_pair *pair = &o->aux.v[i];
        struct ipam_config *config;
        fine = find_subnet(cli, ipam, "aux-address", pair->value, &config);
        if (fine)
            hull_map_set(cli->arena, &config->auxiliary_addresses, pair->key, pair->value);
    }
    return fine;
}

int cmd_network_create(struct cli *cli)
{
    struct network_options *o = cli->options;
    struct network_create_reply reply;
    o->create.name = cli->argv[0];
    o->create.check_duplicate = true;
    o->create.driver = o->driver;
    if (o->config_from.network != NULL && *o->config_from.network != '\0')
        o->create.config_from = &o->config_from;
    add_labels(cli, &o->labels, &o->create.labels);
    if (!make_ipam(cli, o))
        return cli_complain(cli, "%s", cli->problem);
    int rc = network_create(cli->call, NULL, &o->create, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (!hull_streq(reply.warning, ""))
        fprintf(stderr, "WARNING: %s\n", reply.warning);
    printf("%s\n", reply.id);
    return 0;
}

int cmd_network_rm(struct cli *cli)
{
    const struct network_options *o = cli->options;
    int status = 0;
    for (size_t i = 0; i < cli->argc; i++) {
        struct network_ref request = {.id = cli->argv[i]};
        int rc = network_remove(cli->call, NULL, &request, NULL);
        if (rc == 0) {
            printf("%s\n", cli->argv[i]);
        } else if (rc == -HULL_NOT_FOUND && o->force) {
            hull_error_clear(cli->call);
        } else {
            status = cli_failed(cli, rc);
        }
    }
    return status == 0 ? 0 : cli_complain(cli, "exit status 1");
}

int cmd_network_connect(struct cli *cli)
{
    const struct network_options *o = cli->options;
    struct endpoint_ipam_config addresses = {
        .ipv4_address = o->ip, .ipv6_address = o->ip6, .linklocal_ips = o->linklocal_ips};
    struct endpoint_settings settings = {.ipam_config = &addresses,
                                         .links = o->links,
                                         .aliases = o->aliases,
                                         .gw_priority = o->gw_priority};
    for (size_t i = 0; i < o->driver_opts.n; i++) {
        if (strchr(o->driver_opts.v[i], '=') == NULL)
            return cli_complain(cli, "invalid key/value pair format in driver options");
        cli_set_pair(cli, &settings.driver_opts, o->driver_opts.v[i]);
    }
    struct container_connect_request request = {
        .id = cli->argv[0], .container = cli->argv[1], .endpoint_config = &settings};
    int rc = container_connect(cli->call, NULL, &request, NULL);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

int cmd_network_disconnect(struct cli *cli)
{
    const struct network_options *o = cli->options;
    struct container_connect_request request = {
        .id = cli->argv[0], .container = cli->argv[1], .force = o->force};
    int rc = container_disconnect(cli->call, NULL, &request, NULL);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

int cmd_network_prune(struct cli *cli)
{
    const struct prune_options *o = cli->options;
    struct network_prune_reply reply;
    if (!o->force &&
        !cli_confirm(cli, "WARNING! This will remove all custom networks not used by at least one "
                          "container.\nAre you sure you want to continue?"))
        return 0;
    int rc = network_prune(cli->call, NULL, &o->request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (reply.networks_deleted.n > 0) {
        printf("Deleted Networks:\n");
        for (size_t i = 0; i < reply.networks_deleted.n; i++)
            printf("%s\n", reply.networks_deleted.v[i]);
        printf("\n");
    }
    return 0;
}

/* --- volumes --------------------------------------------------------------------------------- */

int cmd_volume_create(struct cli *cli)
{
    struct volume_options *o = cli->options;
    struct volume reply;
    if (cli->argc > 0 && o->create.name != NULL)
        return cli_complain(cli, "conflicting options: cannot specify a volume name through both "
                                 "--name and as a positional arg");
    if (cli->argc > 0)
        o->create.name = cli->argv[0];
    add_labels(cli, &o->labels, &o->create.labels);
    int rc = volume_create(cli->call, NULL, &o->create, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    printf("%s\n", reply.name);
    return 0;
}

static int volume_rm_one(struct cli *cli, const char *name)
{
    const struct volume_options *o = cli->options;
    struct volume_ref request = {.name = name, .force = o->force};
    int rc = volume_remove(cli->call, NULL, &request, NULL);
    if (rc == 0)
        printf("%s\n", name);
    return rc;
}

int cmd_volume_rm(struct cli *cli)
{
    return cli_each(cli, volume_rm_one);
}

/* From this minor version of the API on, prune takes anonymous volumes only. */
#define VOLUMES_BY_NAME_KEPT 42

int cmd_volume_prune(struct cli *cli)
{
    struct prune_options *o = cli->options;
    struct volume_prune_reply reply;
    bool everything = o->all;
    if (o->all || !o->force) {
        const char *version;
        int old = cli_daemon_before(cli, VOLUMES_BY_NAME_KEPT, &version);
        if (old < 0)
            return cli_failed(cli, old);
        if (old > 0 && o->all)
            return cli_complain(cli,
                                "\"--all\" requires API version 1.%d, but the daemon has %s, which "
                                "prunes all volumes without it",
                                VOLUMES_BY_NAME_KEPT, version);
        everything = o->all || old > 0;
    }
    if (!o->force &&
        !cli_confirm(cli, everything
                              ? "WARNING! This will remove all local volumes not used by at "
                                "least one container.\nAre you sure you want to continue?"
                              : "WARNING! This will remove anonymous local volumes not used by "
                                "at least one container.\n"
                                "Are you sure you want to continue?"))
        return 0;
    if (o->all)
        hull_strv_add(cli->arena, HULL_MSGMAP_ADD(cli->arena, &o->request.filters, "all"), "true");
    int rc = volume_prune(cli->call, NULL, &o->request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (reply.volumes_deleted.n > 0) {
        printf("Deleted Volumes:\n");
        for (size_t i = 0; i < reply.volumes_deleted.n; i++)
            printf("%s\n", reply.volumes_deleted.v[i]);
        printf("\n");
    }
    print_reclaimed(reply.space_reclaimed);
    return 0;
}
