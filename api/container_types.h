/*
 * container_types.h: the Engine API's objects that describe a container, field for field
 * (Engine API 1.51). Lists and maps: v NULL is null, v set with n 0 is [] or {}.
 */
#ifndef HULL_API_CONTAINER_TYPES_H
#define HULL_API_CONTAINER_TYPES_H

#include <hull/call.h>

#define ADDRESS_FIELDS(F, T)             \
    F(T, STRING, _, addr, "Addr", 0, "") \
    F(T, INT, _, prefix_len, "PrefixLen", 0, "")
HULL_MESSAGE(address, ADDRESS_FIELDS)

#define THROTTLE_DEVICE_FIELDS(F, T)     \
    F(T, STRING, _, path, "Path", 0, "") \
    F(T, INT, _, rate, "Rate", 0, "")
HULL_MESSAGE(throttle_device, THROTTLE_DEVICE_FIELDS)

#define DEVICE_MAPPING_FIELDS(F, T)                              \
    F(T, STRING, _, path_on_host, "PathOnHost", 0, "")           \
    F(T, STRING, _, path_in_container, "PathInContainer", 0, "") \
    F(T, STRING, _, cgroup_permissions, "CgroupPermissions", 0, "")
HULL_MESSAGE(device_mapping, DEVICE_MAPPING_FIELDS)

#define DEVICE_REQUEST_FIELDS(F, T)                    \
    F(T, STRING, _, driver, "Driver", 0, "")           \
    F(T, INT, _, count, "Count", 0, "")                \
    F(T, STRV, _, device_ids, "DeviceIDs", 0, "")      \
    F(T, JSON, _, capabilities, "Capabilities", 0, "") \
    F(T, MAP, _, options, "Options", 0, "")
HULL_MESSAGE(device_request, DEVICE_REQUEST_FIELDS)

#define RESTART_POLICY_FIELDS(F, T)      \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, INT, _, maximum_retry_count, "MaximumRetryCount", 0, "")
HULL_MESSAGE(restart_policy, RESTART_POLICY_FIELDS)

#define HEALTH_CONFIG_FIELDS(F, T)                               \
    F(T, STRV, _, test, "Test", 0, "")                           \
    F(T, INT, _, interval, "Interval", HULL_OMIT, "")            \
    F(T, INT, _, timeout, "Timeout", HULL_OMIT, "")              \
    F(T, INT, _, retries, "Retries", HULL_OMIT, "")              \
    F(T, INT, _, start_period, "StartPeriod", HULL_OMIT, "")     \
    F(T, INT, _, start_interval, "StartInterval", HULL_OMIT, "") \
    F(T, STRING, _, on_failure, "OnFailure", HULL_OMIT, "none, kill, restart or stop; hull's own")
HULL_MESSAGE(health_config, HEALTH_CONFIG_FIELDS)

#define HEALTHCHECK_RESULT_FIELDS(F, T)        \
    F(T, STRING, _, start, "Start", 0, "")     \
    F(T, STRING, _, end, "End", 0, "")         \
    F(T, INT, _, exit_code, "ExitCode", 0, "") \
    F(T, STRING, _, output, "Output", 0, "")
HULL_MESSAGE(healthcheck_result, HEALTHCHECK_RESULT_FIELDS)

#define HEALTH_FIELDS(F, T)                              \
    F(T, STRING, _, status, "Status", 0, "")             \
    F(T, INT, _, failing_streak, "FailingStreak", 0, "") \
    F(T, LIST, healthcheck_result, log, "Log", 0, "")
HULL_MESSAGE(health, HEALTH_FIELDS)

#define PORT_BINDING_FIELDS(F, T)             \
    F(T, STRING, _, host_ip, "HostIp", 0, "") \
    F(T, STRING, _, host_port, "HostPort", 0, "")
HULL_MESSAGE(port_binding, PORT_BINDING_FIELDS)

#define PORT_FIELDS(F, T)                                  \
    F(T, STRING, _, ip, "IP", HULL_OMIT, "")               \
    F(T, INT, _, private_port, "PrivatePort", 0, "")       \
    F(T, INT, _, public_port, "PublicPort", HULL_OMIT, "") \
    F(T, STRING, _, type, "Type", 0, "")
HULL_MESSAGE(port, PORT_FIELDS)

