/*
 * system df: what is on the disk, and what could go.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"
#include "plugins/common/json.h"
#include "plugins/common/template.h"
#include "plugins/common/units.h"

struct total {
    const char *type;
    int64_t count, active, size, reclaimable;
    bool percent; /* of the images: how much of them could go */
};

static const char *number(struct cli *cli, int64_t n)
{
    return hull_arena_printf(cli->arena, "%" PRId64, n);
}

#define ROW const struct total *t = row
static const char *type(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return t->type;
}
static const char *count(struct cli *cli, const void *row)
{
    ROW;
    return number(cli, t->count);
}
static const char *active(struct cli *cli, const void *row)
{
    ROW;
    return number(cli, t->active);
}
static const char *size(struct cli *cli, const void *row)
{
    ROW;
    return units_size(cli->arena, (double)t->size, 4);
}
static const char *reclaimable(struct cli *cli, const void *row)
{
    ROW;
    const char *text = units_size(cli->arena, (double)t->reclaimable, 4);
    if (!t->percent || t->size <= 0)
        return text;
    return hull_arena_printf(cli->arena, "%s (%" PRId64 "%%)", text,
                             t->reclaimable * 100 / t->size);
}

static const struct column columns[] = {
    {"Active", "ACTIVE", active, false}, {"Reclaimable", "RECLAIMABLE", reclaimable, false},
    {"Size", "SIZE", size, false},       {"TotalCount", "TOTAL", count, false},
    {"Type", "TYPE", type, false},       {}};
static const struct listing listing = {
    columns,
    "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
    "{{.Type}}",
    NULL,
    "*formatter.diskUsageImagesContext",
    .raw = NULL};

static void sum(const struct system_df_reply *df, struct total *totals)
{
    struct total *images = &totals[0], *containers = &totals[1], *volumes = &totals[2];
    int64_t used = 0;
    images->count = (int64_t)df->images.n;
    images->size = df->layers_size;
    for (size_t i = 0; i < df->images.n; i++) {
        const struct image_summary *image = &df->images.v[i];
        if (image->containers <= 0)
            continue;
        images->active++;
        used += image->size - (image->shared_size > 0 ? image->shared_size : 0);
    }
    images->reclaimable = images->active == 0 ? images->size : images->size - used;
    containers->count = (int64_t)df->containers.n;
    for (size_t i = 0; i < df->containers.n; i++) {
        const struct container_summary *c = &df->containers.v[i];
        bool runs = hull_streq(c->state, "running") || hull_streq(c->state, "paused") ||
                    hull_streq(c->state, "restarting");
        containers->active += runs;
        containers->size += c->size_rw.value;
        containers->reclaimable += runs ? 0 : c->size_rw.value;
    }
    volumes->count = (int64_t)df->volumes.n;
    for (size_t i = 0; i < df->volumes.n; i++) {
        const struct volume_usage_data *usage = df->volumes.v[i].usage_data;
        if (usage == NULL)
            continue;
        volumes->active += usage->ref_count > 0;
        volumes->size += usage->size > 0 ? usage->size : 0;
        volumes->reclaimable += usage->ref_count == 0 && usage->size > 0 ? usage->size : 0;
    }
}

/* An object's next member: a list of rows. */
static void add_rows(struct cli *cli, struct json_value *object, const char *key,
                     const struct listing *rows_of, const void *rows, size_t count, size_t row_size)
{
    struct json_value *items = HULL_NEW_ARRAY(cli->arena, struct json_value, count + 1);
    for (size_t i = 0; i < count; i++)
        items[i] = *output_row(cli, rows_of, (const char *)rows + i * row_size);
    object->keys[object->count] = key;
    object->items[object->count++] =
        (struct json_value){.type = JSON_LIST, .items = items, .count = count};
}

/* All rows as one value. */
static int verbose_format(struct cli *cli, const struct system_df_reply *df, const char *format)
{
    static const struct output_type shown = {NULL, "*formatter.diskUsageContext", NULL, true};
    struct json_value *all = HULL_NEW(cli->arena, struct json_value);
    struct image_rows images = image_rows(cli, df->images.v, df->images.n);
    all->type = JSON_OBJECT;
    all->keys = HULL_NEW_ARRAY(cli->arena, const char *, 4);
    all->items = HULL_NEW_ARRAY(cli->arena, struct json_value, 4);
    for (size_t i = 0; i < images.n; i++)
        images.v[i].digest = "";
    hull_strv_add(cli->arena, &cli->given, "no-trunc");
    add_rows(cli, all, "Images", &image_listing, images.v, images.n, sizeof(*images.v));
    add_rows(cli, all, "Containers", &container_listing, df->containers.v, df->containers.n,
             sizeof(*df->containers.v));
    add_rows(cli, all, "Volumes", &volume_listing, df->volumes.v, df->volumes.n,
             sizeof(*df->volumes.v));
    add_rows(cli, all, "BuildCache", NULL, NULL, 0, 0);
    return output_struct(cli, format, all, &shown);
}

static int verbose(struct cli *cli, const struct system_df_reply *df)
{
    static const struct {
        const char *images, *containers, *volumes;
    } formats = {"table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t"
                 "{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
                 "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t"
                 "{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
                 "table {{.Name}}\t{{.Links}}\t{{.Size}}"};
    struct image_rows rows = image_rows(cli, df->images.v, df->images.n);
    printf("Images space usage:\n\n");
    output_list(cli, &image_listing, formats.images, false, rows.v, rows.n, sizeof(*rows.v));
    printf("\nContainers space usage:\n\n");
    output_list(cli, &container_listing, formats.containers, false, df->containers.v,
                df->containers.n, sizeof(*df->containers.v));
    printf("\nLocal Volumes space usage:\n\n");
    output_list(cli, &volume_listing, formats.volumes, false, df->volumes.v, df->volumes.n,
                sizeof(*df->volumes.v));
    printf("\nBuild cache usage: 0B\n\n"
           "CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n");
    return 0;
}

int cmd_system_df(struct cli *cli)
{
    const struct format_options *o = cli->options;
    struct system_df_reply df;
    struct total totals[] = {{.type = "Images", .percent = true},
                             {.type = "Containers", .percent = true},
                             {.type = "Local Volumes", .percent = true},
                             {.type = "Build Cache"}};
    int rc = system_df(cli->call, NULL, &(struct system_df_request){}, &df);
    if (rc < 0)
        return cli_failed(cli, rc);
    for (size_t i = 0; o->verbose && i < df.containers.n; i++)
        df.containers.v[i].size_rootfs.value = 0; /* the size alone, without the image's */
    if (o->verbose && !hull_streq(o->format, "") && strcmp(o->format, "table") != 0)
        return verbose_format(cli, &df, o->format);
    if (o->verbose)
        return verbose(cli, &df);
    sum(&df, totals);
    return output_list(cli, &listing, o->format, false, totals, HULL_COUNT(totals),
                       sizeof(totals[0]));
}
