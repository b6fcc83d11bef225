/*
 * format.c: as much of MessagePack as a line needs.
 */
#include "format.h"

#include <string.h>

static void put_number(struct hull_text *out, unsigned char head, uint32_t value, unsigned bytes)
{
    unsigned char data[5] = {head};

    for (unsigned i = 0; i < bytes; i++)
        data[1 + i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
    hull_text_add(out, (const char *)data, 1 + bytes);
}

void msgpack_array(struct hull_text *out, uint8_t count)
{
    HULL_ASSERT(count < 16);
    put_number(out, 0x90 | count, 0, 0);
}

void msgpack_map(struct hull_text *out, uint32_t count)
{
    if (count < 16)
        put_number(out, (unsigned char)(0x80 | count), 0, 0);
    else if (count <= UINT16_MAX)
        put_number(out, 0xde, count, 2);
    else
        put_number(out, 0xdf, count, 4);
}

void msgpack_string(struct hull_text *out, const char *text, size_t length)
{
    if (length < 32)
        put_number(out, (unsigned char)(0xa0 | length), 0, 0);
    else if (length <= UINT8_MAX)
        put_number(out, 0xd9, (uint32_t)length, 1);
    else if (length <= UINT16_MAX)
        put_number(out, 0xda, (uint32_t)length, 2);
    else
        put_number(out, 0xdb, (uint32_t)length, 4);
    hull_text_add(out, text, length);
}

void msgpack_uint(struct hull_text *out, uint32_t value)
{
    if (value < 128)
        put_number(out, (unsigned char)value, 0, 0);
    else
        put_number(out, 0xce, value, 4);
}

void msgpack_event_time(struct hull_text *out, int64_t time_ns)
{
    hull_text_add(out, "\xd7", 1); /* an extension of 8 bytes, of type 0 */
    put_number(out, 0, (uint32_t)(time_ns / 1000000000), 4);
    put_number(out, (unsigned char)(time_ns % 1000000000 >> 24),
               (uint32_t)(time_ns % 1000000000) & 0xffffff, 3);
}

static void put_pair(struct hull_text *out, const char *key, const char *value)
{
    msgpack_string(out, key, strlen(key));
    msgpack_string(out, value ? value : "", value ? strlen(value) : 0);
}

void fluentd_message(struct hull_text *out, const struct log_start_request *request,
                     bool sub_second, const struct log_record *record)
{
    char *name = hull_arena_printf(out->arena, "/%s", request->name);

    msgpack_array(out, 4);
    msgpack_string(out, request->tag, strlen(request->tag));
    if (sub_second)
        msgpack_event_time(out, record->time_ns);
    else
        msgpack_uint(out, (uint32_t)(record->time_ns / 1000000000));
    msgpack_map(out, (uint32_t)(4 + record->partial + request->attributes.n));
    put_pair(out, "container_id", request->id);
    put_pair(out, "container_name", name);
    put_pair(out, "source", record->from_stderr ? "stderr" : "stdout");
    msgpack_string(out, "log", 3);
    msgpack_string(out, record->text, record->length);
    for (size_t i = 0; i < request->attributes.n; i++)
        put_pair(out, request->attributes.v[i].key, request->attributes.v[i].value);
    if (record->partial)
        put_pair(out, "partial_message", "true");
    msgpack_map(out, 0);
}
