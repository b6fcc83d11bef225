/*
 * validate.c: what a container may be. What docker refuses is refused in its words; what is not
 * done yet is refused with the name of its field, never ignored.
 */
#include "ct.h"

#include "caps.h"
#include "health_net.h"
#include "names.h"
#include "signals.h"
#include "tokens.h"
#include "userns.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static bool given(const char *text)
{
    return text && *text != '\0';
}

static bool one_of(const char *text, const char *const *allowed)
{
    for (; *allowed; allowed++)
        if (hull_streq(text, *allowed))
            return true;
    return false;
}

static bool of_container(const char *mode)
{
    return given(ct_mode_other(mode));
}

static int not_done(struct hull_call *call, const char *field, const char *value)
{
    return hull_fail(call, HULL_NOT_SUPPORTED,
                     "%s%s%s: not supported yet; create the container without it", field,
                     value ? "=" : "", value ? value : "");
}

/* --- what is not done yet --------------------------------------------------------------------- */

static int check_unsupported(struct hull_call *call, const struct host_config *host)
{
    const struct {
        const char *field;
        bool set;
    } fields[] = {
        {"HostConfig.Cgroup", given(host->cgroup)},
        {"HostConfig.KernelMemoryTCP", host->resources.kernel_memory_tcp != 0},
        {"HostConfig.CpuCount", host->resources.cpu_count != 0},
        {"HostConfig.CpuPercent", host->resources.cpu_percent != 0},
        {"HostConfig.IOMaximumIOps", host->resources.io_maximum_iops != 0},
        {"HostConfig.IOMaximumBandwidth", host->resources.io_maximum_bandwidth != 0},
    };

    for (size_t i = 0; i < HULL_COUNT(fields); i++)
        if (fields[i].set)
            return not_done(call, fields[i].field, NULL);
    if (given(host->isolation) && strcmp(host->isolation, "default") != 0)
        return hull_fail(call, HULL_INVALID,
                         "invalid isolation (%s): linux only supports 'default'", host->isolation);
    return 0;
}

/* --- sizes and devices of classes ------------------------------------------------------------- */

static int check_storage_opt(struct hull_call *call, const struct host_config *host)
{
    for (size_t i = 0; i < host->storage_opt.n; i++) {
        const struct hull_pair *pair = &host->storage_opt.v[i];
        int64_t size;

        if (strcmp(pair->key, "size") != 0)
            return hull_fail(call, HULL_INVALID, "Unknown option %s", pair->key);
        if (!token_size(pair->value, &size) || size < 0)
            return hull_fail(call, HULL_INVALID, "storage-opt size: invalid size: '%s'",
                             pair->value);
    }
    return 0;
}

static const char *request_capabilities(const struct device_request *request)
{
    return given(request->capabilities) && strcmp(request->capabilities, "null") != 0
               ? request->capabilities
               : "[]";
}

/* Devices of CDI are looked up at the start; no other driver exists here. */
static int check_device_requests(struct hull_call *call, const struct resources *r)
{
    for (size_t i = 0; i < r->device_requests.n; i++) {
        const struct device_request *request = &r->device_requests.v[i];
        struct hull_text plain = HULL_TEXT(hull_call_arena(call));

        if (hull_streq(request->driver, "cdi"))
            continue;
        for (const char *at = request_capabilities(request); *at; at++)
            if (*at != '"')
                hull_text_add(&plain, *at == ',' ? " " : at, 1);
        return hull_fail(call, HULL_INVALID,
                         "could not select device driver \"%s\" with capabilities: %s. Name the "
                         "devices as the vendor's CDI file in /etc/cdi does: --device "
                         "vendor.com/class=name",
                         request->driver ? request->driver : "", plain.data);
    }
    return 0;
}

/* --- resources -------------------------------------------------------------------------------- */

