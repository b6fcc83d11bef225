/*
 * storage.h: the class "storage": image layers and the writable layers of containers
 * (ports storage/overlay, storage/vfs). A driver keeps its files below ROOT/<name>/ and owns
 * them. Layers are named by chain id ("sha256:<hex>"), writable layers by container id.
 */
#ifndef HULL_API_STORAGE_H
#define HULL_API_STORAGE_H

#include "container_types.h"

/* Can this driver work below the data root? Called first. */
#define STORAGE_PROBE_REPLY_FIELDS(F, T)                                         \
    F(T, BOOL, _, supported, "supported", 0, "It works here")                    \
    F(T, STRING, _, reason, "reason", 0, "Why not, or which fallback is in use") \
    F(T, STRING, _, name, "name", 0, "As docker names it: overlay2, vfs")        \
    F(T, INT, _, rank, "rank", 0, "The highest supported one is chosen")         \
    F(T, MAP, _, status, "status", 0, "For info: Backing Filesystem, …")
HULL_MESSAGE(storage_probe_reply, STORAGE_PROBE_REPLY_FIELDS)
HULL_METHOD(storage, probe, hull_empty, storage_probe_reply, 0)

/*
 * A new layer. begin: an empty (overlay) or copied (vfs) directory to unpack into, not visible
 * yet; -HULL_NOT_MODIFIED when the layer exists. commit makes it visible, durable, atomically.
 */
#define STORAGE_LAYER_FIELDS(F, T)                                                 \
    F(T, STRING, _, chain_id, "chain", HULL_REQUIRED, "Chain id")                  \
    F(T, STRING, _, parent, "parent", 0, "Chain id of the layer below, or absent") \
    F(T, STRING, _, token, "token", 0, "What begin gave")                          \
    F(T, INT, _, size, "size", 0, "commit: bytes unpacked, remembered")
HULL_MESSAGE(storage_layer, STORAGE_LAYER_FIELDS)
#define STORAGE_BEGIN_REPLY_FIELDS(F, T)                          \
    F(T, FD, _, dir_fd, "dir", 0, "The directory to unpack into") \
    F(T, STRING, _, token, "token", 0, "For commit or abort")     \
    F(T, STRING, _, whiteouts, "whiteouts", 0,                    \
      "overlay: write as char 0:0 and opaque xattrs; apply: delete from the tree")
HULL_MESSAGE(storage_begin_reply, STORAGE_BEGIN_REPLY_FIELDS)
/* -HULL_NOT_FOUND when the parent does not exist. The descriptor is the caller's. */
HULL_METHOD(storage, layer_begin, storage_layer, storage_begin_reply, 0)
HULL_METHOD(storage, layer_commit, storage_layer, hull_empty, 0)
/* What begin made is removed. Not needed after a crash: the sweep finds it. */
HULL_METHOD(storage, layer_abort, storage_layer, hull_empty, 0)
/* Idempotent. The caller knows that nobody uses it. */
HULL_METHOD(storage, layer_remove, storage_layer, hull_empty, 0)
/* -HULL_NOT_FOUND when there is none; size of the layer otherwise. */
HULL_METHOD(storage, layer_stat, storage_layer, storage_layer, 0)

/* A writable layer on top of CHAIN. create: -HULL_CONFLICT when the id has one, -HULL_NOT_FOUND
 * when a layer is missing, -HULL_NOT_SUPPORTED when the size can't be limited here. remove is
 * idempotent; the id is enough. */
#define STORAGE_CONTAINER_FIELDS(F, T)                                              \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Container id")                        \
    F(T, STRV, _, chain, "chain", 0, "Chain ids, lowest first")                     \
    F(T, INT, _, size, "size", 0, "create: it may take so many bytes; 0: no limit") \
    F(T, BOOL, _, readonly, "readonly", 0, "mount: without the writable layer")     \
    F(T, FD, _, userns_fd, "userns", HULL_LENT,                                     \
      "mount: show ids as this user namespace has them, when uid is set")           \
    F(T, INT, _, uid, "uid", 0, "mount: who is 0 there")                            \
    F(T, INT, _, gid, "gid", 0, "mount: which group is 0 there")
HULL_MESSAGE(storage_container, STORAGE_CONTAINER_FIELDS)
HULL_METHOD(storage, create, storage_container, hull_empty, 0)
HULL_METHOD(storage, remove, storage_container, hull_empty, 0)
/* A detached mount of the container's tree, the caller's: nothing shows up in the host's mount
 * table. -HULL_NOT_FOUND when a layer or the writable layer is missing, -HULL_NOT_SUPPORTED when
 * kernel or file system can't show its ids by a user namespace. */
#define STORAGE_MOUNT_REPLY_FIELDS(F, T)                           \
    F(T, FD, _, mount_fd, "mount", 0, "From fsmount or open_tree") \
    F(T, MAP, _, data, "data", 0, "GraphDriver.Data of inspect: UpperDir, LowerDir, …")
HULL_MESSAGE(storage_mount_reply, STORAGE_MOUNT_REPLY_FIELDS)
HULL_METHOD(storage, mount, storage_container, storage_mount_reply, 0)
/* GraphDriver.Data without a mount. */
HULL_METHOD(storage, describe, storage_container, storage_mount_reply, 0)
/* Bytes in the writable layer; the id is enough. */
#define STORAGE_USAGE_REPLY_FIELDS(F, T) F(T, INT, _, size, "size", 0, "Bytes")
HULL_MESSAGE(storage_usage_reply, STORAGE_USAGE_REPLY_FIELDS)
HULL_METHOD(storage, usage, storage_container, storage_usage_reply, 0)
/* Paths that differ from the image, with what docker counts as a difference: kind, mode, owner,
 * device, capabilities, and of what is no folder its size and time. */
#define STORAGE_CHANGES_REPLY_FIELDS(F, T) \
    F(T, LIST, filesystem_change, changes, "changes", 0, "Sorted by path")
HULL_MESSAGE(storage_changes_reply, STORAGE_CHANGES_REPLY_FIELDS)
HULL_METHOD(storage, changes, storage_container, storage_changes_reply, 0)
/* What the writable layer adds to the image, to be packed as a layer (commit, build): pass the
 * fields to jail_pack() of plugins/common/jail.h. */
#define STORAGE_DIFF_REPLY_FIELDS(F, T)                                          \
    F(T, FD, _, dir_fd, "dir", 0, "The tree that has the files")                 \
    F(T, BOOL, _, layer, "layer", 0, "It is an upper directory: pack all of it") \
    F(T, FD, _, list_fd, "list", 0, "Otherwise, the paths to pack, as jail_pack() wants them")
HULL_MESSAGE(storage_diff_reply, STORAGE_DIFF_REPLY_FIELDS)
HULL_METHOD(storage, diff, storage_container, storage_diff_reply, 0)
/* Start-up: remove writable layers and half-made layers that are not in KNOWN. */
#define STORAGE_SWEEP_REQUEST_FIELDS(F, T)                                               \
    F(T, STRV, _, containers, "containers", 0, "Container ids that exist")               \
    F(T, STRV, _, layers, "layers", 0, "Chain ids that exist; null: leave layers alone") \
    F(T, BOOL, _, half_made, "halfMade", 0,                                              \
      "Only what an earlier process left half made: no lists needed")
HULL_MESSAGE(storage_sweep_request, STORAGE_SWEEP_REQUEST_FIELDS)
HULL_METHOD(storage, sweep, storage_sweep_request, hull_empty, 0)

#endif
