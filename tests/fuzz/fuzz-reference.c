/*
 * fuzz-reference.c: whatever is taken as a reference means the same after it was written out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *text = hull_arena_strndup(arena, (const char *)data, size);
    struct hull_problem problem = {0};
    struct reference reference, again;

    if (reference_parse(arena, text, &reference, &problem) < 0) {
        HULL_ASSERT(problem.kind == HULL_INVALID && problem.text[0]);
        return 0;
    }
    reference_default_tag(&reference);
    HULL_ASSERT(reference_parse(arena, reference_string(arena, &reference), &again, &problem) == 0);
    HULL_ASSERT(strcmp(reference_string(arena, &reference), reference_string(arena, &again)) == 0);
    HULL_ASSERT(reference_parse(arena, reference_familiar(arena, &reference), &again, &problem) ==
                0);
    HULL_ASSERT(strcmp(reference_string(arena, &reference), reference_string(arena, &again)) == 0);
    HULL_ASSERT(!strstr(reference.path, "..") && reference.path[0] != '/');
    return 0;
}
