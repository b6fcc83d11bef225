/*
 * session.c: a load or an import from its beginning to its end.
 *
 * What it makes (blobs, layers) is useful only once an image in the store has it. So a session
 * writes down before what it is about to make, keeps others from removing it meanwhile, and at
 * its end removes what no image has, whether it failed or not. If the daemon dies in between, the
 * intent is found at the next start.
 */
#include "engine.h"

#include <string.h>

#include "failpoint.h"
#include "ids.h"
#include "json.h"
#include "state.h"

/* A client that sends slowly holds a worker: so many may do that, the others wait. */
#define SESSIONS_MAX 2

static unsigned active;
static struct hull_cond ended;

static int write_intent(struct img_session *session)
{
    struct hull_call *call = session->call;
    struct image_intent_doc doc = {.chains = session->chains};

    int rc = state_put(call, IMG_STATE, IMG_INTENTS, session->intent,
                       json_string(hull_call_arena(call), &image_intent_doc_message, &doc), false);
    FAILPOINT(image_intent);
    return rc;
}

static int drop_intent(struct hull_call *call, const char *key)
{
    struct img_change change = {.call = call};
    struct state_commit_reply reply;

    img_drop(&change, IMG_INTENTS, key);
    return state_commit(call, IMG_STATE, &change.commit, &reply);
}

static void release_all(struct hull_strv *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        img_release(keys->v[i]);
    keys->n = 0;
}

static void end_session(struct hull_call *call, void *arg)
{
    struct img_session *session = arg;
    struct hull_strv blobs = session->blobs, made = session->made;
    int rc;

    release_all(&session->blobs);
    release_all(&session->claims);
    rc = img_collect(call, &blobs, &made);
    if (rc == 0)
        rc = drop_intent(call, session->intent);
    /* What could not be removed now is found through the intent at the next start. */
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "image clean-up", "error", hull_error(call), NULL);
    active--;
    hull_cond_signal(&ended);
}

int img_session_begin(struct hull_call *call, struct img_session **ret)
{
    struct img_session *session = HULL_NEW(hull_call_arena(call), struct img_session);
    int rc = 0;

    session->call = call;
    while (rc == 0 && active >= SESSIONS_MAX)
        rc = hull_cond_wait(call, &ended);
    if (rc < 0)
        return rc;
    active++;
    session->intent = id_new(hull_call_arena(call));
    hull_defer(call, end_session, session);
    *ret = session;
    return write_intent(session);
}

int img_session_pin(struct img_session *session, const char *digest)
{
    int rc;

    if (hull_strv_contains(&session->blobs, digest))
        return 0;
    rc = img_pin(session->call, digest);
    if (rc == 0)
        hull_strv_add(hull_call_arena(session->call), &session->blobs,
                      hull_strdup(session->call, digest));
    return rc;
}

int img_session_claim(struct img_session *session, const struct image_doc *doc)
{
    /* Always from the lowest layer up, so that two sessions can't wait for each other. */
    for (size_t i = 0; i < doc->layers.n; i++) {
        const char *key = img_layer_key(session->call, doc->layers.v[i].chain);
        int rc = img_claim(session->call, key);
        if (rc < 0)
            return rc;
        hull_strv_add(hull_call_arena(session->call), &session->claims, key);
        hull_strv_add(hull_call_arena(session->call), &session->chains, doc->layers.v[i].chain);
    }
    return write_intent(session);
}

void img_session_keep(struct img_session *session)
{
    release_all(&session->claims);
    session->chains.n = 0;
    session->made.n = 0;
}

/* --- what nobody has ----------------------------------------------------------------------- */

/* Something that may go: a blob, or a layer. */
struct candidate {
    const char *key;
    const char *claim; /* NULL: somebody is working with it */
    bool layer;
    bool wanted;
};

struct candidates {
    size_t n;
    struct candidate *v;
};

static void add_candidates(struct hull_call *call, struct candidates *all,
                           const struct hull_strv *keys, bool layers)
{
    for (size_t i = keys->n; i > 0; i--) {
        const char *key = keys->v[i - 1];
        const char *claim = layers ? img_layer_key(call, key) : key;
        if (!img_claim_idle(claim))
            continue;
        all->v[all->n++] = (struct candidate){.key = key, .claim = claim, .layer = layers};
    }
}

