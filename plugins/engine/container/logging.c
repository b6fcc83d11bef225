/*
 * logging.c: log drivers. The shim writes a json-file whatever the driver is; the driver, a plugin
 * of the class log, delivers from there. What the options tag, labels, env and so on choose is
 * worked out here, for all of them.
 */
#include "ct.h"

#include "filters.h"
#include "json.h"
#include "log.h"
#include "runtime.h"
#include "template.h"
#include "tokens.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/* When the client gives none: of the drivers whose log the files are, and of the others. */
#define MEGABYTE (1024 * 1024)
static const struct {
    const char *type;
    int64_t max_size, max_files;
} defaults[] = {{"json-file", 10 * MEGABYTE, 3}, {"local", 20 * MEGABYTE, 5}};
#define BUFFER_SIZE (10 * MEGABYTE)
#define BUFFER_FILES 3
#define FILES_MAX 64 /* log/json-file reads no more */
#define SHORT_ID 12

static const char *port_of(struct hull_call *call, const char *type)
{
    return hull_printf(call, "log/%s", type);
}

static bool is_none(const char *type)
{
    return strcmp(type, "none") == 0;
}

/* json-file is written by the shim: its driver only compresses, when it is asked to. */
static bool needs_driver(const struct log_config *log)
{
    const char *compress = hull_map_find(&log->config, "compress");
    bool wanted = false;

    if (strcmp(log->type, "json-file") == 0)
        return compress && truth_parse(compress, &wanted) && wanted;
    return !is_none(log->type);
}

bool ct_log_readable(const struct ct *ct)
{
    return !is_none(ct->doc.host_config.log_config.type);
}

/* --- the option tag --------------------------------------------------------------------------- */

static const char *bare_id(const char *id)
{
    return id && strncmp(id, "sha256:", 7) == 0 ? id + 7 : id;
}

static void add_member(struct json_value *object, const char *key, const char *text)
{
    object->keys[object->count] = key;
    object->items[object->count++] = (struct json_value){.type = JSON_TEXT, .text = text};
}

static char *command_of(struct hull_call *call, const struct ct_doc *doc)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    hull_text_puts(&text, "");
    for (size_t i = 0; i < doc->config.entrypoint.n; i++)
        hull_text_printf(&text, "%s%s", text.length ? " " : "", doc->config.entrypoint.v[i]);
    for (size_t i = 0; i < doc->config.cmd.n; i++)
        hull_text_printf(&text, "%s%s", text.length ? " " : "", doc->config.cmd.v[i]);
    return text.data;
}

static int make_tag(struct hull_call *call, const char *tag, const struct ct_doc *doc,
                    const char **ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct json_value dot = {.type = JSON_OBJECT};
    const struct template_data data = {.value = &dot};
    const char *image = bare_id(doc->image_id ? doc->image_id : "");
    struct hull_problem problem = {0};
    struct hull_text out = HULL_TEXT(arena);
    struct template *template;
    int rc;

    dot.keys = HULL_NEW_ARRAY(arena, const char *, 8);
    dot.items = HULL_NEW_ARRAY(arena, struct json_value, 8);
    add_member(&dot, "ID", hull_printf(call, "%.*s", SHORT_ID, doc->id));
    add_member(&dot, "FullID", doc->id);
    add_member(&dot, "Name", doc->name);
    add_member(&dot, "ImageID", hull_printf(call, "%.*s", SHORT_ID, image));
    add_member(&dot, "ImageFullID", doc->image_id ? doc->image_id : "");
    add_member(&dot, "ImageName", doc->config.image ? doc->config.image : "");
    add_member(&dot, "Command", command_of(call, doc));
    add_member(&dot, "DaemonName", "docker");
    hull_text_puts(&out, "");
    rc = template_parse(arena, tag, &template, &problem);
    if (rc == 0)
        rc = template_run(template, &data, &out, &problem);
    if (rc < 0)
        return hull_fail(call, HULL_INVALID, "log opt tag: \"%s\": %s", tag, problem.text);
    *ret = out.data;
    return 0;
}

