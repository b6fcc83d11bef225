/*
 * exec_plugin.h: an exec, as the plugin remembers it.
 */
#ifndef ENGINE_EXEC_PLUGIN_H
#define ENGINE_EXEC_PLUGIN_H

#include "hashtable.h"

#include <hull/hull.h>

#include "exec.h"
#include "runtime.h"

enum exec_state { EXEC_CREATED, EXEC_RUNNING, EXEC_ENDED };

struct exec_entry {
    struct hull_arena *arena; /* all of it is in here */
    const char *id;
    const char *container, *name, *image; /* as they were at create */
    const char *runtime;
    struct hull_map labels;
    struct exec_create_request request;
    enum exec_state state;
    unsigned users; /* fibers that hold it over a yield */
    int64_t pid, exit_code, ended_ms;
    UT_hash_handle hh;
};

#endif
