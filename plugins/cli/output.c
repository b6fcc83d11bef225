/*
 * Lists by rows of placeholders: the default table, --format, {{json .}} and -q are templates
 * over the same values.
 */
#include "plugins/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugins/common/json.h"
#include "plugins/common/table.h"
#include "plugins/common/template.h"

/* Nothing that comes from a container commands the terminal: C0 and C1 are shown as \xNN. */
void output_to(FILE *file, const char *text, size_t length)
{
    if (!tty_is(fileno(file))) {
        fwrite(text, 1, length, file);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = i + 1 < length ? (unsigned char)text[i + 1] : 0;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            fprintf(file, "\\x%02x", c);
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            fprintf(file, "\\x%02x", (unsigned char)text[++i]);
        else
            putc(c, file);
    }
}

void output_text(const char *text, size_t length)
{
    output_to(stdout, text, length);
}

struct json_value *output_value(struct cli *cli, const struct hull_message *message,
                                const void *value)
{
    struct json_value *tree = HULL_NEW(cli->arena, struct json_value);
    struct hull_problem problem;
    char *text = json_string(cli->arena, message, value);
    HULL_ASSERT(json_parse(cli->arena, text, strlen(text), tree, &problem) == 0);
    output_marks(cli->arena, message, tree);
    return tree;
}

/* Errors of templates that have a name show it. */
static const char *named(struct cli *cli, const char *text, const char *name)
{
    static const char head[] = "template: :", middle[] = "executing \"\"";
    const char *found = strstr(text, middle);
    if (name == NULL || strncmp(text, head, strlen(head)) != 0)
        return text;
    text += strlen(head);
    if (found == NULL)
        return hull_arena_printf(cli->arena, "template: %s:%s", name, text);
    return hull_arena_printf(cli->arena, "template: %s:%.*sexecuting \"%s\"%s", name,
                             (int)(found - text), text, name, found + strlen(middle));
}

int output_template(struct cli *cli, const char *format, const struct json_value *value)
{
    return output_struct(cli, format, value, &(struct output_type){});
}

const char *output_problem(struct cli *cli, const char *format, const struct json_value *value,
                           const struct output_type *type)
{
    struct template *template;
    struct hull_problem problem;
    struct hull_text ignored = HULL_TEXT(cli->arena);
    struct template_data data = {.value = value, .struct_type = type->type, .types = type->members};
    int rc = template_parse(cli->arena, format, &template, &problem);
    if (rc == 0)
        rc = template_run(template, &data, &ignored, &problem);
    return rc < 0 ? hull_arena_strdup(cli->arena, problem.text) : NULL;
}

int output_struct(struct cli *cli, const char *format, const struct json_value *value,
                  const struct output_type *type)
{
    struct template *template;
    struct hull_problem problem;
    struct hull_text out = HULL_TEXT(cli->arena);
    struct template_data data = {.value = value,
                                 .type = type->bare ? type->type : NULL,
                                 .struct_type = type->type,
                                 .types = type->members};
    if (strcmp(format, "json") == 0)
        format = "{{json .}}";
    int rc = template_parse(cli->arena, format, &template, &problem);
    if (rc < 0) {
        cli_complain(cli, "template parsing error: %s", named(cli, problem.text, type->name));
        return 64;
    }
    rc = template_run(template, &data, &out, &problem);
    if (rc < 0 && type->type == NULL) { /* as docker, which then asks the JSON */
        data.plain = true;
        out = HULL_TEXT(cli->arena);
        rc = template_run(template, &data, &out, &problem);
    }
    if (rc < 0 && !type->bare)
        putchar('\n');
    if (rc < 0)
        return cli_complain(cli, "%s%s", type->type != NULL ? "" : "template parsing error: ",
                            named(cli, problem.text, type->name));
    output_text(out.length > 0 ? out.data : "", out.length);
    if (!type->bare)
        putchar('\n');
    return 0;
}

static size_t count_columns(const struct listing *listing, bool hidden)
{
    size_t n = 0;
    for (const struct column *c = listing->columns; c->name != NULL; c++)
        n += c->hidden == hidden;
    return n;
}

/* The values of a row as an object; of the header when ROW is NULL. Hidden ones apart. */
static struct json_value *make_row(struct cli *cli, const struct listing *listing, const void *row,
                                   bool hidden)
{
    struct json_value *object = HULL_NEW(cli->arena, struct json_value);
    size_t n = count_columns(listing, hidden);
    object->type = JSON_OBJECT;
    object->keys = HULL_NEW_ARRAY(cli->arena, const char *, n + 1);
    object->items = HULL_NEW_ARRAY(cli->arena, struct json_value, n + 1);
    for (const struct column *c = listing->columns; c->name != NULL; c++) {
        if (c->hidden != hidden)
            continue;
        struct json_value *item = &object->items[object->count];
        if (row != NULL && c->text == NULL) { /* always null */
            object->keys[object->count++] = c->name;
            continue;
        }
        const char *text = row == NULL ? c->header : c->text(cli, row);
        struct hull_problem problem;
        /* A hidden column with members (.Label "a") is an object, as JSON. */
        if (row != NULL && hidden && text != NULL && text[0] == '{' &&
            json_parse(cli->arena, text, strlen(text), item, &problem) == 0 &&
            item->type == JSON_OBJECT) {
            object->keys[object->count++] = c->name;
            continue;
        }
        *item = (struct json_value){.type = JSON_TEXT, .text = text == NULL ? "" : text};
        object->keys[object->count++] = c->name;
    }
    return object;
}

