/* What a container may say of its interface in one network: its name, and the kernel's settings. */
#include "net.h"

#include "netjoin.h"
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define OPTION NETBRIDGE_OPTION "endpoint."
#define OPTION_IFNAME OPTION "ifname"
#define OPTION_SYSCTLS OPTION "sysctls"
/* Stands for the interface in the name of a setting; docker's command line makes it lower case. */
#define PLACEHOLDER "IFNAME"

/* --- sysctls: "net.ipv4.conf.IFNAME.log_martians=1,…" ----------------------------------------- */

struct setting {
    char path[160];
    const char *value;
};

/* The name at AT up to its end or STOP, of lower-case letters, digits and '_'. Its length, or 0. */
static size_t word(const char *at, char stop)
{
    size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return at[length] == stop ? length : 0;
}

/* TEXT is "net.FAMILY.conf.IFNAME.NAME": only what belongs to the interface can be said. */
static bool setting_path(const char *text, const char *ifname, struct setting *ret)
{
    static const char *const heads[] = {"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.",
                                        "net.ipv6.neigh.", "net.mpls.conf."};
    for (size_t i = 0; i < HULL_COUNT(heads); i++) {
        const char *rest = text + strlen(heads[i]);
        const char *family = heads[i] + strlen("net.");
        size_t length = strlen(PLACEHOLDER ".");
        if (strncmp(text, heads[i], strlen(heads[i])) != 0 ||
            strncasecmp(rest, PLACEHOLDER ".", length) != 0 || word(rest + length, '\0') == 0)
            continue;
        size_t kind = strcspn(family, ".");
        snprintf(ret->path, sizeof(ret->path), "/proc/sys/net/%.*s/%.*s/%s/%s", (int)kind, family,
                 (int)strcspn(family + kind + 1, "."), family + kind + 1, ifname, rest + length);
        return true;
    }
    return false;
}

static int read_settings(struct hull_call *call, const char *text, const char *ifname,
                         struct setting **ret_settings, size_t *ret_count)
{
    struct hull_arena *arena = hull_call_arena(call);
    size_t room = 1;
    for (const char *at = text; *at != '\0'; at++)
        room += *at == ',';
    *ret_settings = HULL_NEW_ARRAY(arena, struct setting, room);
    *ret_count = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        char *one = hull_arena_strndup(arena, text, length);
        char *equals = strchr(one, '=');
        struct setting *setting = &(*ret_settings)[(*ret_count)++];
        if (equals != NULL)
            *equals = '\0';
        if (equals == NULL || !setting_path(one, ifname, setting))
            return hull_fail(call, HULL_INVALID,
                             "invalid config for interface %s: %s: \"%.*s\" is not of the form "
                             "net.ipv4.conf.IFNAME.NAME=VALUE",
                             ifname, OPTION_SYSCTLS, (int)length, text);
        setting->value = equals + 1;
        text += length + (text[length] == ',');
    }
    return 0;
}

/* --- both options ----------------------------------------------------------------------------- */

int net_endpoint_opts_check(struct hull_call *call, const struct hull_map *options)
{
    struct setting *settings;
    size_t count;
    for (size_t i = 0; i < options->n; i++) {
        const struct hull_pair *pair = &options->v[i];
        int rc = 0;
        if (strcmp(pair->key, OPTION_SYSCTLS) == 0)
            rc = read_settings(call, pair->value, "eth0", &settings, &count);
        else if (strcmp(pair->key, OPTION_IFNAME) != 0)
            rc = hull_fail(call, HULL_INVALID, "DriverOpts: %s is not known to bridge networks",
                           pair->key);
        else if (*pair->value == '\0' || strcmp(pair->value, "lo") == 0 ||
                 strcmp(pair->value, ".") == 0 || strcmp(pair->value, "..") == 0 ||
                 !netjoin_name_valid(pair->value))
            rc = hull_fail(call, HULL_INVALID, "%s: \"%s\" can't be the name of an interface",
                           OPTION_IFNAME, pair->value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

const char *net_endpoint_ifname(const struct endpoint_settings *endpoint)
{
    return hull_map_find(&endpoint->driver_opts, OPTION_IFNAME);
}

/* --- in the container's namespace ------------------------------------------------------------- */

struct visit {
    int netns_fd;
    const struct setting *settings;
    size_t count;
    size_t at; /* the one that failed */
    int error;
};

static void write_settings(void *arg)
{
    struct visit *visit = arg;
    for (visit->at = 0; visit->at < visit->count && visit->error == 0; visit->at++) {
        const struct setting *setting = &visit->settings[visit->at];
        int fd = open(setting->path, O_WRONLY | O_CLOEXEC);
        size_t size = strlen(setting->value);
        if (fd < 0 || write(fd, setting->value, size) != (ssize_t)size)
            visit->error = errno;
        if (fd >= 0)
            close(fd);
    }
}

static int run_settings(struct hull_work *work, void *arg)
{
    struct visit *visit = arg;
    int rc = netns_visit(visit->netns_fd, write_settings, visit);
    int error = rc < 0 ? -rc : visit->error;
    if (error == 0)
        return 0;
    return hull_problem_set(&work->problem, HULL_INVALID, "failed to set %s to %.60s: %s",
                            visit->settings[visit->at > 0 ? visit->at - 1 : 0].path,
                            visit->settings[visit->at > 0 ? visit->at - 1 : 0].value,
                            strerror(error));
}

int net_endpoint_settings_apply(struct hull_call *call, const struct endpoint_settings *endpoint,
                                const char *ifname, int netns_fd)
{
    const char *text = hull_map_find(&endpoint->driver_opts, OPTION_SYSCTLS);
    struct setting *settings;
    struct visit *visit = hull_alloc(call, sizeof(*visit));
    if (text == NULL)
        return 0;
    int rc = read_settings(call, text, ifname, &settings, &visit->count);
    visit->netns_fd = netns_fd;
    visit->settings = settings;
    return rc < 0 || visit->count == 0 ? rc : hull_work(call, run_settings, visit);
}
