/*
 * fuzz-run-flags.c: flags of run in docker's notations: ports, mounts, devices, files of variables
 * and the rest. What is taken has the form that is sent to the daemon, and is free of what would
 * mean something else there.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/cli/rows.h"
#include "plugins/cli/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the tested files need of the rest of the command, and what it has not: a configuration. */
const char *cli_config(struct cli *cli, const char *key)
{
    (void)cli, (void)key;
    return NULL;
}
const struct json_value *cli_config_file(struct cli *cli)
{
    (void)cli;
    return NULL;
}
int cli_daemon_before(struct cli *cli, int minor, const char **ret_version)
{
    (void)cli, (void)minor;
    *ret_version = "1.51";
    return 0;
}
const char *cli_error_text(struct cli *cli, int rc)
{
    (void)cli, (void)rc;
    return "";
}
bool cli_untrusted(struct cli *cli, bool disabled)
{
    (void)cli, (void)disabled;
    return true;
}
void tty_size(int64_t *ret_rows, int64_t *ret_columns)
{
    *ret_rows = *ret_columns = 1;
}
const char *row_quoted(struct cli *cli, const char *text)
{
    return hull_arena_strdup(cli->arena, text);
}
void usage_error(const struct cli *cli, const char *message, const char *hint)
{
    (void)cli, (void)message, (void)hint;
}

/* A file of variables with TEXT in it, whose lines end by ';' here. */
static const char *variables(struct hull_arena *arena, const char *text, int *ret_fd)
{
    char *lines = hull_arena_strdup(arena, text);
    for (char *at = lines; (at = strchr(at, ';')) != NULL;)
        *at++ = '\n';
    *ret_fd = memfd_create("variables", MFD_CLOEXEC);
    HULL_ASSERT(*ret_fd >= 0 && write(*ret_fd, lines, strlen(lines)) == (ssize_t)strlen(lines));
    return hull_arena_printf(arena, "/proc/self/fd/%d", *ret_fd);
}

static void check(const struct run_options *options)
{
    const struct host_config *host = &options->create.host_config;
    for (size_t i = 0; i < host->port_bindings.n && i < 100; i++)
        HULL_ASSERT(
            hull_strv_contains(&options->create.config.exposed_ports, host->port_bindings.keys[i]));
    for (size_t i = 0; i < host->mounts.n; i++) {
        HULL_ASSERT(host->mounts.v[i].type != NULL && host->mounts.v[i].type[0] != '\0');
        HULL_ASSERT(!hull_streq(host->mounts.v[i].target, ""));
    }
    for (size_t i = 0; i < options->create.config.env.n; i++)
        HULL_ASSERT(strchr(options->create.config.env.v[i], '\n') == NULL);
}

/* Lines: an argument each; "@A=b;C" is a file of variables. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    HULL_AUTO_FD fd = -1;
    const struct cli_run_request request = {.config_dir = "/nowhere"};
    const struct command command = {.names = "run", .flags = run_flags, .stops = true};
    struct cli cli = {.arena = arena, .request = &request, .command = &command, .name = "run"};
    struct run_options *options = HULL_NEW(arena, struct run_options);
    struct hull_strv args = {};
    char *rest = hull_arena_strndup(arena, (const char *)data, size), *line;
    cli.options = options;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '@' && fd < 0)
            hull_strv_add(
                arena, &args,
                hull_arena_printf(arena, "--env-file=%s", variables(arena, line + 1, &fd)));
        else if (line[0] != '@')
            hull_strv_add(arena, &args, line);
    }
    hull_strv_add(arena, &args, "image");
    if (!flags_parse(&cli, &args) || cli.argc == 0)
        return 0;
    bool taken = run_finish(&cli, options);
    HULL_ASSERT(taken || (cli.problem != NULL && cli.problem[0] != '\0'));
    if (taken)
        check(options);
    return 0;
}
