/*
 * Fibers that run beside others: tasks below a call, detached ones, and requests.
 */
#include "core/core.h"

#include <stdio.h>
#include <string.h>

#include "core/plugin.h"

static struct fiber *of_task(struct hull_task *task)
{
    return (struct fiber *)(void *)task;
}

struct hull_task *hull_task_start(struct hull_call *call, const char *name, hull_task_fn *fn,
                                  void *arg)
{
    HULL_ASSERT(call->magic == CALL_MAGIC);
    struct fiber *fiber = fiber_start(name, fn, arg, call);
    fiber->owner = call;
    fiber->task_next = call->tasks;
    if (call->tasks != NULL)
        call->tasks->task_prev = fiber;
    call->tasks = fiber;
    return (struct hull_task *)(void *)fiber;
}

/* What a detached fiber leaves behind. */
static void end_detached(struct fiber *fiber)
{
    if (fiber->rc < 0 && fiber->rc != -HULL_CANCELED)
        hull_log(&fiber->root, HULL_LOG_ERROR, "fiber failed", "fiber", fiber->name, "kind",
                 hull_kind_name(fiber->rc), "error", hull_error(&fiber->root), NULL);
    struct plugin *plugin = fiber->root.plugin;
    if (plugin == NULL)
        return;
    HULL_ASSERT(plugin->fibers > 0);
    plugin->fibers--;
    hull_cond_broadcast(&plugin->changed);
}

void task_end(struct fiber *fiber)
{
    if (fiber->detached)
        end_detached(fiber);
    if (fiber->task_next != NULL)
        fiber->task_next->task_prev = fiber->task_prev;
    if (fiber->task_prev != NULL)
        fiber->task_prev->task_next = fiber->task_next;
    else if (fiber->owner != NULL)
        fiber->owner->tasks = fiber->task_next;
    fiber_free(fiber);
}

int hull_task_join(struct hull_call *call, struct hull_task *task)
{
    struct fiber *fiber = of_task(task);
    int waited = 0;
    call_check_owner(call);
    while (fiber->state != FIBER_DONE && waited == 0)
        waited = cond_wait(call, &fiber->ended, "task", (intptr_t)fiber->name);
    hull_task_cancel(task);
    /* What its ARG points at is in use, and may be on this stack. */
    while (fiber->state != FIBER_DONE)
        cond_wait(NULL, &fiber->ended, "task", (intptr_t)fiber->name);
    int rc = waited < 0 && fiber->rc == -HULL_CANCELED ? waited : fiber->rc;
    if (waited < 0 && rc != waited)
        hull_error_clear(call);
    if (rc < 0 && rc != waited)
        slot_move(&call->scope->slot, &fiber->scope.slot);
    task_end(fiber);
    return rc;
}

void hull_task_cancel(struct hull_task *task)
{
    struct fiber *fiber = of_task(task);
    if (fiber->state != FIBER_DONE)
        hull_cancel(&fiber->root);
}

static void new_id(struct scope *scope)
{
    snprintf(scope->id, sizeof(scope->id), "r%llu", (unsigned long long)++core.last_request);
}

void hull_spawn(const char *name, hull_task_fn *fn, void *arg)
{
    struct fiber *fiber = fiber_start(name, fn, arg, NULL);
    fiber->detached = true;
    new_id(&fiber->scope);
    if (core.current != NULL && core.current->top != NULL)
        fiber->root.plugin = core.current->top->plugin;
    if (fiber->root.plugin != NULL)
        fiber->root.plugin->fibers++;
}

/* --- requests -------------------------------------------------------------------------------- */

static void log_failure(const struct hull_call *call, const char *name, int rc)
{
    enum hull_level level = hull_kind_status(rc) >= 500 ? HULL_LOG_ERROR : HULL_LOG_DEBUG;
    hull_log(call, level, "request failed", "name", name, "kind", hull_kind_name(rc), "error",
             hull_error(call), NULL);
}

int hull_request(struct hull_call *call, const char *name, int64_t deadline_ms, hull_task_fn *fn,
                 void *arg)
{
    call_check_owner(call);
    if (core.stopping)
        return hull_fail(call, HULL_UNAVAILABLE, "the engine is shutting down");
    struct fiber *fiber = core.current;
    const char *outer_name = fiber->name;
    struct hull_arena arena = {};
    struct scope scope = {.arena = &arena};
    new_id(&scope);
    struct hull_call own;
    call_begin(&own, call, &scope);
    own.request = true;
    hull_call_set_timeout(&own, deadline_ms);
    fiber->name = name;
    int rc = call_end(&own, fn(&own, arg));
    fiber->name = outer_name;
    if (rc < 0)
        log_failure(&own, name, rc);
    if (rc < 0)
        slot_move(&call->scope->slot, &scope.slot);
    slot_set(&scope.slot, HULL_OK, NULL);
    arena_done(&arena);
    hull_cond_broadcast(&core.something_ended);
    return rc;
}

static bool below(const struct hull_call *call, const struct hull_call *above)
{
    while (call != NULL && call != above)
        call = call->parent;
    return call != NULL;
}

void request_cancel_all(const struct hull_call *but)
{
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        for (struct hull_call *at = fiber->top; at != NULL; at = at->outer) {
            if (at->request && !below(but, at))
                hull_cancel(at);
        }
    }
}

size_t request_count(const struct hull_call *but)
{
    size_t count = 0;
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        for (const struct hull_call *at = fiber->top; at != NULL; at = at->outer)
            count += at->request && !below(but, at);
    }
    return count;
}
