/*
 * netns.h: to do something in another network namespace without going there.
 */
#ifndef HULL_COMMON_NETNS_H
#define HULL_COMMON_NETNS_H

#include <hull/base.h>

/* What is done there: it runs on this process's memory and descriptors, in a child, while the
 * calling thread is stopped: system calls only. */
typedef void netns_fn(void *arg);

/*
 * Run FN(ARG) in the network namespace NETNS_FD. The calling thread stays where it is: a child
 * that shares memory and descriptors (as posix_spawn's does) enters the namespace, runs FN and
 * ends. About 0.1 ms. 0 or -errno. Worker-safe.
 */
int netns_visit(int netns_fd, netns_fn *fn, void *arg) HULL_CHECKED;
/* A new network namespace, which lives as long as its descriptor: that, or -errno. Takes the kernel
 * some milliseconds. Worker-safe. */
int netns_new(void);

#endif
