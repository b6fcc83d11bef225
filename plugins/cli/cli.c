/*
 * cli: the command line, with docker's commands, flags, output and exit statuses.
 *
 * Commands and their flags are rows of tables (commands.c), from which come parsing, help and
 * completion. A command sends the same messages as anybody else and can't tell where they go: in
 * the program hull the plugin remote passes them to a daemon. Lists are rows of placeholders
 * (output.c), from which come tables, --format and JSON.
 */
#include "plugins/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/common/json.h"

/* --- errors ---------------------------------------------------------------------------------- */

const char *cli_error_text(struct cli *cli, int rc)
{
    /* What went wrong on this side has no status of HTTP. */
    bool ours = rc == -HULL_IO || rc == -HULL_CANCELED || rc == -HULL_TIMEOUT;
    return hull_arena_printf(cli->arena, "%s%s",
                             ours ? "" : "Error response from daemon: ", hull_error(cli->call));
}

/* TEXT may hold words of a container or of the daemon. */
static void say(const char *text)
{
    fflush(stdout);
    output_to(stderr, text, strlen(text));
    fputc('\n', stderr);
}

int cli_failed(struct cli *cli, int rc)
{
    if (rc == -HULL_CANCELED)
        return 130;
    say(cli_error_text(cli, rc));
    return 1;
}

int cli_complain(struct cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(hull_arena_vprintf(cli->arena, fmt, args));
    va_end(args);
    return 1;
}

int cli_start_status(const char *text)
{
    static const struct {
        const char *part;
        int status;
    } rows[] = {{"executable file not found", 127},
                {"no such file or directory", 127},
                {"permission denied", 126},
                {"is a directory", 126}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        if (strstr(text, rows[i].part) != NULL)
            return rows[i].status;
    }
    return 125;
}

/* --- helpers of commands --------------------------------------------------------------------- */

int cli_each(struct cli *cli, int (*fn)(struct cli *cli, const char *name))
{
    int status = 0;
    for (size_t i = 0; i < cli->argc; i++) {
        int rc = fn(cli, cli->argv[i]);
        if (rc < 0)
            status = cli_failed(cli, rc);
        else if (rc > 0)
            status = rc;
    }
    return status;
}

bool cli_confirm(struct cli *cli, const char *warning)
{
    (void)cli;
    char line[16] = "";
    printf("%s [y/N] ", warning);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    return line[0] == 'y' || line[0] == 'Y';
}

const struct json_value *cli_config_file(struct cli *cli)
{
    const char *dir = cli->request->config_dir;
    if (dir == NULL)
        return NULL;
    FILE *file = fopen(hull_arena_printf(cli->arena, "%s/config.json", dir), "re");
    if (file == NULL)
        return NULL;
    struct hull_text text = HULL_TEXT(cli->arena);
    char buffer[4096];
    for (size_t n; text.length < (1 << 20) && (n = fread(buffer, 1, sizeof(buffer), file)) > 0;)
        hull_text_add(&text, buffer, n);
    fclose(file);
    struct json_value *value = HULL_NEW(cli->arena, struct json_value);
    struct hull_problem problem;
    if (text.length == 0 || json_parse(cli->arena, text.data, text.length, value, &problem) < 0 ||
        value->type != JSON_OBJECT)
        return NULL;
    return value;
}

const char *cli_config(struct cli *cli, const char *key)
{
    const struct json_value *file = cli_config_file(cli);
    const struct json_value *member = file == NULL ? NULL : json_member(file, key);
    return member != NULL && member->type == JSON_TEXT && member->text[0] != '\0' ? member->text
                                                                                  : NULL;
}

const char *short_id(struct cli *cli, const char *id)
{
    if (id == NULL)
        return "";
    const char *colon = strchr(id, ':');
    return hull_arena_strndup(cli->arena, colon == NULL ? id : colon + 1,
                              strnlen(colon == NULL ? id : colon + 1, 12));
}

int cli_daemon_before(struct cli *cli, int minor, const char **ret_version)
{
    struct version_info info;
    int rc = system_version(cli->call, NULL, &(struct hull_empty){}, &info);
    if (rc < 0)
        return rc;
    *ret_version = info.api_version;
    return info.api_version != NULL && strncmp(info.api_version, "1.", 2) == 0 &&
           strtol(info.api_version + 2, NULL, 10) < minor;
}

/* What the daemon is too old for it would leave out without a word. Exit status. */
static int check_versions(struct cli *cli)
{
    for (const struct flag *flag = cli->command->flags; flag != NULL && flag->name != NULL;
         flag++) {
        const char *version;
        if (flag->since == 0 || !flag_given(cli, flag->name))
            continue;
        int old = cli_daemon_before(cli, flag->since, &version);
        if (old < 0)
            return cli_failed(cli, old);
        if (old > 0)
            return cli_complain(cli,
                                "\"--%s\" requires API version 1.%d, but the Docker daemon API "
                                "version is %s",
                                flag->name, flag->since, version);
    }
    return 0;
}

