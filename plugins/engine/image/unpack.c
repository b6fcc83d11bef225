/*
 * unpack.c: from the blobs of layers to trees in the storage driver.
 *
 * A worker decompresses a blob, hashes what comes out and feeds it to a jail that writes the
 * tree. With a driver whose layers do not need each other (overlay) all missing layers of an image
 * are unpacked at once; they are committed in order when every one has the content it should.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compress.h"
#include "jail.h"
#include "root.h"

#define CHUNK (256 << 10)
#define AT_ONCE 4

/* One layer being made. */
struct step {
    struct hull_call *call; /* of the load; undo entries need it */
    const char *storage;
    struct image_layer_doc *layer;
    const char *parent;
    struct step *below; /* the step of the parent, or NULL */
    int dir_fd;
    const char *token; /* NULL: nothing to abort */
    const char *whiteouts;
    struct hull_task *task;
    bool inherit; /* the layer says nothing of its top: it is like that of the one below */
};

char *img_chain_id(struct hull_call *call, const char *parent, const char *diff_id)
{
    char digest[DIGEST_SIZE];
    char *text;

    if (!parent)
        return hull_strdup(call, diff_id);
    text = hull_printf(call, "%s %s", parent, diff_id);
    digest_bytes(text, strlen(text), digest);
    return hull_strdup(call, digest);
}

/* --- one layer ----------------------------------------------------------------------------- */

struct feed {
    int from_fd;
    int to_fd;
    struct compress_limits limits;
    char ret[DIGEST_SIZE];
};

static int write_full(int fd, const char *data, size_t size, struct hull_problem *problem)
{
    int err = -root_write_full(fd, data, size);

    return err == 0 ? 0 : hull_problem_set(problem, HULL_IO, "hull-jail: %s", strerror(err));
}

static int feed_jail(struct hull_work *work, void *arg)
{
    struct feed *feed = arg;
    DECOMPRESS_AUTO *in = decompress_new(compress_read_fd, &feed->from_fd, &feed->limits);
    DIGEST_AUTO *digest = digest_new();
    HULL_AUTO_FREE char *buffer = malloc(CHUNK);
    ssize_t got;

    HULL_ASSERT(buffer);
    while ((got = decompress_read(in, buffer, CHUNK, &work->problem)) > 0) {
        digest_update(digest, buffer, (size_t)got);
        if (write_full(feed->to_fd, buffer, (size_t)got, &work->problem) < 0)
            return -(int)work->problem.kind;
        if (*work->canceled)
            return hull_problem_set(&work->problem, HULL_CANCELED, "canceled");
    }
    digest_final(digest, feed->ret);
    return (int)got;
}

static int unpack_into(struct hull_call *call, struct step *step, int blob_fd)
{
    const struct img_options limits = img_limits();
    struct jail_unpack options = {.dir_fd = step->dir_fd,
                                  .whiteouts = step->whiteouts,
                                  .max_entries = limits.max_entries,
                                  .max_bytes = limits.max_bytes};
    struct feed feed = {
        .from_fd = blob_fd,
        .limits = {.bytes = (uint64_t)limits.max_bytes, .ratio = (uint64_t)limits.max_ratio}};
    struct jail_result result;
    struct jail jail;
    int rc = jail_unpack(call, &options, &jail);

    if (rc < 0)
        return rc;
    feed.to_fd = jail.pipe_fd;
    rc = hull_work(call, feed_jail, &feed);
    rc = jail_finish(call, &jail, rc, &result);
    if (rc < 0)
        return rc;
    if (strcmp(feed.ret, step->layer->diff_id) != 0)
        return hull_fail(call, HULL_INVALID,
                         "digest mismatch: the configuration says %s, the content is %s",
                         step->layer->diff_id, feed.ret);
    step->layer->size = result.bytes;
    step->inherit = !result.top;
    return 0;
}

static unsigned unpacking;
static struct hull_cond unpacked;

static int unpack_layer(struct hull_call *call, void *arg)
{
    struct step *step = arg;
    struct content_blob request = {.digest = step->layer->blob, .fd = -1}, blob;
    int rc = 0;

    while (rc == 0 && unpacking >= AT_ONCE)
        rc = hull_cond_wait(call, &unpacked);
    if (rc == 0)
        rc = content_open(call, IMG_CONTENT, &request, &blob);
    if (rc < 0)
        return rc;
    unpacking++;
    rc = unpack_into(call, step, blob.fd);
    unpacking--;
    hull_cond_signal(&unpacked);
    hull_fd_cleanup(&blob.fd);
    if (rc == -HULL_TOO_LARGE)
        return hull_fail(call, HULL_TOO_LARGE,
                         "layer %s: %s: if it is to be trusted, raise max-layer-bytes, "
                         "max-layer-entries or max-layer-ratio in plugin-opts of image",
                         step->layer->diff_id, hull_strdup(call, hull_error(call)));
    return hull_wrap(call, rc, "layer %s", step->layer->diff_id);
}

