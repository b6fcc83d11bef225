/*
 * fuzz-container-doc.c: documents of containers in the state store, as a damaged disk or another
 * version may give them back: what is taken is written again so that it means the same.
 */
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "plugins/engine/container/doc.h"
#include <hull/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

HULL_MESSAGE_DEFINE(ct_mount, CT_MOUNT_FIELDS)
HULL_MESSAGE_DEFINE(ct_userns, CT_USERNS_FIELDS)
HULL_MESSAGE_DEFINE(ct_doc, CT_DOC_FIELDS)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct ct_doc *doc = HULL_NEW(arena, struct ct_doc), *again = HULL_NEW(arena, struct ct_doc);
    struct hull_problem problem;
    const char *text = hull_arena_strndup(arena, (const char *)data, size);
    if (json_decode(arena, &ct_doc_message, text, strlen(text), 0, doc, &problem) < 0)
        return 0;
    const char *first = json_string(arena, &ct_doc_message, doc);
    HULL_ASSERT(json_decode(arena, &ct_doc_message, first, strlen(first), 0, again, &problem) == 0);
    HULL_ASSERT(strcmp(first, json_string(arena, &ct_doc_message, again)) == 0);
    return 0;
}
