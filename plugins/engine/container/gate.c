/*
 * gate.c: the places, in the order in which they were taken, and a door: who has its lock is the
 * next to enter.
 */
#include "gate.h"

#include <hull/daemon.h>
#include <unistd.h>

/* For each processor: one works while others wait for the kernel, a worker or a shim. */
#define PLACES_EACH 4
#define PLACES_MIN 8
/* Who is in there for longer waits for something that takes as long as it takes. */
#define PATIENCE_MS 1000

static struct gate_place *newest;
static struct hull_lock door;
static struct hull_cond left; /* somebody has; only who is at the door waits for it */

static int64_t places(void)
{
    static int64_t count;

    if (count == 0)
        count = PLACES_EACH * (int64_t)sysconf(_SC_NPROCESSORS_ONLN);
    return count < PLACES_MIN ? PLACES_MIN : count;
}

/* 0 when there is a place, else milliseconds until somebody's patience is over. */
static int64_t until_free(void)
{
    int64_t now = hull_now_ms(), busy = 0, since = 0;

    for (const struct gate_place *place = newest; place != NULL; place = place->prev) {
        if (now - place->since_ms >= PATIENCE_MS)
            break;
        since = place->since_ms;
        busy++;
    }
    return busy < places() ? 0 : since + PATIENCE_MS - now;
}

static int wait_for_one(struct hull_call *call, void *arg)
{
    (void)arg;
    int rc = hull_cond_wait(call, &left);

    if (rc != -HULL_TIMEOUT)
        return rc;
    hull_error_clear(call);
    return 0;
}

int gate_enter(struct hull_call *call, struct gate_place *place)
{
    int64_t ms;
    int rc = hull_lock(call, &door);

    if (rc < 0)
        return rc;
    while (rc == 0 && (ms = until_free()) > 0)
        rc = hull_request(call, "container gate", ms, wait_for_one, NULL);
    if (rc < 0 && hull_check(call) < 0) {
        hull_unlock(&door);
        return rc;
    }
    /* What is shielded comes in now, for an engine that stops lets nobody wait. */
    hull_error_clear(call);
    *place = (struct gate_place){.prev = newest, .since_ms = hull_now_ms()};
    if (newest != NULL)
        newest->next = place;
    newest = place;
    hull_unlock(&door);
    return 0;
}

void gate_leave(struct gate_place *place)
{
    if (place->prev != NULL)
        place->prev->next = place->next;
    *(place->next == NULL ? &newest : &place->next->prev) = place->prev;
    hull_cond_signal(&left);
}
