/*
 * owed.c: what a plugin has to be told, and did not listen to.
 *
 * What ends does so without its plugin: a release or a deletion that the plugin did not hear is
 * written down, in one step with what it ends. It is told of all that, in order, before it is asked
 * for anything new, and when the daemon starts. What it gives again by itself, for it has forgotten
 * who had it, is not owed any more: else it would be told to release what somebody has.
 */
#include "remote.h"

#include "json.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

#define RMT_DEBT_FIELDS(F, T)                          \
    F(T, STRING, _, driver, "Driver", 0, "The plugin") \
    F(T, STRING, _, method, "Method", 0, "")           \
    F(T, STRING, _, pool_id, "PoolID", HULL_OMIT, "")  \
    F(T, STRING, _, address, "Address", HULL_OMIT, "") \
    F(T, STRING, _, network_id, "NetworkID", HULL_OMIT, "")
HULL_MESSAGE_DECLARE(rmt_debt, RMT_DEBT_FIELDS)
HULL_MESSAGE_DEFINE(rmt_debt, RMT_DEBT_FIELDS)

/* --- writing down ----------------------------------------------------------------------------- */

/* What is not found is the plugin, or the method in one that listens. */
bool rmt_is_silent(struct hull_call *call, const char *driver, int rc)
{
    if (rc == -HULL_NOT_FOUND)
        return !rmt_exists(call, driver);
    return rc == -HULL_IO || rc == -HULL_CANCELED || rc == -HULL_TIMEOUT;
}

/* In the order of time: keys are sorted. */
static const char *new_key(struct hull_call *call, const char *driver)
{
    static int64_t last;
    int64_t now = hull_time_ns();
    last = now > last ? now : last + 1;
    return hull_printf(call, "%s/%020lld", driver, (long long)last);
}

void rmt_owe(struct hull_call *call, const char *driver, const char *method,
             const struct rmt_owed *what, struct state_commit_request *commit)
{
    const struct rmt_debt debt = {.driver = driver,
                                  .method = method,
                                  .pool_id = what->pool_id,
                                  .address = what->address,
                                  .network_id = what->network_id};
    *(HULL_LIST_ADD(hull_call_arena(call), &commit->operations)) = (struct state_document){
        .bucket = IPAM_OWED_BUCKET,
        .key = new_key(call, driver),
        .value = json_string(hull_call_arena(call), &rmt_debt_message, &debt)};
}

int rmt_commit(struct hull_call *call, const struct state_commit_request *commit)
{
    struct state_commit_reply reply;
    hull_shield(call);
    int rc = state_commit(call, NULL, commit, &reply);
    hull_unshield(call);
    return rc;
}

/* --- telling ---------------------------------------------------------------------------------- */

struct debts {
    size_t n;
    struct debt {
        const char *key;
        struct rmt_debt what;
    } * v;
};

static int note_debt(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct debt debt = {.key = hull_strdup(call, document->key)};
    const char *text = hull_strdup(call, document->value);
    if (json_decode_call(call, &rmt_debt_message, text, strlen(text), 0, &debt.what) < 0 ||
        debt.what.driver == NULL || debt.what.method == NULL)
        state_leave(call, document);
    else
        *(HULL_LIST_ADD(hull_call_arena(call), (struct debts *)ctx)) = debt;
    return 0;
}

static int list_debts(struct hull_call *call, const char *prefix, struct debts *ret)
{
    struct state_key all = {.bucket = IPAM_OWED_BUCKET, .key = prefix};
    struct state_document last;
    return hull_send_many(call, NULL, &state_list_method, &all, &last,
                          &(struct hull_sink){.reply = note_debt, .ctx = ret});
}

