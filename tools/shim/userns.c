/*
 * userns.c: a container with a user namespace: who is who in it, and what only the host's root, the
 * parent, can do for the child, which has rights in its own namespaces alone.
 *
 * The parent maps the ids, moves the child to its cgroups and sets its limits; userns_mounts.c
 * opens what lies in folders that are root's alone.
 *
 * Who shares the user namespace of another container has to be born in it, or the child's other
 * namespaces would belong to the host's root and not be the child's to change. A helper goes there
 * and makes the child, which is the shim's own all the same.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_map(const char *name, const struct oci_id_mapping *mapping)
{
    char path[64];
    char text[96];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)shim.pid, name);
    snprintf(text, sizeof(text), "0 %lld %lld", (long long)mapping->host_id,
             (long long)mapping->size);
    return write_file(AT_FDCWD, path, text) < 0 ? shim_fail_errno("user namespace: write %s", name)
                                                : 0;
}

int userns_admit(void)
{
    const struct hull_strv *dirs = &shim.plan.cgroup_dirs;
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    char pid[32];
    if (!shim.userns || shim.plan.exec)
        return 0; /* an exec moves before it enters, and joins a namespace that is mapped */
    int rc = userns_is_joined() ? 0 : write_map("gid_map", linux_->gid_mappings.v);
    if (rc == 0 && !userns_is_joined())
        rc = write_map("uid_map", linux_->uid_mappings.v);
    snprintf(pid, sizeof(pid), "%d", (int)shim.pid);
    for (size_t i = 0; i < dirs->n && rc == 0; i++)
        rc = cgroup_join(dirs->v[i], pid);
    return rc;
}

int userns_become_root(void)
{
    if (shim.userns && (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return shim_fail_errno("become root of the user namespace");
    return 0;
}

/* --- namespaces of others, which are not the child's to join or to make mounts of ------------- */

static const struct {
    const char *type;
    int flag;
} joined[] = {{"network", CLONE_NEWNET}, {"ipc", CLONE_NEWIPC}};

int userns_join_others(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->namespaces.n && shim.userns; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        if (ns->path == NULL || ns->path[0] == '\0')
            continue;
        for (size_t j = 0; j < HULL_COUNT(joined); j++) {
            HULL_AUTO_FD fd = -1;
            if (!hull_streq(ns->type, joined[j].type))
                continue;
            fd = open(ns->path, O_RDONLY | O_CLOEXEC);
            if (fd < 0 || setns(fd, joined[j].flag) < 0)
                return shim_fail_errno("join namespace %s", ns->path);
        }
    }
    return 0;
}

/* --- the child of a user namespace that is there already ------------------------------------- */

static int enter(const char *type, int flag)
{
    const char *path = userns_path_of(type);
    HULL_AUTO_FD fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    return path == NULL ? 0 : fd < 0 ? -1 : setns(fd, flag);
}

/* In the helper: the number of the child, or what was wrong; 0 in the child. */
static long make_child(struct clone_args *args)
{
    /* What is needed for a process namespace is opened while paths and rights are the host's. */
    const char *path = userns_path_of("pid");
    HULL_AUTO_FD pids = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if ((path != NULL && pids < 0) || enter("user", CLONE_NEWUSER) < 0 ||
        (path != NULL && setns(pids, CLONE_NEWPID) < 0))
        return -errno;
    args->flags = (args->flags | CLONE_PARENT) & ~(uint64_t)CLONE_PIDFD;
    args->exit_signal = 0; /* that of the helper */
    args->pidfd = 0;
    long pid = syscall(SYS_clone3, args, sizeof(*args));
    return pid < 0 ? -errno : pid;
}

long userns_clone(struct clone_args *args, int *ret_pidfd)
{
    int report[2];
    long pid = -EIO;
    if (pipe2(report, O_CLOEXEC) < 0)
        return -1;
    pid_t helper = fork();
    if (helper == 0) {
        pid = make_child(args);
        if (pid == 0) {
            close(report[0]);
            close(report[1]);
            return 0;
        }
        (void)!write(report[1], &pid, sizeof(pid));
        _exit(0);
    }
    close(report[1]);
    ssize_t n = helper < 0 ? -1 : read(report[0], &pid, sizeof(pid));
    close(report[0]);
    while (helper > 0 && waitpid(helper, NULL, 0) < 0 && errno == EINTR)
        ;
    if (n == (ssize_t)sizeof(pid) && pid > 0)
        *ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    errno = pid < 0 ? (int)-pid : errno;
    return pid > 0 && *ret_pidfd >= 0 ? pid : -1;
}
