/*
 * features.c: what is read from cgroups and changes nothing: the figures of a container, and what
 * the host can do.
 */
#include "shimmed.h"

#include <string.h>
#include <unistd.h>

struct reading {
    struct hull_arena *arena;
    struct cgroup cgroup;
    struct container_stats_reply *ret;
};

static int read_work(struct hull_work *work, void *arg)
{
    const struct reading *reading = arg;
    (void)work;
    cg_stats(reading->arena, &reading->cgroup, reading->ret);
    return 0;
}

int shimmed_stats(struct hull_call *call, const struct runtime_process_ref *request,
                  struct container_stats_reply *reply)
{
    struct ctr *ctr;
    int rc = ctr_get(call, request->id, &ctr);
    if (rc == 0) {
        struct reading reading = {.arena = hull_call_arena(call), .ret = reply};
        cg_copy(reading.arena, &ctr->cgroup, &reading.cgroup);
        rc = hull_work_brief(call, read_work, &reading);
    }
    return rc;
}

static bool root_has(struct hull_call *call, enum cg_controller controller, const char *file)
{
    struct cgroup root;
    int rc = cg_open(call, hull_call_arena(call), "/hull", &root);
    const char *dir = rc < 0 ? NULL : cg_dir(&root, controller);
    /* The file of the hierarchy's root, which has it when the kernel can do it; the folder itself
     * may not be there. */
    const char *slash = dir == NULL ? NULL : strrchr(dir, '/');
    return slash != NULL &&
           access(hull_printf(call, "%.*s/%s", (int)(slash - dir), dir, file), F_OK) == 0;
}

int shimmed_features(struct hull_call *call, const struct hull_empty *request,
                     struct runtime_features_reply *reply)
{
    bool v2 = cg_version() == 2;
    (void)request;
    *reply = (struct runtime_features_reply){
        .cgroup_version = v2 ? "2" : "1",
        .memory_limit = cg_has(CG_MEMORY),
        .swap_limit =
            v2 ? cg_has(CG_MEMORY) : root_has(call, CG_MEMORY, "memory.memsw.limit_in_bytes"),
        .oom_kill_disable = !v2 && cg_has(CG_MEMORY),
        .swappiness = !v2 && root_has(call, CG_MEMORY, "memory.swappiness"),
        .cpu_shares = cg_has(CG_CPU),
        .cpu_cfs_period = v2 ? cg_has(CG_CPU) : root_has(call, CG_CPU, "cpu.cfs_period_us"),
        .cpu_cfs_quota = v2 ? cg_has(CG_CPU) : root_has(call, CG_CPU, "cpu.cfs_quota_us"),
        .cpu_realtime = !v2 && root_has(call, CG_CPU, "cpu.rt_runtime_us"),
        .cpuset = cg_has(CG_CPUSET),
        .pids_limit = cg_has(CG_PIDS),
        .blkio_weight = v2 ? cg_has(CG_BLKIO)
                           : root_has(call, CG_BLKIO, "blkio.weight") ||
                                 root_has(call, CG_BLKIO, "blkio.bfq.weight"),
        .blkio_weight_device = v2 ? cg_has(CG_BLKIO)
                                  : root_has(call, CG_BLKIO, "blkio.weight_device") ||
                                        root_has(call, CG_BLKIO, "blkio.bfq.weight_device"),
#ifdef HAVE_SECCOMP
        .seccomp = "builtin",
#endif
    };
    return 0;
}
