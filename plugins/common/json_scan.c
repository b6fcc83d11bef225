/*
 * The tokenizer of JSON: strict, in one pass, with Go's words where it has any, for those are
 * what users of docker know.
 */
#include "json_scan.h"

#include <stdlib.h>
#include <string.h>

char json_peek(struct json_scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
        scan->at++;
    return scan->at < scan->end ? *scan->at : '\0';
}

int json_syntax(struct json_scan *scan, const char *where)
{
    if (scan->at >= scan->end)
        return hull_problem_set(scan->problem, HULL_INVALID, "unexpected EOF");
    unsigned char c = (unsigned char)*scan->at;
    if (c < ' ' || c > '~' || c == '\'')
        return hull_problem_set(scan->problem, HULL_INVALID, "invalid character '\\x%02x' %s", c,
                                where);
    return hull_problem_set(scan->problem, HULL_INVALID, "invalid character '%c' %s", c, where);
}

size_t json_utf8_length(const char *text, size_t room)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || room < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

static int hex4(struct json_scan *scan, unsigned *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        char c = scan->at < scan->end ? *scan->at : '\0';
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return json_syntax(scan, "in \\u hexadecimal character escape");
        *ret = *ret * 16 + digit;
    }
    return 0;
}

static size_t utf8_put(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> length) | code);
    return length;
}

/* What is behind \u: one character, of one escape or of two. */
static int unicode_escape(struct json_scan *scan, unsigned *ret)
{
    unsigned low;
    int rc = hex4(scan, ret);
    if (rc < 0)
        return rc;
    if (*ret == 0)
        return hull_problem_set(scan->problem, HULL_INVALID, "a string must not hold \\u0000");
    if (*ret < 0xd800 || *ret > 0xdfff)
        return 0;
    if (*ret < 0xdc00 && scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u') {
        scan->at += 2;
        rc = hex4(scan, &low);
        if (rc < 0)
            return rc;
        if (low >= 0xdc00 && low <= 0xdfff) {
            *ret = 0x10000 + ((*ret - 0xd800) << 10) + (low - 0xdc00);
            return 0;
        }
    }
    return hull_problem_set(scan->problem, HULL_INVALID, "half a surrogate pair in a string");
}

/* One escape, at its backslash; writes to OUT and returns how many bytes, at most 4. */
static int escape(struct json_scan *scan, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned code;

    scan->at++;
    const char *found = scan->at < scan->end && *scan->at ? strchr(from, *scan->at) : NULL;
    if (found) {
        scan->at++;
        *out = to[found - from];
        return 1;
    }
    if (scan->at >= scan->end || *scan->at != 'u')
        return json_syntax(scan, "in string escape code");
    scan->at++;
    int rc = unicode_escape(scan, &code);
    return rc < 0 ? rc : (int)utf8_put(out, code);
}

/* Skip plain characters up to a quote or a backslash. */
static int plain(struct json_scan *scan)
{
    while (scan->at < scan->end && *scan->at != '"' && *scan->at != '\\') {
        unsigned char c = (unsigned char)*scan->at;
        if (c < ' ')
            return json_syntax(scan, "in string literal");
        size_t length = c < 0x80 ? 1 : json_utf8_length(scan->at, (size_t)(scan->end - scan->at));
        if (length == 0)
            return hull_problem_set(scan->problem, HULL_INVALID, "invalid UTF-8 in a string");
        scan->at += length;
    }
    return scan->at < scan->end ? 0 : json_syntax(scan, "");
}

/* The end of the string that begins before AT, found without looking at what is in it. */
static const char *closing_quote(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at < end ? at : end;
}

int json_scan_string(struct json_scan *scan, struct json_slice *ret_string)
{
    char *copy = NULL;
    size_t length = 0;
    int rc;

    if (json_peek(scan) != '"')
        return json_syntax(scan, "looking for beginning of object key string");
    const char *start = ++scan->at;
    while ((rc = plain(scan)) == 0) {
        size_t run = (size_t)(scan->at - start);
        if (*scan->at == '"' && !copy) {
            *ret_string = (struct json_slice){start, run};
            break;
        }
        /* An escape is never shorter than what it stands for. */
        if (!copy)
            copy = hull_arena_alloc(scan->arena,
                                    (size_t)(closing_quote(scan->at, scan->end) - start) + 4);
        memcpy(copy + length, start, run);
        length += run;
        if (*scan->at == '"') {
            *ret_string = (struct json_slice){copy, length};
            break;
        }
        rc = escape(scan, copy + length);
        if (rc < 0)
            return rc;
        length += (size_t)rc;
        start = scan->at;
    }
    if (rc == 0)
        scan->at++;
    return rc;
}

