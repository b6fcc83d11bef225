/*
 * health.c: the health check of a running container: a fiber that probes again and again: by a
 * process of its own in the container, which its shim starts, or by a connection (health_net.c).
 */
#include "ct.h"

#include "health_net.h"
#include "runtime.h"
#include "spec.h"
#include "timed.h"
#include "timefmt.h"

#include <hull/daemon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_NS (30 * TIME_SECOND)
#define TIMEOUT_NS (30 * TIME_SECOND)
#define START_INTERVAL_NS (5 * TIME_SECOND)
#define RETRIES 3
#define OUTPUT_MAX 4096
#define LOG_MAX 5

/* A run of the container; a later one has another check. */
struct check {
    struct ct *ct;
    uint64_t exits;
    unsigned probes;
};

struct probe {
    struct check *check;
    const char *process; /* its id for the runtime */
    char output[OUTPUT_MAX + 1];
    size_t length;
    int64_t exit_code;
    bool early; /* it began in the start period */
};

const char *ct_health_status(const struct ct *ct)
{
    return ct->health ? ct->health->status : "";
}

/* --- one probe -------------------------------------------------------------------------------- */

static void probe_command(struct hull_call *call, const struct container_config *config,
                          struct hull_strv *args)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct hull_strv *test = &config->healthcheck->test;

    *args = (struct hull_strv){0};
    if (strcmp(test->v[0], "CMD") == 0) {
        for (size_t i = 1; i < test->n; i++)
            hull_strv_add(arena, args, hull_arena_strdup(arena, test->v[i]));
        return;
    }
    for (size_t i = 0; i < config->shell.n; i++)
        hull_strv_add(arena, args, hull_arena_strdup(arena, config->shell.v[i]));
    if (config->shell.n == 0) {
        hull_strv_add(arena, args, "/bin/sh");
        hull_strv_add(arena, args, "-c");
    }
    hull_strv_add(arena, args, hull_arena_strdup(arena, test->n > 1 ? test->v[1] : "true"));
}

static int make_probe(struct hull_call *call, struct probe *probe)
{
    const struct ct *ct = probe->check->ct;
    struct runtime_exec_request request;
    struct runtime_create_reply reply;
    int rc;

    hull_message_init(&runtime_exec_request_message, &request);
    request.id = ct->doc.id;
    request.process = probe->process;
    spec_process(hull_call_arena(call), &ct->doc, &request.spec);
    request.spec.terminal = false;
    request.spec.console_size = NULL;
    probe_command(call, &ct->doc.config, &request.spec.args);
    rc = spec_seccomp(call, &ct->doc.host_config, &request.seccomp_mode, &request.seccomp);
    if (rc == 0)
        rc = runtime_exec(call, ct->doc.runtime, &request, &reply);
    if (rc == 0)
        hull_fd_cleanup(&reply.netns_fd);
    return rc;
}

/* Frames: the heads are dropped, and so is what is beyond the limit. */
static int read_output(struct hull_call *call, struct hull_stream *stream, struct probe *probe)
{
    unsigned char head[8], buffer[1024];

    for (;;) {
        size_t left;
        ssize_t got = hull_stream_read(call, stream, head, 1);

        if (got <= 0)
            return (int)got;
        if (hull_stream_read_full(call, stream, head + 1, 7) < 0)
            return -HULL_IO;
        left = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
        for (; left > 0; left -= (size_t)got) {
            size_t room = OUTPUT_MAX - probe->length;

            got = hull_stream_read(call, stream, buffer,
                                   left < sizeof(buffer) ? left : sizeof(buffer));
            if (got <= 0)
                return (int)got;
            room = room < (size_t)got ? room : (size_t)got;
            memcpy(probe->output + probe->length, buffer, room);
            probe->length += room;
        }
    }
}

static void delete_probe(struct hull_call *call, void *arg)
{
    const struct probe *probe = arg;
    const struct runtime_process_ref ref = {.id = probe->check->ct->doc.id,
                                            .process = probe->process};
    struct hull_empty reply;

    if (probe->check->ct->state != CT_GONE &&
        runtime_delete(call, probe->check->ct->doc.runtime, &ref, &reply) < 0)
        hull_error_clear(call);
}

