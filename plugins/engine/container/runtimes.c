/*
 * runtimes.c: which plugin and which program a name of a runtime stands for. It is looked up at
 * each start, so that a runtime may move.
 */
#include "runtimes.h"

#include <string.h>
#include <unistd.h>

#include <hull/hull.h>

#include "api/config.h"

static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                      "/usr/bin",        "/sbin",          "/bin"};
static const char *const own[] = {"runc", "native", "hull"};

/* A name without a folder, where programs are. */
static const char *find_program(struct hull_call *call, const char *path)
{
    for (size_t i = 0; path[0] != '/' && i < HULL_COUNT(folders); i++) {
        const char *full = hull_printf(call, "%s/%s", folders[i], path);
        if (access(full, X_OK) == 0)
            return full;
    }
    return path;
}

int runtime_find(struct hull_call *call, const char *name, const char **ret_port,
                 struct runtime_create_request *ret_request)
{
    const struct config_runtime by_path = {.path = name};
    const struct config_runtime *found = HULL_MSGMAP_FIND(&daemon_config()->runtimes, name);

    *ret_port = "runtime/native";
    for (size_t i = 0; i < HULL_COUNT(own); i++) {
        if (strcmp(name, own[i]) == 0)
            return 0;
    }
    *ret_port = "runtime/oci";
    if (!found && name[0] == '/')
        found = &by_path;
    if (!found || !hull_plugin_exists(*ret_port))
        return hull_fail(call, HULL_INVALID, "unknown or invalid runtime name: %s", name);
    ret_request->program = find_program(call, found->path);
    ret_request->program_args = found->args;
    if (access(ret_request->program, X_OK) < 0)
        return hull_fail(call, HULL_INVALID, "runtime %s: %s is no program that can be run", name,
                         ret_request->program);
    return 0;
}
