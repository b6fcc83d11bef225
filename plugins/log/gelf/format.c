/*
 * format.c: the JSON of a message, its compression, and its chunks.
 */
#include "format.h"

#include "json.h"
#include "timefmt.h"

#include <string.h>
#include <zlib.h>

#define WINDOW_BITS 15
#define WINDOW_GZIP 16 /* added: with the head of gzip */
#define MEMORY_LEVEL 8

static void put_field(struct hull_text *out, const char *prefix, const char *name,
                      const char *value)
{
    char *key = hull_arena_printf(out->arena, "%s%s", prefix, name);

    hull_text_puts(out, ",");
    json_quote(out, key, strlen(key));
    hull_text_puts(out, ":");
    json_quote(out, value ? value : "", value ? strlen(value) : 0);
}

void gelf_message(struct hull_text *out, const struct log_target *target,
                  const struct log_record *record)
{
    const struct log_start_request *request = &target->request;

    hull_text_puts(out, "{\"version\":\"1.1\",\"host\":");
    json_quote(out, target->host, strlen(target->host));
    hull_text_puts(out, ",\"short_message\":");
    json_quote(out, record->text, record->length);
    hull_text_printf(out, ",\"timestamp\":%lld.%03d,\"level\":%d",
                     (long long)(record->time_ns / 1000000000),
                     (int)(record->time_ns / 1000000 % 1000), record->from_stderr ? 3 : 6);
    put_field(out, "_", "command", request->command);
    put_field(out, "_", "container_id", request->id);
    put_field(out, "_", "container_name", request->name);
    put_field(out, "_", "created", time_format(out->arena, request->created_ns));
    put_field(out, "_", "image_id", request->image_id);
    put_field(out, "_", "image_name", request->image);
    put_field(out, "_", "tag", request->tag);
    for (size_t i = 0; i < request->attributes.n; i++)
        if (strcmp(request->attributes.v[i].key, "tag") != 0)
            put_field(out, "_", request->attributes.v[i].key, request->attributes.v[i].value);
    hull_text_puts(out, "}");
}

void gelf_compress(struct hull_text *out, enum gelf_compression kind, int level, const char *data,
                   size_t size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};
    int bits = kind == GELF_GZIP ? WINDOW_BITS + WINDOW_GZIP : WINDOW_BITS;
    size_t room;

    if (kind == GELF_NONE) {
        hull_text_add(out, data, size);
        return;
    }
    HULL_ASSERT(deflateInit2(&stream, level, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) ==
                Z_OK);
    room = deflateBound(&stream, (uLong)size);
    stream.next_out = hull_arena_alloc(out->arena, room);
    stream.avail_out = (uInt)room;
    HULL_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    hull_text_add(out, (const char *)stream.next_out - stream.total_out, stream.total_out);
    deflateEnd(&stream);
}

size_t gelf_chunks(size_t size)
{
    return size <= GELF_CHUNK_SIZE ? 1 : (size + GELF_CHUNK_DATA - 1) / GELF_CHUNK_DATA;
}

size_t gelf_chunk(char buffer[GELF_CHUNK_SIZE], const char id[8], size_t i, size_t count,
                  const char *data, size_t size)
{
    size_t from = i * GELF_CHUNK_DATA;
    size_t length = size - from < GELF_CHUNK_DATA ? size - from : GELF_CHUNK_DATA;

    buffer[0] = 0x1e;
    buffer[1] = 0x0f;
    memcpy(buffer + 2, id, 8);
    buffer[10] = (char)i;
    buffer[11] = (char)count;
    memcpy(buffer + 12, data + from, length);
    return length + 12;
}
