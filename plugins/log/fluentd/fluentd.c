/*
 * fluentd.c: log/fluentd: lines by fluentd's forward protocol. The container never waits for the
 * receiver, whatever the options on waiting say: the file is the buffer.
 */
#include "format.h"

#include "timefmt.h"
#include "truth.h"

#include <hull/hull.h>
#include <string.h>

#define DEFAULT_ADDRESS "tcp://127.0.0.1:24224"

enum kind { FLAG, NUMBER, DURATION };

static bool is_true(const char *value)
{
    bool on = false;

    return truth_parse(value, &on) && on;
}

static bool is_good(enum kind kind, const char *value)
{
    int64_t ns;
    bool on;

    if (kind == FLAG)
        return truth_parse(value, &on);
    if (kind == DURATION)
        return time_parse_duration(value, &ns);
    return *value >= '0' && *value <= '9' && strspn(value, "0123456789kmgbKMGBi.") == strlen(value);
}

static int check_values(struct hull_call *call, const struct log_target *target)
{
    static const struct {
        const char *name;
        enum kind kind;
    } table[] = {{"fluentd-async", FLAG},
                 {"fluentd-async-connect", FLAG},
                 {"fluentd-async-reconnect-interval", DURATION},
                 {"fluentd-buffer-limit", NUMBER},
                 {"fluentd-max-retries", NUMBER},
                 {"fluentd-read-timeout", DURATION},
                 {"fluentd-request-ack", FLAG},
                 {"fluentd-retry-wait", DURATION},
                 {"fluentd-sub-second-precision", FLAG},
                 {"fluentd-write-timeout", DURATION}};

    for (size_t i = 0; i < HULL_COUNT(table); i++) {
        const char *value = log_option(target, table[i].name, NULL);

        if (value && !is_good(table[i].kind, value))
            return hull_fail(call, HULL_INVALID, "invalid value for %s: %s", table[i].name, value);
    }
    if (log_option(target, "fluentd-async", NULL) &&
        log_option(target, "fluentd-async-connect", NULL))
        return hull_fail(call, HULL_INVALID,
                         "conflicting options: cannot specify both 'fluentd-async' and "
                         "'fluentd-async-connect'");
    if (is_true(log_option(target, "fluentd-request-ack", "false")))
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "fluentd-request-ack is not supported by hull yet: leave it out");
    return 0;
}

static int fluentd_setup(struct hull_call *call, struct log_target *target)
{
    const char *address = log_option(target, "fluentd-address", DEFAULT_ADDRESS);
    bool *sub_second = HULL_NEW(target->arena, bool);
    int rc = check_values(call, target);

    *sub_second = is_true(log_option(target, "fluentd-sub-second-precision", "false"));
    target->own = sub_second;
    if (rc < 0)
        return rc;
    if (!strstr(address, "://"))
        address = hull_arena_printf(target->arena, "tcp://%s", address);
    if (strncmp(address, "tcp://", 6) != 0 && strncmp(address, "unix://", 7) != 0)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "fluentd-address: \"%s\": use HOST:PORT, tcp://HOST:PORT or unix:///PATH",
                         address);
    return log_address_parse(call, target->arena, "fluentd-address", address, "24224",
                             &target->address);
}

static int fluentd_send(struct hull_call *call, struct log_target *target,
                        const struct log_record *record)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena);

    fluentd_message(&text, &target->request, *(const bool *)target->own, record);
    return log_socket_send(call, target->fd, &target->address, text.data, text.length);
}

static const char *const options[] = {
    "fluentd-address",       "fluentd-async",
    "fluentd-async-connect", "fluentd-async-reconnect-interval",
    "fluentd-buffer-limit",  "fluentd-max-retries",
    "fluentd-read-timeout",  "fluentd-request-ack",
    "fluentd-retry-wait",    "fluentd-sub-second-precision",
    "fluentd-write-timeout", NULL,
};
static const struct log_driver driver = {"fluentd", options, fluentd_setup, fluentd_send};

LOG_FORWARD_PLUGIN(log_fluentd, "log/fluentd", driver);
