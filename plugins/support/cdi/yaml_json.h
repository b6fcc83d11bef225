/*
 * yaml_json.h: a YAML document as JSON, for files that exist in both forms.
 */
#ifndef HULL_CDI_YAML_JSON_H
#define HULL_CDI_YAML_JSON_H

#include <hull/arena.h>
#include <hull/call.h>

/*
 * Append the one document in TEXT to OUT. Taken is what JSON can say: no aliases, no tags, keys
 * that are scalars, a depth of at most 64. Plain scalars are null, true, false and numbers as in
 * YAML 1.1's core (0660 is octal, 0x1f hexadecimal), else strings. Returns 0 or -HULL_INVALID
 * with PROBLEM filled. Worker-safe.
 */
int yaml_to_json(struct hull_text *out, const char *text, size_t length,
                 struct hull_problem *problem) HULL_CHECKED;

#endif
