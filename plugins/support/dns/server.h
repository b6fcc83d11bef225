/*
 * server.h: what the files of the name service share; the story is at the top of dns.c.
 */
#ifndef HULL_DNS_SERVER_H
#define HULL_DNS_SERVER_H

#include "cache.h"
#include "names.h"

#include <hull/hull.h>
#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define DNS_ADDRESS "127.0.0.11"
#define DNS_ADDRESS_NUMBER 0x7f00000bu
/* Questions of one container that other servers are asked at a time, and of all. */
#define DNS_ASKING_MAX 64
#define DNS_ASKING_ALL_MAX 1024
/* The same for connections by TCP. */
#define DNS_CONNECTIONS_MAX 16
#define DNS_CONNECTIONS_ALL_MAX 256
/* Servers that are asked, at most. */
#define DNS_SERVERS_MAX 6
/* Questions of one container that are read before others get their turn. */
#define DNS_BATCH 32
/* Sockets in the container's namespace that are opened at a time. */
#define DNS_SPARES 4
/* What names of containers are good for: they come and go. */
#define DNS_TTL_S 5

/* Something that a fiber does for a client; it ends early when the client is dropped. */
struct dns_job {
    LIST_ENTRY(dns_job) all;
    struct hull_call *call;
};

/* A container with its server. */
struct dns_client {
    LIST_ENTRY(dns_client) all;
    unsigned refs;
    bool dropped;
    bool served; /* its sockets are read */
    char *id;
    struct dns_view *view; /* never NULL */
    struct hull_arena *servers_arena;
    struct hull_strv servers; /* to ask from inside; none: those of the host */
    int udp_fd;               /* -1 while not attached */
    int tcp_fd;
    int spares[DNS_SPARES]; /* UDP sockets in its namespace, not bound yet */
    size_t spare_count;
    struct hull_lock opening; /* held by who opens more of them */
    size_t preferred;         /* the server that answered last */
    unsigned asking;
    unsigned connections;
    LIST_HEAD(dns_jobs, dns_job) jobs;
    struct dns_cache cache;
};

LIST_HEAD(dns_clients, dns_client);
extern struct dns_clients dns_clients;
extern struct dns_status dns_counts; /* queries and what became of them */

/* --- dns.c ----------------------------------------------------------------------------------- */

struct dns_client *dns_client_ref(struct dns_client *client);
void dns_client_unref(struct dns_client *client);
/* A job of CLIENT begins in the fiber of CALL: -HULL_CANCELED when it was dropped already. */
int dns_job_begin(struct hull_call *call, struct dns_client *client, struct dns_job *job)
    HULL_CHECKED;
void dns_job_end(struct dns_job *job);

/* --- sockets.c: inside the container's namespace (Worker-safe) ------------------------------- */

struct dns_sockets {
    int netns_fd;
    int udp_fd;
    int tcp_fd;
};
/* Open the server's sockets, and let what is sent to port 53 get to them. */
int dns_sockets_open(struct hull_work *work, struct dns_sockets *sockets) HULL_CHECKED;

struct dns_more {
    int fd; /* any socket in the namespace */
    int family;
    int type; /* SOCK_DGRAM, SOCK_STREAM */
    size_t count;
    int fds[DNS_SPARES]; /* set */
};
/* Open COUNT further sockets where FD is. */
int dns_sockets_more(struct hull_work *work, struct dns_more *more) HULL_CHECKED;

/* --- server.c -------------------------------------------------------------------------------- */

int dns_serve_init(struct hull_call *call) HULL_CHECKED;
/* The fiber that reads all questions. */
int dns_serve(struct hull_call *call, void *arg);
/* Begin and end to read from the sockets of CLIENT. */
int dns_serve_add(struct hull_call *call, struct dns_client *client) HULL_CHECKED;
void dns_serve_remove(struct dns_client *client);
void dns_serve_fini(void);

/*
 * The answer to QUERY, of at most SIZE bytes, when it can be given at once: from the names, the
 * cache, or because nobody else may be asked. 0: other servers have to be asked.
 */
size_t dns_answer(struct dns_client *client, const struct dns_query *query, uint8_t *out,
                  size_t size);

/* --- answers.c -------------------------------------------------------------------------------- */

/* Room of DNS_UDP_MAX bytes for the next answer; there are DNS_BATCH of them. */
uint8_t *dns_answers_next(void);
/* What was written there, SIZE bytes, is an answer to TO. */
void dns_answers_add(const struct sockaddr_in *to, size_t size);
/* Send all of them through FD. */
void dns_answers_send(int fd);

/* --- tcp.c ----------------------------------------------------------------------------------- */

/* Take the connections that wait. */
void dns_tcp_accept(struct dns_client *client);
/* All SIZE bytes, unless TIMER_FD fires first. Yields. */
int dns_read_all(struct hull_call *call, int fd, int timer_fd, uint8_t *data, size_t size)
    HULL_CHECKED;
int dns_write_all(struct hull_call *call, int fd, int timer_fd, const uint8_t *data, size_t size)
    HULL_CHECKED;

/* --- servers.c: whom to ask ------------------------------------------------------------------ */

struct dns_server {
    struct sockaddr_storage address;
    socklen_t size;
    bool on_host; /* reached from the host's network namespace */
};
/* The servers for CLIENT, the one that answered last first. Returns how many. */
size_t dns_servers(const struct dns_client *client, struct dns_server ret[DNS_SERVERS_MAX]);
void dns_servers_fini(void);
/* A socket of TYPE that is connected (or, for TCP, connects) to SERVER. Yields. */
int dns_server_connect(struct hull_call *call, struct dns_client *client,
                       const struct dns_server *server, int type, int *ret_fd) HULL_CHECKED;
/* SERVER, number INDEX of dns_servers(), has answered. */
void dns_server_prefer(struct dns_client *client, size_t index);

/* --- upstream.c ------------------------------------------------------------------------------ */

/* Ask other servers by UDP: the answer, of at most SIZE bytes, is in OUT; never 0 bytes. Yields. */
int dns_ask_udp(struct hull_call *call, struct dns_client *client, const struct dns_query *query,
                uint8_t *out, size_t size, size_t *ret_size) HULL_CHECKED;
/* A number for a question, which nobody guesses. */
int dns_new_id(struct hull_call *call, uint16_t *ret_id) HULL_CHECKED;
/* True for an answer that ends the search for one. */
bool dns_is_final(const struct dns_reply *reply);

/* --- upstream_tcp.c -------------------------------------------------------------------------- */

/* The same by TCP; OUT has room for DNS_TCP_MAX bytes. Yields. */
int dns_ask_tcp(struct hull_call *call, struct dns_client *client, const struct dns_query *query,
                uint8_t *out, size_t *ret_size) HULL_CHECKED;

#endif
