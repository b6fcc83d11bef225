/*
 * world.h: everything that engine/container talks to, played: image, storage, runtime, network,
 * volume, exec and state. Each message is written down, may be told to fail, and yields, so that
 * others come in between. At the end audit() compares what the players hold with what the
 * containers say.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "tap.h"

#include "api/config.h"
#include "exec.h"
#include "image.h"
#include "network.h"
#include "runtime.h"
#include "state.h"
#include "storage.h"
#include "volume.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#define WORLD_MAX 64

struct world_process {
    char id[65];
    bool started, exited, paused;
    int status;
    struct hull_cond changed;
};

static struct {
    char root[64];
    struct daemon_config config;
    const char *fails;                         /* "storage.create" */
    char log[65536];                           /* " image.resolve storage.create …" */
    char *keys[WORLD_MAX], *values[WORLD_MAX]; /* the state store */
    char storages[WORLD_MAX][65], joined[WORLD_MAX][65];
    struct world_process *processes[WORLD_MAX];
    unsigned volumes, mounted;
} world;

/* --- helpers ---------------------------------------------------------------------------------- */

static int step(struct hull_call *call, const char *name)
{
    size_t length = strlen(world.log);
    int rc = 0;

    if (length + strlen(name) + 2 < sizeof(world.log))
        snprintf(world.log + length, sizeof(world.log) - length, " %s", name);
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = hull_yield(call);
    if (rc == 0 && hull_streq(world.fails, name))
        rc = hull_fail(call, HULL_INTERNAL, "%s fails", name);
    return rc;
}

static bool set_has(char set[WORLD_MAX][65], const char *id)
{
    for (size_t i = 0; i < WORLD_MAX; i++)
        if (strcmp(set[i], id) == 0)
            return true;
    return false;
}

static void set_put(char set[WORLD_MAX][65], const char *id, bool there)
{
    for (size_t i = 0; i < WORLD_MAX; i++)
        if (strcmp(set[i], id) == 0)
            set[i][0] = '\0';
    for (size_t i = 0; there && i < WORLD_MAX; i++) {
        if (set[i][0] == '\0') {
            snprintf(set[i], sizeof(set[i]), "%s", id);
            return;
        }
    }
}

static size_t set_size(char set[WORLD_MAX][65])
{
    size_t count = 0;

    for (size_t i = 0; i < WORLD_MAX; i++)
        count += set[i][0] != '\0';
    return count;
}

/* --- state ------------------------------------------------------------------------------------ */

static size_t key_at(const char *key)
{
    size_t at = 0;

    while (at < WORLD_MAX && !hull_streq(world.keys[at], key))
        at++;
    return at;
}

static void document_put(const char *key, const char *value)
{
    size_t at = key_at(key);

    if (at < WORLD_MAX) {
        free(world.keys[at]);
        free(world.values[at]);
        world.keys[at] = world.values[at] = NULL;
    }
    if (!value)
        return;
    for (at = 0; world.keys[at]; at++)
        HULL_ASSERT(at + 1 < WORLD_MAX);
    world.keys[at] = strdup(key);
    world.values[at] = strdup(value);
}

static int fake_commit(struct hull_call *call, const struct state_commit_request *request,
                       struct state_commit_reply *ret)
{
    int rc = step(call, request->sync ? "state.sync" : "state.commit");

    (void)ret;
    for (size_t i = 0; rc == 0 && i < request->operations.n; i++)
        document_put(request->operations.v[i].key, request->operations.v[i].value);
    return rc;
}

static int fake_list(struct hull_call *call, const struct state_key *request,
                     struct state_document *ret)
{
    int rc = step(call, "state.list");

    (void)request;
    (void)ret;
    for (size_t i = 0; rc == 0 && i < WORLD_MAX; i++) {
        const struct state_document document = {
            .bucket = "container", .key = world.keys[i], .value = world.values[i]};

        if (world.keys[i])
            rc = hull_emit(call, &document);
    }
    return rc;
}

static const struct hull_handler state_handlers[] = {
    HULL_HANDLE(state, commit, fake_commit),
    HULL_HANDLE(state, list, fake_list),
    {},
};
HULL_PLUGIN(state_fake, .port = "state", .handlers = state_handlers);

/* --- image, exec ------------------------------------------------------------------------------ */

static int fake_resolve(struct hull_call *call, const struct image_ref *request,
                        struct image_resolve_reply *ret)
{
    int rc = step(call, "image.resolve");

    if (rc < 0)
        return rc;
    if (strcmp(request->name, "busybox") != 0)
        return hull_fail(call, HULL_NOT_FOUND, "No such image: %s", request->name);
    ret->id = "sha256:1";
    ret->storage = "storage/fake";
    ret->os = "linux";
    hull_strv_add(hull_call_arena(call), &ret->chain, "sha256:2");
    hull_strv_add(hull_call_arena(call), &ret->config.cmd, "sh");
    hull_strv_add(hull_call_arena(call), &ret->config.env, "PATH=/bin");
    return 0;
}

