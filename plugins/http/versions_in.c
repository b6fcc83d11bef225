/*
 * versions_in.c: requests of older versions of the API, see versions.c.
 */
#include "http.h"

#include <string.h>

#include "container.h"
#include "exec.h"
#include "image.h"
#include "network.h"
#include "volume.h"

/* --- containers/create ----------------------------------------------------------------------- */

static int need(struct hull_call *call, const char *what, int since)
{
    return hull_fail(call, HULL_INVALID, "%s needs API v1.%d or newer", what, since - 1000);
}

/* Options of another type than the mount's own were not looked at. */
static void drop_foreign_options(struct mount_spec *mount)
{
    if (strcmp(mount->type, "volume") != 0)
        mount->volume_options = NULL;
    if (strcmp(mount->type, "tmpfs") != 0)
        mount->tmpfs_options = NULL;
    if (mount->bind_options)
        mount->bind_options->create_mountpoint = false;
}

static int refuse_foreign_options(struct hull_call *call, const struct mount_spec *mount)
{
    const struct {
        const void *options;
        const char *name, *type;
    } rows[] = {{mount->volume_options, "VolumeOptions", "volume"},
                {mount->bind_options, "BindOptions", "bind"},
                {mount->tmpfs_options, "TmpfsOptions", "tmpfs"}};

    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        if (rows[i].options && strcmp(mount->type, rows[i].type) != 0)
            return hull_fail(call, HULL_INVALID, "%s must not be specified on mount type \"%s\"",
                             rows[i].name, mount->type);
    }
    return 0;
}

/* What is read-only was so without what is mounted below it. */
static int old_read_only(struct hull_call *call, struct mount_spec *mount)
{
    if (strcmp(mount->type, "bind") != 0)
        return 0;
    if (mount->bind_options && mount->bind_options->read_only_force_recursive)
        return need(call, "BindOptions.ReadOnlyForceRecursive", 1044);
    if (!mount->read_only)
        return 0;
    if (!mount->bind_options)
        mount->bind_options = HULL_NEW(hull_call_arena(call), struct mount_bind_options);
    mount->bind_options->read_only_non_recursive = true;
    return 0;
}

static int adapt_mount(struct hull_call *call, int version, struct mount_spec *mount)
{
    int rc = 0;

    if (!mount->type)
        mount->type = "";
    if (version < 1040 && mount->bind_options)
        mount->bind_options->non_recursive = false;
    if (version < 1042)
        drop_foreign_options(mount);
    else
        rc = refuse_foreign_options(call, mount);
    if (rc == 0 && version < 1044)
        rc = old_read_only(call, mount);
    if (rc == 0 && version < 1045 && mount->volume_options && mount->volume_options->subpath &&
        *mount->volume_options->subpath)
        rc = need(call, "VolumeOptions.Subpath", 1045);
    if (version < 1046 && mount->tmpfs_options)
        mount->tmpfs_options->options = NULL;
    if (rc == 0 && version < 1048 && (strcmp(mount->type, "image") == 0 || mount->image_options))
        rc = need(call, "a mount of type \"image\"", 1048);
    return rc;
}

static void adapt_host(int version, struct host_config *host)
{
    if (version < 1025)
        host->auto_remove = false;
    if (version < 1040 && (!host->ipc_mode || !*host->ipc_mode))
        host->ipc_mode = "shareable";
    if (version < 1042)
        host->console_size.n = 0;
    if (version < 1043)
        host->annotations.n = 0;
}

static int adapt_endpoints(struct hull_call *call, int version,
                           struct container_create_request *request)
{
    struct networking_config *networking = request->networking_config;
    const char *mac = request->config.mac_address;
    struct hull_text names = HULL_TEXT(hull_call_arena(call));

    for (size_t i = 0; networking && i < networking->endpoints_config.n; i++) {
        struct endpoint_settings *endpoint = &networking->endpoints_config.v[i];
        if (version < 1044 && (!mac || !*mac))
            endpoint->mac_address = NULL;
        if (version < 1048)
            endpoint->gw_priority = 0;
        hull_text_printf(&names, "%s%s", i ? ", " : "", networking->endpoints_config.keys[i]);
    }
    if (version < 1044 && networking && networking->endpoints_config.n > 1)
        return hull_fail(call, HULL_INVALID,
                         "Container cannot be created with multiple network endpoints: %s",
                         names.data);
    return 0;
}

