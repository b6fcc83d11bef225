/*
 * archive.c: files of a container: what changed, all of them as a tar, and cp. Tars are packed and
 * unpacked by the jail; single paths are looked at by descriptor.
 */
#include "ct.h"

#include "archive_mounts.h"
#include "base64.h"
#include "jail.h"
#include "json.h"
#include "root.h"
#include "storage.h"
#include "timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many links in a row as the kernel follows. */
#define LINKS_MAX 40

/* Where the files of a container are: the tree that its processes see, or a mount of our own. */
struct tree {
    int dir_fd;     /* the top */
    int mntns_fd;   /* in which it is seen, or -1 */
    struct ct *use; /* has its volumes in use for this, or NULL */
};

static void tree_done(struct hull_call *call, struct tree *tree)
{
    hull_fd_cleanup(&tree->dir_fd);
    hull_fd_cleanup(&tree->mntns_fd);
    if (tree->use)
        archive_end_mounted(call, tree->use);
    ct_unref(tree->use);
    tree->use = NULL;
}

static void close_tree(struct hull_call *call, void *arg)
{
    tree_done(call, arg);
}

static int open_running(struct hull_call *call, const struct ct *ct, struct tree *ret)
{
    HULL_AUTO_FD process_fd = -1;
    int rc = ct_open_process(call, ct, &process_fd);

    if (rc < 0)
        return rc;
    ret->dir_fd = openat(process_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ret->mntns_fd = openat(process_fd, "ns/mnt", O_RDONLY | O_CLOEXEC);
    if (ret->dir_fd < 0 || ret->mntns_fd < 0)
        return hull_fail_errno(call, errno, "looking into container %s", ct->doc.name);
    return 0;
}

static int open_tree_of(struct hull_call *call, struct ct *ct, bool mounts, struct tree *ret)
{
    const struct storage_container request = {.id = ct->doc.id, .chain = ct->doc.chain};
    struct storage_mount_reply reply;
    int rc;

    *ret = (struct tree){-1, -1, NULL};
    hull_defer(call, close_tree, ret);
    if (mounts && ct_is_running(ct))
        return open_running(call, ct, ret);
    rc = storage_mount(call, ct->doc.storage, &request, &reply);
    if (rc == 0)
        ret->dir_fd = reply.mount_fd;
    return rc;
}

int ct_handle_changes(struct hull_call *call, const struct container_ref *request,
                      struct container_changes_reply *ret)
{
    struct storage_changes_reply reply;
    struct storage_container storage;
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    storage = (struct storage_container){.id = ct->doc.id, .chain = ct->doc.chain};
    rc = storage_changes(call, ct->doc.storage, &storage, &reply);
    if (rc == 0)
        memcpy(&ret->changes, &reply.changes, sizeof(ret->changes));
    return rc;
}

/* --- packing ---------------------------------------------------------------------------------- */

/*
 * The jail belongs to the call that started it, and a stream outlives its handler: so a fiber of
 * its own runs the jail and pumps its pipe into the stream that the client reads.
 */
struct packing {
    struct tree tree;
    char *path, *rename;
    struct hull_stream *out;
    struct ct *ct;
};

static void packing_free(struct hull_call *call, struct packing *packing)
{
    tree_done(call, &packing->tree);
    hull_stream_close(packing->out);
    ct_unref(packing->ct);
    free(packing->path);
    free(packing->rename);
    free(packing);
}

static int pump(struct hull_call *call, struct jail *jail, struct hull_stream *out)
{
    struct hull_stream *in = hull_stream_from_fd(HULL_TAKE_FD(jail->pipe_fd));
    int rc = hull_stream_copy(call, in, out, NULL);

    hull_stream_close(in);
    return rc;
}

static int pack(struct hull_call *call, void *arg)
{
    struct packing *packing = arg;
    const struct jail_pack options = {
        .dir_fd = packing->tree.mntns_fd < 0 ? packing->tree.dir_fd : 0,
        .mntns_fd = packing->tree.mntns_fd < 0 ? 0 : packing->tree.mntns_fd,
        .path = packing->path,
        .rename = packing->rename,
    };
    struct jail jail;
    int rc = jail_pack(call, &options, &jail);

    if (rc == 0)
        rc = jail_finish(call, &jail, pump(call, &jail, packing->out), NULL);
    if (rc == 0)
        rc = hull_stream_shutdown(call, packing->out);
    packing_free(call, packing);
    return rc;
}

/* Takes what TREE has. */
static struct hull_stream *start_packing(struct ct *ct, struct tree *tree, const char *path,
                                         const char *rename_to)
{
    struct packing *packing = calloc(1, sizeof(*packing));
    struct hull_stream *reader;

    HULL_ASSERT(packing);
    packing->tree.dir_fd = HULL_TAKE_FD(tree->dir_fd);
    packing->tree.mntns_fd = HULL_TAKE_FD(tree->mntns_fd);
    packing->tree.use = HULL_TAKE(tree->use);
    packing->path = path ? strdup(path) : NULL;
    packing->rename = rename_to ? strdup(rename_to) : NULL;
    packing->ct = ct_ref(ct);
    hull_stream_pair((size_t)256 * 1024, &reader, &packing->out);
    hull_spawn("container archive", pack, packing);
    return reader;
}

int ct_handle_export(struct hull_call *call, const struct container_ref *request,
                     struct container_tar_reply *ret)
{
    struct tree *tree = HULL_NEW(hull_call_arena(call), struct tree);
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc == 0)
        rc = open_tree_of(call, ct, false, tree);
    if (rc < 0)
        return rc;
    ret->stream = start_packing(ct, tree, NULL, NULL);
    ct_event(call, ct, "export", NULL);
    return 0;
}

