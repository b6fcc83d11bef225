/*
 * Host ports are held by sockets that are bound but never listen: a program of the host that
 * wants one is told that it is taken, and so are we when a program has it. Packets never get
 * there, for destination NAT comes first.
 */
#include "fw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of ports that the kernel chooses, until one is free in both families. */
#define TRIES 16

union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t fill_name(union name *name, const struct ip_addr *host, uint16_t port)
{
    memset(name, 0, sizeof(*name));
    name->any.sa_family = (sa_family_t)host->family;
    if (host->family == AF_INET6) {
        name->v6.sin6_port = htons(port);
        memcpy(&name->v6.sin6_addr, host->bytes, 16);
        return sizeof(name->v6);
    }
    name->v4.sin_port = htons(port);
    memcpy(&name->v4.sin_addr, host->bytes, 4);
    return sizeof(name->v4);
}

/*
 * Bind FD. Connections of the past (TIME_WAIT) keep a port busy for whoever does not allow its
 * reuse; so it is tried again with reuse, which is turned off once the port is held.
 */
static int bind_port(int fd, const union name *name, socklen_t size, bool stream)
{
    int on = 1;
    int off = 0;
    if (bind(fd, &name->any, size) == 0)
        return 0;
    if (errno != EADDRINUSE || !stream || name->v4.sin_port == 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, &name->any, size) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
        return -errno;
    return 0;
}

/* Datagrams that do come (broadcasts) are dropped rather than kept. */
static void drop_input(int fd)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {HULL_COUNT(nothing), nothing};
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* A socket that holds PORT of HOST; -errno. *ret_port is what was chosen for 0. */
static int hold(const struct ip_addr *host, uint8_t protocol, uint16_t port, uint16_t *ret_port)
{
    bool stream = protocol != IPPROTO_UDP;
    int on = 1;
    HULL_AUTO_FD fd =
        socket(host->family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -errno;
    if (host->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
        return -errno;
    union name name;
    socklen_t size = fill_name(&name, host, port);
    int rc = bind_port(fd, &name, size, stream);
    if (rc < 0)
        return rc;
    if (getsockname(fd, &name.any, &size) < 0)
        return -errno;
    if (!stream)
        drop_input(fd);
    *ret_port = ntohs(host->family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
    return HULL_TAKE_FD(fd);
}

static int fail_bind(struct hull_problem *problem, const struct fw_claim *claim, int err)
{
    char host[IP_TEXT_SIZE];
    char range[16] = "";
    bool v6 = claim->port.host.family == AF_INET6;
    if (claim->last > claim->port.host_port)
        snprintf(range, sizeof(range), "-%u", claim->last);
    return hull_problem_set(problem, HULL_INTERNAL, "Bind for %s%s%s:%u%s failed: %s",
                            v6 ? "[" : "", ip_text(&claim->port.host, host), v6 ? "]" : "",
                            claim->port.host_port, range,
                            err == EADDRINUSE ? "port is already allocated" : strerror(err));
}

static int claim_one(struct fw_claim *claim, struct hull_problem *problem)
{
    struct fw_port *port = &claim->port;
    uint16_t got = 0;
    int fd = -EADDRINUSE;
    unsigned last = claim->last > port->host_port ? claim->last : port->host_port;
    for (unsigned at = port->host_port; fd == -EADDRINUSE && at <= last; at++)
        fd = hold(&port->host, port->protocol, (uint16_t)at, &got);
    if (fd == -EPROTONOSUPPORT || fd == -ESOCKTNOSUPPORT || fd == -EAFNOSUPPORT) {
        if (port->host_port == 0)
            return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                    "this kernel has no sockets for protocol %u: name the host "
                                    "port of %u",
                                    port->protocol, port->port);
        return 0;
    }
    if (fd < 0)
        return fail_bind(problem, claim, -fd);
    port->host_port = got;
    claim->fd = fd;
    return 0;
}

/* A port of both families: what is free in the first may be taken in the second. */
static int claim_twins(struct fw_claim *claim, struct fw_claim *twin, struct hull_problem *problem)
{
    bool any = claim->port.host_port == 0;
    int tries = 0;
    for (;;) {
        int rc = claim_one(claim, problem);
        if (rc < 0)
            return rc;
        twin->port.host_port = claim->port.host_port;
        twin->last = 0;
        rc = claim_one(twin, problem);
        bool more = any ? ++tries < TRIES : claim->last > claim->port.host_port;
        if (rc == 0 || !more)
            return rc;
        hull_fd_cleanup(&claim->fd);
        claim->fd = -1;
        claim->port.host_port = any ? 0 : (uint16_t)(claim->port.host_port + 1);
    }
}

int fw_claim(struct fw_claim *claims, size_t count, struct hull_problem *problem)
{
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0;) {
        size_t step = 1;
        if (!claims[i].port.unbound && i + 1 < count && claims[i + 1].twin) {
            rc = claim_twins(&claims[i], &claims[i + 1], problem);
            step = 2;
        } else if (!claims[i].port.unbound) {
            rc = claim_one(&claims[i], problem);
        }
        for (; rc == 0 && step > 0; step--)
            claims[i++].done = true;
    }
    return rc;
}