static int check_memory(struct hull_call *call, const struct resources *r)
{
    if (r->memory != 0 && r->memory < 6 * MIB)
        return hull_fail(call, HULL_INVALID, "Minimum memory limit allowed is 6MB");
    if (r->memory > 0 && r->memory_swap > 0 && r->memory_swap < r->memory)
        return hull_fail(call, HULL_INVALID,
                         "Minimum memoryswap limit should be larger than memory limit, see usage");
    if (r->memory == 0 && r->memory_swap > 0)
        return hull_fail(call, HULL_INVALID,
                         "You should always set the Memory limit when using Memoryswap limit, see "
                         "usage");
    if (r->memory_swappiness.set &&
        (r->memory_swappiness.value < -1 || r->memory_swappiness.value > 100))
        return hull_fail(call, HULL_INVALID,
                         "Invalid value: %lld, valid memory swappiness range is 0-100",
                         (long long)r->memory_swappiness.value);
    if (r->memory_reservation != 0 && r->memory_reservation < 6 * MIB)
        return hull_fail(call, HULL_INVALID, "Minimum memory reservation allowed is 6MB");
    if (r->memory > 0 && r->memory_reservation > 0 && r->memory < r->memory_reservation)
        return hull_fail(call, HULL_INVALID,
                         "Minimum memory limit can not be less than memory reservation limit, see "
                         "usage");
    return 0;
}

static int check_cpu(struct hull_call *call, const struct resources *r)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (r->nano_cpus > 0 && r->cpu_period > 0)
        return hull_fail(call, HULL_INVALID,
                         "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
    if (r->nano_cpus > 0 && r->cpu_quota > 0)
        return hull_fail(call, HULL_INVALID,
                         "Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
    /* The kernel takes a hundredth at least: told now, not at the start. */
    if (r->nano_cpus < 0 || (r->nano_cpus > 0 && r->nano_cpus < INT64_C(10000000)) ||
        r->nano_cpus > count * INT64_C(1000000000))
        return hull_fail(call, HULL_INVALID,
                         "Range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs "
                         "available",
                         count, count);
    if (r->cpu_shares < 0)
        return hull_fail(call, HULL_INVALID,
                         "invalid CPU shares (%lld): value must be a positive integer",
                         (long long)r->cpu_shares);
    if (r->cpu_period != 0 && (r->cpu_period < 1000 || r->cpu_period > 1000000))
        return hull_fail(call, HULL_INVALID,
                         "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s "
                         "(i.e. 1000000)");
    if (r->cpu_quota > 0 && r->cpu_quota < 1000)
        return hull_fail(call, HULL_INVALID, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
    return 0;
}

/* All processors, or memory nodes, of LIST are among those that the host's FILE names. */
static int check_set(struct hull_call *call, const char *list, const char *what, const char *plural,
                     const char *file)
{
    HULL_AUTO_FD fd = -1;
    char online[4096] = "";

    if (!given(list))
        return 0;
    if (!token_cpu_list(list))
        return hull_fail(call, HULL_INVALID, "Invalid value %s for cpuset %s.", list, what);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, online, sizeof(online) - 1) <= 0)
        return 0; /* the kernel refuses at the start what it hasn't got */
    online[strcspn(online, "\n")] = '\0';
    if (!token_cpu_list_within(list, online))
        return hull_fail(call, HULL_INVALID,
                         "Requested %s are not available - requested %s, available: %s", plural,
                         list, online);
    return 0;
}

static int check_ulimits(struct hull_call *call, const struct resources *r)
{
    for (size_t i = 0; i < r->ulimits.n; i++) {
        const struct ulimit *limit = &r->ulimits.v[i];

        if (!ulimit_type(limit->name))
            return hull_fail(call, HULL_INVALID, "invalid ulimit type: %s", limit->name);
        if (limit->hard >= 0 && (limit->soft < 0 || limit->soft > limit->hard))
            return hull_fail(call, HULL_INVALID,
                             "ulimit soft limit must be less than or equal to hard limit: %lld > "
                             "%lld",
                             (long long)limit->soft, (long long)limit->hard);
    }
    return 0;
}

static int check_devices(struct hull_call *call, const struct resources *r)
{
    for (size_t i = 0; i < r->devices.n; i++) {
        const struct device_mapping *device = &r->devices.v[i];
        const char *perms = device->cgroup_permissions;

        if (!given(device->path_on_host) || device->path_on_host[0] != '/')
            return hull_fail(call, HULL_INVALID, "invalid device path \"%s\": it must be absolute",
                             device->path_on_host ? device->path_on_host : "");
        if (given(perms) && perms[strspn(perms, "rwm")] != '\0')
            return hull_fail(call, HULL_INVALID, "invalid device permissions: %s", perms);
    }
    for (size_t i = 0; i < r->device_cgroup_rules.n; i++)
        if (!token_device_rule(r->device_cgroup_rules.v[i], NULL))
            return hull_fail(call, HULL_INVALID, "invalid device cgroup rule format: '%s'",
                             r->device_cgroup_rules.v[i]);
    return 0;
}

