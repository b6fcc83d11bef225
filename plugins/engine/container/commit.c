/*
 * commit.c: what a container wrote, with its configuration, becomes an image. The jail packs the
 * writable layer into a stream that the image engine reads.
 */
#include "ct.h"

#include "failpoint.h"

#include "image.h"
#include "jail.h"
#include "storage.h"

#include <stdlib.h>
#include <string.h>

struct packing {
    struct storage_diff_reply diff;
    struct hull_stream *out;
    struct hull_stream *in; /* the other end, below the body */
    bool whole;             /* all of it is packed */
    char *error;            /* why not */
};

static void close_packing(struct hull_call *call, void *arg)
{
    struct packing *packing = arg;

    (void)call;
    hull_fd_cleanup(&packing->diff.dir_fd);
    hull_fd_cleanup(&packing->diff.list_fd);
    packing->out = hull_stream_close(packing->out);
    free(packing->error);
}

/* --- the body: the end of the pipe is an error unless everything was packed ------------------- */

static ssize_t body_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    const struct packing *packing = ctx;
    ssize_t got = hull_stream_read(call, packing->in, buffer, size);

    if (got != 0 || packing->whole)
        return got;
    return hull_fail(call, HULL_IO, "packing what the container wrote: %s",
                     packing->error ? packing->error : "it was cut off");
}

static void body_close(void *ctx)
{
    struct packing *packing = ctx;

    packing->in = hull_stream_close(packing->in);
}

static const struct hull_stream_ops body_ops = {.read = body_read, .close = body_close};

/* --- packing ---------------------------------------------------------------------------------- */

static int pack_all(struct hull_call *call, struct packing *packing)
{
    const struct jail_pack options = {
        .dir_fd = packing->diff.dir_fd,
        .layer = packing->diff.layer,
        .list_fd = packing->diff.list_fd > 0 ? packing->diff.list_fd : 0,
    };
    struct hull_stream *in;
    struct jail jail;
    int rc = jail_pack(call, &options, &jail);

    if (rc < 0)
        return rc;
    in = hull_stream_from_fd(HULL_TAKE_FD(jail.pipe_fd));
    rc = hull_stream_copy(call, in, packing->out, NULL);
    hull_stream_close(in);
    return jail_finish(call, &jail, rc, NULL);
}

static int pack(struct hull_call *call, void *arg)
{
    struct packing *packing = arg;
    int rc = pack_all(call, packing);

    packing->whole = rc == 0;
    if (rc < 0)
        HULL_ASSERT((packing->error = strdup(hull_error(call))) != NULL);
    packing->out = hull_stream_close(packing->out);
    return rc;
}

/* What an image keeps of a container's configuration. */
static void to_image_config(const struct container_config *from, struct image_config *ret)
{
    *ret = (struct image_config){
        .user = from->user,
        .exposed_ports = from->exposed_ports,
        .env = from->env,
        .cmd = from->cmd,
        .healthcheck = from->healthcheck,
        .args_escaped = from->args_escaped,
        .volumes = from->volumes,
        .working_dir = from->working_dir,
        .entrypoint = from->entrypoint,
        .on_build = from->on_build,
        .labels = from->labels,
        .stop_signal = from->stop_signal,
        .shell = from->shell,
    };
}

static const char *joined(struct hull_call *call, const struct hull_strv *words)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    for (size_t i = 0; i < words->n; i++)
        hull_text_printf(&text, "%s%s", i == 0 ? "" : " ", words->v[i]);
    return text.data ? text.data : "";
}

/* The client's configuration, where it says something, over the container's. */
static int make_request(struct hull_call *call, const struct ct *ct,
                        const struct container_commit_request *request,
                        struct image_commit_request *ret)
{
    struct container_config own = ct->doc.config, merged = request->config;
    struct image_config base;
    int rc;

    to_image_config(&own, &base);
    rc = ct_merge_image(call, &merged, &base);
    if (rc < 0)
        return rc;
    ret->parent = ct->doc.image_id;
    ret->repo = request->repo;
    ret->tag = request->tag;
    ret->author = request->author;
    ret->comment = request->comment;
    ret->changes = request->changes;
    ret->created_by = joined(call, &own.cmd);
    to_image_config(&merged, &base);
    hull_message_copy(hull_call_arena(call), &image_config_message, &base, &ret->config);
    return 0;
}

