/*
 * engine.h: what the files of the image engine share.
 */
#ifndef HULL_IMAGE_ENGINE_H
#define HULL_IMAGE_ENGINE_H

#include <hull/hull.h>

#include "content.h"
#include "digest.h"
#include "docs.h"
#include "platform.h"
#include "reference.h"
#include "state.h"
#include "storage.h"

#define IMG_STATE "state"
#define IMG_CONTENT "support/content"
#define IMG_BUCKET "image"
#define IMG_NAMES "image-name"
#define IMG_USED "image-used"
#define IMG_INTENTS "image-intent"
#define IMG_ENGINE "image-engine"

/* Manifests, indexes, configurations and the like: more is refused. */
#define IMG_DOCUMENT_MAX (4 << 20)
#define IMG_LAYERS_MAX 127

/* Options of the plugin (plugin-opts in hulld.json): limits against bombs. `info` shows them. */
#define IMG_OPTIONS_FIELDS(F, T)                                                                  \
    F(T, INT, _, max_bytes, "max-layer-bytes", 0, "Of a layer, unpacked; 0: 128 GiB")             \
    F(T, INT, _, max_entries, "max-layer-entries", 0, "Files and folders of a layer; 0: 1000000") \
    F(T, INT, _, max_ratio, "max-layer-ratio", 0,                                                 \
      "How many times a layer may expand, beyond 16 MB; 0: 2000")
HULL_MESSAGE_DECLARE(img_options, IMG_OPTIONS_FIELDS)
/* They, with the defaults put in. */
struct img_options img_limits(void);

/* --- claims.c: who is using what right now ------------------------------------------------- */

/*
 * A claim is exclusive: a layer (by chain id) or a blob (by digest) that is being made or removed.
 * A pin only keeps a blob from being claimed. Both wait for a claim of somebody else.
 */
int img_claim(struct hull_call *call, const char *key) HULL_CHECKED;
int img_pin(struct hull_call *call, const char *key) HULL_CHECKED;
/* Claim KEY unless somebody has a claim or a pin on it. */
bool img_claim_idle(const char *key);
/* The key of a claim on a layer: a chain id can be equal to a digest. */
const char *img_layer_key(struct hull_call *call, const char *chain);
/* Give back one claim or pin. */
void img_release(const char *key);

/* --- store.c: images and names in the state store ------------------------------------------ */

/* Held while names or images change: read, decide, commit. */
extern struct hull_lock img_lock;

/* The image with the full id; -HULL_NOT_FOUND. */
int img_get(struct hull_call *call, const char *id, struct image_doc *ret) HULL_CHECKED;
/* By reference, id or a unique prefix of it; -HULL_NOT_FOUND "No such image: debian:latest". */
int img_find(struct hull_call *call, const char *name, struct image_doc *ret) HULL_CHECKED;
/* The same; *ret_by_name tells that it was found by a name, which is *ret_reference then. */
int img_find_how(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_by_name,
                 struct reference *ret_reference) HULL_CHECKED;
/* The image that has the full reference NAME; *ret_found tells whether there is one. */
int img_by_name(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_found)
    HULL_CHECKED;
/* All images, for who removes what no image needs, damaged ones, too; an error when nothing tells
 * the layers of one that is not BUT (which may be NULL). */
int img_all(struct hull_call *call, const char *but, struct image_doc_list *ret) HULL_CHECKED;
/* All images, for who shows them: of damaged ones what can be known. */
int img_known(struct hull_call *call, struct image_doc_list *ret) HULL_CHECKED;
/* Those that can be read. */
int img_readable(struct hull_call *call, struct image_doc_list *ret) HULL_CHECKED;

/* --- damaged.c: images whose documents can't be read --------------------------------------- */

/* In config_size: what is known comes from elsewhere, without the blobs of layers; and without the
 * layers. Never stored. */
#define IMG_SALVAGED (-1)
#define IMG_UNKNOWN (-2)
HULL_UNUSED static inline bool img_is_damaged(const struct image_doc *doc)
{
    return doc->config_size < 0;
}
/* What can be known of the image ID. Yields. */
int img_salvage(struct hull_call *call, const char *id, struct image_doc *ret) HULL_CHECKED;
/* As img_find_how(), for who removes: damaged ones, too. */
int img_find_any(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_by_name,
                 struct reference *ret_reference) HULL_CHECKED;
