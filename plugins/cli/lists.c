/*
 * ls of containers, images, networks and volumes, and history.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"
#include "plugins/common/json.h"
#include "plugins/common/timefmt.h"
#include "plugins/common/units.h"

/* --- values that several lists have ---------------------------------------------------------- */

bool row_trunc(struct cli *cli)
{
    return !hull_strv_contains(&cli->given, "no-trunc");
}

const char *row_id(struct cli *cli, const char *id)
{
    return row_trunc(cli) ? short_id(cli, id) : id;
}

const char *row_since(struct cli *cli, int64_t seconds)
{
    int64_t now = hull_time_ns();
    return hull_arena_printf(cli->arena, "%s ago",
                             time_human(cli->arena, now - seconds * TIME_SECOND));
}

/* As Go prints a time. */
const char *row_time(struct cli *cli, int64_t seconds, const char *format)
{
    char buffer[64];
    struct tm tm;
    time_t at = (time_t)seconds;
    localtime_r(&at, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    strftime(buffer, sizeof(buffer), format == NULL ? "%Y-%m-%d %H:%M:%S %z %Z" : format, &tm);
#pragma GCC diagnostic pop
    return hull_arena_strdup(cli->arena, buffer);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct hull_pair *)a)->key, ((const struct hull_pair *)b)->key);
}

const char *row_map(struct cli *cli, const struct hull_map *map)
{
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text, "");
    if (map->n > 0)
        qsort(map->v, map->n, sizeof(*map->v), by_key);
    for (size_t i = 0; i < map->n; i++)
        hull_text_printf(&text, "%s%s=%s", i > 0 ? "," : "", map->v[i].key,
                         map->v[i].value == NULL ? "" : map->v[i].value);
    return text.data;
}

const char *row_map_json(struct cli *cli, const struct hull_map *map)
{
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text, "{");
    for (size_t i = 0; i < map->n; i++) {
        const char *value = map->v[i].value == NULL ? "" : map->v[i].value;
        hull_text_puts(&text, i > 0 ? "," : "");
        json_quote(&text, map->v[i].key, strlen(map->v[i].key));
        hull_text_puts(&text, ":");
        json_quote(&text, value, strlen(value));
    }
    hull_text_puts(&text, "}");
    return text.data;
}

const char *row_size(struct cli *cli, int64_t bytes, int digits)
{
    return bytes < 0 ? "N/A" : units_size(cli->arena, (double)bytes, digits);
}

/* As Go's strconv.Quote. */
static const char *quoted(struct cli *cli, const char *text)
{
    struct hull_text out = HULL_TEXT(cli->arena);
    hull_text_puts(&out, "\"");
    for (; *text != '\0'; text++) {
        static const char from[] = "\n\t\r\"\\", to[] = "ntr\"\\";
        const char *found = strchr(from, *text);
        if (found != NULL)
            hull_text_printf(&out, "\\%c", to[found - from]);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            hull_text_printf(&out, "\\x%02x", (unsigned char)*text);
        else
            hull_text_add(&out, text, 1);
    }
    hull_text_puts(&out, "\"");
    return out.data;
}

/* --- networks -------------------------------------------------------------------------------- */

#define NETWORK const struct network *n = row
static const char *network_id(struct cli *cli, const void *row)
{
    NETWORK;
    return row_id(cli, n->id);
}
static const char *network_name(struct cli *cli, const void *row)
{
    (void)cli;
    NETWORK;
    return n->name;
}
static const char *network_driver(struct cli *cli, const void *row)
{
    (void)cli;
    NETWORK;
    return n->driver;
}
static const char *network_scope(struct cli *cli, const void *row)
{
    (void)cli;
    NETWORK;
    return n->scope;
}
static const char *network_ipv4(struct cli *cli, const void *row)
{
    (void)cli;
    NETWORK;
    return n->enable_ipv4 ? "true" : "false";
}
static const char *network_ipv6(struct cli *cli, const void *row)
{
    (void)cli;
    NETWORK;
    return n->enable_ipv6 ? "true" : "false";
}
static const char *network_internal(struct cli *cli, const void *row)
{
    (void)cli;
    NETWORK;
    return n->internal ? "true" : "false";
}
static const char *network_labels(struct cli *cli, const void *row)
{
    NETWORK;
    return row_map(cli, &n->labels);
}
static const char *network_label(struct cli *cli, const void *row)
{
    NETWORK;
    return row_map_json(cli, &n->labels);
}
static const char *network_created(struct cli *cli, const void *row)
{
    NETWORK;
    int64_t ns;
    if (n->created == NULL || !time_parse(n->created, &ns))
        return n->created;
    const char *day = row_time(cli, ns / TIME_SECOND, "%Y-%m-%d %H:%M:%S");
    char *fraction = hull_arena_printf(cli->arena, ".%09" PRId64, ns % TIME_SECOND);
    size_t length = strlen(fraction);
    while (length > 0 && strchr("0.", fraction[length - 1]) != NULL)
        fraction[--length] = '\0';
    return hull_arena_printf(cli->arena, "%s%s %s", day, fraction,
                             row_time(cli, ns / TIME_SECOND, "%z %Z"));
}

