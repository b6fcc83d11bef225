/*
 * Base64, the way out only.
 */
#include "plugins/common/base64.h"

#include <string.h>

#include <hull/arena.h>

char *base64_encode(struct hull_arena *arena, const void *data, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = hull_arena_alloc(arena, (length + 2) / 3 * 4 + 1), *at = out;

    for (size_t i = 0; i < length; i += 3) {
        unsigned char in[3] = {0};
        size_t have = length - i < 3 ? length - i : 3;

        memcpy(in, (const char *)data + i, have);
        *at++ = digits[in[0] >> 2];
        *at++ = digits[(in[0] & 3) << 4 | in[1] >> 4];
        *at++ = '=';
        *at++ = '=';
        if (have > 1)
            at[-2] = digits[(in[1] & 15) << 2 | in[2] >> 6];
        if (have > 2)
            at[-1] = digits[in[2] & 63];
    }
    return out;
}
