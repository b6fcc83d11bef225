/*
 * digest.c: SHA-256 by nettle, which uses the processor's instructions for it, and needs a tenth of
 * the memory of OpenSSL's libcrypto.
 */
#include "digest.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include <hull/error.h>

static const char digits[] = "0123456789abcdef";

bool digest_valid(const char *text)
{
    size_t prefix = strlen(DIGEST_PREFIX);

    return text && strncmp(text, DIGEST_PREFIX, prefix) == 0 &&
           strspn(text + prefix, digits) == DIGEST_HEX_SIZE &&
           text[prefix + DIGEST_HEX_SIZE] == '\0';
}

const char *digest_hex(const char *digest)
{
    return digest + strlen(DIGEST_PREFIX);
}

struct digest {
    struct sha256_ctx context;
};

struct digest *digest_new(void)
{
    struct digest *digest = malloc(sizeof(*digest));

    HULL_ASSERT(digest);
    sha256_init(&digest->context);
    return digest;
}

void digest_update(struct digest *digest, const void *data, size_t size)
{
    sha256_update(&digest->context, size, data);
}

static void to_hex(const unsigned char *bytes, size_t count, char *ret)
{
    for (size_t i = 0; i < count; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * count] = '\0';
}

void digest_final(struct digest *digest, char ret[DIGEST_SIZE])
{
    unsigned char bytes[SHA256_DIGEST_SIZE];

    sha256_digest(&digest->context, sizeof(bytes), bytes);
    memcpy(ret, DIGEST_PREFIX, strlen(DIGEST_PREFIX));
    to_hex(bytes, sizeof(bytes), ret + strlen(DIGEST_PREFIX));
}

struct digest *digest_free(struct digest *digest)
{
    free(digest);
    return NULL;
}

void digest_cleanup(struct digest **digest)
{
    digest_free(*digest);
}

void digest_bytes(const void *data, size_t size, char ret[DIGEST_SIZE])
{
    DIGEST_AUTO *digest = digest_new();

    digest_update(digest, data, size);
    digest_final(digest, ret);
}
