/* engine/container in a played world: states, undo on each failing step, races, restarts. */
#include "world.h"

static int create(struct hull_call *call, const char *name, const char **ret_id)
{
    struct container_create_request request = {.name = name, .config = {.image = "busybox"}};
    struct container_create_reply reply;
    int rc = container_create(call, NULL, &request, &reply);

    if (rc == 0 && ret_id)
        *ret_id = reply.id;
    return rc;
}

static int start(struct hull_call *call, const char *id)
{
    const struct container_start_request request = {.id = id};
    struct hull_empty reply;

    return container_start(call, NULL, &request, &reply);
}

static int stop(struct hull_call *call, const char *id)
{
    const struct container_stop_request request = {.id = id, .timeout = {true, 0}};
    struct hull_empty reply;

    return container_stop(call, NULL, &request, &reply);
}

static int restart(struct hull_call *call, const char *id)
{
    const struct container_stop_request request = {.id = id, .timeout = {true, 0}};
    struct hull_empty reply;

    return container_restart(call, NULL, &request, &reply);
}

static int kill_(struct hull_call *call, const char *id)
{
    const struct container_kill_request request = {.id = id};
    struct hull_empty reply;

    return container_kill(call, NULL, &request, &reply);
}

static int pause_(struct hull_call *call, const char *id)
{
    const struct container_ref request = {.id = id};
    struct hull_empty reply;

    return container_pause(call, NULL, &request, &reply);
}

static int unpause(struct hull_call *call, const char *id)
{
    const struct container_ref request = {.id = id};
    struct hull_empty reply;

    return container_unpause(call, NULL, &request, &reply);
}

static int remove_(struct hull_call *call, const char *id, bool force)
{
    const struct container_remove_request request = {.id = id, .force = force};
    struct hull_empty reply;

    return container_remove(call, NULL, &request, &reply);
}

static int wait_(struct hull_call *call, const char *id, const char *condition, int64_t *ret)
{
    const struct container_wait_request request = {.id = id, .condition = condition};
    struct container_wait_reply reply;
    int rc = container_wait(call, NULL, &request, &reply);

    *ret = reply.status_code;
    return rc;
}

static const char *state_of(struct hull_call *call, const char *id)
{
    const struct container_inspect_request request = {.id = id};
    struct container_inspect_reply reply;

    CHECK_OK(container_inspect(call, NULL, &request, &reply));
    return reply.state->status;
}

/* --- one after the other ----------------------------------------------------------- */

FIBER_TEST(a_life)
{
    const char *id;
    int64_t status;

    world_begin();
    CHECK_OK(create(call, "one", &id));
    CHECK_STR(state_of(call, "one"), "created");
    CHECK_OK(wait_(call, "one", "not-running", &status));
    CHECK_OK(start(call, "one"));
    CHECK_STR(state_of(call, id), "running");
    CHECK_KIND(start(call, "one"), HULL_NOT_MODIFIED);
    CHECK_OK(pause_(call, "one"));
    CHECK_KIND(pause_(call, "one"), HULL_CONFLICT);
    CHECK_STR(state_of(call, id), "paused");
    CHECK_OK(unpause(call, "one"));
    CHECK_KIND(remove_(call, "one", false), HULL_CONFLICT);
    CHECK_HAS(hull_error(call), "stop the container before removing");
    process_exit(process_find(id), 7);
    CHECK_OK(wait_(call, "one", "not-running", &status));
    CHECK_INT(status, 7);
    CHECK_STR(state_of(call, id), "exited");
    CHECK_KIND(stop(call, "one"), HULL_NOT_MODIFIED);
    CHECK_KIND(kill_(call, "one"), HULL_CONFLICT);
    CHECK_OK(restart(call, "one"));
    CHECK_OK(stop(call, "one"));
    CHECK_INT(audit(call), 1);
    CHECK_OK(remove_(call, "one", false));
    CHECK_KIND(remove_(call, "one", false), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "No such container: one");
    CHECK_INT(audit(call), 0);
    world_end();
}

FIBER_TEST(names_and_prefixes)
{
    const char *id;

    world_begin();
    CHECK_OK(create(call, "one", &id));
    CHECK_KIND(create(call, "one", NULL), HULL_CONFLICT);
    CHECK_HAS(hull_error(call), "The container name \"/one\" is already in use by container");
    CHECK_KIND(create(call, "!!", NULL), HULL_INVALID);
    CHECK_OK(create(call, NULL, NULL));
    CHECK_STR(state_of(call, hull_printf(call, "%.12s", id)), "created");
    CHECK_STR(state_of(call, "/one"), "created");
    CHECK_KIND(start(call, "nope"), HULL_NOT_FOUND);
    CHECK_INT(audit(call), 2);
    world_end();
}

