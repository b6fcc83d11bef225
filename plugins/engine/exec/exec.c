/*
 * exec: further processes in a running container.
 *
 * create only remembers what was asked for; start makes the process through the container's
 * runtime, connects the client before the program runs, so that nothing is missed, and lets it
 * go. A fiber waits for its end and keeps the status for inspect. What is known of execs lives in
 * memory: docker forgets them at a restart as well, the processes themselves go on.
 */
#include "exec_plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "detach.h"
#include "events.h"
#include "failpoint.h"
#include "ids.h"

/* An exec that ended is forgotten when it is older than this and another one is created. */
#define KEEP_MS (5 * 60 * 1000)
/* When there are so many, the oldest that does not run is. */
#define KEEP_MAX 4096u

static struct exec_entry *execs;

/* --- what there is --------------------------------------------------------------------------- */

static struct exec_entry *find(const char *id)
{
    struct exec_entry *entry;

    HASH_FIND_STR(execs, id, entry);
    return entry;
}

static int get(struct hull_call *call, const char *id, struct exec_entry **ret_entry)
{
    *ret_entry = find(id);
    return *ret_entry != NULL ? 0
                              : hull_fail(call, HULL_NOT_FOUND, "No such exec instance: %s", id);
}

static void forget(struct exec_entry *entry)
{
    HASH_DEL(execs, entry);
    hull_arena_free(entry->arena);
}

static void forget_old(void)
{
    struct exec_entry *entry, *next;
    int64_t now = hull_now_ms();

    HASH_ITER (hh, execs, entry, next)
        if (entry->users == 0 && entry->state == EXEC_ENDED && now - entry->ended_ms > KEEP_MS)
            forget(entry);
    if (HASH_COUNT(execs) < KEEP_MAX)
        return;
    HASH_ITER (hh, execs, entry, next) /* in the order of their creation */
        if (entry->users == 0 && entry->state != EXEC_RUNNING) {
            forget(entry);
            return;
        }
}

static void event(struct hull_call *call, const struct exec_entry *entry, const char *action,
                  const char *key, const char *value)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_map attributes = {0};

    for (size_t i = 0; i < entry->labels.n; i++)
        hull_map_set(arena, &attributes, entry->labels.v[i].key, entry->labels.v[i].value);
    hull_map_set(arena, &attributes, "execID", entry->id);
    hull_map_set(arena, &attributes, "image", entry->image);
    hull_map_set(arena, &attributes, "name", entry->name);
    if (key != NULL)
        hull_map_set(arena, &attributes, key, value);
    event_publish_map(call, "container", action, entry->container, &attributes);
}

/* "exec_create: sh -c x" */
static const char *action_of(struct hull_call *call, const char *action,
                             const struct exec_entry *entry)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    hull_text_printf(&text, "%s:", action);
    for (size_t i = 0; i < entry->request.cmd.n; i++)
        hull_text_printf(&text, " %s", entry->request.cmd.v[i]);
    return text.data;
}

/* --- create ---------------------------------------------------------------------------------- */

/* The container as it is now; an error when nothing can be started in it. */
static int lookup(struct hull_call *call, const char *id, struct container_lookup_reply *ret)
{
    const struct container_ref ref = {.id = id};

    int rc = container_lookup(call, NULL, &ref, ret);
    if (rc < 0)
        return rc;
    if (ret->state.paused)
        return hull_fail(call, HULL_CONFLICT,
                         "Container %s is paused, unpause the container before exec", id);
    if (!ret->state.running || ret->state.restarting)
        return hull_fail(call, HULL_CONFLICT, "container %s is not running", ret->id);
    return 0;
}

static int check_request(struct hull_call *call, const struct exec_create_request *request)
{
    struct detach_keys keys;

    if (request->cmd.n == 0 || request->cmd.v[0][0] == '\0')
        return hull_fail(call, HULL_INVALID, "No exec command specified");
    if (request->console_size.n != 0 && request->console_size.n != 2)
        return hull_fail(call, HULL_INVALID, "ConsoleSize: expected rows and columns");
    return detach_keys_parse(call, request->detach_keys, &keys);
}

static int create(struct hull_call *call, const struct exec_create_request *request,
                  struct exec_create_reply *ret_reply)
{
    struct container_lookup_reply container;

