/*
 * stats.c: resource use, once or each second.
 */
#include "ct.h"

#include "json.h"
#include "runtime.h"
#include "timefmt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NEVER "0001-01-01T00:00:00Z"

static void fill_name(struct hull_arena *arena, const struct ct *ct,
                      struct container_stats_reply *r)
{
    r->name = hull_arena_printf(arena, "/%s", ct->doc.name);
    r->id = hull_arena_strdup(arena, ct->doc.id);
}

static struct container_cpu_stats *no_cpu(struct hull_arena *arena)
{
    struct container_cpu_stats *cpu = HULL_NEW(arena, struct container_cpu_stats);

    cpu->cpu_usage = HULL_NEW(arena, struct container_cpu_usage);
    cpu->throttling_data = HULL_NEW(arena, struct container_throttling_data);
    return cpu;
}

/* What a container that does not run shows. */
static void no_stats(struct hull_arena *arena, const struct ct *ct,
                     struct container_stats_reply *ret)
{
    *ret = (struct container_stats_reply){0};
    fill_name(arena, ct, ret);
    ret->read = ret->preread = NEVER;
    ret->pids_stats = HULL_NEW(arena, struct container_pids_stats);
    ret->blkio_stats = HULL_NEW(arena, struct container_blkio_stats);
    ret->storage_stats = HULL_NEW(arena, struct container_storage_stats);
    ret->cpu_stats = no_cpu(arena);
    ret->precpu_stats = no_cpu(arena);
}

/* One row of /proc/PID/net/dev: "  eth0: 1 2 3 4 5 6 7 8 9 …". False for what is none. */
static bool parse_interface(char *line, char **ret_name, struct container_network_stats *ret)
{
    long long rx[4], tx[4];
    char *colon = strchr(line, ':');

    if (!colon || sscanf(colon + 1, "%lld %lld %lld %lld %*d %*d %*d %*d %lld %lld %lld %lld",
                         &rx[0], &rx[1], &rx[2], &rx[3], &tx[0], &tx[1], &tx[2], &tx[3]) != 8)
        return false;
    *colon = '\0';
    *ret_name = line + strspn(line, " ");
    *ret = (struct container_network_stats){
        .rx_bytes = rx[0],
        .rx_packets = rx[1],
        .rx_errors = rx[2],
        .rx_dropped = rx[3],
        .tx_bytes = tx[0],
        .tx_packets = tx[1],
        .tx_errors = tx[2],
        .tx_dropped = tx[3],
    };
    return true;
}

/* What its interfaces counted; nothing when it has the host's. */
static const char *network_stats(struct hull_arena *arena, const struct ct *ct)
{
    HULL_AUTO_FD fd = open(hull_arena_printf(arena, "/proc/%lld/net/dev", (long long)ct->doc.pid),
                           O_RDONLY | O_CLOEXEC);
    char *text = hull_arena_alloc(arena, 16384), *line, *name;
    struct hull_text out = HULL_TEXT(arena);
    struct container_network_stats stats;

    if (hull_streq(ct->doc.host_config.network_mode, "host") || fd < 0 ||
        read(fd, text, 16383) <= 0)
        return NULL;
    hull_text_puts(&out, "{");
    while ((line = strsep(&text, "\n"))) {
        if (!parse_interface(line, &name, &stats) || strcmp(name, "lo") == 0)
            continue;
        hull_text_puts(&out, out.length > 1 ? "," : "");
        json_quote(&out, name, strlen(name));
        hull_text_puts(&out, ":");
        json_encode(&out, &container_network_stats_message, &stats);
    }
    hull_text_puts(&out, "}");
    return out.length > 2 ? out.data : NULL;
}

static int take(struct hull_call *call, struct ct *ct, struct container_stats_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct runtime_process_ref request = {.id = ct->doc.id};
    int rc = 0;

    if (ct_is_running(ct))
        rc = runtime_stats(call, ct->doc.runtime, &request, ret);
    /* It may have ended meanwhile. */
    if (!ct_is_running(ct)) {
        hull_error_clear(call);
        no_stats(arena, ct, ret);
        return 0;
    }
    if (rc < 0)
        return rc;
    fill_name(arena, ct, ret);
    if (!ret->read || !*ret->read)
        ret->read = time_format(arena, hull_time_ns());
    if (!ret->storage_stats)
        ret->storage_stats = HULL_NEW(arena, struct container_storage_stats);
    if (!ret->cpu_stats)
        ret->cpu_stats = no_cpu(arena);
    ret->preread = NEVER;
    ret->precpu_stats = no_cpu(arena);
    if (!ret->networks)
        ret->networks = network_stats(arena, ct);
    return 0;
}

struct reading {
    struct ct *ct;
    bool have_before;
    const char *read_before;
    struct container_cpu_stats cpu_before;
    struct hull_arena *before; /* of read_before and cpu_before */
};

/* One answer, in a request of its own, so that an endless stream does not gather memory. */
static int answer(struct hull_call *call, void *arg)
{
    struct reading *reading = arg;
    struct container_stats_reply reply;
    struct hull_arena *next = hull_arena_new();
    int rc = take(call, reading->ct, &reply);

    if (rc < 0) {
        hull_arena_free(next);
        return rc;
    }
    if (reading->have_before) {
        reply.preread = reading->read_before;
        *reply.precpu_stats = reading->cpu_before;
    }
    rc = hull_emit(call, &reply);
    reading->have_before = true;
    reading->read_before = hull_arena_strdup(next, reply.read);
    hull_message_copy(next, &container_cpu_stats_message, reply.cpu_stats, &reading->cpu_before);
    hull_arena_free(reading->before);
    reading->before = next;
    return rc;
}

static int stream(struct hull_call *call, struct ct *ct)
{
    struct reading reading = {.ct = ct};
    int rc = 0;

    while (rc == 0 && ct->state != CT_GONE) {
        struct hull_task *task = hull_task_start(call, "stats", answer, &reading);

        rc = hull_task_join(call, task);
        if (rc == 0)
            rc = hull_sleep(call, 1000);
    }
    hull_arena_free(reading.before);
    return rc;
}

int ct_handle_stats(struct hull_call *call, const struct container_stats_request *request,
                    struct container_stats_reply *ret)
{
    struct container_stats_reply first;
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (!request->stream.set || request->stream.value)
        return stream(call, ct);
    rc = take(call, ct, ret);
    if (rc == 0 && !request->one_shot && ct_is_running(ct)) {
        first = *ret;
        rc = hull_sleep(call, 1000);
        if (rc == 0)
            rc = take(call, ct, ret);
        ret->preread = first.read;
        ret->precpu_stats = first.cpu_stats;
    }
    return rc < 0 ? rc : hull_emit(call, ret);
}
