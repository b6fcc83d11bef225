/*
 * identity.c: who the program is: limits, capabilities, groups, ids, the system call filter. The
 * one place for it, for run and exec alike.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- passwd and group ----------------------------------------------------------------------- */

#define FILE_MAX (1 << 20)
#define LINE_MAX_BYTES (64 << 10)

static int check_lines(const char *path, const char *text)
{
    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');
        if (end - text > LINE_MAX_BYTES)
            return shim_fail(HULL_INVALID, "%s of the image: a line is too long", path);
        text = *end == '\0' ? end : end + 1;
    }
    return 0;
}

/* A file of the image, which may be anything: only a regular one of sane size is read. */
static int read_small(struct hull_arena *arena, const char *path, const char **ret_text)
{
    struct stat st;
    *ret_text = NULL;
    HULL_AUTO_FD fd = root_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return shim_fail_errno("%s of the image", path);
    if (!S_ISREG(st.st_mode))
        return shim_fail(HULL_INVALID, "%s of the image is not a regular file", path);
    if (st.st_size > FILE_MAX)
        return shim_fail(HULL_INVALID, "%s of the image is larger than 1 MB", path);
    char *text = hull_arena_alloc(arena, (size_t)st.st_size + 1);
    size_t have = 0;
    while (have < (size_t)st.st_size) {
        ssize_t n = read(fd, text + have, (size_t)st.st_size - have);
        if (n < 0)
            return shim_fail_errno("%s of the image", path);
        if (n == 0)
            break;
        have += (size_t)n;
    }
    *ret_text = text;
    return check_lines(path, text);
}

int identity_find(struct hull_arena *arena, const struct oci_user *user, struct identity *ret)
{
    const char *passwd = NULL, *group = NULL;
    int rc = read_small(arena, "/etc/passwd", &passwd);
    if (rc == 0)
        rc = read_small(arena, "/etc/group", &group);
    return rc < 0 ? rc : users_lookup(arena, user, passwd, group, ret);
}

/* --- limits --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int resource;
} limits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

static int set_limit(pid_t pid, const struct oci_rlimit *limit)
{
    for (size_t i = 0; i < HULL_COUNT(limits); i++) {
        if (!hull_streq(limits[i].name, limit->type))
            continue;
        struct rlimit value = {(rlim_t)limit->soft, (rlim_t)limit->hard};
        return prlimit(pid, (__rlimit_resource_t)limits[i].resource, &value, NULL) == 0
                   ? 0
                   : shim_fail_errno("error setting rlimits for %s", limit->type);
    }
    return shim_fail(HULL_INVALID, "unknown limit \"%s\"", limit->type == NULL ? "" : limit->type);
}

int identity_limit(pid_t pid)
{
    const struct oci_process *process = &shim.plan.spec.process;
    int rc = 0;
    for (size_t i = 0; i < process->rlimits.n && rc == 0; i++)
        rc = set_limit(pid, &process->rlimits.v[i]);
    return rc;
}

/* --- capabilities --------------------------------------------------------------------------- */

static const char *const capabilities[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

static int capability_set(const struct hull_strv *names, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->v[i] == NULL ? "" : names->v[i];
        size_t at = 0;
        while (at < HULL_COUNT(capabilities) &&
               (strncmp(name, "CAP_", 4) != 0 || strcmp(name + 4, capabilities[at]) != 0))
            at++;
        if (at == HULL_COUNT(capabilities))
            return shim_fail(HULL_INVALID, "unknown capability \"%s\"", name);
        *ret |= (uint64_t)1 << at;
    }
    return 0;
}

static int limit_bounding(uint64_t bounding)
{
    for (unsigned cap = 0; cap < 64; cap++) {
        if ((bounding >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return errno == EINVAL ? 0 : shim_fail_errno("drop capability %u", cap);
    }
    return 0;
}

/* CapInh and CapAmb are always empty. */
static int set_capabilities(uint64_t set)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)set, (uint32_t)set, 0},
        {(uint32_t)(set >> 32), (uint32_t)(set >> 32), 0},
    };
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
        return shim_fail_errno("clear ambient capabilities");
    return syscall(SYS_capset, &head, data) < 0 ? shim_fail_errno("set capabilities") : 0;
}

/* --- the filter ----------------------------------------------------------------------------- */

static int install_filter(void)
{
    struct stat st;
    if (!shim.plan.has_seccomp)
        return 0;
    if (fstat(SHIM_FD_SECCOMP, &st) < 0 || st.st_size <= 0)
        return shim_fail(HULL_INTERNAL, "seccomp: no program");
    void *code = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, SHIM_FD_SECCOMP, 0);
    if (code == MAP_FAILED)
        return shim_fail_errno("seccomp: map the program");
    struct sock_fprog program = {
        .len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter)), .filter = code};
    unsigned flags = shim.plan.log_allowed ? SECCOMP_FILTER_FLAG_LOG : 0;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0)
        return shim_fail_errno("seccomp: set the filter");
    return 0;
}

int identity_apply(const struct identity *identity)
{
    const struct oci_process *process = &shim.plan.spec.process;
    uint64_t bounding = 0;
    int rc = identity_limit(0);
    if (rc == 0 && process->capabilities != NULL)
        rc = capability_set(&process->capabilities->bounding, &bounding);
    if (rc == 0)
        rc = limit_bounding(bounding);
    if (rc < 0)
        return rc;
    if (setgroups(identity->group_count, identity->groups) < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0 ||
        setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) < 0)
        return shim_fail_errno("setuid %u", identity->uid);
    /*
     * execve gives root exactly the bounding set and anybody else nothing. Until then the process
     * keeps what it may have, and SYS_ADMIN when a filter is to be installed without no_new_privs.
     */
    uint64_t keep = identity->uid == 0 ? bounding : 0;
    if (shim.plan.has_seccomp && !process->no_new_privileges)
        keep |= (uint64_t)1 << CAP_SYS_ADMIN;
    rc = set_capabilities(keep);
    if (rc == 0 && process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        rc = shim_fail_errno("no_new_privs");
    /* The program must not go on without anybody who knows it; a change of ids forgets this. */
    if (rc == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        rc = shim_fail_errno("set the signal of the parent's death");
    return rc < 0 ? rc : install_filter();
}
