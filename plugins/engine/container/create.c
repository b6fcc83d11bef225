/*
 * create.c: a new container: its name is taken first, its document committed last.
 */
#include "ct.h"

#include "api/config.h"
#include "events.h"
#include "failpoint.h"
#include "ids.h"
#include "image.h"
#include "instance.h"
#include "links.h"
#include "names.h"
#include "network.h"
#include "runtime.h"
#include "runtimes.h"
#include "storage.h"
#include "tokens.h"
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool given(const char *text)
{
    return text && *text != '\0';
}

/* --- pieces ----------------------------------------------------------------------------------- */

static void unregister(struct hull_call *call, void *ct)
{
    (void)call;
    ct_unregister(ct);
}

/* Take the name that was asked for, or a made-up one that is free. */
static int take_name(struct hull_call *call, struct ct *ct, const char *wanted)
{
    int rc;

    if (given(wanted)) {
        if (wanted[0] == '/')
            wanted++;
        if (!name_valid(wanted))
            return hull_fail(call, HULL_INVALID,
                             "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
                             "allowed",
                             wanted);
        ct->doc.name = hull_arena_strdup(ct->arena, wanted);
    } else {
        for (unsigned attempt = 0; !ct->doc.name || ct_name_taken(ct->doc.name); attempt++)
            ct->doc.name = name_random(ct->arena, attempt);
    }
    rc = ct_register(call, ct);
    if (rc == 0)
        hull_undo(call, unregister, ct);
    return rc;
}

static int resolve_image(struct hull_call *call, const struct container_create_request *request,
                         struct image_resolve_reply *ret)
{
    const struct image_ref ref = {.name = request->config.image, .platform = request->platform};
    struct image_storage_reply storage;
    int rc;

    if (given(ref.name))
        return image_resolve(call, NULL, &ref, ret);
    memset(ret, 0, sizeof(*ret));
    rc = image_storage(call, NULL, &(struct hull_empty){0}, &storage);
    ret->storage = storage.port;
    ret->os = "linux";
    return rc;
}

static int find_runtime(struct hull_call *call, struct ct_doc *doc)
{
    struct runtime_create_request unused = {0};

    return runtime_find(call, doc->host_config.runtime, &doc->runtime, &unused);
}

/* Several daemons on a host must not share a cgroup: the parent follows from the data folder. */
static const char *cgroup_parent(struct hull_call *call, const struct host_config *host)
{
    const struct daemon_config *daemon = daemon_config();
    const char *suffix = instance_suffix();

    if (given(host->resources.cgroup_parent))
        return host->resources.cgroup_parent;
    if (given(daemon->cgroup_parent))
        return daemon->cgroup_parent;
    return hull_printf(call, *suffix ? "/hull-%s" : "/hull%s", suffix);
}

static int check_cgroup_parent(struct hull_call *call, const char *parent)
{
    if (strstr(parent, "..") || strchr(parent, '\n') || strlen(parent) > 1024)
        return hull_fail(call, HULL_INVALID, "invalid cgroup parent: %s", parent);
    return 0;
}

static void split_command(struct hull_call *call, struct ct_doc *doc)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct hull_strv *parts[] = {&doc->config.entrypoint, &doc->config.cmd};

    doc->args.v = HULL_NEW_ARRAY(arena, const char *, 1);
    for (size_t p = 0; p < HULL_COUNT(parts); p++) {
        for (size_t i = 0; i < parts[p]->n; i++) {
            if (!doc->path)
                doc->path = parts[p]->v[i];
            else
                hull_strv_add(arena, &doc->args, parts[p]->v[i]);
        }
    }
}

/* Names by which containers find each other; they get into answers and files. */
int ct_check_endpoint(struct hull_call *call, const struct endpoint_settings *settings)
{
    for (size_t i = 0; settings && i < settings->aliases.n; i++)
        if (!token_domain(settings->aliases.v[i]))
            return hull_fail(call, HULL_INVALID, "invalid network alias: \"%s\"",
                             settings->aliases.v[i]);
    for (size_t i = 0; settings && i < settings->links.n; i++) {
        const char *link = settings->links.v[i], *colon = strchr(link, ':');
        size_t length = colon ? (size_t)(colon - link) : strlen(link);

        if (!token_domain(hull_arena_strndup(hull_call_arena(call), link, length)) ||
            (colon && !token_domain(colon + 1)))
            return hull_fail(call, HULL_INVALID, "bad format for links: %s", link);
    }
    return 0;
}

