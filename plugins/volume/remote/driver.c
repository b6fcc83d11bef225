/*
 * driver.c: volume/remote: volume drivers that are plugins written by somebody else, by the
 * protocol that Docker has for them.
 *
 * A plugin is somebody else's program: each call has a time limit, and what it says is checked
 * before it is believed: a path must be one, a volume must be the one that was asked for. What is
 * wrong fails that call alone, with the plugin's name and the method. A plugin that did not answer
 * a question about all volumes in time is not asked such questions again for a while, so that it
 * does not slow down what others do.
 *
 * A use of a volume (Mount, Unmount) is written down before the plugin hears of it: it is told of
 * the end of each use that it may know of, after a crash of ours as well, and of no other.
 */
#include "plugin_client.h"
#include "protocol.h"
#include "volume_driver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failpoint.h"
#include "volume_uses.h"

#define USES "volume-remote-use"
#define SILENT_MS 60000 /* how long one that did not answer is left alone */
#define UNDO_MS ((int64_t)10000)
#define UNDO_RETRY_MS 1000

#define RVL_OPTIONS_FIELDS(F, T) \
    PLUGIN_DIRS_FIELDS(F, T)     \
    F(T, INT, _, timeout_ms, "plugin-timeout-ms", 0, "How long a call may take, 1 or 2 min else")
