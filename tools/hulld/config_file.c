/*
 * config_file.c: hulld.json, and what stands for the settings that nobody made.
 */
#include "tools/hulld/hulld.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fwmark.h"
#include "json.h"
#include "subids.h"

#define CONFIG_BYTES_MAX (1 << 20)

static int read_file(struct hulld *hulld, const char *path, char **ret_text, size_t *ret_length,
                     struct hull_problem *problem)
{
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return hull_problem_set(problem, hull_kind_of_errno(errno), "%s: %s", path,
                                strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size > CONFIG_BYTES_MAX)
        return hull_problem_set(problem, HULL_INVALID, "%s: not a regular file of at most 1 MB",
                                path);
    char *text = hull_arena_alloc(hulld->arena, (size_t)st.st_size + 1);
    ssize_t got = read(fd, text, (size_t)st.st_size);
    if (got < 0)
        return hull_problem_set(problem, HULL_IO, "%s: %s", path, strerror(errno));
    *ret_text = text;
    *ret_length = (size_t)got;
    return 0;
}

const char *hulld_config_path(const struct hulld *hulld)
{
    return hulld->config_file != NULL ? hulld->config_file : SYSCONFDIR "/hulld.json";
}

/* Which keys TEXT has, be their values those of nothing: it was decoded already. */
static int look_for_keys(struct hulld *hulld, const char *text, size_t length,
                         bool ret_given[HULLD_FIELDS_MAX], struct hull_problem *problem)
{
    struct json_value object;
    int rc = json_parse(hulld->arena, text, length, &object, problem);

    for (size_t i = 0; rc == 0 && i < daemon_config_message.count; i++) {
        const struct json_value *value = json_member(&object, daemon_config_message.fields[i].name);
        ret_given[i] = value != NULL && value->type != JSON_NULL;
    }
    return rc;
}