static const struct column network_columns[] = {{"CreatedAt", "CREATED AT", network_created, false},
                                                {"Driver", "DRIVER", network_driver, false},
                                                {"ID", "NETWORK ID", network_id, false},
                                                {"IPv4", "IPV4", network_ipv4, false},
                                                {"IPv6", "IPV6", network_ipv6, false},
                                                {"Internal", "INTERNAL", network_internal, false},
                                                {"Labels", "LABELS", network_labels, false},
                                                {"Name", "NAME", network_name, false},
                                                {"Scope", "SCOPE", network_scope, false},
                                                {"Label", "", network_label, true},
                                                {}};
static const struct listing network_listing = {
    network_columns,
    "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
    "{{.ID}}",
    "networksFormat",
    "*network.networkContext",
    "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
    "network_id: {{.ID}}"};

static int network_order(const void *a, const void *b)
{
    return strverscmp(((const struct network *)a)->name, ((const struct network *)b)->name);
}

int cmd_network_ls(struct cli *cli)
{
    const struct list_options *o = cli->options;
    struct network_list_request request = {};
    struct network_list_reply reply;
    memcpy(&request.filters, &o->request.filters, sizeof(request.filters));
    int rc = network_list(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (reply.networks.n > 0)
        qsort(reply.networks.v, reply.networks.n, sizeof(*reply.networks.v), network_order);
    return output_list(cli, &network_listing, o->format, o->quiet, reply.networks.v,
                       reply.networks.n, sizeof(*reply.networks.v));
}

/* --- volumes --------------------------------------------------------------------------------- */

#define VOLUME const struct volume *v = row
static const char *volume_name(struct cli *cli, const void *row)
{
    (void)cli;
    VOLUME;
    return v->name;
}
static const char *volume_driver(struct cli *cli, const void *row)
{
    (void)cli;
    VOLUME;
    return v->driver;
}
static const char *volume_scope(struct cli *cli, const void *row)
{
    (void)cli;
    VOLUME;
    return v->scope;
}
static const char *volume_mountpoint(struct cli *cli, const void *row)
{
    (void)cli;
    VOLUME;
    return v->mountpoint;
}
static const char *volume_labels(struct cli *cli, const void *row)
{
    VOLUME;
    return row_map(cli, &v->labels);
}
static const char *volume_label(struct cli *cli, const void *row)
{
    VOLUME;
    return row_map_json(cli, &v->labels);
}
static const char *volume_links(struct cli *cli, const void *row)
{
    VOLUME;
    return v->usage_data == NULL
               ? "N/A"
               : hull_arena_printf(cli->arena, "%" PRId64, v->usage_data->ref_count);
}
static const char *volume_size(struct cli *cli, const void *row)
{
    VOLUME;
    return v->usage_data == NULL ? "N/A" : row_size(cli, v->usage_data->size, 4);
}
static const char *not_available(struct cli *cli, const void *row)
{
    (void)cli, (void)row;
    return "N/A"; /* of a cluster's volumes only */
}

static const struct column volume_columns[] = {
    {"Availability", "AVAILABILITY", not_available, false},
    {"Driver", "DRIVER", volume_driver, false},
    {"Group", "GROUP", not_available, false},
    {"Labels", "LABELS", volume_labels, false},
    {"Links", "LINKS", volume_links, false},
    {"Mountpoint", "MOUNTPOINT", volume_mountpoint, false},
    {"Name", "VOLUME NAME", volume_name, false},
    {"Scope", "SCOPE", volume_scope, false},
    {"Size", "SIZE", volume_size, false},
    {"Status", "STATUS", not_available, false},
    {"Label", "", volume_label, true},
    {}};
const struct listing volume_listing = {
    volume_columns,   "table {{.Driver}}\t{{.Name}}", "{{.Name}}",
    "volumesFormat",  "*formatter.volumeContext",     "name: {{.Name}}\ndriver: {{.Driver}}\n",
    "name: {{.Name}}"};

static int volume_order(const void *a, const void *b)
{
    return strverscmp(((const struct volume *)a)->name, ((const struct volume *)b)->name);
}

int cmd_volume_ls(struct cli *cli)
{
    const struct list_options *o = cli->options;
    struct volume_list_request request = {};
    struct volume_list_reply reply;
    memcpy(&request.filters, &o->request.filters, sizeof(request.filters));
    int rc = volume_list(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (reply.volumes.n > 0)
        qsort(reply.volumes.v, reply.volumes.n, sizeof(*reply.volumes.v), volume_order);
    return output_list(cli, &volume_listing, o->format, o->quiet, reply.volumes.v, reply.volumes.n,
                       sizeof(*reply.volumes.v));
}

/* --- history --------------------------------------------------------------------------------- */

#define STEP const struct image_history_item *h = row
static const char *history_id(struct cli *cli, const void *row)
{
    STEP;
    return strcmp(h->id, "<missing>") == 0 ? h->id : row_id(cli, h->id);
}
static const char *history_created_at(struct cli *cli, const void *row)
{
    STEP;
    const char *text = row_time(cli, h->created, "%Y-%m-%dT%H:%M:%S%z");
    size_t length = strlen(text) - 5;
    return strcmp(text + length, "+0000") == 0
               ? hull_arena_printf(cli->arena, "%.*sZ", (int)length, text)
               : hull_arena_printf(cli->arena, "%.*s:%s", (int)length + 3, text, text + length + 3);
}
static const char *history_since(struct cli *cli, const void *row)
{
    STEP;
    if (!((const struct format_options *)cli->options)->human)
        return history_created_at(cli, row);
    return h->created <= 0 ? "N/A" : row_since(cli, h->created);
}
static const char *history_by(struct cli *cli, const void *row)
{
    STEP;
    char *text = hull_arena_strdup(cli->arena, h->created_by == NULL ? "" : h->created_by);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\t' ? ' ' : *at;
    return row_trunc(cli) ? units_ellipsis(cli->arena, text, 45) : text;
}
static const char *history_size(struct cli *cli, const void *row)
{
    STEP;
    if (!((const struct format_options *)cli->options)->human)
        return hull_arena_printf(cli->arena, "%" PRId64, h->size);
    return row_size(cli, h->size, 3);
}
static const char *history_comment(struct cli *cli, const void *row)
{
    (void)cli;
    STEP;
    return h->comment;
}

static const struct column history_columns[] = {
    {"Comment", "COMMENT", history_comment, false},
    {"CreatedAt", "CREATED AT", history_created_at, false},
    {"CreatedBy", "CREATED BY", history_by, false},
    {"CreatedSince", "CREATED", history_since, false},
    {"ID", "IMAGE", history_id, false},
    {"Size", "SIZE", history_size, false},
    {}};
static const struct listing history_listing = {
    history_columns,
    "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
    "{{.ID}}",
    NULL,
    "*image.historyContext",
    .raw = NULL};

int cmd_image_history(struct cli *cli)
{
    struct format_options *o = cli->options;
    if (!cli_platform(cli, &o->platform))
        return cli_complain(cli, "invalid platform: %s", cli->problem);
    struct image_ref request = {.name = cli->argv[0], .platform = o->platform};
    struct image_history_reply reply;
    struct column columns[HULL_COUNT(history_columns)];
    struct listing listing = history_listing;
    int rc = image_history(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    memcpy(columns, history_columns, sizeof(columns));
    for (size_t i = 0; i < HULL_COUNT(columns); i++)
        if (!o->human && columns[i].text == history_since)
            columns[i].header = "CREATED AT";
    listing.columns = columns;
    return output_list(cli, &listing, o->format, o->quiet, reply.history.v, reply.history.n,
                       sizeof(*reply.history.v));
}

const char *row_quoted(struct cli *cli, const char *text)
{
    return quoted(cli, text);
}
