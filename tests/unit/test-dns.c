/* DNS messages, names of containers, and the cache. */
#include "tap.h"

#include "plugins/support/dns/cache.h"
#include "plugins/support/dns/names.h"
#include "plugins/support/dns/server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- messages -------------------------------------------------------------------------------- */

static struct dns_query query_for(const char *name, uint16_t type)
{
    struct dns_query query = {.id = 0x1234, .type = type, .class = 1, .size = DNS_UDP_PLAIN};
    query.recursion = true;
    CHECK(dns_name_read(name, &query.name));
    return query;
}

static size_t written(const struct dns_query *query, uint8_t *out)
{
    return dns_query_write(query, query->id, out);
}

TEST(a_query_is_read_as_it_was_written)
{
    uint8_t data[300];
    char text[DNS_TEXT_MAX];
    struct dns_query query = query_for("Web.Example.com", DNS_A);
    struct dns_query read;
    query.edns = query.dnssec = true;
    size_t size = written(&query, data);
    CHECK_INT(dns_query_read(data, size, &read), DNS_NOERROR);
    CHECK_INT(read.id, 0x1234);
    CHECK_INT(read.type, DNS_A);
    CHECK(read.recursion && read.edns && read.dnssec);
    CHECK_INT(read.size, DNS_UDP_ASKED);
    CHECK(dns_name_text(&read.name, text));
    CHECK_STR(text, "web.example.com");
    /* The case of the question is kept. */
    CHECK(memcmp(read.name.wire, "\3Web", 4) == 0);
    /* None of its beginnings is one. */
    for (size_t i = 0; i < size; i++)
        CHECK(dns_query_read(data, i, &read) != DNS_NOERROR);
}

TEST(what_is_no_query_is_refused)
{
    struct dns_query query = query_for("a", DNS_A);
    struct dns_query read;
    const struct {
        size_t at;
        uint8_t byte;
        int rcode;
    } cases[] = {
        {2, 0x80, DNS_DROP},     /* an answer */
        {2, 0x28, DNS_NOTIMP},   /* an update */
        {5, 0, DNS_FORMERR},     /* no question */
        {5, 2, DNS_FORMERR},     /* two */
        {7, 1, DNS_FORMERR},     /* an answer in it */
        {11, 9, DNS_FORMERR},    /* records that are not there */
        {12, 0xc0, DNS_FORMERR}, /* a pointer for a name */
        {12, 0x41, DNS_FORMERR}, /* a label of a kind that there is not */
        {12, 63, DNS_FORMERR},   /* a label that is not there */
        {18, 3, DNS_REFUSED},    /* class CH */
    };
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        uint8_t data[300];
        size_t size = written(&query, data);
        data[cases[i].at] = cases[i].byte;
        CHECK_INT(dns_query_read(data, size, &read), cases[i].rcode);
    }
}

TEST(another_version_of_edns_is_told_so)
{
    uint8_t data[300], answer[DNS_UDP_PLAIN];
    struct dns_query query = query_for("a", DNS_A);
    struct dns_query read;
    query.edns = true;
    size_t size = written(&query, data);
    data[size - 11 + 6] = 1;
    CHECK_INT(dns_query_read(data, size, &read), DNS_BADVERS);
    size = dns_answer_code(answer, sizeof(answer), &read, DNS_BADVERS);
    CHECK_INT(answer[3] & 15, 0);
    CHECK_INT(answer[size - 11 + 5], 1); /* the upper bits of 16 */
    /* Two of them are one too many. */
    memcpy(data + size, data + size - 11, 11);
    data[11] = 2;
    CHECK_INT(dns_query_read(data, size + 11, &read), DNS_FORMERR);
}

