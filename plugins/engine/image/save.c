/*
 * save.c: docker save: one tar that is an OCI layout and an archive of docker at once.
 *
 * Blobs go out byte for byte as they came in. A manifest that came with the image is among them;
 * for an image without one, a manifest is made from its layers as they are stored. The same images
 * give the same archive.
 */
#include "save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compress.h"
#include "json.h"
#include "timefmt.h"

#define PIPE_SIZE (1 << 20)

/* What is collected while the images are looked at. */
struct saving {
    struct hull_call *call;
    struct save_plan *plan;
    struct docker_manifests manifests;
    struct oci_manifest index;
    struct json_value repositories; /* {"repo": {"tag": "layer"}} */
    int64_t latest;
};

/* --- the plan ------------------------------------------------------------------------------ */

static struct save_member *add_member(struct save_plan *plan, const char *name, int64_t mtime)
{
    struct save_member *member =
        hull_list_add(plan->arena, (struct hull_list *)(void *)&plan->n, sizeof(*member));

    member->name = hull_arena_strdup(plan->arena, name);
    member->mtime = mtime;
    return member;
}

static char *blob_path(struct save_plan *plan, const char *digest)
{
    return hull_arena_printf(plan->arena, "blobs/sha256/%s", digest_hex(digest));
}

static bool has_member(const struct save_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (strcmp(plan->v[i].name, name) == 0)
            return true;
    }
    return false;
}

/* SIZE is what it has to have; 0: nobody wrote that down. */
static int add_blob(struct saving *saving, const char *digest, int64_t size, int64_t mtime,
                    int64_t *ret_size)
{
    struct save_plan *plan = saving->plan;
    struct content_blob request = {.digest = digest, .size = size, .fd = -1}, there;
    struct save_member *member;
    int rc = img_pin(saving->call, digest);

    if (rc < 0)
        return rc;
    hull_strv_add(plan->arena, &plan->pins, hull_arena_strdup(plan->arena, digest));
    if (has_member(plan, blob_path(plan, digest))) {
        rc = content_stat(saving->call, IMG_CONTENT, &request, &there);
        *ret_size = there.size;
        return rc;
    }
    /* Nobody would see it in the middle of an answer that says 200. */
    rc = content_verify(saving->call, IMG_CONTENT, &request, &there);
    if (rc < 0)
        return rc;
    *ret_size = there.size;
    member = add_member(plan, blob_path(plan, digest), mtime);
    member->digest = hull_arena_strdup(plan->arena, digest);
    member->size = there.size;
    return 0;
}

static void add_text(struct save_plan *plan, const char *name, const char *text)
{
    struct save_member *member = add_member(plan, name, 0);

    member->text = hull_arena_strdup(plan->arena, text);
    member->size = (int64_t)strlen(text);
}

/* --- one image ----------------------------------------------------------------------------- */

static int layer_type(struct hull_call *call, const struct image_layer_doc *layer, const char **ret)
{
    static const char *const suffixes[] = {[COMPRESS_GZIP] = "+gzip", [COMPRESS_ZSTD] = "+zstd"};
    struct content_blob request = {.digest = layer->blob, .fd = -1}, blob;
    enum compress_format format;
    char magic[16];
    ssize_t got;
    int rc = content_open(call, IMG_CONTENT, &request, &blob);

    if (rc < 0)
        return rc;
    got = pread(blob.fd, magic, sizeof(magic), 0);
    hull_fd_cleanup(&blob.fd);
    format = compress_detect(magic, got > 0 ? (size_t)got : 0);
    *ret = hull_printf(call, MEDIA_OCI_LAYER "%s",
                       format < HULL_COUNT(suffixes) && suffixes[format] ? suffixes[format] : "");
    return 0;
}

/* Config and layers, for manifest.json and for a manifest that is made here. */
static int describe_image(struct saving *saving, const struct image_doc *doc, int64_t mtime,
                          struct oci_manifest *manifest, struct docker_manifest *docker)
{
    struct hull_arena *arena = hull_call_arena(saving->call);
    int64_t size;
    int rc = add_blob(saving, doc->id, doc->config_size, mtime, &size);

    *manifest = (struct oci_manifest){.schema_version = 2, .media_type = MEDIA_OCI_MANIFEST};
    *docker = (struct docker_manifest){.config = blob_path(saving->plan, doc->id)};
    manifest->config = HULL_NEW(arena, struct oci_descriptor);
    *manifest->config = (struct oci_descriptor){
        .media_type = MEDIA_OCI_CONFIG, .digest = doc->id, .size = doc->config_size};
    for (size_t i = 0; rc == 0 && i < doc->layers.n; i++) {
        const struct image_layer_doc *layer = &doc->layers.v[i];
        struct oci_descriptor *descriptor = HULL_LIST_ADD(arena, &manifest->layers);
        rc = layer_type(saving->call, layer, &descriptor->media_type);
        if (rc == 0)
            rc = add_blob(saving, layer->blob, layer->blob_size, mtime, &descriptor->size);
        descriptor->digest = layer->blob;
        hull_strv_add(arena, &docker->layers, blob_path(saving->plan, layer->blob));
        if (!HULL_MSGMAP_FIND(&docker->layer_sources, layer->diff_id))
            *HULL_MSGMAP_ADD(arena, &docker->layer_sources, layer->diff_id) = *descriptor;
    }
    return rc;
}

