/*
 * From the flags of run and create to the request: environment, labels, ports, networks, limits.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/cli/run.h"
#include "plugins/common/json.h"
#include "plugins/common/units.h"

struct hull_strv split_text(struct cli *cli, const char *text, char separator)
{
    const char stop[] = {separator, '\0'};
    struct hull_strv parts = {};
    for (;;) {
        size_t length = strcspn(text, stop);
        hull_strv_add(cli->arena, &parts, hull_arena_strndup(cli->arena, text, length));
        if (text[length] == '\0')
            return parts;
        text += length + 1;
    }
}

static bool whole_number(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* --- environment and labels ------------------------------------------------------------------ */

static void add_variable(struct cli *cli, const char *text, struct hull_strv *ret)
{
    if (strchr(text, '=') != NULL) {
        hull_strv_add(cli->arena, ret, text);
    } else if (getenv(text) != NULL) {
        hull_strv_add(cli->arena, ret, hull_arena_printf(cli->arena, "%s=%s", text, getenv(text)));
    }
}

/* The lines of FILE but for blank ones and comments. */
static bool read_lines(struct cli *cli, const char *name, struct hull_strv *ret)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(name, "re");
    if (file == NULL)
        return cli_problem(cli, "open %s: %s", name,
                           errno == ENOENT ? "no such file or directory" : strerror(errno));
    while (getline(&line, &room, file) >= 0) {
        char *text = line + strspn(line, " \t");
        text[strcspn(text, "\r\n")] = '\0';
        if (text[0] != '\0' && text[0] != '#')
            hull_strv_add(cli->arena, ret, hull_arena_strdup(cli->arena, text));
    }
    free(line);
    fclose(file);
    return true;
}

bool run_env(struct cli *cli, const struct hull_strv *files, const struct hull_strv *values,
             struct hull_strv *ret)
{
    struct hull_strv lines = {};
    for (size_t i = 0; i < files->n; i++) {
        if (!read_lines(cli, files->v[i], &lines))
            return false;
    }
    for (size_t i = 0; i < lines.n; i++) {
        if (lines.v[i][strcspn(lines.v[i], "= \t")] == ' ')
            return cli_problem(cli,
                               "invalid environment variable: variable '%s' contains "
                               "whitespaces",
                               lines.v[i]);
        add_variable(cli, lines.v[i], ret);
    }
    for (size_t i = 0; i < values->n; i++) {
        add_variable(cli, values->v[i], ret);
    }
    return true;
}

static bool run_labels(struct cli *cli, struct run_options *options)
{
    struct hull_strv all = {};
    for (size_t i = 0; i < options->label_files.n; i++) {
        if (!read_lines(cli, options->label_files.v[i], &all))
            return false;
    }
    for (size_t i = 0; i < options->labels.n; i++)
        hull_strv_add(cli->arena, &all, options->labels.v[i]);
    for (size_t i = 0; i < all.n; i++) {
        size_t length = strcspn(all.v[i], "=");
        hull_map_set(cli->arena, &options->create.config.labels,
                     hull_arena_strndup(cli->arena, all.v[i], length),
                     all.v[i][length] == '=' ? all.v[i] + length + 1 : "");
    }
    return true;
}

bool run_restart(struct cli *cli, const char *text, struct restart_policy *ret)
{
    static const char *const names[] = {"no", "always", "unless-stopped", "on-failure"};
    size_t length = strcspn(text, ":");
    const char *name = hull_arena_strndup(cli->arena, text, length);
    ret->name = name[0] == '\0' ? "no" : name;
    if (text[length] == ':' && !whole_number(text + length + 1, &ret->maximum_retry_count))
        return cli_problem(cli, "invalid restart policy format: maximum retry count must be an "
                                "integer");
    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        if (strcmp(ret->name, names[i]) == 0)
            return true;
    }
    return true; /* the daemon names what it doesn't know */
}

/* --- networks -------------------------------------------------------------------------------- */

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
        else if (strcmp(key, "gw-priority") == 0 && whole_number(value, &settings.gw_priority))
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

/* --- resources ------------------------------------------------------------------------------- */

