/*
 * commit.c: an image from the image of a container and the layer that the container wrote.
 */
#include "archive.h"

#include <string.h>

#include "timefmt.h"

/* Of a tar without a member, as docker's: 1024 zeros. Such a layer is none. */
#define EMPTY_LAYER "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

/* What is put together of the parent and the request. */
struct making {
    const struct image_commit_request *request;
    struct image_doc parent; /* without an id when there is none */
    struct oci_config config;
    struct hull_strv blobs, types;
};

static int read_parent(struct img_session *session, struct making *making)
{
    struct hull_call *call = session->call;
    struct hull_arena *arena = hull_call_arena(call);
    struct image_doc *parent = &making->parent;
    size_t size;
    int rc;

    making->config.os = "linux";
    making->config.architecture = platform_host_architecture();
    making->config.rootfs.type = "layers";
    if (!making->request->parent || !*making->request->parent)
        return 0;
    rc = img_get(call, making->request->parent, parent);
    if (rc == 0)
        rc = img_read_config(call, parent->id, &making->config, &size);
    for (size_t i = 0; rc == 0 && i < parent->layers.n; i++) {
        rc = img_session_pin(session, parent->layers.v[i].blob);
        hull_strv_add(arena, &making->blobs, parent->layers.v[i].blob);
        hull_strv_add(arena, &making->types, parent->layers.v[i].media_type);
    }
    return rc;
}

static void add_step(struct hull_call *call, struct making *making, bool empty)
{
    const struct image_commit_request *request = making->request;
    struct oci_config *config = &making->config;
    struct oci_history *step = HULL_LIST_ADD(hull_call_arena(call), &config->history);

    config->created = time_format(hull_call_arena(call), hull_time_ns());
    config->author = request->author;
    config->comment = request->comment;
    config->docker_version = PACKAGE_VERSION;
    config->parent = NULL;
    *step = (struct oci_history){.created = config->created,
                                 .created_by = request->created_by,
                                 .author = request->author,
                                 .comment = request->comment,
                                 .empty_layer = empty};
}

/* The request's configuration with its changes is that of the new image. */
static int add_layer(struct img_session *session, struct making *making)
{
    struct hull_call *call = session->call;
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem = {0};
    char layer[DIGEST_SIZE];
    int64_t size;
    bool empty;
    int rc = archive_spool(session, making->request->body, layer, &size);

    if (rc < 0)
        return rc;
    empty = strcmp(layer, EMPTY_LAYER) == 0;
    if (!empty) {
        const char *digest = hull_strdup(call, layer);

        hull_strv_add(arena, &making->config.rootfs.diff_ids, digest);
        hull_strv_add(arena, &making->blobs, digest);
        hull_strv_add(arena, &making->types, MEDIA_OCI_LAYER);
    }
    add_step(call, making, empty);
    making->config.config = making->request->config;
    if (img_apply_changes(arena, &making->request->changes, &making->config.config, &problem) < 0)
        return hull_fail_problem(call, &problem);
    return 0;
}

static int commit(struct img_session *session, struct making *making, const char *name,
                  struct image_commit_reply *ret_reply)
{
    struct hull_call *call = session->call;
    struct hull_strv names = {0}, lines = {0};
    struct image_doc doc;
    const char *id;
    int rc = read_parent(session, making);

    if (rc == 0)
        rc = add_layer(session, making);
    if (rc == 0)
        rc = img_store_config(session, &making->config, &id);
    if (rc == 0)
        rc = img_describe(session, id, &making->blobs, &making->types, &doc);
    if (rc < 0)
        return rc;
    doc.parent = making->parent.id;
    if (name)
        hull_strv_add(hull_call_arena(call), &names, name);
    rc = img_install(session, &doc, &names, &lines);
    if (rc < 0)
        return rc;
    ret_reply->id = doc.id;
    if (name) {
        ret_reply->name = img_familiar_one(call, name);
        img_event(call, "tag", &doc, ret_reply->name);
    }
    return 0;
}

int img_handle_commit(struct hull_call *call, const struct image_commit_request *request,
                      struct image_commit_reply *ret_reply)
{
    struct making *making = HULL_NEW(hull_call_arena(call), struct making);
    struct img_session *session;
    char *name = NULL;
    int rc = img_new_name(call, request->repo, request->tag, &name);

    making->request = request;
    if (rc == 0)
        rc = img_session_begin(call, &session);
    if (rc < 0) {
        hull_stream_close(request->body);
        return rc;
    }
    return commit(session, making, name, ret_reply);
}
