/*
 * runtimes.h: the names of runtimes.
 */
#ifndef CONTAINER_RUNTIMES_H
#define CONTAINER_RUNTIMES_H

#include "runtime.h"

/*
 * What NAME (--runtime) stands for: *ret_port is the plugin, and RET_REQUEST gets the program and
 * its arguments when it is a runtime of somebody else, by the name that the configuration gave it
 * or by an absolute path. -HULL_INVALID for an unknown one. Never yields.
 */
int runtime_find(struct hull_call *call, const char *name, const char **ret_port,
                 struct runtime_create_request *ret_request) HULL_CHECKED;

#endif
