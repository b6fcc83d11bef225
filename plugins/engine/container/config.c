/*
 * config.c: what the image says where the client said nothing, and docker's defaults: what
 * inspect shows after create.
 */
#include "ct.h"

#include "api/config.h"
#include "image.h"
#include "spec.h"

#include <stdlib.h>
#include <string.h>

#define SHM_SIZE (64 * 1024 * 1024)

static const char *default_masked[] = {
    "/proc/asound",      "/proc/acpi",          "/proc/interrupts", "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap",
};
static const char *default_readonly[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");

    return strncmp(a, b, length) == 0 && (b[length] == '=' || b[length] == '\0');
}

static void merge_env(struct hull_arena *arena, struct hull_strv *env,
                      const struct hull_strv *image)
{
    size_t own = env->n;

    for (size_t i = 0; i < image->n; i++) {
        size_t at = 0;

        while (at < own && !same_name(image->v[i], env->v[at]))
            at++;
        if (at == own)
            hull_strv_add(arena, env, image->v[i]);
    }
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct hull_pair *)a)->key, ((const struct hull_pair *)b)->key);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void merge_labels(struct hull_arena *arena, struct hull_map *labels,
                         const struct hull_map *image)
{
    for (size_t i = 0; i < image->n; i++)
        if (!hull_map_find(labels, image->v[i].key))
            hull_map_set(arena, labels, image->v[i].key, image->v[i].value);
    if (!labels->v)
        labels->v = HULL_NEW_ARRAY(arena, struct hull_pair, 1);
    qsort(labels->v, labels->n, sizeof(*labels->v), compare_pairs);
}

static void merge_set(struct hull_arena *arena, struct hull_strv *set,
                      const struct hull_strv *image)
{
    for (size_t i = 0; i < image->n; i++)
        if (!hull_strv_contains(set, image->v[i]))
            hull_strv_add(arena, set, image->v[i]);
    if (set->n > 1)
        qsort(set->v, set->n, sizeof(*set->v), compare_strings);
}

static void merge_health(struct hull_arena *arena, struct container_config *config,
                         const struct image_config *image)
{
    struct health_config *health = config->healthcheck;

    if (!image->healthcheck)
        return;
    if (!health)
        health = config->healthcheck = HULL_NEW(arena, struct health_config);
    if (health->test.n == 0)
        health->test = image->healthcheck->test;
    if (health->interval == 0)
        health->interval = image->healthcheck->interval;
    if (health->timeout == 0)
        health->timeout = image->healthcheck->timeout;
    if (health->start_period == 0)
        health->start_period = image->healthcheck->start_period;
    if (health->start_interval == 0)
        health->start_interval = image->healthcheck->start_interval;
    if (health->retries == 0)
        health->retries = image->healthcheck->retries;
    if (!health->on_failure || !*health->on_failure)
        health->on_failure = image->healthcheck->on_failure;
}

/* An entrypoint of the client's makes the image's command void; [""] says "none". */
static void merge_command(struct container_config *config, const struct image_config *image)
{
    bool none = config->entrypoint.n == 1 && config->entrypoint.v[0][0] == '\0';

    if (config->entrypoint.n == 0) {
        if (config->cmd.n == 0)
            config->cmd = image->cmd;
        if (!config->entrypoint.v)
            config->entrypoint = image->entrypoint;
    }
    if (none)
        config->entrypoint = (struct hull_strv){0};
}

int ct_merge_image(struct hull_call *call, struct container_config *config,
                   const struct image_config *image)
{
    struct hull_arena *arena = hull_call_arena(call);

    merge_command(config, image);
    merge_env(arena, &config->env, &image->env);
    merge_labels(arena, &config->labels, &image->labels);
    merge_set(arena, &config->exposed_ports, &image->exposed_ports);
    if (config->volumes.n == 0) /* then {} is as good as nothing */
        config->volumes = image->volumes;
    else
        merge_set(arena, &config->volumes, &image->volumes);
    merge_health(arena, config, image);
    if (!config->user || config->user[0] == '\0')
        config->user = image->user;
    if (!config->working_dir || config->working_dir[0] == '\0')
        config->working_dir = image->working_dir;
    if (!config->stop_signal || config->stop_signal[0] == '\0')
        config->stop_signal = image->stop_signal;
    if (config->shell.n == 0)
        config->shell = image->shell;
    if (config->on_build.n == 0)
        config->on_build = image->on_build;
    if (config->entrypoint.n == 0 && (config->cmd.n == 0 || config->cmd.v[0][0] == '\0'))
        return hull_fail(call, HULL_INVALID, "no command specified");
    return 0;
}

