#include "netjoin.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

int netjoin_mtu(struct hull_call *call, const struct network *network, int *ret_mtu)
{
    const char *text = hull_map_find(&network->options, NETJOIN_OPTION_MTU);
    *ret_mtu = 0;
    if (hull_streq(text, NULL))
        return 0;
    char *end;
    long mtu = strtol(text, &end, 10);
    if (mtu == 0 && end != text && *end == '\0')
        return 0; /* as docker: that of the kernel */
    if (*end != '\0' || mtu < 68 || mtu > 65535)
        return hull_fail(call, HULL_INVALID, "%s: %s is not an MTU (68 to 65535)",
                         NETJOIN_OPTION_MTU, text);
    *ret_mtu = (int)mtu;
    return 0;
}

bool netjoin_name_valid(const char *name)
{
    return strlen(name) < IFNAMSIZ && strpbrk(name, "/ \t\n:") == NULL;
}

void netjoin_addresses(const struct netdriver_join_request *request, struct nif_inside *inside)
{
    const struct endpoint_settings *endpoint = &request->endpoint;
    if (ip_parse(endpoint->ip_address, &inside->nets[0].addr))
        inside->nets[0].length = (unsigned)endpoint->ip_prefix_len;
    if (ip_parse(endpoint->global_ipv6_address, &inside->nets[1].addr))
        inside->nets[1].length = (unsigned)endpoint->global_ipv6_prefix_len;
    if (!request->default_route)
        return;
    (void)ip_parse(endpoint->gateway, &inside->gateway[0]);
    (void)ip_parse(endpoint->ipv6_gateway, &inside->gateway[1]);
}

void netjoin_mac(const struct ip_addr *addr, uint8_t ret_mac[6])
{
    ret_mac[0] = 0x02;
    ret_mac[1] = 0x42;
    memcpy(ret_mac + 2, addr->bytes, 4);
}