struct json_value *output_row(struct cli *cli, const struct listing *listing, const void *row)
{
    return make_row(cli, listing, row, false);
}

/* Members in a row's header that take arguments: any name gives the title. */
static struct json_value *hidden_row(struct cli *cli, const struct listing *listing,
                                     const void *row)
{
    struct json_value *object = make_row(cli, listing, row, true);
    if (row == NULL) {
        for (size_t i = 0; i < object->count; i++)
            if (strcmp(object->keys[i], "Label") == 0)
                object->items[i] = (struct json_value){.type = JSON_OBJECT};
    }
    return object;
}

/* "\t" and "\n" typed on a command line. */
static char *unescape(struct cli *cli, const char *format)
{
    char *out = hull_arena_strdup(cli->arena, format);
    char *to = out;
    for (const char *at = format; *at != '\0'; at++) {
        if (at[0] == '\\' && (at[1] == 't' || at[1] == 'n'))
            *to++ = *++at == 't' ? '\t' : '\n';
        else
            *to++ = *at;
    }
    *to = '\0';
    return out;
}

struct source {
    const void *rows;
    size_t count, size;
};

/* What precedes the error of a template. docker looks at the one of ps before it lists, and then
 * speaks in other words. */
static const char *template_trouble(const struct listing *listing, const char *what)
{
    if (!hull_streq(listing->config, "psFormat"))
        return "template parsing error";
    return what[0] == 'p' ? "failed to parse template" : "failed to execute template";
}

static int run_rows(struct cli *cli, const struct listing *listing, const char *format,
                    const struct source *source, bool header, struct hull_text *out)
{
    struct template *template;
    struct hull_problem problem;
    int rc = template_parse(cli->arena, unescape(cli, format), &template, &problem);
    if (rc < 0)
        return cli_complain(cli, "%s: %s", template_trouble(listing, "parse"), problem.text);
    for (size_t i = header ? 0 : 1; i <= source->count; i++) {
        const void *row = i == 0 ? NULL : (const char *)source->rows + (i - 1) * source->size;
        struct template_data data = {.value = make_row(cli, listing, row, false),
                                     .hidden = hidden_row(cli, listing, row),
                                     .type = listing->type,
                                     .header = row == NULL};
        rc = template_run(template, &data, out, &problem);
        if (rc < 0)
            return cli_complain(cli, "%s: %s", template_trouble(listing, "execute"), problem.text);
        hull_text_puts(out, "\n");
    }
    return 0;
}

bool output_list_check(struct cli *cli, const struct listing *listing, const char *format)
{
    struct template *template;
    struct hull_problem problem;
    struct hull_text out = HULL_TEXT(cli->arena);
    const struct template_data data = {.value = make_row(cli, listing, NULL, false),
                                       .hidden = hidden_row(cli, listing, NULL),
                                       .type = listing->type};
    if (hull_streq(format, ""))
        return true;
    int rc = template_parse(cli->arena, format, &template, &problem);
    const char *what = rc < 0 ? "parse" : "execute";
    if (rc == 0)
        rc = template_run(template, &data, &out, &problem);
    if (rc < 0)
        cli_complain(cli, "%s: %s", template_trouble(listing, what), problem.text);
    return rc == 0;
}

int output_list_text(struct cli *cli, const struct listing *listing, const char *format, bool quiet,
                     const void *rows, size_t count, size_t size, struct hull_text *out)
{
    struct source source = {rows, count, size};
    struct hull_text text = HULL_TEXT(cli->arena);
    if (format != NULL && format[0] == '\0')
        format = NULL;
    if (format == NULL && !quiet && listing->config != NULL)
        format = cli_config(cli, listing->config);
    if (format == NULL || strcmp(format, "table") == 0)
        format = quiet ? listing->quiet : listing->table;
    else if (strcmp(format, "json") == 0)
        format = "{{json .}}";
    else if (strcmp(format, "raw") == 0 && listing->raw != NULL)
        format = quiet ? listing->raw_quiet : listing->raw;
    bool table = strncmp(format, "table", 5) == 0 && (format[5] == ' ' || format[5] == '\0');
    if (table)
        format += format[5] == '\0' ? 5 : 6;
    hull_text_puts(&text, "");
    int status = run_rows(cli, listing, format, &source, table, &text);
    if (status != 0)
        return status;
    if (table)
        table_align(out, text.data, 10, 3);
    else
        hull_text_puts(out, text.data);
    return 0;
}

int output_list(struct cli *cli, const struct listing *listing, const char *format, bool quiet,
                const void *rows, size_t count, size_t size)
{
    struct hull_text out = HULL_TEXT(cli->arena);
    hull_text_puts(&out, "");
    int status = output_list_text(cli, listing, format, quiet, rows, count, size, &out);
    if (status == 0)
        output_text(out.data, out.length);
    return status;
}
