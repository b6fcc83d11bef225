/*
 * plan.h: what hull-shim is told, and by which numbers it finds its descriptors.
 *
 * The daemon encodes one plan (plugins/common/wire.h) into a sealed memfd. Nothing else gets in:
 * its environment is empty and its arguments say only for whom it runs.
 */
#ifndef TOOLS_SHIM_PLAN_H
#define TOOLS_SHIM_PLAN_H

#include "oci.h"

/* Descriptors of a new shim; those that a plan does not mention are /dev/null. */
enum shim_fd {
    SHIM_FD_PLAN = 3, /* sealed memfd */
    SHIM_FD_CONTROL,  /* one end of a SOCK_SEQPACKET pair: the first connection */
    SHIM_FD_LISTEN,   /* listening SOCK_SEQPACKET socket for all later ones */
    SHIM_FD_DIR,      /* the folder for state */
    SHIM_FD_ROOTFS,   /* detached mount of the root file system */
    SHIM_FD_SECCOMP,  /* sealed memfd with a BPF program */
    SHIM_FD_INIT,     /* detached mount of hull-init */
    SHIM_FD_TARGET,   /* pidfd of the container's process 1: an exec joins it */
    SHIM_FD_USERNS,   /* user namespace with the mappings of the spec, for mounts */
    SHIM_FD_COUNT
};

#define SHIM_PLAN_FIELDS(F, T)                                                                   \
    F(T, STRING, _, name, "name", HULL_REQUIRED, "Process id below the container, or init")      \
    F(T, STRING, _, dir, "dir", HULL_REQUIRED, "The folder for state, as a path")                \
    F(T, BOOL, _, exec, "exec", 0, "Join the container of the pidfd")                            \
    F(T, BOOL, _, has_rootfs, "rootfs", 0, "There is a detached mount; else root.path")          \
    F(T, BOOL, _, has_seccomp, "seccomp", 0, "There is a BPF program")                           \
    F(T, BOOL, _, has_userns, "userns", 0, "There is a user namespace")                          \
    F(T, BOOL, _, log_allowed, "logAllowed", 0, "Its filter flags have SECCOMP_FILTER_FLAG_LOG") \
    F(T, BOOL, _, has_init, "init", 0, "hull-init is process 1")                                 \
    F(T, MESSAGE, oci_spec, spec, "spec", 0, "What to run; of an exec only the process")         \
    F(T, STRV, _, cgroup_names, "cgroupNames", 0, "Below /sys/fs/cgroup; one empty: v2")         \
    F(T, STRV, _, cgroup_dirs, "cgroupDirs", 0, "The container's, on the host")                  \
    F(T, STRING, _, oom_file, "oomFile", 0, "File with a line oom_kill N, or absent")            \
    F(T, BOOL, _, open_stdin, "openStdin", 0, "Keep standard input open; /dev/null else")        \
    F(T, BOOL, _, stdin_once, "stdinOnce", 0, "Close it when the first client's ends")           \
    F(T, STRING, _, log_path, "logPath", 0, "json-file to write; absent: no log")                \
    F(T, INT, _, log_max_size, "logMaxSize", 0, "Rotate at this many bytes; 0: never")           \
    F(T, INT, _, log_max_files, "logMaxFiles", 0, "Keep this many files")                        \
    F(T, STRING, _, log_attributes, "logAttributes", 0, "JSON of the attrs of each line")        \
    F(T, STRING, _, runtime, "runtime", 0, "hull-shim-oci: the program to run")                  \
    F(T, STRV, _, runtime_args, "runtimeArgs", 0, "Its arguments before each command")           \
    F(T, STRING, _, runtime_root, "runtimeRoot", 0, "Where it keeps its state")                  \
    F(T, STRING, _, container, "container", 0, "What it knows the container by")
HULL_MESSAGE_DECLARE(shim_plan, SHIM_PLAN_FIELDS)

#endif
