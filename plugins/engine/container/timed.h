/*
 * timed.h: waiting for a container to change, for a while.
 */
#ifndef HULL_CONTAINER_TIMED_H
#define HULL_CONTAINER_TIMED_H

#include "ct.h"

/*
 * Wait until DONE(ARG), which is asked each time CT changes, or MS milliseconds (negative: for
 * ever) have passed; 0 in both cases. An error when CALL is cancelled or overdue. Yields.
 */
int ct_wait_changed(struct hull_call *call, struct ct *ct, bool (*done)(const void *arg),
                    const void *arg, int64_t ms) HULL_CHECKED;

#endif
