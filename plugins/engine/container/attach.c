/*
 * attach.c: a client's connection to the streams of a container. Before the start it waits in the
 * container's list, and is connected between runtime.create and runtime.start, so that it misses
 * nothing.
 */
#include "ct.h"

#include "detach.h"
#include "log.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

struct attachment {
    struct ct *ct;
    struct attachment *next;
    struct runtime_attach_request request; /* its strings are not used while it waits */
    struct hull_stream *logs;              /* what was logged so far, first */
    struct hull_stream *inner;             /* from the runtime */
    struct hull_cond changed;
    bool waiting;
    bool connecting; /* the start path works on it: it frees it when it was closed meanwhile */
    bool closed;
    bool ended; /* no start will come, or only the log was wanted */
};

/* --- the list of those that wait -------------------------------------------------------------- */

static void leave_list(struct attachment *attachment)
{
    struct attachment **at = &attachment->ct->attachments;

    while (*at && *at != attachment)
        at = &(*at)->next;
    if (*at)
        *at = attachment->next;
    attachment->next = NULL;
    attachment->waiting = false;
}

static int connect_one(struct hull_call *call, struct attachment *attachment)
{
    struct container_stream_reply reply;
    int rc;

    attachment->request.id = attachment->ct->doc.id;
    rc = runtime_attach(call, attachment->ct->doc.runtime, &attachment->request, &reply);
    if (rc == 0)
        attachment->inner = reply.stream;
    return rc;
}

static void free_attachment(struct attachment *attachment)
{
    hull_stream_close(attachment->logs);
    hull_stream_close(attachment->inner);
    ct_unref(attachment->ct);
    free(attachment);
}

void ct_connect_attachments(struct hull_call *call, struct ct *ct)
{
    while (ct->attachments) {
        struct attachment *first = ct->attachments;
        int rc;

        leave_list(first);
        first->connecting = true;
        rc = connect_one(call, first);
        first->connecting = false;
        if (rc < 0) {
            hull_log(call, HULL_LOG_WARN, "attaching", "error", hull_error(call), NULL);
            hull_error_clear(call);
            first->ended = true;
        }
        if (first->closed)
            free_attachment(first);
        else
            hull_cond_broadcast(&first->changed);
    }
}

void ct_drop_attachments(struct ct *ct)
{
    while (ct->attachments) {
        struct attachment *first = ct->attachments;

        leave_list(first);
        first->ended = true;
        hull_cond_broadcast(&first->changed);
    }
}

/* --- the stream ------------------------------------------------------------------------------- */

static int wait_connected(struct hull_call *call, struct attachment *attachment)
{
    int rc = 0;

    while (rc == 0 && !attachment->inner && !attachment->ended)
        rc = hull_cond_wait(call, &attachment->changed);
    return rc;
}

static ssize_t attachment_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct attachment *attachment = ctx;
    int rc;

    if (attachment->logs) {
        ssize_t got = hull_stream_read(call, attachment->logs, buffer, size);

        if (got != 0)
            return got;
        attachment->logs = hull_stream_close(attachment->logs);
    }
    rc = wait_connected(call, attachment);
    if (rc < 0)
        return rc;
    return attachment->ended ? 0 : hull_stream_read(call, attachment->inner, buffer, size);
}

static ssize_t attachment_write(struct hull_call *call, void *ctx, const void *data, size_t size)
{
    struct attachment *attachment = ctx;
    int rc = wait_connected(call, attachment);

    if (rc == 0 && !attachment->ended && attachment->request.stdin_)
        rc = hull_stream_write(call, attachment->inner, data, size);
    return rc < 0 ? rc : (ssize_t)size;
}

static int attachment_shutdown(struct hull_call *call, void *ctx)
{
    struct attachment *attachment = ctx;
    int rc = wait_connected(call, attachment);

    if (rc < 0 || attachment->ended || !attachment->request.stdin_)
        return rc;
    return hull_stream_shutdown(call, attachment->inner);
}

static void attachment_close(void *ctx)
{
    struct attachment *attachment = ctx;

    if (attachment->waiting)
        leave_list(attachment);
    attachment->closed = true;
    if (!attachment->connecting)
        free_attachment(attachment);
}

