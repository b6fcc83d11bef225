/*
 * JSON by tables: real documents there and back, what is refused, numbers, null and empty.
 */
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "api/container.h"
#include "json.h"

#define INNER_FIELDS(F, T)                       \
    F(T, STRING, _, text, "Text", HULL_OMIT, "") \
    F(T, INT, _, number, "Number", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(inner, INNER_FIELDS)
HULL_MESSAGE_DEFINE(inner, INNER_FIELDS)

#define OUTER_FIELDS(F, T)                                       \
    F(T, STRING, _, path, "path", HULL_PATH, "")                 \
    F(T, INT, _, integer, "Integer", 0, "")                      \
    F(T, DOUBLE, _, real, "Real", HULL_OMIT, "")                 \
    F(T, EMBED, inner, embedded, "", 0, "")                      \
    F(T, STRV, _, nullable, "Nullable", HULL_NULL, "")           \
    F(T, STRV, _, list, "List", HULL_STR_OK, "")                 \
    F(T, MAP, _, map, "Map", HULL_OMIT, "")                      \
    F(T, LISTMAP, inner, lists, "Lists", HULL_OMIT, "")          \
    F(T, STRVMAP, _, filters, "Filters", HULL_OMIT, "")          \
    F(T, OPT_INT, _, maybe, "Maybe", 0, "")                      \
    F(T, STRING, _, brief, "Brief", HULL_MAX(3) | HULL_OMIT, "") \
    F(T, JSON, _, any, "Any", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(outer, OUTER_FIELDS)
HULL_MESSAGE_DEFINE(outer, OUTER_FIELDS)

static struct hull_problem problem;

static int decode(struct hull_arena *arena, const char *text, struct outer *ret)
{
    problem = (struct hull_problem){0};
    return json_decode(arena, &outer_message, text, strlen(text), JSON_ANY_CASE, ret, &problem);
}

/* TEXT decoded and encoded again, or the error. */
static const char *again(struct hull_arena *arena, const char *text)
{
    struct outer *value = HULL_NEW(arena, struct outer);
    if (decode(arena, text, value) < 0)
        return hull_arena_printf(arena, "! %s", problem.text);
    return json_string(arena, &outer_message, value);
}

TEST(null_and_empty)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_STR(again(arena, "{}"), "{\"Integer\":0,\"Nullable\":null,\"List\":[],\"Maybe\":null}");
    CHECK_STR(again(arena, "{\"Nullable\":[],\"List\":null,\"Maybe\":0}"),
              "{\"Integer\":0,\"Nullable\":[],\"List\":[],\"Maybe\":0}");
    CHECK_STR(again(arena, "{\"list\":\"one\",\"text\":\"t\",\"Map\":{\"b\":\"2\",\"a\":\"1\"}}"),
              "{\"Integer\":0,\"Text\":\"t\",\"Nullable\":null,\"List\":[\"one\"],"
              "\"Map\":{\"a\":\"1\",\"b\":\"2\"},\"Maybe\":null}");
    CHECK_HAS(again(arena, "{\"Lists\":{\"80/tcp\":null,\"81/tcp\":[{\"Number\":1}]}}"),
              "\"Lists\":{\"80/tcp\":null,\"81/tcp\":[{\"Number\":1}]}");
    CHECK_HAS(again(arena, "{\"Any\": {\"a\" : [1, \" x \"]} }"), "\"Any\":{\"a\":[1,\" x \"]}");
}

TEST(a_body_does_not_set_what_the_path_says)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct outer value;
    CHECK_INT(decode(arena, "{\"path\":\"evil\",\"Path\":\"evil\"}", &value), 0);
    CHECK(value.path == NULL);
}

TEST(integers_are_exact)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_HAS(again(arena, "{\"Integer\":9223372036854775807}"), "9223372036854775807");
    CHECK_HAS(again(arena, "{\"Integer\":-9223372036854775808}"), "-9223372036854775808");
    CHECK_HAS(again(arena, "{\"Integer\":1699999999123456789}"), "1699999999123456789");
    CHECK_HAS(again(arena, "{\"Integer\":9223372036854775808}"), "an integer of 64 bits");
    CHECK_HAS(again(arena, "{\"Integer\":1.5}"), "an integer of 64 bits, got 1.5");
    CHECK_STR(again(arena, "{\"Integer\":\"lots\"}"),
              "! Integer: expected an integer, got \"lots\"");
}

