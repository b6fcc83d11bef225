/*
 * From a request to the message of its route: path, query, headers and JSON body, each field from
 * where its flags say.
 */
#include "http.h"

#include <stdlib.h>
#include <string.h>

#include "api/container.h"
#include "json.h"

#define WHERE (HULL_PATH | HULL_QUERY | HULL_HEADER)
/* Fields of one kind in a message: so many may be told apart when they come twice. */
#define SEEN_MAX 32u

/* The field that comes from WHERE_ and is called NAME, in MESSAGE or in what is embedded in it. */
static const struct hull_field *find(const struct hull_message *message, uint64_t where,
                                     const char *name, size_t *offset)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        size_t inner = *offset + field->offset;
        const struct hull_field *found = NULL;
        if (field->type == HULL_EMBED)
            found = find(field->message, where, name, &inner);
        else if ((field->flags & where) &&
                 (where == HULL_HEADER ? strcasecmp : strcmp)(field->name, name) == 0)
            found = field;
        if (found) {
            *offset = inner;
            return found;
        }
    }
    return NULL;
}

static bool is_stream_body(const struct hull_field *field)
{
    return field->type == HULL_STREAM && (field->flags & HULL_TOP);
}

/* True when some field of MESSAGE comes from a JSON body. */
static bool has_json(const struct hull_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if (is_stream_body(field))
            return false;
        if (!(field->flags & WHERE) && message != &hull_empty_message)
            return true;
    }
    return false;
}

/* --- the body -------------------------------------------------------------------------------- */

static int read_all(struct hull_call *call, struct http_request *request, char **ret,
                    size_t *ret_length)
{
    size_t length = 0, size = 0;
    char *data = NULL;

    while (!request->body.done) {
        if (length + 1 >= size) {
            size = size ? size * 2 : 4096;
            int rc = http_body_count(call, &request->body, size);
            if (rc < 0)
                return rc;
            char *grown = hull_alloc(call, size);
            if (length)
                memcpy(grown, data, length);
            data = grown;
        }
        ssize_t got = http_body_read(call, &request->body, data + length, size - length - 1);
        if (got < 0)
            return (int)got;
        length += (size_t)got;
        if (length > (size_t)HTTP_JSON_MAX)
            return hull_fail(call, HULL_TOO_LARGE, "http: request body too large: at most %d bytes",
                             (int)HTTP_JSON_MAX);
    }
    *ret = data;
    *ret_length = length;
    return 0;
}

bool http_is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t length = type ? strcspn(type, "; \t") : 0;
    return length == sizeof(json) - 1 && strncasecmp(type, json, length) == 0;
}

static int check_type(struct hull_call *call, const char *type)
{
    if (http_is_json(type))
        return 0;
    return hull_fail(call, HULL_INVALID,
                     "unsupported Content-Type header (%s): must be 'application/json'",
                     type ? type : "");
}

static int decode_json(struct hull_call *call, struct http_request *request, void *message)
{
    const char *type = http_header(&request->head, "Content-Type");
    char *text = NULL;
    size_t length = 0;

    if (request->body.left > HTTP_JSON_MAX)
        return hull_fail(call, HULL_TOO_LARGE, "http: request body too large: at most %d bytes",
                         (int)HTTP_JSON_MAX);
    bool empty = request->body.done;
    int rc = type || !empty ? check_type(call, type) : 0;
    if (rc == 0)
        rc = read_all(call, request, &text, &length);
    if (rc < 0)
        return rc;
    if (length == 0) {
        if (empty && request->route->method != &container_create_method)
            return 0;
        return hull_fail(call, HULL_INVALID, "invalid JSON: got EOF while reading request body");
    }
    rc = json_decode_call(call, request->route->method->request, text, length, JSON_ANY_CASE,
                          message);
    return hull_wrap(call, rc, "invalid JSON");
}

/* --- path, query, headers -------------------------------------------------------------------- */

