/*
 * protocol.h: the messages of Docker's volume plugin protocol.
 */
#ifndef HULL_VOLREMOTE_PROTOCOL_H
#define HULL_VOLREMOTE_PROTOCOL_H

#include <hull/hull.h>

#define RVL_CREATE_FIELDS(F, T)          \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, MAP, _, opts, "Opts", HULL_NULL, "")
HULL_MESSAGE_DECLARE(rvl_create, RVL_CREATE_FIELDS)
/* Of Remove, Get and Path, which have no ID. */
#define RVL_REF_FIELDS(F, T)             \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, STRING, _, id, "ID", HULL_OMIT, "Of the use, for Mount and Unmount")
HULL_MESSAGE_DECLARE(rvl_ref, RVL_REF_FIELDS)

#define RVL_PATH_FIELDS(F, T) F(T, STRING, _, mountpoint, "Mountpoint", 0, "Absolute path")
HULL_MESSAGE_DECLARE(rvl_path, RVL_PATH_FIELDS)
#define RVL_VOLUME_FIELDS(F, T)                      \
    F(T, STRING, _, name, "Name", 0, "")             \
    F(T, STRING, _, mountpoint, "Mountpoint", 0, "") \
    F(T, STRING, _, created_at, "CreatedAt", 0, "")  \
    F(T, JSON, _, status, "Status", 0, "An object")
HULL_MESSAGE_DECLARE(rvl_volume, RVL_VOLUME_FIELDS)
#define RVL_GET_FIELDS(F, T) F(T, POINTER, rvl_volume, volume, "Volume", 0, "")
HULL_MESSAGE_DECLARE(rvl_get, RVL_GET_FIELDS)
#define RVL_LIST_FIELDS(F, T) F(T, LIST, rvl_volume, volumes, "Volumes", 0, "")
HULL_MESSAGE_DECLARE(rvl_list, RVL_LIST_FIELDS)

#define RVL_SCOPE_FIELDS(F, T) F(T, STRING, _, scope, "Scope", 0, "local or global")
HULL_MESSAGE_DECLARE(rvl_scope, RVL_SCOPE_FIELDS)
#define RVL_CAPABILITIES_FIELDS(F, T) F(T, MESSAGE, rvl_scope, capabilities, "Capabilities", 0, "")
HULL_MESSAGE_DECLARE(rvl_capabilities, RVL_CAPABILITIES_FIELDS)

#endif