/* --- one path --------------------------------------------------------------------------------- */

/* Go's FileMode of a mode. */
static unsigned long go_mode(mode_t mode)
{
    static const struct {
        mode_t type;
        unsigned long bits;
    } types[] = {{S_IFDIR, 1ul << 31}, {S_IFLNK, 1ul << 27},  {S_IFBLK, 1ul << 26},
                 {S_IFIFO, 1ul << 25}, {S_IFSOCK, 1ul << 24}, {S_IFCHR, 1ul << 26 | 1ul << 21}};
    unsigned long result = mode & 0777;

    for (size_t i = 0; i < HULL_COUNT(types); i++)
        if ((mode & S_IFMT) == types[i].type)
            result |= types[i].bits;
    if (mode & S_ISUID)
        result |= 1ul << 23;
    if (mode & S_ISGID)
        result |= 1ul << 22;
    if (mode & S_ISVTX)
        result |= 1ul << 20;
    return result;
}

/* True when PATH names what is in a folder rather than the folder. */
static bool names_content(const char *path)
{
    size_t length = strlen(path);

    return strcmp(path, ".") == 0 || (length > 1 && strcmp(path + length - 2, "/.") == 0);
}

/* True when PATH says that it names a folder, be it by a link. */
static bool names_folder(const char *path)
{
    return names_content(path) || (path[0] != '\0' && path[strlen(path) - 1] == '/');
}

/* PATH from the top, without ".", ".." and double slashes; links are not looked at. */
static char *clean_path(struct hull_arena *arena, const char *path)
{
    char *out = hull_arena_alloc(arena, strlen(path) + 2);
    size_t length = 0;

    for (size_t part; *path != '\0'; path += part) {
        path += strspn(path, "/");
        part = strcspn(path, "/");
        if (part == 0 || (part == 1 && path[0] == '.'))
            continue;
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            while (length > 0 && out[--length] != '/')
                ;
            continue;
        }
        out[length++] = '/';
        memcpy(out + length, path, part);
        length += part;
    }
    if (length == 0)
        out[length++] = '/';
    out[length] = '\0';
    return out;
}

/* What a client gets to see as the name of PATH, and what its tar calls it: the last part, "." for
 * content, "/" for the top. */
static const char *shown_name(struct hull_arena *arena, const char *path)
{
    const char *clean = clean_path(arena, path);

    if (names_content(path))
        return ".";
    return clean[1] == '\0' ? clean : strrchr(clean, '/') + 1;
}

