/*
 * The flags of all commands but run and create.
 */
#include "plugins/cli/flags.h"

#define END \
    {       \
    }
#define FILTER(type, member, help) \
    FLAG("filter", 'f', FLAG_FILTER, offsetof(struct type, member), help)
#define FORCE(type, help) FLAG("force", 'f', FLAG_BOOL, offsetof(struct type, force), help)
#define FORMAT(type)                                                \
    FLAG("format", 'f', FLAG_STRING, offsetof(struct type, format), \
         "Format: table, table TEMPLATE, json or a Go template")

#define AT(member) offsetof(struct stop_options, member)
#define STOP_FLAGS                                                                              \
    FLAG("signal", 's', FLAG_STRING, AT(signal), "Signal to send first"),                       \
        FLAG("timeout", 't', FLAG_OPT_INT, AT(timeout), "Seconds to wait before it is killed"), \
        FLAG("time", 0, FLAG_OPT_INT, AT(timeout), "The same", .hidden = true)
const struct flag stop_flags[] = {STOP_FLAGS, END};
const struct flag restart_flags[] = {STOP_FLAGS, END};
#undef AT

const struct flag kill_flags[] = {
    FLAG("signal", 's', FLAG_STRING, offsetof(struct kill_options, signal), "Signal to send"), END};

#define AT(member) offsetof(struct rm_options, member)
const struct flag rm_flags[] = {
    FLAG("force", 'f', FLAG_BOOL, AT(force), "Kill it first when it runs"),
    FLAG("link", 'l', FLAG_BOOL, AT(link), "Remove the link, not the container"),
    FLAG("volumes", 'v', FLAG_BOOL, AT(volumes), "Remove its anonymous volumes too"), END};
#undef AT

#define AT(member) offsetof(struct logs_options, member)
const struct flag logs_flags[] = {
    FLAG("details", 0, FLAG_BOOL, AT(details), "With the attributes of the log driver"),
    FLAG("follow", 'f', FLAG_BOOL, AT(follow), "Go on with what comes"),
    FLAG("since", 0, FLAG_STRING, AT(since), "From this time on (2026-01-02T13:23:37Z or 42m)"),
    FLAG("tail", 'n', FLAG_STRING, AT(tail), "So many lines from the end", .fallback = "all"),
    FLAG("timestamps", 't', FLAG_BOOL, AT(timestamps), "Each line begins with its time"),
    FLAG("truncate", 0, FLAG_BOOL, AT(truncate), "Forget what was written so far (hull only)"),
    FLAG("until", 0, FLAG_STRING, AT(until), "Up to this time (2026-01-02T13:23:37Z or 42m)"),
    END};
#undef AT

const struct flag export_flags[] = {
    FLAG("output", 'o', FLAG_STRING, offsetof(struct output_options, output), "Write to a file"),
    END};

#define AT(member) offsetof(struct update_options, member)
#define RES(member) AT(update.resources.member)
const struct flag update_flags[] = {
    FLAG("blkio-weight", 0, FLAG_INT, RES(blkio_weight), "Share of disk time, 10 to 1000",
         .type = "uint16"),
    FLAG("cpu-period", 0, FLAG_INT, RES(cpu_period), "Period of the CPU quota, microseconds"),
    FLAG("cpu-quota", 0, FLAG_INT, RES(cpu_quota), "CPU time per period, microseconds"),
    FLAG("cpu-rt-period", 0, FLAG_INT, RES(cpu_realtime_period), "Period of real-time tasks"),
    FLAG("cpu-rt-runtime", 0, FLAG_INT, RES(cpu_realtime_runtime), "Their time per period"),
    FLAG("cpu-shares", 'c', FLAG_INT, RES(cpu_shares), "Weight of the container's CPU time"),
    FLAG("cpus", 0, FLAG_CPUS, RES(nano_cpus), "Number of CPUs it may use"),
    FLAG("cpuset-cpus", 0, FLAG_STRING, RES(cpuset_cpus), "CPUs it may run on (0-3, 0,1)"),
    FLAG("cpuset-mems", 0, FLAG_STRING, RES(cpuset_mems), "Memory nodes it may use (0-3, 0,1)"),
    FLAG("memory", 'm', FLAG_BYTES, RES(memory), "Memory limit"),
    FLAG("memory-reservation", 0, FLAG_BYTES, RES(memory_reservation), "Soft memory limit"),
    FLAG("memory-swap", 0, FLAG_BYTES, RES(memory_swap),
         "Limit of memory and swap; -1 for no limit of swap"),
    FLAG("pids-limit", 0, FLAG_OPT_INT, RES(pids_limit), "Limit of processes; -1 for none"),
    FLAG("restart", 0, FLAG_STRING, AT(restart), "What to do when it ends"),
    END};
