/*
 * tag.c: docker tag.
 */
#include "engine.h"

#include <string.h>

/* The new name, from repository and tag. */
static int new_name(struct hull_call *call, const struct image_tag_request *request,
                    struct reference *ret)
{
    struct hull_problem problem = {0};

    if (reference_parse(hull_call_arena(call), request->repo ? request->repo : "", ret, &problem) <
        0)
        return hull_fail_problem(call, &problem);
    if (ret->digest)
        return hull_fail(call, HULL_INVALID, "refusing to create a tag with a digest reference");
    if (request->tag && *request->tag) {
        if (!reference_tag_valid(request->tag))
            return hull_fail(call, HULL_INVALID, "invalid tag format");
        ret->tag = request->tag;
    }
    reference_default_tag(ret);
    return 0;
}

static int give_name(struct hull_call *call, const char *image, const char *name,
                     struct image_doc *ret)
{
    struct img_change change = {.call = call};
    struct image_doc loser;
    bool lost;
    int rc = hull_lock(call, &img_lock);

    if (rc < 0)
        return rc;
    rc = img_find(call, image, ret);
    if (rc == 0)
        rc = img_add_name(&change, ret, name, &loser, &lost);
    if (rc == 0)
        rc = img_commit(&change);
    hull_unlock(&img_lock);
    return rc;
}

int img_tag(struct hull_call *call, const struct image_tag_request *request,
            struct hull_empty *ret_reply)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct reference reference;
    struct image_doc doc;
    int rc = new_name(call, request, &reference);

    (void)ret_reply;
    if (rc == 0)
        rc = give_name(call, request->name, reference_string(arena, &reference), &doc);
    if (rc == 0)
        img_event(call, "tag", &doc, reference_familiar(arena, &reference));
    return rc;
}
