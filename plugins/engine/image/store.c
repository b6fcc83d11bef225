/*
 * store.c: images and their names in the state store.
 *
 * An image's document has all that list, inspect and create ask for, and its names; a name's
 * document has the id. Both change in one transaction. Nothing is cached: a look-up is two reads
 * of a few microseconds.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "failpoint.h"
#include "json.h"
#include "state.h"

struct hull_lock img_lock;

/* --- reading ------------------------------------------------------------------------------- */

/* What can't be understood is damaged, and no fault of the request. */
static int decode(struct hull_call *call, const struct state_document *document,
                  const struct hull_message *message, void *ret)
{
    struct hull_problem problem = {0};

    if (json_decode(hull_call_arena(call), message, document->value, strlen(document->value), 0,
                    ret, &problem) == 0)
        return 0;
    return hull_fail(call, HULL_IO, "state %s/%s: %s", document->bucket, document->key,
                     problem.text);
}

/* Nobody asks again whether they are there. */
static int check_layers(struct hull_call *call, const struct state_document *document,
                        const struct image_doc *doc)
{
    for (size_t i = 0; i < doc->layers.n; i++) {
        const struct image_layer_doc *layer = &doc->layers.v[i];
        if (!layer->chain || !layer->diff_id || !layer->blob)
            return hull_fail(call, HULL_IO, "state %s/%s: layers[%zu].%s is missing",
                             document->bucket, document->key, i,
                             !layer->chain     ? "chain"
                             : !layer->diff_id ? "diffId"
                                               : "blob");
    }
    return 0;
}

static int decode_image(struct hull_call *call, const struct state_document *document,
                        struct image_doc *ret)
{
    int rc = decode(call, document, &image_doc_message, ret);

    if (rc == 0)
        rc = check_layers(call, document, ret);
    return rc < 0 ? hull_fail(call, HULL_IO,
                              "image %s is damaged (%s): remove it by this id, or load it again",
                              document->key, hull_error(call))
                  : 0;
}

int img_get(struct hull_call *call, const char *id, struct image_doc *ret)
{
    struct state_key key = {.bucket = IMG_BUCKET, .key = id};
    struct state_document document;
    int rc = state_get(call, IMG_STATE, &key, &document);

    if (rc == -HULL_NOT_FOUND)
        return hull_fail(call, HULL_NOT_FOUND, "No such image: %s", id);
    return rc < 0 ? rc : decode_image(call, &document, ret);
}

int img_by_name(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_found)
{
    struct state_document document;
    struct image_name_doc named;
    int rc = state_find(call, IMG_STATE, IMG_NAMES, name, &document, ret_found);

    if (rc == 0 && !*ret_found)
        return 0;
    if (rc == 0)
        rc = decode(call, &document, &image_name_doc_message, &named);
    if (rc == 0)
        rc = img_get(call, named.id, ret);
    *ret_found = rc == 0;
    return rc;
}

struct gather {
    struct hull_arena *arena;
    struct image_doc_list *list;
    size_t limit;
    struct hull_strv *damaged; /* gets the ids of those that can't be read; NULL: an error */
};

static int gather_one(struct hull_call *call, void *ctx, const void *reply)
{
    struct gather *gather = ctx;
    const struct state_document *document = reply;
    struct image_doc doc;

    if (gather->list->n == gather->limit)
        return 0;
    int rc = decode_image(call, document, &doc);
    if (rc == 0)
        *HULL_LIST_ADD(gather->arena, gather->list) = doc;
    if (rc == 0 || !gather->damaged)
        return rc;
    hull_strv_add(gather->arena, gather->damaged, hull_arena_strdup(gather->arena, document->key));
    state_leave(call, document);
    return 0;
}

static int gather_images(struct hull_call *call, const char *prefix, size_t limit,
                         struct hull_strv *damaged, struct image_doc_list *ret)
{
    struct gather gather = {hull_call_arena(call), ret, limit, damaged};
    struct hull_sink sink = {.reply = gather_one, .ctx = &gather};
    struct state_key key = {.bucket = IMG_BUCKET, .key = prefix};
    struct state_document last;

    *ret = (struct image_doc_list){0};
    return hull_send_many(call, IMG_STATE, &state_list_method, &key, &last, &sink);
}

int img_known(struct hull_call *call, struct image_doc_list *ret)
{
    struct hull_strv damaged = {0};
    int rc = gather_images(call, NULL, SIZE_MAX, &damaged, ret);

    for (size_t i = 0; rc == 0 && i < damaged.n; i++) {
        struct image_doc doc;
        rc = img_salvage(call, damaged.v[i], &doc);
        *HULL_LIST_ADD(hull_call_arena(call), ret) = doc;
    }
    return rc;
}

