/*
 * remote: the services of an engine, by forwarding each message to a daemon.
 *
 * The routes of api/routes.h are read backwards: plugins/http makes a message out of a request,
 * and this plugin a request out of a message, with the same tables. So whoever sends a message
 * can't tell whether the engine is in its own process or behind a socket. One handler serves all
 * methods. An error of the daemon keeps its text and gets the kind of its status; what goes wrong
 * on this side of the connection is -HULL_IO, which no status is.
 */
#include "plugins/remote/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/common/json.h"

HULL_MESSAGE_DEFINE(remote_options, REMOTE_OPTIONS_FIELDS)

#define ROUTE(verb, path, service, name, style, status) \
    {#verb, path, &service##_##name##_method, STYLE_##style, status},
static const struct route routes[] = {HULL_ROUTES(ROUTE)};

/* "/v1.44": what was agreed on, or ours, while the daemon has not refused it. */
static char *version_prefix;

/* --- the version ----------------------------------------------------------------------------- */

static bool parse_version(const char *text, unsigned *ret_minor)
{
    unsigned major;
    char after;
    return text != NULL && sscanf(text, "%u.%u%c", &major, ret_minor, &after) == 2 && major == 1;
}

/* The one that the user wants, or NULL. */
static const char *fixed_version(void)
{
    const struct remote_options *options = hull_plugin_options("remote");
    const char *version = options->api_version;
    return version == NULL || version[0] == '\0' ? NULL : version;
}

static int agree(struct hull_call *call, const char *version)
{
    free(version_prefix);
    version_prefix = NULL;
    return asprintf(&version_prefix, "/v%s", version) < 0
               ? hull_fail(call, HULL_INTERNAL, "out of memory")
               : 0;
}

/* The lower of the daemon's newest version and ours. */
static int ask_version(struct hull_call *call)
{
    struct http_peer *conn;
    struct http_response response;
    char *request =
        hull_printf(call, "HEAD /_ping HTTP/1.1\r\nHost: %s\r\n\r\n", remote_host_header());
    int rc = conn_get(call, &conn);
    if (rc < 0)
        return rc;
    rc = hull_stream_write(call, conn->stream, request, strlen(request));
    if (rc == 0)
        rc = http_response_head(call, conn, true, &response);
    if (rc < 0 || !response.keep)
        http_peer_close(conn);
    else
        conn_put(conn);
    if (rc < 0)
        return rc;
    unsigned theirs, ours;
    const char *version = http_response_header(&response, "api-version");
    if (!parse_version(version, &theirs) || !parse_version(HULL_API_VERSION_MAX, &ours))
        version = HULL_API_VERSION_MIN;
    else if (ours < theirs)
        version = HULL_API_VERSION_MAX;
    return agree(call, version);
}

static bool has_stream(const struct hull_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->fields[i].type == HULL_STREAM)
            return true;
    }
    return false;
}

/*
 * Before the first request. To ask the daemon costs as much as many a command, so ours is assumed:
 * one that is older refuses it and tells its own. What is uploaded can't be sent a second time.
 */
static int negotiate(struct hull_call *call)
{
    if (fixed_version() != NULL)
        return agree(call, fixed_version());
    return has_stream(hull_call_method(call)->request) ? ask_version(call)
                                                       : agree(call, HULL_API_VERSION_MAX);
}

/* The daemon has refused a version that nobody insists on: *ret is the newest that it can do. */
static bool is_too_new(struct hull_call *call, int rc, const char **ret)
{
    static const char before[] = "Maximum supported API version is ";
    unsigned minor;
    const char *at =
        rc == -HULL_INVALID && fixed_version() == NULL ? strstr(hull_error(call), before) : NULL;
    if (at == NULL || !parse_version(at + strlen(before), &minor))
        return false;
    *ret = hull_printf(call, "1.%u", minor);
    return true;
}

/* --- an exchange ----------------------------------------------------------------------------- */

struct exchange {
    const struct route *route;
    struct http_peer *conn; /* NULL once it was handed on */
    struct http_response response;
    struct hull_stream *upload;
    struct hull_task *task;
    bool uploaded;
};

/* The connection is kept when both sides of it are at the end of their messages. */
static void finish(struct hull_call *call, void *arg)
{
    (void)call;
    struct exchange *x = arg;
    struct http_peer *conn = HULL_TAKE(x->conn);
    bool sent = x->upload == NULL || x->uploaded;
    if (conn != NULL && x->response.status != 0 && x->response.ended && x->response.keep && sent)
        conn_put(conn);
    else
        http_peer_close(conn);
    x->upload = hull_stream_close(x->upload);
}

