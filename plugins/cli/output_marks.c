/*
 * What Go's structs have and their JSON has not: members that are left out when they are empty, and
 * other names. Templates may ask for them.
 */
#include "plugins/cli/cli.h"

#include <string.h>

#include "plugins/common/json.h"

static bool is_list(const struct hull_field *field)
{
    return field->type == HULL_STRV || field->type == HULL_INTS || field->type == HULL_LIST;
}

static bool is_map(const struct hull_field *field)
{
    return field->type == HULL_MAP || field->type == HULL_SET || field->type == HULL_MSGMAP ||
           field->type == HULL_LISTMAP || field->type == HULL_STRVMAP;
}

/* What is below a field: messages in it, or a list or map that is absent, which shows as empty. */
static void mark_field(struct hull_arena *arena, const struct hull_field *field,
                       struct json_value *value)
{
    bool list = is_list(field), map = is_map(field);
    if (value->type == JSON_NULL && list)
        value->text = "[]";
    if ((value->type == JSON_NULL || value->type == JSON_OBJECT) && map)
        value->text = "map[]";
    if (field->message == NULL || field->type == HULL_LISTMAP)
        return;
    if (!list && !map)
        output_marks(arena, field->message, value);
    for (size_t i = 0; (list || map) && i < value->count; i++)
        output_marks(arena, field->message, &value->items[i]);
}

/* What Go has in a field that JSON leaves out. */
static struct json_value zero_of(struct hull_arena *arena, const struct hull_field *field)
{
    struct json_value zero = {.type = JSON_NULL};
    if (field->type == HULL_STRING)
        zero = (struct json_value){.type = JSON_TEXT, .text = ""};
    else if (field->type == HULL_INT || field->type == HULL_DOUBLE)
        zero = (struct json_value){.type = JSON_NUMBER, .text = "0"};
    else if (field->type == HULL_BOOL)
        zero.type = JSON_FALSE;
    else if (field->type == HULL_MESSAGE_)
        zero.type = JSON_OBJECT;
    mark_field(arena, field, &zero);
    return zero;
}

/* The name in Go's struct where it is another one. */
static const char *go_name(const char *name)
{
    static const char *const names[][2] = {
        {"Id", "ID"},
        {"Dns", "DNS"},
        {"DnsOptions", "DNSOptions"},
        {"DnsSearch", "DNSSearch"},
        {"CpuShares", "CPUShares"},
        {"NanoCpus", "NanoCPUs"},
        {"CpuPeriod", "CPUPeriod"},
        {"CpuQuota", "CPUQuota"},
        {"CpuRealtimePeriod", "CPURealtimePeriod"},
        {"CpuRealtimeRuntime", "CPURealtimeRuntime"},
        {"CpuCount", "CPUCount"},
        {"CpuPercent", "CPUPercent"},
        {"status", "Status"},
        {"id", "ID"},
        {"from", "From"},
        {"scope", "Scope"},
        {"time", "Time"},
        {"timeNano", "TimeNano"},
    };
    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    }
    return NULL;
}

static void add_more(struct hull_arena *arena, struct json_value *more, const char *name,
                     struct json_value value)
{
    size_t n = more->count;
    if ((n & (n - 1)) == 0) { /* full: at 0 and at powers of two */
        struct json_value *items = HULL_NEW_ARRAY(arena, struct json_value, 2 * n + 1);
        const char **keys = HULL_NEW_ARRAY(arena, const char *, 2 * n + 1);
        for (size_t i = 0; i < n; i++) {
            items[i] = more->items[i];
            keys[i] = more->keys[i];
        }
        more->items = items;
        more->keys = keys;
    }
    more->keys[n] = name;
    more->items[n] = value;
    more->count++;
}

/* The members of MESSAGE in VALUE; MORE gets those that are absent, and other names. */
static void mark_members(struct hull_arena *arena, const struct hull_message *message,
                         struct json_value *value, struct json_value *more)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if (field->type == HULL_EMBED) {
            mark_members(arena, field->message, value, more);
            continue;
        }
        const struct json_value *found = json_member(value, field->name);
        if (found != NULL)
            mark_field(arena, field, &value->items[found - value->items]);
        else if (field->name[0] >= 'A' && field->name[0] <= 'Z')
            add_more(arena, more, field->name, zero_of(arena, field));
        const char *other = go_name(field->name);
        if (other != NULL)
            add_more(arena, more, other, found != NULL ? *found : zero_of(arena, field));
    }
}

void output_marks(struct hull_arena *arena, const struct hull_message *message,
                  struct json_value *value)
{
    if (value->type != JSON_OBJECT)
        return;
    struct json_value *more = HULL_NEW(arena, struct json_value);
    more->type = JSON_OBJECT;
    mark_members(arena, message, value, more);
    value->more = more;
}
