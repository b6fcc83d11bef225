/*
 * manage.c: what can be done with a process that was made: attach, signals, waiting, freezing,
 * taking it away, and finding it again after a restart of the daemon.
 */
#include "shimmed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_LOST 137
/* A shim that was told to go answers by its end at once. */
#define QUIT_MS 5000
/* One that can answer does so at once; nobody else waits for one that can't for longer. */
#define STATUS_MS 1000
/* Nothing tells that there are descriptors or memory again. */
#define AGAIN_MS 1000
/* The kernel ends what is killed at once, unless it hangs in there. */
#define END_MS 10000

int shimmed_attach(struct hull_call *call, const struct runtime_attach_request *request,
                   struct container_stream_reply *reply)
{
    struct ctr *ctr;
    struct process *process;
    int pair[2];
    int rc = ctr_process(call, request->id, request->process, &ctr, &process);
    if (rc < 0)
        return rc;
    bool tty = process->tty;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return hull_fail_errno(call, errno, "socketpair");
    HULL_AUTO_FD ours = pair[0];
    HULL_AUTO_FD theirs = pair[1];
    struct shim_packet ask = {.op = SHIM_ATTACH,
                              .a = (request->stdin_ ? SHIM_STDIN : 0) |
                                   (request->stdout_ ? SHIM_STDOUT : 0) |
                                   (request->stderr_ ? SHIM_STDERR : 0)};
    rc = client_soon(call, request->id, request->process, &ask, theirs, NULL);
    if (rc < 0)
        return rc;
    reply->stream = hull_stream_from_fd(HULL_TAKE_FD(ours));
    reply->multiplexed = !tty;
    return 0;
}

/* Process 1 can do without a shim that does not pass it on. One that is stopped only goes with it,
 * and its end is that of the container; of one that hangs in the kernel nobody is told how the
 * process ended until it goes on. */
static int kill_directly(struct hull_call *call, const char *id)
{
    const struct ctr *ctr = ctr_find(id);
    const struct process *init = ctr_find_process(ctr, "init");
    if (ctr == NULL || ctr->pidfd < 0 ||
        syscall(SYS_pidfd_send_signal, ctr->pidfd, SIGKILL, NULL, 0) < 0)
        return -HULL_TIMEOUT;
    if (init != NULL && init->shim.pidfd >= 0)
        syscall(SYS_pidfd_send_signal, init->shim.pidfd, SIGKILL, NULL, 0);
    hull_error_clear(call);
    return 0;
}

int shimmed_kill(struct hull_call *call, const struct runtime_kill_request *request,
                 struct hull_empty *reply)
{
    struct ctr *ctr;
    struct process *process;
    struct shim_packet packet = {.op = SHIM_KILL, .a = request->signal};
    (void)reply;
    int rc = 0;
    if (!request->all) {
        bool init = request->process == NULL || request->process[0] == '\0';
        rc = client_soon(call, request->id, request->process, &packet, -1, NULL);
        return rc == -HULL_TIMEOUT && init && request->signal == SIGKILL && hull_check(call) == 0
                   ? kill_directly(call, request->id)
                   : rc;
    }
    rc = ctr_process(call, request->id, request->process, &ctr, &process);
    if (rc == 0)
        rc = cg_kill(call, &ctr->cgroup, (int)request->signal);
    return rc;
}

int shimmed_resize(struct hull_call *call, const struct runtime_resize_request *request,
                   struct hull_empty *reply)
{
    struct shim_packet packet = {.op = SHIM_RESIZE, .a = request->height, .b = request->width};
    (void)reply;
    return client_soon(call, request->id, request->process, &packet, -1, NULL);
}

int shimmed_keep(struct hull_call *call, const struct runtime_keep_request *request,
                 struct hull_empty *reply)
{
    struct shim_packet packet = {.op = SHIM_KEEP, .a = request->place};
    (void)reply;
    return client_soon(call, request->id, NULL, &packet, request->fd, NULL);
}

int shimmed_kept(struct hull_call *call, const struct runtime_keep_request *request,
                 struct runtime_kept_reply *reply)
{
    struct shim_packet packet = {.op = SHIM_KEPT, .a = request->place};
    return client_soon(call, request->id, NULL, &packet, -1, &reply->fd);
}

/* The answer of a shim that is asked over FD how its process ended. */
static int ask_end(struct hull_call *call, int fd, struct runtime_exit *ret)
{
    struct shim_packet answer;
    int rc = client_ask(call, fd, &(struct shim_packet){.op = SHIM_WAIT}, -1, &answer, NULL);
    if (rc == 0)
        *ret =
            (struct runtime_exit){.status = answer.a, .time_ns = answer.b, .oom_killed = answer.c};
    return rc;
}

