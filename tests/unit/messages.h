/* A message with a field of each type, for the tests of what works on tables. */
#ifndef TESTS_UNIT_MESSAGES_H
#define TESTS_UNIT_MESSAGES_H

#include <hull/arena.h>
#include <hull/message.h>

#define LEAF_FIELDS(F, T)                    \
    F(T, STRING, _, name, "Name", 0, "Name") \
    F(T, INT, _, size, "Size", 0, "Size")    \
    F(T, FD, _, fd, "Fd", 0, "Descriptor")
HULL_MESSAGE(leaf, LEAF_FIELDS)

#define PART_FIELDS(F, T)                             \
    F(T, STRING, _, part_name, "PartName", 0, "Name") \
    F(T, INT, _, part_size, "PartSize", 0, "Size")
HULL_MESSAGE(part, PART_FIELDS)

#define ALL_FIELDS(F, T)                                           \
    F(T, BOOL, _, flag, "Flag", 0, "A flag")                       \
    F(T, INT, _, number, "Number", 0, "A number")                  \
    F(T, DOUBLE, _, ratio, "Ratio", 0, "A ratio")                  \
    F(T, STRING, _, text, "Text", 0, "A text")                     \
    F(T, STRING, _, password, "Password", HULL_SECRET, "A secret") \
    F(T, OPT_BOOL, _, maybe, "Maybe", 0, "Perhaps")                \
    F(T, OPT_INT, _, limit, "Limit", 0, "Perhaps")                 \
    F(T, STRV, _, list, "List", 0, "Strings")                      \
    F(T, INTS, _, ints, "Ints", 0, "Integers")                     \
    F(T, MAP, _, labels, "Labels", 0, "Strings by name")           \
    F(T, SET, _, ports, "Ports", 0, "A set")                       \
    F(T, JSON, _, raw, "Raw", 0, "Anything")                       \
    F(T, MESSAGE, leaf, inside, "Inside", 0, "A message")          \
    F(T, EMBED, part, embedded, "", 0, "Fields at this level")     \
    F(T, POINTER, leaf, pointer, "Pointer", 0, "One or none")      \
    F(T, LIST, leaf, leaves, "Leaves", 0, "Messages")              \
    F(T, MSGMAP, leaf, by_name, "ByName", 0, "Messages by name")   \
    F(T, LISTMAP, leaf, lists, "Lists", 0, "Lists by name")        \
    F(T, STRVMAP, _, words, "Words", 0, "Words by name")           \
    F(T, FD, _, fd, "TopFd", 0, "A descriptor")                    \
    F(T, STREAM, _, stream, "Stream", 0, "A stream")
HULL_MESSAGE(all, ALL_FIELDS)

static void fill(struct hull_arena *arena, struct all *a)
{
    hull_message_init(&all_message, a);
    a->flag = true;
    a->number = -42;
    a->ratio = 1.5;
    a->text = "text";
    a->password = "hunter2";
    a->maybe = (struct hull_opt_bool){true, false};
    a->limit = (struct hull_opt_int){true, 0};
    hull_strv_add(arena, &a->list, "one");
    hull_strv_add(arena, &a->list, "");
    a->ints.n = 2;
    a->ints.v = HULL_NEW_ARRAY(arena, int64_t, 2);
    a->ints.v[1] = INT64_MIN;
    hull_map_set(arena, &a->labels, "k", "v");
    hull_map_set(arena, &a->labels, "null", NULL);
    hull_strv_add(arena, &a->ports, "80/tcp");
    a->raw = "{\"a\":[1]}";
    a->inside.name = "in";
    a->embedded.part_size = 7;
    a->pointer = HULL_NEW(arena, struct leaf);
    hull_message_init(&leaf_message, a->pointer);
    a->pointer->name = "behind";
    for (int i = 0; i < 3; i++) {
        struct leaf *l = HULL_LIST_ADD(arena, &a->leaves);
        hull_message_init(&leaf_message, l);
        l->size = i;
    }
    struct leaf *named = HULL_MSGMAP_ADD(arena, &a->by_name, "x");
    hull_message_init(&leaf_message, named);
    named->name = "by name";
    struct leaf_list *list = HULL_MSGMAP_ADD(arena, &a->lists, "l");
    struct leaf *l = HULL_LIST_ADD(arena, list);
    hull_message_init(&leaf_message, l);
    l->name = "in a list of a map";
    hull_strv_add(arena, HULL_MSGMAP_ADD(arena, &a->words, "w"), "word");
}

static void check_filled(const struct all *a)
{
    CHECK(a->flag && a->number == -42 && a->ratio == 1.5);
    CHECK_STR(a->text, "text");
    CHECK(a->maybe.set && !a->maybe.value && a->limit.set && a->limit.value == 0);
    CHECK_INT(a->list.n, 2);
    CHECK_STR(a->list.v[0], "one");
    CHECK_STR(a->list.v[1], "");
    CHECK(a->ints.n == 2 && a->ints.v[0] == 0 && a->ints.v[1] == INT64_MIN);
    CHECK_STR(hull_map_find(&a->labels, "k"), "v");
    CHECK(a->labels.n == 2 && a->labels.v[1].value == NULL);
    CHECK_STR(a->ports.v[0], "80/tcp");
    CHECK_STR(a->raw, "{\"a\":[1]}");
    CHECK_STR(a->inside.name, "in");
    CHECK_INT(a->embedded.part_size, 7);
    CHECK_STR(a->pointer->name, "behind");
    CHECK(a->leaves.n == 3 && a->leaves.v[2].size == 2 && a->leaves.v[2].fd == -1);
    CHECK_STR(HULL_MSGMAP_FIND(&a->by_name, "x")->name, "by name");
    CHECK_STR(HULL_MSGMAP_FIND(&a->lists, "l")->v[0].name, "in a list of a map");
    CHECK_STR(HULL_MSGMAP_FIND(&a->words, "w")->v[0], "word");
}

#endif
