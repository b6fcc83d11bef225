/*
 * changes.c: the Dockerfile instructions that import and commit take: those that change nothing
 * but the configuration.
 */
#include "changes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "signals.h"
#include "timefmt.h"

#define CHANGES_MAX 1000
#define PORTS_MAX 65536

/* --- pairs --------------------------------------------------------------------------------- */

typedef void set_pair(struct change *change, const char *key, const char *value);

static void set_env(struct change *change, const char *key, const char *value)
{
    struct hull_strv *env = &change->config->env;
    const char *entry = hull_arena_printf(change->arena, "%s=%s", key, value);

    for (size_t i = 0; i < env->n; i++) {
        if (strncmp(env->v[i], entry, strlen(key) + 1) == 0) {
            env->v[i] = entry;
            return;
        }
    }
    hull_strv_add(change->arena, env, entry);
}

static void set_label(struct change *change, const char *key, const char *value)
{
    hull_map_set(change->arena, &change->config->labels, key, value);
}

/* "k=v k2=v2", or the old form "k the rest". Values see the environment before the line. */
static int pairs(struct change *change, set_pair *set)
{
    const char *at = change->rest;
    struct hull_map found = {0};

    if (!strchr(hull_arena_strndup(change->arena, at, strcspn(at, " \t")), '=')) {
        const char *key = change_word(change, &at, false);
        const char *value = *at ? change_word(change, &at, true) : NULL;
        if (!key || !*key || !value)
            return hull_problem_set(change->problem, HULL_INVALID, "%s must have two arguments",
                                    change->name);
        set(change, key, value);
        return 0;
    }
    while (*at) {
        const char *word = change_word(change, &at, false);
        const char *equals = word ? strchr(word, '=') : NULL;
        if (!equals || equals == word)
            return hull_problem_set(change->problem, HULL_INVALID,
                                    "Syntax error - can't find = in \"%.100s\". Must be of the "
                                    "form: name=value",
                                    word ? word : change->rest);
        hull_map_set(change->arena, &found,
                     hull_arena_strndup(change->arena, word, (size_t)(equals - word)), equals + 1);
    }
    for (size_t i = 0; i < found.n; i++)
        set(change, found.v[i].key, found.v[i].value);
    return 0;
}

/* --- the instructions ---------------------------------------------------------------------- */

static int do_cmd(struct change *change)
{
    change->config->cmd = change_command(change, change->rest);
    *change->cmd_set = true;
    return 0;
}

static int do_entrypoint(struct change *change)
{
    change->config->entrypoint = change_command(change, change->rest);
    /* The arguments of the old one mean nothing to the new one. */
    if (!*change->cmd_set)
        change->config->cmd = (struct hull_strv){0};
    return 0;
}

static int do_env(struct change *change)
{
    return pairs(change, set_env);
}

static int do_label(struct change *change)
{
    return pairs(change, set_label);
}

static void add_once(struct change *change, struct hull_strv *list, const char *value)
{
    if (!hull_strv_contains(list, value))
        hull_strv_add(change->arena, list, value);
}

static const char *const protocols[] = {"tcp", "udp", "sctp"};

/* The ports that are exposed already: a range may have them all, and a list is slow to search. */
struct ports {
    unsigned char seen[HULL_COUNT(protocols)][PORTS_MAX / 8];
};

/* False when PORT of PROTOCOL was there before. */
static bool mark_port(struct ports *ports, size_t protocol, unsigned long port)
{
    unsigned char *byte = &ports->seen[protocol][port / 8];
    unsigned char bit = (unsigned char)(1u << (port % 8));
    bool fresh = !(*byte & bit);

    *byte |= bit;
    return fresh;
}

/* "80", "80/udp", "8000-8010/tcp". */
static bool parse_ports(const char *word, unsigned long *ret_first, unsigned long *ret_last,
                        size_t *ret_protocol)
{
    const char *slash = strchr(word, '/'), *name = slash ? slash + 1 : protocols[0];
    size_t protocol = 0;
    char *end;

    if (!isdigit((unsigned char)word[0]))
        return false;
    *ret_first = *ret_last = strtoul(word, &end, 10);
    if (*end == '-' && isdigit((unsigned char)end[1]))
        *ret_last = strtoul(end + 1, &end, 10);
    while (protocol < HULL_COUNT(protocols) && strcasecmp(name, protocols[protocol]) != 0)
        protocol++;
    *ret_protocol = protocol;
    return (!*end || end == slash) && *ret_first && *ret_last < PORTS_MAX &&
           *ret_first <= *ret_last && protocol < HULL_COUNT(protocols);
}

