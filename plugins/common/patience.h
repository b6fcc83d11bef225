/*
 * patience.h: work that may never come back.
 *
 * A path may lead to a file system whose server is dead. Who looks there waits in the kernel,
 * nothing but the server ends that, and a worker that waits is lost to everybody else. So such
 * looks have threads of their own, which are left behind when they take too long.
 */
#ifndef HULL_COMMON_PATIENCE_H
#define HULL_COMMON_PATIENCE_H

#include <hull/fiber.h>

/* Blocks as it likes. It may use nothing but what is Worker-safe and the bytes at ARG, which hold
 * no pointer: it may still run when its caller is long gone. Returns what patience_run() shall. */
typedef int patience_fn(void *arg);

/*
 * Run FN on a thread of its own, on a copy of the SIZE bytes at ARG, copied back at its end.
 * What FN returned, at least 0; or -HULL_TIMEOUT when it has not ended after MS milliseconds, and
 * -HULL_UNAVAILABLE when too many wait already. WHAT names it in the message ("looking at /x").
 * Yields.
 */
HULL_CHECKED int patience_run(struct hull_call *call, const char *what, patience_fn *fn, void *arg,
                              size_t size, int64_t ms);

#endif
