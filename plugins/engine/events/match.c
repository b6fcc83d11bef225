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

/*
 * A value under KEY is the beginning of the actor's id or name. As docker has it, the actor may be
 * of any type: "container=br" shows what is done to the network bridge, too.
 */
static bool match_actor(const struct filters *filters, const char *key,
                        const struct event_message *event)
{
    const char *name = hull_map_find(&event->actor.attributes, "name");

    return filters_prefix(filters, key, event->actor.id == NULL ? "" : event->actor.id) ||
           filters_prefix(filters, key, name == NULL ? "" : name);
}

/* WANTED is IMAGE, with its tag or without. */
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
        if (same_image(wanted->v[i], name) || same_image(wanted->v[i], event->actor.id))
            return true;
    return false;
}

bool event_match(const struct filters *filters, const struct event_message *event)
{
    static const char *const actors[] = {"container", "network", "volume", "plugin", "daemon",
                                         "config",    "node",    "secret", "service"};

    for (size_t i = 0; i < HULL_COUNT(actors); i++)
        if (!match_actor(filters, actors[i], event))
            return false;
    return filters_exact(filters, "type", event->type) &&
           filters_exact(filters, "scope", event->scope) && match_action(filters, event->action) &&
           match_image(filters, event) && filters_labels(filters, &event->actor.attributes);
}
