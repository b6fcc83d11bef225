/*
 * http_client.h: the client's half of HTTP/1.1, for what speaks it over a stream of its own: to a
 * daemon, to a plugin.
 *
 * Responses are read strictly about what frames them, for what comes after one on a connection
 * must not be taken for something else. Each error names the peer.
 */
#ifndef HULL_COMMON_HTTP_CLIENT_H
#define HULL_COMMON_HTTP_CLIENT_H

#include <hull/hull.h>
#include <sys/socket.h>

/* Limits of what a peer may send. */
#define HTTP_LINE_MAX ((size_t)16 * 1024)
#define HTTP_HEADERS_MAX 128
#define HTTP_INTERIM_MAX 16 /* 1xx responses before the one that counts */

/* --- dialling -------------------------------------------------------------------------------- */

/* A stream to the socket at PATH. -HULL_IO with *RET_ERR (an errno value) and no message when
 * nobody answers: the caller knows best what to say. Yields. */
int http_dial_unix(struct hull_call *call, const char *path, struct hull_stream **ret, int *ret_err)
    HULL_CHECKED;
/* The same for each address of HOST in turn, which is looked up in a worker; a name that is not
 * found has *RET_ERR 0 and a message. */
int http_dial_tcp(struct hull_call *call, const char *host, const char *port,
                  struct hull_stream **ret, int *ret_err) HULL_CHECKED;

/* --- connections ----------------------------------------------------------------------------- */

/* A connection and what was read from it and not used yet. */
struct http_peer {
    struct hull_stream *stream;
    char *name; /* who is at the other end, for errors: "the daemon at unix:///run/x.sock" */
    bool reused;
    size_t at, end;
    char buffer[HTTP_LINE_MAX];
};

/* Takes STREAM; NAME is copied. */
struct http_peer *http_peer_new(struct hull_stream *stream, const char *name);
/* Closes its stream. NULL is allowed. Returns NULL. */
struct http_peer *http_peer_close(struct http_peer *conn);
/* More bytes into the buffer; 0 at the end of the connection. Yields. */
ssize_t http_peer_fill(struct hull_call *call, struct http_peer *conn) HULL_CHECKED;
/* SIZE bytes at most, from the buffer first; 0 is the end. Yields. */
ssize_t http_peer_read(struct hull_call *call, struct http_peer *conn, void *data, size_t size)
    HULL_CHECKED;

/* --- responses ------------------------------------------------------------------------------- */

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_CLOSE };
struct http_response {
    int status;
    struct hull_map headers; /* names in lower case */
    enum http_body_kind body;
    uint64_t left;  /* of the body, or of the chunk */
    bool in_chunks; /* the first chunk has begun */
    bool ended;     /* the body was read to its end */
    bool keep;      /* the connection may be used again */
};

/* Read the head of a response, after the 1xx ones but 101. Yields. */
int http_response_head(struct hull_call *call, struct http_peer *conn, bool no_body,
                       struct http_response *ret) HULL_CHECKED;
/* The header NAME (in lower case), or NULL. */
const char *http_response_header(const struct http_response *response, const char *name);
/* Up to SIZE bytes of the body; 0 is the end. Yields. */
ssize_t http_response_read(struct hull_call *call, struct http_peer *conn,
                           struct http_response *response, void *data, size_t size) HULL_CHECKED;
/* All of the body, or -HULL_IO when it is longer than MAX. Yields. */
int http_response_read_all(struct hull_call *call, struct http_peer *conn,
                           struct http_response *response, size_t max, struct hull_text *ret)
    HULL_CHECKED;

#endif
