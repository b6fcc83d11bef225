/*
 * The text of a template to its tree.
 */
#include "template_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Of parentheses, blocks and chains of else if together: a fiber's stack is small. */
#define DEPTH_MAX 64

struct parser {
    struct hull_arena *arena;
    struct hull_problem *problem;
    const char *text;   /* all of it */
    const char *at;     /* in the text, behind the last action */
    const char *action; /* in an action */
    const char *end;    /* of that action */
    bool trim;          /* the text that follows loses its leading blanks */
    int depth;
};

/* The line that AT is in, from 1 on, and the column from 0 on. */
static int line_of(const struct parser *p, const char *at, size_t *ret_column)
{
    int line = 1;
    const char *begin = p->text;
    for (const char *c = p->text; c < at; c++) {
        if (*c == '\n') {
            line++;
            begin = c + 1;
        }
    }
    if (ret_column != NULL)
        *ret_column = (size_t)(at - begin);
    return line;
}

static int fail(struct parser *p, const char *what)
{
    return hull_problem_set(p->problem, HULL_INVALID, "template: :%d: %s",
                            line_of(p, p->action == NULL ? p->at : p->action, NULL), what);
}

static const char blanks[] = " \t\r\n";

static void skip(struct parser *p)
{
    while (p->action < p->end && strchr(blanks, *p->action) != NULL)
        p->action++;
}

static bool at_end(struct parser *p)
{
    skip(p);
    return p->action >= p->end;
}

static size_t word_length(const struct parser *p)
{
    size_t n = 0;
    while (p->action + n < p->end && (isalnum((unsigned char)p->action[n]) || p->action[n] == '_' ||
                                      (unsigned char)p->action[n] >= 0x80))
        n++;
    return n;
}

static bool take_word(struct parser *p, const char *word)
{
    skip(p);
    size_t length = word_length(p);
    if (length != strlen(word) || memcmp(p->action, word, length) != 0)
        return false;
    p->action += length;
    return true;
}

static char *copy(struct parser *p, const char *from, size_t length)
{
    return hull_arena_strndup(p->arena, from, length);
}

/* --- operands -------------------------------------------------------------------------------- */

static int parse_pipe(struct parser *p, struct pipe *pipe);

static int parse_quoted(struct parser *p, struct operand *operand)
{
    char quote = *p->action++;
    struct hull_text text = HULL_TEXT(p->arena);
    hull_text_puts(&text, "");
    for (; p->action < p->end && *p->action != quote; p->action++) {
        char c = *p->action;
        if (c == '\\' && quote == '"' && p->action + 1 < p->end) {
            static const char from[] = "ntr\\\"'", to[] = "\n\t\r\\\"'";
            const char *found = strchr(from, *++p->action);
            if (found == NULL)
                return fail(p, "bad character in a quoted string");
            c = to[found - from];
        }
        hull_text_add(&text, &c, 1);
    }
    if (p->action >= p->end)
        return fail(p, "unterminated quoted string");
    p->action++;
    operand->kind = OPERAND_LITERAL;
    operand->literal = (struct json_value){.type = JSON_TEXT, .text = text.data};
    return 0;
}

static int parse_number(struct parser *p, struct operand *operand)
{
    size_t n = 1;
    while (p->action + n < p->end && strchr("0123456789.eE", p->action[n]) != NULL)
        n++;
    char *end;
    const char *text = copy(p, p->action, n);
    strtod(text, &end);
    if (*end != '\0')
        return fail(p, "bad number syntax");
    p->action += n;
    operand->kind = OPERAND_LITERAL;
    operand->literal = (struct json_value){.type = JSON_NUMBER, .text = text};
    return 0;
}

static int parse_word(struct parser *p, struct operand *operand)
{
    static const struct {
        const char *word;
        enum json_type type;
    } constants[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"nil", JSON_NULL}};
    size_t length = word_length(p);
    const char *word = copy(p, p->action, length);
    p->action += length;
    for (size_t i = 0; i < HULL_COUNT(constants); i++) {
        if (strcmp(word, constants[i].word) == 0) {
            operand->kind = OPERAND_LITERAL;
            operand->literal = (struct json_value){.type = constants[i].type};
            return 0;
        }
    }
    if (!template_function_exists(word))
        return fail(p, hull_arena_printf(p->arena, "function \"%s\" not defined", word));
    operand->kind = OPERAND_FUNCTION;
    operand->name = word;
    return 0;
}

