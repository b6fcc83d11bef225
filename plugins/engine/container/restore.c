/*
 * restore.c: at the start of the daemon: what the state store knows is read, what still runs is
 * found again, what was under way is finished or undone, what ended meanwhile is recorded.
 */
#include "ct.h"

#include "archive_mounts.h"
#include "files.h"
#include "json.h"
#include "network.h"
#include "runtime.h"
#include "state.h"
#include "storage.h"

#include <hull/daemon.h>
#include <string.h>
#include <unistd.h>

/* The exit status of a container that was gone with the host. */
#define LOST_STATUS 255
#define AT_ONCE 16
/* Nothing tells that there are descriptors again, or that a shim is not stuck any more. */
#define AGAIN_MS 1000
#define AGAIN_MOST_MS 60000

/* What is relied on, beside the fields that decoding demands. */
static int check_doc(struct hull_call *call, const struct state_document *document,
                     const struct ct_doc *doc)
{
    const struct {
        const char *field, *value;
    } needed[] = {{"HostConfig.LogConfig.Type", doc->host_config.log_config.type},
                  {"HostConfig.NetworkMode", doc->host_config.network_mode},
                  {"HostConfig.RestartPolicy.Name", doc->host_config.restart_policy.name}};

    for (size_t i = 0; i < HULL_COUNT(needed); i++)
        if (hull_streq(needed[i].value, NULL))
            return hull_fail(call, HULL_INVALID, "%s is missing", needed[i].field);
    for (size_t i = 0; i < doc->mounts.n; i++)
        if (hull_streq(doc->mounts.v[i].point.type, NULL))
            return hull_fail(call, HULL_INVALID, "Mounts.%zu.Type is missing", i);
    return state_check_key(call, document, "Id", doc->id);
}

/* Ids of containers whose documents can't be read: nobody sees them, and what they have stays. */
struct unreadable {
    struct hull_arena *arena;
    struct hull_strv ids;
};

static int load(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct unreadable *unreadable = ctx;
    struct hull_problem problem = {0};
    struct ct *ct = ct_new();
    int rc = json_decode(ct->arena, &ct_doc_message, document->value, strlen(document->value), 0,
                         &ct->doc, &problem);

    if (rc < 0)
        rc = hull_fail_problem(call, &problem);
    if (rc == 0)
        rc = check_doc(call, document, &ct->doc);
    if (rc == 0 && !ct_state_parse(ct->doc.state, &ct->state))
        ct->state = CT_CREATED;
    if (rc == 0)
        rc = ct_register(call, ct);
    if (rc < 0) {
        state_leave(call, document);
        hull_strv_add(unreadable->arena, &unreadable->ids,
                      hull_arena_strdup(unreadable->arena, document->key));
    }
    ct_unref(ct);
    return 0;
}

/* --- one container ---------------------------------------------------------------------------- */

/* What the last daemon did not deliver. */
static void resume_log(struct hull_call *call, struct ct *ct)
{
    if (ct_log_start(call, ct, ct_is_running(ct)) == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "log delivery", "container", ct->doc.id, "error",
             hull_error(call), NULL);
    hull_error_clear(call);
}

/* By the clock that nobody sets; how long it runs already only the other one knows. */
static int64_t running_since_ms(const struct ct *ct)
{
    int64_t since = hull_now_ms() - (hull_time_ns() - ct->doc.started_ns) / 1000000;

    return since > 0 && since <= hull_now_ms() ? since : hull_now_ms();
}

static void mark_running(struct hull_call *call, struct ct *ct,
                         const struct runtime_adopt_reply *adopted)
{
    ct->doc.pid = adopted->pid;
    if (hull_streq(ct->doc.intent, "start"))
        ct->doc.started_ns = hull_time_ns();
    ct->running_since_ms = running_since_ms(ct);
    ct_set_state(ct, strcmp(adopted->state, "paused") == 0 ? CT_PAUSED : CT_RUNNING);
    ct_watch(ct);
    ct_health_start(ct);
    resume_log(call, ct);
}

