/*
 * format.c: one entry is one datagram of fields.
 */
#include "format.h"

#include "timefmt.h"

#include <string.h>

#define SHORT_ID 12

void journal_field(struct hull_text *out, const char *name, const char *value, size_t length)
{
    hull_text_puts(out, name);
    if (memchr(value, '\n', length)) {
        char size[8];

        for (size_t i = 0; i < sizeof(size); i++)
            size[i] = (char)((uint64_t)length >> 8 * i);
        hull_text_puts(out, "\n");
        hull_text_add(out, size, sizeof(size));
    } else {
        hull_text_puts(out, "=");
    }
    hull_text_add(out, value, length);
    hull_text_puts(out, "\n");
}

static void put(struct hull_text *out, const char *name, const char *value)
{
    journal_field(out, name, value ? value : "", value ? strlen(value) : 0);
}

/* The journal has capitals, digits and '_', and no name that begins with '_': as docker has it. */
static void put_attribute(struct hull_text *out, const char *key, const char *value)
{
    char *name = hull_arena_strdup(out->arena, key + strspn(key, "_"));

    for (char *at = name; *at; at++) {
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
        else if (!(*at >= 'A' && *at <= 'Z') && !(*at >= '0' && *at <= '9'))
            *at = '_';
    }
    if (*name && *name != '_')
        put(out, name, value);
}

void journal_entry(struct hull_text *out, const struct log_start_request *request,
                   const struct log_record *record)
{
    put(out, "PRIORITY", record->from_stderr ? "3" : "6");
    journal_field(out, "CONTAINER_ID", request->id,
                  strlen(request->id) < SHORT_ID ? strlen(request->id) : SHORT_ID);
    put(out, "CONTAINER_ID_FULL", request->id);
    put(out, "CONTAINER_NAME", request->name);
    put(out, "CONTAINER_TAG", request->tag);
    put(out, "IMAGE_NAME", request->image);
    put(out, "SYSLOG_IDENTIFIER", request->tag);
    put(out, "SYSLOG_TIMESTAMP", time_format(out->arena, record->time_ns));
    for (size_t i = 0; i < request->attributes.n; i++)
        put_attribute(out, request->attributes.v[i].key, request->attributes.v[i].value);
    if (record->partial)
        put(out, "CONTAINER_PARTIAL_MESSAGE", "true");
    journal_field(out, "MESSAGE", record->text, record->length);
}
