/* Pools of addresses. */
#include "tap.h"

#include "plugins/support/ipam/pool.h"

#include <stdio.h>

static void make(struct pool *pool, const char *net_text, const char *range_text)
{
    struct ip_net net, range;
    CHECK(ip_net_parse(net_text, &net));
    CHECK(range_text == NULL || ip_net_parse(range_text, &range));
    pool_init(pool, &net, range_text == NULL ? NULL : &range);
}

static const char *choose(struct pool *pool, const char *owner)
{
    static char text[IP_TEXT_SIZE];
    struct ip_addr addr;
    return pool_choose(pool, owner, &addr) == POOL_OK ? ip_text(&addr, text) : "full";
}

TEST(addresses_go_up_and_rest_for_a_round)
{
    struct pool pool;
    struct ip_addr addr;
    make(&pool, "10.1.2.0/29", NULL);
    CHECK_STR(choose(&pool, "a"), "10.1.2.1");
    CHECK_STR(choose(&pool, "b"), "10.1.2.2");
    CHECK(ip_parse("10.1.2.1", &addr));
    CHECK_STR(pool_owner(&pool, &addr), "a");
    pool_free(&pool, &addr);
    pool_free(&pool, &addr);
    CHECK(pool_owner(&pool, &addr) == NULL);
    CHECK_STR(choose(&pool, "c"), "10.1.2.3");
    for (int i = 4; i <= 6; i++)
        choose(&pool, "d");
    CHECK_STR(choose(&pool, "e"), "10.1.2.1");
    CHECK_STR(choose(&pool, "f"), "full");
    pool_done(&pool);
}

TEST(one_that_is_asked_for)
{
    struct pool pool;
    struct ip_addr addr;
    make(&pool, "172.28.5.0/24", "172.28.5.128/25");
    CHECK_STR(choose(&pool, "a"), "172.28.5.128");
    CHECK(ip_parse("172.28.5.7", &addr));
    CHECK(pool_take(&pool, &addr, "b") == POOL_OK);
    CHECK(pool_take(&pool, &addr, "b") == POOL_TAKEN);
    CHECK(ip_parse("172.28.5.129", &addr));
    CHECK(pool_take(&pool, &addr, "c") == POOL_OK);
    CHECK_STR(choose(&pool, "a"), "172.28.5.130");
    CHECK(ip_parse("172.28.6.1", &addr) && pool_take(&pool, &addr, "d") == POOL_OUTSIDE);
    CHECK(ip_parse("172.28.5.255", &addr) && pool_take(&pool, &addr, "d") == POOL_TAKEN);
    CHECK(ip_parse("fd00::1", &addr) && pool_take(&pool, &addr, "d") == POOL_OUTSIDE);
    pool_done(&pool);
}

TEST(big_and_small_pools)
{
    struct pool pool;
    make(&pool, "10.1.2.4/31", NULL);
    CHECK_STR(choose(&pool, "a"), "10.1.2.4");
    CHECK_STR(choose(&pool, "a"), "10.1.2.5");
    CHECK_STR(choose(&pool, "a"), "full");
    pool_done(&pool);
    make(&pool, "fd00::/64", NULL);
    CHECK_STR(choose(&pool, "a"), "fd00::1");
    pool_done(&pool);
    make(&pool, "10.0.0.0/8", NULL);
    for (int i = 0; i < 10000; i++)
        CHECK(strcmp(choose(&pool, "a"), "full") != 0);
    CHECK_STR(choose(&pool, "b"), "10.0.39.17");
    pool_done(&pool);
}

TEST(a_network_that_overlaps_nothing)
{
    struct ip_net base, used[3], net;
    char text[IP_TEXT_SIZE];
    CHECK(ip_net_parse("10.201.0.0/16", &base));
    CHECK(ip_net_parse("10.201.0.7/24", &used[0]) && ip_net_parse("10.201.2.0/23", &used[1]) &&
          ip_net_parse("192.168.0.0/16", &used[2]));
    pool_sort_nets(used, 3);
    CHECK(pool_find_net(&base, 24, used, 3, &net));
    CHECK_STR(ip_net_text(&net, text), "10.201.1.0/24");
    CHECK(pool_find_net(&base, 23, used, 3, &net));
    CHECK_STR(ip_net_text(&net, text), "10.201.4.0/23");
    /* One within another one, and behind it a free place. */
    CHECK(ip_net_parse("10.201.0.0/18", &used[0]) && ip_net_parse("10.201.3.0/24", &used[1]) &&
          ip_net_parse("10.201.64.0/24", &used[2]));
    pool_sort_nets(used, 3);
    CHECK(pool_find_net(&base, 24, used, 3, &net));
    CHECK_STR(ip_net_text(&net, text), "10.201.65.0/24");
    CHECK(ip_net_parse("10.0.0.0/8", &used[0]));
    CHECK(!pool_find_net(&base, 24, used, 3, &net));
    CHECK(ip_net_parse("255.255.255.0/24", &base) && ip_net_parse("255.255.255.0/24", &used[0]));
    CHECK(!pool_find_net(&base, 25, used, 1, &net));
}

/* What is looked at, rather than the time it takes, grows no faster than the number of leases. */
TEST(ten_thousand_leases_cost_a_few_steps_each)
{
    enum { COUNT = 10000 };
    static struct ip_addr addrs[COUNT];
    struct pool pool;
    char owner[32];
    make(&pool, "10.32.0.0/16", NULL);
    uint64_t before = pool_steps();
    for (int i = 0; i < COUNT; i++) {
        snprintf(owner, sizeof(owner), "container %d", i);
        CHECK(pool_choose(&pool, owner, &addrs[i]) == POOL_OK);
    }
    CHECK_INT(pool.owned_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        snprintf(owner, sizeof(owner), "container %d", i);
        CHECK(pool_take(&pool, &addrs[i], "another") == POOL_TAKEN);
        CHECK_STR(pool_owner(&pool, &addrs[i]), owner);
        const struct pool_lease *lease = pool_first_of(&pool, owner);
        CHECK(lease != NULL && ip_compare(&lease->addr, &addrs[i]) == 0);
        CHECK(lease == NULL || pool_next_of(lease) == NULL);
    }
    for (int i = COUNT; i-- > 0;)
        pool_free(&pool, &addrs[i]);
    uint64_t steps = pool_steps() - before;
    CHECK(steps < 12 * COUNT);
    printf("# %llu steps\n", (unsigned long long)steps);
    CHECK_INT(pool.owned_count, 0);
    CHECK_INT(pool.lease_count, 2);
    pool_done(&pool);
}

TEST(ten_thousand_networks_are_looked_at_once)
{
    enum { COUNT = 10000 };
    static struct ip_net used[COUNT];
    struct ip_net base, net;
    char text[IP_TEXT_SIZE];
    CHECK(ip_net_parse("10.0.0.0/8", &base));
    for (int i = 0; i < COUNT; i++) {
        int at = (int)((unsigned)i * 7919u % COUNT);
        snprintf(text, sizeof(text), "10.%d.%d.0/24", at / 256, at % 256);
        CHECK(ip_net_parse(text, &used[i]));
    }
    pool_sort_nets(used, COUNT);
    uint64_t before = pool_steps();
    CHECK(pool_find_net(&base, 24, used, COUNT, &net));
    CHECK_STR(ip_net_text(&net, text), "10.39.16.0/24");
    CHECK_INT(pool_steps() - before, COUNT);
}

TAP_MAIN