FIBER_TEST(one_sync_for_a_create_and_none_for_a_start)
{
    const char *sync;

    world_begin();
    CHECK_OK(create(call, "one", NULL));
    sync = strstr(world.log, "state.sync");
    CHECK(sync && !strstr(sync + 1, "state.sync"));
    world.log[0] = '\0';
    CHECK_OK(start(call, "one"));
    CHECK(!strstr(world.log, "state.sync"));
    CHECK_STR(world.log, " state.commit storage.mount runtime.create network.join runtime.start "
                         "state.commit");
    CHECK_OK(remove_(call, "one", true));
    world_end();
}

FIBER_TEST(bad_requests_leave_no_trace)
{
    struct container_create_request request = {.config = {.image = "busybox"}};
    struct container_create_reply reply;

    world_begin();
    request.host_config.resources.memory = 1000;
    CHECK_KIND(container_create(call, NULL, &request, &reply), HULL_INVALID);
    CHECK_STR(hull_error(call), "Minimum memory limit allowed is 6MB");
    request.host_config.resources.memory = 0;
    request.host_config.auto_remove = true;
    request.host_config.restart_policy.name = "always";
    CHECK_KIND(container_create(call, NULL, &request, &reply), HULL_INVALID);
    request.host_config = (struct host_config){.userns_mode = "auto", .privileged = true};
    CHECK_KIND(container_create(call, NULL, &request, &reply), HULL_INVALID);
    CHECK_HAS(hull_error(call), "privileged mode is incompatible with user namespaces");
    request.host_config = (struct host_config){0};
    request.config.image = "nosuch";
    CHECK_KIND(container_create(call, NULL, &request, &reply), HULL_NOT_FOUND);
    CHECK_INT(audit(call), 0);
    world_end();
}

FIBER_TEST(auto_remove)
{
    struct container_create_request request = {.name = "one", .config = {.image = "busybox"}};
    struct container_create_reply reply;
    int64_t status;

    world_begin();
    request.host_config.auto_remove = true;
    CHECK_OK(container_create(call, NULL, &request, &reply));
    CHECK_OK(start(call, "one"));
    process_exit(process_find(reply.id), 6);
    CHECK_OK(wait_(call, "one", "removed", &status));
    CHECK_INT(status, 6);
    CHECK_INT(audit(call), 0);
    world_end();
}

FIBER_TEST(restart_policy)
{
    struct container_create_request request = {.name = "one", .config = {.image = "busybox"}};
    struct container_create_reply reply;
    int64_t status;

    world_begin();
    request.host_config.restart_policy =
        (struct restart_policy){.name = "on-failure", .maximum_retry_count = 2};
    CHECK_OK(container_create(call, NULL, &request, &reply));
    CHECK_OK(start(call, "one"));
    for (int i = 0; i < 3; i++) {
        const struct world_process *process;

        while (!(process = process_find(reply.id)) || !process->started || process->exited ||
               strcmp(state_of(call, "one"), "running") != 0)
            CHECK_OK(hull_sleep(call, 5));
        process_exit(process_find(reply.id), 1);
    }
    CHECK_OK(wait_(call, "one", "not-running", &status));
    CHECK_INT(status, 1);
    CHECK_STR(state_of(call, "one"), "exited");
    CHECK_INT(audit(call), 1);
    world_end();
}

/* --- each step fails in turn ----------------------------------------------------------- */

FIBER_TEST(a_create_that_fails_leaves_no_trace)
{
    static const char *const steps[] = {"image.resolve",  "volume.create", "state.commit",
                                        "storage.create", "storage.mount", "state.sync"};
    struct container_create_request request = {.name = "one", .config = {.image = "busybox"}};
    struct container_create_reply reply;

    world_begin();
    hull_strv_add(hull_call_arena(call), &request.config.volumes, "/data");
    for (size_t i = 0; i < HULL_COUNT(steps); i++) {
        world.fails = steps[i];
        CHECK_KIND(container_create(call, NULL, &request, &reply), HULL_INTERNAL);
        CHECK_HAS(hull_error(call), steps[i]);
        world.fails = NULL;
        if (strcmp(steps[i], "state.sync") == 0)
            /* Forgetting needs the same store: what is left is an intent, for the next start. */
            for (size_t k = 0; k < WORLD_MAX; k++)
                if (world.keys[k])
                    document_put(world.keys[k], NULL);
        CHECK_INT(audit(call), 0);
        CHECK_INT(world.volumes, 0);
    }
    CHECK_OK(container_create(call, NULL, &request, &reply));
    CHECK_INT(audit(call), 1);
    world_end();
}