static void abort_step(struct hull_call *call, void *arg)
{
    struct step *step = arg;
    struct storage_layer layer = {.chain_id = step->layer->chain, .token = step->token};
    struct hull_empty nothing;

    if (step->token && storage_layer_abort(call, step->storage, &layer, &nothing) < 0)
        hull_log(call, HULL_LOG_WARN, "layer clean-up", "error", hull_error(call), NULL);
    step->token = NULL;
}

static void close_step(struct hull_call *call, void *arg)
{
    struct step *step = arg;

    (void)call;
    hull_fd_cleanup(&step->dir_fd);
}

/* The layer may be here already: then only its size is asked. */
static int begin_step(struct step *step)
{
    struct hull_call *call = step->call;
    struct storage_layer layer = {
        .chain_id = step->layer->chain,
        /* One that is being made beside us can't be named yet. */
        .parent = step->below && step->below->token ? NULL : step->parent,
    };
    struct storage_begin_reply begun;
    struct storage_layer there;
    int rc = storage_layer_begin(call, step->storage, &layer, &begun);

    if (rc == -HULL_NOT_MODIFIED) {
        hull_error_clear(call);
        rc = storage_layer_stat(call, step->storage, &layer, &there);
        step->layer->size = rc == 0 ? there.size : 0;
        return rc;
    }
    if (rc < 0)
        return rc;
    step->dir_fd = begun.dir_fd;
    step->token = begun.token;
    step->whiteouts = begun.whiteouts;
    hull_defer(call, close_step, step);
    hull_undo(call, abort_step, step);
    return 0;
}

/* Where the storage driver could not do it: the layer below was being made at the same time. */
static int inherit_top(const struct step *step)
{
    struct stat st;

    if (!step->inherit || !step->below || step->below->dir_fd < 0)
        return 0;
    if (fstat(step->below->dir_fd, &st) < 0 || fchown(step->dir_fd, st.st_uid, st.st_gid) < 0 ||
        fchmod(step->dir_fd, st.st_mode & 07777) < 0)
        return hull_fail_errno(step->call, errno, "layer %s", step->layer->diff_id);
    return 0;
}

static int commit_step(struct img_session *session, struct step *step)
{
    struct storage_layer layer = {
        .chain_id = step->layer->chain,
        .parent = step->parent,
        .token = step->token,
        .size = step->layer->size,
    };
    struct hull_empty nothing;
    int rc;

    if (!step->token)
        return 0;
    rc = inherit_top(step);
    if (rc < 0)
        return rc;
    hull_strv_add(hull_call_arena(session->call), &session->made, step->layer->chain);
    rc = storage_layer_commit(session->call, step->storage, &layer, &nothing);
    if (rc == 0)
        step->token = NULL;
    return rc;
}

/* --- all layers ---------------------------------------------------------------------------- */

/* A driver that applies a layer to a copy of the one below needs that one first. */
static bool needs_parent(const struct step *step)
{
    return step->whiteouts && strcmp(step->whiteouts, "apply") == 0;
}

static int run_step(struct img_session *session, struct step *step)
{
    int rc = begin_step(step);

    if (rc < 0 || !step->token)
        return rc;
    if (!needs_parent(step)) {
        step->task = hull_task_start(session->call, "unpack", unpack_layer, step);
        return 0;
    }
    rc = unpack_layer(session->call, step);
    return rc < 0 ? rc : commit_step(session, step);
}

static int join_steps(struct hull_call *call, struct step *steps, size_t count)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct hull_task *task = HULL_TAKE(steps[i].task);
        if (task)
            rc = hull_task_join(call, task);
    }
    return rc;
}

int img_unpack(struct img_session *session, struct image_doc *doc)
{
    struct hull_call *call = session->call;
    size_t count = doc->layers.n;
    struct step *steps = hull_alloc(call, (count + 1) * sizeof(*steps));
    const char *storage;
    int rc = img_storage(call, &storage);

    if (rc == 0)
        rc = img_session_claim(session, doc);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        steps[i] = (struct step){
            .call = call,
            .storage = storage,
            .layer = &doc->layers.v[i],
            .parent = i ? doc->layers.v[i - 1].chain : NULL,
            .below = i ? &steps[i - 1] : NULL,
            .dir_fd = -1,
        };
        rc = run_step(session, &steps[i]);
    }
    if (rc == 0)
        rc = join_steps(call, steps, count);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = commit_step(session, &steps[i]);
    doc->size = 0;
    for (size_t i = 0; i < count; i++)
        doc->size += doc->layers.v[i].size;
    return rc;
}
