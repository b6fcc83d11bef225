/*
 * fuzz-admin.c: rules of the administrator as the nft library writes them: whatever they are, an
 * answer is one of three, and names a rule when it says something.
 */
#include "plugins/support/firewall/explain.h"

#include <netinet/in.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_problem problem = {0};
    struct json_value rules;
    struct fw_flow flows[] = {
        {.iif = "eth0", .oif = "hull0", .protocol = IPPROTO_TCP, .port = 80},
        {.oif = "hull0", .protocol = IPPROTO_UDP, .port = 53, .dnat = true},
    };
    if (json_parse(arena, (const char *)data, size, &rules, &problem) < 0)
        return 0;
    (void)ip_parse("192.0.2.1", &flows[0].src);
    (void)ip_parse("10.1.2.3", &flows[0].dst);
    (void)ip_parse("fd00::3", &flows[1].dst);
    for (size_t i = 0; i < HULL_COUNT(flows); i++) {
        struct fw_admin admin = fw_admin_ask(&rules, &flows[i]);
        HULL_ASSERT(admin.say >= FW_SAYS_NOTHING && admin.say <= FW_DROPS);
        HULL_ASSERT((admin.maybe == 0) || admin.maybe_why != NULL);
    }
    return 0;
}
