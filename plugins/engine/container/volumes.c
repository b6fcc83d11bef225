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

void ct_unmount_volumes(struct hull_call *call, struct ct *ct)
{
    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        const struct ct_mount *mount = &ct->doc.mounts.v[i];
        const struct volume_ref request = {.name = mount->point.name};
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

/* Values of the labels and variables that the log options name, as a JSON object, or NULL. */
const char *ct_log_attributes(struct hull_call *call, const struct ct_doc *doc)
{
    const struct hull_map *options = &doc->host_config.log_config.config;
    const char *labels = hull_map_find(options, "labels"), *env = hull_map_find(options, "env");
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    char *rest = hull_strdup(call, labels ? labels : ""), *name;

    hull_text_puts(&text, "");
    while ((name = strsep(&rest, ","))) {
        const char *value = hull_map_find(&doc->config.labels, name);

        if (!value)
            continue;
        hull_text_puts(&text, text.length ? "," : "{");
        json_quote(&text, name, strlen(name));
        hull_text_puts(&text, ":");
        json_quote(&text, value, strlen(value));
    }
    rest = hull_strdup(call, env ? env : "");
    while ((name = strsep(&rest, ","))) {
        size_t length = strlen(name);

        for (size_t i = 0; length > 0 && i < doc->config.env.n; i++) {
            const char *entry = doc->config.env.v[i];

            if (strncmp(entry, name, length) != 0 || entry[length] != '=')
                continue;
            hull_text_puts(&text, text.length ? "," : "{");
            json_quote(&text, name, length);
            hull_text_puts(&text, ":");
            json_quote(&text, entry + length + 1, strlen(entry + length + 1));
        }
    }
    if (text.length == 0)
        return NULL;
    hull_text_puts(&text, "}");
    return text.data;
}
