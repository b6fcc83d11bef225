/*
 * drivers.c: asking drivers. Those of others may hang: each is asked in a fiber of its own, and has
 * a time limit where its answer is about more than its own volumes.
 */
#include "volume_plugin.h"

#include <string.h>

/* How long the list of all volumes waits for a driver, and the search for a name. */
#define LIST_MS 10000
#define FIND_MS 2000

const char *driver_port(struct hull_call *call, const char *name)
{
    const char *port = hull_printf(call, "volume/%s", name);

    if (strchr(name, '/') == NULL && strcmp(name, "remote") != 0 && hull_plugin_exists(port))
        return port;
    return "volume/remote";
}

int driver_scope(struct hull_call *call, const char *name, const char **ret_scope)
{
    const struct voldriver_ref request = {.driver = name};
    struct voldriver_capabilities_reply reply;

    int rc = voldriver_capabilities(call, driver_port(call, name), &request, &reply);
    if (rc == -HULL_NOT_FOUND || rc == -HULL_NOT_SUPPORTED || rc == -HULL_INVALID)
        return hull_fail(call, HULL_NOT_FOUND, "error looking up volume plugin %s: %s", name,
                         hull_strdup(call, hull_error(call)));
    if (rc < 0)
        return hull_wrap(call, rc, "error looking up volume plugin %s", name);
    *ret_scope = hull_streq(reply.scope, NULL) ? "local" : reply.scope;
    return 0;
}

static void merge(struct volume *volume, const struct voldriver_volume *said)
{
    volume->mountpoint = said->mountpoint == NULL ? "" : said->mountpoint;
    if (!hull_streq(said->created_at, NULL))
        volume->created_at = said->created_at;
    volume->status = hull_streq(said->status, NULL) || strcmp(said->status, "null") == 0 ||
                             strcmp(said->status, "{}") == 0
                         ? NULL
                         : said->status;
}

