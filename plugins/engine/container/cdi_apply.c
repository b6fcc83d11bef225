/*
 * cdi_apply.c: what support/cdi found in the vendors' files becomes nodes, mounts and variables.
 */
#include "cdi_apply.h"

#include "bind_source.h"
#include "cdi.h"
#include "spec.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static void collect(struct hull_call *call, const struct resources *resources,
                    struct hull_strv *ret)
{
    for (size_t i = 0; i < resources->device_requests.n; i++) {
        const struct device_request *request = &resources->device_requests.v[i];

        for (size_t d = 0; hull_streq(request->driver, "cdi") && d < request->device_ids.n; d++)
            hull_strv_add(hull_call_arena(call), ret, request->device_ids.v[d]);
    }
}

/* What the file leaves out is as it is outside. */
static int complete_node(struct hull_call *call, struct cdi_node *node)
{
    const char *outside = node->host_path ? node->host_path : node->path;
    struct stat st;

    if (node->type && *node->type && (node->major != 0 || *node->type == 'p') &&
        node->file_mode.set)
        return 0;
    int rc = bind_source_await(call, outside);
    if (rc < 0)
        return rc;
    if (stat(outside, &st) < 0)
        return hull_fail(call, HULL_INVALID,
                         "CDI device injection failed: device node %s: stat %s: %s", node->path,
                         outside, spec_cause(errno));
    if (!node->type || !*node->type)
        node->type = S_ISBLK(st.st_mode)    ? "b"
                     : S_ISCHR(st.st_mode)  ? "c"
                     : S_ISFIFO(st.st_mode) ? "p"
                                            : NULL;
    if (!node->type)
        return hull_fail(call, HULL_INVALID, "CDI device injection failed: %s is not a device node",
                         outside);
    if (node->major == 0) {
        node->major = major(st.st_rdev);
        node->minor = minor(st.st_rdev);
    }
    if (!node->file_mode.set)
        node->file_mode = (struct hull_opt_int){true, st.st_mode & 07777};
    return 0;
}

static int add_node(struct hull_call *call, struct cdi_node *node, struct oci_linux *linux_)
{
    struct hull_arena *arena = hull_call_arena(call);
    const char *access = node->permissions && *node->permissions ? node->permissions : "rwm";
    int rc = complete_node(call, node);

    if (rc < 0)
        return rc;
    if (access[strspn(access, "rwm")] != '\0')
        return hull_fail(call, HULL_INVALID,
                         "CDI device injection failed: device node %s: invalid permissions \"%s\"",
                         node->path, access);
    *HULL_LIST_ADD(arena, &linux_->devices) = (struct oci_device){
        .type = node->type,
        .path = node->path,
        .major = node->major,
        .minor = node->minor,
        .file_mode = node->file_mode,
        .uid = {true, node->uid.set ? node->uid.value : 0},
        .gid = {true, node->gid.set ? node->gid.value : 0},
    };
    if (strcmp(node->type, "b") == 0 || strcmp(node->type, "c") == 0)
        *HULL_LIST_ADD(arena, &linux_->resources->devices) =
            (struct oci_device_rule){.allow = true,
                                     .type = node->type,
                                     .major = {true, node->major},
                                     .minor = {true, node->minor},
                                     .access = access};
    return 0;
}

static void add_mount(struct hull_arena *arena, const struct cdi_mount *from, struct oci_spec *spec)
{
    struct oci_mount *mount = HULL_LIST_ADD(arena, &spec->mounts);

    *mount = (struct oci_mount){.destination = from->container_path,
                                .type = from->type && *from->type ? from->type : "bind",
                                .source = from->host_path};
    for (size_t i = 0; i < from->options.n; i++)
        hull_strv_add(arena, &mount->options, from->options.v[i]);
    if (strcmp(mount->type, "bind") == 0 && !hull_strv_contains(&mount->options, "rbind") &&
        !hull_strv_contains(&mount->options, "bind"))
        hull_strv_add(arena, &mount->options, "rbind");
}

int cdi_apply(struct hull_call *call, const struct resources *resources, struct oci_spec *spec)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct cdi_resolve_request request = {0};
    struct cdi_edits edits;
    int rc;

    collect(call, resources, &request.devices);
    if (request.devices.n == 0)
        return 0;
    rc = cdi_resolve(call, "support/cdi", &request, &edits);
    for (size_t i = 0; rc == 0 && i < edits.device_nodes.n; i++)
        rc = add_node(call, &edits.device_nodes.v[i], &spec->linux_);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < edits.mounts.n; i++)
        add_mount(arena, &edits.mounts.v[i], spec);
    for (size_t i = 0; i < edits.env.n; i++)
        hull_strv_add(arena, &spec->process.env, edits.env.v[i]);
    for (size_t i = 0; i < edits.additional_gids.n; i++)
        hull_strv_add(arena, &spec->process.user.groups,
                      hull_printf(call, "%lld", (long long)edits.additional_gids.v[i]));
    return 0;
}
