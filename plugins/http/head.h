/*
 * head.h: the head of an HTTP/1.1 request, and the framing of a chunked body.
 *
 * Pure functions on bytes, for the server, for its unit tests and for the fuzzer. They are strict:
 * whatever two readers could understand in two ways is refused, since between a proxy and us it
 * would be two requests.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <hull/base.h>

#define HTTP_HEAD_MAX 32768u  /* bytes of the request line and all headers */
#define HTTP_HEADERS_MAX 100u /* header lines */
#define HTTP_TARGET_MAX 16384u

struct http_head {
    const char *method;
    char *path;  /* as sent: percent-encoded, without the query */
    char *query; /* after '?', as sent; NULL when there is none */
    int minor;   /* of HTTP/1.x */
    size_t n;
    struct hull_pair headers[HTTP_HEADERS_MAX]; /* names as sent */
    int64_t length;                             /* Content-Length, -1 when absent */
    bool chunked;
    bool close;   /* the client wants the connection closed after the answer */
    bool upgrade; /* Connection: Upgrade */
    bool expect;  /* Expect: 100-continue */
};

/*
 * Look for the end of a head in SIZE bytes at DATA; *SCANNED bytes of them were looked at before
 * and are not looked at again. Returns its length, 0 when more bytes are needed, or -1 for what
 * can't become a head: a line feed without a carriage return or the reverse, a NUL, a space first.
 */
ssize_t http_head_end(const char *data, size_t size, size_t *scanned) HULL_CHECKED;
/*
 * Parse the head of LENGTH bytes at TEXT, which is changed and must live as long as RET_HEAD.
 * Returns 0, or the HTTP status to refuse it with; *ret_why says why.
 */
int http_head_parse(char *text, size_t length, struct http_head *ret_head, const char **ret_why)
    HULL_CHECKED;
/* The value of header NAME in any case, or NULL. */
const char *http_header(const struct http_head *head, const char *name);

/* Resolve %XX in TEXT in place, and '+' when PLUS. False for a bad escape or a NUL. */
bool http_unescape(char *text, bool plus) HULL_CHECKED;

/* Where the reader of a chunked body is. Zeroed memory is the begin. */
struct http_chunks {
    int state;
    uint64_t left; /* data bytes of this chunk not read yet */
    unsigned digits;
};
enum http_chunk_result { HTTP_CHUNK_MORE, HTTP_CHUNK_DATA, HTTP_CHUNK_END, HTTP_CHUNK_BAD };
/*
 * One more byte of framing. DATA: LEFT bytes of data come now; take them off LEFT and go on with
 * the byte after them. END: the body is over. Extensions and trailers are refused.
 */
enum http_chunk_result http_chunk_byte(struct http_chunks *chunks, char byte);

#endif