int driver_refresh(struct hull_call *call, struct volume *volume)
{
    const struct voldriver_ref request = {.driver = volume->driver, .name = volume->name};
    struct voldriver_volume said;

    if (strcmp(volume->driver, VOLUME_LOCAL) == 0)
        return 0; /* it is where it was */
    int rc = voldriver_get(call, driver_port(call, volume->driver), &request, &said);
    if (rc == 0)
        merge(volume, &said);
    return rc;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* One driver, in a fiber of its own: what it said is in the arena of ANSWER, which goes with the
 * call that asked. */
struct question {
    const char *driver, *name; /* NAME is NULL: all its volumes */
    int64_t timeout_ms;
    struct hull_arena *arena;
    struct voldriver_list_reply list;
    struct voldriver_volume volume;
    const char *scope;
    struct hull_task *task;
};

static void free_arena(struct hull_call *call, void *arena)
{
    (void)call;
    hull_arena_free(arena);
}

static int ask(struct hull_call *call, void *arg)
{
    struct question *q = arg;
    const struct voldriver_ref request = {.driver = q->driver, .name = q->name};
    const char *port = driver_port(call, q->driver);
    struct voldriver_list_reply list;
    struct voldriver_volume volume;
    int rc;

    hull_call_set_timeout(call, q->timeout_ms);
    if (q->name == NULL) {
        rc = voldriver_list(call, port, &request, &list);
        if (rc == 0)
            hull_message_copy(q->arena, &voldriver_list_reply_message, &list, &q->list);
    } else {
        rc = voldriver_get(call, port, &request, &volume);
        if (rc == 0)
            hull_message_copy(q->arena, &voldriver_volume_message, &volume, &q->volume);
    }
    if (rc == 0)
        rc = driver_scope(call, q->driver, &q->scope);
    if (rc == 0)
        q->scope = hull_arena_strdup(q->arena, q->scope);
    return rc;
}

/* Those of volumes that we know, and those that can be found. */
static void names_of_drivers(struct hull_call *call, struct hull_strv *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct voldriver_drivers_reply found;
    const struct slot *slot;

    if (voldriver_drivers(call, "volume/remote", &(struct hull_empty){0}, &found) < 0)
        hull_error_clear(call); /* it has nothing to find */
    for (size_t i = 0; i < found.drivers.n; i++)
        hull_strv_add(arena, ret, found.drivers.v[i]);
    for (slot = slot_first(); slot != NULL; slot = slot->hh.next)
        if (slot_there(slot) && strcmp(slot->doc.volume.driver, VOLUME_LOCAL) != 0 &&
            !hull_strv_contains(ret, slot->doc.volume.driver))
            hull_strv_add(arena, ret, hull_strdup(call, slot->doc.volume.driver));
}

/* Ask all of DRIVERS at once. */
static struct question *ask_all(struct hull_call *call, const struct hull_strv *drivers,
                                const char *name, int64_t timeout_ms)
{
    struct question *all = HULL_NEW_ARRAY(hull_call_arena(call), struct question, drivers->n + 1);

    for (size_t i = 0; i < drivers->n; i++) {
        all[i] = (struct question){.driver = drivers->v[i],
                                   .name = name,
                                   .timeout_ms = timeout_ms,
                                   .arena = hull_arena_new()};
        hull_defer(call, free_arena, all[i].arena);
        all[i].task = hull_task_start(call, "volume driver", ask, &all[i]);
    }
    return all;
}

static void add_volumes(struct hull_call *call, const struct question *q, struct volume **at)
{
    struct voldriver_list_reply source = q->list, copy;

    hull_message_copy(hull_call_arena(call), &voldriver_list_reply_message, &source, &copy);
    for (size_t i = 0; i < copy.volumes.n; i++) {
        struct volume *volume = (*at)++;
        *volume = (struct volume){.name = copy.volumes.v[i].name,
                                  .driver = q->driver,
                                  .created_at = "0001-01-01T00:00:00Z",
                                  .scope = hull_strdup(call, q->scope)};
        merge(volume, &copy.volumes.v[i]);
        volume->status = NULL; /* docker shows it of one volume only */
    }
}

int drivers_list(struct hull_call *call, struct driver_lists *ret, struct hull_strv *ret_warnings)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv drivers = {0};
    size_t total = 0;

    *ret = (struct driver_lists){.n = 0};
    names_of_drivers(call, &drivers);
    struct question *all = ask_all(call, &drivers, NULL, LIST_MS);
    for (size_t i = 0; i < drivers.n; i++) {
        int asked = hull_task_join(call, all[i].task);
        total += all[i].list.volumes.n;
        if (asked == 0)
            hull_strv_add(arena, &ret->answered, drivers.v[i]);
        else if (asked != -HULL_NOT_SUPPORTED) /* no volume driver at all */
            hull_strv_add(arena, ret_warnings,
                          hull_printf(call, "list %s: %s", drivers.v[i], hull_error(call)));
        if (asked < 0)
            hull_error_clear(call);
    }
    ret->v = HULL_NEW_ARRAY(arena, struct volume, total + 1);
    struct volume *at = ret->v;
    for (size_t i = 0; i < drivers.n; i++)
        if (hull_strv_contains(&ret->answered, drivers.v[i]))
            add_volumes(call, &all[i], &at);
    ret->n = (size_t)(at - ret->v);
    return hull_check(call);
}

int drivers_find(struct hull_call *call, const char *name, struct volume *ret, bool *ret_found)
{
    struct hull_strv drivers = {0};

    *ret_found = false;
    names_of_drivers(call, &drivers);
    struct question *all = ask_all(call, &drivers, name, FIND_MS);
    for (size_t i = 0; i < drivers.n; i++) {
        if (hull_task_join(call, all[i].task) < 0) {
            hull_error_clear(call); /* not this one's, or it does not say */
            continue;
        }
        struct voldriver_volume copy;
        hull_message_copy(hull_call_arena(call), &voldriver_volume_message, &all[i].volume, &copy);
        *ret = (struct volume){.name = name,
                               .driver = drivers.v[i],
                               .created_at = "0001-01-01T00:00:00Z",
                               .scope = hull_strdup(call, all[i].scope)};
        merge(ret, &copy);
        *ret_found = true;
        break; /* the handler's end cancels the others */
    }
    return hull_check(call);
}