/* --- labels, env, labels-regex, env-regex ----------------------------------------------------- */

static bool in_list(const char *list, const char *name, size_t length)
{
    while (list && *list) {
        size_t size = strcspn(list, ",");

        if (size == length && strncmp(list, name, length) == 0)
            return true;
        list += size + (list[size] == ',');
    }
    return false;
}

static int compile(struct hull_call *call, const struct hull_map *options, const char *name,
                   regex_t *ret, bool *ret_given)
{
    const char *text = hull_map_find(options, name);
    char why[128];
    int err;

    *ret_given = text && *text;
    if (!*ret_given)
        return 0;
    if (!filters_is_cheap(text)) {
        *ret_given = false;
        return hull_fail(call, HULL_INVALID,
                         "log opt %s: \"%s\": the expression is too long or repeats too much", name,
                         text);
    }
    err = regcomp(ret, text, REG_EXTENDED | REG_NOSUB);
    if (err == 0)
        return 0;
    *ret_given = false;
    regerror(err, ret, why, sizeof(why));
    return hull_fail(call, HULL_INVALID, "log opt %s: \"%s\": %s", name, text, why);
}

static void choose_labels(struct hull_call *call, const struct ct_doc *doc, const char *list,
                          const regex_t *regex, struct hull_map *ret)
{
    for (size_t i = 0; i < doc->config.labels.n; i++) {
        const struct hull_pair *label = &doc->config.labels.v[i];

        if (in_list(list, label->key, strlen(label->key)) ||
            (regex && regexec(regex, label->key, 0, NULL, 0) == 0))
            hull_map_set(hull_call_arena(call), ret, label->key, label->value);
    }
}

static void choose_env(struct hull_call *call, const struct ct_doc *doc, const char *list,
                       const regex_t *regex, struct hull_map *ret)
{
    for (size_t i = 0; i < doc->config.env.n; i++) {
        const char *entry = doc->config.env.v[i], *equals = strchr(entry, '=');
        char *name;

        if (!equals)
            continue;
        name = hull_arena_strndup(hull_call_arena(call), entry, (size_t)(equals - entry));
        if (in_list(list, name, strlen(name)) || (regex && regexec(regex, name, 0, NULL, 0) == 0))
            hull_map_set(hull_call_arena(call), ret, name, equals + 1);
    }
}

static int choose_attributes(struct hull_call *call, const struct ct_doc *doc, struct hull_map *ret)
{
    const struct hull_map *options = &doc->host_config.log_config.config;
    bool labels_given = false, env_given = false;
    regex_t labels, env;
    int rc = compile(call, options, "labels-regex", &labels, &labels_given);

    if (rc == 0)
        rc = compile(call, options, "env-regex", &env, &env_given);
    if (rc == 0) {
        choose_labels(call, doc, hull_map_find(options, "labels"), labels_given ? &labels : NULL,
                      ret);
        choose_env(call, doc, hull_map_find(options, "env"), env_given ? &env : NULL, ret);
    }
    if (labels_given)
        regfree(&labels);
    if (env_given)
        regfree(&env);
    return rc;
}

/* --- checking --------------------------------------------------------------------------------- */

