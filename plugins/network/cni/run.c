/* Lists of plugins: ADD, CHECK, STATUS and GC in order, DEL in reverse. */
#include "cni.h"

#include <string.h>

static int run(struct hull_call *call, const struct cni_attachment *a, size_t index,
               const char *command, const char *previous, const char **ret_output)
{
    struct cni_run one = {
        .type = a->conf->plugins[index].type,
        .command = command,
        .container_id = a->container_id,
        .netns = a->netns,
        .ifname = a->ifname,
        .input = cni_conf_input(hull_call_arena(call), a->conf, index,
                                &(struct cni_given){.offers = a->offers, .previous = previous})};
    return cni_exec(call, &one, ret_output);
}

int cni_add(struct hull_call *call, struct cni_attachment *a)
{
    const char *previous = NULL;
    for (size_t i = 0; i < a->conf->count; i++) {
        struct cni_result result;
        struct hull_problem problem;
        const char *output;
        int rc = run(call, a, i, "ADD", previous, &output);
        if (rc < 0)
            return rc;
        if (cni_result_parse(hull_call_arena(call), output, strlen(output), a->ifname, &result,
                             &problem) < 0)
            return hull_fail(call, HULL_IO, "cni plugin \"%s\": ADD: its result makes no sense: %s",
                             a->conf->plugins[i].type, problem.text);
        previous = output;
    }
    a->result = previous;
    return 0;
}

int cni_check(struct hull_call *call, const struct cni_attachment *a)
{
    const char *output;
    int rc = 0;
    if (!cni_conf_checks(a->conf) || a->conf->disable_check)
        return 0;
    for (size_t i = 0; rc == 0 && i < a->conf->count; i++)
        rc = run(call, a, i, "CHECK", a->result, &output);
    return rc;
}

/* Where all plugins are asked, whatever one says: the first failure. */
struct first {
    int rc;
    const char *error;
};

/* Take note of RC; true when there is no time to ask the others. */
static bool note(struct hull_call *call, struct first *first, int rc)
{
    bool over = rc == -HULL_CANCELED || rc == -HULL_TIMEOUT;
    if (over || (rc < 0 && first->rc == 0))
        *first = (struct first){rc, hull_strdup(call, hull_error(call))};
    return over;
}

static int tell(struct hull_call *call, const struct first *first)
{
    return first->rc < 0 ? hull_fail(call, (enum hull_kind) - first->rc, "%s", first->error) : 0;
}

int cni_del(struct hull_call *call, const struct cni_attachment *a)
{
    const char *previous = cni_conf_checks(a->conf) ? a->result : NULL;
    struct first first = {.rc = 0};
    for (size_t i = a->conf->count; i > 0; i--) {
        const char *output;
        if (note(call, &first, run(call, a, i - 1, "DEL", previous, &output)))
            break;
    }
    return tell(call, &first);
}

/* A command that is of a whole network, to plugin INDEX. */
static int run_network(struct hull_call *call, const struct cni_conf *conf, size_t index,
                       const char *command, const char *attachments)
{
    const char *output;
    struct cni_run one = {.type = conf->plugins[index].type,
                          .command = command,
                          .input = cni_conf_input(hull_call_arena(call), conf, index,
                                                  &(struct cni_given){.attachments = attachments})};
    return cni_exec(call, &one, &output);
}

int cni_status(struct hull_call *call, const struct cni_conf *conf)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && cni_conf_collects(conf) && i < conf->count; i++)
        rc = run_network(call, conf, i, "STATUS", NULL);
    return rc;
}

int cni_gc(struct hull_call *call, const struct cni_conf *conf, const char *attachments)
{
    struct first first = {.rc = 0};
    if (!cni_conf_collects(conf) || conf->disable_gc)
        return 0;
    for (size_t i = 0; i < conf->count; i++) {
        if (note(call, &first, run_network(call, conf, i, "GC", attachments)))
            break;
    }
    return tell(call, &first);
}