#define MOUNT_POINT_FIELDS(F, T)                       \
    F(T, STRING, _, type, "Type", 0, "")               \
    F(T, STRING, _, name, "Name", HULL_OMIT, "")       \
    F(T, STRING, _, source, "Source", 0, "")           \
    F(T, STRING, _, destination, "Destination", 0, "") \
    F(T, STRING, _, driver, "Driver", HULL_OMIT, "")   \
    F(T, STRING, _, mode, "Mode", 0, "")               \
    F(T, BOOL, _, rw, "RW", 0, "")                     \
    F(T, STRING, _, propagation, "Propagation", 0, "")
HULL_MESSAGE(mount_point, MOUNT_POINT_FIELDS)

#define MOUNT_BIND_OPTIONS_FIELDS(F, T)                                   \
    F(T, STRING, _, propagation, "Propagation", 0, "")                    \
    F(T, BOOL, _, non_recursive, "NonRecursive", 0, "")                   \
    F(T, BOOL, _, create_mountpoint, "CreateMountpoint", 0, "")           \
    F(T, BOOL, _, read_only_non_recursive, "ReadOnlyNonRecursive", 0, "") \
    F(T, BOOL, _, read_only_force_recursive, "ReadOnlyForceRecursive", 0, "")
HULL_MESSAGE(mount_bind_options, MOUNT_BIND_OPTIONS_FIELDS)

#define VOLUME_DRIVER_CONFIG_FIELDS(F, T) \
    F(T, STRING, _, name, "Name", 0, "")  \
    F(T, MAP, _, options, "Options", 0, "")
HULL_MESSAGE(volume_driver_config, VOLUME_DRIVER_CONFIG_FIELDS)

#define MOUNT_VOLUME_OPTIONS_FIELDS(F, T)                                     \
    F(T, BOOL, _, no_copy, "NoCopy", 0, "")                                   \
    F(T, MAP, _, labels, "Labels", 0, "")                                     \
    F(T, POINTER, volume_driver_config, driver_config, "DriverConfig", 0, "") \
    F(T, STRING, _, subpath, "Subpath", 0, "")
HULL_MESSAGE(mount_volume_options, MOUNT_VOLUME_OPTIONS_FIELDS)

#define MOUNT_IMAGE_OPTIONS_FIELDS(F, T) F(T, STRING, _, subpath, "Subpath", 0, "")
HULL_MESSAGE(mount_image_options, MOUNT_IMAGE_OPTIONS_FIELDS)

#define MOUNT_TMPFS_OPTIONS_FIELDS(F, T)         \
    F(T, INT, _, size_bytes, "SizeBytes", 0, "") \
    F(T, INT, _, mode, "Mode", HULL_OMIT, "")    \
    F(T, JSON, _, options, "Options", HULL_OMIT, "")
HULL_MESSAGE(mount_tmpfs_options, MOUNT_TMPFS_OPTIONS_FIELDS)

#define MOUNT_SPEC_FIELDS(F, T)                                                         \
    F(T, STRING, _, target, "Target", 0, "")                                            \
    F(T, STRING, _, source, "Source", HULL_OMIT, "")                                    \
    F(T, STRING, _, type, "Type", 0, "")                                                \
    F(T, BOOL, _, read_only, "ReadOnly", HULL_OMIT, "")                                 \
    F(T, STRING, _, consistency, "Consistency", HULL_OMIT, "")                          \
    F(T, POINTER, mount_bind_options, bind_options, "BindOptions", HULL_OMIT, "")       \
    F(T, POINTER, mount_volume_options, volume_options, "VolumeOptions", HULL_OMIT, "") \
    F(T, POINTER, mount_image_options, image_options, "ImageOptions", HULL_OMIT, "")    \
    F(T, POINTER, mount_tmpfs_options, tmpfs_options, "TmpfsOptions", HULL_OMIT, "")
HULL_MESSAGE(mount_spec, MOUNT_SPEC_FIELDS)

#define WEIGHT_DEVICE_FIELDS(F, T)       \
    F(T, STRING, _, path, "Path", 0, "") \
    F(T, INT, _, weight, "Weight", 0, "")
HULL_MESSAGE(weight_device, WEIGHT_DEVICE_FIELDS)

#define ULIMIT_FIELDS(F, T)              \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, INT, _, soft, "Soft", 0, "")    \
    F(T, INT, _, hard, "Hard", 0, "")
HULL_MESSAGE(ulimit, ULIMIT_FIELDS)

