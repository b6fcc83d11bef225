/*
 * nft.h: libnftables, which reads and writes rules as text, for as long as that takes.
 *
 * The library with what it needs takes 1.3 MB, and a context of it two more. It is wanted when the
 * table is written or a question asked: not for a network, and not for a port.
 */
#ifndef HULL_FIREWALL_NFT_H
#define HULL_FIREWALL_NFT_H

#include <hull/hull.h>

#include <nftables/libnftables.h>

/* The library, and a context of it. Zeroed is closed. One at a time. */
struct nft {
    void *library;
    struct nft_ctx *ctx;
    __typeof__(&nft_ctx_new) new;
    __typeof__(&nft_ctx_free) free;
    __typeof__(&nft_ctx_buffer_output) buffer_output;
    __typeof__(&nft_ctx_buffer_error) buffer_error;
    __typeof__(&nft_ctx_output_set_flags) output_set_flags;
    __typeof__(&nft_run_cmd_from_buffer) run;
    __typeof__(&nft_ctx_get_output_buffer) output;
    __typeof__(&nft_ctx_get_error_buffer) error;
};

/* Load the library and make a context with buffers. 0, or -HULL_UNAVAILABLE with PROBLEM filled:
 * it can't be loaded, or has no descriptor low enough. NFT is closed by nft_close() either way.
 * Worker-safe. */
int nft_open(struct nft *nft, struct hull_problem *problem) HULL_CHECKED;
void nft_close(struct nft *nft);
/* Run TEXT in a context of its own. 0, or -KIND with what the library says. Worker-safe. */
int nft_run_text(const char *text, struct hull_problem *problem) HULL_CHECKED;

/* Descriptors that the library may have, which are kept from others: the plugin takes them when it
 * is loaded and gives them back. */
void nft_keep_low_fds(void);
void nft_drop_low_fds(void);

#endif
