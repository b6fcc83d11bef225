/*
 * The client of plugins written by others, against a plugin that answers whatever a test says.
 */
#include "../unit/tap.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "plugins/common/plugin_client.h"
#include "plugins/common/root.h"

#define ECHO_FIELDS(F, T)                \
    F(T, STRING, _, name, "Name", 0, "") \
    F(T, INT, _, count, "Count", 0, "")
HULL_MESSAGE_DECLARE(echo, ECHO_FIELDS)
HULL_MESSAGE_DEFINE(echo, ECHO_FIELDS)

#define ACTIVATE "{\"Implements\":[\"VolumeDriver\",\"authz\"]}"

static char folder[64];
static struct plugin_dirs dirs;

/* --- the plugin ------------------------------------------------------------------------------ */

struct fake {
    int fd;
    const char *status; /* "200 OK" */
    const char *answer; /* to all but the handshake; NULL: none, the connection stays open */
    const char *raw;    /* instead of a whole response */
    const char *implements;
    unsigned handshakes, calls;
    char seen[2048]; /* the last request */
};

static int read_request(struct hull_call *call, struct hull_stream *s, char *to, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t more = hull_stream_read(call, s, to + n, size - 1 - n);
        if (more <= 0)
            return more < 0 ? (int)more : -HULL_IO;
        n += (size_t)more;
        to[n] = '\0';
        const char *end = strstr(to, "\r\n\r\n"), *length = strstr(to, "Content-Length: ");
        if (end != NULL && strlen(end + 4) >= strtoul(length + 16, NULL, 10))
            return 0;
    }
}

static int serve_one(struct hull_call *call, struct fake *fake, struct hull_stream *s)
{
    char buffer[2048];
    int rc = read_request(call, s, buffer, sizeof(buffer));
    if (rc < 0)
        return rc;
    bool handshake = strncmp(buffer, "POST /Plugin.Activate ", 22) == 0;
    fake->handshakes += handshake;
    fake->calls += !handshake;
    const char *body = handshake ? fake->implements : fake->answer;
    if (!handshake)
        memcpy(fake->seen, buffer, sizeof(buffer));
    if (!handshake && fake->raw != NULL)
        return hull_stream_write(call, s, fake->raw, strlen(fake->raw));
    if (body == NULL)
        return hull_sleep(call, 60000);
    const char *text = hull_printf(call, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                                   handshake ? "200 OK" : fake->status, strlen(body), body);
    return hull_stream_write(call, s, text, strlen(text));
}

static int serve(struct hull_call *call, void *arg)
{
    struct fake *fake = arg;
    for (;;) {
        int rc = hull_wait_fd(call, fake->fd, POLLIN);
        if (rc < 0)
            return rc;
        int fd = accept4(fake->fd, NULL, NULL, SOCK_CLOEXEC);
        CHECK(fd >= 0);
        struct hull_stream *s = hull_stream_from_fd(fd);
        rc = serve_one(call, fake, s);
        hull_stream_close(s);
        if (rc == -HULL_CANCELED)
            return rc;
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(fd, 8) == 0);
    return fd;
}

/* --- the folder ------------------------------------------------------------------------------ */

static void clean_up(struct hull_call *call, void *unused)
{
    (void)call;
    (void)unused;
    int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(parent >= 0 && root_remove_tree(parent, strrchr(folder, '/') + 1) == 0);
    close(parent);
    plugin_client_done();
}

static const char *in_folder(struct hull_call *call, const char *name)
{
    return hull_printf(call, "%s/%s", folder, name);
}

static void write_file(struct hull_call *call, const char *name, const char *text)
{
    FILE *f = fopen(in_folder(call, name), "we");
    CHECK(f != NULL);
    fputs(text, f);
    fclose(f);
}

