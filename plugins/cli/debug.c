/*
 * debug: what goes on inside the daemon.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "failpoint.h"
#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"

static const char *number(struct cli *cli, int64_t n)
{
    return hull_arena_printf(cli->arena, "%" PRId64, n);
}

/* A column that is a member of the row. */
#define TEXT_COLUMN(type, member)                                        \
    static const char *type##_##member(struct cli *cli, const void *row) \
    {                                                                    \
        (void)cli;                                                       \
        return ((const struct hull_##type##_info *)row)->member;         \
    }
#define NUMBER_COLUMN(type, member)                                           \
    static const char *type##_##member(struct cli *cli, const void *row)      \
    {                                                                         \
        return number(cli, ((const struct hull_##type##_info *)row)->member); \
    }

TEXT_COLUMN(fiber, name)
TEXT_COLUMN(fiber, request)
TEXT_COLUMN(fiber, plugin)
TEXT_COLUMN(fiber, method)
TEXT_COLUMN(fiber, waits)
NUMBER_COLUMN(fiber, age_ms)
TEXT_COLUMN(plugin, port)
TEXT_COLUMN(plugin, version)
TEXT_COLUMN(plugin, file)
TEXT_COLUMN(plugin, state)
NUMBER_COLUMN(plugin, calls)
NUMBER_COLUMN(plugin, failures)
NUMBER_COLUMN(plugin, active)

static const struct column fiber_columns[] = {{"AgeMs", "MS", fiber_age_ms, false},
                                              {"Method", "METHOD", fiber_method, false},
                                              {"Name", "NAME", fiber_name, false},
                                              {"Plugin", "PLUGIN", fiber_plugin, false},
                                              {"Request", "REQUEST", fiber_request, false},
                                              {"Waits", "WAITS FOR", fiber_waits, false},
                                              {}};
static const struct listing fiber_listing = {
    fiber_columns,
    "table {{.Name}}\t{{.Request}}\t{{.Plugin}}\t{{.Method}}\t{{.AgeMs}}\t{{.Waits}}",
    "{{.Name}}",
    NULL,
    NULL,
    .raw = NULL};

static const struct column plugin_columns[] = {{"Active", "ACTIVE", plugin_active, false},
                                               {"Calls", "CALLS", plugin_calls, false},
                                               {"Failures", "FAILURES", plugin_failures, false},
                                               {"File", "FILE", plugin_file, false},
                                               {"Port", "PORT", plugin_port, false},
                                               {"State", "STATE", plugin_state, false},
                                               {"Version", "VERSION", plugin_version, false},
                                               {}};
static const struct listing plugin_listing = {
    plugin_columns,
    "table {{.Port}}\t{{.Version}}\t{{.State}}\t{{.Calls}}\t{{.Failures}}\t{{.Active}}\t{{.File}}",
    "{{.Port}}",
    NULL,
    NULL,
    .raw = NULL};

static const char *failpoint_name(struct cli *cli, const void *row)
{
    (void)cli;
    return ((const struct failpoint_info *)row)->name;
}

static const char *failpoint_text(struct cli *cli, const void *row)
{
    (void)cli;
    return ((const struct failpoint_info *)row)->text;
}

static const struct column failpoint_columns[] = {
    {"Name", "NAME", failpoint_name, false}, {"Text", "WHERE", failpoint_text, false}, {}};
static const struct listing failpoint_listing = {
    failpoint_columns, "table {{.Name}}\t{{.Text}}", "{{.Name}}", NULL, NULL, .raw = NULL};

/* They are the same in the daemon, which is of the same build. */
int cmd_debug_failpoints(struct cli *cli)
{
    const struct format_options *o = cli->options;
    return output_list(cli, &failpoint_listing, o->format, false, failpoint_table + 1,
                       FAILPOINT_COUNT - 1, sizeof(*failpoint_table));
}

int cmd_debug_fibers(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct system_fibers_reply reply;
    int rc = system_fibers(cli->call, NULL, &(struct hull_empty){}, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    return output_list(cli, &fiber_listing, o->format, false, reply.fibers.v, reply.fibers.n,
                       sizeof(*reply.fibers.v));
}

int cmd_debug_plugins(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct system_plugins_reply reply;
    int rc = system_plugins(cli->call, NULL, &(struct hull_empty){}, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    return output_list(cli, &plugin_listing, o->format, false, reply.plugins.v, reply.plugins.n,
                       sizeof(*reply.plugins.v));
}

static int trace_reply(struct hull_call *call, void *ctx, const void *reply)
{
    struct cli cli = *(struct cli *)ctx;
    const struct format_options *o = cli.options;
    const struct system_trace_event *e = reply;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    cli.arena = arena;
    if (o->format != NULL && o->format[0] != '\0') {
        if (output_template(&cli, o->format,
                            output_value(&cli, &system_trace_event_message, reply)) != 0)
            return hull_fail(call, HULL_CANCELED, "the format is wrong");
    } else {
        char *line = hull_arena_printf(
            arena, "%s.%06" PRId64 " %8" PRId64 " us %-6s %*s%s %s: %s\n",
            row_time(&cli, e->time_ns / 1000000000, "%H:%M:%S"), e->time_ns / 1000 % 1000000,
            e->took_us, e->request, (int)e->depth * 2, "", e->method, e->arguments, e->result);
        output_text(line, strlen(line));
    }
    return fflush(stdout) == 0 ? 0 : hull_fail(call, HULL_CANCELED, "nobody reads");
}

int cmd_debug_trace(struct cli *cli)
{
    struct hull_sink sink = {.reply = trace_reply, .ctx = cli};
    int rc =
        hull_send_many(cli->call, NULL, &system_trace_method, &(struct hull_empty){}, NULL, &sink);
    return rc < 0 ? cli_failed(cli, rc) : 0;
}
