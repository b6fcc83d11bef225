/*
 * address.h: IP addresses and networks as numbers: parsing, printing, arithmetic, overlap.
 *
 * Both families are kept in 16 bytes, IPv4 in the first four. Everything here is pure and
 * Worker-safe.
 */
#ifndef HULL_COMMON_ADDRESS_H
#define HULL_COMMON_ADDRESS_H

#include <hull/base.h>

#define IP_TEXT_SIZE 64

/* An address; FAMILY is AF_INET, AF_INET6, or 0 for none. */
struct ip_addr {
    int family;
    uint8_t bytes[16];
};

/* An address with the length of its network: "10.1.2.1/24" keeps its host part. */
struct ip_net {
    struct ip_addr addr;
    unsigned length;
};

/* Bytes of an address of FAMILY: 4 or 16. */
size_t ip_size(int family);
/* Read TEXT, exactly one address. False when it is none. */
bool ip_parse(const char *text, struct ip_addr *ret_addr);
/* Write ADDR to BUFFER and return it. */
const char *ip_text(const struct ip_addr *addr, char buffer[IP_TEXT_SIZE]);
/* Read "ADDRESS/LENGTH". False when it is none. */
bool ip_net_parse(const char *text, struct ip_net *ret_net);
/* Write NET as "ADDRESS/LENGTH" to BUFFER and return it. */
const char *ip_net_text(const struct ip_net *net, char buffer[IP_TEXT_SIZE]);
/* Order of two addresses of one family: negative, 0, positive. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
/* The address COUNT after ADDR; wraps at the end. */
struct ip_addr ip_add(const struct ip_addr *addr, uint64_t count);
/* How many addresses TO is behind FROM (same family, FROM <= TO), UINT64_MAX when it is more. */
uint64_t ip_distance(const struct ip_addr *from, const struct ip_addr *to);
/* True for 0.0.0.0 and ::. */
bool ip_is_any(const struct ip_addr *addr);
/* True for 127.0.0.0/8 and ::1. */
bool ip_is_loopback(const struct ip_addr *addr);

/* The first address of NET, with which it begins (10.1.2.0), and the last (10.1.2.255). */
struct ip_addr ip_net_first(const struct ip_net *net);
struct ip_addr ip_net_last(const struct ip_net *net);
/* NET without its host part. */
struct ip_net ip_net_base(const struct ip_net *net);
/* True when ADDR is in NET, or INNER is wholly in OUTER. */
bool ip_net_has(const struct ip_net *net, const struct ip_addr *addr);
bool ip_net_within(const struct ip_net *outer, const struct ip_net *inner);
/* True when A and B share an address. */
bool ip_net_overlap(const struct ip_net *a, const struct ip_net *b);
/* Addresses in NET, at most UINT64_MAX. */
uint64_t ip_net_size(const struct ip_net *net);

/* Read "02:42:0a:01:02:03" (or with dashes). False when it is none. */
bool mac_parse(const char *text, uint8_t ret_mac[6]);
/* Write MAC to BUFFER and return it. */
const char *mac_text(const uint8_t mac[6], char buffer[18]);

#endif
