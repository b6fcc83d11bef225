/*
 * inspect.c: docker inspect and docker history of an image.
 */
#include "engine.h"

#include <string.h>

#include "timefmt.h"

int img_find_ref(struct hull_call *call, const struct image_ref *ref, struct image_doc *ret_doc)
{
    int rc = img_find(call, ref->name, ret_doc);

    return rc < 0 ? rc : img_check_platform(call, ref->name, ref->platform, ret_doc);
}

/* The layers of an image as overlay has them below a container: the top one is what the image's
 * last step wrote, the rest is below it. The driver's own layer at the end is no part of it. */
static void own_layers(struct hull_call *call, const struct image_doc *doc,
                       const struct hull_map *described, struct hull_map *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    char *lower = hull_strdup(call, hull_map_find(described, "LowerDir"));
    size_t end = 0;

    if (!lower) {
        *ret = *described;
        return;
    }
    for (size_t i = 0; i < doc->layers.n; i++)
        end += strcspn(lower + end, ":") + (i + 1 < doc->layers.n && lower[end] ? 1 : 0);
    lower[end] = '\0';
    end = strcspn(lower, ":");
    if (lower[end])
        hull_map_set(arena, ret, "LowerDir", hull_strdup(call, lower + end + 1));
    lower[end] = '\0';
    hull_map_set(arena, ret, "UpperDir", lower);
}

static int graph_driver(struct hull_call *call, const struct image_doc *doc,
                        struct image_inspect_reply *reply)
{
    struct storage_container request = {.id = digest_hex(doc->id)};
    struct storage_mount_reply described;
    const char *storage;
    int rc = img_storage(call, &storage);

    for (size_t i = 0; i < doc->layers.n; i++)
        hull_strv_add(hull_call_arena(call), &request.chain, doc->layers.v[i].chain);
    if (rc == 0)
        rc = storage_describe(call, storage, &request, &described);
    if (rc < 0)
        return rc;
    hull_fd_cleanup(&described.mount_fd);
    reply->graph_driver = HULL_NEW(hull_call_arena(call), struct driver_data);
    reply->graph_driver->name = img_storage_name();
    own_layers(call, doc, &described.data, &reply->graph_driver->data);
    return 0;
}

static const char *text(const char *value)
{
    return value ? value : "";
}

int img_inspect(struct hull_call *call, const struct image_ref *request,
                struct image_inspect_reply *ret_reply)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct image_doc doc;
    int rc = img_find_ref(call, request, &doc);

    if (rc < 0)
        return rc;
    ret_reply->id = doc.id;
    img_familiar(call, &doc, true, &ret_reply->repo_tags);
    img_familiar(call, &doc, false, &ret_reply->repo_digests);
    ret_reply->parent = text(doc.parent);
    ret_reply->comment = text(doc.comment);
    ret_reply->created = text(doc.created);
    ret_reply->docker_version = text(doc.docker_version);
    ret_reply->author = text(doc.author);
    ret_reply->config = doc.config;
    ret_reply->architecture = text(doc.architecture);
    ret_reply->variant = doc.variant;
    ret_reply->os = doc.os;
    ret_reply->os_version = doc.os_version;
    ret_reply->size = doc.size;
    ret_reply->virtual_size = (struct hull_opt_int){true, doc.size};
    /* Images do not keep the container of their last step: what it had is what they have. */
    ret_reply->container_config = HULL_NEW(arena, struct image_config);
    *ret_reply->container_config = doc.config;
    ret_reply->rootfs.type = "layers";
    for (size_t i = 0; i < doc.layers.n; i++)
        hull_strv_add(arena, &ret_reply->rootfs.layers, doc.layers.v[i].diff_id);
    ret_reply->metadata.last_tag_time =
        time_format(arena, doc.tagged_ns ? doc.tagged_ns : TIME_ZERO);
    return graph_driver(call, &doc, ret_reply);
}

/* --- history ------------------------------------------------------------------------------- */

static int64_t seconds(const char *created)
{
    int64_t ns;

    return created && time_parse(created, &ns) ? ns / TIME_SECOND : 0;
}

/* The steps, oldest first as the configuration has them, with the sizes of their layers. */
static int add_steps(struct hull_call *call, const struct image_doc *doc,
                     const struct oci_config *config, struct image_history_reply *reply)
{
    size_t layer = 0;

    for (size_t i = 0; i < config->history.n; i++) {
        const struct oci_history *step = &config->history.v[i];
        struct image_history_item *item = HULL_LIST_ADD(hull_call_arena(call), &reply->history);
        *item = (struct image_history_item){
            .id = "<missing>",
            .created = seconds(step->created),
            .created_by = text(step->created_by),
            .comment = text(step->comment),
        };
        if (step->empty_layer)
            continue;
        if (layer == doc->layers.n)
            return hull_fail(call, HULL_INVALID, "too many non-empty layers in History section");
        item->size = doc->layers.v[layer++].size;
    }
    return 0;
}

static void reverse(struct image_history_reply *reply)
{
    for (size_t i = 0; i < reply->history.n / 2; i++) {
        struct image_history_item *a = &reply->history.v[i];
        struct image_history_item *b = &reply->history.v[reply->history.n - 1 - i];
        struct image_history_item swap = *a;
        *a = *b;
        *b = swap;
    }
}

/* The first steps are those of the image and of the images it was built on here, one each. */
static int name_steps(struct hull_call *call, struct image_doc *doc,
                      struct image_history_reply *reply)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < reply->history.n; i++) {
        reply->history.v[i].id = doc->id;
        img_familiar(call, doc, true, &reply->history.v[i].tags);
        if (!doc->parent)
            break;
        rc = img_get(call, doc->parent, doc);
    }
    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call);
        rc = 0;
    }
    return rc;
}

int img_history(struct hull_call *call, const struct image_ref *request,
                struct image_history_reply *ret_reply)
{
    struct oci_config config;
    struct image_doc doc;
    size_t size;
    int rc = img_find_ref(call, request, &doc);

    if (rc == 0)
        rc = img_read_config(call, doc.id, &config, &size);
    if (rc == 0)
        rc = add_steps(call, &doc, &config, ret_reply);
    if (rc < 0)
        return rc;
    reverse(ret_reply);
    return name_steps(call, &doc, ret_reply);
}
