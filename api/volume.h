/*
 * volume.h: the service "volume": named storage that outlives a container.
 */
#ifndef HULL_API_VOLUME_H
#define HULL_API_VOLUME_H

#include "container.h"

#define VOLUME_USAGE_DATA_FIELDS(F, T) \
    F(T, INT, _, size, "Size", 0, "")  \
    F(T, INT, _, ref_count, "RefCount", 0, "")
HULL_MESSAGE(volume_usage_data, VOLUME_USAGE_DATA_FIELDS)

#define VOLUME_FIELDS(F, T)                                       \
    F(T, STRING, _, name, "Name", 0, "")                          \
    F(T, STRING, _, driver, "Driver", 0, "")                      \
    F(T, STRING, _, mountpoint, "Mountpoint", 0, "")              \
    F(T, STRING, _, created_at, "CreatedAt", 0, "")               \
    F(T, JSON, _, status, "Status", HULL_OMIT, "")                \
    F(T, MAP, _, labels, "Labels", HULL_NULL, "")                 \
    F(T, STRING, _, scope, "Scope", 0, "")                        \
    F(T, JSON, _, cluster_volume, "ClusterVolume", HULL_OMIT, "") \
    F(T, MAP, _, options, "Options", HULL_NULL, "")               \
    F(T, POINTER, volume_usage_data, usage_data, "UsageData", HULL_OMIT, "")
HULL_MESSAGE(volume, VOLUME_FIELDS)

#define VOLUME_CREATE_OPTIONS_FIELDS(F, T)         \
    F(T, STRING, _, name, "Name", 0, "")           \
    F(T, STRING, _, driver, "Driver", 0, "")       \
    F(T, MAP, _, driver_opts, "DriverOpts", 0, "") \
    F(T, MAP, _, labels, "Labels", 0, "")          \
    F(T, JSON, _, cluster_volume_spec, "ClusterVolumeSpec", 0, "")
HULL_MESSAGE(volume_create_options, VOLUME_CREATE_OPTIONS_FIELDS)

#define VOLUME_LIST_REPLY_FIELDS(F, T)            \
    F(T, LIST, volume, volumes, "Volumes", 0, "") \
    F(T, STRV, _, warnings, "Warnings", HULL_NULL, "")
HULL_MESSAGE(volume_list_reply, VOLUME_LIST_REPLY_FIELDS)

HULL_METHOD(volume, create, volume_create_options, volume, 0)

#define VOLUME_LIST_REQUEST_FIELDS(F, T)                                       \
    F(T, STRVMAP, _, filters, "filters", HULL_QUERY, "Filters: key to values") \
    F(T, BOOL, _, usage, "usage", 0, "With UsageData, for system df: reads all files")
HULL_MESSAGE(volume_list_request, VOLUME_LIST_REQUEST_FIELDS)
HULL_METHOD(volume, list, volume_list_request, volume_list_reply, 0)

#define VOLUME_REF_FIELDS(F, T)                                             \
    F(T, STRING, _, name, "name", HULL_PATH | HULL_REQUIRED, "Volume name") \
    F(T, BOOL, _, force, "force", HULL_QUERY, "No error when there is none")
HULL_MESSAGE(volume_ref, VOLUME_REF_FIELDS)
HULL_METHOD(volume, inspect, volume_ref, volume, 0)
HULL_METHOD(volume, remove, volume_ref, hull_empty, 0)

#define VOLUME_PRUNE_REPLY_FIELDS(F, T)                                  \
    F(T, STRV, _, volumes_deleted, "VolumesDeleted", HULL_NULL, "Names") \
    F(T, INT, _, space_reclaimed, "SpaceReclaimed", 0, "Bytes")
HULL_MESSAGE(volume_prune_reply, VOLUME_PRUNE_REPLY_FIELDS)
HULL_METHOD(volume, prune, prune_request, volume_prune_reply, 0)

/* For container, not on HTTP: the folder to bind, made ready. Its path on the host. ID names this
 * use of the volume; unmount ends the same one, and may be sent for one that never began. */
#define VOLUME_MOUNT_REQUEST_FIELDS(F, T)                     \
    F(T, STRING, _, name, "name", HULL_REQUIRED, "Of volume") \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Of this use")
HULL_MESSAGE(volume_mount_request, VOLUME_MOUNT_REQUEST_FIELDS)
#define VOLUME_MOUNT_REPLY_FIELDS(F, T) F(T, STRING, _, path, "path", 0, "Absolute path")
HULL_MESSAGE(volume_mount_reply, VOLUME_MOUNT_REPLY_FIELDS)
HULL_METHOD(volume, mount, volume_mount_request, volume_mount_reply, 0)
HULL_METHOD(volume, unmount, volume_mount_request, hull_empty, 0)
/* The same for a volume that no container uses: the sender knows that, and is not asked. None of
 * that name is no error. */
HULL_METHOD(volume, discard, volume_ref, hull_empty, 0)

#endif
