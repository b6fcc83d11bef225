/*
 * load_oci.c: an OCI image layout as a tar: index.json leads to manifests, perhaps through other
 * indexes, and these to a configuration and layers, all by digest.
 */
#include "archive.h"

#include <string.h>

#include "json.h"

#define DEPTH_MAX 8
#define IMAGES_MAX 1000

#define NAME_ANNOTATION "io.containerd.image.name"
#define REF_ANNOTATION "org.opencontainers.image.ref.name"

struct oci_load {
    struct img_session *session;
    const struct archive *archive;
    size_t images; /* loaded so far */
};

static int read_manifest(struct oci_load *load, const struct oci_descriptor *descriptor,
                         struct oci_manifest *ret)
{
    struct hull_call *call = load->session->call;
    const struct archive_member *member;
    char *text;
    size_t size;
    int rc;

    if (!digest_valid(descriptor->digest))
        return hull_fail(call, HULL_INVALID, "invalid digest \"%.100s\" in a descriptor",
                         descriptor->digest ? descriptor->digest : "");
    member = archive_find(load->archive,
                          hull_printf(call, "blobs/sha256/%s", digest_hex(descriptor->digest)));
    if (!member || !member->digest)
        return hull_fail(call, HULL_INVALID, "invalid archive: %s is not in it",
                         descriptor->digest);
    rc = img_read_blob(call, member->digest, &text, &size);
    if (rc == 0 && descriptor->size != (int64_t)size)
        return hull_fail(call, HULL_INVALID, "%s has %zu bytes, its descriptor says %lld",
                         descriptor->digest, size, (long long)descriptor->size);
    if (rc == 0)
        rc = json_decode_call(call, &oci_manifest_message, text, size, 0, ret);
    return hull_wrap(call, rc, "manifest %s", descriptor->digest);
}

/* A document that is a manifest and an index at once means different things to different readers;
 * so does one that is not what its descriptor or its own media type says. */
static int check_kind(struct hull_call *call, const struct oci_manifest *manifest,
                      const char *media_type, bool *ret_index)
{
    bool index = manifest->manifests.n > 0;
    bool image = manifest->config || manifest->layers.n > 0;
    const char *says = manifest->media_type ? manifest->media_type : media_type;

    if (manifest->fs_layers)
        return hull_fail(call, HULL_NOT_SUPPORTED, "manifests of schema version 1 are too old");
    if (index == image)
        return hull_fail(call, HULL_INVALID,
                         "a manifest must have exactly one of config with layers, and manifests");
    if (media_type && manifest->media_type && strcmp(media_type, manifest->media_type) != 0)
        return hull_fail(call, HULL_INVALID,
                         "the manifest's mediaType is %.100s, its descriptor says %.100s",
                         manifest->media_type, media_type);
    *ret_index = index;
    if (!says || strcmp(says, index ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST) == 0 ||
        strcmp(says, index ? MEDIA_DOCKER_INDEX : MEDIA_DOCKER_MANIFEST) == 0)
        return 0;
    return hull_fail(call, HULL_INVALID, "a manifest with mediaType %.100s is not an image", says);
}

static int find_blob(struct oci_load *load, const struct oci_descriptor *descriptor,
                     const char **ret)
{
    struct hull_call *call = load->session->call;
    const struct archive_member *member;

    if (!descriptor || !digest_valid(descriptor->digest))
        return hull_fail(call, HULL_INVALID, "invalid digest \"%.100s\" in a descriptor",
                         descriptor && descriptor->digest ? descriptor->digest : "");
    member = archive_find(load->archive,
                          hull_printf(call, "blobs/sha256/%s", digest_hex(descriptor->digest)));
    if (!member || !member->digest)
        return hull_fail(call, HULL_INVALID, "invalid archive: %s is not in it",
                         descriptor->digest);
    if (member->size != descriptor->size)
        return hull_fail(call, HULL_INVALID, "%s has %lld bytes, its descriptor says %lld",
                         descriptor->digest, (long long)member->size, (long long)descriptor->size);
    *ret = member->digest;
    return 0;
}

static int load_manifest(struct oci_load *load, const char *digest,
                         const struct oci_manifest *manifest, const char *name)
{
    struct hull_call *call = load->session->call;
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_strv blobs = {0}, types = {0}, names = {0};
    const char *config, *blob;
    struct platform own;
    struct image_doc doc;
    char *full;
    int rc = find_blob(load, manifest->config, &config);

    for (size_t i = 0; rc == 0 && i < manifest->layers.n; i++) {
        rc = find_blob(load, &manifest->layers.v[i], &blob);
        hull_strv_add(arena, &blobs, rc == 0 ? blob : "");
        hull_strv_add(arena, &types, manifest->layers.v[i].media_type);
    }
    if (rc == 0 && name) {
        rc = img_full_name(call, name, &full);
        hull_strv_add(arena, &names, full);
    }
    if (rc == 0)
        rc = img_describe(load->session, config, &blobs, &types, &doc);
    if (rc < 0)
        return rc;
    own = img_own_platform(&doc);
    if (load->session->wanted && !platform_fits(load->session->wanted, &own))
        return 0;
    doc.manifest = digest;
    load->images++;
    return img_install_loaded(load->session, &doc, &names);
}

