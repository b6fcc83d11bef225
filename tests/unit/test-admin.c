/* What rules of the administrator, as the nft library writes them, do with a packet. */
#include "tap.h"

#include "plugins/support/firewall/explain.h"

#include <netinet/in.h>

static struct fw_flow flow_of(const char *source, const char *destination, uint8_t protocol)
{
    struct fw_flow flow = {
        .iif = "eth0", .oif = "hull0", .protocol = protocol, .port = 80, .dnat = true};
    (void)ip_parse(source, &flow.src);
    (void)ip_parse(destination, &flow.dst);
    return flow;
}

static struct fw_admin ask(struct hull_call *call, const char *expressions,
                           const struct fw_flow *flow)
{
    struct hull_problem problem;
    struct json_value rules;
    const char *text = hull_printf(call,
                                   "{\"nftables\":[{\"metainfo\":{}},{\"rule\":{\"handle\":7,"
                                   "\"expr\":[%s]}}]}",
                                   expressions);
    if (json_parse(hull_call_arena(call), text, strlen(text), &rules, &problem) < 0)
        FAIL("%s", problem.text);
    return fw_admin_ask(&rules, flow);
}

#define MATCH(op, left, right) \
    "{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define PAYLOAD(protocol, field) \
    "{\"payload\":{\"protocol\":\"" protocol "\",\"field\":\"" field "\"}}"
#define META(key) "{\"meta\":{\"key\":\"" key "\"}}"
#define CT(key) "{\"ct\":{\"key\":\"" key "\"}}"
#define PREFIX(addr, len) "{\"prefix\":{\"addr\":\"" addr "\",\"len\":" len "}}"

FIBER_TEST(rules_that_are_understood)
{
    static const struct {
        const char *rule;
        enum fw_say says;
    } cases[] = {
        {MATCH("==", PAYLOAD("ip", "saddr"), "\"192.0.2.1\""), FW_DROPS},
        {MATCH("==", PAYLOAD("ip", "saddr"), "\"192.0.2.2\""), FW_SAYS_NOTHING},
        {MATCH("!=", PAYLOAD("ip", "saddr"), "\"192.0.2.2\""), FW_DROPS},
        {MATCH("==", PAYLOAD("ip", "saddr"), PREFIX("192.0.2.0", "24")), FW_DROPS},
        {MATCH("==", PAYLOAD("ip", "daddr"), PREFIX("192.0.2.0", "24")), FW_SAYS_NOTHING},
        {MATCH("==", PAYLOAD("ip6", "saddr"), "\"fd00::1\""), FW_SAYS_NOTHING},
        {MATCH("==", PAYLOAD("ip", "saddr"), "{\"range\":[\"192.0.2.0\",\"192.0.2.9\"]}"),
         FW_DROPS},
        {MATCH("==", PAYLOAD("ip", "saddr"),
               "{\"set\":[\"10.0.0.1\"," PREFIX("192.0.2.0", "25") "]}"),
         FW_DROPS},
        {MATCH("==", PAYLOAD("tcp", "dport"), "80"), FW_DROPS},
        {MATCH("==", PAYLOAD("udp", "dport"), "80"), FW_SAYS_NOTHING},
        {MATCH("==", PAYLOAD("th", "dport"), "{\"set\":[22,{\"range\":[79,81]}]}"), FW_DROPS},
        {MATCH("==", PAYLOAD("tcp", "dport"), "{\"set\":[22,443]}"), FW_SAYS_NOTHING},
        {MATCH("==", META("iifname"), "\"eth*\""), FW_DROPS},
        {MATCH("==", META("oifname"), "\"eth0\""), FW_SAYS_NOTHING},
        {MATCH("==", META("l4proto"), "\"tcp\""), FW_DROPS},
        {MATCH("==", META("nfproto"), "\"ipv6\""), FW_SAYS_NOTHING},
        {MATCH("in", CT("state"), "[\"established\",\"related\"]"), FW_SAYS_NOTHING},
        {MATCH("in", CT("state"), "[\"new\",\"untracked\"]"), FW_DROPS},
        {MATCH("in", CT("status"), "\"dnat\""), FW_DROPS},
    };
    const struct fw_flow flow = flow_of("192.0.2.1", "10.1.2.3", IPPROTO_TCP);
    for (size_t i = 0; i < HULL_COUNT(cases); i++) {
        const char *rule =
            hull_printf(call, "%s,{\"counter\":null},{\"drop\":null}", cases[i].rule);
        struct fw_admin admin = ask(call, rule, &flow);
        if (admin.say != cases[i].says || admin.maybe != 0)
            FAIL("%s", cases[i].rule);
        CHECK_INT(admin.handle, cases[i].says == FW_SAYS_NOTHING ? 0 : 7);
    }
}

FIBER_TEST(rules_that_are_not_understood_are_told)
{
    static const char *const rules[] = {
        MATCH("==", META("mark"), "5") ",{\"drop\":null}",
        MATCH("==", PAYLOAD("ip", "saddr"), "\"@bad\"") ",{\"drop\":null}",
        MATCH("&", PAYLOAD("ip", "saddr"), "\"192.0.2.1\"") ",{\"drop\":null}",
        MATCH("==", PAYLOAD("tcp", "sport"), "80") ",{\"accept\":null}",
        "{\"limit\":{\"rate\":1}},{\"drop\":null}",
        "{\"jump\":{\"target\":\"mine\"}}",
        MATCH("==", "7", "7") ",{\"drop\":null}",
        MATCH("==", PAYLOAD("ip", "saddr"), PREFIX("192.0.2.0", "99")) ",{\"drop\":null}",
    };
    const struct fw_flow flow = flow_of("192.0.2.1", "10.1.2.3", IPPROTO_TCP);
    for (size_t i = 0; i < HULL_COUNT(rules); i++) {
        struct fw_admin admin = ask(call, rules[i], &flow);
        if (admin.say != FW_SAYS_NOTHING || admin.maybe != 7)
            FAIL("%s", rules[i]);
    }
    /* What is not known of the packet is no reason to guess. */
    const struct fw_flow nobody = flow_of("", "10.1.2.3", IPPROTO_TCP);
    CHECK_INT(
        ask(call, MATCH("==", PAYLOAD("ip", "saddr"), "\"192.0.2.1\"") ",{\"drop\":null}", &nobody)
            .maybe,
        7);
    /* A rule without a verdict, or one that can't match, decides nothing. */
    CHECK_INT(ask(call, MATCH("==", META("mark"), "5"), &flow).maybe, 0);
    CHECK_INT(ask(call,
                  MATCH("==", PAYLOAD("udp", "dport"), "1") "," MATCH("==", META("mark"),
                                                                      "5") ",{"
                                                                           "\"drop\":null}",
                  &flow)
                  .maybe,
              0);
}

TAP_MAIN