/* --- running a command ----------------------------------------------------------------------- */

static bool wants_help(const struct command *command, const struct hull_strv *args)
{
    for (size_t i = 0; i < args->n; i++) {
        if (strcmp(args->v[i], "--") == 0 || (command->stops && args->v[i][0] != '-'))
            return false;
        if (strcmp(args->v[i], "--help") == 0)
            return true;
    }
    return false;
}

static bool check_arguments(const struct cli *cli)
{
    const struct command *command = cli->command;
    int n = (int)cli->argc;
    char *what;
    const char *hint = command->max < ANY_NUMBER ? "Run" : "See";
    int asked = n < command->min ? command->min : command->max;
    const char *word = asked == 1 ? "argument" : "arguments";
    if (n >= command->min && n <= command->max)
        return true;
    if (command->max == 0) {
        what = hull_arena_printf(cli->arena, "accepts no arguments");
    } else if (command->min == command->max) {
        what = hull_arena_printf(cli->arena, "requires %d %s", asked, word);
    } else if (command->max < ANY_NUMBER && command->min > 0) {
        what = hull_arena_printf(cli->arena, "requires at least %d and at most %d arguments",
                                 command->min, command->max);
    } else {
        what = hull_arena_printf(cli->arena, "requires at %s %d %s",
                                 n < command->min ? "least" : "most", asked, word);
    }
    usage_error(cli, hull_arena_printf(cli->arena, "hull: 'hull %s' %s", cli->name, what), hint);
    return false;
}

static int run_command(struct cli *cli, const struct hull_strv *args)
{
    cli->options = hull_arena_alloc(cli->arena, cli->command->options_size + 1);
    if (wants_help(cli->command, args)) {
        usage_command(cli);
        return 0;
    }
    if (!flags_parse(cli, args))
        return 125;
    if (!check_arguments(cli) || check_versions(cli) != 0)
        return 1;
    return cli->command->run(cli);
}

static int no_command(struct hull_call *call, const struct hull_strv *args)
{
    const struct group *group = group_find(args->v[0]);
    bool help = args->n == 1 || strcmp(args->v[1], "--help") == 0 || strcmp(args->v[1], "-h") == 0;
    const char *typed =
        args->n > 1 ? hull_printf(call, "%s %s", args->v[0], args->v[1]) : args->v[0];
    const char *need = command_not_yet(args->v[0]);
    if (need == NULL)
        need = command_not_yet(typed);
    if (need != NULL) {
        fprintf(stderr, "hull: 'hull %s' is not supported yet (%s)\n",
                group == NULL ? args->v[0] : typed, need);
        return 1;
    }
    if (group != NULL && help) {
        usage_group(group);
        return 0;
    }
    if (group != NULL && args->v[1][0] == '-') {
        fprintf(stderr,
                "unknown flag: %s\n\nUsage:  hull %s\n\nRun 'hull %s --help' for more "
                "information\n",
                args->v[1], group->name, group->name);
        return 125;
    }
    if (group != NULL)
        fprintf(stderr,
                "hull: unknown command: hull %s %s\n\nUsage:  hull %s\n\nRun 'hull %s "
                "--help' for more information\n",
                group->name, args->v[1], group->name, group->name);
    else
        fprintf(stderr,
                "hull: unknown command: hull %s\n\nRun 'hull --help' for more "
                "information\n",
                hull_printf(call, "%s", args->v[0]));
    return 1;
}

static int cli_handle_run(struct hull_call *call, const struct cli_run_request *request,
                          struct cli_run_reply *ret_reply)
{
    struct cli cli = {.call = call, .arena = hull_call_arena(call), .request = request};
    struct hull_strv args = request->args;
    if (args.n > 0 && strcmp(args.v[0], "__complete") == 0) {
        struct hull_strv words = {args.n - 1, args.v + 1};
        complete(&cli, &words);
        return 0;
    }
    if (args.n > 0 && strcmp(args.v[0], "help") == 0)
        args = (struct hull_strv){args.n - 1, args.v + 1};
    bool helps = args.n != request->args.n;
    if (args.n == 0) {
        usage_top();
        return 0;
    }
    size_t words;
    cli.command = command_find(cli.arena, &args, &words, &cli.name);
    if (cli.command == NULL) {
        ret_reply->status = no_command(call, &args);
    } else if (helps) {
        usage_command(&cli);
    } else {
        struct hull_strv rest = {args.n - words, args.v + words};
        ret_reply->status = run_command(&cli, &rest);
    }
    if (fflush(stdout) != 0 && ret_reply->status == 0)
        ret_reply->status = 1;
    return 0;
}

static const struct hull_handler handlers[] = {HULL_HANDLE(cli, run, cli_handle_run), {}};
static const char *const uses[] = {"container", "exec",   "image",  "network",
                                   "volume",    "system", "events", NULL};

HULL_PLUGIN(cli, .port = "cli", .version = PACKAGE_VERSION, .handlers = handlers, .uses = uses);
