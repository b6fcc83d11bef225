/* Ids, names, platforms, signals, times and filters. */
#include "tap.h"

#include "filters.h"
#include "ids.h"
#include "names.h"
#include "platform.h"
#include "signals.h"
#include "timefmt.h"

TEST(ids)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *id = id_new(arena);

    CHECK(id_valid(id));
    CHECK(strcmp(id, id_new(arena)) != 0);
    CHECK_INT(strlen(id_short(arena, id)), 12);
    CHECK_STR(id_short(arena, "sha256:0123456789abcdef"), "0123456789ab");
    CHECK_STR(id_short(arena, "abc"), "abc");
    CHECK(!id_valid("abc") && id_prefix_valid("abc"));
    CHECK(!id_prefix_valid("") && !id_prefix_valid(NULL) && !id_prefix_valid("ABC"));
    CHECK(!id_prefix_valid("xyz"));
}

TEST(names)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    static const char *const good[] = {"ab", "a1", "web-1.x_y", "0a"};
    static const char *const bad[] = {"", "a", "-ab", ".ab", "a/b", "a b", "a\nb", "\xc3\xa9"};

    for (size_t i = 0; i < HULL_COUNT(good); i++)
        CHECK(name_valid(good[i]));
    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!name_valid(bad[i]));
    CHECK(!name_valid(NULL));
    for (unsigned attempt = 0; attempt < 40; attempt++) {
        CHECK(name_valid(name_random(arena, attempt)));
        CHECK(strchr(name_random(arena, attempt), '_') != NULL);
    }
}

static struct platform platform(struct hull_arena *arena, const char *text)
{
    struct hull_problem problem = {0};
    struct platform made = {"", "", ""};

    CHECK(platform_parse(arena, text, &made, &problem));
    return made;
}

TEST(platforms_are_read_and_written)
{
    static const char *const rows[][2] = {
        {"linux/amd64", "linux/amd64"},    {"LINUX/X86_64", "linux/amd64"},
        {"linux/arm", "linux/arm"},        {"linux/arm/v7", "linux/arm"},
        {"linux/arm/v6", "linux/arm/v6"},  {"linux/armel", "linux/arm/v6"},
        {"linux/arm64/v8", "linux/arm64"}, {"linux/aarch64", "linux/arm64"},
        {"aarch64", "linux/arm64"},        {"windows/amd64", "windows/amd64"},
        {"linux/odd_one", "linux/odd_one"}};
    static const char *const bad[] = {"", "foo", "linux/", "/amd64", "a b", "linux/a/b/c", "a\"/b"};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_problem problem = {0};
    struct platform made;

    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        made = platform(arena, rows[i][0]);
        CHECK_STR(platform_string(arena, &made), rows[i][1]);
    }
    made = platform(arena, "linux");
    CHECK_STR(made.architecture, platform_host_architecture());
    made = platform(arena, "linux/arm/v6");
    CHECK_STR(platform_json(arena, &made),
              "{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v6\"}");
    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!platform_parse(arena, bad[i], &made, &problem) && problem.text[0] != '\0');
}

TEST(platforms_fit)
{
    static const struct {
        const char *wanted, *own;
        bool fits;
    } rows[] = {{"linux/amd64", "linux/amd64", true},    {"linux/amd64", "linux/arm64", false},
                {"windows/amd64", "linux/amd64", false}, {"linux/arm64", "linux/arm64/v8", true},
                {"linux/arm/v7", "linux/arm/v6", true},  {"linux/arm/v6", "linux/arm/v7", false},
                {"linux/arm", "linux/arm/v7", true},     {"linux/amd64/v2", "linux/amd64", false},
                {"linux/amd64", "linux/amd64/v2", true}};
    HULL_AUTO_ARENA *arena = hull_arena_new();

    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        struct platform wanted = platform(arena, rows[i].wanted),
                        own = platform(arena, rows[i].own);
        CHECK_INT(platform_fits(&wanted, &own), rows[i].fits);
    }
}