static int upload(struct hull_call *call, void *arg)
{
    struct exchange *x = arg;
    char data[32 * 1024 + 16];
    for (;;) {
        ssize_t n = hull_stream_read(call, x->upload, data + 8, 32 * 1024);
        if (n < 0)
            return (int)n;
        char head[24];
        snprintf(head, sizeof(head), "%06zx\r\n", (size_t)n);
        memcpy(data, head, 8);
        memcpy(data + 8 + n, "\r\n", 2);
        int rc = hull_stream_write(call, x->conn->stream, n == 0 ? "0\r\n\r\n" : data,
                                   n == 0 ? 5 : (size_t)n + 10);
        if (rc < 0)
            return rc;
        if (n == 0) {
            x->uploaded = true;
            return 0;
        }
    }
}

/* Send the request and read the head of the response; once more when an idle connection turns out
 * to be dead and asking again does no harm. */
static int ask(struct hull_call *call, struct exchange *x, const struct hull_text *text)
{
    bool again = strcmp(x->route->verb, "GET") == 0 || strcmp(x->route->verb, "HEAD") == 0;
    for (;;) {
        int rc = conn_get(call, &x->conn);
        if (rc < 0)
            return rc;
        rc = hull_stream_write(call, x->conn->stream, text->data, text->length);
        if (rc == 0 && x->upload != NULL)
            x->task = hull_task_start(call, "upload", upload, x);
        if (rc == 0)
            rc = http_response_head(call, x->conn, strcmp(x->route->verb, "HEAD") == 0,
                                    &x->response);
        if (rc >= 0 || !again || !x->conn->reused)
            return rc;
        x->conn = http_peer_close(x->conn);
    }
}

/* The error of a response, with the daemon's own text. */
static int daemon_error(struct hull_call *call, struct exchange *x)
{
    struct hull_text body = HULL_TEXT(hull_call_arena(call));
    struct hull_problem problem;
    struct json_value value;
    int status = x->response.status;
    const char *text = NULL;
    if (http_response_read_all(call, x->conn, &x->response, (size_t)1024 * 1024, &body) == 0 &&
        body.length > 0 && json_parse(body.arena, body.data, body.length, &value, &problem) == 0) {
        const struct json_value *message =
            value.type == JSON_OBJECT ? json_member(&value, "message") : NULL;
        if (message != NULL && message->type == JSON_TEXT)
            text = message->text;
    }
    if (text == NULL && body.length > 0) {
        while (body.length > 0 && strchr("\r\n", body.data[body.length - 1]) != NULL)
            body.data[--body.length] = '\0';
        text = body.data;
    }
    if (text == NULL || text[0] == '\0')
        text = hull_printf(call, "the daemon answered %d to %s %s", status, x->route->verb,
                           x->route->path);
    return hull_fail(call, hull_kind_of_status(status), "%s", text);
}

/* --- replies --------------------------------------------------------------------------------- */

static int reply_json(struct hull_call *call, struct exchange *x, void *ret_reply)
{
    struct hull_text body = HULL_TEXT(hull_call_arena(call));
    int rc = http_response_read_all(call, x->conn, &x->response, REMOTE_BODY_MAX, &body);
    if (rc < 0 || body.length == 0)
        return rc;
    rc = json_decode_call(call, x->route->method->reply, body.data, body.length, 0, ret_reply);
    return rc == 0 ? 0
                   : hull_fail(call, HULL_IO, "cannot understand what the daemon answers: %s",
                               hull_strdup(call, hull_error(call)));
}

static int reply_nothing(struct hull_call *call, struct exchange *x, void *ret_reply)
{
    (void)ret_reply;
    struct hull_text body = HULL_TEXT(hull_call_arena(call));
    return http_response_read_all(call, x->conn, &x->response, REMOTE_BODY_MAX, &body);
}

static int reply_ready(struct hull_call *call, struct exchange *x, void *ret_reply)
{
    int rc = hull_ready(call);
    return rc < 0 ? rc : reply_json(call, x, ret_reply);
}

static int reply_text(struct hull_call *call, struct exchange *x, void *ret_reply)
{
    struct hull_text body = HULL_TEXT(hull_call_arena(call));
    int rc = http_response_read_all(call, x->conn, &x->response, HTTP_LINE_MAX, &body);
    const struct hull_field *field = &x->route->method->reply->fields[0];
    if (rc == 0 && field->type == HULL_STRING)
        *(const char **)(void *)((char *)ret_reply + field->offset) = body.data;
    return rc;
}

