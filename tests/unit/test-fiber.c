/* Fibers, tasks, conditions, locks, cancellation, deadlines. */
#include "tap.h"

#include <fcntl.h>
#include <time.h>

/* --- tasks ----------------------------------------------------------------------------------- */

static int count_up(struct hull_call *call, void *arg)
{
    int *count = arg;
    for (int i = 0; i < 3; i++) {
        CHECK_OK(hull_yield(call));
        ++*count;
    }
    return 0;
}

FIBER_TEST(tasks_run_and_are_joined)
{
    int count = 0;
    struct hull_task *tasks[50];
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        tasks[i] = hull_task_start(call, "count", count_up, &count);
    CHECK_INT(hull_debug_fiber_count(), 51);
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    CHECK_INT(count, 150);
    CHECK_INT(hull_debug_fiber_count(), 1);
}

static int fails(struct hull_call *call, void *arg)
{
    int rc = hull_yield(call);
    return rc < 0 ? rc : hull_fail(call, HULL_CONFLICT, "%s", (const char *)arg);
}

FIBER_TEST(join_copies_the_error)
{
    struct hull_task *a = hull_task_start(call, "a", fails, (void *)"a is in the way");
    struct hull_task *b = hull_task_start(call, "b", fails, (void *)"b is in the way");
    CHECK_KIND(hull_task_join(call, b), HULL_CONFLICT);
    CHECK_STR(hull_error(call), "b is in the way");
    CHECK_KIND(hull_task_join(call, a), HULL_CONFLICT);
    CHECK_STR(hull_error(call), "a is in the way");
}

static int sleeps(struct hull_call *call, void *arg)
{
    int rc = hull_sleep(call, 60000);
    if (arg != NULL)
        *(int *)arg = rc;
    return rc;
}

static int forgets_tasks(struct hull_call *call, void *arg)
{
    hull_task_start(call, "one", sleeps, arg);
    hull_task_start(call, "two", sleeps, NULL);
    return hull_yield(call);
}

FIBER_TEST(forgotten_tasks_are_cancelled_and_joined)
{
    int rc = 1;
    CHECK_OK(hull_request(call, "forgets", HULL_FOREVER, forgets_tasks, &rc));
    CHECK_INT(rc, -HULL_CANCELED);
    CHECK_INT(hull_debug_fiber_count(), 1);
}

FIBER_TEST(a_task_cancelled_before_it_ran_sees_it)
{
    int rc = 1;
    struct hull_task *task = hull_task_start(call, "sleeps", sleeps, &rc);
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    CHECK_INT(rc, -HULL_CANCELED);
}

static int joins(struct hull_call *call, void *arg)
{
    struct hull_task *inner = hull_task_start(call, "inner", sleeps, arg);
    return hull_task_join(call, inner);
}

FIBER_TEST(cancellation_goes_down_the_tree)
{
    int rc = 1;
    struct hull_task *task = hull_task_start(call, "joins", joins, &rc);
    CHECK_OK(hull_yield(call));
    CHECK_OK(hull_yield(call));
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    CHECK_INT(rc, -HULL_CANCELED);
}

static int sleeps_and_tidies_up(struct hull_call *call, void *arg)
{
    int rc = hull_sleep(call, 60000);
    hull_shield(call);
    CHECK_OK(hull_sleep(call, 5));
    hull_unshield(call);
    *(int *)arg = 7;
    return rc;
}

static int joins_with_its_stack(struct hull_call *call, void *arg)
{
    int value = 0;
    if (arg != NULL)
        hull_call_set_timeout(call, *(int *)arg);
    struct hull_task *task = hull_task_start(call, "tidies up", sleeps_and_tidies_up, &value);
    int rc = hull_task_join(call, task);
    CHECK_INT(value, 7);
    return rc;
}

