/* Sending, undo and defer, many answers, plugins that are linked in. */
#define HULL_DEFINE_TABLES
#include "tap.h"

#include <fcntl.h>

#define ASK_FIELDS(F, T)                               \
    F(T, STRING, _, text, "Text", 0, "Text")           \
    F(T, STRING, _, secret, "Secret", HULL_SECRET, "") \
    F(T, INT, _, number, "Number", 0, "Number")
HULL_MESSAGE(ask, ASK_FIELDS)
#define GIFT_FIELDS(F, T)                           \
    F(T, FD, _, given, "Given", 0, "The handler's") \
    F(T, FD, _, lent, "Lent", HULL_LENT, "The sender's")
HULL_MESSAGE(gift, GIFT_FIELDS)
#define ANSWER_FIELDS(F, T)                  \
    F(T, STRING, _, text, "Text", 0, "Text") \
    F(T, FD, _, fd, "Fd", 0, "Descriptor")
HULL_MESSAGE(answer, ANSWER_FIELDS)
HULL_METHOD(toy, echo, ask, answer, 0)
HULL_METHOD(toy, recurse, ask, answer, 0)
HULL_METHOD(toy, fail, ask, answer, 0)
HULL_METHOD(toy, count, ask, answer, HULL_METHOD_MANY | HULL_METHOD_READY)
HULL_METHOD(toy, missing, ask, answer, 0)
HULL_METHOD(toy, take, gift, answer, 0)
HULL_METHOD(toy, sleep, ask, answer, 0)

/* --- a plugin -------------------------------------------------------------------------------- */

static int echo(struct hull_call *call, const struct ask *request, struct answer *ret_reply)
{
    CHECK_INT(ret_reply->fd, -1);
    if (request->number < 0)
        return hull_fail(call, HULL_INVALID, "Number: negative");
    ret_reply->text = hull_printf(call, "<%s>", request->text);
    if (request->number > 0)
        ret_reply->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return 0;
}

static int recurse(struct hull_call *call, const struct ask *request, struct answer *ret_reply)
{
    return toy_recurse(call, NULL, request, ret_reply);
}

static char trail[64];
static void append(const char *text)
{
    size_t length = strlen(trail);
    snprintf(trail + length, sizeof(trail) - length, "%s", text);
}
static void note(struct hull_call *call, void *arg)
{
    CHECK_OK(hull_yield(call));
    append(arg);
}
static void note_and_fail(struct hull_call *call, void *arg)
{
    append(arg);
    CHECK(hull_fail(call, HULL_IO, "cleanup went wrong") < 0);
}

static int noting_task(struct hull_call *call, void *arg)
{
    int rc = hull_sleep(call, 60000);
    append(arg);
    return rc;
}

static int toy_failing(struct hull_call *call, const struct ask *request, struct answer *ret_reply)
{
    trail[0] = '\0';
    hull_undo(call, note, (void *)"0");
    if (request->number == 2)
        hull_commit(call);
    hull_defer(call, note, (void *)"1");
    hull_undo(call, note_and_fail, (void *)"2");
    hull_defer(call, note, (void *)"3");
    hull_task_start(call, "noting", noting_task, (void *)"t");
    ret_reply->text = "half an answer";
    if (request->number == 1)
        hull_cancel(call);
    if (request->number == 3)
        return 0;
    return hull_fail(call, HULL_CONFLICT, "the real error");
}

static int count(struct hull_call *call, const struct ask *request, struct answer *ret_reply)
{
    int rc = hull_ready(call);
    for (int i = 0; i < request->number && rc == 0; i++)
        rc = hull_emit(call, &(struct answer){.text = hull_printf(call, "%d", i), .fd = -1});
    if (rc == 0)
        rc = hull_ready(call);
    ret_reply->text = "done";
    return rc;
}

static int sleep_long(struct hull_call *call, const struct ask *request, struct answer *ret_reply)
{
    (void)ret_reply;
    return hull_sleep(call, request->number);
}