static int expose(struct change *change, struct ports *ports, const char *word)
{
    unsigned long first, last;
    size_t protocol;

    if (!parse_ports(word, &first, &last, &protocol))
        return hull_problem_set(change->problem, HULL_INVALID, "Invalid containerPort: %.100s",
                                word);
    if (change->config->exposed_ports.n + (last - first) > PORTS_MAX)
        return hull_problem_set(change->problem, HULL_INVALID, "EXPOSE: more than %d ports",
                                PORTS_MAX);
    for (; first <= last; first++) {
        if (mark_port(ports, protocol, first))
            hull_strv_add(change->arena, &change->config->exposed_ports,
                          hull_arena_printf(change->arena, "%lu/%s", first, protocols[protocol]));
    }
    return 0;
}

static int do_expose(struct change *change)
{
    struct ports *ports = HULL_NEW(change->arena, struct ports);
    const struct hull_strv *there = &change->config->exposed_ports;
    struct hull_strv words = {0};
    unsigned long first, last;
    size_t protocol;
    int rc = change_words(change, &words);

    for (size_t i = 0; i < there->n; i++) {
        if (parse_ports(there->v[i], &first, &last, &protocol))
            mark_port(ports, protocol, first);
    }
    for (size_t i = 0; rc == 0 && i < words.n; i++)
        rc = expose(change, ports, words.v[i]);
    return rc;
}

static int do_volume(struct change *change)
{
    struct hull_strv words = {0};
    int rc = change_list(change, change->rest, &words) ? 0 : change_words(change, &words);

    for (size_t i = 0; rc == 0 && i < words.n; i++) {
        if (words.v[i][0] != '/')
            return hull_problem_set(change->problem, HULL_INVALID,
                                    "VOLUME: %.100s is not an absolute path", words.v[i]);
        add_once(change, &change->config->volumes, words.v[i]);
    }
    return rc;
}

/* The one word of the instruction. */
static int one_word(struct change *change, const char **ret)
{
    const char *at = change->rest;

    *ret = change_word(change, &at, false);
    if (!*ret)
        return change_malformed(change);
    if (!**ret || *at)
        return hull_problem_set(change->problem, HULL_INVALID, "%s requires exactly one argument",
                                change->name);
    return 0;
}

static int do_user(struct change *change)
{
    return one_word(change, &change->config->user);
}

static int do_workdir(struct change *change)
{
    const char *at = change->rest, *path = change_word(change, &at, true);
    const char *old = change->config->working_dir;

    if (!path || !*path)
        return change_malformed(change);
    if (path[0] != '/')
        path = hull_arena_printf(change->arena, "%s/%s", old && strcmp(old, "/") ? old : "", path);
    change->config->working_dir = path;
    return 0;
}

static int do_stopsignal(struct change *change)
{
    const char *word;
    int rc = one_word(change, &word);

    if (rc == 0 && signal_parse(word) <= 0)
        return hull_problem_set(change->problem, HULL_INVALID, "invalid signal: %.100s", word);
    if (rc == 0)
        change->config->stop_signal = word;
    return rc;
}

static int do_onbuild(struct change *change)
{
    static const char *const refused[] = {"ONBUILD", "FROM", "MAINTAINER"};
    size_t length = strcspn(change->rest, " \t");

    for (size_t i = 0; i < HULL_COUNT(refused); i++) {
        if (strlen(refused[i]) == length && strncasecmp(change->rest, refused[i], length) == 0)
            return hull_problem_set(change->problem, HULL_INVALID,
                                    "%s isn't allowed as an ONBUILD trigger", refused[i]);
    }
    hull_strv_add(change->arena, &change->config->on_build, change->rest);
    return 0;
}

