/*
 * load.c: docker load: images from an archive in a form of docker or of OCI.
 */
#include "archive.h"

#include <string.h>

#include "json.h"

int img_full_name(struct hull_call *call, const char *text, char **ret)
{
    struct hull_problem problem = {0};
    struct reference reference;
    struct hull_arena *arena = hull_call_arena(call);

    if (reference_parse(arena, text, &reference, &problem) < 0)
        return hull_wrap(call, hull_fail_problem(call, &problem), "invalid tag %s", text);
    reference_default_tag(&reference);
    *ret = reference_string(arena, &reference);
    return 0;
}

/* --- what an image is ---------------------------------------------------------------------- */

static int check_config(struct hull_call *call, const struct oci_config *config, size_t layers)
{
    if (config->os && *config->os && strcmp(config->os, "linux") != 0)
        return hull_fail(call, HULL_INVALID, "cannot load %s image on linux", config->os);
    if (config->rootfs.type && strcmp(config->rootfs.type, "layers") != 0)
        return hull_fail(call, HULL_INVALID, "unsupported rootfs type \"%s\"", config->rootfs.type);
    if (config->rootfs.diff_ids.n != layers)
        return hull_fail(call, HULL_INVALID,
                         "invalid manifest, layers length mismatch: expected %zu, got %zu",
                         config->rootfs.diff_ids.n, layers);
    if (layers > IMG_LAYERS_MAX)
        return hull_fail(call, HULL_TOO_LARGE, "max depth exceeded: %zu layers, at most %d", layers,
                         IMG_LAYERS_MAX);
    for (size_t i = 0; i < layers; i++) {
        if (!digest_valid(config->rootfs.diff_ids.v[i]))
            return hull_fail(call, HULL_INVALID, "invalid diff id \"%.100s\"",
                             config->rootfs.diff_ids.v[i]);
    }
    return 0;
}

void img_describe_config(const struct oci_config *config, struct image_doc *doc)
{
    doc->created = config->created;
    doc->parent = NULL; /* what it says of another store means nothing here */
    doc->comment = config->comment;
    if (!doc->comment && config->history.n)
        doc->comment = config->history.v[config->history.n - 1].comment;
    doc->docker_version = config->docker_version;
    doc->author = config->author;
    doc->architecture = config->architecture;
    doc->variant = config->variant;
    doc->os = config->os && *config->os ? config->os : "linux";
    doc->os_version = config->os_version;
    doc->config = config->config;
    doc->loaded_ns = hull_time_ns();
}

static int describe_layers(struct hull_call *call, const struct oci_config *config,
                           const struct hull_strv *blobs, const struct hull_strv *types,
                           struct image_doc *doc)
{
    const char *parent = NULL;

    for (size_t i = 0; i < blobs->n; i++) {
        struct content_blob request = {.digest = blobs->v[i], .fd = -1}, there;
        struct image_layer_doc *layer = HULL_LIST_ADD(hull_call_arena(call), &doc->layers);
        int rc = content_stat(call, IMG_CONTENT, &request, &there);
        if (rc < 0)
            return hull_wrap(call, rc, "layer %s", config->rootfs.diff_ids.v[i]);
        layer->diff_id = config->rootfs.diff_ids.v[i];
        layer->chain = img_chain_id(call, parent, layer->diff_id);
        layer->blob = blobs->v[i];
        layer->blob_size = there.size;
        layer->media_type = types && i < types->n ? types->v[i] : NULL;
        parent = layer->chain;
    }
    return 0;
}

int img_describe(struct img_session *session, const char *digest, const struct hull_strv *blobs,
                 const struct hull_strv *types, struct image_doc *ret)
{
    struct hull_call *call = session->call;
    struct oci_config config;
    size_t size;
    int rc = img_read_config(call, digest, &config, &size);

    if (rc == 0)
        rc = check_config(call, &config, blobs->n);
    if (rc < 0)
        return rc;
    *ret = (struct image_doc){.id = digest, .config_size = (int64_t)size};
    img_describe_config(&config, ret);
    return describe_layers(call, &config, blobs, types, ret);
}

/* --- making it visible --------------------------------------------------------------------- */

static int say(struct hull_call *call, const char *text)
{
    struct progress line = {.stream = text};

    return hull_emit(call, &line);
}

/* What is known of an image that is here already stays: its names, when it came, and its blobs,
 * which may be compressed in another way; those that came now go with the session. */
