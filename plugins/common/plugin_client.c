/*
 * Calls to plugins over HTTP: one connection a call, so that a plugin that was started anew is
 * never met through a connection that died with the old one.
 */
#include "plugins/common/plugin_client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/tls.h"
#include "plugins/common/http_client.h"
#include "plugins/common/json.h"
#include "plugins/common/plugin_find.h"

#define ACTIVATE_MS ((int64_t)30000)
#define RETRY_MS ((int64_t)15000)
#define RETRY_FIRST_MS ((int64_t)50)
#define RETRY_STEP_MAX_MS ((int64_t)4000)
#define ANSWER_MAX ((size_t)8 * 1024 * 1024)
#define ERROR_LENGTH_MAX 2048
#define MIME "application/vnd.docker.plugins.v1.2+json"

#define PLUGIN_ERROR_FIELDS(F, T)                                              \
    F(T, STRING, _, err, "Err", 0, "What failed")                              \
    F(T, STRING, _, error, "Error", 0, "The same, in the words of IpamDriver") \
    F(T, STRV, _, implements, "Implements", 0, "In the handshake")
HULL_MESSAGE_DECLARE(plugin_error, PLUGIN_ERROR_FIELDS)
HULL_MESSAGE_DEFINE(plugin_error, PLUGIN_ERROR_FIELDS)

/* --- whom we shook hands with ----------------------------------------------------------------- */

/* A plugin that listens elsewhere, or was not there in between, is asked again. */
struct handshake {
    char *name;
    char *address;
    char *implements; /* "|VolumeDriver|authz|" */
    struct handshake *next;
};
static struct handshake *handshakes;

static void free_handshake(struct handshake *h)
{
    free(h->name);
    free(h->address);
    free(h->implements);
    free(h);
}

static void forget(const char *name)
{
    for (struct handshake **at = &handshakes; *at != NULL; at = &(*at)->next) {
        struct handshake *h = *at;
        if (strcmp(h->name, name) == 0) {
            *at = h->next;
            free_handshake(h);
            return;
        }
    }
}

static void remember(struct hull_call *call, const char *name, const char *address,
                     const struct hull_strv *implements)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&text, "|");
    for (size_t i = 0; i < implements->n; i++)
        hull_text_printf(&text, "%s|", implements->v[i]);
    forget(name);
    struct handshake *h = calloc(1, sizeof(*h));
    HULL_ASSERT(h != NULL);
    *h = (struct handshake){strdup(name), strdup(address), strdup(text.data), handshakes};
    HULL_ASSERT(h->name != NULL && h->address != NULL && h->implements != NULL);
    handshakes = h;
}

static const struct handshake *known(const char *name, const char *address)
{
    for (const struct handshake *h = handshakes; h != NULL; h = h->next) {
        if (strcmp(h->name, name) == 0)
            return strcmp(h->address, address) == 0 ? h : NULL;
    }
    return NULL;
}

void plugin_client_done(void)
{
    while (handshakes != NULL)
        forget(handshakes->name);
}

/* One call, all of it in the arena of the caller: a task that is cancelled may outlast the function
 * that waited for it. */
struct job {
    struct plugin_dirs dirs;
    const char *name, *method;
    int64_t timeout_ms;
    struct hull_text body;
    struct hull_text answer;
    struct hull_strv implements; /* in the answer, if it is a handshake's */
    const char *address;         /* where the plugin was found */
};

/* --- connecting ------------------------------------------------------------------------------- */

static int wrap_tls(struct hull_call *call, const struct plugin_address *address,
                    struct hull_stream **stream)
{
    struct tls_connect_request request = {.stream = *stream,
                                          .host = address->host,
                                          .verify = address->verify,
                                          .ca = address->ca,
                                          .cert = address->cert,
                                          .key = address->key};
    struct tls_connect_reply reply;
    *stream = NULL;
    int rc = tls_connect(call, "support/tls", &request, &reply);
    if (rc == 0)
        *stream = reply.stream;
    return rc;
}

static int dial(struct hull_call *call, const struct plugin_address *address,
                struct hull_stream **ret, int *ret_err)
{
    int rc;
    if (address->socket != NULL)
        return http_dial_unix(call, address->socket, ret, ret_err);
    rc = http_dial_tcp(call, address->host, address->port, ret, ret_err);
    return rc == 0 && address->tls ? wrap_tls(call, address, ret) : rc;
}

/* True when a plugin that is being started anew fails like this. */
static bool may_come_back(int rc, int err)
{
    return rc == -HULL_NOT_FOUND ||
           (rc == -HULL_IO && (err == ECONNREFUSED || err == ENOENT || err == EAGAIN));
}

