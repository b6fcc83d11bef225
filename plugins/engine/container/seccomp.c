/*
 * seccomp.c: a docker profile has rules with conditions (includes, excludes: capabilities,
 * architectures, a minimum kernel) and a map of architectures; an OCI filter has none.
 */
#include "seccomp.h"

#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROFILE_MAX ((size_t)1024 * 1024)

#define PROFILE_ARCH_FIELDS(F, T)                        \
    F(T, STRING, _, architecture, "architecture", 0, "") \
    F(T, STRV, _, sub, "subArchitectures", 0, "")
HULL_MESSAGE_DECLARE(profile_arch, PROFILE_ARCH_FIELDS)
HULL_MESSAGE_DEFINE(profile_arch, PROFILE_ARCH_FIELDS)

#define PROFILE_FILTER_FIELDS(F, T)        \
    F(T, STRV, _, caps, "caps", 0, "")     \
    F(T, STRV, _, arches, "arches", 0, "") \
    F(T, STRING, _, min_kernel, "minKernel", 0, "")
HULL_MESSAGE_DECLARE(profile_filter, PROFILE_FILTER_FIELDS)
HULL_MESSAGE_DEFINE(profile_filter, PROFILE_FILTER_FIELDS)

#define PROFILE_RULE_FIELDS(F, T)                              \
    F(T, STRING, _, name, "name", 0, "")                       \
    F(T, EMBED, oci_seccomp_rule, rule, "", 0, "")             \
    F(T, MESSAGE, profile_filter, includes, "includes", 0, "") \
    F(T, MESSAGE, profile_filter, excludes, "excludes", 0, "")
HULL_MESSAGE_DECLARE(profile_rule, PROFILE_RULE_FIELDS)
HULL_MESSAGE_DEFINE(profile_rule, PROFILE_RULE_FIELDS)

#define PROFILE_FIELDS(F, T)                                      \
    F(T, STRING, _, default_action, "defaultAction", 0, "")       \
    F(T, OPT_INT, _, default_errno_ret, "defaultErrnoRet", 0, "") \
    F(T, STRV, _, architectures, "architectures", 0, "")          \
    F(T, STRV, _, flags, "flags", 0, "")                          \
    F(T, LIST, profile_arch, arch_map, "archMap", 0, "")          \
    F(T, LIST, profile_rule, syscalls, "syscalls", 0, "")         \
    F(T, STRING, _, listener_path, "listenerPath", 0, "")
HULL_MESSAGE_DECLARE(profile, PROFILE_FIELDS)
HULL_MESSAGE_DEFINE(profile, PROFILE_FIELDS)

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#define NATIVE_SHORT "amd64"
#elif defined(__aarch64__)
#define NATIVE "SCMP_ARCH_AARCH64"
#define NATIVE_SHORT "arm64"
#else
#define NATIVE ""
#define NATIVE_SHORT ""
#endif

static bool kernel_at_least(const char *version)
{
    unsigned wanted[2] = {0}, have[2] = {0};
    struct utsname name;

    if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &have[0], &have[1]) != 2 ||
        sscanf(version, "%u.%u", &wanted[0], &wanted[1]) != 2)
        return false;
    return have[0] != wanted[0] ? have[0] > wanted[0] : have[1] >= wanted[1];
}

static bool applies(const struct profile_rule *rule, const struct hull_strv *caps)
{
    const struct profile_filter *in = &rule->includes, *out = &rule->excludes;

    if (in->arches.n > 0 && !hull_strv_contains(&in->arches, NATIVE_SHORT))
        return false;
    if (hull_strv_contains(&out->arches, NATIVE_SHORT))
        return false;
    for (size_t i = 0; i < in->caps.n; i++)
        if (!hull_strv_contains(caps, in->caps.v[i]))
            return false;
    for (size_t i = 0; i < out->caps.n; i++)
        if (hull_strv_contains(caps, out->caps.v[i]))
            return false;
    if (in->min_kernel && *in->min_kernel && !kernel_at_least(in->min_kernel))
        return false;
    return !(out->min_kernel && *out->min_kernel && kernel_at_least(out->min_kernel));
}

static void architectures(struct hull_arena *arena, const struct profile *profile,
                          struct oci_seccomp *ret)
{
    ret->architectures = profile->architectures;
    for (size_t i = 0; i < profile->arch_map.n; i++) {
        const struct profile_arch *arch = &profile->arch_map.v[i];

        if (!hull_streq(arch->architecture, NATIVE))
            continue;
        hull_strv_add(arena, &ret->architectures, arch->architecture);
        for (size_t s = 0; s < arch->sub.n; s++)
            hull_strv_add(arena, &ret->architectures, arch->sub.v[s]);
    }
}

int seccomp_parse(struct hull_call *call, const char *text, size_t length,
                  const struct hull_strv *caps, struct oci_seccomp **ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct profile *profile = HULL_NEW(arena, struct profile);
    struct oci_seccomp *seccomp = HULL_NEW(arena, struct oci_seccomp);
    int rc = json_decode_call(call, &profile_message, text, length, JSON_ANY_CASE, profile);

    if (rc < 0)
        return hull_wrap(call, rc, "Decoding seccomp profile failed");
    if (!profile->default_action || !*profile->default_action)
        return hull_fail(call, HULL_INVALID, "seccomp profile: defaultAction is missing");
    if (profile->listener_path && *profile->listener_path)
        return hull_fail(call, HULL_NOT_SUPPORTED,
                         "seccomp profile: listenerPath: not supported "
                         "yet");
    seccomp->default_action = profile->default_action;
    seccomp->default_errno_ret = profile->default_errno_ret;
    seccomp->flags = profile->flags;
    architectures(arena, profile, seccomp);
    for (size_t i = 0; i < profile->syscalls.n; i++) {
        struct profile_rule *rule = &profile->syscalls.v[i];

        if (rule->name && *rule->name)
            hull_strv_add(arena, &rule->rule.names, rule->name);
        if (applies(rule, caps))
            *HULL_LIST_ADD(arena, &seccomp->syscalls) = rule->rule;
    }
    *ret = seccomp;
    return 0;
}

int seccomp_load(struct hull_call *call, const char *path, const struct hull_strv *caps,
                 struct oci_seccomp **ret)
{
    HULL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = hull_alloc(call, PROFILE_MAX);
    ssize_t length = fd < 0 ? -1 : read(fd, text, PROFILE_MAX);

    if (length < 0)
        return hull_fail_errno(call, errno, "opening seccomp profile (%s) failed", path);
    return seccomp_parse(call, text, (size_t)length, caps, ret);
}
