/* Addresses and networks as numbers. */
#include "tap.h"

#include "address.h"

#include <sys/socket.h>

static struct ip_net net_of(const char *text)
{
    struct ip_net net;
    CHECK(ip_net_parse(text, &net));
    return net;
}

static struct ip_addr addr_of(const char *text)
{
    struct ip_addr addr;
    CHECK(ip_parse(text, &addr));
    return addr;
}

TEST(addresses_are_read_and_written)
{
    static const char *const good[] = {"0.0.0.0", "10.1.2.3", "::", "fd00::1", "255.255.255.255"};
    static const char *const bad[] = {"",           "10.1.2",    "10.1.2.3.4",
                                      "10.1.2.256", " 10.1.2.3", "10.1.2.3/24",
                                      ":::",        "fd00::g",   "localhost"};
    char text[IP_TEXT_SIZE];
    struct ip_addr addr;
    for (size_t i = 0; i < HULL_COUNT(good); i++) {
        addr = addr_of(good[i]);
        CHECK_STR(ip_text(&addr, text), good[i]);
    }
    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!ip_parse(bad[i], &addr));
    CHECK(!ip_parse(NULL, &addr));
}

TEST(networks_are_read_and_written)
{
    static const char *const bad[] = {"10.0.0.0",    "10.0.0.0/",   "10.0.0.0/33",
                                      "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8x",
                                      "/8",          "fd00::/129",  "zz"};
    char text[IP_TEXT_SIZE];
    struct ip_net net = net_of("10.1.2.3/24");
    CHECK_STR(ip_net_text(&net, text), "10.1.2.3/24");
    net = ip_net_base(&net);
    CHECK_STR(ip_net_text(&net, text), "10.1.2.0/24");
    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!ip_net_parse(bad[i], &net));
}

TEST(first_last_and_size)
{
    static const struct {
        const char *net, *first, *last;
        uint64_t size;
    } cases[] = {
        {"10.1.2.3/24", "10.1.2.0", "10.1.2.255", 256},
        {"10.1.2.3/32", "10.1.2.3", "10.1.2.3", 1},
        {"10.1.2.3/0", "0.0.0.0", "255.255.255.255", (uint64_t)1 << 32},
        {"172.16.5.9/12", "172.16.0.0", "172.31.255.255", (uint64_t)1 << 20},
        {"fd00::5/64", "fd00::", "fd00::ffff:ffff:ffff:ffff", UINT64_MAX},
        {"fd00::5/126", "fd00::4", "fd00::7", 4},
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        struct ip_net net = net_of(cases[i].net);
        struct ip_addr first = ip_net_first(&net), last = ip_net_last(&net);
        char text[IP_TEXT_SIZE];
        CHECK_STR(ip_text(&first, text), cases[i].first);
        CHECK_STR(ip_text(&last, text), cases[i].last);
        CHECK(ip_net_size(&net) == cases[i].size);
    }
}

TEST(overlap_and_within)
{
    struct ip_net a = net_of("10.1.0.0/16"), b = net_of("10.1.2.0/24"), c = net_of("10.2.0.0/16");
    struct ip_net v6 = net_of("fd00::/8");
    struct ip_addr in = addr_of("10.1.2.7"), out = addr_of("10.1.3.7");
    CHECK(ip_net_overlap(&a, &b) && ip_net_overlap(&b, &a) && ip_net_overlap(&a, &a));
    CHECK(!ip_net_overlap(&a, &c) && !ip_net_overlap(&a, &v6));
    CHECK(ip_net_within(&a, &b) && !ip_net_within(&b, &a));
    CHECK(ip_net_has(&b, &in) && !ip_net_has(&b, &out) && !ip_net_has(&v6, &in));
}

TEST(arithmetic)
{
    struct ip_addr addr = addr_of("10.0.255.255"), end = addr_of("255.255.255.255");
    struct ip_addr next = ip_add(&addr, 2), wrapped = ip_add(&end, 1);
    struct ip_addr six = addr_of("fd00::ffff:ffff:ffff:ffff");
    char text[IP_TEXT_SIZE];
    CHECK_STR(ip_text(&next, text), "10.1.0.1");
    CHECK_STR(ip_text(&wrapped, text), "0.0.0.0");
    CHECK(ip_distance(&addr, &next) == 2 && ip_compare(&addr, &next) < 0);
    six = ip_add(&six, 1);
    CHECK_STR(ip_text(&six, text), "fd00:0:0:1::");
    CHECK(ip_is_loopback(&(struct ip_addr){AF_INET, {127, 1}}) && !ip_is_loopback(&six));
}

TEST(mac_addresses)
{
    static const char *const bad[] = {"", "02:42:0a:01:02", "02:42:0a:01:02:0g", "02420a010203",
                                      "02:42:0a:01:02:03:04"};
    uint8_t mac[6];
    char text[18];
    CHECK(mac_parse("02:42:0A:01:02:ff", mac));
    CHECK_STR(mac_text(mac, text), "02:42:0a:01:02:ff");
    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!mac_parse(bad[i], mac));
}

TAP_MAIN
