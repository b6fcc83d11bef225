/*
 * caps.h: capabilities by name.
 */
#ifndef HULL_CONTAINER_CAPS_H
#define HULL_CONTAINER_CAPS_H

#include "container_types.h"

#include <hull/arena.h>

/* "CAP_CHOWN" for "chown", "CHOWN" or "cap_chown"; NULL for what the kernel does not know. */
const char *caps_name(const char *name);
bool caps_is_all(const char *name);
/* The set of a container: all when PRIVILEGED, else docker's fourteen, ALL first, then the single
 * ones dropped and added. */
void caps_make(struct hull_arena *arena, bool privileged, const struct hull_strv *add,
               const struct hull_strv *drop, struct hull_strv *ret);

/* Whether a container of HOST has the capability NAME, "CAP_NET_ADMIN". */
bool caps_has(const struct host_config *host, const char *name);

#endif
