/*
 * inspect.c: a container in full; what exec needs of it; and its name.
 */
#include "summary.h"

#include "api/config.h"
#include "caps.h"
#include "exec.h"
#include "failpoint.h"
#include "image.h"
#include "links.h"
#include "names.h"
#include "network.h"
#include "spec.h"
#include "storage.h"
#include "timefmt.h"

#include <stdio.h>
#include <string.h>

static void make_state(struct hull_arena *arena, const struct ct *ct, struct container_state *ret)
{
    const struct ct_doc *doc = &ct->doc;

    *ret = (struct container_state){
        .status = ct_state_name(ct->state),
        .running = ct_is_running(ct) || ct->state == CT_RESTARTING,
        .paused = ct->state == CT_PAUSED,
        .restarting = ct->state == CT_RESTARTING,
        .oom_killed = doc->oom_killed,
        .dead = ct->state == CT_DEAD,
        .pid = ct_is_running(ct) ? doc->pid : 0, /* a start has one before it runs */
        .exit_code = doc->exit_code,
        .error = doc->error ? doc->error : "",
        .started_at = time_format(arena, doc->started_ns),
        .finished_at = time_format(arena, doc->finished_ns),
        .health = ct->health,
    };
}

static void make_network(struct hull_arena *arena, const struct ct *ct,
                         struct network_settings *ret)
{
    const char **texts[] = {&ret->bridge,  &ret->sandbox_id, &ret->sandbox_key, &ret->endpoint_id,
                            &ret->gateway, &ret->ip_address, &ret->mac_address};

    summary_networks(ct, ret);
    /* What "nsenter --net=" takes; it goes with the container's first process. */
    if (ct_is_running(ct) && ret->sandbox_id != NULL && *ret->sandbox_id != '\0')
        ret->sandbox_key = hull_arena_printf(arena, "/proc/%d/ns/net", (int)ct->doc.pid);
    for (size_t i = 0; i < HULL_COUNT(texts); i++)
        if (!*texts[i])
            *texts[i] = "";
    if (!ret->ports.v) {
        ret->ports.keys = HULL_NEW_ARRAY(arena, const char *, 1);
        ret->ports.v = HULL_NEW(arena, struct port_binding_list);
    }
}

static void make_paths(struct hull_call *call, const struct ct *ct,
                       struct container_inspect_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    bool made = ct->doc.started_ns != TIME_NEVER;
    const char *dir = made ? ct_files_dir(call, ct) : NULL;

    ret->resolv_conf_path = dir ? hull_arena_printf(arena, "%s/resolv.conf", dir) : "";
    ret->hostname_path = dir ? hull_arena_printf(arena, "%s/hostname", dir) : "";
    ret->hosts_path = dir ? hull_arena_printf(arena, "%s/hosts", dir) : "";
    ret->log_path = made && hull_streq(ct->doc.host_config.log_config.type, "json-file")
                        ? ct_log_path(arena, ct->doc.id)
                        : "";
}

/* Everything that is known without asking; a copy. */
static void make_reply(struct hull_call *call, struct ct *ct, struct container_inspect_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct ct_doc *doc = &ct->doc;
    struct container_state state;
    struct container_inspect_reply own = {
        .id = doc->id,
        .created = time_format(arena, doc->created_ns),
        .path = doc->path,
        .args = doc->args,
        .state = &state,
        .image = doc->image_id,
        .name = hull_arena_printf(arena, "/%s", doc->name),
        .restart_count = doc->restart_count,
        .platform = doc->os,
        .mount_label = "",
        .process_label = "",
        .app_armor_profile = "",
        .host_config = doc->host_config,
        .config = doc->config,
    };

    links_show(arena, doc, &own.host_config.links);
    make_state(arena, ct, &state);
    make_paths(call, ct, &own);
    own.mounts.v = HULL_NEW(arena, struct mount_point);
    for (size_t i = 0; i < doc->mounts.n; i++)
        *HULL_LIST_ADD(arena, &own.mounts) = doc->mounts.v[i].point;
    make_network(arena, ct, &own.network_settings);
    hull_message_copy(arena, &container_inspect_reply_message, &own, ret);
}

/* What docker calls the storage driver. A data root keeps its driver, so it is asked for once. */
static int driver_name(struct hull_call *call, const char **ret)
{
    static char name[32];
    struct image_storage_reply storage;
    int rc = 0;

    if (name[0] == '\0') {
        rc = image_storage(call, NULL, &(struct hull_empty){0}, &storage);
        if (rc == 0)
            snprintf(name, sizeof(name), "%s", storage.name);
    }
    *ret = name;
    return rc;
}

int ct_image_size(struct hull_call *call, const struct ct *ct, int64_t *ret)
{
    const char *storage = hull_strdup(call, ct->doc.storage);
    int rc = 0;

    *ret = 0;
    for (size_t i = 0; rc == 0 && i < ct->doc.chain.n; i++) {
        const struct storage_layer request = {.chain_id = hull_strdup(call, ct->doc.chain.v[i])};
        struct storage_layer layer;

        rc = storage_layer_stat(call, storage, &request, &layer);
        *ret += rc == 0 ? layer.size : 0;
    }
    return rc;
}

