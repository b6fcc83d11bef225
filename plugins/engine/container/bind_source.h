/*
 * bind_source.h: paths of the host that a client names. What is there may be a file system whose
 * server is dead: the loop never waits for it, and who asked gets an error after a while.
 */
#ifndef HULL_CONTAINER_BIND_SOURCE_H
#define HULL_CONTAINER_BIND_SOURCE_H

#include <hull/call.h>

/*
 * Look at PATH, following links: *RET_ERR is 0 when something is there, or a positive errno.
 * -HULL_TIMEOUT when nothing answers. After a success another look rarely waits. Yields.
 */
HULL_CHECKED int bind_source_look(struct hull_call *call, const char *path, int *ret_err);

/* A bind's missing source becomes a folder, as docker has it for -v. Yields. */
HULL_CHECKED int bind_source_make(struct hull_call *call, const char *path);

/* The same look, for who goes on with calls that block: an error when nothing answers. Yields. */
HULL_CHECKED int bind_source_await(struct hull_call *call, const char *path);

#endif
