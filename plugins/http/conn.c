/*
 * A connection: one fiber that reads heads and answers requests, one after the other. What a
 * client sends ahead waits in the buffer. An idle connection holds a descriptor and a stack; a
 * buffer only inside TLS, where nobody can tell that something comes without reading it.
 */
#include "http.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <hull/daemon.h>

#include "api/tls.h"

#define FIRST_BUFFER 4096u

static const char swarm_message[] =
    "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
    "connect this node to swarm and try again.";

/* --- bytes ----------------------------------------------------------------------------------- */

static void release_buffer(struct http_conn *conn)
{
    free(conn->in);
    conn->in = NULL;
    conn->start = conn->end = conn->size = conn->scanned = 0;
}

/* Room for more bytes behind those that wait. */
static void make_room(struct http_conn *conn)
{
    if (conn->start > 0) {
        memmove(conn->in, conn->in + conn->start, conn->end - conn->start);
        conn->end -= conn->start;
        conn->start = 0;
    }
    if (conn->end < conn->size)
        return;
    conn->size = conn->size ? conn->size * 2 : FIRST_BUFFER;
    conn->in = realloc(conn->in, conn->size);
    HULL_ASSERT(conn->in != NULL);
}

/* Read more into the buffer: how many bytes, 0 at the end. */
static ssize_t fill(struct hull_call *call, struct http_conn *conn)
{
    make_room(conn);
    ssize_t got =
        hull_stream_read(call, conn->stream, conn->in + conn->end, conn->size - conn->end);
    if (got > 0)
        conn->end += (size_t)got;
    return got;
}

ssize_t http_conn_read(struct hull_call *call, struct http_conn *conn, void *data, size_t size)
{
    size_t waiting = conn->end - conn->start;
    if (waiting == 0)
        return hull_stream_read(call, conn->stream, data, size);
    if (size > waiting)
        size = waiting;
    memcpy(data, conn->in + conn->start, size);
    conn->start += size;
    return (ssize_t)size;
}

int http_conn_byte(struct hull_call *call, struct http_conn *conn)
{
    if (conn->start == conn->end) {
        conn->start = conn->end = 0;
        if (fill(call, conn) <= 0)
            return -1;
    }
    return (unsigned char)conn->in[conn->start++];
}

/* --- hang-up --------------------------------------------------------------------------------- */

/*
 * A unix socket tells a half close from the end; epoll without events waits for the latter. Over
 * TCP both look the same, and a client that sends no more counts as gone, as docker has it.
 */
