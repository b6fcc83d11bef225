/*
 * The functions of templates.
 */
#include "template_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

value_t template_text(struct run *run, const char *text)
{
    struct json_value *value = HULL_NEW(run->arena, struct json_value);
    *value = (struct json_value){.type = JSON_TEXT, .text = text};
    return value;
}

value_t template_bool(struct run *run, bool truth)
{
    struct json_value *value = HULL_NEW(run->arena, struct json_value);
    value->type = truth ? JSON_TRUE : JSON_FALSE;
    return value;
}

static value_t number(struct run *run, size_t n)
{
    struct json_value *value = HULL_NEW(run->arena, struct json_value);
    *value =
        (struct json_value){.type = JSON_NUMBER, .text = hull_arena_printf(run->arena, "%zu", n)};
    return value;
}

static int bad(struct run *run, const char *name, const char *what)
{
    return hull_problem_set(run->problem, HULL_INVALID,
                            "template: :%s: executing \"\" at <%s>: error calling %s: %s",
                            run->place, run->text, name, what);
}

/* As text, whatever it is. */
static const char *text_of(struct run *run, value_t value)
{
    if (value != NULL && value->type == JSON_TEXT)
        return value->text;
    struct hull_text text = HULL_TEXT(run->arena);
    template_print(&text, value);
    return text.data;
}

static size_t count_of(value_t value)
{
    if (value == NULL)
        return 0;
    return value->type == JSON_TEXT ? strlen(value->text) : value->count;
}

/* --- text ------------------------------------------------------------------------------------ */

static int fn_json(struct run *run, const char *name, const value_t *args, size_t count,
                   value_t *ret)
{
    (void)name, (void)count;
    struct hull_text text = HULL_TEXT(run->arena);
    if (args[0] == NULL)
        hull_text_puts(&text, "null");
    else
        json_write(&text, args[0], 0);
    /* Go's rows, and lists of them, escape themselves. */
    bool rows = args[0] == run->root || (args[0] != NULL && args[0]->type == JSON_LIST);
    if (run->type == NULL || !rows)
        json_show_html(&text);
    *ret = template_text(run, text.data);
    return 0;
}

static int fn_case(struct run *run, const char *name, const value_t *args, size_t count,
                   value_t *ret)
{
    (void)count;
    char *text = hull_arena_strdup(run->arena, text_of(run, args[0]));
    bool begins = true;
    for (char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (name[0] == 'l')
            *at = (char)tolower(c);
        else if (name[0] == 'u' || begins)
            *at = (char)toupper(c);
        begins = c == ' ' || c == '\t' || c == '-';
    }
    *ret = template_text(run, text);
    return 0;
}

static int fn_split(struct run *run, const char *name, const value_t *args, size_t count,
                    value_t *ret)
{
    (void)name, (void)count;
    const char *text = text_of(run, args[0]);
    const char *separator = text_of(run, args[1]);
    struct {
        size_t n;
        struct json_value *v;
    } list = {};
    while (true) {
        const char *at = separator[0] == '\0'
                             ? (text[0] != '\0' && text[1] != '\0' ? text + 1 : NULL)
                             : strstr(text, separator);
        struct json_value *item = HULL_LIST_ADD(run->arena, &list);
        item->type = JSON_TEXT;
        item->text = at == NULL ? text : hull_arena_strndup(run->arena, text, (size_t)(at - text));
        if (at == NULL)
            break;
        text = at + strlen(separator);
    }
    struct json_value *value = HULL_NEW(run->arena, struct json_value);
    *value = (struct json_value){.type = JSON_LIST, .count = list.n, .items = list.v};
    *ret = value;
    return 0;
}

