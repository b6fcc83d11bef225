/*
 * volumes.c: making a container's volumes, letting go of them, and events about them.
 */
#include "ct.h"

#include "events.h"
#include "json.h"
#include "populate.h"
#include "root.h"
#include "storage.h"
#include "volume.h"

#include <fcntl.h>
#include <string.h>

#define ANONYMOUS "com.docker.volume.anonymous"

void ct_volume_event(struct hull_call *call, struct ct *ct, const struct ct_mount *mount,
                     const char *action)
{
    if (strcmp(action, "mount") == 0)
        event_publish(call, "volume", action, mount->point.name, "container", ct->doc.id,
                      "destination", mount->point.destination, "driver", mount->point.driver,
                      "propagation", "", "read/write", mount->point.rw ? "true" : "false", NULL);
    else
        event_publish(call, "volume", action, mount->point.name, "container", ct->doc.id, "driver",
                      mount->point.driver, NULL);
}

/* --- create ----------------------------------------------------------------------------------- */

struct made {
    struct ct *ct;
    const char *name;
};

static void remove_made(struct hull_call *call, void *arg)
{
    const struct made *made = arg;
    const struct volume_ref request = {.name = made->name};
    struct hull_empty reply;

    made->ct->lets_go = true;
    if (volume_discard(call, NULL, &request, &reply) < 0)
        hull_log(call, HULL_LOG_WARN, "anonymous volume left", "name", made->name, "error",
                 hull_error(call), NULL);
}

static int make_volume(struct hull_call *call, struct ct *ct, struct ct_mount *mount)
{
    const struct mount_volume_options *options =
        mount->spec > 0 ? ct->doc.host_config.mounts.v[mount->spec - 1].volume_options : NULL;
    struct volume_create_options request = {.name = mount->point.name,
                                            .driver = mount->point.driver};
    struct made *made = HULL_NEW(hull_call_arena(call), struct made);
    struct volume reply;

    for (size_t i = 0; options && i < options->labels.n; i++)
        hull_map_set(hull_call_arena(call), &request.labels, options->labels.v[i].key,
                     options->labels.v[i].value);
    if (options && options->driver_config)
        request.driver_opts = options->driver_config->options;
    if (mount->anonymous)
        hull_map_set(hull_call_arena(call), &request.labels, ANONYMOUS, "");
    int rc = volume_create(call, NULL, &request, &reply);
    if (rc < 0)
        return rc;
    mount->point.driver = hull_arena_strdup(ct->arena, reply.driver);
    mount->point.source = hull_arena_strdup(ct->arena, reply.mountpoint);
    *made = (struct made){ct, mount->point.name};
    if (mount->anonymous)
        hull_undo(call, remove_made, made);
    return 0;
}

int ct_make_volumes(struct hull_call *call, struct ct *ct)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ct->doc.mounts.n; i++) {
        struct ct_mount *mount = &ct->doc.mounts.v[i];

        if (strcmp(mount->point.type, "volume") == 0 && !mount->inherited)
            rc = make_volume(call, ct, mount);
    }
    return rc;
}

/* --- fill ------------------------------------------------------------------------------------- */

/* Volumes that are being filled: of two containers that are made at the same time, one does it. */
struct filling {
    const char *volume;
    struct filling *next;
};
static struct filling *fillings;
static struct hull_cond one_filled;

static bool is_filling(const char *volume)
{
    for (const struct filling *at = fillings; at; at = at->next)
        if (strcmp(at->volume, volume) == 0)
            return true;
    return false;
}

static int begin_filling(struct hull_call *call, struct filling *own)
{
    while (is_filling(own->volume)) {
        int rc = hull_cond_wait(call, &one_filled);

        if (rc < 0)
            return rc;
    }
    own->next = fillings;
    fillings = own;
    return 0;
}

static void end_filling(const struct filling *own)
{
    struct filling **at = &fillings;

    while (*at != own)
        at = &(*at)->next;
    *at = own->next;
    hull_cond_broadcast(&one_filled);
}

