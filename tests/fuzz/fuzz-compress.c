/*
 * fuzz-compress.c: whatever is called compressed is read to its end or refused, within limits.
 */
#include <stdint.h>
#include <string.h>

#include "compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t left;
};

static ssize_t source(void *ctx, void *buffer, size_t size, struct hull_problem *problem)
{
    struct input *input = ctx;

    (void)problem;
    /* In pieces whose size the input itself tells. */
    if (input->left && size > (size_t)(input->data[0] % 61) + 1)
        size = (size_t)(input->data[0] % 61) + 1;
    if (size > input->left)
        size = input->left;
    memcpy(buffer, input->data, size);
    input->data += size;
    input->left -= size;
    return (ssize_t)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct compress_limits limits = {.bytes = 1 << 22, .ratio = 1000};
    struct input input = {data, size};
    DECOMPRESS_AUTO *stream = decompress_new(source, &input, &limits);
    struct hull_problem problem = {0};
    char buffer[5000];
    ssize_t got;

    while ((got = decompress_read(stream, buffer, sizeof(buffer), &problem)) > 0)
        HULL_ASSERT((size_t)got <= sizeof(buffer));
    HULL_ASSERT(got == 0 || (problem.kind == (enum hull_kind) - got && problem.text[0]));
    return 0;
}
