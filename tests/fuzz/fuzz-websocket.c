/*
 * Bytes of a websocket's client: in one go and byte by byte they mean the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hull/hull.h>

#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const uint8_t *bytes, size_t size, size_t step, struct hull_text *out)
{
    struct frame_reader reader = {0};
    unsigned char *copy = malloc(size + 1);

    HULL_ASSERT(copy);
    memcpy(copy, bytes, size);
    for (size_t at = 0; at < size;) {
        size_t used = 0, length = 0, left = size - at < step ? size - at : step;
        unsigned char *payload = NULL;
        unsigned status = 0;
        enum frame_event event =
            frame_read(&reader, copy + at, left, &used, &payload, &length, &status);

        HULL_ASSERT(used <= left && reader.control_length <= FRAME_CONTROL_MAX);
        HULL_ASSERT(used > 0 || event != FRAME_MORE);
        at += used;
        if (event == FRAME_DATA)
            hull_text_add(out, (const char *)payload, length);
        else if (event != FRAME_MORE)
            hull_text_printf(out, "<%d %u>", (int)event, status);
        if (event == FRAME_BAD)
            break;
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text whole = HULL_TEXT(arena), bytes = HULL_TEXT(arena);

    if (size > 4096)
        return 0;
    feed(data, size, size, &whole);
    feed(data, size, 1, &bytes);
    HULL_ASSERT(whole.length == bytes.length &&
                (whole.length == 0 || memcmp(whole.data, bytes.data, whole.length) == 0));
    return 0;
}