static bool digits(struct json_scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > start;
}

int json_scan_number(struct json_scan *scan, struct json_slice *ret_digits)
{
    const char *start = scan->at;

    if (scan->at < scan->end && *scan->at == '-')
        scan->at++;
    if (scan->at < scan->end && *scan->at == '0')
        scan->at++;
    else if (!digits(scan))
        return json_syntax(scan, "in numeric literal");
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (!digits(scan))
            return json_syntax(scan, "after decimal point in numeric literal");
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        if (!digits(scan))
            return json_syntax(scan, "in exponent of numeric literal");
    }
    *ret_digits = (struct json_slice){start, (size_t)(scan->at - start)};
    return 0;
}

int json_scan_word(struct json_scan *scan, const char *word)
{
    for (; *word; word++, scan->at++) {
        if (scan->at >= scan->end || *scan->at != *word)
            return json_syntax(scan, "in literal (expecting true, false or null)");
    }
    return 0;
}

int json_open(struct json_scan *scan, struct json_walk *walk)
{
    *walk = (struct json_walk){.close = *scan->at == '{' ? '}' : ']'};
    scan->at++;
    if (++scan->depth > JSON_DEPTH)
        return hull_problem_set(scan->problem, HULL_INVALID, "nested deeper than %u", JSON_DEPTH);
    return 0;
}

static int compare_slices(const void *a, const void *b)
{
    const struct json_slice *x = a, *y = b;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, shorter);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* Sorted, so that no choice of keys makes it slow. */
static int check_keys(struct json_scan *scan, struct json_keys *keys)
{
    if (keys->n > 1)
        qsort(keys->v, keys->n, sizeof(*keys->v), compare_slices);
    for (size_t i = 1; i < keys->n; i++) {
        if (compare_slices(&keys->v[i - 1], &keys->v[i]) == 0)
            return hull_problem_set(scan->problem, HULL_INVALID, "duplicate key \"%.*s\"",
                                    (int)(keys->v[i].length > 64 ? 64 : keys->v[i].length),
                                    keys->v[i].text);
    }
    return 0;
}

static int next_key(struct json_scan *scan, struct json_walk *walk)
{
    int rc = json_scan_string(scan, &walk->key);
    if (rc < 0)
        return rc;
    if (json_peek(scan) != ':')
        return json_syntax(scan, "after object key");
    scan->at++;
    *HULL_LIST_ADD(scan->arena, &walk->keys) = walk->key;
    return 1;
}

int json_next(struct json_scan *scan, struct json_walk *walk)
{
    bool object = walk->close == '}';
    char c = json_peek(scan);

    if (c == walk->close) {
        scan->at++;
        scan->depth--;
        return check_keys(scan, &walk->keys);
    }
    if (walk->started) {
        if (c != ',')
            return json_syntax(scan,
                               object ? "after object key:value pair" : "after array element");
        scan->at++;
    }
    walk->started = true;
    return object ? next_key(scan, walk) : 1;
}

void json_key_is(struct json_walk *walk, const char *name)
{
    walk->keys.v[walk->keys.n - 1] = (struct json_slice){name, strlen(name)};
}

static int skip_inside(struct json_scan *scan)
{
    struct json_walk walk;
    int rc = json_open(scan, &walk);
    while (rc == 0 && (rc = json_next(scan, &walk)) == 1)
        rc = json_scan_skip(scan);
    return rc;
}

int json_scan_skip(struct json_scan *scan)
{
    struct json_slice ignored;

    switch (json_peek(scan)) {
    case '{':
    case '[':
        return skip_inside(scan);
    case '"':
        return json_scan_string(scan, &ignored);
    case 't':
        return json_scan_word(scan, "true");
    case 'f':
        return json_scan_word(scan, "false");
    case 'n':
        return json_scan_word(scan, "null");
    default:
        if (scan->at < scan->end && (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9')))
            return json_scan_number(scan, &ignored);
        return json_syntax(scan, "looking for beginning of value");
    }
}

int json_scan_done(struct json_scan *scan)
{
    json_peek(scan);
    if (scan->at == scan->end)
        return 0;
    return hull_problem_set(scan->problem, HULL_INVALID, "unexpected content after JSON");
}
