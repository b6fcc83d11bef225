#include "patience.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* At the same time, in one plugin; one takes a stack of memory that is hardly touched. */
#define MOST_THREADS 64
#define STACK_BYTES ((size_t)256 << 10)

/* Of the thread and of who waits for it: the last one frees it. */
struct job {
    atomic_int owners;
    patience_fn *fn;
    int fd; /* readable when it has ended */
    int result;
    size_t size;
    char arg[] __attribute__((aligned(16)));
};

static atomic_int threads;

static void release(struct job *job)
{
    if (atomic_fetch_sub(&job->owners, 1) != 1)
        return;
    if (job->fd >= 0)
        close(job->fd);
    free(job);
}

static void *run(void *arg)
{
    struct job *job = arg;

    job->result = job->fn(job->arg);
    (void)eventfd_write(job->fd, 1);
    release(job);
    atomic_fetch_sub(&threads, 1);
    return NULL;
}

static struct job *new_job(patience_fn *fn, const void *arg, size_t size)
{
    struct job *job = calloc(1, sizeof(*job) + size);

    HULL_ASSERT(job != NULL);
    job->fn = fn;
    job->size = size;
    memcpy(job->arg, arg, size);
    job->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return job;
}

/* Detached, and with all signals blocked: they are for the loop. */
static int start(struct job *job)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;

    if (job->fd < 0)
        return errno;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    job->owners = 2;
    int err = pthread_create(&thread, &attributes, run, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return err;
}

/* The code that a thread left behind comes back to stays, whatever is unloaded. */
static void stay(void)
{
    Dl_info info;

    if (dladdr((void *)(uintptr_t)run, &info) != 0 && info.dli_fname != NULL)
        (void)!dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

struct waiting {
    int fd;
    int64_t ms;
};

static int wait_for(struct hull_call *call, void *arg)
{
    const struct waiting *waiting = arg;

    hull_call_set_timeout(call, waiting->ms);
    int rc = hull_wait_fd(call, waiting->fd, POLLIN);
    return rc < 0 ? rc : 0;
}

static int finish(struct hull_call *call, const char *what, struct job *job, void *arg, int64_t ms)
{
    struct waiting waiting = {job->fd, ms};
    eventfd_t count;
    int rc = hull_task_join(call, hull_task_start(call, "patience", wait_for, &waiting));

    /* It may have ended at the last moment. */
    if (eventfd_read(job->fd, &count) == 0 || rc == 0) {
        /* The thread is done with it, and may take its time to end. */
        close(job->fd);
        job->fd = -1;
        hull_error_clear(call);
        memcpy(arg, job->arg, job->size);
        return job->result;
    }
    stay();
    if (rc == -HULL_TIMEOUT)
        rc = hull_fail(call, HULL_TIMEOUT,
                       "%s: no answer within %lld s: is the server of its file system there?", what,
                       (long long)(ms / 1000));
    return rc;
}

int patience_run(struct hull_call *call, const char *what, patience_fn *fn, void *arg, size_t size,
                 int64_t ms)
{
    if (atomic_fetch_add(&threads, 1) >= MOST_THREADS) {
        atomic_fetch_sub(&threads, 1);
        return hull_fail(call, HULL_UNAVAILABLE,
                         "%s: %d threads wait for file systems that do not answer already", what,
                         MOST_THREADS);
    }
    struct job *job = new_job(fn, arg, size);
    int err = start(job);
    if (err != 0) {
        atomic_fetch_sub(&threads, 1);
        job->owners = 1;
        release(job);
        return hull_fail_errno(call, err, "%s: start a thread", what);
    }
    int rc = finish(call, what, job, arg, ms);
    release(job);
    return rc;
}
