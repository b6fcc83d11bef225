/*
 * image.c: the service "image": images, their names, and what they are made of.
 *
 * An image is a document in the state store, blobs in the content store and layers in the storage
 * driver. It exists from the transaction that writes its document, which is the last thing a load
 * does, until the one that removes it, which is the first thing a removal does; what neither has
 * brought to its end is cleaned up at the next start (session.c).
 *
 *     store.c     documents and names            claims.c     who works on which layer and blob
 *     archive.c   the tar a client sends         session.c    a load from its intent to its end
 *     damaged.c   images whose documents can't be read
 *     load*.c     docker's and OCI's archives    unpack.c     blobs to layers
 */
#include "engine.h"

#include <stdio.h>
#include <string.h>

#include "api/config.h"
#include "json.h"
#include "state.h"

/* --- limits -------------------------------------------------------------------------------- */

HULL_MESSAGE_DEFINE(img_options, IMG_OPTIONS_FIELDS)

/* gzip can't expand more than 1032 times, so that this ratio is about the other formats. */
static const struct img_options default_limits = {
    .max_bytes = INT64_C(128) << 30, .max_entries = 1000000, .max_ratio = 2000};

struct img_options img_limits(void)
{
    const struct img_options *set = hull_plugin_options("image");
    struct img_options limits = default_limits;

    if (set && set->max_bytes > 0)
        limits.max_bytes = set->max_bytes;
    if (set && set->max_entries > 0)
        limits.max_entries = set->max_entries;
    if (set && set->max_ratio > 0)
        limits.max_ratio = set->max_ratio;
    return limits;
}

static int check_limits(struct hull_call *call)
{
    const struct img_options *set = hull_plugin_options("image");

    if (set && (set->max_bytes < 0 || set->max_entries < 0 || set->max_ratio < 0))
        return hull_fail(call, HULL_INVALID,
                         "plugin-opts of image: max-layer-bytes, max-layer-entries and "
                         "max-layer-ratio can't be negative");
    return 0;
}

/* --- the storage driver -------------------------------------------------------------------- */

/* Best first where ranks are equal. Docker's names, and ours. */
static const struct {
    const char *port;
    const char *names[3];
} drivers[] = {
    {"storage/overlay", {"overlay2", "overlay"}},
    {"storage/vfs", {"vfs"}},
};

static struct {
    struct hull_lock lock;
    const char *port; /* one of drivers[]; NULL until chosen */
    char name[64];
} chosen;

static const char *port_of(const char *name)
{
    for (size_t i = 0; i < HULL_COUNT(drivers); i++) {
        if (strcmp(drivers[i].port, name) == 0)
            return drivers[i].port;
        for (size_t j = 0; j < HULL_COUNT(drivers[i].names) && drivers[i].names[j]; j++) {
            if (strcmp(drivers[i].names[j], name) == 0)
                return drivers[i].port;
        }
    }
    return NULL;
}

/* As docker calls the driver at PORT, one of drivers[]. */
static const char *name_of(const char *port)
{
    for (size_t i = 0; i < HULL_COUNT(drivers); i++) {
        if (strcmp(drivers[i].port, port) == 0)
            return drivers[i].names[0];
    }
    return port;
}

/* The driver that the configuration demands, or NULL. */
static int configured(struct hull_call *call, const char **ret)
{
    const struct daemon_config *config = daemon_config();
    const char *name = config ? config->storage_driver : NULL;

    *ret = NULL;
    if (!name || !*name)
        return 0;
    *ret = port_of(name);
    if (!*ret)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "storage-driver %s is not supported: use overlay2 or vfs", name);
    return 0;
}

/* The driver that made this data root, or NULL. */
static int remembered(struct hull_call *call, const char **ret)
{
    struct state_document document;
    struct image_engine_doc doc;
    bool found;
    int rc = state_find(call, IMG_STATE, IMG_ENGINE, "storage", &document, &found);

    *ret = NULL;
    if (rc == 0 && !found)
        return 0;
    if (rc == 0)
        rc = json_decode_call(call, &image_engine_doc_message, document.value,
                              strlen(document.value), 0, &doc);
    if (rc < 0)
        return rc;
    *ret = doc.port ? port_of(doc.port) : NULL;
    if (!*ret)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "this data root was made with the storage driver %s, which is not here",
                         doc.port ? doc.port : "");
    return 0;
}

static int probe(struct hull_call *call, const char *port, struct storage_probe_reply *ret)
{
    struct hull_empty nothing = {0};
    int rc = storage_probe(call, port, &nothing, ret);

    if (rc == 0 && !ret->supported)
        return hull_fail(call, HULL_NOT_SUPPORTED, "storage driver %s does not work here: %s",
                         name_of(port), ret->reason ? ret->reason : "unknown reason");
    return rc;
}

/* The supported driver of the highest rank. */
static int best(struct hull_call *call, const char **ret, struct storage_probe_reply *ret_probe)
{
    int rc = -HULL_NOT_SUPPORTED;

    *ret = NULL;
    for (size_t i = 0; i < HULL_COUNT(drivers); i++) {
        struct storage_probe_reply reply;
        int one = hull_plugin_exists(drivers[i].port)
                      ? probe(call, drivers[i].port, &reply)
                      : hull_fail(call, HULL_NOT_SUPPORTED, "no storage driver is installed");
        if (one == 0 && (!*ret || reply.rank > ret_probe->rank)) {
            *ret = drivers[i].port;
            *ret_probe = reply;
        } else if (one < 0) {
            rc = one;
        }
    }
    if (!*ret)
        return rc;
    hull_error_clear(call);
    return 0;
}