FIBER_TEST(a_start_that_fails_can_be_tried_again)
{
    static const char *const steps[] = {"storage.mount", "volume.mount", "runtime.create",
                                        "network.join", "runtime.start"};
    struct container_create_request request = {.name = "one", .config = {.image = "busybox"}};
    struct container_create_reply reply;

    world_begin();
    hull_strv_add(hull_call_arena(call), &request.config.volumes, "/data");
    CHECK_OK(container_create(call, NULL, &request, &reply));
    for (size_t i = 0; i < HULL_COUNT(steps); i++) {
        world.fails = steps[i];
        CHECK_KIND(start(call, "one"), HULL_INTERNAL);
        CHECK_HAS(hull_error(call), steps[i]);
        world.fails = NULL;
        CHECK_STR(state_of(call, "one"), "created");
        CHECK_INT(audit(call), 1);
        CHECK_INT(world.mounted, 0);
    }
    CHECK_OK(start(call, "one"));
    CHECK_INT(world.mounted, 1);
    CHECK_OK(remove_(call, "one", true));
    CHECK_INT(world.mounted, 0);
    CHECK_INT(audit(call), 0);
    world_end();
}

FIBER_TEST(a_remove_that_fails_can_be_tried_again)
{
    static const char *const steps[] = {"storage.remove", "state.sync"};

    world_begin();
    CHECK_OK(create(call, "one", NULL));
    for (size_t i = 0; i < HULL_COUNT(steps); i++) {
        world.fails = steps[i];
        CHECK_KIND(remove_(call, "one", false), HULL_INTERNAL);
        CHECK_STR(state_of(call, "one"), "dead");
        world.fails = NULL;
    }
    CHECK_OK(remove_(call, "one", false));
    CHECK_INT(audit(call), 0);
    world_end();
}

/* --- all at once ----------------------------------------------------------- */

struct client {
    unsigned seed;
    unsigned done;
};

static unsigned draw(struct client *client, unsigned below)
{
    client->seed = client->seed * 1103515245 + 12345;
    return (client->seed >> 16) % below;
}

static int one_operation(struct hull_call *call, struct client *client)
{
    /* None could be the beginning of an id. */
    static const char *const names[] = {"xx", "yy", "zz"};
    const char *name = names[draw(client, 3)];

    switch (draw(client, 10)) {
    case 0:
    case 1:
        return create(call, name, NULL);
    case 2:
    case 3:
        return start(call, name);
    case 4:
        return stop(call, name);
    case 5:
        return kill_(call, name);
    case 6:
        return pause_(call, name);
    case 7:
        return unpause(call, name);
    case 8:
        return restart(call, name);
    default:
        return remove_(call, name, draw(client, 2) == 0);
    }
}

static int client_fiber(struct hull_call *call, void *arg)
{
    struct client *client = arg;

    for (int i = 0; i < 25; i++) {
        int rc = one_operation(call, client);

        /* "Container is not paused" is docker's only internal error here. */
        if (rc == -HULL_CANCELED)
            return rc;
        if (rc < 0 && rc != -HULL_NOT_FOUND && rc != -HULL_CONFLICT && rc != -HULL_NOT_MODIFIED &&
            !strstr(hull_error(call), "is not paused"))
            FAIL("%s: %s", hull_kind_name(rc), hull_error(call));
        client->done++;
    }
    return 0;
}

