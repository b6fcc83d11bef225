/*
 * log.c: the json-file: one JSON object per line of output, rotated by size.
 *
 *     {"log":"text\n","stream":"stdout","attrs":{…},"time":"2026-01-02T03:04:05.678Z"}
 *
 * A line of more than 16 KB is written in pieces, of which only the last has its newline. What
 * can't be written (a full disk) is lost, by whole lines; the program goes on.
 */
#include "tools/shim/shim.h"

#include "plugins/common/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384
#define OUT_BYTES 8192
#define NAME_BYTES 4096

static int log_fd = -1;
static int64_t log_size;
static int64_t whole_size; /* of it before the output at hand, of which no line is cut */
static bool failed;        /* the output at hand can't be written */

struct line {
    char *data; /* LINE_MAX_BYTES, made with the first incomplete line */
    size_t size;
    struct timespec time; /* of the first piece of a long line */
    bool partial;
};
static struct line lines[2];

static char out[OUT_BYTES];
static size_t out_size;

int log_open(void)
{
    struct stat st;
    if (shim.plan.log_path == NULL || shim.plan.log_path[0] == '\0')
        return 0;
    log_fd = plain_open(AT_FDCWD, shim.plan.log_path, O_WRONLY | O_APPEND | O_CREAT, 0640);
    if (log_fd < 0)
        return shim_fail(HULL_IO, "open log %s: %s", shim.plan.log_path, plain_why(-log_fd));
    if (fstat(log_fd, &st) < 0)
        return shim_fail_errno("open log %s", shim.plan.log_path);
    log_size = whole_size = st.st_size;
    return 0;
}

/* Take back what has been written of the output at hand, unless somebody emptied the file. */
static void give_up(void)
{
    struct stat st;
    failed = true;
    if (fstat(log_fd, &st) < 0 || st.st_size <= whole_size || ftruncate(log_fd, whole_size) < 0)
        return;
    log_size = whole_size;
}

static void flush(void)
{
    if (out_size > 0 && log_fd >= 0 && !failed) {
        if (write_all(log_fd, out, out_size) == 0)
            log_size += (int64_t)out_size;
        else
            give_up();
    }
    out_size = 0;
}

/* The output at hand is complete. */
static void finish(void)
{
    flush();
    failed = false;
    whole_size = log_size;
}

static void put(const char *data, size_t size)
{
    while (size > 0) {
        if (out_size == sizeof(out))
            flush();
        size_t n = size < sizeof(out) - out_size ? size : sizeof(out) - out_size;
        memcpy(out + out_size, data, n);
        out_size += n;
        data += n;
        size -= n;
    }
}

static void puts_(const char *text)
{
    put(text, strlen(text));
}