/* --link is about the network of NetworkMode, when that is of one's own making. */
static int take_links(struct hull_call *call, struct ct_doc *doc)
{
    struct endpoint_settings *settings =
        HULL_MSGMAP_FIND(&doc->networks, doc->host_config.network_mode);
    int rc = 0;

    if (settings && strcmp(doc->host_config.network_mode, "bridge") == 0)
        settings->links = (struct hull_strv){0}; /* links.c has them */
    else if (settings && settings->links.n == 0)
        settings->links = doc->host_config.links;
    for (size_t i = 0; i < doc->networks.n && rc == 0; i++)
        rc = ct_check_endpoint(call, &doc->networks.v[i]);
    return rc;
}

/* What can't be in a network of the host as it is now is said before the container is made. */
static int check_networks(struct hull_call *call, const struct ct_doc *doc)
{
    struct network_check_request request = {};
    struct hull_empty done;

    for (size_t i = 0; i < doc->networks.n; i++) {
        const struct endpoint_settings *settings = &doc->networks.v[i];

        if (settings->ipam_config || settings->aliases.n + settings->driver_opts.n > 0)
            *HULL_MSGMAP_ADD(hull_call_arena(call), &request.networks, doc->networks.keys[i]) =
                *settings;
    }
    return request.networks.n > 0 ? network_check(call, NULL, &request, &done) : 0;
}

/* The network of NetworkMode, and those of NetworkingConfig, "default" being the bridge. */
static int choose_networks(struct hull_call *call, const struct container_create_request *request,
                           struct ct_doc *doc)
{
    struct hull_arena *arena = hull_call_arena(call);
    const char *mode = doc->host_config.network_mode;
    bool shared = ct_mode_other(mode) != NULL;

    doc->networks.keys = HULL_NEW_ARRAY(arena, const char *, 1);
    doc->networks.v = HULL_NEW(arena, struct endpoint_settings);
    if (!shared)
        HULL_MSGMAP_ADD(arena, &doc->networks, mode);
    for (size_t i = 0;
         request->networking_config && i < request->networking_config->endpoints_config.n; i++) {
        const char *name = request->networking_config->endpoints_config.keys[i];
        struct endpoint_settings *settings;

        if (strcmp(name, "default") == 0)
            name = "bridge";
        if (shared)
            return hull_fail(call, HULL_INVALID,
                             "conflicting options: a container that shares a network namespace "
                             "can't be connected to a network");
        settings = HULL_MSGMAP_FIND(&doc->networks, name);
        if (!settings)
            settings = HULL_MSGMAP_ADD(arena, &doc->networks, name);
        *settings = request->networking_config->endpoints_config.v[i];
    }
    return take_links(call, doc);
}

/* Config.MacAddress is that of the endpoint in the first network, where newer clients put it. */
static int place_mac(struct hull_call *call, struct ct_doc *doc)
{
    const char *mac = doc->config.mac_address, *mode = doc->host_config.network_mode;
    struct endpoint_settings *first = HULL_MSGMAP_FIND(&doc->networks, mode);

    if ((given(mac) || (first && given(first->mac_address))) &&
        (ct_mode_other(mode) || strcmp(mode, "host") == 0))
        return hull_fail(call, HULL_INVALID,
                         "conflicting options: mac-address and the network mode");
    if (!given(mac))
        return 0;
    if (first && given(first->mac_address) && strcasecmp(first->mac_address, mac) != 0)
        return hull_fail(call, HULL_INVALID,
                         "the container-wide MAC address must match the endpoint-specific MAC "
                         "address for the main network, or be left empty");
    if (first)
        first->mac_address = mac;
    return 0;
}

static void default_identity(struct hull_call *call, struct ct_doc *doc)
{
    struct container_config *config = &doc->config;
    struct runtime_features_reply features;
    char name[256] = "localhost";

    if (!given(config->hostname)) {
        bool host = hull_streq(doc->host_config.network_mode, "host") ||
                    hull_streq(doc->host_config.uts_mode, "host");

        if (host)
            gethostname(name, sizeof(name) - 1);
        config->hostname =
            host ? hull_strdup(call, name) : id_short(hull_call_arena(call), doc->id);
    }
    if (!given(doc->host_config.cgroupns_mode)) {
        const char *configured = daemon_config()->default_cgroupns_mode;
        int rc = runtime_features(call, doc->runtime, &(struct hull_empty){0}, &features);

        doc->host_config.cgroupns_mode = given(configured) ? configured
                                         : rc == 0 && hull_streq(features.cgroup_version, "2")
                                             ? "private"
                                             : "host";
    }
}

static int check_realtime(struct hull_call *call, const struct ct_doc *doc)
{
    const struct resources *r = &doc->host_config.resources;
    struct runtime_features_reply features;

    if (r->cpu_realtime_period == 0 && r->cpu_realtime_runtime == 0)
        return 0;
    if (r->cpu_realtime_period != 0 && r->cpu_realtime_runtime > r->cpu_realtime_period)
        return hull_fail(call, HULL_INVALID,
                         "CPU real-time runtime cannot be higher than CPU real-time period");
    int rc = runtime_features(call, doc->runtime, &(struct hull_empty){0}, &features);
    if (rc == 0 && !features.cpu_realtime)
        rc = hull_fail(call, HULL_INVALID, "Your kernel does not support CPU real-time scheduler");
    return rc;
}

