/*
 * Connections to a daemon: over a unix socket, TCP (with TLS or without) and ssh.
 */
#include "plugins/remote/remote.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/tls.h"

#define IDLE_MAX 4

static struct conn *idle[IDLE_MAX];

static const struct remote_options *options(void)
{
    return hull_plugin_options("remote");
}

const char *remote_host(void)
{
    const char *host = options()->host;
    return host == NULL || host[0] == '\0' ? "unix:///run/hull/hull.sock" : host;
}

static bool has_scheme(const char *scheme)
{
    return strncmp(remote_host(), scheme, strlen(scheme)) == 0;
}

const char *remote_host_header(void)
{
    return has_scheme("tcp://") ? remote_host() + strlen("tcp://") : "localhost";
}

static int unreachable(struct hull_call *call, int err)
{
    if (err == EACCES || err == EPERM)
        return hull_fail(call, HULL_IO,
                         "permission denied while trying to connect to the hull daemon socket at "
                         "%s: be root, or a member of the group that owns it",
                         remote_host());
    return hull_fail(call, HULL_IO,
                     "Cannot connect to the hull daemon at %s. Is the hull daemon running?",
                     remote_host());
}

/* --- dialling -------------------------------------------------------------------------------- */

static int dial(struct hull_call *call, const struct sockaddr *address, socklen_t length,
                struct hull_stream **ret, int *ret_err)
{
    HULL_AUTO_FD fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *ret_err = errno;
    if (fd < 0)
        return -HULL_IO;
    int rc = connect(fd, address, length) < 0 ? errno : 0;
    if (rc == EINPROGRESS) {
        socklen_t size = sizeof(rc);
        int ready = hull_wait_fd(call, fd, POLLOUT);
        if (ready < 0)
            return ready;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &rc, &size) < 0)
            rc = errno;
    }
    *ret_err = rc;
    if (rc != 0)
        return -HULL_IO;
    *ret = hull_stream_from_fd(HULL_TAKE_FD(fd));
    return 0;
}

