/*
 * JSON to messages, by their tables.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json_decode.h"

static int decode_member(struct json_decoder *in, const struct hull_field *field, void *member);

void json_push(struct json_decoder *in, const char *name, size_t length, size_t index)
{
    if (in->steps < HULL_COUNT(in->path))
        in->path[in->steps++] = (struct json_step){name, length, index};
}

/* Put the path before the message of PROBLEM: "HostConfig.Mounts[0].Type: ". */
static int __attribute__((format(printf, 2, 3))) fail(struct json_decoder *in, const char *fmt, ...)
{
    struct hull_text text = HULL_TEXT(in->scan.arena);
    va_list args;

    for (unsigned i = 0; i < in->steps && text.length < 200; i++) {
        const struct json_step *step = &in->path[i];
        if (!step->name)
            hull_text_printf(&text, "[%zu]", step->index);
        else
            hull_text_printf(&text, "%s%.*s", text.length ? "." : "", (int)step->length,
                             step->name);
    }
    if (text.length)
        hull_text_puts(&text, ": ");
    va_start(args, fmt);
    hull_text_puts(&text, hull_arena_vprintf(in->scan.arena, fmt, args));
    va_end(args);
    return hull_problem_set(in->scan.problem, HULL_INVALID, "%s", text.data);
}

/* The next value is not what it has to be. */
int json_expected(struct json_decoder *in, const char *what)
{
    char c = json_peek(&in->scan);
    const char *start = in->scan.at;
    int rc = json_scan_skip(&in->scan);
    size_t length = (size_t)(in->scan.at - start);

    if (rc < 0)
        return rc;
    if (c == '{' || c == '[')
        return fail(in, "expected %s, got %s", what, c == '{' ? "an object" : "a list");
    if (length <= 64)
        return fail(in, "expected %s, got %.*s", what, (int)length, start);
    length = 60;
    while (((unsigned char)start[length] & 0xc0) == 0x80)
        length--;
    return fail(in, "expected %s, got %.*s…", what, (int)length, start);
}

static int check_limit(struct json_decoder *in, const struct hull_field *field, size_t count,
                       const char *unit)
{
    uint32_t limit = HULL_MAX_OF(field->flags);
    if (limit == 0 || count <= limit)
        return 0;
    return fail(in, "%zu %s, and %u are allowed", count, unit, limit);
}

/* One more element of SIZE bytes: is there room for it? */
int json_room(struct json_decoder *in, const struct hull_field *field, size_t count, size_t size)
{
    uint32_t limit = HULL_MAX_OF(field->flags);
    if (count >= (limit ? limit : JSON_ELEMENTS))
        return fail(in, "more than %u elements", limit ? limit : JSON_ELEMENTS);
    if (in->budget < 2 * size)
        return fail(in, "too many elements");
    in->budget -= 2 * size;
    return 0;
}

bool json_skip_null(struct json_decoder *in)
{
    return json_peek(&in->scan) == 'n' && json_scan_word(&in->scan, "null") == 0;
}

/* --- scalars --------------------------------------------------------------------------------- */

static int decode_bool(struct json_decoder *in, const struct hull_field *field, void *member)
{
    char c = json_peek(&in->scan);
    (void)field;
    if (c != 't' && c != 'f')
        return json_expected(in, "true or false");
    *(bool *)member = c == 't';
    return json_scan_word(&in->scan, c == 't' ? "true" : "false");
}

int json_int(struct json_decoder *in, int64_t *ret)
{
    struct json_slice digits;
    char copy[32];
    char c = json_peek(&in->scan);
    const char *start = in->scan.at;

    if (c != '-' && (c < '0' || c > '9'))
        return json_expected(in, "an integer");
    int rc = json_scan_number(&in->scan, &digits);
    if (rc < 0)
        return rc;
    if (digits.length < sizeof(copy)) {
        char *end;
        memcpy(copy, digits.text, digits.length);
        copy[digits.length] = '\0';
        errno = 0;
        *ret = strtoll(copy, &end, 10);
        if (*end == '\0' && errno == 0)
            return 0;
    }
    in->scan.at = start;
    return json_expected(in, "an integer of 64 bits");
}

