/*
 * info.c: system.info: the host, the engine's settings, and what it cannot do here.
 */
#include "system_plugin.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "json.h"
#include "state.h"
#include "timefmt.h"

#define DEFAULT_RUNTIME "runtime/native"

/* --- the host -------------------------------------------------------------------------------- */

/* The value of KEY in /etc/os-release, without quotes; NULL when there is none. */
static const char *os_release(struct hull_call *call, const char *key)
{
    char text[8192];
    HULL_AUTO_FD fd = open("/etc/os-release", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    char *rest = text, *line;
    size_t length = strlen(key);

    text[got < 0 ? 0 : got] = '\0';
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (strncmp(line, key, length) != 0 || line[length] != '=')
            continue;
        char *value = line + length + 1;
        size_t size = strlen(value);
        if (size >= 2 && value[0] == '"' && value[size - 1] == '"')
            return hull_arena_strndup(hull_call_arena(call), value + 1, size - 2);
        return hull_strdup(call, value);
    }
    return NULL;
}

static bool kernel_flag(const char *path)
{
    char digit = '0';
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, &digit, 1) == 1 && digit != '0';
}

static int64_t count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = 0;

    if (dir == NULL)
        return 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 3; /* ".", ".." and the folder itself */
}

static void fill_host(struct hull_call *call, struct system_info *info)
{
    struct sysinfo memory;
    struct utsname host;

    if (uname(&host) == 0) {
        info->kernel_version = hull_strdup(call, host.release);
        info->architecture = hull_strdup(call, host.machine);
        info->name = hull_strdup(call, host.nodename);
    }
    if (sysinfo(&memory) == 0)
        info->mem_total = (int64_t)memory.totalram * memory.mem_unit;
    info->n_cpu = sysconf(_SC_NPROCESSORS_ONLN);
    info->operating_system = os_release(call, "PRETTY_NAME");
    if (info->operating_system == NULL)
        info->operating_system = "Linux";
    info->os_version = os_release(call, "VERSION_ID");
    info->os_type = "linux";
    /* What is off is turned on by the first network that needs it. */
    const struct hull_opt_bool *forward = &daemon_config()->ip_forward;
    info->ipv4_forwarding =
        !forward->set || forward->value || kernel_flag("/proc/sys/net/ipv4/ip_forward");
    info->n_fd = count_descriptors();
    info->n_goroutines = (int64_t)hull_debug_fiber_count();
    info->system_time = time_format_fixed(hull_call_arena(call), hull_time_ns());
}

/* --- the engine ------------------------------------------------------------------------------ */

static void fill_config(struct hull_call *call, struct system_info *info)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct daemon_config *config = daemon_config();
    static const char *const logs[] = {"fluentd",   "gelf",  "journald",
                                       "json-file", "local", "syslog"};
    static const struct {
        const char *port, *name;
    } networks[] = {{"network/bridge", "bridge"},
                    {"network/cni", "cni"},
                    {"network/host", "host"},
                    {"network/macvlan", "macvlan"},
                    {"network/none", "null"}};

    for (size_t i = 0; i < HULL_COUNT(networks); i++)
        if (hull_plugin_exists(networks[i].port))
            hull_strv_add(arena, &info->plugins.network, networks[i].name);
    for (size_t i = 0; i < HULL_COUNT(logs); i++)
        if (hull_plugin_exists(hull_printf(call, "log/%s", logs[i])))
            hull_strv_add(arena, &info->plugins.log, logs[i]);
    hull_strv_add(arena, &info->plugins.volume, "local");
    info->plugins.authorization = config->authorization_plugins;
    info->docker_root_dir = config->data_root;
    info->debug = hull_log_level() == HULL_LOG_DEBUG;
    info->logging_driver = config->log_driver != NULL ? config->log_driver : "json-file";
    info->labels = config->labels;
    info->live_restore_enabled = true;
    info->cgroup_driver = "cgroupfs";
    info->server_version = PACKAGE_VERSION;
    info->index_server_address = "https://index.docker.io/v1/";
    info->init_binary = "hull-init";
    info->swarm = "{\"NodeID\":\"\",\"NodeAddr\":\"\",\"LocalNodeState\":\"inactive\","
                  "\"ControlAvailable\":false,\"Error\":\"\",\"RemoteManagers\":null}";
    info->default_runtime = config->default_runtime != NULL ? config->default_runtime : "native";
    HULL_MSGMAP_ADD(arena, &info->runtimes, "native")->path = "hull-shim";
    for (size_t i = 0; i < config->runtimes.n; i++) {
        struct runtime_info *runtime =
            HULL_MSGMAP_ADD(arena, &info->runtimes, config->runtimes.keys[i]);
        runtime->path = config->runtimes.v[i].path;
        runtime->runtime_args = config->runtimes.v[i].args;
    }
    info->firewall_backend = HULL_NEW(arena, struct firewall_info);
    info->firewall_backend->driver = "nftables";
}

int system_id(struct hull_call *call, const char **ret)
{
    const struct state_key key = {.bucket = "system", .key = "id"};
    struct state_document document = {0};
    char text[40] = "";

    int rc = state_get(call, NULL, &key, &document);
    if (rc == 0 && document.value != NULL && strlen(document.value) == 38) {
        *ret = hull_arena_strndup(hull_call_arena(call), document.value + 1, 36);
        return 0;
    }
    if (rc < 0 && rc != -HULL_NOT_FOUND)
        return rc;
    hull_error_clear(call);
    HULL_AUTO_FD fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, 36) != 36)
        return hull_fail(call, HULL_IO, "the kernel gives no random id");
    *ret = hull_strdup(call, text);
    return state_put(call, NULL, "system", "id", hull_printf(call, "\"%s\"", text), false);
}

