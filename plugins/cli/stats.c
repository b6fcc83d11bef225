/*
 * stats: what containers use, once or again and again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"
#include "plugins/common/json.h"
#include "plugins/common/units.h"

struct usage {
    const char *asked; /* as it was named on the command line */
    char id[80], name[256];
    double cpu, memory, limit, memory_percent;
    double received, sent, read, written;
    int64_t pids;
    bool known;
};

/* --- numbers --------------------------------------------------------------------------------- */

static double cpu_percent(const struct container_stats_reply *s)
{
    const struct container_cpu_stats *now = s->cpu_stats, *before = s->precpu_stats;
    if (now == NULL || before == NULL || now->cpu_usage == NULL || before->cpu_usage == NULL)
        return 0;
    double used = (double)(now->cpu_usage->total_usage - before->cpu_usage->total_usage);
    double total = (double)(now->system_cpu_usage.value - before->system_cpu_usage.value);
    double cpus = (double)now->online_cpus.value;
    if (cpus == 0)
        cpus = (double)now->cpu_usage->percpu_usage.n;
    return used > 0 && total > 0 ? used / total * cpus * 100.0 : 0;
}

static double number_in(const struct json_value *object, const char *key)
{
    const struct json_value *value = json_member(object, key);
    return value != NULL && value->type == JSON_NUMBER ? strtod(value->text, NULL) : 0;
}

/* What the page cache could give back is not counted. */
static double memory_used(struct hull_arena *arena, const struct container_memory_stats *m)
{
    struct json_value stats = {};
    struct hull_problem problem;
    double usage = (double)m->usage.value;
    if (m->stats == NULL || json_parse(arena, m->stats, strlen(m->stats), &stats, &problem) < 0 ||
        stats.type != JSON_OBJECT)
        return usage;
    double cache = number_in(&stats, "total_inactive_file");
    if (json_member(&stats, "total_inactive_file") == NULL)
        cache = number_in(&stats, "inactive_file");
    return cache < usage ? usage - cache : usage;
}

static void network_bytes(struct hull_arena *arena, const char *text, struct usage *usage)
{
    struct json_value networks = {};
    struct hull_problem problem;
    if (text == NULL || json_parse(arena, text, strlen(text), &networks, &problem) < 0 ||
        networks.type != JSON_OBJECT)
        return;
    for (size_t i = 0; i < networks.count; i++) {
        usage->received += number_in(&networks.items[i], "rx_bytes");
        usage->sent += number_in(&networks.items[i], "tx_bytes");
    }
}

static void block_bytes(const struct container_blkio_stats *blkio, struct usage *usage)
{
    for (size_t i = 0; blkio != NULL && i < blkio->io_service_bytes_recursive.n; i++) {
        const struct container_blkio_stat_entry *e = &blkio->io_service_bytes_recursive.v[i];
        if (e->op != NULL && strcasecmp(e->op, "read") == 0)
            usage->read += (double)e->value;
        else if (e->op != NULL && strcasecmp(e->op, "write") == 0)
            usage->written += (double)e->value;
    }
}

static void measure(struct usage *usage, const struct container_stats_reply *s)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    usage->cpu = cpu_percent(s);
    usage->memory = memory_used(arena, &s->memory_stats);
    usage->limit = (double)s->memory_stats.limit.value;
    usage->memory_percent = usage->limit > 0 ? usage->memory / usage->limit * 100.0 : 0;
    usage->received = usage->sent = usage->read = usage->written = 0;
    network_bytes(arena, s->networks, usage);
    block_bytes(s->blkio_stats, usage);
    usage->pids = s->pids_stats == NULL ? 0 : s->pids_stats->current.value;
    snprintf(usage->id, sizeof(usage->id), "%s", s->id == NULL ? "" : s->id);
    const char *name = s->name == NULL ? "" : s->name;
    snprintf(usage->name, sizeof(usage->name), "%s", name + (name[0] == '/'));
    usage->known = true;
}

/* --- columns --------------------------------------------------------------------------------- */

#define ROW const struct usage *u = row
static const char *pair(struct cli *cli, const struct usage *u, double a, double b)
{
    if (!u->known)
        return "-- / --";
    return hull_arena_printf(cli->arena, "%s / %s", units_size(cli->arena, a, 3),
                             units_size(cli->arena, b, 3));
}
static const char *container(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return u->asked;
}
static const char *id(struct cli *cli, const void *row)
{
    ROW;
    return u->known ? row_id(cli, u->id) : "--";
}
static const char *name(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return u->known ? u->name : "--";
}
static const char *percent(struct cli *cli, const struct usage *u, double value)
{
    return u->known ? hull_arena_printf(cli->arena, "%.2f%%", value) : "--";
}
static const char *cpu(struct cli *cli, const void *row)
{
    ROW;
    return percent(cli, u, u->cpu);
}
static const char *memory_percent(struct cli *cli, const void *row)
{
    ROW;
    return percent(cli, u, u->memory_percent);
}
static const char *memory(struct cli *cli, const void *row)
{
    ROW;
    if (!u->known)
        return "-- / --";
    return hull_arena_printf(cli->arena, "%s / %s", units_binary(cli->arena, u->memory),
                             units_binary(cli->arena, u->limit));
}
static const char *network_io(struct cli *cli, const void *row)
{
    ROW;
    return pair(cli, u, u->received, u->sent);
}
static const char *block_io(struct cli *cli, const void *row)
{
    ROW;
    return pair(cli, u, u->read, u->written);
}
static const char *pids(struct cli *cli, const void *row)
{
    ROW;
    return u->known ? hull_arena_printf(cli->arena, "%" PRId64, u->pids) : "--";
}

