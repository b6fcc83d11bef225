/*
 * From the flags of run and create to the request: limits, devices and storage.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "plugins/cli/run.h"
#include "plugins/common/json.h"
#include "plugins/common/units.h"

static const char *const limit_names[] = {"core",    "cpu",      "data",   "fsize",      "locks",
                                          "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                          "rss",     "rtprio",   "rttime", "sigpending", "stack"};

/* One of the one or two numbers of a limit. */
static bool limit_number(struct cli *cli, const char *text, int64_t *ret)
{
    return run_number(text, ret) ||
           cli_problem(cli, "strconv.ParseInt: parsing \"%s\": invalid syntax", text);
}

bool run_ulimit(struct cli *cli, void *target, const char *value)
{
    struct {
        size_t n;
        struct ulimit *v;
    } *list = target;
    const char *equals = strchr(value, '=');
    struct ulimit limit = {};
    bool known = false;
    if (equals == NULL)
        return cli_problem(cli, "invalid ulimit argument: %s", value);
    limit.name = hull_arena_strndup(cli->arena, value, (size_t)(equals - value));
    for (size_t i = 0; i < HULL_COUNT(limit_names); i++)
        known = known || strcmp(limit_names[i], limit.name) == 0;
    if (!known)
        return cli_problem(cli, "invalid ulimit type: %s", limit.name);
    struct hull_strv values = split_text(cli, equals + 1, ':');
    if (values.n > 2)
        return cli_problem(cli,
                           "too many limit value arguments - %s, can only have up to two, "
                           "`soft[:hard]`",
                           equals + 1);
    if (!limit_number(cli, values.v[0], &limit.soft))
        return false;
    limit.hard = limit.soft;
    if (values.n == 2 && !limit_number(cli, values.v[1], &limit.hard))
        return false;
    if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard))
        return cli_problem(cli,
                           "ulimit soft limit must be less than or equal to hard limit: "
                           "%" PRId64 " > %" PRId64,
                           limit.soft, limit.hard);
    *HULL_LIST_ADD(cli->arena, list) = limit;
    return true;
}

/* "vendor.com/class=name": a name of the Container Device Interface, not a path. */
static bool is_cdi_name(const char *text)
{
    const char *slash = strchr(text, '/'), *equals = strchr(text, '=');
    return slash != NULL && slash != text && equals > slash + 1 && equals[1] != '\0';
}

static bool run_storage(struct cli *cli, struct run_options *options)
{
    for (size_t i = 0; i < options->storage_opts.n; i++) {
        const char *text = options->storage_opts.v[i];
        if (strchr(text, '=') == NULL)
            return cli_problem(cli, "invalid storage option");
        cli_set_pair(cli, &options->create.host_config.storage_opt, text);
    }
    return true;
}

/* Some of r, w and m, none twice. */
static bool is_device_mode(const char *text)
{
    size_t length = strlen(text);
    bool twice = false;
    for (size_t i = 0; i < length; i++)
        twice = twice || strchr(text + i + 1, text[i]) != NULL;
    return length > 0 && strspn(text, "rwm") == length && !twice;
}

/* "/dev/x", "/dev/x:/dev/y", "/dev/x:rw", "/dev/x:/dev/y:rw" */
static bool parse_device(struct cli *cli, const char *text, struct device_mapping *ret)
{
    struct hull_strv parts = split_text(cli, text, ':');
    const char *last = parts.v[parts.n - 1];
    if (parts.n > 3 || parts.v[0][0] == '\0')
        return cli_problem(cli, "bad format for path: %s", text);
    bool mode = parts.n > 1 && is_device_mode(last);
    if (parts.n == 3 && !mode)
        return cli_problem(cli, "bad mode specified: %s", last);
    ret->path_on_host = parts.v[0];
    ret->path_in_container = parts.n - mode > 1 ? parts.v[1] : parts.v[0];
    ret->cgroup_permissions = mode ? last : "rwm";
    if (ret->path_in_container[0] != '/')
        return cli_problem(cli, "%s is not an absolute path", ret->path_in_container);
    return true;
}

static bool run_devices(struct cli *cli, struct run_options *options)
{
    struct hull_strv cdi = {};
    for (size_t i = 0; i < options->devices.n; i++) {
        if (is_cdi_name(options->devices.v[i])) {
            hull_strv_add(cli->arena, &cdi, options->devices.v[i]);
            continue;
        }
        struct device_mapping *device =
            HULL_LIST_ADD(cli->arena, &options->create.host_config.resources.devices);
        if (!parse_device(cli, options->devices.v[i], device))
            return false;
    }
    if (cdi.n > 0)
        *HULL_LIST_ADD(cli->arena, &options->create.host_config.resources.device_requests) =
            (struct device_request){.driver = "cdi", .device_ids = cdi};
    return true;
}

