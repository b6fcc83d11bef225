/*
 * runtime/native: containers by the kernel's own interfaces.
 *
 * Each container has one hull-shim, which makes it, stays with it and outlives the daemon; an exec
 * has one of its own. The daemon's part is here: it turns a request into one plan, compiles the
 * system call policy (and keeps the result), makes the cgroup while the shim starts, and from
 * then on only talks over the shim's socket DIR/NAME.sock. What a shim has to say for ever, the
 * exit status, is in DIR/NAME.exit. Where the daemon and a shim disagree, the shim is right; when
 * the shim has died, its container is killed and counts as lost. One that neither makes nor starts
 * its process within `shim-timeout` seconds (plugin-opts; 120) is killed.
 */
#include "native.h"

/* --- limits --------------------------------------------------------------------------------- */

/* Lives until the worker is done, with an arena that nobody else uses meanwhile. */
struct limiting {
    struct hull_arena *arena;
    struct cgroup cgroup;
    const struct oci_resources *resources;
    struct hull_strv *warnings;
};

static int write_limits(struct hull_work *work, const struct limiting *l)
{
    int rc = cg_limit(l->arena, &l->cgroup, l->resources, l->warnings, &work->problem);
    return rc < 0 ? rc : cg_limit_devices(l->arena, &l->cgroup, l->resources, &work->problem);
}

static int create_work(struct hull_work *work, void *arg)
{
    const struct limiting *l = arg;
    int rc = cg_make(l->arena, &l->cgroup, &work->problem);
    return rc < 0 ? rc : write_limits(work, l);
}

static int update_work(struct hull_work *work, void *arg)
{
    const struct limiting *l = arg;
    int rc = cg_check(&l->cgroup, &work->problem);
    return rc < 0 ? rc : write_limits(work, l);
}

static int native_update(struct hull_call *call, const struct runtime_update_request *request,
                         struct hull_empty *reply)
{
    struct ctr *ctr;
    (void)reply;
    int rc = ctr_get(call, request->id, &ctr);
    if (rc == 0) {
        struct limiting l = {.arena = hull_call_arena(call), .resources = &request->resources};
        cg_copy(l.arena, &ctr->cgroup, &l.cgroup);
        /* A limit below what is used takes memory back first, which may be long. */
        rc = hull_work(call, update_work, &l);
    }
    return hull_wrap(call, rc, "Cannot update container %s", request->id);
}

struct listing {
    struct hull_arena *arena;
    struct cgroup cgroup;
    struct hull_ints *ret;
};

static int pids_work(struct hull_work *work, void *arg)
{
    const struct listing *l = arg;
    (void)work;
    cg_pids(l->arena, &l->cgroup, l->ret);
    return 0;
}

static int native_pids(struct hull_call *call, const struct runtime_process_ref *request,
                       struct runtime_pids_reply *reply)
{
    struct ctr *ctr;
    int rc = ctr_get(call, request->id, &ctr);
    if (rc == 0) {
        struct listing l = {.arena = hull_call_arena(call), .ret = &reply->pids};
        cg_copy(l.arena, &ctr->cgroup, &l.cgroup);
        rc = hull_work_brief(call, pids_work, &l);
    }
    return rc;
}

static int freeze(struct hull_call *call, const char *id, bool frozen)
{
    struct ctr *ctr;
    int rc = ctr_get(call, id, &ctr);
    return rc < 0 ? rc : cg_freeze(call, &ctr->cgroup, frozen);
}

static int native_pause(struct hull_call *call, const struct runtime_process_ref *request,
                        struct hull_empty *reply)
{
    (void)reply;
    return freeze(call, request->id, true);
}

static int native_resume(struct hull_call *call, const struct runtime_process_ref *request,
                         struct hull_empty *reply)
{
    (void)reply;
    return freeze(call, request->id, false);
}

/* --- the driver ----------------------------------------------------------------------------- */

/* The policy of system calls becomes a program here, and the limits are set here. */
static int plan_create(struct hull_call *call, const struct runtime_create_request *request,
                       struct launch *launch)
{
    launch->plan->spec.linux_.seccomp = NULL;
    launch->plan->spec.linux_.resources = NULL;
    return seccomp_program(call, request->seccomp_mode, request->spec.linux_.seccomp,
                           request->spec.process.capabilities, &launch->seccomp_fd,
                           &launch->plan->log_allowed);
}

static int plan_exec(struct hull_call *call, const struct runtime_exec_request *request,
                     struct launch *launch)
{
    return seccomp_program(call, request->seccomp_mode, request->seccomp,
                           request->spec.capabilities, &launch->seccomp_fd,
                           &launch->plan->log_allowed);
}

static int limit(struct hull_call *call, const struct cgroup *cgroup, const struct oci_spec *spec,
                 struct hull_strv *warnings)
{
    struct limiting l = {hull_call_arena(call), *cgroup, spec->linux_.resources, warnings};
    return hull_work_brief(call, create_work, &l);
}

const struct shim_driver shim_driver = {
    .port = "runtime/native",
    .program = "hull-shim",
    .create_prefix =
        "failed to create task for container: failed to create shim task: OCI runtime create "
        "failed: runc create failed: unable to start container process",
    .exec_prefix = "OCI runtime exec failed: exec failed: unable to start container process",
    .plan_create = plan_create,
    .plan_exec = plan_exec,
    .limit = limit,
};

static int init(struct hull_call *call)
{
    int rc = shimmed_init(call);
    if (rc == 0)
        rc = cg_init(call);
    if (rc == 0)
        rc = cg_find_parents(call);
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
    HULL_HANDLE(runtime, create, shimmed_create),     HULL_HANDLE(runtime, start, shimmed_start),
    HULL_HANDLE(runtime, attach, shimmed_attach),     HULL_HANDLE(runtime, kill, shimmed_kill),
    HULL_HANDLE(runtime, wait, shimmed_wait),         HULL_HANDLE(runtime, resize, shimmed_resize),
    HULL_HANDLE(runtime, exec, shimmed_exec),         HULL_HANDLE(runtime, pause, native_pause),
    HULL_HANDLE(runtime, resume, native_resume),      HULL_HANDLE(runtime, delete, shimmed_delete),
    HULL_HANDLE(runtime, adopt, shimmed_adopt),       HULL_HANDLE(runtime, update, native_update),
    HULL_HANDLE(runtime, pids, native_pids),          HULL_HANDLE(runtime, stats, shimmed_stats),
    HULL_HANDLE(runtime, features, shimmed_features), HULL_HANDLE(runtime, keep, shimmed_keep),
    HULL_HANDLE(runtime, kept, shimmed_kept),         {},
};

HULL_PLUGIN(runtime_native, .port = "runtime/native", .version = "1", .handlers = handlers,
            .options = &shimmed_options_message, .init = init, .fini = fini);
