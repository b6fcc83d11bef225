/*
 * probe.c: tried inside a container by test_security.py: prints one line "NAME ERRNO" for each
 * thing that the default confinement must refuse (0: it worked), and what /proc/self/status says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

static void report(const char *name, long result)
{
    printf("%s %d\n", name, result < 0 ? errno : 0);
}

#define TRY(name, ...) report(#name, syscall(SYS_##name, __VA_ARGS__))

static void system_calls(void)
{
    char buffer[512] = {0};

    TRY(unshare, CLONE_NEWUSER);
    TRY(unshare, CLONE_NEWNS);
    TRY(setns, -1, 0);
    TRY(mount, "none", "/tmp", "tmpfs", 0, NULL);
    TRY(umount2, "/proc", MNT_DETACH);
    TRY(pivot_root, "/", "/");
    TRY(fsopen, "tmpfs", 0);
    TRY(open_tree, AT_FDCWD, "/", 1);
    TRY(move_mount, AT_FDCWD, "/", AT_FDCWD, "/", 0);
    TRY(keyctl, 0, 0, 0, 0, 0);
    TRY(add_key, "user", "x", "y", 1, -1);
    TRY(request_key, "user", "x", NULL, 0);
    TRY(bpf, 0, buffer, sizeof(buffer));
    TRY(perf_event_open, buffer, 0, -1, -1, 0);
    TRY(userfaultfd, 0);
    TRY(io_uring_setup, 1, buffer);
    TRY(kexec_load, 0, 0, NULL, 0);
    TRY(init_module, buffer, 0, "");
    TRY(finit_module, -1, "", 0);
    TRY(delete_module, "x", 0);
    TRY(open_by_handle_at, -1, buffer, 0);
    TRY(quotactl, 0, "", 0, buffer);
    TRY(reboot, 0, 0, 0, NULL);
    TRY(swapon, "/x", 0);
    TRY(swapoff, "/x");
    TRY(settimeofday, buffer, NULL);
    TRY(clock_settime, 0, buffer);
    TRY(iopl, 3);
    TRY(ioperm, 0, 1, 1);
    TRY(acct, NULL);
    TRY(clone3, buffer, 88);
    report("clone-newuser", syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0));
    report("unknown", syscall(9999));
    report("socket-alg", socket(AF_ALG, SOCK_SEQPACKET, 0));
    report("socket-vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
}

static void files(void)
{
    static const char *const written[] = {
        "/proc/sysrq-trigger",      "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
        "/proc/irq/0/smp_affinity", "/sys/kernel/uevent_helper",     "/sys/fs/cgroup/escape",
    };
    static const char *const masked[] = {
        "/proc/kcore",         "/proc/keys",        "/proc/timer_list",
        "/proc/latency_stats", "/proc/sched_debug", "/proc/interrupts",
    };
    char byte;

    for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
        int fd = open(written[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        report(written[i], fd);
    }
    for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
        int fd = open(masked[i], O_RDONLY | O_CLOEXEC);
        printf("masked:%s %d\n", masked[i], fd >= 0 && read(fd, &byte, 1) > 0);
    }
}

int main(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");

    while (status && fgets(line, sizeof(line), status))
        if (!strncmp(line, "Cap", 3) || !strncmp(line, "Sec", 3) || !strncmp(line, "NoNew", 5) ||
            !strncmp(line, "Groups", 6))
            printf("status:%s", line);
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0 && (!status || fd != fileno(status)))
            printf("fd:%d\n", fd);
    printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
    files();
    fflush(stdout);
    system_calls();
    return 0;
}
