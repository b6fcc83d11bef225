/*
 * changes_words.c: the words of an instruction (changes.h).
 */
#include "changes.h"

#include <ctype.h>
#include <string.h>

#include "json.h"

static const char *env_find(const struct hull_strv *env, const char *name, size_t length)
{
    for (size_t i = 0; i < env->n; i++) {
        if (strncmp(env->v[i], name, length) == 0 && env->v[i][length] == '=')
            return env->v[i] + length + 1;
    }
    return NULL;
}

static size_t name_span(const char *text)
{
    size_t length = 0;

    while (text[length] == '_' || isalnum((unsigned char)text[length]))
        length++;
    return isdigit((unsigned char)text[0]) ? 0 : length;
}

/* The braces of "${NAME}", "${NAME:-word}", "${NAME:+word}"; *AT is behind the opening one. */
static bool expand_braces(struct change *change, const char **at, struct hull_text *out)
{
    size_t length = name_span(*at);
    const char *value = env_find(&change->config->env, *at, length);
    const char *end = strchr(*at, '}');
    const char *rest = *at + length;

    if (!length || !end)
        return false;
    *at = end + 1;
    if (rest == end) {
        hull_text_puts(out, value ? value : "");
        return true;
    }
    if (rest[0] != ':' || (rest[1] != '-' && rest[1] != '+') || end < rest + 2)
        return false;
    if ((rest[1] == '-') == !(value && *value))
        hull_text_add(out, rest + 2, (size_t)(end - rest - 2));
    else if (rest[1] == '-')
        hull_text_puts(out, value);
    return true;
}

/* *AT is behind the dollar sign. */
static bool expand(struct change *change, const char **at, struct hull_text *out)
{
    size_t length = name_span(*at);
    const char *value;

    if (**at == '{') {
        ++*at;
        return expand_braces(change, at, out);
    }
    if (!length) {
        hull_text_puts(out, "$");
        return true;
    }
    value = env_find(&change->config->env, *at, length);
    hull_text_puts(out, value ? value : "");
    *at += length;
    return true;
}

/* One character of a word, or what it stands for. QUOTE is the quote that is open, or 0. */
static bool take_char(struct change *change, const char **at, char *quote, struct hull_text *out)
{
    char c = *(*at)++;

    if (c == *quote && c) {
        *quote = 0;
    } else if (!*quote && (c == '\'' || c == '"')) {
        *quote = c;
    } else if (c == '\\' && *quote != '\'' && **at) {
        if (*quote && !strchr("\"\\$", **at))
            hull_text_puts(out, "\\");
        hull_text_add(out, (*at)++, 1);
    } else if (c == '$' && *quote != '\'') {
        return expand(change, at, out);
    } else {
        hull_text_add(out, &c, 1);
    }
    return true;
}

const char *change_word(struct change *change, const char **text, bool whole)
{
    struct hull_text out = HULL_TEXT(change->arena);
    char quote = 0;

    hull_text_puts(&out, "");
    while (**text && (quote || whole || !isspace((unsigned char)**text))) {
        if (!take_char(change, text, &quote, &out))
            return NULL;
    }
    *text += strspn(*text, " \t\v\f\r\n");
    return quote ? NULL : out.data;
}

int change_malformed(struct change *change)
{
    return hull_problem_set(change->problem, HULL_INVALID, "%s: syntax error in \"%.200s\"",
                            change->name, change->rest);
}

int change_words(struct change *change, struct hull_strv *ret)
{
    const char *at = change->rest;

    while (*at) {
        const char *word = change_word(change, &at, false);
        if (!word)
            return change_malformed(change);
        hull_strv_add(change->arena, ret, word);
    }
    return 0;
}

bool change_list(struct change *change, const char *text, struct hull_strv *ret)
{
    struct hull_problem ignored = {0};
    struct json_value value;

    if (*text != '[' || json_parse(change->arena, text, strlen(text), &value, &ignored) < 0 ||
        value.type != JSON_LIST)
        return false;
    for (size_t i = 0; i < value.count; i++) {
        if (value.items[i].type != JSON_TEXT)
            return false;
    }
    for (size_t i = 0; i < value.count; i++)
        hull_strv_add(change->arena, ret, value.items[i].text);
    return true;
}

struct hull_strv change_command(struct change *change, const char *text)
{
    static const char *const shell[] = {"/bin/sh", "-c"};
    const struct hull_strv *own = &change->config->shell;
    struct hull_strv words = {0};

    if (change_list(change, text, &words))
        return words;
    words.n = 0;
    for (size_t i = 0; i < (own->n ? own->n : HULL_COUNT(shell)); i++)
        hull_strv_add(change->arena, &words, own->n ? own->v[i] : shell[i]);
    hull_strv_add(change->arena, &words, text);
    return words;
}
