/*
 * list.c: docker images: which images there are, filtered, newest first.
 */
#include "engine.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "filters.h"
#include "timefmt.h"

static const char *const allowed[] = {"before",    "dangling", "label", "label!",
                                      "reference", "since",    "until", NULL};

/* What the filters ask for, worked out once. */
struct question {
    const struct filters *filters;
    bool all;
    bool has_dangling, dangling;
    int64_t before_ns, since_ns; /* INT64_MAX, TIME_ZERO: not asked */
    const struct hull_strv *references;
    struct image_doc_list docs;
    bool counted;
    struct container_users_reply users;
};

int64_t img_created_ns(const struct image_doc *doc)
{
    int64_t ns;

    return doc->created && time_parse(doc->created, &ns) ? ns : TIME_ZERO;
}

/* The times of the images that "before" or "since" name, the latest or earliest of them. */
static int image_bound(struct hull_call *call, struct question *question, const char *key,
                       int64_t *bound, bool lowest)
{
    const struct hull_strv *values = filters_get(question->filters, key);

    for (size_t i = 0; values && i < values->n; i++) {
        struct image_doc doc;
        int64_t created;
        int rc = img_find(call, values->v[i], &doc);
        if (rc < 0)
            return rc;
        created = img_created_ns(&doc);
        if (lowest ? created < *bound : created > *bound)
            *bound = created;
    }
    return 0;
}

static int until_bound(struct hull_call *call, struct question *question)
{
    const struct hull_strv *values = filters_get(question->filters, "until");

    for (size_t i = 0; values && i < values->n; i++) {
        int64_t until;
        if (!time_parse_any(values->v[i], hull_time_ns(), &until))
            return hull_fail(call, HULL_INVALID, "invalid filter 'until=%s': not a time",
                             values->v[i]);
        if (until < question->before_ns)
            question->before_ns = until;
    }
    return 0;
}

static int prepare(struct hull_call *call, const struct image_list_request *request,
                   struct question *question)
{
    int rc;

    *question = (struct question){
        .filters = filters_of(request->filters),
        .all = request->all,
        .before_ns = INT64_MAX,
        .since_ns = TIME_ZERO,
    };
    rc = filters_check(call, question->filters, allowed);
    if (rc == 0)
        rc = filters_bool(call, question->filters, "dangling", &question->dangling);
    if (rc == 0)
        rc = image_bound(call, question, "before", &question->before_ns, true);
    if (rc == 0)
        rc = image_bound(call, question, "since", &question->since_ns, false);
    if (rc == 0)
        rc = until_bound(call, question);
    question->has_dangling = filters_get(question->filters, "dangling") != NULL;
    question->references = filters_get(question->filters, "reference");
    return rc < 0 ? rc : img_known(call, &question->docs);
}

bool img_has_children(const struct image_doc_list *all, const struct image_doc *doc)
{
    for (size_t i = 0; i < all->n; i++) {
        if (hull_streq(all->v[i].parent, doc->id))
            return true;
    }
    return false;
}

static bool asked_for(const struct question *question, const struct image_doc *doc)
{
    bool named = doc->names.n > 0;
    int64_t created = img_created_ns(doc);

    if (question->has_dangling && question->dangling == named)
        return false;
    if (question->before_ns != INT64_MAX && created >= question->before_ns)
        return false;
    if (question->since_ns != TIME_ZERO && created <= question->since_ns)
        return false;
    if (!filters_labels(question->filters, &doc->config.labels))
        return false;
    return named || question->all || !img_has_children(&question->docs, doc);
}

/* Docker matches the pattern against the name with and without its tag. */
static bool name_matches(const struct hull_strv *patterns, const char *name)
{
    const char *digest = strchr(name, '@');
    const char *colon = digest ? digest : strrchr(name, ':');
    size_t bare = colon && !strchr(colon, '/') ? (size_t)(colon - name) : strlen(name);
    char *without = strndup(name, bare);
    bool matches = false;

    HULL_ASSERT(without);
    for (size_t i = 0; !matches && i < patterns->n; i++)
        matches = fnmatch(patterns->v[i], name, FNM_PATHNAME) == 0 ||
                  fnmatch(patterns->v[i], without, FNM_PATHNAME) == 0;
    free(without);
    return matches;
}