TEST(signals)
{
    static const struct {
        const char *text;
        int number;
    } cases[] = {
        {"SIGTERM", 15}, {"term", 15},       {"15", 15},       {"KILL", 9},     {"sigusr1", 10},
        {"RTMIN", 34},   {"RTMIN+3", 37},    {"SIGRTMAX", 64}, {"RTMAX-1", 63}, {"64", 64},
        {"RTMIN+0", 34}, {"", -1},           {"0", -1},        {"65", -1},      {"NOPE", -1},
        {"9x", -1},      {"RTMIN+99", -1},   {"RTMIN-1", -1},  {"-9", -1},      {" 9", -1},
        {NULL, -1},      {"SIGSIGTERM", -1},
    };

    for (size_t i = 0; i < HULL_COUNT(cases); i++)
        CHECK_INT(signal_parse(cases[i].text), cases[i].number);
}

TEST(times_are_written_as_go_does)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();

    CHECK_STR(time_format(arena, TIME_ZERO), "0001-01-01T00:00:00Z");
    CHECK_STR(time_format(arena, 0), "1970-01-01T00:00:00Z");
    CHECK_STR(time_format(arena, 1500000000), "1970-01-01T00:00:01.5Z");
    CHECK_STR(time_format(arena, 1767323045000000001), "2026-01-02T03:04:05.000000001Z");
    CHECK_STR(time_format_fixed(arena, 1500000000), "1970-01-01T00:00:01.500000000Z");
    CHECK_STR(time_format(arena, -500000000), "1969-12-31T23:59:59.5Z");
}

TEST(times_are_read)
{
    static const struct {
        const char *text;
        bool good;
        int64_t ns;
    } cases[] = {
        {"1970-01-01T00:00:01.5Z", true, 1500000000},
        {"1970-01-01T01:00:01+01:00", true, 1000000000},
        {"1970-01-01T00:00:01.1234567899Z", true, 1123456789},
        {"1970-01-01", false, 0},
        {"1970-13-01T00:00:01Z", false, 0},
        {"1970-01-01T00:00:01", false, 0},
        {"1970-01-01T00:00:01Zx", false, 0},
        {"1970-01-01T00:00:01.Z", false, 0},
    };
    int64_t ns;

    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        CHECK(time_parse(cases[i].text, &ns) == cases[i].good);
        if (cases[i].good)
            CHECK_INT(ns, cases[i].ns);
    }
}

TEST(bounds_are_read_in_every_form)
{
    static const int64_t now = INT64_C(100000) * TIME_SECOND;
    static const struct {
        const char *text;
        bool good;
        int64_t ns;
    } cases[] = {
        {"12", true, 12 * TIME_SECOND},
        {"12.5", true, 12 * TIME_SECOND + 500000000},
        {"10m", true, now - 600 * TIME_SECOND},
        {"1h30m", true, now - 5400 * TIME_SECOND},
        {"1.5s", true, now - 1500000000},
        {"1970-01-02", true, 86400 * TIME_SECOND},
        {"1970-01-01T01:00", true, 3600 * TIME_SECOND},
        {"", false, 0},
        {"soon", false, 0},
        {"10q", false, 0},
        {"99999999999999999999", false, 0},
    };
    int64_t ns;

    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        CHECK(time_parse_any(cases[i].text, now, &ns) == cases[i].good);
        if (cases[i].good)
            CHECK_INT(ns, cases[i].ns);
    }
}

TEST(durations_for_people)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "Less than a second"}, {1, "1 second"},       {59, "59 seconds"},
        {60, "About a minute"},    {120, "2 minutes"},    {3600, "About an hour"},
        {7200, "2 hours"},         {172800, "2 days"},    {1209600, "2 weeks"},
        {7776000, "3 months"},     {94608000, "3 years"},
    };

    for (size_t i = 0; i < HULL_COUNT(cases); i++)
        CHECK_STR(time_human(arena, cases[i].seconds * TIME_SECOND), cases[i].text);
}

