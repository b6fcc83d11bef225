/*
 * attack.c: what a hostile container runs in test_attacks.py.
 *
 *     attack hunt SECONDS      open what every other process shows in /proc: its program for
 *                              writing, its descriptors, folders and memory; print what is foreign
 *     attack swap A B SECONDS  exchange two names as fast as the kernel can
 *     attack old               system calls by int 0x80 and x32: prints "NAME ERRNO" lines
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What PATH leads to is on no filesystem that this container has. */
static void look(const char *path, int flags)
{
    struct stat mine, st;
    char self[40], target[512] = "";
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    if (readlink(self, target, sizeof(target) - 1) < 0)
        target[0] = '\0';
    /* Files of the image, pipes and the like are what a process may have. */
    if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
        strncmp(target, "/proc", 5) != 0 && (stat(target, &mine) < 0 || mine.st_ino != st.st_ino))
        printf("foreign %s %s %s\n", path, target, flags & O_WRONLY ? "write" : "read");
    if (flags & O_WRONLY)
        printf("writable %s %s\n", path, target);
    close(fd);
}

static void look_at(const char *pid)
{
    static const char *const names[] = {"exe", "cwd", "root"};
    char path[300];
    DIR *fds;

    snprintf(path, sizeof(path), "/proc/%s/exe", pid);
    look(path, O_WRONLY);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "/proc/%s/%s", pid, names[i]);
        look(path, O_RDONLY);
    }
    snprintf(path, sizeof(path), "/proc/%s/mem", pid);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    close(fd);
    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    fds = opendir(path);
    for (struct dirent *entry; fds && (entry = readdir(fds)) != NULL;) {
        snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, entry->d_name);
        if (entry->d_name[0] != '.')
            look(path, O_RDONLY);
    }
    if (fds)
        closedir(fds);
}

static void hunt(double seconds)
{
    char self[16];
    long seen = 0;

    snprintf(self, sizeof(self), "%d", getpid());
    for (double end = now() + seconds; now() < end;) {
        DIR *proc = opendir("/proc");
        for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
            if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !strcmp(entry->d_name, self))
                continue;
            look_at(entry->d_name);
            seen += strcmp(entry->d_name, "1") != 0;
        }
        closedir(proc);
    }
    printf("seen %ld\n", seen);
}

static void swap(const char *a, const char *b, double seconds)
{
    long count = 0;

    for (double end = now() + seconds; now() < end; count++)
        syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
    printf("swaps %ld\n", count);
}

#ifdef __x86_64__
/* The 32-bit way into the kernel. Pointers must be short: the program is linked at a low place. */
static long call32(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(0L), "D"(0L)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

static void old(void)
{
    static const struct {
        const char *name;
        int number;
        long a, b, c;
    } calls[] = {
        {"unshare", 310, CLONE_NEWUSER, 0, 0},
        {"clone", 120, CLONE_NEWUSER | 17, 0, 0},
        {"setns", 346, -1, 0, 0},
        {"umount2", 52, 0, 2, 0},
        {"keyctl", 288, 0, 0, 0},
        {"bpf", 357, 0, 0, 0},
        {"userfaultfd", 374, 0, 0, 0},
        {"io_uring_setup", 425, 1, 0, 0},
        {"perf_event_open", 336, 0, 0, -1},
        {"clone3", 435, 0, 88, 0},
        {"socket-alg", 359, 38, 5, 0},
        {"socket-vsock", 359, 40, 1, 0},
        {"kexec_load", 283, 0, 0, 0},
        {"init_module", 128, 0, 0, 0},
        {"open_by_handle_at", 342, -1, 0, 0},
        {"mount", 21, 0, 0, 0},
    };
    static int args[3] = {38, 5, 0};

    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        printf("int80-%s %ld\n", calls[i].name,
               -call32(calls[i].number, calls[i].a, calls[i].b, calls[i].c));
    printf("int80-socketcall-alg %ld\n", -call32(102, 1, (long)args, 0));
    for (long call = 0; call < 600; call++) {
        /* x32: of each call that could tell something, only that it is not there. */
        if (call == SYS_unshare || call == SYS_mount || call == SYS_getpid || call == SYS_bpf ||
            call == SYS_keyctl)
            printf("x32-%ld %d\n", call, syscall(0x40000000 | call, 0, 0, 0) < 0 ? errno : 0);
    }
}
#else
static void old(void)
{
}
#endif

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "hunt") == 0)
        hunt(strtod(argv[2], NULL));
    else if (argc == 5 && strcmp(argv[1], "swap") == 0)
        swap(argv[2], argv[3], strtod(argv[4], NULL));
    else if (argc == 2 && strcmp(argv[1], "old") == 0)
        old();
    else
        return 2;
    return 0;
}
