/* A mark of packets, from text. */
#include "fwmark.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The number at TEXT; what follows it goes to RET_REST. */
static bool read_number(const char *text, const char **ret_rest, uint32_t *ret)
{
    char *end;
    errno = 0;
    unsigned long long value = isdigit((unsigned char)*text) ? strtoull(text, &end, 0) : 0;
    if (!isdigit((unsigned char)*text) || errno != 0 || value > UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    *ret_rest = end;
    return true;
}

bool fwmark_parse(const char *text, struct fwmark *ret)
{
    struct fwmark mark = {.set = true, .mask = UINT32_MAX};
    const char *rest;
    *ret = (struct fwmark){0};
    if (text == NULL || *text == '\0')
        return true;
    if (!read_number(text, &rest, &mark.mark))
        return false;
    if (*rest == '/' && !read_number(rest + 1, &rest, &mark.mask))
        return false;
    if (*rest != '\0' || (mark.mark & ~mark.mask) != 0 || mark.mask == 0)
        return false;
    *ret = mark;
    return true;
}
