/*
 * The body of a request, as a stream.
 */
#include "http.h"

#include <string.h>

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

void http_body_init(struct http_request *request)
{
    const struct http_head *head = &request->head;
    request->body = (struct http_body){.conn = request->conn,
                                       .chunked = head->chunked,
                                       .left = head->length > 0 ? head->length : 0,
                                       .done = !head->chunked && head->length <= 0};
    request->body.expect = head->expect && !request->body.done;
}

/* Of all requests that are being served. */
static size_t counted;

int http_body_count(struct hull_call *call, struct http_body *body, size_t bytes)
{
    size_t taken = body->taken + bytes;
    size_t more = taken > HTTP_BODY_SMALL ? taken - body->counted : 0;

    if (more > HTTP_BODIES_MAX - counted)
        return hull_fail(call, HULL_UNAVAILABLE,
                         "request body: those of other requests take %zu of the %zu bytes there "
                         "are for all: try again when they have ended",
                         counted, HTTP_BODIES_MAX);
    body->taken = taken;
    body->counted += more;
    counted += more;
    return 0;
}

void http_body_done(struct http_body *body)
{
    counted -= body->counted;
    body->counted = 0;
}

static int broken(struct hull_call *call, struct http_body *body, const char *why)
{
    body->broken = true;
    return hull_fail(call, HULL_INVALID, "request body: %s", why);
}

/* Read the framing up to the next byte of data, or to the end. */
static int next_chunk(struct hull_call *call, struct http_body *body)
{
    for (;;) {
        int byte = http_conn_byte(call, body->conn);
        if (byte < 0)
            return broken(call, body, "unexpected end");
        enum http_chunk_result result = http_chunk_byte(&body->chunks, (char)byte);
        if (result == HTTP_CHUNK_BAD)
            return broken(call, body, "malformed chunk");
        body->done = result == HTTP_CHUNK_END;
        if (result != HTTP_CHUNK_MORE)
            return 0;
    }
}

static ssize_t read_held(struct http_body *body, void *data, size_t size)
{
    size_t n = body->held_left < size ? body->held_left : size;

    memcpy(data, body->held, n);
    body->held += n;
    body->held_left -= n;
    body->done = body->held_left == 0;
    return (ssize_t)n;
}

ssize_t http_body_read(struct hull_call *call, struct http_body *body, void *data, size_t size)
{
    int rc = 0;

    if (body->broken)
        return broken(call, body, "it was cut off");
    if (body->held_left > 0)
        return read_held(body, data, size);
    if (body->expect) {
        body->expect = false;
        rc = hull_stream_write(call, body->conn->stream, go_on, sizeof(go_on) - 1);
    }
    if (rc == 0 && !body->done && body->chunked && body->chunks.left == 0)
        rc = next_chunk(call, body);
    if (rc < 0 || body->done || size == 0)
        return rc;
    uint64_t left = body->chunked ? body->chunks.left : (uint64_t)body->left;
    ssize_t got = http_conn_read(call, body->conn, data, left < size ? (size_t)left : size);
    if (got == 0)
        return broken(call, body, "unexpected end");
    if (got < 0) {
        body->broken = true;
        return got;
    }
    if (body->chunked)
        body->chunks.left -= (uint64_t)got;
    else
        body->done = (body->left -= got) == 0;
    return got;
}

int http_body_look(struct hull_call *call, struct http_body *body, size_t max,
                   const char **ret_data, size_t *ret_length)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    char *buffer = body->done ? NULL : hull_alloc(call, HTTP_COPY_SIZE);

    while (!body->done && text.length <= max) {
        ssize_t got = http_body_read(call, body, buffer, HTTP_COPY_SIZE);
        int rc = got < 0 ? (int)got : http_body_count(call, body, 2 * (size_t)got);
        if (rc < 0)
            return rc;
        hull_text_add(&text, buffer, (size_t)got);
    }
    if (text.length > max)
        return hull_fail(call, HULL_TOO_LARGE, "it has more than %zu bytes", max);
    body->held = *ret_data = text.data;
    body->held_left = *ret_length = text.length;
    body->done = text.length == 0;
    return 0;
}

bool http_body_skip(struct hull_call *call, struct http_body *body)
{
    char buffer[4096];
    size_t skipped = 0;

    if (body->expect && !body->done)
        return false; /* it may or may not come: nobody can know */
    while (!body->done && !body->broken && skipped < HTTP_DRAIN_MAX) {
        ssize_t got = http_body_read(call, body, buffer, sizeof(buffer));
        if (got < 0)
            return false;
        skipped += (size_t)got;
    }
    return body->done && !body->broken;
}

static ssize_t stream_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    return http_body_read(call, ctx, buffer, size);
}

/* The body itself lives with the request. */
static const struct hull_stream_ops body_ops = {.read = stream_read};

struct hull_stream *http_body_stream(struct http_body *body)
{
    return hull_stream_new(&body_ops, body);
}