/* As img_by_name(), for who takes the name away: a damaged one, too. */
int img_holder(struct hull_call *call, const char *name, struct image_doc *ret, bool *ret_found)
    HULL_CHECKED;

/* --- store.c, changing --------------------------------------------------------------------- */

/* A state transaction being put together. */
struct img_change {
    struct hull_call *call;
    struct state_commit_request commit;
};
void img_put(struct img_change *change, const struct image_doc *doc);
void img_drop(struct img_change *change, const char *bucket, const char *key);
void img_put_name(struct img_change *change, const char *name, const char *id);
int img_commit(struct img_change *change) HULL_CHECKED;

/* Add NAME to DOC and to CHANGE, taking it from the image that has it now: that one is in
 * *ret_loser when *ret_lost. Under img_lock. */
int img_add_name(struct img_change *change, struct image_doc *doc, const char *name,
                 struct image_doc *ret_loser, bool *ret_lost) HULL_CHECKED;
/* Remove NAME from DOC's list and from the store. */
void img_remove_name(struct img_change *change, struct image_doc *doc, const char *name);

/* The whole blob, of at most IMG_DOCUMENT_MAX bytes, with a NUL behind it. */
int img_read_blob(struct hull_call *call, const char *digest, char **ret_text, size_t *ret_size)
    HULL_CHECKED;
/* The configuration of an image, decoded. */
int img_read_config(struct hull_call *call, const char *digest, struct oci_config *ret,
                    size_t *ret_size) HULL_CHECKED;
/* "<none>:<none>" never: names in familiar form, with a tag (TAGS) or with a digest. */
void img_familiar(struct hull_call *call, const struct image_doc *doc, bool tags,
                  struct hull_strv *ret);
/* A full reference in familiar form. */
char *img_familiar_one(struct hull_call *call, const char *name);
/* Publish an event of an image with docker's attributes: name and the labels. */
void img_event(struct hull_call *call, const char *action, const struct image_doc *doc,
               const char *name);
/* Remember that the image was used now; written at most once a minute. */
void img_touch(struct hull_call *call, const char *id);

/* --- image.c ------------------------------------------------------------------------------- */

/* The storage driver of this data root, chosen at the first use. */
int img_storage(struct hull_call *call, const char **ret_port) HULL_CHECKED;
/* As docker names it; after img_storage(). */
const char *img_storage_name(void);

/* --- session.c: a load or an import, from its intent to its end ---------------------------- */

struct img_session {
    struct hull_call *call;
    char *intent;            /* key of its document */
    struct hull_strv blobs;  /* pinned */
    struct hull_strv claims; /* of the layers of the image that is being made */
    struct hull_strv chains; /* these layers */
    struct hull_strv made;   /* of these, the ones that were not here before */
    /* Load only what is for this platform; NULL: what an archive has, for this host. */
    const struct platform *wanted;
};
/* Begin: waits for its turn, writes the intent. At the end of the call's handler what no image
 * has is removed, claims and pins are given back. */
int img_session_begin(struct hull_call *call, struct img_session **ret) HULL_CHECKED;
int img_session_pin(struct img_session *session, const char *digest) HULL_CHECKED;
/* Claim the layers of one image, lowest first, and write them into the intent. */
int img_session_claim(struct img_session *session, const struct image_doc *doc) HULL_CHECKED;
/* What the image needs is in the store now: give its layers back. */
void img_session_keep(struct img_session *session);
/* Remove blobs and layers that nobody has any more: what is in BLOBS and CHAINS, unless an image
 * in the store, a claim or a pin needs it. */
int img_collect(struct hull_call *call, const struct hull_strv *blobs,
                const struct hull_strv *chains) HULL_CHECKED;
/* After a restart: finish what a load that was cut off has left behind. */
int img_recover(struct hull_call *call) HULL_CHECKED;

