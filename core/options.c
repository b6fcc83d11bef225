/*
 * Options of plugins: text from the configuration, put into the struct that the plugin declared.
 */
#include "core/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse_bool(const char *text, bool *ret)
{
    *ret = hull_streq(text, "true") || hull_streq(text, "1");
    return *ret || hull_streq(text, "false") || hull_streq(text, "0");
}

static bool parse_int(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || strchr("0123456789-", text[0]) == NULL)
        return false;
    *ret = value;
    return true;
}

static bool parse_double(const char *text, double *ret)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    *ret = value;
    return true;
}

static bool parse_pair(struct hull_arena *arena, const char *text, struct hull_map *map)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return false;
    char *key = hull_arena_strndup(arena, text, (size_t)(equals - text));
    hull_map_set(arena, map, key, hull_arena_strdup(arena, equals + 1));
    return true;
}

/* False when VALUE is none of the field's type. A list takes its elements one by one. */
static bool parse(struct hull_arena *arena, const struct hull_field *field, const char *value,
                  void *to)
{
    switch ((int)field->type) {
    case HULL_BOOL:
        return parse_bool(value, to);
    case HULL_OPT_BOOL:
        ((struct hull_opt_bool *)to)->set = true;
        return parse_bool(value, &((struct hull_opt_bool *)to)->value);
    case HULL_INT:
        return parse_int(value, to);
    case HULL_OPT_INT:
        ((struct hull_opt_int *)to)->set = true;
        return parse_int(value, &((struct hull_opt_int *)to)->value);
    case HULL_DOUBLE:
        return parse_double(value, to);
    case HULL_STRING:
    case HULL_JSON:
        *(hull_any_pointer *)to = hull_arena_strdup(arena, value);
        return true;
    case HULL_STRV:
    case HULL_SET:
        hull_strv_add(arena, to, hull_arena_strdup(arena, value));
        return true;
    case HULL_MAP:
        return parse_pair(arena, value, to);
    default:
        return false;
    }
}

static int set_option(struct hull_call *call, struct plugin *plugin, const struct option *option)
{
    const struct hull_message *message = plugin->table->options;
    size_t offset;
    const struct hull_field *field =
        message == NULL ? NULL : hull_field_find(message, option->key, &offset);
    if (field == NULL)
        return hull_fail(call, HULL_INVALID, "unknown option \"%s\"", option->key);
    size_t most = HULL_MAX_OF(field->flags);
    bool text = field->type == HULL_STRING || field->type == HULL_JSON;
    if (most != 0 && text && strlen(option->value) > most)
        return hull_fail(call, HULL_INVALID, "option \"%s\": more than %zu bytes", option->key,
                         most);
    if (!parse(&plugin->arena, field, option->value, (char *)plugin->option_values + offset))
        return hull_fail(call, HULL_INVALID, "option \"%s\": bad value \"%s\"", option->key,
                         option->value);
    return 0;
}

int plugin_options_build(struct hull_call *call, struct plugin *plugin)
{
    const struct hull_message *message = plugin->table->options;
    if (message != NULL) {
        plugin->option_values = hull_arena_alloc(&plugin->arena, message->size);
        hull_message_init(message, plugin->option_values);
    }
    for (const struct option *option = plugin->options; option != NULL; option = option->next) {
        int rc = set_option(call, plugin, option);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; message != NULL && i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if ((field->flags & HULL_REQUIRED) &&
            hull_field_empty(field, hull_member(field, plugin->option_values)))
            return hull_fail(call, HULL_INVALID, "option \"%s\" is required", field->name);
    }
    return 0;
}