int img_all(struct hull_call *call, const char *but, struct image_doc_list *ret)
{
    int rc = img_known(call, ret);

    for (size_t i = 0; rc == 0 && i < ret->n; i++) {
        if (ret->v[i].config_size == IMG_UNKNOWN && !hull_streq(ret->v[i].id, but))
            return hull_fail(call, HULL_IO,
                             "image %s is damaged, and its configuration, too: nothing tells what "
                             "it is made of: remove it by this id first",
                             ret->v[i].id);
    }
    return rc;
}

int img_readable(struct hull_call *call, struct image_doc_list *ret)
{
    struct hull_strv damaged = {0};

    return gather_images(call, NULL, SIZE_MAX, &damaged, ret);
}

static int by_prefix(struct hull_call *call, const char *digits, struct image_doc *ret,
                     bool *ret_found)
{
    struct image_doc_list list;
    int rc = gather_images(call, hull_printf(call, DIGEST_PREFIX "%s", digits), 2, NULL, &list);

    if (rc < 0)
        return rc;
    if (list.n > 1)
        return hull_fail(call, HULL_INVALID,
                         "image id prefix %s is ambiguous: several images begin with it", digits);
    *ret_found = list.n == 1;
    if (*ret_found)
        *ret = list.v[0];
    return 0;
}

int img_find_how(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_by_name,
                 struct reference *ret_reference)
{
    struct hull_arena *arena = hull_call_arena(call);
    const char *digits = reference_id_digits(name);
    struct hull_problem problem = {0};
    bool found = false;
    int rc = 0;

    *ret_by_name = false;
    if (digits && strlen(digits) == DIGEST_HEX_SIZE) {
        rc = by_prefix(call, digits, ret, &found);
        if (rc < 0 || found)
            return rc;
        return hull_fail(call, HULL_NOT_FOUND, "No such image: %s", name);
    }
    rc = reference_parse(arena, name, ret_reference, &problem);
    if (rc < 0)
        return hull_fail_problem(call, &problem);
    reference_default_tag(ret_reference);
    /* A digest says more than a tag beside it. */
    if (ret_reference->digest)
        ret_reference->tag = NULL;
    rc = img_by_name(call, reference_string(arena, ret_reference), ret, ret_by_name);
    if (rc < 0 || *ret_by_name)
        return rc;
    if (digits)
        rc = by_prefix(call, digits, ret, &found);
    if (rc < 0 || found)
        return rc;
    return hull_fail(call, HULL_NOT_FOUND, "No such image: %s",
                     reference_familiar(arena, ret_reference));
}

int img_find(struct hull_call *call, const char *name, struct image_doc *ret)
{
    struct reference reference;
    bool by_name;

    return img_find_how(call, name, ret, &by_name, &reference);
}

/* --- changing ------------------------------------------------------------------------------ */

static struct state_document *operation(struct img_change *change, const char *bucket,
                                        const char *key)
{
    struct state_document *document;

    /* The last word on a document counts: replace what the change already says of it. */
    for (size_t i = 0; i < change->commit.operations.n; i++) {
        document = &change->commit.operations.v[i];
        if (strcmp(document->bucket, bucket) == 0 && strcmp(document->key, key) == 0)
            return document;
    }
    document = HULL_LIST_ADD(hull_call_arena(change->call), &change->commit.operations);
    document->bucket = bucket;
    document->key = key;
    return document;
}

void img_put(struct img_change *change, const struct image_doc *doc)
{
    operation(change, IMG_BUCKET, doc->id)->value =
        json_string(hull_call_arena(change->call), &image_doc_message, doc);
}

void img_drop(struct img_change *change, const char *bucket, const char *key)
{
    operation(change, bucket, key)->value = NULL;
}

void img_put_name(struct img_change *change, const char *name, const char *id)
{
    struct image_name_doc doc = {.id = id, .tagged_ns = hull_time_ns()};

    operation(change, IMG_NAMES, name)->value =
        json_string(hull_call_arena(change->call), &image_name_doc_message, &doc);
}

int img_commit(struct img_change *change)
{
    struct state_commit_reply reply;

    if (change->commit.operations.n == 0)
        return 0;
    change->commit.sync = true;
    FAILPOINT(image_commit_before);
    int rc = state_commit(change->call, IMG_STATE, &change->commit, &reply);
    FAILPOINT(image_commit_after);
    return rc;
}

static void strike(struct hull_strv *list, const char *value)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->v[i], value) != 0)
            list->v[kept++] = list->v[i];
    }
    list->n = kept;
}

int img_add_name(struct img_change *change, struct image_doc *doc, const char *name,
                 struct image_doc *ret_loser, bool *ret_lost)
{
    struct hull_call *call = change->call;
    struct image_doc holder;
    bool held;
    int rc = img_holder(call, name, &holder, &held);

