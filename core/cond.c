/*
 * Conditions and locks. Waiters form a ring on their own stacks; the head is the one that has
 * waited longest.
 */
#include "core/core.h"

struct waiter {
    struct waiter *next, *prev;
    struct fiber *fiber;
};

static void enter(struct hull_cond *cond, struct waiter *waiter)
{
    struct waiter *head = cond->waiters;
    waiter->fiber = core.current;
    if (head == NULL) {
        waiter->next = waiter->prev = waiter;
        cond->waiters = waiter;
        return;
    }
    waiter->next = head;
    waiter->prev = head->prev;
    head->prev->next = waiter;
    head->prev = waiter;
}

static void leave(struct hull_cond *cond, struct waiter *waiter)
{
    if (waiter->next == NULL)
        return;
    if (cond->waiters == waiter)
        cond->waiters = waiter->next == waiter ? NULL : waiter->next;
    waiter->next->prev = waiter->prev;
    waiter->prev->next = waiter->next;
    waiter->next = waiter->prev = NULL;
}

int cond_wait_until(struct hull_call *call, struct hull_cond *cond, const char *what, intptr_t on,
                    int64_t until_us)
{
    struct waiter waiter = {};
    enter(cond, &waiter);
    int rc = fiber_wait(call, what, on, until_us);
    /* Who signals takes a waiter off the ring; COND may be gone by now. */
    leave(cond, &waiter);
    return rc;
}

int cond_wait(struct hull_call *call, struct hull_cond *cond, const char *what, intptr_t on)
{
    int rc = cond_wait_until(call, cond, what, on, FOREVER_US);
    return rc < 0 ? rc : 0;
}

int hull_cond_wait(struct hull_call *call, struct hull_cond *cond)
{
    return cond_wait(call, cond, "condition", (intptr_t)cond);
}

/* Wake the first that still waits; one that was just cancelled does not take the signal. */
static struct fiber *wake_first(struct hull_cond *cond)
{
    while (cond->waiters != NULL) {
        struct waiter *waiter = cond->waiters;
        struct fiber *fiber = waiter->fiber;
        if (fiber->state == FIBER_WAITING) {
            leave(cond, waiter);
            fiber_wake(fiber, WAKE_EVENT);
            return fiber;
        }
        leave(cond, waiter);
    }
    return NULL;
}

void hull_cond_signal(struct hull_cond *cond)
{
    wake_first(cond);
}

void hull_cond_broadcast(struct hull_cond *cond)
{
    while (wake_first(cond) != NULL)
        ;
}

/* --- locks ----------------------------------------------------------------------------------- */

int hull_lock(struct hull_call *call, struct hull_lock *lock)
{
    int rc = call_pause(call);
    if (rc < 0)
        return rc;
    HULL_ASSERT(lock->owner != core.current);
    if (lock->owner == NULL)
        lock->owner = core.current;
    /* The lock is handed over, so that nobody can overtake. */
    while (lock->owner != core.current && rc >= 0)
        rc = cond_wait(call, &lock->cond, "lock", (intptr_t)lock);
    return rc;
}

void hull_unlock(struct hull_lock *lock)
{
    HULL_ASSERT(lock->owner == core.current);
    lock->owner = wake_first(&lock->cond);
}

void hull_unlock_cleanup(struct hull_call *call, void *lock)
{
    (void)call;
    hull_unlock(lock);
}
