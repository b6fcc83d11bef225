/* What log drivers send: syslog, GELF and its chunks, MessagePack, the journal; and addresses. */
#include "tap.h"

#include "log_socket.h"
#include "plugins/log/fluentd/format.h"
#include "plugins/log/gelf/format.h"
#include "plugins/log/journald/format.h"
#include "plugins/log/syslog/format.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

/* 2026-01-02T03:04:05.678901234Z */
#define TIME_NS INT64_C(1767323045678901234)

static const struct log_record out_line = {.text = "hello", .length = 5, .time_ns = TIME_NS};
static const struct log_record err_line = {
    .text = "oops", .length = 4, .time_ns = TIME_NS, .from_stderr = true, .partial = true};

static const char *syslog_of(struct hull_arena *arena, enum syslog_format format,
                             const struct log_record *record)
{
    const struct syslog_settings settings = {format, syslog_facility("local3")};
    struct hull_text text = HULL_TEXT(arena);

    setenv("TZ", "UTC", 1);
    tzset();
    syslog_message(&text, &settings, "box", "web", 7, record);
    return text.data;
}

TEST(syslog)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    enum syslog_format format;

    CHECK_STR(syslog_of(arena, SYSLOG_UNIX, &out_line), "<158>Jan  2 03:04:05 web[7]: hello\n");
    CHECK_STR(syslog_of(arena, SYSLOG_RFC3164, &err_line),
              "<155>Jan  2 03:04:05 box web[7]: oops\n");
    CHECK_STR(syslog_of(arena, SYSLOG_RFC5424, &out_line),
              "<158>1 2026-01-02T03:04:05Z box web 7 web - hello\n");
    CHECK_STR(syslog_of(arena, SYSLOG_RFC5424_MICRO, &out_line),
              "<158>1 2026-01-02T03:04:05.678901Z box web 7 web - hello\n");
    CHECK(syslog_facility("daemon") == 3 && syslog_facility("23") == 23);
    CHECK(syslog_facility("24") == -1 && syslog_facility("") == -1 && syslog_facility("x") == -1);
    CHECK(syslog_format_parse("rfc5424micro", &format) && format == SYSLOG_RFC5424_MICRO);
    CHECK(!syslog_format_parse("rfc", &format));
}

static struct log_target target_of(void)
{
    struct log_target target = {.host = "box"};

    target.request = (struct log_start_request){
        .id = "0123456789abcdef", .name = "web", .image = "busybox", .tag = "t", .command = "sh"};
    return target;
}

TEST(gelf)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct log_target target = target_of();
    struct hull_text text = HULL_TEXT(arena), packed = HULL_TEXT(arena);
    unsigned char plain[64];
    z_stream stream = {.next_out = plain, .avail_out = sizeof(plain)};

    gelf_message(&text, &target, &err_line);
    CHECK(strncmp(text.data, "{\"version\":\"1.1\",\"host\":\"box\",\"short_message\":\"oops\",",
                  52) == 0);
    CHECK(strstr(text.data, "\"timestamp\":1767323045.678,\"level\":3,") != NULL);
    CHECK(strstr(text.data, "\"_container_id\":\"0123456789abcdef\"") != NULL);
    gelf_compress(&packed, GELF_GZIP, 1, "data", 4);
    stream.next_in = (unsigned char *)packed.data;
    stream.avail_in = (unsigned)packed.length;
    CHECK(inflateInit2(&stream, 31) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END);
    CHECK(stream.total_out == 4 && memcmp(plain, "data", 4) == 0);
    inflateEnd(&stream);
}

TEST(gelf_chunks_are_put_together_again)
{
    char data[4000], made[4000], buffer[GELF_CHUNK_SIZE];
    size_t count = gelf_chunks(sizeof(data)), at = 0;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7);
    CHECK(count == 3 && gelf_chunks(GELF_CHUNK_SIZE) == 1 && gelf_chunks(GELF_CHUNK_SIZE + 1) == 2);
    for (size_t i = 0; i < count; i++) {
        size_t size = gelf_chunk(buffer, "ABCDEFGH", i, count, data, sizeof(data));

        CHECK(size <= GELF_CHUNK_SIZE && memcmp(buffer,
                                                "\x1e\x0f"
                                                "ABCDEFGH",
                                                10) == 0);
        CHECK(buffer[10] == (char)i && buffer[11] == 3);
        memcpy(made + at, buffer + 12, size - 12);
        at += size - 12;
    }
    CHECK(at == sizeof(data) && memcmp(made, data, at) == 0);
}

static bool packs(const struct hull_text *text, const char *bytes, size_t length)
{
    return text->length >= length && memcmp(text->data, bytes, length) == 0;
}

TEST(message_pack)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    static const struct {
        size_t length;
        const char *head;
        size_t size;
    } strings[] = {
        {31, "\xbf", 1},          {32, "\xd9\x20", 2},        {255, "\xd9\xff", 2},
        {256, "\xda\x01\x00", 3}, {65535, "\xda\xff\xff", 3}, {65536, "\xdb\x00\x01\x00\x00", 5}};
    struct hull_text time = HULL_TEXT(arena), map = HULL_TEXT(arena);

    for (size_t i = 0; i < HULL_COUNT(strings); i++) {
        struct hull_text text = HULL_TEXT(arena);

        msgpack_string(&text, hull_arena_alloc(arena, strings[i].length), strings[i].length);
        CHECK(packs(&text, strings[i].head, strings[i].size));
        CHECK(text.length == strings[i].length + strings[i].size);
    }
    msgpack_event_time(&time, TIME_NS);
    CHECK(time.length == 10 && packs(&time, "\xd7\x00\x69\x57\x35\xa5\x28\x77\x35\xf2", 10));
    msgpack_map(&map, 15);
    msgpack_map(&map, 16);
    CHECK(packs(&map, "\x8f\xde\x00\x10", 4));
}

TEST(fluentd)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct log_target target = target_of();
    struct hull_text text = HULL_TEXT(arena);

    fluentd_message(&text, &target.request, false, &err_line);
    CHECK(packs(&text,
                "\x94\xa1t\xce\x69\x57\x35\xa5\x85\xac"
                "container_id\xb0"
                "0123456789abcdef",
                38));
    CHECK(memmem(text.data, text.length,
                 "\xaf"
                 "partial_message\xa4true",
                 21) != NULL);
    CHECK(text.data[text.length - 1] == (char)0x80);
}

TEST(journal)
{
    HULL_AUTO_ARENA *arena = hull_arena_new();
    struct hull_text text = HULL_TEXT(arena), odd = HULL_TEXT(arena);
    struct log_target target = target_of();
    struct hull_pair pairs[] = {{"my.label", "v"}, {"__", "hidden"}};

    target.request.attributes = (struct hull_map){2, pairs};
    journal_entry(&text, &target.request, &err_line);
    CHECK(strncmp(text.data, "PRIORITY=3\nCONTAINER_ID=0123456789ab\n", 37) == 0);
    CHECK(strstr(text.data, "\nMY_LABEL=v\n") && !strstr(text.data, "hidden"));
    CHECK(strstr(text.data, "\nMESSAGE=oops\n") != NULL);
    journal_field(&odd, "A", "x\ny", 3);
    CHECK(odd.length == 14 && memcmp(odd.data, "A\n\x03\0\0\0\0\0\0\0x\ny\n", 14) == 0);
}

TAP_MAIN
