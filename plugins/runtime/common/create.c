/*
 * create.c: runtime.create and runtime.exec: the plan, the shim, and the cgroup meanwhile.
 */
#include "shimmed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 6.11: the namespace of the process that a pidfd means, without a look at /proc. */
#ifndef PIDFD_GET_NET_NAMESPACE
#define PIDFD_GET_NET_NAMESPACE _IO(0xFF, 4)
#endif

/* A shim that has not made its process by then never will. */
#define TIMEOUT_S 120
#define TIMEOUT_MAX_S 86400

HULL_MESSAGE_DEFINE(shimmed_options, SHIMMED_OPTIONS_FIELDS)

static int64_t timeout_s(void)
{
    const struct shimmed_options *options = hull_plugin_options(shim_driver.port);
    return options->timeout_s > 0 ? options->timeout_s : TIMEOUT_S;
}

int shimmed_init(struct hull_call *call)
{
    const struct shimmed_options *options = hull_plugin_options(shim_driver.port);
    return options->timeout_s >= 0 && options->timeout_s <= TIMEOUT_MAX_S
               ? 0
               : hull_fail(call, HULL_INVALID,
                           "plugin-opts of %s: shim-timeout: %lld is not between 0 and %d",
                           shim_driver.port, (long long)options->timeout_s, TIMEOUT_MAX_S);
}

static void fill_stdio(struct shim_plan *plan, const struct runtime_stdio *stdio)
{
    plan->open_stdin = stdio->open_stdin;
    plan->stdin_once = stdio->stdin_once;
    plan->log_path = stdio->log_path;
    plan->log_max_size = stdio->log_max_size;
    plan->log_max_files = stdio->log_max_files;
    plan->log_attributes = stdio->log_attributes;
}

/* A name becomes part of file names. */
static int check_name(struct hull_call *call, const char *name)
{
    if (name[0] == '.' || strchr(name, '/') != NULL || strlen(name) > 80 || !strcmp(name, "init"))
        return hull_fail(call, HULL_INVALID, "invalid exec id \"%s\"", name);
    return 0;
}

/* Take back what create or exec has begun: ARG is a struct making. */
struct making {
    const char *id, *name;
    bool whole;                  /* the container goes with it */
    const struct cgroup *cgroup; /* and this, when nobody knows the container any more */
};

static void undo_making(struct hull_call *call, void *arg)
{
    struct making *making = arg;
    struct ctr *ctr = ctr_find(making->id);
    struct process *process;
    int rc = 0;
    if (ctr != NULL && making->whole)
        rc = ctr_delete(call, ctr);
    else if (making->cgroup != NULL)
        rc = cg_remove(call, making->cgroup);
    else if (ctr_process(call, making->id, making->name, &ctr, &process) == 0)
        rc = ctr_delete_process(call, ctr, process);
    (void)rc;
}

static struct making *making_new(struct hull_call *call, const char *id, const char *name,
                                 bool whole, const struct cgroup *cgroup)
{
    struct making *making = HULL_NEW(hull_call_arena(call), struct making);
    *making = (struct making){id, name, whole, cgroup};
    return making;
}

/*
 * The answer of a shim that has made its process, on the connection *CONTROL, which is taken. The
 * container may have gone meanwhile.
 */
static int made(struct hull_call *call, const char *id, const char *name,
                const struct shim_packet *answer, int *control)
{
    struct ctr *ctr;
    struct process *process;
    int rc = ctr_process(call, id, name, &ctr, &process);
    if (rc < 0)
        return rc;
    process->pid = (int)answer->a;
    process->control = HULL_TAKE_FD(*control);
    return 0;
}

/* A shim has been started, which took a while: it belongs to its container, if that is still
 * there. */
static int launched(struct hull_call *call, const char *id, struct launch *launch, bool tty,
                    struct ctr **ret_ctr)
{
    struct process *process;
    int rc = ctr_process(call, id, launch->name, ret_ctr, &process);
    if (rc < 0) {
        helper_kill_cleanup(call, &launch->shim);
        return rc;
    }
    process->shim = launch->shim;
    process->tty = tty;
    return 0;
}

