#include "core/core.h"

/* One message of configuration, of a type that the core does not know. */
static const struct hull_message *config_message;
static const void *config_value;

void hull_config_set(const struct hull_message *message, const void *value)
{
    config_message = message;
    config_value = value;
}

const void *hull_config_get(const struct hull_message *message)
{
    /* A plugin may have a table of its own for the same message. */
    bool same = config_message != NULL && hull_streq(message->name, config_message->name) &&
                message->size == config_message->size;
    return same ? config_value : NULL;
}
