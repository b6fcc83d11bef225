/*
 * health_net.c: the socket is made in the container's network namespace and used from here: no
 * process is started in the container, and the image needs no program for it.
 */
#include "health_net.h"

#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what is asked for ------------------------------------------------------------------------ */

static bool parse_port(const char *text, uint16_t *ret)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *ret = (uint16_t)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value > 0 && value <= 65535;
}

/* "HOST", "HOST:PORT", "[HOST]:PORT", and for a check of TCP "PORT". */
static bool parse_authority(char *text, struct health_target *ret)
{
    unsigned char binary[sizeof(struct in6_addr)];
    char *colon = strrchr(text, ':');
    const char *host = text;

    if (*text == '[') {
        char *end = strchr(text, ']');

        if (!end || (end[1] != '\0' && end[1] != ':'))
            return false;
        colon = end[1] == ':' ? end + 1 : NULL;
        *end = '\0';
        host = text + 1;
    } else if (!colon && !ret->http) {
        return parse_port(text, &ret->port);
    }
    if (colon && !parse_port(colon + 1, &ret->port))
        return false;
    if (colon)
        *colon = '\0';
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    ret->family = strchr(host, ':') ? AF_INET6 : AF_INET;
    snprintf(ret->address, sizeof(ret->address), "%s", host);
    return inet_pton(ret->family, host, binary) == 1;
}

/* Printable and without blanks: it gets into a request. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

bool health_target_parse(struct hull_arena *arena, const char *kind, const char *text,
                         struct health_target *ret)
{
    size_t length;

    *ret = (struct health_target){
        .http = strcmp(kind, "HTTP") == 0, .family = AF_INET, .address = "127.0.0.1", .port = 80};
    if (!is_plain(text) || strlen(text) > 2048)
        return false;
    if (!ret->http)
        return parse_authority(hull_arena_strdup(arena, text), ret);
    if (strncmp(text, "http://", 7) != 0)
        return false;
    text += 7;
    length = strcspn(text, "/?");
    ret->host = hull_arena_strndup(arena, text, length);
    ret->path = text[length] == '/' ? hull_arena_strdup(arena, text + length)
                                    : hull_arena_printf(arena, "/%s", text + length);
    return length > 0 && parse_authority(hull_arena_strndup(arena, text, length), ret);
}

/* --- asking ----------------------------------------------------------------------------------- */

struct visit {
    int netns_fd, family;
    int fd, error;
};

static void open_there(void *arg)
{
    struct visit *visit = arg;

    visit->fd = socket(visit->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    visit->error = visit->fd < 0 ? errno : 0;
}

static int visit_netns(struct hull_work *work, void *arg)
{
    struct visit *visit = arg;
    int rc = netns_visit(visit->netns_fd, open_there, visit);

    if (rc < 0 || visit->error != 0)
        return hull_problem_set(&work->problem, HULL_IO, "a socket in the container's network: %s",
                                strerror(rc < 0 ? -rc : visit->error));
    return 0;
}

static int open_socket(struct hull_call *call, int64_t pid, int family, int *ret_fd)
{
    HULL_AUTO_FD netns_fd =
        open(hull_printf(call, "/proc/%lld/ns/net", (long long)pid), O_RDONLY | O_CLOEXEC);
    struct visit visit = {.netns_fd = netns_fd, .family = family, .fd = -1};
    int rc;

    if (netns_fd < 0)
        return hull_fail_errno(call, errno, "the container's network");
    rc = hull_work(call, visit_netns, &visit);
    *ret_fd = visit.fd;
    return rc;
}

static int start_connect(int fd, const struct health_target *target)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(target->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(target->port)};

    if (target->family == AF_INET) {
        inet_pton(AF_INET, target->address, &v4.sin_addr);
        return connect(fd, (const struct sockaddr *)(const void *)&v4, sizeof(v4));
    }
    inet_pton(AF_INET6, target->address, &v6.sin6_addr);
    return connect(fd, (const struct sockaddr *)(const void *)&v6, sizeof(v6));
}

/* 0 with *ret_error, the errno of the attempt. */
static int connect_to(struct hull_call *call, int fd, const struct health_target *target,
                      int *ret_error)
{
    socklen_t size = sizeof(*ret_error);
    int rc;

    *ret_error = start_connect(fd, target) < 0 ? errno : 0;
    if (*ret_error != EINPROGRESS)
        return 0;
    rc = hull_wait_fd(call, fd, POLLOUT);
    if (rc < 0)
        return rc;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_error, &size) < 0
               ? hull_fail_errno(call, errno, "connecting")
               : 0;
}

/* "HTTP/1.1 204 …" is well from 200 to 399. The rest of the answer is not read. */
static int ask(struct hull_call *call, struct hull_stream *stream,
               const struct health_target *target, bool *ret_healthy, char *output, size_t size)
{
    char line[256] = "";
    size_t have = 0;
    const char *request = hull_printf(call,
                                      "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: hull-health\r\n"
                                      "Accept: */*\r\nConnection: close\r\n\r\n",
                                      target->path, target->host);
    int rc = hull_stream_write(call, stream, request, strlen(request));

    while (rc == 0 && have < sizeof(line) - 1 && !memchr(line, '\n', have)) {
        ssize_t got = hull_stream_read(call, stream, line + have, sizeof(line) - 1 - have);

        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    if (rc < 0)
        return rc;
    line[strcspn(line, "\r\n")] = '\0';
    *ret_healthy = strncmp(line, "HTTP/1.", 7) == 0 && strlen(line) >= 12 && line[8] == ' ' &&
                   (line[9] == '2' || line[9] == '3');
    snprintf(output, size, "%s", have > 0 ? line : "the connection was closed without an answer");
    return 0;
}

int health_net_probe(struct hull_call *call, int64_t pid, const struct health_target *target,
                     bool *ret_healthy, char *output, size_t size)
{
    HULL_AUTO_FD fd = -1;
    struct hull_stream *stream;
    int error = 0, rc = open_socket(call, pid, target->family, &fd);

    *ret_healthy = false;
    if (rc == 0)
        rc = connect_to(call, fd, target, &error);
    if (rc < 0)
        return rc;
    snprintf(output, size, "connect to %s port %u: %s", target->address, target->port,
             error != 0 ? strerror(error) : "ok");
    *ret_healthy = error == 0;
    if (error != 0 || !target->http)
        return 0;
    stream = hull_stream_from_fd(HULL_TAKE_FD(fd));
    hull_defer(call, hull_stream_close_cleanup, stream);
    return ask(call, stream, target, ret_healthy, output, size);
}
