/*
 * The parser of request heads and of chunks: what it takes and what it refuses.
 */
#include "tap.h"

#include "plugins/http/head.h"

static int parse(const char *text, struct http_head *head, char *copy, size_t size)
{
    const char *why = NULL;
    size_t scanned = 0;
    ssize_t length = http_head_end(text, strlen(text), &scanned);

    if (length <= 0)
        return length < 0 ? 400 : 0;
    snprintf(copy, size, "%s", text);
    int status = http_head_parse(copy, (size_t)length, head, &why);
    return status ? status : 200;
}

#define GET "GET / HTTP/1.1\r\nHost: d\r\n"
static const struct {
    int status;
    const char *text;
} heads[] = {
    {200, GET "\r\n"},
    {200, GET "Content-Length: 5\r\n\r\n"},
    {200, GET "Transfer-Encoding: chunked\r\n\r\n"},
    {200, GET "Transfer-Encoding: Chunked\r\n\r\n"},
    {200, GET "Connection: keep-alive, Upgrade\r\nUpgrade: tcp\r\n\r\n"},
    {200, "GET /a%2Fb?x=1&y HTTP/1.0\r\n\r\n"},
    {200, GET "X: a\tb\r\nY:\r\n\r\n"},
    {400, GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"},
    {400, GET "Content-Length: 5\r\ncontent-length: 6\r\n\r\n"},
    {400, GET "Content-Length: 5, 5\r\n\r\n"},
    {400, GET "Content-Length: +5\r\n\r\n"},
    {400, GET "Content-Length: -5\r\n\r\n"},
    {400, GET "Content-Length: 0x5\r\n\r\n"},
    {400, GET "Content-Length: 5 5\r\n\r\n"},
    {400, GET "Content-Length:\r\n\r\n"},
    {400, GET "Content-Length: 99999999999999999999\r\n\r\n"},
    {400, GET "Content-Length : 5\r\n\r\n"},
    {400, GET "Content-Length\t: 5\r\n\r\n"},
    {400, GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, GET "Transfer-Encoding: xchunked\r\n\r\n"},
    {400, GET "Transfer-Encoding: chunked, identity\r\n\r\n"},
    {400, GET "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {400, GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, GET "Transfer-Encoding : chunked\r\n\r\n"},
    {400, GET "Transfer-Encoding:\r\n\r\n"},
    {400, GET "Transfer-Encoding: \"chunked\"\r\n\r\n"},
    {400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, GET "X: a\r\n folded\r\n\r\n"},
    {400, GET "X: a\r\n\tfolded\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n Host: d\r\n\r\n"},
    {400, GET "no colon\r\n\r\n"},
    {400, GET ": empty\r\n\r\n"},
    {400, GET "X Y: a\r\n\r\n"},
    {400, GET "X\x80: a\r\n\r\n"},
    {400, GET "X: a\x01"
              "b\r\n\r\n"},
    {400, GET "X: a\x7f\r\n\r\n"},
    {400, GET "X: a\rb\r\n\r\n"},
    {400, GET "X: a\nY: b\r\n\r\n"},
    {400, "GET / HTTP/1.1\nHost: d\n\n"},
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {400, "GET  / HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET / HTTP/1.1 \r\nHost: d\r\n\r\n"},
    {400, "GET /a b HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET /\r\nHost: d\r\n\r\n"},
    {400, "GET\t/ HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "G@T / HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GETGETGETGETGETGET / HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET http://d/ HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET * HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET /#a HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET /\x80 HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET / http/1.1\r\nHost: d\r\n\r\n"},
    {400, "GET / HTTP/1.1.1\r\nHost: d\r\n\r\n"},
    {400, "GET / HTTP/11\r\nHost: d\r\n\r\n"},
    {505, "GET / HTTP/2.0\r\nHost: d\r\n\r\n"},
    {505, "GET / HTTP/1.9\r\nHost: d\r\n\r\n"},
    {400, "\r\nGET / HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, " GET / HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "get / HTTP/1.1\r\nHost: d\r\n\r\n"},
    {400, "\x16\x03\x01\x02"},
    {400, GET "Upgrade: tcp\r\nUpgrade: h2c\r\n\r\n"},
    {417, GET "Expect: 200-ok\r\n\r\n"},
};

TEST(heads_are_taken_or_refused)
{
    struct http_head head;
    char copy[4096];

    for (size_t i = 0; i < HULL_COUNT(heads); i++) {
        int status = parse(heads[i].text, &head, copy, sizeof(copy));
        if (status != heads[i].status)
            FAIL("%d instead of %d for: %s", status, heads[i].status, heads[i].text);
    }
}

TEST(a_head_is_found_byte_by_byte)
{
    static const char text[] = GET "A: b\r\n\r\nrest";
    size_t scanned = 0, size = 0;
    ssize_t length = 0;

    while (length == 0 && size < sizeof(text))
        length = http_head_end(text, ++size, &scanned);
    CHECK_INT(length, (int)sizeof(text) - 5);
}

TEST(a_nul_is_refused)
{
    size_t scanned = 0;
    CHECK_INT(http_head_end("GET /\0 HTTP/1.1\r\n\r\n", 19, &scanned), -1);
}

TEST(the_meaning_of_a_head)
{
    struct http_head head;
    char copy[4096];

    CHECK_INT(parse("POST /a?b=c HTTP/1.1\r\nHost: d\r\nconnection: Upgrade, close\r\n"
                    "Content-Length: 12\r\nExpect: 100-continue\r\nX-A:  v \r\n\r\n",
                    &head, copy, sizeof(copy)),
              200);
    CHECK_STR(head.method, "POST");
    CHECK_STR(head.path, "/a");
    CHECK_STR(head.query, "b=c");
    CHECK_INT(head.length, 12);
    CHECK(head.expect && head.close && head.upgrade && !head.chunked);
    CHECK_STR(http_header(&head, "x-a"), "v");
    CHECK(http_header(&head, "x-b") == NULL);
}

TEST(too_many_headers)
{
    struct http_head head;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena);
    char copy[8192];

    hull_text_puts(&text, GET);
    for (int i = 0; i < 100; i++)
        hull_text_puts(&text, "X: y\r\n");
    hull_text_puts(&text, "\r\n");
    CHECK_INT(parse(text.data, &head, copy, sizeof(copy)), 431);
}

TEST(escapes)
{
    char good[] = "a%2Fb+c%20", plus[] = "a+b", bad[] = "a%2", nul[] = "%00", worse[] = "%zz";

    CHECK(http_unescape(good, false));
    CHECK_STR(good, "a/b+c ");
    CHECK(http_unescape(plus, true));
    CHECK_STR(plus, "a b");
    CHECK(!http_unescape(bad, true));
    CHECK(!http_unescape(nul, true));
    CHECK(!http_unescape(worse, true));
}

/* Read a whole chunked body: its data, or NULL when it is malformed, "…" when it goes on. */
static const char *chunked(const char *text, char *out)
{
    struct http_chunks chunks = {0};
    char *at = out;

    for (; *text; text++) {
        enum http_chunk_result result = http_chunk_byte(&chunks, *text);
        if (result == HTTP_CHUNK_BAD)
            return NULL;
        *at = '\0';
        if (result == HTTP_CHUNK_END)
            return text[1] ? NULL : out;
        for (; result == HTTP_CHUNK_DATA && chunks.left > 0; chunks.left--)
            *at++ = *++text;
    }
    return "...";
}

TEST(chunks)
{
    char out[256];

    CHECK_STR(chunked("5\r\nhello\r\n0\r\n\r\n", out), "hello");
    CHECK_STR(chunked("1\r\na\r\n00A\r\n0123456789\r\n0\r\n\r\n", out), "a0123456789");
    CHECK_STR(chunked("5\r\nhello\r\n0\r\n", out), "...");
    static const char *const bad[] = {
        "5;ext=1\r\nhello\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello",
        "-1\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX0\r\n\r\n",
        "0\r\nTrailer: x\r\n\r\n",
        "fffffffffffffffff\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\rhello",
    };
    for (size_t i = 0; i < HULL_COUNT(bad); i++) {
        if (chunked(bad[i], out))
            FAIL("taken: %s", bad[i]);
    }
}

TAP_MAIN
