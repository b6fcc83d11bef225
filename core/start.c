/*
 * Starting a plugin after what it needs, and ending all in the reverse order.
 */
#include "core/plugin.h"

#include <string.h>

/* A cancelled call that still does not end gets so long. */
#define LAST_GRACE_MS 2000

static struct plugin *last_loaded;

/* --- starting -------------------------------------------------------------------------------- */

/* The plugin that is being loaded by CALL, or by a call above it. */
static struct plugin *loader_of(const struct hull_call *call)
{
    for (; call != NULL; call = call->parent) {
        if (call->loading != NULL)
            return call->loading;
    }
    return NULL;
}

/* Waiting for PLUGIN from the loading of LOADER would never end. */
static bool in_circle(const struct plugin *plugin, const struct plugin *loader)
{
    for (; plugin != NULL; plugin = plugin->blocked_on) {
        if (plugin == loader)
            return true;
    }
    return false;
}

static int start_needs(struct hull_call *call, struct plugin *plugin)
{
    const char *const *need = plugin->table->needs;
    for (; need != NULL && *need != NULL; need++) {
        struct plugin *needed;
        int rc = plugin_get(call, *need, &needed);
        if (rc < 0)
            return hull_wrap(call, rc, "needs %s", *need);
    }
    return 0;
}

static int start_below(struct hull_call *call, struct plugin *plugin)
{
    int rc = object_open(call, plugin);
    if (rc == 0)
        rc = plugin_options_build(call, plugin);
    if (rc == 0)
        rc = start_needs(call, plugin);
    if (rc < 0)
        return rc;
    plugin_index_handlers(plugin);
    return plugin->table->init == NULL ? 0 : plugin->table->init(call);
}

static void forget(struct plugin *plugin)
{
    object_close(plugin);
    arena_done(&plugin->arena);
    plugin->handler_count = 0;
    plugin->option_values = NULL;
}

/* Those who wait for the same plugin get the same error. */
static void keep_failure(struct hull_call *call, struct plugin *plugin, int rc)
{
    char *copy = strdup(hull_error(call));
    HULL_ASSERT(copy != NULL);
    slot_set(&plugin->failure, (enum hull_kind) - rc, copy);
}

static int start(struct hull_call *call, struct plugin *plugin)
{
    struct hull_call own;
    plugin->state = PLUGIN_LOADING;
    plugin->blocked_on = NULL;
    /* Others may wait for it by now, so that the end of this call does not end it. */
    call_begin(&own, call, call->scope);
    own.barrier = true;
    own.plugin = plugin;
    own.loading = plugin;
    hull_call_set_timeout(&own, INIT_MS);
    int rc = call_end(&own, start_below(&own, plugin));
    if (rc < 0) {
        rc = hull_wrap(call, rc, "plugin %s", plugin->port);
        keep_failure(call, plugin, rc);
        forget(plugin);
        plugin->state = PLUGIN_UNLOADED;
    } else {
        plugin->state = PLUGIN_READY;
        plugin->load_next = last_loaded;
        last_loaded = plugin;
    }
    hull_cond_broadcast(&plugin->changed);
    return rc;
}

static int wait_loaded(struct hull_call *call, struct plugin *plugin)
{
    while (plugin->state == PLUGIN_LOADING) {
        int rc = cond_wait(call, &plugin->changed, "plugin to load", (intptr_t)plugin->port);
        if (rc < 0)
            return rc;
    }
    if (plugin->state == PLUGIN_READY)
        return 0;
    return hull_fail(call, plugin->failure.kind ? plugin->failure.kind : HULL_UNAVAILABLE, "%s",
                     plugin->failure.text ? plugin->failure.text : "the engine is shutting down");
}

int plugin_start(struct hull_call *call, struct plugin *plugin)
{
    if (core.stopping || plugin->state == PLUGIN_DRAINING || plugin->state == PLUGIN_STUCK)
        return hull_fail(call, HULL_UNAVAILABLE, "%s: the engine is shutting down", plugin->port);
    struct plugin *loader = loader_of(call);
    if (loader != NULL && in_circle(plugin, loader))
        return hull_fail(call, HULL_INTERNAL, "plugins %s and %s need each other", loader->port,
                         plugin->port);
    struct plugin *before = loader == NULL ? NULL : loader->blocked_on;
    if (loader != NULL)
        loader->blocked_on = plugin;
    int rc = plugin->state == PLUGIN_LOADING ? wait_loaded(call, plugin) : start(call, plugin);
    if (loader != NULL)
        loader->blocked_on = before;
    return rc;
}

