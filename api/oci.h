/*
 * oci.h: the OCI runtime specification 1.2 (config.json), field for field, as far as we use it.
 * The engine describes every container with it; a runtime plugin carries it out.
 */
#ifndef HULL_API_OCI_H
#define HULL_API_OCI_H

#include <hull/call.h>

#define OCI_BOX_FIELDS(F, T)                  \
    F(T, INT, _, height, "height", 0, "Rows") \
    F(T, INT, _, width, "width", 0, "Columns")
HULL_MESSAGE(oci_box, OCI_BOX_FIELDS)
#define OCI_USER_FIELDS(F, T)                                                           \
    F(T, INT, _, uid, "uid", 0, "User id")                                              \
    F(T, INT, _, gid, "gid", 0, "Group id")                                             \
    F(T, INTS, _, additional_gids, "additionalGids", HULL_OMIT, "Supplementary groups") \
    F(T, STRING, _, username, "username", HULL_OMIT,                                    \
      "user[:group] to look up in the image's own files; runtime/native does it")       \
    F(T, STRV, _, groups, "groups", HULL_OMIT, "--group-add: names or numbers to look up")
HULL_MESSAGE(oci_user, OCI_USER_FIELDS)
#define OCI_CAPABILITIES_FIELDS(F, T)                             \
    F(T, STRV, _, bounding, "bounding", 0, "CAP_…")               \
    F(T, STRV, _, effective, "effective", 0, "CAP_…")             \
    F(T, STRV, _, permitted, "permitted", 0, "CAP_…")             \
    F(T, STRV, _, inheritable, "inheritable", HULL_OMIT, "CAP_…") \
    F(T, STRV, _, ambient, "ambient", HULL_OMIT, "CAP_…")
HULL_MESSAGE(oci_capabilities, OCI_CAPABILITIES_FIELDS)
#define OCI_RLIMIT_FIELDS(F, T)                       \
    F(T, STRING, _, type, "type", 0, "RLIMIT_NOFILE") \
    F(T, INT, _, hard, "hard", 0, "Hard limit")       \
    F(T, INT, _, soft, "soft", 0, "Soft limit")
HULL_MESSAGE(oci_rlimit, OCI_RLIMIT_FIELDS)
#define OCI_PROCESS_FIELDS(F, T)                                                             \
    F(T, BOOL, _, terminal, "terminal", HULL_OMIT, "With a terminal")                        \
    F(T, POINTER, oci_box, console_size, "consoleSize", HULL_OMIT, "Its size")               \
    F(T, MESSAGE, oci_user, user, "user", 0, "Who it runs as")                               \
    F(T, STRV, _, args, "args", 0, "Program and arguments")                                  \
    F(T, STRV, _, env, "env", 0, "NAME=value")                                               \
    F(T, STRING, _, cwd, "cwd", 0, "Working directory, absolute")                            \
    F(T, POINTER, oci_capabilities, capabilities, "capabilities", HULL_OMIT, "Capabilities") \
    F(T, LIST, oci_rlimit, rlimits, "rlimits", HULL_OMIT, "Limits")                          \
    F(T, BOOL, _, no_new_privileges, "noNewPrivileges", HULL_OMIT, "no_new_privs")           \
    F(T, STRING, _, apparmor_profile, "apparmorProfile", HULL_OMIT, "AppArmor profile")      \
    F(T, OPT_INT, _, oom_score_adj, "oomScoreAdj", HULL_OMIT, "oom_score_adj")               \
    F(T, STRING, _, selinux_label, "selinuxLabel", HULL_OMIT, "SELinux label")
HULL_MESSAGE(oci_process, OCI_PROCESS_FIELDS)
#define OCI_ROOT_FIELDS(F, T)                            \
    F(T, STRING, _, path, "path", 0, "Root file system") \
    F(T, BOOL, _, readonly, "readonly", HULL_OMIT, "Mounted read-only")
HULL_MESSAGE(oci_root, OCI_ROOT_FIELDS)
#define OCI_MOUNT_FIELDS(F, T)                                                          \
    F(T, STRING, _, destination, "destination", 0, "Absolute path inside")              \
    F(T, STRING, _, type, "type", HULL_OMIT, "proc, tmpfs, bind, …")                    \
    F(T, STRING, _, source, "source", HULL_OMIT, "Device or path")                      \
    F(T, STRING, _, subpath, "subpath", HULL_OMIT,                                      \
      "Not of OCI: what to bind below source; resolved inside of it, when it is bound") \
    F(T, STRV, _, options, "options", HULL_OMIT, "nosuid, ro, rbind, mode=755, …")
HULL_MESSAGE(oci_mount, OCI_MOUNT_FIELDS)
#define OCI_NAMESPACE_FIELDS(F, T)                                                  \
    F(T, STRING, _, type, "type", 0, "pid, network, mount, ipc, uts, user, cgroup") \
    F(T, STRING, _, path, "path", HULL_OMIT, "Join this one instead of a new one")