/* One object of a stream, passed on; the last of a progress may be the error of the whole. */
static int one_answer(struct hull_call *call, struct exchange *x, const char *text, size_t length)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const struct hull_message *message = x->route->method->reply;
    struct hull_problem problem;
    void *reply = hull_arena_alloc(arena, message->size);
    if (text[strspn(text, " \t\r\n")] == '\0')
        return 0;
    if (json_decode(arena, message, text, length, 0, reply, &problem) < 0)
        return hull_fail(call, HULL_IO, "cannot understand what the daemon answers: %s",
                         problem.text);
    const struct progress *progress = reply;
    if (message == &progress_message && (progress->error != NULL || progress->error_detail != NULL))
        return hull_fail(call, HULL_IO, "%s",
                         progress->error_detail != NULL && progress->error_detail->message != NULL
                             ? progress->error_detail->message
                             : progress->error);
    return hull_emit(call, reply);
}

static int reply_lines(struct hull_call *call, struct exchange *x, void *ret_reply)
{
    (void)ret_reply;
    int rc = hull_ready(call);
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text line = HULL_TEXT(arena);
    char data[8192];
    while (rc >= 0) {
        ssize_t n = http_response_read(call, x->conn, &x->response, data, sizeof(data));
        if (n <= 0)
            return n < 0 || line.length == 0 ? (int)n : one_answer(call, x, line.data, line.length);
        for (char *at = data; at < data + n && rc >= 0;) {
            char *end = memchr(at, '\n', (size_t)(data + n - at));
            hull_text_add(&line, at, (size_t)((end != NULL ? end : data + n) - at));
            if (line.length > REMOTE_BODY_MAX)
                return hull_fail(call, HULL_IO, "the daemon sent an answer without an end");
            if (end == NULL)
                break;
            rc = one_answer(call, x, line.length > 0 ? line.data : "", line.length);
            line.length = 0;
            at = end + 1;
        }
    }
    return rc;
}

/* --- streams --------------------------------------------------------------------------------- */

/* A body, or an upgraded connection: it belongs to who reads it. */
struct download {
    struct http_peer *conn;
    struct http_response response;
    bool raw;
};

static ssize_t download_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct download *d = ctx;
    return d->raw ? http_peer_read(call, d->conn, buffer, size)
                  : http_response_read(call, d->conn, &d->response, buffer, size);
}

static ssize_t download_write(struct hull_call *call, void *ctx, const void *data, size_t size)
{
    struct download *d = ctx;
    if (!d->raw)
        return hull_fail(call, HULL_INTERNAL, "the body of a response is not for writing");
    int rc = hull_stream_write(call, d->conn->stream, data, size);
    return rc < 0 ? rc : (ssize_t)size;
}

static int download_shutdown(struct hull_call *call, void *ctx)
{
    struct download *d = ctx;
    return d->raw ? hull_stream_shutdown(call, d->conn->stream) : 0;
}

static void download_close(void *ctx)
{
    struct download *d = ctx;
    if (!d->raw && d->response.ended && d->response.keep)
        conn_put(d->conn);
    else
        http_peer_close(d->conn);
    free(d);
}

static struct hull_stream *download(struct exchange *x, bool raw)
{
    static const struct hull_stream_ops ops = {.read = download_read,
                                               .write = download_write,
                                               .shutdown = download_shutdown,
                                               .close = download_close};
    struct download *d = calloc(1, sizeof(*d));
    HULL_ASSERT(d != NULL);
    *d = (struct download){.conn = HULL_TAKE(x->conn), .response = x->response, .raw = raw};
    return hull_stream_new(&ops, d);
}

/* Headers and the stream into the fields of the reply that ask for them. */
static int reply_stream(struct hull_call *call, struct exchange *x, void *ret_reply)
{
    const struct hull_message *message = x->route->method->reply;
    const char *type = http_response_header(&x->response, "content-type");
    bool raw = x->response.status == 101 ||
               (x->route->style == STYLE_HIJACK && x->response.body == HTTP_BODY_CLOSE);
    if (x->route->style == STYLE_HIJACK && !raw)
        return reply_nothing(call, x, ret_reply);
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        void *member = (char *)ret_reply + field->offset;
        if ((field->flags & HULL_HEADER) != 0 && field->type == HULL_STRING) {
            for (size_t h = 0; h < x->response.headers.n; h++) {
                if (strcasecmp(x->response.headers.v[h].key, field->name) == 0)
                    *(const char **)member = x->response.headers.v[h].value;
            }
        } else if (field->type == HULL_BOOL && strcmp(field->name, "multiplexed") == 0) {
            *(bool *)member =
                type != NULL && strcmp(type, "application/vnd.docker.multiplexed-stream") == 0;
        } else if (field->type == HULL_STREAM && strcmp(x->route->verb, "HEAD") != 0) {
            *(struct hull_stream **)member = download(x, raw);
        }
    }
    return 0;
}