    int rc = check_request(call, request);
    if (rc == 0)
        rc = lookup(call, request->id, &container);
    if (rc < 0)
        return rc;
    forget_old();
    struct hull_arena *arena = hull_arena_new();
    struct exec_entry *entry = HULL_NEW(arena, struct exec_entry);
    struct exec_create_request source = *request;
    entry->arena = arena;
    entry->id = id_new(arena);
    entry->container = hull_arena_strdup(arena, container.id);
    entry->name = hull_arena_strdup(arena, container.name);
    entry->image = hull_arena_strdup(arena, container.config.image);
    entry->runtime = hull_arena_strdup(arena, container.runtime);
    for (size_t i = 0; i < container.config.labels.n; i++)
        hull_map_set(arena, &entry->labels,
                     hull_arena_strdup(arena, container.config.labels.v[i].key),
                     hull_arena_strdup(arena, container.config.labels.v[i].value));
    hull_message_copy(arena, &exec_create_request_message, &source, &entry->request);
    HASH_ADD_KEYPTR(hh, execs, entry->id, strlen(entry->id), entry);
    ret_reply->id = hull_strdup(call, entry->id);
    event(call, entry, action_of(call, "exec_create", entry), NULL, NULL);
    return 0;
}

/* --- start ----------------------------------------------------------------------------------- */

static void make_process(struct hull_call *call, const struct exec_entry *entry,
                         const struct exec_start_request *request,
                         const struct container_lookup_reply *container,
                         struct oci_process *ret_process)
{
    const struct exec_create_request *own = &entry->request;
    const struct hull_ints *size =
        request->console_size.n == 2 ? &request->console_size : &own->console_size;

    *ret_process = container->process;
    ret_process->args = own->cmd;
    ret_process->terminal = own->tty;
    ret_process->console_size = NULL;
    if (own->tty && size->n == 2 && size->v[0] > 0) {
        ret_process->console_size = HULL_NEW(hull_call_arena(call), struct oci_box);
        ret_process->console_size->height = size->v[0];
        ret_process->console_size->width = size->v[1];
    }
    if (own->tty)
        hull_strv_add(hull_call_arena(call), &ret_process->env, "TERM=xterm");
    for (size_t i = 0; i < own->env.n; i++)
        hull_strv_add(hull_call_arena(call), &ret_process->env, own->env.v[i]);
    if (own->privileged && ret_process->capabilities != NULL) {
        struct oci_capabilities *all = HULL_NEW(hull_call_arena(call), struct oci_capabilities);
        all->bounding = all->effective = all->permitted = container->all_capabilities;
        ret_process->capabilities = all;
    }
    if (own->user != NULL && *own->user != '\0')
        ret_process->user.username = own->user;
    if (own->working_dir != NULL && *own->working_dir != '\0')
        ret_process->cwd = own->working_dir;
}

/* An exec has ended, and its status is known. */
static struct hull_cond some_ended;

static void set_ended(struct exec_entry *entry, int64_t exit_code)
{
    entry->state = EXEC_ENDED;
    entry->exit_code = exit_code;
    entry->ended_ms = hull_now_ms();
    hull_cond_broadcast(&some_ended);
}

/* ENTRY is not forgotten until CALL's handler returns. */
static void put_back(struct hull_call *call, void *arg)
{
    struct exec_entry *entry = arg;

    (void)call;
    entry->users--;
}

static void use(struct hull_call *call, struct exec_entry *entry)
{
    entry->users++;
    hull_defer(call, put_back, entry);
}

/* Waits for the end of ARG, an exec that runs; belongs to nobody. */
static int watch(struct hull_call *call, void *arg)
{
    struct exec_entry *entry = arg;
    struct runtime_process_ref ref = {.id = entry->container, .process = entry->id};
    struct runtime_exit end = {0};
    struct hull_empty empty;

    use(call, entry);
    int rc = runtime_wait(call, entry->runtime, &ref, &end);
    if (rc == -HULL_CANCELED) /* the daemon ends: the process goes on */
        return 0;
    set_ended(entry, rc < 0 ? 255 : end.status); /* lost: nobody can say how it ended */
    if (rc < 0)
        return rc;
    event(call, entry, "exec_die", "exitCode", hull_printf(call, "%lld", (long long)end.status));
    return runtime_delete(call, entry->runtime, &ref, &empty);
}

static void undo_exec(struct hull_call *call, void *arg)
{
    const struct exec_entry *entry = arg;
    const struct runtime_process_ref ref = {.id = entry->container, .process = entry->id};
    struct hull_empty empty;

    if (runtime_delete(call, entry->runtime, &ref, &empty) < 0)
        hull_log(call, HULL_LOG_WARN, "exec left behind", "exec", entry->id, "error",
                 hull_error(call), NULL);
}

static int connect_client(struct hull_call *call, struct exec_entry *entry,
                          struct hull_stream **ret_stream)
{
    const struct runtime_attach_request request = {
        .id = entry->container,
        .process = entry->id,
        .stdin_ = entry->request.attach_stdin,
        .stdout_ = entry->request.attach_stdout,
        .stderr_ = entry->request.attach_stderr,
    };
    struct container_stream_reply reply;
    struct detach_keys keys;