/* --- unpack.c ------------------------------------------------------------------------------ */

/* The chain id of a layer: of PARENT (NULL for the lowest) and DIFF_ID. */
char *img_chain_id(struct hull_call *call, const char *parent, const char *diff_id);
/* Make the layers of DOC that are not here; fills in their sizes and DOC's. */
int img_unpack(struct img_session *session, struct image_doc *doc) HULL_CHECKED;

/* --- load.c -------------------------------------------------------------------------------- */

/*
 * The document of an image from its configuration, whose layers are the blobs BLOBS (media types
 * in TYPES, or NULL): checked against the diff ids and the platform.
 */
int img_describe(struct img_session *session, const char *config, const struct hull_strv *blobs,
                 const struct hull_strv *types, struct image_doc *ret) HULL_CHECKED;
/* What CONFIG says of an image. */
void img_describe_config(const struct oci_config *config, struct image_doc *ret);
/* Unpack DOC and make it visible with NAMES (full references), in one transaction. What to tell
 * the user about names that others had is added to LINES. */
int img_install(struct img_session *session, struct image_doc *doc, const struct hull_strv *names,
                struct hull_strv *lines) HULL_CHECKED;
/* The same for docker load, with its progress lines and events. */
int img_install_loaded(struct img_session *session, struct image_doc *doc,
                       const struct hull_strv *names) HULL_CHECKED;
/* import.c: REPO and TAG as a full reference for a new image; NULL when REPO is absent. */
int img_new_name(struct hull_call *call, const char *repo, const char *tag, char **ret)
    HULL_CHECKED;
/* import.c: CONFIG as a blob, pinned by SESSION; its digest is the id of the image. */
int img_store_config(struct img_session *session, const struct oci_config *config, const char **ret)
    HULL_CHECKED;
/* A name as an archive has it, to a full reference. */
int img_full_name(struct hull_call *call, const char *text, char **ret) HULL_CHECKED;

struct archive;
int img_load_docker(struct img_session *session, const struct archive *archive) HULL_CHECKED;
int img_load_oci(struct img_session *session, const struct archive *archive) HULL_CHECKED;

/* --- platform.c ---------------------------------------------------------------------------- */

/* What a request's TEXT asks for: "linux/arm64", or the same as an object. */
int img_platform(struct hull_call *call, const char *text, struct platform *ret) HULL_CHECKED;
struct platform img_own_platform(const struct image_doc *doc);
/* -HULL_NOT_FOUND unless DOC, which was asked for as NAME, is for WANTED (NULL, "": anything). */
int img_check_platform(struct hull_call *call, const char *name, const char *wanted,
                       const struct image_doc *doc) HULL_CHECKED;

/* --- list.c, inspect.c --------------------------------------------------------------------- */

/* When it was made, TIME_ZERO when it does not say. */
int64_t img_created_ns(const struct image_doc *doc);
/* True when another image was built on DOC. */
bool img_has_children(const struct image_doc_list *all, const struct image_doc *doc);
/* The containers that use the image ID (NULL: any image). */
int img_users(struct hull_call *call, const char *id, struct container_users_reply *ret)
    HULL_CHECKED;
/* The image of REF's name. -HULL_NOT_FOUND also when REF asks for another platform than it has. */
int img_find_ref(struct hull_call *call, const struct image_ref *ref, struct image_doc *ret_doc)
    HULL_CHECKED;

/* --- changes.c ----------------------------------------------------------------------------- */

/* Apply Dockerfile instructions, as import and commit take them, to CONFIG. -HULL_INVALID "RUN is
 * not a valid change command". */
int img_apply_changes(struct hull_arena *arena, const struct hull_strv *changes,
                      struct image_config *config, struct hull_problem *problem) HULL_CHECKED;

/* --- the handlers -------------------------------------------------------------------------- */

image_tag_handler img_tag;
image_remove_handler img_remove;
image_prune_handler img_prune;
image_save_handler img_save;
image_create_handler img_create;
image_commit_handler img_handle_commit;

image_load_handler img_load;
image_list_handler img_list;
image_inspect_handler img_inspect;
image_history_handler img_history;

#endif
