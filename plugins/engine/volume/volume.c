/*
 * volume: named folders that outlive the containers that use them.
 *
 * A volume is a document in the state store and a folder, <data root>/volumes/<name>/_data. The
 * document is what makes it exist: it is written after the folder is there, and removed before
 * the folder goes, so that a folder without a document is only rubbish, taken away at the next
 * start. Who uses a volume is known by the service container.
 *
 * The documents are read once and kept in memory; all of this runs on the loop's thread.
 */
#include "volume_plugin.h"

#include <string.h>

#include "container.h"
#include "events.h"
#include "failpoint.h"
#include "filters.h"
#include "ids.h"
#include "json.h"
#include "state.h"
#include "timefmt.h"

#define BUCKET "volume"
#define ANONYMOUS "com.docker.volume.anonymous"
#define NAME_MAX_BYTES 255

static struct volume_entry *volumes;

/* --- what there is --------------------------------------------------------------------------- */

static struct volume_entry *find(const char *name)
{
    struct volume_entry *entry;

    HASH_FIND_STR(volumes, name, entry);
    return entry;
}

static int get(struct hull_call *call, const char *name, struct volume_entry **ret_entry)
{
    *ret_entry = find(name);
    return *ret_entry != NULL ? 0 : hull_fail(call, HULL_NOT_FOUND, "get %s: no such volume", name);
}

static struct volume_entry *entry_new(const struct volume *from)
{
    struct hull_arena *arena = hull_arena_new();
    struct volume_entry *entry = HULL_NEW(arena, struct volume_entry);
    struct volume source = *from;

    entry->arena = arena;
    hull_message_copy(arena, &volume_message, &source, &entry->volume);
    HASH_ADD_KEYPTR(hh, volumes, entry->volume.name, strlen(entry->volume.name), entry);
    return entry;
}

static void entry_free(struct volume_entry *entry)
{
    HASH_DEL(volumes, entry);
    hull_arena_free(entry->arena);
}

static int by_name(struct volume_entry *a, struct volume_entry *b)
{
    return strcmp(a->volume.name, b->volume.name);
}

/* --- create ---------------------------------------------------------------------------------- */

