/*
 * volume: named storage that outlives the containers that use it.
 *
 * A volume is a document in the state store; where its files are is a driver's business (the class
 * voldriver). A change of it is written down as an intent before the driver is told, and finished
 * or taken back at the next start (restore.c): a name is never taken by half a volume, and a driver
 * never keeps one that nobody knows of. Who uses a volume is known by the service container.
 *
 * Each name has a lock, which is held while its driver does something: a driver that hangs holds up
 * its own volumes only.
 */
#include "volume_plugin.h"

#include <string.h>

#include "events.h"
#include "failpoint.h"
#include "ids.h"
#include "timefmt.h"

#define NAME_MAX_BYTES 255

static int no_such_volume(struct hull_call *call, const char *name)
{
    return hull_fail(call, HULL_NOT_FOUND, "get %s: no such volume", name);
}

static void copy_volume(struct hull_call *call, const struct volume *from, struct volume *ret)
{
    struct volume source = *from;

    hull_message_copy(hull_call_arena(call), &volume_message, &source, ret);
}

/* --- create ----------------------------------------------------------------------------------- */

static void undo_driver(struct hull_call *call, void *arg)
{
    const struct volume *volume = arg;
    const struct voldriver_ref request = {.driver = volume->driver, .name = volume->name};
    struct hull_empty reply;

    if (voldriver_remove(call, driver_port(call, volume->driver), &request, &reply) < 0)
        hull_log(call, HULL_LOG_WARN, "volume left behind", "volume", volume->name, "driver",
                 volume->driver, "error", hull_error(call), NULL);
}

/* What was written down before: nothing, or a volume that its driver had lost. */
struct making {
    struct slot *slot;
    struct volume *before;
};

static void undo_intent(struct hull_call *call, void *arg)
{
    const struct making *making = arg;

    if (slot_store(call, making->slot, making->before, NULL, false) < 0)
        hull_log(call, HULL_LOG_WARN, "volume left written down", "volume", making->slot->name,
                 "error", hull_error(call), NULL);
}

static int make(struct hull_call *call, struct slot *slot, struct volume *made)
{
    const char *port = driver_port(call, made->driver);
    const struct voldriver_create_request request = {.driver = made->driver,
                                                     .name = made->name,
                                                     .options = made->options,
                                                     .labels = made->labels};
    const struct voldriver_ref ref = {.driver = made->driver, .name = made->name};
    struct voldriver_path_reply path = {.path = NULL};
    struct hull_empty reply;

    struct making *making = HULL_NEW(hull_call_arena(call), struct making);

    making->slot = slot;
    if (slot_there(slot)) {
        making->before = HULL_NEW(hull_call_arena(call), struct volume);
        copy_volume(call, &slot->doc.volume, making->before);
    }
    hull_undo(call, undo_intent, making);
    int rc = slot_store(call, slot, made, "create", false);
    if (rc < 0)
        return rc;
    FAILPOINT(volume_create_intent);
    rc = voldriver_create(call, port, &request, &reply);
    if (rc < 0)
        return rc;
    hull_undo(call, undo_driver, made);
    FAILPOINT(volume_create_driver);
    if (strcmp(made->driver, VOLUME_LOCAL) == 0) /* others say it of a mounted volume */
        rc = voldriver_path(call, port, &ref, &path);
    if (rc < 0)
        return rc;
    made->mountpoint = path.path == NULL ? "" : path.path;
    rc = slot_store(call, slot, made, NULL, true);
    FAILPOINT(volume_create_commit);
    return rc;
}

static int check_request(struct hull_call *call, const struct volume_create_options *request,
                         const char *name)
{
    size_t length = strlen(name);

    if (request->cluster_volume_spec != NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED, "cluster volumes need swarm");
    if (length > NAME_MAX_BYTES || strchr(name, '/') != NULL || name[0] == '.')
        return hull_fail(call, HULL_INVALID,
                         "\"%s\" includes invalid characters for a local volume name, only "
                         "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a "
                         "host directory, use absolute path",
                         name);
    return 0;
}

/*
 * The volume that has the name already: as it is, whatever was asked for, as docker has it. One
 * that its driver has lost meanwhile is made anew: *RET_LOST.
 */