TEST(names_have_limits)
{
    char text[DNS_TEXT_MAX + 8];
    struct dns_name name;
    memset(text, 'a', sizeof(text));
    text[63] = '\0';
    CHECK(dns_name_read(text, &name));
    text[63] = 'a';
    text[64] = '\0';
    CHECK(!dns_name_read(text, &name));
    CHECK(!dns_name_read("a..b", &name));
    CHECK(!dns_name_read(".", &name));
    for (size_t i = 0; i < 254; i++)
        text[i] = i % 2 == 1 ? '.' : 'a';
    text[253] = '\0';
    CHECK(dns_name_read(text, &name));
    CHECK_INT(name.length, DNS_NAME_MAX);
    memcpy(text + 253, ".a", 3);
    CHECK(!dns_name_read(text, &name));
    /* A dot or a blank inside of a label: no name of ours. */
    name = (struct dns_name){.length = 5, .wire = "\3a.b"};
    CHECK(!dns_name_text(&name, text));
    name = (struct dns_name){.length = 5, .wire = "\3a b"};
    CHECK(!dns_name_text(&name, text));
}

TEST(addresses_backwards)
{
    struct ip_addr addr;
    char text[IP_TEXT_SIZE];
    CHECK(dns_reverse_read("4.3.2.10.in-addr.arpa", &addr));
    CHECK_STR(ip_text(&addr, text), "10.2.3.4");
    CHECK(dns_reverse_read(
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", &addr));
    CHECK_STR(ip_text(&addr, text), "fd00::1");
    static const char *const bad[] = {"3.2.10.in-addr.arpa",
                                      "5.4.3.2.10.in-addr.arpa",
                                      "256.3.2.10.in-addr.arpa",
                                      "a.3.2.10.in-addr.arpa",
                                      ".3.2.10.in-addr.arpa",
                                      "in-addr.arpa",
                                      "1.0.ip6.arpa",
                                      "x.ip6.arpa",
                                      "4.3.2.10.in-addr.arp",
                                      "4.3.2.10in-addr.arpa"};
    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!dns_reverse_read(bad[i], &addr));
}

TEST(many_addresses_are_cut_to_size)
{
    static struct ip_addr addresses[200];
    uint8_t answer[DNS_UDP_MAX];
    struct dns_query query = query_for("web", DNS_AAAA);
    struct dns_reply reply;
    for (size_t i = 0; i < HULL_COUNT(addresses); i++)
        addresses[i].family = AF_INET6;
    query.edns = true;
    size_t size = dns_answer_addresses(answer, DNS_UDP_PLAIN, &query, addresses, 200, 5);
    CHECK(size <= DNS_UDP_PLAIN && size > DNS_UDP_PLAIN - 28);
    CHECK(dns_reply_read(answer, size, &query, query.id, &reply));
    CHECK(reply.truncated);
    CHECK_INT(reply.answers, (DNS_UDP_PLAIN - 12 - 9 - 11) / 28);
    CHECK_INT(reply.ttl, 5);
    size = dns_answer_addresses(answer, sizeof(answer), &query, addresses, 100, 5);
    CHECK(dns_reply_read(answer, size, &query, query.id, &reply));
    CHECK(!reply.truncated);
    CHECK_INT(reply.answers, 100);
}

/* --- answers of servers ---------------------------------------------------------------------- */

TEST(only_the_answer_to_the_question_counts)
{
    struct ip_addr addr = {.family = AF_INET};
    uint8_t answer[DNS_UDP_PLAIN];
    struct dns_query query = query_for("example.com", DNS_A), other;
    struct dns_reply reply;
    size_t size = dns_answer_addresses(answer, sizeof(answer), &query, &addr, 1, 300);
    CHECK(dns_reply_read(answer, size, &query, 0x1234, &reply));
    CHECK_INT(reply.rcode, DNS_NOERROR);
    CHECK_INT(reply.ttl, 300);
    CHECK(!dns_reply_read(answer, size, &query, 0x1235, &reply));
    other = query_for("example.org", DNS_A);
    CHECK(!dns_reply_read(answer, size, &other, 0x1234, &reply));
    other = query_for("example.com", DNS_AAAA);
    CHECK(!dns_reply_read(answer, size, &other, 0x1234, &reply));
    other = query_for("EXAMPLE.com", DNS_A);
    CHECK(dns_reply_read(answer, size, &other, 0x1234, &reply));
    for (size_t i = 0; i < size; i++)
        CHECK(!dns_reply_read(answer, i, &query, 0x1234, &reply));
    answer[2] &= 0x7f;
    CHECK(!dns_reply_read(answer, size, &query, 0x1234, &reply));
}

TEST(rings_of_pointers_are_refused)
{
    struct ip_addr addr = {.family = AF_INET};
    uint8_t answer[DNS_UDP_PLAIN];
    struct dns_query query = query_for("ab.cd", DNS_A);
    struct dns_reply reply;
    size_t size = dns_answer_addresses(answer, sizeof(answer), &query, &addr, 1, 300);
    size_t name = DNS_HEAD + query.name.length + 4;
    CHECK(dns_reply_read(answer, size, &query, 0x1234, &reply));
    answer[name + 1] = (uint8_t)name; /* to itself */
    CHECK(!dns_reply_read(answer, size, &query, 0x1234, &reply));
    answer[name + 1] = (uint8_t)(name + 2); /* forwards */
    CHECK(!dns_reply_read(answer, size, &query, 0x1234, &reply));
    answer[name + 1] = 4; /* into the head */
    CHECK(!dns_reply_read(answer, size, &query, 0x1234, &reply));
    answer[name + 1] = DNS_HEAD + 3; /* "cd" */
    CHECK(dns_reply_read(answer, size, &query, 0x1234, &reply));
    answer[name] = 0x80; /* neither label nor pointer */
    CHECK(!dns_reply_read(answer, size, &query, 0x1234, &reply));
}

TEST(an_answer_is_kept_for_as_long_as_it_says)
{
    struct ip_addr addr = {.family = AF_INET};
    uint8_t answer[DNS_UDP_PLAIN], out[DNS_UDP_PLAIN];
    struct dns_cache cache = {0}, other = {0};
    struct dns_query query = query_for("example.com", DNS_A);
    struct dns_query again = query_for("Example.COM", DNS_A);
    struct dns_reply reply;
    size_t size = dns_answer_addresses(answer, sizeof(answer), &query, &addr, 1, 60);
    CHECK(dns_reply_read(answer, size, &query, 0x1234, &reply));
    dns_cache_put(&cache, &query, 1000, answer, size, &reply);
    again.id = 0x4321;
    CHECK_INT(dns_cache_get(&cache, &again, 31000, out, sizeof(out)), size);
    CHECK(dns_reply_read(out, size, &again, 0x4321, &reply));
    CHECK_INT(reply.ttl, 30);
    CHECK(memcmp(out + DNS_HEAD, "\7Example\3COM", 12) == 0);
    CHECK_INT(dns_cache_get(&cache, &again, 61000, out, sizeof(out)), 0);
    CHECK_INT(dns_cache_get(&cache, &again, 31000, out, size - 1), 0);
    CHECK_INT(dns_cache_get(&other, &again, 31000, out, sizeof(out)), 0);
    again.dnssec = true;
    CHECK_INT(dns_cache_get(&cache, &again, 31000, out, sizeof(out)), 0);
    CHECK_INT(dns_cache_count(), 1);
    dns_cache_done(&cache);
    CHECK_INT(dns_cache_count(), 0);
    size = dns_answer_code(answer, sizeof(answer), &query, DNS_NXDOMAIN);
    CHECK(dns_reply_read(answer, size, &query, 0x1234, &reply));
    dns_cache_put(&cache, &query, 1000, answer, size, &reply);
    CHECK_INT(dns_cache_count(), 0);
    dns_cache_done(&cache);
}

TEST(the_cache_has_a_limit)
{
    static struct dns_cache caches[DNS_CACHE_MAX / 16];
    struct ip_addr addr = {.family = AF_INET};
    uint8_t answer[DNS_UDP_PLAIN];
    struct dns_reply reply;
    for (size_t i = 0; i < 2 * DNS_CACHE_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "n%zu.example", i);
        struct dns_query query = query_for(name, DNS_A);
        size_t size = dns_answer_addresses(answer, sizeof(answer), &query, &addr, 1, 60);
        CHECK(dns_reply_read(answer, size, &query, 0x1234, &reply));
        dns_cache_put(&caches[i % HULL_COUNT(caches)], &query, 1000, answer, size, &reply);
        CHECK(dns_cache_count() <= DNS_CACHE_MAX);
    }
    CHECK(dns_cache_count() > DNS_CACHE_MAX / 2);
    for (size_t i = 0; i < HULL_COUNT(caches); i++)
        dns_cache_done(&caches[i]);
    CHECK_INT(dns_cache_count(), 0);
}