    int rc = detach_keys_parse(call, entry->request.detach_keys, &keys);
    if (rc == 0)
        rc = runtime_attach(call, entry->runtime, &request, &reply);
    if (rc < 0)
        return rc;
    *ret_stream = entry->request.attach_stdin && entry->request.tty
                      ? detach_stream(reply.stream, &keys)
                      : reply.stream;
    return 0;
}

/* Make the process, connect the client and let the program go. */
static int launch(struct hull_call *call, struct exec_entry *entry,
                  const struct exec_start_request *request,
                  const struct container_lookup_reply *container, struct hull_stream **ret_stream)
{
    const struct runtime_process_ref ref = {.id = entry->container, .process = entry->id};
    struct runtime_exec_request exec = {
        .id = entry->container,
        .process = entry->id,
        .stdio = {.open_stdin = entry->request.attach_stdin && !request->detach,
                  .stdin_once = true},
        .seccomp = container->seccomp,
        .seccomp_mode = container->seccomp_mode,
    };
    struct runtime_create_reply made;
    struct runtime_start_reply started = {0};

    make_process(call, entry, request, container, &exec.spec);
    FAILPOINT(exec_launch_before);
    int rc = runtime_exec(call, entry->runtime, &exec, &made);
    if (rc < 0)
        return rc;
    hull_message_release(&runtime_create_reply_message, &made);
    hull_undo(call, undo_exec, entry);
    entry->pid = made.pid;
    if (!request->detach)
        rc = connect_client(call, entry, ret_stream);
    if (rc == 0)
        rc = runtime_start(call, entry->runtime, &ref, &started);
    if (started.pid > 0)
        entry->pid = started.pid;
    FAILPOINT(exec_launch_after);
    if (rc < 0)
        *ret_stream = hull_stream_close(*ret_stream);
    return rc;
}

/* What docker says in the stream, or to who does not listen, when the program can't be run. */
static const char *failure_text(struct hull_call *call)
{
    const char *text = hull_error(call), *cause = strstr(text, "unable to start container process");

    return cause != NULL && strncmp(text, "OCI runtime exec", 16) != 0
               ? hull_printf(call, "OCI runtime exec failed: exec failed: %s", cause)
               : hull_strdup(call, text);
}

static int failure_status(const char *text)
{
    return strstr(text, "not found") != NULL || strstr(text, "no such file") != NULL ? 127 : 126;
}

/* The program can't be run. A client that listens gets 101 and the text, as docker has it. */
static int failed(struct hull_call *call, struct exec_entry *entry, bool detach, int rc,
                  struct container_stream_reply *ret_reply)
{
    const char *text = failure_text(call);
    unsigned char head[8] = {1};
    struct hull_stream *writer;
    size_t length = strlen(text) + 2;

    set_ended(entry, failure_status(text));
    event(call, entry, "exec_die", "exitCode",
          hull_printf(call, "%lld", (long long)entry->exit_code));
    if (detach)
        return hull_fail(call, (enum hull_kind) - rc, "%s", text);
    hull_stream_pair(length + sizeof(head), &ret_reply->stream, &writer);
    for (size_t i = 0; i < 4; i++)
        head[4 + i] = (unsigned char)(length >> 8 * (3 - i));
    rc = entry->request.tty ? 0 : hull_stream_write(call, writer, head, sizeof(head));
    if (rc == 0)
        rc = hull_stream_write(call, writer, hull_printf(call, "%s\r\n", text), length);
    if (rc == 0)
        rc = hull_stream_shutdown(call, writer);
    hull_stream_close(writer);
    return rc;
}

/* LAUNCH in a handler of its own, so that its undo entries run before the failure is told. */
struct launching {
    struct exec_entry *entry;
    const struct exec_start_request *request;
    const struct container_lookup_reply *container;
    struct hull_stream *stream;
};

static int launch_task(struct hull_call *call, void *arg)
{
    struct launching *own = arg;

    return launch(call, own->entry, own->request, own->container, &own->stream);
}

static int start(struct hull_call *call, const struct exec_start_request *request,
                 struct container_stream_reply *ret_reply)
{
    struct container_lookup_reply container;
    struct exec_entry *entry;

