/*
 * The parser of request heads and the reader of chunks. Whether the head comes whole or in
 * pieces must make no difference, and a head that is taken has one length at most.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hull/error.h>

#include "plugins/http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_chunks(const char *text, size_t size)
{
    struct http_chunks chunks = {0};
    size_t at = 0;

    while (at < size) {
        enum http_chunk_result result = http_chunk_byte(&chunks, text[at++]);
        if (result == HTTP_CHUNK_BAD || result == HTTP_CHUNK_END)
            return;
        if (result != HTTP_CHUNK_DATA)
            continue;
        HULL_ASSERT(chunks.left > 0);
        if (chunks.left > size - at)
            return;
        at += chunks.left;
        chunks.left = 0;
    }
}

static void read_head(const char *text, size_t length)
{
    struct http_head *head = calloc(1, sizeof(*head));
    char *copy = calloc(1, length + 1);
    const char *why = NULL;

    HULL_ASSERT(head != NULL && copy != NULL);
    memcpy(copy, text, length);
    int status = http_head_parse(copy, length, head, &why);
    HULL_ASSERT(status == 0 || (status >= 400 && status <= 505 && why != NULL));
    if (status == 0) {
        HULL_ASSERT(!(head->chunked && head->length >= 0));
        HULL_ASSERT(head->path[0] == '/' && head->n <= HTTP_HEADERS_MAX);
        if (http_unescape(head->path, false) && head->query)
            (void)!http_unescape(head->query, true);
    }
    free(copy);
    free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t scanned = 0, pieces = 0;
    ssize_t whole = http_head_end(text, size, &scanned), piecewise = 0;

    for (size_t have = 1; have <= size && piecewise == 0; have++)
        piecewise = http_head_end(text, have, &pieces);
    HULL_ASSERT(whole == piecewise);
    if (whole > 0)
        read_head(text, (size_t)whole);
    read_chunks(text, size);
    return 0;
}
