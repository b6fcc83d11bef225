/*
 * env_file.c: files of variables or labels, a line each, as docker reads them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/run.h"
#include "plugins/common/json_scan.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Bytes of the white space, as Unicode has it, that TEXT begins with; 0: there is none. */
static size_t space_at(const char *text)
{
    static const char *const spaces[] = {" ",
                                         "\t",
                                         "\v",
                                         "\f",
                                         "\r",
                                         "\xc2\x85",
                                         "\xc2\xa0",
                                         "\xe1\x9a\x80",
                                         "\xe2\x80\xa8",
                                         "\xe2\x80\xa9",
                                         "\xe2\x80\xaf",
                                         "\xe2\x81\x9f",
                                         "\xe3\x80\x80"};

    for (size_t i = 0; i < HULL_COUNT(spaces); i++)
        if (strncmp(text, spaces[i], strlen(spaces[i])) == 0)
            return strlen(spaces[i]);
    /* U+2000 to U+200A */
    return strncmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] - 0x80u <= 0xau ? 3 : 0;
}

static bool is_utf8(const char *text, size_t size)
{
    for (size_t at = 0, step; at < size; at += step) {
        step = (unsigned char)text[at] < 0x80 ? 1 : json_utf8_length(text + at, size - at);
        if (step == 0)
            return false;
    }
    return true;
}

/* A line of a file, the first being number 1. */
struct line {
    const char *file;
    size_t number, size;
    char *text;
};

static bool bad_bytes(struct cli *cli, const struct line *line)
{
    struct hull_text bytes = HULL_TEXT(cli->arena);

    for (size_t i = 0; i < line->size; i++)
        hull_text_printf(&bytes, "%s%u", i > 0 ? " " : "", (unsigned char)line->text[i]);
    return cli_problem(cli, "invalid env file (%s): invalid utf8 bytes at line %zu: [%s]",
                       line->file, line->number, bytes.data);
}

/* Blank lines and comments add nothing. */
static bool take_line(struct cli *cli, const struct line *line, struct hull_strv *ret)
{
    const char *text = line->text;

    if (!is_utf8(text, line->size))
        return bad_bytes(cli, line);
    if (strlen(text) < line->size)
        return cli_problem(cli, "invalid env file (%s): a zero byte at line %zu", line->file,
                           line->number);
    if (line->number == 1 && strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        text += strlen(BYTE_ORDER_MARK);
    for (size_t space; (space = space_at(text)) > 0;)
        text += space;
    if (*text == '\0' || *text == '#')
        return true;
    size_t name = strcspn(text, "=");
    if (name == 0)
        return cli_problem(cli, "invalid env file (%s): no variable name on line '%s'", line->file,
                           text);
    if (strcspn(text, " \t") < name)
        return cli_problem(cli, "invalid env file (%s): variable '%.*s' contains whitespaces",
                           line->file, (int)name, text);
    hull_strv_add(cli->arena, ret, hull_arena_strdup(cli->arena, text));
    return true;
}

static size_t without_end(const char *text, size_t size)
{
    size -= size > 0 && text[size - 1] == '\n';
    size -= size > 0 && text[size - 1] == '\r';
    return size;
}

bool run_read_lines(struct cli *cli, const char *name, struct hull_strv *ret)
{
    struct line line = {.file = name};
    bool fine = true;
    size_t room = 0;
    ssize_t got;
    FILE *file = fopen(name, "re");

    if (file == NULL)
        return cli_problem(cli, "open %s: %s", name,
                           errno == ENOENT ? "no such file or directory" : strerror(errno));
    while (fine && (got = getline(&line.text, &room, file)) >= 0) {
        line.size = without_end(line.text, (size_t)got);
        line.text[line.size] = '\0';
        line.number++;
        fine = take_line(cli, &line, ret);
    }
    if (fine && ferror(file))
        fine = cli_problem(cli, "invalid env file (%s): read %s: %s", name, name,
                           errno == EISDIR ? "is a directory" : strerror(errno));
    free(line.text);
    fclose(file);
    return fine;
}
