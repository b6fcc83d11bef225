#include "core/core.h"

#include <stdio.h>
#include <string.h>

void call_check_owner(const struct hull_call *call)
{
    HULL_ASSERT(call != NULL && call->magic == CALL_MAGIC);
    if (call->fiber == core.current)
        return;
    char text[256];
    snprintf(text, sizeof(text), "a call of fiber \"%s\" is used in fiber \"%s\"",
             call->fiber->name, core.current == NULL ? "(none)" : core.current->name);
    hull_bug(__FILE__, __LINE__, text);
}

void call_begin(struct hull_call *call, struct hull_call *parent, struct scope *scope)
{
    *call = (struct hull_call){
        .magic = CALL_MAGIC,
        .parent = parent,
        .outer = core.current->top,
        .scope = scope,
        .fiber = core.current,
        .deadline_ms = HULL_FOREVER,
    };
    if (parent != NULL) {
        call->depth = parent->depth + 1;
        call->plugin = parent->plugin;
    }
    core.current->top = call;
}

/* --- cancellation ---------------------------------------------------------------------------- */

int call_state(const struct hull_call *call, int64_t *ret_deadline_ms)
{
    int64_t deadline = HULL_FOREVER;
    bool canceled = false;
    for (; call != NULL && call->shield == 0; call = call->parent) {
        canceled |= call->canceled;
        if (call->deadline_ms < deadline)
            deadline = call->deadline_ms;
        if (call->barrier)
            break;
    }
    if (ret_deadline_ms != NULL)
        *ret_deadline_ms = deadline;
    if (canceled)
        return -HULL_CANCELED;
    if (deadline != HULL_FOREVER && hull_now_ms() >= deadline)
        return -HULL_TIMEOUT;
    return 0;
}

int call_ended(struct hull_call *call, int rc, const char *what)
{
    const char *until = what == NULL ? "" : " while waiting for ";
    if (rc == -HULL_TIMEOUT)
        return hull_fail(call, HULL_TIMEOUT, "timed out%s%s", until, what == NULL ? "" : what);
    return hull_fail(call, HULL_CANCELED, "canceled%s%s", until, what == NULL ? "" : what);
}

int hull_check(struct hull_call *call)
{
    int rc = call_state(call, NULL);
    return rc == 0 ? 0 : call_ended(call, rc, NULL);
}

const struct hull_method *hull_call_method(const struct hull_call *call)
{
    while (call != NULL && call->method == NULL)
        call = call->parent;
    return call == NULL ? NULL : call->method;
}

int64_t hull_call_deadline(const struct hull_call *call)
{
    int64_t deadline;
    call_state(call, &deadline);
    return deadline;
}

void hull_call_set_timeout(struct hull_call *call, int64_t ms)
{
    int64_t deadline;
    if (ms == HULL_FOREVER || __builtin_add_overflow(hull_now_ms(), ms, &deadline))
        return;
    if (deadline < call->deadline_ms)
        call->deadline_ms = deadline;
}

void hull_shield(struct hull_call *call)
{
    call->shield++;
}

void hull_unshield(struct hull_call *call)
{
    HULL_ASSERT(call->shield > 0);
    call->shield--;
}

/* Wake what waits at CALL or below it, and no longer may. */
static void wake_below(struct hull_call *call)
{
    struct fiber *fiber = call->fiber;
    for (struct hull_call *at = fiber->top; at != NULL; at = at->outer) {
        for (struct fiber *task = at->tasks; task != NULL; task = task->task_next)
            wake_below(&task->root);
        if (at == call)
            break;
    }
    if (fiber->state == FIBER_WAITING && fiber->wait_call != NULL &&
        call_state(fiber->wait_call, NULL) != 0)
        fiber_wake(fiber, WAKE_CANCEL);
}

void hull_cancel(struct hull_call *call)
{
    HULL_ASSERT(call->magic == CALL_MAGIC);
    if (call->canceled)
        return;
    call->canceled = true;
    wake_below(call);
}

/* --- undo ------------------------------------------------------------------------------------ */

static void add_cleanup(struct hull_call *call, hull_cleanup_fn *fn, void *arg, bool undo)
{
    struct cleanup *entry = HULL_NEW(call->scope->arena, struct cleanup);
    *entry = (struct cleanup){call->cleanups, fn, arg, undo};
    call->cleanups = entry;
}

void hull_undo(struct hull_call *call, hull_cleanup_fn *fn, void *arg)
{
    add_cleanup(call, fn, arg, true);
}

void hull_defer(struct hull_call *call, hull_cleanup_fn *fn, void *arg)
{
    add_cleanup(call, fn, arg, false);
}

void hull_commit(struct hull_call *call)
{
    for (struct cleanup *entry = call->cleanups; entry != NULL; entry = entry->below) {
        if (entry->undo)
            entry->fn = NULL;
    }
}

static void run_cleanup(struct hull_call *call, const struct cleanup *entry)
{
    struct scope scope = {.arena = call->scope->arena};
    memcpy(scope.id, call->scope->id, sizeof(scope.id));
    struct hull_call own;
    call_begin(&own, call, &scope);
    own.barrier = true;
    hull_call_set_timeout(&own, CLEANUP_MS);
    entry->fn(&own, entry->arg);
    call_end(&own, 0);
    if (scope.slot.kind != HULL_OK)
        hull_log(call, HULL_LOG_WARN, entry->undo ? "undo failed" : "cleanup failed", "error",
                 scope.slot.text, NULL);
    slot_set(&scope.slot, HULL_OK, NULL);
}

/* Tasks that nobody joined end before what they use is taken back. */
static void end_tasks(struct hull_call *call)
{
    for (struct fiber *task = call->tasks; task != NULL; task = task->task_next)
        hull_task_cancel((struct hull_task *)(void *)task);
    while (call->tasks != NULL) {
        struct fiber *task = call->tasks;
        while (task->state != FIBER_DONE)
            cond_wait(NULL, &task->ended, "task", (intptr_t)task->name);
        task_end(task);
    }
}

int call_end(struct hull_call *call, int rc)
{
    if (__builtin_expect(call->tasks != NULL, 0))
        end_tasks(call);
    while (__builtin_expect(call->cleanups != NULL, 0)) {
        struct cleanup *entry = call->cleanups;
        call->cleanups = entry->below;
        if (entry->fn != NULL && (rc < 0 || !entry->undo))
            run_cleanup(call, entry);
        if (call->tasks != NULL)
            end_tasks(call);
    }
    HULL_ASSERT(call->fiber == core.current && call->fiber->top == call);
    call->fiber->top = call->outer;
    call->magic = 0;
    return rc;
}

/* --- what a call has ------------------------------------------------------------------------- */

struct hull_arena *hull_call_arena(struct hull_call *call)
{
    return call->scope->arena;
}

const char *hull_call_id(const struct hull_call *call)
{
    return call->scope->id;
}

void *hull_alloc(struct hull_call *call, size_t size)
{
    return hull_arena_alloc(call->scope->arena, size);
}

char *hull_strdup(struct hull_call *call, const char *text)
{
    return hull_arena_strdup(call->scope->arena, text);
}

char *hull_printf(struct hull_call *call, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = hull_arena_vprintf(call->scope->arena, fmt, args);
    va_end(args);
    return text;
}
