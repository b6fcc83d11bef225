/*
 * Plugins on the disk. A port is letters only, so that no path leaves the plugin folders; as
 * root, folders and files that somebody else could have written are refused.
 */
#include "core/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FOLDER/CLASS/PORT.so, or where libtool keeps what has not been installed. */
static char *find_in(const char *folder, size_t length, const char *class, const char *port)
{
    const char *slash = strrchr(port, '/'), *name = slash == NULL ? port : slash + 1;
    static const char *const below[] = {"", ".libs/"};
    for (size_t i = 0; i < HULL_COUNT(below); i++) {
        char *path;
        struct stat info;
        int size = asprintf(&path, "%.*s/%s%.*s%s%s.so", (int)length, folder, class,
                            (int)(name - port), port, below[i], name);
        HULL_ASSERT(size >= 0);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
            return path;
        free(path);
    }
    return NULL;
}

char *object_find(const char *port, size_t *ret_folder_length)
{
    const char *folders = core.options.plugin_path;
    while (folders != NULL && *folders != '\0') {
        size_t length = strcspn(folders, ":");
        char *path = length == 0 ? NULL : find_in(folders, length, "", port);
        if (path == NULL && length > 0 && strchr(port, '/') == NULL)
            path = find_in(folders, length, "engine/", port);
        *ret_folder_length = length;
        if (path != NULL)
            return path;
        folders += length + (folders[length] == ':');
    }
    return NULL;
}

/* --- who could have written it --------------------------------------------------------------- */

static int check_owner(struct hull_call *call, const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return hull_fail_errno(call, errno, "%s", path);
    bool group = (info.st_mode & S_IWGRP) != 0 && info.st_gid != 0;
    if (info.st_uid != 0 || (info.st_mode & S_IWOTH) != 0 || group)
        return hull_fail(call, HULL_FORBIDDEN,
                         "%s: refused, it must belong to root and be writable by root only: "
                         "chown root, chmod go-w",
                         path);
    return 0;
}

/* The plugin folder, those in it down to the file, and the file. */
static int check_safe(struct hull_call *call, const struct plugin *plugin)
{
    if (geteuid() != 0)
        return 0;
    HULL_AUTO_FREE char *path = strdup(plugin->file);
    HULL_ASSERT(path != NULL);
    int rc = 0;
    char *slash = path + plugin->folder_length;
    for (; slash != NULL && rc == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        rc = check_owner(call, path);
        *slash = '/';
    }
    return rc == 0 ? check_owner(call, path) : rc;
}

/* --- loading --------------------------------------------------------------------------------- */

/* libltdl says "file not found" to everything; the linker itself knows better. */
static int true_reason(struct hull_call *call, const struct plugin *plugin)
{
    const char *said = lt_dlerror();
    int rc = hull_fail(call, HULL_INTERNAL, "%s: %s", plugin->file,
                       said == NULL ? "can't be loaded" : said);
    void *handle = dlopen(plugin->file, RTLD_NOW | RTLD_LOCAL);
    const char *reason = handle == NULL ? dlerror() : NULL;
    if (handle != NULL)
        dlclose(handle);
    return reason == NULL ? rc : hull_fail(call, HULL_INTERNAL, "%s", reason);
}

static int check_abi(struct hull_call *call, const struct plugin *plugin,
                     const struct hull_plugin *table)
{
    if (table->magic != HULL_PLUGIN_MAGIC)
        return hull_fail(call, HULL_INTERNAL, "%s: no hull plugin (bad magic)", plugin->file);
    if (table->abi_major != HULL_ABI_MAJOR || table->abi_minor > HULL_ABI_MINOR)
        return hull_fail(
            call, HULL_INTERNAL, "%s: made for plugin ABI %u.%u, this is %d.%d: build it again",
            plugin->file, table->abi_major, table->abi_minor, HULL_ABI_MAJOR, HULL_ABI_MINOR);
    if (table->size != sizeof(*table))
        return hull_fail(call, HULL_INTERNAL, "%s: its plugin table has %u bytes instead of %zu",
                         plugin->file, table->size, sizeof(*table));
    if (!hull_streq(table->port, plugin->port))
        return hull_fail(call, HULL_INTERNAL, "%s: provides \"%s\", not \"%s\"", plugin->file,
                         table->port == NULL ? "" : table->port, plugin->port);
    return 0;
}

static const struct hull_plugin *find_table(struct plugin *plugin)
{
    char symbol[PORT_MAX + 16];
    snprintf(symbol, sizeof(symbol), "hull_plugin_%s", plugin->port);
    for (char *c = symbol; *c != '\0'; c++) {
        if (*c == '/' || *c == '-')
            *c = '_';
    }
    return lt_dlsym(plugin->object, symbol);
}

static lt_dlhandle open_local(const char *path)
{
    lt_dladvise advise;
    if (lt_dladvise_init(&advise) != 0)
        return NULL;
    lt_dladvise_local(&advise);
    lt_dlhandle handle = lt_dlopenadvise(path, advise);
    lt_dladvise_destroy(&advise);
    return handle;
}

int object_open(struct hull_call *call, struct plugin *plugin)
{
    if (plugin->is_static)
        return check_abi(call, plugin, plugin->table);
    int rc = check_safe(call, plugin);
    if (rc < 0)
        return rc;
    if (lt_dlinit() != 0)
        return hull_fail(call, HULL_INTERNAL, "libltdl: %s", lt_dlerror());
    plugin->object = open_local(plugin->file);
    if (plugin->object == NULL) {
        rc = true_reason(call, plugin);
        lt_dlexit();
        return rc;
    }
    const struct hull_plugin *table = find_table(plugin);
    if (table == NULL)
        rc = hull_fail(call, HULL_INTERNAL, "%s: no hull plugin for port \"%s\"", plugin->file,
                       plugin->port);
    else
        rc = check_abi(call, plugin, table);
    if (rc < 0)
        object_close(plugin);
    else
        plugin->table = table;
    return rc;
}

void object_close(struct plugin *plugin)
{
    if (plugin->object == NULL)
        return;
    lt_dlclose(plugin->object);
    lt_dlexit();
    plugin->object = NULL;
    plugin->table = NULL;
}