static int set(struct hull_call *call, const struct hull_field *field, char *member,
               const char *name, const char *text)
{
    struct hull_problem problem = {0};
    int rc = json_field_set(hull_call_arena(call), field, member, name, text, &problem);
    return rc < 0 ? hull_fail_problem(call, &problem) : 0;
}

static int decode_path(struct hull_call *call, struct http_request *request, char *message)
{
    for (size_t i = 0; i < request->params.n; i++) {
        size_t offset = 0;
        const struct hull_field *field =
            find(request->route->method->request, HULL_PATH, request->params.v[i].name, &offset);
        char *value = hull_arena_strndup(hull_call_arena(call), request->params.v[i].value,
                                         request->params.v[i].length);
        HULL_ASSERT(field != NULL);
        if (!http_unescape(value, false))
            return hull_fail(call, HULL_INVALID, "malformed escape in the path");
        int rc = set(call, field, message + offset, field->name, value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool takes_many(const struct hull_field *field)
{
    return field->type == HULL_STRV || field->type == HULL_SET || field->type == HULL_INTS ||
           field->type == HULL_MAP;
}

struct seen {
    size_t n;
    const struct hull_field *v[SEEN_MAX];
};

/* Of a parameter that came twice and can't be a list the first counts, as docker has it. */
static bool first_time(struct seen *seen, const struct hull_field *field)
{
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->v[i] == field)
            return takes_many(field);
    }
    HULL_ASSERT(seen->n < SEEN_MAX);
    seen->v[seen->n++] = field;
    return true;
}

static int decode_query(struct hull_call *call, struct http_request *request, char *message)
{
    struct seen seen = {0};
    char *rest = hull_strdup(call, request->head.query);
    char *pair;
    int rc = 0;

    while (rc == 0 && (pair = strsep(&rest, "&"))) {
        char *value = strchr(pair, '=');
        size_t offset = 0;
        if (value)
            *value++ = '\0';
        else
            value = pair + strlen(pair);
        if (!http_unescape(pair, true) || !http_unescape(value, true))
            return hull_fail(call, HULL_INVALID, "malformed escape in the query");
        const struct hull_field *field =
            find(request->route->method->request, HULL_QUERY, pair, &offset);
        if (field && first_time(&seen, field))
            rc = set(call, field, message + offset, field->name, value);
    }
    return rc;
}

static int decode_headers(struct hull_call *call, struct http_request *request, char *message)
{
    for (size_t i = 0; i < request->head.n; i++) {
        size_t offset = 0;
        const struct hull_field *field = find(request->route->method->request, HULL_HEADER,
                                              request->head.headers[i].key, &offset);
        int rc =
            field ? set(call, field, message + offset, field->name, request->head.headers[i].value)
                  : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_required(struct hull_call *call, const struct hull_message *message,
                          const char *value)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        if ((field->flags & HULL_REQUIRED) && (field->flags & WHERE) &&
            hull_field_empty(field, value + field->offset))
            return hull_fail(call, HULL_INVALID, "bad parameter: %s cannot be empty", field->name);
    }
    return 0;
}

static void add_stream(struct http_request *request, char *message)
{
    const struct hull_message *type = request->route->method->request;
    for (size_t i = 0; i < type->count; i++) {
        if (is_stream_body(&type->fields[i]) && !request->body.done)
            *(struct hull_stream **)(void *)(message + type->fields[i].offset) =
                http_body_stream(&request->body);
    }
}

int http_decode(struct hull_call *call, struct http_request *request, void *ret_message)
{
    const struct hull_message *type = request->route->method->request;
    int rc = 0;

    hull_message_init(type, ret_message);
    if (has_json(type))
        rc = decode_json(call, request, ret_message);
    if (rc == 0)
        rc = decode_path(call, request, ret_message);
    if (rc == 0 && request->head.query)
        rc = decode_query(call, request, ret_message);
    if (rc == 0)
        rc = decode_headers(call, request, ret_message);
    if (rc == 0)
        rc = check_required(call, type, ret_message);
    if (rc == 0)
        add_stream(request, ret_message);
    return rc;
}
