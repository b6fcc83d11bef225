#include "conf.h"

#include "json.h"

#include <ctype.h>
#include <string.h>

#define PLUGINS_MAX 64
#define NAME_LENGTH_MAX 128
#define VALID "cni.dev/valid-attachments"

/* In order. */
static const char *const versions[] = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"};
#define FIRST_THAT_CHECKS 1
#define FIRST_THAT_COLLECTS 3

const char *cni_capability_name(enum cni_capability which)
{
    static const char *const names[] = {[CNI_PORT_MAPPINGS] = "portMappings",
                                        [CNI_IPS] = "ips",
                                        [CNI_MAC] = "mac",
                                        [CNI_BANDWIDTH] = "bandwidth",
                                        [CNI_ALIASES] = "aliases",
                                        [CNI_DNS] = "dns",
                                        [CNI_IP_RANGES] = "ipRanges",
                                        [CNI_GUID] = "infinibandGUID",
                                        [CNI_DEVICE] = "deviceID"};
    return names[which];
}

/* --- parsing ---------------------------------------------------------------------------------- */

static const char *text_of(const struct json_value *object, const char *key)
{
    const struct json_value *value = json_member(object, key);
    return value != NULL && value->type == JSON_TEXT ? value->text : NULL;
}

static bool true_in(const struct json_value *object, const char *key)
{
    const struct json_value *value = object == NULL ? NULL : json_member(object, key);
    return value != NULL && value->type == JSON_TRUE;
}

bool cni_name_valid(const char *text)
{
    if (text == NULL || !isalnum((unsigned char)text[0]) || strlen(text) > NAME_LENGTH_MAX)
        return false;
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("._-", *text) == NULL)
            return false;
    }
    return true;
}

/* The index of VERSION, or -1. */
static int find_version(const char *version)
{
    for (size_t i = 0; version != NULL && i < HULL_COUNT(versions); i++) {
        if (strcmp(version, versions[i]) == 0)
            return (int)i;
    }
    return -1;
}

/* The newest that is known of what the configuration is good for. */
static int parse_version(const struct json_value *top, struct cni_conf *conf,
                         struct hull_problem *problem)
{
    const char *version = text_of(top, "cniVersion");
    const struct json_value *more = json_member(top, "cniVersions");
    int best = find_version(version);
    for (size_t i = 0; more != NULL && more->type == JSON_LIST && i < more->count; i++) {
        int at = more->items[i].type == JSON_TEXT ? find_version(more->items[i].text) : -1;
        best = at > best ? at : best;
    }
    if (best >= 0) {
        conf->version = versions[best];
        return 0;
    }
    return hull_problem_set(problem, HULL_INVALID,
                            "cniVersion \"%s\" is not supported: 0.3.1, 0.4.0, 1.0.0 and 1.1.0 "
                            "are",
                            version == NULL ? "" : version);
}

static int parse_plugin(const struct json_value *object, struct cni_plugin *plugin,
                        struct hull_problem *problem)
{
    if (object->type != JSON_OBJECT)
        return hull_problem_set(problem, HULL_INVALID, "plugins: an object is expected");
    const struct json_value *takes = json_member(object, "capabilities");
    if (takes != NULL && takes->type != JSON_OBJECT)
        takes = NULL;
    plugin->type = text_of(object, "type");
    plugin->object = object;
    if (!cni_name_valid(plugin->type))
        return hull_problem_set(problem, HULL_INVALID,
                                "plugins: type \"%s\" is no name of a plugin",
                                plugin->type == NULL ? "" : plugin->type);
    for (unsigned i = 0; i < CNI_CAPABILITY_COUNT; i++)
        plugin->takes[i] = true_in(takes, cni_capability_name(i));
    return 0;
}

