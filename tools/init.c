/*
 * hull-init: process 1 of a container that was run with --init: starts the program, passes signals
 * on to it, reaps what nobody else does, and ends with its exit status.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int never_passed[] = {SIGCHLD, SIGFPE,  SIGILL, SIGSEGV, SIGBUS,
                                   SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};

static int run(char **argv)
{
    sigset_t none;
    sigemptyset(&none);
    /* A session's terminal goes to the program's own process group. */
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    if (isatty(0))
        tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    int err = errno;
    dprintf(2, "hull-init: exec %s failed: %s\n", argv[0], strerror(err));
    return err == ENOENT ? 127 : 126;
}

/* -1 while CHILD lives, else its exit status. */
static int reap(pid_t child)
{
    int status, result = -1;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == child)
            result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return result;
}

int main(int argc, char **argv)
{
    sigset_t all;
    char **program = argv + 1;
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        program++;
    if (program[0] == NULL) {
        dprintf(2, "usage: hull-init [--] PROGRAM [ARGUMENT...]\n");
        return 1;
    }
    sigfillset(&all);
    for (size_t i = 0; i < sizeof(never_passed) / sizeof(*never_passed); i++) {
        if (never_passed[i] != SIGCHLD)
            sigdelset(&all, never_passed[i]);
    }
    sigprocmask(SIG_SETMASK, &all, NULL);
    pid_t child = fork();
    if (child < 0) {
        dprintf(2, "hull-init: fork failed: %s\n", strerror(errno));
        return 126;
    }
    if (child == 0)
        return run(program);
    for (;;) {
        int sig = sigwaitinfo(&all, NULL);
        int status = sig == SIGCHLD ? reap(child) : -1;
        if (status >= 0)
            return status;
        if (sig > 0 && sig != SIGCHLD)
            kill(child, sig);
    }
}
