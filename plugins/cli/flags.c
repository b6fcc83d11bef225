/*
 * Flags as docker's users type them: --name=value, --name value, -n value, -nvalue, -abc.
 */
#include "plugins/cli/rows.h"
#include "plugins/cli/run.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/common/timefmt.h"
#include "plugins/common/truth.h"
#include "plugins/common/units.h"

bool cli_problem(struct cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    cli->problem = hull_arena_vprintf(cli->arena, fmt, args);
    va_end(args);
    return false;
}

/* --- values ---------------------------------------------------------------------------------- */

static bool parse_bool(struct cli *cli, void *target, const char *value)
{
    if (truth_parse(value, target))
        return true;
    return cli_problem(cli, "strconv.ParseBool: parsing \"%s\": invalid syntax", value);
}

static bool parse_opt_bool(struct cli *cli, void *target, const char *value)
{
    struct hull_opt_bool *opt = target;
    opt->set = true;
    return parse_bool(cli, &opt->value, value);
}

static bool parse_string(struct cli *cli, void *target, const char *value)
{
    (void)cli;
    *(const char **)target = value;
    return true;
}

static bool parse_int(struct cli *cli, void *target, const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 0);
    if (end == value || *end != '\0' || isspace((unsigned char)value[0]))
        return cli_problem(cli, "strconv.ParseInt: parsing \"%s\": invalid syntax", value);
    if (errno != 0)
        return cli_problem(cli, "strconv.ParseInt: parsing \"%s\": value out of range", value);
    *(int64_t *)target = number;
    return true;
}

static bool parse_opt_int(struct cli *cli, void *target, const char *value)
{
    struct hull_opt_int *opt = target;
    opt->set = true;
    return parse_int(cli, &opt->value, value);
}

static bool parse_list(struct cli *cli, void *target, const char *value)
{
    hull_strv_add(cli->arena, target, value);
    return true;
}

static bool parse_strings(struct cli *cli, void *target, const char *value)
{
    struct hull_strv *list = target;
    struct hull_strv fields;
    if (!run_csv(cli, value, &fields))
        return false;
    for (size_t i = 0; i < fields.n; i++)
        hull_strv_add(cli->arena, list, fields.v[i]);
    return true;
}

void cli_set_pair(struct cli *cli, struct hull_map *map, const char *text)
{
    size_t length = strcspn(text, "=");
    hull_map_set(cli->arena, map, hull_arena_strndup(cli->arena, text, length),
                 text[length] == '=' ? text + length + 1 : "");
}

static bool parse_map(struct cli *cli, void *target, const char *value)
{
    cli_set_pair(cli, target, value);
    return true;
}

static bool parse_bytes(struct cli *cli, void *target, const char *value)
{
    if (strcmp(value, "-1") == 0) {
        *(int64_t *)target = -1;
        return true;
    }
    if (!units_parse_bytes(value, target))
        return cli_problem(cli, "invalid size: '%s'", value);
    return true;
}

static bool parse_duration(struct cli *cli, void *target, const char *value)
{
    if (!time_parse_duration(value, target))
        return cli_problem(cli, "time: invalid duration \"%s\"", value);
    return true;
}

static bool parse_cpus(struct cli *cli, void *target, const char *value)
{
    char *end;
    double cpus = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(cpus) || cpus > 1e6)
        return cli_problem(cli, "failed to parse %s as a rational number", value);
    *(int64_t *)target = (int64_t)(cpus * 1e9 + (cpus < 0 ? -0.5 : 0.5));
    return true;
}

