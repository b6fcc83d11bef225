/*
 * Authorization plugins: what they are shown of a request and of its answer.
 *
 * They see the request that will be acted on, or it is not acted on: JSON is read whole before
 * they are asked, and what is too long to be shown is refused. The same test of the Content-Type
 * decides here and in decode.c, so that no JSON gets past them as something else. Archives are not
 * shown, as the protocol has it, nor is what has a password in it.
 */
#include "http.h"

#include <ctype.h>
#include <string.h>

#include "api/authz.h"
#include "plugins/common/base64.h"

#define BODY_MAX ((size_t)1 << 20) /* bytes of a body, as docker has it */

static const char *const secret[] = {"Authorization", "X-Registry-Auth", "X-Registry-Config"};

bool http_authz_on(void)
{
    const struct daemon_config *config = daemon_config();
    return config && config->authorization_plugins.n > 0;
}

/* The name as plugins know it from docker: Content-Type, whatever was sent. */
static char *canonical(struct hull_call *call, const char *name, size_t length)
{
    char *copy = hull_arena_strndup(hull_call_arena(call), name, length);
    bool first = true;

    for (char *at = copy; *at; at++) {
        *at = (char)(first ? toupper((unsigned char)*at) : tolower((unsigned char)*at));
        first = *at == '-';
    }
    return copy;
}

/* A header that comes twice is shown with both values. */
static void add_header(struct hull_call *call, struct hull_map *map, const char *name,
                       size_t length, const char *value)
{
    const char *key = canonical(call, name, length);
    const char *before = hull_map_find(map, key);

    hull_map_set(hull_call_arena(call), map, key,
                 before ? hull_printf(call, "%s, %s", before, value) : hull_strdup(call, value));
}

static bool is_secret(const char *name)
{
    for (size_t i = 0; i < HULL_COUNT(secret); i++) {
        if (strcasecmp(name, secret[i]) == 0)
            return true;
    }
    return false;
}

static void show_peer(struct hull_call *call, const struct http_conn *conn,
                      struct authz_exchange *shown)
{
    struct hull_arena *arena = hull_call_arena(call);

    if (conn->certificates.n == 0)
        return;
    shown->user = conn->user;
    shown->method_of_user = "TLS";
    for (size_t i = 0; i < conn->certificates.n; i++) {
        const char *pem = conn->certificates.v[i];
        hull_strv_add(arena, &shown->certificates, base64_encode(arena, pem, strlen(pem)));
    }
}

/* A login has a password in its body. */
static bool has_password(const struct http_request *request)
{
    return request->route && request->route->pattern &&
           strcmp(request->route->pattern, "/auth") == 0;
}

static int show_body(struct hull_call *call, struct http_request *request,
                     struct authz_exchange *shown)
{
    const char *data;
    size_t length;

    if (!http_is_json(http_header(&request->head, "Content-Type")))
        return 0;
    int rc = http_body_look(call, &request->body, BODY_MAX, &data, &length);
    if (rc == 0 && length > 0 && !has_password(request))
        shown->body = base64_encode(hull_call_arena(call), data, length);
    return hull_wrap(call, rc, "request body, which authorization plugins have to see");
}

int http_authz_request(struct hull_call *call, struct http_request *request)
{
    const struct http_head *head = &request->head;
    struct hull_empty nothing;

    if (!http_authz_on())
        return 0;
    struct authz_exchange *shown = HULL_NEW(hull_call_arena(call), struct authz_exchange);
    shown->method = head->method;
    shown->uri = head->query ? hull_printf(call, "%s?%s", head->path, head->query) : head->path;
    for (size_t i = 0; i < head->n; i++) {
        const struct hull_pair *header = &head->headers[i];
        if (!is_secret(header->key))
            add_header(call, &shown->headers, header->key, strlen(header->key), header->value);
    }
    show_peer(call, request->conn, shown);
    int rc = show_body(call, request, shown);
    if (rc == 0)
        rc = authz_request(call, "support/authz", shown, &nothing);
    if (rc == 0)
        request->shown = shown;
    return rc;
}

/* "Name: value" lines, which are our own. */
static void show_headers(struct hull_call *call, const char *type, const struct hull_text *headers,
                         struct hull_map *map)
{
    char *rest = headers && headers->length ? hull_strdup(call, headers->data) : NULL, *line;

    if (type)
        add_header(call, map, "Content-Type", strlen("Content-Type"), type);
    while ((line = strsep(&rest, "\n"))) {
        size_t name = strcspn(line, ":");
        line[strcspn(line, "\r")] = '\0';
        if (line[name] == ':')
            add_header(call, map, line, name, line + name + 1 + strspn(line + name + 1, " "));
    }
}

int http_authz_response(struct hull_call *call, struct http_request *request, int status,
                        const char *content_type, const struct hull_text *headers, const char *body,
                        size_t length)
{
    struct authz_exchange *shown = HULL_TAKE(request->shown);
    struct hull_empty nothing;

    if (!shown)
        return 0;
    shown->reply_status = status;
    show_headers(call, content_type, headers, &shown->reply_headers);
    if (body && length > 0 && http_is_json(content_type) && !has_password(request))
        shown->reply_body = base64_encode(hull_call_arena(call), body, length);
    return authz_response(call, "support/authz", shown, &nothing);
}
