/*
 * syslog.c: log/syslog: lines to a syslog daemon, over a unix socket, UDP or TCP.
 */
#include "format.h"

#include <hull/hull.h>
#include <string.h>
#include <unistd.h>

#define LOCAL_SOCKET "unixgram:///dev/log"

static int syslog_setup(struct hull_call *call, struct log_target *target)
{
    static const char *const tls[] = {"syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key",
                                      "syslog-tls-skip-verify"};
    const char *facility = log_option(target, "syslog-facility", "daemon");
    const char *format = log_option(target, "syslog-format", "");
    struct syslog_settings *settings = HULL_NEW(target->arena, struct syslog_settings);

    for (size_t i = 0; i < HULL_COUNT(tls); i++)
        if (hull_map_find(&target->request.options, tls[i]))
            return hull_fail(call, HULL_NOT_SUPPORTED, "%s: tcp+tls is not supported by hull yet",
                             tls[i]);
    settings->facility = syslog_facility(facility);
    if (settings->facility < 0)
        return hull_fail(call, HULL_INVALID, "invalid syslog facility: %s", facility);
    if (!syslog_format_parse(format, &settings->format))
        return hull_fail(call, HULL_INVALID, "Invalid syslog format: %s", format);
    target->own = settings;
    return log_address_parse(call, target->arena, "syslog-address",
                             log_option(target, "syslog-address", LOCAL_SOCKET), "514",
                             &target->address);
}

static int syslog_send(struct hull_call *call, struct log_target *target,
                       const struct log_record *record)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena);

    syslog_message(&text, target->own, target->host, target->request.tag, (int)getpid(), record);
    return log_socket_send(call, target->fd, &target->address, text.data, text.length);
}

static const char *const options[] = {
    "syslog-address",  "syslog-facility", "syslog-format",          "syslog-tls-ca-cert",
    "syslog-tls-cert", "syslog-tls-key",  "syslog-tls-skip-verify", NULL,
};
static const struct log_driver driver = {"syslog", options, syslog_setup, syslog_send};

LOG_FORWARD_PLUGIN(log_syslog, "log/syslog", driver);