static bool parse_filter(struct cli *cli, void *target, const char *value)
{
    struct {
        size_t n;
        const char **keys;
        struct hull_strv *v;
    } *map = target;
    size_t length = strcspn(value, "=");
    if (value[length] != '=')
        return cli_problem(cli, "bad format of filter (expected name=value)");
    char *key = hull_arena_strndup(cli->arena, value, length);
    for (char *at = key; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    struct hull_strv *values = HULL_MSGMAP_FIND(map, key);
    if (values == NULL)
        values = HULL_MSGMAP_ADD(cli->arena, map, key);
    hull_strv_add(cli->arena, values, value + length + 1);
    return true;
}

static const struct {
    const char *type;
    flag_parse_fn *parse;
} kinds[] = {
    [FLAG_BOOL] = {"", parse_bool},
    [FLAG_OPT_BOOL] = {"", parse_opt_bool},
    [FLAG_STRING] = {"string", parse_string},
    [FLAG_INT] = {"int", parse_int},
    [FLAG_OPT_INT] = {"int", parse_opt_int},
    [FLAG_LIST] = {"list", parse_list},
    [FLAG_STRINGS] = {"strings", parse_strings},
    [FLAG_MAP] = {"map", parse_map},
    [FLAG_BYTES] = {"bytes", parse_bytes},
    [FLAG_DURATION] = {"duration", parse_duration},
    [FLAG_CPUS] = {"decimal", parse_cpus},
    [FLAG_FILTER] = {"filter", parse_filter},
    [FLAG_CUSTOM] = {"string", NULL},
    [FLAG_REFUSED] = {"string", NULL},
    [FLAG_REFUSED_BOOL] = {"", NULL},
};

const char *flag_type(const struct flag *flag)
{
    return flag->type != NULL ? flag->type : kinds[flag->kind].type;
}

/* --- the command line ------------------------------------------------------------------------ */

static const struct flag *find_long(const struct flag *flags, const char *name, size_t length)
{
    for (const struct flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        if (strlen(flag->name) == length && memcmp(flag->name, name, length) == 0)
            return flag;
    }
    return NULL;
}

static const struct flag *find_letter(const struct flag *flags, char letter)
{
    for (const struct flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        if (flag->letter == letter)
            return flag;
    }
    return NULL;
}

static bool is_switch(const struct flag *flag)
{
    return flag->kind == FLAG_BOOL || flag->kind == FLAG_OPT_BOOL ||
           flag->kind == FLAG_REFUSED_BOOL;
}

static bool complain(struct cli *cli, const char *fmt, ...) HULL_PRINTF(2, 3);
static bool complain(struct cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    usage_error(cli, hull_arena_vprintf(cli->arena, fmt, args), "Run");
    va_end(args);
    return false;
}

static bool set(struct cli *cli, const struct flag *flag, const char *value)
{
    void *target = (char *)cli->options + flag->offset;
    if (flag->kind == FLAG_REFUSED || flag->kind == FLAG_REFUSED_BOOL)
        return complain(cli, "hull: --%s is not supported yet", flag->name);
    flag_parse_fn *parse = flag->kind == FLAG_CUSTOM ? flag->parse : kinds[flag->kind].parse;
    hull_strv_add(cli->arena, &cli->given, flag->name);
    if ((flag->check == NULL || flag->check(cli, value)) && parse(cli, target, value))
        return true;
    const char *shown = row_quoted(cli, value);
    if (flag->letter != 0)
        return complain(cli, "invalid argument %s for \"-%c, --%s\" flag: %s", shown, flag->letter,
                        flag->name, cli->problem);
    return complain(cli, "invalid argument %s for \"--%s\" flag: %s", shown, flag->name,
                    cli->problem);
}

/* --name or --name=value; *AT moves on when the value is the next argument. */
static bool parse_long(struct cli *cli, const struct hull_strv *args, size_t *at)
{
    const char *name = args->v[*at] + 2;
    size_t length = strcspn(name, "=");
    const struct flag *flag = find_long(cli->command->flags, name, length);
    if (flag == NULL)
        return complain(cli, "unknown flag: --%.*s", (int)length, name);
    if (name[length] == '=')
        return set(cli, flag, name + length + 1);
    if (is_switch(flag))
        return set(cli, flag, "true");
    if (*at + 1 >= args->n)
        return complain(cli, "flag needs an argument: --%s", flag->name);
    return set(cli, flag, args->v[++*at]);
}

/* -abc, -nvalue, -n=value, -n value */
static bool parse_short(struct cli *cli, const struct hull_strv *args, size_t *at)
{
    const char *text = args->v[*at];
    for (const char *letter = text + 1; *letter != '\0'; letter++) {
        const struct flag *flag = find_letter(cli->command->flags, *letter);
        if (flag == NULL)
            return complain(cli, "unknown shorthand flag: '%c' in %s", *letter, text);
        if (is_switch(flag)) {
            if (letter[1] == '=')
                return set(cli, flag, letter + 2);
            if (!set(cli, flag, "true"))
                return false;
            continue;
        }
        if (letter[1] != '\0')
            return set(cli, flag, letter + (letter[1] == '=' ? 2 : 1));
        if (*at + 1 >= args->n)
            return complain(cli, "flag needs an argument: '%c' in %s", *letter, text);
        return set(cli, flag, args->v[++*at]);
    }
    return true;
}

static bool set_defaults(struct cli *cli)
{
    for (const struct flag *flag = cli->command->flags; flag != NULL && flag->name != NULL;
         flag++) {
        bool settable = flag->fallback != NULL && kinds[flag->kind].parse != NULL &&
                        flag->kind != FLAG_MAP && flag->kind != FLAG_LIST;
        if (settable && !set(cli, flag, flag->fallback))
            return false;
    }
    cli->given = (struct hull_strv){};
    return true;
}

bool flags_parse(struct cli *cli, const struct hull_strv *args)
{
    cli->argv = HULL_NEW_ARRAY(cli->arena, const char *, args->n + 1);
    if (!set_defaults(cli))
        return false;
    bool only_arguments = false;
    for (size_t i = 0; i < args->n; i++) {
        const char *text = args->v[i];
        bool is_flag = !only_arguments && text[0] == '-' && text[1] != '\0';
        if (!is_flag) {
            cli->argv[cli->argc++] = text;
            only_arguments = only_arguments || cli->command->stops;
        } else if (strcmp(text, "--") == 0) {
            only_arguments = true;
        } else if (text[1] == '-' ? !parse_long(cli, args, &i) : !parse_short(cli, args, &i)) {
            return false;
        }
    }
    return true;
}

bool flag_given(const struct cli *cli, const char *name)
{
    return hull_strv_contains(&cli->given, name);
}