#undef AT
#undef RES

#define AT(member) offsetof(struct prune_options, member)
const struct flag prune_flags[] = {
    FLAG("filter", 0, FLAG_FILTER, AT(request.filters), "Only what fits (until=2h, label=a=b)"),
    FLAG("force", 'f', FLAG_BOOL, AT(force), "Do not ask"), END};
const struct flag image_prune_flags[] = {
    FLAG("all", 'a', FLAG_BOOL, AT(all), "All that no container uses, not only untagged ones"),
    FLAG("filter", 0, FLAG_FILTER, AT(request.filters), "Only what fits (until=2h)"),
    FLAG("force", 'f', FLAG_BOOL, AT(force), "Do not ask"), END};
const struct flag volume_prune_flags[] = {
    FLAG("all", 'a', FLAG_BOOL, AT(all), "Named ones too"),
    FLAG("filter", 0, FLAG_FILTER, AT(request.filters), "Only what fits (label=a)"),
    FLAG("force", 'f', FLAG_BOOL, AT(force), "Do not ask"), END};
const struct flag system_prune_flags[] = {
    FLAG("all", 'a', FLAG_BOOL, AT(all), "All images that no container uses"),
    FLAG("filter", 0, FLAG_FILTER, AT(request.filters), "Only what fits (label=a=b)"),
    FLAG("force", 'f', FLAG_BOOL, AT(force), "Do not ask"),
    FLAG("volumes", 0, FLAG_BOOL, AT(volumes), "Anonymous volumes too"), END};
#undef AT

#define AT(member) offsetof(struct list_options, member)
const struct flag ps_flags[] = {
    FLAG("all", 'a', FLAG_BOOL, AT(request.all), "Those that do not run too"),
    FILTER(list_options, request.filters, "Only what fits (status=running, name=web)"),
    FLAG("format", 0, FLAG_STRING, AT(format),
         "Format: table, table TEMPLATE, json or a Go template"),
    FLAG("last", 'n', FLAG_INT, AT(request.limit), "The last so many, in any state",
         .fallback = "-1"),
    FLAG("latest", 'l', FLAG_BOOL, AT(latest), "The last one, in any state"),
    FLAG("no-trunc", 0, FLAG_BOOL, AT(no_trunc), "Do not shorten"),
    FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "Only ids"),
    FLAG("size", 's', FLAG_BOOL, AT(request.size), "With sizes"),
    END};
const struct flag images_flags[] = {
    FLAG("all", 'a', FLAG_BOOL, AT(request.all), "Intermediate ones too"),
    FLAG("digests", 0, FLAG_BOOL, AT(digests), "With digests"),
    FILTER(list_options, request.filters, "Only what fits (dangling=true, reference=a*)"),
    FLAG("format", 0, FLAG_STRING, AT(format),
         "Format: table, table TEMPLATE, json or a Go template"),
    FLAG("no-trunc", 0, FLAG_BOOL, AT(no_trunc), "Do not shorten"),
    FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "Only ids"),
    FLAG("tree", 0, FLAG_REFUSED_BOOL, 0, ""),
    END};
#define LS_FLAGS                                                             \
    FILTER(list_options, request.filters, "Only what fits (driver=bridge)"), \
        FLAG("format", 0, FLAG_STRING, AT(format),                           \
             "Format: table, table TEMPLATE, json or a Go template"),        \
        FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "Only ids or names")
const struct flag network_ls_flags[] = {
    LS_FLAGS, FLAG("no-trunc", 0, FLAG_BOOL, AT(no_trunc), "Do not shorten"), END};
