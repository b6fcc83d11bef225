/*
 * spec.c: process, namespaces, kernel parameters and security of a container, as docker sets them.
 */
#include "spec.h"

#include "api/config.h"
#include "caps.h"
#include "seccomp.h"
#include "tokens.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is(const char *text, const char *value)
{
    return hull_streq(text, value);
}

static bool joins(const char *mode)
{
    return ct_mode_other(mode) != NULL;
}

/* NAME=value replaces NAME; NAME alone removes it. */
static void set_env(struct hull_arena *arena, struct hull_strv *env, const char *entry)
{
    size_t length = strcspn(entry, "="), at = 0;

    while (at < env->n && !(strncmp(env->v[at], entry, length) == 0 && env->v[at][length] == '='))
        at++;
    if (entry[length] == '\0') {
        if (at < env->n) {
            memmove(env->v + at, env->v + at + 1, (env->n - at - 1) * sizeof(*env->v));
            env->n--;
        }
    } else if (at < env->n) {
        env->v[at] = entry;
    } else {
        hull_strv_add(arena, env, entry);
    }
}

static void make_env(struct hull_arena *arena, const struct ct_doc *doc, struct hull_strv *env)
{
    hull_strv_add(arena, env, DEFAULT_PATH);
    hull_strv_add(arena, env, hull_arena_printf(arena, "HOSTNAME=%s", doc->config.hostname));
    if (doc->config.tty)
        hull_strv_add(arena, env, "TERM=xterm");
    for (size_t i = 0; i < doc->config.env.n; i++)
        set_env(arena, env, doc->config.env.v[i]);
}

static void add_rlimit(struct hull_arena *arena, struct oci_process *process, const char *name,
                       int64_t soft, int64_t hard)
{
    struct oci_rlimit *limit;
    const char *type = ulimit_type(name);

    for (size_t i = 0; i < process->rlimits.n; i++)
        if (is(process->rlimits.v[i].type, type))
            return;
    limit = HULL_LIST_ADD(arena, &process->rlimits);
    *limit = (struct oci_rlimit){.type = type, .soft = soft, .hard = hard};
}

static void make_rlimits(struct hull_arena *arena, const struct ct_doc *doc,
                         struct oci_process *process)
{
    const struct daemon_config *daemon = daemon_config();

    for (size_t i = 0; i < doc->host_config.resources.ulimits.n; i++) {
        const struct ulimit *limit = &doc->host_config.resources.ulimits.v[i];

        add_rlimit(arena, process, limit->name, limit->soft, limit->hard);
    }
    for (size_t i = 0; i < daemon->default_ulimits.n; i++) {
        const struct config_ulimit *limit = &daemon->default_ulimits.v[i];

        add_rlimit(arena, process, daemon->default_ulimits.keys[i], limit->soft, limit->hard);
    }
}

static void make_process(struct hull_arena *arena, const struct ct_doc *doc,
                         struct oci_process *process)
{
    const struct host_config *host = &doc->host_config;
    struct oci_capabilities *caps = HULL_NEW(arena, struct oci_capabilities);

    process->terminal = doc->config.tty;
    if (doc->config.tty && host->console_size.n == 2 && host->console_size.v[0] > 0) {
        process->console_size = HULL_NEW(arena, struct oci_box);
        process->console_size->height = host->console_size.v[0];
        process->console_size->width = host->console_size.v[1];
    }
    process->user.username = doc->config.user && *doc->config.user ? doc->config.user : NULL;
    process->user.groups = host->group_add;
    hull_strv_add(arena, &process->args, doc->path);
    for (size_t i = 0; i < doc->args.n; i++)
        hull_strv_add(arena, &process->args, doc->args.v[i]);
    make_env(arena, doc, &process->env);
    process->cwd =
        doc->config.working_dir && *doc->config.working_dir ? doc->config.working_dir : "/";
    caps_make(arena, host->privileged, &host->cap_add, &host->cap_drop, &caps->bounding);
    caps->effective = caps->permitted = caps->bounding;
    process->capabilities = caps;
    make_rlimits(arena, doc, process);
    process->no_new_privileges =
        security_flag(host, "no-new-privileges", daemon_config()->no_new_privileges);
    process->oom_score_adj = (struct hull_opt_int){true, host->oom_score_adj};
}

void spec_process(struct hull_arena *arena, const struct ct_doc *doc, struct oci_process *ret)
{
    make_process(arena, doc, ret);
}

static void add_namespace(struct hull_arena *arena, struct oci_linux *linux_, const char *type,
                          const char *path)
{
    struct oci_namespace *space = HULL_LIST_ADD(arena, &linux_->namespaces);

    *space = (struct oci_namespace){.type = type, .path = path};
}