static int merge(struct hull_call *call, struct image_doc *doc)
{
    struct image_doc there;
    int rc = img_get(call, doc->id, &there);

    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call);
        return 0;
    }
    if (rc == -HULL_IO) {
        /* It is whole again after this. */
        hull_error_clear(call);
        rc = img_salvage(call, doc->id, &there);
        doc->names = there.names;
        return rc;
    }
    if (rc < 0)
        return rc;
    if (there.layers.n == doc->layers.n)
        doc->layers = there.layers;
    doc->names = there.names;
    doc->tagged_ns = there.tagged_ns;
    doc->loaded_ns = there.loaded_ns;
    doc->parent = there.parent;
    if (!doc->manifest)
        doc->manifest = there.manifest;
    return 0;
}

static int add_names(struct img_change *change, struct image_doc *doc,
                     const struct hull_strv *names, struct hull_strv *lines)
{
    struct hull_call *call = change->call;

    for (size_t i = 0; i < names->n; i++) {
        struct image_doc loser;
        bool lost;
        int rc = img_add_name(change, doc, names->v[i], &loser, &lost);
        if (rc < 0)
            return rc;
        if (lost)
            hull_strv_add(hull_call_arena(call), lines,
                          hull_printf(call,
                                      "The image %s already exists, renaming the old one with ID "
                                      "%s to empty string\n",
                                      img_familiar_one(call, names->v[i]), loser.id));
    }
    return 0;
}

/* One transaction; the old blobs of an image that was here with others are not wanted any more,
 * which the session's end sees. */
static int make_visible(struct img_session *session, struct image_doc *doc,
                        const struct hull_strv *names, struct hull_strv *lines)
{
    struct hull_call *call = session->call;
    struct img_change change = {.call = call};
    int rc = hull_lock(call, &img_lock);

    if (rc < 0)
        return rc;
    rc = merge(call, doc);
    if (rc == 0) {
        img_put(&change, doc);
        rc = add_names(&change, doc, names, lines);
    }
    if (rc == 0)
        rc = img_commit(&change);
    hull_unlock(&img_lock);
    return rc;
}

int img_install(struct img_session *session, struct image_doc *doc, const struct hull_strv *names,
                struct hull_strv *lines)
{
    int rc = img_unpack(session, doc);

    if (rc == 0)
        rc = make_visible(session, doc, names, lines);
    if (rc == 0)
        img_session_keep(session);
    return rc;
}

int img_install_loaded(struct img_session *session, struct image_doc *doc,
                       const struct hull_strv *names)
{
    struct hull_call *call = session->call;
    struct hull_strv lines = {0};
    int rc = img_install(session, doc, names, &lines);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < lines.n; i++)
        rc = say(call, lines.v[i]);
    for (size_t i = 0; rc == 0 && i < names->n; i++)
        rc =
            say(call, hull_printf(call, "Loaded image: %s\n", img_familiar_one(call, names->v[i])));
    if (rc == 0 && names->n == 0)
        rc = say(call, hull_printf(call, "Loaded image ID: %s\n", doc->id));
    img_event(call, "load", doc, doc->id);
    return rc;
}

/* --- the handler --------------------------------------------------------------------------- */

/* Docker's form says names as they were; OCI's is there for everything else. */
static int load_archive(struct img_session *session, struct hull_stream *body)
{
    struct archive archive;
    int rc = archive_read(session, body, &archive);

    if (rc < 0)
        return rc;
    if (archive_find(&archive, "manifest.json"))
        return img_load_docker(session, &archive);
    if (archive_find(&archive, "index.json"))
        return img_load_oci(session, &archive);
    return hull_fail(session->call, HULL_INVALID,
                     "invalid archive: neither manifest.json nor index.json is in it; use docker "
                     "import for the tar of a file system");
}

int img_load(struct hull_call *call, const struct image_load_request *request,
             struct progress *ret_reply)
{
    struct img_session *session;
    struct platform wanted;
    int rc = 0;

    (void)ret_reply;
    if (!request->body)
        return hull_fail(call, HULL_INVALID, "no archive in the request body");
    if (request->platform.n > 1)
        rc = hull_fail(call, HULL_NOT_SUPPORTED,
                       "load: several platforms at once are not supported: name one");
    if (rc == 0 && request->platform.n)
        rc = img_platform(call, request->platform.v[0], &wanted);
    if (rc == 0)
        rc = img_session_begin(call, &session);
    if (rc < 0) {
        hull_stream_close(request->body);
        return rc;
    }
    session->wanted = request->platform.n ? &wanted : NULL;
    return load_archive(session, request->body);
}
