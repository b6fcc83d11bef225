#include "detach.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <hull/fiber.h>

/* --- the sequence ---------------------------------------------------------------------------- */

/* One key: a letter, or ctrl- and a character; its code, or -1. */
static int parse_key(const char *text, size_t length)
{
    static const char control[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
    const char *found;

    if (length == 1)
        return (unsigned char)text[0];
    if (length != 6 || strncmp(text, "ctrl-", 5) != 0)
        return -1;
    found = strchr(control, text[5]);
    return found != NULL && *found != '\0' ? (int)(found - control) : -1;
}

int detach_keys_parse(struct hull_call *call, const char *text, struct detach_keys *ret_keys)
{
    const char *at = text != NULL && *text != '\0' ? text : "ctrl-p,ctrl-q";

    ret_keys->count = 0;
    for (;;) {
        size_t length = strcspn(at, ",");
        int key = parse_key(at, length);
        if (key < 0 || ret_keys->count == DETACH_KEYS_MAX)
            return hull_fail(call, HULL_INVALID, "Invalid detach keys (%s) provided", text);
        ret_keys->keys[ret_keys->count++] = (unsigned char)key;
        if (at[length] == '\0')
            return 0;
        at += length + 1;
    }
}

/* --- the stream ------------------------------------------------------------------------------ */

struct detaching {
    struct hull_stream *below;
    struct detach_keys keys;
    size_t matched; /* of the sequence, held back so far */
    bool detached;
};

static ssize_t detach_read(struct hull_call *call, void *ctx, void *buffer, size_t size)
{
    struct detaching *own = ctx;

    if (own->detached)
        return 0;
    ssize_t got = hull_stream_read(call, own->below, buffer, size);
    return own->detached ? 0 : got;
}

/* The keys came: wake a reader that waits below, without touching the program. */
static void detach_now(struct detaching *own)
{
    int fd = hull_stream_fd(own->below);

    own->detached = true;
    if (fd >= 0)
        shutdown(fd, SHUT_RD);
}

/* What BYTE adds to OUT: itself, what was held back for nothing, or nothing yet. */
static size_t feed(struct detaching *own, unsigned char byte, unsigned char *out)
{
    size_t length = 0;

    if (byte == own->keys.keys[own->matched]) {
        own->matched++;
        return 0;
    }
    memcpy(out, own->keys.keys, own->matched);
    length = own->matched;
    own->matched = 0;
    if (byte == own->keys.keys[0])
        own->matched = 1;
    else
        out[length++] = byte;
    return length;
}

static ssize_t detach_write(struct hull_call *call, void *ctx, const void *data, size_t size)
{
    struct detaching *own = ctx;
    unsigned char out[1024 + DETACH_KEYS_MAX];
    size_t taken = 0, length = 0;

    if (own->detached)
        return hull_fail(call, HULL_IO, "detached");
    while (taken < size && length < 1024) {
        length += feed(own, ((const unsigned char *)data)[taken++], out + length);
        if (own->matched == own->keys.count)
            break;
    }
    int rc = length > 0 ? hull_stream_write(call, own->below, out, length) : 0;
    if (rc < 0)
        return rc;
    if (own->matched == own->keys.count)
        detach_now(own);
    return (ssize_t)taken;
}

static int detach_shutdown(struct hull_call *call, void *ctx)
{
    struct detaching *own = ctx;

    return own->detached ? 0 : hull_stream_shutdown(call, own->below);
}

static void detach_close(void *ctx)
{
    struct detaching *own = ctx;

    hull_stream_close(own->below);
    free(own);
}

struct hull_stream *detach_stream(struct hull_stream *below, const struct detach_keys *keys)
{
    static const struct hull_stream_ops ops = {
        .read = detach_read,
        .write = detach_write,
        .shutdown = detach_shutdown,
        .close = detach_close,
    };
    struct detaching *own = calloc(1, sizeof(*own));

    HULL_ASSERT(own != NULL);
    own->below = below;
    own->keys = *keys;
    return hull_stream_new(&ops, own);
}
