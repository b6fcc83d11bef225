/*
 * The loop: runs what can run, then waits for descriptors, signals, workers and the earliest
 * time limit. When nothing goes on it sleeps without a timer.
 */
#include "core/core.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define STALL_MS 50
/* Between two looks at the clock a fiber may pass so many points where it could yield … */
#define PAUSES 64
/* … and runs so long at a stretch. */
#define SLICE_MS 8

struct core core;

int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A few milliseconds wrong, and several times cheaper. */
static int64_t coarse_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t loop_random(uint64_t limit)
{
    core.random ^= core.random << 13;
    core.random ^= core.random >> 7;
    core.random ^= core.random << 17;
    return (core.random * 0x2545f4914f6cdd1du >> 16) % limit;
}

/* --- runnable fibers ------------------------------------------------------------------------- */

void loop_ready(struct fiber *fiber)
{
    fiber->state = FIBER_READY;
    fiber->ready_next = NULL;
    fiber->ready_prev = core.ready_last;
    if (core.ready_last != NULL)
        core.ready_last->ready_next = fiber;
    else
        core.ready = fiber;
    core.ready_last = fiber;
    core.ready_count++;
}

static struct fiber *take_ready(void)
{
    struct fiber *fiber = core.ready;
    if (core.options.seed != 0) {
        for (uint64_t skip = loop_random(core.ready_count); skip > 0; skip--)
            fiber = fiber->ready_next;
    }
    if (fiber->ready_next != NULL)
        fiber->ready_next->ready_prev = fiber->ready_prev;
    else
        core.ready_last = fiber->ready_prev;
    if (fiber->ready_prev != NULL)
        fiber->ready_prev->ready_next = fiber->ready_next;
    else
        core.ready = fiber->ready_next;
    core.ready_count--;
    return fiber;
}

static void report_stall(const char *name, const struct hull_call *call, int64_t took_ms)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)took_ms);
    core.stalls++;
    hull_log(call, HULL_LOG_WARN, "the loop stalled", "fiber", name, "ms", text, NULL);
}

static void run_one(struct fiber *fiber)
{
    const char *name = fiber->name;
    int64_t before = coarse_ms();
    fiber->pauses = 0;
    fiber->ran_since_ms = before;
    fiber_resume(fiber);
    int64_t took = coarse_ms() - before;
    bool ended = fiber->state == FIBER_DONE;
    if (took > core.options.stall_ms)
        report_stall(name, ended ? NULL : fiber->top, took);
    if (!ended)
        return;
    hull_cond_broadcast(&fiber->ended);
    if (fiber->detached)
        task_end(fiber);
}

int call_pause(struct hull_call *call)
{
    call_check_owner(call);
    int rc = hull_check(call);
    if (rc < 0)
        return rc;
    struct fiber *fiber = core.current;
    if (core.options.seed != 0
            ? loop_random(4) == 0
            : ++fiber->pauses % PAUSES == 0 && coarse_ms() - fiber->ran_since_ms > SLICE_MS)
        return hull_yield(call);
    return 0;
}

/* --- turning --------------------------------------------------------------------------------- */

/* What waits in the kernel is asked for every so often while fibers can run. */
#define TURNS_BETWEEN 4

static void turn(void)
{
    if (core.ready_count == 0 || ++core.turns % TURNS_BETWEEN == 0) {
        int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
        if (core.ready_count > 0)
            flags |= EVLOOP_NONBLOCK;
        HULL_ASSERT(event_base_loop(core.base, flags) >= 0);
        core.now_ms = hull_now_ms();
    }
    /* Those that become runnable meanwhile wait for the next turn. */
    for (size_t n = core.ready_count; n > 0 && core.ready_count > 0; n--)
        run_one(take_ready());
}

void loop_run(const struct fiber *fiber)
{
    while (fiber->state != FIBER_DONE)
        turn();
}

/* libevent writes to standard error what it also returns. */
static void be_quiet(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

int loop_init(void)
{
    event_set_log_callback(be_quiet);
    struct event_config *config = event_config_new();
    HULL_ASSERT(config != NULL);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV |
                                      EVENT_BASE_FLAG_PRECISE_TIMER);
    core.base = event_base_new_with_config(config);
    event_config_free(config);
    if (core.base == NULL)
        return -HULL_UNAVAILABLE;
    core.random = core.options.seed;
    if (core.options.stall_ms == 0)
        core.options.stall_ms = STALL_MS;
    core.now_ms = hull_now_ms();
    fiber_thread_init();
    return 0;
}

void loop_done(void)
{
    if (core.base != NULL)
        event_base_free(core.base);
    core.base = NULL;
}
