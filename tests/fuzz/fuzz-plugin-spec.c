/*
 * fuzz-plugin-spec.c: the .spec and .json files that say where a plugin listens, as whoever
 * installed it wrote them. What is taken has a socket, or a host and a port, and nothing else; what
 * is not is refused with the name of the file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin_find.h"
#include <hull/daemon.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/hull-fuzz-spec-XXXXXX";

static const char *path_of(struct hull_call *call, const char *name)
{
    return hull_printf(call, "%s/%s", folder, name);
}

static void check_address(const struct plugin_address *address)
{
    HULL_ASSERT(address->text != NULL);
    if (address->socket != NULL) {
        HULL_ASSERT(address->socket[0] == '/' && address->host == NULL && address->port == NULL);
        return;
    }
    HULL_ASSERT(address->host != NULL && address->host[0] != '\0');
    HULL_ASSERT(strpbrk(address->host, "[]/") == NULL);
    HULL_ASSERT(address->port != NULL && address->port[0] != '\0');
    HULL_ASSERT(address->port[strspn(address->port, "0123456789")] == '\0');
}

static int check(struct hull_call *call, void *arg)
{
    static const char *const names[] = {"line.spec", "object.json"};
    const struct hull_strv *specs = arg;
    const struct plugin_dirs dirs = {.sockets = "/nonexistent", .specs = *specs};

    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        struct plugin_address address;
        const char *name = hull_printf(call, "%.*s", (int)strcspn(names[i], "."), names[i]);
        int rc = plugin_find(call, &dirs, name, &address);
        if (rc == 0)
            check_address(&address);
        else
            HULL_ASSERT(rc == -HULL_INVALID && strstr(hull_error(call), path_of(call, names[i])));
        hull_error_clear(call);
        HULL_ASSERT(unlink(path_of(call, names[i])) == 0);
    }
    return 0;
}

static void put(const char *name, const uint8_t *data, size_t size)
{
    char path[sizeof(folder) + 32];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    HULL_ASSERT(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hull_core_options options = {.stall_ms = 60000};
    const char *folders[] = {folder};
    struct hull_strv specs = {1, folders};

    memset(folder + sizeof(folder) - 7, 'X', 6);
    HULL_ASSERT(mkdtemp(folder) != NULL);
    put("line.spec", data, size);
    put("object.json", data, size);
    HULL_ASSERT(hull_core_run(&options, check, &specs) == 0);
    HULL_ASSERT(rmdir(folder) == 0);
    return 0;
}
