/*
 * hull/daemon.h: for the programs that hold a core (hulld, hull, tests): starting the loop,
 * giving it its configuration, ending it, and looking inside. Plugins rarely need it.
 */
#ifndef HULL_DAEMON_H
#define HULL_DAEMON_H

#include <hull/fiber.h>
#include <hull/plugin.h>

struct hull_core_options {
    const char *plugin_path; /* folders with plugins, separated by ':' */
    unsigned workers;        /* threads at most; 0: twice the number of processors, 4 to 16 */
    uint64_t seed;           /* not 0: pick runnable fibers by this seed, to replay races */
    int64_t stall_ms;        /* a stall of the loop above this is logged; 0: 50 */
};

/*
 * Run MAIN(ARG) in the first fiber on this thread, and the loop until it returned and all
 * plugins were drained and unloaded, in the reverse order of loading. Returns what MAIN
 * returned. SIGPIPE is ignored. A worker thread starts only when there is work.
 */
HULL_PUBLIC int hull_core_run(const struct hull_core_options *options, hull_task_fn *main,
                              void *arg);
/* Wait for one of SIGNALS (a zero-terminated list), returned as a positive number. Yields. */
HULL_PUBLIC int hull_wait_signal(struct hull_call *call, const int *signals) HULL_CHECKED;
/* Cancel all requests, drain and unload every plugin: each has MS milliseconds. 0, or the error of
 * the first plugin that did not end in time. Yields. */
HULL_PUBLIC int hull_core_stop(struct hull_call *call, int64_t ms);
/* Give memory back to the system each time that no request has begun for MS after one ended: for
 * a fiber of its own, which ends when it is cancelled. It wakes for nothing else. Yields. */
HULL_PUBLIC int hull_trim_when_idle(struct hull_call *call, int64_t ms) HULL_CHECKED;

/* The configuration that a program gives to all plugins: a message and its table, unknown to
 * the core. VALUE must live as long as the core. */
HULL_PUBLIC void hull_config_set(const struct hull_message *message, const void *value);
/* What was set, or NULL when it is not a MESSAGE. */
HULL_PUBLIC const void *hull_config_get(const struct hull_message *message);
/* One option of the plugin at PORT (configuration: plugin-opts), before it is loaded. */
HULL_PUBLIC void hull_plugin_option_set(const char *port, const char *key, const char *value);

/* A new request that begins here (a connection's request): FN runs in this fiber with a call of
 * its own: id, arena, error slot. DEADLINE_MS from now, or HULL_FOREVER. When the engine stops:
 * -HULL_UNAVAILABLE at once, without a yield, and a loop of requests has to end. Yields. */
HULL_PUBLIC int hull_request(struct hull_call *call, const char *name, int64_t deadline_ms,
                             hull_task_fn *fn, void *arg) HULL_CHECKED;

/* --- looking inside: `hull debug` --------------------------------------------------------- */

#define HULL_FIBER_INFO_FIELDS(F, T)                                  \
    F(T, STRING, _, name, "Name", 0, "Name of the fiber")             \
    F(T, STRING, _, request, "Request", 0, "Request id")              \
    F(T, STRING, _, plugin, "Plugin", 0, "Plugin whose handler runs") \
    F(T, STRING, _, method, "Method", 0, "Method it is in")           \
    F(T, STRING, _, waits, "Waits", 0, "What it waits for")           \
    F(T, INT, _, age_ms, "AgeMs", 0, "Milliseconds since it began to wait")
HULL_MESSAGE_DECLARE(hull_fiber_info, HULL_FIBER_INFO_FIELDS)

#define HULL_PLUGIN_INFO_FIELDS(F, T)                                           \
    F(T, STRING, _, port, "Port", 0, "Port")                                    \
    F(T, STRING, _, version, "Version", 0, "Version")                           \
    F(T, STRING, _, file, "File", 0, "The shared object, empty when linked in") \
    F(T, STRING, _, state, "State", 0, "loading, ready, draining")              \
    F(T, INT, _, calls, "Calls", 0, "Messages it handled")                      \
    F(T, INT, _, failures, "Failures", 0, "Of these, how many failed")          \
    F(T, INT, _, active, "Active", 0, "Messages in it right now")
HULL_MESSAGE_DECLARE(hull_plugin_info, HULL_PLUGIN_INFO_FIELDS)

/* A call that has ended. What it points at is gone after. */
struct hull_trace {
    const struct hull_method *method;
    const char *port;
    const void *request; /* as the handler left it */
    const char *id;      /* of the request */
    unsigned depth;      /* how many calls are above this one */
    int rc;
    const char *error; /* when RC is negative */
    int64_t took_us;
};
/* FN is told of each call that ends, and does not yield; NULL ends it. */
typedef void hull_trace_fn(const struct hull_trace *trace);
HULL_PUBLIC void hull_trace_set(hull_trace_fn *fn);
/* All fibers, and all plugins that are loaded; copies in ARENA. Loop thread only. */
HULL_PUBLIC void hull_debug_fibers(struct hull_arena *arena, struct hull_fiber_info_list *ret);
HULL_PUBLIC void hull_debug_plugins(struct hull_arena *arena, struct hull_plugin_info_list *ret);
/* Live fibers, for tests that look for leaks. */
HULL_PUBLIC size_t hull_debug_fiber_count(void);
/* How often the loop stalled since it was started, for tests. */
HULL_PUBLIC uint64_t hull_debug_stall_count(void);

#endif
