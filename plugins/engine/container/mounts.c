/*
 * mounts.c: binds, volumes and images at create: what is mounted where. Volumes get their names
 * here, and are made when these are written down (volumes.c).
 */
#include "ct.h"

#include "bind_mode.h"
#include "bind_source.h"
#include "ids.h"
#include "image.h"
#include "json.h"

#include <string.h>

static bool given(const char *text)
{
    return text && *text != '\0';
}

/* PATH without doubled or trailing slashes, "." and "..", as Go's filepath.Clean. */
static char *clean_path(struct hull_arena *arena, const char *path)
{
    struct hull_text text = HULL_TEXT(arena);
    size_t length;

    hull_text_puts(&text, "");
    for (; *path; path += length) {
        path += strspn(path, "/");
        length = strcspn(path, "/");
        if (length == 0 || (length == 1 && path[0] == '.'))
            continue;
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            char *slash = strrchr(text.data, '/');

            text.length = slash ? (size_t)(slash - text.data) : 0;
            text.data[text.length] = '\0';
            continue;
        }
        hull_text_puts(&text, "/");
        hull_text_add(&text, path, length);
    }
    return text.length ? text.data : hull_arena_strdup(arena, "/");
}

/* What is there already at PATH: an inherited mount gives way. */
static int place_mount(struct hull_call *call, struct ct_doc *doc, const char *path, bool inherited,
                       struct ct_mount **ret)
{
    *ret = NULL;
    if (!inherited && hull_map_find(&doc->host_config.tmpfs, path) != NULL)
        return hull_fail(call, HULL_INVALID, "Duplicate mount point: %s", path);
    for (size_t i = 0; i < doc->mounts.n; i++)
        if (hull_streq(doc->mounts.v[i].point.destination, path))
            *ret = &doc->mounts.v[i];
    if (*ret == NULL)
        *ret = HULL_LIST_ADD(hull_call_arena(call), &doc->mounts);
    else if (!(*ret)->inherited)
        return hull_fail(call, HULL_INVALID, "Duplicate mount point: %s", path);
    return 0;
}

static int check_destination(struct hull_call *call, const char *path)
{
    if (!given(path) || path[0] != '/')
        return hull_fail(call, HULL_INVALID, "invalid mount path: '%s' mount path must be absolute",
                         path ? path : "");
    if (strcmp(clean_path(hull_call_arena(call), path), "/") == 0)
        return hull_fail(call, HULL_INVALID, "invalid specification: destination can't be '/'");
    return 0;
}

static int add_mount(struct hull_call *call, struct ct_doc *doc, const struct ct_mount *mount)
{
    struct ct_mount *added;
    const char *path;
    int rc = check_destination(call, mount->point.destination);

    if (rc < 0)
        return rc;
    path = clean_path(hull_call_arena(call), mount->point.destination);
    rc = place_mount(call, doc, path, mount->inherited, &added);
    if (rc < 0)
        return rc;
    *added = *mount;
    added->point.destination = path;
    return 0;
}

/* --- volumes ---------------------------------------------------------------------------------- */

/* MOUNT is a volume, of DRIVER when that is given; an anonymous one gets its name. */
static void plan_volume(struct hull_call *call, struct ct_mount *mount, const char *driver)
{
    struct hull_arena *arena = hull_call_arena(call);

    mount->anonymous = !given(mount->point.name);
    mount->use = id_new(arena);
    mount->point.type = "volume";
    if (mount->anonymous)
        mount->point.name = id_new(arena);
    mount->point.driver = driver;
    mount->point.source = "";
    mount->point.propagation = "";
}

/* --- HostConfig.Binds ------------------------------------------------------------------------- */

