/*
 * Questions to other servers by TCP, as the client came. Who answered last is asked first; when it
 * has not answered after a fifth of a second, or can't, all others are asked beside it, each by a
 * task of its own with its own time limit, and the first good answer wins.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TCP_SECONDS 3
#define ALONE_MS 200

/* --- one server ------------------------------------------------------------------------------ */

/* One server: its answer, of which *ret_reply is known. Yields. */
static int ask_one(struct hull_call *call, int fd, int timer_fd, const struct dns_query *query,
                   uint8_t *out, size_t *ret_size, struct dns_reply *ret_reply)
{
    uint8_t packet[512];
    uint16_t id;
    const struct itimerspec limit = {.it_value.tv_sec = TCP_SECONDS};
    (void)timerfd_settime(timer_fd, 0, &limit, NULL);
    int rc = dns_new_id(call, &id);
    if (rc < 0)
        return rc;
    size_t size = dns_query_write(query, id, packet + 2);
    packet[0] = (uint8_t)(size >> 8);
    packet[1] = (uint8_t)size;
    rc = dns_write_all(call, fd, timer_fd, packet, size + 2);
    if (rc == 0)
        rc = dns_read_all(call, fd, timer_fd, packet, 2);
    if (rc < 0)
        return rc;
    *ret_size = (size_t)(packet[0] << 8 | packet[1]);
    rc = dns_read_all(call, fd, timer_fd, out, *ret_size);
    if (rc == 0 && !dns_reply_read(out, *ret_size, query, id, ret_reply))
        rc = hull_fail(call, HULL_IO, "a name server gave no answer");
    return rc;
}

/* True when SERVER has answered well. Yields; -HULL_CANCELED when the call is over. */
static int try_server(struct hull_call *call, struct dns_client *client,
                      const struct dns_server *server, const struct dns_query *query, uint8_t *out,
                      size_t *ret_size)
{
    HULL_AUTO_FD fd = -1;
    HULL_AUTO_FD timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct dns_reply reply;
    if (timer_fd < 0)
        return hull_fail_errno(call, errno, "timerfd");
    int rc = dns_server_connect(call, client, server, SOCK_STREAM, &fd);
    if (rc == 0)
        rc = ask_one(call, fd, timer_fd, query, out, ret_size, &reply);
    if (rc == -HULL_CANCELED)
        return rc;
    if (rc < 0)
        hull_error_clear(call);
    if (rc < 0 || !dns_is_final(&reply))
        return 0;
    dns_reply_adapt(out, *ret_size, query, 0);
    return 1;
}

/* --- all of them ----------------------------------------------------------------------------- */

struct tcp_race;
struct attempt {
    struct tcp_race *race;
    struct hull_task *task;
    struct dns_server server;
    uint8_t *out;
    size_t size;
    bool over, good;
};
struct tcp_race {
    struct dns_client *client;
    const struct dns_query *query;
    struct attempt attempts[DNS_SERVERS_MAX];
    size_t count, started;
    bool late;
    struct hull_cond changed;
};

static int run_attempt(struct hull_call *call, void *arg)
{
    struct attempt *attempt = arg;
    struct tcp_race *race = attempt->race;
    int rc =
        try_server(call, race->client, &attempt->server, race->query, attempt->out, &attempt->size);
    attempt->good = rc > 0;
    attempt->over = true;
    hull_cond_broadcast(&race->changed);
    return rc < 0 ? rc : 0;
}

static int become_late(struct hull_call *call, void *arg)
{
    struct tcp_race *race = arg;
    int rc = hull_sleep(call, ALONE_MS);
    race->late = true;
    hull_cond_broadcast(&race->changed);
    return rc;
}

static void start_attempt(struct hull_call *call, struct tcp_race *race)
{
    struct attempt *attempt = &race->attempts[race->started++];
    attempt->out = malloc(DNS_TCP_MAX);
    HULL_ASSERT(attempt->out != NULL);
    attempt->task = hull_task_start(call, "dns server by tcp", run_attempt, attempt);
}

/* Who has answered well, or the count. */
static size_t winner_of(const struct tcp_race *race)
{
    size_t i = 0;
    while (i < race->count && !race->attempts[i].good)
        i++;
    return i;
}

static bool is_open(const struct tcp_race *race)
{
    for (size_t i = 0; i < race->started; i++) {
        if (!race->attempts[i].over)
            return true;
    }
    return race->started < race->count;
}

static int run_race(struct hull_call *call, struct tcp_race *race)
{
    int rc = 0;
    start_attempt(call, race);
    while (rc == 0 && winner_of(race) == race->count && is_open(race)) {
        while (race->started < race->count && (race->late || race->attempts[0].over))
            start_attempt(call, race);
        rc = hull_cond_wait(call, &race->changed);
    }
    return rc;
}

/* Those that are still under way end here. */
static void join_all(struct hull_call *call, struct tcp_race *race, struct hull_task *clock)
{
    hull_task_cancel(clock);
    for (size_t i = 0; i < race->started; i++)
        hull_task_cancel(race->attempts[i].task);
    for (size_t i = 0; i < race->started; i++) {
        if (hull_task_join(call, race->attempts[i].task) < 0)
            hull_error_clear(call);
    }
    if (hull_task_join(call, clock) < 0)
        hull_error_clear(call);
}

static int ask_all(struct hull_call *call, struct tcp_race *race, uint8_t *out, size_t *ret_size)
{
    struct hull_task *clock = hull_task_start(call, "dns clock", become_late, race);
    int rc = run_race(call, race);
    join_all(call, race, clock);
    size_t winner = winner_of(race);
    if (rc == 0 && winner < race->count) {
        dns_server_prefer(race->client, winner);
        *ret_size = race->attempts[winner].size;
        memcpy(out, race->attempts[winner].out, *ret_size);
    }
    for (size_t i = 0; i < race->started; i++)
        free(race->attempts[i].out);
    return rc < 0 ? rc : hull_check(call);
}

int dns_ask_tcp(struct hull_call *call, struct dns_client *client, const struct dns_query *query,
                uint8_t *out, size_t *ret_size)
{
    struct tcp_race race = {.client = client, .query = query};
    struct dns_server servers[DNS_SERVERS_MAX];
    int rc = 0;
    *ret_size = 0;
    race.count = dns_servers(client, servers);
    for (size_t i = 0; i < race.count; i++)
        race.attempts[i] = (struct attempt){.race = &race, .server = servers[i]};
    if (race.count == 1)
        rc = try_server(call, client, &servers[0], query, out, ret_size);
    if (race.count == 1 && rc == 0)
        *ret_size = 0; /* what it said is no answer */
    if (race.count > 1)
        rc = ask_all(call, &race, out, ret_size);
    if (rc < 0)
        return rc;
    if (*ret_size == 0)
        *ret_size = dns_answer_code(out, DNS_TCP_MAX, query, DNS_SERVFAIL);
    return 0;
}
