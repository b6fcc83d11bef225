/*
 * filters.c: matching against filters.
 */
#include "filters.h"

#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

#define PATTERN_MAX 256u /* bytes */
#define COPIES_MAX 1000u /* of what is repeated by {n,m}, all repetitions of a pattern multiplied */

int filters_check(struct hull_call *call, const struct filters *filters, const char *const *allowed)
{
    for (size_t i = 0; i < filters->n; i++) {
        const char *const *key = allowed;

        while (*key && strcmp(*key, filters->keys[i]) != 0)
            key++;
        if (!*key)
            return hull_fail(call, HULL_INVALID, "invalid filter '%s'", filters->keys[i]);
    }
    return 0;
}

const struct hull_strv *filters_get(const struct filters *filters, const char *key)
{
    for (size_t i = 0; i < filters->n; i++)
        if (strcmp(filters->keys[i], key) == 0)
            return filters->v[i].n > 0 ? &filters->v[i] : NULL;
    return NULL;
}

bool filters_exact(const struct filters *filters, const char *key, const char *value)
{
    const struct hull_strv *values = filters_get(filters, key);

    return !values || hull_strv_contains(values, value ? value : "");
}

/* Is what comes BACK bytes before AT, in PATTERN, one of SIGNS? */
static bool comes_before(const char *pattern, const char *at, ptrdiff_t back, const char *signs)
{
    return at - pattern >= back && strchr(signs, at[-back]);
}

/*
 * How many copies the C library makes of what the sign AT repeats, or ways it has to go through it:
 * as many as {n,m} says, one more for {n,}, two behind a parenthesis. 0 for a repetition of a
 * repetition, which docker's library refuses but for a ? behind another.
 */
static unsigned long copies_of(const char *pattern, const char *at)
{
    static const char repeats[] = "+*?}";
    char *end;
    unsigned long count;

    if (*at != ',' && comes_before(pattern, at, 1, repeats) &&
        (*at != '?' || comes_before(pattern, at, 2, repeats)))
        return 0;
    if (*at != ',' && *at != '{')
        return comes_before(pattern, at, 1, ")") ? 2 : 1;
    count = strtoul(at + 1, &end, 10);
    count += *at == '{' && strncmp(end, ",}", 2) == 0 && count < COPIES_MAX;
    return count > 1 ? count : 1;
}

/* Can PATTERN be compiled and matched in no time? The C library makes a copy of what is repeated
 * for each time, and of the copies in a repetition of those; docker's library has the same limit.
 * It has no references back, which the C library looks for by trying all ways. */
bool filters_is_cheap(const char *pattern)
{
    static const char signs[] = "{,+*?\\";
    unsigned long copies = 1;

    if (strlen(pattern) > PATTERN_MAX)
        return false;
    for (const char *at = strpbrk(pattern, signs); at; at = strpbrk(at + 1, signs)) {
        unsigned long count = *at == '\\' ? 1 : copies_of(pattern, at);

        if (*at == '\\' && at[1] >= '1' && at[1] <= '9')
            return false;
        if (*at == '\\' && at[1])
            at++;
        copies *= count;
        if (count == 0 || count > COPIES_MAX || copies > COPIES_MAX)
            return false;
    }
    return true;
}

static bool regex_matches(const char *pattern, const char *value)
{
    regex_t regex;
    bool matches;

    if (!filters_is_cheap(pattern) || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    matches = regexec(&regex, value, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

bool filters_match(const struct filters *filters, const char *key, const char *value)
{
    const struct hull_strv *values = filters_get(filters, key);

    if (!values)
        return true;
    value = value ? value : "";
    for (size_t i = 0; i < values->n; i++)
        if (strstr(value, values->v[i]) || regex_matches(values->v[i], value))
            return true;
    return false;
}

bool filters_prefix(const struct filters *filters, const char *key, const char *value)
{
    const struct hull_strv *values = filters_get(filters, key);

    if (!values)
        return true;
    for (size_t i = 0; i < values->n; i++)
        if (strncmp(value, values->v[i], strlen(values->v[i])) == 0)
            return true;
    return false;
}

static bool has_label(const struct hull_map *labels, const char *wanted)
{
    const char *equals = strchr(wanted, '=');
    size_t length = equals ? (size_t)(equals - wanted) : strlen(wanted);

    for (size_t i = 0; i < labels->n; i++)
        if (strncmp(labels->v[i].key, wanted, length) == 0 && labels->v[i].key[length] == '\0')
            return !equals || hull_streq(labels->v[i].value, equals + 1);
    return false;
}

bool filters_labels(const struct filters *filters, const struct hull_map *labels)
{
    const struct hull_strv *with = filters_get(filters, "label");
    const struct hull_strv *without = filters_get(filters, "label!");

    for (size_t i = 0; with && i < with->n; i++)
        if (!has_label(labels, with->v[i]))
            return false;
    for (size_t i = 0; without && i < without->n; i++)
        if (has_label(labels, without->v[i]))
            return false;
    return true;
}

int filters_bool(struct hull_call *call, const struct filters *filters, const char *key, bool *ret)
{
    const struct hull_strv *values = filters_get(filters, key);

    if (!values || (values->n == 1 && truth_parse(values->v[0], ret)))
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid filter '%s=[%s]'", key, values->v[0]);
}
