/*
 * json_scan.h: the tokenizer below json.h; private to the files json*.c.
 *
 * It is our own because the rules of json.h (exact 64-bit integers, no duplicate keys, UTF-8, an
 * error for each of them) are those which cJSON does not keep, and because decoding straight into
 * the struct saves the tree between. A scan walks over the text once and never backwards.
 */
#ifndef HULL_COMMON_JSON_SCAN_H
#define HULL_COMMON_JSON_SCAN_H

#include <hull/arena.h>
#include <hull/error.h>

#define JSON_DEPTH 128u
/* Elements of one list or map where its field names no limit. */
#define JSON_ELEMENTS 100000u

/* Bytes of the text, or of the arena where the text had escapes. */
struct json_slice {
    const char *text;
    size_t length;
};
/* The keys of one object so far. */
struct json_keys {
    size_t n;
    struct json_slice *v;
};

struct json_scan {
    const char *at;
    const char *end;
    struct hull_arena *arena;
    struct hull_problem *problem;
    unsigned depth;
};

/* Length of the UTF-8 sequence of a character above 0x7f at TEXT, or 0 when it is none: no
 * overlong forms, no surrogates. */
size_t json_utf8_length(const char *text, size_t room);
/* The first byte of the next token, which stays; '\0' at the end of the text. */
char json_peek(struct json_scan *scan);
/* "invalid character 'x' WHERE", or "unexpected EOF". Returns -HULL_INVALID. */
int json_syntax(struct json_scan *scan, const char *where);
/* The token "…" with its escapes resolved. */
int json_scan_string(struct json_scan *scan, struct json_slice *ret_string) HULL_CHECKED;
/* A number by JSON's grammar, as its digits. */
int json_scan_number(struct json_scan *scan, struct json_slice *ret_digits) HULL_CHECKED;
/* true, false, null. */
int json_scan_word(struct json_scan *scan, const char *word) HULL_CHECKED;
/* Any value: checked and left behind. */
int json_scan_skip(struct json_scan *scan) HULL_CHECKED;
/* Nothing but space may follow. */
int json_scan_done(struct json_scan *scan) HULL_CHECKED;

/*
 * Walk over a list or an object: json_open() at its '[' or '{'; then json_next() until it returns
 * 0: 1 stands at an element. For an object it has read the key and the colon.
 */
struct json_walk {
    char close;
    bool started;
    struct json_keys keys;
    struct json_slice key;
};
int json_open(struct json_scan *scan, struct json_walk *walk) HULL_CHECKED;
int json_next(struct json_scan *scan, struct json_walk *walk) HULL_CHECKED;
/* Let the present key count as NAME: two spellings of one field are duplicates. */
void json_key_is(struct json_walk *walk, const char *name);

/* TEXT as the value of one field: json_decode() for a part of a message. */
struct hull_field;
int json_field_decode(struct hull_arena *arena, const struct hull_field *field, const char *text,
                      void *member, struct hull_problem *problem) HULL_CHECKED;

#endif
