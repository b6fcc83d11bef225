/*
 * From the flags of run and create to the request: environment, labels, restarts, health, and the
 * order in which all the rest is done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/run.h"
#include "plugins/common/json.h"

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

bool run_number(const char *text, int64_t *ret)
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

bool run_env(struct cli *cli, const struct hull_strv *files, const struct hull_strv *values,
             struct hull_strv *ret)
{
    struct hull_strv lines = {};
    for (size_t i = 0; i < files->n; i++) {
        if (!run_read_lines(cli, files->v[i], &lines))
            return false;
    }
    for (size_t i = 0; i < lines.n; i++)
        add_variable(cli, lines.v[i], ret);
    for (size_t i = 0; i < values->n; i++) {
        add_variable(cli, values->v[i], ret);
    }
    return true;
}

static bool run_labels(struct cli *cli, struct run_options *options)
{
    struct hull_strv lines = {}, all = {};
    for (size_t i = 0; i < options->label_files.n; i++) {
        if (!run_read_lines(cli, options->label_files.v[i], &lines))
            return false;
    }
    for (size_t i = 0; i < lines.n; i++)
        if (strchr(lines.v[i], '=') != NULL) /* docker leaves out the others */
            hull_strv_add(cli->arena, &all, lines.v[i]);
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
    size_t length = strcspn(text, ":");
    const char *name = hull_arena_strndup(cli->arena, text, length);
    ret->name = name[0] == '\0' ? "no" : name;
    if (text[length] == ':' && !run_number(text + length + 1, &ret->maximum_retry_count))
        return cli_problem(cli, "invalid restart policy format: maximum retry count must be an "
                                "integer");
    return true; /* the daemon names what it doesn't know */
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
    const char *driver = host->log_config.type ? host->log_config.type : "";
    if (strcmp(driver, "none") == 0 && host->log_config.config.n > 0)
        return cli_problem(cli, "invalid logging opts for driver none");
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
