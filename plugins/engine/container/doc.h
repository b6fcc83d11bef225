/*
 * doc.h: the document of a container in the state store, bucket "container", key its id.
 */
#ifndef HULL_CONTAINER_DOC_H
#define HULL_CONTAINER_DOC_H

#include "container.h"

#include <string.h>

/* A mount besides those that every container has; the Engine API's MountPoint and what it lacks. */
#define CT_MOUNT_FIELDS(F, T)                                                                    \
    F(T, EMBED, mount_point, point, "", 0, "")                                                   \
    F(T, BOOL, _, anonymous, "Anonymous", HULL_OMIT, "Its volume goes with rm -v")               \
    F(T, BOOL, _, populate, "Populate", HULL_OMIT, "Copy the image's files into it")             \
    F(T, BOOL, _, non_recursive, "NonRecursive", HULL_OMIT, "Without what is mounted below")     \
    F(T, BOOL, _, ro_non_recursive, "RoNonRecursive", HULL_OMIT, "What is below stays writable") \
    F(T, BOOL, _, inherited, "Inherited", HULL_OMIT, "By --volumes-from: own mounts win")        \
    F(T, STRING, _, use, "Use", HULL_OMIT, "Names this use of the volume to its driver")         \
    F(T, STRING, _, subpath, "Subpath", HULL_OMIT, "Folder in the volume")                       \
    F(T, INT, _, spec, "Spec", HULL_OMIT, "Which of HostConfig.Mounts asks for it, from 1")      \
    F(T, STRV, _, chain, "Chain", HULL_OMIT, "Layers of an image, lowest first")                 \
    F(T, STRV, _, options, "Options", HULL_OMIT, "Further mount options")
HULL_MESSAGE(ct_mount, CT_MOUNT_FIELDS)

/* Ids of the host: who is 0 in the container, and how many there are. */
#define CT_USERNS_FIELDS(F, T)      \
    F(T, INT, _, uid, "Uid", 0, "") \
    F(T, INT, _, gid, "Gid", 0, "") \
    F(T, INT, _, size, "Size", 0, "")
HULL_MESSAGE(ct_userns, CT_USERNS_FIELDS)

#define CT_DOC_FIELDS(F, T)                                                                 \
    F(T, STRING, _, id, "Id", HULL_REQUIRED, "")                                            \
    F(T, STRING, _, name, "Name", HULL_REQUIRED, "Without the slash")                       \
    F(T, STRING, _, intent, "Intent", HULL_OMIT,                                            \
      "Unfinished: create, start, exit, remove, "                                           \
      "remove-volumes")                                                                     \
    F(T, INT, _, created_ns, "Created", 0, "")                                              \
    F(T, STRING, _, image_id, "ImageID", 0, "")                                             \
    F(T, STRING, _, os, "Os", 0, "")                                                        \
    F(T, STRING, _, storage, "Storage", HULL_REQUIRED, "Port of the storage driver")        \
    F(T, STRV, _, chain, "Chain", 0, "Layers of the image, lowest first")                   \
    F(T, STRING, _, runtime, "Runtime", 0, "Port of the runtime")                           \
    F(T, STRING, _, cgroups_path, "CgroupsPath", 0, "")                                     \
    F(T, STRING, _, path, "Path", 0, "Program")                                             \
    F(T, STRV, _, args, "Args", 0, "Its arguments")                                         \
    F(T, MESSAGE, container_config, config, "Config", 0, "")                                \
    F(T, MESSAGE, host_config, host_config, "HostConfig", 0, "")                            \
    F(T, MSGMAP, endpoint_settings, networks, "Networks", 0, "As asked for")                \
    F(T, POINTER, network_settings, network, "Network", HULL_OMIT, "As joined, or as left") \
    F(T, STRV, _, links, "Links", HULL_OMIT, "id:alias of other containers")                \
    F(T, LIST, ct_mount, mounts, "Mounts", 0, "")                                           \
    F(T, POINTER, ct_userns, userns, "Userns", HULL_OMIT, "Range of its user namespace")    \
    F(T, STRING, _, state, "State", 0, "")                                                  \
    F(T, INT, _, pid, "Pid", 0, "")                                                         \
    F(T, INT, _, exit_code, "ExitCode", 0, "")                                              \
    F(T, STRING, _, error, "Error", HULL_OMIT, "Why the last start failed")                 \
    F(T, INT, _, started_ns, "Started", 0, "")                                              \
    F(T, INT, _, finished_ns, "Finished", 0, "")                                            \
    F(T, BOOL, _, oom_killed, "OOMKilled", HULL_OMIT, "")                                   \
    F(T, INT, _, restart_count, "RestartCount", 0, "")                                      \
    F(T, BOOL, _, commit_pause, "CommitPause", HULL_OMIT, "Paused while a commit goes on")  \
    F(T, BOOL, _, copying, "Copying", HULL_OMIT, "A cp may have its volumes mounted")       \
    F(T, BOOL, _, stopped, "Stopped", HULL_OMIT, "By a client: unless-stopped stays down")
HULL_MESSAGE(ct_doc, CT_DOC_FIELDS)

/* The container whose namespace is shared in the mode "container:X", or NULL in any other. */
static inline const char *ct_mode_other(const char *mode)
{
    static const char prefix[] = "container:";

    return mode && strncmp(mode, prefix, sizeof(prefix) - 1) == 0 ? mode + sizeof(prefix) - 1
                                                                  : NULL;
}

#endif
