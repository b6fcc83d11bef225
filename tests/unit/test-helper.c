/* Helper programs. */
#include "tap.h"

#include "plugins/common/helper.h"

#include <fcntl.h>

static int run(struct hull_call *call, const struct helper_spec *spec)
{
    struct helper process;
    int status = -1;
    CHECK_OK(helper_start(call, spec, &process));
    CHECK_OK(helper_wait(call, &process, &status));
    CHECK(process.pid == -1 && process.pidfd == -1);
    return status;
}

static int shell(struct hull_call *call, const char *command, const int *fds, size_t fd_count)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    const char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
    struct helper_spec spec = {"/bin/sh", argv, envp, fds, fd_count, false};
    return run(call, &spec);
}

FIBER_TEST(exit_status)
{
    CHECK_INT(WEXITSTATUS(shell(call, "exit 7", NULL, 0)), 7);
    CHECK_INT(WTERMSIG(shell(call, "kill -9 $$", NULL, 0)), SIGKILL);
}

FIBER_TEST(a_program_that_is_not_there)
{
    const char *const argv[] = {"x", NULL};
    struct helper_spec spec = {.path = "/nonexistent/x", .argv = argv};
    struct helper process;
    CHECK_KIND(helper_start(call, &spec, &process), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "start /nonexistent/x: No such file or directory");
}

/* Numbers that cover each other: all of it goes through copies. */
FIBER_TEST(descriptors_are_exchanged)
{
    int a[2], b[2];
    CHECK(pipe2(a, O_CLOEXEC) == 0 && pipe2(b, O_CLOEXEC) == 0);
    int low = fcntl(a[1], F_DUPFD_CLOEXEC, 0), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fds[16];
    for (size_t i = 0; i < HULL_COUNT(fds); i++)
        fds[i] = -1;
    fds[2] = STDERR_FILENO;
    for (int i = 3; i < 16; i++)
        fds[i] = i == low ? null : b[1];
    fds[1] = low;
    fds[8] = a[1];
    CHECK_INT(shell(call, "echo one; echo eight >&8; echo other >&9", fds, 16), 0);
    close(a[1]);
    close(b[1]);
    close(low);
    close(null);
    char text[64] = "";
    struct hull_stream *from = hull_stream_from_fd(a[0]);
    CHECK_OK(hull_stream_read_full(call, from, text, 10));
    CHECK_STR(text, "one\neight\n");
    hull_stream_close(from);
    CHECK(read(b[0], text, sizeof(text)) == 6);
    close(b[0]);
}

FIBER_TEST(nothing_leaks_into_a_child)
{
    int leaky = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
    CHECK(leaky > 2);
    setenv("HULL_SECRET", "x", 1);
    const int fds[] = {-1, -1, -1, -1, -1};
    /* ls itself opens the folder. */
    CHECK_INT(shell(call, "test $(ls /proc/self/fd | wc -l) -eq 6", fds, 5), 0);
    CHECK_INT(shell(call, "test -z \"$HULL_SECRET\"", fds, 3), 0);
    const char *const argv[] = {"env", NULL};
    int out[2];
    CHECK(pipe2(out, O_CLOEXEC) == 0);
    const int to_pipe[] = {-1, out[1]};
    struct helper_spec spec = {"/usr/bin/env", argv, NULL, to_pipe, 2, true};
    CHECK_INT(run(call, &spec), 0);
    close(out[1]);
    char byte;
    CHECK(read(out[0], &byte, 1) == 0);
    close(out[0]);
    close(leaky);
}

FIBER_TEST(signals_are_as_at_birth)
{
    /* The core ignores SIGPIPE; a child must not. */
    CHECK_INT(WTERMSIG(shell(call, "kill -PIPE $$; exit 3", NULL, 0)), SIGPIPE);
    /* exec: the shell blocks signals for a moment while it starts something. */
    CHECK_INT(shell(call, "exec grep -q 'SigBlk:.*0000000000000000' /proc/self/status", NULL, 0),
              0);
}

static int starts_sleeper(struct hull_call *call, void *arg)
{
    const char *const argv[] = {"sleep", "60", NULL};
    struct helper_spec spec = {.path = "/bin/sleep", .argv = argv};
    struct helper *process = arg;
    CHECK_OK(helper_start(call, &spec, process));
    hull_defer(call, helper_kill_cleanup, process);
    return helper_wait(call, process, NULL);
}

FIBER_TEST(a_wait_cut_short_leaves_the_process)
{
    struct helper process = {-1, -1};
    struct hull_task *task = hull_task_start(call, "sleeper", starts_sleeper, &process);
    while (process.pid <= 0)
        CHECK_OK(hull_sleep(call, 1));
    pid_t pid = process.pid;
    CHECK(kill(pid, 0) == 0);
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    CHECK(process.pid == -1 && kill(pid, 0) < 0);
}

TAP_MAIN
