/*
 * open.c: opening the database: its schema, its statements, and what to say when it is damaged.
 *
 * The check at start-up reads the header and the roots of the trees only, so that its cost does
 * not grow with the database. Damage further in is found when it is read: the operation fails
 * with the same words, and nothing is written from then on.
 */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

/* "hull", in the header of the file: says whose it is. */
#define APPLICATION_ID 0x68756c6c

/* See reserve(). A thousand pages with their heads, and some. */
#define JOURNAL_BYTES (4352 * 1024)
#define DATABASE_ROOM_BYTES (512 * 1024)

/* Each entry brings the schema from its index to its index + 1. Never change one; add. */
static const char *const migrations[] = {
    "CREATE TABLE document (bucket TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " revision INTEGER NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;"
    "CREATE TABLE counter (revision INTEGER NOT NULL);"
    "INSERT INTO counter VALUES (0);",
};

static const char *const texts[SQL_STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT one",
    [SQL_UNSAVE] = "ROLLBACK TO one",
    [SQL_RELEASE] = "RELEASE one",
    [SQL_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
    [SQL_SYNC_FULL] = "PRAGMA synchronous = FULL",
    [SQL_GET] = "SELECT value, revision FROM document WHERE bucket = ?1 AND key = ?2",
    [SQL_LIST] = "SELECT key, value, revision FROM document"
                 " WHERE bucket = ?1 AND key >= ?2 AND key IS NOT ?3 ORDER BY key",
    [SQL_PUT] = "INSERT INTO document VALUES (?1, ?2, ?3, ?4) ON CONFLICT (bucket, key)"
                " DO UPDATE SET value = excluded.value, revision = excluded.revision",
    [SQL_REMOVE] = "DELETE FROM document WHERE bucket = ?1 AND key = ?2",
    [SQL_REVISION_OF] = "SELECT revision FROM document WHERE bucket = ?1 AND key = ?2",
    [SQL_REVISION] = "SELECT revision FROM counter",
    [SQL_SET_REVISION] = "UPDATE counter SET revision = ?1",
};

static const struct {
    int code;
    enum hull_kind kind;
} kinds[] = {
    {SQLITE_FULL, HULL_NO_SPACE}, {SQLITE_BUSY, HULL_UNAVAILABLE}, {SQLITE_IOERR, HULL_IO},
    {SQLITE_CANTOPEN, HULL_IO},   {SQLITE_READONLY, HULL_IO},
};

int sql_problem(struct sql_db *db, int code, struct hull_problem *problem)
{
    const char *text = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    enum hull_kind kind = HULL_INTERNAL;

    code &= 0xff;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        db->corrupt = true;
        return hull_problem_set(problem, HULL_IO,
                                "the state database %s is damaged (%s) and was left as it is; "
                                "stop the daemon, keep a copy, and restore a backup or salvage it: "
                                "sqlite3 state.db .recover | sqlite3 new.db",
                                db->path, text);
    }
    for (size_t i = 0; i < HULL_COUNT(kinds); i++) {
        if (kinds[i].code == code)
            kind = kinds[i].kind;
    }
    return hull_problem_set(problem, kind, "state database %s: %s", db->path, text);
}

static int execute(struct sql_db *db, const char *text, struct hull_problem *problem)
{
    int code = sqlite3_exec(db->handle, text, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : sql_problem(db, code, problem);
}

/* The integer that a statement of one row and one column answers; 0 without a row. */
static int query(struct sql_db *db, const char *text, int64_t *ret, struct hull_problem *problem)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, text, -1, &statement, NULL);

    *ret = 0;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return 0;
    return sql_problem(db, code, problem);
}

/*
 * A file beside the database, NAME.made for NAME.db, says that there is one: who finds it and no
 * database has lost one, and a new one would know nothing of what lies around.
 */
static void made_path(const char *path, char *buffer, size_t size)
{
    size_t length = strlen(path);

    if (length > 3 && strcmp(path + length - 3, ".db") == 0)
        length -= 3;
    snprintf(buffer, size, "%.*s.made", (int)length, path);
}

static int note_made(const struct sql_db *db, struct hull_problem *problem)
{
    char path[4200];

    made_path(db->path, path, sizeof(path));
    if (access(path, F_OK) == 0)
        return 0;
    HULL_AUTO_FD fd = plain_create(AT_FDCWD, path, 0600);
    HULL_AUTO_FD folder = -1;
    if (fd >= 0) {
        *strrchr(path, '/') = '\0';
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0 || folder < 0 || fsync(folder) < 0)
        return hull_problem_set(problem, HULL_IO, "state database %s: noting that it is there: %s",
                                db->path, fd < 0 ? plain_why(-fd) : strerror(errno));
    return 0;
}

static int lost(const struct sql_db *db, const char *made, struct hull_problem *problem)
{
    return hull_problem_set(problem, HULL_CONFLICT,
                            "the state database %s is missing or empty, and there was one: restore "
                            "a backup, or remove %s to begin anew, without the containers, images, "
                            "volumes and networks that it knew",
                            db->path, made);
}

/* Refuse what is not ours. A file without any page is a new database. */
static int check_identity(struct sql_db *db, bool *ret_new, struct hull_problem *problem)
{
    int64_t pages, id, version;
    char made[4200];
    int rc = query(db, "PRAGMA page_count", &pages, problem);

    if (rc == 0)
        rc = query(db, "PRAGMA application_id", &id, problem);
    if (rc == 0)
        rc = query(db, "PRAGMA user_version", &version, problem);
    if (rc < 0)
        return rc;
    *ret_new = pages == 0 || (id == 0 && version == 0 && pages <= 1);
    made_path(db->path, made, sizeof(made));
    if (*ret_new && access(made, F_OK) == 0)
        return lost(db, made, problem);
    if (!*ret_new && id != APPLICATION_ID)
        return hull_problem_set(problem, HULL_CONFLICT,
                                "%s is a database of another program; move it away or choose "
                                "another data root",
                                db->path);
    if (version > (int64_t)HULL_COUNT(migrations))
        return hull_problem_set(problem, HULL_CONFLICT,
                                "%s was written by a newer hull (schema %lld, this one knows %zu); "
                                "upgrade hull",
                                db->path, (long long)version, HULL_COUNT(migrations));
    return 0;
}

