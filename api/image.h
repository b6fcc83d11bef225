/*
 * image.h: the service "image": images, their names, and what they are made of.
 *
 * A reference follows the distribution grammar; "docker.io/library/" and ":latest" are added
 * where they are missing. An image is also found by its id, with or without "sha256:", and by a
 * unique prefix of it.
 */
#ifndef HULL_API_IMAGE_H
#define HULL_API_IMAGE_H

#include "container.h"
#include "image_types.h"

#define IMAGE_LIST_REQUEST_FIELDS(F, T)                                              \
    F(T, BOOL, _, all, "all", HULL_QUERY, "Intermediate images too")                 \
    F(T, STRVMAP, _, filters, "filters", HULL_QUERY, "Filters: key to values")       \
    F(T, BOOL, _, shared_size, "shared-size", HULL_QUERY, "With the size it shares") \
    F(T, BOOL, _, digests, "digests", HULL_QUERY, "With digests")                    \
    F(T, BOOL, _, manifests, "manifests", HULL_QUERY, "With manifests")
HULL_MESSAGE(image_list_request, IMAGE_LIST_REQUEST_FIELDS)
/* A label of images that are damaged: they can be removed, or loaded again. */
#define IMAGE_DAMAGED_LABEL "org.hull.damaged"
#define IMAGE_LIST_REPLY_FIELDS(F, T) \
    F(T, LIST, image_summary, images, "images", HULL_TOP, "Newest first")
HULL_MESSAGE(image_list_reply, IMAGE_LIST_REPLY_FIELDS)
HULL_METHOD(image, list, image_list_request, image_list_reply, 0)

#define IMAGE_REF_FIELDS(F, T)                                                             \
    F(T, STRING, _, name, "name", HULL_PATH | HULL_REQUIRED, "Reference, id or id prefix") \
    F(T, STRING, _, platform, "platform", HULL_QUERY, "os[/arch[/variant]]")               \
    F(T, BOOL, _, manifests, "manifests", HULL_QUERY, "With manifests")
HULL_MESSAGE(image_ref, IMAGE_REF_FIELDS)
HULL_METHOD(image, inspect, image_ref, image_inspect_reply, 0)

#define IMAGE_HISTORY_ITEM_FIELDS(F, T)                          \
    F(T, STRING, _, id, "Id", 0, "Image id or <missing>")        \
    F(T, INT, _, created, "Created", 0, "Seconds since 1970")    \
    F(T, STRING, _, created_by, "CreatedBy", 0, "The step")      \
    F(T, STRV, _, tags, "Tags", HULL_NULL, "Names of the image") \
    F(T, INT, _, size, "Size", 0, "Bytes that the step added")   \
    F(T, STRING, _, comment, "Comment", 0, "Comment")
HULL_MESSAGE(image_history_item, IMAGE_HISTORY_ITEM_FIELDS)
#define IMAGE_HISTORY_REPLY_FIELDS(F, T) \
    F(T, LIST, image_history_item, history, "history", HULL_TOP, "Newest first")
HULL_MESSAGE(image_history_reply, IMAGE_HISTORY_REPLY_FIELDS)
HULL_METHOD(image, history, image_ref, image_history_reply, 0)

#define IMAGE_TAG_REQUEST_FIELDS(F, T)                                                     \
    F(T, STRING, _, name, "name", HULL_PATH | HULL_REQUIRED, "Reference, id or id prefix") \
    F(T, STRING, _, repo, "repo", HULL_QUERY, "Repository of the new name")                \
    F(T, STRING, _, tag, "tag", HULL_QUERY, "Tag of the new name, latest by default")
HULL_MESSAGE(image_tag_request, IMAGE_TAG_REQUEST_FIELDS)
HULL_METHOD(image, tag, image_tag_request, hull_empty, 0)

#define IMAGE_REMOVE_REQUEST_FIELDS(F, T)                                                  \
    F(T, STRING, _, name, "name", HULL_PATH | HULL_REQUIRED, "Reference, id or id prefix") \
    F(T, BOOL, _, force, "force", HULL_QUERY, "Even when stopped containers use it")       \
    F(T, BOOL, _, noprune, "noprune", HULL_QUERY, "Keep untagged parents")                 \
    F(T, STRV, _, platforms, "platforms", HULL_QUERY, "Only these platforms")
