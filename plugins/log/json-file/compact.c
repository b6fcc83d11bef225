/*
 * compact.c: which logs have files to compress. A log is looked at when it is started and after
 * each rotation in its folder; one fiber goes from one to the next, so that at most one worker
 * compresses at any time. Without a log there is no fiber.
 */
#include "compact.h"

#include "file.h"

#include <errno.h>
#include <hull/daemon.h>
#include <hull/hull.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS_SIZE 4096

struct log {
    struct log *next;
    char *id, *path;
    int watch;
    bool dirty;            /* there may be something to compress */
    bool busy;             /* a worker is at it */
    volatile bool removed; /* it shall stop, and nobody else begins */
    struct hull_cond idle;
};

static struct {
    struct log *logs;
    int inotify_fd;
    int wake_fd;  /* an eventfd: a log became dirty by other means than a rotation */
    bool running; /* the fiber */
} state = {.inotify_fd = -1, .wake_fd = -1};

static struct log *find(const char *id)
{
    struct log *log = state.logs;

    while (log && strcmp(log->id, id) != 0)
        log = log->next;
    return log;
}

static void forget(struct log *log)
{
    struct log **at = &state.logs;

    while (*at && *at != log)
        at = &(*at)->next;
    if (*at)
        *at = log->next;
    if (log->watch >= 0)
        inotify_rm_watch(state.inotify_fd, log->watch);
}

static void log_free(struct log *log)
{
    free(log->id);
    free(log->path);
    free(log);
}

/* --- the fiber -------------------------------------------------------------------------------- */

struct job {
    const char *path;
    const volatile bool *removed;
    bool found; /* a file, so that there may be another one */
};

static int compress_work(struct hull_work *work, void *arg)
{
    struct job *job = arg;
    const struct log_stop stop = {.canceled = work->canceled, .removed = job->removed};
    int rc = compact_one(job->path, &stop);

    job->found = rc > 0;
    return rc >= 0 ? 0
                   : hull_problem_set(&work->problem, hull_kind_of_errno(-rc), "%s", strerror(-rc));
}

/* A failure (a full disk) is tried again with the next rotation; the file stays as it is. */
static void compress_next(struct hull_call *call, struct log *log)
{
    struct job job = {.path = log->path, .removed = &log->removed};
    int rc;

    log->dirty = false;
    log->busy = true;
    rc = hull_work(call, compress_work, &job);
    log->busy = false;
    log->dirty |= job.found;
    if (rc < 0 && !log->removed)
        hull_log(call, HULL_LOG_WARN, "a rotated log stays uncompressed", "container", log->id,
                 "error", hull_error(call), NULL);
    if (rc < 0)
        hull_error_clear(call);
    hull_cond_broadcast(&log->idle);
}

static void take_event(const struct inotify_event *event)
{
    for (struct log *log = state.logs; log; log = log->next)
        if (log->watch == event->wd || (event->mask & IN_Q_OVERFLOW))
            log->dirty = true;
}

static void take_events(void)
{
    char buffer[EVENTS_SIZE] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;

    while ((got = read(state.inotify_fd, buffer, sizeof(buffer))) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(buffer + at);

            take_event(event);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
}

static struct log *find_dirty(void)
{
    struct log *log = state.logs;

    while (log && !log->dirty)
        log = log->next;
    return log;
}

static int wait_work(struct hull_call *call)
{
    struct pollfd fds[] = {{.fd = state.inotify_fd, .events = POLLIN},
                           {.fd = state.wake_fd, .events = POLLIN}};
    int rc = hull_wait_fds(call, fds, HULL_COUNT(fds));
    uint64_t count;

    if (rc > 0 && fds[1].revents && read(state.wake_fd, &count, sizeof(count)) < 0)
        return hull_fail_errno(call, errno, "eventfd");
    return rc;
}

static int run(struct hull_call *call, void *arg)
{
    int rc = 0;

    (void)arg;
    while (rc >= 0) {
        struct log *log = find_dirty();

        if (log) {
            compress_next(call, log);
            rc = hull_check(call);
        } else {
            rc = wait_work(call);
        }
        take_events();
    }
    state.running = false;
    return rc == -HULL_CANCELED ? 0 : rc;
}

/* --- start and stop --------------------------------------------------------------------------- */

static int open_state(struct hull_call *call)
{
    if (state.inotify_fd < 0)
        state.inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (state.wake_fd < 0)
        state.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return state.inotify_fd < 0 || state.wake_fd < 0
               ? hull_fail_errno(call, errno, "compressing logs")
               : 0;
}

static int add(struct hull_call *call, const struct log_start_request *request, struct log **ret)
{
    const char *slash = strrchr(request->path, '/');
    char *folder = hull_printf(call, "%.*s", (int)(slash - request->path), request->path);
    struct log *log;
    int rc = open_state(call), watch;

    if (rc < 0)
        return rc;
    watch = inotify_add_watch(state.inotify_fd, folder, IN_MOVED_TO | IN_ONLYDIR);
    if (watch < 0)
        return hull_fail_errno(call, errno, "watching %s (fs.inotify.max_user_watches)", folder);
    log = calloc(1, sizeof(*log));
    HULL_ASSERT(log);
    log->watch = watch;
    log->id = strdup(request->id);
    log->path = strdup(request->path);
    HULL_ASSERT(log->id && log->path);
    log->next = state.logs;
    state.logs = log;
    *ret = log;
    return 0;
}

int compact_start(struct hull_call *call, const struct log_start_request *request)
{
    HULL_AUTO_FD end_fd = request->end_fd; /* what is rotated out later is looked at as well */
    struct log *log = find(request->id);
    int rc = log ? 0 : add(call, request, &log);

    (void)end_fd;
    if (rc < 0)
        return rc;
    log->dirty = true;
    if (!state.running)
        hull_spawn("log compression", run, NULL);
    state.running = true;
    return eventfd_write(state.wake_fd, 1) < 0 ? hull_fail_errno(call, errno, "eventfd") : 0;
}

void compact_stop(struct hull_call *call, const char *id)
{
    struct log *log = find(id);

    if (!log)
        return;
    forget(log);
    log->removed = true;
    hull_shield(call);
    while (log->busy && hull_cond_wait(call, &log->idle) == 0)
        ;
    hull_unshield(call);
    log_free(log);
}

void compact_fini(void)
{
    while (state.logs) {
        struct log *log = state.logs;

        forget(log);
        log_free(log);
    }
    hull_fd_cleanup(&state.inotify_fd);
    hull_fd_cleanup(&state.wake_fd);
    state.inotify_fd = state.wake_fd = -1;
}
