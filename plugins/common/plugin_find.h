/*
 * plugin_find.h: where a plugin listens; shared by plugin_find.c and plugin_client.c.
 */
#ifndef HULL_COMMON_PLUGIN_FIND_H
#define HULL_COMMON_PLUGIN_FIND_H

#include "plugins/common/plugin_client.h"

struct plugin_address {
    const char *socket; /* a path, or NULL */
    const char *host;   /* else */
    const char *port;
    const char *text; /* all of it, for comparing and for errors */
    bool tls;
    bool verify;
    const char *ca, *cert, *key; /* files, may be NULL */
};

/* Where the plugin NAME listens; -HULL_NOT_FOUND, -HULL_INVALID with a message. */
int plugin_find(struct hull_call *call, const struct plugin_dirs *dirs, const char *name,
                struct plugin_address *ret) HULL_CHECKED;

#endif