/* --- names of containers --------------------------------------------------------------------- */

/* A view of one container in NETWORK with two names at most. */
static struct dns_view *container(const char *id, const char *network, const char *name,
                                  const char *alias, const char *address)
{
    const char *names[] = {name, alias};
    const struct dns_endpoint endpoint = {.network_id = network,
                                          .network = network,
                                          .names = {alias == NULL ? 1 : 2, names},
                                          .ip_address = address};
    return dns_view_new(id, &endpoint, 1);
}

/* The first address of NAME as VIEW sees it, "" when there is none, "unknown". */
static const char *first(struct dns_view *view, const char *name, int family)
{
    static struct dns_found found;
    static char text[IP_TEXT_SIZE];
    dns_find_name(view, name, family, &found);
    if (!found.known)
        return "unknown";
    return found.count == 0 ? "" : ip_text(&found.addresses[0], text);
}

TEST(names_are_those_of_ones_own_networks)
{
    struct dns_view *a = container("1", "front", "a", "Web", "10.0.0.1");
    struct dns_view *b = container("2", "front", "b", NULL, "10.0.0.2");
    struct dns_view *c = container("3", "back", "c", "web", "10.0.1.3");
    CHECK_STR(first(b, "a", AF_INET), "10.0.0.1");
    CHECK_STR(first(b, "web", AF_INET), "10.0.0.1");
    CHECK_STR(first(b, "web.front", AF_INET), "10.0.0.1");
    CHECK_STR(first(b, "web.back", AF_INET), "unknown");
    CHECK_STR(first(b, "a", AF_INET6), "");
    CHECK_STR(first(b, "c", AF_INET), "unknown");
    CHECK_STR(first(c, "web", AF_INET), "10.0.1.3");
    CHECK_STR(first(a, "a", AF_INET), "10.0.0.1");
    dns_view_free(a);
    CHECK_STR(first(b, "a", AF_INET), "unknown");
    dns_view_free(b);
    dns_view_free(c);
    CHECK_INT(dns_name_count(), 0);
    CHECK_INT(dns_net_count(), 0);
}

