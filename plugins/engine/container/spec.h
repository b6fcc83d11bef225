/*
 * spec.h: a container as an OCI runtime specification.
 */
#ifndef HULL_CONTAINER_SPEC_H
#define HULL_CONTAINER_SPEC_H

#include "doc.h"
#include "runtime.h"

struct spec_input {
    const struct ct_doc *doc;
    const char *dir;                   /* its folder, with hosts, hostname and resolv.conf */
    const char *const *sources;        /* per doc->mounts: path on the host */
    const char *netns, *pidns, *ipcns; /* paths of namespaces to join, or NULL */
    const char *userns;                /* the same; with the range of the document */
    const char *shm;                   /* the /dev/shm of whose IPC namespace is joined, or NULL */
};

/* Fill spec, init, seccomp_mode of RET from INPUT. What is pointed at stays INPUT's. */
int spec_make(struct hull_call *call, const struct spec_input *input,
              struct runtime_create_request *ret) HULL_CHECKED;
/* Only the process, for exec. */
void spec_process(struct hull_arena *arena, const struct ct_doc *doc, struct oci_process *ret);
/* spec_mounts.c */
void spec_mounts(struct hull_arena *arena, const struct spec_input *input, struct oci_spec *spec);
/* spec_resources.c: limits, device nodes and rules. */
int spec_resources(struct hull_call *call, const struct ct_doc *doc, struct oci_linux *ret)
    HULL_CHECKED;
/* spec_devices.c: device nodes and rules, into ret->resources, which is there. */
int spec_devices(struct hull_call *call, const struct ct_doc *doc, struct oci_linux *ret)
    HULL_CHECKED;
/* The cause of an error of the host's files in docker's words. */
const char *spec_cause(int err);
/* Only the limits, for update. */
int spec_limits(struct hull_call *call, const struct resources *resources,
                struct oci_resources *ret) HULL_CHECKED;
/* The process of an exec: as the container's, with the differences of an exec. */
int spec_seccomp(struct hull_call *call, const struct host_config *host, const char **ret_mode,
                 struct oci_seccomp **ret_seccomp) HULL_CHECKED;

/* security.c: the value of the last option NAME, "" for one without a value, NULL for none. */
const char *security_option(const struct host_config *host, const char *name);
/* The same as a truth; OTHERWISE without such an option. */
bool security_flag(const struct host_config *host, const char *name, bool otherwise);

#endif