#define TOY_OPTIONS(F, T)                                  \
    F(T, STRING, _, root, "root", HULL_MAX(8), "A folder") \
    F(T, INT, _, size, "size", 0, "A size")                \
    F(T, BOOL, _, fast, "fast", 0, "Fast")                 \
    F(T, OPT_INT, _, limit, "limit", 0, "A limit")         \
    F(T, STRV, _, names, "name", 0, "Names")               \
    F(T, MAP, _, labels, "label", 0, "Labels")
HULL_MESSAGE(toy_options, TOY_OPTIONS)

static int inits, drains, finis, init_rc;
static int toy_init(struct hull_call *call)
{
    inits++;
    CHECK_OK(hull_sleep(call, 5));
    return init_rc == 0 ? 0 : hull_fail(call, -init_rc, "init went wrong");
}
static int toy_drain(struct hull_call *call)
{
    drains++;
    struct answer answer;
    return toy_echo(call, NULL, &(struct ask){.text = "to itself"}, &answer);
}
static void toy_fini(void)
{
    finis++;
}

static const struct hull_handler handlers[] = {
    HULL_HANDLE(toy, echo, echo),        HULL_HANDLE(toy, recurse, recurse),
    HULL_HANDLE(toy, fail, toy_failing), HULL_HANDLE(toy, count, count),
    HULL_HANDLE(toy, sleep, sleep_long), {},
};
HULL_PLUGIN(toy, .port = "toy", .version = "1", .handlers = handlers, .init = toy_init,
            .drain = toy_drain, .fini = toy_fini, .options = &toy_options_message);

