/* Worker threads. */
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

struct square {
    int in, out;
    unsigned ms;
    pthread_t thread;
};

static int squares(struct hull_work *work, void *arg)
{
    struct square *square = arg;
    if (square->ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = (long)square->ms * 1000000}, NULL);
    square->thread = pthread_self();
    if (square->in < 0)
        return hull_problem_set(&work->problem, HULL_INVALID, "%d is negative", square->in);
    square->out = square->in * square->in;
    return 0;
}

FIBER_TEST(work_runs_elsewhere)
{
    struct square square = {.in = 7};
    CHECK_OK(hull_work(call, squares, &square));
    CHECK_INT(square.out, 49);
    CHECK(!pthread_equal(square.thread, pthread_self()));
    square.in = -1;
    CHECK_KIND(hull_work(call, squares, &square), HULL_INVALID);
    CHECK_STR(hull_error(call), "-1 is negative");
}

static int task_squares(struct hull_call *call, void *arg)
{
    return hull_work(call, squares, arg);
}

FIBER_TEST(more_work_than_threads)
{
    struct square squares_[100] = {};
    struct hull_task *tasks[100];
    for (int i = 0; i < 100; i++) {
        squares_[i] = (struct square){.in = i, .ms = (unsigned)i % 3};
        tasks[i] = hull_task_start(call, "squares", task_squares, &squares_[i]);
    }
    for (int i = 0; i < 100; i++) {
        CHECK_OK(hull_task_join(call, tasks[i]));
        CHECK_INT(squares_[i].out, i * i);
    }
}

static int one_worker(struct hull_call *call, void *arg)
{
    (void)arg;
    struct square a = {.in = 2, .ms = 100}, b = {.in = 3};
    struct hull_task *first = hull_task_start(call, "a", task_squares, &a);
    CHECK_OK(hull_sleep(call, 20));
    struct hull_task *second = hull_task_start(call, "b", task_squares, &b);
    CHECK_OK(hull_task_join(call, second));
    CHECK_INT(a.out, 4); /* in order */
    CHECK_OK(hull_task_join(call, first));
    CHECK(pthread_equal(a.thread, b.thread));
    return 0;
}

TEST(the_number_of_threads_is_limited)
{
    struct hull_core_options options = tap_options();
    options.workers = 1;
    CHECK_INT(hull_core_run(&options, one_worker, NULL), 0);
    CHECK_INT(hull_core_run(&options, one_worker, NULL), 0);
}

static int brief_beside_long(struct hull_call *call, void *arg)
{
    (void)arg;
    struct square a = {.in = 2, .ms = 300}, b = {.in = 3};
    struct hull_task *first = hull_task_start(call, "a", task_squares, &a);
    CHECK_OK(hull_sleep(call, 20));
    CHECK_OK(hull_work_brief(call, squares, &b));
    CHECK_INT(b.out, 9);
    CHECK_INT(a.out, 0); /* the only worker is still at it */
    CHECK_OK(hull_task_join(call, first));
    return 0;
}

TEST(brief_work_does_not_wait_for_long_work)
{
    struct hull_core_options options = tap_options();
    options.workers = 1;
    CHECK_INT(hull_core_run(&options, brief_beside_long, NULL), 0);
}

FIBER_TEST(the_loop_goes_on_meanwhile)
{
    struct square square = {.in = 1, .ms = 300};
    struct hull_task *task = hull_task_start(call, "squares", task_squares, &square);
    int turns = 0;
    for (; turns < 20; turns++)
        CHECK_OK(hull_sleep(call, 1));
    int64_t before = hull_now_ms();
    CHECK_OK(hull_task_join(call, task));
    CHECK(hull_now_ms() > before); /* all these turns were meanwhile */
}

static int until_canceled(struct hull_work *work, void *arg)
{
    *(_Atomic bool *)arg = true;
    while (!*work->canceled)
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    *(_Atomic bool *)arg = false;
    return hull_problem_set(&work->problem, HULL_CANCELED, "stopped half way");
}

static int task_until_canceled(struct hull_call *call, void *arg)
{
    return hull_work(call, until_canceled, arg);
}

FIBER_TEST(cancel_is_seen_and_the_end_awaited)
{
    _Atomic bool running = false;
    struct hull_task *task = hull_task_start(call, "until", task_until_canceled, &running);
    while (!running)
        CHECK_OK(hull_sleep(call, 1));
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    CHECK_STR(hull_error(call), "stopped half way");
    CHECK(!running);
}

FIBER_TEST(a_deadline_is_seen_by_the_worker)
{
    _Atomic bool running = false;
    hull_call_set_timeout(call, 10);
    CHECK_KIND(hull_work(call, until_canceled, &running), HULL_CANCELED);
    CHECK(!running);
}

FIBER_TEST(work_that_ends_well_is_done_although_cancelled)
{
    struct square square = {.in = 3, .ms = 20};
    hull_call_set_timeout(call, 5);
    CHECK_OK(hull_work(call, squares, &square));
    CHECK_INT(square.out, 9);
    CHECK_KIND(hull_work(call, squares, &square), HULL_TIMEOUT);
}

static int reads_mask(struct hull_work *work, void *arg)
{
    (void)work;
    return pthread_sigmask(SIG_SETMASK, NULL, arg);
}

FIBER_TEST(workers_take_no_signals)
{
    sigset_t mask;
    CHECK_OK(hull_work(call, reads_mask, &mask));
    CHECK(sigismember(&mask, SIGTERM) && sigismember(&mask, SIGCHLD));
}

TAP_MAIN