static void release(struct hull_call *call, const struct ct *ct, const struct ct_mount *mount)
{
    const struct volume_mount_request request = {.name = mount->point.name,
                                                 .id = ct_volume_use(ct, mount)};
    struct hull_empty reply;

    if (volume_unmount(call, NULL, &request, &reply) == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "unmounting a volume", "volume", mount->point.name, "error",
             hull_error(call), NULL);
}

void ct_release_volumes(struct hull_call *call, const struct ct *ct)
{
    hull_shield(call);
    for (size_t i = 0; i < ct->doc.mounts.n; i++)
        if (strcmp(ct->doc.mounts.v[i].point.type, "volume") == 0)
            release(call, ct, &ct->doc.mounts.v[i]);
    hull_unshield(call);
}

static int fill(struct hull_call *call, const struct ct *ct, const struct ct_mount *mount,
                int tree_fd)
{
    const struct volume_mount_request request = {.name = mount->point.name,
                                                 .id = ct_volume_use(ct, mount)};
    HULL_AUTO_FD there = root_open(tree_fd, mount->point.destination, O_PATH | O_DIRECTORY, 0);
    struct filling own = {.volume = mount->point.name};
    struct volume_mount_reply reply;

    if (there < 0)
        return 0; /* the image has nothing for it */
    int rc = begin_filling(call, &own);
    if (rc < 0)
        return rc;
    rc = volume_mount(call, NULL, &request, &reply);
    if (rc == 0) {
        rc = populate_volume(call, tree_fd, mount->point.destination, reply.path, mount->subpath);
        hull_shield(call);
        release(call, ct, mount);
        hull_unshield(call);
    }
    end_filling(&own);
    return rc;
}

/* The files as the image has them, whoever they belong to in the container. */
static int open_tree_once(struct hull_call *call, const struct ct *ct, int *fd)
{
    const struct storage_container request = {.id = ct->doc.id, .chain = ct->doc.chain};
    struct storage_mount_reply reply;
    int rc = *fd >= 0 ? 0 : storage_mount(call, ct->doc.storage, &request, &reply);

    if (rc == 0 && *fd < 0)
        *fd = reply.mount_fd;
    return rc;
}

int ct_fill_volumes(struct hull_call *call, struct ct *ct)
{
    HULL_AUTO_FD tree_fd = -1;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ct->doc.mounts.n; i++) {
        struct ct_mount *mount = &ct->doc.mounts.v[i];
        bool wanted = mount->populate && !mount->inherited;

        mount->populate = false;
        if (!wanted || strcmp(mount->point.type, "volume") != 0)
            continue;
        rc = open_tree_once(call, ct, &tree_fd);
        if (rc == 0)
            rc = fill(call, ct, mount, tree_fd);
    }
    return rc;
}

/* --- remove ----------------------------------------------------------------------------------- */

void ct_remove_volumes(struct hull_call *call, struct ct *ct)
{
    ct->lets_go = true;
    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        const struct ct_mount *mount = &ct->doc.mounts.v[i];
        const struct volume_ref request = {.name = mount->point.name};
        struct hull_empty reply;

        /* In use by another container, or removed by hand: both are fine. */
        if (!mount->anonymous || ct_volume_used(mount->point.name) ||
            volume_discard(call, NULL, &request, &reply) == 0)
            continue;
        hull_log(call, HULL_LOG_WARN, "anonymous volume left", "volume", mount->point.name, "error",
                 hull_error(call), NULL);
        hull_error_clear(call);
    }
}

/* --- run -------------------------------------------------------------------------------------- */

const char *ct_volume_use(const struct ct *ct, const struct ct_mount *mount)
{
    return mount->use != NULL ? mount->use : ct->doc.id;
}

void ct_unmount_volumes(struct hull_call *call, struct ct *ct)
{
    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        const struct ct_mount *mount = &ct->doc.mounts.v[i];
        const struct volume_mount_request request = {.name = mount->point.name,
                                                     .id = ct_volume_use(ct, mount)};
        struct hull_empty reply;

        if (strcmp(mount->point.type, "volume") != 0)
            continue;
        if (volume_unmount(call, NULL, &request, &reply) < 0)
            hull_log(call, HULL_LOG_WARN, "unmounting a volume", "volume", mount->point.name,
                     "error", hull_error(call), NULL);
        else
            ct_volume_event(call, ct, mount, "unmount");
    }
}
