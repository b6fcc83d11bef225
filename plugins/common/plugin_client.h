/*
 * plugin_client.h: calls to plugins written by others, by Docker's plugin protocol: volume,
 * network, IPAM and authorization drivers that listen on a socket.
 *
 * A plugin is found by its name: NAME.sock or NAME/NAME.sock in the folder of sockets, else a
 * NAME.spec (one line with the address) or NAME.json in one of the folders of specifications. It
 * is looked for at each call, so that one that was started anew, or elsewhere, is found. A
 * handshake asks once what it implements.
 *
 * A plugin is somebody else's program. Each call has a time limit, its answer a size limit, and
 * what goes wrong fails this call only, with the plugin's name and the method in the error:
 *
 *     plugin "flocker": VolumeDriver.Mount: no answer within 120 s
 */
#ifndef HULL_COMMON_PLUGIN_CLIENT_H
#define HULL_COMMON_PLUGIN_CLIENT_H

#include <hull/hull.h>

/* Where plugins are looked for: rows for the options of the plugin of ours that calls them. */
#define PLUGIN_DIRS_FIELDS(F, T)                                                               \
    F(T, STRING, _, sockets, "plugin-sockets", 0, "Folder of NAME.sock, if not the usual one") \
    F(T, STRV, _, specs, "plugin-specs", 0, "Folders of NAME.spec and NAME.json, likewise")    \
    F(T, INT, _, retry_ms, "plugin-retry-ms", 0,                                               \
      "How long a plugin that does not listen is given to come back, 15 s else")
HULL_MESSAGE_DECLARE(plugin_dirs, PLUGIN_DIRS_FIELDS)

/* The usual time limits of the protocol. */
#define PLUGIN_TIMEOUT_MS ((int64_t)60000)
#define PLUGIN_TIMEOUT_LONG_MS ((int64_t)120000)

/* One call: METHOD is "VolumeDriver.Create". */
struct plugin_call {
    const struct plugin_dirs *dirs; /* what is absent in it is docker's; NULL is all of docker's */
    const char *name;               /* of the plugin */
    const char *method;
    const struct hull_message *request; /* NULL: an empty body */
    const void *value;
    const struct hull_message *reply; /* NULL: only that it succeeded matters */
    int64_t timeout_ms;               /* 0 is PLUGIN_TIMEOUT_MS */
};

/*
 * Call a plugin, after the handshake when this is its first call. What RET_REPLY (may be NULL)
 * points at lives in the arena of CALL. Yields.
 *   -HULL_NOT_FOUND      there is no plugin of the name, or it does not know the method (404)
 *   -HULL_INVALID        no valid name
 *   -HULL_NOT_SUPPORTED  it does not implement what METHOD belongs to
 *   -HULL_INTERNAL       it says that it failed
 *   -HULL_IO             it does not answer, in time or at all, or not as the protocol says
 */
int plugin_call(struct hull_call *call, const struct plugin_call *what, void *ret_reply)
    HULL_CHECKED;
/* Only the handshake: TYPE ("VolumeDriver") must be among what the plugin implements. The same
 * errors. Yields. */
int plugin_activate(struct hull_call *call, const struct plugin_dirs *dirs, const char *name,
                    const char *type) HULL_CHECKED;
/* -HULL_IO: the plugin NAME answered METHOD with what makes no sense. */
int plugin_lie(struct hull_call *call, const char *name, const char *method, const char *fmt, ...)
    HULL_PRINTF(4, 5) HULL_CHECKED;
/* -HULL_INVALID when no plugin can be called NAME. Never yields. */
int plugin_check_name(struct hull_call *call, const char *name) HULL_CHECKED;
/* True when there is a plugin of the name, running or not. Never yields. */
bool plugin_exists(struct hull_call *call, const struct plugin_dirs *dirs, const char *name);
/* The names of all plugins that can be found, each once. Never yields. */
int plugin_list(struct hull_call *call, const struct plugin_dirs *dirs, struct hull_strv *ret_names)
    HULL_CHECKED;
/* Forget all handshakes: for the fini of the plugin of ours. */
void plugin_client_done(void);

#endif
