/*
 * hull/topic.h: events, published to whoever subscribed.
 *
 * A topic is a name and a message type. Publishing never waits: each
 * subscriber has a bounded queue, and one that is too slow loses the oldest
 * events and is told how many.
 */
#ifndef HULL_TOPIC_H
#define HULL_TOPIC_H

#include <hull/call.h>

struct hull_topic {
    const char *name; /* "container" */
    const struct hull_message *message;
};
struct hull_subscription;

/* Give a deep copy of EVENT to every subscriber. Loop thread only; never yields. */
HULL_PUBLIC void hull_publish(const struct hull_topic *topic, const void *event);
/* Subscribe, with room for CAPACITY events. The caller owns the subscription. */
HULL_PUBLIC struct hull_subscription *hull_subscribe(const struct hull_topic *topic,
                                                     size_t capacity);
/*
 * Wait for the next event; RET_EVENT is filled, and what it points at is in ARENA. *ret_lost counts
 * the events lost since the last one (may be NULL). Yields.
 */
HULL_PUBLIC int hull_next_event(struct hull_call *call, struct hull_subscription *subscription,
                                struct hull_arena *arena, void *ret_event, uint64_t *ret_lost)
    HULL_CHECKED;
/* NULL is allowed. Returns NULL. */
HULL_PUBLIC struct hull_subscription *hull_unsubscribe(struct hull_subscription *subscription);
/* For hull_defer(): ARG is the subscription. */
HULL_PUBLIC void hull_unsubscribe_cleanup(struct hull_call *call, void *subscription);

#endif
