/*
 * Messages to JSON, straight from their tables, as Go's encoder writes it: no spaces, maps sorted
 * by key, doubles in their shortest form, HTML characters escaped.
 */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_scan.h"

static void encode_value(struct hull_text *out, const struct hull_message *message,
                         const char *value);

static inline void put(struct hull_text *out, const char *data, size_t length)
{
    if (out->capacity - out->length <= length) {
        hull_text_add(out, data, length);
        return;
    }
    memcpy(out->data + out->length, data, length);
    out->length += length;
    out->data[out->length] = '\0';
}

static inline void put_char(struct hull_text *out, char c)
{
    put(out, &c, 1);
}

/* One byte that does not stand for itself. */
static void quote_special(struct hull_text *out, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = c ? strchr(from, c) : NULL;
    char escape[8];

    if (found) {
        put(out, (char[]){'\\', to[found - from]}, 2);
        return;
    }
    int length = snprintf(escape, sizeof(escape), "\\u%04x", c);
    put(out, escape, (size_t)length);
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* One character at S that is no ASCII; returns its length. */
static size_t quote_wide(struct hull_text *out, const unsigned char *s, size_t room)
{
    size_t length = json_utf8_length((const char *)s, room);
    if (length == 0) {
        put(out, "\\ufffd", 6);
        return 1;
    }
    if (length == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8)
        put(out, s[2] == 0xa8 ? "\\u2028" : "\\u2029", 6); /* line separators */
    else
        put(out, (const char *)s, length);
    return length;
}

void json_quote(struct hull_text *out, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = text ? at + length : at;

    put_char(out, '"');
    while (at < end) {
        const unsigned char *run = at;
        while (at < end && is_plain(*at))
            at++;
        put(out, (const char *)run, (size_t)(at - run));
        if (at == end)
            break;
        if (*at >= 0x80) {
            at += quote_wide(out, at, (size_t)(end - at));
        } else {
            quote_special(out, *at);
            at++;
        }
    }
    put_char(out, '"');
}

/* The character that the six bytes at AT escape, 0 when they are something else. */
static char html_escape(const char *at, size_t room)
{
    static const struct {
        const char *escape;
        char character;
    } table[] = {{"\\u003c", '<'}, {"\\u003e", '>'}, {"\\u0026", '&'}};

    for (size_t i = 0; i < HULL_COUNT(table); i++)
        if (room >= 6 && memcmp(at, table[i].escape, 6) == 0)
            return table[i].character;
    return 0;
}

void json_show_html(struct hull_text *text)
{
    char *from = text->length ? memchr(text->data, '\\', text->length) : NULL, *to = from;
    const char *end = text->data + text->length;

    while (from && from < end) {
        char *next = memchr(from, '\\', (size_t)(end - from));
        size_t run = (size_t)((next ? next : end) - from);
        char shown;

        memmove(to, from, run);
        to += run;
        from += run;
        if (!next)
            break;
        shown = html_escape(from, (size_t)(end - from));
        if (shown) {
            *to++ = shown;
            from += 6;
            continue;
        }
        *to++ = *from++; /* another escape: its second byte may be a backslash */
        *to++ = *from++;
    }
    if (!to)
        return;
    *to = '\0';
    text->length = (size_t)(to - text->data);
}

void json_quote_pair(struct hull_text *out, const struct hull_pair *pair)
{
    json_quote(out, pair->key, strlen(pair->key));
    hull_text_puts(out, ":");
    json_quote(out, pair->value, strlen(pair->value));
}

static void put_string(struct hull_text *out, const char *text)
{
    json_quote(out, text, text ? strlen(text) : 0);
}

static void put_int(struct hull_text *out, int64_t value)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    put(out, at, (size_t)(digits + sizeof(digits) - at));
}

