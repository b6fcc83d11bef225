/*
 * config.h: the configuration of the daemon: the keys of hulld.json, which are those of docker's
 * daemon.json where they mean the same, and the flags of hulld, which have the same names.
 *
 * Plugins read it with daemon_config(): hull_config_get(&daemon_config_message). Paths are
 * filled in and absolute by then.
 */
#ifndef HULL_API_CONFIG_H
#define HULL_API_CONFIG_H

#include <hull/daemon.h>

#define CONFIG_POOL_FIELDS(F, T)                               \
    F(T, STRING, _, base, "base", HULL_REQUIRED, "10.0.0.0/8") \
    F(T, INT, _, size, "size", HULL_REQUIRED, "Prefix length of each subnet")
HULL_MESSAGE(config_pool, CONFIG_POOL_FIELDS)
#define CONFIG_ULIMIT_FIELDS(F, T)                         \
    F(T, STRING, _, name, "Name", HULL_REQUIRED, "nofile") \
    F(T, INT, _, hard, "Hard", 0, "Hard limit")            \
    F(T, INT, _, soft, "Soft", 0, "Soft limit")
HULL_MESSAGE(config_ulimit, CONFIG_ULIMIT_FIELDS)

#define CONFIG_RUNTIME_FIELDS(F, T)                                                           \
    F(T, STRING, _, path, "path", 0, "Program; a bare name is looked for where programs are") \
    F(T, STRV, _, args, "runtimeArgs", HULL_OMIT, "Its arguments before each command")        \
    F(T, STRING, _, type, "runtimeType", HULL_OMIT, "Refused: programs for containerd")       \
    F(T, JSON, _, options, "options", HULL_OMIT, "Refused, likewise")
HULL_MESSAGE(config_runtime, CONFIG_RUNTIME_FIELDS)

