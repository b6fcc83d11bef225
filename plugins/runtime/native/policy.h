/*
 * policy.h: the file of the default system call policy.
 */
#ifndef RUNTIME_NATIVE_POLICY_H
#define RUNTIME_NATIVE_POLICY_H

#include "oci.h"

#define NATIVE_POLICY_FIELDS(F, T)                                                       \
    F(T, MESSAGE, oci_seccomp, policy, "policy", 0, "For docker's default capabilities") \
    F(T, STRVMAP, _, allow_with, "allowWith", 0, "Allowed as well with this capability") \
    F(T, STRVMAP, _, deny_without, "denyWithout", 0, "Not allowed without this capability")
HULL_MESSAGE_DECLARE(native_policy, NATIVE_POLICY_FIELDS)

#endif
