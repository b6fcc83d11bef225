/*
 * journald.c: log/journald: lines to the journal of systemd, by its native protocol.
 */
#include "format.h"

#include <hull/hull.h>
#include <string.h>

#define OPTIONS_FIELDS(F, T) F(T, STRING, _, socket, "socket", 0, "Where the journal listens")
HULL_MESSAGE_DECLARE(log_journald_options, OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(log_journald_options, OPTIONS_FIELDS)

#define DEFAULT_SOCKET "/run/systemd/journal/socket"

static int journald_setup(struct hull_call *call, struct log_target *target)
{
    const struct log_journald_options *settings = hull_plugin_options("log/journald");
    const char *path = settings && settings->socket ? settings->socket : DEFAULT_SOCKET;

    return log_address_parse(call, target->arena, "socket of log/journald",
                             hull_arena_printf(target->arena, "unixgram://%s", path), NULL,
                             &target->address);
}

static int journald_send(struct hull_call *call, struct log_target *target,
                         const struct log_record *record)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena);

    journal_entry(&text, &target->request, record);
    return log_socket_send(call, target->fd, &target->address, text.data, text.length);
}

static const char *const options[] = {NULL};
static const struct log_driver driver = {"journald", options, journald_setup, journald_send};

LOG_FORWARD_PLUGIN(log_journald, "log/journald", driver, .options = &log_journald_options_message);
