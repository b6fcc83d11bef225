/*
 * root.h: the one path layer: names inside a tree that somebody else owns.
 *
 * A container's tree is hostile: any part of a path may be a symbolic link that points out of
 * it, and may be exchanged while we look. So nothing here takes a path of the host: there is a
 * descriptor of the tree's top, a path inside it, and the answer is a descriptor to act on. An
 * absolute path or link starts at the top of the tree, ".." stops there.
 *
 * All functions return 0, a descriptor or a count, or a negative errno (not a kind): the caller
 * knows the words. All are worker-safe and block. A path may begin with '/'; "" and "/" are the
 * top. Descriptors that are returned are the caller's and close on exec.
 */
#ifndef HULL_COMMON_ROOT_H
#define HULL_COMMON_ROOT_H

#include <sys/stat.h>

#include <hull/base.h>

/* Longest path taken; longer ones are -ENAMETOOLONG. */
#define ROOT_PATH_MAX 4095
/* Deepest tree that is walked; what lies deeper can't be named by a path anyway. */
#define ROOT_DEPTH_MAX 2000

/*
 * Open PATH with open(2)'s FLAGS (O_CLOEXEC is added) and MODE; links are followed inside the
 * tree, the last one too unless FLAGS has O_NOFOLLOW; links of /proc never.
 */
HULL_CHECKED int root_open(int root_fd, const char *path, int flags, mode_t mode);

/*
 * Open the directory that holds the last part of PATH, and copy that part to RET_NAME
 * (NAME_MAX + 1 bytes): "" when PATH is the top; never "." or "..", for which -EINVAL.
 */
HULL_CHECKED int root_open_parent(int root_fd, const char *path, char *ret_name);

/* stat of PATH; FOLLOW: of what a link at its end points to. */
HULL_CHECKED int root_stat(int root_fd, const char *path, bool follow, struct stat *ret_stat);

/*
 * Make all missing directories of PATH with MODE (as given, whatever the umask is) and OWNER,
 * following links inside the tree, and return a descriptor of the last one (O_DIRECTORY).
 * -ENOTDIR when something else is in the way.
 */
HULL_CHECKED int root_mkdir_all(int root_fd, const char *path, mode_t mode, uid_t uid, gid_t gid);

/*
 * The content of the regular file at PATH, with a NUL behind it, in memory from malloc: never
 * hangs on a FIFO, never reads a device. -EINVAL when it is no regular file, -EFBIG when it has
 * more than LIMIT bytes.
 */
HULL_CHECKED int root_read_file(int root_fd, const char *path, size_t limit, char **ret_data,
                                size_t *ret_size);

/*
 * Remove NAME in DIR_FD with all that is below it, whatever its depth, following nothing and
 * leaving no mount. 0 when there is no NAME. It may move deep folders next to NAME on its way.
 */
HULL_CHECKED int root_remove_tree(int dir_fd, const char *name);

/* One name found by root_walk(). */
struct root_entry {
    int dir_fd;       /* of the folder that holds it */
    const char *name; /* in that folder */
    const char *path; /* from the top, without a '/' in front */
    size_t depth;     /* 0 for what is in the top */
    struct stat stat; /* of the entry itself */
};
/* Return 0 to go on, 1 to leave a folder's content out, or a negative errno to end the walk. */
typedef int root_walk_fn(void *ctx, const struct root_entry *entry);
/*
 * Call ENTER for each entry below DIR_FD, a folder before its content, names of one folder in
 * byte order; and LEAVE (may be NULL) for each folder after its content. Follows nothing.
 */
HULL_CHECKED int root_walk(int dir_fd, root_walk_fn *enter, root_walk_fn *leave, void *ctx);

/* Write all of DATA to FD. */
HULL_CHECKED int root_write_full(int fd, const void *data, size_t size);

#endif