static bool image_has(const struct image_doc *doc, const struct candidate *candidate)
{
    const char *key = candidate->key;

    /* It may be one of its layers', as they came. */
    if (!candidate->layer && img_is_damaged(doc))
        return true;
    if (!candidate->layer && (strcmp(doc->id, key) == 0 || hull_streq(doc->manifest, key)))
        return true;
    for (size_t i = 0; i < doc->layers.n; i++) {
        const struct image_layer_doc *layer = &doc->layers.v[i];
        if (strcmp(candidate->layer ? layer->chain : layer->blob, key) == 0)
            return true;
    }
    return false;
}

/* Asked after the claims: an image that has one of them and came before is seen, and none can
 * come now. */
static int find_wanted(struct hull_call *call, struct candidates *all)
{
    struct image_doc_list list;
    int rc = img_all(call, NULL, &list);

    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        for (size_t j = 0; j < all->n; j++)
            all->v[j].wanted |= image_has(&list.v[i], &all->v[j]);
    }
    return rc;
}

static int remove_one(struct hull_call *call, const struct candidate *candidate,
                      const char *storage)
{
    struct content_blob blob = {.digest = candidate->key, .fd = -1};
    struct storage_layer layer = {.chain_id = candidate->key};
    struct hull_empty nothing;

    if (candidate->layer)
        return storage_layer_remove(call, storage, &layer, &nothing);
    return content_remove(call, IMG_CONTENT, &blob, &nothing);
}

int img_collect(struct hull_call *call, const struct hull_strv *blobs,
                const struct hull_strv *chains)
{
    struct candidates all = {.v = hull_alloc(call, (blobs->n + chains->n) * sizeof(*all.v))};
    const char *storage = NULL;
    int rc = chains->n ? img_storage(call, &storage) : 0;

    if (rc < 0 || blobs->n + chains->n == 0)
        return rc;
    /* The highest layer first: a driver may have layers refer to those below. */
    add_candidates(call, &all, chains, true);
    add_candidates(call, &all, blobs, false);
    rc = find_wanted(call, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (rc == 0 && !all.v[i].wanted)
            rc = remove_one(call, &all.v[i], storage);
        img_release(all.v[i].claim);
    }
    return rc;
}

/* --- after a restart ----------------------------------------------------------------------- */

struct recovery {
    struct hull_strv intents, chains, blobs;
};

static int note_intent(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct hull_arena *arena = hull_call_arena(call);
    struct recovery *recovery = ctx;
    struct image_intent_doc doc;
    int rc = json_decode_call(call, &image_intent_doc_message, document->value,
                              strlen(document->value), 0, &doc);

    if (rc < 0) {
        state_leave(call, document);
        return 0;
    }
    hull_strv_add(arena, &recovery->intents, hull_strdup(call, document->key));
    for (size_t i = 0; i < doc.chains.n; i++)
        hull_strv_add(arena, &recovery->chains, doc.chains.v[i]);
    return 0;
}

static int note_blob(struct hull_call *call, void *ctx, const void *reply)
{
    const struct content_blob *blob = reply;
    struct recovery *recovery = ctx;

    hull_strv_add(hull_call_arena(call), &recovery->blobs, hull_strdup(call, blob->digest));
    return 0;
}

/* Layers that were being unpacked. */
static int sweep_layers(struct hull_call *call)
{
    struct storage_sweep_request request = {.half_made = true};
    struct hull_empty nothing;
    const char *storage;
    int rc = img_storage(call, &storage);

    return rc < 0 ? rc : storage_sweep(call, storage, &request, &nothing);
}

int img_recover(struct hull_call *call)
{
    struct recovery recovery = {0};
    struct hull_sink intents = {.reply = note_intent, .ctx = &recovery};
    struct hull_sink blobs = {.reply = note_blob, .ctx = &recovery};
    struct state_key key = {.bucket = IMG_INTENTS};
    struct state_document last;
    struct content_blob end;
    struct hull_empty nothing = {0};
    int rc = hull_send_many(call, IMG_STATE, &state_list_method, &key, &last, &intents);

    if (rc < 0 || recovery.intents.n == 0)
        return rc;
    rc = sweep_layers(call);
    if (rc == 0)
        rc = hull_send_many(call, IMG_CONTENT, &content_list_method, &nothing, &end, &blobs);
    if (rc == 0)
        rc = img_collect(call, &recovery.blobs, &recovery.chains);
    for (size_t i = 0; rc == 0 && i < recovery.intents.n; i++)
        rc = drop_intent(call, recovery.intents.v[i]);
    return hull_wrap(call, rc, "cleaning up after a load that was cut off");
}
