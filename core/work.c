/*
 * Workers. A thread is started when there is work and none is idle, up to a limit. The loop
 * hears of what is done through an eventfd. What is short has threads of its own, so that it
 * never waits behind a layer that is unpacked.
 */
#include "core/core.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MOST_THREADS 64
#define BRIEF_THREADS 2

struct job {
    struct job *next;
    struct fiber *fiber;
    struct hull_work work;
    volatile bool canceled;
    hull_work_fn *fn;
    void *arg;
    int rc;
    bool done;
};

struct crew {
    pthread_cond_t more;
    struct job *first, **last; /* waiting */
    unsigned idle, threads, queued;
    pthread_t ids[MOST_THREADS];
};
static struct {
    pthread_mutex_t lock;
    struct crew any, brief;
    struct job *done;
    bool stop;
    /* The loop's own. */
    int fd;
    struct event *event;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .any.more = PTHREAD_COND_INITIALIZER,
          .brief.more = PTHREAD_COND_INITIALIZER,
          .fd = -1};

/* --- threads --------------------------------------------------------------------------------- */

static struct job *next_job(struct crew *crew)
{
    pthread_mutex_lock(&pool.lock);
    crew->idle++;
    while (crew->first == NULL && !pool.stop)
        pthread_cond_wait(&crew->more, &pool.lock);
    crew->idle--;
    struct job *job = crew->first;
    if (job != NULL) {
        crew->queued--;
        crew->first = job->next;
        if (crew->first == NULL)
            crew->last = &crew->first;
    }
    pthread_mutex_unlock(&pool.lock);
    return job;
}

static void finish(struct job *job)
{
    pthread_mutex_lock(&pool.lock);
    bool first = pool.done == NULL;
    job->next = pool.done;
    pool.done = job;
    pthread_mutex_unlock(&pool.lock);
    if (first)
        HULL_ASSERT(eventfd_write(pool.fd, 1) == 0);
}

static void *worker(void *arg)
{
    struct job *job;
    while ((job = next_job(arg)) != NULL) {
        job->rc = job->fn(&job->work, job->arg);
        finish(job);
    }
    return NULL;
}

/* With all signals blocked: they are for the loop. */
static int start_thread(struct crew *crew)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&crew->ids[crew->threads], NULL, worker, crew);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0)
        crew->threads++;
    return err;
}

/* --- the loop's side ------------------------------------------------------------------------- */

static void jobs_done(evutil_socket_t fd, short events, void *arg)
{
    (void)events;
    (void)arg;
    eventfd_t count;
    eventfd_read(fd, &count);
    pthread_mutex_lock(&pool.lock);
    struct job *job = pool.done;
    pool.done = NULL;
    pthread_mutex_unlock(&pool.lock);
    while (job != NULL) {
        struct job *next = job->next;
        job->done = true;
        fiber_wake(job->fiber, WAKE_EVENT);
        job = next;
    }
}

static unsigned most_threads(const struct crew *crew)
{
    unsigned most = crew == &pool.brief ? BRIEF_THREADS : core.options.workers;
    if (most == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        most = processors < 2 ? 4 : processors > 8 ? 16 : (unsigned)processors * 2;
    }
    return most > MOST_THREADS ? MOST_THREADS : most;
}

static int open_pool(struct hull_call *call)
{
    if (pool.fd >= 0)
        return 0;
    pool.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool.fd < 0)
        return hull_fail_errno(call, errno, "start a worker");
    pool.any.last = &pool.any.first;
    pool.brief.last = &pool.brief.first;
    pool.event = event_new(core.base, pool.fd, EV_READ | EV_PERSIST, jobs_done, NULL);
    HULL_ASSERT(pool.event != NULL && event_add(pool.event, NULL) == 0);
    return 0;
}

static int enqueue(struct hull_call *call, struct crew *crew, struct job *job)
{
    int err = 0;
    pthread_mutex_lock(&pool.lock);
    if (crew->queued >= crew->idle && crew->threads < most_threads(crew))
        err = start_thread(crew);
    /* Without a new thread the old ones do it; without any nobody would. */
    if (crew->threads > 0) {
        *crew->last = job;
        crew->last = &job->next;
        crew->queued++;
        pthread_cond_signal(&crew->more);
        err = 0;
    }
    pthread_mutex_unlock(&pool.lock);
    return err == 0 ? 0 : hull_fail_errno(call, err, "start a worker");
}

/* A flag that goes up once; who reads it need not do it atomically, so no race is seen here. */
__attribute__((noinline, no_sanitize("thread"))) static void tell_canceled(struct job *job)
{
    job->canceled = true;
}

static int work(struct hull_call *call, struct crew *crew, hull_work_fn *fn, void *arg)
{
    int rc = call_pause(call);
    if (rc == 0)
        rc = open_pool(call);
    if (rc < 0)
        return rc;
    struct job job = {.fiber = core.current, .fn = fn, .arg = arg};
    job.work.canceled = &job.canceled;
    rc = enqueue(call, crew, &job);
    if (rc < 0)
        return rc;
    /* A cancelled call only tells the worker: JOB and what ARG points at are in use. */
    while (!job.done) {
        if (fiber_wait(job.canceled ? NULL : call, "worker", 0, FOREVER_US) < 0)
            tell_canceled(&job);
    }
    if (job.rc >= 0) {
        if (job.canceled)
            hull_error_clear(call);
        return 0;
    }
    rc = hull_fail_problem(call, &job.work.problem);
    if (rc == 0 && job.rc == -HULL_CANCELED && job.canceled)
        rc = hull_check(call);
    return rc < 0 ? rc : hull_fail(call, (enum hull_kind) - job.rc, "worker failed");
}

int hull_work(struct hull_call *call, hull_work_fn *fn, void *arg)
{
    return work(call, &pool.any, fn, arg);
}

int hull_work_brief(struct hull_call *call, hull_work_fn *fn, void *arg)
{
    return work(call, &pool.brief, fn, arg);
}

static void crew_done(struct crew *crew)
{
    for (unsigned i = 0; i < crew->threads; i++)
        pthread_join(crew->ids[i], NULL);
    crew->threads = 0;
    crew->idle = 0;
}

void work_done(void)
{
    if (pool.fd < 0)
        return;
    pthread_mutex_lock(&pool.lock);
    pool.stop = true;
    pthread_cond_broadcast(&pool.any.more);
    pthread_cond_broadcast(&pool.brief.more);
    pthread_mutex_unlock(&pool.lock);
    crew_done(&pool.any);
    crew_done(&pool.brief);
    event_free(pool.event);
    close(pool.fd);
    pool.fd = -1;
    pool.stop = false;
}
