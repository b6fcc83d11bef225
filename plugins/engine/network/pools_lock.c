/*
 * Between the choice of addresses that no route of this host has and the bridge that brings the
 * route, another daemon beside this one must not choose: a socket with a name of the network
 * namespace is the lock. Who waits is connected to it and hears when it is closed, also by a kill.
 */
#include "net.h"

#include <errno.h>
#include <hull/fiber.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "\0hull/address-pools"
/* A daemon that takes longer hangs; what it had chosen is most likely a route already. */
#define PATIENCE_S 2
/* Bound by nobody who listens: not one of us. */
#define REFUSALS 10

static struct hull_lock lock; /* in this daemon, first come, first served */
static int held_fd = -1;

static socklen_t address(struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, NAME, sizeof(NAME) - 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(NAME) - 1);
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* True when it is ours now. */
static bool take(void)
{
    struct sockaddr_un name;
    socklen_t size = address(&name);
    int fd = open_socket();
    if (fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0 && listen(fd, SOMAXCONN) == 0) {
        held_fd = fd;
        return true;
    }
    hull_fd_cleanup(&fd);
    return false;
}

/* Anybody can bind the name; only another daemon is waited for. */
static bool is_daemon(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* Wait for the holder to close it. 1: it has; 0: it is no daemon, or time is up. Yields. */
static int wait_holder(struct hull_call *call, int timer_fd, unsigned *refusals)
{
    struct sockaddr_un name;
    socklen_t size = address(&name);
    HULL_AUTO_FD fd = open_socket();
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, size) < 0) {
        int rc = hull_yield(call); /* closed just now, or about to listen */
        return rc < 0 ? rc : ++*refusals < REFUSALS;
    }
    struct pollfd fds[] = {{fd, POLLIN, 0}, {timer_fd, POLLIN, 0}};
    int rc = is_daemon(fd) ? hull_wait_fds(call, fds, timer_fd < 0 ? 1 : 2) : 0;
    return rc <= 0 ? rc : fds[0].revents != 0;
}

int net_pools_lock(struct hull_call *call)
{
    const struct itimerspec patience = {.it_value = {.tv_sec = PATIENCE_S}};
    unsigned refusals = 0;
    int rc = hull_lock(call, &lock);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer_fd >= 0)
        (void)timerfd_settime(timer_fd, 0, &patience, NULL);
    do {
        rc = take() ? 0 : wait_holder(call, timer_fd, &refusals);
    } while (rc > 0);
    if (rc < 0)
        hull_unlock(&lock);
    return rc;
}

void net_pools_unlock(struct hull_call *call, void *unused)
{
    (void)call;
    (void)unused;
    hull_fd_cleanup(&held_fd);
    held_fd = -1;
    hull_unlock(&lock);
}
