/* What is looked up for a question about a packet: routes, and the rules of others. */
#include "ask.h"

#include "netlink.h"
#include "nft.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* --- routes ---------------------------------------------------------------------------------- */

struct way {
    bool local;
    unsigned index;
};

static void take_route(const struct nlmsghdr *message, void *ctx)
{
    struct way *way = ctx;
    const struct rtmsg *head = NLMSG_DATA(message);
    size_t skip = NLMSG_ALIGN(sizeof(*head));
    const struct nlattr *out =
        nl_find((const char *)head + skip, NLMSG_PAYLOAD(message, skip), RTA_OIF);
    if (message->nlmsg_type != RTM_NEWROUTE)
        return;
    way->local = head->rtm_type == RTN_LOCAL;
    way->index = out != NULL ? nl_u32(out) : 0;
}

void fw_ask_route(struct fw_asked *asked, const struct ip_addr *to)
{
    struct way way = {false, 0};
    struct rtmsg head = {.rtm_family = (uint8_t)to->family,
                         .rtm_dst_len = (uint8_t)(ip_size(to->family) * 8)};
    struct nl_batch batch = {0};
    HULL_AUTO_FD fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return;
    nl_begin(&batch, RTM_GETROUTE, 0, &head, sizeof(head));
    nl_put(&batch, RTA_DST, to->bytes, ip_size(to->family));
    /* An error is an answer, too. */
    ((struct nlmsghdr *)(void *)batch.data)->nlmsg_flags |= NLM_F_ACK;
    int rc = nl_transact(fd, &batch, take_route, &way, NULL);
    nl_done(&batch);
    asked->unroutable = rc < 0;
    asked->local = rc == 0 && way.local;
    if (rc == 0 && way.index != 0 && if_indextoname(way.index, asked->oif) == NULL)
        asked->oif[0] = '\0';
}

/* --- rules ----------------------------------------------------------------------------------- */

void fw_ask_rules(struct fw_asked *asked, struct nft *nft, const char *table)
{
    char command[128];
    snprintf(command, sizeof(command), "list chain inet %s admin", table);
    nft->output_set_flags(nft->ctx, NFT_CTX_OUTPUT_HANDLE);
    if (nft->run(nft->ctx, command) == 0)
        asked->text = strdup(nft->output(nft->ctx));
    nft->output_set_flags(nft->ctx, NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_JSON);
    if (asked->text != NULL && nft->run(nft->ctx, command) == 0)
        asked->rules = strdup(nft->output(nft->ctx));
    if (nft->run(nft->ctx, "list chains") == 0)
        asked->chains = strdup(nft->output(nft->ctx));
}

void fw_asked_done(struct fw_asked *asked)
{
    free(asked->text);
    free(asked->rules);
    free(asked->chains);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool is_text(const struct json_value *object, const char *key, const char *text)
{
    const struct json_value *value = json_member(object, key);
    return value != NULL && value->type == JSON_TEXT &&
           (text == NULL || !strcmp(value->text, text));
}

static const char *member_text(const struct json_value *object, const char *key)
{
    return is_text(object, key, NULL) ? json_member(object, key)->text : "?";
}

/* Chains of others in the way of forwarded packets, whose policy is to drop. */
static void find_others(struct hull_call *call, const struct json_value *chains, const char *table,
                        struct fw_facts *facts)
{
    const struct json_value *list = json_member(chains, "nftables");
    for (size_t i = 0; list != NULL && list->type == JSON_LIST && i < list->count; i++) {
        const struct json_value *chain =
            list->items[i].type == JSON_OBJECT ? json_member(&list->items[i], "chain") : NULL;
        if (chain == NULL || chain->type != JSON_OBJECT || !is_text(chain, "hook", "forward") ||
            !is_text(chain, "policy", "drop") ||
            (is_text(chain, "family", "inet") && is_text(chain, "table", table)))
            continue;
        hull_strv_add(hull_call_arena(call), &facts->others,
                      hull_printf(call, "chain %s of table %s %s", member_text(chain, "name"),
                                  member_text(chain, "family"), member_text(chain, "table")));
    }
}

static bool parse(struct hull_call *call, const char *text, struct json_value *ret)
{
    struct hull_problem problem;
    return text != NULL &&
           json_parse(hull_call_arena(call), text, strlen(text), ret, &problem) == 0 &&
           ret->type == JSON_OBJECT;
}

void fw_facts_read(struct hull_call *call, const struct fw_asked *asked, const char *table,
                   struct fw_facts *ret)
{
    struct json_value *rules = hull_alloc(call, sizeof(*rules));
    struct json_value chains;
    *ret = (struct fw_facts){.local = asked->local, .unroutable = asked->unroutable};
    if (asked->oif[0] != '\0')
        ret->oif = hull_strdup(call, asked->oif);
    if (parse(call, asked->rules, rules)) {
        ret->admin = rules;
        ret->admin_text = hull_strdup(call, asked->text);
    }
    if (parse(call, asked->chains, &chains))
        find_others(call, &chains, table, ret);
}
