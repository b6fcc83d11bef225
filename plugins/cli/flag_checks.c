/*
 * What docker's command line looks at before it asks the daemon: values of flags, in its words.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/cli/run.h"
#include "plugins/common/units.h"

static bool whole_number(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

bool check_env(struct cli *cli, const char *value)
{
    if (value[0] != '\0' && value[0] != '=')
        return true;
    return cli_problem(cli, "invalid environment variable: %s", value);
}

bool check_label(struct cli *cli, const char *value)
{
    const char *name = value + strspn(value, " \t");
    size_t length = strcspn(name, "=");
    if (length == 0)
        return cli_problem(cli, "invalid label '%s': empty name", value);
    if (strcspn(name, " \t") < length)
        return cli_problem(cli, "label '%.*s' contains whitespaces", (int)length, name);
    return true;
}

bool check_size(struct cli *cli, const char *value)
{
    return strcmp(value, "-1") != 0 || cli_problem(cli, "invalid size: '%s'", value);
}

/* PATH:VALUE of a device; the value, or NULL with CLI->problem. */
static const char *device_value(struct cli *cli, const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text)
        cli_problem(cli, "bad format: %s", text);
    else if (strncmp(text, "/dev/", 5) != 0)
        cli_problem(cli, "bad format for device path: %s", text);
    else
        return colon + 1;
    return NULL;
}

bool check_weight(struct cli *cli, const char *value)
{
    const char *text = device_value(cli, value);
    int64_t weight;
    if (text == NULL)
        return false;
    if (whole_number(text, &weight) && (weight == 0 || (weight >= 10 && weight <= 1000)))
        return true;
    return cli_problem(cli, "invalid weight for device: %s", value);
}

bool check_bps(struct cli *cli, const char *value)
{
    const char *text = device_value(cli, value);
    int64_t rate;
    if (text == NULL)
        return false;
    if (units_parse_bytes(text, &rate) && rate >= 0)
        return true;
    return cli_problem(cli,
                       "invalid rate for device: %s. The correct format is "
                       "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit "
                       "is optional and can be kb, mb, or gb",
                       value);
}

bool check_iops(struct cli *cli, const char *value)
{
    const char *text = device_value(cli, value);
    int64_t rate;
    if (text == NULL)
        return false;
    if (whole_number(text, &rate) && rate >= 0)
        return true;
    return cli_problem(cli,
                       "invalid rate for device: %s. The correct format is "
                       "<device-path>:<number>. Number must be a positive integer",
                       value);
}

/* Digits or a star, and what follows; NULL when there is neither. */
static const char *rule_number(const char *text)
{
    size_t length = *text == '*' ? 1 : strspn(text, "0123456789");
    return length > 0 ? text + length : NULL;
}

bool check_device_rule(struct cli *cli, const char *value)
{
    const char *at = value;
    bool valid = *at != '\0' && strchr("acb", *at) != NULL && at[1] == ' ';
    at = valid ? rule_number(at + 2) : NULL;
    at = at != NULL && *at == ':' ? rule_number(at + 1) : NULL;
    if (at != NULL && *at == ' ') {
        size_t length = strspn(at + 1, "rwm");
        if (length >= 1 && length <= 3 && at[1 + length] == '\0')
            return true;
    }
    return cli_problem(cli, "invalid device cgroup format '%s'", value);
}

bool check_sysctl(struct cli *cli, const char *value)
{
    static const char *const names[] = {"kernel.msgmax", "kernel.msgmnb",         "kernel.msgmni",
                                        "kernel.sem",    "kernel.shmall",         "kernel.shmmax",
                                        "kernel.shmmni", "kernel.shm_rmid_forced"};
    static const char *const prefixes[] = {"net.", "fs.mqueue."};
    size_t length = strcspn(value, "=");
    bool allowed = false;
    for (size_t i = 0; i < HULL_COUNT(names); i++)
        allowed = allowed || (strlen(names[i]) == length && strncmp(value, names[i], length) == 0);
    for (size_t i = 0; i < HULL_COUNT(prefixes); i++)
        allowed = allowed || strncmp(value, prefixes[i], strlen(prefixes[i])) == 0;
    if (allowed && value[length] == '=')
        return true;
    return cli_problem(cli, "sysctl '%s' is not allowed", value);
}

bool check_link(struct cli *cli, const char *value)
{
    const char *colon = strchr(value, ':');
    if (value[0] == '\0')
        return cli_problem(cli, "empty string specified for links");
    if (colon != NULL && strchr(colon + 1, ':') != NULL)
        return cli_problem(cli, "bad format for links: %s", value);
    return true;
}

bool is_address(const char *text)
{
    struct in6_addr unused;
    return inet_pton(AF_INET, text, &unused) == 1 || inet_pton(AF_INET6, text, &unused) == 1;
}

bool check_dns(struct cli *cli, const char *value)
{
    return is_address(value) ||
           cli_problem(cli, "IP address is not correctly formatted: %s", value);
}

bool check_domain(struct cli *cli, const char *value)
{
    size_t length = strlen(value);
    bool letters = false;
    for (const char *at = value; *at != '\0'; at++)
        letters = letters || isalnum((unsigned char)*at) || *at == '_';
    if (strcmp(value, ".") == 0 ||
        (letters && length <= 255 && strpbrk(value, " \t\n/:@") == NULL && value[0] != '-'))
        return true;
    return cli_problem(cli, "%s is not a valid domain", value);
}

bool check_attach(struct cli *cli, const char *value)
{
    static const char *const streams[] = {"stdin", "stdout", "stderr"};
    for (size_t i = 0; i < HULL_COUNT(streams); i++) {
        if (strcasecmp(value, streams[i]) == 0)
            return true;
    }
    return cli_problem(cli, "valid streams are STDIN, STDOUT and STDERR");
}

bool run_add_host(struct cli *cli, void *target, const char *value)
{
    size_t length = strcspn(value, strchr(value, '=') != NULL ? "=" : ":");
    const char *address = value + length + (value[length] != '\0');
    size_t size = strlen(address);
    if (length == 0 || address[0] == '\0')
        return cli_problem(cli, "bad format for add-host: \"%s\"", value);
    if (size > 2 && address[0] == '[' && address[size - 1] == ']')
        address = hull_arena_strndup(cli->arena, address + 1, size - 2);
    if (strcmp(address, "host-gateway") != 0 && !is_address(address))
        return cli_problem(cli, "invalid IP address in add-host: \"%s\"", address);
    hull_strv_add(cli->arena, target,
                  hull_arena_printf(cli->arena, "%.*s:%s", (int)length, value, address));
    return true;
}
