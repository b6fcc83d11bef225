/*
 * log_socket.c: sockets of log drivers, on the loop.
 */
#include "log_socket.h"

#include <errno.h>
#include <hull/daemon.h>
#include <hull/fiber.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FINISH_MS 5000
#define CONNECT_MS 10000

/* --- addresses -------------------------------------------------------------------------------- */

static int bad_address(struct hull_call *call, const char *name, const char *text, const char *why)
{
    return hull_fail(call, HULL_INVALID, "%s: \"%s\": %s", name, text, why);
}

static int parse_host(struct hull_call *call, struct hull_arena *arena, const char *name,
                      const char *text, const char *rest, const char *default_port,
                      struct log_address *ret)
{
    char *host = hull_arena_strdup(arena, rest);
    char *end = host[0] == '[' ? strchr(host, ']') : NULL;
    char *colon = strrchr(end ? end : host, ':');
    unsigned long port = 0;

    if (colon) {
        char *stop;

        *colon = '\0';
        ret->port = colon + 1;
        port = strtoul(colon + 1, &stop, 10);
        if (*stop != '\0' || colon[1] == '\0' || port == 0 || port > 65535)
            return bad_address(call, name, text, "the port has to be 1 to 65535");
    } else {
        ret->port = default_port;
    }
    if (!ret->port)
        return bad_address(call, name, text, "a port is missing: use HOST:PORT");
    if (end) {
        *end = '\0';
        host++;
    }
    if (*host == '\0')
        return bad_address(call, name, text, "a host is missing: use HOST:PORT");
    ret->host = host;
    return 0;
}

int log_address_parse(struct hull_call *call, struct hull_arena *arena, const char *name,
                      const char *text, const char *default_port, struct log_address *ret)
{
    static const struct {
        const char *scheme;
        bool datagrams, local;
    } schemes[] = {{"udp://", true, false},
                   {"tcp://", false, false},
                   {"unix://", false, true},
                   {"unixgram://", true, true}};
    struct sockaddr_un local;

    *ret = (struct log_address){0};
    if (strncmp(text, "tcp+tls://", 10) == 0)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "%s: \"%s\": tcp+tls is not supported by hull yet: use tcp:// to a relay "
                         "on this host",
                         name, text);
    for (size_t i = 0; i < HULL_COUNT(schemes); i++) {
        size_t length = strlen(schemes[i].scheme);

        if (strncmp(text, schemes[i].scheme, length) != 0)
            continue;
        ret->datagrams = schemes[i].datagrams;
        if (!schemes[i].local)
            return parse_host(call, arena, name, text, text + length, default_port, ret);
        if (text[length] != '/' || strlen(text + length) >= sizeof(local.sun_path))
            return bad_address(call, name, text,
                               "the path of a socket has to be absolute and "
                               "shorter than 108 bytes");
        ret->path = hull_arena_strdup(arena, text + length);
        return 0;
    }
    return bad_address(call, name, text, "use udp://, tcp://, unix:// or unixgram://");
}

/* --- connecting ------------------------------------------------------------------------------- */

struct lookup {
    const struct log_address *address;
    struct addrinfo *found;
};

static int look_up(struct hull_work *work, void *arg)
{
    struct lookup *lookup = arg;
    const struct log_address *address = lookup->address;
    struct addrinfo hints = {.ai_socktype = address->datagrams ? SOCK_DGRAM : SOCK_STREAM};
    int rc = getaddrinfo(address->host, address->port, &hints, &lookup->found);

    return rc == 0 ? 0
                   : hull_problem_set(&work->problem, HULL_IO, "lookup %s: %s", address->host,
                                      gai_strerror(rc));
}

struct dial {
    const struct sockaddr *address;
    socklen_t length;
    int fd;
};

