/*
 * prune.c: docker image prune: images without a name, or with dangling=false all that no
 * container uses.
 */
#include "remove.h"

#include <string.h>

#include "events.h"
#include "filters.h"
#include "timefmt.h"

static const char *const allowed[] = {"dangling", "label", "label!", "until", NULL};

struct pruning {
    struct removal removal;
    const struct filters *filters;
    bool dangling;
    int64_t until_ns;
    struct container_users_reply users;
};

static int parse_until(struct hull_call *call, struct pruning *pruning)
{
    const struct hull_strv *values = filters_get(pruning->filters, "until");

    pruning->until_ns = INT64_MAX;
    if (!values)
        return 0;
    if (values->n > 1)
        return hull_fail(call, HULL_INVALID, "more than one until filter specified");
    if (!time_parse_any(values->v[0], hull_time_ns(), &pruning->until_ns))
        return hull_fail(call, HULL_INVALID, "invalid filter 'until=%s': not a time", values->v[0]);
    return 0;
}

static bool is_used(const struct pruning *pruning, const char *id)
{
    for (size_t i = 0; i < pruning->users.users.n; i++) {
        if (hull_streq(pruning->users.users.v[i].image_id, id))
            return true;
    }
    return false;
}

static bool may_go(const struct pruning *pruning, const struct image_doc *doc,
                   const struct image_doc_list *all)
{
    /* A damaged one goes when somebody says so. */
    if (img_is_damaged(doc) || (pruning->dangling && doc->names.n))
        return false;
    if (img_has_children(all, doc) || is_used(pruning, doc->id))
        return false;
    return img_created_ns(doc) < pruning->until_ns &&
           filters_labels(pruning->filters, &doc->config.labels);
}

static int prune_all(struct pruning *pruning)
{
    struct image_doc_list all;
    int rc = img_all(pruning->removal.call, NULL, &all);

    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        if (may_go(pruning, &all.v[i], &all))
            rc = removal_delete(&pruning->removal, &all.v[i], true);
    }
    return rc;
}

static int prepare(struct hull_call *call, struct pruning *pruning)
{
    int rc = filters_check(call, pruning->filters, allowed);

    if (rc == 0)
        rc = filters_bool(call, pruning->filters, "dangling", &pruning->dangling);
    return rc < 0 ? rc : parse_until(call, pruning);
}

int img_prune(struct hull_call *call, const struct prune_request *request,
              struct image_prune_reply *ret_reply)
{
    struct pruning pruning = {
        .removal = {.call = call,
                    .force = true, /* several names are no reason to keep it */
                    .prune = true,
                    .change = {.call = call}},
        .filters = filters_of(request->filters),
        .dangling = true,
    };
    int rc = prepare(call, &pruning);

    if (rc == 0)
        rc = hull_lock(call, &img_lock);
    if (rc < 0)
        return rc;
    rc = img_users(call, NULL, &pruning.users);
    if (rc == 0)
        rc = prune_all(&pruning);
    rc = removal_finish(&pruning.removal, rc);
    if (rc < 0)
        return rc;
    ret_reply->images_deleted.n = pruning.removal.list.n;
    ret_reply->images_deleted.v = pruning.removal.list.v;
    ret_reply->space_reclaimed = pruning.removal.space;
    event_publish(call, "image", "prune", "", "reclaimed",
                  hull_printf(call, "%lld", (long long)pruning.removal.space), NULL);
    return 0;
}
