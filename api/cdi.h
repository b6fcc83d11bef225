/*
 * cdi.h: the service of plugins/support/cdi: devices by the names that their vendor gave them
 * ("vendor.com/class=name") in files of the Container Device Interface, and what a container
 * needs to use them. The messages are those files' objects, field for field.
 */
#ifndef HULL_API_CDI_H
#define HULL_API_CDI_H

#include <hull/call.h>

#define CDI_NODE_FIELDS(F, T)                                                  \
    F(T, STRING, _, path, "path", HULL_REQUIRED, "Path inside")                \
    F(T, STRING, _, host_path, "hostPath", 0, "Path outside, or the same")     \
    F(T, STRING, _, type, "type", 0, "b, c, u or p; as outside when absent")   \
    F(T, INT, _, major, "major", 0, "Major number; as outside when absent")    \
    F(T, INT, _, minor, "minor", 0, "Minor number")                            \
    F(T, OPT_INT, _, file_mode, "fileMode", 0, "Mode; as outside when absent") \
    F(T, STRING, _, permissions, "permissions", 0, "r, w, m; rwm when absent") \
    F(T, OPT_INT, _, uid, "uid", 0, "Owner")                                   \
    F(T, OPT_INT, _, gid, "gid", 0, "Group")
HULL_MESSAGE(cdi_node, CDI_NODE_FIELDS)
#define CDI_MOUNT_FIELDS(F, T)                                                \
    F(T, STRING, _, host_path, "hostPath", HULL_REQUIRED, "Path outside")     \
    F(T, STRING, _, container_path, "containerPath", HULL_REQUIRED, "Inside") \
    F(T, STRING, _, type, "type", 0, "bind when absent")                      \
    F(T, STRV, _, options, "options", 0, "ro, nosuid, …")
HULL_MESSAGE(cdi_mount, CDI_MOUNT_FIELDS)
#define CDI_EDITS_FIELDS(F, T)                                                   \
    F(T, STRV, _, env, "env", 0, "NAME=value")                                   \
    F(T, LIST, cdi_node, device_nodes, "deviceNodes", 0, "Nodes to make")        \
    F(T, LIST, cdi_mount, mounts, "mounts", 0, "Files and folders to bind")      \
    F(T, JSON, _, hooks, "hooks", 0, "Programs to run on the host: refused")     \
    F(T, INTS, _, additional_gids, "additionalGids", 0, "Groups of its process") \
    F(T, JSON, _, intel_rdt, "intelRdt", 0, "Cache classes: refused")            \
    F(T, JSON, _, net_devices, "netDevices", 0, "Interfaces to move: refused")
HULL_MESSAGE(cdi_edits, CDI_EDITS_FIELDS)
#define CDI_DEVICE_FIELDS(F, T)                                 \
    F(T, STRING, _, name, "name", HULL_REQUIRED, "After the =") \
    F(T, MAP, _, annotations, "annotations", 0, "For people")   \
    F(T, MESSAGE, cdi_edits, edits, "containerEdits", 0, "What this device needs")
HULL_MESSAGE(cdi_device, CDI_DEVICE_FIELDS)
/* One file. */
#define CDI_SPEC_FIELDS(F, T)                                              \
    F(T, STRING, _, version, "cdiVersion", HULL_REQUIRED, "Of the format") \
    F(T, STRING, _, kind, "kind", HULL_REQUIRED, "vendor.com/class")       \
    F(T, MAP, _, annotations, "annotations", 0, "For people")              \
    F(T, LIST, cdi_device, devices, "devices", 0, "Its devices")           \
    F(T, MESSAGE, cdi_edits, edits, "containerEdits", 0, "What each of them needs besides")
HULL_MESSAGE(cdi_spec, CDI_SPEC_FIELDS)

/* All that DEVICES need, together. -HULL_INVALID names those that no file has. */
#define CDI_RESOLVE_REQUEST_FIELDS(F, T) \
    F(T, STRV, _, devices, "devices", 0, "vendor.com/class=name")
HULL_MESSAGE(cdi_resolve_request, CDI_RESOLVE_REQUEST_FIELDS)
HULL_METHOD(cdi, resolve, cdi_resolve_request, cdi_edits, 0)

#endif
