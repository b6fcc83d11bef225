/*
 * match.h: docker's filters of events.
 */
#ifndef HULL_ENGINE_EVENTS_MATCH_H
#define HULL_ENGINE_EVENTS_MATCH_H

#include <hull/hull.h>

#include "events.h"
#include "filters.h"

/* Whether EVENT passes FILTERS: type, scope, event, image, label, and container, network, volume,
 * plugin and daemon by id or name. No filters: everything passes. */
bool event_match(const struct filters *filters, const struct event_message *event);

#endif
