/*
 * bind_mode.h: the modes of binds and volumes ("ro,z,rshared"), and whether the host's mounts can
 * do what a propagation asks for.
 *
 * z and Z are for SELinux: as docker does where the kernel has none, they are taken and do nothing.
 */
#ifndef HULL_CONTAINER_BIND_MODE_H
#define HULL_CONTAINER_BIND_MODE_H

#include "doc.h"

#include <hull/call.h>

/* True for "rshared" and the like. */
bool bind_mode_is_propagation(const char *word);
/* Fill in MOUNT what the MODE of BIND says. -HULL_INVALID in docker's words. */
int bind_mode_apply(struct hull_call *call, struct ct_mount *mount, const char *bind,
                    const char *mode) HULL_CHECKED;
/* The mount that has PATH passes on what is mounted below it, when PROPAGATION needs that.
 * Yields. */
int bind_mode_check_host(struct hull_call *call, const char *path, const char *propagation)
    HULL_CHECKED;

#endif