static int await_connection(struct hull_call *call, void *arg)
{
    struct dial *dial = arg;
    int err = 0;
    socklen_t size = sizeof(err);
    int rc = hull_wait_fd(call, dial->fd, POLLOUT);

    if (rc < 0)
        return rc;
    getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &err, &size);
    return err == 0 ? 0 : hull_fail_errno(call, err, "connecting to the receiver");
}

static int dial(struct hull_call *call, int type, struct dial *dial, int *ret_fd)
{
    HULL_AUTO_FD fd = socket(dial->address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = 0;

    dial->fd = fd;
    if (fd < 0)
        return hull_fail_errno(call, errno, "making a socket");
    if (connect(fd, dial->address, dial->length) < 0) {
        if (errno != EINPROGRESS)
            return hull_fail_errno(call, errno, "connecting to the receiver");
        rc = hull_request(call, "log connect", CONNECT_MS, await_connection, dial);
    }
    if (rc == 0)
        *ret_fd = HULL_TAKE_FD(fd);
    return rc;
}

int log_socket_open(struct hull_call *call, const struct log_address *address, int *ret_fd)
{
    int type = address->datagrams ? SOCK_DGRAM : SOCK_STREAM, rc;
    struct lookup lookup = {.address = address};

    if (address->path) {
        struct sockaddr_un local = {.sun_family = AF_UNIX};
        struct dial target = {(struct sockaddr *)&local, sizeof(local), -1};

        memcpy(local.sun_path, address->path, strlen(address->path) + 1);
        return dial(call, type, &target, ret_fd);
    }
    rc = hull_work(call, look_up, &lookup);
    if (rc < 0)
        return rc;
    rc = -HULL_IO;
    for (struct addrinfo *at = lookup.found; at && rc < 0 && hull_check(call) == 0;
         at = at->ai_next) {
        struct dial target = {at->ai_addr, at->ai_addrlen, -1};

        rc = dial(call, type, &target, ret_fd);
    }
    freeaddrinfo(lookup.found);
    return rc;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* A stream whose other end has closed still takes bytes, which nobody reads. */
static bool has_gone(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int log_socket_send(struct hull_call *call, int fd, const struct log_address *address,
                    const void *data, size_t size)
{
    const char *at = data;
    int err = 0;
    socklen_t err_size = sizeof(err);

    while (size > 0) {
        ssize_t sent;

        if (!address->datagrams && has_gone(fd))
            return hull_fail(call, HULL_IO, "the receiver has closed the connection");
        sent = send(fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            int rc = hull_wait_fd(call, fd, POLLOUT);

            if (rc < 0)
                return rc;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return hull_fail_errno(call, errno, "sending to the receiver");
        at += sent;
        size -= (size_t)sent;
    }
    /* A host without the port says so; on this host it does at once. */
    if (address->datagrams && getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &err_size) == 0 &&
        err != 0)
        return hull_fail_errno(call, err, "sending to the receiver");
    return 0;
}

bool log_socket_arrived(int fd, const struct log_address *address)
{
    int left = 0;

    return address->datagrams || (ioctl(fd, SIOCOUTQ, &left) == 0 && left == 0);
}

static int await_end(struct hull_call *call, void *fd)
{
    char rest[4096];
    ssize_t got;
    int rc;

    while ((rc = hull_wait_fd(call, *(int *)fd, POLLIN)) > 0) {
        got = read(*(int *)fd, rest, sizeof(rest));
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return 0;
    }
    return rc;
}

int log_socket_finish(struct hull_call *call, int fd, const struct log_address *address)
{
    if (address->datagrams)
        return 0;
    shutdown(fd, SHUT_WR);
    if (hull_request(call, "log finish", FINISH_MS, await_end, &fd) < 0) {
        int rc = hull_check(call);

        if (rc < 0)
            return rc;
        hull_error_clear(call);
    }
    return log_socket_arrived(fd, address)
               ? 0
               : hull_fail(call, HULL_IO, "the receiver did not take the last lines");
}