const struct flag volume_ls_flags[] = {LS_FLAGS, FLAG("cluster", 0, FLAG_REFUSED_BOOL, 0, ""), END};
#undef AT

#define AT(member) offsetof(struct inspect_options, member)
const struct flag inspect_flags[] = {FORMAT(inspect_options), END};
const struct flag network_inspect_flags[] = {
    FORMAT(inspect_options),
    FLAG("verbose", 'v', FLAG_BOOL, AT(verbose), "With the tasks of a swarm's network"), END};
const struct flag image_inspect_flags[] = {
    FORMAT(inspect_options),
    FLAG("platform", 0, FLAG_STRING, AT(platform), "Only if it is for this platform", .since = 49),
    END};
const struct flag container_inspect_flags[] = {
    FORMAT(inspect_options), FLAG("size", 's', FLAG_BOOL, AT(size), "With sizes"), END};
const struct flag any_inspect_flags[] = {
    FORMAT(inspect_options), FLAG("size", 's', FLAG_BOOL, AT(size), "With sizes"),
    FLAG("type", 0, FLAG_STRING, AT(type), "Only this type: container, image, network or volume"),
    END};
#undef AT

#define AT(member) offsetof(struct format_options, member)
const struct flag format_flags[] = {FORMAT(format_options), END};
const struct flag debug_flags[] = {FLAG("format", 0, FLAG_STRING, AT(format),
                                        "Format: table, table TEMPLATE, json or a Go template"),
                                   END};
const struct flag stats_flags[] = {
    FLAG("all", 'a', FLAG_BOOL, AT(all), "Those that do not run too"),
    FLAG("format", 0, FLAG_STRING, AT(format),
         "Format: table, table TEMPLATE, json or a Go template"),
    FLAG("no-stream", 0, FLAG_BOOL, AT(no_stream), "Once, not again and again"),
    FLAG("no-trunc", 0, FLAG_BOOL, AT(no_trunc), "Do not shorten"), END};
const struct flag events_flags[] = {
    FILTER(format_options, events.filters, "Only what fits (type=container, event=start)"),
    FLAG("format", 0, FLAG_STRING, AT(format), "Format: json or a Go template"),
    FLAG("since", 0, FLAG_STRING, AT(events.since), "What happened since"),
    FLAG("until", 0, FLAG_STRING, AT(events.until), "End then"), END};
const struct flag df_flags[] = {FLAG("format", 0, FLAG_STRING, AT(format),
                                     "Format: table, table TEMPLATE, json or a Go template"),
                                FLAG("verbose", 'v', FLAG_BOOL, AT(verbose), "Each object"), END};
const struct flag history_flags[] = {
    FLAG("format", 0, FLAG_STRING, AT(format),
         "Format: table, table TEMPLATE, json or a Go template"),
    FLAG("human", 'H', FLAG_BOOL, AT(human), "Sizes and times for people", .fallback = "true"),
    FLAG("no-trunc", 0, FLAG_BOOL, AT(no_trunc), "Do not shorten"),
    FLAG("platform", 0, FLAG_STRING, AT(platform), "Only if it is for this platform", .since = 48),
    FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "Only ids"),
    END};
#undef AT

#define AT(member) offsetof(struct image_options, member)
const struct flag rmi_flags[] = {
    FORCE(image_options, "Even when stopped containers use it"),
    FLAG("no-prune", 0, FLAG_BOOL, AT(no_prune), "Keep untagged parents"),
    FLAG("platform", 0, FLAG_STRINGS, AT(platforms), "Only this platform", .since = 50), END};
const struct flag load_flags[] = {
    FLAG("input", 'i', FLAG_STRING, AT(input), "Read from a file instead of standard input"),
    FLAG("platform", 0, FLAG_STRING, AT(platform), "Only this platform", .since = 48),
    FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "Only the result"), END};
const struct flag save_flags[] = {
    FLAG("output", 'o', FLAG_STRING, offsetof(struct output_options, output), "Write to a file"),
    FLAG("platform", 0, FLAG_STRING, offsetof(struct output_options, platform),
         "Only this platform", .since = 48),
    END};
