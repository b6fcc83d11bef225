/*
 * json.h: JSON to messages and back, by the tables of the messages.
 *
 * Decoding is strict: valid UTF-8, no duplicate keys, no bytes after the value, a depth of at
 * most 128, 64-bit integers exact. An error names the field and the value:
 * "HostConfig.Memory: expected an integer, got \"lots\"".
 */
#ifndef HULL_COMMON_JSON_H
#define HULL_COMMON_JSON_H

#include <hull/arena.h>
#include <hull/call.h>
#include <hull/message.h>

#define JSON_ANY_CASE (1u << 0) /* keys match in any case when none matches exactly, as Go does */
#define JSON_STRICT (1u << 1)   /* an unknown key is an error that names it */

/*
 * Decode LENGTH bytes of TEXT into RET_VALUE (zeroed first; its strings are in ARENA). null leaves
 * a field absent. Returns 0 or -HULL_INVALID with PROBLEM filled. Worker-safe.
 */
int json_decode(struct hull_arena *arena, const struct hull_message *message, const char *text,
                size_t length, unsigned flags, void *ret_value, struct hull_problem *problem)
    HULL_CHECKED;
/* The same with the arena and the error slot of CALL. */
int json_decode_call(struct hull_call *call, const struct hull_message *message, const char *text,
                     size_t length, unsigned flags, void *ret_value) HULL_CHECKED;
/* Check that TEXT is one valid JSON value under the rules above. Worker-safe. */
int json_check(const char *text, size_t length, struct hull_problem *problem) HULL_CHECKED;

/* Append VALUE to OUT, without spaces, in the order of the table. A HULL_TOP field is the value
 * itself. Fields with HULL_PATH, HULL_QUERY or HULL_HEADER, descriptors and streams are left out.
 * Worker-safe. */
void json_encode(struct hull_text *out, const struct hull_message *message, const void *value);
/* VALUE as a string of its own in ARENA. */
char *json_string(struct hull_arena *arena, const struct hull_message *message, const void *value);
/* Append TEXT quoted and escaped; invalid UTF-8 becomes U+FFFD; <, > and & become \u003c … as
 * Go's encoder writes them. NULL counts as "". */
void json_quote(struct hull_text *out, const char *text, size_t length);
/* Write <, > and & in JSON, encoded by the above, as they are: docker's streams, log files and
 * headers have them escaped, its answers of one object have not. */
void json_show_html(struct hull_text *text);
/* Append "KEY":"VALUE", both quoted so. */
void json_quote_pair(struct hull_text *out, const struct hull_pair *pair);

/* One field from text, as in a query or on a command line: "1", "true", "a=b"; lists and maps
 * take one more element; STRVMAP takes JSON in both encodings of filters. The error names NAME. */
int json_field_set(struct hull_arena *arena, const struct hull_field *field, void *member,
                   const char *name, const char *text, struct hull_problem *problem) HULL_CHECKED;

/* --- JSON without a table: for templates and documents of unknown shape --------------------- */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

/* A value and what is below it, all in one arena. Numbers keep their digits. */
struct json_value {
    enum json_type type;
    const char *text;         /* NUMBER: its digits; TEXT: the string; NULL: how a template shows
                               * it, or NULL for <nil>; OBJECT: "map[]" when any key may be
                               * asked of it */
    size_t count;             /* LIST, OBJECT: how many */
    struct json_value *items; /* LIST, OBJECT: the values */
    const char **keys;        /* OBJECT: their keys, in the order of the text */
    const struct json_value *more; /* OBJECT: an object with members that templates know, too; it
                                    * is not written. NULL: none */
};
/* Worker-safe. */
int json_parse(struct hull_arena *arena, const char *text, size_t length,
               struct json_value *ret_value, struct hull_problem *problem) HULL_CHECKED;
/* The member KEY of an object, or NULL. */
const struct json_value *json_member(const struct json_value *object, const char *key);
/* Append VALUE; INDENT 0 is compact, otherwise as Go's MarshalIndent with that many spaces. */
void json_write(struct hull_text *out, const struct json_value *value, unsigned indent);

#endif
