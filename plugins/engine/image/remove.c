/*
 * remove.c: docker rmi: a name goes before the image, and the image only when nothing keeps it.
 *
 * One transaction takes the documents away and leaves an intent that names the layers; after it
 * they are removed from the disk, and the intent with them.
 */
#include "remove.h"

#include <string.h>

#include "failpoint.h"
#include "ids.h"
#include "json.h"

static struct image_deleted *record(struct removal *removal)
{
    return HULL_LIST_ADD(hull_call_arena(removal->call), &removal->list);
}

void removal_untag(struct removal *removal, struct image_doc *doc, const char *name)
{
    record(removal)->untagged = img_familiar_one(removal->call, name);
    img_remove_name(&removal->change, doc, name);
    *HULL_LIST_ADD(hull_call_arena(removal->call), &removal->untagged) = *doc;
}

/* --- what keeps an image ------------------------------------------------------------------- */

/* One name with a tag, or several that say the same: one tag, and digests in its repository. */
static bool single_reference(struct hull_call *call, const struct hull_strv *names)
{
    const char *tagged = NULL, *repository = NULL;

    if (names->n <= 1)
        return true;
    for (size_t i = 0; i < names->n; i++) {
        const char *at = strchr(names->v[i], '@');
        const char *name;
        if (!at && tagged)
            return false;
        if (!at)
            tagged = names->v[i];
        name = at ? hull_printf(call, "%.*s", (int)(at - names->v[i]), names->v[i])
                  : hull_printf(call, "%.*s", (int)(strrchr(names->v[i], ':') - names->v[i]),
                                names->v[i]);
        if (repository && strcmp(repository, name) != 0)
            return false;
        repository = name;
    }
    return true;
}

static int conflict(struct removal *removal, const struct image_doc *doc, bool hard,
                    const char *what)
{
    return hull_fail(removal->call, HULL_CONFLICT, "conflict: unable to delete %s (%s) - %s",
                     id_short(hull_call_arena(removal->call), doc->id),
                     hard ? "cannot be forced" : "must be forced", what);
}

static int check_containers(struct removal *removal, const struct image_doc *doc)
{
    struct hull_call *call = removal->call;
    struct container_users_reply users;
    int rc = img_users(call, doc->id, &users);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < users.users.n; i++) {
        const struct container_user *user = &users.users.v[i];
        if (user->running)
            return conflict(removal, doc, true,
                            hull_printf(call, "image is being used by running container %s",
                                        id_short(hull_call_arena(call), user->id)));
    }
    /* The layers are below the container's own: they stay as long as it does, forced or not. */
    removal->stopped_user = users.users.n > 0;
    if (users.users.n)
        return conflict(removal, doc, removal->force,
                        hull_printf(call, "image is being used by stopped container %s",
                                    id_short(hull_call_arena(call), users.users.v[0].id)));
    return 0;
}

static int check_kept(struct removal *removal, const struct image_doc *doc,
                      const struct image_doc_list *all)
{
    int rc;

    if (img_has_children(all, doc))
        return conflict(removal, doc, true, "image has dependent child images");
    rc = check_containers(removal, doc);
    if (rc < 0)
        return rc;
    if (!removal->force && !single_reference(removal->call, &doc->names))
        return conflict(removal, doc, false, "image is referenced in multiple repositories");
    return 0;
}

/* --- deleting ------------------------------------------------------------------------------ */

static bool gone(const struct removal *removal, const char *id)
{
    for (size_t i = 0; i < removal->deleted.n; i++) {
        if (strcmp(removal->deleted.v[i].id, id) == 0)
            return true;
    }
    return false;
}

static bool layer_wanted(const struct removal *removal, const struct image_doc_list *all,
                         size_t index, const char *chain)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct image_doc *other = &all->v[i];
        if (index < other->layers.n && strcmp(other->layers.v[index].chain, chain) == 0 &&
            !gone(removal, other->id))
            return true;
    }
    return false;
}