static int parse_parens(struct parser *p, struct operand *operand)
{
    p->action++;
    operand->kind = OPERAND_PIPE;
    operand->pipe = HULL_NEW(p->arena, struct pipe);
    int rc = parse_pipe(p, operand->pipe);
    if (rc < 0)
        return rc;
    skip(p);
    if (p->action >= p->end || *p->action != ')')
        return fail(p, "unclosed left paren");
    p->action++;
    return 0;
}

static int parse_base(struct parser *p, struct operand *operand)
{
    char c = *p->action;
    if (c == '"' || c == '`')
        return parse_quoted(p, operand);
    if (c == '(')
        return parse_parens(p, operand);
    if (c == '.') {
        operand->kind = OPERAND_DOT;
        if (p->action + 1 >= p->end ||
            !(isalpha((unsigned char)p->action[1]) || p->action[1] == '_'))
            p->action++;
        return 0;
    }
    if (c == '$') {
        operand->kind = OPERAND_VARIABLE;
        p->action++;
        size_t length = word_length(p);
        operand->name = copy(p, p->action - 1, length + 1);
        p->action += length;
        return 0;
    }
    if (isdigit((unsigned char)c) ||
        (c == '-' && p->action + 1 < p->end && isdigit((unsigned char)p->action[1])))
        return parse_number(p, operand);
    if (isalpha((unsigned char)c) || c == '_')
        return parse_word(p, operand);
    return fail(p, hull_arena_printf(p->arena, "unexpected \"%c\" in command", c));
}

static int parse_operand(struct parser *p, struct operand *operand)
{
    const char *from = p->action, *at = from;
    int rc = parse_base(p, operand);
    while (rc == 0 && p->action < p->end && *p->action == '.') {
        /* Go places a chain at the first link behind its base. */
        if (operand->fields.n == (operand->kind == OPERAND_DOT))
            at = p->action;
        p->action++;
        size_t length = word_length(p);
        if (length == 0)
            return fail(p, "unexpected <.> in operand");
        hull_strv_add(p->arena, &operand->fields, copy(p, p->action, length));
        p->action += length;
    }
    size_t column;
    int line = line_of(p, at, &column);
    operand->text = copy(p, from, (size_t)(p->action - from));
    operand->place = hull_arena_printf(p->arena, "%d:%zu", line, column);
    return rc;
}

static int parse_command(struct parser *p, struct template_command *command)
{
    skip(p);
    for (const char *from = p->action, *to = from;; to = p->action) {
        if (at_end(p) || *p->action == '|' || *p->action == ')') {
            command->text = copy(p, from, (size_t)(to - from));
            return command->n > 0 ? 0 : fail(p, "missing value for command");
        }
        int rc = parse_operand(p, HULL_LIST_ADD(p->arena, command));
        if (rc < 0)
            return rc;
    }
}

/* "$a := " or "$i, $e := ", if it is there. */
static void parse_declaration(struct parser *p, struct pipe *pipe)
{
    const char *from = p->action;
    struct hull_strv names = {};
    for (;;) {
        skip(p);
        if (p->action >= p->end || *p->action != '$')
            break;
        const char *name = p->action++;
        size_t length = word_length(p);
        p->action += length;
        hull_strv_add(p->arena, &names, copy(p, name, length + 1));
        skip(p);
        if (p->action < p->end && *p->action == ',') {
            p->action++;
            continue;
        }
        bool declares = p->end - p->action >= 2 && memcmp(p->action, ":=", 2) == 0;
        if (!declares && (p->action >= p->end || *p->action != '='))
            break;
        p->action += declares ? 2 : 1;
        pipe->variables = names;
        pipe->declares = declares;
        return;
    }
    p->action = from;
}

static int parse_pipe(struct parser *p, struct pipe *pipe)
{
    int rc = 0;
    if (++p->depth > DEPTH_MAX)
        return fail(p, "nested too deep");
    parse_declaration(p, pipe);
    for (;;) {
        rc = parse_command(p, HULL_LIST_ADD(p->arena, &pipe->commands));
        if (rc < 0 || p->action >= p->end || *p->action != '|')
            break;
        p->action++;
    }
    p->depth--;
    return rc;
}

/* --- the tree -------------------------------------------------------------------------------- */