int ct_validate_resources(struct hull_call *call, const struct resources *resources)
{
    int rc = check_memory(call, resources);

    if (rc == 0)
        rc = check_cpu(call, resources);
    if (rc == 0)
        rc = check_set(call, resources->cpuset_cpus, "cpus", "CPUs",
                       "/sys/devices/system/cpu/online");
    if (rc == 0)
        rc = check_set(call, resources->cpuset_mems, "mems", "memory nodes",
                       "/sys/devices/system/node/online");
    if (rc == 0)
        rc = check_ulimits(call, resources);
    if (rc == 0)
        rc = check_devices(call, resources);
    if (rc == 0)
        rc = check_device_requests(call, resources);
    if (rc < 0)
        return rc;
    if (resources->blkio_weight != 0 &&
        (resources->blkio_weight < 10 || resources->blkio_weight > 1000))
        return hull_fail(call, HULL_INVALID, "Range of blkio weight is from 10 to 1000");
    return 0;
}

int ct_validate_restart(struct hull_call *call, const struct restart_policy *policy,
                        bool auto_remove)
{
    static const char *const names[] = {"", "no", "always", "on-failure", "unless-stopped", NULL};
    bool counted = hull_streq(policy->name, "on-failure");

    if (!one_of(policy->name, names))
        return hull_fail(call, HULL_INVALID,
                         "invalid restart policy: unknown policy '%s'; use one of 'no', 'always', "
                         "'on-failure', or 'unless-stopped'",
                         policy->name);
    if (policy->maximum_retry_count < 0)
        return hull_fail(call, HULL_INVALID,
                         "invalid restart policy: maximum retry count cannot be negative");
    if (policy->maximum_retry_count > 0 && !counted)
        return hull_fail(call, HULL_INVALID,
                         "invalid restart policy: maximum retry count can only be used with "
                         "'on-failure'");
    if (auto_remove && given(policy->name) && strcmp(policy->name, "no") != 0)
        return hull_fail(call, HULL_INVALID,
                         "can't create 'AutoRemove' container with restart policy");
    return 0;
}

/* --- namespaces, capabilities, security ------------------------------------------------------- */

static int check_modes(struct hull_call *call, const struct host_config *host)
{
    static const char *const pid[] = {"", "host", NULL};
    static const char *const ipc[] = {"", "none", "private", "shareable", "host", NULL};
    static const char *const cgroupns[] = {"", "private", "host", NULL};
    const struct {
        const char *what, *mode;
        const char *const *allowed;
        bool shared;
    } modes[] = {
        {"PID mode", host->pid_mode, pid, true},
        {"IPC mode", host->ipc_mode, ipc, true},
        {"UTS mode", host->uts_mode, pid, false},
        {"cgroup namespace mode", host->cgroupns_mode, cgroupns, false},
    };

    for (size_t i = 0; i < HULL_COUNT(modes); i++)
        if (!one_of(modes[i].mode, modes[i].allowed) &&
            !(modes[i].shared && of_container(modes[i].mode)))
            return hull_fail(call, HULL_INVALID, "invalid %s: %s", modes[i].what, modes[i].mode);
    if (hull_streq(host->network_mode, "container") || hull_streq(host->network_mode, "container:"))
        return hull_fail(call, HULL_INVALID,
                         "invalid network mode: invalid container format container:<name|id>");
    return 0;
}

static int check_caps(struct hull_call *call, const struct hull_strv *caps, const char *field)
{
    for (size_t i = 0; i < caps->n; i++)
        if (!caps_name(caps->v[i]) && !caps_is_all(caps->v[i]))
            return hull_fail(call, HULL_INVALID, "invalid %s: unknown capability: \"CAP_%s\"",
                             field,
                             strncasecmp(caps->v[i], "CAP_", 4) == 0 ? caps->v[i] + 4 : caps->v[i]);
    return 0;
}

/* --- names and addresses that get into files and kernel parameters ---------------------------- */

