/*
 * tap.h: tests in C.
 *
 *     #include "tap.h"
 *
 *     TEST(arena_is_zeroed)
 *     {
 *         HULL_AUTO_ARENA *arena = hull_arena_new();
 *         CHECK(*(char *)hull_arena_alloc(arena, 1) == 0);
 *     }
 *
 *     FIBER_TEST(sleep_sleeps)          // the body runs in a fiber and has "call"
 *     {
 *         CHECK_OK(hull_sleep(call, 1));
 *     }
 *
 *     TAP_MAIN
 *
 * Each test runs in a process of its own, for 20 seconds at most (TEST_LIMIT sets another limit),
 * and fails when it leaves a descriptor open, a fiber alive or a loop that stalled. The first
 * CHECK that does not hold ends it; SKIP("reason") ends it as skipped. The program prints TAP;
 * the names of tests as arguments run only those, and --list lists them. HULL_SEED sets the seed
 * of FIBER_TESTs, HULL_TEST_DEBUG=1 runs one test without a process of its own, for gdb.
 */
#ifndef TAP_H
#define TAP_H

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hull/daemon.h>
#include <hull/hull.h>

#include "tools/sanitized.h"

#define TAP_SECONDS 20
/* True in a build that is several times slower. */
#ifdef HULL_SANITIZED
#define TAP_SANITIZED 1
#else
#define TAP_SANITIZED 0
#endif
#define TAP_SKIPPED 77

struct tap_test {
    const char *name;
    void (*run)(void);
    unsigned seconds;
    struct tap_test *next;
};

static struct tap_test *tap_first, **tap_last = &tap_first;

