/*
 * stats.c: one reading of a container's cgroup, in the shape of docker's statistics.
 */
#include "shimmed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_US 1000

static struct hull_opt_int opt(int64_t value)
{
    return (struct hull_opt_int){value >= 0, value >= 0 ? value : 0};
}

static int64_t at_least_0(int64_t value)
{
    return value < 0 ? 0 : value;
}

static int64_t ns_per_tick(void)
{
    return 1000000000 / sysconf(_SC_CLK_TCK);
}

/* All time of all processors: user to steal in the first line of /proc/stat. */
static int64_t system_cpu_ns(struct hull_arena *arena)
{
    char *text = cg_read(arena, "/proc", "stat");
    int64_t sum = 0;
    if (text == NULL || strncmp(text, "cpu ", 4) != 0)
        return 0;
    text += 4;
    for (int i = 0; i < 7; i++)
        sum += strtoll(text, &text, 10);
    return sum * ns_per_tick();
}

static void add_int(struct hull_arena *arena, struct hull_ints *list, int64_t value)
{
    *(int64_t *)hull_list_add(arena, (struct hull_list *)(void *)list, sizeof(value)) = value;
}

static void cpu_v1(struct hull_arena *arena, const struct cgroup *cgroup,
                   struct container_cpu_usage *usage, struct container_throttling_data *throttling)
{
    const char *acct = cg_dir(cgroup, CG_CPUACCT), *cpu = cg_dir(cgroup, CG_CPU);
    usage->total_usage = at_least_0(cg_read_int(arena, acct, "cpuacct.usage"));
    char *each = cg_read(arena, acct, "cpuacct.usage_percpu"), *end;
    for (; each != NULL; each = end) {
        int64_t value = strtoll(each, &end, 10);
        if (end == each)
            break;
        add_int(arena, &usage->percpu_usage, value);
    }
    usage->usage_in_usermode =
        at_least_0(cg_read_key(arena, acct, "cpuacct.stat", "user")) * ns_per_tick();
    usage->usage_in_kernelmode =
        at_least_0(cg_read_key(arena, acct, "cpuacct.stat", "system")) * ns_per_tick();
    throttling->periods = at_least_0(cg_read_key(arena, cpu, "cpu.stat", "nr_periods"));
    throttling->throttled_periods = at_least_0(cg_read_key(arena, cpu, "cpu.stat", "nr_throttled"));
    throttling->throttled_time = at_least_0(cg_read_key(arena, cpu, "cpu.stat", "throttled_time"));
}

static void cpu_v2(struct hull_arena *arena, const struct cgroup *cgroup,
                   struct container_cpu_usage *usage, struct container_throttling_data *throttling)
{
    const char *dir = cg_dir(cgroup, CG_CPUACCT);
    usage->total_usage = at_least_0(cg_read_key(arena, dir, "cpu.stat", "usage_usec")) * NS_PER_US;
    usage->usage_in_usermode =
        at_least_0(cg_read_key(arena, dir, "cpu.stat", "user_usec")) * NS_PER_US;
    usage->usage_in_kernelmode =
        at_least_0(cg_read_key(arena, dir, "cpu.stat", "system_usec")) * NS_PER_US;
    throttling->periods = at_least_0(cg_read_key(arena, dir, "cpu.stat", "nr_periods"));
    throttling->throttled_periods = at_least_0(cg_read_key(arena, dir, "cpu.stat", "nr_throttled"));
    throttling->throttled_time =
        at_least_0(cg_read_key(arena, dir, "cpu.stat", "throttled_usec")) * NS_PER_US;
}

