/* Work that may never come back: here it waits for a pipe that nobody writes to. */
#include "tap.h"

#include "plugins/common/patience.h"

#include <fcntl.h>
#include <unistd.h>

struct job {
    int fd, in, out;
};

static int add_one(void *arg)
{
    struct job *job = arg;
    char byte;
    if (job->fd >= 0 && read(job->fd, &byte, 1) != 1)
        return 7;
    job->out = job->in + 1;
    return 0;
}

FIBER_TEST(what_comes_back)
{
    struct job job = {.fd = -1, .in = 4};
    CHECK_OK(patience_run(call, "adding", add_one, &job, sizeof(job), 5000));
    CHECK_INT(job.out, 5);
    job.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK_INT(patience_run(call, "adding", add_one, &job, sizeof(job), 5000), 7);
    CHECK_STR(hull_error(call), "");
    close(job.fd);
}

static int run_one(struct hull_call *call, void *arg)
{
    return patience_run(call, "adding", add_one, arg, sizeof(struct job), 150);
}

/* Many hang, one does not, and all callers are there again when their time is over. */
FIBER_TEST(what_does_not)
{
    int fds[2];
    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    struct job jobs[64], quick = {.fd = -1, .in = 1};
    struct hull_task *tasks[HULL_COUNT(jobs)];
    int64_t began = hull_now_ms();
    for (size_t i = 0; i + 1 < HULL_COUNT(jobs); i++) {
        jobs[i] = (struct job){.fd = fds[0], .in = 1};
        tasks[i] = hull_task_start(call, "one", run_one, &jobs[i]);
    }
    CHECK_OK(hull_yield(call));
    CHECK_OK(patience_run(call, "adding", add_one, &quick, sizeof(quick), 5000));
    CHECK_INT(quick.out, 2);
    for (size_t i = 0; i + 1 < HULL_COUNT(jobs); i++) {
        CHECK_KIND(hull_task_join(call, tasks[i]), HULL_TIMEOUT);
        CHECK_HAS(hull_error(call), "adding: no answer");
        CHECK_INT(jobs[i].out, 0);
    }
    CHECK(hull_now_ms() - began < 5000);
    /* Room for one, and none for two: a hundred of them can't fill the memory. */
    struct job more = {.fd = fds[0]};
    CHECK_KIND(patience_run(call, "adding", add_one, &more, sizeof(more), 50), HULL_TIMEOUT);
    CHECK_KIND(patience_run(call, "adding", add_one, &more, sizeof(more), 50), HULL_UNAVAILABLE);
    CHECK_HAS(hull_error(call), "64 threads wait");
    /* They end when they can, and then there is room again. */
    close(fds[1]);
    int rc = -HULL_UNAVAILABLE;
    for (int i = 0; i < 500 && rc == -HULL_UNAVAILABLE; i++) {
        hull_error_clear(call);
        CHECK_OK(hull_sleep(call, 10));
        rc = patience_run(call, "adding", add_one, &quick, sizeof(quick), 5000);
    }
    CHECK_OK(rc);
    /* The descriptors of all are closed: tap.h counts. */
    CHECK_OK(hull_sleep(call, 100));
    close(fds[0]);
}

TAP_MAIN
