#include <hull/log.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "core/plugin.h"

/* A longer line is cut; it must go out in one write. */
#define LINE_SIZE 8192
#define VALUE_MAX 2048

static atomic_int lowest = HULL_LOG_INFO;
static atomic_int log_fd = STDERR_FILENO;

static const struct {
    const char *name;
    enum hull_level level;
} names[] = {
    {"debug", HULL_LOG_DEBUG}, {"info", HULL_LOG_INFO},   {"warn", HULL_LOG_WARN},
    {"error", HULL_LOG_ERROR}, {"fatal", HULL_LOG_ERROR}, {"warning", HULL_LOG_WARN},
};

void hull_log_set_level(enum hull_level level)
{
    lowest = level;
}

enum hull_level hull_log_level(void)
{
    return (enum hull_level)lowest;
}

bool hull_log_level_parse(const char *name, enum hull_level *ret_level)
{
    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        if (strcasecmp(name, names[i].name) == 0) {
            *ret_level = names[i].level;
            return true;
        }
    }
    return false;
}

void hull_log_set_fd(int fd)
{
    log_fd = fd;
}

/* --- the line -------------------------------------------------------------------------------- */

struct line {
    size_t length;
    char data[LINE_SIZE];
};

static void add(struct line *line, const char *data, size_t length)
{
    size_t room = sizeof(line->data) - 1 - line->length; /* one for the newline */
    if (length > room)
        length = room;
    memcpy(line->data + line->length, data, length);
    line->length += length;
}

static void puts_line(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

/* The length of the character of UTF-8 at TEXT when it may be shown as it is, else 0. What moves
 * the cursor or changes the direction of writing may not. */
static size_t printable(const unsigned char *text)
{
    if (text[0] < 0x80)
        return text[0] >= ' ' && text[0] != 0x7f;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    static const unsigned least[] = {0, 0, 0xa0, 0x800, 0x10000};
    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    unsigned code = text[0] & (0xff >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool odd = (code >= 0xd800 && code < 0xe000) || code > 0x10ffff ||
               (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
               (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
    return code < least[length] || odd ? 0 : length;
}

static void add_quoted(struct line *line, const char *value)
{
    const unsigned char *text = (const unsigned char *)value;
    add(line, "\"", 1);
    for (size_t i = 0; text[i] != '\0';) {
        if (i >= VALUE_MAX) {
            puts_line(line, "…");
            break;
        }
        size_t length = printable(text + i);
        char escape[8];
        if (length == 0)
            snprintf(escape, sizeof(escape), text[i] == '\n' ? "\\n" : "\\x%02x", text[i]);
        else if (text[i] == '"' || text[i] == '\\')
            snprintf(escape, sizeof(escape), "\\%c", text[i]);
        else
            escape[0] = '\0';
        if (escape[0] != '\0')
            puts_line(line, escape);
        else
            add(line, (const char *)text + i, length);
        i += length == 0 ? 1 : length;
    }
    add(line, "\"", 1);
}

static void add_value(struct line *line, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-.:/@+,%";
    size_t length = strlen(value);
    if (length > 0 && length <= VALUE_MAX && strspn(value, plain) == length)
        add(line, value, length);
    else
        add_quoted(line, value);
}

static void add_pair(struct line *line, const char *key, const char *value)
{
    add(line, " ", 1);
    puts_line(line, key);
    add(line, "=", 1);
    add_value(line, value == NULL ? "" : value);
}

static void add_head(struct line *line, const struct hull_call *call, enum hull_level level)
{
    int64_t now = hull_time_ns();
    time_t seconds = now / 1000000000;
    struct tm parts;
    char text[64];
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, sizeof(text), "time=%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, sizeof(text) - length, ".%06dZ", (int)(now % 1000000000 / 1000));
    puts_line(line, text);
    add_pair(line, "level", names[level].name);
    if (call == NULL)
        return;
    if (call->plugin != NULL)
        add_pair(line, "plugin", call->plugin->port);
    if (call->scope->id[0] != '\0')
        add_pair(line, "request", call->scope->id);
}

void hull_log(const struct hull_call *call, enum hull_level level, const char *event, ...)
{
    if ((int)level < lowest)
        return;
    struct line line;
    line.length = 0;
    add_head(&line, call, level);
    add_pair(&line, "msg", event);
    va_list args;
    va_start(args, event);
    const char *key;
    while ((key = va_arg(args, const char *)) != NULL)
        add_pair(&line, key, va_arg(args, const char *));
    va_end(args);
    line.data[line.length++] = '\n';
    /* Nobody is left to tell when this fails. */
    ssize_t written = write(log_fd, line.data, line.length);
    (void)written;
}
