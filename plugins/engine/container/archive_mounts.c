/*
 * archive_mounts.c: cp of a container that does not run sees what would be mounted. The mounts are
 * copies that hull-jail puts into a namespace of its own, so that links lead from one into another,
 * and nothing is seen of it in the host's table but volumes that their driver has to mount.
 */
#include "ct.h"

#include "archive_mounts.h"
#include "bind_source.h"
#include "files.h"
#include "jail.h"
#include "root.h"
#include "storage.h"
#include "volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const own_files[] = {"resolv.conf", "hostname", "hosts"};

const struct ct_mount *archive_find_mount(const struct ct *ct, const char *path)
{
    const struct ct_mount *found = NULL;
    size_t best = 0;

    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        const struct ct_mount *mount = &ct->doc.mounts.v[i];
        size_t length = strlen(mount->point.destination);
        bool inside = strncmp(path, mount->point.destination, length) == 0 &&
                      (path[length] == '/' || path[length] == '\0');
        if (inside && length >= best) {
            found = mount;
            best = length;
        }
    }
    return found;
}

/* NULL when there is none. */
static const char *own_file(struct hull_call *call, const struct ct *ct, size_t i)
{
    const char *dir = ct_files_dir(call, ct);
    const char *path = dir ? hull_printf(call, "%s/%s", dir, own_files[i]) : NULL;

    return path && access(path, F_OK) == 0 ? path : NULL;
}

bool archive_has_mounts(struct hull_call *call, const struct ct *ct)
{
    for (size_t i = 0; i < ct->doc.mounts.n; i++)
        if (strcmp(ct->doc.mounts.v[i].point.type, "tmpfs") != 0)
            return true;
    return own_file(call, ct, 0) != NULL;
}

/* --- copies of mounts ------------------------------------------------------------------------- */

/* What is at SOURCE on the host, as a detached mount. */
struct copying {
    const char *source;
    bool recursive, readonly;
    unsigned readonly_flags; /* AT_RECURSIVE, when all below is readonly, too */
    const char *destination; /* where CT has it, for errors */
    int fd;
};

static int copy_mount(struct hull_work *work, void *arg)
{
    struct copying *copying = arg;
    /* Else what is mounted in there would be mounted on the host, too. */
    struct mount_attr apart = {.propagation = MS_PRIVATE};
    struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
    unsigned deep = copying->recursive ? AT_RECURSIVE : 0;
    HULL_AUTO_FD source = open(copying->source, O_PATH | O_CLOEXEC);

    HULL_AUTO_FD fd =
        source < 0
            ? -1
            : open_tree(source, "", deep | AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH | deep, &apart, sizeof(apart)) < 0 ||
        (copying->readonly && mount_setattr(fd, "", AT_EMPTY_PATH | copying->readonly_flags,
                                            &readonly, sizeof(readonly)) < 0))
        return hull_problem_set(&work->problem, hull_kind_of_errno(errno),
                                "%s, which is mounted at %s: %s", copying->source,
                                copying->destination, strerror(errno));
    copying->fd = HULL_TAKE_FD(fd);
    return 0;
}

struct view {
    struct ct *ct;
    int tree_fd; /* of the container without mounts */
    struct jail_place *places;
    size_t count;
};

static void add(struct view *view, int fd, const char *path, const char *subpath)
{
    view->places[view->count++] = (struct jail_place){fd, path, subpath};
}

static int add_copy(struct hull_call *call, struct view *view, const char *source,
                    const struct ct_mount *mount)
{
    bool deep = !mount->non_recursive;
    struct copying copying = {
        .source = source,
        .recursive = deep,
        .readonly = !mount->point.rw,
        .readonly_flags = deep && !mount->ro_non_recursive ? AT_RECURSIVE : 0,
        .destination = mount->point.destination,
        .fd = -1,
    };
    int rc = hull_work(call, copy_mount, &copying);

    if (rc == 0)
        add(view, copying.fd, mount->point.destination, mount->subpath);
    return rc;
}

static int add_volume(struct hull_call *call, struct view *view, const struct ct_mount *mount)
{
    const struct volume_mount_request request = {.name = mount->point.name,
                                                 .id = ct_volume_use(view->ct, mount)};
    struct volume_mount_reply reply;
    int rc = volume_mount(call, NULL, &request, &reply);

    return rc < 0 ? rc : add_copy(call, view, reply.path, mount);
}

