/*
 * stop.c: signals: stop, restart, kill, pause, unpause. Whoever waits for an end waits without
 * the container's lock, so that others can look at it, or kill it, meanwhile.
 */
#include "ct.h"

#include "runtime.h"
#include "signals.h"
#include "timed.h"

#include <signal.h>
#include <string.h>

#define DEFAULT_TIMEOUT_S 10
/* After SIGKILL the kernel needs a moment, unless a process hangs in it. */
#define KILL_WAIT_MS 10000

int ct_stop_signal(const struct ct *ct)
{
    int number = signal_parse(ct->doc.config.stop_signal);

    return number > 0 ? number : SIGTERM;
}

static int thaw(struct hull_call *call, struct ct *ct)
{
    const struct runtime_process_ref ref = {.id = ct->doc.id};
    struct hull_empty reply;
    int rc = runtime_resume(call, ct->doc.runtime, &ref, &reply);

    if (rc < 0)
        return rc;
    ct_set_state(ct, CT_RUNNING);
    rc = ct_save(call, ct, NULL, false);
    if (rc == 0)
        ct_event(call, ct, "unpause", NULL);
    return rc;
}

/* Locked. A frozen container is thawed, or it would never see the signal. */
static int send_signal(struct hull_call *call, struct ct *ct, int number)
{
    const struct runtime_kill_request request = {.id = ct->doc.id, .signal = number};
    struct hull_empty reply;
    int rc;

    hull_shield(call);
    rc = runtime_kill(call, ct->doc.runtime, &request, &reply);
    if (rc == 0 && ct->state == CT_PAUSED)
        rc = thaw(call, ct);
    hull_unshield(call);
    if (rc == 0)
        ct_event(call, ct, "kill", "signal", hull_printf(call, "%d", number), NULL);
    return rc;
}

struct ended {
    const struct ct *ct;
    uint64_t exits;
};

static bool has_ended(const void *arg)
{
    const struct ended *ended = arg;

    return ended->ct->exits != ended->exits || !ct_is_running(ended->ct);
}

/* 0 when it ended; -HULL_TIMEOUT with docker's words. Not locked. */
static int wait_killed(struct hull_call *call, struct ct *ct, const struct ended *ended)
{
    int rc = ct_wait_changed(call, ct, has_ended, ended, KILL_WAIT_MS);

    if (rc == 0 && !has_ended(ended))
        rc = hull_fail(call, HULL_INTERNAL,
                       "container %s: tried to kill container, but did not receive an exit event; "
                       "a process may hang in the kernel",
                       ct->doc.id);
    return rc;
}

int ct_kill_and_wait(struct hull_call *call, struct ct *ct)
{
    const struct ended ended = {ct, ct->exits};
    int rc, locked;

    if (!ct_is_running(ct))
        return 0;
    ct->stop_wanted = true;
    rc = send_signal(call, ct, SIGKILL);
    if (rc == -HULL_NOT_FOUND || rc == -HULL_CONFLICT)
        rc = 0; /* It has just ended by itself; its watcher waits for our lock. */
    if (rc < 0)
        return rc;
    hull_unlock(&ct->lock);
    rc = wait_killed(call, ct, &ended);
    hull_shield(call);
    locked = hull_lock(call, &ct->lock);
    hull_unshield(call);
    return rc < 0 ? rc : locked;
}

/* Locked. A container between two runs stays down. */
static int stop_restarting(struct hull_call *call, struct ct *ct)
{
    ct->doc.stopped = true;
    ct_set_state(ct, CT_EXITED);
    return ct_save(call, ct, NULL, false);
}

/* Locked; unlocks. */
static int begin_stop(struct hull_call *call, struct ct *ct, int number, struct ended *ended)
{
    int rc;

    ended->ct = ct;
    ended->exits = ct->exits;
    ct->stop_wanted = true;
    ct->doc.stopped = true;
    rc = send_signal(call, ct, number);
    hull_unlock(&ct->lock);
    /* Who does not pass it on is killed when the time is over. */
    if (rc == -HULL_NOT_FOUND || rc == -HULL_CONFLICT || (rc == -HULL_TIMEOUT && !hull_check(call)))
        rc = 0;
    return rc;
}

int ct_stop(struct hull_call *call, struct ct *ct, int number, int64_t timeout_s)
{
    struct ended ended;
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0)
        return rc;
    rc = ct_see(call, ct);
    if (rc < 0) {
        hull_unlock(&ct->lock);
        return rc;
    }
    if (!ct_is_running(ct)) {
        rc = ct->state == CT_RESTARTING
                 ? stop_restarting(call, ct)
                 : hull_fail(call, HULL_NOT_MODIFIED, "container %s is already stopped",
                             ct->doc.name);
        hull_unlock(&ct->lock);
        return rc;
    }
    rc = begin_stop(call, ct, number, &ended);
    if (rc == 0)
        rc = ct_wait_changed(call, ct, has_ended, &ended, timeout_s < 0 ? -1 : timeout_s * 1000);
    if (rc < 0 || has_ended(&ended))
        return rc;
    rc = hull_lock(call, &ct->lock);
    if (rc < 0)
        return rc;
    rc = ct_kill_and_wait(call, ct);
    hull_unlock(&ct->lock);
    return rc;
}

/* What to stop, with which signal, and how long to wait before it is killed. */
static int parse_stop(struct hull_call *call, const struct container_stop_request *request,
                      struct ct **ret, int *ret_signal, int64_t *ret_timeout_s)
{
    int rc = ct_find(call, request->id, ret);