static void unpause(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    const struct container_ref ref = {.id = ct->doc.id};
    struct hull_empty reply;

    hull_shield(call);
    ct->doc.commit_pause = false;
    if (ct->state == CT_PAUSED && container_unpause(call, NULL, &ref, &reply) < 0) {
        hull_log(call, HULL_LOG_WARN, "unpausing after a commit", "container", ct->doc.id, "error",
                 hull_error(call), NULL);
        hull_error_clear(call);
    }
    hull_unshield(call);
}

/* The next daemon has to know whose pause it is, if this one dies. */
static int note_pause(struct hull_call *call, struct ct *ct)
{
    int rc = hull_lock(call, &ct->lock);

    if (rc < 0)
        return rc;
    if (ct->state == CT_RUNNING) {
        ct->doc.commit_pause = true;
        rc = ct_save(call, ct, NULL, false);
    }
    hull_unlock(&ct->lock);
    return rc;
}

static int pause_for(struct hull_call *call, struct ct *ct, const struct hull_opt_bool *wanted)
{
    const struct container_ref ref = {.id = ct->doc.id};
    struct hull_empty reply;
    int rc;

    if ((wanted->set && !wanted->value) || ct->state != CT_RUNNING)
        return 0;
    rc = note_pause(call, ct);
    if (rc == 0)
        rc = container_pause(call, NULL, &ref, &reply);
    if (rc < 0)
        ct->doc.commit_pause = false;
    if (rc < 0 && ct->state != CT_RUNNING) {
        hull_error_clear(call); /* it ended, or somebody else paused it, meanwhile */
        return 0;
    }
    if (rc == 0)
        hull_defer(call, unpause, ct);
    return rc;
}

static int commit(struct hull_call *call, struct ct *ct, struct image_commit_request *image,
                  struct image_commit_reply *ret)
{
    const struct storage_container storage = {.id = ct->doc.id, .chain = ct->doc.chain};
    struct packing *packing = HULL_NEW(hull_call_arena(call), struct packing);
    struct hull_task *task;
    int rc;

    packing->diff.dir_fd = packing->diff.list_fd = -1;
    hull_defer(call, close_packing, packing);
    rc = storage_diff(call, ct->doc.storage, &storage, &packing->diff);
    if (rc < 0)
        return rc;
    hull_stream_pair((size_t)256 * 1024, &packing->in, &packing->out);
    image->body = hull_stream_new(&body_ops, packing);
    task = hull_task_start(call, "commit-pack", pack, packing);
    rc = image_commit(call, NULL, image, ret);
    return rc < 0 ? rc : hull_task_join(call, task);
}

int ct_handle_commit(struct hull_call *call, const struct container_commit_request *request,
                     struct container_commit_reply *ret)
{
    struct image_commit_request image;
    struct image_commit_reply made;
    struct ct *ct;
    int rc;

    hull_message_init(&image_commit_request_message, &image);
    if (!request->id || !*request->id)
        return hull_fail(call, HULL_INVALID, "container: the query has to name a container");
    rc = ct_find(call, request->id, &ct);
    if (rc < 0)
        return rc;
    if (ct->state == CT_REMOVING || ct->state == CT_DEAD || ct->state == CT_GONE)
        return hull_fail(call, HULL_CONFLICT, "You cannot commit container %s which is %s",
                         ct->doc.id, ct->state == CT_DEAD ? "Dead" : "being removed");
    rc = make_request(call, ct, request, &image);
    if (rc == 0)
        rc = pause_for(call, ct, &request->pause);
    FAILPOINT(container_commit_pause);
    if (rc == 0)
        rc = commit(call, ct, &image, &made);
    if (rc < 0)
        return rc;
    ret->id = made.id;
    ct_event(call, ct, "commit", "comment", request->comment ? request->comment : "", "imageID",
             made.id, "imageRef", made.name ? made.name : "", NULL);
    return 0;
}
