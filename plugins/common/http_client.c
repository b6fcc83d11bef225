/*
 * The client's half of HTTP/1.1: dialling, and responses as they come in.
 */
#include "plugins/common/http_client.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

/* --- dialling -------------------------------------------------------------------------------- */

static int dial(struct hull_call *call, const struct sockaddr *address, socklen_t length,
                struct hull_stream **ret, int *ret_err)
{
    HULL_AUTO_FD fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *ret_err = errno;
    if (fd < 0)
        return -HULL_IO;
    int rc = connect(fd, address, length) < 0 ? errno : 0;
    if (rc == EINPROGRESS) {
        socklen_t size = sizeof(rc);
        int ready = hull_wait_fd(call, fd, POLLOUT);
        if (ready < 0)
            return ready;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &rc, &size) < 0)
            rc = errno;
    }
    *ret_err = rc;
    if (rc != 0)
        return -HULL_IO;
    *ret = hull_stream_from_fd(HULL_TAKE_FD(fd));
    return 0;
}

int http_dial_unix(struct hull_call *call, const char *path, struct hull_stream **ret, int *ret_err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *ret_err = ENAMETOOLONG;
    if (strlen(path) >= sizeof(address.sun_path))
        return -HULL_IO;
    memcpy(address.sun_path, path, strlen(path) + 1);
    return dial(call, (struct sockaddr *)&address, sizeof(address), ret, ret_err);
}

struct lookup {
    const char *host;
    const char *port;
    struct addrinfo *found;
};

static int look_up(struct hull_work *work, void *arg)
{
    struct lookup *lookup = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    int rc = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
    return rc == 0 ? 0
                   : hull_problem_set(&work->problem, HULL_IO, "lookup %s: %s", lookup->host,
                                      gai_strerror(rc));
}

int http_dial_tcp(struct hull_call *call, const char *host, const char *port,
                  struct hull_stream **ret, int *ret_err)
{
    struct lookup lookup = {.host = host, .port = port};
    *ret_err = 0;
    int rc = hull_work(call, look_up, &lookup);
    if (rc < 0)
        return rc;
    *ret_err = ENOENT;
    rc = -HULL_IO;
    for (struct addrinfo *at = lookup.found; at != NULL && rc == -HULL_IO; at = at->ai_next)
        rc = dial(call, at->ai_addr, at->ai_addrlen, ret, ret_err);
    freeaddrinfo(lookup.found);
    return rc;
}

/* --- connections ----------------------------------------------------------------------------- */

struct http_peer *http_peer_new(struct hull_stream *stream, const char *name)
{
    struct http_peer *conn = calloc(1, sizeof(*conn));
    HULL_ASSERT(conn != NULL);
    conn->stream = stream;
    conn->name = strdup(name);
    HULL_ASSERT(conn->name != NULL);
    return conn;
}

struct http_peer *http_peer_close(struct http_peer *conn)
{
    if (conn != NULL) {
        hull_stream_close(conn->stream);
        free(conn->name);
        free(conn);
    }
    return NULL;
}

ssize_t http_peer_fill(struct hull_call *call, struct http_peer *conn)
{
    if (conn->at > 0) {
        memmove(conn->buffer, conn->buffer + conn->at, conn->end - conn->at);
        conn->end -= conn->at;
        conn->at = 0;
    }
    ssize_t n = hull_stream_read(call, conn->stream, conn->buffer + conn->end,
                                 sizeof(conn->buffer) - conn->end);
    if (n > 0)
        conn->end += (size_t)n;
    return n;
}

ssize_t http_peer_read(struct hull_call *call, struct http_peer *conn, void *data, size_t size)
{
    if (conn->at == conn->end)
        return hull_stream_read(call, conn->stream, data, size);
    size_t n = conn->end - conn->at;
    if (n > size)
        n = size;
    memcpy(data, conn->buffer + conn->at, n);
    conn->at += n;
    return (ssize_t)n;
}