    *ret_lost = false;
    if (rc < 0)
        return rc;
    if (held && strcmp(holder.id, doc->id) != 0) {
        strike(&holder.names, name);
        if (!img_is_damaged(&holder))
            img_put(change, &holder);
        *ret_loser = holder;
        *ret_lost = true;
    }
    if (!hull_strv_contains(&doc->names, name))
        hull_strv_add(hull_call_arena(call), &doc->names, name);
    doc->tagged_ns = hull_time_ns();
    img_put(change, doc);
    img_put_name(change, name, doc->id);
    return 0;
}

void img_remove_name(struct img_change *change, struct image_doc *doc, const char *name)
{
    strike(&doc->names, name);
    if (!img_is_damaged(doc))
        img_put(change, doc);
    img_drop(change, IMG_NAMES, name);
}

/* --- blobs --------------------------------------------------------------------------------- */

struct slurp {
    int fd;
    char *buffer;
    size_t size;
};

static int slurp(struct hull_work *work, void *arg)
{
    struct slurp *in = arg;
    size_t have = 0;

    while (have < in->size) {
        ssize_t got = read(in->fd, in->buffer + have, in->size - have);
        if (got <= 0)
            return hull_problem_set(&work->problem, HULL_IO, "image store: unexpected end");
        have += (size_t)got;
    }
    return 0;
}

int img_read_blob(struct hull_call *call, const char *digest, char **ret_text, size_t *ret_size)
{
    struct content_blob request = {.digest = digest, .fd = -1}, blob;
    int rc = content_open(call, IMG_CONTENT, &request, &blob);

    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = blob.fd;
    struct slurp in = {.fd = fd, .size = (size_t)blob.size};
    if (blob.size > IMG_DOCUMENT_MAX)
        return hull_fail(call, HULL_TOO_LARGE, "%s has %lld bytes; a document may have 4 MB",
                         digest, (long long)blob.size);
    in.buffer = hull_alloc(call, in.size + 1);
    rc = hull_work(call, slurp, &in);
    *ret_text = in.buffer;
    *ret_size = in.size;
    return rc;
}

int img_read_config(struct hull_call *call, const char *digest, struct oci_config *ret,
                    size_t *ret_size)
{
    char *text;
    int rc = img_read_blob(call, digest, &text, ret_size);

    if (rc == 0)
        rc = json_decode_call(call, &oci_config_message, text, *ret_size, 0, ret);
    return hull_wrap(call, rc, "image configuration");
}

/* --- telling ------------------------------------------------------------------------------- */

char *img_familiar_one(struct hull_call *call, const char *name)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem = {0};
    struct reference reference;

    if (reference_parse(arena, name, &reference, &problem) < 0)
        return hull_strdup(call, name);
    return reference_familiar(arena, &reference);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void img_familiar(struct hull_call *call, const struct image_doc *doc, bool tags,
                  struct hull_strv *ret)
{
    struct hull_arena *arena = hull_call_arena(call);

    for (size_t i = 0; i < doc->names.n; i++) {
        struct hull_problem problem = {0};
        struct reference reference;
        if (reference_parse(arena, doc->names.v[i], &reference, &problem) == 0 &&
            (reference.digest == NULL) == tags)
            hull_strv_add(arena, ret, reference_familiar(arena, &reference));
    }
    if (ret->n)
        qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
}

void img_event(struct hull_call *call, const char *action, const struct image_doc *doc,
               const char *name)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_map attributes = {0};

    for (size_t i = 0; i < doc->config.labels.n; i++)
        hull_map_set(arena, &attributes, doc->config.labels.v[i].key,
                     doc->config.labels.v[i].value);
    hull_map_set(arena, &attributes, "name", name);
    event_publish_map(call, "image", action, doc->id, &attributes);
}

#define TOUCH_NS (60 * INT64_C(1000000000))

struct touch {
    int64_t time_ns;
    char id[DIGEST_SIZE];
};

static int write_touch(struct hull_call *call, void *arg)
{
    HULL_AUTO_FREE struct touch *touch = arg;
    struct image_used_doc doc = {.used_ns = touch->time_ns};

    return state_put(call, IMG_STATE, IMG_USED, touch->id,
                     json_string(hull_call_arena(call), &image_used_doc_message, &doc), false);
}

void img_touch(struct hull_call *call, const char *id)
{
    static struct touch last;
    int64_t now = hull_time_ns();
    struct touch *touch;

    (void)call;
    /* The image that is used again and again costs nothing. */
    if (strcmp(last.id, id) == 0 && now - last.time_ns < TOUCH_NS)
        return;
    touch = calloc(1, sizeof(*touch));
    HULL_ASSERT(touch);
    touch->time_ns = now;
    memcpy(touch->id, id, strnlen(id, sizeof(touch->id) - 1));
    last = *touch;
    hull_spawn("image last use", write_touch, touch);
}
