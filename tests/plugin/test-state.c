/*
 * The service "state", as state/sqlite provides it: documents, transactions, watching; a damaged
 * database; and the kill -9 that nothing acknowledged may be lost by.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "api/config.h"
#include "root.h"
#include "state.h"

#define PORT "state/sqlite"

static char data_root[128];
static struct daemon_config config;

static void make_root(void)
{
    const char *folder = getenv("TMPDIR");

    snprintf(data_root, sizeof(data_root), "%s/hull-state-XXXXXX", folder ? folder : "/tmp");
    CHECK(mkdtemp(data_root) != NULL);
    config.data_root = data_root;
}

/* One life of a daemon on the data root. */
static int live(hull_task_fn *fn, void *arg)
{
    hull_config_set(&daemon_config_message, &config);
    return tap_core(fn, arg);
}

static void remove_root(void)
{
    CHECK_INT(root_remove_tree(AT_FDCWD, data_root), 0);
}

/* A test whose body has a "call" and a store of its own. */
#define STORE_TEST_LIMIT(name, limit)                         \
    static void name##_body(struct hull_call *call);          \
    static int name##_main(struct hull_call *call, void *arg) \
    {                                                         \
        (void)arg;                                            \
        name##_body(call);                                    \
        return 0;                                             \
    }                                                         \
    TEST_LIMIT(name, limit)                                   \
    {                                                         \
        make_root();                                          \
        CHECK_INT(live(name##_main, NULL), 0);                \
        remove_root();                                        \
    }                                                         \
    static void name##_body(struct hull_call *call)
#define STORE_TEST(name) STORE_TEST_LIMIT(name, TAP_SECONDS)

/* --- shorthands ------------------------------------------------------------------------------ */

static int put(struct hull_call *call, const char *bucket, const char *key, const char *value,
               int64_t revision, int64_t *ret_revision)
{
    struct state_document document = {
        .bucket = bucket, .key = key, .value = value, .revision = revision};
    struct state_commit_request request = {.operations = {1, &document}};
    struct state_commit_reply reply;
    int rc = state_commit(call, PORT, &request, &reply);

    if (ret_revision)
        *ret_revision = reply.revision;
    return rc;
}

static int get(struct hull_call *call, const char *bucket, const char *key,
               struct state_document *ret)
{
    struct state_key request = {.bucket = bucket, .key = key};

    return state_get(call, PORT, &request, ret);
}

struct listed {
    size_t count;
    char first[64], last[64];
    bool ordered;
};

static int note(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct listed *listed = ctx;

    (void)call;
    if (listed->count++ == 0) {
        snprintf(listed->first, sizeof(listed->first), "%s", document->key);
        listed->ordered = true;
    } else if (strcmp(listed->last, document->key) >= 0) {
        listed->ordered = false;
    }
    snprintf(listed->last, sizeof(listed->last), "%s", document->key);
    return 0;
}

static int list(struct hull_call *call, const char *bucket, const char *prefix, struct listed *ret)
{
    struct hull_sink sink = {.reply = note, .ctx = ret};
    struct state_key request = {.bucket = bucket, .key = prefix};
    struct state_document last;

    *ret = (struct listed){.ordered = true};
    return hull_send_many(call, PORT, &state_list_method, &request, &last, &sink);
}

/* --- documents ------------------------------------------------------------------------------- */

STORE_TEST(documents)
{
    struct state_document document;
    int64_t first, second;

    CHECK_KIND(get(call, "b", "k", &document), HULL_NOT_FOUND);
    CHECK_OK(put(call, "b", "k", "{\"a\":1}", 0, &first));
    CHECK_OK(get(call, "b", "k", &document));
    CHECK_STR(document.value, "{\"a\":1}");
    CHECK_INT(document.revision, first);
    CHECK_OK(put(call, "b", "k", "2", first, &second));
    CHECK(second > first);
    CHECK_KIND(put(call, "b", "k", "3", first, NULL), HULL_CONFLICT);
    CHECK_KIND(put(call, "b", "new", "3", 7, NULL), HULL_CONFLICT);
    CHECK_OK(get(call, "b", "k", &document));
    CHECK_STR(document.value, "2");
    CHECK_KIND(get(call, "other", "k", &document), HULL_NOT_FOUND);
    CHECK_OK(put(call, "b", "k", NULL, 0, NULL));
    CHECK_KIND(get(call, "b", "k", &document), HULL_NOT_FOUND);
    CHECK_OK(put(call, "b", "k", NULL, 0, NULL));
    CHECK_KIND(put(call, "b", "", "1", 0, NULL), HULL_INVALID);
}

STORE_TEST(all_or_nothing)
{
    struct state_document documents[] = {
        {.bucket = "b", .key = "one", .value = "1"},
        {.bucket = "b", .key = "two", .value = "2", .revision = 99},
    };
    struct state_commit_request request = {.operations = {2, documents}, .sync = true};
    struct state_commit_reply reply;
    struct state_document document;

    CHECK_KIND(state_commit(call, PORT, &request, &reply), HULL_CONFLICT);
    CHECK_KIND(get(call, "b", "one", &document), HULL_NOT_FOUND);
    documents[1].revision = 0;
    CHECK_OK(state_commit(call, PORT, &request, &reply));
    CHECK_OK(get(call, "b", "two", &document));
    CHECK_INT(document.revision, reply.revision);
}

STORE_TEST(lists)
{
    struct listed listed;

    CHECK_OK(list(call, "b", NULL, &listed));
    CHECK_INT(listed.count, 0);
    for (int i = 0; i < 700; i++)
        CHECK_OK(put(call, "b", hull_printf(call, "k%04d", i), "1", 0, NULL));
    CHECK_OK(put(call, "a", "k0001", "1", 0, NULL));
    CHECK_OK(put(call, "c", "k0001", "1", 0, NULL));
    CHECK_OK(list(call, "b", NULL, &listed));
    CHECK_INT(listed.count, 700);
    CHECK(listed.ordered);
    CHECK_OK(list(call, "b", "k01", &listed));
    CHECK_INT(listed.count, 100);
    CHECK_STR(listed.first, "k0100");
    CHECK_STR(listed.last, "k0199");
    CHECK_OK(list(call, "b", "k0699", &listed));
    CHECK_INT(listed.count, 1);
    CHECK_OK(list(call, "b", "x", &listed));
    CHECK_INT(listed.count, 0);
}

/* --- side by side ---------------------------------------------------------------------------- */

static int add_one(struct hull_call *call, void *arg)
{
    struct state_document document = {
        .bucket = "p", .key = hull_printf(call, "%d", *(int *)arg), .value = "1"};
    struct state_commit_request request = {.operations = {1, &document}, .sync = true};
    struct state_commit_reply reply;

    return state_commit(call, PORT, &request, &reply);
}

/* One of many that are written together fails, alone. */
STORE_TEST(commits_side_by_side)
{
    struct hull_task *tasks[50];
    int numbers[50];
    struct listed listed;

    for (int i = 0; i < 50; i++) {
        numbers[i] = i;
        tasks[i] = hull_task_start(call, "commit", add_one, &numbers[i]);
    }
    CHECK_KIND(put(call, "p", "conflict", "1", 1234567, NULL), HULL_CONFLICT);
    for (int i = 0; i < 50; i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    CHECK_OK(list(call, "p", NULL, &listed));
    CHECK_INT(listed.count, 50);
}

struct watching {
    bool ready;
    struct hull_cond cond;
    size_t count;
    char keys[8][32];
    bool removed[8];
};

static int watch_ready(struct hull_call *call, void *ctx)
{
    struct watching *watching = ctx;

    (void)call;
    watching->ready = true;
    hull_cond_broadcast(&watching->cond);
    return 0;
}

static int watch_event(struct hull_call *call, void *ctx, const void *reply)
{
    const struct state_document *document = reply;
    struct watching *watching = ctx;

    (void)call;
    CHECK(watching->count < 8);
    snprintf(watching->keys[watching->count], 32, "%s", document->key);
    watching->removed[watching->count++] = document->value == NULL;
    hull_cond_broadcast(&watching->cond);
    return 0;
}

static int watch(struct hull_call *call, void *arg)
{
    struct hull_sink sink = {.ready = watch_ready, .reply = watch_event, .ctx = arg};
    struct state_key request = {.bucket = "w", .key = "x"};
    struct state_document last;

    return hull_send_many(call, PORT, &state_watch_method, &request, &last, &sink);
}

STORE_TEST(watches)
{
    struct watching watching = {0};
    struct hull_task *task = hull_task_start(call, "watch", watch, &watching);

    while (!watching.ready)
        CHECK_OK(hull_cond_wait(call, &watching.cond));
    CHECK_OK(put(call, "w", "x1", "1", 0, NULL));
    CHECK_OK(put(call, "w", "y1", "1", 0, NULL));
    CHECK_OK(put(call, "v", "x2", "1", 0, NULL));
    CHECK_KIND(put(call, "w", "x3", "1", 55555, NULL), HULL_CONFLICT);
    CHECK_OK(put(call, "w", "x1", NULL, 0, NULL));
    while (watching.count < 2)
        CHECK_OK(hull_cond_wait(call, &watching.cond));
    CHECK_STR(watching.keys[0], "x1");
    CHECK(!watching.removed[0]);
    CHECK_STR(watching.keys[1], "x1");
    CHECK(watching.removed[1]);
    hull_task_cancel(task);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
}

/* --- what is on the disk --------------------------------------------------------------------- */

static int put_something(struct hull_call *call, void *arg)
{
    (void)arg;
    CHECK_OK(put(call, "b", "k", "\"kept\"", 0, NULL));
    return 0;
}

static int expect_refusal(struct hull_call *call, void *arg)
{
    struct state_document document;

    CHECK(get(call, "b", "k", &document) < 0);
    CHECK_HAS(hull_error(call), (const char *)arg);
    return 0;
}

static int expect_kept(struct hull_call *call, void *arg)
{
    struct state_document document;

    (void)arg;
    CHECK_OK(get(call, "b", "k", &document));
    CHECK_STR(document.value, "\"kept\"");
    return 0;
}

static void overwrite(off_t offset, const void *data, size_t size)
{
    char path[160];
    int fd;

    snprintf(path, sizeof(path), "%s/state.db", data_root);
    fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(pwrite(fd, data, size, offset), size);
    close(fd);
}

static void check_bytes(off_t offset, const void *data, size_t size)
{
    char path[160], there[64];
    int fd;

    snprintf(path, sizeof(path), "%s/state.db", data_root);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && size <= sizeof(there));
    CHECK_INT(pread(fd, there, size, offset), size);
    CHECK(memcmp(there, data, size) == 0);
    close(fd);
}

TEST(survives_a_restart)
{
    make_root();
    CHECK_INT(live(put_something, NULL), 0);
    CHECK_INT(live(expect_kept, NULL), 0);
    remove_root();
}

TEST(a_damaged_database_is_refused_and_kept)
{
    static const char garbage[] = "this is no database at all";
    char hint[] = "was left as it is";

    make_root();
    CHECK_INT(live(put_something, NULL), 0);
    overwrite(0, garbage, sizeof(garbage));
    CHECK_INT(live(expect_refusal, hint), 0);
    CHECK_INT(live(expect_refusal, hint), 0);
    check_bytes(0, garbage, sizeof(garbage));
    remove_root();
}

static void remove_file(const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", data_root, name);
    CHECK_INT(unlink(path), 0);
}

/* A new one would know nothing of what lies around; who wants that says so. */
TEST(a_lost_database_is_not_begun_anew)
{
    char hint[] = "state.db is missing or empty";

    make_root();
    CHECK_INT(live(put_something, NULL), 0);
    remove_file("state.db");
    CHECK_INT(live(expect_refusal, hint), 0);
    CHECK_INT(live(expect_refusal, hint), 0);
    remove_file("state.made");
    CHECK_INT(live(put_something, NULL), 0);
    CHECK_INT(live(expect_kept, NULL), 0);
    remove_root();
}

TEST(a_foreign_database_is_refused)
{
    static const unsigned char id[4] = {1, 2, 3, 4};
    char hint[] = "database of another program";

    make_root();
    CHECK_INT(live(put_something, NULL), 0);
    overwrite(68, id, sizeof(id)); /* application_id */
    CHECK_INT(live(expect_refusal, hint), 0);
    check_bytes(68, id, sizeof(id));
    remove_root();
}

TEST(a_newer_schema_is_refused)
{
    static const unsigned char version[4] = {0, 0, 0, 77};
    char hint[] = "upgrade hull";

    make_root();
    CHECK_INT(live(put_something, NULL), 0);
    overwrite(60, version, sizeof(version)); /* user_version */
    CHECK_INT(live(expect_refusal, hint), 0);
    remove_root();
}

/* --- kill -9 --------------------------------------------------------------------------------- */

#define ROUNDS 15

/* Commit pairs for ever, and say each number once it is acknowledged. */
static int commit_for_ever(struct hull_call *call, void *arg)
{
    const int *pipe_fd = arg;

    for (int i = 0;; i++) {
        char key[16], other[16], value[16];
        struct state_document documents[] = {
            {.bucket = "kill", .key = key, .value = value},
            {.bucket = "pair", .key = other, .value = value},
        };
        struct state_commit_request request = {.operations = {2, documents}, .sync = i % 5 == 0};
        struct state_commit_reply reply;
        snprintf(key, sizeof(key), "%06d", i);
        snprintf(other, sizeof(other), "%06d", i);
        snprintf(value, sizeof(value), "%d", i);
        CHECK_OK(state_commit(call, PORT, &request, &reply));
        CHECK_INT(write(*pipe_fd, &i, sizeof(i)), sizeof(i));
    }
}

static int check_survivors(struct hull_call *call, void *arg)
{
    const int *last = arg;
    struct state_document document;
    struct listed one, two;

    if (*last >= 0) {
        CHECK_OK(get(call, "kill", hull_printf(call, "%06d", *last), &document));
        CHECK_OK(get(call, "pair", hull_printf(call, "%06d", *last), &document));
    }
    CHECK_OK(list(call, "kill", NULL, &one));
    CHECK_OK(list(call, "pair", NULL, &two));
    CHECK(one.count > (size_t)(*last < 0 ? 0 : *last) || *last < 0);
    CHECK_INT(one.count, two.count);
    return 0;
}

/* Kill it WAIT_US after it has begun to answer; returns the last number that it acknowledged. */
static int run_and_kill(int wait_us)
{
    struct timespec wait = {.tv_nsec = wait_us * 1000L};
    int fds[2], last = -1, number;
    pid_t pid;

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(live(commit_for_ever, &fds[1]));
    close(fds[1]);
    CHECK_INT(read(fds[0], &last, sizeof(last)), sizeof(last));
    nanosleep(&wait, NULL);
    kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    while (read(fds[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
        last = number;
    close(fds[0]);
    return last;
}

TEST_LIMIT(nothing_acknowledged_is_lost_by_kill_9, 120)
{
    make_root();
    for (int i = 0; i < ROUNDS; i++) {
        int last = run_and_kill(500 + i * 1700);
        CHECK_INT(live(check_survivors, &last), 0);
    }
    remove_root();
}

/* --- speed ----------------------------------------------------------------------------------- */

#define TIMES 500

STORE_TEST(speed)
{
    struct state_document document;
    int64_t start = hull_time_ns(), commits, gets;

    for (int i = 0; i < TIMES; i++)
        CHECK_OK(put(call, "s", hull_printf(call, "%d", i), "{\"some\":\"document\"}", 0, NULL));
    commits = (hull_time_ns() - start) / TIMES;
    start = hull_time_ns();
    for (int i = 0; i < TIMES; i++)
        CHECK_OK(get(call, "s", hull_printf(call, "%d", i), &document));
    gets = (hull_time_ns() - start) / TIMES;
    tap_say("# ", "a commit takes %lld us, a get %lld ns", (long long)commits / 1000,
            (long long)gets);
    /* Ten times what it takes on an idle machine: this one may be busy. */
    CHECK(commits < (TAP_SANITIZED ? 50 : 5) * INT64_C(1000000));
    CHECK(gets < (TAP_SANITIZED ? 5000 : 500) * INT64_C(1000));
}

TAP_MAIN