HULL_MESSAGE_DECLARE(rvl_options, RVL_OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(rvl_options, RVL_OPTIONS_FIELDS)

static struct plugin_dirs dirs(void)
{
    const struct rvl_options *o = hull_plugin_options("volume/remote");

    return (struct plugin_dirs){o->sockets, o->specs, o->retry_ms};
}

/* --- calls ------------------------------------------------------------------------------------ */

static int call_long(struct hull_call *call, const char *plugin, const char *method,
                     const struct hull_message *request, const void *value,
                     const struct hull_message *reply, void *ret_reply, int64_t timeout_ms)
{
    const struct rvl_options *o = hull_plugin_options("volume/remote");
    struct plugin_dirs where = dirs();
    int64_t limit_ms = o->timeout_ms > 0 ? o->timeout_ms : timeout_ms;

    /* What is taken back is no reason to wait for one that does not listen. */
    if (timeout_ms <= UNDO_MS) {
        limit_ms = limit_ms < UNDO_MS ? limit_ms : UNDO_MS;
        if (where.retry_ms <= 0 || where.retry_ms > UNDO_RETRY_MS)
            where.retry_ms = UNDO_RETRY_MS;
    }
    const struct plugin_call what = {.dirs = &where,
                                     .name = plugin,
                                     .method = method,
                                     .request = request,
                                     .value = value,
                                     .reply = reply,
                                     .timeout_ms = limit_ms};

    return plugin_call(call, &what, ret_reply);
}

static int call_ref(struct hull_call *call, const struct voldriver_ref *ref, const char *method,
                    const struct hull_message *reply, void *ret_reply)
{
    const struct rvl_ref request = {.name = ref->name};

    return call_long(call, ref->driver, method, &rvl_ref_message, &request, reply, ret_reply,
                     PLUGIN_TIMEOUT_MS);
}

/* --- those that do not answer ----------------------------------------------------------------- */

struct silent {
    char *plugin;
    int64_t until_ms;
    struct silent *next;
};
static struct silent *silents;

static void forget_silent(const char *plugin)
{
    for (struct silent **at = &silents; *at != NULL; at = &(*at)->next) {
        struct silent *one = *at;
        if (strcmp(one->plugin, plugin) != 0)
            continue;
        *at = one->next;
        free(one->plugin);
        free(one);
        return;
    }
}

static void remember_silent(const char *plugin)
{
    struct silent *one = calloc(1, sizeof(*one));

    forget_silent(plugin);
    HULL_ASSERT(one != NULL && (one->plugin = strdup(plugin)) != NULL);
    one->until_ms = hull_now_ms() + SILENT_MS;
    one->next = silents;
    silents = one;
}

static bool is_silent(const char *plugin)
{
    for (const struct silent *one = silents; one != NULL; one = one->next)
        if (strcmp(one->plugin, plugin) == 0)
            return hull_now_ms() < one->until_ms;
    return false;
}

/* RC is what a plugin's call came to: whether it answers is known by that. */
static int note(const char *plugin, int rc)
{
    if (rc == -HULL_IO || rc == -HULL_TIMEOUT)
        remember_silent(plugin);
    else if (rc == 0)
        forget_silent(plugin);
    return rc;
}

static void done(void)
{
    while (silents != NULL)
        forget_silent(silents->plugin);
    plugin_client_done();
}

/* --- drivers ---------------------------------------------------------------------------------- */

/* A plugin that only listens to something else is found out when it is asked. */
static int drivers(struct hull_call *call, const struct hull_empty *request,
                   struct voldriver_drivers_reply *ret_reply)
{
    const struct plugin_dirs where = dirs();
    struct hull_strv names;

    (void)request;
    int rc = plugin_list(call, &where, &names);
    for (size_t i = 0; rc == 0 && i < names.n; i++)
        if (!is_silent(names.v[i]))
            hull_strv_add(hull_call_arena(call), &ret_reply->drivers, names.v[i]);
    return rc;
}

static int capabilities(struct hull_call *call, const struct voldriver_ref *request,
                        struct voldriver_capabilities_reply *ret_reply)
{
    static const char method[] = "VolumeDriver.Capabilities";
    const struct plugin_dirs where = dirs();
    struct rvl_capabilities reply = {.capabilities = {.scope = NULL}};

    ret_reply->scope = "local";
    int rc = plugin_activate(call, &where, request->driver, "VolumeDriver");
    if (rc < 0)
        return note(request->driver, rc);
    rc = call_long(call, request->driver, method, NULL, NULL, &rvl_capabilities_message, &reply,
                   PLUGIN_TIMEOUT_MS);
    if (rc == -HULL_NOT_FOUND || rc == -HULL_INTERNAL) { /* older plugins do not have it */
        hull_error_clear(call);
        return 0;
    }
    if (rc < 0)
        return note(request->driver, rc);
    const char *scope = reply.capabilities.scope;
    if (hull_streq(scope, NULL))
        return 0;
    if (strcmp(scope, "local") != 0 && strcmp(scope, "global") != 0)
        return plugin_lie(call, request->driver, method, "unknown scope \"%s\"", scope);
    ret_reply->scope = scope;
    return 0;
}

/* --- volumes ---------------------------------------------------------------------------------- */

static int create(struct hull_call *call, const struct voldriver_create_request *request,
                  struct hull_empty *ret_reply)
{
    const struct rvl_create wanted = {.name = request->name, .opts = request->options};

    (void)ret_reply;
    return call_long(call, request->driver, "VolumeDriver.Create", &rvl_create_message, &wanted,
                     NULL, NULL, PLUGIN_TIMEOUT_LONG_MS);
}

/* Absolute, and as it stands. */
static bool is_path(const char *path)
{
    if (path[0] != '/' || strlen(path) > 4095)
        return false;
    for (const char *at = path; at != NULL; at = strchr(at + 1, '/'))
        if (strncmp(at, "/../", 4) == 0 || strcmp(at, "/..") == 0)
            return false;
    return true;
}

static int take_volume(struct hull_call *call, const char *plugin, const char *method,
                       const struct rvl_volume *said, struct voldriver_volume *ret)
{
    const char *mountpoint = said->mountpoint == NULL ? "" : said->mountpoint;

    if (*mountpoint != '\0' && !is_path(mountpoint))
        return plugin_lie(call, plugin, method, "the mountpoint \"%s\" is no absolute path",
                          mountpoint);
    if (said->status != NULL && said->status[0] != '{' && strcmp(said->status, "null") != 0)
        return plugin_lie(call, plugin, method, "the status is no object");
    *ret = (struct voldriver_volume){.name = said->name,
                                     .mountpoint = mountpoint,
                                     .created_at = said->created_at,
                                     .status = said->status};
    return 0;
}

/* One that is not there now says nothing of its volumes: they are not lost. */
static int check_there(struct hull_call *call, const struct voldriver_ref *request)
{
    const struct plugin_dirs where = dirs();

    if (plugin_exists(call, &where, request->driver))
        return 0;
    return hull_fail(call, HULL_IO,
                     "error while checking if volume \"%s\" exists in driver \"%s\": plugin "
                     "\"%s\" not found; start it",
                     request->name, request->driver, request->driver);
}

/* A plugin says of a volume that it does not have that it failed. */
static int get(struct hull_call *call, const struct voldriver_ref *request,
               struct voldriver_volume *ret_reply)
{
    static const char method[] = "VolumeDriver.Get";
    struct rvl_get reply = {.volume = NULL};

    int rc = check_there(call, request);
    if (rc < 0)
        return rc;
    rc = note(request->driver, call_ref(call, request, method, &rvl_get_message, &reply));
    if (rc == -HULL_INTERNAL || (rc == 0 && reply.volume == NULL)) {
        hull_error_clear(call);
        return hull_fail(call, HULL_NOT_FOUND, "get %s: no such volume", request->name);
    }
    if (rc < 0)
        return rc;
    if (!hull_streq(reply.volume->name, request->name))
        return plugin_lie(call, request->driver, method, "it tells of \"%s\" when asked for \"%s\"",
                          reply.volume->name == NULL ? "" : reply.volume->name, request->name);
    return take_volume(call, request->driver, method, reply.volume, ret_reply);
}

/* The volume goes with its uses. One that the plugin does not have is gone already. */
static int remove_volume(struct hull_call *call, const struct voldriver_ref *request,
                         struct hull_empty *ret_reply)
{
    struct voldriver_volume there;

    (void)ret_reply;
    int rc = get(call, request, &there);
    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call);
        return volume_use_drop_all(call, USES, request->name);
    }
    if (rc == 0)
        rc = call_ref(call, request, "VolumeDriver.Remove", NULL, NULL);
    return rc < 0 ? rc : volume_use_drop_all(call, USES, request->name);
}

