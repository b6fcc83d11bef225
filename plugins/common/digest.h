/*
 * digest.h: content digests, "sha256:" and 64 lower-case hexadecimal digits.
 *
 * A digest that comes from outside is checked with digest_valid() before anything else is done
 * with it: it becomes the name of a file. A program that uses this links nettle.
 */
#ifndef HULL_COMMON_DIGEST_H
#define HULL_COMMON_DIGEST_H

#include <hull/base.h>

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX_SIZE 64
#define DIGEST_SIZE (sizeof(DIGEST_PREFIX) + DIGEST_HEX_SIZE) /* with the NUL */

/* True when TEXT is a digest and nothing else. Worker-safe. */
bool digest_valid(const char *text);
/* The 64 digits of a valid digest. */
const char *digest_hex(const char *digest);

/* A digest being computed. Worker-safe. */
struct digest;
struct digest *digest_new(void);
void digest_update(struct digest *digest, const void *data, size_t size);
/* The result; DIGEST can only be freed after. */
void digest_final(struct digest *digest, char ret[DIGEST_SIZE]);
/* NULL is allowed. Returns NULL. */
struct digest *digest_free(struct digest *digest);
void digest_cleanup(struct digest **digest);
#define DIGEST_AUTO __attribute__((cleanup(digest_cleanup))) struct digest

/* The digest of SIZE bytes. Worker-safe. */
void digest_bytes(const void *data, size_t size, char ret[DIGEST_SIZE]);

#endif
