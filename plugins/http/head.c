/*
 * The head of a request, strictly.
 */
#include "head.h"

#include <string.h>

/* What may not come twice: the first and the last reader would see two different requests. */
static const char *const single[] = {
    "host",   "content-length", "transfer-encoding", "content-type",      "expect",
    "origin", "upgrade",        "authorization",     "x-registry-auth",   "content-encoding",
    "te",     "cookie",         "x-registry-config", "sec-websocket-key", "range",
};

ssize_t http_head_end(const char *data, size_t size, size_t *scanned)
{
    size_t at = *scanned;

    for (; at < size; at++) {
        char before = at > 0 ? data[at - 1] : '\0';
        if (data[at] == '\0' || (at == 0 && (data[0] < 'A' || data[0] > 'Z')))
            return -1;
        if ((data[at] == '\n') != (before == '\r'))
            return -1;
        if (data[at] == '\n' && at >= 3 && data[at - 2] == '\n')
            break;
    }
    *scanned = at;
    return at < size ? (ssize_t)at + 1 : 0;
}

static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!is_token(*text))
            return false;
    }
    return true;
}

static int bad(const char **ret_why, const char *why)
{
    *ret_why = why;
    return 400;
}

static bool visible(const char *text)
{
    for (; *text; text++) {
        if (*text < '!' || *text > '~')
            return false;
    }
    return true;
}

/* "POST /path?query HTTP/1.1" */
static int request_line(char *line, struct http_head *head, const char **ret_why)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version)
        return bad(ret_why, "malformed request line");
    *target++ = '\0';
    *version++ = '\0';
    head->method = line;
    if (!token(line) || strlen(line) > 16)
        return bad(ret_why, "malformed method");
    if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 || version[6] != '.')
        return bad(ret_why, "malformed HTTP version");
    if (version[5] != '1' || (version[7] != '1' && version[7] != '0')) {
        *ret_why = "this server speaks HTTP/1.1";
        return 505;
    }
    head->minor = version[7] - '0';
    if (strlen(target) > HTTP_TARGET_MAX) {
        *ret_why = "the request target is too long";
        return 414;
    }
    if (*target != '/' || !visible(target) || strchr(target, '#'))
        return bad(ret_why, "malformed request target");
    head->path = target;
    head->query = strchr(target, '?');
    if (head->query)
        *head->query++ = '\0';
    return 0;
}

static int header_line(char *line, struct http_head *head, const char **ret_why)
{
    char *colon = strchr(line, ':');

    if (*line == ' ' || *line == '\t')
        return bad(ret_why, "a header folded over lines");
    if (!colon)
        return bad(ret_why, "a header without a colon");
    *colon = '\0';
    if (!token(line))
        return bad(ret_why, "malformed header name");
    char *value = colon + 1;
    value += strspn(value, " \t");
    size_t length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        value[--length] = '\0';
    for (const char *at = value; *at; at++) {
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return bad(ret_why, "a control character in a header");
    }
    if (head->n == HTTP_HEADERS_MAX) {
        *ret_why = "too many headers";
        return 431;
    }
    head->headers[head->n++] = (struct hull_pair){line, value};
    return 0;
}

const char *http_header(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->n; i++) {
        if (strcasecmp(head->headers[i].key, name) == 0)
            return head->headers[i].value;
    }
    return NULL;
}

static int check_single(const struct http_head *head, const char **ret_why)
{
    for (size_t i = 0; i < HULL_COUNT(single); i++) {
        unsigned seen = 0;
        for (size_t k = 0; k < head->n; k++)
            seen += strcasecmp(head->headers[k].key, single[i]) == 0;
        if (seen > 1)
            return bad(ret_why, "a header that may come once came twice");
    }
    return 0;
}

/* True when LIST, "a, b", has WORD. */
static bool listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    while (*list) {
        list += strspn(list, " \t,");
        size_t item = strcspn(list, ", \t");
        if (item == length && strncasecmp(list, word, length) == 0)
            return true;
        list += item;
    }
    return false;
}

static int content_length(const char *text, struct http_head *head, const char **ret_why)
{
    size_t length = strlen(text);
    if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
        return bad(ret_why, "malformed Content-Length");
    head->length = 0;
    for (; *text; text++)
        head->length = head->length * 10 + (*text - '0');
    return 0;
}

