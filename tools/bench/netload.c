/*
 * netload: what a network gives two programs.
 *
 *     netload serve PORT                     until it is killed
 *     netload bytes ADDRESS PORT SECONDS     prints megabytes a second that arrive there
 *     netload connects ADDRESS PORT SECONDS  prints connections a second: made, one byte each way
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (128 * 1024)
#define BACKLOG 128

static char chunk[CHUNK];

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

static struct sockaddr_in address_of(const char *address, const char *port)
{
    struct sockaddr_in found = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtol(port, NULL, 10))};
    if (inet_pton(AF_INET, address, &found.sin_addr) != 1 || found.sin_port == 0)
        die("netload: an IPv4 address and a port are needed");
    return found;
}

/* Each byte 'c' is answered, the rest is thrown away. The other end closes. */
static void serve_one(int fd)
{
    ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
    if (got > 0 && chunk[0] == 'c' && send(fd, "c", 1, MSG_NOSIGNAL) < 0)
        got = 0;
    while (got > 0)
        got = recv(fd, chunk, sizeof(chunk), 0);
    close(fd);
}

static _Noreturn void serve(const char *port)
{
    struct sockaddr_in own = address_of("0.0.0.0", port);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(fd, BACKLOG) < 0)
        die("serve");
    for (;;) {
        int other = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (other >= 0)
            serve_one(other);
    }
}

static int open_to(const struct sockaddr_in *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)server, sizeof(*server)) < 0)
        die("connect");
    return fd;
}

static double bytes(const struct sockaddr_in *server, int64_t until_ns)
{
    double sent = 0;
    int fd = open_to(server);
    memset(chunk, 'd', sizeof(chunk));
    while (now_ns() < until_ns) {
        ssize_t done = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
        if (done < 0)
            die("send");
        sent += (double)done;
    }
    close(fd);
    return sent / 1e6;
}

static double connects(const struct sockaddr_in *server, int64_t until_ns)
{
    /* Ended by a reset, so that nothing is remembered that would stand in the next one's way. */
    const struct linger at_once = {.l_onoff = 1};
    double made = 0;
    char byte;
    while (now_ns() < until_ns) {
        int fd = open_to(server);
        if (send(fd, "c", 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1 ||
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) < 0)
            die("connection");
        close(fd);
        made++;
    }
    return made;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    if (argc != 5 || (strcmp(argv[1], "bytes") != 0 && strcmp(argv[1], "connects") != 0)) {
        fprintf(stderr, "usage: netload serve PORT | bytes|connects ADDRESS PORT SECONDS\n");
        return 2;
    }
    struct sockaddr_in server = address_of(argv[2], argv[3]);
    int64_t seconds = strtol(argv[4], NULL, 10), until = now_ns() + seconds * 1000000000;
    double done = argv[1][0] == 'b' ? bytes(&server, until) : connects(&server, until);
    printf("%.0f\n", done / (double)seconds);
    return 0;
}