FIBER_TEST(a_join_that_is_cut_short_waits_for_the_task)
{
    int timeout = 5;
    struct hull_task *task = hull_task_start(call, "joins", joins_with_its_stack, NULL);
    CHECK_OK(hull_yield(call));
    CHECK_OK(hull_yield(call));
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    task = hull_task_start(call, "joins", joins_with_its_stack, &timeout);
    CHECK_KIND(hull_task_join(call, task), HULL_TIMEOUT);
}

static int deep(struct hull_call *call, void *arg)
{
    volatile char room[2048];
    int depth = *(int *)arg;
    room[0] = (char)depth;
    if (depth == 0)
        return hull_yield(call);
    int less = depth - 1;
    int rc = deep(call, &less);
    return rc < 0 ? rc : room[0] - (char)depth;
}

FIBER_TEST(a_stack_has_room)
{
    int depth = 80;
    struct hull_task *task = hull_task_start(call, "deep", deep, &depth);
    CHECK_OK(hull_task_join(call, task));
}

static int quick(struct hull_call *call, void *arg)
{
    (void)call;
    ++*(int *)arg;
    return 0;
}

FIBER_TEST_LIMIT(many_fibers_at_once, 60)
{
    int count = 0, n = TAP_SANITIZED ? 200 : 20000;
    struct hull_task **tasks = calloc((size_t)n, sizeof(struct hull_task *));
    for (int i = 0; i < n; i++) {
        tasks[i] = hull_task_start(call, "quick", quick, &count);
        /* On a busy machine twenty thousand at a stretch would look like a stall. */
        if (i % 500 == 499)
            CHECK_OK(hull_yield(call));
    }
    for (int i = 0; i < n; i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    free(tasks);
    CHECK_INT(count, n);
}

static int spawned(struct hull_call *call, void *arg)
{
    CHECK_HAS(hull_call_id(call), "r");
    int rc = hull_sleep(call, 1);
    ++*(int *)arg;
    return rc;
}

FIBER_TEST(detached_fibers_end_by_themselves)
{
    static int count;
    for (int i = 0; i < 5; i++)
        hull_spawn("spawned", spawned, &count);
    while (hull_debug_fiber_count() > 1)
        CHECK_OK(hull_sleep(call, 1));
    CHECK_INT(count, 5);
}

static int spawns_forever(struct hull_call *call, void *arg)
{
    (void)call;
    (void)arg;
    hull_spawn("forever", sleeps, NULL);
    return 0;
}

TEST(stray_fibers_end_with_the_core)
{
    for (int i = 0; i < 3; i++)
        CHECK_INT(tap_core(spawns_forever, NULL), 0);
}

/* --- cancellation in every state ------------------------------------------------------------- */

struct waits {
    struct hull_cond cond;
    struct hull_lock lock;
    int fds[2];
    struct hull_stream *reader, *writer;
};

static int wait_sleep(struct hull_call *call, void *arg)
{
    (void)arg;
    return hull_sleep(call, INT64_MAX);
}

static int wait_cond(struct hull_call *call, void *arg)
{
    return hull_cond_wait(call, &((struct waits *)arg)->cond);
}

static int wait_lock(struct hull_call *call, void *arg)
{
    return hull_lock(call, &((struct waits *)arg)->lock);
}

static int wait_one_fd(struct hull_call *call, void *arg)
{
    return hull_wait_fd(call, ((struct waits *)arg)->fds[0], POLLIN);
}

static int wait_many_fds(struct hull_call *call, void *arg)
{
    struct pollfd fds[12];
    for (size_t i = 0; i < HULL_COUNT(fds); i++)
        fds[i] =
            (struct pollfd){.fd = i == 5 ? ((struct waits *)arg)->fds[0] : -1, .events = POLLIN};
    return hull_wait_fds(call, fds, HULL_COUNT(fds));
}

static int wait_join(struct hull_call *call, void *arg)
{
    return hull_task_join(call, hull_task_start(call, "inner", wait_sleep, arg));
}

static int wait_read(struct hull_call *call, void *arg)
{
    char byte;
    return (int)hull_stream_read(call, ((struct waits *)arg)->reader, &byte, 1);
}

static int wait_write(struct hull_call *call, void *arg)
{
    char bytes[100] = {0};
    return hull_stream_write(call, ((struct waits *)arg)->writer, bytes, sizeof(bytes));
}

static int wait_for_signal(struct hull_call *call, void *arg)
{
    (void)arg;
    return hull_wait_signal(call, (const int[]){SIGUSR2, 0});
}

static int wait_event(struct hull_call *call, void *arg)
{
    (void)arg;
    static const struct hull_topic topic = {"nothing", &hull_empty_message};
    struct hull_subscription *subscription = hull_subscribe(&topic, 1);
    struct hull_empty event;
    hull_defer(call, hull_unsubscribe_cleanup, subscription);
    return hull_next_event(call, subscription, hull_call_arena(call), &event, NULL);
}

static int wait_request(struct hull_call *call, void *arg)
{
    return hull_request(call, "inner request", HULL_FOREVER, wait_cond, arg);
}

static hull_task_fn *const states[] = {wait_sleep, wait_cond,     wait_lock,   wait_one_fd,
                                       wait_join,  wait_read,     wait_write,  wait_for_signal,
                                       wait_event, wait_many_fds, wait_request};

static void open_waits(struct hull_call *call, struct waits *waits)
{
    CHECK(pipe2(waits->fds, O_CLOEXEC | O_NONBLOCK) == 0);
    CHECK_OK(hull_lock(call, &waits->lock));
    hull_stream_pair(10, &waits->reader, &waits->writer);
}

static void close_waits(struct waits *waits)
{
    hull_unlock(&waits->lock);
    CHECK(waits->cond.waiters == NULL && waits->lock.owner == NULL);
    close(waits->fds[0]);
    close(waits->fds[1]);
    hull_stream_close(waits->reader);
    hull_stream_close(waits->writer);
}

FIBER_TEST(cancel_reaches_every_wait)
{
    for (size_t i = 0; i < HULL_COUNT(states); i++) {
        struct waits waits = {};
        open_waits(call, &waits);
        struct hull_task *task = hull_task_start(call, "waits", states[i], &waits);
        CHECK_OK(hull_sleep(call, 5));
        int64_t before = hull_now_ms();
        hull_task_cancel(task);
        int rc = hull_task_join(call, task);
        if (rc != -HULL_CANCELED)
            FAIL("state %zu: %d: %s", i, rc, hull_error(call));
        CHECK_HAS(hull_error(call), "canceled while waiting for");
        CHECK(hull_now_ms() - before < 500);
        close_waits(&waits);
    }
}

struct timed {
    hull_task_fn *fn;
    struct waits *waits;
};

static int with_timeout(struct hull_call *call, void *arg)
{
    struct timed *timed = arg;
    hull_call_set_timeout(call, 20);
    return timed->fn(call, timed->waits);
}

FIBER_TEST(a_deadline_ends_every_wait)
{
    for (size_t i = 0; i < HULL_COUNT(states); i++) {
        struct waits waits = {};
        open_waits(call, &waits);
        struct timed timed = {states[i], &waits};
        int64_t before = hull_now_ms();
        struct hull_task *task = hull_task_start(call, "waits", with_timeout, &timed);
        int rc = hull_task_join(call, task);
        if (rc != -HULL_TIMEOUT)
            FAIL("state %zu: %d: %s", i, rc, hull_error(call));
        CHECK(hull_now_ms() - before >= 19 && hull_now_ms() - before < 1000);
        close_waits(&waits);
    }
}

FIBER_TEST(a_cancelled_call_stays_cancelled)
{
    hull_cancel(call);
    hull_cancel(call);
    CHECK_KIND(hull_check(call), HULL_CANCELED);
    CHECK_KIND(hull_sleep(call, 1), HULL_CANCELED);
    CHECK_KIND(hull_yield(call), HULL_CANCELED);
    struct hull_lock lock = {};
    CHECK_KIND(hull_lock(call, &lock), HULL_CANCELED);
    CHECK(lock.owner == NULL);
}

/* --- deadlines ------------------------------------------------------------------------------- */

static int deadline_below(struct hull_call *call, void *arg)
{
    *(int64_t *)arg = hull_call_deadline(call);
    hull_call_set_timeout(call, 1000000000);
    CHECK_INT(hull_call_deadline(call), *(int64_t *)arg);
    return 0;
}

FIBER_TEST(deadlines_are_inherited_and_only_come_forward)
{
    int64_t below = 0;
    CHECK_INT(hull_call_deadline(call), HULL_FOREVER);
    hull_call_set_timeout(call, 100000);
    int64_t mine = hull_call_deadline(call);
    CHECK(mine <= hull_now_ms() + 100000);
    CHECK_OK(hull_task_join(call, hull_task_start(call, "below", deadline_below, &below)));
    CHECK_INT(below, mine);
    CHECK_OK(hull_request(call, "below", HULL_FOREVER, deadline_below, &below));
    CHECK_INT(below, mine);
    CHECK_OK(hull_request(call, "below", 10, deadline_below, &below));
    CHECK(below < mine);
    hull_call_set_timeout(call, 200000);
    CHECK_INT(hull_call_deadline(call), mine);
    hull_shield(call);
    CHECK_INT(hull_call_deadline(call), HULL_FOREVER);
    hull_unshield(call);
}

FIBER_TEST(sleep_lasts_as_long_as_it_says)
{
    for (int ms = 0; ms < 20; ms += 3) {
        int64_t before = hull_time_ns();
        CHECK_OK(hull_sleep(call, ms));
        CHECK(hull_time_ns() - before >= (int64_t)ms * 1000000);
    }
}

static int sleeps_ms(struct hull_call *call, void *arg)
{
    return hull_sleep(call, (intptr_t)arg);
}

FIBER_TEST(timers_fire_in_order)
{
    struct hull_task *tasks[200];
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        tasks[i] = hull_task_start(call, "sleeps", sleeps_ms, (void *)(intptr_t)(i * 7919 % 50));
    for (size_t i = 0; i < HULL_COUNT(tasks); i += 2)
        hull_task_cancel(tasks[i]);
    for (size_t i = 0; i < HULL_COUNT(tasks); i++) {
        int rc = hull_task_join(call, tasks[i]);
        CHECK(rc == 0 || (i % 2 == 0 && rc == -HULL_CANCELED));
    }
}

/* --- shield ---------------------------------------------------------------------------------- */

static int commits(struct hull_call *call, void *arg)
{
    hull_shield(call);
    hull_shield(call);
    CHECK_OK(hull_sleep(call, 20));
    hull_unshield(call);
    CHECK_OK(hull_sleep(call, 1));
    *(bool *)arg = true;
    hull_unshield(call);
    return hull_sleep(call, 60000);
}

FIBER_TEST(shield_protects_a_commit)
{
    bool committed = false;
    struct hull_task *task = hull_task_start(call, "commits", commits, &committed);
    CHECK_OK(hull_yield(call));
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    CHECK(committed);
}

/* --- conditions and locks -------------------------------------------------------------------- */

struct queue {
    struct hull_cond cond;
    int order[8];
    int woken;
};

struct queued {
    struct queue *queue;
    int number;
};

static int waits_in_line(struct hull_call *call, void *arg)
{
    struct queued *queued = arg;
    int rc = hull_cond_wait(call, &queued->queue->cond);
    if (rc == 0)
        queued->queue->order[queued->queue->woken++] = queued->number;
    return rc;
}

FIBER_TEST(signal_wakes_the_oldest_broadcast_all)
{
    struct queue queue = {};
    struct queued queued[5];
    struct hull_task *tasks[5];
    for (int i = 0; i < 5; i++) {
        queued[i] = (struct queued){&queue, i};
        tasks[i] = hull_task_start(call, "waits", waits_in_line, &queued[i]);
        CHECK_OK(hull_sleep(call, 1));
    }
    hull_cond_signal(&queue.cond);
    CHECK_OK(hull_sleep(call, 1));
    CHECK(queue.woken == 1 && queue.order[0] == 0);
    /* A signal is not lost on a waiter that was just cancelled. */
    hull_task_cancel(tasks[1]);
    hull_cond_signal(&queue.cond);
    CHECK_OK(hull_sleep(call, 1));
    CHECK(queue.woken == 2 && queue.order[1] == 2);
    hull_cond_broadcast(&queue.cond);
    hull_cond_broadcast(&queue.cond);
    for (int i = 0; i < 5; i++)
        CHECK_INT(hull_task_join(call, tasks[i]), i == 1 ? -HULL_CANCELED : 0);
    CHECK_INT(queue.woken, 4);
    CHECK(queue.cond.waiters == NULL);
}

struct shared {
    struct hull_lock lock;
    int inside, total;
};

static int changes(struct hull_call *call, void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < 20; i++) {
        int rc = hull_lock(call, &shared->lock);
        if (rc < 0)
            return rc;
        CHECK_INT(shared->inside++, 0);
        for (int j = 0; j < 3; j++)
            CHECK_OK(hull_yield(call));
        shared->inside--;
        shared->total++;
        hull_unlock(&shared->lock);
    }
    return 0;
}