/* The shim has left without an answer: what it wrote down, or that it was lost. */
static int lost(struct hull_call *call, const char *id, const char *dir, const char *name,
                struct runtime_exit *ret)
{
    int rc;
    while ((rc = client_exit_file(call, dir, name, ret)) == -HULL_IO) {
        rc = hull_sleep(call, AGAIN_MS);
        if (rc < 0)
            return rc;
    }
    if (rc != -HULL_NOT_FOUND)
        return rc;
    hull_error_clear(call);
    struct ctr *ctr = ctr_find(id);
    if (ctr != NULL && strcmp(name, "init") == 0)
        rc = cg_kill(call, &ctr->cgroup, SIGKILL);
    else
        rc = 0;
    *ret = (struct runtime_exit){.status = EXIT_LOST, .time_ns = hull_time_ns(), .lost = true};
    return rc;
}

/* As long as it takes: who waits for an end must not be told of one that was not. */
static int connect_patiently(struct hull_call *call, const char *dir, const char *name, int *ret_fd)
{
    int rc = client_connect(call, dir, name, ret_fd);
    while (rc == -HULL_IO || rc == -HULL_TIMEOUT) {
        rc = hull_sleep(call, AGAIN_MS);
        if (rc == 0)
            rc = client_connect(call, dir, name, ret_fd);
    }
    return rc;
}

int shimmed_wait(struct hull_call *call, const struct runtime_process_ref *request,
                 struct runtime_exit *reply)
{
    struct ctr *ctr;
    struct process *process;
    int rc = ctr_process(call, request->id, request->process, &ctr, &process);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = HULL_TAKE_FD(process->control);
    /* Copies, for both may be gone after the wait. */
    const char *dir = hull_strdup(call, ctr->dir), *name = hull_strdup(call, process->name);
    if (fd < 0)
        rc = connect_patiently(call, dir, name, &fd);
    if (rc == 0)
        rc = ask_end(call, fd, reply);
    return rc == -HULL_NOT_FOUND || rc == -HULL_UNAVAILABLE
               ? lost(call, request->id, dir, name, reply)
               : rc;
}

/* --- taking away ---------------------------------------------------------------------------- */

static void remove_files(struct hull_call *call, const char *dir, const char *name)
{
    static const char *const suffixes[] = {".sock", ".exit", ".exit.new"};
    HULL_AUTO_FD dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; dir_fd >= 0 && i < HULL_COUNT(suffixes); i++)
        unlinkat(dir_fd, hull_printf(call, "%s%s", name, suffixes[i]), 0);
}

static int await_shim(struct hull_call *call, struct helper *shim)
{
    if (shim->pid > 0)
        return helper_wait(call, shim, NULL);
    int rc = hull_wait_fd(call, shim->pidfd, POLLIN);
    return rc < 0 ? rc : 0;
}

static int await_shortly(struct hull_call *call, void *arg)
{
    hull_call_set_timeout(call, END_MS);
    return await_shim(call, arg);
}

/* Nobody else waits for one that was given up: it is reaped when it has ended after all. */
static int await_late(struct hull_call *call, void *arg)
{
    struct helper *shim = arg;
    int rc = await_shim(call, shim);
    hull_fd_cleanup(&shim->pidfd);
    free(shim);
    return rc == -HULL_CANCELED ? 0 : rc;
}

/* SIGKILL does not end what hangs in the kernel. Takes what SHIM has. */
static int give_up(struct hull_call *call, const char *dir, const char *name, struct helper *shim)
{
    struct helper *late = malloc(sizeof(*late));
    HULL_ASSERT(late != NULL);
    *late = *shim;
    *shim = (struct helper){-1, -1};
    hull_spawn("late shim", await_late, late);
    return hull_fail(call, HULL_TIMEOUT,
                     "the shim of %s/%s does not end: it may hang in the kernel, with a disk or a "
                     "server; try again when that answers",
                     dir, name);
}

/*
 * Tell the shim to kill its process and go; returns when it is gone. One that does not answer,
 * stuck in a mount perhaps, is killed, and its child with it. -HULL_TIMEOUT when it stays.
 */
