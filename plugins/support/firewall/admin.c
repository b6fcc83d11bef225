/*
 * What the rules of the administrator's chain do with a packet, as far as they are of the common
 * kinds: addresses, interfaces, protocols, ports, the state of the connection. Of any other rule
 * it is said that it can't be told.
 */
#include "explain.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum truth { NO, YES, PERHAPS };

static enum truth truth_of(bool is)
{
    return is ? YES : NO;
}

static bool is_text(const struct json_value *value, const char *text)
{
    return value != NULL && value->type == JSON_TEXT && strcmp(value->text, text) == 0;
}

/* --- values ---------------------------------------------------------------------------------- */

/* What a packet has at the left side of a match: one of these. */
struct subject {
    enum { ADDRESS, NUMBER, NAME, STATE } type;
    const struct ip_addr *addr;
    long number;
    const char *name; /* the names of protocols are numbers */
};

static bool read_number(const struct json_value *value, long *ret)
{
    if (value->type == JSON_NUMBER) {
        *ret = strtol(value->text, NULL, 10);
        return true;
    }
    if (value->type != JSON_TEXT)
        return false;
    static const struct {
        const char *name;
        int number;
    } protocols[] = {{"tcp", IPPROTO_TCP},   {"udp", IPPROTO_UDP},          {"sctp", IPPROTO_SCTP},
                     {"icmp", IPPROTO_ICMP}, {"ipv6-icmp", IPPROTO_ICMPV6}, {"ipv4", AF_INET},
                     {"ipv6", AF_INET6}};
    for (size_t i = 0; i < HULL_COUNT(protocols); i++) {
        if (strcmp(value->text, protocols[i].name) == 0) {
            *ret = protocols[i].number;
            return true;
        }
    }
    return false;
}

static enum truth same_text(const struct subject *subject, const char *text)
{
    struct ip_addr addr;
    size_t length = strlen(text);
    if (subject->type == ADDRESS)
        return ip_parse(text, &addr) && addr.family == subject->addr->family
                   ? truth_of(ip_compare(&addr, subject->addr) == 0)
                   : PERHAPS;
    if (*text == '@')
        return PERHAPS; /* a set with a name */
    if (length > 0 && text[length - 1] == '*')
        return truth_of(strncmp(text, subject->name, length - 1) == 0);
    return truth_of(strcmp(text, subject->name) == 0);
}

static enum truth equals(const struct subject *subject, const struct json_value *value);

static enum truth in_prefix(const struct subject *subject, const struct json_value *prefix)
{
    const struct json_value *addr = json_member(prefix, "addr");
    const struct json_value *length = json_member(prefix, "len");
    struct ip_net net;
    if (subject->type != ADDRESS || addr == NULL || addr->type != JSON_TEXT || length == NULL ||
        length->type != JSON_NUMBER || !ip_parse(addr->text, &net.addr) ||
        net.addr.family != subject->addr->family)
        return PERHAPS;
    net.length = (unsigned)strtoul(length->text, NULL, 10);
    return net.length > ip_size(net.addr.family) * 8 ? PERHAPS
                                                     : truth_of(ip_net_has(&net, subject->addr));
}

static enum truth in_range(const struct subject *subject, const struct json_value *range)
{
    long first;
    long last;
    struct ip_addr from;
    struct ip_addr to;
    if (range->type != JSON_LIST || range->count != 2)
        return PERHAPS;
    if (subject->type == NUMBER && read_number(&range->items[0], &first) &&
        read_number(&range->items[1], &last))
        return truth_of(subject->number >= first && subject->number <= last);
    if (subject->type == ADDRESS && range->items[0].type == JSON_TEXT &&
        range->items[1].type == JSON_TEXT && ip_parse(range->items[0].text, &from) &&
        ip_parse(range->items[1].text, &to) && from.family == subject->addr->family &&
        to.family == from.family)
        return truth_of(ip_compare(subject->addr, &from) >= 0 &&
                        ip_compare(subject->addr, &to) <= 0);
    return PERHAPS;
}

