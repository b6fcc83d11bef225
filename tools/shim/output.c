/*
 * output.c: the program's standard streams: to the log and to any number of clients, and from the
 * clients to the program.
 *
 * A client that does not read has its socket's buffer and what is left of one chunk; then the
 * program is not read either until it has taken that: no output gets lost and a shim's memory is
 * bounded. A client that is gone is forgotten at once.
 */
#include "tools/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define CHUNK 16384
#define INPUT_CHUNK 4096
#define MOST_CLIENTS 256
/* A program that has ended leaves at most two full pipes. */
#define PENDING_MAX (1u << 20)

struct client {
    int fd;
    int flags;
    bool ended; /* it sends no more */
    char *pending;
    size_t pending_size, pending_done;
};

static int input_fd = -1, source_fd[2] = {-1, -1};
static struct client *clients;
static size_t client_count;
static char input[INPUT_CHUNK];
static size_t input_size, input_done;

static void on_client(int fd, short revents);
static void on_source(int fd, short revents);
static void on_input(int fd, short revents);
static void flush_input(void);

void output_open(int stdin_fd, int stdout_fd, int stderr_fd)
{
    input_fd = stdin_fd;
    source_fd[0] = stdout_fd;
    source_fd[1] = stderr_fd;
    if (input_fd >= 0)
        fcntl(input_fd, F_SETFL, O_NONBLOCK);
}

void output_set_terminal(int master)
{
    shim.tty_fd = master;
    source_fd[0] = master;
}

static void close_input(void)
{
    input_size = input_done = 0;
    if (input_fd < 0)
        return;
    loop_forget(input_fd);
    close(input_fd);
    input_fd = -1;
}

/* Where the clients' bytes go, or -1. */
static int input_target(void)
{
    return shim.tty ? (shim.plan.open_stdin ? source_fd[0] : -1) : input_fd;
}

static void drop_client(struct client *client)
{
    bool had_input = (client->flags & SHIM_STDIN) != 0 && !client->ended;
    loop_forget(client->fd);
    close(client->fd);
    free(client->pending);
    *client = clients[--client_count];
    if (had_input && shim.plan.stdin_once && !shim.tty)
        close_input();
}

static void close_source(int i)
{
    int fd = HULL_TAKE_FD(source_fd[i]);
    if (fd < 0)
        return;
    loop_forget(fd);
    log_end(i == 1);
    if (fd != shim.tty_fd)
        close(fd);
    else
        input_size = input_done = 0;
}

void output_attach(int fd, int flags)
{
    struct client *more = client_count < MOST_CLIENTS
                              ? realloc(clients, (client_count + 1) * sizeof(*clients))
                              : NULL;
    if (more == NULL) {
        close(fd);
        return;
    }
    clients = more;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    clients[client_count++] = (struct client){.fd = fd, .flags = flags};
}

static void keep(struct client *client, const struct iovec *parts, size_t sent)
{
    size_t total = parts[0].iov_len + parts[1].iov_len;
    if (sent >= total)
        return;
    size_t before = client->pending == NULL ? 0 : client->pending_size;
    char *copy = realloc(client->pending, before + total);
    if (copy == NULL) {
        shutdown(client->fd, SHUT_RDWR); /* better an end than a hole */
        return;
    }
    memcpy(copy + before, parts[0].iov_base, parts[0].iov_len);
    memcpy(copy + before + parts[0].iov_len, parts[1].iov_base, parts[1].iov_len);
    if (client->pending == NULL)
        client->pending_done = sent;
    client->pending = copy;
    client->pending_size = before + total;
}

static void send_chunk(struct client *client, bool err, char *data, size_t size)
{
    unsigned char head[8] = {err ? 2 : 1,
                             0,
                             0,
                             0,
                             (unsigned char)(size >> 24),
                             (unsigned char)(size >> 16),
                             (unsigned char)(size >> 8),
                             (unsigned char)size};
    struct iovec parts[2] = {{head, shim.tty ? 0 : sizeof(head)}, {data, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (client->pending != NULL) {
        keep(client, parts, 0);
        return;
    }
    ssize_t n = sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        client->flags &= ~(SHIM_STDOUT | SHIM_STDERR); /* its end is seen by poll */
        return;
    }
    keep(client, parts, n < 0 ? 0 : (size_t)n);
}

/*
 * A client is behind, so that the program has to wait. When it has ended, what it left in its
 * pipes goes to the log in any case, and waits for the client here.
 */
static bool held_back(void)
{
    for (size_t i = 0; i < client_count; i++) {
        size_t most = shim.ended ? PENDING_MAX : 0;
        if (clients[i].pending != NULL && clients[i].pending_size - clients[i].pending_done > most)
            return true;
    }
    return false;
}

static void on_source(int fd, short revents)
{
    static char buffer[CHUNK];
    int i = fd == source_fd[1];
    if (shim.tty && (revents & POLLOUT) && input_size > 0)
        flush_input();
    /* The other stream may have filled a client in this very round. */
    if ((revents & ~POLLOUT) == 0 || held_back())
        return;
    ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_source(i);
        return;
    }
    log_write(i == 1, buffer, (size_t)n);
    for (size_t c = 0; c < client_count; c++) {
        if (clients[c].flags & (i == 1 ? SHIM_STDERR : SHIM_STDOUT))
            send_chunk(&clients[c], i == 1, buffer, (size_t)n);
    }
}

