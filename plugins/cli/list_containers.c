/*
 * ps.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"
#include "plugins/common/units.h"

/* --- ports ----------------------------------------------------------------------------------- */

static int port_order(const void *left, const void *right)
{
    const struct port *a = left, *b = right;
    if (a->private_port != b->private_port)
        return a->private_port < b->private_port ? -1 : 1;
    int sign = strcmp(a->ip == NULL ? "" : a->ip, b->ip == NULL ? "" : b->ip);
    if (sign != 0)
        return sign;
    if (a->public_port != b->public_port)
        return a->public_port < b->public_port ? -1 : 1;
    return strcmp(a->type == NULL ? "" : a->type, b->type == NULL ? "" : b->type);
}

/* Ports in a row of one address and protocol. */
struct port_run {
    const char *ip, *type;
    int64_t first, last;
};

static void add_part(struct hull_text *out, const char *part)
{
    hull_text_printf(out, "%s%s", out->length > 0 ? ", " : "", part);
}

static void add_run(struct hull_text *out, const struct port_run *run)
{
    char range[48];
    bool v6 = strchr(run->ip, ':') != NULL;
    if (run->first == run->last)
        snprintf(range, sizeof(range), "%" PRId64, run->first);
    else
        snprintf(range, sizeof(range), "%" PRId64 "-%" PRId64, run->first, run->last);
    if (run->ip[0] == '\0')
        add_part(out, hull_arena_printf(out->arena, "%s/%s", range, run->type));
    else
        add_part(out, hull_arena_printf(out->arena, "%s%s%s:%s->%s/%s", v6 ? "[" : "", run->ip,
                                        v6 ? "]" : "", range, range, run->type));
}

/* Ranges that are the same inside and outside come as one; all other mappings at the end. */
static const char *ports(struct cli *cli, const void *row)
{
    const struct container_summary *c = row;
    struct hull_text out = HULL_TEXT(cli->arena), mapped = HULL_TEXT(cli->arena);
    struct {
        size_t n;
        struct port_run *v;
    } runs = {};
    if (c->ports.n > 0)
        qsort(c->ports.v, c->ports.n, sizeof(*c->ports.v), port_order);
    for (size_t i = 0; i < c->ports.n; i++) {
        const struct port *port = &c->ports.v[i];
        const char *ip = port->ip == NULL ? "" : port->ip;
        bool v6 = strchr(ip, ':') != NULL;
        struct port_run *run = NULL;
        if (ip[0] != '\0' && port->public_port != port->private_port) {
            add_part(&mapped, hull_arena_printf(cli->arena, "%s%s%s:%" PRId64 "->%" PRId64 "/%s",
                                                v6 ? "[" : "", ip, v6 ? "]" : "", port->public_port,
                                                port->private_port, port->type));
            continue;
        }
        for (size_t j = 0; j < runs.n; j++) {
            if (strcmp(runs.v[j].ip, ip) == 0 && strcmp(runs.v[j].type, port->type) == 0)
                run = &runs.v[j];
        }
        if (run != NULL && port->private_port == run->last + 1) {
            run->last = port->private_port;
            continue;
        }
        if (run != NULL)
            add_run(&out, run);
        else
            run = HULL_LIST_ADD(cli->arena, &runs);
        *run = (struct port_run){ip, port->type, port->private_port, port->private_port};
    }
    for (size_t j = 0; j < runs.n; j++)
        add_run(&out, &runs.v[j]);
    if (mapped.length > 0)
        add_part(&out, mapped.data);
    return out.length == 0 ? "" : out.data;
}

/* --- the other columns ----------------------------------------------------------------------- */

