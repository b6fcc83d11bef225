/*
 * Starting and ending the core.
 */
#include "core/core.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "core/plugin.h"
#include "core/stack.h"

/* What main did not stop itself gets so long. */
#define STOP_MS 10000

struct first {
    hull_task_fn *main;
    void *arg;
};

/* Wait until COUNT() is none, or UNTIL_MS has come. */
static void wait_gone(size_t (*count)(const struct hull_call *), const struct hull_call *call,
                      int64_t until_ms)
{
    while (count(call) > 0 && hull_now_ms() < until_ms)
        cond_wait_until(NULL, &core.something_ended, "others to end", 0, until_ms * 1000);
}

int hull_core_stop(struct hull_call *call, int64_t ms)
{
    call_check_owner(call);
    core.stopping = true;
    request_cancel_all(call);
    wait_gone(request_count, call, hull_now_ms() + ms);
    return plugin_stop_all(call, ms);
}

static size_t stray_count(const struct hull_call *call)
{
    (void)call;
    return core.fiber_count - 1;
}

/* Fibers that belong to no plugin. */
static void end_strays(const struct hull_call *call)
{
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        if (fiber != call->fiber && fiber->state != FIBER_DONE)
            hull_cancel(&fiber->root);
    }
    wait_gone(stray_count, call, hull_now_ms() + STOP_MS);
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        if (fiber != call->fiber)
            hull_log(NULL, HULL_LOG_ERROR, "a fiber does not end", "fiber", fiber->name, "waits",
                     fiber->wait_what, NULL);
    }
}

static int trim_heap(struct hull_work *work, void *arg)
{
    (void)work;
    (void)arg;
    malloc_trim(0);
    return 0;
}

int hull_trim_when_idle(struct hull_call *call, int64_t ms)
{
    int rc = 0;
    while (rc == 0) {
        uint64_t seen = core.last_request;
        while (rc == 0 && core.last_request == seen)
            rc = cond_wait(call, &core.something_ended, "a request to end", 0);
        while (rc == 0 && core.last_request != seen) {
            seen = core.last_request;
            rc = hull_sleep(call, ms);
        }
        stack_pool_done();
        if (rc == 0)
            rc = hull_work(call, trim_heap, NULL);
    }
    return rc;
}

static int first_fiber(struct hull_call *call, void *arg)
{
    const struct first *first = arg;
    struct hull_call own;
    call_begin(&own, call, call->scope);
    int rc = call_end(&own, first->main(&own, first->arg));

    /* Whatever became of main, the end is not cut short, and has errors of its own. */
    struct scope scope = {.arena = call->scope->arena};
    call_begin(&own, call, &scope);
    own.barrier = true;
    int stopped = core.stopping ? 0 : hull_core_stop(&own, STOP_MS);
    end_strays(&own);
    call_end(&own, stopped);
    slot_set(&scope.slot, HULL_OK, NULL);
    return rc;
}

int hull_core_run(const struct hull_core_options *options, hull_task_fn *main, void *arg)
{
    HULL_ASSERT(!core.running);
    core = (struct core){.running = true};
    if (options != NULL)
        core.options = *options;
    signal(SIGPIPE, SIG_IGN);
    int rc = loop_init();
    if (rc == 0) {
        struct first first = {main, arg};
        struct fiber *fiber = fiber_start("main", first_fiber, &first, NULL);
        memcpy(fiber->scope.id, "main", sizeof("main"));
        loop_run(fiber);
        rc = fiber->rc;
        fiber_free(fiber);
    }
    work_done();
    topics_done();
    plugin_close_all();
    plugin_table_done();
    hull_config_set(NULL, NULL);
    loop_done();
    stack_pool_done();
    core.running = false;
    return rc;
}