static struct client *find_client(int fd)
{
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i].fd == fd)
            return &clients[i];
    }
    return NULL;
}

static void flush_client(struct client *client)
{
    ssize_t n = send(client->fd, client->pending + client->pending_done,
                     client->pending_size - client->pending_done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        client->pending_done += (size_t)n;
    if (n > 0 && client->pending_done < client->pending_size)
        return;
    free(HULL_TAKE(client->pending));
    if (n < 0)
        client->flags &= ~(SHIM_STDOUT | SHIM_STDERR);
}

static void flush_input(void)
{
    int fd = input_target();
    if (fd < 0) {
        input_size = input_done = 0;
        return;
    }
    ssize_t n = write(fd, input + input_done, input_size - input_done);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        if (!shim.tty)
            close_input();
        input_size = input_done = 0;
        return;
    }
    input_done += (size_t)n;
    if (input_done == input_size)
        input_size = input_done = 0;
}

static void on_input(int fd, short revents)
{
    (void)fd;
    if (revents & (POLLERR | POLLNVAL))
        close_input(); /* the program has closed its end */
    else
        flush_input();
}

/* Input of a client; false when there will be no more of it. */
static bool take_input(struct client *client)
{
    ssize_t n = read(client->fd, input, sizeof(input));
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    input_size = (size_t)n;
    input_done = 0;
    flush_input();
    return true;
}

static void on_client(int fd, short revents)
{
    struct client *client = find_client(fd);
    if (client == NULL)
        return;
    if ((revents & POLLOUT) && client->pending != NULL)
        flush_client(client);
    bool wants = (client->flags & SHIM_STDIN) && !client->ended;
    if (wants && input_size == 0 && (revents & (POLLIN | POLLHUP)) && !take_input(client)) {
        client->ended = true;
        if (shim.plan.stdin_once && !shim.tty)
            close_input();
    }
    wants = (client->flags & SHIM_STDIN) && !client->ended;
    if ((revents & (POLLERR | POLLNVAL)) || ((revents & POLLHUP) && !wants))
        drop_client(client);
}

bool output_drained(void)
{
    return source_fd[0] < 0 && source_fd[1] < 0;
}

bool output_pending(void)
{
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i].pending != NULL)
            return true;
    }
    return false;
}

void output_close(void)
{
    close_source(0);
    close_source(1);
    close_input();
}

/* A terminal comes with the process: until then nobody's input is read. */
static bool too_early(void)
{
    return shim.tty && source_fd[0] < 0 && shim.state < SHIM_RUNNING;
}

void output_watch(void)
{
    bool over = output_drained() && shim.state >= SHIM_RUNNING;
    for (size_t i = client_count; i-- > 0;) {
        struct client *client = &clients[i];
        if (over && client->pending == NULL) {
            drop_client(client);
            continue;
        }
        bool wants = (client->flags & SHIM_STDIN) && !client->ended;
        if (wants && too_early()) {
            loop_forget(client->fd);
            continue;
        }
        short events = (short)((wants && input_size == 0 ? POLLIN : 0) |
                               (client->pending != NULL ? POLLOUT : 0));
        /* One with more input than there is room for is not looked at, lest its end wakes us. */
        if (wants && events == 0)
            loop_forget(client->fd);
        else
            loop_watch(client->fd, events, on_client);
    }
    for (int i = 0; i < 2; i++) {
        if (source_fd[i] < 0)
            continue;
        short events = shim.tty && input_size > 0 ? POLLOUT : 0;
        if (held_back())
            loop_forget(source_fd[i]); /* its hang-up would wake us for nothing */
        else
            loop_watch(source_fd[i], (short)(events | POLLIN), on_source);
    }
    if (input_fd >= 0)
        loop_watch(input_fd, input_size > 0 ? POLLOUT : 0, on_input);
}