static const char *const limit_names[] = {"core",    "cpu",      "data",   "fsize",      "locks",
                                          "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                          "rss",     "rtprio",   "rttime", "sigpending", "stack"};

/* One of the one or two numbers of a limit. */
static bool limit_number(struct cli *cli, const char *text, int64_t *ret)
{
    return whole_number(text, ret) ||
           cli_problem(cli, "strconv.ParseInt: parsing \"%s\": invalid syntax", text);
}

bool run_ulimit(struct cli *cli, void *target, const char *value)
{
    struct {
        size_t n;
        struct ulimit *v;
    } *list = target;
    const char *equals = strchr(value, '=');
    struct ulimit limit = {};
    bool known = false;
    if (equals == NULL)
        return cli_problem(cli, "invalid ulimit argument: %s", value);
    limit.name = hull_arena_strndup(cli->arena, value, (size_t)(equals - value));
    for (size_t i = 0; i < HULL_COUNT(limit_names); i++)
        known = known || strcmp(limit_names[i], limit.name) == 0;
    if (!known)
        return cli_problem(cli, "invalid ulimit type: %s", limit.name);
    struct hull_strv values = split_text(cli, equals + 1, ':');
    if (values.n > 2)
        return cli_problem(cli,
                           "too many limit value arguments - %s, can only have up to two, "
                           "`soft[:hard]`",
                           equals + 1);
    if (!limit_number(cli, values.v[0], &limit.soft))
        return false;
    limit.hard = limit.soft;
    if (values.n == 2 && !limit_number(cli, values.v[1], &limit.hard))
        return false;
    if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard))
        return cli_problem(cli,
                           "ulimit soft limit must be less than or equal to hard limit: "
                           "%" PRId64 " > %" PRId64,
                           limit.soft, limit.hard);
    *HULL_LIST_ADD(cli->arena, list) = limit;
    return true;
}

/* "vendor.com/class=name": a name of the Container Device Interface, not a path. */
static bool is_cdi_name(const char *text)
{
    const char *slash = strchr(text, '/'), *equals = strchr(text, '=');
    return slash != NULL && slash != text && equals > slash + 1 && equals[1] != '\0';
}

static bool run_storage(struct cli *cli, struct run_options *options)
{
    for (size_t i = 0; i < options->storage_opts.n; i++) {
        const char *text = options->storage_opts.v[i];
        if (strchr(text, '=') == NULL)
            return cli_problem(cli, "invalid storage option");
        cli_set_pair(cli, &options->create.host_config.storage_opt, text);
    }
    return true;
}

/* Some of r, w and m, none twice. */
static bool is_device_mode(const char *text)
{
    size_t length = strlen(text);
    bool twice = false;
    for (size_t i = 0; i < length; i++)
        twice = twice || strchr(text + i + 1, text[i]) != NULL;
    return length > 0 && strspn(text, "rwm") == length && !twice;
}

/* "/dev/x", "/dev/x:/dev/y", "/dev/x:rw", "/dev/x:/dev/y:rw" */
static bool parse_device(struct cli *cli, const char *text, struct device_mapping *ret)
{
    struct hull_strv parts = split_text(cli, text, ':');
    const char *last = parts.v[parts.n - 1];
    if (parts.n > 3 || parts.v[0][0] == '\0')
        return cli_problem(cli, "bad format for path: %s", text);
    bool mode = parts.n > 1 && is_device_mode(last);
    if (parts.n == 3 && !mode)
        return cli_problem(cli, "bad mode specified: %s", last);
    ret->path_on_host = parts.v[0];
    ret->path_in_container = parts.n - mode > 1 ? parts.v[1] : parts.v[0];
    ret->cgroup_permissions = mode ? last : "rwm";
    if (ret->path_in_container[0] != '/')
        return cli_problem(cli, "%s is not an absolute path", ret->path_in_container);
    return true;
}

