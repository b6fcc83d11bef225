/*
 * jail.c: the daemon's side of hull-jail (jail.h).
 */
#define HULL_DEFINE_TABLES
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "wire.h"

#define RESULT_MAX 8192
#define JAIL_FDS 7 /* tools/jail/main.c says what each is */
#define PLACES_MAX 200

/* HULL_LIBEXEC is for a tree that is not installed. */
static const char *program(struct hull_call *call)
{
    const char *folder = getenv("HULL_LIBEXEC");
    return hull_printf(call, "%s/hull-jail", folder != NULL ? folder : LIBEXECDIR);
}

static void add_text(struct hull_call *call, struct hull_strv *argv, const char *key,
                     const char *value)
{
    if (value != NULL)
        hull_strv_add(hull_call_arena(call), argv, hull_printf(call, "%s=%s", key, value));
}

static void add_number(struct hull_call *call, struct hull_strv *argv, const char *key,
                       int64_t value)
{
    if (value != 0)
        hull_strv_add(hull_call_arena(call), argv,
                      hull_printf(call, "%s=%lld", key, (long long)value));
}

/* Lives in the arena of the call, which kills what nobody finished. */
struct jail_guard {
    int result_fd;
    struct helper process;
};

static void give_up(struct hull_call *call, void *arg)
{
    struct jail_guard *guard = arg;
    if (guard->result_fd >= 0)
        close(guard->result_fd);
    guard->result_fd = -1;
    if (guard->process.pid > 0)
        helper_kill_cleanup(call, &guard->process);
    guard->process.pid = 0;
}

static int start(struct hull_call *call, struct hull_strv *argv, const int *fds, size_t fd_count,
                 struct jail_guard *guard)
{
    hull_strv_add(hull_call_arena(call), argv, NULL);
    struct helper_spec spec = {
        .path = program(call),
        .argv = argv->v,
        .fds = fds,
        .fd_count = fd_count,
    };
    return helper_start(call, &spec, &guard->process);
}

/* UNPACK: the jail reads from the pipe. The tree and the rest are in FDS already. */
static int start_with_pipes(struct hull_call *call, struct hull_strv *argv, int *fds,
                            size_t fd_count, bool unpack, struct jail *ret)
{
    int data[2], result[2], theirs = unpack ? 0 : 1;
    if (pipe2(data, O_CLOEXEC) < 0)
        return hull_fail_errno(call, errno, "pipe");
    if (pipe2(result, O_CLOEXEC) < 0) {
        int err = errno;
        close(data[0]);
        close(data[1]);
        return hull_fail_errno(call, err, "pipe");
    }
    fcntl(data[1], F_SETPIPE_SZ, 1024 * 1024); /* a wish: fewer switches */
    fds[theirs] = data[theirs];
    fds[4] = result[1];
    struct jail_guard *guard = hull_alloc(call, sizeof(*guard));
    int rc = start(call, argv, fds, fd_count, guard);
    close(data[theirs]);
    close(result[1]);
    if (rc < 0) {
        close(data[!theirs]);
        close(result[0]);
        return rc;
    }
    guard->result_fd = result[0];
    hull_defer(call, give_up, guard);
    *ret = (struct jail){.pipe_fd = data[!theirs], .guard = guard};
    return 0;
}

static int child_fd(int fd)
{
    return fd > 0 ? fd : -1;
}

int jail_unpack(struct hull_call *call, const struct jail_unpack *options, struct jail *ret)
{
    struct hull_strv argv = {};
    hull_strv_add(hull_call_arena(call), &argv, "hull-jail");
    hull_strv_add(hull_call_arena(call), &argv, "unpack");
    add_text(call, &argv, "whiteouts", options->whiteouts);
    add_text(call, &argv, "path", options->path);
    add_number(call, &argv, "entries", options->max_entries);
    add_number(call, &argv, "bytes", options->max_bytes);
    add_number(call, &argv, "compressed", options->compressed);
    add_number(call, &argv, "keep-type", options->keep_type);
    add_number(call, &argv, "owner", options->set_owner);
    add_number(call, &argv, "uid", options->uid);
    add_number(call, &argv, "gid", options->gid);
    add_number(call, &argv, "mntns", options->mntns_fd > 0);
    int fds[JAIL_FDS] = {
        -1, -1, -1, child_fd(options->dir_fd), -1, -1, child_fd(options->mntns_fd)};
    return start_with_pipes(call, &argv, fds, JAIL_FDS, true, ret);
}

int jail_pack(struct hull_call *call, const struct jail_pack *options, struct jail *ret)
{
    struct hull_strv argv = {};
    hull_strv_add(hull_call_arena(call), &argv, "hull-jail");
    hull_strv_add(hull_call_arena(call), &argv, "pack");
    add_text(call, &argv, "path", options->path);
    add_text(call, &argv, "rename", options->rename);
    add_number(call, &argv, "layer", options->layer);
    add_number(call, &argv, "list", options->list_fd > 0);
    add_number(call, &argv, "mntns", options->mntns_fd > 0);
    int fds[JAIL_FDS] = {-1,
                         -1,
                         -1,
                         child_fd(options->dir_fd),
                         -1,
                         child_fd(options->list_fd),
                         child_fd(options->mntns_fd)};
    return start_with_pipes(call, &argv, fds, JAIL_FDS, false, ret);
}

/* --- the end -------------------------------------------------------------------------------- */