static void make_namespaces(struct hull_arena *arena, const struct spec_input *input,
                            struct oci_linux *linux_)
{
    const struct host_config *host = &input->doc->host_config;

    add_namespace(arena, linux_, "mount", NULL);
    if (!is(host->network_mode, "host"))
        add_namespace(arena, linux_, "network", input->netns);
    if (!is(host->uts_mode, "host"))
        add_namespace(arena, linux_, "uts", NULL);
    if (!is(host->pid_mode, "host"))
        add_namespace(arena, linux_, "pid", input->pidns);
    if (!is(host->ipc_mode, "host"))
        add_namespace(arena, linux_, "ipc", input->ipcns);
    if (is(host->cgroupns_mode, "private"))
        add_namespace(arena, linux_, "cgroup", NULL);
}

static void make_mappings(struct hull_arena *arena, const struct spec_input *input,
                          struct oci_linux *linux_)
{
    const struct ct_userns *range = input->doc->userns;

    if (!range)
        return;
    add_namespace(arena, linux_, "user", input->userns);
    *HULL_LIST_ADD(arena, &linux_->uid_mappings) =
        (struct oci_id_mapping){0, range->uid, range->size};
    *HULL_LIST_ADD(arena, &linux_->gid_mappings) =
        (struct oci_id_mapping){0, range->gid, range->size};
}

static void make_sysctls(struct hull_arena *arena, const struct ct_doc *doc,
                         struct oci_linux *linux_)
{
    const struct host_config *host = &doc->host_config;

    if (doc->config.domainname && *doc->config.domainname && !is(host->uts_mode, "host") &&
        !doc->userns)
        hull_map_set(arena, &linux_->sysctl, "kernel.domainname", doc->config.domainname);
    if (!is(host->network_mode, "host") && !joins(host->network_mode)) {
        hull_map_set(arena, &linux_->sysctl, "net.ipv4.ip_unprivileged_port_start", "0");
        /* Groups that the user namespace does not have, the kernel refuses. */
        hull_map_set(arena, &linux_->sysctl, "net.ipv4.ping_group_range",
                     doc->userns
                         ? hull_arena_printf(arena, "0 %lld", (long long)doc->userns->size - 1)
                         : "0 2147483647");
    }
    for (size_t i = 0; i < host->sysctls.n; i++)
        hull_map_set(arena, &linux_->sysctl, host->sysctls.v[i].key, host->sysctls.v[i].value);
}

int spec_seccomp(struct hull_call *call, const struct host_config *host, const char **ret_mode,
                 struct oci_seccomp **ret_seccomp)
{
    const char *profile = daemon_config()->seccomp_profile;
    bool from_file = profile && *profile;
    struct hull_strv caps;

    *ret_mode = "default";
    *ret_seccomp = NULL;
    if (security_option(host, "seccomp")) {
        profile = security_option(host, "seccomp");
        from_file = false;
    }
    if (host->privileged || is(profile, "unconfined")) {
        *ret_mode = "unconfined";
        return 0;
    }
    if (!profile || *profile == '\0' || is(profile, "builtin"))
        return 0;
    *ret_mode = "spec";
    caps_make(hull_call_arena(call), false, &host->cap_add, &host->cap_drop, &caps);
    return from_file ? seccomp_load(call, profile, &caps, ret_seccomp)
                     : seccomp_parse(call, profile, strlen(profile), &caps, ret_seccomp);
}

int spec_make(struct hull_call *call, const struct spec_input *input,
              struct runtime_create_request *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct ct_doc *doc = input->doc;
    const struct host_config *host = &doc->host_config;
    struct oci_spec *spec = &ret->spec;
    int rc;

    spec->oci_version = "1.2.0";
    make_process(arena, doc, &spec->process);
    spec->root = (struct oci_root){.path = "rootfs", .readonly = host->readonly_rootfs};
    if (!is(host->uts_mode, "host"))
        spec->hostname = doc->config.hostname;
    /* The kernel parameter of the name is not for root of a user namespace. */
    if (doc->userns && !is(host->uts_mode, "host"))
        spec->domainname = doc->config.domainname;
    spec_mounts(arena, input, spec);
    spec->annotations = host->annotations;
    spec->linux_.cgroups_path = doc->cgroups_path;
    make_namespaces(arena, input, &spec->linux_);
    make_mappings(arena, input, &spec->linux_);
    make_sysctls(arena, doc, &spec->linux_);
    if (!host->privileged) {
        spec->linux_.masked_paths = host->masked_paths;
        spec->linux_.readonly_paths = host->readonly_paths;
    }
    ret->init = host->resources.init.set && host->resources.init.value;
    rc = spec_resources(call, doc, &spec->linux_);
    if (rc == 0)
        rc = spec_seccomp(call, host, &ret->seccomp_mode, &spec->linux_.seccomp);
    return rc;
}