static void keep_matching(const struct hull_strv *patterns, struct hull_strv *names)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->n; i++) {
        if (name_matches(patterns, names->v[i]))
            names->v[kept++] = names->v[i];
    }
    names->n = kept;
}

static int64_t shared_size(const struct question *question, const struct image_doc *doc)
{
    int64_t size = 0;

    for (size_t i = 0; i < doc->layers.n; i++) {
        bool shared = false;
        for (size_t j = 0; !shared && j < question->docs.n; j++) {
            const struct image_doc *other = &question->docs.v[j];
            shared = strcmp(other->id, doc->id) != 0 && i < other->layers.n &&
                     strcmp(other->layers.v[i].chain, doc->layers.v[i].chain) == 0;
        }
        if (!shared)
            break;
        size += doc->layers.v[i].size;
    }
    return size;
}

static int64_t count_users(const struct question *question, const char *id)
{
    int64_t count = 0;

    if (!question->counted)
        return -1;
    for (size_t i = 0; i < question->users.users.n; i++)
        count += hull_streq(question->users.users.v[i].image_id, id);
    return count;
}

static void add_summary(struct hull_call *call, const struct image_list_request *request,
                        const struct question *question, const struct image_doc *doc,
                        struct image_list_reply *reply)
{
    struct image_summary summary = {
        .id = doc->id,
        .parent_id = doc->parent ? doc->parent : "",
        .created = img_created_ns(doc) == TIME_ZERO ? 0 : img_created_ns(doc) / TIME_SECOND,
        .size = doc->size,
        .virtual_size = {true, doc->size},
        .shared_size = request->shared_size ? shared_size(question, doc) : -1,
        .labels = doc->config.labels,
        .containers = count_users(question, doc->id),
    };

    if (img_is_damaged(doc))
        hull_map_set(hull_call_arena(call), &summary.labels, IMAGE_DAMAGED_LABEL, "true");
    img_familiar(call, doc, true, &summary.repo_tags);
    img_familiar(call, doc, false, &summary.repo_digests);
    if (question->references) {
        keep_matching(question->references, &summary.repo_tags);
        keep_matching(question->references, &summary.repo_digests);
        if (!summary.repo_tags.n && !summary.repo_digests.n)
            return;
    }
    *HULL_LIST_ADD(hull_call_arena(call), &reply->images) = summary;
}

static int newest_first(const void *a, const void *b)
{
    const struct image_summary *left = a, *right = b;

    if (left->created != right->created)
        return left->created < right->created ? 1 : -1;
    return strcmp(left->id, right->id);
}

/* Who uses which image; an engine without containers has nobody. */
int img_users(struct hull_call *call, const char *id, struct container_users_reply *ret)
{
    struct container_users_request request = {.image_id = id};

    *ret = (struct container_users_reply){0};
    return hull_plugin_exists("container") ? container_users(call, NULL, &request, ret) : 0;
}

int img_list(struct hull_call *call, const struct image_list_request *request,
             struct image_list_reply *ret_reply)
{
    struct question question;
    int rc = prepare(call, request, &question);

    if (rc == 0)
        rc = img_users(call, NULL, &question.users);
    if (rc < 0)
        return rc;
    question.counted = true;
    for (size_t i = 0; i < question.docs.n; i++) {
        if (asked_for(&question, &question.docs.v[i]))
            add_summary(call, request, &question, &question.docs.v[i], ret_reply);
    }
    if (ret_reply->images.n)
        qsort(ret_reply->images.v, ret_reply->images.n, sizeof(*ret_reply->images.v), newest_first);
    return 0;
}