/* What the host's cgroups can't do is left out at the start: the client hears of it. */
static void warn_of_features(struct hull_call *call, struct ct_doc *doc, struct hull_strv *warnings)
{
    struct resources *r = &doc->host_config.resources;
    struct runtime_features_reply features;

    if (r->kernel_memory != 0) /* Linux 5.4 gave it up; the API did with 1.42 */
        hull_strv_add(hull_call_arena(call), warnings,
                      "Your kernel does not support kernel memory limit capabilities or the cgroup "
                      "is not mounted. Limitation discarded.");
    r->kernel_memory = 0;
    if (runtime_features(call, doc->runtime, &(struct hull_empty){0}, &features) < 0) {
        hull_error_clear(call);
        return;
    }
    const struct {
        bool wanted, able;
        const char *text;
    } limits[] = {
        {r->memory > 0, features.memory_limit,
         "Your kernel does not support memory limit capabilities or the cgroup is not mounted. "
         "Limitation discarded."},
        {r->memory > 0 && r->memory_swap != -1, features.swap_limit,
         "Your kernel does not support swap limit capabilities or the cgroup is not mounted. "
         "Memory limited without swap."},
        {r->oom_kill_disable, features.oom_kill_disable,
         "Your kernel does not support OomKillDisable. OomKillDisable discarded."},
        {r->oom_kill_disable && features.oom_kill_disable, r->memory > 0,
         "OOM killer is disabled for the container, but no memory limit is set, this can result in "
         "the system running out of resources."},
        {r->memory_swappiness.set && r->memory_swappiness.value != -1, features.swappiness,
         "Your kernel does not support memory swappiness capabilities or the cgroup is not "
         "mounted. Memory swappiness discarded."},
        {r->pids_limit.set, features.pids_limit,
         "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs "
         "limit discarded."},
        {r->cpu_shares > 0, features.cpu_shares,
         "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded."},
        {r->cpu_quota > 0 || r->nano_cpus > 0, features.cpu_cfs_quota,
         "Your kernel does not support CPU CFS quota or the cgroup is not mounted. Quota "
         "discarded."},
        {r->cpuset_cpus && *r->cpuset_cpus, features.cpuset,
         "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded."},
        {r->blkio_weight > 0, features.blkio_weight,
         "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight "
         "discarded."},
        {r->blkio_weight_device.n > 0, features.blkio_weight_device,
         "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. "
         "Weight-device discarded."},
    };

    for (size_t i = 0; i < HULL_COUNT(limits); i++)
        if (limits[i].wanted && !limits[i].able)
            hull_strv_add(hull_call_arena(call), warnings, limits[i].text);
    if (!features.blkio_weight)
        r->blkio_weight = 0;
    if (!features.blkio_weight_device)
        r->blkio_weight_device.n = 0;
}

/* Where nobody may turn it on, a container on a network gets no further than the host. */
static void warn_of_forwarding(struct hull_call *call, const struct host_config *host,
                               struct hull_strv *warnings)
{
    const struct hull_opt_bool *forward = &daemon_config()->ip_forward;
    const char *mode = host->network_mode;
    char now = '1';
    if (!forward->set || forward->value || hull_streq(mode, "host") || hull_streq(mode, "none") ||
        (mode != NULL && strncmp(mode, "container:", strlen("container:")) == 0))
        return;
    HULL_AUTO_FD fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, &now, 1) == 1 && now == '0')
        hull_strv_add(hull_call_arena(call), warnings,
                      "IPv4 forwarding is disabled. Networking will not work.");
}

/* --- the document ----------------------------------------------------------------------------- */

static int make_doc(struct hull_call *call, const struct container_create_request *request,
                    const struct image_resolve_reply *image, struct ct_doc *doc)
{
    int rc;

    doc->config = request->config;
    doc->host_config = request->host_config;
    doc->image_id = image->id;
    doc->chain = image->chain;
    doc->storage = image->storage;
    doc->os = given(image->os) ? image->os : "linux";
    rc = ct_merge_image(call, &doc->config, &image->config);
    if (rc < 0)
        return rc;
    ct_default_host(call, &doc->host_config);
    rc = find_runtime(call, doc);
    if (rc == 0)
        rc = check_realtime(call, doc);
    if (rc == 0)
        rc = choose_networks(call, request, doc);
    if (rc == 0)
        rc = place_mac(call, doc);
    if (rc == 0)
        rc = check_networks(call, doc);
    if (rc == 0)
        rc = links_resolve(call, doc);
    if (rc < 0)
        return rc;
    default_identity(call, doc);
    split_command(call, doc);
    doc->cgroups_path = hull_printf(call, "%s/%s", cgroup_parent(call, &doc->host_config), doc->id);
    rc = check_cgroup_parent(call, doc->cgroups_path);
    if (rc == 0)
        rc = ct_make_mounts(call, doc, request->flat_read_only);
    return rc;
}