static int crowd(struct hull_call *call, void *arg)
{
    struct client clients[8];
    struct hull_task *tasks[8];
    unsigned seed = *(unsigned *)arg;

    world_begin();
    for (size_t i = 0; i < HULL_COUNT(clients); i++) {
        clients[i] = (struct client){.seed = seed * 100 + (unsigned)i};
        tasks[i] = hull_task_start(call, "client", client_fiber, &clients[i]);
    }
    for (size_t i = 0; i < HULL_COUNT(clients); i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    CHECK_OK(hull_sleep(call, 20));
    audit(call);
    remove_(call, "xx", true);
    remove_(call, "yy", true);
    remove_(call, "zz", true);
    CHECK_INT(audit(call), 0);
    world_end();
    return 0;
}

static void crowd_with(unsigned seed)
{
    struct hull_core_options options = tap_options();

    options.seed = seed;
    CHECK_INT(hull_core_run(&options, crowd, &seed), 0);
}

TEST(a_crowd_ends_in_a_legal_state_1)
{
    crowd_with(1);
}

TEST(a_crowd_ends_in_a_legal_state_2)
{
    crowd_with(2);
}

TEST(a_crowd_ends_in_a_legal_state_3)
{
    crowd_with(33);
}

TEST(a_crowd_ends_in_a_legal_state_4)
{
    crowd_with(444);
}

/* Each client hangs up at some point, in the middle of something. */
static int hang_ups(struct hull_call *call, void *arg)
{
    struct client clients[8];
    struct hull_task *tasks[8];
    unsigned seed = *(unsigned *)arg;

    world_begin();
    for (unsigned round = 0; round < 12; round++) {
        for (size_t i = 0; i < HULL_COUNT(clients); i++) {
            clients[i] = (struct client){.seed = seed * 1000 + round * 10 + (unsigned)i};
            tasks[i] = hull_task_start(call, "client", client_fiber, &clients[i]);
        }
        for (size_t i = 0; i < HULL_COUNT(clients); i++) {
            for (unsigned wait = draw(&clients[i], 40); wait > 0; wait--)
                CHECK_OK(hull_yield(call));
            hull_task_cancel(tasks[i]);
        }
        for (size_t i = 0; i < HULL_COUNT(clients); i++)
            if (hull_task_join(call, tasks[i]) < 0)
                hull_error_clear(call);
        CHECK_OK(hull_sleep(call, 50));
        audit(call);
    }
    remove_(call, "xx", true);
    remove_(call, "yy", true);
    remove_(call, "zz", true);
    CHECK_INT(audit(call), 0);
    world_end();
    return 0;
}

TEST(hang_ups_end_in_a_legal_state)
{
    for (unsigned seed = 1; seed <= 5; seed++) {
        struct hull_core_options options = tap_options();

        options.seed = options.seed * 100 + seed;
        memset(&world, 0, sizeof(world));
        CHECK_INT(hull_core_run(&options, hang_ups, &seed), 0);
    }
}

/* --- after a crash ----------------------------------------------------------- */

static char *document(struct hull_call *call, const char *id, const char *name, const char *intent,
                      const char *state, const char *more)
{
    char *text = hull_printf(
        call,
        "{\"Id\":\"%s\",\"Name\":\"%s\",%s\"Created\":1,\"ImageID\":\"sha256:1\",\"Os\":\"linux\","
        "\"Storage\":\"storage/fake\",\"Runtime\":\"runtime/native\",\"Path\":\"sh\",\"State\":"
        "\"%s\",\"Started\":1000,\"Finished\":2000,\"Config\":{\"Hostname\":\"h\"},"
        "\"HostConfig\":{\"NetworkMode\":\"bridge\",\"LogConfig\":{\"Type\":\"none\"},"
        "\"RestartPolicy\":{\"Name\":\"no\"}%s}}",
        id, name, intent ? hull_printf(call, "\"Intent\":\"%s\",", intent) : "", state, more);

    document_put(id, text);
    set_put(world.storages, id, true);
    return text;
}

static const char *id_of(struct hull_call *call, char digit)
{
    char *id = hull_printf(call, "%064d", 0);

    memset(id, digit, 64);
    return id;
}

FIBER_TEST(what_was_under_way_is_finished_or_undone)
{
    const char *created = id_of(call, 'a'), *starting = id_of(call, 'b');
    const char *removing = id_of(call, 'c'), *running = id_of(call, 'd');
    const char *ended = id_of(call, 'e'), *lost = id_of(call, 'f');
    const struct container_inspect_request inspect = {.id = "ended"};
    struct container_inspect_reply reply;

    world_begin();
    document(call, created, "created", "create", "creating", "");
    document(call, starting, "starting", "start", "exited", "");
    process_new(starting);
    document(call, removing, "removing", "remove", "removing", "");
    document(call, running, "running", NULL, "running", "");
    process_new(running)->started = true;
    set_put(world.joined, running, true);
    document(call, ended, "ended", NULL, "running", "");
    process_exit(process_new(ended), 5);
    document(call, lost, "lost", NULL, "paused", "");
    CHECK_INT(audit(call), 4);
    CHECK_STR(state_of(call, "starting"), "exited");
    CHECK_STR(state_of(call, "running"), "running");
    CHECK_STR(state_of(call, "lost"), "exited");
    CHECK_OK(container_inspect(call, NULL, &inspect, &reply));
    CHECK_STR(reply.state->status, "exited");
    CHECK_INT(reply.state->exit_code, 5);
    CHECK_OK(remove_(call, "running", true));
    CHECK_INT(audit(call), 3);
    world_end();
}

FIBER_TEST(what_ended_meanwhile_and_wants_to_go_goes)
{
    const char *id = id_of(call, 'a');
    int64_t status;

    world_begin();
    document(call, id, "one", NULL, "running", ",\"AutoRemove\":true");
    process_exit(process_new(id), 5);
    if (wait_(call, "one", "removed", &status) < 0)
        CHECK_HAS(hull_error(call), "No such container");
    CHECK_INT(audit(call), 0);
    world_end();
}

FIBER_TEST(a_damaged_document_harms_nobody_else)
{
    const char *id = id_of(call, 'a');

    world_begin();
    document_put(id_of(call, 'b'), "{\"Id\":12}");
    document(call, id, "one", NULL, "exited", "");
    CHECK_STR(state_of(call, "one"), "exited");
    CHECK_OK(remove_(call, "one", false));
    world_end();
}

TAP_MAIN