#define RESOURCES_FIELDS(F, T)                                                                  \
    F(T, INT, _, cpu_shares, "CpuShares", 0, "")                                                \
    F(T, INT, _, memory, "Memory", 0, "")                                                       \
    F(T, STRING, _, cgroup_parent, "CgroupParent", 0, "")                                       \
    F(T, INT, _, blkio_weight, "BlkioWeight", 0, "")                                            \
    F(T, LIST, weight_device, blkio_weight_device, "BlkioWeightDevice", HULL_NULL, "")          \
    F(T, LIST, throttle_device, blkio_device_read_bps, "BlkioDeviceReadBps", HULL_NULL, "")     \
    F(T, LIST, throttle_device, blkio_device_write_bps, "BlkioDeviceWriteBps", HULL_NULL, "")   \
    F(T, LIST, throttle_device, blkio_device_read_iops, "BlkioDeviceReadIOps", HULL_NULL, "")   \
    F(T, LIST, throttle_device, blkio_device_write_iops, "BlkioDeviceWriteIOps", HULL_NULL, "") \
    F(T, INT, _, cpu_period, "CpuPeriod", 0, "")                                                \
    F(T, INT, _, cpu_quota, "CpuQuota", 0, "")                                                  \
    F(T, INT, _, cpu_realtime_period, "CpuRealtimePeriod", 0, "")                               \
    F(T, INT, _, cpu_realtime_runtime, "CpuRealtimeRuntime", 0, "")                             \
    F(T, STRING, _, cpuset_cpus, "CpusetCpus", 0, "")                                           \
    F(T, STRING, _, cpuset_mems, "CpusetMems", 0, "")                                           \
    F(T, LIST, device_mapping, devices, "Devices", HULL_NULL, "")                               \
    F(T, STRV, _, device_cgroup_rules, "DeviceCgroupRules", HULL_NULL, "")                      \
    F(T, LIST, device_request, device_requests, "DeviceRequests", HULL_NULL, "")                \
    F(T, INT, _, kernel_memory, "KernelMemory", HULL_OMIT, "Before 1.42; never shown")          \
    F(T, INT, _, kernel_memory_tcp, "KernelMemoryTCP", HULL_OMIT, "")                           \
    F(T, INT, _, memory_reservation, "MemoryReservation", 0, "")                                \
    F(T, INT, _, memory_swap, "MemorySwap", 0, "")                                              \
    F(T, OPT_INT, _, memory_swappiness, "MemorySwappiness", 0, "")                              \
    F(T, INT, _, nano_cpus, "NanoCpus", 0, "")                                                  \
    F(T, BOOL, _, oom_kill_disable, "OomKillDisable", 0, "")                                    \
    F(T, OPT_BOOL, _, init, "Init", HULL_OMIT, "")                                              \
    F(T, OPT_INT, _, pids_limit, "PidsLimit", 0, "")                                            \
    F(T, LIST, ulimit, ulimits, "Ulimits", HULL_NULL, "")                                       \
    F(T, INT, _, cpu_count, "CpuCount", 0, "")                                                  \
    F(T, INT, _, cpu_percent, "CpuPercent", 0, "")                                              \
    F(T, INT, _, io_maximum_iops, "IOMaximumIOps", 0, "")                                       \
    F(T, INT, _, io_maximum_bandwidth, "IOMaximumBandwidth", 0, "")
HULL_MESSAGE(resources, RESOURCES_FIELDS)

#define LOG_CONFIG_FIELDS(F, T)          \
    F(T, STRING, _, type, "Type", 0, "") \
    F(T, MAP, _, config, "Config", 0, "")
HULL_MESSAGE(log_config, LOG_CONFIG_FIELDS)

