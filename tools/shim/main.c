/*
 * main.c: hull-shim: makes one process of a container and stays with it.
 *
 * Started by the daemon with a plan (plan.h) for each container and each exec. It makes the
 * container around a child (child.c), keeps the child's streams, log and exit status, and serves
 * the daemon (protocol.h) until it is told to go. The daemon's end does not concern it. It has
 * one thread, no library beyond libc, and sleeps when nothing happens.
 */
#include "tools/shim/shim.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/common/wire.h"

struct shim shim = {.pidfd = -1, .sync_fd = -1, .tty_fd = -1};

static int read_plan(void)
{
    struct stat st;
    struct hull_arena *arena = hull_arena_new();
    int seals = fcntl(SHIM_FD_PLAN, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_WRITE) == 0 || fstat(SHIM_FD_PLAN, &st) < 0)
        return shim_fail(HULL_INVALID,
                         "no sealed plan at descriptor %d; hull-shim is started by hulld",
                         SHIM_FD_PLAN);
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, SHIM_FD_PLAN, 0);
    if (data == MAP_FAILED)
        return shim_fail_errno("map the plan");
    int rc = wire_decode(arena, &shim_plan_message, data, (size_t)st.st_size, NULL, 0, &shim.plan,
                         &shim_problem);
    munmap(data, (size_t)st.st_size);
    close(SHIM_FD_PLAN);
    shim.tty = shim.plan.spec.process.terminal;
    return rc;
}

/* hull-init goes before the program. */
static void add_init(void)
{
    static const char *prefix[] = {"/sbin/docker-init", "--"};
    struct hull_strv *args = &shim.plan.spec.process.args;
    struct hull_arena *arena = hull_arena_new();
    struct hull_strv all = {};
    for (size_t i = 0; i < HULL_COUNT(prefix); i++)
        hull_strv_add(arena, &all, prefix[i]);
    for (size_t i = 0; i < args->n; i++)
        hull_strv_add(arena, &all, args->v[i]);
    *args = all;
}

static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    /* The terminal of whoever started the daemon is not ours. */
    for (int sig = 1; sig < NSIG; sig++) {
        if (sig != SIGKILL && sig != SIGSTOP && sig != SIGABRT && sig != SIGSEGV && sig != SIGBUS &&
            sig != SIGILL && sig != SIGFPE)
            sigaddset(&set, sig);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static int setup(void)
{
    if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        return shim_fail_errno("close_range");
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    block_signals();
    umask(077);
    int rc = read_plan();
    if (rc == 0 && shim.plan.has_init)
        add_init();
    if (rc == 0)
        rc = log_open();
    if (rc == 0)
        rc = shim_spawn();
    return rc;
}

/* Tell what is wrong to the first request, and go. */
static void report_failure(void)
{
    struct shim_packet packet = {};
    int fd;
    struct shim_packet reply = {.magic = SHIM_MAGIC,
                                .op = SHIM_CREATE,
                                .kind = shim_problem.kind == 0 ? HULL_INTERNAL
                                                               : (int32_t)shim_problem.kind};
    if (receive_packet(SHIM_FD_CONTROL, &packet, sizeof(packet), 0, &fd) <= 0)
        return;
    memcpy(reply.text, shim_problem.text, strlen(shim_problem.text) + 1);
    (void)send_packet(SHIM_FD_CONTROL, &reply,
                      offsetof(struct shim_packet, text) + strlen(reply.text) + 1, -1);
}

int main(void)
{
    int rc = setup();
    if (rc < 0) {
        report_failure();
        return 1;
    }
    return loop_run() < 0;
}
