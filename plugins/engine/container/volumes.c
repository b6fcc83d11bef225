/*
 * volumes.c: letting go of a container's volumes, and events about them.
 */
#include "ct.h"

#include "events.h"
#include "json.h"
#include "volume.h"

#include <string.h>

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
