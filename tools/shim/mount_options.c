/*
 * mount_options.c: the options of a mount, sorted: attributes, propagation, and the rest, which
 * is for the file system.
 */
#include "tools/shim/shim.h"

#include <string.h>
#include <sys/mount.h>

struct option {
    const char *name;
    uint64_t set, clear;
};

static const struct option attributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"defaults", 0, 0},
    {"async", 0, 0},
    {"newinstance", 0, 0}, /* each devpts is a new one since Linux 4.7 */
};
static const struct option recursive_attributes[] = {
    {"rro", MOUNT_ATTR_RDONLY, 0},
    {"rnosuid", MOUNT_ATTR_NOSUID, 0},
    {"rnodev", MOUNT_ATTR_NODEV, 0},
    {"rnoexec", MOUNT_ATTR_NOEXEC, 0},
};
static const struct option propagations[] = {
    {"private", MS_PRIVATE, 0},       {"rprivate", MS_PRIVATE, 1},       {"slave", MS_SLAVE, 0},
    {"rslave", MS_SLAVE, 1},          {"shared", MS_SHARED, 0},          {"rshared", MS_SHARED, 1},
    {"unbindable", MS_UNBINDABLE, 0}, {"runbindable", MS_UNBINDABLE, 1},
};

static const struct option *find(const struct option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}
#define FIND(table, name) find(table, HULL_COUNT(table), name)

static struct hull_arena *arena;

static void parse_one(const char *name, struct mount_options *ret)
{
    const struct option *option = FIND(attributes, name);
    if (option != NULL) {
        ret->set = (ret->set & ~option->clear) | option->set;
        ret->clear = (ret->clear & ~option->set) | option->clear;
        return;
    }
    option = FIND(recursive_attributes, name);
    if (option != NULL) {
        ret->recursive_set |= option->set;
        return;
    }
    option = FIND(propagations, name);
    if (option != NULL) {
        ret->propagation = option->set;
        ret->propagation_recursive = option->clear != 0;
        return;
    }
    if (strcmp(name, "idmap") == 0) {
        ret->idmap = true;
        return;
    }
    if (strcmp(name, "bind") == 0 || strcmp(name, "rbind") == 0) {
        ret->bind = true;
        ret->recursive = name[0] == 'r';
        return;
    }
    hull_strv_add(arena, &ret->data, name);
}

int mount_options_parse(const struct oci_mount *mount, struct mount_options *ret)
{
    if (arena == NULL)
        arena = hull_arena_new();
    *ret = (struct mount_options){};
    for (size_t i = 0; i < mount->options.n; i++)
        parse_one(mount->options.v[i], ret);
    if (hull_streq(mount->type, "bind"))
        ret->bind = true;
    if (ret->bind && ret->data.n > 0)
        return shim_fail(HULL_INVALID, "mount %s: unknown option \"%s\" of a bind mount",
                         mount->destination, ret->data.v[0]);
    return 0;
}
