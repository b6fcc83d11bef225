/*
 * event_publish.c: what every service calls to say that something happened.
 */
#include "events.h"

#include <hull/arena.h>

void event_publish_map(struct hull_call *call, const char *type, const char *action, const char *id,
                       const struct hull_map *attributes)
{
    int64_t now = hull_time_ns();
    struct event_message event = {
        .type = type,
        .action = action,
        .actor = {.id = id, .attributes = *attributes},
        .scope = "local",
        .time = now / 1000000000,
        .time_nano = now,
    };

    (void)call;
    hull_publish(&event_topic, &event);
}

void event_publish(struct hull_call *call, const char *type, const char *action, const char *id,
                   ...)
{
    struct hull_map attributes = {0};
    va_list pairs;
    const char *key;

    va_start(pairs, id);
    while ((key = va_arg(pairs, const char *)))
        hull_map_set(hull_call_arena(call), &attributes, key, va_arg(pairs, const char *));
    va_end(pairs);
    event_publish_map(call, type, action, id, &attributes);
}