/* Filters "label": [a=1, b] and "name": [web], "status": []. */
static void make(struct filters *filters, const char **keys, struct hull_strv *values)
{
    static const char *labels[] = {"a=1", "b"}, *names[] = {"^we", "zz"};

    keys[0] = "label";
    keys[1] = "name";
    keys[2] = "status";
    values[0] = (struct hull_strv){2, labels};
    values[1] = (struct hull_strv){2, names};
    values[2] = (struct hull_strv){0, NULL};
    *filters = (struct filters){3, keys, values};
}

TEST(filters_choose)
{
    static struct hull_pair pairs[] = {{"a", "1"}, {"b", "x"}};
    struct hull_map both = {2, pairs}, one = {1, pairs};
    struct hull_strv values[3];
    const char *keys[3];
    struct filters filters;

    make(&filters, keys, values);
    CHECK(filters_labels(&filters, &both) && !filters_labels(&filters, &one));
    keys[0] = "label!";
    CHECK(!filters_labels(&filters, &one));
    keys[0] = "label";
    CHECK(filters_match(&filters, "name", "web1") && filters_match(&filters, "name", "azza"));
    CHECK(!filters_match(&filters, "name", "awe"));
    CHECK(filters_exact(&filters, "status", "anything"));
    CHECK(filters_exact(&filters, "absent", "anything"));
    CHECK(filters_prefix(&filters, "name", "zzz") && !filters_prefix(&filters, "name", "yzz"));
}

TEST_LIMIT(costly_patterns_are_not_tried, 10)
{
    static const char *const costly[] = {"(((a{1,99}){1,99}){1,99})",
                                         "((a{99}){,99}){1,9}",
                                         "((((((a{9}){9}){9}){9}){9}){9})",
                                         "(a*)*\\1b",
                                         "a++++++++++++++++++++++++++++++++++++++++",
                                         "((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+",
                                         "a{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}{1,}"};
    const char *keys[] = {"name"}, *pattern;
    struct hull_strv values[] = {{1, &pattern}};
    const struct filters filters = {1, keys, values};
    for (size_t i = 0; i < HULL_COUNT(costly); i++) {
        pattern = costly[i];
        CHECK(!filters_match(&filters, "name", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
        CHECK(filters_match(&filters, "name", costly[i]));
    }
    pattern = "^(web|db)+?-[0-9]+x*y?$";
    CHECK(filters_match(&filters, "name", "webdb-12xx") &&
          !filters_match(&filters, "name", "web-x"));
    pattern = "^web-[0-9]{2,3}\\.a$";
    CHECK(filters_match(&filters, "name", "web-123.a") &&
          !filters_match(&filters, "name", "web-1.a"));
}

FIBER_TEST(filters_are_checked)
{
    static const char *const allowed[] = {"label", "name", "status", NULL};
    static const char *const fewer[] = {"label", NULL};
    struct hull_strv values[3];
    const char *keys[3];
    struct filters filters;
    bool flag = false;

    make(&filters, keys, values);
    CHECK_OK(filters_check(call, &filters, allowed));
    CHECK_INT(filters_check(call, &filters, fewer), -HULL_INVALID);
    CHECK_STR(hull_error(call), "invalid filter 'name'");
    CHECK_INT(filters_bool(call, &filters, "name", &flag), -HULL_INVALID);
    CHECK_OK(filters_bool(call, &filters, "absent", &flag));
    CHECK(!flag);
    keys[2] = "dangling";
    values[2] = (struct hull_strv){1, (const char *[]){"true"}};
    CHECK_OK(filters_bool(call, &filters, "dangling", &flag));
    CHECK(flag);
}

TAP_MAIN
