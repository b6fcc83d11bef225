/* jail-int.h: what the files of hull-jail share. main.c tells the story. */
#ifndef HULL_TOOLS_JAIL_INT_H
#define HULL_TOOLS_JAIL_INT_H

#include <limits.h>
#include <sys/stat.h>

#include "compress.h"
#include "jail.h"
#include "root.h"
#include "tar.h"

enum {
    FD_IN = 0,
    FD_OUT = 1,
    FD_TREE = 3,
    FD_RESULT = 4,
    FD_LIST = 5,
    FD_MNTNS = 6,
    FD_MOUNTS = 7, /* the first one */
};

enum whiteouts { WHITEOUTS_NONE, WHITEOUTS_OVERLAY, WHITEOUTS_APPLY };

/* What is mounted in the tree: the detached mount FD_MOUNTS plus its place in the list. */
struct mount_place {
    const char *path;    /* in the tree */
    const char *subpath; /* what of the mount is shown; NULL: its top */
};

struct options {
    bool pack;
    bool mount;
    struct mount_place *mounts;
    size_t mount_count;
    const char *path;
    enum whiteouts whiteouts;
    int64_t max_entries, max_bytes;
    bool compressed;
    bool keep_type;
    bool set_owner;
    int64_t uid, gid;
    const char *rename;
    bool layer;
    bool list;
    bool mntns;
};

/* What the result says. */
struct counts {
    int64_t entries, bytes, written;
    bool top; /* the archive said what the tree's top is like */
};

/*
 * Become a process that sees the tree as its root and nothing else; *ret_fd is the tree's top.
 * FD_TREE and FD_MNTNS are closed. Capabilities and system calls are cut down.
 */
int jail_enter(const struct options *options, int *ret_fd, struct hull_problem *problem);
/*
 * Make a mount namespace whose root is the tree with all mounts of the options in it, and be in it;
 * whoever started the process takes it from /proc. Places that are missing are made.
 */
int jail_run_mount(const struct options *options, struct hull_problem *problem);
/* Allow from now on only the system calls that unpacking and packing make. */
int jail_seccomp(struct hull_problem *problem);

/* Unpack FD_IN into the tree at TOP_FD, or pack it to FD_OUT. */
int jail_run_unpack(const struct options *options, int top_fd, struct counts *counts,
                    struct hull_problem *problem);
int jail_run_pack(const struct options *options, int top_fd, struct counts *counts,
                  struct hull_problem *problem);

/* True for the xattrs that an archive may carry: security.capability and user.*, without those
 * of overlay. */
bool jail_xattr_wanted(const char *name);
/* The problem for errno ERR at PATH. */
int jail_errno(struct hull_problem *problem, int err, const char *path, const char *what);

/* --- unpacking ------------------------------------------------------------------------------ */

/* A set of paths. */
struct paths {
    char **slots;
    size_t used, capacity;
};
void paths_add(struct paths *paths, const char *path);
bool paths_have(const struct paths *paths, const char *path);

/* A folder whose time is set when nothing is put into it any more. */
struct dir_time {
    char *path;
    struct timespec mtime;
};

struct unpack {
    const struct options *options;
    int base_fd; /* what names are relative to */
    bool follow; /* parents may be links: the tree is a container's, not a layer's */
    struct counts *counts;
    struct hull_problem *problem;
    struct tar_entry *entry;
    struct tar_reader *reader;
    struct decompress *packed; /* when the tar may be compressed */
    struct hull_problem packed_problem;

    int parent_fd; /* of the last entry; -1 when it has to be looked up again */
    char parent[ROOT_PATH_MAX + 1];

    struct paths seen; /* with WHITEOUTS_APPLY: what this layer brought */
    struct dir_time *times;
    size_t time_count, time_capacity;
};

/* Where an entry goes: an open parent, and a plain name in it; "" for the top. */
struct place {
    int parent_fd; /* unpack's */
    const char *name;
    const char *path; /* without "." and empty parts */
};

/* Reduce NAME to parts joined with one '/'; refuses ".." and too long ones. */
int place_clean(struct unpack *unpack, const char *name, char *ret_path);
/* Open the folder of PATH, making what is missing when MAKE. PATH must stay. */
int place_find(struct unpack *unpack, const char *path, bool make, struct place *ret);
/* Forget the open parent: something on its path was removed. */
void place_forget(struct unpack *unpack);

/* Deal with a name that begins with ".wh.": 1 when the entry is done, 0 when it is none. */
int whiteout_apply(struct unpack *unpack, const char *path);
/* Mark the folder NAME in DIR_FD as hiding what is below it in lower layers. */
int whiteout_opaque(struct unpack *unpack, int dir_fd, const char *name);

/* Make the entry at PLACE. */
int entry_make(struct unpack *unpack, const struct place *place);
/* Times of folders, at the end. */
int entry_dir_times(struct unpack *unpack);

#endif