FIBER_TEST(a_lock_lets_one_in)
{
    struct shared shared = {};
    struct hull_task *tasks[10];
    for (int i = 0; i < 10; i++)
        tasks[i] = hull_task_start(call, "changes", changes, &shared);
    for (int i = 0; i < 10; i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    CHECK_INT(shared.total, 200);
    CHECK(shared.lock.owner == NULL && shared.lock.cond.waiters == NULL);
}

static int locks_and_unlocks(struct hull_call *call, void *lock)
{
    int rc = hull_lock(call, lock);
    if (rc == 0)
        hull_unlock(lock);
    return rc;
}

/* What wakes a waiter may be over when it runs: that is no lock. */
FIBER_TEST(a_lock_is_not_had_by_being_woken)
{
    struct hull_lock lock = {};
    CHECK_OK(hull_lock(call, &lock));
    struct hull_task *task = hull_task_start(call, "locks", locks_and_unlocks, &lock);
    while (lock.cond.waiters == NULL)
        CHECK_OK(hull_yield(call));
    hull_cancel(call);
    hull_shield(call);
    for (int i = 0; i < 20; i++)
        CHECK_OK(hull_yield(call));
    CHECK(lock.cond.waiters != NULL);
    hull_unlock(&lock);
    CHECK_OK(hull_task_join(call, task));
    hull_unshield(call);
    CHECK(lock.owner == NULL);
}

static long resident_kb(void)
{
    long size, pages;
    FILE *file = fopen("/proc/self/statm", "re");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &pages) == 2);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int touches_stack(struct hull_call *call, void *arg)
{
    char deep[128 * 1024];
    memset(deep, 1, sizeof(deep));
    __asm__ volatile("" : : "r"(deep) : "memory");
    (void)arg;
    return hull_yield(call);
}

