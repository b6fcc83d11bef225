#include "units.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *scaled(struct hull_arena *arena, double bytes, double base, const char *const *names,
                    size_t count, int digits)
{
    size_t i = 0;
    while (bytes >= base && i < count - 1) {
        bytes /= base;
        i++;
    }
    return hull_arena_printf(arena, "%.*g%s", digits, bytes, names[i]);
}

char *units_size(struct hull_arena *arena, double bytes, int digits)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
    return scaled(arena, bytes, 1000.0, names, HULL_COUNT(names), digits);
}

char *units_binary(struct hull_arena *arena, double bytes)
{
    static const char *const names[] = {"B",   "KiB", "MiB", "GiB", "TiB",
                                        "PiB", "EiB", "ZiB", "YiB"};
    return scaled(arena, bytes, 1024.0, names, HULL_COUNT(names), 4);
}

bool units_parse_bytes(const char *text, int64_t *ret_bytes)
{
    static const char letters[] = "kmgtp";
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    size_t digits = strspn(text, "0123456789.");
    double value = strtod(text, &end);
    if ((size_t)(end - text) != digits)
        return false;
    if (*end == ' ')
        end++;
    double factor = 1;
    const char *letter = *end == '\0' ? NULL : strchr(letters, tolower((unsigned char)*end));
    if (letter != NULL) {
        factor = ldexp(1, 10 * (int)(letter - letters + 1));
        end++;
        if (tolower((unsigned char)*end) == 'i')
            end++;
    }
    if (tolower((unsigned char)*end) == 'b')
        end++;
    value *= factor;
    if (*end != '\0' || !(value < 9.2e18))
        return false;
    *ret_bytes = (int64_t)value;
    return true;
}

const char *units_ellipsis(struct hull_arena *arena, const char *text, size_t max)
{
    size_t count = 0;
    const char *cut = text;
    for (const char *at = text; *at != '\0'; at++) {
        if (((unsigned char)*at & 0xc0) == 0x80)
            continue;
        if (max > 0 && count == max - 1)
            cut = at;
        count++;
    }
    if (count <= max)
        return text;
    return hull_arena_printf(arena, "%.*s…", (int)(cut - text), text);
}
