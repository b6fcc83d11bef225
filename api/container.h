/*
 * container.h: the service "container": the life of a container, from create to remove.
 *
 * ID in a request is a full id, a name or a unique prefix of an id. Errors: -HULL_NOT_FOUND "No
 * such container: X"; -HULL_CONFLICT for what the state forbids; -HULL_NOT_MODIFIED when it is so
 * already.
 */
#ifndef HULL_API_CONTAINER_H
#define HULL_API_CONTAINER_H

#include "container_types.h"
#include "network_types.h"
#include "oci.h"
#include "stats_types.h"

#define CONTAINER_REF_FIELDS(F, T) \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix")
HULL_MESSAGE(container_ref, CONTAINER_REF_FIELDS)

#define CONTAINER_CREATE_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, name, "name", HULL_QUERY, "Name of the container")                      \
    F(T, STRING, _, platform, "platform", HULL_QUERY, "os[/arch[/variant]] of the image")   \
    F(T, EMBED, container_config, config, "", 0, "")                                        \
    F(T, MESSAGE, host_config, host_config, "HostConfig", 0, "Settings that need the host") \
    F(T, BOOL, _, flat_read_only, "FlatReadOnly", HULL_OMIT,                                \
      "Binds as before API 1.44, by which http sets it: what is below stays writable")      \
    F(T, POINTER, networking_config, networking_config, "NetworkingConfig", 0, "Networks to join")
HULL_MESSAGE(container_create_request, CONTAINER_CREATE_REQUEST_FIELDS)
#define CONTAINER_CREATE_REPLY_FIELDS(F, T)             \
    F(T, STRING, _, id, "Id", 0, "Id of the container") \
    F(T, STRV, _, warnings, "Warnings", 0, "What was ignored, and why")
HULL_MESSAGE(container_create_reply, CONTAINER_CREATE_REPLY_FIELDS)
HULL_METHOD(container, create, container_create_request, container_create_reply, 0)

#define CONTAINER_START_REQUEST_FIELDS(F, T)                                                \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, detach_keys, "detachKeys", HULL_QUERY, "Keys that end an attachment")
HULL_MESSAGE(container_start_request, CONTAINER_START_REQUEST_FIELDS)
HULL_METHOD(container, start, container_start_request, hull_empty, 0)

#define CONTAINER_STOP_REQUEST_FIELDS(F, T)                                                 \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, signal, "signal", HULL_QUERY, "Signal to send first")                   \
    F(T, OPT_INT, _, timeout, "t", HULL_QUERY, "Seconds until SIGKILL; -1 waits for ever")
HULL_MESSAGE(container_stop_request, CONTAINER_STOP_REQUEST_FIELDS)
HULL_METHOD(container, stop, container_stop_request, hull_empty, 0)
HULL_METHOD(container, restart, container_stop_request, hull_empty, 0)

#define CONTAINER_KILL_REQUEST_FIELDS(F, T)                                                 \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, signal, "signal", HULL_QUERY, "SIGHUP, HUP or 1; SIGKILL by default")
HULL_MESSAGE(container_kill_request, CONTAINER_KILL_REQUEST_FIELDS)
HULL_METHOD(container, kill, container_kill_request, hull_empty, 0)

HULL_METHOD(container, pause, container_ref, hull_empty, 0)
HULL_METHOD(container, unpause, container_ref, hull_empty, 0)

#define CONTAINER_WAIT_REQUEST_FIELDS(F, T)                                                 \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, condition, "condition", HULL_QUERY, "not-running, next-exit or removed")
HULL_MESSAGE(container_wait_request, CONTAINER_WAIT_REQUEST_FIELDS)
#define CONTAINER_WAIT_ERROR_FIELDS(F, T) F(T, STRING, _, message, "Message", 0, "What went wrong")
HULL_MESSAGE(container_wait_error, CONTAINER_WAIT_ERROR_FIELDS)
#define CONTAINER_WAIT_REPLY_FIELDS(F, T)                     \
    F(T, INT, _, status_code, "StatusCode", 0, "Exit status") \
    F(T, POINTER, container_wait_error, error, "Error", HULL_OMIT, "Why there is no status")
