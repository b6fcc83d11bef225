/*
 * What containers and servers send to the name service. What is read as a question gives one again
 * when it is written; each answer that we make, and each that we take, can be read to its end.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <hull/error.h>

#include "plugins/support/dns/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_own(const uint8_t *answer, size_t size, const struct dns_query *query)
{
    struct dns_reply reply;
    HULL_ASSERT(size <= query->size);
    HULL_ASSERT(dns_reply_read(answer, size, query, query->id, &reply));
}

static void answer_question(const struct dns_query *query)
{
    static const struct ip_addr addresses[300] = {[0 ... 299] = {.family = AF_INET6}};
    uint8_t out[DNS_UDP_MAX];
    check_own(out, dns_answer_code(out, query->size, query, DNS_SERVFAIL), query);
    check_own(out, dns_answer_truncated(out, query->size, query), query);
    check_own(out, dns_answer_addresses(out, query->size, query, addresses, 300, 5), query);
    check_own(out, dns_answer_pointer(out, query->size, query, &query->name, 5), query);
}

static void rewrite_question(const struct dns_query *query)
{
    uint8_t out[300];
    struct dns_query again;
    size_t size = dns_query_write(query, 7, out);
    HULL_ASSERT(size <= sizeof(out));
    HULL_ASSERT(dns_query_read(out, size, &again) == DNS_NOERROR);
    HULL_ASSERT(dns_name_equal(&again.name, &query->name) && again.type == query->type);
}

static void read_text(const struct dns_query *query)
{
    char text[DNS_TEXT_MAX];
    struct dns_name again;
    struct ip_addr addr;
    if (!dns_name_text(&query->name, text))
        return;
    HULL_ASSERT(dns_name_read(text, &again) && dns_name_equal(&again, &query->name));
    (void)dns_reverse_read(text, &addr);
}

static void read_question(const uint8_t *data, size_t size)
{
    struct dns_query query;
    uint8_t out[DNS_UDP_MAX];
    int rcode = dns_query_read(data, size, &query);
    if (rcode == DNS_DROP)
        return;
    HULL_ASSERT(dns_answer_code(out, query.size, &query, rcode) <= query.size);
    if (rcode != DNS_NOERROR)
        return;
    answer_question(&query);
    rewrite_question(&query);
    read_text(&query);
}

/* As an answer to the question which is in it. */
static void read_reply(const uint8_t *data, size_t size)
{
    struct dns_query query;
    struct dns_reply reply;
    uint8_t copy[DNS_TCP_MAX];
    if (size < DNS_HEAD || size > sizeof(copy))
        return;
    memcpy(copy, data, size);
    copy[2] &= 0x7f;
    memset(copy + 6, 0, 6);
    if (dns_query_read(copy, size, &query) != DNS_NOERROR ||
        !dns_reply_read(data, size, &query, query.id, &reply))
        return;
    memcpy(copy, data, size);
    query.id ^= 0x5555;
    dns_reply_adapt(copy, size, &query, 1);
    /* A hostile server's name may go on in another record's time to live, which is less now: the
     * client is told what it was told, and may not be able to read it. */
    (void)!dns_reply_read(copy, size, &query, query.id, &reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_question(data, size);
    read_reply(data, size);
    return 0;
}
