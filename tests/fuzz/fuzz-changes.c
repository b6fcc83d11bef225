/*
 * fuzz-changes.c: Dockerfile instructions: what is taken makes a configuration that reads back.
 */
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "plugins/engine/image/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *line = hull_arena_strndup(arena, (const char *)data, size);
    struct hull_strv changes = {1, &line};
    struct image_config config = {0}, again;
    struct hull_problem problem = {0};
    const char *text;

    if (size > 10000)
        return 0;
    if (img_apply_changes(arena, &changes, &config, &problem) < 0) {
        HULL_ASSERT(problem.kind == HULL_INVALID && problem.text[0]);
        return 0;
    }
    text = json_string(arena, &image_config_message, &config);
    if (json_decode(arena, &image_config_message, text, strlen(text), 0, &again, &problem) < 0)
        hull_bug(__FILE__, __LINE__, problem.text);
    return 0;
}
