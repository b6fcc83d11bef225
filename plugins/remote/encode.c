/*
 * From a message to a request, by the flags of its fields: path, query, headers, JSON, stream.
 */
#include "plugins/remote/remote.h"

#include <inttypes.h>
#include <string.h>

#include "plugins/common/json.h"

#define PLACED (HULL_PATH | HULL_QUERY | HULL_HEADER | HULL_TOP)

/* What a walk over the fields of a message collects. */
struct parts {
    struct hull_call *call;
    struct hull_text query;
    struct hull_text headers;
    struct hull_stream *upload;
    bool json;
};

static void escape(struct hull_text *out, const char *text, const char *also)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c) != NULL || strchr(also, c) != NULL;
        if (plain)
            hull_text_add(out, text, 1);
        else
            hull_text_printf(out, "%%%02X", c);
    }
}

static void add_query(struct parts *parts, const char *name, const char *value)
{
    hull_text_puts(&parts->query, parts->query.length == 0 ? "?" : "&");
    escape(&parts->query, name, "");
    hull_text_puts(&parts->query, "=");
    escape(&parts->query, value, "");
}

/* Docker's form of filters: {"label": {"a=b": true}}. */
static const char *filters_text(struct hull_call *call, const void *member)
{
    const struct {
        size_t n;
        const char **keys;
        struct hull_strv *v;
    } *map = member;
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&text, "{");
    for (size_t i = 0; i < map->n; i++) {
        hull_text_puts(&text, i > 0 ? "," : "");
        json_quote(&text, map->keys[i], strlen(map->keys[i]));
        hull_text_puts(&text, ":{");
        for (size_t j = 0; j < map->v[i].n; j++) {
            hull_text_puts(&text, j > 0 ? "," : "");
            json_quote(&text, map->v[i].v[j], strlen(map->v[i].v[j]));
            hull_text_puts(&text, ":true");
        }
        hull_text_puts(&text, "}");
    }
    hull_text_puts(&text, "}");
    return text.data;
}

/* The value of a field in the query; NULL when it is absent or not of one value. */
static const char *query_value(struct hull_call *call, const struct hull_field *field,
                               const void *member)
{
    const struct hull_opt_int *number = member;
    const struct hull_opt_bool *flag = member;
    switch ((int)field->type) {
    case HULL_BOOL: /* said always, for some have true as their default */
        return *(const bool *)member ? "1" : "0";
    case HULL_OPT_BOOL:
        return !flag->set ? NULL : flag->value ? "1" : "0";
    case HULL_OPT_INT:
        return !number->set ? NULL : hull_printf(call, "%" PRId64, number->value);
    default:
        break;
    }
    if (hull_field_empty(field, member))
        return NULL;
    switch ((int)field->type) {
    case HULL_INT:
        return hull_printf(call, "%" PRId64, *(const int64_t *)member);
    case HULL_STRING:
    case HULL_JSON:
        return *(const char *const *)member;
    case HULL_STRVMAP:
        return filters_text(call, member);
    default:
        return NULL;
    }
}

static void query_field(struct parts *parts, const struct hull_field *field, const void *member)
{
    if (field->type == HULL_STRV || field->type == HULL_SET) {
        const struct hull_strv *list = member;
        for (size_t i = 0; i < list->n; i++)
            add_query(parts, field->name, list->v[i]);
        return;
    }
    const char *value = query_value(parts->call, field, member);
    if (value != NULL)
        add_query(parts, field->name, value);
}

static int walk(struct parts *parts, const struct hull_message *message, const void *value)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        const void *member = (const char *)value + field->offset;
        if (field->type == HULL_EMBED) {
            int rc = walk(parts, field->message, member);
            if (rc < 0)
                return rc;
        } else if ((field->flags & HULL_QUERY) != 0) {
            query_field(parts, field, member);
        } else if ((field->flags & HULL_HEADER) != 0 && field->type == HULL_STRING) {
            const char *text = *(const char *const *)member;
            if (text == NULL)
                continue;
            if (strpbrk(text, "\r\n") != NULL)
                return hull_fail(parts->call, HULL_INVALID, "%s: a line break in a header",
                                 field->name);
            hull_text_printf(&parts->headers, "%s: %s\r\n", field->name, text);
        } else if (field->type == HULL_STREAM && (field->flags & HULL_TOP) != 0) {
            parts->upload = *(struct hull_stream *const *)member;
        } else if ((field->flags & PLACED) == 0 || (field->flags & PLACED) == HULL_TOP) {
            parts->json = true;
        }
    }
    return 0;
}

/* The text of the path field NAME (not NUL-terminated). */
static const char *path_value(const struct route *route, const void *request, const char *name,
                              size_t length)
{
    const struct hull_message *message = route->method->request;
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if ((field->flags & HULL_PATH) != 0 && field->type == HULL_STRING &&
            strlen(field->name) == length && memcmp(field->name, name, length) == 0)
            return *(const char *const *)(const void *)((const char *)request + field->offset);
    }
    return NULL;
}

int encode_path_score(const struct route *route, const void *request)
{
    int score = 0;
    for (const char *at = strchr(route->path, '{'); at != NULL; at = strchr(at + 1, '{')) {
        const char *text = path_value(route, request, at + 1, strcspn(at + 1, ":}"));
        if (text == NULL || text[0] == '\0')
            return -1;
        score++;
    }
    return score;
}

static void add_path(struct hull_text *out, const struct route *route, const void *request)
{
    const char *at = route->path;
    while (*at != '\0') {
        size_t plain = strcspn(at, "{");
        hull_text_add(out, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        size_t length = strcspn(at + 1, ":}");
        bool slashes = at[1 + length] == ':';
        escape(out, path_value(route, request, at + 1, length), slashes ? "/:@" : ":");
        at = strchr(at, '}') + 1;
    }
}

int encode_request(struct hull_call *call, const struct route *route, const void *request,
                   const char *prefix, struct hull_text *out, struct hull_stream **ret_upload)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct parts parts = {.call = call, .query = HULL_TEXT(arena), .headers = HULL_TEXT(arena)};
    int rc = walk(&parts, route->method->request, request);
    if (rc < 0)
        return rc;
    hull_text_printf(out, "%s %s", route->verb, prefix);
    add_path(out, route, request);
    hull_text_add(out, parts.query.data, parts.query.length);
    hull_text_printf(out,
                     " HTTP/1.1\r\nHost: %s\r\nUser-Agent: Hull-Client/" PACKAGE_VERSION "\r\n",
                     remote_host_header());
    hull_text_add(out, parts.headers.data, parts.headers.length);
    if (route->style == STYLE_HIJACK)
        hull_text_puts(out, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
    *ret_upload = parts.upload;
    bool plain = strcmp(route->verb, "GET") == 0 || strcmp(route->verb, "HEAD") == 0;
    if (parts.upload != NULL) {
        hull_text_puts(out,
                       "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n");
    } else if (parts.json && !plain && route->method->request != &hull_empty_message) {
        const char *body = json_string(arena, route->method->request, request);
        hull_text_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         strlen(body), body);
    } else {
        hull_text_puts(out, plain ? "\r\n" : "Content-Length: 0\r\n\r\n");
    }
    return 0;
}