static int fn_join(struct run *run, const char *name, const value_t *args, size_t count,
                   value_t *ret)
{
    (void)count;
    struct hull_text text = HULL_TEXT(run->arena);
    hull_text_puts(&text, "");
    if (args[0] != NULL && args[0]->type != JSON_LIST && args[0]->type != JSON_NULL)
        return bad(run, name, "expected a list of strings");
    for (size_t i = 0; i < count_of(args[0]); i++) {
        if (i > 0)
            hull_text_puts(&text, text_of(run, args[1]));
        template_print(&text, &args[0]->items[i]);
    }
    *ret = template_text(run, text.data);
    return 0;
}

static long integer_of(struct run *run, value_t value)
{
    return strtol(text_of(run, value), NULL, 10);
}

static int fn_pad(struct run *run, const char *name, const value_t *args, size_t count,
                  value_t *ret)
{
    (void)count;
    const char *text = text_of(run, args[0]);
    long before = integer_of(run, args[1]), after = integer_of(run, args[2]);
    if (before < 0 || after < 0 || before > 10000 || after > 10000)
        return bad(run, name, "the width is out of range");
    *ret = text[0] == '\0'
               ? args[0]
               : template_text(run, hull_arena_printf(run->arena, "%*s%s%*s", (int)before, "", text,
                                                      (int)after, ""));
    return 0;
}

static int fn_truncate(struct run *run, const char *name, const value_t *args, size_t count,
                       value_t *ret)
{
    (void)name, (void)count;
    const char *text = text_of(run, args[0]);
    long length = integer_of(run, args[1]);
    if (length < 0 || (size_t)length >= strlen(text))
        *ret = args[0];
    else
        *ret = template_text(run, hull_arena_strndup(run->arena, text, (size_t)length));
    return 0;
}

/* print puts blanks between operands that are no strings, println always. */
static int fn_print(struct run *run, const char *name, const value_t *args, size_t count,
                    value_t *ret)
{
    struct hull_text text = HULL_TEXT(run->arena);
    bool line = strcmp(name, "println") == 0;
    hull_text_puts(&text, "");
    for (size_t i = 0; i < count; i++) {
        bool strings = i > 0 && (args[i] == NULL || args[i]->type == JSON_TEXT ||
                                 args[i - 1] == NULL || args[i - 1]->type == JSON_TEXT);
        if (i > 0 && (line || !strings))
            hull_text_puts(&text, " ");
        template_print(&text, args[i]);
    }
    hull_text_puts(&text, line ? "\n" : "");
    *ret = template_text(run, text.data);
    return 0;
}

/* --- printf ---------------------------------------------------------------------------------- */

static void quote(struct hull_text *out, const char *text)
{
    hull_text_puts(out, "\"");
    for (; *text != '\0'; text++) {
        static const char from[] = "\n\t\r\"\\", to[] = "ntr\"\\";
        const char *found = strchr(from, *text);
        if (found != NULL)
            hull_text_printf(out, "\\%c", to[found - from]);
        else
            hull_text_add(out, text, 1);
    }
    hull_text_puts(out, "\"");
}

/* One verb with its flags, width and precision, none of which is above three digits. */
static void format_one(struct run *run, struct hull_text *out, const char *flags, char verb,
                       value_t value)
{
    struct hull_text text = HULL_TEXT(run->arena);
    char *format = hull_arena_printf(run->arena, "%%%s%s", flags,
                                     strchr("dxXo", verb) != NULL    ? "lld"
                                     : strchr("feEgG", verb) != NULL ? "f"
                                                                     : "s");
    size_t last = strlen(format) - 1;
    hull_text_puts(&text, "");
    if (strchr("dxXofeEgG", verb) != NULL && value != NULL && value->type == JSON_NUMBER) {
        format[last] = verb;
        char buffer[1200];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (strchr("dxXo", verb) != NULL)
            snprintf(buffer, sizeof(buffer), format, strtoll(value->text, NULL, 10));
        else
            snprintf(buffer, sizeof(buffer), format, strtod(value->text, NULL));
#pragma GCC diagnostic pop
        hull_text_puts(out, buffer);
        return;
    }
    if (verb == 'q')
        quote(&text, text_of(run, value));
    else if (strchr("svt", verb) != NULL)
        template_print(&text, value);
    else
        hull_text_printf(&text, "%%!%c(%s)", verb, text_of(run, value));
    long width = strtol(flags + strspn(flags, "-+# 0"), NULL, 10);
    hull_text_printf(out, flags[0] == '-' ? "%-*s" : "%*s", (int)width, text.data);
}

