/*
 * Listening sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http.h"

#include "api/tls.h"

/* A thousand clients at once are not turned away; the kernel takes as many as it is set to. */
#define BACKLOG 4096
/* The first descriptor of socket activation. */
#define ACTIVATION_FD 3

struct http_listener *http_listeners;

static struct http_listener *listener_new(const char *address, int fd)
{
    struct http_listener *listener = calloc(1, sizeof(*listener));
    HULL_ASSERT(listener != NULL);
    listener->address = strdup(address);
    HULL_ASSERT(listener->address != NULL);
    listener->fd = fd;
    return listener;
}

void http_listener_free(struct http_listener *listener)
{
    struct stat info;

    if (listener->path && lstat(listener->path, &info) == 0 && info.st_dev == listener->device &&
        info.st_ino == listener->inode)
        unlink(listener->path);
    if (listener->fd >= 0)
        close(listener->fd);
    free(listener->path);
    free(listener->address);
    free(listener);
}

void http_listen_done(void)
{
    while (http_listeners) {
        struct http_listener *listener = http_listeners;
        http_listeners = listener->next;
        http_listener_free(listener);
    }
    http_accept_done();
}

/* --- unix ------------------------------------------------------------------------------------ */

/* Remove the socket of a daemon that has gone; one that answers is an error. */
static int clear_path(struct hull_call *call, const struct sockaddr_un *address)
{
    struct stat info;

    if (lstat(address->sun_path, &info) < 0)
        return errno == ENOENT ? 0 : hull_fail_errno(call, errno, "%s", address->sun_path);
    if (!S_ISSOCK(info.st_mode))
        return hull_fail(call, HULL_CONFLICT, "%s exists and is no socket: remove it first",
                         address->sun_path);
    HULL_AUTO_FD probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return hull_fail_errno(call, errno, "socket");
    if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
        return hull_fail(call, HULL_CONFLICT,
                         "another daemon listens on %s: stop it, or use another --host",
                         address->sun_path);
    if (errno != ECONNREFUSED) /* EPROTOTYPE: somebody has it who speaks in datagrams */
        return hull_fail_errno(call, errno, "%s is a socket that is not ours", address->sun_path);
    if (unlink(address->sun_path) < 0)
        return hull_fail_errno(call, errno, "remove %s", address->sun_path);
    return 0;
}

static int make_parent(struct hull_call *call, const char *path)
{
    char *parent = hull_strdup(call, path);
    char *slash = strrchr(parent, '/');

    for (char *at = strchr(parent + 1, '/'); at && at <= slash; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(parent, 0755) < 0 && errno != EEXIST)
            return hull_fail_errno(call, errno, "create %s", parent);
        *at = '/';
    }
    return 0;
}

/* The group NAME of the host's own file, as docker looks for it: the name service would load
 * libraries into the daemon for this one line. False when there is none. */
static bool find_group(const char *name, gid_t *ret)
{
    FILE *file = fopen("/etc/group", "re");
    struct group *group = file ? fgetgrent(file) : NULL;

    while (group && strcmp(group->gr_name, name) != 0)
        group = fgetgrent(file);
    if (group)
        *ret = group->gr_gid;
    if (file)
        fclose(file);
    return group;
}

/* The group may use the socket: GROUP must exist, or, when it is NULL, "hull" when it does. */
static int set_group(struct hull_call *call, const char *path, const char *group)
{
    const char *name = group && *group ? group : "hull";
    gid_t gid;
    bool found = find_group(name, &gid);

    if (!found && group && *group)
        return hull_fail(call, HULL_INVALID,
                         "group %s does not exist: create it, or choose another with --group",
                         group);
    if (found && lchown(path, 0, gid) < 0 && geteuid() == 0)
        return hull_fail_errno(call, errno, "give %s to group %s", path, name);
    if (chmod(path, 0660) < 0)
        return hull_fail_errno(call, errno, "set the mode of %s", path);
    return 0;
}

/* Nobody may connect before the group is right. The file takes the mode that the socket has; the
 * umask would be that of the workers as well. */
static int bind_unix(struct hull_call *call, int fd, const struct sockaddr_un *address)
{
    if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        return hull_fail_errno(call, errno, "listen on %s", address->sun_path);
    return 0;
}

static int listen_unix(struct hull_call *call, int fd, const char *path, const char *group,
                       struct stat *ret_info)
{
    if (listen(fd, BACKLOG) < 0 || lstat(path, ret_info) < 0)
        return hull_fail_errno(call, errno, "listen on %s", path);
    return set_group(call, path, group);
}

