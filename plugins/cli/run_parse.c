/*
 * Published ports and mounts, in docker's notations.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "plugins/cli/run.h"
#include "plugins/common/truth.h"
#include "plugins/common/units.h"

/* --- ports ----------------------------------------------------------------------------------- */

struct range {
    unsigned from, to;
};

static bool parse_range(const char *text, struct range *ret)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    unsigned long from = strtoul(text, &end, 10), to = from;
    if (*end == '-') {
        if (!isdigit((unsigned char)end[1]))
            return false;
        to = strtoul(end + 1, &end, 10);
    }
    *ret = (struct range){(unsigned)from, (unsigned)to};
    return *end == '\0' && from <= to && to <= 65535;
}

/* KNOWN is how many ports there were before those of the same range, which differ. */
static void expose(struct cli *cli, struct run_options *options, const char *port, size_t known)
{
    struct hull_strv *all = &options->create.config.exposed_ports;
    if (!hull_strv_contains(&(struct hull_strv){known, all->v}, port))
        hull_strv_add(cli->arena, all, port);
}

/* TEXT without "/proto", which is tcp when there is none. */
static bool cut_protocol(struct cli *cli, char *text, const char **ret)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    char *slash = strrchr(text, '/');
    *ret = "tcp";
    if (slash == NULL || slash[1] == '\0')
        return true;
    *slash = '\0';
    for (size_t i = 0; i < HULL_COUNT(protocols); i++) {
        if (strcasecmp(slash + 1, protocols[i]) == 0) {
            *ret = protocols[i];
            return true;
        }
    }
    return cli_problem(cli, "invalid proto: %s", slash + 1);
}

/* What was there before a range, whose ports differ from each other: they are many, perhaps. */
struct known {
    size_t exposed, bound;
};

static void bind_port(struct cli *cli, struct run_options *options, const char *port,
                      const struct port_binding *to, const struct known *known)
{
    struct host_config *host = &options->create.host_config;
    __typeof__(host->port_bindings) before = host->port_bindings;
    expose(cli, options, port, known->exposed);
    before.n = known->bound;
    struct port_binding_list *list = HULL_MSGMAP_FIND(&before, port);
    if (list == NULL)
        list = HULL_MSGMAP_ADD(cli->arena, &host->port_bindings, port);
    *HULL_LIST_ADD(cli->arena, list) = *to;
}

struct binding {
    const char *address, *text; /* of the host's ports: "", one, or a range */
    const struct range *each;   /* one of the range for each of the container's; NULL: any of it */
};

static void bind_range(struct cli *cli, struct run_options *options, const struct range *inside,
                       const char *protocol, const struct binding *binding)
{
    const struct known known = {options->create.config.exposed_ports.n,
                                options->create.host_config.port_bindings.n};
    for (unsigned i = 0; i <= inside->to - inside->from; i++) {
        struct port_binding to = {.host_ip = binding->address, .host_port = binding->text};
        if (binding->text[0] != '\0' && binding->each != NULL)
            to.host_port = hull_arena_printf(cli->arena, "%u", binding->each->from + i);
        bind_port(cli, options, hull_arena_printf(cli->arena, "%u/%s", inside->from + i, protocol),
                  &to, &known);
    }
}

/* [address:][host port:]port[/proto] */
static bool parse_publish(struct cli *cli, struct run_options *options, const char *spec)
{
    char *text = hull_arena_strdup(cli->arena, spec);
    const char *protocol;
    const char *address = "", *host_text = "";
    if (!cut_protocol(cli, text, &protocol))
        return false;
    char *port = strrchr(text, ':');
    if (port != NULL) {
        *port++ = '\0';
        char *host = strrchr(text, ':');
        bool bracket = text[0] == '[' && strchr(text, ']') > host;
        if (host != NULL && !bracket) {
            *host++ = '\0';
            address = text;
        } else if (!bracket) {
            host = text;
        } else {
            return cli_problem(cli, "no port specified: %s<empty>", spec);
        }
        host_text = host;
        size_t length = strlen(address);
        if (address[0] == '[' && address[length - 1] == ']')
            address = hull_arena_strndup(cli->arena, address + 1, length - 2);
        if (address[0] != '\0' && !is_address(address))
            return cli_problem(cli, "invalid IP address: %s", address);
    } else {
        port = text;
    }
    struct range inside, outside = {};
    if (port[0] == '\0')
        return cli_problem(cli, "no port specified: %s<empty>", spec);
    if (!parse_range(port, &inside) || inside.from == 0)
        return cli_problem(cli, "invalid containerPort: %s", port);
    if (host_text[0] != '\0' && !parse_range(host_text, &outside))
        return cli_problem(cli, "invalid hostPort: %s", host_text);
    unsigned count = inside.to - inside.from;
    bool one_of = host_text[0] != '\0' && outside.to - outside.from != count;
    if (one_of && count != 0)
        return cli_problem(cli, "invalid ranges specified for container and host Ports: %s and %s",
                           port, host_text);
    bind_range(cli, options, &inside, protocol,
               &(struct binding){address, host_text, one_of ? NULL : &outside});
    return true;
}