HULL_MESSAGE(container_wait_reply, CONTAINER_WAIT_REPLY_FIELDS)
/* Says hull_ready() as soon as the condition is known and watched. */
HULL_METHOD(container, wait, container_wait_request, container_wait_reply, HULL_METHOD_READY)

#define CONTAINER_REMOVE_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, BOOL, _, volumes, "v", HULL_QUERY, "Remove its anonymous volumes too")             \
    F(T, BOOL, _, force, "force", HULL_QUERY, "Kill it first when it runs")                 \
    F(T, BOOL, _, link, "link", HULL_QUERY, "Remove a link, not the container")
HULL_MESSAGE(container_remove_request, CONTAINER_REMOVE_REQUEST_FIELDS)
HULL_METHOD(container, remove, container_remove_request, hull_empty, 0)

#define CONTAINER_RENAME_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, name, "name", HULL_QUERY, "New name")
HULL_MESSAGE(container_rename_request, CONTAINER_RENAME_REQUEST_FIELDS)
HULL_METHOD(container, rename, container_rename_request, hull_empty, 0)

#define CONTAINER_LIST_REQUEST_FIELDS(F, T)                                     \
    F(T, BOOL, _, all, "all", HULL_QUERY, "Stopped ones too")                   \
    F(T, INT, _, limit, "limit", HULL_QUERY, "At most this many, newest first") \
    F(T, BOOL, _, size, "size", HULL_QUERY, "With sizes")                       \
    F(T, STRVMAP, _, filters, "filters", HULL_QUERY, "Filters: key to values")
HULL_MESSAGE(container_list_request, CONTAINER_LIST_REQUEST_FIELDS)
#define CONTAINER_LIST_REPLY_FIELDS(F, T) \
    F(T, LIST, container_summary, containers, "containers", HULL_TOP, "Newest first")
HULL_MESSAGE(container_list_reply, CONTAINER_LIST_REPLY_FIELDS)
HULL_METHOD(container, list, container_list_request, container_list_reply, 0)

#define CONTAINER_INSPECT_REQUEST_FIELDS(F, T)                                              \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, BOOL, _, size, "size", HULL_QUERY, "With sizes")
HULL_MESSAGE(container_inspect_request, CONTAINER_INSPECT_REQUEST_FIELDS)
HULL_METHOD(container, inspect, container_inspect_request, container_inspect_reply, 0)

#define CONTAINER_TOP_REQUEST_FIELDS(F, T)                                                  \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, ps_args, "ps_args", HULL_QUERY, "Options of ps, -ef by default")
HULL_MESSAGE(container_top_request, CONTAINER_TOP_REQUEST_FIELDS)
#define CONTAINER_TOP_REPLY_FIELDS(F, T)                    \
    F(T, STRV, _, titles, "Titles", 0, "Titles of columns") \
    F(T, JSON, _, processes, "Processes", 0, "A list of strings per process")
HULL_MESSAGE(container_top_reply, CONTAINER_TOP_REPLY_FIELDS)
HULL_METHOD(container, top, container_top_request, container_top_reply, 0)

#define CONTAINER_RESIZE_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, INT, _, height, "h", HULL_QUERY, "Rows of the terminal")                           \
    F(T, INT, _, width, "w", HULL_QUERY, "Columns of the terminal")
HULL_MESSAGE(container_resize_request, CONTAINER_RESIZE_REQUEST_FIELDS)
HULL_METHOD(container, resize, container_resize_request, hull_empty, 0)

#define CONTAINER_ATTACH_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, detach_keys, "detachKeys", HULL_QUERY, "Keys that end an attachment")   \
    F(T, BOOL, _, logs, "logs", HULL_QUERY, "What was logged so far, first")                \
    F(T, BOOL, _, stream, "stream", HULL_QUERY, "What comes from now on")                   \
    F(T, BOOL, _, stdin_, "stdin", HULL_QUERY, "Connect standard input")                    \
    F(T, BOOL, _, stdout_, "stdout", HULL_QUERY, "Connect standard output")                 \
    F(T, BOOL, _, stderr_, "stderr", HULL_QUERY, "Connect standard error")