const struct flag commit_flags[] = {
    FLAG("author", 'a', FLAG_STRING, offsetof(struct commit_options, author),
         "Who made it (\"Name <address>\")"),
    FLAG("change", 'c', FLAG_LIST, offsetof(struct commit_options, changes),
         "Apply an instruction of a Dockerfile"),
    FLAG("message", 'm', FLAG_STRING, offsetof(struct commit_options, message),
         "Comment of the image"),
    FLAG("pause", 'p', FLAG_BOOL, offsetof(struct commit_options, pause),
         "Freeze the container meanwhile", .fallback = "true"),
    END};
const struct flag import_flags[] = {
    FLAG("change", 'c', FLAG_LIST, AT(changes), "Apply an instruction of a Dockerfile"),
    FLAG("message", 'm', FLAG_STRING, AT(message), "Comment of the image"),
    FLAG("platform", 0, FLAG_STRING, AT(platform), "Platform of the image"), END};
const struct flag pull_flags[] = {
    FLAG("all-tags", 'a', FLAG_BOOL, AT(all_tags), "All tags of the repository"),
    FLAG("disable-content-trust", 0, FLAG_BOOL, AT(untrusted), "Do not check signatures",
         .fallback = "true"),
    FLAG("platform", 0, FLAG_STRING, AT(platform), "Platform of the image"),
    FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "Only the result"), END};
#undef AT

#define AT(member) offsetof(struct network_options, member)
const struct flag network_create_flags[] = {
    FLAG("attachable", 0, FLAG_BOOL, AT(create.attachable), "Containers may join by hand (swarm)"),
    FLAG("aux-address", 0, FLAG_MAP, AT(aux), "Address that is used by something else"),
    FLAG("config-from", 0, FLAG_STRING, AT(config_from.network),
         "Configuration to make the network from"),
    FLAG("config-only", 0, FLAG_BOOL, AT(create.config_only),
         "Only a configuration for other networks"),
    FLAG("driver", 'd', FLAG_STRING, AT(driver), "Driver", .fallback = "bridge"),
    FLAG("gateway", 0, FLAG_STRINGS, AT(gateways), "Gateway of the subnet"),
    FLAG("ingress", 0, FLAG_REFUSED_BOOL, 0, ""),
    FLAG("internal", 0, FLAG_BOOL, AT(create.internal), "No way out"),
    FLAG("ip-range", 0, FLAG_STRINGS, AT(ranges), "Part of the subnet for containers"),
    FLAG("ipam-driver", 0, FLAG_STRING, AT(ipam_driver), "Driver of the addresses",
         .fallback = "default"),
    FLAG("ipam-opt", 0, FLAG_MAP, AT(ipam_opts), "Option of that driver"),
    FLAG("ipv4", 0, FLAG_OPT_BOOL, AT(create.enable_ipv4), "With IPv4"),
    FLAG("ipv6", 0, FLAG_OPT_BOOL, AT(create.enable_ipv6), "With IPv6"),
    FLAG("label", 0, FLAG_LIST, AT(labels), "Set a label", .check = check_label),
    FLAG("opt", 'o', FLAG_MAP, AT(create.options), "Option of the driver"),
    FLAG("scope", 0, FLAG_STRING, AT(create.scope), "Scope"),
    FLAG("subnet", 0, FLAG_STRINGS, AT(subnets), "Subnet, as address/prefix"),
    END};
const struct flag network_rm_flags[] = {FORCE(network_options, "No error when there is none"), END};
const struct flag connect_flags[] = {
    FLAG("alias", 0, FLAG_STRINGS, AT(aliases), "Further name in the network"),
    FLAG("driver-opt", 0, FLAG_STRINGS, AT(driver_opts), "Option of the driver"),
    FLAG("gw-priority", 0, FLAG_INT, AT(gw_priority),
         "Which network has the default route: the highest", .since = 48),
    FLAG("ip", 0, FLAG_STRING, AT(ip), "IPv4 address"),
    FLAG("ip6", 0, FLAG_STRING, AT(ip6), "IPv6 address"),
    FLAG("link", 0, FLAG_LIST, AT(links), "Link to another container", .check = check_link),
    FLAG("link-local-ip", 0, FLAG_STRINGS, AT(linklocal_ips), "Link-local address"),
    END};
const struct flag disconnect_flags[] = {
    FORCE(network_options, "Even when the container can't be reached"), END};