static int with_toy(hull_task_fn *fn)
{
    inits = drains = finis = 0;
    hull_plugin_register(&hull_plugin_toy);
    return tap_core(fn, NULL);
}
#define TOY_TEST(name)                                   \
    static int name##_fiber(struct hull_call *, void *); \
    TEST(name)                                           \
    {                                                    \
        hull_log_set_level(HULL_LOG_ERROR);              \
        CHECK_INT(with_toy(name##_fiber), 0);            \
    }                                                    \
    static int name##_fiber(HULL_UNUSED struct hull_call *call, HULL_UNUSED void *unused)

/* --- sending --------------------------------------------------------------------------------- */

TOY_TEST(send_and_answer)
{
    struct answer answer;
    memset(&answer, 0xff, sizeof(answer));
    CHECK_OK(toy_echo(call, NULL, &(struct ask){.text = "hello"}, &answer));
    CHECK_STR(answer.text, "<hello>");
    CHECK_INT(answer.fd, -1);
    memset(&answer, 0xff, sizeof(answer));
    CHECK_KIND(toy_echo(call, "toy", &(struct ask){.number = -1}, &answer), HULL_INVALID);
    CHECK(answer.text == NULL && answer.fd == -1);
    CHECK_STR(hull_error(call), "Number: negative");
    /* A descriptor in a reply that nobody wants is closed. */
    CHECK_OK(toy_echo(call, NULL, &(struct ask){.text = "x", .number = 1}, NULL));
    CHECK_KIND(toy_missing(call, NULL, &(struct ask){}, &answer), HULL_NOT_SUPPORTED);
    CHECK_STR(hull_error(call), "toy can't do toy.missing");
    return 0;
}

TOY_TEST(what_does_not_arrive_is_closed)
{
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    struct gift gift = {.given = fds[0], .lent = fds[1]};
    CHECK_KIND(toy_take(call, "nothing", &gift, NULL), HULL_NOT_SUPPORTED);
    CHECK(gift.given == -1 && fcntl(fds[0], F_GETFD) == -1);
    CHECK(gift.lent == fds[1] && close(fds[1]) == 0);
    static const struct gift constant = {-1, -1};
    CHECK_KIND(toy_take(call, "nothing", &constant, NULL), HULL_NOT_SUPPORTED);
    return 0;
}

TOY_TEST(bad_ports_are_refused)
{
    static const char *const ports[] = {"nothing", "../toy", "/etc", "toy/",  "",
                                        "to.y",    "TOY",    "a//b", "toy\n", "a/../toy"};
    struct answer answer;
    for (size_t i = 0; i < HULL_COUNT(ports); i++) {
        CHECK_KIND(toy_echo(call, ports[i], &(struct ask){}, &answer), HULL_NOT_SUPPORTED);
        CHECK(!hull_plugin_exists(ports[i]));
    }
    char long_port[500] = "";
    memset(long_port, 'a', sizeof(long_port) - 1);
    CHECK_KIND(toy_echo(call, long_port, &(struct ask){}, &answer), HULL_NOT_SUPPORTED);
    return 0;
}

TOY_TEST(circles_of_calls_end)
{
    struct answer answer;
    CHECK_KIND(toy_recurse(call, NULL, &(struct ask){}, &answer), HULL_INTERNAL);
    CHECK_STR(hull_error(call), "calls are nested too deep: toy.recurse, toy.recurse, "
                                "toy.recurse, toy.recurse, toy.recurse, toy.recurse");
    return 0;
}

TOY_TEST(alias)
{
    struct answer answer;
    hull_plugin_alias("state", "toy");
    hull_plugin_alias("loop", "pool");
    hull_plugin_alias("pool", "loop");
    CHECK(hull_plugin_exists("state") && !hull_plugin_exists("loop"));
    CHECK_OK(toy_echo(call, "state", &(struct ask){.text = "x"}, &answer));
    CHECK_KIND(toy_echo(call, "loop", &(struct ask){}, &answer), HULL_NOT_SUPPORTED);
    return 0;
}

static int sends(struct hull_call *call, void *arg)
{
    (void)arg;
    struct answer answer;
    return toy_echo(call, NULL, &(struct ask){.text = "x"}, &answer);
}

TOY_TEST(loads_once_for_many_messages)
{
    struct hull_task *tasks[20];
    for (int i = 0; i < 20; i++)
        tasks[i] = hull_task_start(call, "sends", sends, NULL);
    /* The one that loads gives up: the others get their plugin all the same. */
    CHECK_OK(hull_sleep(call, 1));
    hull_task_cancel(tasks[0]);
    int failed = 0;
    for (int i = 0; i < 20; i++)
        failed += hull_task_join(call, tasks[i]) != 0;
    CHECK(failed <= 1);
    CHECK_INT(inits, 1);
    return 0;
}

TEST(init_failures_are_told_to_all)
{
    init_rc = -HULL_UNAVAILABLE;
    CHECK_INT(with_toy(sends), -HULL_UNAVAILABLE);
    CHECK(inits == 1 && drains == 0 && finis == 0);
    init_rc = 0;
    CHECK_INT(with_toy(sends), 0);
    CHECK(inits == 1 && drains == 1 && finis == 1);
}

static int fails_twice(struct hull_call *call, void *arg)
{
    CHECK_KIND(sends(call, arg), HULL_UNAVAILABLE);
    CHECK_STR(hull_error(call), "plugin toy: init went wrong");
    init_rc = 0;
    return sends(call, arg);
}

TEST(a_failed_load_is_tried_again)
{
    init_rc = -HULL_UNAVAILABLE;
    CHECK_INT(with_toy(fails_twice), 0);
    CHECK_INT(inits, 2);
}

/* --- undo ------------------------------------------------------------------------------------ */

TOY_TEST(undo_runs_backwards_after_the_tasks)
{
    struct answer answer;
    struct ask request = {.number = 0};
    CHECK_KIND(toy_fail(call, NULL, &request, &answer), HULL_CONFLICT);
    CHECK_STR(hull_error(call), "the real error");
    CHECK_STR(trail, "t3210");
    CHECK(answer.text == NULL);
    /* Cancelled: cleaning up is not. */
    request.number = 1;
    CHECK_KIND(toy_fail(call, NULL, &request, &answer), HULL_CONFLICT);
    CHECK_STR(trail, "t3210");
    /* Committed after the first. */
    request.number = 2;
    CHECK_KIND(toy_fail(call, NULL, &request, &answer), HULL_CONFLICT);
    CHECK_STR(trail, "t321");
    /* All well: only what is deferred. */
    request.number = 3;
    CHECK_OK(toy_fail(call, NULL, &request, &answer));
    CHECK_STR(trail, "t31");
    CHECK_STR(answer.text, "half an answer");
    return 0;
}

/* --- many answers ---------------------------------------------------------------------------- */

struct sunk {
    int ready, replies, fail_at;
};
static int sink_ready(struct hull_call *call, void *ctx)
{
    ((struct sunk *)ctx)->ready++;
    return hull_yield(call);
}
static int sink_reply(struct hull_call *call, void *ctx, const void *reply)
{
    struct sunk *sunk = ctx;
    const struct answer *answer = reply;
    CHECK_INT((int)strtol(answer->text, NULL, 10), sunk->replies);
    if (sunk->replies++ == sunk->fail_at)
        return hull_fail(call, HULL_IO, "the client has gone");
    /* The sink may send further messages as the sender. */
    struct answer inner;
    CHECK_OK(toy_echo(call, NULL, &(struct ask){.text = "x"}, &inner));
    return hull_yield(call);
}

TOY_TEST(many_answers)
{
    struct sunk sunk = {.fail_at = -1};
    struct hull_sink sink = {sink_ready, sink_reply, &sunk};
    struct ask request = {.number = 5};
    struct answer answer;
    CHECK_OK(hull_send_many(call, NULL, &toy_count_method, &request, &answer, &sink));
    CHECK(sunk.ready == 1 && sunk.replies == 5);
    CHECK_STR(answer.text, "done");
    sunk = (struct sunk){.fail_at = 2};
    CHECK_KIND(hull_send_many(call, NULL, &toy_count_method, &request, &answer, &sink), HULL_IO);
    CHECK(sunk.replies == 3 && answer.text == NULL);
    CHECK_OK(toy_count(call, NULL, &request, &answer));
    return 0;
}

/* --- looking inside -------------------------------------------------------------------------- */

static struct {
    unsigned count;
    struct hull_trace last;
    char error[64];
} traced;

static void keep_trace(const struct hull_trace *trace)
{
    traced.count++;
    traced.last = *trace;
    snprintf(traced.error, sizeof(traced.error), "%s", trace->error);
}

TOY_TEST(calls_are_traced_while_somebody_looks)
{
    struct answer answer;
    struct hull_arena *arena = hull_call_arena(call);
    struct ask bad = {.number = -1};
    hull_trace_set(keep_trace);
    CHECK_OK(toy_echo(call, NULL, &(struct ask){.text = "a"}, &answer));
    CHECK(traced.count == 1 && traced.last.rc == 0);
    CHECK(toy_echo(call, NULL, &bad, &answer) < 0);
    CHECK(traced.count == 2 && traced.last.rc == -HULL_INVALID);
    CHECK(traced.last.method == &toy_echo_method && traced.last.request == &bad);
    CHECK_STR(traced.last.port, "toy");
    CHECK_STR(traced.error, "Number: negative");
    hull_trace_set(NULL);
    struct hull_plugin_info_list list;
    hull_debug_plugins(arena, &list);
    CHECK_INT(list.n, 1);
    CHECK_STR(list.v[0].state, "ready");
    CHECK(list.v[0].calls == 2 && list.v[0].failures == 1 && list.v[0].active == 0);
    return 0;
}

/* --- options --------------------------------------------------------------------------------- */

static int reads_options(struct hull_call *call, void *arg)
{
    (void)arg;
    hull_plugin_option_set("toy", "root", "/x");
    hull_plugin_option_set("toy", "size", "-12");
    hull_plugin_option_set("toy", "fast", "true");
    hull_plugin_option_set("toy", "limit", "0");
    hull_plugin_option_set("toy", "name", "a");
    hull_plugin_option_set("toy", "name", "b");
    hull_plugin_option_set("toy", "label", "k=v=w");
    CHECK(hull_plugin_options("toy") == NULL);
    CHECK_OK(hull_plugin_load(call, "toy"));
    const struct toy_options *o = hull_plugin_options("toy");
    CHECK_STR(o->root, "/x");
    CHECK(o->size == -12 && o->fast && o->limit.set && o->limit.value == 0 && o->names.n == 2);
    CHECK_STR(o->names.v[1], "b");
    CHECK_STR(hull_map_find(&o->labels, "k"), "v=w");
    return 0;
}

TEST(options_are_typed)
{
    CHECK_INT(with_toy(reads_options), 0);
}

static const char *const *bad_option;
static int sets_bad_option(struct hull_call *call, void *arg)
{
    (void)arg;
    hull_plugin_option_set("toy", bad_option[0], bad_option[1]);
    CHECK_KIND(hull_plugin_load(call, "toy"), HULL_INVALID);
    CHECK_HAS(hull_error(call), "plugin toy: ");
    CHECK_HAS(hull_error(call), bad_option[2]);
    return 0;
}

TEST(bad_options_are_refused)
{
    static const char *const bad[][3] = {
        {"nothing", "x", "unknown option \"nothing\""},
        {"size", "12x", "bad value \"12x\""},
        {"size", "", "bad value"},
        {"fast", "maybe", "bad value"},
        {"root", "/longer/than/8", "more than 8"},
        {"label", "novalue", "bad value"},
    };
    for (size_t i = 0; i < HULL_COUNT(bad); i++) {
        bad_option = bad[i];
        CHECK_INT(with_toy(sets_bad_option), 0);
    }
}

/* --- configuration, ending ------------------------------------------------------------------- */

TOY_TEST(configuration)
{
    struct ask config = {.number = 7};
    CHECK(hull_config_get(&ask_message) == NULL);
    hull_config_set(&ask_message, &config);
    CHECK(hull_config_get(&ask_message) == &config);
    CHECK(hull_config_get(&answer_message) == NULL);
    return 0;
}

static int long_request(struct hull_call *call, void *arg)
{
    (void)arg;
    struct answer answer;
    return toy_sleep(call, NULL, &(struct ask){.number = 60000}, &answer);
}
static int connection(struct hull_call *call, void *arg)
{
    *(int *)arg = hull_request(call, "long", HULL_FOREVER, long_request, NULL);
    return 0;
}

TOY_TEST(stop_cancels_requests_and_drains)
{
    int rc = 1;
    struct hull_task *task = hull_task_start(call, "connection", connection, &rc);
    CHECK_OK(hull_sleep(call, 20));
    CHECK_OK(hull_core_stop(call, 1000));
    CHECK(drains == 1 && finis == 1);
    CHECK_OK(hull_task_join(call, task));
    CHECK_INT(rc, -HULL_CANCELED);
    struct answer answer;
    CHECK_KIND(toy_echo(call, NULL, &(struct ask){}, &answer), HULL_UNAVAILABLE);
    return 0;
}

static int not_a_request(struct hull_call *call, void *arg)
{
    return *(int *)arg = long_request(call, NULL);
}

TOY_TEST(stop_cancels_what_does_not_end_in_time)
{
    int rc = 1;
    struct hull_task *task = hull_task_start(call, "plain task", not_a_request, &rc);
    CHECK_OK(hull_sleep(call, 20));
    int64_t before = hull_now_ms();
    CHECK_OK(hull_core_stop(call, 50));
    CHECK(hull_now_ms() - before >= 49 && hull_now_ms() - before < 2000);
    CHECK_INT(rc, -HULL_CANCELED);
    CHECK_KIND(hull_task_join(call, task), HULL_CANCELED);
    return 0;
}

TAP_MAIN
