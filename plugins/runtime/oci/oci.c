/*
 * runtime/oci: containers by a runtime of somebody else that follows the OCI runtime
 * specification and has runc's command line: runc, crun, youki, runsc and others.
 *
 * Each container and each exec has a shim here, too (hull-shim-oci), which owns streams, log and
 * exit status and outlives the daemon; it runs the runtime's create, start and exec. Commands that
 * say how it is or that change it (pause, resume, update, kill, ps, delete) are run from here.
 * Limits and the policy of system calls are the runtime's business; figures are read from the
 * cgroup, which is where the specification says.
 *
 * A container's folder has, beside what all shims have, the folder "oci": "runtime" (which
 * program, for the next daemon), "state" (the runtime's own), "bundle", and small files of each
 * process. It goes with the container; what a crash left goes at the next start, when the
 * container is adopted and deleted.
 */
#include "oci.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

/* --- commands -------------------------------------------------------------------------------- */

static int command_for(struct hull_call *call, const char *id, struct oci_command *ret)
{
    struct ctr *ctr;
    int rc = ctr_get(call, id, &ctr);
    if (rc < 0)
        return rc;
    if (ctr->runtime == NULL)
        return hull_fail(call, HULL_INTERNAL, "container %s: the record of its runtime is lost",
                         id);
    struct hull_strv *args = HULL_NEW(hull_call_arena(call), struct hull_strv);
    copy_strv(hull_call_arena(call), &ctr->runtime_args, args);
    *ret = (struct oci_command){.runtime = hull_strdup(call, ctr->runtime),
                                .dir = hull_strdup(call, ctr->dir),
                                .runtime_args = args};
    return 0;
}

static int simple(struct hull_call *call, const char *id, const char *name)
{
    struct oci_command command;
    int rc = command_for(call, id, &command);
    command.argv[0] = name;
    command.argv[1] = id;
    return rc < 0 ? rc : oci_run(call, &command, NULL);
}

static int oci_pause(struct hull_call *call, const struct runtime_process_ref *request,
                     struct hull_empty *reply)
{
    (void)reply;
    return simple(call, request->id, "pause");
}

static int oci_resume(struct hull_call *call, const struct runtime_process_ref *request,
                      struct hull_empty *reply)
{
    (void)reply;
    return simple(call, request->id, "resume");
}

static bool has_ended(const char *id)
{
    const struct ctr *ctr = ctr_find(id);
    struct pollfd end = {ctr == NULL ? -1 : ctr->pidfd, POLLIN, 0};
    return ctr == NULL || (ctr->pidfd >= 0 && poll(&end, 1, 0) > 0);
}

/* An exec is a process like any other; what signals the first one means is up to the runtime. */
static int oci_kill(struct hull_call *call, const struct runtime_kill_request *request,
                    struct hull_empty *reply)
{
    struct oci_command command;
    if (request->all || (request->process != NULL && request->process[0] != '\0'))
        return shimmed_kill(call, request, reply);
    int rc = command_for(call, request->id, &command);
    if (rc < 0)
        return rc;
    command.argv[0] = "kill";
    command.argv[1] = request->id;
    command.argv[2] = hull_printf(call, "%d", (int)request->signal);
    rc = oci_run(call, &command, NULL);
    if (rc < 0 && rc != -HULL_CANCELED && has_ended(request->id))
        return hull_fail(call, HULL_NOT_FOUND, "the process has ended");
    return rc;
}

static int oci_update(struct hull_call *call, const struct runtime_update_request *request,
                      struct hull_empty *reply)
{
    struct oci_command command;
    (void)reply;
    int rc = command_for(call, request->id, &command);
    if (rc == 0) {
        command.argv[0] = "update";
        command.argv[1] = "--resources";
        command.argv[2] = OCI_INPUT;
        command.argv[3] = request->id;
        command.input =
            json_string(hull_call_arena(call), &oci_resources_message, &request->resources);
        rc = oci_run(call, &command, NULL);
    }
    return hull_wrap(call, rc, "Cannot update container %s", request->id);
}