HULL_MESSAGE(container_attach_request, CONTAINER_ATTACH_REQUEST_FIELDS)
/*
 * A duplex stream. Reading gives frames of 8 bytes of head and a payload (stream number, three
 * zeros, length big-endian), or, with a terminal, the raw output; writing is raw input, and a half
 * close ends it. The stream ends with the process or at the detach keys.
 */
#define CONTAINER_STREAM_REPLY_FIELDS(F, T)                       \
    F(T, STREAM, _, stream, "stream", HULL_TOP, "The connection") \
    F(T, BOOL, _, multiplexed, "multiplexed", 0, "Frames (true) or raw output (false)")
HULL_MESSAGE(container_stream_reply, CONTAINER_STREAM_REPLY_FIELDS)
HULL_METHOD(container, attach, container_attach_request, container_stream_reply, 0)

#define CONTAINER_LOGS_REQUEST_FIELDS(F, T)                                                 \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, BOOL, _, follow, "follow", HULL_QUERY, "Go on with what comes")                    \
    F(T, BOOL, _, stdout_, "stdout", HULL_QUERY, "Standard output")                         \
    F(T, BOOL, _, stderr_, "stderr", HULL_QUERY, "Standard error")                          \
    F(T, STRING, _, since, "since", HULL_QUERY, "seconds[.nanoseconds] or RFC 3339")        \
    F(T, STRING, _, until, "until", HULL_QUERY, "seconds[.nanoseconds] or RFC 3339")        \
    F(T, BOOL, _, timestamps, "timestamps", HULL_QUERY, "Each line begins with its time")   \
    F(T, BOOL, _, details, "details", HULL_QUERY, "With the attributes of the log driver")  \
    F(T, STRING, _, tail, "tail", HULL_QUERY, "This many last lines, or all")
HULL_MESSAGE(container_logs_request, CONTAINER_LOGS_REQUEST_FIELDS)
HULL_METHOD(container, logs, container_logs_request, container_stream_reply, 0)

/*
 * hull's own: forget what the container wrote so far. It may run and write meanwhile, and its log
 * may be followed: what is written afterwards is kept and seen. Lines that a log driver has not
 * delivered yet are forgotten, too.
 */
#define CONTAINER_LOGS_TRUNCATE_REQUEST_FIELDS(F, T) \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix")
HULL_MESSAGE(container_logs_truncate_request, CONTAINER_LOGS_TRUNCATE_REQUEST_FIELDS)
HULL_METHOD(container, logs_truncate, container_logs_truncate_request, hull_empty, 0)

#define CONTAINER_STATS_REQUEST_FIELDS(F, T)                                                \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, OPT_BOOL, _, stream, "stream", HULL_QUERY, "One answer a second, until hang-up")   \
    F(T, BOOL, _, one_shot, "one-shot", HULL_QUERY, "Do not wait for a second reading")
HULL_MESSAGE(container_stats_request, CONTAINER_STATS_REQUEST_FIELDS)
HULL_METHOD(container, stats, container_stats_request, container_stats_reply, HULL_METHOD_MANY)

#define CONTAINER_UPDATE_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, EMBED, resources, resources, "", 0, "")                                            \
    F(T, MESSAGE, restart_policy, restart_policy, "RestartPolicy", 0, "What follows an exit")
HULL_MESSAGE(container_update_request, CONTAINER_UPDATE_REQUEST_FIELDS)
#define CONTAINER_UPDATE_REPLY_FIELDS(F, T) \
    F(T, STRV, _, warnings, "Warnings", HULL_NULL, "What was ignored, and why")
HULL_MESSAGE(container_update_reply, CONTAINER_UPDATE_REPLY_FIELDS)
HULL_METHOD(container, update, container_update_request, container_update_reply, 0)

