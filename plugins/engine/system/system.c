/*
 * system: what the engine says of itself: version, info, disk usage, and, for `hull debug`, its
 * fibers, plugins and calls. It knows nothing itself: it asks the services concerned and the
 * kernel at the moment it is asked.
 */
#include "system_plugin.h"

#include <string.h>
#include <sys/utsname.h>

#include "json.h"
#include "platform.h"
#include "routes.h"
#include "show.h"

static int ping(struct hull_call *call, const struct hull_empty *request,
                struct system_ping_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct system_ping_reply){
        .body = "OK",
        .builder_version = "1",
        .swarm = "inactive",
        .cache_control = "no-cache, no-store, must-revalidate",
        .pragma = "no-cache",
    };
    return 0;
}

static int build_prune(struct hull_call *call, const struct prune_request *request,
                       struct system_build_prune_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct system_build_prune_reply){0};
    return 0;
}

static int plugin_list(struct hull_call *call, const struct hull_empty *request,
                       struct system_plugin_list_reply *ret_reply)
{
    (void)call;
    (void)request;
    *ret_reply = (struct system_plugin_list_reply){0};
    return 0;
}

static int plugin_inspect(struct hull_call *call, const struct system_plugin_ref *request,
                          struct hull_empty *ret_reply)
{
    (void)ret_reply;
    return hull_fail(call, HULL_NOT_FOUND, "plugin \"%s\" not found", request->name);
}

static void component(struct hull_call *call, struct version_info *info, const char *name,
                      const struct hull_map *details)
{
    *HULL_LIST_ADD(hull_call_arena(call), &info->components) =
        (struct version_component){.name = name, .version = PACKAGE_VERSION, .details = *details};
}

static int version(struct hull_call *call, const struct hull_empty *request,
                   struct version_info *ret_reply)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_map details = {0}, none = {0};
    struct utsname host;

    (void)request;
    if (uname(&host) < 0)
        return hull_fail(call, HULL_INTERNAL, "uname failed");
    *ret_reply = (struct version_info){
        .platform = {.name = "hull"},
        .version = PACKAGE_VERSION,
        .api_version = HULL_API_VERSION_MAX,
        .min_api_version = HULL_API_VERSION_MIN,
        .os = "linux",
        .arch = platform_host_architecture(),
        .kernel_version = hull_strdup(call, host.release),
    };
    hull_map_set(arena, &details, "ApiVersion", HULL_API_VERSION_MAX);
    hull_map_set(arena, &details, "Arch", ret_reply->arch);
    hull_map_set(arena, &details, "Experimental", "false");
    hull_map_set(arena, &details, "KernelVersion", ret_reply->kernel_version);
    hull_map_set(arena, &details, "MinAPIVersion", HULL_API_VERSION_MIN);
    hull_map_set(arena, &details, "Os", "linux");
    component(call, ret_reply, "Engine", &details);
    component(call, ret_reply, "hull-shim", &none);
    component(call, ret_reply, "hull-init", &none);
    return 0;
}

/* --- disk usage ------------------------------------------------------------------------------ */

static bool wants(const struct system_df_request *request, const char *type)
{
    return request->types.n == 0 || hull_strv_contains(&request->types, type);
}

/* Bytes of all layers, each counted once however many images share it. */
static int layers_size(struct hull_call *call, const struct system_df_reply *df, int64_t *ret_size)
{
    struct hull_map seen = {0};

    *ret_size = 0;
    for (size_t i = 0; i < df->images.n; i++) {
        const struct image_ref ref = {.name = df->images.v[i].id};
        struct image_resolve_reply image;
        int rc = image_resolve(call, NULL, &ref, &image);
        for (size_t j = 0; rc == 0 && j < image.chain.n; j++) {
            const struct storage_layer layer = {.chain_id = image.chain.v[j]};
            struct storage_layer found;
            if (hull_map_find(&seen, layer.chain_id) != NULL)
                continue;
            hull_map_set(hull_call_arena(call), &seen, layer.chain_id, "");
            rc = storage_layer_stat(call, image.storage, &layer, &found);
            *ret_size += rc == 0 ? found.size : 0;
        }
        if (rc < 0 && rc != -HULL_NOT_FOUND) /* removed meanwhile */
            return rc;
    }
    hull_error_clear(call);
    return 0;
}

static int df_images(struct hull_call *call, struct system_df_reply *reply)
{
    const struct image_list_request request = {.all = false, .shared_size = true};
    struct image_list_reply list;

    int rc = image_list(call, NULL, &request, &list);
    if (rc < 0)
        return rc;
    reply->images.n = list.images.n;
    reply->images.v = list.images.v;
    return layers_size(call, reply, &reply->layers_size);
}

static int df_containers(struct hull_call *call, struct system_df_reply *reply)
{
    const struct container_list_request request = {.all = true, .size = true};
    struct container_list_reply list;

    int rc = container_list(call, NULL, &request, &list);
    if (rc < 0)
        return rc;
    reply->containers.n = list.containers.n;
    reply->containers.v = list.containers.v;
    return 0;
}

