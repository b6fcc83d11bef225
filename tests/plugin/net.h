/*
 * net.h: for tests of the network: a host, its neighbour and containers, all in network
 * namespaces that the test makes, so that nothing of the machine is touched.
 */
#ifndef NET_TEST_H
#define NET_TEST_H

#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/types.h>

/* A process that stays in a network namespace of its own. */
struct place {
    pid_t pid;
    int netns_fd;
};

static bool shell(const char *command)
{
    const char *argv[] = {"sh", "-c", command, NULL};
    pid_t pid;
    int status;
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, (char **)argv, environ) != 0)
        return false;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static int shell_aside(struct hull_work *work, void *command)
{
    return shell(command) ? 0 : hull_problem_set(&work->problem, HULL_INTERNAL, "it failed");
}

/*
 * Run COMMAND by the shell, on a worker: on the loop, what programs take on a busy machine would
 * count as a stall, and be blamed on the plugin that is the first to wait afterwards. True when it
 * succeeds. The workers begin after host_new(), in its namespaces. CALL is NULL where no loop runs.
 */
__attribute__((unused)) static bool holds(struct hull_call *call, const char *command)
{
    if (call == NULL)
        return shell(command);
    bool good = hull_work(call, shell_aside, (void *)(uintptr_t)command) == 0;
    hull_error_clear(call);
    return good;
}

__attribute__((unused)) static void run(struct hull_call *call, const char *command)
{
    if (!holds(call, command))
        FAIL("%s", command);
}

/* Answer each connection to PORT with the peer's address. Datagrams too. Never returns. */
static void serve(int port, int ready_fd)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    int on = 1;
    setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(tcp, (void *)&name, sizeof(name)) < 0 || listen(tcp, 8) < 0 ||
        bind(udp, (void *)&name, sizeof(name)) < 0 || write(ready_fd, "x", 1) != 1)
        _exit(1);
    for (;;) {
        struct pollfd fds[] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}};
        struct sockaddr_in peer;
        socklen_t size = sizeof(peer);
        char text[64];
        poll(fds, 2, -1);
        if (fds[0].revents & POLLIN) {
            int fd = accept(tcp, (void *)&peer, &size);
            inet_ntop(AF_INET, &peer.sin_addr, text, sizeof(text));
            if (write(fd, text, strlen(text)) < 0)
                _exit(1);
            close(fd);
        } else if (recvfrom(udp, text, sizeof(text), 0, (void *)&peer, &size) >= 0) {
            inet_ntop(AF_INET, &peer.sin_addr, text, sizeof(text));
            if (sendto(udp, text, strlen(text), 0, (void *)&peer, size) < 0)
                _exit(1);
        }
    }
}

/* A new namespace with a server on PORT (0: none). */
static struct place place_new(int port)
{
    int fds[2];
    char path[64];
    char byte;
    if (pipe2(fds, O_CLOEXEC) < 0)
        FAIL("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWNET) < 0)
            _exit(1);
        if (port > 0)
            serve(port, fds[1]);
        if (write(fds[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(fds[1]);
    if (read(fds[0], &byte, 1) != 1)
        FAIL("no namespace");
    close(fds[0]);
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    return (struct place){pid, open(path, O_RDONLY | O_CLOEXEC)};
}

static void place_end(struct place *place)
{
    kill(place->pid, SIGKILL);
    waitpid(place->pid, NULL, 0);
    close(place->netns_fd);
}

/*
 * From PLACE (NULL: the host) connect to ADDRESS:PORT; what it answered goes to TEXT, "" when
 * there was no answer within MS milliseconds.
 */
static const char *ask_for(struct hull_call *call, int ms, const struct place *place, int type,
                           const char *address, int port, char text[64])
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        FAIL("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        struct timeval limit = {ms / 1000, ms % 1000 * 1000};
        char answer[64];
        if (place != NULL && setns(place->netns_fd, CLONE_NEWNET) < 0)
            _exit(1);
        int fd = socket(AF_INET, type, 0);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        inet_pton(AF_INET, address, &name.sin_addr);
        if (connect(fd, (void *)&name, sizeof(name)) < 0)
            _exit(1);
        if (type == SOCK_DGRAM && send(fd, "?", 1, 0) < 0)
            _exit(1);
        ssize_t size = recv(fd, answer, sizeof(answer), 0);
        _exit(size > 0 && write(fds[1], answer, (size_t)size) == size ? 0 : 1);
    }
    close(fds[1]);
    CHECK_OK(hull_wait_fds(call, &(struct pollfd){fds[0], POLLIN, 0}, 1));
    ssize_t size = read(fds[0], text, 63);
    text[size > 0 ? size : 0] = '\0';
    close(fds[0]);
    waitpid(pid, NULL, 0);
    return text;
}

__attribute__((unused)) static const char *ask(struct hull_call *call, const struct place *place,
                                               int type, const char *address, int port,
                                               char text[64])
{
    return ask_for(call, 3000, place, type, address, port, text);
}

__attribute__((unused)) static bool reaches(struct hull_call *call, const struct place *place,
                                            int type, const char *address, int port)
{
    char text[64];
    return *ask_for(call, 500, place, type, address, port, text) != '\0';
}

/* This process into a new namespace, the host, with a neighbour in the network 203.0.113.0/24. */
__attribute__((unused)) static struct place host_new(struct hull_call *call)
{
    char command[256];
    if (geteuid() != 0)
        SKIP("needs root");
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
        SKIP("needs network namespaces");
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    run(call, "ip link set lo up");
    struct place lan = place_new(8080);
    snprintf(command, sizeof(command), "ip link add lan0 type veth peer name eth0 netns %d",
             (int)lan.pid);
    run(call, command);
    run(call, "ip addr add 203.0.113.1/24 dev lan0 && ip link set lan0 up");
    snprintf(command, sizeof(command),
             "nsenter -t %d -n sh -c 'ip link set lo up; ip addr add 203.0.113.2/24 dev eth0; "
             "ip link set eth0 up; ip route add default via 203.0.113.1'",
             (int)lan.pid);
    run(call, command);
    return lan;
}

#endif
