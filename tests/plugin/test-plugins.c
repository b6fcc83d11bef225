/* Plugins on the disk: loading, failing to load, ending with work in flight. */
#define HULL_DEFINE_TABLES
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "toys/toys.h"

static const char *toys_folder(void)
{
    static char folder[4096];
    const char *build = getenv("HULL_BUILDDIR");
    if (build == NULL)
        SKIP("HULL_BUILDDIR is not set: run it with make check");
    snprintf(folder, sizeof(folder), "%s/tests/plugin/toys", build);
    return folder;
}

static int with_toys(hull_task_fn *fn, void *arg, uint64_t seed)
{
    struct hull_core_options options = tap_options();
    options.plugin_path = toys_folder();
    if (seed != 0)
        options.seed = seed;
    hull_log_set_level(HULL_LOG_ERROR);
    return hull_core_run(&options, fn, arg);
}

#define TOYS_TEST(name)                                  \
    static int name##_fiber(struct hull_call *, void *); \
    TEST(name)                                           \
    {                                                    \
        CHECK_INT(with_toys(name##_fiber, NULL, 0), 0);  \
    }                                                    \
    static int name##_fiber(struct hull_call *call, HULL_UNUSED void *unused)

static const char *ask_echo(struct hull_call *call, const char *port)
{
    struct toy_answer answer;
    CHECK_OK(toy_ask(call, port, &(struct toy_ask){.text = "hello"}, &answer));
    return answer.text;
}

/* --- loading --------------------------------------------------------------------------------- */

TOYS_TEST(the_first_message_loads)
{
    struct hull_plugin_info_list list;
    CHECK(hull_plugin_exists("echo") && hull_plugin_exists("toy/relay"));
    CHECK(!hull_plugin_exists("toy/nothing") && !hull_plugin_exists("../toys/echo"));
    hull_debug_plugins(hull_call_arena(call), &list);
    CHECK_INT(list.n, 0);
    CHECK_STR(ask_echo(call, "echo"), "hello!");
    hull_debug_plugins(hull_call_arena(call), &list);
    CHECK_INT(list.n, 1);
    CHECK_STR(list.v[0].state, "ready");
    CHECK_HAS(list.v[0].file, "/echo.so");
    hull_plugin_alias("default", "echo");
    CHECK_STR(ask_echo(call, "default"), "hello!");
    return 0;
}

/* The steps published so far, "port step, ". */
static const char *steps(struct hull_call *call, struct hull_subscription *subscription)
{
    struct hull_text text = HULL_TEXT(hull_call_arena(call));
    hull_text_puts(&text, "");
    hull_publish(&toy_steps, &(struct toy_step){"the", "end"});
    for (;;) {
        struct toy_step step;
        CHECK_OK(hull_next_event(call, subscription, text.arena, &step, NULL));
        if (hull_streq(step.step, "end"))
            return text.data;
        hull_text_printf(&text, "%s %s, ", step.port, step.step);
    }
}

TOYS_TEST(needs_come_first_and_go_last)
{
    struct hull_subscription *subscription = hull_subscribe(&toy_steps, 100);
    CHECK_STR(ask_echo(call, "toy/relay"), "hello!");
    CHECK_STR(steps(call, subscription), "echo init, toy/sleepy init, toy/relay init, ");
    CHECK_OK(hull_core_stop(call, 1000));
    CHECK_STR(steps(call, subscription), "toy/relay drain, toy/relay fini, toy/sleepy drain, "
                                         "toy/sleepy fini, echo drain, echo fini, ");
    return 0;
}

TOYS_TEST(options_from_the_configuration)
{
    hull_plugin_option_set("toy/relay", "to", "toy/sleepy");
    struct toy_answer answer;
    CHECK_OK(toy_ask(call, "toy/relay", &(struct toy_ask){}, &answer));
    CHECK_STR(answer.text, "slept");
    return 0;
}

TOYS_TEST(circles_of_calls_end)
{
    struct toy_answer answer;
    struct toy_ask request = {.text = "x", .number = 20};
    CHECK_OK(toy_ask(call, "toy/relay", &request, &answer));
    request.number = 100000;
    CHECK_KIND(toy_ask(call, "toy/relay", &request, &answer), HULL_INTERNAL);
    CHECK_HAS(hull_error(call), "calls are nested too deep: toy.ask, toy.ask");
    return 0;
}

/* --- failing to load ------------------------------------------------------------------------- */

static const struct {
    const char *port;
    enum hull_kind kind;
    const char *error;
} broken[] = {
    {"toy/old-abi", HULL_INTERNAL, "made for plugin ABI 3.0, this is 2.1: build it again"},
    {"toy/orphan", HULL_NOT_SUPPORTED, "plugin toy/orphan: needs no/such: no plugin provides"},
    {"toy/unresolved", HULL_INTERNAL, "undefined symbol: toy_symbol_that_nobody_has"},
    {"toy/no-table", HULL_INTERNAL, "no hull plugin for port \"toy/no-table\""},
    {"toy/wrong-port", HULL_INTERNAL, "provides \"toy/other\", not \"toy/wrong-port\""},
    {"toy/failing", HULL_NO_SPACE, "plugin toy/failing: no room for toys"},
    {"toy/ring-a", HULL_INTERNAL, "plugins toy/ring-b and toy/ring-a need each other"},
    {"toy/ring-b", HULL_INTERNAL, "plugins toy/ring-a and toy/ring-b need each other"},
};

TOYS_TEST(failures_tell_the_true_reason)
{
    struct toy_answer answer;
    for (size_t i = 0; i < HULL_COUNT(broken) * 2; i++) {
        size_t at = i % HULL_COUNT(broken);
        CHECK(hull_plugin_exists(broken[at].port));
        int rc = toy_ask(call, broken[at].port, &(struct toy_ask){}, &answer);
        if (rc != -(int)broken[at].kind)
            FAIL("%s: %d: %s", broken[at].port, rc, hull_error(call));
        CHECK_HAS(hull_error(call), broken[at].error);
    }
    struct hull_plugin_info_list list;
    hull_debug_plugins(hull_call_arena(call), &list);
    CHECK_INT(list.n, 0);
    return 0;
}

static int loads(struct hull_call *call, void *port)
{
    return hull_plugin_load(call, port);
}

static int loads_the_ring(struct hull_call *call, void *arg)
{
    (void)arg;
    struct hull_task *a = hull_task_start(call, "a", loads, (void *)"toy/ring-a");
    struct hull_task *b = hull_task_start(call, "b", loads, (void *)"toy/ring-b");
    CHECK_KIND(hull_task_join(call, a), HULL_INTERNAL);
    CHECK_KIND(hull_task_join(call, b), HULL_INTERNAL);
    CHECK_HAS(hull_error(call), "need each other");
    return 0;
}

/* From both sides at once, neither waits for the other for ever. */
TEST_LIMIT(a_ring_from_two_sides, 120)
{
    for (uint64_t seed = 1; seed <= 30; seed++)
        CHECK_INT(with_toys(loads_the_ring, NULL, seed), 0);
}

/* --- who may have written it ----------------------------------------------------------------- */

static char unsafe_folder[64];

static int loads_from_folder(struct hull_call *call, void *arg)
{
    int rc = hull_plugin_load(call, "echo");
    if (rc < 0)
        snprintf(arg, 1024, "%s", hull_error(call));
    return rc;
}

static int load_copy(char *error)
{
    struct hull_core_options options = tap_options();
    options.plugin_path = unsafe_folder;
    error[0] = '\0';
    return hull_core_run(&options, loads_from_folder, error);
}

static void copy_file(const char *from, const char *to)
{
    HULL_AUTO_FD in = open(from, O_RDONLY | O_CLOEXEC);
    HULL_AUTO_FD out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    CHECK(in >= 0 && out >= 0);
    ssize_t copied;
    do {
        copied = copy_file_range(in, NULL, out, NULL, 1 << 20, 0);
        CHECK(copied >= 0);
    } while (copied > 0);
}

TEST(as_root_only_roots_files_are_loaded)
{
    char original[9000], file[128], error[1024];
    if (geteuid() != 0)
        SKIP("not root");
    snprintf(unsafe_folder, sizeof(unsafe_folder), "/tmp/hull-toys-XXXXXX");
    CHECK(mkdtemp(unsafe_folder) != NULL);
    snprintf(original, sizeof(original), "%s/.libs/echo.so", toys_folder());
    snprintf(file, sizeof(file), "%s/echo.so", unsafe_folder);
    copy_file(original, file);
    CHECK(chmod(file, 0644) == 0 && chmod(unsafe_folder, 0755) == 0);
    CHECK_INT(load_copy(error), 0);
    CHECK(chmod(file, 0646) == 0);
    CHECK_INT(load_copy(error), -HULL_FORBIDDEN);
    CHECK_HAS(error, "echo.so: refused");
    CHECK(chmod(file, 0644) == 0 && chown(file, 1, 0) == 0);
    CHECK_INT(load_copy(error), -HULL_FORBIDDEN);
    CHECK(chown(file, 0, 0) == 0 && chmod(unsafe_folder, 0777) == 0);
    CHECK_INT(load_copy(error), -HULL_FORBIDDEN);
    CHECK(chmod(unsafe_folder, 0755) == 0 && chown(unsafe_folder, 1, 0) == 0);
    CHECK_INT(load_copy(error), -HULL_FORBIDDEN);
    CHECK(unlink(file) == 0 && rmdir(unsafe_folder) == 0);
}

/* --- ending with work in flight -------------------------------------------------------------- */

/* Of a scenario, for it has choices of its own. */
struct dice {
    uint64_t state;
};
static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice->state >> 33) % sides;
}