TEST(several_containers_of_one_name_take_turns)
{
    struct dns_view *a = container("1", "net", "a", "web", "10.0.0.1");
    struct dns_view *b = container("2", "net", "b", "web", "10.0.0.2");
    struct dns_view *c = container("3", "net", "c", "web", "10.0.0.3");
    unsigned seen[4] = {0};
    for (int i = 0; i < 30; i++) {
        seen[first(a, "web", AF_INET)[7] - '0']++;
        CHECK_STR(first(a, "web", AF_INET6), ""); /* does not take a turn */
    }
    CHECK_INT(seen[1], 10);
    CHECK_INT(seen[2], 10);
    CHECK_INT(seen[3], 10);
    dns_view_free(c);
    dns_view_free(a);
    dns_view_free(b);
}

TEST(links_are_known_to_one_alone)
{
    const char *names[] = {"b"}, *links[] = {"a:db", "Gone:old"};
    const struct dns_endpoint endpoint = {.network_id = "n",
                                          .network = "my.net",
                                          .names = {1, names},
                                          .links = {2, links},
                                          .ip_address = "10.0.0.2",
                                          .global_ipv6_address = "fd00::2"};
    struct dns_view *a = container("1", "n", "a", NULL, "10.0.0.1");
    struct dns_view *b = dns_view_new("2", &endpoint, 1);
    CHECK_STR(first(b, "db", AF_INET), "10.0.0.1");
    CHECK_STR(first(b, "db.my.net", AF_INET), "10.0.0.1");
    CHECK_STR(first(a, "db", AF_INET), "unknown");
    CHECK_STR(first(b, "old", AF_INET), "unknown");
    CHECK_STR(first(a, "b", AF_INET6), "fd00::2");
    dns_view_free(a);
    dns_view_free(b);
}

