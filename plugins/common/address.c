#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ip_size(int family)
{
    return family == AF_INET ? 4 : 16;
}

bool ip_parse(const char *text, struct ip_addr *ret_addr)
{
    struct ip_addr addr = {0};
    if (text == NULL)
        return false;
    addr.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(addr.family, text, addr.bytes) != 1)
        return false;
    *ret_addr = addr;
    return true;
}

const char *ip_text(const struct ip_addr *addr, char buffer[IP_TEXT_SIZE])
{
    if (addr->family == 0 || inet_ntop(addr->family, addr->bytes, buffer, IP_TEXT_SIZE) == NULL)
        buffer[0] = '\0';
    return buffer;
}

/* A decimal number without sign, space or useless zeros. */
static bool parse_length(const char *text, unsigned limit, unsigned *ret_length)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return false;
    unsigned long length = strtoul(text, NULL, 10);
    if (length > limit)
        return false;
    *ret_length = (unsigned)length;
    return true;
}

bool ip_net_parse(const char *text, struct ip_net *ret_net)
{
    struct ip_net net;
    char head[IP_TEXT_SIZE];
    const char *slash = text == NULL ? NULL : strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof(head))
        return false;
    memcpy(head, text, (size_t)(slash - text));
    head[slash - text] = '\0';
    if (!ip_parse(head, &net.addr) ||
        !parse_length(slash + 1, (unsigned)ip_size(net.addr.family) * 8, &net.length))
        return false;
    *ret_net = net;
    return true;
}

const char *ip_net_text(const struct ip_net *net, char buffer[IP_TEXT_SIZE])
{
    ip_text(&net->addr, buffer);
    size_t used = strlen(buffer);
    snprintf(buffer + used, IP_TEXT_SIZE - used, "/%u", net->length);
    return buffer;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct ip_addr ip_add(const struct ip_addr *addr, uint64_t count)
{
    struct ip_addr sum = *addr;
    uint64_t carry = count;
    for (size_t i = ip_size(addr->family); i-- > 0 && carry != 0;) {
        uint64_t byte = (carry & 0xff) + sum.bytes[i];
        sum.bytes[i] = (uint8_t)byte;
        carry = (carry >> 8) + (byte >> 8);
    }
    return sum;
}

uint64_t ip_distance(const struct ip_addr *from, const struct ip_addr *to)
{
    unsigned __int128 a = 0;
    unsigned __int128 b = 0;
    for (size_t i = 0; i < ip_size(from->family); i++) {
        a = a << 8 | from->bytes[i];
        b = b << 8 | to->bytes[i];
    }
    return b - a > UINT64_MAX ? UINT64_MAX : (uint64_t)(b - a);
}

bool ip_is_any(const struct ip_addr *addr)
{
    static const uint8_t zero[16];
    return memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

bool ip_is_loopback(const struct ip_addr *addr)
{
    static const uint8_t one[16] = {[15] = 1};
    if (addr->family == AF_INET)
        return addr->bytes[0] == 127;
    return memcmp(addr->bytes, one, sizeof(one)) == 0;
}

/* ADDR with all bits behind the first LENGTH set or cleared. */
static struct ip_addr with_tail(const struct ip_addr *addr, unsigned length, bool set)
{
    struct ip_addr result = *addr;
    for (unsigned i = 0; i < ip_size(addr->family); i++) {
        unsigned keep = length <= i * 8 ? 0 : length - i * 8;
        uint8_t tail = keep >= 8 ? 0 : (uint8_t)(0xff >> keep);
        result.bytes[i] = set ? result.bytes[i] | tail : result.bytes[i] & (uint8_t)~tail;
    }
    return result;
}

struct ip_addr ip_net_first(const struct ip_net *net)
{
    return with_tail(&net->addr, net->length, false);
}

struct ip_addr ip_net_last(const struct ip_net *net)
{
    return with_tail(&net->addr, net->length, true);
}

struct ip_net ip_net_base(const struct ip_net *net)
{
    return (struct ip_net){.addr = ip_net_first(net), .length = net->length};
}

bool ip_net_has(const struct ip_net *net, const struct ip_addr *addr)
{
    if (addr->family != net->addr.family)
        return false;
    struct ip_addr first = ip_net_first(net);
    struct ip_addr theirs = with_tail(addr, net->length, false);
    return ip_compare(&first, &theirs) == 0;
}

bool ip_net_within(const struct ip_net *outer, const struct ip_net *inner)
{
    return inner->length >= outer->length && ip_net_has(outer, &inner->addr);
}

bool ip_net_overlap(const struct ip_net *a, const struct ip_net *b)
{
    return ip_net_within(a, b) || ip_net_within(b, a);
}

uint64_t ip_net_size(const struct ip_net *net)
{
    unsigned bits = (unsigned)ip_size(net->addr.family) * 8 - net->length;
    return bits >= 64 ? UINT64_MAX : (uint64_t)1 << bits;
}

bool mac_parse(const char *text, uint8_t ret_mac[6])
{
    uint8_t mac[6];
    if (text == NULL || strlen(text) != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        const char *at = text + i * 3;
        char pair[3] = {at[0], at[1], '\0'};
        if (strspn(pair, "0123456789abcdefABCDEF") != 2 || (i < 5 && at[2] != ':' && at[2] != '-'))
            return false;
        mac[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    memcpy(ret_mac, mac, sizeof(mac));
    return true;
}

const char *mac_text(const uint8_t mac[6], char buffer[18])
{
    snprintf(buffer, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
    return buffer;
}