/* A name that can't be one of a volume is left out. */
static bool is_name(const char *name)
{
    return !hull_streq(name, NULL) && strlen(name) <= 255 && strchr(name, '/') == NULL &&
           name[0] != '.';
}

static int list(struct hull_call *call, const struct voldriver_ref *request,
                struct voldriver_list_reply *ret_reply)
{
    static const char method[] = "VolumeDriver.List";
    struct rvl_list reply = {.volumes = {0}};

    if (is_silent(request->driver))
        return plugin_lie(call, request->driver, method,
                          "it did not answer a short while ago; it is asked again within %d s",
                          SILENT_MS / 1000);
    int rc = note(request->driver, call_long(call, request->driver, method, NULL, NULL,
                                             &rvl_list_message, &reply, PLUGIN_TIMEOUT_MS));
    for (size_t i = 0; rc == 0 && i < reply.volumes.n; i++) {
        struct voldriver_volume volume;
        if (!is_name(reply.volumes.v[i].name)) {
            hull_log(call, HULL_LOG_WARN, "a plugin's volume is left out of the list", "plugin",
                     request->driver, "volume",
                     reply.volumes.v[i].name == NULL ? "" : reply.volumes.v[i].name, NULL);
            continue;
        }
        rc = take_volume(call, request->driver, method, &reply.volumes.v[i], &volume);
        if (rc == 0)
            *HULL_LIST_ADD(hull_call_arena(call), &ret_reply->volumes) = volume;
    }
    return rc;
}

static int path(struct hull_call *call, const struct voldriver_ref *request,
                struct voldriver_path_reply *ret_reply)
{
    static const char method[] = "VolumeDriver.Path";
    struct rvl_path reply = {.mountpoint = NULL};

    int rc = call_ref(call, request, method, &rvl_path_message, &reply);
    if (rc < 0)
        return rc;
    if (!hull_streq(reply.mountpoint, NULL) && !is_path(reply.mountpoint))
        return plugin_lie(call, request->driver, method,
                          "the mountpoint \"%s\" is no absolute path", reply.mountpoint);
    ret_reply->path = reply.mountpoint;
    return 0;
}

static int usage(struct hull_call *call, const struct voldriver_ref *request,
                 struct voldriver_usage_reply *ret_reply)
{
    (void)call;
    (void)request;
    ret_reply->size = -1; /* reading somebody else's files, over a network perhaps, is too much */
    return 0;
}

/* --- using ------------------------------------------------------------------------------------ */