/* The commit that paused it went with the daemon. */
static void end_commit(struct hull_call *call, struct ct *ct, struct runtime_adopt_reply *adopted)
{
    const struct runtime_process_ref process = {.id = ct->doc.id};
    struct hull_empty reply;

    ct->doc.commit_pause = false;
    if (strcmp(adopted->state, "paused") != 0)
        return;
    if (runtime_resume(call, ct->doc.runtime, &process, &reply) == 0)
        adopted->state = "running";
    else
        hull_log(call, HULL_LOG_WARN, "unpausing after a commit", "container", ct->doc.id, "error",
                 hull_error(call), NULL);
    hull_error_clear(call);
}

/* It was being started: the program never ran. */
static int undo_start(struct hull_call *call, struct ct *ct)
{
    const struct runtime_process_ref process = {.id = ct->doc.id};
    struct hull_empty reply;
    int rc = runtime_delete(call, ct->doc.runtime, &process, &reply);

    ct->doc.pid = 0;
    ct->doc.network = NULL;
    ct_unmount_volumes(call, ct);
    files_remove_run(call, ct->doc.id);
    ct_set_state(ct, ct->doc.started_ns == TIME_NEVER ? CT_CREATED : CT_EXITED);
    return rc < 0 ? rc : ct_save(call, ct, NULL, false);
}

/* How it ended, as far as anybody knows. */
static struct runtime_exit exit_of(struct ct *ct, const struct runtime_adopt_reply *adopted)
{
    struct runtime_exit exit = {.status = LOST_STATUS, .lost = true};

    if (strcmp(adopted->state, "exited") == 0)
        exit = adopted->exit;
    else if (hull_streq(ct->doc.intent, "exit"))
        exit = (struct runtime_exit){.status = ct->doc.exit_code,
                                     .oom_killed = ct->doc.oom_killed,
                                     .time_ns = ct->doc.finished_ns};
    if (exit.time_ns <= 0)
        exit.time_ns = hull_time_ns();
    /* It did run, but the start was not written down: it can't have been long ago. */
    if (hull_streq(ct->doc.intent, "start"))
        ct->doc.started_ns = exit.time_ns;
    return exit;
}

static int adopt(struct hull_call *call, struct ct *ct)
{
    const struct runtime_adopt_request request = {
        .id = ct->doc.id,
        .dir = ct_run_dir(hull_call_arena(call), ct->doc.id),
        .cgroups_path = ct->doc.cgroups_path,
    };
    struct runtime_adopt_reply reply;
    int rc = runtime_adopt(call, ct->doc.runtime, &request, &reply);

    if (rc < 0)
        return rc;
    if (strcmp(reply.state, "running") == 0 || strcmp(reply.state, "paused") == 0) {
        bool same = !ct->doc.intent && !ct->doc.commit_pause && ct->doc.pid == reply.pid &&
                    strcmp(ct_state_name(ct->state), reply.state) == 0;
        if (ct->doc.commit_pause)
            end_commit(call, ct, &reply);
        mark_running(call, ct, &reply);
        ct_adopt_sockets(call, ct);
        return same ? 0 : ct_save(call, ct, NULL, false);
    }
    if (hull_streq(ct->doc.intent, "start") && strcmp(reply.state, "exited") != 0)
        return undo_start(call, ct);
    struct runtime_exit exit = exit_of(ct, &reply);
    ct->state = CT_RUNNING;
    ct_record_exit(call, ct, &exit);
    return 0;
}

/* A create that was never acknowledged. */
static int undo_create(struct hull_call *call, struct ct *ct)
{
    const struct storage_container storage = {.id = ct->doc.id};
    struct hull_empty reply;

    ct_release_volumes(call, ct);
    int rc = storage_remove(call, ct->doc.storage, &storage, &reply);

    if (rc == 0)
        rc = files_remove(call, ct->doc.id);
    if (rc == 0)
        ct_remove_volumes(call, ct);
    if (rc == 0)
        rc = ct_forget(call, ct);
    if (rc == 0)
        ct_unregister(ct);
    return rc;
}

/* Its removal has come to the disk before a power cut, and not to the store (ct_is_kept()). */
static bool is_half_gone(struct hull_call *call, const struct ct *ct)
{
    return !ct_is_kept(ct) && !ct_is_running(ct) && !files_are_there(call, ct->doc.id);
}

