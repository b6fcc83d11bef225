/*
 * The response half of HTTP/1.1: strict about what frames a message, for what comes after it on
 * the connection must not be taken for something else.
 */
#include "plugins/remote/remote.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int broken(struct hull_call *call, const char *what)
{
    return hull_fail(call, HULL_IO, "the daemon at %s sent a malformed response: %s", remote_host(),
                     what);
}

/* A line without its end. */
static int read_line(struct hull_call *call, struct conn *conn, char **ret)
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
                return broken(call, "a zero byte in the head");
            *ret = hull_arena_strndup(hull_call_arena(call), from, length);
            return 0;
        }
        if (conn->end - conn->at == sizeof(conn->buffer))
            return broken(call, "a line is too long");
        ssize_t n = conn_fill(call, conn);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return hull_fail(call, HULL_IO, "the daemon at %s closed the connection: EOF",
                             remote_host());
    }
}

static int parse_status(struct hull_call *call, const char *line, struct response *ret)
{
    bool minor0 = strncmp(line, "HTTP/1.0 ", 9) == 0;
    if (!minor0 && strncmp(line, "HTTP/1.1 ", 9) != 0)
        return broken(call, "no HTTP/1.1");
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i]))
            return broken(call, "no status");
    }
    if (line[12] != ' ' && line[12] != '\0')
        return broken(call, "no status");
    ret->status = (int)strtol(line + 9, NULL, 10);
    ret->keep = !minor0;
    return 0;
}

static int parse_header(struct hull_call *call, char *line, struct response *ret)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || colon == line || line[0] == ' ' || line[0] == '\t')
        return broken(call, "a header without a name");
    if (ret->headers.n >= REMOTE_HEADERS_MAX)
        return broken(call, "too many headers");
    *colon = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if (*at == ' ' || *at == '\t')
            return broken(call, "a blank in the name of a header");
        *at = (char)tolower((unsigned char)*at);
    }
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t length = strlen(value);
    while (length > 0 && strchr(" \t", value[length - 1]) != NULL)
        value[--length] = '\0';
    bool framing = strcmp(line, "content-length") == 0 || strcmp(line, "transfer-encoding") == 0;
    if (framing && hull_map_find(&ret->headers, line) != NULL)
        return broken(call, "it says twice how long it is");
    hull_map_set(hull_call_arena(call), &ret->headers, line, value);
    return 0;
}

const char *response_header(const struct response *response, const char *name)
{
    return hull_map_find(&response->headers, name);
}

static int frame(struct hull_call *call, bool no_body, struct response *ret)
{
    const char *encoding = response_header(ret, "transfer-encoding");
    const char *length = response_header(ret, "content-length");
    const char *connection = response_header(ret, "connection");
    if (connection != NULL && strcasecmp(connection, "close") == 0)
        ret->keep = false;
    if (no_body || ret->status == 101 || ret->status == 204 || ret->status == 304) {
        ret->body = BODY_NONE;
    } else if (encoding != NULL) {
        if (strcasecmp(encoding, "chunked") != 0 || length != NULL)
            return broken(call, "an unknown transfer encoding");
        ret->body = BODY_CHUNKED;
    } else if (length != NULL) {
        char *end;
        ret->left = strtoull(length, &end, 10);
        if (!isdigit((unsigned char)length[0]) || *end != '\0' || strlen(length) > 18)
            return broken(call, "no valid content length");
        ret->body = BODY_LENGTH;
    } else {
        ret->body = BODY_CLOSE;
        ret->keep = false;
    }
    ret->ended = ret->body == BODY_NONE || (ret->body == BODY_LENGTH && ret->left == 0);
    return 0;
}

static int read_head(struct hull_call *call, struct conn *conn, struct response *ret)
{
    char *line;
    int rc = read_line(call, conn, &line);
    if (rc == 0)
        rc = parse_status(call, line, ret);
    while (rc == 0) {
        rc = read_line(call, conn, &line);
        if (rc < 0 || line[0] == '\0')
            break;
        rc = parse_header(call, line, ret);
    }
    return rc;
}

int response_head(struct hull_call *call, struct conn *conn, bool no_body, struct response *ret)
{
    int rc;
    do {
        *ret = (struct response){};
        rc = read_head(call, conn, ret);
    } while (rc == 0 && ret->status >= 100 && ret->status < 200 && ret->status != 101);
    return rc < 0 ? rc : frame(call, no_body, ret);
}

/* Go on to the next chunk; at the last one the trailer is read too. */
static int next_chunk(struct hull_call *call, struct conn *conn, struct response *response)
{
    char *line, *end;
    int rc;
    if (response->in_chunks) {
        rc = read_line(call, conn, &line);
        if (rc == 0 && line[0] != '\0')
            rc = broken(call, "a chunk is longer than it says");
        if (rc < 0)
            return rc;
    }
    response->in_chunks = true;
    rc = read_line(call, conn, &line);
    if (rc < 0)
        return rc;
    response->left = strtoull(line, &end, 16);
    if (!isxdigit((unsigned char)line[0]) || end - line > 15 || (*end != '\0' && *end != ';'))
        return broken(call, "no valid length of a chunk");
    while (response->left == 0) {
        rc = read_line(call, conn, &line);
        if (rc < 0)
            return rc;
        if (line[0] == '\0') {
            response->ended = true;
            break;
        }
    }
    return 0;
}

ssize_t response_read(struct hull_call *call, struct conn *conn, struct response *response,
                      void *data, size_t size)
{
    if (!response->ended && response->body == BODY_CHUNKED && response->left == 0) {
        int rc = next_chunk(call, conn, response);
        if (rc < 0)
            return rc;
    }
    if (response->ended)
        return 0;
    if (response->body != BODY_CLOSE && size > response->left)
        size = response->left;
    ssize_t n = conn_read(call, conn, data, size);
    if (n < 0)
        return n;
    if (n == 0 && response->body != BODY_CLOSE)
        return hull_fail(call, HULL_IO, "the daemon at %s closed the connection: unexpected EOF",
                         remote_host());
    if (response->body != BODY_CLOSE)
        response->left -= (uint64_t)n;
    if (n == 0 || (response->body == BODY_LENGTH && response->left == 0))
        response->ended = true;
    return n;
}

int response_read_all(struct hull_call *call, struct conn *conn, struct response *response,
                      size_t max, struct hull_text *ret)
{
    char buffer[8192];
    for (;;) {
        ssize_t n = response_read(call, conn, response, buffer, sizeof(buffer));
        if (n <= 0)
            return (int)n;
        if (ret->length + (size_t)n > max)
            return broken(call, "it is too long");
        hull_text_add(ret, buffer, (size_t)n);
    }
}
