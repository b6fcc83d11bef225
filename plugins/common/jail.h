/*
 * jail.h: packing and unpacking tars of container trees, in a process that sees nothing else.
 *
 * The helper hull-jail gets a tar through a pipe and one directory; it has its own namespaces,
 * that directory as its root, few capabilities, a seccomp filter and no environment. The daemon
 * decompresses layers before and compresses them after, in its own process; what clients send to
 * be unpacked into a container is decompressed by the helper:
 *
 *     struct jail jail;
 *     struct jail_unpack options = {.dir_fd = begin.dir_fd, .whiteouts = begin.whiteouts};
 *     int rc = jail_unpack(call, &options, &jail);
 *     if (rc == 0)
 *         rc = write_the_tar(call, &jail);      // to jail.pipe_fd
 *     rc = jail_finish(call, &jail, rc, &result);
 *
 * hull_stream_from_fd(HULL_TAKE_FD(jail.pipe_fd)) makes a stream of the pipe. A jail that refuses
 * closes its end: the writer gets EPIPE, and jail_finish() has the true reason. A call that
 * fails, is cancelled or forgets jail_finish() kills the jail.
 */
#ifndef HULL_COMMON_JAIL_H
#define HULL_COMMON_JAIL_H

#include <hull/fiber.h>

/* What hull-jail answers through its result pipe. */
#define JAIL_RESULT_FIELDS(F, T)                                                     \
    F(T, INT, _, kind, "kind", 0, "0, or the positive kind of the error")            \
    F(T, STRING, _, error, "error", 0, "What is wrong, naming the entry")            \
    F(T, INT, _, entries, "entries", 0, "Entries of the tar")                        \
    F(T, INT, _, bytes, "bytes", 0, "Bytes of the files, holes counted as they are") \
    F(T, INT, _, written, "written", 0, "Bytes written to the disk, or to the tar")  \
    F(T, BOOL, _, top, "top", 0, "The tar said what the top of the tree is like")
HULL_MESSAGE(jail_result, JAIL_RESULT_FIELDS)

/* A running jail. */
struct jail {
    int pipe_fd; /* unpack: write the tar here; pack: read it. -1 when somebody took it over */
    struct jail_guard *guard;
};

struct jail_unpack {
    int dir_fd;            /* the tree: a directory, or a detached mount (which is used up) */
    int mntns_fd;          /* instead of dir_fd, a mount namespace whose root is the tree; or 0 */
    const char *path;      /* directory in the tree to unpack into, links followed; NULL: its top */
    const char *whiteouts; /* "overlay", "apply" or "none" (.wh.x is an ordinary name); required */
    int64_t max_entries;   /* 0: a million */
    int64_t max_bytes;     /* sum of the files' sizes and of the data written; 0: 1 TiB */
    bool compressed; /* the tar may be compressed: gzip, bzip2, xz or zstd by its first bytes */
    bool keep_type;  /* refuse to replace a directory by something else, or the reverse */
    bool set_owner;  /* everything belongs to uid and gid, whatever the tar says */
    uid_t uid;
    gid_t gid;
};
/* Start unpacking. Write the whole tar to ret->pipe_fd, then jail_finish(). */
HULL_CHECKED int jail_unpack(struct hull_call *call, const struct jail_unpack *options,
                             struct jail *ret);

struct jail_pack {
    int dir_fd;         /* as above */
    int mntns_fd;       /* as above */
    const char *path;   /* what to pack, a folder or a file; NULL: everything */
    const char *rename; /* its name in the tar; NULL: as it is; for a whole tree none */
    bool layer;         /* an upper directory of overlay: whiteouts become .wh. files */
    int list_fd;        /* paths to pack, each ended by a NUL, '-' or '+' before each; '-' makes a
                         * whiteout; or 0 for everything */
};
/* Start packing. Read ret->pipe_fd to its end, then jail_finish(). */
HULL_CHECKED int jail_pack(struct hull_call *call, const struct jail_pack *options,
                           struct jail *ret);

/* A detached mount, put at PATH in a tree; with SUBPATH only what is there in it. */
struct jail_place {
    int fd;
    const char *path, *subpath;
};
/*
 * A mount namespace of its own whose root is the tree at DIR_FD (a directory, or a detached mount,
 * which is used up) with PLACES in it, in this order; nobody else sees them. Where a place is
 * missing in the tree it is made. It lives for as long as RET_MNTNS_FD does; RET_DIR_FD is its
 * root. At most 200 places. Yields.
 */
HULL_CHECKED int jail_mount(struct hull_call *call, int dir_fd, const struct jail_place *places,
                            size_t count, int *ret_dir_fd, int *ret_mntns_fd);

/*
 * Close the pipe, collect the result and reap. RC is what the caller's own writing or reading
 * gave; the jail's reason wins over it. Returns 0 or the error; RET_RESULT may be NULL. Yields.
 */
HULL_CHECKED int jail_finish(struct hull_call *call, struct jail *jail, int rc,
                             struct jail_result *ret_result);

#endif