static int fake_image_storage(struct hull_call *call, const struct hull_empty *request,
                              struct image_storage_reply *ret)
{
    (void)request;
    ret->port = "storage/fake";
    ret->name = "fake";
    return step(call, "image.storage");
}

static const struct hull_handler image_handlers[] = {
    HULL_HANDLE(image, resolve, fake_resolve),
    HULL_HANDLE(image, storage, fake_image_storage),
    {},
};
HULL_PLUGIN(image_fake, .port = "image", .handlers = image_handlers);

static int fake_execs(struct hull_call *call, const struct container_ref *request,
                      struct exec_list_reply *ret)
{
    (void)request;
    (void)ret;
    return step(call, "exec.list");
}

static const struct hull_handler exec_handlers[] = {HULL_HANDLE(exec, list, fake_execs), {}};
HULL_PLUGIN(exec_fake, .port = "exec", .handlers = exec_handlers);

/* --- storage ---------------------------------------------------------------------------------- */

static int fake_create(struct hull_call *call, const struct storage_container *request,
                       struct hull_empty *ret)
{
    int rc = step(call, "storage.create");

    (void)ret;
    if (rc == 0)
        set_put(world.storages, request->id, true);
    return rc;
}

static int fake_remove(struct hull_call *call, const struct storage_container *request,
                       struct hull_empty *ret)
{
    int rc = step(call, "storage.remove");

    (void)ret;
    if (rc == 0)
        set_put(world.storages, request->id, false);
    return rc;
}

static int fake_mount(struct hull_call *call, const struct storage_container *request,
                      struct storage_mount_reply *ret)
{
    int rc = step(call, "storage.mount");

    if (rc < 0)
        return rc;
    if (!set_has(world.storages, request->id))
        return hull_fail(call, HULL_NOT_FOUND, "no storage for %s", request->id);
    ret->mount_fd = open(world.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return 0;
}

static int fake_describe(struct hull_call *call, const struct storage_container *request,
                         struct storage_mount_reply *ret)
{
    (void)request;
    hull_map_set(hull_call_arena(call), &ret->data, "UpperDir", "/upper");
    return step(call, "storage.describe");
}

static int fake_usage(struct hull_call *call, const struct storage_container *request,
                      struct storage_usage_reply *ret)
{
    (void)request;
    ret->size = 100;
    return step(call, "storage.usage");
}

static int fake_sweep(struct hull_call *call, const struct storage_sweep_request *request,
                      struct hull_empty *ret)
{
    (void)request;
    (void)ret;
    return step(call, "storage.sweep");
}

static const struct hull_handler storage_handlers[] = {
    HULL_HANDLE(storage, create, fake_create),
    HULL_HANDLE(storage, remove, fake_remove),
    HULL_HANDLE(storage, mount, fake_mount),
    HULL_HANDLE(storage, usage, fake_usage),
    HULL_HANDLE(storage, describe, fake_describe),
    HULL_HANDLE(storage, sweep, fake_sweep),
    {},
};
HULL_PLUGIN(storage_fake, .port = "storage/fake", .handlers = storage_handlers);

/* --- network, volume -------------------------------------------------------------------------- */

static int fake_join(struct hull_call *call, const struct network_join_request *request,
                     struct network_settings *ret)
{
    int rc = step(call, "network.join");
    int fd = request->netns_fd;
    struct endpoint_settings *endpoint;

    hull_fd_cleanup(&fd);
    if (rc < 0)
        return rc;
    endpoint = HULL_MSGMAP_ADD(hull_call_arena(call), &ret->networks, "bridge");
    endpoint->ip_address = "10.0.0.2";
    endpoint->network_id = "net1";
    set_put(world.joined, request->container_id, true);
    return 0;
}

static int fake_leave(struct hull_call *call, const struct network_leave_request *request,
                      struct hull_empty *ret)
{
    int rc = step(call, "network.leave");

    (void)ret;
    set_put(world.joined, request->container_id, false);
    return rc;
}

static int fake_restore(struct hull_call *call, const struct network_restore_request *request,
                        struct hull_empty *ret)
{
    (void)request;
    (void)ret;
    return step(call, "network.restore");
}

static const struct hull_handler network_handlers[] = {
    HULL_HANDLE(network, join, fake_join),
    HULL_HANDLE(network, leave, fake_leave),
    HULL_HANDLE(network, restore, fake_restore),
    {},
};
HULL_PLUGIN(network_fake, .port = "network", .handlers = network_handlers);

static int fake_volume_create(struct hull_call *call, const struct volume_create_options *request,
                              struct volume *ret)
{
    int rc = step(call, "volume.create");