HULL_MESSAGE(oci_namespace, OCI_NAMESPACE_FIELDS)
#define OCI_ID_MAPPING_FIELDS(F, T)                        \
    F(T, INT, _, container_id, "containerID", 0, "Inside") \
    F(T, INT, _, host_id, "hostID", 0, "On the host")      \
    F(T, INT, _, size, "size", 0, "How many from there")
HULL_MESSAGE(oci_id_mapping, OCI_ID_MAPPING_FIELDS)
#define OCI_DEVICE_FIELDS(F, T)                                \
    F(T, STRING, _, type, "type", 0, "c, b, u or p")           \
    F(T, STRING, _, path, "path", 0, "Path inside")            \
    F(T, INT, _, major, "major", HULL_OMIT, "Major number")    \
    F(T, INT, _, minor, "minor", HULL_OMIT, "Minor number")    \
    F(T, OPT_INT, _, file_mode, "fileMode", HULL_OMIT, "Mode") \
    F(T, OPT_INT, _, uid, "uid", HULL_OMIT, "Owner")           \
    F(T, OPT_INT, _, gid, "gid", HULL_OMIT, "Group")
HULL_MESSAGE(oci_device, OCI_DEVICE_FIELDS)
#define OCI_DEVICE_RULE_FIELDS(F, T)                                    \
    F(T, BOOL, _, allow, "allow", 0, "Allow or deny")                   \
    F(T, STRING, _, type, "type", HULL_OMIT, "a, c or b")               \
    F(T, OPT_INT, _, major, "major", HULL_OMIT, "Major, absent is any") \
    F(T, OPT_INT, _, minor, "minor", HULL_OMIT, "Minor, absent is any") \
    F(T, STRING, _, access, "access", HULL_OMIT, "rwm")
HULL_MESSAGE(oci_device_rule, OCI_DEVICE_RULE_FIELDS)
#define OCI_MEMORY_FIELDS(F, T)                                                       \
    F(T, OPT_INT, _, limit, "limit", HULL_OMIT, "Bytes")                              \
    F(T, OPT_INT, _, reservation, "reservation", HULL_OMIT, "Bytes")                  \
    F(T, OPT_INT, _, swap, "swap", HULL_OMIT, "Memory and swap, bytes; -1 unlimited") \
    F(T, OPT_INT, _, swappiness, "swappiness", HULL_OMIT, "0 to 100")                 \
    F(T, OPT_BOOL, _, disable_oom_killer, "disableOOMKiller", HULL_OMIT, "v1 only")
HULL_MESSAGE(oci_memory, OCI_MEMORY_FIELDS)
#define OCI_CPU_FIELDS(F, T)                                                         \
    F(T, OPT_INT, _, shares, "shares", HULL_OMIT, "Weight, 2 to 262144")             \
    F(T, OPT_INT, _, quota, "quota", HULL_OMIT, "Microseconds a period")             \
    F(T, OPT_INT, _, period, "period", HULL_OMIT, "Microseconds")                    \
    F(T, OPT_INT, _, realtime_runtime, "realtimeRuntime", HULL_OMIT, "Microseconds") \
    F(T, OPT_INT, _, realtime_period, "realtimePeriod", HULL_OMIT, "Microseconds")   \
    F(T, STRING, _, cpus, "cpus", HULL_OMIT, "0-3,5")                                \
    F(T, STRING, _, mems, "mems", HULL_OMIT, "0,1")
HULL_MESSAGE(oci_cpu, OCI_CPU_FIELDS)
#define OCI_PIDS_FIELDS(F, T) F(T, INT, _, limit, "limit", 0, "At most; -1 unlimited")
HULL_MESSAGE(oci_pids, OCI_PIDS_FIELDS)
#define OCI_WEIGHT_DEVICE_FIELDS(F, T)       \
    F(T, INT, _, major, "major", 0, "Major") \
    F(T, INT, _, minor, "minor", 0, "Minor") \
    F(T, INT, _, weight, "weight", 0, "10 to 1000")
HULL_MESSAGE(oci_weight_device, OCI_WEIGHT_DEVICE_FIELDS)
#define OCI_THROTTLE_FIELDS(F, T)            \
    F(T, INT, _, major, "major", 0, "Major") \
    F(T, INT, _, minor, "minor", 0, "Minor") \
    F(T, INT, _, rate, "rate", 0, "A second")
HULL_MESSAGE(oci_throttle, OCI_THROTTLE_FIELDS)
#define OCI_BLOCK_IO_FIELDS(F, T)                                                              \
    F(T, OPT_INT, _, weight, "weight", HULL_OMIT, "10 to 1000")                                \
    F(T, LIST, oci_weight_device, weight_device, "weightDevice", HULL_OMIT, "Per device")      \
    F(T, LIST, oci_throttle, read_bps, "throttleReadBpsDevice", HULL_OMIT, "Bytes a second")   \
    F(T, LIST, oci_throttle, write_bps, "throttleWriteBpsDevice", HULL_OMIT, "Bytes a second") \
    F(T, LIST, oci_throttle, read_iops, "throttleReadIOPSDevice", HULL_OMIT, "Operations")     \
    F(T, LIST, oci_throttle, write_iops, "throttleWriteIOPSDevice", HULL_OMIT, "Operations")