static int writes_for_ever(struct hull_call *call, void *arg)
{
    int rc = 0;
    while (rc == 0)
        rc = hull_stream_write(call, arg, "0123456789", 10);
    hull_stream_close(arg);
    return 0;
}

static int feeds(struct hull_call *call, unsigned capacity, struct toy_answer *answer)
{
    struct toy_ask request = {.text = "stream"};
    struct hull_stream *writer;
    hull_stream_pair(capacity + 1, &request.stream, &writer);
    hull_task_start(call, "writes", writes_for_ever, writer);
    return hull_send(call, "toy/sleepy", &toy_many_method, &request, answer);
}

static int one_request(struct hull_call *call, void *arg)
{
    static const char *const ports[] = {"echo", "toy/relay", "toy/sleepy", "toy/failing"};
    struct dice *dice = arg;
    struct toy_answer answer;
    struct toy_ask request = {.text = "x", .number = roll(dice, 5)};
    if (roll(dice, 4) == 0)
        hull_call_set_timeout(call, roll(dice, 10));
    if (roll(dice, 6) == 0)
        return feeds(call, roll(dice, 100), &answer);
    return toy_ask(call, ports[roll(dice, HULL_COUNT(ports))], &request, &answer);
}

static bool expected(int rc)
{
    return rc == 0 || rc == -HULL_CANCELED || rc == -HULL_TIMEOUT || rc == -HULL_UNAVAILABLE ||
           rc == -HULL_NO_SPACE || rc == -HULL_IO;
}

