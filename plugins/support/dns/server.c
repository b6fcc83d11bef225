/*
 * The server: the sockets of all containers are in one epoll set that one fiber reads, many
 * questions with one system call. What can be answered at once is, with one further call for all;
 * what has to be asked elsewhere gets a fiber of its own.
 */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 16
/* A question is far shorter, with all that may come with it. */
#define QUESTION_MAX 1280

/* What one turn has read. */
static struct turn {
    struct mmsghdr in[DNS_BATCH];
    struct iovec in_data[DNS_BATCH];
    struct sockaddr_in from[DNS_BATCH];
    uint8_t questions[DNS_BATCH][QUESTION_MAX];
} turn;

static int epoll_fd = -1;
static unsigned asking_all;

/* --- one question ---------------------------------------------------------------------------- */

/* From the names alone; 0: none of ours. */
static size_t answer_names(struct dns_client *client, const struct dns_query *query,
                           const char *name, uint8_t *out, size_t size)
{
    static struct dns_found found;
    struct ip_addr addr;
    struct dns_name called;
    if (query->type == DNS_PTR && dns_reverse_read(name, &addr)) {
        if (!dns_find_address(client->view, &addr, &called))
            return 0;
        return dns_answer_pointer(out, size, query, &called, DNS_TTL_S);
    }
    dns_find_name(client->view, name, query->type == DNS_AAAA ? AF_INET6 : AF_INET, &found);
    if (!found.known)
        return 0;
    if (found.count == 0 || (query->type != DNS_A && query->type != DNS_AAAA))
        return dns_answer_code(out, size, query, DNS_NOERROR);
    return dns_answer_addresses(out, size, query, found.addresses, found.count, DNS_TTL_S);
}

size_t dns_answer(struct dns_client *client, const struct dns_query *query, uint8_t *out,
                  size_t size)
{
    char name[DNS_TEXT_MAX];
    size_t length = 0;
    if (dns_name_text(&query->name, name))
        length = answer_names(client, query, name, out, size);
    if (length > 0)
        return length;
    bool forwards = dns_view_forwards(client->view);
    if (forwards)
        length = dns_cache_get(&client->cache, query, hull_now_ms(), out, size);
    dns_counts.cached += length > 0;
    if (length > 0)
        return length;
    if (forwards && client->asking < DNS_ASKING_MAX && asking_all < DNS_ASKING_ALL_MAX) {
        dns_counts.forwarded++;
        return 0;
    }
    dns_counts.refused++;
    return dns_answer_code(out, size, query, DNS_SERVFAIL);
}

/* --- asking other servers for a client by UDP ------------------------------------------------ */

struct asking {
    struct dns_client *client;
    struct dns_query query;
    struct sockaddr_in from;
};

static int ask_for(struct hull_call *call, struct asking *asking)
{
    struct dns_client *client = asking->client;
    struct dns_job job;
    uint8_t answer[DNS_UDP_MAX];
    size_t size = 0;
    int rc = dns_job_begin(call, client, &job);
    if (rc < 0)
        return rc;
    rc = dns_ask_udp(call, client, &asking->query, answer, asking->query.size, &size);
    dns_job_end(&job);
    if (rc == 0 && client->udp_fd >= 0)
        (void)sendto(client->udp_fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL,
                     (struct sockaddr *)&asking->from, sizeof(asking->from));
    return rc;
}

static int ask_fiber(struct hull_call *call, void *arg)
{
    struct asking *asking = arg;
    int rc = ask_for(call, asking);
    asking->client->asking--;
    asking_all--;
    dns_client_unref(asking->client);
    free(asking);
    if (rc < 0)
        hull_error_clear(call); /* the client is gone, or the plugin ends */
    return 0;
}

static void start_asking(struct dns_client *client, const struct dns_query *query,
                         const struct sockaddr_in *from)
{
    struct asking *asking = malloc(sizeof(*asking));
    HULL_ASSERT(asking != NULL);
    *asking = (struct asking){dns_client_ref(client), *query, *from};
    client->asking++;
    asking_all++;
    hull_spawn("dns question", ask_fiber, asking);
}

/* --- UDP ------------------------------------------------------------------------------------- */

