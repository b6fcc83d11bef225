/*
 * What the files of the core share: calls, fibers, the loop.
 *
 * There is one core in a process, and but for core/work.c all of it runs on one thread.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <event2/event.h>

#include <hull/daemon.h>
#include <hull/hull.h>

#include "core/arena.h"

/* Nested calls: above this it is a circle. */
#define CALL_DEPTH 64
/* An undo or defer entry may take so long. */
#define CLEANUP_MS 30000

/* --- calls: core/call.c ---------------------------------------------------------------------- */

/* An error slot. The text is malloc'ed. */
struct slot {
    enum hull_kind kind;
    char *text;
};
/* TEXT is taken. */
void slot_set(struct slot *slot, enum hull_kind kind, char *text);
/* Move what FROM holds to TO. */
void slot_move(struct slot *to, struct slot *from);

/* What all calls of a request share; a task has one of its own. */
struct scope {
    char id[24];
    struct hull_arena *arena;
    struct slot slot;
};

struct cleanup {
    struct cleanup *below;
    hull_cleanup_fn *fn; /* NULL: committed */
    void *arg;
    bool undo;
};

#define CALL_MAGIC 0x63616c6cu
struct hull_call {
    uint32_t magic;
    uint32_t depth;
    uint32_t shield;
    bool canceled;
    bool barrier; /* the state of the calls above is not seen from here on */
    bool readied;
    bool request;             /* begins a request: see hull_request() */
    struct hull_call *parent; /* who asked */
    struct hull_call *outer;  /* below it on the same stack */
    struct scope *scope;
    struct fiber *fiber;    /* whose stack it is on */
    struct plugin *plugin;  /* whose code runs */
    struct plugin *loading; /* the call loads this one */
    const struct hull_method *method;
    const struct hull_sink *sink;
    struct hull_lock *emit_lock; /* tasks below emit one at a time */
    int64_t deadline_ms;
    struct cleanup *cleanups;
    struct fiber *tasks; /* started below it, and not joined */
};

/* Begin a call below PARENT (may be NULL) on the running fiber. */
void call_begin(struct hull_call *call, struct hull_call *parent, struct scope *scope);
/* End it: its tasks, its cleanup list. Returns RC. Yields. */
int call_end(struct hull_call *call, int rc);
/* 0, -HULL_CANCELED or -HULL_TIMEOUT; the slot is left alone. *ret_deadline_ms may be NULL. */
int call_state(const struct hull_call *call, int64_t *ret_deadline_ms);
/* hull_check(), and now and then (often under a seed) other fibers run. */
int call_pause(struct hull_call *call);
/* Fill the slot for what call_state() returned. */
int call_ended(struct hull_call *call, int rc, const char *what);
/* A bug unless CALL is one of the running fiber. */
void call_check_owner(const struct hull_call *call);

/* --- fibers: core/fiber.c -------------------------------------------------------------------- */

enum fiber_state { FIBER_READY, FIBER_RUNNING, FIBER_WAITING, FIBER_DONE };
enum wake { WAKE_EVENT, WAKE_TIMER, WAKE_CANCEL };

struct hull_task;
struct fiber {
    const char *name;
    enum fiber_state state;
    enum wake wake;
    /* The switch. */
    void *sp;
    void *stack;
    size_t stack_size;
    void *asan;
    void *tsan;
    /* Lists: runnable ones, all. */
    struct fiber *ready_next, *ready_prev;
    struct fiber *all_next, *all_prev;
    /* What it waits for. */
    struct hull_call *wait_call; /* NULL: can't be cut short */
    const char *wait_what;
    intptr_t wait_on;
    int64_t wait_since_ms;
    unsigned pauses; /* since it last yielded */
    int64_t ran_since_ms;
    /* What it runs. */
    hull_task_fn *fn;
    void *arg;
    int rc;
    struct hull_call *top; /* the innermost call on its stack */
    struct hull_call root;
    struct scope scope;
    struct hull_arena arena;
    /* As a task: its place on the list of the call that started it. */
    struct hull_call *owner;
    struct fiber *task_next, *task_prev;
    struct hull_cond ended;
    bool detached;
};

/* A fiber that will run FN with a call below PARENT, which may be NULL. */
struct fiber *fiber_start(const char *name, hull_task_fn *fn, void *arg, struct hull_call *parent);
/* Give back a fiber that is done. */
void fiber_free(struct fiber *fiber);
/* Run FIBER until it waits or ends. */
void fiber_resume(struct fiber *fiber);
/* From a fiber: to the loop, until it is resumed. */
void fiber_suspend(void);
/* Unmap the stacks that are kept for later. */
void fiber_pool_done(void);
/* Bytes left of the running fiber's stack. */
size_t fiber_stack_left(void);
/* Remember the loop's own stack, for the sanitizers. */
void fiber_thread_init(void);

/* --- the loop: core/loop.c, core/wait.c ------------------------------------------------------ */

struct core {
    bool running;
    bool stopping;
    struct event_base *base;
    struct hull_core_options options;
    struct fiber *current;
    struct fiber *all;
    size_t fiber_count;
    struct fiber *ready, *ready_last;
    size_t ready_count;
    int64_t now_ms; /* at the last turn of the loop */
    uint64_t random;
    uint64_t last_request;
    uint64_t stalls;
    unsigned turns;
    struct hull_cond something_ended; /* a fiber, a request */
    hull_trace_fn *trace;
};
extern struct core core;

/* A runnable fiber at the end of the line. */
void loop_ready(struct fiber *fiber);
/* Turn the loop until FIBER is done. */
void loop_run(const struct fiber *fiber);
int loop_init(void);
void loop_done(void);
/* A number below LIMIT, from the seed. */
uint64_t loop_random(uint64_t limit);
/* The clock of hull_now_ms() in microseconds. */
int64_t now_us(void);

#define WAIT_EXPIRED 1
#define FOREVER_US INT64_MAX
/*
 * The one place where a fiber waits: until fiber_wake() (0), until UNTIL_US (WAIT_EXPIRED), or
 * until CALL is cancelled or overdue (the error, with the slot filled). With CALL NULL nothing
 * cuts it short. WHAT is a literal and ON a number, shown to who asks what the fiber waits for.
 */
int fiber_wait(struct hull_call *call, const char *what, intptr_t on, int64_t until_us);
/* Make FIBER runnable; false when it does not wait. */
bool fiber_wake(struct fiber *fiber, enum wake wake);
/* The place where a fiber waits behind others, on its stack. */
int cond_wait(struct hull_call *call, struct hull_cond *cond, const char *what, intptr_t on);
/* The same until UNTIL_US: WAIT_EXPIRED. */
int cond_wait_until(struct hull_call *call, struct hull_cond *cond, const char *what, intptr_t on,
                    int64_t until_us);

/* hull_wait_fd() under the name WHAT. */
int wait_fd(struct hull_call *call, int fd, short events, const char *what);

/* --- the rest -------------------------------------------------------------------------------- */

void task_end(struct fiber *fiber);
void work_done(void);
void topics_done(void);
void request_cancel_all(const struct hull_call *but);
size_t request_count(const struct hull_call *but);

#endif
