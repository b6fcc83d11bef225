/*
 * system df: what is on the disk, and what could go.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"
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
    columns, "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
    "{{.Type}}", NULL, "*formatter.diskUsageImagesContext"};

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
    for (size_t i = 0; i < df->containers.n; i++)
        df->containers.v[i].size_rootfs.value = 0; /* the size alone, without the image's */
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
    if (o->verbose && o->format != NULL)
        return cli_complain(cli, "the verbose and the format options conflict");
    int rc = system_df(cli->call, NULL, &(struct system_df_request){}, &df);
    if (rc < 0)
        return cli_failed(cli, rc);
    if (o->verbose)
        return verbose(cli, &df);
    sum(&df, totals);
    return output_list(cli, &listing, o->format, false, totals, HULL_COUNT(totals),
                       sizeof(totals[0]));
}
