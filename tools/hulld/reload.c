/*
 * reload.c: SIGHUP: the configuration file is read again, as dockerd does it. What it says of
 * settings that can change while the daemon runs is taken over, all of it or nothing; what it does
 * not say stays, but for authorization plugins.
 */
#include "tools/hulld/hulld.h"

#include <string.h>

#include "api/authz.h"
#include "json.h"
#include "system.h"

/* Plugins look at these each time they need them. */
static const char *const changeable[] = {
    "debug",    "log-level",    "labels",           "authorization-plugins", "default-runtime",
    "runtimes", "live-restore", "shutdown-timeout", "registry-mirrors",      "insecure-registries",
};

static bool can_change(const char *key)
{
    for (size_t i = 0; i < HULL_COUNT(changeable); i++)
        if (!strcmp(changeable[i], key))
            return true;
    return false;
}

enum hull_level hulld_log_level(const struct daemon_config *config)
{
    enum hull_level level = HULL_LOG_INFO;

    if (config->debug)
        return HULL_LOG_DEBUG;
    if (config->log_level != NULL && hull_log_level_parse(config->log_level, &level))
        return level;
    return HULL_LOG_INFO;
}

/* FIELD of CONFIG as JSON: "null" when it is not set. */
static const char *shown(struct hull_call *call, const struct hull_field *field,
                         const struct daemon_config *config)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    const struct hull_field alone = {.name = field->name,
                                     .type = field->type,
                                     .offset = field->offset,
                                     .message = field->message,
                                     .flags = HULL_TOP};
    const struct hull_message message = {"setting", sizeof(*config), 1, &alone};

    if (hull_field_empty(field, (const char *)config + field->offset))
        return "null";
    json_encode(&text, &message, config);
    return text.data;
}

/* The settings of FILE that are GIVEN get into NEXT. What can't change now is only told. */
static int merge(struct hull_call *call, const struct daemon_config *file, const bool *given,
                 struct hulld *next, struct hull_problem *problem)
{
    struct hull_text both = HULL_TEXT(hull_call_arena(call));

    for (size_t i = 0; i < daemon_config_message.count; i++) {
        const struct hull_field *field = &daemon_config_message.fields[i];

        if (!given[i])
            continue;
        if (next->from_flag[i])
            hull_text_printf(&both, "%s%s", both.length > 0 ? ", " : "", field->name);
        else if (can_change(field->name))
            memcpy((char *)&next->config + field->offset, (const char *)file + field->offset,
                   hull_type_size(field));
        else if (strcmp(shown(call, field, file), shown(call, field, &next->config)) != 0)
            hull_log(call, HULL_LOG_WARN, "a setting needs a restart of the daemon to change",
                     "setting", field->name, NULL);
    }
    return hulld_config_both(&both, problem);
}

/* Labels say one thing each. */
static int check_labels(const struct hull_strv *labels, struct hull_problem *problem)
{
    for (size_t i = 0; i < labels->n; i++) {
        size_t key = strcspn(labels->v[i], "=");

        for (size_t j = 0; j < i; j++)
            if (strcspn(labels->v[j], "=") == key &&
                strncmp(labels->v[i], labels->v[j], key) == 0 &&
                strcmp(labels->v[i], labels->v[j]) != 0)
                return hull_problem_set(problem, HULL_INVALID, "conflict labels for %s and %s",
                                        labels->v[i], labels->v[j]);
    }
    return 0;
}

static int read_next(struct hull_call *call, struct hulld *next, struct hull_problem *problem)
{
    bool given[HULLD_FIELDS_MAX];
    struct daemon_config file;
    int rc = hulld_config_read(next, &file, given, problem);

    for (size_t i = 0; rc == 0 && i < daemon_config_message.count; i++)
        if (!strcmp(daemon_config_message.fields[i].name, "authorization-plugins") &&
            !next->from_flag[i])
            given[i] = true;
    if (rc == 0)
        rc = merge(call, &file, given, next, problem);
    if (rc == 0)
        rc = check_labels(&next->config.labels, problem);
    return rc < 0 ? rc : hulld_config_finish(next, problem);
}

static void tell(struct hull_call *call, const struct daemon_config *before,
                 const struct daemon_config *now)
{
    for (size_t i = 0; i < daemon_config_message.count; i++) {
        const struct hull_field *field = &daemon_config_message.fields[i];
        const char *old = shown(call, field, before), *value = shown(call, field, now);

        if (strcmp(old, value) != 0)
            hull_log(call, HULL_LOG_INFO, "setting changed", "setting", field->name, "from", old,
                     "to", value, NULL);
    }
}

static int reload(struct hull_call *call, void *arg)
{
    struct hulld *hulld = arg;
    struct hulld next = *hulld;
    struct hull_problem problem = {0};
    struct hull_empty empty;

    if (read_next(call, &next, &problem) < 0)
        return hull_fail_problem(call, &problem);
    if (next.config.authorization_plugins.n > 0) {
        const struct authz_check_request guards = {.plugins = next.config.authorization_plugins};
        int rc = authz_check(call, "support/authz", &guards, &empty);
        if (rc < 0)
            return rc;
    }
    const struct daemon_config before = hulld->config;
    hulld->config = next.config;
    hull_log_set_level(hulld_log_level(&hulld->config));
    tell(call, &before, &hulld->config);
    return system_reloaded(call, NULL, &(struct hull_empty){0}, &empty);
}

static void reload_once(struct hull_call *call, struct hulld *hulld)
{
    hull_log(call, HULL_LOG_INFO, "the configuration is read again", "file",
             hulld_config_path(hulld), NULL);
    /* In a call of its own, whose memory and error go with it. */
    int rc = hull_request(call, "reload", HULL_FOREVER, reload, hulld);
    if (rc < 0)
        hull_log(call, HULL_LOG_ERROR, "configuration not reloaded: all settings stay", "error",
                 hull_error(call), NULL);
    else
        hull_log(call, HULL_LOG_INFO, "configuration reloaded", NULL);
    hull_error_clear(call);
}

/* A plugin may take its time, and the daemon has to hear other signals meanwhile. */
static int reload_fiber(struct hull_call *call, void *arg)
{
    struct hulld *hulld = arg;

    while (hulld->reloads > 0 && hull_check(call) == 0) {
        hulld->reloads = 1;
        reload_once(call, hulld);
        hulld->reloads--;
    }
    hulld->reloads = 0;
    return 0;
}

void hulld_reload(struct hulld *hulld)
{
    if (hulld->reloads++ == 0)
        hull_spawn("reload", reload_fiber, hulld);
}
