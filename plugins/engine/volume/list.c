/*
 * list.c: volumes in lists, and pruning those that nobody uses.
 */
#include "volume_plugin.h"

#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "filters.h"

/* What is shown: our volumes, and those of drivers that have more than we know of. */
struct shown {
    struct hull_call *call;
    const struct filters *filters;
    bool usage;
    struct volume_list_reply *reply;
};

/* 1 when the volume passes the filters, 0 when not. */
static int passes(const struct shown *shown, const struct volume *volume)
{
    const struct filters *filters = shown->filters;
    bool wanted = false;
    struct container_users_reply users;

    if (!filters_match(filters, "name", volume->name) ||
        !filters_exact(filters, "driver", volume->driver) ||
        !filters_labels(filters, &volume->labels))
        return 0;
    if (filters_get(filters, "dangling") == NULL)
        return 1;
    int rc = filters_bool(shown->call, filters, "dangling", &wanted);
    if (rc == 0)
        rc = volume_users(shown->call, volume->name, &users);
    return rc < 0 ? rc : (users.users.n == 0) == wanted;
}

static int add_usage(struct hull_call *call, struct volume *volume)
{
    const struct voldriver_ref request = {.driver = volume->driver, .name = volume->name};
    struct volume_usage_data *usage = HULL_NEW(hull_call_arena(call), struct volume_usage_data);
    struct voldriver_usage_reply used;
    struct container_users_reply users;

    int rc = volume_users(call, volume->name, &users);
    if (rc < 0)
        return rc;
    usage->ref_count = (int64_t)users.users.n;
    if (voldriver_usage(call, driver_port(call, volume->driver), &request, &used) < 0) {
        hull_error_clear(call); /* removed meanwhile */
        used.size = -1;
    }
    usage->size = used.size;
    volume->usage_data = usage;
    return 0;
}

/* df and prune are about what takes space here, as docker sees it: not about volumes of other
 * drivers, nor about what is mounted from elsewhere. */
static bool is_plain(const struct volume *volume)
{
    return strcmp(volume->driver, VOLUME_LOCAL) == 0 && volume->options.n == 0;
}

static int add(const struct shown *shown, const struct volume *volume)
{
    struct volume source = *volume, copy;

    if (shown->usage && !is_plain(volume))
        return 0;
    hull_message_copy(hull_call_arena(shown->call), &volume_message, &source, &copy);
    int rc = passes(shown, &copy);
    if (rc > 0)
        rc = shown->usage ? add_usage(shown->call, &copy) : 0;
    else
        return rc;
    if (rc == 0)
        *HULL_LIST_ADD(hull_call_arena(shown->call), &shown->reply->volumes) = copy;
    return rc;
}

static const struct volume *listed(const struct driver_lists *lists, const char *driver,
                                   const char *name)
{
    for (size_t i = 0; i < lists->n; i++)
        if (strcmp(lists->v[i].name, name) == 0 && strcmp(lists->v[i].driver, driver) == 0)
            return &lists->v[i];
    return NULL;
}

/* One of ours; what its driver says of it now, when that answered. */
static int add_known(const struct shown *shown, const struct driver_lists *lists,
                     const struct volume *known)
{
    struct volume volume = *known;

    if (hull_strv_contains(&lists->answered, known->driver)) {
        const struct volume *said = listed(lists, known->driver, known->name);
        if (said == NULL)
            return 0; /* it was removed there */
        volume.mountpoint = said->mountpoint;
        if (strcmp(said->created_at, "0001-01-01T00:00:00Z") != 0)
            volume.created_at = said->created_at;
    }
    return add(shown, &volume);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct volume *)a)->name, ((const struct volume *)b)->name);
}

