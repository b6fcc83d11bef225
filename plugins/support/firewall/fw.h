/*
 * fw.h: what the files of the firewall share.
 */
#ifndef HULL_FIREWALL_FW_H
#define HULL_FIREWALL_FW_H

#include "address.h"
#include "firewall.h"
#include "fwmark.h"

#include <hull/hull.h>

/* --- the table as text (table.c, pure) ----------------------------------------------------- */

/*
 * Append to OUT the commands that make TABLE what STATE says, in one transaction: whatever was in
 * its sets, maps and chains goes, but for the chain "admin". Packets with MARK pass. LOOP6:
 * published ports are reached by ::1, too.
 */
void fw_table_text(struct hull_text *out, const char *table, const struct firewall_state *state,
                   const struct fwmark *mark, bool loop6, bool frames);
/* The same for the sets of networks alone, in a table that is there. FRAMES: also those of the
 * table of frames. */
void fw_networks_text(struct hull_text *out, const char *table,
                      const struct firewall_network *networks, size_t count, bool frames);
/* What a network is in: an element of SET, made of one or two interfaces, a subnet or an address,
 * or both. */
struct fw_member {
    const char *set;
    const char *names[2];
    const struct ip_net *net;    /* without host part; NULL: none */
    const struct ip_addr *value; /* of a map; NULL: a set */
    const struct ip_addr *addr;  /* NULL: none */
    bool frames;                 /* SET is one of the table of frames */
};
typedef void fw_member_fn(const struct fw_member *member, void *ctx);
/* Where fw_member_write() appends the command that adds a member. */
struct fw_writing {
    struct hull_text *out;
    const char *table;
    bool frames; /* that table is there */
};
void fw_member_write(const struct fw_member *member, void *writing);
/* Call EACH for whatever NETWORK is in. */
void fw_network_members(const struct firewall_network *network, fw_member_fn *each, void *ctx);
/* How many rules a table with BARRIERS and MARK has, those in "admin" aside. */
int fw_table_rules(const struct firewall_barriers *barriers, const struct fwmark *mark);
/* The mark that the configuration names. -HULL_INVALID. */
int fw_mark_read(struct hull_call *call, struct fwmark *ret) HULL_CHECKED;
/* Whether NAME can be written into the table. */
bool fw_name_valid(const char *name);
/* -HULL_INVALID when NETWORK has what can't be written into the table. */
int fw_network_check(struct hull_call *call, const struct firewall_network *network) HULL_CHECKED;

/* --- the table of frames as text (guard.c, pure) ------------------------------------------- */

/* Append what makes the table of the family bridge what STATE says, but for what networks are
 * in. */
void fw_guard_text(struct hull_text *out, const char *table, const struct firewall_state *state);
/* Call EACH for whatever the port GUARD is in. */
void fw_guard_members(const struct firewall_guard *guard, fw_member_fn *each, void *ctx);
int fw_guard_check(struct hull_call *call, const struct firewall_guard *guard) HULL_CHECKED;
int fw_guard_rules(void);

/* --- elements of maps and sets by netlink (elements.c, Worker-safe) ------------------------ */

struct fw_port {
    uint8_t protocol; /* IPPROTO_TCP … */
    struct ip_addr host;
    uint16_t host_port;
    struct ip_addr address;
    uint16_t port;
    bool open;    /* at ADDRESS, for those who may */
    bool unbound; /* nowhere else */
};

/* PORT in numbers. -HULL_INVALID. */
int fw_port_read(struct hull_call *call, const struct firewall_port *port, struct fw_port *ret)
    HULL_CHECKED;
/* The number of "tcp", "udp" or "sctp"; 0 for others. */
uint8_t fw_protocol(const char *name);
/* Add or remove COUNT elements in one transaction. 0 or -errno; nothing is changed on an error.
 * It keeps a socket until fw_elements_done(). One caller at a time. */
int fw_elements(const char *table, const struct fw_port *ports, size_t count, bool add)
    HULL_CHECKED;
void fw_elements_done(void);
/* The same for the sets that NETWORK is in. */
int fw_network_elements(const char *table, const struct firewall_network *network, bool frames,
                        bool add) HULL_CHECKED;
/* And for those that the COUNT ports in GUARDS are in. */
int fw_guard_elements(const char *table, const struct firewall_guard *guards, size_t count,
                      bool add) HULL_CHECKED;
/* Let the kernel look anew where datagrams to the UDP ports among PORTS go. What can't be done is
 * left. Worker-safe. */
void fw_forget_peers(const struct fw_port *ports, size_t count);
/* How many rules CHAIN (NULL: all chains) of TABLE has, or -errno; 0 without the table. FRAMES: of
 * the one of frames. */
int fw_count_rules(const char *table, const char *chain, bool frames) HULL_CHECKED;

/* --- host ports (claim.c) ------------------------------------------------------------------ */

/* What is to be held. */
struct fw_claim {
    struct fw_port port; /* host_port 0: any free one; what was found is filled in */
    uint16_t last;       /* the end of a range to choose from, or 0 */
    bool twin;           /* the host port of the one before it */
    bool done;           /* nothing more to do: held, or nothing to hold */
    int fd;              /* the socket, or -1 for a protocol this kernel has no sockets for */
};
/*
 * Hold the host's side of COUNT ports, each by a socket that is bound and does not listen, so
 * that no program of the host takes it. Those before the first that fails are held. Worker-safe.
 * -HULL_INTERNAL "Bind for … failed".
 */
int fw_claim(struct fw_claim *claims, size_t count, struct hull_problem *problem) HULL_CHECKED;

/* --- somebody else's changes (watch.c) ----------------------------------------------------- */

/* A task that calls FN whenever another program may have removed rules of TABLE. */
struct fw_watch {
    const char *table;
    int (*fn)(struct hull_call *call);
};
int fw_watch_run(struct hull_call *call, void *watch);

#endif