static int begins_request(struct hull_call *call, void *arg)
{
    struct hull_task *tasks[32];
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        tasks[i] = hull_task_start(call, "deep", touches_stack, arg);
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    return 0;
}

static int trims(struct hull_call *call, void *arg)
{
    (void)arg;
    return hull_trim_when_idle(call, 1);
}

FIBER_TEST(idle_gives_memory_back)
{
    struct hull_task *trim = hull_task_start(call, "trim", trims, NULL);
    CHECK_OK(hull_yield(call));
    CHECK_OK(hull_request(call, "request", HULL_FOREVER, begins_request, NULL));
    long busy = resident_kb();
    CHECK_OK(hull_request(call, "last", HULL_FOREVER, begins_request, NULL));
    for (int i = 0; i < 1000 && resident_kb() > busy - 3000; i++)
        CHECK_OK(hull_sleep(call, 1));
    CHECK(resident_kb() <= busy - 3000);
    hull_task_cancel(trim);
    CHECK_KIND(hull_task_join(call, trim), HULL_CANCELED);
}

static int takes_lock(struct hull_call *call, void *arg)
{
    int rc = hull_lock(call, arg);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, arg);
    return hull_sleep(call, 1);
}

FIBER_TEST(a_cancelled_waiter_does_not_get_the_lock)
{
    struct hull_lock lock = {};
    CHECK_OK(hull_lock(call, &lock));
    struct hull_task *first = hull_task_start(call, "first", takes_lock, &lock);
    CHECK_OK(hull_sleep(call, 1));
    struct hull_task *second = hull_task_start(call, "second", takes_lock, &lock);
    CHECK_OK(hull_sleep(call, 1));
    hull_task_cancel(first);
    hull_unlock(&lock);
    CHECK_KIND(hull_task_join(call, first), HULL_CANCELED);
    CHECK_OK(hull_task_join(call, second));
    CHECK(lock.owner == NULL);
}