static int remember(struct hull_call *call, const char *port)
{
    struct image_engine_doc doc = {.port = port};

    return state_put(call, IMG_STATE, IMG_ENGINE, "storage",
                     json_string(hull_call_arena(call), &image_engine_doc_message, &doc), true);
}

static int choose(struct hull_call *call)
{
    const char *wanted, *made_by = NULL;
    struct storage_probe_reply reply;
    int rc = configured(call, &wanted);

    if (rc == 0)
        rc = remembered(call, &made_by);
    if (rc < 0)
        return rc;
    if (wanted && made_by && wanted != made_by)
        return hull_fail(call, HULL_CONFLICT,
                         "this data root was made with %s, but storage-driver asks for %s: take "
                         "another data-root, or leave storage-driver out",
                         name_of(made_by), name_of(wanted));
    if (!wanted)
        wanted = made_by;
    rc = wanted ? probe(call, wanted, &reply) : best(call, &wanted, &reply);
    if (rc == 0 && !made_by)
        rc = remember(call, wanted);
    if (rc < 0)
        return rc;
    snprintf(chosen.name, sizeof(chosen.name), "%s", reply.name ? reply.name : wanted);
    chosen.port = wanted;
    return 0;
}

int img_storage(struct hull_call *call, const char **ret_port)
{
    int rc = 0;

    if (!chosen.port) {
        rc = hull_lock(call, &chosen.lock);
        if (rc < 0)
            return rc;
        if (!chosen.port)
            rc = choose(call);
        hull_unlock(&chosen.lock);
    }
    *ret_port = chosen.port;
    return rc;
}

const char *img_storage_name(void)
{
    return chosen.name;
}

static int count_one(struct hull_call *call, void *ctx, const void *reply)
{
    (void)call;
    (void)reply;
    ++*(int64_t *)ctx;
    return 0;
}

static int img_handle_storage(struct hull_call *call, const struct hull_empty *request,
                              struct image_storage_reply *ret_reply)
{
    struct hull_sink sink = {.reply = count_one, .ctx = &ret_reply->images};
    struct state_key key = {.bucket = IMG_BUCKET};
    struct state_document last;
    const struct img_options limits = img_limits();
    int rc = img_storage(call, &ret_reply->port);

    (void)request;
    ret_reply->max_bytes = limits.max_bytes;
    ret_reply->max_entries = limits.max_entries;
    ret_reply->max_ratio = limits.max_ratio;
    ret_reply->name = img_storage_name();
    return rc < 0 ? rc : hull_send_many(call, IMG_STATE, &state_list_method, &key, &last, &sink);
}

/* --- for containers ------------------------------------------------------------------------ */

static int img_resolve(struct hull_call *call, const struct image_ref *request,
                       struct image_resolve_reply *ret_reply)
{
    struct image_doc doc;
    int rc = img_find_ref(call, request, &doc);

    if (rc == 0)
        rc = img_storage(call, &ret_reply->storage);
    if (rc < 0)
        return rc;
    ret_reply->id = doc.id;
    for (size_t i = 0; i < doc.layers.n; i++)
        hull_strv_add(hull_call_arena(call), &ret_reply->chain, doc.layers.v[i].chain);
    ret_reply->config = doc.config;
    ret_reply->os = doc.os;
    ret_reply->architecture = doc.architecture;
    img_familiar(call, &doc, true, &ret_reply->repo_tags);
    img_touch(call, doc.id);
    return 0;
}

/* --- the plugin ---------------------------------------------------------------------------- */

static int img_init(struct hull_call *call)
{
    int rc = check_limits(call);

    if (rc < 0)
        return rc;
    /* Left-overs are no reason to refuse service. */
    if (img_recover(call) < 0) {
        hull_log(call, HULL_LOG_WARN, "image clean-up", "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
    return 0;
}

static const char *const uses[] = {"state",       "support/content", "storage/overlay",
                                   "storage/vfs", "container",       NULL};

static const struct hull_handler handlers[] = {
    HULL_HANDLE(image, list, img_list),
    HULL_HANDLE(image, inspect, img_inspect),
    HULL_HANDLE(image, history, img_history),
    HULL_HANDLE(image, tag, img_tag),
    HULL_HANDLE(image, remove, img_remove),
    HULL_HANDLE(image, prune, img_prune),
    HULL_HANDLE(image, save, img_save),
    HULL_HANDLE(image, create, img_create),
    HULL_HANDLE(image, load, img_load),
    HULL_HANDLE(image, commit, img_handle_commit),
    HULL_HANDLE(image, resolve, img_resolve),
    HULL_HANDLE(image, storage, img_handle_storage),
    {},
};

HULL_PLUGIN(image, .port = "image", .version = "0.1.0", .uses = uses, .handlers = handlers,
            .options = &img_options_message, .init = img_init);
