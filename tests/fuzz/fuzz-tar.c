/* The reader of tar archives: names, pax records, maps of sparse files. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tar.h"

struct input {
    const uint8_t *data;
    size_t size;
};

static ssize_t take(void *ctx, void *buffer, size_t size)
{
    struct input *input = ctx;
    size_t n = size < input->size ? size : input->size;
    memcpy(buffer, input->data, n);
    input->data += n;
    input->size -= n;
    return (ssize_t)n;
}

/* Give headers a right checksum, which a fuzzer hardly guesses. */
static void repair(uint8_t *data, size_t size)
{
    for (; size >= TAR_BLOCK; data += TAR_BLOCK, size -= TAR_BLOCK) {
        unsigned sum = 0;
        if (memcmp(data + 257, "ustar", 5) != 0)
            continue;
        memset(data + 148, ' ', 8);
        for (size_t i = 0; i < TAR_BLOCK; i++)
            sum += data[i];
        for (size_t i = 6; i > 0; i--, sum >>= 3)
            data[147 + i] = (uint8_t)('0' + (sum & 7));
    }
}

static void read_archive(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct tar_reader *reader = tar_reader_new(take, &input);
    struct hull_problem problem = {};
    struct tar_entry entry;
    int rc;
    while ((rc = tar_next(reader, &entry, &problem)) > 0) {
        const char *piece;
        size_t length, sum = strlen(entry.path) + strlen(entry.link);
        int64_t offset;
        for (size_t i = 0; i < entry.xattr_count; i++)
            sum += strlen(entry.xattrs[i].name) + entry.xattrs[i].size;
        while ((rc = tar_data(reader, &piece, &length, &offset, &problem)) > 0) {
            HULL_ASSERT(offset >= 0 && (int64_t)length <= entry.size - offset);
            sum += (unsigned char)piece[length - 1];
        }
        HULL_ASSERT(sum < SIZE_MAX);
        if (rc < 0)
            break;
    }
    /* What fails says why. */
    HULL_ASSERT(rc >= 0 || (problem.kind == (enum hull_kind) - rc && problem.text[0] != '\0'));
    if (rc == 0 && tar_drain(reader, 1 << 20, &problem) < 0)
        HULL_ASSERT(problem.text[0] != '\0');
    tar_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_archive(data, size);
    uint8_t *copy = malloc(size + 1);
    HULL_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    repair(copy, size);
    read_archive(copy, size);
    free(copy);
    return 0;
}
