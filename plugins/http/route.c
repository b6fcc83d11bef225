/*
 * Routes: the table of api/routes.h, and how a path is held against it.
 *
 * Patterns are compared with the path as it was sent, and each parameter is decoded after: an
 * encoded slash is part of a name and never ends a segment.
 */
#include "http.h"

#include <string.h>

#include "routes.h"

#define ROUTE(verb, pattern, service, name, style, status) \
    {#verb, pattern, &service##_##name##_method, HTTP_##style, status, NULL},
#define ROUTE_NOT_YET(verb, pattern, what) {#verb, pattern, NULL, HTTP_NOT_YET, 501, what},
#define ROUTE_SWARM(prefix) {NULL, prefix, NULL, HTTP_SWARM, 503, NULL},

static const struct http_route routes[] = {HULL_ROUTES(ROUTE) HULL_ROUTES_NOT_YET(ROUTE_NOT_YET)
                                               HULL_ROUTES_SWARM(ROUTE_SWARM)};

static void add_param(struct http_params *params, const char *name, size_t name_length,
                      const char *value, size_t length)
{
    HULL_ASSERT(params->n < HTTP_PARAMS_MAX && name_length < sizeof(params->v->name));
    memcpy(params->v[params->n].name, name, name_length);
    params->v[params->n].name[name_length] = '\0';
    params->v[params->n].value = value;
    params->v[params->n++].length = length;
}

/* "{name:.*}/json": all up to the rest of the pattern, which is plain text. */
static bool match_rest(const char *name, size_t name_length, const char *rest, const char *path,
                       struct http_params *params)
{
    size_t tail = strlen(rest), length = strlen(path);
    if (length <= tail || strcmp(path + length - tail, rest) != 0)
        return false;
    add_param(params, name, name_length, path, length - tail);
    return true;
}

static bool match(const char *pattern, const char *path, struct http_params *params)
{
    params->n = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        const char *name = ++pattern;
        size_t name_length = strcspn(name, ":}");
        const char *end = strchr(name, '}') + 1;
        if (name[name_length] == ':')
            return match_rest(name, name_length, end, path, params);
        size_t length = strcspn(path, "/");
        if (length == 0)
            return false;
        add_param(params, name, name_length, path, length);
        pattern = end;
        path += length;
    }
    return *path == '\0';
}

static bool below(const char *prefix, const char *path)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

const struct http_route *http_route_find(const char *verb, const char *path,
                                         struct http_params *ret_params)
{
    for (size_t i = 0; i < HULL_COUNT(routes); i++) {
        const struct http_route *route = &routes[i];
        bool fits = route->verb
                        ? strcmp(route->verb, verb) == 0 && match(route->pattern, path, ret_params)
                        : below(route->pattern, path);
        if (fits)
            return route;
    }
    ret_params->n = 0;
    return NULL;
}

/* "1.24" is 1024: the major version is 1 and the minor has at most three digits. */
static int version_number(const char *text, const char **ret_end)
{
    int minor = 0, digits = 0;

    if (strncmp(text, "1.", 2) != 0)
        return -1;
    for (text += 2; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
        minor = minor * 10 + (*text - '0');
    *ret_end = text;
    return digits ? 1000 + minor : -1;
}

int http_version_take(const char **path)
{
    const char *end;

    if (strncmp(*path, "/v", 2) != 0 || (*path)[2] < '0' || (*path)[2] > '9')
        return 0;
    int version = version_number(*path + 2, &end);
    if (version < 0 || *end != '/')
        return -1;
    *path = end;
    return version;
}

int http_version_newest(void)
{
    const char *end;

    return version_number(HULL_API_VERSION_MAX, &end);
}

int http_version_check(struct hull_call *call, int version)
{
    const char *end;

    if (version > http_version_newest())
        return hull_fail(call, HULL_INVALID,
                         "client version 1.%d is too new. Maximum supported API version is %s",
                         version - 1000, HULL_API_VERSION_MAX);
    if (version < version_number(HULL_API_VERSION_MIN, &end))
        return hull_fail(call, HULL_INVALID,
                         "client version 1.%d is too old. Minimum supported API version is %s, "
                         "please upgrade your client to a newer version",
                         version - 1000, HULL_API_VERSION_MIN);
    return 0;
}
