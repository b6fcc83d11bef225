/*
 * kept.c: the sockets of a container's name server live through a restart of the daemon with its
 * shim: questions that come meanwhile wait in them.
 */
#include "ct.h"

#include "dns.h"
#include "files.h"
#include "runtime.h"

#define PORT "support/dns"

/* Places with the shim: they are the same for all versions of the daemon. */
enum { PLACE_UDP, PLACE_TCP };

static int keep(struct hull_call *call, const struct ct *ct, int place, int fd)
{
    const struct runtime_keep_request request = {ct->doc.id, place, fd};
    struct hull_empty reply;

    return fd < 0 ? 0 : runtime_keep(call, ct->doc.runtime, &request, &reply);
}

void ct_keep_sockets(struct hull_call *call, const struct ct *ct)
{
    const struct dns_sockets_request request = {ct->doc.id};
    struct dns_sockets_reply sockets;
    int rc =
        files_has_dns(&ct->doc) ? dns_sockets(call, PORT, &request, &sockets) : -HULL_NOT_FOUND;

    if (rc == -HULL_NOT_FOUND)
        return;
    if (rc == 0) {
        rc = keep(call, ct, PLACE_UDP, sockets.udp_fd);
        if (rc == 0)
            rc = keep(call, ct, PLACE_TCP, sockets.tcp_fd);
        hull_fd_cleanup(&sockets.udp_fd);
        hull_fd_cleanup(&sockets.tcp_fd);
    }
    if (rc < 0) /* they are opened anew after a restart, then */
        hull_error_clear(call);
}

static int kept(struct hull_call *call, const struct ct *ct, int place, int *ret_fd)
{
    const struct runtime_keep_request request = {ct->doc.id, place, -1};
    struct runtime_kept_reply reply;
    int rc = runtime_kept(call, ct->doc.runtime, &request, &reply);

    if (rc == 0)
        *ret_fd = reply.fd;
    return rc;
}

void ct_adopt_sockets(struct hull_call *call, const struct ct *ct)
{
    struct dns_adopt_request request = {ct->doc.id, -1, -1};
    struct hull_empty reply;
    int rc;

    if (!files_has_dns(&ct->doc))
        return;
    rc = kept(call, ct, PLACE_UDP, &request.udp_fd);
    if (rc == 0)
        rc = kept(call, ct, PLACE_TCP, &request.tcp_fd);
    if (rc == 0 && request.udp_fd >= 0 && request.tcp_fd >= 0) {
        rc = dns_adopt(call, PORT, &request, &reply);
    } else {
        hull_fd_cleanup(&request.udp_fd);
        hull_fd_cleanup(&request.tcp_fd);
    }
    if (rc < 0) /* the network engine opens others */
        hull_error_clear(call);
}
