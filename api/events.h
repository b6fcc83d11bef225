/*
 * events.h: what happens in the engine: the topic every service publishes to, and the service
 * "events" that keeps the history and tells clients.
 */
#ifndef HULL_API_EVENTS_H
#define HULL_API_EVENTS_H

#include <hull/call.h>
#include <hull/topic.h>

#include "system_types.h"

/* Published through event_publish(), which fills time and scope. */
HULL_PUBLIC extern const struct hull_topic event_topic;
/* TYPE "container", ACTION "start", ID of the actor, then attribute key, value, …, NULL. */
HULL_PUBLIC void event_publish(struct hull_call *call, const char *type, const char *action,
                               const char *id, ...) __attribute__((sentinel));
/* The same with a map. */
HULL_PUBLIC void event_publish_map(struct hull_call *call, const char *type, const char *action,
                                   const char *id, const struct hull_map *attributes);

#define EVENTS_REQUEST_FIELDS(F, T)                                                 \
    F(T, STRING, _, since, "since", HULL_QUERY, "Seconds, RFC 3339, or a duration") \
    F(T, STRING, _, until, "until", HULL_QUERY, "The same; the stream ends then")   \
    F(T, STRVMAP, _, filters, "filters", HULL_QUERY, "Filters: key to values")
HULL_MESSAGE(events_request, EVENTS_REQUEST_FIELDS)
HULL_METHOD(events, watch, events_request, event_message, HULL_METHOD_MANY | HULL_METHOD_READY)

#endif
