/*
 * write.c: commits. What waits while a transaction is being written goes into the next one
 * together, so that many callers share one wait for the disk; a savepoint keeps each atomic.
 */
#include "failpoint.h"
#include "sqlite.h"

#include <string.h>

static int bind_key(sqlite3_stmt *statement, const struct state_document *document)
{
    sqlite3_bind_text(statement, 1, document->bucket, -1, SQLITE_STATIC);
    return sqlite3_bind_text(statement, 2, document->key, -1, SQLITE_STATIC);
}

/* The revision of a document, 0 when there is none. */
static int read_revision(struct sql_db *db, const struct state_document *document, int64_t *ret,
                         struct hull_problem *problem)
{
    sqlite3_stmt *statement = sql_statement(db, SQL_REVISION_OF);
    int code;

    bind_key(statement, document);
    code = sqlite3_step(statement);
    *ret = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : sql_problem(db, code, problem);
}

static int check_operation(const struct state_document *document, struct hull_problem *problem)
{
    if (!document->bucket || !*document->bucket || !document->key || !*document->key)
        return hull_problem_set(problem, HULL_INVALID, "a document needs a bucket and a key");
    if (strlen(document->bucket) > SQL_NAME_MAX || strlen(document->key) > SQL_NAME_MAX)
        return hull_problem_set(problem, HULL_INVALID, "bucket or key is longer than %d bytes",
                                SQL_NAME_MAX);
    if (document->value && strlen(document->value) > SQL_VALUE_MAX)
        return hull_problem_set(problem, HULL_TOO_LARGE, "document %s/%s is larger than %d MB",
                                document->bucket, document->key, SQL_VALUE_MAX >> 20);
    return 0;
}

static int apply_operation(struct sql_db *db, const struct state_document *document,
                           int64_t revision, struct hull_problem *problem)
{
    enum sql_statement which = document->value ? SQL_PUT : SQL_REMOVE;
    sqlite3_stmt *statement;
    int64_t now;
    int rc = check_operation(document, problem);

    if (rc < 0)
        return rc;
    if (document->revision) {
        rc = read_revision(db, document, &now, problem);
        if (rc < 0)
            return rc;
        if (now != document->revision)
            return hull_problem_set(problem, HULL_CONFLICT,
                                    "%s/%s was changed by someone else (revision %lld, not %lld)",
                                    document->bucket, document->key, (long long)now,
                                    (long long)document->revision);
    }
    statement = sql_statement(db, which);
    bind_key(statement, document);
    if (document->value) {
        sqlite3_bind_text(statement, 3, document->value, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, revision);
    }
    return sql_run(db, which, problem);
}

/* One job inside its savepoint; what is wrong with the job alone is left in its problem. */
static int apply_job(struct sql_db *db, struct sql_job *job, int64_t revision,
                     struct hull_problem *problem)
{
    const struct state_commit_request *request = job->request;
    int rc = sql_run(db, SQL_SAVEPOINT, problem);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < request->operations.n; i++)
        rc = apply_operation(db, &request->operations.v[i], revision, &job->problem);
    if (rc < 0) {
        /* A full disk and the like may have ended the transaction already. */
        if (sqlite3_get_autocommit(db->handle)) {
            *problem = job->problem;
            return rc;
        }
        rc = sql_run(db, SQL_UNSAVE, problem);
        return rc < 0 ? rc : sql_run(db, SQL_RELEASE, problem);
    }
    job->revision = revision;
    return sql_run(db, SQL_RELEASE, problem);
}

static int read_counter(struct sql_db *db, int64_t *ret, struct hull_problem *problem)
{
    sqlite3_stmt *statement = sql_statement(db, SQL_REVISION);
    int code = sqlite3_step(statement);

    *ret = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? 0 : sql_problem(db, code, problem);
}

static int apply_all(struct sql_db *db, struct sql_job *jobs, struct hull_problem *problem)
{
    int64_t revision;
    int rc = read_counter(db, &revision, problem);

    for (struct sql_job *job = jobs; rc == 0 && job; job = job->next) {
        rc = apply_job(db, job, revision + 1, problem);
        if (rc == 0 && job->revision)
            revision++;
    }
    if (rc < 0)
        return rc;
    sqlite3_bind_int64(sql_statement(db, SQL_SET_REVISION), 1, revision);
    rc = sql_run(db, SQL_SET_REVISION, problem);
    FAILPOINT(state_commit_before);
    rc = rc < 0 ? rc : sql_run(db, SQL_COMMIT, problem);
    FAILPOINT(state_commit_after);
    return rc;
}

int sql_write(struct sql_db *db, struct sql_job *jobs, struct hull_problem *problem)
{
    bool sync = false;
    int rc;

    if (db->corrupt)
        return sql_problem(db, SQLITE_CORRUPT, problem);
    for (const struct sql_job *job = jobs; job; job = job->next)
        sync |= job->request->sync;
    rc = sql_run(db, sync ? SQL_SYNC_FULL : SQL_SYNC_NORMAL, problem);
    if (rc == 0)
        rc = sql_run(db, SQL_BEGIN, problem);
    if (rc < 0)
        return rc;
    rc = apply_all(db, jobs, problem);
    if (rc < 0 && !sqlite3_get_autocommit(db->handle)) {
        struct hull_problem ignored = {0};
        (void)!sql_run(db, SQL_ROLLBACK, &ignored);
    }
    return rc;
}
