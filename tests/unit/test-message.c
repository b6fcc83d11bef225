/* Messages: tables, copies, releasing. */
#define HULL_DEFINE_TABLES
#include "tap.h"

#include <fcntl.h>

#include <hull/stream.h>

#include "messages.h"

TEST(find_goes_through_embedded_messages)
{
    size_t offset = 0;
    const struct hull_field *field = hull_field_find(&all_message, "PartSize", &offset);
    CHECK(field != NULL && field->type == HULL_INT);
    CHECK_INT(offset, offsetof(struct all, embedded.part_size));
    CHECK(hull_field_find(&all_message, "partsize", &offset) == NULL);
    CHECK(hull_field_find(&all_message, "Nothing", &offset) == NULL);
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

TAP_MAIN
