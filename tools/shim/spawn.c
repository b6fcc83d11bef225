/*
 * spawn.c: the parent's part of making the child.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *type;
    uint64_t flag;
} namespaces[] = {
    {"mount", CLONE_NEWNS},  {"network", CLONE_NEWNET}, {"ipc", CLONE_NEWIPC},
    {"uts", CLONE_NEWUTS},   {"pid", CLONE_NEWPID},     {"cgroup", 0}, /* later, see child.c */
    {"user", CLONE_NEWUSER},
};

static int clone_flags(uint64_t *ret)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    *ret = CLONE_PIDFD;
    if (shim.plan.exec)
        return setns(SHIM_FD_TARGET, CLONE_NEWPID) < 0
                   ? shim_fail_errno("join the container's pid namespace")
                   : 0;
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        size_t at = 0;
        while (at < HULL_COUNT(namespaces) && !hull_streq(namespaces[at].type, ns->type))
            at++;
        if (at == HULL_COUNT(namespaces))
            return shim_fail(HULL_NOT_SUPPORTED, "namespace \"%s\" is not supported",
                             ns->type == NULL ? "" : ns->type);
        if (ns->path == NULL || ns->path[0] == '\0') {
            *ret |= namespaces[at].flag;
        } else if (namespaces[at].flag == CLONE_NEWPID && !userns_is_joined()) {
            HULL_AUTO_FD fd = open(ns->path, O_RDONLY | O_CLOEXEC);
            if (fd < 0 || setns(fd, CLONE_NEWPID) < 0)
                return shim_fail_errno("join namespace %s", ns->path);
        }
    }
    if ((*ret & CLONE_NEWNS) == 0)
        return shim_fail(HULL_NOT_SUPPORTED, "a container needs a mount namespace of its own");
    return 0;
}

/*
 * The container of an exec has its cgroup. One of version 2 is entered by the clone, which is
 * quicker than a move; what can't be entered so is left to the child.
 */
static long clone_child(struct clone_args *args)
{
    const struct hull_strv *dirs = &shim.plan.cgroup_dirs;
    HULL_AUTO_FD dir_fd = -1;
    if (shim.plan.exec && dirs->n == 1)
        dir_fd = open(dirs->v[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd >= 0 && faccessat(dir_fd, "tasks", F_OK, 0) < 0) {
        struct clone_args within = *args;
        within.flags |= CLONE_INTO_CGROUP;
        within.cgroup = (uint64_t)dir_fd;
        shim.in_cgroup = true;
        long pid = syscall(SYS_clone3, &within, sizeof(within));
        if (pid >= 0)
            return pid;
        shim.in_cgroup = false;
    }
    return syscall(SYS_clone3, args, sizeof(*args));
}

int shim_spawn(void)
{
    struct stdio stdio;
    int pair[2], pidfd = -1;
    struct clone_args args = {.exit_signal = SIGCHLD, .pidfd = (uint64_t)(uintptr_t)&pidfd};
    uint64_t flags = 0;
    int rc = userns_find();
    if (rc == 0)
        rc = clone_flags(&flags);
    if (rc == 0)
        rc = userns_join_others();
    if (rc == 0)
        rc = mounts_prepare();
    if (rc == 0)
        rc = stdio_make(&stdio);
    if (rc == 0)
        rc = userns_own_stdio(stdio.child);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return shim_fail_errno("socketpair");
    args.flags = flags;
    long pid = userns_is_joined() ? userns_clone(&args, &pidfd) : clone_child(&args);
    if (pid == 0) {
        close(pair[0]);
        child_main(pair[1], stdio.child);
    }
    close(pair[1]);
    int err = errno;
    mounts_prepared();
    stdio_close(stdio.child);
    /* What only the child needs: the root file system is not held up by this process. */
    for (int fd = SHIM_FD_ROOTFS; fd <= SHIM_FD_USERNS; fd++)
        close(fd);
    errno = err;
    if (pid < 0)
        return shim_fail_errno("clone3");
    shim.pid = (pid_t)pid;
    shim.pidfd = pidfd;
    shim.sync_fd = pair[0];
    if (!shim.tty)
        output_open(stdio.parent[0], stdio.parent[1], stdio.parent[2]);
    return 0;
}

static int set_oom_score(void)
{
    const struct hull_opt_int *score = &shim.plan.spec.process.oom_score_adj;
    char path[64], text[32];
    if (!score->set)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)shim.pid);
    snprintf(text, sizeof(text), "%lld", (long long)score->value);
    return write_file(AT_FDCWD, path, text) < 0 ? shim_fail_errno("oom_score_adj") : 0;
}

/* What the child answers: 0, or its failure. *ret_ended when it is not there any more. */
static int answer(int *ret_fd, bool *ret_ended)
{
    struct sync_packet packet = {};
    ssize_t n = receive_packet(shim.sync_fd, &packet, sizeof(packet), 0, ret_fd);
    *ret_ended = n <= 0;
    if (n <= 0 || packet.op != SYNC_FAILED)
        return 0;
    packet.text[sizeof(packet.text) - 1] = '\0';
    return shim_fail((enum hull_kind)packet.kind, "%s", packet.text);
}

int shim_prepare(void)
{
    struct sync_packet go = {.op = SYNC_GO};
    bool ended;
    int fd = -1;
    int rc = set_oom_score();
    if (rc == 0)
        rc = userns_admit();
    if (rc < 0)
        return rc;
    if (send_packet(shim.sync_fd, &go, offsetof(struct sync_packet, text), -1) < 0)
        return shim_fail(HULL_INTERNAL, "the container's process is gone");
    rc = answer(&fd, &ended);
    if (rc == 0 && ended)
        rc = shim_fail(HULL_INTERNAL, "the container's process ended while it was prepared");
    if (rc == 0 && shim.tty && fd < 0)
        rc = shim_fail(HULL_INTERNAL, "no terminal came from the container's process");
    if (fd >= 0)
        output_set_terminal(fd);
    return rc;
}

int shim_start(void)
{
    struct sync_packet start = {.op = SYNC_START};
    bool ended;
    int fd = -1;
    /* To raise a limit needs rights over the host. Where this process has them not, the child says
     * what it could not do. */
    if (shim.userns && identity_limit(shim.pid) < 0)
        shim_problem.kind = HULL_OK;
    if (send_packet(shim.sync_fd, &start, offsetof(struct sync_packet, text), -1) < 0)
        return shim_fail(HULL_INVALID, "the container's process was killed before it was started");
    /* The socket closes at execve: its end is success. */
    int rc = answer(&fd, &ended);
    close(shim.sync_fd);
    shim.sync_fd = -1;
    return rc;
}