/* The layers that no other image has, the highest first. */
static void delete_layers(struct removal *removal, const struct image_doc *doc,
                          const struct image_doc_list *all)
{
    struct hull_arena *arena = hull_call_arena(removal->call);
    struct hull_strv chains = {0};

    for (size_t i = doc->layers.n; i > 0; i--) {
        const struct image_layer_doc *layer = &doc->layers.v[i - 1];
        if (layer->blob)
            hull_strv_add(arena, &removal->blobs, layer->blob);
        if (layer_wanted(removal, all, i - 1, layer->chain))
            continue;
        record(removal)->deleted = layer->chain;
        hull_strv_add(arena, &chains, layer->chain);
        removal->space += layer->size;
    }
    /* img_collect() goes from the end to the beginning. */
    for (size_t i = chains.n; i > 0; i--)
        hull_strv_add(arena, &removal->chains, chains.v[i - 1]);
    hull_strv_add(arena, &removal->blobs, doc->id);
    removal->any_blob |= img_is_damaged(doc);
    if (doc->manifest)
        hull_strv_add(arena, &removal->blobs, doc->manifest);
}

static int delete_parent(struct removal *removal, const char *id)
{
    struct image_doc parent;
    int rc = id ? img_get(removal->call, id, &parent) : -HULL_NOT_FOUND;

    if (rc == -HULL_NOT_FOUND) {
        hull_error_clear(removal->call);
        return 0;
    }
    if (rc < 0 || parent.names.n)
        return rc;
    return removal_delete(removal, &parent, true);
}

int removal_delete(struct removal *removal, struct image_doc *doc, bool quiet)
{
    struct image_doc_list all, left = {0};
    int rc = img_all(removal->call, doc->id, &all);

    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        if (!gone(removal, all.v[i].id))
            *HULL_LIST_ADD(hull_call_arena(removal->call), &left) = all.v[i];
    }
    if (rc == 0)
        rc = check_kept(removal, doc, &left);
    if (rc == -HULL_CONFLICT && quiet) {
        hull_error_clear(removal->call);
        return 0;
    }
    if (rc < 0)
        return rc;
    while (doc->names.n)
        removal_untag(removal, doc, doc->names.v[0]);
    *HULL_LIST_ADD(hull_call_arena(removal->call), &removal->deleted) = *doc;
    img_drop(&removal->change, IMG_BUCKET, doc->id);
    img_drop(&removal->change, IMG_USED, doc->id);
    record(removal)->deleted = doc->id;
    delete_layers(removal, doc, &all);
    return removal->prune ? delete_parent(removal, doc->parent) : 0;
}

/* --- the end of a removal ------------------------------------------------------------------ */

static void add_intent(struct removal *removal, const char *key)
{
    struct image_intent_doc doc = {.chains = removal->chains};
    struct hull_arena *arena = hull_call_arena(removal->call);
    struct state_document *document = HULL_LIST_ADD(arena, &removal->change.commit.operations);

    document->bucket = IMG_INTENTS;
    document->key = key;
    document->value = json_string(arena, &image_intent_doc_message, &doc);
}

static int note_blob(struct hull_call *call, void *ctx, const void *reply)
{
    const struct content_blob *blob = reply;
    struct removal *removal = ctx;

    (void)call;
    hull_strv_add(hull_call_arena(removal->call), &removal->blobs,
                  hull_strdup(removal->call, blob->digest));
    return 0;
}

static int add_all_blobs(struct removal *removal)
{
    struct hull_sink sink = {.reply = note_blob, .ctx = removal};
    struct hull_empty nothing = {0};
    struct content_blob end;

    return hull_send_many(removal->call, IMG_CONTENT, &content_list_method, &nothing, &end, &sink);
}

static int clean_up(struct removal *removal, const char *intent)
{
    struct img_change change = {.call = removal->call};
    struct state_commit_reply reply;
    FAILPOINT(image_collect_before);
    int rc = removal->any_blob ? add_all_blobs(removal) : 0;

    if (rc == 0)
        rc = img_collect(removal->call, &removal->blobs, &removal->chains);

    if (rc < 0)
        return rc;
    FAILPOINT(image_collect_after);
    img_drop(&change, IMG_INTENTS, intent);
    return state_commit(removal->call, IMG_STATE, &change.commit, &reply);
}

static void tell(struct removal *removal)
{
    for (size_t i = 0; i < removal->untagged.n; i++)
        img_event(removal->call, "untag", &removal->untagged.v[i], removal->untagged.v[i].id);
    for (size_t i = 0; i < removal->deleted.n; i++)
        img_event(removal->call, "delete", &removal->deleted.v[i], removal->deleted.v[i].id);
}

