/*
 * loop.c: one poll() over control connections, clients, the program's streams and SIGCHLD. It
 * sleeps until something happens.
 */
#include "tools/shim/shim.h"

#include "plugins/common/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long the end of the program waits for those who still hold its output, or do not read. */
#define DRAIN_MS 2000

/* The size of the file with the exit status: three numbers, and spaces. */
#define EXIT_BYTES 64

static struct pollfd *fds;
static struct watch *watches;
static size_t count, capacity;
static int signal_fd = -1;
static bool recorded;
static int64_t deadline_ms;

static ssize_t find(int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (watches[i].fd == fd)
            return (ssize_t)i;
    }
    return -1;
}

void loop_watch(int fd, short events, void (*ready)(int, short))
{
    ssize_t at = find(fd);
    if (at < 0) {
        if (count == capacity) {
            size_t wanted = capacity == 0 ? 16 : capacity * 2;
            void *more = realloc(watches, wanted * sizeof(*watches));
            HULL_ASSERT(more != NULL);
            watches = more;
            more = realloc(fds, wanted * sizeof(*fds));
            HULL_ASSERT(more != NULL);
            fds = more;
            capacity = wanted;
        }
        at = (ssize_t)count++;
    }
    watches[at] = (struct watch){fd, events, ready};
}

void loop_forget(int fd)
{
    ssize_t at = find(fd);
    if (at >= 0)
        watches[at] = watches[--count];
}

static void on_connection(int fd, short revents)
{
    struct shim_packet request = {};
    int passed_fd;
    (void)revents;
    ssize_t n = receive_packet(fd, &request, sizeof(request), 0, &passed_fd);
    bool good = n >= (ssize_t)offsetof(struct shim_packet, text) && request.magic == SHIM_MAGIC;
    request.text[sizeof(request.text) - 1] = '\0';
    if (good && control_handle(fd, &request, passed_fd))
        return;
    if (!good && passed_fd >= 0)
        close(passed_fd);
    loop_forget(fd);
    control_forget(fd);
    close(fd);
}

static void on_listen(int fd, short revents)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    (void)revents;
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != geteuid())
        close(connection);
    else
        loop_watch(connection, POLLIN, on_connection);
}

static void read_oom(void)
{
    char text[1024];
    if (shim.plan.oom_file == NULL)
        return;
    HULL_AUTO_FD fd = open(shim.plan.oom_file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return;
    text[n] = '\0';
    const char *at = strstr(text, "oom_kill ");
    shim.oom = at != NULL && strtol(at + 9, NULL, 10) > 0;
}

/* Without a pid namespace of its own the container's processes outlive the first: end them. */
static void kill_rest(void)
{
    char path[4096], line[32];
    if (shim.plan.exec || namespace_is_new("pid") || shim.plan.cgroup_dirs.n == 0)
        return;
    snprintf(path, sizeof(path), "%s/cgroup.procs", shim.plan.cgroup_dirs.v[0]);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        long pid = strtol(line, NULL, 10);
        if (pid > 1)
            kill((pid_t)pid, SIGKILL);
    }
    if (file != NULL)
        fclose(file);
}

static void ended(int status)
{
    struct timespec now;
    kill_rest();
    clock_gettime(CLOCK_REALTIME, &now);
    shim.ended = true;
    shim.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    shim.time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    deadline_ms = now_ms() + DRAIN_MS;
    read_oom();
}

static void on_signal(int fd, short revents)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    (void)revents;
    (void)!read(fd, &info, sizeof(info));
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == shim.pid)
            ended(status);
    }
}

/* The file NAME.exit.new with TEXT, of EXIT_BYTES. */
static bool write_exit(const char *text, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s.exit.new", shim.plan.name);
    HULL_AUTO_FD fd = plain_open(SHIM_FD_DIR, ret_path, O_WRONLY | O_CREAT, 0600);
    return fd >= 0 && write_all(fd, text, EXIT_BYTES) == 0;
}

/* Room for the exit status now: the disk may be full when the program ends. */
static void reserve_exit(void)
{
    char text[EXIT_BYTES], path[176];
    memset(text, ' ', sizeof(text));
    (void)write_exit(text, path, sizeof(path));
}

/* A file that is there whole or not at all: also a daemon that comes later finds the status. */
static void record(void)
{
    char text[EXIT_BYTES + 1], name[160], temporary[176];
    int n = snprintf(text, sizeof(text), "%lld %d %lld", (long long)shim.status, shim.oom,
                     (long long)shim.time_ns);
    memset(text + n, ' ', EXIT_BYTES - (size_t)n);
    text[EXIT_BYTES - 1] = '\n';
    snprintf(name, sizeof(name), "%s.exit", shim.plan.name);
    if (write_exit(text, temporary, sizeof(temporary)))
        renameat(SHIM_FD_DIR, temporary, SHIM_FD_DIR, name);
}

/* What is to be done when the program has ended, as soon as its output is where it belongs. */
static void finish(void)
{
    if (!shim.ended || recorded)
        return;
    bool late = now_ms() >= deadline_ms;
    if (late && !output_drained())
        output_close();
    if (!late && (!output_drained() || output_pending()))
        return;
    recorded = true;
    if (shim.state == SHIM_FAILED)
        return;
    /* That of an exec is for the daemon that asked for it, which hears it from us. */
    if (!shim.plan.exec)
        record();
    shim.state = SHIM_EXITED;
    control_exited();
}

static int timeout_ms(void)
{
    if (!shim.ended || recorded)
        return -1;
    int64_t left = deadline_ms - now_ms();
    return left < 0 ? 0 : (int)left;
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return signal_fd < 0 ? shim_fail_errno("signalfd") : 0;
}

/* It was killed. Left behind, it would count as the container's until somebody else has looked
 * after it. A daemon that has to wait for too long kills us. */
static void await_child(void)
{
    while (!shim.ended && shim.pid > 0 && waitpid(shim.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

int loop_run(void)
{
    int rc = open_signals();
    if (rc < 0)
        return rc;
    reserve_exit();
    loop_watch(signal_fd, POLLIN, on_signal);
    loop_watch(SHIM_FD_LISTEN, POLLIN, on_listen);
    loop_watch(SHIM_FD_CONTROL, POLLIN, on_connection);
    while (!control_quit) {
        output_watch();
        size_t n = count;
        for (size_t i = 0; i < n; i++)
            fds[i] = (struct pollfd){watches[i].fd, watches[i].events, 0};
        if (poll(fds, n, timeout_ms()) < 0 && errno != EINTR)
            return shim_fail_errno("poll");
        for (size_t i = 0; i < n; i++) {
            /* A handler may have closed what comes later. */
            ssize_t at = fds[i].revents != 0 ? find(fds[i].fd) : -1;
            if (at >= 0)
                watches[at].ready(fds[i].fd, fds[i].revents);
        }
        finish();
        output_watch();
        finish();
    }
    await_child();
    return 0;
}
