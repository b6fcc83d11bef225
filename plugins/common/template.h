/*
 * template.h: the part of Go's templates that --format needs, over JSON values.
 *
 * Actions: pipelines, variables, if, else if, else, range, with, comments, trimming. Functions:
 * json split join title lower upper pad truncate print printf println len index slice eq ne lt le
 * gt ge and or not. Numbers are integers or decimals as in JSON; a field of an object is its
 * member, and a field with an argument (.Label "a") a member of that member.
 */
#ifndef HULL_COMMON_TEMPLATE_H
#define HULL_COMMON_TEMPLATE_H

#include <hull/arena.h>
#include <hull/error.h>

#include "json.h"

struct template;

/* Go's name of the type of a member of the dot. */
struct template_type {
    const char *member, *type;
};
/* What a template is run on. */
struct template_data {
    const struct json_value *value;  /* the dot */
    const struct json_value *hidden; /* an object: members of the dot that {{json .}} has not; may
                                        be NULL */
    const char *type; /* Go's name of the type of a row of a list; NULL when the dot is none. The
                         JSON of a row escapes <, > and &, as Go does there. */
    const char *struct_type;           /* of a dot that is a struct and no row; errors name it */
    const struct template_type *types; /* of its members, ended by an empty one; or NULL */
    bool plain;  /* as in Go, where a template is tried on the plain JSON when it fails on the
                    struct: what only structs have is not looked for */
    bool header; /* the row of titles: what is unknown has none, .Label "a" has a */
};

/* Parse TEXT into ARENA, or -HULL_INVALID with Go's words. Worker-safe. */
int template_parse(struct hull_arena *arena, const char *text, struct template **ret,
                   struct hull_problem *problem) HULL_CHECKED;
/* Append what TEMPLATE makes of DATA to OUT, in the arena of OUT. Worker-safe. */
int template_run(const struct template *template, const struct template_data *data,
                 struct hull_text *out, struct hull_problem *problem) HULL_CHECKED;

#endif
