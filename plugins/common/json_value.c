/*
 * JSON without a table, and single fields from text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_scan.h"

/* --- values of unknown shape ----------------------------------------------------------------- */

static int parse(struct json_scan *scan, struct json_value *ret);

struct value_list {
    size_t n;
    struct json_value *v;
};

static int parse_inside(struct json_scan *scan, struct json_value *ret)
{
    struct json_walk walk;
    struct value_list items = {0};
    struct hull_strv keys = {0};
    int rc = json_open(scan, &walk);

    while (rc == 0 && (rc = json_next(scan, &walk)) == 1) {
        if (walk.close == '}')
            hull_strv_add(scan->arena, &keys,
                          hull_arena_strndup(scan->arena, walk.key.text, walk.key.length));
        if (items.n == JSON_ELEMENTS)
            return hull_problem_set(scan->problem, HULL_INVALID, "more than %u elements",
                                    JSON_ELEMENTS);
        rc = parse(scan, HULL_LIST_ADD(scan->arena, &items));
    }
    ret->type = walk.close == '}' ? JSON_OBJECT : JSON_LIST;
    ret->count = items.n;
    ret->items = items.v;
    ret->keys = keys.v;
    return rc;
}

static int parse_text(struct json_scan *scan, struct json_value *ret, enum json_type type)
{
    struct json_slice slice;
    int rc = type == JSON_TEXT ? json_scan_string(scan, &slice) : json_scan_number(scan, &slice);
    if (rc < 0)
        return rc;
    ret->type = type;
    ret->text = hull_arena_strndup(scan->arena, slice.text, slice.length);
    return 0;
}

static int parse(struct json_scan *scan, struct json_value *ret)
{
    *ret = (struct json_value){0};
    char c = json_peek(scan);
    switch (c) {
    case '{':
    case '[':
        return parse_inside(scan, ret);
    case '"':
        return parse_text(scan, ret, JSON_TEXT);
    case 't':
        ret->type = JSON_TRUE;
        return json_scan_word(scan, "true");
    case 'f':
        ret->type = JSON_FALSE;
        return json_scan_word(scan, "false");
    case 'n':
        return json_scan_word(scan, "null");
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return parse_text(scan, ret, JSON_NUMBER);
        return json_syntax(scan, "looking for beginning of value");
    }
}

int json_parse(struct hull_arena *arena, const char *text, size_t length,
               struct json_value *ret_value, struct hull_problem *problem)
{
    struct json_scan scan = {text, text + length, arena, problem, 0};
    int rc = parse(&scan, ret_value);
    return rc < 0 ? rc : json_scan_done(&scan);
}

int json_check(const char *text, size_t length, struct hull_problem *problem)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct json_scan scan = {text, text + length, arena, problem, 0};
    int rc = json_scan_skip(&scan);
    return rc < 0 ? rc : json_scan_done(&scan);
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->keys[i], key) == 0)
            return &object->items[i];
    }
    return NULL;
}

static void new_line(struct hull_text *out, unsigned indent, unsigned depth)
{
    if (!indent)
        return;
    hull_text_add(out, "\n", 1);
    for (unsigned i = 0; i < indent * depth; i++)
        hull_text_add(out, " ", 1);
}

static void write_value(struct hull_text *out, const struct json_value *value, unsigned indent,
                        unsigned depth)
{
    static const char *const words[] = {
        [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    bool object = value->type == JSON_OBJECT;

    if (value->type == JSON_TEXT) {
        json_quote(out, value->text, strlen(value->text));
        return;
    }
    if (value->type != JSON_LIST && !object) {
        hull_text_puts(out, value->type == JSON_NUMBER ? value->text : words[value->type]);
        return;
    }
    hull_text_add(out, object ? "{" : "[", 1);
    for (size_t i = 0; i < value->count; i++) {
        hull_text_add(out, ",", i > 0);
        new_line(out, indent, depth + 1);
        if (object) {
            json_quote(out, value->keys[i], strlen(value->keys[i]));
            hull_text_puts(out, indent ? ": " : ":");
        }
        write_value(out, &value->items[i], indent, depth + 1);
    }
    if (value->count)
        new_line(out, indent, depth);
    hull_text_add(out, object ? "}" : "]", 1);
}

void json_write(struct hull_text *out, const struct json_value *value, unsigned indent)
{
    write_value(out, value, indent, 0);
}

/* --- one field from text --------------------------------------------------------------------- */

static int set_bool(const char *name, const char *text, bool *ret, struct hull_problem *problem)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"", false},  {"0", false}, {"no", false}, {"false", false}, {"none", false},
                 {"f", false}, {"1", true},  {"yes", true}, {"true", true},   {"t", true},
                 {"y", true},  {"n", false}, {"on", true},  {"off", false}};
    for (size_t i = 0; i < HULL_COUNT(words); i++) {
        if (strcasecmp(words[i].word, text) == 0) {
            *ret = words[i].value;
            return 0;
        }
    }
    return hull_problem_set(problem, HULL_INVALID,
                            "invalid value \"%.64s\" for %s: use true or false", text, name);
}

static int set_int(const char *name, const char *text, int64_t *ret, struct hull_problem *problem)
{
    char *end;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    if (*text == '\0' || *end || errno || *text == ' ' || *text == '+')
        return hull_problem_set(problem, HULL_INVALID,
                                "invalid value \"%.64s\" for %s: expected an integer%s", text, name,
                                errno == ERANGE ? " of 64 bits" : "");
    return 0;
}

