/*
 * http.h: what the files of plugins/http share.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <sys/queue.h>
#include <sys/types.h>

#include <hull/hull.h>

#include "api/config.h"
#include "head.h"

#define HTTP_JSON_MAX ((int64_t)4 << 20)     /* bytes of a JSON body */
#define HTTP_BODY_SMALL ((size_t)16 << 10)   /* bytes of one that is not counted … */
#define HTTP_BODIES_MAX ((size_t)64 << 20)   /* … in the bytes of all that are kept at a time */
#define HTTP_CONNECTIONS_MAX ((size_t)16384) /* then idle ones end, and new ones wait */
#define HTTP_HEAD_MS 30000                   /* from the first byte of a head to its last */
#define HTTP_BODY_SKIP_MS 10000              /* for the rest of a body that nobody read */
#define HTTP_LINGER_MS 1000                  /* for the client to read the last answer */
#define HTTP_DRAIN_MAX ((size_t)256 * 1024)  /* bytes of an unread body that are skipped */
#define HTTP_LINGER_MAX ((size_t)64 << 20)   /* and before the end, for clients that write first */
#define HTTP_COPY_SIZE ((size_t)32 * 1024)

/* --- listeners and connections --------------------------------------------------------------- */

struct http_listener {
    int fd;
    bool tcp; /* web pages can reach it: Host and Origin are looked at */
    bool tls;
    char *address;
    char *path;   /* of the unix socket to remove at the end, or NULL */
    dev_t device; /* which file that was: another daemon may have put its own there */
    ino_t inode;
    bool stopped;
    struct hull_call *call; /* of the fiber that accepts */
    struct http_listener *next;
};

struct http_conn {
    struct http_listener *listener;
    struct hull_stream *stream;
    int fd;       /* the socket below the stream, the stream's own */
    char *in;     /* bytes read and not used yet; NULL when there are none */
    size_t start; /* the first of them */
    size_t end;
    size_t size;
    size_t scanned;                /* of the head */
    size_t head;                   /* its length once it is complete */
    bool close;                    /* after this request */
    bool tls;                      /* the stream is the inside of TLS */
    bool idle;                     /* no request is here: it may be ended */
    struct hull_arena *peer;       /* what the next two live in; NULL when the client is unknown */
    const char *user;              /* the common name in the client's certificate */
    struct hull_strv certificates; /* of the client, PEM */
    struct hull_call *call;
    struct hull_call *endless; /* of a request that would go on for ever: a drain ends it */
    struct http_conn *next, **link;
    TAILQ_ENTRY(http_conn) waiting; /* while it is idle */
};

/* All listeners and connections, for the drain. */
extern struct http_listener *http_listeners;
extern struct http_conn *http_conns;
extern bool http_draining;
extern struct hull_cond http_changed; /* a connection ended or became idle */

/* Make the socket of HOST ("unix:///path", "tcp://address:port", "fd://"). */
int http_listen_open(struct hull_call *call, const char *host, const struct daemon_config *config,
                     struct http_listener **ret) HULL_CHECKED;
/* The accept loop of a listener: a detached fiber. */
int http_accept(struct hull_call *call, void *listener);
/* None accepts any more. */
void http_accept_done(void);
/* No request is here, or one has come. */
void http_conn_set_idle(struct http_conn *conn, bool idle);
/* It is about to be freed. */
void http_conn_forget(struct http_conn *conn);
/* Close its socket and remove it from the file system. */
void http_listener_free(struct http_listener *listener);
/* Free all listeners; none accepts any more. */
void http_listen_done(void);
/* The fiber of a connection, which takes CONN. */
int http_conn_run(struct hull_call *call, void *conn);
/* Bytes of the connection, those read already first. 0 is the end. Yields. */
ssize_t http_conn_read(struct hull_call *call, struct http_conn *conn, void *data, size_t size)
    HULL_CHECKED;
/* One byte, or -1 at the end or after an error. Yields. */
int http_conn_byte(struct hull_call *call, struct http_conn *conn);
/* Wait until the client has gone for good, not only its writing half; then cancel TARGET. */
struct http_watch {
    struct http_conn *conn;
    struct hull_call *target;
};
int http_watch_run(struct hull_call *call, void *watch);

/* --- requests -------------------------------------------------------------------------------- */

enum http_style {
    HTTP_JSON,
    HTTP_NOTHING,
    HTTP_READY,
    HTTP_LINES,
    HTTP_PROGRESS,
    HTTP_BYTES,
    HTTP_LOGS,
    HTTP_HIJACK,
    HTTP_WEBSOCKET,
    HTTP_TEXT,
    HTTP_NOT_YET, /* refused: WHAT is not there */
    HTTP_SWARM,   /* a prefix; refused with docker's words */
};

struct http_route {
    const char *verb;
    const char *pattern;
    const struct hull_method *method;
    enum http_style style;
    int status;
    const char *what;
};

#define HTTP_PARAMS_MAX 4u
struct http_params {
    size_t n;
    struct {
        char name[24];
        const char *value; /* as in the path: percent-encoded */
        size_t length;
    } v[HTTP_PARAMS_MAX];
};

/* A body as it is read: by Content-Length or by chunks. */
struct http_body {
    struct http_conn *conn;
    bool chunked;
    bool expect; /* the client waits for "100 Continue" */
    bool done;
    bool broken; /* its framing is wrong, or the client has gone */
    int64_t left;
    struct http_chunks chunks;
    const char *held; /* bytes that were read ahead and are given out first */
    size_t held_left;
    size_t taken;   /* bytes of memory that were taken to keep it */
    size_t counted; /* of them, in HTTP_BODIES_MAX: all or none */
};

