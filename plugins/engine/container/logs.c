/*
 * logs.c: what a container wrote.
 */
#include "ct.h"

#include "log.h"
#include "timefmt.h"

#include <stdlib.h>
#include <string.h>

static int parse_bound(struct hull_call *call, const char *name, const char *text,
                       struct hull_opt_int *ret)
{
    if (!text || !*text || strcmp(text, "0") == 0)
        return 0;
    ret->set = time_parse_any(text, hull_time_ns(), &ret->value);
    return ret->set ? 0
                    : hull_fail(call, HULL_INVALID, "invalid value for \"%s\": \"%s\" is no time",
                                name, text);
}

/* All lines for what is no number, as docker has it. */
static void parse_tail(const char *text, struct hull_opt_int *ret)
{
    char *end;
    int64_t value;

    if (!text || *text < '0' || *text > '9')
        return;
    value = strtoll(text, &end, 10);
    if (*end == '\0')
        *ret = (struct hull_opt_int){true, value};
}

int ct_handle_logs(struct hull_call *call, const struct container_logs_request *request,
                   struct container_stream_reply *ret)
{
    struct log_read_request read = {
        .stdout_ = request->stdout_,
        .stderr_ = request->stderr_,
        .timestamps = request->timestamps,
        .details = request->details,
        .end_fd = -1,
    };
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (!request->stdout_ && !request->stderr_)
        return hull_fail(call, HULL_INVALID, "Bad parameters: you must choose at least one stream");
    if (!ct_log_readable(ct))
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "configured logging driver does not support reading");
    rc = parse_bound(call, "since", request->since, &read.since_ns);
    if (rc == 0)
        rc = parse_bound(call, "until", request->until, &read.until_ns);
    if (rc < 0)
        return rc;
    parse_tail(request->tail, &read.tail);
    read.path = ct_log_path(hull_call_arena(call), ct->doc.id);
    read.multiplexed = !ct->doc.config.tty;
    read.follow = request->follow && (ct_is_running(ct) || ct->state == CT_RESTARTING);
    if (read.follow)
        rc = ct_log_follow(call, ct, &read.end_fd);
    return rc < 0 ? rc : log_read(call, "log/json-file", &read, ret);
}

int ct_handle_logs_truncate(struct hull_call *call,
                            const struct container_logs_truncate_request *request,
                            struct hull_empty *ret)
{
    struct log_truncate_request truncate = {0};
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (!ct_log_readable(ct))
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "container %s has no log: its log driver is none", ct->doc.name);
    truncate.path = ct_log_path(hull_call_arena(call), ct->doc.id);
    return log_truncate(call, "log/json-file", &truncate, ret);
}
