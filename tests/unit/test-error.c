/* Kinds, slots, problems, the log. */
#include "tap.h"

#include <fcntl.h>

FIBER_TEST(fail_fills_the_slot)
{
    CHECK_STR(hull_error(call), "");
    CHECK_KIND(hull_fail(call, HULL_NOT_FOUND, "No such container: %s", "x"), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "No such container: x");
    CHECK_INT(hull_wrap(call, 0, "unused"), 0);
    CHECK_KIND(hull_wrap(call, -HULL_NOT_FOUND, "start %d", 7), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "start 7: No such container: x");
    CHECK_KIND(hull_fail(call, HULL_IO, "again: %s", hull_error(call)), HULL_IO);
    CHECK_STR(hull_error(call), "again: start 7: No such container: x");
    hull_error_clear(call);
    CHECK_STR(hull_error(call), "");
}

FIBER_TEST(errno_becomes_a_kind)
{
    CHECK_KIND(hull_fail_errno(call, ENOENT, "/x"), HULL_NOT_FOUND);
    CHECK_STR(hull_error(call), "/x: No such file or directory");
    CHECK_KIND(hull_fail_errno(call, ENOSPC, "/x"), HULL_NO_SPACE);
    CHECK_KIND(hull_fail_errno(call, EDQUOT, "/x"), HULL_NO_SPACE);
    CHECK_KIND(hull_fail_errno(call, EIO, "/x"), HULL_IO);
    CHECK_KIND(hull_fail_errno(call, EACCES, "/x"), HULL_FORBIDDEN);
}

FIBER_TEST(a_long_message_is_cut)
{
    char *text = hull_alloc(call, 100000);
    memset(text, 'x', 99999);
    CHECK_KIND(hull_fail(call, HULL_INVALID, "%s", text), HULL_INVALID);
    CHECK(strlen(hull_error(call)) < 20000);
}

FIBER_TEST(problems)
{
    struct hull_problem problem = {0};
    CHECK_OK(hull_fail_problem(call, &problem));
    CHECK_INT(hull_problem_set(&problem, HULL_TIMEOUT, "%s", "slow"), -HULL_TIMEOUT);
    hull_problem_set(&problem, HULL_TIMEOUT, "very %s", problem.text);
    CHECK_KIND(hull_fail_problem(call, &problem), HULL_TIMEOUT);
    CHECK_STR(hull_error(call), "very slow");
}

TEST(kinds)
{
    CHECK_STR(hull_kind_name(HULL_NOT_FOUND), "NOT_FOUND");
    CHECK_STR(hull_kind_name(-HULL_NOT_FOUND), "NOT_FOUND");
    CHECK_STR(hull_kind_name(-1000), "INTERNAL");
    CHECK_INT(hull_kind_status(0), 200);
    CHECK_INT(hull_kind_status(-HULL_CONFLICT), 409);
    CHECK_INT(hull_kind_of_status(404), HULL_NOT_FOUND);
    CHECK_INT(hull_kind_of_status(500), HULL_INTERNAL);
    CHECK_INT(hull_kind_of_status(418), HULL_INTERNAL);
    CHECK_INT(hull_kind_of_errno(ECANCELED), HULL_CANCELED);
}

/* --- the log --------------------------------------------------------------------------------- */

static char *logged(int fd)
{
    static char text[16384];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    CHECK(n >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    text[n] = '\0';
    return text;
}

TEST(log_lines_cannot_be_forged)
{
    HULL_AUTO_FD fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    hull_log_set_fd(fd);
    hull_log(NULL, HULL_LOG_DEBUG, "not shown", NULL);
    CHECK_STR(logged(fd), "");
    hull_log(NULL, HULL_LOG_INFO, "started", "id", "abc", "none", NULL, "empty", "", NULL);
    char *line = logged(fd);
    CHECK_HAS(line, " level=info msg=started id=abc none=\"\" empty=\"\"\n");
    hull_log(NULL, HULL_LOG_ERROR, "x y", "v", "a\nlevel=info b=\"\x1b[31m\xc2\x9b é\xe2\x80\xae",
             NULL);
    line = logged(fd);
    CHECK_HAS(line,
              "msg=\"x y\" v=\"a\\nlevel=info b=\\\"\\x1b[31m\\xc2\\x9b é\\xe2\\x80\\xae\"\n");
    CHECK(strchr(line, '\n')[1] == '\0');
    static char huge[100000];
    memset(huge, 'x', sizeof(huge) - 1);
    hull_log(NULL, HULL_LOG_ERROR, "huge", "v", huge, "v", huge, "v", huge, "v", huge, "v", huge,
             NULL);
    line = logged(fd);
    CHECK(strlen(line) <= 8192 && line[strlen(line) - 1] == '\n');
    hull_log_set_fd(STDERR_FILENO);
}

TEST(log_levels)
{
    enum hull_level level;
    CHECK(hull_log_level_parse("fatal", &level) && level == HULL_LOG_ERROR);
    CHECK(hull_log_level_parse("WARN", &level) && level == HULL_LOG_WARN);
    CHECK(!hull_log_level_parse("loud", &level));
    hull_log_set_level(HULL_LOG_WARN);
    CHECK_INT(hull_log_level(), HULL_LOG_WARN);
}

TAP_MAIN
