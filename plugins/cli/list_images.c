/*
 * images: a row for each name of each image.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/cli/rows.h"

#define NONE "<none>"

/* "repo@sha256:…" of REPOSITORY to its digest. */
static const char *digest_of(const struct image_summary *image, const char *repository)
{
    size_t length = strlen(repository);
    for (size_t i = 0; i < image->repo_digests.n; i++) {
        const char *text = image->repo_digests.v[i];
        if (strncmp(text, repository, length) == 0 && text[length] == '@')
            return text + length + 1;
    }
    return NONE;
}

static void add_image(struct cli *cli, const struct image_summary *image, struct image_rows *rows)
{
    size_t before = rows->n;
    for (size_t i = 0; i < image->repo_tags.n; i++) {
        const char *text = image->repo_tags.v[i];
        const char *colon = strrchr(text, ':');
        if (colon == NULL || strcmp(text, NONE ":" NONE) == 0)
            continue;
        char *repository = hull_arena_strndup(cli->arena, text, (size_t)(colon - text));
        *HULL_LIST_ADD(cli->arena, rows) =
            (struct image_row){image, repository, colon + 1, digest_of(image, repository)};
    }
    for (size_t i = 0; rows->n == before && i < image->repo_digests.n; i++) {
        const char *text = image->repo_digests.v[i];
        const char *at = strchr(text, '@');
        if (at == NULL || strncmp(text, NONE, strlen(NONE)) == 0)
            continue;
        *HULL_LIST_ADD(cli->arena, rows) = (struct image_row){
            image, hull_arena_strndup(cli->arena, text, (size_t)(at - text)), NONE, at + 1};
    }
    if (rows->n == before)
        *HULL_LIST_ADD(cli->arena, rows) = (struct image_row){image, NONE, NONE, NONE};
}

struct image_rows image_rows(struct cli *cli, const struct image_summary *images, size_t count)
{
    struct image_rows rows = {};
    for (size_t i = 0; i < count; i++)
        add_image(cli, &images[i], &rows);
    return rows;
}

#define ROW const struct image_row *r = row
static const char *id(struct cli *cli, const void *row)
{
    ROW;
    return row_id(cli, r->image->id);
}
static const char *repository(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return r->repository;
}
static const char *tag(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return r->tag;
}
static const char *digest(struct cli *cli, const void *row)
{
    (void)cli;
    ROW;
    return r->digest;
}
static const char *created_since(struct cli *cli, const void *row)
{
    ROW;
    return r->image->created <= 0 ? "N/A" : row_since(cli, r->image->created);
}
static const char *created_at(struct cli *cli, const void *row)
{
    ROW;
    return row_time(cli, r->image->created, NULL);
}
static const char *size(struct cli *cli, const void *row)
{
    ROW;
    return row_size(cli, r->image->size, 3);
}
static const char *virtual_size(struct cli *cli, const void *row)
{
    ROW;
    return row_size(cli, r->image->size, 4);
}
static const char *shared_size(struct cli *cli, const void *row)
{
    ROW;
    return row_size(cli, r->image->shared_size, 4);
}
static const char *unique_size(struct cli *cli, const void *row)
{
    ROW;
    return r->image->shared_size < 0 ? "N/A"
                                     : row_size(cli, r->image->size - r->image->shared_size, 4);
}
static const char *containers(struct cli *cli, const void *row)
{
    ROW;
    return r->image->containers < 0
               ? "N/A"
               : hull_arena_printf(cli->arena, "%" PRId64, r->image->containers);
}

static const struct column columns[] = {{"Containers", "CONTAINERS", containers, false},
                                        {"CreatedAt", "CREATED AT", created_at, false},
                                        {"CreatedSince", "CREATED", created_since, false},
                                        {"Digest", "DIGEST", digest, false},
                                        {"ID", "IMAGE ID", id, false},
                                        {"Repository", "REPOSITORY", repository, false},
                                        {"SharedSize", "SHARED SIZE", shared_size, false},
                                        {"Size", "SIZE", size, false},
                                        {"Tag", "TAG", tag, false},
                                        {"UniqueSize", "UNIQUE SIZE", unique_size, false},
                                        {"VirtualSize", "VIRTUAL SIZE", virtual_size, false},
                                        {}};

#define HEAD "table {{.Repository}}\t{{.Tag}}\t"
#define TAIL "{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
#define RAW_HEAD "repository: {{.Repository}}\ntag: {{.Tag}}\n"
#define RAW_TAIL "image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n"
#define RAW_QUIET "image_id: {{.ID}}"
const struct listing image_listing = {
    columns,           HEAD TAIL, "{{.ID}}", "imagesFormat", "*formatter.imageContext",
    RAW_HEAD RAW_TAIL, RAW_QUIET};
static const struct listing with_digests = {
    columns,        HEAD "{{.Digest}}\t" TAIL, "{{.ID}}",
    "imagesFormat", "*formatter.imageContext", RAW_HEAD "digest: {{.Digest}}\n" RAW_TAIL,
    RAW_QUIET};

int cmd_image_ls(struct cli *cli)
{
    const struct list_options *o = cli->options;
    struct image_list_request request = {.all = o->request.all, .digests = o->digests};
    struct image_list_reply reply;
    memcpy(&request.filters, &o->request.filters, sizeof(request.filters));
    if (cli->argc > 0)
        hull_strv_add(cli->arena, HULL_MSGMAP_ADD(cli->arena, &request.filters, "reference"),
                      cli->argv[0]);
    int rc = image_list(cli->call, NULL, &request, &reply);
    if (rc < 0)
        return cli_failed(cli, rc);
    for (size_t i = 0; i < reply.images.n; i++) {
        if (hull_map_find(&reply.images.v[i].labels, IMAGE_DAMAGED_LABEL) != NULL)
            fprintf(stderr,
                    "WARNING: image %s is damaged: remove it by this id, or load it again\n",
                    row_id(cli, reply.images.v[i].id));
    }
    struct image_rows rows = image_rows(cli, reply.images.v, reply.images.n);
    return output_list(cli, o->digests ? &with_digests : &image_listing, o->format, o->quiet,
                       rows.v, rows.n, sizeof(*rows.v));
}
