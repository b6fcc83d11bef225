/*
 * line.c: one line of a json-file: a flat object of strings, with one of attributes in it.
 */
#include "reader.h"

#include "timefmt.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    char *at, *end;
};

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->at >= c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static int hex4(const struct cursor *c)
{
    int value = 0;

    if (c->end - c->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char digit = c->at[i];

        value <<= 4;
        if (digit >= '0' && digit <= '9')
            value += digit - '0';
        else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
            value += (digit | 32) - 'a' + 10;
        else
            return -1;
    }
    return value;
}

static char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

/* After "\u": one character, of two parts when the first is a surrogate. */
static char *take_unicode(struct cursor *c, char *out)
{
    int code = hex4(c), low;

    if (code < 0)
        return NULL;
    c->at += 4;
    if (code >= 0xd800 && code < 0xdc00 && c->end - c->at >= 6 && c->at[0] == '\\' &&
        c->at[1] == 'u') {
        struct cursor second = {c->at + 2, c->end};

        low = hex4(&second);
        if (low >= 0xdc00 && low < 0xe000) {
            c->at += 6;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return put_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : (unsigned)code);
}

static char *take_escape(struct cursor *c, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char escape = *c->at++;

    if (escape == 'u')
        return take_unicode(c, out);
    found = strchr(from, escape);
    if (!found || escape == '\0')
        return NULL;
    *out++ = to[found - from];
    return out;
}

/* A string, unescaped in place (it only gets shorter) and ended by a NUL. */
static bool take_string(struct cursor *c, char **ret, size_t *ret_length)
{
    char *out;

    if (!take(c, '"'))
        return false;
    *ret = out = c->at;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at != '\\') {
            *out++ = *c->at++;
            continue;
        }
        if (++c->at >= c->end)
            return false;
        out = take_escape(c, out);
        if (!out)
            return false;
    }
    if (c->at >= c->end)
        return false;
    c->at++;
    *ret_length = (size_t)(out - *ret);
    *out = '\0';
    return true;
}

/* TEXT as in the query of a URL, at TO; the number of bytes. */
static size_t escape_query(char *to, const char *text, size_t length)
{
    static const char digits[] = "0123456789ABCDEF";
    char *at = to;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (isalnum(c) || (c != '\0' && strchr("-_.~", c))) {
            *at++ = (char)c;
        } else if (c == ' ') {
            *at++ = '+';
        } else {
            *at++ = '%';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    return (size_t)(at - to);
}

/* {"k":"v",…} to "k=v,…" in ROOM, as docker shows it; what may not fit is left out. */
static bool take_attributes(struct cursor *c, char *room, size_t size)
{
    size_t used = 0;

    room[0] = '\0';
    if (!take(c, '{'))
        return false;
    if (take(c, '}'))
        return true;
    do {
        char *key, *value;
        size_t key_length, value_length;

        if (!take_string(c, &key, &key_length) || !take(c, ':') ||
            !take_string(c, &value, &value_length))
            return false;
        if (used + 3 * (key_length + value_length) + 3 > size)
            continue;
        if (used > 0)
            room[used++] = ',';
        used += escape_query(room + used, key, key_length);
        room[used++] = '=';
        used += escape_query(room + used, value, value_length);
        room[used] = '\0';
    } while (take(c, ','));
    return take(c, '}');
}

bool log_line_parse(char *line, size_t length, char *room, size_t room_size, struct log_line *ret)
{
    struct cursor c = {line, line + length};
    bool timed = false;

    *ret = (struct log_line){.attributes = ""};
    if (!take(&c, '{'))
        return false;
    do {
        char *key, *value = NULL;
        size_t key_length, value_length = 0;

        if (!take_string(&c, &key, &key_length) || !take(&c, ':'))
            return false;
        if (strcmp(key, "attrs") == 0) {
            if (!take_attributes(&c, room, room_size))
                return false;
            ret->attributes = room;
            continue;
        }
        if (!take_string(&c, &value, &value_length))
            return false;
        if (strcmp(key, "log") == 0) {
            ret->text = value;
            ret->length = value_length;
        } else if (strcmp(key, "stream") == 0) {
            ret->from_stderr = strcmp(value, "stderr") == 0;
        } else if (strcmp(key, "time") == 0) {
            timed = time_parse(value, &ret->time_ns);
        }
    } while (take(&c, ','));
    return take(&c, '}') && ret->text && timed;
}
