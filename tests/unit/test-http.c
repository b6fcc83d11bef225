/*
 * The HTTP server with toy services behind it: hijacked connections, bodies both ways, answers
 * that come in parts, and clients that go away.
 */
#include "tap.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "api/container.h"
#include "api/http.h"
#include "api/image.h"

#define SIZE ((size_t)1 << 20)

static char socket_path[108];
static uint64_t body_bytes;
static bool was_canceled, was_called;
static struct hull_cond changed;

/* --- the toys -------------------------------------------------------------------------------- */

static int echo(struct hull_call *call, void *arg)
{
    struct hull_stream *end = arg;
    int rc = hull_stream_copy(call, end, end, NULL);
    hull_stream_close(end);
    return rc;
}

/* A process that neither reads nor writes, for as long as the daemon runs. */
static int silent(struct hull_call *call, void *arg)
{
    int rc = hull_sleep(call, 60000);
    hull_stream_close(arg);
    return rc == -HULL_CANCELED ? 0 : rc;
}

/* What is sent comes back until a half close; "deaf" takes nothing. */
static int toy_attach(struct hull_call *call, const struct container_attach_request *request,
                      struct container_stream_reply *ret_reply)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        return hull_fail_errno(call, errno, "socketpair");
    if (hull_streq(request->id, "deaf")) {
        CHECK_INT(shutdown(fds[1], SHUT_RD), 0);
        hull_spawn("silent", silent, hull_stream_from_fd(fds[1]));
    } else {
        hull_spawn("echo", echo, hull_stream_from_fd(fds[1]));
    }
    ret_reply->stream = hull_stream_from_fd(fds[0]);
    ret_reply->multiplexed = true;
    return 0;
}

static int toy_start(struct hull_call *call, const struct container_start_request *request,
                     struct hull_empty *ret_reply)
{
    (void)ret_reply;
    return hull_fail(call, HULL_NOT_MODIFIED, "container %s is running", request->id);
}

static int toy_wait(struct hull_call *call, const struct container_wait_request *request,
                    struct container_wait_reply *ret_reply)
{
    int rc = hull_ready(call);

    was_called = true;
    hull_cond_broadcast(&changed);
    if (rc == 0 && hull_streq(request->condition, "next-exit"))
        rc = hull_sleep(call, 60000);
    was_canceled = rc == -HULL_CANCELED;
    hull_cond_broadcast(&changed);
    ret_reply->status_code = 7;
    return rc;
}

static int write_much(struct hull_call *call, void *arg)
{
    struct hull_stream *stream = arg;
    char block[4096];
    int rc = 0;

    memset(block, 'x', sizeof(block));
    for (size_t done = 0; rc == 0 && done < SIZE; done += sizeof(block))
        rc = hull_stream_write(call, stream, block, sizeof(block));
    if (rc == 0)
        rc = hull_stream_shutdown(call, stream);
    hull_stream_close(stream);
    return rc;
}

static int toy_export(struct hull_call *call, const struct container_ref *request,
                      struct container_tar_reply *ret_reply)
{
    struct hull_stream *writer;

    (void)call;
    (void)request;
    hull_stream_pair(8192, &ret_reply->stream, &writer);
    hull_spawn("write much", write_much, writer);
    return 0;
}

static int toy_archive_put(struct hull_call *call, const struct container_archive_request *request,
                           struct hull_empty *ret_reply)
{
    char block[1000];
    ssize_t got = 0;

    (void)ret_reply;
    body_bytes = 0;
    while (request->body && (got = hull_stream_read(call, request->body, block, 1000)) > 0)
        body_bytes += (uint64_t)got;
    hull_stream_close(request->body);
    return (int)got;
}

static int toy_load(struct hull_call *call, const struct image_load_request *request,
                    struct progress *ret_reply)
{
    struct progress line = {.stream = "loading\n"};

    (void)ret_reply;
    if (request->body)
        hull_stream_close(request->body);
    int rc = hull_emit(call, &line);
    return rc < 0 ? rc : hull_fail(call, HULL_INVALID, "the archive ends early");
}

static const struct hull_handler toy_handlers[] = {
    HULL_HANDLE(container, attach, toy_attach),
    HULL_HANDLE(container, start, toy_start),
    HULL_HANDLE(container, wait, toy_wait),
    HULL_HANDLE(container, export, toy_export),
    HULL_HANDLE(container, archive_put, toy_archive_put),
    {}};
