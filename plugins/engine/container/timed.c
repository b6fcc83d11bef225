/*
 * timed.c: a wait with a limit of its own is a request of its own.
 */
#include "timed.h"

#include <hull/daemon.h>

struct wait {
    struct ct *ct;
    bool (*done)(const void *arg);
    const void *arg;
    bool limited;
};

static int wait(struct hull_call *call, void *arg)
{
    struct wait *wait = arg;
    int rc = 0;

    while (rc == 0 && !wait->done(wait->arg))
        rc = hull_cond_wait(call, &wait->ct->changed);
    if (rc == -HULL_TIMEOUT && wait->limited) {
        hull_error_clear(call);
        rc = 0;
    }
    return rc;
}

int ct_wait_changed(struct hull_call *call, struct ct *ct, bool (*done)(const void *arg),
                    const void *arg, int64_t ms)
{
    struct wait own = {.ct = ct, .done = done, .arg = arg, .limited = ms >= 0};
    int rc;

    if (ms < 0)
        return wait(call, &own);
    rc = hull_request(call, "container wait", ms, wait, &own);
    if (rc == 0)
        rc = hull_check(call);
    return rc;
}
