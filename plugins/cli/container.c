/*
 * Commands that do one thing to each container named, and logs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/run.h"
#include "plugins/common/json.h"
#include "plugins/common/reference.h"
#include "plugins/common/timefmt.h"
#include "plugins/common/units.h"

/* Print NAME when RC is good, or when it was so already. */
static int done(int rc, const char *name)
{
    if (rc == 0 || rc == -HULL_NOT_MODIFIED) {
        printf("%s\n", name);
        return 0;
    }
    return rc;
}

static int stop_one(struct cli *cli, const char *name)
{
    const struct stop_options *o = cli->options;
    struct container_stop_request request = {
        .id = name, .signal = o->signal, .timeout = o->timeout};
    return done(container_stop(cli->call, NULL, &request, NULL), name);
}

int cmd_container_stop(struct cli *cli)
{
    return cli_each(cli, stop_one);
}

static int restart_one(struct cli *cli, const char *name)
{
    const struct stop_options *o = cli->options;
    struct container_stop_request request = {
        .id = name, .signal = o->signal, .timeout = o->timeout};
    return done(container_restart(cli->call, NULL, &request, NULL), name);
}

int cmd_container_restart(struct cli *cli)
{
    return cli_each(cli, restart_one);
}

static int kill_one(struct cli *cli, const char *name)
{
    const struct kill_options *o = cli->options;
    struct container_kill_request request = {.id = name, .signal = o->signal};
    return done(container_kill(cli->call, NULL, &request, NULL), name);
}

int cmd_container_kill(struct cli *cli)
{
    return cli_each(cli, kill_one);
}

static int pause_one(struct cli *cli, const char *name)
{
    struct container_ref request = {.id = name};
    return done(container_pause(cli->call, NULL, &request, NULL), name);
}

int cmd_container_pause(struct cli *cli)
{
    return cli_each(cli, pause_one);
}

static int unpause_one(struct cli *cli, const char *name)
{
    struct container_ref request = {.id = name};
    return done(container_unpause(cli->call, NULL, &request, NULL), name);
}

int cmd_container_unpause(struct cli *cli)
{
    return cli_each(cli, unpause_one);
}