/* Locked. */
static int restore_locked(struct hull_call *call, struct ct *ct)
{
    int rc = 0;

    if (hull_streq(ct->doc.intent, "create"))
        rc = undo_create(call, ct);
    else if (hull_streq(ct->doc.intent, "remove"))
        rc = ct_remove(call, ct, ct->doc.host_config.auto_remove);
    else if (hull_streq(ct->doc.intent, "remove-volumes") || is_half_gone(call, ct))
        rc = ct_remove(call, ct, true);
    else if (ct_is_running(ct) || hull_streq(ct->doc.intent, "start"))
        rc = adopt(call, ct);
    ct->unseen = rc == -HULL_IO || rc == -HULL_TIMEOUT;
    if (rc == 0 && ct_is_running(ct))
        ct->doc.copying = false;
    else if (rc == 0 && ct->state != CT_GONE && ct->doc.copying)
        archive_end_copy(call, ct);
    if (rc == 0 && !ct_is_running(ct) && ct->state != CT_GONE && ct->doc.started_ns != TIME_NEVER)
        resume_log(call, ct);
    return rc;
}

static int restore_one(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0)
        return rc;
    rc = restore_locked(call, ct);
    hull_unlock(&ct->lock);
    return rc;
}

/* Somebody else may have been faster. */
static int restore_again(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0)
        return rc;
    rc = ct_see(call, ct);
    hull_unlock(&ct->lock);
    return rc;
}

int ct_see(struct hull_call *call, struct ct *ct)
{
    int rc = ct->unseen && ct->state != CT_GONE ? restore_locked(call, ct) : 0;

    return hull_wrap(call, rc, "container %s is not known well enough yet", ct->doc.name);
}

/* Several at the same time: each waits for its shim, and some for the disk. */
struct restoring {
    struct ct **v;
    size_t n, next;
};

