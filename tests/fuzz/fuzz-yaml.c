/*
 * YAML from any vendor: what is taken becomes one valid JSON value.
 */
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_problem problem = {0};
    struct hull_text out = HULL_TEXT(arena);

    if (yaml_to_json(&out, (const char *)data, size, &problem) < 0) {
        HULL_ASSERT(problem.text[0] != '\0');
        return 0;
    }
    /* Duplicate keys are YAML's business as little as ours: the decoder of the JSON says no. */
    if (json_check(out.data, out.length, &problem) < 0)
        HULL_ASSERT(strstr(problem.text, "duplicate"));
    return 0;
}