static int check_network(struct hull_call *call, const struct host_config *host)
{
    for (size_t i = 0; i < host->dns.n; i++)
        if (!token_ip(host->dns.v[i]))
            return hull_fail(call, HULL_INVALID, "invalid IP address: %s", host->dns.v[i]);
    for (size_t i = 0; i < host->dns_search.n; i++)
        if (!token_domain(host->dns_search.v[i]))
            return hull_fail(call, HULL_INVALID, "%s is not a valid domain", host->dns_search.v[i]);
    for (size_t i = 0; i < host->dns_options.n; i++)
        if (!token_word(host->dns_options.v[i]))
            return hull_fail(call, HULL_INVALID, "invalid DNS option: \"%s\"",
                             host->dns_options.v[i]);
    for (size_t i = 0; i < host->extra_hosts.n; i++) {
        const char *entry = host->extra_hosts.v[i], *colon = strpbrk(entry, ":=");
        char *name = colon
                         ? hull_arena_strndup(hull_call_arena(call), entry, (size_t)(colon - entry))
                         : NULL;

        if (!name || !token_domain(name))
            return hull_fail(call, HULL_INVALID, "bad format for add-host: \"%s\"", entry);
        if (strcmp(colon + 1, "host-gateway") != 0 && !token_ip(colon + 1))
            return hull_fail(call, HULL_INVALID, "invalid IP address in add-host: \"%s\"",
                             colon + 1);
    }
    return 0;
}

static int check_ports(struct hull_call *call, const struct host_config *host)
{
    for (size_t i = 0; i < host->port_bindings.n; i++) {
        if (!token_port(host->port_bindings.keys[i]))
            return hull_fail(call, HULL_INVALID, "invalid port specification: \"%s\"",
                             host->port_bindings.keys[i]);
        for (size_t j = 0; j < host->port_bindings.v[i].n; j++) {
            const struct port_binding *binding = &host->port_bindings.v[i].v[j];

            if (given(binding->host_port) && !token_port_range(binding->host_port))
                return hull_fail(call, HULL_INVALID, "invalid port specification: \"%s\"",
                                 binding->host_port);
            if (given(binding->host_ip) && !token_ip(binding->host_ip))
                return hull_fail(call, HULL_INVALID, "invalid IP address: %s", binding->host_ip);
        }
    }
    return 0;
}

static int check_sysctls(struct hull_call *call, const struct host_config *host)
{
    for (size_t i = 0; i < host->sysctls.n; i++) {
        const char *key = host->sysctls.v[i].key;

        if (!token_sysctl(key))
            return hull_fail(call, HULL_INVALID,
                             "sysctl \"%s\" is not in a separate kernel namespace", key);
        if (strncmp(key, "net.", 4) == 0 && hull_streq(host->network_mode, "host"))
            return hull_fail(call, HULL_INVALID,
                             "sysctl \"%s\" not allowed in host network namespace", key);
    }
    return 0;
}

static int check_health_test(struct hull_call *call, const struct hull_strv *test)
{
    static const char *const kinds[] = {"NONE", "CMD", "CMD-SHELL", "TCP", "HTTP", NULL};
    struct health_target target;

    if (test->n == 0)
        return 0;
    if (!one_of(test->v[0], kinds))
        return hull_fail(call, HULL_INVALID,
                         "Unknown healthcheck type '%s': expected NONE, CMD, CMD-SHELL, TCP or "
                         "HTTP",
                         test->v[0]);
    if ((strcmp(test->v[0], "TCP") == 0 || strcmp(test->v[0], "HTTP") == 0) &&
        (test->n != 2 ||
         !health_target_parse(hull_call_arena(call), test->v[0], test->v[1], &target)))
        return hull_fail(call, HULL_INVALID,
                         "Healthcheck.Test: expected TCP and a port or address:port, or HTTP and "
                         "http://address[:port]/path, with a numeric address or localhost");
    return 0;
}

static int check_health(struct hull_call *call, const struct health_config *health)
{
    static const char *const actions[] = {"", "none", "kill", "restart", "stop", NULL};
    const struct {
        const char *name;
        int64_t value;
    } times[] = {{"Interval", health->interval},
                 {"Timeout", health->timeout},
                 {"StartPeriod", health->start_period},
                 {"StartInterval", health->start_interval}};

    for (size_t i = 0; i < HULL_COUNT(times); i++)
        if (times[i].value != 0 && times[i].value < 1000000)
            return hull_fail(call, HULL_INVALID, "%s in Healthcheck cannot be less than 1ms",
                             times[i].name);
    if (health->retries < 0)
        return hull_fail(call, HULL_INVALID, "Retries in Healthcheck cannot be negative");
    if (health->on_failure && !one_of(health->on_failure, actions))
        return hull_fail(call, HULL_INVALID,
                         "Healthcheck.OnFailure: \"%s\": expected none, kill, restart or stop",
                         health->on_failure);
    return check_health_test(call, &health->test);
}

