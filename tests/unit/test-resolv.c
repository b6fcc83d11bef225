/* What is taken of a resolv.conf. */
#include "tap.h"

#include "plugins/common/resolv.h"

static struct resolv parse(struct hull_arena *arena, const char *text)
{
    struct resolv resolv = {0};
    resolv_parse(arena, hull_arena_strdup(arena, text), &resolv);
    return resolv;
}

TEST(what_it_says_is_read)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct resolv resolv = parse(arena, "# comment\n"
                                        "nameserver 192.0.2.1\n"
                                        "domain old.example\n"
                                        "nameserver\t::1  \r\n"
                                        "search a.example  b.example\n"
                                        "options edns0 ndots:2\n"
                                        "options rotate");
    CHECK_INT(resolv.servers.n, 2);
    CHECK_STR(resolv.servers.v[1], "::1");
    CHECK_INT(resolv.search.n, 2);
    CHECK_STR(resolv.search.v[0], "a.example");
    CHECK_INT(resolv.options.n, 3);
    CHECK_STR(resolv.options.v[2], "rotate");
    struct hull_strv reachable = resolv_reachable(arena, &resolv.servers);
    CHECK_INT(reachable.n, 1);
    CHECK_STR(reachable.v[0], "192.0.2.1");
}

TEST(what_is_no_address_or_word_is_left_out)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct resolv resolv = parse(arena, "nameserver example.com\nnameserver 1.2.3\nnameserver\n"
                                        "nameservers 192.0.2.1\nsearch \x01 \xc3\xa9 ok\n\n");
    CHECK_INT(resolv.servers.n, 0);
    CHECK_INT(resolv.search.n, 1);
    CHECK_STR(resolv.search.v[0], "ok");
    CHECK(!resolv_is_loopback("192.0.2.1"));
    CHECK(!resolv_is_loopback("127"));
    CHECK(resolv_is_loopback("127.0.0.53"));
}

TAP_MAIN