static int df_volumes(struct hull_call *call, struct system_df_reply *reply)
{
    const struct volume_list_request request = {.usage = true};
    struct volume_list_reply list;

    int rc = volume_list(call, NULL, &request, &list);
    if (rc < 0)
        return rc;
    reply->volumes.n = list.volumes.n;
    reply->volumes.v = list.volumes.v;
    return 0;
}

static int df(struct hull_call *call, const struct system_df_request *request,
              struct system_df_reply *ret_reply)
{
    static const struct {
        const char *type;
        int (*fill)(struct hull_call *call, struct system_df_reply *reply);
    } types[] = {
        {"image", df_images},
        {"container", df_containers},
        {"volume", df_volumes},
        {"build-cache", NULL},
    };

    for (size_t i = 0; i < request->types.n; i++) {
        bool known = false;
        for (size_t j = 0; j < HULL_COUNT(types); j++)
            known |= hull_streq(types[j].type, request->types.v[i]);
        if (!known)
            return hull_fail(call, HULL_INVALID, "unknown object type: %s", request->types.v[i]);
    }
    for (size_t i = 0; i < HULL_COUNT(types); i++) {
        int rc = types[i].fill != NULL && wants(request, types[i].type)
                     ? types[i].fill(call, ret_reply)
                     : 0;
        if (rc < 0)
            return rc;
    }
    if (wants(request, "build-cache"))
        ret_reply->build_cache = "[]"; /* nothing is built yet, so nothing is cached */
    return 0;
}

/* --- hull debug ------------------------------------------------------------------------------ */

static int fibers(struct hull_call *call, const struct hull_empty *request,
                  struct system_fibers_reply *ret_reply)
{
    struct hull_fiber_info_list list = {0};

    (void)request;
    hull_debug_fibers(hull_call_arena(call), &list);
    ret_reply->fibers.n = list.n;
    ret_reply->fibers.v = list.v;
    return 0;
}

static int plugins(struct hull_call *call, const struct hull_empty *request,
                   struct system_plugins_reply *ret_reply)
{
    struct hull_plugin_info_list list = {0};

    (void)request;
    hull_debug_plugins(hull_call_arena(call), &list);
    ret_reply->plugins.n = list.n;
    ret_reply->plugins.v = list.v;
    return 0;
}

static const struct hull_topic trace_topic = {"trace", &system_trace_event_message};
static unsigned watchers;

static void publish_trace(const struct hull_trace *trace)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const struct hull_method *method = trace->method;
    const char *result = "ok";

    if (trace->rc < 0)
        result = hull_arena_printf(arena, "%s: %s", hull_kind_name(trace->rc), trace->error);
    struct system_trace_event event = {
        .time_ns = hull_time_ns(),
        .request = trace->id,
        .depth = trace->depth,
        .port = trace->port,
        .method = hull_arena_printf(arena, "%s.%s", method->service, method->name),
        .arguments = message_show(arena, method->request, trace->request),
        .result = result,
        .took_us = trace->took_us,
    };
    hull_publish(&trace_topic, &event);
}

static void unwatch(struct hull_call *call, void *subscription)
{
    (void)call;
    hull_unsubscribe(subscription);
    if (--watchers == 0)
        hull_trace_set(NULL);
}

/* Every call of the daemon but those of the one who watches. */
static int trace(struct hull_call *call, const struct hull_empty *request,
                 struct system_trace_event *ret_reply)
{
    struct hull_subscription *subscription = hull_subscribe(&trace_topic, 1024);

    (void)request;
    (void)ret_reply;
    watchers++;
    hull_trace_set(publish_trace);
    hull_defer(call, unwatch, subscription);
    int rc = hull_ready(call);
    while (rc == 0) {
        HULL_AUTO_ARENA *arena = hull_arena_new();
        struct system_trace_event event;
        rc = hull_next_event(call, subscription, arena, &event, NULL);
        if (rc == 0 && !hull_streq(event.request, hull_call_id(call)))
            rc = hull_emit(call, &event);
    }
    return rc;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(system, ping, ping),
    HULL_HANDLE(system, build_prune, build_prune),
    HULL_HANDLE(system, plugin_list, plugin_list),
    HULL_HANDLE(system, plugin_inspect, plugin_inspect),
    HULL_HANDLE(system, version, version),
    HULL_HANDLE(system, info, system_info_get),
    HULL_HANDLE(system, reloaded, system_tell_reload),
    HULL_HANDLE(system, df, df),
    HULL_HANDLE(system, fibers, fibers),
    HULL_HANDLE(system, plugins, plugins),
    HULL_HANDLE(system, trace, trace),
    {0},
};
static const char *const uses[] = {"container", "image", "volume", "events", NULL};

HULL_PLUGIN(system, .port = "system", .version = PACKAGE_VERSION, .handlers = handlers,
            .uses = uses, .fini = system_info_done);