bool run_ports(struct cli *cli, struct run_options *options)
{
    for (size_t i = 0; i < options->publish.n; i++) {
        if (!parse_publish(cli, options, options->publish.v[i]))
            return false;
    }
    for (size_t i = 0; i < options->expose.n; i++) {
        char *text = hull_arena_strdup(cli->arena, options->expose.v[i]);
        const char *protocol;
        struct range range;
        if (!cut_protocol(cli, text, &protocol))
            return false;
        if (!parse_range(text, &range))
            return cli_problem(
                cli, "invalid range format for --expose: %s, error: %s", options->expose.v[i],
                isdigit((unsigned char)text[0])
                    ? hull_arena_printf(cli->arena, "invalid range specified for port: %s", text)
                    : hull_arena_printf(cli->arena,
                                        "strconv.ParseUint: parsing \"%s\": "
                                        "invalid syntax",
                                        text));
        size_t known = options->create.config.exposed_ports.n;
        for (unsigned port = range.from; port <= range.to; port++)
            expose(cli, options, hull_arena_printf(cli->arena, "%u/%s", port, protocol), known);
    }
    return true;
}

/* --- --mount --------------------------------------------------------------------------------- */

static struct mount_bind_options *bind_options(struct cli *cli, struct mount_spec *mount)
{
    if (mount->bind_options == NULL)
        mount->bind_options = HULL_NEW(cli->arena, struct mount_bind_options);
    return mount->bind_options;
}

static struct mount_volume_options *volume_options(struct cli *cli, struct mount_spec *mount)
{
    if (mount->volume_options == NULL)
        mount->volume_options = HULL_NEW(cli->arena, struct mount_volume_options);
    return mount->volume_options;
}

static struct mount_tmpfs_options *tmpfs_options(struct cli *cli, struct mount_spec *mount)
{
    if (mount->tmpfs_options == NULL)
        mount->tmpfs_options = HULL_NEW(cli->arena, struct mount_tmpfs_options);
    return mount->tmpfs_options;
}

static struct mount_image_options *image_options(struct cli *cli, struct mount_spec *mount)
{
    if (mount->image_options == NULL)
        mount->image_options = HULL_NEW(cli->arena, struct mount_image_options);
    return mount->image_options;
}

static struct volume_driver_config *driver_config(struct cli *cli, struct mount_spec *mount)
{
    struct mount_volume_options *options = volume_options(cli, mount);
    if (options->driver_config == NULL)
        options->driver_config = HULL_NEW(cli->arena, struct volume_driver_config);
    return options->driver_config;
}

static bool truth(struct cli *cli, const char *key, const char *value, bool *ret)
{
    if (value == NULL)
        *ret = true;
    return value == NULL || truth_parse(value, ret) ||
           cli_problem(cli, "invalid value for %s: %s", key, value);
}

