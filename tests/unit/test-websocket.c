/*
 * The frames of a websocket, byte by byte and in one go, and the answer to a handshake.
 */
#include "tap.h"

#include "frame.h"

/* Feed TEXT in pieces of STEP bytes; what comes of it: data, [ping x], [close n],
 * [bad n]. */
static const char *feed(struct hull_arena *arena, const char *bytes, size_t size, size_t step)
{
    struct frame_reader reader = {0};
    struct hull_text out = HULL_TEXT(arena);
    unsigned char *copy = (unsigned char *)hull_arena_alloc(arena, size + 1);

    hull_text_puts(&out, "");
    memcpy(copy, bytes, size);
    for (size_t at = 0; at < size;) {
        size_t used, length = 0, left = size - at < step ? size - at : step;
        unsigned char *data = NULL;
        unsigned status = 0;
        enum frame_event event =
            frame_read(&reader, copy + at, left, &used, &data, &length, &status);

        at += used;
        if (event == FRAME_DATA)
            hull_text_add(&out, (const char *)data, length);
        if (event == FRAME_GOT_PING)
            hull_text_printf(&out, "[ping %.*s]", (int)reader.control_length,
                             (const char *)reader.control);
        if (event == FRAME_GOT_CLOSE)
            hull_text_printf(&out, "[close %u]", status);
        if (event == FRAME_BAD) {
            hull_text_printf(&out, "[bad %u]", status);
            break;
        }
    }
    return out.data;
}

#define MASK "\1\2\3\4"
#define FEED(text, step) feed(arena, text, sizeof(text) - 1, step)

TEST(messages)
{
    static const char hello[] = "\x82\x85" MASK "igohn"; /* "hello" */
    static const char two[] = "\x01\x82" MASK "ig\x89\x81" MASK "q\x80\x83" MASK "mnl";
    static const char empty[] = "\x82\x80" MASK "\x82\x81" MASK "y";
    HULL_AUTO_ARENA *arena = hull_arena_new();

    for (size_t step = 1; step < 20; step++) {
        CHECK_STR(FEED(hello, step), "hello");
        CHECK_STR(FEED(two, step), "he[ping p]llo");
        CHECK_STR(FEED(empty, step), "x");
    }
}

TEST(closing)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();

    CHECK_STR(FEED("\x88\x80" MASK "\x82\x81" MASK "y", 3), "[close 1000]");
    CHECK_STR(FEED("\x88\x82" MASK "\x02\xea", 50), "[close 1000]");
    CHECK_STR(FEED("\x88\x81" MASK "\x02", 50), "[bad 1002]");
    CHECK_STR(FEED("\x88\x82" MASK "\x02\xef", 50), "[bad 1002]"); /* 1005 is never sent */
}

TEST(refused)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
#define ROW(text) {text, sizeof(text) - 1}
        ROW("\x82\x05hello"),                 /* not masked */
        ROW("\xc2\x80" MASK),                 /* a reserved bit */
        ROW("\x83\x80" MASK),                 /* an unknown opcode */
        ROW("\x8b\x80" MASK),                 /* the same, of control */
        ROW("\x80\x80" MASK),                 /* a piece without a beginning */
        ROW("\x01\x80" MASK "\x01\x80" MASK), /* a beginning within a message */
        ROW("\x09\x80" MASK),                 /* a ping in pieces */
        ROW("\x89\xfe\x00\x7e" MASK),         /* a long ping */
        ROW("\x82\xfe\x00\x05" MASK),         /* a length in too many bytes */
        ROW("\x82\xff\0\0\0\0\0\0\xff\xff" MASK),
    };

    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        CHECK_STR(feed(arena, rows[i].bytes, rows[i].size, 64), "[bad 1002]");
    CHECK_STR(FEED("\x82\xff\0\0\0\0\x10\0\0\0" MASK, 64), "[bad 1009]");
    CHECK_STR(FEED("\x82\xff\xff\0\0\0\0\0\0\0" MASK, 64), "[bad 1009]");
}

TEST(heads)
{
    unsigned char head[FRAME_HEAD_MAX];

    CHECK_INT(frame_head(head, FRAME_BINARY, 125), 2);
    CHECK(memcmp(head, "\x82\x7d", 2) == 0);
    CHECK_INT(frame_head(head, FRAME_PONG, 126), 4);
    CHECK(memcmp(head, "\x8a\x7e\x00\x7e", 4) == 0);
    CHECK_INT(frame_head(head, FRAME_BINARY, 65536), 10);
    CHECK(memcmp(head, "\x82\x7f\0\0\0\0\0\1\0\0", 10) == 0);
}

TEST(handshake)
{
    char accept[29];

    /* The example of RFC 6455. */
    CHECK(frame_accept("dGhlIHNhbXBsZSBub25jZQ==", accept));
    CHECK_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(!frame_accept("", accept));
    CHECK(!frame_accept("dGhlIHNhbXBsZSBub25jZQ=", accept));
    CHECK(!frame_accept("dGhlIHNhbXBsZSBub25jZR==", accept));
    CHECK(!frame_accept("dGhlIHNhbXBsZSBub25jZQ==x", accept));
}

TAP_MAIN
