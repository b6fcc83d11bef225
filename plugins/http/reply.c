/*
 * Answers: the head with docker's headers, and the body whole or in chunks.
 */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "routes.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {101, "UPGRADED"},
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {409, "Conflict"},
    {413, "Request Entity Too Large"},
    {414, "Request URI Too Long"},
    {417, "Expectation Failed"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < HULL_COUNT(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Status";
}

void http_reply_header(struct hull_text *out, const char *name, const char *value)
{
    if (value && !strpbrk(value, "\r\n"))
        hull_text_printf(out, "%s: %s\r\n", name, value);
}

void http_reply_begin(struct http_request *request, struct hull_text *out, int status,
                      const char *content_type)
{
    char date[40];
    time_t now = (time_t)(hull_time_ns() / 1000000000);
    struct tm tm;

    request->status = status;
    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    hull_text_printf(out,
                     "HTTP/1.1 %d %s\r\n"
                     "Api-Version: " HULL_API_VERSION_MAX "\r\n"
                     "Docker-Experimental: false\r\n"
                     "Ostype: linux\r\n"
                     "Server: Hull/" PACKAGE_VERSION " (linux)\r\n"
                     "Date: %s\r\n",
                     status, reason_of(status), date);
    http_reply_header(out, "Content-Type", content_type);
}

static void add_connection(struct http_request *request, struct hull_text *out)
{
    if (request->conn->close || request->head.close || http_draining) {
        request->conn->close = true;
        hull_text_puts(out, "Connection: close\r\n");
    } else if (request->head.minor == 0) {
        hull_text_puts(out, "Connection: keep-alive\r\n");
    }
}

/* Statuses whose answers have no body by definition. */
static bool bodiless(int status)
{
    return status == 204 || status == 304 || status < 200;
}

int http_reply_whole(struct hull_call *call, struct http_request *request, int status,
                     const char *content_type, const struct hull_text *headers, const char *body,
                     size_t length)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    bool head_only = request->head.method && strcmp(request->head.method, "HEAD") == 0;
    int rc = http_authz_response(call, request, status, content_type, headers, body, length);

    if (rc < 0)
        return rc;
    http_reply_begin(request, &out, status, bodiless(status) ? NULL : content_type);
    if (headers && headers->length)
        hull_text_add(&out, headers->data, headers->length);
    if (!bodiless(status))
        hull_text_printf(&out, "Content-Length: %zu\r\n", head_only ? 0 : length);
    add_connection(request, &out);
    hull_text_puts(&out, "\r\n");
    if (!bodiless(status) && !head_only)
        hull_text_add(&out, body, length);
    request->head_sent = true;
    return hull_stream_write(call, request->conn->stream, out.data, out.length);
}

int http_reply_open(struct hull_call *call, struct http_request *request, int status,
                    const char *content_type, const struct hull_text *headers)
{
    struct hull_text out = HULL_TEXT(hull_call_arena(call));
    int rc = http_authz_response(call, request, status, content_type, headers, NULL, 0);

    if (rc < 0)
        return rc;
    http_reply_begin(request, &out, status, content_type);
    if (headers && headers->length)
        hull_text_add(&out, headers->data, headers->length);
    request->chunked = request->head.minor == 1;
    if (request->chunked)
        hull_text_puts(&out, "Transfer-Encoding: chunked\r\n");
    else
        request->conn->close = true; /* the end of the connection is the end of the body */
    add_connection(request, &out);
    hull_text_puts(&out, "\r\n");
    request->head_sent = true;
    return hull_stream_write(call, request->conn->stream, out.data, out.length);
}

int http_reply_data(struct hull_call *call, struct http_request *request, const void *data,
                    size_t length)
{
    char size[20];

    if (length == 0)
        return 0;
    if (!request->chunked)
        return hull_stream_write(call, request->conn->stream, data, length);
    hull_arena_reset(request->scratch);
    struct hull_text out = HULL_TEXT(request->scratch);
    int head = snprintf(size, sizeof(size), "%zx\r\n", length);
    hull_text_add(&out, size, (size_t)head);
    hull_text_add(&out, data, length);
    hull_text_add(&out, "\r\n", 2);
    return hull_stream_write(call, request->conn->stream, out.data, out.length);
}

int http_reply_end(struct hull_call *call, struct http_request *request)
{
    return request->chunked ? hull_stream_write(call, request->conn->stream, "0\r\n\r\n", 5) : 0;
}

int http_reply_error(struct hull_call *call, struct http_request *request, int rc)
{
    struct hull_text body = HULL_TEXT(hull_call_arena(call));
    const char *message = hull_error(call);

    hull_text_puts(&body, "{\"message\":");
    json_quote(&body, message, strlen(message));
    json_show_html(&body);
    hull_text_puts(&body, "}\n");
    return http_reply_whole(call, request, hull_kind_status(rc), "application/json", NULL,
                            body.data, body.length);
}
