/*
 * Looking inside.
 */
#include "core/core.h"

#include <string.h>

#include "core/plugin.h"

HULL_MESSAGE_DEFINE(hull_fiber_info, HULL_FIBER_INFO_FIELDS)
HULL_MESSAGE_DEFINE(hull_plugin_info, HULL_PLUGIN_INFO_FIELDS)

/* What fiber_wait() was told. For some the number is a name; see there. */
static const char *show_wait(struct hull_arena *arena, const struct fiber *fiber)
{
    static const char *const named[] = {"task", "plugin to load", "plugin to end", "event"};
    const char *what = fiber->wait_what;
    if (fiber->state == FIBER_READY || fiber == core.current || what == NULL)
        return fiber->state == FIBER_DONE ? "to be joined" : "runs";
    for (size_t i = 0; i < HULL_COUNT(named); i++) {
        if (strcmp(what, named[i]) == 0)
            return hull_arena_printf(arena, "%s: %s", what, (const char *)fiber->wait_on);
    }
    return hull_arena_printf(arena, "%s: %lld", what, (long long)fiber->wait_on);
}

void hull_debug_fibers(struct hull_arena *arena, struct hull_fiber_info_list *ret)
{
    *ret = (struct hull_fiber_info_list){};
    for (const struct fiber *fiber = core.all; fiber != NULL; fiber = fiber->all_next) {
        struct hull_fiber_info *info = HULL_LIST_ADD(arena, ret);
        const struct hull_call *top = fiber->top;
        info->name = hull_arena_strdup(arena, fiber->name);
        info->waits = show_wait(arena, fiber);
        if (fiber->state == FIBER_WAITING)
            info->age_ms = hull_now_ms() - fiber->wait_since_ms;
        if (top == NULL)
            continue;
        info->request = hull_arena_strdup(arena, top->scope->id);
        if (top->plugin != NULL)
            info->plugin = hull_arena_strdup(arena, top->plugin->port);
        while (top != NULL && top->method == NULL)
            top = top->parent;
        if (top != NULL)
            info->method =
                hull_arena_printf(arena, "%s.%s", top->method->service, top->method->name);
    }
}

static const char *const states[] = {
    [PLUGIN_UNLOADED] = "unloaded", [PLUGIN_LOADING] = "loading", [PLUGIN_READY] = "ready",
    [PLUGIN_DRAINING] = "draining", [PLUGIN_STUCK] = "stuck",
};

void hull_debug_plugins(struct hull_arena *arena, struct hull_plugin_info_list *ret)
{
    *ret = (struct hull_plugin_info_list){};
    for (struct plugin *plugin = plugin_next(NULL); plugin; plugin = plugin_next(plugin)) {
        if (plugin->state == PLUGIN_UNLOADED)
            continue;
        struct hull_plugin_info *info = HULL_LIST_ADD(arena, ret);
        info->port = hull_arena_strdup(arena, plugin->port);
        info->version =
            hull_arena_strdup(arena, plugin->table == NULL ? NULL : plugin->table->version);
        info->file = hull_arena_strdup(arena, plugin->file);
        info->state = states[plugin->state];
        info->calls = (int64_t)plugin->calls;
        info->failures = (int64_t)plugin->failures;
        info->active = plugin->active;
    }
}

void hull_trace_set(hull_trace_fn *fn)
{
    core.trace = fn;
}

size_t hull_debug_fiber_count(void)
{
    return core.fiber_count;
}

uint64_t hull_debug_stall_count(void)
{
    return core.stalls;
}