static int add_bind(struct hull_call *call, struct ct_doc *doc, const char *bind, bool flat)
{
    char *rest = hull_strdup(call, bind);
    const char *source = strsep(&rest, ":");
    const char *target = strsep(&rest, ":");
    struct ct_mount mount = {.point = {.rw = true, .mode = ""}, .ro_non_recursive = flat};
    int rc;

    if (!given(source) || (rest && strchr(rest, ':')) || (target && !*target))
        return hull_fail(call, HULL_INVALID, "invalid volume specification: '%s'", bind);
    mount.point.destination = target ? target : source;
    mount.populate = !target || source[0] != '/';
    if (target && source[0] == '/') {
        mount.point.type = "bind";
        mount.point.source = clean_path(hull_call_arena(call), source);
        mount.point.propagation = "rprivate";
    } else if (target) {
        mount.point.name = source;
    }
    rc = rest ? bind_mode_apply(call, &mount, bind, rest) : 0;
    if (rc == 0 && target && check_destination(call, target) < 0)
        return hull_wrap(call, -HULL_INVALID,
                         "invalid volume specification: '%s': invalid mount config for type \"%s\"",
                         bind, source[0] == '/' ? "bind" : "volume");
    if (rc == 0 && mount.populate | !mount.point.source)
        plan_volume(call, &mount, doc->host_config.volume_driver);
    if (rc == 0 && !rest && hull_streq(mount.point.type, "volume") && !mount.anonymous)
        mount.point.mode = "z";
    return rc < 0 ? rc : add_mount(call, doc, &mount);
}

/* --- HostConfig.Mounts ------------------------------------------------------------------------ */

static int invalid_mount(struct hull_call *call, const struct mount_spec *spec, const char *why)
{
    return hull_fail(call, HULL_INVALID, "invalid mount config for type \"%s\": %s",
                     spec->type ? spec->type : "", why);
}

/* How far "read only" reaches: all that is below, by default as far as the kernel can. */
static int check_read_only(struct hull_call *call, const struct mount_spec *spec)
{
    const struct mount_bind_options *options = spec->bind_options;

    if (options->read_only_non_recursive && options->read_only_force_recursive)
        return invalid_mount(call, spec,
                             "BindOptions.ReadOnlyNonRecursive and "
                             "BindOptions.ReadOnlyForceRecursive exclude each other");
    if (options->read_only_non_recursive && !spec->read_only)
        return invalid_mount(call, spec,
                             "BindOptions.ReadOnlyNonRecursive needs ReadOnly to be set");
    if (options->read_only_force_recursive && !spec->read_only)
        return invalid_mount(call, spec,
                             "BindOptions.ReadOnlyForceRecursive needs ReadOnly to be set");
    if (options->read_only_force_recursive && given(options->propagation) &&
        strcmp(options->propagation, "rprivate") != 0)
        return invalid_mount(call, spec,
                             "BindOptions.ReadOnlyForceRecursive needs the propagation rprivate");
    return 0;
}

static int spec_bind(struct hull_call *call, const struct mount_spec *spec, struct ct_mount *mount)
{
    const struct mount_bind_options *options = spec->bind_options;
    bool create = options && options->create_mountpoint;

    if (!given(spec->source))
        return invalid_mount(call, spec, "field Source must not be empty");
    if (spec->source[0] != '/')
        return invalid_mount(call, spec,
                             hull_printf(call,
                                         "invalid mount path: '%s' mount path must be "
                                         "absolute",
                                         spec->source));
    if (spec->volume_options || spec->tmpfs_options)
        return invalid_mount(call, spec,
                             "field VolumeOptions and TmpfsOptions must not be "
                             "specified");
    int err = 0, rc = create ? 0 : bind_source_look(call, spec->source, &err);
    if (rc < 0)
        return hull_wrap(call, rc, "invalid mount config for type \"bind\"");
    if (err != 0)
        return invalid_mount(
            call, spec, hull_printf(call, "bind source path does not exist: %s", spec->source));
    mount->point.source = clean_path(hull_call_arena(call), spec->source);
    mount->point.propagation = "rprivate";
    if (!options)
        return 0;
    if (given(options->propagation) && !bind_mode_is_propagation(options->propagation))
        return invalid_mount(
            call, spec, hull_printf(call, "invalid propagation mode: %s", options->propagation));
    if (given(options->propagation))
        mount->point.propagation = options->propagation;
    mount->non_recursive = options->non_recursive;
    mount->ro_non_recursive = options->read_only_non_recursive;
    return check_read_only(call, spec);
}

/* A relative path that leads nowhere outside by itself; links are the runtime's business. */
static bool is_local(const char *path)
{
    size_t length;
    int depth = 0;

    if (path[0] == '/')
        return false;
    for (; *path && depth >= 0; path += length) {
        path += strspn(path, "/");
        length = strcspn(path, "/");
        if (length == 2 && strncmp(path, "..", 2) == 0)
            depth--;
        else if (length > 0 && !(length == 1 && path[0] == '.'))
            depth++;
    }
    return depth >= 0;
}