HULL_PLUGIN(container, .port = "container", .handlers = toy_handlers);
static const struct hull_handler image_handlers[] = {HULL_HANDLE(image, load, toy_load), {}};
HULL_PLUGIN(image, .port = "image", .handlers = image_handlers);

/* --- the client ------------------------------------------------------------------------------ */

static void serve(struct hull_call *call)
{
    const char *host;
    struct http_listen_request request = {.hosts = {1, &host}};
    struct hull_empty empty;

    if (!hull_plugin_exists("http"))
        SKIP("the plugin http is not built");
    hull_plugin_register(&hull_plugin_container);
    hull_plugin_register(&hull_plugin_image);
    snprintf(socket_path, sizeof(socket_path), "/tmp/hull-http-%d.sock", (int)getpid());
    host = hull_printf(call, "unix://%s", socket_path);
    CHECK_OK(http_listen(call, NULL, &request, &empty));
}

static struct hull_stream *client(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, socket_path, sizeof(socket_path));
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return hull_stream_from_fd(fd);
}

static void say(struct hull_call *call, struct hull_stream *stream, const char *text)
{
    CHECK_OK(hull_stream_write(call, stream, text, strlen(text)));
}

/* All that comes until the end, or until MARK has come. */
static const char *hear(struct hull_call *call, struct hull_stream *stream, const char *mark)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    char block[65536];
    ssize_t got = 1;

    hull_text_puts(&text, "");
    while (got > 0 && (!mark || !strstr(text.data, mark))) {
        got = hull_stream_read(call, stream, block, sizeof(block));
        CHECK(got >= 0);
        hull_text_add(&text, block, (size_t)got);
    }
    return text.data;
}

#define POST(path) "POST " path " HTTP/1.1\r\nHost: d\r\n"

FIBER_TEST(a_hijacked_connection_is_a_stream)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream,
        POST("/v1.51/containers/c/attach?stream=1") "Connection: Upgrade\r\nUpgrade: "
                                                    "tcp\r\n\r\nearly ");
    const char *head = hear(call, stream, "early ");
    CHECK_HAS(head, "HTTP/1.1 101 UPGRADED\r\n");
    CHECK_HAS(head, "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ");
    CHECK_HAS(head, "Content-Type: application/vnd.docker.multiplexed-stream\r\n");
    say(call, stream, "late");
    CHECK_OK(hull_stream_shutdown(call, stream));
    CHECK_STR(hear(call, stream, NULL), "late");
    hull_stream_close(stream);
}

FIBER_TEST(a_hijack_without_upgrade_and_of_an_old_client)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, POST("/v1.41/containers/c/attach") "\r\nhello");
    CHECK_OK(hull_stream_shutdown(call, stream));
    const char *all = hear(call, stream, NULL);
    CHECK_HAS(all, "HTTP/1.1 200 OK\r\n");
    CHECK_HAS(all, "Content-Type: application/vnd.docker.raw-stream\r\n\r\nhello");
    CHECK(!strstr(all, "Content-Length") && !strstr(all, "chunked"));
    hull_stream_close(stream);
}

FIBER_TEST(a_websocket_of_a_deaf_process_still_answers_pings)
{
    /* Masked with zeros: data "x" twice, then a ping. */
    static const char frames[] = "\x82\x81\0\0\0\0x\x82\x81\0\0\0\0x\x89\x84\0\0\0\0ping";
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream,
        "GET /containers/deaf/attach/ws HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    CHECK_HAS(hear(call, stream, "\r\n\r\n"), "101 UPGRADED");
    CHECK_OK(hull_stream_write(call, stream, frames, sizeof(frames) - 1));
    CHECK_HAS(hear(call, stream, "ping"), "\x8a\x04ping");
    hull_stream_close(stream);
}

FIBER_TEST(not_modified_has_no_body)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, POST("/containers/c/start") "Connection: close\r\n\r\n");
    const char *all = hear(call, stream, NULL);
    CHECK_HAS(all, "HTTP/1.1 304 Not Modified\r\n");
    CHECK_STR(strstr(all, "\r\n\r\n"), "\r\n\r\n");
    hull_stream_close(stream);
}

