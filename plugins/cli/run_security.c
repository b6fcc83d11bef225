/*
 * --security-opt and the namespaces that run and create name.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plugins/cli/run.h"
#include "plugins/common/json.h"

#define PROFILE_MAX ((size_t)1024 * 1024)

/* The profile in the file NAME, on one line: the daemon may be on another machine. */
static bool read_profile(struct cli *cli, const char *name, struct hull_text *ret)
{
    struct hull_problem problem = {};
    struct json_value value;
    HULL_AUTO_FREE char *data = malloc(PROFILE_MAX);
    FILE *file = fopen(name, "re");
    if (file == NULL || data == NULL)
        return cli_problem(cli, "opening seccomp profile (%s) failed: open %s: %s", name, name,
                           errno == ENOENT ? "no such file or directory" : strerror(errno));
    size_t size = fread(data, 1, PROFILE_MAX, file);
    fclose(file);
    if (json_parse(cli->arena, data, size, &value, &problem) < 0)
        return cli_problem(cli, "compacting json for seccomp profile (%s) failed: %s", name,
                           problem.text);
    json_write(ret, &value, 0);
    return true;
}

static bool add_seccomp(struct cli *cli, struct host_config *host, const char *value)
{
    struct hull_text text = HULL_TEXT(cli->arena);
    hull_text_puts(&text, "seccomp=");
    if (strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0)
        hull_text_puts(&text, value);
    else if (!read_profile(cli, value, &text))
        return false;
    hull_strv_add(cli->arena, &host->security_opt, text.data);
    return true;
}

static bool run_options_of_security(struct cli *cli, struct run_options *options)
{
    static const char *none[1];
    struct host_config *host = &options->create.host_config;
    for (size_t i = 0; i < options->security.n; i++) {
        const char *option = options->security.v[i];
        size_t length = strcspn(option, "=");
        if (option[length] == '\0' && strcmp(option, "no-new-privileges") != 0)
            length = strcspn(option, ":");
        bool valued = option[length] != '\0';
        if (!valued && strcmp(option, "no-new-privileges") != 0)
            return cli_problem(cli, "Invalid --security-opt: \"%s\"", option);
        const char *value = valued ? option + length + 1 : "";
        if (length == 7 && strncmp(option, "seccomp", length) == 0) {
            if (!add_seccomp(cli, host, value))
                return false;
        } else if (length == 11 && strncmp(option, "systempaths", length) == 0 &&
                   strcmp(value, "unconfined") == 0) {
            host->masked_paths = host->readonly_paths = (struct hull_strv){0, none};
            if (host->security_opt.v == NULL)
                host->security_opt.v = none; /* as docker: [] */
        } else {
            hull_strv_add(cli->arena, &host->security_opt, option);
        }
    }
    return true;
}

/* --- namespaces ------------------------------------------------------------------------------ */

static bool known_mode(const char *mode, const char *const *allowed)
{
    if (mode == NULL || *mode == '\0')
        return true;
    for (; *allowed != NULL; allowed++) {
        size_t length = strlen(*allowed);
        bool prefix = (*allowed)[length - 1] == ':';
        if (prefix ? strncmp(mode, *allowed, length) == 0 && mode[length] != '\0'
                   : strcmp(mode, *allowed) == 0)
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "net_admin" as "CAP_NET_ADMIN", sorted, each once. */
static struct hull_strv capabilities(struct cli *cli, const struct hull_strv *typed)
{
    struct hull_strv found = {};
    for (size_t i = 0; i < typed->n; i++) {
        bool plain =
            strcasecmp(typed->v[i], "ALL") == 0 || strncasecmp(typed->v[i], "CAP_", 4) == 0;
        char *name = hull_arena_printf(cli->arena, "%s%s", plain ? "" : "CAP_", typed->v[i]);
        for (char *at = name; *at != '\0'; at++)
            *at = (char)toupper((unsigned char)*at);
        if (!hull_strv_contains(&found, name))
            hull_strv_add(cli->arena, &found, name);
    }
    if (found.n > 1)
        qsort(found.v, found.n, sizeof(*found.v), by_name);
    return found;
}

bool run_security(struct cli *cli, struct run_options *options)
{
    struct host_config *host = &options->create.host_config;
    const struct {
        const char *text, *mode;
        const char *const *allowed;
    } modes[] = {
        {"--pid: invalid PID mode", host->pid_mode,
         (const char *const[]){"host", "container:", NULL}},
        {"--uts: invalid UTS mode", host->uts_mode, (const char *const[]){"host", NULL}},
        {"--userns: invalid USER mode", host->userns_mode,
         (const char *const[]){"host", "auto", "auto:", NULL}},
        {"--cgroupns: invalid CGROUP mode", host->cgroupns_mode,
         (const char *const[]){"host", "private", NULL}},
    };
    for (size_t i = 0; i < HULL_COUNT(modes); i++) {
        if (!known_mode(modes[i].mode, modes[i].allowed))
            return cli_problem(cli, "%s", modes[i].text);
    }
    host->cap_add = capabilities(cli, &host->cap_add);
    host->cap_drop = capabilities(cli, &host->cap_drop);
    return run_options_of_security(cli, options);
}