static int check_name(struct hull_call *call, const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char others[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strlen(name);

    if (length < 2 || length > NAME_MAX_BYTES || strspn(name, letters) < 1 ||
        strspn(name, others) != length)
        return hull_fail(call, HULL_INVALID,
                         "create %s: \"%s\" includes invalid characters for a local volume name, "
                         "only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass "
                         "a host directory, use absolute path",
                         name, name);
    return 0;
}

static int check_request(struct hull_call *call, const struct volume_create_options *request,
                         const char *name)
{
    static const char *const later[] = {"type", "device", "o", "size", NULL};

    if (request->driver != NULL && *request->driver != '\0' &&
        strcmp(request->driver, "local") != 0)
        return hull_fail(call, HULL_NOT_FOUND,
                         "create %s: error looking up volume plugin %s: plugin \"%s\" not found",
                         name, request->driver, request->driver);
    if (request->cluster_volume_spec != NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED, "create %s: cluster volumes need swarm", name);
    for (size_t i = 0; i < request->driver_opts.n; i++) {
        const char *key = request->driver_opts.v[i].key;
        for (const char *const *option = later; *option != NULL; option++)
            if (!strcmp(*option, key))
                return hull_fail(call, HULL_NOT_SUPPORTED,
                                 "create %s: option \"%s\" is not supported by hull yet", name,
                                 key);
        return hull_fail(call, HULL_INVALID, "create %s: invalid option: \"%s\"", name, key);
    }
    return check_name(call, name);
}

static void undo_folder(struct hull_call *call, void *name)
{
    if (volume_folder_remove(call, name) < 0)
        hull_log(call, HULL_LOG_WARN, "volume folder left behind", "volume", name, "error",
                 hull_error(call), NULL);
}

static int create(struct hull_call *call, const struct volume_create_options *request,
                  struct volume *ret_reply)
{
    struct hull_arena *arena = hull_call_arena(call);
    bool anonymous = request->name == NULL || *request->name == '\0';
    const char *name = anonymous ? id_new(arena) : request->name;
    struct volume_entry *entry = find(name);

    if (entry != NULL) { /* so docker does: the one that is there, as it is */
        *ret_reply = entry->volume;
        return 0;
    }
    int rc = check_request(call, request, name);
    if (rc < 0)
        return rc;
    struct volume made = {
        .name = name,
        .driver = "local",
        .created_at = time_format(arena, hull_time_ns() / TIME_SECOND * TIME_SECOND),
        .labels = request->labels,
        .scope = "local",
        .options = request->driver_opts,
    };
    if (anonymous)
        hull_map_set(arena, &made.labels, ANONYMOUS, "");
    hull_undo(call, undo_folder, hull_strdup(call, name));
    rc = volume_folder_make(call, name, &made.mountpoint);
    if (rc < 0)
        return rc;
    FAILPOINT(volume_create_folder);
    rc = state_put(call, NULL, BUCKET, name, json_string(arena, &volume_message, &made), true);
    FAILPOINT(volume_create_commit);
    if (rc < 0)
        return rc;
    entry = find(name); /* somebody else may have been quicker while we waited */
    *ret_reply = (entry != NULL ? entry : entry_new(&made))->volume;
    event_publish(call, "volume", "create", name, "driver", "local", NULL);
    return 0;
}

/* --- list, inspect --------------------------------------------------------------------------- */

static int in_use(struct hull_call *call, const char *name, struct container_users_reply *ret_users)
{
    const struct container_users_request request = {.volume = name};

    return container_users(call, NULL, &request, ret_users);
}

/* 1 when the volume passes the filters, 0 when not. */
static int passes(struct hull_call *call, const struct filters *filters,
                  const struct volume *volume)
{
    bool wanted = false, *dangling = NULL;
    struct container_users_reply users;

    if (filters_get(filters, "dangling") != NULL) {
        int rc = filters_bool(call, filters, "dangling", &wanted);
        if (rc < 0)
            return rc;
        dangling = &wanted;
    }
    if (!filters_match(filters, "name", volume->name) ||
        !filters_exact(filters, "driver", volume->driver) ||
        !filters_labels(filters, &volume->labels))
        return 0;
    if (dangling == NULL)
        return 1;
    int rc = in_use(call, volume->name, &users);
    return rc < 0 ? rc : (users.users.n == 0) == *dangling;
}

static int add_usage(struct hull_call *call, struct volume *shown)
{
    struct volume_usage_data *usage =
        HULL_NEW_ARRAY(hull_call_arena(call), struct volume_usage_data, 1);
    struct container_users_reply users;

    int rc = in_use(call, shown->name, &users);
    if (rc < 0)
        return rc;
    usage->ref_count = (int64_t)users.users.n;
    if (volume_folder_size(call, shown->name, &usage->size) < 0) {
        hull_error_clear(call); /* removed meanwhile, or a driver's: docker says so with -1 */
        usage->size = -1;
    }
    shown->usage_data = usage;
    return 0;
}

static int add_shown(struct hull_call *call, const struct volume_list_request *request,
                     const struct volume_entry *entry, struct volume_list_reply *reply)
{
    struct volume source = entry->volume;
    struct volume *shown = HULL_LIST_ADD(hull_call_arena(call), &reply->volumes);

    hull_message_copy(hull_call_arena(call), &volume_message, &source, shown);
    return request->usage ? add_usage(call, shown) : 0;
}

static int list(struct hull_call *call, const struct volume_list_request *request,
                struct volume_list_reply *ret_reply)
{
    static const char *const allowed[] = {"dangling", "driver", "label", "name", NULL};
    const struct filters *filters = filters_of(request->filters);
    struct volume_entry *entry, *next;

    int rc = filters_check(call, filters, allowed);
    if (rc < 0)
        return rc;
    ret_reply->volumes.v =
        HULL_NEW_ARRAY(hull_call_arena(call), struct volume, 1); /* [], not null */
    HASH_SORT(volumes, by_name);
    struct hull_strv names = {0};
    HASH_ITER (hh, volumes, entry, next)
        hull_strv_add(hull_call_arena(call), &names, hull_strdup(call, entry->volume.name));
    for (size_t i = 0; i < names.n; i++) {
        entry = find(names.v[i]); /* asking who uses one yields */
        rc = entry == NULL ? 0 : passes(call, filters, &entry->volume);
        if (rc < 0)
            return rc;
        entry = rc == 0 ? NULL : find(names.v[i]);
        if (entry == NULL)
            continue;
        rc = add_shown(call, request, entry, ret_reply);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int inspect(struct hull_call *call, const struct volume_ref *request,
                   struct volume *ret_reply)
{
    struct volume_entry *entry;

    int rc = get(call, request->name, &entry);
    if (rc < 0)
        return rc;
    struct volume source = entry->volume;
    hull_message_copy(hull_call_arena(call), &volume_message, &source, ret_reply);
    return 0;
}

/* --- remove, prune --------------------------------------------------------------------------- */

static int remove_one(struct hull_call *call, const char *name)
{
    int rc = state_put(call, NULL, BUCKET, name, NULL, true);
    FAILPOINT(volume_remove_commit);
    if (rc < 0)
        return rc;
    struct volume_entry *entry = find(name);
    if (entry != NULL)
        entry_free(entry);
    event_publish(call, "volume", "destroy", name, "driver", "local", NULL);
    return volume_folder_remove(call, name);
}

static int remove_volume(struct hull_call *call, const struct volume_ref *request,
                         struct hull_empty *ret_reply)
{
    struct container_users_reply users;
    struct volume_entry *entry;

    (void)ret_reply;
    if (find(request->name) == NULL && request->force)
        return 0;
    int rc = get(call, request->name, &entry);
    if (rc == 0)
        rc = in_use(call, request->name, &users);
    if (rc < 0)
        return rc;
    if (users.users.n > 0)
        return hull_fail(call, HULL_CONFLICT, "remove %s: volume is in use - [%s]", request->name,
                         users.users.v[0].id);
    return remove_one(call, hull_strdup(call, request->name));
}

static int prune(struct hull_call *call, const struct prune_request *request,
                 struct volume_prune_reply *ret_reply)
{
    static const char *const allowed[] = {"all", "label", "label!", NULL};
    const struct filters *filters = filters_of(request->filters);
    struct volume_entry *entry, *next;
    struct hull_strv names = {0};
    bool all = false;

    int rc = filters_check(call, filters, allowed);
    if (rc == 0)
        rc = filters_bool(call, filters, "all", &all);
    if (rc < 0)
        return rc;
    HASH_ITER (hh, volumes, entry, next)
        if ((all || hull_map_find(&entry->volume.labels, ANONYMOUS) != NULL) &&
            filters_labels(filters, &entry->volume.labels))
            hull_strv_add(hull_call_arena(call), &names, hull_strdup(call, entry->volume.name));
    for (size_t i = 0; i < names.n; i++) {
        struct container_users_reply users;
        int64_t size = 0;
        rc = in_use(call, names.v[i], &users);
        if (rc == 0 && users.users.n == 0 && find(names.v[i]) != NULL) {
            rc = volume_folder_size(call, names.v[i], &size);
            if (rc == 0)
                rc = remove_one(call, names.v[i]);
            if (rc == 0)
                hull_strv_add(hull_call_arena(call), &ret_reply->volumes_deleted, names.v[i]);
        }
        if (rc < 0)
            return rc;
        ret_reply->space_reclaimed += size;
    }
    event_publish(call, "volume", "prune", "", "reclaimed",
                  hull_printf(call, "%lld", (long long)ret_reply->space_reclaimed), NULL);
    return 0;
}

/* --- for container --------------------------------------------------------------------------- */

static int mount(struct hull_call *call, const struct volume_ref *request,
                 struct volume_mount_reply *ret_reply)
{
    struct volume_entry *entry;

    int rc = get(call, request->name, &entry);
    if (rc == 0)
        ret_reply->path = hull_strdup(call, entry->volume.mountpoint);
    return rc;
}

/* A local folder needs nothing undone. */
static int unmount(struct hull_call *call, const struct volume_ref *request,
                   struct hull_empty *ret_reply)
{
    (void)call;
    (void)request;
    (void)ret_reply;
    return 0;
}

/* --- start ----------------------------------------------------------------------------------- */

static int take_document(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *found = reply;
    struct volume volume;

    (void)ctx;
    int rc =
        json_decode_call(call, &volume_message, found->value, strlen(found->value), 0, &volume);
    if (rc < 0) { /* one bad document does not take the others along */
        hull_log(call, HULL_LOG_ERROR, "volume left out", "volume", found->key, "error",
                 hull_error(call), NULL);
        hull_error_clear(call);
        return 0;
    }
    entry_new(&volume);
    return 0;
}

static int init(struct hull_call *call)
{
    const struct state_key all = {.bucket = BUCKET, .key = ""};
    const struct hull_sink sink = {.reply = take_document};
    struct state_document last;
    struct volume_entry *entry, *next;
    struct hull_strv names = {0};

    int rc = hull_send_many(call, NULL, &state_list_method, &all, &last, &sink);
    if (rc < 0)
        return rc;
    HASH_ITER (hh, volumes, entry, next)
        hull_strv_add(hull_call_arena(call), &names, entry->volume.name);
    return volume_folders_sweep(call, &names);
}

static void fini(void)
{
    struct volume_entry *entry, *next;

    HASH_ITER (hh, volumes, entry, next)
        entry_free(entry);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(volume, create, create),   HULL_HANDLE(volume, list, list),
    HULL_HANDLE(volume, inspect, inspect), HULL_HANDLE(volume, remove, remove_volume),
    HULL_HANDLE(volume, prune, prune),     HULL_HANDLE(volume, mount, mount),
    HULL_HANDLE(volume, unmount, unmount), {0},
};
static const char *const needs[] = {"state", NULL};
static const char *const uses[] = {"container", NULL};

HULL_PLUGIN(volume, .port = "volume", .version = PACKAGE_VERSION, .handlers = handlers,
            .needs = needs, .uses = uses, .init = init, .fini = fini);
