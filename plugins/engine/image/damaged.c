/*
 * damaged.c: images whose documents can't be read.
 *
 * Such an image can't be run, but has to be shown and removed, and meanwhile nothing that it is
 * made of may be taken for nobody's. Its id is the key of the document, names are documents of
 * their own that tell it, and the configuration, a blob whose digest is the id, tells the layers.
 * What nothing else tells are the blobs of the layers as they came.
 */
#include "engine.h"

#include <string.h>

#include "digest.h"
#include "json.h"
#include "state.h"

/* --- what else tells of it ----------------------------------------------------------------- */

struct naming {
    struct image_doc *doc;
    struct hull_arena *arena;
};

static int note_name(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct naming *naming = ctx;
    struct image_name_doc named;

    if (json_decode_call(call, &image_name_doc_message, document->value, strlen(document->value), 0,
                         &named) < 0)
        state_leave(call, document);
    else if (strcmp(named.id, naming->doc->id) == 0)
        hull_strv_add(naming->arena, &naming->doc->names,
                      hull_arena_strdup(naming->arena, document->key));
    return 0;
}

static int read_names(struct hull_call *call, struct image_doc *doc)
{
    struct naming naming = {doc, hull_call_arena(call)};
    struct hull_sink sink = {.reply = note_name, .ctx = &naming};
    struct state_key key = {.bucket = IMG_NAMES};
    struct state_document last;

    return hull_send_many(call, IMG_STATE, &state_list_method, &key, &last, &sink);
}

static int add_layer(struct hull_call *call, struct image_doc *doc, const char *diff_id,
                     const char *storage)
{
    const char *parent = doc->layers.n ? doc->layers.v[doc->layers.n - 1].chain : NULL;
    struct image_layer_doc layer = {.diff_id = diff_id,
                                    .chain = img_chain_id(call, parent, diff_id)};
    struct storage_layer request = {.chain_id = layer.chain}, found = {0};
    int rc = storage_layer_stat(call, storage, &request, &found);

    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(call);
        rc = 0;
    }
    layer.size = found.size;
    doc->size += found.size;
    *HULL_LIST_ADD(hull_call_arena(call), &doc->layers) = layer;
    return rc;
}

/* Its digest is looked at: what is damaged may not tell which layers somebody needs. */
static int read_config(struct hull_call *call, struct image_doc *doc)
{
    char *text, found[DIGEST_SIZE];
    const char *storage;
    struct oci_config config;
    size_t size;
    int rc = img_read_blob(call, doc->id, &text, &size);

    if (rc < 0)
        return rc;
    digest_bytes(text, size, found);
    if (strcmp(found, doc->id) != 0)
        return hull_fail(call, HULL_IO, "%s is damaged: its digest is %s", doc->id, found);
    rc = json_decode_call(call, &oci_config_message, text, size, 0, &config);
    if (rc == 0)
        rc = img_storage(call, &storage);
    if (rc < 0)
        return rc;
    img_describe_config(&config, doc);
    for (size_t i = 0; rc == 0 && i < config.rootfs.diff_ids.n; i++)
        rc = add_layer(call, doc, config.rootfs.diff_ids.v[i], storage);
    return rc;
}

int img_salvage(struct hull_call *call, const char *id, struct image_doc *ret)
{
    int rc;

    *ret = (struct image_doc){.id = hull_strdup(call, id), .config_size = IMG_SALVAGED};
    rc = read_names(call, ret);
    if (rc == 0 && read_config(call, ret) < 0) {
        rc = hull_check(call);
        ret->config_size = IMG_UNKNOWN;
    }
    return rc;
}

/* --- looking for it ------------------------------------------------------------------------ */

static int id_of_name(struct hull_call *call, const char *name, const char **ret)
{
    struct state_document document;
    struct image_name_doc named;
    bool found;
    int rc = state_find(call, IMG_STATE, IMG_NAMES, name, &document, &found);

    if (rc == 0 && found)
        rc = json_decode_call(call, &image_name_doc_message, document.value, strlen(document.value),
                              0, &named);
    if (rc == 0 && found)
        *ret = named.id;
    return rc;
}

struct keys {
    struct hull_arena *arena;
    struct hull_strv found;
};

static int note_key(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct keys *keys = ctx;

    (void)call;
    hull_strv_add(keys->arena, &keys->found, hull_arena_strdup(keys->arena, document->key));
    return 0;
}

static int id_of_digits(struct hull_call *call, const char *digits, const char **ret)
{
    struct keys keys = {.arena = hull_call_arena(call)};
    struct hull_sink sink = {.reply = note_key, .ctx = &keys};
    struct state_key key = {.bucket = IMG_BUCKET,
                            .key = hull_printf(call, DIGEST_PREFIX "%s", digits)};
    struct state_document last;
    int rc = hull_send_many(call, IMG_STATE, &state_list_method, &key, &last, &sink);

    if (rc == 0 && keys.found.n > 1)
        return hull_fail(call, HULL_INVALID,
                         "image id prefix %s is ambiguous: several images begin with it", digits);
    if (rc == 0 && keys.found.n == 1)
        *ret = keys.found.v[0];
    return rc;
}

int img_find_any(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_by_name,
                 struct reference *ret_reference)
{
    const char *digits = reference_id_digits(name), *id = NULL;
    int rc = img_find_how(call, name, ret, ret_by_name, ret_reference), again = 0;

    if (rc != -HULL_IO)
        return rc;
    if (!digits || strlen(digits) != DIGEST_HEX_SIZE)
        again = id_of_name(call, reference_string(hull_call_arena(call), ret_reference), &id);
    *ret_by_name = id != NULL;
    if (again == 0 && !id && digits)
        again = id_of_digits(call, digits, &id);
    if (again < 0 || !id)
        return again < 0 ? again : rc;
    hull_error_clear(call);
    return img_salvage(call, id, ret);
}

int img_holder(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_found)
{
    const char *id = NULL;
    int rc = img_by_name(call, name, ret, ret_found);

    if (rc != -HULL_IO || id_of_name(call, name, &id) < 0 || !id)
        return rc;
    hull_error_clear(call);
    *ret_found = true;
    return img_salvage(call, id, ret);
}