/* --- descriptors ----------------------------------------------------------------------------- */

static int writes_later(struct hull_call *call, void *arg)
{
    int rc = hull_sleep(call, 2);
    CHECK(write(*(int *)arg, "x", 1) == 1);
    return rc;
}

FIBER_TEST(waiting_for_descriptors)
{
    int a[2], b[2];
    CHECK(pipe2(a, O_CLOEXEC) == 0 && pipe2(b, O_CLOEXEC) == 0);
    CHECK_INT(hull_wait_fd(call, a[1], POLLOUT), POLLOUT);
    struct hull_task *task = hull_task_start(call, "writes", writes_later, &a[1]);
    CHECK_INT(hull_wait_fd(call, a[0], POLLIN), POLLIN);
    CHECK_OK(hull_task_join(call, task));
    task = hull_task_start(call, "writes", writes_later, &b[1]);
    char byte;
    CHECK(read(a[0], &byte, 1) == 1);
    struct pollfd fds[] = {{a[0], POLLIN, 0}, {b[0], POLLIN, 0}, {-1, POLLIN, 0}};
    CHECK_INT(hull_wait_fds(call, fds, 3), 1);
    CHECK(fds[0].revents == 0 && fds[1].revents == POLLIN);
    CHECK_OK(hull_task_join(call, task));
    close(a[1]);
    CHECK(hull_wait_fd(call, a[0], POLLIN) > 0);
    close(a[0]);
    close(b[0]);
    close(b[1]);
    CHECK_KIND(hull_wait_fd(call, a[0], POLLIN), HULL_IO);
    CHECK_HAS(hull_error(call), "Bad file descriptor");
    HULL_AUTO_FD file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    CHECK_INT(hull_wait_fd(call, file, POLLIN), POLLIN);
}