    if (rc < 0)
        return rc;
    const struct ct *ct = *ret;
    *ret_signal = ct_stop_signal(ct);
    if (request->signal && *request->signal) {
        *ret_signal = signal_parse(request->signal);
        if (*ret_signal < 0)
            return hull_fail(call, HULL_INVALID, "invalid signal: %s", request->signal);
    }
    *ret_timeout_s = DEFAULT_TIMEOUT_S;
    if (ct->doc.config.stop_timeout.set)
        *ret_timeout_s = ct->doc.config.stop_timeout.value;
    if (request->timeout.set)
        *ret_timeout_s = request->timeout.value;
    if (*ret_timeout_s > 1000000000)
        *ret_timeout_s = 1000000000;
    return 0;
}

int ct_handle_stop(struct hull_call *call, const struct container_stop_request *request,
                   struct hull_empty *ret)
{
    int64_t timeout_s;
    struct ct *ct;
    int number;
    int rc = parse_stop(call, request, &ct, &number, &timeout_s);

    (void)ret;
    if (rc < 0)
        return rc;
    /* Once begun it goes on, though the client may hang up. */
    hull_shield(call);
    rc = ct_stop(call, ct, number, timeout_s);
    hull_unshield(call);
    if (rc == 0)
        ct_event(call, ct, "stop", NULL);
    return rc;
}

int ct_handle_restart(struct hull_call *call, const struct container_stop_request *request,
                      struct hull_empty *ret)
{
    int64_t timeout_s;
    struct ct *ct;
    int number;
    int rc = parse_stop(call, request, &ct, &number, &timeout_s);

    (void)ret;
    if (rc < 0)
        return rc;
    rc = ct_stop(call, ct, number, timeout_s);
    if (rc == 0)
        ct_event(call, ct, "stop", NULL);
    if (rc == -HULL_NOT_MODIFIED)
        rc = 0;
    if (rc == 0)
        rc = hull_lock(call, &ct->lock);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &ct->lock);
    if (ct->state == CT_GONE)
        return hull_fail(call, HULL_NOT_FOUND, "No such container: %s", request->id);
    rc = ct_start(call, ct);
    if (rc == -HULL_NOT_MODIFIED)
        rc = 0;
    if (rc == 0)
        ct_event(call, ct, "restart", NULL);
    return rc;
}

static int kill_locked(struct hull_call *call, struct ct *ct, int number)
{
    int rc;

    if (!ct_is_running(ct))
        return hull_fail(call, HULL_CONFLICT, "container %s is not running", ct->doc.id);
    if (number == SIGKILL) {
        ct->doc.stopped = true;
        hull_shield(call);
        rc = ct_kill_and_wait(call, ct);
        hull_unshield(call);
        return rc;
    }
    if (number == ct_stop_signal(ct)) {
        ct->stop_wanted = true;
        ct->doc.stopped = true;
    }
    return send_signal(call, ct, number);
}

int ct_handle_kill(struct hull_call *call, const struct container_kill_request *request,
                   struct hull_empty *ret)
{
    const char *name = request->signal && *request->signal ? request->signal : "SIGKILL";
    int number = signal_parse(name);
    struct ct *ct;
    int rc = ct_find_locked(call, request->id, &ct);

    (void)ret;
    if (rc == 0 && number < 0)
        rc = hull_fail(call, HULL_INVALID, "invalid signal: %s", name);
    else if (rc == 0)
        rc = kill_locked(call, ct, number);
    return hull_wrap(call, rc, "cannot kill container: %s", request->id);
}

int ct_handle_pause(struct hull_call *call, const struct container_ref *request,
                    struct hull_empty *ret)
{
    struct ct *ct;
    int rc = ct_find_locked(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (ct->state == CT_PAUSED)
        return hull_fail(call, HULL_CONFLICT, "Container %s is already paused", ct->doc.id);
    if (ct->state == CT_RESTARTING)
        return hull_fail(call, HULL_CONFLICT,
                         "Container %s is restarting, wait until the container is running",
                         ct->doc.id);
    if (ct->state != CT_RUNNING)
        return hull_fail(call, HULL_CONFLICT, "container %s is not running", ct->doc.id);
    hull_shield(call);
    rc = runtime_pause(call, ct->doc.runtime, &(struct runtime_process_ref){.id = ct->doc.id}, ret);
    if (rc == 0) {
        ct_set_state(ct, CT_PAUSED);
        rc = ct_save(call, ct, NULL, false);
    }
    hull_unshield(call);
    if (rc == 0)
        ct_event(call, ct, "pause", NULL);
    return rc;
}

int ct_handle_unpause(struct hull_call *call, const struct container_ref *request,
                      struct hull_empty *ret)
{
    struct ct *ct;
    int rc = ct_find_locked(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (ct->state != CT_PAUSED)
        return hull_fail(call, HULL_INTERNAL, "Container %s is not paused", ct->doc.id);
    hull_shield(call);
    rc =
        runtime_resume(call, ct->doc.runtime, &(struct runtime_process_ref){.id = ct->doc.id}, ret);
    if (rc == 0) {
        ct_set_state(ct, CT_RUNNING);
        rc = ct_save(call, ct, NULL, false);
    }
    hull_unshield(call);
    if (rc == 0)
        ct_event(call, ct, "unpause", NULL);
    return rc;
}
