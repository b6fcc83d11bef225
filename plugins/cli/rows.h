/*
 * rows.h: what the columns of several lists have in common.
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "plugins/cli/cli.h"

/* Without --no-trunc. */
bool row_trunc(struct cli *cli);
const char *row_id(struct cli *cli, const char *id);
/* "5 minutes ago" */
const char *row_since(struct cli *cli, int64_t seconds);
/* By strftime; NULL: as Go prints a time. */
const char *row_time(struct cli *cli, int64_t seconds, const char *format);
/* "a=b,c=d" */
const char *row_map(struct cli *cli, const struct hull_map *map);
/* {"a":"b","c":"d"} */
const char *row_map_json(struct cli *cli, const struct hull_map *map);
/* "1.98MB", "N/A" when negative. */
const char *row_size(struct cli *cli, int64_t bytes, int digits);
/* In double quotes, as Go's strconv.Quote. */
const char *row_quoted(struct cli *cli, const char *text);

extern const struct listing volume_listing, container_listing, image_listing;

/* A name of an image with its data: a row of images. */
struct image_row {
    const struct image_summary *image;
    const char *repository, *tag, *digest;
};
struct image_rows {
    size_t n;
    struct image_row *v;
};
struct image_rows image_rows(struct cli *cli, const struct image_summary *images, size_t count);

#endif
