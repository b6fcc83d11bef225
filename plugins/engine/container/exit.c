/*
 * exit.c: a fiber per running container waits for its end, records it, and does what the restart
 * policy or --rm say.
 */
#include "ct.h"

#include "failpoint.h"
#include "files.h"
#include "gate.h"
#include "network.h"
#include "runtime.h"
#include "timed.h"

#include <errno.h>
#include <hull/daemon.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The back-off of docker's restarts: doubled each time, forgotten after a run of ten seconds. */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 60000
#define BACKOFF_FORGET_NS (INT64_C(10) * 1000000000)

static void warn(struct hull_call *call, const struct ct *ct, const char *what)
{
    hull_log(call, HULL_LOG_WARN, what, "container", ct->doc.id, "error", hull_error(call), NULL);
    hull_error_clear(call);
}

void ct_log_ended(struct ct *ct)
{
    if (ct->ended_fd < 0)
        return;
    eventfd_write(ct->ended_fd, 1);
    close(HULL_TAKE_FD(ct->ended_fd));
}

/* --- the restart policy ----------------------------------------------------------------------- */

static bool wants_restart(const struct ct *ct)
{
    const struct restart_policy *policy = &ct->doc.host_config.restart_policy;

    if (ct->stop_wanted || ct->doc.stopped)
        return false;
    if (strcmp(policy->name, "always") == 0 || strcmp(policy->name, "unless-stopped") == 0)
        return true;
    return strcmp(policy->name, "on-failure") == 0 && ct->doc.exit_code != 0 &&
           (policy->maximum_retry_count == 0 ||
            ct->doc.restart_count < policy->maximum_retry_count);
}

/* For how long it ran; by the clock of the host, which may have been set meanwhile, only when it
 * ended while no daemon was there. */
static int64_t ran_ns(const struct ct *ct)
{
    int64_t ns = ct->running_since_ms > 0 ? (hull_now_ms() - ct->running_since_ms) * 1000000
                                          : ct->doc.finished_ns - ct->doc.started_ns;

    return ns > 0 ? ns : 0;
}

static void back_off(struct ct *ct)
{
    if (ran_ns(ct) >= BACKOFF_FORGET_NS)
        ct->restart_delay_ms = 0;
    ct->restart_delay_ms = ct->restart_delay_ms == 0 ? BACKOFF_MIN_MS : 2 * ct->restart_delay_ms;
    if (ct->restart_delay_ms > BACKOFF_MAX_MS)
        ct->restart_delay_ms = BACKOFF_MAX_MS;
}

static int restart_now(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &ct->lock);
    if (ct->state != CT_RESTARTING)
        return 0;
    ct->doc.restart_count++;
    return ct_start(call, ct);
}

static bool not_restarting(const void *ct)
{
    return ((const struct ct *)ct)->state != CT_RESTARTING;
}

static int restart_later(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int rc = ct_wait_changed(call, ct, not_restarting, ct, ct->restart_delay_ms);

    if (rc == 0 && ct->state == CT_RESTARTING)
        rc = hull_request(call, "container restart", HULL_FOREVER, restart_now, ct);
    ct_unref(ct);
    return rc == -HULL_CANCELED ? 0 : rc;
}

static int remove_later(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0) {
        ct_unref(ct);
        return rc;
    }
    if (!ct_is_running(ct) && ct->state != CT_GONE && ct->state != CT_REMOVING)
        rc = ct_remove(call, ct, true);
    hull_unlock(&ct->lock);
    ct_unref(ct);
    return rc;
}

void ct_after_exit(struct ct *ct)
{
    if (ct->state == CT_RESTARTING)
        hull_spawn("container restart", restart_later, ct_ref(ct));
    else if (ct->state == CT_EXITED && ct->doc.host_config.auto_remove)
        hull_spawn("container removal", remove_later, ct_ref(ct));
}

/* --- the end ---------------------------------------------------------------------------------- */

