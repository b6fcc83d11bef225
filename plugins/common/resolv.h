/*
 * resolv.h: what a resolv.conf says, and what of the host's one is of use to containers.
 */
#ifndef HULL_COMMON_RESOLV_H
#define HULL_COMMON_RESOLV_H

#include <hull/arena.h>

struct resolv {
    struct hull_strv servers; /* addresses, perhaps loopback ones */
    struct hull_strv search;
    struct hull_strv options;
};

/* The beginning of a small file of the host, /etc/hosts too; "" when it can't be read. Never hangs
 * on a FIFO. Worker-safe. */
char *resolv_read_file(struct hull_arena *arena, const char *path);
/* Read TEXT, which is changed. What is no address, or no word, is left out. Worker-safe. */
void resolv_parse(struct hull_arena *arena, char *text, struct resolv *ret);
/*
 * What the host uses: its /etc/resolv.conf or, when that has nothing but the stub of
 * systemd-resolved and STUB is false, the file with the servers which the stub asks. Returns the
 * file's path. Worker-safe.
 */
const char *resolv_of_host(struct hull_arena *arena, bool stub, struct resolv *ret);
/* True for an address of this host's own loopback interface. */
bool resolv_is_loopback(const char *address);
/* LIST without loopback addresses. */
struct hull_strv resolv_reachable(struct hull_arena *arena, const struct hull_strv *list);

#endif