int removal_finish(struct removal *removal, int rc)
{
    struct hull_call *call = removal->call;
    const char *intent = removal->deleted.n ? id_new(hull_call_arena(call)) : NULL;

    if (rc == 0 && intent)
        add_intent(removal, intent);
    if (rc == 0)
        rc = img_commit(&removal->change);
    hull_unlock(&img_lock);
    if (rc < 0)
        return rc;
    tell(removal);
    /* The image is gone, whatever a client or the disk does now. */
    hull_shield(call);
    if (intent && clean_up(removal, intent) < 0) {
        hull_log(call, HULL_LOG_WARN, "image clean-up", "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
    hull_unshield(call);
    return 0;
}

/* --- docker rmi ---------------------------------------------------------------------------- */

static int check_name_users(struct removal *removal, const struct image_doc *doc,
                            const struct reference *reference)
{
    struct hull_arena *arena = hull_call_arena(removal->call);
    struct container_users_reply users;
    int rc;

    if (removal->force || !single_reference(removal->call, &doc->names))
        return 0;
    rc = img_users(removal->call, doc->id, &users);
    if (rc < 0 || users.users.n == 0)
        return rc;
    return hull_fail(removal->call, HULL_CONFLICT,
                     "conflict: unable to remove repository reference \"%s\" (must force) - "
                     "container %s is using its referenced image %s",
                     reference_familiar(arena, reference), id_short(arena, users.users.v[0].id),
                     id_short(arena, doc->id));
}

/* With the last tag of a repository go the digests that were pulled with it. */
static void untag_digests(struct removal *removal, struct image_doc *doc,
                          const struct reference *reference)
{
    const char *name = reference_name(hull_call_arena(removal->call), reference);
    size_t length = strlen(name);

    for (size_t i = 0; i < doc->names.n; i++) {
        if (strncmp(doc->names.v[i], name, length) == 0 && doc->names.v[i][length] == ':')
            return;
    }
    for (size_t i = doc->names.n; i > 0; i--) {
        const char *one = doc->names.v[i - 1];
        if (strncmp(one, name, length) == 0 && one[length] == '@')
            removal_untag(removal, doc, one);
    }
}

static int remove_by_name(struct removal *removal, struct image_doc *doc,
                          const struct reference *reference)
{
    int rc = check_name_users(removal, doc, reference);

    if (rc < 0)
        return rc;
    removal_untag(removal, doc, reference_string(hull_call_arena(removal->call), reference));
    if (reference->tag)
        untag_digests(removal, doc, reference);
    return doc->names.n ? 0 : removal_delete(removal, doc, true);
}

/* By id. What a stopped container is made of stays below it: forced, the image loses its names
 * and becomes dangling. */
static int remove_by_id(struct removal *removal, struct image_doc *doc)
{
    int rc = removal_delete(removal, doc, false);

    if (rc != -HULL_CONFLICT || !removal->force || !doc->names.n || !removal->stopped_user)
        return rc;
    hull_error_clear(removal->call);
    while (doc->names.n)
        removal_untag(removal, doc, doc->names.v[0]);
    return 0;
}

int img_remove(struct hull_call *call, const struct image_remove_request *request,
               struct image_remove_reply *ret_reply)
{
    struct removal removal = {
        .call = call,
        .force = request->force,
        .prune = !request->noprune,
        .change = {.call = call},
    };
    struct reference reference;
    struct image_doc doc;
    bool by_name;
    int rc;

    if (request->platforms.n)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "removing single platforms of an image is not supported: leave platforms "
                         "out");
    rc = hull_lock(call, &img_lock);
    if (rc < 0)
        return rc;
    rc = img_find_any(call, request->name, &doc, &by_name, &reference);
    if (rc == 0)
        rc = by_name ? remove_by_name(&removal, &doc, &reference) : remove_by_id(&removal, &doc);
    rc = removal_finish(&removal, rc);
    ret_reply->deleted.n = rc < 0 ? 0 : removal.list.n;
    ret_reply->deleted.v = removal.list.v;
    return rc;
}