static void remove_storage(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    const struct storage_container request = {.id = ct->doc.id};
    struct hull_empty reply;
    int rc = storage_remove(call, ct->doc.storage, &request, &reply);

    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "storage left behind", "container", ct->doc.id, "error",
                 hull_error(call), NULL);
}

static void remove_dir(struct hull_call *call, void *dir)
{
    (void)call;
    rmdir(dir);
}

static void forget(struct hull_call *call, void *ct)
{
    if (ct_forget(call, ct) < 0)
        hull_log(call, HULL_LOG_WARN, "document left behind", "error", hull_error(call), NULL);
}

static int make_dir(struct hull_call *call, struct ct *ct)
{
    char *dir = ct_dir(hull_call_arena(call), ct->doc.id);
    char *parent = hull_printf(call, "%s/containers", daemon_config()->data_root);

    if (mkdir(parent, 0700) < 0 && errno != EEXIST)
        return hull_fail_errno(call, errno, "creating %s", parent);
    if (mkdir(dir, 0700) < 0)
        return hull_fail_errno(call, errno, "creating %s", dir);
    hull_undo(call, remove_dir, dir);
    return 0;
}

/* What lies outside of us: intent first, volumes, folder and writable layer, then it exists. */
static int make_real(struct hull_call *call, struct ct *ct)
{
    struct storage_container request = {.id = ct->doc.id, .chain = ct->doc.chain};
    const char *size = hull_map_find(&ct->doc.host_config.storage_opt, "size");
    struct hull_empty reply;
    int rc = ct_save(call, ct, "create", false);

    if (rc < 0)
        return rc;
    hull_undo(call, forget, ct);
    FAILPOINT(container_create_intent);
    rc = ct_make_volumes(call, ct);
    FAILPOINT(container_create_volumes);
    if (rc == 0)
        rc = make_dir(call, ct);
    if (rc < 0)
        return rc;
    FAILPOINT(container_create_folder);
    if (size)
        (void)!token_size(size, &request.size); /* was looked at */
    rc = storage_create(call, ct->doc.storage, &request, &reply);
    if (rc < 0)
        return hull_wrap(call, rc, "container %s", ct->doc.name);
    hull_undo(call, remove_storage, ct);
    FAILPOINT(container_create_storage);
    rc = ct_fill_volumes(call, ct);
    FAILPOINT(container_create_filled);
    if (rc < 0)
        return rc;
    ct->state = CT_CREATED;
    rc = ct_save(call, ct, NULL, ct_is_kept(ct));
    FAILPOINT(container_create_commit);
    if (rc < 0)
        ct->state = CT_CREATING;
    return rc;
}

int ct_handle_create(struct hull_call *call, const struct container_create_request *request,
                     struct container_create_reply *ret)
{
    struct image_resolve_reply image;
    struct ct_doc doc = {0};
    struct ct *ct;
    int rc = ct_validate(call, &request->config, &request->host_config, &ret->warnings);

    if (rc < 0)
        return rc;
    ct = ct_new();
    hull_defer(call, ct_unref_cleanup, ct);
    /* It is found as soon as its state says so, and that is before it is written down. */
    rc = hull_lock(call, &ct->lock);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &ct->lock);
    ct->doc.id = id_new(ct->arena);
    ct->doc.created_ns = hull_time_ns();
    rc = take_name(call, ct, request->name);
    if (rc == 0)
        rc = resolve_image(call, request, &image);
    if (rc < 0)
        return rc;
    doc.id = ct->doc.id;
    doc.name = ct->doc.name;
    doc.created_ns = ct->doc.created_ns;
    doc.started_ns = doc.finished_ns = TIME_NEVER;
    rc = make_doc(call, request, &image, &doc);
    if (rc < 0)
        return rc;
    rc = userns_reserve(call, ct, &doc.host_config, &doc);
    if (rc < 0)
        return rc;
    warn_of_features(call, &doc, &ret->warnings);
    warn_of_forwarding(call, &doc.host_config, &ret->warnings);
    ct_copy_doc(ct, &doc);
    rc = make_real(call, ct);
    if (rc < 0)
        return rc;
    hull_commit(call);
    ct_event(call, ct, "create", NULL);
    ret->id = hull_strdup(call, ct->doc.id);
    if (!ret->warnings.v)
        ret->warnings.v = HULL_NEW_ARRAY(hull_call_arena(call), const char *, 1);
    return 0;
}
