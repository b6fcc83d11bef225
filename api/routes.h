/*
 * routes.h: the one list of HTTP endpoints. plugins/http decodes with it, plugins/remote encodes
 * with it, a test holds it against the published Engine API.
 *
 *     R(METHOD, "path", service, name, STYLE, status)
 *
 * {x} in a path is one segment and fills the request's HULL_PATH field "x"; {x:.*} may hold
 * slashes. Request fields come from where their flags say: HULL_PATH, HULL_QUERY, HULL_HEADER;
 * the HULL_TOP stream is the body; all others are members of the JSON body. STATUS is the
 * answer's when all went well. Styles:
 *
 *     JSON     the reply as JSON (a HULL_TOP field is the whole body)
 *     NOTHING  no body
 *     READY    headers at once, when the handler is ready; the reply as JSON comes later
 *     LINES    each answer a JSON object and a line feed; headers when ready or at the first
 *     PROGRESS the same with CR LF; an error after the first answer is a last object with
 *              errorDetail and error
 *     BYTES    the stream of the reply is the body; HULL_HEADER fields become headers
 *     LOGS     the same, with the content type of an attached stream
 *     HIJACK   the connection becomes the stream of the reply
 *     WEBSOCKET the same as a websocket, for the server only
 *     TEXT     the HULL_TOP string, as text/plain
 */
#ifndef HULL_API_ROUTES_H
#define HULL_API_ROUTES_H

#include "container.h"
#include "events.h"
#include "exec.h"
#include "image.h"
#include "network.h"
#include "system.h"
#include "volume.h"

#define HULL_ROUTES(R)                                                              \
    R(GET, "/_ping", system, ping, TEXT, 200)                                       \
    R(HEAD, "/_ping", system, ping, TEXT, 200)                                      \
    R(GET, "/version", system, version, JSON, 200)                                  \
    R(GET, "/info", system, info, JSON, 200)                                        \
    R(GET, "/events", events, watch, LINES, 200)                                    \
    R(GET, "/system/df", system, df, JSON, 200)                                     \
    R(GET, "/containers/json", container, list, JSON, 200)                          \
    R(POST, "/containers/create", container, create, JSON, 201)                     \
    R(POST, "/containers/prune", container, prune, JSON, 200)                       \
    R(GET, "/containers/{id}/json", container, inspect, JSON, 200)                  \
    R(GET, "/containers/{id}/top", container, top, JSON, 200)                       \
    R(GET, "/containers/{id}/logs", container, logs, LOGS, 200)                     \
    R(GET, "/containers/{id}/changes", container, changes, JSON, 200)               \
    R(GET, "/containers/{id}/export", container, export, BYTES, 200)                \
    R(GET, "/containers/{id}/stats", container, stats, LINES, 200)                  \
    R(POST, "/containers/{id}/resize", container, resize, NOTHING, 200)             \
    R(POST, "/containers/{id}/start", container, start, NOTHING, 204)               \
    R(POST, "/containers/{id}/stop", container, stop, NOTHING, 204)                 \
    R(POST, "/containers/{id}/restart", container, restart, NOTHING, 204)           \
    R(POST, "/containers/{id}/kill", container, kill, NOTHING, 204)                 \
    R(POST, "/containers/{id}/update", container, update, JSON, 200)                \
    R(POST, "/containers/{id}/rename", container, rename, NOTHING, 204)             \
    R(POST, "/containers/{id}/pause", container, pause, NOTHING, 204)               \
    R(POST, "/containers/{id}/unpause", container, unpause, NOTHING, 204)           \
    R(POST, "/containers/{id}/attach", container, attach, HIJACK, 200)              \
    R(GET, "/containers/{id}/attach/ws", container, attach, WEBSOCKET, 101)         \
    R(POST, "/containers/{id}/wait", container, wait, READY, 200)                   \
    R(DELETE, "/containers/{id:.*}", container, remove, NOTHING, 204)               \
    R(HEAD, "/containers/{id}/archive", container, archive_stat, BYTES, 200)        \
    R(GET, "/containers/{id}/archive", container, archive_get, BYTES, 200)          \
    R(PUT, "/containers/{id}/archive", container, archive_put, NOTHING, 200)        \
    R(POST, "/containers/{id}/exec", exec, create, JSON, 201)                       \
    R(POST, "/commit", container, commit, JSON, 201)                                \
    R(POST, "/exec/{id}/start", exec, start, HIJACK, 200)                           \
    R(POST, "/exec/{id}/resize", exec, resize, NOTHING, 200)                        \
    R(GET, "/exec/{id}/json", exec, inspect, JSON, 200)                             \
    R(GET, "/images/json", image, list, JSON, 200)                                  \
    R(POST, "/images/create", image, create, PROGRESS, 200)                         \
    R(POST, "/images/load", image, load, PROGRESS, 200)                             \
    R(POST, "/images/prune", image, prune, JSON, 200)                               \
    R(GET, "/images/get", image, save, BYTES, 200)                                  \
    R(GET, "/images/{name:.*}/get", image, save, BYTES, 200)                        \
    R(GET, "/images/{name:.*}/json", image, inspect, JSON, 200)                     \
    R(GET, "/images/{name:.*}/history", image, history, JSON, 200)                  \
    R(POST, "/images/{name:.*}/tag", image, tag, NOTHING, 201)                      \
    R(DELETE, "/images/{name:.*}", image, remove, JSON, 200)                        \
    R(GET, "/networks", network, list, JSON, 200)                                   \
    R(POST, "/networks/create", network, create, JSON, 201)                         \
    R(POST, "/networks/prune", network, prune, JSON, 200)                           \
    R(GET, "/networks/{id}", network, inspect, JSON, 200)                           \
    R(DELETE, "/networks/{id}", network, remove, NOTHING, 204)                      \
    R(POST, "/networks/{id}/connect", container, connect, NOTHING, 200)             \
    R(POST, "/networks/{id}/disconnect", container, disconnect, NOTHING, 200)       \
    R(GET, "/volumes", volume, list, JSON, 200)                                     \
    R(POST, "/volumes/create", volume, create, JSON, 201)                           \
    R(POST, "/volumes/prune", volume, prune, JSON, 200)                             \
    R(GET, "/volumes/{name}", volume, inspect, JSON, 200)                           \
    R(DELETE, "/volumes/{name}", volume, remove, NOTHING, 204)                      \
    R(POST, "/build/prune", system, build_prune, JSON, 200)                         \
    R(GET, "/plugins", system, plugin_list, JSON, 200)                              \
    R(GET, "/plugins/{name:.*}/json", system, plugin_inspect, JSON, 200)            \
    R(GET, "/hull/fibers", system, fibers, JSON, 200)                               \
    R(GET, "/hull/network/explain", network, explain, JSON, 200)                    \
    R(GET, "/hull/plugins", system, plugins, JSON, 200)                             \
    R(DELETE, "/hull/containers/{id}/logs", container, logs_truncate, NOTHING, 204) \
    R(GET, "/hull/trace", system, trace, LINES, 200)

