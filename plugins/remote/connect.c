/*
 * Connections to a daemon: over a unix socket, TCP (with TLS or without) and ssh.
 */
#include "plugins/remote/remote.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/tls.h"
#include "plugins/common/helper.h"

#define IDLE_MAX 4

static struct http_peer *idle[IDLE_MAX];

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

static int dial_unix(struct hull_call *call, const char *path, struct hull_stream **ret)
{
    int err;
    int rc = http_dial_unix(call, path, ret, &err);
    if (rc == -HULL_IO && err == ENAMETOOLONG)
        return hull_fail(call, HULL_IO, "unix://%s: the path is too long for a socket", path);
    return rc == -HULL_IO ? unreachable(call, err) : rc;
}

static int dial_tcp(struct hull_call *call, const char *host, const char *port,
                    struct hull_stream **ret)
{
    int err;
    int rc = http_dial_tcp(call, host, port, ret, &err);
    if (rc == -HULL_IO && err == 0)
        return hull_wrap(call, rc, "error during connect");
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
    struct helper process;
    struct helper_spec spec = {.path = program,
                               .argv = argv,
                               .envp = (const char *const *)environ,
                               .fds = fds,
                               .fd_count = 3};
    int rc = helper_start(call, &spec, &process);
    if (rc < 0)
        return rc;
    close(process.pidfd); /* it ends when its standard input does */
    *ret = hull_stream_from_fd(HULL_TAKE_FD(ours));
    return 0;
}

/* --- connections ----------------------------------------------------------------------------- */

int conn_open(struct hull_call *call, struct http_peer **ret_conn)
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
        *ret_conn = http_peer_new(stream, hull_printf(call, "the daemon at %s", host));
        return 0;
    }
    return hull_fail(call, HULL_IO,
                     "unable to parse docker host `%s`: use unix://, tcp:// or ssh://", host);
}

/* An idle connection that the daemon has closed, or said something on, is of no use. */
static bool is_quiet(struct http_peer *conn)
{
    int fd = hull_stream_fd(conn->stream);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLRDHUP};
    return fd >= 0 && conn->at == conn->end && poll(&poll_fd, 1, 0) == 0;
}

int conn_get(struct hull_call *call, struct http_peer **ret_conn)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        if (idle[i] == NULL)
            continue;
        struct http_peer *conn = HULL_TAKE(idle[i]);
        if (is_quiet(conn)) {
            conn->reused = true;
            *ret_conn = conn;
            return 0;
        }
        http_peer_close(conn);
    }
    return conn_open(call, ret_conn);
}

void conn_put(struct http_peer *conn)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        if (idle[i] == NULL) {
            idle[i] = conn;
            return;
        }
    }
    http_peer_close(conn);
}

void conn_close_idle(void)
{
    for (size_t i = 0; i < IDLE_MAX; i++)
        idle[i] = http_peer_close(idle[i]);
}