#define ROW const struct container_summary *c = row
static const char *id(struct cli *cli, const void *row)
{
    ROW;
    return row_id(cli, c->id);
}
static const char *image(struct cli *cli, const void *row)
{
    ROW;
    if (c->image == NULL || c->image[0] == '\0')
        return "<no image>";
    bool is_id = strcmp(short_id(cli, c->image), short_id(cli, c->image_id)) == 0;
    return row_trunc(cli) && is_id ? short_id(cli, c->image) : c->image;
}
static const char *command(struct cli *cli, const void *row)
{
    ROW;
    const char *text = c->command == NULL ? "" : c->command;
    return row_quoted(cli, row_trunc(cli) ? units_ellipsis(cli->arena, text, 20) : text);
}
static const char *created_at(struct cli *cli, const void *row)
{
    ROW;
    return row_time(cli, c->created, NULL);
}
static const char *running_for(struct cli *cli, const void *row)
{
    ROW;
    return row_since(cli, c->created);
}
static const char *status(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return c->status;
}
static const char *state(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return c->state;
}
static const char *names(struct cli *cli, const void *row)
{
    ROW;
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text, "");
    for (size_t i = 0; i < c->names.n; i++) {
        const char *name = c->names.v[i] + (c->names.v[i][0] == '/');
        if (strchr(name, '/') == NULL || !row_trunc(cli)) /* a link */
            hull_text_printf(&text, "%s%s", text.length > 0 ? "," : "", name);
    }
    return text.data;
}
static const char *size(struct cli *cli, const void *row)
{
    ROW;
    const char *own = units_size(cli->arena, (double)c->size_rw.value, 3);
    if (c->size_rootfs.value <= 0)
        return own;
    return hull_arena_printf(cli->arena, "%s (virtual %s)", own,
                             units_size(cli->arena, (double)c->size_rootfs.value, 3));
}
static const char *labels(struct cli *cli, const void *row)
{
    ROW;
    return row_map(cli, &c->labels);
}
static const char *label(struct cli *cli, const void *row)
{
    ROW;
    return row_map_json(cli, &c->labels);
}
static const char *local_volumes(struct cli *cli, const void *row)
{
    ROW;
    size_t n = 0;
    for (size_t i = 0; i < c->mounts.n; i++)
        n += hull_streq(c->mounts.v[i].driver, "local");
    return hull_arena_printf(cli->arena, "%zu", n);
}
static const char *mounts(struct cli *cli, const void *row)
{
    ROW;
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text, "");
    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct mount_point *mount = &c->mounts.v[i];
        const char *name = hull_streq(mount->name, "") ? mount->source : mount->name;
        if (name == NULL)
            name = "";
        hull_text_printf(&text, "%s%s", i > 0 ? "," : "",
                         row_trunc(cli) ? units_ellipsis(cli->arena, name, 15) : name);
    }
    return text.data;
}
static const char *networks(struct cli *cli, const void *row)
{
    ROW;
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text, "");
    for (size_t i = 0; i < c->network_settings.networks.n; i++)
        hull_text_printf(&text, "%s%s", i > 0 ? "," : "", c->network_settings.networks.keys[i]);
    return text.data;
}

static const struct column columns[] = {{"Command", "COMMAND", command, false},
                                        {"CreatedAt", "CREATED AT", created_at, false},
                                        {"ID", "CONTAINER ID", id, false},
                                        {"Image", "IMAGE", image, false},
                                        {"Labels", "LABELS", labels, false},
                                        {"LocalVolumes", "LOCAL VOLUMES", local_volumes, false},
                                        {"Mounts", "MOUNTS", mounts, false},
                                        {"Names", "NAMES", names, false},
                                        {"Networks", "NETWORKS", networks, false},
                                        {"Platform", "PLATFORM", NULL, false},
                                        {"Ports", "PORTS", ports, false},
                                        {"RunningFor", "CREATED", running_for, false},
                                        {"Size", "SIZE", size, false},
                                        {"State", "STATE", state, false},
                                        {"Status", "STATUS", status, false},
                                        {"Label", "", label, true},
                                        {}};

#define PS_TABLE                                                              \
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t" \
    "{{.Ports}}\t{{.Names}}"
#define PS_RAW                                                                           \
    "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\n"                  \
    "created_at: {{.CreatedAt}}\nstate:{{pad .State 1 0}}\nstatus:{{pad .Status 1 0}}\n" \
    "names: {{.Names}}\nlabels:{{pad .Labels 1 0}}\nports:{{pad .Ports 1 0}}\n"
const struct listing container_listing = {columns,
                                          PS_TABLE,
                                          "{{.ID}}",
                                          "psFormat",
                                          "*formatter.ContainerContext",
                                          PS_RAW,
                                          "container_id: {{.ID}}"};
static const struct listing container_sizes = {columns,
                                               PS_TABLE "\t{{.Size}}",
                                               "{{.ID}}",
                                               "psFormat",
                                               "*formatter.ContainerContext",
                                               PS_RAW "size: {{.Size}}\n",
                                               "container_id: {{.ID}}"};

int cmd_container_ls(struct cli *cli)
{
    struct list_options *o = cli->options;
    struct container_list_reply reply;
    if (o->latest)
        o->request.limit = 1;
    if (o->request.limit > 0)
        o->request.all = true;
    else
        o->request.limit = 0;
    /* A template that shows sizes needs them. */
    if (o->format != NULL && strstr(o->format, ".Size") != NULL)
        o->request.size = true;
    bool ignored = o->quiet && !hull_streq(o->format, "");
    if (ignored)
        fprintf(stderr, "WARNING: Ignoring custom format, because both --format and --quiet are "
                        "set.\n");
    if (!output_list_check(cli, &container_listing, o->format))
        return 1;
    int rc = container_list(cli->call, NULL, &o->request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    return output_list(cli, o->request.size ? &container_sizes : &container_listing,
                       ignored ? NULL : o->format, o->quiet, reply.containers.v, reply.containers.n,
                       sizeof(*reply.containers.v));
}