HULL_MESSAGE(oci_block_io, OCI_BLOCK_IO_FIELDS)
#define OCI_RESOURCES_FIELDS(F, T)                                              \
    F(T, LIST, oci_device_rule, devices, "devices", HULL_OMIT, "In this order") \
    F(T, POINTER, oci_memory, memory, "memory", HULL_OMIT, "Memory")            \
    F(T, POINTER, oci_cpu, cpu, "cpu", HULL_OMIT, "Processors")                 \
    F(T, POINTER, oci_pids, pids, "pids", HULL_OMIT, "Processes")               \
    F(T, POINTER, oci_block_io, block_io, "blockIO", HULL_OMIT, "Block devices")
HULL_MESSAGE(oci_resources, OCI_RESOURCES_FIELDS)
#define OCI_SECCOMP_ARG_FIELDS(F, T)                                         \
    F(T, INT, _, index, "index", 0, "Argument, 0 to 5")                      \
    F(T, INT, _, value, "value", 0, "Compared with")                         \
    F(T, INT, _, value_two, "valueTwo", HULL_OMIT, "For SCMP_CMP_MASKED_EQ") \
    F(T, STRING, _, op, "op", 0, "SCMP_CMP_…")
HULL_MESSAGE(oci_seccomp_arg, OCI_SECCOMP_ARG_FIELDS)
#define OCI_SECCOMP_RULE_FIELDS(F, T)                                      \
    F(T, STRV, _, names, "names", 0, "System calls")                       \
    F(T, STRING, _, action, "action", 0, "SCMP_ACT_…")                     \
    F(T, OPT_INT, _, errno_ret, "errnoRet", HULL_OMIT, "errno it answers") \
    F(T, LIST, oci_seccomp_arg, args, "args", HULL_OMIT, "Conditions")
HULL_MESSAGE(oci_seccomp_rule, OCI_SECCOMP_RULE_FIELDS)
#define OCI_SECCOMP_FIELDS(F, T)                                               \
    F(T, STRING, _, default_action, "defaultAction", 0, "SCMP_ACT_…")          \
    F(T, OPT_INT, _, default_errno_ret, "defaultErrnoRet", HULL_OMIT, "errno") \
    F(T, STRV, _, architectures, "architectures", HULL_OMIT, "SCMP_ARCH_…")    \
    F(T, STRV, _, flags, "flags", HULL_OMIT, "SECCOMP_FILTER_FLAG_…")          \
    F(T, LIST, oci_seccomp_rule, syscalls, "syscalls", HULL_OMIT, "Rules")
HULL_MESSAGE(oci_seccomp, OCI_SECCOMP_FIELDS)
#define OCI_LINUX_FIELDS(F, T)                                                                  \
    F(T, LIST, oci_namespace, namespaces, "namespaces", 0, "New or joined namespaces")          \
    F(T, LIST, oci_id_mapping, uid_mappings, "uidMappings", HULL_OMIT, "Of the user namespace") \
    F(T, LIST, oci_id_mapping, gid_mappings, "gidMappings", HULL_OMIT, "The same for groups")   \
    F(T, LIST, oci_device, devices, "devices", HULL_OMIT, "Nodes besides the default ones")     \
    F(T, STRING, _, cgroups_path, "cgroupsPath", HULL_OMIT, "/hull/<id>")                       \
    F(T, POINTER, oci_resources, resources, "resources", HULL_OMIT, "Limits")                   \
    F(T, MAP, _, sysctl, "sysctl", HULL_OMIT, "Kernel parameters of its namespaces")            \
    F(T, POINTER, oci_seccomp, seccomp, "seccomp", HULL_OMIT, "System call filter")             \
    F(T, STRV, _, masked_paths, "maskedPaths", HULL_OMIT, "Hidden")                             \
    F(T, STRV, _, readonly_paths, "readonlyPaths", HULL_OMIT, "Read-only")                      \
    F(T, STRING, _, rootfs_propagation, "rootfsPropagation", HULL_OMIT, "private, …")           \
    F(T, STRING, _, mount_label, "mountLabel", HULL_OMIT, "SELinux label")
HULL_MESSAGE(oci_linux, OCI_LINUX_FIELDS)
#define OCI_SPEC_FIELDS(F, T)                                           \
    F(T, STRING, _, oci_version, "ociVersion", 0, "1.2.0")              \
    F(T, MESSAGE, oci_process, process, "process", 0, "What runs")      \
    F(T, MESSAGE, oci_root, root, "root", 0, "Where")                   \
    F(T, STRING, _, hostname, "hostname", HULL_OMIT, "Host name")       \
    F(T, STRING, _, domainname, "domainname", HULL_OMIT, "Domain name") \
    F(T, LIST, oci_mount, mounts, "mounts", HULL_OMIT, "In this order") \
    F(T, MESSAGE, oci_linux, linux_, "linux", 0, "Linux")               \
    F(T, MAP, _, annotations, "annotations", HULL_OMIT, "Annotations")
HULL_MESSAGE(oci_spec, OCI_SPEC_FIELDS)

#endif
