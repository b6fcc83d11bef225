/*
 * runtime/native: containers by the kernel's own interfaces.
 *
 * Each container has one hull-shim, which makes it, stays with it and outlives the daemon; an exec
 * has one of its own. The daemon's part is here: it turns a request into one plan, compiles the
 * system call policy (and keeps the result), makes the cgroup while the shim starts, and from
 * then on only talks over the shim's socket DIR/NAME.sock. What a shim has to say for ever, the
 * exit status, is in DIR/NAME.exit. Where the daemon and a shim disagree, the shim is right; when
 * the shim has died, its container is killed and counts as lost.
 */
#include "create.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int native_update(struct hull_call *call, const struct runtime_update_request *request,
                         struct hull_empty *reply)
{
    struct ctr *ctr;
    (void)reply;
    int rc = ctr_get(call, request->id, &ctr);
    if (rc == 0)
        rc = cg_limit(call, &ctr->cgroup, &request->resources, NULL);
    if (rc == 0)
        rc = cg_limit_devices(call, &ctr->cgroup, &request->resources);
    return hull_wrap(call, rc, "Cannot update container %s", request->id);
}

static int native_pids(struct hull_call *call, const struct runtime_process_ref *request,
                       struct runtime_pids_reply *reply)
{
    struct ctr *ctr;
    int rc = ctr_get(call, request->id, &ctr);
    if (rc == 0)
        cg_pids(hull_call_arena(call), &ctr->cgroup, &reply->pids);
    return rc;
}

static int native_stats(struct hull_call *call, const struct runtime_process_ref *request,
                        struct container_stats_reply *reply)
{
    struct ctr *ctr;
    int rc = ctr_get(call, request->id, &ctr);
    if (rc == 0)
        cg_stats(hull_call_arena(call), &ctr->cgroup, reply);
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

static int native_features(struct hull_call *call, const struct hull_empty *request,
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

static int init(struct hull_call *call)
{
    int rc = cg_init(call);
    return rc < 0 ? rc : launch_init(call);
}

static void fini(void)
{
    ctr_free_all();
    seccomp_fini();
    launch_fini();
    cg_fini();
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(runtime, create, native_create),     HULL_HANDLE(runtime, start, native_start),
    HULL_HANDLE(runtime, attach, native_attach),     HULL_HANDLE(runtime, kill, native_kill),
    HULL_HANDLE(runtime, wait, native_wait),         HULL_HANDLE(runtime, resize, native_resize),
    HULL_HANDLE(runtime, exec, native_exec),         HULL_HANDLE(runtime, pause, native_pause),
    HULL_HANDLE(runtime, resume, native_resume),     HULL_HANDLE(runtime, delete, native_delete),
    HULL_HANDLE(runtime, adopt, native_adopt),       HULL_HANDLE(runtime, update, native_update),
    HULL_HANDLE(runtime, pids, native_pids),         HULL_HANDLE(runtime, stats, native_stats),
    HULL_HANDLE(runtime, features, native_features), HULL_HANDLE(runtime, keep, native_keep),
    HULL_HANDLE(runtime, kept, native_kept),         {},
};

HULL_PLUGIN(runtime_native, .port = "runtime/native", .version = "1", .handlers = handlers,
            .init = init, .fini = fini);