/* "[1, 2]" */
static int parse_pids(struct hull_call *call, const char *text, struct hull_ints *ret)
{
    struct json_value list;
    struct hull_problem problem;
    int rc = json_parse(hull_call_arena(call), text, strlen(text), &list, &problem);
    if (rc < 0 || (list.type != JSON_LIST && list.type != JSON_NULL))
        return hull_fail(call, HULL_INTERNAL, "the runtime's answer to ps is no list: %.200s",
                         text);
    int64_t *pids = HULL_NEW_ARRAY(hull_call_arena(call), int64_t, list.count + 1);
    for (size_t i = 0; i < list.count; i++)
        pids[i] = list.items[i].type == JSON_NUMBER ? strtoll(list.items[i].text, NULL, 10) : 0;
    *ret = (struct hull_ints){list.count, pids};
    return 0;
}

static int oci_pids(struct hull_call *call, const struct runtime_process_ref *request,
                    struct runtime_pids_reply *reply)
{
    struct oci_command command;
    const char *text = "";
    int rc = command_for(call, request->id, &command);
    if (rc < 0)
        return rc;
    command.argv[0] = "ps";
    command.argv[1] = "--format";
    command.argv[2] = "json";
    command.argv[3] = request->id;
    rc = oci_run(call, &command, &text);
    return rc < 0 ? rc : parse_pids(call, text, &reply->pids);
}

static int oci_adopt(struct hull_call *call, const struct runtime_adopt_request *request,
                     struct runtime_adopt_reply *reply)
{
    int rc = shimmed_adopt(call, request, reply);
    struct ctr *ctr = rc == 0 ? ctr_find(request->id) : NULL;
    return ctr == NULL ? rc : oci_record_read(call, ctr);
}

/* --- the driver ------------------------------------------------------------------------------ */

static int choose_policy(struct hull_call *call, const struct runtime_create_request *request,
                         struct oci_seccomp **ret)
{
    const char *mode = request->seccomp_mode;
    *ret = NULL;
    if (hull_streq(mode, "unconfined"))
        return 0;
    if (hull_streq(mode, "spec")) {
        *ret = request->spec.linux_.seccomp;
        return 0;
    }
    if (mode != NULL && mode[0] != '\0' && strcmp(mode, "default") != 0)
        return hull_fail(call, HULL_INVALID, "unknown seccomp mode \"%s\"", mode);
    *ret = HULL_NEW(hull_call_arena(call), struct oci_seccomp);
    return policy_default(call, request->spec.process.capabilities, *ret);
}

static void set_runtime(struct hull_call *call, struct shim_plan *plan, const char *runtime,
                        const struct hull_strv *args, const char *dir, const char *id)
{
    plan->runtime = runtime;
    plan->runtime_args = *args;
    plan->runtime_root = oci_root(call, dir);
    plan->container = id;
}

/* What is joined has to be of the user namespace that is joined with it: a runtime makes all mounts
 * as its root, who can't show the network of somebody else. */
static int check_namespaces(struct hull_call *call, const struct runtime_create_request *request)
{
    const struct oci_linux *linux_ = &request->spec.linux_;
    const struct oci_namespace *other = NULL;
    bool own = false;
    for (size_t i = 0; i < linux_->namespaces.n; i++) {
        const struct oci_namespace *ns = &linux_->namespaces.v[i];
        bool joined = ns->path != NULL && ns->path[0] != '\0';
        if (hull_streq(ns->type, "user"))
            own = !joined;
        else if (joined)
            other = ns;
    }
    return own && other != NULL
               ? hull_fail(call, HULL_NOT_SUPPORTED,
                           "runtime \"%s\": a container with a user namespace of its own can't "
                           "share the %s namespace of one that has none; use --userns host, or "
                           "hull's own runtime (--runtime native)",
                           request->program, other->type)
               : 0;
}

