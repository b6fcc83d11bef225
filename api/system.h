/*
 * system.h: the service "system": what the engine says of itself.
 */
#ifndef HULL_API_SYSTEM_H
#define HULL_API_SYSTEM_H

#include <hull/daemon.h>

#include "container.h"
#include "image.h"
#include "system_types.h"
#include "volume.h"

/* What clients look at before anything else. */
#define SYSTEM_PING_REPLY_FIELDS(F, T)                                                         \
    F(T, STRING, _, body, "body", HULL_TOP, "OK")                                              \
    F(T, STRING, _, builder_version, "Builder-Version", HULL_HEADER, "1: the classic builder") \
    F(T, STRING, _, swarm, "Swarm", HULL_HEADER, "inactive")                                   \
    F(T, STRING, _, cache_control, "Cache-Control", HULL_HEADER, "The answer holds now only")  \
    F(T, STRING, _, pragma, "Pragma", HULL_HEADER, "The same for HTTP/1.0")
HULL_MESSAGE(system_ping_reply, SYSTEM_PING_REPLY_FIELDS)
HULL_METHOD(system, ping, hull_empty, system_ping_reply, 0)
HULL_METHOD(system, version, hull_empty, version_info, 0)
HULL_METHOD(system, info, hull_empty, system_info, 0)
/* The configuration was read again: tell who listens to events, as docker does. */
HULL_METHOD(system, reloaded, hull_empty, hull_empty, 0)

#define SYSTEM_DF_REQUEST_FIELDS(F, T) \
    F(T, STRV, _, types, "type", HULL_QUERY, "container, image, volume, build-cache")
HULL_MESSAGE(system_df_request, SYSTEM_DF_REQUEST_FIELDS)
#define SYSTEM_DF_REPLY_FIELDS(F, T)                                                 \
    F(T, INT, _, layers_size, "LayersSize", 0, "Bytes of all layers")                \
    F(T, LIST, image_summary, images, "Images", HULL_NULL, "Images")                 \
    F(T, LIST, container_summary, containers, "Containers", HULL_NULL, "Containers") \
    F(T, LIST, volume, volumes, "Volumes", HULL_NULL, "Volumes")                     \
    F(T, JSON, _, build_cache, "BuildCache", HULL_NULL, "Cache records")
HULL_MESSAGE(system_df_reply, SYSTEM_DF_REPLY_FIELDS)
HULL_METHOD(system, df, system_df_request, system_df_reply, 0)

/*
 * Docker's managed plugins, of which this engine has none: the list is empty, and each name
 * -HULL_NOT_FOUND. Clients that look for a name in all places ask here too.
 */
#define SYSTEM_PLUGIN_LIST_REPLY_FIELDS(F, T) F(T, STRV, _, plugins, "plugins", HULL_TOP, "None")
HULL_MESSAGE(system_plugin_list_reply, SYSTEM_PLUGIN_LIST_REPLY_FIELDS)
HULL_METHOD(system, plugin_list, hull_empty, system_plugin_list_reply, 0)
#define SYSTEM_PLUGIN_REF_FIELDS(F, T) \
    F(T, STRING, _, name, "name", HULL_PATH | HULL_REQUIRED, "Name of the plugin")
HULL_MESSAGE(system_plugin_ref, SYSTEM_PLUGIN_REF_FIELDS)
HULL_METHOD(system, plugin_inspect, system_plugin_ref, hull_empty, 0)

/* The cache of builds, which nothing fills until images are built: there is nothing to remove. */
#define SYSTEM_BUILD_PRUNE_REPLY_FIELDS(F, T)                            \
    F(T, STRV, _, caches_deleted, "CachesDeleted", HULL_NULL, "Records") \
    F(T, INT, _, space_reclaimed, "SpaceReclaimed", 0, "Bytes")
HULL_MESSAGE(system_build_prune_reply, SYSTEM_BUILD_PRUNE_REPLY_FIELDS)
HULL_METHOD(system, build_prune, prune_request, system_build_prune_reply, 0)

/* hull debug: not in docker's API; served below /hull/. */
#define SYSTEM_FIBERS_REPLY_FIELDS(F, T) \
    F(T, LIST, hull_fiber_info, fibers, "fibers", HULL_TOP, "All")
HULL_MESSAGE(system_fibers_reply, SYSTEM_FIBERS_REPLY_FIELDS)
HULL_METHOD(system, fibers, hull_empty, system_fibers_reply, 0)
#define SYSTEM_PLUGINS_REPLY_FIELDS(F, T) \
    F(T, LIST, hull_plugin_info, plugins, "plugins", HULL_TOP, "All")
HULL_MESSAGE(system_plugins_reply, SYSTEM_PLUGINS_REPLY_FIELDS)
HULL_METHOD(system, plugins, hull_empty, system_plugins_reply, 0)

/* A call of the daemon that has ended, secrets hidden. */
#define SYSTEM_TRACE_EVENT_FIELDS(F, T)                                             \
    F(T, INT, _, time_ns, "Time", 0, "When the call ended, nanoseconds since 1970") \
    F(T, STRING, _, request, "Request", 0, "Request id")                            \
    F(T, INT, _, depth, "Depth", 0, "How many calls are above this one")            \
    F(T, STRING, _, port, "Port", 0, "Port")                                        \
    F(T, STRING, _, method, "Method", 0, "Method")                                  \
    F(T, STRING, _, arguments, "Arguments", 0, "The request")                       \
    F(T, STRING, _, result, "Result", 0, "ok, or kind and message")                 \
    F(T, INT, _, took_us, "TookUs", 0, "Microseconds")
HULL_MESSAGE(system_trace_event, SYSTEM_TRACE_EVENT_FIELDS)
HULL_METHOD(system, trace, hull_empty, system_trace_event, HULL_METHOD_MANY | HULL_METHOD_READY)

#endif
