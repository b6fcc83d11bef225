/*
 * policy.h: the file of the default system call policy.
 */
#ifndef RUNTIME_POLICY_FILE_H
#define RUNTIME_POLICY_FILE_H

#include "oci.h"

#define POLICY_FILE_FIELDS(F, T)                                                         \
    F(T, MESSAGE, oci_seccomp, policy, "policy", 0, "For docker's default capabilities") \
    F(T, STRVMAP, _, allow_with, "allowWith", 0, "Allowed as well with this capability") \
    F(T, STRVMAP, _, deny_without, "denyWithout", 0, "Not allowed without this capability")
HULL_MESSAGE_DECLARE(policy_file, POLICY_FILE_FIELDS)

#endif