#define CONTAINER_CHANGES_REPLY_FIELDS(F, T) \
    F(T, LIST, filesystem_change, changes, "changes", HULL_TOP | HULL_NULL, "Changed paths")
HULL_MESSAGE(container_changes_reply, CONTAINER_CHANGES_REPLY_FIELDS)
HULL_METHOD(container, changes, container_ref, container_changes_reply, 0)

/* The tar of the whole tree. */
#define CONTAINER_TAR_REPLY_FIELDS(F, T) \
    F(T, STREAM, _, stream, "stream", HULL_TOP, "An uncompressed tar")
HULL_MESSAGE(container_tar_reply, CONTAINER_TAR_REPLY_FIELDS)
HULL_METHOD(container, export, container_ref, container_tar_reply, 0)

/* Its writable layer and configuration as an image. */
#define CONTAINER_COMMIT_REQUEST_FIELDS(F, T)                                            \
    F(T, STRING, _, id, "container", HULL_QUERY, "Container id, name or id prefix")      \
    F(T, STRING, _, repo, "repo", HULL_QUERY, "Name of the image")                       \
    F(T, STRING, _, tag, "tag", HULL_QUERY, "Its tag")                                   \
    F(T, STRING, _, comment, "comment", HULL_QUERY, "Comment of the image")              \
    F(T, STRING, _, author, "author", HULL_QUERY, "Who made it")                         \
    F(T, OPT_BOOL, _, pause, "pause", HULL_QUERY, "Freeze it meanwhile; so when absent") \
    F(T, STRV, _, changes, "changes", HULL_QUERY, "Dockerfile instructions to apply")    \
    F(T, EMBED, container_config, config, "", 0, "What differs from the container's")
HULL_MESSAGE(container_commit_request, CONTAINER_COMMIT_REQUEST_FIELDS)
#define CONTAINER_COMMIT_REPLY_FIELDS(F, T) F(T, STRING, _, id, "Id", 0, "Id of the image")
HULL_MESSAGE(container_commit_reply, CONTAINER_COMMIT_REPLY_FIELDS)
HULL_METHOD(container, commit, container_commit_request, container_commit_reply, 0)

#define CONTAINER_ARCHIVE_REQUEST_FIELDS(F, T)                                              \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Container id, name or id prefix") \
    F(T, STRING, _, path, "path", HULL_QUERY | HULL_REQUIRED, "Path in the container")      \
    F(T, BOOL, _, no_overwrite_dir_non_dir, "noOverwriteDirNonDir", HULL_QUERY,             \
      "Refuse to replace a directory by a file, or a file by a directory")                  \
    F(T, BOOL, _, copy_uid_gid, "copyUIDGID", HULL_QUERY, "Keep owners")                    \
    F(T, STREAM, _, body, "body", HULL_TOP, "The tar to unpack")
HULL_MESSAGE(container_archive_request, CONTAINER_ARCHIVE_REQUEST_FIELDS)
#define CONTAINER_ARCHIVE_REPLY_FIELDS(F, T)                                                      \
    F(T, STRING, _, stat, "X-Docker-Container-Path-Stat", HULL_HEADER, "Base64 of a JSON object") \
    F(T, STREAM, _, stream, "stream", HULL_TOP, "An uncompressed tar")
HULL_MESSAGE(container_archive_reply, CONTAINER_ARCHIVE_REPLY_FIELDS)
HULL_METHOD(container, archive_stat, container_archive_request, container_archive_reply, 0)
HULL_METHOD(container, archive_get, container_archive_request, container_archive_reply, 0)
HULL_METHOD(container, archive_put, container_archive_request, hull_empty, 0)

#define PRUNE_REQUEST_FIELDS(F, T) \
    F(T, STRVMAP, _, filters, "filters", HULL_QUERY, "Filters: key to values")