/*
 * Endpoints of the Engine API that are not there yet: 501 and a message that says so.
 *
 *     N(METHOD, "path", "what it would do")
 */
#define HULL_ROUTES_NOT_YET(N)                               \
    N(POST, "/build", "building images")                     \
    N(POST, "/build/cancel", "building images")              \
    N(POST, "/session", "building images")                   \
    N(POST, "/grpc", "building images")                      \
    N(GET, "/images/search", "registries")                   \
    N(POST, "/images/{name:.*}/push", "registries")          \
    N(GET, "/distribution/{name:.*}/json", "registries")     \
    N(POST, "/auth", "registries")                           \
    N(GET, "/plugins/privileges", "managed plugins")         \
    N(POST, "/plugins/pull", "managed plugins")              \
    N(POST, "/plugins/create", "managed plugins")            \
    N(POST, "/plugins/{name:.*}/enable", "managed plugins")  \
    N(POST, "/plugins/{name:.*}/disable", "managed plugins") \
    N(POST, "/plugins/{name:.*}/upgrade", "managed plugins") \
    N(POST, "/plugins/{name:.*}/push", "managed plugins")    \
    N(POST, "/plugins/{name:.*}/set", "managed plugins")     \
    N(DELETE, "/plugins/{name:.*}", "managed plugins")       \
    N(PUT, "/volumes/{name}", "updating cluster volumes")    \
    N(GET, "/containers/{id}/checkpoints", "checkpoints")    \
    N(POST, "/containers/{id}/checkpoints", "checkpoints")   \
    N(DELETE, "/containers/{id}/checkpoints/{checkpoint}", "checkpoints")

/* Swarm's endpoints: 503 with docker's words for an engine outside a swarm. Prefixes. */
#define HULL_ROUTES_SWARM(S) \
    S("/swarm")              \
    S("/nodes")              \
    S("/services")           \
    S("/tasks")              \
    S("/secrets")            \
    S("/configs")

#define HULL_API_VERSION_MAX "1.51"
#define HULL_API_VERSION_MIN "1.24"

#endif
