/*
 * Whom to ask for what we do not know.
 *
 * Servers that were named for the container are asked from inside its namespace: by its routes,
 * under its address, and 127.0.0.1 is its own. So are those of the host, but for the ones that
 * are only reached from the host: its loopback addresses, and IPv6.
 */
#include "server.h"

#include "resolv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_FILE "/etc/resolv.conf"
#define DNS_PORT 53

/* What the host's file said when it was read last. */
static struct {
    struct hull_arena *arena;
    struct stat seen;
    struct resolv resolv;
} host;

static bool is_changed(const struct stat *now)
{
    return host.arena == NULL || now->st_ino != host.seen.st_ino ||
           now->st_size != host.seen.st_size || now->st_mtim.tv_sec != host.seen.st_mtim.tv_sec ||
           now->st_mtim.tv_nsec != host.seen.st_mtim.tv_nsec;
}

/* The host may move to another network: its file counts as it is now. */
static const struct hull_strv *host_servers(void)
{
    struct stat now = {0};
    (void)stat(HOST_FILE, &now); /* one that is missing has no servers */
    if (is_changed(&now)) {
        hull_arena_free(host.arena);
        host.arena = hull_arena_new();
        host.seen = now;
        (void)resolv_of_host(host.arena, true, &host.resolv);
    }
    return &host.resolv.servers;
}

static bool read_server(const char *text, bool of_host, struct dns_server *ret)
{
    struct ip_addr addr;
    if (!ip_parse(text, &addr))
        return false;
    *ret = (struct dns_server){0};
    ret->on_host = of_host && (addr.family == AF_INET6 || ip_is_loopback(&addr));
    if (addr.family == AF_INET) {
        struct sockaddr_in *v4 = (void *)&ret->address;
        *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
        memcpy(&v4->sin_addr, addr.bytes, sizeof(v4->sin_addr));
        ret->size = sizeof(*v4);
    } else {
        struct sockaddr_in6 *v6 = (void *)&ret->address;
        *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
        memcpy(&v6->sin6_addr, addr.bytes, sizeof(v6->sin6_addr));
        ret->size = sizeof(*v6);
    }
    return true;
}

size_t dns_servers(const struct dns_client *client, struct dns_server ret[DNS_SERVERS_MAX])
{
    bool of_host = client->servers.n == 0;
    const struct hull_strv *list = of_host ? host_servers() : &client->servers;
    size_t limit = list->n < DNS_SERVERS_MAX ? list->n : DNS_SERVERS_MAX;
    size_t count = 0;
    for (size_t i = 0; i < limit; i++) {
        size_t at = (client->preferred + i) % limit;
        count += read_server(list->v[at], of_host, &ret[count]);
    }
    return count;
}

void dns_server_prefer(struct dns_client *client, size_t index)
{
    client->preferred += index;
}

void dns_servers_fini(void)
{
    host.arena = hull_arena_free(host.arena);
}

/* --- sockets --------------------------------------------------------------------------------- */

static int open_more(struct hull_work *work, void *arg)
{
    return dns_sockets_more(work, arg);
}

/* Open COUNT sockets in the namespace of CLIENT; MORE has them. Yields. */
static int open_there(struct hull_call *call, const struct dns_client *client,
                      struct dns_more *more)
{
    /* Ours, should the client be dropped meanwhile. */
    HULL_AUTO_FD fd = client->udp_fd < 0 ? -1 : fcntl(client->udp_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return hull_fail(call, HULL_UNAVAILABLE, "the container has no name server");
    more->fd = fd;
    return hull_work(call, open_more, more);
}

/* More sockets in store, unless somebody else has opened some meanwhile. Yields. */
static int refill(struct hull_call *call, struct dns_client *client)
{
    struct dns_more more = {.family = AF_INET, .type = SOCK_DGRAM, .count = DNS_SPARES};
    int rc = hull_lock(call, &client->opening);
    if (rc < 0)
        return rc;
    if (client->spare_count == 0)
        rc = open_there(call, client, &more);
    else
        more.count = 0;
    hull_unlock(&client->opening);
    for (size_t i = 0; rc == 0 && i < more.count; i++) {
        if (client->spare_count < DNS_SPARES && more.fds[i] >= 0 && !client->dropped)
            client->spares[client->spare_count++] = more.fds[i];
        else
            hull_fd_cleanup(&more.fds[i]);
    }
    return rc;
}

/* A socket in the namespace of CLIENT. UDP ones are opened a few at a time: each question needs
 * one, for its port is one half of what a forger would have to guess. Yields. */
static int open_inside(struct hull_call *call, struct dns_client *client, int family, int type,
                       int *ret_fd)
{
    if (family != AF_INET || type != SOCK_DGRAM) {
        struct dns_more more = {.family = family, .type = type, .count = 1};
        int rc = open_there(call, client, &more);
        if (rc == 0)
            *ret_fd = more.fds[0];
        return rc;
    }
    while (client->spare_count == 0) {
        int rc = client->dropped ? hull_fail(call, HULL_CANCELED, "the container has gone")
                                 : refill(call, client);
        if (rc < 0)
            return rc;
    }
    *ret_fd = client->spares[--client->spare_count];
    return 0;
}

int dns_server_connect(struct hull_call *call, struct dns_client *client,
                       const struct dns_server *server, int type, int *ret_fd)
{
    HULL_AUTO_FD fd = -1;
    int family = server->address.ss_family;
    if (server->on_host)
        fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    else {
        int rc = open_inside(call, client, family, type, &fd);
        if (rc < 0)
            return rc;
    }
    if (fd < 0 || (connect(fd, (const struct sockaddr *)&server->address, server->size) < 0 &&
                   errno != EINPROGRESS))
        return hull_fail_errno(call, errno, "connecting to a name server");
    *ret_fd = HULL_TAKE_FD(fd);
    return 0;
}