FIBER_TEST(signals_are_not_lost)
{
    static const int signals[] = {SIGUSR1, SIGUSR2, 0};
    struct hull_task *task = hull_task_start(call, "waits", wait_for_signal, NULL);
    CHECK_OK(hull_yield(call));
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    kill(getpid(), SIGUSR2); /* watched by now */
    CHECK_INT(hull_wait_signal(call, signals), SIGUSR2);
    kill(getpid(), SIGUSR1);
    CHECK_INT(hull_wait_signal(call, signals), SIGUSR1);
}

/* --- requests, looking inside ---------------------------------------------------------------- */

static int request_id(struct hull_call *call, void *arg)
{
    snprintf(arg, 16, "%s", hull_call_id(call));
    hull_printf(call, "this goes with the request");
    return hull_fail(call, HULL_CONFLICT, "busy");
}

FIBER_TEST(requests_have_ids_and_hand_up_errors)
{
    char a[16], b[16];
    CHECK_KIND(hull_request(call, "a", HULL_FOREVER, request_id, a), HULL_CONFLICT);
    CHECK_STR(hull_error(call), "busy");
    CHECK_KIND(hull_request(call, "b", HULL_FOREVER, request_id, b), HULL_CONFLICT);
    CHECK(a[0] == 'r' && (int)strtol(b + 1, NULL, 10) == (int)strtol(a + 1, NULL, 10) + 1);
    CHECK_STR(hull_call_id(call), "main");
}