static int add_image(struct hull_call *call, struct view *view, const struct ct_mount *mount)
{
    const struct storage_container request = {
        .id = view->ct->doc.id, .chain = mount->chain, .readonly = true};
    struct storage_mount_reply reply;
    int rc = storage_mount(call, view->ct->doc.storage, &request, &reply);

    if (rc < 0)
        return hull_wrap(call, rc, "mounting image %s", mount->point.source);
    add(view, reply.mount_fd, mount->point.destination, mount->subpath);
    return 0;
}

static int add_mount(struct hull_call *call, struct view *view, const struct ct_mount *mount)
{
    int rc;

    if (strcmp(mount->point.type, "volume") == 0)
        return add_volume(call, view, mount);
    if (strcmp(mount->point.type, "image") == 0)
        return add_image(call, view, mount);
    if (strcmp(mount->point.type, "bind") != 0)
        return 0;
    rc = bind_source_make(call, mount->point.source);
    return rc < 0 ? rc : add_copy(call, view, mount->point.source, mount);
}

/* hosts and its like, once a start has made them, unless the client has mounted its own. */
static int add_own_files(struct hull_call *call, struct view *view)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < HULL_COUNT(own_files); i++) {
        const struct ct_mount file = {
            .point = {.destination = hull_printf(call, "/etc/%s", own_files[i]),
                      .rw = !view->ct->doc.host_config.readonly_rootfs}};
        const char *source = own_file(call, view->ct, i);

        if (source)
            rc = add_copy(call, view, source, &file);
    }
    return rc;
}

/* Folders before what lies in them. */
static int by_depth(const void *a, const void *b)
{
    return strcmp((*(const struct ct_mount *const *)a)->point.destination,
                  (*(const struct ct_mount *const *)b)->point.destination);
}

static int add_all(struct hull_call *call, struct view *view)
{
    struct hull_arena *arena = hull_call_arena(call);
    size_t count = view->ct->doc.mounts.n;
    const struct ct_mount **sorted = HULL_NEW_ARRAY(arena, const struct ct_mount *, count + 1);
    int rc;

    view->places = HULL_NEW_ARRAY(arena, struct jail_place, count + HULL_COUNT(own_files));
    for (size_t i = 0; i < count; i++)
        sorted[i] = &view->ct->doc.mounts.v[i];
    qsort(sorted, count, sizeof(*sorted), by_depth);
    rc = add_own_files(call, view);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = add_mount(call, view, sorted[i]);
    return rc;
}

static bool has_volumes(const struct ct *ct)
{
    for (size_t i = 0; i < ct->doc.mounts.n; i++)
        if (strcmp(ct->doc.mounts.v[i].point.type, "volume") == 0)
            return true;
    return false;
}

/* Written down ahead: a daemon that is killed lets go of the volumes at its next start. */
static int begin_copy(struct hull_call *call, struct ct *ct)
{
    ct->copies++;
    if (ct->doc.copying || !has_volumes(ct))
        return 0;
    ct->doc.copying = true;
    return ct_save(call, ct, ct->doc.intent, false);
}

void archive_end_copy(struct hull_call *call, struct ct *ct)
{
    ct_release_volumes(call, ct);
    if (!ct->doc.copying)
        return;
    ct->doc.copying = false;
    if (ct_save(call, ct, ct->doc.intent, false) == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "after a copy", "container", ct->doc.id, "error",
             hull_error(call), NULL);
    hull_error_clear(call);
}

int archive_open_mounted(struct hull_call *call, struct ct *ct, int *ret_dir_fd, int *ret_mntns_fd)
{
    const struct storage_container request = {.id = ct->doc.id, .chain = ct->doc.chain};
    struct view view = {.ct = ct};
    struct storage_mount_reply reply;
    int rc = begin_copy(call, ct);

    if (rc == 0)
        rc = storage_mount(call, ct->doc.storage, &request, &reply);
    if (rc < 0)
        return rc;
    view.tree_fd = reply.mount_fd;
    rc = add_all(call, &view);
    if (rc == 0)
        rc = jail_mount(call, view.tree_fd, view.places, view.count, ret_dir_fd, ret_mntns_fd);
    for (size_t i = 0; i < view.count; i++)
        hull_fd_cleanup(&view.places[i].fd);
    hull_fd_cleanup(&view.tree_fd);
    return rc;
}

void archive_end_mounted(struct hull_call *call, struct ct *ct)
{
    hull_shield(call);
    if (hull_lock(call, &ct->lock) == 0) {
        ct->copies--;
        if (ct->copies == 0 && ct_is_running(ct))
            ct->doc.copying = false; /* they are the run's now */
        else if (ct->copies == 0 && ct->state == CT_GONE)
            ct_release_volumes(call, ct);
        else if (ct->copies == 0)
            archive_end_copy(call, ct);
        hull_unlock(&ct->lock);
    }
    hull_unshield(call);
}
