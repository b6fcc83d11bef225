/*
 * tar_sparse.c: where the data of sparse files belongs.
 */
#include <string.h>

#include "tar_read.h"

#define OLD_MAP 386
#define OLD_PIECES 4
#define OLD_MORE 482
#define OLD_REAL_SIZE 483
#define NEXT_PIECES 21
#define NEXT_MORE 504

static int old_pieces(struct tar_reader *reader, const char *map, size_t count,
                      struct tar_extra *extra, struct hull_problem *problem)
{
    for (size_t i = 0; i < count; i++, map += 24) {
        struct tar_extent extent;
        if (map[0] == '\0')
            continue;
        int rc = tar_number(map, 12, &extent.offset, problem);
        if (rc == 0)
            rc = tar_number(map + 12, 12, &extent.size, problem);
        if (rc == 0)
            rc = tar_add_extent(reader, &extra->extents, &extra->extent_count, extent, problem);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int tar_sparse_old(struct tar_reader *reader, const char *header, struct tar_extra *extra,
                   struct hull_problem *problem)
{
    extra->sparse = true;
    int rc = tar_number(header + OLD_REAL_SIZE, 12, &extra->real_size, problem);
    if (rc == 0)
        rc = old_pieces(reader, header + OLD_MAP, OLD_PIECES, extra, problem);
    bool more = header[OLD_MORE] != '\0';
    while (rc == 0 && more) {
        const char *block = tar_take(reader, TAR_BLOCK, problem);
        if (block == NULL)
            return -(int)problem->kind;
        more = block[NEXT_MORE] != '\0';
        rc = old_pieces(reader, block, NEXT_PIECES, extra, problem);
    }
    return rc;
}

/* A number and a line break, from blocks that are taken as needed. */
struct lines {
    struct tar_reader *reader;
    char block[TAR_BLOCK];
    size_t at;
};

static int next_number(struct lines *lines, int64_t *ret, struct hull_problem *problem)
{
    char text[24];
    for (size_t n = 0; n < sizeof(text); n++) {
        if (lines->at == TAR_BLOCK) {
            const char *block = lines->reader->left < TAR_BLOCK
                                    ? NULL
                                    : tar_take(lines->reader, TAR_BLOCK, problem);
            if (block == NULL)
                break;
            memcpy(lines->block, block, TAR_BLOCK);
            lines->reader->left -= TAR_BLOCK;
            lines->at = 0;
        }
        text[n] = lines->block[lines->at++];
        if (text[n] == '\n') {
            text[n] = '\0';
            if (tar_decimal(text, ret))
                return 0;
            break;
        }
    }
    return hull_problem_set(problem, HULL_INVALID, "the map of a sparse file is malformed");
}

int tar_sparse_map(struct tar_reader *reader, struct tar_extra *extra, struct hull_problem *problem)
{
    struct lines lines = {.reader = reader, .at = TAR_BLOCK};
    int64_t count;
    extra->sparse = true;
    extra->extent_count = 0;
    extra->extents = NULL;
    int rc = next_number(&lines, &count, problem);
    for (int64_t i = 0; rc == 0 && i < count; i++) {
        struct tar_extent extent;
        rc = next_number(&lines, &extent.offset, problem);
        if (rc == 0)
            rc = next_number(&lines, &extent.size, problem);
        if (rc == 0)
            rc = tar_add_extent(reader, &extra->extents, &extra->extent_count, extent, problem);
    }
    return rc;
}

int tar_sparse_check(const struct tar_reader *reader, const struct tar_entry *entry,
                     struct hull_problem *problem)
{
    int64_t end = 0, sum = 0;
    for (size_t i = 0; i < entry->extent_count; i++) {
        const struct tar_extent *extent = &entry->extents[i];
        if (extent->offset < end || extent->size < 0 || extent->size > entry->size - extent->offset)
            return hull_problem_set(problem, HULL_INVALID,
                                    "%.300s: the map of the sparse file does not fit its size",
                                    entry->path);
        end = extent->offset + extent->size;
        sum += extent->size;
    }
    if (sum != reader->left)
        return hull_problem_set(problem, HULL_INVALID,
                                "%.300s: the map of the sparse file does not fit its data",
                                entry->path);
    return 0;
}
