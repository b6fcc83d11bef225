/*
 * runtime.h: the class "runtime": making containers run (ports runtime/native, runtime/oci).
 *
 * create makes everything but the user's program: namespaces, mounts, cgroup, stdio; start lets
 * it go. Processes are named by container and process id: "" is the container's own, an exec has
 * the id it was given. What runs outlives the daemon: after a restart adopt finds it again.
 */
#ifndef HULL_API_RUNTIME_H
#define HULL_API_RUNTIME_H

#include "container.h"
#include "oci.h"

#define RUNTIME_STDIO_FIELDS(F, T)                                                        \
    F(T, BOOL, _, open_stdin, "OpenStdin", 0, "Keep standard input open; /dev/null else") \
    F(T, BOOL, _, stdin_once, "StdinOnce", 0, "Close it when the first client's ends")    \
    F(T, STRING, _, log_path, "LogPath", 0, "json-file to write; absent: no log")         \
    F(T, INT, _, log_max_size, "LogMaxSize", 0, "Rotate at this many bytes; 0: never")    \
    F(T, INT, _, log_max_files, "LogMaxFiles", 0, "Keep this many files")                 \
    F(T, JSON, _, log_attributes, "LogAttributes", 0, "attrs of each line, or absent")
HULL_MESSAGE(runtime_stdio, RUNTIME_STDIO_FIELDS)

#define RUNTIME_CREATE_REQUEST_FIELDS(F, T)                                                       \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")                                      \
    F(T, STRING, _, dir, "dir", HULL_REQUIRED,                                                    \
      "Existing private folder for sockets and state (exec-root/…/ID)")                           \
    F(T, MESSAGE, oci_spec, spec, "spec", 0, "What to run")                                       \
    F(T, FD, _, rootfs_fd, "rootfs", 0, "Detached mount of the root file system")                 \
    F(T, FD, _, userns_fd, "userns", HULL_LENT,                                                   \
      "With uidMappings: a user namespace of the same, for mounts with the option idmap")         \
    F(T, MESSAGE, runtime_stdio, stdio, "stdio", 0, "Standard streams")                           \
    F(T, BOOL, _, init, "init", 0, "hull-init is process 1")                                      \
    F(T, STRING, _, program, "program", 0, "runtime/oci: the runtime, an absolute path")          \
    F(T, STRV, _, program_args, "programArgs", 0, "runtime/oci: what comes before each command")  \
    F(T, STRING, _, seccomp_mode, "seccompMode", 0,                                               \
      "default (also when absent): the runtime's policy for the capabilities of the spec; spec: " \
      "that of the spec; unconfined")
HULL_MESSAGE(runtime_create_request, RUNTIME_CREATE_REQUEST_FIELDS)
#define RUNTIME_CREATE_REPLY_FIELDS(F, T)                                             \
    F(T, INT, _, pid, "pid", 0, "Of the process, on the host; 0: start tells it")     \
    F(T, FD, _, netns_fd, "netns", 0, "Its network namespace, -1 when it has no own") \
    F(T, STRV, _, warnings, "warnings", HULL_NULL, "Limits the host cannot do")
HULL_MESSAGE(runtime_create_reply, RUNTIME_CREATE_REPLY_FIELDS)
HULL_METHOD(runtime, create, runtime_create_request, runtime_create_reply, 0)

#define RUNTIME_PROCESS_REF_FIELDS(F, T)                     \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id") \
    F(T, STRING, _, process, "process", 0, "Exec id, or absent")
HULL_MESSAGE(runtime_process_ref, RUNTIME_PROCESS_REF_FIELDS)
/*
 * Let the program go; returns when it was executed. A program that can't be: -HULL_INVALID with
 * docker's message ("… exec: \"x\": executable file not found in $PATH"); nothing is left then.
 */
#define RUNTIME_START_REPLY_FIELDS(F, T) F(T, INT, _, pid, "pid", 0, "Of the process, on the host")
HULL_MESSAGE(runtime_start_reply, RUNTIME_START_REPLY_FIELDS)
HULL_METHOD(runtime, start, runtime_process_ref, runtime_start_reply, 0)