/* Only for detach.c, to wake a reader. */
static int attachment_fd(void *ctx)
{
    const struct attachment *attachment = ctx;

    return attachment->inner && !attachment->logs ? hull_stream_fd(attachment->inner) : -1;
}

static const struct hull_stream_ops attachment_ops = {
    attachment_read, attachment_write, attachment_shutdown, attachment_close, attachment_fd,
};

/* --- handlers --------------------------------------------------------------------------------- */

static int open_logs(struct hull_call *call, const struct container_attach_request *request,
                     struct ct *ct, struct hull_stream **ret)
{
    const struct log_read_request read = {
        .path = ct_log_path(hull_call_arena(call), ct->doc.id),
        .stdout_ = request->stdout_,
        .stderr_ = request->stderr_,
        .multiplexed = !ct->doc.config.tty,
        .end_fd = -1,
    };
    struct container_stream_reply reply;
    int rc;

    if (!ct_log_readable(ct))
        return 0;
    rc = log_read(call, "log/json-file", &read, &reply);
    if (rc == 0)
        *ret = reply.stream;
    return rc;
}

static int begin(struct hull_call *call, const struct container_attach_request *request,
                 struct attachment *attachment)
{
    struct ct *ct = attachment->ct;
    int rc = 0;

    if (request->logs)
        rc = open_logs(call, request, ct, &attachment->logs);
    if (rc < 0 || !request->stream) {
        attachment->ended = true;
        return rc;
    }
    if (ct_is_running(ct))
        return connect_one(call, attachment);
    attachment->waiting = true;
    attachment->next = ct->attachments;
    ct->attachments = attachment;
    return 0;
}

int ct_handle_attach(struct hull_call *call, const struct container_attach_request *request,
                     struct container_stream_reply *ret)
{
    struct detach_keys keys;
    struct attachment *attachment;
    struct ct *ct;
    int rc;

    rc = detach_keys_parse(call, request->detach_keys, &keys);
    if (rc == 0)
        rc = ct_find_locked(call, request->id, &ct);
    if (rc < 0)
        return rc;
    if (ct->state == CT_PAUSED)
        return hull_fail(call, HULL_CONFLICT,
                         "container %s is paused, unpause the container before attach",
                         request->id);
    attachment = calloc(1, sizeof(*attachment));
    HULL_ASSERT(attachment);
    attachment->ct = ct_ref(ct);
    attachment->request.stdin_ = request->stdin_ && ct->doc.config.open_stdin;
    attachment->request.stdout_ = request->stdout_;
    attachment->request.stderr_ = request->stderr_;
    rc = begin(call, request, attachment);
    if (rc < 0) {
        attachment_close(attachment);
        return rc;
    }
    ret->stream = hull_stream_new(&attachment_ops, attachment);
    if (ct->doc.config.tty && request->stdin_)
        ret->stream = detach_stream(ret->stream, &keys);
    ret->multiplexed = !ct->doc.config.tty;
    ct_event(call, ct, "attach", NULL);
    return 0;
}

int ct_handle_resize(struct hull_call *call, const struct container_resize_request *request,
                     struct hull_empty *ret)
{
    struct runtime_resize_request resize = {.height = request->height, .width = request->width};
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    if (!ct_is_running(ct))
        return hull_fail(call, HULL_CONFLICT, "container %s is not running", ct->doc.id);
    if (!ct->doc.config.tty)
        return 0;
    if (resize.height < 0 || resize.height > 65535 || resize.width < 0 || resize.width > 65535)
        return hull_fail(call, HULL_INVALID, "invalid size of a terminal: %lldx%lld",
                         (long long)resize.height, (long long)resize.width);
    resize.id = ct->doc.id;
    rc = runtime_resize(call, ct->doc.runtime, &resize, ret);
    if (rc == 0)
        ct_event(call, ct, "resize", "height", hull_printf(call, "%lld", (long long)resize.height),
                 "width", hull_printf(call, "%lld", (long long)resize.width), NULL);
    return rc;
}
