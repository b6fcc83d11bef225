/*
 * volumes.c: making a container's volumes, letting go of them, and events about them.
 */
#include "ct.h"

#include "events.h"
#include "json.h"
#include "volume.h"

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
