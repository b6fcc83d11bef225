/* Messages as bytes and as a line of text. */
#define HULL_DEFINE_TABLES
#include "tap.h"

#include "messages.h"
#include "plugins/common/show.h"
#include "plugins/common/wire.h"

#define TREE_FIELDS(F, T) F(T, LIST, tree, below, "Below", 0, "Smaller trees")
HULL_MESSAGE_DECLARE(tree, TREE_FIELDS)
HULL_MESSAGE_DEFINE(tree, TREE_FIELDS)

#define MANY_FIELDS(F, T) F(T, LIST, all, all, "All", 0, "Large structs")
HULL_MESSAGE(many, MANY_FIELDS)

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
    char *line = message_show(arena, &all_message, &a);
    CHECK_HAS(line, "Number=-42");
    CHECK_HAS(line, "Password=…");
    CHECK_HAS(line, "Ints=[0 -9223372036854775808]");
    CHECK_HAS(line, "Raw=\"a\\x0ab\\\"\"");
    CHECK_HAS(line, "PartSize=7");
    CHECK(strstr(line, "hunter2") == NULL && strstr(line, long_text) == NULL);
    CHECK_STR(message_show(arena, &hull_empty_message, &(struct hull_empty){0}), "");
}

/* --- the binary form ------------------------------------------------------------------------- */

static int encode(struct hull_arena *arena, const struct all *a, void **data, size_t *size)
{
    struct hull_problem problem = {0};
    struct hull_ints fds;
    return wire_encode(arena, &all_message, a, data, size, &fds, &problem);
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
    CHECK_INT(wire_decode(arena, &all_message, data, size, NULL, 0, &b, &problem), 0);
    check_filled(&b);
    CHECK_STR(b.password, "hunter2");

    /* An empty message stays one. */
    hull_message_init(&all_message, &a);
    a.text = "";
    CHECK_INT(encode(arena, &a, &data, &size), 0);
    CHECK_INT(wire_decode(arena, &all_message, data, size, NULL, 0, &b, &problem), 0);
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
    int rc = wire_encode(arena, &all_message, &a, &data, &size, NULL, &problem);
    CHECK_INT(rc, -HULL_INTERNAL);
    rc = wire_encode(arena, &all_message, &a, &data, &size, &fds, &problem);
    CHECK_INT(rc, 0);
    CHECK_INT(fds.n, 2);
    const int here[] = {100, 101};
    CHECK_INT(wire_decode(arena, &all_message, data, size, here, 2, &b, &problem), 0);
    CHECK_INT(b.fd + b.leaves.v[1].fd, 201);
    CHECK_INT(wire_decode(arena, &all_message, data, size, here, 1, &b, &problem), -HULL_INVALID);
    CHECK_INT(b.fd, -1);
    a.stream = (struct hull_stream *)(void *)&a;
    rc = wire_encode(arena, &all_message, &a, &data, &size, &fds, &problem);
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
    int rc = wire_decode(arena, &all_message, copy, size, NULL, 0, &b, &problem);
    free(copy);
    if (rc < 0) {
        CHECK(problem.kind == (enum hull_kind) - rc && problem.text[0] != '\0');
        CHECK(b.fd == -1 && b.text == NULL);
        return rc;
    }
    /* What was accepted can be shown and encoded again. */
    void *again;
    size_t again_size;
    CHECK(message_show(arena, &all_message, &b) != NULL);
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
    CHECK_INT(wire_encode(arena, &tree_message, &top, &data, &size, NULL, &problem), 0);
    CHECK_INT(wire_decode(arena, &tree_message, data, size, NULL, 0, &decoded, &problem), 0);
    for (int i = 0; i < 10; i++)
        at = HULL_LIST_ADD(arena, &at->below);
    CHECK_INT(wire_encode(arena, &tree_message, &top, &data, &size, NULL, &problem),
              -HULL_TOO_LARGE);

    /* Many large structs in few bytes. */
    struct many many = {};
    for (int i = 0; i < 100000; i++)
        hull_message_init(&all_message, HULL_LIST_ADD(arena, &many.all));
    CHECK_INT(wire_encode(arena, &many_message, &many, &data, &size, NULL, &problem), 0);
    CHECK_INT(wire_decode(arena, &many_message, data, size, NULL, 0, &many, &problem),
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
    CHECK_INT(wire_encode(arena, &leaf_message, &leaf, &data, &size, NULL, &problem), 0);
    int rc = wire_decode(arena, &part_message, data, size, NULL, 0, &part, &problem);
    CHECK_INT(rc, -HULL_INVALID);
    CHECK_HAS(problem.text, "another message");
}

TAP_MAIN