static bool gpu_field(struct cli *cli, const char *key, const char *value,
                      struct device_request *request, const char **capabilities)
{
    if (strcmp(key, "driver") == 0)
        request->driver = value;
    else if (strcmp(key, "device") == 0)
        request->device_ids = split_text(cli, value, ',');
    else if (strcmp(key, "capabilities") == 0)
        *capabilities = hull_arena_printf(cli->arena, "gpu,%s", value);
    else if (strcmp(key, "options") == 0)
        cli_set_pair(cli, &request->options, value);
    else if (strcmp(key, "count") != 0)
        return cli_problem(cli, "unexpected key '%s' in '%s=%s'", key, key, value);
    else if (strcmp(value, "all") == 0)
        request->count = -1;
    else if (!run_number(value, &request->count))
        return cli_problem(cli,
                           "invalid count (%s): value must be either \"all\" or an integer: "
                           "invalid syntax",
                           value);
    return true;
}

/* [["gpu","…"]] */
static const char *capabilities_json(struct cli *cli, const char *list)
{
    struct hull_strv names = split_text(cli, list, ',');
    struct hull_text json = HULL_TEXT(cli->arena);
    hull_text_puts(&json, "[[");
    for (size_t i = 0; i < names.n; i++) {
        if (i > 0 && strcmp(names.v[i], "gpu") == 0)
            continue;
        hull_text_puts(&json, i == 0 ? "" : ",");
        json_quote(&json, names.v[i], strlen(names.v[i]));
    }
    hull_text_puts(&json, "]]");
    return json.data;
}

/* "all", a number, or "device=0,…" with further keys; a value with commas is quoted. */
bool run_gpus(struct cli *cli, void *target, const char *value)
{
    struct device_request request = {};
    struct hull_strv fields, seen = {};
    const char *capabilities = "gpu";
    if (!run_csv(cli, value, &fields))
        return false;
    for (size_t i = 0; i < fields.n; i++) {
        size_t length = strcspn(fields.v[i], "=");
        bool pair = fields.v[i][length] == '=';
        const char *key = pair ? hull_arena_strndup(cli->arena, fields.v[i], length) : "count";
        if (hull_strv_contains(&seen, key))
            return cli_problem(cli, "gpu request key '%s' can be specified only once", key);
        hull_strv_add(cli->arena, &seen, key);
        if (!gpu_field(cli, key, fields.v[i] + (pair ? length + 1 : 0), &request, &capabilities))
            return false;
    }
    if (!hull_strv_contains(&seen, "count") && request.device_ids.n == 0)
        request.count = 1;
    request.capabilities = capabilities_json(cli, capabilities);
    *(struct device_request *)hull_list_add(cli->arena, target, sizeof(request)) = request;
    return true;
}

static bool run_throttles(struct cli *cli, struct run_options *options)
{
    struct resources *r = &options->create.host_config.resources;
    const struct {
        const struct hull_strv *from;
        void *to;
        bool bytes;
    } rows[] = {{&options->read_bps, &r->blkio_device_read_bps, true},
                {&options->write_bps, &r->blkio_device_write_bps, true},
                {&options->read_iops, &r->blkio_device_read_iops, false},
                {&options->write_iops, &r->blkio_device_write_iops, false},
                {&options->blkio_weight, &r->blkio_weight_device, false}};
    for (size_t i = 0; i < HULL_COUNT(rows); i++) {
        for (size_t j = 0; j < rows[i].from->n; j++) {
            const char *text = rows[i].from->v[j];
            const char *colon = strchr(text, ':'); /* there is one: flag_checks.c */
            /* The two messages have the same members: a path and a number. */
            struct throttle_device *device =
                hull_list_add(cli->arena, rows[i].to, sizeof(struct throttle_device));
            if (rows[i].bytes ? !units_parse_bytes(colon + 1, &device->rate)
                              : !run_number(colon + 1, &device->rate))
                return cli_problem(cli, "bad format: %s", text);
            device->path = hull_arena_strndup(cli->arena, text, (size_t)(colon - text));
        }
    }
    return true;
}

_Static_assert(sizeof(struct throttle_device) == sizeof(struct weight_device) &&
                   offsetof(struct throttle_device, rate) == offsetof(struct weight_device, weight),
               "a path and a number");

bool run_resources(struct cli *cli, struct run_options *options)
{
    const struct hull_opt_int *swappiness =
        &options->create.host_config.resources.memory_swappiness;
    if (swappiness->set && (swappiness->value < -1 || swappiness->value > 100))
        return cli_problem(cli,
                           "invalid value: %" PRId64 ". Valid memory swappiness range is 0-100",
                           swappiness->value);
    return run_devices(cli, options) && run_storage(cli, options) && run_throttles(cli, options);
}