static int read_result(struct hull_call *call, int fd, char *buffer, size_t *ret_size)
{
    size_t size = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (size < RESULT_MAX) {
        ssize_t n = read(fd, buffer + size, RESULT_MAX - size);
        if (n == 0)
            break;
        if (n > 0) {
            size += (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return hull_fail_errno(call, errno, "reading the result of hull-jail");
        int rc = hull_wait_fd(call, fd, POLLIN);
        if (rc < 0)
            return rc;
    }
    *ret_size = size;
    return 0;
}

static int decode(struct hull_call *call, const char *buffer, size_t size, int status,
                  struct jail_result *ret)
{
    struct hull_problem problem = {};
    if (size == 0 && WIFSIGNALED(status))
        return hull_fail(call, HULL_INTERNAL, "hull-jail was killed by signal %d",
                         WTERMSIG(status));
    if (size == 0 || wire_decode(hull_call_arena(call), &jail_result_message, buffer, size, NULL, 0,
                                 ret, &problem) < 0)
        return hull_fail(call, HULL_INTERNAL, "hull-jail ended with status %d and no result",
                         WEXITSTATUS(status));
    if (ret->kind == 0)
        return 0;
    bool known = ret->kind > 0 && ret->kind <= HULL_CANCELED;
    return hull_fail(call, known ? (enum hull_kind)ret->kind : HULL_INTERNAL, "%s",
                     ret->error != NULL ? ret->error : "hull-jail failed");
}

/* The writer's own failure counts unless it only saw that the jail had gone; a tar cut short by
 * the writer's failure makes the jail complain too. */
static int collect(struct hull_call *call, struct jail *jail, int rc, struct jail_result *ret)
{
    char buffer[RESULT_MAX];
    size_t size = 0;
    int status = 0;
    if (rc < 0 && rc != -HULL_IO)
        return rc; /* it is killed */
    const char *before = hull_strdup(call, hull_error(call));
    int read_rc = read_result(call, jail->guard->result_fd, buffer, &size);
    if (read_rc < 0)
        return read_rc;
    int wait_rc = helper_wait(call, &jail->guard->process, &status);
    if (wait_rc < 0)
        return wait_rc;
    jail->guard->process.pid = 0;
    int jail_rc = decode(call, buffer, size, status, ret);
    /* A jail that packs is told only that nobody reads. */
    if (rc < 0 && (jail_rc == 0 || jail_rc == -HULL_CANCELED))
        return hull_fail(call, HULL_IO, "%s", before);
    return jail_rc;
}

int jail_finish(struct hull_call *call, struct jail *jail, int rc, struct jail_result *ret_result)
{
    struct jail_result result = {};
    if (jail->pipe_fd >= 0)
        close(jail->pipe_fd);
    jail->pipe_fd = -1;
    rc = collect(call, jail, rc, &result);
    /* What goes on writing into the tree must have ended before the caller takes the tree back. */
    hull_shield(call);
    give_up(call, jail->guard);
    hull_unshield(call);
    if (rc == 0 && ret_result != NULL)
        *ret_result = result;
    return rc;
}

/* --- a namespace ----------------------------------------------------------------------------- */

/* The jail stays in its namespace until its pipe is closed. */
static int take_namespace(struct hull_call *call, struct jail *jail, int *ret_dir_fd,
                          int *ret_mntns_fd)
{
    char buffer[RESULT_MAX];
    struct jail_result result = {};
    size_t size = 0;
    int rc = read_result(call, jail->guard->result_fd, buffer, &size);
    if (rc == 0)
        rc = decode(call, buffer, size, 0, &result);
    if (rc < 0)
        return rc;
    const char *process = hull_printf(call, "/proc/%d", (int)jail->guard->process.pid);
    HULL_AUTO_FD dir =
        open(hull_printf(call, "%s/root", process), O_PATH | O_DIRECTORY | O_CLOEXEC);
    HULL_AUTO_FD mntns = open(hull_printf(call, "%s/ns/mnt", process), O_RDONLY | O_CLOEXEC);
    if (dir < 0 || mntns < 0)
        return hull_fail_errno(call, errno, "looking into the namespace of hull-jail");
    *ret_dir_fd = HULL_TAKE_FD(dir);
    *ret_mntns_fd = HULL_TAKE_FD(mntns);
    return 0;
}

int jail_mount(struct hull_call *call, int dir_fd, const struct jail_place *places, size_t count,
               int *ret_dir_fd, int *ret_mntns_fd)
{
    struct hull_strv argv = {};
    struct jail jail;
    int fds[JAIL_FDS + PLACES_MAX] = {-1, -1, -1, child_fd(dir_fd), -1, -1, -1};
    if (count > PLACES_MAX)
        return hull_fail(call, HULL_INVALID, "%zu mounts: at most %d can be seen at once", count,
                         PLACES_MAX);
    hull_strv_add(hull_call_arena(call), &argv, "hull-jail");
    hull_strv_add(hull_call_arena(call), &argv, "mount");
    for (size_t i = 0; i < count; i++) {
        fds[JAIL_FDS + i] = places[i].fd;
        add_text(call, &argv, "place", places[i].path);
        add_text(call, &argv, "sub", places[i].subpath);
    }
    int rc = start_with_pipes(call, &argv, fds, JAIL_FDS + count, true, &jail);
    if (rc < 0)
        return rc;
    rc = take_namespace(call, &jail, ret_dir_fd, ret_mntns_fd);
    hull_shield(call);
    hull_fd_cleanup(&jail.pipe_fd);
    give_up(call, jail.guard);
    hull_unshield(call);
    return rc;
}