static int decode_int(struct json_decoder *in, const struct hull_field *field, void *member)
{
    (void)field;
    return json_int(in, member);
}

static int decode_opt_int(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct hull_opt_int *value = member;
    (void)field;
    value->set = true;
    return json_int(in, &value->value);
}

static int decode_opt_bool(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct hull_opt_bool *value = member;
    value->set = true;
    return decode_bool(in, field, &value->value);
}

static int decode_double(struct json_decoder *in, const struct hull_field *field, void *member)
{
    struct json_slice digits;
    char c = json_peek(&in->scan);

    (void)field;
    if (c != '-' && (c < '0' || c > '9'))
        return json_expected(in, "a number");
    int rc = json_scan_number(&in->scan, &digits);
    if (rc < 0)
        return rc;
    *(double *)member =
        strtod(hull_arena_strndup(in->scan.arena, digits.text, digits.length), NULL);
    if (!__builtin_isfinite(*(double *)member))
        return fail(in, "the number is too large");
    return 0;
}

int json_text(struct json_decoder *in, const char **ret)
{
    struct json_slice slice;
    if (json_peek(&in->scan) != '"')
        return json_expected(in, "a string");
    int rc = json_scan_string(&in->scan, &slice);
    if (rc == 0)
        *ret = hull_arena_strndup(in->scan.arena, slice.text, slice.length);
    return rc;
}

static int decode_string(struct json_decoder *in, const struct hull_field *field, void *member)
{
    const char **text = member;
    int rc = json_text(in, text);
    return rc < 0 ? rc : check_limit(in, field, strlen(*text), "bytes");
}

/* The text of a value without the space between its tokens: it may become part of a line. */
static int decode_json(struct json_decoder *in, const struct hull_field *field, void *member)
{
    json_peek(&in->scan);
    const char *start = in->scan.at;
    int rc = json_scan_skip(&in->scan);
    if (rc < 0)
        return rc;
    char *out = hull_arena_alloc(in->scan.arena, (size_t)(in->scan.at - start) + 1);
    size_t length = 0;
    bool quoted = false;
    for (const char *at = start; at < in->scan.at; at++) {
        if (!quoted && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
            continue;
        out[length++] = *at;
        if (quoted && *at == '\\')
            out[length++] = *++at;
        else if (*at == '"')
            quoted = !quoted;
    }
    *(const char **)member = out;
    return check_limit(in, field, length, "bytes");
}

/* --- messages -------------------------------------------------------------------------------- */

static int decode_sub(struct json_decoder *in, const struct hull_field *field, void *member)
{
    return json_decode_value(in, field->message, member);
}

static int decode_pointer(struct json_decoder *in, const struct hull_field *field, void *member)
{
    void *sub = hull_arena_alloc(in->scan.arena, field->message->size);
    *(void **)member = sub;
    return json_decode_value(in, field->message, sub);
}

static json_decode_fn *const decoders[] = {
    [HULL_BOOL] = decode_bool,           [HULL_INT] = decode_int,
    [HULL_DOUBLE] = decode_double,       [HULL_STRING] = decode_string,
    [HULL_OPT_BOOL] = decode_opt_bool,   [HULL_OPT_INT] = decode_opt_int,
    [HULL_STRV] = json_decode_strv,      [HULL_INTS] = json_decode_ints,
    [HULL_MAP] = json_decode_map,        [HULL_SET] = json_decode_set,
    [HULL_JSON] = decode_json,           [HULL_MESSAGE_] = decode_sub,
    [HULL_POINTER] = decode_pointer,     [HULL_LIST] = json_decode_list,
    [HULL_MSGMAP] = json_decode_msgmap,  [HULL_LISTMAP] = json_decode_msgmap,
    [HULL_STRVMAP] = json_decode_msgmap,
};

static int decode_member(struct json_decoder *in, const struct hull_field *field, void *member)
{
    return json_skip_null(in) ? 0 : decoders[field->type](in, field, member);
}

/* Fields that are no members of the JSON text: a body must not set what the path says. */
static bool outside(const struct hull_field *field)
{
    return (field->flags & (HULL_PATH | HULL_QUERY | HULL_HEADER)) || field->type == HULL_FD ||
           field->type == HULL_STREAM;
}

static const struct hull_field *find(const struct hull_message *message,
                                     const struct json_slice *key, bool any_case, size_t *offset)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if (field->type == HULL_EMBED) {
            size_t inner = *offset + field->offset;
            const struct hull_field *found = find(field->message, key, any_case, &inner);
            if (found) {
                *offset = inner;
                return found;
            }
        } else if (!outside(field) &&
                   (any_case ? strncasecmp(field->name, key->text, key->length)
                             : strncmp(field->name, key->text, key->length)) == 0 &&
                   field->name[key->length] == '\0') {
            *offset += field->offset;
            return field;
        }
    }
    return NULL;
}

