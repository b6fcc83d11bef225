/*
 * fwmark.h: a mark of packets as an administrator writes it.
 */
#ifndef HULL_COMMON_FWMARK_H
#define HULL_COMMON_FWMARK_H

#include <stdbool.h>
#include <stdint.h>

struct fwmark {
    bool set;
    uint32_t mark, mask; /* a packet has it when its own mark AND MASK is MARK */
};

/* Read "MARK[/MASK]", each a number of 32 bits (decimal, 0x… or 0…); NULL and "" are no mark.
 * False: TEXT is none, or no packet could ever have it. Worker-safe. */
bool fwmark_parse(const char *text, struct fwmark *ret);

#endif
