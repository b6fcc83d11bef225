/*
 * hull/plugin.h: what a plugin is.
 *
 * A plugin is a shared object that exports one constant, made with
 * HULL_PLUGIN. Its port is its path below the plugin folder: storage/overlay
 * is storage/overlay.so; a port without a slash, like "container", is
 * engine/container.so, or PORT.so at the top. It is loaded when the first
 * message for its port arrives, after what it needs. No code of it runs before
 * the ABI was checked.
 *
 *     static const struct hull_handler handlers[] = {
 *         HULL_HANDLE(storage, mount, ovl_mount),
 *         HULL_HANDLE(storage, remove, ovl_remove),
 *         {},
 *     };
 *     HULL_PLUGIN(storage_overlay, .port = "storage/overlay", .handlers = handlers);
 *
 * ABI changes:
 *   1.0  first
 *   2.0  hull_wire_*, hull_process_*, hull_message_show() and hull_trace_topic are gone from the
 *        library (hull_trace_set() is new), hull_stream_to_fd() is for reading alone,
 *        hull_field_find() lost ANY_CASE
 *   2.1  hull_work_brief()
 */
#ifndef HULL_PLUGIN_H
#define HULL_PLUGIN_H

#include <hull/call.h>
#include <hull/topic.h>

#define HULL_PLUGIN_MAGIC 0x68756c6cu /* "hull" */
#define HULL_ABI_MAJOR 2
#define HULL_ABI_MINOR 1

typedef int hull_handler_fn(struct hull_call *call, const void *request, void *ret_reply);

struct hull_handler {
    const struct hull_method *method;
    hull_handler_fn *fn;
};

/* One row of a handler table: FN has the method's own types, and the compiler checks them. */
#define HULL_HANDLE(service, name, fn)                                                      \
    {                                                                                       \
        &service##_##name##_method,                                                         \
            (hull_handler_fn *)(void (*)(void))(1 ? (fn) : (service##_##name##_handler *)0) \
    }

struct hull_plugin {
    uint32_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t size;            /* of this struct, as the plugin was compiled */
    const char *port;         /* "storage/overlay" */
    const char *version;      /* of the plugin, for people */
    const char *const *needs; /* ports loaded before init; NULL-terminated, may be NULL */
    const char *const *uses;  /* ports it may send to, loaded when it does */
    const struct hull_handler *handlers;    /* ended by an empty row */
    const struct hull_topic *const *topics; /* what it publishes; NULL-terminated, may be NULL */
    const struct hull_message *options;     /* its options, or NULL; see hull_plugin_options() */
    int (*init)(struct hull_call *call);    /* may send to what it needs. Yields. */
    int (*drain)(struct hull_call *call);   /* end what goes on; no new messages come. Yields. */
    void (*fini)(void);                     /* free what is left */
};

/* Defines the exported constant of the plugin whose port is NAME with '_' for '/' and '-'. */
#define HULL_PLUGIN(name, ...)                                                         \
    HULL_PUBLIC extern const struct hull_plugin hull_plugin_##name;                    \
    const struct hull_plugin hull_plugin_##name = {.magic = HULL_PLUGIN_MAGIC,         \
                                                   .abi_major = HULL_ABI_MAJOR,        \
                                                   .abi_minor = HULL_ABI_MINOR,        \
                                                   .size = sizeof(struct hull_plugin), \
                                                   __VA_ARGS__}

/*
 * The options of the plugin at PORT, as a struct of the message it declared: what the
 * configuration has under "plugin-opts": {PORT: {…}}, zeroed where it has nothing. Valid as
 * long as the plugin is loaded. NULL when the plugin declares none.
 */
HULL_PUBLIC const void *hull_plugin_options(const char *port);

/* A plugin that is linked in statically, for tests and small builds: takes the same road. */
HULL_PUBLIC void hull_plugin_register(const struct hull_plugin *plugin);
/* Let messages for PORT go to TARGET: the choice of a backend ("state" is "state/sqlite"). */
HULL_PUBLIC void hull_plugin_alias(const char *port, const char *target);
/* True when a plugin provides PORT, loaded or not; looks on the disk. */
HULL_PUBLIC bool hull_plugin_exists(const char *port);
/* Load the plugin at PORT now, with what it needs. Yields. */
HULL_PUBLIC int hull_plugin_load(struct hull_call *call, const char *port) HULL_CHECKED;

#endif