    if (rc < 0)
        return rc;
    world.volumes += hull_map_find(&request->labels, "com.docker.volume.anonymous") != NULL;
    ret->name = request->name ? request->name : "anonymous";
    ret->driver = "local";
    ret->mountpoint = world.root;
    return 0;
}

static int fake_volume_mount(struct hull_call *call, const struct volume_mount_request *request,
                             struct volume_mount_reply *ret)
{
    int rc = step(call, "volume.mount");

    (void)request;
    ret->path = world.root;
    world.mounted += rc == 0;
    return rc;
}

static int fake_volume_unmount(struct hull_call *call, const struct volume_mount_request *request,
                               struct hull_empty *ret)
{
    (void)request;
    (void)ret;
    world.mounted -= world.mounted > 0;
    return step(call, "volume.unmount");
}

static int fake_volume_discard(struct hull_call *call, const struct volume_ref *request,
                               struct hull_empty *ret)
{
    (void)request;
    (void)ret;
    world.volumes--;
    return step(call, "volume.discard");
}

static const struct hull_handler volume_handlers[] = {
    HULL_HANDLE(volume, create, fake_volume_create),
    HULL_HANDLE(volume, mount, fake_volume_mount),
    HULL_HANDLE(volume, unmount, fake_volume_unmount),
    HULL_HANDLE(volume, discard, fake_volume_discard),
    {},
};
HULL_PLUGIN(volume_fake, .port = "volume", .handlers = volume_handlers);

/* --- runtime ---------------------------------------------------------------------------------- */

static struct world_process *process_find(const char *id)
{
    for (size_t i = 0; i < WORLD_MAX; i++)
        if (world.processes[i] && strcmp(world.processes[i]->id, id) == 0)
            return world.processes[i];
    return NULL;
}

static struct world_process *process_new(const char *id)
{
    struct world_process *process = calloc(1, sizeof(*process));
    size_t at = 0;

    while (world.processes[at])
        HULL_ASSERT(++at < WORLD_MAX);
    snprintf(process->id, sizeof(process->id), "%s", id);
    world.processes[at] = process;
    return process;
}

static int process_get(struct hull_call *call, const char *id, struct world_process **ret)
{
    *ret = process_find(id);
    return *ret ? 0 : hull_fail(call, HULL_NOT_FOUND, "no process %s", id);
}

/* Its program ends by itself. */
static void process_exit(struct world_process *process, int status)
{
    process->exited = true;
    process->status = status;
    hull_cond_broadcast(&process->changed);
}

static int fake_process_create(struct hull_call *call, const struct runtime_create_request *request,
                               struct runtime_create_reply *ret)
{
    int rc = step(call, "runtime.create");
    int fd = request->rootfs_fd;

    hull_fd_cleanup(&fd);
    if (rc < 0)
        return rc;
    HULL_ASSERT(!process_find(request->id));
    process_new(request->id);
    ret->pid = 4242;
    return 0;
}

static int fake_process_start(struct hull_call *call, const struct runtime_process_ref *request,
                              struct runtime_start_reply *ret)
{
    struct world_process *process;
    int rc = step(call, "runtime.start");

    (void)ret;
    if (rc == 0)
        rc = process_get(call, request->id, &process);
    if (rc == 0)
        process->started = true;
    return rc;
}

static int fake_kill(struct hull_call *call, const struct runtime_kill_request *request,
                     struct hull_empty *ret)
{
    struct world_process *process;
    int rc = step(call, "runtime.kill");

    (void)ret;
    if (rc == 0)
        rc = process_get(call, request->id, &process);
    if (rc == 0 && request->signal == SIGKILL)
        process_exit(process, 128 + SIGKILL);
    return rc;
}

static int fake_wait(struct hull_call *call, const struct runtime_process_ref *request,
                     struct runtime_exit *ret)
{
    struct world_process *process;
    int rc = process_get(call, request->id, &process);

    while (rc == 0 && !process->exited)
        rc = hull_cond_wait(call, &process->changed);
    if (rc == 0)
        ret->status = process->status;
    return rc;
}

static int fake_delete(struct hull_call *call, const struct runtime_process_ref *request,
                       struct hull_empty *ret)
{
    int rc = step(call, "runtime.delete");

