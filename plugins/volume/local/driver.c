/*
 * driver.c: volume/local: a volume is a folder, DATA-ROOT/volumes/NAME/_data. With the options
 * type, device and o something is mounted there while containers use it.
 *
 * A volume without options is its folder and nothing else: it is not counted who uses it. The
 * options of one that has some, and each use of it, are documents of the state store, written
 * before the mount and removed after it has ended: what a killed daemon left mounted is unmounted
 * when the last use goes. Whether something is mounted is asked of the kernel, for a host that was
 * started anew has mounted nothing.
 */
#include "local.h"

#include <string.h>

#include "failpoint.h"
#include "json.h"
#include "state.h"
#include "timefmt.h"
#include "volume_uses.h"

static int check_name(struct hull_call *call, const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char others[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = name == NULL ? 0 : strlen(name);

    if (length == 1)
        return hull_fail(call, HULL_INVALID,
                         "volume name is too short, names should be at least two alphanumeric "
                         "characters");
    if (length < 1 || length > 255 || strspn(name, letters) < 1 || strspn(name, others) != length)
        return hull_fail(call, HULL_INVALID,
                         "\"%s\" includes invalid characters for a local volume name, only "
                         "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a "
                         "host directory, use absolute path",
                         length < 1 ? "" : name);
    return 0;
}

/* The options of NAME; none when it has no document. */
static int load_options(struct hull_call *call, const char *name, struct lv_options *ret)
{
    struct state_document document;
    bool found;

    *ret = (struct lv_options){.type = NULL};
    int rc = state_find(call, NULL, LV_OPTIONS, name, &document, &found);
    if (rc < 0 || !found)
        return rc;
    rc =
        json_decode_call(call, &lv_options_message, document.value, strlen(document.value), 0, ret);
    return rc == 0 ? 0
                   : hull_fail(call, HULL_IO, "the options of volume %s can't be read: %s", name,
                               hull_strdup(call, hull_error(call)));
}

/* --- making and removing ---------------------------------------------------------------------- */

static int forget(struct hull_call *call, const char *name)
{
    int rc = volume_use_drop_all(call, LV_USES, name);

    return rc < 0 ? rc : state_put(call, NULL, LV_OPTIONS, name, NULL, false);
}

static void undo_create(struct hull_call *call, void *name)
{
    int rc = lv_folder_remove(call, name);

    if (rc == 0)
        rc = forget(call, name);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "volume left behind", "volume", name, "error",
                 hull_error(call), NULL);
}

static int create(struct hull_call *call, const struct voldriver_create_request *request,
                  struct hull_empty *ret_reply)
{
    struct lv_options options;
    int64_t made_s;

    (void)ret_reply;
    int rc = check_name(call, request->name);
    if (rc == 0)
        rc = lv_options_parse(call, &request->options, &options);
    if (rc < 0)
        return rc;
    rc = lv_folder_stat(call, request->name, &made_s);
    if (rc != -HULL_NOT_FOUND)
        return rc;
    hull_error_clear(call);
    hull_undo(call, undo_create, hull_strdup(call, request->name));
    /* Before the folder: a volume that is there has its options. */
    if (request->options.n > 0)
        rc = state_put(call, NULL, LV_OPTIONS, request->name,
                       json_string(hull_call_arena(call), &lv_options_message, &options), false);
    else
        rc = 0;
    if (rc == 0)
        rc = lv_folder_make(call, request->name, lv_options_size(&options));
    FAILPOINT(volume_create_folder);
    return rc;
}

static int remove_volume(struct hull_call *call, const struct voldriver_ref *request,
                         struct hull_empty *ret_reply)
{
    (void)ret_reply;
    int rc = check_name(call, request->name);
    if (rc == 0)
        rc = lv_folder_remove(call, request->name);
    return rc < 0 ? rc : forget(call, request->name);
}

/* --- looking ---------------------------------------------------------------------------------- */

static int find(struct hull_call *call, const struct voldriver_ref *request, int64_t *ret_made_s)
{
    int rc = check_name(call, request->name);

    return rc < 0 ? rc : lv_folder_stat(call, request->name, ret_made_s);
}

static int get(struct hull_call *call, const struct voldriver_ref *request,
               struct voldriver_volume *ret_reply)
{
    int64_t made_s;

    int rc = find(call, request, &made_s);
    if (rc < 0)
        return rc;
    ret_reply->name = request->name;
    ret_reply->mountpoint = lv_path(call, request->name);
    ret_reply->created_at = time_format(hull_call_arena(call), made_s * TIME_SECOND);
    return 0;
}

static int list(struct hull_call *call, const struct voldriver_ref *request,
                struct voldriver_list_reply *ret_reply)
{
    struct hull_strv names;

