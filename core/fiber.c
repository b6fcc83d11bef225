#include "core/core.h"

#include <errno.h>
#include <string.h>

#include "core/sanitizer.h"
#include "core/stack.h"
#include "core/switch.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(from, to) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

/* The loop's own stack. */
static struct {
    void *sp;
    void *tsan;
    void *asan;
    const void *stack;
    size_t stack_size;
} loop_stack;

/* A fiber lies at the upper end of its own stack: one mapping holds all of it. */
struct fiber_memory {
    struct fiber fiber;
    unsigned valgrind;
} __attribute__((aligned(64)));

/* --- the switch, with what the sanitizers have to know -------------------------------------- */

static void leave_loop(struct fiber *fiber)
{
#if CORE_ASAN
    __sanitizer_start_switch_fiber(&loop_stack.asan, fiber->stack, fiber->stack_size);
#endif
#if CORE_TSAN
    __tsan_switch_to_fiber(fiber->tsan, 0);
#endif
    switch_stack(&loop_stack.sp, fiber->sp);
#if CORE_ASAN
    __sanitizer_finish_switch_fiber(loop_stack.asan, NULL, NULL);
#endif
}

static void arrive_in_fiber(void *asan)
{
#if CORE_ASAN
    __sanitizer_finish_switch_fiber(asan, &loop_stack.stack, &loop_stack.stack_size);
#else
    (void)asan;
#endif
}

__attribute__((noinline)) static void leave_fiber(struct fiber *fiber)
{
#if CORE_ASAN
    void **keep = fiber->state == FIBER_DONE ? NULL : &fiber->asan;
    __sanitizer_start_switch_fiber(keep, loop_stack.stack, loop_stack.stack_size);
#endif
#if CORE_TSAN
    __tsan_switch_to_fiber(loop_stack.tsan, 0);
#endif
    switch_stack(&fiber->sp, loop_stack.sp);
    arrive_in_fiber(fiber->asan);
}

void fiber_thread_init(void)
{
#if CORE_TSAN
    loop_stack.tsan = __tsan_get_current_fiber();
#endif
}

/* --- a fiber's life -------------------------------------------------------------------------- */

static void fiber_main(void)
{
    arrive_in_fiber(NULL);
    struct fiber *fiber = core.current;
    struct hull_call *call = &fiber->root;
    int rc = fiber->fn(call, fiber->arg);
    fiber->rc = call_end(call, rc);
    HULL_ASSERT(call->shield == 0);
    fiber->state = FIBER_DONE;
    leave_fiber(fiber);
    hull_bug(__FILE__, __LINE__, "a fiber that has ended runs");
}

static struct fiber *fiber_new(void)
{
    size_t size;
    char *stack = stack_new(&size);
    size_t usable = size - sizeof(struct fiber_memory);
    struct fiber_memory *memory = (struct fiber_memory *)(void *)(stack + usable);
    memset(memory, 0, sizeof(*memory));
    struct fiber *fiber = &memory->fiber;
    fiber->stack = stack;
    fiber->stack_size = usable;
    fiber->sp = switch_prepare(stack, usable, fiber_main);
    memory->valgrind = VALGRIND_STACK_REGISTER(stack, stack + usable);
#if CORE_TSAN
    fiber->tsan = __tsan_create_fiber(0);
#endif
#if CORE_ASAN
    /* Nothing but its stack points at what a waiting fiber holds. */
    __lsan_register_root_region(stack, size);
#endif
    return fiber;
}

static void link_fiber(struct fiber *fiber)
{
    fiber->all_next = core.all;
    if (core.all != NULL)
        core.all->all_prev = fiber;
    core.all = fiber;
    core.fiber_count++;
}

static void unlink_fiber(struct fiber *fiber)
{
    if (fiber->all_next != NULL)
        fiber->all_next->all_prev = fiber->all_prev;
    if (fiber->all_prev != NULL)
        fiber->all_prev->all_next = fiber->all_next;
    else
        core.all = fiber->all_next;
    core.fiber_count--;
}

struct fiber *fiber_start(const char *name, hull_task_fn *fn, void *arg, struct hull_call *parent)
{
    HULL_ASSERT(core.running);
    struct fiber *fiber = fiber_new();
    fiber->name = name;
    fiber->fn = fn;
    fiber->arg = arg;
    fiber->scope.arena = &fiber->arena;
    fiber->root = (struct hull_call){
        .magic = CALL_MAGIC,
        .parent = parent,
        .scope = &fiber->scope,
        .fiber = fiber,
        .deadline_ms = HULL_FOREVER,
    };
    if (parent != NULL) {
        memcpy(fiber->scope.id, parent->scope->id, sizeof(fiber->scope.id));
        fiber->root.plugin = parent->plugin;
        fiber->root.depth = parent->depth + 1;
    }
    fiber->top = &fiber->root;
    link_fiber(fiber);
    loop_ready(fiber);
    return fiber;
}

void fiber_free(struct fiber *fiber)
{
    HULL_ASSERT(fiber->state == FIBER_DONE);
    unlink_fiber(fiber);
    hull_cond_broadcast(&core.something_ended);
    slot_set(&fiber->scope.slot, HULL_OK, NULL);
    arena_done(&fiber->arena);
    VALGRIND_STACK_DEREGISTER(((struct fiber_memory *)fiber)->valgrind);
#if CORE_TSAN
    __tsan_destroy_fiber(fiber->tsan);
#endif
    size_t size = fiber->stack_size + sizeof(struct fiber_memory);
#if CORE_ASAN
    __lsan_unregister_root_region(fiber->stack, size);
#endif
    stack_free(fiber->stack, size);
}

void fiber_resume(struct fiber *fiber)
{
    HULL_ASSERT(core.current == NULL);
    core.current = fiber;
    fiber->state = FIBER_RUNNING;
    leave_loop(fiber);
    core.current = NULL;
}

void fiber_suspend(void)
{
    struct fiber *fiber = core.current;
    HULL_ASSERT(fiber != NULL && fiber->state != FIBER_RUNNING);
    /* errno is the thread's, not the fiber's. */
    int saved = errno;
    leave_fiber(fiber);
    errno = saved;
}

size_t fiber_stack_left(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here - (uintptr_t)core.current->stack;
}