static int open_netns(struct hull_call *call, int pidfd, int pid, int *ret_fd)
{
    char path[64];
    int fd = ioctl(pidfd, PIDFD_GET_NET_NAMESPACE, 0);
    if (fd < 0) {
        snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        /* It is still that process, so that what was opened is its own. */
        if (fd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0) {
            close(fd);
            fd = -1;
            errno = ESRCH;
        }
    }
    if (fd < 0)
        return hull_fail_errno(call, errno, "open the network namespace");
    *ret_fd = fd;
    return 0;
}

static bool has_own_netns(const struct oci_linux *linux_)
{
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        if (hull_streq(ns->type, "network") && (ns->path == NULL || ns->path[0] == '\0'))
            return true;
    }
    return false;
}

/* A question to the shim of process NAME of the container ID. */
struct asking {
    const char *id, *name;
    int fd; /* the connection, or -1: any */
    struct shim_packet request, *answer;
    int *pidfd;
};

static int ask_now(struct hull_call *call, void *arg)
{
    const struct asking *asking = arg;
    struct ctr *ctr;
    struct process *process;
    hull_call_set_timeout(call, timeout_s() * 1000);
    if (asking->fd >= 0)
        return client_ask(call, asking->fd, &asking->request, -1, asking->answer, asking->pidfd);
    int rc = ctr_process(call, asking->id, asking->name, &ctr, &process);
    return rc < 0 ? rc
                  : client_once(call, ctr, process, &asking->request, -1, asking->answer, NULL);
}

/*
 * The shim opens what is mounted, and loads the program: the server of a file system may have died
 * since we looked. One that is stuck would not hear that it has to go, either.
 */
static int ask_shim(struct hull_call *call, struct asking *asking)
{
    int rc = hull_task_join(call, hull_task_start(call, "ask shim", ask_now, asking));
    if (rc != -HULL_TIMEOUT || hull_check(call) < 0)
        return rc;
    const struct process *process = ctr_find_process(ctr_find(asking->id), asking->name);
    if (process != NULL && process->shim.pidfd >= 0)
        syscall(SYS_pidfd_send_signal, process->shim.pidfd, SIGKILL, NULL, 0);
    return hull_fail(call, HULL_TIMEOUT,
                     "no process within %lld s: do the servers of all that is mounted answer?",
                     (long long)timeout_s());
}

/* What the daemon has to do when the shim is on its way: the cgroup, then the shim's answer. */
static int finish_create(struct hull_call *call, const struct runtime_create_request *request,
                         const struct cgroup *cgroup, int *control,
                         struct runtime_create_reply *reply)
{
    struct shim_packet answer;
    HULL_AUTO_FD pidfd = -1;
    struct asking asking = {.id = request->id,
                            .name = "init",
                            .fd = *control,
                            .request.op = SHIM_CREATE,
                            .answer = &answer,
                            .pidfd = &pidfd};
    int rc = shim_driver.limit == NULL
                 ? 0
                 : shim_driver.limit(call, cgroup, &request->spec, &reply->warnings);
    if (rc == 0)
        rc = ask_shim(call, &asking);
    if (rc == 0)
        rc = made(call, request->id, NULL, &answer, control);
    if (rc < 0)
        return rc;
    reply->pid = answer.a;
    if (has_own_netns(&request->spec.linux_))
        rc = open_netns(call, pidfd, (int)answer.a, &reply->netns_fd);
    struct ctr *now = ctr_find(request->id);
    if (rc == 0 && now != NULL)
        now->pidfd = HULL_TAKE_FD(pidfd);
    return rc;
}

