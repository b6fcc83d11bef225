/*
 * flags.c: the command line. Every key of the configuration is a flag: the table of the message
 * daemon_config is the table of the flags, and only names that differ are listed here.
 */
#include "tools/hulld/hulld.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

/* Lists have a plural name in the file, and a singular one on the command line, as dockerd's. */
static const struct {
    const char *key, *flag;
} singular[] = {
    {"hosts", "host"},
    {"labels", "label"},
    {"insecure-registries", "insecure-registry"},
    {"registry-mirrors", "registry-mirror"},
    {"storage-opts", "storage-opt"},
    {"dns-opts", "dns-opt"},
    {"exec-opts", "exec-opt"},
    {"log-opts", "log-opt"},
    {"default-ulimits", "default-ulimit"},
    {"default-address-pools", "default-address-pool"},
    {"plugin-opts", "plugin-opt"},
    {"authorization-plugins", "authorization-plugin"},
    {"runtimes", "add-runtime"},
};

static const struct {
    char letter;
    const char *flag;
} shorthands[] = {
    {'H', "host"},  {'b', "bridge"},  {'D', "debug"},   {'l', "log-level"}, {'s', "storage-driver"},
    {'G', "group"}, {'p', "pidfile"}, {'v', "version"}, {'h', "help"},
};

static const char *flag_name(const struct hull_field *field)
{
    for (size_t i = 0; i < HULL_COUNT(singular); i++)
        if (!strcmp(singular[i].key, field->name))
            return singular[i].flag;
    return field->name;
}

static const struct hull_field *flag_find(const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < daemon_config_message.count; i++) {
        if (!strcmp(flag_name(&daemon_config_message.fields[i]), name)) {
            *ret_index = i;
            return &daemon_config_message.fields[i];
        }
    }
    return NULL;
}

/* --- values that are more than text ---------------------------------------------------------- */

/* nofile=1024:2048 or nofile=1024 */
static int ulimit_set(struct hulld *hulld, const char *text, struct hull_problem *problem)
{
    char *end;
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text)
        return hull_problem_set(problem, HULL_INVALID,
                                "--default-ulimit: expected NAME=SOFT[:HARD], got \"%s\"", text);
    int64_t soft = strtoll(equals + 1, &end, 10), hard = soft;
    if (*end == ':')
        hard = strtoll(end + 1, &end, 10);
    if (*end != '\0' || end == equals + 1 || soft > hard)
        return hull_problem_set(problem, HULL_INVALID,
                                "--default-ulimit: expected NAME=SOFT[:HARD], got \"%s\"", text);
    const char *name = hull_arena_strndup(hulld->arena, text, (size_t)(equals - text));
    struct config_ulimit *limit =
        HULL_MSGMAP_ADD(hulld->arena, &hulld->config.default_ulimits, name);
    *limit = (struct config_ulimit){.name = name, .soft = soft, .hard = hard};
    return 0;
}

/* base=10.0.0.0/8,size=24 */
static int pool_set(struct hulld *hulld, const char *text, struct hull_problem *problem)
{
    char *copy = hull_arena_strdup(hulld->arena, text), *rest = copy, *part;
    struct config_pool pool = {0};

    while ((part = strsep(&rest, ",")) != NULL) {
        if (!strncmp(part, "base=", 5))
            pool.base = part + 5;
        else if (!strncmp(part, "size=", 5))
            pool.size = strtoll(part + 5, NULL, 10);
        else
            pool.size = -1;
    }
    if (pool.base == NULL || pool.size <= 0)
        return hull_problem_set(problem, HULL_INVALID,
                                "--default-address-pool: expected base=CIDR,size=BITS, got \"%s\"",
                                text);
    *HULL_LIST_ADD(hulld->arena, &hulld->config.default_address_pools) = pool;
    return 0;
}

/* storage/overlay:key=value */
static int plugin_set(struct hulld *hulld, const char *text, struct hull_problem *problem)
{
    const char *colon = strchr(text, ':'), *equals = strchr(text, '=');

    if (colon == NULL || equals == NULL || equals < colon)
        return hull_problem_set(problem, HULL_INVALID,
                                "--plugin-opt: expected PLUGIN:KEY=VALUE, got \"%s\"", text);
    const char *port = hull_arena_strndup(hulld->arena, text, (size_t)(colon - text));
    const char *key = hull_arena_strndup(hulld->arena, colon + 1, (size_t)(equals - colon - 1));
    struct config_plugin_opts *opts = HULL_MSGMAP_FIND(&hulld->config.plugin_opts, port);
    if (opts == NULL)
        opts = HULL_MSGMAP_ADD(hulld->arena, &hulld->config.plugin_opts, port);
    hull_map_set(hulld->arena, &opts->options, key, hull_arena_strdup(hulld->arena, equals + 1));
    return 0;
}

/* crun=/usr/bin/crun */
static int runtime_set(struct hulld *hulld, const char *text, struct hull_problem *problem)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text || equals[1] == '\0')
        return hull_problem_set(problem, HULL_INVALID,
                                "--add-runtime: expected NAME=PATH, got \"%s\"", text);
    const char *name = hull_arena_strndup(hulld->arena, text, (size_t)(equals - text));
    if (HULL_MSGMAP_FIND(&hulld->config.runtimes, name) != NULL)
        return hull_problem_set(problem, HULL_INVALID, "runtime '%s' was already registered", name);
    HULL_MSGMAP_ADD(hulld->arena, &hulld->config.runtimes, name)->path =
        hull_arena_strdup(hulld->arena, equals + 1);
    return 0;
}

