/* Arenas, lists, text. */
#include "tap.h"

TEST(memory_is_zeroed_and_aligned)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    for (size_t size = 1; size < 5000; size += 37) {
        unsigned char *data = hull_arena_alloc(arena, size);
        CHECK((uintptr_t)data % 16 == 0);
        for (size_t i = 0; i < size; i++)
            CHECK(data[i] == 0);
        memset(data, 0xff, size);
    }
}

TEST(reset_keeps_one_block)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK_INT(hull_arena_size(arena), 0);
    hull_arena_reset(arena);
    hull_arena_alloc(arena, 1);
    size_t first = hull_arena_size(arena);
    for (int i = 0; i < 1000; i++)
        memset(hull_arena_alloc(arena, 1000), 0xff, 1000);
    CHECK(hull_arena_size(arena) >= 1000000);
    hull_arena_reset(arena);
    CHECK_INT(hull_arena_size(arena), first);
    CHECK_INT(*(char *)hull_arena_alloc(arena, 1), 0);
}

TEST(large_pieces)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    size_t size = (size_t)8 << 20;
    char *data = hull_arena_alloc(arena, size);
    data[size - 1] = 1;
    char *small = hull_arena_alloc(arena, 10);
    small[9] = 1;
    CHECK(hull_arena_size(arena) < size + ((size_t)3 << 20));
}

TEST(strings)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    CHECK(hull_arena_strdup(arena, NULL) == NULL);
    CHECK_STR(hull_arena_strdup(arena, ""), "");
    CHECK_STR(hull_arena_strndup(arena, "abcdef", 3), "abc");
    CHECK_STR(hull_arena_printf(arena, "%s-%d", "x", 7), "x-7");
    char long_text[1000];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    CHECK_STR(hull_arena_printf(arena, "%s", long_text), long_text);
}

TEST(text_grows)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena), other = HULL_TEXT(arena);
    for (int i = 0; i < 1000; i++) {
        hull_text_printf(&text, "%d,", i);
        hull_text_puts(&other, "x");
        hull_text_add(&text, "\0", 1);
    }
    CHECK_INT(other.length, 1000);
    CHECK_INT(strlen(other.data), 1000);
    const char *at = text.data;
    for (int i = 0; i < 1000; i++) {
        CHECK_INT((int)strtol(at, NULL, 10), i);
        at += strlen(at) + 1;
    }
    CHECK_INT(at - text.data, text.length);
    CHECK_INT(*at, 0);
    CHECK(hull_arena_size(arena) < 100000);
}

TEST(lists_grow_in_constant_time)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_strv a = {}, b = {};
    for (int i = 0; i < 50000; i++) {
        hull_strv_add(arena, &a, "a");
        hull_strv_add(arena, &b, "b");
    }
    CHECK_INT(a.n, 50000);
    for (size_t i = 0; i < a.n; i++) {
        CHECK_STR(a.v[i], "a");
        CHECK_STR(b.v[i], "b");
    }
    CHECK(hull_arena_size(arena) < 8000000);
}

TEST(a_list_from_elsewhere_is_copied_first)
{
    HULL_AUTO_ARENA *arena = hull_arena_new(), *other = hull_arena_new();
    static const char *constant[] = {"1", "2", "3"};
    struct hull_strv list = {3, constant};
    hull_strv_add(arena, &list, "4");
    CHECK(list.v != constant);
    CHECK_INT(list.n, 4);
    CHECK_STR(list.v[2], "3");
    CHECK_STR(list.v[3], "4");

    /* An array of exactly its size, as decoders make them. */
    struct hull_strv exact = {2, HULL_NEW_ARRAY(arena, const char *, 2)};
    const char **next = HULL_NEW_ARRAY(arena, const char *, 2);
    hull_strv_add(arena, &exact, "x");
    CHECK(next[0] == NULL && exact.v[2] != NULL);

    struct hull_strv foreign = {};
    hull_strv_add(other, &foreign, "1");
    const char **was = foreign.v;
    hull_strv_add(arena, &foreign, "2");
    CHECK(foreign.v != was);
}

/* The same memory again, with the head of an old array where padding is now. */
TEST(what_was_there_before_is_no_head)
{
    struct hull_arena *arena = hull_arena_new();
    struct hull_strv list = {0};
    hull_arena_alloc(arena, 48);
    hull_strv_add(arena, &list, "old");
    hull_arena_reset(arena);
    hull_arena_alloc(arena, 48);
    uint32_t *looks_like_a_head = hull_arena_alloc(arena, 8);
    looks_like_a_head[0] = 0; /* used */
    looks_like_a_head[1] = 4; /* capacity */
    const char **array = HULL_NEW_ARRAY(arena, const char *, 1);
    list = (struct hull_strv){.v = array};
    hull_strv_add(arena, &list, "new");
    CHECK(list.v != array);
    hull_arena_free(arena);
}

TEST(two_lists_that_share_an_array_part)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_strv a = {};
    hull_strv_add(arena, &a, "0");
    struct hull_strv b = a;
    hull_strv_add(arena, &a, "a");
    hull_strv_add(arena, &b, "b");
    CHECK_STR(a.v[1], "a");
    CHECK_STR(b.v[1], "b");
}

TEST(maps)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_map map = {};
    CHECK(hull_map_find(&map, "k") == NULL);
    hull_map_set(arena, &map, "k", "1");
    hull_map_set(arena, &map, "l", "2");
    hull_map_set(arena, &map, "k", "3");
    CHECK_INT(map.n, 2);
    CHECK_STR(hull_map_find(&map, "k"), "3");
    struct {
        size_t n;
        const char **keys;
        struct hull_pair *v;
    } typed = {};
    HULL_MSGMAP_ADD(arena, &typed, "x")->value = "1";
    HULL_MSGMAP_ADD(arena, &typed, "y")->value = "2";
    CHECK_STR(HULL_MSGMAP_FIND(&typed, "y")->value, "2");
    CHECK(HULL_MSGMAP_FIND(&typed, "z") == NULL);
}

TEST(null_is_an_empty_string)
{
    CHECK(hull_streq(NULL, ""));
    CHECK(!hull_streq("a", NULL));
    const char *v[] = {"a", NULL};
    struct hull_strv list = {2, v};
    CHECK(hull_strv_contains(&list, "a"));
    CHECK(!hull_strv_contains(&list, "b"));
}

TAP_MAIN