static int create(struct hull_call *call, const struct runtime_create_request *request,
                  struct ctr *ctr, const struct cgroup *cgroup, struct launch *launch,
                  struct runtime_create_reply *reply)
{
    struct shim_plan *plan = launch->plan;
    launch->dir = plan->dir = ctr->dir;
    plan->has_rootfs = request->rootfs_fd >= 0;
    plan->has_seccomp = launch->seccomp_fd >= 0;
    plan->has_init = request->init;
    plan->has_userns = launch->userns_fd >= 0;
    plan->cgroup_names = ctr->cgroup.names;
    plan->cgroup_dirs = ctr->cgroup.dirs;
    plan->oom_file = cg_oom_file(ctr->arena, &ctr->cgroup);
    ctr->own_netns = has_own_netns(&request->spec.linux_);
    ctr_add_process(ctr, "init");
    int rc = shim_driver.begin == NULL ? 0 : shim_driver.begin(call, request, ctr);
    if (rc == 0)
        rc = launch_shim(call, launch);
    HULL_AUTO_FD control = launch->control_fd;
    if (rc == 0)
        rc = launched(call, request->id, launch, request->spec.process.terminal, &ctr);
    return rc < 0 ? rc : finish_create(call, request, cgroup, &control, reply);
}

/* Users and groups that the container does not know are docker's to find, before it runs a
 * program: their errors have no prefix. */
static int wrap(struct hull_call *call, int rc, const char *prefix)
{
    return rc < 0 && strncmp(hull_error(call), "unable to find ", 15) == 0
               ? rc
               : hull_wrap(call, rc, "%s", prefix);
}

static struct launch new_launch(struct shim_plan *plan)
{
    return (struct launch){.name = plan->name,
                           .plan = plan,
                           .rootfs_fd = -1,
                           .seccomp_fd = -1,
                           .target_fd = -1,
                           .userns_fd = -1,
                           .control_fd = -1};
}

int shimmed_create(struct hull_call *call, const struct runtime_create_request *request,
                   struct runtime_create_reply *reply)
{
    struct cgroup *cgroup = HULL_NEW(hull_call_arena(call), struct cgroup);
    /* What comes in a message is the receiver's; the shim has a descriptor of its own. */
    HULL_AUTO_FD rootfs_fd HULL_UNUSED = request->rootfs_fd;
    struct shim_plan plan = {.name = "init", .spec = request->spec};
    struct launch launch = new_launch(&plan);
    reply->netns_fd = -1;
    fill_stdio(&plan, &request->stdio);
    launch.rootfs_fd = request->rootfs_fd;
    if (request->spec.linux_.uid_mappings.n > 0)
        launch.userns_fd = request->userns_fd;
    int rc = cg_open(call, hull_call_arena(call), request->spec.linux_.cgroups_path, cgroup);
    if (rc == 0)
        rc = shim_driver.plan_create(call, request, &launch);
    HULL_AUTO_FD seccomp_fd HULL_UNUSED = launch.seccomp_fd;
    if (rc < 0)
        return hull_wrap(call, rc, "%s", shim_driver.create_prefix);
    /* What is left of one whose shim did not end when it was taken away. */
    if (ctr_find(request->id) != NULL && ctr_find(request->id)->processes == NULL)
        rc = ctr_delete(call, ctr_find(request->id));
    if (rc < 0)
        return hull_wrap(call, rc, "%s", shim_driver.create_prefix);
    if (ctr_find(request->id) != NULL)
        return hull_fail(call, HULL_CONFLICT, "container %s is made already", request->id);
    struct ctr *ctr = ctr_new(request->id, request->dir);
    rc = cg_open(call, ctr->arena, request->spec.linux_.cgroups_path, &ctr->cgroup);
    hull_undo(call, undo_making, making_new(call, request->id, NULL, true, cgroup));
    if (rc == 0)
        rc = create(call, request, ctr, cgroup, &launch, reply);
    return wrap(call, rc, shim_driver.create_prefix);
}

