/*
 * health_net.h: health checks without a program: that something listens, or answers, in the
 * container's network.
 */
#ifndef HULL_CONTAINER_HEALTH_NET_H
#define HULL_CONTAINER_HEALTH_NET_H

#include <hull/hull.h>

/* Of a check of kind TCP ("8080", "127.0.0.1:8080", "[::1]:8080") or HTTP ("http://…"). */
struct health_target {
    bool http;
    int family;       /* AF_INET or AF_INET6 */
    char address[46]; /* numeric */
    uint16_t port;
    const char *host; /* HTTP: for the header */
    const char *path; /* HTTP: with the query, begins with '/' */
};

/* Parse the target of a check of KIND; false when it is malformed. Strings are in ARENA. */
bool health_target_parse(struct hull_arena *arena, const char *kind, const char *text,
                         struct health_target *ret) HULL_CHECKED;
/*
 * Connect in the network namespace of process PID and, for HTTP, ask. Returns 0 with the result:
 * *ret_healthy, and what came of it in OUTPUT (SIZE bytes). Yields.
 */
int health_net_probe(struct hull_call *call, int64_t pid, const struct health_target *target,
                     bool *ret_healthy, char *output, size_t size) HULL_CHECKED;

#endif
