/* Lines of a json-file, and reading files with tail, since and rotation. */
#include "tap.h"

#include "plugins/log/json-file/compact.h"
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
    CHECK(parse("{\"log\":\"x\",\"stream\":\"stdout\",\"attrs\":{\"tag\":\"a/b c=\\u00e9~\"}," TIME
                "}",
                room, &line));
    CHECK_STR(line.attributes, "tag=a%2Fb+c%3D%C3%A9~");
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

static void remove_file(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

static void end(struct reader *reader)
{
    static const char *const names[] = {"log",      "log.1",    "log.2",
                                        "log.3",    "log.1.gz", "log.2.gz",
                                        "log.3.gz", "log.4.gz", "log.gz.part"};

    reader_free(reader);
    for (size_t i = 0; i < HULL_COUNT(names); i++)
        remove_file(names[i]);
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

/* What is between lines may be a terabyte of nothing. */
TEST(holes_cost_nothing)
{
    struct reader *reader;
    char path[128];

    begin();
    snprintf(path, sizeof(path), "%s/log", dir);
    CHECK_INT(truncate(path, (off_t)1 << 40), 0);
    reader = reader_new();
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "0 1 2 3 4 5 6 7 8 ");
    reader_free(reader);
    check_tail(1, "");
    write_lines("log", 9, 11);
    check_tail(1, "10 ");
    reader = reader_new();
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "0 1 2 3 4 5 6 7 8 9 10 ");
    end(reader);
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

/* --- compressed files ------------------------------------------------------------------------ */

static int compress_one(void)
{
    static const volatile bool no = false;
    const struct log_stop stop = {&no, &no};
    char path[128];

    snprintf(path, sizeof(path), "%s/log", dir);
    return compact_one(path, &stop);
}

static bool exists(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

TEST(rotated_files_are_compressed_oldest_first_and_read_alike)
{
    if (!log_can_compress())
        SKIP("built without zlib");
    begin();
    CHECK_INT(compress_one(), 1);
    CHECK(exists("log.2.gz") && !exists("log.2") && exists("log.1"));
    check_tail(7, "2 3 4 5 6 7 8 ");
    CHECK_INT(compress_one(), 1);
    CHECK_INT(compress_one(), 0);
    CHECK(exists("log.1.gz") && !exists("log.1") && exists("log") && !exists("log.gz.part"));
    for (int tail = 1; tail < 12; tail++) {
        char expected[64] = "";

        for (int i = tail > 9 ? 0 : 9 - tail; i < 9; i++)
            snprintf(expected + strlen(expected), 8, "%d ", i);
        check_tail(tail, expected);
    }
    end(reader_new());
}

/* What a daemon leaves that is killed in the middle: the uncompressed file counts. */
TEST(both_forms_of_a_file_are_one)
{
    struct reader *reader;

    if (!log_can_compress())
        SKIP("built without zlib");
    begin();
    CHECK_INT(compress_one(), 1);
    write_lines("log.2", 0, 3);
    write_lines("log.gz.part", 5, 6);
    reader = reader_new();
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "0 1 2 3 4 5 6 7 8 ");
    CHECK_INT(compress_one(), 1);
    CHECK(exists("log.2.gz") && !exists("log.2") && !exists("log.gz.part"));
    end(reader);
}

TEST(following_knows_its_file_again_when_it_was_compressed)
{
    struct reader *reader;

    if (!log_can_compress())
        SKIP("built without zlib");
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
    while (compress_one() > 0)
        ;
    CHECK(exists("log.1.gz") && exists("log.3.gz"));
    CHECK_STR(read_all(reader), "9 10 ");
    end(reader);
}

TEST(a_position_is_found_in_a_compressed_file)
{
    struct reader *reader;
    char *position;

    if (!log_can_compress())
        SKIP("built without zlib");
    begin();
    reader = reader_new();
    reader->request.positions = true;
    reader->request.until_ns = (struct hull_opt_int){true, INT64_C(4000000000)};
    CHECK_INT(reader_open(reader), 0);
    position = strdup(strstr(read_all(reader), " 3 ") + 3); /* of line 4 */
    reader_free(reader);
    while (compress_one() > 0)
        ;
    reader = reader_new();
    reader->from = position;
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "5 6 7 8 ");
    end(reader);
}

TEST(an_emptied_file_is_read_from_its_beginning)
{
    struct reader *reader;
    char path[128];

    begin();
    reader = reader_new();
    reader->request.follow = true;
    CHECK_INT(reader_open(reader), 0);
    CHECK_STR(read_all(reader), "0 1 2 3 4 5 6 7 8 ");
    snprintf(path, sizeof(path), "%s/log", dir);
    CHECK_INT(truncate(path, 0), 0);
    CHECK_STR(read_all(reader), "");
    write_lines("log", 9, 10);
    CHECK_STR(read_all(reader), "9 ");
    /* As log_truncate does: the rotated files are gone, and there is more than before. */
    CHECK_INT(truncate(path, 0), 0);
    remove_file("log.1");
    remove_file("log.2");
    write_lines("log", 10, 14);
    reader->restart = true;
    CHECK_STR(read_all(reader), "10 11 12 13 ");
    end(reader);
}

TAP_MAIN
