/*
 * hull/fiber.h: fibers, and everything a fiber can wait for.
 *
 * All fibers run on the one loop thread and change only where a function says
 * "Yields.", so that plain variables need no lock between two such points.
 * No thread lock may be held across one. A fiber has a stack of 256 KB.
 *
 * Every wait takes a call and ends early, with -HULL_CANCELED or
 * -HULL_TIMEOUT, when the call is cancelled or overdue.
 */
#ifndef HULL_FIBER_H
#define HULL_FIBER_H

#include <hull/call.h>
#include <poll.h>

/* What a task or a detached fiber runs. */
typedef int hull_task_fn(struct hull_call *call, void *arg);

/*
 * Start a fiber below CALL: its call has CALL's request id, deadline and cancellation, an arena
 * of its own that is freed with the task, and an error slot of its own. ARG must live until the
 * task ends. A task that nobody joined is cancelled and joined when the handler that owns CALL
 * returns, before its undo entries run. NAME is a literal.
 */
HULL_PUBLIC struct hull_task *hull_task_start(struct hull_call *call, const char *name,
                                              hull_task_fn *fn, void *arg);
/*
 * Wait for TASK; returns what it returned and copies its error. When CALL is cancelled or overdue
 * meanwhile, the task is cancelled and its end is waited for all the same, so that its ARG may be
 * on the stack of who joins it. TASK is gone after. Yields.
 */
HULL_PUBLIC int hull_task_join(struct hull_call *call, struct hull_task *task) HULL_CHECKED;
/* Cancel TASK; it still has to be joined. */
HULL_PUBLIC void hull_task_cancel(struct hull_task *task);

/*
 * Start a fiber that belongs to nobody: it ends by itself or when its plugin is drained (its
 * call is cancelled then). It runs as a request of its own; an error it returns is logged.
 * PLUGIN may be NULL (the current call's plugin is used when there is one).
 */
HULL_PUBLIC void hull_spawn(const char *name, hull_task_fn *fn, void *arg);

/* Let other fibers run. Yields. */
HULL_PUBLIC int hull_yield(struct hull_call *call) HULL_CHECKED;
/* Wait MS milliseconds. Never for synchronisation. Yields. */
HULL_PUBLIC int hull_sleep(struct hull_call *call, int64_t ms) HULL_CHECKED;
/*
 * Wait until FD is ready for EVENTS (POLLIN, POLLOUT). Returns the ready events (positive) or
 * an error. Only one fiber may wait for one direction of one descriptor. Yields.
 */
HULL_PUBLIC int hull_wait_fd(struct hull_call *call, int fd, short events) HULL_CHECKED;
/* The same for several descriptors, as poll(2) has it; returns how many are ready. Yields. */
HULL_PUBLIC int hull_wait_fds(struct hull_call *call, struct pollfd *fds, size_t count)
    HULL_CHECKED;

/* --- between fibers ----------------------------------------------------------------------- */

/* A condition: fibers wait until another one signals. Zeroed memory is a valid one. */
struct hull_cond {
    void *waiters;
};
/* Wait for the next signal; look at the world again after, for spurious ones happen. Yields. */
HULL_PUBLIC int hull_cond_wait(struct hull_call *call, struct hull_cond *cond) HULL_CHECKED;
/* Wake all that wait, or the one that waits longest. */
HULL_PUBLIC void hull_cond_broadcast(struct hull_cond *cond);
HULL_PUBLIC void hull_cond_signal(struct hull_cond *cond);

/* A lock between fibers, for changes that yield in the middle. First come, first served; not
 * recursive. Zeroed memory is a free one. */
struct hull_lock {
    void *owner;
    struct hull_cond cond;
};
/* Take LOCK, waiting for it. Yields. */
HULL_PUBLIC int hull_lock(struct hull_call *call, struct hull_lock *lock) HULL_CHECKED;
/* Give it to who waits longest. The fiber that took it. */
HULL_PUBLIC void hull_unlock(struct hull_lock *lock);
/* A cleanup function for hull_defer(): ARG is the lock. */
HULL_PUBLIC void hull_unlock_cleanup(struct hull_call *call, void *lock);

/* --- workers ------------------------------------------------------------------------------ */

/*
 * Run FN(ARG) on a worker thread and wait until it has ended. FN blocks as it likes; it may use
 * only what is marked "Worker-safe." and the data in ARG, and returns 0 or a negative kind with
 * PROBLEM filled. CANCELED becomes true when the call is cancelled; a long FN looks at it. The
 * fiber comes back only when FN has ended, so ARG may be on its stack. Yields.
 */
struct hull_work {
    struct hull_problem problem;
    const volatile bool *canceled;
};
typedef int hull_work_fn(struct hull_work *work, void *arg);
HULL_PUBLIC int hull_work(struct hull_call *call, hull_work_fn *fn, void *arg) HULL_CHECKED;
/* The same for what blocks for a few milliseconds: it does not wait behind long work. */
HULL_PUBLIC int hull_work_brief(struct hull_call *call, hull_work_fn *fn, void *arg) HULL_CHECKED;

#endif