#define HOST_CONFIG_FIELDS(F, T)                                              \
    F(T, EMBED, resources, resources, "", 0, "")                              \
    F(T, STRV, _, binds, "Binds", HULL_NULL, "")                              \
    F(T, STRING, _, container_id_file, "ContainerIDFile", 0, "")              \
    F(T, MESSAGE, log_config, log_config, "LogConfig", 0, "")                 \
    F(T, STRING, _, network_mode, "NetworkMode", 0, "")                       \
    F(T, LISTMAP, port_binding, port_bindings, "PortBindings", HULL_NULL, "") \
    F(T, MESSAGE, restart_policy, restart_policy, "RestartPolicy", 0, "")     \
    F(T, BOOL, _, auto_remove, "AutoRemove", 0, "")                           \
    F(T, STRING, _, volume_driver, "VolumeDriver", 0, "")                     \
    F(T, STRV, _, volumes_from, "VolumesFrom", HULL_NULL, "")                 \
    F(T, LIST, mount_spec, mounts, "Mounts", HULL_OMIT, "")                   \
    F(T, INTS, _, console_size, "ConsoleSize", 0, "")                         \
    F(T, MAP, _, annotations, "Annotations", HULL_OMIT, "")                   \
    F(T, STRV, _, cap_add, "CapAdd", HULL_NULL | HULL_STR_OK, "")             \
    F(T, STRV, _, cap_drop, "CapDrop", HULL_NULL | HULL_STR_OK, "")           \
    F(T, STRING, _, cgroupns_mode, "CgroupnsMode", 0, "")                     \
    F(T, STRV, _, dns, "Dns", HULL_NULL, "")                                  \
    F(T, STRV, _, dns_options, "DnsOptions", HULL_NULL, "")                   \
    F(T, STRV, _, dns_search, "DnsSearch", HULL_NULL, "")                     \
    F(T, STRV, _, extra_hosts, "ExtraHosts", HULL_NULL, "")                   \
    F(T, STRV, _, group_add, "GroupAdd", HULL_NULL, "")                       \
    F(T, STRING, _, ipc_mode, "IpcMode", 0, "")                               \
    F(T, STRING, _, cgroup, "Cgroup", 0, "")                                  \
    F(T, STRV, _, links, "Links", HULL_NULL, "")                              \
    F(T, INT, _, oom_score_adj, "OomScoreAdj", 0, "")                         \
    F(T, STRING, _, pid_mode, "PidMode", 0, "")                               \
    F(T, BOOL, _, privileged, "Privileged", 0, "")                            \
    F(T, BOOL, _, publish_all_ports, "PublishAllPorts", 0, "")                \
    F(T, BOOL, _, readonly_rootfs, "ReadonlyRootfs", 0, "")                   \
    F(T, STRV, _, security_opt, "SecurityOpt", HULL_NULL, "")                 \
    F(T, MAP, _, storage_opt, "StorageOpt", HULL_OMIT, "")                    \
    F(T, MAP, _, tmpfs, "Tmpfs", HULL_OMIT, "")                               \
    F(T, STRING, _, uts_mode, "UTSMode", 0, "")                               \
    F(T, STRING, _, userns_mode, "UsernsMode", 0, "")                         \
    F(T, INT, _, shm_size, "ShmSize", 0, "")                                  \
    F(T, MAP, _, sysctls, "Sysctls", HULL_OMIT, "")                           \
    F(T, STRING, _, runtime, "Runtime", 0, "")                                \
    F(T, STRING, _, isolation, "Isolation", 0, "")                            \
    F(T, STRV, _, masked_paths, "MaskedPaths", HULL_NULL, "")                 \
    F(T, STRV, _, readonly_paths, "ReadonlyPaths", HULL_NULL, "")
HULL_MESSAGE(host_config, HOST_CONFIG_FIELDS)

#define CONTAINER_CONFIG_FIELDS(F, T)                                       \
    F(T, STRING, _, hostname, "Hostname", 0, "")                            \
    F(T, STRING, _, domainname, "Domainname", 0, "")                        \
    F(T, STRING, _, user, "User", 0, "")                                    \
    F(T, BOOL, _, attach_stdin, "AttachStdin", 0, "")                       \
    F(T, BOOL, _, attach_stdout, "AttachStdout", 0, "")                     \
    F(T, BOOL, _, attach_stderr, "AttachStderr", 0, "")                     \
    F(T, SET, _, exposed_ports, "ExposedPorts", HULL_OMIT, "")              \
    F(T, BOOL, _, tty, "Tty", 0, "")                                        \
    F(T, BOOL, _, open_stdin, "OpenStdin", 0, "")                           \
    F(T, BOOL, _, stdin_once, "StdinOnce", 0, "")                           \
    F(T, STRV, _, env, "Env", 0, "")                                        \
    F(T, STRV, _, cmd, "Cmd", HULL_STR_OK, "")                              \
    F(T, POINTER, health_config, healthcheck, "Healthcheck", HULL_OMIT, "") \
    F(T, OPT_BOOL, _, args_escaped, "ArgsEscaped", HULL_OMIT, "")           \
    F(T, STRING, _, image, "Image", 0, "")                                  \
    F(T, SET, _, volumes, "Volumes", HULL_NULL, "")                         \
    F(T, STRING, _, working_dir, "WorkingDir", 0, "")                       \
    F(T, STRV, _, entrypoint, "Entrypoint", HULL_NULL | HULL_STR_OK, "")    \
    F(T, OPT_BOOL, _, network_disabled, "NetworkDisabled", HULL_OMIT, "")   \
    F(T, STRING, _, mac_address, "MacAddress", HULL_OMIT, "")               \
    F(T, STRV, _, on_build, "OnBuild", HULL_NULL, "")                       \
    F(T, MAP, _, labels, "Labels", 0, "")                                   \
    F(T, STRING, _, stop_signal, "StopSignal", HULL_OMIT, "")               \
    F(T, OPT_INT, _, stop_timeout, "StopTimeout", HULL_OMIT, "")            \
    F(T, STRV, _, shell, "Shell", HULL_OMIT | HULL_STR_OK, "")
