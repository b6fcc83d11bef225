/*
 * plugins/http: the Engine API over HTTP/1.1.
 *
 * One request becomes one message, by the table in api/routes.h: conn.c reads a head with the
 * strict parser of head.c, route.c finds the route, decode.c fills the message, dispatch.c sends
 * it and writes the answer in the style that the route names. Each connection has a fiber, and
 * each request a call of its own, which is cancelled when its client goes.
 *
 * What is refused with 400 and the end of the connection, since two readers might see two
 * requests in it: line ends other than CR LF, folded headers, spaces before a colon, NULs and
 * control characters, a repeated Host, Content-Length or Transfer-Encoding, both of the last two,
 * lengths that are not plain digits, codings other than chunked, chunk extensions and trailers.
 * The limits are in http.h and head.h.
 */
#include "http.h"

#include "api/authz.h"
#include "api/config.h"
#include "api/http.h"

static void stop_listeners(void)
{
    for (struct http_listener *listener = http_listeners; listener; listener = listener->next) {
        listener->stopped = true;
        if (listener->call)
            hull_cancel(listener->call);
    }
}

static int listen_all(struct hull_call *call, const struct http_listen_request *request,
                      struct hull_empty *ret)
{
    static const struct daemon_config none;
    const struct daemon_config *config = daemon_config() ? daemon_config() : &none;
    struct http_listener *opened = NULL;
    int rc = 0;

    (void)ret;
    const struct authz_check_request guards = {.plugins = config->authorization_plugins};
    if (http_authz_on())
        rc = authz_check(call, "support/authz", &guards, ret);
    for (size_t i = 0; rc == 0 && i < request->hosts.n; i++) {
        struct http_listener *listener;
        rc = http_listen_open(call, request->hosts.v[i], config, &listener);
        if (rc == 0) {
            listener->next = opened;
            opened = listener;
        }
    }
    while (opened) {
        struct http_listener *listener = opened;
        opened = listener->next;
        if (rc < 0) {
            http_listener_free(listener);
            continue;
        }
        listener->next = http_listeners;
        http_listeners = listener;
        hull_spawn("http accept", http_accept, listener);
    }
    return rc;
}

static bool accepting(void)
{
    for (struct http_listener *listener = http_listeners; listener; listener = listener->next) {
        if (listener->call)
            return true;
    }
    return false;
}

static int wait_all(struct hull_call *call, void *arg)
{
    int rc = 0;
    (void)arg;
    while (rc == 0 && (http_conns || accepting())) {
        for (struct http_conn *conn = http_conns; conn; conn = conn->next) {
            if (conn->idle || conn->endless)
                hull_cancel(conn->idle ? conn->call : conn->endless);
        }
        rc = hull_cond_wait(call, &http_changed);
    }
    return rc;
}

static int stop(struct hull_call *call, const struct http_stop_request *request,
                struct hull_empty *ret)
{
    (void)ret;
    http_draining = true;
    stop_listeners();
    struct hull_task *task = hull_task_start(call, "http stop", wait_all, NULL);
    hull_call_set_timeout(call, request->timeout_ms);
    if (hull_task_join(call, task) < 0)
        hull_error_clear(call);
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(http, listen, listen_all),
    HULL_HANDLE(http, stop, stop),
    {},
};
HULL_PLUGIN(http, .port = "http", .version = PACKAGE_VERSION, .handlers = handlers,
            .fini = http_listen_done);
