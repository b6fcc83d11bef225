#include "plugins/common/volume_uses.h"

#include <ctype.h>
#include <string.h>

#include "api/state.h"

int volume_use_check(struct hull_call *call, const char *id)
{
    const char *at = id == NULL ? "" : id;

    while (isalnum((unsigned char)*at) || (*at != '\0' && strchr("._-", *at) != NULL))
        at++;
    if (hull_streq(id, NULL) || *at != '\0')
        return hull_fail(call, HULL_INVALID, "mount id \"%s\": letters and digits are expected",
                         id == NULL ? "" : id);
    return 0;
}

static const char *key_of(struct hull_call *call, const char *name, const char *id)
{
    return hull_printf(call, "%s/%s", name, id);
}

int volume_use_add(struct hull_call *call, const char *bucket, const char *name, const char *id)
{
    int rc = volume_use_check(call, id);

    return rc < 0 ? rc : state_put(call, NULL, bucket, key_of(call, name, id), "{}", false);
}

int volume_use_drop(struct hull_call *call, const char *bucket, const char *name, const char *id)
{
    return state_put(call, NULL, bucket, key_of(call, name, id), NULL, false);
}

/* --- all of a volume -------------------------------------------------------------------------- */

struct keys {
    struct hull_arena *arena;
    struct hull_strv found;
};

static int take(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct keys *keys = ctx;

    (void)call;
    hull_strv_add(keys->arena, &keys->found, hull_arena_strdup(keys->arena, document->key));
    return 0;
}

static int list(struct hull_call *call, const char *bucket, const char *name,
                struct hull_strv *ret_keys)
{
    struct keys keys = {.arena = hull_call_arena(call)};
    const struct state_key prefix = {.bucket = bucket, .key = key_of(call, name, "")};
    const struct hull_sink sink = {.reply = take, .ctx = &keys};
    struct state_document last;

    int rc = hull_send_many(call, NULL, &state_list_method, &prefix, &last, &sink);
    *ret_keys = keys.found;
    return rc;
}

int volume_use_find(struct hull_call *call, const char *bucket, const char *name, const char *id,
                    bool *ret_this, bool *ret_others)
{
    struct hull_strv keys = {0};

    *ret_this = false;
    int rc = volume_use_check(call, id);
    if (rc == 0)
        rc = list(call, bucket, name, &keys);
    if (rc == 0)
        *ret_this = hull_strv_contains(&keys, key_of(call, name, id));
    *ret_others = keys.n > (*ret_this ? 1 : 0);
    return rc;
}

int volume_use_drop_all(struct hull_call *call, const char *bucket, const char *name)
{
    struct state_commit_request request = {.sync = false};
    struct state_commit_reply reply;
    struct hull_strv keys;

    int rc = list(call, bucket, name, &keys);
    if (rc < 0 || keys.n == 0)
        return rc;
    for (size_t i = 0; i < keys.n; i++)
        *HULL_LIST_ADD(hull_call_arena(call), &request.operations) =
            (struct state_document){.bucket = bucket, .key = keys.v[i]};
    return state_commit(call, NULL, &request, &reply);
}
