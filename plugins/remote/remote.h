/*
 * remote.h: what the files of plugins/remote share.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <hull/hull.h>

#include "api/routes.h"
#include "plugins/common/http_client.h"

#define REMOTE_OPTIONS_FIELDS(F, T)                                                     \
    F(T, STRING, _, host, "host", 0, "unix://PATH, tcp://HOST[:PORT], ssh://HOST")      \
    F(T, STRING, _, api_version, "api-version", 0, "Version to speak, negotiated else") \
    F(T, BOOL, _, tls, "tls", 0, "TLS on tcp://")                                       \
    F(T, BOOL, _, tls_verify, "tls-verify", 0, "TLS, and the daemon proves who it is")  \
    F(T, STRING, _, tls_ca, "tls-ca", 0, "File with the CA of the daemon")              \
    F(T, STRING, _, tls_cert, "tls-cert", 0, "File with our certificate")               \
    F(T, STRING, _, tls_key, "tls-key", 0, "File with its key")
HULL_MESSAGE_DECLARE(remote_options, REMOTE_OPTIONS_FIELDS)

/* Limits of what a daemon may send. */
#define REMOTE_BODY_MAX ((size_t)256 * 1024 * 1024)

/* --- connect.c: connections ------------------------------------------------------------------ */

/* The host that the options name. */
const char *remote_host(void);
/* What goes into the Host header. */
const char *remote_host_header(void);
/* A new connection to the daemon. An error of ours is -HULL_IO, one of the daemon never. Yields. */
int conn_open(struct hull_call *call, struct http_peer **ret_conn) HULL_CHECKED;
/* An idle one, or a new one. Yields. */
int conn_get(struct hull_call *call, struct http_peer **ret_conn) HULL_CHECKED;
/* Keep CONN for the next request. */
void conn_put(struct http_peer *conn);
void conn_close_idle(void);

/* --- encode.c: requests ---------------------------------------------------------------------- */

enum style {
    STYLE_JSON,
    STYLE_NOTHING,
    STYLE_READY,
    STYLE_LINES,
    STYLE_PROGRESS,
    STYLE_BYTES,
    STYLE_LOGS,
    STYLE_HIJACK,
    STYLE_WEBSOCKET, /* for browsers: never chosen here */
    STYLE_TEXT,
};
struct route {
    const char *verb;
    const char *path;
    const struct hull_method *method;
    enum style style;
    int status;
};
/* The head of the request and its JSON body, ready to be written. *RET_UPLOAD is the stream that
 * follows in chunks, or NULL. PREFIX is "/v1.44" or "". */
int encode_request(struct hull_call *call, const struct route *route, const void *request,
                   const char *prefix, struct hull_text *out, struct hull_stream **ret_upload)
    HULL_CHECKED;
/* How many fields of REQUEST the path of ROUTE takes; -1 when one of them is empty. */
int encode_path_score(const struct route *route, const void *request);

#endif
