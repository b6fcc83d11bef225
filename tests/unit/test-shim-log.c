/*
 * The json-file that hull-shim writes.
 */
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "tools/shim/shim.h"

struct shim shim;

static char *written(void)
{
    static char text[200000];
    int fd = open(shim.plan.log_path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    CHECK(n >= 0);
    text[n] = '\0';
    close(fd);
    unlink(shim.plan.log_path);
    return text;
}

static void begin(void)
{
    static char path[] = "/tmp/hull-log-XXXXXX";
    close(mkstemp(path));
    shim.plan.log_path = path;
    CHECK_INT(log_open(), 0);
}

/* The log is open to the end of the process. */
static void finish(void)
{
    for (int fd = 3; fd < 64; fd++) {
        char name[64], target[64] = "";
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        if (readlink(name, target, sizeof(target) - 1) > 0 && strstr(target, "/tmp/hull-log-"))
            close(fd);
    }
}

TEST(escapes)
{
    begin();
    const char line[] = "a\"b\\c\t<&>\x7f\xc3\xa9\xff\xe2\x80\xa8\xed\xa0\x80\r\n";
    log_write(false, line, sizeof(line) - 1);
    CHECK_HAS(written(),
              "{\"log\":\"a\\\"b\\\\c\\u0009\\u003c\\u0026\\u003e\x7f\xc3\xa9\\ufffd\\u2028\\ufffd"
              "\\ufffd\\ufffd\\r\\n\",\"stream\":\"stdout\",\"time\":\"20");
    finish();
}

TEST(pieces_of_lines)
{
    static char line[40001];
    begin();
    memset(line, 'x', sizeof(line));
    line[40000] = '\n';
    log_write(true, "par", 3);
    log_write(true, "tial\n", 5);
    log_write(true, line, 1000);
    log_write(true, line + 1000, sizeof(line) - 1000);
    log_write(true, "rest", 4);
    log_end(true);
    char *text = written(), *at = text;
    size_t lines = 0, newlines = 0;
    CHECK(strncmp(text, "{\"log\":\"partial\\n\",\"stream\":\"stderr\"", 35) == 0);
    for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        lines++;
        newlines += strstr(at, "\\n\",\"stream\"") != NULL;
    }
    /* partial; 16384 and 16384 and 7232; rest */
    CHECK_INT(lines, 5);
    CHECK_INT(newlines, 2);
    finish();
}

TEST(attributes)
{
    begin();
    shim.plan.log_attributes = "{\"a\":\"b\"}";
    log_write(false, "x\n", 2);
    CHECK_HAS(written(), "\"stream\":\"stdout\",\"attrs\":{\"a\":\"b\"},\"time\":\"");
    finish();
}

/* What can't be written is lost by whole lines, and later ones are there. */
TEST(full_disk)
{
    struct rlimit limit, small;
    begin();
    signal(SIGXFSZ, SIG_IGN);
    log_write(false, "before\n", 7);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){150, limit.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    log_write(false, "lost one\nlost two\n", 18);
    log_write(false, "lost three\n", 11);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_write(false, "after\n", 6);
    char *text = written(), *end = strchr(text, '\n');
    CHECK(end != NULL && strstr(text, "lost") == NULL);
    CHECK_HAS(text, "{\"log\":\"before\\n\"");
    CHECK(strncmp(end + 1, "{\"log\":\"after\\n\"", 16) == 0);
    finish();
}

TAP_MAIN