static void take_question(struct dns_client *client, size_t i)
{
    struct dns_query query;
    uint8_t *out = dns_answers_next();
    dns_counts.queries++;
    int rcode = DNS_DROP;
    if ((turn.in[i].msg_hdr.msg_flags & MSG_TRUNC) == 0 &&
        turn.in[i].msg_hdr.msg_namelen == sizeof(turn.from[i]))
        rcode = dns_query_read(turn.questions[i], turn.in[i].msg_len, &query);
    if (rcode != DNS_NOERROR)
        dns_counts.malformed++;
    if (rcode == DNS_DROP)
        return;
    size_t size = rcode == DNS_NOERROR ? dns_answer(client, &query, out, query.size)
                                       : dns_answer_code(out, query.size, &query, rcode);
    if (size == 0)
        start_asking(client, &query, &turn.from[i]);
    else
        dns_answers_add(&turn.from[i], size);
}

static void prepare_turn(void)
{
    for (size_t i = 0; i < DNS_BATCH; i++) {
        turn.in_data[i] = (struct iovec){turn.questions[i], QUESTION_MAX};
        turn.in[i].msg_hdr.msg_iov = &turn.in_data[i];
        turn.in[i].msg_hdr.msg_iovlen = 1;
    }
}

/* One turn of CLIENT. Never yields. */
static void serve_udp(struct dns_client *client)
{
    for (size_t i = 0; i < DNS_BATCH; i++) {
        turn.in[i].msg_hdr.msg_name = &turn.from[i];
        turn.in[i].msg_hdr.msg_namelen = sizeof(turn.from[i]);
        turn.in[i].msg_hdr.msg_flags = 0;
    }
    int got = recvmmsg(client->udp_fd, turn.in, DNS_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++)
        take_question(client, (size_t)i);
    dns_answers_send(client->udp_fd);
}

/* --- the fiber ------------------------------------------------------------------------------- */

/* What an event is about: the client, and its lowest bit for TCP. */
static uint64_t tag_of(struct dns_client *client, bool tcp)
{
    return (uintptr_t)client | tcp;
}

static void serve_event(const struct epoll_event *event)
{
    struct dns_client *client = (void *)((uintptr_t)event->data.u64 & ~(uintptr_t)1);
    if (event->data.u64 & 1)
        dns_tcp_accept(client);
    else
        serve_udp(client);
}

int dns_serve(struct hull_call *call, void *arg)
{
    (void)arg;
    struct epoll_event events[EVENTS];
    int rc = 0;
    while (rc >= 0) {
        int count = epoll_wait(epoll_fd, events, EVENTS, 0);
        for (int i = 0; i < count; i++)
            serve_event(&events[i]);
        rc = count > 0 ? hull_yield(call) : hull_wait_fd(call, epoll_fd, POLLIN);
    }
    if (rc == -HULL_CANCELED)
        hull_error_clear(call);
    return rc == -HULL_CANCELED ? 0 : rc;
}

static int watch(struct hull_call *call, struct dns_client *client, int fd, bool tcp)
{
    /* A connection that can't be taken, for want of descriptors, is told of once only. */
    struct epoll_event event = {.events = EPOLLIN | (tcp ? EPOLLET : 0),
                                .data.u64 = tag_of(client, tcp)};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return hull_fail_errno(call, errno, "watching the name server of %.12s", client->id);
    return 0;
}

int dns_serve_add(struct hull_call *call, struct dns_client *client)
{
    client->served = true;
    int rc = watch(call, client, client->udp_fd, false);
    return rc < 0 ? rc : watch(call, client, client->tcp_fd, true);
}

void dns_serve_remove(struct dns_client *client)
{
    int *const fds[] = {&client->udp_fd, &client->tcp_fd};
    client->served = false;
    for (size_t i = 0; i < HULL_COUNT(fds); i++) {
        if (*fds[i] < 0)
            continue;
        /* By hand: the shim may hold the same socket, and closing ours would not end it. */
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, *fds[i], NULL);
        hull_fd_cleanup(fds[i]);
        *fds[i] = -1;
    }
}

int dns_serve_init(struct hull_call *call)
{
    prepare_turn();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return hull_fail_errno(call, errno, "epoll");
    hull_spawn("dns server", dns_serve, NULL);
    return 0;
}

void dns_serve_fini(void)
{
    hull_fd_cleanup(&epoll_fd);
    epoll_fd = -1;
}