static int restore_some(struct hull_call *call, void *arg)
{
    struct restoring *restoring = arg;

    while (restoring->next < restoring->n) {
        struct ct *ct = restoring->v[restoring->next++];
        int rc = hull_request(call, "container restore", HULL_FOREVER, restore_one, ct);

        if (rc == -HULL_CANCELED || rc == -HULL_UNAVAILABLE)
            return rc;
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "a container was not taken over", "container", ct->doc.id,
                     "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
    return 0;
}

static int restore_all(struct hull_call *call, struct ct **v, size_t n)
{
    struct restoring restoring = {v, n, 0};
    struct hull_task *tasks[AT_ONCE];
    size_t count = n < AT_ONCE ? n : AT_ONCE;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        tasks[i] = hull_task_start(call, "container restore", restore_some, &restoring);
    for (size_t i = 0; i < count; i++) {
        int one = hull_task_join(call, tasks[i]);
        rc = one < 0 ? one : rc;
    }
    return rc;
}

/* --- after all are known ---------------------------------------------------------------------- */

static bool wants_start(const struct ct *ct)
{
    const char *policy = ct->doc.host_config.restart_policy.name;

    if (ct->state != CT_EXITED || ct->doc.started_ns == TIME_NEVER)
        return false;
    return hull_streq(policy, "always") ||
           (hull_streq(policy, "unless-stopped") && !ct->doc.stopped);
}

static int sweep(struct hull_call *call, const struct hull_strv *known,
                 const struct hull_strv *ports)
{
    const struct storage_sweep_request request = {.containers = *known};
    struct hull_empty reply;

    for (size_t i = 0; i < ports->n; i++)
        if (storage_sweep(call, ports->v[i], &request, &reply) < 0) {
            hull_log(call, HULL_LOG_WARN, "sweeping storage", "error", hull_error(call), NULL);
            hull_error_clear(call);
        }
    return 0;
}

static void settle(struct hull_call *call, const struct hull_strv *ports,
                   const struct hull_strv *unreadable)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct network_restore_request network = {0};
    struct hull_strv known = {0};
    struct hull_empty reply;
    struct ct *const *all;
    size_t count = ct_all(&all);

    network.pids.v = HULL_NEW_ARRAY(arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        hull_strv_add(arena, &known, hull_arena_strdup(arena, all[i]->doc.id));
        if (ct_is_running(all[i])) {
            hull_strv_add(arena, &network.live, hull_arena_strdup(arena, all[i]->doc.id));
            network.pids.v[network.pids.n++] = all[i]->doc.pid;
        }
    }
    for (size_t i = 0; i < unreadable->n; i++) {
        hull_strv_add(arena, &known, unreadable->v[i]);
        hull_strv_add(arena, &network.live, unreadable->v[i]); /* it may run */
    }
    if (sweep(call, &known, ports) == 0 && network_restore(call, NULL, &network, &reply) < 0) {
        hull_log(call, HULL_LOG_WARN, "restoring networks", "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
}

/* What was cut off between the network engine's record and the document. */
static void adopt_networks(struct hull_call *call, struct ct *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ct_is_running(all[i]) &&
            hull_request(call, "container networks", HULL_FOREVER, ct_adopt_networks, all[i]) < 0) {
            hull_log(call, HULL_LOG_WARN, "networks not taken over", "container", all[i]->doc.id,
                     "error", hull_error(call), NULL);
            hull_error_clear(call);
        }
}

static void resume_policies(void)
{
    struct ct *const *all;
    size_t count = ct_all(&all);

    for (size_t i = 0; i < count; i++) {
        struct ct *ct = all[i];

        if (wants_start(ct))
            ct_set_state(ct, CT_RESTARTING);
        ct_after_exit(ct);
    }
}

/* Its shim could not be asked: for want of descriptors, or because it is stuck. */
static int restore_later(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int64_t delay_ms = AGAIN_MS;
    int rc = 0;

    while (rc == 0 && ct->unseen && ct->state != CT_GONE) {
        rc = hull_sleep(call, delay_ms);
        delay_ms = delay_ms < AGAIN_MOST_MS ? 2 * delay_ms : AGAIN_MOST_MS;
        if (rc == 0 && hull_request(call, "container restore", HULL_FOREVER, restore_again, ct) < 0)
            hull_error_clear(call);
    }
    if (rc == 0 && !ct->unseen) {
        hull_log(call, HULL_LOG_INFO, "a container was taken over", "container", ct->doc.id, NULL);
        ct_after_exit(ct);
    }
    ct_unref(ct);
    return rc == -HULL_CANCELED ? 0 : rc;
}

static void resume_unseen(void)
{
    struct ct *const *all;
    size_t count = ct_all(&all);

    for (size_t i = 0; i < count; i++)
        if (all[i]->unseen)
            hull_spawn("container restore", restore_later, ct_ref(all[i]));
}

static int note(struct hull_call *call, void *ctx, const void *reply)
{
    (void)call;
    *(bool *)ctx = hull_streq(((const struct state_document *)reply)->bucket, NETWORK_HOST_BUCKET);
    return 0;
}

/* The networks have changed something of the host that is theirs to put back. */
static bool is_host_changed(struct hull_call *call)
{
    bool changed = false;
    const struct hull_sink sink = {.reply = note, .ctx = &changed};
    const struct state_key request = {.bucket = NETWORK_HOST_BUCKET};
    struct state_document last;

    if (hull_send_many(call, NULL, &state_list_method, &request, &last, &sink) < 0)
        hull_error_clear(call);
    return changed;
}

int ct_restore(struct hull_call *call)
{
    struct unreadable unreadable = {.arena = hull_call_arena(call)};
    const struct hull_sink sink = {.reply = load, .ctx = &unreadable};
    const struct state_key request = {.bucket = "container"};
    struct state_document last;
    struct ct *const *all;
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv ports = {0}; /* those of containers whose removal is about to end, too */
    struct ct **copy;
    size_t count;
    int rc = hull_send_many(call, NULL, &state_list_method, &request, &last, &sink);

    if (rc < 0)
        return hull_wrap(call, rc, "reading the containers");
    count = ct_all(&all);
    copy = HULL_NEW_ARRAY(arena, struct ct *, count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = ct_ref(all[i]);
        hull_defer(call, ct_unref_cleanup, copy[i]);
        if (!hull_strv_contains(&ports, all[i]->doc.storage))
            hull_strv_add(arena, &ports, hull_arena_strdup(arena, all[i]->doc.storage));
    }
    rc = restore_all(call, copy, count);
    if (rc < 0)
        return rc;
    if (count > 0 || is_host_changed(call))
        settle(call, &ports, &unreadable.ids);
    adopt_networks(call, copy, count);
    resume_policies();
    resume_unseen();
    return 0;
}