/* The length of the UTF-8 character at DATA, 0 when it is none. */
static size_t utf8_length(const unsigned char *data, size_t size)
{
    static const struct {
        unsigned char mask, lead;
        unsigned least;
    } forms[] = {{0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t i = 0; i < HULL_COUNT(forms); i++) {
        if ((data[0] & forms[i].mask) != forms[i].lead)
            continue;
        unsigned value = data[0] & (unsigned char)~forms[i].mask;
        if (size < i + 2)
            return 0;
        for (size_t k = 1; k < i + 2; k++) {
            if ((data[k] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (data[k] & 0x3fu);
        }
        bool good =
            value >= forms[i].least && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
        return good ? i + 2 : 0;
    }
    return 0;
}

static void put_ascii(unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    if (c == '"' || c == '\\')
        put((char[]){'\\', (char)c}, 2);
    else if (c == '\n' || c == '\r')
        put((char[]){'\\', c == '\n' ? 'n' : 'r'}, 2);
    else
        put(escape, sizeof(escape));
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static void put_quoted(const char *text, size_t size)
{
    const unsigned char *data = (const unsigned char *)text;
    size_t from = 0, i = 0;
    while (i < size) {
        if (is_plain(data[i])) {
            i++;
            continue;
        }
        size_t length = data[i] < 0x80 ? 0 : utf8_length(data + i, size - i);
        bool separator =
            length == 3 && data[i] == 0xe2 && data[i + 1] == 0x80 && (data[i + 2] & 0xfe) == 0xa8;
        if (length > 0 && !separator) {
            i += length;
            continue;
        }
        put(text + from, i - from);
        if (data[i] < 0x80)
            put_ascii(data[i]);
        else
            puts_(!separator ? "\\ufffd" : data[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
        i += length == 0 ? 1 : length;
        from = i;
    }
    put(text + from, size - from);
}

/* RFC 3339 with nanoseconds, without zeros at the end. */
static void put_time(const struct timespec *time)
{
    struct tm tm;
    char text[64], nanos[16];
    gmtime_r(&time->tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    puts_(text);
    size_t n = (size_t)snprintf(nanos, sizeof(nanos), ".%09ld", time->tv_nsec);
    while (n > 1 && nanos[n - 1] == '0')
        n--;
    put(nanos, n > 1 ? n : 0);
    puts_("Z");
}

/* The name of rotated file NUMBER; SUFFIX is "" or, when the daemon compressed it, ".gz". */
static void rotated_name(char name[NAME_BYTES], int64_t number, const char *suffix)
{
    if (number == 0)
        snprintf(name, NAME_BYTES, "%s", shim.plan.log_path);
    else
        snprintf(name, NAME_BYTES, "%s.%lld%s", shim.plan.log_path, (long long)number, suffix);
}

/* log.2 becomes log.3 … */
static void rename_all(void)
{
    static const char *const suffixes[] = {"", ".gz"};
    int64_t last = shim.plan.log_max_files - 1;
    char from[NAME_BYTES], to[NAME_BYTES];
    for (int64_t i = last; i > 0; i--)
        for (size_t k = 0; k < HULL_COUNT(suffixes); k++) {
            rotated_name(to, i, suffixes[k]);
            if (i == last)
                unlink(to);
            rotated_name(from, i - 1, suffixes[k]);
            if (i > 1 || k == 0)
                rename(from, to);
        }
}

/* The daemon changes names, too: it holds the lock of the folder for that. -1 when it does. */
static int lock_folder(void)
{
    char folder[NAME_BYTES];
    snprintf(folder, sizeof(folder), "%s", shim.plan.log_path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Only the file knows what it holds once somebody truncated it. */
static bool is_full(void)
{
    struct stat st;
    if (shim.plan.log_max_size <= 0 || log_size + (int64_t)out_size < shim.plan.log_max_size)
        return false;
    flush();
    if (fstat(log_fd, &st) == 0)
        log_size = st.st_size;
    return log_size >= shim.plan.log_max_size;
}

/* With one file only, that one is emptied. When the daemon has the lock, a line later will do. */
static void rotate(void)
{
    int lock_fd = lock_folder();
    if (lock_fd < 0)
        return;
    rename_all();
    int flags = O_WRONLY | O_APPEND | O_CREAT;
    int fd = plain_open(AT_FDCWD, shim.plan.log_path,
                        flags | (shim.plan.log_max_files <= 1 ? O_TRUNC : 0), 0640);
    close(lock_fd);
    if (fd < 0)
        return; /* go on in the old one */
    close(log_fd);
    log_fd = fd;
    log_size = whole_size = 0;
}

static void put_record(bool err, const char *data, size_t size, bool newline,
                       const struct timespec *time)
{
    if (log_fd < 0)
        return;
    if (is_full())
        rotate();
    puts_("{\"log\":\"");
    put_quoted(data, size);
    puts_(newline ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
    puts_(err ? "stderr\"" : "stdout\"");
    if (shim.plan.log_attributes != NULL && shim.plan.log_attributes[0] != '\0') {
        puts_(",\"attrs\":");
        puts_(shim.plan.log_attributes);
    }
    puts_(",\"time\":\"");
    put_time(time);
    puts_("\"}\n");
}

/* DATA ends a line (NEWLINE) or fills the buffer. */
static void end_piece(struct line *line, bool err, const char *data, size_t size, bool newline)
{
    if (!line->partial)
        clock_gettime(CLOCK_REALTIME, &line->time);
    put_record(err, data, size, newline, &line->time);
    line->partial = !newline;
    line->size = 0;
}

static void keep(struct line *line, const char *data, size_t size)
{
    if (line->data == NULL)
        line->data = malloc(LINE_MAX_BYTES);
    if (line->data == NULL)
        return;
    memcpy(line->data + line->size, data, size);
    line->size += size;
}

void log_write(bool err, const char *data, size_t size)
{
    struct line *line = &lines[err];
    if (log_fd < 0)
        return;
    while (size > 0) {
        const char *newline = memchr(data, '\n', size);
        size_t n = newline == NULL ? size : (size_t)(newline - data);
        size_t room = LINE_MAX_BYTES - line->size;
        bool whole = newline != NULL && n <= room, full = !whole && n >= room;
        if (n > room)
            n = room;
        if (line->size == 0 && (whole || full)) {
            end_piece(line, err, data, n, whole);
        } else {
            keep(line, data, n);
            if (whole || full)
                end_piece(line, err, line->data, line->size, whole);
        }
        n += whole;
        data += n;
        size -= n;
    }
    finish();
}

void log_end(bool err)
{
    struct line *line = &lines[err];
    if (line->size > 0)
        end_piece(line, err, line->data, line->size, false);
    finish();
    free(HULL_TAKE(line->data));
    line->size = 0;
}
