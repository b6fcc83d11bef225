/*
 * packet.h: DNS messages as bytes (RFC 1035, 6891): questions read, answers written, answers of
 * other servers checked. Pure; every length is checked before it is used, and no name is followed
 * other than backwards.
 */
#ifndef HULL_DNS_PACKET_H
#define HULL_DNS_PACKET_H

#include "address.h"

#include <hull/base.h>

#define DNS_HEAD 12
#define DNS_NAME_MAX 255
/* As text, with the NUL. */
#define DNS_TEXT_MAX 256
#define DNS_LABEL_MAX 63
/* What a client takes by UDP that says nothing about it, and what is sent at most. */
#define DNS_UDP_PLAIN 512
#define DNS_UDP_MAX 4096
/* What we take from servers by UDP: it fits into any path's packet. */
#define DNS_UDP_ASKED 1232
#define DNS_TCP_MAX 65535
/* Records of one message that are looked at. A message of 64 KB has fewer. */
#define DNS_RECORDS_MAX 6000

enum dns_type {
    DNS_A = 1,
    DNS_PTR = 12,
    DNS_AAAA = 28,
    DNS_OPT = 41,
};

enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16,
    DNS_DROP = -1, /* no answer at all */
};

/* A name as on the wire, without compression, in the sender's case. */
struct dns_name {
    uint8_t length;
    uint8_t wire[DNS_NAME_MAX];
};

struct dns_query {
    uint16_t id;
    uint16_t type;
    uint16_t class;
    uint16_t size; /* of the largest answer that the client takes by UDP */
    bool recursion;
    bool checking_disabled;
    bool edns;
    bool dnssec;
    struct dns_name name;
};

/*
 * Read a query. DNS_NOERROR, or the code to answer with (what is known is in RET_QUERY; a name of
 * length 0 means that not even the question could be read), or DNS_DROP.
 */
int dns_query_read(const uint8_t *data, size_t size, struct dns_query *ret_query);
/* A query for a server: QUERY with another ID. Returns its size. OUT has room for 300 bytes. */
size_t dns_query_write(const struct dns_query *query, uint16_t id, uint8_t *out);

/* NAME in lower case without the last dot. False when it has what no name of a host has. */
bool dns_name_text(const struct dns_name *name, char ret_text[DNS_TEXT_MAX]);
/* The reverse; false when TEXT is no name. */
bool dns_name_read(const char *text, struct dns_name *ret_name);
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
/* The address whose name TEXT asks for: 4.3.2.1.in-addr.arpa, or one under ip6.arpa. */
bool dns_reverse_read(const char *text, struct ip_addr *ret_addr);

/* Answers. Each writes at most SIZE bytes to OUT and returns how many; what does not fit is left
 * out and the answer marked as truncated. SIZE is at least DNS_UDP_PLAIN. */
size_t dns_answer_code(uint8_t *out, size_t size, const struct dns_query *query, int rcode);
size_t dns_answer_addresses(uint8_t *out, size_t size, const struct dns_query *query,
                            const struct ip_addr *addresses, size_t count, uint32_t ttl);
size_t dns_answer_pointer(uint8_t *out, size_t size, const struct dns_query *query,
                          const struct dns_name *name, uint32_t ttl);
/* Only head and question, truncated: the client comes again by TCP. */
size_t dns_answer_truncated(uint8_t *out, size_t size, const struct dns_query *query);

/* What a server has sent. */
struct dns_reply {
    int rcode;
    bool truncated;
    size_t answers;
    uint32_t ttl; /* the smallest of all records but OPT; 0 without records */
};
/* Check that DATA is a whole answer to QUERY with ID. */
bool dns_reply_read(const uint8_t *data, size_t size, const struct dns_query *query, uint16_t id,
                    struct dns_reply *ret_reply);
/* Make the checked answer one to QUERY: its id, its question as it was written. AGE_S seconds are
 * taken off each TTL. */
void dns_reply_adapt(uint8_t *data, size_t size, const struct dns_query *query, uint32_t age_s);

#endif
