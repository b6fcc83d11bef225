/*
 * start.c: from a document to a running process. Each step says how it is taken back; the steps
 * and their order are at the bottom, in steps().
 */
#include "ct.h"
#include "runtimes.h"

#include "api/config.h"
#include "bind_mode.h"
#include "bind_source.h"
#include "caps.h"
#include "cdi_apply.h"
#include "failpoint.h"
#include "files.h"
#include "gate.h"
#include "links.h"
#include "network.h"
#include "populate.h"
#include "root.h"
#include "runtime.h"
#include "spec.h"
#include "storage.h"
#include "tokens.h"
#include "userns.h"
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct start {
    struct ct *ct;
    struct runtime_create_request request;
    struct spec_input input;
    const char **sources;
    int rootfs_fd;
    int userns_fd; /* with the container's range, or -1; the call's */
};

/* --- taking back ------------------------------------------------------------------------------ */

/* Last of all undo steps: what the state is after a start that failed. */
static void record_failure(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    int rc;

    ct_drop_attachments(ct);
    ct->doc.pid = 0;
    ct_set_state(ct, ct->doc.started_ns == TIME_NEVER ? CT_CREATED : CT_EXITED);
    ct->exits++;
    hull_cond_broadcast(&ct->changed);
    if (ct->doc.host_config.auto_remove)
        rc = ct_remove(call, ct, true);
    else
        rc = ct_save(call, ct, NULL, false);
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "cleaning up a failed start", "container", ct->doc.id,
                 "error", hull_error(call), NULL);
}

static void leave(struct hull_call *call, void *arg)
{
    const struct network_leave_request request = {.container_id = ((struct ct *)arg)->doc.id};
    struct hull_empty reply;

    if (network_leave(call, NULL, &request, &reply) < 0)
        hull_log(call, HULL_LOG_WARN, "leaving networks", "error", hull_error(call), NULL);
}

static void delete_process(struct hull_call *call, void *arg)
{
    struct ct *ct = arg;
    const struct runtime_process_ref request = {.id = ct->doc.id};
    struct hull_empty reply;

    if (runtime_delete(call, ct->doc.runtime, &request, &reply) < 0)
        hull_log(call, HULL_LOG_WARN, "deleting the process", "error", hull_error(call), NULL);
}

static void remove_run_dir(struct hull_call *call, void *dir)
{
    (void)call;
    rmdir(dir);
}

static void unmount(struct hull_call *call, void *ct)
{
    ct_unmount_volumes(call, ct);
}

/* --- steps ------------------------------------------------------------------------------------ */

static int mount_rootfs(struct hull_call *call, struct start *start)
{
    const struct ct_doc *doc = &start->ct->doc;
    struct storage_container request = {.id = doc->id, .chain = doc->chain};
    struct storage_mount_reply reply;
    int rc = userns_open(call, doc, &start->userns_fd);

    userns_show(doc, start->userns_fd, &request);
    if (rc == 0)
        rc = storage_mount(call, doc->storage, &request, &reply);
    if (rc == 0)
        start->rootfs_fd = reply.mount_fd;
    return rc;
}

static int mount_volume(struct hull_call *call, struct start *start, struct ct_mount *mount,
                        const char **ret_source)
{
    struct ct *ct = start->ct;
    const struct volume_mount_request request = {.name = mount->point.name,
                                                 .id = ct_volume_use(ct, mount)};
    struct volume_mount_reply reply;
    int rc = volume_mount(call, NULL, &request, &reply);

    if (rc < 0)
        return rc;
    *ret_source = reply.path;
    if (mount->subpath)
        rc = populate_check_subpath(call, reply.path, mount->subpath);
    if (rc == 0)
        ct_volume_event(call, ct, mount, "mount");
    return rc;
}

static void close_image(struct hull_call *call, void *fd)
{
    (void)call;
    hull_fd_cleanup(fd);
}

/* Nobody sees the mount but the runtime, which finds it at a descriptor of ours. */
static int mount_image(struct hull_call *call, struct start *start, const struct ct_mount *mount,
                       const char **ret_source)
{
    const struct ct_doc *doc = &start->ct->doc;
    struct storage_container request = {.id = doc->id, .chain = mount->chain, .readonly = true};
    struct storage_mount_reply reply;
    int *fd = HULL_NEW(hull_call_arena(call), int);

    userns_show(doc, start->userns_fd, &request);
    int rc = storage_mount(call, doc->storage, &request, &reply);

    if (rc < 0)
        return hull_wrap(call, rc, "mounting image %s", mount->point.source);
    *fd = reply.mount_fd;
    hull_defer(call, close_image, fd);
    *ret_source = hull_printf(call, "/proc/%d/fd/%d", (int)getpid(), *fd);
    if (!mount->subpath)
        return 0;
    HULL_AUTO_FD inside = root_open(*fd, mount->subpath, O_PATH, 0);
    return inside >= 0 ? 0
                       : hull_fail(call, HULL_INVALID, "cannot access path %s in image %s: %s",
                                   mount->subpath, mount->point.source, strerror(-inside));
}

