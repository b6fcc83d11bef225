/*
 * match: whether an event passes a client's filters. Values of one key are alternatives, keys all
 * have to match, as docker has it.
 */
#include "match.h"

#include <stdlib.h>
#include <string.h>

/* "exec_create: sh -c x" is the action exec_create. */
static bool match_action(const struct filters *filters, const char *action)
{
    const struct hull_strv *wanted = filters_get(filters, "event");
    size_t plain = strcspn(action, ":");

    if (wanted == NULL || hull_strv_contains(wanted, action))
        return true;
    for (size_t i = 0; i < wanted->n; i++)
        if (strlen(wanted->v[i]) == plain && !strncmp(wanted->v[i], action, plain))
            return true;
    return false;
}

/* The values under KEY name an actor of type KEY by id, id prefix or name. */
static bool match_actor(const struct filters *filters, const char *key,
                        const struct event_message *event)
{
    const struct hull_strv *wanted = filters_get(filters, key);
    const char *name = hull_map_find(&event->actor.attributes, "name");

    if (wanted == NULL)
        return true;
    if (!hull_streq(event->type, key))
        return false;
    for (size_t i = 0; i < wanted->n; i++)
        if (hull_streq(wanted->v[i], name) ||
            (*wanted->v[i] != '\0' && event->actor.id != NULL &&
             !strncmp(event->actor.id, wanted->v[i], strlen(wanted->v[i]))))
            return true;
    return false;
}

/* busybox stands for busybox:latest too. */
static bool same_image(const char *wanted, const char *image)
{
    size_t length = strlen(wanted);

    if (image == NULL || strncmp(image, wanted, length) != 0)
        return false;
    return image[length] == '\0' || (image[length] == ':' && strchr(image + length, '/') == NULL);
}

static bool match_image(const struct filters *filters, const struct event_message *event)
{
    const struct hull_strv *wanted = filters_get(filters, "image");
    bool image = hull_streq(event->type, "image");
    const char *name = hull_map_find(&event->actor.attributes, image ? "name" : "image");

    if (wanted == NULL)
        return true;
    for (size_t i = 0; i < wanted->n; i++)
        if (same_image(wanted->v[i], name) ||
            (image && event->actor.id != NULL && hull_streq(wanted->v[i], event->actor.id)))
            return true;
    return false;
}

bool event_match(const struct filters *filters, const struct event_message *event)
{
    static const char *const actors[] = {"container", "network", "volume", "plugin", "daemon"};
    static const char *const foreign[] = {"config", "node", "secret", "service"};

    for (size_t i = 0; i < HULL_COUNT(actors); i++)
        if (!match_actor(filters, actors[i], event))
            return false;
    for (size_t i = 0; i < HULL_COUNT(foreign); i++)
        if (filters_get(filters, foreign[i]) != NULL)
            return false;
    return filters_exact(filters, "type", event->type) &&
           filters_exact(filters, "scope", event->scope) && match_action(filters, event->action) &&
           match_image(filters, event) && filters_labels(filters, &event->actor.attributes);
}
