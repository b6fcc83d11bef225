/*
 * The flags of run and create.
 */
#include "plugins/cli/run.h"

#define AT(member) offsetof(struct run_options, member)
#define CONFIG(member) AT(create.config.member)
#define HOST(member) AT(create.host_config.member)
#define RES(member) AT(create.host_config.resources.member)

#define COMMON_FLAGS                                                                               \
    FLAG("add-host", 0, FLAG_CUSTOM, HOST(extra_hosts), "Add a line to /etc/hosts (name:address)", \
         .type = "list", .parse = run_add_host),                                                   \
        FLAG("annotation", 0, FLAG_MAP, HOST(annotations), "Annotation for the runtime",           \
             .since = 43),                                                                         \
        FLAG("attach", 'a', FLAG_LIST, AT(attach), "Connect STDIN, STDOUT or STDERR",              \
             .check = check_attach),                                                               \
        FLAG("blkio-weight", 0, FLAG_INT, RES(blkio_weight), "Share of disk time, 10 to 1000",     \
             .type = "uint16"),                                                                    \
        FLAG("blkio-weight-device", 0, FLAG_LIST, AT(blkio_weight),                                \
             "The same for one device (path:weight)", .check = check_weight),                      \
        FLAG("cap-add", 0, FLAG_LIST, HOST(cap_add), "Give capabilities"),                         \
        FLAG("cap-drop", 0, FLAG_LIST, HOST(cap_drop), "Take capabilities away"),                  \
        FLAG("cgroup-parent", 0, FLAG_STRING, RES(cgroup_parent),                                  \
             "Cgroup to put the container's below"),                                               \
        FLAG("cgroupns", 0, FLAG_STRING, HOST(cgroupns_mode),                                      \
             "Cgroup namespace: host or private"),                                                 \
        FLAG("cidfile", 0, FLAG_STRING, AT(cidfile),                                               \
             "Write the id of the container to this file"),                                        \
        FLAG("cpu-count", 0, FLAG_INT, RES(cpu_count), "Processors (Windows)", .hidden = true),    \
        FLAG("cpu-percent", 0, FLAG_INT, RES(cpu_percent), "Percentage (Windows)",                 \
             .hidden = true),                                                                      \
        FLAG("cpu-period", 0, FLAG_INT, RES(cpu_period), "Period of the CPU quota, microseconds"), \
        FLAG("cpu-quota", 0, FLAG_INT, RES(cpu_quota), "CPU time per period, microseconds"),       \
        FLAG("cpu-rt-period", 0, FLAG_INT, RES(cpu_realtime_period),                               \
             "Period of real-time tasks, microseconds"),                                           \
        FLAG("cpu-rt-runtime", 0, FLAG_INT, RES(cpu_realtime_runtime),                             \
             "Their time per period, microseconds"),                                               \
        FLAG("cpu-shares", 'c', FLAG_INT, RES(cpu_shares), "Weight of the container's CPU time"),  \
        FLAG("cpus", 0, FLAG_CPUS, RES(nano_cpus), "Number of CPUs it may use"),                   \
        FLAG("cpuset-cpus", 0, FLAG_STRING, RES(cpuset_cpus), "CPUs it may run on (0-3, 0,1)"),    \
        FLAG("cpuset-mems", 0, FLAG_STRING, RES(cpuset_mems),                                      \
             "Memory nodes it may use (0-3, 0,1)"),                                                \
        FLAG("device", 0, FLAG_LIST, AT(devices), "Give it a device of the host"),                 \
        FLAG("device-cgroup-rule", 0, FLAG_LIST, RES(device_cgroup_rules),                         \
             "Rule for the devices cgroup", .check = check_device_rule),                           \
        FLAG("device-read-bps", 0, FLAG_LIST, AT(read_bps),                                        \
             "Limit reads of a device (path:bytes)", .check = check_bps),                          \
        FLAG("device-read-iops", 0, FLAG_LIST, AT(read_iops),                                      \
             "Limit reads of a device (path:number)", .check = check_iops),                        \
        FLAG("device-write-bps", 0, FLAG_LIST, AT(write_bps),                                      \
             "Limit writes to a device (path:bytes)", .check = check_bps),                         \
        FLAG("device-write-iops", 0, FLAG_LIST, AT(write_iops),                                    \
             "Limit writes to a device (path:number)", .check = check_iops),                       \
        FLAG("disable-content-trust", 0, FLAG_BOOL, AT(untrusted), "Do not check signatures",      \
             .fallback = "true"),                                                                  \
        FLAG("dns", 0, FLAG_LIST, HOST(dns), "DNS server", .check = check_dns),                    \
        FLAG("dns-opt", 0, FLAG_LIST, HOST(dns_options), "DNS option", .hidden = true),            \
        FLAG("dns-option", 0, FLAG_LIST, HOST(dns_options), "Option for resolv.conf"),             \
        FLAG("dns-search", 0, FLAG_LIST, HOST(dns_search), "Search domain",                        \
             .check = check_domain),                                                               \
        FLAG("domainname", 0, FLAG_STRING, CONFIG(domainname), "NIS domain name"),                 \
        FLAG("entrypoint", 0, FLAG_STRING, AT(entrypoint),                                         \
             "Program to run instead of the image's"),                                             \
        FLAG("env", 'e', FLAG_LIST, AT(env), "Set a variable of the environment",                  \
             .check = check_env),                                                                  \
        FLAG("env-file", 0, FLAG_LIST, AT(env_files), "Read variables from a file"),               \
        FLAG("expose", 0, FLAG_LIST, AT(expose), "Note a port or a range as used"),                \
        FLAG("gpus", 0, FLAG_CUSTOM, RES(device_requests), "GPUs to give it (all, 2, device=0)",   \
             .type = "gpu-request", .parse = run_gpus),                                            \
        FLAG("group-add", 0, FLAG_LIST, HOST(group_add), "Further group of the user"),             \
        FLAG("health-cmd", 0, FLAG_STRING, AT(health_cmd), "Command that checks the health"),      \
        FLAG("health-http", 0, FLAG_STRING, AT(health_http),                                       \
             "URL in the container that has to answer (http://localhost:80/)"),                    \
        FLAG("health-interval", 0, FLAG_DURATION, AT(health_interval), "Time between checks",      \
             .fallback = "0s"),                                                                    \
        FLAG("health-on-failure", 0, FLAG_STRING, AT(health_on_failure),                           \
             "What to do when it is unhealthy: none, kill, restart or stop"),                      \
        FLAG("health-retries", 0, FLAG_INT, AT(health_retries),                                    \
             "Failures in a row that mean unhealthy"),                                             \
        FLAG("health-start-interval", 0, FLAG_DURATION, AT(health_start_interval),                 \
             "Time between checks at the start", .fallback = "0s", .since = 44),                   \
        FLAG("health-start-period", 0, FLAG_DURATION, AT(health_start_period),                     \
             "How long the start may take", .fallback = "0s"),                                     \
        FLAG("health-tcp", 0, FLAG_STRING, AT(health_tcp),                                         \
             "Port in the container that has to be open (8080, 127.0.0.1:8080)"),                  \
        FLAG("health-timeout", 0, FLAG_DURATION, AT(health_timeout), "How long a check may take",  \
             .fallback = "0s"),                                                                    \
        FLAG("hostname", 'h', FLAG_STRING, CONFIG(hostname), "Host name"),                         \
        FLAG("init", 0, FLAG_OPT_BOOL, RES(init), "Run an init that forwards signals and reaps"),  \
        FLAG("interactive", 'i', FLAG_BOOL, CONFIG(open_stdin), "Keep standard input open"),       \
        FLAG("io-maxbandwidth", 0, FLAG_BYTES, RES(io_maximum_bandwidth), "Bandwidth (Windows)",   \
             .hidden = true),                                                                      \
        FLAG("io-maxiops", 0, FLAG_INT, RES(io_maximum_iops), "Operations (Windows)",              \
             .hidden = true),                                                                      \
        FLAG("ip", 0, FLAG_STRING, AT(ip), "IPv4 address"),                                        \
        FLAG("ip6", 0, FLAG_STRING, AT(ip6), "IPv6 address"),                                      \
        FLAG("ipc", 0, FLAG_STRING, HOST(ipc_mode), "IPC namespace"),                              \
        FLAG("isolation", 0, FLAG_STRING, HOST(isolation), "Isolation technology"),                \
        FLAG("kernel-memory", 0, FLAG_BYTES, RES(kernel_memory),                                   \
             "Kernel memory limit (no kernel has it any more)", .check = check_size),              \
        FLAG("label", 'l', FLAG_LIST, AT(labels), "Set a label", .check = check_label),            \
        FLAG("label-file", 0, FLAG_LIST, AT(label_files), "Read labels from a file"),              \
        FLAG("link", 0, FLAG_LIST, HOST(links), "Link to another container", .check = check_link), \
        FLAG("link-local-ip", 0, FLAG_LIST, AT(linklocal_ips), "Link-local address"),              \
        FLAG("log-driver", 0, FLAG_STRING, HOST(log_config.type), "Log driver"),                   \
        FLAG("log-opt", 0, FLAG_MAP, HOST(log_config.config), "Option of the log driver",          \
             .type = "list"),                                                                      \
        FLAG("mac-address", 0, FLAG_STRING, AT(mac), "MAC address"),                               \
        FLAG("memory", 'm', FLAG_BYTES, RES(memory), "Memory limit", .check = check_size),         \
        FLAG("memory-reservation", 0, FLAG_BYTES, RES(memory_reservation), "Soft memory limit",    \
             .check = check_size),                                                                 \
        FLAG("memory-swap", 0, FLAG_BYTES, RES(memory_swap),                                       \
             "Limit of memory and swap; -1 for no limit of swap"),                                 \
        FLAG("memory-swappiness", 0, FLAG_OPT_INT, RES(memory_swappiness),                         \
             "Inclination to swap, 0 to 100", .fallback = "-1"),                                   \
        FLAG("mount", 0, FLAG_CUSTOM, HOST(mounts), "Mount a file system", .type = "mount",        \
             .parse = run_mount),                                                                  \
        FLAG("name", 0, FLAG_STRING, AT(create.name), "Name of the container"),                    \
        FLAG("net", 0, FLAG_LIST, AT(networks), "Network", .hidden = true,                         \
             .check = check_network),                                                              \
        FLAG("net-alias", 0, FLAG_LIST, AT(network_aliases), "Alias", .hidden = true),             \
        FLAG("network", 0, FLAG_LIST, AT(networks), "Network to join", .type = "network",          \
             .check = check_network),                                                              \
        FLAG("network-alias", 0, FLAG_LIST, AT(network_aliases), "Further name in the network"),   \
        FLAG("no-healthcheck", 0, FLAG_BOOL, AT(no_healthcheck), "No check of the health"),        \
        FLAG("oom-kill-disable", 0, FLAG_BOOL, RES(oom_kill_disable),                              \
             "Do not kill it when memory runs out"),                                               \
        FLAG("oom-score-adj", 0, FLAG_INT, HOST(oom_score_adj),                                    \
             "Preference of the kernel to kill it"),                                               \
        FLAG("pid", 0, FLAG_STRING, HOST(pid_mode), "PID namespace"),                              \
        FLAG("pids-limit", 0, FLAG_OPT_INT, RES(pids_limit), "Limit of processes; -1 for none"),   \
        FLAG("platform", 0, FLAG_STRING, AT(create.platform), "Platform of the image"),            \
        FLAG("privileged", 0, FLAG_BOOL, HOST(privileged),                                         \
             "Give it all rights of the host's root"),                                             \
        FLAG("publish", 'p', FLAG_LIST, AT(publish), "Publish a port or a range on the host"),     \
        FLAG("publish-all", 'P', FLAG_BOOL, HOST(publish_all_ports),                               \
             "Publish all exposed ports on free ones"),                                            \
        FLAG("pull", 0, FLAG_STRING, AT(pull), "Pull the image: always, missing or never",         \
             .fallback = "missing"),                                                               \
        FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "No progress of a pull"),                         \
        FLAG("read-only", 0, FLAG_BOOL, HOST(readonly_rootfs),                                     \
             "Mount its root file system read-only"),                                              \
        FLAG("restart", 0, FLAG_STRING, AT(restart), "What to do when it ends", .fallback = "no"), \
        FLAG("rm", 0, FLAG_BOOL, HOST(auto_remove), "Remove it when it ends"),                     \
        FLAG("runtime", 0, FLAG_STRING, HOST(runtime), "Runtime"),                                 \
        FLAG("security-opt", 0, FLAG_LIST, AT(security), "Security options"),                      \
        FLAG("shm-size", 0, FLAG_BYTES, HOST(shm_size), "Size of /dev/shm", .check = check_size),  \
        FLAG("stop-signal", 0, FLAG_STRING, CONFIG(stop_signal), "Signal that asks it to stop"),   \
        FLAG("stop-timeout", 0, FLAG_OPT_INT, CONFIG(stop_timeout), "Seconds until it is killed"), \
        FLAG("storage-opt", 0, FLAG_LIST, AT(storage_opts), "Option of the storage driver"),       \
        FLAG("sysctl", 0, FLAG_MAP, HOST(sysctls), "Setting of the kernel",                        \
             .check = check_sysctl),                                                               \
        FLAG("tmpfs", 0, FLAG_LIST, AT(tmpfs), "Mount a tmpfs"),                                   \
        FLAG("tty", 't', FLAG_BOOL, CONFIG(tty), "Give it a terminal"),                            \
        FLAG("ulimit", 0, FLAG_CUSTOM, AT(create.host_config.resources.ulimits),                   \
             "Limit of its processes (name=soft[:hard])", .type = "ulimit", .parse = run_ulimit),  \
        FLAG("use-api-socket", 0, FLAG_BOOL, AT(api_socket), "Mount the daemon's socket in it"),   \
        FLAG("user", 'u', FLAG_STRING, CONFIG(user), "User and group (name|uid[:group|gid])"),     \
        FLAG("userns", 0, FLAG_STRING, HOST(userns_mode), "User namespace"),                       \
        FLAG("uts", 0, FLAG_STRING, HOST(uts_mode), "UTS namespace"),                              \
        FLAG("volume", 'v', FLAG_LIST, AT(volumes), "Mount a folder of the host or a volume"),     \
        FLAG("volume-driver", 0, FLAG_STRING, HOST(volume_driver), "Volume driver"),               \
        FLAG("volumes-from", 0, FLAG_LIST, HOST(volumes_from),                                     \
             "Take over the mounts of a container"),                                               \
        FLAG("workdir", 'w', FLAG_STRING, CONFIG(working_dir), "Working directory")

const struct flag create_flags[] = {COMMON_FLAGS, {}};

const struct flag run_flags[] = {
    COMMON_FLAGS,
    FLAG("detach", 'd', FLAG_BOOL, AT(detach), "Run it in the background and print its id"),
    FLAG("detach-keys", 0, FLAG_STRING, AT(detach_keys), "Keys that leave the container"),
    FLAG("sig-proxy", 0, FLAG_BOOL, AT(sig_proxy), "Pass signals on to it", .fallback = "true"),
    {}};
