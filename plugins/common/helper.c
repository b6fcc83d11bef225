#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors of a child. */
#define MOST_FDS 256

struct spawn {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int null_fd;
    int *moved; /* copies of descriptors that the child's own numbers would cover */
    size_t count;
};

static void spawn_done(struct spawn *spawn)
{
    posix_spawn_file_actions_destroy(&spawn->actions);
    posix_spawnattr_destroy(&spawn->attributes);
    hull_fd_cleanup(&spawn->null_fd);
    for (size_t i = 0; i < spawn->count; i++)
        hull_fd_cleanup(&spawn->moved[i]);
    free(spawn->moved);
}

/* 0 or an errno: the child's descriptor I comes from FD. */
static int map_fd(struct spawn *spawn, size_t i, int fd)
{
    if (fd == -1) {
        if (spawn->null_fd < 0)
            spawn->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        fd = spawn->null_fd;
    }
    if (fd >= 0 && (size_t)fd < spawn->count && (size_t)fd != i) {
        fd = fcntl(fd, F_DUPFD_CLOEXEC, (int)spawn->count);
        spawn->moved[i] = fd;
    }
    if (fd < 0)
        return errno;
    return posix_spawn_file_actions_adddup2(&spawn->actions, fd, (int)i);
}

static int set_attributes(struct spawn *spawn, bool new_session)
{
    sigset_t none, all;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigemptyset(&none);
    sigfillset(&all);
    int err = posix_spawnattr_setsigmask(&spawn->attributes, &none);
    if (err == 0)
        err = posix_spawnattr_setsigdefault(&spawn->attributes, &all);
    if (new_session)
        flags |= POSIX_SPAWN_SETSID;
    return err != 0 ? err : posix_spawnattr_setflags(&spawn->attributes, flags);
}

static int prepare(struct spawn *spawn, const struct helper_spec *spec)
{
    int err = posix_spawn_file_actions_init(&spawn->actions);
    if (err == 0)
        err = posix_spawnattr_init(&spawn->attributes);
    if (err == 0)
        err = set_attributes(spawn, spec->new_session);
    for (size_t i = 0; i < spawn->count && err == 0; i++)
        err = map_fd(spawn, i, i < spec->fd_count ? spec->fds[i] : -1);
    if (err == 0)
        err = posix_spawn_file_actions_addclosefrom_np(&spawn->actions, (int)spawn->count);
    return err;
}

struct start {
    const struct helper_spec *spec;
    struct spawn *spawn;
    struct helper process;
    int err;
};

/* The caller stands still until the program has been loaded, which takes milliseconds: done by a
 * worker, so that the loop goes on meanwhile. */
static int start(struct hull_work *work, void *arg)
{
    static const char *const no_environment[] = {NULL};
    struct start *s = arg;
    const char *const *envp = s->spec->envp == NULL ? no_environment : s->spec->envp;
    pid_t pid = -1;
    (void)work;
    s->err = posix_spawn(&pid, s->spec->path, &s->spawn->actions, &s->spawn->attributes,
                         (char *const *)s->spec->argv, (char *const *)envp);
    if (s->err != 0)
        return 0;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        s->err = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return 0;
    }
    s->process = (struct helper){pid, pidfd};
    return 0;
}

int helper_start(struct hull_call *call, const struct helper_spec *spec, struct helper *ret_process)
{
    /* Without 0 to 2 the first files that a program opens would be its standard output. */
    struct spawn spawn = {.null_fd = -1, .count = spec->fd_count < 3 ? 3 : spec->fd_count};
    HULL_ASSERT(spec->path[0] == '/' && spec->fd_count <= MOST_FDS);
    spawn.moved = malloc(spawn.count * sizeof(int));
    HULL_ASSERT(spawn.moved != NULL);
    for (size_t i = 0; i < spawn.count; i++)
        spawn.moved[i] = -1;
    struct start s = {.spec = spec, .spawn = &spawn};
    int rc = 0;
    s.err = prepare(&spawn, spec);
    if (s.err == 0)
        rc = hull_work_brief(call, start, &s);
    spawn_done(&spawn);
    if (rc < 0)
        return rc;
    if (s.err != 0)
        return hull_fail_errno(call, s.err, "start %s", spec->path);
    *ret_process = s.process;
    return 0;
}

int helper_wait(struct hull_call *call, struct helper *process, int *ret_status)
{
    int rc = hull_wait_fd(call, process->pidfd, POLLIN);
    if (rc < 0)
        return rc;
    int status;
    /* It is our child and not reaped yet, so that the number is still its own. */
    if (waitpid(process->pid, &status, WNOHANG) != process->pid)
        return hull_fail_errno(call, errno, "wait for process %d", (int)process->pid);
    hull_fd_cleanup(&process->pidfd);
    *process = (struct helper){-1, -1};
    if (ret_status != NULL)
        *ret_status = status;
    return 0;
}

void helper_kill_cleanup(struct hull_call *call, void *arg)
{
    struct helper *process = arg;
    if (process->pidfd < 0 || process->pid <= 0)
        return;
    if (syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH) {
        int rc = hull_fail_errno(call, errno, "kill process %d", (int)process->pid);
        (void)rc;
        return;
    }
    int rc = helper_wait(call, process, NULL);
    (void)rc;
}