static void set_up(struct hull_call *call)
{
    snprintf(folder, sizeof(folder), "/tmp/hull-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    dirs = (struct plugin_dirs){.sockets = folder, .retry_ms = 100};
    hull_strv_add(hull_call_arena(call), &dirs.specs, in_folder(call, "specs"));
    CHECK(mkdir(dirs.specs.v[0], 0755) == 0);
    hull_defer(call, clean_up, NULL);
}

static struct hull_task *start(struct hull_call *call, struct fake *fake, const char *socket)
{
    fake->fd = listen_at(in_folder(call, socket));
    if (fake->status == NULL)
        fake->status = "200 OK";
    if (fake->implements == NULL)
        fake->implements = ACTIVATE;
    return hull_task_start(call, "plugin", serve, fake);
}

static void stop(struct hull_call *call, struct fake *fake, struct hull_task *task)
{
    hull_task_cancel(task);
    CHECK_INT(hull_task_join(call, task), -HULL_CANCELED);
    close(fake->fd);
}

static int ask(struct hull_call *call, const char *method, struct echo *ret)
{
    struct echo request = {.name = "vol", .count = 3};
    struct plugin_call what = {.dirs = &dirs,
                               .name = "toy",
                               .method = method,
                               .request = &echo_message,
                               .value = &request,
                               .reply = &echo_message,
                               .timeout_ms = 300};
    return plugin_call(call, &what, ret);
}

#define CHECK_SAYS(call, text)                                          \
    do {                                                                \
        if (strstr(hull_error(call), text) == NULL)                     \
            FAIL("\"%s\" does not say \"%s\"", hull_error(call), text); \
    } while (0)

/* --- tests ----------------------------------------------------------------------------------- */

FIBER_TEST(a_call_goes_there_and_back)
{
    struct fake fake = {.answer = "{\"Name\":\"x\",\"Count\":7,\"More\":1,\"Err\":\"\"}"};
    struct echo echo;
    set_up(call);
    struct hull_task *task = start(call, &fake, "toy.sock");
    CHECK_OK(ask(call, "VolumeDriver.Get", &echo));
    CHECK_STR(echo.name, "x");
    CHECK_INT(echo.count, 7);
    CHECK(strstr(fake.seen, "POST /VolumeDriver.Get HTTP/1.1\r\n") == fake.seen);
    CHECK(strstr(fake.seen, "Accept: application/vnd.docker.plugins.v1.2+json\r\n") != NULL);
    CHECK(strstr(fake.seen, "\r\n\r\n{\"Name\":\"vol\",\"Count\":3}") != NULL);
    CHECK_OK(ask(call, "AuthZPlugin.AuthZReq", &echo));
    CHECK_INT(fake.handshakes, 1);
    CHECK_INT(fake.calls, 2);
    CHECK_INT(ask(call, "NetworkDriver.Join", &echo), -HULL_NOT_SUPPORTED);
    CHECK_STR(hull_error(call), "plugin \"toy\" does not implement NetworkDriver");
    stop(call, &fake, task);
}

FIBER_TEST(what_it_says_went_wrong_is_told)
{
    struct fake fake = {.answer = "{\"Err\":\"no such volume\"}"};
    struct echo echo;
    set_up(call);
    struct hull_task *task = start(call, &fake, "toy.sock");
    CHECK_INT(ask(call, "VolumeDriver.Get", &echo), -HULL_INTERNAL);
    CHECK_STR(hull_error(call), "plugin \"toy\": VolumeDriver.Get: no such volume");
    fake.status = "500 Oops", fake.answer = "it broke\n";
    CHECK_INT(ask(call, "VolumeDriver.Get", &echo), -HULL_INTERNAL);
    CHECK_STR(hull_error(call), "plugin \"toy\": VolumeDriver.Get: it broke");
    fake.status = "404 Not Found", fake.answer = "";
    CHECK_INT(ask(call, "VolumeDriver.Get", &echo), -HULL_NOT_FOUND);
    CHECK_SAYS(call, "plugin \"toy\": VolumeDriver.Get: it answered with status 404");
    stop(call, &fake, task);
}

FIBER_TEST(one_that_hangs_costs_its_time_limit)
{
    struct fake fake = {};
    struct echo echo;
    set_up(call);
    struct hull_task *task = start(call, &fake, "toy.sock");
    int64_t before = hull_now_ms();
    CHECK_INT(ask(call, "VolumeDriver.Mount", &echo), -HULL_IO);
    CHECK_SAYS(call, "plugin \"toy\": VolumeDriver.Mount: no answer within 1 s");
    CHECK(hull_now_ms() - before >= 290);
    stop(call, &fake, task);
}

FIBER_TEST(one_that_dies_or_lies_is_named)
{
    static const struct {
        const char *raw, *says;
    } lies[] = {
        {"", "closed the connection: EOF"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "unexpected EOF"},
        {"HELLO\r\n\r\n", "malformed response: no HTTP/1.1"},
        {"HTTP/1.1 200 OK\r\n\r\nnot json", "cannot understand its answer"},
        {"HTTP/1.1 200 OK\r\n\r\n{\"Count\":\"lots\"}", "expected an integer"},
        {"HTTP/1.1 200 OK\r\n\r\n{\"Err\":5}", "cannot understand its answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", "closed the connection"},
    };
    struct fake fake = {};
    struct echo echo;
    set_up(call);
    struct hull_task *task = start(call, &fake, "toy.sock");
    for (size_t i = 0; i < HULL_COUNT(lies); i++) {
        fake.raw = lies[i].raw;
        CHECK_INT(ask(call, "VolumeDriver.List", &echo), -HULL_IO);
        CHECK_SAYS(call, "plugin \"toy\": VolumeDriver.List: ");
        CHECK_SAYS(call, lies[i].says);
    }
    stop(call, &fake, task);
}

static int come_back(struct hull_call *call, void *arg)
{
    struct fake *fake = arg;
    int rc = hull_sleep(call, 150);
    if (rc < 0)
        return rc;
    fake->fd = listen_at(in_folder(call, "toy.sock"));
    return serve(call, fake);
}

FIBER_TEST(one_that_is_started_anew_is_waited_for)
{
    struct fake fake = {.answer = "{\"Name\":\"old\"}"};
    struct fake again = {
        .status = "200 OK", .answer = "{\"Name\":\"new\"}", .implements = ACTIVATE};
    struct echo echo;
    set_up(call);
    struct hull_task *task = start(call, &fake, "toy.sock");
    CHECK_OK(ask(call, "VolumeDriver.Get", &echo));
    stop(call, &fake, task);
    CHECK_INT(ask(call, "VolumeDriver.Get", &echo), -HULL_IO);
    CHECK_SAYS(call, "is the plugin running?");

    dirs.retry_ms = 5000;
    unlink(in_folder(call, "toy.sock"));
    write_file(call, "specs/toy.spec", hull_printf(call, "unix://%s/toy.sock\n", folder));
    struct echo request = {};
    struct plugin_call what = {.dirs = &dirs,
                               .name = "toy",
                               .method = "VolumeDriver.Get",
                               .request = &echo_message,
                               .value = &request,
                               .reply = &echo_message};
    task = hull_task_start(call, "again", come_back, &again);
    CHECK_OK(plugin_call(call, &what, &echo));
    CHECK_STR(echo.name, "new");
    CHECK_INT(again.handshakes, 1);
    stop(call, &again, task);
}

FIBER_TEST(names_are_found_in_the_folders)
{
    struct hull_strv names;
    struct fake fake = {.answer = "{}"};
    struct echo echo;
    set_up(call);
    CHECK_INT(ask(call, "VolumeDriver.Get", &echo), -HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "plugin \"toy\" not found");
    CHECK(mkdir(in_folder(call, "toy"), 0755) == 0);
    struct hull_task *task = start(call, &fake, "toy/toy.sock");
    CHECK_OK(plugin_activate(call, &dirs, "toy", "VolumeDriver"));
    write_file(call, "specs/a.spec", "tcp://localhost:1");
    write_file(call, "specs/b.json", "{\"Name\":\"b\",\"Addr\":\"tcp://localhost:1\"}");
    write_file(call, "specs/toy.json", "{}");
    CHECK_OK(plugin_list(call, &dirs, &names));
    CHECK_INT(names.n, 3);
    CHECK(hull_strv_contains(&names, "toy") && hull_strv_contains(&names, "a"));
    CHECK(plugin_exists(call, &dirs, "b") && !plugin_exists(call, &dirs, "c"));
    CHECK_INT(plugin_activate(call, &dirs, "b", "VolumeDriver"), -HULL_IO);
    CHECK_SAYS(call, "plugin \"b\": Plugin.Activate: nothing listens at tcp://localhost:1");
    stop(call, &fake, task);
}

FIBER_TEST(what_is_no_name_or_address_is_refused)
{
    static const char *const names[] = {"", "../x", "a/b", ".x", "a b", "x\n"};
    set_up(call);
    for (size_t i = 0; i < HULL_COUNT(names); i++)
        CHECK_INT(plugin_activate(call, &dirs, names[i], "authz"), -HULL_INVALID);
    write_file(call, "specs/bad.spec", "ftp://nowhere:1");
    CHECK_INT(plugin_activate(call, &dirs, "bad", "authz"), -HULL_INVALID);
    CHECK_SAYS(call, "specs/bad.spec: \"ftp://nowhere:1\" is no address of a plugin");
    write_file(call, "specs/worse.json", "{\"Addr\":");
    CHECK_INT(plugin_activate(call, &dirs, "worse", "authz"), -HULL_INVALID);
    CHECK_SAYS(call, "specs/worse.json");
    CHECK(chmod(in_folder(call, "specs"), 0777) == 0);
    CHECK_INT(plugin_activate(call, &dirs, "bad", "authz"), -HULL_FORBIDDEN);
    CHECK_SAYS(call, "not be writable for all");
}

TAP_MAIN
