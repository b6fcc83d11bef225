/*
 * The JSON codec: what decodes must encode to JSON that decodes again to the same text; nothing
 * may crash, and json_check must agree with json_parse.
 */
#include <stdint.h>
#include <string.h>

#include "api/container.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void there_and_back(struct hull_arena *arena, const struct hull_message *message,
                           const char *text, size_t length)
{
    struct hull_problem problem = {0};
    void *value = hull_arena_alloc(arena, message->size);

    if (json_decode(arena, message, text, length, JSON_ANY_CASE, value, &problem) < 0) {
        HULL_ASSERT(problem.kind == HULL_INVALID && problem.text[0]);
        return;
    }
    const char *once = json_string(arena, message, value);
    HULL_ASSERT(json_decode(arena, message, once, strlen(once), 0, value, &problem) == 0);
    HULL_ASSERT(strcmp(once, json_string(arena, message, value)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *text = (const char *)data;
    struct hull_problem problem = {0};
    struct json_value value;
    struct hull_text out = HULL_TEXT(arena);

    int rc = json_parse(arena, text, size, &value, &problem);
    HULL_ASSERT(rc == json_check(text, size, &problem));
    if (rc == 0) {
        json_write(&out, &value, 0);
        HULL_ASSERT(json_check(out.data, out.length, &problem) == 0);
    }
    there_and_back(arena, &container_create_request_message, text, size);
    there_and_back(arena, &container_list_reply_message, text, size);
    return 0;
}