/* One that hears and says no has heard. */
static int tell_one(struct hull_call *call, const struct debt *debt)
{
    const struct rmt_debt *what = &debt->what;
    struct rmt_network network = {.network_id = what->network_id};
    struct rmt_release release = {.pool_id = what->pool_id, .address = what->address};
    int rc = what->network_id != NULL
                 ? rmt_call_brief(call, what->driver, what->method, &rmt_network_message, &network)
                 : rmt_call_brief(call, what->driver, what->method, &rmt_release_message, &release);
    if (rmt_is_silent(call, what->driver, rc))
        return rc;
    if (rc < 0)
        hull_log(call, HULL_LOG_WARN, "a plugin did not take what it was told late", "error",
                 hull_error(call), NULL);
    hull_error_clear(call);
    return state_put(call, NULL, IPAM_OWED_BUCKET, debt->key, NULL, false);
}

/* Whom somebody tells just now: others wait for that, not for other plugins. */
struct telling {
    char *driver;
    struct telling *next;
};
static struct telling *tellings;
static struct hull_cond tellings_changed;

static struct telling *find_telling(const char *driver)
{
    struct telling *at = tellings;
    while (at != NULL && strcmp(at->driver, driver) != 0)
        at = at->next;
    return at;
}

static void end_telling(struct telling *telling)
{
    struct telling **at = &tellings;
    while (*at != telling)
        at = &(*at)->next;
    *at = telling->next;
    free(telling->driver);
    free(telling);
    hull_cond_broadcast(&tellings_changed);
}

static int tell_all(struct hull_call *call, const char *driver)
{
    struct debts debts = {0};
    int rc = list_debts(call, hull_printf(call, "%s/", driver), &debts);
    for (size_t i = 0; rc == 0 && i < debts.n; i++)
        rc = tell_one(call, &debts.v[i]);
    return rc;
}

int rmt_settle(struct hull_call *call, const char *driver)
{
    int rc = 0;
    while (rc == 0 && find_telling(driver) != NULL)
        rc = hull_cond_wait(call, &tellings_changed);
    if (rc < 0)
        return rc;
    struct telling *telling = calloc(1, sizeof(*telling));
    HULL_ASSERT(telling != NULL && (telling->driver = strdup(driver)) != NULL);
    telling->next = tellings;
    tellings = telling;
    rc = tell_all(call, driver);
    end_telling(telling);
    if (rc == 0 || hull_check(call) < 0)
        return rc;
    hull_log(call, HULL_LOG_WARN, "a plugin was not told of what has ended", "error",
             hull_error(call), NULL);
    hull_error_clear(call);
    return 0;
}

int rmt_forgive(struct hull_call *call, const char *driver, const char *pool_id,
                const char *address)
{
    struct state_commit_request commit = {0};
    struct debts debts = {0};
    int rc = list_debts(call, hull_printf(call, "%s/", driver), &debts);
    for (size_t i = 0; rc == 0 && i < debts.n; i++) {
        const struct rmt_debt *what = &debts.v[i].what;
        if (hull_streq(what->pool_id, pool_id) &&
            (address == NULL || hull_streq(what->address, address)))
            *(HULL_LIST_ADD(hull_call_arena(call), &commit.operations)) =
                (struct state_document){.bucket = IPAM_OWED_BUCKET, .key = debts.v[i].key};
    }
    return rc < 0 || commit.operations.n == 0 ? rc : rmt_commit(call, &commit);
}

/* --- when the daemon starts ------------------------------------------------------------------- */

static int settle_late(struct hull_call *call, void *arg)
{
    char *driver = arg;
    if (rmt_settle(call, driver) < 0)
        hull_error_clear(call); /* the daemon ends */
    free(driver);
    return 0;
}

int rmt_settle_all(struct hull_call *call)
{
    struct debts debts = {0};
    int rc = list_debts(call, "", &debts);
    for (size_t i = 0; rc == 0 && i < debts.n; i++) {
        if (i > 0 && strcmp(debts.v[i].what.driver, debts.v[i - 1].what.driver) == 0)
            continue;
        char *driver = strdup(debts.v[i].what.driver);
        HULL_ASSERT(driver != NULL);
        hull_spawn("plugin debts", settle_late, driver);
    }
    return rc;
}