static int fn_printf(struct run *run, const char *name, const value_t *args, size_t count,
                     value_t *ret)
{
    struct hull_text out = HULL_TEXT(run->arena);
    size_t next = 1;
    hull_text_puts(&out, "");
    for (const char *at = text_of(run, args[0]); *at != '\0'; at++) {
        if (*at != '%') {
            hull_text_add(&out, at, 1);
            continue;
        }
        size_t length = strspn(at + 1, "-+# 0123456789.");
        const char *flags = hull_arena_strndup(run->arena, at + 1, length);
        if (length > 8 || strspn(flags + strcspn(flags, "123456789"), "0123456789") > 3)
            return bad(run, name, "the width is out of range");
        at += length + 1;
        if (*at == '\0')
            break;
        if (*at == '%')
            hull_text_puts(&out, "%");
        else if (next >= count)
            hull_text_printf(&out, "%%!%c(MISSING)", *at);
        else
            format_one(run, &out, flags, *at, args[next++]);
    }
    *ret = template_text(run, out.data);
    return 0;
}

/* --- values ---------------------------------------------------------------------------------- */

static int fn_len(struct run *run, const char *name, const value_t *args, size_t count,
                  value_t *ret)
{
    (void)count;
    bool counts = args[0] != NULL && (args[0]->type == JSON_TEXT || args[0]->type == JSON_LIST ||
                                      args[0]->type == JSON_OBJECT || args[0]->type == JSON_NULL);
    if (!counts)
        return bad(run, name, "len of a value that has no length");
    *ret = number(run, count_of(args[0]));
    return 0;
}

static int fn_index(struct run *run, const char *name, const value_t *args, size_t count,
                    value_t *ret)
{
    *ret = args[0];
    for (size_t i = 1; i < count; i++) {
        if (*ret == NULL || (*ret)->type == JSON_NULL)
            return bad(run, name, "index of nil pointer");
        if ((*ret)->type == JSON_OBJECT) {
            *ret = json_member(*ret, text_of(run, args[i]));
            if (*ret == NULL)
                *ret = template_text(run, "");
        } else if ((*ret)->type == JSON_LIST) {
            long at = integer_of(run, args[i]);
            if (at < 0 || (size_t)at >= (*ret)->count)
                return bad(run, name, hull_arena_printf(run->arena, "index out of range: %ld", at));
            *ret = &(*ret)->items[at];
        } else {
            return bad(run, name, "can't index this value");
        }
    }
    return 0;
}

static int fn_slice(struct run *run, const char *name, const value_t *args, size_t count,
                    value_t *ret)
{
    size_t size = count_of(args[0]);
    long from = count > 1 ? integer_of(run, args[1]) : 0;
    long to = count > 2 ? integer_of(run, args[2]) : (long)size;
    if (from < 0 || to < from || (size_t)to > size)
        return bad(run, name, "index out of range");
    if (args[0] != NULL && args[0]->type == JSON_TEXT) {
        *ret = template_text(
            run, hull_arena_strndup(run->arena, args[0]->text + from, (size_t)(to - from)));
        return 0;
    }
    if (args[0] == NULL || args[0]->type != JSON_LIST)
        return bad(run, name, "can't slice this value");
    struct json_value *value = HULL_NEW(run->arena, struct json_value);
    *value = (struct json_value){
        .type = JSON_LIST, .count = (size_t)(to - from), .items = args[0]->items + from};
    *ret = value;
    return 0;
}

static int fn_not(struct run *run, const char *name, const value_t *args, size_t count,
                  value_t *ret)
{
    (void)name, (void)count;
    *ret = template_bool(run, !template_truth(args[0]));
    return 0;
}

