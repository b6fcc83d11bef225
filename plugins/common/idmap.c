#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

#define STACK_SIZE 16384

/* In a child that shares our memory, with all signals blocked: there until it is killed. */
static int stay(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    return 0;
}

static int write_map(pid_t pid, const char *name, uint32_t first, uint32_t size)
{
    char path[64];
    char text[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    int length = snprintf(text, sizeof(text), "0 %u %u", first, size);
    HULL_AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, (size_t)length) != length ? -errno : 0;
}

static int map_and_open(pid_t pid, const struct idmap *map)
{
    char path[64];
    int rc = write_map(pid, "gid_map", map->gid, map->size);
    if (rc == 0)
        rc = write_map(pid, "uid_map", map->uid, map->size);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int idmap_userns(const struct idmap *map)
{
    HULL_AUTO_FREE char *stack = malloc(STACK_SIZE);
    sigset_t all;
    sigset_t before;
    HULL_ASSERT(stack != NULL);
    sigfillset(&all);
    /* A handler must not run in the child, on memory that is ours too. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = clone(stay, stack + STACK_SIZE, CLONE_VM | CLONE_FILES | CLONE_NEWUSER, NULL);
    int err = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return -err;
    int fd = map_and_open(pid, map);
    /* Nobody else reaps it, so that the number is still its. */
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
        continue;
    return fd;
}

int idmap_mount(int dir_fd, int userns_fd, uint64_t attributes)
{
    struct mount_attr attr = {.attr_set = attributes | MOUNT_ATTR_IDMAP,
                              .propagation = MS_PRIVATE,
                              .userns_fd = (uint64_t)userns_fd};
    HULL_AUTO_FD clone = (int)syscall(SYS_open_tree, dir_fd, "",
                                      AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (clone < 0 || syscall(SYS_mount_setattr, clone, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return -errno;
    return HULL_TAKE_FD(clone);
}
