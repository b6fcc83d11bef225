/*
 * Running a template.
 */
#include "template_int.h"

#include <stdlib.h>
#include <string.h>

bool template_truth(value_t value)
{
    if (value == NULL)
        return false;
    switch (value->type) {
    case JSON_NUMBER:
        return strtod(value->text, NULL) != 0;
    case JSON_TEXT:
        return value->text[0] != '\0';
    case JSON_LIST:
    case JSON_OBJECT:
        return value->count > 0;
    case JSON_TRUE:
        return true;
    case JSON_NULL:
    case JSON_FALSE:
    default:
        return false;
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

/* The places of the members in the order of their keys. */
static const char ***sorted(struct hull_arena *arena, value_t object)
{
    const char ***keys = HULL_NEW_ARRAY(arena, const char **, object->count + 1);
    for (size_t i = 0; i < object->count; i++)
        keys[i] = &object->keys[i];
    qsort(keys, object->count, sizeof(const char **), compare_keys);
    return keys;
}

static void print_object(struct hull_text *out, value_t value)
{
    const char ***keys = sorted(out->arena, value);
    hull_text_puts(out, "map[");
    for (size_t i = 0; i < value->count; i++) {
        hull_text_printf(out, "%s%s:", i > 0 ? " " : "", *keys[i]);
        template_print(out, &value->items[keys[i] - value->keys]);
    }
    hull_text_puts(out, "]");
}

static void print_list(struct hull_text *out, value_t value)
{
    hull_text_puts(out, "[");
    for (size_t i = 0; i < value->count; i++) {
        hull_text_puts(out, i > 0 ? " " : "");
        template_print(out, &value->items[i]);
    }
    hull_text_puts(out, "]");
}

void template_print(struct hull_text *out, value_t value)
{
    static const char *const words[] = {
        [JSON_NULL] = "<nil>", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    if (value == NULL)
        hull_text_puts(out, "<no value>");
    else if (value->type == JSON_OBJECT)
        print_object(out, value);
    else if (value->type == JSON_LIST)
        print_list(out, value);
    else if (value->type == JSON_TEXT || value->type == JSON_NUMBER)
        hull_text_puts(out, value->text);
    else
        hull_text_puts(out,
                       value->type == JSON_NULL && value->text ? value->text : words[value->type]);
}

/* --- operands -------------------------------------------------------------------------------- */

static struct variable *find_variable(struct run *run, const char *name)
{
    for (size_t i = run->variables.n; i > 0; i--) {
        if (strcmp(run->variables.v[i - 1].name, name) == 0)
            return &run->variables.v[i - 1];
    }
    return NULL;
}

/* True when any key may be asked of VALUE. */
static bool is_map(value_t value)
{
    return value != NULL && (value->type == JSON_OBJECT || value->type == JSON_NULL) &&
           hull_streq(value->text, "map[]");
}

/* Go's type of VALUE where it is known to be a struct, or NULL. */
static const char *struct_type(const struct run *run, value_t value)
{
    if (value == run->root)
        return run->type != NULL ? run->type : run->struct_type;
    for (const struct template_type *t = run->types; t != NULL && t->member != NULL; t++) {
        if (value == json_member(run->root, t->member))
            return t->type;
    }
    return NULL;
}

static const char *plain_type(const struct run *run, value_t value)
{
    bool typed = run->type != NULL || run->struct_type != NULL;
    if (typed && value->type == JSON_TEXT)
        return "string";
    if (run->struct_type != NULL && value->type == JSON_NUMBER)
        return "int";
    return "interface {}";
}

static int no_field(struct run *run, const struct operand *operand, const char *name,
                    const char *type)
{
    return hull_problem_set(run->problem, HULL_INVALID,
                            "template: :%s: executing \"\" at <%s>: can't evaluate field %s in "
                            "type %s",
                            operand->place, operand->text, name, type);
}

static int field(struct run *run, const struct operand *operand, value_t from, const char *name,
                 value_t *ret)
{
    if (from != NULL && from->type == JSON_OBJECT) {
        *ret = json_member(from, name);
        if (*ret == NULL && !run->plain)
            *ret = json_member(from->more, name);
        if (*ret == NULL && from == run->root && run->hidden != NULL)
            *ret = json_member(run->hidden, name);
        if (*ret != NULL || is_map(from) || (from == run->root && run->header))
            return 0;
        if (struct_type(run, from) != NULL)
            return no_field(run, operand, name, struct_type(run, from));
        return hull_problem_set(run->problem, HULL_INVALID,
                                "template: :%s: executing \"\" at <%s>: map has no entry for key "
                                "\"%s\"",
                                operand->place, operand->text, name);
    }
    *ret = NULL;
    if (is_map(from))
        return 0;
    if (from == NULL || from->type == JSON_NULL)
        return hull_problem_set(run->problem, HULL_INVALID,
                                "template: :%s: executing \"\" at <%s>: nil pointer evaluating "
                                "interface {}.%s",
                                operand->place, operand->text, name);
    return no_field(run, operand, name, plain_type(run, from));
}

static int eval_pipe(struct run *run, const struct pipe *pipe, value_t dot, value_t *ret);

static int eval_operand(struct run *run, const struct operand *operand, value_t dot, value_t *ret)
{
    int rc = 0;
    struct variable *variable;
    *ret = dot;
    switch (operand->kind) {
    case OPERAND_VARIABLE:
        variable = find_variable(run, operand->name);
        if (variable == NULL)
            return hull_problem_set(run->problem, HULL_INVALID,
                                    "template: :%s: undefined variable \"%s\"", operand->place,
                                    operand->name);
        *ret = variable->value;
        break;
    case OPERAND_LITERAL:
        *ret = &operand->literal;
        break;
    case OPERAND_PIPE:
        rc = eval_pipe(run, operand->pipe, dot, ret);
        break;
    case OPERAND_FUNCTION:
        run->place = operand->place;
        run->text = operand->text;
        rc = template_call(run, operand->name, NULL, 0, ret);
        break;
    case OPERAND_DOT:
    default:
        break;
    }
    for (size_t i = 0; rc == 0 && i < operand->fields.n; i++)
        rc = field(run, operand, *ret, operand->fields.v[i], ret);
    return rc;
}

/* and and or look no further than they need. */
static int eval_lazy(struct run *run, const struct template_command *command, value_t dot,
                     value_t last, value_t *ret)
{
    bool until = strcmp(command->v[0].name, "or") == 0;
    for (size_t i = 1; i < command->n; i++) {
        int rc = eval_operand(run, &command->v[i], dot, ret);
        if (rc < 0 || template_truth(*ret) == until)
            return rc;
    }
    if (last != NULL)
        *ret = last;
    return 0;
}

static int eval_function(struct run *run, const struct template_command *command, value_t dot,
                         value_t last, value_t *ret)
{
    const char *name = command->v[0].name;
    if (strcmp(name, "or") == 0 || strcmp(name, "and") == 0)
        return eval_lazy(run, command, dot, last, ret);
    value_t *args = HULL_NEW_ARRAY(run->arena, value_t, command->n + 1);
    size_t count = 0;
    for (size_t i = 1; i < command->n; i++) {
        int rc = eval_operand(run, &command->v[i], dot, &args[count++]);
        if (rc < 0)
            return rc;
    }
    if (last != NULL)
        args[count++] = last;
    run->place = command->v[0].place;
    run->text = command->text;
    return template_call(run, name, args, count, ret);
}

/* -HULL_INVALID when VALUE is a member of a row that needs an argument, which it wasn't given. */
static int check_called(struct run *run, const struct operand *operand, value_t value)
{
    for (size_t i = 0; value != NULL && run->hidden != NULL && i < run->hidden->count; i++) {
        if (value == &run->hidden->items[i] && value->type == JSON_OBJECT)
            return hull_problem_set(run->problem, HULL_INVALID,
                                    "template: :%s: executing \"\" at <%s>: wrong number of args "
                                    "for %s: want 1 got 0",
                                    operand->place, operand->text, run->hidden->keys[i]);
    }
    return 0;
}

/* "com.example.my-label": "my label" */
static const char *label_title(struct run *run, const char *name)
{
    const char *dot = strrchr(name, '.');
    char *title = hull_arena_strdup(run->arena, dot == NULL ? name : dot + 1);
    for (char *at = title; *at != '\0'; at++)
        *at = *at == '-' || *at == '_' ? ' ' : *at;
    return title;
}

/* A field with arguments: .Label "a" is the member a of the member Label. */
static int eval_method(struct run *run, const struct template_command *command, value_t dot,
                       value_t last, value_t *ret)
{
    value_t key = last;
    int rc = eval_operand(run, &command->v[0], dot, ret);
    if (rc < 0 || (command->n == 1 && last == NULL))
        return rc < 0 ? rc : check_called(run, &command->v[0], *ret);
    if (command->n > 1)
        rc = eval_operand(run, &command->v[1], dot, &key);
    if (rc < 0)
        return rc;
    if (*ret == NULL || (*ret)->type != JSON_OBJECT || key == NULL || key->type != JSON_TEXT ||
        command->n + (last != NULL) > 2)
        return hull_problem_set(run->problem, HULL_INVALID,
                                "template: :%s: executing \"\" at <%s>: %s has arguments but "
                                "cannot be invoked as function",
                                command->v[0].place, command->v[0].text, command->v[0].text);
    *ret = json_member(*ret, key->text);
    if (*ret == NULL)
        *ret = template_text(run, run->header ? label_title(run, key->text) : "");
    return 0;
}

static int eval_pipe(struct run *run, const struct pipe *pipe, value_t dot, value_t *ret)
{
    value_t value = NULL;
    for (size_t i = 0; i < pipe->commands.n; i++) {
        const struct template_command *command = &pipe->commands.v[i];
        bool function = command->v[0].kind == OPERAND_FUNCTION && command->v[0].fields.n == 0;
        value_t last = i == 0 ? NULL : value;
        int rc = function ? eval_function(run, command, dot, last, &value)
                          : eval_method(run, command, dot, last, &value);
        if (rc < 0)
            return rc;
    }
    *ret = value;
    return 0;
}

static int set_variable(struct run *run, const struct pipe *pipe, size_t index, value_t value)
{
    const char *name = pipe->variables.v[index];
    if (pipe->declares) {
        *HULL_LIST_ADD(run->arena, &run->variables) = (struct variable){name, value};
        return 0;
    }
    struct variable *variable = find_variable(run, name);
    if (variable == NULL)
        return hull_problem_set(run->problem, HULL_INVALID,
                                "template: :1: undefined variable \"%s\"", name);
    variable->value = value;
    return 0;
}

/* --- nodes ----------------------------------------------------------------------------------- */

static int run_nodes(struct run *run, const struct nodes *nodes, value_t dot);

static int run_element(struct run *run, const struct node *node, value_t key, value_t element)
{
    size_t names = node->pipe->variables.n;
    int rc = 0;
    if (names == 2)
        rc = set_variable(run, node->pipe, 0, key);
    if (rc == 0 && names > 0)
        rc = set_variable(run, node->pipe, names - 1, element);
    return rc < 0 ? rc : run_nodes(run, &node->body, element);
}

static int run_range(struct run *run, const struct node *node, value_t value, value_t dot)
{
    if (!template_truth(value))
        return run_nodes(run, &node->otherwise, dot);
    if (value->type != JSON_LIST && value->type != JSON_OBJECT)
        return hull_problem_set(run->problem, HULL_INVALID,
                                "template: :1: executing \"\": range can't iterate over this");
    const char ***keys = value->type == JSON_OBJECT ? sorted(run->arena, value) : NULL;
    int rc = 0;
    for (size_t i = 0; i < value->count && rc == 0; i++) {
        size_t mark = run->variables.n;
        struct json_value *key = HULL_NEW(run->arena, struct json_value);
        if (keys != NULL)
            *key = (struct json_value){.type = JSON_TEXT, .text = *keys[i]};
        else
            *key = (struct json_value){.type = JSON_NUMBER,
                                       .text = hull_arena_printf(run->arena, "%zu", i)};
        rc = run_element(run, node, key,
                         &value->items[keys == NULL ? i : (size_t)(keys[i] - value->keys)]);
        run->variables.n = mark;
    }
    return rc;
}

static int run_node(struct run *run, const struct node *node, value_t dot)
{
    value_t value;
    if (node->kind == NODE_TEXT) {
        hull_text_add(run->out, node->text, node->length);
        return 0;
    }
    size_t mark = run->variables.n;
    int rc = eval_pipe(run, node->pipe, dot, &value);
    if (rc < 0)
        return rc;
    if (node->kind == NODE_RANGE)
        return run_range(run, node, value, dot);
    for (size_t i = 0; i < node->pipe->variables.n && rc == 0; i++)
        rc = set_variable(run, node->pipe, i, value);
    if (rc < 0)
        return rc;
    if (node->kind == NODE_ACTION) {
        if (node->pipe->variables.n == 0)
            template_print(run->out, value);
        return 0;
    }
    bool with = node->kind == NODE_WITH;
    if (template_truth(value))
        rc = run_nodes(run, &node->body, with ? value : dot);
    else
        rc = run_nodes(run, &node->otherwise, dot);
    run->variables.n = mark;
    return rc;
}

static int run_nodes(struct run *run, const struct nodes *nodes, value_t dot)
{
    for (size_t i = 0; i < nodes->n; i++) {
        int rc = run_node(run, &nodes->v[i], dot);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int template_run(const struct template *template, const struct template_data *data,
                 struct hull_text *out, struct hull_problem *problem)
{
    struct run run = {.arena = out->arena,
                      .out = out,
                      .problem = problem,
                      .root = data->value,
                      .hidden = data->hidden,
                      .type = data->type,
                      .struct_type = data->struct_type,
                      .types = data->types,
                      .header = data->header,
                      .plain = data->plain};
    *HULL_LIST_ADD(run.arena, &run.variables) = (struct variable){"$", data->value};
    return run_nodes(&run, &template->nodes, data->value);
}