#define RUNTIME_ATTACH_REQUEST_FIELDS(F, T)                        \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")       \
    F(T, STRING, _, process, "process", 0, "Exec id, or absent")   \
    F(T, BOOL, _, stdin_, "stdin", 0, "Connect standard input")    \
    F(T, BOOL, _, stdout_, "stdout", 0, "Connect standard output") \
    F(T, BOOL, _, stderr_, "stderr", 0, "Connect standard error")
HULL_MESSAGE(runtime_attach_request, RUNTIME_ATTACH_REQUEST_FIELDS)
/* A stream as container.attach describes it; between create and start nothing is missed. */
HULL_METHOD(runtime, attach, runtime_attach_request, container_stream_reply, 0)

#define RUNTIME_KILL_REQUEST_FIELDS(F, T)                        \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")     \
    F(T, STRING, _, process, "process", 0, "Exec id, or absent") \
    F(T, INT, _, signal, "signal", 0, "Number")                  \
    F(T, BOOL, _, all, "all", 0, "Every process of the container")
HULL_MESSAGE(runtime_kill_request, RUNTIME_KILL_REQUEST_FIELDS)
HULL_METHOD(runtime, kill, runtime_kill_request, hull_empty, 0)

#define RUNTIME_EXIT_FIELDS(F, T)                                                   \
    F(T, INT, _, status, "status", 0, "Exit status, 128 + signal")                  \
    F(T, BOOL, _, oom_killed, "oom", 0, "The kernel's out-of-memory killer struck") \
    F(T, INT, _, time_ns, "time", 0, "Nanoseconds since 1970")                      \
    F(T, BOOL, _, lost, "lost", 0, "The shim died: the status is not known (137)")
HULL_MESSAGE(runtime_exit, RUNTIME_EXIT_FIELDS)
/* Waits for the end of the process; answers at once, any number of times, when it ended. All its
 * output has reached log and clients then. */
HULL_METHOD(runtime, wait, runtime_process_ref, runtime_exit, 0)

#define RUNTIME_RESIZE_REQUEST_FIELDS(F, T)                      \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")     \
    F(T, STRING, _, process, "process", 0, "Exec id, or absent") \
    F(T, INT, _, height, "h", 0, "Rows")                         \
    F(T, INT, _, width, "w", 0, "Columns")
HULL_MESSAGE(runtime_resize_request, RUNTIME_RESIZE_REQUEST_FIELDS)
HULL_METHOD(runtime, resize, runtime_resize_request, hull_empty, 0)

/* A process in a running container, made but not started: attach, then start. */
#define RUNTIME_EXEC_REQUEST_FIELDS(F, T)                                                \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")                             \
    F(T, STRING, _, process, "process", HULL_REQUIRED, "Exec id")                        \
    F(T, MESSAGE, oci_process, spec, "spec", 0, "What to run")                           \
    F(T, MESSAGE, runtime_stdio, stdio, "stdio", 0, "Standard streams")                  \
    F(T, POINTER, oci_seccomp, seccomp, "seccomp", 0, "System call filter of mode spec") \
    F(T, STRING, _, seccomp_mode, "seccompMode", 0, "default, spec or unconfined, as for create")
HULL_MESSAGE(runtime_exec_request, RUNTIME_EXEC_REQUEST_FIELDS)
HULL_METHOD(runtime, exec, runtime_exec_request, runtime_create_reply, 0)

HULL_METHOD(runtime, pause, runtime_process_ref, hull_empty, 0)
HULL_METHOD(runtime, resume, runtime_process_ref, hull_empty, 0)

/* Take away what is left of the container or exec: cgroup, sockets, shim. Kills what still runs.
 * Idempotent. */
HULL_METHOD(runtime, delete, runtime_process_ref, hull_empty, 0)

/* After a restart of the daemon: find container ID, whose folder is DIR. */
#define RUNTIME_ADOPT_REQUEST_FIELDS(F, T)                      \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")    \
    F(T, STRING, _, dir, "dir", HULL_REQUIRED, "As for create") \
    F(T, STRING, _, cgroups_path, "cgroup", 0, "As in the spec")
