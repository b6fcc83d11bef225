#include "packet.h"

#include <string.h>
#include <sys/socket.h>

#define FLAG_QR 0x8000
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100
#define FLAG_RA 0x0080
#define FLAG_AD 0x0020
#define FLAG_CD 0x0010
#define OPCODE(flags) ((flags) >> 11 & 15)
#define EDNS_DO 0x8000
/* Records that a query has besides its question: OPT, perhaps a signature. */
#define QUERY_RECORDS_MAX 4
#define CLASS_IN 1
#define CLASS_ANY 255

/* Where we are in a message. */
struct cursor {
    const uint8_t *data;
    size_t size;
    size_t at;
};

struct record {
    uint16_t type;
    uint16_t class;
    size_t ttl_at;
    uint32_t ttl;
    bool root; /* its name is the root's */
};

/* --- reading --------------------------------------------------------------------------------- */

static uint16_t get16(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t get32(const uint8_t *data)
{
    return (uint32_t)get16(data) << 16 | get16(data + 2);
}

static void put16(uint8_t *data, uint16_t value)
{
    data[0] = (uint8_t)(value >> 8);
    data[1] = (uint8_t)value;
}

static void put32(uint8_t *data, uint32_t value)
{
    put16(data, (uint16_t)(value >> 16));
    put16(data + 2, (uint16_t)value);
}

/*
 * Step over a name. A pointer has to lead to what is before the part that it ends, so that there
 * are no rings, and the whole name is at most 255 bytes, so that a chain of pointers ends as well.
 */
static bool skip_name(struct cursor *cursor, bool *ret_root)
{
    size_t at = cursor->at;
    size_t part = at; /* where the part begins that is being read */
    size_t end = 0;   /* where the name ends in the message, once a pointer was met */
    size_t length = 0;
    size_t hops = 0;
    for (;;) {
        if (at >= cursor->size)
            return false;
        uint8_t label = cursor->data[at];
        if (label >= 0xc0) {
            if (at + 2 > cursor->size || ++hops > DNS_NAME_MAX / 2)
                return false;
            size_t target = get16(cursor->data + at) & 0x3fffu;
            if (end == 0)
                end = at + 2;
            if (target < DNS_HEAD || target >= part)
                return false;
            at = part = target;
            continue;
        }
        length += label + 1u;
        if (label > DNS_LABEL_MAX || length > DNS_NAME_MAX)
            return false;
        at += label + 1u;
        if (label == 0)
            break;
    }
    *ret_root = length == 1;
    cursor->at = end == 0 ? at : end;
    return true;
}

/* A name that is whole: in a question there is nothing that it could point to. */
static bool read_name(struct cursor *cursor, struct dns_name *ret_name)
{
    size_t at = cursor->at;
    for (;;) {
        if (at >= cursor->size || cursor->data[at] > DNS_LABEL_MAX)
            return false;
        uint8_t label = cursor->data[at];
        at += label + 1u;
        if (at > cursor->size || at - cursor->at > DNS_NAME_MAX)
            return false;
        if (label == 0)
            break;
    }
    ret_name->length = (uint8_t)(at - cursor->at);
    memcpy(ret_name->wire, cursor->data + cursor->at, ret_name->length);
    cursor->at = at;
    return true;
}

static bool read_record(struct cursor *cursor, struct record *ret)
{
    if (!skip_name(cursor, &ret->root) || cursor->size - cursor->at < 10)
        return false;
    const uint8_t *head = cursor->data + cursor->at;
    ret->type = get16(head);
    ret->class = get16(head + 2);
    ret->ttl_at = cursor->at + 4;
    ret->ttl = get32(head + 4);
    size_t length = get16(head + 8);
    cursor->at += 10;
    if (cursor->size - cursor->at < length)
        return false;
    cursor->at += length;
    return true;
}

/* The size that OPT states, made one that we send. */
static uint16_t limit_size(uint16_t size)
{
    if (size < DNS_UDP_PLAIN)
        return DNS_UDP_PLAIN;
    return size > DNS_UDP_MAX ? DNS_UDP_MAX : size;
}

static int read_additional(struct cursor *cursor, size_t count, struct dns_query *query)
{
    int rcode = DNS_NOERROR;
    for (size_t i = 0; i < count; i++) {
        struct record record;
        if (!read_record(cursor, &record))
            return DNS_FORMERR;
        if (record.type != DNS_OPT)
            continue;
        if (query->edns || !record.root)
            return DNS_FORMERR;
        query->edns = true;
        query->size = limit_size(record.class);
        query->dnssec = (record.ttl & EDNS_DO) != 0;
        if ((record.ttl >> 16 & 0xff) != 0)
            rcode = DNS_BADVERS;
    }
    return rcode;
}

int dns_query_read(const uint8_t *data, size_t size, struct dns_query *ret_query)
{
    struct cursor cursor = {data, size, DNS_HEAD};
    *ret_query = (struct dns_query){.size = DNS_UDP_PLAIN};
    if (size < DNS_HEAD)
        return DNS_DROP;
    uint16_t flags = get16(data + 2);
    if (flags & FLAG_QR)
        return DNS_DROP;
    ret_query->id = get16(data);
    ret_query->recursion = (flags & FLAG_RD) != 0;
    ret_query->checking_disabled = (flags & FLAG_CD) != 0;
    if (OPCODE(flags) != 0)
        return DNS_NOTIMP;
    uint16_t additional = get16(data + 10);
    if (get16(data + 4) != 1 || get16(data + 6) != 0 || get16(data + 8) != 0 ||
        additional > QUERY_RECORDS_MAX)
        return DNS_FORMERR;
    struct dns_name name;
    if (!read_name(&cursor, &name) || size - cursor.at < 4)
        return DNS_FORMERR;
    ret_query->name = name;
    ret_query->type = get16(data + cursor.at);
    ret_query->class = get16(data + cursor.at + 2);
    cursor.at += 4;
    int rcode = read_additional(&cursor, additional, ret_query);
    if (rcode != DNS_NOERROR)
        return rcode;
    return ret_query->class == CLASS_IN || ret_query->class == CLASS_ANY ? DNS_NOERROR
                                                                         : DNS_REFUSED;
}

/* --- names ----------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

bool dns_name_text(const struct dns_name *name, char ret_text[DNS_TEXT_MAX])
{
    size_t at = 0;
    size_t out = 0;
    while (at < name->length && name->wire[at] != 0) {
        size_t end = at + 1 + name->wire[at];
        if (out > 0)
            ret_text[out++] = '.';
        for (at++; at < end; at++) {
            uint8_t byte = lower(name->wire[at]);
            if (byte <= ' ' || byte > '~' || byte == '.')
                return false;
            ret_text[out++] = (char)byte;
        }
    }
    ret_text[out] = '\0';
    return true;
}

bool dns_name_read(const char *text, struct dns_name *ret_name)
{
    size_t length = 0;
    while (*text != '\0') {
        size_t label = strcspn(text, ".");
        if (label == 0 || label > DNS_LABEL_MAX || length + label + 2 > DNS_NAME_MAX)
            return false;
        ret_name->wire[length++] = (uint8_t)label;
        memcpy(ret_name->wire + length, text, label);
        length += label;
        text += label + (text[label] == '.');
    }
    ret_name->wire[length++] = 0;
    ret_name->length = (uint8_t)length;
    return true;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
    if (a->length != b->length)
        return false;
    for (size_t i = 0; i < a->length; i++) {
        if (lower(a->wire[i]) != lower(b->wire[i]))
            return false;
    }
    return true;
}

/* COUNT labels backwards, each a number below BASE: the bytes of an address. */
static bool read_reversed(const char *text, size_t count, unsigned base, uint8_t *ret_bytes)
{
    for (size_t i = count; i-- > 0;) {
        unsigned value = 0;
        size_t digits = 0;
        for (; *text != '.' && *text != '\0'; text++, digits++) {
            static const char all[] = "0123456789abcdef";
            const char *digit = strchr(all, *text);
            if (digit == NULL || (size_t)(digit - all) >= (base == 256 ? 10 : 16))
                return false;
            value = value * (base == 256 ? 10 : 16) + (unsigned)(digit - all);
            if (value >= base)
                return false;
        }
        if (digits == 0 || *text != '.')
            return false;
        text++;
        ret_bytes[i] = (uint8_t)value;
    }
    return *text == '\0';
}

bool dns_reverse_read(const char *text, struct ip_addr *ret_addr)
{
    static const char v4[] = "in-addr.arpa", v6[] = "ip6.arpa";
    size_t length = strlen(text);
    char front[DNS_TEXT_MAX];
    uint8_t nibbles[32];
    *ret_addr = (struct ip_addr){0};
    if (length >= DNS_TEXT_MAX || length < sizeof(v4))
        return false;
    memcpy(front, text, length + 1);
    if (strcmp(text + length - strlen(v4), v4) == 0) {
        front[length - strlen(v4)] = '\0';
        ret_addr->family = AF_INET;
        return read_reversed(front, 4, 256, ret_addr->bytes);
    }
    if (strcmp(text + length - strlen(v6), v6) != 0)
        return false;
    front[length - strlen(v6)] = '\0';
    if (!read_reversed(front, 32, 16, nibbles))
        return false;
    ret_addr->family = AF_INET6;
    for (size_t i = 0; i < 16; i++)
        ret_addr->bytes[i] = (uint8_t)(nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
    return true;
}

/* --- writing --------------------------------------------------------------------------------- */

#define OPT_SIZE 11

static size_t put_opt(uint8_t *out, uint16_t size, int rcode, bool dnssec)
{
    memset(out, 0, OPT_SIZE);
    put16(out + 1, DNS_OPT);
    put16(out + 3, size);
    out[5] = (uint8_t)(rcode >> 4);
    put16(out + 7, dnssec ? EDNS_DO : 0);
    return OPT_SIZE;
}

static size_t put_question(uint8_t *out, const struct dns_query *query)
{
    memcpy(out, query->name.wire, query->name.length);
    put16(out + query->name.length, query->type);
    put16(out + query->name.length + 2, query->class);
    return query->name.length + 4u;
}

size_t dns_query_write(const struct dns_query *query, uint16_t id, uint8_t *out)
{
    memset(out, 0, DNS_HEAD);
    put16(out, id);
    put16(out + 2,
          (uint16_t)((query->recursion ? FLAG_RD : 0) | (query->checking_disabled ? FLAG_CD : 0)));
    put16(out + 4, 1);
    size_t at = DNS_HEAD + put_question(out + DNS_HEAD, query);
    if (query->edns) {
        put16(out + 10, 1);
        at += put_opt(out + at, DNS_UDP_ASKED, 0, query->dnssec);
    }
    return at;
}

/* Head and question of an answer; where the records begin. */
static size_t begin_answer(uint8_t *out, const struct dns_query *query, int rcode)
{
    bool question = query->name.length > 0;
    memset(out, 0, DNS_HEAD);
    put16(out, query->id);
    put16(out + 2, (uint16_t)(FLAG_QR | FLAG_RA | (query->recursion ? FLAG_RD : 0) |
                              (query->checking_disabled ? FLAG_CD : 0) | (rcode & 15)));
    put16(out + 4, question ? 1 : 0);
    return DNS_HEAD + (question ? put_question(out + DNS_HEAD, query) : 0);
}

/* OPT at the end, for which room was kept. */
static size_t end_answer(uint8_t *out, size_t at, const struct dns_query *query, int rcode)
{
    if (!query->edns)
        return at;
    put16(out + 10, 1);
    return at + put_opt(out + at, DNS_UDP_MAX, rcode, query->dnssec);
}

size_t dns_answer_code(uint8_t *out, size_t size, const struct dns_query *query, int rcode)
{
    (void)size;
    return end_answer(out, begin_answer(out, query, rcode), query, rcode);
}

size_t dns_answer_truncated(uint8_t *out, size_t size, const struct dns_query *query)
{
    size_t end = dns_answer_code(out, size, query, DNS_NOERROR);
    put16(out + 2, get16(out + 2) | FLAG_TC);
    return end;
}

/* Head of a record whose name is that of the question. */
static size_t put_record(uint8_t *out, uint16_t type, uint32_t ttl, const void *data, size_t size)
{
    put16(out, 0xc000 | DNS_HEAD);
    put16(out + 2, type);
    put16(out + 4, CLASS_IN);
    put32(out + 6, ttl);
    put16(out + 10, (uint16_t)size);
    memcpy(out + 12, data, size);
    return 12 + size;
}

size_t dns_answer_addresses(uint8_t *out, size_t size, const struct dns_query *query,
                            const struct ip_addr *addresses, size_t count, uint32_t ttl)
{
    size_t at = begin_answer(out, query, DNS_NOERROR);
    size_t room = size - (query->edns ? OPT_SIZE : 0);
    size_t done = 0;
    for (; done < count; done++) {
        size_t length = ip_size(addresses[done].family);
        if (room - at < 12 + length)
            break;
        at += put_record(out + at, query->type, ttl, addresses[done].bytes, length);
    }
    put16(out + 6, (uint16_t)done);
    if (done < count)
        put16(out + 2, get16(out + 2) | FLAG_TC);
    return end_answer(out, at, query, DNS_NOERROR);
}

size_t dns_answer_pointer(uint8_t *out, size_t size, const struct dns_query *query,
                          const struct dns_name *name, uint32_t ttl)
{
    size_t at = begin_answer(out, query, DNS_NOERROR);
    if (size - at < 12u + name->length + OPT_SIZE)
        return dns_answer_truncated(out, size, query);
    put16(out + 6, 1);
    at += put_record(out + at, DNS_PTR, ttl, name->wire, name->length);
    return end_answer(out, at, query, DNS_NOERROR);
}

/* --- answers of servers ---------------------------------------------------------------------- */

static bool read_records(struct cursor *cursor, size_t count, struct dns_reply *reply)
{
    bool first = true;
    if (count > DNS_RECORDS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct record record;
        if (!read_record(cursor, &record))
            return false;
        if (record.type == DNS_OPT)
            continue;
        /* RFC 2181: the highest bit set means 0. */
        uint32_t ttl = record.ttl > INT32_MAX ? 0 : record.ttl;
        reply->ttl = first || ttl < reply->ttl ? ttl : reply->ttl;
        first = false;
    }
    return true;
}

bool dns_reply_read(const uint8_t *data, size_t size, const struct dns_query *query, uint16_t id,
                    struct dns_reply *ret_reply)
{
    struct cursor cursor = {data, size, DNS_HEAD};
    struct dns_name name;
    *ret_reply = (struct dns_reply){0};
    if (size < DNS_HEAD || get16(data) != id || get16(data + 4) != 1)
        return false;
    uint16_t flags = get16(data + 2);
    if ((flags & FLAG_QR) == 0 || OPCODE(flags) != 0)
        return false;
    if (!read_name(&cursor, &name) || size - cursor.at < 4 ||
        !dns_name_equal(&name, &query->name) || get16(data + cursor.at) != query->type ||
        get16(data + cursor.at + 2) != query->class)
        return false;
    cursor.at += 4;
    ret_reply->rcode = flags & 15;
    ret_reply->truncated = (flags & FLAG_TC) != 0;
    ret_reply->answers = get16(data + 6);
    size_t records = (size_t)get16(data + 6) + get16(data + 8) + get16(data + 10);
    return read_records(&cursor, records, ret_reply);
}

void dns_reply_adapt(uint8_t *data, size_t size, const struct dns_query *query, uint32_t age_s)
{
    struct cursor cursor = {data, size, DNS_HEAD + query->name.length + 4u};
    size_t records = (size_t)get16(data + 6) + get16(data + 8) + get16(data + 10);
    put16(data, query->id);
    /* What a server says of the signatures it has checked is worth nothing over this way. */
    put16(data + 2, (uint16_t)((get16(data + 2) & ~(FLAG_AD | FLAG_RD)) | FLAG_RA |
                               (query->recursion ? FLAG_RD : 0)));
    memcpy(data + DNS_HEAD, query->name.wire, query->name.length);
    for (size_t i = 0; i < records && age_s > 0; i++) {
        struct record record;
        if (!read_record(&cursor, &record))
            return;
        if (record.type != DNS_OPT)
            put32(data + record.ttl_at, record.ttl > age_s ? record.ttl - age_s : 0);
    }
}
