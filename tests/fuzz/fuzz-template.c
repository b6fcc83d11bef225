/*
 * fuzz-template.c: templates of --format, and of tags of logs, which the daemon runs. What parses
 * either runs or says why not, and the same again gives the same text.
 */
#include <stdint.h>
#include <string.h>

#include "template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char facts[] =
    "{\"Name\":\"/web\",\"Id\":\"abc123\",\"State\":{\"Status\":\"running\",\"Running\":true,"
    "\"Pid\":42},\"Args\":[\"a\",\"b c\"],\"Labels\":{\"x\":\"1\",\"a.b\":\"2\"},\"Empty\":\"\","
    "\"None\":null,\"Zero\":0,\"Big\":1699999999123456789,\"Float\":1.5,"
    "\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}],\"53/udp\":null}}";

static int run(const struct template *template, const struct json_value *value,
               struct hull_text *out)
{
    struct hull_problem problem = {0};
    struct template_data dot = {.value = value};
    int rc;

    hull_text_puts(out, "");
    rc = template_run(template, &dot, out, &problem);
    HULL_ASSERT(rc == 0 || problem.text[0]);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    const char *text = hull_arena_strndup(arena, (const char *)data, size);
    struct hull_text once = HULL_TEXT(arena), again = HULL_TEXT(arena);
    struct hull_problem problem = {0};
    struct json_value value;
    struct template *template;

    if (size > 4000)
        return 0;
    HULL_ASSERT(json_parse(arena, facts, strlen(facts), &value, &problem) == 0);
    if (template_parse(arena, text, &template, &problem) < 0) {
        HULL_ASSERT(problem.kind == HULL_INVALID && problem.text[0]);
        return 0;
    }
    HULL_ASSERT(run(template, &value, &once) == run(template, &value, &again));
    HULL_ASSERT(strcmp(once.data, again.data) == 0);
    return 0;
}
