/*
 * tar.h: reading and writing tar archives: names are bytes, and nothing is believed.
 *
 * The reader knows v7, ustar, pax and GNU archives with long names and all four kinds of sparse
 * files. It has a limit for everything that it keeps in memory, converts no character set, and
 * touches no file. The writer makes ustar with pax records where something does not fit; the
 * same entries give the same bytes.
 *
 * Neither needs a call or a core: the jail and the fuzzer link them too. Worker-safe.
 */
#ifndef HULL_COMMON_TAR_H
#define HULL_COMMON_TAR_H

#include <time.h>

#include <hull/arena.h>
#include <hull/error.h>

#define TAR_BLOCK 512
#define TAR_PATH_MAX 4095           /* of names and link targets */
#define TAR_PAX_MAX (1024 * 1024)   /* one pax header */
#define TAR_XATTR_MAX 128           /* xattrs of one entry */
#define TAR_EXTENT_MAX (128 * 1024) /* pieces of one sparse file */

enum tar_type {
    TAR_FILE = '0',
    TAR_LINK = '1',
    TAR_SYMLINK = '2',
    TAR_CHAR = '3',
    TAR_BLOCKDEV = '4',
    TAR_DIR = '5',
    TAR_FIFO = '6',
};

struct tar_xattr {
    const char *name;
    const char *value;
    size_t size;
};

/* A piece of a sparse file that has data. */
struct tar_extent {
    int64_t offset;
    int64_t size;
};

struct tar_entry {
    enum tar_type type;
    const char *path;
    const char *link; /* target, of links; "" otherwise */
    unsigned mode;    /* 07777 at most */
    int64_t uid, gid;
    int64_t size; /* of the file, with its holes */
    struct timespec mtime;
    int64_t dev_major, dev_minor;
    struct tar_xattr *xattrs;
    size_t xattr_count;
    bool sparse;
    struct tar_extent *extents; /* when sparse */
    size_t extent_count;
};

/* --- reading -------------------------------------------------------------------------------- */

/* Up to SIZE bytes into BUFFER: how many, 0 at the end, or a negative errno. */
typedef ssize_t tar_source_fn(void *ctx, void *buffer, size_t size);

struct tar_reader;

/* A reader of the bytes that SOURCE gives. The caller frees it. */
struct tar_reader *tar_reader_new(tar_source_fn *source, void *ctx);
/* NULL is allowed. Returns NULL. */
struct tar_reader *tar_reader_free(struct tar_reader *reader);

/*
 * The next entry, what is unread of the last one's data being skipped. 1, or 0 at the end of the
 * archive, or a negative kind. What RET_ENTRY points at is valid until the next call.
 */
HULL_CHECKED int tar_next(struct tar_reader *reader, struct tar_entry *ret_entry,
                          struct hull_problem *problem);
/*
 * The next piece of the entry's data and where in the file it belongs. 1, or 0 when there is no
 * more, or a negative kind.
 */
HULL_CHECKED int tar_data(struct tar_reader *reader, const char **ret_data, size_t *ret_size,
                          int64_t *ret_offset, struct hull_problem *problem);
/* Read what follows the archive, at most LIMIT bytes, so that a digest of it is complete. */
HULL_CHECKED int tar_drain(struct tar_reader *reader, int64_t limit, struct hull_problem *problem);

/* --- writing -------------------------------------------------------------------------------- */

struct tar_writer;

/* A writer to FD, which stays the caller's. The caller frees it. */
struct tar_writer *tar_writer_new(int fd);
/* NULL is allowed. What was not flushed by tar_finish() is lost. Returns NULL. */
struct tar_writer *tar_writer_free(struct tar_writer *writer);

/* The header of ENTRY; for a TAR_FILE exactly ENTRY->size bytes of tar_write() must follow. */
HULL_CHECKED int tar_put(struct tar_writer *writer, const struct tar_entry *entry,
                         struct hull_problem *problem);
HULL_CHECKED int tar_write(struct tar_writer *writer, const void *data, size_t size,
                           struct hull_problem *problem);
/* The end of the archive. */
HULL_CHECKED int tar_finish(struct tar_writer *writer, struct hull_problem *problem);
/* Bytes written so far. */
int64_t tar_written(const struct tar_writer *writer);

#endif