static int take_existing(struct hull_call *call, const struct slot *slot, const char *driver,
                         struct volume *ret, bool *ret_lost)
{
    *ret_lost = false;
    copy_volume(call, &slot->doc.volume, ret);
    if (driver != NULL && strcmp(driver, ret->driver) != 0)
        return hull_fail(call, HULL_CONFLICT,
                         "driver '%s' already has volume '%s': volume name must be unique",
                         ret->driver, ret->name);
    int rc = driver_refresh(call, ret);
    if (rc != -HULL_NOT_FOUND)
        return rc;
    hull_error_clear(call);
    *ret_lost = true;
    return 0;
}

/* One that a driver of others has, without us having made it. */
static int adopt(struct hull_call *call, struct slot *slot, struct volume *ret, bool *ret_found)
{
    int rc = drivers_find(call, slot->name, ret, ret_found);

    if (rc < 0 || !*ret_found)
        return rc;
    return slot_store(call, slot, ret, NULL, true);
}

static int create_in(struct hull_call *call, const struct volume_create_options *request,
                     struct slot *slot, struct volume *ret)
{
    const char *driver = hull_streq(request->driver, NULL) ? NULL : request->driver;
    const char *scope = "local";
    bool anonymous = hull_streq(request->name, NULL), there = slot_there(slot), lost = false;

    int rc = check_request(call, request, slot->name);
    if (rc == 0 && driver != NULL && strcmp(driver, VOLUME_LOCAL) != 0)
        rc = driver_scope(call, driver, &scope);
    if (rc < 0)
        return rc;
    if (there) {
        rc = take_existing(call, slot, driver, ret, &lost);
        if (rc < 0 || !lost)
            return rc;
    } else if (driver == NULL && !anonymous &&
               hull_map_find(&request->labels, VOLUME_ANONYMOUS) == NULL) {
        rc = adopt(call, slot, ret, &there);
        if (rc < 0 || there)
            return rc;
    }
    struct volume *made = HULL_NEW(hull_call_arena(call), struct volume);
    *made = (struct volume){
        .name = hull_strdup(call, slot->name),
        .driver = driver != NULL ? driver
                  : lost         ? ret->driver
                                 : VOLUME_LOCAL,
        .created_at =
            time_format(hull_call_arena(call), hull_time_ns() / TIME_SECOND * TIME_SECOND),
        .labels = request->labels,
        .scope = scope,
        .options = request->driver_opts,
    };
    if (anonymous)
        hull_map_set(hull_call_arena(call), &made->labels, VOLUME_ANONYMOUS, "");
    rc = make(call, slot, made);
    if (rc < 0)
        return rc;
    *ret = *made;
    event_publish(call, "volume", "create", made->name, "driver", made->driver, NULL);
    return 0;
}

static int create(struct hull_call *call, const struct volume_create_options *request,
                  struct volume *ret_reply)
{
    const char *name =
        hull_streq(request->name, NULL) ? id_new(hull_call_arena(call)) : request->name;
    struct slot *slot;

    int rc = slot_lock(call, name, &slot);
    return rc < 0 ? rc
                  : hull_wrap(call, create_in(call, request, slot, ret_reply), "create %s", name);
}

/* --- inspect ---------------------------------------------------------------------------------- */

static int inspect(struct hull_call *call, const struct volume_ref *request,
                   struct volume *ret_reply)
{
    const struct volume *volume = volume_find(request->name);
    bool found;

    if (volume == NULL) {
        int rc = drivers_find(call, request->name, ret_reply, &found);
        return rc < 0 || found ? rc : no_such_volume(call, request->name);
    }
    copy_volume(call, volume, ret_reply);
    int rc = driver_refresh(call, ret_reply);
    return rc == -HULL_NOT_FOUND ? no_such_volume(call, request->name)
                                 : hull_wrap(call, rc, "get %s", request->name);
}

/* --- remove ----------------------------------------------------------------------------------- */

int volume_users(struct hull_call *call, const char *name, struct container_users_reply *ret)
{
    const struct container_users_request request = {.volume = name};

    return container_users(call, NULL, &request, ret);
}

static int check_unused(struct hull_call *call, const char *name)
{
    struct container_users_reply users;
    struct hull_text ids = HULL_TEXT(hull_call_arena(call));

    int rc = volume_users(call, name, &users);
    if (rc < 0 || users.users.n == 0)
        return rc;
    for (size_t i = 0; i < users.users.n; i++)
        hull_text_printf(&ids, "%s%s", i > 0 ? ", " : "", users.users.v[i].id);
    return hull_fail(call, HULL_CONFLICT, "remove %s: volume is in use - [%s]", name, ids.data);
}

