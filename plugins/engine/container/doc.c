/*
 * doc.c: keeping a container's document, and what is derived from it.
 */
#include "ct.h"

#include "api/config.h"
#include "events.h"
#include "json.h"
#include "runtime.h"
#include "state.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

HULL_MESSAGE_DEFINE(ct_mount, CT_MOUNT_FIELDS)
HULL_MESSAGE_DEFINE(ct_userns, CT_USERNS_FIELDS)
HULL_MESSAGE_DEFINE(ct_doc, CT_DOC_FIELDS)

static const char *const state_names[] = {
    [CT_CREATING] = "creating",
    [CT_CREATED] = "created",
    [CT_RUNNING] = "running",
    [CT_PAUSED] = "paused",
    [CT_RESTARTING] = "restarting",
    [CT_REMOVING] = "removing",
    [CT_EXITED] = "exited",
    [CT_DEAD] = "dead",
    [CT_GONE] = "gone",
};

const char *ct_state_name(enum ct_state state)
{
    return state_names[state];
}

bool ct_state_parse(const char *name, enum ct_state *ret)
{
    for (enum ct_state state = CT_CREATED; state <= CT_DEAD; state++) {
        if (hull_streq(name, state_names[state])) {
            *ret = state;
            return true;
        }
    }
    return false;
}

void ct_set_state(struct ct *ct, enum ct_state state)
{
    ct->state = state;
    hull_cond_broadcast(&ct->changed);
}

bool ct_is_running(const struct ct *ct)
{
    return ct->state == CT_RUNNING || ct->state == CT_PAUSED;
}

int ct_open_process(struct hull_call *call, const struct ct *ct, int *ret_fd)
{
    char text[16384];
    const char *path = hull_printf(call, "/proc/%lld", (long long)ct->doc.pid);
    HULL_AUTO_FD process_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD fd = openat(process_fd, "cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    text[got < 0 ? 0 : got] = '\0';
    if (!strstr(text, ct->doc.id))
        return hull_fail(call, HULL_CONFLICT, "container %s has just ended: try again",
                         ct->doc.name);
    *ret_fd = HULL_TAKE_FD(process_fd);
    return 0;
}

static void close_process(struct hull_call *call, void *fd)
{
    (void)call;
    hull_fd_cleanup(fd);
}

int ct_process_path(struct hull_call *call, const struct ct *ct, const char *name,
                    const char **ret_path)
{
    int *fd = HULL_NEW(hull_call_arena(call), int);
    int rc = ct_open_process(call, ct, fd);

    if (rc < 0)
        return rc;
    hull_defer(call, close_process, fd);
    *ret_path = hull_printf(call, "/proc/%d/fd/%d/%s", (int)getpid(), *fd, name);
    return 0;
}

static int commit(struct hull_call *call, const struct ct *ct, const char *value, bool sync)
{
    int rc;

    hull_shield(call);
    rc = state_put(call, NULL, "container", ct->doc.id, value, sync);
    hull_unshield(call);
    return rc;
}

bool ct_is_kept(const struct ct *ct)
{
    return !ct->doc.host_config.auto_remove;
}

int ct_save(struct hull_call *call, struct ct *ct, const char *intent, bool sync)
{
    int rc;

    ct->doc.state = ct_state_name(ct->state);
    ct->doc.intent = intent;
    rc = commit(call, ct, json_string(hull_call_arena(call), &ct_doc_message, &ct->doc), sync);
    return hull_wrap(call, rc, "saving container %s", ct->doc.name);
}

int ct_save_exit(struct hull_call *call, struct ct *ct, const struct runtime_exit *exit)
{
    struct ct_doc ahead = ct->doc;
    int rc;

    ahead.exit_code = exit->status;
    ahead.oom_killed = exit->oom_killed;
    ahead.finished_ns = exit->time_ns;
    ahead.pid = 0;
    ahead.state = ct_state_name(ct->state);
    ahead.intent = "exit";
    rc = commit(call, ct, json_string(hull_call_arena(call), &ct_doc_message, &ahead), false);
    return hull_wrap(call, rc, "saving the exit of container %s", ct->doc.name);
}

int ct_forget(struct hull_call *call, struct ct *ct)
{
    return hull_wrap(call, commit(call, ct, NULL, ct_is_kept(ct)), "forgetting container %s",
                     ct->doc.name);
}

void ct_copy_doc(struct ct *ct, struct ct_doc *doc)
{
    const char *id = ct->doc.id, *name = ct->doc.name;

    hull_message_copy(ct->arena, &ct_doc_message, doc, &ct->doc);
    /* The registry is sorted by these very strings. */
    ct->doc.id = id;
    ct->doc.name = name;
}

void ct_event(struct hull_call *call, struct ct *ct, const char *action, ...)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_map attributes = {0};
    va_list pairs;
    const char *key;

    for (size_t i = 0; i < ct->doc.config.labels.n; i++)
        hull_map_set(arena, &attributes, ct->doc.config.labels.v[i].key,
                     ct->doc.config.labels.v[i].value);
    va_start(pairs, action);
    while ((key = va_arg(pairs, const char *)))
        hull_map_set(arena, &attributes, key, va_arg(pairs, const char *));
    va_end(pairs);
    hull_map_set(arena, &attributes, "image", ct->doc.config.image ? ct->doc.config.image : "");
    hull_map_set(arena, &attributes, "name", ct->doc.name);
    event_publish_map(call, "container", action, ct->doc.id, &attributes);
}

char *ct_dir(struct hull_arena *arena, const char *id)
{
    return hull_arena_printf(arena, "%s/containers/%s", daemon_config()->data_root, id);
}

char *ct_run_dir(struct hull_arena *arena, const char *id)
{
    return hull_arena_printf(arena, "%s/containers/%s", daemon_config()->exec_root, id);
}

char *ct_log_path(struct hull_arena *arena, const char *id)
{
    return hull_arena_printf(arena, "%s/containers/%s/%s-json.log", daemon_config()->data_root, id,
                             id);
}