HULL_MESSAGE(image_remove_request, IMAGE_REMOVE_REQUEST_FIELDS)
#define IMAGE_REMOVE_REPLY_FIELDS(F, T) \
    F(T, LIST, image_deleted, deleted, "deleted", HULL_TOP, "In the order it was done")
HULL_MESSAGE(image_remove_reply, IMAGE_REMOVE_REPLY_FIELDS)
HULL_METHOD(image, remove, image_remove_request, image_remove_reply, 0)

#define IMAGE_PRUNE_REPLY_FIELDS(F, T)                                               \
    F(T, LIST, image_deleted, images_deleted, "ImagesDeleted", HULL_NULL, "Removed") \
    F(T, INT, _, space_reclaimed, "SpaceReclaimed", 0, "Bytes")
HULL_MESSAGE(image_prune_reply, IMAGE_PRUNE_REPLY_FIELDS)
HULL_METHOD(image, prune, prune_request, image_prune_reply, 0)

/* One line of a progress stream. */
#define PROGRESS_DETAIL_FIELDS(F, T)                          \
    F(T, INT, _, current, "current", HULL_OMIT, "Bytes done") \
    F(T, INT, _, total, "total", HULL_OMIT, "Bytes in all")
HULL_MESSAGE(progress_detail, PROGRESS_DETAIL_FIELDS)
#define PROGRESS_ERROR_FIELDS(F, T)               \
    F(T, INT, _, code, "code", HULL_OMIT, "Code") \
    F(T, STRING, _, message, "message", 0, "What went wrong")
HULL_MESSAGE(progress_error, PROGRESS_ERROR_FIELDS)
#define PROGRESS_FIELDS(F, T)                                                               \
    F(T, STRING, _, stream, "stream", HULL_OMIT, "Text for the terminal")                   \
    F(T, STRING, _, status, "status", HULL_OMIT, "What goes on")                            \
    F(T, POINTER, progress_detail, progress_detail, "progressDetail", HULL_OMIT, "Numbers") \
    F(T, STRING, _, progress, "progress", HULL_OMIT, "The same as text")                    \
    F(T, STRING, _, id, "id", HULL_OMIT, "What it is about")                                \
    F(T, JSON, _, aux, "aux", HULL_OMIT, "Data for programs")                               \
    F(T, POINTER, progress_error, error_detail, "errorDetail", HULL_OMIT, "Failure")        \
    F(T, STRING, _, error, "error", HULL_OMIT, "The same as text")
HULL_MESSAGE(progress, PROGRESS_FIELDS)

#define IMAGE_LOAD_REQUEST_FIELDS(F, T)                                   \
    F(T, BOOL, _, quiet, "quiet", HULL_QUERY, "Only the result")          \
    F(T, STRV, _, platform, "platform", HULL_QUERY, "Only this platform") \
    F(T, STREAM, _, body, "body", HULL_TOP,                               \
      "docker-archive or OCI layout, as tar, compressed or not")
HULL_MESSAGE(image_load_request, IMAGE_LOAD_REQUEST_FIELDS)
HULL_METHOD(image, load, image_load_request, progress, HULL_METHOD_MANY)

#define IMAGE_SAVE_REQUEST_FIELDS(F, T)                             \
    F(T, STRING, _, name, "name", HULL_PATH, "One reference")       \
    F(T, STRV, _, names, "names", HULL_QUERY, "Several references") \
    F(T, STRV, _, platform, "platform", HULL_QUERY, "Only this platform")
HULL_MESSAGE(image_save_request, IMAGE_SAVE_REQUEST_FIELDS)
HULL_METHOD(image, save, image_save_request, container_tar_reply, 0)