#define TEST_LIMIT(name_, seconds_)                                    \
    static void name_(void);                                           \
    __attribute__((constructor)) static void tap_add_##name_(void)     \
    {                                                                  \
        static struct tap_test test = {#name_, name_, seconds_, NULL}; \
        *tap_last = &test;                                             \
        tap_last = &test.next;                                         \
    }                                                                  \
    static void name_(void)
#define TEST(name) TEST_LIMIT(name, TAP_SECONDS)

#define FIBER_TEST_LIMIT(name, seconds)                            \
    static int name##_fiber(struct hull_call *call, void *unused); \
    TEST_LIMIT(name, seconds)                                      \
    {                                                              \
        CHECK_INT(tap_core(name##_fiber, NULL), 0);                \
    }                                                              \
    static void name##_body(struct hull_call *call);               \
    static int name##_fiber(struct hull_call *call, void *unused)  \
    {                                                              \
        (void)unused;                                              \
        name##_body(call);                                         \
        return 0;                                                  \
    }                                                              \
    static void name##_body(struct hull_call *call)
#define FIBER_TEST(name) FIBER_TEST_LIMIT(name, TAP_SECONDS)

/* --- checks ---------------------------------------------------------------------------------- */

#define SKIP(...)                         \
    do {                                  \
        tap_say("# skip: ", __VA_ARGS__); \
        _exit(TAP_SKIPPED);               \
    } while (0)

#define FAIL(...)                                        \
    do {                                                 \
        printf("# %s:%d: failed\n", __FILE__, __LINE__); \
        tap_say("#   ", __VA_ARGS__);                    \
        _exit(1);                                        \
    } while (0)

#define CHECK(condition)            \
    do {                            \
        if (!(condition))           \
            FAIL("%s", #condition); \
    } while (0)

#define CHECK_INT(is, wanted)                                              \
    do {                                                                   \
        long long is_ = (long long)(is), wanted_ = (long long)(wanted);    \
        if (is_ != wanted_)                                                \
            FAIL("%s is %lld, not %lld (%s)", #is, is_, wanted_, #wanted); \
    } while (0)

#define CHECK_STR(is, wanted)                                                     \
    do {                                                                          \
        const char *is_ = (is), *wanted_ = (wanted);                              \
        if (is_ == NULL || strcmp(is_, wanted_) != 0)                             \
            FAIL("%s is \"%s\", not \"%s\"", #is, is_ ? is_ : "(null)", wanted_); \
    } while (0)

/* TEXT has PART in it. */
#define CHECK_HAS(text, part)                                                           \
    do {                                                                                \
        const char *text_ = (text);                                                     \
        if (text_ == NULL || strstr(text_, part) == NULL)                               \
            FAIL("%s is \"%s\" without \"%s\"", #text, text_ ? text_ : "(null)", part); \
    } while (0)

/* In a function that has "call": the expression gives 0 (or more). */
#define CHECK_OK(expression)                                                             \
    do {                                                                                 \
        long long rc_ = (long long)(expression);                                         \
        if (rc_ < 0)                                                                     \
            FAIL("%s: %s: %s", #expression, hull_kind_name((int)rc_), hull_error(call)); \
    } while (0)

/* The expression gives -HULL_KIND. */
#define CHECK_KIND(expression, kind)                                                               \
    do {                                                                                           \
        long long rc_ = (long long)(expression);                                                   \
        if (rc_ != -(long long)(kind))                                                             \
            FAIL("%s is %s (%s), not %s", #expression, hull_kind_name((int)rc_), hull_error(call), \
                 #kind);                                                                           \
    } while (0)

__attribute__((format(printf, 2, 3), unused)) static void tap_say(const char *before,
                                                                  const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs(before, stdout);
    vprintf(fmt, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
}

/* --- running --------------------------------------------------------------------------------- */

/* The plugin folder of the build, and the seed of this run. */
__attribute__((unused)) static struct hull_core_options tap_options(void)
{
    const char *seed = getenv("HULL_SEED");
    /* A machine that does several things at once makes loops look slow. */
    return (struct hull_core_options){
        .plugin_path = getenv("HULL_PLUGIN_PATH"),
        .seed = seed == NULL ? 0 : strtoull(seed, NULL, 10),
        .stall_ms = 1000,
    };
}

__attribute__((unused)) static int tap_core(hull_task_fn *fn, void *arg)
{
    struct hull_core_options options = tap_options();
    return hull_core_run(&options, fn, arg);
}

static unsigned tap_count_fds(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static int tap_run_here(const struct tap_test *test)
{
    unsigned before = tap_count_fds();
    test->run();
    unsigned after = tap_count_fds();
    if (after != before)
        printf("# %u descriptors before, %u after\n", before, after);
    size_t fibers = hull_debug_fiber_count();
    if (fibers > 0)
        printf("# %zu fibers are left\n", fibers);
    uint64_t stalls = hull_debug_stall_count();
    if (stalls > 0)
        printf("# the loop stalled\n");
    fflush(stdout);
    return after != before || fibers > 0 || stalls > 0;
}

/* Copies what the test prints, and keeps the reason of a skip. */
static void tap_forward(FILE *from, char *reason, size_t size)
{
    char line[1024];
    while (fgets(line, sizeof(line), from) != NULL) {
        if (strncmp(line, "# skip: ", 8) == 0)
            snprintf(reason, size, "%.*s", (int)strcspn(line + 8, "\n"), line + 8);
        else
            printf("%s%s", line[0] == '#' ? "" : "# ", line);
    }
}

static volatile pid_t tap_child;

/* What the test left running would keep its output open. */
static void tap_child_ended(int number)
{
    int saved = errno;
    (void)number;
    if (tap_child > 0)
        kill(-tap_child, SIGKILL);
    errno = saved;
}

static int tap_fork(const struct tap_test *test, char *reason, size_t size)
{
    int fds[2];
    if (pipe(fds) < 0)
        return -1;
    fflush(stdout);
    tap_child = 0;
    signal(SIGCHLD, tap_child_ended);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL);
        setpgid(0, 0);
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        alarm(test->seconds);
        int rc = tap_run_here(test);
        exit(rc); /* so that a leak checker runs */
    }
    close(fds[1]);
    setpgid(pid, pid);
    tap_child = pid;
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
        tap_child_ended(SIGCHLD);
    FILE *from = fdopen(fds[0], "r");
    tap_forward(from, reason, size);
    fclose(from);
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

static int tap_run(const struct tap_test *test, unsigned number)
{
    char reason[256] = "no reason given";
    if (getenv("HULL_TEST_DEBUG") != NULL)
        return tap_run_here(test);
    int status = tap_fork(test, reason, sizeof(reason));
    if (WIFEXITED(status) && WEXITSTATUS(status) == TAP_SKIPPED) {
        printf("ok %u - %s # SKIP %s\n", number, test->name, reason);
        return 0;
    }
    if (WIFSIGNALED(status))
        printf("# %s: %s\n", test->name,
               WTERMSIG(status) == SIGALRM ? "took too long" : strsignal(WTERMSIG(status)));
    printf("%s %u - %s\n", status == 0 ? "ok" : "not ok", number, test->name);
    return status != 0;
}

static int tap_wanted(const struct tap_test *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], test->name) == 0)
            return 1;
    }
    return argc < 2;
}

static int tap_main(int argc, char **argv)
{
    unsigned count = 0, number = 0, failed = 0;
    const struct tap_test *test;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (test = tap_first; test != NULL; test = test->next)
            puts(test->name);
        return 0;
    }
    for (test = tap_first; test != NULL; test = test->next)
        count += (unsigned)tap_wanted(test, argc, argv);
    printf("1..%u\n", count);
    for (test = tap_first; test != NULL; test = test->next) {
        if (tap_wanted(test, argc, argv))
            failed += (unsigned)tap_run(test, ++number);
    }
    return failed > 0;
}

#define TAP_MAIN                     \
    int main(int argc, char **argv)  \
    {                                \
        return tap_main(argc, argv); \
    }

#endif