/* Nobody is told a volume that is half gone: if its driver refuses, it is there again. */
static int remove_steps(struct hull_call *call, struct slot *slot, struct volume *volume,
                        bool force)
{
    const struct voldriver_ref request = {.driver = volume->driver, .name = volume->name};
    struct hull_empty reply;

    int rc = slot_store(call, slot, volume, "remove", false);
    if (rc < 0)
        return rc;
    FAILPOINT(volume_remove_intent);
    rc = voldriver_remove(call, driver_port(call, volume->driver), &request, &reply);
    if (rc < 0 && !force) {
        const char *error = hull_strdup(call, hull_error(call));
        if (slot_store(call, slot, volume, NULL, false) < 0)
            slot_set(slot, volume, NULL);
        return hull_fail(call, (enum hull_kind) - rc, "remove %s: %s", volume->name, error);
    }
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "volume forgotten, which its driver could not remove",
                 "volume", volume->name, "error", hull_error(call), NULL);
    hull_error_clear(call);
    FAILPOINT(volume_remove_driver);
    rc = slot_store(call, slot, NULL, NULL, true);
    FAILPOINT(volume_remove_commit);
    return rc;
}

int volume_remove_one(struct hull_call *call, struct slot *slot, bool force)
{
    struct volume volume;

    copy_volume(call, &slot->doc.volume, &volume);
    hull_shield(call);
    int rc = remove_steps(call, slot, &volume, force);
    hull_unshield(call);
    if (rc == 0)
        event_publish(call, "volume", "destroy", volume.name, "driver", volume.driver, NULL);
    return rc;
}

static int remove_volume(struct hull_call *call, const struct volume_ref *request,
                         struct hull_empty *ret_reply)
{
    struct slot *slot;
    struct volume foreign;
    bool found = false;

    (void)ret_reply;
    int rc = slot_lock(call, request->name, &slot);
    if (rc == 0 && !slot_there(slot))
        rc = adopt(call, slot, &foreign, &found);
    if (rc < 0)
        return rc;
    if (!slot_there(slot))
        return request->force ? 0 : no_such_volume(call, request->name);
    rc = check_unused(call, request->name);
    return rc < 0 ? rc : volume_remove_one(call, slot, request->force);
}

/* --- for container ---------------------------------------------------------------------------- */

static int discard(struct hull_call *call, const struct volume_ref *request,
                   struct hull_empty *ret_reply)
{
    struct slot *slot;

    (void)ret_reply;
    int rc = slot_lock(call, request->name, &slot);
    return rc < 0 || !slot_there(slot) ? rc : volume_remove_one(call, slot, false);
}

static int mount(struct hull_call *call, const struct volume_mount_request *request,
                 struct volume_mount_reply *ret_reply)
{
    struct voldriver_path_reply path;
    struct slot *slot;

    int rc = slot_lock(call, request->name, &slot);
    if (rc == 0 && !slot_there(slot))
        rc = no_such_volume(call, request->name);
    if (rc < 0)
        return rc;
    const char *driver = hull_strdup(call, slot->doc.volume.driver);
    const struct voldriver_mount_request wanted = {
        .driver = driver, .name = request->name, .id = request->id};
    rc = voldriver_mount(call, driver_port(call, driver), &wanted, &path);
    if (rc == 0)
        ret_reply->path = path.path;
    return rc;
}

static int unmount(struct hull_call *call, const struct volume_mount_request *request,
                   struct hull_empty *ret_reply)
{
    struct slot *slot;

    int rc = slot_lock(call, request->name, &slot);
    if (rc < 0 || !slot_there(slot))
        return rc;
    const char *driver = hull_strdup(call, slot->doc.volume.driver);
    const struct voldriver_mount_request wanted = {
        .driver = driver, .name = request->name, .id = request->id};
    return voldriver_unmount(call, driver_port(call, driver), &wanted, ret_reply);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(volume, create, create),
    HULL_HANDLE(volume, list, volume_handle_list),
    HULL_HANDLE(volume, inspect, inspect),
    HULL_HANDLE(volume, remove, remove_volume),
    HULL_HANDLE(volume, prune, volume_handle_prune),
    HULL_HANDLE(volume, mount, mount),
    HULL_HANDLE(volume, unmount, unmount),
    HULL_HANDLE(volume, discard, discard),
    {0},
};
static const char *const needs[] = {"state", NULL};
static const char *const uses[] = {"container", "volume/local", "volume/remote", NULL};

HULL_PLUGIN(volume, .port = "volume", .version = PACKAGE_VERSION, .handlers = handlers,
            .needs = needs, .uses = uses, .init = volume_restore, .fini = slots_done);
