/*
 * The table of plugins, and what loads them.
 */
#ifndef CORE_PLUGIN_H
#define CORE_PLUGIN_H

#include "core/core.h"

/* A port is that long at most. */
#define PORT_MAX 63
/* An init may take so long. */
#define INIT_MS 120000

enum plugin_state { PLUGIN_UNLOADED, PLUGIN_LOADING, PLUGIN_READY, PLUGIN_DRAINING, PLUGIN_STUCK };

struct handler {
    const struct hull_method *method;
    hull_handler_fn *fn;
    bool reply_fds; /* the reply can hold a descriptor, of which none is -1 and not 0 */
};

struct option {
    struct option *next;
    const char *key;
    const char *value;
};

struct plugin {
    struct plugin *next;      /* of the same hash */
    struct plugin *load_next; /* loaded before it */
    const char *port;
    const char *alias;      /* messages for it go to this port */
    struct option *options; /* in the order they were set */
    const struct hull_plugin *table;
    bool is_static;
    char *file;
    size_t folder_length; /* of the part of it that the configuration gave */
    void *object;         /* the shared object */
    enum plugin_state state;
    struct handler *handlers;
    size_t handler_count;
    void *option_values;
    struct hull_arena arena;   /* handlers, options; lives while it is loaded */
    struct plugin *blocked_on; /* while it loads */
    struct slot failure;       /* why the last load failed */
    struct hull_cond changed;
    uint64_t calls, failures;
    uint32_t active; /* calls in it */
    uint32_t fibers; /* detached ones of its own */
};

/* The plugin at PORT, aliases followed, which may not be loaded yet; NULL when there is none. */
struct plugin *plugin_find(const char *port);
/* The same, loaded: the error says why not. Yields. */
int plugin_get(struct hull_call *call, const char *port, struct plugin **ret_plugin);
/* The entry of PORT, made when there is none; aliases are not followed. */
struct plugin *plugin_entry(const char *port);
/* All of them, in no order; NULL starts. */
struct plugin *plugin_next(struct plugin *plugin);
bool plugin_port_valid(const char *port);
/* Forget everything. */
void plugin_table_done(void);

/* Make the list of what its table has. */
void plugin_index_handlers(struct plugin *plugin);
const struct handler *plugin_handler(const struct plugin *plugin, const struct hull_method *method);

/* --- core/load.c: shared objects ------------------------------------------------------------- */

/* Where the object of PORT is: malloc'ed, NULL when nowhere. */
char *object_find(const char *port, size_t *ret_folder_length);
/* Load it and check its ABI: sets plugin->object, file and table. */
int object_open(struct hull_call *call, struct plugin *plugin);
void object_close(struct plugin *plugin);

/* --- core/start.c: loading in order, draining ------------------------------------------------ */

int plugin_start(struct hull_call *call, struct plugin *plugin);
/* Drain and unload all in reverse order; each has MS. */
int plugin_stop_all(struct hull_call *call, int64_t ms);
/* Close the objects of what was unloaded. */
void plugin_close_all(void);

/* --- core/options.c -------------------------------------------------------------------------- */

int plugin_options_build(struct hull_call *call, struct plugin *plugin);

#endif
