/* Lines of a json-file, and reading files with tail, since and rotation. */
#include "tap.h"

#include "plugins/log/json-file/reader.h"

#include <fcntl.h>

static bool parse(const char *text, char *room, struct log_line *ret)
{
    static char copy[4096];

    snprintf(copy, sizeof(copy), "%s", text);
    return log_line_parse(copy, strlen(copy), room, 64, ret);
}

#define TIME "\"time\":\"1970-01-01T00:00:01.5Z\""

TEST(lines)
{
    struct log_line line;
    char room[64];

    CHECK(parse("{\"log\":\"a\\u00e9\\n\",\"stream\":\"stderr\"," TIME "}", room, &line));
    CHECK_STR(line.text, "a\xc3\xa9\n");
    CHECK(line.from_stderr);
    CHECK_INT(line.time_ns, 1500000000);
    CHECK(parse("{\"log\":\"\\ud83d\\ude00\\u0000\\ud800\",\"stream\":\"stdout\"," TIME "}", room,
                &line));
    CHECK_INT(line.length, 8);
    CHECK(memcmp(line.text, "\xf0\x9f\x98\x80\0\xef\xbf\xbd", 8) == 0);
    CHECK(parse("{\"log\":\"x\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"1\",\"b\":\"2\"}," TIME
                "}",
                room, &line));
    CHECK_STR(line.attributes, "a=1,b=2");
}

TEST(what_is_no_line)
{
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "null",
        "{\"log\":\"x\"}",
        "{\"log\":\"x\"," TIME,
        "{\"log\":\"x," TIME "}",
        "{\"log\":\"\\u12\"," TIME "}",
        "{\"log\":\"\\q\"," TIME "}",
        "{\"log\":1," TIME "}",
        "{\"log\":\"x\",\"time\":\"soon\"}",
        "{\"log\":\"x\",\"attrs\":[]," TIME "}",
    };
    struct log_line line;
    char room[64];

    for (size_t i = 0; i < HULL_COUNT(bad); i++)
        CHECK(!parse(bad[i], room, &line));
}

/* --- files --------------------------------------------------------------------------------- */

static char dir[] = "/tmp/hull-test-log-XXXXXX";

static void write_lines(const char *name, int from, int to)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "ae");
    HULL_ASSERT(file);
    for (int i = from; i < to; i++)
        fprintf(file, "{\"log\":\"%d\\n\",\"stream\":\"%s\",\"time\":\"1970-01-01T00:00:%02dZ\"}\n",
                i, i % 2 ? "stderr" : "stdout", i);
    fclose(file);
}

static void move(const char *from, const char *to)
{
    char a[128], b[128];

    snprintf(a, sizeof(a), "%s/%s", dir, from);
    snprintf(b, sizeof(b), "%s/%s", dir, to);
    HULL_ASSERT(rename(a, b) == 0);
}

static struct reader *reader_new(void)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    HULL_ASSERT(reader);
    reader->request = (struct log_read_request){.stdout_ = true, .stderr_ = true, .end_fd = -1};
    reader->inotify_fd = -1;
    HULL_ASSERT(asprintf(&reader->path, "%s/log", dir) > 0);
    return reader;
}

/* All that comes, with spaces for newlines. */
static const char *read_all(struct reader *reader)
{
    static char text[4096];

    HULL_ASSERT(reader_fill(reader) == 0 && reader->out_size < sizeof(text));
    memcpy(text, reader->out ? reader->out : "", reader->out_size);
    text[reader->out_size] = '\0';
    for (char *c = text; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return text;
}

static void begin(void)
{
    HULL_ASSERT(mkdtemp(dir));
    write_lines("log.2", 0, 3);
    write_lines("log.1", 3, 6);
    write_lines("log", 6, 9);
}

static void end(struct reader *reader)
{
    static const char *const names[] = {"log", "log.1", "log.2", "log.3"};

    reader_free(reader);
    for (size_t i = 0; i < HULL_COUNT(names); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

TEST(rotated_files_come_oldest_first)
{
    struct reader *reader;

    begin();
    reader = reader_new();
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "0 1 2 3 4 5 6 7 8 ");
    end(reader);
}

static void check_tail(int64_t tail, const char *expected)
{
    struct reader *reader = reader_new();

    reader->request.tail = (struct hull_opt_int){true, tail};
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), expected);
    reader_free(reader);
}

TEST(tails)
{
    begin();
    check_tail(0, "");
    check_tail(1, "8 ");
    check_tail(3, "6 7 8 ");
    check_tail(4, "5 6 7 8 ");
    check_tail(7, "2 3 4 5 6 7 8 ");
    check_tail(9, "0 1 2 3 4 5 6 7 8 ");
    check_tail(100, "0 1 2 3 4 5 6 7 8 ");
    end(reader_new());
}

TEST(times_and_streams_are_chosen)
{
    struct reader *reader;

    begin();
    reader = reader_new();
    reader->request.since_ns = (struct hull_opt_int){true, INT64_C(2000000000)};
    reader->request.until_ns = (struct hull_opt_int){true, INT64_C(6000000000)};
    reader->request.stderr_ = false;
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "2 4 6 ");
    end(reader);
}

TEST(following_loses_nothing_at_a_rotation)
{
    struct reader *reader;

    begin();
    reader = reader_new();
    reader->request.follow = true;
    reader->request.tail = (struct hull_opt_int){true, 1};
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "8 ");
    write_lines("log", 9, 10);
    move("log.2", "log.3");
    move("log.1", "log.2");
    move("log", "log.1");
    write_lines("log", 10, 11);
    move("log.1", "log.2");
    move("log", "log.1");
    write_lines("log", 11, 12);
    CHECK_STR(read_all(reader), "9 10 11 ");
    write_lines("log", 12, 13);
    CHECK_STR(read_all(reader), "12 ");
    end(reader);
}

TEST(frames)
{
    struct reader *reader;

    HULL_ASSERT(mkdtemp(dir));
    write_lines("log", 1, 2);
    reader = reader_new();
    reader->request.multiplexed = reader->request.timestamps = true;
    CHECK_INT(reader_open(reader), 0);
    CHECK_INT(reader_fill(reader), 0);
    CHECK_INT(reader->out_size, 8 + 31 + 2);
    CHECK(memcmp(reader->out, "\2\0\0\0\0\0\0\41", 8) == 0);
    CHECK(memcmp(reader->out + 8, "1970-01-01T00:00:01.000000000Z 1\n", 33) == 0);
    end(reader);
}

TAP_MAIN