/* How long the body is, by exactly one of the two headers that may say so. */
static int framing(struct http_head *head, const char **ret_why)
{
    const char *length = http_header(head, "content-length");
    const char *coding = http_header(head, "transfer-encoding");

    head->length = -1;
    if (length && coding)
        return bad(ret_why, "both Content-Length and Transfer-Encoding");
    if (length)
        return content_length(length, head, ret_why);
    if (!coding)
        return 0;
    if (head->minor == 0)
        return bad(ret_why, "Transfer-Encoding in HTTP/1.0");
    if (strcasecmp(coding, "chunked") != 0)
        return bad(ret_why, "a Transfer-Encoding other than chunked");
    head->chunked = true;
    return 0;
}

static int meaning(struct http_head *head, const char **ret_why)
{
    const char *host = http_header(head, "host");
    const char *expect = http_header(head, "expect");
    bool keep_alive = false;

    if ((!host && head->minor == 1) || (host && (!visible(host) || strpbrk(host, "/?#@\\,"))))
        return bad(ret_why, host ? "malformed Host header" : "missing Host header");
    for (size_t i = 0; i < head->n; i++) {
        if (strcasecmp(head->headers[i].key, "connection") != 0)
            continue;
        head->close |= listed(head->headers[i].value, "close");
        head->upgrade |= listed(head->headers[i].value, "upgrade");
        keep_alive |= listed(head->headers[i].value, "keep-alive");
    }
    head->close |= head->minor == 0 && !keep_alive;
    if (expect && strcasecmp(expect, "100-continue") != 0) {
        *ret_why = "an expectation other than 100-continue";
        return 417;
    }
    head->expect = expect && head->minor == 1;
    return framing(head, ret_why);
}

int http_head_parse(char *text, size_t length, struct http_head *ret_head, const char **ret_why)
{
    bool first = true;
    int rc = 0;

    memset(ret_head, 0, sizeof(*ret_head));
    if (length < 4 || memchr(text, '\0', length))
        return bad(ret_why, "malformed request");
    for (char *line = text, *end; rc == 0 && line < text + length - 2; line = end + 2) {
        end = memmem(line, (size_t)(text + length - line), "\r\n", 2);
        if (!end || end == line)
            return bad(ret_why, "malformed request");
        *end = '\0';
        if (strpbrk(line, "\r\n"))
            return bad(ret_why, "a bare carriage return or line feed");
        rc = first ? request_line(line, ret_head, ret_why) : header_line(line, ret_head, ret_why);
        first = false;
    }
    if (rc == 0)
        rc = check_single(ret_head, ret_why);
    return rc ? rc : meaning(ret_head, ret_why);
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool http_unescape(char *text, bool plus)
{
    char *out = text;

    for (; *text; text++, out++) {
        *out = plus && *text == '+' ? ' ' : *text;
        if (*text != '%')
            continue;
        int high = hex(text[1]), low = high < 0 ? -1 : hex(text[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *out = (char)(high * 16 + low);
        text += 2;
    }
    *out = '\0';
    return true;
}

/* --- chunks ---------------------------------------------------------------------------------- */

enum { SIZE, SIZE_LF, DATA, DATA_LF, LAST_CR, LAST_LF };

static enum http_chunk_result size_byte(struct http_chunks *chunks, char byte)
{
    int digit = hex(byte);

    if (digit >= 0 && chunks->digits < 15) {
        chunks->left = chunks->left * 16 + (uint64_t)digit;
        chunks->digits++;
        return HTTP_CHUNK_MORE;
    }
    if (byte != '\r' || chunks->digits == 0)
        return HTTP_CHUNK_BAD;
    chunks->state = SIZE_LF;
    return HTTP_CHUNK_MORE;
}

enum http_chunk_result http_chunk_byte(struct http_chunks *chunks, char byte)
{
    /* In each state but SIZE one byte is right. */
    static const char wanted[] = {
        [SIZE_LF] = '\n', [DATA] = '\r', [DATA_LF] = '\n', [LAST_CR] = '\r', [LAST_LF] = '\n'};

    if (chunks->state == SIZE)
        return size_byte(chunks, byte);
    if (byte != wanted[chunks->state])
        return HTTP_CHUNK_BAD;
    switch (chunks->state) {
    case SIZE_LF:
        chunks->digits = 0;
        chunks->state = chunks->left ? DATA : LAST_CR;
        return chunks->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_MORE;
    case DATA:
    case LAST_CR:
        chunks->state++;
        return HTTP_CHUNK_MORE;
    case DATA_LF:
        chunks->state = SIZE;
        return HTTP_CHUNK_MORE;
    default:
        return HTTP_CHUNK_END;
    }
}
