/*
 * system_types.h: the Engine API's objects that describe the engine, field for field.
 */
#ifndef HULL_API_SYSTEM_TYPES_H
#define HULL_API_SYSTEM_TYPES_H

#include <hull/call.h>

#define VERSION_PLATFORM_FIELDS(F, T) F(T, STRING, _, name, "Name", 0, "")
HULL_MESSAGE(version_platform, VERSION_PLATFORM_FIELDS)

#define VERSION_COMPONENT_FIELDS(F, T)         \
    F(T, STRING, _, name, "Name", 0, "")       \
    F(T, STRING, _, version, "Version", 0, "") \
    F(T, MAP, _, details, "Details", 0, "")
HULL_MESSAGE(version_component, VERSION_COMPONENT_FIELDS)

#define VERSION_INFO_FIELDS(F, T)                                  \
    F(T, MESSAGE, version_platform, platform, "Platform", 0, "")   \
    F(T, LIST, version_component, components, "Components", 0, "") \
    F(T, STRING, _, version, "Version", 0, "")                     \
    F(T, STRING, _, api_version, "ApiVersion", 0, "")              \
    F(T, STRING, _, min_api_version, "MinAPIVersion", 0, "")       \
    F(T, STRING, _, git_commit, "GitCommit", 0, "")                \
    F(T, STRING, _, go_version, "GoVersion", 0, "")                \
    F(T, STRING, _, os, "Os", 0, "")                               \
    F(T, STRING, _, arch, "Arch", 0, "")                           \
    F(T, STRING, _, kernel_version, "KernelVersion", 0, "")        \
    F(T, BOOL, _, experimental, "Experimental", HULL_OMIT, "")     \
    F(T, STRING, _, build_time, "BuildTime", 0, "")
HULL_MESSAGE(version_info, VERSION_INFO_FIELDS)

#define INDEX_INFO_FIELDS(F, T)              \
    F(T, STRING, _, name, "Name", 0, "")     \
    F(T, STRV, _, mirrors, "Mirrors", 0, "") \
    F(T, BOOL, _, secure, "Secure", 0, "")   \
    F(T, BOOL, _, official, "Official", 0, "")
HULL_MESSAGE(index_info, INDEX_INFO_FIELDS)

#define REGISTRY_SERVICE_CONFIG_FIELDS(F, T)                               \
    F(T, STRV, _, insecure_registry_cidrs, "InsecureRegistryCIDRs", 0, "") \
    F(T, MSGMAP, index_info, index_configs, "IndexConfigs", 0, "")         \
    F(T, STRV, _, mirrors, "Mirrors", HULL_NULL, "")
HULL_MESSAGE(registry_service_config, REGISTRY_SERVICE_CONFIG_FIELDS)

#define PLUGINS_INFO_FIELDS(F, T)                                \
    F(T, STRV, _, volume, "Volume", 0, "")                       \
    F(T, STRV, _, network, "Network", 0, "")                     \
    F(T, STRV, _, authorization, "Authorization", HULL_NULL, "") \
    F(T, STRV, _, log, "Log", 0, "")
HULL_MESSAGE(plugins_info, PLUGINS_INFO_FIELDS)

#define RUNTIME_INFO_FIELDS(F, T)                             \
    F(T, STRING, _, path, "path", 0, "")                      \
    F(T, STRV, _, runtime_args, "runtimeArgs", HULL_OMIT, "") \
    F(T, MAP, _, status, "status", 0, "")
HULL_MESSAGE(runtime_info, RUNTIME_INFO_FIELDS)

#define COMMIT_INFO_FIELDS(F, T) F(T, STRING, _, id, "ID", 0, "")
HULL_MESSAGE(commit_info, COMMIT_INFO_FIELDS)

#define CONTAINERD_INFO_NAMESPACES_FIELDS(F, T)      \
    F(T, STRING, _, containers, "Containers", 0, "") \
    F(T, STRING, _, plugins, "Plugins", 0, "")
HULL_MESSAGE(containerd_info_namespaces, CONTAINERD_INFO_NAMESPACES_FIELDS)