static int dial_unix(struct hull_call *call, const char *path, struct hull_stream **ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int err;
    if (strlen(path) >= sizeof(address.sun_path))
        return hull_fail(call, HULL_IO, "unix://%s: the path is too long for a socket", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int rc = dial(call, (struct sockaddr *)&address, sizeof(address), ret, &err);
    return rc == -HULL_IO ? unreachable(call, err) : rc;
}

struct lookup {
    const char *host;
    const char *port;
    struct addrinfo *found;
};

static int look_up(struct hull_work *work, void *arg)
{
    struct lookup *lookup = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    int rc = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
    return rc == 0
               ? 0
               : hull_problem_set(&work->problem, HULL_IO, "error during connect: lookup %s: %s",
                                  lookup->host, gai_strerror(rc));
}

static int dial_tcp(struct hull_call *call, const char *host, const char *port,
                    struct hull_stream **ret)
{
    struct lookup lookup = {.host = host, .port = port};
    int rc = hull_work(call, look_up, &lookup);
    if (rc < 0)
        return rc;
    int err = ENOENT;
    rc = -HULL_IO;
    for (struct addrinfo *at = lookup.found; at != NULL && rc == -HULL_IO; at = at->ai_next)
        rc = dial(call, at->ai_addr, at->ai_addrlen, ret, &err);
    freeaddrinfo(lookup.found);
    return rc == -HULL_IO ? unreachable(call, err) : rc;
}

/* "host:port", "[::1]:port", "host" */
static int split_address(struct hull_call *call, const char *address, const char *fallback,
                         const char **ret_host, const char **ret_port)
{
    struct hull_arena *arena = hull_call_arena(call);
    size_t length = strcspn(address, "/");
    char *copy = hull_arena_strndup(arena, address, length);
    char *close = copy[0] == '[' ? strchr(copy, ']') : NULL;
    char *colon = strrchr(close != NULL ? close : copy, ':');
    *ret_port = fallback;
    if (colon != NULL) {
        *colon = '\0';
        if (colon[1] != '\0')
            *ret_port = colon + 1;
    }
    if (close != NULL)
        *close = '\0';
    *ret_host = close != NULL ? copy + 1 : copy[0] == '\0' ? "127.0.0.1" : copy;
    if (address[length] == '/' && address[length + 1] != '\0')
        return hull_fail(call, HULL_IO, "unable to parse docker host `%s`: a path after tcp://",
                         remote_host());
    return 0;
}

static int wrap_tls(struct hull_call *call, const char *host, struct hull_stream **stream)
{
    const struct remote_options *o = options();
    struct tls_connect_request request = {
        .stream = *stream,
        .host = host,
        .verify = o->tls_verify,
        .ca = o->tls_ca,
        .cert = o->tls_cert,
        .key = o->tls_key,
    };
    struct tls_connect_reply reply;
    *stream = NULL;
    int rc = tls_connect(call, "support/tls", &request, &reply);
    if (rc < 0) /* ours, not the daemon's */
        return hull_fail(call, HULL_IO, "error during connect to %s: %s", remote_host(),
                         hull_strdup(call, hull_error(call)));
    *stream = reply.stream;
    return 0;
}

static int open_tcp(struct hull_call *call, const char *address, struct hull_stream **ret)
{
    bool tls = options()->tls || options()->tls_verify;
    const char *host, *port;
    int rc = split_address(call, address, tls ? "2376" : "2375", &host, &port);
    if (rc == 0)
        rc = dial_tcp(call, host, port, ret);
    if (rc == 0) {
        int on = 1;
        setsockopt(hull_stream_fd(*ret), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (tls)
            rc = wrap_tls(call, host, ret);
    }
    return rc;
}

/* --- ssh ------------------------------------------------------------------------------------- */

static const char *find_program(struct hull_call *call, const char *name)
{
    const char *path = getenv("PATH");
    for (path = path == NULL ? "/usr/bin:/bin" : path; *path != '\0';) {
        size_t length = strcspn(path, ":");
        char *file = hull_printf(call, "%.*s/%s", (int)length, path, name);
        if (path[0] == '/' && access(file, X_OK) == 0)
            return file;
        path += length + (path[length] == ':');
    }
    return NULL;
}

static const char *const remote_command =
    "if command -v hull >/dev/null 2>&1; then exec hull system dial-stdio; "
    "else exec docker system dial-stdio; fi";

static int open_ssh(struct hull_call *call, const char *address, struct hull_stream **ret)
{
    const char *argv[16] = {"ssh", "-T", "-o", "ConnectTimeout=30"};
    size_t n = 4;
    char *host = hull_strdup(call, address);
    host[strcspn(host, "/")] = '\0';
    char *at = strrchr(host, '@');
    char *colon = strrchr(at != NULL ? at : host, ':');
    if (colon != NULL) {
        *colon = '\0';
        argv[n++] = "-p";
        argv[n++] = colon + 1;
    }
    if (host[0] == '-' || host[0] == '\0')
        return hull_fail(call, HULL_IO, "unable to parse docker host `%s`", remote_host());
    argv[n++] = "--";
    argv[n++] = host;
    argv[n++] = remote_command;
    const char *program = find_program(call, "ssh");
    if (program == NULL)
        return hull_fail(call, HULL_IO, "%s needs the program ssh, which is not in PATH",
                         remote_host());

    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return hull_fail_errno(call, errno, "socketpair");
    HULL_AUTO_FD ours = pair[0];
    HULL_AUTO_FD theirs = pair[1];
    int fds[] = {theirs, theirs, STDERR_FILENO};
    struct hull_process process;
    struct hull_process_spec spec = {.path = program,
                                     .argv = argv,
                                     .envp = (const char *const *)environ,
                                     .fds = fds,
                                     .fd_count = 3};
    int rc = hull_process_start(call, &spec, &process);
    if (rc < 0)
        return rc;
    close(process.pidfd); /* it ends when its standard input does */
    *ret = hull_stream_from_fd(HULL_TAKE_FD(ours));
    return 0;
}

/* --- connections ----------------------------------------------------------------------------- */

int conn_open(struct hull_call *call, struct conn **ret_conn)
{
    static const struct {
        const char *scheme;
        int (*open)(struct hull_call *, const char *, struct hull_stream **);
    } transports[] = {
        {"unix://", dial_unix}, {"tcp://", open_tcp}, {"http://", open_tcp}, {"ssh://", open_ssh}};
    const char *host = remote_host();
    for (size_t i = 0; i < HULL_COUNT(transports); i++) {
        if (!has_scheme(transports[i].scheme))
            continue;
        struct hull_stream *stream = NULL;
        int rc = transports[i].open(call, host + strlen(transports[i].scheme), &stream);
        if (rc < 0)
            return rc;
        struct conn *conn = calloc(1, sizeof(*conn));
        HULL_ASSERT(conn != NULL);
        conn->stream = stream;
        *ret_conn = conn;
        return 0;
    }
    return hull_fail(call, HULL_IO,
                     "unable to parse docker host `%s`: use unix://, tcp:// or ssh://", host);
}

/* An idle connection that the daemon has closed, or said something on, is of no use. */
static bool is_quiet(struct conn *conn)
{
    int fd = hull_stream_fd(conn->stream);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLRDHUP};
    return fd >= 0 && conn->at == conn->end && poll(&poll_fd, 1, 0) == 0;
}

int conn_get(struct hull_call *call, struct conn **ret_conn)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        if (idle[i] == NULL)
            continue;
        struct conn *conn = HULL_TAKE(idle[i]);
        if (is_quiet(conn)) {
            conn->reused = true;
            *ret_conn = conn;
            return 0;
        }
        conn_close(conn);
    }
    return conn_open(call, ret_conn);
}

void conn_put(struct conn *conn)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        if (idle[i] == NULL) {
            idle[i] = conn;
            return;
        }
    }
    conn_close(conn);
}

struct conn *conn_close(struct conn *conn)
{
    if (conn != NULL) {
        hull_stream_close(conn->stream);
        free(conn);
    }
    return NULL;
}

void conn_close_idle(void)
{
    for (size_t i = 0; i < IDLE_MAX; i++)
        idle[i] = conn_close(idle[i]);
}

ssize_t conn_fill(struct hull_call *call, struct conn *conn)
{
    if (conn->at > 0) {
        memmove(conn->buffer, conn->buffer + conn->at, conn->end - conn->at);
        conn->end -= conn->at;
        conn->at = 0;
    }
    ssize_t n = hull_stream_read(call, conn->stream, conn->buffer + conn->end,
                                 sizeof(conn->buffer) - conn->end);
    if (n > 0)
        conn->end += (size_t)n;
    return n;
}

ssize_t conn_read(struct hull_call *call, struct conn *conn, void *data, size_t size)
{
    if (conn->at == conn->end)
        return hull_stream_read(call, conn->stream, data, size);
    size_t n = conn->end - conn->at;
    if (n > size)
        n = size;
    memcpy(data, conn->buffer + conn->at, n);
    conn->at += n;
    return (ssize_t)n;
}
