/*
 * Questions to other servers.
 *
 * Each question to each server has a number and a port of its own, both random, on a socket that
 * is connected to that server, so that the kernel drops what comes from elsewhere. An answer
 * counts when its number and question are right and it can be read to its end.
 *
 * The server that answered last is asked first; when it has not answered after a fifth of a
 * second, or says that it can't, all others are asked at once, and the first good answer wins.
 */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* What happens when nothing was heard: milliseconds since the question came. */
static const int64_t steps_ms[] = {200, 1000, 2200, 4000};
/* Answers to somebody else's question that are read past. */
#define STRAYS_MAX 64

struct asked {
    struct dns_server server;
    int fd;
    uint16_t id;
    bool sent;
    bool failed;
};

struct race {
    struct dns_client *client;
    const struct dns_query *query;
    struct asked asked[DNS_SERVERS_MAX];
    size_t count;
    size_t step;
    int64_t since_ms;
    int timer_fd;
    size_t strays;
    /* What is answered when nobody knows better: the last failure that a server told of. */
    uint8_t answer[DNS_UDP_MAX];
    size_t size;
    struct dns_reply reply;
};

int dns_new_id(struct hull_call *call, uint16_t *ret_id)
{
    return getrandom(ret_id, sizeof(*ret_id), 0) == (ssize_t)sizeof(*ret_id)
               ? 0
               : hull_fail(call, HULL_INTERNAL, "no random numbers");
}

bool dns_is_final(const struct dns_reply *reply)
{
    return reply->rcode == DNS_NOERROR || reply->rcode == DNS_NXDOMAIN;
}

/* Send the question to ASKED, whatever was sent before. A server that can't be reached has
 * failed; other errors are the call's. Yields. */
static int send_question(struct hull_call *call, struct race *race, struct asked *asked)
{
    uint8_t packet[512];
    int rc = 0;
    if (asked->failed)
        return 0;
    if (asked->fd < 0) {
        rc = dns_new_id(call, &asked->id);
        if (rc == 0)
            rc = dns_server_connect(call, race->client, &asked->server, SOCK_DGRAM, &asked->fd);
    }
    asked->sent = true;
    if (rc == -HULL_CANCELED || rc == -HULL_TIMEOUT)
        return rc;
    size_t size = dns_query_write(race->query, asked->id, packet);
    asked->failed =
        rc < 0 || send(asked->fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size;
    if (rc < 0)
        hull_error_clear(call);
    return 0;
}

/* All, or only those that were not asked yet. */
static int send_to_all(struct hull_call *call, struct race *race, bool again)
{
    int rc = 0;
    for (size_t i = 0; i < race->count && rc == 0; i++) {
        if (again || !race->asked[i].sent)
            rc = send_question(call, race, &race->asked[i]);
    }
    return rc;
}

/* True when ASKED has answered well; the answer is in RACE. */
static bool read_answer(struct race *race, struct asked *asked)
{
    uint8_t data[DNS_UDP_MAX];
    struct dns_reply reply;
    ssize_t size = recv(asked->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size < 0 || race->strays > STRAYS_MAX) {
        asked->failed = true;
        return false;
    }
    if (size > (ssize_t)sizeof(data) ||
        !dns_reply_read(data, (size_t)size, race->query, asked->id, &reply)) {
        race->strays++;
        return false;
    }
    asked->failed = !dns_is_final(&reply);
    memcpy(race->answer, data, (size_t)size);
    race->size = (size_t)size;
    race->reply = reply;
    return !asked->failed;
}

static bool all_failed(const struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        if (!race->asked[i].failed)
            return false;
    }
    return true;
}

static bool waiting(const struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        if (race->asked[i].sent && !race->asked[i].failed)
            return true;
    }
    return false;
}

/* Wait for something to happen; *ret_winner is who has answered, or the count. Yields. */
static int wait_answer(struct hull_call *call, struct race *race, size_t *ret_winner)
{
    struct pollfd fds[DNS_SERVERS_MAX + 1];
    size_t count = race->count;
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){race->asked[i].failed ? -1 : race->asked[i].fd, POLLIN, 0};
    fds[count] = (struct pollfd){race->timer_fd, POLLIN, 0};
    *ret_winner = count;
    int rc = hull_wait_fds(call, fds, count + 1);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < count && *ret_winner == count; i++) {
        if (fds[i].fd >= 0 && fds[i].revents != 0 && read_answer(race, &race->asked[i]))
            *ret_winner = i;
    }
    if (fds[count].revents != 0)
        race->step++;
    return 0;
}

static void set_timer(struct race *race)
{
    int64_t left = race->since_ms + steps_ms[race->step] - hull_now_ms();
    if (left < 1)
        left = 1;
    const struct itimerspec at = {
        .it_value = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000}};
    (void)timerfd_settime(race->timer_fd, 0, &at, NULL);
}

/* Who was told of a failure does not wait long for those that say nothing. */
static bool is_over(const struct race *race)
{
    return race->step == HULL_COUNT(steps_ms) || (race->size > 0 && race->step > 1);
}

/* *ret_winner is who has answered, or the count. Yields. */
static int run_race(struct hull_call *call, struct race *race, size_t *ret_winner)
{
    int rc = race->count > 0 ? send_question(call, race, &race->asked[0]) : 0;
    *ret_winner = race->count;
    while (rc == 0 && !all_failed(race)) {
        if (!waiting(race))
            rc = send_to_all(call, race, false);
        if (rc < 0 || all_failed(race))
            break;
        size_t step = race->step;
        set_timer(race);
        rc = wait_answer(call, race, ret_winner);
        if (rc < 0 || *ret_winner < race->count || is_over(race))
            break;
        if (race->step != step)
            rc = send_to_all(call, race, race->step > 1);
    }
    return rc;
}

/* What the client gets of what was found out. */
static size_t finish(struct race *race, size_t winner, uint8_t *out, size_t size)
{
    const struct dns_query *query = race->query;
    if (race->size == 0)
        return dns_answer_code(out, size, query, DNS_SERVFAIL);
    if (winner < race->count)
        dns_server_prefer(race->client, winner);
    if (race->reply.truncated || race->size > size)
        return dns_answer_truncated(out, size, query);
    dns_cache_put(&race->client->cache, query, hull_now_ms(), race->answer, race->size,
                  &race->reply);
    memcpy(out, race->answer, race->size);
    dns_reply_adapt(out, race->size, query, 0);
    return race->size;
}

int dns_ask_udp(struct hull_call *call, struct dns_client *client, const struct dns_query *query,
                uint8_t *out, size_t size, size_t *ret_size)
{
    struct race race = {.client = client, .query = query, .since_ms = hull_now_ms()};
    struct dns_server servers[DNS_SERVERS_MAX];
    size_t winner = 0;
    HULL_AUTO_FD timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer_fd < 0)
        return hull_fail_errno(call, errno, "timerfd");
    race.timer_fd = timer_fd;
    race.count = dns_servers(client, servers);
    for (size_t i = 0; i < race.count; i++)
        race.asked[i] = (struct asked){.server = servers[i], .fd = -1};
    int rc = run_race(call, &race, &winner);
    for (size_t i = 0; i < race.count; i++)
        hull_fd_cleanup(&race.asked[i].fd);
    if (rc == 0 && client->dropped)
        rc = hull_fail(call, HULL_CANCELED, "the container has gone");
    if (rc == 0)
        *ret_size = finish(&race, winner, out, size);
    return rc;
}