/* -1, 0, 1; 2 when the two are of different kinds. */
static int order(value_t a, value_t b)
{
    if (a == NULL || b == NULL)
        return a == b ? 0 : 2;
    bool truths = (a->type == JSON_TRUE || a->type == JSON_FALSE) &&
                  (b->type == JSON_TRUE || b->type == JSON_FALSE);
    if (truths || (a->type == JSON_NULL && b->type == JSON_NULL))
        return a->type == b->type ? 0 : 1;
    if (a->type != b->type)
        return 2;
    if (a->type == JSON_NUMBER) {
        double x = strtod(a->text, NULL), y = strtod(b->text, NULL);
        return (x > y) - (x < y);
    }
    if (a->type != JSON_TEXT)
        return 2;
    int sign = strcmp(a->text, b->text);
    return (sign > 0) - (sign < 0);
}

static int fn_compare(struct run *run, const char *name, const value_t *args, size_t count,
                      value_t *ret)
{
    bool truth = false;
    for (size_t i = 1; i < count && !truth; i++) {
        int sign = order(args[0], args[i]);
        if (sign == 2)
            return bad(run, name, "incompatible types for comparison");
        truth = (strcmp(name, "eq") == 0 && sign == 0) || (strcmp(name, "ne") == 0 && sign != 0) ||
                (name[0] == 'l' && sign < 0) || (name[0] == 'g' && sign > 0) ||
                (name[1] == 'e' && name[0] != 'n' && sign == 0);
    }
    *ret = template_bool(run, truth);
    return 0;
}

/* and, or: the evaluation does them itself, but for a lone word. */
static int fn_none(struct run *run, const char *name, const value_t *args, size_t count,
                   value_t *ret)
{
    (void)args, (void)count, (void)ret;
    return bad(run, name, "it needs arguments");
}

static const struct {
    const char *name;
    int (*fn)(struct run *, const char *, const value_t *, size_t, value_t *);
    size_t min, max;
} functions[] = {
    {"json", fn_json, 1, 1},      {"split", fn_split, 2, 2},       {"join", fn_join, 2, 2},
    {"title", fn_case, 1, 1},     {"lower", fn_case, 1, 1},        {"upper", fn_case, 1, 1},
    {"pad", fn_pad, 3, 3},        {"truncate", fn_truncate, 2, 2}, {"print", fn_print, 0, 99},
    {"println", fn_print, 0, 99}, {"printf", fn_printf, 1, 99},    {"len", fn_len, 1, 1},
    {"index", fn_index, 1, 99},   {"slice", fn_slice, 1, 3},       {"not", fn_not, 1, 1},
    {"eq", fn_compare, 2, 99},    {"ne", fn_compare, 2, 2},        {"lt", fn_compare, 2, 2},
    {"le", fn_compare, 2, 2},     {"gt", fn_compare, 2, 2},        {"ge", fn_compare, 2, 2},
    {"and", fn_none, 1, 99},      {"or", fn_none, 1, 99},
};

bool template_function_exists(const char *name)
{
    for (size_t i = 0; i < HULL_COUNT(functions); i++) {
        if (strcmp(functions[i].name, name) == 0)
            return true;
    }
    return false;
}

int template_call(struct run *run, const char *name, const value_t *args, size_t count,
                  value_t *ret)
{
    for (size_t i = 0; i < HULL_COUNT(functions); i++) {
        if (strcmp(functions[i].name, name) != 0)
            continue;
        if (count < functions[i].min || count > functions[i].max)
            return hull_problem_set(
                run->problem, HULL_INVALID,
                "template: :%s: executing \"\" at <%s>: wrong number of args for "
                "%s: want %s%zu got %zu",
                run->place, name, name, functions[i].max > functions[i].min ? "at least " : "",
                functions[i].min, count);
        return functions[i].fn(run, name, args, count, ret);
    }
    return bad(run, name, "not defined");
}
