/*
 * sqlite.c: the service "state" in a SQLite database, DATA-ROOT/state.db, in WAL mode.
 *
 * A get takes a few microseconds, less than the way to a worker and back, and is answered on the
 * loop thread from a connection that only reads. A list is read in batches, so that it neither
 * stalls the loop nor pins the journal while its receiver thinks: each document is as it was
 * when its batch was read. Commits go to one worker job at a time; those that arrive meanwhile
 * are written together in the next. Without SYNC a commit is in the kernel's hands (it survives
 * kill -9); with it, on the disk. DATA-ROOT/state.made says that there is a database, so that one
 * that is lost is not begun anew.
 */
#include "sqlite.h"

#include <stdio.h>
#include <string.h>

#include "api/config.h"

#define BATCH_ROWS 128
#define BATCH_BYTES (1 << 20)
#define WATCH_QUEUE 4096

static struct {
    char path[4096];
    struct sql_db reader; /* loop thread */
    struct sql_db writer; /* the worker job that is running */
    struct sql_job *first, **last;
    bool writing;
    struct hull_cond written;
} store;

/* Every operation that was committed, for watch; nobody else listens. */
static const struct hull_topic state_topic = {"state", &state_document_message};

/* --- reading ------------------------------------------------------------------------------- */

static int reader_failed(struct hull_call *call, int code)
{
    struct hull_problem problem = {0};

    (void)!sql_problem(&store.reader, code, &problem);
    return hull_fail_problem(call, &problem);
}

static int sql_get(struct hull_call *call, const struct state_key *request,
                   struct state_document *ret_reply)
{
    sqlite3_stmt *statement = sql_statement(&store.reader, SQL_GET);
    const char *key = request->key ? request->key : "";
    int code;

    sqlite3_bind_text(statement, 1, request->bucket, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        ret_reply->bucket = hull_strdup(call, request->bucket);
        ret_reply->key = hull_strdup(call, key);
        ret_reply->value = hull_strdup(call, (const char *)sqlite3_column_text(statement, 0));
        ret_reply->revision = sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    if (code == SQLITE_ROW)
        return 0;
    if (code != SQLITE_DONE)
        return reader_failed(call, code);
    return hull_fail(call, HULL_NOT_FOUND, "no document %s/%s", request->bucket, key);
}

struct batch {
    struct hull_arena *arena;
    struct state_document rows[BATCH_ROWS];
    size_t count;
    bool more; /* there may be rows behind the last one */
};

static void take_row(struct batch *batch, sqlite3_stmt *statement, const char *bucket,
                     size_t *bytes)
{
    struct state_document *row = &batch->rows[batch->count++];

    row->bucket = bucket;
    row->key = hull_arena_strdup(batch->arena, (const char *)sqlite3_column_text(statement, 0));
    row->value = hull_arena_strdup(batch->arena, (const char *)sqlite3_column_text(statement, 1));
    row->revision = sqlite3_column_int64(statement, 2);
    *bytes += (size_t)sqlite3_column_bytes(statement, 1);
}

/* The rows behind AFTER (NULL: all) whose key begins with PREFIX. Does not yield, so that the
 * statement is ours. */
static int read_batch(struct hull_call *call, struct batch *batch, const char *bucket,
                      const char *after, const char *prefix)
{
    sqlite3_stmt *statement = sql_statement(&store.reader, SQL_LIST);
    size_t bytes = 0, length = strlen(prefix);
    int code = SQLITE_DONE;

    batch->count = 0;
    batch->more = false;
    sqlite3_bind_text(statement, 1, bucket, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, after ? after : prefix, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, after, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (strncmp((const char *)sqlite3_column_text(statement, 0), prefix, length) != 0)
            break;
        take_row(batch, statement, bucket, &bytes);
        batch->more = batch->count == BATCH_ROWS || bytes >= BATCH_BYTES;
        if (batch->more)
            break;
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : reader_failed(call, code);
}

static int emit_batch(struct hull_call *call, const struct batch *batch)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < batch->count; i++)
        rc = hull_emit(call, &batch->rows[i]);
    return rc;
}

static int sql_list(struct hull_call *call, const struct state_key *request,
                    struct state_document *ret_reply)
{
    const char *prefix = request->key ? request->key : "";
    const char *after = NULL;
    struct batch *batch = hull_alloc(call, sizeof(*batch));
    HULL_AUTO_ARENA *arena = hull_arena_new();
    HULL_AUTO_ARENA *spare = hull_arena_new();
    int rc;

    (void)ret_reply;
    do {
        batch->arena = arena;
        rc = read_batch(call, batch, request->bucket, after, prefix);
        if (rc == 0)
            rc = emit_batch(call, batch);
        if (rc == 0 && batch->count)
            after = batch->rows[batch->count - 1].key;
        /* AFTER lives in the arena of this batch while the next one is read. */
        arena = HULL_TAKE(spare);
        spare = batch->arena;
        hull_arena_reset(arena);
    } while (rc == 0 && batch->more);
    return rc;
}

