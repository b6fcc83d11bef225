/* What nft.h declares. */
#include "nft.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/select.h>

/* The version of its binary interface that nftables/libnftables.h describes. */
#define LIBRARY "libnftables.so.1"

/*
 * libnftables waits with select(2), which can't take a descriptor above 1023: some are taken when
 * the plugin is loaded, and kept. Its socket and the probe get two of these numbers; the others are
 * for threads that open something at the same moment.
 */
static int low_fds[16] = {[0 ... 15] = -1};

static bool is_low(int fd)
{
    return fd >= 0 && fd < FD_SETSIZE;
}

void nft_drop_low_fds(void)
{
    for (size_t i = 0; i < HULL_COUNT(low_fds); i++) {
        hull_fd_cleanup(&low_fds[i]);
        low_fds[i] = -1;
    }
}

void nft_keep_low_fds(void)
{
    for (size_t i = 0; i < HULL_COUNT(low_fds); i++)
        low_fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int load(struct nft *nft, struct hull_problem *problem)
{
    const struct {
        const char *name;
        void *to;
    } symbols[] = {
        {"nft_ctx_new", &nft->new},
        {"nft_ctx_free", &nft->free},
        {"nft_ctx_buffer_output", &nft->buffer_output},
        {"nft_ctx_buffer_error", &nft->buffer_error},
        {"nft_ctx_output_set_flags", &nft->output_set_flags},
        {"nft_run_cmd_from_buffer", &nft->run},
        {"nft_ctx_get_output_buffer", &nft->output},
        {"nft_ctx_get_error_buffer", &nft->error},
    };
    nft->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; nft->library != NULL && i < HULL_COUNT(symbols); i++) {
        void *symbol = dlsym(nft->library, symbols[i].name);
        if (symbol == NULL)
            break;
        memcpy(symbols[i].to, &symbol, sizeof(symbol));
    }
    if (nft->error == NULL)
        return hull_problem_set(problem, HULL_UNAVAILABLE, "nftables can't be used: %.200s",
                                dlerror());
    return 0;
}

int nft_open(struct nft *nft, struct hull_problem *problem)
{
    *nft = (struct nft){0};
    nft_drop_low_fds();
    int rc = load(nft, problem);
    if (rc < 0)
        return rc;
    nft->ctx = nft->new (NFT_CTX_DEFAULT);
    HULL_AUTO_FD probe = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nft->ctx == NULL || !is_low(probe))
        return hull_problem_set(problem, HULL_UNAVAILABLE,
                                "nftables can't be used with so many open descriptors: start the "
                                "daemon again");
    nft->buffer_error(nft->ctx);
    nft->buffer_output(nft->ctx);
    return 0;
}

void nft_close(struct nft *nft)
{
    if (nft->ctx != NULL)
        nft->free(nft->ctx);
    if (nft->library != NULL)
        dlclose(nft->library);
    *nft = (struct nft){0};
    nft_keep_low_fds();
}

int nft_run_text(const char *text, struct hull_problem *problem)
{
    struct nft nft;
    int rc = nft_open(&nft, problem);
    if (rc == 0 && nft.run(nft.ctx, text) != 0)
        rc = hull_problem_set(problem, HULL_INTERNAL, "nftables: %.300s", nft.error(nft.ctx));
    nft_close(&nft);
    return rc;
}
