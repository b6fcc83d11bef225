/*
 * container.c: engine/container, the service "container": the life of containers.
 *
 * What a container is, is in its document (doc.h), which a change rewrites in the state store;
 * what goes on with it, is in struct ct (ct.h). Whoever changes a container holds its lock, a
 * lock between fibers; whoever only looks takes what it sees between two yields. Waiting for an
 * end (stop, kill, wait) is done without the lock.
 *
 * The states, and every way from one to another, with what is stored and what a daemon that starts
 * makes of it, are in README.md.
 */
#include "ct.h"

static const struct hull_handler handlers[] = {
    HULL_HANDLE(container, create, ct_handle_create),
    HULL_HANDLE(container, start, ct_handle_start),
    HULL_HANDLE(container, stop, ct_handle_stop),
    HULL_HANDLE(container, restart, ct_handle_restart),
    HULL_HANDLE(container, kill, ct_handle_kill),
    HULL_HANDLE(container, pause, ct_handle_pause),
    HULL_HANDLE(container, unpause, ct_handle_unpause),
    HULL_HANDLE(container, wait, ct_handle_wait),
    HULL_HANDLE(container, remove, ct_handle_remove),
    HULL_HANDLE(container, rename, ct_handle_rename),
    HULL_HANDLE(container, list, ct_handle_list),
    HULL_HANDLE(container, inspect, ct_handle_inspect),
    HULL_HANDLE(container, top, ct_handle_top),
    HULL_HANDLE(container, resize, ct_handle_resize),
    HULL_HANDLE(container, attach, ct_handle_attach),
    HULL_HANDLE(container, logs, ct_handle_logs),
    HULL_HANDLE(container, logs_truncate, ct_handle_logs_truncate),
    HULL_HANDLE(container, stats, ct_handle_stats),
    HULL_HANDLE(container, update, ct_handle_update),
    HULL_HANDLE(container, changes, ct_handle_changes),
    HULL_HANDLE(container, export, ct_handle_export),
    HULL_HANDLE(container, commit, ct_handle_commit),
    HULL_HANDLE(container, archive_stat, ct_handle_archive_stat),
    HULL_HANDLE(container, archive_get, ct_handle_archive_get),
    HULL_HANDLE(container, archive_put, ct_handle_archive_put),
    HULL_HANDLE(container, prune, ct_handle_prune),
    HULL_HANDLE(container, users, ct_handle_users),
    HULL_HANDLE(container, lookup, ct_handle_lookup),
    HULL_HANDLE(container, connect, ct_handle_connect),
    HULL_HANDLE(container, disconnect, ct_handle_disconnect),
    {},
};

/* The fibers that wait for the ends of containers stand in the runtime: it is there for longer. */
static const char *const needs[] = {"runtime/native", NULL};
static const char *const uses[] = {"state",       "image",       "storage", "runtime/native",
                                   "network",     "volume",      "exec",    "log/json-file",
                                   "support/dns", "runtime/oci", NULL};

HULL_PLUGIN(container, .port = "container", .version = "0.1", .needs = needs, .uses = uses,
            .handlers = handlers, .init = ct_restore, .fini = ct_registry_done);