static int plan_create(struct hull_call *call, const struct runtime_create_request *request,
                       struct launch *launch)
{
    if (request->program == NULL || request->program[0] != '/')
        return hull_fail(call, HULL_INVALID, "runtime \"%s\": an absolute path is expected",
                         request->program == NULL ? "" : request->program);
    int rc = check_namespaces(call, request);
    if (rc < 0)
        return rc;
    set_runtime(call, launch->plan, request->program, &request->program_args, request->dir,
                request->id);
    return choose_policy(call, request, &launch->plan->spec.linux_.seccomp);
}

static int plan_exec(struct hull_call *call, const struct runtime_exec_request *request,
                     struct launch *launch)
{
    struct oci_command command;
    int rc = command_for(call, request->id, &command);
    if (rc == 0)
        set_runtime(call, launch->plan, command.runtime, command.runtime_args, command.dir,
                    request->id);
    return rc;
}

/* On disk before there is anything to take away. */
static int begin(struct hull_call *call, const struct runtime_create_request *request,
                 struct ctr *ctr)
{
    ctr->runtime = hull_arena_strdup(ctr->arena, request->program);
    for (size_t i = 0; i < request->program_args.n; i++)
        hull_strv_add(ctr->arena, &ctr->runtime_args,
                      hull_arena_strdup(ctr->arena, request->program_args.v[i]));
    return oci_record(call, ctr);
}

/* What a runtime can't take away any more, because it is not there perhaps, is not worth a
 * container that can't be removed: its processes are killed and its cgroup is removed in any
 * case. */
static int clean(struct hull_call *call, const struct ctr *ctr)
{
    struct oci_command command = {.runtime = ctr->runtime,
                                  .dir = ctr->dir,
                                  .runtime_args = &ctr->runtime_args,
                                  .argv = {"delete", "--force", ctr->id}};
    int rc = 0;
    if (ctr->runtime != NULL && access(oci_root(call, ctr->dir), F_OK) == 0)
        rc = oci_run(call, &command, NULL);
    if (rc == -HULL_CANCELED)
        return rc;
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "the runtime could not delete its container", "container",
                 ctr->id, "error", hull_error(call), NULL);
    hull_error_clear(call);
    oci_remove_files(ctr->dir);
    return 0;
}

const struct shim_driver shim_driver = {
    .port = "runtime/oci",
    .program = "hull-shim-oci",
    .create_prefix = "failed to create task for container: failed to create shim task: OCI "
                     "runtime create failed",
    .exec_prefix = "OCI runtime exec failed",
    .plan_create = plan_create,
    .plan_exec = plan_exec,
    .begin = begin,
    .clean = clean,
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
    launch_fini();
    cg_fini();
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(runtime, create, shimmed_create),
    HULL_HANDLE(runtime, start, shimmed_start),
    HULL_HANDLE(runtime, attach, shimmed_attach),
    HULL_HANDLE(runtime, kill, oci_kill),
    HULL_HANDLE(runtime, wait, shimmed_wait),
    HULL_HANDLE(runtime, resize, shimmed_resize),
    HULL_HANDLE(runtime, exec, shimmed_exec),
    HULL_HANDLE(runtime, pause, oci_pause),
    HULL_HANDLE(runtime, resume, oci_resume),
    HULL_HANDLE(runtime, delete, shimmed_delete),
    HULL_HANDLE(runtime, adopt, oci_adopt),
    HULL_HANDLE(runtime, update, oci_update),
    HULL_HANDLE(runtime, pids, oci_pids),
    HULL_HANDLE(runtime, stats, shimmed_stats),
    HULL_HANDLE(runtime, features, shimmed_features),
    HULL_HANDLE(runtime, keep, shimmed_keep),
    HULL_HANDLE(runtime, kept, shimmed_kept),
    {},
};

HULL_PLUGIN(runtime_oci, .port = "runtime/oci", .version = "1", .handlers = handlers,
            .options = &shimmed_options_message, .init = init, .fini = fini);
