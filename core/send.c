/*
 * Sending a message: the handler runs in the sender's fiber, in a call of its own.
 */
#include "core/core.h"

#include <string.h>

#include "core/plugin.h"

/* A handler needs so much of the stack at least, and what it calls. */
#define STACK_NEEDED ((size_t)48 * 1024)

static void clear_reply(const struct hull_method *method, void *ret_reply)
{
    if (ret_reply != NULL)
        hull_message_init(method->reply, ret_reply);
}

/* "a.b, c.d, …": the methods that CALL is in, innermost first. */
static const char *call_chain(struct hull_call *call)
{
    struct hull_text text = HULL_TEXT(call->scope->arena);
    hull_text_puts(&text, "");
    unsigned shown = 0;
    for (const struct hull_call *at = call; at != NULL && shown < 6; at = at->parent) {
        if (at->method == NULL)
            continue;
        hull_text_printf(&text, "%s%s.%s", shown++ > 0 ? ", " : "", at->method->service,
                         at->method->name);
    }
    return text.data;
}

static void trace(const struct hull_call *call, const void *request, int rc, int64_t began_us)
{
    core.trace(&(struct hull_trace){
        .method = call->method,
        .port = call->plugin->port,
        .request = request,
        .id = call->scope->id,
        .depth = call->depth,
        .rc = rc,
        .error = hull_error(call),
        .took_us = now_us() - began_us,
    });
}

static void finished(struct hull_call *own, int rc)
{
    struct plugin *plugin = own->plugin;
    HULL_ASSERT(rc <= 0 && own->shield == 0);
    if (rc < 0) {
        plugin->failures++;
        if (own->scope->slot.kind == HULL_OK)
            rc = hull_fail(own, (enum hull_kind) - rc, "%s: %s failed", plugin->port,
                           own->method->name);
    }
    if (--plugin->active == 0 && plugin->state == PLUGIN_DRAINING)
        hull_cond_broadcast(&plugin->changed);
}

static int run(struct hull_call *call, struct plugin *plugin, const struct handler *handler,
               const void *request, void *ret_reply, const struct hull_sink *sink)
{
    struct hull_call own;
    struct hull_lock emit_lock = {};
    int64_t began_us = core.trace == NULL ? 0 : now_us();
    call_begin(&own, call, call->scope);
    own.plugin = plugin;
    own.method = handler->method;
    own.sink = sink;
    own.emit_lock = &emit_lock;
    plugin->calls++;
    plugin->active++;
    int rc = call_end(&own, handler->fn(&own, request, ret_reply));
    finished(&own, rc);
    if (core.trace != NULL && began_us > 0)
        trace(&own, request, rc, began_us);
    return rc;
}

/* Where the message goes, or why it can't. */
static int route(struct hull_call *call, const char *port, const struct hull_method *method,
                 struct plugin **ret_plugin, const struct handler **ret_handler)
{
    int rc = call_pause(call);
    if (rc == 0)
        rc = plugin_get(call, port == NULL ? method->service : port, ret_plugin);
    if (rc < 0)
        return rc;
    *ret_handler = plugin_handler(*ret_plugin, method);
    if (*ret_handler == NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED, "%s can't do %s.%s", (*ret_plugin)->port,
                         method->service, method->name);
    if (call->depth >= CALL_DEPTH || fiber_stack_left() < STACK_NEEDED)
        return hull_fail(call, HULL_INTERNAL, "calls are nested too deep: %s", call_chain(call));
    return 0;
}

static int dispatch(struct hull_call *call, const char *port, const struct hull_method *method,
                    const void *request, void *ret_reply, const struct hull_sink *sink)
{
    struct plugin *plugin;
    const struct handler *handler;
    int rc = route(call, port, method, &plugin, &handler);
    if (rc < 0) {
        /* The handler would have closed what it was given. */
        hull_message_release(method->request, (void *)request);
        return rc;
    }
    void *reply = ret_reply == NULL ? hull_alloc(call, method->reply->size) : ret_reply;
    if (handler->reply_fds)
        hull_message_init(method->reply, reply);
    else
        memset(reply, 0, method->reply->size);
    rc = run(call, plugin, handler, request, reply, sink);
    if (ret_reply == NULL && rc == 0)
        hull_message_release(method->reply, reply);
    return rc;
}

int hull_send_many(struct hull_call *call, const char *port, const struct hull_method *method,
                   const void *request, void *ret_reply, const struct hull_sink *sink)
{
    int rc = dispatch(call, port, method, request, ret_reply, sink);
    if (rc < 0)
        clear_reply(method, ret_reply);
    return rc;
}

int hull_send(struct hull_call *call, const char *port, const struct hull_method *method,
              const void *request, void *ret_reply)
{
    return hull_send_many(call, port, method, request, ret_reply, NULL);
}

/* --- many answers ---------------------------------------------------------------------------- */

/* The call of the method that CALL is in, or that a task was started in. */
static struct hull_call *method_call(struct hull_call *call)
{
    while (call != NULL && call->method == NULL)
        call = call->parent;
    return call;
}

/*
 * The sink runs as the sender where it can: with the sender's call, when that is of this fiber.
 * Below a task it has the task's.
 */
static struct hull_call *sink_call(struct hull_call *call, struct hull_call *in)
{
    return in->fiber == call->fiber ? in->parent : call;
}

static int locked(struct hull_call *call, struct hull_call *in, const void *reply)
{
    int rc = hull_lock(call, in->emit_lock);
    if (rc < 0)
        return rc;
    if (reply != NULL)
        rc = in->sink->reply(sink_call(call, in), in->sink->ctx, reply);
    else
        rc = in->sink->ready(sink_call(call, in), in->sink->ctx);
    hull_unlock(in->emit_lock);
    return rc;
}

int hull_ready(struct hull_call *call)
{
    struct hull_call *in = method_call(call);
    if (in == NULL || in->readied)
        return 0;
    in->readied = true;
    if (in->sink == NULL || in->sink->ready == NULL)
        return 0;
    return locked(call, in, NULL);
}

int hull_emit(struct hull_call *call, const void *reply)
{
    struct hull_call *in = method_call(call);
    if (in == NULL || in->sink == NULL || in->sink->reply == NULL)
        return 0;
    return locked(call, in, reply);
}
