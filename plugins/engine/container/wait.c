/*
 * wait.c: waiting for a container to stop, to exit once more, or to be removed.
 */
#include "timed.h"

#include <string.h>

struct condition {
    const struct ct *ct;
    uint64_t exits;
};

static bool is_down(const void *arg)
{
    const struct ct *ct = ((const struct condition *)arg)->ct;

    return !ct_is_running(ct) && ct->state != CT_RESTARTING;
}

/* A removal ends all waits: there will be no further exit. */
static bool exited_again(const void *arg)
{
    const struct condition *condition = arg;

    return condition->ct->exits != condition->exits || condition->ct->state == CT_GONE;
}

static bool is_gone(const void *arg)
{
    return ((const struct condition *)arg)->ct->state == CT_GONE;
}

static const struct {
    const char *name;
    bool (*done)(const void *arg);
} conditions[] = {
    {"", is_down},
    {"not-running", is_down},
    {"next-exit", exited_again},
    {"removed", is_gone},
};

int ct_handle_wait(struct hull_call *call, const struct container_wait_request *request,
                   struct container_wait_reply *ret)
{
    struct condition condition;
    struct ct *ct;
    size_t at = 0;
    int rc;

    while (at < HULL_COUNT(conditions) && !hull_streq(request->condition, conditions[at].name))
        at++;
    if (at == HULL_COUNT(conditions))
        return hull_fail(call, HULL_INVALID, "invalid condition: \"%s\"", request->condition);
    rc = ct_find(call, request->id, &ct);
    if (rc < 0)
        return rc;
    condition = (struct condition){ct, ct->exits};
    rc = hull_ready(call);
    if (rc == 0)
        rc = ct_wait_changed(call, ct, conditions[at].done, &condition, -1);
    if (rc < 0)
        return rc;
    ret->status_code = ct->doc.exit_code;
    return 0;
}
