/*
 * caps.c: the table of capabilities, by number.
 */
#include "caps.h"

#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

static const char *const names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

static const char *const defaults[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};

/* The bounding set of the daemon is what it can give. */
static bool available(size_t number)
{
    return prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1;
}

const char *caps_name(const char *name)
{
    if (strncasecmp(name, "CAP_", 4) == 0)
        name += 4;
    for (size_t i = 0; i < HULL_COUNT(names); i++)
        if (strcasecmp(name, names[i] + 4) == 0)
            return names[i];
    return NULL;
}

bool caps_is_all(const char *name)
{
    return strcasecmp(name, "ALL") == 0 || strcasecmp(name, "CAP_ALL") == 0;
}

static bool lists(const struct hull_strv *list, const char *cap)
{
    for (size_t i = 0; i < list->n; i++)
        if (!caps_is_all(list->v[i]) && caps_name(list->v[i]) == cap)
            return true;
    return false;
}

static bool lists_all(const struct hull_strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (caps_is_all(list->v[i]))
            return true;
    return false;
}

void caps_make(struct hull_arena *arena, bool privileged, const struct hull_strv *add,
               const struct hull_strv *drop, struct hull_strv *ret)
{
    static const struct hull_strv none;
    bool all = privileged || lists_all(add);

    if (privileged)
        drop = &none;
    *ret = (struct hull_strv){0};
    if (all) {
        for (size_t i = 0; i < HULL_COUNT(names); i++)
            if (available(i) && !lists(drop, names[i]))
                hull_strv_add(arena, ret, names[i]);
        return;
    }
    for (size_t i = 0; !lists_all(drop) && i < HULL_COUNT(defaults); i++)
        if (!lists(drop, caps_name(defaults[i])))
            hull_strv_add(arena, ret, caps_name(defaults[i]));
    for (size_t i = 0; i < add->n; i++)
        if (!hull_strv_contains(ret, caps_name(add->v[i])))
            hull_strv_add(arena, ret, caps_name(add->v[i]));
}

bool caps_has(const struct host_config *host, const char *name)
{
    struct hull_arena *arena = hull_arena_new();
    struct hull_strv caps = {0};
    caps_make(arena, host->privileged, &host->cap_add, &host->cap_drop, &caps);
    bool has = hull_strv_contains(&caps, name);
    hull_arena_free(arena);
    return has;
}
