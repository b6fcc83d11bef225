/*
 * fuzz-log-line.c: a line of a container's log, which a container or a full disk may have made
 * anything of: what is read lies in the line or in the room for attributes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/log/json-file/reader.h"
#include <hull/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room_size = size > 0 ? 1 + data[size - 1] : 1;
    char *line = malloc(size + 1), *room = malloc(room_size);
    struct log_line found;

    HULL_ASSERT(line != NULL && room != NULL);
    memcpy(line, data, size);
    if (log_line_parse(line, size, room, room_size, &found)) {
        HULL_ASSERT(found.text > line && found.text + found.length < line + size);
        HULL_ASSERT(found.attributes != room || strlen(room) < room_size);
    }
    free(room);
    free(line);
    return 0;
}
