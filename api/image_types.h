/*
 * image_types.h: the Engine API's objects that describe an image, field for field.
 */
#ifndef HULL_API_IMAGE_TYPES_H
#define HULL_API_IMAGE_TYPES_H

#include "container_types.h"

#define IMAGE_CONFIG_FIELDS(F, T)                                           \
    F(T, STRING, _, user, "User", 0, "")                                    \
    F(T, SET, _, exposed_ports, "ExposedPorts", HULL_OMIT, "")              \
    F(T, STRV, _, env, "Env", 0, "")                                        \
    F(T, STRV, _, cmd, "Cmd", 0, "")                                        \
    F(T, POINTER, health_config, healthcheck, "Healthcheck", HULL_OMIT, "") \
    F(T, OPT_BOOL, _, args_escaped, "ArgsEscaped", HULL_OMIT, "")           \
    F(T, SET, _, volumes, "Volumes", HULL_NULL, "")                         \
    F(T, STRING, _, working_dir, "WorkingDir", 0, "")                       \
    F(T, STRV, _, entrypoint, "Entrypoint", HULL_NULL, "")                  \
    F(T, STRV, _, on_build, "OnBuild", HULL_NULL, "")                       \
    F(T, MAP, _, labels, "Labels", HULL_NULL, "")                           \
    F(T, STRING, _, stop_signal, "StopSignal", HULL_OMIT, "")               \
    F(T, STRV, _, shell, "Shell", HULL_OMIT, "")
HULL_MESSAGE(image_config, IMAGE_CONFIG_FIELDS)

#define IMAGE_MANIFEST_SUMMARY_SIZE_FIELDS(F, T) \
    F(T, INT, _, total, "Total", 0, "")          \
    F(T, INT, _, content, "Content", 0, "")
HULL_MESSAGE(image_manifest_summary_size, IMAGE_MANIFEST_SUMMARY_SIZE_FIELDS)

#define IMAGE_MANIFEST_SUMMARY_IMAGE_DATA_SIZE_FIELDS(F, T) \
    F(T, INT, _, unpacked, "Unpacked", 0, "")
HULL_MESSAGE(image_manifest_summary_image_data_size, IMAGE_MANIFEST_SUMMARY_IMAGE_DATA_SIZE_FIELDS)

#define IMAGE_MANIFEST_SUMMARY_IMAGE_DATA_FIELDS(F, T)       \
    F(T, POINTER, oci_platform, platform, "Platform", 0, "") \
    F(T, STRV, _, containers, "Containers", 0, "")           \
    F(T, MESSAGE, image_manifest_summary_image_data_size, size, "Size", 0, "")
HULL_MESSAGE(image_manifest_summary_image_data, IMAGE_MANIFEST_SUMMARY_IMAGE_DATA_FIELDS)

#define IMAGE_MANIFEST_SUMMARY_ATTESTATION_DATA_FIELDS(F, T) F(T, STRING, _, for_, "For", 0, "")
HULL_MESSAGE(image_manifest_summary_attestation_data,
             IMAGE_MANIFEST_SUMMARY_ATTESTATION_DATA_FIELDS)

#define IMAGE_MANIFEST_SUMMARY_FIELDS(F, T)                                                     \
    F(T, STRING, _, id, "ID", 0, "")                                                            \
    F(T, POINTER, oci_descriptor, descriptor, "Descriptor", 0, "")                              \
    F(T, BOOL, _, available, "Available", 0, "")                                                \
    F(T, MESSAGE, image_manifest_summary_size, size, "Size", 0, "")                             \
    F(T, STRING, _, kind, "Kind", 0, "")                                                        \
    F(T, POINTER, image_manifest_summary_image_data, image_data, "ImageData", HULL_OMIT, "")    \
    F(T, POINTER, image_manifest_summary_attestation_data, attestation_data, "AttestationData", \
      HULL_OMIT, "")
HULL_MESSAGE(image_manifest_summary, IMAGE_MANIFEST_SUMMARY_FIELDS)

