/*
 * userns.c: ranges of ids of the host for containers with a user namespace.
 *
 * A range is 65536 ids of a pool: those that /etc/subuid and /etc/subgid give to the user of
 * userns-remap, else to the user "hull", else a part of the numbers that no user of the host has.
 * What is taken is what the documents of containers say, so that a reservation is as durable as its
 * container. The files of a container have its own ids on the disk and are shown by the range: it
 * matters only while the container runs.
 */
#include "userns.h"

#include "api/config.h"
#include "hash.h"
#include "idmap.h"
#include "subids.h"

#include <string.h>

#define RANGE_SIZE 65536u
/* Numbers that no other program gives to users: systemd's containers end below, its foreign ids
 * begin above. */
#define POOL_FIRST 0x70000000u
#define POOL_COUNT (0x7ffe0000u - POOL_FIRST)
#define POOL_USER "hull"

/* --- who has one ------------------------------------------------------------------------------ */

bool userns_wanted(const struct host_config *host)
{
    const char *remap = daemon_config()->userns_remap;

    if (hull_streq(host->userns_mode, "host"))
        return false;
    return hull_streq(host->userns_mode, "auto") || (remap && *remap != '\0');
}

int userns_check(struct hull_call *call, const struct host_config *host)
{
    const char *mode = host->userns_mode ? host->userns_mode : "";

    if (*mode != '\0' && strcmp(mode, "host") != 0 && strcmp(mode, "auto") != 0)
        return hull_fail(call, HULL_INVALID, "invalid user namespace mode: %s", mode);
    if (!userns_wanted(host))
        return 0;
    if (host->privileged)
        return hull_fail(call, HULL_INVALID,
                         "privileged mode is incompatible with user namespaces. You must run the "
                         "container in the host namespace when running privileged mode");
    if (hull_streq(host->network_mode, "host"))
        return hull_fail(call, HULL_INVALID,
                         "cannot share the host's network namespace when user namespaces are "
                         "enabled");
    if (hull_streq(host->pid_mode, "host"))
        return hull_fail(call, HULL_INVALID,
                         "cannot share the host PID namespace when user namespaces are enabled");
    return 0;
}

/* --- the pool --------------------------------------------------------------------------------- */

struct pool {
    const char *user; /* whose ranges these are, or NULL */
    struct subid_list uids, gids;
    struct subid_list others; /* what a pool of nobody's has to keep off */
    bool shared;              /* it is but one range: as docker has it, for all */
};

static int read_ranges(struct hull_call *call, const char *user, struct pool *ret)
{
    struct hull_arena *arena = hull_call_arena(call);
    struct hull_problem problem;
    int rc = subids_read(arena, "/etc/subuid", user, &ret->uids, &problem);

    if (rc == 0)
        rc = subids_read(arena, "/etc/subgid", user, &ret->gids, &problem);
    return rc < 0 ? hull_fail_problem(call, &problem) : 0;
}

/* Nobody's numbers, but not those that somebody was given. */
static int own_pool(struct hull_call *call, struct pool *ret)
{
    static struct subid_range whole = {POOL_FIRST, POOL_COUNT};
    struct pool all = {0};
    int rc = read_ranges(call, NULL, &all);

    for (size_t i = 0; rc == 0 && i < all.gids.n; i++)
        *HULL_LIST_ADD(hull_call_arena(call), &all.uids) = all.gids.v[i];
    *ret = (struct pool){.uids = {1, &whole}, .gids = {1, &whole}, .others = all.uids};
    return rc;
}

static size_t slices(const struct subid_list *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->n; i++)
        count += list->v[i].count < RANGE_SIZE ? 1 : list->v[i].count / RANGE_SIZE;
    return count;
}

static int find_pool(struct hull_call *call, struct pool *ret)
{
    const char *user = subids_user(hull_call_arena(call), daemon_config()->userns_remap);
    int rc;

    *ret = (struct pool){.user = user ? user : POOL_USER};
    rc = read_ranges(call, ret->user, ret);
    if (rc < 0)
        return rc;
    if (ret->uids.n > 0 && ret->gids.n > 0) {
        ret->shared = slices(&ret->uids) == 1 || slices(&ret->gids) == 1;
        return 0;
    }
    if (user)
        return hull_fail(
            call, HULL_INVALID, "userns-remap: no %s ranges found for user \"%s\" in /etc/%s",
            ret->uids.n == 0 ? "subuid" : "subgid", user, ret->uids.n == 0 ? "subuid" : "subgid");
    return own_pool(call, ret);
}

