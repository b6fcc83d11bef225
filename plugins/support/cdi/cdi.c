/*
 * cdi: devices by the names that their vendors gave them.
 *
 * A vendor's installer puts a file into /etc/cdi or /var/run/cdi: a kind ("vendor.com/class"),
 * its devices, and for each what a container needs to use it. The files are read anew for each
 * request: they are few and small, and change behind our back. A file that is wrong is logged and
 * left out; of two that have the same device, the one in /var/run/cdi wins. Hooks, programs that
 * the vendor wants run on the host with root's rights, are refused.
 */
#include "cdi.h"

#include <hull/hull.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "root.h"
#include "yaml_json.h"

#define FILE_MAX ((size_t)1024 * 1024)
#define FILES_MAX 256

static const char *const folders[] = {"/etc/cdi", "/var/run/cdi"};

/* The files that were read. */
struct specs {
    size_t n;
    struct cdi_spec v[FILES_MAX];
};

/* --- files ------------------------------------------------------------------------------------ */

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), wanted = strlen(end);

    return length > wanted && strcmp(name + length - wanted, end) == 0;
}

static int decode(struct hull_call *call, const char *name, const char *data, size_t size,
                  struct cdi_spec *ret)
{
    struct hull_problem problem = {0};
    struct hull_text json = HULL_TEXT(hull_call_arena(call));
    int rc;

    if (!ends_in(name, ".json")) {
        rc = yaml_to_json(&json, data, size, &problem);
        if (rc < 0)
            return hull_fail(call, HULL_INVALID, "%s", problem.text);
        data = json.data;
        size = json.length;
    }
    return json_decode_call(call, &cdi_spec_message, data, size, JSON_STRICT, ret);
}

static int load_file(struct hull_call *call, int dir_fd, const char *name, struct specs *specs)
{
    char *data = NULL;
    size_t size;
    int rc = root_read_file(dir_fd, name, FILE_MAX, &data, &size);

    if (rc < 0)
        return hull_fail_errno(call, -rc, "reading it");
    rc = decode(call, name, data, size, &specs->v[specs->n]);
    free(data);
    if (rc == 0)
        specs->n++;
    return rc;
}

static void load_folder(struct hull_call *call, const char *folder, struct specs *specs)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;

    while (stream && specs->n < FILES_MAX && (entry = readdir(stream))) {
        const char *name = entry->d_name;

        if (name[0] == '.' ||
            (!ends_in(name, ".json") && !ends_in(name, ".yaml") && !ends_in(name, ".yml")))
            continue;
        if (load_file(call, dirfd(stream), name, specs) == 0)
            continue;
        hull_log(call, HULL_LOG_WARN, "a CDI file is left out", "folder", folder, "file", name,
                 "error", hull_error(call), NULL);
        hull_error_clear(call);
    }
    if (stream)
        closedir(stream);
}

/* --- devices ---------------------------------------------------------------------------------- */

static const struct cdi_device *find(const struct specs *specs, const char *name,
                                     const struct cdi_spec **ret_spec)
{
    const char *equals = strchr(name, '=');

    for (size_t i = specs->n; equals && i-- > 0;) {
        const struct cdi_spec *spec = *ret_spec = &specs->v[i];

        if (strlen(spec->kind) != (size_t)(equals - name) ||
            strncmp(spec->kind, name, (size_t)(equals - name)) != 0)
            continue;
        for (size_t d = 0; d < spec->devices.n; d++)
            if (strcmp(spec->devices.v[d].name, equals + 1) == 0)
                return &spec->devices.v[d];
    }
    return NULL;
}

static int check_edits(struct hull_call *call, const char *name, const struct cdi_edits *edits)
{
    const struct {
        const char *what, *json;
    } refused[] = {{"hooks", edits->hooks},
                   {"intelRdt", edits->intel_rdt},
                   {"netDevices", edits->net_devices}};

    for (size_t i = 0; i < HULL_COUNT(refused); i++)
        if (refused[i].json && strcmp(refused[i].json, "[]") != 0 &&
            strcmp(refused[i].json, "{}") != 0 && strcmp(refused[i].json, "null") != 0)
            return hull_fail(call, HULL_NOT_SUPPORTED,
                             "CDI device %s: containerEdits.%s are not supported: remove them from "
                             "its file in /etc/cdi if the device works without",
                             name, refused[i].what);
    return 0;
}

static int add_edits(struct hull_call *call, const char *name, const struct cdi_edits *from,
                     struct cdi_edits *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    int rc = check_edits(call, name, from);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < from->env.n; i++)
        hull_strv_add(arena, &ret->env, from->env.v[i]);
    for (size_t i = 0; i < from->device_nodes.n; i++)
        *HULL_LIST_ADD(arena, &ret->device_nodes) = from->device_nodes.v[i];
    for (size_t i = 0; i < from->mounts.n; i++)
        *HULL_LIST_ADD(arena, &ret->mounts) = from->mounts.v[i];
    if (from->additional_gids.n > 0) {
        size_t n = ret->additional_gids.n + from->additional_gids.n;
        int64_t *all = HULL_NEW_ARRAY(arena, int64_t, n);

        if (ret->additional_gids.n > 0)
            memcpy(all, ret->additional_gids.v, ret->additional_gids.n * sizeof(*all));
        memcpy(all + ret->additional_gids.n, from->additional_gids.v,
               from->additional_gids.n * sizeof(*all));
        ret->additional_gids = (struct hull_ints){n, all};
    }
    return 0;
}

static int resolve(struct hull_call *call, const struct cdi_resolve_request *request,
                   struct cdi_edits *ret)
{
    struct specs *specs = HULL_NEW(hull_call_arena(call), struct specs);
    bool used[FILES_MAX] = {false};
    struct hull_text missing = HULL_TEXT(hull_call_arena(call));

    for (size_t i = 0; i < HULL_COUNT(folders); i++)
        load_folder(call, folders[i], specs);
    for (size_t i = 0; i < request->devices.n; i++) {
        const char *name = request->devices.v[i];
        const struct cdi_spec *spec;
        const struct cdi_device *device = find(specs, name, &spec);
        int rc = 0;

        if (!device) {
            hull_text_printf(&missing, "%s%s", missing.length > 0 ? ", " : "", name);
            continue;
        }
        if (!used[spec - specs->v])
            rc = add_edits(call, name, &spec->edits, ret);
        used[spec - specs->v] = true;
        if (rc == 0)
            rc = add_edits(call, name, &device->edits, ret);
        if (rc < 0)
            return rc;
    }
    if (missing.length > 0)
        return hull_fail(call, HULL_INVALID,
                         "CDI device injection failed: unresolvable CDI devices %s: no file in "
                         "/etc/cdi or /var/run/cdi has them",
                         missing.data);
    return 0;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(cdi, resolve, resolve),
    {0},
};

HULL_PLUGIN(support_cdi, .port = "support/cdi", .version = PACKAGE_VERSION, .handlers = handlers);