/* Lines "key number" as a JSON object. */
static const char *to_object(struct hull_arena *arena, const char *lines)
{
    struct hull_text out = HULL_TEXT(arena);
    char key[64];
    unsigned long long value;
    hull_text_puts(&out, "{");
    for (const char *at = lines; at != NULL && *at != '\0';) {
        if (sscanf(at, "%63[a-z_0-9] %llu", key, &value) == 2)
            hull_text_printf(&out, "%s\"%s\":%llu", out.length > 1 ? "," : "", key, value);
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    hull_text_puts(&out, "}");
    return out.data;
}

static int64_t host_memory(void)
{
    struct sysinfo info;
    return sysinfo(&info) < 0 ? -1 : (int64_t)info.totalram * info.mem_unit;
}

static void memory(struct hull_arena *arena, const struct cgroup *cgroup,
                   struct container_memory_stats *ret)
{
    const char *dir = cg_dir(cgroup, CG_MEMORY);
    bool v2 = cg_version() == 2;
    if (dir == NULL)
        return;
    ret->usage = opt(cg_read_int(arena, dir, v2 ? "memory.current" : "memory.usage_in_bytes"));
    if (!v2) {
        ret->max_usage = opt(cg_read_int(arena, dir, "memory.max_usage_in_bytes"));
        ret->failcnt = opt(cg_read_int(arena, dir, "memory.failcnt"));
    }
    int64_t limit = cg_read_int(arena, dir, v2 ? "memory.max" : "memory.limit_in_bytes");
    int64_t host = host_memory();
    ret->limit = opt(limit < 0 || (host > 0 && limit > host) ? host : limit);
    char *stat = cg_read(arena, dir, "memory.stat");
    if (stat != NULL)
        ret->stats = to_object(arena, stat);
}

static void add_entry(struct hull_arena *arena, struct container_blkio_stat_entry_list *list,
                      long long major, long long minor, const char *op, int64_t value)
{
    struct container_blkio_stat_entry *entry = hull_list_add(
        arena, (struct hull_list *)(void *)list, sizeof(struct container_blkio_stat_entry));
    *entry = (struct container_blkio_stat_entry){major, minor, hull_arena_strdup(arena, op), value};
}

/* "8:0 Read 4096" */
static void blkio_v1(struct hull_arena *arena, const char *dir, const char *file,
                     struct container_blkio_stat_entry_list *list)
{
    char op[32];
    long long major, minor, value;
    for (char *at = cg_read(arena, dir, file); at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (sscanf(at, "%lld:%lld %31[A-Za-z] %lld", &major, &minor, op, &value) == 4) {
            for (char *c = op; *c != '\0'; c++)
                *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
            add_entry(arena, list, major, minor, op, value);
        }
    }
}

/* "8:0 rbytes=… wbytes=… rios=… wios=… …" */
static void blkio_v2(struct hull_arena *arena, const char *dir, struct container_blkio_stats *ret)
{
    long long major, minor, values[4];
    for (char *at = cg_read(arena, dir, "io.stat"); at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (sscanf(at, "%lld:%lld rbytes=%lld wbytes=%lld rios=%lld wios=%lld", &major, &minor,
                   &values[0], &values[1], &values[2], &values[3]) != 6)
            continue;
        struct container_blkio_stat_entry_list *bytes = (void *)&ret->io_service_bytes_recursive;
        struct container_blkio_stat_entry_list *ops = (void *)&ret->io_serviced_recursive;
        add_entry(arena, bytes, major, minor, "read", values[0]);
        add_entry(arena, bytes, major, minor, "write", values[1]);
        add_entry(arena, ops, major, minor, "read", values[2]);
        add_entry(arena, ops, major, minor, "write", values[3]);
    }
}

static void blkio(struct hull_arena *arena, const struct cgroup *cgroup,
                  struct container_blkio_stats *ret)
{
    const char *dir = cg_dir(cgroup, CG_BLKIO);
    if (cg_version() == 2) {
        blkio_v2(arena, dir, ret);
        return;
    }
    blkio_v1(arena, dir, "blkio.throttle.io_service_bytes_recursive",
             (void *)&ret->io_service_bytes_recursive);
    blkio_v1(arena, dir, "blkio.throttle.io_serviced_recursive",
             (void *)&ret->io_serviced_recursive);
}

static const char *time_text(struct hull_arena *arena)
{
    struct timespec now;
    struct tm tm;
    char text[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    return hull_arena_printf(arena, "%s.%09ldZ", text, now.tv_nsec);
}

void cg_stats(struct hull_arena *arena, const struct cgroup *cgroup,
              struct container_stats_reply *ret)
{
    struct container_cpu_stats *cpu = HULL_NEW(arena, struct container_cpu_stats);
    ret->read = time_text(arena);
    cpu->cpu_usage = HULL_NEW(arena, struct container_cpu_usage);
    cpu->throttling_data = HULL_NEW(arena, struct container_throttling_data);
    (cg_version() == 2 ? cpu_v2 : cpu_v1)(arena, cgroup, cpu->cpu_usage, cpu->throttling_data);
    cpu->system_cpu_usage = opt(system_cpu_ns(arena));
    cpu->online_cpus = opt(sysconf(_SC_NPROCESSORS_ONLN));
    ret->cpu_stats = cpu;
    memory(arena, cgroup, &ret->memory_stats);
    ret->pids_stats = HULL_NEW(arena, struct container_pids_stats);
    ret->pids_stats->current = opt(cg_read_int(arena, cg_dir(cgroup, CG_PIDS), "pids.current"));
    ret->pids_stats->limit = opt(cg_read_int(arena, cg_dir(cgroup, CG_PIDS), "pids.max"));
    ret->blkio_stats = HULL_NEW(arena, struct container_blkio_stats);
    blkio(arena, cgroup, ret->blkio_stats);
}