TEST(doubles_as_go_prints_them)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0.1, "0.1"},           {1.5, "1.5"},
                {100, "100"},           {1e20, "100000000000000000000"},
                {1e21, "1e+21"},        {1e-6, "0.000001"},
                {1e-7, "1e-7"},         {1.0 / 3, "0.3333333333333333"},
                {-2.5e-10, "-2.5e-10"}, {123456789.125, "123456789.125"}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        struct outer value = {.real = rows[i].value};
        const char *text = json_string(arena, &outer_message, &value);
        CHECK_HAS(text, hull_arena_printf(arena, "\"Real\":%s,", rows[i].text));
    }
}

TEST(what_is_refused)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    static const char *const rows[][2] = {
        {"", "unexpected EOF"},
        {"{\"a\":1", "unexpected EOF"},
        {"{\"a\":1}x", "unexpected content after JSON"},
        {"{\"a\":1,\"a\":2}", "duplicate key \"a\""},
        {"{\"a\":1,\"\\u0061\":2}", "duplicate key \"a\""},
        {"{\"Integer\":1,\"integer\":2}", "duplicate key \"Integer\""},
        {"{\"x\":{\"b\":1,\"b\":1}}", "duplicate key \"b\""},
        {"{\"Map\":{\"k\":\"1\",\"k\":\"2\"}}", "duplicate key \"k\""},
        {"{\"a\":\"\xff\"}", "invalid UTF-8"},
        {"{\"a\":\"\xc0\x80\"}", "invalid UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "invalid UTF-8"},
        {"{\"a\":\"\\ud800\"}", "surrogate"},
        {"{\"a\":\"\\u0000\"}", "\\u0000"},
        {"{\"a\":\"\n\"}", "invalid character"},
        {"{\"a\":01}", "invalid character"},
        {"{\"a\":1.}", "invalid character"},
        {"{\"a\":+1}", "invalid character"},
        {"{\"a\":.5}", "invalid character"},
        {"{\"a\":tru}", "invalid character"},
        {"{\"a\":1,}", "invalid character"},
        {"[1,]", "invalid character"},
        {"{a:1}", "invalid character 'a' looking for beginning of object key string"},
        {"{'a':1}", "invalid character"},
        {"[]", "expected an object, got a list"},
        {"{\"List\":[\"a\",1]}", "List[1]: expected a string, got 1"},
        {"{\"Lists\":{\"p\":[{\"Number\":true}]}}", "Lists.p[0].Number: expected an integer"},
        {"{\"Brief\":\"four\"}", "Brief: 4 bytes, and 3 are allowed"},
    };
    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        CHECK_HAS(again(arena, rows[i][0]), rows[i][1]);
}

TEST(depth_is_limited)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char text[1024];
    memset(text, '[', 200);
    text[200] = '\0';
    CHECK_INT(json_check(text, 200, &problem), -HULL_INVALID);
    CHECK_HAS(problem.text, "deeper");
    snprintf(text, sizeof(text), "%.*s%.*s", 100, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
             100, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    CHECK_INT(json_check(text, strlen(text), &problem), 0);
}

TEST(html_is_shown_where_nobody_wants_it_escaped)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"\"plain\"", "\"plain\""},
        {"\"\\u003c\\u003e\\u0026\"", "\"<>&\""},
        {"\"\\\\u003c\\\\\\u003c\\u2028\\n\"", "\"\\\\u003c\\\\<\\u2028\\n\""},
    };
    struct hull_arena *arena = hull_arena_new();

    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct hull_text text = HULL_TEXT(arena);

        hull_text_puts(&text, cases[i][0]);
        json_show_html(&text);
        CHECK_STR(text.data, cases[i][1]);
        CHECK_INT(text.length, strlen(cases[i][1]));
    }
    hull_arena_free(arena);
}

TEST(strings_are_quoted_as_go_quotes)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena);
    static const char odd[] = "a<b>&\"\\\n\t\x01\x7f\xff\xe2\x80\xa8é";
    json_quote(&text, odd, sizeof(odd) - 1);
    CHECK_STR(text.data, "\"a\\u003cb\\u003e\\u0026\\\"\\\\\\n\\t\\u0001\x7f\\ufffd\\u2028é\"");
}

TEST(unknown_keys_when_strict)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct outer value;
    CHECK_INT(json_decode(arena, &outer_message, "{\"nope\":1}", 10, JSON_STRICT, &value, &problem),
              -HULL_INVALID);
    CHECK_HAS(problem.text, "unknown key \"nope\"");
}

static const struct hull_field *field(const char *name)
{
    size_t offset = 0;
    return hull_field_find(&outer_message, name, &offset);
}

