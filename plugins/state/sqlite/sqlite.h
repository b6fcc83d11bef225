/*
 * sqlite.h: what the files of state/sqlite share.
 *
 * There are two connections: one that only reads, used on the loop thread, and one that writes,
 * used by one worker at a time. In WAL mode neither waits for the other.
 */
#ifndef HULL_STATE_SQLITE_H
#define HULL_STATE_SQLITE_H

#include <hull/hull.h>
#include <sqlite3.h>

#include "state.h"

/* A bucket or key longer than this, or a value larger, is refused. */
#define SQL_NAME_MAX 1024
#define SQL_VALUE_MAX (16 << 20)

/* What the connections prepare, once. */
enum sql_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_UNSAVE, /* roll back to the savepoint */
    SQL_RELEASE,
    SQL_SYNC_NORMAL,
    SQL_SYNC_FULL,
    SQL_GET,
    SQL_LIST,
    SQL_PUT,
    SQL_REMOVE,
    SQL_REVISION_OF,
    SQL_REVISION,
    SQL_SET_REVISION,
    SQL_STATEMENT_COUNT,
};

struct sql_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
    const char *path;
    bool corrupt; /* seen once: nothing is written any more */
};

/*
 * Open the database at PATH for writing (made when it is missing, brought to the newest schema)
 * or, when READONLY, for reading. PATH must live as long as DB. Blocks. Worker-safe.
 */
int sql_open(struct sql_db *db, const char *path, bool readonly, struct hull_problem *problem)
    HULL_CHECKED;
/* Finalise and close; a zeroed or half-open DB is allowed. */
void sql_close(struct sql_db *db);
/* The statement, reset and without bindings. */
sqlite3_stmt *sql_statement(struct sql_db *db, enum sql_statement which);
/* Run a statement that answers no row. Returns 0 or -KIND. Worker-safe. */
int sql_run(struct sql_db *db, enum sql_statement which, struct hull_problem *problem) HULL_CHECKED;
/* Describe the last failure of DB, with what to do about it. Returns -KIND. Worker-safe. */
int sql_problem(struct sql_db *db, int code, struct hull_problem *problem) HULL_CHECKED;

/* One commit waiting for its turn, or done. */
struct sql_job {
    const struct state_commit_request *request;
    struct hull_problem problem;
    int64_t revision;
    bool done;
    struct sql_job *next;
};

/*
 * Write JOBS, oldest first, in one transaction: each is done or has its problem. Fails only when
 * the transaction as a whole did, and then none is done. Blocks. Worker-safe.
 */
int sql_write(struct sql_db *db, struct sql_job *jobs, struct hull_problem *problem) HULL_CHECKED;

#endif