    (void)ret;
    for (size_t i = 0; i < WORLD_MAX; i++) {
        if (world.processes[i] && strcmp(world.processes[i]->id, request->id) == 0) {
            HULL_ASSERT(!world.processes[i]->changed.waiters);
            free(world.processes[i]);
            world.processes[i] = NULL;
        }
    }
    return rc;
}

static int freeze(struct hull_call *call, const char *id, bool paused)
{
    struct world_process *process;
    int rc = step(call, paused ? "runtime.pause" : "runtime.resume");

    if (rc == 0)
        rc = process_get(call, id, &process);
    if (rc == 0)
        process->paused = paused;
    return rc;
}

static int fake_pause(struct hull_call *call, const struct runtime_process_ref *request,
                      struct hull_empty *ret)
{
    (void)ret;
    return freeze(call, request->id, true);
}

static int fake_resume(struct hull_call *call, const struct runtime_process_ref *request,
                       struct hull_empty *ret)
{
    (void)ret;
    return freeze(call, request->id, false);
}

static int fake_adopt(struct hull_call *call, const struct runtime_adopt_request *request,
                      struct runtime_adopt_reply *ret)
{
    const struct world_process *process = process_find(request->id);

    ret->state = "gone";
    ret->pid = 4243;
    if (process)
        ret->state = process->exited    ? "exited"
                     : process->paused  ? "paused"
                     : process->started ? "running"
                                        : "created";
    if (process)
        ret->exit.status = process->status;
    return step(call, "runtime.adopt");
}

static int fake_features(struct hull_call *call, const struct hull_empty *request,
                         struct runtime_features_reply *ret)
{
    (void)call;
    (void)request;
    ret->cgroup_version = "1";
    return 0;
}

static const struct hull_handler runtime_handlers[] = {
    HULL_HANDLE(runtime, create, fake_process_create),
    HULL_HANDLE(runtime, start, fake_process_start),
    HULL_HANDLE(runtime, kill, fake_kill),
    HULL_HANDLE(runtime, wait, fake_wait),
    HULL_HANDLE(runtime, delete, fake_delete),
    HULL_HANDLE(runtime, pause, fake_pause),
    HULL_HANDLE(runtime, resume, fake_resume),
    HULL_HANDLE(runtime, adopt, fake_adopt),
    HULL_HANDLE(runtime, features, fake_features),
    {},
};
HULL_PLUGIN(runtime_fake, .port = "runtime/native", .handlers = runtime_handlers);

/* --- the whole -------------------------------------------------------------------------------- */

static void world_begin(void)
{
    static const struct hull_plugin *const players[] = {
        &hull_plugin_state_fake,   &hull_plugin_image_fake,   &hull_plugin_exec_fake,
        &hull_plugin_storage_fake, &hull_plugin_network_fake, &hull_plugin_volume_fake,
        &hull_plugin_runtime_fake,
    };

    snprintf(world.root, sizeof(world.root), "/tmp/hull-test-ct-XXXXXX");
    HULL_ASSERT(mkdtemp(world.root));
    world.config.data_root = world.config.exec_root = world.root;
    hull_config_set(&daemon_config_message, &world.config);
    for (size_t i = 0; i < HULL_COUNT(players); i++)
        hull_plugin_register(players[i]);
}

static int world_remove(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void world_end(void)
{
    nftw(world.root, world_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* What the containers say is what the players hold; returns how many there are. */
static size_t audit(struct hull_call *call)
{
    const struct container_list_request request = {.all = true};
    struct container_list_reply reply;
    size_t running = 0, documents = 0;

    CHECK_OK(container_list(call, NULL, &request, &reply));
    for (size_t i = 0; i < reply.containers.n; i++) {
        const struct container_summary *summary = &reply.containers.v[i];
        bool runs = strcmp(summary->state, "running") == 0 || strcmp(summary->state, "paused") == 0;
        const struct world_process *process = process_find(summary->id);
        size_t at = key_at(summary->id);

        CHECK(at < WORLD_MAX);
        CHECK_HAS(world.values[at], hull_printf(call, "\"State\":\"%s\"", summary->state));
        CHECK(strstr(world.values[at], "\"Intent\"") == NULL);
        CHECK(set_has(world.storages, summary->id));
        CHECK((process != NULL) == runs);
        CHECK(set_has(world.joined, summary->id) == runs);
        CHECK(!process || process->paused == (strcmp(summary->state, "paused") == 0));
        running += runs;
    }
    for (size_t i = 0; i < WORLD_MAX; i++) {
        bool listed = world.keys[i] == NULL;

        for (size_t k = 0; k < reply.containers.n; k++)
            listed = listed || strcmp(world.keys[i], reply.containers.v[k].id) == 0;
        if (!listed)
            FAIL("a document is left: %s", strstr(world.values[i], "\"State\":\""));
        documents += world.keys[i] != NULL;
    }
    CHECK_INT(documents, reply.containers.n);
    CHECK_INT(set_size(world.storages), reply.containers.n);
    CHECK_INT(set_size(world.joined), running);
    return reply.containers.n;
}

#endif
