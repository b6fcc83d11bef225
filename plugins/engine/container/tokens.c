/*
 * tokens.c: the checks.
 */
#include "tokens.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool token_ip(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

bool token_domain(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= 253 && strspn(text, ALNUM "-_.") == length && text[0] != '-';
}

bool token_word(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > 255)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return true;
}

bool token_number(const char *text, int64_t *ret)
{
    char *end;

    if (*text < '0' || *text > '9' || strlen(text) > 18)
        return false;
    *ret = strtoll(text, &end, 10);
    return *end == '\0';
}

static const char *skip_digits(const char *text)
{
    return text + strspn(text, "0123456789");
}

/* "N" or "N-M" at the beginning of TEXT, M not below N; what follows, or NULL. */
static const char *skip_range(const char *text)
{
    const char *end = skip_digits(text);
    long first = strtol(text, NULL, 10);

    if (end == text || end - text > 9)
        return NULL;
    if (*end != '-')
        return end;
    text = end + 1;
    end = skip_digits(text);
    if (end == text || end - text > 9)
        return NULL;
    return strtol(text, NULL, 10) < first ? NULL : end;
}

bool token_port(const char *text)
{
    static const char *const protocols[] = {"", "/tcp", "/udp", "/sctp"};
    const char *end = skip_range(text);

    for (size_t i = 0; end && i < HULL_COUNT(protocols); i++)
        if (strcmp(end, protocols[i]) == 0)
            return true;
    return false;
}

bool token_port_range(const char *text)
{
    const char *end = skip_range(text);
    const char *dash = strchr(text, '-');
    long first, last;

    if (!end || *end != '\0')
        return false;
    first = strtol(text, NULL, 10);
    last = dash ? strtol(dash + 1, NULL, 10) : first;
    return first <= last && last <= 65535;
}

bool token_cpu_list(const char *text)
{
    for (;;) {
        text = skip_range(text);
        if (!text)
            return false;
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

/* "N" or "N-M": what follows, with its numbers in RET. TEXT is a list that was checked. */
static const char *next_range(const char *text, long ret[2])
{
    char *end;

    ret[0] = ret[1] = strtol(text, &end, 10);
    if (*end == '-')
        ret[1] = strtol(end + 1, &end, 10);
    return *end == ',' ? end + 1 : NULL;
}

bool token_cpu_list_within(const char *list, const char *all)
{
    while (list) {
        long wanted[2], there[2];

        list = next_range(list, wanted);
        /* Ranges of the kernel's are in order and do not touch. */
        for (const char *at = all; at && wanted[0] <= wanted[1];) {
            at = next_range(at, there);
            if (wanted[0] >= there[0] && wanted[0] <= there[1])
                wanted[0] = there[1] + 1;
        }
        if (wanted[0] <= wanted[1])
            return false;
    }
    return true;
}

bool token_sysctl(const char *key)
{
    static const char *const exact[] = {
        "kernel.msgmax", "kernel.msgmnb",          "kernel.msgmni",
        "kernel.sem",    "kernel.shmall",          "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.domainname",
    };
    size_t length = strlen(key);

    if (length > 255 || strspn(key, ALNUM "-_./") != length || strstr(key, ".."))
        return false;
    for (size_t i = 0; i < HULL_COUNT(exact); i++)
        if (strcmp(key, exact[i]) == 0)
            return true;
    return strncmp(key, "net.", 4) == 0 || strncmp(key, "fs.mqueue.", 10) == 0;
}

bool token_size(const char *text, int64_t *ret_bytes)
{
    static const char suffixes[] = "bkmgt";
    char *end;
    double value;
    const char *suffix;
    double unit = 1;

    if (!text || ((*text < '0' || *text > '9') && *text != '.'))
        return false;
    value = strtod(text, &end);
    if (*end != '\0') {
        suffix = strchr(suffixes, *end | 0x20);
        if (!suffix)
            return false;
        for (const char *at = suffixes; at < suffix; at++)
            unit *= 1024;
        end++;
        if ((*end | 0x20) == 'i')
            end++;
        if ((*end | 0x20) == 'b')
            end++;
    }
    if (*end != '\0' || !(value * unit < 9e18))
        return false;
    *ret_bytes = (int64_t)(value * unit);
    return true;
}

/* "*" or a number. */
static bool device_number(const char **text, struct hull_opt_int *ret)
{
    const char *end = skip_digits(*text);

    *ret = (struct hull_opt_int){false, 0};
    if (**text == '*') {
        (*text)++;
        return true;
    }
    if (end == *text || end - *text > 9)
        return false;
    *ret = (struct hull_opt_int){true, strtoll(*text, NULL, 10)};
    *text = end;
    return true;
}

bool token_device_rule(const char *text, struct oci_device_rule *ret)
{
    struct oci_device_rule rule = {.allow = true};

    if (!text || !strchr("abc", text[0]) || text[0] == '\0' || text[1] != ' ')
        return false;
    rule.type = text[0] == 'a' ? "a" : text[0] == 'b' ? "b" : "c";
    text += 2;
    if (!device_number(&text, &rule.major) || *text++ != ':' ||
        !device_number(&text, &rule.minor) || *text++ != ' ')
        return false;
    if (*text == '\0' || strlen(text) > 3 || text[strspn(text, "rwm")] != '\0')
        return false;
    rule.access = text;
    if (ret)
        *ret = rule;
    return true;
}

static const struct {
    const char *name, *type;
} ulimits[] = {
    {"core", "RLIMIT_CORE"},         {"cpu", "RLIMIT_CPU"},     {"data", "RLIMIT_DATA"},
    {"fsize", "RLIMIT_FSIZE"},       {"locks", "RLIMIT_LOCKS"}, {"memlock", "RLIMIT_MEMLOCK"},
    {"msgqueue", "RLIMIT_MSGQUEUE"}, {"nice", "RLIMIT_NICE"},   {"nofile", "RLIMIT_NOFILE"},
    {"nproc", "RLIMIT_NPROC"},       {"rss", "RLIMIT_RSS"},     {"rtprio", "RLIMIT_RTPRIO"},
    {"rttime", "RLIMIT_RTTIME"},     {"stack", "RLIMIT_STACK"}, {"sigpending", "RLIMIT_SIGPENDING"},
};

const char *ulimit_type(const char *name)
{
    for (size_t i = 0; name && i < HULL_COUNT(ulimits); i++)
        if (strcmp(name, ulimits[i].name) == 0)
            return ulimits[i].type;
    return NULL;
}
