/*
 * A connection that becomes a websocket and carries the streams of a container: what the client
 * sends in text or binary messages is the standard input of the process, what the process writes
 * to either output comes in binary messages.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

#include "frame.h"

struct websocket {
    struct http_conn *conn;
    struct hull_stream *stream;
    struct hull_lock writing; /* frames of the two fibers must not mix */
    bool closing;             /* our close frame is out */
    bool deaf;                /* the process takes no input any more */
    struct hull_call *call;   /* of the request, which ends when the client closes */
};

/* --- writing ---------------------------------------------------------------------------------- */

static int send_locked(struct hull_call *call, struct websocket *socket, enum frame_opcode opcode,
                       const void *data, size_t size)
{
    unsigned char head[FRAME_HEAD_MAX];
    size_t length = frame_head(head, opcode, size);
    int rc;

    if (socket->closing)
        return 0;
    socket->closing = opcode == FRAME_CLOSE;
    rc = hull_stream_write(call, socket->conn->stream, head, length);
    if (rc == 0 && size > 0)
        rc = hull_stream_write(call, socket->conn->stream, data, size);
    return rc;
}

static int send_frame(struct hull_call *call, struct websocket *socket, enum frame_opcode opcode,
                      const void *data, size_t size)
{
    int rc = hull_lock(call, &socket->writing);

    if (rc < 0)
        return rc;
    rc = send_locked(call, socket, opcode, data, size);
    hull_unlock(&socket->writing);
    return rc;
}

static int send_close(struct hull_call *call, struct websocket *socket, unsigned status)
{
    const unsigned char payload[2] = {(unsigned char)(status >> 8), (unsigned char)status};

    return send_frame(call, socket, FRAME_CLOSE, payload, sizeof(payload));
}

/* --- from the client -------------------------------------------------------------------------- */

/* Whatever becomes of the input, the client's pings and its close frame are still to be read. */
static int take_input(struct hull_call *call, struct websocket *socket, const unsigned char *data,
                      size_t size)
{
    int rc = socket->deaf ? 0 : hull_stream_write(call, socket->stream, data, size);

    if (rc != -HULL_IO)
        return rc;
    socket->deaf = true;
    hull_error_clear(call);
    return 0;
}

/* One event; 1 when the conversation is over. A websocket has no half close: the client detaches,
 * and the input of the process stays open. */
static int handle(struct hull_call *call, struct websocket *socket, enum frame_event event,
                  const struct frame_reader *reader, const unsigned char *data, size_t size,
                  unsigned status)
{
    int rc = 0;

    switch (event) {
    case FRAME_DATA:
        return take_input(call, socket, data, size);
    case FRAME_GOT_PING:
        return send_frame(call, socket, FRAME_PONG, reader->control, reader->control_length);
    case FRAME_GOT_CLOSE:
    case FRAME_BAD:
        rc = send_close(call, socket, status);
        hull_cancel(socket->call);
        return rc < 0 ? rc : 1;
    case FRAME_MORE:
        break;
    }
    return 0;
}

static int client_to_process(struct hull_call *call, void *arg)
{
    struct websocket *socket = arg;
    struct frame_reader *reader = HULL_NEW(hull_call_arena(call), struct frame_reader);
    unsigned char *buffer = hull_alloc(call, HTTP_COPY_SIZE);
    int rc = 0;

    while (rc == 0) {
        ssize_t got = http_conn_read(call, socket->conn, buffer, HTTP_COPY_SIZE);

        if (got <= 0)
            return (int)got;
        for (size_t at = 0, used; rc == 0 && at < (size_t)got; at += used) {
            unsigned char *data = NULL;
            size_t size = 0;
            unsigned status = 0;
            enum frame_event event =
                frame_read(reader, buffer + at, (size_t)got - at, &used, &data, &size, &status);

            rc = handle(call, socket, event, reader, data, size, status);
        }
    }
    return rc < 0 ? rc : 0;
}

/* --- to the client ---------------------------------------------------------------------------- */

