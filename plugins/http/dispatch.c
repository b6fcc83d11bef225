/*
 * From a message to an answer, in the style that its route names.
 */
#include "http.h"

#include <string.h>

#include "api/container.h"
#include "api/image.h"
#include "json.h"

/* Where the answers of one request go. */
struct answer {
    struct http_request *request;
    const char *type;
};

/* The HULL_HEADER fields of a reply, as header lines. */
static struct hull_text reply_headers(struct hull_call *call, const struct hull_message *message,
                                      const char *reply)
{
    struct hull_text headers = HULL_TEXT(hull_call_arena(call));
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if ((field->flags & HULL_HEADER) && field->type == HULL_STRING)
            http_reply_header(&headers, field->name,
                              *(const char *const *)(const void *)(reply + field->offset));
    }
    return headers;
}

/* The HULL_TOP member of a reply. */
static void *top_member(const struct hull_message *message, char *reply, enum hull_type type)
{
    for (size_t i = 0; i < message->count; i++) {
        if ((message->fields[i].flags & HULL_TOP) && message->fields[i].type == type)
            return reply + message->fields[i].offset;
    }
    hull_bug(__FILE__, __LINE__, "a route whose reply has no body");
}

static int send_json(struct hull_call *call, struct http_request *request, char *reply)
{
    const struct hull_message *message = request->route->method->reply;
    struct hull_text headers = reply_headers(call, message, reply);
    struct hull_text body = HULL_TEXT(hull_call_arena(call));

    http_version_adapt(call, request, message, reply);
    json_encode(&body, message, reply);
    json_show_html(&body);
    hull_text_puts(&body, "\n");
    return http_reply_whole(call, request, request->route->status, "application/json", &headers,
                            body.data, body.length);
}

static int send_text(struct hull_call *call, struct http_request *request, char *reply)
{
    const struct hull_message *message = request->route->method->reply;
    struct hull_text headers = reply_headers(call, message, reply);
    const char *text = *(const char **)top_member(message, reply, HULL_STRING);

    return http_reply_whole(call, request, request->route->status, "text/plain; charset=utf-8",
                            &headers, text, text ? strlen(text) : 0);
}

static int send_nothing(struct hull_call *call, struct http_request *request, char *reply)
{
    (void)reply;
    return http_reply_whole(call, request, request->route->status, NULL, NULL, "", 0);
}

/* --- streams --------------------------------------------------------------------------------- */

static int copy_body(struct hull_call *call, struct http_request *request,
                     struct hull_stream *stream)
{
    char *buffer = hull_alloc(call, HTTP_COPY_SIZE);
    for (;;) {
        ssize_t got = hull_stream_read(call, stream, buffer, HTTP_COPY_SIZE);
        int rc = got > 0 ? http_reply_data(call, request, buffer, (size_t)got) : (int)got;
        if (got <= 0 || rc < 0)
            return rc;
    }
}

static int send_stream(struct hull_call *call, struct http_request *request, char *reply,
                       const char *type)
{
    const struct hull_message *message = request->route->method->reply;
    struct hull_text headers = reply_headers(call, message, reply);
    struct hull_stream **slot = top_member(message, reply, HULL_STREAM);
    struct hull_stream *stream = HULL_TAKE(*slot);

    if (!stream)
        return http_reply_whole(call, request, request->route->status, type, &headers, "", 0);
    hull_defer(call, hull_stream_close_cleanup, stream);
    int rc = http_reply_open(call, request, request->route->status, type, &headers);
    if (rc == 0)
        rc = copy_body(call, request, stream);
    return rc < 0 ? rc : http_reply_end(call, request);
}

static int send_bytes(struct hull_call *call, struct http_request *request, char *reply)
{
    return send_stream(call, request, reply, "application/x-tar");
}

/* What clients split into standard output and error has another type since 1.42. */
static const char *log_type(const struct http_request *request, bool multiplexed)
{
    return multiplexed && request->version >= 1042 ? "application/vnd.docker.multiplexed-stream"
                                                   : "application/vnd.docker.raw-stream";
}

static bool is_multiplexed(const struct http_request *request, const char *reply)
{
    HULL_ASSERT(request->route->method->reply == &container_stream_reply_message);
    return ((const struct container_stream_reply *)(const void *)reply)->multiplexed;
}

static int send_logs(struct hull_call *call, struct http_request *request, char *reply)
{
    return send_stream(call, request, reply, log_type(request, is_multiplexed(request, reply)));
}