#define DAEMON_CONFIG_FIELDS(F, T)                                                                 \
    F(T, STRING, _, root, "root", 0, "Put data, state, socket and pid file below this folder")     \
    F(T, STRING, _, data_root, "data-root", 0, "Persistent data")                                  \
    F(T, STRING, _, exec_root, "exec-root", 0, "State that goes with a reboot")                    \
    F(T, STRING, _, pidfile, "pidfile", 0, "File for the process id")                              \
    F(T, STRV, _, hosts, "hosts", 0, "Where to listen: unix://PATH, tcp://HOST:PORT")              \
    F(T, STRING, _, group, "group", 0, "Group of the unix socket")                                 \
    F(T, BOOL, _, debug, "debug", 0, "Log at level debug")                                         \
    F(T, STRING, _, log_level, "log-level", 0, "debug, info, warn, error, fatal")                  \
    F(T, STRING, _, userns_remap, "userns-remap", 0,                                               \
      "Give containers ids of USER in /etc/subuid and /etc/subgid; auto: of nobody")               \
    F(T, STRING, _, log_driver, "log-driver", 0, "Default log driver of containers")               \
    F(T, MAP, _, log_opts, "log-opts", 0, "Options of the default log driver")                     \
    F(T, STRING, _, storage_driver, "storage-driver", 0, "overlay2 or vfs; chosen when absent")    \
    F(T, STRV, _, storage_opts, "storage-opts", 0, "Options of the storage driver")                \
    F(T, STRING, _, state_backend, "state-backend", 0, "sqlite")                                   \
    F(T, STRING, _, bridge, "bridge", 0, "Bridge of the default network; none for no network")     \
    F(T, STRING, _, bip, "bip", 0, "Address and prefix of the default bridge")                     \
    F(T, STRING, _, fixed_cidr, "fixed-cidr", 0, "Part of its subnet to allocate from")            \
    F(T, STRING, _, default_gateway, "default-gateway", 0, "Gateway of its containers")            \
    F(T, BOOL, _, ipv6, "ipv6", 0, "IPv6 on the default bridge")                                   \
    F(T, STRING, _, bip6, "bip6", 0, "IPv6 address and prefix of the default bridge")              \
    F(T, STRING, _, fixed_cidr_v6, "fixed-cidr-v6", 0,                                             \
      "Its IPv6 subnet, or with bip6 the part of it to allocate from")                             \
    F(T, STRING, _, default_gateway_v6, "default-gateway-v6", 0, "IPv6 gateway of its containers") \
    F(T, INT, _, mtu, "mtu", 0, "MTU of the default bridge")                                       \
    F(T, OPT_BOOL, _, icc, "icc", 0, "Containers of the default bridge reach each other")          \
    F(T, OPT_BOOL, _, ip_forward, "ip-forward", 0, "Turn on forwarding in the kernel")             \
    F(T, BOOL, _, ip_forward_no_drop, "ip-forward-no-drop", 0,                                     \
      "Where it is turned on, let the host forward for everybody")                                 \
    F(T, OPT_BOOL, _, ip_masq, "ip-masq", 0, "Masquerade the default bridge")                      \
    F(T, OPT_BOOL, _, iptables, "iptables", 0, "Always on, by rules of nftables")                  \
    F(T, OPT_BOOL, _, ip6tables, "ip6tables", 0, "Always on, likewise")                            \
    F(T, BOOL, _, allow_direct_routing, "allow-direct-routing", 0,                                 \
      "Neighbours reach published ports at the containers' addresses, too")                        \
    F(T, STRING, _, bridge_accept_fwmark, "bridge-accept-fwmark", 0,                               \
      "Packets with this MARK[/MASK] pass towards containers")                                     \
    F(T, OPT_BOOL, _, userland_proxy, "userland-proxy", 0,                                         \
      "Accepted: loopback reaches published ports without a proxy")                                \
    F(T, STRING, _, userland_proxy_path, "userland-proxy-path", 0, "Refused: there is no proxy")   \
    F(T, STRING, _, ip, "ip", 0, "Host address for published ports that name none")                \
    F(T, LIST, config_pool, default_address_pools, "default-address-pools", 0,                     \
      "Pools for networks")                                                                        \
    F(T, MSGMAP, config_plugin_opts, default_network_opts, "default-network-opts", 0,              \
      "Options of new networks by driver")                                                         \
    F(T, STRV, _, dns, "dns", 0, "DNS servers of containers")                                      \
    F(T, STRV, _, dns_opts, "dns-opts", 0, "Options for resolv.conf")                              \
    F(T, STRV, _, dns_search, "dns-search", 0, "Search domains")                                   \
    F(T, STRING, _, host_gateway_ip, "host-gateway-ip", 0, "What host-gateway stands for")         \
    F(T, STRING, _, cgroup_parent, "cgroup-parent", 0, "Parent cgroup of containers")              \
    F(T, STRV, _, exec_opts, "exec-opts", 0, "native.cgroupdriver=cgroupfs")                       \
    F(T, STRING, _, default_runtime, "default-runtime", 0, "Runtime of containers")                \
    F(T, MSGMAP, config_runtime, runtimes, "runtimes", 0, "OCI runtimes by name")                  \
    F(T, STRING, _, default_cgroupns_mode, "default-cgroupns-mode", 0, "private or host")          \
    F(T, STRING, _, default_ipc_mode, "default-ipc-mode", 0, "private, shareable or host")         \
    F(T, INT, _, default_shm_size, "default-shm-size", 0, "Bytes of /dev/shm")                     \
    F(T, MSGMAP, config_ulimit, default_ulimits, "default-ulimits", 0, "Limits of containers")     \
    F(T, BOOL, _, init, "init", 0, "Run hull-init in every container")                             \
    F(T, STRING, _, init_path, "init-path", 0, "The init program")                                 \
    F(T, BOOL, _, no_new_privileges, "no-new-privileges", 0, "Set it in every container")          \
    F(T, STRING, _, seccomp_profile, "seccomp-profile", 0, "Policy file, builtin or unconfined")   \
    F(T, BOOL, _, selinux_enabled, "selinux-enabled", 0, "Refused: not supported yet")             \
    F(T, BOOL, _, live_restore, "live-restore", 0, "Always on; accepted")                          \
    F(T, INT, _, shutdown_timeout, "shutdown-timeout", 0, "Seconds for requests at the end")       \
    F(T, STRV, _, insecure_registries, "insecure-registries", 0, "Registries without TLS")         \
    F(T, STRV, _, registry_mirrors, "registry-mirrors", 0, "Mirrors")                              \
    F(T, STRV, _, labels, "labels", 0, "Labels of the engine, for info")                           \
    F(T, BOOL, _, tls, "tls", 0, "TLS on tcp:// (needs tlsverify or unsafe-tcp too)")              \
    F(T, BOOL, _, tlsverify, "tlsverify", 0, "Demand client certificates")                         \
    F(T, STRING, _, tlscacert, "tlscacert", 0, "CA that signs client certificates")                \
    F(T, STRING, _, tlscert, "tlscert", 0, "Certificate")                                          \
    F(T, STRING, _, tlskey, "tlskey", 0, "Key")                                                    \
    F(T, BOOL, _, unsafe_tcp, "unsafe-tcp", 0,                                                     \
      "Allow tcp:// without client certificates: whoever connects is root")                        \
    F(T, STRV, _, authorization_plugins, "authorization-plugins", 0,                               \
      "Plugins that are asked, in this order, whether a request is allowed")                       \
    F(T, BOOL, _, experimental, "experimental", 0, "Accepted; there is nothing experimental")      \
    F(T, MSGMAP, config_plugin_opts, plugin_opts, "plugin-opts", 0, "Options by plugin")

/* Options of one plugin. */
#define CONFIG_PLUGIN_OPTS_FIELDS(F, T) F(T, MAP, _, options, "options", HULL_TOP, "Options")
HULL_MESSAGE(config_plugin_opts, CONFIG_PLUGIN_OPTS_FIELDS)
HULL_MESSAGE(daemon_config, DAEMON_CONFIG_FIELDS)

static inline const struct daemon_config *daemon_config(void)
{
    return hull_config_get(&daemon_config_message);
}

#endif
