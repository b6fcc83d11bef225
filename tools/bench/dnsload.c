/*
 * dnsload: asks a name server as fast as it answers.
 *
 *     dnsload NAME SECONDS CONCURRENT [ADDRESS]
 *
 * So many sockets have one question each under way. Prints one line: questions a second, the
 * median and the 99th percentile of the times in microseconds, and how many went unanswered.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 53
#define CONCURRENT_MAX 256
#define EVENTS 64
/* Times are counted in steps of a microsecond; longer ones are all in the last place. */
#define TIMES_MAX 100000
#define LOST_NS 2000000000

static struct slot {
    int fd;
    int64_t since_ns;
} slots[CONCURRENT_MAX];

static struct {
    uint8_t question[300];
    size_t size;
    uint64_t times[TIMES_MAX + 1];
    uint64_t answered, lost;
} run;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void make_question(const char *name)
{
    static const uint8_t head[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t tail[] = {0, 0, 1, 0, 1};
    size_t at = sizeof(head);
    memcpy(run.question, head, sizeof(head));
    while (*name != '\0' && at + 64 + sizeof(tail) < sizeof(run.question)) {
        size_t label = strcspn(name, ".");
        if (label == 0 || label > 63)
            break;
        run.question[at++] = (uint8_t)label;
        memcpy(run.question + at, name, label);
        at += label;
        name += label + (name[label] == '.');
    }
    memcpy(run.question + at, tail, sizeof(tail));
    run.size = at + sizeof(tail);
}

static void ask(struct slot *slot)
{
    slot->since_ns = now_ns();
    if (send(slot->fd, run.question, run.size, 0) != (ssize_t)run.size)
        die("send");
}

static void take(struct slot *slot)
{
    uint8_t answer[4096];
    ssize_t size = recv(slot->fd, answer, sizeof(answer), MSG_DONTWAIT);
    if (size < 0)
        return;
    /* Only a good answer with an address in it counts. */
    bool good = size > (ssize_t)run.size && (answer[3] & 15) == 0 && answer[7] > 0;
    int64_t took_us = (now_ns() - slot->since_ns) / 1000;
    run.answered += good;
    run.lost += !good;
    run.times[took_us < TIMES_MAX ? took_us : TIMES_MAX]++;
    ask(slot);
}

static uint64_t percentile(unsigned percent)
{
    uint64_t wanted = (run.answered + run.lost) * percent / 100, seen = 0;
    for (size_t i = 0; i < TIMES_MAX; i++) {
        seen += run.times[i];
        if (seen > wanted)
            return i;
    }
    return TIMES_MAX;
}

static int start(size_t count, const char *address)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || inet_pton(AF_INET, address, &server.sin_addr) != 1)
        die(address);
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &slots[i]};
        slots[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (slots[i].fd < 0 ||
            connect(slots[i].fd, (struct sockaddr *)&server, sizeof(server)) < 0 ||
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, slots[i].fd, &event) < 0)
            die("socket");
        ask(&slots[i]);
    }
    return epoll_fd;
}

/* What was not answered in two seconds is asked again, and counted. */
static void repeat_lost(size_t count)
{
    int64_t now = now_ns();
    for (size_t i = 0; i < count; i++) {
        if (now - slots[i].since_ns > LOST_NS) {
            run.lost++;
            ask(&slots[i]);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: dnsload NAME SECONDS CONCURRENT [ADDRESS]\n");
        return 2;
    }
    long seconds = strtol(argv[2], NULL, 10), count = strtol(argv[3], NULL, 10);
    if (seconds < 1 || count < 1 || count > CONCURRENT_MAX) {
        fprintf(stderr, "dnsload: SECONDS is 1 or more, CONCURRENT 1 to %d\n", CONCURRENT_MAX);
        return 2;
    }
    make_question(argv[1]);
    int epoll_fd = start((size_t)count, argc > 4 ? argv[4] : "127.0.0.11");
    int64_t since = now_ns(), end = since + seconds * 1000000000;
    while (now_ns() < end) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll_fd, events, EVENTS, 1000);
        for (int i = 0; i < ready; i++)
            take(events[i].data.ptr);
        if (ready == 0)
            repeat_lost((size_t)count);
    }
    printf("%.0f %llu %llu %llu\n", (double)run.answered * 1e9 / (double)(now_ns() - since),
           (unsigned long long)percentile(50), (unsigned long long)percentile(99),
           (unsigned long long)run.lost);
    return 0;
}