FIBER_TEST(fibers_say_what_they_wait_for)
{
    struct hull_fiber_info_list list;
    struct hull_task *task = hull_task_start(call, "sleepy", sleeps, NULL);
    CHECK_OK(hull_sleep(call, 3));
    hull_debug_fibers(hull_call_arena(call), &list);
    CHECK_INT(list.n, 2);
    for (size_t i = 0; i < 2; i++) {
        bool sleepy = hull_streq(list.v[i].name, "sleepy");
        CHECK_STR(list.v[i].waits, sleepy ? "time: 60000" : "runs");
        CHECK_STR(list.v[i].request, "main");
    }
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
}

static int stalls(struct hull_call *call, void *arg)
{
    (void)call;
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    return hull_yield(call);
}

TEST(a_stall_is_counted)
{
    struct hull_core_options options = tap_options();
    options.stall_ms = 30;
    hull_log_set_level(HULL_LOG_ERROR);
    CHECK_INT(hull_core_run(&options, stalls, NULL), 0);
    CHECK(hull_debug_stall_count() >= 1);
    options.stall_ms = 10000;
    CHECK_INT(hull_core_run(&options, spawns_forever, NULL), 0);
    CHECK_INT(hull_debug_stall_count(), 0);
}

static int idles(struct hull_call *call, void *arg)
{
    (void)arg;
    return hull_sleep(call, 300);
}

/* A loop with nothing to do makes no turns: its thread gives up the processor a few times only. */
TEST(idle_means_no_wake_ups)
{
    char path[] = "/proc/self/status", line[256];
    long before = -1, after = -1;
    for (int round = 0; round < 2; round++) {
        FILE *file = fopen(path, "re");
        long *to = round == 0 ? &before : &after;
        while (fgets(line, sizeof(line), file) != NULL)
            sscanf(line, "voluntary_ctxt_switches: %ld", to);
        fclose(file);
        if (round == 0)
            CHECK_INT(tap_core(idles, NULL), 0);
    }
    CHECK(before >= 0 && after - before < 10);
}

/* Under another seed the same program takes other ways. */
struct trail {
    int n;
    char steps[64];
};
struct step {
    struct trail *trail;
    char name;
};

static int leaves_steps(struct hull_call *call, void *arg)
{
    struct step *step = arg;
    for (int i = 0; i < 5; i++) {
        step->trail->steps[step->trail->n++] = step->name;
        CHECK_OK(hull_yield(call));
    }
    return 0;
}

static int makes_trail(struct hull_call *call, void *arg)
{
    struct step steps[] = {{arg, 'a'}, {arg, 'b'}, {arg, 'c'}};
    struct hull_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = hull_task_start(call, "step", leaves_steps, &steps[i]);
    for (int i = 0; i < 3; i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    return 0;
}

TEST(a_seed_replays)
{
    struct trail trails[3] = {};
    const uint64_t seeds[] = {5, 6, 5};
    for (int i = 0; i < 3; i++) {
        struct hull_core_options options = {.seed = seeds[i]};
        CHECK_INT(hull_core_run(&options, makes_trail, &trails[i]), 0);
    }
    CHECK_STR(trails[0].steps, trails[2].steps);
    CHECK(strcmp(trails[0].steps, trails[1].steps) != 0);
}

TAP_MAIN