static int probe_network(struct hull_call *call, struct probe *probe)
{
    const struct ct *ct = probe->check->ct;
    const struct hull_strv *test = &ct->doc.config.healthcheck->test;
    struct health_target target;
    bool healthy;
    int rc;

    if (test->n != 2 ||
        !health_target_parse(hull_call_arena(call), test->v[0], test->v[1], &target))
        return hull_fail(call, HULL_INVALID, "malformed target of a health check");
    rc = health_net_probe(call, ct->doc.pid, &target, &healthy, probe->output,
                          sizeof(probe->output));
    probe->length = rc == 0 ? strlen(probe->output) : 0;
    probe->exit_code = healthy ? 0 : 1;
    return rc;
}

static int run_probe(struct hull_call *call, void *arg);

static int run_any(struct hull_call *call, void *arg)
{
    struct probe *probe = arg;
    const char *kind = probe->check->ct->doc.config.healthcheck->test.v[0];
    bool network = strcmp(kind, "TCP") == 0 || strcmp(kind, "HTTP") == 0;

    return network ? probe_network(call, probe) : run_probe(call, probe);
}

static int run_probe(struct hull_call *call, void *arg)
{
    struct probe *probe = arg;
    const struct ct *ct = probe->check->ct;
    const struct runtime_process_ref ref = {.id = ct->doc.id, .process = probe->process};
    const struct runtime_attach_request attach = {
        .id = ct->doc.id, .process = probe->process, .stdout_ = true, .stderr_ = true};
    struct container_stream_reply stream;
    struct runtime_exit exit;
    struct runtime_start_reply reply;
    int rc = make_probe(call, probe);

    if (rc < 0)
        return rc;
    hull_defer(call, delete_probe, probe);
    rc = runtime_attach(call, ct->doc.runtime, &attach, &stream);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_stream_close_cleanup, stream.stream);
    rc = runtime_start(call, ct->doc.runtime, &ref, &reply);
    if (rc == 0)
        rc = read_output(call, stream.stream, probe);
    if (rc == 0)
        rc = runtime_wait(call, ct->doc.runtime, &ref, &exit);
    if (rc == 0)
        probe->exit_code = exit.status;
    return rc;
}

/* --- the results ------------------------------------------------------------------------------ */

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

/* Failures do not count yet. */
static bool in_start_period(const struct ct *ct)
{
    return (hull_now_ms() - ct->running_since_ms) * 1000000 <
           ct->doc.config.healthcheck->start_period;
}

static const char *new_status(const struct ct *ct, const struct health *health, bool early,
                              bool healthy)
{
    const struct health_config *config = ct->doc.config.healthcheck;
    bool starting = strcmp(health->status, "starting") == 0;

    if (healthy)
        return "healthy";
    if (starting && early)
        return "starting";
    return health->failing_streak >= or_default(config->retries, RETRIES) ? "unhealthy"
                                                                          : health->status;
}

