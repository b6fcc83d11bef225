/*
 * child.c: the way of the child from the clone to execve.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EXIT_NO_EXEC 255

static int sync_fd = -1;
static struct hull_arena *arena;
static struct identity identity;
static int tty_master = -1;

static void send_sync(uint32_t op, int passed_fd)
{
    struct sync_packet packet = {.op = op};
    size_t length = 0;
    if (op == SYNC_FAILED) {
        packet.kind = shim_problem.kind == 0 ? HULL_INTERNAL : (int32_t)shim_problem.kind;
        length = strlen(shim_problem.text) + 1;
        memcpy(packet.text, shim_problem.text, length);
    }
    if (send_packet(sync_fd, &packet, offsetof(struct sync_packet, text) + length, passed_fd) < 0)
        _exit(EXIT_NO_EXEC);
}

static void HULL_NORETURN give_up(void)
{
    send_sync(SYNC_FAILED, -1);
    _exit(EXIT_NO_EXEC);
}

/* The parent's word, or the end: without it there is nothing to live for. */
static void await(uint32_t op)
{
    struct sync_packet packet;
    int fd;
    if (receive_packet(sync_fd, &packet, sizeof(packet), 0, &fd) <= 0 || packet.op != op)
        _exit(EXIT_NO_EXEC);
}

/*
 * Version 1 has a file by which a thread moves itself, which needs none of the locks that a move of
 * a process takes, and for which the kernel may wait 10 ms.
 */
int cgroup_join(const char *dir, const char *process)
{
    static const char *const files[] = {"tasks", "cgroup.procs"};
    HULL_AUTO_FD members = -1;
    for (size_t i = 0; i < HULL_COUNT(files) && members < 0; i++) {
        char path[4096];
        int n = snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        if (n >= (int)sizeof(path))
            return shim_fail(HULL_INVALID, "join cgroup %s: the path is too long", dir);
        members = open(path, O_WRONLY | O_CLOEXEC);
    }
    return members < 0 || write(members, process, strlen(process)) < 0
               ? shim_fail_errno("join cgroup %s", dir)
               : 0;
}

static void join_cgroups(void)
{
    const struct hull_strv *dirs = &shim.plan.cgroup_dirs;
    bool moved = shim.in_cgroup || (shim.userns && !shim.plan.exec);
    for (size_t i = 0; i < dirs->n && !moved; i++) {
        if (cgroup_join(dirs->v[i], "0") < 0)
            give_up();
    }
}

static int join_namespaces(void)
{
    const struct oci_linux *linux_ = &shim.plan.spec.linux_;
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        if (shim.userns || ns->path == NULL || ns->path[0] == '\0' || hull_streq(ns->type, "pid"))
            continue;
        HULL_AUTO_FD fd = open(ns->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, 0) < 0)
            return shim_fail_errno("join namespace %s", ns->path);
    }
    return 0;
}