    int rc = get(call, request->id, &entry);
    if (rc == 0)
        rc = lookup(call, hull_strdup(call, entry->container), &container);
    if (rc == 0) /* somebody else may have started it meanwhile */
        rc = get(call, request->id, &entry);
    if (rc < 0)
        return rc;
    if (entry->state == EXEC_RUNNING)
        return hull_fail(call, HULL_CONFLICT, "Error: Exec command %s is already running",
                         entry->id);
    if (entry->state != EXEC_CREATED)
        return hull_fail(call, HULL_CONFLICT, "Error: Exec command %s has already run", entry->id);
    entry->state = EXEC_RUNNING;
    use(call, entry);
    event(call, entry, action_of(call, "exec_start", entry), NULL, NULL);
    struct launching launching = {entry, request, &container, NULL};
    rc = hull_task_join(call, hull_task_start(call, "exec-start", launch_task, &launching));
    ret_reply->multiplexed = !entry->request.tty;
    if (rc < 0)
        return failed(call, entry, request->detach, rc, ret_reply);
    ret_reply->stream = launching.stream;
    hull_spawn("exec", watch, entry);
    return 0;
}

/* --- the rest -------------------------------------------------------------------------------- */

static int resize(struct hull_call *call, const struct container_resize_request *request,
                  struct hull_empty *ret_reply)
{
    struct exec_entry *entry;

    int rc = get(call, request->id, &entry);
    if (rc < 0)
        return rc;
    if (entry->state != EXEC_RUNNING || !entry->request.tty)
        return 0; /* too early or too late: as docker, no error */
    use(call, entry);
    const struct runtime_resize_request below = {.id = entry->container,
                                                 .process = entry->id,
                                                 .height = request->height,
                                                 .width = request->width};
    return runtime_resize(call, entry->runtime, &below, ret_reply);
}

/* The bit of a process on its way out, in field 9 of /proc/PID/stat. */
#define PF_EXITING 0x4u

/* A process that is ending, a zombie, or not there at all. */
static bool is_gone(int64_t pid)
{
    char text[512] = "";
    char path[40];

    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return true;
    const char *name_end = strrchr(text, ')');
    unsigned flags = 0;
    char state = '\0';
    if (name_end == NULL || sscanf(name_end, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
        return false;
    return state == 'Z' || state == 'X' || (flags & PF_EXITING);
}

/*
 * The exec as it is now. Clients ask for the status as soon as the output has ended, which can be
 * sooner than we hear of the end ourselves: then it is waited for.
 */
static int get_settled(struct hull_call *call, const char *id, struct exec_entry **ret)
{
    int rc = get(call, id, ret);

    while (rc == 0 && (*ret)->state == EXEC_RUNNING && (*ret)->pid > 0 && is_gone((*ret)->pid)) {
        rc = hull_cond_wait(call, &some_ended);
        if (rc == 0)
            rc = get(call, id, ret);
    }
    return rc;
}

static int inspect(struct hull_call *call, const struct exec_ref *request,
                   struct exec_inspect_reply *ret_reply)
{
    struct exec_entry *entry;

    int rc = get_settled(call, request->id, &entry);
    if (rc < 0)
        return rc;
    const struct exec_create_request *own = &entry->request;
    struct exec_inspect_reply found = {
        .id = entry->id,
        .running = entry->state == EXEC_RUNNING,
        .exit_code = {entry->state == EXEC_ENDED, entry->exit_code},
        .process_config = {.tty = own->tty,
                           .entrypoint = own->cmd.v[0],
                           .arguments = {own->cmd.n - 1, own->cmd.v + 1},
                           .privileged = own->privileged,
                           .user = own->user},
        .open_stdin = own->attach_stdin,
        .open_stdout = own->attach_stdout,
        .open_stderr = own->attach_stderr,
        .can_remove = entry->state == EXEC_ENDED,
        .container_id = entry->container,
        .detach_keys = own->detach_keys,
        .pid = entry->pid,
    };
    hull_message_copy(hull_call_arena(call), &exec_inspect_reply_message, &found, ret_reply);
    return 0;
}

static int list(struct hull_call *call, const struct container_ref *request,
                struct exec_list_reply *ret_reply)
{
    struct exec_entry *entry, *next;

    HASH_ITER (hh, execs, entry, next)
        if (entry->state == EXEC_RUNNING && hull_streq(entry->container, request->id))
            hull_strv_add(hull_call_arena(call), &ret_reply->ids, hull_strdup(call, entry->id));
    return 0;
}

static void fini(void)
{
    struct exec_entry *entry, *next;

    HASH_ITER (hh, execs, entry, next)
        forget(entry);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(exec, create, create), HULL_HANDLE(exec, start, start),
    HULL_HANDLE(exec, resize, resize), HULL_HANDLE(exec, inspect, inspect),
    HULL_HANDLE(exec, list, list),     {0},
};
static const char *const uses[] = {"container", "runtime/native", "runtime/oci", NULL};

HULL_PLUGIN(exec, .port = "exec", .version = PACKAGE_VERSION, .handlers = handlers, .uses = uses,
            .fini = fini);