static int wait_gone(struct hull_call *call, struct http_conn *conn)
{
    HULL_AUTO_FD hang_up = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = 0};

    if (hang_up < 0 || epoll_ctl(hang_up, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        return hull_fail_errno(call, errno, "epoll");
    return hull_wait_fd(call, hang_up, POLLIN);
}

int http_watch_run(struct hull_call *call, void *arg)
{
    struct http_watch *watch = arg;
    int rc = watch->conn->listener->tcp ? hull_wait_fd(call, watch->conn->fd, POLLRDHUP)
                                        : wait_gone(call, watch->conn);
    if (rc > 0)
        hull_cancel(watch->target);
    return rc < 0 ? rc : 0;
}

/* --- the head -------------------------------------------------------------------------------- */

/* Refuse what can't be understood, and end the connection: nobody knows where it goes on. */
static void refuse(struct hull_call *call, struct http_conn *conn, int status, const char *why)
{
    struct http_request request = {.conn = conn, .head = {.minor = 1}};
    const char *body = hull_printf(call, "{\"message\":\"%s\"}\n", why);

    conn->close = true;
    if (http_reply_whole(call, &request, status, "application/json", NULL, body, strlen(body)) < 0)
        hull_error_clear(call);
    hull_log(call, HULL_LOG_DEBUG, "request refused", "why", why, NULL);
}

/* Read up to the end of a head, into conn->head. */
static int read_head(struct hull_call *call, void *arg)
{
    struct http_conn *conn = arg;

    conn->head = 0;
    conn->scanned = 0;
    for (;;) {
        ssize_t length = 0;
        if (conn->end > conn->start)
            length = http_head_end(conn->in + conn->start, conn->end - conn->start, &conn->scanned);
        if (length > 0 && length <= (ssize_t)HTTP_HEAD_MAX) {
            conn->head = (size_t)length;
            return 0;
        }
        if (length < 0 || conn->end - conn->start >= HTTP_HEAD_MAX) {
            refuse(call, conn, length < 0 ? 400 : 431,
                   length < 0 ? "malformed request" : "the request head is too large");
            return 0;
        }
        ssize_t got = fill(call, conn);
        if (got <= 0) {
            conn->close = true; /* the client has gone, or was too slow: nobody to tell */
            hull_error_clear(call);
            return 0;
        }
    }
}

/* --- one request ----------------------------------------------------------------------------- */

/* A web page must not reach the API: not by its own requests, and not by a name that it had
 * rebound to a local address. */
static int check_origin(struct hull_call *call, struct http_request *request)
{
    const char *host = http_header(&request->head, "Host");
    size_t length = host ? strcspn(host, ":") : 0;

    if (!request->conn->listener->tcp)
        return 0;
    if (http_header(&request->head, "Origin"))
        return hull_fail(call, HULL_FORBIDDEN, "requests of web pages are refused");
    if (request->conn->tls || !host || *host == '[' ||
        strspn(host, "0123456789.:") == strlen(host) ||
        (length == 9 && strncasecmp(host, "localhost", 9) == 0))
        return 0;
    return hull_fail(call, HULL_FORBIDDEN,
                     "unknown Host header: use the address of the server, or TLS");
}

static int find_route(struct hull_call *call, struct http_request *request)
{
    const char *path = request->head.path;
    int version = http_version_take(&path);

    if (version >= 0)
        request->route = http_route_find(request->head.method, path, &request->params);
    if (!request->route)
        return hull_fail(call, HULL_NOT_FOUND, "page not found");
    request->version = version ? version : http_version_newest();
    int rc = http_authz_request(call, request);
    if (rc == 0 && version)
        rc = http_version_check(call, version);
    if (rc < 0)
        return rc;
    if (request->route->style == HTTP_SWARM)
        return hull_fail(call, HULL_UNAVAILABLE, "%s", swarm_message);
    if (request->route->style == HTTP_NOT_YET)
        return hull_fail(call, HULL_NOT_SUPPORTED, "%s is not supported by hull yet",
                         request->route->what);
    return 0;
}

/* Streams follow what happens, and end when their client goes or the daemon does. */
static bool is_endless(enum http_style style)
{
    return style == HTTP_LINES || style == HTTP_LOGS || style == HTTP_HIJACK ||
           style == HTTP_READY || style == HTTP_WEBSOCKET;
}

static int answer(struct hull_call *call, struct http_request *request)
{
    int rc;

    if (strcmp(request->head.method, "OPTIONS") == 0) {
        rc = http_authz_request(call, request);
        return rc < 0 ? rc : http_reply_whole(call, request, 200, NULL, NULL, "", 0);
    }
    rc = check_origin(call, request);
    if (rc == 0)
        rc = find_route(call, request);
    if (rc == 0 && is_endless(request->route->style))
        request->conn->endless = call;
    if (rc == 0 && http_draining && request->conn->endless)
        rc = hull_fail(call, HULL_UNAVAILABLE, "the daemon is shutting down");
    return rc < 0 ? rc : http_dispatch(call, request);
}

static int reply_error(struct hull_call *call, struct http_request *request, int failed)
{
    int rc = http_reply_error(call, request, failed);

    if (rc < 0 && rc != -HULL_CANCELED && !request->head_sent)
        rc = http_reply_error(call, request, rc); /* why even the error may not be told */
    return rc;
}

/* The handler, with somebody who watches whether the client is still there. */
static int watched(struct hull_call *call, void *arg)
{
    struct http_request *request = arg;

    request->watch = (struct http_watch){request->conn, call};
    request->watcher = hull_task_start(call, "http hang-up", http_watch_run, &request->watch);
    int rc = answer(call, request);
    request->conn->endless = NULL;
    if (rc == -HULL_CANCELED)
        request->conn->close = true; /* the client has gone, or the daemon goes */
    else if (rc < 0 && request->head_sent)
        request->conn->close = true; /* cut it short, so that the client sees it */
    else if (rc < 0 && reply_error(call, request, rc) < 0)
        request->conn->close = true;
    return rc;
}

/* Once per request, at its end: loud when the fault is ours. */
static void log_request(struct hull_call *call, const struct http_request *request, int64_t began,
                        int rc)
{
    bool ours =
        rc == -HULL_INTERNAL || rc == -HULL_IO || rc == -HULL_NO_SPACE || rc == -HULL_TIMEOUT;
    enum hull_level level = ours && request->status >= 500 ? HULL_LOG_ERROR : HULL_LOG_DEBUG;

    if (hull_log_level() > level)
        return;
    hull_log(call, level, "request", "method", request->head.method, "path", request->head.path,
             "status", hull_printf(call, "%d", request->status), "ms",
             hull_printf(call, "%lld", (long long)(hull_now_ms() - began)), rc < 0 ? "error" : NULL,
             hull_error(call), NULL);
}

static int serve(struct hull_call *call, void *arg)
{
    struct http_conn *conn = arg;
    struct http_request *request = HULL_NEW(hull_call_arena(call), struct http_request);
    char *text = hull_arena_strndup(hull_call_arena(call), conn->in + conn->start, conn->head);
    const char *why = "";
    int64_t began = hull_now_ms();

    conn->start += conn->head;
    request->conn = conn;
    request->scratch = hull_arena_new();
    int status = http_head_parse(text, conn->head, &request->head, &why);
    if (status) {
        refuse(call, conn, status, why);
    } else {
        http_body_init(request);
        int rc = watched(call, request);
        log_request(call, request, began, rc);
        if (rc < 0)
            hull_error_clear(call);
        hull_call_set_timeout(call, HTTP_BODY_SKIP_MS);
        conn->close |= !request->hijacked && !http_body_skip(call, &request->body);
        hull_error_clear(call);
    }
    http_body_done(&request->body);
    hull_arena_free(request->scratch);
    return 0;
}

/* --- the connection -------------------------------------------------------------------------- */

/* Let the client read the last answer before the connection is reset by what it still sends. */
static int linger(struct hull_call *call, void *arg)
{
    struct http_conn *conn = arg;
    char buffer[16384];
    int rc = hull_stream_shutdown(call, conn->stream);

    for (size_t skipped = 0; rc == 0 && skipped < HTTP_LINGER_MAX;) {
        ssize_t got = hull_stream_read(call, conn->stream, buffer, sizeof(buffer));
        if (got <= 0)
            break;
        skipped += (size_t)got;
    }
    return 0;
}

/* Wait for the first byte of a request, for as long as it takes. */
static int wait_request(struct hull_call *call, struct http_conn *conn)
{
    if (conn->end > conn->start)
        return 0;
    release_buffer(conn);
    http_conn_set_idle(conn, true);
    int rc = conn->tls ? (int)fill(call, conn) : hull_wait_fd(call, conn->fd, POLLIN);
    http_conn_set_idle(conn, false);
    return rc > 0 ? 0 : -HULL_IO;
}

/* Who the client is, for as long as it is connected. */
static void keep_peer(struct http_conn *conn, const struct tls_accept_reply *reply)
{
    conn->peer = hull_arena_new();
    conn->user = hull_arena_strdup(conn->peer, reply->user ? reply->user : "");
    for (size_t i = 0; i < reply->certificates.n; i++)
        hull_strv_add(conn->peer, &conn->certificates,
                      hull_arena_strdup(conn->peer, reply->certificates.v[i]));
}

/* Wait for the client to begin, then shake hands. */
static int start_tls(struct hull_call *call, void *arg)
{
    struct http_conn *conn = arg;
    const struct daemon_config *config = daemon_config();
    const struct tls_accept_request request = {.stream = HULL_TAKE(conn->stream),
                                               .peer = http_authz_on(),
                                               .verify = config->tlsverify,
                                               .ca = config->tlscacert,
                                               .cert = config->tlscert,
                                               .key = config->tlskey};
    struct tls_accept_reply reply;
    int rc = tls_accept(call, "support/tls", &request, &reply);

    conn->stream = rc < 0 ? NULL : reply.stream;
    if (rc == 0 && reply.certificates.n > 0)
        keep_peer(conn, &reply);
    conn->close = rc < 0;
    conn->tls = true;
    if (rc < 0)
        hull_log(call, HULL_LOG_DEBUG, "connection refused", "error", hull_error(call), NULL);
    return 0;
}

static void conn_free(struct http_conn *conn)
{
    http_conn_forget(conn);
    hull_stream_close(conn->stream);
    release_buffer(conn);
    hull_arena_free(conn->peer);
    free(conn);
}

int http_conn_run(struct hull_call *call, void *arg)
{
    struct http_conn *conn = arg;
    int rc = 0;

    conn->call = call;
    if (conn->listener->tls)
        rc = hull_request(call, "http tls", HTTP_HEAD_MS, start_tls, conn);
    while (rc >= 0 && !conn->close && !http_draining) {
        rc = wait_request(call, conn);
        if (rc == 0)
            rc = hull_request(call, "http head", HTTP_HEAD_MS, read_head, conn);
        if (rc == 0 && conn->head > 0 && !conn->close)
            rc = hull_request(call, "http request", HULL_FOREVER, serve, conn);
    }
    if (rc >= 0 && conn->stream)
        rc = hull_request(call, "http end", HTTP_LINGER_MS, linger, conn);
    hull_error_clear(call);
    conn_free(conn);
    return 0;
}