static bool run_devices(struct cli *cli, struct run_options *options)
{
    struct hull_strv cdi = {};
    for (size_t i = 0; i < options->devices.n; i++) {
        if (is_cdi_name(options->devices.v[i])) {
            hull_strv_add(cli->arena, &cdi, options->devices.v[i]);
            continue;
        }
        struct device_mapping *device =
            HULL_LIST_ADD(cli->arena, &options->create.host_config.resources.devices);
        if (!parse_device(cli, options->devices.v[i], device))
            return false;
    }
    if (cdi.n > 0)
        *HULL_LIST_ADD(cli->arena, &options->create.host_config.resources.device_requests) =
            (struct device_request){.driver = "cdi", .device_ids = cdi};
    return true;
}

static bool gpu_field(struct cli *cli, const char *key, const char *value,
                      struct device_request *request, const char **capabilities)
{
    if (strcmp(key, "driver") == 0)
        request->driver = value;
    else if (strcmp(key, "device") == 0)
        request->device_ids = split_text(cli, value, ',');
    else if (strcmp(key, "capabilities") == 0)
        *capabilities = hull_arena_printf(cli->arena, "gpu,%s", value);
    else if (strcmp(key, "options") == 0)
        cli_set_pair(cli, &request->options, value);
    else if (strcmp(key, "count") != 0)
        return cli_problem(cli, "unexpected key '%s' in '%s=%s'", key, key, value);
    else if (strcmp(value, "all") == 0)
        request->count = -1;
    else if (!whole_number(value, &request->count))
        return cli_problem(cli,
                           "invalid count (%s): value must be either \"all\" or an integer: "
                           "invalid syntax",
                           value);
    return true;
}

/* [["gpu","…"]] */
static const char *capabilities_json(struct cli *cli, const char *list)
{
    struct hull_strv names = split_text(cli, list, ',');
    struct hull_text json = HULL_TEXT(cli->arena);
    hull_text_puts(&json, "[[");
    for (size_t i = 0; i < names.n; i++) {
        if (i > 0 && strcmp(names.v[i], "gpu") == 0)
            continue;
        hull_text_puts(&json, i == 0 ? "" : ",");
        json_quote(&json, names.v[i], strlen(names.v[i]));
    }
    hull_text_puts(&json, "]]");
    return json.data;
}

/* "all", a number, or "device=0,…" with further keys; a value with commas is quoted. */
bool run_gpus(struct cli *cli, void *target, const char *value)
{
    struct device_request request = {};
    struct hull_strv fields, seen = {};
    const char *capabilities = "gpu";
    if (!run_csv(cli, value, &fields))
        return false;
    for (size_t i = 0; i < fields.n; i++) {
        size_t length = strcspn(fields.v[i], "=");
        bool pair = fields.v[i][length] == '=';
        const char *key = pair ? hull_arena_strndup(cli->arena, fields.v[i], length) : "count";
        if (hull_strv_contains(&seen, key))
            return cli_problem(cli, "gpu request key '%s' can be specified only once", key);
        hull_strv_add(cli->arena, &seen, key);
        if (!gpu_field(cli, key, fields.v[i] + (pair ? length + 1 : 0), &request, &capabilities))
            return false;
    }
    if (!hull_strv_contains(&seen, "count") && request.device_ids.n == 0)
        request.count = 1;
    request.capabilities = capabilities_json(cli, capabilities);
    *(struct device_request *)hull_list_add(cli->arena, target, sizeof(request)) = request;
    return true;
}

static bool run_throttles(struct cli *cli, struct run_options *options)
{
    struct resources *r = &options->create.host_config.resources;
    const struct {
        const struct hull_strv *from;
        void *to;
        bool bytes;
    } rows[] = {{&options->read_bps, &r->blkio_device_read_bps, true},
                {&options->write_bps, &r->blkio_device_write_bps, true},
                {&options->read_iops, &r->blkio_device_read_iops, false},
                {&options->write_iops, &r->blkio_device_write_iops, false},
                {&options->blkio_weight, &r->blkio_weight_device, false}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        for (size_t j = 0; j < rows[i].from->n; j++) {
            const char *text = rows[i].from->v[j];
            const char *colon = strchr(text, ':'); /* there is one: flag_checks.c */
            /* The two messages have the same members: a path and a number. */
            struct throttle_device *device =
                hull_list_add(cli->arena, rows[i].to, sizeof(struct throttle_device));
            if (rows[i].bytes ? !units_parse_bytes(colon + 1, &device->rate)
                              : !whole_number(colon + 1, &device->rate))
                return cli_problem(cli, "bad format: %s", text);
            device->path = hull_arena_strndup(cli->arena, text, (size_t)(colon - text));
        }
    }
    return true;
}