static int wait_one(struct cli *cli, const char *name)
{
    struct container_wait_request request = {.id = name};
    struct container_wait_reply reply;
    int rc = container_wait(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return rc;
    printf("%" PRId64 "\n", reply.status_code);
    return 0;
}

int cmd_container_wait(struct cli *cli)
{
    return cli_each(cli, wait_one);
}

static int rm_one(struct cli *cli, const char *name)
{
    const struct rm_options *o = cli->options;
    struct container_remove_request request = {.id = name[0] == '/' ? name + 1 : name,
                                               .volumes = o->volumes,
                                               .force = o->force,
                                               .link = o->link};
    int rc = container_remove(cli->call, NULL, &request, NULL);
    if (rc == -HULL_NOT_FOUND && o->force) {
        cli_failed(cli, rc);
        return 0;
    }
    return done(rc, name);
}

int cmd_container_rm(struct cli *cli)
{
    return cli_each(cli, rm_one);
}

int cmd_container_rename(struct cli *cli)
{
    struct container_rename_request request = {.id = cli->argv[0], .name = cli->argv[1]};
    if (request.name[strspn(request.name, " ")] == '\0')
        return cli_complain(cli, "Error: Neither old nor new names may be empty");
    int rc = container_rename(cli->call, NULL, &request, NULL);
    if (rc < 0) {
        int status = cli_failed(cli, rc);
        return cli_complain(cli, "Error: failed to rename container named %s", request.id) | status;
    }
    return 0;
}

int cmd_container_commit(struct cli *cli)
{
    const struct commit_options *o = cli->options;
    struct reference reference = {};
    struct hull_problem problem;
    struct container_commit_request request = {.id = cli->argv[0],
                                               .author = o->author,
                                               .comment = o->message,
                                               .changes = o->changes,
                                               .pause = {true, o->pause}};
    if (cli->argc > 1) {
        if (reference_parse(cli->arena, cli->argv[1], &reference, &problem) < 0)
            return cli_complain(cli, "%s", problem.text);
        if (reference.digest != NULL)
            return cli_complain(cli, "invalid reference format");
        reference_default_tag(&reference);
        request.repo = reference_familiar_name(cli->arena, &reference);
        request.tag = reference.tag;
    }
    struct container_commit_reply reply;
    int rc = container_commit(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    printf("%s\n", reply.id);
    return 0;
}

/* --- logs ------------------------------------------------------------------------------------ */

/* Seconds since 1970. */
bool moment(struct cli *cli, const char **text)
{
    int64_t ns;
    if (*text == NULL || (*text)[0] == '\0')
        return true;
    if (!time_parse_any(*text, hull_time_ns(), &ns))
        return cli_problem(cli, "failed to parse value as time or duration: \"%s\"", *text);
    *text =
        hull_arena_printf(cli->arena, "%" PRId64 ".%09" PRId64, ns / TIME_SECOND, ns % TIME_SECOND);
    return true;
}

static int truncate_logs(struct cli *cli)
{
    const struct container_logs_truncate_request request = {.id = cli->argv[0]};
    struct hull_empty reply;
    int rc = container_logs_truncate(cli->call, NULL, &request, &reply);

    return rc < 0 ? cli_failed(cli, rc) : 0;
}

int cmd_container_logs(struct cli *cli)
{
    struct logs_options *o = cli->options;
    if (o->truncate)
        return truncate_logs(cli);
    struct container_inspect_request inspect_request = {.id = cli->argv[0]};
    struct container_inspect_reply info;
    int rc = container_inspect(cli->call, NULL, &inspect_request, &info);
    if (rc < 0)
        return cli_failed(cli, rc);
    bool since = moment(cli, &o->since);
    if (!since || !moment(cli, &o->until))
        return cli_complain(cli, "invalid value for \"%s\": %s", since ? "until" : "since",
                            cli->problem);
    struct container_logs_request request = {.id = info.id,
                                             .follow = o->follow,
                                             .stdout_ = true,
                                             .stderr_ = true,
                                             .since = o->since,
                                             .until = o->until,
                                             .timestamps = o->timestamps,
                                             .details = o->details,
                                             .tail = o->tail};
    struct container_stream_reply reply;
    rc = container_logs(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    hull_defer(cli->call, hull_stream_close_cleanup, reply.stream);
    rc = info.config.tty ? io_copy_out(cli->call, reply.stream, STDOUT_FILENO)
                         : io_demultiplex(cli->call, reply.stream);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}

/* --- the rest -------------------------------------------------------------------------------- */

int cmd_container_port(struct cli *cli)
{
    struct container_inspect_request request = {.id = cli->argv[0]};
    struct container_inspect_reply info;
    int rc = container_inspect(cli->call, NULL, &request, &info);
    if (rc < 0)
        return cli_failed(cli, rc);
    const char *asked = cli->argc > 1 ? cli->argv[1] : NULL;
    if (asked != NULL && strchr(asked, '/') == NULL)
        asked = hull_arena_printf(cli->arena, "%s/tcp", asked);
    bool found = false;
    for (size_t i = 0; i < info.network_settings.ports.n; i++) {
        const char *port = info.network_settings.ports.keys[i];
        const struct port_binding_list *list = &info.network_settings.ports.v[i];
        if (asked != NULL && strcmp(asked, port) != 0)
            continue;
        for (size_t j = 0; j < list->n; j++) {
            bool v6 = list->v[j].host_ip != NULL && strchr(list->v[j].host_ip, ':') != NULL;
            found = true;
            printf("%s%s%s%s%s:%s\n", asked == NULL ? port : "", asked == NULL ? " -> " : "",
                   v6 ? "[" : "", list->v[j].host_ip, v6 ? "]" : "", list->v[j].host_port);
        }
    }
    if (asked != NULL && !found)
        return cli_complain(cli, "Error: No public port '%s' published for %s", cli->argv[1],
                            cli->argv[0]);
    return 0;
}

int cmd_container_top(struct cli *cli)
{
    struct hull_text args = HULL_TEXT(cli->arena);
    for (size_t i = 1; i < cli->argc; i++)
        hull_text_printf(&args, "%s%s", i > 1 ? " " : "", cli->argv[i]);
    struct container_top_request request = {.id = cli->argv[0], .ps_args = args.data};
    struct container_top_reply reply;
    struct json_value rows = {};
    struct hull_problem problem;
    int rc = container_top(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    for (size_t i = 0; i < reply.titles.n; i++)
        printf(i + 1 < reply.titles.n ? "%-19s " : "%s\n", reply.titles.v[i]);
    if (reply.processes != NULL &&
        json_parse(cli->arena, reply.processes, strlen(reply.processes), &rows, &problem) < 0)
        return cli_complain(cli, "%s", problem.text);
    for (size_t i = 0; i < rows.count; i++) {
        struct hull_text line = HULL_TEXT(cli->arena);
        for (size_t j = 0; j < rows.items[i].count; j++)
            hull_text_printf(&line, j + 1 < rows.items[i].count ? "%-19s " : "%s\n",
                             rows.items[i].items[j].text);
        output_text(line.data, line.length);
    }
    return 0;
}

int cmd_container_diff(struct cli *cli)
{
    static const char kinds[] = "CAD";
    struct container_ref request = {.id = cli->argv[0]};
    struct container_changes_reply reply;
    int rc = container_changes(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    for (size_t i = 0; i < reply.changes.n; i++) {
        int64_t kind = reply.changes.v[i].kind;
        char *line =
            hull_arena_printf(cli->arena, "%c %s\n", kind >= 0 && kind < 3 ? kinds[kind] : '?',
                              reply.changes.v[i].path);
        output_text(line, strlen(line));
    }
    return 0;
}

int cmd_container_export(struct cli *cli)
{
    const struct output_options *o = cli->options;
    struct container_ref request = {.id = cli->argv[0]};
    struct container_tar_reply reply;
    if (o->output == NULL && tty_is(STDOUT_FILENO))
        return cli_complain(cli,
                            "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    if (check_output(cli, "export container", o->output) != 0)
        return 1;
    int rc = container_export(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    return save_stream(cli, reply.stream, o->output);
}

static int update_one(struct cli *cli, const char *name)
{
    struct update_options *o = cli->options;
    struct container_update_reply reply;
    o->update.id = name;
    int rc = container_update(cli->call, NULL, &o->update, &reply);
    for (size_t i = 0; rc == 0 && i < reply.warnings.n; i++)
        fprintf(stderr, "%s\n", reply.warnings.v[i]);
    return done(rc, name);
}

int cmd_container_update(struct cli *cli)
{
    struct update_options *o = cli->options;
    if (cli->given.n == 0)
        return cli_complain(cli, "you must provide one or more flags when using this command");
    if (o->restart != NULL && !run_restart(cli, o->restart, &o->update.restart_policy))
        return cli_complain(cli, "%s", cli->problem);
    return cli_each(cli, update_one);
}

void print_reclaimed(int64_t bytes)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    printf("Total reclaimed space: %s\n", units_size(arena, (double)bytes, 4));
}

int cmd_container_prune(struct cli *cli)
{
    const struct prune_options *o = cli->options;
    struct container_prune_reply reply;
    if (!o->force && !cli_confirm(cli, "WARNING! This will remove all stopped containers.\n"
                                       "Are you sure you want to continue?"))
        return 0;
    int rc = container_prune(cli->call, NULL, &o->request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (reply.containers_deleted.n > 0) {
        printf("Deleted Containers:\n");
        for (size_t i = 0; i < reply.containers_deleted.n; i++)
            printf("%s\n", reply.containers_deleted.v[i]);
        printf("\n");
    }
    print_reclaimed(reply.space_reclaimed);
    return 0;
}