static int set_names(void)
{
    const struct oci_spec *spec = &shim.plan.spec;
    if (spec->hostname != NULL && spec->hostname[0] != '\0' &&
        sethostname(spec->hostname, strlen(spec->hostname)) < 0)
        return shim_fail_errno("sethostname");
    if (spec->domainname != NULL && spec->domainname[0] != '\0' &&
        setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
        return shim_fail_errno("setdomainname");
    return 0;
}

static int make_container(void)
{
    int rc = join_namespaces();
    if (rc == 0)
        rc = set_names();
    if (rc == 0)
        rc = sysctls_apply();
    if (rc == 0)
        rc = mounts_setup(&tty_master);
    return rc;
}

static int enter_container(void)
{
    int all = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    if (setns(SHIM_FD_TARGET, shim.userns ? all | CLONE_NEWUSER : all) < 0)
        return shim_fail_errno("join the container's namespaces");
    int rc = userns_become_root();
    if (rc < 0)
        return rc;
    root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return shim_fail_errno("open the container's root");
    return shim.tty ? terminal_open(-1, &tty_master) : 0;
}

static int change_directory(void)
{
    const char *cwd = shim.plan.spec.process.cwd;
    char buffer[4096];
    if (cwd == NULL || cwd[0] == '\0')
        cwd = "/";
    if (cwd[0] != '/')
        return shim_fail(HULL_INVALID, "Cwd must be an absolute path: %s", cwd);
    /* A container's own folder is made; a further program must find it. */
    HULL_AUTO_FD fd = shim.plan.exec ? root_open(cwd, O_PATH) : root_make(cwd, true);
    if (fd < 0 || fchdir(fd) < 0)
        return shim_fail_errno("chdir to cwd (\"%s\") set in config.json failed", cwd);
    /* The kernel's own word that this is below the root: one outside is "(unreachable)…". */
    long n = syscall(SYS_getcwd, buffer, sizeof(buffer));
    if (n <= 0 || buffer[0] != '/')
        return shim_fail(HULL_INVALID,
                         "current working directory is outside of container mount namespace root");
    return 0;
}

/* The program's user owns its standard streams, so that it can open them by /dev/stdout. */
static void own_stdio(void)
{
    struct stat st;
    for (int fd = 0; fd < 3; fd++) {
        bool null = fstat(fd, &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
        if (!null && st.st_uid != identity.uid && fchown(fd, identity.uid, (gid_t)-1) < 0)
            continue; /* not vital */
    }
}

static void add_home(void)
{
    struct oci_process *process = &shim.plan.spec.process;
    const char *home = env_find(&process->env, "HOME");
    if (home == NULL)
        hull_strv_add(arena, &process->env, hull_arena_printf(arena, "HOME=%s", identity.home));
}

static int refuse_labels(void)
{
    const struct oci_process *process = &shim.plan.spec.process;
    const char *profile = process->apparmor_profile;
    if (profile != NULL && profile[0] != '\0' && strcmp(profile, "unconfined") != 0)
        return shim_fail(HULL_NOT_SUPPORTED,
                         "apparmor profile \"%s\": AppArmor is not supported; use "
                         "--security-opt apparmor=unconfined",
                         profile);
    if (process->selinux_label != NULL && process->selinux_label[0] != '\0')
        return shim_fail(HULL_NOT_SUPPORTED, "selinux label \"%s\": SELinux is not supported",
                         process->selinux_label);
    return 0;
}

static int prepare(int stdio[3])
{
    int rc = refuse_labels();
    if (rc == 0)
        rc = shim.plan.exec ? enter_container() : make_container();
    if (rc == 0 && shim.tty)
        rc = terminal_use(tty_master);
    for (int i = 0; i < 3 && rc == 0 && !shim.tty; i++) {
        if (dup2(stdio[i], i) < 0)
            rc = shim_fail_errno("dup2");
    }
    if (rc == 0)
        rc = identity_find(arena, &shim.plan.spec.process.user, &identity);
    if (rc < 0)
        return rc;
    own_stdio();
    add_home();
    umask(022);
    return change_directory();
}

/* hull-init blocks what it passes on, and no signal is lost before it does; the kernel drops one
 * that process 1 neither blocks nor handles. */
static void reset_signals(void)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    if (shim.plan.has_init)
        sigfillset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static char *const *vector(const struct hull_strv *list)
{
    const char **v = HULL_NEW_ARRAY(arena, const char *, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        v[i] = list->v[i] == NULL ? "" : list->v[i];
    return (char *const *)(uintptr_t)v;
}

static void HULL_NORETURN run(void)
{
    struct oci_process *process = &shim.plan.spec.process;
    char *const *argv = vector(&process->args), *const *envp = vector(&process->env);
    const char *path = NULL;
    reset_signals();
    if (identity_apply(&identity) < 0 ||
        launch_find(arena, &process->args, &process->env, &path) < 0)
        give_up();
    execve(path, argv, envp);
    /* As docker has it: the container ran, and this is what it had to say. */
    const char *text = strerrorname_np(errno) == NULL ? "failed" : strerror(errno);
    dprintf(2, "exec %s: %s\n", path,
            errno == ENOENT    ? "no such file or directory"
            : errno == EACCES  ? "permission denied"
            : errno == ENOEXEC ? "exec format error"
                               : text);
    _exit(EXIT_NO_EXEC);
}

void child_main(int sync, int stdio[3])
{
    sync_fd = sync;
    arena = hull_arena_new();
    /* Nobody may look into this process or its descriptors before it is the program. */
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(0);
    setsid();
    await(SYNC_GO);
    join_cgroups();
    if (!shim.plan.exec && userns_become_root() < 0)
        give_up();
    if (!shim.plan.exec && shim.plan.cgroup_dirs.n > 0) {
        const struct oci_linux *linux_ = &shim.plan.spec.linux_;
        for (size_t i = 0; i < linux_->namespaces.n; i++) {
            /* Only now, for it is the root of what it shows. */
            if (hull_streq(linux_->namespaces.v[i].type, "cgroup") &&
                linux_->namespaces.v[i].path == NULL && unshare(CLONE_NEWCGROUP) < 0) {
                (void)!shim_fail_errno("unshare cgroup namespace");
                give_up();
            }
        }
    }
    if (prepare(stdio) < 0)
        give_up();
    send_sync(SYNC_PREPARED, tty_master);
    if (tty_master >= 0)
        close(tty_master);
    await(SYNC_START);
    if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) < 0) {
        (void)!shim_fail_errno("close_range");
        give_up();
    }
    run();
}