#undef AT

#define AT(member) offsetof(struct volume_options, member)
const struct flag volume_create_flags[] = {
    FLAG("availability", 0, FLAG_REFUSED, 0, ""),
    FLAG("driver", 'd', FLAG_STRING, AT(create.driver), "Driver", .fallback = "local"),
    FLAG("group", 0, FLAG_REFUSED, 0, ""),
    FLAG("label", 0, FLAG_LIST, AT(labels), "Set a label", .check = check_label),
    FLAG("limit-bytes", 0, FLAG_REFUSED, 0, ""),
    FLAG("name", 0, FLAG_STRING, AT(create.name), "Name", .hidden = true),
    FLAG("opt", 'o', FLAG_MAP, AT(create.driver_opts), "Option of the driver"),
    FLAG("required-bytes", 0, FLAG_REFUSED, 0, ""),
    FLAG("scope", 0, FLAG_REFUSED, 0, ""),
    FLAG("secret", 0, FLAG_REFUSED, 0, ""),
    FLAG("sharing", 0, FLAG_REFUSED, 0, ""),
    FLAG("topology-preferred", 0, FLAG_REFUSED, 0, ""),
    FLAG("topology-required", 0, FLAG_REFUSED, 0, ""),
    FLAG("type", 0, FLAG_REFUSED, 0, ""),
    END};
const struct flag volume_rm_flags[] = {FORCE(volume_options, "No error when there is none"), END};
#undef AT

#define AT(member) offsetof(struct cp_options, member)
const struct flag cp_flags[] = {FLAG("archive", 'a', FLAG_BOOL, AT(archive), "Keep owners"),
                                FLAG("follow-link", 'L', FLAG_BOOL, AT(follow_link),
                                     "Copy what a link in the source points at"),
                                FLAG("quiet", 'q', FLAG_BOOL, AT(quiet), "No message at the end"),
                                END};
#undef AT
#define START(member) offsetof(struct start_options, member)
const struct flag start_flags[] = {
    FLAG("attach", 'a', FLAG_BOOL, START(attach), "Connect the output, and pass signals on"),
    FLAG("checkpoint", 0, FLAG_REFUSED, 0, ""),
    FLAG("checkpoint-dir", 0, FLAG_REFUSED, 0, ""),
    FLAG("detach-keys", 0, FLAG_STRING, START(detach_keys), "Keys that leave the container"),
    FLAG("interactive", 'i', FLAG_BOOL, START(interactive), "Connect standard input"),
    FLAG("sig-proxy", 0, FLAG_BOOL, START(sig_proxy), "", .fallback = "true", .hidden = true),
    {}};

#define ATTACH(member) offsetof(struct attach_options, member)
const struct flag attach_flags[] = {
    FLAG("detach-keys", 0, FLAG_STRING, ATTACH(detach_keys), "Keys that leave the container"),
    FLAG("no-stdin", 0, FLAG_BOOL, ATTACH(no_stdin), "Do not connect standard input"),
    FLAG("sig-proxy", 0, FLAG_BOOL, ATTACH(sig_proxy), "Pass signals on", .fallback = "true"),
    {}};

#define EXEC(member) offsetof(struct exec_options, member)
const struct flag exec_flags[] = {
    FLAG("detach", 'd', FLAG_BOOL, EXEC(detach), "Run it in the background"),
    FLAG("detach-keys", 0, FLAG_STRING, EXEC(detach_keys), "Keys that leave the process"),
    FLAG("env", 'e', FLAG_LIST, EXEC(env), "Set a variable of the environment", .check = check_env),
    FLAG("env-file", 0, FLAG_LIST, EXEC(env_files), "Read variables from a file"),
    FLAG("interactive", 'i', FLAG_BOOL, EXEC(interactive), "Connect standard input"),
    FLAG("privileged", 0, FLAG_BOOL, EXEC(privileged), "With all rights"),
    FLAG("tty", 't', FLAG_BOOL, EXEC(tty), "Give it a terminal"),
    FLAG("user", 'u', FLAG_STRING, EXEC(user), "User and group (name|uid[:group|gid])"),
    FLAG("workdir", 'w', FLAG_STRING, EXEC(workdir), "Working directory"),
    {}};