/* Where the link at PATH leads to, seen from the top, by all the links in a row. */
static const char *link_target(struct hull_arena *arena, const struct tree *tree, const char *path)
{
    char name[NAME_MAX + 1], target[PATH_MAX];

    for (int links = 0; links < LINKS_MAX; links++) {
        HULL_AUTO_FD parent = root_open_parent(tree->dir_fd, path, name);
        ssize_t length = parent < 0 ? -1 : readlinkat(parent, name, target, sizeof(target) - 1);

        if (length <= 0)
            return links > 0 ? path : "";
        target[length] = '\0';
        if (target[0] != '/')
            path = hull_arena_printf(arena, "%s/../%s", path, target);
        else
            path = target;
        path = clean_path(arena, path);
    }
    return path;
}

/* As the container will see itself when it runs. */
static int open_mounted(struct hull_call *call, struct ct *ct, const char *ref, struct tree *ret)
{
    int rc;

    *ret = (struct tree){-1, -1, NULL};
    hull_defer(call, close_tree, ret);
    rc = hull_lock(call, &ct->lock);
    if (rc < 0)
        return rc;
    if (ct->state == CT_GONE) {
        rc = hull_fail(call, HULL_NOT_FOUND, "No such container: %s", ref);
    } else if (ct_is_running(ct)) {
        rc = open_running(call, ct, ret);
    } else {
        ret->use = ct_ref(ct);
        rc = archive_open_mounted(call, ct, &ret->dir_fd, &ret->mntns_fd);
    }
    hull_unlock(&ct->lock);
    return rc;
}

/* The tree in which PATH is found, with all mounts, and what it is called there. */
static int open_path(struct hull_call *call, struct ct *ct,
                     const struct container_archive_request *request, struct tree *ret,
                     const char **ret_path)
{
    *ret_path = clean_path(hull_call_arena(call), request->path);
    if (!ct_is_running(ct) && archive_has_mounts(call, ct))
        return open_mounted(call, ct, request->id, ret);
    return open_tree_of(call, ct, true, ret);
}

/* PATH is what the client calls it, INNER what it is called in TREE. */
static int stat_path(struct hull_call *call, const struct ct *ct, const struct tree *tree,
                     const char *path, const char *inner, const char **ret_header)
{
    struct hull_arena *arena = hull_call_arena(call);
    bool follow = names_folder(path);
    struct hull_text text = HULL_TEXT(arena);
    const char *target = "";
    const char *name = shown_name(arena, path);
    struct stat st;
    int err = root_stat(tree->dir_fd, inner, follow, &st);

    if (err == 0 && follow && !S_ISDIR(st.st_mode))
        err = -ENOTDIR;

    if (err == -ENOENT || err == -ENOTDIR)
        return hull_fail(call, HULL_NOT_FOUND, "Could not find the file %s in container %s", path,
                         ct->doc.name);
    if (err < 0)
        return hull_fail_errno(call, -err, "%s in container %s", path, ct->doc.name);
    if (S_ISLNK(st.st_mode))
        target = link_target(arena, tree, inner);
    hull_text_puts(&text, "{\"name\":");
    json_quote(&text, name, strlen(name));
    hull_text_printf(&text, ",\"size\":%lld,\"mode\":%lu,\"mtime\":\"%s\",\"linkTarget\":",
                     (long long)st.st_size, go_mode(st.st_mode),
                     time_format(arena, st.st_mtim.tv_sec * TIME_SECOND + st.st_mtim.tv_nsec));
    json_quote(&text, target, strlen(target));
    hull_text_puts(&text, "}");
    *ret_header = base64_encode(arena, text.data, text.length);
    return 0;
}

int ct_handle_archive_stat(struct hull_call *call, const struct container_archive_request *request,
                           struct container_archive_reply *ret)
{
    struct tree *tree = HULL_NEW(hull_call_arena(call), struct tree);
    const char *inner = NULL;
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc == 0)
        rc = open_path(call, ct, request, tree, &inner);
    return rc < 0 ? rc : stat_path(call, ct, tree, request->path, inner, &ret->stat);
}

int ct_handle_archive_get(struct hull_call *call, const struct container_archive_request *request,
                          struct container_archive_reply *ret)
{
    struct tree *tree = HULL_NEW(hull_call_arena(call), struct tree);
    struct hull_arena *arena = hull_call_arena(call);
    const char *path = NULL, *target = "";
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc == 0)
        rc = open_path(call, ct, request, tree, &path);
    if (rc == 0)
        rc = stat_path(call, ct, tree, request->path, path, &ret->stat);
    if (rc < 0)
        return rc;
    if (names_folder(request->path)) /* not the link, but what it leads to */
        target = link_target(arena, tree, path);
    ret->stream = start_packing(ct, tree, target[0] != '\0' ? target : path,
                                shown_name(arena, request->path));
    ct_event(call, ct, "archive-path", NULL);
    return 0;
}

