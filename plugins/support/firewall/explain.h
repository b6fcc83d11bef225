/*
 * explain.h: which rule decides about a packet. All of it is pure.
 */
#ifndef HULL_FIREWALL_EXPLAIN_H
#define HULL_FIREWALL_EXPLAIN_H

#include "fw.h"

#include "json.h"

/* The first packet of a connection, on its way. */
struct fw_flow {
    const char *iif;    /* where it came in; NULL: from the host itself, or not known */
    const char *oif;    /* where it goes out; NULL: not known */
    struct ip_addr src; /* family 0: not known */
    struct ip_addr dst; /* as it is now */
    uint8_t protocol;
    uint16_t port; /* as it is now */
    bool dnat;
};

/* --- rules of the administrator (admin.c) -------------------------------------------------- */

enum fw_say {
    FW_SAYS_NOTHING,
    FW_ACCEPTS,
    FW_DROPS,
};
struct fw_admin {
    enum fw_say say;
    int64_t handle;        /* of the rule that says so */
    int64_t maybe;         /* of the first one before it that nobody here understands; 0: none */
    const char *maybe_why; /* what was not understood */
};
/* What the rules in RULES, as the nft library writes a chain in JSON, do with FLOW. */
struct fw_admin fw_admin_ask(const struct json_value *rules, const struct fw_flow *flow);

/* --- all of it (explain.c) ----------------------------------------------------------------- */

/* What was looked up for a question. */
struct fw_facts {
    bool local;                     /* the destination is an address of this host */
    bool unroutable;                /* the host has no way there */
    bool loop6;                     /* containers are reached by ::1 */
    const char *oif;                /* its way there */
    const struct json_value *admin; /* the administrator's chain; NULL: it could not be read */
    const char *admin_text;         /* the same for people, with handles */
    struct hull_strv others;        /* chains of others that drop what they do not know */
};
/* Answer REQUEST from STATE, in the arena of CALL. -HULL_INVALID. */
int fw_explain(struct hull_call *call, const struct firewall_state *state,
               const struct fw_facts *facts, const struct firewall_explain_request *request,
               struct firewall_explain_reply *ret) HULL_CHECKED;

#endif