static int check_required(struct json_decoder *in, const struct hull_message *message,
                          const char *value)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        int rc = 0;
        if (field->type == HULL_EMBED)
            rc = check_required(in, field->message, value + field->offset);
        else if (!outside(field) && (field->flags & HULL_REQUIRED) &&
                 hull_field_empty(field, value + field->offset))
            rc = fail(in, "%s is missing", field->name);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The value under the key that WALK has just read. */
static int decode_key(struct json_decoder *in, const struct hull_message *message,
                      struct json_walk *walk, char *value)
{
    size_t offset = 0;
    const struct hull_field *field = find(message, &walk->key, false, &offset);

    if (!field && (in->flags & JSON_ANY_CASE)) {
        offset = 0;
        field = find(message, &walk->key, true, &offset);
    }
    if (!field && (in->flags & JSON_STRICT))
        return fail(in, "unknown key \"%.*s\"",
                    (int)(walk->key.length > 64 ? 64 : walk->key.length), walk->key.text);
    if (!field)
        return json_scan_skip(&in->scan);
    json_key_is(walk, field->name);
    json_push(in, field->name, strlen(field->name), 0);
    int rc = decode_member(in, field, value + offset);
    if (rc == 0)
        in->steps--;
    return rc;
}

int json_decode_value(struct json_decoder *in, const struct hull_message *message, void *value)
{
    struct json_walk walk;

    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if ((field->flags & HULL_TOP) && !outside(field))
            return decode_member(in, field, (char *)value + field->offset);
    }
    if (json_peek(&in->scan) != '{')
        return json_expected(in, "an object");
    int rc = json_open(&in->scan, &walk);
    while (rc == 0 && (rc = json_next(&in->scan, &walk)) == 1)
        rc = decode_key(in, message, &walk, value);
    return rc < 0 ? rc : check_required(in, message, value);
}

static void start(struct json_decoder *in, struct hull_arena *arena, const char *text,
                  size_t length, unsigned flags, struct hull_problem *problem)
{
    in->scan = (struct json_scan){text, text + length, arena, problem, 0};
    in->flags = flags;
    in->budget = ((size_t)8 << 20) + length * 16;
    in->steps = 0;
}

int json_decode(struct hull_arena *arena, const struct hull_message *message, const char *text,
                size_t length, unsigned flags, void *ret_value, struct hull_problem *problem)
{
    struct json_decoder in;

    start(&in, arena, text, length, flags, problem);
    hull_message_init(message, ret_value);
    int rc = json_skip_null(&in) ? 0 : json_decode_value(&in, message, ret_value);
    return rc < 0 ? rc : json_scan_done(&in.scan);
}

int json_decode_call(struct hull_call *call, const struct hull_message *message, const char *text,
                     size_t length, unsigned flags, void *ret_value)
{
    struct hull_problem problem = {0};
    int rc = json_decode(hull_call_arena(call), message, text, length, flags, ret_value, &problem);
    return rc < 0 ? hull_fail_problem(call, &problem) : 0;
}

int json_field_decode(struct hull_arena *arena, const struct hull_field *field, const char *text,
                      void *member, struct hull_problem *problem)
{
    struct json_decoder in;

    start(&in, arena, text, strlen(text), JSON_ANY_CASE, problem);
    int rc = decode_member(&in, field, member);
    return rc < 0 ? rc : json_scan_done(&in.scan);
}