HULL_MESSAGE(prune_request, PRUNE_REQUEST_FIELDS)
#define CONTAINER_PRUNE_REPLY_FIELDS(F, T)                                   \
    F(T, STRV, _, containers_deleted, "ContainersDeleted", HULL_NULL, "Ids") \
    F(T, INT, _, space_reclaimed, "SpaceReclaimed", 0, "Bytes")
HULL_MESSAGE(container_prune_reply, CONTAINER_PRUNE_REPLY_FIELDS)
HULL_METHOD(container, prune, prune_request, container_prune_reply, 0)

/* For other services, not on HTTP: which containers use an image, a network or a volume. */
#define CONTAINER_USERS_REQUEST_FIELDS(F, T)                             \
    F(T, STRING, _, image_id, "ImageID", 0, "Image id, or absent")       \
    F(T, STRING, _, network_id, "NetworkID", 0, "Network id, or absent") \
    F(T, STRING, _, volume, "Volume", 0, "Volume name, or absent")
HULL_MESSAGE(container_users_request, CONTAINER_USERS_REQUEST_FIELDS)
#define CONTAINER_USER_FIELDS(F, T)                                    \
    F(T, STRING, _, id, "Id", 0, "Container id")                       \
    F(T, STRING, _, name, "Name", 0, "Name without the slash")         \
    F(T, STRING, _, image_ref, "Image", 0, "Image as given at create") \
    F(T, STRING, _, image_id, "ImageID", 0, "Id of that image")        \
    F(T, BOOL, _, running, "Running", 0, "It runs")
HULL_MESSAGE(container_user, CONTAINER_USER_FIELDS)
#define CONTAINER_USERS_REPLY_FIELDS(F, T) F(T, LIST, container_user, users, "users", 0, "Users")
HULL_MESSAGE(container_users_reply, CONTAINER_USERS_REPLY_FIELDS)
HULL_METHOD(container, users, container_users_request, container_users_reply, 0)

/* For exec: what it needs to know of a container, and how a further process in it runs: with the
 * container's environment, user, folder, capabilities, limits and system call filter. */
#define CONTAINER_LOOKUP_REPLY_FIELDS(F, T)                                                 \
    F(T, STRING, _, id, "Id", 0, "Full id")                                                 \
    F(T, STRING, _, name, "Name", 0, "Name without the slash")                              \
    F(T, STRING, _, runtime, "Runtime", 0, "Port of its runtime, runtime/native")           \
    F(T, MESSAGE, container_state, state, "State", 0, "State")                              \
    F(T, MESSAGE, container_config, config, "Config", 0, "Configuration")                   \
    F(T, MESSAGE, host_config, host_config, "HostConfig", 0, "Settings that need the host") \
    F(T, MESSAGE, oci_process, process, "Process", 0, "The container's own process")        \
    F(T, STRV, _, all_capabilities, "AllCapabilities", 0, "What Privileged gives an exec")  \
    F(T, STRING, _, seccomp_mode, "SeccompMode", 0, "As for runtime.create")                \
    F(T, POINTER, oci_seccomp, seccomp, "Seccomp", 0, "System call filter of mode spec")
HULL_MESSAGE(container_lookup_reply, CONTAINER_LOOKUP_REPLY_FIELDS)
HULL_METHOD(container, lookup, container_ref, container_lookup_reply, 0)

/* Networks of a container that exists: at once when it runs, else from its next start. */
#define CONTAINER_CONNECT_REQUEST_FIELDS(F, T)                                            \
    F(T, STRING, _, id, "id", HULL_PATH | HULL_REQUIRED, "Network id, name or id prefix") \
    F(T, STRING, _, container, "Container", HULL_REQUIRED, "Container")                   \
    F(T, POINTER, endpoint_settings, endpoint_config, "EndpointConfig", 0, "Settings")    \
    F(T, BOOL, _, force, "Force", 0, "Disconnect even when the network is gone")
HULL_MESSAGE(container_connect_request, CONTAINER_CONNECT_REQUEST_FIELDS)
HULL_METHOD(container, connect, container_connect_request, hull_empty, 0)
HULL_METHOD(container, disconnect, container_connect_request, hull_empty, 0)

#endif
