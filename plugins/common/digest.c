/*
 * digest.c: SHA-256 by OpenSSL's EVP, which uses the processor's instructions for it.
 */
#include "digest.h"

#include <openssl/evp.h>
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

/* The type is opaque to its users; below it is OpenSSL's context. */
static EVP_MD_CTX *context(struct digest *digest)
{
    return (EVP_MD_CTX *)(void *)digest;
}

struct digest *digest_new(void)
{
    EVP_MD_CTX *made = EVP_MD_CTX_new();

    HULL_ASSERT(made && EVP_DigestInit_ex(made, EVP_sha256(), NULL) == 1);
    return (struct digest *)(void *)made;
}

void digest_update(struct digest *digest, const void *data, size_t size)
{
    HULL_ASSERT(EVP_DigestUpdate(context(digest), data, size) == 1);
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
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    HULL_ASSERT(EVP_DigestFinal_ex(context(digest), bytes, &size) == 1);
    HULL_ASSERT(size * 2 == DIGEST_HEX_SIZE);
    memcpy(ret, DIGEST_PREFIX, strlen(DIGEST_PREFIX));
    to_hex(bytes, size, ret + strlen(DIGEST_PREFIX));
}

struct digest *digest_free(struct digest *digest)
{
    EVP_MD_CTX_free(context(digest));
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