HULL_MESSAGE(container_config, CONTAINER_CONFIG_FIELDS)

#define CONTAINER_STATE_FIELDS(F, T)                  \
    F(T, STRING, _, status, "Status", 0, "")          \
    F(T, BOOL, _, running, "Running", 0, "")          \
    F(T, BOOL, _, paused, "Paused", 0, "")            \
    F(T, BOOL, _, restarting, "Restarting", 0, "")    \
    F(T, BOOL, _, oom_killed, "OOMKilled", 0, "")     \
    F(T, BOOL, _, dead, "Dead", 0, "")                \
    F(T, INT, _, pid, "Pid", 0, "")                   \
    F(T, INT, _, exit_code, "ExitCode", 0, "")        \
    F(T, STRING, _, error, "Error", 0, "")            \
    F(T, STRING, _, started_at, "StartedAt", 0, "")   \
    F(T, STRING, _, finished_at, "FinishedAt", 0, "") \
    F(T, POINTER, health, health, "Health", HULL_OMIT, "")
HULL_MESSAGE(container_state, CONTAINER_STATE_FIELDS)

#define DRIVER_DATA_FIELDS(F, T)         \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, MAP, _, data, "Data", 0, "")
HULL_MESSAGE(driver_data, DRIVER_DATA_FIELDS)

#define FILESYSTEM_CHANGE_FIELDS(F, T)   \
    F(T, STRING, _, path, "Path", 0, "") \
    F(T, INT, _, kind, "Kind", 0, "")
HULL_MESSAGE(filesystem_change, FILESYSTEM_CHANGE_FIELDS)

#define OCI_PLATFORM_FIELDS(F, T)                            \
    F(T, STRING, _, architecture, "architecture", 0, "")     \
    F(T, STRING, _, os, "os", 0, "")                         \
    F(T, STRING, _, os_version, "os.version", HULL_OMIT, "") \
    F(T, STRV, _, os_features, "os.features", HULL_OMIT, "") \
    F(T, STRING, _, variant, "variant", HULL_OMIT, "")
HULL_MESSAGE(oci_platform, OCI_PLATFORM_FIELDS)

#define OCI_DESCRIPTOR_FIELDS(F, T)                                  \
    F(T, STRING, _, media_type, "mediaType", 0, "")                  \
    F(T, STRING, _, digest, "digest", 0, "")                         \
    F(T, INT, _, size, "size", 0, "")                                \
    F(T, STRV, _, urls, "urls", HULL_OMIT, "")                       \
    F(T, MAP, _, annotations, "annotations", HULL_OMIT, "")          \
    F(T, STRING, _, data, "data", HULL_OMIT, "")                     \
    F(T, POINTER, oci_platform, platform, "platform", HULL_OMIT, "") \
    F(T, STRING, _, artifact_type, "artifactType", HULL_OMIT, "")
HULL_MESSAGE(oci_descriptor, OCI_DESCRIPTOR_FIELDS)

#define CONTAINER_SUMMARY_HOST_CONFIG_FIELDS(F, T)      \
    F(T, STRING, _, network_mode, "NetworkMode", 0, "") \
    F(T, MAP, _, annotations, "Annotations", HULL_OMIT, "")
HULL_MESSAGE(container_summary_host_config, CONTAINER_SUMMARY_HOST_CONFIG_FIELDS)