HULL_MESSAGE(runtime_adopt_request, RUNTIME_ADOPT_REQUEST_FIELDS)
#define RUNTIME_ADOPT_REPLY_FIELDS(F, T)                                           \
    F(T, STRING, _, state, "state", 0, "created, running, paused, exited or gone") \
    F(T, INT, _, pid, "pid", 0, "Of process 1")                                    \
    F(T, MESSAGE, runtime_exit, exit, "exit", 0, "When it exited")                 \
    F(T, STRV, _, execs, "execs", HULL_NULL, "Exec ids that still run")
HULL_MESSAGE(runtime_adopt_reply, RUNTIME_ADOPT_REPLY_FIELDS)
HULL_METHOD(runtime, adopt, runtime_adopt_request, runtime_adopt_reply, 0)

/*
 * A descriptor that has to outlive the daemon but not the container: it is kept beside process 1
 * until that ends, in one of four places, in place of what was there. Best asked for between
 * create and start. kept gives it back, or -1.
 */
#define RUNTIME_KEEP_REQUEST_FIELDS(F, T)                    \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id") \
    F(T, INT, _, place, "place", 0, "0 to 3")                \
    F(T, FD, _, fd, "fd", HULL_LENT, "To keep; absent for kept")
HULL_MESSAGE(runtime_keep_request, RUNTIME_KEEP_REQUEST_FIELDS)
HULL_METHOD(runtime, keep, runtime_keep_request, hull_empty, 0)
#define RUNTIME_KEPT_REPLY_FIELDS(F, T) F(T, FD, _, fd, "fd", 0, "A copy of it, or -1")
HULL_MESSAGE(runtime_kept_reply, RUNTIME_KEPT_REPLY_FIELDS)
HULL_METHOD(runtime, kept, runtime_keep_request, runtime_kept_reply, 0)

#define RUNTIME_UPDATE_REQUEST_FIELDS(F, T)                  \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id") \
    F(T, MESSAGE, oci_resources, resources, "resources", 0, "New limits; absent ones stay")
HULL_MESSAGE(runtime_update_request, RUNTIME_UPDATE_REQUEST_FIELDS)
HULL_METHOD(runtime, update, runtime_update_request, hull_empty, 0)

/* Host process ids of all processes in the container. */
#define RUNTIME_PIDS_REPLY_FIELDS(F, T) F(T, INTS, _, pids, "pids", 0, "Process ids")
HULL_MESSAGE(runtime_pids_reply, RUNTIME_PIDS_REPLY_FIELDS)
HULL_METHOD(runtime, pids, runtime_process_ref, runtime_pids_reply, 0)
/* One reading of the cgroup: read, cpu_stats, memory_stats, pids_stats, blkio_stats. */
HULL_METHOD(runtime, stats, runtime_process_ref, container_stats_reply, 0)

/* What the host's cgroups can do, for info and for warnings at create. */
#define RUNTIME_FEATURES_REPLY_FIELDS(F, T)                        \
    F(T, STRING, _, cgroup_version, "CgroupVersion", 0, "1 or 2")  \
    F(T, BOOL, _, memory_limit, "MemoryLimit", 0, "")              \
    F(T, BOOL, _, swap_limit, "SwapLimit", 0, "")                  \
    F(T, BOOL, _, oom_kill_disable, "OomKillDisable", 0, "")       \
    F(T, BOOL, _, swappiness, "MemorySwappiness", 0, "")           \
    F(T, BOOL, _, cpu_shares, "CPUShares", 0, "")                  \
    F(T, BOOL, _, cpu_cfs_period, "CpuCfsPeriod", 0, "")           \
    F(T, BOOL, _, cpu_cfs_quota, "CpuCfsQuota", 0, "")             \
    F(T, BOOL, _, cpu_realtime, "CPURealtime", 0, "")              \
    F(T, BOOL, _, cpuset, "CPUSet", 0, "")                         \
    F(T, BOOL, _, pids_limit, "PidsLimit", 0, "")                  \
    F(T, BOOL, _, blkio_weight, "BlkioWeight", 0, "")              \
    F(T, BOOL, _, blkio_weight_device, "BlkioWeightDevice", 0, "") \
    F(T, STRING, _, seccomp, "Seccomp", 0, "builtin, or absent")
HULL_MESSAGE(runtime_features_reply, RUNTIME_FEATURES_REPLY_FIELDS)
HULL_METHOD(runtime, features, hull_empty, runtime_features_reply, 0)

#endif