static const struct column columns[] = {{"BlockIO", "BLOCK I/O", block_io, false},
                                        {"CPUPerc", "CPU %", cpu, false},
                                        {"Container", "CONTAINER", container, false},
                                        {"ID", "CONTAINER ID", id, false},
                                        {"MemPerc", "MEM %", memory_percent, false},
                                        {"MemUsage", "MEM USAGE / LIMIT", memory, false},
                                        {"Name", "NAME", name, false},
                                        {"NetIO", "NET I/O", network_io, false},
                                        {"PIDs", "PIDS", pids, false},
                                        {}};
static const struct listing listing = {
    columns,
    "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t"
    "{{.BlockIO}}\t{{.PIDs}}",
    "{{.ID}}",
    "statsFormat",
    "*container.statsContext",
    .raw = NULL};

/* --- the readings ---------------------------------------------------------------------------- */

struct watch {
    struct usage *usage;
    bool stream;
    struct hull_cond *changed;
    bool ended;
};

static int stats_reply(struct hull_call *call, void *ctx, const void *reply)
{
    (void)call;
    struct watch *watch = ctx;
    measure(watch->usage, reply);
    hull_cond_broadcast(watch->changed);
    return 0;
}

static int watch_task(struct hull_call *call, void *arg)
{
    struct watch *watch = arg;
    struct container_stats_request request = {.id = watch->usage->asked,
                                              .stream = {.set = true, .value = watch->stream}};
    struct hull_sink sink = {.reply = stats_reply, .ctx = watch};
    int rc = hull_send_many(call, NULL, &container_stats_method, &request, NULL, &sink);
    watch->ended = true;
    hull_cond_broadcast(watch->changed);
    return rc;
}

/* The containers named, or those that run. */
static int choose(struct cli *cli, struct hull_strv *ret)
{
    const struct format_options *o = cli->options;
    struct container_list_request request = {.all = o->all};
    struct container_list_reply reply;
    if (cli->argc > 0) {
        *ret = (struct hull_strv){cli->argc, cli->argv};
        return 0;
    }
    int rc = container_list(cli->call, NULL, &request, &reply);
    for (size_t i = 0; rc == 0 && i < reply.containers.n; i++)
        hull_strv_add(cli->arena, ret, short_id(cli, reply.containers.v[i].id));
    return rc;
}

/* Draw the table over the last one until all have ended. */
static int redraw(struct cli *cli, struct usage *usages, size_t count, struct watch *watches,
                  struct hull_cond *changed)
{
    const struct format_options *o = cli->options;
    bool terminal = tty_is(STDOUT_FILENO);
    if (terminal)
        fputs("\033[2J", stdout);
    for (;;) {
        HULL_AUTO_ARENA *arena = hull_arena_new();
        struct cli own = *cli;
        struct hull_text out = HULL_TEXT(arena);
        size_t ended = 0;
        own.arena = arena;
        int status = output_list_text(&own, &listing, o->format, false, usages, count,
                                      sizeof(*usages), &out);
        if (status != 0)
            return status;
        fputs(terminal ? "\033[H" : "", stdout);
        output_text(out.data, out.length);
        fputs(terminal ? "\033[J" : "", stdout);
        if (fflush(stdout) != 0)
            return 1;
        for (size_t i = 0; i < count; i++)
            ended += watches[i].ended;
        if (ended == count)
            return 0;
        int rc = hull_cond_wait(cli->call, changed);
        if (rc < 0)
            return cli_failed(cli, rc);
    }
}

int cmd_container_stats(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct hull_strv names = {};
    struct hull_cond *changed = hull_alloc(cli->call, sizeof(*changed));
    int rc = choose(cli, &names);
    if (rc < 0)
        return cli_failed(cli, rc);
    struct usage *usages = HULL_NEW_ARRAY(cli->arena, struct usage, names.n + 1);
    struct watch *watches = HULL_NEW_ARRAY(cli->arena, struct watch, names.n + 1);
    struct hull_task **tasks = HULL_NEW_ARRAY(cli->arena, struct hull_task *, names.n + 1);
    for (size_t i = 0; i < names.n; i++) {
        usages[i].asked = names.v[i];
        watches[i] = (struct watch){&usages[i], !o->no_stream, changed, false};
        tasks[i] = hull_task_start(cli->call, "stats", watch_task, &watches[i]);
    }
    int status = o->no_stream ? 0 : redraw(cli, usages, names.n, watches, changed);
    for (size_t i = 0; i < names.n; i++) {
        rc = hull_task_join(cli->call, tasks[i]);
        if (rc < 0)
            return cli_failed(cli, rc);
    }
    if (status == 0 && o->no_stream)
        status = output_list(cli, &listing, o->format, false, usages, names.n, sizeof(*usages));
    return status;
}