static int check_config(struct hull_call *call, const struct container_config *config)
{
    int rc = config->healthcheck ? check_health(call, config->healthcheck) : 0;

    if (rc < 0)
        return rc;
    if (given(config->hostname) && !token_domain(config->hostname))
        return hull_fail(call, HULL_INVALID, "invalid hostname format: %s", config->hostname);
    if (given(config->domainname) && !token_domain(config->domainname))
        return hull_fail(call, HULL_INVALID, "invalid domainname format: %s", config->domainname);
    if (given(config->stop_signal) && signal_parse(config->stop_signal) < 0)
        return hull_fail(call, HULL_INVALID, "invalid signal: %s", config->stop_signal);
    if (given(config->working_dir) && config->working_dir[0] != '/')
        return hull_fail(call, HULL_INVALID,
                         "the working directory '%s' is invalid, it needs to be an absolute path",
                         config->working_dir);
    if (config->network_disabled.set && config->network_disabled.value)
        return not_done(call, "NetworkDisabled", "true");
    for (size_t i = 0; i < config->env.n; i++)
        if (config->env.v[i][0] == '\0' || config->env.v[i][0] == '=')
            return hull_fail(call, HULL_INVALID, "invalid environment variable: %s",
                             config->env.v[i]);
    for (size_t i = 0; i < config->exposed_ports.n; i++)
        if (!token_port(config->exposed_ports.v[i]))
            return hull_fail(call, HULL_INVALID, "invalid port specification: \"%s\"",
                             config->exposed_ports.v[i]);
    return 0;
}

/* What the container whose network is shared decides, and what the host does. */
static int check_shared(struct hull_call *call, const struct container_config *config,
                        const struct host_config *host)
{
    bool shared = of_container(host->network_mode);
    const struct {
        bool conflict;
        const char *text;
    } rows[] = {
        {shared && given(config->hostname), "hostname and the network mode"},
        {shared && host->links.n > 0,
         "container type network can't be used with links. This would result in undefined "
         "behavior"},
        {shared && host->dns.n > 0, "dns and the network mode"},
        {shared && host->extra_hosts.n > 0, "custom host-to-IP mapping and the network mode"},
        {shared && (host->port_bindings.n > 0 || host->publish_all_ports),
         "port publishing and the container type network mode"},
        {shared && config->exposed_ports.n > 0,
         "port exposing and the container type network mode"},
        {hull_streq(host->uts_mode, "host") && given(config->hostname),
         "hostname and the UTS mode"},
    };

    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        if (rows[i].conflict)
            return hull_fail(call, HULL_INVALID, "conflicting options: %s", rows[i].text);
    return 0;
}

typedef int host_check(struct hull_call *call, const struct host_config *host);

int ct_validate(struct hull_call *call, const struct container_config *config,
                const struct host_config *host, struct hull_strv *warnings)
{
    static host_check *const checks[] = {check_modes,       ct_check_security, check_network,
                                         check_ports,       check_sysctls,     ct_check_log,
                                         check_storage_opt, check_unsupported, userns_check};
    int rc = check_config(call, config);

    if (rc == 0)
        rc = check_shared(call, config, host);
    for (size_t i = 0; rc == 0 && i < HULL_COUNT(checks); i++)
        rc = checks[i](call, host);
    if (rc == 0)
        rc = check_caps(call, &host->cap_add, "CapAdd");
    if (rc == 0)
        rc = check_caps(call, &host->cap_drop, "CapDrop");
    if (rc == 0)
        rc = ct_validate_restart(call, &host->restart_policy, host->auto_remove);
    if (rc == 0)
        rc = ct_validate_resources(call, &host->resources);
    if (rc < 0)
        return rc;
    if (host->shm_size < 0)
        return hull_fail(call, HULL_INVALID, "SHM size can not be less than 0");
    if (host->oom_score_adj < -1000 || host->oom_score_adj > 1000)
        return hull_fail(call, HULL_INVALID,
                         "Invalid value %lld, range for oom score adj is [-1000, 1000]",
                         (long long)host->oom_score_adj);
    if (hull_streq(host->network_mode, "host") && host->port_bindings.n > 0)
        hull_strv_add(hull_call_arena(call), warnings,
                      "Published ports are discarded when using host network mode");
    return 0;
}
