#include "conf.h"

#include "address.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Servers, domains and options that are taken, each. */
#define WORDS_MAX 16

static const char *text_of(const struct json_value *object, const char *key)
{
    const struct json_value *value = object->type == JSON_OBJECT ? json_member(object, key) : NULL;
    return value != NULL && value->type == JSON_TEXT ? value->text : NULL;
}

/* The member KEY of the result as a list; an absent one is empty. */
static int list_of(const struct json_value *top, const char *key, struct json_value *ret,
                   struct hull_problem *problem)
{
    const struct json_value *list = json_member(top, key);
    *ret = (struct json_value){.type = JSON_LIST};
    if (list == NULL || list->type == JSON_NULL)
        return 0;
    if (list->type != JSON_LIST)
        return hull_problem_set(problem, HULL_INVALID, "%s: a list is expected", key);
    *ret = *list;
    return 0;
}

/* True when the address is that of an interface on the host. */
static bool is_outside(const struct json_value *ip, const struct json_value *interfaces)
{
    const struct json_value *index = json_member(ip, "interface");
    if (index == NULL || index->type != JSON_NUMBER)
        return false;
    char *end;
    unsigned long at = strtoul(index->text, &end, 10);
    if (*end != '\0' || at >= interfaces->count)
        return false;
    const char *sandbox = text_of(&interfaces->items[at], "sandbox");
    return sandbox == NULL || *sandbox == '\0';
}

static int take_ip(struct hull_arena *arena, const struct json_value *ip, struct cni_result *ret,
                   struct hull_problem *problem)
{
    const char *text = text_of(ip, "address");
    const char *gateway = text_of(ip, "gateway");
    struct ip_net net;
    struct ip_addr via;
    char buffer[IP_TEXT_SIZE];
    if (!ip_net_parse(text, &net))
        return hull_problem_set(problem, HULL_INVALID, "ips: \"%s\" is no address",
                                text == NULL ? "" : text);
    if (gateway != NULL && *gateway != '\0' && !ip_parse(gateway, &via))
        return hull_problem_set(problem, HULL_INVALID, "ips: gateway \"%s\" is no address",
                                gateway);
    int family = net.addr.family == AF_INET6;
    if (ret->address[family] != NULL)
        return 0; /* the first counts */
    ret->address[family] = hull_arena_strdup(arena, ip_text(&net.addr, buffer));
    ret->length[family] = net.length;
    ret->gateway[family] = gateway == NULL ? "" : gateway;
    return 0;
}

/* --- dns -------------------------------------------------------------------------------------- */

/* A word that is put into resolv.conf: it ends neither its line nor itself. */
static bool is_word(const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] > '~' || text[i] == '#' ||
            text[i] == ';')
            return false;
    }
    return length > 0 && length < 256;
}

/* The texts of the list KEY in DNS, each a word or (ADDRESSES) an address. */
static int take_words(struct hull_arena *arena, const struct json_value *dns, const char *key,
                      bool addresses, struct hull_strv *ret, struct hull_problem *problem)
{
    struct json_value list = {.type = JSON_LIST};
    int rc = list_of(dns, key, &list, problem);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        const char *text = list.items[i].type == JSON_TEXT ? list.items[i].text : NULL;
        struct ip_addr addr;
        if (!is_word(text) || (addresses && !ip_parse(text, &addr)))
            return hull_problem_set(problem, HULL_INVALID, "dns: %s: \"%.64s\" is no %s", key,
                                    text == NULL ? "" : text, addresses ? "address" : "word");
        if (ret->n < WORDS_MAX && !hull_strv_contains(ret, text))
            hull_strv_add(arena, ret, text);
    }
    return rc;
}

/* The domain goes before the others to search. */
static int take_dns(struct hull_arena *arena, const struct json_value *top, struct cni_result *ret,
                    struct hull_problem *problem)
{
    const struct json_value *dns = json_member(top, "dns");
    if (dns == NULL || dns->type == JSON_NULL)
        return 0;
    if (dns->type != JSON_OBJECT)
        return hull_problem_set(problem, HULL_INVALID, "dns: an object is expected");
    const char *domain = text_of(dns, "domain");
    if (domain != NULL && *domain != '\0' && !is_word(domain))
        return hull_problem_set(problem, HULL_INVALID, "dns: domain \"%.64s\" is no name", domain);
    if (domain != NULL && *domain != '\0')
        hull_strv_add(arena, &ret->dns_search, domain);
    int rc = take_words(arena, dns, "nameservers", true, &ret->dns_servers, problem);
    if (rc == 0)
        rc = take_words(arena, dns, "search", false, &ret->dns_search, problem);
    return rc < 0 ? rc : take_words(arena, dns, "options", false, &ret->dns_options, problem);
}

int cni_result_parse(struct hull_arena *arena, const char *text, size_t length, const char *ifname,
                     struct cni_result *ret, struct hull_problem *problem)
{
    struct json_value top, interfaces = {.type = JSON_LIST}, ips = {.type = JSON_LIST};
    *ret = (struct cni_result){.mac = NULL};
    int rc = json_parse(arena, text, length, &top, problem);
    if (rc == 0 && top.type != JSON_OBJECT)
        rc = hull_problem_set(problem, HULL_INVALID, "a JSON object is expected");
    if (rc == 0)
        rc = list_of(&top, "interfaces", &interfaces, problem);
    if (rc == 0)
        rc = list_of(&top, "ips", &ips, problem);
    if (rc == 0)
        rc = take_dns(arena, &top, ret, problem);
    for (size_t i = 0; rc == 0 && i < ips.count; i++) {
        if (ips.items[i].type != JSON_OBJECT)
            rc = hull_problem_set(problem, HULL_INVALID, "ips: an object is expected");
        else if (!is_outside(&ips.items[i], &interfaces))
            rc = take_ip(arena, &ips.items[i], ret, problem);
    }
    for (size_t i = 0; rc == 0 && i < interfaces.count; i++) {
        const struct json_value *at = &interfaces.items[i];
        const char *sandbox = text_of(at, "sandbox");
        uint8_t mac[6];
        if ((sandbox == NULL || *sandbox == '\0') && text_of(at, "name") != NULL)
            hull_strv_add(arena, &ret->outside, text_of(at, "name"));
        if (hull_streq(text_of(at, "name"), ifname) && !hull_streq(sandbox, NULL) &&
            text_of(at, "mac") != NULL && mac_parse(text_of(at, "mac"), mac))
            ret->mac = text_of(at, "mac");
    }
    return rc;
}

static int64_t code_of(const struct json_value *top)
{
    const struct json_value *code = json_member(top, "code");
    return code == NULL || code->type != JSON_NUMBER ? 0 : strtoll(code->text, NULL, 10);
}

const char *cni_error_text(struct hull_arena *arena, const char *text, size_t length,
                           int64_t *ret_code)
{
    struct hull_problem problem;
    struct json_value top;
    *ret_code = 0;
    if (json_parse(arena, text, length, &top, &problem) < 0 || top.type != JSON_OBJECT)
        return NULL;
    const char *message = text_of(&top, "msg");
    const char *details = text_of(&top, "details");
    if (message == NULL || *message == '\0')
        return NULL;
    *ret_code = code_of(&top);
    if (details != NULL && *details != '\0')
        message = hull_arena_printf(arena, "%s: %s", message, details);
    return *ret_code == 0
               ? message
               : hull_arena_printf(arena, "%s (code %lld)", message, (long long)*ret_code);
}