/* What --health-on-failure says is done beside the check, which ends with the container's run. */
static int act(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    const char *what = ct->doc.config.healthcheck->on_failure;
    const struct container_stop_request stop = {.id = ct->doc.id};
    const struct container_kill_request kill = {.id = ct->doc.id, .signal = "KILL"};
    struct hull_empty reply;
    int rc = strcmp(what, "kill") == 0      ? container_kill(call, NULL, &kill, &reply)
             : strcmp(what, "restart") == 0 ? container_restart(call, NULL, &stop, &reply)
                                            : container_stop(call, NULL, &stop, &reply);

    if (rc < 0) {
        hull_log(call, HULL_LOG_WARN, "what follows a failed health check", "container", ct->doc.id,
                 "action", what, "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
    ct_unref(ct);
    return 0;
}

static void on_unhealthy(struct ct *ct)
{
    const char *what = ct->doc.config.healthcheck->on_failure;

    if (what && *what && strcmp(what, "none") != 0)
        hull_spawn("health action", act, ct_ref(ct));
}

/* The new state is a copy in a new arena: what was there goes with its own. */
static void record(struct hull_call *call, struct ct *ct, const struct probe *probe,
                   int64_t began_ns)
{
    struct hull_arena *arena = hull_arena_new();
    struct health own = *ct->health, *copy = HULL_NEW(arena, struct health);
    bool healthy = probe->exit_code == 0, changed;
    size_t drop = own.log.n >= LOG_MAX ? own.log.n - LOG_MAX + 1 : 0;
    struct healthcheck_result *result;

    own.log.v = HULL_NEW_ARRAY(arena, struct healthcheck_result, LOG_MAX);
    own.log.n -= drop;
    memcpy(own.log.v, ct->health->log.v + drop, own.log.n * sizeof(*own.log.v));
    result = &own.log.v[own.log.n++];
    *result = (struct healthcheck_result){
        .start = time_format(arena, began_ns),
        .end = time_format(arena, hull_time_ns()),
        .exit_code = probe->exit_code,
        .output = hull_arena_strndup(arena, probe->output, probe->length),
    };
    if (healthy)
        own.failing_streak = 0;
    else if (strcmp(own.status, "starting") != 0 || !probe->early)
        own.failing_streak++;
    own.status = new_status(ct, &own, probe->early, healthy);
    changed = strcmp(own.status, ct->health->status) != 0;
    hull_message_copy(arena, &health_message, &own, copy);
    hull_arena_free(ct->health_arena);
    ct->health_arena = arena;
    ct->health = copy;
    if (changed) {
        hull_cond_broadcast(&ct->changed);
        ct_event(call, ct, hull_printf(call, "health_status: %s", copy->status), NULL);
        if (strcmp(copy->status, "unhealthy") == 0)
            on_unhealthy(ct);
    }
}

static bool is_over(const void *arg)
{
    const struct check *check = arg;

    return check->ct->exits != check->exits || !ct_is_running(check->ct);
}

static int probe_once(struct hull_call *call, void *arg)
{
    struct check *check = arg;
    struct ct *ct = check->ct;
    struct probe *probe = HULL_NEW(hull_call_arena(call), struct probe);
    int64_t timeout_ms = or_default(ct->doc.config.healthcheck->timeout, TIMEOUT_NS) / 1000000;
    int64_t began_ns = hull_time_ns();
    int rc;

    probe->early = in_start_period(ct);

    probe->check = check;
    probe->process = hull_printf(call, "health%u", check->probes++);
    rc = hull_request(call, "health probe", timeout_ms > 0 ? timeout_ms : 1, run_any, probe);
    if (rc == -HULL_CANCELED || is_over(check))
        return rc == -HULL_CANCELED ? rc : 0;
    if (rc < 0) {
        probe->exit_code = rc == -HULL_TIMEOUT ? -1 : 127;
        probe->length = (size_t)snprintf(probe->output, sizeof(probe->output), "%s",
                                         rc == -HULL_TIMEOUT ? "Health check exceeded timeout"
                                                             : hull_error(call));
        if (probe->length > OUTPUT_MAX)
            probe->length = OUTPUT_MAX;
        hull_error_clear(call);
    }
    record(call, ct, probe, began_ns);
    return 0;
}

static int check_fiber(struct hull_call *call, void *arg)
{
    struct check *check = arg;
    struct ct *ct = check->ct;
    const struct health_config *config = ct->doc.config.healthcheck;
    int rc = 0;

    while (rc == 0 && !is_over(check)) {
        bool early = strcmp(ct->health->status, "starting") == 0 && in_start_period(ct);
        int64_t wait_ns = early ? or_default(config->start_interval, START_INTERVAL_NS)
                                : or_default(config->interval, INTERVAL_NS);

        rc = ct_wait_changed(call, ct, is_over, check, wait_ns / 1000000);
        if (rc == 0 && !is_over(check) && ct->state != CT_PAUSED)
            rc = hull_request(call, "health check", HULL_FOREVER, probe_once, check);
    }
    ct_unref(ct);
    free(check);
    return rc == -HULL_CANCELED ? 0 : rc;
}

void ct_health_start(struct ct *ct)
{
    const struct health_config *config = ct->doc.config.healthcheck;
    struct check *check;

    ct->health = NULL;
    ct->health_arena = hull_arena_free(ct->health_arena);
    if (!config || config->test.n == 0 || strcmp(config->test.v[0], "NONE") == 0)
        return;
    ct->health_arena = hull_arena_new();
    ct->health = HULL_NEW(ct->health_arena, struct health);
    ct->health->status = "starting";
    ct->health->log.v = HULL_NEW(ct->health_arena, struct healthcheck_result);
    check = calloc(1, sizeof(*check));
    HULL_ASSERT(check);
    check->ct = ct_ref(ct);
    check->exits = ct->exits;
    hull_spawn("health check", check_fiber, check);
}
