/*
 * foreign.c: a mount out of another container: /proc/PID/root/PATH, as for the /dev/shm of a
 * shared IPC namespace. The kernel clones mounts only from within their own namespace, so that a
 * helper process goes there and passes the clone back.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void HULL_NORETURN helper(int socket_fd, int namespace_fd, const char *path)
{
    char word = 0;
    /* A new root and working directory come with it: the path can't lead out of there. */
    if (setns(namespace_fd, CLONE_NEWNS) < 0)
        _exit(errno);
    int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (fd < 0 || send_packet(socket_fd, &word, 1, fd) < 0)
        _exit(errno);
    _exit(0);
}

int foreign_tree(const char *source)
{
    char name[64];
    int pid = 0, length = 0, pair[2], fd = -1, status = 0;
    char word;
    if (sscanf(source, "/proc/%d/root%n", &pid, &length) != 1 || length == 0 ||
        source[length] != '/') {
        errno = EINVAL;
        return -1;
    }
    snprintf(name, sizeof(name), "/proc/%d/ns/mnt", pid);
    HULL_AUTO_FD namespace_fd = open(name, O_RDONLY | O_CLOEXEC);
    if (namespace_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        helper(pair[1], namespace_fd, source + length);
    close(pair[1]);
    ssize_t n = child < 0 ? -1 : receive_packet(pair[0], &word, 1, 0, &fd);
    close(pair[0]);
    if (child > 0 && waitpid(child, &status, 0) == child && n <= 0)
        errno = WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EIO;
    return fd;
}