static int mount_volumes(struct hull_call *call, struct start *start)
{
    struct ct_doc *doc = &start->ct->doc;

    start->sources = HULL_NEW_ARRAY(hull_call_arena(call), const char *, doc->mounts.n + 1);
    start->input.sources = start->sources;
    hull_undo(call, unmount, start->ct);
    for (size_t i = 0; i < doc->mounts.n; i++) {
        struct ct_mount *mount = &doc->mounts.v[i];
        int rc = 0;

        start->sources[i] = mount->point.source;
        if (strcmp(mount->point.type, "volume") == 0)
            rc = mount_volume(call, start, mount, &start->sources[i]);
        else if (strcmp(mount->point.type, "image") == 0)
            rc = mount_image(call, start, mount, &start->sources[i]);
        else if (strcmp(mount->point.type, "bind") == 0)
            rc = bind_source_make(call, mount->point.source);
        if (rc == 0 && strcmp(mount->point.type, "bind") == 0)
            rc = bind_mode_check_host(call, mount->point.source, mount->point.propagation);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* "container:X": the path of X's namespace TYPE, for OWN. */
static int join_namespace(struct hull_call *call, const struct ct *own, const char *mode,
                          const char *type, const char **ret_path, const char **ret_shm)
{
    const char *name = ct_mode_other(mode);
    struct ct *other;
    int rc;

    if (!name)
        return 0;
    rc = ct_find(call, name, &other);
    if (rc < 0)
        return rc;
    if (other == own)
        return hull_fail(call, HULL_INVALID, "cannot join own %s namespace",
                         strcmp(type, "net") == 0 ? "network" : type);
    if (!ct_is_running(other))
        return hull_fail(call, HULL_CONFLICT,
                         "cannot join %s namespace of a non running container: %s",
                         strcmp(type, "net") == 0 ? "network" : type, other->doc.id);
    /* With the namespace of another process this fails, so that its files do no harm. */
    if (ret_shm)
        *ret_shm = hull_printf(call, "/proc/%lld/root/dev/shm", (long long)other->doc.pid);
    return ct_process_path(call, other, hull_printf(call, "ns/%s", type), ret_path);
}

/* Who shares a network has the name and the files of the container that it belongs to; that one may
 * have them of another. */
static int share_identity(struct hull_call *call, struct start *start)
{
    struct container_config *config = &start->ct->doc.config;
    const char *name = ct_mode_other(start->ct->doc.host_config.network_mode);
    struct ct *other;

    start->input.dir = ct_dir(hull_call_arena(call), start->ct->doc.id);
    if (!name)
        return 0;
    int rc = ct_find(call, name, &other);
    if (rc < 0)
        return rc;
    start->input.dir = ct_files_dir(call, other);
    if (!start->input.dir)
        return hull_fail(call, HULL_CONFLICT, "container %s shares the network of one that is gone",
                         other->doc.id);
    if (!hull_streq(config->hostname, other->doc.config.hostname))
        config->hostname = hull_arena_strdup(start->ct->arena, other->doc.config.hostname);
    if (!hull_streq(config->domainname, other->doc.config.domainname))
        config->domainname = hull_arena_strdup(
            start->ct->arena, other->doc.config.domainname ? other->doc.config.domainname : "");
    return 0;
}

/* A private /dev/shm and what belongs to it is for nobody else. */
static int check_ipc(struct hull_call *call, const char *mode)
{
    const char *name = ct_mode_other(mode);
    struct ct *other;

    if (!name)
        return 0;
    int rc = ct_find(call, name, &other);
    if (rc < 0)
        return rc;
    mode = other->doc.host_config.ipc_mode;
    if (hull_streq(mode, "shareable") || hull_streq(mode, "host") || ct_mode_other(mode))
        return 0;
    return hull_fail(call, HULL_INVALID,
                     "can't join IPC of container %s: non-shareable IPC (hint: use "
                     "IpcMode:shareable for the donor container)",
                     other->doc.id);
}

static int join_namespaces(struct hull_call *call, struct start *start)
{
    const struct host_config *host = &start->ct->doc.host_config;
    const struct ct *own = start->ct;
    int rc = join_namespace(call, own, host->network_mode, "net", &start->input.netns, NULL);

    if (rc == 0)
        rc = share_identity(call, start);
    if (rc == 0)
        rc = check_ipc(call, host->ipc_mode);
    if (rc == 0)
        rc = links_check(call, &start->ct->doc);
    if (rc == 0)
        rc = join_namespace(call, own, host->pid_mode, "pid", &start->input.pidns, NULL);
    if (rc == 0)
        rc = join_namespace(call, own, host->ipc_mode, "ipc", &start->input.ipcns,
                            &start->input.shm);
    if (rc == 0)
        rc = userns_join(call, start->ct, &start->input.userns);
    return rc;
}

static int make_run_dir(struct hull_call *call, struct ct *ct, const char **ret)
{
    char *parent = hull_printf(call, "%s/containers", daemon_config()->exec_root);
    char *dir = ct_run_dir(hull_call_arena(call), ct->doc.id);

    if (mkdir(parent, 0700) < 0 && errno != EEXIST)
        return hull_fail_errno(call, errno, "creating %s", parent);
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return hull_fail_errno(call, errno, "creating %s", dir);
    hull_undo(call, remove_run_dir, dir);
    *ret = dir;
    return 0;
}

static int create_process(struct hull_call *call, struct start *start, int *ret_netns_fd)
{
    struct ct *ct = start->ct;
    struct runtime_create_reply reply;
    const char *port;
    int rc;

    start->input.doc = &ct->doc;
    start->request.id = ct->doc.id;
    rc = make_run_dir(call, ct, &start->request.dir);
    if (rc == 0)
        rc = spec_make(call, &start->input, &start->request);
    if (rc < 0)
        return rc;
    links_env(call, &ct->doc, &start->request.spec.process.env);
    rc = cdi_apply(call, &ct->doc.host_config.resources, &start->request.spec);
    if (rc < 0)
        return rc;
    start->request.stdio.open_stdin = ct->doc.config.open_stdin;
    start->request.stdio.stdin_once = ct->doc.config.stdin_once;
    rc = ct_log_stdio(call, &ct->doc, &start->request.stdio);
    if (rc < 0)
        return rc;
    rc = runtime_find(call, ct->doc.host_config.runtime, &port, &start->request);
    if (rc < 0)
        return rc;
    start->request.rootfs_fd = HULL_TAKE_FD(start->rootfs_fd);
    start->request.userns_fd = start->userns_fd;
    rc = runtime_create(call, ct->doc.runtime, &start->request, &reply);
    if (rc < 0)
        return rc;
    hull_undo(call, delete_process, ct);
    ct->doc.pid = reply.pid;
    *ret_netns_fd = reply.netns_fd;
    return 0;
}

/* The network of the mode, unless the container was disconnected from it. */
static const char *first_network(const struct ct_doc *doc)
{
    const char *mode = doc->host_config.network_mode;

    return HULL_MSGMAP_FIND(&doc->networks, mode) ? mode : NULL;
}

/* Takes NETNS_FD. */
static int join_networks(struct hull_call *call, struct ct *ct, int netns_fd)
{
    const struct ct_doc *doc = &ct->doc;
    const struct host_config *host = &doc->host_config;
    struct network_join_request request = {
        .container_id = doc->id,
        .name = doc->name,
        .hostname = doc->config.hostname,
        .network_mode = first_network(doc),
        .exposed_ports = doc->config.exposed_ports,
        .publish_all = host->publish_all_ports,
        .netns_fd = netns_fd,
        .net_admin = caps_has(host, "CAP_NET_ADMIN"),
    };
    struct network_settings *settings = HULL_NEW(ct->run_arena, struct network_settings);
    struct network_settings reply = {0};
    struct resolv resolv;
    int rc = 0;

    if (ct_mode_other(host->network_mode)) {
        hull_fd_cleanup(&netns_fd);
    } else {
        memcpy(&request.networks, &doc->networks, sizeof(request.networks));
        memcpy(&request.port_bindings, &host->port_bindings, sizeof(request.port_bindings));
        files_dns(doc, &resolv);
        request.dns = resolv.servers;
        request.dns_search = resolv.search;
        request.dns_options = resolv.options;
        rc = network_join(call, NULL, &request, &reply);
    }
    if (rc < 0)
        return hull_wrap(call, rc, "failed to set up container networking");
    hull_undo(call, leave, ct);
    hull_message_copy(ct->run_arena, &network_settings_message, &reply, settings);
    ct->doc.network = settings;
    ct_note_networks(ct);
    ct_keep_sockets(call, ct);
    return ct_mode_other(host->network_mode) ? 0 : files_write_joined(call, doc, settings);
}

static int run(struct hull_call *call, struct ct *ct)
{
    const struct runtime_process_ref request = {.id = ct->doc.id};
    struct runtime_start_reply reply;
    int rc;

    rc = ct_log_start(call, ct, true);
    if (rc < 0)
        return hull_wrap(call, rc, "failed to initialize logging driver");
    ct_connect_attachments(call, ct);
    rc = runtime_start(call, ct->doc.runtime, &request, &reply);
    if (rc < 0)
        return rc;
    ct->doc.started_ns = hull_time_ns();
    ct->running_since_ms = hull_now_ms();
    ct->doc.exit_code = 0;
    ct->doc.oom_killed = false;
    ct->doc.stopped = false;
    ct->stop_wanted = false;
    ct_set_state(ct, CT_RUNNING);
    FAILPOINT(container_start_run);
    rc = ct_save(call, ct, NULL, false);
    FAILPOINT(container_start_commit);
    return rc;
}

static int steps(struct hull_call *call, struct start *start)
{
    struct ct *ct = start->ct;
    int netns_fd = -1;
    int rc = ct_save(call, ct, "start", false);

    if (rc < 0)
        return rc;
    hull_undo(call, record_failure, ct);
    FAILPOINT(container_start_intent);
    rc = userns_adopt(call, ct);
    if (rc == 0)
        rc = mount_rootfs(call, start);
    FAILPOINT(container_start_rootfs);
    if (rc == 0)
        rc = mount_volumes(call, start);
    FAILPOINT(container_start_volumes);
    if (rc == 0)
        rc = join_namespaces(call, start);
    if (rc == 0 && !ct_mode_other(ct->doc.host_config.network_mode))
        rc = files_make(call, &ct->doc);
    FAILPOINT(container_start_files);
    if (rc == 0)
        rc = create_process(call, start, &netns_fd);
    FAILPOINT(container_start_process);
    if (rc == 0)
        rc = join_networks(call, ct, netns_fd);
    FAILPOINT(container_start_network);
    if (rc == 0)
        rc = run(call, ct);
    return rc;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int exit_code_of(const char *message)
{
    static const struct {
        const char *text;
        int code;
    } codes[] = {{"executable file not found", 127}, {"no such file or directory", 127},
                 {"permission denied", 126},         {"is a directory", 126},
                 {"exec format error", 126},         {"not a directory", 126}};

    for (size_t i = 0; i < HULL_COUNT(codes); i++)
        if (strcasestr(message, codes[i].text))
            return codes[i].code;
    return 128;
}

/* What belongs to the last run goes. */
static void new_run(struct ct *ct)
{
    hull_arena_free(ct->run_arena);
    ct->run_arena = hull_arena_new();
    ct->doc.network = NULL;
    ct->doc.error = NULL;
}

static int check_startable(struct hull_call *call, const struct ct *ct)
{
    if (ct->state == CT_PAUSED)
        return hull_fail(call, HULL_CONFLICT,
                         "cannot start a paused container, try unpause instead");
    if (ct->state == CT_RUNNING)
        return hull_fail(call, HULL_NOT_MODIFIED, "container %s is already running", ct->doc.name);
    if (ct->state == CT_REMOVING || ct->state == CT_DEAD)
        return hull_fail(call, HULL_CONFLICT,
                         "container is marked for removal and cannot be started");
    return 0;
}

static void close_rootfs(struct hull_call *call, void *fd)
{
    (void)call;
    hull_fd_cleanup(fd);
}

int ct_start(struct hull_call *call, struct ct *ct)
{
    struct start *start = HULL_NEW(hull_call_arena(call), struct start);
    struct gate_place place;
    int rc = check_startable(call, ct);

    if (rc < 0)
        return rc;
    rc = gate_enter(call, &place);
    if (rc < 0)
        return rc;
    start->ct = ct;
    start->rootfs_fd = -1;
    hull_message_init(&runtime_create_request_message, &start->request);
    hull_defer(call, close_rootfs, &start->rootfs_fd);
    new_run(ct);
    rc = steps(call, start);
    gate_leave(&place);
    if (rc < 0) {
        ct->doc.error = hull_arena_strdup(ct->run_arena, hull_error(call));
        ct->doc.exit_code = exit_code_of(hull_error(call));
        ct_log_ended(ct);
        return rc;
    }
    hull_commit(call);
    ct_event(call, ct, "start", NULL);
    ct_watch(ct);
    ct_health_start(ct);
    links_refresh(call, ct);
    return 0;
}

int ct_handle_start(struct hull_call *call, const struct container_start_request *request,
                    struct hull_empty *ret)
{
    struct ct *ct;
    int rc = ct_find_locked(call, request->id, &ct);

    (void)ret;
    if (rc == 0 && ct->state == CT_RESTARTING)
        ct->restart_delay_ms = 0;
    return rc < 0 ? rc : ct_start(call, ct);
}