/* The payload of one frame of the container's streams, whose head was read. */
static int send_payload(struct hull_call *call, struct websocket *socket, char *buffer, size_t left)
{
    while (left > 0) {
        ssize_t got = hull_stream_read(call, socket->stream, buffer,
                                       left < HTTP_COPY_SIZE ? left : HTTP_COPY_SIZE);
        int rc = got > 0 ? send_frame(call, socket, FRAME_BINARY, buffer, (size_t)got) : (int)got;

        if (got <= 0 || rc < 0)
            return rc;
        left -= (size_t)got;
    }
    return 0;
}

static int process_to_client(struct hull_call *call, struct websocket *socket, bool multiplexed)
{
    char *buffer = hull_alloc(call, HTTP_COPY_SIZE);

    for (;;) {
        unsigned char head[8];
        ssize_t got = multiplexed ? hull_stream_read(call, socket->stream, head, 1)
                                  : hull_stream_read(call, socket->stream, buffer, HTTP_COPY_SIZE);
        int rc = (int)got;

        if (got > 0 && !multiplexed)
            rc = send_frame(call, socket, FRAME_BINARY, buffer, (size_t)got);
        if (got > 0 && multiplexed)
            rc = hull_stream_read_full(call, socket->stream, head + 1, 7);
        if (got > 0 && multiplexed && rc == 0)
            rc = send_payload(call, socket, buffer,
                              (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 |
                                  head[7]);
        if (got <= 0 || rc < 0)
            return rc;
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static int check_head(struct hull_call *call, const struct http_request *request, char accept[29])
{
    const char *upgrade = http_header(&request->head, "Upgrade");
    const char *version = http_header(&request->head, "Sec-WebSocket-Version");
    const char *key = http_header(&request->head, "Sec-WebSocket-Key");

    if (!request->head.upgrade || !upgrade || strcasecmp(upgrade, "websocket") != 0)
        return hull_fail(call, HULL_INVALID,
                         "not a websocket handshake: Connection: Upgrade and Upgrade: websocket "
                         "are needed");
    if (!version || strcmp(version, "13") != 0)
        return hull_fail(call, HULL_INVALID, "Sec-WebSocket-Version: %s: expected 13",
                         version ? version : "");
    if (!key || !frame_accept(key, accept))
        return hull_fail(call, HULL_INVALID, "Sec-WebSocket-Key: expected 16 bytes in base64");
    return 0;
}

int http_websocket_check(struct hull_call *call, const struct http_request *request)
{
    char accept[29];

    return check_head(call, request, accept);
}

static int send_head(struct hull_call *call, struct http_request *request)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    char accept[29];
    int rc = check_head(call, request, accept);

    if (rc == 0)
        rc = http_authz_response(call, request, 101, NULL, NULL, NULL, 0);
    if (rc < 0)
        return rc;
    http_reply_begin(request, &out, 101, NULL);
    hull_text_puts(&out, "Connection: Upgrade\r\n");
    http_reply_header(&out, "Upgrade", "websocket");
    http_reply_header(&out, "Sec-WebSocket-Accept", accept);
    hull_text_puts(&out, "\r\n");
    request->head_sent = true;
    request->hijacked = true;
    request->conn->close = true;
    return hull_stream_write(call, request->conn->stream, out.data, out.length);
}

int http_websocket(struct hull_call *call, struct http_request *request, struct hull_stream *stream,
                   bool multiplexed)
{
    struct websocket socket = {.conn = request->conn, .stream = stream, .call = call};
    struct hull_task *input;
    int rc, end;

    hull_defer(call, hull_stream_close_cleanup, stream);
    rc = send_head(call, request);
    if (rc < 0)
        return rc;
    input = hull_task_start(call, "websocket input", client_to_process, &socket);
    rc = process_to_client(call, &socket, multiplexed);
    if (rc == 0)
        rc = send_close(call, &socket, 1000);
    hull_task_cancel(input);
    end = hull_task_join(call, input);
    if (end < 0)
        hull_error_clear(call);
    if (rc == 0)
        rc = hull_stream_shutdown(call, request->conn->stream);
    return rc == -HULL_IO ? 0 : rc;
}
