/*
 * native.h: what the files of runtime/native share.
 */
#ifndef RUNTIME_NATIVE_H
#define RUNTIME_NATIVE_H

#include "plugins/runtime/common/shimmed.h"

/* cgroup_limits.c: write RESOURCES, which may be NULL. What the host can't do is added to WARNINGS,
 * when given, and is an error else. Worker-safe. */
int cg_limit(struct hull_arena *arena, const struct cgroup *cgroup,
             const struct oci_resources *resources, struct hull_strv *warnings,
             struct hull_problem *problem) HULL_CHECKED;
/* cgroup_devices.c. Worker-safe. */
int cg_limit_devices(struct hull_arena *arena, const struct cgroup *cgroup,
                     const struct oci_resources *resources, struct hull_problem *problem)
    HULL_CHECKED;

/* --- seccomp.c -------------------------------------------------------------------- */

/*
 * A sealed memfd with the program for MODE (default, spec, unconfined; NULL is default); -1 for no
 * filter. *ret_log when violations are to be logged. Yields.
 */
int seccomp_program(struct hull_call *call, const char *mode, const struct oci_seccomp *policy,
                    const struct oci_capabilities *capabilities, int *ret_fd, bool *ret_log)
    HULL_CHECKED;
void seccomp_fini(void);
/* seccomp_file.c: the program made of the policy that is encoded in KEY; false when there is none
 * on disk. Worker-safe. */
bool seccomp_file_read(struct hull_arena *arena, const void *key, size_t key_size, void **ret_code,
                       size_t *ret_size);
void seccomp_file_write(const void *key, size_t key_size, const void *code, size_t size);
/* Of the library that compiles. Worker-safe. */
const char *bpf_version(void);
/* Compile POLICY to BPF. Worker-safe. */
int bpf_compile(struct hull_arena *arena, const struct oci_seccomp *policy, void **ret_code,
                size_t *ret_size, struct hull_problem *problem) HULL_CHECKED;

#endif
