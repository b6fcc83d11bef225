/*
 * log_socket.h: where log drivers send to: "udp://host:514", "tcp://host:24224", "unix:///path",
 * "unixgram:///path".
 */
#ifndef HULL_COMMON_LOG_SOCKET_H
#define HULL_COMMON_LOG_SOCKET_H

#include <hull/call.h>

struct log_address {
    bool datagrams;
    const char *path;        /* of a unix socket, or NULL */
    const char *host, *port; /* otherwise */
};

/*
 * Read TEXT; without a port, DEFAULT_PORT is meant (NULL: a port is required). What is kept lies
 * in ARENA. The error names TEXT; NAME is the option that had it.
 */
int log_address_parse(struct hull_call *call, struct hull_arena *arena, const char *name,
                      const char *text, const char *default_port, struct log_address *ret)
    HULL_CHECKED;
/* A connected, non-blocking socket. Names are looked up on a worker. Yields. */
int log_socket_open(struct hull_call *call, const struct log_address *address, int *ret_fd)
    HULL_CHECKED;
/* All of DATA, as one datagram or as bytes of a stream. Fails when the other end is known to have
 * gone. Yields. */
int log_socket_send(struct hull_call *call, int fd, const struct log_address *address,
                    const void *data, size_t size) HULL_CHECKED;
/* True when the other end has all that was sent (a datagram is taken to have arrived). */
bool log_socket_arrived(int fd, const struct log_address *address);
/* Send no more, and wait a few seconds for the other end to take what is left. Yields. */
int log_socket_finish(struct hull_call *call, int fd, const struct log_address *address)
    HULL_CHECKED;

#endif