/* --- writing ------------------------------------------------------------------------------- */

static int write_jobs(struct hull_work *work, void *arg)
{
    return sql_write(&store.writer, arg, &work->problem);
}

static void publish(const struct state_commit_request *request, int64_t revision)
{
    for (size_t i = 0; i < request->operations.n; i++) {
        struct state_document event = request->operations.v[i];
        event.revision = revision;
        hull_publish(&state_topic, &event);
    }
}

/* Write all that waits, and say so to those who wait for it. */
static void write_waiting(struct hull_call *call)
{
    struct sql_job *jobs = store.first, *next;
    int rc;

    store.first = NULL;
    store.last = &store.first;
    store.writing = true;
    rc = hull_work(call, write_jobs, jobs);
    store.writing = false;
    for (struct sql_job *job = jobs; job; job = next) {
        next = job->next;
        if (rc < 0 && !job->problem.kind)
            (void)!hull_problem_set(&job->problem, (enum hull_kind) - rc, "%s", hull_error(call));
        if (!job->problem.kind)
            publish(job->request, job->revision);
        job->done = true;
    }
    hull_cond_broadcast(&store.written);
}

static int sql_commit(struct hull_call *call, const struct state_commit_request *request,
                      struct state_commit_reply *ret_reply)
{
    struct sql_job job = {.request = request};
    int rc = 0;

    if (request->operations.n == 0)
        return hull_fail(call, HULL_INVALID, "a commit needs operations");
    if (store.reader.corrupt)
        return reader_failed(call, SQLITE_CORRUPT);
    *store.last = &job;
    store.last = &job.next;
    /* The job is on this stack: nothing may take the fiber away before it is done. */
    hull_shield(call);
    while (!job.done) {
        if (store.writing)
            rc = hull_cond_wait(call, &store.written);
        else
            write_waiting(call);
        HULL_ASSERT(rc == 0);
    }
    hull_unshield(call);
    if (job.problem.kind)
        return hull_fail_problem(call, &job.problem);
    hull_error_clear(call);
    ret_reply->revision = job.revision;
    return 0;
}

static int sql_watch(struct hull_call *call, const struct state_key *request,
                     struct state_document *ret_reply)
{
    struct hull_subscription *subscription = hull_subscribe(&state_topic, WATCH_QUEUE);
    const char *prefix = request->key ? request->key : "";
    HULL_AUTO_ARENA *arena = hull_arena_new();
    uint64_t lost = 0;
    int rc;

    (void)ret_reply;
    hull_defer(call, hull_unsubscribe_cleanup, subscription);
    rc = hull_ready(call);
    while (rc == 0) {
        struct state_document event;
        hull_arena_reset(arena);
        rc = hull_next_event(call, subscription, arena, &event, &lost);
        if (rc == 0 && lost)
            return hull_fail(call, HULL_UNAVAILABLE,
                             "watch of %s fell behind by %llu changes; list again and watch anew",
                             request->bucket, (unsigned long long)lost);
        if (rc == 0 && hull_streq(event.bucket, request->bucket) &&
            strncmp(event.key, prefix, strlen(prefix)) == 0)
            rc = hull_emit(call, &event);
    }
    return rc;
}

/* --- the plugin ---------------------------------------------------------------------------- */

static int open_both(struct hull_work *work, void *arg)
{
    int rc;

    (void)arg;
    /* Pages one by one: each connection would begin with 20 of them. */
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    rc = sql_open(&store.writer, store.path, false, &work->problem);
    return rc < 0 ? rc : sql_open(&store.reader, store.path, true, &work->problem);
}

static int sql_init(struct hull_call *call)
{
    const struct daemon_config *config = daemon_config();

    if (!config || !config->data_root)
        return hull_fail(call, HULL_INVALID, "state/sqlite needs a data-root");
    if ((size_t)snprintf(store.path, sizeof(store.path), "%s/state.db", config->data_root) >=
        sizeof(store.path))
        return hull_fail(call, HULL_INVALID, "data-root is too long");
    store.last = &store.first;
    return hull_work(call, open_both, NULL);
}

static void sql_fini(void)
{
    sql_close(&store.reader);
    sql_close(&store.writer);
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(state, get, sql_get),
    HULL_HANDLE(state, list, sql_list),
    HULL_HANDLE(state, commit, sql_commit),
    HULL_HANDLE(state, watch, sql_watch),
    {},
};
static const struct hull_topic *const topics[] = {&state_topic, NULL};

HULL_PLUGIN(state_sqlite, .port = "state/sqlite", .handlers = handlers, .topics = topics,
            .version = "0.1.0", .init = sql_init, .fini = sql_fini);
