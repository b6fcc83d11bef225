/*
 * detach.h: the keys that end an attachment while the program goes on.
 *
 * A sequence is written as docker writes it: letters, or ctrl- and one of a-z @ [ \ ] ^ _,
 * separated by commas; the default is ctrl-p,ctrl-q.
 */
#ifndef HULL_COMMON_DETACH_H
#define HULL_COMMON_DETACH_H

#include <hull/stream.h>

#define DETACH_KEYS_MAX 16

struct detach_keys {
    size_t count;
    unsigned char keys[DETACH_KEYS_MAX];
};

/* Parse TEXT; NULL or "" is the default. -HULL_INVALID "Invalid detach keys (…) provided". */
int detach_keys_parse(struct hull_call *call, const char *text, struct detach_keys *ret_keys)
    HULL_CHECKED;
/*
 * A stream like BELOW, which it takes: what is written to it is searched for KEYS, which are not
 * passed on. When they came the reader sees the end, and BELOW is closed.
 */
struct hull_stream *detach_stream(struct hull_stream *below, const struct detach_keys *keys);

#endif
