/*
 * Accepting connections, and making way for new ones.
 *
 * Clients keep connections for their next request. When there are as many as may be, or when no
 * descriptor is left, the one that has been idle for the longest time ends, so that however many
 * are kept, whoever comes is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

/* Nothing tells that somebody else gave a descriptor back. */
#define ACCEPT_PAUSE_MS 250

struct http_conn *http_conns;
bool http_draining;
struct hull_cond http_changed;

/* Held back, so that a connection can be turned away when all descriptors are in use. */
static int reserve_fd = -1;

static size_t connections, most = HTTP_CONNECTIONS_MAX;
/* The first has been idle for the longest time. */
static TAILQ_HEAD(idle_list, http_conn) idle_conns = TAILQ_HEAD_INITIALIZER(idle_conns);

/* A quarter of all descriptors is for containers. */
static void set_most(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 4 * 3 < most)
        most = limit.rlim_cur / 4 * 3;
}

void http_conn_set_idle(struct http_conn *conn, bool idle)
{
    if (idle && !conn->idle)
        TAILQ_INSERT_TAIL(&idle_conns, conn, waiting);
    else if (!idle && conn->idle)
        TAILQ_REMOVE(&idle_conns, conn, waiting);
    conn->idle = idle;
    if (idle)
        hull_cond_broadcast(&http_changed);
}

void http_conn_forget(struct http_conn *conn)
{
    http_conn_set_idle(conn, false);
    *conn->link = conn->next;
    if (conn->next)
        conn->next->link = conn->link;
    connections--;
    hull_cond_broadcast(&http_changed);
}

/* One whose client has written meanwhile is not idle; it only has not been its turn. */
static bool has_input(const struct http_conn *conn)
{
    struct pollfd wanted = {.fd = conn->fd, .events = POLLIN};

    return poll(&wanted, 1, 0) != 0;
}

/* End the connection that has been idle for the longest time; false when none is. */
static bool end_idle(void)
{
    struct http_conn *conn = TAILQ_FIRST(&idle_conns);

    while (conn && has_input(conn))
        conn = TAILQ_NEXT(conn, waiting);
    if (!conn)
        return false;
    http_conn_set_idle(conn, false);
    hull_cancel(conn->call);
    return true;
}

static void reserve(void)
{
    if (reserve_fd < 0)
        reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor is left: take the connection off the queue with the one held back, and end it. */
static void turn_away(struct http_listener *listener)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    close(reserve_fd);
    reserve_fd = -1;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
            hull_log(NULL, HULL_LOG_DEBUG, "a connection was turned away", NULL);
        close(fd);
    }
    reserve();
}

/* A peer that vanished without a word is noticed within two minutes. */
static void set_tcp_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 15},
        {IPPROTO_TCP, TCP_KEEPCNT, 4},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 120000},
    };

    for (size_t i = 0; i < HULL_COUNT(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static void begin(struct http_listener *listener, int fd)
{
    struct http_conn *conn = calloc(1, sizeof(*conn));

    HULL_ASSERT(conn != NULL);
    if (listener->tcp)
        set_tcp_options(fd);
    conn->listener = listener;
    conn->fd = fd;
    conn->stream = hull_stream_from_fd(fd);
    conn->next = http_conns;
    conn->link = &http_conns;
    if (http_conns)
        http_conns->link = &conn->next;
    http_conns = conn;
    connections++;
    hull_spawn("http connection", http_conn_run, conn);
}

/* One of the descriptors may be had again: wait until a connection has ended, or waits idly. */
static int make_way(struct hull_call *call)
{
    (void)end_idle();
    return hull_cond_wait(call, &http_changed);
}

static int accept_one(struct hull_call *call, struct http_listener *listener)
{
    if (connections >= most)
        return make_way(call);
    int rc = hull_wait_fd(call, listener->fd, POLLIN);
    if (rc < 0)
        return rc;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        begin(listener, fd);
        return 0;
    }
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return 0; /* it has gone again, or was a network error of that connection */
    if (end_idle())
        return hull_cond_wait(call, &http_changed);
    if (reserve_fd >= 0) {
        turn_away(listener);
        return 0;
    }
    rc = hull_sleep(call, ACCEPT_PAUSE_MS);
    reserve();
    return rc;
}

int http_accept(struct hull_call *call, void *arg)
{
    struct http_listener *listener = arg;

    listener->call = call;
    reserve();
    set_most();
    while (!listener->stopped && accept_one(call, listener) >= 0)
        ;
    hull_error_clear(call);
    listener->call = NULL;
    hull_cond_broadcast(&http_changed);
    return 0;
}

void http_accept_done(void)
{
    if (reserve_fd >= 0)
        close(reserve_fd);
    reserve_fd = -1;
}