/*
 * Find the plugin and connect. One that is known but does not listen, because it is just being
 * started again, is tried with growing pauses; one that there is no trace of is not waited for.
 */
static int connect_to(struct hull_call *call, const struct job *job,
                      struct plugin_address *ret_address, struct hull_stream **ret)
{
    int64_t end = hull_now_ms() + (job->dirs.retry_ms > 0 ? job->dirs.retry_ms : RETRY_MS);
    bool seen = false;
    for (int64_t pause = RETRY_FIRST_MS;; pause *= 2) {
        int err = 0;
        int rc = plugin_find(call, &job->dirs, job->name, ret_address);
        bool found = rc == 0;
        if (found)
            rc = dial(call, ret_address, ret, &err);
        seen = seen || found;
        if (rc == 0 || !may_come_back(rc, err) || !seen)
            return rc == -HULL_IO && err != 0
                       ? hull_fail_errno(call, err, "cannot connect to %s", ret_address->text)
                       : rc;
        forget(job->name);
        if (pause > RETRY_STEP_MAX_MS)
            pause = RETRY_STEP_MAX_MS;
        if (hull_now_ms() + pause > end)
            return hull_fail(call, HULL_IO, "nothing listens at %s, is the plugin running?",
                             found ? ret_address->text : "its socket");
        rc = hull_sleep(call, pause);
        if (rc < 0)
            return rc;
    }
}

/* --- one exchange ----------------------------------------------------------------------------- */

static int write_request(struct hull_call *call, struct http_peer *peer, const struct job *job)
{
    struct hull_text head = HULL_TEXT(hull_call_arena(call));
    hull_text_printf(&head,
                     "POST /%s HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: hull\r\n"
                     "Accept: " MIME "\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                     job->method, job->body.length);
    if (job->body.length > 0)
        hull_text_add(&head, job->body.data, job->body.length);
    return hull_stream_write(call, peer->stream, head.data, head.length);
}

static int said_no(struct hull_call *call, int status, const char *text)
{
    enum hull_kind kind = status == 404 ? HULL_NOT_FOUND : HULL_INTERNAL;
    size_t length = strnlen(text, ERROR_LENGTH_MAX);
    while (length > 0 && strchr(" \r\n\t", text[length - 1]) != NULL)
        length--;
    if (length == 0)
        return hull_fail(call, kind, "it answered with status %d", status);
    return hull_fail(call, kind, "%.*s", (int)length, text);
}

/* What the plugin says of success or failure; ERROR is filled in on success too. */
static int judge(struct hull_call *call, int status, const struct hull_text *body,
                 struct plugin_error *error)
{
    struct hull_problem problem;
    const char *text = body->length > 0 ? body->data : "{}";
    size_t length = body->length > 0 ? body->length : 2;
    int rc = json_decode(hull_call_arena(call), &plugin_error_message, text, length, JSON_ANY_CASE,
                         error, &problem);
    if (rc < 0 && status == 200)
        return hull_fail(call, HULL_IO, "cannot understand its answer: %s", problem.text);
    if (rc == 0 && !hull_streq(error->err, NULL))
        return said_no(call, status, error->err);
    if (rc == 0 && !hull_streq(error->error, NULL))
        return said_no(call, status, error->error);
    if (status != 200 && status < 400)
        return hull_fail(call, HULL_IO, "it answered with status %d, which is no answer", status);
    return status == 200 ? 0 : said_no(call, status, body->length > 0 ? body->data : "");
}

static int exchange(struct hull_call *call, struct http_peer *peer, const struct job *job,
                    struct hull_text *body, struct plugin_error *error)
{
    struct http_response response = {0};
    int rc = write_request(call, peer, job);
    if (rc == 0)
        rc = http_response_head(call, peer, false, &response);
    if (rc == 0)
        rc = http_response_read_all(call, peer, &response, ANSWER_MAX, body);
    return rc < 0 ? rc : judge(call, response.status, body, error);
}

/* Over a connection of its own. *RET_ADDRESS is where the plugin was found. */
static int call_once(struct hull_call *call, const struct job *job, struct hull_text *body,
                     struct plugin_error *error, struct plugin_address *ret_address)
{
    struct hull_stream *stream = NULL;
    int rc = connect_to(call, job, ret_address, &stream);
    if (rc < 0)
        return rc;
    struct http_peer *peer = http_peer_new(stream, "it");
    rc = exchange(call, peer, job, body, error);
    http_peer_close(peer);
    return rc;
}

/* --- calls with a time limit ------------------------------------------------------------------ */

static int run(struct hull_call *call, void *arg)
{
    struct job *job = arg;
    struct hull_text body = HULL_TEXT(hull_call_arena(call));
    struct plugin_error error = {};
    struct plugin_address address = {};
    hull_call_set_timeout(call, job->timeout_ms);
    int rc = call_once(call, job, &body, &error, &address);
    if (rc < 0)
        return rc;
    hull_text_add(&job->answer, body.length > 0 ? body.data : "{}",
                  body.length > 0 ? body.length : 2);
    job->address = hull_arena_strdup(job->answer.arena, address.text);
    for (size_t i = 0; i < error.implements.n; i++)
        hull_strv_add(job->answer.arena, &job->implements,
                      hull_arena_strdup(job->answer.arena, error.implements.v[i]));
    return 0;
}

static struct job *new_job(struct hull_call *call, const struct plugin_call *what)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct job *job = HULL_NEW(arena, struct job);
    if (what->dirs != NULL)
        job->dirs = *what->dirs;
    job->name = hull_strdup(call, what->name);
    job->method = hull_strdup(call, what->method);
    job->timeout_ms = what->timeout_ms > 0 ? what->timeout_ms : PLUGIN_TIMEOUT_MS;
    job->body = job->answer = HULL_TEXT(arena);
    if (what->request != NULL)
        json_encode(&job->body, what->request, what->value);
    return job;
}

