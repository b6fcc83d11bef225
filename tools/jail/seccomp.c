/*
 * seccomp.c: the system calls of packing and unpacking, and no others.
 *
 * What is not on the list answers ENOSYS: libraries that probe fall back, and an attacker who
 * runs code here can only touch the tree. Calls of another architecture end the process.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "jail-int.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__)
#define ARCH AUDIT_ARCH_PPC64LE
#endif

/* fchmodat2, since Linux 6.6, has this number everywhere but on alpha. */
#define NR_FCHMODAT2 452

static const unsigned allowed[] = {
    /* bytes */
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_readv,
    SYS_pwrite64,
    SYS_pread64,
    SYS_lseek,
    SYS_ftruncate,
    /* names */
    SYS_openat,
    SYS_openat2,
    SYS_close,
    SYS_close_range,
    SYS_fcntl,
    SYS_getdents64,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_readlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_fchdir,
    /* attributes */
    SYS_fchown,
    SYS_fchownat,
    SYS_fchmod,
    SYS_fchmodat,
    NR_FCHMODAT2,
    SYS_utimensat,
    SYS_fsetxattr,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_fremovexattr,
    /* the process itself */
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_restart_syscall,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_futex,
};

#define HEAD 4
#define COUNT HULL_COUNT(allowed)

int jail_seccomp(struct hull_problem *problem)
{
    struct sock_filter code[HEAD + COUNT + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    _Static_assert(COUNT < 255, "a jump of BPF is one byte");
    for (size_t i = 0; i < COUNT; i++)
        code[HEAD + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                                      (uint8_t)(COUNT - i), 0);
    code[HEAD + COUNT] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    code[HEAD + COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = HULL_COUNT(code), .filter = code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return hull_problem_set(problem, HULL_INTERNAL, "hull-jail: seccomp: %s", strerror(errno));
    return 0;
}