/* The path of what FD is, without links, as its container sees it. */
static const char *true_path(struct hull_call *call, int fd)
{
    char path[PATH_MAX];
    ssize_t length = readlink(hull_printf(call, "/proc/self/fd/%d", fd), path, sizeof(path) - 1);

    path[length > 0 ? length : 0] = '\0';
    return hull_strdup(call, path);
}

static int check_target(struct hull_call *call, const struct ct *ct, const struct tree *tree,
                        const char *path, const char *inner)
{
    HULL_AUTO_FD fd = root_open(tree->dir_fd, inner, O_PATH, 0);
    struct stat st;

    if (fd == -ENOENT || fd == -ENOTDIR)
        return hull_fail(call, HULL_NOT_FOUND, "Could not find the file %s in container %s", path,
                         ct->doc.name);
    if (fd < 0)
        return hull_fail_errno(call, -fd, "%s in container %s", path, ct->doc.name);
    if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
        return hull_fail(call, HULL_INVALID, "extraction point is not a directory");
    const struct ct_mount *mount = archive_find_mount(ct, true_path(call, fd));
    if (mount ? mount->point.rw : !ct->doc.host_config.readonly_rootfs)
        return 0;
    return mount ? hull_fail(call, HULL_INVALID, "mounted volume is marked read-only")
                 : hull_fail(call, HULL_FORBIDDEN, "container rootfs is marked read-only");
}

static int feed(struct hull_call *call, struct hull_stream *from, struct jail *jail)
{
    struct hull_stream *to = hull_stream_from_fd(HULL_TAKE_FD(jail->pipe_fd));
    int rc = hull_stream_copy(call, from, to, NULL);

    hull_stream_close(to);
    return rc;
}

/*
 * copyUIDGID gives what is unpacked to the user the container runs as; root's containers keep the
 * owners of the tar, as docker has it.
 */
static int choose_owner(struct hull_call *call, const struct ct *ct, struct jail_unpack *options)
{
    const char *user = ct->doc.config.user;
    unsigned uid, gid;
    char more;

    if (!user || !*user || strcmp(user, "root") == 0)
        return 0;
    int found = sscanf(user, "%9u:%9u%c", &uid, &gid, &more);
    if (found == 1 && user[strspn(user, "0123456789")] == '\0')
        gid = uid;
    else if (found != 2)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "copyUIDGID: the container's user \"%s\" is not a number, which is not "
                         "supported yet",
                         user);
    options->set_owner = true;
    options->uid = uid;
    options->gid = gid;
    return 0;
}

int ct_handle_archive_put(struct hull_call *call, const struct container_archive_request *request,
                          struct hull_empty *ret)
{
    struct tree *tree = HULL_NEW(hull_call_arena(call), struct tree);
    struct jail_unpack options = {
        .whiteouts = "none", .compressed = true, .keep_type = request->no_overwrite_dir_non_dir};
    struct jail jail;
    struct ct *ct;
    int rc;

    (void)ret;
    hull_defer(call, hull_stream_close_cleanup, request->body);
    rc = ct_find(call, request->id, &ct);
    if (rc == 0)
        rc = open_path(call, ct, request, tree, &options.path);
    if (rc == 0)
        rc = check_target(call, ct, tree, request->path, options.path);
    if (rc == 0 && request->copy_uid_gid)
        rc = choose_owner(call, ct, &options);
    if (rc < 0)
        return rc;
    if (!request->body)
        return hull_fail(call, HULL_INVALID, "the tar to unpack is missing");
    options.dir_fd = tree->mntns_fd < 0 ? tree->dir_fd : 0;
    options.mntns_fd = tree->mntns_fd < 0 ? 0 : tree->mntns_fd;
    rc = jail_unpack(call, &options, &jail);
    if (rc == 0)
        rc = jail_finish(call, &jail, feed(call, request->body, &jail), NULL);
    if (rc == 0)
        ct_event(call, ct, "extract-to-dir", NULL);
    return rc;
}
