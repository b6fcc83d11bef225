/*
 * netif.h: interfaces by netlink: the requests that all network drivers make. All of it is
 * Worker-safe; functions that talk to the kernel return 0 or -errno.
 */
#ifndef HULL_COMMON_NETIF_H
#define HULL_COMMON_NETIF_H

#include "address.h"
#include "netlink.h"

#include <hull/fiber.h>

/* --- requests, added to a batch --------------------------------------------------------------- */

/* A change of an interface, or its making: by INDEX, or by NAME when that is 0. UP brings it up. */
void nif_begin(struct nl_batch *batch, uint16_t flags, int index, bool up, const char *name);
/* Ends what follows nif_begin(): IFLA_LINKINFO with KIND; returns what nif_kind_end() takes. */
struct nif_kind {
    size_t info, data;
};
struct nif_kind nif_kind(struct nl_batch *batch, const char *kind);
void nif_kind_end(struct nl_batch *batch, struct nif_kind kind);
/*
 * Ask for the interface. Besides an answer this makes the kernel deal at once with a carrier that
 * has just come; otherwise it does so some milliseconds later, and until then drops what is sent:
 * the first packet of a container would be lost and repeated a second later.
 */
void nif_settle(struct nl_batch *batch, int index, const char *name);
/* What the kernel says of the interface NAME, to REPLY. 0 or -errno. Worker-safe. */
int nif_look(int fd, const char *name, nl_reply_fn *reply, void *ctx, struct nl_failure *failure)
    HULL_CHECKED;
/* An address, ready at once: it was chosen by us, nobody else has it. */
void nif_address(struct nl_batch *batch, unsigned index, const struct ip_net *net);
/* A route; TO NULL is the default, VIA NULL is on the link. */
void nif_route(struct nl_batch *batch, unsigned index, int family, const struct ip_net *to,
               const struct ip_addr *via);

/* ADDR is at MAC on that link, and nobody's word changes that. MAC NULL: forget it. */
void nif_neighbour(struct nl_batch *batch, unsigned index, const struct ip_addr *addr,
                   const uint8_t *mac);

/* --- whole steps ------------------------------------------------------------------------------ */

/* Marks an interface of the host as made here; one of the administrator's is never deleted. */
#define NIF_OWN_ALIAS "made by hull"
void nif_mark_own(struct nl_batch *batch);
/* Whether NAME is marked. -ENODEV. */
int nif_is_own(int fd, const char *name, bool *ret_own) HULL_CHECKED;
/* The group of interfaces that lead to one container each; the firewall knows it by number. */
#define NIF_GUESTS 0x68756c6c
/* Put NAME in it, if it is one end of a veth pair; anything else, or nothing, is left alone. */
int nif_mark_guest(int fd, const char *name) HULL_CHECKED;
/* Delete NAME; one that is gone is fine. */
int nif_delete(int fd, const char *name);
/* The same in the namespace NETNS_FD, -1: on the host, as a whole job. Fills WORK's problem. */
int nif_delete_in(struct hull_work *work, int netns_fd, const char *name) HULL_CHECKED;
/* Write VALUE to net/FAMILY/conf/NAME/KEY of the host. A kernel without the family is fine. */
int nif_sysctl(const char *family, const char *name, const char *key, const char *value)
    HULL_CHECKED;
/* Read the beginning of net/FAMILY/conf/NAME/KEY into VALUE, as a string. 0 or -errno. */
int nif_sysctl_read(const char *family, const char *name, const char *key, char *value, size_t size)
    HULL_CHECKED;
/*
 * Whether the host can reach containers from ::1. What they answer is for ::1 again as soon as the
 * packet filter has seen it, and a bridge whose frames are shown to the filter hands that up too
 * late: the kernel takes it for a forgery.
 */
#define NIF_BRIDGED6 "net.bridge.bridge-nf-call-ip6tables"
bool nif_loopback6(void);
/* A way back from the interface to ::1: loopback addresses are looked for by interface. */
void nif_route_loopback6(struct nl_batch *batch, unsigned index);
/* Fill PROBLEM of WORK: "WHAT NAME: strerror: what the kernel said". FAILURE may be NULL. */
int nif_fail(struct hull_work *work, int rc, const struct nl_failure *failure, const char *what,
             const char *name);

/* Through FD, a socket inside: NAME's GATEWAY becomes the default route in place of another one;
 * family 0 leaves the family alone. */
int nif_default_routes(int fd, const char *name, const struct ip_addr gateway[2],
                       struct nl_failure *failure) HULL_CHECKED;

/* What an interface inside a namespace gets. */
struct nif_to {
    struct ip_net net;
    struct ip_addr via; /* family 0: on the link */
};
struct nif_inside {
    const char *name;
    struct ip_net nets[2];     /* addresses; family 0: none */
    struct ip_addr gateway[2]; /* default routes; family 0: none */
    const struct nif_to *routes;
    size_t route_count;
    bool hears_routers;       /* it believes what routers advertise there */
    struct ip_addr pinned[2]; /* neighbours at a MAC that nobody can change; family 0: none */
    uint8_t pinned_mac[6];
};
/* A netlink socket in NETNS_FD for what INSIDE is about to get: IPv6 is off in there unless it has
 * an address of it, for what is made from then on. The descriptor, or -errno. */
int nif_open_inside(int netns_fd, const struct nif_inside *inside);
/* Through FD, a socket inside: loopback and the interface up, addresses, then routes. RET_MAC (may
 * be NULL) is the interface's. */
int nif_configure(int fd, const struct nif_inside *inside, uint8_t ret_mac[6],
                  struct nl_failure *failure) HULL_CHECKED;

#endif