#define ENDPOINT_IPAM_CONFIG_FIELDS(F, T)                       \
    F(T, STRING, _, ipv4_address, "IPv4Address", 0, "")         \
    F(T, STRING, _, ipv6_address, "IPv6Address", HULL_OMIT, "") \
    F(T, STRV, _, linklocal_ips, "LinkLocalIPs", HULL_OMIT, "")
HULL_MESSAGE(endpoint_ipam_config, ENDPOINT_IPAM_CONFIG_FIELDS)

#define ENDPOINT_SETTINGS_FIELDS(F, T)                                     \
    F(T, POINTER, endpoint_ipam_config, ipam_config, "IPAMConfig", 0, "")  \
    F(T, STRV, _, links, "Links", HULL_NULL, "")                           \
    F(T, STRING, _, mac_address, "MacAddress", 0, "")                      \
    F(T, STRV, _, aliases, "Aliases", HULL_NULL, "")                       \
    F(T, MAP, _, driver_opts, "DriverOpts", HULL_NULL, "")                 \
    F(T, INT, _, gw_priority, "GwPriority", 0, "")                         \
    F(T, STRING, _, network_id, "NetworkID", 0, "")                        \
    F(T, STRING, _, endpoint_id, "EndpointID", 0, "")                      \
    F(T, STRING, _, gateway, "Gateway", 0, "")                             \
    F(T, STRING, _, ip_address, "IPAddress", 0, "")                        \
    F(T, INT, _, ip_prefix_len, "IPPrefixLen", 0, "")                      \
    F(T, STRING, _, ipv6_gateway, "IPv6Gateway", 0, "")                    \
    F(T, STRING, _, global_ipv6_address, "GlobalIPv6Address", 0, "")       \
    F(T, INT, _, global_ipv6_prefix_len, "GlobalIPv6PrefixLen", 0, "")     \
    F(T, STRV, _, dns_names, "DNSNames", HULL_NULL, "")                    \
    F(T, STRV, _, dns_servers, "DNSServers", HULL_OMIT, "From its driver") \
    F(T, STRV, _, dns_search, "DNSSearch", HULL_OMIT, "Likewise")          \
    F(T, STRV, _, dns_options, "DNSOptions", HULL_OMIT, "Likewise")
HULL_MESSAGE(endpoint_settings, ENDPOINT_SETTINGS_FIELDS)

#define CONTAINER_SUMMARY_NETWORK_SETTINGS_FIELDS(F, T) \
    F(T, MSGMAP, endpoint_settings, networks, "Networks", 0, "")
HULL_MESSAGE(container_summary_network_settings, CONTAINER_SUMMARY_NETWORK_SETTINGS_FIELDS)

#define CONTAINER_SUMMARY_FIELDS(F, T)                                                             \
    F(T, STRING, _, id, "Id", 0, "")                                                               \
    F(T, STRV, _, names, "Names", 0, "")                                                           \
    F(T, STRING, _, image, "Image", 0, "")                                                         \
    F(T, STRING, _, image_id, "ImageID", 0, "")                                                    \
    F(T, POINTER, oci_descriptor, image_manifest_descriptor, "ImageManifestDescriptor", HULL_OMIT, \
      "")                                                                                          \
    F(T, STRING, _, command, "Command", 0, "")                                                     \
    F(T, INT, _, created, "Created", 0, "")                                                        \
    F(T, LIST, port, ports, "Ports", 0, "")                                                        \
    F(T, OPT_INT, _, size_rw, "SizeRw", HULL_OMIT, "")                                             \
    F(T, OPT_INT, _, size_rootfs, "SizeRootFs", HULL_OMIT, "")                                     \
    F(T, MAP, _, labels, "Labels", HULL_NULL, "")                                                  \
    F(T, STRING, _, state, "State", 0, "")                                                         \
    F(T, STRING, _, status, "Status", 0, "")                                                       \
    F(T, MESSAGE, container_summary_host_config, host_config, "HostConfig", 0, "")                 \
    F(T, MESSAGE, container_summary_network_settings, network_settings, "NetworkSettings", 0, "")  \
    F(T, LIST, mount_point, mounts, "Mounts", 0, "")
HULL_MESSAGE(container_summary, CONTAINER_SUMMARY_FIELDS)