static int add_manifest(struct saving *saving, const struct image_doc *doc, int64_t mtime,
                        const struct oci_manifest *made, struct oci_descriptor *ret)
{
    struct hull_arena *arena = hull_call_arena(saving->call);
    char digest[DIGEST_SIZE];
    const char *text;

    *ret = (struct oci_descriptor){.media_type = MEDIA_OCI_MANIFEST};
    if (doc->manifest) {
        struct oci_manifest own;
        char *blob;
        size_t size;
        int rc = img_read_blob(saving->call, doc->manifest, &blob, &size);
        if (rc == 0)
            rc = json_decode_call(saving->call, &oci_manifest_message, blob, size, 0, &own);
        if (rc == 0 && own.media_type)
            ret->media_type = own.media_type;
        ret->digest = doc->manifest;
        return rc < 0 ? rc : add_blob(saving, doc->manifest, (int64_t)size, mtime, &ret->size);
    }
    text = json_string(arena, &oci_manifest_message, made);
    digest_bytes(text, strlen(text), digest);
    ret->digest = hull_strdup(saving->call, digest);
    ret->size = (int64_t)strlen(text);
    if (!has_member(saving->plan, blob_path(saving->plan, digest)))
        add_text(saving->plan, blob_path(saving->plan, digest), text);
    return 0;
}

/* --- names --------------------------------------------------------------------------------- */

static struct json_value *object_member(struct hull_arena *arena, struct json_value *object,
                                        const char *key)
{
    struct hull_strv keys = {object->count, object->keys};
    struct hull_list items = {object->count, object->items};
    struct json_value *item;

    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->keys[i], key) == 0)
            return &object->items[i];
    }
    hull_strv_add(arena, &keys, key);
    item = hull_list_add(arena, &items, sizeof(*item));
    object->keys = keys.v;
    object->items = items.v;
    object->count++;
    item->type = JSON_OBJECT;
    return item;
}

static void add_repository(struct saving *saving, const struct reference *reference,
                           const struct image_doc *doc)
{
    struct hull_arena *arena = hull_call_arena(saving->call);
    struct json_value *repository, *tag;

    if (doc->layers.n == 0)
        return;
    repository =
        object_member(arena, &saving->repositories, reference_familiar_name(arena, reference));
    tag = object_member(arena, repository, reference->tag);
    tag->type = JSON_TEXT;
    tag->text = digest_hex(doc->layers.v[doc->layers.n - 1].diff_id);
}

/* One entry of the index per name, as the name is in its annotations. */
static void add_index_entry(struct saving *saving, const struct oci_descriptor *descriptor,
                            const struct reference *reference)
{
    struct hull_arena *arena = hull_call_arena(saving->call);
    struct oci_descriptor *entry = HULL_LIST_ADD(arena, &saving->index.manifests);

    *entry = *descriptor;
    if (!reference)
        return;
    hull_map_set(arena, &entry->annotations, "io.containerd.image.name",
                 reference_string(arena, reference));
    hull_map_set(arena, &entry->annotations, "org.opencontainers.image.ref.name", reference->tag);
}

static int add_image(struct saving *saving, const struct image_doc *doc,
                     const struct hull_strv *names)
{
    struct hull_arena *arena = hull_call_arena(saving->call);
    int64_t created = img_created_ns(doc);
    int64_t mtime = created > 0 ? created / TIME_SECOND : 0;
    struct oci_manifest manifest;
    struct docker_manifest docker;
    struct oci_descriptor descriptor;
    int rc = describe_image(saving, doc, mtime, &manifest, &docker);

    if (rc == 0)
        rc = add_manifest(saving, doc, mtime, &manifest, &descriptor);
    if (rc < 0)
        return rc;
    if (mtime > saving->latest)
        saving->latest = mtime;
    for (size_t i = 0; i < names->n; i++) {
        struct hull_problem problem = {0};
        struct reference reference;
        if (reference_parse(arena, names->v[i], &reference, &problem) < 0 || !reference.tag)
            continue;
        hull_strv_add(arena, &docker.repo_tags, reference_familiar(arena, &reference));
        add_repository(saving, &reference, doc);
        add_index_entry(saving, &descriptor, &reference);
    }
    if (docker.repo_tags.n == 0)
        add_index_entry(saving, &descriptor, NULL);
    *HULL_LIST_ADD(arena, &saving->manifests.images) = docker;
    return 0;
}

/* --- which images -------------------------------------------------------------------------- */

struct wanted {
    struct image_doc doc;
    struct hull_strv names;
};

struct wanted_list {
    size_t n;
    struct wanted *v;
};

