/*
 * volume_driver.h: the class "voldriver": where the files of volumes are (ports volume/local;
 * volume/remote stands for all drivers that have no port of their own).
 *
 * A driver knows its volumes by name and keeps what it needs to find them again, options included;
 * labels, who uses a volume, and that its name is unique are the volume engine's. The engine sends
 * one message about a volume at a time: create, remove, mount and unmount of one name never
 * overlap. All of them may be repeated after a crash.
 */
#ifndef HULL_API_VOLUME_DRIVER_H
#define HULL_API_VOLUME_DRIVER_H

#include <hull/call.h>

/* One volume of a driver. */
#define VOLDRIVER_REF_FIELDS(F, T)                                                 \
    F(T, STRING, _, driver, "Driver", 0, "Name of the driver, as a volume has it") \
    F(T, STRING, _, name, "Name", 0, "Of the volume; absent where all are meant")
HULL_MESSAGE(voldriver_ref, VOLDRIVER_REF_FIELDS)

/*
 * Make a volume; one of that name that is there already is kept as it is. An option that the driver
 * does not know, or can't do here, is -HULL_INVALID that names it: nothing is mounted for that.
 */
#define VOLDRIVER_CREATE_REQUEST_FIELDS(F, T)           \
    F(T, STRING, _, driver, "Driver", 0, "The driver")  \
    F(T, STRING, _, name, "Name", 0, "Of the volume")   \
    F(T, MAP, _, options, "Options", 0, "The driver's") \
    F(T, MAP, _, labels, "Labels", 0, "For information")
HULL_MESSAGE(voldriver_create_request, VOLDRIVER_CREATE_REQUEST_FIELDS)
HULL_METHOD(voldriver, create, voldriver_create_request, hull_empty, 0)

/* The volume with all that is in it. None of that name is no error; a mount that somebody forgot
 * ends first. */
HULL_METHOD(voldriver, remove, voldriver_ref, hull_empty, 0)

/* What the driver says of a volume; -HULL_NOT_FOUND when it has none of that name. */
#define VOLDRIVER_VOLUME_FIELDS(F, T)                                                      \
    F(T, STRING, _, name, "Name", 0, "")                                                   \
    F(T, STRING, _, mountpoint, "Mountpoint", 0, "Absolute path; absent: it has none now") \
    F(T, STRING, _, created_at, "CreatedAt", 0, "RFC 3339, or absent")                     \
    F(T, JSON, _, status, "Status", 0, "An object, or absent")
HULL_MESSAGE(voldriver_volume, VOLDRIVER_VOLUME_FIELDS)
HULL_METHOD(voldriver, get, voldriver_ref, voldriver_volume, 0)
#define VOLDRIVER_LIST_REPLY_FIELDS(F, T) \
    F(T, LIST, voldriver_volume, volumes, "Volumes", 0, "Of that driver, in no order")
HULL_MESSAGE(voldriver_list_reply, VOLDRIVER_LIST_REPLY_FIELDS)
HULL_METHOD(voldriver, list, voldriver_ref, voldriver_list_reply, 0)

/*
 * A container begins, or ceases, to use a volume. ID names this use: the same one in unmount. The
 * files are at PATH until the last use has ended. Another mount with the same ID is the same use;
 * an unmount whose ID has nothing mounted does nothing. Uses survive the daemon: what it finds
 * mounted after a crash it unmounts when the last of them goes.
 */
#define VOLDRIVER_MOUNT_REQUEST_FIELDS(F, T)           \
    F(T, STRING, _, driver, "Driver", 0, "The driver") \
    F(T, STRING, _, name, "Name", 0, "Of the volume")  \
    F(T, STRING, _, id, "ID", 0, "Of this use: letters and digits")
HULL_MESSAGE(voldriver_mount_request, VOLDRIVER_MOUNT_REQUEST_FIELDS)
#define VOLDRIVER_PATH_REPLY_FIELDS(F, T) \
    F(T, STRING, _, path, "Path", 0, "Absolute path, or absent")
HULL_MESSAGE(voldriver_path_reply, VOLDRIVER_PATH_REPLY_FIELDS)
HULL_METHOD(voldriver, mount, voldriver_mount_request, voldriver_path_reply, 0)
HULL_METHOD(voldriver, unmount, voldriver_mount_request, hull_empty, 0)
/* Where the files are, or will be when it is mounted. */
HULL_METHOD(voldriver, path, voldriver_ref, voldriver_path_reply, 0)

/* What the engine has to know of a driver. Fails when there is none of that name. */
#define VOLDRIVER_CAPABILITIES_REPLY_FIELDS(F, T) \
    F(T, STRING, _, scope, "Scope", 0, "local: other hosts have other volumes; or global")
HULL_MESSAGE(voldriver_capabilities_reply, VOLDRIVER_CAPABILITIES_REPLY_FIELDS)
HULL_METHOD(voldriver, capabilities, voldriver_ref, voldriver_capabilities_reply, 0)

/* Bytes that its files take; -1 when that can't be known. */
#define VOLDRIVER_USAGE_REPLY_FIELDS(F, T) F(T, INT, _, size, "Size", 0, "Bytes, or -1")
HULL_MESSAGE(voldriver_usage_reply, VOLDRIVER_USAGE_REPLY_FIELDS)
HULL_METHOD(voldriver, usage, voldriver_ref, voldriver_usage_reply, 0)

/* The drivers that answer at this port now, and at no port of their own. */
#define VOLDRIVER_DRIVERS_REPLY_FIELDS(F, T) F(T, STRV, _, drivers, "Drivers", 0, "Names")
HULL_MESSAGE(voldriver_drivers_reply, VOLDRIVER_DRIVERS_REPLY_FIELDS)
HULL_METHOD(voldriver, drivers, hull_empty, voldriver_drivers_reply, 0)

/* Start-up: what the driver has half made or half removed, of volumes that are not in NAMES, goes;
 * a driver whose files belong to somebody else does nothing. */
#define VOLDRIVER_SETTLE_REQUEST_FIELDS(F, T)          \
    F(T, STRING, _, driver, "Driver", 0, "The driver") \
    F(T, STRV, _, names, "Names", 0, "Volumes of that driver that there are")
HULL_MESSAGE(voldriver_settle_request, VOLDRIVER_SETTLE_REQUEST_FIELDS)
HULL_METHOD(voldriver, settle, voldriver_settle_request, hull_empty, 0)

#endif
