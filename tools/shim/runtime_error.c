/*
 * runtime_error.c: what a runtime says of its failure, in the words that docker's clients look
 * for.
 *
 * The log has a line of JSON for each message; the last error counts. A runtime that writes its
 * log in another way has its last line shown.
 */
#include "tools/shim/runtime_error.h"

#include <string.h>

#include <hull/arena.h>
#include <hull/message.h>

#include "plugins/common/json.h"

#define RUNTIME_LINE_FIELDS(F, T)                  \
    F(T, STRING, _, level, "level", 0, "error, …") \
    F(T, STRING, _, text, "msg", 0, "What is wrong")
HULL_MESSAGE_DECLARE(runtime_line, RUNTIME_LINE_FIELDS)
HULL_MESSAGE_DEFINE(runtime_line, RUNTIME_LINE_FIELDS)

/* crun's words, as the C library has them, and runc's, as Go has them. */
static const struct {
    const char *from, *to;
} words[] = {
    {"No such file or directory", "no such file or directory"},
    {"Permission denied", "permission denied"},
    {"open executable: Operation not permitted",
     "unable to start container process: exec: permission denied"},
    {"open executable: permission denied",
     "unable to start container process: exec: permission denied"},
};

static bool is_error(const struct runtime_line *line)
{
    return line->text != NULL && line->text[0] != '\0' &&
           (line->level == NULL || strcmp(line->level, "error") == 0 ||
            strcmp(line->level, "fatal") == 0);
}

/* "executable file `x` not found in $PATH: …", also for a path. */
static const char *as_not_found(struct hull_arena *arena, const char *text)
{
    static const char begin[] = "executable file `", end[] = "` not found in $PATH";
    const char *name = strstr(text, begin);
    const char *after = name == NULL ? NULL : strstr(name, end);
    if (after == NULL)
        return text;
    name += sizeof(begin) - 1;
    name = hull_arena_strndup(arena, name, (size_t)(after - name));
    const char *why = strchr(name, '/') == NULL
                          ? "executable file not found in $PATH"
                          : hull_arena_printf(arena, "stat %s: no such file or directory", name);
    return hull_arena_printf(arena, "unable to start container process: exec: \"%s\": %s", name,
                             why);
}

static const char *in_our_words(struct hull_arena *arena, const char *text)
{
    text = as_not_found(arena, text);
    for (size_t i = 0; i < HULL_COUNT(words); i++) {
        const char *found = strstr(text, words[i].from);
        if (found != NULL)
            text = hull_arena_printf(arena, "%.*s%s%s", (int)(found - text), text, words[i].to,
                                     found + strlen(words[i].from));
    }
    return text;
}

const char *runtime_error(struct hull_arena *arena, const char *text)
{
    const char *last = "", *error = NULL;
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        struct runtime_line line;
        struct hull_problem problem;
        if (length > 0)
            last = hull_arena_strndup(arena, at, length);
        if (length > 0 &&
            json_decode(arena, &runtime_line_message, at, length, 0, &line, &problem) == 0 &&
            is_error(&line))
            error = line.text;
        at += length + (at[length] == '\n');
    }
    return in_our_words(arena, error != NULL ? error : last);
}