static int add_storage(struct hull_call *call, struct ct *ct, bool size,
                       struct container_inspect_reply *ret)
{
    const struct storage_container request = {.id = ret->id, .chain = ct->doc.chain};
    struct storage_mount_reply described;
    struct storage_usage_reply usage;
    int64_t below;
    int rc = driver_name(call, &ret->driver);

    if (rc < 0)
        return rc;
    ret->graph_driver = HULL_NEW(hull_call_arena(call), struct driver_data);
    ret->graph_driver->name = ret->driver;
    rc = storage_describe(call, ct->doc.storage, &request, &described);
    if (rc < 0)
        return rc;
    ret->graph_driver->data = described.data;
    if (!size)
        return 0;
    rc = storage_usage(call, ct->doc.storage, &request, &usage);
    if (rc == 0)
        rc = ct_image_size(call, ct, &below);
    if (rc < 0)
        return rc;
    ret->size_rw = (struct hull_opt_int){true, usage.size};
    ret->size_rootfs = (struct hull_opt_int){true, usage.size + below};
    return 0;
}

int ct_handle_inspect(struct hull_call *call, const struct container_inspect_request *request,
                      struct container_inspect_reply *ret)
{
    struct exec_list_reply execs;
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    make_reply(call, ct, ret);
    if (ct_is_running(ct)) {
        const struct container_ref ref = {.id = ct->doc.id};

        rc = exec_list(call, NULL, &ref, &execs);
        if (rc == 0)
            ret->exec_ids = execs.ids;
        else if (rc != -HULL_NOT_SUPPORTED)
            return rc;
    }
    rc = add_storage(call, ct, request->size, ret);
    /* Removed while we looked. */
    if (rc == -HULL_NOT_FOUND && ct->state == CT_GONE)
        return hull_fail(call, HULL_NOT_FOUND, "No such container: %s", request->id);
    return rc;
}

int ct_handle_lookup(struct hull_call *call, const struct container_ref *request,
                     struct container_lookup_reply *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct hull_strv none = {0};
    struct container_lookup_reply found = {0};
    struct ct *ct;
    int rc = ct_find(call, request->id, &ct);

    if (rc < 0)
        return rc;
    found.id = ct->doc.id;
    found.name = ct->doc.name;
    found.runtime = ct->doc.runtime;
    found.config = ct->doc.config;
    found.host_config = ct->doc.host_config;
    make_state(arena, ct, &found.state);
    spec_process(arena, &ct->doc, &found.process);
    links_env(call, &ct->doc, &found.process.env);
    caps_make(arena, true, &none, &none, &found.all_capabilities);
    rc = spec_seccomp(call, &ct->doc.host_config, &found.seccomp_mode, &found.seccomp);
    if (rc == 0)
        hull_message_copy(arena, &container_lookup_reply_message, &found, ret);
    return rc;
}

/* It has the new name by now: should this fail, names are right again after the next start. */
static void tell_networks(struct hull_call *call, const struct ct *ct)
{
    const struct network_rename_request request = {ct->doc.id, ct->doc.name};
    struct hull_empty reply;

    if (network_rename(call, NULL, &request, &reply) == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "the new name is not known in networks", "container", ct->doc.id,
             "error", hull_error(call), NULL);
    hull_error_clear(call);
}

int ct_handle_rename(struct hull_call *call, const struct container_rename_request *request,
                     struct hull_empty *ret)
{
    const char *name = request->name, *old;
    struct ct *ct;
    int rc;

    (void)ret;
    if (!name || !*name)
        return hull_fail(call, HULL_INVALID, "Neither old nor new names may be empty");
    name += *name == '/';
    rc = ct_find_locked(call, request->id, &ct);
    if (rc < 0)
        return rc;
    if (!name_valid(name))
        return hull_fail(call, HULL_INVALID,
                         "Error when allocating new name: Invalid container name (/%s), only "
                         "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                         name);
    old = ct->doc.name;
    if (strcmp(name, old) == 0)
        return hull_fail(call, HULL_INVALID,
                         "Renaming a container with the same name as its current name");
    rc = ct_reregister(call, ct, hull_arena_strdup(ct->arena, name));
    if (rc < 0)
        return hull_wrap(call, rc, "Error when allocating new name");
    rc = ct_save(call, ct, NULL, true);
    if (rc < 0) {
        if (ct_reregister(call, ct, old) < 0)
            hull_log(call, HULL_LOG_WARN, "the old name is taken", "container", ct->doc.id, NULL);
        return rc;
    }
    FAILPOINT(container_rename_commit);
    tell_networks(call, ct);
    ct_event(call, ct, "rename", "oldName", hull_printf(call, "/%s", old), NULL);
    return 0;
}
