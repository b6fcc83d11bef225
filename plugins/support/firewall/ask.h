/*
 * ask.h: what is looked up for a question about a packet.
 */
#ifndef HULL_FIREWALL_ASK_H
#define HULL_FIREWALL_ASK_H

#include "explain.h"

#include <net/if.h>

struct nft;

/* What the kernel says. Zeroed memory is nothing. */
struct fw_asked {
    bool local, unroutable;
    char oif[IF_NAMESIZE];
    char *text, *rules, *chains; /* of the library, malloc'ed */
};
/* The host's way to TO. Worker-safe. */
void fw_ask_route(struct fw_asked *asked, const struct ip_addr *to);
/* The administrator's chain in TABLE, and which chains there are. Worker-safe. */
void fw_ask_rules(struct fw_asked *asked, struct nft *nft, const char *table);
void fw_asked_done(struct fw_asked *asked);
/* What ASKED says, in the arena of CALL. */
void fw_facts_read(struct hull_call *call, const struct fw_asked *asked, const char *table,
                   struct fw_facts *ret);

#endif
