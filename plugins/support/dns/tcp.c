/* Questions by TCP: a fiber for each connection, few of them, each with a time limit. */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Between two questions, and for each of them. */
#define IDLE_SECONDS 10
/* Then the connection ends, so that nobody keeps one for good. */
#define QUESTIONS_MAX 200

struct connection {
    struct dns_client *client;
    int fd;
};

static unsigned connections_all;

/* Wait until FD is ready, at most until TIMER_FD fires. Yields. */
static int wait_ready(struct hull_call *call, int fd, int timer_fd, short events)
{
    struct pollfd fds[] = {{fd, events, 0}, {timer_fd, POLLIN, 0}};
    int rc = hull_wait_fds(call, fds, HULL_COUNT(fds));
    if (rc < 0)
        return rc;
    return fds[0].revents != 0 ? 0 : hull_fail(call, HULL_TIMEOUT, "the other end is too slow");
}

int dns_read_all(struct hull_call *call, int fd, int timer_fd, uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, data, size, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return hull_fail(call, HULL_IO, "the other end has gone");
        int rc = got < 0 ? wait_ready(call, fd, timer_fd, POLLIN) : 0;
        if (rc < 0)
            return rc;
        data += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int dns_write_all(struct hull_call *call, int fd, int timer_fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return hull_fail(call, HULL_IO, "the other end has gone");
        int rc = sent < 0 ? wait_ready(call, fd, timer_fd, POLLOUT) : 0;
        if (rc < 0)
            return rc;
        data += sent > 0 ? sent : 0;
        size -= sent > 0 ? (size_t)sent : 0;
    }
    return 0;
}

/* The answer to the SIZE bytes at DATA into OUT, which has room for DNS_TCP_MAX; 0 bytes: none. */
static int answer(struct hull_call *call, struct dns_client *client, const uint8_t *data,
                  size_t size, uint8_t *out, size_t *ret_size)
{
    struct dns_query query;
    dns_counts.queries++;
    int rcode = dns_query_read(data, size, &query);
    dns_counts.malformed += rcode != DNS_NOERROR;
    *ret_size = 0;
    if (rcode == DNS_DROP)
        return 0;
    *ret_size = rcode == DNS_NOERROR ? dns_answer(client, &query, out, DNS_TCP_MAX)
                                     : dns_answer_code(out, DNS_TCP_MAX, &query, rcode);
    if (*ret_size > 0)
        return 0;
    client->asking++;
    int rc = dns_ask_tcp(call, client, &query, out, ret_size);
    client->asking--;
    return rc;
}

/* BUFFER has room for two bytes of length and a message, twice. */
static int one_question(struct hull_call *call, struct connection *connection, int timer_fd,
                        uint8_t *buffer)
{
    const struct itimerspec limit = {.it_value.tv_sec = IDLE_SECONDS};
    uint8_t *out = buffer + DNS_TCP_MAX + 2;
    uint8_t *head = buffer;
    size_t size;
    (void)timerfd_settime(timer_fd, 0, &limit, NULL);
    int rc = dns_read_all(call, connection->fd, timer_fd, head, 2);
    size = rc < 0 ? 0 : (size_t)(head[0] << 8 | head[1]);
    if (rc == 0)
        rc = dns_read_all(call, connection->fd, timer_fd, buffer + 2, size);
    if (rc == 0)
        rc = answer(call, connection->client, buffer + 2, size, out + 2, &size);
    if (rc == 0 && size == 0)
        rc = hull_fail(call, HULL_INVALID, "not a question");
    if (rc < 0)
        return rc;
    out[0] = (uint8_t)(size >> 8);
    out[1] = (uint8_t)size;
    (void)timerfd_settime(timer_fd, 0, &limit, NULL);
    return dns_write_all(call, connection->fd, timer_fd, out, size + 2);
}

static int serve(struct hull_call *call, struct connection *connection)
{
    struct dns_job job;
    int rc = dns_job_begin(call, connection->client, &job);
    if (rc < 0)
        return rc;
    HULL_AUTO_FD timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    HULL_AUTO_FREE uint8_t *buffer = malloc(2 * (DNS_TCP_MAX + 2));
    HULL_ASSERT(buffer != NULL);
    if (timer_fd < 0)
        rc = hull_fail_errno(call, errno, "timerfd");
    for (size_t i = 0; i < QUESTIONS_MAX && rc == 0; i++)
        rc = one_question(call, connection, timer_fd, buffer);
    dns_job_end(&job);
    return rc;
}

static int connection_fiber(struct hull_call *call, void *arg)
{
    struct connection *connection = arg;
    /* Its end is no failure, however it comes: the client has gone, or was too slow. */
    if (serve(call, connection) < 0)
        hull_error_clear(call);
    connection->client->connections--;
    connections_all--;
    hull_fd_cleanup(&connection->fd);
    dns_client_unref(connection->client);
    free(connection);
    return 0;
}

/* Takes FD. */
static void start_connection(struct dns_client *client, int fd)
{
    struct connection *connection = malloc(sizeof(*connection));
    HULL_ASSERT(connection != NULL);
    *connection = (struct connection){dns_client_ref(client), fd};
    client->connections++;
    connections_all++;
    hull_spawn("dns connection", connection_fiber, connection);
}

void dns_tcp_accept(struct dns_client *client)
{
    for (;;) {
        HULL_AUTO_FD fd = accept4(client->tcp_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (client->connections < DNS_CONNECTIONS_MAX && connections_all < DNS_CONNECTIONS_ALL_MAX)
            start_connection(client, HULL_TAKE_FD(fd));
        else
            dns_counts.refused++;
    }
}
