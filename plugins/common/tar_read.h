/* tar_read.h: what tar_read.c, tar_pax.c and tar_sparse.c share. */
#ifndef HULL_COMMON_TAR_READ_H
#define HULL_COMMON_TAR_READ_H

#include "tar.h"

struct tar_reader {
    tar_source_fn *source;
    void *ctx;
    struct hull_arena *arena; /* of the current entry */
    char *buffer;             /* of what was read and not used */
    size_t start, end;
    bool ended;     /* the archive's end was seen */
    bool exhausted; /* SOURCE has no more */
    int64_t left;   /* unread data of the entry */
    int64_t pad;    /* unread padding behind it */

    int64_t offset; /* of the next data in the file */
    size_t extent;  /* of the entry's, in which it is */
    int64_t into;   /* how far into that extent */
    struct tar_entry entry;
};

/* What pax records and GNU long names say about the entry that follows. */
struct tar_extra {
    const char *path, *link;
    bool has_size, has_uid, has_gid, has_mtime;
    int64_t size, uid, gid;
    struct timespec mtime;
    struct tar_xattr *xattrs;
    size_t xattr_count;
    /* GNU.sparse.* */
    bool sparse;
    int64_t sparse_major, sparse_minor, real_size;
    const char *sparse_name;
    struct tar_extent *extents;
    size_t extent_count;
    bool half_extent; /* an offset without its size yet */
};

/* Exactly SIZE bytes in reader->buffer, which they stay in until the next read; NULL and a
 * problem when there are fewer. SIZE is at most the buffer's. */
const char *tar_take(struct tar_reader *reader, size_t size, struct hull_problem *problem);

/* A number of a header field: octal or base 256. */
int tar_number(const char *field, size_t size, int64_t *ret, struct hull_problem *problem);

/* Parse the SIZE bytes at DATA, which has a NUL behind it and lives as long as the entry. */
int tar_pax_parse(struct tar_reader *reader, char *data, size_t size, struct tar_extra *extra,
                  struct hull_problem *problem);
/* A decimal number that is all of TEXT. */
bool tar_decimal(const char *text, int64_t *ret);

/* Append an extent; -HULL_INVALID beyond the limit. */
int tar_add_extent(struct tar_reader *reader, struct tar_extent **list, size_t *count,
                   struct tar_extent extent, struct hull_problem *problem);
/* The map of an old GNU header, with the blocks that continue it. */
int tar_sparse_old(struct tar_reader *reader, const char *header, struct tar_extra *extra,
                   struct hull_problem *problem);
/* The map in front of the data of format 1.0; reduces reader->left. */
int tar_sparse_map(struct tar_reader *reader, struct tar_extra *extra,
                   struct hull_problem *problem);
/* Check the map against the size of the file and of its data. */
int tar_sparse_check(const struct tar_reader *reader, const struct tar_entry *entry,
                     struct hull_problem *problem);

#endif
