/*
 * docs.h: the documents that the image engine reads and writes: those of OCI and docker as far
 * as they matter here, and its own in the state store.
 *
 *     bucket        key                                    document
 *     image         sha256:<hex of the configuration>      image_doc
 *     image-name    docker.io/library/debian:12            image_name_doc
 *     image-used    sha256:…                               image_used_doc
 *     image-intent  a random id                            image_intent_doc
 *     image-engine  storage                                image_engine_doc
 */
#ifndef HULL_IMAGE_DOCS_H
#define HULL_IMAGE_DOCS_H

#include "image.h"

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

/* --- of others ------------------------------------------------------------------------------ */

#define OCI_HISTORY_FIELDS(F, T)                             \
    F(T, STRING, _, created, "created", HULL_OMIT, "")       \
    F(T, STRING, _, created_by, "created_by", HULL_OMIT, "") \
    F(T, STRING, _, author, "author", HULL_OMIT, "")         \
    F(T, STRING, _, comment, "comment", HULL_OMIT, "")       \
    F(T, BOOL, _, empty_layer, "empty_layer", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(oci_history, OCI_HISTORY_FIELDS)
#define OCI_ROOTFS_FIELDS(F, T)          \
    F(T, STRING, _, type, "type", 0, "") \
    F(T, STRV, _, diff_ids, "diff_ids", 0, "")
HULL_MESSAGE_DECLARE(oci_rootfs, OCI_ROOTFS_FIELDS)
/* The configuration of an image; its digest is the image's id. */
#define OCI_CONFIG_FIELDS(F, T)                                      \
    F(T, STRING, _, architecture, "architecture", 0, "")             \
    F(T, STRING, _, author, "author", HULL_OMIT, "")                 \
    F(T, STRING, _, comment, "comment", HULL_OMIT, "")               \
    F(T, MESSAGE, image_config, config, "config", 0, "")             \
    F(T, STRING, _, created, "created", HULL_OMIT, "")               \
    F(T, STRING, _, docker_version, "docker_version", HULL_OMIT, "") \
    F(T, LIST, oci_history, history, "history", HULL_OMIT, "")       \
    F(T, STRING, _, os, "os", 0, "")                                 \
    F(T, STRING, _, os_version, "os.version", HULL_OMIT, "")         \
    F(T, STRING, _, parent, "parent", HULL_OMIT, "")                 \
    F(T, MESSAGE, oci_rootfs, rootfs, "rootfs", 0, "")               \
    F(T, STRING, _, variant, "variant", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(oci_config, OCI_CONFIG_FIELDS)
/* A manifest or an index: exactly one of layers and manifests. */
#define OCI_MANIFEST_FIELDS(F, T)                                     \
    F(T, INT, _, schema_version, "schemaVersion", 0, "")              \
    F(T, STRING, _, media_type, "mediaType", HULL_OMIT, "")           \
    F(T, POINTER, oci_descriptor, config, "config", HULL_OMIT, "")    \
    F(T, LIST, oci_descriptor, layers, "layers", HULL_OMIT, "")       \
    F(T, LIST, oci_descriptor, manifests, "manifests", HULL_OMIT, "") \
    F(T, JSON, _, fs_layers, "fsLayers", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(oci_manifest, OCI_MANIFEST_FIELDS)
#define OCI_LAYOUT_FIELDS(F, T) F(T, STRING, _, version, "imageLayoutVersion", HULL_REQUIRED, "")
HULL_MESSAGE_DECLARE(oci_layout, OCI_LAYOUT_FIELDS)
/* One element of the manifest.json of docker save. */
#define DOCKER_MANIFEST_FIELDS(F, T)                     \
    F(T, STRING, _, config, "Config", HULL_REQUIRED, "") \
    F(T, STRV, _, repo_tags, "RepoTags", HULL_NULL, "")  \
    F(T, STRV, _, layers, "Layers", 0, "")               \
    F(T, MSGMAP, oci_descriptor, layer_sources, "LayerSources", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(docker_manifest, DOCKER_MANIFEST_FIELDS)
#define DOCKER_MANIFESTS_FIELDS(F, T) F(T, LIST, docker_manifest, images, "images", HULL_TOP, "")
HULL_MESSAGE_DECLARE(docker_manifests, DOCKER_MANIFESTS_FIELDS)

/* --- our own -------------------------------------------------------------------------------- */

#define IMAGE_LAYER_DOC_FIELDS(F, T)                                    \
    F(T, STRING, _, diff_id, "diffId", 0, "Digest of the tar")          \
    F(T, STRING, _, chain, "chain", 0, "Chain id, as storage names it") \
    F(T, STRING, _, blob, "blob", 0, "Digest of the blob as it came")   \
    F(T, INT, _, blob_size, "blobSize", 0, "Bytes of the blob")         \
    F(T, STRING, _, media_type, "mediaType", HULL_OMIT, "Of the blob")  \
    F(T, INT, _, size, "size", 0, "Bytes of the files")
HULL_MESSAGE_DECLARE(image_layer_doc, IMAGE_LAYER_DOC_FIELDS)
#define IMAGE_DOC_FIELDS(F, T)                                                \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "Digest of the configuration")   \
    F(T, INT, _, config_size, "configSize", 0, "Its bytes")                   \
    F(T, STRING, _, manifest, "manifest", HULL_OMIT,                          \
      "Digest of the manifest, if it came with one")                          \
    F(T, STRING, _, created, "created", HULL_OMIT, "RFC 3339")                \
    F(T, STRING, _, parent, "parent", HULL_OMIT, "Image it was built on")     \
    F(T, STRING, _, comment, "comment", HULL_OMIT, "")                        \
    F(T, STRING, _, docker_version, "dockerVersion", HULL_OMIT, "")           \
    F(T, STRING, _, author, "author", HULL_OMIT, "")                          \
    F(T, STRING, _, architecture, "architecture", HULL_OMIT, "")              \
    F(T, STRING, _, variant, "variant", HULL_OMIT, "")                        \
    F(T, STRING, _, os, "os", HULL_OMIT, "")                                  \
    F(T, STRING, _, os_version, "osVersion", HULL_OMIT, "")                   \
    F(T, MESSAGE, image_config, config, "config", 0, "")                      \
    F(T, STRV, _, names, "names", 0, "Full references, oldest first")         \
    F(T, LIST, image_layer_doc, layers, "layers", 0, "Lowest first")          \
    F(T, INT, _, size, "size", 0, "Bytes of all layers")                      \
    F(T, INT, _, tagged_ns, "tagged", 0, "When it last got a name; 0: never") \
    F(T, INT, _, loaded_ns, "loaded", 0, "When it came here")
HULL_MESSAGE_DECLARE(image_doc, IMAGE_DOC_FIELDS)
#define IMAGE_NAME_DOC_FIELDS(F, T)                       \
    F(T, STRING, _, id, "id", HULL_REQUIRED, "The image") \
    F(T, INT, _, tagged_ns, "tagged", 0, "Since when")
HULL_MESSAGE_DECLARE(image_name_doc, IMAGE_NAME_DOC_FIELDS)
#define IMAGE_USED_DOC_FIELDS(F, T) F(T, INT, _, used_ns, "used", 0, "Last use, to a minute")
HULL_MESSAGE_DECLARE(image_used_doc, IMAGE_USED_DOC_FIELDS)
#define IMAGE_INTENT_DOC_FIELDS(F, T) \
    F(T, STRV, _, chains, "chains", 0, "Layers that are being made")
HULL_MESSAGE_DECLARE(image_intent_doc, IMAGE_INTENT_DOC_FIELDS)
#define IMAGE_ENGINE_DOC_FIELDS(F, T) \
    F(T, STRING, _, port, "port", 0, "Storage driver of this data root")
HULL_MESSAGE_DECLARE(image_engine_doc, IMAGE_ENGINE_DOC_FIELDS)

#endif
