/*
 * reload.c: the event "daemon reload": what can change while the daemon runs, as it is now.
 */
#include "system_plugin.h"

#include <string.h>
#include <unistd.h>

#include "events.h"
#include "json.h"

/* As Go writes a list of strings in JSON. */
static const char *list(struct hull_arena *arena, const struct hull_strv *values)
{
    struct hull_text text = HULL_TEXT(arena);

    hull_text_puts(&text, "[");
    for (size_t i = 0; i < values->n; i++) {
        if (i > 0)
            hull_text_puts(&text, ",");
        json_quote(&text, values->v[i], strlen(values->v[i]));
    }
    hull_text_puts(&text, "]");
    return text.data;
}

/* "name:path name:path" */
static const char *runtimes(struct hull_arena *arena, const struct daemon_config *config)
{
    struct hull_text text = HULL_TEXT(arena);

    hull_text_puts(&text, "native:hull-shim");
    for (size_t i = 0; i < config->runtimes.n; i++)
        hull_text_printf(&text, " %s:%s", config->runtimes.keys[i], config->runtimes.v[i].path);
    return text.data;
}

static const char *number(struct hull_arena *arena, int64_t value)
{
    return hull_arena_printf(arena, "%lld", (long long)value);
}

int system_tell_reload(struct hull_call *call, const struct hull_empty *request,
                       struct hull_empty *ret_reply)
{
    const struct daemon_config *config = daemon_config();
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_map attributes = {0};
    char name[256] = "";
    const char *id;

    (void)request;
    (void)ret_reply;
    int rc = system_id(call, &id);
    if (rc < 0)
        return rc;
    gethostname(name, sizeof(name) - 1);
    const struct hull_pair pairs[] = {
        {"name", name},
        {"debug", hull_log_level() == HULL_LOG_DEBUG ? "true" : "false"},
        {"labels", list(arena, &config->labels)},
        {"authorization-plugins", list(arena, &config->authorization_plugins)},
        {"default-runtime", config->default_runtime ? config->default_runtime : "native"},
        {"runtimes", runtimes(arena, config)},
        {"insecure-registries", list(arena, &config->insecure_registries)},
        {"registry-mirrors", list(arena, &config->registry_mirrors)},
        {"live-restore", "true"},
        {"shutdown-timeout",
         number(arena, config->shutdown_timeout > 0 ? config->shutdown_timeout : 15)},
    };
    for (size_t i = 0; i < HULL_COUNT(pairs); i++)
        hull_map_set(arena, &attributes, pairs[i].key, pairs[i].value);
    event_publish_map(call, "daemon", "reload", id, &attributes);
    return 0;
}