static int exec(struct hull_call *call, const struct runtime_exec_request *request, struct ctr *ctr,
                struct launch *launch, struct runtime_create_reply *reply)
{
    struct shim_packet answer = {0};
    launch->dir = launch->plan->dir = ctr->dir;
    launch->plan->has_seccomp = launch->seccomp_fd >= 0;
    launch->plan->cgroup_dirs = ctr->cgroup.dirs;
    ctr_add_process(ctr, request->process);
    int rc = launch_shim(call, launch);
    HULL_AUTO_FD control = launch->control_fd;
    if (rc == 0)
        rc = launched(call, request->id, launch, request->spec.terminal, &ctr);
    struct asking asking = {.id = request->id,
                            .name = request->process,
                            .fd = control,
                            .request.op = SHIM_CREATE,
                            .answer = &answer};
    if (rc == 0)
        rc = ask_shim(call, &asking);
    if (rc == 0)
        rc = made(call, request->id, request->process, &answer, &control);
    reply->pid = rc == 0 ? answer.a : 0;
    return rc;
}

/* The container is running; *ret_fd is a pidfd of its first process, readable when that ends. */
static int open_target(struct hull_call *call, const char *id, int *ret_fd)
{
    struct ctr *ctr;
    int rc = ctr_get(call, id, &ctr);
    if (rc < 0)
        return rc;
    struct pollfd ended = {ctr->pidfd, POLLIN, 0};
    if (!ctr->running || ctr->pidfd < 0 || poll(&ended, 1, 0) != 0)
        return hull_fail(call, HULL_CONFLICT, "container %s is not running", id);
    *ret_fd = fcntl(ctr->pidfd, F_DUPFD_CLOEXEC, 3);
    return *ret_fd < 0 ? hull_fail_errno(call, errno, "open the container's process") : 0;
}

int shimmed_exec(struct hull_call *call, const struct runtime_exec_request *request,
                 struct runtime_create_reply *reply)
{
    struct ctr *ctr;
    struct process *old;
    struct shim_plan plan = {.name = request->process, .exec = true};
    struct launch launch = new_launch(&plan);
    HULL_AUTO_FD target = -1;
    reply->netns_fd = -1;
    plan.spec.process = request->spec;
    fill_stdio(&plan, &request->stdio);
    int rc = check_name(call, request->process);
    if (rc == 0)
        rc = open_target(call, request->id, &target);
    launch.target_fd = target;
    if (rc == 0)
        rc = shim_driver.plan_exec(call, request, &launch);
    HULL_AUTO_FD seccomp_fd HULL_UNUSED = launch.seccomp_fd;
    /* From here to the shim's start nothing yields. */
    if (rc == 0)
        rc = ctr_get(call, request->id, &ctr);
    if (rc < 0)
        return rc;
    if (ctr_process(call, request->id, request->process, &ctr, &old) == 0)
        return hull_fail(call, HULL_CONFLICT, "exec %s exists already", request->process);
    hull_error_clear(call);
    hull_undo(call, undo_making, making_new(call, request->id, request->process, false, NULL));
    rc = exec(call, request, ctr, &launch, reply);
    return wrap(call, rc, shim_driver.exec_prefix);
}

int shimmed_start(struct hull_call *call, const struct runtime_process_ref *request,
                  struct runtime_start_reply *reply)
{
    struct ctr *ctr;
    struct process *process;
    struct shim_packet answer = {0};
    int rc = ctr_process(call, request->id, request->process, &ctr, &process);
    if (rc < 0)
        return rc;
    bool init = strcmp(process->name, "init") == 0;
    struct asking asking = {.id = request->id,
                            .name = hull_strdup(call, process->name),
                            .fd = -1,
                            .request.op = SHIM_START,
                            .answer = &answer};
    reply->pid = process->pid;
    rc = ask_shim(call, &asking);
    if (rc == 0 && init && ctr_find(request->id) != NULL)
        ctr_find(request->id)->running = true;
    if (answer.a > 0)
        reply->pid = answer.a;
    /* Nothing is left of what can't be started. */
    if (rc != -HULL_CONFLICT && rc < 0)
        hull_undo(call, undo_making, making_new(call, request->id, request->process, init, NULL));
    return wrap(call, rc, init ? shim_driver.create_prefix : shim_driver.exec_prefix);
}
