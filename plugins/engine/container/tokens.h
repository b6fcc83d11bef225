/*
 * tokens.h: small texts from clients, checked whole before they get into files or the kernel.
 */
#ifndef HULL_CONTAINER_TOKENS_H
#define HULL_CONTAINER_TOKENS_H

#include "oci.h"

/* An IPv4 or IPv6 address. */
bool token_ip(const char *text);
/* A host or domain name: letters, digits, '-', '_' and '.', at most 253. */
bool token_domain(const char *text);
/* One word of printable ASCII. */
bool token_word(const char *text);
/* "80", "80/tcp", "80-90/udp"; docker lets any number stand. */
bool token_port(const char *text);
/* "80" or "80-90", 0 to 65535. */
bool token_port_range(const char *text);
/* "0-3,5". */
bool token_cpu_list(const char *text);
/* Every number of LIST is one of ALL; both are such lists. */
bool token_cpu_list_within(const char *list, const char *all);
/* A kernel parameter that belongs to the namespaces of a container. */
bool token_sysctl(const char *key);
bool token_number(const char *text, int64_t *ret);
/* "10m", "512k", "1g", bytes. */
bool token_size(const char *text, int64_t *ret_bytes);
/* "c 42:* rwm"; RET may be NULL; its access points into TEXT. */
bool token_device_rule(const char *text, struct oci_device_rule *ret);
/* "RLIMIT_NOFILE" for "nofile", or NULL. */
const char *ulimit_type(const char *name);

#endif