#define CONTAINERD_INFO_FIELDS(F, T)           \
    F(T, STRING, _, address, "Address", 0, "") \
    F(T, MESSAGE, containerd_info_namespaces, namespaces, "Namespaces", 0, "")
HULL_MESSAGE(containerd_info, CONTAINERD_INFO_FIELDS)

#define FIREWALL_INFO_FIELDS(F, T)           \
    F(T, STRING, _, driver, "Driver", 0, "") \
    F(T, JSON, _, info, "Info", HULL_OMIT, "")
HULL_MESSAGE(firewall_info, FIREWALL_INFO_FIELDS)

#define DEVICE_INFO_FIELDS(F, T)             \
    F(T, STRING, _, source, "Source", 0, "") \
    F(T, STRING, _, id, "ID", 0, "")
HULL_MESSAGE(device_info, DEVICE_INFO_FIELDS)

#define ADDRESS_POOL_FIELDS(F, T)        \
    F(T, STRING, _, base, "Base", 0, "") \
    F(T, INT, _, size, "Size", 0, "")
HULL_MESSAGE(address_pool, ADDRESS_POOL_FIELDS)

#define SYSTEM_INFO_FIELDS(F, T)                                                          \
    F(T, STRING, _, id, "ID", 0, "")                                                      \
    F(T, INT, _, containers, "Containers", 0, "")                                         \
    F(T, INT, _, containers_running, "ContainersRunning", 0, "")                          \
    F(T, INT, _, containers_paused, "ContainersPaused", 0, "")                            \
    F(T, INT, _, containers_stopped, "ContainersStopped", 0, "")                          \
    F(T, INT, _, images, "Images", 0, "")                                                 \
    F(T, STRING, _, driver, "Driver", 0, "")                                              \
    F(T, JSON, _, driver_status, "DriverStatus", 0, "")                                   \
    F(T, STRING, _, docker_root_dir, "DockerRootDir", 0, "")                              \
    F(T, MESSAGE, plugins_info, plugins, "Plugins", 0, "")                                \
    F(T, BOOL, _, memory_limit, "MemoryLimit", 0, "")                                     \
    F(T, BOOL, _, swap_limit, "SwapLimit", 0, "")                                         \
    F(T, BOOL, _, kernel_memory_tcp, "KernelMemoryTCP", 0, "")                            \
    F(T, BOOL, _, cpu_cfs_period, "CpuCfsPeriod", 0, "")                                  \
    F(T, BOOL, _, cpu_cfs_quota, "CpuCfsQuota", 0, "")                                    \
    F(T, BOOL, _, cpu_shares, "CPUShares", 0, "")                                         \
    F(T, BOOL, _, cpu_set, "CPUSet", 0, "")                                               \
    F(T, BOOL, _, pids_limit, "PidsLimit", 0, "")                                         \
    F(T, BOOL, _, oom_kill_disable, "OomKillDisable", 0, "")                              \
    F(T, BOOL, _, ipv4_forwarding, "IPv4Forwarding", 0, "")                               \
    F(T, BOOL, _, debug, "Debug", 0, "")                                                  \
    F(T, INT, _, n_fd, "NFd", 0, "")                                                      \
    F(T, INT, _, n_goroutines, "NGoroutines", 0, "")                                      \
    F(T, STRING, _, system_time, "SystemTime", 0, "")                                     \
    F(T, STRING, _, logging_driver, "LoggingDriver", 0, "")                               \
    F(T, STRING, _, cgroup_driver, "CgroupDriver", 0, "")                                 \
    F(T, STRING, _, cgroup_version, "CgroupVersion", 0, "")                               \
    F(T, INT, _, n_events_listener, "NEventsListener", 0, "")                             \
    F(T, STRING, _, kernel_version, "KernelVersion", 0, "")                               \
    F(T, STRING, _, operating_system, "OperatingSystem", 0, "")                           \
    F(T, STRING, _, os_version, "OSVersion", 0, "")                                       \
    F(T, STRING, _, os_type, "OSType", 0, "")                                             \
    F(T, STRING, _, architecture, "Architecture", 0, "")                                  \
    F(T, INT, _, n_cpu, "NCPU", 0, "")                                                    \
    F(T, INT, _, mem_total, "MemTotal", 0, "")                                            \
    F(T, STRING, _, index_server_address, "IndexServerAddress", 0, "")                    \
    F(T, POINTER, registry_service_config, registry_config, "RegistryConfig", 0, "")      \
    F(T, JSON, _, generic_resources, "GenericResources", HULL_NULL, "")                   \
    F(T, STRING, _, http_proxy, "HttpProxy", 0, "")                                       \
    F(T, STRING, _, https_proxy, "HttpsProxy", 0, "")                                     \
    F(T, STRING, _, no_proxy, "NoProxy", 0, "")                                           \
    F(T, STRING, _, name, "Name", 0, "")                                                  \
    F(T, STRV, _, labels, "Labels", 0, "")                                                \
    F(T, BOOL, _, experimental_build, "ExperimentalBuild", 0, "")                         \
    F(T, STRING, _, server_version, "ServerVersion", 0, "")                               \
    F(T, MSGMAP, runtime_info, runtimes, "Runtimes", 0, "")                               \
    F(T, STRING, _, default_runtime, "DefaultRuntime", 0, "")                             \
    F(T, JSON, _, swarm, "Swarm", 0, "")                                                  \
    F(T, BOOL, _, live_restore_enabled, "LiveRestoreEnabled", 0, "")                      \
    F(T, STRING, _, isolation, "Isolation", 0, "")                                        \
    F(T, STRING, _, init_binary, "InitBinary", 0, "")                                     \
    F(T, MESSAGE, commit_info, containerd_commit, "ContainerdCommit", 0, "")              \
    F(T, MESSAGE, commit_info, runc_commit, "RuncCommit", 0, "")                          \
    F(T, MESSAGE, commit_info, init_commit, "InitCommit", 0, "")                          \
    F(T, STRV, _, security_options, "SecurityOptions", 0, "")                             \
    F(T, STRING, _, product_license, "ProductLicense", HULL_OMIT, "")                     \
    F(T, LIST, address_pool, default_address_pools, "DefaultAddressPools", HULL_OMIT, "") \
    F(T, POINTER, firewall_info, firewall_backend, "FirewallBackend", HULL_OMIT, "")      \
    F(T, LIST, device_info, discovered_devices, "DiscoveredDevices", HULL_OMIT, "")       \
    F(T, STRV, _, warnings, "Warnings", HULL_NULL, "")                                    \
    F(T, STRV, _, cdi_spec_dirs, "CDISpecDirs", 0, "")                                    \
    F(T, POINTER, containerd_info, containerd, "Containerd", 0, "")
