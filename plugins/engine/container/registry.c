/*
 * registry.c: the containers that exist: sorted by id (a prefix is found by bisection), sorted by
 * name, and in the order of their creation.
 */
#include "ct.h"

#include "ids.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct list {
    size_t n, room;
    struct ct **v;
};

static struct {
    struct list by_id, by_name, by_age;
} registry;

struct ct *ct_new(void)
{
    struct hull_arena *arena = hull_arena_new();
    struct ct *ct = calloc(1, sizeof(*ct));

    HULL_ASSERT(ct);
    ct->magic = CT_MAGIC;
    ct->refs = 1;
    ct->arena = arena;
    ct->run_arena = hull_arena_new();
    ct->ended_fd = -1;
    return ct;
}

struct ct *ct_ref(struct ct *ct)
{
    HULL_ASSERT(ct->magic == CT_MAGIC);
    ct->refs++;
    return ct;
}

void ct_unref(struct ct *ct)
{
    if (!ct)
        return;
    HULL_ASSERT(ct->magic == CT_MAGIC && ct->refs > 0);
    if (--ct->refs > 0)
        return;
    if (ct->ended_fd >= 0)
        close(ct->ended_fd);
    hull_arena_free(ct->health_arena);
    hull_arena_free(ct->net_arena);
    hull_arena_free(ct->run_arena);
    hull_arena_free(ct->arena);
    ct->magic = 0;
    free(ct);
}

void ct_unref_cleanup(struct hull_call *call, void *ct)
{
    (void)call;
    ct_unref(ct);
}

/* The first place in LIST whose key is not below KEY. */
static size_t place(const struct list *list, bool by_name, const char *key)
{
    size_t low = 0, high = list->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ct_doc *doc = &list->v[middle]->doc;

        if (strcmp(by_name ? doc->name : doc->id, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct list *list, size_t at, struct ct *ct)
{
    if (list->n == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->v = reallocarray(list->v, list->room, sizeof(*list->v));
        HULL_ASSERT(list->v);
    }
    memmove(list->v + at + 1, list->v + at, (list->n - at) * sizeof(*list->v));
    list->v[at] = ct;
    list->n++;
}

static void take_out(struct list *list, struct ct *ct)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->v[i] == ct) {
            memmove(list->v + i, list->v + i + 1, (list->n - i - 1) * sizeof(*list->v));
            list->n--;
            return;
        }
    }
}

static struct ct *named(const char *name)
{
    size_t at = place(&registry.by_name, true, name);

    if (at < registry.by_name.n && strcmp(registry.by_name.v[at]->doc.name, name) == 0)
        return registry.by_name.v[at];
    return NULL;
}

bool ct_name_taken(const char *name)
{
    return named(name) != NULL;
}

static int check_name(struct hull_call *call, const char *name)
{
    const struct ct *other = named(name);

    if (!other)
        return 0;
    return hull_fail(call, HULL_CONFLICT,
                     "Conflict. The container name \"/%s\" is already in use by container \"%s\". "
                     "You have to remove (or rename) that container to be able to reuse that name.",
                     name, other->doc.id);
}

int ct_register(struct hull_call *call, struct ct *ct)
{
    int rc = check_name(call, ct->doc.name);
    size_t age = registry.by_age.n;

    if (rc < 0)
        return rc;
    ct_ref(ct);
    insert(&registry.by_id, place(&registry.by_id, false, ct->doc.id), ct);
    insert(&registry.by_name, place(&registry.by_name, true, ct->doc.name), ct);
    while (age > 0 && registry.by_age.v[age - 1]->doc.created_ns > ct->doc.created_ns)
        age--;
    insert(&registry.by_age, age, ct);
    return 0;
}

void ct_unregister(struct ct *ct)
{
    take_out(&registry.by_id, ct);
    take_out(&registry.by_name, ct);
    take_out(&registry.by_age, ct);
    ct_set_state(ct, CT_GONE);
    ct_unref(ct);
}

int ct_reregister(struct hull_call *call, struct ct *ct, const char *name)
{
    int rc = check_name(call, name);

    if (rc < 0)
        return rc;
    take_out(&registry.by_name, ct);
    ct->doc.name = name;
    insert(&registry.by_name, place(&registry.by_name, true, name), ct);
    return 0;
}

/* The one whose id begins with PREFIX; *ret_count says how many there are, two at most. */
static struct ct *prefixed(const char *prefix, size_t *ret_count)
{
    size_t at = place(&registry.by_id, false, prefix), length = strlen(prefix), count = 0;
    struct ct *found = NULL;

    for (; at < registry.by_id.n && count < 2; at++) {
        if (strncmp(registry.by_id.v[at]->doc.id, prefix, length) != 0)
            break;
        if (registry.by_id.v[at]->state == CT_CREATING)
            continue;
        found = registry.by_id.v[at];
        count++;
    }
    *ret_count = count;
    return found;
}

int ct_find(struct hull_call *call, const char *ref, struct ct **ret)
{
    struct ct *ct = NULL;
    size_t count = 0;

    ref = ref ? ref : "";
    if (id_valid(ref))
        ct = prefixed(ref, &count);
    if (!ct)
        ct = named(ref[0] == '/' ? ref + 1 : ref);
    if (ct && ct->state == CT_CREATING)
        ct = NULL;
    if (!ct && id_prefix_valid(ref))
        ct = prefixed(ref, &count);
    if (count > 1)
        return hull_fail(call, HULL_INVALID,
                         "multiple IDs found with provided prefix: %s; give more of its characters",
                         ref);
    if (!ct)
        return hull_fail(call, HULL_NOT_FOUND, "No such container: %s", ref);
    hull_defer(call, ct_unref_cleanup, ct_ref(ct));
    *ret = ct;
    return 0;
}

int ct_find_locked(struct hull_call *call, const char *ref, struct ct **ret)
{
    int rc = ct_find(call, ref, ret);

    if (rc < 0)
        return rc;
    rc = hull_lock(call, &(*ret)->lock);
    if (rc < 0)
        return rc;
    hull_defer(call, hull_unlock_cleanup, &(*ret)->lock);
    if ((*ret)->state == CT_GONE)
        return hull_fail(call, HULL_NOT_FOUND, "No such container: %s", ref);
    return ct_see(call, *ret);
}

/* A shares the network of B, which shares that of C: not longer than anybody would do it, for names
 * may be given to others later. */
#define SHARING_MAX 32

const char *ct_files_dir(struct hull_call *call, const struct ct *ct)
{
    const struct ct *owner = ct;
    const char *name;

    for (int i = 0; (name = ct_mode_other(owner->doc.host_config.network_mode)) != NULL; i++) {
        struct ct *other;

        if (i == SHARING_MAX || owner->doc.started_ns == TIME_NEVER)
            return NULL;
        if (ct_find(call, name, &other) < 0) {
            hull_error_clear(call);
            return NULL;
        }
        owner = other;
    }
    return ct_dir(hull_call_arena(call), owner->doc.id);
}

size_t ct_all(struct ct *const **ret)
{
    *ret = registry.by_age.v;
    return registry.by_age.n;
}

void ct_registry_done(void)
{
    while (registry.by_age.n > 0)
        ct_unregister(registry.by_age.v[registry.by_age.n - 1]);
    free(registry.by_id.v);
    free(registry.by_name.v);
    free(registry.by_age.v);
    memset(&registry, 0, sizeof(registry));
}