static enum truth in_list(const struct subject *subject, const struct json_value *list)
{
    enum truth result = NO;
    if (list->type != JSON_LIST)
        return equals(subject, list);
    for (size_t i = 0; i < list->count; i++) {
        enum truth one = equals(subject, &list->items[i]);
        if (one == YES)
            return YES;
        result = one == PERHAPS ? PERHAPS : result;
    }
    return result;
}

static enum truth equals(const struct subject *subject, const struct json_value *value)
{
    long number;
    if (value->type == JSON_LIST)
        return in_list(subject, value);
    if (value->type == JSON_OBJECT && json_member(value, "prefix") != NULL)
        return in_prefix(subject, json_member(value, "prefix"));
    if (value->type == JSON_OBJECT && json_member(value, "range") != NULL)
        return in_range(subject, json_member(value, "range"));
    if (value->type == JSON_OBJECT && json_member(value, "set") != NULL)
        return in_list(subject, json_member(value, "set"));
    if (subject->type == NUMBER)
        return read_number(value, &number) ? truth_of(number == subject->number) : PERHAPS;
    return value->type == JSON_TEXT ? same_text(subject, value->text) : PERHAPS;
}

/* --- what a packet has ----------------------------------------------------------------------- */

/* PERHAPS: it is not known here; NO: the packet has nothing of the kind; YES: it is in RET. */
static enum truth payload(const struct json_value *left, const struct fw_flow *flow,
                          struct subject *ret)
{
    const struct json_value *protocol = json_member(left, "protocol");
    const struct json_value *field = json_member(left, "field");
    long number = 0;
    if (is_text(protocol, "ip") || is_text(protocol, "ip6")) {
        const struct ip_addr *addr = is_text(field, "saddr") ? &flow->src : &flow->dst;
        int family = is_text(protocol, "ip6") ? AF_INET6 : AF_INET;
        if (flow->dst.family != family)
            return NO;
        if (is_text(field, "protocol") || is_text(field, "nexthdr")) {
            *ret = (struct subject){.type = NUMBER, .number = flow->protocol};
            return YES;
        }
        *ret = (struct subject){.type = ADDRESS, .addr = addr};
        return (is_text(field, "saddr") || is_text(field, "daddr")) && addr->family != 0 ? YES
                                                                                         : PERHAPS;
    }
    if (protocol == NULL || (!is_text(protocol, "th") && !read_number(protocol, &number)))
        return PERHAPS;
    if (!is_text(protocol, "th") && number != flow->protocol)
        return NO;
    *ret = (struct subject){.type = NUMBER, .number = flow->port};
    return is_text(field, "dport") ? YES : PERHAPS;
}

static enum truth meta(const struct json_value *left, const struct fw_flow *flow,
                       struct subject *ret)
{
    const struct json_value *key = json_member(left, "key");
    bool in = is_text(key, "iifname") || is_text(key, "iif");
    if (in || is_text(key, "oifname") || is_text(key, "oif")) {
        *ret = (struct subject){.type = NAME, .name = in ? flow->iif : flow->oif};
        return ret->name != NULL ? YES : PERHAPS;
    }
    *ret = (struct subject){.type = NUMBER, .number = flow->protocol};
    if (is_text(key, "nfproto"))
        ret->number = flow->dst.family;
    return is_text(key, "l4proto") || is_text(key, "nfproto") ? YES : PERHAPS;
}

/* The packet begins a connection. */
static enum truth connection(const struct json_value *left, const struct fw_flow *flow,
                             struct subject *ret)
{
    const struct json_value *key = json_member(left, "key");
    *ret = (struct subject){.type = STATE, .name = "new"};
    if (is_text(key, "status"))
        ret->name = flow->dnat ? "dnat" : "";
    return is_text(key, "state") || is_text(key, "status") ? YES : PERHAPS;
}