TEST(addresses_have_names)
{
    struct dns_view *a = container("1", "net", "a", "web", "10.0.0.1");
    struct dns_view *b = container("2", "net", "b", NULL, "10.0.0.2");
    struct dns_view *c = container("3", "other", "c", NULL, "10.0.1.3");
    struct dns_name name;
    struct ip_addr addr;
    char text[DNS_TEXT_MAX];
    CHECK(ip_parse("10.0.0.1", &addr));
    CHECK(dns_find_address(b, &addr, &name) && dns_name_text(&name, text));
    CHECK_STR(text, "a.net");
    CHECK(!dns_find_address(c, &addr, &name));
    dns_view_free(a);
    CHECK(!dns_find_address(b, &addr, &name));
    dns_view_free(b);
    dns_view_free(c);
}

TEST(only_a_network_with_a_way_out_forwards)
{
    const struct dns_endpoint endpoints[] = {
        {.network_id = "1", .network = "in", .internal = true},
        {.network_id = "2", .network = "out"},
    };
    struct dns_view *view = dns_view_new("1", endpoints, 1);
    CHECK(!dns_view_forwards(view));
    dns_view_free(view);
    view = dns_view_new("1", endpoints, 2);
    CHECK(dns_view_forwards(view));
    dns_view_free(view);
    view = dns_view_new("1", NULL, 0);
    CHECK(!dns_view_forwards(view));
    dns_view_free(view);
}

TEST(ten_thousand_containers)
{
    enum { COUNT = 10000 };
    static struct dns_view *views[COUNT];
    char name[32], address[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        snprintf(address, sizeof(address), "10.1.%d.%d", i / 250, i % 250 + 1);
        views[i] = container(name, "net", name, "all", address);
    }
    CHECK_STR(first(views[0], "c9999", AF_INET), "10.1.39.250");
    CHECK(*first(views[0], "all", AF_INET) != '\0');
    for (int i = 0; i < COUNT; i++)
        dns_view_free(views[i]);
    CHECK_INT(dns_name_count(), 0);
}

/* --- answers, sent --------------------------------------------------------------------------- */

static int bound(struct sockaddr_in *ret_address)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof(*ret_address);
    *ret_address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)ret_address, size) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)ret_address, &size) == 0);
    return fd;
}

TEST(answers_arrive_one_by_one_whatever_went_together)
{
    static const struct {
        int to;
        size_t size;
    } sent[] = {{0, 40}, {0, 40}, {0, 40}, {0, 33},   {0, 40},   {1, 40}, {1, 50},
                {1, 50}, {0, 20}, {0, 50}, {0, 4096}, {0, 4096}, {0, 12}};
    struct sockaddr_in address[2], own;
    const int fds[] = {bound(&address[0]), bound(&address[1])};
    int from = bound(&own);
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < HULL_COUNT(sent); i++) {
            memset(dns_answers_next(), (int)i + 1, sent[i].size);
            dns_answers_add(&address[sent[i].to], sent[i].size);
        }
        dns_answers_send(from);
        for (size_t i = 0; i < HULL_COUNT(sent); i++) {
            uint8_t data[DNS_UDP_MAX + 1] = {0};
            CHECK_INT(recv(fds[sent[i].to], data, sizeof(data), 0), sent[i].size);
            CHECK(data[0] == i + 1 && data[sent[i].size - 1] == i + 1);
        }
        CHECK(recv(fds[0], NULL, 0, 0) < 0 && recv(fds[1], NULL, 0, 0) < 0);
    }
    close(from);
    close(fds[0]);
    close(fds[1]);
}

TAP_MAIN
