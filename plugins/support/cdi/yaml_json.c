/*
 * yaml_json.c: libyaml's events, written as JSON.
 */
#include "yaml_json.h"

#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 64

struct converter {
    yaml_parser_t parser;
    struct hull_text *out;
    struct hull_problem *problem;
};

static int refuse(struct converter *c, const yaml_event_t *event, const char *what)
{
    return hull_problem_set(c->problem, HULL_INVALID, "line %zu: %s", event->start_mark.line + 1,
                            what);
}

static int next_event(struct converter *c, yaml_event_t *ret)
{
    if (yaml_parser_parse(&c->parser, ret))
        return 0;
    return hull_problem_set(c->problem, HULL_INVALID, "line %zu: %s",
                            c->parser.problem_mark.line + 1,
                            c->parser.problem ? c->parser.problem : "not YAML");
}

/* --- scalars ---------------------------------------------------------------------------------- */

static bool one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static bool has_zero(const yaml_event_t *event)
{
    return memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL;
}

/* [-+]?[0-9]+, 0x…, 0o… or, as YAML 1.1 has it, 0… */
static bool write_integer(struct converter *c, const char *text)
{
    bool minus = *text == '-';
    const char *digits = text + (*text == '-' || *text == '+');
    int base = 10;
    unsigned long long value;
    char *end;

    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'o')) {
        base = digits[1] == 'x' ? 16 : 8;
        digits += 2;
    } else if (digits[0] == '0' && digits[1] != '\0') {
        base = 8;
    }
    if (!strchr("0123456789abcdefABCDEF", *digits) || *digits == '\0')
        return false;
    errno = 0;
    value = strtoull(digits, &end, base);
    if (*end != '\0' || errno != 0 || value > INT64_MAX)
        return false;
    hull_text_printf(c->out, "%s%llu", minus ? "-" : "", value);
    return true;
}

/* What JSON calls a number, with a point or an exponent in it. */
static bool write_number(struct converter *c, const char *text)
{
    struct hull_problem problem = {0};
    size_t length = strlen(text);

    if (strspn(text, "0123456789.eE+-") != length || length == 0 ||
        json_check(text, length, &problem) < 0)
        return false;
    hull_text_puts(c->out, text);
    return true;
}

static void write_scalar(struct converter *c, const yaml_event_t *event, bool key)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const truths[] = {"true", "True", "TRUE", NULL};
    static const char *const lies[] = {"false", "False", "FALSE", NULL};
    const char *text = (const char *)event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !key &&
                 strlen(text) == event->data.scalar.length;

    if (plain && one_of(text, nulls))
        hull_text_puts(c->out, "null");
    else if (plain && one_of(text, truths))
        hull_text_puts(c->out, "true");
    else if (plain && one_of(text, lies))
        hull_text_puts(c->out, "false");
    else if (!plain || (!write_integer(c, text) && !write_number(c, text)))
        json_quote(c->out, text, event->data.scalar.length);
}

/* --- collections ------------------------------------------------------------------------------ */

static int write_node(struct converter *c, const yaml_event_t *event, unsigned depth);

static int write_list(struct converter *c, unsigned depth)
{
    bool first = true;

    hull_text_puts(c->out, "[");
    for (;;) {
        yaml_event_t event;
        int rc = next_event(c, &event);

        if (rc < 0)
            return rc;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            hull_text_puts(c->out, "]");
            return 0;
        }
        if (!first)
            hull_text_puts(c->out, ",");
        first = false;
        rc = write_node(c, &event, depth);
        yaml_event_delete(&event);
        if (rc < 0)
            return rc;
    }
}

static int write_value(struct converter *c, unsigned depth)
{
    yaml_event_t event;
    int rc = next_event(c, &event);

    if (rc < 0)
        return rc;
    rc = write_node(c, &event, depth);
    yaml_event_delete(&event);
    return rc;
}

static int write_map(struct converter *c, unsigned depth)
{
    bool first = true;

    hull_text_puts(c->out, "{");
    for (;;) {
        yaml_event_t event;
        int rc = next_event(c, &event);
        bool end;

        if (rc < 0)
            return rc;
        end = event.type == YAML_MAPPING_END_EVENT;
        if (!end && event.type != YAML_SCALAR_EVENT)
            rc = refuse(c, &event, "a key must be a scalar");
        else if (!end && has_zero(&event))
            rc = refuse(c, &event, "a key with a zero byte is not taken");
        if (!end && rc == 0) {
            hull_text_puts(c->out, first ? "" : ",");
            write_scalar(c, &event, true);
            hull_text_puts(c->out, ":");
            first = false;
        }
        yaml_event_delete(&event);
        if (end)
            hull_text_puts(c->out, "}");
        else if (rc == 0)
            rc = write_value(c, depth);
        if (end || rc < 0)
            return rc;
    }
}

static int write_node(struct converter *c, const yaml_event_t *event, unsigned depth)
{
    if (depth >= DEPTH_MAX)
        return refuse(c, event, "nested too deeply");
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return write_list(c, depth + 1);
    if (event->type == YAML_MAPPING_START_EVENT)
        return write_map(c, depth + 1);
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(c, event, "aliases and empty documents are not taken");
    if (event->data.scalar.tag)
        return refuse(c, event, "tags are not taken");
    if (has_zero(event))
        return refuse(c, event, "a text with a zero byte is not taken");
    write_scalar(c, event, false);
    return 0;
}

/* The next event has to be of TYPE. */
static int expect(struct converter *c, yaml_event_type_t type)
{
    yaml_event_t event;
    int rc = next_event(c, &event);

    if (rc < 0)
        return rc;
    if (event.type != type)
        rc = refuse(c, &event, "expected one document");
    yaml_event_delete(&event);
    return rc;
}

int yaml_to_json(struct hull_text *out, const char *text, size_t length,
                 struct hull_problem *problem)
{
    struct converter c = {.out = out, .problem = problem};
    int rc;

    if (!yaml_parser_initialize(&c.parser))
        return hull_problem_set(problem, HULL_INTERNAL, "no YAML parser");
    yaml_parser_set_input_string(&c.parser, (const unsigned char *)text, length);
    rc = expect(&c, YAML_STREAM_START_EVENT);
    if (rc == 0)
        rc = expect(&c, YAML_DOCUMENT_START_EVENT);
    if (rc == 0)
        rc = write_value(&c, 0);
    if (rc == 0)
        rc = expect(&c, YAML_DOCUMENT_END_EVENT);
    if (rc == 0)
        rc = expect(&c, YAML_STREAM_END_EVENT);
    yaml_parser_delete(&c.parser);
    return rc;
}