static char *lowered(struct cli *cli, const char *text)
{
    char *copy = hull_arena_strdup(cli->arena, text);
    for (char *at = copy; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

static bool octal(const char *text, int64_t *ret)
{
    if (text[0] == '\0' || text[strspn(text, "01234567")] != '\0' || strlen(text) > 10)
        return false;
    *ret = strtoll(text, NULL, 8);
    return true;
}

static bool mount_switch(struct cli *cli, struct mount_spec *mount, const char *key,
                         const char *value, bool *ret_known)
{
    bool flag = false;
    *ret_known = true;
    if (strcmp(key, "readonly") == 0 || strcmp(key, "ro") == 0)
        return truth(cli, key, value, &mount->read_only);
    if (strcmp(key, "volume-nocopy") == 0)
        return truth(cli, key, value, &volume_options(cli, mount)->no_copy);
    if (strcmp(key, "bind-nonrecursive") == 0)
        return truth(cli, key, value, &bind_options(cli, mount)->non_recursive);
    if (strcmp(key, "bind-recursive") == 0 && value != NULL) {
        struct mount_bind_options *bind = bind_options(cli, mount);
        bind->non_recursive = strcmp(value, "disabled") == 0;
        bind->read_only_non_recursive = strcmp(value, "writable") == 0;
        bind->read_only_force_recursive = strcmp(value, "readonly") == 0;
        flag = bind->non_recursive || bind->read_only_non_recursive ||
               bind->read_only_force_recursive || strcmp(value, "enabled") == 0;
        return flag || cli_problem(cli,
                                   "invalid value for bind-recursive: %s (must be \"enabled\", "
                                   "\"disabled\", \"writable\", or \"readonly\")",
                                   value);
    }
    *ret_known = false;
    return true;
}

static bool mount_field(struct cli *cli, struct mount_spec *mount, const char *key,
                        const char *value)
{
    bool known;
    if (!mount_switch(cli, mount, key, value, &known) || known)
        return cli->problem == NULL;
    if (value == NULL)
        return cli_problem(cli, "invalid field '%s' must be a key=value pair", key);
    if (strcmp(key, "type") == 0)
        mount->type = lowered(cli, value);
    else if (strcmp(key, "source") == 0 || strcmp(key, "src") == 0)
        mount->source = value;
    else if (strcmp(key, "target") == 0 || strcmp(key, "dst") == 0 ||
             strcmp(key, "destination") == 0)
        mount->target = value;
    else if (strcmp(key, "consistency") == 0)
        mount->consistency = value;
    else if (strcmp(key, "bind-propagation") == 0)
        bind_options(cli, mount)->propagation = value;
    else if (strcmp(key, "volume-subpath") == 0)
        volume_options(cli, mount)->subpath = value;
    else if (strcmp(key, "image-subpath") == 0)
        image_options(cli, mount)->subpath = value;
    else if (strcmp(key, "volume-label") == 0)
        cli_set_pair(cli, &volume_options(cli, mount)->labels, value);
    else if (strcmp(key, "volume-driver") == 0)
        driver_config(cli, mount)->name = value;
    else if (strcmp(key, "volume-opt") == 0)
        cli_set_pair(cli, &driver_config(cli, mount)->options, value);
    else if (strcmp(key, "tmpfs-size") == 0)
        return units_parse_bytes(value, &tmpfs_options(cli, mount)->size_bytes) ||
               cli_problem(cli, "invalid value for %s: %s", key, value);
    else if (strcmp(key, "tmpfs-mode") == 0)
        return octal(value, &tmpfs_options(cli, mount)->mode) ||
               cli_problem(cli, "invalid value for %s: %s", key, value);
    else
        return cli_problem(cli, "unexpected key '%s' in '%s=%s'", key, key, value);
    return true;
}

/* The field that AT begins with, to RET; where it ends, or NULL with CLI->problem. TEXT is the
 * whole line, for the column in the error. */
static const char *csv_field(struct cli *cli, const char *text, const char *at,
                             struct hull_text *ret)
{
    bool quoted = *at == '"';
    for (at += quoted; *at != '\0' && (quoted || *at != ','); at++) {
        bool quote = *at == '"';
        if (quote && quoted && at[1] != '"') {
            quoted = false;
            if (at[1] != ',' && at[1] != '\0')
                break;
            return at + 1;
        }
        if (quote && !quoted) {
            cli_problem(cli, "parse error on line 1, column %td: bare \" in non-quoted-field",
                        at - text + 1);
            return NULL;
        }
        hull_text_add(ret, at, 1);
        at += quote;
    }
    if (!quoted && *at != '"')
        return at;
    cli_problem(cli, "parse error on line 1, column %td: extraneous or missing \" in quoted-field",
                at - text + 1);
    return NULL;
}

bool run_csv(struct cli *cli, const char *text, struct hull_strv *ret)
{
    *ret = (struct hull_strv){};
    for (const char *at = text;; at++) {
        struct hull_text field = HULL_TEXT(cli->arena);
        hull_text_puts(&field, "");
        at = csv_field(cli, text, at, &field);
        if (at == NULL)
            return false;
        hull_strv_add(cli->arena, ret, field.data);
        if (*at == '\0')
            return true;
    }
}

/* Options are of one type of mount only. */
static bool check_mount_types(struct cli *cli, const struct mount_spec *mount)
{
    const struct {
        const void *options;
        const char *type;
    } rows[] = {{mount->volume_options, "volume"},
                {mount->image_options, "image"},
                {mount->bind_options, "bind"},
                {mount->tmpfs_options, "tmpfs"}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        if (rows[i].options != NULL && strcmp(mount->type, rows[i].type) != 0)
            return cli_problem(cli, "cannot mix '%s-*' options with mount type '%s'", rows[i].type,
                               mount->type);
    }
    return true;
}

static bool check_mount(struct cli *cli, const struct mount_spec *mount)
{
    const struct mount_bind_options *bind = mount->bind_options;
    bool alone = bind != NULL && bind->read_only_force_recursive;
    if (mount->type[0] == '\0')
        return cli_problem(cli, "type is required");
    if (hull_streq(mount->target, ""))
        return cli_problem(cli, "target is required");
    if (!check_mount_types(cli, mount))
        return false;
    if (bind != NULL && (alone || bind->read_only_non_recursive) && !mount->read_only)
        return cli_problem(cli,
                           "option 'bind-recursive=%s' requires 'readonly' to be specified in "
                           "conjunction",
                           alone ? "readonly" : "writable");
    if (alone && !hull_streq(bind->propagation, "rprivate"))
        return cli_problem(cli, "option 'bind-recursive=readonly' requires "
                                "'bind-propagation=rprivate' to be specified in conjunction");
    return true;
}

bool run_mount(struct cli *cli, void *target, const char *value)
{
    struct {
        size_t n;
        struct mount_spec *v;
    } *list = target;
    struct mount_spec mount = {.type = "volume"};
    struct hull_strv fields;
    if (value[0] == '\0')
        return cli_problem(cli, "EOF");
    if (!run_csv(cli, value, &fields))
        return false;
    for (size_t i = 0; i < fields.n; i++) {
        size_t length = strcspn(fields.v[i], "=");
        char *key = lowered(cli, hull_arena_strndup(cli->arena, fields.v[i], length));
        if (!mount_field(cli, &mount, key,
                         fields.v[i][length] == '=' ? fields.v[i] + length + 1 : NULL))
            return false;
    }
    if (!check_mount(cli, &mount))
        return false;
    if (strcmp(mount.type, "bind") == 0 && mount.source != NULL && mount.source[0] == '.') {
        HULL_AUTO_FREE char *path = realpath(mount.source, NULL);
        if (path != NULL)
            mount.source = hull_arena_strdup(cli->arena, path);
    }
    *HULL_LIST_ADD(cli->arena, list) = mount;
    return true;
}

/* --- -v -------------------------------------------------------------------------------------- */

char *cli_absolute(struct cli *cli, const char *path)
{
    HULL_AUTO_FREE char *here = getcwd(NULL, 0);
    if (path[0] == '/')
        return hull_arena_strdup(cli->arena, path);
    if (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))
        path += path[1] == '/' ? 2 : 1;
    return hull_arena_printf(cli->arena, "%s%s%s", here == NULL ? "" : here,
                             path[0] == '\0' ? "" : "/", path);
}

bool run_mounts(struct cli *cli, struct run_options *options)
{
    for (size_t i = 0; i < options->volumes.n; i++) {
        const char *text = options->volumes.v[i];
        size_t length = strcspn(text, ":");
        if (text[0] == '\0')
            return cli_problem(cli, "invalid empty volume spec");
        if (text[length] == '\0') {
            hull_strv_add(cli->arena, &options->create.config.volumes, text);
            continue;
        }
        if (split_text(cli, text, ':').n > 3)
            return cli_problem(cli, "invalid spec: %s: too many colons", text);
        if (text[0] == '.')
            text = hull_arena_printf(
                cli->arena, "%s%s", cli_absolute(cli, hull_arena_strndup(cli->arena, text, length)),
                text + length);
        hull_strv_add(cli->arena, &options->create.host_config.binds, text);
    }
    return true;
}