static int migrate_one(struct sql_db *db, int64_t version, struct hull_problem *problem)
{
    char text[160];
    int rc = execute(db, migrations[version], problem);

    snprintf(text, sizeof(text),
             "INSERT INTO migration VALUES (%lld, unixepoch());"
             "PRAGMA user_version = %lld",
             (long long)version + 1, (long long)version + 1);
    return rc < 0 ? rc : execute(db, text, problem);
}

static int migrate(struct sql_db *db, struct hull_problem *problem)
{
    char first[200];
    int64_t version;
    int rc = query(db, "PRAGMA user_version", &version, problem);

    if (rc < 0 || version == (int64_t)HULL_COUNT(migrations))
        return rc;
    snprintf(first, sizeof(first),
             "BEGIN EXCLUSIVE; PRAGMA application_id = %d; CREATE TABLE IF NOT EXISTS migration "
             "(version INTEGER PRIMARY KEY, applied INTEGER NOT NULL)",
             APPLICATION_ID);
    rc = execute(db, first, problem);
    while (rc == 0 && version < (int64_t)HULL_COUNT(migrations))
        rc = migrate_one(db, version++, problem);
    if (rc == 0)
        return execute(db, "COMMIT", problem);
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int prepare(struct sql_db *db, struct hull_problem *problem)
{
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++) {
        int code = sqlite3_prepare_v3(db->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &db->statements[i], NULL);
        if (code != SQLITE_OK)
            return sql_problem(db, code, problem);
    }
    return 0;
}

/* Nobody but us reads the store, and its journals take over the mode of the file. */
static int make_private(const char *path, struct hull_problem *problem)
{
    HULL_AUTO_FD fd = plain_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);

    if (fd < 0)
        return hull_problem_set(problem, hull_kind_of_errno(-fd), "state database %s: %s", path,
                                plain_why(-fd));
    return 0;
}

static int connect_to(struct sql_db *db, bool readonly, struct hull_problem *problem)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(db->path, &db->handle, flags, NULL);

    if (code != SQLITE_OK)
        return sql_problem(db, code, problem);
    sqlite3_busy_timeout(db->handle, 2000);
    sqlite3_extended_result_codes(db->handle, 1);
    if (readonly)
        return execute(
            db, "PRAGMA query_only = 1; PRAGMA mmap_size = 67108864; PRAGMA cache_size = -32",
            problem);
    return 0;
}

/*
 * Room on the disk for what is still to be written when it is full: containers are removed then,
 * and their ends are recorded, which is how room is made. The journal is used again from its
 * beginning when its pages have gone to the database (after JOURNAL_BYTES, SQLite's default), so
 * that this is enough for good. Without room now, or where the file system can't do it, we go on
 * without.
 */
static void reserve(struct sql_db *db)
{
    int chunk = DATABASE_ROOM_BYTES;
    int64_t pages = 0, page_bytes = 0;
    struct hull_problem ignored = {0};
    char path[4200];

    snprintf(path, sizeof(path), "%s-wal", db->path);
    /* Closing it drops no lock: those are on the other two files. */
    HULL_AUTO_FD fd = plain_open(AT_FDCWD, path, O_WRONLY, 0);
    if (fd >= 0)
        (void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, JOURNAL_BYTES);
    if (query(db, "PRAGMA page_count", &pages, &ignored) < 0 ||
        query(db, "PRAGMA page_size", &page_bytes, &ignored) < 0)
        return;
    int64_t size = pages * page_bytes + DATABASE_ROOM_BYTES / 2;
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &chunk);
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_SIZE_HINT, &size);
}

int sql_open(struct sql_db *db, const char *path, bool readonly, struct hull_problem *problem)
{
    bool fresh = false;
    int64_t revision;
    int rc = 0;

    *db = (struct sql_db){.path = path};
    if (!readonly)
        rc = make_private(path, problem);
    if (rc == 0)
        rc = connect_to(db, readonly, problem);
    if (rc == 0)
        rc = check_identity(db, &fresh, problem);
    if (rc == 0 && !readonly)
        rc = execute(
            db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -96",
            problem);
    if (rc == 0 && !readonly)
        rc = migrate(db, problem);
    if (rc == 0 && !readonly)
        rc = note_made(db, problem);
    if (rc == 0 && !readonly)
        reserve(db);
    if (rc == 0)
        rc = prepare(db, problem);
    if (rc == 0)
        rc = query(db, "SELECT revision FROM counter", &revision, problem);
    if (rc == 0)
        rc = query(db, "SELECT revision FROM document LIMIT 1", &revision, problem);
    if (rc < 0)
        sql_close(db);
    return rc;
}

void sql_close(struct sql_db *db)
{
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++) {
        sqlite3_finalize(db->statements[i]);
        db->statements[i] = NULL;
    }
    sqlite3_close(db->handle);
    db->handle = NULL;
}

sqlite3_stmt *sql_statement(struct sql_db *db, enum sql_statement which)
{
    sqlite3_stmt *statement = db->statements[which];

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return statement;
}

int sql_run(struct sql_db *db, enum sql_statement which, struct hull_problem *problem)
{
    sqlite3_stmt *statement = db->statements[which];
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : sql_problem(db, code, problem);
}