TEST(filters_in_both_encodings)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct outer value = {0};
    CHECK_INT(json_field_set(arena, field("Filters"), &value.filters, "filters",
                             "{\"label\":[\"a\",\"b\"],\"name\":{\"x\":true,\"y\":false}}",
                             &problem),
              0);
    CHECK_INT(value.filters.n, 2);
    CHECK_INT(value.filters.v[0].n, 2);
    CHECK_INT(value.filters.v[1].n, 1);
    CHECK_STR(value.filters.v[1].v[0], "x");
    CHECK_INT(json_field_set(arena, field("Filters"), &value.filters, "filters", "zzz", &problem),
              -HULL_INVALID);
    CHECK_STR(problem.text, "invalid filter");
}

TEST(fields_from_text)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct outer value = {0};
    CHECK_INT(json_field_set(arena, field("Integer"), &value.integer, "i", "12", &problem), 0);
    CHECK_INT(value.integer, 12);
    CHECK_INT(json_field_set(arena, field("Integer"), &value.integer, "i", "12x", &problem),
              -HULL_INVALID);
    CHECK_INT(json_field_set(arena, field("List"), &value.list, "l", "a", &problem), 0);
    CHECK_INT(json_field_set(arena, field("List"), &value.list, "l", "b", &problem), 0);
    CHECK_STR(value.list.v[1], "b");
    CHECK_INT(json_field_set(arena, field("Map"), &value.map, "m", "k=v=w", &problem), 0);
    CHECK_STR(hull_map_find(&value.map, "k"), "v=w");
}

TEST(values_without_a_table)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct json_value value;
    struct hull_text text = HULL_TEXT(arena);
    static const char source[] = "{\"b\":[1,{}],\"a\":null}";
    CHECK_INT(json_parse(arena, source, sizeof(source) - 1, &value, &problem), 0);
    CHECK_STR(json_member(&value, "b")->items[0].text, "1");
    json_write(&text, &value, 4);
    CHECK_STR(text.data, "{\n    \"b\": [\n        1,\n        {}\n    ],\n    \"a\": null\n}");
}

/* --- whole documents ------------------------------------------------------------------------- */

static char *read_sample(struct hull_arena *arena, const char *name)
{
    const char *source = getenv("srcdir");
    char *path = hull_arena_printf(arena, "%s/tests/unit/json/%s", source ? source : ".", name);
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) < 0)
        SKIP("%s is not here", path);
    char *text = hull_arena_alloc(arena, (size_t)info.st_size + 1);
    CHECK_INT(read(fd, text, (size_t)info.st_size), info.st_size);
    return text;
}

static bool same(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type || a->count != b->count || !hull_streq(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct json_value *other =
            a->type == JSON_OBJECT ? json_member(b, a->keys[i]) : &b->items[i];
        if (!other || !same(&a->items[i], other))
            return false;
    }
    return true;
}

/* A document of docker, decoded and encoded, says the same in another order of keys. */
static void round_trip(const char *name, const struct hull_message *message)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *text = read_sample(arena, name);
    void *value = hull_arena_alloc(arena, message->size);
    text[strcspn(text, "\n")] = '\0';
    int rc = json_decode(arena, message, text, strlen(text), 0, value, &problem);
    if (rc < 0)
        FAIL("%s: %s", name, problem.text);
    const char *out = json_string(arena, message, value);
    struct json_value before, after;
    CHECK_INT(json_parse(arena, text, strlen(text), &before, &problem), 0);
    CHECK_INT(json_parse(arena, out, strlen(out), &after, &problem), 0);
    if (!same(&before, &after))
        FAIL("%s became %s", name, out);
}

TEST(documents_of_docker_there_and_back)
{
    round_trip("inspect-running.json", &container_inspect_reply_message);
    round_trip("inspect-healthy.json", &container_inspect_reply_message);
    round_trip("list.json", &container_list_reply_message);
}

TEST(a_long_list_is_fast)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *text = read_sample(arena, "list.json");
    struct container_list_reply *value = HULL_NEW(arena, struct container_list_reply);
    text[strcspn(text, "\n")] = '\0';
    CHECK_INT(
        json_decode(arena, &container_list_reply_message, text, strlen(text), 0, value, &problem),
        0);
    while (value->containers.n < 100)
        *HULL_LIST_ADD(arena, &value->containers) = value->containers.v[0];
    int64_t best = INT64_MAX;
    for (int i = 0; i < 20; i++) {
        struct timespec before, after;
        HULL_AUTO_ARENA *scratch = hull_arena_new();
        struct hull_text out = HULL_TEXT(scratch);
        clock_gettime(CLOCK_MONOTONIC, &before);
        json_encode(&out, &container_list_reply_message, value);
        clock_gettime(CLOCK_MONOTONIC, &after);
        int64_t took = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
        best = took < best ? took : best;
    }
    printf("# 100 containers: %lld us\n", (long long)best / 1000);
    CHECK(best < 20000000); /* a millisecond is the aim; sanitizers and slow machines get more */
}

TAP_MAIN