static int spec_volume(struct hull_call *call, const struct mount_spec *spec,
                       struct ct_mount *mount)
{
    const struct mount_volume_options *options = spec->volume_options;

    if (spec->bind_options || spec->tmpfs_options)
        return invalid_mount(call, spec,
                             "field BindOptions and TmpfsOptions must not be "
                             "specified");
    mount->point.name = given(spec->source) ? spec->source : NULL;
    mount->populate = !options || !options->no_copy;
    mount->point.mode = mount->point.name ? "z" : "";
    if (options && given(options->subpath)) {
        if (!is_local(options->subpath))
            return invalid_mount(call, spec, "subpath must be a relative path within the volume");
        mount->subpath = options->subpath;
    }
    plan_volume(call, mount,
                options && options->driver_config ? options->driver_config->name : NULL);
    return 0;
}

/* The layers of an image, for reading. */
static int spec_image(struct hull_call *call, const struct mount_spec *spec, struct ct_mount *mount)
{
    const struct mount_image_options *options = spec->image_options;
    const struct image_ref ref = {.name = spec->source};
    struct image_resolve_reply image;

    if (!given(spec->source))
        return invalid_mount(call, spec, "field Source must not be empty");
    if (spec->bind_options || spec->volume_options || spec->tmpfs_options)
        return invalid_mount(call, spec,
                             "field BindOptions, VolumeOptions and TmpfsOptions must not be "
                             "specified");
    if (options && given(options->subpath) && !is_local(options->subpath))
        return invalid_mount(call, spec, "subpath must be a relative path within the image");
    int rc = image_resolve(call, NULL, &ref, &image);
    if (rc == -HULL_NOT_FOUND) /* 404 would make a client fetch the container's own image */
        return invalid_mount(call, spec, hull_strdup(call, hull_error(call)));
    if (rc < 0)
        return rc;
    mount->point.name = image.id;
    mount->point.source = spec->source;
    mount->point.rw = false;
    mount->chain = image.chain;
    mount->subpath = options && given(options->subpath) ? options->subpath : NULL;
    return 0;
}

/* [["exec"], …]: as docker, only whether programs may be run from it. */
static int tmpfs_flags(struct hull_call *call, const struct mount_spec *spec,
                       struct ct_mount *mount)
{
    struct hull_arena *arena = hull_call_arena(call);
    const char *text = spec->tmpfs_options->options;
    struct hull_problem problem = {0};
    struct json_value list;

    if (json_parse(arena, text, strlen(text), &list, &problem) < 0)
        return hull_fail_problem(call, &problem);
    for (size_t i = 0; i < list.count; i++) {
        const struct json_value *option = &list.items[i];
        const char *name =
            option->type == JSON_LIST && option->count == 1 && option->items[0].type == JSON_TEXT
                ? option->items[0].text
                : "";
        if (strcmp(name, "exec") != 0 && strcmp(name, "noexec") != 0)
            return invalid_mount(
                call, spec,
                hull_printf(call,
                            "TmpfsOptions.Options: invalid option %zu: [\"exec\"] and "
                            "[\"noexec\"] are known",
                            i));
        hull_strv_add(arena, &mount->options, name);
    }
    return 0;
}

static int spec_tmpfs(struct hull_call *call, const struct mount_spec *spec, struct ct_mount *mount)
{
    const struct mount_tmpfs_options *options = spec->tmpfs_options;
    struct hull_arena *arena = hull_call_arena(call);

    if (given(spec->source))
        return invalid_mount(call, spec, "field Source must not be specified");
    mount->point.source = "";
    if (!options)
        return 0;
    if (options->size_bytes > 0)
        hull_strv_add(arena, &mount->options,
                      hull_arena_printf(arena, "size=%lld", (long long)options->size_bytes));
    if (options->mode > 0)
        hull_strv_add(arena, &mount->options,
                      hull_arena_printf(arena, "mode=%llo", (unsigned long long)options->mode));
    return given(options->options) ? tmpfs_flags(call, spec, mount) : 0;
}

