/*
 * dnsload: asks a name server as fast as it answers.
 *
 *     dnsload NAME SECONDS CONCURRENT [SOCKETS [ADDRESS]]
 *     dnsload serve ADDRESS
 *
 * CONCURRENT questions are under way at any time, spread over SOCKETS (1) sockets; many of one
 * socket go out and come in with one system call, so that it is not the asker who is measured.
 * Prints one line: questions a second, the median and the 99th percentile of the times in
 * microseconds, and how many went unanswered.
 *
 * The second form is the least that a server can be: it answers each question with one address and
 * looks at nothing. What it reaches is what the kernel gives.
 */
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define PORT 53
#define CONCURRENT_MAX 1024
#define BATCH 64
#define ANSWER_MAX 1232
#define HEAD 12
/* Times are counted in steps of a microsecond; longer ones are all in the last place. */
#define TIMES_MAX 100000
#define LOST_NS 2000000000

/* Questions under way; the place of one is its id. */
static struct slot {
    int fd;
    int64_t since_ns;
} slots[CONCURRENT_MAX];

static struct {
    uint8_t question[300];
    size_t size;
    size_t count; /* of slots */
    uint64_t times[TIMES_MAX + 1];
    uint64_t answered, lost;
} run;

/* What one system call reads. */
static struct {
    struct mmsghdr heads[BATCH];
    struct iovec data[BATCH];
    struct sockaddr_in from[BATCH];
    uint8_t bytes[BATCH][ANSWER_MAX];
} in;

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

static int receive(int fd, bool with_address, int flags)
{
    for (size_t i = 0; i < BATCH; i++) {
        in.data[i] = (struct iovec){in.bytes[i], ANSWER_MAX};
        in.heads[i].msg_hdr = (struct msghdr){.msg_iov = &in.data[i], .msg_iovlen = 1};
        if (with_address) {
            in.heads[i].msg_hdr.msg_name = &in.from[i];
            in.heads[i].msg_hdr.msg_namelen = sizeof(in.from[i]);
        }
    }
    return recvmmsg(fd, in.heads, BATCH, flags, NULL);
}

/* --- asking ---------------------------------------------------------------------------------- */

static void make_question(const char *name)
{
    static const uint8_t head[HEAD] = {0, 0, 1, 0, 0, 1};
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

/* The questions of COUNT places, all in one call: the kernel cuts it into datagrams. */
static void ask(int fd, const uint16_t *ids, size_t count)
{
    static uint8_t bytes[BATCH * 300];
    struct iovec data = {bytes, count * run.size};
    char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct msghdr head = {.msg_iov = &data, .msg_iovlen = 1};
    int64_t now = now_ns();
    for (size_t i = 0; i < count; i++) {
        uint8_t *question = bytes + i * run.size;
        memcpy(question, run.question, run.size);
        question[0] = (uint8_t)(ids[i] >> 8);
        question[1] = (uint8_t)ids[i];
        slots[ids[i]].since_ns = now;
    }
    if (count > 1) {
        head.msg_control = control;
        head.msg_controllen = sizeof(control);
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&head);
        uint16_t size = (uint16_t)run.size;
        *cmsg = (struct cmsghdr){CMSG_LEN(sizeof(size)), SOL_UDP, UDP_SEGMENT};
        memcpy(CMSG_DATA(cmsg), &size, sizeof(size));
    }
    if (sendmsg(fd, &head, 0) != (ssize_t)data.iov_len)
        die("send");
}

/* Count one answer. Returns its place, or -1 when it is none of ours. */
static int take(int fd, const uint8_t *answer, size_t size, int64_t now)
{
    uint16_t id = (uint16_t)(answer[0] << 8 | answer[1]);
    if (size < HEAD || id >= run.count || slots[id].fd != fd || slots[id].since_ns == 0)
        return -1;
    /* Only a good answer with an address in it counts. */
    bool good = size > run.size && (answer[3] & 15) == 0 && answer[7] > 0;
    int64_t took_us = (now - slots[id].since_ns) / 1000;
    run.answered += good;
    run.lost += !good;
    run.times[took_us < TIMES_MAX ? took_us : TIMES_MAX]++;
    slots[id].since_ns = 0;
    return id;
}