static int quit_shim(struct hull_call *call, const char *dir, const char *name, struct helper *shim)
{
    HULL_AUTO_FD fd = -1;
    int rc = client_connect(call, dir, name, &fd);
    struct shim_packet answer;
    if (rc == 0)
        rc = client_ask_within(call, fd, SHIM_QUIT, QUIT_MS, &answer, NULL);
    if (rc == -HULL_CANCELED)
        return rc;
    hull_error_clear(call); /* its end is the answer */
    if (shim->pidfd < 0)
        return 0;
    if (rc == -HULL_NOT_FOUND || rc == -HULL_TIMEOUT || rc == -HULL_IO)
        syscall(SYS_pidfd_send_signal, shim->pidfd, SIGKILL, NULL, 0);
    rc = hull_task_join(call, hull_task_start(call, "end shim", await_shortly, shim));
    return rc == -HULL_TIMEOUT && hull_check(call) == 0 ? give_up(call, dir, name, shim) : rc;
}

int ctr_delete_process(struct hull_call *call, struct ctr *ctr, struct process *process)
{
    const char *dir = hull_strdup(call, ctr->dir), *name = hull_strdup(call, process->name);
    struct helper shim = process->shim;
    process->shim = (struct helper){-1, -1};
    /* Out of the table before the first wait: nobody else finds it now. */
    ctr_drop_process(ctr, process);
    int rc = quit_shim(call, dir, name, &shim);
    hull_fd_cleanup(&shim.pidfd);
    remove_files(call, dir, name);
    return rc;
}

/* What is needed of CTR when it may be gone. */
static void copy_ctr(struct hull_arena *arena, const struct ctr *ctr, struct ctr *ret)
{
    *ret = (struct ctr){.arena = arena,
                        .id = hull_arena_strdup(arena, ctr->id),
                        .dir = hull_arena_strdup(arena, ctr->dir),
                        .pidfd = -1};
    if (ctr->runtime != NULL)
        ret->runtime = hull_arena_strdup(arena, ctr->runtime);
    copy_strv(arena, &ctr->runtime_args, &ret->runtime_args);
    cg_copy(arena, &ctr->cgroup, &ret->cgroup);
}

int ctr_delete(struct hull_call *call, struct ctr *ctr)
{
    struct ctr copy;
    struct process *init = NULL;
    int rc = 0;
    copy_ctr(hull_call_arena(call), ctr, &copy);
    for (struct process *p = ctr->processes; p != NULL; p = p->next) {
        if (strcmp(p->name, "init") == 0)
            init = p;
    }
    /* With process 1 goes all that is in its pid namespace. */
    if (init != NULL)
        rc = ctr_delete_process(call, ctr, init);
    while (rc == 0 && ctr->processes != NULL)
        rc = ctr_delete_process(call, ctr, ctr->processes);
    if (rc == 0 && shim_driver.clean != NULL)
        rc = shim_driver.clean(call, &copy);
    if (rc == 0)
        rc = cg_remove(call, &copy.cgroup);
    if (rc == 0)
        ctr_free(ctr);
    return rc;
}

int shimmed_delete(struct hull_call *call, const struct runtime_process_ref *request,
                   struct hull_empty *reply)
{
    struct ctr *ctr;
    struct process *process;
    (void)reply;
    int rc = ctr_process(call, request->id, request->process, &ctr, &process);
    bool whole = request->process == NULL || request->process[0] == '\0';
    if (whole && ctr_find(request->id) != NULL)
        rc = ctr_delete(call, ctr_find(request->id));
    else if (rc == 0)
        rc = ctr_delete_process(call, ctr, process);
    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call);
        return 0;
    }
    return rc;
}

/* --- adopting ------------------------------------------------------------------------------- */

static const char *const states[] = {
    [SHIM_NEW] = "created",   [SHIM_CREATED] = "created", [SHIM_RUNNING] = "running",
    [SHIM_EXITED] = "exited", [SHIM_FAILED] = "exited",
};

/* Ask the shim NAME; *ret_state is NULL when there is none. *ret_fd is a pidfd of its process. */
static int ask_status(struct hull_call *call, struct ctr *ctr, const char *name,
                      struct process **ret_process, const char **ret_state, int *ret_fd)
{
    HULL_AUTO_FD fd = -1;
    *ret_state = NULL;
    int rc = client_connect(call, ctr->dir, name, &fd);
    struct shim_packet answer;
    if (rc == 0)
        rc = client_ask_within(call, fd, SHIM_STATUS, STATUS_MS, &answer, ret_fd);
    if (rc == -HULL_NOT_FOUND || rc == -HULL_UNAVAILABLE) {
        hull_error_clear(call);
        return 0;
    }
    if (rc < 0)
        return rc;
    /* It has just answered and the connection is still there, so that the number is its own. */
    struct helper shim = {0, (int)syscall(SYS_pidfd_open, (pid_t)strtol(answer.text, NULL, 10), 0)};
    if (shim.pidfd < 0 && errno != ESRCH)
        return hull_fail(call, HULL_IO, "the shim of %s/%s can't be watched: %s", ctr->dir, name,
                         strerror(errno));
    struct process *process = ctr_add_process(ctr, name);
    process->pid = (int)answer.b;
    process->shim = shim;
    process->tty = answer.c != 0;
    *ret_process = process;
    *ret_state =
        answer.a >= 0 && answer.a < (int64_t)HULL_COUNT(states) ? states[answer.a] : "exited";
    return 0;
}