static int create(struct hull_call *call, int version, void *message)
{
    struct container_create_request *request = message;
    struct host_config *host = &request->host_config;
    int rc = adapt_endpoints(call, version, request);

    adapt_host(version, host);
    request->flat_read_only = version < 1044;
    for (size_t i = 0; rc == 0 && i < host->mounts.n; i++)
        rc = adapt_mount(call, version, &host->mounts.v[i]);
    if (version < 1041)
        request->platform = NULL;
    if (version < 1044 && request->config.healthcheck)
        request->config.healthcheck->start_interval = 0;
    return rc;
}

/* --- the others ------------------------------------------------------------------------------ */

static int stop(struct hull_call *call, int version, void *message)
{
    struct container_stop_request *request = message;

    (void)call;
    if (version < 1042)
        request->signal = NULL;
    return 0;
}

static int wait(struct hull_call *call, int version, void *message)
{
    struct container_wait_request *request = message;

    (void)call;
    if (version < 1030)
        request->condition = NULL;
    return 0;
}

static int stats(struct hull_call *call, int version, void *message)
{
    struct container_stats_request *request = message;

    (void)call;
    if (version < 1041)
        request->one_shot = false;
    return 0;
}

static int update(struct hull_call *call, int version, void *message)
{
    struct container_update_request *request = message;

    (void)call;
    if (version < 1040)
        request->resources.pids_limit.set = false;
    return 0;
}

static int exec_size(struct hull_call *call, int version, void *message)
{
    struct exec_start_request *request = message;

    (void)call;
    if (version < 1042)
        request->console_size.n = 0;
    return 0;
}

static int exec_made(struct hull_call *call, int version, void *message)
{
    struct exec_create_request *request = message;

    (void)call;
    if (version < 1042)
        request->console_size.n = 0;
    return 0;
}

/* All that nothing uses, not only those without a name. */
static int prune_volumes(struct hull_call *call, int version, void *message)
{
    struct prune_request *request = message;
    struct hull_strv *all;

    if (version >= 1042)
        return 0;
    all = HULL_MSGMAP_FIND(&request->filters, "all");
    if (!all)
        all = HULL_MSGMAP_ADD(hull_call_arena(call), &request->filters, "all");
    all->n = 0;
    hull_strv_add(hull_call_arena(call), all, "true");
    return 0;
}

static int image_ref(struct hull_call *call, int version, void *message)
{
    struct image_ref *request = message;

    (void)call;
    if (version < 1048)
        request->manifests = false;
    if (version < 1049)
        request->platform = NULL;
    return 0;
}

static int history(struct hull_call *call, int version, void *message)
{
    struct image_ref *request = message;

    (void)call;
    if (version < 1048)
        request->platform = NULL;
    return 0;
}

static int load(struct hull_call *call, int version, void *message)
{
    struct image_load_request *request = message;

    (void)call;
    if (version < 1048)
        request->platform.n = 0;
    return 0;
}

static int save(struct hull_call *call, int version, void *message)
{
    struct image_save_request *request = message;

    (void)call;
    if (version < 1048)
        request->platform.n = 0;
    return 0;
}

static int remove_image(struct hull_call *call, int version, void *message)
{
    struct image_remove_request *request = message;

    (void)call;
    if (version < 1050)
        request->platforms.n = 0;
    return 0;
}

static int network_made(struct hull_call *call, int version, void *message)
{
    struct network_create_request *request = message;

    (void)call;
    if (version < 1048)
        request->enable_ipv4.set = false;
    return 0;
}

static int connect_network(struct hull_call *call, int version, void *message)
{
    struct container_connect_request *request = message;

    (void)call;
    if (version < 1044 && request->endpoint_config)
        request->endpoint_config->mac_address = NULL;
    if (version < 1048 && request->endpoint_config)
        request->endpoint_config->gw_priority = 0;
    return 0;
}

static const struct {
    const struct hull_method *method;
    int (*adapt)(struct hull_call *call, int version, void *message);
} table[] = {
    {&container_create_method, create},
    {&container_stop_method, stop},
    {&container_restart_method, stop},
    {&container_wait_method, wait},
    {&container_stats_method, stats},
    {&container_update_method, update},
    {&container_connect_method, connect_network},
    {&exec_create_method, exec_made},
    {&exec_start_method, exec_size},
    {&volume_prune_method, prune_volumes},
    {&image_inspect_method, image_ref},
    {&image_history_method, history},
    {&image_load_method, load},
    {&image_save_method, save},
    {&image_remove_method, remove_image},
    {&network_create_method, network_made},
};

int http_version_request(struct hull_call *call, const struct http_request *request, void *message)
{
    for (size_t i = 0; i < HULL_COUNT(table); i++) {
        if (table[i].method == request->route->method)
            return table[i].adapt(call, request->version, message);
    }
    return 0;
}
