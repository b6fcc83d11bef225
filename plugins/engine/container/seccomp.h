/*
 * seccomp.h: docker's seccomp profiles as an OCI filter.
 */
#ifndef HULL_CONTAINER_SECCOMP_H
#define HULL_CONTAINER_SECCOMP_H

#include "oci.h"
#include <hull/call.h>

/* The profile TEXT (docker's or the OCI's form) for a container with CAPS. */
int seccomp_parse(struct hull_call *call, const char *text, size_t length,
                  const struct hull_strv *caps, struct oci_seccomp **ret) HULL_CHECKED;
/* The same from a file of the host. */
int seccomp_load(struct hull_call *call, const char *path, const struct hull_strv *caps,
                 struct oci_seccomp **ret) HULL_CHECKED;

#endif
