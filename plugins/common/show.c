#include "show.h"

#include <inttypes.h>
#include <string.h>

#define LONGEST_VALUE 64
#define LONGEST_LINE 1024
#define MOST_ELEMENTS 8
#define DEEPEST 4

static void show_message(struct hull_text *text, const struct hull_message *message,
                         const void *value, unsigned depth);

static void show_string(struct hull_text *text, const char *string)
{
    if (string == NULL) {
        hull_text_puts(text, "null");
        return;
    }
    hull_text_puts(text, "\"");
    for (size_t i = 0; string[i] != '\0'; i++) {
        unsigned char c = (unsigned char)string[i];
        /* Cut only where a character of UTF-8 begins. */
        if (i >= LONGEST_VALUE && (c & 0xc0) != 0x80) {
            hull_text_puts(text, "…");
            break;
        }
        if (c < ' ' || c == 0x7f)
            hull_text_printf(text, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            hull_text_printf(text, "\\%c", c);
        else
            hull_text_add(text, (const char *)&c, 1);
    }
    hull_text_puts(text, "\"");
}

/* Starts element I of N: false when no more are to be shown. */
static bool next(struct hull_text *text, size_t i)
{
    if (i > 0)
        hull_text_puts(text, " ");
    if (i < MOST_ELEMENTS && text->length < LONGEST_LINE)
        return true;
    hull_text_puts(text, "…");
    return false;
}

static void show_strings(struct hull_text *text, const struct hull_strv *list)
{
    hull_text_puts(text, "[");
    for (size_t i = 0; i < list->n && next(text, i); i++)
        show_string(text, list->v[i]);
    hull_text_puts(text, "]");
}

static void show_ints(struct hull_text *text, const struct hull_ints *ints)
{
    hull_text_puts(text, "[");
    for (size_t i = 0; i < ints->n && next(text, i); i++)
        hull_text_printf(text, "%" PRId64, ints->v[i]);
    hull_text_puts(text, "]");
}

static void show_map(struct hull_text *text, const struct hull_map *map)
{
    hull_text_puts(text, "{");
    for (size_t i = 0; i < map->n && next(text, i); i++) {
        show_string(text, map->v[i].key);
        hull_text_puts(text, ":");
        show_string(text, map->v[i].value);
    }
    hull_text_puts(text, "}");
}

static void show_list(struct hull_text *text, const struct hull_field *field,
                      const struct hull_list *list, unsigned depth)
{
    hull_text_puts(text, "[");
    for (size_t i = 0; i < list->n && next(text, i); i++) {
        hull_text_puts(text, "{");
        show_message(text, field->message, hull_element(field, list->v, i), depth + 1);
        hull_text_puts(text, "}");
    }
    hull_text_puts(text, "]");
}

static void show_typed_map(struct hull_text *text, const struct hull_field *field,
                           const struct hull_msgmap *map, unsigned depth)
{
    hull_text_puts(text, "{");
    for (size_t i = 0; i < map->n && next(text, i); i++) {
        show_string(text, map->keys[i]);
        hull_text_puts(text, ":");
        if (field->type == HULL_MSGMAP) {
            struct hull_list one = {1, (char *)map->v + i * field->message->size};
            show_list(text, field, &one, depth);
        } else if (field->type == HULL_LISTMAP) {
            show_list(text, field, (const struct hull_list *)map->v + i, depth);
        } else {
            show_strings(text, (const struct hull_strv *)map->v + i);
        }
    }
    hull_text_puts(text, "}");
}

static void show_braced(struct hull_text *text, const struct hull_message *message,
                        const void *value, unsigned depth)
{
    hull_text_puts(text, "{");
    show_message(text, message, value, depth + 1);
    hull_text_puts(text, "}");
}

static void show_value(struct hull_text *text, const struct hull_field *field, const void *value,
                       unsigned depth)
{
    switch (field->type) {
    case HULL_BOOL:
    case HULL_OPT_BOOL:
        hull_text_puts(text,
                       (field->type == HULL_BOOL ? *(const bool *)value
                                                 : ((const struct hull_opt_bool *)value)->value)
                           ? "true"
                           : "false");
        break;
    case HULL_INT:
        hull_text_printf(text, "%" PRId64, *(const int64_t *)value);
        break;
    case HULL_OPT_INT:
        hull_text_printf(text, "%" PRId64, ((const struct hull_opt_int *)value)->value);
        break;
    case HULL_DOUBLE:
        hull_text_printf(text, "%g", *(const double *)value);
        break;
    case HULL_STRING:
    case HULL_JSON:
        show_string(text, *(const char *const *)value);
        break;
    case HULL_STRV:
    case HULL_SET:
        show_strings(text, value);
        break;
    case HULL_INTS:
        show_ints(text, value);
        break;
    case HULL_MAP:
        show_map(text, value);
        break;
    case HULL_MESSAGE_:
    case HULL_EMBED:
        show_braced(text, field->message, value, depth);
        break;
    case HULL_POINTER:
        show_braced(text, field->message, *(const hull_any_pointer *)value, depth);
        break;
    case HULL_LIST:
        show_list(text, field, value, depth);
        break;
    case HULL_MSGMAP:
    case HULL_LISTMAP:
    case HULL_STRVMAP:
        show_typed_map(text, field, value, depth);
        break;
    case HULL_FD:
        hull_text_printf(text, "fd:%d", *(const int *)value);
        break;
    case HULL_STREAM:
        hull_text_puts(text, "stream");
        break;
    }
}

static void show_message(struct hull_text *text, const struct hull_message *message,
                         const void *value, unsigned depth)
{
    if (depth > DEEPEST) {
        hull_text_puts(text, "…");
        return;
    }
    bool first = true;
    for (size_t i = 0; i < message->count && text->length < LONGEST_LINE; i++) {
        const struct hull_field *field = &message->fields[i];
        const void *at = hull_member(field, value);
        if (hull_field_empty(field, at))
            continue;
        if (!first)
            hull_text_puts(text, " ");
        first = false;
        if (field->type == HULL_EMBED) {
            show_message(text, field->message, at, depth);
            continue;
        }
        hull_text_printf(text, "%s=", field->name);
        if (field->flags & HULL_SECRET)
            hull_text_puts(text, "…");
        else
            show_value(text, field, at, depth);
    }
}

char *message_show(struct hull_arena *arena, const struct hull_message *message, const void *value)
{
    struct hull_text text = HULL_TEXT(arena);
    hull_text_add(&text, "", 0);
    show_message(&text, message, value, 0);
    return text.data;
}
