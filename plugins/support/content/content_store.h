/*
 * content_store.h: what the files of support/content share: the OCI layout on the disk.
 *
 *     DATA-ROOT/image/oci-layout
 *     DATA-ROOT/image/blobs/sha256/<hex>    complete, verified, durable
 *     DATA-ROOT/image/ingest/<number>       being written; removed at the next start
 */
#ifndef HULL_CONTENT_STORE_H
#define HULL_CONTENT_STORE_H

#include <hull/hull.h>

#include "content.h"
#include "digest.h"

struct content_store {
    int top_fd;
    int blobs_fd;
    int ingest_fd;
};

/* Open the layout below DATA_ROOT, made when it is missing; half-written files of an earlier life
 * are removed. Blocks. */
int store_open(struct content_store *store, const char *data_root, struct hull_problem *problem)
    HULL_CHECKED;
void store_close(struct content_store *store);

/* One ingest, for the worker. */
struct content_ingest {
    const struct content_store *store;
    int fd;                /* read to its end */
    const char *expected;  /* digest, or NULL */
    int64_t expected_size; /* or 0 */
    int64_t limit;         /* or 0 */
    bool skip;             /* the blob is here: only read and count, unless it is damaged */
    uint64_t serial;       /* names the file while it is written */
    char ret[DIGEST_SIZE]; /* what it was */
    int64_t ret_size;
};
int store_ingest(struct hull_work *work, void *arg);

/* Hash a blob that is here; the same struct, of which fd, expected and expected_size count. */
int store_verify(struct hull_work *work, void *arg);

/* The file of a commit, for the worker. */
struct content_file {
    const struct content_store *store;
    int fd;
    const char *digest;
    bool ret_copy; /* it has to be copied after all */
};
/* An unnamed file to write and read; -1 with errno. */
int store_create(const struct content_store *store);
/* Make the file durable and give it its name. */
int store_link(struct hull_work *work, void *arg);

#endif
