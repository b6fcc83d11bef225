/*
 * dns.c: the service "dns": a name server at 127.0.0.11 in each container of a user-defined
 * network.
 *
 * The sockets are opened in the container's network namespace and read here, all of them by one
 * fiber (server.c); no process, thread or connection tracking belongs to it, and a container that
 * asks nothing costs two descriptors. Names live in one table (names.c), replaced in one step when
 * a container comes, goes, or changes its networks, so that an answer is right from the moment at
 * which the engine says that the container runs until the one at which it has ended.
 *
 * What is no name of ours is asked elsewhere (servers.c, upstream.c), at most so many questions at
 * a time for each container and for all, and kept for as long as it is good (cache.c). A container
 * in internal networks only gets no word out. What comes from containers and servers is read by
 * packet.c alone.
 *
 * Nothing is stored: after a restart the network engine tells it all again. The sockets are kept by
 * the container's shim meanwhile, and questions wait in them; where there is none they are opened
 * anew.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct dns_clients dns_clients = LIST_HEAD_INITIALIZER(dns_clients);
struct dns_status dns_counts;

/* --- clients --------------------------------------------------------------------------------- */

static struct dns_client *find_client(const char *id)
{
    struct dns_client *client;
    LIST_FOREACH(client, &dns_clients, all)
    {
        if (strcmp(client->id, id) == 0)
            return client;
    }
    return NULL;
}

static struct dns_client *get_client(const char *id)
{
    struct dns_client *client = find_client(id);
    if (client != NULL)
        return client;
    client = calloc(1, sizeof(*client));
    HULL_ASSERT(client != NULL);
    client->refs = 1;
    client->id = strdup(id);
    HULL_ASSERT(client->id != NULL);
    client->udp_fd = client->tcp_fd = -1;
    client->view = dns_view_new(id, NULL, 0);
    client->servers_arena = hull_arena_new();
    LIST_INIT(&client->jobs);
    LIST_INSERT_HEAD(&dns_clients, client, all);
    return client;
}

struct dns_client *dns_client_ref(struct dns_client *client)
{
    client->refs++;
    return client;
}

void dns_client_unref(struct dns_client *client)
{
    if (--client->refs > 0)
        return;
    dns_view_free(client->view);
    hull_arena_free(client->servers_arena);
    free(client->id);
    free(client);
}

static void unref_cleanup(struct hull_call *call, void *client)
{
    (void)call;
    dns_client_unref(client);
}

/* Close what is in the container's namespace, which lives as long as a socket does. */
static void detach(struct dns_client *client)
{
    struct dns_job *job;
    dns_serve_remove(client);
    while (client->spare_count > 0)
        hull_fd_cleanup(&client->spares[--client->spare_count]);
    LIST_FOREACH(job, &client->jobs, all)
    hull_cancel(job->call);
}

static void drop_client(struct dns_client *client)
{
    client->dropped = true;
    LIST_REMOVE(client, all);
    detach(client);
    dns_cache_done(&client->cache);
    /* A fiber may still hold it: it finds nothing there. */
    dns_view_free(client->view);
    client->view = dns_view_new(client->id, NULL, 0);
    dns_client_unref(client);
}

/* --- jobs ------------------------------------------------------------------------------------ */

int dns_job_begin(struct hull_call *call, struct dns_client *client, struct dns_job *job)
{
    if (client->dropped)
        return hull_fail(call, HULL_CANCELED, "the container has gone");
    job->call = call;
    LIST_INSERT_HEAD(&client->jobs, job, all);
    return 0;
}

void dns_job_end(struct dns_job *job)
{
    LIST_REMOVE(job, all);
}

/* --- the service ----------------------------------------------------------------------------- */

static int set(struct hull_call *call, const struct dns_container *request,
               struct hull_empty *ret_reply)
{
    (void)call;
    (void)ret_reply;
    struct dns_client *client = get_client(request->container_id);
    struct dns_view *before = client->view;
    client->view = dns_view_new(request->container_id, request->endpoints.v, request->endpoints.n);
    dns_view_free(before);
    hull_arena_reset(client->servers_arena);
    client->servers = (struct hull_strv){0};
    for (size_t i = 0; i < request->servers.n; i++)
        hull_strv_add(client->servers_arena, &client->servers,
                      hull_arena_strdup(client->servers_arena, request->servers.v[i]));
    return 0;
}