/* --- the handler ----------------------------------------------------------------------------- */

/* Of the routes of METHOD the one that puts the most fields into its path. */
static const struct route *find_route(const struct hull_method *method, const void *request)
{
    const struct route *best = NULL;
    int best_score = -1;
    for (size_t i = 0; i < HULL_COUNT(routes); i++) {
        if (routes[i].method != method)
            continue;
        int score = encode_path_score(&routes[i], request);
        if (score > best_score) {
            best = &routes[i];
            best_score = score;
        }
    }
    return best;
}

/* The end of the upload, when the response has come or RC says what went wrong with it. */
static int join_upload(struct hull_call *call, struct exchange *x, int rc)
{
    char *text = rc < 0 ? hull_strdup(call, hull_error(call)) : NULL;
    /* A daemon that has answered with an error wants no more of the body. */
    if (!x->uploaded && rc < 0)
        hull_task_cancel(x->task);
    int sent = hull_task_join(call, HULL_TAKE(x->task));
    /* What we could not read ourselves explains why there is no answer. */
    bool ours = sent < 0 && sent != -HULL_CANCELED && (rc == 0 || x->response.status == 0);
    if (ours || rc == 0)
        return sent;
    return hull_fail(call, (enum hull_kind) - rc, "%s", text);
}

static int exchange(struct hull_call *call, struct exchange *x, const void *request,
                    void *ret_reply)
{
    static int (*const replies[])(struct hull_call *, struct exchange *, void *) = {
        [STYLE_JSON] = reply_json,   [STYLE_NOTHING] = reply_nothing, [STYLE_READY] = reply_ready,
        [STYLE_LINES] = reply_lines, [STYLE_PROGRESS] = reply_lines,  [STYLE_BYTES] = reply_stream,
        [STYLE_LOGS] = reply_stream, [STYLE_HIJACK] = reply_stream,   [STYLE_TEXT] = reply_text,
    };
    bool versioned = strcmp(x->route->path, "/_ping") != 0;
    int rc = versioned && version_prefix == NULL ? negotiate(call) : 0;
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    if (rc == 0)
        rc = encode_request(call, x->route, request, versioned ? version_prefix : "", &text,
                            &x->upload);
    if (rc == 0)
        rc = ask(call, x, &text);
    if (rc == 0)
        rc = x->response.status >= 300 ? daemon_error(call, x)
                                       : replies[x->route->style](call, x, ret_reply);
    return x->task == NULL ? rc : join_upload(call, x, rc);
}

static int remote_handle(struct hull_call *call, const void *request, void *ret_reply)
{
    struct exchange *x = hull_alloc(call, sizeof(*x));
    hull_defer(call, finish, x);
    x->route = find_route(hull_call_method(call), request);
    if (x->route == NULL)
        return hull_fail(call, HULL_INVALID, "%s.%s: a name is missing",
                         hull_call_method(call)->service, hull_call_method(call)->name);
    int rc = exchange(call, x, request, ret_reply);
    const char *version;
    if (is_too_new(call, rc, &version)) {
        hull_error_clear(call);
        finish(call, x);
        *x = (struct exchange){.route = x->route};
        rc = agree(call, version);
        if (rc == 0)
            rc = exchange(call, x, request, ret_reply);
    }
    return rc;
}

static void remote_fini(void)
{
    conn_close_idle();
    free(HULL_TAKE(version_prefix));
}

#define HANDLER(verb, path, service, name, style, status) \
    {&service##_##name##_method, remote_handle},
static const struct hull_handler handlers[] = {HULL_ROUTES(HANDLER){}};

static const char *const uses[] = {"support/tls", NULL};

HULL_PLUGIN(remote, .port = "remote", .version = PACKAGE_VERSION, .handlers = handlers,
            .uses = uses, .options = &remote_options_message, .fini = remote_fini);