HULL_MESSAGE(system_info, SYSTEM_INFO_FIELDS)

#define EVENT_ACTOR_FIELDS(F, T)     \
    F(T, STRING, _, id, "ID", 0, "") \
    F(T, MAP, _, attributes, "Attributes", 0, "")
HULL_MESSAGE(event_actor, EVENT_ACTOR_FIELDS)

/* status, id and from repeat what old clients look for: container and image events have them. */
#define EVENT_MESSAGE_FIELDS(F, T)                                           \
    F(T, STRING, _, status, "status", HULL_OMIT, "The action again")         \
    F(T, STRING, _, id, "id", HULL_OMIT, "The actor's id again")             \
    F(T, STRING, _, from, "from", HULL_OMIT, "Image of the container")       \
    F(T, STRING, _, type, "Type", 0, "container, image, network, volume, …") \
    F(T, STRING, _, action, "Action", 0, "create, start, die, …")            \
    F(T, MESSAGE, event_actor, actor, "Actor", 0, "What it happened to")     \
    F(T, STRING, _, scope, "scope", 0, "local")                              \
    F(T, INT, _, time, "time", 0, "Seconds since 1970")                      \
    F(T, INT, _, time_nano, "timeNano", 0, "Nanoseconds since 1970")
HULL_MESSAGE(event_message, EVENT_MESSAGE_FIELDS)

#endif
