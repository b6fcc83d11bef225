/*
 * stdio.c: the pipes between the program and the shim.
 */
#include "tools/shim/shim.h"

#include <fcntl.h>
#include <unistd.h>

void stdio_close(int fds[3])
{
    for (int i = 0; i < 3; i++) {
        if (fds[i] > 2)
            close(fds[i]);
    }
}

int stdio_make(struct stdio *ret)
{
    *ret = (struct stdio){{0, 1, 2}, {-1, -1, -1}};
    if (shim.tty)
        return 0;
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (i == 0 && !shim.plan.open_stdin)
            continue; /* ours is /dev/null */
        if (pipe2(ends, O_CLOEXEC) < 0)
            return shim_fail_errno("pipe");
        ret->child[i] = ends[i == 0 ? 0 : 1];
        ret->parent[i] = ends[i == 0 ? 1 : 0];
        if (fcntl(ret->parent[i], F_SETFL, O_NONBLOCK) < 0)
            return shim_fail_errno("pipe");
    }
    return 0;
}