/* --- what is free ----------------------------------------------------------------------------- */

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* The N-th range of LIST. */
static bool nth(const struct subid_list *list, size_t n, struct subid_range *ret)
{
    for (size_t i = 0; i < list->n; i++) {
        size_t count = list->v[i].count < RANGE_SIZE ? 1 : list->v[i].count / RANGE_SIZE;

        if (n < count) {
            *ret = (struct subid_range){list->v[i].first + (uint32_t)n * RANGE_SIZE, RANGE_SIZE};
            if (list->v[i].count < RANGE_SIZE)
                ret->count = list->v[i].count;
            return true;
        }
        n -= count;
    }
    return false;
}

static bool is_taken(const struct ct_userns *range)
{
    struct ct *const *all;
    size_t count = ct_all(&all);

    for (size_t i = 0; i < count; i++) {
        const struct ct_userns *other = all[i]->doc.userns;

        if (other && (overlap((uint32_t)range->uid, (uint32_t)range->size, (uint32_t)other->uid,
                              (uint32_t)other->size) ||
                      overlap((uint32_t)range->gid, (uint32_t)range->size, (uint32_t)other->gid,
                              (uint32_t)other->size)))
            return true;
    }
    return false;
}

static bool is_others(const struct pool *pool, const struct subid_range *range)
{
    for (size_t i = 0; i < pool->others.n; i++)
        if (overlap(range->first, range->count, pool->others.v[i].first, pool->others.v[i].count))
            return true;
    return false;
}

/* Several daemons on a host do not know of each other's: each begins somewhere else. */
static size_t first_try(const struct pool *pool, const char *id, size_t count)
{
    return pool->user == NULL ? hash_bytes(id, strlen(id)) % count : 0;
}

static int choose(struct hull_call *call, const struct pool *pool, const char *id, bool shared,
                  struct ct_userns *ret)
{
    size_t count = slices(&pool->uids), groups = slices(&pool->gids);

    count = groups < count ? groups : count;
    for (size_t i = 0, start = first_try(pool, id, count); i < count; i++) {
        struct subid_range uid, gid;
        size_t n = (start + i) % count;

        if (!nth(&pool->uids, n, &uid) || !nth(&pool->gids, n, &gid) || is_others(pool, &uid))
            continue;
        *ret =
            (struct ct_userns){uid.first, gid.first, uid.count < gid.count ? uid.count : gid.count};
        if (shared || !is_taken(ret))
            return 0;
    }
    return hull_fail(call, HULL_CONFLICT,
                     "no range of ids is free for another user namespace: %zu of 65536 ids each "
                     "are there%s%s; remove containers, or give more in /etc/subuid and "
                     "/etc/subgid",
                     count, pool->user ? " for user " : "", pool->user ? pool->user : "");
}

int userns_reserve(struct hull_call *call, struct ct *ct, const struct host_config *host,
                   struct ct_doc *doc)
{
    struct pool pool;
    struct ct_userns range;
    int rc = userns_wanted(host) ? find_pool(call, &pool) : 0;

    if (rc < 0 || !userns_wanted(host))
        return rc;
    rc =
        choose(call, &pool, doc->id, pool.shared && !hull_streq(host->userns_mode, "auto"), &range);
    if (rc < 0)
        return rc;
    /* Taken from now on, though nothing is written yet. */
    ct->doc.userns = HULL_NEW(ct->arena, struct ct_userns);
    *ct->doc.userns = range;
    doc->userns = ct->doc.userns;
    return 0;
}

/* --- a start ---------------------------------------------------------------------------------- */

/* What needs the host's own rights stays in its user namespace, and so does who asks for it. */
static bool may_share(const struct host_config *host)
{
    return !hull_streq(host->userns_mode, "host") && !host->privileged &&
           !hull_streq(host->network_mode, "host") && !hull_streq(host->pid_mode, "host");
}