static int parse_plugins(struct hull_arena *arena, const struct json_value *top,
                         struct cni_conf *conf, struct hull_problem *problem)
{
    const struct json_value *list = json_member(top, "plugins");
    const struct json_value *items = list == NULL ? top : list->items;
    conf->count = list == NULL ? 1 : list->count;
    if (list != NULL && (list->type != JSON_LIST || list->count == 0))
        return hull_problem_set(problem, HULL_INVALID, "plugins: a list with plugins is expected");
    if (conf->count > PLUGINS_MAX)
        return hull_problem_set(problem, HULL_INVALID, "plugins: more than %d", PLUGINS_MAX);
    conf->plugins = HULL_NEW_ARRAY(arena, struct cni_plugin, conf->count);
    for (size_t i = 0; i < conf->count; i++) {
        int rc = parse_plugin(&items[i], &conf->plugins[i], problem);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int cni_conf_parse(struct hull_arena *arena, const char *text, size_t length, struct cni_conf *ret,
                   struct hull_problem *problem)
{
    struct json_value *top = HULL_NEW(arena, struct json_value);
    *ret = (struct cni_conf){.version = NULL};
    int rc = json_parse(arena, text, length, top, problem);
    if (rc < 0)
        return rc;
    if (top->type != JSON_OBJECT)
        return hull_problem_set(problem, HULL_INVALID, "a JSON object is expected");
    rc = parse_version(top, ret, problem);
    if (rc < 0)
        return rc;
    ret->name = text_of(top, "name");
    ret->disable_check = true_in(top, "disableCheck");
    ret->disable_gc = true_in(top, "disableGC");
    if (!cni_name_valid(ret->name))
        return hull_problem_set(problem, HULL_INVALID,
                                "name \"%s\": letters, digits and . _ - are "
                                "allowed",
                                ret->name == NULL ? "" : ret->name);
    return parse_plugins(arena, top, ret, problem);
}

bool cni_conf_checks(const struct cni_conf *conf)
{
    return find_version(conf->version) >= FIRST_THAT_CHECKS;
}

bool cni_conf_collects(const struct cni_conf *conf)
{
    return find_version(conf->version) >= FIRST_THAT_COLLECTS;
}

/* --- what a plugin gets ----------------------------------------------------------------------- */

static void put_text(struct hull_text *out, const char *key, const char *value)
{
    hull_text_printf(out, "\"%s\":", key);
    json_quote(out, value, strlen(value));
}

/* The plugin's own members, without those that are the runtime's. */
static void put_members(struct hull_text *out, const struct json_value *object)
{
    static const char *const ours[] = {"cniVersion", "cniVersions",   "name",
                                       "prevResult", "runtimeConfig", VALID};
    for (size_t i = 0; i < object->count; i++) {
        bool own = false;
        for (size_t k = 0; k < HULL_COUNT(ours); k++)
            own = own || strcmp(object->keys[i], ours[k]) == 0;
        if (own)
            continue;
        hull_text_puts(out, ",");
        json_quote(out, object->keys[i], strlen(object->keys[i]));
        hull_text_puts(out, ":");
        json_write(out, &object->items[i], 0);
    }
}

static void put_offers(struct hull_text *out, const bool *takes, const struct cni_offers *offers)
{
    const char *before = ",\"runtimeConfig\":{";
    for (unsigned i = 0; i < CNI_CAPABILITY_COUNT; i++) {
        if (!takes[i] || offers->v[i] == NULL)
            continue;
        hull_text_printf(out, "%s\"%s\":%s", before, cni_capability_name(i), offers->v[i]);
        before = ",";
    }
    if (before[1] == '\0')
        hull_text_puts(out, "}");
}

char *cni_conf_input(struct hull_arena *arena, const struct cni_conf *conf, size_t index,
                     const struct cni_given *given)
{
    struct hull_text out = HULL_TEXT(arena);
    hull_text_puts(&out, "{");
    put_text(&out, "cniVersion", conf->version);
    hull_text_puts(&out, ",");
    put_text(&out, "name", conf->name);
    put_members(&out, conf->plugins[index].object);
    put_offers(&out, conf->plugins[index].takes, &given->offers);
    if (given->previous != NULL)
        hull_text_printf(&out, ",\"prevResult\":%s", given->previous);
    if (given->attachments != NULL)
        hull_text_printf(&out, ",\"" VALID "\":%s", given->attachments);
    hull_text_puts(&out, "}");
    return out.data;
}