int hulld_config_read(struct hulld *hulld, struct daemon_config *ret_file,
                      bool ret_given[HULLD_FIELDS_MAX], struct hull_problem *problem)
{
    const char *path = hulld_config_path(hulld);
    struct hull_problem found;
    char *text = NULL;
    size_t length = 0;

    memset(ret_file, 0, sizeof(*ret_file));
    if (ret_given != NULL)
        memset(ret_given, 0, HULLD_FIELDS_MAX * sizeof(*ret_given));
    if (hulld->config_file == NULL && access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    int rc = read_file(hulld, path, &text, &length, problem);
    if (rc < 0)
        return rc;
    if (strspn(text, " \t\r\n") == length) /* an empty file, as docker has it */
        return 0;
    rc = json_decode(hulld->arena, &daemon_config_message, text, length, JSON_STRICT, ret_file,
                     &found);
    if (rc < 0)
        return hull_problem_set(problem, found.kind,
                                "unable to configure the daemon with file %s: %s", path,
                                found.text);
    return ret_given == NULL ? 0 : look_for_keys(hulld, text, length, ret_given, problem);
}

int hulld_config_both(const struct hull_text *names, struct hull_problem *problem)
{
    if (names->length == 0)
        return 0;
    return hull_problem_set(problem, HULL_INVALID,
                            "the following directives are specified both as a flag and in the "
                            "configuration file: %s",
                            names->data);
}

int hulld_config_merge(struct hulld *hulld, const struct daemon_config *file,
                       struct hull_problem *problem)
{
    struct hull_text both = HULL_TEXT(hulld->arena);

    for (size_t i = 0; i < daemon_config_message.count; i++) {
        const struct hull_field *field = &daemon_config_message.fields[i];
        const char *from = (const char *)file + field->offset;
        if (hull_field_empty(field, from))
            continue;
        if (hulld->from_flag[i])
            hull_text_printf(&both, "%s%s", both.length > 0 ? ", " : "", field->name);
        memcpy((char *)&hulld->config + field->offset, from, hull_type_size(field));
    }
    return hulld_config_both(&both, problem);
}

/* --- defaults -------------------------------------------------------------------------------- */

static const char *absolute(struct hulld *hulld, const char *path)
{
    char here[PATH_MAX];

    if (path == NULL || path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
        return path;
    return hull_arena_printf(hulld->arena, "%s/%s", here, path);
}

static void paths(struct hulld *hulld)
{
    struct daemon_config *config = &hulld->config;
    const char *root = config->root = absolute(hulld, config->root);
    const struct {
        const char **path;
        const char *system, *below;
    } table[] = {
        {&config->data_root, LOCALSTATEDIR, "data"},
        {&config->exec_root, RUNSTATEDIR, "exec"},
        {&config->pidfile, RUNSTATEDIR "/hulld.pid", "hulld.pid"},
    };

    for (size_t i = 0; i < HULL_COUNT(table); i++) {
        if (*table[i].path != NULL)
            *table[i].path = absolute(hulld, *table[i].path);
        else if (root != NULL)
            *table[i].path = hull_arena_printf(hulld->arena, "%s/%s", root, table[i].below);
        else
            *table[i].path = table[i].system;
    }
    if (config->hosts.n == 0)
        hull_strv_add(hulld->arena, &config->hosts,
                      root != NULL ? hull_arena_printf(hulld->arena, "unix://%s/hull.sock", root)
                                   : "unix://" RUNSTATEDIR "/hull.sock");
}

/* dockerd takes bare addresses and paths in -H too. */
static int check_hosts(struct hulld *hulld, struct hull_problem *problem)
{
    const struct daemon_config *config = &hulld->config;

    for (size_t i = 0; i < config->hosts.n; i++) {
        const char *host = config->hosts.v[i];
        bool tcp = !strncmp(host, "tcp://", 6);
        if (!tcp && strncmp(host, "unix://", 7) != 0 && strncmp(host, "fd://", 5) != 0)
            return hull_problem_set(problem, HULL_INVALID,
                                    "hosts: \"%s\": expected unix://PATH, tcp://HOST:PORT or fd://",
                                    host);
        if (tcp && !config->tlsverify && !config->unsafe_tcp)
            return hull_problem_set(
                problem, HULL_INVALID,
                "hosts: \"%s\": whoever reaches this port is root on the machine: demand client "
                "certificates with --tlsverify --tlscacert --tlscert --tlskey, or take the risk "
                "with --unsafe-tcp",
                host);
    }
    return 0;
}

static bool one_of(const char *value, const char *const *known)
{
    for (; *known != NULL; known++)
        if (value == NULL || !strcmp(value, *known))
            return true;
    return false;
}

/* The names that stand for hull's own runtime. */
static const char *const own_runtimes[] = {"runc", "native", "hull", NULL};

static int check_runtime(const char *name, const struct config_runtime *runtime,
                         struct hull_problem *problem)
{
    if (name[0] == '\0' || name[0] == '.' || strpbrk(name, "/ \t\n") != NULL)
        return hull_problem_set(problem, HULL_INVALID, "runtimes: invalid name \"%s\"", name);
    if (one_of(name, own_runtimes))
        return hull_problem_set(problem, HULL_INVALID, "runtime name '%s' is reserved", name);
    if (runtime->type != NULL || runtime->options != NULL)
        return hull_problem_set(problem, HULL_NOT_SUPPORTED,
                                "runtimes: %s: runtimeType and options are for programs of "
                                "containerd: give the path of an OCI runtime",
                                name);
    if (runtime->path == NULL || runtime->path[0] == '\0' ||
        (runtime->path[0] != '/' && strchr(runtime->path, '/') != NULL))
        return hull_problem_set(problem, HULL_INVALID,
                                "runtimes: %s: expected an absolute path or the name of a program",
                                name);
    return 0;
}

static int check_runtimes(const struct daemon_config *config, struct hull_problem *problem)
{
    const char *standard = config->default_runtime;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < config->runtimes.n; i++)
        rc = check_runtime(config->runtimes.keys[i], &config->runtimes.v[i], problem);
    if (rc == 0 && !one_of(standard, own_runtimes) && standard[0] != '/' &&
        HULL_MSGMAP_FIND(&config->runtimes, standard) == NULL)
        return hull_problem_set(problem, HULL_INVALID,
                                "specified default runtime '%s' does not exist: add it with "
                                "--add-runtime NAME=PATH",
                                standard);
    return rc;
}

/* Whoever's ids containers are to have, has some. */
static int check_remap(struct hulld *hulld, struct hull_problem *problem)
{
    static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
    const char *user = subids_user(hulld->arena, hulld->config.userns_remap);

    for (size_t i = 0; user != NULL && i < HULL_COUNT(files); i++) {
        struct subid_list list;
        int rc = subids_read(hulld->arena, files[i], user, &list, problem);
        if (rc < 0)
            return rc;
        if (list.n == 0)
            return hull_problem_set(problem, HULL_INVALID,
                                    "userns-remap: no %s ranges found for user \"%s\": add a line "
                                    "\"%s:FIRST:COUNT\" to %s, or use \"auto\"",
                                    files[i] + 5, user, user, files[i]);
    }
    return 0;
}

static bool is_off(struct hull_opt_bool setting)
{
    return setting.set && !setting.value;
}

/* Settings that are known and not done: an error is better than a surprise. */
static int check_supported(const struct daemon_config *config, struct hull_problem *problem)
{
    static const char *const drivers[] = {"overlay2", "overlay", "vfs", NULL};
    static const char *const cgroupns[] = {"private", "host", NULL};
    static const char *const ipc[] = {"private", "shareable", "host", NULL};
    const struct hull_strv *exec = &config->exec_opts;
    const struct {
        bool bad;
        const char *text;
    } table[] = {
        {!one_of(config->storage_driver, drivers), "storage-driver: use overlay2 or vfs"},
        {!one_of(config->default_cgroupns_mode, cgroupns),
         "default-cgroupns-mode: use private or host"},
        {!one_of(config->default_ipc_mode, ipc),
         "default-ipc-mode: use private, shareable or host"},
        {exec->n > 1 || (exec->n == 1 && strcmp(exec->v[0], "native.cgroupdriver=cgroupfs") != 0),
         "exec-opts: only native.cgroupdriver=cgroupfs is there yet"},
        {config->storage_opts.n > 0, "storage-opts: the storage drivers have no options yet"},
        {is_off(config->iptables),
         "iptables: can't be off: without rules no port is published and no "
         "network is apart from others; they are in a table of their own, "
         "and its chain \"admin\" is yours"},
        {is_off(config->ip6tables),
         "ip6tables: can't be off: without rules no port is published and no network is apart from "
         "others; networks have IPv6 when they are made with it"},
        {config->userland_proxy_path != NULL,
         "userland-proxy-path: there is no proxy: ports are published by rules alone"},
        {config->init_path != NULL, "init-path: only the hull-init that comes with hull is used"},
        {config->insecure_registries.n > 0,
         "insecure-registries: registries are not supported by hull yet"},
        {config->registry_mirrors.n > 0,
         "registry-mirrors: registries are not supported by hull yet"},
        {config->selinux_enabled, "selinux-enabled: SELinux is not supported by hull yet"},
        {config->state_backend != NULL && strcmp(config->state_backend, "sqlite") != 0,
         "state-backend: only sqlite is there yet"},
    };

    for (size_t i = 0; i < HULL_COUNT(table); i++)
        if (table[i].bad)
            return hull_problem_set(problem, HULL_NOT_SUPPORTED, "%s", table[i].text);
    struct fwmark mark;
    if (!fwmark_parse(config->bridge_accept_fwmark, &mark))
        return hull_problem_set(problem, HULL_INVALID,
                                "bridge-accept-fwmark: \"%s\": expected MARK or MARK/MASK, numbers "
                                "of 32 bits, with no bit in MARK that MASK has not",
                                config->bridge_accept_fwmark);
    enum hull_level level;
    if (config->log_level != NULL && !hull_log_level_parse(config->log_level, &level))
        return hull_problem_set(problem, HULL_INVALID,
                                "log-level: \"%s\": expected debug, info, warn, error or fatal",
                                config->log_level);
    return 0;
}

int hulld_config_finish(struct hulld *hulld, struct hull_problem *problem)
{
    paths(hulld);
    int rc = check_hosts(hulld, problem);
    if (rc == 0)
        rc = check_runtimes(&hulld->config, problem);
    if (rc == 0)
        rc = check_remap(hulld, problem);
    return rc < 0 ? rc : check_supported(&hulld->config, problem);
}
