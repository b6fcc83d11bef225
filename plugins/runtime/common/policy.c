/*
 * policy.c: the default policy: the file seccomp-default.json, changed by the capabilities that a
 * container has. Read again for each set of capabilities that is new: the programs made from it
 * are what is kept.
 */
#include "shimmed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "policy.h"

HULL_MESSAGE_DEFINE(policy_file, POLICY_FILE_FIELDS)

static int load(struct hull_call *call, struct policy_file *ret)
{
    const char *folder = getenv("HULL_LIBEXEC"), *text = NULL;
    /* HULL_LIBEXEC is for a tree that is not installed. */
    if (folder != NULL && folder[0] == '/')
        text = cg_read(hull_call_arena(call), folder, "seccomp-default.json");
    if (text == NULL)
        text = cg_read(hull_call_arena(call), HULL_PKGDATADIR, "seccomp-default.json");
    if (text == NULL)
        return hull_fail_errno(
            call, errno, "%s/seccomp-default.json: is hull installed completely?", HULL_PKGDATADIR);
    int rc = json_decode_call(call, &policy_file_message, text, strlen(text), JSON_STRICT, ret);
    return hull_wrap(call, rc, "seccomp-default.json");
}

/* Take NAMES out of all rules. */
static void forget(struct hull_call *call, struct oci_seccomp *policy,
                   const struct hull_strv *names)
{
    for (size_t i = 0; i < policy->syscalls.n; i++) {
        struct hull_strv *old = &policy->syscalls.v[i].names, left = {};
        for (size_t k = 0; k < old->n; k++) {
            if (!hull_strv_contains(names, old->v[k]))
                hull_strv_add(hull_call_arena(call), &left, old->v[k]);
        }
        *old = left;
    }
}

int policy_default(struct hull_call *call, const struct oci_capabilities *capabilities,
                   struct oci_seccomp *ret)
{
    static const struct hull_strv none = {};
    const struct hull_strv *caps = capabilities == NULL ? &none : &capabilities->bounding;
    struct policy_file file;
    int rc = load(call, &file);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < file.allow_with.n; i++) {
        if (!hull_strv_contains(caps, file.allow_with.keys[i]))
            continue;
        forget(call, &file.policy, &file.allow_with.v[i]);
        struct oci_seccomp_rule *rule = HULL_LIST_ADD(hull_call_arena(call), &file.policy.syscalls);
        rule->names = file.allow_with.v[i];
        rule->action = "SCMP_ACT_ALLOW";
    }
    for (size_t i = 0; i < file.deny_without.n; i++) {
        if (!hull_strv_contains(caps, file.deny_without.keys[i]))
            forget(call, &file.policy, &file.deny_without.v[i]);
    }
    *ret = file.policy;
    return 0;
}
