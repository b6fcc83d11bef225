/*
 * Topics: one copy of an event for all subscribers, who take it into an arena of theirs.
 */
#include <hull/topic.h>

#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define SUBSCRIPTION_MAGIC 0x73756273u

struct event_copy {
    unsigned references;
    struct hull_arena arena;
    void *value;
};

struct hull_subscription {
    uint32_t magic;
    const struct hull_topic *topic;
    struct hull_subscription *next, *prev;
    struct hull_cond changed;
    uint64_t lost;
    size_t capacity, first, count;
    struct event_copy *ring[];
};

static struct hull_subscription *subscriptions;

static bool same_topic(const struct hull_topic *a, const struct hull_topic *b)
{
    return a == b || (strcmp(a->name, b->name) == 0 && a->message->size == b->message->size);
}

static void release(struct event_copy *copy)
{
    if (--copy->references > 0)
        return;
    arena_done(&copy->arena);
    free(copy);
}

static void push(struct hull_subscription *to, struct event_copy *copy)
{
    if (to->count == to->capacity) {
        release(to->ring[to->first]);
        to->first = (to->first + 1) % to->capacity;
        to->count--;
        to->lost++;
    }
    to->ring[(to->first + to->count++) % to->capacity] = copy;
    copy->references++;
    hull_cond_signal(&to->changed);
}

static struct event_copy *copy_event(const struct hull_topic *topic, const void *event)
{
    struct event_copy *copy = calloc(1, sizeof(*copy));
    HULL_ASSERT(copy != NULL);
    copy->references = 1;
    /* A copy moves descriptors out of its source; an event has none, and is not changed. */
    void *source = hull_arena_alloc(&copy->arena, topic->message->size);
    memcpy(source, event, topic->message->size);
    copy->value = hull_arena_alloc(&copy->arena, topic->message->size);
    hull_message_copy(&copy->arena, topic->message, source, copy->value);
    return copy;
}

void hull_publish(const struct hull_topic *topic, const void *event)
{
    struct event_copy *copy = NULL;
    struct hull_subscription *to = subscriptions;
    for (; to != NULL; to = to->next) {
        if (!same_topic(to->topic, topic))
            continue;
        if (copy == NULL)
            copy = copy_event(topic, event);
        push(to, copy);
    }
    if (copy != NULL)
        release(copy);
}

struct hull_subscription *hull_subscribe(const struct hull_topic *topic, size_t capacity)
{
    HULL_ASSERT(capacity > 0 && capacity < SIZE_MAX / 64);
    size_t size = sizeof(struct hull_subscription) + capacity * sizeof(struct event_copy *);
    struct hull_subscription *new = calloc(1, size);
    HULL_ASSERT(new != NULL);
    new->magic = SUBSCRIPTION_MAGIC;
    new->topic = topic;
    new->capacity = capacity;
    new->next = subscriptions;
    if (subscriptions != NULL)
        subscriptions->prev = new;
    subscriptions = new;
    return new;
}

int hull_next_event(struct hull_call *call, struct hull_subscription *subscription,
                    struct hull_arena *arena, void *ret_event, uint64_t *ret_lost)
{
    HULL_ASSERT(subscription->magic == SUBSCRIPTION_MAGIC);
    int rc = call_pause(call);
    while (rc == 0 && subscription->count == 0)
        rc = cond_wait(call, &subscription->changed, "event", (intptr_t)subscription->topic->name);
    if (rc < 0)
        return rc;
    struct event_copy *copy = subscription->ring[subscription->first];
    subscription->first = (subscription->first + 1) % subscription->capacity;
    subscription->count--;
    hull_message_copy(arena, subscription->topic->message, copy->value, ret_event);
    release(copy);
    if (ret_lost != NULL)
        *ret_lost = subscription->lost;
    subscription->lost = 0;
    return 0;
}

struct hull_subscription *hull_unsubscribe(struct hull_subscription *subscription)
{
    if (subscription == NULL)
        return NULL;
    /* Cancel and join who waits for an event first. */
    HULL_ASSERT(subscription->magic == SUBSCRIPTION_MAGIC && subscription->changed.waiters == NULL);
    while (subscription->count > 0)
        release(subscription
                    ->ring[(subscription->first + --subscription->count) % subscription->capacity]);
    if (subscription->next != NULL)
        subscription->next->prev = subscription->prev;
    if (subscription->prev != NULL)
        subscription->prev->next = subscription->next;
    else
        subscriptions = subscription->next;
    subscription->magic = 0;
    free(subscription);
    return NULL;
}

void hull_unsubscribe_cleanup(struct hull_call *call, void *subscription)
{
    (void)call;
    hull_unsubscribe(subscription);
}

void topics_done(void)
{
    while (subscriptions != NULL)
        hull_unsubscribe(subscriptions);
}