static int check_modes(struct hull_call *call, const struct hull_map *options)
{
    const char *mode = hull_map_find(options, "mode");
    const char *size = hull_map_find(options, "max-buffer-size");
    int64_t bytes;

    if (mode && *mode && strcmp(mode, "blocking") != 0 && strcmp(mode, "non-blocking") != 0)
        return hull_fail(call, HULL_INVALID, "logger: logging mode not supported: %s", mode);
    if (size && !hull_streq(mode, "non-blocking"))
        return hull_fail(
            call, HULL_INVALID,
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
    if (size && !token_size(size, &bytes))
        return hull_fail(call, HULL_INVALID,
                         "error parsing option max-buffer-size: invalid size: '%s'", size);
    return 0;
}

static int check_files(struct hull_call *call, const struct hull_map *options)
{
    static const char *const sizes[] = {"max-size", "cache-max-size"};
    static const char *const files[] = {"max-file", "cache-max-file"};

    for (size_t i = 0; i < HULL_COUNT(sizes); i++) {
        const char *size = hull_map_find(options, sizes[i]);
        const char *count = hull_map_find(options, files[i]);
        int64_t number;

        if (size && !token_size(size, &number))
            return hull_fail(call, HULL_INVALID, "invalid %s: invalid size: '%s'", sizes[i], size);
        if (count && (!token_number(count, &number) || number < 1))
            return hull_fail(call, HULL_INVALID, "%s cannot be less than 1: '%s'", files[i], count);
        if (count && number > FILES_MAX)
            return hull_fail(call, HULL_INVALID, "%s: '%s': hull keeps at most %d files of a log",
                             files[i], count, FILES_MAX);
    }
    return 0;
}

/* The options that need the container are tried on one that is not there yet. */
static int check_choices(struct hull_call *call, const struct log_config *log)
{
    struct ct_doc doc = {.id = "0123456789abcdef", .name = "name"};
    const char *tag = hull_map_find(&log->config, "tag"), *made;
    struct hull_map none = {0};
    int rc;

    doc.host_config.log_config = *log;
    rc = choose_attributes(call, &doc, &none);
    return rc < 0 || !tag ? rc : make_tag(call, tag, &doc, &made);
}

int ct_check_log(struct hull_call *call, const struct host_config *host)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    struct log_config given = host->log_config, log;
    struct hull_empty reply;
    const char *port;
    int rc;

    hull_message_copy(hull_call_arena(call), &log_config_message, &given, &log);
    ct_default_log(call, &log);
    if (is_none(log.type))
        return 0;
    const struct log_check_request request = {.options = log.config};
    port = port_of(call, log.type);
    if (strspn(log.type, good) != strlen(log.type) || !hull_plugin_exists(port))
        return hull_fail(call, HULL_INVALID, "logger: no log driver named '%s' is registered",
                         log.type);
    rc = check_modes(call, &log.config);
    if (rc == 0)
        rc = check_files(call, &log.config);
    if (rc == 0)
        rc = check_choices(call, &log);
    return rc < 0 ? rc : log_check(call, port, &request, &reply);
}

/* --- a run ------------------------------------------------------------------------------------ */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct hull_pair *)a)->key, ((const struct hull_pair *)b)->key);
}

/* In order of their names, in which logs --details shows them. */
static const char *attributes_json(struct hull_call *call, struct hull_map *attributes)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));

    if (attributes->n > 0)
        qsort(attributes->v, attributes->n, sizeof(*attributes->v), by_key);
    for (size_t i = 0; i < attributes->n; i++) {
        hull_text_puts(&text, i > 0 ? "," : "{");
        json_quote_pair(&text, &attributes->v[i]);
    }
    if (attributes->n > 0)
        hull_text_puts(&text, "}");
    return text.data;
}

/* What undelivered lines may take: max-buffer-size is what the client counts on at least. */
static void buffer_sizes(const struct hull_map *options, struct runtime_stdio *stdio)
{
    const char *size = hull_map_find(options, "cache-max-size");
    const char *files = hull_map_find(options, "cache-max-file");
    const char *least = hull_map_find(options, "max-buffer-size");
    int64_t bytes = 0;

    stdio->log_max_size = BUFFER_SIZE;
    stdio->log_max_files = BUFFER_FILES;
    if (size)
        (void)!token_size(size, &stdio->log_max_size);
    if (files)
        (void)!token_number(files, &stdio->log_max_files);
    if (least && token_size(least, &bytes) && bytes / stdio->log_max_files >= stdio->log_max_size)
        stdio->log_max_size = bytes / stdio->log_max_files + 1;
}