static void want(struct hull_call *call, struct wanted_list *list, const struct image_doc *doc,
                 const char *name)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct wanted *found = NULL;

    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->v[i].doc.id, doc->id) == 0)
            found = &list->v[i];
    }
    if (!found) {
        found = hull_list_add(arena, (struct hull_list *)(void *)list, sizeof(*found));
        found->doc = *doc;
    }
    if (name && !hull_strv_contains(&found->names, name))
        hull_strv_add(arena, &found->names, name);
}

/* A repository without a tag means all its tags. */
static int want_repository(struct hull_call *call, const struct reference *reference,
                           struct wanted_list *list)
{
    const char *prefix = hull_printf(call, "%s:", reference_name(hull_call_arena(call), reference));
    struct image_doc_list all;
    int rc = img_readable(call, &all);

    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        for (size_t j = 0; j < all.v[i].names.n; j++) {
            if (strncmp(all.v[i].names.v[j], prefix, strlen(prefix)) == 0)
                want(call, list, &all.v[i], all.v[i].names.v[j]);
        }
    }
    return rc;
}

/* NAME is of no other platform than WANTED: nothing else is in the archive then. */
static int check_wanted(struct hull_call *call, const struct wanted_list *list, const char *wanted)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        const char *name = list->v[i].names.n ? list->v[i].names.v[0] : list->v[i].doc.id;
        rc = img_check_platform(call, img_familiar_one(call, name), wanted, &list->v[i].doc);
    }
    return rc;
}

static int want_name(struct hull_call *call, const char *name, struct wanted_list *list)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem = {0};
    struct reference given, reference;
    struct image_doc doc;
    size_t before = list->n;
    bool by_name;
    int rc;

    if (reference_parse(arena, name, &given, &problem) == 0 && !given.tag && !given.digest) {
        rc = want_repository(call, &given, list);
        if (rc < 0 || list->n > before)
            return rc;
    }
    rc = img_find_how(call, name, &doc, &by_name, &reference);
    if (rc == -HULL_NOT_FOUND)
        return hull_fail(call, HULL_NOT_FOUND, "No such image: %s", name);
    if (rc == 0)
        want(call, list, &doc, by_name ? reference_string(arena, &reference) : NULL);
    return rc;
}

/* --- the handler --------------------------------------------------------------------------- */

/* That a part is missing is a failure of ours: the image that was asked for is there. */
static int add_all(struct saving *saving, const struct wanted_list *list)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < list->n; i++)
        rc = add_image(saving, &list->v[i].doc, &list->v[i].names);
    if (rc == -HULL_NOT_FOUND)
        rc = hull_fail(saving->call, HULL_IO,
                       "the image is damaged: %s; remove it and load it again",
                       hull_strdup(saving->call, hull_error(saving->call)));
    return rc;
}

static void finish_plan(struct saving *saving)
{
    struct hull_arena *arena = hull_call_arena(saving->call);
    struct hull_text text = HULL_TEXT(arena);
    struct save_plan *plan = saving->plan;

    plan->v[0].mtime = plan->v[1].mtime = saving->latest;
    add_text(plan, "index.json", json_string(arena, &oci_manifest_message, &saving->index));
    add_text(plan, "manifest.json",
             json_string(arena, &docker_manifests_message, &saving->manifests));
    add_text(plan, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    if (saving->repositories.count == 0)
        return;
    json_write(&text, &saving->repositories, 0);
    add_text(plan, "repositories", text.data);
}

static int make_plan(struct hull_call *call, const struct wanted_list *list, struct save_plan *plan)
{
    struct saving saving = {
        .call = call,
        .plan = plan,
        .index = {.schema_version = 2, .media_type = MEDIA_OCI_INDEX},
        .repositories = {.type = JSON_OBJECT},
    };
    int rc;

    add_member(plan, "blobs", 0)->folder = true;
    add_member(plan, "blobs/sha256", 0)->folder = true;
    rc = add_all(&saving, list);
    if (rc == 0)
        finish_plan(&saving);
    return rc;
}

int img_save(struct hull_call *call, const struct image_save_request *request,
             struct container_tar_reply *ret_reply)
{
    struct wanted_list list = {0};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct save_plan *plan = HULL_NEW(arena, struct save_plan);
    int rc = 0;

    if (request->platform.n > 1)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "save: several platforms at once are not supported: name one");
    if (request->name)
        rc = want_name(call, request->name, &list);
    for (size_t i = 0; rc == 0 && i < request->names.n; i++)
        rc = want_name(call, request->names.v[i], &list);
    if (rc == 0 && list.n == 0)
        return hull_fail(call, HULL_INVALID, "no image to save is named");
    if (rc == 0 && request->platform.n)
        rc = check_wanted(call, &list, request->platform.v[0]);
    if (rc < 0)
        return rc;
    plan->arena = HULL_TAKE(arena);
    rc = make_plan(call, &list, plan);
    if (rc < 0) {
        save_plan_free(plan);
        return rc;
    }
    hull_stream_pair(PIPE_SIZE, &ret_reply->stream, &plan->to);
    for (size_t i = 0; i < list.n; i++)
        img_event(call, "save", &list.v[i].doc, list.v[i].doc.id);
    hull_spawn("image save", save_plan_write, plan);
    return 0;
}