static int list_all(const struct shown *shown, const struct driver_lists *lists)
{
    struct hull_strv names = volume_names(shown->call);
    int rc = 0;

    for (size_t i = 0; i < names.n && rc == 0; i++) {
        const struct volume *volume = volume_find(names.v[i]); /* asking who uses one yields */
        rc = volume == NULL ? 0 : add_known(shown, lists, volume);
    }
    for (size_t i = 0; i < lists->n && rc == 0; i++)
        if (volume_find(lists->v[i].name) == NULL)
            rc = add(shown, &lists->v[i]);
    if (shown->reply->volumes.n > 1)
        qsort(shown->reply->volumes.v, shown->reply->volumes.n, sizeof(struct volume), by_name);
    return rc;
}

int volume_handle_list(struct hull_call *call, const struct volume_list_request *request,
                       struct volume_list_reply *ret_reply)
{
    static const char *const allowed[] = {"dangling", "driver", "label", "name", NULL};
    const struct shown shown = {.call = call,
                                .filters = filters_of(request->filters),
                                .usage = request->usage,
                                .reply = ret_reply};
    struct driver_lists lists = {.n = 0};

    int rc = filters_check(call, shown.filters, allowed);
    if (rc == 0 && !request->usage)
        rc = drivers_list(call, &lists, &ret_reply->warnings);
    if (rc < 0)
        return rc;
    ret_reply->volumes.v =
        HULL_NEW_ARRAY(hull_call_arena(call), struct volume, 1); /* [], not null */
    return list_all(&shown, &lists);
}

/* --- prune ------------------------------------------------------------------------------------ */

struct pruning {
    const char *name;
    int64_t size; /* of what was removed, -1 for nothing */
};

/* A request of its own: it has the volume locked no longer than it needs. */
static int prune_one(struct hull_call *call, void *arg)
{
    struct pruning *pruning = arg;
    const struct voldriver_ref request = {.driver = VOLUME_LOCAL, .name = pruning->name};
    struct voldriver_usage_reply used;
    struct container_users_reply users;
    struct slot *slot;

    int rc = slot_lock(call, pruning->name, &slot);
    if (rc < 0 || !slot_there(slot) || !is_plain(&slot->doc.volume))
        return rc;
    rc = volume_users(call, pruning->name, &users);
    if (rc < 0 || users.users.n > 0)
        return rc;
    rc = voldriver_usage(call, driver_port(call, VOLUME_LOCAL), &request, &used);
    if (rc == 0)
        rc = volume_remove_one(call, slot, false);
    if (rc == 0)
        pruning->size = used.size;
    return rc;
}

static bool is_pruned(const struct volume *volume, const struct filters *filters, bool all)
{
    return volume != NULL && is_plain(volume) &&
           (all || hull_map_find(&volume->labels, VOLUME_ANONYMOUS) != NULL) &&
           filters_labels(filters, &volume->labels);
}

int volume_handle_prune(struct hull_call *call, const struct prune_request *request,
                        struct volume_prune_reply *ret_reply)
{
    static const char *const allowed[] = {"all", "label", "label!", NULL};
    const struct filters *filters = filters_of(request->filters);
    bool all = false;

    int rc = filters_check(call, filters, allowed);
    if (rc == 0)
        rc = filters_bool(call, filters, "all", &all);
    if (rc < 0)
        return rc;
    struct hull_strv names = volume_names(call);
    for (size_t i = 0; i < names.n; i++) {
        struct pruning pruning = {.name = names.v[i], .size = -1};
        if (!is_pruned(volume_find(names.v[i]), filters, all))
            continue;
        rc = hull_task_join(call, hull_task_start(call, "volume prune", prune_one, &pruning));
        if (rc < 0 && hull_check(call) < 0)
            return rc;
        if (rc < 0)
            hull_log(call, HULL_LOG_WARN, "prune", "error", hull_error(call), NULL);
        hull_error_clear(call);
        if (pruning.size < 0)
            continue;
        hull_strv_add(hull_call_arena(call), &ret_reply->volumes_deleted, names.v[i]);
        ret_reply->space_reclaimed += pruning.size;
    }
    event_publish(call, "volume", "prune", "", "reclaimed",
                  hull_printf(call, "%lld", (long long)ret_reply->space_reclaimed), NULL);
    return 0;
}
