/*
 * spec_devices.c: device nodes, and which devices may be used.
 */
#include "spec.h"

#include "bind_source.h"
#include "tokens.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Of folders of devices; deeper ones and more nodes are refused. */
#define FOLDER_DEPTH_MAX 8
#define FOLDER_NODES_MAX 4096

const char *spec_cause(int err)
{
    return err == ENOENT    ? "no such file or directory"
           : err == ENOTDIR ? "not a directory"
           : err == EACCES  ? "permission denied"
                            : strerror(err);
}

static void add_rule(struct hull_arena *arena, struct oci_resources *ret, bool allow,
                     const char *type, int64_t maj, int64_t min, const char *access)
{
    struct oci_device_rule *rule = HULL_LIST_ADD(arena, &ret->devices);

    *rule = (struct oci_device_rule){.allow = allow, .type = type, .access = access};
    if (maj >= 0)
        rule->major = (struct hull_opt_int){true, maj};
    if (min >= 0)
        rule->minor = (struct hull_opt_int){true, min};
}

static void default_rules(struct hull_arena *arena, struct oci_resources *ret)
{
    /* zero, null, urandom, random, tty, console; all pseudo-terminals and ptmx. */
    static const struct {
        int major, minor;
    } allowed[] = {{1, 5}, {1, 3}, {1, 9}, {1, 8}, {1, 7}, {5, 0}, {5, 1}, {136, -1}, {5, 2}};

    add_rule(arena, ret, false, "a", -1, -1, "rwm");
    for (size_t i = 0; i < HULL_COUNT(allowed); i++)
        add_rule(arena, ret, true, "c", allowed[i].major, allowed[i].minor, "rwm");
    add_rule(arena, ret, true, "c", -1, -1, "m");
    add_rule(arena, ret, true, "b", -1, -1, "m");
    add_rule(arena, ret, false, "c", 10, 229, "rwm");
}

static void add_node(struct hull_arena *arena, struct oci_linux *linux_, const char *path,
                     const struct stat *st)
{
    struct oci_device *device = HULL_LIST_ADD(arena, &linux_->devices);

    *device = (struct oci_device){
        .type = S_ISBLK(st->st_mode) ? "b" : "c",
        .path = hull_arena_strdup(arena, path),
        .major = major(st->st_rdev),
        .minor = minor(st->st_rdev),
        .file_mode = {true, st->st_mode & 07777},
        .uid = {true, st->st_uid},
        .gid = {true, st->st_gid},
    };
}

/* Every device of the host, for privileged ones. What the container has of its own stays out. */
static void add_host_nodes(struct hull_arena *arena, const char *dir, int depth,
                           struct oci_linux *linux_)
{
    static const char *const own[] = {"pts", "shm", "fd", "mqueue", "console", "ptmx"};
    DIR *stream = opendir(dir);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream))) {
        char *path = hull_arena_printf(arena, "%s/%s", dir, entry->d_name);
        bool skip = entry->d_name[0] == '.';
        struct stat st;

        for (size_t i = 0; depth == 0 && i < HULL_COUNT(own); i++)
            skip = skip || strcmp(entry->d_name, own[i]) == 0;
        if (skip || lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < 8)
            add_host_nodes(arena, path, depth + 1, linux_);
        else if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
            add_node(arena, linux_, path, &st);
    }
    if (stream)
        closedir(stream);
}

/* --- the devices that were asked for ---------------------------------------------------------- */

/* A mapping, and how many nodes it gave. */
struct mapped {
    struct hull_call *call;
    struct oci_linux *linux_;
    const char *access;
    size_t nodes;
};

static void add_mapped(struct mapped *mapped, const char *inside, const struct stat *st)
{
    struct hull_arena *arena = hull_call_arena(mapped->call);

    add_node(arena, mapped->linux_, inside, st);
    add_rule(arena, mapped->linux_->resources, true, S_ISBLK(st->st_mode) ? "b" : "c",
             major(st->st_rdev), minor(st->st_rdev), mapped->access);
    mapped->nodes++;
}

static int unusable(struct hull_call *call, const char *path, const char *why)
{
    return hull_fail(call, HULL_INVALID,
                     "error gathering device information while adding custom device \"%s\": %s",
                     path, why);
}

/* All nodes below the folder OUTSIDE, as those below INSIDE; links are left out. */
static int add_folder(struct mapped *mapped, const char *outside, const char *inside, int depth)
{
    DIR *stream = opendir(outside);
    const struct dirent *entry;
    int rc = 0;

    while (rc == 0 && stream && (entry = readdir(stream))) {
        char *path = hull_printf(mapped->call, "%s/%s", outside, entry->d_name);
        char *target = hull_printf(mapped->call, "%s/%s", inside, entry->d_name);
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH_MAX)
            rc = add_folder(mapped, path, target, depth + 1);
        else if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
            add_mapped(mapped, target, &st);
        if (mapped->nodes > FOLDER_NODES_MAX)
            rc = unusable(mapped->call, outside, "too many devices in a folder");
    }
    if (stream)
        closedir(stream);
    return rc;
}

static int add_mapping(struct hull_call *call, const struct device_mapping *mapping,
                       struct oci_linux *linux_)
{
    const char *outside = mapping->path_on_host, *inside = mapping->path_in_container;
    const char *access = mapping->cgroup_permissions;
    struct mapped mapped = {call, linux_, access && *access ? access : "rwm", 0};
    struct stat st;
    int rc = bind_source_await(call, outside);

    if (rc < 0)
        return rc;
    if (!inside || !*inside)
        inside = outside;
    if (stat(outside, &st) < 0)
        return unusable(call, outside, spec_cause(errno));
    if (S_ISDIR(st.st_mode))
        rc = add_folder(&mapped, outside, inside, 0);
    else if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
        add_mapped(&mapped, inside, &st);
    if (rc == 0 && mapped.nodes == 0)
        rc = unusable(call, outside, "not a device node");
    return rc;
}

int spec_devices(struct hull_call *call, const struct ct_doc *doc, struct oci_linux *linux_)
{
    struct hull_arena *arena = hull_call_arena(call);
    const struct resources *r = &doc->host_config.resources;

    if (doc->host_config.privileged) {
        add_rule(arena, linux_->resources, true, "a", -1, -1, "rwm");
        add_host_nodes(arena, "/dev", 0, linux_);
    } else {
        default_rules(arena, linux_->resources);
    }
    for (size_t i = 0; i < r->devices.n; i++) {
        int rc = add_mapping(call, &r->devices.v[i], linux_);

        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; i < r->device_cgroup_rules.n; i++)
        (void)!token_device_rule(r->device_cgroup_rules.v[i],
                                 HULL_LIST_ADD(arena, &linux_->resources->devices));
    return 0;
}
