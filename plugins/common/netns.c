#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#define STACK_SIZE 16384

struct visit {
    int netns_fd;
    netns_fn *fn;
    void *arg;
    int error;
};

static int enter(void *arg)
{
    struct visit *visit = arg;
    if ((visit->netns_fd < 0 ? unshare(CLONE_NEWNET) : setns(visit->netns_fd, CLONE_NEWNET)) < 0)
        visit->error = -errno;
    else
        visit->fn(visit->arg);
    return 0;
}

static int visit_it(int netns_fd, netns_fn *fn, void *arg)
{
    struct visit visit = {netns_fd, fn, arg, 0};
    char stack[STACK_SIZE] __attribute__((aligned(16)));
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    /* A handler must not run in the child, on memory that is ours too. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(enter, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES, &visit);
    int err = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return -err;
    while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
        continue;
    return visit.error;
}

int netns_visit(int netns_fd, netns_fn *fn, void *arg)
{
    return netns_fd < 0 ? -EBADF : visit_it(netns_fd, fn, arg);
}

static void open_own(void *arg)
{
    int *fd = arg;
    *fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        *fd = -errno;
}

int netns_new(void)
{
    int fd = -EIO;
    int rc = visit_it(-1, open_own, &fd);
    return rc < 0 ? rc : fd;
}
