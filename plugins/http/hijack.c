/*
 * A connection that stops being HTTP and becomes the stream of a container.
 *
 * Each direction is copied by a fiber of its own. The end of what the client sends closes the
 * standard input of the process and nothing more; the end of what the process sends ends the
 * connection. A client that has gone for good ends both.
 */
#include "http.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <hull/daemon.h>

/* So long the first output waits for a client to read the head. */
#define HEAD_READ_MS 100

struct hijack {
    struct http_conn *conn;
    struct hull_stream *stream;
};

static int client_to_process(struct hull_call *call, void *arg)
{
    struct hijack *hijack = arg;
    struct http_conn *conn = hijack->conn;
    int rc = 0;

    if (conn->end > conn->start) {
        rc = hull_stream_write(call, hijack->stream, conn->in + conn->start,
                               conn->end - conn->start);
        conn->start = conn->end = 0;
    }
    if (rc == 0)
        rc = hull_stream_copy(call, conn->stream, hijack->stream, NULL);
    if (rc == 0)
        rc = hull_stream_shutdown(call, hijack->stream);
    return rc;
}

static int send_head(struct hull_call *call, struct http_request *request, bool multiplexed)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    const char *protocol = http_header(&request->head, "Upgrade");
    bool upgrade = request->head.upgrade && protocol;
    const char *type = multiplexed ? "application/vnd.docker.multiplexed-stream"
                                   : "application/vnd.docker.raw-stream";
    int rc = http_authz_response(call, request, upgrade ? 101 : 200, type, NULL, NULL, 0);

    if (rc < 0)
        return rc;
    http_reply_begin(request, &out, upgrade ? 101 : 200, type);
    if (upgrade) {
        hull_text_puts(&out, "Connection: Upgrade\r\n");
        http_reply_header(&out, "Upgrade", "tcp");
    }
    hull_text_puts(&out, "\r\n");
    request->head_sent = true;
    request->hijacked = true;
    request->conn->close = true;
    return hull_stream_write(call, request->conn->stream, out.data, out.length);
}

/*
 * Wait until the client has read the head, before there is anything behind it. Clients that read
 * it through a buffer and then go on with the bare socket (docker's library for Python is one)
 * lose what came along with it. An edge on "writable" tells that bytes were taken.
 */
static int wait_head_read(struct hull_call *call, void *arg)
{
    struct http_conn *conn = arg;
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
    HULL_AUTO_FD edge = epoll_create1(EPOLL_CLOEXEC);
    int waiting = 0, rc = 0;

    if (edge < 0 || epoll_ctl(edge, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        return hull_fail_errno(call, errno, "epoll");
    while (rc >= 0) {
        (void)epoll_wait(edge, &event, 1, 0);
        if (ioctl(conn->fd, SIOCOUTQ, &waiting) < 0 || waiting == 0)
            return 0;
        rc = hull_wait_fd(call, edge, POLLIN);
    }
    hull_error_clear(call); /* a slow client may read head and output at once */
    return 0;
}

int http_hijack(struct hull_call *call, struct http_request *request, struct hull_stream *stream,
                bool multiplexed)
{
    struct hijack hijack = {request->conn, stream};

    hull_defer(call, hull_stream_close_cleanup, stream);
    int rc = http_body_skip(call, &request->body)
                 ? 0
                 : hull_fail(call, HULL_INVALID, "request body: malformed");
    if (rc == 0)
        rc = send_head(call, request, multiplexed);
    if (rc < 0)
        return rc;
    if (request->conn->listener->tcp)
        hull_task_cancel(request->watcher); /* it can't tell a half close from the end */
    struct hull_task *input = hull_task_start(call, "hijack input", client_to_process, &hijack);
    if (!request->conn->listener->tcp)
        rc = hull_request(call, "http hijack", HEAD_READ_MS, wait_head_read, request->conn);
    if (rc == 0)
        rc = hull_stream_copy(call, stream, request->conn->stream, NULL);
    hull_task_cancel(input);
    int end = hull_task_join(call, input);
    if (end < 0)
        hull_error_clear(call);
    int shut = rc == 0 ? hull_stream_shutdown(call, request->conn->stream) : rc;
    return shut == -HULL_IO ? 0 : shut;
}