/* Read what has come, and ask as many again. */
static void turn(int fd)
{
    uint16_t ids[BATCH];
    size_t count = 0;
    int got = receive(fd, false, MSG_DONTWAIT);
    int64_t now = now_ns();
    for (int i = 0; i < got; i++) {
        int id = take(fd, in.bytes[i], in.heads[i].msg_len, now);
        if (id >= 0)
            ids[count++] = (uint16_t)id;
    }
    if (count > 0)
        ask(fd, ids, count);
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

/* Ask COUNT questions through SOCKETS sockets. */
static int start(size_t count, size_t sockets, const char *address)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || inet_pton(AF_INET, address, &server.sin_addr) != 1)
        die(address);
    run.count = count;
    for (size_t at = 0; at < sockets; at++) {
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0 ||
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
            die("socket");
        uint16_t ids[BATCH];
        size_t n = 0;
        for (size_t i = at; i < count; i += sockets) {
            slots[i].fd = fd;
            ids[n++] = (uint16_t)i;
            if (n == BATCH || i + sockets >= count) {
                ask(fd, ids, n);
                n = 0;
            }
        }
    }
    return epoll_fd;
}

/* What was not answered in two seconds is asked again, and counted. */
static void repeat_lost(void)
{
    int64_t now = now_ns();
    for (size_t i = 0; i < run.count; i++) {
        if (now - slots[i].since_ns > LOST_NS) {
            uint16_t id = (uint16_t)i;
            run.lost++;
            ask(slots[i].fd, &id, 1);
        }
    }
}

static void load(int64_t seconds, int epoll_fd)
{
    int64_t since = now_ns(), end = since + seconds * 1000000000, looked = since;
    while (now_ns() < end) {
        struct epoll_event events[BATCH];
        int ready = epoll_wait(epoll_fd, events, BATCH, 1000);
        for (int i = 0; i < ready; i++)
            turn(events[i].data.fd);
        if (now_ns() - looked > LOST_NS / 4) {
            looked = now_ns();
            repeat_lost();
        }
    }
    printf("%.0f %llu %llu %llu\n", (double)run.answered * 1e9 / (double)(now_ns() - since),
           (unsigned long long)percentile(50), (unsigned long long)percentile(99),
           (unsigned long long)run.lost);
}

/* --- serving --------------------------------------------------------------------------------- */

/* Ends when it is killed, or with its standard input. */
static _Noreturn void serve(const char *address)
{
    static const uint8_t record[] = {0xc0, HEAD, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, address, &own.sin_addr) != 1 || fd < 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
        die(address);
    for (;;) {
        int got = receive(fd, true, MSG_WAITFORONE);
        for (int i = 0; i < got; i++) {
            size_t size = in.heads[i].msg_len;
            if (size < HEAD || size + sizeof(record) > ANSWER_MAX)
                continue;
            in.bytes[i][2] |= 0x80;
            in.bytes[i][7] = 1;
            memcpy(in.bytes[i] + size, record, sizeof(record));
            in.data[i].iov_len = size + sizeof(record);
        }
        if (got < 0 || sendmmsg(fd, in.heads, (unsigned)got, 0) < 0)
            die("serving");
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    long seconds = argc < 4 ? 0 : strtol(argv[2], NULL, 10);
    long count = argc < 4 ? 0 : strtol(argv[3], NULL, 10);
    long sockets = argc < 5 ? 1 : strtol(argv[4], NULL, 10);
    if (seconds < 1 || count < 1 || count > CONCURRENT_MAX || sockets < 1 || sockets > count) {
        fprintf(stderr,
                "usage: dnsload NAME SECONDS CONCURRENT [SOCKETS [ADDRESS]]\n"
                "       dnsload serve ADDRESS\n"
                "At least one second, 1 to %d questions under way, no more sockets than those.\n",
                CONCURRENT_MAX);
        return 2;
    }
    make_question(argv[1]);
    load(seconds, start((size_t)count, (size_t)sockets, argc > 5 ? argv[5] : "127.0.0.11"));
    return 0;
}
