#include "core/plugin.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 128
#define ALIASES 8

static struct plugin *buckets[BUCKETS];
/* Entries, names and options live until the core ends. */
static struct hull_arena memory;

static struct plugin **bucket(const char *port)
{
    uint32_t hash = 2166136261u;
    for (const char *c = port; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &buckets[(hash ^ hash >> 16) % BUCKETS];
}

static struct plugin *lookup(const char *port)
{
    struct plugin *plugin = *bucket(port);
    while (plugin != NULL && strcmp(plugin->port, port) != 0)
        plugin = plugin->next;
    return plugin;
}

struct plugin *plugin_entry(const char *port)
{
    struct plugin *plugin = lookup(port);
    if (plugin != NULL)
        return plugin;
    struct plugin **head = bucket(port);
    plugin = HULL_NEW(&memory, struct plugin);
    plugin->port = hull_arena_strdup(&memory, port);
    plugin->next = *head;
    *head = plugin;
    return plugin;
}

struct plugin *plugin_next(struct plugin *plugin)
{
    size_t at = 0;
    if (plugin != NULL) {
        if (plugin->next != NULL)
            return plugin->next;
        at = (size_t)(bucket(plugin->port) - buckets) + 1;
    }
    while (at < BUCKETS && buckets[at] == NULL)
        at++;
    return at < BUCKETS ? buckets[at] : NULL;
}

bool plugin_port_valid(const char *port)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(port);
    if (length > PORT_MAX)
        return false;
    for (;;) {
        size_t part = strspn(port, letters);
        if (part == 0)
            return false;
        port += part;
        if (*port == '\0')
            return true;
        if (*port++ != '/')
            return false;
    }
}

struct plugin *plugin_find(const char *port)
{
    struct plugin *plugin = lookup(port);
    for (unsigned i = 0; plugin != NULL && plugin->alias != NULL && i < ALIASES; i++) {
        port = plugin->alias;
        plugin = lookup(port);
    }
    if (plugin != NULL && plugin->alias == NULL && (plugin->table != NULL || plugin->file != NULL))
        return plugin;
    if ((plugin != NULL && plugin->alias != NULL) || !plugin_port_valid(port))
        return NULL;
    /* Only what is on the disk gets an entry: a port may come from a user. */
    size_t folder_length;
    char *file = object_find(port, &folder_length);
    if (file == NULL)
        return NULL;
    plugin = plugin_entry(port);
    plugin->file = file;
    plugin->folder_length = folder_length;
    return plugin;
}

int plugin_get(struct hull_call *call, const char *port, struct plugin **ret_plugin)
{
    struct plugin *plugin = plugin_find(port);
    if (plugin == NULL)
        return hull_fail(call, HULL_NOT_SUPPORTED, "no plugin provides \"%s\"", port);
    *ret_plugin = plugin;
    if (plugin->state == PLUGIN_READY)
        return 0;
    /* While it is drained, what runs in it may still send to itself. */
    if (plugin->state == PLUGIN_DRAINING && call->plugin == plugin)
        return 0;
    return plugin_start(call, plugin);
}

/* --- handlers -------------------------------------------------------------------------------- */

/* True when a value of MESSAGE can hold a descriptor, not looking behind pointers and lists. */
static bool message_has_fd(const struct hull_message *message)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct hull_field *field = &message->fields[i];
        bool inside = field->type == HULL_MESSAGE_ || field->type == HULL_EMBED;
        if (field->type == HULL_FD || (inside && message_has_fd(field->message)))
            return true;
    }
    return false;
}

void plugin_index_handlers(struct plugin *plugin)
{
    const struct hull_handler *rows = plugin->table->handlers;
    size_t count = 0;
    while (rows != NULL && rows[count].method != NULL)
        count++;
    plugin->handler_count = count;
    plugin->handlers = HULL_NEW_ARRAY(&plugin->arena, struct handler, count);
    for (size_t i = 0; i < count; i++)
        plugin->handlers[i] =
            (struct handler){rows[i].method, rows[i].fn, message_has_fd(rows[i].method->reply)};
}

/* A table of the same method in another object: out-of-tree plugins may have their own. */
static bool same_method(const struct hull_method *a, const struct hull_method *b)
{
    return strcmp(a->service, b->service) == 0 && strcmp(a->name, b->name) == 0 &&
           a->request->size == b->request->size && a->reply->size == b->reply->size;
}

const struct handler *plugin_handler(const struct plugin *plugin, const struct hull_method *method)
{
    for (size_t i = 0; i < plugin->handler_count; i++) {
        if (plugin->handlers[i].method == method)
            return &plugin->handlers[i];
    }
    for (size_t i = 0; i < plugin->handler_count; i++) {
        if (same_method(plugin->handlers[i].method, method))
            return &plugin->handlers[i];
    }
    return NULL;
}

/* --- the public face ------------------------------------------------------------------------- */

void hull_plugin_register(const struct hull_plugin *table)
{
    HULL_ASSERT(plugin_port_valid(table->port));
    struct plugin *plugin = plugin_entry(table->port);
    HULL_ASSERT(plugin->state == PLUGIN_UNLOADED);
    plugin->table = table;
    plugin->is_static = true;
}

void hull_plugin_alias(const char *port, const char *target)
{
    plugin_entry(port)->alias =
        strcmp(port, target) == 0 ? NULL : hull_arena_strdup(&memory, target);
}

bool hull_plugin_exists(const char *port)
{
    return plugin_find(port) != NULL;
}

int hull_plugin_load(struct hull_call *call, const char *port)
{
    int rc = call_pause(call);
    struct plugin *plugin;
    return rc < 0 ? rc : plugin_get(call, port, &plugin);
}

void hull_plugin_option_set(const char *port, const char *key, const char *value)
{
    struct option **end = &plugin_entry(port)->options;
    while (*end != NULL)
        end = &(*end)->next;
    *end = HULL_NEW(&memory, struct option);
    (*end)->key = hull_arena_strdup(&memory, key);
    (*end)->value = hull_arena_strdup(&memory, value);
}

const void *hull_plugin_options(const char *port)
{
    struct plugin *plugin = lookup(port);
    return plugin == NULL ? NULL : plugin->option_values;
}

void plugin_table_done(void)
{
    for (struct plugin *plugin = plugin_next(NULL); plugin != NULL; plugin = plugin_next(plugin)) {
        free(plugin->file);
        slot_set(&plugin->failure, HULL_OK, NULL);
        arena_done(&plugin->arena);
    }
    memset(buckets, 0, sizeof(buckets));
    arena_done(&memory);
}
