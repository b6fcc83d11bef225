/*
 * json_decode.h: what json.c and json_lists.c share.
 */
#ifndef HULL_COMMON_JSON_DECODE_H
#define HULL_COMMON_JSON_DECODE_H

#include <hull/message.h>

#include "json.h"
#include "json_scan.h"

/* Where the decoder is, for its errors: a name, or the index of an element. */
struct json_step {
    const char *name;
    size_t length;
    size_t index;
};

struct json_decoder {
    struct json_scan scan;
    unsigned flags;
    /* What the elements of lists and maps may take: "{}" is 2 bytes of text, a struct is many. */
    size_t budget;
    unsigned steps;
    struct json_step path[JSON_DEPTH + 1];
};

/* Step into NAME, or into element INDEX when NAME is NULL; in->steps-- steps out. */
void json_push(struct json_decoder *in, const char *name, size_t length, size_t index);
/* Fail: the next value is not WHAT. */
int json_expected(struct json_decoder *in, const char *what) HULL_CHECKED;
/* Is there room for one more element of SIZE bytes after COUNT? */
int json_room(struct json_decoder *in, const struct hull_field *field, size_t count, size_t size)
    HULL_CHECKED;
/* Take a null, when that is what comes. */
bool json_skip_null(struct json_decoder *in);
int json_text(struct json_decoder *in, const char **ret) HULL_CHECKED;
int json_int(struct json_decoder *in, int64_t *ret) HULL_CHECKED;
int json_decode_value(struct json_decoder *in, const struct hull_message *message, void *value)
    HULL_CHECKED;

/* How a member of a type is read; json_lists.c has those of lists and maps. */
typedef int json_decode_fn(struct json_decoder *in, const struct hull_field *field, void *member);
json_decode_fn json_decode_strv, json_decode_ints, json_decode_list, json_decode_map,
    json_decode_set, json_decode_msgmap;

#endif