static void set_default(const char **field, const char *configured, const char *otherwise)
{
    if (!*field || **field == '\0')
        *field = configured && *configured ? configured : otherwise;
}

static void default_resources(struct resources *resources)
{
    if (resources->memory > 0 && resources->memory_swap == 0)
        resources->memory_swap =
            resources->memory > INT64_MAX / 2 ? INT64_MAX : 2 * resources->memory;
    if (resources->memory_swappiness.set && resources->memory_swappiness.value == -1)
        resources->memory_swappiness.set = false;
    if (resources->pids_limit.set && resources->pids_limit.value <= 0)
        resources->pids_limit.set = false;
}

static void default_paths(struct host_config *host)
{
    if (hull_streq(security_option(host, "systempaths"), "unconfined")) {
        static const char *none[1];

        host->masked_paths = host->readonly_paths = (struct hull_strv){0, none};
    }
    if (host->privileged)
        return;
    if (!host->masked_paths.v)
        host->masked_paths = (struct hull_strv){HULL_COUNT(default_masked), default_masked};
    if (!host->readonly_paths.v)
        host->readonly_paths = (struct hull_strv){HULL_COUNT(default_readonly), default_readonly};
}

/* Where JSON shows an empty list or map although the client sent null. */
static void default_empty(struct hull_arena *arena, struct host_config *host)
{
    if (host->console_size.n == 0) {
        host->console_size.v = HULL_NEW_ARRAY(arena, int64_t, 2);
        host->console_size.n = 2;
    }
    if (!host->log_config.config.v)
        host->log_config.config.v = HULL_NEW_ARRAY(arena, struct hull_pair, 1);
}

/* The daemon's options are its driver's; only those of the buffer are every driver's. */
void ct_default_log(struct hull_call *call, struct log_config *log)
{
    const struct daemon_config *daemon = daemon_config();
    const char *driver = daemon->log_driver ? daemon->log_driver : "json-file";

    if (!log->type || !*log->type)
        log->type = driver;
    if (strcmp(log->type, "none") == 0)
        return;
    for (size_t i = 0; i < daemon->log_opts.n; i++) {
        const struct hull_pair *option = &daemon->log_opts.v[i];
        bool shared = strncmp(option->key, "cache-", 6) == 0 && strcmp(log->type, "local") != 0 &&
                      strcmp(log->type, "json-file") != 0;

        if ((shared || strcmp(log->type, driver) == 0) && !hull_map_find(&log->config, option->key))
            hull_map_set(hull_call_arena(call), &log->config, option->key, option->value);
    }
}

void ct_default_host(struct hull_call *call, struct host_config *host)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct daemon_config *daemon = daemon_config();

    default_resources(&host->resources);
    default_paths(host);
    ct_default_log(call, &host->log_config);
    if (hull_streq(host->network_mode, "default"))
        host->network_mode = NULL;
    set_default(&host->network_mode, NULL, "bridge");
    set_default(&host->restart_policy.name, NULL, "no");
    set_default(&host->ipc_mode, daemon->default_ipc_mode, "private");
    set_default(&host->runtime, daemon->default_runtime, "runc");
    if (host->shm_size == 0)
        host->shm_size = daemon->default_shm_size > 0 ? daemon->default_shm_size : SHM_SIZE;
    if (!host->resources.init.set && daemon->init)
        host->resources.init = (struct hull_opt_bool){true, true};
    default_empty(arena, host);
}
