/* Messages: tables, copies, the binary form. */
#define HULL_DEFINE_TABLES
#include "tap.h"

#include <fcntl.h>
#include <math.h>

#include <hull/wire.h>

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

#define TREE_FIELDS(F, T) F(T, LIST, tree, below, "Below", 0, "Smaller trees")
HULL_MESSAGE_DECLARE(tree, TREE_FIELDS)
HULL_MESSAGE_DEFINE(tree, TREE_FIELDS)

#define MANY_FIELDS(F, T) F(T, LIST, all, all, "All", 0, "Large structs")
HULL_MESSAGE(many, MANY_FIELDS)

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

TEST(find_goes_through_embedded_messages)
{
    size_t offset = 0;
    const struct hull_field *field = hull_field_find(&all_message, "PartSize", false, &offset);
    CHECK(field != NULL && field->type == HULL_INT);
    CHECK_INT(offset, offsetof(struct all, embedded.part_size));
    CHECK(hull_field_find(&all_message, "partsize", false, &offset) == NULL);
    CHECK(hull_field_find(&all_message, "partsize", true, &offset) == field);
    CHECK(hull_field_find(&all_message, "Nothing", true, &offset) == NULL);
    for (size_t i = 0; i + 1 < all_message.count; i++) {
        const struct hull_field *a = &all_message.fields[i];
        CHECK(a->offset + hull_type_size(a) <= all_message.fields[i + 1].offset);
    }
}

TEST(init_makes_everything_empty)
{
    struct all a;
    memset(&a, 0xff, sizeof(a));
    hull_message_init(&all_message, &a);
    CHECK_INT(a.fd, -1);
    CHECK_INT(a.inside.fd, -1);
    for (size_t i = 0; i < all_message.count; i++) {
        const struct hull_field *field = &all_message.fields[i];
        CHECK(hull_field_empty(field, (char *)&a + field->offset));
    }
}

TEST(a_copy_is_deep)
{
    struct all a, b;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_arena *short_lived = hull_arena_new();
    fill(short_lived, &a);
    a.inside.fd = 1000;
    hull_message_copy(arena, &all_message, &a, &b);
    hull_arena_free(short_lived);
    check_filled(&b);
    CHECK_INT(a.inside.fd, -1);
    CHECK_INT(b.inside.fd, 1000);
}

