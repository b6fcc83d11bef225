/*
 * helper.h: helper programs. posix_spawn, which is a vfork, so that neither threads nor the
 * size of the daemon matter; the daemon waits on a pidfd, never on a number.
 */
#ifndef HULL_COMMON_HELPER_H
#define HULL_COMMON_HELPER_H

#include <hull/fiber.h>

/* A helper program to start: posix_spawn, no fork. */
struct helper_spec {
    const char *path;        /* absolute */
    const char *const *argv; /* NULL-terminated */
    const char *const *envp; /* NULL: an empty environment */
    const int *fds;          /* fds[i] becomes descriptor i of the child; -1 is /dev/null */
    size_t fd_count;         /* all others are closed, 0 to 2 are /dev/null */
    bool new_session;        /* setsid */
};
struct helper {
    pid_t pid;
    int pidfd;
};
/* Start it, on a worker. The descriptors stay the caller's. Yields. */
int helper_start(struct hull_call *call, const struct helper_spec *spec, struct helper *ret_process)
    HULL_CHECKED;
/*
 * Wait for its end and reap it; *ret_status as from waitpid(2). The pidfd is closed. When the
 * wait is cut short the process still runs and is still the caller's. Yields.
 */
int helper_wait(struct hull_call *call, struct helper *process, int *ret_status) HULL_CHECKED;
/* Send SIGKILL, wait and reap; for undo and defer: ARG is a struct helper. Yields. */
void helper_kill_cleanup(struct hull_call *call, void *process);

#endif