/* --- responses ------------------------------------------------------------------------------- */

static int broken(struct hull_call *call, struct http_peer *conn, const char *what)
{
    return hull_fail(call, HULL_IO, "%s sent a malformed response: %s", conn->name, what);
}

/* A line without its end; it lies in the buffer, until more is read. */
static int read_line(struct hull_call *call, struct http_peer *conn, char **ret)
{
    for (;;) {
        char *from = conn->buffer + conn->at;
        char *end = memchr(from, '\n', conn->end - conn->at);
        if (end != NULL) {
            size_t length = (size_t)(end - from);
            conn->at += length + 1;
            if (length > 0 && from[length - 1] == '\r')
                length--;
            if (memchr(from, '\0', length) != NULL)
                return broken(call, conn, "a zero byte in the head");
            from[length] = '\0';
            *ret = from;
            return 0;
        }
        if (conn->end - conn->at == sizeof(conn->buffer))
            return broken(call, conn, "a line is too long");
        ssize_t n = http_peer_fill(call, conn);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return hull_fail(call, HULL_IO, "%s closed the connection: EOF", conn->name);
    }
}

static int parse_status(struct hull_call *call, struct http_peer *conn, const char *line,
                        struct http_response *ret)
{
    bool minor0 = strncmp(line, "HTTP/1.0 ", 9) == 0;
    if (!minor0 && strncmp(line, "HTTP/1.1 ", 9) != 0)
        return broken(call, conn, "no HTTP/1.1");
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i]))
            return broken(call, conn, "no status");
    }
    if (line[12] != ' ' && line[12] != '\0')
        return broken(call, conn, "no status");
    ret->status = (int)strtol(line + 9, NULL, 10);
    ret->keep = !minor0;
    return 0;
}

static int parse_header(struct hull_call *call, struct http_peer *conn, const char *text,
                        struct http_response *ret)
{
    char *line = hull_strdup(call, text);
    char *colon = strchr(line, ':');
    if (colon == NULL || colon == line || line[0] == ' ' || line[0] == '\t')
        return broken(call, conn, "a header without a name");
    *colon = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if (*at == ' ' || *at == '\t')
            return broken(call, conn, "a blank in the name of a header");
        *at = (char)tolower((unsigned char)*at);
    }
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t length = strlen(value);
    while (length > 0 && strchr(" \t", value[length - 1]) != NULL)
        value[--length] = '\0';
    bool framing = strcmp(line, "content-length") == 0 || strcmp(line, "transfer-encoding") == 0;
    if (framing && hull_map_find(&ret->headers, line) != NULL)
        return broken(call, conn, "it says twice how long it is");
    hull_map_set(hull_call_arena(call), &ret->headers, line, value);
    return 0;
}

const char *http_response_header(const struct http_response *response, const char *name)
{
    return hull_map_find(&response->headers, name);
}

static int frame(struct hull_call *call, struct http_peer *conn, bool no_body,
                 struct http_response *ret)
{
    const char *encoding = http_response_header(ret, "transfer-encoding");
    const char *length = http_response_header(ret, "content-length");
    const char *connection = http_response_header(ret, "connection");
    if (connection != NULL && strcasecmp(connection, "close") == 0)
        ret->keep = false;
    if (no_body || ret->status == 101 || ret->status == 204 || ret->status == 304) {
        ret->body = HTTP_BODY_NONE;
    } else if (encoding != NULL) {
        if (strcasecmp(encoding, "chunked") != 0 || length != NULL)
            return broken(call, conn, "an unknown transfer encoding");
        ret->body = HTTP_BODY_CHUNKED;
    } else if (length != NULL) {
        char *end;
        ret->left = strtoull(length, &end, 10);
        if (!isdigit((unsigned char)length[0]) || *end != '\0' || strlen(length) > 18)
            return broken(call, conn, "no valid content length");
        ret->body = HTTP_BODY_LENGTH;
    } else {
        ret->body = HTTP_BODY_CLOSE;
        ret->keep = false;
    }
    ret->ended = ret->body == HTTP_BODY_NONE || (ret->body == HTTP_BODY_LENGTH && ret->left == 0);
    return 0;
}