struct http_request {
    struct http_conn *conn;
    struct http_head head;
    const struct http_route *route;
    struct http_params params;
    int version; /* of the API: 1051 for 1.51 */
    struct http_body body;
    struct authz_exchange *shown; /* to authorization plugins, who are asked about the answer */
    /* the answer */
    bool head_sent;
    bool chunked; /* its body */
    bool hijacked;
    int status;
    struct hull_arena *scratch; /* for one element of a stream */
    struct http_watch watch;
    struct hull_task *watcher; /* ends the request when the client hangs up */
};

/* The route of VERB and PATH without its version, or NULL. */
const struct http_route *http_route_find(const char *verb, const char *path,
                                         struct http_params *ret_params);
/* Take the prefix /v1.N off *path. 0 when there is none, -1 when it is malformed. */
int http_version_take(const char **path);
/* The newest version that is served: of a request without a prefix. */
int http_version_newest(void);
/* Take out of REPLY what answers of the version that REQUEST asks for do not have. */
void http_version_adapt(struct hull_call *call, const struct http_request *request,
                        const struct hull_message *message, void *reply);
/* Take out of MESSAGE, which REQUEST became, what its version does not have; or refuse it. */
int http_version_request(struct hull_call *call, const struct http_request *request, void *message)
    HULL_CHECKED;
/* Refuse a version that is not served. */
int http_version_check(struct hull_call *call, int version) HULL_CHECKED;

/* Fill RET_MESSAGE, of the method's request type, from path, query, headers and body. */
int http_decode(struct hull_call *call, struct http_request *request, void *ret_message)
    HULL_CHECKED;

/* Set up the body by the head. */
void http_body_init(struct http_request *request);
ssize_t http_body_read(struct hull_call *call, struct http_body *body, void *data, size_t size)
    HULL_CHECKED;
/* The body as a stream for a handler. */
struct hull_stream *http_body_stream(struct http_body *body);
/* Read all of it, at most MAX bytes, and keep it to be read again. -HULL_TOO_LARGE. Yields. */
int http_body_look(struct hull_call *call, struct http_body *body, size_t max,
                   const char **ret_data, size_t *ret_length) HULL_CHECKED;
/* Before BYTES more of memory are taken for BODY. -HULL_UNAVAILABLE when all that may be is. */
int http_body_count(struct hull_call *call, struct http_body *body, size_t bytes) HULL_CHECKED;
/* Its memory is about to be given back. */
void http_body_done(struct http_body *body);
/* Skip what was not read of it; false when the connection can't be used again. Yields. */
bool http_body_skip(struct hull_call *call, struct http_body *body);

/* True for the Content-Type of JSON, whatever its parameters. */
bool http_is_json(const char *type);

/* --- authorization --------------------------------------------------------------------------- */

/* True when somebody is to be asked; without, the two functions below do nothing. */
bool http_authz_on(void);
/* May REQUEST be acted on? -HULL_FORBIDDEN; -HULL_TOO_LARGE for JSON too long to show. Yields. */
int http_authz_request(struct hull_call *call, struct http_request *request) HULL_CHECKED;
/* May it be answered so? BODY is NULL for what is sent piece by piece. Only the first answer of a
 * request is asked about: a refusal is sent as it is. Yields. */
int http_authz_response(struct hull_call *call, struct http_request *request, int status,
                        const char *content_type, const struct hull_text *headers, const char *body,
                        size_t length) HULL_CHECKED;

/* --- answers --------------------------------------------------------------------------------- */

/* Begin OUT with the status line and the headers of every answer. */
void http_reply_begin(struct http_request *request, struct hull_text *out, int status,
                      const char *content_type);
/* One more header; a value with a line feed is left out. */
void http_reply_header(struct hull_text *out, const char *name, const char *value);
/* The whole answer: head, Content-Length and BODY. Yields. */
int http_reply_whole(struct hull_call *call, struct http_request *request, int status,
                     const char *content_type, const struct hull_text *headers, const char *body,
                     size_t length) HULL_CHECKED;
/* The head of an answer of unknown length. Yields. */
int http_reply_open(struct hull_call *call, struct http_request *request, int status,
                    const char *content_type, const struct hull_text *headers) HULL_CHECKED;
/* A piece of it. Yields. */
int http_reply_data(struct hull_call *call, struct http_request *request, const void *data,
                    size_t length) HULL_CHECKED;
/* Its end. Yields. */
int http_reply_end(struct hull_call *call, struct http_request *request) HULL_CHECKED;
/* {"message": …} with the status of RC. Yields. */
int http_reply_error(struct hull_call *call, struct http_request *request, int rc) HULL_CHECKED;

/* Send the message of the route and answer in its style. Yields. */
int http_dispatch(struct hull_call *call, struct http_request *request) HULL_CHECKED;
/* The connection becomes STREAM, which is taken. Yields. */
int http_hijack(struct hull_call *call, struct http_request *request, struct hull_stream *stream,
                bool multiplexed) HULL_CHECKED;
/* Refuse a request that is no handshake of a websocket. */
int http_websocket_check(struct hull_call *call, const struct http_request *request) HULL_CHECKED;
/* The connection becomes a websocket that carries STREAM, which is taken. Yields. */
int http_websocket(struct hull_call *call, struct http_request *request, struct hull_stream *stream,
                   bool multiplexed) HULL_CHECKED;

#endif