static int client(struct hull_call *call, void *arg)
{
    for (int rc = 0; rc == 0;) {
        int answered = hull_request(call, "request", HULL_FOREVER, one_request, arg);
        if (!expected(answered))
            FAIL("%s: %s", hull_kind_name(answered), hull_error(call));
        rc = answered == -HULL_UNAVAILABLE ? -1 : hull_yield(call);
    }
    return 0;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* What began has ended, once. */
static void check_steps(const char *text)
{
    static const char *const ports[] = {"echo", "toy/relay", "toy/sleepy"};
    for (size_t i = 0; i < HULL_COUNT(ports); i++) {
        char part[64];
        snprintf(part, sizeof(part), "%s init, ", ports[i]);
        size_t begun = occurrences(text, part);
        snprintf(part, sizeof(part), "%s drain, %s fini, ", ports[i], ports[i]);
        if (occurrences(text, part) != begun || begun > 1)
            FAIL("%s: %s", ports[i], text);
    }
}

static int busy_end(struct hull_call *call, void *arg)
{
    struct dice *dice = arg;
    struct hull_task *clients[12];
    struct hull_subscription *subscription = hull_subscribe(&toy_steps, 1000);
    for (size_t i = 0; i < HULL_COUNT(clients); i++)
        clients[i] = hull_task_start(call, "client", client, dice);
    for (unsigned i = roll(dice, 8); i > 0; i--) {
        CHECK_OK(hull_sleep(call, 1));
        hull_task_cancel(clients[roll(dice, HULL_COUNT(clients))]);
    }
    CHECK_OK(hull_core_stop(call, 2000));
    for (size_t i = 0; i < HULL_COUNT(clients); i++)
        CHECK_OK(hull_task_join(call, clients[i]));
    CHECK_INT(hull_debug_fiber_count(), 1);
    check_steps(steps(call, subscription));
    return 0;
}

TEST_LIMIT(ending_with_work_in_flight, 600)
{
    const char *wanted = getenv("HULL_SEEDS");
    uint64_t seeds = wanted != NULL ? strtoull(wanted, NULL, 10) : TAP_SANITIZED ? 100 : 300;
    HULL_AUTO_FD null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    hull_log_set_fd(null); /* thousands of requests fail */
    unsigned fds = tap_count_fds();
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct dice dice = {seed};
        printf("# seed %llu\n", (unsigned long long)seed);
        fflush(stdout);
        CHECK_INT(with_toys(busy_end, &dice, seed), 0);
        CHECK_INT(tap_count_fds(), fds);
    }
    hull_log_set_fd(STDERR_FILENO);
}

TAP_MAIN
