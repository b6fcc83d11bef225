/*
 * top_ps.h: processes as the host's ps shows them, for options that only it knows.
 */
#ifndef HULL_CONTAINER_TOP_PS_H
#define HULL_CONTAINER_TOP_PS_H

#include "container.h"

#include <hull/hull.h>

/* Run "ps ARGS" and keep of its lines those of PIDS. With docker's words when ps refuses the
 * options, or leaves out the column PID. Yields. */
int top_ps(struct hull_call *call, const char *args, const struct hull_ints *pids,
           struct container_top_reply *ret) HULL_CHECKED;

#endif