/* The name in the annotations; a bare tag, as a layout made by hand has, names nothing. */
static const char *annotated_name(const struct oci_descriptor *descriptor)
{
    const char *name = hull_map_find(&descriptor->annotations, NAME_ANNOTATION);
    const char *ref = hull_map_find(&descriptor->annotations, REF_ANNOTATION);

    if (name)
        return name;
    return ref && strpbrk(ref, "/:") ? ref : NULL;
}

/* In an index with several platforms the one that was asked for, or this host's, is meant. */
static bool fits(const struct oci_load *load, const struct oci_descriptor *descriptor)
{
    const struct oci_platform *platform = descriptor->platform;
    struct platform own;

    if (!platform || !platform->architecture)
        return true;
    own = (struct platform){platform->os ? platform->os : "", platform->architecture,
                            platform->variant ? platform->variant : ""};
    if (load->session->wanted)
        return platform_fits(load->session->wanted, &own);
    return hull_streq(platform->os, "linux") &&
           strcmp(platform->architecture, platform_host_architecture()) == 0;
}

static int load_descriptor(struct oci_load *load, const struct oci_descriptor *descriptor,
                           const char *name, int depth);

static int load_index(struct oci_load *load, const struct oci_manifest *index, const char *name,
                      int depth)
{
    struct hull_call *call = load->session->call;
    struct platform host = {"linux", platform_host_architecture(), ""};
    const struct platform *wanted = load->session->wanted ? load->session->wanted : &host;
    size_t before = load->images;
    int rc = 0;

    if (depth > DEPTH_MAX)
        return hull_fail(call, HULL_INVALID, "indexes are nested more than %d deep", DEPTH_MAX);
    for (size_t i = 0; rc == 0 && i < index->manifests.n; i++) {
        const struct oci_descriptor *descriptor = &index->manifests.v[i];
        const char *own = annotated_name(descriptor);
        if (depth && !fits(load, descriptor))
            continue;
        rc = load_descriptor(load, descriptor, own ? own : name, depth);
        /* Below the top, an index stands for one image. */
        if (depth && load->images > before)
            break;
    }
    if (rc == 0 && load->images == before)
        return hull_fail(call, HULL_NOT_FOUND, "no image for %s in the archive",
                         platform_string(hull_call_arena(call), wanted));
    return rc;
}

static int load_descriptor(struct oci_load *load, const struct oci_descriptor *descriptor,
                           const char *name, int depth)
{
    struct hull_call *call = load->session->call;
    struct oci_manifest manifest;
    bool index;
    int rc;

    if (load->images >= IMAGES_MAX)
        return hull_fail(call, HULL_TOO_LARGE, "more than %d images in one archive", IMAGES_MAX);
    rc = read_manifest(load, descriptor, &manifest);
    if (rc == 0)
        rc = check_kind(call, &manifest, descriptor->media_type, &index);
    if (rc < 0)
        return rc;
    return index ? load_index(load, &manifest, name, depth + 1)
                 : load_manifest(load, descriptor->digest, &manifest, name);
}

static int check_layout(struct hull_call *call, const struct archive *archive)
{
    const struct archive_member *member = archive_find(archive, "oci-layout");
    struct oci_layout layout;
    int rc;

    if (!member || !member->text)
        return hull_fail(call, HULL_INVALID, "invalid archive: no oci-layout in it");
    rc = archive_decode(call, member, &oci_layout_message, &layout);
    if (rc == 0 && strcmp(layout.version, "1.0.0") != 0)
        return hull_fail(call, HULL_NOT_SUPPORTED, "OCI layout of version %.30s, 1.0.0 is known",
                         layout.version);
    return rc;
}

int img_load_oci(struct img_session *session, const struct archive *archive)
{
    struct oci_load load = {.session = session, .archive = archive};
    struct hull_call *call = session->call;
    const struct archive_member *member = archive_find(archive, "index.json");
    struct oci_manifest index;
    bool is_index;
    int rc = check_layout(call, archive);

    if (rc == 0 && !member->text)
        return hull_fail(call, HULL_INVALID, "invalid archive: index.json is a link");
    if (rc == 0)
        rc = archive_decode(call, member, &oci_manifest_message, &index);
    if (rc == 0)
        rc = check_kind(call, &index, NULL, &is_index);
    if (rc == 0 && !is_index)
        return hull_fail(call, HULL_INVALID, "index.json is not an index");
    return rc < 0 ? rc : load_index(&load, &index, NULL, 0);
}
