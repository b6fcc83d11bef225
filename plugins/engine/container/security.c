/*
 * security.c: HostConfig.SecurityOpt: what is allowed, and what it says. An option is NAME,
 * NAME=VALUE or, as it once was, NAME:VALUE.
 */
#include "ct.h"

#include "spec.h"
#include "truth.h"

#include <string.h>
#include <unistd.h>

/* The value of OPTION when its name is NAME, "" without one; else NULL. */
static const char *value_of(const char *option, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(option, name, length) != 0)
        return NULL;
    if (option[length] == '\0')
        return "";
    return option[length] == '=' || option[length] == ':' ? option + length + 1 : NULL;
}

const char *security_option(const struct host_config *host, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < host->security_opt.n; i++) {
        const char *value = value_of(host->security_opt.v[i], name);

        if (value)
            found = value;
    }
    return found;
}

bool security_flag(const struct host_config *host, const char *name, bool otherwise)
{
    const char *value = security_option(host, name);
    bool on = false;

    if (!value)
        return otherwise;
    return *value == '\0' || (truth_parse(value, &on) && on);
}

/* --- checks ----------------------------------------------------------------------------------- */

static int check_truth(struct hull_call *call, const char *option, const char *value)
{
    bool on;

    if (*value == '\0' || truth_parse(value, &on))
        return 0;
    return hull_fail(call, HULL_INVALID, "invalid --security-opt 2: \"%s\"", option);
}

static int check_writable_cgroups(struct hull_call *call, const char *option, const char *value)
{
    return *value == '\0'
               ? hull_fail(call, HULL_INVALID, "invalid --security-opt 2: \"%s\"", option)
               : check_truth(call, option, value);
}

static int check_seccomp(struct hull_call *call, const char *option, const char *value)
{
    (void)call;
    (void)option;
    (void)value; /* the profile is read when it is needed, at the start */
    return 0;
}

/* Labels and profiles of a kernel that has neither have no effect in docker; here they are refused
 * unless they turn off what is not there. */
static int check_label(struct hull_call *call, const char *option, const char *value)
{
    if (strcmp(value, "disable") == 0)
        return 0;
    return hull_fail(
        call, HULL_NOT_SUPPORTED,
        "HostConfig.SecurityOpt: \"%s\": %s; leave it out or use label=disable", option,
        access("/sys/fs/selinux/enforce", F_OK) == 0 ? "SELinux labels are not supported yet"
                                                     : "this kernel runs without SELinux");
}

static int check_apparmor(struct hull_call *call, const char *option, const char *value)
{
    if (strcmp(value, "unconfined") == 0)
        return 0;
    return hull_fail(call, HULL_NOT_SUPPORTED,
                     "HostConfig.SecurityOpt: \"%s\": %s; leave it out or use apparmor=unconfined",
                     option,
                     access("/sys/module/apparmor/parameters/enabled", F_OK) == 0
                         ? "AppArmor profiles are not supported yet"
                         : "this kernel runs without AppArmor");
}

static int check_systempaths(struct hull_call *call, const char *option, const char *value)
{
    return strcmp(value, "unconfined") == 0
               ? 0
               : hull_fail(call, HULL_INVALID, "invalid --security-opt 2: \"%s\"", option);
}

int ct_check_security(struct hull_call *call, const struct host_config *host)
{
    static const struct {
        const char *name;
        int (*check)(struct hull_call *call, const char *option, const char *value);
    } known[] = {
        {"no-new-privileges", check_truth}, {"writable-cgroups", check_writable_cgroups},
        {"seccomp", check_seccomp},         {"label", check_label},
        {"apparmor", check_apparmor},       {"systempaths", check_systempaths},
    };

    for (size_t i = 0; i < host->security_opt.n; i++) {
        const char *option = host->security_opt.v[i], *value = NULL;
        size_t k = 0;
        int rc;

        while (k < HULL_COUNT(known) && !(value = value_of(option, known[k].name)))
            k++;
        if (!value)
            return hull_fail(call, HULL_INVALID, "invalid --security-opt 2: \"%s\"", option);
        rc = known[k].check(call, option, value);
        if (rc < 0)
            return rc;
    }
    return 0;
}