static int add_spec(struct hull_call *call, struct ct_doc *doc, size_t index)
{
    const struct mount_spec *spec = &doc->host_config.mounts.v[index];
    static const struct {
        const char *type;
        int (*fill)(struct hull_call *call, const struct mount_spec *spec, struct ct_mount *mount);
    } types[] = {
        {"bind", spec_bind}, {"volume", spec_volume}, {"tmpfs", spec_tmpfs}, {"image", spec_image}};
    struct ct_mount mount = {.spec = (int64_t)index + 1,
                             .point = {.type = spec->type,
                                       .source = "",
                                       .destination = spec->target,
                                       .mode = "",
                                       .rw = !spec->read_only,
                                       .propagation = ""}};
    int rc;

    if (!given(spec->target))
        return invalid_mount(call, spec, "field Target must not be empty");
    rc = check_destination(call, spec->target);
    if (rc < 0)
        return hull_wrap(call, rc, "invalid mount config for type \"%s\"",
                         spec->type ? spec->type : "");
    for (size_t i = 0; i < HULL_COUNT(types); i++) {
        if (!hull_streq(spec->type, types[i].type))
            continue;
        rc = types[i].fill(call, spec, &mount);
        return rc < 0 ? rc : add_mount(call, doc, &mount);
    }
    if (hull_streq(spec->type, "npipe") || hull_streq(spec->type, "cluster"))
        return hull_fail(call, HULL_NOT_SUPPORTED, "HostConfig.Mounts.Type=%s: not supported yet",
                         spec->type);
    return invalid_mount(call, spec, "mount type unknown");
}

/* --- the others ------------------------------------------------------------------------------- */

static int add_from(struct hull_call *call, struct ct_doc *doc, const char *from)
{
    char *rest = hull_strdup(call, from);
    const char *ref = strsep(&rest, ":");
    struct ct *ct;

    if (!given(ref))
        return hull_fail(call, HULL_INVALID,
                         "volumes-from specification cannot be an empty string");
    if (rest && strcmp(rest, "ro") != 0 && strcmp(rest, "rw") != 0)
        return hull_fail(call, HULL_INVALID, "invalid mode: %s", rest);
    int rc = ct_find(call, ref, &ct);
    if (rc == -HULL_NOT_FOUND)
        return hull_fail(call, HULL_INVALID, "No such container: %s", ref);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < ct->doc.mounts.n; i++) {
        struct ct_mount mount;

        hull_message_copy(hull_call_arena(call), &ct_mount_message, &ct->doc.mounts.v[i], &mount);
        mount.anonymous = false;
        mount.point.mode = "";
        mount.inherited = true;
        mount.spec = 0;
        if (mount.use)
            mount.use = id_new(hull_call_arena(call));
        if (rest)
            mount.point.rw = mount.point.rw && strcmp(rest, "ro") != 0;
        rc = add_mount(call, doc, &mount);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A volume that the image or the client asks for, unless something is mounted there. */
static int add_anonymous(struct hull_call *call, struct ct_doc *doc, const char *path)
{
    struct ct_mount mount = {.populate = true,
                             .point = {.destination = path, .rw = true, .mode = ""}};
    char *clean = clean_path(hull_call_arena(call), path);

    for (size_t i = 0; i < doc->mounts.n; i++)
        if (strcmp(doc->mounts.v[i].point.destination, clean) == 0)
            return 0;
    for (size_t i = 0; i < doc->host_config.tmpfs.n; i++)
        if (strcmp(doc->host_config.tmpfs.v[i].key, clean) == 0)
            return 0;
    plan_volume(call, &mount, doc->host_config.volume_driver);
    return add_mount(call, doc, &mount);
}

int ct_make_mounts(struct hull_call *call, struct ct_doc *doc, bool flat_read_only)
{
    const struct host_config *host = &doc->host_config;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < host->tmpfs.n; i++)
        rc = check_destination(call, host->tmpfs.v[i].key);
    for (size_t i = 0; rc == 0 && i < host->volumes_from.n; i++)
        rc = add_from(call, doc, host->volumes_from.v[i]);
    for (size_t i = 0; rc == 0 && i < host->binds.n; i++)
        rc = add_bind(call, doc, host->binds.v[i], flat_read_only);
    for (size_t i = 0; rc == 0 && i < host->mounts.n; i++)
        rc = add_spec(call, doc, i);
    for (size_t i = 0; rc == 0 && i < doc->config.volumes.n; i++)
        rc = add_anonymous(call, doc, doc->config.volumes.v[i]);
    if (!doc->mounts.v)
        doc->mounts.v = HULL_NEW(hull_call_arena(call), struct ct_mount);
    return rc;
}
