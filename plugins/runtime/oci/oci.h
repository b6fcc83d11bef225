/*
 * oci.h: what the files of runtime/oci share.
 */
#ifndef RUNTIME_OCI_H
#define RUNTIME_OCI_H

#include "plugins/runtime/common/shimmed.h"

/* command.c: a command of the container's runtime that ends at once. */
struct oci_command {
    const char *runtime, *dir; /* program; the container's folder */
    const struct hull_strv *runtime_args;
    const char *argv[8]; /* what comes behind the options, up to a NULL */
    const char *input;   /* what is in the file that OCI_INPUT in argv stands for, or NULL */
};
/* In argv, compared by its address. */
extern const char OCI_INPUT[];
/* Run it and wait for its end. *ret_output (may be NULL) is what it wrote, in the arena of CALL.
 * Its error becomes the call's. Yields. */
int oci_run(struct hull_call *call, const struct oci_command *command, const char **ret_output)
    HULL_CHECKED;
/* In a container's folder: all that this runtime and its shims have there, but for sockets and the
 * exit status. */
#define OCI_FOLDER "oci"
/* The folder in it where a runtime keeps its own state. */
const char *oci_root(struct hull_call *call, const char *dir);

/* record.c: which runtime a container has, for the daemon after this one. */
int oci_record(struct hull_call *call, const struct ctr *ctr) HULL_CHECKED;
/* Read it into CTR; a container without a record has no runtime. */
int oci_record_read(struct hull_call *call, struct ctr *ctr) HULL_CHECKED;
/* Remove the folder with it. */
void oci_remove_files(const char *dir);

#endif