/* Pull (fromImage) and import (fromSrc); pull is -HULL_NOT_SUPPORTED until registries come. */
#define IMAGE_CREATE_REQUEST_FIELDS(F, T)                                                  \
    F(T, STRING, _, from_image, "fromImage", HULL_QUERY, "Reference to pull")              \
    F(T, STRING, _, from_src, "fromSrc", HULL_QUERY, "- for the body, or a URL to import") \
    F(T, STRING, _, repo, "repo", HULL_QUERY, "Name of the imported image")                \
    F(T, STRING, _, tag, "tag", HULL_QUERY, "Tag or digest")                               \
    F(T, STRING, _, message, "message", HULL_QUERY, "Comment of the imported image")       \
    F(T, STRV, _, changes, "changes", HULL_QUERY, "Dockerfile instructions to apply")      \
    F(T, STRING, _, platform, "platform", HULL_QUERY, "os[/arch[/variant]]")               \
    F(T, STRING, _, auth, "X-Registry-Auth", HULL_HEADER | HULL_SECRET, "Credentials")     \
    F(T, STREAM, _, body, "body", HULL_TOP, "The tar to import")
HULL_MESSAGE(image_create_request, IMAGE_CREATE_REQUEST_FIELDS)
HULL_METHOD(image, create, image_create_request, progress, HULL_METHOD_MANY)

/* For container, not on HTTP: a new image on top of PARENT, with one more layer. */
#define IMAGE_COMMIT_REQUEST_FIELDS(F, T)                                               \
    F(T, STRING, _, parent, "Parent", 0, "Id of the image below, or absent")            \
    F(T, STRING, _, repo, "Repo", 0, "Name of the new image, or absent")                \
    F(T, STRING, _, tag, "Tag", 0, "Its tag")                                           \
    F(T, STRING, _, author, "Author", 0, "Who made it")                                 \
    F(T, STRING, _, comment, "Comment", 0, "Of its last step")                          \
    F(T, STRING, _, created_by, "CreatedBy", 0, "Command of its last step")             \
    F(T, MESSAGE, image_config, config, "Config", 0, "Its configuration, as it begins") \
    F(T, STRV, _, changes, "Changes", 0, "Dockerfile instructions to apply to that")    \
    F(T, STREAM, _, body, "body", HULL_TOP, "The tar of the layer")
HULL_MESSAGE(image_commit_request, IMAGE_COMMIT_REQUEST_FIELDS)
#define IMAGE_COMMIT_REPLY_FIELDS(F, T)          \
    F(T, STRING, _, id, "Id", 0, "Of the image") \
    F(T, STRING, _, name, "Name", 0, "Its name in familiar form, or absent")
HULL_MESSAGE(image_commit_reply, IMAGE_COMMIT_REPLY_FIELDS)
HULL_METHOD(image, commit, image_commit_request, image_commit_reply, 0)

/* For container, not on HTTP: what a container needs of its image, found by reference or id. */
#define IMAGE_RESOLVE_REPLY_FIELDS(F, T)                                 \
    F(T, STRING, _, id, "Id", 0, "sha256:…")                             \
    F(T, STRV, _, chain, "Chain", 0,                                     \
      "Chain ids of the layers, lowest first, as storage names them")    \
    F(T, STRING, _, storage, "Storage", 0, "Port of the storage driver") \
    F(T, MESSAGE, image_config, config, "Config", 0, "Configuration")    \
    F(T, STRING, _, os, "Os", 0, "linux")                                \
    F(T, STRING, _, architecture, "Architecture", 0, "amd64")            \
    F(T, STRV, _, repo_tags, "RepoTags", 0, "Names, familiar form")
HULL_MESSAGE(image_resolve_reply, IMAGE_RESOLVE_REPLY_FIELDS)
HULL_METHOD(image, resolve, image_ref, image_resolve_reply, 0)

/* The port of the storage driver of this data root: chosen at first use and remembered. */
#define IMAGE_STORAGE_REPLY_FIELDS(F, T)                                  \
    F(T, STRING, _, port, "port", 0, "storage/overlay")                   \
    F(T, STRING, _, name, "name", 0, "As docker names it: overlay2, vfs") \
    F(T, INT, _, images, "images", 0, "How many images there are")        \
    F(T, INT, _, max_bytes, "maxBytes", 0, "Limits of a layer: unpacked") \
    F(T, INT, _, max_entries, "maxEntries", 0, "Files and folders")       \
    F(T, INT, _, max_ratio, "maxRatio", 0, "How many times it expands")
HULL_MESSAGE(image_storage_reply, IMAGE_STORAGE_REPLY_FIELDS)
HULL_METHOD(image, storage, hull_empty, image_storage_reply, 0)

#endif