/* As Go: the fewest digits that read back the same, an exponent below 1e-6 and from 1e21 on. */
static void put_double(struct hull_text *out, double value)
{
    char text[64], digits[32];
    int precision = 0;

    if (!isfinite(value)) {
        put(out, "null", 4); /* JSON has no word for it */
        return;
    }
    do {
        snprintf(digits, sizeof(digits), "%.*e", precision, value);
    } while (strtod(digits, NULL) != value && ++precision < 17);
    double size = fabs(value);
    if (size != 0 && (size < 1e-6 || size >= 1e21)) {
        char *e = strchr(digits, 'e');
        long exponent = strtol(e + 1, NULL, 10);
        *e = '\0';
        snprintf(text, sizeof(text), "%se%c%s%ld", digits, exponent < 0 ? '-' : '+',
                 exponent >= 0 && exponent < 10 ? "0" : "", labs(exponent));
    } else {
        int exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
        snprintf(text, sizeof(text), "%.*f", precision > exponent ? precision - exponent : 0,
                 value);
    }
    put(out, text, strlen(text));
}

/* --- maps, by key ---------------------------------------------------------------------------- */

struct keyed {
    const char *key;
    const void *value;
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

/* N keys, STRIDE bytes apart, with values of SIZE bytes at VALUES, sorted as Go sorts them. */
static struct keyed *sorted(struct hull_arena *arena, size_t n, const char *keys, size_t stride,
                            const char *values, size_t size)
{
    struct keyed *rows = HULL_NEW_ARRAY(arena, struct keyed, n + 1);
    bool in_order = true;

    for (size_t i = 0; i < n; i++) {
        const char *key = *(const char *const *)(const void *)(keys + i * stride);
        rows[i] = (struct keyed){key ? key : "", values + i * size};
        in_order = in_order && (i == 0 || compare_keys(&rows[i - 1], &rows[i]) <= 0);
    }
    if (!in_order)
        qsort(rows, n, sizeof(*rows), compare_keys);
    return rows;
}

static void put_key(struct hull_text *out, const char *key, bool first)
{
    if (!first)
        put_char(out, ',');
    put_string(out, key);
    put_char(out, ':');
}

static void put_map(struct hull_text *out, const struct hull_map *map)
{
    put_char(out, '{');
    if (map->n) {
        const struct keyed *rows =
            sorted(out->arena, map->n, (const char *)&map->v->key, sizeof(*map->v),
                   (const char *)&map->v->value, sizeof(*map->v));
        for (size_t i = 0; i < map->n; i++) {
            put_key(out, rows[i].key, i == 0);
            put_string(out, *(const char *const *)rows[i].value);
        }
    }
    put_char(out, '}');
}

static void put_set(struct hull_text *out, const struct hull_strv *set)
{
    put_char(out, '{');
    if (set->n) {
        const struct keyed *rows = sorted(out->arena, set->n, (const char *)set->v, sizeof(*set->v),
                                          (const char *)set->v, 0);
        for (size_t i = 0; i < set->n; i++) {
            put_key(out, rows[i].key, i == 0);
            put(out, "{}", 2);
        }
    }
    put_char(out, '}');
}

static void put_strv(struct hull_text *out, const struct hull_strv *list)
{
    put_char(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            put_char(out, ',');
        put_string(out, list->v[i]);
    }
    put_char(out, ']');
}

static void put_ints(struct hull_text *out, const struct hull_ints *list)
{
    put_char(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            put_char(out, ',');
        put_int(out, list->v[i]);
    }
    put_char(out, ']');
}

static void put_list(struct hull_text *out, const struct hull_message *message,
                     const struct hull_list *list)
{
    put_char(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            put_char(out, ',');
        encode_value(out, message, (const char *)list->v + i * message->size);
    }
    put_char(out, ']');
}

static void put_msgmap(struct hull_text *out, const struct hull_field *field,
                       const struct hull_msgmap *map)
{
    size_t size = field->type == HULL_LISTMAP   ? sizeof(struct hull_list)
                  : field->type == HULL_STRVMAP ? sizeof(struct hull_strv)
                                                : field->message->size;
    put_char(out, '{');
    if (map->n) {
        const struct keyed *rows =
            sorted(out->arena, map->n, (const char *)map->keys, sizeof(*map->keys), map->v, size);
        for (size_t i = 0; i < map->n; i++) {
            put_key(out, rows[i].key, i == 0);
            const struct hull_list *list = rows[i].value;
            if (field->type == HULL_MSGMAP)
                encode_value(out, field->message, rows[i].value);
            else if (!list->v)
                put(out, "null", 4); /* {"80/tcp": null}: exposed, not published */
            else if (field->type == HULL_LISTMAP)
                put_list(out, field->message, list);
            else
                put_strv(out, rows[i].value);
        }
    }
    put_char(out, '}');
}

/* --- fields ---------------------------------------------------------------------------------- */

/* What is written for a list, a map or a pointer that is not there at all. */
static bool is_null(const struct hull_field *field, const void *member)
{
    bool nullable = field->flags & HULL_NULL;

    switch (field->type) {
    case HULL_OPT_BOOL:
        return !((const struct hull_opt_bool *)member)->set;
    case HULL_OPT_INT:
        return !((const struct hull_opt_int *)member)->set;
    case HULL_POINTER:
    case HULL_JSON:
        return !*(const void *const *)member;
    case HULL_STRING:
        return nullable && hull_field_empty(field, member);
    case HULL_STRV:
    case HULL_INTS:
    case HULL_MAP:
    case HULL_SET:
    case HULL_LIST:
        return nullable && !((const struct hull_list *)member)->v;
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        return nullable && !((const struct hull_msgmap *)member)->v;
    case HULL_BOOL:
    case HULL_INT:
    case HULL_DOUBLE:
    case HULL_MESSAGE_:
    case HULL_EMBED:
    case HULL_FD:
    case HULL_STREAM:
    default:
        return false;
    }
}

static void put_bool(struct hull_text *out, bool value)
{
    put(out, value ? "true" : "false", value ? 4 : 5);
}

static void encode_member(struct hull_text *out, const struct hull_field *field, const void *member)
{
    if (is_null(field, member)) {
        put(out, "null", 4);
        return;
    }
    switch (field->type) {
    case HULL_BOOL:
        return put_bool(out, *(const bool *)member);
    case HULL_INT:
        return put_int(out, *(const int64_t *)member);
    case HULL_DOUBLE:
        return put_double(out, *(const double *)member);
    case HULL_STRING:
        return put_string(out, *(const char *const *)member);
    case HULL_OPT_BOOL:
        return put_bool(out, ((const struct hull_opt_bool *)member)->value);
    case HULL_OPT_INT:
        return put_int(out, ((const struct hull_opt_int *)member)->value);
    case HULL_STRV:
        return put_strv(out, member);
    case HULL_INTS:
        return put_ints(out, member);
    case HULL_MAP:
        return put_map(out, member);
    case HULL_SET:
        return put_set(out, member);
    case HULL_JSON:
        return put(out, *(const char *const *)member, strlen(*(const char *const *)member));
    case HULL_MESSAGE_:
        return encode_value(out, field->message, member);
    case HULL_POINTER:
        return encode_value(out, field->message, *(const char *const *)member);
    case HULL_LIST:
        return put_list(out, field->message, member);
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        return put_msgmap(out, field, member);
    case HULL_EMBED:
    case HULL_FD:
    case HULL_STREAM:
    default:
        return;
    }
}

static bool outside(const struct hull_field *field)
{
    return (field->flags & (HULL_PATH | HULL_QUERY | HULL_HEADER)) || field->type == HULL_FD ||
           field->type == HULL_STREAM;
}

static void encode_members(struct hull_text *out, const struct hull_message *message,
                           const char *value, bool *first)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        const char *member = value + field->offset;

        if (field->type == HULL_EMBED) {
            encode_members(out, field->message, member, first);
            continue;
        }
        if (outside(field) || ((field->flags & HULL_OMIT) && hull_field_empty(field, member)))
            continue;
        put(out, ",\"", *first ? 0 : 1);
        put_char(out, '"');
        put(out, field->name, strlen(field->name));
        put(out, "\":", 2);
        *first = false;
        encode_member(out, field, member);
    }
}

static void encode_value(struct hull_text *out, const struct hull_message *message,
                         const char *value)
{
    bool first = true;

    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if ((field->flags & HULL_TOP) && !outside(field)) {
            encode_member(out, field, value + field->offset);
            return;
        }
    }
    put_char(out, '{');
    encode_members(out, message, value, &first);
    put_char(out, '}');
}

void json_encode(struct hull_text *out, const struct hull_message *message, const void *value)
{
    encode_value(out, message, value);
}

char *json_string(struct hull_arena *arena, const struct hull_message *message, const void *value)
{
    struct hull_text text = HULL_TEXT(arena);
    json_encode(&text, message, value);
    return text.data;
}