#define NETWORK_SETTINGS_FIELDS(F, T)                                                      \
    F(T, STRING, _, bridge, "Bridge", 0, "")                                               \
    F(T, STRING, _, sandbox_id, "SandboxID", 0, "")                                        \
    F(T, BOOL, _, hairpin_mode, "HairpinMode", 0, "")                                      \
    F(T, STRING, _, linklocal_ipv6_address, "LinkLocalIPv6Address", 0, "")                 \
    F(T, INT, _, linklocal_ipv6_prefix_len, "LinkLocalIPv6PrefixLen", 0, "")               \
    F(T, LISTMAP, port_binding, ports, "Ports", 0, "")                                     \
    F(T, STRING, _, sandbox_key, "SandboxKey", 0, "")                                      \
    F(T, LIST, address, secondary_ip_addresses, "SecondaryIPAddresses", HULL_NULL, "")     \
    F(T, LIST, address, secondary_ipv6_addresses, "SecondaryIPv6Addresses", HULL_NULL, "") \
    F(T, STRING, _, endpoint_id, "EndpointID", 0, "")                                      \
    F(T, STRING, _, gateway, "Gateway", 0, "")                                             \
    F(T, STRING, _, global_ipv6_address, "GlobalIPv6Address", 0, "")                       \
    F(T, INT, _, global_ipv6_prefix_len, "GlobalIPv6PrefixLen", 0, "")                     \
    F(T, STRING, _, ip_address, "IPAddress", 0, "")                                        \
    F(T, INT, _, ip_prefix_len, "IPPrefixLen", 0, "")                                      \
    F(T, STRING, _, ipv6_gateway, "IPv6Gateway", 0, "")                                    \
    F(T, STRING, _, mac_address, "MacAddress", 0, "")                                      \
    F(T, MSGMAP, endpoint_settings, networks, "Networks", 0, "")
HULL_MESSAGE(network_settings, NETWORK_SETTINGS_FIELDS)

#define CONTAINER_INSPECT_REPLY_FIELDS(F, T)                                                       \
    F(T, STRING, _, id, "Id", 0, "")                                                               \
    F(T, STRING, _, created, "Created", 0, "")                                                     \
    F(T, STRING, _, path, "Path", 0, "")                                                           \
    F(T, STRV, _, args, "Args", 0, "")                                                             \
    F(T, POINTER, container_state, state, "State", 0, "")                                          \
    F(T, STRING, _, image, "Image", 0, "")                                                         \
    F(T, STRING, _, resolv_conf_path, "ResolvConfPath", 0, "")                                     \
    F(T, STRING, _, hostname_path, "HostnamePath", 0, "")                                          \
    F(T, STRING, _, hosts_path, "HostsPath", 0, "")                                                \
    F(T, STRING, _, log_path, "LogPath", 0, "")                                                    \
    F(T, STRING, _, name, "Name", 0, "")                                                           \
    F(T, INT, _, restart_count, "RestartCount", 0, "")                                             \
    F(T, STRING, _, driver, "Driver", 0, "")                                                       \
    F(T, STRING, _, platform, "Platform", 0, "")                                                   \
    F(T, POINTER, oci_descriptor, image_manifest_descriptor, "ImageManifestDescriptor", HULL_OMIT, \
      "")                                                                                          \
    F(T, STRING, _, mount_label, "MountLabel", 0, "")                                              \
    F(T, STRING, _, process_label, "ProcessLabel", 0, "")                                          \
    F(T, STRING, _, app_armor_profile, "AppArmorProfile", 0, "")                                   \
    F(T, STRV, _, exec_ids, "ExecIDs", HULL_NULL, "")                                              \
    F(T, MESSAGE, host_config, host_config, "HostConfig", 0, "")                                   \
    F(T, POINTER, driver_data, graph_driver, "GraphDriver", 0, "")                                 \
    F(T, OPT_INT, _, size_rw, "SizeRw", HULL_OMIT, "")                                             \
    F(T, OPT_INT, _, size_rootfs, "SizeRootFs", HULL_OMIT, "")                                     \
    F(T, LIST, mount_point, mounts, "Mounts", 0, "")                                               \
    F(T, MESSAGE, container_config, config, "Config", 0, "")                                       \
    F(T, MESSAGE, network_settings, network_settings, "NetworkSettings", 0, "")
HULL_MESSAGE(container_inspect_reply, CONTAINER_INSPECT_REPLY_FIELDS)

#endif