static enum truth match(const struct json_value *match, const struct fw_flow *flow)
{
    static const struct {
        const char *key;
        enum truth (*read)(const struct json_value *left, const struct fw_flow *flow,
                           struct subject *ret);
    } kinds[] = {{"payload", payload}, {"meta", meta}, {"ct", connection}};
    const struct json_value *left = json_member(match, "left");
    const struct json_value *right = json_member(match, "right");
    const struct json_value *op = json_member(match, "op");
    bool negated = is_text(op, "!=");
    if (left == NULL || left->type != JSON_OBJECT || right == NULL ||
        (!negated && !is_text(op, "==") && !is_text(op, "in")))
        return PERHAPS;
    for (size_t i = 0; i < HULL_COUNT(kinds); i++) {
        const struct json_value *what = json_member(left, kinds[i].key);
        struct subject subject;
        if (what == NULL || what->type != JSON_OBJECT)
            continue;
        enum truth known = kinds[i].read(what, flow, &subject);
        if (known != YES)
            return known;
        enum truth result = equals(&subject, right);
        return result == PERHAPS || !negated ? result : truth_of(result == NO);
    }
    return PERHAPS;
}

/* --- rules ----------------------------------------------------------------------------------- */

struct reading {
    enum truth matches;
    const char *verdict; /* NULL: it has none */
};

/* One expression of a rule: a condition, a verdict, or something that decides nothing. */
static void take_expression(const struct json_value *expression, const struct fw_flow *flow,
                            struct reading *reading)
{
    static const char *const verdicts[] = {"accept", "drop", "reject", "return", "jump",
                                           "goto",   "vmap", "queue",  "fwd",    "tproxy"};
    static const char *const harmless[] = {"counter", "log", "mangle", "quota"};
    if (expression->type != JSON_OBJECT || expression->count != 1) {
        reading->matches = reading->matches == NO ? NO : PERHAPS;
        return;
    }
    const char *key = expression->keys[0];
    for (size_t i = 0; i < HULL_COUNT(verdicts); i++)
        reading->verdict = strcmp(key, verdicts[i]) == 0 ? verdicts[i] : reading->verdict;
    if (reading->verdict != NULL && strcmp(key, reading->verdict) == 0)
        return;
    for (size_t i = 0; i < HULL_COUNT(harmless); i++) {
        if (strcmp(key, harmless[i]) == 0)
            return;
    }
    enum truth one = strcmp(key, "match") == 0 ? match(&expression->items[0], flow) : PERHAPS;
    if (one == NO || reading->matches == NO)
        reading->matches = NO;
    else if (one == PERHAPS)
        reading->matches = PERHAPS;
}

static struct reading read_rule(const struct json_value *rule, const struct fw_flow *flow)
{
    struct reading reading = {YES, NULL};
    const struct json_value *expressions = json_member(rule, "expr");
    for (size_t i = 0;
         expressions != NULL && expressions->type == JSON_LIST && i < expressions->count; i++)
        take_expression(&expressions->items[i], flow, &reading);
    return reading;
}

static int64_t handle_of(const struct json_value *rule)
{
    const struct json_value *handle = json_member(rule, "handle");
    return handle == NULL || handle->type != JSON_NUMBER ? 0 : strtoll(handle->text, NULL, 10);
}

struct fw_admin fw_admin_ask(const struct json_value *rules, const struct fw_flow *flow)
{
    struct fw_admin result = {FW_SAYS_NOTHING, 0, 0, NULL};
    const struct json_value *list = json_member(rules, "nftables");
    for (size_t i = 0; list != NULL && list->type == JSON_LIST && i < list->count; i++) {
        const struct json_value *rule =
            list->items[i].type == JSON_OBJECT ? json_member(&list->items[i], "rule") : NULL;
        if (rule == NULL || rule->type != JSON_OBJECT)
            continue;
        struct reading reading = read_rule(rule, flow);
        if (reading.matches == NO || reading.verdict == NULL)
            continue;
        bool plain =
            strcmp(reading.verdict, "accept") == 0 || strcmp(reading.verdict, "drop") == 0 ||
            strcmp(reading.verdict, "reject") == 0 || strcmp(reading.verdict, "return") == 0;
        if (reading.matches == PERHAPS || !plain) {
            if (result.maybe == 0) {
                result.maybe = handle_of(rule);
                result.maybe_why = reading.matches == PERHAPS ? "its conditions" : "its verdict";
            }
            continue;
        }
        result.handle = handle_of(rule);
        if (strcmp(reading.verdict, "return") != 0)
            result.say = strcmp(reading.verdict, "accept") == 0 ? FW_ACCEPTS : FW_DROPS;
        return result;
    }
    return result;
}