static int open_unix(struct hull_call *call, const char *path, const char *group,
                     struct http_listener **ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat info;

    if (*path != '/' || strlen(path) >= sizeof(address.sun_path))
        return hull_fail(call, HULL_INVALID,
                         "unix://%s: the path must be absolute and shorter than %zu bytes", path,
                         sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    int rc = make_parent(call, path);
    if (rc == 0)
        rc = clear_path(call, &address);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return hull_fail_errno(call, errno, "socket");
    rc = bind_unix(call, fd, &address);
    if (rc < 0)
        return rc;
    rc = listen_unix(call, fd, path, group, &info);
    if (rc < 0) {
        unlink(path);
        return rc;
    }
    *ret = listener_new(path, HULL_TAKE_FD(fd));
    (*ret)->path = strdup(path);
    HULL_ASSERT((*ret)->path != NULL);
    (*ret)->device = info.st_dev;
    (*ret)->inode = info.st_ino;
    return 0;
}

/* --- tcp ------------------------------------------------------------------------------------- */

static int bind_tcp(struct hull_call *call, const char *text, const struct addrinfo *info,
                    struct http_listener **ret)
{
    int on = 1;
    HULL_AUTO_FD fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        return hull_fail_errno(call, errno, "listen on tcp://%s", text);
    *ret = listener_new(text, HULL_TAKE_FD(fd));
    (*ret)->tcp = true;
    return 0;
}

/* Whoever may speak to the API is root. Sets *ret_tls. */
static int check_tcp(struct hull_call *call, const char *host, const struct daemon_config *config,
                     bool *ret_tls)
{
    const struct tls_accept_request files = {.verify = config->tlsverify,
                                             .ca = config->tlscacert,
                                             .cert = config->tlscert,
                                             .key = config->tlskey};
    struct tls_accept_reply unused;

    *ret_tls = config->tls || config->tlsverify;
    if (!config->tlsverify && !config->unsafe_tcp)
        return hull_fail(call, HULL_INVALID,
                         "%s: whoever reaches this port is root on the machine: demand client "
                         "certificates with --tlsverify, or take the risk with --unsafe-tcp",
                         host);
    if (!*ret_tls)
        return 0;
    if (!files.cert || !files.key)
        return hull_fail(call, HULL_INVALID, "%s: TLS needs --tlscert and --tlskey", host);
    return tls_accept(call, "support/tls", &files, &unused);
}

static int open_tcp(struct hull_call *call, const char *text, const struct daemon_config *config,
                    struct http_listener **ret)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char *host = hull_strdup(call, text);
    char *colon = strrchr(host, ':');
    bool tls;

    int rc = check_tcp(call, hull_printf(call, "tcp://%s", text), config, &tls);
    if (rc < 0)
        return rc;
    if (!colon || !colon[1])
        return hull_fail(call, HULL_INVALID, "tcp://%s: expected tcp://ADDRESS:PORT", text);
    *colon = '\0';
    if (*host == '[' && colon > host + 1 && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    rc = getaddrinfo(*host ? host : "127.0.0.1", colon + 1, &hints, &found);
    if (rc != 0)
        return hull_fail(call, HULL_INVALID, "tcp://%s: %s: give a numeric address and a port",
                         text, gai_strerror(rc));
    rc = bind_tcp(call, text, found, ret);
    freeaddrinfo(found);
    if (rc == 0)
        (*ret)->tls = tls;
    return rc;
}

/* --- socket activation ----------------------------------------------------------------------- */

static bool is_listening(int fd)
{
    int listening = 0;
    socklen_t size = sizeof(listening);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

/* fd:// takes the first descriptor that systemd passed, fd://3 the one with that number. */
static int open_passed(struct hull_call *call, const char *text, const struct daemon_config *config,
                       struct http_listener **ret)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    char *end = (char *)text;
    long number = *text ? strtol(text, &end, 10) : ACTIVATION_FD;
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);

    if (*end || !pid || !count || strtol(pid, NULL, 10) != getpid() || number < ACTIVATION_FD ||
        number >= ACTIVATION_FD + strtol(count, NULL, 10))
        return hull_fail(call, HULL_INVALID,
                         "fd://%s: no such socket was passed by systemd: is the socket unit "
                         "active?",
                         text);
    int fd = (int)number;
    if (!is_listening(fd))
        return hull_fail(call, HULL_INVALID, "fd://%s: it is no listening stream socket", text);
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return hull_fail_errno(call, errno, "fd://%s", text);
    bool tcp = address.ss_family != AF_UNIX, tls = false;
    int rc = tcp ? check_tcp(call, hull_printf(call, "fd://%s", text), config, &tls) : 0;
    if (rc < 0)
        return rc;
    *ret = listener_new("fd", fd);
    (*ret)->tcp = tcp;
    (*ret)->tls = tls;
    return 0;
}

int http_listen_open(struct hull_call *call, const char *host, const struct daemon_config *config,
                     struct http_listener **ret)
{
    if (strncmp(host, "unix://", 7) == 0)
        return open_unix(call, host + 7, config->group, ret);
    if (strncmp(host, "tcp://", 6) == 0)
        return open_tcp(call, host + 6, config, ret);
    if (strncmp(host, "fd://", 5) == 0)
        return open_passed(call, host + 5, config, ret);
    return hull_fail(call, HULL_INVALID,
                     "invalid bind address (%s): use unix://PATH, tcp://ADDRESS:PORT or fd://",
                     host);
}