#define IMAGE_SUMMARY_FIELDS(F, T)                                            \
    F(T, STRING, _, id, "Id", 0, "")                                          \
    F(T, STRING, _, parent_id, "ParentId", 0, "")                             \
    F(T, STRV, _, repo_tags, "RepoTags", 0, "")                               \
    F(T, STRV, _, repo_digests, "RepoDigests", 0, "")                         \
    F(T, INT, _, created, "Created", 0, "")                                   \
    F(T, INT, _, size, "Size", 0, "")                                         \
    F(T, INT, _, shared_size, "SharedSize", 0, "")                            \
    F(T, MAP, _, labels, "Labels", HULL_NULL, "")                             \
    F(T, INT, _, containers, "Containers", 0, "")                             \
    F(T, LIST, image_manifest_summary, manifests, "Manifests", HULL_OMIT, "") \
    F(T, POINTER, oci_descriptor, descriptor, "Descriptor", HULL_OMIT, "")    \
    F(T, OPT_INT, _, virtual_size, "VirtualSize", HULL_OMIT, "Before 1.44")
HULL_MESSAGE(image_summary, IMAGE_SUMMARY_FIELDS)

#define IMAGE_INSPECT_ROOTFS_FIELDS(F, T) \
    F(T, STRING, _, type, "Type", 0, "")  \
    F(T, STRV, _, layers, "Layers", 0, "")
HULL_MESSAGE(image_inspect_rootfs, IMAGE_INSPECT_ROOTFS_FIELDS)

#define IMAGE_INSPECT_METADATA_FIELDS(F, T) F(T, STRING, _, last_tag_time, "LastTagTime", 0, "")
HULL_MESSAGE(image_inspect_metadata, IMAGE_INSPECT_METADATA_FIELDS)

#define IMAGE_INSPECT_REPLY_FIELDS(F, T)                                      \
    F(T, STRING, _, id, "Id", 0, "")                                          \
    F(T, POINTER, oci_descriptor, descriptor, "Descriptor", HULL_OMIT, "")    \
    F(T, LIST, image_manifest_summary, manifests, "Manifests", HULL_OMIT, "") \
    F(T, STRV, _, repo_tags, "RepoTags", 0, "")                               \
    F(T, STRV, _, repo_digests, "RepoDigests", 0, "")                         \
    F(T, STRING, _, parent, "Parent", 0, "")                                  \
    F(T, STRING, _, comment, "Comment", 0, "")                                \
    F(T, STRING, _, created, "Created", 0, "")                                \
    F(T, STRING, _, docker_version, "DockerVersion", 0, "")                   \
    F(T, STRING, _, author, "Author", 0, "")                                  \
    F(T, MESSAGE, image_config, config, "Config", 0, "")                      \
    F(T, STRING, _, architecture, "Architecture", 0, "")                      \
    F(T, STRING, _, variant, "Variant", HULL_OMIT, "")                        \
    F(T, STRING, _, os, "Os", 0, "")                                          \
    F(T, STRING, _, os_version, "OsVersion", HULL_OMIT, "")                   \
    F(T, INT, _, size, "Size", 0, "")                                         \
    F(T, POINTER, driver_data, graph_driver, "GraphDriver", 0, "")            \
    F(T, MESSAGE, image_inspect_rootfs, rootfs, "RootFS", 0, "")              \
    F(T, MESSAGE, image_inspect_metadata, metadata, "Metadata", 0, "")        \
    F(T, OPT_INT, _, virtual_size, "VirtualSize", HULL_OMIT, "Before 1.44")   \
    F(T, POINTER, image_config, container_config, "ContainerConfig", HULL_OMIT, "Before 1.45")
HULL_MESSAGE(image_inspect_reply, IMAGE_INSPECT_REPLY_FIELDS)

#define IMAGE_DELETED_FIELDS(F, T)                       \
    F(T, STRING, _, untagged, "Untagged", HULL_OMIT, "") \
    F(T, STRING, _, deleted, "Deleted", HULL_OMIT, "")
HULL_MESSAGE(image_deleted, IMAGE_DELETED_FIELDS)

#endif
