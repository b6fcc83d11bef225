/*
 * gelf.c: log/gelf: lines as GELF 1.1, over UDP in compressed chunks, or over TCP.
 */
#include "format.h"

#include <errno.h>
#include <hull/hull.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct settings {
    enum gelf_compression compression;
    int level;
};

static int parse_compression(struct hull_call *call, const struct log_target *target,
                             struct settings *settings)
{
    static const char *const kinds[] = {"gzip", "zlib", "none"};
    const char *kind = log_option(target, "gelf-compression-type", "gzip");
    const char *level = log_option(target, "gelf-compression-level", "1");
    size_t i = 0;
    char *end;

    while (i < HULL_COUNT(kinds) && strcmp(kinds[i], kind) != 0)
        i++;
    if (i == HULL_COUNT(kinds))
        return hull_fail(call, HULL_INVALID,
                         "gelf: invalid value for \"gelf-compression-type\": %s", kind);
    settings->compression = (enum gelf_compression)i;
    long number = strtol(level, &end, 10);
    if (*end != '\0' || number < -1 || number > 9)
        return hull_fail(call, HULL_INVALID,
                         "gelf: invalid value for \"gelf-compression-level\": %s", level);
    settings->level = (int)number;
    return 0;
}

static int check_protocol(struct hull_call *call, const struct log_target *target)
{
    static const char *const of_udp[] = {"gelf-compression-type", "gelf-compression-level"};
    static const char *const of_tcp[] = {"gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay"};

    for (size_t i = 0; i < 2; i++) {
        const char *wrong = target->address.datagrams ? of_tcp[i] : of_udp[i];
        const char *value = hull_map_find(&target->request.options, of_tcp[i]);

        if (hull_map_find(&target->request.options, wrong))
            return hull_fail(call, HULL_INVALID, "gelf: \"%s\" can only be used with %s", wrong,
                             target->address.datagrams ? "TCP" : "UDP");
        if (value && (*value == '\0' || strspn(value, "0123456789") != strlen(value)))
            return hull_fail(call, HULL_INVALID, "gelf: \"%s\" must be a positive integer: %s",
                             of_tcp[i], value);
    }
    return 0;
}

static int gelf_setup(struct hull_call *call, struct log_target *target)
{
    const char *address = log_option(target, "gelf-address", NULL);
    struct settings *settings = HULL_NEW(target->arena, struct settings);
    int rc;

    if (!address)
        return hull_fail(call, HULL_INVALID, "gelf: missing required option \"gelf-address\"");
    if (strncmp(address, "udp://", 6) != 0 && strncmp(address, "tcp://", 6) != 0)
        return hull_fail(call, HULL_INVALID,
                         "gelf-address: \"%s\": use udp://HOST:PORT or tcp://HOST:PORT", address);
    target->own = settings;
    rc = log_address_parse(call, target->arena, "gelf-address", address, NULL, &target->address);
    if (rc == 0)
        rc = check_protocol(call, target);
    if (rc == 0)
        rc = parse_compression(call, target, settings);
    return rc;
}

static int send_chunks(struct hull_call *call, const struct log_target *target,
                       const struct hull_text *data)
{
    size_t count = gelf_chunks(data->length);
    char buffer[GELF_CHUNK_SIZE], id[8];
    int rc = 0;

    if (count == 1)
        return log_socket_send(call, target->fd, &target->address, data->data, data->length);
    if (count > GELF_CHUNKS_MAX) {
        hull_log(call, HULL_LOG_WARN, "a line is too long for gelf and is left out", "container",
                 target->request.id, NULL);
        return 0;
    }
    if (getrandom(id, sizeof(id), 0) != sizeof(id))
        return hull_fail_errno(call, errno, "gelf: reading random bytes");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        size_t size = gelf_chunk(buffer, id, i, count, data->data, data->length);

        rc = log_socket_send(call, target->fd, &target->address, buffer, size);
    }
    return rc;
}

static int gelf_send(struct hull_call *call, struct log_target *target,
                     const struct log_record *record)
{
    const struct settings *settings = target->own;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text json = HULL_TEXT(arena), data = HULL_TEXT(arena);

    /* Graylog refuses a message without text; so docker sends none. */
    if (record->length == 0)
        return 0;
    gelf_message(&json, target, record);
    if (!target->address.datagrams)
        return log_socket_send(call, target->fd, &target->address, json.data, json.length + 1);
    gelf_compress(&data, settings->compression, settings->level, json.data, json.length);
    return send_chunks(call, target, &data);
}

static const char *const options[] = {
    "gelf-address",           "gelf-compression-type",    "gelf-compression-level",
    "gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay", NULL,
};
static const struct log_driver driver = {"gelf", options, gelf_setup, gelf_send};

LOG_FORWARD_PLUGIN(log_gelf, "log/gelf", driver);