/* The first two of a list that have different ranges can't both be shared. */
static int check_same(struct hull_call *call, const struct ct *ct, const struct ct *one,
                      const struct ct *other)
{
    if (!one || !other->doc.userns || one->doc.userns->uid == other->doc.userns->uid)
        return 0;
    return hull_fail(call, HULL_CONFLICT,
                     "container %s can't share namespaces of both %s and %s: each of these has a "
                     "user namespace of its own",
                     ct->doc.name, one->doc.name, other->doc.name);
}

/*
 * The container whose user namespace CT shares, or NULL. A process namespace can be shown from its
 * own user namespace only; with the others it is a matter of who may change what.
 */
static int find_sharer(struct hull_call *call, const struct ct *ct, struct ct **ret)
{
    const struct host_config *host = &ct->doc.host_config;
    const char *modes[] = {host->pid_mode, host->network_mode, host->ipc_mode};

    *ret = NULL;
    for (size_t i = 0; i < HULL_COUNT(modes) && may_share(host); i++) {
        const char *name = ct_mode_other(modes[i]);
        struct ct *other;
        int rc = name ? ct_find(call, name, &other) : 0;

        if (rc == 0 && name)
            rc = check_same(call, ct, *ret, other);
        if (rc < 0)
            return rc;
        if (name && i == 0 && !other->doc.userns && ct->doc.userns)
            return hull_fail(call, HULL_CONFLICT,
                             "HostConfig.PidMode=%s: that container has no user namespace, and one "
                             "that has can't share its processes; use --userns host for both",
                             host->pid_mode);
        if (name && i == 0 && !other->doc.userns)
            return 0;
        if (name && other->doc.userns && !*ret)
            *ret = other;
    }
    return 0;
}

int userns_adopt(struct hull_call *call, struct ct *ct)
{
    struct ct *other;
    int rc = find_sharer(call, ct, &other);

    if (rc < 0 || !other)
        return rc;
    if (!ct->doc.userns)
        ct->doc.userns = HULL_NEW(ct->arena, struct ct_userns);
    *ct->doc.userns = *other->doc.userns;
    return 0;
}

int userns_join(struct hull_call *call, const struct ct *ct, const char **ret_path)
{
    struct ct *other;
    int rc = find_sharer(call, ct, &other);

    if (rc < 0 || !other)
        return rc;
    /* Its root and volumes are mounted already, with the range of before. */
    if (!ct->doc.userns || ct->doc.userns->uid != other->doc.userns->uid)
        return hull_fail(call, HULL_CONFLICT,
                         "container %s was replaced while %s was being started: start it again",
                         other->doc.name, ct->doc.name);
    return ct_process_path(call, other, "ns/user", ret_path);
}

struct opening {
    struct idmap map;
    int fd;
};

static int open_work(struct hull_work *work, void *arg)
{
    struct opening *opening = arg;

    opening->fd = idmap_userns(&opening->map);
    if (opening->fd >= 0)
        return 0;
    return hull_problem_set(&work->problem, hull_kind_of_errno(-opening->fd),
                            "user namespace: the kernel makes none: %s; see "
                            "/proc/sys/user/max_user_namespaces, or use --userns host",
                            strerror(-opening->fd));
}

static void close_it(struct hull_call *call, void *fd)
{
    (void)call;
    hull_fd_cleanup(fd);
}

int userns_open(struct hull_call *call, const struct ct_doc *doc, int *ret_fd)
{
    struct opening *opening = HULL_NEW(hull_call_arena(call), struct opening);

    *ret_fd = opening->fd = -1;
    if (!doc->userns)
        return 0;
    opening->map = (struct idmap){(uint32_t)doc->userns->uid, (uint32_t)doc->userns->gid,
                                  (uint32_t)doc->userns->size};
    hull_defer(call, close_it, &opening->fd);
    int rc = hull_work(call, open_work, opening);
    *ret_fd = rc < 0 ? -1 : opening->fd;
    return rc;
}

void userns_show(const struct ct_doc *doc, int userns_fd, struct storage_container *request)
{
    if (!doc->userns)
        return;
    request->userns_fd = userns_fd;
    request->uid = doc->userns->uid;
    request->gid = doc->userns->gid;
}