static const struct {
    const char *key;
    int (*set)(struct hulld *hulld, const char *text, struct hull_problem *problem);
} special[] = {
    {"default-ulimits", ulimit_set},
    {"default-address-pools", pool_set},
    {"plugin-opts", plugin_set},
    {"runtimes", runtime_set},
};

static int field_set(struct hulld *hulld, const struct hull_field *field, const char *text,
                     struct hull_problem *problem)
{
    for (size_t i = 0; i < HULL_COUNT(special); i++)
        if (!strcmp(special[i].key, field->name))
            return special[i].set(hulld, text, problem);
    const char *name = hull_arena_printf(hulld->arena, "--%s", flag_name(field));
    return json_field_set(hulld->arena, field, (char *)&hulld->config + field->offset, name,
                          hull_arena_strdup(hulld->arena, text), problem);
}

/* --- the line -------------------------------------------------------------------------------- */

/* Flags that are no settings; false when NAME is none of them. */
static bool own_flag(struct hulld *hulld, const char *name)
{
    const struct {
        const char *name;
        bool *flag;
    } own[] = {
        {"help", &hulld->help}, {"version", &hulld->version}, {"validate", &hulld->validate}};

    for (size_t i = 0; i < HULL_COUNT(own); i++) {
        if (!strcmp(own[i].name, name)) {
            *own[i].flag = true;
            return true;
        }
    }
    return false;
}

/* One flag NAME with VALUE (NULL: it stands in *NEXT, unless the flag needs none). */
static int flag(struct hulld *hulld, const char *name, const char *value, char ***next,
                struct hull_problem *problem)
{
    size_t index = 0;

    if (own_flag(hulld, name))
        return 0;
    const struct hull_field *field = flag_find(name, &index);
    bool file = !strcmp(name, "config-file");
    if (field == NULL && !file)
        return hull_problem_set(problem, HULL_INVALID, "unknown flag: --%s\nSee 'hulld --help'.",
                                name);
    bool boolean = !file && (field->type == HULL_BOOL || field->type == HULL_OPT_BOOL);
    if (value == NULL && boolean)
        value = "true";
    if (value == NULL && **next != NULL)
        value = *(*next)++;
    if (value == NULL)
        return hull_problem_set(problem, HULL_INVALID, "flag needs an argument: --%s", name);
    if (file) {
        hulld->config_file = value;
        return 0;
    }
    hulld->from_flag[index] = true;
    return field_set(hulld, field, value, problem);
}

static int short_flag(struct hulld *hulld, const char *word, char ***next,
                      struct hull_problem *problem)
{
    for (size_t i = 0; i < HULL_COUNT(shorthands); i++) {
        if (shorthands[i].letter != word[1])
            continue;
        const char *value = word[2] == '\0' ? NULL : word[2] == '=' ? word + 3 : word + 2;
        return flag(hulld, shorthands[i].flag, value, next, problem);
    }
    return hull_problem_set(problem, HULL_INVALID,
                            "unknown shorthand flag: '%c' in %s\nSee 'hulld --help'.", word[1],
                            word);
}

int hulld_flags(struct hulld *hulld, int argc, char **argv, struct hull_problem *problem)
{
    char **next = argv + (argc > 0 ? 1 : 0);
    int rc = 0;

    HULL_ASSERT(daemon_config_message.count <= HULLD_FIELDS_MAX);
    while (rc == 0 && *next != NULL) {
        const char *word = *next++;
        if (word[0] != '-' || word[1] == '\0')
            return hull_problem_set(problem, HULL_INVALID, "unexpected argument: %s", word);
        if (word[1] != '-') {
            rc = short_flag(hulld, word, &next, problem);
            continue;
        }
        const char *equals = strchr(word, '=');
        size_t length = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word + 2);
        const char *name = hull_arena_strndup(hulld->arena, word + 2, length);
        rc = flag(hulld, name, equals != NULL ? equals + 1 : NULL, &next, problem);
    }
    return rc;
}

static char shorthand(const char *name)
{
    for (size_t i = 0; i < HULL_COUNT(shorthands); i++)
        if (!strcmp(shorthands[i].flag, name))
            return shorthands[i].letter;
    return '\0';
}

static void usage_row(FILE *out, const char *name, const char *help)
{
    char letter = shorthand(name);

    if (letter != '\0')
        fprintf(out, "  -%c, --%-24s %s\n", letter, name, help);
    else
        fprintf(out, "      --%-24s %s\n", name, help);
}

void hulld_usage(FILE *out)
{
    fprintf(out,
            "Usage:  hulld [OPTIONS]\n\nThe daemon of the hull container engine.\n\nOptions:\n");
    usage_row(out, "config-file", "The configuration file; its keys are these options");
    for (size_t i = 0; i < daemon_config_message.count; i++) {
        const struct hull_field *field = &daemon_config_message.fields[i];
        usage_row(out, flag_name(field), field->help);
    }
    usage_row(out, "validate", "Check the configuration and end");
    usage_row(out, "version", "Print the version and end");
    usage_row(out, "help", "Print this and end");
}
