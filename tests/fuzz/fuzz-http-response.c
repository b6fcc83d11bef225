/*
 * fuzz-http-response.c: what plugins, daemons and registries answer. In whatever pieces it comes,
 * it is read alike, and a body is never longer than what was sent.
 */
#include <stdint.h>
#include <string.h>

#include "http_client.h"
#include <hull/daemon.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size, at;
    size_t piece; /* bytes that one read gives at most */
};

struct result {
    int rc;
    struct http_response response;
    struct hull_text body;
};

static ssize_t give(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct input *in = ctx;
    size_t n = in->size - in->at;
    (void)call;
    n = n > in->piece ? in->piece : n;
    n = n > size ? size : n;
    memcpy(buffer, in->data + in->at, n);
    in->at += n;
    return (ssize_t)n;
}

static void read_in_pieces(struct hull_call *call, struct input *in, struct result *ret)
{
    static const struct hull_stream_ops ops = {.read = give};
    struct http_peer *peer = http_peer_new(hull_stream_new(&ops, in), "the plugin");

    *ret = (struct result){.body = HULL_TEXT(hull_call_arena(call))};
    in->at = 0;
    hull_text_puts(&ret->body, "");
    ret->rc = http_response_head(call, peer, false, &ret->response);
    if (ret->rc == 0)
        ret->rc = http_response_read_all(call, peer, &ret->response, in->size, &ret->body);
    HULL_ASSERT(ret->rc == 0 || ret->rc == -HULL_IO);
    HULL_ASSERT(ret->rc < 0 || ret->response.ended);
    http_peer_close(peer);
}

static int check(struct hull_call *call, void *arg)
{
    struct input *in = arg;
    struct result whole, pieces;

    in->piece = SIZE_MAX;
    read_in_pieces(call, in, &whole);
    in->piece = 1 + in->size % 3;
    read_in_pieces(call, in, &pieces);
    HULL_ASSERT(whole.rc == pieces.rc && whole.response.status == pieces.response.status);
    HULL_ASSERT(whole.body.length == pieces.body.length && whole.body.length <= in->size);
    HULL_ASSERT(memcmp(whole.body.data, pieces.body.data, whole.body.length) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hull_core_options options = {.stall_ms = 60000};
    struct input in = {.data = data, .size = size};
    HULL_ASSERT(hull_core_run(&options, check, &in) == 0);
    return 0;
}