static int fill_id(struct hull_call *call, struct system_info *info)
{
    return system_id(call, &info->id);
}

static int fill_containers(struct hull_call *call, struct system_info *info)
{
    const struct container_list_request request = {.all = true};
    struct container_list_reply list;

    int rc = container_list(call, NULL, &request, &list);
    if (rc < 0)
        return rc;
    info->containers = (int64_t)list.containers.n;
    for (size_t i = 0; i < list.containers.n; i++) {
        const char *state = list.containers.v[i].state;
        bool running = hull_streq(state, "running") || hull_streq(state, "restarting");
        info->containers_running += running;
        info->containers_paused += hull_streq(state, "paused");
    }
    info->containers_stopped =
        info->containers - info->containers_running - info->containers_paused;
    return 0;
}

/* [["Backing Filesystem", "extfs"], …] */
static const char *driver_status(struct hull_call *call, const struct hull_map *status)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    hull_text_puts(&text, "[");
    for (size_t i = 0; i < status->n; i++) {
        hull_text_puts(&text, i > 0 ? ",[" : "[");
        json_quote(&text, status->v[i].key, strlen(status->v[i].key));
        hull_text_puts(&text, ",");
        json_quote(&text, status->v[i].value, strlen(status->v[i].value));
        hull_text_puts(&text, "]");
    }
    hull_text_puts(&text, "]");
    return text.data;
}

/* The limits of layers: they hold for every driver. */
static void add_limits(struct hull_call *call, const struct image_storage_reply *storage,
                       struct hull_map *status)
{
    const struct {
        const char *name;
        int64_t value;
    } limits[] = {{"Max Layer Bytes", storage->max_bytes},
                  {"Max Layer Entries", storage->max_entries},
                  {"Max Layer Ratio", storage->max_ratio}};

    for (size_t i = 0; i < HULL_COUNT(limits); i++)
        hull_map_set(hull_call_arena(call), status, limits[i].name,
                     hull_printf(call, "%lld", (long long)limits[i].value));
}

/* What the driver says of its place: to find out takes it a mount, and it stays as it is. */
static char *storage_text;

static int fill_storage(struct hull_call *call, struct system_info *info)
{
    const struct hull_empty empty = {0};
    struct image_storage_reply storage;
    struct storage_probe_reply probe;

    int rc = image_storage(call, NULL, &empty, &storage);
    if (rc == 0 && storage_text == NULL) {
        rc = storage_probe(call, storage.port, &empty, &probe);
        if (rc == 0)
            add_limits(call, &storage, &probe.status);
        if (rc == 0 && storage_text == NULL)
            HULL_ASSERT((storage_text = strdup(driver_status(call, &probe.status))) != NULL);
    }
    if (rc < 0)
        return rc;
    info->driver = storage.name;
    info->images = storage.images;
    info->driver_status = hull_strdup(call, storage_text);
    return 0;
}

void system_info_done(void)
{
    free(storage_text);
    storage_text = NULL;
}

static int fill_limits(struct hull_call *call, struct system_info *info)
{
    const struct hull_empty empty = {0};
    struct runtime_features_reply features;

    int rc = runtime_features(call, DEFAULT_RUNTIME, &empty, &features);
    if (rc < 0)
        return rc;
    const struct {
        bool has;
        bool *member;
        const char *missing;
    } table[] = {
        {features.memory_limit, &info->memory_limit, "WARNING: No memory limit support"},
        {features.swap_limit, &info->swap_limit, "WARNING: No swap limit support"},
        {features.oom_kill_disable, &info->oom_kill_disable, NULL},
        {features.cpu_shares, &info->cpu_shares, "WARNING: No cpu shares support"},
        {features.cpu_cfs_period, &info->cpu_cfs_period, "WARNING: No cpu cfs period support"},
        {features.cpu_cfs_quota, &info->cpu_cfs_quota, "WARNING: No cpu cfs quota support"},
        {features.cpuset, &info->cpu_set, "WARNING: No cpuset support"},
        {features.pids_limit, &info->pids_limit, "WARNING: No pids limit support"},
        {info->ipv4_forwarding, &info->ipv4_forwarding, "WARNING: IPv4 forwarding is disabled"},
    };
    for (size_t i = 0; i < HULL_COUNT(table); i++) {
        *table[i].member = table[i].has;
        if (!table[i].has && table[i].missing != NULL)
            hull_strv_add(hull_call_arena(call), &info->warnings, table[i].missing);
    }
    info->cgroup_version = features.cgroup_version;
    if (features.seccomp != NULL)
        hull_strv_add(hull_call_arena(call), &info->security_options,
                      hull_printf(call, "name=seccomp,profile=%s", features.seccomp));
    if (daemon_config()->userns_remap && *daemon_config()->userns_remap)
        hull_strv_add(hull_call_arena(call), &info->security_options, "name=userns");
    return 0;
}

int system_info_get(struct hull_call *call, const struct hull_empty *request,
                    struct system_info *ret_reply)
{
    static int (*const parts[])(struct hull_call *, struct system_info *) = {
        fill_id, fill_containers, fill_storage, fill_limits};

    (void)request;
    fill_host(call, ret_reply);
    fill_config(call, ret_reply);
    for (size_t i = 0; i < HULL_COUNT(parts); i++) {
        int rc = parts[i](call, ret_reply);
        if (rc < 0)
            return rc;
    }
    return 0;
}