static int tell(struct hull_call *call, const struct voldriver_mount_request *use,
                const char *method, const struct hull_message *reply, void *ret_reply,
                int64_t timeout_ms)
{
    const struct rvl_ref request = {.name = use->name, .id = use->id};

    return call_long(call, use->driver, method, &rvl_ref_message, &request, reply, ret_reply,
                     timeout_ms);
}

static void undo_use(struct hull_call *call, void *arg)
{
    const struct voldriver_mount_request *use = arg;

    if (volume_use_drop(call, USES, use->name, use->id) < 0)
        hull_log(call, HULL_LOG_WARN, "a volume's use is left written down", "volume", use->name,
                 "error", hull_error(call), NULL);
}

/* It has mounted the volume, or may have, for its answer made no sense: it is told of the end. */
static void undo_mount(struct hull_call *call, void *arg)
{
    if (tell(call, arg, "VolumeDriver.Unmount", NULL, NULL, UNDO_MS) < 0)
        hull_log(call, HULL_LOG_WARN, "a plugin keeps a volume mounted", "error", hull_error(call),
                 NULL);
}

static int check_mounted(struct hull_call *call, const char *plugin, const char *mountpoint)
{
    static const char method[] = "VolumeDriver.Mount";

    if (hull_streq(mountpoint, NULL) || !is_path(mountpoint))
        return plugin_lie(call, plugin, method, "the mountpoint \"%s\" is no absolute path",
                          mountpoint == NULL ? "" : mountpoint);
    return 0;
}

static int mount(struct hull_call *call, const struct voldriver_mount_request *request,
                 struct voldriver_path_reply *ret_reply)
{
    struct voldriver_mount_request *use =
        HULL_NEW(hull_call_arena(call), struct voldriver_mount_request);
    struct rvl_path reply = {.mountpoint = NULL};

    *use = (struct voldriver_mount_request){.driver = hull_strdup(call, request->driver),
                                            .name = hull_strdup(call, request->name),
                                            .id = hull_strdup(call, request->id)};
    int rc = volume_use_add(call, USES, use->name, use->id);
    if (rc < 0)
        return rc;
    hull_undo(call, undo_use, use);
    FAILPOINT(volume_mount_use);
    rc = tell(call, use, "VolumeDriver.Mount", &rvl_path_message, &reply, PLUGIN_TIMEOUT_LONG_MS);
    FAILPOINT(volume_mount_done);
    if (rc == 0 || rc == -HULL_IO || rc == -HULL_CANCELED || rc == -HULL_TIMEOUT)
        hull_undo(call, undo_mount, use);
    if (rc == 0)
        rc = check_mounted(call, use->driver, reply.mountpoint);
    ret_reply->path = reply.mountpoint;
    return rc < 0 ? hull_wrap(call, rc, "error while mounting volume '%s'", use->name) : 0;
}

/* It is over for us whatever the plugin says. */
static int unmount(struct hull_call *call, const struct voldriver_mount_request *request,
                   struct hull_empty *ret_reply)
{
    bool there, others;

    (void)ret_reply;
    int rc = volume_use_find(call, USES, request->name, request->id, &there, &others);
    if (rc < 0 || !there)
        return rc;
    rc = tell(call, request, "VolumeDriver.Unmount", NULL, NULL, PLUGIN_TIMEOUT_LONG_MS);
    FAILPOINT(volume_unmount_done);
    const char *error = rc < 0 ? hull_strdup(call, hull_error(call)) : NULL;
    int dropped = volume_use_drop(call, USES, request->name, request->id);
    if (dropped < 0)
        return dropped;
    return rc < 0 ? hull_fail(call, (enum hull_kind) - rc, "%s", error) : 0;
}

/* The plugin keeps its own house. */
static int settle(struct hull_call *call, const struct voldriver_settle_request *request,
                  struct hull_empty *ret_reply)
{
    (void)call;
    (void)request;
    (void)ret_reply;
    return 0;
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
static const char *const uses[] = {"support/tls", NULL};

HULL_PLUGIN(volume_remote, .port = "volume/remote", .version = PACKAGE_VERSION,
            .handlers = handlers, .needs = needs, .uses = uses, .options = &rvl_options_message,
            .fini = done);
