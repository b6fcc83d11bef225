/*
 * inspect: objects as JSON, or by a template.
 */
#include <stdio.h>
#include <string.h>

#include "plugins/cli/flags.h"
#include "plugins/common/json.h"

/* One kind of object: get NAME into VALUE. */
struct kind {
    const char *name;
    int (*get)(struct cli *cli, const char *name, bool size, const struct json_value **ret);
};

static int get_container(struct cli *cli, const char *name, bool size,
                         const struct json_value **ret)
{
    struct container_inspect_request request = {.id = name, .size = size};
    struct container_inspect_reply reply;
    int rc = container_inspect(cli->call, NULL, &request, &reply);
    if (rc == 0)
        *ret = output_value(cli, &container_inspect_reply_message, &reply);
    return rc;
}

static int get_image(struct cli *cli, const char *name, bool size, const struct json_value **ret)
{
    (void)size;
    const struct inspect_options *o = cli->options;
    struct image_ref request = {.name = name, .platform = o->platform};
    struct image_inspect_reply reply;
    int rc = image_inspect(cli->call, NULL, &request, &reply);
    if (rc == 0)
        *ret = output_value(cli, &image_inspect_reply_message, &reply);
    return rc;
}

static int get_network(struct cli *cli, const char *name, bool size, const struct json_value **ret)
{
    (void)size;
    const struct inspect_options *o = cli->options;
    struct network_ref request = {.id = name, .verbose = o->verbose};
    struct network reply;
    int rc = network_inspect(cli->call, NULL, &request, &reply);
    if (rc == 0)
        *ret = output_value(cli, &network_message, &reply);
    return rc;
}

static int get_volume(struct cli *cli, const char *name, bool size, const struct json_value **ret)
{
    (void)size;
    struct volume_ref request = {.name = name};
    struct volume reply;
    int rc = volume_inspect(cli->call, NULL, &request, &reply);
    if (rc == 0)
        *ret = output_value(cli, &volume_message, &reply);
    return rc;
}

static const struct kind kinds[] = {{"container", get_container},
                                    {"image", get_image},
                                    {"network", get_network},
                                    {"volume", get_volume}};

/* NAME as the first kind that has it. */
static int get_any(struct cli *cli, const char *name, bool size, const struct json_value **ret)
{
    const struct inspect_options *o = cli->options;
    for (size_t i = 0; i < HULL_COUNT(kinds); i++) {
        if (o->type != NULL && o->type[0] != '\0' && strcmp(o->type, kinds[i].name) != 0)
            continue;
        int rc = kinds[i].get(cli, name, size, ret);
        bool typed = o->type != NULL && o->type[0] != '\0';
        if (rc != -HULL_NOT_FOUND && !(i > 0 && rc == -HULL_INVALID && !typed))
            return rc;
        if (typed)
            return rc;
    }
    return hull_fail(cli->call, HULL_IO, "Error: No such object: %s", name);
}

static int print_all(const struct json_value *items, size_t count, unsigned indent)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text out = HULL_TEXT(arena);
    struct json_value list = {
        .type = JSON_LIST, .count = count, .items = (struct json_value *)items};
    json_write(&out, &list, indent);
    json_show_html(&out);
    output_text(out.data, out.length);
    putchar('\n');
    return 0;
}

static int inspect(struct cli *cli,
                   int (*get)(struct cli *, const char *, bool, const struct json_value **))
{
    const struct inspect_options *o = cli->options;
    struct {
        size_t n;
        struct json_value *v;
    } found = {};
    struct hull_strv errors = {};
    int status = 0;
    for (size_t i = 0; i < cli->argc; i++) {
        const struct json_value *value;
        int rc = get(cli, cli->argv[i], o->size, &value);
        if (rc < 0)
            hull_strv_add(cli->arena, &errors, cli_error_text(cli, rc));
        else
            *HULL_LIST_ADD(cli->arena, &found) = *value;
    }
    bool plain = hull_streq(o->format, ""), json = hull_streq(o->format, "json");
    if (plain || json)
        print_all(found.v, found.n, plain ? 4 : 0);
    for (size_t i = 0; !plain && !json && i < found.n && status == 0; i++)
        status = output_template(cli, o->format, &found.v[i]);
    if (!plain && !json && found.n == 0)
        printf("\n");
    for (size_t i = 0; i < errors.n; i++)
        status = cli_complain(cli, "%s", errors.v[i]);
    return status;
}

int cmd_container_inspect(struct cli *cli)
{
    return inspect(cli, get_container);
}

int cmd_image_inspect(struct cli *cli)
{
    struct inspect_options *o = cli->options;
    if (!cli_platform(cli, &o->platform))
        return cli_complain(cli, "%s", cli->problem);
    return inspect(cli, get_image);
}

int cmd_network_inspect(struct cli *cli)
{
    return inspect(cli, get_network);
}

int cmd_volume_inspect(struct cli *cli)
{
    return inspect(cli, get_volume);
}

int cmd_inspect(struct cli *cli)
{
    const struct inspect_options *o = cli->options;
    bool known = o->type == NULL || o->type[0] == '\0';
    for (size_t i = 0; i < HULL_COUNT(kinds) && !known; i++)
        known = strcmp(o->type, kinds[i].name) == 0;
    if (!known)
        return cli_complain(cli,
                            "unknown type: \"%s\": must be one of \"container\", \"image\", "
                            "\"network\", \"volume\"",
                            o->type);
    return inspect(cli, get_any);
}
