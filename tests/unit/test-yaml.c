/*
 * YAML as JSON: what scalars become, and what is refused.
 */
#include "tap.h"

#include "yaml_json.h"

static const char *convert(struct hull_arena *arena, const char *yaml)
{
    struct hull_problem problem = {0};
    struct hull_text out = HULL_TEXT(arena);

    return yaml_to_json(&out, yaml, strlen(yaml), &problem) == 0
               ? out.data
               : hull_arena_printf(arena, "! %s", problem.text);
}

TEST(scalars)
{
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        {"12", "12"},
        {"-0", "-0"},
        {"0660", "432"},
        {"0x1f", "31"},
        {"0o17", "15"},
        {"1.5", "1.5"},
        {"0.6.0", "\"0.6.0\""},
        {"09", "\"09\""},
        {"true", "true"},
        {"\"true\"", "\"true\""},
        {"yes", "\"yes\""},
        {"~", "null"},
        {"99999999999999999999", "99999999999999999999"},
        {"'a\"b'", "\"a\\\"b\""},
    };
    HULL_AUTO_ARENA *arena = hull_arena_new();

    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        CHECK_STR(convert(arena, rows[i].yaml), rows[i].json);
}

TEST(collections)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();

    CHECK_STR(convert(arena, "a:\n  - {b: c, 1: 2}\n  -\nd: []\n"),
              "{\"a\":[{\"b\":\"c\",\"1\":2},null],\"d\":[]}");
    CHECK_STR(convert(arena, "# only\n---\n|\n  two\n  lines\n"), "\"two\\nlines\\n\"");
}

TEST(refused)
{
    static const char *const rows[] = {"",           "a: *b",        "a: &x 1\nb: *x",
                                       "a: !!int 1", "--- 1\n--- 2", "? [a]\n: b",
                                       "a: [",       "\xff\xfe\xff"};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char deep[200];

    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        CHECK(convert(arena, rows[i])[0] == '!');
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    CHECK_STR(convert(arena, deep), "! line 1: nested too deeply");
}

TAP_MAIN
