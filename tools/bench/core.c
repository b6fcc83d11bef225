/*
 * What the core costs: messages, fibers, workers, and how late the loop is while they work.
 *
 *     make tools/bench/core && tools/bench/core
 */
#define HULL_DEFINE_TABLES
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hull/daemon.h>
#include <hull/hull.h>

#define PING_FIELDS(F, T)                    \
    F(T, STRING, _, text, "Text", 0, "Text") \
    F(T, INT, _, number, "Number", 0, "Number")
HULL_MESSAGE(ping, PING_FIELDS)
HULL_METHOD(bench, ping, ping, ping, 0)
HULL_METHOD(bench, relay, ping, ping, 0)

#define ROUNDS 1000000
#define FIBERS 100000
#define AT_ONCE 1000
#define JOBS 20000

static int handle_ping(struct hull_call *call, const struct ping *request, struct ping *ret_reply)
{
    (void)call;
    *ret_reply = *request;
    return 0;
}

static void nothing(struct hull_call *call, void *arg)
{
    (void)call;
    (void)arg;
}

/* As a handler is in life: a piece of memory, something to take back, a further message. */
static int handle_relay(struct hull_call *call, const struct ping *request, struct ping *ret_reply)
{
    hull_undo(call, nothing, NULL);
    return bench_ping(call, NULL, request, ret_reply);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(bench, ping, handle_ping),
    HULL_HANDLE(bench, relay, handle_relay),
    {},
};
HULL_PLUGIN(bench, .port = "bench", .handlers = handlers);

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void row(const char *what, double ns, const char *note)
{
    if (ns < 10000)
        printf("%-52s %10.0f ns  %s\n", what, ns, note);
    else
        printf("%-52s %10.1f us  %s\n", what, ns / 1000, note);
    fflush(stdout);
}

static int check(struct hull_call *call, int rc)
{
    if (rc < 0) {
        fprintf(stderr, "%s\n", hull_error(call));
        exit(1);
    }
    return rc;
}

/* --- messages -------------------------------------------------------------------------------- */

