/*
 * Sizes for people, and text in columns.
 */
#include "tap.h"

#include "table.h"
#include "units.h"

TEST(sizes)
{
    static const struct {
        double bytes;
        int digits;
        const char *text;
    } rows[] = {{0, 4, "0B"},
                {1, 4, "1B"},
                {999, 3, "999B"},
                {1000, 4, "1kB"},
                {1024, 3, "1.02kB"},
                {2430, 3, "2.43kB"},
                {1984000, 3, "1.98MB"},
                {1984000, 4, "1.984MB"},
                {9439000, 4, "9.439MB"},
                {1e9, 4, "1GB"},
                {1.5e12, 3, "1.5TB"}};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t i = 0; i < HULL_COUNT(rows); i++)
        CHECK_STR(units_size(arena, rows[i].bytes, rows[i].digits), rows[i].text);
    CHECK_STR(units_binary(arena, 980 * 1024), "980KiB");
    CHECK_STR(units_binary(arena, 25279614976.0), "23.54GiB");
    CHECK_STR(units_binary(arena, 0), "0B");
}

TEST(sizes_as_typed)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: none */
    } rows[] = {{"64m", 64 << 20},   {"64M", 64 << 20},
                {"64mb", 64 << 20},  {"64MiB", 64 << 20},
                {"1g", 1 << 30},     {"1.5k", 1536},
                {"512", 512},        {"512b", 512},
                {"32 kb", 32 << 10}, {"0", 0},
                {"lots", -1},        {"", -1},
                {"-1", -1},          {"1x", -1},
                {"1..5m", -1},       {" 1m", -1},
                {"1m ", -1},         {"99999999999p", -1}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        int64_t bytes = -1;
        CHECK(units_parse_bytes(rows[i].text, &bytes) == (rows[i].bytes >= 0));
        if (rows[i].bytes >= 0)
            CHECK_INT(bytes, rows[i].bytes);
    }
}

TEST(ellipsis)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_STR(units_ellipsis(arena, "sleep 1000", 20), "sleep 1000");
    CHECK_STR(units_ellipsis(arena, "12345678901234567890", 20), "12345678901234567890");
    CHECK_STR(units_ellipsis(arena, "123456789012345678901", 20), "1234567890123456789…");
    CHECK_STR(units_ellipsis(arena, "ääää", 3), "ää…");
}

static const char *aligned(struct hull_arena *arena, const char *text)
{
    struct hull_text out = HULL_TEXT(arena);
    table_align(&out, text, 10, 3);
    return out.data;
}

TEST(tables)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_STR(aligned(arena, "CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES\n"),
              "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n");
    CHECK_STR(aligned(arena, "DRIVER\tVOLUME NAME\nlocal\tvv\n"),
              "DRIVER    VOLUME NAME\nlocal     vv\n");
    CHECK_STR(aligned(arena, "A\tB\nlonger than ten\tx\n"),
              "A                 B\nlonger than ten   x\n");
    /* Characters count, not bytes; the last cell is not padded. */
    CHECK_STR(aligned(arena, "ääää\tx\n"), "ääää      x\n");
    /* A line without the cell ends the column. */
    CHECK_STR(aligned(arena, "a\tb\nplain\nlonger than ten\tb\n"),
              "a         b\nplain\nlonger than ten   b\n");
    CHECK_STR(aligned(arena, "\n"), "\n");
    CHECK_STR(aligned(arena, "x\t\n"), "x         \n");
}

TAP_MAIN