static int set_double(const char *name, const char *text, double *ret, struct hull_problem *problem)
{
    char *end;
    *ret = strtod(text, &end);
    if (*text == '\0' || *end || *text == ' ' || !__builtin_isfinite(*ret))
        return hull_problem_set(problem, HULL_INVALID,
                                "invalid value \"%.64s\" for %s: expected a number", text, name);
    return 0;
}

static int check_count(const struct hull_field *field, const char *name, size_t count,
                       struct hull_problem *problem)
{
    uint32_t limit = HULL_MAX_OF(field->flags);
    if (limit == 0 || count <= limit)
        return 0;
    return hull_problem_set(problem, HULL_INVALID, "%s: too long, %u are allowed", name, limit);
}

static int add_element(struct hull_arena *arena, const struct hull_field *field, void *member,
                       const char *name, const char *text, struct hull_problem *problem)
{
    const char *equals = strchr(text, '=');

    if (field->type == HULL_MAP)
        hull_map_set(
            arena, member,
            hull_arena_strndup(arena, text, equals ? (size_t)(equals - text) : strlen(text)),
            equals ? hull_arena_strdup(arena, equals + 1) : "");
    else if (field->type == HULL_INTS)
        return set_int(name, text, hull_list_add(arena, member, sizeof(int64_t)), problem);
    else
        hull_strv_add(arena, member, hull_arena_strdup(arena, text));
    return check_count(field, name, ((struct hull_list *)member)->n, problem);
}

static int add_filter(struct hull_arena *arena, struct hull_strv *values,
                      const struct json_value *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct json_value *item = &from->items[i];
        if (from->type == JSON_LIST && item->type == JSON_TEXT)
            hull_strv_add(arena, values, item->text);
        else if (from->type == JSON_OBJECT && item->type == JSON_TRUE)
            hull_strv_add(arena, values, from->keys[i]);
        else if (from->type != JSON_OBJECT || item->type != JSON_FALSE)
            return -HULL_INVALID;
    }
    return from->type == JSON_LIST || from->type == JSON_OBJECT ? 0 : -HULL_INVALID;
}

/* {"key": ["a", "b"]}, or as docker's clients still write it, {"key": {"a": true, "b": true}}. */
static int set_filters(struct hull_arena *arena, struct hull_msgmap *map, const char *text,
                       struct hull_problem *problem)
{
    struct json_value value;
    struct hull_problem ignored = {0};
    int rc = json_parse(arena, text, strlen(text), &value, &ignored);

    if (rc == 0 && value.type != JSON_OBJECT && value.type != JSON_NULL)
        rc = -HULL_INVALID;
    for (size_t i = 0; rc == 0 && i < value.count; i++)
        rc = add_filter(arena, hull_msgmap_add(arena, map, value.keys[i], sizeof(struct hull_strv)),
                        &value.items[i]);
    return rc < 0 ? hull_problem_set(problem, HULL_INVALID, "invalid filter") : 0;
}

static int set_text(struct hull_arena *arena, const struct hull_field *field, void *member,
                    const char *name, const char *text, struct hull_problem *problem)
{
    if (field->type == HULL_JSON) {
        int rc = json_check(text, strlen(text), problem);
        if (rc < 0)
            return rc;
    }
    *(const char **)member = hull_arena_strdup(arena, text);
    return check_count(field, name, strlen(text), problem);
}

static int set_json(struct hull_arena *arena, const struct hull_field *field, void *member,
                    const char *name, const char *text, struct hull_problem *problem)
{
    struct hull_problem inner = {0};
    int rc = json_field_decode(arena, field, text, member, &inner);
    return rc < 0 ? hull_problem_set(problem, HULL_INVALID, "%s: %.400s", name, inner.text) : 0;
}

int json_field_set(struct hull_arena *arena, const struct hull_field *field, void *member,
                   const char *name, const char *text, struct hull_problem *problem)
{
    struct hull_opt_bool *opt_bool = member;
    struct hull_opt_int *opt_int = member;

    switch (field->type) {
    case HULL_BOOL:
        return set_bool(name, text, member, problem);
    case HULL_OPT_BOOL:
        opt_bool->set = *text != '\0';
        return set_bool(name, text, &opt_bool->value, problem);
    case HULL_INT:
        return *text ? set_int(name, text, member, problem) : 0;
    case HULL_OPT_INT:
        opt_int->set = *text != '\0';
        return *text ? set_int(name, text, &opt_int->value, problem) : 0;
    case HULL_DOUBLE:
        return *text ? set_double(name, text, member, problem) : 0;
    case HULL_STRING:
    case HULL_JSON:
        return set_text(arena, field, member, name, text, problem);
    case HULL_STRV:
    case HULL_SET:
    case HULL_INTS:
    case HULL_MAP:
        return add_element(arena, field, member, name, text, problem);
    case HULL_STRVMAP:
        return *text ? set_filters(arena, member, text, problem) : 0;
    case HULL_MESSAGE_:
    case HULL_POINTER:
    case HULL_LIST:
    case HULL_MSGMAP:
    case HULL_LISTMAP:
        return *text ? set_json(arena, field, member, name, text, problem) : 0;
    case HULL_EMBED:
    case HULL_FD:
    case HULL_STREAM:
    default:
        return hull_problem_set(problem, HULL_INVALID, "%s can't be given as text", name);
    }
}