_Static_assert(sizeof(struct throttle_device) == sizeof(struct weight_device) &&
                   offsetof(struct throttle_device, rate) == offsetof(struct weight_device, weight),
               "a path and a number");

bool run_resources(struct cli *cli, struct run_options *options)
{
    const struct hull_opt_int *swappiness =
        &options->create.host_config.resources.memory_swappiness;
    if (swappiness->set && (swappiness->value < -1 || swappiness->value > 100))
        return cli_problem(cli,
                           "invalid value: %" PRId64 ". Valid memory swappiness range is 0-100",
                           swappiness->value);
    return run_devices(cli, options) && run_storage(cli, options) && run_throttles(cli, options);
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool check_health(struct cli *cli, const struct run_options *options)
{
    const struct {
        const char *flag;
        int64_t value;
    } rows[] = {{"interval", options->health_interval},
                {"timeout", options->health_timeout},
                {"retries", options->health_retries},
                {"start-period", options->health_start_period},
                {"start-interval", options->health_start_interval}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        if (rows[i].value < 0)
            return cli_problem(cli, "--health-%s cannot be negative", rows[i].flag);
    }
    return true;
}

static bool run_health(struct cli *cli, struct run_options *options)
{
    bool any = options->health_cmd != NULL || options->health_interval != 0 ||
               options->health_timeout != 0 || options->health_retries != 0 ||
               options->health_start_period != 0 || options->health_start_interval != 0 ||
               options->health_tcp != NULL || options->health_http != NULL ||
               options->health_on_failure != NULL;
    const char *const tests[] = {options->health_cmd, options->health_tcp, options->health_http};
    static const char *const kinds[] = {"CMD-SHELL", "TCP", "HTTP"};
    if (!any && !options->no_healthcheck)
        return true;
    if (!check_health(cli, options))
        return false;
    if (any && options->no_healthcheck)
        return cli_problem(cli, "--no-healthcheck conflicts with --health-* options");
    struct health_config *health = HULL_NEW(cli->arena, struct health_config);
    options->create.config.healthcheck = health;
    if (options->no_healthcheck) {
        hull_strv_add(cli->arena, &health->test, "NONE");
        return true;
    }
    for (size_t i = 0; i < HULL_COUNT(tests); i++) {
        if (tests[i] == NULL)
            continue;
        if (health->test.n > 0)
            return cli_problem(cli, "conflicting options: only one of --health-cmd, --health-tcp "
                                    "and --health-http can be given");
        hull_strv_add(cli->arena, &health->test, kinds[i]);
        hull_strv_add(cli->arena, &health->test, tests[i]);
    }
    health->on_failure = options->health_on_failure;
    health->interval = options->health_interval;
    health->timeout = options->health_timeout;
    health->retries = options->health_retries;
    health->start_period = options->health_start_period;
    health->start_interval = options->health_start_interval;
    return true;
}

static void run_attach(struct run_options *options)
{
    struct container_config *config = &options->create.config;
    for (size_t i = 0; i < options->attach.n; i++) {
        const char *name = options->attach.v[i];
        if (strcasecmp(name, "stdin") == 0)
            config->attach_stdin = true;
        else if (strcasecmp(name, "stdout") == 0)
            config->attach_stdout = true;
        else
            config->attach_stderr = true;
    }
    if (options->detach)
        return;
    if (options->attach.n == 0) {
        config->attach_stdout = config->attach_stderr = true;
        config->attach_stdin = config->open_stdin;
    }
    config->stdin_once = config->open_stdin && config->attach_stdin;
}

/* --use-api-socket: the daemon's own socket, where clients look for it. */
static bool run_socket(struct cli *cli, struct run_options *options)
{
    const char *socket = cli->request->host;
    if (!options->api_socket)
        return true;
    if (strncmp(socket, "unix://", 7) != 0)
        return cli_problem(cli,
                           "flag --use-api-socket can only be used with unix sockets: docker "
                           "endpoint %s incompatible",
                           socket);
    const struct json_value *file = cli_config_file(cli);
    const struct json_value *auths = file == NULL ? NULL : json_member(file, "auths");
    bool own = false;
    for (size_t i = 0; i < options->create.config.env.n; i++)
        own = own || strncmp(options->create.config.env.v[i], "DOCKER_CONFIG=", 14) == 0;
    if (!own && ((auths != NULL && auths->count > 0) || cli_config(cli, "credsStore") != NULL))
        return cli_problem(cli,
                           "flag --use-api-socket can't hand on the credentials of %s/config.json: "
                           "mount them yourself, and name the folder by -e DOCKER_CONFIG=",
                           cli->request->config_dir);
    struct mount_spec *mount = HULL_LIST_ADD(cli->arena, &options->create.host_config.mounts);
    mount->type = "bind";
    mount->bind_options = HULL_NEW(cli->arena, struct mount_bind_options);
    mount->source = socket + 7;
    mount->target = "/var/run/docker.sock";
    return true;
}

/* Lists that docker sends although nothing is in them: inspect shows [] then, and not null. */
static void run_empty(struct cli *cli, struct host_config *host)
{
    struct resources *r = &host->resources;
    void *const lists[] = {&r->blkio_weight_device,
                           &r->blkio_device_read_bps,
                           &r->blkio_device_write_bps,
                           &r->blkio_device_read_iops,
                           &r->blkio_device_write_iops,
                           &r->devices,
                           &r->ulimits,
                           &host->dns,
                           &host->dns_options,
                           &host->dns_search};
    for (size_t i = 0; i < HULL_COUNT(lists); i++) {
        struct hull_list *list = lists[i];
        if (list->v == NULL)
            list->v = hull_arena_alloc(cli->arena, 1);
    }
    if (host->port_bindings.v == NULL)
        host->port_bindings.v = hull_arena_alloc(cli->arena, 1);
}

bool run_finish(struct cli *cli, struct run_options *options)
{
    struct container_config *config = &options->create.config;
    struct host_config *host = &options->create.host_config;
    config->image = cli->argv[0];
    if (cli->argc > 1)
        config->cmd = (struct hull_strv){cli->argc - 1, cli->argv + 1};
    if (options->entrypoint != NULL) {
        /* An empty one takes the image's away: one empty string says so. */
        hull_strv_add(cli->arena, &config->entrypoint, options->entrypoint);
    }
    for (size_t i = 0; i < options->tmpfs.n; i++) {
        size_t length = strcspn(options->tmpfs.v[i], ":");
        hull_map_set(cli->arena, &host->tmpfs,
                     hull_arena_strndup(cli->arena, options->tmpfs.v[i], length),
                     options->tmpfs.v[i] + length + (options->tmpfs.v[i][length] == ':'));
    }
    if (!run_restart(cli, options->restart, &host->restart_policy))
        return false;
    bool restarts = strcmp(options->restart, "no") != 0 && options->restart[0] != '\0';
    if (restarts && host->auto_remove)
        return cli_problem(cli, "conflicting options: cannot specify both --restart and --rm");
    if (config->tty) {
        int64_t *size = HULL_NEW_ARRAY(cli->arena, int64_t, 2);
        tty_size(&size[0], &size[1]);
        host->console_size = (struct hull_ints){2, size};
    }
    host->container_id_file = options->cidfile;
    run_attach(options);
    bool done = run_labels(cli, options) &&
                run_env(cli, &options->env_files, &options->env, &config->env) &&
                run_ports(cli, options) && run_mounts(cli, options) && run_networks(cli, options) &&
                run_resources(cli, options) && run_security(cli, options) &&
                run_health(cli, options) && run_socket(cli, options) &&
                cli_untrusted(cli, options->untrusted);
    run_empty(cli, host);
    return done;
}