FIBER_TEST(wait_answers_in_two_parts)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, POST("/containers/c/wait") "Connection: close\r\n\r\n");
    const char *all = hear(call, stream, NULL);
    CHECK_HAS(all, "Transfer-Encoding: chunked\r\n");
    CHECK_HAS(all, "{\"StatusCode\":7");
    CHECK_HAS(all, "\r\n0\r\n\r\n");
    hull_stream_close(stream);
}

FIBER_TEST(who_hangs_up_cancels_the_request)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, POST("/containers/c/wait?condition=next-exit") "\r\n");
    CHECK_HAS(hear(call, stream, "\r\n\r\n"), "200 OK");
    CHECK(was_called && !was_canceled);
    hull_stream_close(stream);
    while (!was_canceled)
        CHECK_OK(hull_cond_wait(call, &changed));
}

FIBER_TEST(a_half_close_does_not_cancel)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, POST("/containers/c/wait") "\r\n");
    CHECK_OK(hull_stream_shutdown(call, stream));
    CHECK_HAS(hear(call, stream, "0\r\n\r\n"), "{\"StatusCode\":7");
    hull_stream_close(stream);
}

FIBER_TEST(a_stream_as_answer)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, "GET /containers/c/export HTTP/1.0\r\n\r\n");
    const char *all = hear(call, stream, NULL);
    CHECK_HAS(all, "Content-Type: application/x-tar\r\n");
    CHECK_INT(strlen(strstr(all, "\r\n\r\n") + 4), (int)SIZE);
    hull_stream_close(stream);
}

FIBER_TEST(a_client_that_goes_in_the_middle_of_a_stream)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, "GET /containers/c/export HTTP/1.1\r\nHost: d\r\n\r\n");
    CHECK_HAS(hear(call, stream, "xxxx"), "chunked");
    hull_stream_close(stream);
    stream = client();
    say(call, stream, POST("/containers/c/start") "Connection: close\r\n\r\n");
    CHECK_HAS(hear(call, stream, NULL), "304");
    hull_stream_close(stream);
}

FIBER_TEST(bodies_of_both_kinds)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream,
        "PUT /containers/c/archive?path=/ HTTP/1.1\r\nHost: d\r\nContent-Length: 11\r\n\r\nhello "
        "world");
    CHECK_HAS(hear(call, stream, "\r\n\r\n"), "200 OK");
    CHECK_INT(body_bytes, 11);
    say(call, stream,
        "PUT /containers/c/archive?path=/ HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n2\r\n..\r\n0\r\n\r\n");
    CHECK_HAS(hear(call, stream, "\r\n\r\n"), "200 OK");
    CHECK_INT(body_bytes, 7);
    say(call, stream,
        "PUT /containers/c/archive?path=/ HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello");
    CHECK_OK(hull_stream_shutdown(call, stream));
    CHECK_HAS(hear(call, stream, NULL), "400 Bad Request");
    hull_stream_close(stream);
}

FIBER_TEST(a_late_error_is_the_last_object)
{
    serve(call);
    struct hull_stream *stream = client();
    say(call, stream, POST("/images/load") "Connection: close\r\nContent-Length: 0\r\n\r\n");
    const char *all = hear(call, stream, NULL);
    CHECK_HAS(all, "HTTP/1.1 200 OK\r\n");
    CHECK_HAS(all, "{\"stream\":\"loading\\n\"}\r\n");
    CHECK_HAS(all, "{\"errorDetail\":{\"message\":\"the archive ends early\"},\"error\":\"the "
                   "archive ends early\"}\r\n");
    CHECK_HAS(all, "\r\n0\r\n\r\n");
    hull_stream_close(stream);
}

FIBER_TEST(stopping_ends_idle_connections_and_streams)
{
    struct http_stop_request request = {.timeout_ms = 5000};
    struct hull_empty empty;

    serve(call);
    struct hull_stream *idle = client(), *endless = client();
    say(call, endless, POST("/containers/c/wait?condition=next-exit") "\r\n");
    CHECK_HAS(hear(call, endless, "\r\n\r\n"), "200 OK");
    int64_t before = hull_now_ms();
    CHECK_OK(http_stop(call, NULL, &request, &empty));
    CHECK(hull_now_ms() - before < 4000);
    CHECK(was_canceled);
    CHECK_STR(hear(call, idle, NULL), "");
    hull_stream_close(idle);
    hull_stream_close(endless);
}

TAP_MAIN