/* The same header again and again is one, but it is as many lines. */
static int read_head(struct hull_call *call, struct http_peer *conn, struct http_response *ret)
{
    char *line;
    int rc = read_line(call, conn, &line);
    if (rc == 0)
        rc = parse_status(call, conn, line, ret);
    for (int lines = 0; rc == 0; lines++) {
        rc = read_line(call, conn, &line);
        if (rc < 0 || line[0] == '\0')
            break;
        rc = lines < HTTP_HEADERS_MAX ? parse_header(call, conn, line, ret)
                                      : broken(call, conn, "too many headers");
    }
    return rc;
}

int http_response_head(struct hull_call *call, struct http_peer *conn, bool no_body,
                       struct http_response *ret)
{
    int rc;
    int heads = 0;
    do {
        *ret = (struct http_response){};
        rc = heads++ < HTTP_INTERIM_MAX ? read_head(call, conn, ret)
                                        : broken(call, conn, "it never comes to the point");
    } while (rc == 0 && ret->status >= 100 && ret->status < 200 && ret->status != 101);
    return rc < 0 ? rc : frame(call, conn, no_body, ret);
}

/* Go on to the next chunk; at the last one the trailer is read too. */
static int next_chunk(struct hull_call *call, struct http_peer *conn,
                      struct http_response *response)
{
    char *line, *end;
    int rc;
    if (response->in_chunks) {
        rc = read_line(call, conn, &line);
        if (rc == 0 && line[0] != '\0')
            rc = broken(call, conn, "a chunk is longer than it says");
        if (rc < 0)
            return rc;
    }
    response->in_chunks = true;
    rc = read_line(call, conn, &line);
    if (rc < 0)
        return rc;
    response->left = strtoull(line, &end, 16);
    if (!isxdigit((unsigned char)line[0]) || end - line > 15 || (*end != '\0' && *end != ';'))
        return broken(call, conn, "no valid length of a chunk");
    for (int lines = 0; response->left == 0; lines++) {
        rc = lines < HTTP_HEADERS_MAX ? read_line(call, conn, &line)
                                      : broken(call, conn, "too many trailers");
        if (rc < 0)
            return rc;
        if (line[0] == '\0') {
            response->ended = true;
            break;
        }
    }
    return 0;
}

ssize_t http_response_read(struct hull_call *call, struct http_peer *conn,
                           struct http_response *response, void *data, size_t size)
{
    if (!response->ended && response->body == HTTP_BODY_CHUNKED && response->left == 0) {
        int rc = next_chunk(call, conn, response);
        if (rc < 0)
            return rc;
    }
    if (response->ended)
        return 0;
    if (response->body != HTTP_BODY_CLOSE && size > response->left)
        size = response->left;
    ssize_t n = http_peer_read(call, conn, data, size);
    if (n < 0)
        return n;
    if (n == 0 && response->body != HTTP_BODY_CLOSE)
        return hull_fail(call, HULL_IO, "%s closed the connection: unexpected EOF", conn->name);
    if (response->body != HTTP_BODY_CLOSE)
        response->left -= (uint64_t)n;
    if (n == 0 || (response->body == HTTP_BODY_LENGTH && response->left == 0))
        response->ended = true;
    return n;
}

int http_response_read_all(struct hull_call *call, struct http_peer *conn,
                           struct http_response *response, size_t max, struct hull_text *ret)
{
    char buffer[8192];
    for (;;) {
        ssize_t n = http_response_read(call, conn, response, buffer, sizeof(buffer));
        if (n <= 0)
            return (int)n;
        if (ret->length + (size_t)n > max)
            return broken(call, conn, "it is too long");
        hull_text_add(ret, buffer, (size_t)n);
    }
}