static void clean_up(struct hull_call *call, struct ct *ct)
{
    const struct network_leave_request leave = {.container_id = ct->doc.id};
    const struct runtime_process_ref process = {.id = ct->doc.id};
    struct hull_empty reply;

    if (network_leave(call, NULL, &leave, &reply) < 0)
        warn(call, ct, "leaving networks");
    FAILPOINT(container_exit_network);
    if (runtime_delete(call, ct->doc.runtime, &process, &reply) < 0)
        warn(call, ct, "deleting the process");
    FAILPOINT(container_exit_process);
    ct_unmount_volumes(call, ct);
    files_remove_run(call, ct->doc.id);
}

static void publish_die(struct hull_call *call, struct ct *ct)
{
    if (ct->doc.oom_killed)
        ct_event(call, ct, "oom", NULL);
    ct_event(call, ct, "die", "execDuration",
             hull_printf(call, "%lld", (long long)ran_ns(ct) / 1000000000), "exitCode",
             hull_printf(call, "%lld", (long long)ct->doc.exit_code), NULL);
}

/* The addresses and ports of the run are given back; inspect shows the networks without them. */
static void forget_network(struct ct *ct)
{
    ct->doc.network = NULL;
}

/* Nobody knows how it ended: whoever asks is told why. */
static void tell_lost(struct hull_call *call, struct ct *ct)
{
    static const char text[] =
        "its hull-shim is gone without an exit status: it was killed, or the host restarted; what "
        "was left of the container was killed";

    ct->doc.error = text;
    hull_log(call, HULL_LOG_WARN, "the end of a container was lost", "container", ct->doc.id,
             "error", text, NULL);
}

/* It is seen from here on, all at once. Locked. */
static void take_exit(struct hull_call *call, struct ct *ct, const struct runtime_exit *exit)
{
    if (exit->lost)
        tell_lost(call, ct);
    ct->doc.exit_code = exit->status;
    ct->doc.oom_killed = exit->oom_killed;
    ct->doc.finished_ns = exit->time_ns;
    ct->doc.pid = 0;
    forget_network(ct);
    back_off(ct);
    ct->state = wants_restart(ct) ? CT_RESTARTING : CT_EXITED;
}

void ct_record_exit(struct hull_call *call, struct ct *ct, const struct runtime_exit *exit)
{
    struct runtime_exit end = *exit;
    struct gate_place place;
    bool inside;

    if (end.time_ns <= 0)
        end.time_ns = hull_time_ns();
    hull_shield(call);
    inside = gate_enter(call, &place) == 0;
    FAILPOINT(container_exit_begin);
    /* With the process goes what its shim knows: a daemon after us has it from here. */
    if (ct_save_exit(call, ct, &end) < 0)
        warn(call, ct, "recording the exit");
    clean_up(call, ct);
    take_exit(call, ct, &end);
    publish_die(call, ct);
    /* Those who wait hear of it when it is written down. */
    if (ct_save(call, ct, NULL, false) < 0)
        warn(call, ct, "recording the exit");
    FAILPOINT(container_exit_commit);
    ct->exits++;
    ct_set_state(ct, ct->state);
    ct_log_ended(ct);
    if (inside)
        gate_leave(&place);
    hull_unshield(call);
}

static int watch(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    const struct runtime_process_ref request = {.id = ct->doc.id};
    struct runtime_exit exit;
    int rc = runtime_wait(call, ct->doc.runtime, &request, &exit);

    if (rc == -HULL_CANCELED || (rc < 0 && hull_check(call) < 0)) {
        /* The daemon ends; the container lives on in its shim. */
        hull_error_clear(call);
        ct_unref(ct);
        return 0;
    }
    if (rc < 0) {
        warn(call, ct, "waiting for the container");
        exit = (struct runtime_exit){.status = 137, .lost = true};
    }
    rc = hull_lock(call, &ct->lock);
    if (rc == 0) {
        if (ct_is_running(ct))
            ct_record_exit(call, ct, &exit);
        hull_unlock(&ct->lock);
        ct_after_exit(ct);
    }
    ct_unref(ct);
    return rc == -HULL_CANCELED ? 0 : rc;
}

void ct_watch(struct ct *ct)
{
    hull_spawn("container exit", watch, ct_ref(ct));
}