static int open_sockets(struct hull_work *work, void *arg)
{
    return dns_sockets_open(work, arg);
}

static int attach(struct hull_call *call, const struct dns_attach_request *request,
                  struct hull_empty *ret_reply)
{
    (void)ret_reply;
    struct dns_sockets sockets = {request->netns_fd, -1, -1};
    struct dns_client *client = dns_client_ref(get_client(request->container_id));
    int rc = 0;
    hull_defer(call, unref_cleanup, client);
    if (client->served)
        return 0;
    if (client->udp_fd < 0) {
        rc = hull_work(call, open_sockets, &sockets);
        if (rc < 0)
            return rc;
        detach(client);
        client->udp_fd = sockets.udp_fd;
        client->tcp_fd = sockets.tcp_fd;
    }
    rc = client->dropped ? hull_fail(call, HULL_CANCELED, "the container has gone")
                         : dns_serve_add(call, client);
    if (rc < 0)
        detach(client);
    return rc;
}

static int copy_fd(struct hull_call *call, int fd, int *ret_fd)
{
    *ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return *ret_fd < 0 ? hull_fail_errno(call, errno, "copying a socket") : 0;
}

static int sockets(struct hull_call *call, const struct dns_sockets_request *request,
                   struct dns_sockets_reply *ret_reply)
{
    const struct dns_client *client = find_client(request->container_id);
    if (client == NULL || client->udp_fd < 0)
        return 0;
    int rc = copy_fd(call, client->udp_fd, &ret_reply->udp_fd);
    if (rc == 0)
        rc = copy_fd(call, client->tcp_fd, &ret_reply->tcp_fd);
    if (rc < 0)
        hull_fd_cleanup(&ret_reply->udp_fd);
    return rc;
}

/* True for a socket of TYPE at our address. */
static bool is_ours(int fd, int type)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    int is = 0;
    socklen_t is_size = sizeof(is);
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
           address.sin_family == AF_INET && address.sin_addr.s_addr == htonl(DNS_ADDRESS_NUMBER) &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &is_size) == 0 && is == type;
}

static int adopt(struct hull_call *call, const struct dns_adopt_request *request,
                 struct hull_empty *ret_reply)
{
    (void)ret_reply;
    HULL_AUTO_FD udp_fd = request->udp_fd;
    HULL_AUTO_FD tcp_fd = request->tcp_fd;
    if (!is_ours(udp_fd, SOCK_DGRAM) || !is_ours(tcp_fd, SOCK_STREAM))
        return hull_fail(call, HULL_INVALID, "these are no sockets of a name server");
    struct dns_client *client = get_client(request->container_id);
    detach(client);
    client->udp_fd = HULL_TAKE_FD(udp_fd);
    client->tcp_fd = HULL_TAKE_FD(tcp_fd);
    return 0; /* attach begins to serve, when all names are known again */
}

static int drop(struct hull_call *call, const struct dns_drop_request *request,
                struct hull_empty *ret_reply)
{
    (void)call;
    (void)ret_reply;
    struct dns_client *client = find_client(request->container_id);
    if (client != NULL)
        drop_client(client);
    return 0;
}

static int status(struct hull_call *call, const struct hull_empty *request,
                  struct dns_status *ret_reply)
{
    (void)call;
    (void)request;
    const struct dns_client *client;
    *ret_reply = dns_counts;
    LIST_FOREACH(client, &dns_clients, all)
    ret_reply->containers += client->udp_fd >= 0;
    ret_reply->names = (int64_t)dns_name_count();
    return 0;
}

static void fini(void)
{
    while (!LIST_EMPTY(&dns_clients))
        drop_client(LIST_FIRST(&dns_clients));
    dns_serve_fini();
    dns_servers_fini();
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(dns, set, set),
    HULL_HANDLE(dns, attach, attach),
    HULL_HANDLE(dns, sockets, sockets),
    HULL_HANDLE(dns, adopt, adopt),
    HULL_HANDLE(dns, drop, drop),
    HULL_HANDLE(dns, status, status),
    {},
};
HULL_PLUGIN(support_dns, .port = "support/dns", .version = "1", .handlers = handlers,
            .init = dns_serve_init, .fini = fini);
