/*
 * template_int.h: what the files of the templates share: the tree and its values.
 */
#ifndef HULL_COMMON_TEMPLATE_INT_H
#define HULL_COMMON_TEMPLATE_INT_H

#include "template.h"

enum operand_kind {
    OPERAND_DOT,
    OPERAND_VARIABLE,
    OPERAND_LITERAL,
    OPERAND_FUNCTION,
    OPERAND_PIPE
};

struct pipe;
struct operand {
    enum operand_kind kind;
    const char *name; /* VARIABLE, FUNCTION */
    struct json_value literal;
    struct pipe *pipe;
    struct hull_strv fields; /* .A.B behind it */
    const char *text;        /* for messages, with the place */
    const char *place;       /* "1:2": line and column */
};
struct template_command {
    size_t n;
    struct operand *v;
    const char *text; /* all of it, for messages */
};
struct pipe {
    struct hull_strv variables; /* set or declared */
    bool declares;
    struct {
        size_t n;
        struct template_command *v;
    } commands;
};

enum node_kind { NODE_TEXT, NODE_ACTION, NODE_IF, NODE_RANGE, NODE_WITH };
struct node;
struct nodes {
    size_t n;
    struct node *v;
};
struct node {
    enum node_kind kind;
    const char *text;
    size_t length;
    struct pipe *pipe;
    struct nodes body;
    struct nodes otherwise;
};
struct template
{
    struct nodes nodes;
};

/* A value; NULL is none ("<no value>"). */
typedef const struct json_value *value_t;

struct run {
    struct hull_arena *arena;
    struct hull_text *out;
    struct hull_problem *problem;
    const struct json_value *root;
    const struct json_value *hidden;
    const char *type;
    const char *struct_type;
    const struct template_type *types;
    bool header, plain;
    const char *place, *text; /* of the call of a function, for its error */
    struct {
        size_t n;
        struct variable {
            const char *name;
            value_t value;
        } * v;
    } variables;
};

/* Call NAME; -HULL_INVALID when it fails or there is none. */
int template_call(struct run *run, const char *name, const value_t *args, size_t count,
                  value_t *ret);
bool template_function_exists(const char *name);
bool template_truth(value_t value);
/* As Go's %v prints it. */
void template_print(struct hull_text *out, value_t value);
value_t template_text(struct run *run, const char *text);
value_t template_bool(struct run *run, bool value);

#endif