static int send_rounds(struct hull_call *call, void *arg)
{
    const struct hull_method *method = arg;
    struct ping request = {"hello", 1}, reply;
    for (int i = 0; i < ROUNDS; i++) {
        int rc = hull_send(call, NULL, method, &request, &reply);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void bench_messages(struct hull_call *call)
{
    double before = now();
    check(call, hull_request(call, "ping", HULL_FOREVER, send_rounds, (void *)&bench_ping_method));
    row("message, there and back", (now() - before) / ROUNDS, "");
    before = now();
    check(call, hull_request(call, "ping", 3600000, send_rounds, (void *)&bench_ping_method));
    row("the same with a deadline", (now() - before) / ROUNDS, "");
    before = now();
    check(call, hull_request(call, "relay", 3600000, send_rounds, (void *)&bench_relay_method));
    row("message that undoes and sends another", (now() - before) / ROUNDS, "");
}

/* --- fibers ---------------------------------------------------------------------------------- */

static int yields(struct hull_call *call, void *arg)
{
    int rc = 0;
    for (intptr_t i = (intptr_t)arg; i > 0 && rc == 0; i--)
        rc = hull_yield(call);
    return rc;
}

static void start_and_join(struct hull_call *call, size_t count)
{
    struct hull_task **tasks = calloc(count, sizeof(struct hull_task *));
    for (size_t i = 0; i < count; i++)
        tasks[i] = hull_task_start(call, "task", yields, NULL);
    for (size_t i = 0; i < count; i++)
        check(call, hull_task_join(call, tasks[i]));
    free(tasks);
}

static void bench_fibers(struct hull_call *call)
{
    double before = now();
    for (int i = 0; i < FIBERS; i++)
        start_and_join(call, 1);
    row("fiber started and joined, one at a time", (now() - before) / FIBERS, "100,000");
    before = now();
    for (int i = 0; i < FIBERS / AT_ONCE; i++)
        start_and_join(call, AT_ONCE);
    row("fiber started and joined, 1,000 at once", (now() - before) / FIBERS, "100,000");
    before = now();
    start_and_join(call, FIBERS);
    row("fiber started and joined, all at once", (now() - before) / FIBERS, "100,000");

    struct hull_task *a = hull_task_start(call, "a", yields, (void *)(intptr_t)ROUNDS);
    struct hull_task *b = hull_task_start(call, "b", yields, (void *)(intptr_t)ROUNDS);
    before = now();
    check(call, hull_task_join(call, a));
    check(call, hull_task_join(call, b));
    row("yield of one of two fibers", (now() - before) / ROUNDS / 2, "a turn of the loop each");
}

/* --- streams --------------------------------------------------------------------------------- */

static int feeds(struct hull_call *call, void *arg)
{
    static char data[65536];
    int rc = 0;
    for (int i = 0; i < 16384 && rc == 0; i++)
        rc = hull_stream_write(call, arg, data, sizeof(data));
    if (rc == 0)
        rc = hull_stream_shutdown(call, arg);
    hull_stream_close(arg);
    return rc;
}

static void bench_stream(struct hull_call *call)
{
    static char buffer[65536];
    struct hull_stream *reader, *writer;
    hull_stream_pair(262144, &reader, &writer);
    struct hull_task *task = hull_task_start(call, "feeds", feeds, writer);
    double before = now(), bytes = 0;
    ssize_t n;
    while ((n = check(call, (int)hull_stream_read(call, reader, buffer, sizeof(buffer)))) > 0)
        bytes += (double)n;
    printf("%-52s %10.1f GB/s\n", "stream between two fibers", bytes / (now() - before));
    check(call, hull_task_join(call, task));
    hull_stream_close(reader);
}

/* --- workers --------------------------------------------------------------------------------- */

static int works(struct hull_work *work, void *arg)
{
    (void)work;
    volatile int *sum = arg;
    for (int i = 0; i < 2000; i++)
        *sum += i;
    return 0;
}

static int no_work(struct hull_work *work, void *arg)
{
    (void)work;
    (void)arg;
    return 0;
}

static bool busy;
static int keeps_busy(struct hull_call *call, void *arg)
{
    (void)arg;
    int rc = 0, sum = 0;
    while (busy && rc == 0)
        rc = hull_work(call, works, &sum);
    return rc;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench_latency(struct hull_call *call, const char *what)
{
    enum { SAMPLES = 500 };
    static double late[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        double before = now();
        check(call, hull_sleep(call, 1));
        late[i] = now() - before - 1e6;
    }
    qsort(late, SAMPLES, sizeof(late[0]), compare);
    char note[64];
    snprintf(note, sizeof(note), "median; worst of %d: %.1f us", SAMPLES, late[SAMPLES - 1] / 1000);
    row(what, late[SAMPLES / 2], note);
}

static void bench_workers(struct hull_call *call)
{
    struct hull_task *tasks[8];
    double before = now();
    for (int i = 0; i < JOBS; i++)
        check(call, hull_work(call, no_work, NULL));
    row("work for a thread, there and back", (now() - before) / JOBS, "");
    bench_latency(call, "a sleep of 1 ms wakes late, idle");
    busy = true;
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        tasks[i] = hull_task_start(call, "busy", keeps_busy, NULL);
    bench_latency(call, "a sleep of 1 ms wakes late, 8 busy workers");
    busy = false;
    for (size_t i = 0; i < HULL_COUNT(tasks); i++)
        check(call, hull_task_join(call, tasks[i]));
}

static int bench_all(struct hull_call *call, void *arg)
{
    (void)arg;
    bench_messages(call);
    bench_fibers(call);
    bench_stream(call);
    bench_workers(call);
    return 0;
}

int main(void)
{
    hull_plugin_register(&hull_plugin_bench);
    struct hull_core_options options = {.stall_ms = 60000};
    return hull_core_run(&options, bench_all, NULL) < 0;
}