/* The text up to the next action becomes a node. False at the end of the template. */
static int next_action(struct parser *p, struct nodes *nodes, bool *ret_found)
{
    const char *open = strstr(p->at, "{{");
    const char *from = p->at;
    const char *to = open == NULL ? from + strlen(from) : open;
    bool trims =
        open != NULL && open[2] == '-' && open[3] != '\0' && strchr(blanks, open[3]) != NULL;
    while (p->trim && from < to && strchr(blanks, *from) != NULL)
        from++;
    while (trims && to > from && strchr(blanks, to[-1]) != NULL)
        to--;
    if (to > from)
        *HULL_LIST_ADD(p->arena, nodes) =
            (struct node){.kind = NODE_TEXT, .text = from, .length = (size_t)(to - from)};
    *ret_found = open != NULL;
    if (open == NULL)
        return 0;
    p->action = open + (trims ? 3 : 2);
    const char *close = p->action;
    for (char quote = 0; *close != '\0' && (quote != 0 || strncmp(close, "}}", 2) != 0); close++) {
        if (quote != 0 && *close == '\\' && quote == '"' && close[1] != '\0')
            close++;
        else if (quote != 0)
            quote = *close == quote ? 0 : quote;
        else if (*close == '"' || *close == '`')
            quote = *close;
    }
    if (*close == '\0')
        return fail(p, "unclosed action");
    p->at = close + 2;
    p->trim = close[-1] == '-' && close > p->action + 1 && strchr(blanks, close[-2]) != NULL;
    p->end = p->trim ? close - 1 : close;
    return 0;
}

enum stop { STOP_END, STOP_ELSE, STOP_TEXT };
static int parse_nodes(struct parser *p, struct nodes *nodes, enum stop *ret_stop);

/* What follows {{if …}} up to its end. */
static int parse_branches(struct parser *p, struct node *node)
{
    enum stop stop;
    int rc = parse_pipe(p, node->pipe);
    if (rc == 0 && !at_end(p))
        rc = fail(p, "unexpected token in the action");
    if (rc == 0)
        rc = parse_nodes(p, &node->body, &stop);
    if (rc < 0 || stop == STOP_END)
        return rc;
    if (stop == STOP_TEXT)
        return fail(p, "unexpected EOF");
    bool chained_if = take_word(p, "if");
    if (chained_if || take_word(p, "with")) {
        struct node *next = HULL_LIST_ADD(p->arena, &node->otherwise);
        next->kind = chained_if ? NODE_IF : NODE_WITH;
        next->pipe = HULL_NEW(p->arena, struct pipe);
        if (++p->depth > DEPTH_MAX)
            return fail(p, "nested too deep");
        rc = parse_branches(p, next);
        p->depth--;
        return rc;
    }
    rc = parse_nodes(p, &node->otherwise, &stop);
    return rc < 0 || stop == STOP_END ? rc : fail(p, "unexpected EOF");
}

static int parse_action(struct parser *p, struct nodes *nodes)
{
    static const struct {
        const char *word;
        enum node_kind kind;
    } blocks[] = {{"if", NODE_IF}, {"range", NODE_RANGE}, {"with", NODE_WITH}};
    if (p->end - p->action >= 4 && memcmp(p->action, "/*", 2) == 0)
        return memcmp(p->end - 2, "*/", 2) == 0 ? 0 : fail(p, "unclosed comment");
    struct node *node = HULL_LIST_ADD(p->arena, nodes);
    node->pipe = HULL_NEW(p->arena, struct pipe);
    node->kind = NODE_ACTION;
    for (size_t i = 0; i < HULL_COUNT(blocks); i++) {
        if (take_word(p, blocks[i].word)) {
            node->kind = blocks[i].kind;
            return parse_branches(p, node);
        }
    }
    int rc = parse_pipe(p, node->pipe);
    return rc < 0 || at_end(p) ? rc : fail(p, "unexpected token in the action");
}

static int parse_nodes(struct parser *p, struct nodes *nodes, enum stop *ret_stop)
{
    int rc = 0;
    if (++p->depth > DEPTH_MAX)
        return fail(p, "nested too deep");
    while (rc == 0) {
        bool found;
        rc = next_action(p, nodes, &found);
        if (rc < 0)
            break;
        *ret_stop = STOP_TEXT;
        if (!found)
            break;
        *ret_stop = STOP_END;
        if (take_word(p, "end"))
            break;
        *ret_stop = STOP_ELSE;
        if (take_word(p, "else"))
            break;
        rc = parse_action(p, nodes);
    }
    p->depth--;
    return rc;
}

int template_parse(struct hull_arena *arena, const char *text, struct template **ret,
                   struct hull_problem *problem)
{
    struct parser p = {.arena = arena, .problem = problem};
    struct template *template = HULL_NEW(arena, struct template);
    enum stop stop;
    p.text = p.at = hull_arena_strdup(arena, text);
    int rc = parse_nodes(&p, &template->nodes, &stop);
    if (rc == 0 && stop != STOP_TEXT)
        rc = fail(&p, stop == STOP_END ? "unexpected {{end}}" : "unexpected {{else}}");
    if (rc == 0)
        *ret = template;
    return rc;
}
