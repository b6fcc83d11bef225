/*
 * support/authz: plugins of others that decide what may be done, by docker's protocol.
 *
 * The server shows each request before it acts on it, and each answer before it sends it; the
 * plugins of "authorization-plugins" are asked one after the other, and the first that does not
 * allow it ends the matter. Whoever can't be asked has not allowed it: a plugin that is not there,
 * hangs, dies or answers nonsense denies, with its name in the error. A daemon that does not find
 * one of them does not start. None is loaded, and nothing is asked, when none is configured.
 */
#include <string.h>

#include <hull/hull.h>

#include "api/authz.h"
#include "api/config.h"
#include "plugins/common/plugin_client.h"

#define AUTHZ_OPTIONS_FIELDS(F, T)                                            \
    PLUGIN_DIRS_FIELDS(F, T)                                                  \
    F(T, INT, _, start_ms, "plugin-start-ms", 0,                              \
      "How long one that is not there at the start is waited for, 15 s else") \
    F(T, INT, _, timeout_ms, "plugin-timeout-ms", 0, "How long a plugin may think, 60 s else")
HULL_MESSAGE_DECLARE(authz_options, AUTHZ_OPTIONS_FIELDS)
HULL_MESSAGE_DEFINE(authz_options, AUTHZ_OPTIONS_FIELDS)

#define VERDICT_FIELDS(F, T)                                   \
    F(T, BOOL, _, allow, "Allow", 0, "Absent is no")           \
    F(T, STRING, _, text, "Msg", 0, "Why not, for the client") \
    F(T, STRING, _, error, "Err", 0, "What failed; plugin_client looks at it")
HULL_MESSAGE_DECLARE(verdict, VERDICT_FIELDS)
HULL_MESSAGE_DEFINE(verdict, VERDICT_FIELDS)

static struct plugin_dirs dirs_of(const struct authz_options *options)
{
    return (struct plugin_dirs){options->sockets, options->specs, options->retry_ms};
}

/* In docker's words, which name the plugin; ours did already. */
static int failed(struct hull_call *call, int rc, const char *name)
{
    const char *ours = hull_printf(call, "plugin \"%s\": ", name);
    const char *error = hull_strdup(call, hull_error(call));

    if (rc == -HULL_CANCELED)
        return rc;
    if (strncmp(error, ours, strlen(ours)) == 0)
        error += strlen(ours);
    return hull_fail(call, HULL_INTERNAL, "plugin %s failed with error: %s", name, error);
}

static int ask(struct hull_call *call, const char *name, const char *method,
               const struct authz_exchange *exchange)
{
    const struct authz_options *options = hull_plugin_options("support/authz");
    const struct plugin_dirs dirs = dirs_of(options);
    const struct plugin_call what = {.dirs = &dirs,
                                     .name = name,
                                     .method = method,
                                     .request = &authz_exchange_message,
                                     .value = exchange,
                                     .reply = &verdict_message,
                                     .timeout_ms = options->timeout_ms};
    struct verdict verdict = {0};
    int rc = plugin_call(call, &what, &verdict);

    if (rc < 0)
        return failed(call, rc, name);
    if (verdict.allow)
        return 0;
    return hull_fail(call, HULL_FORBIDDEN, "authorization denied by plugin %s: %s", name,
                     verdict.text ? verdict.text : "");
}

static int ask_all(struct hull_call *call, const char *method,
                   const struct authz_exchange *exchange)
{
    const struct hull_strv *names = &daemon_config()->authorization_plugins;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < names->n; i++)
        rc = ask(call, names->v[i], method, exchange);
    return rc;
}

static int request(struct hull_call *call, const struct authz_exchange *exchange,
                   struct hull_empty *ret)
{
    (void)ret;
    return ask_all(call, "AuthZPlugin.AuthZReq", exchange);
}

static int response(struct hull_call *call, const struct authz_exchange *exchange,
                    struct hull_empty *ret)
{
    (void)ret;
    return ask_all(call, "AuthZPlugin.AuthZRes", exchange);
}

/* --- at the start, and when the configuration is read again ----------------------------------- */

/* As long as docker waits for one, which a host that starts may be about to start. */
#define WAIT_MS 15000
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 1000

static int await(struct hull_call *call, const char *name)
{
    const struct authz_options *options = hull_plugin_options("support/authz");
    const struct plugin_dirs dirs = dirs_of(options);
    int64_t end = hull_now_ms() + (options->start_ms > 0 ? options->start_ms : WAIT_MS);
    int rc;

    for (int64_t pause = PAUSE_FIRST_MS;; pause = pause * 2 > PAUSE_MAX_MS ? pause : pause * 2) {
        int64_t left = end - hull_now_ms();
        rc = plugin_activate(call, &dirs, name, "authz");
        if (rc != -HULL_NOT_FOUND || left <= 0)
            return rc;
        hull_error_clear(call);
        rc = hull_sleep(call, pause < left ? pause : left);
        if (rc < 0)
            return rc;
    }
}

static int check(struct hull_call *call, const struct authz_check_request *asked,
                 struct hull_empty *ret)
{
    (void)ret;
    for (size_t i = 0; i < asked->plugins.n; i++) {
        int rc = plugin_check_name(call, asked->plugins.v[i]);
        if (rc < 0)
            return hull_wrap(call, rc, "authorization-plugins");
        rc = await(call, asked->plugins.v[i]);
        if (rc == -HULL_NOT_FOUND)
            return hull_fail(call, HULL_NOT_FOUND,
                             "failed to validate authorization plugin: plugin \"%s\" not found",
                             asked->plugins.v[i]);
        if (rc < 0)
            return hull_wrap(call, rc, "failed to validate authorization plugin");
    }
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(authz, request, request),
    HULL_HANDLE(authz, response, response),
    HULL_HANDLE(authz, check, check),
    {},
};
HULL_PLUGIN(support_authz, .port = "support/authz", .version = PACKAGE_VERSION,
            .handlers = handlers, .options = &authz_options_message, .fini = plugin_client_done);