static int send_hijack(struct hull_call *call, struct http_request *request, char *reply)
{
    struct hull_stream **slot = top_member(request->route->method->reply, reply, HULL_STREAM);
    struct hull_stream *stream = HULL_TAKE(*slot);

    if (!stream)
        return http_reply_whole(call, request, 200, NULL, NULL, "", 0);
    bool multiplexed = is_multiplexed(request, reply) && request->version >= 1042;
    return http_hijack(call, request, stream, multiplexed);
}

static int send_websocket(struct hull_call *call, struct http_request *request, char *reply)
{
    struct hull_stream **slot = top_member(request->route->method->reply, reply, HULL_STREAM);

    return http_websocket(call, request, HULL_TAKE(*slot), is_multiplexed(request, reply));
}

/* --- many answers ---------------------------------------------------------------------------- */

static int open_answer(struct hull_call *call, void *ctx)
{
    struct answer *answer = ctx;
    if (answer->request->head_sent)
        return 0;
    return http_reply_open(call, answer->request, answer->request->route->status, answer->type,
                           NULL);
}

static int send_object(struct hull_call *call, struct http_request *request,
                       const struct hull_message *message, const void *value)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text line = HULL_TEXT(arena);

    json_encode(&line, message, value);
    hull_text_puts(&line, request->route->style == HTTP_PROGRESS ? "\r\n" : "\n");
    return http_reply_data(call, request, line.data, line.length);
}

static int one_answer(struct hull_call *call, void *ctx, const void *reply)
{
    struct answer *answer = ctx;
    int rc = open_answer(call, ctx);
    if (rc < 0)
        return rc;
    return send_object(call, answer->request, answer->request->route->method->reply, reply);
}

/* The status is out already: the error is the last object. */
static int late_error(struct hull_call *call, struct http_request *request, int failed)
{
    const char *text = hull_strdup(call, hull_error(call));
    struct progress_error detail = {.message = text};
    struct progress last = {.error_detail = &detail, .error = text};
    int rc = send_object(call, request, &progress_message, &last);

    if (rc == 0)
        rc = http_reply_end(call, request);
    return rc < 0 ? rc : failed;
}

static int many(struct hull_call *call, struct http_request *request, const void *message,
                void *reply)
{
    struct answer answer = {request, "application/json"};
    const struct hull_sink sink = {open_answer, one_answer, &answer};
    int rc = hull_send_many(call, NULL, request->route->method, message, reply, &sink);

    if (rc < 0 && request->head_sent && request->route->style == HTTP_PROGRESS &&
        rc != -HULL_CANCELED)
        return late_error(call, request, rc);
    if (rc == 0)
        rc = open_answer(call, &answer);
    return rc < 0 ? rc : http_reply_end(call, request);
}

/* Headers first, the one answer when it has come. */
static int ready(struct hull_call *call, struct http_request *request, const void *message,
                 void *reply)
{
    struct answer answer = {request, "application/json"};
    const struct hull_sink sink = {open_answer, NULL, &answer};
    int rc = hull_send_many(call, NULL, request->route->method, message, reply, &sink);

    if (rc == 0)
        rc = open_answer(call, &answer);
    if (rc == 0)
        rc = send_object(call, request, request->route->method->reply, reply);
    return rc < 0 ? rc : http_reply_end(call, request);
}

typedef int send_fn(struct hull_call *call, struct http_request *request, char *reply);
static send_fn *const senders[] = {
    [HTTP_JSON] = send_json,           [HTTP_TEXT] = send_text, [HTTP_NOTHING] = send_nothing,
    [HTTP_BYTES] = send_bytes,         [HTTP_LOGS] = send_logs, [HTTP_HIJACK] = send_hijack,
    [HTTP_WEBSOCKET] = send_websocket,
};

int http_dispatch(struct hull_call *call, struct http_request *request)
{
    const struct hull_method *method = request->route->method;
    void *message = hull_alloc(call, method->request->size);
    void *reply = hull_alloc(call, method->reply->size);
    int rc = http_decode(call, request, message);

    if (rc == 0)
        rc = http_version_request(call, request, message);
    if (rc == 0 && request->route->style == HTTP_WEBSOCKET)
        rc = http_websocket_check(call, request);
    if (rc < 0)
        return rc;
    if (request->route->style == HTTP_READY)
        return ready(call, request, message, reply);
    if (request->route->style == HTTP_LINES || request->route->style == HTTP_PROGRESS)
        return many(call, request, message, reply);
    rc = hull_send(call, NULL, method, message, reply);
    return rc < 0 ? rc : senders[request->route->style](call, request, reply);
}