TEST(release_closes_all)
{
    struct all a;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    int *const places[] = {&a.fd,
                           &a.inside.fd,
                           &a.pointer->fd,
                           &a.leaves.v[1].fd,
                           &a.by_name.v->fd,
                           &a.lists.v->v->fd};
    for (size_t i = 0; i < HULL_COUNT(places); i++)
        *places[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    a.stream = hull_stream_from_fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    hull_message_release(&all_message, &a);
    hull_message_release(&all_message, &a);
    CHECK(a.stream == NULL && *places[5] == -1);
}

TEST(show_hides_secrets_and_cuts)
{
    struct all a;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    char long_text[300];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    a.text = long_text;
    a.raw = "a\nb\"";
    char *line = hull_message_show(arena, &all_message, &a);
    CHECK_HAS(line, "Number=-42");
    CHECK_HAS(line, "Password=…");
    CHECK_HAS(line, "Ints=[0 -9223372036854775808]");
    CHECK_HAS(line, "Raw=\"a\\x0ab\\\"\"");
    CHECK_HAS(line, "PartSize=7");
    CHECK(strstr(line, "hunter2") == NULL && strstr(line, long_text) == NULL);
    CHECK_STR(hull_message_show(arena, &hull_empty_message, &(struct hull_empty){0}), "");
}

/* --- the binary form ------------------------------------------------------------------------- */

static int encode(struct hull_arena *arena, const struct all *a, void **data, size_t *size)
{
    struct hull_problem problem = {0};
    struct hull_ints fds;
    return hull_wire_encode(arena, &all_message, a, data, size, &fds, &problem);
}

TEST(round_trip)
{
    struct all a, b;
    void *data;
    size_t size;
    struct hull_problem problem = {0};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    CHECK_INT(encode(arena, &a, &data, &size), 0);
    memset(&b, 0xff, sizeof(b));
    CHECK_INT(hull_wire_decode(arena, &all_message, data, size, NULL, 0, &b, &problem), 0);
    check_filled(&b);
    CHECK_STR(b.password, "hunter2");

    /* An empty message stays one. */
    hull_message_init(&all_message, &a);
    a.text = "";
    CHECK_INT(encode(arena, &a, &data, &size), 0);
    CHECK_INT(hull_wire_decode(arena, &all_message, data, size, NULL, 0, &b, &problem), 0);
    CHECK_STR(b.text, "");
    CHECK(b.raw == NULL && b.pointer == NULL && b.fd == -1);
}

TEST(descriptors_travel_beside)
{
    struct all a, b;
    void *data;
    size_t size;
    struct hull_ints fds = {};
    struct hull_problem problem = {0};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    a.fd = 5;
    a.leaves.v[1].fd = 6;
    int rc = hull_wire_encode(arena, &all_message, &a, &data, &size, NULL, &problem);
    CHECK_INT(rc, -HULL_INTERNAL);
    rc = hull_wire_encode(arena, &all_message, &a, &data, &size, &fds, &problem);
    CHECK_INT(rc, 0);
    CHECK_INT(fds.n, 2);
    const int here[] = {100, 101};
    CHECK_INT(hull_wire_decode(arena, &all_message, data, size, here, 2, &b, &problem), 0);
    CHECK_INT(b.fd + b.leaves.v[1].fd, 201);
    CHECK_INT(hull_wire_decode(arena, &all_message, data, size, here, 1, &b, &problem),
              -HULL_INVALID);
    CHECK_INT(b.fd, -1);
    a.stream = (struct hull_stream *)(void *)&a;
    rc = hull_wire_encode(arena, &all_message, &a, &data, &size, &fds, &problem);
    CHECK_INT(rc, -HULL_INTERNAL);
    CHECK_HAS(problem.text, "Stream");
}

/* Decode a copy of exactly SIZE bytes, so that the address sanitizer sees a step too far. */
static int decode_copy(const void *data, size_t size)
{
    struct all b;
    struct hull_problem problem = {0};
    HULL_AUTO_ARENA *arena = hull_arena_new();
    char *copy = malloc(size + (size == 0));
    memcpy(copy, data, size);
    int rc = hull_wire_decode(arena, &all_message, copy, size, NULL, 0, &b, &problem);
    free(copy);
    if (rc < 0) {
        CHECK(problem.kind == (enum hull_kind) - rc && problem.text[0] != '\0');
        CHECK(b.fd == -1 && b.text == NULL);
        return rc;
    }
    /* What was accepted can be shown and encoded again. */
    void *again;
    size_t again_size;
    CHECK(hull_message_show(arena, &all_message, &b) != NULL);
    CHECK_INT(encode(arena, &b, &again, &again_size), 0);
    CHECK(hull_arena_size(arena) < ((size_t)4 << 20));
    return 0;
}

TEST_LIMIT(every_truncation_is_an_error, 60)
{
    struct all a;
    void *data;
    size_t size;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    CHECK_INT(encode(arena, &a, &data, &size), 0);
    for (size_t cut = 0; cut < size; cut++) {
        CHECK_INT(decode_copy(data, cut), -HULL_INVALID);
        /* With a length that fits, too. */
        char *copy = malloc(cut + 8);
        memcpy(copy, data, cut);
        uint32_t length = (uint32_t)cut;
        memcpy(copy + 4, &length, sizeof(length));
        if (cut >= 8)
            CHECK_INT(decode_copy(copy, cut), -HULL_INVALID);
        free(copy);
    }
    char *longer = malloc(size + 1);
    memcpy(longer, data, size);
    longer[size] = 0;
    uint32_t length = (uint32_t)size + 1;
    memcpy(longer + 4, &length, sizeof(length));
    CHECK_INT(decode_copy(longer, size + 1), -HULL_INVALID);
    free(longer);
}

TEST_LIMIT(every_bit_flip_is_an_error_or_a_message, 60)
{
    struct all a;
    void *data;
    size_t size;
    unsigned accepted = 0;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    CHECK_INT(encode(arena, &a, &data, &size), 0);
    for (size_t bit = 0; bit < size * 8; bit++) {
        unsigned char *bytes = data;
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        accepted += decode_copy(bytes, size) == 0;
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK(accepted > 0 && accepted < size * 8);
}

TEST_LIMIT(random_bytes_are_survived, 60)
{
    struct all a;
    void *data;
    size_t size;
    HULL_AUTO_ARENA *arena = hull_arena_new();
    fill(arena, &a);
    CHECK_INT(encode(arena, &a, &data, &size), 0);
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        unsigned char *copy = malloc(size);
        memcpy(copy, data, size);
        for (int i = 0; i < 1 + round % 5; i++) {
            /* Behind the head, or nothing would get far. */
            size_t at = 19 + (size_t)random() % (size - 19);
            copy[at] = (unsigned char)random();
        }
        decode_copy(copy, size);
        free(copy);
    }
}

TEST(depth_and_memory_are_bounded)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct tree top = {}, *at = &top, decoded;
    void *data;
    size_t size;
    struct hull_problem problem = {0};
    for (int i = 0; i < 60; i++)
        at = HULL_LIST_ADD(arena, &at->below);
    CHECK_INT(hull_wire_encode(arena, &tree_message, &top, &data, &size, NULL, &problem), 0);
    CHECK_INT(hull_wire_decode(arena, &tree_message, data, size, NULL, 0, &decoded, &problem), 0);
    for (int i = 0; i < 10; i++)
        at = HULL_LIST_ADD(arena, &at->below);
    CHECK_INT(hull_wire_encode(arena, &tree_message, &top, &data, &size, NULL, &problem),
              -HULL_TOO_LARGE);

    /* Many large structs in few bytes. */
    struct many many = {};
    for (int i = 0; i < 100000; i++)
        hull_message_init(&all_message, HULL_LIST_ADD(arena, &many.all));
    CHECK_INT(hull_wire_encode(arena, &many_message, &many, &data, &size, NULL, &problem), 0);
    CHECK_INT(hull_wire_decode(arena, &many_message, data, size, NULL, 0, &many, &problem),
              -HULL_TOO_LARGE);
}

TEST(another_table_is_refused)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct leaf leaf = {.name = "x", .fd = -1};
    struct part part;
    void *data;
    size_t size;
    struct hull_problem problem = {0};
    CHECK_INT(hull_wire_encode(arena, &leaf_message, &leaf, &data, &size, NULL, &problem), 0);
    int rc = hull_wire_decode(arena, &part_message, data, size, NULL, 0, &part, &problem);
    CHECK_INT(rc, -HULL_INVALID);
    CHECK_HAS(problem.text, "another message");
}

TAP_MAIN