/* "--interval=5s" and the like. */
static int health_flag(struct change *change, struct health_config *health, const char *word)
{
    const struct {
        const char *name;
        int64_t *value;
    } flags[] = {
        {"--interval=", &health->interval},
        {"--timeout=", &health->timeout},
        {"--start-period=", &health->start_period},
        {"--start-interval=", &health->start_interval},
    };
    char *end;

    if (strncmp(word, "--retries=", 10) == 0) {
        health->retries = strtol(word + 10, &end, 10);
        return *end || end == word + 10 || health->retries < 0 ? change_malformed(change) : 0;
    }
    for (size_t i = 0; i < HULL_COUNT(flags); i++) {
        size_t length = strlen(flags[i].name);
        if (strncmp(word, flags[i].name, length) == 0)
            return time_parse_duration(word + length, flags[i].value) && *flags[i].value >= 0
                       ? 0
                       : change_malformed(change);
    }
    return hull_problem_set(change->problem, HULL_INVALID, "Unknown flag: %.100s", word);
}

static int do_healthcheck(struct change *change)
{
    struct health_config *health = HULL_NEW(change->arena, struct health_config);
    const char *at = change->rest;
    size_t length;

    while (strncmp(at, "--", 2) == 0) {
        const char *word = change_word(change, &at, false);
        int rc = word ? health_flag(change, health, word) : change_malformed(change);
        if (rc < 0)
            return rc;
    }
    length = strcspn(at, " \t");
    if (length == 4 && strncasecmp(at, "NONE", 4) == 0 && !at[length]) {
        hull_strv_add(change->arena, &health->test, "NONE");
    } else if (length == 3 && strncasecmp(at, "CMD", 3) == 0 && at[length]) {
        struct hull_strv words = {0};
        at += length + strspn(at + length, " \t");
        hull_strv_add(change->arena, &health->test, *at == '[' ? "CMD" : "CMD-SHELL");
        if (!change_list(change, at, &words)) {
            health->test.v[0] = "CMD-SHELL";
            hull_strv_add(change->arena, &words, at);
        }
        for (size_t i = 0; i < words.n; i++)
            hull_strv_add(change->arena, &health->test, words.v[i]);
    } else {
        return hull_problem_set(change->problem, HULL_INVALID,
                                "Unknown type \"%.*s\" in HEALTHCHECK (try CMD)",
                                (int)(length < 100 ? length : 100), at);
    }
    change->config->healthcheck = health;
    return 0;
}

static const struct {
    const char *name;
    int (*apply)(struct change *change);
} instructions[] = {
    {"CMD", do_cmd},         {"ENTRYPOINT", do_entrypoint}, {"ENV", do_env},
    {"EXPOSE", do_expose},   {"LABEL", do_label},           {"HEALTHCHECK", do_healthcheck},
    {"ONBUILD", do_onbuild}, {"STOPSIGNAL", do_stopsignal}, {"USER", do_user},
    {"VOLUME", do_volume},   {"WORKDIR", do_workdir},
};

static int apply_line(struct hull_arena *arena, const char *line, struct image_config *config,
                      bool *cmd_set, struct hull_problem *problem)
{
    size_t length = strcspn(line, " \t");
    struct change change = {
        .arena = arena, .config = config, .problem = problem, .cmd_set = cmd_set};
    char *rest;

    if (!length)
        return 0;
    rest = hull_arena_strdup(arena, line + length + strspn(line + length, " \t"));
    for (size_t end = strlen(rest); end && isspace((unsigned char)rest[end - 1]); end--)
        rest[end - 1] = '\0';
    change.rest = rest;
    for (size_t i = 0; i < HULL_COUNT(instructions); i++) {
        change.name = instructions[i].name;
        if (strlen(change.name) != length || strncasecmp(change.name, line, length) != 0)
            continue;
        if (!*rest)
            return hull_problem_set(problem, HULL_INVALID, "%s requires at least one argument",
                                    change.name);
        return instructions[i].apply(&change);
    }
    return hull_problem_set(problem, HULL_INVALID, "%.*s is not a valid change command",
                            (int)(length < 100 ? length : 100), line);
}

int img_apply_changes(struct hull_arena *arena, const struct hull_strv *changes,
                      struct image_config *config, struct hull_problem *problem)
{
    bool cmd_set = false;

    if (changes->n > CHANGES_MAX)
        return hull_problem_set(problem, HULL_INVALID, "more than %d changes", CHANGES_MAX);
    for (size_t i = 0; i < changes->n; i++) {
        char *text = hull_arena_strdup(arena, changes->v[i]), *line;
        while ((line = strsep(&text, "\n"))) {
            int rc = apply_line(arena, line + strspn(line, " \t"), config, &cmd_set, problem);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}