static int limited(struct hull_call *call, const struct plugin_call *what, struct job **ret)
{
    struct job *job = *ret = new_job(call, what);
    int rc = hull_task_join(call, hull_task_start(call, "plugin", run, job));
    if (rc != -HULL_TIMEOUT || hull_check(call) < 0)
        return rc;
    return hull_fail(call, HULL_IO, "no answer within %lld s",
                     (long long)(job->timeout_ms + 999) / 1000);
}

static int named(struct hull_call *call, int rc, const struct plugin_call *what)
{
    return hull_wrap(call, rc, "plugin \"%s\": %s", what->name, what->method);
}

static bool implements(const struct handshake *h, const char *type, size_t length)
{
    for (const char *at = h->implements; (at = strchr(at, '|')) != NULL && at[1] != '\0'; at++) {
        if (strncmp(at + 1, type, length) == 0 && at[1 + length] == '|')
            return true;
    }
    return false;
}

/* The handshake, unless it was made, and whether TYPE is among what the plugin is. */
static int activate(struct hull_call *call, const struct plugin_dirs *dirs, const char *name,
                    const char *type, size_t length)
{
    struct plugin_address address;
    struct plugin_call what = {
        .dirs = dirs, .name = name, .method = "Plugin.Activate", .timeout_ms = ACTIVATE_MS};
    int rc = plugin_find(call, dirs, name, &address);
    const struct handshake *h = rc == 0 ? known(name, address.text) : NULL;
    if (h == NULL && rc == 0) {
        struct job *job;
        rc = limited(call, &what, &job);
        if (rc < 0)
            return named(call, rc, &what);
        remember(call, name, job->address, &job->implements);
        h = known(name, job->address);
    }
    if (rc == 0 && !implements(h, type, length))
        rc = hull_fail(call, HULL_NOT_SUPPORTED, "plugin \"%s\" does not implement %.*s", name,
                       (int)length, type);
    return rc;
}

int plugin_activate(struct hull_call *call, const struct plugin_dirs *dirs, const char *name,
                    const char *type)
{
    return activate(call, dirs, name, type, strlen(type));
}

/* AuthZPlugin's methods belong to what the handshake calls authz. */
static const char *type_of(const char *method, size_t *ret_length)
{
    *ret_length = strcspn(method, ".");
    if (strncmp(method, "AuthZPlugin.", strlen("AuthZPlugin.")) != 0)
        return method;
    *ret_length = strlen("authz");
    return "authz";
}

int plugin_call(struct hull_call *call, const struct plugin_call *what, void *ret_reply)
{
    struct job *job;
    size_t length;
    const char *type = type_of(what->method, &length);
    int rc = activate(call, what->dirs, what->name, type, length);
    if (rc < 0)
        return rc;
    rc = limited(call, what, &job);
    if (rc == 0 && what->reply != NULL && ret_reply != NULL) {
        rc = json_decode_call(call, what->reply, job->answer.data, job->answer.length,
                              JSON_ANY_CASE, ret_reply);
        if (rc < 0)
            rc = hull_fail(call, HULL_IO, "cannot understand its answer: %s",
                           hull_strdup(call, hull_error(call)));
    }
    return named(call, rc, what);
}

int plugin_lie(struct hull_call *call, const char *name, const char *method, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = hull_arena_vprintf(hull_call_arena(call), fmt, args);
    va_end(args);
    return hull_fail(call, HULL_IO, "plugin \"%s\": %s: %s", name, method, text);
}