    (void)request;
    int rc = lv_folders_list(call, &names);
    for (size_t i = 0; rc == 0 && i < names.n; i++)
        *HULL_LIST_ADD(hull_call_arena(call), &ret_reply->volumes) =
            (struct voldriver_volume){.name = names.v[i], .mountpoint = lv_path(call, names.v[i])};
    return rc;
}

static int path(struct hull_call *call, const struct voldriver_ref *request,
                struct voldriver_path_reply *ret_reply)
{
    int64_t made_s;

    int rc = find(call, request, &made_s);
    if (rc == 0)
        ret_reply->path = lv_path(call, request->name);
    return rc;
}

static int usage(struct hull_call *call, const struct voldriver_ref *request,
                 struct voldriver_usage_reply *ret_reply)
{
    int rc = check_name(call, request->name);

    return rc < 0 ? rc : lv_folder_size(call, request->name, &ret_reply->size);
}

static int capabilities(struct hull_call *call, const struct voldriver_ref *request,
                        struct voldriver_capabilities_reply *ret_reply)
{
    (void)call;
    (void)request;
    ret_reply->scope = "local";
    return 0;
}

/* The one at this port has a port of its own: itself. */
static int drivers(struct hull_call *call, const struct hull_empty *request,
                   struct voldriver_drivers_reply *ret_reply)
{
    (void)call;
    (void)request;
    (void)ret_reply;
    return 0;
}

/* --- using ------------------------------------------------------------------------------------ */

struct use {
    const char *name, *id;
};

/* The mount failed: it is not used, and nothing stays that nobody else wants. */
static void undo_use(struct hull_call *call, void *arg)
{
    const struct use *use = arg;

    if (volume_use_drop(call, LV_USES, use->name, use->id) < 0)
        hull_log(call, HULL_LOG_WARN, "a volume's use is left written down", "volume", use->name,
                 "error", hull_error(call), NULL);
}

static int mount_options(struct hull_call *call, const struct voldriver_mount_request *request,
                         const struct lv_options *options)
{
    struct use *use = HULL_NEW(hull_call_arena(call), struct use);
    bool there, others;

    int rc = volume_use_find(call, LV_USES, request->name, request->id, &there, &others);
    if (rc < 0)
        return rc;
    if (!there) {
        *use = (struct use){hull_strdup(call, request->name), hull_strdup(call, request->id)};
        hull_undo(call, undo_use, use);
        rc = volume_use_add(call, LV_USES, request->name, request->id);
    }
    FAILPOINT(volume_mount_use);
    if (rc == 0)
        rc = lv_mount(call, request->name, options);
    FAILPOINT(volume_mount_done);
    return rc;
}

static int mount(struct hull_call *call, const struct voldriver_mount_request *request,
                 struct voldriver_path_reply *ret_reply)
{
    struct lv_options options;
    int64_t made_s;

    int rc = check_name(call, request->name);
    if (rc == 0)
        rc = lv_folder_stat(call, request->name, &made_s);
    if (rc == 0)
        rc = load_options(call, request->name, &options);
    if (rc == 0 && lv_options_mount(&options))
        rc = mount_options(call, request, &options);
    if (rc == 0)
        ret_reply->path = lv_path(call, request->name);
    return rc;
}

static int unmount(struct hull_call *call, const struct voldriver_mount_request *request,
                   struct hull_empty *ret_reply)
{
    struct lv_options options;
    bool there = false, others = false;

    (void)ret_reply;
    int rc = check_name(call, request->name);
    if (rc == 0)
        rc = load_options(call, request->name, &options);
    if (rc == 0 && lv_options_mount(&options))
        rc = volume_use_find(call, LV_USES, request->name, request->id, &there, &others);
    if (rc < 0 || !there)
        return rc;
    if (!others)
        rc = lv_unmount(call, request->name);
    FAILPOINT(volume_unmount_done);
    return rc < 0 ? rc : volume_use_drop(call, LV_USES, request->name, request->id);
}

static int settle(struct hull_call *call, const struct voldriver_settle_request *request,
                  struct hull_empty *ret_reply)
{
    (void)ret_reply;
    return lv_folders_sweep(call, &request->names);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(voldriver, create, create), HULL_HANDLE(voldriver, remove, remove_volume),
    HULL_HANDLE(voldriver, get, get),       HULL_HANDLE(voldriver, list, list),
    HULL_HANDLE(voldriver, mount, mount),   HULL_HANDLE(voldriver, unmount, unmount),
    HULL_HANDLE(voldriver, path, path),     HULL_HANDLE(voldriver, capabilities, capabilities),
    HULL_HANDLE(voldriver, usage, usage),   HULL_HANDLE(voldriver, drivers, drivers),
    HULL_HANDLE(voldriver, settle, settle), {},
};
static const char *const needs[] = {"state", NULL};

HULL_PLUGIN(volume_local, .port = "volume/local", .version = PACKAGE_VERSION, .handlers = handlers,
            .needs = needs);