/* False when the files are only the buffer of another driver. */
static bool file_sizes(const struct log_config *log, struct runtime_stdio *stdio)
{
    const char *size = hull_map_find(&log->config, "max-size");
    const char *files = hull_map_find(&log->config, "max-file");
    size_t at = 0;

    while (at < HULL_COUNT(defaults) && strcmp(defaults[at].type, log->type) != 0)
        at++;
    if (at == HULL_COUNT(defaults))
        return false;
    stdio->log_max_size = defaults[at].max_size;
    stdio->log_max_files = defaults[at].max_files;
    if (size && strcmp(log->type, "json-file") == 0)
        stdio->log_max_files = 1;
    if (size)
        (void)!token_size(size, &stdio->log_max_size);
    if (files)
        (void)!token_number(files, &stdio->log_max_files);
    return true;
}

int ct_log_stdio(struct hull_call *call, const struct ct_doc *doc, struct runtime_stdio *stdio)
{
    const struct log_config *log = &doc->host_config.log_config;
    const char *tag = hull_map_find(&log->config, "tag");
    struct hull_map attributes = {0};
    int rc;

    if (is_none(log->type))
        return 0;
    stdio->log_path = ct_log_path(hull_call_arena(call), doc->id);
    if (!file_sizes(log, stdio)) {
        tag = NULL; /* is the driver's affair */
        buffer_sizes(&log->config, stdio);
    }
    rc = choose_attributes(call, doc, &attributes);
    if (rc == 0 && tag) {
        rc = make_tag(call, tag, doc, &tag);
        if (rc == 0)
            hull_map_set(hull_call_arena(call), &attributes, "tag", tag);
    }
    if (rc == 0)
        stdio->log_attributes = attributes_json(call, &attributes);
    return rc;
}

int ct_log_follow(struct hull_call *call, struct ct *ct, int *ret_fd)
{
    if (ct->ended_fd < 0)
        ct->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *ret_fd = ct->ended_fd < 0 ? -1 : fcntl(ct->ended_fd, F_DUPFD_CLOEXEC, 3);
    return *ret_fd < 0 ? hull_fail_errno(call, errno, "following the log") : 0;
}

int ct_log_start(struct hull_call *call, struct ct *ct, bool runs)
{
    const struct ct_doc *doc = &ct->doc;
    const struct log_config *log = &doc->host_config.log_config;
    struct log_start_request request = {
        .id = doc->id,
        .name = doc->name,
        .image = doc->config.image,
        .image_id = doc->image_id,
        .created_ns = doc->created_ns,
        .path = ct_log_path(hull_call_arena(call), doc->id),
        .options = log->config,
        .end_fd = -1,
    };
    const char *tag = hull_map_find(&log->config, "tag");
    struct hull_empty reply;
    int rc;

    if (!needs_driver(log))
        return 0;
    request.command = command_of(call, doc);
    rc = make_tag(call, tag && *tag ? tag : "{{.ID}}", doc, &request.tag);
    if (rc == 0)
        rc = choose_attributes(call, doc, &request.attributes);
    if (rc == 0 && runs)
        rc = ct_log_follow(call, ct, &request.end_fd);
    return rc < 0 ? rc : log_start(call, port_of(call, log->type), &request, &reply);
}

void ct_log_stop(struct hull_call *call, const struct ct *ct)
{
    const struct log_config *log = &ct->doc.host_config.log_config;
    const struct log_stop_request request = {.id = ct->doc.id};
    struct hull_empty reply;

    if (!needs_driver(log) || log_stop(call, port_of(call, log->type), &request, &reply) == 0)
        return;
    hull_log(call, HULL_LOG_WARN, "ending log delivery", "container", ct->doc.id, "error",
             hull_error(call), NULL);
    hull_error_clear(call);
}
