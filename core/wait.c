#include "core/core.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* --- the wait -------------------------------------------------------------------------------- */

bool fiber_wake(struct fiber *fiber, enum wake wake)
{
    if (fiber->state != FIBER_WAITING)
        return false;
    fiber->wake = wake;
    loop_ready(fiber);
    return true;
}

static int64_t limit_us(int64_t deadline_ms, int64_t until_us)
{
    int64_t deadline_us;
    if (__builtin_mul_overflow(deadline_ms, (int64_t)1000, &deadline_us))
        return until_us;
    return deadline_us < until_us ? deadline_us : until_us;
}

static void time_came(evutil_socket_t fd, short events, void *fiber)
{
    (void)fd;
    (void)events;
    fiber_wake(fiber, WAKE_TIMER);
}

/* To the loop, until somebody wakes the fiber or LIMIT_US has come. */
static void suspend_until(struct fiber *fiber, int64_t limit)
{
    struct event timer;
    if (limit != FOREVER_US) {
        int64_t left = limit - now_us();
        struct timeval after = {left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 : 0};
        int rc = evtimer_assign(&timer, core.base, time_came, fiber);
        HULL_ASSERT(rc == 0 && evtimer_add(&timer, &after) == 0);
    }
    fiber->state = FIBER_WAITING;
    fiber_suspend();
    if (limit != FOREVER_US)
        event_del(&timer);
}

int fiber_wait(struct hull_call *call, const char *what, intptr_t on, int64_t until_us)
{
    struct fiber *fiber = core.current;
    int64_t deadline_ms = HULL_FOREVER;
    HULL_ASSERT(fiber != NULL);
    if (call != NULL) {
        call_check_owner(call);
        int rc = call_state(call, &deadline_ms);
        if (rc < 0)
            return call_ended(call, rc, what);
    }
    fiber->wait_call = call;
    fiber->wait_what = what;
    fiber->wait_on = on;
    fiber->wait_since_ms = core.now_ms;
    int64_t limit = limit_us(deadline_ms, until_us);
    /* The clock of libevent is a few milliseconds wrong. */
    do
        suspend_until(fiber, limit);
    while (fiber->wake == WAKE_TIMER && now_us() < limit);
    fiber->wait_what = NULL;
    if (fiber->wake == WAKE_EVENT)
        return 0;
    int rc = call == NULL ? 0 : call_state(call, NULL);
    return rc < 0 ? call_ended(call, rc, what) : WAIT_EXPIRED;
}

int hull_yield(struct hull_call *call)
{
    call_check_owner(call);
    int rc = hull_check(call);
    if (rc < 0)
        return rc;
    loop_ready(core.current);
    fiber_suspend();
    return 0;
}

int hull_sleep(struct hull_call *call, int64_t ms)
{
    int64_t until;
    if (__builtin_mul_overflow(ms, (int64_t)1000, &until) ||
        __builtin_add_overflow(until, now_us(), &until))
        until = FOREVER_US;
    for (;;) {
        int rc = fiber_wait(call, "time", (intptr_t)ms, until);
        if (rc < 0 || now_us() >= until)
            return rc < 0 ? rc : 0;
    }
}

/* --- descriptors ----------------------------------------------------------------------------- */

struct fd_wait {
    struct fiber *fiber;
    short ready;
    bool added;
    struct event event;
};

static void fd_ready(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    struct fd_wait *wait = arg;
    wait->ready |= (short)((events & EV_READ ? POLLIN : 0) | (events & EV_WRITE ? POLLOUT : 0) |
                           (events & EV_CLOSED ? POLLRDHUP : 0));
    fiber_wake(wait->fiber, WAKE_EVENT);
}

/* Starts to wait. What epoll can't wait for (a regular file) is always ready. */
static int fd_add(struct fd_wait *wait, int fd, short events)
{
    short flags = (short)((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0) |
                          (events & POLLRDHUP ? EV_CLOSED : 0));
    wait->fiber = core.current;
    errno = 0;
    if (event_assign(&wait->event, core.base, fd, flags, fd_ready, wait) == 0 &&
        event_add(&wait->event, NULL) == 0) {
        wait->added = true;
        return 0;
    }
    if (errno != EPERM)
        return errno == 0 ? EINVAL : errno;
    wait->ready = events;
    return 0;
}

/* Wait until one of FDS is ready; WAITS, zeroed, says which are. */
static int wait_any(struct hull_call *call, const struct pollfd *fds, size_t count,
                    struct fd_wait *waits, const char *what, intptr_t on)
{
    int err = 0, rc = 0;
    bool ready = false;
    for (size_t i = 0; i < count && err == 0; i++) {
        if (fds[i].fd >= 0)
            err = fd_add(&waits[i], fds[i].fd, fds[i].events);
        ready |= waits[i].ready != 0;
    }
    while (err == 0 && rc >= 0 && !ready) {
        rc = fiber_wait(call, what, on, FOREVER_US);
        for (size_t i = 0; i < count; i++)
            ready |= waits[i].ready != 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (waits[i].added)
            event_del(&waits[i].event);
    }
    if (err != 0)
        return hull_fail_errno(call, err, "wait for descriptor %d", (int)on);
    return rc;
}

int wait_fd(struct hull_call *call, int fd, short events, const char *what)
{
    struct fd_wait wait = {};
    const struct pollfd one = {.fd = fd, .events = events};
    if (fd < 0)
        return hull_fail_errno(call, EBADF, "wait for descriptor %d", fd);
    int rc = wait_any(call, &one, 1, &wait, what, fd);
    return rc < 0 ? rc : wait.ready;
}

int hull_wait_fd(struct hull_call *call, int fd, short events)
{
    int rc = call_pause(call);
    if (rc < 0)
        return rc;
    return wait_fd(call, fd, events, (events & POLLOUT) ? "descriptor to write" : "descriptor");
}

int hull_wait_fds(struct hull_call *call, struct pollfd *fds, size_t count)
{
    int rc = call_pause(call);
    while (rc >= 0) {
        /* poll() knows more than libevent tells: POLLHUP, POLLERR, POLLNVAL. */
        int ready = poll(fds, count, 0);
        if (ready > 0)
            return ready;
        if (ready < 0 && errno != EINTR)
            return hull_fail_errno(call, errno, "wait for descriptors");
        HULL_AUTO_FREE struct fd_wait *waits = calloc(count, sizeof(*waits));
        HULL_ASSERT(waits != NULL || count == 0);
        rc = wait_any(call, fds, count, waits, "descriptors", (intptr_t)count);
    }
    return rc;
}

/* --- signals --------------------------------------------------------------------------------- */

int hull_wait_signal(struct hull_call *call, const int *signals)
{
    int rc = call_pause(call);
    if (rc < 0)
        return rc;
    sigset_t set;
    sigemptyset(&set);
    for (const int *number = signals; *number != 0; number++)
        sigaddset(&set, *number);
    /* Blocked for good: one that comes between two waits is not lost and does not kill. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    HULL_AUTO_FD fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return hull_fail_errno(call, errno, "wait for signals");
    struct signalfd_siginfo info;
    while (rc >= 0 && read(fd, &info, sizeof(info)) != sizeof(info))
        rc = wait_fd(call, fd, POLLIN, "signal");
    return rc < 0 ? rc : (int)info.ssi_signo;
}