/* --- ending ---------------------------------------------------------------------------------- */

static void cancel_fibers(const struct plugin *plugin)
{
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        if (fiber->detached && fiber->root.plugin == plugin && fiber->state != FIBER_DONE)
            hull_cancel(&fiber->root);
    }
}

static void cancel_calls(const struct plugin *plugin, const struct hull_call *but)
{
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        for (struct hull_call *at = fiber->top; at != NULL; at = at->outer) {
            if (at->plugin == plugin && at->method != NULL && at->fiber != but->fiber)
                hull_cancel(at);
        }
    }
}

/* True when nothing runs in PLUGIN any more, or else UNTIL_MS came. */
static bool wait_idle(struct plugin *plugin, int64_t until_ms)
{
    while (plugin->active > 0 || plugin->fibers > 0) {
        if (hull_now_ms() >= until_ms)
            return false;
        cond_wait_until(NULL, &plugin->changed, "plugin to end", (intptr_t)plugin->port,
                        until_ms * 1000);
    }
    return true;
}

static int drain(struct hull_call *call, struct plugin *plugin, int64_t ms)
{
    struct hull_call own;
    int64_t until = hull_now_ms() + ms;
    plugin->state = PLUGIN_DRAINING;
    call_begin(&own, call, call->scope);
    own.barrier = true;
    own.plugin = plugin;
    hull_call_set_timeout(&own, ms);
    int rc = plugin->table->drain == NULL ? 0 : plugin->table->drain(&own);
    rc = call_end(&own, rc);
    cancel_fibers(plugin);
    if (!wait_idle(plugin, until)) {
        cancel_calls(plugin, call);
        cancel_fibers(plugin);
        if (!wait_idle(plugin, hull_now_ms() + LAST_GRACE_MS)) {
            plugin->state = PLUGIN_STUCK;
            return hull_fail(call, HULL_TIMEOUT, "plugin %s: %u calls and %u fibers do not end",
                             plugin->port, plugin->active, plugin->fibers);
        }
    }
    return hull_wrap(call, rc, "plugin %s: drain", plugin->port);
}

static void unload(struct plugin *plugin)
{
    if (plugin->table->fini != NULL)
        plugin->table->fini();
    plugin->handler_count = 0;
    plugin->option_values = NULL;
    plugin->state = PLUGIN_UNLOADED;
}

static struct plugin *find_loading(void)
{
    struct plugin *plugin = plugin_next(NULL);
    while (plugin != NULL && plugin->state != PLUGIN_LOADING)
        plugin = plugin_next(plugin);
    return plugin;
}

/* What is half loaded fails, or else is drained like the others. */
static void end_loading(int64_t until_ms)
{
    struct plugin *plugin;
    for (struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        for (struct hull_call *at = fiber->top; at != NULL; at = at->outer) {
            if (at->loading != NULL)
                hull_cancel(at);
        }
    }
    while ((plugin = find_loading()) != NULL && hull_now_ms() < until_ms)
        cond_wait_until(NULL, &plugin->changed, "plugin to load", (intptr_t)plugin->port,
                        until_ms * 1000);
}

int plugin_stop_all(struct hull_call *call, int64_t ms)
{
    int first = 0;
    core.stopping = true;
    end_loading(hull_now_ms() + ms);
    while (last_loaded != NULL) {
        struct plugin *plugin = last_loaded;
        last_loaded = plugin->load_next;
        int rc = drain(call, plugin, ms);
        if (rc < 0) {
            hull_log(call, HULL_LOG_WARN, "plugin did not end well", "plugin", plugin->port,
                     "error", hull_error(call), NULL);
            first = first < 0 ? first : rc;
        }
        /* What is stuck still runs code of it. */
        if (plugin->state != PLUGIN_STUCK)
            unload(plugin);
    }
    return first;
}

void plugin_close_all(void)
{
    for (struct plugin *plugin = plugin_next(NULL); plugin != NULL; plugin = plugin_next(plugin)) {
        if (plugin->state == PLUGIN_UNLOADED)
            object_close(plugin);
    }
}