static int adopt_execs(struct hull_call *call, struct ctr *ctr, struct hull_strv *ret)
{
    DIR *folder = opendir(ctr->dir);
    struct dirent *entry;
    struct hull_strv names = {};
    if (folder == NULL && client_is_shortage(errno))
        return hull_fail(call, HULL_IO, "reading %s: %s", ctr->dir, strerror(errno));
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".sock") == 0 &&
            strcmp(entry->d_name, "init.sock") != 0)
            hull_strv_add(hull_call_arena(call), &names,
                          hull_arena_strndup(hull_call_arena(call), entry->d_name, length - 5));
    }
    if (folder != NULL)
        closedir(folder);
    int rc = 0;
    for (size_t i = 0; i < names.n && rc == 0; i++) {
        struct process *process;
        const char *state;
        rc = ask_status(call, ctr, names.v[i], &process, &state, NULL);
        if (rc == 0 && hull_streq(state, "running"))
            hull_strv_add(hull_call_arena(call), ret, names.v[i]);
    }
    return rc;
}

/* How the process of a shim that is still there ended: the shim knows it, whatever became of the
 * file. */
static int ended_how(struct hull_call *call, const struct ctr *ctr, struct runtime_exit *ret)
{
    HULL_AUTO_FD fd = -1;
    int rc = client_exit_file(call, ctr->dir, "init", ret);
    if (rc == 0)
        return 0;
    rc = client_connect(call, ctr->dir, "init", &fd);
    if (rc == 0)
        rc = ask_end(call, fd, ret);
    if (rc < 0)
        *ret = (struct runtime_exit){.status = EXIT_LOST, .time_ns = hull_time_ns(), .lost = true};
    return rc;
}

static int look_frozen(struct hull_call *call, const struct ctr *ctr, const char **ret_state)
{
    int frozen = cg_frozen(&ctr->cgroup);
    if (frozen < 0)
        return hull_fail(call, HULL_IO, "whether container %s is paused can't be told: %s", ctr->id,
                         strerror(-frozen));
    if (frozen)
        *ret_state = "paused";
    return 0;
}

static void undo_adopt(struct hull_call *call, void *arg)
{
    (void)call;
    ctr_free(arg);
}

int shimmed_adopt(struct hull_call *call, const struct runtime_adopt_request *request,
                  struct runtime_adopt_reply *reply)
{
    struct process *init = NULL;
    const char *state;
    if (ctr_find(request->id) != NULL)
        return hull_fail(call, HULL_CONFLICT, "container %s is known already", request->id);
    struct ctr *ctr = ctr_new(request->id, request->dir);
    hull_undo(call, undo_adopt, ctr);
    int rc = cg_open(call, ctr->arena, request->cgroups_path, &ctr->cgroup);
    if (rc == 0)
        rc = ask_status(call, ctr, "init", &init, &state, &ctr->pidfd);
    if (rc < 0)
        return rc;
    if (init == NULL) {
        /* No shim. What it said at its end counts; if it said nothing, what is left dies. */
        ctr_add_process(ctr, "init");
        rc = client_exit_file(call, ctr->dir, "init", &reply->exit);
        if (rc == -HULL_IO)
            return rc;
        state = rc == 0 ? "exited" : "gone";
        hull_error_clear(call);
        rc = rc < 0 ? cg_kill(call, &ctr->cgroup, SIGKILL) : 0;
        if (rc < 0)
            return rc;
    } else {
        reply->pid = init->pid;
        ctr->running = hull_streq(state, "running");
        if (hull_streq(state, "exited") && ended_how(call, ctr, &reply->exit) < 0)
            hull_error_clear(call);
        else if (hull_streq(state, "running"))
            rc = look_frozen(call, ctr, &state);
        if (rc < 0)
            return rc;
    }
    reply->state = state;
    return adopt_execs(call, ctr, &reply->execs);
}
